//! Where a consumer begins that joins an inbox with events in it.

use std::path::Path;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, pause, run, text};

/// Three fixtures of events that are not equal, the second of another type than the first.
fn three() -> Option<[Fixture; 3]> {
    let mut fixtures: Vec<_> = fixtures::all().into_iter().filter(|fixture| !fixture.is_signal()).collect();
    let first = fixtures.pop()?;
    let other = fixtures.iter().position(|fixture| fixture.expect["type"] != first.expect["type"])?;
    let second = fixtures.remove(other);
    Some([first, second, fixtures.pop()?])
}

/// Adds a consumer of this name, which writes to a file of its own.
fn join(folder: &Path, name: &str, rest: &str) {
    let file = folder.join("hooklatch.toml");
    let consumer =
        format!("[[consumer]]\nname = \"{name}\"\n{rest}\nfile = {{ path = \"{name}.ndjson\" }}\n");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, config + &consumer).unwrap();
}

/// The ids of what a consumer has got.
fn got(program: &Program, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(program.path(&format!("{name}.ndjson"))).unwrap_or_default();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    text.lines().map(id).collect()
}

#[track_caller]
fn gets(program: &Program, name: &str, expected: &[&String]) {
    let mut expected: Vec<_> = expected.iter().map(|id| (*id).clone()).collect();
    expected.sort();
    eventually(&format!("{name} has its events"), || {
        let mut got = got(program, name);
        got.sort();
        (got.len() >= expected.len()).then(|| assert_eq!(got, expected, "{name}"))
    });
}

#[test]
fn a_new_consumer_begins_where_it_says() {
    let Some([first, second, third]) = three() else { return };
    let program = Program::start(&fixtures::sources());
    let first = first.post(&program).body.trim().to_owned();
    pause(std::time::Duration::from_millis(5));
    let between = received(&program, &first) + time::Duration::milliseconds(1);
    let kind = &second.expect["type"];
    let second = second.post(&program).body.trim().to_owned();

    let program = program.while_stopped(|folder| {
        join(folder, "from-now", "start = \"now\"");
        join(folder, "from-here", "");
        join(folder, "from-the-beginning", "start = \"beginning\"");
        join(folder, "from-a-time", &format!("start = \"{}\"", between.format(&Rfc3339).unwrap()));
        join(folder, "some", &format!("start = \"beginning\"\nfilter = {{ type = {kind} }}"));
        let checked = run(folder, &["check", "--json"]);
        let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
        assert_eq!(checked["consumers"][2]["start"], "beginning", "{checked}");
    });
    let third = third.post(&program).body.trim().to_owned();
    gets(&program, "from-the-beginning", &[&first, &second, &third]);
    gets(&program, "from-a-time", &[&second, &third]);
    gets(&program, "from-now", &[&third]);
    gets(&program, "from-here", &[&third]);
    eventually("some has its event", || got(&program, "some").contains(&second).then_some(()));
    assert!(!got(&program, "some").contains(&first));
    assert!(!program.logged_at_start().iter().any(|line| line.contains("`start`")));

    // What was not written down as handed on would come again.
    let done = || crate::intake::events(&program, &["--state", "done"]).len();
    eventually("all are done", || (done() == 3).then_some(()));

    // It is known from now on, and goes on where it stopped.
    let program = program.kill_and_restart();
    let said: Vec<_> =
        program.logged_at_start().iter().filter(|line| line.contains("`start` is ignored")).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    pause(std::time::Duration::from_millis(200));
    assert_eq!(got(&program, "from-the-beginning").len(), 3);
}

/// The last event stays what it was: a consumer that is known cannot be sent back by its configuration.
#[test]
fn a_known_consumer_is_not_sent_back() {
    let Some([first, second, _]) = three() else { return };
    let program = Program::start(&fixtures::sources());
    first.post(&program);
    let program = program.while_stopped(|folder| join(folder, "late", ""));
    let program = program.while_stopped(|folder| {
        let file = folder.join("hooklatch.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        let name = "name = \"late\"\n";
        std::fs::write(file, config.replace(name, &format!("{name}start = \"beginning\"\n"))).unwrap();
    });
    let second = second.post(&program).body.trim().to_owned();
    gets(&program, "late", &[&second]);
}

/// A command that takes the inbox itself makes a consumer known as the server would.
#[test]
fn a_command_before_the_first_start_does_not_take_the_beginning_away() {
    let Some([first, ..]) = three() else { return };
    let program = Program::start(&fixtures::sources());
    let first = first.post(&program).body.trim().to_owned();
    let program = program.while_stopped(|folder| {
        join(folder, "late", "start = \"beginning\"");
        let paused = run(folder, &["consumers", "resume", "late"]);
        assert!(paused.status.success(), "{}", text(&paused.stderr));
    });
    gets(&program, "late", &[&first]);
}

fn received(program: &Program, id: &str) -> OffsetDateTime {
    let events = crate::intake::events(program, &[]);
    let event = events.iter().find(|event| event["id"] == id).unwrap();
    OffsetDateTime::parse(event["received"].as_str().unwrap(), &Rfc3339).unwrap()
}
