//! What fuzzing begins with, replayed on any toolchain, and a bounded number of changes of each input.

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::catch_unwind;

use hooklatch_core::authenticate;
use hooklatch_orders::Orders;
use hooklatch_pico::Pico;
use hooklatch_picpay::PicPay;
use hooklatch_piriod::Piriod;

use crate::account::Account;
use crate::{TARGETS, Target, request, seeds};

/// How many changed inputs a target gets, and how many bytes of them.
const MOST: (usize, usize) = (1000, 400_000);

/// Runs the target on its seeds and on changes of them.
pub(crate) fn replay(target: &str) {
    let target = TARGETS.iter().find(|known| known.name == target).unwrap();
    let inputs: Vec<Vec<u8>> = target.seeds().into_iter().map(|seed| seed.bytes).collect();
    assert!(!inputs.is_empty(), "no seeds");
    for input in &inputs {
        run(target, input);
    }

    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let (mut rounds, mut bytes) = (0, 0);
    while rounds < MOST.0 && bytes < MOST.1 {
        let (input, other) = (noise.pick(&inputs), noise.pick(&inputs));
        let changed = noise.changed(input, other);
        rounds += 1;
        bytes += changed.len();
        run(target, &changed);
    }
}

fn run(target: &Target, input: &[u8]) {
    let outcome = catch_unwind(|| (target.run)(input));
    assert!(outcome.is_ok(), "fails on:\n{}", input.escape_ascii());
}

#[test]
fn every_fixture_is_a_seed_that_is_believed_and_read() {
    fn check<P: Account>() {
        let seeds = seeds::requests(P::NAME);
        assert!(seeds.len() > 5, "{} fixtures of {}", seeds.len(), P::NAME);
        for seed in seeds {
            let verified = authenticate(P::handler(), request::parse(&seed.bytes));
            assert!(P::handler().read(&verified.unwrap()).is_ok(), "{}", seed.name);
        }
    }
    check::<Orders>();
    check::<Pico>();
    check::<PicPay>();
    check::<Piriod>();
}

#[test]
fn every_target_has_its_program() {
    let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin");
    let files = std::fs::read_dir(programs).unwrap().map(|file| file.unwrap().path());
    let programs: BTreeSet<String> =
        files.map(|file| file.file_stem().unwrap().display().to_string()).collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(programs, targets);
    let manifest = include_str!("../Cargo.toml");
    assert!(targets.iter().all(|name| manifest.contains(&format!("name = \"{name}\""))));
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift64).
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, inputs: &'a [Vec<u8>]) -> &'a [u8] {
        &inputs[self.below(inputs.len())]
    }

    /// The input with a few pieces changed, left out, doubled, or taken from another.
    fn changed(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        const PIECES: [&[u8]; 12] =
            [b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"\xff", b" ", b"\\ud800", b"e9"];
        const VALUES: [&[u8]; 12] = [
            b"null",
            b"true",
            b"[]",
            b"{}",
            b"0",
            b"-0",
            b"1.50",
            b"1e400",
            b"9223372036854775808",
            b"\"\"",
            b"\"brand new\"",
            b"\"\\ud800\"",
        ];
        let mut changed = input.to_vec();
        for _ in 0..=self.below(4) {
            let bytes = self.range(changed.len());
            let value = self.piece(&changed, b':', b",\n}");
            let line = self.piece(&changed, b'\n', b"\n");
            let (range, piece) = match self.below(8) {
                0 => (bytes, vec![u8::try_from(self.below(256)).unwrap()]),
                1 => (bytes, Vec::new()),
                2 => (bytes.clone(), changed[bytes].repeat(2)),
                3 => (bytes, other[self.range(other.len())].to_vec()),
                4 => (bytes, PIECES[self.below(PIECES.len())].to_vec()),
                5 => (value, VALUES[self.below(VALUES.len())].to_vec()),
                6 => (line, Vec::new()),
                _ => (line.clone(), changed[line].repeat(2)),
            };
            changed.splice(range, piece);
        }
        changed
    }

    /// A place in a text of this length, and one not far behind it.
    fn range(&mut self, length: usize) -> Range<usize> {
        let begin = self.below(length + 1);
        begin..(begin + self.below(16)).min(length)
    }

    /// What stands behind some `mark`, up to the next of `ends`.
    fn piece(&mut self, text: &[u8], mark: u8, ends: &[u8]) -> Range<usize> {
        let from = self.below(text.len() + 1);
        let begin = text[from..].iter().position(|byte| *byte == mark).map_or(text.len(), |at| from + at + 1);
        let length = text[begin..].iter().position(|byte| ends.contains(byte)).unwrap_or(text.len() - begin);
        begin..begin + length
    }
}
