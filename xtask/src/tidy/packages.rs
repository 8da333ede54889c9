//! Every package: its name, what it inherits from the workspace, its comments.

use super::Finding;
use super::files::Tree;
use super::manifest::Manifest;

/// What `[package]` must take from the workspace.
const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "publish"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.texts().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    manifests.flat_map(|(path, text)| check_manifest(path, text)).collect()
}

fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    let manifest = match Manifest::parse(text) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![Finding::new(path, 1, error.message(), "a manifest that cargo can read")],
    };
    let mut findings = Vec::new();
    if let Some(name) = package_name(path)
        && name != manifest.name
    {
        let wrong = format!("the package is named `{}`", manifest.name);
        findings.push(Finding::new(
            path,
            manifest.line,
            wrong,
            format!("name = \"{name}\", after its folder"),
        ));
    }
    for field in INHERITED {
        if !manifest.inherited.iter().any(|inherited| inherited == field) {
            let wrong = format!("`{field}` is not the workspace's");
            findings.push(Finding::new(path, manifest.line, wrong, format!("{field}.workspace = true")));
        }
    }
    if !manifest.lints_inherited {
        let wrong = "the lints are not the workspace's";
        findings.push(Finding::new(
            path,
            manifest.line,
            wrong,
            "[lints] with `workspace = true` and nothing else",
        ));
    }
    for dependency in manifest.dependencies.iter().filter(|dependency| !dependency.inherited) {
        let wrong = format!("`{}` has a version of its own", dependency.package);
        let right = "its version in the root's [workspace.dependencies], `workspace = true` here";
        findings.push(Finding::new(path, dependency.line, wrong, right));
    }
    for feature in manifest.features.iter().filter(|feature| feature.name != "default") {
        if !is_commented(text, feature.line) {
            let wrong = format!("feature `{}` is not explained", feature.name);
            findings.push(Finding::new(
                path,
                feature.line,
                wrong,
                "a comment above it: what it adds, for whom",
            ));
        }
    }
    findings
}

/// The name that a package has by its folder.
fn package_name(path: &str) -> Option<String> {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["crates", folder, "Cargo.toml"] => Some(format!("hooklatch-{folder}")),
        [folder, "Cargo.toml"] => Some((*folder).to_owned()),
        _ => None,
    }
}

/// Whether a comment heads the block of lines that `number` belongs to.
fn is_commented(text: &str, number: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(number.saturating_sub(1)).collect();
    let block = lines.iter().rev().take_while(|line| !line.is_empty() && !line.starts_with('['));
    block.into_iter().any(|line| line.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"hooklatch-x\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
publish.workspace = true

[features]
default = []
# What y adds.
y = []

[dependencies]
bytes.workspace = true

[lints]
workspace = true
";

    fn wrong(path: &str, text: &str) -> Vec<(usize, String)> {
        check_manifest(path, text).into_iter().map(|finding| (finding.line, finding.wrong)).collect()
    }

    #[test]
    fn a_manifest_that_inherits_is_fine() {
        assert_eq!(wrong("crates/x/Cargo.toml", GOOD), []);
        assert_eq!(check(&Tree::of(&[("Cargo.toml", "[workspace]\n"), ("crates/x/Cargo.toml", GOOD)])), []);
    }

    #[test]
    fn each_slip_is_found_on_its_line() {
        let cases = [
            ("edition.workspace = true", "edition = \"2021\"", 1, "`edition` is not the workspace's"),
            ("bytes.workspace = true", "bytes = \"1\"", 14, "`bytes` has a version of its own"),
            ("# What y adds.\n", "", 10, "feature `y` is not explained"),
            ("\n[lints]\nworkspace = true\n", "", 1, "the lints are not the workspace's"),
            ("hooklatch-x", "x", 1, "the package is named `x`"),
        ];
        for (from, to, line, expected) in cases {
            assert_eq!(wrong("crates/x/Cargo.toml", &GOOD.replace(from, to)), [(line, expected.to_owned())]);
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_finding() {
        assert_eq!(check_manifest("crates/x/Cargo.toml", "[package").len(), 1);
    }
}
