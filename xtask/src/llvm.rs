//! LLVM's own tools, of the version that rustc is built with: those of another one cannot read its profiles.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// The tools that share rustc's LLVM: clang, which builds C by the same profiles, and llvm-profdata, which merges them.
#[derive(Debug)]
pub(crate) struct Llvm {
    /// The platform that rustc builds for.
    pub(crate) host: String,
    pub(crate) clang: PathBuf,
    profdata: PathBuf,
}

impl Llvm {
    /// Looks for them; an error says what to install.
    pub(crate) fn find() -> Result<Self> {
        // The one that cargo takes.
        let rustc = env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
        let said = output(&rustc, &["-vV"]).ok_or("rustc does not say its version")?;
        let host = value(&said, "host").ok_or("rustc does not say its host")?.to_owned();
        let version = value(&said, "LLVM version").ok_or("rustc does not say its LLVM version")?;
        let major = version.split('.').next().unwrap_or(version);
        // Rustup's component `llvm-tools` lies there.
        let sysroot = output(&rustc, &["--print", "sysroot"]).unwrap_or_default();
        let component = Path::new(sysroot.trim()).join("lib/rustlib").join(&host).join("bin");
        let clang = pick(major, &[format!("clang-{major}").into(), "clang".into()]);
        let profdata = pick(
            major,
            &[
                component.join("llvm-profdata"),
                format!("llvm-profdata-{major}").into(),
                "llvm-profdata".into(),
            ],
        );
        match (clang, profdata) {
            (Some(clang), Some(profdata)) => Ok(Self { host, clang, profdata }),
            (clang, profdata) => {
                let tools = [("clang", clang), ("llvm-profdata", profdata)];
                let missing: Vec<&str> =
                    tools.iter().filter(|(_, found)| found.is_none()).map(|(name, _)| *name).collect();
                Err(format!(
                    "no {} of LLVM {major}, which this rustc is built with; Debian and Ubuntu have them in the \
                     packages clang-{major} and llvm-{major} (older releases get them from apt.llvm.org), and \
                     `rustup component add llvm-tools` brings llvm-profdata",
                    missing.join(" and no ")
                )
                .into())
            }
        }
    }

    /// Makes one profile of all in a folder.
    pub(crate) fn merge(&self, folder: &Path, merged: &Path) -> Result<()> {
        let mut merge = Command::new(&self.profdata);
        merge.arg("merge").arg("--output").arg(merged).arg(folder);
        if merge.status()?.success() { Ok(()) } else { Err("the profiles cannot be merged".into()) }
    }
}

/// The first of the programs that is there and of this version.
fn pick(major: &str, programs: &[PathBuf]) -> Option<PathBuf> {
    programs
        .iter()
        .find(|program| output(program, &["--version"]).is_some_and(|text| is_of(major, &text)))
        .cloned()
}

/// Whether a tool that says this of itself is of the version.
fn is_of(major: &str, said: &str) -> bool {
    let mut words = said.split_whitespace().skip_while(|word| *word != "version").skip(1);
    words.next().and_then(|version| version.split('.').next()) == Some(major)
}

/// What a program writes, if it is there and ends well.
fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The value of the line `name: value`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tools_of_the_same_version_will_do() {
        assert!(is_of("22", "Debian clang version 22.1.8 (1~deb12u1)\nTarget: x86_64-pc-linux-gnu"));
        assert!(is_of("22", "LLVM (http://llvm.org/):\n  Debian LLVM version 22.1.8\n"));
        assert!(!is_of("22", "LLVM (http://llvm.org/):\n  LLVM version 14.0.6\n"));
        assert!(!is_of("22", "clang version 222.1"));
        assert!(!is_of("22", "version"));
    }

    #[test]
    fn rustc_says_its_host_and_its_llvm() {
        let said =
            "rustc 1.95.0 (59807616e 2026-04-14)\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2\n";
        assert_eq!(value(said, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(value(said, "LLVM version"), Some("22.1.2"));
        assert_eq!(value(said, "release"), None);
    }
}
