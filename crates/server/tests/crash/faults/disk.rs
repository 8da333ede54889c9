//! A full disk, and one that cannot be written to.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use fastrand::Rng;

use super::mount::Mount;
use super::{get, none, skip, until};
use crate::receiver::Receiver;
use crate::site::{Plan, SOON, Site};

const PLAN: Plan<'_> = Plan { inbox: "inbox", consumers: "", retry: SOON };

/// Fills the file system at `folder` to the last byte; the file goes when it is told to.
fn fill(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("ballast");
    let mut file = File::create(&path).unwrap();
    for size in [64 << 10, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    path
}

/// How many requests were answered that the inbox cannot take them, and how many were acknowledged.
fn counts(site: &Site) -> (u64, usize) {
    let sheet = site.ledger.sheet();
    (sheet.unavailable, sheet.acknowledged())
}

/// Runs what a full disk does to a receiver; it is killed meanwhile if `is_killed`.
#[track_caller]
fn full(is_killed: bool) {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    let _mount = match Mount::tmpfs(&inbox, "24m") {
        Ok(mount) => mount,
        Err(why) => return skip(&format!("a disk that fills up needs root and a tmpfs: {why}")),
    };
    let mut site = Site::new(folder.path(), PLAN, &mut Rng::with_seed(1));
    let mut receiver = site.start().unwrap();
    let admin = receiver.ready().unwrap().admin;
    until("some are acknowledged", || counts(&site).1 > 100);

    let ballast = fill(&inbox);
    until("a hundred are answered 503", || counts(&site).0 > 100);
    assert_eq!(get(admin, "/readyz"), 503);
    assert_eq!(get(admin, "/healthz"), 200);
    let while_full = counts(&site).1;
    until("more are refused", || counts(&site).0 > 200);
    assert_eq!(counts(&site).1, while_full, "nothing is acknowledged that has no room");

    if is_killed {
        site.kill(receiver);
        // There is no room for what a start writes, or there is just enough: either way it must not break anything.
        let mut starved = site.spawn();
        if let Err(message) = starved.ready() {
            assert!(message.contains("hooklatch.db"), "{message}");
        }
        starved.kill();
        std::fs::remove_file(ballast).unwrap();
        receiver = site.start().unwrap();
    } else {
        std::fs::remove_file(ballast).unwrap();
    }
    until("it acknowledges again", || counts(&site).1 > while_full + 100);
    assert_eq!(get(receiver.ready().unwrap().admin, "/readyz"), 200);
    let (_, violations) = site.finish(receiver);
    none(&violations);
}

#[test]
fn a_full_disk_is_answered_503_and_costs_nothing_that_was_acknowledged() {
    full(false);
}

#[test]
fn a_receiver_that_is_killed_on_a_full_disk_has_everything_once_there_is_room() {
    full(true);
}

#[test]
fn an_inbox_that_has_no_room_to_begin_is_named_and_begins_once_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    let _mount = match Mount::tmpfs(&inbox, "4m") {
        Ok(mount) => mount,
        Err(why) => return skip(&format!("a full disk needs root and a tmpfs: {why}")),
    };
    let ballast = fill(&inbox);
    let mut site = Site::new(folder.path(), PLAN, &mut Rng::with_seed(1));
    let mut receiver = site.spawn();
    let message = receiver.ready().expect_err("it starts though there is no room");
    assert_eq!(receiver.ended().code(), Some(1), "{message}");
    assert!(message.contains("inbox/hooklatch.db"), "the file is not named: {message}");

    std::fs::remove_file(ballast).unwrap();
    let receiver = site.start().unwrap();
    until("some are acknowledged", || counts(&site).1 > 20);
    let (_, violations) = site.finish(receiver);
    none(&violations);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    let mut site = Site::new(folder.path(), PLAN, &mut Rng::with_seed(1));
    let refused = |mut receiver: Receiver| {
        let message = receiver.ready().expect_err("it starts though it cannot write");
        assert_eq!(receiver.ended().code(), Some(1), "{message}");
        assert!(message.contains("inbox/hooklatch.db"), "the file is not named: {message}");
        assert!(message.contains("Read-only file system") || message.contains("readonly"), "{message}");
    };
    {
        let _mount = match Mount::read_only(&inbox) {
            Ok(mount) => mount,
            Err(why) => {
                return skip(&format!("a folder for reading only needs root and a bind mount: {why}"));
            }
        };
        refused(site.spawn());
    }
    // The same with an inbox in it, which has to be as good as before afterwards.
    let receiver = site.start().unwrap();
    until("some are acknowledged", || counts(&site).1 > 50);
    site.kill(receiver);
    {
        let _mount = Mount::read_only(&inbox).unwrap();
        refused(site.spawn());
        let stored = site.stored(&[]).expect("reading needs no writing");
        assert!(stored.len() >= counts(&site).1, "{} events", stored.len());
    }
    let receiver = site.start().unwrap();
    let (_, violations) = site.finish(receiver);
    none(&violations);
}
