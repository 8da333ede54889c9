//! `hooklatch send`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use bytes::Bytes;
use http::Uri;
use serde_json::{Value, json};

use super::Exit;
use super::client::Poster;
use super::output::{say, show};
use crate::config::local::no_secrets_yet;
use crate::config::{Config, SourceConfig};

/// Send a correctly authenticated webhook to a source.
#[derive(Debug, clap::Args)]
pub(super) struct Send {
    /// The source's name in the configuration.
    source: String,
    /// The kind, such as payment.created; with --all every documented one.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    kind: Option<String>,
    /// Where to post; else the configured receiver on this machine.
    #[arg(long, value_name = "URL")]
    to: Option<Uri>,
    /// The body; else the documented sample of the kind.
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    body: Option<PathBuf>,
    /// Change a member of the body, such as data.status=PAID; the value is JSON, or else text.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// How often to send it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u32,
    /// Send one of every documented kind.
    #[arg(long)]
    all: bool,
}

impl Send {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        let source = find(config, &self.source)?;
        if config.unmade.contains(&self.source) {
            return Err(Exit::Failed(no_secrets_yet(&self.source)));
        }
        let url = match &self.to {
            Some(url) => url.clone(),
            None => url_of(config.server.listen, &source.path)?,
        };
        let poster = Poster::new()?;
        let mut failures = 0;
        for (kind, body) in self.webhooks(source)? {
            for _ in 0..self.times {
                let answer = poster.post(source, &url, &kind, body.clone()).await;
                let (status, line) = match &answer {
                    Ok(answer) => (Some(answer.status), answer.line.as_str()),
                    Err(error) => (None, error.as_str()),
                };
                failures += u32::from(!status.is_some_and(|status| status.is_success()));
                if as_json {
                    let member = if answer.is_ok() { "answer" } else { "error" };
                    let status = status.map(|status| status.as_u16());
                    say(&json!({ "source": self.source, "kind": kind, "status": status, member: line })
                        .to_string());
                } else {
                    let status =
                        status.map_or_else(|| "failed".to_owned(), |status| status.as_u16().to_string());
                    show(&format!("{status} {kind} {line}"));
                }
            }
        }
        match failures {
            0 => Ok(()),
            failures => Err(Exit::Failed(format!("{failures} not accepted by {url}"))),
        }
    }

    /// What to send: kinds and bodies.
    fn webhooks(&self, source: &SourceConfig) -> Result<Vec<(String, Bytes)>, Exit> {
        let samples = source.handler.samples();
        if self.all {
            let all = samples.iter().map(|sample| Ok((sample.kind.to_owned(), self.changed(sample.body)?)));
            return all.collect();
        }
        let kind = self.kind.as_deref().unwrap_or_default();
        let kind = kind
            .strip_prefix(source.handler.provider())
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(kind);
        let body = match (&self.body, samples.iter().find(|sample| sample.kind == kind)) {
            (Some(file), _) => {
                std::fs::read(file).map_err(|error| Exit::Failed(format!("{}: {error}", file.display())))?
            }
            (None, Some(sample)) => sample.body.to_vec(),
            (None, None) => {
                let kinds: Vec<_> = samples.iter().map(|sample| sample.kind).collect();
                let message = format!("no sample of `{kind}`; give --body, or one of {}", kinds.join(", "));
                return Err(Exit::Usage(message));
            }
        };
        Ok(vec![(kind.to_owned(), self.changed(&body)?)])
    }

    /// The body with `--set` applied; untouched bytes where there is none.
    fn changed(&self, body: &[u8]) -> Result<Bytes, Exit> {
        if self.set.is_empty() {
            return Ok(Bytes::copy_from_slice(body));
        }
        let mut value: Value = serde_json::from_slice(body)
            .map_err(|error| Exit::Failed(format!("--set needs a body that is JSON: {error}")))?;
        for assignment in &self.set {
            let (path, new) = assignment
                .split_once('=')
                .ok_or_else(|| Exit::Usage(format!("--set {assignment}: write PATH=VALUE")))?;
            set(&mut value, path, new).map_err(Exit::Usage)?;
        }
        Ok(Bytes::from(value.to_string()))
    }
}

/// Sets the member at a dotted path; numbers count places in arrays.
fn set(value: &mut Value, path: &str, new: &str) -> Result<(), String> {
    let new = serde_json::from_str(new).unwrap_or_else(|_| Value::from(new));
    let mut place = value;
    for name in path.split('.') {
        place = match place {
            Value::Array(list) => {
                let length = list.len();
                let found = name.parse::<usize>().ok().and_then(|index| list.get_mut(index));
                found.ok_or_else(|| format!("--set {path}: no place {name} in an array of {length}"))?
            }
            Value::Object(members) => members.entry(name).or_insert(Value::Null),
            Value::Null => {
                *place = json!({});
                place.as_object_mut().ok_or("an object")?.entry(name).or_insert(Value::Null)
            }
            _ => return Err(format!("--set {path}: {name} is inside something that has no members")),
        };
    }
    *place = new;
    Ok(())
}

/// The source of this name.
pub(super) fn find<'a>(config: &'a Config, name: &str) -> Result<&'a SourceConfig, Exit> {
    config.sources.iter().find(|source| &*source.name == name).ok_or_else(|| {
        let names: Vec<_> = config.sources.iter().map(|source| &*source.name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Exit::Usage(format!("no source `{name}`; there are {names}"))
    })
}

/// The URL of a path on a receiver of this machine that listens on `address`.
pub(super) fn url_of(address: SocketAddr, path: &str) -> Result<Uri, Exit> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let url = format!("http://{}{path}", SocketAddr::new(ip, address.port()));
    url.parse().map_err(|error| Exit::Failed(format!("{url}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_set_by_path() {
        let mut value = json!({"data": {"status": "A", "list": [{"n": 1}]}});
        set(&mut value, "data.status", "PAID").unwrap();
        set(&mut value, "data.list.0.n", "2").unwrap();
        set(&mut value, "data.new.deep", "null").unwrap();
        assert_eq!(value, json!({"data": {"status": "PAID", "list": [{"n": 2}], "new": {"deep": null}}}));
        for path in ["data.status.x", "data.list.1", "data.list.x"] {
            assert!(set(&mut value, path, "1").is_err(), "{path}");
        }
    }
}
