//! The token of the admin API, where the configuration names none: made once and kept beside the inbox.
//!
//! So the command line on the same machine finds it, and whoever may not read the inbox may not read it either.
//! A file that somebody else could have put there, or could have read, is not believed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hooklatch_core::Secret;

use super::secret::{random, write_private};

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

/// The token that is kept for the server of `inbox`.
///
/// # Errors
///
/// When there is none, the file cannot be read, others could have written or read it, or no token is in it.
pub(crate) fn read(inbox: &Path) -> io::Result<Secret> {
    let mut text = Vec::new();
    open_private(&file(inbox), inbox)?.take(MOST_BYTES).read_to_end(&mut text)?;
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
    match read(inbox) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = random().map_err(io::Error::other)?;
            write_private(&file(inbox), &format!("{token}\n"))?;
            Secret::new(token).ok_or_else(|| io::Error::other("no random bytes for a token"))
        }
        read => read,
    }
}

/// Opens a file that only its owner may touch: root, this user, or the owner of the inbox.
///
/// What is opened is looked at, not the path, which could lead elsewhere a moment later.
#[cfg(unix)]
fn open_private(file: &Path, inbox: &Path) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

    use rustix::fs::OFlags;

    let refuse = |why: String| {
        let message = format!("{why}; or delete it, to have another token made at the next start");
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    };
    // A pipe in its place must not hold us up.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = match File::options().read(true).custom_flags(flags).open(file) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return refuse("it is a symbolic link; put the file itself there".to_owned());
        }
        opened => opened?,
    };
    let found = opened.metadata()?;
    if !found.is_file() {
        return refuse("it is not a regular file; put one there".to_owned());
    }
    let user = rustix::process::geteuid().as_raw();
    let is_trusted = |owner: u32| owner == 0 || owner == user;
    // Root may call for the server of another user, whose inbox it is.
    if !is_trusted(found.uid()) && std::fs::metadata(inbox).map(|inbox| inbox.uid()).ok() != Some(found.uid())
    {
        return refuse(format!("it belongs to user {}, who is not you; make it yours", found.uid()));
    }
    if found.mode() & 0o077 != 0 {
        let mode = found.mode() & 0o777;
        return refuse(format!(
            "others may read or change it (mode {mode:o}); give it mode 600 if they did not"
        ));
    }
    Ok(opened)
}

#[cfg(not(unix))]
fn open_private(file: &Path, _inbox: &Path) -> io::Result<File> {
    File::open(file)
}

#[cfg(test)]
mod tests;
