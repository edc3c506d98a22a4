//! `FOR UPDATE` and its like, as `sqlparser` can take them: it knows neither two of the four strengths nor lists of
//! tables. So each clause becomes one or several that it knows, whose `OF` begins with the strength as a name in quotes
//! that no text can contain.
//!
//! ```text
//!   FOR NO KEY UPDATE OF a, b NOWAIT  ──▶  FOR UPDATE OF ·no key update·.a NOWAIT FOR UPDATE OF ·no key update·.b NOWAIT
//!   FOR SHARE                         ──▶  FOR SHARE OF ·share·
//! ```
//!
//! A LIMIT that follows goes before them, where it knows it.

use super::parse::near;
use crate::error::Result;
use crate::storage::LockMode;
use sqlparser::ast::{LockClause, NonBlock, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

/// The quotes around a strength, and around whatever else is put where no text can have put it.
pub(super) const QUOTE: char = '\u{1}';

/// The strengths: their words, and what comes first of those for `sqlparser`.
const STRENGTHS: [(&[Keyword], &str, LockMode); 4] = [
    (&[Keyword::UPDATE], "update", LockMode::Update),
    (
        &[Keyword::NO, Keyword::KEY, Keyword::UPDATE],
        "no key update",
        LockMode::NoKeyUpdate,
    ),
    (&[Keyword::SHARE], "share", LockMode::Share),
    (
        &[Keyword::KEY, Keyword::SHARE],
        "key share",
        LockMode::KeyShare,
    ),
];

/// What a locking clause asks for.
pub(super) struct Locking<'a> {
    pub(super) mode: LockMode,
    /// As PostgreSQL's messages name it.
    pub(super) name: String,
    /// `OF table`
    pub(super) of: Option<&'a sqlparser::ast::Ident>,
    pub(super) nonblock: Option<NonBlock>,
}

fn keyword(token: Option<&TokenWithSpan>) -> Keyword {
    match token.map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// The strength whose words come first.
fn strength(tokens: &[&TokenWithSpan]) -> Option<(usize, &'static str)> {
    let found = STRENGTHS.iter().find(|(words, ..)| {
        let next = tokens.iter().map(|t| keyword(Some(t)));
        words.iter().copied().eq(next.take(words.len()))
    });
    found.map(|(words, name, _)| (words.len(), *name))
}

/// The tokens with every locking clause rewritten; `None` when there is none. Errors: `42601` for one behind a LIMIT that is
/// behind another.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Result<Option<Vec<TokenWithSpan>>> {
    let words: Vec<&TokenWithSpan> = tokens
        .iter()
        .filter(|t| !matches!(t.token, Token::Whitespace(_)))
        .collect();
    let starts = |at: usize| match keyword(words.get(at).copied()) {
        Keyword::FOR => strength(&words[at + 1..]),
        _ => None,
    };
    if !(0..words.len()).any(|at| starts(at).is_some()) {
        return Ok(None);
    }
    let mut out = Vec::new();
    // Clauses whose LIMIT comes first, and in how many parentheses they stand.
    let mut late: Vec<(usize, Vec<TokenWithSpan>)> = Vec::new();
    let (mut at, mut depth) = (0, 0usize);
    while let Some(word) = words.get(at) {
        let is_late = late.last().is_some_and(|(of, _)| *of == depth);
        match (starts(at), &word.token) {
            (Some(_), token) if is_late => {
                return Err(near(&token.to_string(), word.span.start));
            }
            (Some(_), _) => {
                let mut clauses = Vec::new();
                while let Some((length, name)) = starts(at) {
                    at = clause(&words, at, length, name, &mut clauses);
                }
                match keyword(words.get(at).copied()) {
                    Keyword::LIMIT | Keyword::OFFSET | Keyword::FETCH => {
                        late.push((depth, clauses));
                    }
                    _ => out.append(&mut clauses),
                }
                continue;
            }
            (None, Token::LParen) => depth += 1,
            (None, Token::RParen) => {
                if let Some((_, mut clauses)) = late.pop_if(|(of, _)| *of == depth) {
                    out.append(&mut clauses);
                }
                depth = depth.saturating_sub(1);
            }
            (None, _) => {}
        }
        out.push((*word).clone());
        // Tokens that stood apart stay apart: `a . b` is as `a.b`, but no two tokens become one.
        out.push(space());
        at += 1;
    }
    out.extend(late.into_iter().rev().flat_map(|(_, clauses)| clauses));
    Ok(Some(out))
}

fn space() -> TokenWithSpan {
    TokenWithSpan::wrap(Token::Whitespace(Whitespace::Space))
}

/// Rewrites the clause at `at`; gives where it ends.
fn clause(
    words: &[&TokenWithSpan],
    at: usize,
    length: usize,
    name: &str,
    out: &mut Vec<TokenWithSpan>,
) -> usize {
    let mut end = at + 1 + length;
    let mut tables: Vec<Vec<&TokenWithSpan>> = Vec::new();
    if keyword(words.get(end).copied()) == Keyword::OF {
        end += 1;
        let mut table = Vec::new();
        while let Some(word) = words.get(end) {
            let is_last = matches!(word.token, Token::Word(_));
            table.push(*word);
            end += 1;
            if !is_last {
                continue; // a period
            }
            match words.get(end).map(|t| &t.token) {
                Some(Token::Period) => {}
                Some(Token::Comma) => {
                    tables.push(std::mem::take(&mut table));
                    end += 1;
                }
                _ => break,
            }
        }
        tables.push(table);
    } else {
        tables.push(Vec::new());
    }
    let first_nonblock = end;
    match keyword(words.get(end).copied()) {
        Keyword::NOWAIT => end += 1,
        Keyword::SKIP if keyword(words.get(end + 1).copied()) == Keyword::LOCKED => end += 2,
        _ => {}
    }
    let like = |token: Token| TokenWithSpan {
        token,
        span: words[at].span,
    };
    for table in tables {
        let strength = Word {
            value: name.to_owned(),
            quote_style: Some(QUOTE),
            keyword: Keyword::NoKeyword,
        };
        let last = words[at + length].clone(); // UPDATE or SHARE
        let of = Word {
            value: "OF".to_owned(),
            quote_style: None,
            keyword: Keyword::OF,
        };
        out.extend([words[at].clone(), space(), last, space()]);
        out.extend([like(Token::Word(of)), space(), like(Token::Word(strength))]);
        if !table.is_empty() {
            out.push(like(Token::Period));
            out.extend(table.into_iter().cloned());
        }
        for word in &words[first_nonblock..end] {
            out.extend([space(), (*word).clone()]);
        }
        out.push(space());
    }
    end
}

/// What a rewritten clause asks for. `None` for one that was not rewritten, or names a table in a schema.
pub(super) fn locking(clause: &LockClause) -> Option<Locking<'_>> {
    let ObjectName(parts) = clause.of.as_ref()?;
    let (first, rest) = parts.split_first()?;
    let first = first.as_ident().filter(|i| i.quote_style == Some(QUOTE))?;
    let (.., mode) = STRENGTHS.iter().find(|(_, name, _)| *name == first.value)?;
    let of = match rest {
        [] => None,
        [table] => Some(table.as_ident()?),
        _ => return None,
    };
    Some(Locking {
        mode: *mode,
        name: format!("FOR {}", first.value.to_uppercase()),
        of,
        nonblock: clause.nonblock,
    })
}
