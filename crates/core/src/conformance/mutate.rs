//! Small changes that must not go unnoticed, and large ones that must do no harm.

/// Every copy of `bytes` with one bit flipped.
pub(super) fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut copy = bytes.to_vec();
        if let Some(byte) = copy.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        copy
    })
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift64).
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `limit`, which must not be zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// Bytes without any form.
    pub(super) fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(300)).map(|_| self.byte()).collect()
    }

    /// Pieces of JSON in any order.
    pub(super) fn json(&mut self, names: &[String]) -> Vec<u8> {
        const PIECES: [&str; 20] = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "null",
            "true",
            "-",
            "0",
            "1e9",
            "1.5",
            "\"\\ud800\"",
            "\\",
            " ",
            "\"text\"",
            "{\"a\":",
            "\u{feff}",
            "é",
        ];
        let mut json = String::new();
        for _ in 0..self.below(60) {
            if self.below(3) == 0 {
                json.extend(["\"", &names[self.below(names.len())], "\":"]);
            } else {
                json.push_str(PIECES[self.below(PIECES.len())]);
            }
        }
        json.into_bytes()
    }

    /// A genuine body with a few bytes changed, left out, doubled or cut off.
    pub(super) fn damaged(&mut self, body: &[u8]) -> Vec<u8> {
        let mut damaged = body.to_vec();
        for _ in 0..=self.below(6) {
            if damaged.is_empty() {
                break;
            }
            let at = self.below(damaged.len());
            match self.below(5) {
                0 => damaged[at] = self.byte(),
                1 => drop(damaged.remove(at)),
                2 => damaged.insert(at, b"{}[]\",:\\0"[self.below(9)]),
                3 => {
                    let end = (at + self.below(40)).min(damaged.len());
                    let piece = damaged[at..end].to_vec();
                    damaged.splice(at..at, piece);
                }
                _ => damaged.truncate(at),
            }
        }
        damaged
    }
}
