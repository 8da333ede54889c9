//! Consumers: where events are handed on, and which.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use hooklatch_consumers::http::{InvalidHttpConfig, Mode};
use hooklatch_consumers::{FileConfig, HttpConfig};
use hooklatch_core::Topic;
use hooklatch_inbox::{ConsumerSpec, Filter, Ordering, Retry, Start, glob};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use super::files::Files;
use super::raw::{OneOrMany, RawConsumer, RawFilter, RawHttp, RawRetry};
use super::source::{SourceConfig, check_name};
use super::{ConfigError, Context, InboxConfig, secret, units};
use crate::server::now;

/// Where events are handed on, and which.
#[derive(Debug)]
pub struct ConsumerConfig {
    /// Its name, shown everywhere.
    pub name: String,
    /// Which events it wants.
    pub filter: Filter,
    /// The order in which it wants them.
    pub ordering: Ordering,
    /// Where it begins when the inbox first hears of it.
    pub start: StartConfig,
    /// When failed attempts are tried again.
    pub retry: Retry,
    /// How many events may be on their way at the same time.
    pub concurrency: usize,
    /// What it is.
    pub target: Target,
}

/// Where a consumer begins that the inbox has not seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartConfig {
    /// With what arrives from then on.
    #[default]
    Now,
    /// With the first event that is there.
    Beginning,
    /// With the first event that was received at this time or later.
    At(OffsetDateTime),
}

impl ConsumerConfig {
    /// What the inbox must know of it.
    pub(crate) fn spec(&self) -> ConsumerSpec {
        let past = |since| Start::Past { since, filter: self.filter.clone() };
        let start = match self.start {
            StartConfig::Now => Start::Now,
            StartConfig::Beginning => past(None),
            StartConfig::At(time) => past(Some(time)),
        };
        let longest_wait = self.retry.longest_wait();
        ConsumerSpec { longest_wait, start, ..ConsumerSpec::new(&*self.name, self.ordering) }
    }
}

/// What a consumer is.
#[derive(Debug)]
pub enum Target {
    /// An HTTP endpoint.
    Http(HttpConfig),
    /// A file with a line for each event.
    File(FileConfig),
    /// Standard output, with a line for each event.
    Stdout,
}

/// How many events are on their way to an HTTP endpoint at the same time, where the configuration does not say.
const HTTP_CONCURRENCY: usize = 16;
/// The same for files and standard output: one write takes all that wait.
const LINES_CONCURRENCY: usize = 256;

pub(super) fn consumers(
    raw: Vec<Spanned<RawConsumer>>,
    sources: &[SourceConfig],
    inbox: &InboxConfig,
    context: &mut Context<'_>,
) -> Result<Vec<ConsumerConfig>, ConfigError> {
    let mut names = HashSet::new();
    let mut files = Files::beside(&inbox.path);
    let mut consumers = Vec::with_capacity(raw.len());
    for raw in raw {
        let name = raw.get_ref().name.clone();
        let path = raw.get_ref().file.as_ref().map(|file| file.get_ref().path.span());
        let consumer = consumer(raw, sources, context)?;
        if !names.insert(consumer.name.clone()) {
            return Err(context
                .document
                .error(name.span(), format!("two consumers are named `{}`", consumer.name)));
        }
        if let Target::File(file) = &consumer.target {
            let place = path.unwrap_or_else(|| name.span());
            files.take(&file.path).map_err(|message| context.document.error(place, message))?;
        }
        consumers.push(consumer);
    }
    Ok(consumers)
}

fn consumer(
    raw: Spanned<RawConsumer>,
    sources: &[SourceConfig],
    context: &mut Context<'_>,
) -> Result<ConsumerConfig, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    check_name(&raw.name, context)?;
    let ordering = match raw.ordering.as_ref().map(|text| text.get_ref().as_str()) {
        None | Some("subject") => Ordering::Subject,
        Some("latest") => Ordering::Latest,
        Some("none") => Ordering::None,
        Some(_) => {
            let span = raw.ordering.map_or(span, |text| text.span());
            return Err(context.document.error(span, "ordering is \"subject\", \"latest\" or \"none\""));
        }
    };
    let (target, concurrency) = match (raw.http, raw.file, raw.stdout) {
        (Some(http), None, None) => http_target(&http, context)?,
        (None, Some(file), None) => {
            let path: PathBuf = context.path(file.get_ref().path.get_ref());
            (Target::File(FileConfig { path }), LINES_CONCURRENCY)
        }
        (None, None, Some(_)) => (Target::Stdout, LINES_CONCURRENCY),
        _ => {
            let message =
                "a consumer has exactly one of `http = { url = … }`, `file = { path = … }` and `stdout = {}`";
            return Err(context.document.error(span, message));
        }
    };
    Ok(ConsumerConfig {
        start: raw.start.map_or(Ok(StartConfig::Now), |text| start(&text, context))?,
        filter: filter(raw.filter, sources, context)?,
        retry: raw.retry.map_or(Ok(Retry::default()), |retry| self::retry(&retry, context))?,
        name: raw.name.into_inner(),
        ordering,
        concurrency,
        target,
    })
}

fn http_target(raw: &Spanned<RawHttp>, context: &mut Context<'_>) -> Result<(Target, usize), ConfigError> {
    let http = raw.get_ref();
    let concurrency = match &http.concurrency {
        None => HTTP_CONCURRENCY,
        Some(number) if (1..=4096).contains(number.get_ref()) => {
            usize::try_from(*number.get_ref()).unwrap_or(1)
        }
        Some(number) => return Err(context.document.error(number.span(), "concurrency is 1 to 4096")),
    };
    let mode = match http.mode.as_ref().map(|mode| mode.get_ref().as_str()) {
        None | Some("structured") => Mode::Structured,
        Some("binary") => Mode::Binary,
        Some(_) => {
            let span = http.mode.as_ref().map_or_else(|| raw.span(), Spanned::span);
            return Err(context.document.error(span, "mode is \"structured\" or \"binary\""));
        }
    };
    if let Some(code) = http.give_up_on.iter().find(|code| !(300..=599).contains(code.get_ref())) {
        return Err(context.document.error(code.span(), "give_up_on lists failing status codes, 300 to 599"));
    }
    let mut config = HttpConfig::new(http.url.get_ref());
    config.secret = http.secret.as_ref().map(|text| secret::secret(text, context)).transpose()?;
    config.timeout = units::duration(http.timeout.as_ref(), Duration::from_secs(10), context)?;
    config.mode = mode;
    config.give_up_on = http.give_up_on.iter().map(|code| *code.get_ref()).collect();
    config.check().map_err(|error| {
        let place = match (&error, &http.secret) {
            (InvalidHttpConfig::Secret, Some(secret)) => secret.span(),
            _ => http.url.span(),
        };
        context.document.error(place, error)
    })?;
    if config.secret.is_none() {
        let warning =
            context.document.error(raw.span(), "no `secret`: what this consumer gets is not signed");
        context.warnings.push(warning.to_string());
    }
    Ok((Target::Http(config), concurrency))
}

fn filter(
    raw: RawFilter,
    sources: &[SourceConfig],
    context: &mut Context<'_>,
) -> Result<Filter, ConfigError> {
    let (topics, wanted, kinds) =
        (OneOrMany::of(raw.topic), OneOrMany::of(raw.source), OneOrMany::of(raw.r#type));
    for pattern in &wanted {
        if !sources.iter().any(|source| glob(pattern.get_ref(), &source.name)) {
            let names: Vec<_> = sources.iter().map(|source| &*source.name).collect();
            let message = format!("no source `{}`; there are {}", pattern.get_ref(), names.join(", "));
            return Err(context.document.error(pattern.span(), message));
        }
    }
    for pattern in &topics {
        if !Topic::ALL.iter().any(|topic| glob(pattern.get_ref(), topic.as_str())) {
            let message = format!("no topic is like `{}`, so nothing will match", pattern.get_ref());
            context.warnings.push(context.document.error(pattern.span(), message).to_string());
        }
    }
    let texts = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect();
    Ok(Filter {
        topic: texts(topics),
        source: texts(wanted),
        kind: texts(kinds),
        attributes: raw.attributes.into_iter().map(|(name, values)| (name, texts(values.0))).collect(),
    })
}

fn start(text: &Spanned<String>, context: &Context<'_>) -> Result<StartConfig, ConfigError> {
    match text.get_ref().as_str() {
        "now" => return Ok(StartConfig::Now),
        "beginning" => return Ok(StartConfig::Beginning),
        _ => {}
    }
    match OffsetDateTime::parse(text.get_ref(), &Rfc3339) {
        Ok(time) if time <= now() => Ok(StartConfig::At(time)),
        Ok(_) => Err(context
            .document
            .error(text.span(), "start is in the future; what comes is begun with \"now\"")),
        Err(_) => {
            let message = "start is \"now\", \"beginning\" or a time such as \"2026-01-31T12:00:00Z\"";
            Err(context.document.error(text.span(), message))
        }
    }
}

fn retry(raw: &Spanned<RawRetry>, context: &Context<'_>) -> Result<Retry, ConfigError> {
    let default = Retry::default();
    let retry = raw.get_ref();
    if let Some(attempts) = &retry.attempts
        && *attempts.get_ref() == 0
    {
        return Err(context.document.error(attempts.span(), "there is at least one attempt"));
    }
    let first = units::duration(retry.first.as_ref(), default.first, context)?;
    let max = units::duration(retry.max.as_ref(), default.max, context)?;
    if max < first {
        return Err(context.document.error(raw.span(), "`max` must not be shorter than `first`"));
    }
    Ok(Retry {
        attempts: retry.attempts.as_ref().map_or(default.attempts, |number| *number.get_ref()),
        first,
        max,
    })
}
