//! The scalar functions by name.

/// A scalar function, chosen by name and argument types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum ScalarFunction {
    Abs,
    Ceil,
    Floor,
    /// `round(x)` and `round(numeric, digits)`
    Round,
    Trunc,
    Sign,
    Sqrt,
    Power,
    Exp,
    Ln,
    Log10,
    Mod,
    Length,
    OctetLength,
    Lower,
    Upper,
    Substring,
    Trim,
    LTrim,
    RTrim,
    Replace,
    Position,
    Left,
    Right,
    LPad,
    RPad,
    Repeat,
    Reverse,
    /// `||` on text and on bytea
    Concat,
    /// `concat(…)`, which skips NULLs
    ConcatSkipNull,
    NullIf,
    Greatest,
    Least,
    /// `extract(field FROM …)`: the field is a literal first argument
    Extract,
    DateTrunc,
    CurrentDate,
    CurrentTimestamp,
    Md5,
    Ascii,
    Chr,
}
