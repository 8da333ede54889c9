//! What holds without a configuration file: every provider that is compiled in, on this machine only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use hooklatch_core::{Secret, Settings};

use super::error::Document;
use super::private::{self, Trust};
use super::secret;
use super::server::{DEFAULT_INBOX, DEFAULT_RETENTION};
use super::{Config, ConfigError, InboxConfig, ServerConfig, SourceConfig};
use crate::providers::{self, Known};

/// Where the secrets come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// From a file beside the inbox; those that are not there yet are unknown.
    Kept,
    /// From that file, which is made at the first start.
    KeptOrMade,
    /// Made up, for a demonstration.
    MadeUp,
}

/// The file that keeps the secrets, beside the inbox.
const FILE: &str = "hooklatch.secrets.toml";

/// The most bytes of it that are read.
const MOST_BYTES: u64 = 64 << 10;

/// A source of its own name for every provider that is compiled in.
pub(super) fn config(folder: &Path, origin: Secrets) -> Result<Config, ConfigError> {
    let mut warnings = Vec::new();
    let (mut made, mut unmade) = (Vec::new(), Vec::new());
    let mut secrets = made_up()?;
    if origin != Secrets::MadeUp {
        let file = folder.join(FILE);
        // Whoever serves with secrets of somebody else believes whom they want.
        let inbox = folder.join(DEFAULT_INBOX);
        let trust = if origin == Secrets::Kept { Trust::OwnerOf(&inbox) } else { Trust::Nobody };
        let kept = read(&file, trust)?;
        let missing: Vec<_> = secrets.keys().filter(|name| !kept.contains_key(*name)).cloned().collect();
        secrets.extend(kept);
        if origin == Secrets::KeptOrMade && !missing.is_empty() {
            write(&file, &secrets)?;
            made = missing
                .iter()
                .filter_map(|name| Some((name.clone(), Secret::new(secrets.get(name)?)?)))
                .collect();
        } else if !missing.is_empty() {
            warnings.push(no_secrets_yet(&missing.join(", ")));
            unmade = missing;
        }
    }
    let sources = providers::KNOWN.iter().map(|known| source(known, &secrets)).collect::<Result<_, _>>()?;
    Ok(Config {
        server: ServerConfig::default(),
        inbox: InboxConfig {
            path: folder.join(DEFAULT_INBOX),
            retention: Some(DEFAULT_RETENTION),
            max_size: None,
        },
        sources,
        consumers: Vec::new(),
        warnings,
        made,
        unmade,
    })
}

fn source(known: &Known, secrets: &BTreeMap<String, String>) -> Result<SourceConfig, ConfigError> {
    let fail = |message: String| ConfigError::without_place(format!("{FILE}: {message}"));
    let name = known.name;
    let secret = secrets
        .get(name)
        .and_then(Secret::new)
        .ok_or_else(|| fail(format!("no secret for `{name}`; delete the file to have all made anew")))?;
    // Whoever has no proof of its own gets a secret in the path.
    let signed = (known.build)(Settings::with_secret(secret.clone()));
    let has_path_token = signed.is_err();
    let handler = signed
        .or_else(|_| (known.build)(Settings::with_path_token(secret)))
        .map_err(|error| fail(error.to_string()))?;
    Ok(SourceConfig {
        name: name.into(),
        path: format!("/{name}"),
        has_path_token,
        is_open: false,
        handler,
        timezone: None,
    })
}

/// The secrets in the file, none when there is no file.
fn read(file: &Path, trust: Trust<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut text = String::new();
    let opened = private::open(file, trust, "other secrets");
    match opened.and_then(|opened| opened.take(MOST_BYTES).read_to_string(&mut text)) {
        Ok(_) => toml::from_str(&text).map_err(|error| Document { file, text: &text }.syntax_error(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(about(file, &error)),
    }
}

fn write(file: &Path, secrets: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    let mut text =
        String::from("# Made by hooklatch where no configuration was found. One secret a source.\n");
    for (name, secret) in secrets {
        let _ = writeln!(text, "{name} = \"{secret}\"");
    }
    private::write(file, &text).map_err(|error| about(file, &error))
}

fn about(file: &Path, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::without_place(format!("{}: {error}", file.display()))
}

fn made_up() -> Result<BTreeMap<String, String>, ConfigError> {
    providers::KNOWN.iter().map(|known| Ok((known.name.to_owned(), secret::made()?))).collect()
}

/// What the operator is told of sources whose secrets are not made yet.
pub(crate) fn no_secrets_yet(sources: &str) -> String {
    format!("no secrets yet for {sources}; they are made at the first start")
}
