//! Bodies that are kept as what is different from a sample.

use super::*;

const SAMPLE: &[u8] = include_bytes!("../../../../fixtures/orders/order_updated/body");
const OTHER: &[u8] = include_bytes!("../../../../fixtures/orders/shipment_shipped/body");

impl Fixture {
    /// Appends a body like this sample.
    async fn append_like(&self, sample: &'static [u8], number: usize) -> (EventId, String) {
        let body = std::str::from_utf8(sample).unwrap().replacen('"', &format!("\"{number} "), 9);
        let arrival = Arrival { sample: Some(sample), ..self.arrival(&number.to_string(), &body) };
        (self.inbox.append(arrival).await.unwrap().id, body)
    }

    fn sql(&self, change: &str) -> i64 {
        let file = rusqlite::Connection::open(self.folder.path().join("hooklatch.db")).unwrap();
        file.execute_batch(change).unwrap();
        file.query_row("SELECT count(*) FROM sample", [], |row| row.get(0)).unwrap()
    }

    async fn body(&self, id: EventId) -> Bytes {
        self.inbox.event(id).await.unwrap().unwrap().event.body
    }
}

#[tokio::test]
async fn each_sample_is_written_down_once_and_outlives_the_program() {
    let mut fixture = Fixture::new(&[]).await;
    let mut appended = Vec::new();
    for number in 0..12 {
        appended.push(fixture.append_like(if number % 3 == 0 { OTHER } else { SAMPLE }, number).await);
        if number % 4 == 3 {
            fixture = fixture.crash(&[]).await;
        }
    }
    assert_eq!(fixture.sql(""), 2);
    for (id, body) in appended {
        assert_eq!(fixture.body(id).await, body);
    }
    let as_they_came = 8 * SAMPLE.len() + 4 * OTHER.len();
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
    let kept = "SELECT sum(length(body)) FROM event";
    let file = rusqlite::Connection::open(fixture.folder.path().join("hooklatch.db")).unwrap();
    let kept: usize = file.query_row(kept, [], |row| row.get(0)).unwrap();
    assert!(kept * 10 < as_they_came, "{kept} of {as_they_came}");
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_and_stops_nobody() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let mut appended = Vec::new();
    for number in 0..4 {
        appended.push(fixture.append_like(SAMPLE, number).await);
    }
    fixture.sql("UPDATE event SET body = substr(body, 1, 20) WHERE subject = '1'; UPDATE event SET sample = 7 WHERE subject = '2'");
    let faults = fixture.inbox.verify().await.unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    for (fault, (id, _), column) in [(&faults[0], &appended[1], "body"), (&faults[1], &appended[2], "sample")]
    {
        assert!(fault.contains(&id.to_string()) && fault.ends_with(column), "{fault}");
    }
    let query = Query { text: Some("\"0 ".to_owned()), limit: 10, ..Query::default() };
    let found = fixture.inbox.events(query).await.unwrap().events;
    assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), [appended[0].0]);
    let handed_on: Vec<_> = fixture.drain().await.into_iter().map(|(_, _, body)| body).collect();
    assert_eq!(handed_on, [appended[0].1.clone(), appended[3].1.clone()]);
}
