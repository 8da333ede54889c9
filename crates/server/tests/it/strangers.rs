//! What strangers send in masses, too large or too slowly, and what is kept of it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use hooklatch_server::providers::KNOWN;

use crate::fixtures;
use crate::program::{Program, eventually, pause, run, text};
use crate::rejected::{put_right, rejected, wrong_sources};
use crate::wire;

#[test]
fn all_of_a_source_are_admitted_at_once() {
    let program = Program::start(&wrong_sources());
    let fixture = fixtures::of("picpay").remove(0);
    for spaces in 0..3 {
        let body = [fixture.body.as_slice(), &b" ".repeat(spaces)].concat();
        assert_eq!(wire::post(program.listen, &fixture.path, &fixture.headers(), &body).status, 401);
    }
    wire::post(program.listen, &fixture.path, &[("authorization", "of-a-stranger")], &fixture.body);
    eventually("all are listed", || (rejected(&program, &["--source", "picpay"]).len() == 4).then_some(()));
    let program = program.while_stopped(|folder| {
        put_right(folder);
        let admitted = run(folder, &["rejected", "admit", "--source", "picpay"]);
        assert_eq!(admitted.status.code(), Some(1), "the stranger's stays refused");
        assert_eq!(text(&admitted.stdout).lines().count(), 3);
        assert!(text(&admitted.stderr).contains("still not proven"), "{}", text(&admitted.stderr));
        let unknown = run(folder, &["rejected", "admit", "--source", "nobody"]);
        assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown.stderr));
        if let Some(other) = KNOWN.iter().find(|known| known.name != "picpay") {
            let none = run(folder, &["rejected", "admit", "--source", other.name]);
            assert!(none.status.success() && text(&none.stderr).contains("nothing to admit"));
        }
    });
    assert_eq!(crate::intake::events(&program, &[]).len(), 3);
}

#[test]
fn a_body_that_was_not_kept_is_said_so() {
    let program = Program::start(&wrong_sources());
    let fixture = fixtures::of("picpay").remove(0);
    let mut large = fixture.body.clone();
    large.resize((64 << 10) + 1, b' ');
    assert_eq!(wire::post(program.listen, &fixture.path, &fixture.headers(), &large).status, 401);
    let chunked = wire::chunked(&fixture.path, &fixture.headers(), &large);
    assert_eq!(wire::exchange(program.listen, &chunked).status, 401);
    large.pop();
    assert_eq!(wire::post(program.listen, &fixture.path, &fixture.headers(), &large).status, 401);

    // A stranger who never ends waits no longer for the answer than before there was a log.
    let started = Instant::now();
    let mut slow = wire::connect(program.listen);
    let request = wire::request("POST", &fixture.path, &fixture.headers(), &fixture.body);
    slow.write_all(&request[..request.len() - 1]).unwrap();
    assert_eq!(wire::read_answer(slow).unwrap().status, 401);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    let listed = eventually("all are listed", || {
        let listed = rejected(&program, &[]);
        (listed.len() == 4).then_some(listed)
    });
    let missing: Vec<_> = listed.iter().rev().map(|line| line["body_missing"].as_str()).collect();
    let large = Some("it is too large");
    assert_eq!(missing, [large, large, None, Some("it did not arrive in time")]);
    let _ = program.while_stopped(|folder| {
        put_right(folder);
        let id = listed[3]["id"].to_string();
        let explained = run(folder, &["rejected", "explain", &id]);
        assert!(text(&explained.stdout).contains("not kept: it is too large"), "{}", text(&explained.stdout));
        let admitted = run(folder, &["rejected", "admit", &id]);
        assert_eq!(admitted.status.code(), Some(1));
        let why = text(&admitted.stderr);
        assert!(why.contains("body was not kept") && why.contains("too large"), "{why}");
        let id = listed[1]["id"].to_string();
        assert!(run(folder, &["rejected", "admit", &id]).status.success());
    });
}

#[test]
fn a_flood_of_strangers_fills_nothing_and_holds_nobody_up() {
    const STRANGERS: usize = 4;
    const EACH: usize = 2500;
    let program = Program::start(&fixtures::sources());
    let fixture = fixtures::of("picpay").remove(0);
    let body = vec![b'x'; 32 << 10];
    let stranger = || {
        let answer = wire::post(program.listen, &fixture.path, &[("authorization", "wrong")], &body);
        assert_eq!(answer.status, 401);
    };
    let started = Instant::now();
    let answered = std::thread::scope(|scope| {
        let strangers: Vec<_> =
            (0..STRANGERS).map(|_| scope.spawn(|| (0..EACH).for_each(|_| stranger()))).collect();
        let mut answered = 0;
        while !strangers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let body = [fixture.body.as_slice(), &b" ".repeat(answered)].concat();
            let answer = wire::post(program.listen, &fixture.path, &fixture.headers(), &body);
            assert_eq!(answer.status, 200);
            answered += 1;
            pause(Duration::from_millis(20));
        }
        answered
    });
    assert!(answered > 10, "{answered}");

    // What is not kept is counted, and a later one tells how many they were.
    let mut sent = STRANGERS * EACH;
    let listed = eventually("all are accounted for", || {
        stranger();
        sent += 1;
        let listed = rejected(&program, &[]);
        let told: u64 = listed.iter().map(|line| line["omitted"].as_u64().unwrap() + 1).sum();
        (told == sent as u64).then_some(listed)
    });
    let most = 6 + started.elapsed().as_secs();
    assert!((5..=most).contains(&(listed.len() as u64)), "{} in {:?}", listed.len(), started.elapsed());
    let bytes = |file: &str| std::fs::metadata(program.path(file)).map_or(0, |file| file.len());
    let size = bytes("hooklatch.db") + bytes("hooklatch.db-wal");
    assert!(size < 64 << 20, "{size} bytes of {} that were sent", sent * body.len());
}

#[cfg(target_os = "linux")]
#[test]
fn who_floods_leaves_room_for_what_others_send() {
    let program = Program::start(&wrong_sources());
    let fixture = fixtures::of("picpay").remove(0);
    for _ in 0..50 {
        assert_eq!(wire::post(program.listen, &fixture.path, &fixture.headers(), &fixture.body).status, 401);
    }
    let mut genuine = wire::connect_from([127, 0, 0, 2].into(), program.listen);
    genuine.write_all(&wire::request("POST", &fixture.path, &fixture.headers(), &fixture.body)).unwrap();
    assert_eq!(wire::read_answer(genuine).unwrap().status, 401);
    let listed = eventually("the other one is listed", || {
        let listed = rejected(&program, &[]);
        listed.iter().any(|line| line["peer"] == "127.0.0.2").then_some(listed)
    });
    let flood = listed.iter().filter(|line| line["peer"] == "127.0.0.1").count();
    assert!((5..10).contains(&flood), "{flood}");
}
