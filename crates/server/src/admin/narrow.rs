//! How callers say which events they mean: the same names in a query, in a document and on the command line.

use std::time::Duration;

use hooklatch_inbox::Query;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::document;

/// The names by which a search is narrowed.
pub(super) const NAMES: &str = "source, type, topic, subject, state, since, until, q";

/// The most lines of a page.
const LONGEST_PAGE: usize = 1000;

/// Narrows `query` by what `name` says; `false` when there is no such name.
///
/// # Errors
///
/// What would be right, when the value makes no sense.
pub(crate) fn narrow(
    query: &mut Query,
    name: &str,
    value: &str,
    now: OffsetDateTime,
) -> Result<bool, String> {
    let text = || given(value).map(Some);
    match name {
        "source" => query.source = text()?,
        "type" => query.kind = text()?,
        "topic" => query.topic = text()?,
        "subject" => query.subject = text()?,
        "state" => query.state = Some(value.parse()?),
        "since" => query.since = Some(moment(value, now)?),
        "until" => query.until = Some(moment(value, now)?),
        "q" => query.text = text()?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A text that something must equal or hold.
///
/// # Errors
///
/// When it is empty: that would mean everything, which is hardly what an empty variable in a script wants.
pub(crate) fn given(text: &str) -> Result<String, String> {
    match text {
        "" => Err("is empty; leave it out to ask for any".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// How many lines are to be listed. A command may list all at once.
///
/// # Errors
///
/// What would be right.
pub(crate) fn lines(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|lines| *lines > 0).ok_or_else(|| "a number from 1 on".to_owned())
}

/// The same for a page of the API, which is in memory at once.
///
/// # Errors
///
/// What would be right.
pub(crate) fn page(text: &str) -> Result<usize, String> {
    let lines = lines(text).ok().filter(|lines| *lines <= LONGEST_PAGE);
    lines.ok_or_else(|| format!("a number from 1 to {LONGEST_PAGE}"))
}

/// The members that narrow a search as `query` does.
pub(crate) fn members(query: &Query) -> Map<String, Value> {
    let given = [
        ("source", query.source.clone()),
        ("type", query.kind.clone()),
        ("topic", query.topic.clone()),
        ("subject", query.subject.clone()),
        ("state", query.state.map(|state| state.as_str().to_owned())),
        ("since", query.since.map(document::time)),
        ("until", query.until.map(document::time)),
        ("q", query.text.clone()),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

/// A point in time, or how long ago it was.
///
/// # Errors
///
/// What would be right.
pub(crate) fn moment(text: &str, now: OffsetDateTime) -> Result<OffsetDateTime, String> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(time);
    }
    let ago: Duration = humantime::parse_duration(text)
        .map_err(|_| "write 2026-01-02T03:04:05Z, or 2h for two hours ago".to_owned())?;
    let ago = time::Duration::try_from(ago).map_err(|_| "too long ago".to_owned())?;
    now.checked_sub(ago).ok_or_else(|| "too long ago".to_owned())
}

#[cfg(test)]
mod tests {
    use hooklatch_inbox::EventState;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05.000000006 UTC);

    #[test]
    fn what_is_written_is_read_back() {
        let query = Query {
            source: Some("shop".to_owned()),
            kind: Some("orders.*".to_owned()),
            topic: Some("payment.*".to_owned()),
            subject: Some("order/1".to_owned()),
            state: Some(EventState::Dead),
            since: Some(NOW),
            until: Some(NOW + Duration::from_secs(1)),
            text: Some("a&b=c".to_owned()),
            ..Query::default()
        };
        let members = members(&query);
        let names: Vec<&str> = NAMES.split(", ").collect();
        assert_eq!(members.len(), names.len());
        let mut read = Query::default();
        for (name, value) in &members {
            assert!(names.contains(&name.as_str()), "{name}");
            assert_eq!(narrow(&mut read, name, value.as_str().unwrap(), NOW), Ok(true));
        }
        assert_eq!(read, query);
        assert_eq!(super::members(&Query::default()), Map::new());
    }

    #[test]
    fn nonsense_is_refused() {
        let mut query = Query::default();
        for (name, value) in [
            ("source", ""),
            ("q", ""),
            ("state", "lost"),
            ("state", ""),
            ("since", "yesterday"),
            ("until", ""),
            ("since", "99999y"),
        ] {
            assert!(narrow(&mut query, name, value, NOW).is_err(), "{name}={value}");
        }
        assert_eq!(narrow(&mut query, "sauce", "x", NOW), Ok(false));
        assert_eq!(query, Query::default());
    }

    #[test]
    fn how_long_ago_is_a_point_in_time() {
        assert_eq!(moment("2h", NOW), Ok(NOW - Duration::from_hours(2)));
        assert_eq!(moment("2026-01-01T00:00:00+02:00", NOW), Ok(datetime!(2026-01-01 00:00 +2)));
    }
}
