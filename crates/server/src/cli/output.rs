//! What is printed, and where.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use hooklatch_core::text::printable;

use super::Exit;

/// Lines for people on standard output, with what could steer their terminal made visible.
pub(super) fn show(text: &str) {
    for line in lines(text) {
        say(&line);
    }
}

/// The lines of a text, without what could steer a terminal.
fn lines(text: &str) -> impl Iterator<Item = String> {
    text.split('\n').map(|line| {
        let cells: Vec<_> = line.split('\t').map(printable).collect();
        cells.join("\t")
    })
}

/// A line on standard output, as it is. A reader that went away ends the program quietly, as it does for other tools.
pub(super) fn say(line: &str) {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            complain(&format!("standard output: {error}"));
            std::process::exit(1);
        }
    }
}

/// A line on standard error.
pub(super) fn remark(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// An error on standard error, with what could steer the reader's terminal made visible: it may quote strangers.
pub(super) fn complain(message: &str) {
    for line in lines(&format!("hooklatch: {message}")) {
        remark(&line);
    }
}

/// Whether standard error is a terminal whose reader likes colours.
pub(super) fn has_colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A table with this header, without lines, so that `awk` and `grep` can read it too.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table
}

/// Asks whether something that cannot be taken back is meant, unless `yes` says so already.
///
/// # Errors
///
/// When it is not meant, or nobody can be asked.
pub(super) fn confirm(yes: bool, what: &str) -> Result<(), Exit> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Exit::Usage(format!("add --yes to {what}")));
    }
    let _ = write!(std::io::stderr().lock(), "{what}? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Exit::Failed("nothing was done".to_owned())),
    }
}
