//! EXPLAIN and its options.

use super::call::refuse;
use super::context::Binder;
use super::names::{at, fold, sql_error};
use crate::error::{Error, Result};
use crate::sql::bound::{ExplainFormat, ExplainOptions, Statement};
use sqlparser::ast::{self, Expr, Ident, UnaryOperator};

/// The options of `EXPLAIN`. Errors: `42601` for what is none, `22023` for what does not go together, `0A000`.
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
    refuse(*query_plan || *estimate, "an option of EXPLAIN")?;
    if format.is_some() {
        // Only in parentheses.
        return Err(sql_error("42601", "syntax error at or near \"FORMAT\""));
    }
    let mut options = ExplainOptions {
        analyze: *analyze,
        verbose: *verbose,
        costs: true,
        settings: false,
        buffers: false,
        wal: false,
        timing: false,
        summary: false,
        format: ExplainFormat::Text,
    };
    let (mut timing, mut summary) = (None, None);
    for ast::UtilityOption { name: ident, arg } in written.iter().flatten() {
        let name = fold(ident)?;
        let argument = Argument::of(arg.as_ref())?;
        match name.as_str() {
            "analyse" if ident.quote_style.is_none() => {
                options.analyze = argument.is_on("analyze")?
            }
            "analyze" => options.analyze = argument.is_on(&name)?,
            "verbose" => options.verbose = argument.is_on(&name)?,
            "costs" => options.costs = argument.is_on(&name)?,
            "settings" => options.settings = argument.is_on(&name)?,
            "buffers" => options.buffers = argument.is_on(&name)?,
            "wal" => options.wal = argument.is_on(&name)?,
            "timing" => timing = Some(argument.is_on(&name)?),
            "summary" => summary = Some(argument.is_on(&name)?),
            "format" => options.format = argument.format(&name, ident)?,
            _ => {
                let message = format!("unrecognized EXPLAIN option \"{name}\"");
                return Err(at(sql_error("42601", message), ident));
            }
        }
    }
    options.timing = timing.unwrap_or(options.analyze);
    options.summary = summary.unwrap_or(options.analyze);
    for (is_on, name) in [(options.wal, "WAL"), (options.timing, "TIMING")] {
        if is_on && !options.analyze {
            let message = format!("EXPLAIN option {name} requires ANALYZE");
            return Err(sql_error("22023", message));
        }
    }
    Ok(options)
}

/// What stands behind an option.
enum Argument {
    Nothing,
    /// A word or a string.
    Text(String),
    /// A number as it is written.
    Number(String),
}

impl Argument {
    /// Errors: `42601` for what can stand behind none.
    fn of(argument: Option<&Expr>) -> Result<Self> {
        let Some(argument) = argument else {
            return Ok(Self::Nothing);
        };
        let nothing_else = || {
            let text = argument.to_string();
            let near = text.split([' ', ')']).next().unwrap_or_default();
            let near = if near.starts_with('(') { "(" } else { near };
            let message = format!("syntax error at or near \"{near}\"");
            Err(sql_error("42601", message))
        };
        let number = |operand: &Expr| match operand {
            Expr::Value(value) => match &value.value {
                ast::Value::Number(digits, _) => Some(digits.clone()),
                _ => None,
            },
            _ => None,
        };
        match argument {
            Expr::Identifier(word) => Ok(Self::Text(fold(word)?)),
            Expr::UnaryOp { op, expr } => match (op, number(expr)) {
                (UnaryOperator::Plus, Some(digits)) => Ok(Self::Number(digits)),
                (UnaryOperator::Minus, Some(digits)) => Ok(Self::Number(format!("-{digits}"))),
                _ => nothing_else(),
            },
            Expr::Value(value) => match &value.value {
                ast::Value::Boolean(value) => Ok(Self::Text(value.to_string())),
                ast::Value::Number(digits, _) => Ok(Self::Number(digits.clone())),
                ast::Value::Null => nothing_else(),
                text => match text.clone().into_string() {
                    Some(text) => Ok(Self::Text(text)),
                    None => nothing_else(),
                },
            },
            _ => nothing_else(),
        }
    }

    /// Errors: `42601` for what is no Boolean.
    fn is_on(&self, name: &str) -> Result<bool> {
        let (text, number) = match self {
            Self::Nothing => return Ok(true),
            Self::Text(text) => (text.to_ascii_lowercase(), None),
            Self::Number(digits) => (String::new(), digits.parse::<i32>().ok()),
        };
        match (text.as_str(), number) {
            ("true" | "on", _) | (_, Some(1)) => Ok(true),
            ("false" | "off", _) | (_, Some(0)) => Ok(false),
            _ => {
                let message = format!("{name} requires a Boolean value");
                Err(sql_error("42601", message))
            }
        }
    }

    /// Errors: `42601` without one, `22023` for what is none, `0A000`.
    fn format(&self, name: &str, ident: &Ident) -> Result<ExplainFormat> {
        let value = match self {
            Self::Nothing => {
                let message = format!("{name} requires a parameter");
                return Err(sql_error("42601", message));
            }
            Self::Text(value) | Self::Number(value) => value,
        };
        match value.as_str() {
            "text" => Ok(ExplainFormat::Text),
            "json" => Ok(ExplainFormat::Json),
            "yaml" => Ok(ExplainFormat::Yaml),
            "xml" => Err(Error::unsupported("FORMAT XML in EXPLAIN")),
            _ => {
                let message =
                    format!("unrecognized value for EXPLAIN option \"{name}\": \"{value}\"");
                Err(at(sql_error("22023", message), ident))
            }
        }
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
