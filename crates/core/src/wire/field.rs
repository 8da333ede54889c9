//! Members that may be absent or null, and how an object with such members is declared.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A member that the provider may leave out or send as `null`; the two stay apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// The member was not sent.
    #[default]
    Absent,
    /// The member was sent as `null`.
    Null,
    /// The member has a value.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Field::Value(value) => Some(value),
            Field::Null | Field::Absent => None,
        }
    }

    /// Whether the member was not sent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Field::Null, Field::Value))
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

/// Declares an object of a provider: a struct whose `?` members are [`Field`]s, and a list of all its members.
///
/// It is read from a JSON object only, and may have one type parameter for a member whose type depends on another.
///
/// ```
/// hooklatch_core::wire::object! {
///     /// A parcel.
///     pub struct Parcel {
///         /// Always sent.
///         id: String,
///         /// Left out or null until the parcel is on its way.
///         tracking?: String,
///     }
/// }
/// let parcel: Parcel = serde_json::from_str(r#"{"id": "1", "tracking": null}"#).unwrap();
/// assert_eq!(serde_json::to_string(&parcel).unwrap(), r#"{"id":"1","tracking":null}"#);
/// assert_eq!(Parcel::MEMBERS, ["id", "tracking"]);
/// assert!(serde_json::from_str::<Parcel>(r#"["1", null]"#).is_err());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __object {
    // Members are sorted one by one into the struct body; `@` marks the rules in between.
    (@fields $head:tt $name:ident { $($done:tt)* } [$($member:ident)*]) => {
        $crate::__object!(@emit $head $name { $($done)* } [$($member)*]);
    };
    (@fields $head:tt $name:ident { $($done:tt)* } [$($member:ident)*]
        $(#[$meta:meta])* $field:ident ?: $type:ty, $($rest:tt)*) => {
        $crate::__object!(@fields $head $name {
            $($done)*
            $(#[$meta])*
            #[serde(default, skip_serializing_if = "::hooklatch_core::wire::Field::is_absent")]
            pub $field: $crate::wire::Field<$type>,
        } [$($member)* $field] $($rest)*);
    };
    (@fields $head:tt $name:ident { $($done:tt)* } [$($member:ident)*]
        $(#[$meta:meta])* $field:ident : $type:ty, $($rest:tt)*) => {
        $crate::__object!(@fields $head $name {
            $($done)*
            $(#[$meta])*
            pub $field: $type,
        } [$($member)* $field] $($rest)*);
    };
    (@emit { { $(#[$meta:meta])* } $([$param:ident])? } $name:ident { $($body:tt)* } [$($member:ident)*]) => {
        $crate::__described_object! {
            #[derive(Clone, Debug, PartialEq, Eq, ::serde::Deserialize, ::serde::Serialize)]
            // The derived functions become the type's own, so that the traits can refuse arrays.
            #[serde(remote = "Self")]
            $(#[$meta])*
            pub struct $name $(<$param>)? { $($body)* }
        }

        impl $(<$param>)? $name $(<$param>)? {
            /// The Rust names of all members, in the order of the provider's samples.
            pub const MEMBERS: &'static [&'static str] = &[$(stringify!($member)),*];
        }

        impl<'de $(, $param: ::serde::Deserialize<'de>)?> ::serde::Deserialize<'de> for $name $(<$param>)? {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::wire::ObjectOnly(deserializer))
            }
        }

        impl $(<$param: ::serde::Serialize>)? ::serde::Serialize for $name $(<$param>)? {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident $(<$param:ident>)? { $($fields:tt)* }) => {
        $crate::__object!(@fields { { $(#[$meta])* } $([$param])? } $name { } [] $($fields)*);
    };
}
