//! `COPY`: its table or query, and its options.

use super::change::{defaults, target_columns};
use super::context::{Binder, Clause, Level};
use super::generated::refuse_copied;
use super::names::{at, fold, sql_error};
use super::order::Target;
use super::query::{constant_rows, select_all};
use super::scope::{Scope, column};
use super::updatable::{ChangeTarget, Verb};
use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{
    CopyColumn, CopyForm, CopyFrom, CopyHeader, CopyTo, From, Query, Statement,
};
use crate::sql::copy::{Copy, CopyArgument, CopySource};
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// `COPY`
    pub(super) fn bind_copy(&mut self, copy: &Copy) -> Result<Statement> {
        let is_relative = |file: &String| !file.starts_with('/');
        if !copy.is_from && copy.file.as_ref().is_some_and(is_relative) {
            let message = "relative path not allowed for COPY to file";
            return Err(sql_error("42602", message));
        }
        if copy.filter.is_some() && !copy.is_from {
            return Err(sql_error("42601", "WHERE clause not allowed with COPY TO"));
        }
        match &copy.source {
            CopySource::Query(query) => {
                self.at_top = true;
                let query = self.bind_query(query, true)?;
                self.copy_to(query, copy)
            }
            CopySource::Table(name, columns) => {
                let table = self.copied_table(name, copy.is_from)?;
                let columns = copied_columns(&table, columns)?;
                match copy.is_from {
                    true => self.copy_from(table, columns, copy),
                    false => self.copy_to(query_of(&table, &columns), copy),
                }
            }
        }
    }

    fn copied_table(&self, name: &ast::ObjectName, is_from: bool) -> Result<Arc<Table>> {
        let way = if is_from { "to" } else { "from" };
        self.refuse_view(name, |kind, view| {
            sql_error("42809", format!("cannot copy {way} {kind} \"{view}\""))
        })?;
        self.named_table(name)
    }

    fn copy_to(&mut self, query: Query, copy: &Copy) -> Result<Statement> {
        if self.has_parameters() {
            return Err(sql_error("42P02", "there is no parameter $1"));
        }
        let names = query.output.iter().map(|c| c.name.clone());
        let form = form_of(copy, names.collect())?;
        Ok(Statement::CopyTo(Box::new(CopyTo { query, form })))
    }

    fn copy_from(
        &mut self,
        table: Arc<Table>,
        columns: Vec<usize>,
        copy: &Copy,
    ) -> Result<Statement> {
        let names = columns.iter().map(|c| table.columns[*c].name.clone());
        let form = form_of(copy, names.collect())?;
        let level = Level::new(Scope::of_table(table.name.own(), &table), Clause::CopyWhere);
        let filter = copy.filter.as_deref();
        let (filter, _) = self.with_level(level, |binder| {
            let bound = filter.map(|filter| binder.bind_condition(filter, "WHERE"));
            bound.transpose()
        })?;
        if self.has_parameters() {
            return Err(sql_error("42P02", "there is no parameter $1"));
        }
        let reads_generated = |e| {
            let mut columns = crate::sql::walk::columns_of(e).into_iter();
            columns.any(|c| table.columns[c].generated.is_some())
        };
        if filter.as_ref().is_some_and(reads_generated) {
            let message = "generated columns are not supported in COPY FROM WHERE conditions";
            return Err(sql_error("42P10", message));
        }
        let all = defaults(&table)?.into_iter().enumerate();
        let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
        let source = constant_rows(Vec::new(), types);
        Ok(Statement::CopyFrom(Box::new(CopyFrom {
            defaults: all.filter(|(c, _)| !columns.contains(c)).collect(),
            insert: self.plain_insert(table, source)?,
            columns,
            filter,
            form,
        })))
    }
}

/// The columns that are copied: those that are named, or all that are not generated.
fn copied_columns(table: &Arc<Table>, named: &[ast::Ident]) -> Result<Vec<usize>> {
    if named.is_empty() {
        let all = table.columns.iter().enumerate();
        let stored = all.filter(|(_, column)| column.generated.is_none());
        return Ok(stored.map(|(position, _)| position).collect());
    }
    let names = named.iter().map(|n| ast::ObjectName::from(vec![n.clone()]));
    let target = ChangeTarget::of(table.clone(), Verb::Insert);
    let named = target_columns(&target, &names.collect::<Vec<_>>())?;
    let columns = named.positions.unwrap_or_default();
    let mut described = columns.iter().map(|c| &table.columns[*c]);
    described.try_for_each(refuse_copied)?;
    Ok(columns)
}

fn query_of(table: &Arc<Table>, columns: &[usize]) -> Query {
    let targets = columns.iter().map(|c| {
        let of = &table.columns[*c];
        Target::new(column(*c, of.sql_type), of.name.clone())
    });
    let from = From::Table {
        table: table.clone(),
        alias: table.name.to_string(),
        row_id: false,
    };
    select_all(from, targets.collect())
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, "0A000", message)
}

fn invalid(message: impl Into<String>) -> Error {
    sql_error("22023", message)
}

/// Options as they were given.
#[derive(Default)]
struct Options {
    format: Option<String>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<CopyHeader>,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<CopyArgument>,
    force_not_null: Option<CopyArgument>,
    force_null: Option<CopyArgument>,
    encoding: Option<String>,
}

/// File and format of a copy of columns that have these names.
fn form_of(copy: &Copy, names: Vec<String>) -> Result<CopyForm> {
    let options = given(copy)?;
    let is_csv = match options.format.as_deref() {
        None | Some("text") => false,
        Some("csv") => true,
        Some("binary") => return Err(Error::unsupported("COPY in the format binary")),
        Some(other) => return Err(invalid(format!("COPY format \"{other}\" not recognized"))),
    };
    check_csv_only(&options, is_csv, copy.is_from)?;
    if let Some(encoding) = &options.encoding {
        let letters = encoding.to_ascii_lowercase().replace(['-', '_'], "");
        if !matches!(letters.as_str(), "utf8" | "unicode") {
            return Err(Error::unsupported(format_args!(
                "the encoding \"{encoding}\""
            )));
        }
    }
    let default = if is_csv { "," } else { "\t" };
    let delimiter = byte("delimiter", options.delimiter.as_deref().unwrap_or(default))?;
    let quote = byte("quote", options.quote.as_deref().unwrap_or("\""))?;
    let escape = match options.escape.as_deref() {
        Some(escape) => byte("escape", escape)?,
        None => quote,
    };
    let null = match options.null {
        Some(null) => null,
        None if is_csv => String::new(),
        None => "\\N".to_owned(),
    };
    let mut form = CopyForm {
        file: copy.file.clone(),
        is_csv,
        delimiter,
        null,
        header: options.header.unwrap_or(CopyHeader::Absent),
        quote,
        escape,
        columns: Vec::new(),
    };
    check_bytes(&form)?;
    let columns = names.into_iter().map(|name| CopyColumn {
        name,
        ..CopyColumn::default()
    });
    form.columns = columns.collect();
    mark(&mut form, "FORCE_QUOTE", options.force_quote, |c| {
        &mut c.force_quote
    })?;
    mark(&mut form, "FORCE_NOT_NULL", options.force_not_null, |c| {
        &mut c.force_not_null
    })?;
    mark(&mut form, "FORCE_NULL", options.force_null, |c| {
        &mut c.force_null
    })?;
    Ok(form)
}

/// The options, none of them twice. Errors: `42601`, `22023`.
fn given(copy: &Copy) -> Result<Options> {
    let mut options = Options::default();
    for (name, argument) in &copy.options {
        let text = || match argument {
            CopyArgument::Text(text) => Ok(text.clone()),
            CopyArgument::None => Err(sql_error("42601", format!("{name} requires a parameter"))),
            _ => Err(invalid(format!(
                "argument to option \"{name}\" must be a string"
            ))),
        };
        let columns = || match argument {
            CopyArgument::All if name == "force_quote" => Ok(argument.clone()),
            CopyArgument::Columns(_) => Ok(argument.clone()),
            _ => Err(invalid(format!(
                "argument to option \"{name}\" must be a list of column names"
            ))),
        };
        let known = match name.as_str() {
            "format" => options.format.replace(text()?).is_some(),
            "delimiter" => options.delimiter.replace(text()?).is_some(),
            "null" => options.null.replace(text()?).is_some(),
            "quote" => options.quote.replace(text()?).is_some(),
            "escape" => options.escape.replace(text()?).is_some(),
            "encoding" => options.encoding.replace(text()?).is_some(),
            "header" => options
                .header
                .replace(header(argument, copy.is_from)?)
                .is_some(),
            "force_quote" => options.force_quote.replace(columns()?).is_some(),
            "force_not_null" => options.force_not_null.replace(columns()?).is_some(),
            "force_null" => options.force_null.replace(columns()?).is_some(),
            "freeze" => return Err(Error::unsupported("FREEZE of COPY")),
            _ => {
                return Err(sql_error(
                    "42601",
                    format!("option \"{name}\" not recognized"),
                ));
            }
        };
        if known {
            return Err(sql_error("42601", "conflicting or redundant options"));
        }
    }
    Ok(options)
}

fn header(argument: &CopyArgument, is_from: bool) -> Result<CopyHeader> {
    let text = match argument {
        CopyArgument::None => return Ok(CopyHeader::Present),
        CopyArgument::Text(text) => text.to_ascii_lowercase(),
        _ => String::new(),
    };
    match text.as_str() {
        "true" | "on" | "1" => Ok(CopyHeader::Present),
        "false" | "off" | "0" => Ok(CopyHeader::Absent),
        "match" if is_from => Ok(CopyHeader::Match),
        "match" => Err(refused("cannot use \"match\" with HEADER in COPY TO")),
        _ => Err(sql_error(
            "42601",
            "header requires a Boolean value or \"match\"",
        )),
    }
}

/// Refuses what only the format CSV has, or only one direction. Errors: `0A000`.
fn check_csv_only(options: &Options, is_csv: bool, is_from: bool) -> Result<()> {
    let csv_only = [
        (options.quote.is_some(), "quote"),
        (options.escape.is_some(), "escape"),
        (options.force_quote.is_some(), "force quote"),
        (options.force_not_null.is_some(), "force not null"),
        (options.force_null.is_some(), "force null"),
    ];
    if let Some((_, name)) = csv_only.iter().find(|(given, _)| *given && !is_csv) {
        return Err(refused(format!("COPY {name} available only in CSV mode")));
    }
    let one_way = [
        (
            options.force_quote.is_some() && is_from,
            "force quote",
            "TO",
        ),
        (
            options.force_not_null.is_some() && !is_from,
            "force not null",
            "FROM",
        ),
        (
            options.force_null.is_some() && !is_from,
            "force null",
            "FROM",
        ),
    ];
    match one_way.iter().find(|(wrong, ..)| *wrong) {
        Some((_, name, way)) => Err(refused(format!(
            "COPY {name} only available using COPY {way}"
        ))),
        None => Ok(()),
    }
}

fn byte(name: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(refused(format!(
            "COPY {name} must be a single one-byte character"
        ))),
    }
}

/// Refuses characters that stand for two things. Errors: `22023`, `0A000`.
fn check_bytes(form: &CopyForm) -> Result<()> {
    let ends_line = |byte: u8| matches!(byte, b'\n' | b'\r');
    if ends_line(form.delimiter) {
        return Err(invalid(
            "COPY delimiter cannot be newline or carriage return",
        ));
    }
    if form.null.bytes().any(ends_line) {
        return Err(invalid(
            "COPY null representation cannot use newline or carriage return",
        ));
    }
    let taken = matches!(form.delimiter, b'\\' | b'.' | b'a'..=b'z' | b'0'..=b'9');
    if !form.is_csv && taken {
        let delimiter = char::from(form.delimiter);
        return Err(invalid(format!("COPY delimiter cannot be \"{delimiter}\"")));
    }
    if form.is_csv && form.delimiter == form.quote {
        return Err(invalid("COPY delimiter and quote must be different"));
    }
    if form.null.as_bytes().contains(&form.delimiter) {
        return Err(refused(
            "COPY delimiter must not appear in the NULL specification",
        ));
    }
    if form.is_csv && form.null.as_bytes().contains(&form.quote) {
        return Err(refused(
            "CSV quote character must not appear in the NULL specification",
        ));
    }
    Ok(())
}

/// Marks the columns that an option names. Errors: `42P10` for one that is not copied.
fn mark(
    form: &mut CopyForm,
    option: &str,
    argument: Option<CopyArgument>,
    flag: impl Fn(&mut CopyColumn) -> &mut bool,
) -> Result<()> {
    match argument {
        Some(CopyArgument::All) => form.columns.iter_mut().for_each(|c| *flag(c) = true),
        Some(CopyArgument::Columns(names)) => {
            for ident in &names {
                let name = fold(ident)?;
                let Some(column) = form.columns.iter_mut().find(|c| c.name == name) else {
                    let message = format!("{option} column \"{name}\" not referenced by COPY");
                    return Err(at(sql_error("42P10", message), ident));
                };
                *flag(column) = true;
            }
        }
        _ => {}
    }
    Ok(())
}
