//! What was acknowledged outlives everything.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

use crate::fixtures;
use crate::program::{Program, eventually, hooklatch, pause, run, text};
use crate::receiver::Receiver;
use crate::wire;

#[test]
fn everything_acknowledged_is_handed_on_after_kill_9() {
    // A port where nobody listens yet: the consumer is down.
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let config = format!(
        "{}\n[[consumer]]\nname = \"service\"\nretry = {{ first = \"50ms\", max = \"200ms\", attempts = 10000 }}\n\
         http = {{ url = \"http://{address}/\" }}\n",
        fixtures::sources()
    );
    let program = Program::start(&config);
    let acknowledged: BTreeSet<String> = fixtures::all()
        .iter()
        .map(|fixture| fixture.post(&program))
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.body.trim().to_owned())
        .collect();

    let program = program.kill_and_restart();
    let receiver = Receiver::start_on(TcpListener::bind(address).unwrap(), "200 OK");
    let handed_on = || -> BTreeSet<String> {
        let got = receiver.got();
        let id =
            |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["id"].as_str().unwrap().to_owned();
        got.iter().map(|got| id(&got.body)).collect()
    };
    eventually("everything is handed on", || (handed_on() == acknowledged).then_some(()));
    eventually("everything is settled", || {
        crate::intake::events(&program, &["--state", "pending"]).is_empty().then_some(())
    });

    // Settled is settled: another crash hands nothing on again.
    let before = receiver.got().len();
    let program = program.kill_and_restart();
    pause(Duration::from_millis(500));
    assert_eq!(receiver.got().len(), before);
    drop(program);
}

#[test]
fn a_request_under_way_is_answered_before_the_program_ends() {
    let Some(fixture) = fixtures::all().into_iter().next() else { return };
    let program = Program::start(&fixtures::sources());
    let mut stream = wire::connect(program.listen);
    let request = wire::request("POST", &fixture.path, &fixture.headers(), &fixture.body);
    let (first, rest) = request.split_at(request.len() - 5);
    stream.write_all(first).unwrap();
    pause(Duration::from_millis(200));
    program.terminate();
    pause(Duration::from_millis(200));
    stream.write_all(rest).unwrap();
    assert_eq!(wire::read_answer(stream).unwrap().status, 200);
    let folder = program.path("");
    let (code, log) = program.stop();
    assert_eq!(code, Some(0), "{log}");
    drop(folder);
}

#[test]
fn two_never_work_on_one_inbox() {
    let program = Program::start(&fixtures::sources());
    let output = hooklatch(program.folder.path()).arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("another process works on this inbox"), "{message}");
    assert!(run(program.folder.path(), &["events", "list"]).status.success());
}
