//! Failures, races and crashes that once lost, repeated or reordered something.

use super::*;

fn db(fixture: &Fixture) -> std::path::PathBuf {
    fixture.folder.path().join("hooklatch.db")
}

/// Lets the next transaction of the inbox fail: another program writes for longer than the inbox waits.
async fn while_nobody_can_write<T>(path: &std::path::Path, doing: impl Future<Output = T>) -> T {
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let result = doing.await;
    other.execute_batch("ROLLBACK").unwrap();
    result
}

fn settlement(ticket: Ticket, outcome: Outcome) -> Settlement {
    Settlement { ticket, started_at: NOON, took: Duration::ZERO, outcome }
}

#[tokio::test]
async fn a_settlement_that_could_not_be_written_keeps_the_order() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.append("a", "a2").await;
    let claimed = fixture.claim(10).await;
    assert_eq!(bodies(&claimed), ["a1"]);
    let failed = vec![settlement(claimed[0].0, retry(60))];
    let result =
        while_nobody_can_write(&db(&fixture), fixture.inbox.settle(fixture.consumers[0], failed.clone()))
            .await;
    assert!(result.is_err());
    // What a lane does next: it claims, then settles again.
    assert!(fixture.claim(10).await.is_empty());
    fixture.inbox.settle(fixture.consumers[0], failed).await.unwrap();
    assert_eq!(bodies(&fixture.claim(10).await), [""; 0], "a1 is not settled");
}

#[tokio::test]
async fn a_settlement_that_could_not_be_written_keeps_the_order_across_a_crash() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.append("a", "a2").await;
    let claimed = fixture.claim(10).await;
    let failed = vec![settlement(claimed[0].0, retry(60))];
    let result =
        while_nobody_can_write(&db(&fixture), fixture.inbox.settle(fixture.consumers[0], failed.clone()))
            .await;
    assert!(result.is_err());
    assert!(fixture.claim(10).await.is_empty());
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert_eq!(bodies(&fixture.claim(10).await), ["a1"]);
}

#[tokio::test]
async fn an_inbox_whose_file_is_gone_is_not_replaced_by_an_empty_one() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    let path = db(&fixture);
    let failed = while_nobody_can_write(&path, fixture.inbox.append(fixture.arrival("a", "a2"))).await;
    assert!(failed.is_err());
    // As when the volume is gone and the path is an empty folder of the disk below.
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let acknowledged = fixture.inbox.append(fixture.arrival("a", "a3")).await;
    assert!(acknowledged.is_err(), "acknowledged into a new, empty inbox");
}

#[tokio::test]
async fn what_is_acknowledged_after_the_file_was_gone_is_handed_on() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    let path = db(&fixture);
    let failed = while_nobody_can_write(&path, fixture.inbox.append(fixture.arrival("a", "a2"))).await;
    assert!(failed.is_err());
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    if fixture.inbox.append(fixture.arrival("a", "a3")).await.is_ok() {
        let fixture = fixture.crash(&[Ordering::Subject]).await;
        assert_eq!(bodies(&fixture.claim(10).await), ["a3"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn two_never_work_on_one_inbox_by_two_names() {
    let fixture = Fixture::new(&[]).await;
    let other = fixture.folder.path().join("other.db");
    std::os::unix::fs::symlink(db(&fixture), &other).unwrap();
    let second = SqliteInbox::open(&other);
    assert!(second.is_err(), "two writers on one file");
}

#[tokio::test]
async fn one_unreadable_event_does_not_stop_a_consumer() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for name in ["a", "b", "c"] {
        fixture.append(name, name).await;
    }
    rusqlite::Connection::open(db(&fixture))
        .unwrap()
        .execute("UPDATE event SET proof = 'mtls' WHERE subject = 'b'", [])
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        if let Ok(claim) = fixture.inbox.claim(fixture.consumers[0], 10, NOON).await {
            seen.extend(claim.events.into_iter().map(|claimed| claimed.event.body));
        }
    }
    assert_eq!(seen, ["a", "c"]);
}

#[tokio::test]
async fn what_was_released_is_given_back_once_that_is_written() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.append("b", "b1").await;
    let claimed = fixture.claim(10).await;
    let both = vec![settlement(claimed[0].0, Outcome::Released), settlement(claimed[1].0, Outcome::Done)];
    let result =
        while_nobody_can_write(&db(&fixture), fixture.inbox.settle(fixture.consumers[0], both.clone())).await;
    assert!(result.is_err());
    assert_eq!(bodies(&fixture.claim(10).await), [""; 0], "nothing is given back before that is written");
    fixture.inbox.settle(fixture.consumers[0], both).await.unwrap();
    assert_eq!(bodies(&fixture.claim(10).await), ["a1"]);
    assert_eq!(bodies(&fixture.claim(10).await), [""; 0], "a1 is being handed on");
}

#[tokio::test]
async fn an_inbox_that_was_dropped_is_not_opened_while_it_still_writes() {
    for _ in 0..20 {
        let fixture = Fixture::new(&[Ordering::Subject]).await;
        let path = db(&fixture);
        // Senders that went away: their requests are on their way to the writer all the same.
        for number in 0..200 {
            let append =
                fixture.inbox.append(fixture.arrival("a", &format!("{number} {}", "x".repeat(50_000))));
            let _ = tokio::time::timeout(Duration::ZERO, append).await;
        }
        let Fixture { folder: _folder, inbox, .. } = fixture;
        drop(inbox);
        let again = SqliteInbox::open(&path).unwrap();
        let count = || {
            rusqlite::Connection::open(&path)
                .unwrap()
                .query_row("SELECT count(*) FROM event", [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let before = count();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(count(), before, "somebody else writes to an inbox that is open here");
        again.close().await;
    }
}
