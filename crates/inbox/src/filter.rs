//! Which events a consumer wants.

/// Which events a consumer wants. Lists are joined by *and*, the values of a list by *or*; an empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Topics, as [`glob`]s.
    pub topic: Vec<String>,
    /// Source names, as [`glob`]s.
    pub source: Vec<String>,
    /// `<provider>.<kind>`, as [`glob`]s.
    pub kind: Vec<String>,
    /// Attributes, each with the values that it may have, as [`glob`]s.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The name of the source.
    pub source: &'a str,
    /// `<provider>.<kind>`.
    pub kind: &'a str,
    /// The topic's text.
    pub topic: &'a str,
    /// The filterable attributes.
    pub attributes: &'a [(String, String)],
}

impl Filter {
    /// Whether an event with these facts is wanted.
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let any = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| glob(pattern, text))
        };
        any(&self.topic, facts.topic)
            && any(&self.source, facts.source)
            && any(&self.kind, facts.kind)
            && self.attributes.iter().all(|(name, patterns)| {
                let value = facts.attributes.iter().find(|(key, _)| key == name);
                value.is_some_and(|(_, value)| any(patterns, value))
            })
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any run of characters, also for none.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    // `split` gives at least one part.
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("payment.*", "payment.failed"),
            ("*.failed", "payment.failed"),
            ("p*t.f*d", "payment.failed"),
            ("a*b*", "ab"),
            ("a**b", "ab"),
            ("a*a", "aa"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "x"),
            ("payment.*", "payments.failed"),
            ("payment", "payment.failed"),
            ("a*a", "a"),
            ("*ab", "a"),
            ("a*b*c", "acb"),
            ("Payment.*", "payment.failed"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn keys_are_joined_by_and_values_by_or() {
        let attributes = [("campaign".to_owned(), "2".to_owned())];
        let facts = Facts {
            source: "shop",
            kind: "orders.order_updated",
            topic: "order.updated",
            attributes: &attributes,
        };
        let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        assert!(Filter::default().matches(&facts));
        let both = Filter {
            topic: texts(&["payment.*", "order.*"]),
            source: texts(&["shop"]),
            kind: Vec::new(),
            attributes: vec![("campaign".to_owned(), texts(&["1", "2"]))],
        };
        assert!(both.matches(&facts));
        assert!(!Filter { source: texts(&["other"]), ..both.clone() }.matches(&facts));
        assert!(
            !Filter { attributes: vec![("campaign".to_owned(), texts(&["3"]))], ..both.clone() }
                .matches(&facts)
        );
        assert!(!Filter { attributes: vec![("merchant".to_owned(), Vec::new())], ..both }.matches(&facts));
    }
}
