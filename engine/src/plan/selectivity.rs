//! What fraction of rows fulfils a condition, by the statistics of `ANALYZE` and otherwise PostgreSQL's defaults.

use crate::plan::block::Block;
use crate::plan::coerce::{KeyValue, coerce, key_column};
use crate::plan::expr::columns_of;
use crate::sql::bound::{CompareOp, Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::storage::key::append_key;
use crate::types::Value;

const INEQUALITY: f64 = 0.3333;
const RANGE: f64 = 0.005;
const LIKE: f64 = 0.02;
const UNKNOWN: f64 = 0.5;
const SMALLEST: f64 = 1e-9;

/// Elements that an array is thought to have which is not known yet, as PostgreSQL guesses.
pub(crate) const ELEMENTS: usize = 10;

/// Equalities between columns of two tables.
struct Keys {
    /// The first columns of both.
    tables: (usize, usize),
    /// The columns of both that are compared.
    columns: Vec<usize>,
    /// The product of the fractions for which each holds.
    fraction: f64,
}

impl Keys {
    /// `None` for what is no equality between columns of two tables.
    fn new(conjunct: &Expr, block: &Block) -> Option<Self> {
        let ExprKind::Compare(CompareOp::Eq, left, right) = &conjunct.kind else {
            return None;
        };
        let columns = vec![key_column(left)?, key_column(right)?];
        let (left, right) = (
            block.first_column(columns[0])?,
            block.first_column(columns[1])?,
        );
        (left != right).then(|| Self {
            tables: (left.min(right), left.max(right)),
            columns,
            fraction: one(conjunct, block),
        })
    }

    /// The fraction for which all hold. Where a key is compared, that which finds one of its rows; else at least that, for a
    /// key of the larger table: its rows have no more combinations of values than there are rows.
    fn together(&self, block: &Block) -> f64 {
        let (left, right) = self.tables;
        let keyed = [left, right].map(|table| block.key_rows(table, &self.columns));
        match keyed.into_iter().flatten().reduce(f64::max) {
            Some(rows) => 1.0 / rows,
            None => self
                .fraction
                .max(1.0 / block.rows(left).max(block.rows(right))),
        }
    }
}

/// The fraction for which all of `conjuncts` hold. Two ends of a range on one column count as one condition, as do
/// equalities between two tables.
pub(crate) fn all<'a>(conjuncts: impl IntoIterator<Item = &'a Expr>, block: &Block) -> f64 {
    let mut result = 1.0;
    let mut keys: Vec<Keys> = Vec::new();
    // Column, then the fraction above the lower end and the one below the upper end.
    let mut ranges: Vec<(usize, Option<f64>, Option<f64>, bool)> = Vec::new();
    for conjunct in conjuncts {
        if let Some(new) = Keys::new(conjunct, block) {
            match keys.iter_mut().find(|known| known.tables == new.tables) {
                Some(known) => {
                    known.fraction *= new.fraction;
                    known.columns.extend(new.columns);
                }
                None => keys.push(new),
            }
            continue;
        }
        let Some((column, op, value)) = column_comparison(conjunct) else {
            result *= one(conjunct, block);
            continue;
        };
        if matches!(op, CompareOp::Eq | CompareOp::Ne) {
            result *= one(conjunct, block);
            continue;
        }
        let at = ranges
            .iter()
            .position(|r| r.0 == column)
            .unwrap_or_else(|| {
                ranges.push((column, None, None, true));
                ranges.len() - 1
            });
        let known = histogram_fraction(column, op, value, block);
        let range = &mut ranges[at];
        range.3 &= known.is_some();
        let fraction = known.unwrap_or(INEQUALITY);
        let end = if matches!(op, CompareOp::Gt | CompareOp::Ge) {
            &mut range.1
        } else {
            &mut range.2
        };
        *end = Some(end.map_or(fraction, |f: f64| f.min(fraction)));
    }
    for both in keys {
        result *= both.together(block);
    }
    for (_, above, below, known) in ranges {
        result *= match (above, below) {
            (Some(a), Some(b)) if known => (a + b - 1.0).max(SMALLEST),
            (Some(_), Some(_)) => RANGE,
            (a, b) => a.or(b).unwrap_or(1.0),
        };
    }
    // Those of many joins together may be next to nothing of all combinations.
    result.clamp(f64::MIN_POSITIVE, 1.0)
}

/// The fraction for which `condition` holds.
pub(crate) fn one(condition: &Expr, block: &Block) -> f64 {
    let fraction = match &condition.kind {
        ExprKind::Literal(Value::Bool(true)) => 1.0,
        ExprKind::Literal(_) => 0.0,
        ExprKind::And(list) => all(list, block),
        ExprKind::Or(list) => 1.0 - list.iter().map(|e| 1.0 - one(e, block)).product::<f64>(),
        ExprKind::Not(input) => 1.0 - one(input, block),
        ExprKind::Compare(op, left, right) => comparison(*op, left, right, condition, block),
        ExprKind::InList {
            input,
            list,
            negated,
        } => {
            let hit: f64 = list.iter().map(|e| equal(input, e, block)).sum();
            if *negated { 1.0 - hit } else { hit }
        }
        ExprKind::Call(ScalarFunction::AnyElement(CompareOp::Eq), arguments) => {
            let column = arguments.first().and_then(key_column);
            let one = column.map_or(RANGE, |c| 1.0 / block.distinct(c));
            one * ELEMENTS as f64
        }
        ExprKind::IsNull { input, negated } => {
            let nulls = key_column(input)
                .and_then(|c| block.statistics(c))
                .map_or(RANGE, |s| s.null_fraction);
            if *negated { 1.0 - nulls } else { nulls }
        }
        ExprKind::Like { negated, .. } => {
            if *negated {
                1.0 - LIKE
            } else {
                LIKE
            }
        }
        _ => UNKNOWN,
    };
    fraction.clamp(SMALLEST, 1.0)
}

/// The fraction of pairs of rows that an equality of two expressions lets through.
fn join_equality(left: &Expr, right: &Expr, block: &Block) -> f64 {
    let distinct = |e: &Expr| key_column(e).map_or(200.0, |c| block.distinct(c));
    1.0 / distinct(left).max(distinct(right)).max(1.0)
}

fn comparison(op: CompareOp, left: &Expr, right: &Expr, whole: &Expr, block: &Block) -> f64 {
    match op {
        CompareOp::Eq => equal(left, right, block),
        CompareOp::Ne => 1.0 - equal(left, right, block),
        _ => column_comparison(whole)
            .and_then(|(column, op, value)| histogram_fraction(column, op, value, block))
            .unwrap_or(INEQUALITY),
    }
}

fn equal(left: &Expr, right: &Expr, block: &Block) -> f64 {
    match (key_column(left), key_column(right)) {
        (Some(_), Some(_)) => join_equality(left, right, block),
        (Some(column), None) => equal_to(column, right, block),
        (None, Some(column)) => equal_to(column, left, block),
        (None, None) if !columns_of(left).is_empty() && !columns_of(right).is_empty() => {
            join_equality(left, right, block)
        }
        (None, None) => RANGE,
    }
}

fn equal_to(column: usize, value: &Expr, block: &Block) -> f64 {
    let distinct = block.distinct(column);
    let Some(statistics) = block.statistics(column) else {
        return 1.0 / distinct;
    };
    let common: f64 = statistics.most_common.iter().map(|(_, f)| f).sum();
    let others = distinct - statistics.most_common.len() as f64;
    let other = if others >= 1.0 {
        ((1.0 - statistics.null_fraction - common) / others).max(SMALLEST)
    } else {
        SMALLEST
    };
    match literal_key(column, value, block) {
        Some(key) => statistics
            .most_common
            .iter()
            .find(|(k, _)| *k == key)
            .map_or(other, |(_, f)| *f),
        None => (1.0 - statistics.null_fraction) / distinct,
    }
}

/// The fraction of rows on that side of `value`, by the histogram and the most common values.
fn histogram_fraction(column: usize, op: CompareOp, value: &Expr, block: &Block) -> Option<f64> {
    let statistics = block.statistics(column)?;
    let key = literal_key(column, value, block)?;
    let common: f64 = statistics.most_common.iter().map(|(_, f)| f).sum();
    let common_below: f64 = statistics
        .most_common
        .iter()
        .filter(|(k, _)| *k < key)
        .map(|(_, f)| f)
        .sum();
    let rest = (1.0 - statistics.null_fraction - common).max(0.0);
    let buckets = statistics.histogram.len().saturating_sub(1);
    let below = if buckets == 0 {
        common_below + rest * 0.5
    } else {
        let before = statistics.histogram.partition_point(|bound| *bound < key);
        // Within a bucket the value is thought to be in the middle.
        let position = match before {
            0 => 0.0,
            b if b > buckets => buckets as f64,
            b => b as f64 - 0.5,
        };
        common_below + rest * position / buckets as f64
    };
    Some(if matches!(op, CompareOp::Lt | CompareOp::Le) {
        below
    } else {
        1.0 - statistics.null_fraction - below
    })
}

/// The key under which statistics know a literal.
fn literal_key(column: usize, value: &Expr, block: &Block) -> Option<Vec<u8>> {
    let ExprKind::Literal(value) = &value.kind else {
        return None;
    };
    match coerce(value.clone(), *block.types.get(column)?) {
        KeyValue::Value(value) => {
            let mut key = Vec::new();
            append_key(&mut key, &value, false);
            Some(key)
        }
        KeyValue::Below => Some(Vec::new()),
        KeyValue::Above => Some(vec![0xff]),
        KeyValue::Null => None,
    }
}

/// `condition` as a comparison of a column with an expression without columns, the column at the left.
pub(crate) fn column_comparison(condition: &Expr) -> Option<(usize, CompareOp, &Expr)> {
    let ExprKind::Compare(op, left, right) = &condition.kind else {
        return None;
    };
    if let Some(column) = key_column(left)
        && columns_of(right).is_empty()
    {
        return Some((column, *op, right));
    }
    let column = key_column(right)?;
    columns_of(left)
        .is_empty()
        .then(|| (column, mirrored(*op), left.as_ref()))
}

/// The operator with its operands exchanged.
pub(crate) fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        same => same,
    }
}
