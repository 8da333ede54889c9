//! The project's own commands.
//!
//! `cargo xtask` lists them. One file a command; it depends on little, so it starts at once.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what these commands are for")]

mod bench;
mod cargo;
mod ci;
mod conformance;
mod crash;
mod dist;
mod features;
mod fixtures;
mod llvm;
mod schemas;
mod table;
mod tally;
mod test;
mod tidy;
mod tree;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// Whatever stops a command before it can say whether all is well, as one line for people.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [PROVIDER]      every test, and a table of what the shared suite checked for each provider
  fixtures [--check]   derives fixtures/<provider>/ from its cases.toml; --check only compares
  schemas [--check]    writes docs/schemas/ from the types; --check only compares
  features [--quick]   every combination of providers: lints, tests, and what each pulls in
                       --quick runs the tests of none, each one alone and all only
  crash [--rounds N] [--seed S]
                       kills the receiver, 200 times or N, and compares what it acknowledged with what it did
  bench [OPTIONS]      measures the receiver beside others; --help lists the options
  dist                 builds the receiver for production, by a profile of it under load; needs Linux, clang and LLVM
  tidy                 the rules that no compiler knows: manifests, module docs, providers, text
  ci                   what CI runs: format, tidy, lints, tests, generated files, features, documentation";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match command(&words) {
        Ok(Some(true)) => ExitCode::SUCCESS,
        Ok(Some(false)) => ExitCode::FAILURE,
        Ok(None) => {
            if !words.is_empty() {
                eprintln!("error: there is no command `{}`\n", words.join(" "));
            }
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command: whether all was well, or `None` when there is no such command.
fn command(words: &[&str]) -> Result<Option<bool>> {
    let workspace = Workspace::open()?;
    Ok(Some(match words {
        ["test"] => test::run(&workspace, None)?,
        ["test", provider] if workspace.has_provider(provider) => test::run(&workspace, Some(provider))?,
        ["test", other] => {
            return Err(
                format!("no provider `{other}`; there are: {}", workspace.providers().join(", ")).into()
            );
        }
        ["fixtures"] => fixtures::write(&workspace)?,
        ["fixtures", "--check"] => fixtures::check(&workspace)?,
        ["schemas"] => schemas::write(&workspace)?,
        ["schemas", "--check"] => schemas::check(&workspace)?,
        ["features"] => features::run(&workspace, features::Extent::Full)?,
        ["features", "--quick"] => features::run(&workspace, features::Extent::Quick)?,
        ["crash", options @ ..] => match crash::options(options) {
            Some((rounds, seed)) => crash::run(&workspace, rounds, seed)?,
            None => return Ok(None),
        },
        ["bench", arguments @ ..] => bench::run(&workspace, arguments)?,
        ["dist"] => dist::run(&workspace)?,
        ["tidy"] => tidy::run(&workspace)?,
        ["ci"] => ci::run(&workspace),
        _ => return Ok(None),
    }))
}
