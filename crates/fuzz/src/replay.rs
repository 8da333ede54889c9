//! What fuzzing begins with, replayed on any toolchain, and a bounded number of changes of each input.

use std::collections::BTreeSet;
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
        const PIECES: &[&[u8]] = &[
            b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"null", b"true", b"-", b"0", b"1e9", b"\xff",
            b" ", b"\\ud800",
        ];
        let mut changed = input.to_vec();
        for _ in 0..=self.below(4) {
            let (begin, end) = self.range(changed.len());
            let (from, to) = self.range(other.len());
            let piece = match self.below(5) {
                0 => vec![u8::try_from(self.below(256)).unwrap()],
                1 => Vec::new(),
                2 => [&changed[begin..end], &changed[begin..end]].concat(),
                3 => other[from..to].to_vec(),
                _ => PIECES[self.below(PIECES.len())].to_vec(),
            };
            changed.splice(begin..end, piece);
        }
        changed
    }

    /// A place in a text of this length, and one not far behind it.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let begin = self.below(length + 1);
        (begin, (begin + self.below(16)).min(length))
    }
}
