//! HMAC-SHA256 over the values of the body, joined in the order in which they stand, with nothing between them.
//!
//! Names, quotes and white space are not signed, and nothing marks where one value ends and the next begins.
//! [`Members`] says which bodies can be believed all the same.

mod members;

use hmac::{Hmac, KeyInit, Mac};
use hooklatch_core::secret::equal;
use hooklatch_core::{NearMiss, Request, Secret, Settings, Signed, Unauthenticated, UnauthenticatedKind};
use http::HeaderName;
use sha2::Sha256;

use members::Members;

/// The header that carries the signature.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-piriod-signature");

/// Adds the signature, when the body is one that Piriod's rule as it is known here can sign.
pub(crate) fn sign(signed: &mut Signed, body: &[u8], secrets: &[Secret]) {
    let Ok(members) = Members::read(body) else { return };
    if let Some(signature) = secrets.first().and_then(|secret| signature(secret.expose(), &members.message()))
    {
        signed.prove(SIGNATURE, signature.as_bytes());
    }
}

/// Checks that the body was signed with one of the secrets, and that the signature leaves no doubt what the body says.
pub(crate) fn verify(request: &Request, settings: &Settings) -> Result<(), Unauthenticated> {
    let fail = |kind| Unauthenticated::of_header(kind, &SIGNATURE);
    let unsignable = |what| Unauthenticated::new(UnauthenticatedKind::Unsignable, what);

    let given = request.proof_header(&SIGNATURE)?;
    if !has_form(given) {
        let near_miss = near_miss(given, &request.body, settings);
        return Err(fail(UnauthenticatedKind::Malformed).resembling(near_miss));
    }
    let members = Members::read(&request.body).map_err(unsignable)?;
    members.check().map_err(unsignable)?;

    let message = members.message();
    let signed_by =
        |secret| signature(secret, &message).is_some_and(|expected| equal(given, expected.as_bytes()));
    if settings.secrets.iter().fold(false, |found, secret| signed_by(secret.expose()) | found) {
        Ok(())
    } else {
        let near_miss = near_miss(given, &request.body, settings);
        Err(fail(UnauthenticatedKind::Mismatch).resembling(near_miss))
    }
}

/// What a refused signature resembles: the right one in another dress, or one that another secret makes.
fn near_miss(given: &[u8], body: &[u8], settings: &Settings) -> Option<NearMiss> {
    const PREFIX: &[u8] = b"whsecret_";

    let message = Members::read(body).ok()?.message();
    let signatures = |secrets: &[Secret]| -> Vec<String> {
        secrets.iter().filter_map(|secret| signature(secret.expose(), &message)).collect()
    };
    let found = NearMiss::find(given, &signatures(&settings.secrets), &signatures(&settings.access.retired));

    let is_misspelt = settings.secrets.iter().fold(false, |found, secret| {
        let secret = secret.expose();
        let other = secret.strip_prefix(PREFIX).map_or_else(|| [PREFIX, secret].concat(), <[u8]>::to_vec);
        let expected = signature(&other, &message);
        expected.is_some_and(|expected| equal(given, expected.as_bytes())) | found
    });
    found.or(is_misspelt.then_some(NearMiss::Prefix))
}

/// 64 hexadecimal digits in lower case, as Python's `hexdigest()` gives them.
fn has_form(signature: &[u8]) -> bool {
    signature.len() == 64 && signature.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The key is the whole text of the secret: its `whsecret_` belongs to it, and nothing in it is base64.
///
/// HMAC takes a key of any length, so there always is a signature.
fn signature(secret: &[u8], message: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(message.as_bytes());
    Some(hex(&mac.finalize().into_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
