//! A configuration that is wrong stops everything before a port is bound.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;

use crate::program::{hooklatch, run, text};

#[track_caller]
fn wrong(config: &str, place: &str, message: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hooklatch.toml"), config).unwrap();
    for command in ["serve", "check"] {
        let output = run(folder.path(), &[command]);
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{config}\n{shown}");
        assert!(shown.contains(&format!("hooklatch.toml:{place}: ")), "{config}\n{shown}");
        assert!(shown.contains(message), "{config}\n{shown}");
        assert_eq!(shown.trim_end().lines().count(), 1, "{shown}");
    }
    assert!(!folder.path().join("hooklatch.db").exists());
}

#[test]
fn mistakes_are_shown_with_their_place() {
    wrong("[server]\nlisten = \"127.0.0.1:8400\"\nlissen = 1\n", "3:1", "unknown field `lissen`");
    wrong("[server]\nlisten = 8400\n", "2:10", "invalid type");
    wrong("[server]\nlisten = \"here\"\n", "2:10", "not an address");
    wrong("[server]\nmax_body = \"1 apple\"\n", "2:12", "not a size");
    wrong("[server]\nbody_timeout = \"soon\"\n", "2:16", "not a duration");
    wrong("[server]\nmax_connections = 0\n", "2:19", "at least one");
    let same = "each needs a port of its own";
    wrong("[server]\nlisten = \"127.0.0.1:8400\"\nadmin = \"127.0.0.1:8400\"\n", "3:9", same);
    wrong("[server]\nlisten = \"0.0.0.0:8401\"\n", "2:10", same);
    wrong("[server]\nadmin = \"127.0.0.1:8400\"\n", "2:9", same);
    wrong("[inbox]\nurl = \"postgres://localhost/db\"\n", "2:7", "SQLite only");
    wrong("[inbox]\nretention = \"30 moons\"\n", "2:13", "not a duration");
    wrong("[inbox]\nmax_size = \"ten\"\n", "2:12", "not a size");
    wrong("[server]\nadmin_token = \"plain:two words\"\n", "2:15", "a bearer token has");
    wrong("[server]\nadmin_token = \"env:HOOKLATCH_TEST_UNSET\"\n", "2:15", "not set");
    wrong("[server]\nadmin_token = \"plain:15-characters-x\"\n", "2:15", "at least 16 characters");
    wrong("[server]\nadmin_token = \"plain:\"\n", "2:15", "empty");
    wrong("[[source]]\nname = \"a\"\n", "1:1", "missing field `provider`");
    wrong("[[source]]\nname = \"a\"\nprovider = \"nobody\"\n", "3:12", "no provider `nobody`");
    wrong("[[source]]\nname = \"a b\"\nprovider = \"nobody\"\n", "2:8", "a name has");
    wrong("[[consumer]]\nname = \"a\"\n", "1:1", "exactly one of");
    wrong("[[consumer]]\nname = \"a\"\nstdout = {}\nfile = { path = \"x\" }\n", "1:1", "exactly one of");
    wrong(
        "[[consumer]]\nname = \"a\"\nstdout = {}\n[[consumer]]\nname = \"a\"\nstdout = {}\n",
        "5:8",
        "two consumers",
    );
    wrong("[[consumer]]\nname = \"a\"\nordering = \"random\"\nstdout = {}\n", "3:12", "ordering is");
    for start in ["tomorrow", "1h", "2026-01-31", ""] {
        let config = format!("[[consumer]]\nname = \"a\"\nstart = \"{start}\"\nstdout = {{}}\n");
        wrong(&config, "3:9", "start is \"now\", \"beginning\" or a time");
    }
    wrong(
        "[[consumer]]\nname = \"a\"\nstart = \"2999-01-01T00:00:00Z\"\nstdout = {}\n",
        "3:9",
        "in the future",
    );
    wrong("[[consumer]]\nname = \"a\"\nhttp = { url = \"ftp://x\" }\n", "3:16", "");
    wrong(
        "[[consumer]]\nname = \"a\"\nhttp = { url = \"http://x\", give_up_on = [200] }\n",
        "3:42",
        "failing status",
    );
    wrong(
        "[[consumer]]\nname = \"a\"\nhttp = { url = \"http://x\", secret = \"env:HOOKLATCH_TEST_UNSET\" }\n",
        "3:37",
        "not set",
    );
    wrong("[[consumer]]\nname = \"a\"\nretry = { attempts = 0 }\nstdout = {}\n", "3:22", "at least one");
    wrong(
        "[[consumer]]\nname = \"a\"\nfilter = { topics = [\"x\"] }\nstdout = {}\n",
        "3:12",
        "unknown field `topics`",
    );
    wrong(
        "[[consumer]]\nname = \"a\"\nfilter = { source = [\"shop\"] }\nstdout = {}\n",
        "3:22",
        "no source `shop`",
    );
    wrong("[server\n", "1:8", "");
    let map = "invalid type: map, expected a";
    wrong("[source]\nname = \"a\"\n", "1:1", &format!("{map} sequence; write `[[source]]`, once"));
    wrong("[consumer]\nname = \"a\"\n", "1:1", &format!("{map} sequence; write `[[consumer]]`, once"));
    for time in ["2026-01-31T12:00:00Z", "2026-01-31"] {
        let config = format!("[[consumer]]\nname = \"a\"\nstart = {time}\nstdout = {{}}\n");
        wrong(&config, "3:9", &format!("{map} string; put the time in quotes"));
    }
}

#[test]
fn a_consumer_writes_to_a_file_of_its_own() {
    let to =
        |name: &str, path: &str| format!("[[consumer]]\nname = \"{name}\"\nfile = {{ path = \"{path}\" }}\n");
    let inbox = "[inbox]\nurl = \"sqlite:./hooklatch.db\"\n";
    for path in ["hooklatch.db", "./hooklatch.db-wal", "hooklatch.db.admin-token"] {
        wrong(&format!("{inbox}{}", to("a", path)), "5:17", "belongs to the inbox");
    }
    let other_folder = format!("[inbox]\nurl = \"sqlite:data/hooklatch.db\"\n{}", to("a", "hooklatch.db"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hooklatch.toml"), other_folder).unwrap();
    assert!(run(folder.path(), &["check"]).status.success(), "a file of that name elsewhere is another");

    wrong(&(to("a", "e.ndjson") + &to("b", "./e.ndjson")), "6:17", "two consumers write to");
    wrong(&(to("a", "new/e.ndjson") + &to("b", "./new//e.ndjson")), "6:17", "two consumers write to");
}

#[test]
fn a_link_does_not_lead_a_consumer_into_the_inbox() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/hooklatch.db"), "").unwrap();
    std::os::unix::fs::symlink("data/hooklatch.db", folder.path().join("events")).unwrap();
    std::os::unix::fs::symlink("data", folder.path().join("store")).unwrap();
    for path in ["events", "store/hooklatch.db-wal", "data/../data/hooklatch.db"] {
        let config = format!(
            "[inbox]\nurl = \"sqlite:data/hooklatch.db\"\n[[consumer]]\nname = \"a\"\nfile = {{ path = \"{path}\" }}\n"
        );
        std::fs::write(folder.path().join("hooklatch.toml"), config).unwrap();
        let output = run(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(64), "{path}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("belongs to the inbox"), "{}", text(&output.stderr));
    }
}

#[cfg(feature = "picpay")]
#[test]
fn a_source_without_its_proof_does_not_start() {
    let source = |rest: &str| format!("[[source]]\nname = \"picpay\"\nprovider = \"picpay\"\n{rest}");
    wrong(&source(""), "1:1", "needs `secrets`");
    wrong(&source("secrets = [\"plain:\"]\n"), "4:12", "empty");
    wrong(&source("secrets = [\"hush\"]\n"), "4:12", "env:NAME");
    wrong(&source("secrets = [\"file:nowhere\"]\n"), "4:12", "nowhere");
    wrong(&source("secrets = [\"plain:x\"]\nauth = \"open\"\n"), "5:8", "auth is");
    wrong(&source("secrets = [\"plain:x\"]\ntimezone = \"Mars/Olympus\"\n"), "5:12", "no such time zone");
    wrong(&source("secrets = [\"plain:x\"]\npath = \"/a b\"\n"), "5:8", "a path has");
    wrong(
        &source("secrets = [\"plain:x\"]\nauth = { addresses = [\"everywhere\"] }\n"),
        "5:23",
        "not a network",
    );
    let twice = source("secrets = [\"plain:x\"]\n").repeat(2);
    wrong(&twice, "6:8", "two sources are named");
}

#[cfg(feature = "orders")]
#[test]
fn proofs_that_ask_for_nothing_are_mistakes() {
    let auth = |rules: &str| format!("[[source]]\nname = \"shop\"\nprovider = \"orders\"\nauth = {rules}\n");
    wrong(&auth("{}"), "4:8", "nothing here proves");
    wrong(&auth("{ addresses = [\"10.0.0.0/8\"] }"), "4:8", "nothing here proves");
    wrong(&auth("{ path_token = [] }"), "4:23", "an empty list");
    wrong(&auth("{ path_token = \"plain:a\", addresses = [] }"), "4:46", "an empty list");
    wrong(&auth("{ basic = { user = \"a:b\", password = \"plain:c\" } }"), "4:27", "no colon");
    wrong(&auth("{ path_token = \"plain:..\" }"), "4:23", "letters, digits");
    wrong("[[consumer]]\nname = \"a\"\nfilter = { topic = [] }\nstdout = {}\n", "3:20", "an empty list");
}

#[cfg(feature = "orders")]
#[test]
fn a_mistake_never_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    for rest in ["secrets = 12345678", "auth = { header = \"LEAKME\" }", "auth = { basic = \"u:LEAKME\" }"] {
        let config = format!("[[source]]\nname = \"shop\"\nprovider = \"orders\"\n{rest}\n");
        std::fs::write(folder.path().join("hooklatch.toml"), config).unwrap();
        let output = run(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(64));
        let shown = text(&output.stderr);
        assert!(!shown.contains("LEAKME") && !shown.contains("12345678"), "{shown}");
    }
}

#[cfg(feature = "orders")]
#[test]
fn a_source_without_any_proof_listens_on_this_machine_only() {
    let config = |listen: &str, rest: &str| {
        format!("[server]\nlisten = \"{listen}\"\n[[source]]\nname = \"shop\"\nprovider = \"orders\"\n{rest}")
    };
    wrong(&config("0.0.0.0:8400", ""), "3:1", "no proof of its sender");
    wrong(&config("127.0.0.1:8400", "secrets = [\"plain:x\"]\n"), "6:12", "path_token");
    wrong(&config("127.0.0.1:8400", "auth = { path_token = \"plain:a/b\" }\n"), "6:23", "letters, digits");
    let folder = tempfile::tempdir().unwrap();
    for (listen, rest) in [("127.0.0.1:8400", ""), ("0.0.0.0:8400", "auth = \"none\"\n")] {
        std::fs::write(folder.path().join("hooklatch.toml"), config(listen, rest)).unwrap();
        let output = run(folder.path(), &["check"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("nothing proves the sender"), "{}", text(&output.stderr));
    }
}

#[test]
fn an_admin_address_that_others_reach_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    for (admin, is_warned) in
        [("127.0.0.1:8401", false), ("[::1]:8401", false), ("off", false), ("0.0.0.0:8401", true)]
    {
        let config = format!("[server]\nadmin = \"{admin}\"\n");
        std::fs::write(folder.path().join("hooklatch.toml"), config).unwrap();
        let output = run(folder.path(), &["check"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stderr);
        assert_eq!(
            said.contains("hooklatch.toml:2:9: the admin API is reachable"),
            is_warned,
            "{admin}: {said}"
        );
    }
}

#[test]
fn a_configuration_that_takes_nothing_in_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let warning = "hooklatch.toml: no `[[source]]`, so nothing is taken in";
    std::fs::write(folder.path().join("hooklatch.toml"), "").unwrap();
    let output = run(folder.path(), &["check"]);
    assert!(output.status.success() && text(&output.stderr).contains(warning), "{}", text(&output.stderr));
    std::fs::write(folder.path().join("hooklatch.toml"), crate::fixtures::sources()).unwrap();
    let output = run(folder.path(), &["check"]);
    let is_none = hooklatch_server::providers::KNOWN.is_empty();
    assert_eq!(text(&output.stderr).contains(warning), is_none, "{}", text(&output.stderr));
}

#[test]
fn an_address_that_is_taken_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (key, other) in [("listen", "admin"), ("admin", "listen")] {
        let config = format!("[server]\n{key} = \"{address}\"\n{other} = \"127.0.0.1:0\"\n");
        std::fs::write(folder.path().join("hooklatch.toml"), config).unwrap();
        let output = run(folder.path(), &["serve"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let expected = format!("`{key}`: cannot listen on {address}: ");
        assert!(text(&output.stderr).contains(&expected), "{}", text(&output.stderr));
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["check", "--config", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("nowhere.toml"));
    let output =
        hooklatch(folder.path()).env("HOOKLATCH_CONFIG", "elsewhere.toml").arg("check").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("elsewhere.toml"));
    let output = hooklatch(folder.path()).env("HOOKLATCH_CONFIG", "").arg("check").output().unwrap();
    assert!(output.status.success(), "an empty variable names no file: {}", text(&output.stderr));
}

#[test]
fn without_a_file_the_secrets_are_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("hooklatch.secrets.toml");
    let before = run(folder.path(), &["check", "--json"]);
    assert!(before.status.success(), "{}", text(&before.stderr));
    assert!(!secrets.exists(), "looking makes no secrets");

    if hooklatch_server::providers::KNOWN.is_empty() {
        return;
    }
    let first = serve_for_a_moment(folder.path());
    let kept = std::fs::read_to_string(&secrets).unwrap();
    assert_eq!(std::fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);
    let table: toml::Table = toml::from_str(&kept).unwrap();
    for known in hooklatch_server::providers::KNOWN {
        let secret = table[known.name].as_str().unwrap();
        assert_eq!(secret.len(), 64);
        assert!(first.contains(secret), "shown at the first start");
    }
    let second = serve_for_a_moment(folder.path());
    assert!(!second.contains("made a secret"), "{second}");
    assert_eq!(std::fs::read_to_string(&secrets).unwrap(), kept);
    assert_eq!(text(&run(folder.path(), &["check"]).stderr), "");
}

#[test]
fn secrets_that_others_could_have_read_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("hooklatch.secrets.toml");
    std::fs::write(&secrets, "").unwrap();
    let refused = |shown: &str, why: &str| {
        assert!(shown.contains(why) && shown.contains("other secrets"), "{shown}");
    };
    let check = || {
        let output = run(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(64));
        text(&output.stderr)
    };
    let serve = || serve_for_a_moment(folder.path());
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o640)).unwrap();
    refused(&check(), "mode 640");
    refused(&serve(), "mode 640");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(run(folder.path(), &["check"]).status.success());

    // Only root can give a file away; for anybody else there is nothing to try here.
    if rustix::process::geteuid().is_root() {
        let inbox = folder.path().join("hooklatch.db");
        std::fs::write(&inbox, "").unwrap();
        std::os::unix::fs::chown(&secrets, Some(4711), None).unwrap();
        refused(&check(), "belongs to user 4711");
        std::os::unix::fs::chown(&inbox, Some(4711), None).unwrap();
        refused(&serve(), "belongs to user 4711");
        assert!(run(folder.path(), &["check"]).status.success(), "root looks at what another user serves");
    }
}

/// Serves until it has said how it goes; whether the usual addresses are free does not matter here.
fn serve_for_a_moment(folder: &std::path::Path) -> String {
    let mut child = hooklatch(folder).arg("serve").stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut shown = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        shown += &line;
        if line.contains("ready") || line.contains("cannot listen") {
            break;
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
    shown
}
