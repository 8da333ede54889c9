//! Every place in a body, and bodies with something else in it.

use std::collections::BTreeSet;

use serde_json::Value;

/// A member of an object or an element of an array, somewhere in a body.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// As [`Value::pointer`] takes it.
    pub(super) pointer: String,
    /// As errors and drift have it: `data.transactions[0].status`.
    pub(super) path: String,
    /// The same for every element of an array: `data.transactions[].status`.
    pub(super) general: String,
    /// How many arrays and objects stand around it.
    pub(super) depth: usize,
    /// The member's name; an element has none.
    pub(super) name: Option<String>,
    /// The path of what it stands in.
    pub(super) parent: String,
}

/// Every place in `value`, outer ones first.
pub(super) fn places(value: &Value) -> Vec<Place> {
    let root = Place {
        pointer: String::new(),
        path: String::new(),
        general: String::new(),
        depth: 0,
        name: None,
        parent: String::new(),
    };
    let mut places = Vec::new();
    inside(value, &root, &mut places);
    places
}

/// The same without a second element of an array where the first has the same member: both are read alike.
pub(super) fn distinct_places(value: &Value) -> Vec<Place> {
    let mut seen = BTreeSet::new();
    places(value).into_iter().filter(|place| seen.insert(place.general.clone())).collect()
}

fn inside(value: &Value, at: &Place, places: &mut Vec<Place>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                assert!(
                    !name.contains(['.', '/', '~', '[']),
                    "a fixture's name that a path cannot show: {name}"
                );
                let dot = if at.path.is_empty() { "" } else { "." };
                let place = Place {
                    pointer: format!("{}/{name}", at.pointer),
                    path: format!("{}{dot}{name}", at.path),
                    general: format!("{}{dot}{name}", at.general),
                    depth: at.depth + 1,
                    name: Some(name.clone()),
                    parent: at.path.clone(),
                };
                places.push(place.clone());
                inside(value, &place, places);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                let place = Place {
                    pointer: format!("{}/{index}", at.pointer),
                    path: format!("{}[{index}]", at.path),
                    general: format!("{}[]", at.general),
                    depth: at.depth + 1,
                    name: None,
                    parent: at.path.clone(),
                };
                places.push(place.clone());
                inside(value, &place, places);
            }
        }
        _ => {}
    }
}

impl Place {
    /// What stands there.
    pub(super) fn value<'a>(&self, body: &'a Value) -> &'a Value {
        body.pointer(&self.pointer).unwrap()
    }

    /// The body with another value there.
    pub(super) fn set(&self, body: &Value, value: Value) -> Value {
        let mut changed = body.clone();
        *changed.pointer_mut(&self.pointer).unwrap() = value;
        changed
    }

    /// The body with any bytes in the place of the value.
    pub(super) fn write(&self, body: &Value, bytes: &[u8]) -> Vec<u8> {
        const MARK: &str = "the one place where other bytes go";
        let text = self.set(body, MARK.into()).to_string();
        let (before, after) = text.split_once(&format!("\"{MARK}\"")).unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    }

    /// The body without the member.
    pub(super) fn removed(&self, body: &Value) -> Value {
        let mut changed = body.clone();
        let (parent, name) = self.pointer.rsplit_once('/').unwrap();
        let object = changed.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        assert!(object.remove(name).is_some());
        changed
    }

    /// The body with the member twice, the second time with another value.
    pub(super) fn repeated(&self, body: &Value) -> Option<Vec<u8>> {
        let name = self.name.as_ref()?;
        let value = self.value(body);
        Some(self.write(body, format!("{value},\"{name}\":{value}").as_bytes()))
    }

    /// The body with each other JSON type there, and the type's name.
    pub(super) fn retyped(&self, body: &Value) -> Vec<(&'static str, Value)> {
        let current = type_name(self.value(body));
        [
            Value::Null,
            Value::Bool(true),
            Value::from(-1.5),
            Value::from("text"),
            Value::from(vec![1]),
            serde_json::json!({"another": "shape"}),
        ]
        .into_iter()
        .filter(|other| type_name(other) != current)
        .map(|other| (type_name(&other), self.set(body, other)))
        .collect()
    }
}

/// The JSON type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
