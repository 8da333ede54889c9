//! Which bodies Piriod's signature leaves no doubt about, stated once more and without the provider's crate.

use hooklatch_core::{Request, UnauthenticatedKind};
use hooklatch_piriod::payload::Kind;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::account::only;
use crate::naive::{self, Json, Text};

/// Whether the request is to be believed.
///
/// # Errors
///
/// Why it is not.
pub(crate) fn judge(request: &Request, secrets: &[&str]) -> Result<(), UnauthenticatedKind> {
    let given = only(request, "x-piriod-signature")?;
    if given.len() != 64 || !given.iter().all(|byte| b"0123456789abcdef".contains(byte)) {
        return Err(UnauthenticatedKind::Malformed);
    }
    let message = Signed::read(&request.body)
        .filter(Signed::is_unambiguous)
        .map(|signed| signed.message)
        .ok_or(UnauthenticatedKind::Unsignable)?;
    let is_of = |secret: &&str| hmac_sha256(secret.as_bytes(), message.as_bytes()).as_bytes() == given;
    if secrets.iter().any(is_of) { Ok(()) } else { Err(UnauthenticatedKind::Mismatch) }
}

/// Every body of an event and an object's id that has the same signed text as the genuine one.
///
/// There are none for a body with `true`, `false` or `null` in it: the crate's README says what those leave open.
pub(crate) fn forgeries(genuine: &Request) -> Vec<Vec<u8>> {
    const LONGEST: usize = 64;
    let signed = Signed::read(&genuine.body);
    let signed = signed.filter(|signed| !signed.members.iter().any(|member| member.is_word));
    let Some(message) = signed.map(|signed| signed.message).filter(|message| message.len() <= LONGEST) else {
        return Vec::new();
    };
    let splits = message.char_indices().filter_map(|(at, _)| message.split_at_checked(at));
    let bodies = splits.flat_map(|(one, other)| {
        [
            format!(r#"{{"event":{},"object_id":{}}}"#, json!(one), json!(other)),
            format!(r#"{{"object_id":{},"event":{}}}"#, json!(one), json!(other)),
        ]
    });
    bodies.map(String::into_bytes).collect()
}

/// What is signed of a body.
struct Signed {
    /// All values, with nothing between them.
    message: String,
    members: Vec<Member>,
}

struct Member {
    name: String,
    text: String,
    /// Whether it is `true`, `false` or `null`.
    is_word: bool,
}

impl Member {
    fn read(name: &Text, value: &Json) -> Option<Self> {
        let is_word = matches!(value, Json::Word(_));
        Some(Self { name: name.whole()?, text: python_str(value)?, is_word })
    }

    fn is_known(&self) -> bool {
        matches!(self.name.as_str(), "event" | "object_id")
    }
}

impl Signed {
    fn read(body: &[u8]) -> Option<Self> {
        const MOST: usize = 16;
        let Ok(Json::Object(members)) = naive::parse(body) else { return None };
        let members: Vec<Member> =
            members.iter().map(|(name, value)| Member::read(name, value)).collect::<Option<_>>()?;
        let is_unique = |name: &str| members.iter().filter(|other| other.name == name).count() == 1;
        let is_plain = members.len() <= MOST && members.iter().all(|member| is_unique(&member.name));
        let message = members.iter().map(|member| member.text.as_str()).collect();
        is_plain.then_some(Self { message, members })
    }

    /// Whether it can be read as one event only.
    fn is_unambiguous(&self) -> bool {
        let named = |name: &str| {
            let found = self.members.iter().find(|member| member.name == name);
            found.map(|member| member.text.as_str()).unwrap_or_default()
        };
        let (event, object_id) = (named("event"), named("object_id"));
        let (known, others): (Vec<_>, Vec<_>) = self.members.iter().partition(|member| member.is_known());
        let joined: String = known.iter().map(|member| member.text.as_str()).collect();
        let reads_elsewhere = |name: &&'static str| {
            let is_other = |id: &str| (*name, id) != (event, object_id);
            joined.strip_prefix(*name).is_some_and(is_other)
                || joined.strip_suffix(*name).is_some_and(is_other)
        };
        !event.is_empty()
            && !object_id.is_empty()
            && others.iter().all(|member| member.is_word)
            && !Kind::KNOWN.iter().any(reads_elsewhere)
    }
}

/// What Python's `str()` makes of a value, if that is beyond doubt.
fn python_str(value: &Json) -> Option<String> {
    match value {
        Json::Word("true") => Some("True".to_owned()),
        Json::Word("false") => Some("False".to_owned()),
        Json::Word(_) => Some("None".to_owned()),
        Json::Text(text) => text.whole(),
        Json::Number(digits) if digits == "-0" || digits.contains(['.', 'e', 'E']) => None,
        Json::Number(digits) => Some(digits.clone()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// HMAC as RFC 2104 writes it down.
fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut block = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(BLOCK, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::digest([&padded(0x36), message].concat());
    let outer = Sha256::digest([padded(0x5c).as_slice(), &inner].concat());
    let digits = outer.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_that_of_the_standard() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac_sha256(b"Jefe", b"what do ya want for nothing?"), expected);
    }
}
