//! A sample with other values: real bodies share its names and its form, hardly its values.
//!
//! The receiver may keep less of a body that resembles the published one, so the load must not be more alike than that.

use std::ops::Range;

use hooklatch_core::{Request, Topic, authenticate};
use http::HeaderMap;
use time::OffsetDateTime;

use super::Account;

/// The body with other letters and digits in every value that may be anything.
///
/// What has a form of its own, or is a word that the provider's types know, stays: the handler tells.
pub(super) fn varied(account: &Account, kind: &str, body: &str) -> Vec<u8> {
    let mut varied = body.as_bytes().to_vec();
    let meant = meaning(account, kind, &varied);
    let mut random = Random(0);
    for place in values(body) {
        let mut other = varied.clone();
        other.get_mut(place).unwrap_or_default().iter_mut().for_each(|byte| *byte = random.like(*byte));
        if meaning(account, kind, &other) == meant {
            varied = other;
        }
    }
    varied
}

/// What a body says that a varied one has to say as well.
#[derive(PartialEq)]
struct Meaning {
    kind: String,
    topic: Topic,
    drift: Vec<String>,
    has_subject: bool,
    has_time: bool,
}

fn meaning(account: &Account, kind: &str, body: &[u8]) -> Option<Meaning> {
    let signed = account.handler.sign(kind, body);
    let mut headers = HeaderMap::new();
    headers.extend(signed.headers);
    let mut request = Request::new(headers, body.to_vec(), OffsetDateTime::UNIX_EPOCH);
    request.path_token = signed.path_token.map(Into::into);
    let verified = authenticate(&*account.handler, request).ok()?;
    let decoded = account.handler.decode(&verified).ok()?;
    Some(Meaning {
        kind: decoded.event.kind().to_owned(),
        topic: decoded.event.topic(),
        drift: decoded.drift.paths().to_vec(),
        has_subject: decoded.event.subject().is_some(),
        has_time: decoded.event.time().is_some(),
    })
}

/// Where the values stand that are texts, without their quotes, or numbers.
fn values(body: &str) -> Vec<Range<usize>> {
    let bytes = body.as_bytes();
    let (mut values, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match byte {
            b'"' => text(rest),
            b'0'..=b'9' => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            _ => 1,
        };
        let behind = body.get(at + length..).unwrap_or_default();
        match byte {
            b'"' if behind.trim_start().starts_with(':') => {}
            b'"' => values.push(at + 1..at + length - 1),
            b'0'..=b'9' => values.push(at..at + length),
            _ => {}
        }
        at += length;
    }
    values
}

/// How long a text is with its quotes.
fn text(rest: &[u8]) -> usize {
    let mut escaped = false;
    let end = rest.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 2)
}

/// The same bytes in every run.
struct Random(u64);

impl Random {
    /// A letter for a letter, a digit for a digit but zero, which no number begins with.
    fn like(&mut self, byte: u8) -> u8 {
        match byte {
            b'a'..=b'z' => self.from(b'a', 26),
            b'A'..=b'Z' => self.from(b'A', 26),
            b'1'..=b'9' => self.from(b'1', 9),
            other => other,
        }
    }

    fn from(&mut self, first: u8, many: u64) -> u8 {
        // Knuth's: its upper bits are as good as needed here.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        first + u8::try_from((self.0 >> 33) % many).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_names_are_not() {
        let body = r#"{"a" : "b\"c", "d":[12, "", -3.5], "e":null}"#;
        let found: Vec<_> = values(body).into_iter().map(|place| &body[place]).collect();
        assert_eq!(found, [r#"b\"c"#, "12", "", "3", "5"]);
    }

    #[test]
    fn a_varied_sample_means_the_same_and_most_of_its_values_are_others() {
        let accounts = Account::all().unwrap();
        let (mut changed, mut all) = (0, 0);
        for account in &accounts {
            for sample in account.handler.samples() {
                let body = std::str::from_utf8(sample.body).unwrap();
                let varied = varied(account, sample.kind, body);
                assert!(meaning(account, sample.kind, &varied) == meaning(account, sample.kind, sample.body));
                let (places, varied) = (values(body), std::str::from_utf8(&varied).unwrap());
                assert_eq!(values(varied), places);
                for place in places.into_iter().filter(|place| place.len() > 2) {
                    all += place.len();
                    changed += if body[place.clone()] == varied[place.clone()] { 0 } else { place.len() };
                }
            }
        }
        assert!(changed * 2 > all, "{changed} of {all} bytes");
    }
}
