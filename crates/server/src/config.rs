//! The configuration: one TOML file, read, checked and explained before a port is bound.

mod consumer;
mod error;
mod files;
pub(crate) mod local;
mod private;
mod raw;
mod secret;
mod server;
mod source;
pub(crate) mod token;
mod units;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use consumer::{ConsumerConfig, StartConfig, Target};
pub use error::ConfigError;
pub use server::{InboxConfig, ServerConfig};
pub use source::SourceConfig;

use error::Document;
use hooklatch_core::Secret;

/// Everything that the operator decides.
#[derive(Debug)]
pub struct Config {
    /// Addresses and limits.
    pub server: ServerConfig,
    /// Where events are kept.
    pub inbox: InboxConfig,
    /// One a configured account.
    pub sources: Vec<SourceConfig>,
    /// One a configured receiver of events.
    pub consumers: Vec<ConsumerConfig>,
    /// What the operator should know though it is no error.
    pub warnings: Vec<String>,
    /// Secrets that were just made, by source: to be shown once, to a person, and never logged.
    pub made: Vec<(String, Secret)>,
    /// Sources whose secrets are made at the first start, which was not yet: nothing can be proven to them.
    pub unmade: Vec<String>,
}

/// The name of the file that is looked for where none is given.
pub const DEFAULT_FILE: &str = "hooklatch.toml";

/// The longest that stopping may take when the configuration does not say.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(20);

impl Config {
    /// The configuration in `file`, or in `./hooklatch.toml` when none is given, or the defaults when there is neither.
    ///
    /// The defaults keep their secrets in a file beside the inbox, which [`find_to_serve`](Self::find_to_serve) makes.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with file, line and column, and what would be right.
    pub fn find(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::find_or(file, local::Secrets::Kept)
    }

    /// As [`find`](Self::find), and where the defaults hold their secrets are made if there are none yet.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn find_to_serve(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::find_or(file, local::Secrets::KeptOrMade)
    }

    fn find_or(file: Option<&Path>, secrets: local::Secrets) -> Result<Self, ConfigError> {
        match file {
            Some(file) => Self::load(file),
            None if Path::new(DEFAULT_FILE).exists() => Self::load(Path::new(DEFAULT_FILE)),
            None => local::config(Path::new("."), secrets),
        }
    }

    /// The configuration in `file`. Relative paths in it start from the folder of the file.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::without_place(format!("{}: {error}", file.display())))?;
        Self::parse(&text, file)
    }

    /// The configuration in `text`, which stands in `file`.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let document = Document { file, text };
        let raw: raw::Raw = toml::from_str(text).map_err(|error| document.syntax_error(&error))?;
        let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
        let mut warnings = Vec::new();
        let mut context = Context { document, folder, warnings: &mut warnings };
        let server = server::server(raw.server, &mut context)?;
        let inbox = server::inbox(&raw.inbox, &context)?;
        let sources = source::sources(raw.source, &server, &mut context)?;
        if sources.is_empty() {
            context.warnings.push(format!("{}: no `[[source]]`, so nothing is taken in", file.display()));
        }
        let consumers = consumer::consumers(raw.consumer, &sources, &inbox, &mut context)?;
        Ok(Self { server, inbox, sources, consumers, warnings, made: Vec::new(), unmade: Vec::new() })
    }

    /// What holds for a demonstration: secrets made up on the spot, everything in `folder`.
    pub(crate) fn demo(folder: &Path) -> Result<Self, ConfigError> {
        local::config(folder, local::Secrets::MadeUp)
    }
}

/// What reading a part of the configuration needs to know of the whole.
struct Context<'a> {
    document: Document<'a>,
    folder: PathBuf,
    warnings: &'a mut Vec<String>,
}

impl Context<'_> {
    /// A path as meant in this file.
    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}
