//! From the syntax of an ARE to that of `regex-syntax`.

use super::pattern::Flags;
use crate::types::data_error;
use crate::{Error, Result};
use std::iter::Peekable;
use std::str::Chars;

/// A translated expression.
pub(super) struct Translated {
    pub(super) text: String,
    /// Whether of several matches with one beginning the shortest is meant.
    pub(super) is_shortest: bool,
}

/// `2201B`
pub(super) fn invalid(what: &str) -> Error {
    data_error("2201B", format!("invalid regular expression: {what}"))
}

/// Translates `pattern`; what it says of itself in front (`(?i)`, `***=`) goes into `flags`. Errors: `2201B` for what is no
/// expression, `0A000` for back references and lookaround.
pub(super) fn translate(pattern: &str, flags: &mut Flags) -> Result<Translated> {
    let pattern = prefix(pattern, flags)?;
    if flags.is_literal {
        return Ok(Translated {
            text: escape_literal(pattern),
            is_shortest: false,
        });
    }
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::new(),
        flags: *flags,
        groups: vec![Branches::default()],
    };
    translator.run()?;
    let is_shortest = translator.groups[0].is_shortest();
    Ok(Translated {
        text: translator.out,
        is_shortest,
    })
}

fn escape_literal(text: &str) -> String {
    let mut out = String::new();
    text.chars().for_each(|c| push_literal(c, &mut out));
    out
}

/// Not all punctuation may have a backslash: `\<` is a constraint.
fn push_literal(c: char, out: &mut String) {
    if r"\.+*?()|[]{}^$#&-~ ".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// Takes directors and embedded options off the front.
fn prefix<'a>(pattern: &'a str, flags: &mut Flags) -> Result<&'a str> {
    if let Some(literal) = pattern.strip_prefix("***=") {
        flags.is_literal = true;
        return Ok(literal);
    }
    let pattern = match pattern.strip_prefix("***:") {
        Some(rest) => rest,
        None if pattern.starts_with("***") => return Err(invalid("quantifier operand invalid")),
        None => pattern,
    };
    let Some(rest) = pattern.strip_prefix("(?") else {
        return Ok(pattern);
    };
    if !rest.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(pattern);
    }
    let (letters, rest) = rest
        .split_once(')')
        .ok_or_else(|| invalid("invalid embedded option"))?;
    for letter in letters.chars() {
        if letter == 'g' || !flags.set(letter) {
            return Err(invalid("invalid embedded option"));
        }
    }
    Ok(rest)
}

/// What is known of the greediness of a group's branches: that of the first quantifier which has one.
#[derive(Default)]
struct Branches {
    /// Of the branch at hand; `Some(true)` for non-greedy.
    current: Option<bool>,
    several: bool,
}

impl Branches {
    /// A group of several branches is greedy.
    fn is_shortest(&self) -> bool {
        !self.several && self.current == Some(true)
    }

    fn note(&mut self, is_shortest: bool) {
        self.current.get_or_insert(is_shortest);
    }
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    flags: Flags,
    groups: Vec<Branches>,
}

/// What stands in front of a quantifier.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Atom,
    /// A group, with what is known of its greediness.
    Group(Option<bool>),
    Quantifier,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<()> {
        let mut before = Before::Nothing;
        while let Some(c) = self.rest.next() {
            before = match c {
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => self.open()?,
                ')' if self.groups.len() > 1 => self.close(),
                ')' => return Err(invalid("parentheses () not balanced")),
                '|' => {
                    self.out.push('|');
                    if let Some(group) = self.groups.last_mut() {
                        group.several = true;
                    }
                    Before::Nothing
                }
                '*' | '+' | '?' => self.quantifier(before, c.to_string())?,
                '{' if self.rest.peek().is_some_and(char::is_ascii_digit) => {
                    let bound = self.bound()?;
                    self.quantifier(before, bound)?
                }
                '^' => {
                    self.out.push('^');
                    Before::Nothing
                }
                '$' => {
                    self.out.push('$');
                    Before::Nothing
                }
                '.' => {
                    self.out.push('.');
                    Before::Atom
                }
                ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' if self.flags.is_expanded => before,
                '#' if self.flags.is_expanded => {
                    self.rest.by_ref().find(|c| *c == '\n');
                    before
                }
                c => {
                    push_literal(c, &mut self.out);
                    Before::Atom
                }
            };
        }
        match self.groups.len() {
            1 => Ok(()),
            _ => Err(invalid("parentheses () not balanced")),
        }
    }

    fn open(&mut self) -> Result<Before> {
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next() {
                Some(':') => self.out.push_str("?:"),
                Some('=' | '!' | '<') => {
                    return Err(Error::unsupported("lookaround in a regular expression"));
                }
                Some('#') => {
                    self.out.pop();
                    return match self.rest.by_ref().find(|c| *c == ')') {
                        Some(_) => Ok(Before::Nothing),
                        None => Err(invalid("parentheses () not balanced")),
                    };
                }
                _ => return Err(invalid("quantifier operand invalid")),
            }
        }
        self.groups.push(Branches::default());
        Ok(Before::Nothing)
    }

    fn close(&mut self) -> Before {
        self.out.push(')');
        let group = self.groups.pop().unwrap_or_default();
        Before::Group(match group.several {
            true => Some(false),
            false => group.current,
        })
    }

    /// `text` is a quantifier's, without what makes it non-greedy. A fixed number of times has no greediness of its own.
    fn quantifier(&mut self, before: Before, text: String) -> Result<Before> {
        let inner = match before {
            Before::Nothing | Before::Quantifier => {
                return Err(invalid("quantifier operand invalid"));
            }
            Before::Atom => None,
            Before::Group(inner) => inner,
        };
        self.out.push_str(&text);
        let is_shortest = self.rest.next_if_eq(&'?').is_some();
        if is_shortest {
            self.out.push('?');
        }
        let is_fixed = text.starts_with('{') && !text.contains(',');
        if let Some(group) = self.groups.last_mut() {
            match (is_fixed, inner) {
                (true, None) => {}
                (true, Some(inner)) => group.note(inner),
                (false, _) => group.note(is_shortest),
            }
        }
        Ok(Before::Quantifier)
    }

    /// `{m}`, `{m,}`, `{m,n}` behind the brace.
    fn bound(&mut self) -> Result<String> {
        let mut text = String::from("{");
        for c in self.rest.by_ref() {
            text.push(c);
            match c {
                '}' => break,
                '0'..='9' | ',' => {}
                _ => return Err(invalid("invalid repetition count(s)")),
            }
        }
        let numbers = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        let Some(numbers) = numbers else {
            return Err(invalid("braces {} not balanced"));
        };
        let parsed: Vec<Option<u32>> = numbers.split(',').map(|n| n.parse().ok()).collect();
        match parsed.as_slice() {
            [Some(low)] if *low <= 255 => Ok(text),
            [Some(low), None] if *low <= 255 && numbers.ends_with(',') => Ok(text),
            [Some(low), Some(high)] if low <= high && *high <= 255 => Ok(text),
            _ => Err(invalid("invalid repetition count(s)")),
        }
    }

    /// Behind a backslash, outside of brackets.
    fn escape(&mut self) -> Result<Before> {
        let constraint = match self.rest.peek() {
            Some('A') => "\\A",
            Some('Z') => "\\z",
            Some('y') => "\\b",
            Some('Y') => "\\B",
            Some('m') => "\\b{start}",
            Some('M') => "\\b{end}",
            Some('1'..='9') => {
                return Err(Error::unsupported(
                    "a back reference in a regular expression",
                ));
            }
            _ => "",
        };
        if !constraint.is_empty() {
            self.rest.next();
            self.out.push_str(constraint);
            return Ok(Before::Nothing);
        }
        match self.character_escape()? {
            Escape::Class(class) => self.out.push_str(class),
            Escape::Character(c) => push_literal(c, &mut self.out),
        }
        Ok(Before::Atom)
    }

    /// Behind a backslash: a character, or a class of them.
    fn character_escape(&mut self) -> Result<Escape> {
        let wrong = || invalid("invalid escape \\ sequence");
        Ok(Escape::Character(
            match self.rest.next().ok_or_else(wrong)? {
                'd' => return Ok(Escape::Class("\\d")),
                'w' => return Ok(Escape::Class("\\w")),
                's' => return Ok(Escape::Class("\\s")),
                'D' => return Ok(Escape::Class("\\D")),
                'W' => return Ok(Escape::Class("\\W")),
                'S' => return Ok(Escape::Class("\\S")),
                'a' => '\x07',
                'b' => '\x08',
                'B' => '\\',
                'e' => '\x1b',
                'f' => '\x0c',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\x0b',
                '0' => '\0',
                'x' => {
                    let mut code = 0u32;
                    while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(16)) {
                        self.rest.next();
                        code = code.checked_mul(16).ok_or_else(wrong)? + digit;
                    }
                    char::from_u32(code).ok_or_else(wrong)?
                }
                'u' => self.hexadecimal(4)?,
                'U' => self.hexadecimal(8)?,
                'c' => match self.rest.next() {
                    Some(c) => char::from((u32::from(c) & 31) as u8),
                    None => return Err(wrong()),
                },
                c if c.is_ascii_alphanumeric() => return Err(wrong()),
                c => c,
            },
        ))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<char> {
        let mut code = 0u32;
        for _ in 0..digits {
            let digit = self.rest.next().and_then(|c| c.to_digit(16));
            let digit = digit.ok_or_else(|| invalid("invalid escape \\ sequence"))?;
            code = code << 4 | digit;
        }
        char::from_u32(code).ok_or_else(|| invalid("invalid escape \\ sequence"))
    }

    /// A bracket expression, behind its bracket.
    fn bracket(&mut self) -> Result<Before> {
        let unbalanced = || invalid("brackets [] not balanced");
        for (word, constraint) in [("[:<:]]", "\\b{start}"), ("[:>:]]", "\\b{end}")] {
            let mut ahead = self.rest.clone();
            if word.chars().all(|c| ahead.next() == Some(c)) {
                self.rest = ahead;
                self.out.push_str(constraint);
                return Ok(Before::Nothing);
            }
        }
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
            if self.flags.is_by_line {
                self.out.push_str("\\n");
            }
        }
        let mut is_first = true;
        loop {
            let c = self.rest.next().ok_or_else(unbalanced)?;
            match c {
                ']' if !is_first => break,
                '[' if matches!(self.rest.peek(), Some(':')) => self.named_class()?,
                '[' if matches!(self.rest.peek(), Some('.' | '=')) => {
                    return Err(Error::unsupported(
                        "a collating element in a regular expression",
                    ));
                }
                '\\' => match self.character_escape()? {
                    Escape::Class(class) => self.out.push_str(class),
                    Escape::Character(c) => push_literal(c, &mut self.out),
                },
                // Between two characters it makes a range.
                '-' if !is_first && !matches!(self.rest.peek(), Some(']')) => self.out.push('-'),
                c => push_literal(c, &mut self.out),
            }
            is_first = false;
        }
        self.out.push(']');
        Ok(Before::Atom)
    }

    /// `[:alpha:]` in brackets, behind its bracket.
    fn named_class(&mut self) -> Result<()> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        self.rest.next();
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some(':') => break,
                Some(c) => name.push(c),
                None => return Err(invalid("brackets [] not balanced")),
            }
        }
        if self.rest.next() != Some(']') || !NAMES.contains(&name.as_str()) {
            return Err(invalid("invalid character class"));
        }
        self.out.push_str(&format!("[:{name}:]"));
        Ok(())
    }
}

enum Escape {
    Class(&'static str),
    Character(char),
}
