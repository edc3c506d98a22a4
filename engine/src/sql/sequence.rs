//! Sequences in the text: `ALTER SEQUENCE`, which `sqlparser` does not know (but for `RESTART` its options are those of
//! `CREATE SEQUENCE`, to which they are handed on), and the names that functions of sequences are given.

use super::SearchPath;
use super::identifier::{qualified, quoted};
use super::parse::parse_expression;
use super::visit::{visit_expressions, visit_expressions_mut};
use crate::catalog::{PUBLIC, RelationName, Schema};
use crate::error::{Error, Result};
use sqlparser::ast::{self, Expr, Ident, ObjectName, SequenceOptions, Statement};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::ops::{ControlFlow, Range};

/// A change of a sequence.
#[derive(Clone, Debug)]
pub(crate) struct SequenceChange {
    pub(super) if_exists: bool,
    pub(super) name: ObjectName,
    pub(super) action: SequenceAction,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub(crate) enum SequenceAction {
    /// `RENAME TO`
    Rename(Ident),
    /// Options, and `RESTART`, perhaps `WITH` a value.
    Options(Vec<SequenceOptions>, Option<Option<String>>),
    /// Refused by that name.
    Unsupported(&'static str),
}

fn keyword(words: &[&TokenWithSpan], at: usize) -> Keyword {
    match words.get(at).map(|t| &t.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// Whether the statement of these tokens (blanks left out) is `ALTER SEQUENCE`.
pub(super) fn is_alter_sequence(words: &[&TokenWithSpan]) -> bool {
    keyword(words, 0) == Keyword::ALTER && keyword(words, 1) == Keyword::SEQUENCE
}

/// Refuses what `ALTER TABLE` would do with an identity column and `sqlparser` does not know. Errors: `0A000`.
pub(super) fn refuse_identity_changes(words: &[&TokenWithSpan]) -> Result<()> {
    use Keyword::{ALTER, RESTART, TABLE};
    if keyword(words, 0) != ALTER || keyword(words, 1) != TABLE {
        return Ok(());
    }
    let restarts = |at: usize| {
        keyword(words, at) == RESTART
            && (keyword(words, at - 2) == ALTER || keyword(words, at - 3) == ALTER)
    };
    if (4..words.len()).any(restarts) {
        return Err(Error::unsupported("ALTER COLUMN … RESTART"));
    }
    Ok(())
}

/// Reads `ALTER SEQUENCE`, of which `parsed` reads all but `RESTART` by way of [`parse_rest`]. Errors: those of the parser,
/// and `0A000` for owners and schemas.
pub(super) fn parse(
    words: &[&TokenWithSpan],
    parsed: impl FnOnce(Vec<TokenWithSpan>) -> Result<SequenceChange>,
) -> Result<SequenceChange> {
    let restart = restart(words);
    let copy = |range: Range<usize>| range.map(|at| words[at].clone());
    let rest: Vec<TokenWithSpan> = match &restart {
        None => copy(2..words.len()).collect(),
        Some((gone, _)) => copy(2..gone.start)
            .chain(copy(gone.end..words.len()))
            .collect(),
    };
    let mut change = parsed(rest)?;
    match &mut change.action {
        SequenceAction::Unsupported(what) => {
            return Err(Error::unsupported(format_args!("ALTER SEQUENCE … {what}")));
        }
        SequenceAction::Options(_, known) => {
            let text = |value: Range<usize>| copy(value).map(|t| t.token.to_string()).collect();
            *known = restart.map(|(_, value)| (!value.is_empty()).then(|| text(value)));
        }
        SequenceAction::Rename(_) => {}
    }
    Ok(change)
}

/// Where `RESTART [WITH value]` stands, and its value.
fn restart(words: &[&TokenWithSpan]) -> Option<(Range<usize>, Range<usize>)> {
    let at = (3..words.len()).find(|at| keyword(words, *at) == Keyword::RESTART)?;
    let is = |at: usize, test: fn(&Token) -> bool| words.get(at).is_some_and(|t| test(&t.token));
    let mut end = at + 1;
    end += usize::from(keyword(words, end) == Keyword::WITH);
    let start = end;
    end += usize::from(is(end, |t| matches!(t, Token::Minus | Token::Plus)));
    end += usize::from(is(end, |t| matches!(t, Token::Number(..))));
    Some((at..end, start..end))
}

/// Reads what is behind `ALTER SEQUENCE`, without `RESTART`.
pub(super) fn parse_rest(parser: &mut Parser<'_>) -> Result<SequenceChange, ParserError> {
    let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
    let before = parser.index();
    let name = parser.parse_object_name(false)?;
    let action = if parser.parse_keywords(&[Keyword::RENAME, Keyword::TO]) {
        SequenceAction::Rename(parser.parse_identifier()?)
    } else if let Some(word) = parser.parse_one_of_keywords(&[Keyword::OWNER, Keyword::SET]) {
        while parser.next_token().token != Token::EOF {}
        SequenceAction::Unsupported(match word {
            Keyword::OWNER => "OWNER",
            _ => "SET",
        })
    } else {
        // Read as a new one of that name would be.
        while parser.index() > before {
            parser.prev_token();
        }
        match parser.parse_create_sequence(false)? {
            Statement::CreateSequence {
                sequence_options,
                if_not_exists: false,
                ..
            } => SequenceAction::Options(sequence_options, None),
            _ => return Err(ParserError::ParserError("IF NOT EXISTS".to_owned())),
        }
    };
    Ok(SequenceChange {
        if_exists,
        name,
        action,
    })
}

/// The SQL text of the next value of the sequence of that name.
pub(super) fn next_value_of(name: &RelationName) -> String {
    next_value(&as_stored(name))
}

fn next_value(name: &str) -> String {
    format!("nextval('{}'::regclass)", name.replace('\'', "''"))
}

/// The name of a sequence in an expression stored in the catalog.
fn as_stored(name: &RelationName) -> String {
    match name.schema() {
        PUBLIC => quoted(name.own()),
        _ => qualified(name),
    }
}

/// The text that a function of sequences is given, if `call` is one and it stands there.
fn literal_of(call: &Expr) -> Option<&str> {
    let Expr::Function(function) = call else {
        return None;
    };
    let name = function.name.0.last()?.as_ident()?;
    let name = name.value.to_ascii_lowercase();
    if !matches!(name.as_str(), "nextval" | "currval" | "setval") {
        return None;
    }
    let ast::FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(first)) = list.args.first()? else {
        return None;
    };
    let literal = match first {
        Expr::Cast {
            expr,
            data_type: ast::DataType::Regclass,
            ..
        } => expr,
        other => other,
    };
    match literal {
        Expr::Value(ast::ValueWithSpan {
            value: ast::Value::SingleQuotedString(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

/// The sequences that `part` of a statement takes values of, as they are written there.
pub(super) fn sequences_in(part: &impl ast::Visit) -> Vec<String> {
    let mut names = Vec::new();
    let visited = visit_expressions(part, |expr| {
        names.extend(literal_of(expr).map(str::to_owned));
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(visited.is_continue());
    names
}

/// The sequence that `text` means in an expression stored in the catalog: one that says no schema is in `public`.
fn stored_name(text: &str) -> RelationName {
    SearchPath::default().named(&Schema::default(), text)
}

/// Whether the expression of that text, stored in the catalog, takes values of a sequence of `names`. Errors: those of
/// parsing.
pub(crate) fn takes_values_of(text: &str, names: &[RelationName]) -> Result<bool> {
    let used = sequences_in(&parse_expression(text)?);
    Ok(used.iter().any(|name| names.contains(&stored_name(name))))
}

/// Makes the functions of sequences in `expr`, which is to be stored, say the schema of their sequences, where that is not
/// `public`.
pub(super) fn qualify_sequences(expr: &mut Expr, schema: &Schema, path: &SearchPath) {
    name_sequences(expr, |text| Some(as_stored(&path.named(schema, text))));
}

/// Gives the functions of sequences in a part of a statement other sequences: those that `named` has, as identifiers are
/// written, for what is written there.
pub(super) fn name_sequences(
    part: &mut impl ast::VisitMut,
    named: impl Fn(&str) -> Option<String>,
) {
    let visited = visit_expressions_mut(part, |call| {
        let name = literal_of(call).and_then(&named);
        if let (Some(name), Some(first)) = (name, first_argument(call))
            && let Ok(mut renamed) = parse_expression(&next_value(&name))
            && let Some(argument) = first_argument(&mut renamed)
        {
            first.clone_from(argument);
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(visited.is_continue());
}

/// The text of an expression, stored in the catalog, with its sequences called what `renamed` has for them. Errors: those of
/// parsing.
pub(crate) fn with_sequences_renamed(
    text: &str,
    renamed: impl Fn(&RelationName) -> Option<RelationName>,
) -> Result<String> {
    let mut expr = parse_expression(text)?;
    name_sequences(&mut expr, |text| {
        renamed(&stored_name(text)).map(|new| as_stored(&new))
    });
    Ok(expr.to_string())
}

fn first_argument(call: &mut Expr) -> Option<&mut ast::FunctionArg> {
    match call {
        Expr::Function(ast::Function {
            args: ast::FunctionArguments::List(list),
            ..
        }) => list.args.first_mut(),
        _ => None,
    }
}
