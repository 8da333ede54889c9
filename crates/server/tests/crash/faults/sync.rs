//! A 200 leaves the process only after the sync of what it acknowledges: seen from outside, call by call.

use std::process::Command;

use fastrand::Rng;

use super::trace::Trace;
use super::{skip, until};
use crate::receiver::Launch;
use crate::site::{Plan, Site};
use crate::webhooks::{Sort, digest};

/// The calls of interest: what writes to files and sockets, and what makes files durable.
const CALLS: &str = "pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fsync,fdatasync,sync_file_range";

/// `strace` beside the process that it watches, so that this process is the one that is killed.
fn launch() -> Launch {
    let arguments =
        ["strace", "-D", "-f", "-yy", "-s", "8192", "-o", "trace", "-e", &format!("trace={CALLS}"), "--"];
    Launch { under: arguments.map(str::to_owned).to_vec(), environment: Vec::new() }
}

/// Whether processes can be watched here.
fn try_strace() -> Result<(), String> {
    match Command::new("strace").args(["-o", "/dev/null", "true"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("strace: {error}")),
    }
}

#[test]
fn a_200_leaves_after_the_sync_of_what_it_acknowledges() {
    if let Err(why) = try_strace() {
        return skip(&format!("watching system calls needs strace: {why}"));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new(folder.path(), Plan::default(), &mut Rng::with_seed(1));
    site.launch = launch();
    let receiver = site.start().unwrap();
    until("some are acknowledged", || site.ledger.sheet().acknowledged() > 200);
    site.senders.close();
    site.kill(receiver);
    let read = || std::fs::read(folder.path().join("trace")).unwrap_or_default();
    until("the trace is whole", || String::from_utf8_lossy(&read()).contains("+++ killed by SIGKILL +++"));

    let trace = Trace::parse(&String::from_utf8_lossy(&read()));
    let sheet = site.ledger.sheet();
    let mut proven = 0;
    let mut faults = Vec::new();
    for (body, sent) in &sheet.by_body {
        // The first of these is answered by the commit that stores it; a repeat rests on an earlier one.
        let [answer] = sent.acknowledged.as_slice() else { continue };
        // A large row lies in several pages, and signals share theirs.
        if sent.sort == Sort::Signal || body.len() > 1000 {
            continue;
        }
        match trace.check(&digest(body), &answer.id) {
            Ok(()) => proven += 1,
            Err(fault) => faults.push(fault),
        }
    }
    assert!(faults.is_empty(), "{} of {}: {}", faults.len(), faults.len() + proven, faults.join("\n"));
    assert!(proven > 50, "only {proven} answers were looked at");
}
