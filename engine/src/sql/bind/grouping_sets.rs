//! GROUP BY: its keys, and which sets of them are grouped by.
//!
//! ```text
//!   GROUP BY a, ROLLUP (b, c)      keys a = 0, b = 1, c = 2      sets {0, 1, 2}, {0, 1}, {0}
//! ```
//!
//! Each item gives a list of sets; those of several items are joined, each with each.

use super::context::{Binder, Clause};
use super::names::sql_error;
use super::order::Target;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::Expr;
use sqlparser::ast;

/// Items that CUBE may have, as in PostgreSQL.
const CUBE_MAX: usize = 12;
/// Sets that a query may have, as in PostgreSQL.
const SETS_MAX: usize = 4096;

/// What GROUP BY says.
#[derive(Default)]
pub(super) struct GroupBy {
    /// Each key once.
    pub(super) keys: Vec<Expr>,
    /// Positions in `keys`; none when there is only the set of all.
    pub(super) sets: Vec<Vec<usize>>,
}

impl GroupBy {
    fn add(&mut self, key: Expr) -> usize {
        let known = self.keys.iter().position(|k| *k == key);
        known.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }
}

impl Binder<'_> {
    /// The keys and grouping sets of GROUP BY.
    pub(super) fn bind_group_by(
        &mut self,
        terms: &[ast::Expr],
        targets: &[Target],
    ) -> Result<GroupBy> {
        self.in_clause(Clause::GroupBy, |binder| {
            let mut group_by = GroupBy::default();
            let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
            let mut plain = true;
            for term in terms {
                let own = binder.sets_of(term, targets, &mut group_by)?;
                plain &= own.len() == 1 && !own[0].is_empty();
                check_count(sets.len().saturating_mul(own.len()))?;
                sets = sets
                    .iter()
                    .flat_map(|left| own.iter().map(move |right| union(left, right)))
                    .collect();
            }
            if !plain {
                group_by.sets = sets;
            }
            Ok(group_by)
        })
    }

    /// The sets that one item of GROUP BY gives.
    fn sets_of(
        &mut self,
        term: &ast::Expr,
        targets: &[Target],
        group_by: &mut GroupBy,
    ) -> Result<Vec<Vec<usize>>> {
        let mut tuples = |binder: &mut Self, tuples: &[Vec<ast::Expr>]| {
            tuples
                .iter()
                .map(|tuple| binder.set(tuple, targets, group_by))
                .collect::<Result<Vec<_>>>()
        };
        Ok(match term {
            ast::Expr::Tuple(items) => vec![self.set(items, targets, group_by)?],
            ast::Expr::GroupingSets(sets) => {
                let mut all = Vec::new();
                for set in sets {
                    match set.as_slice() {
                        [only] => match inner_sets(only) {
                            Some(inner) => all.extend(self.sets_of(&inner?, targets, group_by)?),
                            None => all.push(self.set(set, targets, group_by)?),
                        },
                        _ => all.push(self.set(set, targets, group_by)?),
                    }
                    check_count(all.len())?;
                }
                all
            }
            ast::Expr::Rollup(items) => {
                let items = tuples(self, items)?;
                let first = |n: usize| items[..n].iter().fold(Vec::new(), |a, b| union(&a, b));
                (0..=items.len()).rev().map(first).collect()
            }
            ast::Expr::Cube(items) if items.len() > CUBE_MAX => {
                let message = format!("CUBE is limited to {CUBE_MAX} elements");
                return Err(Error::new(ErrorKind::Limit, "54011", message));
            }
            ast::Expr::Cube(items) => {
                let items = tuples(self, items)?;
                let all = 1usize << items.len();
                let chosen = |mask: usize| {
                    let among = items
                        .iter()
                        .enumerate()
                        .filter(|(i, _)| mask & (1 << i) != 0);
                    among.fold(Vec::new(), |a, (_, b)| union(&a, b))
                };
                (0..all).rev().map(chosen).collect()
            }
            key => {
                let key = self.bind_group_key(key, targets)?;
                vec![vec![group_by.add(key)]]
            }
        })
    }

    fn set(
        &mut self,
        items: &[ast::Expr],
        targets: &[Target],
        group_by: &mut GroupBy,
    ) -> Result<Vec<usize>> {
        let mut set = Vec::new();
        for item in items {
            let key = self.bind_group_key(item, targets)?;
            let key = group_by.add(key);
            if !set.contains(&key) {
                set.push(key);
            }
        }
        Ok(set)
    }
}

/// `54001` for more sets than a query may have.
fn check_count(sets: usize) -> Result<()> {
    if sets <= SETS_MAX {
        return Ok(());
    }
    let message = format!("too many grouping sets present (maximum {SETS_MAX})");
    Err(Error::new(ErrorKind::Limit, "54001", message))
}

/// `ROLLUP (…)` and `CUBE (…)` in a list of sets, where the parser takes them for calls; `None` for anything else. Errors:
/// `42601` for what is no list of expressions.
fn inner_sets(item: &ast::Expr) -> Option<Result<ast::Expr>> {
    let ast::Expr::Function(function) = item else {
        return None;
    };
    let [ast::ObjectNamePart::Identifier(ident)] = function.name.0.as_slice() else {
        return None;
    };
    let make: fn(Vec<Vec<ast::Expr>>) -> ast::Expr = match ident.value.to_ascii_lowercase().as_str()
    {
        "rollup" if ident.quote_style.is_none() => ast::Expr::Rollup,
        "cube" if ident.quote_style.is_none() => ast::Expr::Cube,
        _ => return None,
    };
    let ast::FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let tuples = list.args.iter().map(|argument| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Tuple(items))) => {
            Ok(items.clone())
        }
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Nested(item))) => {
            Ok(vec![(**item).clone()])
        }
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(item)) => Ok(vec![item.clone()]),
        other => {
            let message = format!("syntax error at or near \"{other}\"");
            Err(sql_error("42601", message))
        }
    });
    let tuples: Result<Vec<_>> = tuples.collect();
    Some(tuples.and_then(|tuples| match tuples.is_empty() {
        true => Err(sql_error("42601", "syntax error at or near \")\"")),
        false => Ok(make(tuples)),
    }))
}

fn union(left: &[usize], right: &[usize]) -> Vec<usize> {
    let mut all = left.to_vec();
    all.extend(right.iter().filter(|key| !left.contains(key)));
    all
}

/// What `GROUPING` of the keys at `arguments` is for each of `sets`: a bit for each, the last one lowest, set where the
/// key is not in the set. `54023` for more bits than there are.
pub(super) fn masks(arguments: &[usize], sets: &[Vec<usize>]) -> Result<Vec<i32>> {
    if arguments.len() > 31 {
        let message = "GROUPING must have fewer than 32 arguments";
        return Err(Error::new(ErrorKind::Limit, "54023", message));
    }
    let bit = |mask: i32, missing: bool| (mask << 1) | i32::from(missing);
    Ok(sets
        .iter()
        .map(|set| {
            arguments
                .iter()
                .fold(0, |mask, key| bit(mask, !set.contains(key)))
        })
        .collect())
}

/// `42803`
pub(super) fn not_a_key() -> Error {
    let message =
        "arguments to GROUPING must be grouping expressions of the associated query level";
    sql_error("42803", message)
}
