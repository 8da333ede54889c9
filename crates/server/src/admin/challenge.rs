//! How a server and a command prove to each other that they know the token, without showing it to anybody.
//!
//! Before each call the command sends a number that it has never used and a proof over it. The server, if that is
//! right, gives it a turn: a number of its own, with a proof over both. The call then carries a proof over that number,
//! what is asked and the body; the answer carries one over the number, the status and the body. A turn counts once and
//! not for long.
//!
//! Whoever stands between the two can pass on this call and its answer, or keep them back, and nothing else. All proofs
//! name the address that the server listens on.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use hooklatch_core::{Secret, secret};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use sha2::Sha256;

/// The path of the question.
pub(crate) const PATH: &str = "/api/v1/proof";
/// The header of an answer with the server's proof of it.
pub(crate) const ANSWERED: HeaderName = HeaderName::from_static("hooklatch-proof");

/// The scheme of a question in `authorization`: the number and the proof follow, with a full stop between.
const ASKING: &str = "HooklatchProof ";
/// The scheme of a call, with the same behind it.
const CALLING: &str = "HooklatchCall ";
/// Digits of a number.
const DIGITS: usize = 64;

/// What both sides know.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) token: &'a Secret,
    /// Where the server listens.
    pub(crate) address: SocketAddr,
}

/// What a command asks of a server.
pub(crate) struct Challenge {
    number: String,
}

/// The server's leave for one call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) number: String,
}

impl Challenge {
    /// One that nobody was asked before.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { number: number()? })
    }

    /// The value of `authorization` for the question.
    pub(crate) fn authorization(&self, shared: Shared<'_>) -> String {
        format!("{ASKING}{}.{}", self.number, shared.of_command(&self.number).unwrap_or_default())
    }

    /// The turn, if number and proof are from the server that knows the token and listens there.
    pub(crate) fn turn(&self, shared: Shared<'_>, number: &str, proof: &str) -> Option<Turn> {
        let is_proven = is_equal(proof.as_bytes(), shared.of_server(&self.number, number));
        is_proven.then(|| Turn { number: number.to_owned() })
    }
}

impl Turn {
    /// The value of `authorization` for the call.
    pub(crate) fn authorization(
        &self,
        shared: Shared<'_>,
        method: &Method,
        target: &str,
        body: &[u8],
    ) -> String {
        format!("{CALLING}{}.{}", self.number, shared.of_call(self, method, target, body).unwrap_or_default())
    }

    /// Whether `proof` is of whoever got the turn, for this call.
    pub(super) fn is_call(
        &self,
        shared: Shared<'_>,
        proof: &str,
        method: &Method,
        target: &str,
        body: &[u8],
    ) -> bool {
        is_equal(proof.as_bytes(), shared.of_call(self, method, target, body))
    }

    /// Whether `proof` is of the server that gave the turn, for this answer.
    pub(crate) fn is_answer(
        &self,
        shared: Shared<'_>,
        proof: &[u8],
        status: StatusCode,
        body: &[u8],
    ) -> bool {
        is_equal(proof, shared.of_answer(self, status, body))
    }
}

/// The number of the command that asks, if it knows the token.
pub(super) fn asked(headers: &HeaderMap, shared: Shared<'_>) -> Option<String> {
    let (number, proof) = given(headers, ASKING)?;
    let is_proven = is_equal(proof.as_bytes(), shared.of_command(number));
    is_proven.then(|| number.to_owned())
}

/// The turn that a call claims to have, and its proof.
pub(super) fn called(headers: &HeaderMap) -> Option<(Turn, String)> {
    let (number, proof) = given(headers, CALLING)?;
    Some((Turn { number: number.to_owned() }, proof.to_owned()))
}

/// Number and proof, given exactly once.
fn given<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<(&'a str, &'a str)> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (number, proof) = value.to_str().ok()?.strip_prefix(scheme)?.split_once('.')?;
    let is_number = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then_some((number, proof))
}

fn is_equal(proof: &[u8], expected: Option<String>) -> bool {
    expected.is_some_and(|expected| secret::equal(proof, expected.as_bytes()))
}

/// A number that nobody can foresee.
pub(super) fn number() -> io::Result<String> {
    let mut bytes = [0; DIGITS / 2];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hexadecimal(&bytes))
}

impl Shared<'_> {
    fn of_command(self, number: &str) -> Option<String> {
        self.proof("command", &[number], b"")
    }

    /// The server's proof that it gave a turn of this number to the command of that.
    pub(super) fn of_server(self, command: &str, number: &str) -> Option<String> {
        self.proof("server", &[command, number], b"")
    }

    fn of_call(self, turn: &Turn, method: &Method, target: &str, body: &[u8]) -> Option<String> {
        self.proof("call", &[&turn.number, method.as_str(), target], body)
    }

    /// The server's proof that this is its answer.
    pub(super) fn of_answer(self, turn: &Turn, status: StatusCode, body: &[u8]) -> Option<String> {
        self.proof("answer", &[&turn.number, status.as_str()], body)
    }

    /// HMAC-SHA256, with the token as the key, of lines that each end with a line feed, and the body after them.
    /// A key may have any length, so there always is one.
    ///
    /// The first line says what is proven, so nothing that one side said is ever a proof of something else.
    fn proof(self, what: &str, lines: &[&str], body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.token.expose()).ok()?;
        mac.update(format!("hooklatch {what}\n{}\n", self.address).as_bytes());
        for line in lines {
            mac.update(line.as_bytes());
            mac.update(b"\n");
        }
        mac.update(body);
        Some(hexadecimal(&mac.finalize().into_bytes()))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
