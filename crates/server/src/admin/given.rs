//! What callers give: the parameters of a query, the members of a body.

use http::{StatusCode, Uri};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{Problem, narrow};

/// How many lines a page has where the caller does not say.
pub(super) const PAGE: usize = 50;

/// How many lines a page is to have.
pub(super) fn limit(text: &str) -> Result<usize, Problem> {
    narrow::page(text).map_err(|detail| Problem::with("limit", detail))
}

/// The parameters of a query, none given twice.
pub(super) fn parameters(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).ok_or_else(|| Problem::with(name, "not UTF-8"))?;
        let value = decoded(value).ok_or_else(|| Problem::with(&name, "not UTF-8"))?;
        if parameters.iter().any(|(given, _)| *given == name) {
            return Err(Problem::with(&name, "given twice"));
        }
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// A part of a query as forms write it.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The members of the JSON object in a body; an empty body has none.
pub(super) fn members(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Problem::of(StatusCode::BAD_REQUEST).because("the body is not a JSON object")),
        Err(error) => {
            Err(Problem::of(StatusCode::BAD_REQUEST).because(format!("the body is not JSON: {error}")))
        }
    }
}

/// Refuses a body that says anything.
pub(super) fn nothing(body: &[u8]) -> Result<(), Problem> {
    match members(body)?.keys().next() {
        Some(name) => Err(Problem::with(name, "this call has no such member")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_forms_write_it() {
        let read = |query: &str| parameters(&format!("/x?{query}").parse().unwrap());
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(
            read("a=1&b=x+y&c=%2B%C3%A9&d"),
            Ok(pairs(&[("a", "1"), ("b", "x y"), ("c", "+é"), ("d", "")]))
        );
        assert_eq!(read("&a=1&"), Ok(pairs(&[("a", "1")])));
        for wrong in ["a=1&a=2", "a=%FF", "%FF=1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_body_is_an_object_or_nothing() {
        assert_eq!(members(b" "), Ok(Map::new()));
        assert_eq!(members(b"{}"), Ok(Map::new()));
        for wrong in [&b"[]"[..], b"{", b"\"x\"", b"{} {}"] {
            assert!(members(wrong).is_err());
        }
        assert!(nothing(b"{\"reason\": \"x\"}").is_err());
    }
}
