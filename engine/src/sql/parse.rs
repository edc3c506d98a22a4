//! From text to statements.
//!
//! `sqlparser` does the work, statement by statement; the few statements that it does not know as we mean them are
//! recognised here by their words.

use super::check_option;
use super::copy::{self, Copy};
use super::dialect::{DIALECT, bounded};
use super::lift::Lifted;
use super::respell::respell;
use super::scan::scan;
use super::sequence::{self, SequenceChange};
use super::set_schema::{self, SetSchema};
use super::setting::{Recognised, recognise};
use super::table_as::{self, TableAs};
use crate::catalog::CheckOption;
use crate::error::{Error, ErrorKind, Result};
use crate::types::SqlType;
use sqlparser::ast::helpers::stmt_create_table::CreateTableBuilder;
use sqlparser::ast::{
    CreateTable, CreateTableLikeKind, CreateView, HiveFormat, ObjectName, Statement,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use std::sync::Arc;

/// How deep expressions and queries may be nested in the text.
const NESTING_MAX: usize = 200;

/// How many tokens may follow each other in one pair of parentheses without a comma: `sqlparser` builds chains such as
/// `a OR b OR c` as deep as they are long, and a deep tree needs a deep stack even to be freed.
const RUN_TOKENS_MAX: usize = 10_000;

/// How often `sqlparser` may begin an operand in a text of no tokens, and how often more for each token: it goes back and
/// begins anew where the first way to read something leads nowhere, in what people write a few times for a token.
const OPERANDS_AT_LEAST: u64 = 10_000;
const OPERANDS_PER_TOKEN: u64 = 100;

/// One statement as it was written.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub(crate) kind: ParsedKind,
    text: String,
    /// `FOR UPDATE` or its like is somewhere in it.
    pub(crate) locks_rows: bool,
    /// The types of `$1`, `$2`, … that are given, not inferred.
    pub(crate) parameter_types: Vec<Option<SqlType>>,
}

impl Parsed {
    /// The text of the statement, without the semicolon.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[derive(Clone, Debug)]
pub(crate) enum ParsedKind {
    /// Shared, because a copy of a deep tree needs a deep stack.
    Sql(Arc<Statement>),
    /// `ALTER SEQUENCE`
    AlterSequence(SequenceChange),
    /// `ALTER … SET SCHEMA`
    SetSchema(SetSchema),
    /// `CREATE VIEW … WITH CHECK OPTION`
    CheckedView(Arc<CreateView>, CheckOption),
    /// `CREATE TABLE … AS`
    TableAs(TableAs),
    /// `COPY`
    Copy(Copy),
    /// Refused by that name.
    Unsupported(&'static str),
    Analyze(Vec<ObjectName>),
    Vacuum,
    Checkpoint,
    CheckDatabase,
    Abort,
    Recognised(Recognised),
}

/// The statements of `sql`, which semicolons separate; empty ones are left out. `42601` with a position for what is no
/// SQL, `54001` for what is nested too deeply or in too many ways, `0A000` for options of our own statements that do not exist.
pub fn parse(sql: &str) -> Result<Vec<Parsed>> {
    let mut tokens = tokenize(sql)?;
    let lines = line_starts(sql);
    let mut statements = Vec::new();
    while !tokens.is_empty() {
        let semicolon = tokens
            .iter()
            .position(|t| matches!(t.token, Token::SemiColon));
        let rest = tokens.split_off(semicolon.map_or(tokens.len(), |at| at + 1));
        let mut segment = std::mem::replace(&mut tokens, rest);
        let end = semicolon.and_then(|_| segment.pop());
        let Some(first) = segment.iter().find(|t| !is_blank(t)) else {
            continue;
        };
        let from = offset(sql, &lines, first.span.start);
        let to = end
            .as_ref()
            .map_or(sql.len(), |t| offset(sql, &lines, t.span.start));
        let (segment, locks_rows) = respell(segment)?;
        statements.push(Parsed {
            kind: parse_statement(segment, end.as_ref())?,
            locks_rows,
            text: sql.get(from..to).unwrap_or_default().trim().to_string(),
            parameter_types: Vec::new(),
        });
    }
    Ok(statements)
}

/// The one statement of `text`. Errors: those of [`parse`], `42601` when there are none or several.
pub(crate) fn parse_one(text: &str) -> Result<Parsed> {
    let mut all = parse(text)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(Error::new(ErrorKind::Sql, "42601", "there is no statement")),
        (Some(_), false) => Err(Error::new(
            ErrorKind::Sql,
            "42601",
            "cannot insert multiple commands into a prepared statement",
        )),
    }
}

/// The shape of a statement. Errors: that it cannot be parsed without its literals.
pub(crate) fn parse_lifted(lifted: &Lifted<'_>) -> Result<Parsed> {
    let mut parsed = parse_one(&lifted.shape)?;
    parsed.parameter_types.clone_from(&lifted.types);
    Ok(parsed)
}

/// The query that `text` is.
pub(crate) fn parse_query(text: &str) -> Result<sqlparser::ast::Query> {
    let (tokens, _) = respell(tokenize(text)?)?;
    with_parser(tokens, None, |parser| parser.parse_query()).map(|query| *query)
}

/// The expression that `text` is.
pub(crate) fn parse_expression(text: &str) -> Result<sqlparser::ast::Expr> {
    let (tokens, _) = respell(tokenize(text)?)?;
    with_parser(tokens, None, |parser| parser.parse_expr())
}

/// The type that `text` names.
pub(crate) fn parse_data_type(text: &str) -> Result<sqlparser::ast::DataType> {
    with_parser(tokenize(text)?, None, |parser| parser.parse_data_type())
}

/// The tokens of `text`. Blanks are left out but those behind a string, which may be one with the next.
fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>> {
    let tokens = scan(text).map_or_else(|| tokens_of_sqlparser(text), Ok)?;
    check_runs(&tokens)?;
    Ok(tokens)
}

/// The tokens of any text.
pub(super) fn tokens_of_sqlparser(text: &str) -> Result<Vec<TokenWithSpan>> {
    let mut tokens = Tokenizer::new(&DIALECT, text)
        .tokenize_with_location()
        .map_err(|e| syntax_error(e.message, e.location))?;
    let mut behind_string = false;
    tokens.retain(|token| {
        let is_blank = is_blank(token);
        if !is_blank {
            behind_string = matches!(token.token, Token::SingleQuotedString(_));
        }
        !is_blank || behind_string
    });
    Ok(tokens)
}

/// `EXPLAIN ANALYSE` as `EXPLAIN ANALYZE`, which is how `sqlparser` knows it.
fn respell_analyse(tokens: &mut [TokenWithSpan]) {
    let mut words = tokens.iter_mut().filter(|t| !is_blank(t));
    let is = |token: &TokenWithSpan, name: &str| match &token.token {
        Token::Word(w) => w.quote_style.is_none() && w.value.eq_ignore_ascii_case(name),
        _ => false,
    };
    if let (Some(first), Some(second)) = (words.next(), words.next())
        && is(first, "EXPLAIN")
        && is(second, "ANALYSE")
    {
        second.token = Token::make_keyword("ANALYZE");
    }
}

fn parse_statement(
    mut tokens: Vec<TokenWithSpan>,
    end: Option<&TokenWithSpan>,
) -> Result<ParsedKind> {
    respell_analyse(&mut tokens);
    let words: Vec<&TokenWithSpan> = tokens.iter().filter(|t| !is_blank(t)).collect();
    let word = |i: usize| match words.get(i).map(|t| &t.token) {
        Some(Token::Word(w)) if w.quote_style.is_none() => w.value.to_ascii_uppercase(),
        _ => String::new(),
    };
    sequence::refuse_identity_changes(&words)?;
    let moves = |at: usize| word(at) == "SET" && word(at + 1) == "SCHEMA";
    if word(0) == "ALTER" && (3..words.len()).any(moves) {
        return match word(1).as_str() {
            "TABLE" | "VIEW" | "MATERIALIZED" | "SEQUENCE" => {
                with_parser(tokens, end, set_schema::parse).map(ParsedKind::SetSchema)
            }
            _ => Err(Error::unsupported("ALTER … SET SCHEMA")),
        };
    }
    refuse_by_words([word(0), word(1), word(2)].each_ref().map(String::as_str))?;
    match (word(0).as_str(), words.len()) {
        ("CHECK", 2) if word(1) == "DATABASE" => Ok(ParsedKind::CheckDatabase),
        ("CHECKPOINT", 1) => Ok(ParsedKind::Checkpoint),
        ("VACUUM", 1) => Ok(ParsedKind::Vacuum),
        ("VACUUM", _) => Err(Error::unsupported("VACUUM of a table or with options")),
        ("ABORT", 1) => Ok(ParsedKind::Abort),
        ("ABORT", 2) if matches!(word(1).as_str(), "WORK" | "TRANSACTION") => Ok(ParsedKind::Abort),
        ("ANALYZE" | "ANALYSE", 1) => Ok(ParsedKind::Analyze(Vec::new())),
        ("ANALYZE" | "ANALYSE", _) => {
            if matches!(word(1).as_str(), "VERBOSE" | "SKIP_LOCKED")
                || words.iter().any(|t| t.token == Token::LParen)
            {
                return Err(Error::unsupported("ANALYZE of columns or with options"));
            }
            let first = tokens.iter().position(|t| !is_blank(t));
            let names = |parser: &mut Parser<'_>| {
                parser.parse_comma_separated(|p| p.parse_object_name(false))
            };
            let behind = tokens.split_off(first.map_or(0, |first| first + 1));
            with_parser(behind, end, names).map(ParsedKind::Analyze)
        }
        _ if sequence::is_alter_sequence(&words) => {
            let parsed = |rest| with_parser(rest, end, sequence::parse_rest);
            sequence::parse(&words, parsed).map(ParsedKind::AlterSequence)
        }
        ("COPY", _) => match with_parser(tokens, end, copy::parse) {
            Err(error) if error.message().ends_with(copy::PROGRAM) => {
                Err(Error::unsupported(copy::PROGRAM))
            }
            parsed => parsed.map(ParsedKind::Copy),
        },
        _ if table_as::is_table_as(&words) => {
            with_parser(tokens, end, table_as::parse).map(ParsedKind::TableAs)
        }
        _ => match recognise(&words)? {
            Some(recognised) => Ok(ParsedKind::Recognised(recognised)),
            None => match with_parser(tokens, end, check_option::parse)? {
                (Statement::CreateView(create), Some(option)) => {
                    Ok(ParsedKind::CheckedView(Arc::new(create), option))
                }
                (statement, _) => checked(statement),
            },
        },
    }
}

/// Refuses what the parser does not read in all of its forms. Errors: `0A000`.
fn refuse_by_words(words: [&str; 3]) -> Result<()> {
    match words {
        [verb @ ("CREATE" | "ALTER" | "DROP"), "DOMAIN", _] => {
            Err(Error::unsupported(format_args!("{verb} DOMAIN")))
        }
        ["COMMENT", "ON", "CONSTRAINT"] => Err(Error::unsupported("COMMENT ON CONSTRAINT")),
        _ => Ok(()),
    }
}

/// The statement, unless it is a CREATE TABLE with options that we do not know: there are too many to name them, and
/// only here is the tree ours to take apart.
fn checked(mut statement: Statement) -> Result<ParsedKind> {
    if let Some(create) = table_as::select_into(&mut statement)? {
        return Ok(ParsedKind::TableAs(create));
    }
    if let Statement::CreateTable(create) = &mut statement
        && !is_plain(create)
    {
        return Ok(ParsedKind::Unsupported(match () {
            () if create.temporary => "CREATE TEMPORARY TABLE",
            () if create.query.is_some() => "CREATE TABLE AS",
            () if create.like.is_some() => "CREATE TABLE LIKE with more",
            () if create.inherits.is_some() => "INHERITS",
            () if create.partition_by.is_some() || create.partition_of.is_some() => "partitioning",
            () => "an option of CREATE TABLE",
        }));
    }
    Ok(ParsedKind::Sql(Arc::new(statement)))
}

/// Whether there is nothing but name, columns, constraints, LIKE and IF NOT EXISTS.
fn is_plain(create: &mut CreateTable) -> bool {
    let columns = std::mem::take(&mut create.columns);
    let constraints = std::mem::take(&mut create.constraints);
    let parenthesized =
        |like: &mut CreateTableLikeKind| matches!(like, CreateTableLikeKind::Parenthesized(_));
    let like = create.like.take_if(parenthesized);
    // The parser gives one, whatever is written.
    create.hive_formats.take_if(|formats| {
        let HiveFormat {
            row_format,
            serde_properties,
            storage,
            location,
        } = formats;
        (row_format.is_none() && serde_properties.is_none())
            && (storage.is_none() && location.is_none())
    });
    let plain = CreateTableBuilder::new(create.name.clone())
        .if_not_exists(create.if_not_exists)
        .build();
    // As all of the grammar can be in a table, `==` is code for all of it; this is compiled with the parser.
    let is_plain = format!("{plain:?}") == format!("{create:?}");
    create.columns = columns;
    create.constraints = constraints;
    create.like = create.like.take().or(like);
    is_plain
}

/// Parses `tokens` to their end; `end` is the semicolon that follows them.
fn with_parser<T>(
    tokens: Vec<TokenWithSpan>,
    end: Option<&TokenWithSpan>,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T> {
    let operands = OPERANDS_AT_LEAST + OPERANDS_PER_TOKEN * tokens.len() as u64;
    let mut parser = Parser::new(&DIALECT)
        .with_recursion_limit(NESTING_MAX)
        .with_tokens_with_locations(tokens);
    let parsed = bounded(operands, || parse(&mut parser)).ok_or_else(too_many_ways)?;
    let parsed = parsed.map_err(|e| parser_error(e, end))?;
    let next = parser.peek_token();
    if next.token == Token::EOF {
        Ok(parsed)
    } else {
        Err(near(&next.token.to_string(), next.span.start))
    }
}

fn parser_error(error: ParserError, end: Option<&TokenWithSpan>) -> Error {
    let message = match error {
        ParserError::RecursionLimitExceeded => return too_deep(),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let (message, location) = split_location(&message);
    match message.rsplit_once("found: ") {
        Some((_, "EOF")) => match end {
            Some(end) => near(";", end.span.start),
            None => end_of_input(),
        },
        Some((_, found)) => near(found, location),
        None => syntax_error(message, location),
    }
}

/// Splits the ` at Line: 1, Column: 8` off that `sqlparser` puts behind its messages.
fn split_location(message: &str) -> (&str, Location) {
    let split = || {
        let (head, tail) = message.rsplit_once(" at Line: ")?;
        let (line, column) = tail.split_once(", Column: ")?;
        Some((
            head,
            Location::new(line.trim().parse().ok()?, column.trim().parse().ok()?),
        ))
    };
    split().unwrap_or((message, Location::new(0, 0)))
}

pub(super) fn end_of_input() -> Error {
    Error::new(ErrorKind::Sql, "42601", "syntax error at end of input")
}

pub(super) fn near(found: &str, location: Location) -> Error {
    let error = Error::new(
        ErrorKind::Sql,
        "42601",
        format!("syntax error at or near \"{found}\""),
    );
    located(error, location)
}

fn syntax_error(message: impl std::fmt::Display, location: Location) -> Error {
    let error = Error::new(ErrorKind::Sql, "42601", format!("syntax error: {message}"));
    located(error, location)
}

/// The error with a position, where there is one.
pub(crate) fn located(error: Error, location: Location) -> Error {
    if location.line == 0 {
        error
    } else {
        error.at(location.line, location.column)
    }
}

/// Nesting beyond what the stack can take.
pub(crate) fn too_deep() -> Error {
    Error::new(
        ErrorKind::Limit,
        "54001",
        "stack depth limit exceeded: the statement is nested too deeply",
    )
}

/// A text that could be read in more ways than anybody can wait for.
fn too_many_ways() -> Error {
    Error::new(
        ErrorKind::Limit,
        "54001",
        "the statement is too complex: there are too many ways to read it",
    )
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

fn check_runs(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut runs = vec![0];
    for token in tokens {
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::LParen | Token::LBracket => runs.push(0),
            Token::RParen | Token::RBracket if runs.len() > 1 => {
                runs.pop();
            }
            Token::SemiColon => runs = vec![0],
            Token::Comma => {
                if let Some(run) = runs.last_mut() {
                    *run = 0;
                }
            }
            _ => {}
        }
        if let Some(run) = runs.last_mut() {
            // The brackets of an array type are a level each.
            *run += if token.token == Token::RBracket { 5 } else { 1 };
            if *run > RUN_TOKENS_MAX {
                return Err(too_deep());
            }
        }
    }
    Ok(())
}

fn line_starts(sql: &str) -> Vec<usize> {
    let ends = sql.bytes().enumerate().filter(|(_, b)| *b == b'\n');
    std::iter::once(0)
        .chain(ends.map(|(at, _)| at + 1))
        .collect()
}

/// Where in `sql` a location is, in bytes.
fn offset(sql: &str, lines: &[usize], location: Location) -> usize {
    let line = (location.line as usize).saturating_sub(1);
    let start = lines.get(line).copied().unwrap_or(sql.len());
    let column = (location.column as usize).saturating_sub(1);
    let line = &sql[start..];
    start
        + line
            .char_indices()
            .nth(column)
            .map_or(line.len(), |(at, _)| at)
}
