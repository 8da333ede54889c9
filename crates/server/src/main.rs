//! The `hooklatch` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    hooklatch_server::cli::main()
}
