//! What a mutant is, and how the places look that mutants share.

use std::fmt;
use std::ops::Range;

/// What is done to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A function gives a value at once.
    Body,
    /// A comparison asks for something else.
    Comparison,
    /// And becomes or, or becomes and.
    Logic,
    /// An arithmetic operator becomes another.
    Arithmetic,
    /// A negation is left out.
    Negation,
    /// An arm of a match is left out.
    Arm,
    /// The guard of an arm always or never holds.
    Guard,
    /// A call whose result nobody uses is left out.
    Statement,
    /// An assignment is left out.
    Assignment,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// One change of the source.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// What the environment variable says to choose it; those of all files differ.
    pub(crate) number: u32,
    /// What is changed, as people read it.
    pub(crate) change: String,
    /// What the woven text says for it: an expression, an operator or a value.
    pub(crate) code: String,
}

/// How the text of a place is woven around what is there. All positions are bytes of the file.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// `if on(N) { return code; }` behind the brace at the beginning of the span.
    Body,
    /// `left op right`, whose mutants are other operators: both operands are computed once.
    Comparison { operator: Range<usize> },
    /// As comparisons, but the operands are moved.
    Arithmetic { operator: Range<usize> },
    /// `a += b`: the code of a mutant is the whole expression.
    Whole,
    /// `left && right` or `left || right`, which become one another.
    Logic { operator: Range<usize> },
    /// `!x` or `-x`, with the operator in front.
    Negation { operator: Range<usize> },
    /// An arm without guard whose pattern is the span: it gets one.
    Arm,
    /// A guard, whose mutants are the codes `true` and `false`.
    Guard,
    /// A whole statement.
    Statement,
}

/// A place of the source, and its mutants.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    /// The function that it is in.
    pub(crate) function: String,
    pub(crate) line: usize,
    pub(crate) span: Range<usize>,
    pub(crate) shape: Shape,
    pub(crate) mutants: Vec<Mutant>,
}
