//! Appending: what was acknowledged is there, once, as it came.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::join_all;
use hooklatch_core::Proof;

use super::stand::{NOON, ONE, Stand, TWO, later};
use crate::{Arrival, Content, EventState, Query, Reading};

cases![
    an_event_is_stored_as_it_came,
    whatever_a_request_holds_is_kept,
    what_was_acknowledged_outlives_a_crash,
    fifty_copies_at_once_are_one_event,
    many_at_once_are_all_kept,
    an_id_is_a_uuid_of_version_7_and_stays,
    what_nobody_wants_is_done,
    a_body_comes_back_byte_for_byte_whatever_it_resembles,
    what_could_not_be_read_is_kept_and_handed_to_nobody,
    the_news_is_out_before_the_answer,
    order_is_that_of_arrival_whatever_the_clock_says,
];

/// Whoever claims an event, and whoever looks it up, gets every field that was appended.
async fn an_event_is_stored_as_it_came(stand: Stand) {
    let stand = stand.with(ONE).await;
    for (number, proof) in [Proof::Signature, Proof::Token, Proof::Path, Proof::None].into_iter().enumerate()
    {
        let peers = [Some("192.0.2.7".parse().unwrap()), Some("2001:db8::1".parse().unwrap()), None];
        let arrival = || Arrival {
            peer: peers[number % 3],
            proof,
            received_at: later(1) + time::Duration::microseconds(7),
            ..stand.arrival(&format!("order/{number}"), &number.to_string())
        };
        let id = stand.take_in(arrival()).await.id;
        let claim = stand.inbox.claim(stand.consumers[0], 1, NOON).await.unwrap();
        let detail = stand.detail(id).await;
        assert_eq!(detail.fault, None);
        for event in [&claim.events[0].event, &detail.event] {
            check(event, &arrival());
            assert_eq!(event.id, id);
        }
        let Content::Event(reading) = arrival().content else { unreachable!() };
        let record = detail.record;
        assert_eq!((record.id, record.source.as_str(), record.proof), (id, "shop", proof));
        assert_eq!((record.kind, record.topic), (Some(reading.kind), Some(reading.topic)));
        assert_eq!((record.subject, record.time), (reading.subject, reading.time));
        assert_eq!((record.received_at, record.repeats), (arrival().received_at, 0));
    }
}

#[track_caller]
fn check(event: &crate::StoredEvent, arrival: &Arrival) {
    assert_eq!((&*event.source, &*event.provider), (&*arrival.source, arrival.provider));
    assert_eq!((event.received_at, event.peer), (arrival.received_at, arrival.peer));
    assert_eq!(event.proof, arrival.proof);
    assert_eq!((&event.body, &event.headers[..]), (&arrival.body, &arrival.headers[..]));
    let (Content::Event(expected), Some(stored)) = (&arrival.content, &event.reading) else {
        panic!("not an event any more: {event:?}")
    };
    let by_name = |reading: &Reading| {
        let mut reading = reading.clone();
        reading.attributes.sort();
        reading
    };
    assert_eq!(by_name(stored), by_name(expected));
}

/// A sample is a help for the store, and no part of the event.
async fn a_body_comes_back_byte_for_byte_whatever_it_resembles(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    let bodies = bodies();
    let mut ids = Vec::new();
    for body in &bodies {
        let number = ids.len().to_string();
        let arrival = Arrival { body: body.clone(), sample: Some(SAMPLE), ..stand.arrival(&number, &number) };
        ids.push(stand.take_in(arrival).await.id);
    }
    for _ in 0..2 {
        for (id, body) in ids.iter().zip(&bodies) {
            assert_eq!(&stand.detail(*id).await.event.body, body);
        }
        stand = stand.reopen().await;
    }
    let mut found = stand.find(Query { text: Some("Maria".to_owned()), ..Query::default() }).await;
    found.sort_unstable();
    assert_eq!(found, ids[1..3]);
    let claim = stand.inbox.claim(stand.consumers[0], 10, NOON).await.unwrap();
    let handed_on: Vec<_> = claim.events.into_iter().map(|claimed| claimed.event.body).collect();
    assert_eq!(handed_on, bodies);
}

/// A published body.
const SAMPLE: &[u8] =
    br#"{"event":"charge.paid","data":{"id":"00000000-0000-0000-0000-000000000000","amount":100,
    "currency":"BRL","status":"PAID","customer":{"name":"Somebody","email":"somebody@example.com"},
    "transactions":[{"paymentType":"CREDIT","installmentNumber":1,"transactionId":"1","brand":"VISA"}]}}"#;

/// The sample itself, two like it, three that are not.
fn bodies() -> [Bytes; 6] {
    let sample = std::str::from_utf8(SAMPLE).unwrap();
    [
        Bytes::from_static(SAMPLE),
        sample.replace("Somebody", "Maria").into(),
        [sample, &" ".repeat(100_000), sample].concat().replace("100", "Maria").into(),
        Bytes::new(),
        "{}".into(),
        (0..=u8::MAX).cycle().take(300_000).collect(),
    ]
}

/// Bytes and texts are kept whatever is in them: nothing that was proven is refused for what it says.
async fn whatever_a_request_holds_is_kept(stand: Stand) {
    let stand = stand.with(ONE).await;
    let texts = ["", " ", "\0", "a\0b", "'; DROP TABLE event; --", "\\", "%_*", "naïve 🦀", "\u{feff}\r\n\t"];
    for (number, text) in texts.into_iter().enumerate() {
        let attributes = [("test", text), (text, "x")];
        let arrival = || Arrival {
            headers: [b"x: \xff\xfe ", text.as_bytes(), b"\n"].concat(),
            body: Bytes::from([b"\0\xff", text.as_bytes()].concat()),
            content: Content::Event(Reading {
                kind: format!("orders.{text}"),
                topic: text.to_owned(),
                subject: Some(text.to_owned()),
                time: None,
                attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            }),
            ..stand.arrival("", &number.to_string())
        };
        let id = stand.take_in(arrival()).await.id;
        let claim = stand.inbox.claim(stand.consumers[0], 1, NOON).await.unwrap();
        check(&claim.events[0].event, &arrival());
        check(&stand.detail(id).await.event, &arrival());
        assert_eq!(stand.find(Query { subject: Some(text.to_owned()), ..Query::default() }).await, [id]);
    }
    let long = "x".repeat(1 << 20);
    let id = stand.append("long", &long).await.id;
    assert_eq!(stand.detail(id).await.event.body, long);
    let id = stand.take_in(stand.arrival("empty", "")).await.id;
    assert!(stand.detail(id).await.event.body.is_empty());
}

/// What `append` answered holds after a crash: the event, who wants it, and that it was repeated.
async fn what_was_acknowledged_outlives_a_crash(stand: Stand) {
    let stand = stand.with(TWO).await;
    let first = stand.append("a", "a1").await;
    assert!(first.is_new);
    let stand = stand.crash().await;
    assert_eq!(stand.detail(first.id).await.event.body, "a1");
    let repeat = stand.append("a", "a1").await;
    assert!(!repeat.is_new);
    assert_eq!(repeat.id, first.id);

    let stand = stand.crash().await;
    assert_eq!(stand.detail(first.id).await.record.repeats, 1);
    for consumer in [0, 1] {
        let taken = stand.claim_for(consumer, 10, NOON).await;
        assert_eq!(taken.iter().map(|taken| taken.id).collect::<Vec<_>>(), [first.id]);
    }
}

/// However many copies arrive at the same time, one is stored, all are answered, and all with its id.
async fn fifty_copies_at_once_are_one_event(stand: Stand) {
    let stand = stand.with(ONE).await;
    let copies = join_all((0..50).map(|_| stand.append("a", "a1"))).await;
    assert_eq!(copies.iter().filter(|copy| copy.is_new).count(), 1);
    let ids: BTreeSet<_> = copies.iter().map(|copy| copy.id).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let detail = stand.detail(copies[0].id).await;
    assert_eq!(detail.record.repeats, 49);
    assert_eq!(stand.hand_on(NOON).await, ["a1"]);
}

/// Different requests that arrive at the same time are different events, each handed on once.
async fn many_at_once_are_all_kept(stand: Stand) {
    let stand = stand.with(ONE).await;
    let numbers = 0..200;
    let bodies: Vec<String> = numbers.map(|number| number.to_string()).collect();
    let appended = join_all(bodies.iter().map(|body| stand.append(&format!("s{}", body.len()), body))).await;
    let ids: BTreeSet<_> = appended.iter().map(|appended| appended.id).collect();
    assert_eq!(ids.len(), bodies.len());
    let stand = stand.crash().await;
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort_by_key(|body| body.parse::<u32>().unwrap());
    assert_eq!(handed_on, bodies);
}

/// The id is a UUID of version 7 and the same after every restart.
async fn an_id_is_a_uuid_of_version_7_and_stays(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    let text = id.to_string();
    assert_eq!(text.as_bytes()[14], b'7', "{text}");
    assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
    let stand = stand.reopen().await.crash().await;
    assert_eq!(stand.claim(1).await[0].id, id);
    assert_eq!(stand.detail(id).await.record.id, id);
}

/// An event that no consumer wants is kept and has nothing left to do.
async fn what_nobody_wants_is_done(stand: Stand) {
    let stand = stand.with(ONE).await;
    let unwanted = Arrival { consumers: Vec::new(), ..stand.arrival("a", "a1") };
    let id = stand.take_in(unwanted).await.id;
    assert!(stand.claim(10).await.is_empty());
    assert_eq!(stand.state(id).await, EventState::Done);
    assert!(stand.detail(id).await.dispatches.is_empty());
}

/// A request in quarantine is kept with the reason, repeats of it are counted, and nobody gets it.
async fn what_could_not_be_read_is_kept_and_handed_to_nobody(stand: Stand) {
    let stand = stand.with(ONE).await;
    let first = stand.take_in(stand.unreadable("no json")).await;
    assert!(first.is_new);
    assert!(!stand.take_in(stand.unreadable("no json")).await.is_new);
    assert!(stand.take_in(stand.unreadable("no json either")).await.is_new);
    assert!(stand.claim(10).await.is_empty());

    let stand = stand.crash().await;
    let detail = stand.detail(first.id).await;
    assert_eq!((detail.record.state, detail.record.repeats), (EventState::Quarantined, 1));
    assert_eq!(detail.fault.as_deref(), Some("the body is not JSON"));
    assert_eq!((detail.record.kind, detail.record.topic), (None, None));
    assert_eq!(detail.event.reading, None);
    assert_eq!(detail.event.body, "no json");
    assert!(stand.claim(10).await.is_empty());
}

/// Whoever waits for news has it no later than the sender has the answer.
async fn the_news_is_out_before_the_answer(stand: Stand) {
    let stand = stand.with(ONE).await;
    let mut arrivals = stand.inbox.arrivals();
    arrivals.borrow_and_update();
    stand.append("a", "a1").await;
    assert!(arrivals.has_changed().unwrap());
}

/// A clock that is set back changes neither the order in which events are handed on nor that of the log.
async fn order_is_that_of_arrival_whatever_the_clock_says(stand: Stand) {
    let stand = stand.with(ONE).await;
    let mut ids = Vec::new();
    for (body, seconds) in [("a1", 60), ("a2", 0), ("a3", -3600), ("a4", 30)] {
        let arrival = Arrival { received_at: later(seconds), ..stand.arrival("a", body) };
        ids.push(stand.take_in(arrival).await.id);
    }
    ids.reverse();
    assert_eq!(stand.find(Query::default()).await, ids);
    assert_eq!(stand.hand_on(NOON).await, ["a1", "a2", "a3", "a4"]);
    let stand = stand.crash().await;
    let arrival = Arrival { received_at: later(-7200), ..stand.arrival("a", "a5") };
    ids.insert(0, stand.take_in(arrival).await.id);
    assert_eq!(stand.find(Query::default()).await, ids);
}
