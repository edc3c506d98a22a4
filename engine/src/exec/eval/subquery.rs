//! Subqueries as values: scalar, EXISTS, IN.
//!
//! A subquery that is not correlated runs once for a batch, any other once for each row.

use super::context::{SubqueryRows, SubqueryRunner};
use super::evaluate::Evaluator;
use super::operand::{Operand, kernel_error};
use super::value_set::ValueSet;
use crate::sql::bound::{Expr, Query};
use crate::types::SqlType;
use crate::types::array::null_array;
use crate::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use std::rc::Rc;
use std::sync::Arc;

impl Evaluator<'_> {
    fn runner(&self) -> Result<&dyn SubqueryRunner> {
        self.context
            .subqueries
            .ok_or_else(|| Error::unsupported("a subquery in this place"))
    }

    /// The only value of a subquery, NULL without rows. Errors: `21000` with several.
    pub(super) fn scalar_subquery(&self, query: &Query, sql_type: SqlType) -> Result<Operand> {
        let runner = self.runner()?;
        if !runner.is_correlated(query) {
            let result = runner.run(query, self.columns, 0, 2)?;
            return Ok(Operand::scalar(single_value(&result, sql_type)?));
        }
        let values: Vec<ArrayRef> = (0..self.rows)
            .map(|row| single_value(&*runner.run(query, self.columns, row, 2)?, sql_type))
            .collect::<Result<_>>()?;
        let parts: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        let joined = arrow_select::concat::concat(&parts).map_err(kernel_error)?;
        Ok(Operand::array(joined))
    }

    pub(super) fn exists(&self, query: &Query, negated: bool) -> Result<Operand> {
        let runner = self.runner()?;
        let test = |row| Ok((runner.run(query, self.columns, row, 1)?.rows > 0) != negated);
        if !runner.is_correlated(query) {
            let result = BooleanArray::from(vec![test(0)?]);
            return Ok(Operand::scalar(Arc::new(result)));
        }
        let result: Vec<bool> = (0..self.rows).map(test).collect::<Result<_>>()?;
        Ok(Operand::array(Arc::new(BooleanArray::from(result))))
    }

    pub(super) fn in_subquery(
        &self,
        input: &Expr,
        query: &Query,
        negated: bool,
    ) -> Result<Operand> {
        let runner = self.runner()?;
        let operand = self.operand(input)?;
        if !runner.is_correlated(query) {
            let result = runner.run(query, self.columns, 0, usize::MAX)?;
            return in_result(&result, &operand, input.sql_type, negated);
        }
        let operand = operand.into_array(self.rows)?;
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let result = runner.run(query, self.columns, row, usize::MAX)?;
            let single = Operand::scalar(operand.slice(row, 1));
            let found = in_result(&result, &single, input.sql_type, negated)?;
            values.push(found.array.as_boolean().iter().next().flatten());
        }
        Ok(Operand::array(Arc::new(BooleanArray::from(values))))
    }
}

/// `operand [NOT] IN` the rows of a subquery; their set is kept with them.
fn in_result(
    result: &Rc<SubqueryRows>,
    operand: &Operand,
    sql_type: SqlType,
    negated: bool,
) -> Result<Operand> {
    let set = match result.set.get() {
        Some(set) => set,
        None => {
            let set = ValueSet::new(&result.column, sql_type)?;
            result.set.get_or_init(|| set)
        }
    };
    set.contains(operand, sql_type, negated)
}

fn single_value(result: &SubqueryRows, sql_type: SqlType) -> Result<ArrayRef> {
    if result.rows > 1 {
        return Err(Error::new(
            ErrorKind::Data,
            "21000",
            "more than one row returned by a subquery used as an expression",
        ));
    }
    match result.column.iter().find(|piece| !piece.is_empty()) {
        Some(piece) => Ok(piece.slice(0, 1)),
        None => Ok(null_array(sql_type, 1)),
    }
}
