//! Settling: what was written down about an attempt holds from then on.

use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::time::Duration;

use futures_util::future::join_all;

use super::stand::{
    NOON, ONE, Stand, TOOK, TWO, Taken, bodies, dead, later, retry, settlement, sorted_bodies,
};
use crate::{AttemptRecord, DispatchState, EventState, Ordering, Outcome, Settlement, Ticket};

cases![
    what_is_done_is_told_with_its_attempt,
    what_failed_comes_again_when_it_is_due,
    what_is_dead_never_comes_again,
    what_was_given_back_comes_again_as_it_was,
    every_attempt_is_told_in_order,
    settled_is_settled_across_a_crash,
    settlements_of_one_call_hold_together,
    what_is_not_claimed_cannot_be_settled,
    nobody_settles_for_another,
    an_event_is_done_when_everyone_has_it,
    settled_is_settled_beside_claims,
];

fn failed(error: &str) -> AttemptRecord {
    AttemptRecord { started_at: NOON, took: TOOK, error: Some(error.to_owned()) }
}

/// A dispatch that is done says when its attempt began and how long it took.
async fn what_is_done_is_told_with_its_attempt(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    let untouched = stand.detail(id).await;
    assert_eq!(untouched.record.state, EventState::Pending);
    assert_eq!(untouched.dispatches.len(), 1);
    assert_eq!(untouched.dispatches[0].consumer, "c0");
    assert_eq!((untouched.dispatches[0].replay, untouched.dispatches[0].due), (0, None));
    assert_eq!(untouched.dispatches[0].state, DispatchState::Pending);
    assert!(untouched.dispatches[0].attempts.is_empty());

    let taken = stand.claim(10).await;
    assert_eq!((taken[0].attempt, taken[0].ticket.replay), (1, 0));
    stand.settle(&taken[0], Outcome::Done).await;
    let detail = stand.detail(id).await;
    assert_eq!(detail.record.state, EventState::Done);
    assert_eq!((detail.dispatches[0].state, detail.dispatches[0].due), (DispatchState::Done, None));
    let attempt = AttemptRecord { started_at: NOON, took: TOOK, error: None };
    assert_eq!(detail.dispatches[0].attempts, [attempt]);
    assert!(stand.claim(10).await.is_empty());
}

/// A failed attempt is told, and the next one is not made before it is due.
async fn what_failed_comes_again_when_it_is_due(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    let taken = stand.claim(10).await;
    stand.settle(&taken[0], retry(60)).await;

    let detail = stand.detail(id).await;
    assert_eq!(detail.record.state, EventState::Pending);
    let dispatch = &detail.dispatches[0];
    assert_eq!((dispatch.state, dispatch.due), (DispatchState::Waiting, Some(later(60))));
    assert_eq!(dispatch.attempts, [failed("status 500")]);

    let early = stand.inbox.claim(stand.consumers[0], 10, later(59)).await.unwrap();
    assert!(early.events.is_empty());
    assert_eq!(early.next_due, Some(later(60)));
    let again = stand.claim_at(10, later(60)).await;
    assert_eq!((again[0].id, again[0].attempt), (id, 2));
    stand.settle(&again[0], Outcome::Done).await;
    assert_eq!(stand.detail(id).await.dispatches[0].due, None);
    let idle = stand.inbox.claim(stand.consumers[0], 10, later(60)).await.unwrap();
    assert_eq!(idle.next_due, None);
}

/// What was given up is told with the reason, counted, and stays so.
async fn what_is_dead_never_comes_again(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    stand.settle(&stand.claim(10).await[0], dead()).await;
    let stand = stand.crash().await;
    assert!(stand.claim_at(10, later(1_000_000)).await.is_empty());
    let detail = stand.detail(id).await;
    assert_eq!(detail.record.state, EventState::Dead);
    assert_eq!((detail.dispatches[0].state, detail.dispatches[0].due), (DispatchState::Dead, None));
    assert_eq!(detail.dispatches[0].attempts, [failed("status 400")]);
    assert_eq!(stand.status("c0").await.dead, 1);
}

/// What is given back without an attempt is claimed again as if it had not been, before what follows it.
async fn what_was_given_back_comes_again_as_it_was(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    stand.append("a", "a2").await;
    let first = stand.claim(10).await;
    stand.settle(&first[0], Outcome::Released).await;
    let again = stand.claim(10).await;
    assert_eq!((bodies(&again), again[0].attempt), (vec!["a1"], 1));
    assert!(stand.detail(id).await.dispatches[0].attempts.is_empty());

    stand.settle(&again[0], retry(1)).await;
    let second = stand.claim_at(10, later(1)).await;
    stand.settle(&second[0], Outcome::Released).await;
    let again = stand.claim_at(10, later(1)).await;
    assert_eq!((bodies(&again), again[0].attempt), (vec!["a1"], 2));
    stand.settle(&again[0], Outcome::Released).await;
    assert_eq!(stand.crash().await.hand_on(later(1)).await, ["a1", "a2"]);
}

/// All attempts are told, oldest first, each with its own time, length and error.
async fn every_attempt_is_told_in_order(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    let mut expected = Vec::new();
    for number in 1_u32..=5 {
        let now = later(i64::from(number));
        let taken = stand.claim_at(10, now).await;
        assert_eq!(taken[0].attempt, number);
        let took = Duration::from_micros(u64::from(number) * 1_000_003);
        let error = format!("{number}: 'quoted' \0 line\nand another ü");
        let outcome = if number == 5 { dead() } else { Outcome::Retry { at: now, error: error.clone() } };
        let error = if number == 5 { "status 400".to_owned() } else { error };
        let settlement = Settlement { ticket: taken[0].ticket, started_at: now, took, outcome };
        stand.settle_all(0, vec![settlement]).await;
        expected.push(AttemptRecord { started_at: now, took, error: Some(error) });
        stand = stand.crash().await;
        assert_eq!(stand.detail(id).await.dispatches[0].attempts, expected);
    }
}

/// What `settle` has returned for holds after a crash; what it was not called for is still to come.
async fn settled_is_settled_across_a_crash(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "b1", "c1", "c2", "d1"] {
        stand.append(&body[..1], body).await;
    }
    let mut taken = stand.claim(10).await;
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    assert_eq!(bodies(&taken), ["a1", "b1", "c1", "d1"]);
    stand.settle(&taken[1], Outcome::Done).await;
    stand.settle(&taken[2], retry(60)).await;
    stand.settle(&taken[3], dead()).await;

    let stand = stand.crash().await;
    assert_eq!(bodies(&stand.claim(10).await), ["a1"]);
    let stand = stand.reopen().await;
    assert_eq!(bodies(&stand.claim(10).await), ["a1"]);
    assert_eq!(stand.hand_on(later(60)).await, ["c1", "c2"]);
}

/// Many attempts that ended in many ways are settled in one call.
async fn settlements_of_one_call_hold_together(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..40 {
        stand.append(&format!("s{}", number % 20), &number.to_string()).await;
    }
    let taken = stand.claim(100).await;
    assert_eq!(taken.len(), 20);
    let outcomes = [Outcome::Done, retry(60), dead(), Outcome::Released];
    let ended = |taken: &Taken| {
        let number: usize = taken.body.parse().unwrap();
        settlement(taken, outcomes[number % 4].clone())
    };
    stand.settle_all(0, taken.iter().map(ended).collect()).await;
    stand.settle_all(0, Vec::new()).await;

    let stand = stand.crash().await;
    let mut numbers: Vec<usize> =
        stand.claim(100).await.iter().map(|taken| taken.body.parse().unwrap()).collect();
    numbers.sort_unstable();
    let expected = |number: &usize| match number % 4 {
        // Followers of what is done, followers of what is dead, and what was given back.
        0 | 2 => *number >= 20,
        1 => false,
        _ => *number < 20,
    };
    assert_eq!(numbers, (0..40).filter(expected).collect::<Vec<_>>());
    let mut later_on: Vec<usize> =
        stand.claim_at(100, later(60)).await.iter().map(|taken| taken.body.parse().unwrap()).collect();
    later_on.sort_unstable();
    assert_eq!(later_on, [1, 5, 9, 13, 17]);
}

/// Settling what is not being handed on, or was settled already, is no error and changes nothing.
async fn what_is_not_claimed_cannot_be_settled(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    stand.append("a", "a2").await;
    let a1 = stand.claim(10).await.remove(0);
    stand.settle(&a1, Outcome::Done).await;
    let before = stand.detail(id).await.dispatches;
    for outcome in [Outcome::Done, dead(), retry(60), Outcome::Released] {
        stand.settle(&a1, outcome.clone()).await;
        let nowhere = Ticket { position: a1.ticket.position - 1, replay: 0 };
        stand.settle(&Taken { ticket: nowhere, ..a1.clone() }, outcome).await;
        assert_eq!(stand.detail(id).await.dispatches, before);
    }
    assert_eq!(bodies(&stand.claim(10).await), ["a2"]);
}

/// A settlement counts for the consumer that it was made for, and for no other.
async fn nobody_settles_for_another(stand: Stand) {
    let stand = stand.with(TWO).await;
    let id = stand.append("a", "a1").await.id;
    let taken = stand.claim(10).await;
    stand.settle_all(1, vec![settlement(&taken[0], Outcome::Done)]).await;
    assert_eq!(stand.dispatches(id).await, [DispatchState::Pending; 2]);
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1"]);
}

/// An event is pending until every consumer has settled it, then dead if one was given up on, else done.
async fn an_event_is_done_when_everyone_has_it(stand: Stand) {
    let stand = stand.with(TWO).await;
    for (ends, state) in [
        ([Outcome::Done, Outcome::Done], EventState::Done),
        ([dead(), Outcome::Done], EventState::Dead),
        ([Outcome::Done, dead()], EventState::Dead),
    ] {
        let id = stand.append("a", &format!("{ends:?}")).await.id;
        for (consumer, end) in ends.into_iter().enumerate() {
            assert_eq!(stand.state(id).await, EventState::Pending);
            let taken = stand.claim_for(consumer, 1, NOON).await;
            stand.settle_all(consumer, vec![settlement(&taken[0], retry(0))]).await;
            assert_eq!(stand.state(id).await, EventState::Pending);
            let taken = stand.claim_for(consumer, 1, NOON).await;
            stand.settle_all(consumer, vec![settlement(&taken[0], end)]).await;
        }
        assert_eq!(stand.state(id).await, state);
    }
}

/// A claim that runs beside a settlement does not bring back what is being settled.
async fn settled_is_settled_beside_claims(stand: Stand) {
    let stand = stand.with(&[Ordering::None]).await;
    for round in 0..6 {
        let all: Vec<String> = (0..60).map(|number| format!("{round} {number}")).collect();
        join_all(all.iter().map(|body| stand.append("a", body))).await;
        let taken = stand.claim(100).await;
        stand.settle_all(0, taken.iter().map(|taken| settlement(taken, retry(0))).collect()).await;
        let taken = stand.claim(100).await;
        assert_eq!(taken.len(), 60);
        let is_over = AtomicBool::new(false);
        let settling = async {
            for taken in &taken {
                stand.settle(taken, Outcome::Done).await;
            }
            is_over.store(true, Atomic::Relaxed);
        };
        let claiming = async {
            while !is_over.load(Atomic::Relaxed) {
                let extra = stand.claim(1).await;
                assert!(extra.is_empty(), "settled and handed on again: {:?}", sorted_bodies(&extra));
            }
        };
        tokio::join!(settling, claiming);
    }
}
