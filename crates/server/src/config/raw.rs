//! The configuration as it is written: every key that there is, and no other.

use std::collections::BTreeMap;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) server: RawServer,
    pub(super) inbox: RawInbox,
    pub(super) source: Vec<Spanned<RawSource>>,
    pub(super) consumer: Vec<Spanned<RawConsumer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawServer {
    pub(super) listen: Option<Spanned<String>>,
    pub(super) admin: Option<Spanned<String>>,
    pub(super) admin_token: Option<Spanned<String>>,
    pub(super) max_body: Option<Spanned<String>>,
    pub(super) header_timeout: Option<Spanned<String>>,
    pub(super) body_timeout: Option<Spanned<String>>,
    pub(super) max_connections: Option<Spanned<u32>>,
    pub(super) shutdown_grace: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawInbox {
    pub(super) url: Option<Spanned<String>>,
    pub(super) retention: Option<Spanned<String>>,
    pub(super) max_size: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) name: Spanned<String>,
    pub(super) provider: Spanned<String>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) secrets: Option<OneOrMany>,
    pub(super) retired: Option<OneOrMany>,
    pub(super) auth: Option<Spanned<RawAuth>>,
    pub(super) timezone: Option<Spanned<String>>,
}

/// `auth = "none"` or a table of what is asked for.
#[derive(Debug)]
pub(super) enum RawAuth {
    Word(String),
    Rules(RawRules),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRules {
    pub(super) path_token: Option<OneOrMany>,
    pub(super) header: Option<RawHeader>,
    pub(super) basic: Option<RawBasic>,
    pub(super) addresses: Option<OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeader {
    pub(super) name: Spanned<String>,
    pub(super) value: OneOrMany,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBasic {
    pub(super) user: Spanned<String>,
    pub(super) password: OneOrMany,
}

impl OneOrMany {
    /// The texts of a key that may be left out.
    pub(super) fn of(texts: Option<Self>) -> Vec<Spanned<String>> {
        texts.map(|texts| texts.0).unwrap_or_default()
    }
}

/// A text, or several of which any may match; never none.
#[derive(Debug)]
pub(super) struct OneOrMany(pub(super) Vec<Spanned<String>>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsumer {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) filter: RawFilter,
    pub(super) ordering: Option<Spanned<String>>,
    pub(super) start: Option<Spanned<String>>,
    pub(super) retry: Option<Spanned<RawRetry>>,
    pub(super) http: Option<Spanned<RawHttp>>,
    pub(super) file: Option<Spanned<RawFile>>,
    pub(super) stdout: Option<Spanned<RawStdout>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawFilter {
    pub(super) topic: Option<OneOrMany>,
    pub(super) source: Option<OneOrMany>,
    pub(super) r#type: Option<OneOrMany>,
    pub(super) attributes: BTreeMap<String, OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetry {
    pub(super) attempts: Option<Spanned<u32>>,
    pub(super) first: Option<Spanned<String>>,
    pub(super) max: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) url: Spanned<String>,
    pub(super) secret: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) concurrency: Option<Spanned<u32>>,
    pub(super) mode: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) give_up_on: Vec<Spanned<u16>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) path: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStdout {}

impl<'de> Deserialize<'de> for RawAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AuthVisitor;

        impl<'de> Visitor<'de> for AuthVisitor {
            type Value = RawAuth;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"none\" or a table such as { path_token = \"env:NAME\" }")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<RawAuth, E> {
                Ok(RawAuth::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawAuth, A::Error> {
                RawRules::deserialize(MapAccessDeserializer::new(map)).map(RawAuth::Rules)
            }
        }

        deserializer.deserialize_any(AuthVisitor)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Spanned::<Texts>::deserialize(deserializer)?;
        let span = texts.span();
        match texts.into_inner() {
            Texts::One(text) => Ok(Self(vec![Spanned::new(span, text)])),
            Texts::Many(texts) if texts.is_empty() => Err(de::Error::custom(
                "an empty list asks for nothing; leave the key out, or name at least one",
            )),
            Texts::Many(texts) => Ok(Self(texts)),
        }
    }
}

/// A text or a list, before it is known where the text stands.
enum Texts {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text such as \"env:NAME\", or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Many(texts))
            }
        }

        deserializer.deserialize_any(TextsVisitor)
    }
}
