//! Plans of GROUP BY, grouping sets and aggregates.
//!
//! ```text
//!   GROUP BY GROUPING SETS ((a), ())        HashAggregate   by a, set
//!                                             └─▶ Expand    each row once for each set, keys outside of it NULL
//! ```
//!
//! The group of an empty set exists even without rows.

use crate::error::Result;
use crate::plan::block::Block;
use crate::plan::cost;
use crate::plan::expr::{column, columns_of, literal, split_conjuncts};
use crate::plan::physical::{Cost, NodeKind, PlanNode};
use crate::plan::planner::{Built, Planner};
use crate::sql::bound::{Aggregate, AggregateCall, AggregateFunction, Expr};
use crate::types::{SqlType, Value};

impl Planner<'_> {
    /// `built`, grouped.
    pub(crate) fn aggregate(
        &mut self,
        aggregate: Aggregate,
        built: Built,
        block: &Block,
    ) -> Result<Built> {
        let groups = groups(&aggregate.keys, built.node.rows, block);
        let mut keys = self.resolve_all(aggregate.keys, &built.layout)?;
        let mut calls = aggregate.calls;
        for call in &mut calls {
            let arguments = std::mem::take(&mut call.arguments);
            call.arguments = self.resolve_all(arguments, &built.layout)?;
            call.filter = call
                .filter
                .take()
                .map(|e| self.resolve(e, &built.layout))
                .transpose()?;
        }
        let mut input = built.node;
        let sets = aggregate.sets;
        let mut layout: Vec<usize> = (0..keys.len() + calls.len()).collect();
        if !sets.is_empty() {
            // The number of the set is the last key here, and behind the calls for the query.
            layout.insert(keys.len(), keys.len() + calls.len());
            (input, keys) = expand(input, keys, sets.clone());
        }
        let mut types: Vec<SqlType> = keys.iter().map(|e| e.sql_type).collect();
        types.extend(calls.iter().map(|c| c.sql_type));
        let work = (keys.len() + calls.len()).max(1) as f64;
        let startup = input.cost.total + input.rows * cost::OPERATOR * work;
        let node = PlanNode {
            rows: groups,
            cost: Cost {
                startup,
                total: startup + groups * cost::ROW,
            },
            kind: NodeKind::Aggregate {
                input: Box::new(input),
                keys,
                calls,
            },
            types,
        };
        let node = match sets.iter().any(Vec::is_empty) {
            true => with_empty_sets(node, &sets),
            false => node,
        };
        let built = Built { node, layout };
        let mut conditions = Vec::new();
        if let Some(having) = aggregate.having {
            split_conjuncts(having, &mut conditions);
        }
        self.filtered(built, conditions, 0.3333)
    }
}

fn groups(keys: &[Expr], rows: f64, block: &Block) -> f64 {
    if keys.is_empty() {
        return 1.0;
    }
    let distinct: f64 = keys
        .iter()
        .map(|e| {
            columns_of(e)
                .into_iter()
                .map(|c| block.distinct(c))
                .product::<f64>()
        })
        .product();
    distinct.min(rows).max(1.0)
}

/// Each row of `below` once for each set, and the keys of the grouping: `keys`, then the set's number.
fn expand(below: PlanNode, keys: Vec<Expr>, sets: Vec<Vec<usize>>) -> (PlanNode, Vec<Expr>) {
    let width = below.types.len();
    let mut types = below.types.clone();
    types.extend(keys.iter().map(|e| e.sql_type));
    types.push(SqlType::Int4);
    let rows = below.rows * sets.len() as f64;
    let cost = Cost {
        startup: below.cost.startup,
        total: below.cost.total + rows * cost::ROW,
    };
    let node = PlanNode {
        kind: NodeKind::Expand {
            input: Box::new(below),
            keys,
            sets,
        },
        rows,
        cost,
        types,
    };
    let own = node.types.iter().enumerate().skip(width);
    let own = own.map(|(i, sql_type)| column(i, *sql_type)).collect();
    (node, own)
}

/// `node`, an aggregation by grouping sets, with the groups of its empty sets when there is no row.
fn with_empty_sets(node: PlanNode, sets: &[Vec<usize>]) -> PlanNode {
    let NodeKind::Aggregate { keys, calls, .. } = &node.kind else {
        return node;
    };
    let of_nothing = |call: &AggregateCall| match call.function {
        AggregateFunction::Count | AggregateFunction::CountStar => Value::Int8(0),
        _ => Value::Null,
    };
    let empty = sets.iter().enumerate().filter(|(_, set)| set.is_empty());
    let rows = empty
        .map(|(number, _)| {
            let mut row = vec![Value::Null; keys.len() - 1];
            row.push(Value::Int4(number as i32));
            row.extend(calls.iter().map(of_nothing));
            let values = row.into_iter().zip(&node.types);
            values.map(|(v, t)| literal(v, *t)).collect()
        })
        .collect();
    PlanNode {
        types: node.types.clone(),
        rows: node.rows,
        cost: node.cost,
        kind: NodeKind::IfEmpty {
            input: Box::new(node),
            rows,
        },
    }
}
