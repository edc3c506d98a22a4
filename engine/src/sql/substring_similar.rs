//! `SUBSTRING (text SIMILAR pattern ESCAPE escape)`, which `sqlparser` does not know, as `SUBSTRING (text FROM pattern FOR
//! escape)`, which means the same.

use super::scan::is_word;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens with every such call rewritten; `None` when there is none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    if !tokens.iter().any(|t| is_word(t, "SIMILAR")) {
        return None;
    }
    let mut out = tokens.to_vec();
    // For each open parenthesis: whether it is that of SUBSTRING, and whether SIMILAR was met in it.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut before: Option<usize> = None;
    let mut found = false;
    for at in 0..out.len() {
        if matches!(out[at].token, Token::Whitespace(_)) {
            continue;
        }
        let follows_to = || {
            let mut behind = tokens[at + 1..].iter();
            behind
                .find(|t| !matches!(t.token, Token::Whitespace(_)))
                .is_some_and(|t| is_word(t, "TO"))
        };
        match (&out[at].token, open.last_mut()) {
            (Token::LParen, _) => {
                let is_call = before.is_some_and(|i| is_word(&out[i], "SUBSTRING"));
                open.push((is_call, false));
            }
            (Token::RParen, _) => {
                open.pop();
            }
            (_, Some((true, is_similar)))
                if !*is_similar && is_word(&out[at], "SIMILAR") && !follows_to() =>
            {
                *is_similar = true;
                found = true;
                out[at].token = Token::make_keyword("FROM");
            }
            (_, Some((true, is_similar @ true))) if is_word(&out[at], "ESCAPE") => {
                *is_similar = false;
                out[at].token = Token::make_keyword("FOR");
            }
            _ => {}
        }
        before = Some(at);
    }
    found.then_some(out)
}
