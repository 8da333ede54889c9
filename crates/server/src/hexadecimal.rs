//! Bytes as hexadecimal digits.

use std::fmt::Write as _;
use std::io;

/// The digits of [`random`].
pub(crate) const RANDOM: usize = 64;

/// Two digits a byte, letters in lower case.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Digits that nobody can foresee.
///
/// # Errors
///
/// When the system has no random bytes.
pub(crate) fn random() -> io::Result<String> {
    let mut bytes = [0; RANDOM / 2];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(text(&bytes))
}
