//! A clock that is set back by an hour while the receiver works.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{none, skip, until};
use crate::consumer::Faults;
use crate::receiver::{Launch, Stored, hooklatch, pause};
use crate::site::{Plan, Site};

/// The library that answers for the clock, where Debian keeps it: in a folder named for the processor.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|library| library.exists())
}

/// A process whose clock differs from the machine's by what stands in `file`.
fn launch(library: &Path, file: &Path) -> Launch {
    let environment = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        // Only the wall clock can be set.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Launch { under: Vec::new(), environment: environment.to_vec() }
}

#[test]
fn a_clock_that_is_set_back_changes_neither_order_nor_retries() {
    let Some(library) = library() else {
        return skip("setting the clock of one process needs Debian's package faketime");
    };
    let folder = tempfile::tempdir().unwrap();
    let offset = folder.path().join("offset");
    std::fs::write(&offset, "+0\n").unwrap();
    // Long enough that the clock goes back while somebody waits.
    let retry = "retry = { attempts = 1000000, first = \"1s\", max = \"1s\" }";
    let plan = Plan { retry, ..Plan::default() };
    let mut site = Site::new(folder.path(), plan, &mut Rng::with_seed(1));
    site.launch = launch(&library, &offset);
    let receiver = site.start().unwrap();
    until("some are acknowledged", || site.ledger.sheet().acknowledged() > 100);

    // Some wait for their next attempt while the clock is set back.
    site.consumer.fail(Faults::ALL);
    until("some wait", || waiting(folder.path()) > 3);
    std::fs::write(&offset, "-3600s\n").unwrap();
    let before = site.ledger.sheet().acknowledged();
    until("more are acknowledged", || site.ledger.sheet().acknowledged() > before + 100);
    site.consumer.fail(Faults::SOME);
    pause(Duration::from_millis(200));
    let (_, violations) = site.finish(receiver);
    none(&violations);

    // The clock did go back: what arrived later says that it arrived earlier.
    let mut stored = site.stored(&[]).unwrap();
    stored.sort_by(|left, right| left.id.cmp(&right.id));
    let back = stored.windows(2).map(|pair| received(&pair[0]) - received(&pair[1])).max().unwrap();
    assert!(back > time::Duration::minutes(59), "the clock went back by {back} only");
}

/// How many dispatches to the HTTP consumer wait on disk.
fn waiting(folder: &Path) -> u64 {
    let mut command = hooklatch(folder, &Launch::default());
    let output = command.args(["consumers", "list", "--json"]).output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let consumers = list["consumers"].as_array().unwrap();
    let service = consumers.iter().find(|consumer| consumer["name"] == "service").unwrap();
    service["waiting"].as_u64().unwrap_or_else(|| panic!("{list}"))
}

fn received(event: &Stored) -> OffsetDateTime {
    OffsetDateTime::parse(&event.received, &Rfc3339).unwrap()
}
