//! A second process on the same inbox.

use fastrand::Rng;

use super::{none, until};
use crate::receiver::{Launch, Receiver, hooklatch};
use crate::site::{Plan, Site};

#[test]
fn a_second_process_is_refused_and_does_not_disturb_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new(folder.path(), Plan::default(), &mut Rng::with_seed(1));
    let first = site.start().unwrap();
    until("some are acknowledged", || site.ledger.sheet().acknowledged() > 20);

    // Through a link to the file it is the same inbox.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(folder.path().join("hooklatch.db"), elsewhere.join("hooklatch.db")).unwrap();
    let configuration = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"off\"\n";
    std::fs::write(elsewhere.join("hooklatch.toml"), configuration).unwrap();

    let holder = std::fs::read_to_string(folder.path().join("hooklatch.db.lock")).unwrap();
    let inbox = folder.path().join("hooklatch.db").canonicalize().unwrap();
    let refused = |what: &str, code: Option<i32>, message: &str| {
        assert_eq!(code, Some(1), "{what}: {message}");
        assert!(message.contains(&inbox.display().to_string()), "the inbox is not named: {message}");
        assert!(message.contains(holder.trim()), "the process {holder} is not named: {message}");
    };
    for place in [folder.path(), &elsewhere] {
        let mut second = Receiver::spawn(place, 99, &Launch::default());
        let message = second.ready().expect_err("a second process serves");
        refused("serve", second.ended().code(), &message);
    }
    let mut pause = hooklatch(folder.path(), &Launch::default());
    let output = pause.args(["consumers", "pause", "service"]).output().unwrap();
    refused("pause", output.status.code(), &String::from_utf8(output.stderr).unwrap());
    assert_eq!(std::fs::read_to_string(folder.path().join("hooklatch.db.lock")).unwrap(), holder);
    let (_, violations) = site.finish(first);
    none(&violations);
}

#[test]
fn of_two_that_start_at_once_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new(folder.path(), Plan::default(), &mut Rng::with_seed(1));
    for _ in 0..5 {
        let mut receivers = [site.spawn(), site.spawn()];
        let mut served = 0;
        for receiver in &mut receivers {
            match receiver.ready() {
                Ok(_) => served += 1,
                Err(message) => assert!(message.contains("another process works on this inbox"), "{message}"),
            }
        }
        assert_eq!(served, 1);
        for receiver in receivers {
            site.kill(receiver);
        }
    }
}
