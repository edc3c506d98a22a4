//! Access paths: the ways to read a table under a set of conditions, and what each costs.
//!
//! A condition that compares a column with something that is known before the table is opened can become part of the
//! path: an equality, a range, or a list of values. Known means constant, or, at the inner side of an index join, an
//! expression over the outer row.

use crate::catalog::{EXPRESSION_BASE, Index, Table};
use crate::plan::block::{Block, is_unique};
use crate::plan::coerce::{is_key, key_column};
use crate::plan::cost;
use crate::plan::expr::{columns_of, map_columns, split_conjuncts};
use crate::plan::imply::implies;
use crate::plan::physical::{Access, Cost, IndexAccess, RangeEnd, is_array};
use crate::plan::selectivity::{self, ELEMENTS, mirrored};
use crate::planted::{Mistake, makes};
use crate::sql::ComputedKey;
use crate::sql::bound::{CompareOp, Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::types::Value;

/// Most keys that one path looks up for lists of values.
const KEYS_MAX: usize = 1000;

/// A table with its place among the columns of the query.
pub(crate) struct Candidate<'a> {
    /// The table.
    pub(crate) table: &'a Table,
    /// Number of its first column.
    pub(crate) offset: usize,
    /// All columns of the query.
    pub(crate) block: &'a Block,
}

/// One way to read a table.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// What is visited; the expressions in it are over the columns of the query.
    pub(crate) access: Access,
    /// Which of the conditions (by position) the access fulfils by itself.
    pub(crate) used: Vec<usize>,
    /// Rows that come out, all conditions applied.
    pub(crate) rows: f64,
    /// Cost of one execution.
    pub(crate) cost: Cost,
    /// The order of the rows: table columns and whether each descends.
    pub(crate) order: Vec<(usize, bool)>,
    /// Table columns that have one value in all rows.
    pub(crate) constant: Vec<usize>,
}

/// A condition that can be part of an access path.
struct Sargable<'a> {
    condition: usize,
    column: usize,
    op: CompareOp,
    /// What the column is compared with: one value, for `=` one of several, or one array for each of its elements.
    values: Vec<&'a Expr>,
}

impl Sargable<'_> {
    /// How many keys there may be, as far as it is known now.
    fn keys_max(&self) -> usize {
        match self.values.as_slice() {
            [array] if is_array(array) => elements(array).unwrap_or(KEYS_MAX),
            values => values.len(),
        }
    }

    /// How many keys there are thought to be.
    fn keys(&self) -> usize {
        match self.values.as_slice() {
            [array] if is_array(array) => elements(array).unwrap_or(ELEMENTS),
            values => values.len(),
        }
    }

    /// Whether there is one key for sure.
    fn is_single(&self) -> bool {
        matches!(self.values.as_slice(), [one] if !is_array(one))
    }
}

/// How many elements a constant array has.
fn elements(array: &Expr) -> Option<usize> {
    match &array.kind {
        ExprKind::Literal(Value::Array(array)) => Some(array.values().len()),
        ExprKind::Literal(_) => Some(0),
        _ => None,
    }
}

/// All reasonable paths to `candidate` under `conditions`; the first is the full scan. `known` says which columns of
/// the query are known before the table is opened.
pub(crate) fn paths(
    candidate: &Candidate<'_>,
    conditions: &[Expr],
    known: &dyn Fn(usize) -> bool,
) -> Vec<Path> {
    let own = |e: &Expr| {
        key_column(e)
            .and_then(|c| c.checked_sub(candidate.offset))
            .filter(|c| *c < candidate.table.columns.len())
    };
    let sargables = sargables(conditions, &own, known);
    let table_rows = cost::table_rows(candidate.table);
    let rows = (table_rows * selectivity::all(conditions, candidate.block)).max(1e-3);
    let mut paths = vec![full_scan(candidate, conditions.len(), rows)];
    if let Some(row_id) = candidate.table.row_id_column {
        paths.extend(row_id_path(candidate, row_id, &sargables, conditions, rows));
    }
    let keys = candidate.block.index_keys(candidate.table);
    for (position, index) in candidate.table.indexes.iter().enumerate() {
        let search = Search {
            candidate,
            position,
            index,
            conditions,
            rows,
        };
        match keys.and_then(|keys| keys.get(position)) {
            None => paths.push(search.path(&sargables, Vec::new())),
            Some(computed) => paths.extend(search.computed_path(computed, &own, known)),
        }
    }
    paths
}

/// The cheapest of `paths`.
pub(crate) fn cheapest(paths: Vec<Path>) -> Option<Path> {
    paths
        .into_iter()
        .min_by(|a, b| a.cost.total.total_cmp(&b.cost.total))
}

/// Those of `conditions` that can be part of a path, where `own` tells the column of a key that an expression is.
fn sargables<'a>(
    conditions: &'a [Expr],
    own: &dyn Fn(&Expr) -> Option<usize>,
    known: &dyn Fn(usize) -> bool,
) -> Vec<Sargable<'a>> {
    let all = conditions.iter().enumerate();
    all.filter_map(|(i, e)| sargable(i, e, own, known))
        .collect()
}

fn sargable<'a>(
    condition: usize,
    expr: &'a Expr,
    own: &dyn Fn(&Expr) -> Option<usize>,
    known: &dyn Fn(usize) -> bool,
) -> Option<Sargable<'a>> {
    let fixed = |e: &Expr| columns_of(e).into_iter().all(known);
    match &expr.kind {
        ExprKind::Compare(op, left, right) if *op != CompareOp::Ne => {
            let (column, op, value) = match (own(left), own(right)) {
                (Some(column), _) if fixed(right) => (column, *op, right),
                (_, Some(column)) if fixed(left) => (column, mirrored(*op), left),
                _ => return None,
            };
            Some(Sargable {
                condition,
                column,
                op,
                values: vec![value],
            })
        }
        ExprKind::InList {
            input,
            list,
            negated: false,
        } if list.len() <= KEYS_MAX && list.iter().all(fixed) => Some(Sargable {
            condition,
            column: own(input)?,
            op: CompareOp::Eq,
            values: list.iter().collect(),
        }),
        ExprKind::Call(ScalarFunction::AnyElement(CompareOp::Eq), arguments) => {
            let [input, array] = arguments.as_slice() else {
                return None;
            };
            let usable = fixed(array) && elements(array).is_none_or(|n| n <= KEYS_MAX);
            Some(Sargable {
                condition,
                column: own(input).filter(|_| usable)?,
                op: CompareOp::Eq,
                values: vec![array],
            })
        }
        _ => None,
    }
}

fn full_scan(candidate: &Candidate<'_>, conditions: usize, rows: f64) -> Path {
    let table_rows = cost::table_rows(candidate.table);
    Path {
        access: Access::Full,
        used: Vec::new(),
        rows,
        cost: Cost {
            startup: 0.0,
            total: cost::table_pages(candidate.table)
                + table_rows * cost::ROW
                + cost::predicates(table_rows, conditions, 0),
        },
        order: row_id_order(candidate.table),
        constant: Vec::new(),
    }
}

fn row_id_order(table: &Table) -> Vec<(usize, bool)> {
    table
        .row_id_column
        .map(|c| (c, false))
        .into_iter()
        .collect()
}

fn row_id_path(
    candidate: &Candidate<'_>,
    row_id: usize,
    sargables: &[Sargable<'_>],
    conditions: &[Expr],
    rows: f64,
) -> Option<Path> {
    let table_rows = cost::table_rows(candidate.table);
    let on_id: Vec<&Sargable<'_>> = sargables.iter().filter(|s| s.column == row_id).collect();
    let points = on_id
        .iter()
        .filter(|s| s.op == CompareOp::Eq)
        .min_by_key(|s| s.keys());
    if let Some(points) = points {
        let lookups = points.keys() as f64;
        return Some(Path {
            access: Access::RowIds(points.values.iter().map(|e| (*e).clone()).collect()),
            used: vec![points.condition],
            rows: rows.min(lookups),
            cost: Cost {
                startup: 0.0,
                total: lookups * (cost::DESCENT + cost::ROW)
                    + cost::predicates(lookups, conditions.len() - 1, 0),
            },
            order: row_id_order(candidate.table),
            constant: if points.is_single() {
                vec![row_id]
            } else {
                Vec::new()
            },
        });
    }
    let (low, high, used) = range_of(&on_id);
    if used.is_empty() {
        return None;
    }
    let fraction = selectivity::all(used.iter().map(|i| &conditions[*i]), candidate.block);
    let visited = (table_rows * fraction).max(1.0);
    Some(Path {
        access: Access::RowIdRange { low, high },
        rows: rows.min(visited),
        cost: Cost {
            startup: cost::DESCENT,
            total: cost::DESCENT
                + cost::table_pages(candidate.table) * fraction
                + visited * cost::ROW
                + cost::predicates(visited, conditions.len() - used.len(), 0),
        },
        used,
        order: row_id_order(candidate.table),
        constant: Vec::new(),
    })
}

/// The ends of the range that the inequalities among `on_column` describe, and their conditions. A second condition on
/// the same end stays a filter.
fn range_of(on_column: &[&Sargable<'_>]) -> (Option<RangeEnd>, Option<RangeEnd>, Vec<usize>) {
    let (mut low, mut high, mut used) = (None, None, Vec::new());
    for sargable in on_column {
        let (end, inclusive) = match sargable.op {
            CompareOp::Gt => (&mut low, false),
            CompareOp::Ge => (&mut low, !makes(Mistake::RangeLowExclusive)),
            CompareOp::Lt => (&mut high, false),
            CompareOp::Le => (&mut high, true),
            CompareOp::Eq | CompareOp::Ne => continue,
        };
        if end.is_none() {
            *end = Some(RangeEnd {
                value: sargable.values[0].clone(),
                inclusive,
            });
            used.push(sargable.condition);
        } else if makes(Mistake::SecondBoundDropped) {
            used.push(sargable.condition);
        }
    }
    (low, high, used)
}

/// The search for a path by one index.
struct Search<'a> {
    candidate: &'a Candidate<'a>,
    /// Of the index among those of the table.
    position: usize,
    index: &'a Index,
    conditions: &'a [Expr],
    /// Rows for which all conditions hold.
    rows: f64,
}

impl Search<'_> {
    /// The path by an index with parts that are computed; `None` where rows may be asked for that it lacks.
    fn computed_path(
        &self,
        computed: &ComputedKey,
        own: &dyn Fn(&Expr) -> Option<usize>,
        known: &dyn Fn(usize) -> bool,
    ) -> Option<Path> {
        let shifted = |expr: &Expr| {
            let mut expr = expr.clone();
            map_columns(&mut expr, &|column| column + self.candidate.offset);
            expr
        };
        let mut predicate = Vec::new();
        if let Some(condition) = &computed.predicate {
            split_conjuncts(shifted(condition), &mut predicate);
        }
        let implied = predicate.iter().all(|p| implies(self.conditions, p));
        if !implied && !makes(Mistake::PartialIndexForAll) {
            return None;
        }
        let expressions: Vec<Expr> = computed.expressions.iter().map(shifted).collect();
        let key = |e: &Expr| {
            let at = expressions.iter().position(|key| is_key(e, key));
            at.map(|at| EXPRESSION_BASE + at).or_else(|| own(e))
        };
        Some(self.path(&sargables(self.conditions, &key, known), predicate))
    }

    /// The path by the index, of whose entries the conditions `predicate` hold.
    fn path(&self, sargables: &[Sargable<'_>], predicate: Vec<Expr>) -> Path {
        let mut equal: Vec<Vec<Expr>> = Vec::new();
        let mut used = Vec::new();
        let mut constant = Vec::new();
        // As many as there may be, and as many as there are thought to be.
        let (mut keys_max, mut keys) = (1usize, 1usize);
        let mut is_single = true;
        let columns = &self.index.columns;
        for (column, _) in columns {
            let found = sargables
                .iter()
                .filter(|s| s.column == *column && s.op == CompareOp::Eq)
                .min_by_key(|s| s.keys());
            let fits = |s: &&Sargable<'_>| keys_max.saturating_mul(s.keys_max()) <= KEYS_MAX;
            let Some(found) = found.filter(fits) else {
                break;
            };
            keys_max *= found.keys_max();
            keys *= found.keys();
            is_single &= found.is_single();
            equal.push(found.values.iter().map(|e| (*e).clone()).collect());
            used.push(found.condition);
            if found.is_single() {
                constant.push(*column);
            }
        }
        let (mut low, mut high) = (None, None);
        if let Some((column, _)) = columns.get(equal.len()) {
            let of_column = |s: &&Sargable<'_>| s.column == *column;
            let on_column: Vec<&Sargable<'_>> = sargables.iter().filter(of_column).collect();
            let range = range_of(&on_column);
            (low, high) = (range.0, range.1);
            used.extend(range.2);
        }
        let visited = self.visited_entries(&equal, &used, &predicate, keys);
        // What holds of all entries need not be asked again.
        for (i, condition) in self.conditions.iter().enumerate() {
            if predicate.contains(condition) && !used.contains(&i) {
                used.push(i);
            }
        }
        let order = match is_single {
            true => columns[equal.len()..].to_vec(),
            false => Vec::new(),
        };
        Path {
            access: Access::Index(IndexAccess {
                index: self.position,
                equal,
                low,
                high,
            }),
            rows: self.rows.min(visited),
            cost: Cost {
                startup: cost::DESCENT,
                total: keys as f64 * cost::DESCENT
                    + visited * (cost::ENTRY + cost::DESCENT + cost::ROW)
                    + cost::predicates(visited, self.conditions.len() - used.len(), 0),
            },
            used,
            order,
            constant,
        }
    }

    fn visited_entries(
        &self,
        equal: &[Vec<Expr>],
        used: &[usize],
        predicate: &[Expr],
        keys: usize,
    ) -> f64 {
        if self.index.is_always_unique() && equal.len() == self.index.columns.len() {
            return keys as f64;
        }
        let used = used.iter().map(|i| &self.conditions[*i]);
        let others = predicate.iter().filter(|p| !used.clone().any(|u| u == *p));
        let fraction = selectivity::all(used.clone().chain(others), self.candidate.block);
        (cost::table_rows(self.candidate.table) * fraction).max(1e-3)
    }
}

/// Whether rows in the order of `path` are also in the order that `wanted` asks for: `Some(false)` as they come,
/// `Some(true)` read backward, `None` not at all. `wanted`: table column, descending, NULLs first.
pub(crate) fn gives_order(
    table: &Table,
    path: &Path,
    wanted: &[(usize, bool, bool)],
) -> Option<bool> {
    let mut backward = None;
    let mut order = path.order.iter().peekable();
    for (column, descending, nulls_first) in wanted {
        if path.constant.contains(column) {
            continue;
        }
        while order.peek().is_some_and(|(c, _)| path.constant.contains(c)) {
            order.next();
        }
        let (have, have_descending) = order.next()?;
        if have != column {
            return None;
        }
        let turned = descending != have_descending;
        if *backward.get_or_insert(turned) != turned {
            return None;
        }
        // Keys have NULLs behind all values when ascending, and the whole order turned when descending.
        let minds = !makes(Mistake::NullOrderIgnored);
        if minds && !table.columns[*column].not_null && nulls_first != descending {
            return None;
        }
        if is_unique(table, *column) && table.columns[*column].not_null {
            break;
        }
    }
    Some(backward.unwrap_or(false) && !makes(Mistake::DescendingIgnored))
}
