//! Any bytes as the data of a COPY.

use super::session::session;
use crate::sql::rows_of;
use arbitrary::{Arbitrary, Result, Unstructured};
use quantadb::api::Connection;
use std::io::Read;

const TABLE: &str = "CREATE TABLE t (a INTEGER, b TEXT, c NUMERIC(10, 2) DEFAULT 3, d DATE, e BOOLEAN, f BYTEA, \
    g INTEGER[], h TEXT[], i INTERVAL, j JSONB, k CHAR(4))";
/// What the columns may be.
const COLUMNS: [&str; 8] = [
    "",
    " (a)",
    " (b)",
    " (a, b)",
    " (b, c, e)",
    " (b, h)",
    " (g, f, b)",
    " (d, i, j, k, a, b)",
];
/// What may be told of the text format.
const TEXTS: [&str; 5] = [
    "FORMAT text",
    "DELIMITER '|'",
    "DELIMITER 'x', NULL ''",
    "DELIMITER ',', HEADER",
    "HEADER MATCH",
];
/// What may be told of the CSV format.
const CSVS: [&str; 8] = [
    "FORMAT csv",
    "FORMAT csv, HEADER",
    "FORMAT csv, DELIMITER ';', QUOTE ''''",
    "FORMAT csv, ESCAPE '\\'",
    "FORMAT csv, NULL 'none'",
    "FORMAT csv, HEADER MATCH, QUOTE '\"'",
    "FORMAT csv, FORCE_NULL (b)",
    "FORMAT csv, FORCE_NOT_NULL (b)",
];

/// A COPY, and its data.
#[derive(Clone, Debug)]
pub struct CopyInput<'a> {
    columns: &'static str,
    options: &'static str,
    /// Of so many bytes is each read.
    chunk_bytes: usize,
    data: &'a [u8],
}

impl<'a> Arbitrary<'a> for CopyInput<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let columns = COLUMNS[usize::from(u8::arbitrary(u)?) % COLUMNS.len()];
        let number = usize::from(u8::arbitrary(u)?);
        let options = match number % 2 {
            0 => TEXTS[number / 2 % TEXTS.len()],
            _ => CSVS[number / 2 % CSVS.len()],
        };
        Ok(Self {
            columns,
            options,
            chunk_bytes: 1 + usize::from(u8::arbitrary(u)? % 40),
            data: u.bytes(u.len())?,
        })
    }
}

/// Gives so many bytes at a time.
struct Chunks<'a>(&'a [u8], usize);

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

thread_local! {
    /// A session of a database with the table.
    static SESSION: Connection = session(TABLE);
}

/// What a COPY gives: the rows of the table and what is written of them, or a SQLSTATE and a message.
type Copied = std::result::Result<(Vec<String>, Vec<u8>), (&'static str, String)>;

fn copied(session: &Connection, input: &CopyInput<'_>, data: impl Read) -> Copied {
    let CopyInput {
        columns, options, ..
    } = input;
    session.run("BEGIN").expect("there is no transaction");
    let from = format!("COPY t{columns} FROM STDIN ({options})");
    let copy = || -> quantadb::Result<_> {
        let count = session.copy_in(&from, data)?;
        let rows = rows_of(session, "SELECT * FROM t")?;
        assert_eq!(rows.len() as u64, count, "rows of {from}");
        let options = match options {
            // Only what is read is matched, and only what is read is forced.
            &"HEADER MATCH" => "HEADER",
            &"FORMAT csv, HEADER MATCH, QUOTE '\"'" => "FORMAT csv, HEADER",
            options if options.contains("FORCE_") => "FORMAT csv",
            options => options,
        };
        let mut written = Vec::new();
        session.copy_out(
            &format!("COPY t{columns} TO STDOUT ({options})"),
            &mut written,
        )?;
        Ok((rows, written))
    };
    let copied = copy().map_err(|error| {
        assert_ne!(error.sqlstate(), "XX000", "only a bug gives it: {error:?}");
        (error.sqlstate(), error.message().to_owned())
    });
    session.run("ROLLBACK").expect("there is one now");
    copied
}

/// Data are rows or an error, however they come; what is written of rows is read as those rows.
///
/// # Panics
/// When not.
pub fn check_copy(input: CopyInput<'_>) {
    SESSION.with(|session| {
        let whole = copied(session, &input, input.data);
        let chunks = Chunks(input.data, input.chunk_bytes);
        assert_eq!(
            whole,
            copied(session, &input, chunks),
            "in chunks: {input:?}"
        );
        let Ok((rows, written)) = whole else {
            return;
        };
        let again = copied(session, &input, written.as_slice());
        let again = again.map(|(rows, _)| rows);
        assert_eq!(
            Ok(&rows),
            again.as_ref(),
            "{input:?} was written as {written:?}"
        );
    });
}
