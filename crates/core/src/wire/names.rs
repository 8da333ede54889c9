//! Open enumerations: a known name is a variant, any other is kept as it came.

/// The name of the newtype as which an unknown word is written, so that drift finds it.
#[doc(hidden)]
pub const UNKNOWN: &str = "$hooklatch::unknown_word";

/// Declares an open enumeration.
///
/// ```
/// hooklatch_core::wire::names! {
///     /// A traffic light.
///     pub enum Light {
///         /// Stop.
///         Red = "RED",
///         /// Go.
///         Green = "GREEN",
///     }
/// }
/// assert_eq!(Light::from("RED"), Light::Red);
/// assert_eq!(Light::from("BLUE").as_str(), "BLUE");
/// assert!(!Light::from("BLUE").is_known());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __names {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A name that no page mentions, as it was sent.
            Other(Box<str>),
        }

        impl $name {
            /// Every name that is known, in the order of the documentation.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The name as the provider writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }

            /// Whether a page mentions the name.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.into()),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl ::serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("text")
                    }

                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok($name::from(text))
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    // The name marks it for whoever looks for unknown words; every format writes the text alone.
                    Self::Other(text) => serializer.serialize_newtype_struct($crate::wire::UNKNOWN, text),
                    known => serializer.serialize_str(known.as_str()),
                }
            }
        }

        $crate::__described_names!($(#[$meta])* $name { $($(#[$doc])* $variant = $text,)+ });
    };
}
