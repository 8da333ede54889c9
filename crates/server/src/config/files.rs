//! Which files consumers may write to: each one of its own, and none of the inbox's.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The files that are spoken for.
pub(super) struct Files {
    inbox: [PathBuf; 2],
    taken: HashSet<PathBuf>,
}

impl Files {
    /// None but those of the inbox at this path.
    pub(super) fn beside(inbox: &Path) -> Self {
        Self { inbox: spellings(inbox), taken: HashSet::new() }
    }

    /// Takes a file for a consumer.
    ///
    /// # Errors
    ///
    /// Whose it is already.
    pub(super) fn take(&mut self, file: &Path) -> Result<(), String> {
        let spellings = spellings(file);
        if spellings.iter().any(|file| self.inbox.iter().any(|inbox| belongs_to(file, inbox))) {
            let message = "belongs to the inbox, as every file beside it does whose name begins with its own";
            return Err(format!("{} {message}; name another", file.display()));
        }
        let [_, resolved] = spellings;
        if !self.taken.insert(resolved) {
            return Err(format!("two consumers write to {}", file.display()));
        }
        Ok(())
    }
}

/// Whether a file is the inbox, or one that stands beside it under a name that begins with its own: log, lock, token.
fn belongs_to(file: &Path, inbox: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().as_encoded_bytes().to_owned();
    file.parent() == inbox.parent() && name(file).starts_with(&name(inbox))
}

/// A path with its folder resolved, and with itself resolved too, which differs where it is a symbolic link.
fn spellings(path: &Path) -> [PathBuf; 2] {
    let named = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolved(folder).join(name),
        _ => path.to_owned(),
    };
    let resolved = path.canonicalize().unwrap_or_else(|_| named.clone());
    [named, resolved]
}

/// A path without links, `.` and `..`, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    path.canonicalize().unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolved(folder).join(name),
        _ => path.to_owned(),
    })
}
