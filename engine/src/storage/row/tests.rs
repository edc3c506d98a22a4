//! Rows against the values that went in, one by one and in batches.

use super::*;
use crate::storage::EntryBatch;
use crate::storage::key::encode_row_id;
use crate::types::{ElementType, Interval, SqlArray, SqlType, Value};
use arrow_array::Array;
use bigdecimal::BigDecimal;
use num_bigint::BigInt;
use proptest::prelude::*;

/// The types of columns: those of keys, and arrays of some.
fn types() -> Vec<SqlType> {
    let of = [
        SqlType::Int4,
        SqlType::Text,
        SqlType::Numeric(None),
        SqlType::Interval(None),
    ];
    let arrays = of
        .into_iter()
        .filter_map(ElementType::new)
        .map(SqlType::Array);
    SqlType::KEYS.into_iter().chain(arrays).collect()
}

fn value_of(sql_type: SqlType) -> BoxedStrategy<Value> {
    let value = match sql_type {
        SqlType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        SqlType::Int2 => any::<i16>().prop_map(Value::Int2).boxed(),
        SqlType::Int4 => any::<i32>().prop_map(Value::Int4).boxed(),
        SqlType::Int8 => any::<i64>().prop_map(Value::Int8).boxed(),
        SqlType::Float4 => (-1e9f32..1e9).prop_map(Value::Float4).boxed(),
        SqlType::Float8 => (-1e9f64..1e9).prop_map(Value::Float8).boxed(),
        SqlType::Numeric(_) => (any::<i128>(), 0i64..30)
            .prop_map(|(digits, scale)| {
                Value::Numeric(BigDecimal::new(BigInt::from(digits), scale))
            })
            .boxed(),
        SqlType::Bytes => proptest::collection::vec(any::<u8>(), 0..200)
            .prop_map(Value::Bytes)
            .boxed(),
        SqlType::Date => any::<i32>().prop_map(Value::Date).boxed(),
        SqlType::Timestamp(_) => any::<i64>().prop_map(Value::Timestamp).boxed(),
        SqlType::TimestampTz(_) => any::<i64>().prop_map(Value::TimestampTz).boxed(),
        SqlType::Time(_) => any::<i64>().prop_map(Value::Time).boxed(),
        SqlType::Interval(_) => any::<(i32, i32, i64)>()
            .prop_map(|(m, d, t)| Value::Interval(Interval::new(m, d, t)))
            .boxed(),
        SqlType::Uuid => any::<[u8; 16]>().prop_map(Value::Uuid).boxed(),
        SqlType::Array(element) => proptest::collection::vec(value_of(element.sql_type()), 0..20)
            .prop_map(move |values| Value::Array(SqlArray::new(element, values)))
            .boxed(),
        _ => "[a-zé]{0,150}".prop_map(Value::Text).boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 6 => value].boxed()
}

#[derive(Clone, Debug)]
struct Case {
    types: Vec<SqlType>,
    row_id_column: Option<usize>,
    rows: Vec<(i64, Vec<Value>)>,
    projection: Vec<usize>,
}

fn cases() -> impl Strategy<Value = Case> {
    let types = proptest::collection::vec(proptest::sample::select(types()), 1..12);
    (types, any::<bool>(), any::<proptest::sample::Index>())
        .prop_flat_map(|(mut types, has_row_id, at)| {
            let row_id_column = has_row_id.then(|| at.index(types.len()));
            if let Some(column) = row_id_column {
                types[column] = SqlType::Int8;
            }
            let row: Vec<_> = types.iter().map(|t| value_of(*t)).collect();
            let rows = proptest::collection::vec((any::<i64>(), row), 1..8);
            let projection = proptest::collection::vec(0..types.len(), 0..types.len() + 1);
            (Just(types), Just(row_id_column), rows, projection)
        })
        .prop_map(|(types, row_id_column, mut rows, projection)| {
            if let Some(column) = row_id_column {
                for (id, row) in &mut rows {
                    row[column] = Value::Int8(*id);
                }
            }
            Case {
                types,
                row_id_column,
                rows,
                projection,
            }
        })
}

fn batch_of(case: &Case) -> EntryBatch {
    let mut batch = EntryBatch::default();
    for (id, values) in &case.rows {
        let mut row = Vec::new();
        encode_row(values, case.row_id_column, &mut row);
        batch.push(&encode_row_id(*id), &row);
    }
    batch
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn one_row_decodes_to_its_values(case in cases()) {
        let batch = batch_of(&case);
        for (i, (_, values)) in case.rows.iter().enumerate() {
            let decoded = decode_row(batch.key(i), batch.value(i), &case.types, &case.projection, case.row_id_column).unwrap();
            let expected: Vec<_> = case.projection.iter().map(|c| values[*c].clone()).collect();
            prop_assert_eq!(decoded, expected);
        }
    }

    #[test]
    fn a_batch_goes_through_arrays_and_back(case in cases()) {
        let batch = batch_of(&case);
        let all: Vec<usize> = (0..case.types.len()).collect();
        let arrays = RowDecoder::new(&case.types, &all, case.row_id_column).decode(&batch).unwrap();
        let encoder = RowEncoder::new(&case.types, &arrays, case.row_id_column).unwrap();
        prop_assert_eq!(encoder.len(), batch.len());
        for i in 0..batch.len() {
            let mut row = Vec::new();
            encoder.encode(i, &mut row);
            prop_assert_eq!(row.as_slice(), batch.value(i));
        }
        let mut decoder = RowDecoder::new(&case.types, &case.projection, case.row_id_column);
        // A second time over the memory of the first.
        decoder.decode(&batch).unwrap();
        let projected = decoder.decode(&batch).unwrap();
        prop_assert_eq!(projected.len(), case.projection.len());
        for (array, column) in projected.iter().zip(&case.projection) {
            prop_assert_eq!(array.to_data(), arrays[*column].to_data());
        }
    }

    #[test]
    fn damaged_rows_are_errors(case in cases(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let (id, values) = &case.rows[0];
        let mut row = Vec::new();
        encode_row(values, case.row_id_column, &mut row);
        let at = at.index(row.len());
        if cut { row.truncate(at) } else { row[at] = byte }
        let key = encode_row_id(*id);
        let mut batch = EntryBatch::default();
        batch.push(&key, &row);
        if let Err(error) = decode_row(&key, &row, &case.types, &case.projection, case.row_id_column) {
            prop_assert_eq!(error.sqlstate(), "XX001");
        }
        if let Err(error) = RowDecoder::new(&case.types, &case.projection, case.row_id_column).decode(&batch) {
            prop_assert_eq!(error.sqlstate(), "XX001");
        }
    }
}

#[test]
fn columns_added_later_are_null() {
    let old = [Value::Int4(7), Value::Text("x".into())];
    let mut row = Vec::new();
    encode_row(&old, None, &mut row);
    let types = [SqlType::Int4, SqlType::Text, SqlType::Int8];
    let key = encode_row_id(1);
    let decoded = decode_row(&key, &row, &types, &[2, 0], None).unwrap();
    assert_eq!(decoded, [Value::Null, Value::Int4(7)]);
    let mut batch = EntryBatch::default();
    batch.push(&key, &row);
    let arrays = RowDecoder::new(&types, &[2, 1], None)
        .decode(&batch)
        .unwrap();
    assert!(arrays[0].is_null(0) && arrays[1].is_valid(0));
    let fewer = RowDecoder::new(&types[..1], &[0], None).decode(&batch);
    assert_eq!(fewer.unwrap_err().sqlstate(), "XX001");
}

#[test]
fn a_key_beyond_its_column_is_damage() {
    let mut batch = EntryBatch::default();
    batch.push(&encode_row_id(40_000), &[0]);
    let error = RowDecoder::new(&[SqlType::Int2], &[0], Some(0))
        .decode(&batch)
        .unwrap_err();
    assert_eq!(error.sqlstate(), "XX001");
    assert!(
        RowDecoder::new(&[SqlType::Int4], &[0], Some(0))
            .decode(&batch)
            .is_ok()
    );
}
