//! The tokens of plain texts.
//!
//! `sqlparser` reads character by character, makes a token of each blank, and looks each word up in a sorted list of a
//! thousand: a fifth of what a statement of conditions costs in all. A text of nothing but words, numbers, strings and
//! common operators is cut here, in bytes. One with anything else in it (comments, other kinds of strings, operators
//! that touch, characters outside of ASCII) is left to `sqlparser` as a whole, so that no text has two meanings.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use sqlparser::keywords::{ALL_KEYWORDS, ALL_KEYWORDS_INDEX, Keyword};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Whitespace, Word};
use std::sync::LazyLock;

/// Characters of a token with its blanks, in most statements at least.
const TOKEN_BYTES: usize = 4;

/// Tokens for which there is room before the first is read.
const TOKENS_AT_FIRST_MAX: usize = 1024;

/// Longer words are no keywords.
const KEYWORD_BYTES_MAX: usize = 40;

static KEYWORDS: LazyLock<HashMap<&'static str, Keyword, FixedState>> = LazyLock::new(|| {
    let keywords = ALL_KEYWORDS_INDEX.iter().copied();
    ALL_KEYWORDS.iter().copied().zip(keywords).collect()
});

/// The tokens of `text` but blanks; those behind a string stay, for it may be one with the next. `None` for a text that is
/// not plain.
pub(super) fn scan(text: &str) -> Option<Vec<TokenWithSpan>> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        line_start: 0,
    };
    let mut tokens = Vec::with_capacity((text.len() / TOKEN_BYTES + 1).min(TOKENS_AT_FIRST_MAX));
    let mut behind_string = false;
    while scanner.at < text.len() {
        let start = scanner.location();
        let token = scanner.token()?;
        match token {
            Token::Whitespace(_) if !behind_string => continue,
            Token::Whitespace(_) => {}
            _ => behind_string = matches!(token, Token::SingleQuotedString(_)),
        }
        let span = Span::new(start, scanner.location());
        tokens.push(TokenWithSpan { token, span });
    }
    Some(tokens)
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The byte that comes next.
    at: usize,
    /// Its line, from 1, and where that begins.
    line: u64,
    line_start: usize,
}

impl Scanner<'_> {
    fn location(&self) -> Location {
        Location::new(self.line, (self.at - self.line_start + 1) as u64)
    }

    /// The byte so many after the next; 0, which is in no plain text, at the end.
    fn peek(&self, behind: usize) -> u8 {
        self.bytes.get(self.at + behind).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, is_part: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| is_part(*byte)) {
            self.at += 1;
        }
    }

    /// The token that comes next.
    fn token(&mut self) -> Option<Token> {
        let sign = match self.peek(0) {
            blank @ (b' ' | b'\t' | b'\r' | b'\n') => return Some(self.blank(blank)),
            byte if is_word_start(byte) => return self.word(),
            b'0'..=b'9' => return self.number(),
            b'\'' => return self.string(),
            b'"' => return self.quoted_name(),
            b'$' => return self.parameter(),
            b'(' => Token::LParen,
            b')' => Token::RParen,
            b',' => Token::Comma,
            b';' => Token::SemiColon,
            b'.' if !matches!(self.peek(1), b'.' | b'_' | b'0'..=b'9') => Token::Period,
            b':' if self.peek(1) == b':' && self.peek(2) != b':' => {
                self.at += 1;
                Token::DoubleColon
            }
            _ => return self.operator(),
        };
        self.at += 1;
        Some(sign)
    }

    fn blank(&mut self, blank: u8) -> Token {
        self.at += 1;
        let is_pair = blank == b'\r' && self.peek(0) == b'\n';
        self.at += usize::from(is_pair);
        if blank == b'\n' || is_pair {
            self.line += 1;
            self.line_start = self.at;
        }
        Token::Whitespace(match blank {
            b' ' => Whitespace::Space,
            b'\t' => Whitespace::Tab,
            _ => Whitespace::Newline,
        })
    }

    /// A word that is not the beginning of something else, as in `E'\n'`.
    fn word(&mut self) -> Option<Token> {
        let start = self.at;
        self.skip_while(is_word_part);
        if !self.ends() {
            return None;
        }
        let value = &self.text[start..self.at];
        let keyword = keyword(value);
        // Data may follow.
        (keyword != Keyword::COPY).then(|| {
            Token::Word(Word {
                value: value.to_owned(),
                quote_style: None,
                keyword,
            })
        })
    }

    /// Digits, with a point among them or not.
    fn number(&mut self) -> Option<Token> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.peek(0) == b'.' {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        let ends = self.ends() && self.peek(0) != b'.' && !is_word_part(self.peek(0));
        ends.then(|| Token::Number(self.text[start..self.at].to_owned(), false))
    }

    /// Whether nothing comes next that a word or a number could be a part of.
    fn ends(&self) -> bool {
        let next = self.peek(0);
        !matches!(next, b'\'' | b'"' | b'$' | b'&') && next.is_ascii()
    }

    fn string(&mut self) -> Option<Token> {
        self.at += 1;
        let start = self.at;
        let mut quotes = false;
        loop {
            match self.bytes.get(self.at)? {
                b'\'' if self.peek(1) == b'\'' => {
                    quotes = true;
                    self.at += 1;
                }
                b'\'' => break,
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                byte if !byte.is_ascii() => return None,
                _ => {}
            }
            self.at += 1;
        }
        let inside = &self.text[start..self.at];
        self.at += 1;
        Some(Token::SingleQuotedString(match quotes {
            true => inside.replace("''", "'"),
            false => inside.to_owned(),
        }))
    }

    /// A name in quotes that has none inside.
    fn quoted_name(&mut self) -> Option<Token> {
        self.at += 1;
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_graphic() && byte != b'"' || byte == b' ');
        let value = &self.text[start..self.at];
        let ends = self.peek(0) == b'"' && self.peek(1) != b'"';
        self.at += 1;
        ends.then(|| {
            Token::Word(Word {
                value: value.to_owned(),
                quote_style: Some('"'),
                keyword: Keyword::NoKeyword,
            })
        })
    }

    /// `$1`
    fn parameter(&mut self) -> Option<Token> {
        let start = self.at;
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_digit());
        let is_number = self.at - start > 1 && self.ends() && !is_word_part(self.peek(0));
        is_number.then(|| Token::Placeholder(self.text[start..self.at].to_owned()))
    }

    /// An operator that no other touches.
    fn operator(&mut self) -> Option<Token> {
        let start = self.at;
        self.skip_while(is_operator_part);
        Some(match &self.bytes[start..self.at] {
            b"=" => Token::Eq,
            b"<" => Token::Lt,
            b">" => Token::Gt,
            b"<=" => Token::LtEq,
            b">=" => Token::GtEq,
            b"<>" | b"!=" => Token::Neq,
            b"+" => Token::Plus,
            b"-" => Token::Minus,
            b"*" => Token::Mul,
            b"/" => Token::Div,
            b"%" => Token::Mod,
            b"||" => Token::StringConcat,
            _ => return None,
        })
    }
}

/// Whether the token is this word without quotes.
pub(super) fn is_word(token: &TokenWithSpan, wanted: &str) -> bool {
    matches!(&token.token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_word_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Of all operators that PostgreSQL lets users define.
fn is_operator_part(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&byte)
}

fn keyword(word: &str) -> Keyword {
    let mut upper = [0; KEYWORD_BYTES_MAX];
    let Some(upper) = upper.get_mut(..word.len()) else {
        return Keyword::NoKeyword;
    };
    for (to, from) in upper.iter_mut().zip(word.bytes()) {
        *to = from.to_ascii_uppercase();
    }
    let found = str::from_utf8(upper)
        .ok()
        .and_then(|word| KEYWORDS.get(word));
    found.copied().unwrap_or(Keyword::NoKeyword)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::tokens_of_sqlparser;
    use proptest::prelude::*;

    /// What texts are put together from.
    const PIECES: [&str; 72] = [
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "a",
        "Select",
        "_b1",
        "E",
        "e",
        "n",
        "N",
        "x",
        "u",
        "U",
        "b",
        "L",
        "COPY",
        "stdin",
        "from",
        "current_timestamp",
        "0",
        "12",
        "1.5",
        "0x1F",
        "1e5",
        "2.",
        ".5",
        "007",
        "'a'",
        "'it''s'",
        "''",
        "'\n'",
        "'\\'",
        "'",
        "\"A b\"",
        "\"\"",
        "\"a\"\"b\"",
        "\"",
        "$1",
        "$",
        "$$",
        "$a$",
        "$12a",
        "(",
        ")",
        ",",
        ";",
        ".",
        "..",
        ":",
        "::",
        ":=",
        "=",
        "<",
        ">",
        "<=",
        ">=",
        "<>",
        "!=",
        "+",
        "-",
        "--",
        "*",
        "/",
        "/*",
        "%",
        "||",
        "|",
        "&",
        "ä",
    ];

    fn check(text: &str) -> bool {
        let tokens = scan(text);
        if let Some(tokens) = &tokens {
            let others = tokens_of_sqlparser(text).map_err(|e| format!("{text:?}: {e}"));
            assert_eq!(Ok(tokens), others.as_ref(), "{text:?}");
            // Tokens are equal wherever they are.
            let spans =
                |tokens: &[TokenWithSpan]| -> Vec<Span> { tokens.iter().map(|t| t.span).collect() };
            assert_eq!(spans(tokens), spans(&others.unwrap()), "{text:?}");
        }
        tokens.is_some()
    }

    #[test]
    fn plain_texts_are_cut() {
        for text in [
            "SELECT pk FROM tab0 WHERE (col3 <= 4.5 OR col0>7) AND \"Col 1\"='it''s'  ;",
            "INSERT INTO t VALUES ($1, -2,\n 'a'\n 'b')::text || b.c % 3",
            "",
        ] {
            assert!(check(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left() {
        for text in [
            "a -- b",
            "a /* b */",
            "E'a'",
            "u&'a'",
            "1e5",
            "0x1F",
            "$$a$$",
            "a$1",
            "\"a\"\"b\"",
            "'ä'",
            "ä",
            "'a",
            "\"a",
            "a =-1",
            "a ? b",
            "a[1]",
            "1..2",
            "t.1",
            "a := 1",
            "COPY t FROM stdin;",
        ] {
            assert!(!check(text), "{text:?}");
        }
    }

    #[test]
    fn each_keyword_is_known() {
        for (word, keyword) in ALL_KEYWORDS.iter().zip(ALL_KEYWORDS_INDEX) {
            assert_eq!(super::keyword(&word.to_lowercase()), *keyword, "{word}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn no_text_has_two_meanings(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..8)) {
            check(&pieces.concat());
        }
    }
}
