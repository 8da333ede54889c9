//! The bodies exactly as Sublytics writes them.
//!
//! In the published samples every value is a text or null, numbers, money and yes-or-no included.
//! Money is decimal text with up to two fraction digits; the currency stands in the transaction only.
//! Dates have no zone, and an object is a snapshot of the moment of sending: it can be newer than its event.
//! Members called `…_id` that hold a word (`Sale`, `Active`) are the API's numbers by name.
//!
//! The provider says that a body resembles the answer of an API call, so members may come and go:
//! only the id of the object that a notification is about must be there, and those of the lines in it.

mod customer;
mod kind;
mod merchant;
mod order;
mod order_offer;
mod outcome;
mod shipment;
mod transaction;

pub use customer::{Address, CardType, Customer, CustomerCard};
pub use kind::Kind;
pub use merchant::Merchant;
pub use order::{Order, OrderData, Revision, TransactionOrder};
pub use order_offer::{OfferStatus, OrderOffer, OrderOfferData};
pub use outcome::Outcome;
pub use shipment::{Shipment, ShipmentData, ShipmentStatus};
pub use transaction::{PaymentMethod, Transaction, TransactionData, TransactionType};
