//! `SET`, `RESET`, `SHOW`, and the modes of `BEGIN`: a small grammar of words, which `sqlparser` knows only in part.
//!
//! ```text
//!   SET [SESSION | LOCAL] name {TO | =} {value, … | DEFAULT}      SET [SESSION | LOCAL] TIME ZONE {value | DEFAULT}
//!   SET TRANSACTION mode …     SET SESSION CHARACTERISTICS AS TRANSACTION mode …     RESET {name | ALL}
//!   ALTER DATABASE name {SET name … | RESET {name | ALL}}         SHOW {name | TIME ZONE | TRANSACTION ISOLATION LEVEL | ALL}
//!   SET CONSTRAINTS {name, … | ALL} {DEFERRED | IMMEDIATE}
//!   {BEGIN [WORK | TRANSACTION] | START TRANSACTION} mode …
//! ```

use super::bound::{OutputColumn, Scope, SettingStatement, TransactionModes, TransactionStatement};
use super::identifier::quoted;
use super::parse::{end_of_input, near};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::IsolationLevel;
use crate::types::{Fields, SqlType, Value, parse_interval};
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// A statement of this grammar.
#[derive(Clone, Debug)]
pub(crate) enum Recognised {
    Setting(SettingStatement),
    Transaction(TransactionStatement),
}

/// The statement, if it begins like one of this grammar. Errors: `42601` when it goes on otherwise, `0A000` for
/// settings of roles.
pub(super) fn recognise(words: &[&TokenWithSpan]) -> Result<Option<Recognised>> {
    let mut rest = Words { words, at: 0 };
    let setting = Recognised::Setting;
    let found = if rest.takes(&["SET"]) {
        match rest.is(1, "TO") || rest.token(1) == Some(&Token::Eq) {
            false if rest.takes(&["CONSTRAINTS"]) => Recognised::Transaction(rest.constraints()?),
            _ => setting(rest.set()?),
        }
    } else if rest.takes(&["RESET"]) {
        setting(rest.reset(Scope::Session)?)
    } else if rest.takes(&["SHOW"]) {
        setting(SettingStatement::Show(rest.shown()?))
    } else if rest.takes(&["DISCARD", "ALL"]) {
        setting(SettingStatement::DiscardAll)
    } else if rest.takes(&["ALTER", "DATABASE"]) {
        let database = rest.name()?;
        let change = match rest.takes(&["RESET"]) {
            true => rest.reset(Scope::Database)?,
            false if rest.takes(&["SET"]) => rest.assignment(Scope::Database)?,
            false => return Err(Error::unsupported("ALTER DATABASE but SET and RESET")),
        };
        setting(SettingStatement::OfDatabase(database, Box::new(change)))
    } else if rest.takes(&["START", "TRANSACTION"]) || rest.takes(&["BEGIN"]) {
        let _ = rest.takes(&["WORK"]) || rest.takes(&["TRANSACTION"]);
        Recognised::Transaction(TransactionStatement::Begin(rest.modes(true)?))
    } else {
        return Ok(None);
    };
    rest.end()?;
    Ok(Some(found))
}

impl SettingStatement {
    /// The columns of its result: of `SHOW` alone.
    pub(crate) fn columns(&self) -> Vec<OutputColumn> {
        let names = match self {
            Self::Show(Some(name)) => vec![name.as_str()],
            Self::Show(None) => vec!["name", "setting", "description"],
            _ => Vec::new(),
        };
        let column = |name: &str| OutputColumn {
            name: name.to_owned(),
            sql_type: SqlType::Text,
        };
        names.into_iter().map(column).collect()
    }
}

/// The words that are left.
struct Words<'a> {
    words: &'a [&'a TokenWithSpan],
    at: usize,
}

impl Words<'_> {
    fn token(&self, ahead: usize) -> Option<&Token> {
        self.words.get(self.at + ahead).map(|word| &word.token)
    }

    fn is(&self, ahead: usize, keyword: &str) -> bool {
        matches!(self.token(ahead), Some(Token::Word(word))
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
    }

    fn peeks(&self, keyword: &str) -> bool {
        self.is(0, keyword)
    }

    /// Takes these keywords, if they come next.
    fn takes(&mut self, keywords: &[&str]) -> bool {
        let all = (0..)
            .zip(keywords)
            .all(|(ahead, word)| self.is(ahead, word));
        self.at += if all { keywords.len() } else { 0 };
        all
    }

    fn takes_token(&mut self, token: &Token) -> bool {
        let is_next = self.token(0) == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn unexpected(&self) -> Error {
        match self.words.get(self.at) {
            Some(word) => near(&word.token.to_string(), word.span.start),
            None => end_of_input(),
        }
    }

    fn end(&self) -> Result<()> {
        match self.words.len() == self.at {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    /// A name, perhaps of two parts, folded.
    fn name(&mut self) -> Result<String> {
        let mut name = self.name_part()?;
        while self.takes_token(&Token::Period) {
            name.push('.');
            name.push_str(&self.name_part()?);
        }
        Ok(name)
    }

    fn name_part(&mut self) -> Result<String> {
        let Some(Token::Word(word)) = self.token(0) else {
            return Err(self.unexpected());
        };
        let name = match word.quote_style {
            Some(_) => word.value.clone(),
            None => word.value.to_lowercase(),
        };
        self.at += 1;
        Ok(name)
    }

    fn set(&mut self) -> Result<SettingStatement> {
        if self.takes(&["TRANSACTION", "SNAPSHOT"]) {
            return Err(Error::unsupported("SET TRANSACTION SNAPSHOT"));
        }
        if self.takes(&["TRANSACTION"]) {
            return Ok(SettingStatement::Transaction(self.modes(false)?));
        }
        if self.takes(&["SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"]) {
            return Ok(SettingStatement::Characteristics(self.modes(false)?));
        }
        let scope = match self.is(1, "TO") || self.token(1) == Some(&Token::Eq) {
            true => Scope::Session, // of a setting with that name
            false if self.takes(&["LOCAL"]) => Scope::Local,
            false => {
                let _ = self.takes(&["SESSION"]);
                Scope::Session
            }
        };
        if self.peeks("AUTHORIZATION") || self.peeks("ROLE") {
            return Err(Error::unsupported("SET ROLE and SESSION AUTHORIZATION"));
        }
        self.assignment(scope)
    }

    /// What `SET CONSTRAINTS` takes.
    fn constraints(&mut self) -> Result<TransactionStatement> {
        let names = match self.takes(&["ALL"]) {
            true => None,
            false => {
                let mut names = vec![self.constraint()?];
                while self.takes_token(&Token::Comma) {
                    names.push(self.constraint()?);
                }
                Some(names)
            }
        };
        let deferred = self.takes(&["DEFERRED"]);
        if !deferred && !self.takes(&["IMMEDIATE"]) {
            return Err(self.unexpected());
        }
        Ok(TransactionStatement::SetConstraints { names, deferred })
    }

    /// The name of a constraint: alone, or in the schema `public`.
    fn constraint(&mut self) -> Result<String> {
        let first = self.name_part()?;
        if !self.takes_token(&Token::Period) {
            return Ok(first);
        }
        if first == "public" {
            return self.name_part();
        }
        Err(Error::unsupported(
            "SET CONSTRAINTS that says a schema other than public",
        ))
    }

    fn assignment(&mut self, scope: Scope) -> Result<SettingStatement> {
        if self.takes(&["SCHEMA"]) {
            let (name, value) = ("search_path".to_owned(), self.item(true)?);
            return Ok(SettingStatement::Set { scope, name, value });
        }
        if self.takes(&["TIME", "ZONE"]) {
            let name = "timezone".to_owned();
            return Ok(match self.zone()? {
                Some(value) => SettingStatement::Set { scope, name, value },
                None => {
                    let name = Some(name);
                    SettingStatement::Reset { scope, name }
                }
            });
        }
        let name = if self.takes(&["NAMES"]) {
            "client_encoding".to_owned()
        } else {
            let name = self.name()?;
            if !self.takes(&["TO"]) && !self.takes_token(&Token::Eq) {
                return Err(self.unexpected());
            }
            name
        };
        if self.takes(&["DEFAULT"]) {
            return Ok(SettingStatement::Reset {
                scope,
                name: Some(name),
            });
        }
        let is_list = name == "search_path";
        let mut value = self.item(is_list)?;
        while self.takes_token(&Token::Comma) {
            value.push_str(", ");
            value.push_str(&self.item(is_list)?);
        }
        Ok(SettingStatement::Set { scope, name, value })
    }

    /// What stands behind `TIME ZONE`; `None` for the default.
    fn zone(&mut self) -> Result<Option<String>> {
        if self.takes(&["DEFAULT"]) || self.takes(&["LOCAL"]) {
            return Ok(None);
        }
        if !self.takes(&["INTERVAL"]) {
            return self.value().map(Some);
        }
        if self.takes_token(&Token::LParen) {
            // It is no digit of whole minutes.
            self.value()?;
            if !self.takes_token(&Token::RParen) {
                return Err(self.unexpected());
            }
        }
        let Some(Token::SingleQuotedString(text)) = self.token(0) else {
            return Err(self.unexpected());
        };
        let text = text.clone();
        self.at += 1;
        let fields = if self.takes(&["HOUR", "TO", "MINUTE"]) {
            Fields::Minute
        } else if self.takes(&["HOUR"]) && !self.peeks("TO") {
            Fields::Hour
        } else if self.token(0).is_none() {
            Fields::All
        } else {
            return Err(Error::new(
                ErrorKind::Sql,
                "42601",
                "time zone interval must be HOUR or HOUR TO MINUTE",
            ));
        };
        let interval = Value::Interval(parse_interval(&text, fields)?);
        Ok(Some(format!("INTERVAL '{interval}'")))
    }

    /// A value, as an identifier if it is one of a list of names.
    fn item(&mut self, is_name: bool) -> Result<String> {
        let folds = matches!(self.token(0), Some(Token::Word(word)) if word.quote_style.is_none());
        let value = self.value()?;
        Ok(match (is_name, folds) {
            (false, _) => value,
            (true, true) => quoted(&value.to_lowercase()),
            (true, false) => quoted(&value),
        })
    }

    fn value(&mut self) -> Result<String> {
        let minus = self.takes_token(&Token::Minus);
        let value = match self.token(0) {
            Some(Token::Word(word)) if !minus => word.value.clone(),
            Some(Token::SingleQuotedString(text)) if !minus => text.clone(),
            Some(Token::Number(digits, _)) => match minus {
                true => format!("-{digits}"),
                false => digits.clone(),
            },
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(value)
    }

    fn reset(&mut self, scope: Scope) -> Result<SettingStatement> {
        Ok(SettingStatement::Reset {
            scope,
            name: self.shown()?,
        })
    }

    /// What `SHOW` and `RESET` take; `None` is all.
    fn shown(&mut self) -> Result<Option<String>> {
        if self.takes(&["ALL"]) {
            Ok(None)
        } else if self.takes(&["TIME", "ZONE"]) {
            Ok(Some("timezone".to_owned()))
        } else if self.takes(&["TRANSACTION", "ISOLATION", "LEVEL"]) {
            Ok(Some("transaction_isolation".to_owned()))
        } else {
            self.name().map(Some)
        }
    }

    /// Modes with or without commas between them, of which the last of a kind holds; `may_be_none` after `BEGIN`.
    fn modes(&mut self, may_be_none: bool) -> Result<TransactionModes> {
        let mut modes = TransactionModes::default();
        if may_be_none && self.token(0).is_none() {
            return Ok(modes);
        }
        loop {
            if self.takes(&["ISOLATION", "LEVEL"]) {
                modes.isolation = Some(self.level()?);
            } else if self.takes(&["READ", "ONLY"]) {
                modes.read_only = Some(true);
            } else if self.takes(&["READ", "WRITE"]) {
                modes.read_only = Some(false);
            } else if self.takes(&["DEFERRABLE"]) {
                modes.deferrable = Some(true);
            } else if self.takes(&["NOT", "DEFERRABLE"]) {
                modes.deferrable = Some(false);
            } else {
                return Err(self.unexpected());
            }
            if !self.takes_token(&Token::Comma) && self.token(0).is_none() {
                return Ok(modes);
            }
        }
    }

    fn level(&mut self) -> Result<IsolationLevel> {
        let levels: [(&[&str], _); 4] = [
            (&["READ", "UNCOMMITTED"], IsolationLevel::ReadCommitted),
            (&["READ", "COMMITTED"], IsolationLevel::ReadCommitted),
            (&["REPEATABLE", "READ"], IsolationLevel::RepeatableRead),
            (&["SERIALIZABLE"], IsolationLevel::Serializable),
        ];
        let found = levels.into_iter().find(|(words, _)| self.takes(words));
        found
            .map(|(_, level)| level)
            .ok_or_else(|| self.unexpected())
    }
}
