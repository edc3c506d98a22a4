//! The scalar functions with their argument types, and PostgreSQL's choice among those of one name.

use super::coerce::{Context, can_cast, same};
use crate::sql::function::{FloatFunction as X, ScalarFunction as F};
use crate::types::SqlType;

const I2: SqlType = SqlType::Int2;
const I4: SqlType = SqlType::Int4;
const I8: SqlType = SqlType::Int8;
const N: SqlType = SqlType::Numeric(None);
const F4: SqlType = SqlType::Float4;
const F8: SqlType = SqlType::Float8;
const T: SqlType = SqlType::Text;
const B: SqlType = SqlType::Bytes;
const D: SqlType = SqlType::Date;
const TS: SqlType = SqlType::Timestamp(None);
const TZ: SqlType = SqlType::TimestampTz(None);
const TI: SqlType = SqlType::Time(None);
const IV: SqlType = SqlType::Interval(None);
const J: SqlType = SqlType::Json;
const JB: SqlType = SqlType::Jsonb;
const BO: SqlType = SqlType::Bool;

/// One function of a name.
pub(super) struct Overload {
    names: &'static [&'static str],
    pub(super) arguments: &'static [SqlType],
    pub(super) result: SqlType,
    /// `None` for what PostgreSQL has and we do not.
    pub(super) function: Option<F>,
}

const fn f(
    names: &'static [&'static str],
    arguments: &'static [SqlType],
    result: SqlType,
    function: F,
) -> Overload {
    Overload {
        names,
        arguments,
        result,
        function: Some(function),
    }
}

const fn missing(
    names: &'static [&'static str],
    arguments: &'static [SqlType],
    result: SqlType,
) -> Overload {
    Overload {
        names,
        arguments,
        result,
        function: None,
    }
}

#[rustfmt::skip]
static OVERLOADS: &[Overload] = &[
    f(&["abs"], &[I2], I2, F::Abs),
    f(&["abs"], &[I4], I4, F::Abs),
    f(&["abs"], &[I8], I8, F::Abs),
    f(&["abs"], &[N], N, F::Abs),
    f(&["abs"], &[F4], F4, F::Abs),
    f(&["abs"], &[F8], F8, F::Abs),
    f(&["ceil", "ceiling"], &[N], N, F::Ceil),
    f(&["ceil", "ceiling"], &[F8], F8, F::Ceil),
    f(&["floor"], &[N], N, F::Floor),
    f(&["floor"], &[F8], F8, F::Floor),
    f(&["round"], &[N], N, F::Round),
    f(&["round"], &[F8], F8, F::Round),
    f(&["round"], &[N, I4], N, F::Round),
    f(&["trunc"], &[N], N, F::Trunc),
    f(&["trunc"], &[F8], F8, F::Trunc),
    f(&["trunc"], &[N, I4], N, F::Trunc),
    f(&["sign"], &[N], N, F::Sign),
    f(&["sign"], &[F8], F8, F::Sign),
    f(&["sqrt"], &[N], N, F::Sqrt),
    f(&["sqrt"], &[F8], F8, F::Sqrt),
    f(&["power", "pow"], &[N, N], N, F::Power),
    f(&["power", "pow"], &[F8, F8], F8, F::Power),
    f(&["exp"], &[N], N, F::Exp),
    f(&["exp"], &[F8], F8, F::Exp),
    f(&["ln"], &[N], N, F::Ln),
    f(&["ln"], &[F8], F8, F::Ln),
    f(&["log", "log10"], &[N], N, F::Log10),
    f(&["log", "log10"], &[F8], F8, F::Log10),
    f(&["log"], &[N, N], N, F::Log),
    f(&["cbrt"], &[F8], F8, F::Float(X::Cbrt)),
    f(&["degrees"], &[F8], F8, F::Float(X::Degrees)),
    f(&["radians"], &[F8], F8, F::Float(X::Radians)),
    f(&["sin"], &[F8], F8, F::Float(X::Sin)),
    f(&["cos"], &[F8], F8, F::Float(X::Cos)),
    f(&["tan"], &[F8], F8, F::Float(X::Tan)),
    f(&["cot"], &[F8], F8, F::Float(X::Cot)),
    f(&["asin"], &[F8], F8, F::Float(X::Asin)),
    f(&["acos"], &[F8], F8, F::Float(X::Acos)),
    f(&["atan"], &[F8], F8, F::Float(X::Atan)),
    f(&["atan2"], &[F8, F8], F8, F::Float(X::Atan2)),
    f(&["sind"], &[F8], F8, F::Float(X::SinD)),
    f(&["cosd"], &[F8], F8, F::Float(X::CosD)),
    f(&["tand"], &[F8], F8, F::Float(X::TanD)),
    f(&["cotd"], &[F8], F8, F::Float(X::CotD)),
    f(&["asind"], &[F8], F8, F::Float(X::AsinD)),
    f(&["acosd"], &[F8], F8, F::Float(X::AcosD)),
    f(&["atand"], &[F8], F8, F::Float(X::AtanD)),
    f(&["atan2d"], &[F8, F8], F8, F::Float(X::Atan2D)),
    f(&["sinh"], &[F8], F8, F::Float(X::Sinh)),
    f(&["cosh"], &[F8], F8, F::Float(X::Cosh)),
    f(&["tanh"], &[F8], F8, F::Float(X::Tanh)),
    f(&["asinh"], &[F8], F8, F::Float(X::Asinh)),
    f(&["acosh"], &[F8], F8, F::Float(X::Acosh)),
    f(&["atanh"], &[F8], F8, F::Float(X::Atanh)),
    f(&["pi"], &[], F8, F::Pi),
    f(&["random"], &[], F8, F::Random),
    f(&["div"], &[N, N], N, F::Div),
    f(&["gcd"], &[I4, I4], I4, F::Gcd),
    f(&["gcd"], &[I8, I8], I8, F::Gcd),
    f(&["gcd"], &[N, N], N, F::Gcd),
    f(&["lcm"], &[I4, I4], I4, F::Lcm),
    f(&["lcm"], &[I8, I8], I8, F::Lcm),
    f(&["lcm"], &[N, N], N, F::Lcm),
    f(&["factorial"], &[I8], N, F::Factorial),
    f(&["scale"], &[N], I4, F::Scale),
    f(&["min_scale"], &[N], I4, F::MinScale),
    f(&["trim_scale"], &[N], N, F::TrimScale),
    f(&["width_bucket"], &[F8, F8, F8, I4], I4, F::WidthBucket),
    f(&["width_bucket"], &[N, N, N, I4], I4, F::WidthBucket),
    f(&["to_hex"], &[I4], T, F::ToHex),
    f(&["to_hex"], &[I8], T, F::ToHex),
    f(&["regexp_like"], &[T, T], BO, F::RegexpLike),
    f(&["regexp_like"], &[T, T, T], BO, F::RegexpLike),
    f(&["regexp_count"], &[T, T], I4, F::RegexpCount),
    f(&["regexp_count"], &[T, T, I4], I4, F::RegexpCount),
    f(&["regexp_count"], &[T, T, I4, T], I4, F::RegexpCount),
    f(&["regexp_substr"], &[T, T], T, F::RegexpSubstr),
    f(&["regexp_substr"], &[T, T, I4], T, F::RegexpSubstr),
    f(&["regexp_substr"], &[T, T, I4, I4], T, F::RegexpSubstr),
    f(&["regexp_substr"], &[T, T, I4, I4, T], T, F::RegexpSubstr),
    f(&["regexp_substr"], &[T, T, I4, I4, T, I4], T, F::RegexpSubstr),
    f(&["regexp_instr"], &[T, T], I4, F::RegexpInstr),
    f(&["regexp_instr"], &[T, T, I4], I4, F::RegexpInstr),
    f(&["regexp_instr"], &[T, T, I4, I4], I4, F::RegexpInstr),
    f(&["regexp_instr"], &[T, T, I4, I4, I4], I4, F::RegexpInstr),
    f(&["regexp_instr"], &[T, T, I4, I4, I4, T], I4, F::RegexpInstr),
    f(&["regexp_instr"], &[T, T, I4, I4, I4, T, I4], I4, F::RegexpInstr),
    f(&["regexp_replace"], &[T, T, T], T, F::RegexpReplace),
    f(&["regexp_replace"], &[T, T, T, T], T, F::RegexpReplace),
    f(&["regexp_replace"], &[T, T, T, I4], T, F::RegexpReplace),
    f(&["regexp_replace"], &[T, T, T, I4, I4], T, F::RegexpReplace),
    f(&["regexp_replace"], &[T, T, T, I4, I4, T], T, F::RegexpReplace),
    f(&["initcap"], &[T], T, F::Initcap),
    f(&["split_part"], &[T, T, I4], T, F::SplitPart),
    f(&["translate"], &[T, T, T], T, F::Translate),
    f(&["overlay"], &[T, T, I4], T, F::Overlay),
    f(&["overlay"], &[T, T, I4, I4], T, F::Overlay),
    f(&["overlay"], &[B, B, I4], B, F::Overlay),
    f(&["overlay"], &[B, B, I4, I4], B, F::Overlay),
    f(&["quote_ident"], &[T], T, F::QuoteIdent),
    f(&["starts_with"], &[T, T], BO, F::StartsWith),
    f(&["convert_from"], &[B, T], T, F::ConvertFrom),
    f(&["convert_to"], &[T, T], B, F::ConvertTo),
    f(&["convert"], &[B, T, T], B, F::Convert),
    f(&["normalize"], &[T, T], T, F::Normalize),
    f(&["is_normalized"], &[T], BO, F::IsNormalized),
    f(&["is_normalized"], &[T, T], BO, F::IsNormalized),
    f(&["unistr"], &[T], T, F::Unistr),
    f(&["bit_count"], &[B], I8, F::BitCount),
    f(&["get_byte"], &[B, I4], I4, F::GetByte),
    f(&["set_byte"], &[B, I4, I4], B, F::SetByte),
    f(&["get_bit"], &[B, I8], I4, F::GetBit),
    f(&["set_bit"], &[B, I8, I4], B, F::SetBit),
    f(&["sha224"], &[B], B, F::Sha(224)),
    f(&["sha256"], &[B], B, F::Sha(256)),
    f(&["sha384"], &[B], B, F::Sha(384)),
    f(&["sha512"], &[B], B, F::Sha(512)),
    f(&["pg_size_pretty"], &[I8], T, F::SizePretty),
    f(&["pg_size_pretty"], &[N], T, F::SizePretty),
    f(&["pg_size_bytes"], &[T], I8, F::SizeBytes),
    f(&["encode"], &[B, T], T, F::Encode),
    f(&["decode"], &[T, T], B, F::Decode),
    f(&["mod"], &[I2, I2], I2, F::Mod),
    f(&["mod"], &[I4, I4], I4, F::Mod),
    f(&["mod"], &[I8, I8], I8, F::Mod),
    f(&["mod"], &[N, N], N, F::Mod),
    f(&["length", "char_length", "character_length"], &[T], I4, F::Length),
    f(&["length"], &[B], I4, F::OctetLength),
    f(&["octet_length"], &[T], I4, F::OctetLength),
    f(&["octet_length"], &[B], I4, F::OctetLength),
    f(&["lower"], &[T], T, F::Lower),
    f(&["upper"], &[T], T, F::Upper),
    f(&["substring", "substr"], &[T, I4], T, F::Substring),
    f(&["substring", "substr"], &[T, I4, I4], T, F::Substring),
    f(&["substring", "substr"], &[B, I4], B, F::Substring),
    f(&["substring", "substr"], &[B, I4, I4], B, F::Substring),
    f(&["substring"], &[T, T], T, F::RegexpSubstring),
    f(&["substring"], &[T, T, T], T, F::SimilarSubstring),
    f(&["btrim"], &[T], T, F::Trim),
    f(&["btrim"], &[T, T], T, F::Trim),
    f(&["ltrim"], &[T], T, F::LTrim),
    f(&["ltrim"], &[T, T], T, F::LTrim),
    f(&["rtrim"], &[T], T, F::RTrim),
    f(&["rtrim"], &[T, T], T, F::RTrim),
    f(&["btrim"], &[B, B], B, F::Trim),
    f(&["ltrim"], &[B, B], B, F::LTrim),
    f(&["rtrim"], &[B, B], B, F::RTrim),
    f(&["replace"], &[T, T, T], T, F::Replace),
    f(&["position", "strpos"], &[T, T], I4, F::Position),
    f(&["position"], &[B, B], I4, F::Position),
    f(&["left"], &[T, I4], T, F::Left),
    f(&["right"], &[T, I4], T, F::Right),
    f(&["lpad"], &[T, I4], T, F::LPad),
    f(&["lpad"], &[T, I4, T], T, F::LPad),
    f(&["rpad"], &[T, I4], T, F::RPad),
    f(&["rpad"], &[T, I4, T], T, F::RPad),
    f(&["repeat"], &[T, I4], T, F::Repeat),
    f(&["reverse"], &[T], T, F::Reverse),
    f(&["md5"], &[T], T, F::Md5),
    f(&["md5"], &[B], T, F::Md5),
    f(&["ascii"], &[T], I4, F::Ascii),
    f(&["chr"], &[I4], T, F::Chr),
    f(&["date_trunc"], &[T, TS], TS, F::DateTrunc),
    f(&["date_trunc"], &[T, TZ], TZ, F::DateTrunc),
    f(&["date_trunc"], &[T, IV], IV, F::DateTrunc),
    f(&["date_trunc"], &[T, TZ, T], TZ, F::DateTrunc),
    f(&["date_bin"], &[IV, TS, TS], TS, F::DateBin),
    f(&["date_bin"], &[IV, TZ, TZ], TZ, F::DateBin),
    f(&["extract"], &[T, D], N, F::Extract),
    f(&["extract"], &[T, TS], N, F::Extract),
    f(&["extract"], &[T, TZ], N, F::Extract),
    f(&["extract"], &[T, TI], N, F::Extract),
    f(&["extract"], &[T, IV], N, F::Extract),
    f(&["now", "transaction_timestamp", "current_timestamp"], &[], TZ, F::CurrentTimestamp),
    f(&["current_timestamp"], &[I4], TZ, F::CurrentTimestamp),
    f(&["localtimestamp"], &[], TS, F::CurrentTimestamp),
    f(&["localtimestamp"], &[I4], TS, F::CurrentTimestamp),
    f(&["localtime"], &[], TI, F::CurrentTimestamp),
    f(&["localtime"], &[I4], TI, F::CurrentTimestamp),
    f(&["current_date"], &[], D, F::CurrentDate),
    f(&["statement_timestamp"], &[], TZ, F::StatementTimestamp),
    f(&["clock_timestamp"], &[], TZ, F::ClockTimestamp),
    f(&["timeofday"], &[], T, F::TimeOfDay),
    f(&["pg_sleep"], &[F8], T, F::Sleep),
    f(&["pg_sleep_for"], &[IV], T, F::SleepFor),
    f(&["pg_sleep_until"], &[TZ], T, F::SleepUntil),
    f(&["setseed"], &[F8], T, F::SetSeed),
    f(&["pg_backend_pid"], &[], I4, F::SessionNumber),
    f(&["current_setting"], &[T], T, F::CurrentSetting),
    f(&["current_setting"], &[T, BO], T, F::CurrentSetting),
    f(&["age"], &[TS, TS], IV, F::Age),
    f(&["age"], &[TZ, TZ], IV, F::Age),
    f(&["age"], &[TS], IV, F::Age),
    f(&["age"], &[TZ], IV, F::Age),
    f(&["justify_days"], &[IV], IV, F::JustifyDays),
    f(&["justify_hours"], &[IV], IV, F::JustifyHours),
    f(&["justify_interval"], &[IV], IV, F::JustifyInterval),
    f(&["isfinite"], &[D], BO, F::IsFinite),
    f(&["isfinite"], &[TS], BO, F::IsFinite),
    f(&["isfinite"], &[TZ], BO, F::IsFinite),
    f(&["isfinite"], &[IV], BO, F::IsFinite),
    f(&["make_date"], &[I4, I4, I4], D, F::MakeDate),
    f(&["make_time"], &[I4, I4, F8], TI, F::MakeTime),
    f(&["make_timestamp"], &[I4, I4, I4, I4, I4, F8], TS, F::MakeTimestamp),
    f(&["make_timestamptz"], &[I4, I4, I4, I4, I4, F8], TZ, F::MakeTimestampTz),
    f(&["make_timestamptz"], &[I4, I4, I4, I4, I4, F8, T], TZ, F::MakeTimestampTz),
    f(&["timezone"], &[T, TS], TZ, F::AtTimeZone),
    f(&["timezone"], &[T, TZ], TS, F::AtTimeZone),
    f(&["timezone"], &[IV, TS], TZ, F::AtTimeZone),
    f(&["timezone"], &[IV, TZ], TS, F::AtTimeZone),
    missing(&["timezone"], &[T, TI], TI),
    f(&["make_interval"], &[I4, I4, I4, I4, I4, I4, F8], IV, F::MakeInterval),
    f(&["to_timestamp"], &[F8], TZ, F::ToTimestamp),
    f(&["json_typeof"], &[J], T, F::JsonTypeof),
    f(&["jsonb_typeof"], &[JB], T, F::JsonTypeof),
    f(&["json_array_length"], &[J], I4, F::JsonLength),
    f(&["jsonb_array_length"], &[JB], I4, F::JsonLength),
    f(&["jsonb_pretty"], &[JB], T, F::JsonPretty),
    f(&["jsonb_path_exists"], &[JB, T], BO, F::JsonPathExists),
    f(&["jsonb_path_exists"], &[JB, T, JB], BO, F::JsonPathExists),
    f(&["jsonb_path_exists"], &[JB, T, JB, BO], BO, F::JsonPathExists),
    f(&["jsonb_path_match"], &[JB, T], BO, F::JsonPathMatch),
    f(&["jsonb_path_match"], &[JB, T, JB], BO, F::JsonPathMatch),
    f(&["jsonb_path_match"], &[JB, T, JB, BO], BO, F::JsonPathMatch),
    f(&["jsonb_path_query_array"], &[JB, T], JB, F::JsonPathQueryArray),
    f(&["jsonb_path_query_array"], &[JB, T, JB], JB, F::JsonPathQueryArray),
    f(&["jsonb_path_query_array"], &[JB, T, JB, BO], JB, F::JsonPathQueryArray),
    f(&["jsonb_path_query_first"], &[JB, T], JB, F::JsonPathQueryFirst),
    f(&["jsonb_path_query_first"], &[JB, T, JB], JB, F::JsonPathQueryFirst),
    f(&["jsonb_path_query_first"], &[JB, T, JB, BO], JB, F::JsonPathQueryFirst),
    f(&["nextval"], &[T], I8, F::NextVal),
    f(&["currval"], &[T], I8, F::CurrVal),
    f(&["lastval"], &[], I8, F::LastVal),
    f(&["setval"], &[T, I8], I8, F::SetVal),
    f(&["setval"], &[T, I8, BO], I8, F::SetVal),
    f(&["json_strip_nulls"], &[J], J, F::JsonStripNulls),
    f(&["jsonb_strip_nulls"], &[JB], JB, F::JsonStripNulls),
    f(&["gen_random_uuid"], &[], SqlType::Uuid, F::RandomUuid),
    f(&["to_timestamp"], &[T, T], TZ, F::ReadTime),
    f(&["to_date"], &[T, T], D, F::ReadTime),
    f(&["to_number"], &[T, T], N, F::ToNumber),
    f(&["to_char"], &[I4, T], T, F::ToChar),
    f(&["to_char"], &[I8, T], T, F::ToChar),
    f(&["to_char"], &[F4, T], T, F::ToChar),
    f(&["to_char"], &[F8, T], T, F::ToChar),
    f(&["to_char"], &[N, T], T, F::ToChar),
    f(&["to_char"], &[TS, T], T, F::ToChar),
    f(&["to_char"], &[TZ, T], T, F::ToChar),
    f(&["to_char"], &[IV, T], T, F::ToChar),
];

/// Each name of a function, and whether it is there or refused.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, bool)> {
    let names = |o: &'static Overload| o.names.iter().map(|name| (*name, o.function.is_some()));
    OVERLOADS.iter().flat_map(names)
}

/// Why there is no function to call.
pub(super) enum NoOverload {
    /// `42883`
    Missing,
    /// `42725`
    Ambiguous,
}

/// Whether there is a function of that name.
pub(super) fn exists(name: &str) -> bool {
    OVERLOADS.iter().any(|o| o.names.contains(&name))
}

/// The function of that name for arguments of these types: as many exact matches as possible, then as many preferred
/// types, then text for unknown arguments.
pub(super) fn choose(name: &str, types: &[SqlType]) -> Result<&'static Overload, NoOverload> {
    let usable = |overload: &&Overload| {
        overload.names.contains(&name)
            && overload.arguments.len() == types.len()
            && types
                .iter()
                .zip(overload.arguments)
                .all(|(from, to)| can_cast(*from, *to, Context::Implicit))
    };
    let mut candidates: Vec<&'static Overload> = OVERLOADS.iter().filter(usable).collect();
    if candidates.is_empty() {
        return Err(NoOverload::Missing);
    }
    let count = |overload: &Overload, test: &dyn Fn(SqlType, SqlType) -> bool| {
        types
            .iter()
            .zip(overload.arguments)
            .filter(|(from, to)| test(**from, **to))
            .count()
    };
    let exact = |from: SqlType, to: SqlType| same(from, to);
    let preferred = |from: SqlType, to: SqlType| same(from, to) || is_preferred(to);
    let text = |from: SqlType, to: SqlType| from == SqlType::Unknown && to.is_text();
    keep_best(&mut candidates, |o| count(o, &exact));
    if types.contains(&SqlType::Unknown) {
        keep_best(&mut candidates, |o| count(o, &text));
    }
    keep_best(&mut candidates, |o| count(o, &preferred));
    match candidates.as_slice() {
        [one] => Ok(one),
        _ => Err(NoOverload::Ambiguous),
    }
}

/// The type of its category that PostgreSQL prefers.
fn is_preferred(sql_type: SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::Float8
            | SqlType::Text
            | SqlType::Bool
            | SqlType::TimestampTz(_)
            | SqlType::Interval(_)
    )
}

fn keep_best(candidates: &mut Vec<&'static Overload>, score: impl Fn(&Overload) -> usize) {
    let best = candidates.iter().map(|o| score(o)).max().unwrap_or(0);
    candidates.retain(|o| score(o) == best);
}
