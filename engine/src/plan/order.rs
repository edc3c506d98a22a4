//! The order of inner joins.
//!
//! Up to [`DYNAMIC_MAX`] relations the order is the best of all: dynamic programming over subsets, with products only
//! where no condition connects (Selinger's way, with bushy trees). Beyond, the pair that gives the fewest rows is
//! joined again and again.

use crate::error::{Error, ErrorKind, Result};
use crate::plan::block::Block;
use crate::plan::expr::{columns_of, has_subquery};
use crate::plan::group::Wanted;
use crate::plan::join::{
    Inputs, ascending, equal_columns, index_path, price, price_index, price_merge,
};
use crate::plan::ordering::gives;
use crate::plan::physical::Cost;
use crate::plan::planner::{Built, Planner};
use crate::plan::relation::{Group, Relation, Source};
use crate::plan::selectivity;
use crate::sql::bound::{CompareOp, Expr, ExprKind, JoinKind};

/// Relations up to which all orders are looked at.
const DYNAMIC_MAX: usize = 10;
/// Relations in one group.
const RELATIONS_MAX: usize = 128;

/// The best way found to join a set of relations.
#[derive(Clone, Copy, Debug)]
struct Best {
    set: u128,
    rows: f64,
    cost: Cost,
    /// A column by which its rows ascend, if merge joins are allowed.
    ascends: Option<usize>,
    /// The two sets of the last join; `None` for one relation.
    split: Option<(u128, u128)>,
}

/// What the search works on.
struct Search<'a> {
    group: &'a Group,
    block: &'a Block,
    /// The relations that each condition of the group is over.
    sets: Vec<u128>,
    /// The relations of both sides of those that are equalities.
    equalities: Vec<Option<(u128, u128)>>,
    base: Vec<Best>,
    found: Vec<Best>,
}

impl Planner<'_> {
    /// Plans a group, of which the `needed` columns are wanted. True when the rows come in the `wanted` order.
    pub(crate) fn group(
        &mut self,
        group: &Group,
        needed: &[usize],
        block: &Block,
        wanted: Option<&Wanted>,
    ) -> Result<(Built, bool)> {
        let mut inner_needed = needed.to_vec();
        inner_needed.extend(group.conditions.iter().flat_map(columns_of));
        // Constants, and what may be a join of its own, come after all joins.
        let (late, conditions): (Vec<Expr>, Vec<Expr>) = group
            .conditions
            .iter()
            .cloned()
            .partition(|e| columns_of(e).is_empty() || self.is_candidate(e));
        let (built, ordered) = match group.relations.as_slice() {
            [one] => self.relation(one, &inner_needed, block, wanted)?,
            several if several.len() > RELATIONS_MAX => {
                return Err(Error::new(
                    ErrorKind::Limit,
                    "54000",
                    format!("a query joins more than {RELATIONS_MAX} relations"),
                ));
            }
            _ => (
                self.ordered(group, conditions, &inner_needed, block)?,
                false,
            ),
        };
        let fraction = selectivity::all(&late, block);
        let built = self.filtered(built, late, fraction)?;
        let ordered = match wanted {
            Some(wanted) => ordered || gives(&built.node, &built.layout, wanted, block),
            None => ordered,
        };
        Ok((built, ordered))
    }

    fn ordered(
        &mut self,
        group: &Group,
        conditions: Vec<Expr>,
        needed: &[usize],
        block: &Block,
    ) -> Result<Built> {
        let mut built = Vec::new();
        for relation in &group.relations {
            built.push(Some(self.relation(relation, needed, block, None)?.0));
        }
        let group = Group {
            relations: group.relations.clone(),
            conditions,
        };
        let merges = self.options.merge_joins;
        let base: Vec<Best> = built
            .iter()
            .flatten()
            .enumerate()
            .map(|(i, b)| Best {
                set: 1 << i,
                rows: b.node.rows,
                cost: b.node.cost,
                ascends: ascending(b).first().copied().filter(|_| merges),
                split: None,
            })
            .collect();
        let sets = group
            .conditions
            .iter()
            .map(|e| set_of(e, &group.relations))
            .collect();
        let equalities = group
            .conditions
            .iter()
            .map(|e| equality_sets(e, &group.relations))
            .collect();
        let mut search = Search {
            group: &group,
            block,
            sets,
            equalities,
            found: base.clone(),
            base,
        };
        let all = if group.relations.len() <= DYNAMIC_MAX {
            search.dynamic()
        } else {
            search.greedy()
        };
        let found = std::mem::take(&mut search.found);
        self.assemble(&search, &found, &mut built, all)
    }

    /// The node for `set` as the search decided.
    fn assemble(
        &mut self,
        search: &Search<'_>,
        found: &[Best],
        built: &mut [Option<Built>],
        set: u128,
    ) -> Result<Built> {
        let best = found.iter().find(|b| b.set == set);
        match best.and_then(|b| b.split) {
            None => built
                .get_mut(set.trailing_zeros() as usize)
                .and_then(Option::take)
                .ok_or_else(|| Error::misuse("PLAN-3: a relation is joined once")),
            Some((l, r)) => {
                let left = self.assemble(search, found, built, l)?;
                let right = self.assemble(search, found, built, r)?;
                let conditions = search
                    .conditions(l, r)
                    .map(|i| search.group.conditions[i].clone())
                    .collect();
                let table = search.table(r);
                self.join(
                    left,
                    right,
                    table,
                    JoinKind::Inner,
                    conditions,
                    search.block,
                )
            }
        }
    }
}

fn set_of(condition: &Expr, relations: &[Relation]) -> u128 {
    columns_of(condition)
        .into_iter()
        .filter_map(|c| relations.iter().position(|r| r.has(c)))
        .fold(0, |set, i| set | 1 << i)
}

/// The relations of the left and of the right side of an equality that could be a join's key.
fn equality_sets(condition: &Expr, relations: &[Relation]) -> Option<(u128, u128)> {
    let ExprKind::Compare(CompareOp::Eq, left, right) = &condition.kind else {
        return None;
    };
    let (l, r) = (set_of(left, relations), set_of(right, relations));
    (l != 0 && r != 0 && !has_subquery(condition)).then_some((l, r))
}

/// The columns that an equality of two columns of one type is over.
fn column_pair(condition: &Expr) -> Option<(usize, usize)> {
    match &condition.kind {
        ExprKind::Compare(CompareOp::Eq, left, right) => equal_columns(left, right),
        _ => None,
    }
}

impl<'a> Search<'a> {
    /// The conditions that become decidable when `l` and `r` are joined.
    fn conditions(&self, l: u128, r: u128) -> impl Iterator<Item = usize> + '_ {
        self.sets
            .iter()
            .enumerate()
            .filter(move |(_, s)| **s & !(l | r) == 0 && **s & !l != 0 && **s & !r != 0)
            .map(|(i, _)| i)
    }

    fn connected(&self, l: u128, r: u128) -> bool {
        self.conditions(l, r).next().is_some()
    }

    /// The relation of a set of one table.
    fn table(&self, set: u128) -> Option<&'a Relation> {
        let relation = self.group.relations.get(set.trailing_zeros() as usize)?;
        (set.is_power_of_two() && matches!(relation.source, Source::Table { .. }))
            .then_some(relation)
    }

    fn has(&self, set: u128, column: usize) -> bool {
        self.group
            .relations
            .iter()
            .position(|r| r.has(column))
            .is_some_and(|i| set & (1 << i) != 0)
    }

    /// Rows of a set, whatever the order in which it is joined.
    fn rows(&self, set: u128) -> f64 {
        let product: f64 = self
            .base
            .iter()
            .filter(|b| set & b.set != 0)
            .map(|b| b.rows)
            .product();
        let conditions = self
            .sets
            .iter()
            .zip(&self.group.conditions)
            .filter(|(s, _)| **s & !set == 0)
            .map(|(_, e)| e);
        (product * selectivity::all(conditions, self.block)).max(1e-3)
    }

    /// Whether condition `i` is an equality of the two sides.
    fn is_equality(&self, i: usize, l: u128, r: u128) -> bool {
        let within = |set: u128, of: u128| set & !of == 0;
        self.equalities[i]
            .is_some_and(|(a, b)| (within(a, l) && within(b, r)) || (within(a, r) && within(b, l)))
    }

    /// The columns by which the rows of `best` ascend: equal ones are one.
    fn ascending(&self, best: &Best) -> Vec<usize> {
        let mut columns: Vec<usize> = best.ascends.into_iter().collect();
        let mut at = 0;
        while let Some(column) = columns.get(at).copied() {
            let within = self.sets.iter().zip(&self.group.conditions);
            for (_, condition) in within.filter(|(set, _)| **set & !best.set == 0) {
                let equal = match column_pair(condition) {
                    Some((a, b)) if a == column => b,
                    Some((a, b)) if b == column => a,
                    _ => continue,
                };
                if !columns.contains(&equal) {
                    columns.push(equal);
                }
            }
            at += 1;
        }
        columns
    }

    /// Whether both sides ascend by what a condition says is equal.
    fn can_merge(&self, l: &Best, r: &Best) -> bool {
        if l.ascends.is_none() || r.ascends.is_none() {
            return false;
        }
        let (left, right) = (self.ascending(l), self.ascending(r));
        self.conditions(l.set, r.set).any(|i| {
            column_pair(&self.group.conditions[i]).is_some_and(|(a, b)| {
                (left.contains(&a) && right.contains(&b))
                    || (left.contains(&b) && right.contains(&a))
            })
        })
    }

    fn join(&self, l: &Best, r: &Best, rows: f64) -> Best {
        let inputs = Inputs {
            left: (l.rows, l.cost),
            right: (r.rows, r.cost),
            rows,
            conditions: self.conditions(l.set, r.set).count(),
            has_equality: self
                .conditions(l.set, r.set)
                .any(|i| self.is_equality(i, l.set, r.set)),
        };
        let mut cost = price(&inputs).0;
        if self.can_merge(l, r) {
            let merged = price_merge(&inputs);
            if merged.total < cost.total {
                cost = merged;
            }
        }
        if let Some(table) = self.table(r.set) {
            let conditions: Vec<Expr> = self
                .conditions(l.set, r.set)
                .map(|i| self.group.conditions[i].clone())
                .collect();
            let known = |c: usize| self.has(l.set, c);
            if let Some(path) = index_path(&known, table, &conditions, self.block) {
                let indexed = price_index(inputs.left, rows, &path);
                if indexed.total < cost.total {
                    cost = indexed;
                }
            }
        }
        Best {
            set: l.set | r.set,
            rows,
            cost,
            ascends: l.ascends,
            split: Some((l.set, r.set)),
        }
    }

    /// Looks at every set of relations, smaller ones first. Returns the set of all.
    fn dynamic(&mut self) -> u128 {
        let count = self.group.relations.len();
        let all: u128 = (1 << count) - 1;
        let mut table: Vec<Option<Best>> = vec![None; 1 << count];
        for best in &self.base {
            table[best.set as usize] = Some(*best);
        }
        for set in 1..=all {
            if set.is_power_of_two() {
                continue;
            }
            let rows = self.rows(set);
            let mut best: Option<Best> = None;
            for connected in [true, false] {
                let mut l = (set - 1) & set;
                while l != 0 {
                    let r = set & !l;
                    if let (Some(left), Some(right)) = (&table[l as usize], &table[r as usize])
                        && self.connected(l, r) == connected
                    {
                        let joined = self.join(left, right, rows);
                        if best
                            .as_ref()
                            .is_none_or(|b| joined.cost.total < b.cost.total)
                        {
                            best = Some(joined);
                        }
                    }
                    l = (l - 1) & set;
                }
                if best.is_some() {
                    break;
                }
            }
            table[set as usize] = best;
        }
        self.found = table.into_iter().flatten().collect();
        all
    }

    /// Joins the pair with the fewest rows until one set is left, which is returned.
    fn greedy(&mut self) -> u128 {
        let mut parts = self.base.clone();
        while parts.len() > 1 {
            let mut next: Option<(usize, usize, bool, f64)> = None;
            for i in 0..parts.len() {
                for j in i + 1..parts.len() {
                    let connected = self.connected(parts[i].set, parts[j].set);
                    let rows = if connected {
                        self.rows(parts[i].set | parts[j].set)
                    } else {
                        parts[i].rows * parts[j].rows
                    };
                    let better = next.is_none_or(|(_, _, c, least)| {
                        (connected && !c) || (connected == c && rows < least)
                    });
                    if better {
                        next = Some((i, j, connected, rows));
                    }
                }
            }
            let Some((i, j, ..)) = next else { break };
            let b = parts.swap_remove(j);
            let a = parts.swap_remove(i);
            let rows = self.rows(a.set | b.set);
            let (one, other) = (self.join(&a, &b, rows), self.join(&b, &a, rows));
            let joined = if one.cost.total <= other.cost.total {
                one
            } else {
                other
            };
            self.found.push(joined);
            parts.push(joined);
        }
        parts.first().map_or(0, |p| p.set)
    }
}
