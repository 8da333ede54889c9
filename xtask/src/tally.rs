//! The counts of a test run, read from what cargo prints.

use std::fmt;

/// How many tests passed, failed and were skipped, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// The names of failed tests.
    pub(crate) failures: Vec<String>,
    /// The names of ignored tests, with the reason where one is given.
    pub(crate) ignored: Vec<String>,
    begun: usize,
    ended: usize,
}

impl Tally {
    /// Takes one line of the standard output of `cargo test`.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.ended += 1;
            self.passed += count(result, "passed");
            self.failed += count(result, "failed");
            self.skipped += count(result, "ignored");
        } else if is_announcement(line) {
            self.begun += 1;
        } else if let Some(test) = line.strip_prefix("test ") {
            if let Some(name) = test.strip_suffix(" ... FAILED") {
                self.failures.push(name.to_owned());
            } else if let Some((name, reason)) = test.split_once(" ... ignored") {
                self.ignored.push(format!("{name} (ignored{reason})"));
            }
        }
    }

    /// Draws the balance once cargo has ended: a run that went wrong has at least one failure, and a test program
    /// that died without a result is one more.
    pub(crate) fn close(&mut self, success: bool) {
        if success {
            return;
        }
        for _ in self.ended..self.begun {
            self.fail("a test program that ended without a result".to_owned());
        }
        if self.failed == 0 {
            self.fail("cargo itself: see its messages above".to_owned());
        }
    }

    /// Counts a failure that no test reported.
    pub(crate) fn fail(&mut self, what: String) {
        self.failed += 1;
        self.failures.push(what);
    }

    /// Counts a test as skipped that cargo, knowing no better, reported as passed.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
        self.passed = self.passed.saturating_sub(1);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// `running 3 tests`, which every test program says first.
fn is_announcement(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    matches!(words.as_slice(), ["running", number, "test" | "tests"] if number.parse::<usize>().is_ok())
}

/// The number before `what` in `ok. 3 passed; 1 failed; …`.
fn count(result: &str, what: &str) -> usize {
    let number = result.split("; ").find_map(|part| part.strip_suffix(what));
    number.and_then(|part| part.split_whitespace().last()).and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSING: &str = "
running 3 tests
test a ... ok
test slow ... ignored, takes a minute
test b ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.00s

running 1 test
test src/lib.rs - (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.40s
";

    fn tally(text: &str, success: bool) -> Tally {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.read(line));
        tally.close(success);
        tally
    }

    #[test]
    fn results_are_summed() {
        let tally = tally(PASSING, true);
        assert_eq!(tally.to_string(), "3 passed, 0 failed, 1 skipped");
        assert_eq!(tally.ignored, ["slow (ignored, takes a minute)"]);
        assert!(tally.failures.is_empty());
    }

    #[test]
    fn a_failed_test_is_named_and_counted_once() {
        let text = "running 2 tests\ntest a::b ... FAILED\ntest c ... ok\n\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let tally = tally(text, false);
        assert_eq!(tally.to_string(), "1 passed, 1 failed");
        assert_eq!(tally.failures, ["a::b"]);
    }

    #[test]
    fn a_program_that_died_is_a_failure() {
        let text = format!("{PASSING}running 7 tests\ntest x ... ok\n");
        assert_eq!(tally(&text, false).to_string(), "3 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn a_workspace_that_does_not_compile_is_a_failure() {
        assert_eq!(tally("", false).to_string(), "0 passed, 1 failed");
    }

    #[test]
    fn a_test_that_says_it_skipped_has_not_passed() {
        let mut tally = tally(PASSING, true);
        tally.skip();
        assert_eq!(tally.to_string(), "2 passed, 0 failed, 2 skipped");
    }
}
