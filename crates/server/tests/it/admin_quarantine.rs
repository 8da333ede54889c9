//! Out of quarantine: what an earlier version could not read is read by this one.

use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::admin::{call, done, refused};
use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, run, text};
use crate::wire;

/// Two genuine requests that say different things, and the second once more for a repeat.
fn fixtures_of_orders() -> Option<[Fixture; 2]> {
    let mut fixtures = fixtures::all().into_iter().filter(|fixture| fixture.provider == "orders");
    Some([fixtures.next()?, fixtures.next()?])
}

fn config() -> String {
    format!(
        "{}[[consumer]]\nname = \"archive\"\nfile = {{ path = \"events.ndjson\" }}\n",
        fixtures::sources()
    )
}

fn handed_on(program: &Program) -> Vec<Value> {
    let text = std::fs::read_to_string(program.path("events.ndjson")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes the inbox what it were if the version that took this event in had not understood it.
fn forget(folder: &Path, event: &Fixture) {
    let inbox = Connection::open(folder.join("hooklatch.db")).unwrap();
    inbox.execute("INSERT INTO route (consumers) VALUES ('') ON CONFLICT DO NOTHING", []).unwrap();
    let position: i64 = inbox
        .query_row(
            "SELECT position FROM event WHERE kind = ?1",
            params![event.expect["type"].as_str()],
            |row| row.get(0),
        )
        .unwrap();
    for sql in [
        "DELETE FROM identity WHERE key = (SELECT identity FROM event WHERE position = ?1)",
        "DELETE FROM dispatch WHERE position = ?1",
        "DELETE FROM held WHERE position = ?1",
        "UPDATE event SET kind = NULL, topic = NULL, subject = NULL, attributes = NULL, time = NULL,
                fault = 'the body has a shape of the future', identity = randomblob(32),
                route = (SELECT id FROM route WHERE consumers = '') WHERE position = ?1",
        "INSERT INTO identity (key, position, repeats) SELECT identity, position, 0 FROM event WHERE position = ?1",
    ] {
        assert!(inbox.execute(sql, params![position]).unwrap() <= 1, "{sql}");
    }
}

#[test]
fn what_is_understood_by_now_goes_to_its_consumers() {
    let Some([first, second]) = fixtures_of_orders() else { return };
    let program = Program::start(&config());
    let understood = first.post(&program).body.trim().to_owned();
    let repeat = second.post(&program).body.trim().to_owned();
    eventually("both are handed on", || (handed_on(&program).len() == 2).then_some(()));
    let program = program.while_stopped(|folder| {
        forget(folder, &first);
        forget(folder, &second);
    });
    // The second came again meanwhile, to a version that understood it.
    let original = second.post(&program).body.trim().to_owned();
    assert_ne!(original, repeat);
    eventually("the second is handed on again", || (handed_on(&program).len() == 3).then_some(()));
    let nonsense = wire::post(program.listen, &first.path, &first.headers(), b"nonsense");
    assert_eq!(nonsense.status, 202);
    let nonsense = nonsense.body.trim().to_owned();
    let quarantined = || crate::intake::events(&program, &["--state", "quarantined"]).len();
    assert_eq!(quarantined(), 3);

    let filter = json!({ "state": "quarantined", "consumer": "archive" });
    let problem = refused(&call(&program, "POST", "/api/v1/replay", &filter.to_string()), 400);
    assert_eq!(problem["parameter"], "consumer");
    let problem = refused(&call(&program, "POST", &format!("/api/v1/events/{nonsense}/replay"), ""), 409);
    assert!(problem["detail"].as_str().unwrap().contains("stays in quarantine"), "{problem}");
    let since = json!({ "since": "1h", "dry_run": true });
    let counted = done(&program, "POST", "/api/v1/replay", &since.to_string());
    assert_eq!(counted["events"], 1, "quarantine is left alone unless it is asked for: {counted}");
    let counted = done(&program, "POST", "/api/v1/replay", "{\"state\": \"quarantined\", \"dry_run\": true}");
    assert_eq!((&counted["events"], &counted["unreadable"]), (&2.into(), &1.into()), "{counted}");
    assert_eq!((quarantined(), handed_on(&program).len()), (3, 3), "counting changes nothing");

    program.fix_admin();
    let arguments = ["events", "replay", "--state", "quarantined", "--yes", "--json"];
    let output = run(program.folder.path(), &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let replayed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&replayed["events"], &replayed["dispatches"], &replayed["repeats"], &replayed["unreadable"]),
        (&1.into(), &1.into(), &1.into(), &1.into()),
        "{replayed}"
    );
    assert_eq!(replayed["reasons"][0]["id"], nonsense.as_str());
    assert!(replayed["reasons"][0]["reason"].as_str().unwrap().contains("JSON"), "{replayed}");

    eventually("it is handed on", || (handed_on(&program).len() == 4).then_some(()));
    let event = &handed_on(&program)[3];
    assert_eq!((&event["id"], &event["type"]), (&understood.as_str().into(), &first.expect["type"]));
    assert_eq!(event.get("replay"), None, "nobody had it before");
    let shown = done(&program, "GET", &format!("/api/v1/events/{repeat}"), "");
    assert!(shown["fault"].as_str().unwrap().contains(&original), "{shown}");
    assert_eq!(quarantined(), 1);
}

#[test]
fn a_source_that_is_gone_reads_nothing() {
    let Some([first, _]) = fixtures_of_orders() else { return };
    let program = Program::start(&config());
    let id = first.post(&program).body.trim().to_owned();
    let program = program.while_stopped(|folder| {
        forget(folder, &first);
        let file = folder.join("hooklatch.toml");
        let renamed = std::fs::read_to_string(&file).unwrap().replace("name = \"orders\"", "name = \"shop\"");
        std::fs::write(file, renamed).unwrap();
        let output = run(folder, &["events", "replay", &id]);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("source `orders` is not configured any more"), "{said}");
    });
    assert_eq!(crate::intake::events(&program, &["--state", "quarantined"]).len(), 1);
}
