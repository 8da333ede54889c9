//! Pico documents no signature, no secret and no header: the only proof is what the URL is made to carry.
//!
//! It says nothing about the body: whoever has it can send anything.

use hooklatch_core::{Access, Proof, Request, Signed, Unauthenticated};

/// Adds what the configured URL makes the sender give.
pub(crate) fn sign(access: &Access) -> Signed {
    Signed::with_access(access)
}

/// Checks what the configured URL makes the sender give; without any, nothing is proven.
pub(crate) fn verify(request: &Request, access: &Access) -> Result<Proof, Unauthenticated> {
    access.verify(request)
}
