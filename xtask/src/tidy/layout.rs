//! The top level, and where dependencies come from.

use std::collections::BTreeMap;

use super::Finding;
use super::files::Tree;

/// What `ls` shows; configuration is hidden.
const VISIBLE: [&str; 7] = ["Cargo.lock", "Cargo.toml", "README.md", "crates", "docs", "fixtures", "xtask"];

/// What every dependency's `source` says.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn top_level(tree: &Tree) -> Vec<Finding> {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for path in tree.files().keys() {
        found.entry(path.split('/').next().unwrap_or(path)).or_insert(path);
    }
    let strange = found.into_iter().filter(|(name, _)| !name.starts_with('.') && !VISIBLE.contains(name));
    let right = format!("only {} and hidden files at the top", VISIBLE.join(", "));
    strange
        .map(|(name, path)| Finding::new(path, 1, format!("`{name}` at the top level"), right.as_str()))
        .collect()
}

pub(super) fn lockfile(tree: &Tree) -> Vec<Finding> {
    const FILE: &str = "Cargo.lock";
    let Some(text) = tree.text(FILE) else {
        return vec![Finding::new(FILE, 1, "missing", "committed, so that all build the same")];
    };
    let sources = text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, line.strip_prefix("source = ")?)));
    let strange = sources.filter(|(_, source)| source.trim_matches('"') != SOURCE);
    strange.map(|(line, _)| Finding::new(FILE, line, "a dependency from elsewhere", SOURCE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_level_is_readable() {
        let good =
            [("Cargo.toml", ""), (".ci/run", ""), ("crates/core/Cargo.toml", ""), ("docs/guide.md", "")];
        assert_eq!(top_level(&Tree::of(&good)), []);
        let findings = top_level(&Tree::of(&[("scripts/a.sh", ""), ("scripts/b.sh", ""), ("notes.md", "")]));
        assert_eq!(
            findings.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(),
            ["notes.md", "scripts/a.sh"]
        );
    }

    #[test]
    fn dependencies_come_from_one_place() {
        let good = format!("[[package]]\nname = \"x\"\nsource = \"{SOURCE}\"\n");
        assert_eq!(lockfile(&Tree::of(&[("Cargo.lock", &good)])), []);
        let bad = good.replace("registry+", "sparse+");
        assert_eq!(lockfile(&Tree::of(&[("Cargo.lock", &bad)])).len(), 1);
        assert_eq!(lockfile(&Tree::of(&[])).len(), 1);
    }
}
