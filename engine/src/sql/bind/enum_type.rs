//! CREATE TYPE, ALTER TYPE and DROP TYPE of ENUM types, and their functions.

use super::super::visit::visit_expressions;
use super::call::no_function;
use super::coerce::{Context, literal};
use super::context::Binder;
use super::names::{at, in_public, sql_error};
use crate::catalog::{PUBLIC, RelationName, Table, View};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{Expr, ExprKind, Statement};
use crate::sql::function::ScalarFunction;
use crate::sql::parse::{parse_expression, parse_query};
use crate::types::{ElementType, EnumType, LABEL_BYTES_MAX, SqlType, Value};
use sqlparser::ast;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

impl Binder<'_> {
    /// `CREATE TYPE … AS ENUM`. Errors: `42710` for a name that is taken, `42602` for a label that is too long, `23505` for
    /// one given twice; `0A000` for other kinds of types.
    pub(super) fn bind_create_type(
        &self,
        name: &ast::ObjectName,
        representation: Option<&ast::UserDefinedTypeRepresentation>,
    ) -> Result<Statement> {
        let labels = match representation {
            Some(ast::UserDefinedTypeRepresentation::Enum { labels }) => labels,
            Some(ast::UserDefinedTypeRepresentation::Composite { .. }) => {
                return Err(Error::unsupported("a composite type"));
            }
            Some(ast::UserDefinedTypeRepresentation::Range { .. }) => {
                return Err(Error::unsupported("a range type"));
            }
            _ => return Err(Error::unsupported("a shell type or a base type")),
        };
        let name = self.new_type(name)?;
        let mut checked: Vec<String> = Vec::with_capacity(labels.len());
        let mut seen = BTreeSet::new();
        for ident in labels {
            let label = label(ident)?;
            if !seen.insert(label.clone()) {
                let message = format!("enum label \"{label}\" used more than once");
                return Err(at(sql_error("23505", message), ident));
            }
            checked.push(label);
        }
        let id = self.schema.types().next_id();
        Ok(Statement::CreateType(EnumType::new(id, &name, checked)?))
    }

    /// The name that a type is to have. Errors: `42710`.
    fn new_type(&self, name: &ast::ObjectName) -> Result<String> {
        let first = self.reading.path.existing(self.schema).next();
        let (name, ident) = in_public(name).and_then(|named| match first {
            Some(PUBLIC) => Ok(named),
            _ if name.0.len() > 1 => Ok(named),
            _ => Err(Error::unsupported("a type in a schema other than public")),
        })?;
        // A table or a view is a type, too.
        let of_rows = RelationName::public(&name);
        let has_rows =
            self.schema.table(&of_rows).is_some() || self.schema.view(&of_rows).is_some();
        if has_rows || self.schema.types().get(&name).is_some() {
            return Err(at(type_exists(&name), ident));
        }
        Ok(name)
    }

    /// Refuses a name for a table or a view that a type has. Errors: `42710`.
    pub(super) fn refuse_type_name(&self, name: &RelationName) -> Result<()> {
        match self.schema.types().get(name.own()) {
            Some(_) if name.schema() == PUBLIC => Err(type_exists(name.own())),
            _ => Ok(()),
        }
    }

    /// The type of that name. Errors: `42704`, `42809` for one that is no ENUM type.
    fn enum_type(&self, name: &ast::ObjectName) -> Result<EnumType> {
        let (folded, ident) = in_public(name)?;
        match self.schema.types().get(&folded) {
            Some(of) => Ok(of),
            None => Err(at(no_type(&folded), ident)),
        }
    }

    /// `ALTER TYPE`. Errors: as for [`Self::bind_create_type`]; `42704` for a type that does not exist, `22023` for a label
    /// that does not, `0A000` for a new name where stored expressions say the old one.
    pub(super) fn bind_alter_type(&self, alter: &ast::AlterType) -> Result<Statement> {
        let ast::AlterType { name, operation } = alter;
        let of = self.enum_type(name)?;
        let altered = match operation {
            ast::AlterTypeOperation::Rename(ast::AlterTypeRename { new_name }) => {
                let name = self.new_type(&ast::ObjectName::from(vec![new_name.clone()]))?;
                if let Some(place) = self.mention(Trace::Type(of.name()))? {
                    return Err(Error::unsupported(format_args!(
                        "ALTER TYPE … RENAME of a type that {place} names"
                    )));
                }
                of.renamed(&name)?
            }
            ast::AlterTypeOperation::AddValue(add) => match with_label(of, add)? {
                Some(altered) => altered,
                None => return Ok(Statement::AlterType(None)),
            },
            ast::AlterTypeOperation::RenameValue(ast::AlterTypeRenameValue { from, to }) => {
                let position = position(of, from)?;
                let new = label(to)?;
                if of.position(&new).is_some() {
                    return Err(at(label_exists(&new), to));
                }
                let old = label(from)?;
                if let Some(place) = self.mention(Trace::Literal(&old))? {
                    return Err(Error::unsupported(format_args!(
                        "ALTER TYPE … RENAME VALUE '{old}', which {place} has,"
                    )));
                }
                of.with_label_renamed(position, &new)?
            }
        };
        Ok(Statement::AlterType(Some((of, altered))))
    }

    /// A type to drop, which nothing may need. Errors: `42704`, `2BP01`; `0A000` where `CASCADE` would drop columns.
    pub(super) fn type_to_drop(
        &self,
        name: &ast::ObjectName,
        if_exists: bool,
        cascade: bool,
    ) -> Result<Option<EnumType>> {
        let (folded, ident) = in_public(name)?;
        let Some(of) = self.schema.types().get(&folded) else {
            return match if_exists {
                true => Ok(None),
                false => Err(at(no_type(&folded), ident)),
            };
        };
        let is_it = |sql_type| is_of(sql_type, of);
        let mut places = self.schema.tables().flat_map(|table| {
            let columns = table.columns.iter().filter(|c| is_it(c.sql_type));
            columns.map(|c| format!("column {} of table {}", c.name, table.name))
        });
        let in_view = |view: &&Arc<View>| view.columns.iter().any(|(_, sql_type)| is_it(*sql_type));
        let place = places.next().or_else(|| {
            let mut views = self.schema.views();
            views
                .find(in_view)
                .map(|view| format!("view {}", view.name))
        });
        let place = match place {
            Some(place) => Some(place),
            None => self.mention(Trace::Type(of.name()))?,
        };
        match place {
            None => Ok(Some(of)),
            Some(_) if cascade => Err(Error::unsupported("DROP TYPE … CASCADE of a type in use")),
            Some(place) => {
                let message = format!(
                    "cannot drop type {folded} because other objects depend on it: {place} depends on type {folded} \
                     (use DROP ... CASCADE to drop the dependent objects too)"
                );
                Err(sql_error("2BP01", message))
            }
        }
    }

    /// The first thing whose stored text has `trace` in it.
    fn mention(&self, trace: Trace<'_>) -> Result<Option<String>> {
        for dependent in self.schema.dependents() {
            if trace.is_in(&parse_query(&dependent.query().text)?) {
                return Ok(Some(format!("{} {}", dependent.kind(), dependent.name())));
            }
        }
        for table in self.schema.tables() {
            for text in stored_texts(table) {
                if trace.is_in(&parse_expression(text)?) {
                    return Ok(Some(format!("table {}", table.name)));
                }
            }
        }
        Ok(None)
    }

    /// `enum_first`, `enum_last`, `enum_range`, which look at the type of their arguments and, of two, at the values; `None`
    /// for another name. Errors: `42883`.
    pub(super) fn bind_enum_call(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let of = arguments
            .iter()
            .find_map(|argument| match argument.sql_type {
                SqlType::Enum(of) => Some(of),
                _ => None,
            });
        let wrong = |e: &Expr| !matches!(e.sql_type, SqlType::Enum(o) if Some(o) == of);
        let Some(of) = of else {
            return Err(no_function(name, &arguments));
        };
        let mut arguments = arguments;
        for argument in &mut arguments {
            if argument.sql_type == SqlType::Unknown {
                let unknown = std::mem::replace(argument, literal(Value::Null, SqlType::Unknown));
                *argument = self.cast(unknown, of.into(), Context::Implicit)?;
            }
        }
        if arguments.iter().any(wrong) {
            return Err(no_function(name, &arguments));
        }
        let array = ElementType::new(of.into()).map(SqlType::Array);
        match (name, arguments.len(), array) {
            ("enum_first", 1, _) => Ok(call(ScalarFunction::EnumFirst, arguments, of.into())),
            ("enum_last", 1, _) => Ok(call(ScalarFunction::EnumLast, arguments, of.into())),
            ("enum_range", 1 | 2, Some(array)) => {
                Ok(call(ScalarFunction::EnumRange, arguments, array))
            }
            _ => Err(no_function(name, &arguments)),
        }
    }
}

fn call(function: ScalarFunction, arguments: Vec<Expr>, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Call(function, arguments),
        sql_type,
    }
}

/// Whether a column of that type holds values of `of`.
fn is_of(sql_type: SqlType, of: EnumType) -> bool {
    match sql_type {
        SqlType::Array(element) => element.sql_type() == SqlType::Enum(of),
        other => other == SqlType::Enum(of),
    }
}

/// The texts of expressions that are stored with a table.
fn stored_texts(table: &Table) -> impl Iterator<Item = &String> {
    let columns = table.columns.iter();
    let of_columns = columns.flat_map(|c| c.default.iter().chain(&c.generated));
    let checks = table.checks.iter().map(|(_, text)| text);
    let of_indexes = table.indexes.iter().flat_map(|index| {
        let expressions = index.expressions.iter().map(|e| &e.text);
        expressions.chain(&index.predicate)
    });
    of_columns.chain(checks).chain(of_indexes)
}

/// What is looked for in a stored text.
#[derive(Clone, Copy)]
enum Trace<'a> {
    /// The name of a type.
    Type(&'a str),
    /// A literal that is, or may have, this label.
    Literal(&'a str),
}

impl Trace<'_> {
    fn is_in(self, node: &impl ast::Visit) -> bool {
        let found = visit_expressions(node, |expr| {
            let is_it = match (self, expr) {
                (Self::Type(name), ast::Expr::Cast { data_type, .. }) => names(data_type, name),
                (Self::Type(name), ast::Expr::TypedString(typed)) => names(&typed.data_type, name),
                (Self::Literal(label), ast::Expr::Value(value)) => may_have(&value.value, label),
                (Self::Literal(label), ast::Expr::TypedString(typed)) => {
                    may_have(&typed.value.value, label)
                }
                _ => false,
            };
            match is_it {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        found.is_break()
    }
}

/// Whether a literal is a text that has the label in it, as an array of labels may, where some are escaped.
fn may_have(literal: &ast::Value, label: &str) -> bool {
    let text = literal.clone().into_string().unwrap_or_default();
    text.contains(label) || text.replace('\\', "").contains(label)
}

/// Whether `data_type` is the type of that name, or one of its arrays.
fn names(data_type: &ast::DataType, name: &str) -> bool {
    match data_type {
        ast::DataType::Custom(written, _) => {
            in_public(written).is_ok_and(|(written, _)| written == name)
        }
        ast::DataType::Array(ast::ArrayElemTypeDef::SquareBracket(element, _)) => {
            names(element, name)
        }
        _ => false,
    }
}

/// The type with the label that `ADD VALUE` adds; `None` when it has it and that is fine.
fn with_label(of: EnumType, add: &ast::AlterTypeAddValue) -> Result<Option<EnumType>> {
    let ast::AlterTypeAddValue {
        if_not_exists,
        value,
        position: place,
    } = add;
    let new = label(value)?;
    match of.position(&new) {
        Some(_) if *if_not_exists => return Ok(None),
        Some(_) => return Err(at(label_exists(&new), value)),
        None => {}
    }
    let at = match place {
        None => of.numbers().len(),
        Some(ast::AlterTypeAddValuePosition::Before(other)) => position(of, other)?,
        Some(ast::AlterTypeAddValuePosition::After(other)) => position(of, other)? + 1,
    };
    of.with_label(&new, at).map(Some)
}

/// A label as it was written. Errors: `42601` for what is no string, `42602` for one that is too long.
fn label(ident: &ast::Ident) -> Result<String> {
    if ident.quote_style != Some('\'') {
        let message = format!("syntax error at or near \"{}\"", ident.value);
        return Err(at(sql_error("42601", message), ident));
    }
    if ident.value.len() > LABEL_BYTES_MAX {
        let message = format!(
            "invalid enum label \"{}\" (Labels must be 63 bytes or less.)",
            ident.value
        );
        return Err(at(sql_error("42602", message), ident));
    }
    Ok(ident.value.clone())
}

/// The position of a label that must be there. Errors: `22023`.
fn position(of: EnumType, ident: &ast::Ident) -> Result<usize> {
    let label = label(ident)?;
    of.position(&label).ok_or_else(|| {
        let message = format!("\"{label}\" is not an existing enum label");
        at(Error::new(ErrorKind::Sql, "22023", message), ident)
    })
}

fn label_exists(label: &str) -> Error {
    sql_error("42710", format!("enum label \"{label}\" already exists"))
}

fn type_exists(name: &str) -> Error {
    sql_error("42710", format!("type \"{name}\" already exists"))
}

fn no_type(name: &str) -> Error {
    sql_error("42704", format!("type \"{name}\" does not exist"))
}
