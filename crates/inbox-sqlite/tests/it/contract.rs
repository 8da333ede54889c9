//! The embedded inbox against the contract of every store.

use async_trait::async_trait;
use hooklatch_inbox::{Inbox, contract};

use super::*;

/// A folder of its own for the file.
struct Bench(tempfile::TempDir);

#[async_trait]
impl contract::Bench for Bench {
    async fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Box<dyn Inbox> {
        Box::new(SqliteInbox::open(&self.0.path().join("hooklatch.db")).unwrap())
    }

    async fn crash(&self, inbox: Box<dyn Inbox>) {
        drop(inbox);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract() {
    contract::suite::<Bench>().await;
}

#[test]
fn random_calls() {
    contract::random::<Bench>();
}
