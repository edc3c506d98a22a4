//! Sources that see the sources to their left: `LATERAL (…)`, and functions in FROM, which always may.
//!
//! ```text
//!   level of the sources to the left     x = 0, y = 1      FROM t (x, y), LATERAL (SELECT … WHERE z = y)
//!     level of the query                 z = 0                                              ▲       ▲
//!                                                                                    Column(0)  OuterColumn(1 up, 1)
//! ```
//!
//! So it is bound as a subquery of an expression is that stands over those sources. One that does not look left is made
//! a derived table again, on the level of the query around it.

use super::context::{Binder, Clause, Level};
use super::from::rename;
use super::names::{fold, parts};
use super::order::Target;
use super::query::select_all;
use super::scope::{Scope, column};
use super::table_function::{FunctionColumns, TypedFunction};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind, From, Function, Lateral, Query};
use crate::sql::walk::{expressions_mut, operands_mut, subquery_mut};
use crate::types::SqlType;
use sqlparser::ast;

/// Whether a source may look at those to its left.
pub(super) fn is_lateral(factor: &ast::TableFactor) -> bool {
    match factor {
        ast::TableFactor::Table { args, .. } => args.is_some(),
        ast::TableFactor::Derived { lateral, .. } => *lateral,
        ast::TableFactor::Function { .. } | ast::TableFactor::UNNEST { .. } => true,
        _ => false,
    }
}

/// A call of a function in FROM.
struct Call<'a> {
    name: String,
    arguments: Vec<&'a ast::Expr>,
    ordinality: bool,
    alias: Option<&'a ast::TableAlias>,
}

impl Binder<'_> {
    /// One source, which sees `beside` if it is lateral.
    pub(super) fn bind_beside(
        &mut self,
        factor: &ast::TableFactor,
        beside: Scope,
    ) -> Result<(From, Scope)> {
        if !is_lateral(factor) {
            return self.bind_source(factor);
        }
        match factor {
            ast::TableFactor::Derived { .. } => {
                let (query, name, scope) = self.bind_derived(factor, Some(beside))?;
                Ok((source(query, name)?, scope))
            }
            _ => self.bind_table_function(&call_of(factor)?, beside),
        }
    }

    fn bind_table_function(&mut self, call: &Call<'_>, beside: Scope) -> Result<(From, Scope)> {
        let name = call.name.clone();
        let level = Level::new(beside, Clause::Join);
        let (arguments, _) = self.with_level(level, |binder| {
            let own = Level::new(Scope::default(), Clause::Function);
            let bound = binder.with_level(own, |b| {
                call.arguments
                    .iter()
                    .map(|e| b.bind_expr(e))
                    .collect::<Result<Vec<_>>>()
            })?;
            Ok(bound.0)
        })?;
        let TypedFunction {
            function,
            arguments,
            columns,
        } = self.typed_table_function(&name, arguments)?;
        let known_as = match call.alias {
            Some(alias) => fold(&alias.name)?,
            None => name.clone(),
        };
        let mut columns: Vec<(String, SqlType)> = match columns {
            FunctionColumns::Unnamed(types) => match types.as_slice() {
                // The only column has the name of the source.
                [only] => vec![(known_as.clone(), *only)],
                _ => types.into_iter().map(|t| (name.clone(), t)).collect(),
            },
            FunctionColumns::Named(columns) => columns
                .into_iter()
                .map(|(n, t)| (n.to_string(), t))
                .collect(),
        };
        if call.ordinality {
            columns.push(("ordinality".to_string(), SqlType::Int8));
        }
        let mut scope = Scope::of_columns(&known_as, columns.clone());
        scope.tables[0].is_single = columns.len() == 1;
        rename(&mut scope, call.alias)?;
        let targets = columns
            .iter()
            .enumerate()
            .map(|(i, (name, sql_type))| Target::new(column(i, *sql_type), name.clone()))
            .collect();
        let from = From::Function(Function {
            function,
            arguments,
            ordinality: call.ordinality,
            alias: known_as.clone(),
            types: columns.iter().map(|(_, sql_type)| *sql_type).collect(),
        });
        let from = match source(select_all(from, targets), known_as)? {
            From::Subquery { query, .. } => match query.from {
                Some(from) => from,
                None => return Err(Error::misuse("a function in FROM is a source")),
            },
            lateral => lateral,
        };
        Ok((from, scope))
    }
}

fn call_of(factor: &ast::TableFactor) -> Result<Call<'_>> {
    match factor {
        ast::TableFactor::Table {
            name,
            alias,
            args:
                Some(ast::TableFunctionArgs {
                    args,
                    settings: None,
                }),
            with_hints,
            version: None,
            with_ordinality,
            partitions,
            json_path: None,
            sample: None,
            index_directives,
            inheritance: None,
        } if with_hints.is_empty() && partitions.is_empty() && index_directives.is_empty() => {
            Ok(Call {
                name: name_of(name)?,
                arguments: arguments_of(args)?,
                ordinality: *with_ordinality,
                alias: alias.as_ref(),
            })
        }
        ast::TableFactor::Function {
            lateral: _,
            name,
            args,
            with_ordinality,
            alias,
        } => Ok(Call {
            name: name_of(name)?,
            arguments: arguments_of(args)?,
            ordinality: *with_ordinality,
            alias: alias.as_ref(),
        }),
        ast::TableFactor::UNNEST {
            alias,
            array_exprs,
            with_offset: false,
            with_offset_alias: None,
            with_ordinality,
        } => Ok(Call {
            name: "unnest".to_string(),
            arguments: array_exprs.iter().collect(),
            ordinality: *with_ordinality,
            alias: alias.as_ref(),
        }),
        _ => Err(Error::unsupported("an option of a function in FROM")),
    }
}

fn name_of(name: &ast::ObjectName) -> Result<String> {
    match parts(name)?.as_slice() {
        [ident] => fold(ident),
        [schema, ident] if fold(schema)? == "pg_catalog" => fold(ident),
        _ => Err(Error::unsupported(format_args!("the function {name}"))),
    }
}

fn arguments_of(written: &[ast::FunctionArg]) -> Result<Vec<&ast::Expr>> {
    let arguments = written.iter().map(|argument| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Ok(expr),
        _ => Err(Error::unsupported("this form of an argument in FROM")),
    });
    arguments.collect()
}

/// `query`, which was bound over the sources to its left, as a source.
fn source(mut query: Query, alias: String) -> Result<From> {
    let mut looks_left = false;
    over_query(&mut query, 0, &mut |depth, up| {
        looks_left |= *up == depth + 1;
    })?;
    if looks_left {
        return Ok(From::Lateral(Lateral {
            types: query.output.iter().map(|c| c.sql_type).collect(),
            rows: Expr {
                kind: ExprKind::Rows(Box::new(query)),
                sql_type: SqlType::Unknown,
            },
            alias,
        }));
    }
    over_query(&mut query, 0, &mut |depth, up| {
        if *up > depth {
            *up -= 1;
        }
    })?;
    Ok(From::Subquery {
        query: Box::new(query),
        alias,
        row_ids: Vec::new(),
    })
}

/// Calls `visit` for each reference to a row outside with how many subqueries it stands in, and how many it goes up.
fn over_query(
    query: &mut Query,
    depth: usize,
    visit: &mut dyn FnMut(usize, &mut usize),
) -> Result<()> {
    expressions_mut(query, &mut |expr| over_expr(expr, depth, visit))
}

fn over_expr(
    expr: &mut Expr,
    depth: usize,
    visit: &mut dyn FnMut(usize, &mut usize),
) -> Result<()> {
    if let ExprKind::OuterColumn { depth: up, .. } = &mut expr.kind {
        visit(depth, up);
    }
    operands_mut(expr, &mut |operand| over_expr(operand, depth, visit))?;
    match subquery_mut(expr) {
        Some(query) => over_query(query, depth + 1, visit),
        None => Ok(()),
    }
}
