//! Connections that read beside the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hooklatch_inbox::{InboxError, InboxErrorKind};
use rusqlite::Connection;

use crate::fault::{closed, unavailable};
use crate::schema;

/// Connections to one file.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    /// Those that are open and not in use; `None` once nobody may read any more.
    idle: Arc<Mutex<Option<Vec<Connection>>>>,
}

/// The most connections that are kept open.
const MOST_IDLE: usize = 8;

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `read` with a connection of its own, on a thread that may block.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, InboxError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let readers = self.clone();
        tokio::task::spawn_blocking(move || readers.read_blocking(read))
            .await
            .map_err(|error| InboxError::new(InboxErrorKind::Unavailable, error))?
    }

    fn read_blocking<T>(
        &self,
        read: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, InboxError> {
        let idle = self.idle().as_mut().ok_or_else(closed)?.pop();
        let mut connection = idle.map_or_else(|| schema::open_reader(&self.path), Ok)?;
        // A connection whose read failed is not used again.
        let result = read(&mut connection).map_err(|error| unavailable(&self.path, &error))?;
        if let Some(idle) = self.idle().as_mut().filter(|idle| idle.len() < MOST_IDLE) {
            idle.push(connection);
        }
        Ok(result)
    }

    /// Lets go of all connections that are not in use, and refuses whoever wants to read from now on.
    pub(crate) fn close(&self) {
        *self.idle() = None;
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
