//! A request in bytes, with the places that change.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

use hooklatch_server::providers::Sending;

use super::member::{self, DIGITS};
use super::varied::varied;
use super::{Account, Clock, Put, Reuse, object};
use crate::Result;

/// A request with places that change from one event to the next.
pub(crate) struct Template {
    bytes: Vec<u8>,
    body: Range<usize>,
    changes: Vec<(usize, Put)>,
    signature: Option<Signature>,
}

/// A signature over the body, and how it is made.
struct Signature {
    place: Range<usize>,
    kind: &'static str,
    sender: Arc<dyn Sending>,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Template {
    /// A request that carries `body`, with a place for everything that changes in it.
    pub(super) fn new(account: &Account, kind: &'static str, body: &[u8], reuse: Reuse) -> Result<Self> {
        let body = varied(account, kind, std::str::from_utf8(body)?);
        let (body, places) = with_places(account.provider, std::str::from_utf8(&body)?);
        let signed = account.handler.sign(kind, &body);
        let mut head = format!("POST /{}", account.provider);
        if let Some(token) = &signed.path_token {
            head.push('/');
            head.push_str(token);
        }
        head.push_str(" HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: hooklatch-bench\r\n");
        let mut proof = None;
        for (name, value) in &signed.headers {
            head.push_str(name.as_str());
            head.push_str(": ");
            if signed.proof_header.as_ref() == Some(name) {
                proof = Some(head.len()..head.len() + value.len());
            }
            head.push_str(value.to_str()?);
            head.push_str("\r\n");
        }
        if reuse == Reuse::Close {
            head.push_str("connection: close\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", body.len());

        // A proof that is another one for another body has to be made for each.
        let of_other = account.handler.sign(kind, b"{\"another\":\"body\"}");
        let depends = proof_value(&signed).is_some_and(|proof| proof_value(&of_other) != Some(proof));
        let start = head.len();
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&body);
        Ok(Self {
            body: start..bytes.len(),
            bytes,
            changes: places.into_iter().map(|(at, put)| (start + at, put)).collect(),
            signature: proof.filter(|_| depends).map(|place| Signature {
                place,
                kind,
                sender: Arc::clone(&account.handler),
            }),
        })
    }

    /// Whether each body needs a signature of its own.
    pub(super) fn signs_bodies(&self) -> bool {
        self.signature.is_some()
    }

    /// Writes the request of an event; where bodies are signed, the signature is not yet right.
    pub(super) fn write(&self, number: u64, clock: &Clock, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&self.bytes);
        for (at, put) in &self.changes {
            let at = start + at;
            match put {
                Put::Event(_) => put_digits(into, at, DIGITS, number),
                Put::Object(_) => put_digits(into, at, DIGITS, object(number)),
                Put::Amount => put_digits(into, at, 8, number % 100_000_000),
                Put::Epoch => put_bytes(into, at, &clock.epoch),
                Put::Brazil => put_bytes(into, at, &clock.brazil),
                Put::Utc => put_bytes(into, at, &clock.utc),
            }
        }
    }

    /// The signature that `request` needs.
    pub(super) fn signature(&self, request: &[u8]) -> Vec<u8> {
        let body = request.get(self.body.clone()).unwrap_or_default();
        let signed = self.signature.as_ref().map(|signature| signature.sender.sign(signature.kind, body));
        signed.as_ref().and_then(proof_value).map(<[u8]>::to_vec).unwrap_or_default()
    }

    /// Puts the signature in its place in `request`.
    pub(super) fn put_signature(&self, signature: &[u8], request: &mut [u8]) {
        if let Some(place) = &self.signature {
            put_bytes(request, place.place.start, signature);
        }
    }
}

fn proof_value(signed: &hooklatch_core::Signed) -> Option<&[u8]> {
    Some(signed.headers.get(signed.proof_header.as_ref()?)?.as_bytes())
}

/// The body with room for what changes in it, and where that is.
///
/// A member that the sample has not is left out: not every kind has a clock.
fn with_places(provider: &str, body: &str) -> (Vec<u8>, Vec<(usize, Put)>) {
    let mut found: Vec<_> = member::changing(provider)
        .iter()
        .filter_map(|(names, put)| Some((member::find(body, names)?, *put)))
        .collect();
    found.sort_by_key(|(place, _)| place.start);
    let mut bytes = Vec::new();
    let mut places = Vec::new();
    let mut from = 0;
    for (place, put) in found {
        let value = body.get(place.clone()).unwrap_or_default();
        let kept = match put {
            Put::Event(kept) | Put::Object(kept) => value.get(..kept).unwrap_or(value),
            _ => "",
        };
        bytes.extend_from_slice(body.get(from..place.start).unwrap_or_default().as_bytes());
        bytes.extend_from_slice(kept.as_bytes());
        match put {
            Put::Event(_) | Put::Object(_) => {
                // No number begins with a zero.
                if kept.is_empty() {
                    bytes.push(b'1');
                }
                places.push((bytes.len(), put));
                bytes.extend_from_slice(&[b'0'; DIGITS]);
            }
            Put::Amount => {
                bytes.push(b'1');
                places.push((bytes.len(), put));
                bytes.extend_from_slice(&[b'0'; 8]);
            }
            Put::Epoch | Put::Brazil | Put::Utc => {
                places.push((bytes.len(), put));
                bytes.extend_from_slice(value.as_bytes());
            }
        }
        from = place.end;
    }
    bytes.extend_from_slice(body.get(from..).unwrap_or_default().as_bytes());
    (bytes, places)
}

/// Writes the last `count` digits of a number.
fn put_digits(into: &mut [u8], at: usize, count: usize, mut number: u64) {
    for place in into.get_mut(at..at + count).unwrap_or_default().iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

fn put_bytes(into: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = into.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
