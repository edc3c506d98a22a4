//! Keys against the order of the values that they encode.

use super::*;
use crate::types::{Interval, SqlType, Value};
use bigdecimal::BigDecimal;
use num_bigint::BigInt;
use proptest::prelude::*;
use std::cmp::Ordering;

fn value_of(sql_type: SqlType) -> BoxedStrategy<Value> {
    let value = match sql_type {
        SqlType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        SqlType::Int2 => any::<i16>().prop_map(Value::Int2).boxed(),
        SqlType::Int4 => any::<i32>().prop_map(Value::Int4).boxed(),
        SqlType::Int8 => prop_oneof![any::<i64>(), -3i64..3]
            .prop_map(Value::Int8)
            .boxed(),
        SqlType::Float4 => prop_oneof![
            any::<f32>(),
            Just(-0.0),
            Just(0.0),
            Just(f32::NAN),
            Just(f32::INFINITY)
        ]
        .prop_map(Value::Float4)
        .boxed(),
        SqlType::Float8 => prop_oneof![
            any::<f64>(),
            Just(-0.0),
            Just(0.0),
            Just(-f64::NAN),
            Just(f64::NEG_INFINITY)
        ]
        .prop_map(Value::Float8)
        .boxed(),
        SqlType::Numeric(_) => prop_oneof![
            (any::<i128>(), 0i64..40),
            (-1200i128..1200, 0i64..4),
            (any::<i64>().prop_map(i128::from), 0i64..20)
        ]
        .prop_map(|(digits, scale)| Value::Numeric(BigDecimal::new(BigInt::from(digits), scale)))
        .boxed(),
        SqlType::Bytes => {
            proptest::collection::vec(prop_oneof![0u8..3, 250u8..=255, any::<u8>()], 0..6)
                .prop_map(Value::Bytes)
                .boxed()
        }
        SqlType::Date => any::<i32>().prop_map(Value::Date).boxed(),
        SqlType::Timestamp(_) => any::<i64>().prop_map(Value::Timestamp).boxed(),
        SqlType::TimestampTz(_) => any::<i64>().prop_map(Value::TimestampTz).boxed(),
        SqlType::Time(_) => (0i64..=86_400_000_000).prop_map(Value::Time).boxed(),
        SqlType::Interval(_) => prop_oneof![
            any::<(i32, i32, i64)>(),
            (
                -2i32..3,
                -60i32..61,
                (-3i64..4).prop_map(|d| d * 86_400_000_000)
            )
        ]
        .prop_map(|(m, d, t)| Value::Interval(Interval::new(m, d, t)))
        .boxed(),
        SqlType::Uuid => any::<[u8; 16]>().prop_map(Value::Uuid).boxed(),
        _ => "[\\x00-\\x02a-bé\u{10ffff}]{0,5}"
            .prop_map(Value::Text)
            .boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 9 => value].boxed()
}

fn types() -> impl Strategy<Value = SqlType> {
    proptest::sample::select(SqlType::KEYS.as_slice())
}

/// Two keys of up to three columns, and which columns are descending.
fn two_keys() -> impl Strategy<Value = Vec<(SqlType, bool, Value, Value)>> {
    let column = (types(), any::<bool>()).prop_flat_map(|(t, d)| {
        (Just(t), Just(d), value_of(t), value_of(t), any::<bool>())
            .prop_map(|(t, d, a, b, same)| (t, d, a.clone(), if same { a } else { b }))
    });
    proptest::collection::vec(column, 1..4)
}

fn float_order(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.partial_cmp(&b).expect("neither is NaN"),
    }
}

/// PostgreSQL's ascending order, NULLs last.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int2(a), Value::Int2(b)) => a.cmp(b),
        (Value::Int4(a), Value::Int4(b)) | (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Int8(a), Value::Int8(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Float4(a), Value::Float4(b)) => float_order(f64::from(*a), f64::from(*b)),
        (Value::Float8(a), Value::Float8(b)) => float_order(*a, *b),
        (Value::Numeric(a), Value::Numeric(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::TimestampTz(a), Value::TimestampTz(b)) | (Value::Time(a), Value::Time(b)) => {
            a.cmp(b)
        }
        (Value::Interval(a), Value::Interval(b)) => a.span().cmp(&b.span()),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        _ => panic!("{a:?} and {b:?} are of different types"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    /// KEY-1.
    #[test]
    fn order_of_keys_is_order_of_values(columns in two_keys()) {
        let (mut left, mut right, mut expected) = (Vec::new(), Vec::new(), Ordering::Equal);
        for (_, descending, a, b) in &columns {
            append_key(&mut left, a, *descending);
            append_key(&mut right, b, *descending);
            let column = if *descending { order(b, a) } else { order(a, b) };
            expected = expected.then(column);
        }
        prop_assert_eq!(left.cmp(&right), expected);
        prop_assert!(left == right || !left.starts_with(&right));
    }

    #[test]
    fn a_key_decodes_to_its_values(columns in two_keys()) {
        let mut key = Vec::new();
        for (_, descending, a, _) in &columns {
            append_key(&mut key, a, *descending);
        }
        let mut rest = key.as_slice();
        for (sql_type, descending, a, _) in &columns {
            let decoded = decode_key(&mut rest, *sql_type, *descending).unwrap();
            prop_assert_eq!(order(&decoded, a), Ordering::Equal, "{:?} {:?}", decoded, a);
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn damaged_keys_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..24), t in types(), d in any::<bool>()) {
        if let Err(error) = decode_key(&mut bytes.as_slice(), t, d) {
            prop_assert_eq!(error.sqlstate(), "XX001");
        }
    }

    #[test]
    fn row_ids_keep_their_order(a in any::<i64>(), b in any::<i64>()) {
        prop_assert_eq!(encode_row_id(a).cmp(&encode_row_id(b)), a.cmp(&b));
        prop_assert_eq!(decode_row_id(&encode_row_id(a)).unwrap(), a);
    }
}

/// KEY-2.
#[test]
fn scale_and_sign_of_zero_do_not_matter() {
    let key = |v: &Value| {
        let mut out = Vec::new();
        append_key(&mut out, v, false);
        out
    };
    let numeric = |digits: i64, scale| Value::Numeric(BigDecimal::new(BigInt::from(digits), scale));
    assert_eq!(key(&numeric(10, 1)), key(&numeric(100, 2)));
    assert_eq!(key(&numeric(0, 0)), key(&numeric(0, 5)));
    assert_eq!(key(&Value::Float8(-0.0)), key(&Value::Float8(0.0)));
    let declared = decode_key(
        &mut key(&numeric(15, 1)).as_slice(),
        SqlType::Numeric(Some((8, 3))),
        false,
    )
    .unwrap();
    assert_eq!(format!("{declared:?}"), format!("{:?}", numeric(1500, 3)));
}
