//! A plain table: columns as wide as they need, the first to the left, the others to the right.

use std::fmt::Write;

/// Lays rows out; the first row is the heading.
pub(crate) fn layout(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();

    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        write_row(&mut text, row, &widths);
        if number == 0 {
            write_row(&mut text, &rule, &widths);
        }
    }
    text
}

fn write_row(text: &mut String, row: &[String], widths: &[usize]) {
    let mut line = String::new();
    for (column, (cell, &width)) in row.iter().zip(widths).enumerate() {
        // Writing to a `String` cannot fail.
        let _ = match column {
            0 => write!(line, "{cell:<width$}"),
            _ => write!(line, "  {cell:>width$}"),
        };
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows =
            [["check", "pico"], ["accepted", "3"], ["é", "-"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(layout(&rows), "check     pico\n--------  ----\naccepted     3\né            -\n");
    }
}
