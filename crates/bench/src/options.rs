//! What the person at the desk chooses.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::scenario::Name;

/// Measures Hooklatch beside other receivers, on this machine, in one run.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask bench", disable_version_flag = true)]
pub(crate) struct Options {
    /// Three short rounds on small inboxes: to see that everything runs, not for figures.
    #[arg(long)]
    quick: bool,
    /// Only this scenario; may be given more than once.
    #[arg(long, value_name = "SCENARIO", value_enum)]
    pub(crate) only: Vec<Name>,
    /// How often each receiver takes its turn [default: 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// For how long each turn is measured [default: 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// How many events the large inbox holds [default: 1000000]; ten million take 22 GB of disk while it runs.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1000..))]
    events: Option<u64>,
    /// The receiver to measure [default: the one beside this program]; a consumer in Rust stays in this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) receiver: Option<PathBuf>,
    /// Where the tables, the figures and, while it runs, the inboxes go.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl Options {
    /// How often each receiver takes its turn.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 }) as usize
    }

    /// For how long each turn is measured.
    pub(crate) fn measured(&self) -> Duration {
        self.seconds.map_or(Duration::from_secs(if self.quick { 1 } else { 5 }), |seconds| {
            Duration::from_secs(seconds.into())
        })
    }

    /// How long load is on before it is measured.
    pub(crate) fn warm_up(&self) -> Duration {
        if self.quick { Duration::from_millis(300) } else { Duration::from_secs(1) }
    }

    /// How many events the large inbox holds.
    pub(crate) fn events(&self) -> u64 {
        self.events.unwrap_or(if self.quick { 20_000 } else { 1_000_000 })
    }

    /// How many events wait when a backlog is drained.
    pub(crate) fn backlog(&self) -> u64 {
        if self.quick { 20_000 } else { 200_000 }
    }

    /// Whether the figures are fit to be held against the targets.
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        use clap::CommandFactory as _;
        Options::command().debug_assert();
        let options = Options::parse_from(["bench", "--quick", "--only", "drain", "--only", "single"]);
        assert_eq!(options.only, [Name::Drain, Name::Single]);
        assert_eq!((options.rounds(), options.events()), (3, 20_000));
        assert!(Options::try_parse_from(["bench", "--rounds", "0"]).is_err());
    }
}
