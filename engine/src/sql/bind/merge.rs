//! MERGE.

use super::call::refuse;
use super::change::{defaults, row_rules, target_alias, target_columns};
use super::context::{Binder, Clause, Level};
use super::from::table_factor;
use super::integrity::Touches;
use super::names::sql_error;
use super::query::value_rows;
use super::scope::Scope;
use super::updatable::{ChangeTarget, Verb};
use super::update::target_source;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{Expr, Merge, MergeAction, MergeKind};
use sqlparser::ast;

impl Binder<'_> {
    /// `MERGE`
    pub(super) fn bind_merge(&mut self, merge: &ast::Merge) -> Result<Merge> {
        let ast::Merge {
            merge_token: _,
            optimizer_hints: _,
            into,
            table,
            source,
            on,
            clauses,
            output,
        } = merge;
        if !into {
            return Err(sql_error("42601", "syntax error: MERGE without INTO"));
        }
        refuse(output.is_some(), "OUTPUT and RETURNING of MERGE")?;
        let (name, alias) = table_factor(table)?;
        self.refuse_view(name, |kind, view| {
            let message = format!(
                "cannot execute MERGE on relation \"{view}\" (This operation is not supported for {kind}s.)"
            );
            Error::new(ErrorKind::Unsupported, "0A000", message)
        })?;
        let target = ChangeTarget::of(self.table(name)?, Verb::Update);
        let table = target.table.clone();
        let alias = target_alias(alias)?.unwrap_or_else(|| table.name.to_string());
        let source = self.bind_source(source)?;
        let source_scope = source.1.clone();
        let (from, scope) = self.left_join(source, target_source(&target, alias), on)?;
        let mut actions: Vec<MergeAction> = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let matched = is_matched(clause.clause_kind)?;
            let last = actions.iter().rev().find(|a| a.matched == matched);
            if last.is_some_and(|a| a.condition.is_none()) {
                return Err(sql_error(
                    "42601",
                    "unreachable WHEN clause specified after unconditional WHEN clause",
                ));
            }
            let seen = if matched { &scope } else { &source_scope };
            actions.push(self.bind_merge_action(&target, clause, matched, seen)?);
        }
        let mut touches = Touches::default();
        let mut columns = Vec::new();
        for action in &actions {
            match &action.kind {
                MergeKind::Update(assignments) => {
                    columns.extend(assignments.iter().map(|(column, _)| *column));
                }
                MergeKind::Delete => touches.old = true,
                MergeKind::Insert(_) => touches.new = true,
                MergeKind::Nothing => {}
            }
        }
        touches.columns = &columns;
        Ok(Merge {
            with: Vec::new(),
            rules: row_rules(&table)?,
            integrity: self.integrity(&table, &touches)?,
            from,
            offset: source_scope.width,
            actions,
            table,
        })
    }

    fn bind_merge_action(
        &mut self,
        target: &ChangeTarget,
        clause: &ast::MergeClause,
        matched: bool,
        scope: &Scope,
    ) -> Result<MergeAction> {
        let level = Level::new(scope.clone(), Clause::MergeWhen);
        let (action, _) = self.with_level(level, |binder| {
            let condition = clause.predicate.as_ref();
            let condition = condition
                .map(|condition| binder.bind_condition(condition, "WHEN"))
                .transpose()?;
            let kind = match (&clause.action, matched) {
                (ast::MergeAction::DoNothing { .. }, _) => MergeKind::Nothing,
                (ast::MergeAction::Delete { .. }, true) => MergeKind::Delete,
                (ast::MergeAction::Update(update), true) => {
                    let assignments = assignments(update)?;
                    // The target comes last, with its row ids behind its columns.
                    let first = scope.width - target.table.columns.len() - 1;
                    let bind = |b: &mut Self| b.bind_assignments(target, assignments, first);
                    MergeKind::Update(binder.in_clause(Clause::Set, bind)?)
                }
                (ast::MergeAction::Insert(insert), false) => {
                    let bind = |b: &mut Self| b.bind_merge_insert(target, insert);
                    MergeKind::Insert(binder.in_clause(Clause::Values, bind)?)
                }
                (action, _) => {
                    let message = format!("syntax error: this action of MERGE: {action}");
                    return Err(sql_error("42601", message));
                }
            };
            Ok(MergeAction {
                matched,
                condition,
                kind,
            })
        })?;
        Ok(action)
    }

    fn bind_merge_insert(
        &mut self,
        target: &ChangeTarget,
        insert: &ast::MergeInsertExpr,
    ) -> Result<Vec<Expr>> {
        let ast::MergeInsertExpr {
            insert_token: _,
            columns,
            kind_token: _,
            kind,
            insert_predicate,
        } = insert;
        refuse(insert_predicate.is_some(), "WHERE of an INSERT in MERGE")?;
        let ast::MergeInsertKind::Values(values) = kind else {
            return Err(Error::unsupported("this form of INSERT in MERGE"));
        };
        let rows = value_rows(values)?;
        let [row] = rows.as_slice() else {
            return Err(sql_error(
                "42601",
                "syntax error: INSERT of several rows in MERGE",
            ));
        };
        let named = target_columns(target, columns)?;
        let columns = target.given(named.positions.clone(), row.len())?;
        let table = &target.table;
        self.insert_row(table, (&columns, &named), (*row, None), defaults(table)?)
    }
}

fn is_matched(kind: ast::MergeClauseKind) -> Result<bool> {
    match kind {
        ast::MergeClauseKind::Matched => Ok(true),
        ast::MergeClauseKind::NotMatched => Ok(false),
        ast::MergeClauseKind::NotMatchedByTarget | ast::MergeClauseKind::NotMatchedBySource => {
            Err(sql_error("42601", "syntax error at or near \"BY\""))
        }
    }
}

fn assignments(update: &ast::MergeUpdateExpr) -> Result<&[ast::Assignment]> {
    let ast::MergeUpdateExpr {
        update_token: _,
        kind,
        update_predicate,
        delete_predicate,
    } = update;
    refuse(
        update_predicate.is_some() || delete_predicate.is_some(),
        "WHERE of an UPDATE in MERGE",
    )?;
    match kind {
        ast::MergeUpdateKind::Set(assignments) => Ok(assignments),
        _ => Err(Error::unsupported("this form of UPDATE in MERGE")),
    }
}
