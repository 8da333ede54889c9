//! The files that the rules look at: all that belong to the project, committed or not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// Paths as seen from the root, with the text of those that are text.
#[derive(Debug)]
pub(super) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// All files that git knows or would take; without git, all but the target folder.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut files = BTreeMap::new();
        for path in paths {
            // A file that is deleted and not yet committed is still listed.
            if let Ok(bytes) = fs::read(root.join(&path)) {
                files.insert(path, String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')));
            }
        }
        Ok(Self { files })
    }

    /// Every path, with its text.
    pub(super) fn files(&self) -> &BTreeMap<String, Option<String>> {
        &self.files
    }

    /// The text files.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The sources in Rust.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| has_extension(path, "rs"))
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The folders directly under `parent` that hold `file`.
    pub(super) fn folders_with(&self, parent: &str, file: &str) -> Vec<&str> {
        let paths = self.files.keys();
        let folders = paths.filter_map(|path| {
            path.strip_prefix(parent)?.strip_prefix('/')?.strip_suffix(file)?.strip_suffix('/')
        });
        folders.filter(|folder| !folder.contains('/')).collect()
    }

    /// The providers: folders of one name under `crates/` and `fixtures/`, the latter with its `cases.toml`.
    pub(super) fn providers(&self) -> Vec<&str> {
        let crates = self.folders_with("crates", "Cargo.toml");
        let fixtures = self.folders_with("fixtures", "cases.toml");
        fixtures.into_iter().filter(|name| crates.contains(name)).collect()
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), Some((*text).to_owned()));
        Self { files: files.iter().map(own).collect() }
    }
}

/// Whether the file's name ends in `.extension`.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let text =
        String::from_utf8(output.stdout).ok().filter(|text| output.status.success() && !text.is_empty())?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

fn walked(root: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if path.is_dir() && !["target", ".git"].contains(&name.as_str()) {
                folders.push(path);
            } else if path.is_file() {
                paths.push(name);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_a_crate_and_cases() {
        let tree = Tree::of(&[
            ("crates/core/Cargo.toml", ""),
            ("crates/picpay/Cargo.toml", ""),
            ("crates/picpay/fuzz/Cargo.toml", ""),
            ("fixtures/inbox/cases.toml", ""),
            ("fixtures/picpay/cases.toml", ""),
        ]);
        assert_eq!(tree.providers(), ["picpay"]);
        assert_eq!(tree.folders_with("crates", "Cargo.toml"), ["core", "picpay"]);
    }

    #[test]
    fn without_git_the_same_files_are_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let walked = walked(root).unwrap();
        assert!(walked.contains(&"Cargo.toml".to_owned()));
        assert!(walked.contains(&"src/tidy/files.rs".to_owned()));
    }
}
