//! The generator against small servers of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::feed::{Account, What};

/// Answers each request on each connection, after `before` has been called with its number.
fn serve(before: impl Fn(u64) + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (served, before) = (Arc::new(AtomicU64::new(0)), Arc::new(before));
    let counter = Arc::clone(&served);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let (served, before) = (Arc::clone(&counter), Arc::clone(&before));
            std::thread::spawn(move || converse(stream, &served, &*before));
        }
    });
    (address, served)
}

fn converse(mut stream: TcpStream, served: &AtomicU64, before: &dyn Fn(u64)) {
    let (mut seen, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length: usize = head.rsplit_once("content-length: ").unwrap().1.parse().unwrap();
        if body.len() < length {
            continue;
        }
        assert_eq!(body.len(), length, "requests run into each other");
        seen.clear();
        before(served.fetch_add(1, Ordering::Relaxed));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        if head.contains("connection: close") {
            return;
        }
    }
}

fn load(address: SocketAddr, connections: usize, pace: Pace, reuse: Reuse) -> Load {
    let measured = Duration::from_millis(300);
    Load { address, connections, pace, reuse, warm_up: Duration::ZERO, measured }
}

fn feed(what: What, reuse: Reuse) -> Feed {
    Feed::new(what, &Account::all().unwrap(), reuse).unwrap()
}

#[test]
fn a_closed_loop_counts_what_was_answered() {
    for reuse in [Reuse::KeepAlive, Reuse::Close] {
        let (address, served) = serve(|_| ());
        let outcome = load(address, 4, Pace::Closed, reuse).run(&mut feed(What::Mix, reuse)).unwrap();
        let served = served.load(Ordering::Relaxed);
        assert_eq!(outcome.fault(), None, "{reuse:?}");
        // What is answered after the end is served and not counted.
        assert!((1..=served).contains(&outcome.accepted), "{reuse:?}");
        assert_eq!(outcome.latency.len(), outcome.accepted);
    }
}

#[test]
fn an_open_loop_charges_a_stall_to_all_that_waited() {
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    let never = std::sync::Mutex::new(never);
    // The one connection is held up for a third of the time.
    let (address, served) = serve(move |number| {
        if number == 100 {
            let _ = never.lock().unwrap().recv_timeout(Duration::from_millis(100));
        }
    });
    let load = load(address, 1, Pace::Open(1000.0), Reuse::KeepAlive);
    let outcome = load.run(&mut feed(What::Charge, Reuse::KeepAlive)).unwrap();
    assert!(outcome.accepted <= 300 && outcome.accepted <= served.load(Ordering::Relaxed), "{outcome:?}");
    // About a hundred were due meanwhile; the last of them waited least. A closed loop would have seen one of them.
    let late = outcome.latency.count_between(50_000_000, LONGEST);
    assert!(late > 40, "{late}");
}

#[test]
fn large_bodies_go_out_in_pieces() {
    let (address, _) = serve(|_| ());
    let mut feed = feed(What::Large(512 << 10), Reuse::KeepAlive);
    let outcome = load(address, 2, Pace::Closed, Reuse::KeepAlive).run(&mut feed).unwrap();
    assert_eq!(outcome.fault(), None);
}

#[test]
fn a_receiver_that_breaks_off_is_no_figure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let run = load(address, 2, Pace::Closed, Reuse::KeepAlive).run(&mut feed(What::Charge, Reuse::KeepAlive));
    assert!(run.is_err_and(|error| error.to_string().contains("breaks connections off")));
}

#[test]
fn errors_are_no_speed() {
    let mut outcome = Outcome::new().unwrap();
    assert!(outcome.fault().is_some(), "nothing was accepted");
    outcome.accepted = 10_000;
    assert_eq!(outcome.fault(), None);
    outcome.refused = 11;
    assert_eq!(outcome.fault().unwrap(), "10000 accepted, 11 refused, 0 broken off");
}
