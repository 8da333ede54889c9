//! Claims while a settlement is on its way to the disk.

use futures_util::FutureExt as _;

use super::*;

/// How long a claim may take that waits for nobody: shorter than the inbox waits for another program.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Keeps the writer of the inbox, and with it whatever is to be written, waiting until it is dropped.
struct Obstacle(rusqlite::Connection);

impl Obstacle {
    fn new(fixture: &Fixture) -> Self {
        let other = rusqlite::Connection::open(fixture.folder.path().join("hooklatch.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(other)
    }
}

impl Drop for Obstacle {
    fn drop(&mut self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

impl Fixture {
    /// Which bodies wait on disk for the first consumer, oldest first.
    fn held(&self) -> Vec<String> {
        let log = rusqlite::Connection::open(self.folder.path().join("hooklatch.db")).unwrap();
        let mut select = log
            .prepare("SELECT CAST(body AS TEXT) FROM held JOIN event USING (position) ORDER BY position")
            .unwrap();
        let held = select.query_map([], |row| row.get(0)).unwrap();
        held.collect::<Result<_, _>>().unwrap()
    }
}

#[tokio::test]
async fn a_claim_with_nothing_to_write_does_not_wait_for_a_settlement() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for (subject, body) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        fixture.append(subject, body).await;
    }
    let first = fixture.claim(1).await;
    assert_eq!(bodies(&first), ["a1"]);
    let obstacle = Obstacle::new(&fixture);
    let mut settling = Box::pin(fixture.settle(first[0].0, Outcome::Done));
    assert!((&mut settling).now_or_never().is_none());

    // The rest of the subject waits for the settlement, others do not, and neither does whoever finds nothing.
    for expected in [&["b1"][..], &[]] {
        let claimed = tokio::time::timeout(AT_ONCE, fixture.claim(10)).await.unwrap();
        assert_eq!(bodies(&claimed), expected);
        assert!((&mut settling).now_or_never().is_none(), "it ended although nobody could write");
    }
    drop(obstacle);
    settling.await;
    assert_eq!(bodies(&fixture.claim(10).await), ["a2"]);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert_eq!(bodies(&fixture.drain().await), ["a2", "b1"]);
}

#[tokio::test]
async fn what_a_claim_parks_during_a_settlement_is_written_with_the_claim() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.append("b", "b1").await;
    let first = fixture.claim(10).await;
    assert_eq!(bodies(&first), ["a1", "b1"]);
    fixture.settle(first[0].0, retry(60)).await;
    for (subject, body) in [("a", "a2"), ("c", "c1"), ("a", "a3")] {
        fixture.append(subject, body).await;
    }
    let obstacle = Obstacle::new(&fixture);
    let mut settling = Box::pin(fixture.settle(first[1].0, Outcome::Done));
    assert!((&mut settling).now_or_never().is_none());

    let mut claiming = Box::pin(fixture.claim(10));
    let waited = tokio::time::timeout(Duration::from_millis(500), &mut claiming).await;
    assert!(waited.is_err(), "what waits behind a1 cannot have been written");
    drop(obstacle);
    let ((), claimed) = tokio::join!(settling, claiming);
    assert_eq!(bodies(&claimed), ["c1"]);
    assert_eq!(fixture.held(), ["a1", "a2", "a3"]);
    fixture.settle(claimed[0].0, Outcome::Done).await;

    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert!(fixture.claim(10).await.is_empty());
    for body in ["a1", "a2", "a3"] {
        let next = fixture.claim_at(10, NOON + Duration::from_mins(1)).await;
        assert_eq!(bodies(&next), [body]);
        fixture.settle(next[0].0, Outcome::Done).await;
    }
    assert!(fixture.claim_at(10, NOON + Duration::from_mins(1)).await.is_empty());
}

/// The settlement parks who waits in memory, the claim who is read meanwhile: both go to the disk, in order.
#[tokio::test]
async fn what_a_claim_reads_behind_an_event_that_is_just_failing_waits_behind_it() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.append("a", "a2").await;
    let first = fixture.claim(10).await;
    assert_eq!(bodies(&first), ["a1"]);
    fixture.append("a", "a3").await;
    let obstacle = Obstacle::new(&fixture);
    let mut settling = Box::pin(fixture.settle(first[0].0, retry(60)));
    assert!((&mut settling).now_or_never().is_none());
    let mut claiming = Box::pin(fixture.claim(10));
    let _ = tokio::time::timeout(Duration::from_millis(500), &mut claiming).await;
    drop(obstacle);
    let ((), claimed) = tokio::join!(settling, claiming);
    assert_eq!(bodies(&claimed), [""; 0]);
    assert_eq!(fixture.held(), ["a1", "a2", "a3"]);

    let fixture = fixture.crash(&[Ordering::Subject]).await;
    for body in ["a1", "a2", "a3"] {
        let next = fixture.claim_at(10, NOON + Duration::from_mins(1)).await;
        assert_eq!(bodies(&next), [body]);
        fixture.settle(next[0].0, Outcome::Done).await;
    }
}
