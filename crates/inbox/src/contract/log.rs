//! The event log: every filter, pages without gaps or repeats, and questions that make no sense.

use std::collections::BTreeSet;

use bytes::Bytes;
use hooklatch_core::EventId;
use time::macros::datetime;

use super::stand::{NOON, ONE, Stand, bodies, dead, later, reading, retry};
use crate::{Arrival, Content, EventState, Outcome, Query, Reading};

cases![
    the_log_is_told_newest_first,
    every_filter_finds_what_it_says,
    filters_are_joined_by_and,
    a_state_is_found_wherever_the_event_lies,
    pages_have_no_gaps_and_no_repeats,
    a_page_goes_on_where_the_last_one_ended_whatever_arrived_since,
    a_question_that_makes_no_sense_finds_nothing,
    looking_changes_nothing,
];

/// The ids of some events, oldest first, told apart by everything that can be asked for.
async fn varied(stand: &Stand) -> Vec<EventId> {
    let mut ids = Vec::new();
    for number in 0..12_i64 {
        let subject = (number % 4 != 3).then(|| format!("order/{}", number % 3));
        let reading = Reading {
            kind: ["orders.order_updated", "orders.order_created", "picpay.Charge"][usize(number) % 3]
                .to_owned(),
            topic: ["order.updated", "payment.succeeded"][usize(number) % 2].to_owned(),
            subject,
            ..reading("")
        };
        let arrival = Arrival {
            source: ["shop", "shop-2"][usize(number) / 6].into(),
            received_at: later(number),
            body: Bytes::from(format!("{{\"n\": {number}, \"percent\": \"100%_*ü\"}}")),
            content: Content::Event(reading),
            ..stand.arrival("", &number.to_string())
        };
        ids.push(stand.take_in(arrival).await.id);
    }
    ids
}

fn usize(number: i64) -> usize {
    usize::try_from(number).unwrap()
}

/// Those of `ids` whose number passes, newest first.
fn newest_first(ids: &[EventId], wanted: impl Fn(usize) -> bool) -> Vec<EventId> {
    ids.iter().enumerate().rev().filter(|(number, _)| wanted(*number)).map(|(_, id)| *id).collect()
}

/// Without a filter every event is told, events that were repeated, quarantined and settled too, newest first.
async fn the_log_is_told_newest_first(stand: Stand) {
    let stand = stand.with(ONE).await;
    let mut ids = vec![stand.append("a", "a1").await.id, stand.take_in(stand.unreadable("?")).await.id];
    stand.append("a", "a1").await;
    ids.push(stand.append("b", "b1").await.id);
    stand.hand_on(NOON).await;
    ids.push(stand.append("a", "a2").await.id);
    ids.reverse();
    assert_eq!(stand.find(Query::default()).await, ids);
    let stand = stand.crash().await;
    assert_eq!(stand.find(Query::default()).await, ids);
    let page = stand.inbox.events(Query { limit: 10, ..Query::default() }).await.unwrap();
    assert_eq!(page.next, None);
    for record in page.events {
        assert_eq!(record, stand.detail(record.id).await.record);
    }
}

/// Whether the event with a number is to be found.
type Wanted = fn(usize) -> bool;

/// Each filter finds exactly the events that it describes.
async fn every_filter_finds_what_it_says(stand: Stand) {
    let stand = stand.with(ONE).await;
    let ids = varied(&stand).await;
    let text = |text: &str| Some(text.to_owned());
    let questions: [(Query, Wanted); 21] = [
        (Query { source: text("shop"), ..Query::default() }, |number| number < 6),
        (Query { source: text("shop-2"), ..Query::default() }, |number| number >= 6),
        (Query { kind: text("orders.*"), ..Query::default() }, |number| number % 3 < 2),
        (Query { kind: text("*e*d"), ..Query::default() }, |number| number % 3 < 2),
        (Query { kind: text("picpay.Charge"), ..Query::default() }, |number| number % 3 == 2),
        (Query { kind: text("*"), ..Query::default() }, |_| true),
        (Query { topic: text("payment.*"), ..Query::default() }, |number| number % 2 == 1),
        (Query { topic: text("order.updated"), ..Query::default() }, |number| number % 2 == 0),
        (Query { subject: text("order/1"), ..Query::default() }, |number| number % 3 == 1 && number % 4 != 3),
        (Query { since: Some(later(5)), ..Query::default() }, |number| number >= 5),
        (Query { until: Some(later(5)), ..Query::default() }, |number| number < 5),
        (Query { since: Some(datetime!(0001-01-01 0:00 UTC)), ..Query::default() }, |_| true),
        (Query { since: Some(datetime!(9999-01-01 0:00 UTC)), ..Query::default() }, |_| false),
        (Query { until: Some(datetime!(9999-01-01 0:00 UTC)), ..Query::default() }, |_| true),
        (Query { until: Some(datetime!(0001-01-01 0:00 UTC)), ..Query::default() }, |_| false),
        (Query { text: text("\"n\": 1"), ..Query::default() }, |number| number == 1 || number >= 10),
        (Query { text: text("100%_*ü"), ..Query::default() }, |_| true),
        (Query { text: text("1_0%"), ..Query::default() }, |_| false),
        (Query { text: text(""), ..Query::default() }, |_| true),
        (Query { state: Some(EventState::Pending), ..Query::default() }, |_| true),
        (Query { state: Some(EventState::Done), ..Query::default() }, |_| false),
    ];
    for (query, wanted) in questions {
        assert_eq!(stand.find(query.clone()).await, newest_first(&ids, wanted), "{query:?}");
    }
}

/// What is found fits every filter of the question.
async fn filters_are_joined_by_and(stand: Stand) {
    let stand = stand.with(ONE).await;
    let ids = varied(&stand).await;
    let query = Query {
        source: Some("shop-2".to_owned()),
        kind: Some("orders.*".to_owned()),
        topic: Some("payment.*".to_owned()),
        subject: Some("order/0".to_owned()),
        state: Some(EventState::Pending),
        since: Some(later(6)),
        until: Some(later(10)),
        text: Some("\"n\": 9".to_owned()),
        ..Query::default()
    };
    assert_eq!(stand.find(query.clone()).await, newest_first(&ids, |number| number == 9));
    for other in [
        Query { source: Some("shop".to_owned()), ..query.clone() },
        Query { kind: Some("picpay.*".to_owned()), ..query.clone() },
        Query { topic: Some("order.*".to_owned()), ..query.clone() },
        Query { subject: Some("order/1".to_owned()), ..query.clone() },
        Query { state: Some(EventState::Done), ..query.clone() },
        Query { since: Some(later(10)), ..query.clone() },
        Query { until: Some(later(9)), ..query.clone() },
        Query { text: Some("\"n\": 8".to_owned()), ..query.clone() },
    ] {
        assert!(stand.find(other.clone()).await.is_empty(), "{other:?}");
    }
}

/// Every event is found under its state, and under no other, however old and whatever lies between.
async fn a_state_is_found_wherever_the_event_lies(stand: Stand) {
    let stand = stand.with(ONE).await;
    let mut by_state: Vec<(EventState, EventId)> = Vec::new();
    for round in 0..4 {
        let quarantined = stand.take_in(stand.unreadable(&format!("no json {round}"))).await.id;
        by_state.push((EventState::Quarantined, quarantined));
        for (subject, outcome, state) in [
            ("a", Some(Outcome::Done), EventState::Done),
            ("b", Some(dead()), EventState::Dead),
            ("c", Some(retry(60)), EventState::Pending),
            ("d", None, EventState::Pending),
        ] {
            let subject = format!("{subject}{round}");
            let id = stand.append(&subject, &subject).await.id;
            by_state.push((state, id));
            let taken = stand.claim(1).await;
            assert_eq!(bodies(&taken), [subject]);
            if let Some(outcome) = outcome {
                stand.settle(&taken[0], outcome).await;
            }
        }
        let unwanted = Arrival { consumers: Vec::new(), ..stand.arrival("e", &format!("e{round}")) };
        by_state.push((EventState::Done, stand.take_in(unwanted).await.id));
    }
    by_state.reverse();
    let stand = stand.crash().await;
    for state in EventState::ALL {
        let expected: Vec<_> = by_state.iter().filter(|(own, _)| *own == state).map(|(_, id)| *id).collect();
        assert_eq!(stand.find(Query { state: Some(state), ..Query::default() }).await, expected, "{state}");
    }
}

/// Following `next` from page to page gives every event once, whatever the size of the page.
async fn pages_have_no_gaps_and_no_repeats(stand: Stand) {
    let stand = stand.with(ONE).await;
    let ids = varied(&stand).await;
    for (query, wanted) in [
        (Query::default(), newest_first(&ids, |_| true)),
        (Query { kind: Some("picpay.*".to_owned()), ..Query::default() }, newest_first(&ids, |n| n % 3 == 2)),
        (Query { source: Some("nobody".to_owned()), ..Query::default() }, Vec::new()),
    ] {
        for limit in [1, 2, 3, 4, 5, 11, 12, 13, usize::MAX] {
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = stand.inbox.events(Query { after, limit, ..query.clone() }).await.unwrap();
                assert!(page.events.len() <= limit);
                assert!(
                    page.next.is_none() || page.events.len() == limit,
                    "a short page that is not the last"
                );
                found.extend(page.events.into_iter().map(|record| record.id));
                assert!(found.len() <= wanted.len(), "{query:?} by {limit}: {found:?}");
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, wanted, "{query:?} by {limit}");
        }
    }
}

/// Events that arrive while somebody turns pages are not told on later pages, and none is told twice.
async fn a_page_goes_on_where_the_last_one_ended_whatever_arrived_since(stand: Stand) {
    let stand = stand.with(ONE).await;
    let ids = varied(&stand).await;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = stand.inbox.events(Query { limit: 5, after, ..Query::default() }).await.unwrap();
        found.extend(page.events.into_iter().map(|record| record.id));
        stand.append("new", &format!("new {}", found.len())).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, newest_first(&ids, |_| true));
}

/// Unknown ids, names and limits find nothing, or are refused; they break nothing.
async fn a_question_that_makes_no_sense_finds_nothing(stand: Stand) {
    let stand = stand.with(ONE).await;
    let ids = varied(&stand).await;
    let mut flipped = *ids[3].as_bytes();
    flipped[15] ^= 1;
    for id in [[0; 16], [0xff; 16], flipped].map(EventId::from_bytes) {
        assert!(stand.inbox.event(id).await.unwrap().is_none(), "{id}");
        // A place in another store's log is either refused or the end of this one.
        let page = stand.inbox.events(Query { after: Some(id), limit: 10, ..Query::default() }).await;
        assert!(page.is_err() || page.unwrap().events.is_empty(), "{id}");
    }
    let none = stand.inbox.events(Query { limit: 0, ..Query::default() }).await.unwrap();
    assert!(none.events.is_empty());
    for nonsense in ["", "\0", "nobody", "'", "\" OR 1=1 --", "%", "shop\0"] {
        let nonsense = || Some(nonsense.to_owned());
        for query in [
            Query { source: nonsense(), ..Query::default() },
            Query { kind: nonsense(), ..Query::default() },
            Query { topic: nonsense(), ..Query::default() },
            Query { subject: nonsense(), ..Query::default() },
        ] {
            assert!(stand.find(query.clone()).await.is_empty(), "{query:?}");
        }
    }
    let backwards = Query { since: Some(later(5)), until: Some(later(5)), ..Query::default() };
    assert!(stand.find(backwards).await.is_empty());
    assert_eq!(stand.find(Query::default()).await.len(), ids.len());
}

/// Whoever looks, however often, changes nothing of what is to be done.
async fn looking_changes_nothing(stand: Stand) {
    let stand = stand.with(ONE).await;
    let ids = varied(&stand).await;
    let first = stand.claim(1).await;
    let before: BTreeSet<String> =
        BTreeSet::from_iter([format!("{:?}", stand.inbox.consumers().await.unwrap())]);
    for id in &ids {
        stand.detail(*id).await;
        stand
            .find(Query { state: Some(EventState::Pending), text: Some("n".to_owned()), ..Query::default() })
            .await;
    }
    assert!(before.contains(&format!("{:?}", stand.inbox.consumers().await.unwrap())));
    stand.settle(&first[0], Outcome::Done).await;
    assert_eq!(stand.hand_on(NOON).await.len(), ids.len() - 1);
}
