//! `ON DELETE SET NULL (columns)` and `SET DEFAULT (columns)`, which `sqlparser` does not know. The columns are put where
//! it takes names: before that of the table that is referenced, behind their number in quotes that no text can contain.
//!
//! ```text
//!   REFERENCES p (x, y) ON DELETE SET NULL (b)  ──▶  REFERENCES ·1·.b.p (x, y) ON DELETE SET NULL
//! ```

use super::locking::QUOTE;
use super::parse::located;
use crate::error::{Error, ErrorKind, Result};
use sqlparser::ast::{Ident, ObjectName};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};
use std::collections::BTreeMap;
use std::ops::Range;

fn keyword(token: &TokenWithSpan) -> Keyword {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// The tokens with every list of columns moved; `None` when there is none. Errors: `0A000` for one of `ON UPDATE`.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Result<Option<Vec<TokenWithSpan>>> {
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let words = tokens.iter().enumerate().filter(|(_, t)| !is_blank(t));
    let words: Vec<(usize, &TokenWithSpan)> = words.collect();
    let mut references = None;
    let mut names = BTreeMap::new();
    let mut gone: Vec<Range<usize>> = Vec::new();
    for (position, (at, token)) in words.iter().enumerate() {
        if keyword(token) == Keyword::REFERENCES {
            references = Some(*at);
        }
        let Some((columns, end)) = list(&words[position..])? else {
            continue;
        };
        if let Some(references) = references.take() {
            names.insert(references, columns);
            gone.push(words[position + 4].0..end);
        }
    }
    if gone.is_empty() {
        return Ok(None);
    }
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if gone.iter().any(|range| range.contains(&at)) {
            continue;
        }
        out.push(token.clone());
        let Some(columns) = names.get(&at) else {
            continue;
        };
        let like = |token: Token| TokenWithSpan {
            token,
            span: tokens[at].span,
        };
        out.push(like(Token::Whitespace(Whitespace::Space)));
        out.push(like(Token::Word(Word {
            value: columns.len().to_string(),
            quote_style: Some(QUOTE),
            keyword: Keyword::NoKeyword,
        })));
        for column in columns {
            out.extend([like(Token::Period), (*column).clone()]);
        }
        // The name of the table follows.
        out.push(like(Token::Period));
    }
    Ok(Some(out))
}

/// The columns, if `words` are `ON DELETE SET NULL (columns)` and what follows, and where the list ends.
fn list<'a>(
    words: &[(usize, &'a TokenWithSpan)],
) -> Result<Option<(Vec<&'a TokenWithSpan>, usize)>> {
    use Keyword::{DEFAULT, DELETE, NULL, ON, SET, UPDATE};
    let first = words.iter().map(|(_, token)| keyword(token));
    let (event, action) = match first.take(4).collect::<Vec<_>>()[..] {
        [
            ON,
            event @ (DELETE | UPDATE),
            SET,
            action @ (NULL | DEFAULT),
        ] => (event, action),
        _ => return Ok(None),
    };
    let mut rest = words[4..].iter();
    if rest.next().is_none_or(|(_, t)| t.token != Token::LParen) {
        return Ok(None);
    }
    if event == UPDATE {
        let message =
            format!("a column list with SET {action:?} is only supported for ON DELETE actions");
        let error = Error::new(ErrorKind::Unsupported, "0A000", message);
        return Err(located(error, words[0].1.span.start));
    }
    let mut columns = Vec::new();
    loop {
        // What is no list is left to the parser, which says so.
        let (Some((_, column)), Some((at, next))) = (rest.next(), rest.next()) else {
            return Ok(None);
        };
        if !matches!(column.token, Token::Word(_)) {
            return Ok(None);
        }
        columns.push(*column);
        match next.token {
            Token::Comma => {}
            Token::RParen => return Ok(Some((columns, at + 1))),
            _ => return Ok(None),
        }
    }
}

/// The name of the table in a rewritten `REFERENCES`, and the columns before it.
pub(super) fn split(name: &ObjectName) -> (ObjectName, Vec<&Ident>) {
    let ObjectName(parts) = name;
    let mark = parts.first().and_then(|first| first.as_ident());
    let Some(mark) = mark.filter(|mark| mark.quote_style == Some(QUOTE)) else {
        return (name.clone(), Vec::new());
    };
    let count: usize = mark.value.parse().unwrap_or_default();
    let (columns, table) = parts[1..].split_at(count.min(parts.len() - 1));
    let columns = columns.iter().filter_map(|part| part.as_ident());
    (ObjectName(table.to_vec()), columns.collect())
}
