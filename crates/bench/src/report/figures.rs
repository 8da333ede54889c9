//! Figures of many rounds, and the tables made of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::statistics::{extremes, median};

/// What figures belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    pub(crate) scenario: &'static str,
    pub(crate) case: &'a str,
    pub(crate) contestant: &'static str,
}

/// One figure of each round.
#[derive(Debug)]
pub(crate) struct Series {
    scenario: &'static str,
    case: String,
    contestant: &'static str,
    measure: &'static str,
    pub(super) figures: Vec<f64>,
}

impl Series {
    pub(super) fn new(key: Key<'_>, measure: &'static str, figure: f64) -> Self {
        let Key { scenario, case, contestant } = key;
        Self { scenario, case: case.to_owned(), contestant, measure, figures: vec![figure] }
    }

    pub(super) fn is(&self, key: Key<'_>, measure: &str) -> bool {
        self.key() == key && self.measure == measure
    }

    fn key(&self) -> Key<'_> {
        Key { scenario: self.scenario, case: &self.case, contestant: self.contestant }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "case": self.case,
            "contestant": self.contestant,
            "measure": self.measure,
            "median": median(&self.figures),
            "rounds": self.figures,
        })
    }
}

/// The scenarios in the order in which they were run.
pub(super) fn scenarios(series: &[Series]) -> Vec<&'static str> {
    distinct(series.iter().map(|series| series.scenario))
}

/// A table of one scenario: a row a case and receiver, a column a measure, in each the median and the extremes.
pub(super) fn table(series: &[Series], scenario: &str) -> String {
    let series: Vec<&Series> = series.iter().filter(|series| series.scenario == scenario).collect();
    let measures = distinct(series.iter().map(|series| series.measure));
    let mut text = format!("| {scenario} | |");
    for measure in &measures {
        let _ = write!(text, " {measure} |");
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(measures.len()));
    for key in distinct(series.iter().map(|series| series.key())) {
        let _ = write!(text, "| {} | {} |", key.case, key.contestant);
        for measure in &measures {
            let found = series.iter().find(|series| series.is(key, measure));
            let _ = write!(text, " {} |", found.map_or_else(String::new, |series| cell(&series.figures)));
        }
        text.push('\n');
    }
    text
}

fn cell(figures: &[f64]) -> String {
    let (least, most) = extremes(figures);
    match figures {
        [figure] => shown(*figure),
        _ => format!("{} ({} to {})", shown(median(figures)), shown(least), shown(most)),
    }
}

/// A figure with as many digits as mean anything.
pub(super) fn shown(figure: f64) -> String {
    if figure >= 10_000.0 {
        format!("{:.0}", (figure / 100.0).round() * 100.0)
    } else if figure >= 100.0 {
        format!("{figure:.0}")
    } else if figure >= 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.2}")
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_receiver() {
        let key = |contestant| Key { scenario: "pipeline", case: "64", contestant };
        let mut one = Series::new(key("a"), "requests/s", 41_234.0);
        one.figures.extend([40_000.0, 50_000.0]);
        let all = [one, Series::new(key("a"), "p99 ms", 5.123), Series::new(key("b"), "requests/s", 93.21)];
        let expected = "\
| pipeline | | requests/s | p99 ms |
|---|---|---|---|
| 64 | a | 41200 (40000 to 50000) | 5.12 |
| 64 | b | 93.2 |  |
";
        assert_eq!(table(&all, "pipeline"), expected);
        assert_eq!(scenarios(&all), ["pipeline"]);
    }
}
