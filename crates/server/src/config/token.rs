//! The token of the admin API, where the configuration names none: made once and kept beside the inbox.
//!
//! So the command line on the same machine finds it, and whoever may not read the inbox may not read it either.

use std::io;
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

/// The token that is kept for the server of `inbox`.
///
/// # Errors
///
/// When there is none, or the file cannot be read.
pub(crate) fn read(inbox: &Path) -> io::Result<Secret> {
    let text = std::fs::read_to_string(file(inbox))?;
    Secret::new(text.trim()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "the file is empty; delete it to have the token made anew")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = folder.path().join("hooklatch.db");
        std::fs::write(&inbox, "").unwrap();
        assert_eq!(read(&inbox).unwrap_err().kind(), io::ErrorKind::NotFound);
        let token = read_or_make(&inbox).unwrap();
        assert_eq!(token.expose().len(), 64);
        assert_eq!(read_or_make(&inbox).unwrap(), token);
        assert_eq!(read(&inbox).unwrap(), token);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt as _, symlink};
            let mode = std::fs::metadata(file(&inbox)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let link = folder.path().join("link.db");
            symlink(&inbox, &link).unwrap();
            assert_eq!(read(&link).unwrap(), token, "a link leads to the same inbox");
        }
    }

    #[test]
    fn an_empty_file_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = folder.path().join("hooklatch.db");
        std::fs::write(file(&inbox), "\n").unwrap();
        assert_eq!(read_or_make(&inbox).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
