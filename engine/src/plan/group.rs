//! Plans of relations: a table by its cheapest path, a derived table by its own plan, a left join by its two groups.

use crate::error::Result;
use crate::plan::access::{self, Candidate, Path};
use crate::plan::block::Block;
use crate::plan::cost;
use crate::plan::expr::columns_of;
use crate::plan::physical::{Access, Cost, IndexAccess, NodeKind, PlanNode, RangeEnd, Scan};
use crate::plan::planner::{Built, Planner, is_never_true, nothing};
use crate::plan::relation::{Group, Relation, Source, prune_derived};
use crate::plan::selectivity;
use crate::sql::bound::{Expr, JoinKind, Query};

/// An order that would spare a sort: columns of the query, descending, NULLs first.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) order: Vec<(usize, bool, bool)>,
    /// How many rows are asked for, if few are.
    pub(crate) limit: Option<f64>,
}

impl Planner<'_> {
    /// Plans `relation`, of which the `needed` columns are wanted. True when the rows come in the `wanted` order.
    pub(crate) fn relation(
        &mut self,
        relation: &Relation,
        needed: &[usize],
        block: &Block,
        wanted: Option<&Wanted>,
    ) -> Result<(Built, bool)> {
        let built = match &relation.source {
            Source::Table { .. } => return self.table_filtered(relation, needed, block, wanted),
            Source::Derived { query, alias } => {
                self.derived(relation, (**query).clone(), alias, needed)?
            }
            Source::Values { rows } => {
                let rows: Vec<Vec<Expr>> = rows
                    .iter()
                    .map(|row| self.resolve_all(row.clone(), &[]))
                    .collect::<Result<_>>()?;
                let count = rows.len() as f64;
                Built {
                    node: PlanNode {
                        kind: NodeKind::Values(rows),
                        types: self.types(relation, block),
                        rows: count,
                        cost: Cost {
                            startup: 0.0,
                            total: count * cost::OPERATOR,
                        },
                    },
                    layout: (relation.offset..relation.offset + relation.width).collect(),
                }
            }
            Source::SetOperation(operation) => Built {
                node: self.set_operation(operation.clone(), &relation.wanted(needed))?,
                layout: (relation.offset..relation.offset + relation.width).collect(),
            },
            Source::Cte(reference) => Built {
                node: self.cte_scan(reference)?,
                layout: (relation.offset..relation.offset + relation.width).collect(),
            },
            Source::Recursive(recursive) => Built {
                node: self.recursive((**recursive).clone())?,
                layout: (relation.offset..relation.offset + relation.width).collect(),
            },
            Source::Function(function) => Built {
                node: self.function(function)?,
                layout: (relation.offset..relation.offset + relation.width).collect(),
            },
            Source::SetRows(rows) => Built {
                node: self.set_rows(rows)?,
                layout: (relation.offset..relation.offset + relation.width).collect(),
            },
            Source::Lateral { .. } | Source::Outer { .. } => {
                self.joined_relation(relation, needed, block)?
            }
        };
        let fraction = selectivity::all(&relation.conditions, block);
        let built = self.filtered(built, relation.conditions.clone(), fraction)?;
        Ok((built, false))
    }

    /// A relation that is a join of two sides.
    fn joined_relation(
        &mut self,
        relation: &Relation,
        needed: &[usize],
        block: &Block,
    ) -> Result<Built> {
        // What is asked of the joined rows is read from them.
        let mut inner = needed.to_vec();
        inner.extend(relation.conditions.iter().flat_map(columns_of));
        match &relation.source {
            Source::Lateral {
                kind,
                left,
                query,
                on,
            } => {
                let first = relation.offset + relation.width - query.types.len();
                self.lateral(*kind, left, (query, first), on, &inner, block)
            }
            Source::Outer {
                kind,
                left,
                right,
                on,
            } => self.outer(*kind, (left, right), on, &inner, block),
            _ => self.relation(relation, needed, block, None).map(|r| r.0),
        }
    }

    fn types(&self, relation: &Relation, block: &Block) -> Vec<crate::types::SqlType> {
        block.types[relation.offset..relation.offset + relation.width].to_vec()
    }

    fn derived(
        &mut self,
        relation: &Relation,
        mut query: Query,
        alias: &str,
        needed: &[usize],
    ) -> Result<Built> {
        prune_derived(&mut query, &relation.wanted(needed));
        let input = self.plan_query(query)?;
        Ok(Built {
            node: PlanNode {
                types: input.types.clone(),
                rows: input.rows,
                cost: input.cost,
                kind: NodeKind::Derived {
                    input: Box::new(input),
                    alias: alias.to_owned(),
                },
            },
            layout: (relation.offset..relation.offset + relation.width).collect(),
        })
    }

    fn outer(
        &mut self,
        kind: JoinKind,
        (left, right): (&Group, &Group),
        on: &[Expr],
        needed: &[usize],
        block: &Block,
    ) -> Result<Built> {
        let mut needed = needed.to_vec();
        needed.extend(on.iter().flat_map(columns_of));
        let left = self.group(left, &needed, block, None)?.0;
        let alone = match right.relations.as_slice() {
            [one]
                if kind == JoinKind::Left
                    && right.conditions.is_empty()
                    && matches!(one.source, Source::Table { .. }) =>
            {
                Some(one)
            }
            _ => None,
        };
        let right = self.group(right, &needed, block, None)?.0;
        self.join(left, right, alone, kind, on.to_vec(), block)
    }

    /// A table under all of its conditions; those that may be joined come after the others.
    fn table_filtered(
        &mut self,
        relation: &Relation,
        needed: &[usize],
        block: &Block,
        wanted: Option<&Wanted>,
    ) -> Result<(Built, bool)> {
        let conditions = relation.conditions.iter();
        if !conditions.clone().any(|e| self.is_candidate(e)) {
            return self.table(relation, needed, block, wanted);
        }
        let (joined, by_row): (Vec<Expr>, Vec<Expr>) =
            conditions.cloned().partition(|e| self.is_candidate(e));
        let mut needed = needed.to_vec();
        needed.extend(joined.iter().flat_map(columns_of));
        let alone = Relation {
            conditions: by_row,
            ..relation.clone()
        };
        let (built, ordered) = self.table(&alone, &needed, block, wanted)?;
        let fraction = selectivity::all(&joined, block);
        Ok((self.filtered(built, joined, fraction)?, ordered))
    }

    fn table(
        &mut self,
        relation: &Relation,
        needed: &[usize],
        block: &Block,
        wanted: Option<&Wanted>,
    ) -> Result<(Built, bool)> {
        let Source::Table { table, .. } = &relation.source else {
            return self.relation(relation, needed, block, None);
        };
        let candidate = Candidate {
            table,
            offset: relation.offset,
            block,
        };
        let paths = access::paths(&candidate, &relation.conditions, &|_| false);
        let (path, ordered, backward) = pick(relation, paths, wanted);
        let (rows, cost) = (path.rows, path.cost);
        let mut scan = self.scan(relation, path, needed, &[])?;
        scan.backward = backward;
        let layout = scan.layout(relation.offset);
        let built = Built {
            node: PlanNode {
                types: scan.types().collect(),
                kind: NodeKind::Scan(Box::new(scan)),
                rows,
                cost,
            },
            layout,
        };
        if relation.conditions.iter().any(is_never_true) {
            return Ok((nothing(built), true));
        }
        Ok((built, ordered))
    }

    /// The scan of `relation` by `path`, giving the `needed` columns of the query; the expressions of the path are over
    /// `outer`.
    pub(crate) fn scan(
        &mut self,
        relation: &Relation,
        path: Path,
        needed: &[usize],
        outer: &[usize],
    ) -> Result<Scan> {
        let Source::Table { table, alias } = &relation.source else {
            return Err(crate::error::Error::misuse("a path leads into a table"));
        };
        let filter: Vec<Expr> = relation
            .conditions
            .iter()
            .enumerate()
            .filter(|(i, _)| !path.used.contains(i))
            .map(|(_, e)| e.clone())
            .collect();
        let mut columns: Vec<usize> = needed
            .iter()
            .copied()
            .chain(filter.iter().flat_map(columns_of))
            .filter(|c| relation.has(*c))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        let filter = self.predicates(filter, &columns)?;
        let filter_only = columns.iter().filter(|column| !needed.contains(column));
        let filter_only = filter_only.map(|c| c - relation.offset).collect();
        let mut own: Vec<usize> = columns.iter().map(|c| c - relation.offset).collect();
        // The row id is the last of all columns.
        let with_row_id = own.pop_if(|c| *c == table.columns.len()).is_some();
        Ok(Scan {
            table: table.clone(),
            table_types: table.columns.iter().map(|c| c.sql_type).collect(),
            alias: alias.clone(),
            columns: own,
            filter_only,
            with_row_id,
            access: self.access(path.access, outer)?,
            backward: false,
            filter,
        })
    }

    fn access(&mut self, access: Access, outer: &[usize]) -> Result<Access> {
        Ok(match access {
            Access::Full => Access::Full,
            Access::RowIds(points) => Access::RowIds(self.resolve_all(points, outer)?),
            Access::RowIdRange { low, high } => Access::RowIdRange {
                low: self.range_end(low, outer)?,
                high: self.range_end(high, outer)?,
            },
            Access::Index(index) => Access::Index(IndexAccess {
                index: index.index,
                equal: index
                    .equal
                    .into_iter()
                    .map(|values| self.resolve_all(values, outer))
                    .collect::<Result<_>>()?,
                low: self.range_end(index.low, outer)?,
                high: self.range_end(index.high, outer)?,
            }),
        })
    }

    fn range_end(&mut self, end: Option<RangeEnd>, outer: &[usize]) -> Result<Option<RangeEnd>> {
        end.map(|end| {
            Ok(RangeEnd {
                value: self.resolve(end.value, outer)?,
                inclusive: end.inclusive,
            })
        })
        .transpose()
    }
}

/// The best path, whether it gives the wanted order, and whether it must be read backward for that.
fn pick(relation: &Relation, paths: Vec<Path>, wanted: Option<&Wanted>) -> (Path, bool, bool) {
    let order = |wanted: &Wanted| -> Vec<(usize, bool, bool)> {
        wanted
            .order
            .iter()
            .map(|(c, d, n)| (c - relation.offset, *d, *n))
            .collect()
    };
    let Source::Table { table, .. } = &relation.source else {
        unreachable!("PLAN-1: only a table has access paths")
    };
    let mut best: Option<(Path, bool, bool, f64)> = None;
    for path in paths {
        let given = wanted.and_then(|w| access::gives_order(table, &path, &order(w)));
        let cost = match (wanted, given) {
            (None, _) => path.cost.total,
            (Some(w), Some(_)) => {
                let fraction = w.limit.map_or(1.0, |l| l / path.rows.max(1.0));
                cost::fraction(path.cost, fraction)
            }
            (Some(w), None) => cost::sort(path.cost, path.rows, w.limit).total,
        };
        if best.as_ref().is_none_or(|(.., least)| cost < *least) {
            best = Some((path, given.is_some(), given.unwrap_or(false), cost));
        }
    }
    match best {
        Some((path, ordered, backward, _)) => (path, ordered, backward),
        None => unreachable!("PLAN-2: every table has its full scan"),
    }
}
