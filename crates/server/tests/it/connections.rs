//! Who gets a connection where there are more than there may be.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually, pause};
use crate::wire;

fn start(server: &str) -> Program {
    Program::start_in(tempfile::tempdir().unwrap(), server, &fixtures::sources())
}

/// A genuine request that is not closed after its answer.
fn request(fixture: &Fixture, spaces: usize) -> Vec<u8> {
    let body = [fixture.body.as_slice(), &b" ".repeat(spaces)].concat();
    let request = wire::request("POST", &fixture.path, &fixture.headers(), &body);
    let close = b"connection: close\r\n";
    let at = request.windows(close.len()).position(|window| window == close).unwrap();
    [&request[..at], &request[at + close.len()..]].concat()
}

/// Reads one answer, after which the connection stays open; gives its status.
fn status(stream: &mut TcpStream) -> u16 {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(length @ 1..) => bytes.extend_from_slice(&piece[..length]),
            ended => panic!("{ended:?} after {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Whether the other side has closed it.
fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0; 1]);
    stream.set_nonblocking(false).unwrap();
    match peeked {
        Ok(length) => length == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[test]
fn who_sends_nothing_makes_room() {
    let program = start("max_connections = 20\nheader_timeout = \"1h\"");
    let fixture = fixtures::of("picpay").remove(0);
    let started = Instant::now();
    let idle: Vec<_> = (0..100).map(|_| wire::connect(program.listen)).collect();
    assert_eq!(fixture.post(&program).status, 200);
    eventually("all but as many as may be are closed", || {
        let open = idle.iter().filter(|stream| !is_closed(stream)).count();
        ((19..=20).contains(&open)).then_some(())
    });
    assert!(is_closed(&idle[0]) && !is_closed(&idle[99]), "the oldest go");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn a_request_under_way_stays_and_who_waits_for_the_next_makes_room() {
    let program = start("max_connections = 10\nheader_timeout = \"1h\"\nbody_timeout = \"30s\"");
    let fixture = fixtures::of("picpay").remove(0);
    let under_way = request(&fixture, 1);
    let mut busy = wire::connect(program.listen);
    busy.write_all(&under_way[..under_way.len() - 1]).unwrap();
    let mut answered = wire::connect(program.listen);
    answered.write_all(&request(&fixture, 2)).unwrap();
    assert_eq!(status(&mut answered), 200);
    let idle: Vec<_> = (0..50).map(|_| wire::connect(program.listen)).collect();
    eventually("the answered one and the oldest are closed", || {
        (is_closed(&answered) && idle[..30].iter().all(is_closed)).then_some(())
    });
    assert!(!is_closed(&busy));
    busy.write_all(b" ").unwrap();
    assert_eq!(status(&mut busy), 200);
}

#[test]
fn while_all_have_requests_under_way_others_wait() {
    let program = start("max_connections = 2\nbody_timeout = \"1s\"");
    let fixture = fixtures::of("picpay").remove(0);
    let whole = request(&fixture, 0);
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = wire::connect(program.listen);
            stream.write_all(&whole[..whole.len() - 1]).unwrap();
            stream
        })
        .collect();
    pause(Duration::from_millis(100));
    let started = Instant::now();
    assert_eq!(wire::get(program.listen, "/").status, 404);
    assert!(started.elapsed() > Duration::from_millis(300), "{:?}", started.elapsed());
    for stream in busy {
        assert_eq!(wire::read_answer(stream).unwrap().status, 408);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_has_most_makes_room_first() {
    let program = start("max_connections = 10\nheader_timeout = \"1h\"");
    let fixture = fixtures::of("picpay").remove(0);
    let mut other = wire::connect_from([127, 0, 0, 2].into(), program.listen);
    let flood: Vec<_> = (0..50).map(|_| wire::connect(program.listen)).collect();
    eventually("the oldest of the flood are closed", || flood[..40].iter().all(is_closed).then_some(()));
    other.write_all(&request(&fixture, 0)).unwrap();
    assert_eq!(status(&mut other), 200, "one that is older, and the only one of its peer");
}
