//! From a function and its arguments to the loop that computes it.

use super::super::arithmetic::arithmetic;
use super::super::evaluate::{Evaluator, constant};
use super::super::operand::{Operand, kernel_error};
use super::{
    array, bytes, choose, clock, concat, datetime, encoding, extract, float, format, format_number,
    format_time, json, json_change, json_of_array, math, number, pad, parse_time, regexp, sample,
    sequence, similar, size, span, text, unicode, uuid, words,
};
use crate::exec::json_path::{Calls, json_path};
use crate::sql::bound::{ArithmeticOp, CompareOp, Expr};
use crate::sql::function::ScalarFunction;
use crate::types::{SqlType, Value, Zone};
use crate::{Error, Result};
use arrow_array::cast::AsArray;

/// Evaluated arguments with their types.
pub(super) struct Arguments {
    pub(super) operands: Vec<Operand>,
    pub(super) types: Vec<SqlType>,
    /// Rows of the batch.
    pub(super) rows: usize,
    /// The time zone of the session.
    pub(super) zone: Zone,
}

impl Arguments {
    /// The argument at `position`. Errors: `42883`, when the binder let too few through.
    pub(super) fn get(&self, position: usize) -> Result<&Operand> {
        self.operands
            .get(position)
            .ok_or_else(|| Error::misuse("a function call without one of its arguments"))
    }

    /// The type of the argument at `position`.
    pub(super) fn sql_type(&self, position: usize) -> SqlType {
        self.types
            .get(position)
            .copied()
            .unwrap_or(SqlType::Unknown)
    }

    pub(super) fn len(&self) -> usize {
        self.operands.len()
    }

    pub(super) fn all(&self) -> Vec<&Operand> {
        self.operands.iter().collect()
    }
}

/// The values of `name(arguments)`.
pub(in super::super) fn call(
    evaluator: &Evaluator<'_>,
    name: ScalarFunction,
    arguments: &[Expr],
    sql_type: SqlType,
) -> Result<Operand> {
    use ScalarFunction as F;
    let arguments = Arguments {
        operands: arguments
            .iter()
            .map(|e| evaluator.operand(e))
            .collect::<Result<_>>()?,
        types: arguments.iter().map(|e| e.sql_type).collect(),
        rows: evaluator.rows,
        zone: evaluator.context.clock.zone,
    };
    match name {
        F::Grouping => Err(Error::misuse("GROUPING is no function of values")),
        F::Abs | F::Ceil | F::Floor | F::Round | F::Trunc | F::Sign => {
            math::rounding(name, &arguments)
        }
        F::Sqrt | F::Power | F::Exp | F::Ln | F::Log10 | F::Log => {
            math::transcendental(name, &arguments)
        }
        F::Mod => {
            let (a, b) = (arguments.get(0)?, arguments.get(1)?);
            let types = (arguments.sql_type(0), arguments.sql_type(1));
            arithmetic(
                ArithmeticOp::Modulo,
                (a, types.0),
                (b, types.1),
                arguments.zone,
            )
        }
        F::Float(function) => float::call(function, &arguments),
        F::Pi => constant(&Value::Float8(std::f64::consts::PI), SqlType::Float8),
        F::Div
        | F::Gcd
        | F::Lcm
        | F::Factorial
        | F::Scale
        | F::MinScale
        | F::TrimScale
        | F::WidthBucket
        | F::ToHex => number::call(name, &arguments, sql_type),
        F::NullIf => null_if(&arguments),
        F::Greatest => choose::choose(&arguments, CompareOp::Gt),
        F::Least => choose::choose(&arguments, CompareOp::Lt),
        _ => of_text(evaluator, name, &arguments, sql_type),
    }
}

/// The functions of texts and of bytes.
fn of_text(
    evaluator: &Evaluator<'_>,
    name: ScalarFunction,
    arguments: &Arguments,
    sql_type: SqlType,
) -> Result<Operand> {
    use ScalarFunction as F;
    match name {
        F::Length | F::OctetLength | F::Position | F::Ascii => text::measure(name, arguments),
        F::Lower | F::Upper | F::Reverse | F::Replace | F::Left | F::Right | F::Chr | F::Md5 => {
            text::transform(name, arguments)
        }
        F::Substring => text::substring(arguments),
        F::Trim | F::LTrim | F::RTrim | F::Overlay if arguments.sql_type(0) == SqlType::Bytes => {
            bytes::call(name, arguments, sql_type)
        }
        F::Trim | F::LTrim | F::RTrim => text::trim(name, arguments),
        F::LPad | F::RPad | F::Repeat => pad::pad(name, arguments),
        F::Initcap
        | F::SplitPart
        | F::Translate
        | F::Overlay
        | F::QuoteLiteral
        | F::QuoteIdent
        | F::Encode => words::transform(name, arguments),
        F::StartsWith => words::starts_with(arguments),
        F::Decode => words::decode(arguments),
        F::ConcatWs => words::concat_ws(arguments),
        F::RegexpLike
        | F::RegexpCount
        | F::RegexpMatch
        | F::RegexpSubstring
        | F::RegexpSubstr
        | F::RegexpInstr
        | F::RegexpSplit
        | F::RegexpReplace => regexp::call(name, arguments, sql_type),
        F::SimilarTo | F::SimilarSubstring => similar::call(name, arguments, sql_type),
        F::Concat => concat::concat(arguments),
        F::ConcatSkipNull => concat::concat_skip_null(arguments),
        F::QuoteNullable => words::quote_nullable(arguments),
        F::Format => format::format(arguments),
        F::NumNulls | F::NumNonNulls => words::num_nulls(name, arguments),
        F::ConvertFrom | F::ConvertTo | F::Convert => encoding::call(name, arguments, sql_type),
        F::Normalize | F::IsNormalized | F::Unistr | F::ParseIdent => {
            unicode::call(name, arguments, sql_type)
        }
        F::BitCount | F::GetByte | F::SetByte | F::GetBit | F::SetBit | F::Sha(_) => {
            bytes::call(name, arguments, sql_type)
        }
        F::SizePretty | F::SizeBytes => size::call(name, arguments, sql_type),
        _ => special(evaluator, name, arguments, sql_type),
    }
}

/// The functions of dates, times and templates, and those that ask the world around.
fn special(
    evaluator: &Evaluator<'_>,
    name: ScalarFunction,
    arguments: &Arguments,
    sql_type: SqlType,
) -> Result<Operand> {
    use ScalarFunction as F;
    match name {
        F::Extract => extract::extract(arguments, sql_type),
        F::DateTrunc => datetime::date_trunc(arguments),
        F::CurrentDate | F::CurrentTimestamp => datetime::now(evaluator.context.clock, sql_type),
        F::DateBin => span::date_bin(arguments),
        F::Age => span::age(arguments, evaluator.context.clock.now_micros),
        F::JustifyDays | F::JustifyHours | F::JustifyInterval => span::justify(name, arguments),
        F::IsFinite => span::is_finite(arguments),
        F::MakeDate | F::MakeTime | F::MakeTimestamp | F::MakeTimestampTz => {
            span::make(name, arguments)
        }
        F::MakeInterval => span::make_interval(arguments),
        F::ToChar if arguments.sql_type(0).is_number() => format_number::to_char(arguments),
        F::ToChar => format_time::to_char(arguments),
        F::AtTimeZone => span::at_time_zone(arguments),
        F::ToNumber => format_number::to_number(arguments),
        F::ReadTime => parse_time::read(arguments, sql_type),
        F::NextVal | F::CurrVal | F::LastVal | F::SetVal => {
            sequence::call(evaluator, name, arguments)
        }
        F::RandomUuid => uuid::random(evaluator.context.outside()?, evaluator.rows),
        F::Random
        | F::SetSeed
        | F::ClockTimestamp
        | F::StatementTimestamp
        | F::TimeOfDay
        | F::Sleep
        | F::SleepFor
        | F::SleepUntil
        | F::SessionNumber
        | F::CurrentSetting => clock::call(evaluator.context, name, arguments, sql_type),
        F::ToTimestamp => span::to_timestamp(arguments),
        F::Overlaps => span::overlaps(arguments),
        F::SampledRow | F::SampledBlock => sample::sampled(name, arguments),
        _ => of_json(name, arguments, sql_type),
    }
}

/// The functions of JSON and of arrays.
fn of_json(name: ScalarFunction, arguments: &Arguments, sql_type: SqlType) -> Result<Operand> {
    use ScalarFunction as F;
    match name {
        F::JsonSet | F::JsonInsert => json_change::set(name, arguments),
        F::JsonPathExists | F::JsonPathMatch | F::JsonPathQueryArray | F::JsonPathQueryFirst => {
            let mut calls = Calls::new();
            arguments.each_row(sql_type, |values| json_path(name, &mut calls, values))
        }
        F::JsonSetLax => json_change::set_lax(arguments),
        F::JsonWithoutPath => json_change::without_path(arguments),
        F::ArrayToJson | F::JsonOfTexts => json_of_array::call(name, arguments, sql_type),
        F::JsonStripNulls => json_change::strip_nulls(arguments, sql_type),
        F::JsonGet
        | F::JsonPath
        | F::JsonContains
        | F::JsonHasAny
        | F::JsonHasAll
        | F::JsonConcat
        | F::JsonWithout
        | F::JsonTypeof
        | F::JsonLength
        | F::JsonPretty
        | F::ToJson
        | F::JsonArray
        | F::JsonObject => json::call(name, arguments, sql_type),
        _ => array::call(name, arguments, sql_type),
    }
}

/// NULL where both arguments are equal, else the first.
fn null_if(arguments: &Arguments) -> Result<Operand> {
    let (value, other) = (arguments.get(0)?, arguments.get(1)?);
    let equal = super::super::compare::compare(CompareOp::Eq, value, other, arguments.sql_type(0))?;
    let scalar = equal.scalar;
    let rows = equal.array.len();
    let value = value.clone().into_array(rows)?;
    let result = arrow_select::nullif::nullif(&value, equal.array.as_boolean());
    Ok(Operand::computed(result.map_err(kernel_error)?, scalar))
}
