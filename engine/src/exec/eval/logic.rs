//! Three-valued logic, and the operators that evaluate lazily: AND, OR, CASE, COALESCE.

use super::evaluate::{Evaluator, constant};
use super::fallible::never_fails;
use super::operand::{Operand, kernel_error};
use super::selection::{Assembly, all_rows, evaluate_where, inverted, select_columns, true_rows};
use crate::Result;
use crate::sql::bound::Expr;
use crate::types::{SqlType, Value};
use arrow_arith::boolean::{and_kleene, is_not_null, is_null, not, or_kleene};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_select::zip::zip;
use std::sync::Arc;

impl Evaluator<'_> {
    /// AND (`conjunctive`) or OR of all operands. An operand that can fail sees only the rows that are not decided by
    /// the operands before it.
    pub(super) fn connective(&self, list: &[Expr], conjunctive: bool) -> Result<Operand> {
        let mut before: Option<Operand> = None;
        for expr in list {
            let Some(left) = before else {
                before = Some(self.operand(expr)?);
                continue;
            };
            if left.scalar {
                let known = left.booleans();
                if known.is_valid(0) && known.value(0) != conjunctive {
                    return Ok(left);
                }
                if known.is_valid(0) {
                    before = Some(self.operand(expr)?);
                    continue;
                }
            }
            let left = left.into_array(self.rows)?;
            let left = left.as_boolean();
            let right = if never_fails(expr) {
                self.array(expr)?.as_boolean().clone()
            } else {
                let undecided = undecided(left, conjunctive);
                match undecided.true_count() {
                    0 => return Ok(Operand::array(Arc::new(left.clone()))),
                    all if all == self.rows => self.array(expr)?.as_boolean().clone(),
                    _ => evaluate_where(self, expr, &undecided, conjunctive)?,
                }
            };
            let combined = if conjunctive {
                and_kleene(left, &right)
            } else {
                or_kleene(left, &right)
            };
            before = Some(Operand::array(Arc::new(combined.map_err(kernel_error)?)));
        }
        match before {
            Some(result) => Ok(result),
            None => constant(&Value::Bool(conjunctive), SqlType::Bool),
        }
    }

    pub(super) fn not(&self, input: &Expr) -> Result<Operand> {
        let operand = self.operand(input)?;
        let inverse = not(operand.booleans()).map_err(kernel_error)?;
        Ok(Operand::computed(Arc::new(inverse), operand.scalar))
    }

    pub(super) fn is_null(&self, input: &Expr, negated: bool) -> Result<Operand> {
        let operand = self.operand(input)?;
        let result = if negated {
            is_not_null(&operand.array)
        } else {
            is_null(&operand.array)
        };
        let result = result.map_err(kernel_error)?;
        Ok(Operand::computed(Arc::new(result), operand.scalar))
    }

    /// `IS [NOT] TRUE`, `FALSE`, and `UNKNOWN` for no value.
    pub(super) fn is_bool(
        &self,
        input: &Expr,
        value: Option<bool>,
        negated: bool,
    ) -> Result<Operand> {
        let Some(value) = value else {
            return self.is_null(input, negated);
        };
        let operand = self.operand(input)?;
        let booleans = operand.booleans();
        let is = if value {
            true_rows(booleans)
        } else {
            true_rows(&not(booleans).map_err(kernel_error)?)
        };
        let result = if negated { inverted(&is) } else { is };
        Ok(Operand::computed(Arc::new(result), operand.scalar))
    }

    pub(super) fn case(
        &self,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        sql_type: SqlType,
    ) -> Result<Operand> {
        let eager = branches
            .iter()
            .all(|(c, r)| never_fails(c) && never_fails(r))
            && otherwise.is_none_or(never_fails);
        if eager {
            return self.eager_case(branches, otherwise, sql_type);
        }
        let mut pending = Pending::new(self);
        let mut assembly = Assembly::new(sql_type, self.rows);
        for (position, (condition, result)) in branches.iter().enumerate() {
            if pending.rows.is_empty() {
                break;
            }
            let truth = pending.evaluator(self).array(condition)?;
            let truth = true_rows(truth.as_boolean());
            let matched = pending.select(&truth, &[result])?;
            if !matched.rows.is_empty() {
                let values = matched.evaluator(self).operand(result)?;
                assembly.cover(values, matched.rows.iter().copied());
            }
            let rest = branches[position + 1..].iter().flat_map(|(c, r)| [c, r]);
            let rest: Vec<&Expr> = rest.chain(otherwise).collect();
            pending = pending.select(&inverted(&truth), &rest)?;
        }
        if let Some(otherwise) = otherwise
            && !pending.rows.is_empty()
        {
            let values = pending.evaluator(self).operand(otherwise)?;
            assembly.cover(values, pending.rows.iter().copied());
        }
        Ok(Operand::array(assembly.finish()?))
    }

    /// CASE whose parts cannot fail: each over all rows, chosen from the last branch to the first.
    fn eager_case(
        &self,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        sql_type: SqlType,
    ) -> Result<Operand> {
        let mut result = match otherwise {
            Some(otherwise) => self.operand(otherwise)?,
            None => constant(&Value::Null, sql_type)?,
        };
        for (condition, value) in branches.iter().rev() {
            let truth = self.array(condition)?;
            let truth = true_rows(truth.as_boolean());
            let value = self.operand(value)?;
            result = Operand::array(zip(&truth, &value, &result).map_err(kernel_error)?);
        }
        Ok(result)
    }

    pub(super) fn coalesce(&self, list: &[Expr], sql_type: SqlType) -> Result<Operand> {
        let mut pending = Pending::new(self);
        let mut assembly = Assembly::new(sql_type, self.rows);
        for (position, expr) in list.iter().enumerate() {
            if pending.rows.is_empty() {
                break;
            }
            let values = pending.evaluator(self).operand(expr)?;
            let whole = pending.rows.len() == self.rows;
            if whole && values.array.null_count() == 0 {
                return Ok(values);
            }
            let known = is_not_null(&values.array).map_err(kernel_error)?;
            let known =
                Operand::computed(Arc::new(known), values.scalar).into_array(pending.rows.len())?;
            let known = known.as_boolean();
            assembly.cover(values, pending.rows.iter().copied());
            let rest: Vec<&Expr> = list[position + 1..].iter().collect();
            pending = pending.select(&inverted(known), &rest)?;
        }
        Ok(Operand::array(assembly.finish()?))
    }
}

/// Rows that no branch has taken yet.
struct Pending {
    rows: Vec<u32>,
    columns: Vec<ArrayRef>,
}

impl Pending {
    fn new(evaluator: &Evaluator<'_>) -> Self {
        Self {
            rows: (0..evaluator.rows as u32).collect(),
            columns: evaluator.columns.to_vec(),
        }
    }

    fn evaluator<'b>(&'b self, whole: &Evaluator<'b>) -> Evaluator<'b> {
        whole.over(&self.columns, self.rows.len())
    }

    /// The rows of a mask over the pending rows, with the columns that `expressions` need.
    fn select(&self, mask: &BooleanArray, expressions: &[&Expr]) -> Result<Self> {
        if mask.true_count() == mask.len() {
            return Ok(Self {
                rows: self.rows.clone(),
                columns: self.columns.clone(),
            });
        }
        Ok(Self {
            rows: mask.values().set_indices().map(|i| self.rows[i]).collect(),
            columns: select_columns(&self.columns, mask, expressions)?,
        })
    }
}

/// The rows for which `known` does not decide the connective: true or NULL for AND, false or NULL for OR.
fn undecided(known: &BooleanArray, conjunctive: bool) -> BooleanArray {
    let values = if conjunctive {
        known.values().clone()
    } else {
        !known.values()
    };
    let open = match known.nulls() {
        Some(nulls) => &values | &!nulls.inner(),
        None => values,
    };
    if open.count_set_bits() == known.len() {
        all_rows(known.len())
    } else {
        BooleanArray::new(open, None)
    }
}
