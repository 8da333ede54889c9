//! What was promised, held against what was measured.

use serde_json::{Value, json};

use super::figures::shown;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    AtLeast(f64, &'static str),
    AtMost(f64, &'static str),
}

/// A promise and the figure that keeps or breaks it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) what: String,
    pub(super) wanted: Wanted,
    pub(super) figure: f64,
}

impl Target {
    fn is_met(&self) -> bool {
        match self.wanted {
            Wanted::AtLeast(least, _) => self.figure >= least,
            Wanted::AtMost(most, _) => self.figure <= most,
        }
    }

    pub(super) fn row(&self) -> String {
        let (sign, bound, unit) = match self.wanted {
            Wanted::AtLeast(bound, unit) => ("≥", bound, unit),
            Wanted::AtMost(bound, unit) => ("≤", bound, unit),
        };
        let verdict = if self.is_met() { "met" } else { "**missed**" };
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        format!("| {} | {sign} {bound}{unit} | {}{unit} | {verdict} |", self.what, shown(self.figure))
    }

    pub(super) fn json(&self) -> Value {
        let (relation, bound, unit) = match self.wanted {
            Wanted::AtLeast(bound, unit) => ("at least", bound, unit),
            Wanted::AtMost(bound, unit) => ("at most", bound, unit),
        };
        json!({
            "target": self.what,
            "relation": relation,
            "bound": bound,
            "unit": unit,
            "measured": self.figure,
            "met": self.is_met(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_said_to_be_missed() {
        let target = |wanted, figure| Target { what: "x".to_owned(), wanted, figure };
        let missed = target(Wanted::AtLeast(0.4, ""), 0.39);
        assert_eq!(missed.row(), "| x | ≥ 0.4 | 0.39 | **missed** |");
        assert_eq!(missed.json()["met"], false);
        assert_eq!(target(Wanted::AtMost(10.0, "ms"), 10.0).row(), "| x | ≤ 10 ms | 10.0 ms | met |");
    }
}
