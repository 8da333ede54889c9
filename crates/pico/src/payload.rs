//! The bodies exactly as Pico writes them.
//!
//! Only one sample of each family is public, so every member of the data may be absent or null.
//! The samples contradict themselves in places (a contact that registers after the notification, a yearly interval that
//! ends after three weeks), so no member is checked against another.

mod acquisition;
mod contact;
mod kind;
mod payment;

pub use acquisition::Acquisition;
pub use contact::Contact;
pub use kind::Kind;
pub use payment::Payment;
