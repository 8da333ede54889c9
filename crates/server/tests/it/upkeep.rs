//! Checking, copying and pruning the inbox.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::admin::{call, done, refused};
use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, run, text};
use crate::receiver::Receiver;
use crate::wire;

/// The events that are there, by state.
fn states(program: &Program) -> Vec<String> {
    let mut states: Vec<String> = crate::intake::events(program, &[])
        .iter()
        .map(|event| event["state"].as_str().unwrap().to_owned())
        .collect();
    states.sort();
    states
}

#[track_caller]
fn reaches(program: &Program, expected: &[&str]) {
    eventually(&format!("{expected:?}"), || (states(program) == expected).then_some(()));
}

/// One event each that is done, dead, pending and in quarantine.
fn one_of_each(rest: &str) -> Option<(Program, Receiver, Vec<&'static str>)> {
    let fixtures: Vec<Fixture> =
        fixtures::all().into_iter().filter(|fixture| fixture.provider == "orders").collect();
    let of = |kind: &str| fixtures.iter().find(|fixture| fixture.expect["type"] == kind);
    let (first, second) = (of("orders.order_updated")?, of("orders.shipment_shipped")?);
    let receiver = Receiver::start("200 OK");
    let failing = Receiver::start("400 No");
    let consumer = |name: &str, kind: &str, address, give_up: &str| {
        format!(
            "[[consumer]]\nname = \"{name}\"\nfilter = {{ type = [\"{kind}\"] }}\n\
             http = {{ url = \"http://{address}/\"{give_up} }}\n"
        )
    };
    let config = format!(
        "{rest}{}{}{}{}",
        fixtures::sources(),
        consumer("well", "orders.order_updated", receiver.address, ""),
        consumer("gone", "orders.shipment_shipped", failing.address, ", give_up_on = [400]"),
        consumer("held", "orders.transaction_completed", receiver.address, ""),
    );
    let program = Program::start(&config);
    done(&program, "POST", "/api/v1/consumers/held/pause", "");
    let third = of("orders.transaction_completed")?;
    for fixture in [first, second, third] {
        assert_eq!(fixture.post(&program).status, 200);
    }
    assert_eq!(wire::post(program.listen, &first.path, &first.headers(), b"nonsense").status, 202);
    let all = vec!["dead", "done", "pending", "quarantined"];
    reaches(&program, &all);
    Some((program, receiver, all))
}

#[test]
fn only_what_is_done_is_pruned_with_and_without_a_server() {
    let Some((program, _receiver, _)) = one_of_each("") else { return };
    assert_eq!(done(&program, "POST", "/api/v1/prune", "")["events"], 0, "nothing is thirty days old");
    for (body, parameter) in [
        ("{\"before\": \"soon\"}", Some("before")),
        ("{\"before\": 3}", Some("before")),
        ("{\"after\": \"1h\"}", Some("after")),
        ("[]", None),
    ] {
        let problem = refused(&call(&program, "POST", "/api/v1/prune", body), 400);
        assert_eq!(problem["parameter"].as_str(), parameter, "{problem}");
    }
    assert_eq!(states(&program).len(), 4);
    program.fix_admin();
    let prune = |folder: &Path| run(folder, &["inbox", "prune", "--before", "0s", "--yes", "--json"]);
    let unasked = run(program.folder.path(), &["inbox", "prune", "--before", "0s"]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(text(&unasked.stderr).contains("add --yes to delete"), "{}", text(&unasked.stderr));
    let usual = run(program.folder.path(), &["inbox", "prune"]);
    assert_eq!((usual.status.code(), text(&usual.stdout).trim()), (Some(0), "0 events deleted"));
    assert_eq!(states(&program).len(), 4, "not asked, not done");
    let pruned = prune(program.folder.path());
    assert!(pruned.status.success(), "{}", text(&pruned.stderr));
    assert_eq!(serde_json::from_slice::<Value>(&pruned.stdout).unwrap(), json!({ "events": 1 }));
    assert_eq!(states(&program), ["dead", "pending", "quarantined"]);

    done(&program, "POST", "/api/v1/consumers/held/resume", "");
    reaches(&program, &["dead", "done", "quarantined"]);
    let program = program.while_stopped(|folder| {
        let pruned = prune(folder);
        assert!(pruned.status.success(), "{}", text(&pruned.stderr));
        assert_eq!(serde_json::from_slice::<Value>(&pruned.stdout).unwrap(), json!({ "events": 1 }));
    });
    assert_eq!(states(&program), ["dead", "quarantined"]);
    assert_eq!(run(program.folder.path(), &["inbox", "prune", "--before", "soon"]).status.code(), Some(2));
}

#[test]
fn what_is_older_than_retention_goes_by_itself() {
    let Some((program, _receiver, all)) = one_of_each("") else { return };
    let program = program.kill_and_restart();
    assert_eq!(states(&program), all, "thirty days have not passed");
    let program = with_inbox(program, "retention = \"1ms\"");
    reaches(&program, &["dead", "pending", "quarantined"]);
    let logged = logged_until(&program, "pruned");
    assert!(logged.contains("older than `retention`") && !logged.contains("max_size"), "{logged}");
}

#[test]
fn what_is_too_large_becomes_smaller_and_says_what_it_cannot_do() {
    let Some((program, _receiver, _)) = one_of_each("") else { return };
    let program = with_inbox(program, "retention = \"off\"\nmax_size = \"1KiB\"");
    reaches(&program, &["dead", "pending", "quarantined"]);
    let logged = logged_until(&program, "larger than it may be");
    assert!(logged.contains("larger than `max_size`") && !logged.contains("older than"), "{logged}");
}

/// What it logs until it says `part`.
fn logged_until(program: &Program, part: &str) -> String {
    let mut logged = String::new();
    eventually(&format!("the log says `{part}`"), || {
        logged += &program.logged();
        logged.contains(part).then_some(())
    });
    logged
}

/// Starts again with these lines in `[inbox]`.
fn with_inbox(program: Program, lines: &str) -> Program {
    program.while_stopped(|folder| {
        let file = folder.join("hooklatch.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("[inbox]\n{lines}\n{config}")).unwrap();
    })
}

#[test]
fn a_copy_is_made_beside_the_server_and_is_an_inbox() {
    let Some((program, _receiver, _)) = one_of_each("") else { return };
    let folder = program.folder.path();
    let copied = run(folder, &["inbox", "backup", "copy.db", "--json"]);
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    let copy = folder.join("copy.db");
    let said: Value = serde_json::from_slice(&copied.stdout).unwrap();
    assert_eq!((&said["file"], &said["bytes"]), (&"copy.db".into(), &copy.metadata().unwrap().len().into()));
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&copy).unwrap();
    let again = run(folder, &["inbox", "backup", "copy.db"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("copy.db: File exists"), "{}", text(&again.stderr));
    assert_eq!(std::fs::read(&copy).unwrap(), before, "what is there is left alone");

    std::fs::write(folder.join("copy.toml"), "[inbox]\nurl = \"sqlite:copy.db\"\n").unwrap();
    let list = |config: &str| {
        let output = run(folder, &["events", "list", "--json", "--config", config]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(list("copy.toml"), list("hooklatch.toml"));
    let sound = run(folder, &["inbox", "verify", "--config", "copy.toml", "--json"]);
    assert_eq!((sound.status.code(), text(&sound.stdout).trim()), (Some(0), "{\"faults\":[]}"));
}

#[test]
fn an_inbox_is_looked_through_beside_the_server() {
    let Some((program, _receiver, _)) = one_of_each("") else { return };
    let folder = program.folder.path();
    let sound = run(folder, &["inbox", "verify"]);
    assert!(sound.status.success(), "{}", text(&sound.stderr));
    let program = program.while_stopped(|folder| {
        let inbox = Connection::open(folder.join("hooklatch.db")).unwrap();
        // As if they had been written and were lost.
        let written = "UPDATE inbox SET identified = (SELECT max(position) FROM event)";
        assert_eq!(inbox.execute(written, []).unwrap(), 1);
    });
    let faulty = run(program.folder.path(), &["inbox", "verify", "--json"]);
    assert_eq!(faulty.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&faulty.stdout).unwrap();
    assert_eq!(found["faults"].as_array().unwrap().len(), 4, "{found}");
    assert!(text(&faulty.stderr).contains("4 faults"), "{}", text(&faulty.stderr));

    let empty = tempfile::tempdir().unwrap();
    for arguments in [&["inbox", "verify"][..], &["inbox", "backup", "copy.db"], &["inbox", "prune"]] {
        assert_eq!(run(empty.path(), arguments).status.code(), Some(1), "{arguments:?}");
        assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "{arguments:?}");
    }
}
