//! Where a new consumer begins: with what comes, or with what is there.

use super::stand::{NOON, ONE, Stand, bodies, later, settlement, spec, specs};
use crate::{
    Arrival, ConsumerSpec, Content, DispatchState, EventState, Filter, Ordering, Outcome, Reading, Released,
    Start,
};

cases![
    who_begins_in_the_past_gets_what_is_there,
    what_is_there_and_what_comes_have_one_order,
    who_begins_at_a_time_gets_nothing_from_before_it,
    of_what_is_there_only_what_the_filter_lets_through_is_promised,
    what_cannot_be_read_is_not_promised,
    what_turned_out_to_be_a_repeat_is_not_promised,
    who_is_known_already_begins_nowhere_else,
    what_was_there_is_settled_for_good,
    what_was_there_is_overtaken_like_anything_else,
];

/// A new consumer that wants this of the events that are there.
fn from_the_past(since: Option<time::OffsetDateTime>, filter: Filter) -> ConsumerSpec {
    ConsumerSpec { start: Start::Past { since, filter }, ..spec("new", Ordering::Subject) }
}

/// With `c0` first and the new consumer second.
async fn joined(stand: Stand, new: ConsumerSpec) -> Stand {
    stand.with_specs(vec![specs(ONE).remove(0), new]).await
}

/// A consumer that begins in the past is promised all events that are there; nobody else gets them again.
async fn who_begins_in_the_past_gets_what_is_there(stand: Stand) {
    let stand = stand.with(ONE).await;
    let first = stand.append("a", "a1").await.id;
    stand.append("b", "b1").await;
    assert_eq!(stand.hand_on(NOON).await, ["a1", "b1"]);
    assert_eq!(stand.state(first).await, EventState::Done);
    let stand = joined(stand.crash_bare().await, from_the_past(None, Filter::default())).await;
    assert_eq!(stand.state(first).await, EventState::Pending);
    assert_eq!(stand.dispatches(first).await, [DispatchState::Done, DispatchState::Pending]);
    let taken = stand.claim_for(1, 10, NOON).await;
    assert_eq!(bodies(&taken), ["a1", "b1"]);
    assert!(taken.iter().all(|taken| taken.ticket.replay == 0 && taken.attempt == 1), "{taken:?}");
    assert!(stand.claim(10).await.is_empty(), "the other one has them");
    let done = taken.iter().map(|taken| settlement(taken, Outcome::Done)).collect();
    stand.settle_all(1, done).await;
    assert_eq!(stand.state(first).await, EventState::Done);
    assert_eq!(stand.inbox.verify().await.unwrap(), Vec::<String>::new());
}

/// Of one subject, what was there comes before what is appended after, one at a time.
async fn what_is_there_and_what_comes_have_one_order(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    stand.append("a", "a2").await;
    let stand = joined(stand, from_the_past(None, Filter::default())).await;
    stand.append("a", "a3").await;
    for body in ["a1", "a2", "a3"] {
        let taken = stand.claim_for(1, 10, NOON).await;
        assert_eq!(bodies(&taken), [body]);
        stand.settle_all(1, vec![settlement(&taken[0], Outcome::Done)]).await;
    }
}

/// A consumer that begins at a time gets what was received then or later; what is older was never promised to it.
async fn who_begins_at_a_time_gets_nothing_from_before_it(stand: Stand) {
    let stand = stand.with(ONE).await;
    let mut ids = Vec::new();
    for (seconds, body) in [(0, "before"), (60, "then"), (61, "after")] {
        let arrival = Arrival { received_at: later(seconds), ..stand.arrival(body, body) };
        ids.push(stand.take_in(arrival).await.id);
    }
    let stand = joined(stand.reopen_bare().await, from_the_past(Some(later(60)), Filter::default())).await;
    let taken = stand.claim_for(1, 10, later(100)).await;
    assert_eq!(bodies(&taken), ["then", "after"]);
    assert_eq!(stand.dispatches(ids[0]).await.len(), 1);
    let done = taken.iter().map(|taken| settlement(taken, Outcome::Done)).collect();
    stand.settle_all(1, done).await;
    let stand = stand.crash().await;
    assert!(stand.claim_for(1, 10, later(100)).await.is_empty());
}

/// Of the events that are there, a new consumer is promised those that its filter lets through, by any of its keys.
async fn of_what_is_there_only_what_the_filter_lets_through_is_promised(stand: Stand) {
    let texts = |text: &str| vec![text.to_owned()];
    let cases = [
        Filter { topic: texts("payment.*"), ..Filter::default() },
        Filter { source: texts("till"), ..Filter::default() },
        Filter { kind: texts("picpay.*"), ..Filter::default() },
        Filter { attributes: vec![("campaign".to_owned(), texts("7"))], ..Filter::default() },
    ];
    let mut stand = stand.with(ONE).await;
    stand.append("a", "usual").await;
    let unusual = Arrival {
        source: "till".into(),
        content: Content::Event(Reading {
            kind: "picpay.charge".to_owned(),
            topic: "payment.failed".to_owned(),
            subject: None,
            time: None,
            attributes: vec![("campaign".to_owned(), "7".to_owned())],
        }),
        ..stand.arrival("b", "unusual")
    };
    stand.take_in(unusual).await;
    for (number, filter) in cases.into_iter().enumerate() {
        let new = from_the_past(None, filter.clone());
        stand = joined(stand, ConsumerSpec { name: format!("new {number}"), ..new }).await;
        assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["unusual"], "{filter:?}");
    }
}

/// What is in quarantine is promised to nobody.
async fn what_cannot_be_read_is_not_promised(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.take_in(stand.unreadable("nonsense")).await.id;
    let stand = joined(stand, from_the_past(None, Filter::default())).await;
    assert!(stand.claim_for(1, 10, NOON).await.is_empty());
    assert_eq!(stand.state(id).await, EventState::Quarantined);
    assert!(stand.dispatches(id).await.is_empty());
}

/// A consumer that the store knows goes on where it stopped, whatever it now says of its beginning.
async fn who_is_known_already_begins_nowhere_else(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "before").await;
    let stand = joined(stand, spec("new", Ordering::Subject)).await;
    let again = from_the_past(None, Filter::default());
    let stand = joined(stand, again.clone()).await;
    assert!(stand.claim_for(1, 10, NOON).await.is_empty());
    let stand = joined(stand.crash_bare().await, again).await;
    stand.append("a", "after").await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["after"]);
}

/// What was handed on of what was there does not come again after a crash, and the rest does.
async fn what_was_there_is_settled_for_good(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "b1", "c1"] {
        stand.append(body, body).await;
    }
    let stand = joined(stand, from_the_past(None, Filter::default())).await;
    let taken = stand.claim_for(1, 10, NOON).await;
    stand.settle_all(1, vec![settlement(&taken[1], Outcome::Done)]).await;
    let stand = stand.crash().await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1", "c1"]);
}

/// Who wants only the latest of a subject gets neither what was overtaken when it came, nor what is overtaken since.
async fn what_was_there_is_overtaken_like_anything_else(stand: Stand) {
    let at = |stand: &Stand, body: &str, seconds| {
        let arrival = stand.arrival("a", body);
        let Content::Event(reading) = arrival.content else { unreachable!("an event") };
        let content = Content::Event(Reading { time: Some(later(seconds)), ..reading });
        Arrival { content, ..stand.arrival("a", body) }
    };
    let stand = stand.with(ONE).await;
    for (body, seconds) in [("old", 0), ("newest", 60), ("late", 30)] {
        stand.take_in(at(&stand, body, seconds)).await;
    }
    let new = ConsumerSpec { ordering: Ordering::Latest, ..from_the_past(None, Filter::default()) };
    let stand = joined(stand, new).await;
    let taken = stand.claim_for(1, 10, NOON).await;
    assert_eq!(bodies(&taken), ["newest"]);
    stand.settle_all(1, vec![settlement(&taken[0], Outcome::Done)]).await;
    stand.take_in(at(&stand, "later still", 45)).await;
    assert!(stand.claim_for(1, 10, NOON).await.is_empty());
}

/// A request that turned out to repeat another is in the store, and is no event for anybody.
async fn what_turned_out_to_be_a_repeat_is_not_promised(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    let quarantined = stand.append_unread("odd").await;
    let released = stand.inbox.release(quarantined, stand.arrival("a", "a1")).await.unwrap();
    assert!(matches!(released, Released::Repeat(_)), "{released:?}");
    let stand = joined(stand, from_the_past(None, Filter::default())).await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1"]);
    assert_eq!(stand.state(quarantined).await, EventState::Done);
}
