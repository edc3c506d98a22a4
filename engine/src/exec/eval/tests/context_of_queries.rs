//! What an expression takes from around it: parameters, rows of outer queries, subqueries. And how deep it may be.

use super::{context, shown};
use crate::Result;
use crate::exec::eval::{EvalContext, SubqueryRows, SubqueryRunner, evaluate, evaluate_constant};
use crate::sql::bound::{ArithmeticOp, Expr, ExprKind, Query};
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value};
use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use std::cell::Cell;
use std::rc::Rc;

fn expr(kind: ExprKind, sql_type: SqlType) -> Expr {
    Expr { kind, sql_type }
}

fn integer(value: i32) -> Expr {
    expr(ExprKind::Literal(Value::Int4(value)), SqlType::Int4)
}

fn integers(values: &[Option<i32>]) -> ArrayRef {
    let mut builder = ColumnBuilder::new(SqlType::Int4, values.len());
    for value in values {
        let value = value.map_or(Value::Null, Value::Int4);
        builder.push(&value).expect("it is an integer");
    }
    builder.finish()
}

fn empty_query() -> Box<Query> {
    Box::default()
}

/// Answers every query with rows: always the same, or as many as the first column of the row outside says, each of
/// its value.
struct Answers {
    fixed: Option<Vec<Option<i32>>>,
    asked: Cell<usize>,
}

impl SubqueryRunner for Answers {
    fn is_correlated(&self, _: &Query) -> bool {
        self.fixed.is_none()
    }

    fn run(
        &self,
        _: &Query,
        columns: &[ArrayRef],
        row: usize,
        rows_max: usize,
    ) -> Result<Rc<SubqueryRows>> {
        self.asked.set(self.asked.get() + 1);
        let mut rows = match &self.fixed {
            Some(rows) => rows.clone(),
            None => {
                let value = columns[0].as_primitive::<Int32Type>().value(row);
                vec![Some(value); value as usize]
            }
        };
        rows.truncate(rows_max);
        // In pieces of one row, with an empty one at the front.
        let pieces = std::iter::once(integers(&[]));
        let pieces = pieces.chain(rows.iter().map(|r| integers(&[*r])));
        let columns = vec![pieces.collect()];
        Ok(Rc::new(SubqueryRows::new(rows.len(), columns)))
    }
}

/// Values of `kind` over rows of a column, and how often the runner was asked.
fn answers(
    kind: ExprKind,
    sql_type: SqlType,
    fixed: Option<&[Option<i32>]>,
    rows: &[Option<i32>],
) -> (String, usize) {
    let runner = Answers {
        fixed: fixed.map(<[_]>::to_vec),
        asked: Cell::new(0),
    };
    let context = EvalContext {
        subqueries: Some(&runner),
        ..context()
    };
    let result = evaluate(
        &expr(kind, sql_type),
        &[integers(rows)],
        rows.len(),
        &context,
    );
    let text = shown(result.map(|array| {
        let values = (0..rows.len()).map(|row| value_at(&array, row, sql_type).to_string());
        values.collect::<Vec<_>>().join(" ")
    }));
    (text, runner.asked.get())
}

const ROWS: &[Option<i32>] = &[Some(0), Some(1), Some(1)];

#[test]
fn a_scalar_subquery_has_one_row_or_none() {
    let scalar = || ExprKind::ScalarSubquery(empty_query());
    let check = |fixed, rows| answers(scalar(), SqlType::Int4, fixed, rows);
    assert_eq!(check(None, ROWS), ("NULL 1 1".into(), 3));
    assert_eq!(check(None, &[Some(1), Some(2)]), ("!21000".into(), 2));
    assert_eq!(check(Some(&[Some(7)]), ROWS), ("7 7 7".into(), 1));
    assert_eq!(check(Some(&[]), ROWS), ("NULL NULL NULL".into(), 1));
    assert_eq!(check(Some(&[Some(7), None]), ROWS), ("!21000".into(), 1));
    assert_eq!(check(Some(&[Some(7), None]), &[]), (String::new(), 0));
}

#[test]
fn exists_is_never_null() {
    let exists = |negated| ExprKind::Exists {
        query: empty_query(),
        negated,
    };
    let check = |negated, fixed| answers(exists(negated), SqlType::Bool, fixed, ROWS);
    assert_eq!(check(false, None), ("f t t".into(), 3));
    assert_eq!(check(true, None), ("t f f".into(), 3));
    assert_eq!(check(false, Some(&[None])), ("t t t".into(), 1));
    assert_eq!(check(true, Some(&[])), ("t t t".into(), 1));
}

#[test]
fn in_a_subquery_is_null_where_only_a_null_could_be_the_value() {
    let within = |negated| ExprKind::InSubquery {
        inputs: vec![expr(ExprKind::Column(0), SqlType::Int4)],
        query: empty_query(),
        negated,
    };
    let rows = &[Some(1), Some(2), None];
    let check = |negated, fixed| answers(within(negated), SqlType::Bool, fixed, rows);
    assert_eq!(check(false, Some(&[Some(1)])), ("t f NULL".into(), 1));
    assert_eq!(check(true, Some(&[Some(1)])), ("f t NULL".into(), 1));
    assert_eq!(
        check(false, Some(&[Some(1), None])),
        ("t NULL NULL".into(), 1)
    );
    assert_eq!(
        check(true, Some(&[Some(1), None])),
        ("f NULL NULL".into(), 1)
    );
    assert_eq!(check(false, Some(&[])), ("f f f".into(), 1));
    assert_eq!(check(true, Some(&[])), ("t t t".into(), 1));
    let correlated = answers(within(false), SqlType::Bool, None, ROWS);
    assert_eq!(correlated, ("f t t".into(), 3));
}

#[test]
fn a_subquery_runs_only_for_the_rows_that_reach_it() {
    let kind = ExprKind::And(vec![
        expr(
            ExprKind::Compare(
                crate::sql::bound::CompareOp::Eq,
                Box::new(expr(ExprKind::Column(0), SqlType::Int4)),
                Box::new(integer(1)),
            ),
            SqlType::Bool,
        ),
        expr(
            ExprKind::Exists {
                query: empty_query(),
                negated: false,
            },
            SqlType::Bool,
        ),
    ]);
    assert_eq!(
        answers(kind, SqlType::Bool, None, ROWS),
        ("f t t".into(), 2)
    );
}

#[test]
fn parameters_and_outer_rows_are_found_by_position() {
    let (outer, nearest) = ([Value::Int4(1)], [Value::Int4(2), Value::Int4(3)]);
    let context = EvalContext {
        parameters: &[Value::Int4(10), Value::Null],
        outer_rows: &[&outer, &nearest],
        ..context()
    };
    let outer_column = |depth, column| ExprKind::OuterColumn { depth, column };
    for (kind, expected) in [
        (ExprKind::Parameter(0), "10"),
        (ExprKind::Parameter(1), "NULL"),
        (ExprKind::Parameter(2), "!42P02"),
        (outer_column(1, 1), "3"),
        (outer_column(2, 0), "1"),
        (outer_column(3, 0), "!XX000"),
        (ExprKind::Column(0), "!XX000"),
        (ExprKind::ScalarSubquery(empty_query()), "!0A000"),
    ] {
        let value = evaluate_constant(&expr(kind, SqlType::Int4), &context);
        assert_eq!(shown(value.map(|v| v.to_string())), expected);
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        (0..levels).fold(integer(0), |inner, _| {
            let sum =
                ExprKind::Arithmetic(ArithmeticOp::Add, Box::new(inner), Box::new(integer(1)));
            expr(sum, SqlType::Int4)
        })
    };
    for (levels, expected) in [(500, "500"), (5_000, "!54001")] {
        let value = evaluate_constant(&nested(levels), &context());
        assert_eq!(shown(value.map(|v| v.to_string())), expected);
    }
}

#[test]
fn a_numeric_has_no_nan() {
    for text in ["NaN", "Infinity", "-Infinity"] {
        let input = Value::from_text(text, SqlType::Float8).expect("a float has it");
        let cast = ExprKind::Cast {
            input: Box::new(expr(ExprKind::Literal(input), SqlType::Float8)),
            explicit: true,
        };
        let value = evaluate_constant(&expr(cast, SqlType::Numeric(None)), &context());
        assert_eq!(shown(value.map(|v| v.to_string())), "!0A000");
    }
}
