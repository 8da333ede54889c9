//! Where things are: the root, the crates, the providers, the target folder.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use toml::de::DeTable;

use crate::Result;

/// The workspace as it lies on disk.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    providers: Vec<String>,
}

impl Workspace {
    /// The workspace that this program belongs to.
    ///
    /// A provider is a folder under `crates/` with a folder of the same name under `fixtures/` that has a `cases.toml`.
    pub(crate) fn open() -> Result<Self> {
        // Cargo sets it for `cargo run`, and it is right also where two checkouts share a target folder.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().ok_or("xtask has no parent folder")?.to_owned();
        let providers = folders(&root.join("crates"))?
            .into_iter()
            .filter(|name| root.join("fixtures").join(name).join("cases.toml").is_file())
            .collect();
        Ok(Self { root, providers })
    }

    /// The folder of the virtual manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The providers' names, sorted.
    pub(crate) fn providers(&self) -> &[String] {
        &self.providers
    }

    /// Whether there is a provider of this name.
    pub(crate) fn has_provider(&self, name: &str) -> bool {
        self.providers.iter().any(|provider| provider == name)
    }

    /// Whether `crates/<folder>` is a package.
    pub(crate) fn has_crate(&self, folder: &str) -> bool {
        self.root.join("crates").join(folder).join("Cargo.toml").is_file()
    }

    /// The names of a provider's cases, in the order of its `cases.toml`.
    pub(crate) fn cases(&self, provider: &str) -> Result<Vec<String>> {
        let file = self.root.join("fixtures").join(provider).join("cases.toml");
        let text = read(&file)?;
        case_names(&text).map_err(|error| format!("{}: {error}", file.display()).into())
    }

    /// Cargo's target folder: this program lies in `<target>/<profile>/`.
    pub(crate) fn target(&self) -> PathBuf {
        let program = env::current_exe().ok();
        program
            .as_deref()
            .and_then(|program| program.ancestors().nth(2))
            .map_or_else(|| self.root.join("target"), Path::to_owned)
    }
}

/// Reads a text file; an error names it.
pub(crate) fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn folders(parent: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = fs::read_dir(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    for entry in entries {
        let entry: io::Result<fs::DirEntry> = entry;
        let entry = entry?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn case_names(text: &str) -> Result<Vec<String>> {
    let table = DeTable::parse(text)?;
    let Some(cases) = table.get_ref().get("case") else { return Ok(Vec::new()) };
    let cases = cases.get_ref().as_array().ok_or("`case` is not a list")?;
    cases
        .iter()
        .map(|case| {
            let name = case.get_ref().get("name").and_then(|name| name.get_ref().as_str());
            Ok(name.ok_or("a case has no name")?.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_named_in_order() {
        let text = "provider = 'x'\n[[case]]\nname = 'b'\n[[case]]\nname = 'a'\n";
        assert_eq!(case_names(text).unwrap(), ["b", "a"]);
        assert!(case_names("provider = 'x'").unwrap().is_empty());
        assert!(case_names("[[case]]\nkind = 'x'").is_err());
    }
}
