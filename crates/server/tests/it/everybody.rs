//! Without a server nothing is taken in as long as the configuration lacks a consumer that the inbox knows.

use std::path::Path;

use crate::fixtures;
use crate::program::{Program, eventually, run, text};
use crate::rejected::{put_right, rejected, wrong_sources};
use crate::wire;

const ARCHIVE: &str = "[[consumer]]\nname = \"archive\"\nfile = { path = \"events.ndjson\" }\n";

/// Takes the consumer out of the configuration, or puts it back.
fn edit(folder: &Path, change: impl FnOnce(String) -> String) {
    let file = folder.join("hooklatch.toml");
    std::fs::write(&file, change(std::fs::read_to_string(&file).unwrap())).unwrap();
}

#[test]
fn nothing_is_taken_in_while_a_consumer_is_missing() {
    let Some(fixture) = fixtures::all().into_iter().find(|fixture| fixture.provider == "orders") else {
        return;
    };
    let program = Program::start(&format!("{}{ARCHIVE}", wrong_sources()));
    assert_eq!(fixture.post(&program).status, 401);
    let listed = eventually("it is listed", || rejected(&program, &[]).into_iter().next());
    let id = listed["id"].to_string();
    let program = program.while_stopped(put_right);
    let nonsense = wire::post(program.listen, &fixture.path, &fixture.headers(), b"nonsense");
    assert_eq!(nonsense.status, 202);
    let nonsense = nonsense.body.trim().to_owned();

    let program = program.while_stopped(|folder| {
        let taking_in = [
            &["rejected", "admit", id.as_str()][..],
            &["events", "replay", &nonsense],
            &["events", "replay", "--state", "quarantined", "--yes"],
        ];
        edit(folder, |config| config.replace(ARCHIVE, ""));
        for arguments in taking_in {
            let output = run(folder, arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
            let said = text(&output.stderr);
            assert!(said.contains("has consumers that this configuration does not: archive"), "{said}");
        }
        // What is known to all is only handed on again, and that takes nothing in.
        let replayed = run(folder, &["events", "replay", "--since", "1h", "--yes"]);
        assert!(replayed.status.success(), "{}", text(&replayed.stderr));

        edit(folder, |config| config + ARCHIVE);
        let [admit, one, all] = taking_in.map(|arguments| run(folder, arguments));
        assert!(admit.status.success(), "{}", text(&admit.stderr));
        assert!(text(&one.stderr).contains("stays in quarantine"), "{}", text(&one.stderr));
        assert!(all.status.success(), "{}", text(&all.stderr));
    });
    eventually("the consumer has what was admitted", || {
        let archive = std::fs::read_to_string(program.path("events.ndjson")).ok()?;
        (archive.lines().count() == 1).then_some(())
    });
}
