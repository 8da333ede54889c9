//! Failures, races and crashes that once lost, repeated or reordered something.

use std::sync::atomic::{AtomicBool, Ordering as Atomic};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settled_is_settled_beside_a_claim() {
    let fixture = Arc::new(Fixture::new(&[Ordering::None]).await);
    for round in 0..12 {
        for number in 0..60 {
            fixture.append("a", &format!("{round} {number}")).await;
        }
        let claimed = fixture.claim(100).await;
        let again = claimed.iter().map(|(ticket, ..)| settlement(*ticket, retry(0))).collect();
        fixture.inbox.settle(fixture.consumers[0], again).await.unwrap();
        let claimed = fixture.claim(100).await;
        assert_eq!(claimed.len(), 60);
        // Settle all of it, one call each, while somebody claims: what a lane does.
        let over = Arc::new(AtomicBool::new(false));
        let busy_lane = {
            let (fixture, over) = (Arc::clone(&fixture), Arc::clone(&over));
            tokio::spawn(async move {
                let mut extra = Vec::new();
                while !over.load(Atomic::Relaxed) {
                    extra.extend(fixture.claim(1).await);
                }
                extra
            })
        };
        for (ticket, ..) in &claimed {
            fixture.settle(*ticket, Outcome::Done).await;
        }
        over.store(true, Atomic::Relaxed);
        let extra = busy_lane.await.unwrap();
        assert!(extra.is_empty(), "round {round}: settled and handed on again: {extra:?}");
    }
}

#[tokio::test]
async fn a_signal_that_nobody_wanted_does_not_swallow_those_that_somebody_wants() {
    let signal = Identity::Signal { name: "inv_1".to_owned() };
    let fixture = Fixture::new(&[]).await;
    assert!(fixture.inbox.append(fixture.arrival_as("i/1", "{}", &signal)).await.unwrap().is_new);
    // Later a consumer is configured.
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    let second = fixture.inbox.append(fixture.arrival_as("i/1", "{}", &signal)).await.unwrap();
    assert!(second.is_new, "answered 200 and handed to nobody");
    assert_eq!(fixture.claim(10).await.len(), 1);
}

#[tokio::test]
async fn a_signal_for_a_removed_consumer_does_not_swallow_later_ones() {
    let signal = Identity::Signal { name: "inv_1".to_owned() };
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    assert!(fixture.inbox.append(fixture.arrival_as("i/1", "{}", &signal)).await.unwrap().is_new);
    let Fixture { folder, inbox, .. } = fixture;
    inbox.close().await;
    drop(inbox);
    // The consumer is renamed.
    let inbox = SqliteInbox::open(&folder.path().join("hooklatch.db")).unwrap();
    let spec = ConsumerSpec { name: "renamed".to_owned(), ordering: Ordering::Subject };
    let consumers = inbox.register(&[spec]).await.unwrap();
    let fixture = Fixture { folder, inbox, consumers };
    let second = fixture.inbox.append(fixture.arrival_as("i/1", "{}", &signal)).await.unwrap();
    assert!(second.is_new, "answered 200 and handed to nobody");
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
async fn a_clock_that_is_set_back_does_not_stop_what_is_due() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.append("a", "a2").await;
    let claimed = fixture.claim(10).await;
    fixture.settle(claimed[0].0, retry(0)).await;
    let again = fixture.claim(10).await;
    fixture.settle(again[0].0, Outcome::Done).await;
    // a2 is next and has nothing to wait for.
    let yesterday = NOON - time::Duration::days(1);
    assert_eq!(bodies(&fixture.claim_at(10, yesterday).await), ["a2"]);
}

#[tokio::test]
async fn a_claim_reads_on_until_there_is_something_to_hand_out() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for number in 0..1100 {
        fixture.append(&format!("busy{}", number % 5), &format!("{number}")).await;
    }
    fixture.append("other", "other").await;
    let claimed = fixture.claim(16).await;
    assert_eq!(bodies(&claimed), ["0", "1", "2", "3", "4", "other"]);
}

#[tokio::test]
async fn attempts_under_way_do_not_hide_what_is_due() {
    let fixture = Fixture::new(&[Ordering::None]).await;
    for number in 0..200 {
        fixture.append("a", &format!("{number}")).await;
    }
    let claimed = fixture.claim(200).await;
    let again = claimed.iter().map(|(ticket, ..)| settlement(*ticket, retry(0))).collect();
    fixture.inbox.settle(fixture.consumers[0], again).await.unwrap();
    assert_eq!(fixture.claim(64).await.len(), 64);
    assert_eq!(fixture.claim(64).await.len(), 64);
    // 128 are under way, 72 more are due.
    assert_eq!(fixture.claim(1).await.len(), 1);
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
