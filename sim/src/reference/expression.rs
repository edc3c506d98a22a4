//! Expressions over integers, texts and truth values, evaluated by hand, one value after the other.
//!
//! ```text
//!   decisions ─▶ Expression ─▶ SQL                   any plan, vectorised, folded, or over one row
//!                    └───────▶ evaluate ─▶ Scalar    a match over the kinds of nodes
//! ```
//!
//! Whatever is drawn has a type, so what the engine refuses to bind is a defect of one side. PostgreSQL leaves open which
//! parts of an expression are evaluated; so where any part fails, the whole may fail too ([`Failed`]).

use super::decisions::Decisions;
use super::logic::{self, and, not, or};
use super::text_functions::{left, like, position, replace, similar, substring};

/// What expressions are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// INTEGER
    Integer,
    /// TEXT
    Text,
    /// BOOLEAN
    Truth,
}

/// A value, or NULL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// Of any type.
    Null,
    /// INTEGER
    Integer(i32),
    /// TEXT
    Text(String),
    /// BOOLEAN
    Truth(bool),
}

/// A part of the expression fails (with a SQLSTATE of class 22), and so may the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

type Evaluated = Result<Scalar, Failed>;

/// What functions and operators are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Negate,
    Abs,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Length,
    Position,
    Concat,
    Reverse,
    Left,
    Replace,
    Substring,
    Compare(&'static str),
    Distinct(bool),
    IsNull(bool),
    Is(bool),
    Between,
    Like(bool),
    Similar(bool),
    And,
    Or,
    Not,
    Coalesce,
    NullIf,
    Greatest,
    Least,
    In(bool),
    /// `CASE WHEN first THEN second ELSE third END`
    Case,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Constant(Kind, Scalar),
    /// The column of that kind; its name depends on the table.
    Column(Kind),
    Call(Call, Vec<Expression>),
}

const OPERATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];
const TEXTS: [&str; 10] = ["", "a", "b", "ab", "aB", "%", "a%", "_b", "it's\\", "é b"];
const DEPTH_MAX: u32 = 5;

impl Kind {
    const ALL: [Kind; 3] = [Kind::Integer, Kind::Text, Kind::Truth];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Text => "text",
            Kind::Truth => "boolean",
        }
    }

    /// The name of the column of this kind.
    pub fn column(self) -> &'static str {
        match self {
            Kind::Integer => "a",
            Kind::Text => "b",
            Kind::Truth => "t",
        }
    }

    /// Any.
    pub fn draw(draws: &mut impl Decisions) -> Self {
        Self::ALL[draws.below(3)]
    }
}

impl Scalar {
    /// A value of a kind, or NULL.
    pub fn draw(kind: Kind, draws: &mut impl Decisions) -> Self {
        if draws.below(8) == 7 {
            return Self::Null;
        }
        match kind {
            Kind::Truth => Self::Truth(draws.below(2) == 1),
            Kind::Text => Self::Text(TEXTS[draws.below(TEXTS.len())].to_owned()),
            Kind::Integer => Self::Integer(match draws.below(8) {
                0 => i32::MAX,
                1 => -i32::MAX,
                2 => 46_341,
                _ => draws.below(14) as i32 - 4,
            }),
        }
    }

    /// As SQL.
    pub fn sql(&self, kind: Kind) -> String {
        match self {
            Self::Null => format!("NULL::{}", kind.name()),
            Self::Integer(number) if *number < 0 => format!("({number})"),
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Truth(truth) => truth.to_string(),
        }
    }

    /// What the engine shows of it.
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Integer(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Truth(truth) => Some(if *truth { "t" } else { "f" }.to_owned()),
        }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            _ => None,
        }
    }
}

fn truth(value: Option<bool>) -> Scalar {
    value.map_or(Scalar::Null, Scalar::Truth)
}

fn integer(value: Option<i32>) -> Evaluated {
    value.map(Scalar::Integer).ok_or(Failed)
}

/// TRUE, FALSE or NULL, of two values of one type.
fn compare(left: &Scalar, operator: &str, right: &Scalar) -> Option<bool> {
    let [left, right] = [left, right].map(|value| Some(value).filter(|v| **v != Scalar::Null));
    logic::compare(left, operator, right)
}

impl Expression {
    /// An expression of a kind, over columns where `columns` says so.
    pub fn draw(kind: Kind, columns: bool, draws: &mut impl Decisions) -> Self {
        Self::draw_to(DEPTH_MAX, kind, columns, draws)
    }

    fn draw_to(depth: u32, kind: Kind, columns: bool, draws: &mut impl Decisions) -> Self {
        let what = draws.below(16);
        if depth == 0 || what < 5 {
            return Self(match columns && what.is_multiple_of(2) {
                true => Node::Column(kind),
                false => Node::Constant(kind, Scalar::draw(kind, draws)),
            });
        }
        let (call, kinds) = Self::call(kind, what, draws);
        let arguments = kinds.into_iter();
        let arguments = arguments.map(|kind| Self::draw_to(depth - 1, kind, columns, draws));
        Self(Node::Call(call, arguments.collect()))
    }

    /// A call that gives a kind, and the kinds of its arguments.
    fn call(kind: Kind, what: usize, draws: &mut impl Decisions) -> (Call, Vec<Kind>) {
        use Kind::{Integer, Text, Truth};
        let number = draws.below(256);
        match what {
            5 => return (Call::Case, vec![Truth, kind, kind]),
            6 => return (Call::Coalesce, vec![kind; 1 + number % 3]),
            7 if kind != Truth => {
                let calls = [Call::NullIf, Call::Greatest, Call::Least];
                return (calls[number % 3], vec![kind; 2]);
            }
            _ => {}
        }
        match kind {
            Integer => match number % 9 {
                0 => (Call::Negate, vec![Integer]),
                1 => (Call::Abs, vec![Integer]),
                2 => (Call::Subtract, vec![Integer; 2]),
                3 => (Call::Multiply, vec![Integer; 2]),
                4 => (Call::Divide, vec![Integer; 2]),
                5 => (Call::Modulo, vec![Integer; 2]),
                6 => (Call::Length, vec![Text]),
                7 => (Call::Position, vec![Text; 2]),
                _ => (Call::Add, vec![Integer; 2]),
            },
            Text => match number % 5 {
                0 => (Call::Reverse, vec![Text]),
                1 => (Call::Left, vec![Text, Integer]),
                2 => (Call::Replace, vec![Text; 3]),
                3 => (Call::Substring, vec![Text, Integer, Integer]),
                _ => (Call::Concat, vec![Text; 2]),
            },
            Truth => Self::condition(number, draws),
        }
    }

    fn condition(number: usize, draws: &mut impl Decisions) -> (Call, Vec<Kind>) {
        let (kind, flag) = (Kind::draw(draws), draws.below(2) == 1);
        match number % 14 {
            0 => (Call::Distinct(flag), vec![kind; 2]),
            1 => (Call::IsNull(flag), vec![kind]),
            2 => (Call::Is(flag), vec![Kind::Truth]),
            3 => (Call::Between, vec![kind; 3]),
            4 => (Call::Like(flag), vec![Kind::Text; 2]),
            5 | 6 => (Call::And, vec![Kind::Truth; 2]),
            7 | 8 => (Call::Or, vec![Kind::Truth; 2]),
            9 => (Call::Not, vec![Kind::Truth]),
            13 => (Call::Similar(flag), vec![Kind::Text; 2]),
            10 => (Call::In(flag), vec![kind; 2 + number % 4]),
            _ => (Call::Compare(OPERATORS[number % 6]), vec![kind; 2]),
        }
    }

    /// As SQL, of columns that are written behind `prefix`.
    pub fn sql(&self, prefix: &str) -> String {
        let (call, arguments) = match &self.0 {
            Node::Constant(kind, value) => return value.sql(*kind),
            Node::Column(kind) => return format!("{prefix}{}", kind.column()),
            Node::Call(call, arguments) => (call, arguments),
        };
        let texts: Vec<String> = arguments.iter().map(|a| a.sql(prefix)).collect();
        let all = texts.join(", ");
        let x = texts[0].as_str();
        let (y, z) = (
            texts.get(1).map_or("", |t| t),
            texts.get(2).map_or("", |t| t),
        );
        let not = |is: &bool| if *is { "NOT " } else { "" };
        match call {
            Call::Negate => format!("(- {x})"),
            Call::Abs => format!("abs({all})"),
            Call::Add => format!("({x} + {y})"),
            Call::Subtract => format!("({x} - {y})"),
            Call::Multiply => format!("({x} * {y})"),
            Call::Divide => format!("({x} / {y})"),
            Call::Modulo => format!("({x} % {y})"),
            Call::Length => format!("length({all})"),
            Call::Position => format!("strpos({all})"),
            Call::Concat => format!("({x} || {y})"),
            Call::Reverse => format!("reverse({all})"),
            Call::Left => format!("left({all})"),
            Call::Replace => format!("replace({all})"),
            Call::Substring => format!("substring({x} FROM {y} FOR {z})"),
            Call::Compare(operator) => format!("({x} {operator} {y})"),
            Call::Distinct(is_not) => format!("({x} IS {}DISTINCT FROM {y})", not(is_not)),
            Call::IsNull(is_not) => format!("({x} IS {}NULL)", not(is_not)),
            Call::Is(truth) => format!("({x} IS {truth})"),
            Call::Between => format!("({x} BETWEEN {y} AND {z})"),
            Call::Like(is_not) => format!("({x} {}LIKE {y})", not(is_not)),
            Call::Similar(is_not) => format!("({x} {}SIMILAR TO {y})", not(is_not)),
            Call::And => format!("({x} AND {y})"),
            Call::Or => format!("({x} OR {y})"),
            Call::Not => format!("(NOT {x})"),
            Call::Coalesce => format!("coalesce({all})"),
            Call::NullIf => format!("nullif({all})"),
            Call::Greatest => format!("greatest({all})"),
            Call::Least => format!("least({all})"),
            Call::In(is_not) => format!("({x} {}IN ({}))", not(is_not), texts[1..].join(", ")),
            Call::Case => format!("CASE WHEN {x} THEN {y} ELSE {z} END"),
        }
    }

    /// The same with values in the place of columns.
    #[must_use]
    pub fn with(&self, column: &impl Fn(Kind) -> Scalar) -> Self {
        Self(match &self.0 {
            Node::Column(kind) => Node::Constant(*kind, column(*kind)),
            Node::Call(call, arguments) => {
                Node::Call(*call, arguments.iter().map(|a| a.with(column)).collect())
            }
            constant @ Node::Constant(..) => constant.clone(),
        })
    }

    /// Its value, where the columns have those values.
    ///
    /// # Errors
    /// When any part of it fails.
    pub fn evaluate(&self, column: &impl Fn(Kind) -> Scalar) -> Evaluated {
        let (call, arguments) = match &self.0 {
            Node::Constant(_, value) => return Ok(value.clone()),
            Node::Column(kind) => return Ok(column(*kind)),
            Node::Call(call, arguments) => (call, arguments),
        };
        let values = arguments.iter().map(|argument| argument.evaluate(column));
        called(*call, &values.collect::<Result<Vec<_>, _>>()?)
    }
}

/// The value of a call that minds NULLs in a way of its own; of any other [`strict`] is.
fn called(call: Call, values: &[Scalar]) -> Evaluated {
    let [x, rest @ ..] = values else {
        unreachable!("each call has an argument");
    };
    let there = || values.iter().filter(|value| **value != Scalar::Null);
    Ok(match call {
        Call::Distinct(is_not) => truth(Some((x != &rest[0]) != is_not)),
        Call::IsNull(is_not) => truth(Some((x == &Scalar::Null) != is_not)),
        Call::Is(is) => truth(Some(x.truth() == Some(is))),
        Call::Between => truth(and(compare(x, ">=", &rest[0]), compare(x, "<=", &rest[1]))),
        Call::And => truth(and(x.truth(), rest[0].truth())),
        Call::Or => truth(or(x.truth(), rest[0].truth())),
        Call::Coalesce => there().next().cloned().unwrap_or(Scalar::Null),
        Call::NullIf if compare(x, "=", &rest[0]) == Some(true) => Scalar::Null,
        Call::NullIf => x.clone(),
        Call::Greatest => there().max().cloned().unwrap_or(Scalar::Null),
        Call::Least => there().min().cloned().unwrap_or(Scalar::Null),
        Call::In(is_not) => {
            let each = rest.iter().map(|value| not(compare(x, "=", value)));
            let none = each.fold(Some(true), and);
            truth(if is_not { none } else { not(none) })
        }
        Call::Case if x.truth() == Some(true) => rest[0].clone(),
        Call::Case => rest[1].clone(),
        _ if values.contains(&Scalar::Null) => Scalar::Null,
        _ => strict(call, values)?,
    })
}

/// The value of a call none of whose arguments is NULL.
fn strict(call: Call, values: &[Scalar]) -> Evaluated {
    match (call, values) {
        (Call::Compare(operator), [x, y]) => Ok(truth(compare(x, operator, y))),
        (Call::Not, [x]) => Ok(truth(not(x.truth()))),
        (Call::Negate, [Scalar::Integer(x)]) => integer(x.checked_neg()),
        (Call::Abs, [Scalar::Integer(x)]) => integer(x.checked_abs()),
        (Call::Add, [Scalar::Integer(x), Scalar::Integer(y)]) => integer(x.checked_add(*y)),
        (Call::Subtract, [Scalar::Integer(x), Scalar::Integer(y)]) => integer(x.checked_sub(*y)),
        (Call::Multiply, [Scalar::Integer(x), Scalar::Integer(y)]) => integer(x.checked_mul(*y)),
        (Call::Divide, [Scalar::Integer(x), Scalar::Integer(y)]) => integer(x.checked_div(*y)),
        (Call::Modulo, [Scalar::Integer(_), Scalar::Integer(-1)]) => Ok(Scalar::Integer(0)),
        (Call::Modulo, [Scalar::Integer(x), Scalar::Integer(y)]) => integer(x.checked_rem(*y)),
        (Call::Length, [Scalar::Text(x)]) => Ok(Scalar::Integer(x.chars().count() as i32)),
        (Call::Position, [Scalar::Text(x), Scalar::Text(y)]) => Ok(Scalar::Integer(position(x, y))),
        (Call::Concat, [Scalar::Text(x), Scalar::Text(y)]) => Ok(Scalar::Text(x.clone() + y)),
        (Call::Reverse, [Scalar::Text(x)]) => Ok(Scalar::Text(x.chars().rev().collect())),
        (Call::Left, [Scalar::Text(x), Scalar::Integer(n)]) => Ok(Scalar::Text(left(x, *n))),
        (Call::Replace, [Scalar::Text(x), Scalar::Text(from), Scalar::Text(to)]) => {
            Ok(Scalar::Text(replace(x, from, to)))
        }
        (
            Call::Substring,
            [
                Scalar::Text(x),
                Scalar::Integer(from),
                Scalar::Integer(count),
            ],
        ) => substring(x, *from, *count).map(Scalar::Text).ok_or(Failed),
        (Call::Like(is_not), [Scalar::Text(x), Scalar::Text(pattern)]) => {
            let matched = like(x, pattern).ok_or(Failed)?;
            Ok(Scalar::Truth(matched != is_not))
        }
        (Call::Similar(is_not), [Scalar::Text(x), Scalar::Text(pattern)]) => {
            let matched = similar(x, pattern).ok_or(Failed)?;
            Ok(Scalar::Truth(matched != is_not))
        }
        _ => unreachable!("{call:?} of {values:?}"),
    }
}
