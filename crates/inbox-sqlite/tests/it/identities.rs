//! Identities that are not in their table yet.

use futures_util::future::join_all;
use hooklatch_inbox::Retention;

use super::*;

/// More than are kept out of the table.
const MANY: usize = 16_000;

impl Fixture {
    fn named(&self, number: usize) -> Arrival {
        let identity = Identity::Notification { counter: None, name: number.to_string() };
        self.arrival_as("a", &number.to_string(), &identity)
    }

    /// Appends these, as many at once as may wait, in order.
    async fn append_each(&self, arrivals: impl Iterator<Item = Arrival>) -> Vec<Appended> {
        let (mut arrivals, mut all) = (arrivals.peekable(), Vec::new());
        while arrivals.peek().is_some() {
            let some = arrivals.by_ref().take(4000).map(|arrival| self.inbox.append(arrival));
            all.extend(join_all(some).await.into_iter().map(Result::unwrap));
        }
        all
    }

    /// Appends those of these numbers; how many of them are new.
    async fn append_all(&self, numbers: std::ops::Range<usize>) -> usize {
        let appended = self.append_each(numbers.map(|number| self.named(number))).await;
        appended.into_iter().filter(|appended| appended.is_new).count()
    }

    /// The files as `kill -9` would leave them now, opened: nothing was written, closed or copied for it.
    async fn as_if_killed(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["hooklatch.db", "hooklatch.db-wal"] {
            std::fs::copy(self.folder.path().join(name), folder.path().join(name)).unwrap();
        }
        Self::open(folder, &[]).await
    }

    /// How many events are before the part that is written behind, within it with their row, and without one.
    fn stand(&self) -> [i64; 3] {
        let log = rusqlite::Connection::open(self.folder.path().join("hooklatch.db")).unwrap();
        let sql = "SELECT count(*) FILTER (WHERE position <= identified),
                          count(*) FILTER (WHERE position > identified AND is_there),
                          count(*) FILTER (WHERE position > identified AND NOT is_there)
                   FROM (SELECT position, identified, identity IN (SELECT key FROM identity) AS is_there FROM event, inbox)";
        log.query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap()
    }

    async fn repeats(&self, id: EventId) -> u64 {
        self.inbox.event(id).await.unwrap().unwrap().record.repeats
    }
}

#[tokio::test]
async fn they_are_known_before_and_after_they_are_written_and_after_a_crash() {
    let mut fixture = Fixture::new(&[]).await;
    assert_eq!(fixture.append_all(0..MANY).await, MANY);
    for round in 1..=3 {
        fixture = fixture.crash(&[]).await;
        assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
        assert_eq!(fixture.append_all(0..MANY).await, 0);
        let last = fixture.inbox.append(fixture.named(MANY - 1)).await.unwrap();
        assert_eq!(fixture.repeats(last.id).await, 2 * round);
    }
    // The repeats have not hidden from the table what it had not got yet.
    assert_eq!(fixture.append_all(MANY..2 * MANY).await, MANY);
    assert_eq!(fixture.append_all(0..2 * MANY).await, 0);
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn every_acknowledged_event_is_known_again_whenever_the_process_is_killed() {
    let mut fixture = Fixture::new(&[]).await;
    let mut acknowledged = Vec::new();
    let mut stands = Vec::new();
    for (stage, more) in [1, 3000, 1500, 1500, 3500, 2000, 5000, 1, 4500].into_iter().enumerate() {
        let known = acknowledged.len();
        let new = fixture.append_each((known..known + more).map(|number| fixture.named(number))).await;
        acknowledged.extend(new.into_iter().map(|appended| appended.id));
        // Now and then it goes on after it was killed.
        if stage % 3 == 2 {
            fixture = fixture.as_if_killed().await;
        }
        stands.push(fixture.stand());

        let killed = fixture.as_if_killed().await;
        assert_eq!(killed.inbox.verify().await.unwrap(), Vec::<String>::new());
        let again = killed.append_each((0..known + more).map(|number| killed.named(number))).await;
        for (number, again) in again.into_iter().enumerate() {
            let first = Appended { id: acknowledged[number], is_new: false };
            assert_eq!(again, first, "{number} of {}, {:?}", known + more, killed.stand());
        }
        assert_eq!(killed.inbox.verify().await.unwrap(), Vec::<String>::new());
    }
    assert!(stands.iter().any(|[before, within, _]| before + within == 0), "{stands:?}");
    assert!(stands.iter().any(|[before, within, after]| *before.min(within).min(after) > 100), "{stands:?}");
}

/// How many events have an identity that is not in the table.
fn behind(fixture: &Fixture) -> i64 {
    let log = rusqlite::Connection::open(fixture.folder.path().join("hooklatch.db")).unwrap();
    let sql = "SELECT count(*) FROM event WHERE position > (SELECT identified FROM inbox)";
    log.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn few_events_wait_for_theirs_whatever_the_keys_are() {
    // A provider's counter: each key is greater than all before.
    let mut fixture = Fixture::new(&[]).await;
    let mut number = 0;
    for _ in 0..4 {
        let arrivals = (0..MANY).map(|_| {
            number += 1;
            let identity = Identity::Notification { counter: Some(number), name: number.to_string() };
            fixture.arrival_as("a", "a", &identity)
        });
        fixture.append_each(arrivals).await;
        assert!(behind(&fixture) <= 18_000, "{}", behind(&fixture));
        // Where nothing waits there is nothing to fall back behind.
        fixture = fixture.crash(&[]).await;
    }

    // The same few names again and again.
    let fixture = Fixture::new(&[Ordering::None]).await;
    for _ in 0..90 {
        let arrivals = (0..250).map(|name| {
            let identity = Identity::Signal { name: name.to_string() };
            fixture.arrival_as("a", "a", &identity)
        });
        for appended in fixture.append_each(arrivals).await {
            assert!(appended.is_new);
        }
        fixture.drain().await;
    }
    assert!(behind(&fixture) <= 18_000, "{}", behind(&fixture));
}

#[tokio::test]
async fn a_file_whose_identities_are_all_written_is_not_read_through_later() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append_all(0..10).await;
    let everything = Retention { before: Some(datetime!(2100-01-01 0:00 UTC)), most_bytes: None };
    fixture.drain().await;
    fixture.inbox.prune(everything).await.unwrap();
    let identified = |fixture: &Fixture| -> i64 {
        let log = rusqlite::Connection::open(fixture.folder.path().join("hooklatch.db")).unwrap();
        log.query_row("SELECT identified FROM inbox", [], |row| row.get(0)).unwrap()
    };
    let before = identified(&fixture);
    assert!(before > 0);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    for number in 1..4 {
        fixture.append_all(number * 4000..(number + 1) * 4000).await;
        assert!(identified(&fixture) >= before);
    }
}

#[tokio::test]
async fn a_repeat_of_what_was_pruned_soon_is_a_repeat_after_a_crash_too() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let first = fixture.append("a", "a1").await.id;
    fixture.append("a", "a2").await;
    fixture.drain().await;
    let everything = Retention { before: Some(datetime!(2100-01-01 0:00 UTC)), most_bytes: None };
    assert_eq!(fixture.inbox.prune(everything).await.unwrap().events, 1);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert_eq!(fixture.append("a", "a1").await, Appended { id: first, is_new: false });
}

#[tokio::test]
async fn a_signal_repeats_the_latest_of_its_name_also_across_a_crash() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let signal = Identity::Signal { name: "invoice/1".to_owned() };
    let send = async |fixture: &Fixture| fixture.inbox.append(fixture.arrival_as("a", "a", &signal)).await;
    let first = send(&fixture).await.unwrap();
    assert_eq!(send(&fixture).await.unwrap(), Appended { id: first.id, is_new: false });
    fixture.drain().await;
    let second = send(&fixture).await.unwrap();
    assert!(second.is_new);
    assert_eq!(send(&fixture).await.unwrap(), Appended { id: second.id, is_new: false });
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert_eq!(fixture.append_all(0..MANY).await, MANY);
    assert_eq!((fixture.repeats(first.id).await, fixture.repeats(second.id).await), (0, 1));
    // Whether anybody had begun with it is not known after a crash.
    let third = send(&fixture).await.unwrap();
    assert!(third.is_new);
    assert_eq!(send(&fixture).await.unwrap(), Appended { id: third.id, is_new: false });
}
