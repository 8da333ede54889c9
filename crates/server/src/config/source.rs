//! Sources: one configured account at a provider each.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use hooklatch_core::access::Basic;
use hooklatch_core::{Access, Settings};
use http::HeaderName;
use ipnet::IpNet;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::raw::{OneOrMany, RawAuth, RawRules, RawSource};
use super::{ConfigError, Context, ServerConfig, secret};
use crate::providers::{self, Sending};

/// One configured account at a provider.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Its name, shown everywhere.
    pub name: Arc<str>,
    /// The path that the provider posts to, with a slash in front.
    pub path: String,
    /// Whether a token follows the path.
    pub has_path_token: bool,
    /// Whether nothing proves the sender, in so many words or because only this machine can send.
    pub is_open: bool,
    /// The provider's side, which also can imitate the sender.
    pub handler: Arc<dyn Sending>,
    /// How zone-less times of this account are meant; without it they are left zone-less.
    pub timezone: Option<TimeZone>,
}

pub(super) fn sources(
    raw: Vec<Spanned<RawSource>>,
    server: &ServerConfig,
    context: &mut Context<'_>,
) -> Result<Vec<SourceConfig>, ConfigError> {
    let (mut names, mut paths) = (HashSet::new(), HashSet::new());
    let mut sources = Vec::with_capacity(raw.len());
    for raw in raw {
        let name = raw.get_ref().name.clone();
        let source = source(raw, server, context)?;
        if !names.insert(Arc::clone(&source.name)) {
            return Err(context
                .document
                .error(name.span(), format!("two sources are named `{}`", source.name)));
        }
        if !paths.insert(source.path.clone()) {
            return Err(context
                .document
                .error(name.span(), format!("two sources have the path {}", source.path)));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn source(
    raw: Spanned<RawSource>,
    server: &ServerConfig,
    context: &mut Context<'_>,
) -> Result<SourceConfig, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    check_name(&raw.name, context)?;
    let path = path(raw.path.as_ref(), raw.name.get_ref(), context)?;
    let timezone = raw.timezone.as_ref().map(|text| timezone(text, context)).transpose()?;
    let auth_span = raw.auth.as_ref().map(Spanned::span);
    let (mut access, is_open_by_word) = match raw.auth {
        None => (Access::default(), false),
        Some(auth) => auth_rules(auth, context)?,
    };
    access.retired = secret::secrets(&OneOrMany::of(raw.retired), context)?;
    let secrets = OneOrMany::of(raw.secrets);
    let settings = Settings { secrets: secret::secrets(&secrets, context)?, access };
    let has_path_token = !settings.access.path_tokens.is_empty();
    let is_open = settings.access.is_open() && settings.secrets.is_empty();

    let provider = raw.provider.get_ref();
    let Some(known) = providers::find(provider) else {
        let message = format!("no provider `{provider}`; {}", providers::names_for_people());
        return Err(context.document.error(raw.provider.span(), message));
    };
    let place = secrets.first().map_or_else(|| span.clone(), Spanned::span);
    let handler = (known.build)(settings).map_err(|error| context.document.error(place, error))?;
    let name = raw.name.into_inner();
    if let Some(auth) = auth_span
        && is_open
        && !is_open_by_word
    {
        let message =
            "nothing here proves the sender; ask for path_token, header or basic, or write auth = \"none\"";
        return Err(context.document.error(auth, message));
    }
    if is_open && !is_open_by_word && !server.listen.ip().is_loopback() {
        let message = format!(
            "source `{name}` has no proof of its sender and listens beyond this machine; \
             add auth = {{ path_token = \"env:NAME\" }}, or auth = \"none\" if everybody may send"
        );
        return Err(context.document.error(span, message));
    }
    if is_open {
        context
            .warnings
            .push(format!("source `{name}`: nothing proves the sender; everybody who reaches it may send"));
    }
    Ok(SourceConfig { name: name.into(), path, has_path_token, is_open, handler, timezone })
}

/// Names stand in paths, metrics and URLs, so they are plain.
pub(super) fn check_name(name: &Spanned<String>, context: &Context<'_>) -> Result<(), ConfigError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.get_ref().is_empty() || !name.get_ref().chars().all(is_plain) || name.get_ref().len() > 64 {
        let message = "a name has 1 to 64 letters, digits, hyphens, underscores and dots";
        return Err(context.document.error(name.span(), message));
    }
    Ok(())
}

fn path(path: Option<&Spanned<String>>, name: &str, context: &Context<'_>) -> Result<String, ConfigError> {
    let Some(path) = path else { return Ok(format!("/{name}")) };
    let trimmed = path.get_ref().trim_matches('/');
    let is_plain = |segment: &str| is_path_segment(segment) && segment != "." && segment != "..";
    if trimmed.is_empty() || !trimmed.split('/').all(is_plain) {
        let message = "a path has segments of letters, digits and `-._~`, such as \"/hooks/shop\"";
        return Err(context.document.error(path.span(), message));
    }
    Ok(format!("/{trimmed}"))
}

/// What stands in a URL as itself (RFC 3986, unreserved).
fn is_path_segment(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c))
}

fn timezone(text: &Spanned<String>, context: &Context<'_>) -> Result<TimeZone, ConfigError> {
    TimeZone::get(text.get_ref()).map_err(|_| {
        context
            .document
            .error(text.span(), "no such time zone; write a name such as \"America/New_York\" or \"UTC\"")
    })
}

/// The rules, and whether they say in so many words that there is no proof.
fn auth_rules(auth: Spanned<RawAuth>, context: &mut Context<'_>) -> Result<(Access, bool), ConfigError> {
    let span = auth.span();
    match auth.into_inner() {
        RawAuth::Word(word) if word == "none" => Ok((Access::default(), true)),
        RawAuth::Word(_) => {
            let message = "auth is \"none\" or a table such as { path_token = \"env:NAME\" }";
            Err(context.document.error(span, message))
        }
        RawAuth::Rules(rules) => Ok((access(&rules, context)?, false)),
    }
}

fn access(rules: &RawRules, context: &mut Context<'_>) -> Result<Access, ConfigError> {
    let mut access = Access::default();
    if let Some(OneOrMany(tokens)) = &rules.path_token {
        for text in tokens {
            let token = secret::secret(text, context)?;
            if !is_path_segment(token.expose_str()) || token.expose_str().starts_with('.') {
                let message = "a token in a path has letters, digits and `-._~` only";
                return Err(context.document.error(text.span(), message));
            }
            access.path_tokens.push(token);
        }
    }
    if let Some(header) = &rules.header {
        let name = HeaderName::from_bytes(header.name.get_ref().as_bytes())
            .map_err(|_| context.document.error(header.name.span(), "not a header name"))?;
        access.header = Some((name, secret::secrets(&header.value.0, context)?));
    }
    if let Some(basic) = &rules.basic {
        if basic.user.get_ref().contains(':') {
            let message = "a user name of basic authentication has no colon (RFC 7617)";
            return Err(context.document.error(basic.user.span(), message));
        }
        for text in &basic.password.0 {
            let password = secret::secret(text, context)?;
            access.basic.extend(Basic::new(basic.user.get_ref(), &password));
        }
    }
    for text in rules.addresses.iter().flat_map(|OneOrMany(texts)| texts) {
        let network =
            text.get_ref().parse::<IpNet>().or_else(|_| text.get_ref().parse::<IpAddr>().map(IpNet::from));
        let message = "not a network; write \"10.0.0.0/8\" or \"2001:db8::1\"";
        access.addresses.push(network.map_err(|_| context.document.error(text.span(), message))?);
    }
    Ok(access)
}
