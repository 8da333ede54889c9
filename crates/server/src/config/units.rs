//! Durations and sizes: `10s`, `1h`, `1MiB`.

use std::time::Duration;

use toml::Spanned;

use super::{ConfigError, Context};

/// A duration such as `10s`, `1h` or `30d`, or `default` where none is given.
pub(super) fn duration(
    text: Option<&Spanned<String>>,
    default: Duration,
    context: &Context<'_>,
) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    match humantime::parse_duration(text.get_ref()) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(context
            .document
            .error(text.span(), "not a duration; write \"10s\", \"5m\", \"1h\" or \"30d\"")),
    }
}

/// A number of bytes such as `512KiB` or `1MiB`, or `default` where none is given.
pub(super) fn size(
    text: Option<&Spanned<String>>,
    default: usize,
    context: &Context<'_>,
) -> Result<usize, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    parse_size(text.get_ref()).filter(|size| *size > 0).ok_or_else(|| {
        context
            .document
            .error(text.span(), "not a size; write \"64KiB\", \"1MiB\" or a number of bytes as text")
    })
}

fn parse_size(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, size) in [("1MiB", 1 << 20), ("64 KiB", 64 << 10), ("100", 100), ("1MB", 1_000_000)] {
            assert_eq!(parse_size(text), Some(size), "{text}");
        }
        for text in ["", "MiB", "1.5MiB", "-1", "1mib", "99999999999999GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
