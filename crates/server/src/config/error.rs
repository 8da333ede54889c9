//! Where a configuration is wrong, and what would be right.

use std::fmt;
use std::ops::Range;
use std::path::Path;

/// A configuration that cannot be used: file, line and column, what is wrong there, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// An error that is not in the text of a file.
    pub(crate) fn without_place(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The text of a configuration and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
}

impl Document<'_> {
    /// An error at a place in the text.
    pub(super) fn error(&self, span: Range<usize>, message: impl fmt::Display) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ConfigError(format!("{}:{line}:{column}: {message}", self.file.display()))
    }

    /// An error that the TOML reader found, without the value that it may quote: that can be a secret.
    pub(super) fn syntax_error(&self, error: &toml::de::Error) -> ConfigError {
        let message = without_value(&error.message().trim().replace('\n', "; "));
        match error.span() {
            Some(span) => {
                let hint = self.text.get(span.start..).and_then(hint).unwrap_or_default();
                self.error(span, message + hint)
            }
            None => ConfigError(format!("{}: {message}", self.file.display())),
        }
    }
}

/// What would be right, where a slip is a usual one; `found` is the text from the mistake on.
fn hint(found: &str) -> Option<&'static str> {
    let is_year = |year: &str| year.bytes().all(|digit| digit.is_ascii_digit());
    let is_date = |text: &str| text.strip_suffix('-').is_some_and(is_year);
    match found {
        _ if found.starts_with("[source]") => Some("; write `[[source]]`, once for each of them"),
        _ if found.starts_with("[consumer]") => Some("; write `[[consumer]]`, once for each of them"),
        _ if found.get(..5).is_some_and(is_date) => Some("; put the time in quotes"),
        _ => None,
    }
}

/// ``invalid type: string "hush", expected a list`` without what stands in quotation marks or backquotes.
fn without_value(message: &str) -> String {
    let Some((kind, rest)) = message.split_once(": ").filter(|(kind, _)| kind.starts_with("invalid ")) else {
        return message.to_owned();
    };
    let found = rest.split(['"', '`']).next().unwrap_or_default();
    let found = found.split(", expected ").next().unwrap_or_default().trim_end();
    match rest.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{kind}: {found}, expected {expected}").replace(" ,", ","),
        None => format!("{kind}: {found}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_never_shows_a_value() {
        let cases = [
            (
                "invalid type: string \"hush, expected\", expected a list",
                "invalid type: string, expected a list",
            ),
            ("invalid type: integer `123`, expected a string", "invalid type: integer, expected a string"),
            ("invalid value: string \"hush\"", "invalid value: string"),
            ("invalid type: map, expected a sequence", "invalid type: map, expected a sequence"),
            ("unknown field `lisen`, expected `listen`", "unknown field `lisen`, expected `listen`"),
            ("missing field `name`", "missing field `name`"),
        ];
        for (message, shown) in cases {
            assert_eq!(without_value(message), shown);
        }
    }
}
