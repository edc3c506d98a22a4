//! Elements of arrays as what is set, which `sqlparser` does not know: the subscripts behind a column become a second part of
//! its name, in quotes that no text can contain, which is their text.
//!
//! ```text
//!   UPDATE t SET a[1] = 2, b[2:3] = …     ──▶  UPDATE t SET a.·[ 1 ]· = 2, b.·[ 2 : 3 ]· = …
//!   INSERT INTO t (a[1], b) VALUES …      ──▶  INSERT INTO t (a.·[ 1 ]·, b) VALUES …
//! ```

use super::locking::QUOTE;
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The column that `name` means, and the text of the subscripts behind it, if there are some.
pub(super) fn element(name: &ObjectName) -> Option<(ObjectName, &str)> {
    match name.0.as_slice() {
        [
            column @ ..,
            ObjectNamePart::Identifier(Ident {
                value,
                quote_style: Some(QUOTE),
                ..
            }),
        ] if value.starts_with('[') => Some((ObjectName(column.to_vec()), value)),
        _ => None,
    }
}

/// Where in a list of targets.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In SET, before `=`.
    Target,
    /// In SET, behind `=`.
    Value,
    /// In the list of columns of an INSERT.
    Columns,
}

/// A way through the words of a statement.
#[derive(Default)]
struct Walk {
    /// Of parentheses.
    depth: usize,
    /// The list at hand, and its depth.
    list: Option<(Place, usize)>,
    /// Whether INTO came, and no list of columns yet.
    into: bool,
    /// CASEs that have not ended.
    cases: usize,
}

impl Walk {
    /// Goes past a token; the words around it are the last but one, the last, itself and the next.
    fn step(&mut self, token: &Token, [last_but_one, last, word, next]: [Keyword; 4]) {
        use Keyword::{
            CASE, DEFAULT, DISTINCT, END, FROM, INSERT, INTO, ON, RETURNING, SELECT, SET, TABLE,
            USING, VALUES, WHEN, WHERE, WITH,
        };
        match (token, self.list) {
            (Token::LParen, _) => {
                self.depth += 1;
                // What it begins with tells a list from a query.
                if std::mem::take(&mut self.into) && ![SELECT, WITH, VALUES, TABLE].contains(&next)
                {
                    self.list = Some((Place::Columns, self.depth));
                }
            }
            (Token::RParen, list) => {
                self.depth = self.depth.saturating_sub(1);
                if list.is_some_and(|(_, own)| own > self.depth) {
                    self.list = None;
                }
            }
            (Token::Comma, Some((Place::Value, own))) if own == self.depth => {
                self.list = Some((Place::Target, own));
            }
            (Token::Eq, Some((Place::Target, own))) if own == self.depth => {
                self.list = Some((Place::Value, own));
            }
            _ => match word {
                // Not `ON DELETE SET NULL`.
                SET if last_but_one != ON => self.list = Some((Place::Target, self.depth)),
                INTO | INSERT => self.into = true,
                VALUES | SELECT | DEFAULT | USING => self.into = false,
                CASE => self.cases += 1,
                END => self.cases = self.cases.saturating_sub(1),
                WHERE | FROM | RETURNING | WHEN
                    if self.cases == 0
                        && last != DISTINCT
                        && self.list.is_some_and(|(_, own)| own == self.depth) =>
                {
                    self.list = None;
                }
                _ => {}
            },
        }
    }

    /// Whether a name here is what is set.
    fn is_at_target(&self) -> bool {
        match self.list {
            Some((Place::Target, own)) => self.depth == own || self.depth == own + 1,
            Some((Place::Columns, own)) => self.depth == own,
            Some((Place::Value, _)) | None => false,
        }
    }
}

/// The tokens with all such targets rewritten; `None` when there are none.
pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    if !tokens.iter().any(|t| t.token == Token::LBracket) {
        return None;
    }
    let words: Vec<usize> = (0..tokens.len())
        .filter(|at| !matches!(tokens[*at].token, Token::Whitespace(_)))
        .collect();
    let keyword = |at: usize| match words.get(at).map(|at| &tokens[*at].token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let (mut out, mut copied) = (Vec::new(), 0);
    let (mut walk, mut at) = (Walk::default(), 0);
    while at < words.len() {
        let token = &tokens[words[at]];
        let around = [at.wrapping_sub(2), at.wrapping_sub(1), at, at + 1];
        walk.step(&token.token, around.map(keyword));
        at += 1;
        if !walk.is_at_target() || !matches!(token.token, Token::Word(_)) {
            continue;
        }
        let Some(end) = subscripts(tokens, &words, at) else {
            continue;
        };
        out.extend_from_slice(&tokens[copied..words[at]]);
        let texts = words[at..end].iter().map(|i| tokens[*i].token.to_string());
        let texts: Vec<String> = texts.collect();
        let word = Token::Word(Word {
            value: texts.join(" "),
            quote_style: Some(QUOTE),
            keyword: Keyword::NoKeyword,
        });
        let parts = [Token::Period, word].map(|part| TokenWithSpan::new(part, token.span));
        out.extend(parts);
        copied = words[end - 1] + 1;
        at = end;
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&tokens[copied..]);
    Some(out)
}

/// Behind the subscripts that begin at word `at`; `None` when none do, or nothing closes them.
fn subscripts(tokens: &[TokenWithSpan], words: &[usize], at: usize) -> Option<usize> {
    let token = |at: usize| words.get(at).map(|at| &tokens[*at].token);
    let mut end = at;
    while token(end) == Some(&Token::LBracket) {
        let mut open = 0;
        loop {
            match token(end)? {
                Token::LBracket => open += 1,
                Token::RBracket => open -= 1,
                _ => {}
            }
            end += 1;
            if open == 0 {
                break;
            }
        }
    }
    (end > at).then_some(end)
}
