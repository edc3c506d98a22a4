//! The scalar functions by name.

use super::bound::CompareOp;

/// A scalar function, chosen by name and argument types.
///
/// Each variant says which arguments the evaluator takes, in order, and what it gives; the binder has cast them. Here
/// `number` is SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION or NUMERIC, `float` DOUBLE PRECISION, `same` the type of
/// the (first) argument. Unless said otherwise the result is NULL when an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarFunction {
    /// `GROUPING(key, …)`, which the binder replaces by what it is for the grouping set.
    Grouping,
    /// `(number) → same`
    Abs,
    /// `(float or NUMERIC) → same`
    Ceil,
    /// `(float or NUMERIC) → same`
    Floor,
    /// `(float or NUMERIC) → same`, `(NUMERIC, digits INTEGER) → NUMERIC`
    Round,
    /// `(float or NUMERIC) → same`, `(NUMERIC, digits INTEGER) → NUMERIC`
    Trunc,
    /// `(float or NUMERIC) → same`
    Sign,
    /// `(float or NUMERIC) → same`
    Sqrt,
    /// `(base, exponent)`, both float or both NUMERIC `→ same`
    Power,
    /// `(float or NUMERIC) → same`
    Exp,
    /// `(float or NUMERIC) → same`
    Ln,
    /// `(float or NUMERIC) → same`
    Log10,
    /// `(base NUMERIC, NUMERIC) → NUMERIC`
    Log,
    /// `(a, b)` of one integer type or both NUMERIC `→ same`
    Mod,
    /// `(TEXT or BYTEA) → INTEGER`
    Length,
    /// `(TEXT or BYTEA) → INTEGER`
    OctetLength,
    /// `(TEXT) → TEXT`
    Lower,
    /// `(TEXT) → TEXT`
    Upper,
    /// `(TEXT or BYTEA, start INTEGER[, length INTEGER]) → same`
    Substring,
    /// `(TEXT[, characters TEXT]) → TEXT`, `(BYTEA, bytes BYTEA) → BYTEA`
    Trim,
    /// `(TEXT[, characters TEXT]) → TEXT`, `(BYTEA, bytes BYTEA) → BYTEA`
    LTrim,
    /// `(TEXT[, characters TEXT]) → TEXT`, `(BYTEA, bytes BYTEA) → BYTEA`
    RTrim,
    /// `(TEXT, from TEXT, to TEXT) → TEXT`
    Replace,
    /// `(part TEXT, text TEXT) → INTEGER`, or both BYTEA, in the order of `position(part IN text)`, not of `strpos`
    Position,
    /// `(TEXT, INTEGER) → TEXT`
    Left,
    /// `(TEXT, INTEGER) → TEXT`
    Right,
    /// `(TEXT, length INTEGER[, fill TEXT]) → TEXT`
    LPad,
    /// `(TEXT, length INTEGER[, fill TEXT]) → TEXT`
    RPad,
    /// `(TEXT, times INTEGER) → TEXT`
    Repeat,
    /// `(TEXT) → TEXT`
    Reverse,
    /// `||`: `(TEXT, TEXT) → TEXT`, `(BYTEA, BYTEA) → BYTEA`
    Concat,
    /// `concat(any, …) → TEXT`, which skips NULLs; never NULL
    ConcatSkipNull,
    /// `(a, b)` of one type `→ same`: NULL when equal, else `a`
    NullIf,
    /// `(any, …)` of one type `→ same`, which skips NULLs
    Greatest,
    /// `(any, …)` of one type `→ same`, which skips NULLs
    Least,
    /// `(field TEXT, DATE, TIME, TIMESTAMP[TZ] or INTERVAL) → NUMERIC` (`extract`) or `float` (`date_part`)
    Extract,
    /// `(field TEXT, TIMESTAMP[TZ] or INTERVAL) → same`, `(field TEXT, TIMESTAMPTZ, zone TEXT) → TIMESTAMPTZ`
    DateTrunc,
    /// `(stride INTERVAL, TIMESTAMP[TZ], origin) → TIMESTAMP[TZ]`
    DateBin,
    /// `() → DATE`
    CurrentDate,
    /// `() → TIMESTAMP, TIMESTAMPTZ or TIME`, with INTEGER digits of the second as a literal argument or without
    CurrentTimestamp,
    /// `(TIMESTAMP[TZ][, same]) → INTERVAL`
    Age,
    /// `(INTERVAL) → INTERVAL`
    JustifyDays,
    /// `(INTERVAL) → INTERVAL`
    JustifyHours,
    /// `(INTERVAL) → INTERVAL`
    JustifyInterval,
    /// `(any) → BOOLEAN`
    IsFinite,
    /// `(year, month, day INTEGER) → DATE`
    MakeDate,
    /// `(hour, minute INTEGER, seconds float) → TIME`
    MakeTime,
    /// The arguments of both `→ TIMESTAMP`
    MakeTimestamp,
    /// The arguments of both, and a zone as TEXT or none, `→ TIMESTAMPTZ`
    MakeTimestampTz,
    /// `(years, months, weeks, days, hours, minutes INTEGER, seconds float) → INTERVAL`
    MakeInterval,
    /// `(JSON or JSONB, key TEXT or index INTEGER) → same`, or TEXT
    JsonGet,
    /// `(JSON or JSONB, step TEXT, … or steps TEXT[]) → same`, or TEXT
    JsonPath,
    /// `(JSONB, JSONB) → BOOLEAN`: `@>`
    JsonContains,
    /// `(JSONB, key TEXT or keys TEXT[]) → BOOLEAN`: `?`, `?|`
    JsonHasAny,
    /// `(JSONB, keys TEXT[]) → BOOLEAN`: `?&`
    JsonHasAll,
    /// `(JSONB, JSONB) → JSONB`
    JsonConcat,
    /// `(JSONB, key TEXT or index INTEGER) → JSONB`
    JsonWithout,
    /// `(JSON or JSONB) → TEXT`
    JsonTypeof,
    /// `(JSON or JSONB) → INTEGER`
    JsonLength,
    /// `(JSONB) → TEXT`
    JsonPretty,
    /// `(JSONB, path TEXT[, variables JSONB[, silent BOOLEAN]]) → BOOLEAN`: whether the path finds something, `@?`
    JsonPathExists,
    /// The same: whether the condition that the path is holds, `@@`
    JsonPathMatch,
    /// The same `→ JSONB`: an array of all that the path finds
    JsonPathQueryArray,
    /// The same `→ JSONB`: the first that the path finds
    JsonPathQueryFirst,
    /// `(JSONB, path TEXT[], JSONB[, create BOOLEAN]) → JSONB`
    JsonSet,
    /// `(JSONB, path TEXT[], JSONB[, after BOOLEAN]) → JSONB`
    JsonInsert,
    /// `(JSONB, path TEXT[], JSONB, create BOOLEAN, treatment TEXT) → JSONB`; the new value may be NULL
    JsonSetLax,
    /// `(JSONB, path TEXT[]) → JSONB`: `#-`
    JsonWithoutPath,
    /// `(JSON or JSONB) → same`
    JsonStripNulls,
    /// `(any) → JSON or JSONB`
    ToJson,
    /// `(any, …) → JSON or JSONB`; never NULL
    JsonArray,
    /// `(key, value, …) → JSON or JSONB`; never NULL
    JsonObject,
    /// `(zone TEXT or INTERVAL, TIMESTAMP) → TIMESTAMPTZ`, `(zone, TIMESTAMPTZ) → TIMESTAMP`
    AtTimeZone,
    /// `(number, TIMESTAMP[TZ] or INTERVAL, template TEXT) → TEXT`
    ToChar,
    /// `(TEXT, template TEXT) → NUMERIC`
    ToNumber,
    /// `(TEXT, template TEXT) → DATE or TIMESTAMPTZ`
    ReadTime,
    /// `(row id BIGINT, percent REAL, seed float) → BOOLEAN`: whether a sample of rows has it
    SampledRow,
    /// `(row id BIGINT, percent REAL, seed float) → BOOLEAN`: whether a sample of runs of rows has it
    SampledBlock,
    /// `() → UUID`, another one for each row
    RandomUuid,
    /// `(sequence TEXT) → BIGINT`, another one for each row
    NextVal,
    /// `(sequence TEXT) → BIGINT`
    CurrVal,
    /// `() → BIGINT`
    LastVal,
    /// `(sequence TEXT, BIGINT[, BOOLEAN]) → BIGINT`
    SetVal,
    /// `(seconds float) → TIMESTAMPTZ`
    ToTimestamp,
    /// `(a, b, c, d)` of one type `→ BOOLEAN`: whether a to b overlaps c to d; with NULLs not always NULL
    Overlaps,
    /// `(element, …) → array`; never NULL
    MakeArray,
    /// `(array, index INTEGER) → element`
    ArrayElement,
    /// `(array, lower, upper INTEGER) → array`
    ArraySlice,
    /// `(array, index INTEGER, element) → array` with the element there; the array and the element may be NULL
    ArraySetElement,
    /// `(array, lower, upper INTEGER, elements array) → array` with the elements there; the arrays may be NULL, and a bound that
    /// is the least or the greatest INTEGER is not given
    ArraySetSlice,
    /// `(element, array) → BOOLEAN`: whether the element compares so with one of the array's; with NULLs not always NULL
    AnyElement(CompareOp),
    /// `(array, array) → BOOLEAN`: `@>`
    ArrayContains,
    /// `(array, array) → BOOLEAN`: `&&`
    ArrayOverlaps,
    /// `(array, element) → array`, of which either may be NULL
    ArrayAppend,
    /// `(element, array) → array`, of which either may be NULL
    ArrayPrepend,
    /// `(array, array) → array`; a NULL is nothing
    ArrayCat,
    /// `(array, dimension INTEGER) → INTEGER`, also the upper bound
    ArrayLength,
    /// `(array, dimension INTEGER) → INTEGER`
    ArrayLower,
    /// `(array) → INTEGER`
    ArrayDimensions,
    /// `(array) → TEXT`
    ArrayBounds,
    /// `(array) → INTEGER`
    Cardinality,
    /// `(array, element[, start INTEGER]) → INTEGER`; the element may be NULL
    ArrayPosition,
    /// `(array, element) → INTEGER[]`; the element may be NULL
    ArrayPositions,
    /// `(array, element) → array`; the element may be NULL
    ArrayRemove,
    /// `(array, from element, to element) → array`; the elements may be NULL
    ArrayReplace,
    /// `(array, delimiter TEXT[, null TEXT]) → TEXT`; the last may be NULL
    ArrayToString,
    /// `(TEXT, delimiter TEXT[, null TEXT]) → TEXT[]`; the last two may be NULL
    StringToArray,
    /// `(array, INTEGER) → array`
    TrimArray,
    /// `(element, lengths INTEGER[][, lower bounds INTEGER[]]) → array`; the element may be NULL
    ArrayFill,
    /// `(array[, lines BOOLEAN]) → JSON`
    ArrayToJson,
    /// `(keys and values TEXT[]) → JSON or JSONB`, `(keys TEXT[], values TEXT[]) → JSON or JSONB`
    JsonOfTexts,
    /// `(TEXT, pattern TEXT[, flags TEXT]) → BOOLEAN`
    RegexpLike,
    /// `(TEXT, pattern TEXT[, start INTEGER[, flags TEXT]]) → INTEGER`
    RegexpCount,
    /// `(TEXT, pattern TEXT[, flags TEXT]) → TEXT[]`; NULL where nothing matches
    RegexpMatch,
    /// `(TEXT, pattern TEXT) → TEXT`: what the first group matches, or without groups the whole
    RegexpSubstring,
    /// `(TEXT, pattern TEXT[, start INTEGER[, n INTEGER[, flags TEXT[, group INTEGER]]]]) → TEXT`
    RegexpSubstr,
    /// `(TEXT, pattern TEXT[, start INTEGER[, n INTEGER[, end INTEGER[, flags TEXT[, group INTEGER]]]]]) → INTEGER`
    RegexpInstr,
    /// `(TEXT, pattern TEXT, escape TEXT) → BOOLEAN`
    SimilarTo,
    /// `(TEXT, pattern TEXT, escape TEXT) → TEXT`: what lies between the separators
    SimilarSubstring,
    /// `(TEXT, pattern TEXT[, flags TEXT]) → TEXT[]`
    RegexpSplit,
    /// `(TEXT, pattern TEXT, with TEXT[, flags TEXT]) → TEXT`, `(TEXT, pattern TEXT, with TEXT, start INTEGER[, n
    /// INTEGER[, flags TEXT]]) → TEXT`
    RegexpReplace,
    /// `(TEXT) → TEXT`
    Initcap,
    /// `(TEXT, delimiter TEXT, number INTEGER) → TEXT`
    SplitPart,
    /// `(TEXT, from TEXT, to TEXT) → TEXT`
    Translate,
    /// `(TEXT, with TEXT, start INTEGER[, length INTEGER]) → TEXT`, or all BYTEA
    Overlay,
    /// `(TEXT) → TEXT`
    QuoteLiteral,
    /// `(any) → TEXT`; never NULL
    QuoteNullable,
    /// `(TEXT) → TEXT`
    QuoteIdent,
    /// `(template TEXT, TEXT, …) → TEXT`; NULL only for the template NULL
    Format,
    /// `(any, …) → INTEGER`: how many are NULL; never NULL
    NumNulls,
    /// `(any, …) → INTEGER`: how many are not NULL; never NULL
    NumNonNulls,
    /// `(TEXT, prefix TEXT) → BOOLEAN`
    StartsWith,
    /// `(BYTEA, format TEXT) → TEXT`
    Encode,
    /// `(TEXT, format TEXT) → BYTEA`
    Decode,
    /// `(BYTEA, encoding TEXT) → TEXT`
    ConvertFrom,
    /// `(TEXT, encoding TEXT) → BYTEA`
    ConvertTo,
    /// `(BYTEA, from TEXT, to TEXT) → BYTEA`
    Convert,
    /// `(TEXT, form TEXT) → TEXT`
    Normalize,
    /// `(TEXT[, form TEXT]) → BOOLEAN`
    IsNormalized,
    /// `(TEXT) → TEXT`: escapes of Unicode are what they mean
    Unistr,
    /// `(TEXT[, strict BOOLEAN]) → TEXT[]`
    ParseIdent,
    /// `(BYTEA) → BIGINT`
    BitCount,
    /// `(BYTEA, at INTEGER) → INTEGER`
    GetByte,
    /// `(BYTEA, at INTEGER, value INTEGER) → BYTEA`
    SetByte,
    /// `(BYTEA, at BIGINT) → INTEGER`
    GetBit,
    /// `(BYTEA, at BIGINT, value INTEGER) → BYTEA`
    SetBit,
    /// `(BYTEA) → BYTEA`: SHA-2 of so many bits
    Sha(u16),
    /// `(BIGINT or NUMERIC) → TEXT`
    SizePretty,
    /// `(TEXT) → BIGINT`
    SizeBytes,
    /// `(separator TEXT, any, …) → TEXT`; NULL only for the separator NULL
    ConcatWs,
    /// `(float) → float`, of two for [`FloatFunction::Atan2`] and [`FloatFunction::Atan2D`]
    Float(FloatFunction),
    /// `() → float`
    Pi,
    /// `() → float`, another one for each row
    Random,
    /// `(seed float) → TEXT`, which is empty: what the random numbers of the session follow from
    SetSeed,
    /// `() → TIMESTAMPTZ`: the clock as it runs
    ClockTimestamp,
    /// `() → TIMESTAMPTZ`: when the statement began
    StatementTimestamp,
    /// `() → TEXT`: the clock as it runs
    TimeOfDay,
    /// `(seconds float) → TEXT`, which is empty, after that time
    Sleep,
    /// `(INTERVAL) → TEXT`, which is empty, after that time
    SleepFor,
    /// `(TIMESTAMPTZ) → TEXT`, which is empty, at that time
    SleepUntil,
    /// `() → INTEGER`: which of the connections asks
    SessionNumber,
    /// `(name TEXT[, lenient BOOLEAN]) → TEXT`; NULL for a setting that there is not when lenient
    CurrentSetting,
    /// `(NUMERIC, NUMERIC) → NUMERIC`
    Div,
    /// `(a, b)`, both INTEGER, both BIGINT or both NUMERIC `→ same`
    Gcd,
    /// `(a, b)`, both INTEGER, both BIGINT or both NUMERIC `→ same`
    Lcm,
    /// `(BIGINT) → NUMERIC`
    Factorial,
    /// `(NUMERIC) → INTEGER`
    Scale,
    /// `(NUMERIC) → INTEGER`
    MinScale,
    /// `(NUMERIC) → NUMERIC`
    TrimScale,
    /// `(value, low, high, count INTEGER) → INTEGER` of floats or NUMERICs
    WidthBucket,
    /// `(INTEGER or BIGINT) → TEXT`
    ToHex,
    /// `(TEXT or BYTEA) → TEXT`
    Md5,
    /// `(TEXT) → INTEGER`
    Ascii,
    /// `(INTEGER) → TEXT`
    Chr,
    /// `(an ENUM type) → same`: its first value, whatever the argument is
    EnumFirst,
    /// `(an ENUM type) → same`: its last value
    EnumLast,
    /// `(an ENUM type[, the same]) → array of it`: all its values, or those from one to the other
    EnumRange,
}

impl ScalarFunction {
    /// Whether two calls with the same arguments may give different values.
    pub fn is_volatile(self) -> bool {
        matches!(
            self,
            Self::Random
                | Self::SetSeed
                | Self::ClockTimestamp
                | Self::StatementTimestamp
                | Self::TimeOfDay
                | Self::Sleep
                | Self::SleepFor
                | Self::SleepUntil
                | Self::SessionNumber
                | Self::CurrentSetting
                | Self::RandomUuid
                | Self::NextVal
                | Self::CurrVal
                | Self::LastVal
                | Self::SetVal
        )
    }
}

/// A function of DOUBLE PRECISION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum FloatFunction {
    Cbrt,
    Degrees,
    Radians,
    Sin,
    Cos,
    Tan,
    Cot,
    Asin,
    Acos,
    Atan,
    Atan2,
    SinD,
    CosD,
    TanD,
    CotD,
    AsinD,
    AcosD,
    AtanD,
    Atan2D,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
}
