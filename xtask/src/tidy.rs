//! `cargo xtask tidy`: the rules that neither the compiler nor clippy knows.
//!
//! A rule is a pure function of the tree's files; it names file, line, what is wrong and what would be right.

mod arrows;
mod files;
mod layout;
mod manifest;
mod packages;
mod providers;
mod sources;
mod text;

use std::fmt;

use crate::{Result, Workspace};
use files::Tree;

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: [Rule; 7] = [
    layout::top_level,
    layout::lockfile,
    packages::check,
    arrows::check,
    providers::check,
    sources::check,
    text::check,
];

/// Prints all findings; there should be none.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let tree = Tree::read(workspace.root())?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: nothing to do in {} files", tree.files().len()),
        number => println!("tidy: {number} to put right"),
    }
    Ok(findings.is_empty())
}

/// Something to put right.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    file: String,
    line: usize,
    wrong: String,
    right: String,
}

impl Finding {
    fn new(file: &str, line: usize, wrong: impl Into<String>, right: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, wrong: wrong.into(), right: right.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, wrong, right } = self;
        write!(f, "{file}:{line}: {wrong}\n    right: {right}")
    }
}
