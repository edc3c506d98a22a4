//! The rows of an answer, as a script writes them.
//!
//! All values stand in one text, each with the end of its line, for most of them are never looked at: what a script says of
//! a large result is its hash, which is that of this text.
//!
//! ```text
//!   row 0: 7, NULL    row 1: 12, x        text  7⏎NULL⏎12⏎x⏎
//!                                         ends  2    7  10 12
//! ```

use crate::column::{Cell, ColumnKind};
use md5::{Digest, Md5};
use sqllogictest::{DBOutput, SortMode};
use std::fmt::Write;

/// Rows of as many values each as there are kinds.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    kinds: Vec<ColumnKind>,
    rows: usize,
    text: String,
    /// Where each value ends in the text, the end of its line included.
    ends: Vec<usize>,
}

impl Table {
    /// No rows, of `width` columns; those that `kinds` says nothing of are text.
    pub(crate) fn new(kinds: &[ColumnKind], width: usize) -> Self {
        let kind = |column: usize| kinds.get(column).copied().unwrap_or(ColumnKind::Text);
        Self {
            kinds: (0..width).map(kind).collect(),
            rows: 0,
            text: String::new(),
            ends: Vec::new(),
        }
    }

    /// Adds rows, whose values come next.
    pub(crate) fn add_rows(&mut self, rows: usize) {
        self.rows += rows;
        self.ends.reserve(rows * self.width());
    }

    /// Adds the next value, row by row and in a row by column.
    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        self.kinds[self.ends.len() % self.width()].write(cell, &mut self.text);
        self.text.push('\n');
        self.ends.push(self.text.len());
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.kinds.len()
    }

    /// The values row by row, each with the end of its line.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.cut(self.ends.iter().copied())
    }

    /// The text in parts, of which these are the ends.
    fn cut(&self, ends: impl Iterator<Item = usize> + Clone) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(ends.clone());
        starts.zip(ends).map(|(start, end)| &self.text[start..end])
    }

    /// The rows, with the values as texts of their own.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let mut values = self.lines().map(|line| line[..line.len() - 1].to_owned());
        let row = |_| values.by_ref().take(self.width()).collect();
        (0..self.rows).map(row).collect()
    }

    /// For the runner of the crate.
    pub(crate) fn output(&self) -> DBOutput<ColumnKind> {
        DBOutput::Rows {
            types: self.kinds.clone(),
            rows: self.rows(),
        }
    }

    /// Parts of the text, in an order that makes the values come in that of `sort`.
    fn in_order(&self, sort: SortMode) -> Vec<&str> {
        match sort {
            SortMode::NoSort => vec![&self.text],
            SortMode::ValueSort => sorted(self.lines()),
            // A value has no sign that is less than the end of its line, so rows are in the order of their texts.
            SortMode::RowSort => {
                let rows = self.ends.chunks_exact(self.width().max(1));
                sorted(self.cut(rows.map(|row| row[row.len() - 1])))
            }
        }
    }

    /// Whether its values, in the order of `sort`, are these.
    pub(crate) fn has_values(&self, sort: SortMode, values: &[String]) -> bool {
        self.ends.len() == values.len() && {
            let parts = self.in_order(sort);
            let lines = parts.iter().flat_map(|part| part.split_terminator('\n'));
            lines.eq(values)
        }
    }

    /// What a script writes instead of a result that is long: `30 values hashing to 3c13dee48d9356ae19af2515e05e6b54`.
    pub(crate) fn hashed(&self, sort: SortMode) -> String {
        let mut hash = Md5::new();
        let parts = self.in_order(sort);
        parts.iter().for_each(|part| hash.update(part));
        let mut hashed = format!("{} values hashing to ", self.ends.len());
        for byte in hash.finalize() {
            // A text takes what is written.
            let _ = write!(hashed, "{byte:02x}");
        }
        hashed
    }
}

/// The texts in their order. Most differ in their first bytes, which are compared as a number.
fn sorted<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let first = |text: &str| {
        let mut bytes = [0; 16];
        let length = text.len().min(bytes.len());
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        u128::from_be_bytes(bytes)
    };
    let mut keyed: Vec<(u128, &str)> = texts.map(|text| (first(text), text)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[ColumnKind::Integer], 2);
        for (number, text) in [
            (10, "b"),
            (9, "a longer text"),
            (10, "a"),
            (9, "a longer one"),
        ] {
            table.add_rows(1);
            table.push(Cell::Whole(number));
            table.push(Cell::Text(text.into()));
        }
        table
    }

    #[test]
    fn a_table_gives_its_rows_back() {
        let rows = table().rows();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[1], ["9", "a longer text"]);
        let mut without_columns = Table::new(&[], 0);
        without_columns.add_rows(1);
        assert_eq!(without_columns.rows(), [Vec::<String>::new()]);
    }

    #[test]
    fn the_hash_is_that_of_the_sorted_values() {
        let of = |text: &str| {
            let mut table = Table::new(&[], 1);
            text.lines()
                .for_each(|line| table.push(Cell::Text(line.into())));
            table.hashed(SortMode::NoSort)
        };
        // As `printf '10\nb\n…' | md5sum` has it.
        let unsorted = "8 values hashing to 0eb15ce77620d27e60276ec922f42b2b";
        assert_eq!(table().hashed(SortMode::NoSort), unsorted);
        let rows = "10\na\n10\nb\n9\na longer one\n9\na longer text";
        assert_eq!(table().hashed(SortMode::RowSort), of(rows));
        let values = "10\n10\n9\n9\na\na longer one\na longer text\nb";
        assert_eq!(table().hashed(SortMode::ValueSort), of(values));
    }
}
