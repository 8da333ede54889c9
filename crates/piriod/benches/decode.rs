//! What decoding and verifying cost; see `hooklatch_core::bench`.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use hooklatch_core::{Provider as _, Secret, Settings, bench};
use hooklatch_piriod::Piriod;

fn main() {
    let secret = Secret::new("example").unwrap();
    bench::run(&Piriod::new(Settings::with_secret(secret)).unwrap());
}
