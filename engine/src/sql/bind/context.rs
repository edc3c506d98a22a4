//! What the binder knows while it walks a statement: levels, parameters, depth.

use super::names::sql_error;
use super::scope::{Scope, resolve};
use super::set_call::SetCall;
use super::window::Definition;
use super::with::{Cte, NoRecursion};
use crate::catalog::Schema;
use crate::error::{Error, Result};
use crate::sql::Reading;
use crate::sql::bound::{AggregateCall, Expr, ExprKind, FrameUnits, Window};
use crate::sql::parse::too_deep;
use crate::types::SqlType;
use sqlparser::ast::Ident;

/// How deep a bound expression may be; bounds the stack of everything that walks one.
pub(super) const DEPTH_MAX: usize = 200;

/// The highest parameter number, as in PostgreSQL's protocol.
const PARAMETERS_MAX: usize = 65_535;

/// Binds one statement.
pub(super) struct Binder<'a> {
    pub(super) schema: &'a Schema,
    /// How what the statement leaves open is read.
    pub(super) reading: Reading,
    /// Innermost last; each subquery in an expression is a level.
    pub(super) levels: Vec<Level>,
    /// The queries of WITH that can be referred to, innermost last.
    pub(super) ctes: Vec<Cte>,
    /// How many queries of WITH the statement has so far.
    pub(super) cte_ids: usize,
    /// Why the working table of a recursive query cannot be referred to here, if it cannot.
    pub(super) no_recursion: Option<NoRecursion>,
    parameters: Vec<Parameter>,
    depth: usize,
    /// Whether the tables of the FROM that is being bound give their row ids.
    pub(super) row_ids: bool,
    /// Whether those of the query that comes next do, for the query around it.
    pub(super) inner_row_ids: bool,
    /// Whether the WITH that comes next belongs to the statement itself, and may have changes.
    pub(super) at_top: bool,
    /// Whether tables about the schema are bound without their rows: those tell of views, and what they tell of a view must
    /// not ask for them again.
    pub(super) without_rows: bool,
}

/// A query whose expressions are being bound.
pub(super) struct Level {
    /// What its expressions see.
    pub(super) scope: Scope,
    /// Which part of the query is being bound.
    pub(super) clause: Clause,
    /// Inside an aggregate's arguments.
    pub(super) in_aggregate: bool,
    /// The aggregates met so far; see [`super::aggregate::AGGREGATE_BASE`].
    pub(super) aggregates: Vec<AggregateCall>,
    /// Whether GROUPING was called.
    pub(super) has_grouping_calls: bool,
    /// Inside a window function's arguments.
    pub(super) in_window: bool,
    /// The windows that WINDOW names.
    pub(super) named_windows: Vec<(String, Definition)>,
    /// The windows met so far, with the calls over them.
    pub(super) windows: Vec<Window>,
    /// The functions that give rows met so far; see [`super::set_call::SET_BASE`].
    pub(super) set_calls: Vec<SetCall>,
    /// How many calls of such there were, those of equal functions included.
    pub(super) set_calls_met: usize,
}

impl Level {
    pub(super) fn new(scope: Scope, clause: Clause) -> Self {
        Self {
            scope,
            clause,
            in_aggregate: false,
            aggregates: Vec::new(),
            has_grouping_calls: false,
            in_window: false,
            named_windows: Vec::new(),
            windows: Vec::new(),
            set_calls: Vec::new(),
            set_calls_met: 0,
        }
    }
}

/// The part of a statement in which an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Target,
    Where,
    Having,
    OrderBy,
    GroupBy,
    Join,
    Filter,
    Window,
    /// The distance of a frame's bound.
    Frame(FrameUnits),
    Limit,
    Offset,
    Values,
    /// The only row of VALUES of an INSERT.
    SingleValues,
    /// `COPY FROM … WHERE`
    CopyWhere,
    /// `ALTER COLUMN … TYPE … USING`
    Using,
    /// The arguments of a function in FROM.
    Function,
    Set,
    Returning,
    Default,
    Check,
    IndexExpression,
    IndexPredicate,
    Generated,
    MergeWhen,
}

impl Clause {
    /// Whether what stands here is kept in the catalog as text.
    pub(super) fn is_stored(self) -> bool {
        matches!(
            self,
            Self::Default
                | Self::Check
                | Self::IndexExpression
                | Self::IndexPredicate
                | Self::Generated
        )
    }

    /// Whether aggregates may stand here.
    pub(super) fn allows_aggregates(self) -> bool {
        matches!(
            self,
            Self::Target | Self::Having | Self::OrderBy | Self::Window
        )
    }

    /// The name of the part in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Target => "SELECT",
            Self::Where => "WHERE",
            Self::Having => "HAVING",
            Self::OrderBy => "ORDER BY",
            Self::GroupBy => "GROUP BY",
            Self::Join => "JOIN conditions",
            Self::Filter => "FILTER",
            Self::Window => "window definitions",
            Self::Frame(FrameUnits::Rows) => "window ROWS",
            Self::Frame(FrameUnits::Range) => "window RANGE",
            Self::Frame(FrameUnits::Groups) => "window GROUPS",
            Self::Limit => "LIMIT",
            Self::Offset => "OFFSET",
            Self::Values | Self::SingleValues => "VALUES",
            Self::CopyWhere => "COPY FROM WHERE conditions",
            Self::Using => "transform expressions",
            Self::Function => "functions in FROM",
            Self::Set => "UPDATE",
            Self::Returning => "RETURNING",
            Self::Default => "DEFAULT expressions",
            Self::Check => "check constraints",
            Self::IndexExpression => "index expressions",
            Self::IndexPredicate => "index predicates",
            Self::Generated => "column generation expressions",
            Self::MergeWhen => "MERGE WHEN conditions",
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Parameter {
    sql_type: Option<SqlType>,
    /// Uses whose context has not decided on a type.
    untyped_uses: usize,
}

impl<'a> Binder<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self {
            schema,
            reading: Reading::default(),
            levels: Vec::new(),
            ctes: Vec::new(),
            cte_ids: 0,
            no_recursion: None,
            parameters: Vec::new(),
            depth: 0,
            row_ids: false,
            inner_row_ids: false,
            at_top: false,
            without_rows: false,
        }
    }

    /// Gives `$1`, `$2`, … these types, where there is one.
    pub(super) fn declare(&mut self, types: &[Option<SqlType>]) {
        let parameters = types.iter().map(|sql_type| Parameter {
            sql_type: *sql_type,
            untyped_uses: 0,
        });
        self.parameters = parameters.collect();
    }

    /// A binder of a stored query at this place; how it is read has to be said.
    pub(super) fn beside(&self) -> Self {
        Self {
            depth: self.depth,
            cte_ids: self.cte_ids,
            without_rows: self.without_rows,
            ..Self::new(self.schema)
        }
    }

    /// How many subqueries of expressions are around this place.
    pub(super) fn subqueries(&self) -> usize {
        self.levels.len()
    }

    /// Whether a parameter was met.
    pub(super) fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// Runs `inner` one step deeper; `54001` beyond the limit.
    pub(super) fn deeper<T>(
        &mut self,
        steps: usize,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        if self.depth + steps > DEPTH_MAX {
            return Err(too_deep());
        }
        self.depth += steps;
        let result = inner(self);
        self.depth -= steps;
        result
    }

    /// Runs `inner` with a level for `scope` on top; gives the level back as well.
    pub(super) fn with_level<T>(
        &mut self,
        level: Level,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, Level)> {
        self.levels.push(level);
        let result = inner(self);
        let level = self.levels.pop();
        match (result, level) {
            (Ok(value), Some(level)) => Ok((value, level)),
            (Err(error), _) => Err(error),
            (Ok(_), None) => unreachable!("levels are pushed and popped in pairs"),
        }
    }

    /// Runs `inner` as part `clause` of the current level.
    pub(super) fn in_clause<T>(
        &mut self,
        clause: Clause,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = self.level().clause;
        self.level().clause = clause;
        let result = inner(self);
        self.level().clause = before;
        result
    }

    /// The current level.
    pub(super) fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels
                .push(Level::new(Scope::default(), Clause::Values));
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// The column that a name means here.
    pub(super) fn resolve(&self, idents: &[Ident]) -> Result<Expr> {
        resolve(self.levels.iter().map(|l| &l.scope), idents)
    }

    /// A use of `$n`.
    pub(super) fn parameter(&mut self, text: &str) -> Result<Expr> {
        let number: usize = text
            .strip_prefix('$')
            .and_then(|n| n.parse().ok())
            .filter(|n| (1..=PARAMETERS_MAX).contains(n))
            .ok_or_else(|| sql_error("42P02", format!("there is no parameter {text}")))?;
        if self.parameters.len() < number {
            self.parameters.resize(number, Parameter::default());
        }
        let index = number - 1;
        let known = self.parameters[index].sql_type;
        if known.is_none() {
            self.parameters[index].untyped_uses += 1;
        }
        Ok(Expr {
            kind: ExprKind::Parameter(index),
            sql_type: known.unwrap_or(SqlType::Unknown),
        })
    }

    /// Decides the type of a use of parameter `index` that had none. `42P08` when another use decided otherwise.
    pub(super) fn parameter_type(&mut self, index: usize, sql_type: SqlType) -> Result<SqlType> {
        let sql_type = sql_type.base();
        let parameter = &mut self.parameters[index];
        parameter.untyped_uses = parameter.untyped_uses.saturating_sub(1);
        match parameter.sql_type {
            None => parameter.sql_type = Some(sql_type),
            Some(known) if known == sql_type => {}
            Some(known) => {
                let message = format!(
                    "inconsistent types deduced for parameter ${}: {known} versus {sql_type}",
                    index + 1
                );
                return Err(sql_error("42P08", message));
            }
        }
        Ok(sql_type)
    }

    /// A second use of an expression.
    pub(super) fn duplicate(&mut self, expr: &Expr) -> Expr {
        if let (ExprKind::Parameter(index), SqlType::Unknown) = (&expr.kind, expr.sql_type) {
            self.parameters[*index].untyped_uses += 1;
        }
        expr.clone()
    }

    /// The types of all parameters. `42P18` for one that no context decided.
    pub(super) fn into_parameters(self) -> Result<Vec<SqlType>> {
        self.parameters
            .into_iter()
            .enumerate()
            .map(|(index, parameter)| match parameter {
                Parameter {
                    sql_type: Some(sql_type),
                    untyped_uses: 0,
                } => Ok(sql_type),
                _ => Err(undetermined(index)),
            })
            .collect()
    }
}

fn undetermined(index: usize) -> Error {
    sql_error(
        "42P18",
        format!("could not determine data type of parameter ${}", index + 1),
    )
}
