//! Keeping the file small, sound and copied.

use futures_util::future::join_all;
use hooklatch_inbox::{Pruned, Retention};

use super::*;

const EVERYTHING: Retention = Retention { before: Some(datetime!(2100-01-01 0:00 UTC)), most_bytes: None };

impl Fixture {
    async fn prune(&self, retention: Retention) -> u64 {
        let mut events = 0;
        loop {
            let Pruned { events: pruned, is_unfinished, .. } = self.inbox.prune(retention).await.unwrap();
            events += pruned;
            if !is_unfinished {
                return events;
            }
        }
    }
}

#[tokio::test]
async fn pruned_space_is_given_back() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let filler = "x".repeat(30_000);
    for number in 0..600 {
        fixture.append("a", &format!("{number}{filler}")).await;
        let claimed = fixture.claim(1).await;
        fixture.settle(claimed[0].0, Outcome::Done).await;
    }
    let full = fixture.inbox.size().await.unwrap();
    assert!(full.used_bytes > 18_000_000, "{full:?}");
    let at_most = full.used_bytes / 2;
    let pruned = fixture.prune(Retention { before: None, most_bytes: Some(at_most) }).await;
    assert!((250..=600).contains(&pruned), "{pruned}");
    let half = fixture.inbox.size().await.unwrap();
    assert!(half.used_bytes <= at_most, "{half:?}");

    fixture.prune(EVERYTHING).await;
    fixture.inbox.close().await;
    let path = fixture.folder.path().join("hooklatch.db");
    assert!(std::fs::metadata(&path).unwrap().len() < 8_000_000);
}

/// Many identities of events that are long gone, as after years.
#[tokio::test]
async fn identities_are_no_reason_to_prune() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for number in 0..30 {
        fixture.append("a", &number.to_string()).await;
    }
    assert_eq!(fixture.drain().await.len(), 30);
    fixture.inbox.close().await;
    let path = fixture.folder.path().join("hooklatch.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60000)
             INSERT INTO identity SELECT randomblob(32), n, 0 FROM number",
        )
        .unwrap();
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    let used = fixture.inbox.size().await.unwrap().used_bytes;
    assert!(used > 2_500_000, "{used}");
    let tight = Retention { before: None, most_bytes: Some(1_000_000) };
    assert_eq!(fixture.prune(tight).await, 0, "events went because of what cannot go");
    assert!(!fixture.inbox.prune(tight).await.unwrap().is_too_large);
    let tighter = Retention { before: None, most_bytes: Some(1000) };
    assert_eq!(fixture.prune(tighter).await, 29);
    assert!(fixture.inbox.prune(tighter).await.unwrap().is_too_large);
}

/// How many bytes are in use, and how many of them by identities.
fn in_use(fixture: &Fixture) -> (u64, u64) {
    let log = rusqlite::Connection::open(fixture.folder.path().join("hooklatch.db")).unwrap();
    let number = |sql: &str| log.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    let pages = number("PRAGMA page_count") - number("PRAGMA freelist_count");
    let identities = number("SELECT sum(pgsize) FROM dbstat WHERE name = 'identity'");
    (pages * number("PRAGMA page_size"), identities)
}

/// What identities take is not measured each time: meanwhile it must not be thought too little.
#[tokio::test]
async fn identities_that_came_after_they_were_measured_are_no_reason_to_prune_either() {
    let fixture = Fixture::new(&[]).await;
    let size = |most| Retention { before: None, most_bytes: Some(most) };
    fixture.append("a", "measured").await;
    assert!(fixture.inbox.prune(size(0)).await.unwrap().is_too_large);
    for (round, more) in [400, 1, 800, 3000, 6000, 6000].into_iter().enumerate() {
        let bodies: Vec<_> = (0..more).map(|number| format!("{round} {number}")).collect();
        join_all(bodies.iter().map(|body| fixture.append("a", body))).await;
        let (used, identities) = in_use(&fixture);
        let Pruned { events, is_too_large, .. } = fixture.inbox.prune(size(used - identities)).await.unwrap();
        assert_eq!((events, is_too_large), (0, false), "{identities} of {used} bytes");
    }
    let (used, identities) = in_use(&fixture);
    assert!(identities > 500_000, "{identities}");

    // Where more than they take is too much, events go, and not more of them than have to.
    let most = (used - identities) / 4;
    assert!(fixture.prune(size(most)).await > 1000);
    let (used, identities) = in_use(&fixture);
    let step = 100_000;
    assert!(used - identities + step > most, "{identities} of {used} bytes, {most} may be");
}

#[tokio::test]
async fn large_events_are_pruned_a_few_at_a_time() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let filler = "x".repeat(100_000);
    for number in 0..100 {
        fixture.append("a", &format!("{number}{filler}")).await;
    }
    assert_eq!(fixture.drain().await.len(), 100);
    let Pruned { events, is_unfinished, .. } = fixture.inbox.prune(EVERYTHING).await.unwrap();
    assert!((1..=45).contains(&events) && is_unfinished, "{events} of 100 kB each in one step");
    assert_eq!(fixture.prune(EVERYTHING).await, 99 - events);
}

/// How many rows the index of subjects has, and how many stretches.
fn index(path: &std::path::Path) -> (u32, u32) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let count = |table: &str| {
        connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u32>(0))
            .unwrap()
    };
    (count("subject"), count("segment"))
}

async fn until_indexed(path: &std::path::Path, stretches: u32) {
    let begun = std::time::Instant::now();
    while index(path).1 < stretches {
        assert!(begun.elapsed() < Duration::from_secs(40), "the index is not filled");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Copies the newest event, which is done, so many times.
fn multiply(path: &std::path::Path, count: u32) {
    rusqlite::Connection::open(path)
        .unwrap()
        .execute_batch(&format!(
            "CREATE TEMP TABLE copy AS
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})
                SELECT (SELECT max(position) FROM event) AS original, (SELECT max(position) FROM event) + n AS position,
                       randomblob(32) AS identity FROM number;
             INSERT INTO identity SELECT identity, position, 0 FROM copy;
             INSERT INTO dispatch SELECT copy.position, consumer, replay, state, started, took
                FROM copy JOIN dispatch ON dispatch.position = original;
             INSERT INTO event SELECT copy.position, route, source, kind, topic, subject || copy.position, time, received,
                    proof, peer, attributes, fault, copy.identity, headers, body, sample
                FROM copy JOIN event ON event.position = original;"
        ))
        .unwrap();
}

/// Nothing but the dead event, and what left quarantine late, is left of the oldest stretches.
#[tokio::test]
async fn an_old_dead_event_does_not_keep_the_index_of_what_was_pruned() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let path = fixture.folder.path().join("hooklatch.db");
    let dead = fixture.append("dead", "dead").await.id;
    let reason = Outcome::Dead { error: "status 400".to_owned() };
    fixture.settle(fixture.claim(1).await[0].0, reason.clone()).await;
    let unread = Arrival {
        content: Content::Quarantined { reason: "the body is not JSON".to_owned() },
        consumers: Vec::new(),
        ..fixture.arrival("", "late")
    };
    let late = fixture.inbox.append(unread).await.unwrap().id;
    fixture.append("done", "done").await;
    fixture.drain().await;
    fixture.inbox.close().await;

    multiply(&path, 2 * 8192);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    until_indexed(&path, 2).await;
    fixture.inbox.release(late, fixture.arrival("late", "late")).await.unwrap();
    fixture.settle(fixture.claim(1).await[0].0, reason).await;
    fixture.inbox.close().await;
    multiply(&path, 8192);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    until_indexed(&path, 3).await;
    fixture.append("newest", "newest").await;
    assert!(index(&path).0 > 3 * 8000);

    assert!(fixture.prune(EVERYTHING).await > 3 * 8000);
    let (rows, stretches) = index(&path);
    assert_eq!(stretches, 2, "the one of the dead event, and the newest");
    assert!(rows <= 2 * 8192 + 1, "{rows}");
    for (subject, id) in [("dead", dead), ("late", late)] {
        let query = Query { subject: Some(subject.to_owned()), limit: 10, ..Query::default() };
        let found: Vec<_> = fixture.inbox.events(query).await.unwrap().events.iter().map(|e| e.id).collect();
        assert_eq!(found, [id], "{subject}");
    }
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_copy_is_whole_private_and_never_written_over_anything() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let id = fixture.append("a", "a1").await.id;
    let to = fixture.folder.path().join("copy.db");
    fixture.inbox.back_up(&to).await.unwrap();
    let again = fixture.inbox.back_up(&to).await.unwrap_err();
    assert_eq!(again.kind(), InboxErrorKind::Invalid, "{again}");
    fixture.append("a", "a2").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let copy = SqliteInbox::open(&to).unwrap();
    let spec = ConsumerSpec::new("c0", Ordering::Subject);
    let consumers = copy.register(&[spec]).await.unwrap();
    let claim = copy.claim(consumers[0], 10, NOON).await.unwrap();
    assert_eq!(claim.events.iter().map(|claimed| claimed.event.id).collect::<Vec<_>>(), [id]);
    assert_eq!(copy.verify().await.unwrap(), Vec::<String>::new());
    let nowhere = fixture.inbox.back_up(&fixture.folder.path().join("no/such/folder.db")).await.unwrap_err();
    assert_eq!(nowhere.kind(), InboxErrorKind::Invalid, "{nowhere}");
}

#[tokio::test]
async fn faults_are_found_and_named() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let id = fixture.append("a", "a1").await.id;
    let claimed = fixture.claim(1).await;
    fixture.settle(claimed[0].0, retry(60)).await;
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
    fixture.inbox.close().await;
    let path = fixture.folder.path().join("hooklatch.db");
    for (damage, fault) in [
        ("UPDATE held SET due = NULL", "behind nobody"),
        ("UPDATE event SET proof = 'faith'", "cannot be read"),
        ("UPDATE inbox SET identified = (SELECT max(position) FROM event)", "without its identity"),
        ("DELETE FROM event", "not there"),
    ] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let faults = SqliteLog::open(&path).unwrap().verify().await.unwrap();
        let found = faults.iter().any(|line| line.contains(fault) && line.contains(&id.to_string()));
        assert!(found, "{damage}: {faults:?}");
    }

    // SQLite's own answer has a headline, and a line for each page.
    let damage = "PRAGMA writable_schema = 1; DELETE FROM sqlite_master WHERE name = 'rejected_source'";
    rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    let faults = SqliteLog::open(&path).unwrap().verify().await.unwrap();
    assert!(faults.iter().any(|line| line.ends_with("never used")), "{faults:?}");
    assert!(faults.iter().all(|line| !line.contains('\n')), "{faults:?}");
}
