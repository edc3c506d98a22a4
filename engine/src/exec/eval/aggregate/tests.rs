//! Aggregates whose states are driven by hand: many groups, sums beyond 128 bits, speed-bearing paths against slow ones.

use super::accumulator;
use crate::sql::bound::{AggregateCall, AggregateFunction, Expr, ExprKind};
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{Decimal, SqlType, Value, Zone};
use arrow_array::ArrayRef;
use bigdecimal::BigDecimal;
use proptest::prelude::*;

fn call(function: AggregateFunction, argument: SqlType, sql_type: SqlType) -> AggregateCall {
    AggregateCall {
        function,
        arguments: vec![Expr {
            kind: ExprKind::Column(0),
            sql_type: argument,
        }],
        order_by: Vec::new(),
        distinct: false,
        filter: None,
        sql_type,
    }
}

fn column(values: &[Value], sql_type: SqlType) -> ArrayRef {
    let mut builder = ColumnBuilder::new(sql_type, values.len());
    for value in values {
        builder.push(value).expect("values of the column's type");
    }
    builder.finish()
}

/// The results of a call over rows in batches of `batch`.
fn results(call: &AggregateCall, groups: usize, rows: &[(u32, Value)], batch: usize) -> Vec<Value> {
    let mut states = accumulator(call, Zone::UTC).expect("a known aggregate");
    for rows in rows.chunks(batch) {
        let (indices, values): (Vec<u32>, Vec<Value>) = rows.iter().cloned().unzip();
        let column = column(&values, call.arguments[0].sql_type);
        states
            .update(&indices, groups, &[column], None)
            .expect("no overflow");
    }
    let array = states.finish(groups).expect("no overflow");
    assert_eq!(array.len(), groups);
    (0..groups)
        .map(|group| value_at(&array, group, call.sql_type))
        .collect()
}

#[test]
fn a_sum_of_numerics_goes_beyond_128_bits_and_comes_back() {
    let numeric =
        |text: &str| Value::Numeric(BigDecimal::from(&Decimal::parse(text).expect("a number")));
    let huge = "170141183460469231731687303715884105727";
    let rows: Vec<(u32, Value)> = [
        huge,
        huge,
        "0.50",
        &format!("-{huge}"),
        &format!("-{huge}"),
        "1",
    ]
    .iter()
    .map(|text| (0, numeric(text)))
    .collect();
    let sum = call(
        AggregateFunction::Sum,
        SqlType::Numeric(None),
        SqlType::Numeric(None),
    );
    for batch in [1, 2, 6] {
        assert_eq!(results(&sum, 1, &rows, batch)[0].to_string(), "1.50");
    }
}

proptest! {
    /// Sums, extremes and counts of one group and of several, over columns with NULLs, against 128-bit arithmetic.
    #[test]
    fn integers_agree_with_plain_loops(
        rows in prop::collection::vec((0u32..3, prop::option::of(any::<i64>())), 0..300),
        batch in 1usize..130,
        single in any::<bool>(),
    ) {
        let groups = if single { 1 } else { 3 };
        let rows: Vec<(u32, Option<i64>)> =
            rows.into_iter().map(|(g, v)| (if single { 0 } else { g }, v)).collect();
        let values: Vec<(u32, Value)> =
            rows.iter().map(|(g, v)| (*g, v.map_or(Value::Null, Value::Int8))).collect();
        let own = |group: usize| {
            rows.iter().filter(move |(g, _)| *g as usize == group).filter_map(|(_, v)| *v)
        };
        let sum = call(AggregateFunction::Sum, SqlType::Int8, SqlType::Numeric(None));
        let max = call(AggregateFunction::Max, SqlType::Int8, SqlType::Int8);
        let count = call(AggregateFunction::Count, SqlType::Int8, SqlType::Int8);
        let distinct = AggregateCall { distinct: true, ..count.clone() };
        let [sums, maxima, counts, sets] =
            [&sum, &max, &count, &distinct].map(|call| results(call, groups, &values, batch));
        for group in 0..groups {
            let total: i128 = own(group).map(i128::from).sum();
            let known = own(group).next().is_some();
            let total = if known { total.to_string() } else { "NULL".into() };
            prop_assert_eq!(sums[group].to_string(), total);
            prop_assert_eq!(&maxima[group], &own(group).max().map_or(Value::Null, Value::Int8));
            prop_assert_eq!(&counts[group], &Value::Int8(own(group).count() as i64));
            let set: std::collections::BTreeSet<i64> = own(group).collect();
            prop_assert_eq!(&sets[group], &Value::Int8(set.len() as i64));
        }
    }

    /// The fast loops over floats of one group give what a loop over [`Value::total_cmp`] gives.
    #[test]
    fn floats_agree_with_plain_loops(
        values in prop::collection::vec(prop_oneof![any::<f64>(), Just(f64::NAN), Just(-f64::NAN), Just(-0.0)], 1..60),
    ) {
        let rows: Vec<(u32, Value)> = values.iter().map(|v| (0, Value::Float8(*v))).collect();
        let sorted = {
            let mut sorted: Vec<Value> = rows.iter().map(|(_, v)| v.clone()).collect();
            sorted.sort_by(Value::total_cmp);
            sorted
        };
        let min = call(AggregateFunction::Min, SqlType::Float8, SqlType::Float8);
        let max = call(AggregateFunction::Max, SqlType::Float8, SqlType::Float8);
        prop_assert!(results(&min, 1, &rows, 25)[0].total_cmp(&sorted[0]).is_eq());
        prop_assert!(results(&max, 1, &rows, 25)[0].total_cmp(&sorted[sorted.len() - 1]).is_eq());
    }
}
