//! What the shared suite checked for each provider, from the reports that it leaves.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Result, Workspace, table};

/// The folder in which each provider's suite leaves `<provider>.tsv`, and tests that skip leave a line in `skipped.txt`.
#[derive(Debug)]
pub(crate) struct Reports {
    folder: PathBuf,
}

/// One provider's column of the table.
#[derive(Debug, PartialEq, Eq)]
struct Column {
    provider: String,
    /// `None` where the check says nothing about this provider.
    counts: Vec<(String, Option<usize>)>,
}

impl Reports {
    /// An empty folder under the target folder: a report of an earlier run proves nothing.
    pub(crate) fn begin(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.target().join("conformance");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The folder, for `HOOKLATCH_CONFORMANCE`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Prints the table, and gives what is wrong with it.
    pub(crate) fn print(&self, workspace: &Workspace, providers: &[&str]) -> Result<Vec<String>> {
        let mut columns = Vec::new();
        let mut faults = Vec::new();
        if providers.is_empty() {
            faults.push(
                "there is no provider: no fixtures/<provider>/cases.toml beside crates/<provider>".to_owned(),
            );
        }
        for &provider in providers {
            if workspace.cases(provider)?.is_empty() {
                faults.push(format!("{provider}: fixtures/{provider}/cases.toml has no case"));
            }
            match fs::read_to_string(self.folder.join(format!("{provider}.tsv"))) {
                Ok(report) => {
                    columns.push(Column { provider: provider.to_owned(), counts: counts(&report)? });
                }
                Err(_) => faults.push(format!("{provider}: its suite wrote no report")),
            }
        }
        faults.extend(columns.iter().flat_map(empty_checks));
        faults.extend(missing_checks(&columns));
        if !columns.is_empty() {
            println!("\nConformance: how often each check ran\n\n{}", table::layout(&rows(&columns)));
        }
        Ok(faults)
    }

    /// What tests wrote that could not do their work, a line each.
    pub(crate) fn skipped(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("skipped.txt")).unwrap_or_default();
        let mut lines: Vec<String> =
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    }
}

/// `check<TAB>count`, a line each; `-` for a check that says nothing about the provider.
fn counts(report: &str) -> Result<Vec<(String, Option<usize>)>> {
    report
        .lines()
        .map(|line| {
            let (check, count) = line.split_once('\t').ok_or_else(|| format!("not a report: `{line}`"))?;
            let count = if count == "-" { None } else { Some(count.parse()?) };
            Ok((check.to_owned(), count))
        })
        .collect()
}

fn empty_checks(column: &Column) -> Vec<String> {
    let Column { provider, counts } = column;
    if counts.is_empty() {
        return vec![format!("{provider}: its suite checked nothing")];
    }
    let empty = counts.iter().filter(|(_, count)| *count == Some(0));
    empty.map(|(check, _)| format!("{provider}: check `{check}` ran never")).collect()
}

/// A check that one provider's suite speaks of and another's does not was left out silently.
fn missing_checks(columns: &[Column]) -> Vec<String> {
    let lacks = |column: &&Column, check: &str| column.counts.iter().all(|(name, _)| name != check);
    let checks = checks(columns);
    let missing = checks.iter().flat_map(|check| {
        columns.iter().filter(|column| lacks(column, check)).map(move |column| (column, check))
    });
    missing.map(|(column, check)| format!("{}: nothing about check `{check}`", column.provider)).collect()
}

/// Every check that any column has, in the order of the suite.
fn checks(columns: &[Column]) -> Vec<&str> {
    let mut checks: Vec<&str> = Vec::new();
    for (check, _) in columns.iter().flat_map(|column| &column.counts) {
        if !checks.contains(&check.as_str()) {
            checks.push(check);
        }
    }
    checks
}

/// A row a check, a column a provider.
fn rows(columns: &[Column]) -> Vec<Vec<String>> {
    let cell = |column: &Column, check: &str| {
        column.counts.iter().find(|(name, _)| name == check).and_then(|found| found.1)
    };
    let row = |name: &str, cells: Vec<Option<usize>>| {
        let sum: usize = cells.iter().flatten().sum();
        let cells =
            cells.into_iter().map(|count| count.map_or_else(|| "-".to_owned(), |count| count.to_string()));
        [name.to_owned()].into_iter().chain(cells).chain([sum.to_string()]).collect()
    };

    let names = columns.iter().map(|column| column.provider.clone());
    let mut rows = vec![["check".to_owned()].into_iter().chain(names).chain(["total".to_owned()]).collect()];
    rows.extend(
        checks(columns)
            .into_iter()
            .map(|check| row(check, columns.iter().map(|column| cell(column, check)).collect())),
    );
    let totals = columns
        .iter()
        .map(|column| Some(column.counts.iter().filter_map(|(_, count)| *count).sum()))
        .collect();
    rows.push(row("total", totals));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(provider: &str, report: &str) -> Column {
        Column { provider: provider.to_owned(), counts: counts(report).unwrap() }
    }

    #[test]
    fn checks_are_rows_and_providers_columns() {
        let rows = rows(&[
            column("pico", "accepted\t3\nno secret\t-\n"),
            column("picpay", "accepted\t4\nno secret\t5\n"),
        ]);
        let expected = [
            ["check", "pico", "picpay", "total"],
            ["accepted", "3", "4", "7"],
            ["no secret", "-", "5", "5"],
            ["total", "3", "9", "12"],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_check_that_never_ran_is_a_fault() {
        assert_eq!(empty_checks(&column("pico", "accepted\t0\n")), ["pico: check `accepted` ran never"]);
        assert_eq!(empty_checks(&column("pico", "")), ["pico: its suite checked nothing"]);
        assert!(counts("accepted 3").is_err());
    }

    #[test]
    fn a_check_is_run_or_said_not_to_apply() {
        let columns = [column("pico", "accepted\t3\nno secret\t-\n"), column("picpay", "accepted\t4\n")];
        assert_eq!(missing_checks(&columns), ["picpay: nothing about check `no secret`"]);
        assert!(missing_checks(&columns[..1]).is_empty());
    }
}
