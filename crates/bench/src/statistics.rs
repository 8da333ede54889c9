//! Medians, and how far apart figures are.

/// The middle of some figures; of an even number the mean of the two in the middle. 0 for none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.wrapping_sub(1)), at(middle)) }
}

/// The smallest and the largest of some figures.
pub(crate) fn extremes(figures: &[f64]) -> (f64, f64) {
    figures.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), figure| {
        (least.min(*figure), most.max(*figure))
    })
}

/// The median of the ratios within each round.
///
/// Whatever slows the machine for a while slows both sides of a round, so this holds better than the ratio of medians.
pub(crate) fn ratio(figures: &[f64], to: &[f64]) -> f64 {
    let ratios: Vec<f64> = figures.iter().zip(to).map(|(figure, to)| figure / to).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figure: f64, expected: f64) {
        assert!((figure - expected).abs() < 1e-9, "{figure} is not {expected}");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        check(median(&[3.0, 1.0, 100.0]), 3.0);
        check(median(&[4.0, 1.0, 2.0, 100.0]), 3.0);
        check(median(&[7.0]), 7.0);
        check(median(&[]), 0.0);
    }

    #[test]
    fn a_slow_round_changes_no_ratio() {
        // The second round ran at a tenth of the speed.
        check(ratio(&[40.0, 4.0, 42.0], &[100.0, 10.0, 100.0]), 0.4);
    }

    #[test]
    fn extremes_are_the_least_and_the_most() {
        assert_eq!(extremes(&[2.0, -1.0, 5.0]), (-1.0, 5.0));
    }
}
