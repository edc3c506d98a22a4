//! Calls of window functions: lifted out of their expressions, which then refer to their results, as aggregates are.

use super::call::{Call, no_function};
use super::coerce::{Context, can_cast, common_type};
use super::context::{Binder, Clause, Level};
use super::names::{at, fold, sql_error};
use super::order::direction;
use super::set_call::SET_BASE;
use crate::error::Result;
use crate::sql::bound::{
    Expr, ExprKind, Frame, WINDOW_BASE, Window, WindowCall, WindowFunction, WindowKey,
};
use crate::sql::walk::operands_mut;
use crate::types::SqlType;
use sqlparser::ast;

/// A window: that of `OVER (…)`, or one that WINDOW names.
#[derive(Clone)]
pub(super) struct Definition {
    partition_by: Vec<Expr>,
    order_by: Vec<WindowKey>,
    /// `None` when there is no frame clause.
    frame: Option<Frame>,
}

/// The window function of that (folded) name that is no aggregate.
pub(super) fn window_function(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "row_number" => WindowFunction::RowNumber,
        "rank" => WindowFunction::Rank,
        "dense_rank" => WindowFunction::DenseRank,
        "percent_rank" => WindowFunction::PercentRank,
        "cume_dist" => WindowFunction::CumeDist,
        "ntile" => WindowFunction::Ntile,
        "lag" => WindowFunction::Lag,
        "lead" => WindowFunction::Lead,
        "first_value" => WindowFunction::FirstValue,
        "last_value" => WindowFunction::LastValue,
        "nth_value" => WindowFunction::NthValue,
        _ => return None,
    })
}

impl Binder<'_> {
    /// Binds the windows that WINDOW names; they are there for every later expression of the level.
    pub(super) fn bind_named_windows(
        &mut self,
        named: &[ast::NamedWindowDefinition],
    ) -> Result<()> {
        for ast::NamedWindowDefinition(ident, definition) in named {
            let name = fold(ident)?;
            if self.level().named_windows.iter().any(|(n, _)| *n == name) {
                let message = format!("window \"{name}\" is already defined");
                return Err(at(sql_error("42P20", message), ident));
            }
            let ast::NamedWindowExpr::WindowSpec(spec) = definition else {
                return Err(sql_error(
                    "42601",
                    format!("syntax error: window \"{name}\" is defined without parentheses"),
                ));
            };
            let definition = self.bind_specification(spec)?;
            // Its expressions are checked like any others, also when no call refers to it.
            self.window_of(&definition);
            self.level().named_windows.push((name, definition));
        }
        Ok(())
    }

    /// `name(…) OVER …`. `42P20` where none may stand.
    pub(super) fn bind_window_call(
        &mut self,
        call: &Call<'_>,
        over: &ast::WindowType,
    ) -> Result<Expr> {
        self.check_window_place()?;
        if call.distinct {
            return Err(sql_error(
                "0A000",
                "DISTINCT is not implemented for window functions",
            ));
        }
        if super::aggregate::is_ordered_set(&call.name) {
            let message = format!(
                "OVER is not supported for ordered-set aggregate {}",
                call.name
            );
            return Err(sql_error("0A000", message));
        }
        if !call.order_by.is_empty() {
            return Err(sql_error(
                "0A000",
                "aggregate ORDER BY is not implemented for window functions",
            ));
        }
        let (arguments, filter) = self.bind_window_arguments(call)?;
        let (function, arguments, sql_type) = match window_function(&call.name) {
            Some(function) => {
                if filter.is_some() {
                    return Err(sql_error(
                        "0A000",
                        "FILTER is not implemented for non-aggregate window functions",
                    ));
                }
                let (arguments, sql_type) = self.typed_window(call, function, arguments)?;
                (function, arguments, sql_type)
            }
            None if super::aggregate::is_aggregate(&call.name) => {
                let (function, arguments, sql_type) = self.aggregate_function(call, arguments)?;
                (WindowFunction::Aggregate(function), arguments, sql_type)
            }
            None => {
                self.resolve_call(&call.name, arguments)?;
                let message = format!(
                    "OVER specified, but {} is not a window function nor an aggregate function",
                    call.name
                );
                return Err(sql_error("42809", message));
            }
        };
        let definition = match over {
            ast::WindowType::NamedWindow(ident) => self.named_window(ident)?,
            ast::WindowType::WindowSpec(spec) => self.bind_specification(spec)?,
        };
        let call = WindowCall {
            function,
            arguments,
            filter,
            frame: definition.frame.clone().unwrap_or_default(),
            column: WINDOW_BASE,
            sql_type,
        };
        Ok(Expr {
            kind: ExprKind::Column(self.lift_window(&definition, call)),
            sql_type,
        })
    }

    fn check_window_place(&mut self) -> Result<()> {
        let level = self.level();
        if level.in_aggregate {
            let message = "aggregate function calls cannot contain window function calls";
            return Err(sql_error("42803", message));
        }
        if level.in_window {
            let message = "window function calls cannot be nested";
            return Err(sql_error("42P20", message));
        }
        match level.clause {
            Clause::Target | Clause::OrderBy => Ok(()),
            clause => {
                let place = match clause {
                    Clause::Frame(_) => "window definitions",
                    _ => clause.name(),
                };
                let message = format!("window functions are not allowed in {place}");
                Err(sql_error("42P20", message))
            }
        }
    }

    fn bind_window_arguments(&mut self, call: &Call<'_>) -> Result<(Vec<Expr>, Option<Expr>)> {
        self.level().in_window = true;
        let arguments = call
            .arguments
            .iter()
            .map(|a| self.bind_expr(a))
            .collect::<Result<Vec<_>>>();
        self.level().in_window = false;
        let filter = call
            .filter
            .map(|f| self.in_clause(Clause::Filter, |binder| binder.bind_condition(f, "FILTER")))
            .transpose()?;
        Ok((arguments?, filter))
    }

    /// The arguments of a call, cast, and the type of its result. `42883` when they do not fit.
    pub(super) fn typed_window(
        &mut self,
        call: &Call<'_>,
        function: WindowFunction,
        mut arguments: Vec<Expr>,
    ) -> Result<(Vec<Expr>, SqlType)> {
        use WindowFunction as F;
        let missing = no_function(&call.name, &arguments);
        let fits = match function {
            F::RowNumber | F::Rank | F::DenseRank | F::PercentRank | F::CumeDist => {
                arguments.is_empty()
            }
            F::Ntile | F::FirstValue | F::LastValue => arguments.len() == 1,
            F::Lag | F::Lead => (1..=3).contains(&arguments.len()),
            F::NthValue => arguments.len() == 2,
            F::Aggregate(_) => true,
        };
        if !fits {
            return Err(missing);
        }
        if let [value, _, default] = arguments.as_slice() {
            let Some(common) = common_type([value.sql_type, default.sql_type]) else {
                return Err(missing);
            };
            for i in [0, 2] {
                arguments[i] = self.cast(arguments[i].clone(), common, Context::Implicit)?;
            }
        }
        let number = if function == F::Ntile { 0 } else { 1 };
        if let Some(argument) = arguments.get(number).cloned() {
            arguments[number] = self.implicit(argument, SqlType::Int4, || missing)?;
        }
        let sql_type = match function {
            F::RowNumber | F::Rank | F::DenseRank => SqlType::Int8,
            F::PercentRank | F::CumeDist => SqlType::Float8,
            F::Ntile => SqlType::Int4,
            _ => match arguments[0].sql_type {
                SqlType::Unknown => {
                    let message =
                        "could not determine polymorphic type because input has type unknown";
                    return Err(sql_error("42804", message));
                }
                known => known.base(),
            },
        };
        Ok((arguments, sql_type))
    }

    fn named_window(&mut self, ident: &ast::Ident) -> Result<Definition> {
        let name = fold(ident)?;
        let named = &self.level().named_windows;
        match named.iter().find(|(known, _)| *known == name) {
            Some((_, definition)) => Ok(definition.clone()),
            None => {
                let message = format!("window \"{name}\" does not exist");
                Err(at(sql_error("42704", message), ident))
            }
        }
    }

    /// What stands in the parentheses of OVER, or of WINDOW.
    fn bind_specification(&mut self, spec: &ast::WindowSpec) -> Result<Definition> {
        let ast::WindowSpec {
            window_name,
            partition_by,
            order_by,
            window_frame,
        } = spec;
        let base = match window_name {
            Some(ident) => {
                let base = self.named_window(ident)?;
                let error = |message: String| Err(at(sql_error("42P20", message), ident));
                let name = fold(ident)?;
                if !partition_by.is_empty() {
                    return error(format!(
                        "cannot override PARTITION BY clause of window \"{name}\""
                    ));
                }
                if !order_by.is_empty() && !base.order_by.is_empty() {
                    return error(format!(
                        "cannot override ORDER BY clause of window \"{name}\""
                    ));
                }
                if base.frame.is_some() {
                    return error(format!(
                        "cannot copy window \"{name}\" because it has a frame clause"
                    ));
                }
                Some(base)
            }
            None => None,
        };
        let (mut partition, mut order) = self.in_clause(Clause::Window, |binder| {
            binder.bind_window_keys(partition_by, order_by)
        })?;
        if let Some(base) = base {
            partition = base.partition_by;
            if order.is_empty() {
                order = base.order_by;
            }
        }
        let frame = match window_frame {
            Some(frame) => Some(self.bind_frame(frame, &order)?),
            None => None,
        };
        Ok(Definition {
            partition_by: partition,
            order_by: order,
            frame,
        })
    }

    fn bind_window_keys(
        &mut self,
        partition_by: &[ast::Expr],
        order_by: &[ast::OrderByExpr],
    ) -> Result<(Vec<Expr>, Vec<WindowKey>)> {
        let mut partition = Vec::new();
        for term in partition_by {
            let key = self.bind_expr(term)?;
            partition.push(self.resolve_unknown(key)?);
        }
        let mut order = Vec::new();
        for term in order_by {
            let (descending, nulls_first) = direction(term)?;
            let key = self.bind_expr(&term.expr)?;
            order.push(WindowKey {
                expr: self.resolve_unknown(key)?,
                descending,
                nulls_first,
            });
        }
        Ok((partition, order))
    }

    /// The window of that PARTITION BY and ORDER BY on this level.
    fn window_of(&mut self, definition: &Definition) -> &mut Window {
        let windows = &mut self.level().windows;
        let known = windows.iter().position(|w| {
            w.partition_by == definition.partition_by && w.order_by == definition.order_by
        });
        let known = known.unwrap_or_else(|| {
            windows.push(Window {
                partition_by: definition.partition_by.clone(),
                order_by: definition.order_by.clone(),
                calls: Vec::new(),
            });
            windows.len() - 1
        });
        &mut windows[known]
    }

    /// The column of the call's result; equal calls are computed once.
    fn lift_window(&mut self, definition: &Definition, mut call: WindowCall) -> usize {
        let calls: usize = self.level().windows.iter().map(|w| w.calls.len()).sum();
        let window = self.window_of(definition);
        let known = window.calls.iter().find(|known| {
            call.column = known.column;
            **known == call
        });
        if let Some(known) = known {
            return known.column;
        }
        call.column = WINDOW_BASE + calls;
        let column = call.column;
        window.calls.push(call);
        column
    }
}

impl Level {
    /// Whether a window function was called.
    pub(super) fn has_window_calls(&self) -> bool {
        self.windows.iter().any(|w| !w.calls.is_empty())
    }
}

/// Whether a window function's result is used in `expr`.
pub(super) fn uses_windows(expr: &Expr) -> bool {
    fn look(expr: &mut Expr, found: &mut bool) -> Result<()> {
        *found |= matches!(
            expr.kind,
            ExprKind::Column(position) if (WINDOW_BASE..SET_BASE).contains(&position)
        );
        operands_mut(expr, &mut |operand| look(operand, found))
    }
    let mut found = false;
    // The visit itself cannot fail.
    look(&mut expr.clone(), &mut found).is_ok() && found
}

/// Whether a distance of a frame of type `from` fits a key of type `key`: then the type that it becomes.
pub(super) fn distance_type(key: SqlType, from: SqlType) -> Option<SqlType> {
    let to = match key.base() {
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => SqlType::Int8,
        SqlType::Float4 | SqlType::Float8 => SqlType::Float8,
        SqlType::Numeric(_) => SqlType::Numeric(None),
        SqlType::Date | SqlType::Timestamp(_) | SqlType::TimestampTz(_) | SqlType::Interval(_) => {
            SqlType::Interval(None)
        }
        _ => return None,
    };
    can_cast(from, to, Context::Implicit).then_some(to)
}
