//! Queries over the table of the scripts, run by the evaluator and the accumulators alone.

use super::{cases, context, query, shown};
use crate::Result;
use crate::catalog::Schema;
use crate::exec::eval::aggregate::{Accumulator, accumulator};
use crate::exec::eval::{evaluate, evaluate_predicate};
use crate::sql::bound::{Aggregate, AggregateCall, Expr, From, Query, Statement};
use crate::sql::{bind, parse};
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value, Zone};
use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use std::sync::Arc;

/// Columns of one length.
struct Rows {
    columns: Vec<ArrayRef>,
    count: usize,
}

/// The table of the scripts, in a schema and as columns.
fn table() -> (Schema, Rows) {
    let mut statements = parse(include_str!("table.sql")).expect("the table is SQL");
    let insert = statements.pop().expect("the table has rows");
    let create = bind(&statements[0], &Schema::default()).expect("the table can be bound");
    let Statement::CreateTable(create) = create.statement else {
        panic!("the script begins with the table");
    };
    let table = create.table;
    let columns = table.columns.clone();
    let schema = Schema::new([Arc::new(table)]);
    let insert = bind(&insert, &schema).expect("the rows can be bound");
    let Statement::Insert(insert) = insert.statement else {
        panic!("the script ends with the rows");
    };
    let rows = run(
        &insert.source,
        &Rows {
            columns: Vec::new(),
            count: 1,
        },
    )
    .expect("the rows are right");
    assert_eq!(rows.columns.len(), columns.len());
    (schema, rows)
}

fn project(expressions: &[Expr], input: &Rows) -> Result<Rows> {
    let columns = expressions
        .iter()
        .map(|e| evaluate(e, &input.columns, input.count, &context()))
        .collect::<Result<_>>()?;
    Ok(Rows {
        columns,
        count: input.count,
    })
}

fn filter(condition: Option<&Expr>, input: Rows) -> Result<Rows> {
    let Some(condition) = condition else {
        return Ok(input);
    };
    let mask = evaluate_predicate(
        std::slice::from_ref(condition),
        &input.columns,
        input.count,
        &context(),
    )?;
    let columns = input.columns.iter();
    Ok(Rows {
        columns: columns
            .map(|c| arrow_select::filter::filter(c, &mask).expect("a mask of its length"))
            .collect(),
        count: mask.true_count(),
    })
}

fn values(rows: &[Vec<Expr>], types: &[SqlType]) -> Result<Rows> {
    let mut builders: Vec<_> = types.iter().map(|t| ColumnBuilder::new(*t, 0)).collect();
    for row in rows {
        for (expr, builder) in row.iter().zip(&mut builders) {
            builder.push(&super::evaluate_constant(expr, &context())?)?;
        }
    }
    Ok(Rows {
        columns: builders.iter_mut().map(ColumnBuilder::finish).collect(),
        count: rows.len(),
    })
}

fn run(query: &Query, table: &Rows) -> Result<Rows> {
    let whole = || Rows {
        columns: table.columns.clone(),
        count: table.count,
    };
    let input = match &query.from {
        Some(From::Values { rows, types }) => values(rows, types)?,
        Some(From::Subquery { query, .. }) => run(query, table)?,
        _ => whole(),
    };
    let mut rows = filter(query.filter.as_ref(), input)?;
    if let Some(aggregate) = &query.aggregate {
        rows = filter(aggregate.having.as_ref(), group(aggregate, &rows)?)?;
    }
    project(&query.projection, &rows)
}

/// Groups in the order of their keys, which all scripts ask for; rows come in batches of three.
fn group(aggregate: &Aggregate, input: &Rows) -> Result<Rows> {
    let keys = project(&aggregate.keys, input)?;
    let key_of = |row: usize| -> Vec<Value> {
        let types = aggregate.keys.iter().map(|k| k.sql_type);
        let columns = keys.columns.iter().zip(types);
        columns.map(|(c, t)| value_at(c, row, t)).collect()
    };
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut indices = Vec::new();
    let all: Vec<Vec<Value>> = (0..input.count).map(key_of).collect();
    let mut sorted = all.clone();
    sorted.sort_by(|a, b| {
        let orders = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    for key in sorted {
        if groups.last() != Some(&key) {
            groups.push(key);
        }
    }
    for key in &all {
        let group = groups
            .iter()
            .position(|g| g == key)
            .expect("its key is known");
        indices.push(group as u32);
    }
    if aggregate.keys.is_empty() {
        groups = vec![Vec::new()];
    }
    let types: Vec<SqlType> = aggregate.keys.iter().map(|k| k.sql_type).collect();
    let mut builders: Vec<_> = types.iter().map(|t| ColumnBuilder::new(*t, 0)).collect();
    for key in &groups {
        for (value, builder) in key.iter().zip(&mut builders) {
            builder.push(value)?;
        }
    }
    let mut columns: Vec<ArrayRef> = builders.iter_mut().map(ColumnBuilder::finish).collect();
    for call in &aggregate.calls {
        columns.push(results(call, &indices, groups.len(), input)?);
    }
    Ok(Rows {
        columns,
        count: groups.len(),
    })
}

/// The results of one aggregate.
fn results(call: &AggregateCall, indices: &[u32], groups: usize, input: &Rows) -> Result<ArrayRef> {
    let mut states: Box<dyn Accumulator> = accumulator(call, Zone::UTC)?;
    for start in (0..input.count).step_by(3) {
        let length = 3.min(input.count - start);
        let slices = input.columns.iter().map(|c| c.slice(start, length));
        let batch = Rows {
            columns: slices.collect(),
            count: length,
        };
        let arguments = project(&call.arguments, &batch)?;
        let mask = call
            .filter
            .as_ref()
            .map(|f| evaluate(f, &batch.columns, length, &context()))
            .transpose()?;
        states.update(
            &indices[start..start + length],
            groups,
            &arguments.columns,
            mask.as_ref().map(|m| m.as_boolean()),
        )?;
    }
    assert!(groups == 0 || states.size_bytes() > 0 || input.count == 0);
    states.finish(groups)
}

#[test]
fn columns_and_aggregates_are_those_of_postgresql() {
    let (schema, table) = table();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (sql, expected) in cases(include_str!("columns.txt")) {
        count += 1;
        let result = query(&format!("SELECT {sql}"), &schema).and_then(|query| {
            let rows = run(&query, &table)?;
            let lines: Vec<String> = (0..rows.count)
                .map(|row| {
                    let visible = rows.columns.iter().zip(&query.output);
                    let values: Vec<String> = visible
                        .map(|(c, output)| value_at(c, row, output.sql_type).to_string())
                        .collect();
                    values.join(",")
                })
                .collect();
            Ok(lines.join("|"))
        });
        let found = shown(result);
        if found != expected {
            wrong.push(format!("{sql}\n    {expected}\n    {found}"));
        }
    }
    assert!(count > 80 && wrong.is_empty(), "{}", wrong.join("\n"));
}
