//! Keeping the file small, sound and copied.

use hooklatch_inbox::{Pruned, Replay, Retention, Selection};

use super::*;

const EVERYTHING: Retention = Retention { before: Some(datetime!(2100-01-01 0:00 UTC)), most_bytes: None };

impl Fixture {
    async fn prune(&self, retention: Retention) -> u64 {
        let mut events = 0;
        loop {
            let Pruned { events: pruned, is_unfinished } = self.inbox.prune(retention).await.unwrap();
            events += pruned;
            if !is_unfinished {
                return events;
            }
        }
    }

    async fn exists(&self, id: EventId) -> bool {
        self.inbox.event(id).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn only_done_events_are_pruned_and_their_repeats_stay_repeats() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let mut ids = Vec::new();
    for (body, outcome) in [
        ("done", Some(Outcome::Done)),
        ("dead", Some(Outcome::Dead { error: "status 422".to_owned() })),
        ("waiting", Some(retry(60))),
        ("under way", None),
    ] {
        ids.push(fixture.append(body, body).await.id);
        let claimed = fixture.claim(1).await;
        if let Some(outcome) = outcome {
            fixture.settle(claimed[0].0, outcome).await;
        }
    }
    ids.push(fixture.append("fresh", "fresh").await.id);
    let mut unread = fixture.arrival("", "unread");
    unread.content = Content::Quarantined { reason: "not JSON".to_owned() };
    ids.push(fixture.inbox.append(unread).await.unwrap().id);

    let earlier = Retention { before: Some(NOON - Duration::from_secs(1)), most_bytes: None };
    assert_eq!(fixture.prune(earlier).await, 0);
    assert_eq!(fixture.prune(Retention::default()).await, 0);
    assert_eq!(fixture.prune(EVERYTHING).await, 1);
    assert!(!fixture.exists(ids[0]).await);
    for id in &ids[1..] {
        assert!(fixture.exists(*id).await);
    }
    let repeat = fixture.append("done", "done").await;
    assert_eq!(repeat, Appended { id: ids[0], is_new: false });
    assert!(bodies(&fixture.claim(10).await).iter().all(|body| *body == "fresh"));
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());

    // What was given up goes once somebody has seen to it.
    let replay = Replay { events: Selection::One(ids[1]), consumer: None, dry_run: false };
    fixture.inbox.replay(replay).await.unwrap();
    assert_eq!(fixture.prune(EVERYTHING).await, 0);
    let claimed = fixture.claim(10).await;
    assert_eq!(bodies(&claimed), ["dead"]);
    fixture.settle(claimed[0].0, Outcome::Done).await;
    assert_eq!(fixture.prune(EVERYTHING).await, 1);
}

#[tokio::test]
async fn a_signal_after_its_event_was_pruned_is_news() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let signal = Identity::Signal { name: "inv_1".to_owned() };
    let append = async || fixture.inbox.append(fixture.arrival_as("invoice/1", "{}", &signal)).await.unwrap();
    append().await;
    let claimed = fixture.claim(10).await;
    fixture.settle(claimed[0].0, Outcome::Done).await;
    assert_eq!(fixture.prune(EVERYTHING).await, 1);
    assert!(append().await.is_new);
    assert_eq!(fixture.claim(10).await.len(), 1);
}

#[tokio::test]
async fn pruned_space_is_given_back() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let filler = "x".repeat(30_000);
    for number in 0..600 {
        fixture.append("a", &format!("{number}{filler}")).await;
        let claimed = fixture.claim(1).await;
        fixture.settle(claimed[0].0, Outcome::Done).await;
    }
    let full = fixture.inbox.size().await.unwrap();
    assert!(full.used_bytes > 18_000_000, "{full:?}");
    let at_most = full.used_bytes / 2;
    let pruned = fixture.prune(Retention { before: None, most_bytes: Some(at_most) }).await;
    assert!((250..=600).contains(&pruned), "{pruned}");
    let half = fixture.inbox.size().await.unwrap();
    assert!(half.used_bytes <= at_most, "{half:?}");

    fixture.prune(EVERYTHING).await;
    fixture.inbox.close().await;
    let path = fixture.folder.path().join("hooklatch.db");
    assert!(std::fs::metadata(&path).unwrap().len() < 8_000_000);
}

#[tokio::test]
async fn a_copy_is_whole_private_and_never_written_over_anything() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let id = fixture.append("a", "a1").await.id;
    let to = fixture.folder.path().join("copy.db");
    fixture.inbox.back_up(&to).await.unwrap();
    let again = fixture.inbox.back_up(&to).await.unwrap_err();
    assert_eq!(again.kind(), InboxErrorKind::Invalid, "{again}");
    fixture.append("a", "a2").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let copy = SqliteInbox::open(&to).unwrap();
    let spec = ConsumerSpec { name: "c0".to_owned(), ordering: Ordering::Subject };
    let consumers = copy.register(&[spec]).await.unwrap();
    let claim = copy.claim(consumers[0], 10, NOON).await.unwrap();
    assert_eq!(claim.events.iter().map(|claimed| claimed.event.id).collect::<Vec<_>>(), [id]);
    assert_eq!(copy.verify().await.unwrap(), Vec::<String>::new());
    let nowhere = fixture.inbox.back_up(&fixture.folder.path().join("no/such/folder.db")).await.unwrap_err();
    assert_eq!(nowhere.kind(), InboxErrorKind::Invalid, "{nowhere}");
}

#[tokio::test]
async fn faults_are_found_and_named() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let id = fixture.append("a", "a1").await.id;
    let claimed = fixture.claim(1).await;
    fixture.settle(claimed[0].0, retry(60)).await;
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
    fixture.inbox.close().await;
    let path = fixture.folder.path().join("hooklatch.db");
    for (damage, fault) in [
        ("UPDATE held SET due = NULL", "behind nobody"),
        ("UPDATE event SET proof = 'faith'", "cannot be read"),
        ("DELETE FROM identity", "without its identity"),
        ("DELETE FROM event", "not there"),
    ] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let faults = SqliteLog::open(&path).unwrap().verify().await.unwrap();
        let found = faults.iter().any(|line| line.contains(fault) && line.contains(&id.to_string()));
        assert!(found, "{damage}: {faults:?}");
    }
}
