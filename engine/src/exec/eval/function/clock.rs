//! Functions of the clock as it runs, of chance, and of the session.

use super::super::context::{EvalContext, Outside};
use super::super::operand::Operand;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{
    MICROS_PER_DAY, SqlType, Value, Zone, civil_from_days, data_error, float8_to_text,
};
use arrow_array::Float64Array;
use std::sync::Arc;

/// How long a sleep goes on before it is asked whether the statement is to stop.
const NAP_MICROS: u64 = 5_000;
const MICROS_PER_SECOND: f64 = 1e6;
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The function of that name, computed anew for each row.
pub(super) fn call(
    context: &EvalContext<'_>,
    name: F,
    arguments: &Arguments,
    result: SqlType,
) -> Result<Operand> {
    let outside = context.outside()?;
    if name == F::Random {
        let env = outside.interrupt.env();
        let numbers = (0..arguments.rows).map(|_| outside.random.next(env));
        let numbers: Vec<f64> = numbers.collect();
        return Ok(Operand::array(Arc::new(Float64Array::from(numbers))));
    }
    arguments.each_row_anew(result, |values| value(name, values, context, outside))
}

fn value(
    name: F,
    values: &[Value],
    context: &EvalContext<'_>,
    outside: Outside<'_>,
) -> Result<Value> {
    let env = outside.interrupt.env();
    // What is of the type void in PostgreSQL looks like an empty text.
    let void = |()| Value::Text(String::new());
    match (name, values) {
        (F::ClockTimestamp, []) => Ok(Value::TimestampTz(env.now_micros())),
        (F::StatementTimestamp, []) => Ok(Value::TimestampTz(outside.statement_micros)),
        (F::TimeOfDay, []) => Ok(Value::Text(time_of_day(
            env.now_micros(),
            context.clock.zone,
        )?)),
        (F::SetSeed, [Value::Float8(seed)]) => set_seed(*seed, outside).map(void),
        (F::Sleep, [Value::Float8(seconds)]) => {
            sleep((seconds * MICROS_PER_SECOND) as u64, outside).map(void)
        }
        (F::SleepFor, [Value::Interval(length)]) => {
            let now = env.now_micros();
            let micros = context.clock.zone.after(now, *length)?.saturating_sub(now);
            sleep(u64::try_from(micros).unwrap_or(0), outside).map(void)
        }
        (F::SleepUntil, [Value::TimestampTz(end)]) => {
            let micros = end.saturating_sub(env.now_micros());
            sleep(u64::try_from(micros).unwrap_or(0), outside).map(void)
        }
        (F::SessionNumber, []) => {
            let number = i32::try_from(outside.session.number());
            Ok(Value::Int4(number.unwrap_or(i32::MAX)))
        }
        (F::CurrentSetting, [Value::Text(name), lenient @ ..]) => {
            match outside.session.setting(name) {
                Err(error) if error.sqlstate() == "42704" && *lenient == [Value::Bool(true)] => {
                    Ok(Value::Null)
                }
                setting => setting.map(Value::Text),
            }
        }
        _ => Err(Error::misuse("a function of the clock has other arguments")),
    }
}

/// Errors: `22023`.
fn set_seed(seed: f64, outside: Outside<'_>) -> Result<()> {
    if !(-1.0..=1.0).contains(&seed) {
        let seed = float8_to_text(seed);
        let message = format!("setseed parameter {seed} is out of allowed range [-1,1]");
        return Err(data_error("22023", message));
    }
    outside.random.set_seed(seed);
    Ok(())
}

/// Lets the time pass. Errors: `57014` when the statement is to stop.
fn sleep(micros: u64, outside: Outside<'_>) -> Result<()> {
    let env = outside.interrupt.env();
    let end = env.monotonic_micros().saturating_add(micros);
    loop {
        outside.interrupt.check()?;
        let rest = end.saturating_sub(env.monotonic_micros());
        if rest == 0 {
            return Ok(());
        }
        let limit = outside.interrupt.remaining_micros().unwrap_or(u64::MAX);
        env.pause(rest.min(NAP_MICROS).min(limit));
    }
}

/// `Sun Nov 29 12:05:57.100257 2026 UTC`. Errors: `22008`.
fn time_of_day(stamp: i64, zone: Zone) -> Result<String> {
    let (micros, letters) = (zone.to_local(stamp)?, zone.abbreviation(stamp));
    let (days, time) = (
        micros.div_euclid(MICROS_PER_DAY),
        micros.rem_euclid(MICROS_PER_DAY),
    );
    let (year, month, day) = civil_from_days(days);
    // 1970-01-01 was a Thursday.
    let weekday = WEEKDAYS[(days + 4).rem_euclid(7) as usize];
    let month = MONTHS[month as usize - 1];
    let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Ok(format!(
        "{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02}.{micros:06} {year} {letters}"
    ))
}
