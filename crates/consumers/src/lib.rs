#![doc = include_str!("../README.md")]

pub mod envelope;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "http")]
pub mod http;
#[cfg(any(feature = "file", feature = "stdout"))]
mod lines;
#[cfg(feature = "stdout")]
pub mod stdout;

#[cfg(feature = "file")]
pub use self::file::{FileConfig, FileConsumer};
#[cfg(feature = "http")]
pub use self::http::{HttpConfig, HttpConsumer};
#[cfg(feature = "stdout")]
pub use self::stdout::StdoutConsumer;
