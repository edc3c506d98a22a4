//! Tests of types and values: text against PostgreSQL 15's own answers, numbers against `BigInt`.

use super::*;
use arrow_array::cast::AsArray;
use bigdecimal::BigDecimal;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::str::FromStr;

type Expected = Result<&'static str, (&'static str, &'static str)>;

/// Type, text, and what PostgreSQL 15 answers to `SELECT 'text'::type`.
#[rustfmt::skip]
const TEXT_CASES: &[(SqlType, &str, Expected)] = &[
    (SqlType::Date, r"infinit", Err(("22007", r#"invalid input syntax for type date: "infinit""#))),
    (SqlType::Date, r"2020-13-01", Err(("22008", r#"date/time field value out of range: "2020-13-01""#))),
    (SqlType::Date, r"2020-02-30", Err(("22008", r#"date/time field value out of range: "2020-02-30""#))),
    (SqlType::Date, r"2020-02-29", Ok(r"2020-02-29")),
    (SqlType::Date, r"2021-02-29", Err(("22008", r#"date/time field value out of range: "2021-02-29""#))),
    (SqlType::Date, r"1900-02-29", Err(("22008", r#"date/time field value out of range: "1900-02-29""#))),
    (SqlType::Date, r"2000-02-29", Ok(r"2000-02-29")),
    (SqlType::Date, r"20200131", Ok(r"2020-01-31")),
    (SqlType::Date, r"1/8/1999", Ok(r"1999-01-08")),
    (SqlType::Date, r"Jan 8, 1999 BC", Ok(r"1999-01-08 BC")),
    (SqlType::Date, r"0001-12-31 BC", Ok(r"0001-12-31 BC")),
    (SqlType::Date, r"0000-01-01", Err(("22008", r#"date/time field value out of range: "0000-01-01""#))),
    (SqlType::Date, r"6000000-01-01", Err(("22008", r#"date out of range: "6000000-01-01""#))),
    (SqlType::Date, r"5874897-12-31", Ok(r"5874897-12-31")),
    (SqlType::Date, r"4714-11-24 BC", Ok(r"4714-11-24 BC")),
    (SqlType::Date, r"4714-11-23 BC", Err(("22008", r#"date out of range: "4714-11-23 BC""#))),
    (SqlType::Date, r"8-Jan-1999", Ok(r"1999-01-08")),
    (SqlType::Date, r"1999-Jan-08", Ok(r"1999-01-08")),
    (SqlType::Date, r"January 8 1999", Ok(r"1999-01-08")),
    (SqlType::Date, r"1999.01.08", Ok(r"1999-01-08")),
    (SqlType::Date, r"99-01-08", Err(("22008", r#"date/time field value out of range: "99-01-08""#))),
    (SqlType::Date, r"", Err(("22007", r#"invalid input syntax for type date: """#))),
    (SqlType::Date, r"12:00", Err(("22007", r#"invalid input syntax for type date: "12:00""#))),
    (SqlType::Date, r"2020-1-1", Ok(r"2020-01-01")),
    (SqlType::Date, r"2020-01-01 xyz", Err(("22007", r#"invalid input syntax for type date: "2020-01-01 xyz""#))),
    (SqlType::Date, r"2020-01-01 00:00:00.5", Ok(r"2020-01-01")),
    (SqlType::Date, r"01/02/03", Ok(r"2003-01-02")),
    (SqlType::Date, r"13/01/2020", Err(("22008", r#"date/time field value out of range: "13/01/2020""#))),
    (SqlType::Date, r"epoch", Ok(r"1970-01-01")),
    (SqlType::Date, r"Thu Jan 02 2020", Ok(r"2020-01-02")),
    (SqlType::Date, r"01-01-70", Ok(r"1970-01-01")),
    (SqlType::Date, r"01-01-69", Ok(r"2069-01-01")),
    (SqlType::Date, r"2020-01", Err(("22007", r#"invalid input syntax for type date: "2020-01""#))),
    (SqlType::Date, r"2020-01-01-01", Err(("22007", r#"invalid input syntax for type date: "2020-01-01-01""#))),
    (SqlType::Date, r"2020-00-01", Err(("22008", r#"date/time field value out of range: "2020-00-01""#))),
    (SqlType::Timestamp(None), r"2020-01-01 25:00:00", Err(("22008", r#"date/time field value out of range: "2020-01-01 25:00:00""#))),
    (SqlType::Timestamp(None), r"2020-01-01 24:00:00", Ok(r"2020-01-02 00:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 23:59:60", Ok(r"2020-01-02 00:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 23:59:59.9999999", Ok(r"2020-01-02 00:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01T12:00:00Z", Ok(r"2020-01-01 12:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 12:00:00+02:30", Ok(r"2020-01-01 12:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 12:00:00-08", Ok(r"2020-01-01 12:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 12:00 PM", Ok(r"2020-01-01 12:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 12:00 AM", Ok(r"2020-01-01 00:00:00")),
    (SqlType::Timestamp(None), r"2020-01-01 01:30 PM", Ok(r"2020-01-01 13:30:00")),
    (SqlType::Timestamp(None), r"2020-01-01 13:00 PM", Err(("22008", r#"date/time field value out of range: "2020-01-01 13:00 PM""#))),
    (SqlType::Timestamp(None), r"2020-01-01 12", Err(("22007", r#"invalid input syntax for type timestamp: "2020-01-01 12""#))),
    (SqlType::Timestamp(None), r"2020-01-01 1:2:3", Ok(r"2020-01-01 01:02:03")),
    (SqlType::Timestamp(None), r"2020-01-01 12:60", Err(("22008", r#"date/time field value out of range: "2020-01-01 12:60""#))),
    (SqlType::Timestamp(None), r"294277-01-01", Err(("22008", r#"timestamp out of range: "294277-01-01""#))),
    (SqlType::Timestamp(None), r"20200131 121314", Ok(r"2020-01-31 12:13:14")),
    (SqlType::Timestamp(None), r"20200131T121314", Ok(r"2020-01-31 12:13:14")),
    (SqlType::Timestamp(None), r"2020-01-01 EST", Ok(r"2020-01-01 00:00:00")),
    (SqlType::Timestamp(None), r"0044-03-15 12:00:00.123456 BC", Ok(r"0044-03-15 12:00:00.123456 BC")),
    (SqlType::Timestamp(None), r"1969-12-31 23:59:59.999999", Ok(r"1969-12-31 23:59:59.999999")),
    (SqlType::Timestamp(None), r"2020-01-01 12:00:00.1", Ok(r"2020-01-01 12:00:00.1")),
    (SqlType::Bytes, r"\xz1", Err(("22023", r#"invalid hexadecimal digit: "z""#))),
    (SqlType::Bytes, r"\x123", Err(("22023", r#"invalid hexadecimal data: odd number of digits"#))),
    (SqlType::Bytes, r"\x12 34", Ok(r"\x1234")),
    (SqlType::Bytes, r"\xDEADbeef", Ok(r"\xdeadbeef")),
    (SqlType::Bytes, r"a\1", Err(("22P02", r#"invalid input syntax for type bytea"#))),
    (SqlType::Bytes, r"a\001\", Err(("22P02", r#"invalid input syntax for type bytea"#))),
    (SqlType::Bytes, r"", Ok(r"\x")),
    (SqlType::Numeric(None), r"1e131072", Err(("22003", r#"value overflows numeric format"#))),
    (SqlType::Numeric(None), r"1e-16384", Err(("22003", r#"value overflows numeric format"#))),
    (SqlType::Numeric(None), r"1e10000000000", Err(("22003", r#"value overflows numeric format"#))),
    (SqlType::Numeric(None), r"-1.10", Ok(r"-1.10")),
    (SqlType::Numeric(None), r".5", Ok(r"0.5")),
    (SqlType::Numeric(None), r"5.", Ok(r"5")),
    (SqlType::Numeric(None), r".", Err(("22P02", r#"invalid input syntax for type numeric: ".""#))),
    (SqlType::Numeric(None), r"1e3", Ok(r"1000")),
    (SqlType::Numeric(None), r"1.234e2", Ok(r"123.4")),
    (SqlType::Numeric(None), r"1.234e-2", Ok(r"0.01234")),
    (SqlType::Numeric(None), r"00012.500", Ok(r"12.500")),
    (SqlType::Numeric(None), r"-0.00", Ok(r"0.00")),
    (SqlType::Numeric(None), r"1e", Err(("22P02", r#"invalid input syntax for type numeric: "1e""#))),
    (SqlType::Numeric(None), r" 12.5 ", Ok(r"12.5")),
    (SqlType::Numeric(None), r"1 2", Err(("22P02", r#"invalid input syntax for type numeric: "1 2""#))),
    (SqlType::Numeric(None), r"12345678901234567890123456789012345678901234567890.5", Ok(r"12345678901234567890123456789012345678901234567890.5")),
    (SqlType::Numeric(None), r"170141183460469231731687303715884105727", Ok(r"170141183460469231731687303715884105727")),
    (SqlType::Numeric(None), r"170141183460469231731687303715884105728", Ok(r"170141183460469231731687303715884105728")),
    (SqlType::Numeric(None), r"-170141183460469231731687303715884105728", Ok(r"-170141183460469231731687303715884105728")),
    (SqlType::Numeric(Some((3,1))), r"12345", Err(("22003", r#"numeric field overflow"#))),
    (SqlType::Numeric(Some((3,1))), r"99.95", Err(("22003", r#"numeric field overflow"#))),
    (SqlType::Numeric(Some((3,1))), r"99.94", Ok(r"99.9")),
    (SqlType::Numeric(Some((3,-2))), r"1234", Ok(r"1200")),
    (SqlType::Numeric(Some((3,-2))), r"99950", Err(("22003", r#"numeric field overflow"#))),
    (SqlType::Numeric(Some((3,-2))), r"99949", Ok(r"99900")),
    (SqlType::Numeric(Some((3,5))), r"0.00012", Ok(r"0.00012")),
    (SqlType::Numeric(Some((3,5))), r"0.012", Err(("22003", r#"numeric field overflow"#))),
    (SqlType::Numeric(Some((2,2))), r"0.995", Err(("22003", r#"numeric field overflow"#))),
    (SqlType::Numeric(Some((2,2))), r"-0.994", Ok(r"-0.99")),
    (SqlType::Numeric(Some((10,2))), r"1.005", Ok(r"1.01")),
    (SqlType::Varchar(Some(3)), r"abc", Ok(r"abc")),
    (SqlType::Char(Some(3)), r"abc  ", Ok(r"abc")),
    (SqlType::Char(Some(3)), r"a", Ok(r"a")),
    (SqlType::Char(Some(3)), r"abcd", Err(("22001", r#"value too long for type character(3)"#))),
    (SqlType::Uuid, r"{a0ee-bc999c0b4ef8bb6d6bb9bd380a11}", Ok(r"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
    (SqlType::Uuid, r"a0eebc99", Err(("22P02", r#"invalid input syntax for type uuid: "a0eebc99""#))),
    (SqlType::Time(None), r"24:00:01", Err(("22008", r#"date/time field value out of range: "24:00:01""#))),
    (SqlType::Time(None), r"1234", Ok(r"12:34:00")),
    (SqlType::Time(None), r"12:34 2020-01-01", Err(("22007", r#"invalid input syntax for type time: "12:34 2020-01-01""#))),
    (SqlType::Interval(None), r"-9223372036854775808 us", Ok(r"-2562047788:00:54.775808")),
    (SqlType::Interval(None), r"1 year -1 mon 2 days -3:04", Ok(r"11 mons 2 days -03:04:00")),
    (SqlType::TimestampTz(None), r"2020-06-01 12:00 america/New_York", Ok(r"2020-06-01 16:00:00+00")),
    (SqlType::TimestampTz(None), r"2024-03-10 02:30 America/New_York", Ok(r"2024-03-10 07:30:00+00")),
    (SqlType::TimestampTz(None), r"2024-11-03 01:30 America/New_York", Ok(r"2024-11-03 06:30:00+00")),
    (SqlType::TimestampTz(None), r"2024-11-03 01:30 Nowhere/Land", Err(("22023", r#"time zone "nowhere/land" not recognized"#))),
    (SqlType::TimestampTz(None), r"2020-01-01 12:00+16", Err(("22009", r#"time zone displacement out of range: "2020-01-01 12:00+16""#))),
    (SqlType::Varchar(Some(3)), r"ä€x", Ok(r"ä€x")),
    (SqlType::Bool, r"yess", Err(("22P02", r#"invalid input syntax for type boolean: "yess""#))),
    (SqlType::Bool, r" tr ", Ok(r"t")),
    (SqlType::Bool, r"ON", Ok(r"t")),
    (SqlType::Bool, r"of", Ok(r"f")),
    (SqlType::Bool, r"o", Err(("22P02", r#"invalid input syntax for type boolean: "o""#))),
    (SqlType::Bool, r"0", Ok(r"f")),
    (SqlType::Bool, r"n", Ok(r"f")),
    (SqlType::Float8, r"1e400", Err(("22003", r#""1e400" is out of range for type double precision"#))),
    (SqlType::Float8, r"1e-400", Err(("22003", r#""1e-400" is out of range for type double precision"#))),
    (SqlType::Float8, r"1e23", Ok(r"9.999999999999999e+22")),
    (SqlType::Float8, r"8.41e21", Ok(r"8.409999999999999e+21")),
    (SqlType::Float8, r"2e23", Ok(r"1.9999999999999998e+23")),
    (SqlType::Float8, r"5e-324", Ok(r"5e-324")),
    (SqlType::Float8, r"1e15", Ok(r"1e+15")),
    (SqlType::Float8, r"123456789012345", Ok(r"123456789012345")),
    (SqlType::Float8, r"9007199254740993", Ok(r"9.007199254740992e+15")),
    (SqlType::Float8, r"0.0001", Ok(r"0.0001")),
    (SqlType::Float8, r"0.00001", Ok(r"1e-05")),
    (SqlType::Float8, r"-0", Ok(r"-0")),
    (SqlType::Float8, r" nan", Ok(r"NaN")),
    (SqlType::Float8, r"-Infinity", Ok(r"-Infinity")),
    (SqlType::Float8, r"inf", Ok(r"Infinity")),
    (SqlType::Float8, r"infx", Err(("22P02", r#"invalid input syntax for type double precision: "infx""#))),
    (SqlType::Float8, r"1e5x", Err(("22P02", r#"invalid input syntax for type double precision: "1e5x""#))),
    (SqlType::Float8, r"0.1", Ok(r"0.1")),
    (SqlType::Float8, r"100", Ok(r"100")),
    (SqlType::Float8, r"1.7976931348623157e308", Ok(r"1.7976931348623157e+308")),
    (SqlType::Float8, r"2.2250738585072014e-308", Ok(r"2.2250738585072014e-308")),
    (SqlType::Float4, r"1e40", Err(("22003", r#""1e40" is out of range for type real"#))),
    (SqlType::Float4, r"0.1", Ok(r"0.1")),
    (SqlType::Float4, r"1e6", Ok(r"1e+06")),
    (SqlType::Float4, r"123456", Ok(r"123456")),
    (SqlType::Float4, r"16777217", Ok(r"1.6777216e+07")),
    (SqlType::Float4, r"3.4028235e38", Ok(r"3.4028235e+38")),
    (SqlType::Float4, r"1e-46", Err(("22003", r#""1e-46" is out of range for type real"#))),
    (SqlType::Float4, r"1.17549435e-38", Ok(r"1.1754944e-38")),
    (SqlType::Float4, r"8.5899346e9", Ok(r"8.589935e+09")),
    (SqlType::Float4, r"33554450", Ok(r"3.3554448e+07")),
    (SqlType::Int4, r" 12 ", Ok(r"12")),
    (SqlType::Int4, r"+5", Ok(r"5")),
    (SqlType::Int4, r"-2147483648", Ok(r"-2147483648")),
    (SqlType::Int4, r"2147483648", Err(("22003", r#"value "2147483648" is out of range for type integer"#))),
    (SqlType::Int4, r"1_000", Err(("22P02", r#"invalid input syntax for type integer: "1_000""#))),
    (SqlType::Int4, r"", Err(("22P02", r#"invalid input syntax for type integer: """#))),
    (SqlType::Int4, r"1.5", Err(("22P02", r#"invalid input syntax for type integer: "1.5""#))),
    (SqlType::Int4, r"--1", Err(("22P02", r#"invalid input syntax for type integer: "--1""#))),
    (SqlType::Int2, r"40000", Err(("22003", r#"value "40000" is out of range for type smallint"#))),
    (SqlType::Int8, r"9223372036854775808", Err(("22003", r#"value "9223372036854775808" is out of range for type bigint"#))),
    (SqlType::Int8, r"-9223372036854775808", Ok(r"-9223372036854775808")),
];

#[test]
fn text_is_read_and_written_as_postgresql_does() {
    let mut wrong = Vec::new();
    for (sql_type, text, expected) in TEXT_CASES {
        let found = Value::from_text(text, *sql_type);
        let right = match (expected, &found) {
            (Ok(expected), Ok(value)) => value.to_text().as_deref() == Some(*expected),
            (Err((state, message)), Err(error)) => {
                error.sqlstate() == *state && error.message().starts_with(message)
            }
            _ => false,
        };
        if !right {
            wrong.push(format!("{sql_type} {text:?}: {found:?} but {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_postgresql_knows_and_we_do_not_is_refused_by_name() {
    for (sql_type, text) in [
        (SqlType::Date, "today"),
        (SqlType::Timestamp(None), "now"),
        (SqlType::Numeric(None), "NaN"),
        (SqlType::Numeric(None), "-Infinity"),
    ] {
        assert_eq!(
            Value::from_text(text, sql_type).unwrap_err().sqlstate(),
            "0A000",
            "{text}"
        );
    }
}

#[test]
fn types_have_the_names_of_postgresql() {
    for (sql_type, name) in [
        (SqlType::Numeric(Some((10, 2))), "numeric(10,2)"),
        (SqlType::Numeric(None), "numeric"),
        (SqlType::Varchar(Some(10)), "character varying(10)"),
        (SqlType::Timestamp(None), "timestamp without time zone"),
        (SqlType::TimestampTz(None), "timestamp with time zone"),
        (SqlType::Time(None), "time without time zone"),
        (SqlType::TimestampTz(Some(3)), "timestamp(3) with time zone"),
        (SqlType::Time(Some(0)), "time(0) without time zone"),
        (SqlType::Float8, "double precision"),
    ] {
        assert_eq!(sql_type.to_string(), name);
    }
}

#[test]
fn the_scale_of_a_quotient_is_that_of_postgresql() {
    for (a, b, quotient) in [
        ("1", "3", "0.33333333333333333333"),
        ("10", "3", "3.3333333333333333"),
        ("100000", "3", "33333.333333333333"),
        ("1", "30000", "0.000033333333333333333333"),
        ("2.00", "1.0", "2.0000000000000000"),
        ("0", "7", "0.00000000000000000000"),
        ("-7", "2", "-3.5000000000000000"),
        (
            "12345678901234567890123456789012345678901234567890",
            "7",
            "1763668414462081127160493827001763668414462081127",
        ),
    ] {
        let quotient_found = Decimal::parse(a)
            .unwrap()
            .divide(&Decimal::parse(b).unwrap())
            .unwrap();
        assert_eq!(quotient_found.to_string(), quotient, "{a} / {b}");
    }
    let zero = Decimal::ZERO.divide(&Decimal::ZERO).unwrap_err();
    assert_eq!(zero.sqlstate(), "22012");
}

#[test]
fn columns_give_back_their_values() {
    let values = [
        Value::Bool(true),
        Value::Int2(-1),
        Value::Int4(7),
        Value::Int8(1 << 40),
        Value::Float4(0.5),
        Value::Float8(-1e300),
        Value::Numeric(BigDecimal::from_str("1.10").unwrap()),
        Value::Text("ä".into()),
        Value::Bytes(vec![0, 255]),
        Value::Date(-1),
        Value::Timestamp(1),
        Value::TimestampTz(-1),
        Value::Time(86_400_000_000),
        Value::Interval(Interval::new(-1, 2, 3)),
        Value::Uuid([7; 16]),
        Value::Json("{ }".into()),
        Value::Jsonb("[1, 2]".into()),
        Value::from_text("{1,NULL,3}", of(SqlType::Int4)).unwrap(),
    ];
    for value in values {
        let sql_type = value.sql_type();
        let mut builder = array::ColumnBuilder::new(sql_type, 2);
        builder.push(&value).unwrap();
        builder.push(&Value::Null).unwrap();
        let wrong = if sql_type == SqlType::Bool {
            Value::Int4(1)
        } else {
            Value::Bool(true)
        };
        assert!(builder.push(&wrong).is_err());
        let column = builder.finish();
        assert_eq!(column.data_type(), &array::arrow_type(sql_type));
        assert_eq!(array::value_at(&column, 0, sql_type), value);
        assert_eq!(array::value_at(&column, 1, sql_type), Value::Null);
        let repeated = array::repeat(&value, sql_type, 3).unwrap();
        assert_eq!(
            (repeated.len(), array::value_at(&repeated, 2, sql_type)),
            (3, value)
        );
    }
}

fn interval() -> impl Strategy<Value = Interval> {
    let small = any::<(i8, i8, i32)>()
        .prop_map(|(m, d, t)| Interval::new(m.into(), d.into(), i64::from(t) * 1_000));
    let wide = (
        -1_000_000_000..1_000_000_000,
        -1_000_000_000..1_000_000_000,
        any::<i64>(),
    )
        .prop_map(|(m, d, t)| Interval::new(m, d, t / 4));
    prop_oneof![small, wide]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    ("-?[0-9]{1,45}", 0u32..40)
        .prop_map(|(digits, scale)| Decimal::parse(&format!("{digits}e-{scale}")).unwrap())
}

proptest! {
    #[test]
    fn numeric_codec_keeps_value_and_scale(value in decimal()) {
        let mut bytes = Vec::new();
        numeric::encode_decimal(&value, &mut bytes);
        let back = numeric::decode_decimal(&bytes).unwrap();
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(back.to_string(), value.to_string());
        prop_assert_eq!(numeric::encode(&numeric::decode(&bytes).unwrap()), bytes);
        prop_assert_eq!(Decimal::parse(&value.to_string()).unwrap().to_string(), value.to_string());
    }

    #[test]
    fn comparable_bytes_have_the_order_of_numbers(a in decimal(), b in decimal()) {
        let bytes = |value: &Decimal| {
            let mut bytes = Vec::new();
            numeric::encode_comparable(value, &mut bytes);
            bytes
        };
        let order = (BigDecimal::from(&a)).cmp(&BigDecimal::from(&b));
        prop_assert_eq!(a.cmp(&b), order);
        prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), order);
        let (back, used) = numeric::decode_comparable(&bytes(&a)).unwrap();
        prop_assert_eq!((back, used), (a.clone(), bytes(&a).len()));
    }

    #[test]
    fn arithmetic_agrees_with_big_decimal(a in decimal(), b in decimal()) {
        let (x, y) = (BigDecimal::from(&a), BigDecimal::from(&b));
        prop_assert_eq!(BigDecimal::from(&a.add(&b).unwrap()), &x + &y);
        prop_assert_eq!(BigDecimal::from(&a.subtract(&b).unwrap()), &x - &y);
        prop_assert_eq!(BigDecimal::from(&a.multiply(&b).unwrap()), &x * &y);
        prop_assert_eq!(a.add(&b).unwrap().scale(), a.scale().max(b.scale()));
        if !b.is_zero() {
            prop_assert_eq!(BigDecimal::from(&a.remainder(&b).unwrap()), &x % &y);
            // The quotient is within half a unit of its last digit.
            let quotient = a.divide(&b).unwrap();
            let error = (BigDecimal::from(&quotient) * &y - &x).abs() * 2;
            prop_assert!(error <= y.abs() * BigDecimal::new(1.into(), i64::from(quotient.scale())));
        }
    }

    #[test]
    fn rounding_is_within_half_a_unit(a in decimal(), scale in -10i32..30) {
        let rounded = BigDecimal::from(&a.round(scale));
        let unit = BigDecimal::new(1.into(), i64::from(scale));
        prop_assert!((rounded - BigDecimal::from(&a)).abs() * 2 <= unit);
        let floor = BigDecimal::from(&a.floor());
        prop_assert!(floor <= BigDecimal::from(&a) && floor + 1 > BigDecimal::from(&a));
    }

    #[test]
    fn text_of_a_value_reads_back(bits in any::<u64>(), days in -2_440_588i32..2_000_000, micros in -210_866_803_200_000_000i64..9_000_000_000_000_000_000, bytes in any::<Vec<u8>>(), interval in interval(), uuid in any::<[u8; 16]>()) {
        for value in [
            Value::Float8(f64::from_bits(bits)),
            Value::Float4(f32::from_bits(bits as u32)),
            Value::Int8(bits as i64),
            Value::Date(days),
            Value::Timestamp(micros),
            Value::TimestampTz(micros),
            Value::Time(micros.rem_euclid(86_400_000_001)),
            Value::Uuid(uuid),
            Value::Bytes(bytes),
        ] {
            let text = value.to_text().unwrap();
            let back = Value::from_text(&text, value.sql_type()).unwrap();
            prop_assert_eq!(back.total_cmp(&value), Ordering::Equal, "{}", text);
        }
        let text = Value::Interval(interval).to_text().unwrap();
        prop_assert_eq!(Value::from_text(&text, SqlType::Interval(None)).unwrap(), Value::Interval(interval), "{}", text);
    }

    #[test]
    fn the_parts_of_intervals_add_up(a in interval(), b in interval()) {
        let sum = a.add(b).unwrap();
        prop_assert_eq!(sum.span(), a.span() + b.span());
        prop_assert_eq!(sum.subtract(b).unwrap(), a);
        prop_assert_eq!(a.negate().unwrap().span(), -a.span());
        // The time goes through a float.
        prop_assert!((a.multiply(1.0).unwrap().span() - a.span()).abs() <= 512);
        for justified in [a.justify(), a.justify_days(), a.justify_hours()] {
            prop_assert_eq!(justified.unwrap().span(), a.span());
        }
        prop_assert_eq!(a.total_cmp(b), a.comparable_bytes().cmp(&b.comparable_bytes()));
        prop_assert_eq!(Interval::from_bytes(a.to_bytes()), a);
        prop_assert_eq!(Interval::of_span(a.span()).unwrap().span(), a.span());
    }

    #[test]
    fn an_age_leads_back(to in -60_000_000_000_000_000i64..9_000_000_000_000_000, from in -60_000_000_000_000_000i64..9_000_000_000_000_000) {
        let age = Interval::age(to, from).unwrap();
        prop_assert_eq!(age, Interval::age(from, to).unwrap().negate().unwrap());
        // Between the ages of the days around.
        prop_assert!((age.span() - i128::from(to - from)).abs() <= i128::from(to - from).abs() / 50 + 4 * 86_400_000_000);
        prop_assert_eq!(Interval::between(to, from).unwrap().after(from).unwrap(), to);
    }

    #[test]
    fn any_text_is_json_or_refused(text in "[\\[\\]{}\",:0-9a-e.tnufls\\\\ -]{0,16}") {
        match Value::from_text(&text, SqlType::Jsonb) {
            Ok(value) => {
                // What is kept is kept as it is.
                let kept = value.to_text().unwrap();
                prop_assert_eq!(Value::from_text(&kept, SqlType::Jsonb).unwrap(), value);
                prop_assert!(Value::from_text(&text, SqlType::Json).is_ok(), "{}", text);
            }
            Err(error) => {
                let state = error.sqlstate();
                prop_assert!(matches!(state, "22P02" | "22003" | "22P05"), "{} {}", text, error);
            }
        }
    }

    #[test]
    fn any_text_is_an_interval_or_refused(text in "[P0-9T:. YMDHS@+-]{0,12}|(-?[0-9.]{1,12} ?(year|mon|day|hours|s|ms|week|ago)? ?){1,4}") {
        for fields in [Fields::All, Fields::Year, Fields::Minute, Fields::MinuteToSecond] {
            if let Err(error) = parse_interval(&text, fields) {
                prop_assert!(matches!(error.sqlstate(), "22007" | "22008" | "22015"), "{} {}", text, error);
            }
        }
    }

    #[test]
    fn days_and_calendar_agree(days in -2_440_588i64..2_145_042_905) {
        let (year, month, day) = civil_from_days(days);
        prop_assert_eq!(days_from_civil(year, month, day), days);
    }
}

/// The type of arrays of `element`.
fn of(element: SqlType) -> SqlType {
    SqlType::Array(ElementType::new(element).unwrap())
}

fn texts() -> impl Strategy<Value = Value> {
    let element = prop_oneof![
        1 => Just(Value::Null),
        6 => r#"[a{}", \\é]{0,4}|null|NULL"#.prop_map(Value::Text),
    ];
    let array = |values| SqlArray::new(ElementType::new(SqlType::Text).unwrap(), values);
    proptest::collection::vec(element, 0..5).prop_map(move |v| Value::Array(array(v)))
}

proptest! {
    /// The text of an array means the array.
    #[test]
    fn arrays_are_read_as_they_are_written(array in texts()) {
        let text = array.to_text().unwrap();
        prop_assert_eq!(Value::from_text(&text, of(SqlType::Text)).unwrap(), array, "{}", text);
    }

    /// No text is a panic.
    #[test]
    fn any_text_is_an_array_or_an_error(text in r#"[{}", \\nul1\[\]=:]{0,12}"#) {
        if let Ok(array) = Value::from_text(&text, of(SqlType::Text)) {
            let written = array.to_text().unwrap();
            prop_assert_eq!(Value::from_text(&written, of(SqlType::Text)).unwrap(), array);
        }
    }

    /// Keys of arrays are in the order of the arrays.
    #[test]
    fn keys_of_arrays_are_in_their_order(arrays in proptest::collection::vec(texts(), 2..6)) {
        let mut builder = array::ColumnBuilder::new(of(SqlType::Text), arrays.len());
        arrays.iter().for_each(|a| builder.push(a).unwrap());
        let keys = comparable(&builder.finish(), of(SqlType::Text)).unwrap();
        let keys = keys.as_binary::<i32>();
        for (a, left) in arrays.iter().enumerate() {
            for (b, right) in arrays.iter().enumerate() {
                prop_assert_eq!(keys.value(a).cmp(keys.value(b)), left.total_cmp(right), "{} {}", left, right);
            }
        }
    }

    /// Bytes that are no array are an error.
    #[test]
    fn damaged_arrays_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
        let element = ElementType::new(SqlType::Int4).unwrap();
        if let Err(error) = SqlArray::from_bytes(&bytes, element) {
            prop_assert_eq!(error.sqlstate(), "XX001");
        }
    }
}

#[test]
fn clocks_of_all_zones_show_again_what_they_showed() {
    for tz in chrono_tz::TZ_VARIANTS {
        let zone = Zone::parse(tz.name()).expect("its own name");
        for year in 1970..2130 {
            for (month, day, hour) in [(1, 1, 0), (3, 31, 1), (7, 1, 12), (10, 27, 2)] {
                let stamp =
                    days_from_civil(year, month, day) * MICROS_PER_DAY + hour * 3_600_000_000;
                let local = zone.to_local(stamp).expect("within the range");
                let again = zone.to_utc(local).expect("within the range");
                assert_eq!(
                    zone.to_local(again).ok(),
                    Some(local),
                    "{tz} {year}-{month}"
                );
                assert!(
                    (stamp - again).abs() <= 2 * 3_600_000_000,
                    "{tz} {year}-{month}"
                );
            }
        }
    }
}
