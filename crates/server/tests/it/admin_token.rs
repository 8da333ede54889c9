//! What is said of those who do not know the token of the admin API.

use std::time::Duration;

use serde_json::Value;

use crate::admin::{refused, token};
use crate::fixtures;
use crate::program::{Program, eventually, pause};
use crate::wire;

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
    let mut lines = |number: usize| -> Vec<Value> {
        eventually("it is logged", || {
            shown += &program.logged();
            shown.push('\n');
            let lines = shown.lines().filter(|line| line.contains("without its token"));
            let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
            (lines.len() >= number).then_some(lines)
        })
    };
    let first = lines(1).remove(0);
    assert_eq!(first["level"], "WARN");
    assert_eq!((&first["fields"]["path"], &first["fields"]["unsaid"]), (&"/api/v1/events".into(), &0.into()));
    assert!(first["fields"]["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{first}");

    pause(Duration::from_millis(1100));
    ask(&format!("/api/v1/{token}"), "");
    let logged = lines(2);
    let last = logged.last().unwrap();
    assert_eq!(last["fields"]["path"], "(holds the token)");
    let told: u64 = logged.iter().map(|line| 1 + line["fields"]["unsaid"].as_u64().unwrap()).sum();
    assert_eq!(told, 21, "{logged:?}");
    assert!(logged.len() < 10, "{logged:?}");
    pause(Duration::from_millis(1100));
    ask(&format!("/api/{}", "x".repeat(5000)), "");
    let length = lines(logged.len() + 1).last().unwrap()["fields"]["path"].as_str().unwrap().len();
    assert_eq!(length, 200);
    let whole = format!("{logged:?}");
    assert!(!whole.contains(&token) && !whole.contains("private"), "{whole}");
}
