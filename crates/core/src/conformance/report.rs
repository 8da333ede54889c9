//! What was checked, and how often.

use std::path::PathBuf;

/// Which check ran how often. A check that ran never is a failure: it proves nothing.
pub(super) struct Report {
    provider: &'static str,
    /// `None` where a check says nothing about this provider.
    lines: Vec<(&'static str, Option<usize>)>,
}

impl Report {
    pub(super) fn new(provider: &'static str) -> Self {
        Self { provider, lines: Vec::new() }
    }

    /// Notes that `check` held so many times.
    pub(super) fn passed(&mut self, check: &'static str, times: usize) {
        assert_ne!(times, 0, "{}: check `{check}` found nothing to check", self.provider);
        match self.lines.iter_mut().find(|(name, _)| *name == check) {
            Some((_, Some(total))) => *total += times,
            Some((_, None)) => panic!("{}: check `{check}` applies after all", self.provider),
            None => self.lines.push((check, Some(times))),
        }
    }

    /// Notes that `check` says nothing about this provider; it is shown as such, never left out.
    pub(super) fn does_not_apply(&mut self, check: &'static str) {
        match self.lines.iter().find(|(name, _)| *name == check) {
            Some((_, Some(_))) => panic!("{}: check `{check}` applies after all", self.provider),
            Some((_, None)) => {}
            None => self.lines.push((check, None)),
        }
    }

    /// One of the two.
    pub(super) fn passed_or_not_applicable(&mut self, check: &'static str, times: usize) {
        if times == 0 { self.does_not_apply(check) } else { self.passed(check, times) }
    }

    /// Hands the counts to `cargo xtask test`, which makes a table of them.
    pub(super) fn finish(self) {
        let Some(folder) = std::env::var_os("HOOKLATCH_CONFORMANCE") else { return };
        let file = PathBuf::from(folder).join(format!("{}.tsv", self.provider));
        let count = |times: &Option<usize>| times.map_or_else(|| "-".to_owned(), |times| times.to_string());
        let lines: Vec<_> =
            self.lines.iter().map(|(check, times)| format!("{check}\t{}\n", count(times))).collect();
        std::fs::write(file, lines.concat()).unwrap();
    }
}
