//! What a statement gave, in a form that can be compared and shown.

use quantadb::Result;
use quantadb::api::StatementResult;
use quantadb::types::Value;
use std::fmt;

/// Rows shown of an answer.
const ROWS_SHOWN_MAX: usize = 6;

/// What a statement gave: its command tags and rows, or its SQLSTATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It succeeded.
    Done {
        /// Command tags.
        tags: Vec<String>,
        /// Names of the columns.
        columns: Vec<String>,
        /// Values as text, `None` for NULL.
        rows: Vec<Vec<Option<String>>>,
    },
    /// It failed.
    Failed {
        /// With this SQLSTATE.
        sqlstate: &'static str,
    },
}

impl Answer {
    /// The answer of a run; `ordered` when the order of the rows is part of it.
    pub(super) fn of(result: &mut Result<Vec<StatementResult>>, ordered: bool) -> Self {
        let results = match result {
            Ok(results) => results,
            Err(error) => {
                return Answer::Failed {
                    sqlstate: error.sqlstate(),
                };
            }
        };
        let (mut tags, mut columns, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for result in results {
            tags.push(result.tag.clone());
            if let Some(given) = result.rows.take() {
                columns.extend(given.columns().iter().map(|c| c.name.clone()));
                rows.extend(given.map(|row| row.values().iter().map(Value::to_text).collect()));
            }
        }
        if !ordered {
            rows.sort_unstable();
        }
        Answer::Done {
            tags,
            columns,
            rows,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Answer::Done { rows, .. } => rows.len(),
            Answer::Failed { .. } => 0,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tags, rows) = match self {
            Answer::Failed { sqlstate } => return write!(f, "SQLSTATE {sqlstate}"),
            Answer::Done { tags, rows, .. } => (tags, rows),
        };
        write!(f, "{}, {} rows", tags.join("; "), rows.len())?;
        for row in rows.iter().take(ROWS_SHOWN_MAX) {
            let values: Vec<String> = row.iter().map(|v| shorten(v.as_deref())).collect();
            write!(f, "\n            ({})", values.join(", "))?;
        }
        if rows.len() > ROWS_SHOWN_MAX {
            write!(f, "\n            …")?;
        }
        Ok(())
    }
}

/// A value for people: long ones by their start and length.
fn shorten(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(text) if text.len() <= 30 => text.to_owned(),
        Some(text) => {
            let start: String = text.chars().take(20).collect();
            format!("{start}… ({} bytes)", text.len())
        }
    }
}

/// The first row in which two answers differ, on each side.
pub(super) fn difference(expected: &Answer, found: &Answer) -> (String, String) {
    if let (
        Answer::Done { rows: e, tags, .. },
        Answer::Done {
            rows: f, tags: t, ..
        },
    ) = (expected, found)
        && tags == t
    {
        let at = e.iter().zip(f).take_while(|(e, f)| e == f).count();
        let show = |rows: &Vec<Vec<Option<String>>>| {
            let row = rows.get(at).map(|row| {
                let values: Vec<String> = row.iter().map(|v| shorten(v.as_deref())).collect();
                values.join(", ")
            });
            let row = row.unwrap_or_else(|| "no such row".to_owned());
            format!("{} rows, row {at}: {row}", rows.len())
        };
        return (show(e), show(f));
    }
    (expected.to_string(), found.to_string())
}
