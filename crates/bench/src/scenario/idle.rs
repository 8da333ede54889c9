//! What connections cost that do nothing.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Bench, MIB, Manner, Name};
use crate::Result;
use crate::contestant::{Config, Contestant, Target};
use crate::feed::What;
use crate::load::{Engine, Load};
use crate::report::{Key, Report, Wanted};
use crate::statistics::median;

const CONNECTIONS: usize = 10_000;
/// What both sides may open, with room for the receiver's admin address, its inbox and its consumers.
const FILES: u64 = 2 * CONNECTIONS as u64 + 1_000;

/// Opens many connections, sends one webhook on each and leaves them open.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let connections = match most_connections() {
        Some(fewer) => {
            report.note(format!(
                "the system allows too few open files for {CONNECTIONS} connections; {fewer} were opened"
            ));
            fewer
        }
        None => CONNECTIONS,
    };
    let case = format!("{connections} connections");
    let key = |contestant| Key { scenario: Name::Idle.as_str(), case: &case, contestant };
    for _ in 0..bench.options.rounds().min(3) {
        let folder = bench.folder("idle")?;
        let manner = Manner::closed(What::Charge, connections);
        let mut feed = bench.feed(manner)?;
        // By default a connection that does nothing is closed after five seconds.
        let config = Config::new(&bench.accounts).consumer("down", Target::Down);
        let receiver = config.server("header_timeout = \"10m\"").start(bench, &folder)?;
        let before = receiver.memory()? / MIB;
        let load = Load {
            address: receiver.address,
            connections,
            pace: manner.pace,
            reuse: manner.reuse,
            warm_up: std::time::Duration::ZERO,
            measured: bench.options.measured(),
        };
        let mut engine = Engine::connect(&load)?;
        let answered = engine.once_each(&mut feed)?;
        if answered != connections as u64 {
            return Err(format!("{answered} of {connections} connections were answered").into());
        }
        let figures = [
            ("memory before MiB", before),
            ("memory MiB", receiver.memory()? / MIB),
            ("peak MiB", receiver.peak_memory()? / MIB),
        ];
        report.add(key(Contestant::Hooklatch.name()), &figures);
        drop(engine);
        receiver.stop()?;
        std::fs::remove_dir_all(&folder)?;
    }
    let peak = median(report.figures(key(Contestant::Hooklatch.name()), "peak MiB"));
    report.target(format!("peak memory, {connections} idle connections"), Wanted::AtMost(160.0, "MiB"), peak);
    Ok(())
}

/// Raises the limit on open files, for this process and those that it starts; the number of connections if that is too few.
fn most_connections() -> Option<usize> {
    let limits = getrlimit(Resource::Nofile);
    let has_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= FILES);
    let maximum = if has_enough(limits.maximum) { limits.maximum } else { Some(FILES) };
    // Only root may raise the upper limit.
    if setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum }).is_ok() {
        return None;
    }
    let most = limits.maximum.unwrap_or(FILES);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) });
    usize::try_from(most.saturating_sub(1_000) / 2).ok()
}
