//! `INTERVAL (3) 'text'`, of which `sqlparser` loses the digits, as `'text' :: INTERVAL (3)`, which means the same.

use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens with every such literal rewritten; `None` when there is none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let places: Vec<usize> = (0..tokens.len())
        .filter(|at| !is_blank(&tokens[*at]))
        .collect();
    let found: Vec<(usize, usize)> = places
        .windows(5)
        .filter(|five| is_literal(&five.iter().map(|at| &tokens[*at].token).collect::<Vec<_>>()))
        .map(|five| (five[0], five[4]))
        .collect();
    if found.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(tokens.len() + found.len());
    let mut rest = 0;
    for (interval, text) in found {
        out.extend_from_slice(&tokens[rest..interval]);
        out.push(tokens[text].clone());
        out.push(TokenWithSpan {
            token: Token::DoubleColon,
            span: tokens[interval].span,
        });
        out.extend_from_slice(&tokens[interval..text]);
        rest = text + 1;
    }
    out.extend_from_slice(&tokens[rest..]);
    Some(out)
}

fn is_literal(five: &[&Token]) -> bool {
    matches!(five, [
        Token::Word(word),
        Token::LParen,
        Token::Number(..),
        Token::RParen,
        Token::SingleQuotedString(_),
    ] if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("INTERVAL"))
}
