//! The index of subjects, and consumers that want only the latest of each.

use hooklatch_inbox::{Replay, Selection};

use super::*;

impl Fixture {
    fn arrival_at(&self, subject: &str, body: &str, time: OffsetDateTime) -> Arrival {
        let mut arrival = self.arrival(subject, body);
        if let Content::Event(reading) = &mut arrival.content {
            reading.time = Some(time);
        }
        arrival
    }

    async fn append_at(&self, subject: &str, body: &str, minutes: u64) -> EventId {
        let time = NOON + Duration::from_mins(minutes);
        self.inbox.append(self.arrival_at(subject, body, time)).await.unwrap().id
    }
}

/// More than two stretches of the index, and a rest that is not indexed.
#[tokio::test]
async fn the_index_finds_what_is_in_it_and_what_is_not_yet() {
    let fixture = Arc::new(Fixture::new(&[Ordering::Latest]).await);
    let senders: Vec<_> = (0..20_u64)
        .map(|sender| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move {
                for number in 0..1000 {
                    let body = format!("{sender}-{number}");
                    fixture.append_at(&format!("order/{}", number % 500), &body, number).await;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let path = fixture.folder.path().join("hooklatch.db");
    let stretches = || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.query_row("SELECT count(*) FROM segment", [], |row| row.get::<_, u32>(0)).unwrap()
    };
    let begun = std::time::Instant::now();
    while stretches() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the index is not filled");
        tokio::time::sleep(Duration::from_millis(50)).await;
        fixture.append_at("nudge", &format!("{:?}", begun.elapsed()), 0).await;
    }
    let query = Query { subject: Some("order/7".to_owned()), limit: 100, ..Query::default() };
    let found = fixture.inbox.events(query.clone()).await.unwrap();
    assert_eq!(found.events.len(), 40);
    assert!(found.events.is_sorted_by(|newer, older| newer.id > older.id));
    let first = fixture.inbox.events(Query { limit: 30, ..query.clone() }).await.unwrap();
    let rest = fixture.inbox.events(Query { after: first.next, ..query }).await.unwrap();
    assert_eq!([first.events, rest.events].concat(), found.events);

    // Of each subject the twenty events with the newest time are left.
    let claimed = fixture.drain().await;
    let orders = claimed.iter().filter(|(_, _, body)| body.contains('-')).count();
    assert_eq!(orders, 500 * 20);
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
}

/// As it is where a large file of version 1 was brought up to date.
#[tokio::test]
async fn while_the_index_is_far_behind_nobody_guesses_what_is_the_latest() {
    let fixture = Fixture::new(&[Ordering::Latest]).await;
    fixture.append_at("a", "old", 1).await;
    fixture.inbox.close().await;
    let path = fixture.folder.path().join("hooklatch.db");
    let file = rusqlite::Connection::open(&path).unwrap();
    // Many that nobody wants, and no stretch that counts as indexed.
    file.execute_batch(
        "INSERT INTO route (consumers) VALUES ('');
         WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 80000)
         INSERT INTO event (position, route, source, kind, topic, subject, time, received, proof, identity, headers, body)
         SELECT position + n, (SELECT id FROM route WHERE consumers = ''), source, kind, topic, 'order/' || n, time,
                received, proof, randomblob(32), headers, body
         FROM event CROSS JOIN number WHERE subject = 'a';
         CREATE TRIGGER held_up BEFORE INSERT ON segment BEGIN SELECT RAISE(IGNORE); END;",
    )
    .unwrap();
    let fixture = fixture.crash(&[Ordering::Latest]).await;
    fixture.append_at("a", "new", 5).await;
    for _ in 0..6 {
        let claim = fixture.inbox.claim(fixture.consumers[0], 10, NOON).await.unwrap();
        assert!(claim.events.is_empty(), "{:?}", claim.events);
        let wait = claim.next_due.unwrap() - NOON;
        assert!(wait > Duration::ZERO && wait < Duration::from_secs(20), "{wait}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let old = fixture.inbox.events(Query { limit: 100_000, ..Query::default() }).await.unwrap().events.pop();
    let replay = Replay { events: Selection::One(old.unwrap().id), consumer: None, dry_run: false };
    assert_eq!(
        fixture.inbox.replay(replay).await.unwrap().pending,
        1,
        "it is not settled as overtaken either"
    );

    file.execute_batch("DROP TRIGGER held_up").unwrap();
    let begun = std::time::Instant::now();
    let mut handed_on = fixture.drain().await;
    while handed_on.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(40), "it does not go on by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
        handed_on = fixture.drain().await;
    }
    assert_eq!(bodies(&handed_on), ["new"]);
}
