//! Consumers that misbehave, and a healthy one beside them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::{none, until};
use crate::consumer::Faults;
use crate::judge;
use crate::receiver::pause;
use crate::site::{Plan, SOON, Site};

/// How long the receiver waits for one of them: much longer than the healthy one may need for everything.
const TIMEOUT: Duration = Duration::from_secs(25);
/// How long webhooks come in.
const LOAD: Duration = Duration::from_millis(1500);
/// How long after the last webhook the healthy one may need. The consumers beside it would cost it [`TIMEOUT`].
const CATCHING_UP: Duration = Duration::from_secs(10);

/// What a consumer does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Reads and says nothing.
    Silent,
    /// Answers something that is no HTTP.
    Garbage,
    /// Closes after the first bytes of the request.
    Curt,
    /// Answers one byte a second, the head included.
    Dripping,
    /// Says 200 and drips the body.
    DrippingBody,
}

const MANNERS: [Manner; 5] =
    [Manner::Silent, Manner::Garbage, Manner::Curt, Manner::Dripping, Manner::DrippingBody];

/// Starts one and gives its section of the configuration.
fn start(manner: Manner) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || misbehave(stream, manner));
        }
    });
    format!(
        "[[consumer]]\nname = \"{manner:?}\"\n{SOON}\nhttp = {{ url = \"http://{address}/\", timeout = \"{}s\" }}\n",
        TIMEOUT.as_secs()
    )
}

fn misbehave(mut stream: TcpStream, manner: Manner) {
    let mut buffer = [0; 16 << 10];
    let Ok(1..) = stream.read(&mut buffer) else { return };
    let answer: &[u8] = match manner {
        Manner::Silent => {
            while matches!(stream.read(&mut buffer), Ok(1..)) {}
            return;
        }
        Manner::Garbage => {
            let _ = stream.write_all(b"\x16\x03\x01 this is no HTTP \xff\xfe\r\n\r\n");
            return;
        }
        Manner::Curt => return,
        Manner::Dripping => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        Manner::DrippingBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
            &[b'.'; 1000]
        }
    };
    for byte in answer {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        pause(Duration::from_secs(1));
    }
}

#[test]
fn whoever_misbehaves_costs_the_healthy_consumer_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let consumers: String = MANNERS.map(start).concat();
    let plan = Plan { consumers: &consumers, ..Plan::default() };
    let mut site = Site::new(folder.path(), plan, &mut Rng::with_seed(1));
    site.consumer.fail(Faults::NONE);
    let receiver = site.start().unwrap();
    pause(LOAD);
    site.senders.close();
    let begun = Instant::now();
    let stored = site.stored(&[]).unwrap();
    let readable = stored.iter().filter(|event| event.state != "quarantined").count();
    assert!(readable > 50, "only {readable} events");
    let is_everywhere = || {
        let sheet = site.ledger.sheet();
        [site.consumer.deliveries(0), site.in_file(0)]
            .iter()
            .all(|got| judge::handed_on("the healthy one", &sheet, &stored, got).is_empty())
    };
    until("the healthy consumers have everything", is_everywhere);
    assert!(begun.elapsed() < CATCHING_UP, "it took them {:?}", begun.elapsed());

    let http = site.consumer.deliveries(0);
    let mut found = judge::order("service", &http);
    found.extend(judge::signals("service", &site.ledger.sheet(), &http));
    found.extend(judge::acknowledged(&site.ledger.sheet(), &stored));
    none(&found);
    // The others have lost nothing either: it waits for them.
    site.kill(receiver);
    let pending = site.stored(&["--state", "pending"]).unwrap().len();
    assert_eq!(pending, readable, "what was not taken waits");
}
