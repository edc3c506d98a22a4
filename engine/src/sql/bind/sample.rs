//! `TABLESAMPLE`.
//!
//! ```text
//!   FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (7)      a derived table of t's columns
//!                                                         WHERE sampled(row id, 10, 7)
//! ```
//!
//! Whether a row belongs to a sample depends on its row id, the percentage and the seed alone: a sample that is repeated
//! over the same rows is the same. SYSTEM takes or leaves 100 neighbouring row ids together, where PostgreSQL takes pages.
//! Without a seed each statement draws one.

use super::coerce::{Context, can_cast};
use super::context::{Binder, Clause, Level};
use super::from::{rename, table_factor};
use super::names::{at, fold, sql_error};
use super::operator::boolean;
use super::order::Target;
use super::query::select_all;
use super::scope::{Scope, column};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind, From, OutputColumn, Query};
use crate::sql::function::ScalarFunction;
use crate::types::SqlType;
use sqlparser::ast;

impl Binder<'_> {
    /// A table, of which `sample` is taken.
    pub(super) fn bind_sampled(
        &mut self,
        factor: &ast::TableFactor,
        sample: &ast::TableSample,
    ) -> Result<(From, Scope)> {
        let (name, alias) = table_factor(factor)?;
        let (folded, ident) = self.relation(name)?;
        if self.schema.table(&folded).is_none() && self.schema.view(&folded).is_some() {
            let message = "TABLESAMPLE clause can only be applied to tables and materialized views";
            return Err(at(sql_error("0A000", message), ident));
        }
        let table = self.table(name)?;
        let known_as = match alias {
            Some(alias) => fold(&alias.name)?,
            None => folded.to_string(),
        };
        let (method, percent, seed) = parts_of(sample)?;
        let percent = self.sample_argument(percent, SqlType::Float4)?;
        let seed = match seed {
            Some(seed) => self.sample_argument(&ast::Expr::Value(seed.clone()), SqlType::Float8)?,
            None => drawn(),
        };
        let width = table.columns.len();
        let arguments = vec![column(width, SqlType::Int8), percent, seed];
        let own = table.columns.iter().enumerate();
        let targets = own.map(|(i, c)| Target::new(column(i, c.sql_type), c.name.clone()));
        let targets = targets.collect();
        let from = From::Table {
            table: table.clone(),
            alias: known_as.clone(),
            row_id: true,
        };
        let mut query = select_all(from, targets);
        query.filter = Some(boolean(ExprKind::Call(method, arguments)));
        let mut scope = Scope::of_table(&known_as, &table);
        rename(&mut scope, alias)?;
        let row_ids = self.give_row_ids(&mut query, &mut scope);
        let source = From::Subquery {
            query: Box::new(query),
            alias: known_as,
            row_ids,
        };
        Ok((source, scope))
    }

    /// A percentage or a seed, in which no column may stand. Errors: `42804` when it is no number.
    fn sample_argument(&mut self, written: &ast::Expr, to: SqlType) -> Result<Expr> {
        let level = Level::new(Scope::default(), Clause::Function);
        let (bound, _) = self.with_level(level, |binder| binder.bind_expr(written))?;
        if !can_cast(bound.sql_type, to, Context::Assignment) {
            let message = format!(
                "argument of TABLESAMPLE must be type {}, not type {}",
                to.base_name(),
                bound.sql_type.base_name()
            );
            return Err(sql_error("42804", message));
        }
        self.cast(bound, to, Context::Assignment)
    }
}

/// A seed that each statement draws once.
fn drawn() -> Expr {
    let random = Expr {
        kind: ExprKind::Call(ScalarFunction::Random, Vec::new()),
        sql_type: SqlType::Float8,
    };
    let query = Query {
        projection: vec![random],
        output: vec![OutputColumn {
            name: String::new(),
            sql_type: SqlType::Float8,
        }],
        ..Query::default()
    };
    Expr {
        kind: ExprKind::ScalarSubquery(Box::new(query)),
        sql_type: SqlType::Float8,
    }
}

type Parts<'a> = (
    ScalarFunction,
    &'a ast::Expr,
    Option<&'a ast::ValueWithSpan>,
);

fn parts_of(sample: &ast::TableSample) -> Result<Parts<'_>> {
    let ast::TableSample {
        modifier: ast::TableSampleModifier::TableSample,
        name,
        quantity:
            Some(ast::TableSampleQuantity {
                parenthesized: true,
                value,
                unit: None,
            }),
        seed,
        bucket: None,
        offset: None,
    } = sample
    else {
        return Err(Error::unsupported("this form of TABLESAMPLE"));
    };
    let method = match name {
        Some(ast::TableSampleMethod::Bernoulli) => ScalarFunction::SampledRow,
        Some(ast::TableSampleMethod::System) => ScalarFunction::SampledBlock,
        Some(other) => {
            let other = other.to_string().to_lowercase();
            let message = format!("tablesample method {other} does not exist");
            return Err(sql_error("42704", message));
        }
        None => return Err(sql_error("42601", "syntax error at or near \"(\"")),
    };
    let seed = match seed {
        Some(ast::TableSampleSeed {
            modifier: ast::TableSampleSeedModifier::Repeatable,
            value,
        }) => Some(value),
        Some(_) => return Err(Error::unsupported("SEED of TABLESAMPLE")),
        None => None,
    };
    Ok((method, value, seed))
}
