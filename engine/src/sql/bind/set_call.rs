//! Functions that give rows, in the SELECT list, ORDER BY or GROUP BY.
//!
//! ```text
//!   SELECT a, generate_series(1, unnest(b)) FROM t ORDER BY a
//!
//!     bound        Column(0), Column(SET_BASE + 1)         calls 0: unnest(Column(1)), 1: generate_series(1, SET_BASE + 0)
//!     becomes      SELECT 0, 4 FROM rows of call 1 for each of (… rows of call 0 for each of (SELECT a, b FROM t))
//! ```
//!
//! They are computed after everything but DISTINCT, ORDER BY and LIMIT: the query up to there becomes a source, its columns
//! what the SELECT list reads. Calls that are not nested in each other give their rows side by side. A key of GROUP BY is
//! computed before the groups are made.

use super::call::no_function;
use super::context::{Binder, Clause};
use super::names::sql_error;
use super::order::Target;
use super::query::select_all;
use super::scope::{Scope, column};
use super::table_function::FunctionColumns;
use crate::error::{Error, Result};
use crate::sql::bound::{
    Expr, ExprKind, From, OutputColumn, Query, SetRows, SetRowsCall, TableFunction, WINDOW_BASE,
};
use crate::sql::walk::{any_part, references_mut};
use crate::types::{SqlType, Value};

/// Until the query is taken apart, what call `i` gives is column `SET_BASE + i`.
pub(super) const SET_BASE: usize = WINDOW_BASE + (1 << 29);

/// A call, whose arguments refer to those before it.
#[derive(Clone)]
pub(super) struct SetCall {
    function: TableFunction,
    arguments: Vec<Expr>,
    sql_type: SqlType,
}

impl SetCall {
    /// Its arguments.
    pub(super) fn arguments_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.arguments.iter_mut()
    }
}

impl Binder<'_> {
    /// A call of the function `name`, which gives rows. `0A000` where none may stand.
    pub(super) fn bind_set_call(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        if name == "unnest" && arguments.len() > 1 {
            return Err(no_function(name, &arguments));
        }
        let typed = self.typed_table_function(name, arguments)?;
        let types: Vec<SqlType> = match typed.columns {
            FunctionColumns::Unnamed(types) => types,
            FunctionColumns::Named(columns) => columns.into_iter().map(|(_, t)| t).collect(),
        };
        let [sql_type] = types[..] else {
            return Err(Error::unsupported(format_args!(
                "the function {name}, which gives several columns, outside of FROM"
            )));
        };
        self.check_set_place()?;
        let call = SetCall {
            function: typed.function,
            arguments: typed.arguments,
            sql_type,
        };
        let level = self.level();
        level.set_calls_met += 1;
        let is_volatile = |e: &Expr| {
            any_part(
                e,
                &mut |part| matches!(part.kind, ExprKind::Call(f, _) if f.is_volatile()),
            )
        };
        let mut known = level.set_calls.iter();
        let known = known.position(|other| {
            (other.function, &other.arguments, other.sql_type)
                == (call.function, &call.arguments, call.sql_type)
        });
        let number = match known {
            Some(number) if !call.arguments.iter().any(is_volatile) => number,
            _ => {
                level.set_calls.push(call);
                level.set_calls.len() - 1
            }
        };
        Ok(column(SET_BASE + number, sql_type))
    }

    fn check_set_place(&mut self) -> Result<()> {
        let level = self.level();
        let refused = match level.clause {
            Clause::Target | Clause::OrderBy | Clause::GroupBy | Clause::SingleValues => None,
            Clause::Function => {
                Some("set-returning functions must appear at top level of FROM".to_owned())
            }
            Clause::Window => {
                return Err(Error::unsupported(
                    "a set-returning function in the definition of a window",
                ));
            }
            clause => Some(not_allowed(clause.name())),
        };
        let within = if level.in_aggregate {
            Some("aggregate function calls cannot contain set-returning function calls")
        } else if level.in_window {
            Some("window function calls cannot contain set-returning function calls")
        } else {
            None
        };
        match refused.or(within.map(str::to_owned)) {
            Some(message) => Err(sql_error("0A000", message)),
            None => Ok(()),
        }
    }

    /// Runs `inner`, in which no function may give rows. `0A000` naming `place` for one.
    pub(super) fn without_sets<T>(
        &mut self,
        place: &str,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = self.level().set_calls_met;
        let result = inner(self)?;
        if self.level().set_calls_met > before {
            return Err(sql_error("0A000", not_allowed(place)));
        }
        Ok(result)
    }
}

fn not_allowed(place: &str) -> String {
    format!("set-returning functions are not allowed in {place}")
}

/// The number of the call that `expr` is what comes out of.
fn call_number(expr: &Expr) -> Option<usize> {
    match expr.kind {
        ExprKind::Column(position) => position.checked_sub(SET_BASE),
        _ => None,
    }
}

/// Whether a call is used in `expr`.
fn uses_sets(expr: &Expr) -> bool {
    any_part(expr, &mut |part| call_number(part).is_some())
}

/// The numbers of the calls that are used in `expr`.
fn calls_of(expr: &Expr) -> Vec<usize> {
    let mut found = Vec::new();
    any_part(expr, &mut |part| {
        found.extend(call_number(part));
        false
    });
    found
}

/// Puts the columns at `places` where `exprs` refer to calls.
fn place_calls<'e>(
    exprs: impl IntoIterator<Item = &'e mut Expr>,
    places: &[(usize, usize)],
) -> Result<()> {
    for expr in exprs {
        references_mut(expr, 0, &mut |position, _| {
            let number = position.checked_sub(SET_BASE);
            if let Some((_, at)) = places.iter().find(|(known, _)| Some(*known) == number) {
                *position = *at;
            }
        })?;
    }
    Ok(())
}

/// `query`, whose projection refers to `calls`, as one over their rows.
pub(super) fn over_calls(mut query: Query, calls: Vec<SetCall>) -> Result<Query> {
    let mut calls: Vec<(usize, SetCall)> = calls.into_iter().enumerate().collect();
    if calls.is_empty() {
        return Ok(query);
    }
    let mut outer = Query {
        projection: std::mem::take(&mut query.projection),
        output: std::mem::take(&mut query.output),
        distinct: std::mem::take(&mut query.distinct),
        order_by: std::mem::take(&mut query.order_by),
        ..Query::default()
    };
    // The first calls read what the query itself does; what else is read of a row is carried along.
    let first = calls.clone();
    let mut carried: Vec<usize> = Vec::new();
    let arguments = calls.iter_mut().flat_map(|(_, call)| &mut call.arguments);
    for expr in outer.projection.iter_mut().chain(arguments) {
        references_mut(expr, 0, &mut |position, sql_type| {
            if *position >= SET_BASE {
                return;
            }
            let at = carried.iter().position(|known| known == position);
            let at = at.unwrap_or_else(|| {
                push(&mut query, column(*position, sql_type));
                carried.push(*position);
                carried.len() - 1
            });
            *position = at;
        })?;
    }
    let mut places: Vec<(usize, usize)> = Vec::new();
    while !calls.is_empty() {
        let is_ready = |(_, call): &(usize, SetCall)| !call.arguments.iter().any(uses_sets);
        let (mut ready, later): (Vec<_>, Vec<_>) = calls.into_iter().partition(is_ready);
        if places.is_empty() {
            for (number, call) in &mut ready {
                *call = first[*number].1.clone();
            }
        }
        if ready.is_empty() {
            return Err(Error::misuse("a call refers to those before it"));
        }
        let from = rows_of(query, ready, &mut places)?;
        calls = later;
        place_calls(
            calls.iter_mut().flat_map(|(_, call)| &mut call.arguments),
            &places,
        )?;
        if calls.is_empty() {
            outer.from = Some(From::SetRows(from));
            break;
        }
        let types = from.types.iter().enumerate();
        let targets = types.map(|(at, t)| Target::new(column(at, *t), String::new()));
        let targets = targets.collect();
        query = select_all(From::SetRows(from), targets);
    }
    place_calls(&mut outer.projection, &places)?;
    Ok(outer)
}

/// `calls` for each row of `query`; notes at which columns their results are.
fn rows_of(
    mut query: Query,
    calls: Vec<(usize, SetCall)>,
    places: &mut Vec<(usize, usize)>,
) -> Result<SetRows> {
    let mut given = Vec::new();
    for (number, call) in calls {
        let first = query.projection.len();
        let arguments = (first..first + call.arguments.len()).collect();
        for argument in call.arguments {
            push(&mut query, argument);
        }
        let (function, sql_type) = (call.function, call.sql_type);
        given.push((
            number,
            SetRowsCall {
                function,
                arguments,
                sql_type,
            },
        ));
    }
    let mut types: Vec<SqlType> = query.output.iter().map(|c| c.sql_type).collect();
    for (number, call) in &given {
        places.push((*number, types.len()));
        types.push(call.sql_type);
    }
    Ok(SetRows {
        query: Box::new(query),
        calls: given.into_iter().map(|(_, call)| call).collect(),
        types,
    })
}

/// Adds a column that has no name to those of `query`.
fn push(query: &mut Query, expr: Expr) {
    query.output.push(OutputColumn {
        name: String::new(),
        sql_type: expr.sql_type,
    });
    query.projection.push(expr);
}

/// Where keys of GROUP BY refer to `calls`, what those give becomes columns of FROM, behind the ones that it has; so do the
/// references to it in `keys`, in other calls and in `others`.
pub(super) fn below_groups<'e>(
    query: &mut Query,
    keys: &mut [Expr],
    calls: &mut [SetCall],
    scope: &Scope,
    others: impl IntoIterator<Item = &'e mut Expr>,
) -> Result<()> {
    let mut wanted: Vec<usize> = keys.iter().flat_map(calls_of).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut inner = Query {
        from: query.from.take(),
        filter: query.filter.take(),
        ..Query::default()
    };
    let mut columns: Vec<Option<SqlType>> = vec![None; scope.width];
    for own in scope.tables.iter().flat_map(|table| &table.columns) {
        columns[own.position] = Some(own.sql_type);
    }
    for (position, sql_type) in columns.into_iter().enumerate() {
        // A column without a name is a row id, which nothing refers to.
        let nothing = Expr {
            kind: ExprKind::Literal(Value::Null),
            sql_type: SqlType::Int8,
        };
        push(
            &mut inner,
            sql_type.map_or(nothing, |t| column(position, t)),
        );
    }
    let mut places = Vec::new();
    for number in &wanted {
        places.push((*number, inner.projection.len()));
        push(
            &mut inner,
            column(SET_BASE + number, calls[*number].sql_type),
        );
    }
    let mut read: Vec<&mut Expr> = inner.projection.iter_mut().collect();
    let needed = still_used(&mut read, calls.to_vec())?;
    let below = over_calls(inner, needed)?;
    query.from = Some(From::Subquery {
        query: Box::new(below),
        alias: "*SELECT*".to_owned(),
        row_ids: Vec::new(),
    });
    let arguments = calls.iter_mut().flat_map(|call| &mut call.arguments);
    place_calls(keys.iter_mut().chain(arguments), &places)?;
    place_calls(others, &places)
}

/// The calls to which `exprs` still refer, and those that they need, with `exprs` renumbered to them.
pub(super) fn still_used(exprs: &mut [&mut Expr], calls: Vec<SetCall>) -> Result<Vec<SetCall>> {
    let mut used: Vec<usize> = exprs.iter().flat_map(|e| calls_of(e)).collect();
    for (number, call) in calls.iter().enumerate().rev() {
        if used.contains(&number) {
            used.extend(call.arguments.iter().flat_map(calls_of));
        }
    }
    let mut places = Vec::new();
    let mut left = Vec::new();
    for (number, mut call) in calls.into_iter().enumerate() {
        if used.contains(&number) {
            place_calls(&mut call.arguments, &places)?;
            places.push((number, SET_BASE + left.len()));
            left.push(call);
        }
    }
    place_calls(exprs.iter_mut().map(|e| &mut **e), &places)?;
    Ok(left)
}
