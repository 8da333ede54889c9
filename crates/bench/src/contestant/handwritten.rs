//! What people write when they need a receiver that keeps what it acknowledges: an afternoon of axum and rusqlite.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use rusqlite::{Connection, params};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::Result;

/// Its name on the command line.
pub(super) const ROLE: &str = "handwritten";

type Database = Arc<Mutex<Connection>>;

/// Checks the token, reads the JSON, stores a row under a unique id in a transaction of its own, answers 200.
pub(super) async fn run(address: SocketAddr, folder: &Path) -> Result<()> {
    let database = Connection::open(folder.join("handwritten.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute(
        "CREATE TABLE webhook (id TEXT PRIMARY KEY, type TEXT, body TEXT NOT NULL, state TEXT NOT NULL)",
        [],
    )?;
    let router = Router::new().route("/{source}", post(receive)).with_state(Arc::new(Mutex::new(database)));
    axum::serve(TcpListener::bind(address).await?, router).await?;
    Ok(())
}

async fn receive(State(database): State<Database>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if headers.get("authorization").is_none_or(|token| token != "bench-secret") {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let stored = tokio::task::spawn_blocking(move || store(&database, &event, &body)).await;
    match stored {
        Ok(Ok(())) => StatusCode::OK,
        Ok(Err(_)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn store(database: &Mutex<Connection>, event: &Value, body: &[u8]) -> rusqlite::Result<()> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let database = database.lock().unwrap_or_else(PoisonError::into_inner);
    let mut insert =
        database.prepare_cached("INSERT OR IGNORE INTO webhook VALUES (?1, ?2, ?3, 'pending')")?;
    insert.execute(params![text("id"), text("type"), String::from_utf8_lossy(body)])?;
    Ok(())
}
