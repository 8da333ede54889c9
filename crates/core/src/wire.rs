//! The ways in which providers write numbers, flags, times and names.
//!
//! Every type here keeps what was sent beside what it means: reading and then writing gives the same JSON value back.
//! A text that does not have the expected form is kept as it came and means nothing, instead of failing the event
//! around it; a value of another JSON type does fail.

mod field;
mod flag;
mod json;
mod names;
mod object;
mod scalar;
mod time;

pub use field::Field;
pub use flag::Flag;
pub use json::Json;
#[doc(hidden)]
pub use names::UNKNOWN;
#[doc(hidden)]
pub use object::ObjectOnly;
pub use scalar::{Decimal, Id, Integer};
pub use time::{DateTime, EpochSeconds, LocalDateTime};

#[doc(inline)]
pub use crate::{__names as names, __object as object};

/// Without the feature `schema` an object is what it is.
#[cfg(not(feature = "schema"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __described_object {
    ($item:item) => {
        $item
    };
}

/// Without the feature `schema` there is nothing to say about names.
#[cfg(not(feature = "schema"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __described_names {
    ($($names:tt)*) => {};
}
