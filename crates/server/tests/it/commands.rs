//! The command line.

use std::io::{Read as _, Write as _};

use hooklatch_server::providers::KNOWN;
use serde_json::Value;

use crate::fixtures;
use crate::program::{Program, hooklatch, run, text};

#[test]
fn the_demonstration_shows_every_documented_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["demo", "--exit", "--json"]);
    if KNOWN.is_empty() {
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("no provider"));
        return;
    }
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let documented = [("pico", 5), ("picpay", 3), ("piriod", 14), ("orders", 10)];
    for known in KNOWN {
        let rows = rows.iter().filter(|row| row["source"] == known.name);
        let expected = documented.iter().find(|(name, _)| *name == known.name).unwrap().1;
        assert_eq!(rows.count(), expected, "{}", known.name);
    }
    for row in rows {
        assert_eq!(row["accepted"], "200", "{row}");
        assert!(row["kept"].is_string() && row["handed_on"].is_string(), "{row}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing behind");

    let people = run(folder.path(), &["demo", "--exit"]);
    assert!(people.status.success());
    assert!(text(&people.stdout).contains("0 failed"), "{}", text(&people.stdout));
}

#[test]
fn send_sends_what_the_receiver_takes() {
    let program = Program::start(&fixtures::sources());
    let folder = program.folder.path();
    for known in KNOWN {
        let url = format!("http://{}/{}", program.listen, known.name);
        let output = run(folder, &["send", known.name, "--all", "--to", &url, "--json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        for line in text(&output.stdout).lines() {
            let sent: Value = serde_json::from_str(line).unwrap();
            assert_eq!(sent["status"], 200, "{sent}");
        }
    }
    let listed = crate::intake::events(&program, &[]);
    assert!(listed.len() >= KNOWN.len() * 3, "{}", listed.len());
}

#[test]
fn what_a_receiver_answers_steers_no_terminal() {
    let Some(known) = KNOWN.first() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hooklatch.toml"), fixtures::sources()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        let body = "\u{1b}[2J\u{9b}31mred\r\n\u{1b}[Ahidden";
        let head =
            format!("HTTP/1.1 500 Oh No\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).unwrap();
    });
    let output = run(folder.path(), &["send", known.name, "x", "--body", "hooklatch.toml", "--to", &url]);
    receiver.join().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("red") && shown.contains("hidden"), "{shown:?}");
    let complaint = text(&run(folder.path(), &["send", "\u{1b}[2J", "x"]).stderr);
    assert!(complaint.contains("[2J"), "{complaint:?}");
    for shown in [shown, complaint] {
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    }
}

#[cfg(feature = "picpay")]
#[test]
fn send_changes_what_it_is_told_to() {
    let program = Program::start(&fixtures::sources());
    let folder = program.folder.path();
    let url = format!("http://{}/picpay", program.listen);
    let send =
        |arguments: &[&str]| run(folder, &[&["send", "picpay", "--to", url.as_str()], arguments].concat());
    let output = send(&[
        "TransactionUpdateMessage",
        "--set",
        "data.status=PAID",
        "--set",
        "data.amount=7",
        "--times",
        "2",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let listed = crate::intake::events(&program, &["--topic", "payment.succeeded"]);
    assert_eq!((listed.len(), &listed[0]["repeats"]), (1, &1.into()));

    assert_eq!(send(&["NoSuchMessage"]).status.code(), Some(2));
    assert_eq!(send(&["TransactionUpdateMessage", "--set", "nothing"]).status.code(), Some(2));
    assert_eq!(run(folder, &["send", "nobody", "x"]).status.code(), Some(2));
    assert_eq!(send(&["TransactionUpdateMessage", "--body", "nowhere"]).status.code(), Some(1));
    let nobody = run(folder, &["send", "picpay", "--all", "--to", "http://127.0.0.1:1/"]);
    assert_eq!(nobody.status.code(), Some(1));
}

#[test]
fn without_secrets_nothing_is_sent() {
    let Some(known) = KNOWN.first() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    let output = run(folder.path(), &["send", known.name, "--all", "--to", &url]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let expected = format!("no secrets yet for {}; they are made at the first start", known.name);
    assert!(text(&output.stderr).contains(&expected), "{}", text(&output.stderr));
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = hooklatch(folder.path()).arg("check").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("standard output: No space left"), "{}", text(&output.stderr));

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = hooklatch(folder.path()).arg("check").stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "whoever reads no further is no failure");
    assert!(!text(&output.stderr).contains("standard output"), "{}", text(&output.stderr));
}

#[test]
fn questions_about_nothing_are_answered_clearly() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["no-such-command"]).status.code(), Some(2));
    assert_eq!(run(folder.path(), &["events", "show", "not-an-id"]).status.code(), Some(2));
    assert_eq!(run(folder.path(), &["events", "list", "--state", "lost"]).status.code(), Some(2));
    let none = run(folder.path(), &["events", "list"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("hooklatch.db"), "{}", text(&none.stderr));
    for arguments in [
        &["events", "list"][..],
        &["events", "show", "01a2014c-dc35-7000-8011-ad19f304d6c1"],
        &["events", "replay", "--state", "dead"],
        &["consumers", "list"],
        &["consumers", "pause", "service"],
        &["inbox", "verify"],
        &["inbox", "backup", "copy.db"],
        &["rejected", "list"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains("hooklatch.db: no inbox yet; it is made at the first start"), "{said}");
    }
    assert!(!folder.path().join("hooklatch.db").exists(), "looking makes no inbox");

    for arguments in [
        &["events", "list", "--limit", "0"][..],
        &["events", "list", "--limit", "-1"],
        &["rejected", "list", "--limit", "0"],
        &["events", "list", "-q", ""],
        &["events", "list", "--source", ""],
        &["events", "list", "--type", ""],
        &["events", "list", "--topic", ""],
        &["events", "replay", "--subject", ""],
        &["rejected", "list", "--source", ""],
        &["rejected", "admit", "--source", ""],
    ] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }

    let program = Program::start(&fixtures::sources());
    program.fix_admin();
    for arguments in [
        &["events", "list", "--source", "nosuch"][..],
        &["events", "replay", "--source", "nosuch", "--dry-run"],
        &["events", "replay", "--source", "nosuch", "--yes"],
        &["rejected", "list", "--source", "nosuch"],
        &["rejected", "admit", "--source", "nosuch"],
    ] {
        let output = run(program.folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        let expected = format!("no source `nosuch`; there are {}", names.join(", "));
        assert!(text(&output.stderr).contains(&expected), "{}", text(&output.stderr));
    }
    let unknown = run(program.folder.path(), &["events", "show", "01a2014c-dc35-7000-8011-ad19f304d6c1"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("no event"), "{}", text(&unknown.stderr));
    assert!(run(program.folder.path(), &["--help"]).status.success());
    assert!(run(program.folder.path(), &["--version"]).status.success());
}
