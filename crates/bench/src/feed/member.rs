//! Members of a body: which ones change from one event to the next, and where they stand.

use std::ops::Range;

use crate::Result;

/// How many digits a number of an event or an object has.
pub(super) const DIGITS: usize = 12;

/// What is written into a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// The number of the event, in place of everything behind the first so many characters.
    Event(usize),
    /// The number of the object, in place of everything behind the first so many characters.
    Object(usize),
    /// An amount of money of nine digits.
    Amount,
    /// Seconds since 1970.
    Epoch,
    /// The first 19 characters of a time three hours behind UTC, with a `T`.
    Brazil,
    /// The first 19 characters of a time in UTC, with a space.
    Utc,
}

/// A member by its name, and the names of what it stands in.
type Member = (&'static [&'static str], Put);

/// What changes in the bodies of a provider: what makes two of them two notifications, the object, the clock.
pub(super) fn changing(provider: &str) -> &'static [Member] {
    match provider {
        "pico" => &[(&["id"], Put::Object(24)), (&["name"], Put::Event(12)), (&["timestamp"], Put::Epoch)],
        "picpay" => &[
            (&["eventDate"], Put::Brazil),
            (&["id"], Put::Event(24)),
            (&["data", "amount"], Put::Amount),
            (&["data", "merchantChargeId"], Put::Object(24)),
        ],
        "piriod" => &[(&["object_id"], Put::Event(10))],
        "orders" => &[
            (&["webhook_event_id"], Put::Event(0)),
            (&["webhook_event_date"], Put::Utc),
            (&["webhook_data", "id"], Put::Object(0)),
        ],
        _ => &[],
    }
}

/// Where the value of a member stands, without its quotes; the first of this name behind those that it stands in.
pub(super) fn find(body: &str, names: &[&str]) -> Option<Range<usize>> {
    let mut at = 0;
    for name in names {
        let quoted = format!("\"{name}\"");
        loop {
            at += body.get(at..)?.find(&quoted)? + quoted.len();
            let rest = body.get(at..)?;
            // A value may read like a name; only a name is followed by a colon.
            if let Some(value) = rest.trim_start().strip_prefix(':') {
                at += rest.len() - value.trim_start().len();
                break;
            }
        }
    }
    let value = body.get(at..)?;
    if let Some(text) = value.strip_prefix('"') {
        return Some(at + 1..at + 1 + text.find('"')?);
    }
    let length = value.find(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter))?;
    Some(at..at + length)
}

/// The body with a text in it made longer, so that all of it is `length` bytes long.
pub(super) fn lengthened(body: &[u8], name: &str, length: usize) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(body)?;
    let place = find(text, &[name]).ok_or_else(|| format!("no `{name}` in the sample"))?;
    let mut long = body.to_vec();
    let more = length.saturating_sub(body.len());
    long.splice(place.end..place.end, std::iter::repeat_n(b'A', more));
    Ok(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"type": "id", "id" : 12, "data": {"x": [], "id": "a-b"}, "n":-1.5e3}"#;

    #[test]
    fn members_are_found_by_name_and_place() {
        let text = |names: &[&str]| find(BODY, names).map(|place| &BODY[place]);
        assert_eq!(text(&["id"]), Some("12"));
        assert_eq!(text(&["data", "id"]), Some("a-b"));
        assert_eq!(text(&["n"]), Some("-1.5e3"));
        assert_eq!(text(&["nothing"]), None);
    }

    #[test]
    fn a_body_is_made_as_long_as_asked() {
        let long = lengthened(br#"{"a": "b", "c": 1}"#, "a", 30).unwrap();
        assert_eq!(long, br#"{"a": "bAAAAAAAAAAAA", "c": 1}"#);
        assert!(lengthened(b"{}", "a", 30).is_err());
    }
}
