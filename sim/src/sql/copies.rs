//! `COPY` of standard input and output. The data stand behind the statement, on lines of their own.

use super::generator::{Generator, pick};
use quantadb::Result;
use quantadb::api::{Connection, CopyData, StatementResult};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Draws COPY.
pub(super) struct Copies<'a>(pub(super) &'a Generator);

impl Copies<'_> {
    /// A COPY, with its data.
    pub(super) fn statement(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, condition) = (self.0.table(rng), self.0.condition(rng));
        let csv = rng.random_bool(0.5);
        match rng.random_range(0..6) {
            0 => format!("COPY {table} TO STDOUT (FORMAT csv, HEADER)"),
            1 => format!("COPY (SELECT id, a, b, g FROM {table} WHERE {condition}) TO STDOUT"),
            _ => {
                let filter = pick(rng, &["", " WHERE a > 3", " WHERE b IS NOT NULL"]);
                let format = if csv { " (FORMAT csv)" } else { "" };
                let count = rng.random_range(1..=self.0.rows_max);
                let lines: Vec<String> = (0..count).map(|_| self.line(csv, rng)).collect();
                let data = lines.join("\n");
                format!("COPY {table} (id, a, b, c) FROM STDIN{format}{filter}\n{data}")
            }
        }
    }

    fn line(&self, csv: bool, rng: &mut ChaCha8Rng) -> String {
        let null = if csv { "" } else { "\\N" };
        let number = match rng.random_range(0..10) {
            0 => null.to_owned(),
            1 => "none".to_owned(), // which is no number
            _ => rng.random_range(-9..50).to_string(),
        };
        let texts = match csv {
            true => ["", "\"\"", "\"a \"\"b\"\", c\"", "text 3", "ünïcode"],
            false => ["\\N", "", "a \\t\\\\ \\x41", "text 3", "ünïcode"],
        };
        let text = pick(rng, &texts);
        let between = if csv { "," } else { "\t" };
        [&self.0.key(rng).to_string(), &number, text, null].join(between)
    }
}

/// Runs `sql`; a COPY reads what is behind its first line, and what it writes is its command tag, in no order.
pub(super) fn run(connection: &Connection, sql: &str) -> Result<Vec<StatementResult>> {
    let (statement, data) = sql.split_once('\n').unwrap_or((sql, ""));
    let done = |count, text: String| {
        Ok(vec![StatementResult {
            tag: format!("COPY {count}{text}"),
            count,
            rows: None,
        }])
    };
    match CopyData::wanted(statement) {
        None => connection.run(sql),
        Some(CopyData::Input) => {
            let count = connection.copy_in(statement, data.as_bytes())?;
            done(count, String::new())
        }
        Some(CopyData::Output) => {
            let mut out = Vec::new();
            let count = connection.copy_out(statement, &mut out)?;
            let text = String::from_utf8_lossy(&out);
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            done(count, format!("\n{}", lines.join("\n")))
        }
    }
}
