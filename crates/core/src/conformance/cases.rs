//! `fixtures/<provider>/cases.toml`: how a provider's fixtures come about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::tree::{self, type_name};
use crate::{Access, Secret, Settings};

/// The workspace's folder of fixtures.
pub fn workspace_fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cases {
    pub(super) provider: String,
    /// Paths of texts that report a word which their enumeration does not know.
    pub(super) enumerations: Vec<String>,
    pub(super) example: Example,
    #[serde(rename = "case")]
    #[expect(clippy::struct_field_names, reason = "`cases.cases` is what the file calls them")]
    pub(super) cases: Vec<Case>,
    #[serde(skip)]
    pub(super) folder: PathBuf,
}

/// The account whose proofs the fixtures carry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    #[serde(default)]
    secrets: Vec<String>,
    path_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: String,
    /// Where the body comes from, in a sentence for people.
    pub(super) origin: String,
    /// A file under `published/`, byte for byte as the provider published it.
    published: Option<String>,
    /// The body itself, where nothing is published.
    text: Option<String>,
    /// What to replace in the body; each text must stand in it exactly once.
    #[serde(default)]
    replace: Vec<(String, String)>,
    /// Paths of members without which the body cannot be read; `[]` stands for each element of an array.
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// Other JSON types that are accepted for a required member, for instance `object_id = ["number"]`.
    #[serde(default)]
    accepts: BTreeMap<String, Vec<String>>,
    /// The case whose notification this one repeats.
    pub(super) repeats: Option<String>,
    /// Whether no page mentions the kind.
    #[serde(default)]
    pub(super) is_unknown: bool,
    /// The body, derived.
    #[serde(skip)]
    body: Vec<u8>,
}

impl Cases {
    pub(super) fn load(provider: &str) -> Self {
        let folder = workspace_fixtures().join(provider);
        let file = folder.join("cases.toml");
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut cases: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(cases.provider, provider, "{}", file.display());
        assert!(!cases.cases.is_empty(), "{}: no cases", file.display());
        for case in &mut cases.cases {
            case.body = case.derive(&folder.join("published"));
        }
        cases.folder = folder;
        cases
    }

    /// One case of each form of body: cases that were derived from one published body, or have members of the same
    /// names and types, tell nothing new of how bodies are read.
    pub(super) fn shapes(&self) -> Vec<&Case> {
        let mut seen = BTreeSet::new();
        let is_new = |case: &&Case| match &case.published {
            Some(file) => seen.insert(file.clone()),
            None => seen.insert(outline(&case.value())),
        };
        self.cases.iter().filter(is_new).collect()
    }

    /// The shapes of known kinds.
    pub(super) fn known_shapes(&self) -> Vec<&Case> {
        self.shapes().into_iter().filter(|case| !case.is_unknown).collect()
    }

    pub(super) fn settings(&self) -> Settings {
        settings_of(&self.example.secrets, self.example.path_token.as_slice())
    }

    /// The example account with other secrets: `change` is applied to each.
    pub(super) fn settings_changed(&self, change: impl Fn(&str) -> String) -> Settings {
        let changed = |texts: &[String]| texts.iter().map(|text| change(text)).collect::<Vec<_>>();
        settings_of(&changed(&self.example.secrets), &changed(self.example.path_token.as_slice()))
    }

    /// All secrets of the example account, so that nothing may show them.
    pub(super) fn secret_texts(&self) -> impl Iterator<Item = &str> {
        self.example.secrets.iter().chain(&self.example.path_token).map(String::as_str)
    }
}

fn settings_of(secrets: &[String], path_tokens: &[String]) -> Settings {
    let secrets_of = |texts: &[String]| texts.iter().map(|text| Secret::new(text).unwrap()).collect();
    let access = Access { path_tokens: secrets_of(path_tokens), ..Access::default() };
    Settings { secrets: secrets_of(secrets), access }
}

/// The value without elements of an array that have the members of an earlier one: they are read alike.
fn slim(value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut seen = BTreeSet::new();
            let elements = elements.into_iter().filter(|element| seen.insert(outline(element)));
            elements.map(slim).collect()
        }
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, slim(value))).collect(),
        other => other,
    }
}

/// The names and types of all members.
fn outline(body: &Value) -> String {
    let places = tree::places(body);
    let members = places.iter().map(|place| format!("{} {}\n", place.general, type_name(place.value(body))));
    [format!("{}\n", type_name(body))].into_iter().chain(members).collect()
}

impl Case {
    /// Whether the member at `path` may be of the JSON type `other` as well.
    pub(super) fn also_accepts(&self, path: &str, other: &str) -> bool {
        self.accepts.get(path).is_some_and(|types| types.iter().any(|name| name == other))
    }

    /// A body with all members of this one, and as little as possible beside.
    pub(super) fn slim(&self) -> Value {
        slim(self.value())
    }

    /// The body as a value.
    pub(super) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body.
    pub(super) fn body(&self) -> Vec<u8> {
        self.body.clone()
    }

    fn derive(&self, published: &Path) -> Vec<u8> {
        let mut body = match (&self.published, &self.text) {
            (Some(file), None) => std::fs::read_to_string(published.join(file))
                .unwrap_or_else(|error| panic!("{file}: {error}")),
            (None, Some(text)) => text.clone(),
            _ => panic!("case `{}` needs either `published` or `text`", self.name),
        };
        for (from, to) in &self.replace {
            assert_eq!(
                body.matches(from).count(),
                1,
                "case `{}`: {from} must stand once in the body",
                self.name
            );
            body = body.replace(from, to);
        }
        body.into_bytes()
    }
}
