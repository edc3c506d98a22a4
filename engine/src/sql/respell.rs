//! What `sqlparser` does not know, or does not mean as PostgreSQL does, is spelt otherwise before it sees the tokens.

use super::action_columns;
use super::column_origins;
use super::conflict_target;
use super::element_targets;
use super::frame_exclusion;
use super::interval_digits;
use super::locking;
use super::nested_sets;
use super::substring_similar;
use super::table_command;
use crate::error::Result;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens with something spelt otherwise; `None` if there is nothing.
type Respell = fn(&[TokenWithSpan]) -> Option<Vec<TokenWithSpan>>;

/// What stands in all tokens in which something is to be spelt otherwise: few statements have any of these.
#[derive(Clone, Copy)]
enum Mark {
    Word(Keyword),
    Bracket,
}

/// Of what may fail.
const REFERENCES: Mark = Mark::Word(Keyword::REFERENCES);
const FOR: Mark = Mark::Word(Keyword::FOR);

/// In this order.
const RESPELLINGS: [(Mark, Respell); 8] = [
    (Mark::Word(Keyword::TABLE), table_command::rewrite),
    (Mark::Word(Keyword::EXCLUDE), frame_exclusion::rewrite),
    (Mark::Word(Keyword::GROUPING), nested_sets::rewrite),
    (Mark::Word(Keyword::SIMILAR), substring_similar::rewrite),
    (Mark::Word(Keyword::INTERVAL), interval_digits::rewrite),
    (Mark::Word(Keyword::ALTER), column_origins::rewrite),
    (Mark::Bracket, element_targets::rewrite),
    (Mark::Word(Keyword::CONFLICT), conflict_target::rewrite),
];

impl Mark {
    fn is(self, token: &Token) -> bool {
        match (self, token) {
            (Self::Word(keyword), Token::Word(word)) => word.keyword == keyword,
            (Self::Bracket, Token::LBracket) => true,
            _ => false,
        }
    }

    fn is_in(self, tokens: &[TokenWithSpan]) -> bool {
        tokens.iter().any(|token| self.is(&token.token))
    }
}

/// Whether the token is one of all marks: most keywords are none, and most tokens no keywords.
fn is_mark(token: &Token) -> bool {
    let may_be = match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        token => matches!(token, Token::LBracket),
    };
    let marks = RESPELLINGS.iter().map(|(mark, _)| *mark);
    may_be && marks.chain([REFERENCES, FOR]).any(|mark| mark.is(token))
}

/// The tokens as `sqlparser` is to see them, and whether `FOR UPDATE` or its like is among them. Errors: `42601` and `0A000`
/// for what cannot be spelt.
pub(super) fn respell(mut tokens: Vec<TokenWithSpan>) -> Result<(Vec<TokenWithSpan>, bool)> {
    if !tokens.iter().any(|token| is_mark(&token.token)) {
        return Ok((tokens, false));
    }
    for (mark, respell) in RESPELLINGS {
        if mark.is_in(&tokens) {
            tokens = respell(&tokens).unwrap_or(tokens);
        }
    }
    if REFERENCES.is_in(&tokens) {
        tokens = action_columns::rewrite(&tokens)?.unwrap_or(tokens);
    }
    let locking = match FOR.is_in(&tokens) {
        true => locking::rewrite(&tokens)?,
        false => None,
    };
    let locks_rows = locking.is_some();
    Ok((locking.unwrap_or(tokens), locks_rows))
}
