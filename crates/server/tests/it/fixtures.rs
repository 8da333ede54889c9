//! The fixtures of every provider that is compiled in, and a configuration that knows their secrets.

use std::path::Path;

use hooklatch_server::providers::KNOWN;
use serde_json::Value;

use crate::program::Program;
use crate::wire::{self, Answer};

/// One fixture: a genuine request and what must be read out of it.
pub(crate) struct Fixture {
    pub(crate) provider: &'static str,
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) expect: Value,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// All fixtures of the providers that are compiled in.
pub(crate) fn all() -> Vec<Fixture> {
    let mut fixtures: Vec<Fixture> = KNOWN.iter().flat_map(|known| of(known.name)).collect();
    fixtures.sort_by(|left, right| (left.provider, &left.name).cmp(&(right.provider, &right.name)));
    fixtures
}

/// All fixtures of one provider.
pub(crate) fn of(provider: &'static str) -> Vec<Fixture> {
    let cases = std::fs::read_dir(folder().join(provider)).unwrap().map(|entry| entry.unwrap().path());
    let cases = cases.filter(|path| path.join("headers.json").exists());
    cases.map(|case| read(provider, &case)).collect()
}

/// The fixture of this name, if its provider is compiled in.
pub(crate) fn find(provider: &str, name: &str) -> Option<Fixture> {
    let known = KNOWN.iter().find(|known| known.name == provider)?;
    let found = of(known.name).into_iter().find(|fixture| fixture.name == name);
    Some(found.unwrap_or_else(|| panic!("{provider} has no fixture {name}")))
}

fn read(provider: &'static str, case: &Path) -> Fixture {
    let json =
        |file: &str| -> Value { serde_json::from_slice(&std::fs::read(case.join(file)).unwrap()).unwrap() };
    let Value::Object(members) = json("headers.json") else { panic!("headers.json is no object") };
    let mut headers = Vec::new();
    let mut path = String::new();
    for (name, value) in members {
        let value = value.as_str().unwrap().to_owned();
        match name.as_str() {
            ":path" => path = value,
            ":method" => assert_eq!(value, "POST"),
            _ => headers.push((name, value)),
        }
    }
    Fixture {
        provider,
        name: case.file_name().unwrap().to_str().unwrap().to_owned(),
        body: std::fs::read(case.join("body")).unwrap(),
        path,
        headers,
        expect: json("expect.json"),
    }
}

impl Fixture {
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Posts it as its sender would.
    pub(crate) fn post(&self, program: &Program) -> Answer {
        wire::post(program.listen, &self.path, &self.headers(), &self.body)
    }

    /// Whether its body says only "look at this object again".
    pub(crate) fn is_signal(&self) -> bool {
        self.expect["identity"].get("signal").is_some()
    }
}

/// A source of the provider's own name for every provider that is compiled in, with the secrets of the fixtures.
pub(crate) fn sources() -> String {
    KNOWN.iter().map(|known| source(known.name)).collect()
}

fn source(provider: &str) -> String {
    let cases = std::fs::read_to_string(folder().join(provider).join("cases.toml")).unwrap();
    let cases: toml::Table = toml::from_str(&cases).unwrap();
    let example = &cases["example"];
    let proof = match (example.get("secrets"), example.get("path_token")) {
        (Some(secrets), None) => {
            let secrets: Vec<_> = secrets
                .as_array()
                .unwrap()
                .iter()
                .map(|s| format!("\"plain:{}\"", s.as_str().unwrap()))
                .collect();
            format!("secrets = [{}]", secrets.join(", "))
        }
        (None, Some(token)) => format!("auth = {{ path_token = \"plain:{}\" }}", token.as_str().unwrap()),
        _ => panic!("{provider}: an example account has secrets or a path token"),
    };
    format!("[[source]]\nname = \"{provider}\"\nprovider = \"{provider}\"\n{proof}\n")
}
