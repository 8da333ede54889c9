//! What decoding and verifying cost; see `hooklatch_core::bench`.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use hooklatch_core::{Provider as _, Secret, Settings, bench};
use hooklatch_pico::Pico;

fn main() {
    let secret = Secret::new("example").unwrap();
    bench::run(&Pico::new(Settings::with_path_token(secret)).unwrap());
}
