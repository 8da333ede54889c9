//! Files that hold secrets: their owner's alone.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Who may own such a file besides root and this user.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust<'a> {
    /// Nobody.
    Nobody,
    /// Whoever owns this file.
    OwnerOf(&'a Path),
}

/// Opens a file that only its owner may touch: root, this user, or who is trusted besides.
///
/// What is opened is looked at, not the path, which could lead elsewhere a moment later.
///
/// # Errors
///
/// When it cannot be opened, or others could have read it or put it there: then with what to do, which may be to
/// delete it, to have `what` made at the next start.
#[cfg(unix)]
pub(super) fn open(file: &Path, trust: Trust<'_>, what: &str) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

    use rustix::fs::OFlags;

    let refuse = |why: String| {
        let message = format!("{why}; or delete it, to have {what} made at the next start");
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
    let other = match trust {
        Trust::OwnerOf(inbox) => std::fs::metadata(inbox).map(|inbox| inbox.uid()).ok(),
        Trust::Nobody => None,
    };
    if found.uid() != 0 && found.uid() != user && Some(found.uid()) != other {
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
pub(super) fn open(file: &Path, _trust: Trust<'_>, _what: &str) -> io::Result<File> {
    File::open(file)
}

/// Writes a file that only its owner may read. It is complete or not there.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A new temporary file has mode 0600.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    Ok(())
}
