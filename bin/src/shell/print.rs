//! Results and errors as psql prints them.

use comfy_table::{Cell, CellAlignment, Table, TableComponent};
use quantadb::Error;
use quantadb::api::{Rows, StatementResult};

/// A table, or the command tag, or both.
pub(crate) fn result(result: StatementResult) -> String {
    let is_select = result.tag.starts_with("SELECT")
        || result.tag.starts_with("EXPLAIN")
        || result.tag.starts_with("SHOW");
    let mut text = match result.rows {
        Some(rows) => {
            let mut text = table_of(rows);
            text.push('\n');
            text
        }
        None => String::new(),
    };
    if text.is_empty() || !is_select {
        text.push_str(&result.tag);
        text.push('\n');
    }
    text
}

fn table_of(rows: Rows) -> String {
    let names: Vec<String> = rows.columns().iter().map(|c| c.name.clone()).collect();
    let numbers: Vec<bool> = rows
        .columns()
        .iter()
        .map(|c| c.sql_type.is_number())
        .collect();
    let cells = rows.map(|row| {
        let texts = row.texts().map(Option::unwrap_or_default);
        texts.collect()
    });
    table(&names, &numbers, cells.collect())
}

/// A table with its number of rows. `numbers`: which columns are aligned to the right.
pub(crate) fn table(names: &[String], numbers: &[bool], rows: Vec<Vec<String>>) -> String {
    let count = match rows.len() {
        1 => "(1 row)\n".to_owned(),
        count => format!("({count} rows)\n"),
    };
    bare_table(names, numbers, rows) + &count
}

/// A table without its number of rows.
pub(crate) fn bare_table(names: &[String], numbers: &[bool], rows: Vec<Vec<String>>) -> String {
    if names.is_empty() {
        return "--\n".to_owned();
    }
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_style(TableComponent::HeaderLines, '-');
    table.set_style(TableComponent::MiddleHeaderIntersections, '+');
    table.set_style(TableComponent::VerticalLines, '|');
    let header = names.iter().enumerate().map(|(column, name)| {
        let values = rows.iter().filter_map(|row| row.get(column));
        let width = values.map(|text| width(text)).max().unwrap_or(0);
        let name = visible(name);
        // psql centres a name with the odd blank behind it, where the crate has it before.
        let blanks = width.saturating_sub(name.chars().count()) / 2;
        Cell::new(format!("{}{name}", " ".repeat(blanks))).set_alignment(CellAlignment::Left)
    });
    table.set_header(header);
    for row in &rows {
        table.add_row(row.iter().map(|text| Cell::new(visible(text))));
    }
    for (column, right) in table.column_iter_mut().zip(numbers) {
        if *right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.to_string();
    text.push('\n');
    text
}

/// The width of a value's longest line.
fn width(text: &str) -> usize {
    let shown = visible(text);
    shown.lines().map(|l| l.chars().count()).max().unwrap_or(0)
}

/// A text that cannot move the cursor: control characters, but for the end of a line, as PostgreSQL's client shows them.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            '\t' => out.push_str("        "),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// An error with its SQLSTATE, after `place`, and with the line of `sql` that it points at.
pub(crate) fn error(error: &Error, sql: &str, place: &str) -> String {
    let mut text = format!("{place}ERROR:  {}: {}\n", error.sqlstate(), error.message());
    let pointed = error.position().and_then(|(line, column)| {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        Some((line, sql.lines().nth(index)?, column))
    });
    if let Some((number, line, column)) = pointed {
        let before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = format!("LINE {number}: ");
        let blank: String = start
            .chars()
            .chain(line.chars().take(before))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        text.push_str(&format!("{start}{line}\n{blank}^\n"));
    }
    text
}

/// How long a statement took.
pub(crate) fn timing(micros: u64) -> String {
    format!("Time: {}.{:03} ms\n", micros / 1000, micros % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantadb::ErrorKind;

    #[test]
    fn a_table_looks_like_psqls() {
        let names = ["a".to_owned(), "word".to_owned()];
        let rows = vec![
            vec!["1".to_owned(), "x".to_owned()],
            vec!["10".to_owned(), String::new()],
        ];
        let lines: Vec<String> = table(&names, &[true, false], rows)
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        assert_eq!(
            lines,
            [" a  | word", "----+------", "  1 | x", " 10 |", "(2 rows)"]
        );
    }

    #[test]
    fn an_error_points_at_its_place() {
        let wrong = Error::new(ErrorKind::Sql, "42703", "column \"b\" does not exist").at(2, 8);
        assert_eq!(
            error(&wrong, "\nselect b;", ""),
            "ERROR:  42703: column \"b\" does not exist\nLINE 2: select b;\n               ^\n"
        );
    }

    #[test]
    fn a_value_cannot_move_the_cursor() {
        assert_eq!(visible("a\u{1b}[2J\rb"), "a\\x1B[2J\\rb");
    }
}
