//! The index of subjects, whether it is filled from what the writer noted or from the log.

use futures_util::future::join_all;

use super::*;

/// Events in a stretch of the index.
const STRETCH: u32 = 8192;

impl Fixture {
    /// Appends events of 500 subjects, and tells how many subjects the index has once it has `stretches`.
    async fn fill(&self, from: u32, to: u32, stretches: i64) -> i64 {
        for numbers in (from..to).collect::<Vec<_>>().chunks(1024) {
            let append = |number: &u32| {
                self.inbox.append(self.arrival(&format!("s{}", number % 500), &number.to_string()))
            };
            assert!(join_all(numbers.iter().map(append)).await.iter().all(Result::is_ok));
        }
        for _ in 0..600 {
            let written = self.count("segment");
            if written >= stretches {
                assert_eq!(written, stretches);
                return self.count("subject");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the index has fewer than {stretches} stretches");
    }

    fn count(&self, table: &str) -> i64 {
        let file = rusqlite::Connection::open(self.folder.path().join("hooklatch.db")).unwrap();
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    async fn found(&self, subject: &str) -> usize {
        let query = Query { subject: Some(subject.to_owned()), limit: 1000, ..Query::default() };
        self.inbox.events(query).await.unwrap().events.len()
    }
}

#[tokio::test]
async fn each_subject_is_found_across_a_crash() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let rest = 100;
    assert_eq!(fixture.fill(0, STRETCH + rest, 1).await, i64::from(STRETCH));
    let found = fixture.found("s200").await;
    assert_eq!(found, usize::try_from((STRETCH + rest - 200).div_ceil(500)).unwrap());

    // The rest, number 8200 in it, was noted by a writer that is gone: now the log has to tell.
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert_eq!(fixture.fill(STRETCH + rest, 3 * STRETCH + rest, 3).await, i64::from(3 * STRETCH));
    let found = fixture.found("s200").await;
    assert_eq!(found, usize::try_from((3 * STRETCH + rest - 200).div_ceil(500)).unwrap());
}

#[tokio::test]
async fn what_leaves_quarantine_before_its_stretch_is_indexed_is_found() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let mut unread = fixture.arrival("late", "{}");
    unread.content = Content::Quarantined { reason: "unknown".to_owned() };
    let id = fixture.inbox.append(unread).await.unwrap().id;
    let released = fixture.inbox.release(id, fixture.arrival("late", "{}")).await.unwrap();
    assert_eq!(released, hooklatch_inbox::Released::Event);

    // Another one turns out to be a repeat of the first.
    let mut unread = fixture.arrival("late", "[]");
    unread.content = Content::Quarantined { reason: "unknown".to_owned() };
    let id = fixture.inbox.append(unread).await.unwrap().id;
    let released = fixture.inbox.release(id, fixture.arrival("late", "{}")).await.unwrap();
    assert!(matches!(released, hooklatch_inbox::Released::Repeat(_)), "{released:?}");

    assert_eq!(fixture.found("late").await, 2);
    fixture.fill(0, STRETCH, 1).await;
    assert_eq!(fixture.found("late").await, 2);
}
