//! What the inbox reads back, and what its filters match.

use hooklatch_inbox::{glob, headers};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Reads the bytes as stored headers.
pub(crate) fn check_headers(bytes: &[u8]) {
    let decoded = headers::decode(bytes);
    assert_eq!(decoded, line_by_line(bytes));
    assert_eq!(headers::decode(&headers::encode(&decoded, &[])), decoded, "stored and read back");

    let without = headers::decode(&headers::encode(&decoded, &[AUTHORIZATION]));
    let mut expected = decoded;
    expected.remove(AUTHORIZATION);
    assert_eq!(without, expected, "without the secret one");
}

/// What the format's one sentence says.
fn line_by_line(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        // No name has a colon in it, so the first pair of these bytes is the one that counts, if any is.
        let Some(end) = line.windows(2).position(|pair| pair == b": ") else { continue };
        let name = HeaderName::from_bytes(&line[..end]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&line[end + 2..])) {
            headers.append(name, value);
        }
    }
    headers
}

/// Matches the second line against the first.
pub(crate) fn check_glob(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (pattern, text) = text.split_once('\n').unwrap_or((&text, ""));
    let pattern: Vec<char> = pattern.chars().take(64).collect();
    let text: Vec<char> = text.chars().take(256).collect();
    let expected = is_match(&pattern, &text);
    let (pattern, text) = (String::from_iter(pattern), String::from_iter(text));
    assert_eq!(glob(&pattern, &text), expected, "{pattern:?} {text:?}");
    assert_eq!(glob(&pattern.replace('*', "**"), &text), expected, "two stars are one");
    assert!(glob(&format!("*{pattern}*"), &text) || !expected, "a wider pattern matches less");
}

/// Which ends of `text` the pattern's beginning reaches, a character at a time.
fn is_match(pattern: &[char], text: &[char]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &c in pattern {
        reached = if c == '*' {
            let first = reached.iter().position(|is_reached| *is_reached).unwrap_or(reached.len());
            (0..reached.len()).map(|end| end >= first).collect()
        } else {
            (0..reached.len()).map(|end| end > 0 && reached[end - 1] && text[end - 1] == c).collect()
        };
    }
    reached[text.len()]
}
