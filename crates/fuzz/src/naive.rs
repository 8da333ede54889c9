//! A JSON reader that is slow, plain and not serde's: the quick ones are held against it.
//!
//! It keeps what values lose: the digits of numbers, the order of members, members that stand twice, half a character.

use hooklatch_core::json::MAX_DEPTH;

/// A JSON value as it was written, but for white space and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// `null`, `true` or `false`.
    Word(&'static str),
    /// A number, digit for digit.
    Number(String),
    /// A text.
    Text(Text),
    /// The elements of an array.
    Array(Vec<Json>),
    /// The members of an object, as often as they stand in it.
    Object(Vec<(Text, Json)>),
}

/// A text as UTF-16, in which half a surrogate pair has a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(Vec<u16>);

impl Text {
    /// The text, unless it has half a character in it.
    pub(crate) fn whole(&self) -> Option<String> {
        String::from_utf16(&self.0).ok()
    }

    /// The text with a mark for every half character.
    pub(crate) fn lossy(&self) -> String {
        String::from_utf16_lossy(&self.0)
    }
}

/// Why bytes are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They are not JSON.
    Syntax,
    /// They are nested deeper than [`MAX_DEPTH`], and JSON up to there.
    Depth,
}

/// Reads the whole of `bytes`.
///
/// # Errors
///
/// The first [`Fault`] from the left.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, Fault> {
    let mut reader = Reader { rest: std::str::from_utf8(bytes).map_err(|_| Fault::Syntax)? };
    let json = reader.value(0)?;
    reader.skip_space();
    if reader.rest.is_empty() { Ok(json) } else { Err(Fault::Syntax) }
}

impl Json {
    /// The member of that name which stands first, if this is an object that has one.
    pub(crate) fn member(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        members.iter().find_map(|(found, value)| (found.whole().as_deref() == Some(name)).then_some(value))
    }

    /// Every value with its path, as errors and drift have it: `data.transactions[0].status`. The whole comes first.
    pub(crate) fn places(&self) -> Vec<(String, &Json)> {
        let mut places = vec![(String::new(), self)];
        let mut next = 0;
        while let Some((path, value)) = places.get(next).cloned() {
            match value {
                Json::Array(elements) => {
                    places.extend(
                        elements.iter().enumerate().map(|(index, value)| (format!("{path}[{index}]"), value)),
                    );
                }
                Json::Object(members) => {
                    places.extend(
                        members.iter().map(|(name, value)| (member_path(&path, &name.lossy()), value)),
                    );
                }
                _ => {}
            }
            next += 1;
        }
        places
    }
}

/// The path of a member of the object at `path`.
pub(crate) fn member_path(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), Fault> {
        self.skip_space();
        if self.eat(token) { Ok(()) } else { Err(Fault::Syntax) }
    }

    /// Whether what `token` marks is there, with white space in front of it or not.
    fn eat_spaced(&mut self, token: &str) -> bool {
        self.skip_space();
        self.eat(token)
    }

    fn value(&mut self, depth: usize) -> Result<Json, Fault> {
        self.skip_space();
        if let Some(word) = ["null", "true", "false"].into_iter().find(|word| self.eat(word)) {
            return Ok(Json::Word(word));
        }
        match self.rest.chars().next() {
            Some('"') => self.text().map(Json::Text),
            Some('-' | '0'..='9') => self.number().map(Json::Number),
            Some('[' | '{') if depth == MAX_DEPTH => Err(Fault::Depth),
            Some('[') => self.array(depth + 1),
            Some('{') => self.object(depth + 1),
            _ => Err(Fault::Syntax),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Fault> {
        let mut elements = Vec::new();
        self.expect("[")?;
        if self.eat_spaced("]") {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if !self.eat_spaced(",") {
                self.expect("]")?;
                return Ok(Json::Array(elements));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Fault> {
        let mut members = Vec::new();
        self.expect("{")?;
        if self.eat_spaced("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.text()?;
            self.expect(":")?;
            members.push((name, self.value(depth)?));
            if !self.eat_spaced(",") {
                self.expect("}")?;
                return Ok(Json::Object(members));
            }
        }
    }

    fn number(&mut self) -> Result<String, Fault> {
        let begin = self.rest;
        self.eat("-");
        if !self.eat("0") {
            self.digits()?;
        }
        if self.eat(".") {
            self.digits()?;
        }
        if self.eat("e") || self.eat("E") {
            let _ = self.eat("+") || self.eat("-");
            self.digits()?;
        }
        Ok(begin.strip_suffix(self.rest).unwrap_or_default().to_owned())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == self.rest.len() {
            return Err(Fault::Syntax);
        }
        self.rest = rest;
        Ok(())
    }

    fn text(&mut self) -> Result<Text, Fault> {
        let mut units = Vec::new();
        if !self.eat("\"") {
            return Err(Fault::Syntax);
        }
        loop {
            let c = self.next()?;
            match c {
                '"' => return Ok(Text(units)),
                '\\' => units.push(self.escape()?),
                '\0'..='\u{1f}' => return Err(Fault::Syntax),
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn next(&mut self) -> Result<char, Fault> {
        let mut chars = self.rest.chars();
        let next = chars.next().ok_or(Fault::Syntax)?;
        self.rest = chars.as_str();
        Ok(next)
    }

    fn escape(&mut self) -> Result<u16, Fault> {
        Ok(match self.next()? {
            'b' => 0x08,
            't' => 0x09,
            'n' => 0x0a,
            'f' => 0x0c,
            'r' => 0x0d,
            c @ ('"' | '\\' | '/') => u16::try_from(u32::from(c)).map_err(|_| Fault::Syntax)?,
            'u' => {
                let mut unit = 0;
                for _ in 0..4 {
                    let digit = self.next()?.to_digit(16).and_then(|digit| u16::try_from(digit).ok());
                    unit = unit * 16 + digit.ok_or(Fault::Syntax)?;
                }
                unit
            }
            _ => return Err(Fault::Syntax),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_rfc_8259() {
        let good =
            ["null", " true ", "-0", "0.10e+7", r#""\ud800\/é""#, "[]", "[1,[ ]]", r#"{"a":1,"a":{}}"#];
        for text in good {
            assert!(parse(text.as_bytes()).is_ok(), "{text}");
        }
        let bad = [
            "",
            "nul",
            "nullx",
            "01",
            "1.",
            ".5",
            "1e",
            "+1",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "\"\n\"",
            r#""\x""#,
            "[",
            "\u{feff}1",
        ];
        for text in bad {
            assert_eq!(parse(text.as_bytes()), Err(Fault::Syntax), "{text}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(Fault::Syntax));
    }

    #[test]
    fn what_values_lose_is_kept() {
        let json = parse(br#"{"b":1.10,"a":"\ud83d\ude00\ud800","b":[true]}"#).unwrap();
        let paths: Vec<String> = json.places().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["", "b", "a", "b", "b[0]"]);
        assert_eq!(json.member("b"), Some(&Json::Number("1.10".to_owned())));
        let Some(Json::Text(text)) = json.member("a") else { panic!("{json:?}") };
        assert_eq!((text.whole(), text.lossy().as_str()), (None, "😀\u{fffd}"));
    }

    #[test]
    fn depth_is_counted_from_the_outermost() {
        let nested = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(parse(nested(MAX_DEPTH + 1).as_bytes()), Err(Fault::Depth));
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(Fault::Depth));
    }
}
