//! The provider's page is held against the code.

use hooklatch_core::conformance::{self, Described};
use hooklatch_pico::payload::{Acquisition, Contact, Kind, Payment};
use hooklatch_pico::{Notification, Pico};

#[test]
fn the_page_says_what_the_code_does() {
    conformance::page::<Pico>(&[
        Described::object::<Notification<Contact>>(),
        Described::words("Kind", Kind::KNOWN),
        Described::object::<Contact>(),
        Described::object::<Payment>(),
        Described::object::<Acquisition>(),
    ]);
}
