#![doc = include_str!("../README.md")]

mod inbox;

mod append;
mod backup;
mod body;
mod checkpoint;
mod claim;
mod contract;
mod fault;
mod identities;
mod index;
mod jobs;
mod latest;
mod lock;
mod log;
mod nudge;
mod outlived;
mod pending;
mod position;
mod queue;
mod readers;
mod recent;
mod register;
mod rejected;
mod release;
mod replay;
mod retention;
mod row;
mod rows;
mod schema;
mod search;
mod settle;
mod tables;
mod verify;
mod writer;
mod written;

pub use inbox::SqliteInbox;
pub use log::SqliteLog;
