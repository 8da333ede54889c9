//! What else can go wrong around the real binary, each for a bounded time.

mod clock;
mod consumers;
mod disk;
mod mount;
mod second;
mod stopped;
mod sync;
mod trace;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::judge::Violation;
use crate::receiver::pause;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says that a test cannot do its work here, so that `cargo xtask test` counts it as skipped and not as passed.
fn skip(why: &str) {
    let thread = std::thread::current();
    // One line a test: they are counted. Some programs go on about their errors.
    let why = why.lines().next().unwrap_or_default();
    let line = format!("{}: {why}\n", thread.name().unwrap_or("a test of faults"));
    if let Some(folder) = std::env::var_os("HOOKLATCH_CONFORMANCE") {
        let file = std::path::Path::new(&folder).join("skipped.txt");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    // Past the capture of output: whoever runs the tests by hand has to see it too.
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED {}", line.trim_end());
}

/// Waits until `condition` holds.
#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        pause(Duration::from_millis(5));
    }
}

#[track_caller]
fn none(violations: &[Violation]) {
    let lines: Vec<_> = violations.iter().take(20).map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), lines.join("\n"));
}

/// The status of a `GET`.
fn get(address: SocketAddr, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}
