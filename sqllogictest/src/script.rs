//! From the text of a script to its records.

use crate::ENGINE_LABEL;
use crate::column::ColumnKind;
use crate::report::Failure;
use sqllogictest::{Condition, Record, parse_with_name};

/// The records of a script up to the `halt` that is for this engine, in the crate's reading after what it cannot read
/// was taken out. Errors: the line that is no record.
pub(crate) fn records(name: &str, text: &str) -> Result<Vec<Record<ColumnKind>>, Box<Failure>> {
    let parsed = parse_with_name(&readable(text), name).map_err(|error| {
        failure(
            name,
            error.location().line(),
            "an sqllogictest record",
            error.kind(),
        )
    })?;
    let mut records = Vec::with_capacity(parsed.len());
    // The crate hangs all conditions that it meets on the next statement or query. Those in front of a `halt` or another
    // directive are that one's own: they are decided here, and taken off the statement.
    let mut pending: Vec<Condition> = Vec::new();
    let mut spent = 0;
    for mut record in parsed {
        match &mut record {
            Record::Condition(condition) => pending.push(condition.clone()),
            Record::Halt { .. } | Record::HashThreshold { .. } | Record::Control(_) => {
                let applies = pending.iter().all(holds);
                spent += pending.len();
                pending.clear();
                match record {
                    Record::Halt { .. } if applies => break,
                    record if applies => records.push(record),
                    _ => {}
                }
                continue;
            }
            Record::Include { loc, .. } => {
                return Err(failure(name, loc.line(), "no include", "include").into());
            }
            Record::Statement { conditions, .. }
            | Record::Query { conditions, .. }
            | Record::System { conditions, .. }
            | Record::Let { conditions, .. } => {
                conditions.drain(..spent);
                spent = 0;
                pending.clear();
                records.push(record);
            }
            _ => {}
        }
    }
    Ok(records)
}

/// Whether a condition lets this engine through.
fn holds(condition: &Condition) -> bool {
    match condition {
        Condition::OnlyIf { label } => label == ENGINE_LABEL,
        Condition::SkipIf { label } => label != ENGINE_LABEL,
    }
}

fn failure(name: &str, line: u32, expected: &str, got: impl ToString) -> Failure {
    Failure {
        file: name.to_owned(),
        line,
        sql: String::new(),
        expected: expected.to_owned(),
        got: got.to_string(),
    }
}

/// The text without what the crate stumbles over, line by line as it was: comments behind a condition, blanks at the end
/// of a line.
fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let conditional = line.starts_with("skipif ") || line.starts_with("onlyif ");
        let line = match line.split_once('#') {
            Some((condition, _)) if conditional => condition,
            _ => line,
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(text: &str) -> Vec<(String, usize)> {
        let records = records("test", text).unwrap();
        let of = |record| match record {
            Record::Statement {
                sql, conditions, ..
            } => Some((sql, conditions.len())),
            _ => None,
        };
        records.into_iter().filter_map(of).collect()
    }

    #[test]
    fn halt_obeys_its_conditions_and_leaves_those_of_others_alone() {
        let text = "onlyif mssql\r\nhalt\r\n\r\nskipif mysql # why\r\nstatement ok\r\nA\r\n\r\n\
            statement ok\r\nB\r\n\r\nskipif mysql\r\nhalt\r\n\r\nstatement ok\r\nC\r\n";
        assert_eq!(sql(text), [("A".to_owned(), 1), ("B".to_owned(), 0)]);
    }

    #[test]
    fn what_is_no_record_is_told_with_its_line() {
        let error = records("test", "statement ok\nA\n\nquarry I\nB\n").unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("test", 4));
        assert!(error.got.contains("quarry"), "{error}");
    }
}
