//! Who is shown the token of the admin API, and what is said of those who do not know it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::admin::{refused, token};
use crate::fixtures;
use crate::program::{PATIENCE, Program, eventually, hooklatch, pause, run, text};
use crate::receiver::Receiver;
use crate::wire;

/// A command that asks the server, with the configuration naming this address for it; gives what it said.
#[track_caller]
fn ask_at(program: &Program, address: SocketAddr) -> String {
    let file = program.path("hooklatch.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("admin = \"127.0.0.1:0\"", &format!("admin = \"{address}\"")))
        .unwrap();
    let output = run(program.folder.path(), &["inbox", "prune"]);
    std::fs::write(&file, config).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn who_does_not_know_the_token_is_not_shown_it() {
    let program = Program::start(&fixtures::sources());
    for answer in ["200 OK", "401 Unauthorized", "500 Oh No"] {
        let impostor = Receiver::start(answer);
        let said = ask_at(&program, impostor.address);
        assert!(said.contains("the token"), "{said}");
        let got = impostor.got();
        assert_eq!(got.len(), 1, "{got:?}");
        assert!(!format!("{got:?}").contains(&token(&program)), "{got:?}");
        assert!(got[0].body.is_empty());
    }
}

/// Passes everything on to `to`; gives its address, and what callers have sent.
fn relay(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut caller in listener.incoming().map_while(Result::ok) {
            let mut server = TcpStream::connect(to).unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), caller.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = caller.read(&mut piece) {
                record.lock().unwrap().extend_from_slice(&piece[..length]);
                let _ = server.write_all(&piece[..length]);
            }
        }
    });
    (address, heard)
}

#[test]
fn who_passes_on_what_the_server_proves_is_not_shown_it_either() {
    let program = Program::start(&fixtures::sources());
    let (address, heard) = relay(program.admin);
    let said = ask_at(&program, address);
    assert!(said.contains("does not take the token"), "{said}");
    let heard = String::from_utf8(heard.lock().unwrap().clone()).unwrap();
    assert!(heard.starts_with("GET /api/v1/proof "), "{heard}");
    assert!(!heard.contains(&token(&program)), "{heard}");

    program.fix_admin();
    let pruned = run(program.folder.path(), &["inbox", "prune"]);
    assert!(pruned.status.success(), "the server itself is believed: {}", text(&pruned.stderr));
}

/// Passes requests of `caller` on to `to` one by one, each over a new connection; gives what the caller sent.
///
/// Where it is to forge, the answer to a call comes back with another status.
fn relay_each(mut caller: TcpStream, to: SocketAddr, forge: bool) -> Vec<String> {
    let mut requests = Vec::new();
    while let Some(request) = read_request(&mut caller) {
        let mut server = wire::connect(to);
        server.write_all(request.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).unwrap();
        let mut answer = String::new();
        server.read_to_string(&mut answer).unwrap();
        if forge && is_call(&request) {
            answer = answer.replacen("200 OK", "201 Created", 1);
        }
        requests.push(request);
        let _ = caller.write_all(answer.replacen("connection: close\r\n", "", 1).as_bytes());
    }
    requests
}

/// Whether it asks for more than a turn.
fn is_call(request: &str) -> bool {
    !request.starts_with("GET /api/v1/proof ")
}

/// A request with its body; none when there are no more.
fn read_request(caller: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = caller.read(&mut piece).ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8(request.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == expected.map_or(0, |length| length.parse().unwrap()) {
            return Some(text);
        }
    }
}

/// A command whose connection somebody took while no server was there, who then passes everything on to the server.
/// Gives the server, what the command said, and what it was heard to send, which has a call in it.
fn relayed_over_a_restart(forge: bool) -> (Program, std::process::Output, Vec<String>) {
    // The command may use a connection of its own to the server for what it asks next.
    let mut tries = std::iter::repeat_with(|| try_to_relay_over_a_restart(forge)).take(20);
    tries
        .find(|(_, _, requests)| requests.iter().any(|request| is_call(request)))
        .expect("a call is passed on")
}

fn try_to_relay_over_a_restart(forge: bool) -> (Program, std::process::Output, Vec<String>) {
    let program = Program::start(&fixtures::sources());
    program.fix_admin();
    let address = program.admin;
    let mut taken = None;
    let program = program.while_stopped(|folder| {
        // The inbox seems to be held still, as it is by a server that drains.
        let lock = std::fs::File::options().write(true).open(folder.join("hooklatch.db.lock")).unwrap();
        lock.lock().unwrap();
        let impostor = TcpListener::bind(address).unwrap();
        let mut command = hooklatch(folder);
        command.args(["inbox", "prune"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let command = command.spawn().unwrap();
        impostor.set_nonblocking(true).unwrap();
        let (caller, _) = eventually("the command comes", || impostor.accept().ok());
        caller.set_nonblocking(false).unwrap();
        caller.set_read_timeout(Some(PATIENCE)).unwrap();
        taken = Some((caller, command));
    });
    assert_eq!(program.admin, address);
    let (caller, command) = taken.unwrap();
    let requests = relay_each(caller, address, forge);
    (program, command.wait_with_output().unwrap(), requests)
}

#[test]
fn who_took_the_connection_before_the_server_came_gets_nothing_to_call_it_with() {
    let (program, output, requests) = relayed_over_a_restart(false);
    assert!(output.status.success(), "what is passed on is done: {}", text(&output.stderr));
    assert!(!requests.concat().contains(&token(&program)), "{requests:?}");
    for request in &requests {
        let authorization =
            request.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap().to_owned();
        for (method, path, body) in
            [("GET", "/api/v1/stats", ""), ("POST", "/api/v1/prune", "{}"), ("POST", "/api/v1/replay", "{}")]
        {
            let again = [("authorization", authorization.as_str())];
            let request = wire::request(method, path, &again, body.as_bytes());
            refused(&wire::exchange(program.admin, &request), 401);
        }
    }
}

#[test]
fn an_answer_that_was_changed_on_its_way_is_not_believed() {
    let (_program, output, requests) = relayed_over_a_restart(true);
    assert_eq!(requests.iter().filter(|request| is_call(request)).count(), 1, "{requests:?}");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("not the server that was asked"), "{}", text(&output.stderr));
}

#[test]
fn calls_without_the_token_are_logged_and_do_not_fill_the_log() {
    let program = Program::start(&fixtures::sources());
    let token = token(&program);
    let ask = |path: &str, authorization: &str| {
        let request = wire::request("GET", path, &[("authorization", authorization)], b"");
        refused(&wire::exchange(program.admin, &request), 401);
    };
    for _ in 0..20 {
        ask("/api/v1/events?q=private", &format!("Bearer {}", &token[1..]));
    }
    let mut shown = String::new();
    // Where the machine is slow, there are more lines than one for what was asked at once.
    let mut lines_until = |path: &str| -> Vec<Value> {
        eventually("it is logged", || {
            shown += &program.logged();
            shown.push('\n');
            let lines = shown.lines().filter(|line| line.contains("without its token"));
            let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
            lines.iter().any(|line| line["fields"]["path"] == path).then_some(lines)
        })
    };
    let first = lines_until("/api/v1/events").remove(0);
    assert_eq!(first["level"], "WARN");
    assert_eq!((&first["fields"]["path"], &first["fields"]["unsaid"]), (&"/api/v1/events".into(), &0.into()));
    assert!(first["fields"]["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{first}");

    pause(Duration::from_millis(1100));
    ask(&format!("/api/v1/{token}"), "");
    let logged = lines_until("(holds the token)");
    let told: u64 = logged.iter().map(|line| 1 + line["fields"]["unsaid"].as_u64().unwrap()).sum();
    assert_eq!(told, 21, "{logged:?}");
    assert!(logged.len() < 10, "{logged:?}");
    pause(Duration::from_millis(1100));
    ask(&format!("/api/{}", "x".repeat(5000)), "");
    let logged = lines_until(&format!("/api/{}", "x".repeat(195)));
    let whole = format!("{logged:?}");
    assert!(!whole.contains(&token) && !whole.contains("private"), "{whole}");
}
