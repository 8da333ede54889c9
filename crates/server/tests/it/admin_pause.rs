//! Pausing and resuming: through a server that runs, and without one.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::admin::{call, done, refused};
use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, run, text};
use crate::receiver::Receiver;

fn consumer(receiver: &Receiver) -> String {
    format!(
        "{}\n[[consumer]]\nname = \"service\"\nhttp = {{ url = \"http://{}/\" }}\n",
        fixtures::sources(),
        receiver.address
    )
}

fn two() -> Option<(Fixture, Fixture)> {
    let mut fixtures = fixtures::all().into_iter();
    Some((fixtures.next()?, fixtures.next()?))
}

/// What the inbox says of its only consumer.
fn status(program: &Program) -> Value {
    let output = run(program.folder.path(), &["consumers", "list", "--json"]);
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    list["consumers"][0].clone()
}

/// Runs a command that must succeed.
#[track_caller]
fn command(program: &Program, arguments: &[&str]) -> String {
    let output = run(program.folder.path(), arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Runs a command that must fail; gives what it said.
#[track_caller]
fn failing(program: &Program, arguments: &[&str]) -> String {
    let output = run(program.folder.path(), arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

/// Changes `hooklatch.toml`, which a running server does not read again.
fn edit(program: &Program, from: &str, to: &str) {
    let file = program.path("hooklatch.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(config.contains(from), "{config}");
    std::fs::write(file, config.replace(from, to)).unwrap();
}

#[test]
fn a_paused_consumer_gets_nothing_until_it_is_resumed() {
    let Some((first, second)) = two() else { return };
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&consumer(&receiver));
    first.post(&program);
    eventually("the first is handed on", || {
        (receiver.got().len() == 1 && status(&program)["pending"] == 0).then_some(())
    });

    let paused = done(&program, "POST", "/api/v1/consumers/service/pause", "");
    assert_eq!((&paused["name"], &paused["paused"]), (&"service".into(), &"by hand".into()));
    assert_eq!(status(&program), paused);
    let id = second.post(&program).body.trim().to_owned();
    // A consumer that were not held back would have it long before this call of the command line has ended.
    assert_eq!(status(&program)["paused"], "by hand");
    assert_eq!(crate::intake::events(&program, &["--state", "pending"])[0]["id"], id);
    assert_eq!(receiver.got().len(), 1);

    let program = program.kill_and_restart();
    assert_eq!(status(&program)["paused"], "by hand", "a pause outlives a restart");
    let resumed = done(&program, "POST", "/api/v1/consumers/service/resume", "{}");
    assert_eq!(resumed["paused"], Value::Null);
    eventually("the second is handed on", || (receiver.got().len() == 2).then_some(()));
}

#[test]
fn the_command_goes_through_the_server_that_holds_the_inbox() {
    let Some((first, _)) = two() else { return };
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&consumer(&receiver));
    program.fix_admin();
    assert_eq!(
        command(&program, &["consumers", "pause", "service"]),
        "service: paused (by hand), 0 pending\n"
    );
    assert_eq!(status(&program)["paused"], "by hand");
    first.post(&program);
    let shown: Value =
        serde_json::from_str(&command(&program, &["consumers", "pause", "service", "--json"])).unwrap();
    assert_eq!(shown, status(&program));
    assert!(receiver.got().is_empty());
    let resumed = command(&program, &["consumers", "resume", "service"]);
    assert!(resumed.starts_with("service: not paused, "), "{resumed}");
    eventually("it is handed on", || (receiver.got().len() == 1).then_some(()));
    assert!(failing(&program, &["consumers", "pause", "nobody"]).contains("there are service"));
}

#[test]
fn without_a_server_the_command_opens_the_inbox_itself() {
    let Some((first, _)) = two() else { return };
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&consumer(&receiver));
    let program = program.while_stopped(|folder| {
        assert!(run(folder, &["consumers", "pause", "service"]).status.success());
        let nobody = run(folder, &["consumers", "pause", "nobody"]);
        assert_eq!(nobody.status.code(), Some(1));
        assert!(text(&nobody.stderr).contains("there are service"), "{}", text(&nobody.stderr));
    });
    first.post(&program);
    assert_eq!(status(&program)["paused"], "by hand");
    let program = program.while_stopped(|folder| {
        assert!(run(folder, &["consumers", "resume", "service"]).status.success());
    });
    eventually("it is handed on", || (receiver.got().len() == 1).then_some(()));
    drop(program);

    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(empty.path(), &["consumers", "pause", "service"]).status.code(), Some(1));
    assert!(!empty.path().join("hooklatch.db").exists(), "changing something makes no inbox");
    for name in ["", "a/b", "a?b", "..%2f"] {
        assert_eq!(run(empty.path(), &["consumers", "pause", name]).status.code(), Some(2), "{name}");
    }
}

#[test]
fn a_call_that_is_refused_changes_nothing() {
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&consumer(&receiver));
    let pause = "/api/v1/consumers/service/pause";
    for (body, parameter) in [("{\"for\": \"1h\"}", Some("for")), ("[]", None), ("{", None), ("pause", None)]
    {
        let problem = refused(&call(&program, "POST", pause, body), 400);
        assert_eq!(problem["parameter"].as_str(), parameter, "{problem}");
    }
    refused(&call(&program, "POST", &format!("{pause}?for=1h"), ""), 400);
    refused(&call(&program, "GET", pause, ""), 405);
    refused(&call(&program, "POST", "/api/v1/consumers/nobody/pause", ""), 404);
    refused(&call(&program, "POST", "/api/v1/consumers//pause", ""), 404);
    assert_eq!(status(&program)["paused"], Value::Null);
}

#[test]
fn a_server_that_cannot_be_asked_is_told_apart() {
    let receiver = Receiver::start("200 OK");
    let program = Program::start(&consumer(&receiver));
    let pause = ["consumers", "pause", "service"];
    let says = |part: &str| {
        let said = failing(&program, &pause);
        assert!(said.contains("another process works on this inbox"), "{said}");
        assert!(said.contains(part), "{part}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    };
    says("no fixed port");
    program.fix_admin();
    let address = program.admin.to_string();

    edit(&program, &address, "off");
    says("`admin` is \"off\"");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    edit(&program, "\"off\"", &format!("\"{nobody}\""));
    says(&nobody);
    edit(&program, &nobody, &address);

    let file = program.path("hooklatch.db.admin-token");
    let token = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    says("hooklatch.db.admin-token: No such file");
    std::fs::write(&file, "wrong").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    says("others may read or change it (mode 644)");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    says("does not take the token");
    std::fs::write(&file, token).unwrap();
    assert_eq!(status(&program)["paused"], Value::Null);
    command(&program, &pause);
}

#[test]
fn the_server_of_another_inbox_is_not_asked() {
    let receiver = Receiver::start("200 OK");
    let start = || {
        let folder = tempfile::tempdir().unwrap();
        Program::start_in(folder, "admin_token = \"plain:the-same-for-both\"", &consumer(&receiver))
    };
    let (ours, other) = (start(), start());
    edit(&ours, "admin = \"127.0.0.1:0\"", &format!("admin = \"{}\"", other.admin));
    let said = failing(&ours, &["consumers", "pause", "service"]);
    assert!(said.contains("works on another inbox"), "{said}");
    assert_eq!((&status(&ours)["paused"], &status(&other)["paused"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_consumer_that_is_not_configured_any_more_is_told_of() {
    let Some((first, second)) = two() else { return };
    let receiver = Receiver::start("500 Oh No");
    let program = Program::start(&consumer(&receiver));
    first.post(&program);
    eventually("it waits", || (status(&program)["waiting"] == 1).then_some(()));
    // What comes in a pause is in the log only, so nothing but a count of that can tell of it.
    done(&program, "POST", "/api/v1/consumers/service/pause", "");
    second.post(&program);
    let listed = status(&program);
    assert_eq!((&listed["pending"], &listed["pending_exact"]), (&2.into(), &true.into()), "{listed}");
    let program = program.while_stopped(|folder| {
        let file = folder.join("hooklatch.toml");
        let renamed = std::fs::read_to_string(&file).unwrap().replace("\"service\"", "\"other\"");
        std::fs::write(file, renamed).unwrap();
    });
    let list = done(&program, "GET", "/api/v1/consumers", "");
    let [other, service] = list["consumers"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!((&other["name"], &other["configured"]), (&"other".into(), &true.into()));
    assert_eq!((&service["name"], &service["configured"]), (&"service".into(), &false.into()));
    let shown = command(&program, &["consumers", "list"]);
    let line = shown.lines().find(|line| line.contains("service")).unwrap();
    assert!(line.contains("not configured"), "{shown}");
    assert_eq!(line.split_whitespace().take(4).collect::<Vec<_>>(), ["service", "2", "1", "0"], "{shown}");
    refused(&call(&program, "POST", "/api/v1/consumers/service/pause", ""), 404);
    let logged = program.logged_at_start();
    let warnings = logged.iter().filter(|line| line.contains("not configured any more"));
    let warnings: Vec<Value> = warnings.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(warnings.len(), 1, "{logged:?}");
    let fields = &warnings[0]["fields"];
    assert_eq!((&fields["consumer"], &fields["waiting"]), (&"service".into(), &1.into()), "{fields}");
    assert_eq!(fields["pending"], "2", "{fields}");
}
