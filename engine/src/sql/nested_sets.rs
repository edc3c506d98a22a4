//! `GROUPING SETS` inside of `GROUPING SETS`, which `sqlparser` does not read: the inner list is one with the outer.
//!
//! ```text
//!   GROUPING SETS (a, GROUPING SETS (b, c))  ──▶  GROUPING SETS (a, b, c)
//! ```

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// A parenthesis that is open.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    /// That of the outermost list of sets.
    Sets,
    /// That of a list inside of it, which is left out.
    Inner,
    Other,
}

/// The tokens with every such list taken into the one around it; `None` when there is none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let words: Vec<&TokenWithSpan> = tokens
        .iter()
        .filter(|t| !matches!(t.token, Token::Whitespace(_)))
        .collect();
    let keyword = |at: usize| match words.get(at).map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let begins = |at: usize| {
        (keyword(at), keyword(at + 1)) == (Keyword::GROUPING, Keyword::SETS)
            && words.get(at + 2).is_some_and(|t| t.token == Token::LParen)
    };
    if (0..words.len()).filter(|at| begins(*at)).count() < 2 {
        return None;
    }
    let (mut out, mut open, mut found) = (Vec::new(), Vec::new(), false);
    let mut at = 0;
    while let Some(token) = words.get(at) {
        if begins(at) {
            let is_inner = matches!(open.last(), Some(Open::Sets | Open::Inner));
            if is_inner {
                found = true;
            } else {
                out.extend(words[at..at + 3].iter().copied().cloned());
            }
            open.push(if is_inner { Open::Inner } else { Open::Sets });
            at += 3;
            continue;
        }
        match token.token {
            Token::LParen => open.push(Open::Other),
            Token::RParen if open.pop() == Some(Open::Inner) => {
                at += 1;
                continue;
            }
            _ => {}
        }
        out.push((*token).clone());
        at += 1;
    }
    found.then_some(out)
}
