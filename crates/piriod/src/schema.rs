//! JSON Schemas of the bodies.

use hooklatch_core::schema::{Body, Described, Words};

use crate::payload::Kind;
use crate::{Event, NAME, Piriod};

impl Described for Piriod {
    const ATTRIBUTES: &'static [(&'static str, &'static str)] = &[];

    fn bodies() -> Vec<Body> {
        let body = |kind: &&str| Body::of::<Event>(NAME, kind, Kind::meaning(kind)).with_const("event", kind);
        Kind::KNOWN.iter().map(body).collect()
    }
}
