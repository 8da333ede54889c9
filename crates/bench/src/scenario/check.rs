//! Whether the load generator is right: wrk, where it is installed, should find the same of bare hyper.

use std::fs;
use std::process::Command;

use super::{Bench, Manner, Name};
use crate::Result;
use crate::contestant::Contestant;
use crate::feed::What;
use crate::report::{Key, Report};

const RATE: &str = "requests/s";

/// Alternates both on bare hyper, with one request that is always the same.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    if Command::new("wrk").arg("--version").output().is_err() {
        report.note("SKIPPED check: no `wrk` on the path; Debian has it as the package of this name");
        return Ok(());
    }
    let manner = Manner { period: Some(1), ..Manner::closed(What::Charge, 64) };
    let key = |contestant| Key { scenario: Name::Check.as_str(), case: "bare hyper, 64", contestant };
    for _ in 0..bench.options.rounds() {
        let outcome = bench.turn(Contestant::Hyper, manner)?.outcome;
        report.add(key("own generator"), &[(RATE, outcome.rate())]);
        report.add(key("wrk"), &[(RATE, wrk(bench, manner)?)]);
    }
    Ok(())
}

fn wrk(bench: &Bench, manner: Manner) -> Result<f64> {
    let mut request = Vec::new();
    bench.feed(manner)?.write(&mut request);
    let folder = bench.folder("turn")?;
    let receiver = Contestant::Hyper.start(bench, &folder)?;
    let script = folder.join("wrk.lua");
    // Lua reads the same escapes.
    let text = format!("request = function() return {:?} end\n", String::from_utf8(request)?);
    fs::write(&script, text)?;
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &manner.connections.to_string()])
        .args(["--duration", &format!("{}s", bench.options.measured().as_secs().max(1)), "--script"])
        .arg(&script)
        .arg(format!("http://{}/", receiver.address))
        .output()?;
    receiver.stop()?;
    fs::remove_dir_all(&folder)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    rate(&text).ok_or_else(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// What wrk found, when every answer was a good one.
fn rate(text: &str) -> Option<f64> {
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return None;
    }
    text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_unless_there_were_errors() {
        assert_eq!(rate("x\nRequests/sec:  94114.29\nTransfer/sec: 1MB\n"), Some(94114.29));
        assert_eq!(rate("  Non-2xx or 3xx responses: 3\nRequests/sec: 1.0\n"), None);
        assert_eq!(rate(""), None);
    }
}
