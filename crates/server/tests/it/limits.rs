//! Nothing from outside is without bounds.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::fixtures;
use crate::program::{Program, eventually};
use crate::wire;

fn start(server: &str) -> Program {
    Program::start_in(tempfile::tempdir().unwrap(), server, &fixtures::sources())
}

#[test]
fn a_body_over_the_limit_is_refused_whole_and_in_chunks() {
    let program = start("max_body = \"64KiB\"");
    for fixture in fixtures::all() {
        if fixture.provider == "piriod" {
            continue;
        }
        let mut fitting = fixture.body.clone();
        fitting.resize(64 << 10, b' ');
        assert_eq!(wire::post(program.listen, &fixture.path, &fixture.headers(), &fitting).status, 200);
        for length in [(64 << 10) + 1, 3 << 20] {
            let mut large = fixture.body.clone();
            large.resize(length, b' ');
            let whole = wire::post(program.listen, &fixture.path, &fixture.headers(), &large);
            assert_eq!((whole.status, whole.body.as_str()), (413, ""));
            let chunked =
                wire::exchange(program.listen, &wire::chunked(&fixture.path, &fixture.headers(), &large));
            assert_eq!((chunked.status, chunked.body.as_str()), (413, ""));
        }
        return;
    }
}

#[test]
fn a_body_in_chunks_is_as_good_as_a_whole_one() {
    let program = start("");
    for fixture in fixtures::all() {
        let request = wire::chunked(&fixture.path, &fixture.headers(), &fixture.body);
        assert_eq!(wire::exchange(program.listen, &request).status, 200, "{}", fixture.name);
    }
}

#[test]
fn a_large_head_is_refused_and_its_connection_ends() {
    let program = start("");
    let ask = |length: usize| {
        wire::exchange(program.admin, &wire::request("GET", "/healthz", &[("x", &"a".repeat(length))], b""))
    };
    assert_eq!(ask(15 << 10).status, 200);
    assert_eq!(ask(17 << 10).status, 431);
    let mut endless = wire::connect(program.listen);
    endless.write_all(b"POST /piriod HTTP/1.1\r\n").unwrap();
    let line = format!("a: {}\r\n", "x".repeat(1000));
    let sent = (0..10_000).take_while(|_| endless.write_all(line.as_bytes()).is_ok()).count();
    assert!(sent < 10_000, "it goes on");
}

#[test]
fn slow_headers_and_slow_bodies_end() {
    let program = start("header_timeout = \"300ms\"\nbody_timeout = \"300ms\"");
    let started = Instant::now();
    let mut slow = wire::connect(program.listen);
    slow.write_all(b"POST /picpay HTTP/1.1\r\nhost: loc").unwrap();
    let answer = wire::read_answer(slow);
    assert!(answer.is_none_or(|answer| answer.status == 408));

    if let Some(fixture) = fixtures::all().into_iter().find(|fixture| fixture.provider != "piriod") {
        let mut slow = wire::connect(program.listen);
        let request = wire::request("POST", &fixture.path, &fixture.headers(), &fixture.body);
        slow.write_all(&request[..request.len() - 1]).unwrap();
        assert_eq!(wire::read_answer(slow).unwrap().status, 408);
        assert_eq!(fixture.post(&program).status, 200);
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_body_that_proves_its_sender_is_small_and_quick() {
    let Some(fixture) = fixtures::find("piriod", "invoice_paid") else { return };
    let program = start("");
    for (length, status) in [(4 << 10, 200), ((4 << 10) + 1, 413)] {
        let mut body = fixture.body.clone();
        body.resize(length, b' ');
        let answer = wire::post(program.listen, &fixture.path, &fixture.headers(), &body);
        assert_eq!(answer.status, status, "{length}");
    }
    let started = Instant::now();
    let mut slow = wire::connect(program.listen);
    let request = wire::request("POST", &fixture.path, &fixture.headers(), &fixture.body);
    slow.write_all(&request[..request.len() - 1]).unwrap();
    assert_eq!(wire::read_answer(slow).unwrap().status, 408);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
fn who_holds_bodies_back_takes_no_room_of_others() {
    let Some(fixture) = fixtures::find("piriod", "invoice_paid") else { return };
    let program = start("");
    let mut held_back = fixture.body.clone();
    held_back.resize(4 << 10, b' ');
    let request = wire::request("POST", &fixture.path, &fixture.headers(), &held_back);
    let is_crowded = |stream: &TcpStream| {
        let mut start = *b"HTTP/1.1 xxx";
        stream.set_nonblocking(true).unwrap();
        stream.peek(&mut start).is_ok_and(|length| length == start.len()) && start[9] == b'5'
    };
    // A slow machine may need more than one try: what is held back for too long is not held any more.
    eventually("one of a peer is one too many", || {
        let held: Vec<_> = (0..257)
            .map(|_| {
                let mut stream = wire::connect(program.listen);
                stream.write_all(&request[..request.len() - 1]).unwrap();
                stream
            })
            .collect();
        let mut genuine = wire::connect_from([127, 0, 0, 2].into(), program.listen);
        genuine.write_all(&request).unwrap();
        assert_eq!(wire::read_answer(genuine).unwrap().status, 200);
        held.iter().any(is_crowded).then_some(())
    });
}

#[test]
fn garbage_on_the_line_ends_the_connection_only() {
    let program = start("");
    let many_headers = format!("POST / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(5000));
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"\r\n\r\n\r\n", b"GET\r\n\r\n", many_headers.as_bytes()]
    {
        let mut stream = wire::connect(program.listen);
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert!(wire::read_answer(stream).is_none_or(|answer| answer.status >= 400));
    }
    assert_eq!(wire::get(program.admin, "/healthz").status, 200);
    assert_eq!(wire::get(program.listen, "/").status, 404);
}

#[test]
fn health_is_told_on_the_admin_address_only() {
    let program = start("");
    assert_eq!(wire::get(program.admin, "/healthz").status, 200);
    assert_eq!(wire::get(program.admin, "/readyz").status, 200);
    assert_eq!(wire::get(program.admin, "/other").status, 404);
    assert_eq!(wire::post(program.admin, "/healthz", &[], b"").status, 405);
    assert_eq!(wire::get(program.listen, "/healthz").status, 404);
}
