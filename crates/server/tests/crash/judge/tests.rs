//! Each violation, constructed and found.

use std::time::{Duration, Instant};

use super::*;
use crate::ledger::Acknowledged;

/// A webhook that was sent at one second and acknowledged at another.
fn sent(sort: Sort, sent: u64, acknowledged: &[(&str, u64)]) -> Sent {
    let begun = Instant::now();
    let at = |seconds| begun + Duration::from_secs(seconds);
    let acknowledged = acknowledged.iter().map(|(id, second)| Acknowledged {
        id: (*id).to_owned(),
        sent: at(sent),
        at: at(*second),
    });
    Sent { sort, source: "shop".into(), first: at(sent), acknowledged: acknowledged.collect() }
}

fn sheet(webhooks: &[(&str, Sent)]) -> Sheet {
    let by_body = webhooks.iter().map(|(body, sent)| (body.as_bytes().to_vec(), sent.clone())).collect();
    Sheet { by_body, ..Sheet::default() }
}

fn stored(events: &[(&str, &str)]) -> Vec<Stored> {
    let event = |(id, state): &(&str, &str)| Stored {
        id: (*id).to_owned(),
        state: (*state).to_owned(),
        received: String::new(),
    };
    events.iter().map(event).collect()
}

/// A delivery about one subject; an id that ends in `!` was not taken.
fn delivery(id: &str, body: &str) -> Delivery {
    Delivery {
        id: id.trim_end_matches('!').to_owned(),
        source: "/sources/shop".to_owned(),
        subject: Some("order/1".to_owned()),
        body: body.as_bytes().to_vec(),
        at: None,
        is_taken: !id.ends_with('!'),
    }
}

fn deliveries(ids: &[&str]) -> Vec<Delivery> {
    ids.iter().map(|id| delivery(id, "")).collect()
}

#[track_caller]
fn found(violations: &[Violation], expected: &[(Rule, &str)]) {
    let found: Vec<_> = violations.iter().map(|violation| (violation.rule, violation.id.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_acknowledged_event_that_is_not_stored_is_lost() {
    let sheet = sheet(&[("x", sent(Sort::Once, 0, &[("1", 1)])), ("y", sent(Sort::Once, 0, &[("2", 1)]))]);
    found(&acknowledged(&sheet, &stored(&[("1", "done"), ("2", "pending")])), &[]);
    found(&acknowledged(&sheet, &stored(&[("1", "done")])), &[(Rule::Lost, "2")]);
}

#[test]
fn one_webhook_is_one_event_and_a_signal_may_be_several() {
    let all = stored(&[("1", "done"), ("2", "done")]);
    let twice = [("1", 1), ("2", 2)];
    found(&acknowledged(&sheet(&[("x", sent(Sort::Signal, 0, &twice))]), &all), &[]);
    found(&acknowledged(&sheet(&[("x", sent(Sort::Once, 0, &twice))]), &all), &[(Rule::Identity, "1")]);
    let one = sent(Sort::Once, 0, &[("1", 1)]);
    let shared = sheet(&[("x", one.clone()), ("y", one)]);
    found(&acknowledged(&shared, &all), &[(Rule::Identity, "1")]);
}

#[test]
fn a_strange_answer_is_a_violation() {
    let sheet = Sheet { strange: vec!["404".to_owned()], ..Sheet::default() };
    found(&acknowledged(&sheet, &[]), &[(Rule::Answer, "")]);
}

#[test]
fn what_is_sent_after_an_answer_stands_behind_it() {
    let first = ("x", sent(Sort::Once, 0, &[("5", 2)]));
    // Sent while the other was under way, so either may be first.
    found(&arrival(&sheet(&[first.clone(), ("y", sent(Sort::Once, 1, &[("4", 3)]))])), &[]);
    let late = ("y", sent(Sort::Once, 3, &[("4", 4)]));
    found(&arrival(&sheet(&[first, late])), &[(Rule::Arrival, "4")]);
}

#[test]
fn everything_stored_comes_and_nothing_else() {
    let sheet = sheet(&[("x", sent(Sort::Once, 0, &[("1", 1)])), ("y", sent(Sort::Once, 0, &[]))]);
    let all = stored(&[("1", "done"), ("2", "done"), ("3", "quarantined")]);
    let judge = |deliveries: &[Delivery]| handed_on("service", &sheet, &all, deliveries);
    let (x, y) = (delivery("1", "x"), delivery("2", "y"));
    found(&judge(&[x.clone(), y.clone(), x.clone()]), &[]);
    found(&judge(std::slice::from_ref(&x)), &[(Rule::NotHandedOn, "2")]);
    found(
        &judge(&[x.clone(), y.clone(), delivery("9", "y")]),
        &[(Rule::NotStored, "9"), (Rule::Identity, "9")],
    );
    found(&judge(&[x.clone(), delivery("2", "x")]), &[(Rule::Identity, "2"), (Rule::Identity, "2")]);
    found(&judge(&[x.clone(), delivery("2", "z")]), &[(Rule::NotSent, "2")]);
    let elsewhere = Delivery { source: "/sources/other".to_owned(), ..y };
    found(&judge(&[x, elsewhere]), &[(Rule::NotSent, "2")]);
}

#[test]
fn a_subject_is_handed_on_in_order() {
    let judge = |ids: &[&str]| order("service", &deliveries(ids));
    found(&judge(&["1", "1", "2", "3!", "3!", "3", "4"]), &[]);
    found(&judge(&["2", "1"]), &[(Rule::Overtaken, "1")]);
    found(&judge(&["1!", "2"]), &[(Rule::Overtaken, "2")]);
    found(&judge(&["1", "2", "1"]), &[(Rule::Unsettled, "1")]);
    let mut two = deliveries(&["2", "1"]);
    two[1].subject = Some("order/2".to_owned());
    found(&order("service", &two), &[]);
}

#[test]
fn what_is_done_stays_done() {
    let done = HashSet::from(["1".to_owned()]);
    found(&settled("archive", &done, &deliveries(&["2"])), &[]);
    found(&settled("archive", &done, &deliveries(&["2", "1"])), &[(Rule::Unsettled, "1")]);
    let before = stored(&[("1", "done"), ("2", "pending")]);
    found(&still_done(&before, &stored(&[("1", "done"), ("2", "dead")])), &[]);
    found(&still_done(&before, &stored(&[("1", "pending"), ("2", "done")])), &[(Rule::Unsettled, "1")]);
    found(&still_done(&before, &stored(&[("2", "done")])), &[(Rule::Unsettled, "1")]);
    found(&ended(&stored(&[("1", "done"), ("2", "quarantined"), ("3", "dead")])), &[(Rule::NotEnded, "3")]);
}

#[test]
fn after_a_signal_somebody_looks() {
    let signal = sent(Sort::Signal, 10, &[("1", 11)]);
    let at = |seconds: u64| {
        let begun = signal.first.checked_sub(Duration::from_secs(10)).unwrap();
        Delivery { at: Some(begun + Duration::from_secs(seconds)), ..delivery("1", "x") }
    };
    let judge = |deliveries: &[Delivery]| signals("service", &sheet(&[("x", signal.clone())]), deliveries);
    found(&judge(&[at(5), at(12)]), &[]);
    found(&judge(&[at(5)]), &[(Rule::SignalLost, "1")]);
    found(&judge(&[]), &[(Rule::SignalLost, "1")]);
}
