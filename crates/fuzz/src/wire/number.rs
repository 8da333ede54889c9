//! Decimals, whole numbers, seconds since 1970.

use hooklatch_core::wire::{Decimal, EpochSeconds, Integer};

use super::{Naive, read, scalar_of};

/// Reads a decimal, and holds its number against the digits.
pub(crate) fn decimal(bytes: &[u8]) {
    let Some((decimal, sent)) = read::<Decimal>(bytes, |sent| scalar_of(sent).is_some()) else { return };
    let text = decimal.as_str();
    assert_eq!(Some((text.to_owned(), decimal.is_text())), scalar_of(&sent));
    let exact = Exact::read(text);
    if let Some(value) = decimal.value() {
        let value = Exact::read(&value.to_string()).unwrap();
        assert_eq!(Some(value.clone()), exact, "{text} is not {value:?}");
    }
    if !decimal.is_text() {
        let is_short = text.len() <= 28 && !text.contains(['e', 'E']);
        assert!(decimal.value().is_some() || !is_short, "{text} has no value");
    }
}

/// A decimal number as its digits without zeros around them, and the power of ten of the last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exact {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Exact {
    /// Takes what `rust_decimal` takes: signs, a point at either end, underscores between digits, `e-+7`.
    fn read(text: &str) -> Option<Self> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = [whole, fraction].concat().replace('_', "");
        let fraction = fraction.replace('_', "");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (sign, exponent) = exponent.strip_prefix('-').map_or((1, exponent), |exponent| (-1, exponent));
        let exponent =
            sign * i64::from(exponent.parse::<u32>().ok()?) - i64::try_from(fraction.len()).ok()?;
        let significant = digits.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        if trimmed.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = i64::try_from(significant.len() - trimmed.len()).ok()?;
        Some(Self {
            is_negative: number.starts_with('-'),
            digits: trimmed.to_owned(),
            exponent: exponent.checked_add(zeros)?,
        })
    }
}

/// Reads a whole number.
pub(crate) fn integer(bytes: &[u8]) {
    let Some((integer, sent)) = read::<Integer>(bytes, |sent| scalar_of(sent).is_some()) else { return };
    assert_eq!(Some((integer.as_str().to_owned(), integer.is_text())), scalar_of(&sent));
    assert_eq!(
        integer.value().map(i128::from),
        whole(integer.as_str()).filter(|n| i64::try_from(*n).is_ok())
    );
}

/// Reads seconds since 1970.
pub(crate) fn epoch_seconds(bytes: &[u8]) {
    // A zero with a sign is a float to `serde_json`, and so is whatever an `i64` cannot hold.
    let seconds_of = |sent: &Naive| match sent {
        Naive::Number(digits) if digits != "-0" => {
            whole(digits).and_then(|seconds| i64::try_from(seconds).ok())
        }
        _ => None,
    };
    let Some((seconds, sent)) = read::<EpochSeconds>(bytes, |sent| seconds_of(sent).is_some()) else {
        return;
    };
    assert_eq!(Some(seconds.0), seconds_of(&sent));
    // 9999-12-31 23:59:59, and as many years back.
    let has_date = (-377_705_116_800..=253_402_300_799).contains(&seconds.0);
    assert_eq!(seconds.value().map(::time::OffsetDateTime::unix_timestamp), has_date.then_some(seconds.0));
}

/// A sign and digits, digit by digit; far more than an `i64` holds is nothing.
fn whole(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.is_empty() {
        return None;
    }
    let magnitude = unsigned.chars().try_fold(0_i128, |sum, c| {
        let digit = c.to_digit(10)?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })?;
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_value_are_read_alike() {
        for (one, other) in
            [("1", "1.00"), ("1e3", "1000"), ("-0.50", "-5e-1"), ("0", "-0.0e9"), ("12.5e-1", "1.25")]
        {
            assert_eq!(Exact::read(one), Exact::read(other), "{one} {other}");
        }
        assert_ne!(Exact::read("1"), Exact::read("10"));
        assert_ne!(Exact::read("1"), Exact::read("-1"));
        assert_eq!(Exact::read("1.2.3"), None);
    }
}
