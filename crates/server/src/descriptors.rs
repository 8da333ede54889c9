//! How many connections the system lets us have.

/// What everything but connections may need: the inbox, consumers, logs.
const OTHERS: u64 = 256;

/// The number of connections that the configuration wants, or fewer where the system allows fewer open files.
///
/// Connections that use up all descriptors would keep the inbox and the consumers from theirs.
#[cfg(unix)]
pub(crate) fn connections(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limits = getrlimit(Resource::Nofile);
    // Both the intake and the admin address may use what is left.
    let needed = (2 * wanted as u64).saturating_add(OTHERS);
    let raised = limits.maximum.map_or(needed, |maximum| maximum.min(needed));
    let mut allowed = limits.current.unwrap_or(u64::MAX);
    if allowed < raised {
        let limit = Rlimit { current: Some(raised), maximum: limits.maximum };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            allowed = raised;
        }
    }
    let possible = usize::try_from(allowed.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX).max(1);
    if possible < wanted {
        tracing::warn!(
            max_connections = wanted,
            "the system allows {allowed} open files, so at most {possible} connections are served at a time"
        );
    }
    wanted.min(possible)
}

/// The number of connections that the configuration wants.
#[cfg(not(unix))]
pub(crate) fn connections(wanted: usize) -> usize {
    wanted
}
