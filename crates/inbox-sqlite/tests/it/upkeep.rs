//! Keeping the file small, sound and copied.

use hooklatch_inbox::{Pruned, Retention};

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
        ("UPDATE inbox SET identified = (SELECT max(position) FROM event)", "without its identity"),
        ("DELETE FROM event", "not there"),
    ] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let faults = SqliteLog::open(&path).unwrap().verify().await.unwrap();
        let found = faults.iter().any(|line| line.contains(fault) && line.contains(&id.to_string()));
        assert!(found, "{damage}: {faults:?}");
    }
}
