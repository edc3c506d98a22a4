//! `EXCLUDE …` at the end of a window's frame, which `sqlparser` does not know: the bound before it becomes one that it
//! knows, whose distance ends in `OR` and the exclusion as a name in quotes that no text can contain.
//!
//! ```text
//!   ROWS BETWEEN 2 PRECEDING AND 1 + 1 FOLLOWING EXCLUDE TIES  ──▶  … AND 1 + 1 OR ·ties· FOLLOWING
//!   … AND CURRENT ROW EXCLUDE GROUP                            ──▶  … AND ·current row· OR ·group· FOLLOWING
//!   … AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW              ──▶  … AND ·unbounded· OR ·current row· FOLLOWING
//! ```

use super::bound::FrameExclusion;
use super::scan;
use sqlparser::ast::{BinaryOperator, Expr, Ident};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

/// The quotes around what was put in.
const QUOTE: char = '\u{2}';

const CURRENT_ROW: &str = "current row";
const UNBOUNDED: &str = "unbounded";

/// The exclusions by their words.
const EXCLUSIONS: [(&[&str], &str, FrameExclusion); 4] = [
    (&["CURRENT", "ROW"], CURRENT_ROW, FrameExclusion::CurrentRow),
    (&["GROUP"], "group", FrameExclusion::Group),
    (&["TIES"], "ties", FrameExclusion::Ties),
    (&["NO", "OTHERS"], "no others", FrameExclusion::NoOthers),
];

/// A bound of a frame as it was written.
pub(super) enum Distance<'a> {
    /// `CURRENT ROW`
    CurrentRow,
    /// `UNBOUNDED …`
    Unbounded,
    /// `expression …`
    Of(&'a Expr),
}

fn is_word(token: Option<&TokenWithSpan>, wanted: &str) -> bool {
    token.is_some_and(|token| scan::is_word(token, wanted))
}

/// How many words an exclusion at `at` has, and its name.
fn exclusion(words: &[TokenWithSpan], at: usize) -> Option<(usize, &'static str)> {
    if !is_word(words.get(at), "EXCLUDE") {
        return None;
    }
    let matches = |list: &[&str]| {
        let mut numbered = (at + 1..).zip(list);
        numbered.all(|(i, wanted)| is_word(words.get(i), wanted))
            && words.get(at + 1 + list.len()).map(|t| &t.token) == Some(&Token::RParen)
    };
    let found = EXCLUSIONS.iter().find(|(list, ..)| matches(list));
    found.map(|(list, name, _)| (list.len() + 1, *name))
}

/// The tokens with every exclusion rewritten; `None` when there is none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    if !tokens.iter().any(|t| is_word(Some(t), "EXCLUDE")) {
        return None;
    }
    let words: Vec<TokenWithSpan> = tokens
        .iter()
        .filter(|t| !matches!(t.token, Token::Whitespace(_)))
        .cloned()
        .collect();
    let mut out: Vec<TokenWithSpan> = Vec::new();
    let (mut at, mut found) = (0, false);
    while at < words.len() {
        match exclusion(&words, at).filter(|_| ends_in_bound(&out)) {
            Some((length, name)) => {
                put_in(&mut out, name);
                at += length;
                found = true;
            }
            None => {
                out.push(words[at].clone());
                at += 1;
            }
        }
    }
    let space = || TokenWithSpan::wrap(Token::Whitespace(Whitespace::Space));
    // Tokens that stood apart stay apart.
    found.then(|| out.into_iter().flat_map(|t| [t, space()]).collect())
}

fn ends_in_bound(out: &[TokenWithSpan]) -> bool {
    let last = out.len().checked_sub(1);
    let before = out.len().checked_sub(2).and_then(|i| out.get(i));
    let last = last.and_then(|i| out.get(i));
    is_word(last, "PRECEDING")
        || is_word(last, "FOLLOWING")
        || is_word(last, "ROW") && is_word(before, "CURRENT")
}

/// Puts the exclusion of that name into the bound in which `out` ends.
fn put_in(out: &mut Vec<TokenWithSpan>, name: &str) {
    let Some(mut last) = out.pop() else { return };
    let span = last.span;
    let word = |value: &str, quote_style, keyword| TokenWithSpan {
        token: Token::Word(Word {
            value: value.to_owned(),
            quote_style,
            keyword,
        }),
        span,
    };
    let marked = |value: &str| word(value, Some(QUOTE), Keyword::NoKeyword);
    if is_word(Some(&last), "ROW") {
        out.pop();
        out.push(marked(CURRENT_ROW));
        last = word("FOLLOWING", None, Keyword::FOLLOWING);
    } else if is_word(out.last(), "UNBOUNDED") {
        out.pop();
        out.push(marked(UNBOUNDED));
    }
    out.extend([word("OR", None, Keyword::OR), marked(name), last]);
}

/// What a distance was before it was rewritten, and the exclusion behind it, if there was one.
pub(super) fn distance(written: &Expr) -> (Distance<'_>, Option<FrameExclusion>) {
    let marked = |expr: &Expr| match expr {
        Expr::Identifier(Ident {
            value,
            quote_style: Some(QUOTE),
            ..
        }) => Some(value.clone()),
        _ => None,
    };
    if let Expr::BinaryOp {
        left,
        op: BinaryOperator::Or,
        right,
    } = written
        && let Some(name) = marked(right)
        && let Some((.., exclusion)) = EXCLUSIONS.iter().find(|(_, known, _)| *known == name)
    {
        let bound = match marked(left).as_deref() {
            Some(CURRENT_ROW) => Distance::CurrentRow,
            Some(UNBOUNDED) => Distance::Unbounded,
            _ => Distance::Of(left),
        };
        return (bound, Some(*exclusion));
    }
    (Distance::Of(written), None)
}
