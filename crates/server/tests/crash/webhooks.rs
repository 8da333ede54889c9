//! Genuine webhooks of all four providers, every body new, many of one object.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fastrand::Rng;
use hooklatch_core::Signed;
use hooklatch_server::config::SourceConfig;
use hooklatch_server::{Config, providers::Sending};
use http::HeaderMap;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Sources with secrets of their own, as they stand in the receiver's configuration.
pub(crate) const SOURCES: &str = r#"
[[source]]
name = "members"
provider = "pico"
auth = { path_token = "plain:token-of-the-members" }
[[source]]
name = "charges"
provider = "picpay"
secrets = ["plain:token-of-the-merchant"]
[[source]]
name = "billing"
provider = "piriod"
secrets = ["plain:whsecret_of_the_billing"]
[[source]]
name = "shop"
provider = "orders"
auth = { path_token = "plain:token-of-the-shop" }
"#;

/// How many objects of a source take turns.
const OBJECTS: u64 = 12;
/// Stands in a template where the object's id belongs, and where what makes the body new belongs.
const MARKS: [&str; 2] = ["@object@", "@new@"];

/// What a webhook is to the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Is one event, however often it is sent.
    Once,
    /// Says "look at this object again": several events, or one.
    Signal,
    /// Genuine, and no JSON.
    Unreadable,
    /// Somebody else's.
    Forged,
}

/// One webhook, ready to be sent.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) sort: Sort,
    /// The source's name.
    pub(crate) source: Arc<str>,
    /// The whole HTTP request.
    pub(crate) request: Vec<u8>,
    /// The body, which tells webhooks apart.
    pub(crate) body: Vec<u8>,
}

/// How many of a hundred webhooks are about the one busy object of their source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(u64);

impl Share {
    /// Most objects get their share.
    pub(crate) const MANY: Self = Self(8);
    /// One object gets more than memory keeps waiting for it.
    pub(crate) const MOSTLY_ONE: Self = Self(80);
}

/// Makes webhooks.
#[derive(Debug)]
pub(crate) struct Factory {
    templates: Vec<Template>,
    /// The share of the busy object.
    busy: AtomicU64,
    /// Counts bodies; it begins elsewhere in every run.
    next: AtomicU64,
}

/// A documented sample, or a small body, with marks in it.
#[derive(Debug)]
struct Template {
    source: SourceConfig,
    kind: &'static str,
    text: String,
    sort: Sort,
}

impl Factory {
    /// Reads the sources of the configuration in `file`.
    pub(crate) fn new(file: &Path, first: u64) -> Self {
        let sources = Config::load(file).expect("the configuration").sources;
        let source = |name: &str| sources.iter().find(|source| &*source.name == name).unwrap();
        let sample = |name, kind, object, new| Template {
            source: source(name).clone(),
            kind,
            text: marked(&*source(name).handler, kind, object, new),
            sort: Sort::Once,
        };
        let of_billing = |kind: &'static str, sort| Template {
            source: source("billing").clone(),
            kind,
            text: format!(r#"{{"event":"{kind}","object_id":"inv_@object@"}}"#),
            sort,
        };
        let templates = vec![
            sample("members", "payment.updated", "/id", "/email"),
            sample("members", "contact.updated", "/id", "/email"),
            sample("charges", "TransactionUpdateMessage", "/data/merchantChargeId", "/data/customer/name"),
            sample("charges", "Challenge3dsUpdateMessage", "/data/merchantChargeId", "/id"),
            sample("shop", "shipment_shipped", "/webhook_data/shipment/id", "/webhook_event_id"),
            sample("shop", "order_updated", "/webhook_data/order/id", "/webhook_event_id"),
            // These three happen once to an object, so each new one needs its turn: see `webhook`.
            of_billing("invoice.created", Sort::Once),
            of_billing("invoice.finalized", Sort::Once),
            of_billing("invoice.paid", Sort::Once),
            of_billing("invoice.updated", Sort::Signal),
        ];
        Self { templates, busy: AtomicU64::new(Share::MANY.0), next: AtomicU64::new(first) }
    }

    /// How much goes to the busy object from now on.
    pub(crate) fn share(&self, share: Share) {
        self.busy.store(share.0, Ordering::Relaxed);
    }

    /// The next webhook.
    pub(crate) fn webhook(&self, rng: &mut Rng) -> Webhook {
        let new = self.next.fetch_add(1, Ordering::Relaxed);
        let (template, object) = if rng.u8(..100) < 30 {
            // An object gets all three, one after the other; signals are about it, or about those of long standing.
            let (turn, object) = (usize::try_from(new % 3).unwrap(), new / 3);
            match rng.u8(..10) {
                0..2 => (&self.templates[9], object.saturating_sub(rng.u64(..4))),
                2..5 => (&self.templates[9], rng.u64(1..=OBJECTS)),
                _ => (&self.templates[6 + turn], object),
            }
        } else {
            let is_busy = rng.u64(..100) < self.busy.load(Ordering::Relaxed);
            let object = if is_busy { 0 } else { rng.u64(1..=OBJECTS) };
            (&self.templates[rng.usize(..6)], object)
        };
        let body = template.text.replace(MARKS[0], &object.to_string()).replace(MARKS[1], &new.to_string());
        let forgeable = template.sort == Sort::Once;
        match rng.u8(..100) {
            0 if forgeable => forged(template, body.into_bytes()),
            1 if &*template.source.name != "billing" => {
                let body = format!("no JSON {new}").into_bytes();
                webhook(template, Sort::Unreadable, body)
            }
            _ => webhook(template, template.sort, body.into_bytes()),
        }
    }
}

/// The sample of `kind`, compact, with the marks at these places.
fn marked(handler: &dyn Sending, kind: &str, object: &str, new: &str) -> String {
    let sample = handler.samples().iter().find(|sample| sample.kind == kind).expect("a documented kind");
    let mut body: Value = serde_json::from_slice(sample.body).unwrap();
    for (place, mark) in [object, new].iter().zip(MARKS) {
        *body.pointer_mut(place).unwrap_or_else(|| panic!("{kind} has no {place}")) = mark.into();
    }
    body.to_string()
}

fn webhook(template: &Template, sort: Sort, body: Vec<u8>) -> Webhook {
    let source = &template.source;
    let Signed { headers, path_token, .. } = source.handler.sign(template.kind, &body);
    let request = request(&path(source, path_token.as_deref()), &headers, &body);
    Webhook { sort, source: Arc::clone(&source.name), request, body }
}

/// The same with a wrong proof.
fn forged(template: &Template, body: Vec<u8>) -> Webhook {
    let source = &template.source;
    let Signed { mut headers, path_token, proof_header } = source.handler.sign(template.kind, &body);
    if let Some(proof) = proof_header {
        headers.insert(proof, "0123456789abcdef".parse().unwrap());
    }
    let token = path_token.map(|token| format!("{token}x"));
    let request = request(&path(source, token.as_deref()), &headers, &body);
    Webhook { sort: Sort::Forged, source: Arc::clone(&source.name), request, body }
}

fn path(source: &SourceConfig, token: Option<&str>) -> String {
    token.map_or_else(|| source.path.clone(), |token| format!("{}/{token}", source.path))
}

fn request(path: &str, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    write!(head, "content-digest: {}\r\n", digest(body)).unwrap();
    write!(head, "content-length: {}\r\n\r\n", body.len()).unwrap();
    [head.as_bytes(), body].concat()
}

/// The digest of the body as its header has it (RFC 9530): kept as it came, whatever becomes of the body.
pub(crate) fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(body)))
}
