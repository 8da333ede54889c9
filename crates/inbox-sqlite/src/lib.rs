#![doc = include_str!("../README.md")]

mod inbox;

mod append;
mod checkpoint;
mod claim;
mod fault;
mod lock;
mod log;
mod position;
mod queue;
mod readers;
mod rejected;
mod row;
mod schema;
mod settle;
mod tables;
mod writer;

pub use inbox::SqliteInbox;
pub use log::SqliteLog;
