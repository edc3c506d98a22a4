//! Rows, made of values by the names of their columns.

use crate::catalog::RelationName;
use crate::types::{ElementType, SqlArray, SqlType, Value};

/// The rows of a table about the schema while they are made.
pub(super) struct Rows {
    columns: Vec<(String, SqlType)>,
    rows: Vec<Vec<Value>>,
}

/// A value before the type of its column is known.
pub(super) enum Cell {
    Null,
    Text(String),
    Number(i64),
    Real(f64),
    Flag(bool),
    Numbers(Vec<i64>),
}

impl Rows {
    pub(super) fn new(columns: Vec<(String, SqlType)>) -> Self {
        let rows = Vec::new();
        Self { columns, rows }
    }

    /// Adds a row. Columns that are not among `cells` are NULL.
    pub(super) fn add<const N: usize>(&mut self, cells: [(&str, Cell); N]) {
        self.add_all(cells.into_iter());
    }

    /// Adds a row of what is known of it.
    pub(super) fn add_all<'n>(&mut self, cells: impl Iterator<Item = (&'n str, Cell)>) {
        let mut row = vec![Value::Null; self.columns.len()];
        for (name, cell) in cells {
            let position = self.columns.iter().position(|(column, _)| column == name);
            debug_assert!(position.is_some(), "there is no column {name}");
            if let Some(position) = position {
                row[position] = value(cell, self.columns[position].1);
            }
        }
        self.rows.push(row);
    }

    pub(super) fn into_values(self) -> Vec<Vec<Value>> {
        self.rows
    }
}

/// The name and type of a column: `name:type`, TEXT without a type.
pub(super) fn column(written: &str) -> (String, SqlType) {
    let (name, sql_type) = written.split_once(':').unwrap_or((written, "text"));
    let sql_type = match sql_type {
        "bool" => SqlType::Bool,
        "int2" => SqlType::Int2,
        "int4" => SqlType::Int4,
        "int8" => SqlType::Int8,
        "float4" => SqlType::Float4,
        "timestamptz" => SqlType::TimestampTz(None),
        "int2[]" => array_of(SqlType::Int2),
        "int8[]" => array_of(SqlType::Int8),
        "text[]" => array_of(SqlType::Text),
        _ => SqlType::Text,
    };
    (name.to_owned(), sql_type)
}

fn array_of(sql_type: SqlType) -> SqlType {
    ElementType::new(sql_type).map_or(SqlType::Text, SqlType::Array)
}

/// The value of a column of that type.
fn value(cell: Cell, sql_type: SqlType) -> Value {
    match (cell, sql_type) {
        (Cell::Null, _) => Value::Null,
        (Cell::Text(text), _) => Value::Text(text),
        (Cell::Flag(flag), _) => Value::Bool(flag),
        (Cell::Real(real), _) => Value::Float4(real as f32),
        (Cell::Number(number), SqlType::Int2) => Value::Int2(number as i16),
        (Cell::Number(number), SqlType::Int4) => Value::Int4(number as i32),
        (Cell::Number(number), SqlType::Text) => Value::Text(number.to_string()),
        (Cell::Number(number), _) => Value::Int8(number),
        (Cell::Numbers(numbers), SqlType::Array(element)) => {
            let of = element.sql_type();
            let numbers = numbers.into_iter();
            let numbers = numbers.map(|number| value(Cell::Number(number), of));
            Value::Array(SqlArray::new(element, numbers.collect()))
        }
        (Cell::Numbers(_), _) => Value::Null,
    }
}

/// `YES` or `NO`
pub(super) fn yes(flag: bool) -> Cell {
    Cell::from(if flag { "YES" } else { "NO" })
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&RelationName> for Cell {
    /// Its own name.
    fn from(name: &RelationName) -> Self {
        Self::Text(name.to_string())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<i64>> for Cell {
    fn from(numbers: Vec<i64>) -> Self {
        Self::Numbers(numbers)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(maybe: Option<T>) -> Self {
        maybe.map_or(Self::Null, Into::into)
    }
}
