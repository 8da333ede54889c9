//! The provider's page is held against the code.

use hooklatch_core::conformance::{self, Described};
use hooklatch_piriod::payload::Kind;
use hooklatch_piriod::{Event, Piriod};

#[test]
fn the_page_says_what_the_code_does() {
    conformance::page::<Piriod>(&[Described::object::<Event>(), Described::words("Kind", Kind::KNOWN)]);
}
