//! `ON CONFLICT (lower(a), b)`, as `sqlparser` can take it: it knows no expressions there. So each becomes a name in quotes
//! that no text can contain, which is the text of the expression.
//!
//! ```text
//!   ON CONFLICT (lower(a), b) DO …  ──▶  ON CONFLICT (·lower ( a )·, b) DO …
//! ```

use sqlparser::ast::Ident;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The quotes around an expression.
const QUOTE: char = '\u{2}';

/// The text of the expression for which `ident` stands, if it does.
pub(super) fn expression(ident: &Ident) -> Option<&str> {
    (ident.quote_style == Some(QUOTE)).then_some(ident.value.as_str())
}

/// The tokens with the expressions of conflict targets rewritten; `None` when there are none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let is_blank = |at: usize| matches!(tokens[at].token, Token::Whitespace(_));
    let keyword = |at: usize| match &tokens[at].token {
        Token::Word(word) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let words: Vec<usize> = (0..tokens.len()).filter(|at| !is_blank(*at)).collect();
    let targets = words.windows(3).filter(|w| {
        (keyword(w[0]), keyword(w[1])) == (Keyword::ON, Keyword::CONFLICT)
            && tokens[w[2]].token == Token::LParen
    });
    let (mut out, mut copied, mut changed) = (Vec::new(), 0, false);
    for open in targets.map(|w| w[2]) {
        let Some(parts) = parts(tokens, open) else {
            continue;
        };
        for part in parts {
            let own: Vec<usize> = part.clone().filter(|at| !is_blank(*at)).collect();
            if own.len() < 2 || part.start < copied {
                continue; // a name, a mistake that the parser will tell, or a part of what is rewritten
            }
            out.extend_from_slice(&tokens[copied..part.start]);
            let text: Vec<String> = own.iter().map(|at| tokens[*at].token.to_string()).collect();
            let word = Token::Word(Word {
                value: text.join(" "),
                quote_style: Some(QUOTE),
                keyword: Keyword::NoKeyword,
            });
            out.push(TokenWithSpan::new(word, tokens[own[0]].span));
            copied = part.end;
            changed = true;
        }
    }
    out.extend_from_slice(&tokens[copied..]);
    changed.then_some(out)
}

/// The parts between the parenthesis at `open` and the one that closes it; `None` when none does.
fn parts(tokens: &[TokenWithSpan], open: usize) -> Option<Vec<std::ops::Range<usize>>> {
    let (mut parts, mut start, mut depth) = (Vec::new(), open + 1, 0usize);
    for (at, token) in tokens.iter().enumerate().skip(open + 1) {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::Comma if depth == 0 => {
                parts.push(start..at);
                start = at + 1;
            }
            Token::RParen if depth == 0 => {
                parts.push(start..at);
                return Some(parts);
            }
            Token::RParen | Token::RBracket => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}
