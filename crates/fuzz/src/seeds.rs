//! Where a target begins: the fixtures, values written by hand, and every input that once failed.

use std::fs;
use std::path::{Path, PathBuf};

use hooklatch_core::Request;
use hooklatch_core::json::MAX_DEPTH;
use hooklatch_inbox::headers;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use time::OffsetDateTime;

use crate::request;

/// An input, and the name of its file.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The name.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
}

/// The genuine requests of a provider's fixtures.
pub fn requests(provider: &str) -> Vec<Seed> {
    let folders =
        entries(&fixtures().join(provider)).into_iter().filter(|path| path.join("headers.json").is_file());
    folders.map(|folder| Seed { name: name(&folder), bytes: request::write(&genuine(&folder)) }).collect()
}

fn genuine(folder: &Path) -> Request {
    let lines: Value = serde_json::from_slice(&fs::read(folder.join("headers.json")).unwrap()).unwrap();
    let mut headers = HeaderMap::new();
    let mut path_token = None;
    for (name, value) in lines.as_object().unwrap() {
        let value = value.as_str().unwrap();
        match name.as_str() {
            ":method" => {}
            ":path" => path_token = value.split('/').nth(2),
            name => drop(
                headers.insert(name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()),
            ),
        }
    }
    let body = fs::read(folder.join("body")).unwrap();
    let request = Request::new(headers, body, OffsetDateTime::UNIX_EPOCH);
    match path_token {
        Some(token) => request.with_path_token(token),
        None => request,
    }
}

/// The bodies of all fixtures.
pub fn bodies() -> Vec<Seed> {
    of_all_requests(|request| request.body.to_vec())
}

/// The headers of all fixtures, as the inbox keeps them.
pub fn header_lines() -> Vec<Seed> {
    of_all_requests(|request| headers::encode(&request.headers, &[]))
}

fn of_all_requests(part: impl Fn(&Request) -> Vec<u8>) -> Vec<Seed> {
    let providers = entries(&fixtures()).into_iter().map(|folder| name(&folder));
    let seeds = providers
        .flat_map(|provider| requests(&provider).into_iter().map(move |seed| (provider.clone(), seed)));
    seeds
        .map(|(provider, seed)| Seed {
            name: format!("{provider}-{}", seed.name),
            bytes: part(&request::parse(&seed.bytes)),
        })
        .collect()
}

/// Inputs written by hand.
pub fn texts(texts: &[&str]) -> Vec<Seed> {
    let seed = |(index, text): (usize, &&str)| Seed {
        name: format!("text-{index:02}"),
        bytes: text.as_bytes().to_vec(),
    };
    texts.iter().enumerate().map(seed).collect()
}

/// JSON as deep as allowed, one level deeper, and not as deep as it looks.
pub fn nested() -> Vec<Seed> {
    let arrays = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
    let quoted = [b"[ \"\\\" , \\\\\" , \"", arrays(MAX_DEPTH + 1).as_slice(), b"\"]"].concat();
    let seeds = [("deepest", arrays(MAX_DEPTH)), ("too-deep", arrays(MAX_DEPTH + 1)), ("quoted", quoted)];
    seeds.map(|(name, bytes)| Seed { name: name.to_owned(), bytes }).to_vec()
}

/// What once made a target fail.
pub fn regressions(target: &str) -> Vec<Seed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target);
    let files = if folder.is_dir() { entries(&folder) } else { Vec::new() };
    files.iter().map(|file| Seed { name: name(file), bytes: fs::read(file).unwrap() }).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
