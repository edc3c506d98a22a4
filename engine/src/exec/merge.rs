//! MERGE: for each row of the source, joined with the table, the first action that applies.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::build::build;
use crate::exec::change::Work;
use crate::exec::scalar::each;
use crate::plan::PlanNode;
use crate::sql::bound::{MergeAction, MergeKind};
use crate::types::Value;

impl<'a> Work<'a, '_, '_> {
    /// Computes what is done for the rows of `source`.
    pub(super) fn merge(&mut self, source: &'a PlanNode, actions: &'a [MergeAction]) -> Result<()> {
        let mut operator = build(self.context, source)?;
        while let Some(batch) = operator.next()? {
            for row in 0..batch.rows {
                let mut row = batch.row(row, &source.types);
                let id = match row.pop() {
                    Some(Value::Int8(id)) => Some(id),
                    Some(Value::Null) => None,
                    _ => return Err(Error::misuse("EXEC-3: rows to merge end with a row id")),
                };
                self.merge_row(row, id, actions)?;
            }
        }
        Ok(())
    }

    fn merge_row(
        &mut self,
        mut row: Vec<Value>,
        id: Option<i64>,
        actions: &'a [MergeAction],
    ) -> Result<()> {
        let Some(kind) = self.action(&row, id.is_some(), actions)? else {
            return Ok(());
        };
        if let Some(id) = id
            && !matches!(kind, MergeKind::Nothing)
            && self.pending.is_written(&self.change.table, id)
        {
            return Err(Error::new(
                ErrorKind::Sql,
                "21000",
                "MERGE command cannot affect row a second time",
            ));
        }
        match (kind, id) {
            (MergeKind::Update(assignments), Some(id)) => {
                let mut new = row[..self.width()].to_vec();
                self.assign(assignments, self.view(&row), &mut new)?;
                row.truncate(self.width());
                self.push_update(id, row, new)
            }
            (MergeKind::Delete, Some(id)) => self.push_delete(id, row),
            (MergeKind::Insert(values), None) => {
                let view = self.view(&row);
                let mut new = each(values, |e| self.context.scalar(e, view))?;
                self.complete(&mut new)?;
                self.push_insert(new)
            }
            _ => Ok(()),
        }
    }

    /// The first action that applies to `row`.
    fn action(
        &self,
        row: &[Value],
        matched: bool,
        actions: &'a [MergeAction],
    ) -> Result<Option<&'a MergeKind>> {
        for action in actions.iter().filter(|action| action.matched == matched) {
            let applies = match &action.condition {
                None => true,
                Some(condition) => {
                    self.context.scalar(condition, self.view(row))? == Value::Bool(true)
                }
            };
            if applies {
                return Ok(Some(&action.kind));
            }
        }
        Ok(None)
    }
}
