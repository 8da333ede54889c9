#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are counts and nanoseconds of a few minutes, far below 2^53"
)]

mod contestant;
mod feed;
mod fill;
mod load;
mod machine;
mod options;
mod report;
mod scenario;
mod statistics;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

use feed::Account;
use options::Options;
use report::Report;
use scenario::Name;

/// Whatever keeps it from measuring, as one line for people.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// What every scenario needs.
#[derive(Debug)]
struct Bench {
    options: Options,
    accounts: Vec<Account>,
    /// This program, which also plays some of the receivers.
    program: PathBuf,
    hooklatch: PathBuf,
    /// A folder on the disk that is measured; emptied in the end.
    scratch: PathBuf,
}

/// Runs the program: `receive` makes it one of the receivers, anything else are its options.
#[expect(clippy::print_stderr, reason = "what is said to people")]
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.split_first() {
        Some((word, [role, arguments @ ..])) if word == "receive" => contestant::receive(role, arguments),
        _ => measure(Options::parse()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "what is said to people")]
fn measure(options: Options) -> Result<()> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("this program lies nowhere")?;
    let hooklatch = options.receiver.clone().unwrap_or_else(|| folder.join("hooklatch"));
    if !hooklatch.is_file() {
        return Err(format!("{} is not there; `cargo xtask bench` builds it", hooklatch.display()).into());
    }
    // A bare name would be looked for among the installed programs.
    let hooklatch = hooklatch.canonicalize()?;
    let out = options.out.clone().unwrap_or_else(|| folder.with_file_name("bench"));
    let scratch = out.join("scratch");
    // What a run that was broken off has left.
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch)?;
    if cfg!(debug_assertions) {
        eprintln!("NOT OPTIMISED: these figures say nothing; use `cargo xtask bench`");
    }
    let machine = machine::Machine::look(&scratch, &hooklatch)?;
    let bench = Bench { accounts: Account::all()?, program, hooklatch, scratch, options };
    let mut report = Report::new(machine, &bench.options);
    let mut ended: Result<()> = Ok(());
    for name in Name::ALL {
        if !bench.options.only.is_empty() && !bench.options.only.contains(&name) {
            continue;
        }
        eprintln!("== {}", name.as_str());
        let began = machine::Ticks::look();
        ended = name.run(&bench, &mut report).map_err(|error| format!("{}: {error}", name.as_str()).into());
        if let (Some(began), Some(now)) = (began, machine::Ticks::look()) {
            report.stolen(name.as_str(), now.stolen_since(began));
        }
        if ended.is_err() {
            break;
        }
    }
    fs::remove_dir_all(&bench.scratch)?;
    ended?;
    report.finish();
    let files = report.write(&out)?;
    println!("{}", report.markdown());
    eprintln!(
        "written to {}",
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    );
    Ok(())
}
