//! A process that stands still for a while and goes on.

use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;

use super::{none, until};
use crate::judge::Rule;
use crate::receiver::pause;
use crate::site::{Plan, Site};

/// Longer than the receiver gives its consumers, and than `piriod` gives it.
const STANDSTILL: Duration = Duration::from_secs(10);

#[test]
fn ten_seconds_of_standstill_under_load_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new(folder.path(), Plan::default(), &mut Rng::with_seed(1));
    let receiver = site.start().unwrap();
    let acknowledged = || site.ledger.sheet().acknowledged();
    until("some are acknowledged", || acknowledged() > 100);
    receiver.signal(Signal::STOP);
    pause(Duration::from_millis(100));
    let before = acknowledged();
    pause(STANDSTILL);
    assert_eq!(acknowledged(), before, "it stands still");
    receiver.signal(Signal::CONT);
    until("it goes on", || acknowledged() > before + 100);

    let (_, mut violations) = site.finish(receiver);
    // A request that was being read for so long may be told that it came too slowly.
    violations.retain(|violation| {
        let is_slow = violation.about.contains("Refused(408)") || violation.about.contains("Refused(400)");
        violation.rule != Rule::Answer || !is_slow
    });
    none(&violations);
}
