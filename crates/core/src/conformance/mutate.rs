//! Small changes that must not go unnoticed.

use serde_json::Value;

/// Every copy of `bytes` with one bit flipped.
pub(super) fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut copy = bytes.to_vec();
        if let Some(byte) = copy.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        copy
    })
}

/// The member at a dotted path of objects.
fn parent<'a>(value: &'a mut Value, path: &'a str) -> (&'a mut serde_json::Map<String, Value>, &'a str) {
    let (parents, name) = path.rsplit_once('.').map_or((None, path), |(parents, name)| (Some(parents), name));
    let pointer = parents.map(|parents| format!("/{}", parents.replace('.', "/"))).unwrap_or_default();
    let object = value.pointer_mut(&pointer).and_then(Value::as_object_mut);
    (object.unwrap_or_else(|| panic!("no object around `{path}`")), name)
}

/// The body without the member at `path`.
pub(super) fn without(body: &[u8], path: &str) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(body).unwrap();
    let (object, name) = parent(&mut value, path);
    assert!(object.remove(name).is_some(), "no member `{path}`");
    serde_json::to_vec(&value).unwrap()
}

/// The body with every other JSON type in the place of the member at `path`.
pub(super) fn retyped(body: &[u8], path: &str) -> Vec<(&'static str, Vec<u8>)> {
    let original: Value = serde_json::from_slice(body).unwrap();
    let others = [
        ("null", Value::Null),
        ("boolean", Value::Bool(true)),
        ("number", Value::from(-1.5)),
        ("text", Value::from("text")),
        ("array", Value::from(vec![1])),
        ("object", serde_json::json!({"another": "shape"})),
    ];
    let type_of = |value: &Value| std::mem::discriminant(value);
    let pointer = format!("/{}", path.replace('.', "/"));
    let current = original.pointer(&pointer).unwrap_or_else(|| panic!("no member `{path}`")).clone();
    others
        .into_iter()
        .filter(|(_, other)| type_of(other) != type_of(&current))
        .map(|(name, other)| {
            let mut value = original.clone();
            let (object, member) = parent(&mut value, path);
            object.insert(member.to_owned(), other);
            (name, serde_json::to_vec(&value).unwrap())
        })
        .collect()
}
