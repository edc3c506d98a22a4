//! `generate_series`: values at equal distances.

use crate::error::{Error, ErrorKind, Result};
use crate::types::{Decimal, Interval, SqlType, Value, Zone};

/// What comes next, where it ends, and how far each is from the one before.
pub(crate) enum Series {
    /// SMALLINT, INTEGER, BIGINT.
    Integers {
        next: Option<i64>,
        stop: i64,
        step: i64,
    },
    /// NUMERIC.
    Numerics {
        next: Decimal,
        stop: Decimal,
        step: Decimal,
    },
    /// TIMESTAMP with or without time zone, in microseconds.
    Stamps {
        next: i64,
        stop: i64,
        step: Interval,
        /// Whose clocks say how long a day is.
        zone: Zone,
    },
    /// Nothing any more.
    Done,
}

impl Series {
    /// From the first of `values` to the second, by the third or by 1; none where one of them is NULL. Errors: `22023`
    /// for a step of zero. Days of a TIMESTAMP WITH TIME ZONE are those of `zone`.
    pub(crate) fn new(values: &[Value], zone: Zone) -> Result<Self> {
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
        let stamp = |v: &Value| match v {
            Value::Timestamp(v) | Value::TimestampTz(v) => Some(*v),
            _ => None,
        };
        let decimal = |v: &Value| match v {
            Value::Numeric(v) => Some(Decimal::from(v)),
            _ => None,
        };
        if values.iter().any(Value::is_null) {
            return Ok(Self::Done);
        }
        let (start, stop, step) = match values {
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
            return Ok(Self::Integers { next, stop, step });
        }
        if let (Some(next), Some(stop), Some(Value::Interval(step))) =
            (stamp(start), stamp(stop), step)
        {
            zero(step.span() == 0)?;
            let zone = zone.of_type(start.sql_type());
            let step = *step;
            return Ok(Self::Stamps {
                next,
                stop,
                step,
                zone,
            });
        }
        match (
            decimal(start),
            decimal(stop),
            step.map_or(Some(Decimal::from(1)), decimal),
        ) {
            (Some(next), Some(stop), Some(step)) => {
                zero(step.is_zero())?;
                Ok(Self::Numerics { next, stop, step })
            }
            _ => Err(Error::misuse("a series is of values of one type")),
        }
    }

    /// The next value, of `sql_type`. Errors: `22003`, `22008` beyond what the type holds.
    pub(crate) fn next(&mut self, sql_type: SqlType) -> Result<Option<Value>> {
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
            Self::Stamps {
                next,
                stop,
                step,
                zone,
            } => {
                let past = match step.span() < 0 {
                    true => *next < *stop,
                    false => *next > *stop,
                };
                if past {
                    return Ok(None);
                }
                let now = *next;
                *next = zone.after(now, *step)?;
                Ok(Some(match sql_type {
                    SqlType::TimestampTz(_) => Value::TimestampTz(now),
                    _ => Value::Timestamp(now),
                }))
            }
        }
    }
}
