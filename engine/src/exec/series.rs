//! Functions in FROM: `generate_series`.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::{BATCH_ROWS, Batch};
use crate::exec::operator::{Context, Operator};
use crate::sql::bound::Function;
use crate::types::{Decimal, SqlType, Value};

/// Numbers at equal distances.
pub(crate) struct Series<'a> {
    context: Context<'a>,
    function: &'a Function,
    sql_type: SqlType,
    state: Option<State>,
    /// Rows given so far.
    given: i64,
}

/// What comes next, where it ends, and how far each is from the one before.
enum State {
    Integers {
        next: Option<i64>,
        stop: i64,
        step: i64,
    },
    Numerics {
        next: Decimal,
        stop: Decimal,
        step: Decimal,
    },
    Done,
}

impl<'a> Series<'a> {
    /// The rows of `function`.
    pub(crate) fn new(context: Context<'a>, function: &'a Function) -> Result<Self> {
        let sql_type = function.types.first().copied();
        Ok(Self {
            context,
            function,
            sql_type: sql_type.ok_or_else(|| Error::misuse("EXEC-1: a series is a column"))?,
            state: None,
            given: 0,
        })
    }

    /// Errors: `22023` for a step of zero.
    fn start(&self) -> Result<State> {
        let values = self.function.arguments.iter();
        let values: Vec<Value> = values
            .map(|e| self.context.constant(e))
            .collect::<Result<_>>()?;
        let zero = |is: bool| match is {
            true => Err(Error::new(
                ErrorKind::Data,
                "22023",
                "step size cannot equal zero",
            )),
            false => Ok(()),
        };
        let integer = |v: &Value| match v {
            Value::Int4(v) => Some(i64::from(*v)),
            Value::Int8(v) => Some(*v),
            _ => None,
        };
        let decimal = |v: &Value| match v {
            Value::Numeric(v) => Some(Decimal::from(v)),
            _ => None,
        };
        if values.iter().any(Value::is_null) {
            return Ok(State::Done);
        }
        let (start, stop, step) = match values.as_slice() {
            [start, stop] => (start, stop, None),
            [start, stop, step] => (start, stop, Some(step)),
            _ => {
                return Err(Error::misuse(
                    "a series has a start, an end, and maybe a step",
                ));
            }
        };
        if let (Some(start), Some(stop)) = (integer(start), integer(stop)) {
            let step = step.map_or(Some(1), integer).unwrap_or(1);
            zero(step == 0)?;
            let next = Some(start);
            return Ok(State::Integers { next, stop, step });
        }
        match (
            decimal(start),
            decimal(stop),
            step.map_or(Some(Decimal::from(1)), decimal),
        ) {
            (Some(next), Some(stop), Some(step)) => {
                zero(step.is_zero())?;
                Ok(State::Numerics { next, stop, step })
            }
            _ => Err(Error::misuse("a series is of numbers of one type")),
        }
    }
}

impl State {
    fn next(&mut self, sql_type: SqlType) -> Result<Option<Value>> {
        match self {
            Self::Done => Ok(None),
            Self::Integers { next, stop, step } => {
                let Some(now) = *next else {
                    return Ok(None);
                };
                if (*step > 0 && now > *stop) || (*step < 0 && now < *stop) {
                    return Ok(None);
                }
                // Beyond the last number that there is, the series ends.
                *next = now.checked_add(*step);
                Ok(Some(match sql_type {
                    SqlType::Int4 => Value::Int4(i32::try_from(now).map_err(|_| {
                        Error::misuse("a series of INTEGERs lies between its ends")
                    })?),
                    _ => Value::Int8(now),
                }))
            }
            Self::Numerics { next, stop, step } => {
                let past = match step.is_negative() {
                    true => next < stop,
                    false => next > stop,
                };
                if past {
                    return Ok(None);
                }
                let now = Value::Numeric((&*next).into());
                *next = next.add(step)?;
                Ok(Some(now))
            }
        }
    }
}

impl Operator for Series<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        self.context.interrupt.check()?;
        let mut state = match self.state.take() {
            Some(state) => state,
            None => self.start()?,
        };
        let mut rows: Vec<Vec<Value>> = Vec::new();
        while rows.len() < BATCH_ROWS {
            let Some(value) = state.next(self.sql_type)? else {
                break;
            };
            let mut row = vec![value];
            self.given += 1;
            if self.function.ordinality {
                row.push(Value::Int8(self.given));
            }
            rows.push(row);
        }
        self.state = Some(state);
        if rows.is_empty() {
            return Ok(None);
        }
        let rows = rows.iter().map(Vec::as_slice);
        Ok(Some(Batch::from_rows(&self.function.types, rows)?))
    }
}
