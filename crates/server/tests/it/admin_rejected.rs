//! Rejected requests through the admin API.

use serde_json::Value;

use crate::admin::{call, done, refused};
use crate::fixtures;
use crate::program::{Program, eventually, run, text};
use crate::rejected::{put_right, rejected, wrong_sources};

#[test]
fn a_running_server_takes_in_what_it_refused_before() {
    let Some(fixture) = fixtures::all().into_iter().next() else { return };
    let program = Program::start(&wrong_sources());
    fixture.post(&program);
    let listed = eventually("it is listed", || rejected(&program, &[]).into_iter().next());
    let id = listed["id"].to_string();
    let page = done(&program, "GET", "/api/v1/rejected", "");
    assert_eq!((&page["rejected"][0], &page["next"]), (&listed, &Value::Null));
    assert_eq!(
        done(&program, "GET", "/api/v1/rejected?source=nobody&limit=1", "")["rejected"],
        Value::Array(vec![])
    );
    for (query, parameter) in
        [("limit=0", "limit"), ("cursor=x", "cursor"), ("source=", "source"), ("state=dead", "state")]
    {
        let problem = refused(&call(&program, "GET", &format!("/api/v1/rejected?{query}"), ""), 400);
        assert_eq!(problem["parameter"], parameter, "{problem}");
    }
    let admit = format!("/api/v1/rejected/{id}/admit");
    let problem = refused(&call(&program, "POST", &admit, ""), 409);
    assert!(problem["detail"].as_str().unwrap().contains("still not proven"), "{problem}");
    refused(&call(&program, "POST", &admit, "{\"force\": true}"), 400);
    refused(&call(&program, "GET", &admit, ""), 405);
    for missing in ["4711", "x"] {
        refused(&call(&program, "GET", &format!("/api/v1/rejected/{missing}"), ""), 404);
        refused(&call(&program, "POST", &format!("/api/v1/rejected/{missing}/admit"), ""), 404);
    }
    assert!(crate::intake::events(&program, &[]).is_empty());

    let program = program.while_stopped(put_right);
    program.fix_admin();
    assert!(done(&program, "GET", &format!("/api/v1/rejected/{id}"), "")["now"]["proof"].is_string());
    let admitted = run(program.folder.path(), &["rejected", "admit", &id, "--json"]);
    assert!(admitted.status.success(), "{}", text(&admitted.stderr));
    let admitted: Value = serde_json::from_slice(&admitted.stdout).unwrap();
    assert_eq!((admitted["id"].to_string(), &admitted["new"]), (id, &true.into()));
    assert_eq!(crate::intake::events(&program, &[])[0]["id"], admitted["event"]);
    let again = done(&program, "POST", &admit, "{}");
    assert_eq!((&again["event"], &again["new"]), (&admitted["event"], &false.into()));
    assert_eq!(rejected(&program, &[])[0]["admitted"], admitted["event"]);
    let missing = run(program.folder.path(), &["rejected", "admit", "4711"]);
    assert_eq!(missing.status.code(), Some(1));
}
