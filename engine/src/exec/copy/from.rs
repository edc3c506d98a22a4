//! `COPY FROM`.

use super::fields::{Field, fields};
use super::input::Input;
use super::io::{CopyIo, bad_file};
use super::lines::Lines;
use crate::error::{Error, Result};
use crate::exec::change::{Prepared, Work};
use crate::exec::integrity::{Events, Recorder};
use crate::exec::operator::{Context, Frame};
use crate::exec::pending::Pending;
use crate::exec::scalar::RowView;
use crate::plan::CopyFrom;
use crate::sql::bound::{CopyForm, CopyHeader};
use crate::storage::StorageTxn;
use crate::types::{SqlType, Value, Zone};

/// Rows that are written at once, at most.
const BATCH_ROWS: usize = 1000;

/// Bytes of them, about, as in PostgreSQL; fewer only where all statements together may not hold much more. Which of several
/// wrong lines is met first depends on it, so it does not depend on the memory of the statement.
const BATCH_BYTES: usize = 64 << 10;

/// Adds the rows that come; gives how many, and what foreign keys have to look at then. Errors: `22P04` for what is not in
/// the format, those of reading a value of its type, of conditions and constraints, each with the table and the line.
pub(crate) fn copy_from<'m>(
    txn: &mut dyn StorageTxn,
    copy: &CopyFrom,
    frame: &Frame<'m>,
    io: CopyIo<'_>,
) -> Result<(u64, Option<Events<'m>>)> {
    let form = &copy.form;
    let input = Input::open(io, form.file.as_deref())?;
    let mut reader = Reader {
        lines: Lines::new(input, form, frame.memory.reservation("COPY")),
        line: Vec::new(),
        copy,
        types: copy.types(),
    };
    reader.header()?;
    let integrity = copy.change.integrity.as_ref();
    let mut events = integrity.map(|_| Events::new(frame.memory.reservation("foreign keys")));
    let mut count = 0;
    loop {
        frame.interrupt.check()?;
        let (prepared, lines) = reader.batch(frame, txn)?;
        if prepared.count() == 0 {
            return Ok((count, events));
        }
        count += prepared.count();
        let recorder = integrity.zip(events.as_mut());
        let recorder = recorder.map(|(integrity, events)| Recorder {
            integrity,
            position: 0,
            events,
        });
        let at = |row: usize, error: Error| {
            let line = lines.get(row).copied().unwrap_or_default();
            at_line(error, copy, line)
        };
        prepared.write(txn, &copy.change, recorder, &at)?;
    }
}

fn at_line(error: Error, copy: &CopyFrom, line: u64) -> Error {
    let table = &copy.change.table.name;
    error.context(format_args!("COPY {table}, line {line}"))
}

/// Rows out of lines.
struct Reader<'a> {
    lines: Lines<'a>,
    line: Vec<u8>,
    copy: &'a CopyFrom,
    /// Types of the columns of the table.
    types: Vec<SqlType>,
}

impl Reader<'_> {
    fn form(&self) -> &CopyForm {
        &self.copy.form
    }

    fn at_line(&self, error: Error) -> Error {
        at_line(error, self.copy, self.lines.number)
    }

    fn next_line(&mut self) -> Result<bool> {
        let next = self.lines.next(&mut self.line);
        next.map_err(|error| self.at_line(error))
    }

    /// Passes the line of names over, or sees that they are those of the columns. Errors: `22P04`.
    fn header(&mut self) -> Result<()> {
        if self.form().header == CopyHeader::Absent || !self.next_line()? {
            return Ok(());
        }
        if self.form().header == CopyHeader::Match {
            let names = fields(&self.line, self.form());
            let matched = names.and_then(|names| match_header(&names, self.form()));
            return matched.map_err(|error| self.at_line(error));
        }
        Ok(())
    }

    /// What the next lines add, with the number of the line of each row; nothing at the end.
    fn batch(&mut self, frame: &Frame<'_>, txn: &dyn StorageTxn) -> Result<(Prepared, Vec<u64>)> {
        let context = frame.over(txn);
        let mut pending = Pending::new(frame.memory.reservation("ModifyTable"));
        let mut work = Work::new(context, &self.copy.change, &mut pending);
        let mut numbers = Vec::new();
        let bytes_max = BATCH_BYTES.min(frame.memory.pool_limit_bytes() / 4);
        let has_room = |work: &Work<'_, '_, '_>, rows: usize| {
            rows == 0 || rows < BATCH_ROWS && work.bytes() < bytes_max
        };
        while has_room(&work, numbers.len()) && self.next_line()? {
            let row = self.row(&context).map_err(|error| match error {
                Placed::At(error) => error,
                Placed::Line(error) => self.at_line(error),
            })?;
            match row {
                Some(row) => {
                    work.add(row).map_err(|error| self.at_line(error))?;
                    numbers.push(self.lines.number);
                }
                None => frame.interrupt.check()?,
            }
        }
        Ok((work.finish(), numbers))
    }

    /// The row of the line; `None` when it is not to be added.
    fn row(&self, context: &Context<'_>) -> Result<Option<Vec<Value>>, Placed> {
        let mut row = self.values(context.clock.zone)?;
        for (column, default) in &self.copy.defaults {
            row[*column] = context.constant(default).map_err(Placed::Line)?;
        }
        let Some(filter) = &self.copy.filter else {
            return Ok(Some(row));
        };
        let view = RowView {
            values: &row,
            types: &self.types,
        };
        let holds = context.scalar(filter, view).map_err(Placed::Line)?;
        Ok((holds == Value::Bool(true)).then_some(row))
    }

    /// The values of the line to a session in `zone`, with NULLs in the other columns.
    fn values(&self, zone: Zone) -> Result<Vec<Value>, Placed> {
        let columns = &self.copy.columns;
        let given = match self.line.is_empty() && columns.is_empty() {
            true => Vec::new(),
            false => fields(&self.line, self.form()).map_err(Placed::Line)?,
        };
        if given.len() > columns.len() {
            let message = "extra data after last expected column";
            return Err(Placed::Line(bad_file(message)));
        }
        let mut row = vec![Value::Null; self.types.len()];
        for (at, column) in columns.iter().enumerate() {
            let name = &self.copy.change.table.columns[*column].name;
            let Some(field) = given.get(at) else {
                let message = format!("missing data for column \"{name}\"");
                return Err(Placed::Line(bad_file(message)));
            };
            if let Some(text) = field {
                row[*column] = Value::from_text_in(text, self.types[*column], zone)
                    .map_err(|error| Placed::At(self.at_column(error, name, text)))?;
            }
        }
        Ok(row)
    }

    fn at_column(&self, error: Error, column: &str, text: &str) -> Error {
        let (table, line) = (&self.copy.change.table.name, self.lines.number);
        let mut shown: String = text.chars().take(SHOWN_MAX).collect();
        if shown.len() < text.len() {
            shown.push_str("...");
        }
        error.context(format_args!(
            "COPY {table}, line {line}, column {column}: \"{shown}\""
        ))
    }
}

/// Characters of a value that an error shows.
const SHOWN_MAX: usize = 100;

/// An error, and whether it says where it was.
enum Placed {
    /// It says so.
    At(Error),
    /// It is one of the whole line.
    Line(Error),
}

/// Whether a line has the names of the columns. Errors: `22P04`.
fn match_header(names: &[Field], form: &CopyForm) -> Result<()> {
    if names.len() != form.columns.len() {
        return Err(bad_file(format!(
            "wrong number of fields in header line: got {}, expected {}",
            names.len(),
            form.columns.len()
        )));
    }
    let pairs = names.iter().zip(&form.columns);
    for (at, (name, column)) in (1..).zip(pairs) {
        let found = match name {
            Some(name) if *name == column.name => continue,
            Some(name) => format!("\"{name}\""),
            None => format!("null value (\"{}\")", form.null),
        };
        return Err(bad_file(format!(
            "column name mismatch in header line field {at}: got {found}, expected \"{}\"",
            column.name
        )));
    }
    Ok(())
}
