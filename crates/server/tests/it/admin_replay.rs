//! Handing on again: through a server that runs, and without one.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::admin::{call, done, refused};
use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, run, text};
use crate::receiver::Receiver;

/// Two fixtures of events that are not equal.
fn two() -> Option<(Fixture, Fixture)> {
    let mut fixtures = fixtures::all().into_iter().filter(|fixture| !fixture.is_signal());
    Some((fixtures.next()?, fixtures.next()?))
}

fn config(consumers: &[(&str, std::net::SocketAddr)]) -> String {
    let consumers = consumers.iter().map(|(name, address)| {
        format!(
            "[[consumer]]\nname = \"{name}\"\nretry = {{ attempts = 1 }}\nhttp = {{ url = \"http://{address}/\" }}\n"
        )
    });
    fixtures::sources() + &consumers.collect::<String>()
}

/// The CloudEvents that a consumer got.
fn got(receiver: &Receiver) -> Vec<Value> {
    receiver.got().iter().map(|got| serde_json::from_slice(&got.body).unwrap()).collect()
}

#[track_caller]
fn waits_for(receiver: &Receiver, number: usize) -> Vec<Value> {
    eventually(&format!("{number} are handed on"), || Some(got(receiver)).filter(|got| got.len() >= number))
}

fn state_of(program: &Program, id: &str) -> Value {
    let output = run(program.folder.path(), &["events", "show", id, "--json"]);
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["state"].clone()
}

#[track_caller]
fn is_done(program: &Program, id: &str) {
    eventually("it is done", || (state_of(program, id) == "done").then_some(()));
}

#[test]
fn one_event_is_handed_on_again_and_says_so() {
    let Some((first, second)) = two() else { return };
    let (all, other) = (Receiver::start("200 OK"), Receiver::start("200 OK"));
    let program = Program::start(&config(&[("all", all.address), ("other", other.address)]));
    let id = first.post(&program).body.trim().to_owned();
    second.post(&program);
    waits_for(&all, 2);
    waits_for(&other, 2);
    is_done(&program, &id);

    let path = format!("/api/v1/events/{id}/replay");
    let counted = done(&program, "POST", &path, "{\"dry_run\": true}");
    assert_eq!((&counted["events"], &counted["dispatches"]), (&1.into(), &2.into()), "{counted}");
    let replayed = done(&program, "POST", &path, "");
    assert_eq!(replayed["dry_run"], false);
    assert_eq!((&replayed["events"], &replayed["dispatches"]), (&1.into(), &2.into()), "{replayed}");
    let again = &waits_for(&all, 3)[2];
    assert_eq!((&again["id"], &again["replay"]), (&id.as_str().into(), &true.into()), "{again}");
    assert_eq!(got(&all)[0].get("replay"), None);
    waits_for(&other, 3);

    is_done(&program, &id);
    done(&program, "POST", &path, "{\"consumer\": \"other\"}");
    let again = &waits_for(&other, 4)[3];
    assert_eq!((&again["id"], &again["replay"]), (&id.as_str().into(), &true.into()), "{again}");
    is_done(&program, &id);
    assert_eq!(got(&all).len(), 3, "only the one that was named");
}

#[test]
fn what_was_given_up_is_handed_on_again_once_the_consumer_is_well() {
    let Some((first, second)) = two() else { return };
    let well = Receiver::start("200 OK");
    let ill = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ill.local_addr().unwrap();
    drop(ill);
    let program = Program::start(&config(&[("ill", address), ("well", well.address)]));
    program.fix_admin();
    let ids = [&first, &second].map(|fixture| fixture.post(&program).body.trim().to_owned());
    let dead = || crate::intake::events(&program, &["--state", "dead"]).len();
    eventually("both are given up", || (dead() == 2).then_some(()));
    waits_for(&well, 2);

    let recovered = Receiver::start_on(TcpListener::bind(address).unwrap(), "200 OK");
    let replay = |arguments: &[&str]| {
        run(program.folder.path(), &[&["events", "replay", "--state", "dead", "--json"], arguments].concat())
    };
    let counted = replay(&["--dry-run"]);
    let counted: Value = serde_json::from_slice(&counted.stdout).unwrap();
    assert_eq!((&counted["events"], &counted["dispatches"]), (&2.into(), &2.into()), "{counted}");
    assert_eq!((dead(), recovered.got().len()), (2, 0), "counting hands nothing on");

    let unasked = replay(&[]);
    assert_eq!(unasked.status.code(), Some(2));
    let said = text(&unasked.stderr);
    assert!(said.contains("2 events to hand on again, in 2 dispatches") && said.contains("--yes"), "{said}");
    assert_eq!((dead(), recovered.got().len()), (2, 0), "not asked, not done");

    let replayed = replay(&["--yes"]);
    assert!(replayed.status.success(), "{}", text(&replayed.stderr));
    let events = waits_for(&recovered, 2);
    assert!(events.iter().all(|event| event["replay"] == true), "{events:?}");
    for id in &ids {
        is_done(&program, id);
    }
    assert_eq!(got(&well).len(), 2, "who has it gets nothing again");
    let nothing = replay(&[]);
    assert!(nothing.status.success(), "{}", text(&nothing.stderr));
    assert_eq!(serde_json::from_slice::<Value>(&nothing.stdout).unwrap()["events"], 0);
}

#[test]
fn a_filter_chooses_what_is_handed_on_again() {
    let Some((first, second)) = two() else { return };
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&config(&[("service", receiver.address)]));
    let id = first.post(&program).body.trim().to_owned();
    let other = second.post(&program).body.trim().to_owned();
    waits_for(&receiver, 2);
    is_done(&program, &id);
    is_done(&program, &other);
    let kind = &first.expect["type"];
    let expected = crate::intake::events(&program, &["--type", kind.as_str().unwrap()]).len() as u64;
    let filter = json!({ "type": kind, "since": "1h", "state": "done", "consumer": "service" });
    let replayed = done(&program, "POST", "/api/v1/replay", &filter.to_string());
    assert_eq!(replayed["events"], expected, "{replayed}");
    let again = waits_for(&receiver, 3);
    assert_eq!((&again[2]["type"], &again[2]["replay"]), (kind, &true.into()));
}

#[test]
fn without_a_server_the_command_hands_on_again_at_the_next_start() {
    let Some((first, second)) = two() else { return };
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&config(&[("service", receiver.address)]));
    let id = first.post(&program).body.trim().to_owned();
    second.post(&program);
    waits_for(&receiver, 2);
    is_done(&program, &id);
    let program = program.while_stopped(|folder| {
        let replayed = run(folder, &["events", "replay", &id]);
        assert!(replayed.status.success(), "{}", text(&replayed.stderr));
        assert!(
            text(&replayed.stdout).contains("1 event handed on again, in 1 dispatch"),
            "{}",
            text(&replayed.stdout)
        );
    });
    let again = waits_for(&receiver, 3);
    assert_eq!((&again[2]["id"], &again[2]["replay"]), (&id.as_str().into(), &true.into()));
    is_done(&program, &id);
}

#[test]
fn what_makes_no_sense_hands_nothing_on() {
    let Some((first, _)) = two() else { return };
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&config(&[("service", receiver.address)]));
    let id = first.post(&program).body.trim().to_owned();
    waits_for(&receiver, 1);
    is_done(&program, &id);
    let one = format!("/api/v1/events/{id}/replay");
    for (path, body, parameter) in [
        ("/api/v1/replay", "", None),
        ("/api/v1/replay", "{}", None),
        ("/api/v1/replay", "{\"dry_run\": false}", None),
        ("/api/v1/replay", "{\"consumer\": \"service\"}", None),
        ("/api/v1/replay", "[]", None),
        ("/api/v1/replay", "{\"source\": \"\"}", Some("source")),
        ("/api/v1/replay", "{\"state\": \"lost\"}", Some("state")),
        ("/api/v1/replay", "{\"since\": 3600}", Some("since")),
        ("/api/v1/replay", "{\"since\": null}", Some("since")),
        ("/api/v1/replay", "{\"since\": \"1h\", \"limit\": \"1\"}", Some("limit")),
        ("/api/v1/replay", "{\"since\": \"1h\", \"dry_run\": \"no\"}", Some("dry_run")),
        ("/api/v1/replay", "{\"since\": \"1h\", \"consumer\": \"nobody\"}", Some("consumer")),
        ("/api/v1/replay", "{\"since\": \"1h\", \"dryrun\": true}", Some("dryrun")),
        (&one, "{\"consumer\": \"nobody\"}", Some("consumer")),
        (&one, "{\"source\": \"pico\"}", None),
        (&one, "{\"force\": true}", Some("force")),
    ] {
        let problem = refused(&call(&program, "POST", path, body), 400);
        assert_eq!(problem["parameter"].as_str(), parameter, "{body}: {problem}");
    }
    for missing in ["01a2014c-dc35-7000-8011-ad19f304d6c1", "nonsense"] {
        refused(&call(&program, "POST", &format!("/api/v1/events/{missing}/replay"), ""), 404);
    }
    program.fix_admin();
    let command =
        |arguments: &[&str]| run(program.folder.path(), &[&["events", "replay"], arguments].concat());
    assert_eq!(command(&[]).status.code(), Some(2));
    assert_eq!(command(&["--yes"]).status.code(), Some(2), "no filter is not every event");
    assert_eq!(command(&[&id, "--state", "dead"]).status.code(), Some(2));
    assert_eq!(command(&["01a2014c-dc35-7000-8011-ad19f304d6c1"]).status.code(), Some(1));
    assert_eq!(command(&[&id, "--consumer", "nobody"]).status.code(), Some(1));
    assert_eq!(state_of(&program, &id), "done");
    assert_eq!(got(&receiver).len(), 1);
}
