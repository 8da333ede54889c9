//! The `hooklatch-bench` program; `cargo xtask bench` builds and runs it.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    hooklatch_bench::main()
}

/// The generator waits on epoll, and memory is read from `/proc`.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "a program that cannot run says so")]
fn main() -> ExitCode {
    eprintln!("hooklatch-bench runs on Linux only");
    ExitCode::FAILURE
}
