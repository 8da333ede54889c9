#![doc = include_str!("../README.md")]

mod server;

mod admin;
mod answer;
mod body;
mod budget;
pub mod cli;
pub mod config;
mod descriptors;
mod hexadecimal;
mod intake;
mod listener;
mod members;
mod peers;
pub mod providers;
mod quiet;
mod rejected;
mod source;
mod upkeep;

pub use config::{Config, ConfigError};
pub use server::{Running, Server, ServerError};
