//! How a server and a command each prove that they know the token, before the command shows it.
//!
//! The command sends a number that it has never used and a proof over it; the server, if that is right, answers with a
//! proof of its own. Both name the address that the server listens on: who passes the proofs on from another address
//! gets nothing. Who does not know the token is shown neither the token nor, by the server, anything to guess it with.

use std::fmt::Write as _;
use std::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use hooklatch_core::{Secret, secret};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::Sha256;

/// The path of the call.
pub(crate) const PATH: &str = "/api/v1/proof";

/// The scheme in `authorization`: the number and the proof follow, with a full stop between.
const SCHEME: &str = "HooklatchProof ";
/// Digits of the number.
const DIGITS: usize = 64;

/// What a command asks of a server.
pub(crate) struct Challenge {
    number: String,
}

/// Who proves something: what one side has said is no proof of the other.
#[derive(Clone, Copy)]
enum Side {
    Command,
    Server,
}

impl Challenge {
    /// One that nobody was asked before.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut bytes = [0; DIGITS / 2];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        Ok(Self { number: hexadecimal(&bytes) })
    }

    /// The value of `authorization` for the server that listens on `address`.
    pub(crate) fn authorization(&self, token: &Secret, address: SocketAddr) -> String {
        let proof = proof(Side::Command, token, address, &self.number).unwrap_or_default();
        format!("{SCHEME}{}.{proof}", self.number)
    }

    /// Whether `answer` is from the server that knows the token and listens on `address`.
    pub(crate) fn is_met(&self, answer: &str, token: &Secret, address: SocketAddr) -> bool {
        let expected = proof(Side::Server, token, address, &self.number);
        expected.is_some_and(|expected| secret::equal(answer.as_bytes(), expected.as_bytes()))
    }
}

/// The answer of the server that listens on `address`; none to whoever does not know the token.
pub(super) fn answer(headers: &HeaderMap, token: &Secret, address: SocketAddr) -> Option<String> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (number, proven) = value.to_str().ok()?.strip_prefix(SCHEME)?.split_once('.')?;
    let is_number = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    let expected = proof(Side::Command, token, address, number)?;
    let is_proven = is_number && secret::equal(proven.as_bytes(), expected.as_bytes());
    if is_proven { proof(Side::Server, token, address, number) } else { None }
}

/// HMAC-SHA256 of who proves it, the address and the number, with the token as the key.
fn proof(side: Side, token: &Secret, address: SocketAddr, number: &str) -> Option<String> {
    let side = match side {
        Side::Command => "command",
        Side::Server => "server",
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(token.expose()).ok()?;
    mac.update(format!("hooklatch {side}\n{address}\n{number}").as_bytes());
    Some(hexadecimal(&mac.finalize().into_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8401);
    const ELSEWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8402);

    fn token(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn both_sides_must_know_the_token_and_mean_the_same_address() {
        let challenge = Challenge::new().unwrap();
        let asked = headers(&challenge.authorization(&token("hush"), HERE));
        let answered = answer(&asked, &token("hush"), HERE).unwrap();
        assert!(challenge.is_met(&answered, &token("hush"), HERE));
        assert!(!challenge.is_met(&answered, &token("other"), HERE));
        assert!(!challenge.is_met(&answered, &token("hush"), ELSEWHERE));
        assert!(!Challenge::new().unwrap().is_met(&answered, &token("hush"), HERE), "no number comes twice");
        assert_eq!(answer(&asked, &token("other"), HERE), None);
        assert_eq!(answer(&asked, &token("hush"), ELSEWHERE), None);
    }

    #[test]
    fn what_the_command_says_is_no_answer() {
        let challenge = Challenge::new().unwrap();
        let value = challenge.authorization(&token("hush"), HERE);
        let proven = value.rsplit_once('.').unwrap().1;
        assert!(!challenge.is_met(proven, &token("hush"), HERE));
        assert!(!challenge.is_met("", &token("hush"), HERE));
    }

    #[test]
    fn nothing_is_answered_to_what_is_no_challenge() {
        let challenge = Challenge::new().unwrap();
        let value = challenge.authorization(&token("hush"), HERE);
        let (number, proven) = value.trim_start_matches(SCHEME).split_once('.').unwrap();
        for wrong in [
            String::new(),
            "Bearer hush".to_owned(),
            SCHEME.to_owned(),
            format!("{SCHEME}{number}"),
            format!("{SCHEME}{number}."),
            format!("{SCHEME}.{}", proof(Side::Command, &token("hush"), HERE, "").unwrap()),
            format!("{SCHEME}{number}.{}", &proven[1..]),
            format!("{SCHEME}{number}.{}", proof(Side::Server, &token("hush"), HERE, number).unwrap()),
        ] {
            assert_eq!(answer(&headers(&wrong), &token("hush"), HERE), None, "{wrong}");
        }
        let mut twice = headers(&value);
        assert!(answer(&twice, &token("hush"), HERE).is_some());
        twice.append(AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
        assert_eq!(answer(&twice, &token("hush"), HERE), None);
    }
}
