//! Walks through the parser's trees.
//!
//! The parser's own are generic over what is done on the way: for each closure they would be compiled anew, for all types of
//! the grammar. These are compiled once, and call what is to be done through a pointer.

use sqlparser::ast::{self, Expr, ObjectName, Query, Select, ValueWithSpan};
use std::ops::ControlFlow;

/// A part of a tree that somebody asks for.
pub(super) enum Part<'a> {
    /// The name of a relation.
    Relation(&'a ObjectName),
    /// A literal.
    Value(&'a ValueWithSpan),
    /// An expression, after those in it.
    Expr(&'a Expr),
}

/// A part of a tree that somebody changes.
pub(super) enum PartMut<'a> {
    /// A query, before what is in it.
    Query(&'a Query),
    /// A SELECT, before what is in it.
    Select(&'a mut Select),
    /// The name of a relation.
    Relation(&'a mut ObjectName),
    /// A literal.
    Value(&'a mut ValueWithSpan),
    /// An expression, after those in it.
    Expr(&'a mut Expr),
}

/// Calls `each` for one part after the other, until it breaks.
pub(super) fn visit<B>(
    tree: &impl ast::Visit,
    mut each: impl FnMut(Part<'_>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut broken = None;
    let mut each = |part: Part<'_>| each(part).map_break(|value| broken = Some(value));
    let _ = tree.visit(&mut Called(&mut each));
    broken.map_or(ControlFlow::Continue(()), ControlFlow::Break)
}

/// Calls `each` for one part after the other, which it may change, until it breaks.
pub(super) fn visit_mut<B>(
    tree: &mut impl ast::VisitMut,
    mut each: impl FnMut(PartMut<'_>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut broken = None;
    let mut each = |part: PartMut<'_>| each(part).map_break(|value| broken = Some(value));
    let _ = tree.visit(&mut CalledMut(&mut each));
    broken.map_or(ControlFlow::Continue(()), ControlFlow::Break)
}

/// The same for expressions alone.
pub(super) fn visit_expressions<B>(
    tree: &impl ast::Visit,
    mut each: impl FnMut(&Expr) -> ControlFlow<B>,
) -> ControlFlow<B> {
    visit(tree, |part| match part {
        Part::Expr(expr) => each(expr),
        _ => ControlFlow::Continue(()),
    })
}

/// The same for expressions alone, which it may change.
pub(super) fn visit_expressions_mut<B>(
    tree: &mut impl ast::VisitMut,
    mut each: impl FnMut(&mut Expr) -> ControlFlow<B>,
) -> ControlFlow<B> {
    visit_mut(tree, |part| match part {
        PartMut::Expr(expr) => each(expr),
        _ => ControlFlow::Continue(()),
    })
}

/// The same for the names of relations alone.
pub(super) fn visit_relations<B>(
    tree: &impl ast::Visit,
    mut each: impl FnMut(&ObjectName) -> ControlFlow<B>,
) -> ControlFlow<B> {
    visit(tree, |part| match part {
        Part::Relation(name) => each(name),
        _ => ControlFlow::Continue(()),
    })
}

struct Called<'a>(&'a mut dyn FnMut(Part<'_>) -> ControlFlow<()>);

impl ast::Visitor for Called<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        (self.0)(Part::Relation(name))
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        (self.0)(Part::Value(value))
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        (self.0)(Part::Expr(expr))
    }
}

struct CalledMut<'a>(&'a mut dyn FnMut(PartMut<'_>) -> ControlFlow<()>);

impl ast::VisitorMut for CalledMut<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        (self.0)(PartMut::Query(query))
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        (self.0)(PartMut::Select(select))
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
        (self.0)(PartMut::Relation(name))
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        (self.0)(PartMut::Value(value))
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        (self.0)(PartMut::Expr(expr))
    }
}
