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
    match Plain::read(text) {
        Some(plain) if plain.is_long && found.is_none() => {}
        Some(plain) => assert_eq!(found, plain.value(), "{text}"),
        None => assert!(found.is_none() || text.contains(":60"), "{text} is read as {found:?}"),
    }
}

/// A date and time by its digits, whether there is such a day or not.
struct Plain {
    /// Year, month, day, hour, minute, second.
    fields: [i64; 6],
    /// Whether there is a `T` in the middle; RFC 3339 lets applications put another character there.
    has_t: bool,
    /// Whether there are digits beyond nanoseconds: they are cut off, or too many to be read.
    is_long: bool,
    nanosecond: i128,
    /// Seconds east of Greenwich.
    offset: Option<i32>,
}

impl Plain {
    /// Reads `2024-07-01T16:00:00`, a fraction or none, `Z`, an offset or nothing; no leap second.
    fn read(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (separator, rest) = rest.split_at_checked(1)?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let fields = [digits(date, "dddd-dd-dd")?, digits(clock, "dd:dd:dd")?].concat();
        let fields =
            [&fields[..4], &fields[4..6], &fields[6..8], &fields[8..10], &fields[10..12], &fields[12..]];
        let fields = fields.map(|field| field.parse().unwrap_or_default());
        let (fraction, offset) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
            None => ("0", rest),
        };
        if fraction.is_empty() || fields[5] == 60 {
            return None;
        }
        let nanosecond = format!("{fraction:0<9}")[..9].parse().ok()?;
        let (has_t, is_long) = (separator == "T", fraction.len() > 9);
        Some(Self { fields, has_t, is_long, nanosecond, offset: offset_of(offset)? })
    }

    /// Nanoseconds since 1970, by the calendar of 400 years; nothing for a day that no calendar has.
    fn value(&self) -> Option<(i128, Option<i32>)> {
        let [year, month, day, hour, minute, second] = self.fields;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, 28 + i64::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let month = usize::try_from(month).ok()?.checked_sub(1)?;
        let is_day = (1..=*lengths.get(month)?).contains(&day);
        if !is_day || hour > 23 || minute > 59 || second > 59 || (self.offset.is_none() && !self.has_t) {
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

/// The seconds of an offset, and of none; nothing for another text.
#[expect(clippy::option_option, reason = "no text that is an offset, and one that is none")]
fn offset_of(text: &str) -> Option<Option<i32>> {
    if text.is_empty() {
        return Some(None);
    }
    if text.eq_ignore_ascii_case("z") {
        return Some(Some(0));
    }
    let digits = digits(text.strip_prefix(['-', '+'])?, "dd:dd")?;
    let (hours, minutes) = (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    (hours <= 23 && minutes <= 59).then_some(Some(if text.starts_with('-') { -seconds } else { seconds }))
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
    // The general parser takes a sign in front of the year, which no calendar of these senders has.
    let general = PrimitiveDateTime::parse(&text, FORM).ok();
    let general = general.filter(|_| text.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(read.value(), general, "{text}");
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
        assert_eq!(seconds("1970-01-01 00:00:01z"), Some(1));
        assert_eq!(seconds("1970-01-01 00:00:01"), None);
        assert_eq!(seconds("1970-01-01T00:00:01"), Some(1));
        assert!(Plain::read("2024-07-01T16:00:00.Z").is_none());
    }
}
