//! Values from bytes, and what rows and keys make of them.

use super::input::Rest;
use arbitrary::{Arbitrary, Result, Unstructured};
use quantadb::storage::EntryBatch;
use quantadb::storage::key::{append_key, decode_key, encode_row_id};
use quantadb::storage::row::{RowDecoder, RowEncoder, decode_row, encode_row};
use quantadb::types::{ElementType, EnumType, Interval, SqlArray, SqlType, Value};
use std::cmp::Ordering;

/// Columns of a row or of a key.
const COLUMNS_MAX: usize = 12;
const ROWS_MAX: usize = 40;
const ELEMENTS_MAX: usize = 6;
/// The length of texts that have one.
const LENGTH: Option<u32> = Some(40);
const DOCUMENTS: [&str; 7] = [
    "null",
    "[]",
    "{}",
    "1.50",
    "\"a\"",
    "{\"a\": [1, null, true]}",
    "[[], {\"é\": \"\\u0001\"}]",
];

const LABELS: [&str; 3] = ["sad", "", "so-so"];

/// One of the types that a key may have.
fn key_type(number: usize) -> SqlType {
    let labels = LABELS.map(str::to_owned).to_vec();
    match SqlType::KEYS.get(number % (SqlType::KEYS.len() + 1)) {
        Some(SqlType::Varchar(_)) => SqlType::Varchar(LENGTH),
        Some(SqlType::Char(_)) => SqlType::Char(LENGTH),
        Some(known) => *known,
        None => EnumType::new(1, "mood", labels)
            .expect("three labels are no more than a type may have")
            .into(),
    }
}

/// The type of a column, from one byte.
#[derive(Clone, Copy, Debug)]
pub struct ColumnType(SqlType);

impl<'a> Arbitrary<'a> for ColumnType {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let number = usize::from(u8::arbitrary(u)?);
        let (kind, element) = (number % 21, key_type(number / 21));
        Ok(Self(match kind {
            18 => SqlType::Json,
            19 => SqlType::Jsonb,
            20 => ElementType::new(element).map_or(SqlType::Text, SqlType::Array),
            kind => key_type(kind),
        }))
    }
}

/// A number of any number of digits: those of small ones are often those of others, with another scale.
fn numeric(u: &mut Unstructured<'_>) -> Result<Value> {
    let scale = usize::from(u8::arbitrary(u)? % 30);
    let digits = match u8::arbitrary(u)? % 4 {
        0 => i128::arbitrary(u)?.to_string(),
        1 => (i128::from(i8::arbitrary(u)?) * 1000).to_string(),
        _ => i16::arbitrary(u)?.to_string(),
    };
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits.to_owned()),
        None => ("", digits),
    };
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let text = format!("{sign}{whole}.{fraction}");
    Ok(Value::from_text(&text, SqlType::Numeric(None)).expect("it is a number"))
}

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let len = usize::from(u8::arbitrary(u)? % 40).min(u.len());
    let text = String::from_utf8_lossy(u.bytes(len)?).replace('\0', "0");
    // What a CHAR keeps has no blanks at its end.
    Ok(text.trim_end_matches(' ').to_owned())
}

fn interval(u: &mut Unstructured<'_>) -> Result<Interval> {
    let days = i64::from(i8::arbitrary(u)?);
    Ok(match u8::arbitrary(u)? % 4 {
        0 => Interval::new(i32::arbitrary(u)?, i32::arbitrary(u)?, i64::arbitrary(u)?),
        1 => Interval::new((days / 30) as i32, (days % 30) as i32, 0),
        2 => Interval::new(0, 0, days * 86_400_000_000),
        _ => Interval::new(0, days as i32, 0),
    })
}

/// A value of a type, or NULL.
fn value(u: &mut Unstructured<'_>, sql_type: SqlType) -> Result<Value> {
    if u8::arbitrary(u)?.is_multiple_of(8) {
        return Ok(Value::Null);
    }
    Ok(match sql_type {
        SqlType::Bool => Value::Bool(bool::arbitrary(u)?),
        SqlType::Int2 => Value::Int2(i16::arbitrary(u)?),
        SqlType::Int4 => Value::Int4(i32::arbitrary(u)?),
        SqlType::Int8 => Value::Int8(i64::arbitrary(u)?),
        SqlType::Float4 => Value::Float4(f32::arbitrary(u)?),
        SqlType::Float8 => Value::Float8(f64::arbitrary(u)?),
        SqlType::Numeric(_) => numeric(u)?,
        SqlType::Bytes => {
            let len = usize::from(u8::arbitrary(u)? % 40).min(u.len());
            Value::Bytes(u.bytes(len)?.to_vec())
        }
        SqlType::Date => Value::Date(i32::arbitrary(u)?),
        SqlType::Timestamp(_) => Value::Timestamp(i64::arbitrary(u)?),
        SqlType::TimestampTz(_) => Value::TimestampTz(i64::arbitrary(u)?),
        SqlType::Time(_) => Value::Time(i64::arbitrary(u)?.rem_euclid(86_400_000_001)),
        SqlType::Interval(_) => Value::Interval(interval(u)?),
        SqlType::Uuid => Value::Uuid(<[u8; 16]>::arbitrary(u)?),
        SqlType::Json => Value::Json((*u.choose(&DOCUMENTS)?).to_owned()),
        SqlType::Jsonb => {
            let document = u.choose(&DOCUMENTS)?;
            Value::from_text(document, SqlType::Jsonb).expect("it is a document")
        }
        SqlType::Enum(_) => Value::from_text(u.choose(&LABELS)?, sql_type).expect("it is a label"),
        SqlType::Array(element) => {
            let count = usize::from(u8::arbitrary(u)?) % ELEMENTS_MAX;
            let values = (0..count).map(|_| value(u, element.sql_type()));
            Value::Array(SqlArray::new(element, values.collect::<Result<_>>()?))
        }
        SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Unknown => {
            Value::Text(text(u)?)
        }
    })
}

/// Equal in all that a row keeps, not a number included.
fn is_same(a: &[Value], b: &[Value]) -> bool {
    let same =
        |(a, b): (&Value, &Value)| a.total_cmp(b) == Ordering::Equal && a.to_text() == b.to_text();
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Rows of a table, or bytes that claim to be some.
#[derive(Clone, Debug)]
pub struct RowInput {
    types: Vec<SqlType>,
    row_id_column: Option<usize>,
    rows: Vec<(i64, Vec<Value>)>,
    /// What is left of the input.
    claims: Vec<u8>,
}

impl<'a> Arbitrary<'a> for RowInput {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let count = 1 + usize::from(u8::arbitrary(u)?) % COLUMNS_MAX;
        let types = (0..count).map(|_| Ok(ColumnType::arbitrary(u)?.0));
        let mut types = types.collect::<Result<Vec<_>>>()?;
        let row_id_column = Some(usize::from(u8::arbitrary(u)?)).filter(|column| *column < count);
        if let Some(column) = row_id_column {
            types[column] = SqlType::Int8;
        }
        let mut rows = Vec::new();
        for _ in 0..usize::from(u8::arbitrary(u)?) % ROWS_MAX {
            let id = i64::from(i16::arbitrary(u)?);
            let row = types.iter().map(|sql_type| value(u, *sql_type));
            let mut row = row.collect::<Result<Vec<_>>>()?;
            if let Some(column) = row_id_column {
                row[column] = Value::Int8(id);
            }
            rows.push((id, row));
        }
        Ok(Self {
            types,
            row_id_column,
            rows,
            claims: u.bytes(u.len())?.to_vec(),
        })
    }
}

/// A row gives back its values, one by one and in batches; bytes that claim to be a row are values or an error, whoever
/// reads them.
///
/// # Panics
/// When not.
pub fn check_rows(input: RowInput) {
    let RowInput {
        types,
        row_id_column,
        rows,
        claims,
    } = input;
    let all: Vec<usize> = (0..types.len()).collect();
    let one = |key: &[u8], row: &[u8]| decode_row(key, row, &types, &all, row_id_column);
    let mut batch = EntryBatch::default();
    for (id, values) in &rows {
        let mut row = Vec::new();
        encode_row(values, row_id_column, &mut row);
        let key = encode_row_id(*id);
        let decoded = one(&key, &row).expect("a row is a row");
        assert!(is_same(&decoded, values), "{values:?} became {decoded:?}");
        batch.push(&key, &row);
    }
    let mut decoder = RowDecoder::new(&types, &all, row_id_column);
    let arrays = decoder.decode(&batch).expect("rows are rows");
    let encoder = RowEncoder::new(&types, &arrays, row_id_column).expect("the types are theirs");
    for at in 0..rows.len() {
        let mut again = Vec::new();
        encoder.encode(at, &mut again);
        assert_eq!(again, batch.value(at), "row {at} of a batch");
    }
    let key = encode_row_id(7);
    batch.push(&key, &claims);
    let decoded = (one(&key, &claims), decoder.decode(&batch));
    if let (Ok(values), Ok(arrays)) = &decoded {
        let encoder = RowEncoder::new(&types, arrays, row_id_column).expect("the types are theirs");
        // A claim may write a number with more bytes than it needs: the values are the same, their bytes need not be.
        let mut from_batch = Vec::new();
        encoder.encode(rows.len(), &mut from_batch);
        let read = one(&key, &from_batch).expect("what an encoder wrote is a row");
        assert!(
            is_same(&read, values),
            "two ways to read {claims:?}: {read:?}, {values:?}"
        );
    }
}

/// A column of two keys: its type, whether it is descending, and the values.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    sql_type: SqlType,
    descending: bool,
    values: [Value; 2],
}

impl<'a> Arbitrary<'a> for KeyColumn {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let sql_type = key_type(usize::from(u8::arbitrary(u)?));
        let (descending, is_equal) = (bool::arbitrary(u)?, bool::arbitrary(u)?);
        let first = value(u, sql_type)?;
        let second = match is_equal {
            true => first.clone(),
            false => value(u, sql_type)?,
        };
        Ok(Self {
            sql_type,
            descending,
            values: [first, second],
        })
    }
}

/// Two keys of an index.
#[derive(Arbitrary, Clone, Debug)]
pub struct KeyInput {
    claim: [u8; 24],
    columns: Rest<KeyColumn>,
}

/// The order of keys is that of their values, no key begins another, a key gives back values that are equal to those that
/// it was made of, and bytes that claim to be a key are such values or an error (KEY-1, KEY-2).
///
/// # Panics
/// When not.
pub fn check_keys(input: KeyInput) {
    let columns = &input.columns.0[..input.columns.0.len().min(COLUMNS_MAX)];
    let (mut keys, mut expected) = ([Vec::new(), Vec::new()], Ordering::Equal);
    for column in columns {
        let [first, second] = &column.values;
        let (first, second) = match column.descending {
            true => (second, first),
            false => (first, second),
        };
        expected = expected.then(first.total_cmp(second));
        for (key, value) in keys.iter_mut().zip(&column.values) {
            append_key(key, value, column.descending);
        }
    }
    let [left, right] = &keys;
    assert_eq!(left.cmp(right), expected, "{columns:?}");
    assert!(left == right || !left.starts_with(right), "{columns:?}");
    let mut rest = left.as_slice();
    for column in columns {
        let [value, _] = &column.values;
        let decoded = decode_key(&mut rest, column.sql_type, column.descending);
        let decoded = decoded.expect("a key is a key");
        assert_eq!(decoded.total_cmp(value), Ordering::Equal, "{decoded:?}");
        check_claim(&input.claim, column.sql_type, column.descending);
    }
    assert!(rest.is_empty(), "{} bytes too many", rest.len());
}

/// What is read as a key means the same when it is written and read again.
fn check_claim(claim: &[u8], sql_type: SqlType, descending: bool) {
    let mut rest = claim;
    let Ok(value) = decode_key(&mut rest, sql_type, descending) else {
        return;
    };
    let mut key = Vec::new();
    append_key(&mut key, &value, descending);
    let again = decode_key(&mut key.as_slice(), sql_type, descending);
    let again = again.expect("a key is a key");
    assert_eq!(again.total_cmp(&value), Ordering::Equal, "{claim:?}");
}

/// A text as a value of a type.
#[derive(Clone, Debug)]
pub struct ValueText<'a> {
    sql_type: SqlType,
    text: &'a str,
}

impl<'a> Arbitrary<'a> for ValueText<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let sql_type = ColumnType::arbitrary(u)?.0;
        let text = <&str>::arbitrary_take_rest(Unstructured::new(u.bytes(u.len())?))?;
        Ok(Self { sql_type, text })
    }
}

/// A text is a value or an error of the data; what is written of a value is that value again.
///
/// # Panics
/// When not.
pub fn check_value_text(input: ValueText<'_>) {
    let ValueText { sql_type, text } = input;
    let value = match Value::from_text(text, sql_type) {
        Ok(value) => value,
        Err(error) => {
            let class = &error.sqlstate()[..2];
            let is_of_the_data = matches!(class, "22" | "54" | "0A");
            assert!(is_of_the_data, "{text:?} as {sql_type}: {error:?}");
            return;
        }
    };
    let written = value.to_text().expect("a text is no NULL");
    let again = Value::from_text(&written, sql_type);
    let again = again.unwrap_or_else(|e| panic!("{text:?} as {sql_type} is {written:?}: {e:?}"));
    let (value, again) = ([value], [again]);
    assert!(
        is_same(&value, &again),
        "{text:?} as {sql_type} is {written:?}, which is {again:?}"
    );
}
