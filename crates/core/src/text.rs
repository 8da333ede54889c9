//! Text of strangers, made fit to be shown.

use std::borrow::Cow;

/// The text with every character escaped that could break a line, steer a terminal, or turn the direction of reading.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().fold(String::with_capacity(text.len() + 8), |mut escaped, c| {
        if is_unprintable(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
        escaped
    });
    Cow::Owned(escaped)
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_the_rest_stays() {
        assert_eq!(printable("evil\u{1b}[2J\n\u{9b}\u{202e}"), "evil\\u{1b}[2J\\u{a}\\u{9b}\\u{202e}");
        assert!(matches!(printable("São Paulo, 東京 ☃"), Cow::Borrowed(_)));
    }
}
