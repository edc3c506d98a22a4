//! EXPLAIN and its options.

use super::call::refuse;
use super::context::Binder;
use super::names::{fold, sql_error};
use crate::error::{Error, Result};
use crate::sql::bound::{ExplainOptions, Statement};
use sqlparser::ast;

/// The options of `EXPLAIN`. Times are not shown: `TIMING` and `SUMMARY` can only be off. Errors: `42601`, `22023`,
/// `0A000`.
pub(crate) fn explain_options(statement: &ast::Statement) -> Result<ExplainOptions> {
    let ast::Statement::Explain {
        analyze,
        verbose,
        query_plan,
        estimate,
        format,
        options: written,
        ..
    } = statement
    else {
        return Err(Error::misuse("options of EXPLAIN are those of EXPLAIN"));
    };
    refuse(*verbose || *query_plan || *estimate, "an option of EXPLAIN")?;
    refuse(format.is_some(), "FORMAT in EXPLAIN")?;
    let mut options = ExplainOptions {
        analyze: *analyze,
        costs: true,
    };
    for ast::UtilityOption { name, arg } in written.iter().flatten() {
        let name = fold(name)?;
        let on = is_on(&name, arg.as_ref())?;
        match name.as_str() {
            "analyze" => options.analyze = on,
            "costs" => options.costs = on,
            "timing" | "summary" | "verbose" | "buffers" | "wal" | "settings" if !on => {}
            "timing" | "summary" | "verbose" | "buffers" | "wal" | "settings" | "format" => {
                let name = name.to_ascii_uppercase();
                return Err(Error::unsupported(format_args!("{name} in EXPLAIN")));
            }
            _ => {
                let message = format!("unrecognized EXPLAIN option \"{name}\"");
                return Err(sql_error("42601", message));
            }
        }
    }
    Ok(options)
}

fn is_on(name: &str, argument: Option<&ast::Expr>) -> Result<bool> {
    let Some(argument) = argument else {
        return Ok(true);
    };
    match argument
        .to_string()
        .trim_matches('\'')
        .to_ascii_lowercase()
        .as_str()
    {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ if name == "format" => Ok(true),
        _ => Err(sql_error(
            "42601",
            format!("{name} requires a Boolean value"),
        )),
    }
}

impl Binder<'_> {
    pub(super) fn bind_explain(
        &mut self,
        statement: &ast::Statement,
        text: &str,
    ) -> Result<Statement> {
        let options = explain_options(statement)?;
        let ast::Statement::Explain {
            describe_alias,
            statement,
            ..
        } = statement
        else {
            return Err(Error::misuse("EXPLAIN is bound as EXPLAIN"));
        };
        if *describe_alias != ast::DescribeAlias::Explain {
            return Err(sql_error(
                "42601",
                format!("syntax error at or near \"{describe_alias}\""),
            ));
        }
        match &**statement {
            inner @ (ast::Statement::Query(_)
            | ast::Statement::Insert(_)
            | ast::Statement::Update(_)
            | ast::Statement::Delete(_)
            | ast::Statement::Merge(_)) => {
                let inner = self.bind_statement(inner, text)?;
                Ok(Statement::Explain(Box::new(inner), options))
            }
            _ => Err(Error::unsupported(
                "EXPLAIN of what is neither a query nor a change",
            )),
        }
    }
}
