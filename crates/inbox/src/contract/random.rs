//! Random sequences of calls, run against a store and against a model in plain collections.
//!
//! After every call the model says whether the answer was legal, and everything that the store can tell is compared.
//! `PROPTEST_CASES` asks for more sequences than the few that are run otherwise.

mod again;
mod claim;
mod identity;
mod known;
mod model;
mod step;
mod told;
mod trial;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::Bench;
use model::Verdict;
use step::Step;
use trial::Trial;

/// How many sequences are run when nobody asks for more.
const SEQUENCES: u32 = 16;
/// For how many milliseconds a sequence that fails is shortened.
const SHORTENING: u32 = 300_000;

/// Runs the sequences that once failed, then random ones; shows the shortest that fails.
///
/// Blocks; it makes a tokio runtime of its own for each sequence.
pub fn random<B: Bench>() {
    for (name, steps) in known::SEQUENCES {
        if let Err(why) = run_alone::<B>(steps) {
            panic!("{name}: {why}\n{}", lines(steps));
        }
    }
    let cases =
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(SEQUENCES);
    let config =
        Config { cases, max_shrink_time: SHORTENING, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let tried = runner.run(&step::sequences(), |steps| run_alone::<B>(&steps).map_err(TestCaseError::fail));
    match tried {
        Ok(()) => {}
        Err(TestError::Fail(why, steps)) => panic!("{why}, after\n{}", lines(&steps)),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// The steps as they stand in [`known`].
fn lines(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("    {step:?},")).collect::<Vec<_>>().join("\n")
}

fn run_alone<B: Bench>(steps: &[Step]) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut trial = Trial::begin(Box::new(B::new().await)).await?;
        for (number, step) in steps.iter().enumerate() {
            trial = trial.take(*step).await.map_err(|why| format!("step {}: {why}", number + 1))?;
        }
        trial.end().await.map_err(|why| format!("at the end: {why}"))
    })
}
