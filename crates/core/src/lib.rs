#![doc = include_str!("../README.md")]

pub mod access;
mod consumer;
mod contract;
mod drift;
mod error;
mod event;
mod handler;
mod identity;
pub mod json;
mod near_miss;
mod provider;
mod request;
#[cfg(feature = "schema")]
pub mod schema;
pub mod secret;
pub mod text;
mod topic;
pub mod wire;

#[cfg(feature = "testing")]
pub mod bench;
#[cfg(feature = "testing")]
pub mod conformance;

pub use access::Access;
pub use consumer::{Consumer, Dispatch, EventId, Failure, FailureKind, NoTypedEvent};
pub use contract::{Accepted, Contract};
pub use drift::Drift;
pub use error::{Unauthenticated, UnauthenticatedKind, Undecodable, UndecodableKind};
pub use event::{Attributes, Event, EventTime, Subject};
pub use handler::{Decoded, Handler};
pub use identity::{Identity, IdentityClass, IdentityKey};
pub use near_miss::NearMiss;
pub use provider::{InvalidSettings, Provider, Refusal, Sample, Sender, Settings, Signed};
pub use request::{Proof, Rejected, Request, Verified, authenticate};
pub use secret::Secret;
pub use topic::Topic;
