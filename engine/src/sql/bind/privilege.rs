//! Functions that ask who may do what. There are no roles but one, who may do everything: what is asked is whether the
//! thing is there.

use super::coerce::literal;
use super::context::Binder;
use super::names::sql_error;
use super::system::{is_regclass, text_of, with_arguments};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::system::{DATABASE, ROLE};
use crate::types::{SqlType, Value};
use sqlparser::ast;

/// Each function with the privileges that it knows.
const FUNCTIONS: [(&str, &[&str]); 5] = [
    (
        "has_table_privilege",
        &[
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "TRUNCATE",
            "REFERENCES",
            "TRIGGER",
        ],
    ),
    (
        "has_any_column_privilege",
        &["SELECT", "INSERT", "UPDATE", "REFERENCES"],
    ),
    ("has_sequence_privilege", &["USAGE", "SELECT", "UPDATE"]),
    ("has_schema_privilege", &["CREATE", "USAGE"]),
    (
        "has_database_privilege",
        &["CREATE", "CONNECT", "TEMPORARY", "TEMP"],
    ),
];

impl Binder<'_> {
    /// `has_…_privilege([role,] thing, privilege)`; `None` for another function. Errors: `42704`, `42P01`, `3F000`, `3D000` for
    /// what is not there, `22023` for a privilege that there is not, `0A000` for what is not known before the statement runs.
    pub(super) fn bind_privilege_call(
        &mut self,
        name: &str,
        arguments: &[&ast::Expr],
    ) -> Result<Option<Expr>> {
        let Some((_, known)) = FUNCTIONS.iter().find(|(function, _)| *function == name) else {
            return Ok(None);
        };
        let (role, thing, privilege) = match arguments {
            [thing, privilege] => (None, *thing, *privilege),
            [role, thing, privilege] => (Some(*role), *thing, *privilege),
            _ => return Ok(None),
        };
        if let Some(role) = role {
            self.check_role(role)?;
        }
        let Some(privilege) = text_of(privilege) else {
            return Err(Error::unsupported(format_args!(
                "{name} of a privilege that is no literal"
            )));
        };
        check_privileges(privilege, known)?;
        let there = literal(Value::Bool(true), SqlType::Bool);
        let relation = !matches!(name, "has_schema_privilege" | "has_database_privilege");
        if relation && is_regclass(thing) {
            self.bind_expr(thing)?;
            return Ok(Some(there));
        }
        let bound = self.bind_expr(thing)?;
        let ExprKind::Literal(Value::Text(text)) = &bound.kind else {
            return self.bind_privilege_of_number(name, thing, &bound).map(Some);
        };
        match name {
            "has_schema_privilege" if !self.schema.has_namespace(text) => {
                let message = format!("schema \"{text}\" does not exist");
                Err(sql_error("3F000", message))
            }
            "has_database_privilege" if text != DATABASE => {
                let message = format!("database \"{text}\" does not exist");
                Err(sql_error("3D000", message))
            }
            _ if relation => {
                self.relation_named(text)?;
                Ok(Some(there))
            }
            _ => Ok(Some(there)),
        }
    }

    fn check_role(&mut self, role: &ast::Expr) -> Result<()> {
        match text_of(role) {
            Some(ROLE) => Ok(()),
            Some(other) => {
                let message = format!("role \"{other}\" does not exist");
                Err(sql_error("42704", message))
            }
            // `current_user` and its like.
            None => Ok(()),
        }
    }

    /// The same of a number: true, or NULL where nothing has it.
    fn bind_privilege_of_number(
        &mut self,
        name: &str,
        thing: &ast::Expr,
        bound: &Expr,
    ) -> Result<Expr> {
        let query = match name {
            "has_schema_privilege" => {
                r##"(SELECT true FROM (SELECT "oid" AS "#oid" FROM pg_catalog."pg_namespace") AS "#all" WHERE "#oid" = $1)"##
            }
            "has_database_privilege" => {
                r##"(SELECT true FROM (SELECT "oid" AS "#oid" FROM pg_catalog."pg_database") AS "#all" WHERE "#oid" = $1)"##
            }
            _ => {
                r##"(SELECT true FROM pg_catalog."#definition" WHERE "#kind" = 'relation' AND "#number" = $1)"##
            }
        };
        if bound.sql_type.is_text() {
            return Err(Error::unsupported(format_args!(
                "{name} of a name that is no literal"
            )));
        }
        self.bind_expr(&with_arguments(query, std::slice::from_ref(thing))?)
    }
}

/// Errors: `22023` for a privilege of a list that is not `known`.
fn check_privileges(list: &str, known: &[&str]) -> Result<()> {
    for written in list.split(',') {
        let upper = written.trim().to_ascii_uppercase();
        let plain = upper.strip_suffix(" WITH GRANT OPTION").unwrap_or(&upper);
        if !known.contains(&plain) {
            let message = format!("unrecognized privilege type: \"{}\"", written.trim());
            return Err(sql_error("22023", message));
        }
    }
    Ok(())
}
