//! Addresses, limits, and where the inbox is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use hooklatch_core::Secret;
use toml::Spanned;

use super::raw::{RawInbox, RawServer};
use super::{ConfigError, Context, DEFAULT_GRACE, secret, token, units};

/// Addresses and limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Where providers post.
    pub listen: SocketAddr,
    /// Where health and the admin API are served; `None` to have none.
    pub admin: Option<SocketAddr>,
    /// What callers of the admin API prove themselves with; `None` for one that is made and kept beside the inbox.
    pub admin_token: Option<Secret>,
    /// The largest body in bytes.
    pub max_body: usize,
    /// How long the headers of a request may take.
    pub header_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How many connections may be open at the same time.
    pub max_connections: usize,
    /// How long requests and attempts under way may take when the server stops.
    pub shutdown_grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8400)),
            admin: Some(SocketAddr::from(([127, 0, 0, 1], 8401))),
            admin_token: None,
            max_body: 1 << 20,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            max_connections: 10_000,
            shutdown_grace: DEFAULT_GRACE,
        }
    }
}

/// Where events are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxConfig {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long events that are done are kept; `None` for ever.
    pub retention: Option<Duration>,
    /// How many bytes the inbox may use before the oldest done events go, however young; `None` for any number.
    pub max_size: Option<u64>,
}

/// The fewest characters of a token: whoever a command asks by mistake can try to guess it.
const LEAST_TOKEN: usize = 16;
/// The name of the inbox's file where none is given.
pub(super) const DEFAULT_INBOX: &str = "hooklatch.db";
/// Thirty days.
pub(super) const DEFAULT_RETENTION: Duration = Duration::from_hours(30 * 24);

pub(super) fn server(raw: RawServer, context: &mut Context<'_>) -> Result<ServerConfig, ConfigError> {
    let default = ServerConfig::default();
    let admin = match &raw.admin {
        Some(text) if text.get_ref() == "off" => None,
        Some(text) => Some(admin_address(text, context)?),
        None => default.admin,
    };
    let listen = raw.listen.as_ref().map_or(Ok(default.listen), |text| address(text, context))?;
    // At least one of them is written down: the defaults are apart.
    if let Some(admin) = admin
        && overlap(listen, admin)
        && let Some(text) = raw.admin.as_ref().or(raw.listen.as_ref())
    {
        let message = format!("`listen` is {listen} and `admin` is {admin}; each needs a port of its own");
        return Err(context.document.error(text.span(), message));
    }
    let admin_token = raw.admin_token.as_ref().map(|text| bearer(text, context)).transpose()?;
    let max_connections = match raw.max_connections {
        Some(number) if *number.get_ref() == 0 => {
            return Err(context.document.error(number.span(), "at least one connection must be allowed"));
        }
        Some(number) => usize::try_from(number.into_inner()).unwrap_or(usize::MAX),
        None => default.max_connections,
    };
    Ok(ServerConfig {
        listen,
        admin,
        admin_token,
        max_body: max_body(raw.max_body.as_ref(), default.max_body, context)?,
        header_timeout: units::duration(raw.header_timeout.as_ref(), default.header_timeout, context)?,
        body_timeout: units::duration(raw.body_timeout.as_ref(), default.body_timeout, context)?,
        max_connections,
        shutdown_grace: units::duration(raw.shutdown_grace.as_ref(), default.shutdown_grace, context)?,
    })
}

fn admin_address(text: &Spanned<String>, context: &mut Context<'_>) -> Result<SocketAddr, ConfigError> {
    let address = address(text, context)?;
    if !address.ip().is_loopback() {
        let message =
            "the admin API is reachable from beyond this machine, and its token travels in the clear";
        context.warnings.push(context.document.error(text.span(), message).to_string());
    }
    Ok(address)
}

/// Whether nobody can listen on both.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (here, there) = (one.ip(), other.ip());
    one.port() != 0 && one.port() == other.port() && (takes(here, there) || takes(there, here))
}

/// Whether who listens on the one address takes the other's port too.
fn takes(one: IpAddr, other: IpAddr) -> bool {
    match one {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => other.is_ipv4(),
        // All addresses of IPv4 too, as most systems have it.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => true,
        one => one == other,
    }
}

/// A token that callers of the admin API can show.
fn bearer(text: &Spanned<String>, context: &mut Context<'_>) -> Result<Secret, ConfigError> {
    let token = secret::secret(text, context)?;
    if !token::is_bearer(token.expose()) {
        let message = "a bearer token has letters, digits and `-._~+/=` only";
        return Err(context.document.error(text.span(), message));
    }
    if token.expose().len() < LEAST_TOKEN {
        let message = format!("a token has at least {LEAST_TOKEN} characters, so that nobody guesses it");
        return Err(context.document.error(text.span(), message));
    }
    Ok(token)
}

/// A body is kept in memory and in one row, so there is an end to it.
fn max_body(
    text: Option<&Spanned<String>>,
    default: usize,
    context: &Context<'_>,
) -> Result<usize, ConfigError> {
    let size = units::size(text, default, context)?;
    match text {
        Some(text) if size > 256 << 20 => Err(context.document.error(text.span(), "at most 256MiB")),
        _ => Ok(size),
    }
}

fn address(text: &Spanned<String>, context: &Context<'_>) -> Result<SocketAddr, ConfigError> {
    let resolved = text.get_ref().to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    resolved.ok_or_else(|| {
        context.document.error(text.span(), "not an address; write \"127.0.0.1:8400\" or \"[::]:8400\"")
    })
}

pub(super) fn inbox(raw: &RawInbox, context: &Context<'_>) -> Result<InboxConfig, ConfigError> {
    let path = match &raw.url {
        None => context.path(DEFAULT_INBOX),
        Some(url) => match url.get_ref().split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => context.path(path),
            Some(("postgres" | "postgresql", _)) => {
                let message = "this version keeps events in SQLite only; write \"sqlite:hooklatch.db\"";
                return Err(context.document.error(url.span(), message));
            }
            _ => {
                return Err(context
                    .document
                    .error(url.span(), "not an inbox; write \"sqlite:hooklatch.db\""));
            }
        },
    };
    let retention = match &raw.retention {
        Some(text) if text.get_ref() == "off" => None,
        text => Some(units::duration(text.as_ref(), DEFAULT_RETENTION, context)?),
    };
    let max_size = match &raw.max_size {
        None => None,
        size => u64::try_from(units::size(size.as_ref(), 0, context)?).ok(),
    };
    Ok(InboxConfig { path, retention, max_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_overlap_where_the_system_would_refuse_the_second() {
        let overlap = |one: &str, other: &str| overlap(one.parse().unwrap(), other.parse().unwrap());
        for (one, other) in [
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("127.0.0.1:1", "0.0.0.0:1"),
            ("[::1]:1", "[::]:1"),
            ("127.0.0.1:1", "[::]:1"),
            ("0.0.0.0:1", "[::]:1"),
        ] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("127.0.0.1:1", "127.0.0.1:2"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.0.0.1:1", "127.0.0.2:1"),
            ("0.0.0.0:1", "[::1]:1"),
        ] {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }
}
