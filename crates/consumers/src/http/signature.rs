//! The signature of Standard Webhooks: HMAC-SHA256 of `<id>.<timestamp>.<body>`.
//!
//! The crate `standardwebhooks` makes the same one, but only of bodies that are UTF-8, and copies them to do so;
//! the tests verify with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hooklatch_core::Secret;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::InvalidHttpConfig;

/// What stands in front of a secret that is base64.
const PREFIX: &str = "whsec_";

/// Signs with one secret. It has no `Debug`, so that the key cannot be printed.
pub(super) struct Signer(Hmac<Sha256>);

impl Signer {
    /// A signer with the key that `secret` stands for.
    ///
    /// Only the prefix tells base64 from plain text: many a plain text happens to be valid base64.
    pub(super) fn new(secret: &Secret) -> Result<Self, InvalidHttpConfig> {
        let key = match secret.expose_str().strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| InvalidHttpConfig::Secret)?,
            None => secret.expose().to_vec(),
        };
        let key = Zeroizing::new(key);
        if key.is_empty() {
            return Err(InvalidHttpConfig::Secret);
        }
        Hmac::new_from_slice(&key).map(Self).map_err(|_| InvalidHttpConfig::Secret)
    }

    /// The value of `webhook-signature` for an attempt at `timestamp`, in seconds since 1970.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: &str) -> Result<Signer, InvalidHttpConfig> {
        Signer::new(&Secret::new(secret).unwrap())
    }

    /// The vector of the tests of Standard Webhooks' own libraries.
    #[test]
    fn the_published_vector() {
        let signer = signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn only_the_prefix_makes_a_secret_base64() {
        let plain = signer("hush").unwrap().sign("id", 0, b"{}");
        let encoded = signer(&format!("whsec_{}", STANDARD.encode("hush"))).unwrap().sign("id", 0, b"{}");
        assert_eq!(plain, encoded);
        assert_ne!(plain, signer("whsec_hush").unwrap().sign("id", 0, b"{}"));
    }

    #[test]
    fn a_prefix_without_a_key_is_refused() {
        for secret in ["whsec_", "whsec_not base64", "whsec_YQ"] {
            assert_eq!(signer(secret).err(), Some(InvalidHttpConfig::Secret), "{secret}");
        }
    }
}
