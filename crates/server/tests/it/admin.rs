//! The admin API: who may call it, and what it tells.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::fixtures;
use crate::program::{Program, run, text};
use crate::wire::{self, Answer};

/// Every path of the API, with a method that it has.
const CALLS: [(&str, &str); 14] = [
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/events/01a2014c-dc35-7000-8011-ad19f304d6c1"),
    ("GET", "/api/v1/events/01a2014c-dc35-7000-8011-ad19f304d6c1/body"),
    ("GET", "/api/v1/sources"),
    ("GET", "/api/v1/consumers"),
    ("GET", "/api/v1/stats"),
    ("POST", "/api/v1/consumers/service/pause"),
    ("POST", "/api/v1/consumers/service/resume"),
    ("POST", "/api/v1/events/01a2014c-dc35-7000-8011-ad19f304d6c1/replay"),
    ("POST", "/api/v1/replay"),
    ("POST", "/api/v1/prune"),
    ("GET", "/api/v1/rejected"),
    ("GET", "/api/v1/rejected/1"),
    ("POST", "/api/v1/rejected/1/admit"),
];

/// The token that the receiver made for itself.
pub(crate) fn token(program: &Program) -> String {
    std::fs::read_to_string(program.path("hooklatch.db.admin-token")).unwrap().trim().to_owned()
}

/// A call with the token.
pub(crate) fn call(program: &Program, method: &str, path: &str, body: &str) -> Answer {
    let authorization = format!("Bearer {}", token(program));
    let request = wire::request(method, path, &[("authorization", &authorization)], body.as_bytes());
    wire::exchange(program.admin, &request)
}

/// A call that must be done; gives its document.
#[track_caller]
pub(crate) fn done(program: &Program, method: &str, path: &str, body: &str) -> Value {
    let answer = call(program, method, path, body);
    assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// A call that must be refused; gives its problem.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&problem["type"], &problem["status"]), (&"about:blank".into(), &status.into()), "{problem}");
    assert!(problem["title"].is_string(), "{problem}");
    problem
}

#[test]
fn nothing_is_told_without_the_token() {
    let program = Program::start(&fixtures::sources());
    let token = token(&program);
    let wrong = [
        String::new(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {token}0"),
        format!("Bearer  {token}"),
        format!("Bearer {}", token.to_uppercase()),
    ];
    let paths = CALLS.into_iter().chain([
        ("GET", "/api/v1/nothing"),
        ("OPTIONS", "/api/v1/events"),
        ("GET", "/api/"),
        ("GET", "/api"),
    ]);
    for (method, path) in paths {
        let mut headers: Vec<Vec<(&str, &str)>> =
            wrong.iter().map(|value| vec![("authorization", value.as_str())]).collect();
        headers.push(Vec::new());
        let bearer = format!("Bearer {token}");
        headers.push(vec![("authorization", &bearer), ("authorization", &bearer)]);
        for headers in headers {
            let answer = wire::exchange(program.admin, &wire::request(method, path, &headers, b""));
            let problem = refused(&answer, 401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert_eq!(problem.as_object().unwrap().len(), 3, "no hint: {problem}");
            assert!(!answer.headers.to_lowercase().contains("access-control"), "{answer:?}");
        }
    }
    let logged = program.logged();
    assert!(!logged.contains(&token), "{logged}");
}

#[test]
fn the_token_is_made_once_and_nobody_else_may_read_it() {
    let program = Program::start(&fixtures::sources());
    let made = token(&program);
    assert_eq!(made.len(), 64);
    let permissions = std::fs::metadata(program.path("hooklatch.db.admin-token")).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let program = program.kill_and_restart();
    assert_eq!(token(&program), made);
    done(&program, "GET", "/api/v1/events", "");
}

#[test]
fn a_configured_token_takes_the_place_of_a_made_one() {
    let folder = tempfile::tempdir().unwrap();
    let program =
        Program::start_in(folder, "admin_token = \"plain:hush-hush-hush-hush\"", &fixtures::sources());
    assert!(!program.path("hooklatch.db.admin-token").exists());
    let get = |token: &str| {
        let headers = [("authorization", token)];
        wire::exchange(program.admin, &wire::request("GET", "/api/v1/stats", &headers, b"")).status
    };
    assert_eq!(
        (get("bearer hush-hush-hush-hush"), get("Bearer hush"), get("Bearer hush-hush-hush-hush-hush")),
        (200, 401, 401)
    );
}

#[test]
fn a_name_that_is_not_this_machine_is_refused() {
    let program = Program::start(&fixtures::sources());
    let request = |host: &str| {
        let token = token(&program);
        let head = format!(
            "GET /api/v1/stats HTTP/1.1\r\n{host}connection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        wire::exchange(program.admin, head.as_bytes())
    };
    refused(&request("host: evil.example\r\n"), 421);
    refused(&request(""), 421);
    assert_eq!(request("host: localhost\r\n").status, 200);
    assert_eq!(request(&format!("host: {}\r\n", program.admin)).status, 200);
}

#[test]
fn health_needs_no_token_and_admin_can_be_off() {
    let program = Program::start(&fixtures::sources());
    assert_eq!(wire::get(program.admin, "/healthz").body, "alive\n");
    assert_eq!(wire::get(program.admin, "/readyz").body, "ready\n");
    assert_eq!(wire::post(program.admin, "/readyz", &[], b"").status, 405);
    assert_eq!(wire::get(program.admin, "/").status, 404);
}

#[test]
fn each_call_has_its_methods_and_no_other() {
    let program = Program::start(&fixtures::sources());
    for (method, path) in CALLS {
        let (wrong, allow) = if method == "GET" { ("POST", "GET, HEAD") } else { ("GET", "POST") };
        let answer = call(&program, wrong, path, "");
        refused(&answer, 405);
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
        refused(&call(&program, "OPTIONS", path, ""), 405);
    }
    for path in
        ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/events/", "/api/v1/events/x", "/api/v2/events"]
    {
        refused(&call(&program, "GET", path, ""), 404);
    }
}

#[test]
fn events_are_told_as_the_command_line_tells_them() {
    let program = Program::start(&fixtures::sources());
    for fixture in fixtures::all() {
        fixture.post(&program);
    }
    let listed: Vec<Value> = crate::intake::events(&program, &[]);
    assert_eq!(done(&program, "GET", "/api/v1/events?limit=1000", "")["events"], Value::from(listed.clone()));

    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = done(&program, "GET", &format!("/api/v1/events?limit=3{cursor}"), "");
        paged.extend(page["events"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, listed);

    for event in listed.iter().take(3) {
        let id = event["id"].as_str().unwrap();
        let shown = run(program.folder.path(), &["events", "show", id, "--json"]);
        let shown: Value = serde_json::from_str(&text(&shown.stdout)).unwrap();
        assert_eq!(done(&program, "GET", &format!("/api/v1/events/{id}"), ""), shown);
        let body = call(&program, "GET", &format!("/api/v1/events/{id}/body"), "");
        assert_eq!(body.header("content-type"), Some("application/octet-stream"));
        assert_eq!(body.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(serde_json::from_str::<Value>(&body.body).unwrap(), shown["data"]);
    }
    for missing in ["01a2014c-dc35-7000-8011-ad19f304d6c1", "nonsense"] {
        refused(&call(&program, "GET", &format!("/api/v1/events/{missing}"), ""), 404);
        refused(&call(&program, "GET", &format!("/api/v1/events/{missing}/body"), ""), 404);
    }
}

#[cfg(feature = "picpay")]
#[test]
fn every_filter_narrows() {
    let program = Program::start(&fixtures::sources());
    let before = "2020-01-01T00:00:00Z";
    let Some(refund) = fixtures::find("picpay", "charge_refunded") else { panic!("no such fixture") };
    for fixture in fixtures::of("picpay") {
        fixture.post(&program);
    }
    let all = done(&program, "GET", "/api/v1/events", "")["events"].as_array().unwrap().len();
    let subject = refund.expect["subject"].as_str().unwrap();
    let count = |filter: &str| {
        let page = done(&program, "GET", &format!("/api/v1/events?limit=1000&{filter}"), "");
        page["events"].as_array().unwrap().len()
    };
    for everything in ["source=picpay", "type=picpay.*", "topic=*", "state=done", "since=1h", "q=%7B"] {
        assert_eq!(count(everything), all, "{everything}");
    }
    for (nothing, what) in [
        ("source=pico", "source"),
        ("type=pico.*", "type"),
        ("topic=nothing", "topic"),
        ("subject=charge%2Fnone", "subject"),
        ("state=dead", "state"),
        ("since=2100-01-01T00:00:00Z", "since"),
        (&format!("until={before}"), "until"),
        ("q=there+is+no+such+text", "q"),
    ] {
        assert_eq!(count(nothing), 0, "{what}");
    }
    let some = count(&format!("topic=payment.refunded&subject={}", subject.replace('/', "%2F")));
    assert!((1..all).contains(&some), "{some} of {all}");
}

#[test]
fn nonsense_is_named() {
    let program = Program::start(&fixtures::sources());
    for (query, parameter) in [
        ("state=lost", "state"),
        ("since=yesterday", "since"),
        ("until=", "until"),
        ("source=", "source"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("cursor=here", "cursor"),
        ("sauce=picpay", "sauce"),
        ("source=a&source=b", "source"),
        ("q=%FF", "q"),
    ] {
        let problem = refused(&call(&program, "GET", &format!("/api/v1/events?{query}"), ""), 400);
        assert_eq!(problem["parameter"], parameter, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(&format!("`{parameter}`")), "{problem}");
    }
    for path in ["/api/v1/stats", "/api/v1/sources", "/api/v1/consumers"] {
        let problem = refused(&call(&program, "GET", &format!("{path}?verbose=1"), ""), 400);
        assert_eq!(problem["parameter"], "verbose");
    }
}

#[test]
fn sources_and_consumers_are_shown_without_secrets() {
    let config = format!(
        "{}[[consumer]]\nname = \"service\"\nfilter = {{ topic = [\"payment.*\"] }}\nordering = \"none\"\n\
         http = {{ url = \"http://127.0.0.1:1/hooks/url-token\", secret = \"plain:consumer-secret\" }}\n",
        fixtures::sources()
    );
    let program = Program::start(&config);
    let sources = call(&program, "GET", "/api/v1/sources", "").body;
    let consumers = call(&program, "GET", "/api/v1/consumers", "").body;
    let secrets = config.split("plain:").skip(1).map(|rest| rest.split('"').next().unwrap());
    for secret in secrets.chain(["url-token"]) {
        assert!(!sources.contains(secret) && !consumers.contains(secret), "{secret}");
    }
    let sources: Value = serde_json::from_str(&sources).unwrap();
    let names: Vec<_> = sources["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["name"].as_str().unwrap())
        .collect();
    let known: Vec<_> = hooklatch_server::providers::KNOWN.iter().map(|known| known.name).collect();
    assert_eq!(names, known);
    let consumers: Value = serde_json::from_str(&consumers).unwrap();
    assert_eq!(
        consumers["consumers"],
        serde_json::json!([{
            "name": "service", "configured": true, "paused": null, "pending": 0, "pending_exact": true, "waiting": 0, "dead": 0,
            "where": "http://127.0.0.1:1", "filter": {"topic": ["payment.*"]}, "ordering": "none",
            "start": "now",
        }])
    );
    let listed = run(program.folder.path(), &["consumers", "list", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&listed.stdout).unwrap(), consumers);
}

#[test]
fn stats_say_who_answers() {
    let program = Program::start(&fixtures::sources());
    let stats = done(&program, "GET", "/api/v1/stats", "");
    assert_eq!((&stats["ready"], &stats["version"]), (&true.into(), &env!("CARGO_PKG_VERSION").into()));
    let inbox = program.path("hooklatch.db").canonicalize().unwrap();
    assert_eq!(stats["inbox"]["path"], inbox.to_str().unwrap());
}

#[test]
fn a_body_has_an_end() {
    let program = Program::start(&fixtures::sources());
    let long = format!("{{\"a\": \"{}\"}}", "x".repeat(64 << 10));
    refused(&call(&program, "POST", "/api/v1/consumers/service/pause", &long), 413);
}
