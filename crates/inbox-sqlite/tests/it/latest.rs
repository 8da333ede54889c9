//! The index of subjects, and consumers that want only the latest of each.

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
