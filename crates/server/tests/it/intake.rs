//! What a sender is told, and what is kept.

use rusqlite::Connection;
use serde_json::Value;

use crate::fixtures::{self, Fixture};
use crate::program::{Program, run, text};
use crate::wire::{self, Answer};

/// What `hooklatch events list` shows.
pub(crate) fn events(program: &Program, arguments: &[&str]) -> Vec<Value> {
    let output =
        run(program.folder.path(), &[&["events", "list", "--limit", "1000", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    page["events"].as_array().unwrap().clone()
}

fn refused(answer: &Answer, status: u16) {
    assert_eq!((answer.status, answer.body.as_str()), (status, ""));
}

#[test]
fn every_fixture_is_stored_once_with_its_attributes() {
    let program = Program::start(&fixtures::sources());
    let fixtures = fixtures::all();
    for fixture in &fixtures {
        let what = format!("{} {}", fixture.provider, fixture.name);
        let first = fixture.post(&program);
        assert_eq!(first.status, 200, "{what}: {first:?}");
        let second = fixture.post(&program);
        assert_eq!((second.status, &second.body), (200, &first.body), "{what}: the same request again");

        let output = run(program.folder.path(), &["events", "show", first.body.trim(), "--json"]);
        assert!(output.status.success(), "{what}: {}", text(&output.stderr));
        let event: Value = serde_json::from_slice(&output.stdout).unwrap();
        for member in ["type", "topic", "subject", "proof", "attributes"] {
            assert_eq!(event[member], fixture.expect[member], "{what}: {member}");
        }
        // Another fixture may be the same notification in another form.
        assert!(event["repeats"].as_u64().unwrap() >= 1, "{what}");
        let sent: Value = serde_json::from_slice(&fixture.body).unwrap();
        assert_eq!(event["data"], sent, "{what}");
    }
    assert!(events(&program, &[]).len() <= fixtures.len());
}

#[test]
fn what_a_provider_has_a_sample_of_is_kept_packed() {
    let Some(fixture) = fixtures::find("orders", "order_updated") else { return };
    let program = Program::start(&fixtures::sources());
    assert_eq!(fixture.post(&program).status, 200);
    let inbox = Connection::open(program.path("hooklatch.db")).unwrap();
    let kept = "SELECT length(body) FROM event WHERE sample IS NOT NULL";
    let kept: usize = inbox.query_row(kept, [], |row| row.get(0)).unwrap();
    assert!(kept * 2 < fixture.body.len(), "{kept} of {}", fixture.body.len());
}

#[test]
fn whoever_still_sends_with_a_retired_secret_is_refused_and_the_operator_told() {
    let Some(fixture) = fixtures::find("piriod", "invoice_paid") else { return };
    let rotated = fixtures::sources().replace(
        "provider = \"piriod\"\nsecrets = [",
        "provider = \"piriod\"\nsecrets = [\"plain:whatever-is-new\"]\nretired = [",
    );
    let program = Program::start(&rotated);
    let refusal = fixture.post(&program);
    refused(&refusal, 401);
    assert!(events(&program, &[]).is_empty());
    let (_, log) = program.stop();
    assert!(log.contains("it is of a retired secret"), "{log}");
}

#[test]
fn nothing_secret_is_kept_or_logged() {
    let program = Program::start(&fixtures::sources());
    for fixture in fixtures::all() {
        assert_eq!(fixture.post(&program).status, 200);
        let (path, headers) = with_a_wrong_secret(&fixture);
        assert!([401, 403].contains(&wire::post(program.listen, &path, &headers, &fixture.body).status));
    }
    let secrets: Vec<String> = fixtures::sources()
        .split("plain:")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let mut kept = Vec::new();
    for file in ["hooklatch.db", "hooklatch.db-wal"] {
        kept.extend(std::fs::read(program.path(file)).unwrap());
    }
    let logged = program.logged();
    for secret in secrets {
        assert!(!logged.contains(&secret), "the log shows {secret}");
        assert!(
            !kept.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "the inbox holds {secret}"
        );
    }
    assert!(!logged.contains("wrong-secret"), "{logged}");
}

/// The fixture with `wrong-secret-of-somebody` where its proof stands.
fn with_a_wrong_secret(fixture: &Fixture) -> (String, Vec<(&str, &str)>) {
    const WRONG: &str = "wrong-secret-of-somebody";
    let mut headers = fixture.headers();
    for (name, value) in &mut headers {
        if *name == "authorization" || name.contains("signature") {
            *value = WRONG;
            return (fixture.path.clone(), headers);
        }
    }
    let (source, _) = fixture.path.rsplit_once('/').unwrap();
    (format!("{source}/{WRONG}"), headers)
}

#[test]
fn who_is_not_proven_learns_nothing_and_leaves_nothing() {
    let program = Program::start(&fixtures::sources());
    for fixture in fixtures::all() {
        let answers = forged(&fixture).into_iter().map(|(path, headers)| {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            wire::post(program.listen, &path, &headers, &fixture.body)
        });
        for (number, answer) in answers.enumerate() {
            // Piriod ends a feed after three equal refusals in a row, so they take turns.
            let expected = if fixture.provider == "piriod" { [401, 403] } else { [401, 401] };
            assert!(expected.contains(&answer.status), "{} {number}: {answer:?}", fixture.name);
            assert_eq!(answer.body, "");
        }
    }
    assert!(events(&program, &[]).is_empty());
}

/// The fixture with its proof missing, empty, cut and lengthened.
fn forged(fixture: &Fixture) -> Vec<(String, Vec<(String, String)>)> {
    let proof = |name: &str| name == "authorization" || name.contains("signature");
    if let Some(at) = fixture.headers.iter().position(|(name, _)| proof(name)) {
        let value = fixture.headers[at].1.clone();
        let cut = value[..value.len() - 1].to_owned();
        let changed = [String::new(), cut, format!("{value}0"), format!("Bearer {value}")];
        let mut forged: Vec<_> = changed
            .into_iter()
            .map(|value| {
                let mut headers = fixture.headers.clone();
                headers[at].1 = value;
                (fixture.path.clone(), headers)
            })
            .collect();
        let mut without = fixture.headers.clone();
        without.remove(at);
        forged.push((fixture.path.clone(), without));
        return forged;
    }
    let (source, token) = fixture.path.rsplit_once('/').unwrap();
    let cut = &token[..token.len() - 1];
    [source.to_owned(), format!("{source}/"), format!("{source}/{cut}"), format!("{source}/{token}0")]
        .map(|path| (path, fixture.headers.clone()))
        .to_vec()
}

#[test]
fn what_cannot_be_read_is_kept_in_quarantine() {
    let program = Program::start(&fixtures::sources());
    // Piriod's signature needs a body that can be read: what cannot be read is not proven there.
    let provable: Vec<_> =
        fixtures::all().into_iter().filter(|fixture| fixture.provider != "piriod").collect();
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let unreadable: [&[u8]; 6] =
        [b"", b"status=PAID", b"[]", b"{\"another\": \"shape\"}", b"\xff{}", deep.as_bytes()];
    for fixture in &provable {
        for body in unreadable {
            let answer = wire::post(program.listen, &fixture.path, &fixture.headers(), body);
            // A kind that is not known says nothing of its shape: any JSON is an event of it.
            let is_fine =
                answer.status == 202 || (answer.status == 200 && fixture.expect["topic"] == "unknown");
            assert!(is_fine, "{}: {answer:?}", fixture.name);
        }
    }
    if provable.is_empty() {
        return;
    }
    let quarantined = events(&program, &["--state", "quarantined"]);
    assert!(!quarantined.is_empty());
    let output =
        run(program.folder.path(), &["events", "show", quarantined[0]["id"].as_str().unwrap(), "--json"]);
    let event: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(event["fault"].as_str().unwrap().starts_with("the body"), "{}", event["fault"]);
    assert_eq!(event["type"], Value::Null);
}

#[test]
fn other_methods_paths_and_encodings_are_refused() {
    let program = Program::start(&fixtures::sources());
    refused(&wire::post(program.listen, "/", &[], b"{}"), 404);
    refused(&wire::post(program.listen, "/nobody", &[], b"{}"), 404);
    for fixture in fixtures::all() {
        if fixture.provider == "piriod" {
            continue;
        }
        for method in ["GET", "PUT", "DELETE", "HEAD", "BREW"] {
            let request = wire::request(method, &fixture.path, &fixture.headers(), &fixture.body);
            let answer = wire::exchange(program.listen, &request);
            refused(&answer, 405);
            assert_eq!(answer.header("allow"), Some("POST"));
        }
        let mut headers = fixture.headers();
        headers.push(("content-encoding", "gzip"));
        refused(&wire::post(program.listen, &fixture.path, &headers, &fixture.body), 415);
        refused(
            &wire::post(program.listen, &format!("{}/more", fixture.path), &fixture.headers(), b"{}"),
            404,
        );
        let with_query = format!("{}?a=b", fixture.path);
        assert_eq!(wire::post(program.listen, &with_query, &fixture.headers(), &fixture.body).status, 200);
    }
}

#[test]
fn a_sender_that_counts_equal_refusals_never_sees_three() {
    let Some(fixture) = fixtures::find("piriod", "invoice_paid") else { return };
    let program = Program::start(&fixtures::sources());
    let wrong = [("x-piriod-signature", "0")];
    let statuses: Vec<u16> =
        (0..6).map(|_| wire::post(program.listen, &fixture.path, &wrong, &fixture.body).status).collect();
    assert_eq!(statuses, [401, 403, 401, 403, 401, 403]);
    assert_eq!(fixture.post(&program).status, 200);
    assert_eq!(wire::post(program.listen, &fixture.path, &wrong, &fixture.body).status, 401);
}
