//! How a server and a command prove to each other that they know the token, without showing it to anybody.
//!
//! Before each call the command sends a nonce and a proof over it. The server, if that is right, gives it a turn: a nonce
//! of its own, with a proof over both. The call then carries a proof over that nonce, what is asked and the body; the
//! answer carries one over the nonce, the status and the body. A turn counts once and not for long.
//!
//! Whoever stands between the two can pass on this call and its answer, or keep them back, and nothing else. All proofs
//! name the address that the server listens on.

use std::io;
use std::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use hooklatch_core::{Secret, secret};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use sha2::Sha256;

use crate::hexadecimal;

/// The path of the question.
pub(crate) const PATH: &str = "/api/v1/proof";
/// The header of an answer with the server's proof of it.
pub(crate) const ANSWERED: HeaderName = HeaderName::from_static("hooklatch-proof");

/// The scheme of a question in `authorization`: the nonce and the proof follow, with a full stop between.
const ASKING: &str = "HooklatchProof ";
/// The scheme of a call, with the same behind it.
const CALLING: &str = "HooklatchCall ";

/// What both sides know.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) token: &'a Secret,
    /// Where the server listens.
    pub(crate) address: SocketAddr,
}

/// What a command asks of a server.
pub(crate) struct Challenge {
    nonce: String,
}

/// The server's leave for one call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) nonce: String,
}

impl Challenge {
    /// One that nobody was asked before.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { nonce: hexadecimal::random()? })
    }

    /// The value of `authorization` for the question.
    pub(crate) fn authorization(&self, shared: Shared<'_>) -> String {
        format!("{ASKING}{}.{}", self.nonce, shared.of_command(&self.nonce).unwrap_or_default())
    }

    /// The turn, if nonce and proof are from the server that knows the token and listens there.
    pub(crate) fn turn(&self, shared: Shared<'_>, nonce: &str, proof: &str) -> Option<Turn> {
        let is_proven = is_equal(proof.as_bytes(), shared.of_server(&self.nonce, nonce));
        is_proven.then(|| Turn { nonce: nonce.to_owned() })
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
        format!("{CALLING}{}.{}", self.nonce, shared.of_call(self, method, target, body).unwrap_or_default())
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

/// The nonce of the command that asks, if it knows the token.
pub(super) fn asked(headers: &HeaderMap, shared: Shared<'_>) -> Option<String> {
    let (nonce, proof) = given(headers, ASKING)?;
    let is_proven = is_equal(proof.as_bytes(), shared.of_command(nonce));
    is_proven.then(|| nonce.to_owned())
}

/// The turn that a call claims to have, and its proof.
pub(super) fn called(headers: &HeaderMap) -> Option<(Turn, String)> {
    let (nonce, proof) = given(headers, CALLING)?;
    Some((Turn { nonce: nonce.to_owned() }, proof.to_owned()))
}

/// Number and proof, given exactly once.
fn given<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<(&'a str, &'a str)> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (nonce, proof) = value.to_str().ok()?.strip_prefix(scheme)?.split_once('.')?;
    let is_nonce = nonce.len() == hexadecimal::RANDOM && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_nonce.then_some((nonce, proof))
}

fn is_equal(proof: &[u8], expected: Option<String>) -> bool {
    expected.is_some_and(|expected| secret::equal(proof, expected.as_bytes()))
}

impl Shared<'_> {
    fn of_command(self, nonce: &str) -> Option<String> {
        self.proof("command", &[nonce], b"")
    }

    /// The server's proof that it gave a turn of this nonce to the command of that.
    pub(super) fn of_server(self, command: &str, nonce: &str) -> Option<String> {
        self.proof("server", &[command, nonce], b"")
    }

    fn of_call(self, turn: &Turn, method: &Method, target: &str, body: &[u8]) -> Option<String> {
        self.proof("call", &[&turn.nonce, method.as_str(), target], body)
    }

    /// The server's proof that this is its answer.
    pub(super) fn of_answer(self, turn: &Turn, status: StatusCode, body: &[u8]) -> Option<String> {
        self.proof("answer", &[&turn.nonce, status.as_str()], body)
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
        Some(hexadecimal::text(&mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests;
