//! Dates and times, with and without offset.

use hooklatch_core::EventTime;
use hooklatch_core::wire::{DateTime, LocalDateTime};
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{read, text_of};

/// Reads RFC 3339, and holds it against digits read one by one.
pub(crate) fn date_time(bytes: &[u8]) {
    let Some((date_time, sent)) = read::<DateTime>(bytes, |sent| text_of(sent).is_some()) else { return };
    let text = date_time.as_str();
    assert_eq!(Some(text), text_of(&sent).as_deref());
    let nanoseconds =
        |seconds: i64, nanosecond: u32| i128::from(seconds) * 1_000_000_000 + i128::from(nanosecond);
    let found = date_time.value().map(|value| match value {
        EventTime::Zoned(at) => (at.unix_timestamp_nanos(), Some(at.offset().whole_seconds())),
        EventTime::Local(at) => {
            let utc = at.assume_utc();
            (nanoseconds(utc.unix_timestamp(), utc.nanosecond()), None)
        }
    });
    if let Some(plain) = Plain::read(text) {
        assert_eq!(found, plain.value(), "{text}");
    } else if found.is_some() {
        // Letters in lower case, a leap second, more digits than nanoseconds have.
        let is_near = text.contains(['t', 'z', ' ', '_']) || text.contains(":60") || text.contains('.');
        assert!(is_near, "{text} is read as {found:?}");
    }
}

/// A date and time by its digits, whether there is such a day or not.
struct Plain {
    /// Year, month, day, hour, minute, second.
    fields: [i64; 6],
    nanosecond: i128,
    /// Seconds east of Greenwich.
    offset: Option<i32>,
}

impl Plain {
    /// Reads `2024-07-01T16:00:00`, a fraction of up to nine digits or none, `Z`, an offset or nothing.
    fn read(text: &str) -> Option<Self> {
        let (clock, rest) = text.split_at_checked(19)?;
        let fields = digits(clock, "dddd-dd-ddTdd:dd:dd")?;
        let fields =
            [&fields[..4], &fields[4..6], &fields[6..8], &fields[8..10], &fields[10..12], &fields[12..]];
        let fields = fields.map(|field| field.parse().unwrap_or_default());
        let (fraction, offset) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
            None => ("0", rest),
        };
        if fraction.is_empty() || fraction.len() > 9 || fields[5] == 60 {
            return None;
        }
        let offset = match offset {
            "" => None,
            "Z" => Some(0),
            offset => {
                let sign = if offset.starts_with('-') { -1 } else { 1 };
                let digits = digits(offset.strip_prefix(['-', '+'])?, "dd:dd")?;
                let (hours, minutes) = (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                Some(sign * (hours * 3600 + minutes * 60))
            }
        };
        Some(Self { fields, nanosecond: format!("{fraction:0<9}").parse().ok()?, offset })
    }

    /// Nanoseconds since 1970, by the calendar of 400 years; nothing for a day that no calendar has.
    fn value(&self) -> Option<(i128, Option<i32>)> {
        let [year, month, day, hour, minute, second] = self.fields;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, 28 + i64::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let month = usize::try_from(month).ok()?.checked_sub(1)?;
        if !(1..=*lengths.get(month)?).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let before = year - 1;
        let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
        let days = 365 * year + leap_days + lengths[..month].iter().sum::<i64>() + day - 1;
        // The same sum for 1970-01-01.
        let days = days - (365 * 1970 + 492 - 19 + 4);
        let seconds =
            days * 86_400 + hour * 3600 + minute * 60 + second - i64::from(self.offset.unwrap_or_default());
        Some((i128::from(seconds) * 1_000_000_000 + self.nanosecond, self.offset))
    }
}

/// The digits of `text`, if it has the form of `pattern`, in which a `d` stands for a digit.
fn digits(text: &str, pattern: &str) -> Option<String> {
    let is_alike = |(c, wanted): (char, char)| if wanted == 'd' { c.is_ascii_digit() } else { c == wanted };
    let matches = text.len() == pattern.len() && text.chars().zip(pattern.chars()).all(is_alike);
    matches.then(|| text.chars().filter(char::is_ascii_digit).collect())
}

/// Reads a local date and time as the general parser of `time` does.
pub(crate) fn local_date_time(bytes: &[u8]) {
    const FORM: &[BorrowedFormatItem<'_>] =
        format_description!(version = 2, "[year]-[month]-[day] [hour]:[minute]:[second]");
    let Some((read, sent)) = read::<LocalDateTime>(bytes, |sent| text_of(sent).is_some()) else { return };
    let text = text_of(&sent).unwrap();
    assert_eq!(read.to_string(), text);
    assert_eq!(read.value(), PrimitiveDateTime::parse(&text, FORM).ok(), "{text}");
    assert_eq!(read == LocalDateTime::Zero, text == "0000-00-00 00:00:00");
    assert_eq!(read == LocalDateTime::Dashes, text == "---");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_right() {
        let seconds = |text: &str| Plain::read(text).unwrap().value().map(|(at, _)| at / 1_000_000_000);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:00:00+01:30"), Some(951_820_200));
        assert_eq!(seconds("9999-12-31T23:59:59Z"), Some(253_402_300_799));
        assert_eq!(seconds("1900-02-29T00:00:00Z"), None);
        assert_eq!(seconds("2024-13-01T00:00:00Z"), None);
        assert!(Plain::read("2024-07-01 16:00:00Z").is_none());
        assert!(Plain::read("2024-07-01T16:00:00.Z").is_none());
    }
}
