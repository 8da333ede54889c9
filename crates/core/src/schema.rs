//! JSON Schemas of what the providers send, for consumers in any language (feature `schema`).
//!
//! They are of JSON Schema 2020-12 and say what the types read, which is more than what the pages document:
//! members beyond the known ones are allowed, and so are names that no page mentions, for a provider may add
//! either on any day. Whatever [`Handler::decode`](crate::Handler::decode) reads as a documented kind is valid.

use std::borrow::Cow;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform};
pub use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::Provider;
use crate::wire::{DateTime, Decimal, EpochSeconds, Field, Flag, Id, Integer, Json, LocalDateTime};

#[doc(hidden)]
pub use schemars;

/// A provider whose bodies have schemas.
pub trait Described: Provider {
    /// The bodies of all documented kinds.
    fn bodies() -> Vec<Body>;

    /// The attributes that its events may have, each with what it holds.
    const ATTRIBUTES: &'static [(&'static str, &'static str)];
}

/// The body of one documented kind.
#[derive(Clone, Debug)]
pub struct Body {
    /// The provider's own name for what happened.
    pub kind: String,
    /// The schema of the body.
    pub schema: Schema,
}

impl Body {
    /// The body of `kind`, which is read as a `T` and means what `meaning` says.
    pub fn of<T: JsonSchema>(provider: &str, kind: &str, meaning: impl Into<String>) -> Self {
        let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        RecursiveTransform(plain_description).transform(&mut schema);
        schema.insert("title".to_owned(), format!("{provider}.{kind}").into());
        schema.insert("description".to_owned(), meaning.into().into());
        Self { kind: kind.to_owned(), schema }
    }

    /// The same, whose member `name` has no other value than `word`, because it is what tells the kinds apart.
    #[must_use]
    pub fn with_const(mut self, name: &str, word: &str) -> Self {
        if let Some(member) = self.schema.pointer_mut(&format!("/properties/{name}")) {
            let description = member.get("description").cloned();
            *member = json!({ "type": "string", "const": word });
            if let (Some(description), Some(member)) = (description, member.as_object_mut()) {
                member.insert("description".to_owned(), description);
            }
        }
        forget_unused_definitions(&mut self.schema);
        self
    }
}

/// A name of an open enumeration that is documented, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name as the provider writes it.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// An open enumeration. Only [`names!`](crate::wire::names) implements it.
pub trait Words: JsonSchema {
    /// The schema that would allow the documented names and no other, with the enumeration's own description.
    #[doc(hidden)]
    fn closed() -> Schema;

    /// The documented names, in the order of the documentation.
    fn words() -> Vec<Word> {
        let closed = Self::closed();
        let names = closed.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        let text = |name: &Value, key: &str| Some(name.get(key)?.as_str()?.to_owned());
        names
            .filter_map(|name| {
                let meaning = text(name, "description").unwrap_or_default();
                Some(Word { name: text(name, "const")?, meaning: plain(&meaning).replace('\n', " ") })
            })
            .collect()
    }

    /// What a documented name means.
    fn meaning(name: &str) -> String {
        Self::words().into_iter().find(|word| word.name == name).map(|word| word.meaning).unwrap_or_default()
    }
}

/// A text with the documented names as examples, for no list of a provider's is ever complete.
#[doc(hidden)]
pub fn open<T: Words + ?Sized>() -> Schema {
    let words = T::words();
    let closed = T::closed();
    let about = closed.get("description").and_then(Value::as_str).unwrap_or_default();
    let lines = words.iter().map(|word| format!("\n- `{}`: {}", word.name, word.meaning));
    let list = lines.collect::<Vec<_>>().concat();
    let examples: Vec<Value> = words.into_iter().map(|word| word.name.into()).collect();
    object(json!({
        "type": "string",
        "description": format!("{}\n\nOther names may come. These are known:\n{list}", plain(about)),
        "examples": examples,
    }))
}

/// The schema of the documented names alone, made by a derive on an enumeration that only has their docs.
#[doc(hidden)]
pub fn closed<T: JsonSchema>() -> Schema {
    T::json_schema(&mut SchemaSettings::draft2020_12().into_generator())
}

fn object(value: Value) -> Schema {
    // `json!` was given braces.
    Schema::try_from(value).unwrap_or_default()
}

/// Descriptions are for readers of JSON: links within Rust are no use to them, and examples in Rust neither.
fn plain_description(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = plain(description);
    }
}

/// The text up to its first example, with [`links`](of Rust) replaced by what stands in their brackets.
fn plain(markdown: &str) -> String {
    let text = markdown.split("```").next().unwrap_or_default().trim_end();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        match link.split_once(']') {
            Some((label, after)) if label.starts_with('`') => {
                plain.push_str(label);
                let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
                rest = target.map_or(after, |(_, after)| after);
            }
            _ => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain + rest
}

/// Takes out the definitions that nothing refers to any more.
fn forget_unused_definitions(schema: &mut Schema) {
    loop {
        let text = schema.as_value().to_string();
        let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) else { return };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("\"#/$defs/{name}\"")));
        if definitions.is_empty() {
            schema.remove("$defs");
            return;
        }
        if definitions.len() == before {
            return;
        }
    }
}

/// The definitions of a schema and the schema without them, so that it can stand within another.
pub fn split_definitions(mut schema: Schema) -> (Schema, Map<String, Value>) {
    schema.remove("$schema");
    let definitions = match schema.remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    (schema, definitions)
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Option::<T>::schema_id()
    }

    /// That it may be absent is for the object around it to say.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

macro_rules! wire_formats {
    ($($name:ident = $schema:tt)+) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                object(json!($schema))
            }
        }
    )+};
}

wire_formats! {
    Id = {
        "description": "The id of an object, as text or as a number: which of them can change from one body to the next.",
        "type": ["string", "number"],
        "examples": ["223827", 223_827],
    }
    Decimal = {
        "description": "A decimal number, above all money, as text or as a number. Read it as a decimal, never as a float.",
        "type": ["string", "number"],
        "examples": ["30.00", 30],
    }
    Integer = {
        "description": "A whole number, as text or as a number. A text may be empty or say something else.",
        "type": ["string", "number"],
        "examples": ["12", 12],
    }
    Flag = {
        "description": "Yes or no: `\"Yes\"` and `\"No\"`, `\"1\"` and `\"0\"`, 1 and 0, true and false. \
            Another text says neither.",
        "anyOf": [{ "type": ["string", "boolean"] }, { "enum": [0, 1] }],
        "examples": ["Yes", "No", "1", "0", 1, 0, true, false],
    }
    DateTime = {
        "description": "A date and time as in RFC 3339, whose offset may be left out: then its zone is unknown. \
            A text of another form is possible and says no time.",
        "type": "string",
        "examples": ["2024-07-01T16:00:00-03:00", "2025-04-16T11:30:04.157929932"],
    }
    LocalDateTime = {
        "description": "A date and time of an unknown zone. `0000-00-00 00:00:00`, `---` and texts of other forms are no date.",
        "type": "string",
        "examples": ["2021-04-15 11:13:33", "0000-00-00 00:00:00", "---"],
    }
    EpochSeconds = {
        "description": "Whole seconds since 1970-01-01 00:00:00 UTC.",
        "type": "integer",
        "examples": [1_596_224_512],
    }
}

/// Gives an item of `object!` its schema.
#[doc(hidden)]
#[macro_export]
macro_rules! __described_object {
    ($item:item) => {
        #[derive($crate::schema::schemars::JsonSchema)]
        // The derived impl is for the type itself, not for a remote one.
        #[schemars(crate = "::hooklatch_core::schema::schemars", !remote)]
        $item
    };
}

/// Gives an enumeration of `names!` its schema.
#[doc(hidden)]
#[macro_export]
macro_rules! __described_names {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        impl $crate::schema::Words for $name {
            fn closed() -> $crate::schema::Schema {
                $(#[$meta])*
                #[derive($crate::schema::schemars::JsonSchema)]
                #[schemars(crate = "::hooklatch_core::schema::schemars")]
                #[expect(dead_code, reason = "only its docs are wanted")]
                enum Known {
                    $($(#[$doc])* #[schemars(rename = $text)] $variant,)+
                }
                $crate::schema::closed::<Known>()
            }
        }

        impl $crate::schema::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(
                _: &mut $crate::schema::schemars::SchemaGenerator,
            ) -> $crate::schema::Schema {
                $crate::schema::open::<Self>()
            }
        }
    };
}
