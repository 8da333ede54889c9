//! Times: seconds since 1970, RFC 3339 with or without an offset, and local text with its spellings of "no date".

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::EventTime;

/// Whole seconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct EpochSeconds(pub i64);

impl EpochSeconds {
    /// The point in time, unless it lies beyond the year 9999.
    pub fn value(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp(self.0).ok()
    }
}

/// A date and time written as `2024-07-01T16:00:00-03:00`, with or without offset, with up to nine fraction digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    text: Box<str>,
    value: Option<EventTime>,
}

/// `2025-04-16T11:30:04.157929932`: RFC 3339 with its offset left out.
const LOCAL: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond digits:1+]]]"
);

impl DateTime {
    /// The text as sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it says, unless the text has another form.
    pub fn value(&self) -> Option<EventTime> {
        self.value
    }
}

impl From<&str> for DateTime {
    fn from(text: &str) -> Self {
        let zoned = OffsetDateTime::parse(text, &Rfc3339).ok().map(EventTime::Zoned);
        let value = zoned.or_else(|| local(text).map(EventTime::Local));
        Self { text: text.into(), value }
    }
}

/// Reads [`LOCAL`], and not the sign that the parser would take in front of the year.
fn local(text: &str) -> Option<PrimitiveDateTime> {
    let is_unsigned = text.starts_with(|first: char| first.is_ascii_digit());
    PrimitiveDateTime::parse(text, LOCAL).ok().filter(|_| is_unsigned)
}

/// A date and time of an unknown zone written as `2021-04-15 11:13:33`, or one of the ways to say "none".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalDateTime {
    /// What the provider's clock showed.
    At(PrimitiveDateTime),
    /// `"0000-00-00 00:00:00"`: no date.
    Zero,
    /// `"---"`: no date.
    Dashes,
    /// Another text, as it came.
    Other(Box<str>),
}

const SPACED: &[BorrowedFormatItem<'_>] =
    format_description!(version = 2, "[year]-[month]-[day] [hour]:[minute]:[second]");
const ZERO: &str = "0000-00-00 00:00:00";
const DASHES: &str = "---";

impl LocalDateTime {
    /// The date and time, if there is one.
    pub fn value(&self) -> Option<PrimitiveDateTime> {
        match self {
            LocalDateTime::At(value) => Some(*value),
            LocalDateTime::Zero | LocalDateTime::Dashes | LocalDateTime::Other(_) => None,
        }
    }
}

impl From<&str> for LocalDateTime {
    fn from(text: &str) -> Self {
        match text {
            ZERO => LocalDateTime::Zero,
            DASHES => LocalDateTime::Dashes,
            text => match spaced(text.as_bytes()) {
                Some(value) => LocalDateTime::At(value),
                None => LocalDateTime::Other(text.into()),
            },
        }
    }
}

/// Reads `2021-04-15 11:13:33`, as [`SPACED`] has it: an order has dozens, and a general parser takes ten times as long.
fn spaced(text: &[u8]) -> Option<PrimitiveDateTime> {
    let &[y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b' ', h1, h2, b':', mi1, mi2, b':', s1, s2] = text
    else {
        return None;
    };
    let month = Month::try_from(two_digits(mo1, mo2)?).ok()?;
    let year = i32::from(two_digits(y1, y2)?) * 100 + i32::from(two_digits(y3, y4)?);
    let date = Date::from_calendar_date(year, month, two_digits(d1, d2)?).ok()?;
    let time = Time::from_hms(two_digits(h1, h2)?, two_digits(mi1, mi2)?, two_digits(s1, s2)?).ok()?;
    Some(PrimitiveDateTime::new(date, time))
}

fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
    Some(digit(tens)? * 10 + digit(ones)?)
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LocalDateTime::At(value) => {
                value.format_into(&mut Text(f), SPACED).map(drop).map_err(|_| fmt::Error)
            }
            LocalDateTime::Zero => f.write_str(ZERO),
            LocalDateTime::Dashes => f.write_str(DASHES),
            LocalDateTime::Other(text) => f.write_str(text),
        }
    }
}

/// Lets `time` write into a formatter.
struct Text<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl std::io::Write for Text<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(std::io::Error::other)?;
        self.0.write_str(text).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct TextVisitor<T>(std::marker::PhantomData<T>);

impl<T: for<'a> From<&'a str>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date and time as text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(std::marker::PhantomData))
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for LocalDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(std::marker::PhantomData))
    }
}

impl Serialize for LocalDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[track_caller]
    fn check<T: Serialize + for<'a> Deserialize<'a>>(text: &str) -> T {
        let json = serde_json::to_string(text).unwrap();
        let read: T = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        read
    }

    #[test]
    fn rfc_3339_with_and_without_offset() {
        let cases = [
            ("2024-07-01T16:00:00-03:00", Some(EventTime::Zoned(datetime!(2024-07-01 16:00:00 -3)))),
            ("2024-07-01T19:00:00Z", Some(EventTime::Zoned(datetime!(2024-07-01 19:00:00 UTC)))),
            (
                "2025-04-16T11:30:04.157929932",
                Some(EventTime::Local(datetime!(2025-04-16 11:30:04.157929932))),
            ),
            ("2025-04-16T11:30:04", Some(EventTime::Local(datetime!(2025-04-16 11:30:04)))),
            ("2025-04-16", None),
            ("-2025-04-16T11:30:04", None),
            ("+2025-04-16T11:30:04", None),
            ("", None),
        ];
        for (text, value) in cases {
            assert_eq!(check::<DateTime>(text).value(), value, "{text}");
        }
    }

    #[test]
    fn three_spellings_of_no_date_stay_three() {
        assert_eq!(check::<LocalDateTime>("0000-00-00 00:00:00"), LocalDateTime::Zero);
        assert_eq!(check::<LocalDateTime>("---"), LocalDateTime::Dashes);
        assert_eq!(serde_json::from_str::<Option<LocalDateTime>>("null").unwrap(), None);
    }

    #[test]
    fn local_times_that_no_calendar_has_are_kept() {
        for text in ["2021-02-30 00:00:00", "2021-04-15", "", "2021-04-15T11:13:33", "+12021-04-15 11:13:33"]
        {
            assert_eq!(check::<LocalDateTime>(text).value(), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_local_second_comes_back(seconds in 0_i64..253_402_300_799) {
            let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            let text = PrimitiveDateTime::new(at.date(), at.time()).format(SPACED).unwrap();
            let read = check::<LocalDateTime>(&text);
            prop_assert_eq!(read.value(), Some(PrimitiveDateTime::new(at.date(), at.time())));
        }

        /// The general parser is the judge, on texts that are almost or exactly of the form.
        #[test]
        fn local_texts_are_read_as_the_general_parser_reads_them(
            text in "[012][0-9]{3}[-:][01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9]?"
        ) {
            let general = PrimitiveDateTime::parse(&text, SPACED).ok();
            prop_assert_eq!(LocalDateTime::from(text.as_str()).value(), general);
        }

        #[test]
        fn any_text_comes_back(text: String) {
            check::<LocalDateTime>(&text);
            check::<DateTime>(&text);
        }
    }
}
