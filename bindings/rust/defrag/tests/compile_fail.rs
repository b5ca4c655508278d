// SPDX-License-Identifier: MIT
//! Misuse that must not compile. Each program in `compile_fail/` names in its second line the error that it must bring
//! about, and that alone.
//!
//! The error's code is compared, and not its text, as that changes from one compiler to the next. The examples in the
//! documentation that must not compile cannot take the place of these: their codes are compared by nightly compilers only.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiled libraries that this very test is linked with.
struct Libraries(Vec<PathBuf>);

impl Libraries {
    fn find() -> Self {
        let messages = Command::new(env!("CARGO"))
            .args(["test", "--no-run", "--test", "compile_fail", "--features", "critical-section"])
            .args(["--message-format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(messages.status.success(), "{}", String::from_utf8_lossy(&messages.stderr));
        let messages = String::from_utf8(messages.stdout).expect("messages in UTF-8");
        Self(messages.split('"').filter(|word| word.ends_with(".rlib")).map(PathBuf::from).collect())
    }

    fn path_of(&self, name: &str) -> &Path {
        let is_it = |path: &&PathBuf| {
            let file = path.file_name().and_then(|file| file.to_str());
            file.is_some_and(|file| file.starts_with(&format!("lib{name}-")))
        };
        self.0.iter().find(is_it).unwrap_or_else(|| panic!("no library {name} among {:?}", self.0))
    }

    /// The codes of the errors that a program brings about, and all that the compiler says.
    fn compile(&self, program: &Path) -> (BTreeSet<String>, String) {
        let mut compiler = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        // To object code, as what depends on a type parameter is evaluated no sooner.
        compiler.args(["--edition", "2021", "--emit", "obj", "-o"]);
        compiler.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_fail.o"));
        let library = self.path_of("defrag");
        let mut name_and_path = OsString::from("defrag=");
        name_and_path.push(library);
        compiler.arg("--extern").arg(name_and_path);
        compiler.arg("-L").arg(library.parent().expect("a file is in a folder")).arg(program);
        let said = String::from_utf8(compiler.output().expect("rustc runs").stderr).expect("errors in UTF-8");
        let codes = said.split("error[").skip(1).filter_map(|rest| rest.split_once(']')).map(|(code, _)| code.into());
        (codes.collect(), said)
    }
}

#[test]
fn misuse_does_not_compile() {
    let libraries = Libraries::find();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let programs = folder.read_dir().expect("a folder of programs").map(|entry| entry.expect("an entry").path());
    let mut wrong = vec![];
    let mut count = 0;
    for program in programs {
        let source = fs::read_to_string(&program).expect("a readable program");
        let code = source.lines().nth(1).and_then(|line| line.strip_prefix("// ")?.split_once(':')).expect("a code").0;
        let (codes, said) = libraries.compile(&program);
        if codes != BTreeSet::from([code.to_owned()]) {
            wrong.push(format!("{}: expected {code}, got {codes:?}\n{said}", program.display()));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 20, "only {count} programs");
}
