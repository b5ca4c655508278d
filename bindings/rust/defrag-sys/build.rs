// SPDX-License-Identifier: MIT
//! Compiles the C sources of this crate, or finds an installed library.

use std::env;
use std::path::PathBuf;

/// `1` links an installed library, `0` compiles the sources whatever features are on.
const USE_PKG_CONFIG: &str = "DEFRAG_SYS_USE_PKG_CONFIG";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={USE_PKG_CONFIG}");
    let include = if uses_pkg_config() { find_installed() } else { compile() };
    println!("cargo:include={}", include.display()); // DEP_DEFRAG_INCLUDE of dependents
    println!("cargo:rustc-env=DEFRAG_SYS_INCLUDE={}", include.display()); // for the tests
    #[cfg(feature = "bindgen")]
    generate(&include);
}

fn uses_pkg_config() -> bool {
    match env::var(USE_PKG_CONFIG).as_deref() {
        Err(_) | Ok("") => env::var_os("CARGO_FEATURE_PKG_CONFIG").is_some(),
        Ok("0") => false,
        Ok("1") => true,
        Ok(other) => {
            panic!("{USE_PKG_CONFIG} is '{other}'; set it to 1 for an installed library or 0 for the bundled one")
        }
    }
}

fn find_installed() -> PathBuf {
    let (_, oldest) = env!("CARGO_PKG_VERSION").split_once('+').expect("the C version after a plus sign");
    let too_new = first_incompatible(oldest);
    let library = pkg_config::Config::new().range_version(oldest..&*too_new).probe("defrag").unwrap_or_else(|error| {
        panic!("no installed defrag from {oldest} to below {too_new}: install it, or set {USE_PKG_CONFIG}=0\n{error}")
    });
    let holds_header = |place: &PathBuf| place.join("defrag.h").exists();
    library.include_paths.into_iter().find(holds_header).expect("defrag.pc names the folder of defrag.h")
}

/// The next version whose interface may differ: the next major one, and before 1.0 the next minor one.
fn first_incompatible(version: &str) -> String {
    let number = |part: &str| part.parse::<u32>().expect("a version is numbers and dots");
    match version.split('.').collect::<Vec<_>>()[..] {
        ["0", minor, _] => format!("0.{}", number(minor) + 1),
        [major, _, _] => (number(major) + 1).to_string(),
        _ => panic!("a version has three numbers, unlike {version}"),
    }
}

fn compile() -> PathBuf {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("c");
    let include = root.join("include");
    let link_width = if env::var_os("CARGO_FEATURE_WIDE_LINKS").is_some() { "32" } else { "16" };
    let mut sources: Vec<PathBuf> = root
        .join("lib")
        .read_dir()
        .expect("the C sources are part of the crate")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    sources.sort();

    println!("cargo:rerun-if-changed={}", root.join("lib").display());
    println!("cargo:rerun-if-changed={}", include.display());
    cc::Build::new()
        .files(sources)
        .include(&include)
        .std("c11")
        .flag_if_supported("-ffreestanding")
        .define("DEFRAG_LINK_WIDTH", link_width)
        .warnings(false)
        .compile("defrag");
    include
}

#[cfg(feature = "bindgen")]
fn generate(include: &std::path::Path) {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("bindings.rs");
    bindgen::Builder::default()
        .header(include.join("defrag.h").to_str().expect("a path in UTF-8"))
        .allowlist_file(".*/defrag\\.h")
        .rust_target(bindgen::RustTarget::stable(81, 0).expect("the stated minimum"))
        .use_core()
        .ctypes_prefix("core::ffi")
        .layout_tests(false)
        .generate_comments(false)
        .formatter(bindgen::Formatter::Prettyplease)
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(true)
        .raw_line("// SPDX-License-Identifier: MIT")
        .generate()
        .expect("libclang reads the header")
        .write_to_file(out)
        .expect("a writable OUT_DIR");
}
