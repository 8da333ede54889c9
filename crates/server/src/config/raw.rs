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
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) name: Spanned<String>,
    pub(super) provider: Spanned<String>,
    pub(super) path: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) secrets: Vec<Spanned<String>>,
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
    #[serde(default)]
    pub(super) addresses: Vec<Spanned<String>>,
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

/// A secret, or several of which any may match.
#[derive(Debug)]
pub(super) struct OneOrMany(pub(super) Vec<Spanned<String>>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsumer {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) filter: RawFilter,
    pub(super) ordering: Option<Spanned<String>>,
    pub(super) retry: Option<Spanned<RawRetry>>,
    pub(super) http: Option<Spanned<RawHttp>>,
    pub(super) file: Option<Spanned<RawFile>>,
    pub(super) stdout: Option<Spanned<RawStdout>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawFilter {
    pub(super) topic: Vec<Spanned<String>>,
    pub(super) source: Vec<Spanned<String>>,
    pub(super) r#type: Vec<Spanned<String>>,
    pub(super) attributes: BTreeMap<String, Vec<String>>,
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
        struct ListVisitor;

        impl<'de> Visitor<'de> for ListVisitor {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a secret such as \"env:NAME\", or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
                Ok(vec![text.to_owned()])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }

        struct Texts(Vec<String>);

        impl<'de> Deserialize<'de> for Texts {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(ListVisitor).map(Texts)
            }
        }

        // The whole value has one place; that is near enough for a message.
        let texts = Spanned::<Texts>::deserialize(deserializer)?;
        let span = texts.span();
        Ok(Self(texts.into_inner().0.into_iter().map(|text| Spanned::new(span.clone(), text)).collect()))
    }
}
