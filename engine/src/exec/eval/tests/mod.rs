//! Expressions and aggregates against PostgreSQL 15's own answers, from scripts.
//!
//! Expressions without columns are evaluated twice: as they are, where every operand is one value for all rows, and with
//! their literals put into columns of a few rows, where every operand is an array.

mod context_of_queries;
mod runner;

use super::{
    Clock, EvalContext, Outside, SequenceValues, SessionValues, evaluate, evaluate_constant,
};
use crate::interrupt::Interrupt;
use crate::sql::bound::{Expr, ExprKind, Query, Statement};
use crate::sql::{bind, parse};
use crate::types::Zone;
use crate::types::array::{repeat, value_at};
use crate::{Error, Result, catalog::Schema};
use arrow_array::ArrayRef;
use std::sync::Arc;

/// What an expression may refer to in these tests: nothing, on 2020-03-01 at noon.
pub(super) fn context() -> EvalContext<'static> {
    EvalContext {
        parameters: &[],
        outer_rows: &[],
        subqueries: None,
        clock: Clock {
            now_micros: 1_583_064_000_000_000,
            zone: Zone::UTC,
        },
        outside: Some(outside()),
    }
}

/// The operating system's clock and chance, and nothing else.
fn outside() -> Outside<'static> {
    let env = Arc::new(crate::env::OsEnv);
    Outside {
        interrupt: Box::leak(Box::new(Interrupt::new(env))),
        statement_micros: 0,
        random: Box::leak(Box::default()),
        sequences: &Nothing,
        session: &Nothing,
    }
}

/// A session without sequences and settings.
struct Nothing;

impl SequenceValues for Nothing {
    fn next(&self, _: &str) -> Result<i64> {
        Err(Error::unsupported("a sequence here"))
    }

    fn current(&self, _: &str) -> Result<i64> {
        Err(Error::unsupported("a sequence here"))
    }

    fn last(&self) -> Result<i64> {
        Err(Error::unsupported("a sequence here"))
    }

    fn set(&self, _: &str, _: i64, _: bool) -> Result<i64> {
        Err(Error::unsupported("a sequence here"))
    }
}

impl SessionValues for Nothing {
    fn number(&self) -> u64 {
        1
    }

    fn setting(&self, _: &str) -> Result<String> {
        Err(Error::unsupported("a setting here"))
    }
}

/// Statements of a script and the line that is expected below each.
pub(super) fn cases(script: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut lines = script
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("--"));
    std::iter::from_fn(move || {
        let statement = lines.next()?;
        let expected = lines.next().unwrap_or_default();
        let expected = expected.strip_prefix("    ").unwrap_or(expected);
        Some((statement, expected))
    })
}

/// The query of `SELECT …`.
pub(super) fn query(sql: &str, schema: &Schema) -> Result<Query> {
    let statements = parse(sql)?;
    match bind(&statements[0], schema)?.statement {
        Statement::Query(query) => Ok(*query),
        other => panic!("not a query: {other:?}"),
    }
}

/// What a script shows: the text, or ! and the SQLSTATE.
pub(super) fn shown(result: Result<String>) -> String {
    result.unwrap_or_else(|error| format!("!{}", error.sqlstate()))
}

fn expression(sql: &str) -> Result<Expr> {
    Ok(query(&format!("SELECT {sql}"), &Schema::default())?.projection[0].clone())
}

/// Puts each literal into a column of `rows` rows.
fn literals_to_columns(expr: &mut Expr, rows: usize, columns: &mut Vec<ArrayRef>) {
    if let ExprKind::Literal(value) = &expr.kind {
        let column = repeat(value, expr.sql_type, rows).expect("a literal fits its type");
        expr.kind = ExprKind::Column(columns.len());
        columns.push(column);
        return;
    }
    for operand in operands(expr) {
        literals_to_columns(operand, rows, columns);
    }
}

fn operands(expr: &mut Expr) -> Vec<&mut Expr> {
    use ExprKind as K;
    match &mut expr.kind {
        K::Cast { input, .. }
        | K::Not(input)
        | K::Negate(input)
        | K::IsNull { input, .. }
        | K::IsBool { input, .. } => vec![input],
        K::And(list) | K::Or(list) | K::Coalesce(list) | K::Call(_, list) => {
            list.iter_mut().collect()
        }
        K::Compare(_, left, right)
        | K::Distinct { left, right, .. }
        | K::Arithmetic(_, left, right) => vec![left, right],
        K::InList { input, list, .. } => list.iter_mut().chain([&mut **input]).collect(),
        K::Like { input, pattern, .. } => vec![input, pattern],
        K::Case {
            branches,
            otherwise,
        } => branches
            .iter_mut()
            .flat_map(|(condition, result)| [condition, result])
            .chain(otherwise.as_deref_mut())
            .collect(),
        _ => Vec::new(),
    }
}

/// The value over columns, which must be the same in each row.
fn over_columns(mut expr: Expr, rows: usize) -> Result<String> {
    let mut columns = Vec::new();
    literals_to_columns(&mut expr, rows, &mut columns);
    let array = evaluate(&expr, &columns, rows, &context())?;
    assert_eq!(array.len(), rows);
    let values: Vec<String> = (0..rows)
        .map(|row| value_at(&array, row, expr.sql_type).to_string())
        .collect();
    assert!(values.iter().all(|v| *v == values[0]), "{values:?}");
    Ok(values[0].clone())
}

fn check_constants(script: &'static str) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (sql, expected) in cases(script) {
        count += 1;
        let constant =
            expression(sql).and_then(|expr| Ok(evaluate_constant(&expr, &context())?.to_string()));
        let constant = shown(constant);
        let column = shown(expression(sql).and_then(|expr| over_columns(expr, 3)));
        if constant != expected || column != expected {
            wrong.push(format!("{sql}\n    {expected}\n    {constant} / {column}"));
        }
    }
    assert!(count > 100 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn operators_are_those_of_postgresql() {
    check_constants(include_str!("constants.txt"));
}

#[test]
fn functions_are_those_of_postgresql() {
    check_constants(include_str!("functions.txt"));
}

#[test]
fn the_clock_is_the_one_of_the_context() {
    for (sql, expected) in [
        ("now()", "2020-03-01 12:00:00+00"),
        ("localtimestamp(0)", "2020-03-01 12:00:00"),
        ("localtime", "12:00:00"),
        ("age(date '2020-02-01')", "1 mon"),
        ("current_date", "2020-03-01"),
    ] {
        let expr = expression(sql).expect("it can be bound");
        let value = evaluate_constant(&expr, &context()).expect("it has a value");
        assert_eq!(value.to_string(), expected);
    }
}
