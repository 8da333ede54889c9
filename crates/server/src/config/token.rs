//! The token of the admin API, where the configuration names none: made once and kept beside the inbox.
//!
//! So the command line on the same machine finds it, and whoever may not read the inbox may not read it either.
//! A file that somebody else could have put there, or could have read, is not believed.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hooklatch_core::Secret;

use super::private::{self, Trust};
use crate::hexadecimal;

/// The file that keeps the token for the server of `inbox`.
pub(crate) fn file(inbox: &Path) -> PathBuf {
    // Beside the file itself, whatever links lead to it, like the lock.
    let mut name = inbox.canonicalize().unwrap_or_else(|_| inbox.to_owned()).into_os_string();
    name.push(".admin-token");
    name.into()
}

/// Whether a token can stand in an `authorization` header (RFC 6750, section 2.1).
pub(crate) fn is_bearer(token: &[u8]) -> bool {
    !token.is_empty() && token.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte))
}

/// The most bytes of the file that are read; a token that is made has 64.
const MOST_BYTES: u64 = 4096;

/// The token that is kept for the server of `inbox`, for a command that asks it.
///
/// Root may call for the server of another user, whose inbox it is.
///
/// # Errors
///
/// When there is none, the file cannot be read, others could have written or read it, or no token is in it.
pub(crate) fn read(inbox: &Path) -> io::Result<Secret> {
    read_of(inbox, Trust::OwnerOf(inbox))
}

fn read_of(inbox: &Path, trust: Trust<'_>) -> io::Result<Secret> {
    let mut text = Vec::new();
    private::open(&file(inbox), trust, "another token")?.take(MOST_BYTES).read_to_end(&mut text)?;
    let token = text.trim_ascii();
    let found = if is_bearer(token) { std::str::from_utf8(token).ok().and_then(Secret::new) } else { None };
    found.ok_or_else(|| {
        let kind = io::ErrorKind::InvalidData;
        io::Error::new(kind, "there is no token in it; delete it to have one made at the next start")
    })
}

/// The token that is kept for the server of `inbox`, made now if there is none.
///
/// Only whoever holds the inbox may call it: two that make one at the same time would disagree.
///
/// # Errors
///
/// When it can be neither read nor written.
pub(crate) fn read_or_make(inbox: &Path) -> io::Result<Secret> {
    match read_of(inbox, Trust::Nobody) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = hexadecimal::random()?;
            private::write(&file(inbox), &format!("{token}\n"))?;
            Secret::new(token).ok_or_else(|| io::Error::other("no random bytes for a token"))
        }
        read => read,
    }
}

#[cfg(test)]
mod tests;
