// SPDX-License-Identifier: MIT
//! What Rust believes of each structure and constant, written out as C assertions for the C compiler to judge.
//! `CC` names the compiler. rustc judges the same structures in src/layout.rs.

use defrag_sys::DEFRAG_NO_HANDLE;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const BINDINGS: &str = include_str!("../src/bindings.rs");

/// Macros of the header that are no constants; besides them only the initialisers, which end in `_INIT`.
const NO_CONSTANTS: [&str; 2] = ["DEFRAG_H", "DEFRAG_API"];

/// Rust's names of types where C has another.
const PRELUDE: &str = "#include <defrag.h>
typedef int32_t i32; typedef uint32_t u32; typedef uint64_t u64; typedef size_t usize;
enum { P = sizeof(void *) };
";

/// A structure's name, and what C has to agree to.
struct Structure(&'static str, Vec<String>);

macro_rules! structures {
    ($($name:ident: $size:expr => { $($field:ident: $type:ty = $offset:expr,)+ })+) => {
        fn structures() -> Vec<Structure> {
            vec![$(Structure(stringify!($name), vec![
                format!("sizeof({}) == {}", stringify!($name), stringify!($size)),
                $(
                    format!("offsetof({}, {}) == {}", stringify!($name), stringify!($field), stringify!($offset)),
                    has_type(stringify!($name), stringify!($field), stringify!($type)),
                )+
            ])),+]
        }
    };
}

include!("../src/structures.rs");

fn has_type(structure: &str, field: &str, rust: &str) -> String {
    let c = rust.strip_prefix("*mut ").map_or(rust.to_owned(), |target| format!("{target} *"));
    format!("_Generic((({structure} *)0)->{field}, {c}: 1, default: 0)")
}

/// Each constant and its value, as the bindings have them.
fn constants() -> Vec<(&'static str, String)> {
    let generated = BINDINGS.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("pub const ")?.split_once(": ")?;
        let (_type, value) = rest.strip_suffix(';')?.split_once(" = ")?;
        Some((name, value.to_owned()))
    });
    generated.chain([("DEFRAG_NO_HANDLE", DEFRAG_NO_HANDLE.to_string())]).collect()
}

fn header() -> String {
    std::fs::read_to_string(Path::new(env!("DEFRAG_SYS_INCLUDE")).join("defrag.h")).expect("a readable header")
}

/// Compiles the claims as NAME.c, giving what the compiler says of them.
fn judge(name: &str, claims: &[String], flags: &[&str]) -> Result<(), String> {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("c");
    let assertions = claims.iter().map(|claim| format!("_Static_assert({claim}, \"\");\n"));
    std::fs::write(&source, assertions.fold(PRELUDE.to_owned(), |text, line| text + &line)).expect("a writable folder");

    let compiler = std::env::var("CC").unwrap_or("cc".into());
    let said = Command::new(&compiler)
        .args(["-std=c11", "-ffreestanding", "-fsyntax-only", "-I", env!("DEFRAG_SYS_INCLUDE")])
        .args(flags)
        .arg(source)
        .output()
        .unwrap_or_else(|error| panic!("{compiler} does not run: {error}"));
    said.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&said.stderr).into_owned())
}

/// Compiles the claims for the host, and on x86-64, whose compilers can, for 32 bits as well.
fn assert_c_agrees(name: &str, claims: &[String]) {
    let widths: &[&[&str]] = if cfg!(target_arch = "x86_64") { &[&["-m64"], &["-m32"]] } else { &[&[]] };
    for flags in widths {
        judge(name, claims, flags).unwrap_or_else(|said| panic!("C disagrees, with flags {flags:?}:\n{said}"));
    }
}

#[test]
fn c_gives_each_structure_the_same_layout() {
    let claims = structures().into_iter().flat_map(|Structure(_, claims)| claims);
    assert_c_agrees("structures", &claims.collect::<Vec<_>>());
}

#[test]
fn c_gives_each_constant_the_same_value() {
    let claims = constants().into_iter().map(|(name, value)| format!("{name} == {value}"));
    assert_c_agrees("constants", &claims.collect::<Vec<_>>());
}

#[test]
fn each_structure_of_the_bindings_is_compared() {
    let in_bindings = BINDINGS.lines().filter_map(|line| line.strip_prefix("pub struct ")?.strip_suffix(" {"));
    let compared = structures().into_iter().map(|Structure(name, _)| name);
    let opaque = ["defrag_pool"];
    assert_eq!(in_bindings.collect::<BTreeSet<_>>(), compared.chain(opaque).collect());
}

#[test]
fn each_constant_of_the_header_is_compared() {
    let header = header();
    let in_header = header.lines().filter_map(|line| {
        let defined = line.strip_prefix("#define ");
        let name = defined.or_else(|| line.trim_start().split_once(" = ").map(|(name, _)| name))?;
        let name = name.split_whitespace().next()?;
        let constant = name.starts_with("DEFRAG_") && !name.ends_with("_INIT") && !NO_CONSTANTS.contains(&name);
        constant.then_some(name)
    });
    assert_eq!(in_header.collect::<BTreeSet<_>>(), constants().into_iter().map(|(name, _)| name).collect());
}

#[test]
fn c_objects_to_a_wrong_claim() {
    let said = judge("wrong", &["DEFRAG_OK == 1".into()], &[]).unwrap_err();
    assert!(said.contains("assert"), "{said}");
}
