//! Files of past versions open, and nothing in them is lost.

use std::path::{Path, PathBuf};

use super::*;

fn past(version: &str, folder: &Path) -> PathBuf {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/inbox-sqlite").join(version);
    let path = folder.join("hooklatch.db");
    std::fs::copy(kept, &path).unwrap();
    path
}

fn version(path: &Path) -> i32 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_file_of_version_1_is_brought_up_to_date_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = past("v1.db", folder.path());
    let error = SqliteLog::open(&path).unwrap_err();
    assert!(error.to_string().contains("version 1"), "{error}");

    let inbox = SqliteInbox::open(&path).unwrap();
    let states = |state| {
        let query = Query { state: Some(state), limit: 100, ..Query::default() };
        let events = inbox.events(query);
        async { events.await.unwrap().events.len() }
    };
    assert_eq!(states(EventState::Pending).await, 3);
    assert_eq!(states(EventState::Done).await, 1);
    assert_eq!(states(EventState::Dead).await, 2);
    assert_eq!(states(EventState::Quarantined).await, 1);
    let consumers = inbox.consumers().await.unwrap();
    let waiting: Vec<_> =
        consumers.iter().map(|c| (c.name.as_str(), c.pending, c.held, c.dead, c.paused.is_some())).collect();
    assert_eq!(
        waiting,
        [("archive", 0, 0, 0, true), ("billing", 0, 0, 2, false), ("orders-only", 3, 3, 0, false)]
    );

    let spec = ConsumerSpec::new("orders-only", Ordering::Subject);
    let ids = inbox.register(&[spec]).await.unwrap();
    let claim = inbox.claim(ids[0], 10, datetime!(2100-01-01 0:00 UTC)).await.unwrap();
    let subjects: Vec<_> =
        claim.events.into_iter().map(|claimed| claimed.event.reading.unwrap().subject).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    drop(inbox);
    assert!(version(&path) > 1);
}

#[tokio::test]
async fn a_file_of_version_2_still_knows_what_it_had_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = past("v2.db", folder.path());
    let inbox = SqliteInbox::open(&path).unwrap();
    let before = inbox.events(Query { limit: 100, ..Query::default() }).await.unwrap().events;
    assert_eq!(before.len(), 4);
    let unindexed: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM event WHERE position > (SELECT identified FROM inbox)", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(unindexed, 0, "its identities are in their table");
    assert_eq!(inbox.verify().await.unwrap(), Vec::<String>::new());
    let detail = inbox.event(before.last().unwrap().id).await.unwrap().unwrap();
    assert_eq!(detail.record.repeats, 1);
    drop(inbox);
    assert!(version(&path) > 2);
}

#[tokio::test]
async fn a_file_of_version_3_hands_on_the_bodies_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = SqliteInbox::open(&past("v3.db", folder.path())).unwrap();
    assert_eq!(inbox.verify().await.unwrap(), Vec::<String>::new());
    let ids = inbox.register(&[ConsumerSpec::new("billing", Ordering::Subject)]).await.unwrap();
    let claim = inbox.claim(ids[0], 10, datetime!(2100-01-01 0:00 UTC)).await.unwrap();
    let handed_on: Vec<_> = claim.events.iter().map(|claimed| claimed.event.body.clone()).collect();
    for case in ["shipment_shipped", "order_updated", "transaction_completed"] {
        let sample = std::fs::read(format!("../../fixtures/orders/{case}/body")).unwrap();
        assert!(handed_on.contains(&sample.into()), "{case}");
    }
    assert_eq!(handed_on.len(), 3);
    let quarantined = Query { state: Some(EventState::Quarantined), limit: 10, ..Query::default() };
    let quarantined = inbox.events(quarantined).await.unwrap().events;
    let broken = inbox.event(quarantined[0].id).await.unwrap().unwrap().event;
    assert_eq!(broken.body, r#"{"broken":"#.to_owned() + "\n");
}

#[tokio::test]
async fn a_new_file_and_a_migrated_one_have_the_same_tables() {
    let folder = tempfile::tempdir().unwrap();
    let tables = |path: &Path| -> Vec<(String, String)> {
        drop(SqliteInbox::open(path).unwrap());
        let connection = rusqlite::Connection::open(path).unwrap();
        let mut select =
            connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY 1").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let new = tables(&folder.path().join("new.db"));
    for version in ["v1.db", "v2.db", "v3.db"] {
        assert_eq!(tables(&past(version, folder.path())), new, "{version}");
    }
}
