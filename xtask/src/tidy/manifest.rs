//! What the rules need of a manifest, with the lines on which it stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// A package's manifest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The line of `[package]`.
    pub(super) line: usize,
    pub(super) name: String,
    /// The fields of `[package]` that come from the workspace.
    pub(super) inherited: Vec<String>,
    /// Whether the lints are the workspace's and nothing else.
    pub(super) lints_inherited: bool,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) features: Vec<Feature>,
}

/// One line of a table of dependencies.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) package: String,
    pub(super) line: usize,
    /// Whether only tests, benchmarks and examples have it.
    pub(super) dev: bool,
    /// Whether its version is the workspace's.
    pub(super) inherited: bool,
}

/// One line of `[features]`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) enables: Vec<String>,
}

impl Manifest {
    /// Reads a manifest; `None` for one that has no package or is a workspace of its own.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Error> {
        let root = DeTable::parse(text)?;
        let root = root.get_ref();
        let (Some((key, package)), None) = (root.get_key_value("package"), root.get("workspace")) else {
            return Ok(None);
        };
        let package = package.get_ref();
        let mut manifest = Self {
            line: line(text, key.span()),
            name: package.get("name").and_then(string).unwrap_or_default().to_owned(),
            inherited: members(package)
                .filter(|(_, value)| is_inherited(value))
                .map(|(key, _)| name(key))
                .collect(),
            lints_inherited: root
                .get("lints")
                .is_some_and(|lints| is_inherited(lints) && members(lints.get_ref()).count() == 1),
            ..Self::default()
        };
        manifest.add_dependencies(text, root);
        for target in root.get("target").into_iter().flat_map(|targets| members(targets.get_ref())) {
            if let Some(table) = target.1.get_ref().as_table() {
                manifest.add_dependencies(text, table);
            }
        }
        for (key, enables) in
            root.get("features").into_iter().flat_map(|features| members(features.get_ref()))
        {
            let enables = enables.get_ref().as_array().into_iter().flatten().filter_map(string);
            manifest.features.push(Feature {
                name: name(key),
                line: line(text, key.span()),
                enables: enables.map(str::to_owned).collect(),
            });
        }
        Ok(Some(manifest))
    }

    fn add_dependencies(&mut self, text: &str, table: &DeTable<'_>) {
        for (section, dev) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            for (key, value) in table.get(section).into_iter().flat_map(|section| members(section.get_ref()))
            {
                let renamed = value.get_ref().get("package").and_then(string).map(str::to_owned);
                self.dependencies.push(Dependency {
                    package: renamed.unwrap_or_else(|| name(key)),
                    line: line(text, key.span()),
                    dev,
                    inherited: is_inherited(value),
                });
            }
        }
    }
}

type Member<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

fn members<'a, 'i>(value: &'a DeValue<'i>) -> impl Iterator<Item = Member<'a, 'i>> {
    value.as_table().into_iter().flatten()
}

fn name(key: &Spanned<std::borrow::Cow<'_, str>>) -> String {
    key.get_ref().clone().into_owned()
}

fn string<'a>(value: &'a Spanned<DeValue<'_>>) -> Option<&'a str> {
    value.get_ref().as_str()
}

fn is_inherited(value: &Spanned<DeValue<'_>>) -> bool {
    value.get_ref().get("workspace").and_then(|workspace| workspace.get_ref().as_bool()) == Some(true)
}

/// The number of the line on which a span begins.
fn line(text: &str, span: Range<usize>) -> usize {
    1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[package]
name = "hooklatch-server"
version.workspace = true
edition = "2024"

[features]
default = ["pico"]
pico = ["dep:hooklatch-pico"]

[dependencies]
hooklatch-pico = { workspace = true, optional = true }
json = { package = "serde_json", version = "1" }

[target.'cfg(unix)'.dependencies]
libc.workspace = true

[dev-dependencies]
tempfile.workspace = true

[lints]
workspace = true
"#;

    #[test]
    fn a_manifest_is_read_with_its_lines() {
        let manifest = Manifest::parse(TEXT).unwrap().unwrap();
        assert_eq!((manifest.line, manifest.name.as_str()), (2, "hooklatch-server"));
        assert_eq!(manifest.inherited, ["version"]);
        assert!(manifest.lints_inherited);
        let found: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|found| (found.package.as_str(), found.line, found.dev, found.inherited))
            .collect();
        let expected = [
            ("hooklatch-pico", 12, false, true),
            ("serde_json", 13, false, false),
            ("tempfile", 19, true, true),
            ("libc", 16, false, true),
        ];
        assert_eq!(found, expected);
        let pico =
            Feature { name: "pico".to_owned(), line: 9, enables: vec!["dep:hooklatch-pico".to_owned()] };
        assert!(manifest.features.contains(&pico));
    }

    #[test]
    fn lints_besides_the_inherited_ones_are_not_inherited() {
        let text = "[package]\nname = 'x'\n[lints.clippy]\ntodo = 'allow'\n";
        assert!(!Manifest::parse(text).unwrap().unwrap().lints_inherited);
    }

    #[test]
    fn a_workspace_is_no_package() {
        assert_eq!(Manifest::parse("[workspace]\nmembers = []\n").unwrap(), None);
        assert!(Manifest::parse("[package").is_err());
    }
}
