//! Requests whose senders were not proven: what is kept of them, and what becomes of them.

use std::path::Path;
use std::process::Output;

use hooklatch_server::providers::KNOWN;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, run, text};

/// What `hooklatch rejected list` shows.
pub(crate) fn rejected(program: &Program, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["rejected", "list", "--limit", "1000", "--json"], arguments].concat();
    let output = run(program.folder.path(), &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    page["rejected"].as_array().unwrap().clone()
}

fn refused(status: u16) -> bool {
    [400, 401, 403].contains(&status)
}

/// One fixture of each provider that is compiled in.
fn one_of_each() -> Vec<Fixture> {
    KNOWN.iter().filter_map(|known| fixtures::of(known.name).into_iter().next()).collect()
}

/// The configuration of the fixtures with every secret wrong.
pub(crate) fn wrong_sources() -> String {
    fixtures::sources().replace("plain:", "plain:not-")
}

const ARCHIVE: &str = "[[consumer]]\nname = \"archive\"\nfile = { path = \"events.ndjson\" }\n";

/// Writes the secrets of the fixtures into the configuration in `folder`, where wrong ones stand.
pub(crate) fn put_right(folder: &Path) {
    let file = folder.join("hooklatch.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, config.replace("plain:not-", "plain:")).unwrap();
}

/// Everything that may prove the fixture's sender.
fn proofs(fixture: &Fixture) -> Vec<String> {
    let in_headers = fixture
        .headers
        .iter()
        .filter(|(name, _)| name == "authorization" || name.contains("signature"))
        .map(|(_, value)| value.clone());
    let in_path = fixture.path.rsplit_once('/').map(|(_, last)| last.to_owned());
    in_headers.chain(in_path.filter(|last| last != fixture.provider)).collect()
}

fn received(line: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(line["received"].as_str().unwrap(), &Rfc3339).unwrap()
}

fn line_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn what_was_refused_is_admitted_once_the_secret_is_put_right() {
    let fixtures = one_of_each();
    let program = Program::start(&format!("{}{ARCHIVE}", wrong_sources()));
    for fixture in &fixtures {
        assert!(refused(fixture.post(&program).status), "{}", fixture.provider);
    }
    let listed = eventually("all are listed", || {
        let listed = rejected(&program, &[]);
        (listed.len() == fixtures.len()).then_some(listed)
    });
    assert!(crate::intake::events(&program, &[]).is_empty());
    for (line, fixture) in listed.iter().rev().zip(&fixtures) {
        assert_eq!(line["source"], fixture.provider);
        assert_eq!(line["peer"], "127.0.0.1");
        assert_eq!(line["kind"], "mismatch", "{line}");
        assert_eq!(line["body_bytes"], fixture.body.len(), "{line}");
        assert_eq!((&line["omitted"], &line["admitted"]), (&0.into(), &Value::Null));
    }
    if fixtures.is_empty() {
        return;
    }
    let mut shown = program.logged();
    let mut say = |folder: &Path, arguments: &[&str]| {
        let output = run(folder, &[&["rejected"], arguments].concat());
        shown += &(text(&output.stdout) + &text(&output.stderr));
        output
    };
    let ids: Vec<String> = listed.iter().map(|line| line["id"].to_string()).collect();
    let locked = say(program.folder.path(), &["admit", &ids[0]]);
    assert_eq!(locked.status.code(), Some(1));
    assert!(text(&locked.stderr).contains("another process works on this inbox"), "{}", text(&locked.stderr));

    let mut events = Vec::new();
    let program = program.while_stopped(|folder| {
        for id in &ids {
            let now = line_of(&say(folder, &["explain", id, "--json"]));
            assert_eq!(
                (&now["now"]["kind"], &now["body_is_json"]),
                (&"mismatch".into(), &true.into()),
                "{now}"
            );
            let refused = say(folder, &["admit", id]);
            assert_eq!(refused.status.code(), Some(1));
            assert!(text(&refused.stderr).contains("still not proven"), "{}", text(&refused.stderr));
            assert_eq!(line_of(&say(folder, &["explain", id, "--json"])), now, "nothing has changed");
            assert!(say(folder, &["explain", id]).status.success());
        }
        put_right(folder);
        for id in &ids {
            assert!(line_of(&say(folder, &["explain", id, "--json"]))["now"]["proof"].is_string());
            assert!(
                text(&say(folder, &["explain", id]).stdout).contains("takes it in, after a running server")
            );
        }
        // The newest stands first in the list; they are taken in as they came.
        let chosen: Vec<&str> =
            [&["admit", "--json"][..], &ids.iter().map(String::as_str).collect::<Vec<_>>()].concat();
        let admitted = say(folder, &chosen);
        assert!(admitted.status.success(), "{}", text(&admitted.stderr));
        for line in text(&admitted.stdout).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["new"], true, "{line}");
            events.push((line["id"].to_string(), line["event"].as_str().unwrap().to_owned()));
        }
        assert!(events.is_sorted() && events.len() == ids.len(), "{events:?}");
        // What is not there keeps nothing else out.
        let with_unknown = say(folder, &["admit", "999999", &events[0].0, "--json"]);
        assert_eq!(with_unknown.status.code(), Some(1));
        let lines: Vec<Value> =
            text(&with_unknown.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["event"], events[0].1.as_str(), "{lines:?}");
        assert_eq!((&lines[1]["id"], &lines[1]["event"]), (&999_999.into(), &Value::Null), "{lines:?}");
        assert!(text(&with_unknown.stderr).contains("no rejected request 999999"));
        for (id, event) in &events {
            let again = line_of(&say(folder, &["admit", id, "--json"]));
            assert_eq!((&again["event"], &again["new"]), (&event.as_str().into(), &false.into()));
            let explained = line_of(&say(folder, &["explain", id, "--json"]));
            assert_eq!(explained["admitted"], event.as_str());
            assert!(text(&say(folder, &["explain", id]).stdout).contains("admitted"));
        }
        assert!(say(folder, &["list"]).status.success());
    });

    let stored = crate::intake::events(&program, &[]);
    let refused_last = received(&listed[0]);
    for ((_, event), fixture) in events.iter().zip(&fixtures) {
        let stored = stored.iter().find(|stored| stored["id"] == event.as_str()).unwrap();
        for member in ["type", "topic", "subject", "proof"] {
            assert_eq!(stored[member], fixture.expect[member], "{}: {member}", fixture.provider);
        }
        assert!(received(stored) > refused_last, "it is taken in as if it had just come");
    }
    eventually("the consumer has them", || {
        let archive = std::fs::read_to_string(program.path("events.ndjson")).ok()?;
        events.iter().all(|(_, event)| archive.contains(event)).then_some(())
    });
    shown += &program.logged();
    for proof in fixtures.iter().flat_map(proofs) {
        assert!(!shown.contains(&proof), "{proof} was shown");
    }
}

#[test]
fn a_server_that_knows_the_old_secrets_only_is_told_of() {
    let Some(fixture) = fixtures::all().into_iter().find(|fixture| fixture.provider == "orders") else {
        return;
    };
    let program = Program::start(&wrong_sources());
    program.fix_admin();
    assert_eq!(fixture.post(&program).status, 401);
    let listed = eventually("it is listed", || rejected(&program, &[]).into_iter().next());
    put_right(program.folder.path());
    let refused = run(program.folder.path(), &["rejected", "admit", &listed["id"].to_string()]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("still not proven") && said.contains("it was started with"), "{said}");
}

#[test]
fn questions_about_what_is_not_there_are_answered_clearly() {
    let empty = tempfile::tempdir().unwrap();
    for arguments in [&["list"][..], &["explain", "1"], &["admit", "1"]] {
        let output = run(empty.path(), &[&["rejected"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains("hooklatch.db"), "{}", text(&output.stderr));
        assert!(!empty.path().join("hooklatch.db").exists(), "looking makes no inbox");
    }
    let program = Program::start(&fixtures::sources());
    let folder = program.folder.path();
    for arguments in [&["explain", "17"][..], &["admit", "17"]] {
        let output = run(folder, &[&["rejected"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains("no rejected request 17"), "{}", text(&output.stderr));
    }
    let wrong = run(folder, &["rejected", "explain", "one"]);
    assert!(text(&wrong.stderr).contains("a rejected request has a number"), "{}", text(&wrong.stderr));
    for arguments in [&["explain", "one"][..], &["admit"], &["admit", "1", "--source", "shop"], &["explain"]]
    {
        let output = run(folder, &[&["rejected"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    assert!(rejected(&program, &[]).is_empty());
}
