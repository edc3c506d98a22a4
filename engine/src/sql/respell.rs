//! What `sqlparser` does not know, or does not mean as PostgreSQL does, is spelt otherwise before it sees the tokens.

use super::action_columns;
use super::column_origins;
use super::conflict_target;
use super::element_targets;
use super::frame_exclusion;
use super::locking;
use super::nested_sets;
use super::substring_similar;
use super::table_command;
use crate::error::Result;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens with something spelt otherwise; `None` if there is nothing.
type Respell = fn(&[TokenWithSpan]) -> Result<Option<Vec<TokenWithSpan>>>;

/// What stands in all tokens in which something is to be spelt otherwise: few statements have any of these.
#[derive(Clone, Copy)]
enum Mark {
    Word(Keyword),
    Bracket,
}

/// In this order.
const RESPELLINGS: [(Mark, Respell); 8] = [
    (Mark::Word(Keyword::TABLE), |t| {
        Ok(table_command::rewrite(t))
    }),
    (Mark::Word(Keyword::EXCLUDE), |t| {
        Ok(frame_exclusion::rewrite(t))
    }),
    (Mark::Word(Keyword::GROUPING), |t| {
        Ok(nested_sets::rewrite(t))
    }),
    (Mark::Word(Keyword::SIMILAR), |t| {
        Ok(substring_similar::rewrite(t))
    }),
    (Mark::Word(Keyword::ALTER), |t| {
        Ok(column_origins::rewrite(t))
    }),
    (Mark::Bracket, |t| Ok(element_targets::rewrite(t))),
    (Mark::Word(Keyword::REFERENCES), action_columns::rewrite),
    (Mark::Word(Keyword::CONFLICT), |t| {
        Ok(conflict_target::rewrite(t))
    }),
];

impl Mark {
    fn is_in(self, tokens: &[TokenWithSpan]) -> bool {
        tokens.iter().any(|token| match (self, &token.token) {
            (Self::Word(keyword), Token::Word(word)) => word.keyword == keyword,
            (Self::Bracket, token) => *token == Token::LBracket,
            _ => false,
        })
    }
}

/// The tokens as `sqlparser` is to see them, and whether `FOR UPDATE` or its like is among them. Errors: `42601` and `0A000`
/// for what cannot be spelt.
pub(super) fn respell(mut tokens: Vec<TokenWithSpan>) -> Result<(Vec<TokenWithSpan>, bool)> {
    for (mark, respell) in RESPELLINGS {
        if mark.is_in(&tokens) {
            tokens = respell(&tokens)?.unwrap_or(tokens);
        }
    }
    let locking = match Mark::Word(Keyword::FOR).is_in(&tokens) {
        true => locking::rewrite(&tokens)?,
        false => None,
    };
    let locks_rows = locking.is_some();
    Ok((locking.unwrap_or(tokens), locks_rows))
}
