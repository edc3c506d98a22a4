//! Walks through a source file and finds the places where somebody could have written something else.

use crate::place::{Kind, Mutant, Place, Shape};
use crate::values;
use proc_macro2::TokenStream;
use std::ops::Range;
use std::str::FromStr;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Block, Expr, Pat, Signature, Stmt, UnOp};

/// Finds all places of a file. Mutants get the numbers from `first` on.
///
/// # Errors
/// When the file is not Rust.
pub(crate) fn places(source: &str, first: u32) -> Result<Vec<Place>, String> {
    let file = syn::parse_file(source).map_err(|e| e.to_string())?;
    let mut finder = Finder {
        source,
        next: first,
        path: Vec::new(),
        places: Vec::new(),
    };
    finder.visit_file(&file);
    Ok(finder.places)
}

struct Finder<'a> {
    source: &'a str,
    next: u32,
    /// Names of the types and functions that we are in.
    path: Vec<String>,
    places: Vec<Place>,
}

/// On one line, without comments.
fn one_line(source: &str) -> String {
    let plain = || source.split_whitespace().collect::<Vec<_>>().join(" ");
    match source.contains('\n') {
        true => TokenStream::from_str(source).map_or_else(|_| plain(), |tokens| tokens.to_string()),
        false => source.to_owned(),
    }
}

/// Code that is compiled for tests only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::NameValue(_) => false,
    })
}

/// What an operator may become.
fn others(operator: &str) -> &'static [&'static str] {
    match operator {
        "==" => &["!="],
        "!=" => &["=="],
        "<" => &["<=", "==", ">"],
        ">" => &[">=", "==", "<"],
        "<=" => &["<", ">"],
        ">=" => &[">", "<"],
        "+" => &["-", "*"],
        "-" => &["+", "/"],
        "*" => &["+", "/"],
        "/" => &["%", "*"],
        "%" => &["/", "+"],
        "&" => &["|", "^"],
        "|" => &["&", "^"],
        "^" => &["&", "|"],
        "<<" => &[">>"],
        ">>" => &["<<"],
        "+=" => &["-=", "*="],
        "-=" => &["+=", "/="],
        "*=" => &["+=", "/="],
        "/=" => &["%=", "*="],
        "%=" => &["/=", "+="],
        "&=" => &["|=", "^="],
        "|=" => &["&=", "^="],
        "^=" => &["&=", "|="],
        "<<=" => &[">>="],
        ">>=" => &["<<="],
        _ => &[],
    }
}

/// Whether it is a call, or one whose error is passed on.
fn is_call(expr: &Expr) -> bool {
    match expr {
        Expr::Call(_) | Expr::MethodCall(_) => true,
        Expr::Try(inner) => is_call(&inner.expr),
        _ => false,
    }
}

/// Whether a condition holds only where a mistake is planted.
fn asks_for_mistake(condition: &Expr) -> bool {
    match condition {
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if path.path.is_ident("makes"))
        }
        Expr::Binary(both) if matches!(both.op, BinOp::And(_)) => {
            asks_for_mistake(&both.left) || asks_for_mistake(&both.right)
        }
        _ => false,
    }
}

impl Finder<'_> {
    fn text(&self, span: Range<usize>) -> &str {
        &self.source[span]
    }

    /// Whether what is planted there would be changed.
    fn is_planted(&self, span: Range<usize>) -> bool {
        self.text(span).contains("makes(")
    }

    /// Takes a place with the changes and codes of its mutants.
    fn found(
        &mut self,
        kind: Kind,
        span: Range<usize>,
        shape: Shape,
        mutants: Vec<(String, String)>,
    ) {
        let line = self.source[..span.start].matches('\n').count() + 1;
        let mutants = mutants.into_iter().map(|(change, code)| {
            self.next += 1;
            Mutant {
                number: self.next - 1,
                change,
                code,
            }
        });
        let place = Place {
            kind,
            function: self.path.join("::"),
            line,
            span,
            shape,
            mutants: mutants.collect(),
        };
        self.places.push(place);
    }

    fn function(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) {
        if is_for_tests(attributes) || signature.constness.is_some() {
            return;
        }
        self.path.push(signature.ident.to_string());
        let values = values::of_return(&signature.output);
        let mutants = values.into_iter().map(|value| match value.as_str() {
            "" => ("returns at once".to_owned(), value),
            _ => (format!("returns `{value}`"), value),
        });
        let mutants: Vec<_> = mutants.collect();
        if !mutants.is_empty() && !block.stmts.is_empty() {
            let span = block.span().byte_range();
            self.found(Kind::Body, span, Shape::Body, mutants);
        }
        self.visit_block(block);
        self.path.pop();
    }

    fn in_path(&mut self, name: Option<String>, visit: impl FnOnce(&mut Self)) {
        let depth = self.path.len();
        self.path.extend(name);
        visit(self);
        self.path.truncate(depth);
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        let span = binary.span().byte_range();
        let left = binary.left.span().byte_range();
        let operator = binary.op.span().byte_range();
        let name = self.text(operator.clone()).to_owned();
        let is_let = |e: &Expr| matches!(e, Expr::Let(_));
        if self.is_planted(span.clone()) {
            return;
        }
        let whole = one_line(self.text(span.clone()));
        let change = |to: &str| format!("`{name}` becomes `{to}` in `{whole}`");
        match binary.op {
            BinOp::And(_) | BinOp::Or(_) => {
                let is_and = matches!(binary.op, BinOp::And(_));
                // A chain of conditions that bind names is no expression.
                if !has_let(&binary.left) && !is_let(&binary.right) {
                    let to = if is_and { "||" } else { "&&" };
                    let shape = Shape::Logic { operator };
                    let mutants = vec![(change(to), to.to_owned())];
                    self.found(Kind::Logic, span, shape, mutants);
                }
            }
            _ => {
                let to = others(&name).iter();
                let mutants: Vec<_> = to.map(|&to| (change(to), to.to_owned())).collect();
                let (kind, shape) = match name.as_str() {
                    "==" | "!=" | "<" | ">" | "<=" | ">=" => {
                        (Kind::Comparison, Shape::Comparison { operator })
                    }
                    _ if name.ends_with('=') => {
                        let right = one_line(self.text(binary.right.span().byte_range()));
                        let left = one_line(self.text(left));
                        let code = |(change, to)| (change, format!("{left} {to} {right}"));
                        let mutants = mutants.into_iter().map(code).collect();
                        return self.found(Kind::Arithmetic, span, Shape::Whole, mutants);
                    }
                    _ => (Kind::Arithmetic, Shape::Arithmetic { operator }),
                };
                self.found(kind, span, shape, mutants);
            }
        }
    }

    fn statement(&mut self, expr: &Expr, semicolon: &syn::token::Semi) {
        let kind = match expr {
            Expr::Assign(assign) if !matches!(&*assign.left, Expr::Infer(_)) => Kind::Assignment,
            _ if is_call(expr) => Kind::Statement,
            _ => return,
        };
        let whole = expr.span().byte_range();
        if self.is_planted(whole.clone()) {
            return;
        }
        let change = format!("deleted: `{}`", one_line(self.text(whole.clone())));
        let span = whole.start..semicolon.span().byte_range().end;
        self.found(kind, span, Shape::Statement, vec![(change, String::new())]);
    }

    /// An arm can be left out when the last one takes what no other does.
    fn arm(&mut self, arm: &syn::Arm, has_rest: bool) {
        if let Some((_, guard)) = &arm.guard {
            let span = guard.span().byte_range();
            if !has_let(guard) && !self.is_planted(span.clone()) {
                let whole = one_line(self.text(span.clone()));
                let change = |to: &str| (format!("guard `{whole}` is {to}"), to.to_owned());
                let mutants = vec![change("true"), change("false")];
                self.found(Kind::Guard, span, Shape::Guard, mutants);
            }
        } else if has_rest && !matches!(arm.pat, Pat::Wild(_)) {
            let span = arm.pat.span().byte_range();
            let whole = one_line(self.text(span.clone()));
            let mutants = vec![(format!("arm `{whole}` is left out"), String::new())];
            self.found(Kind::Arm, span, Shape::Arm, mutants);
        }
    }
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

fn name_of(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()),
        syn::Type::Reference(reference) => name_of(&reference.elem),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.attrs, &item.sig, block);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = item
            .trait_
            .as_ref()
            .and_then(|(_, of, _)| of.segments.last());
        let prints = of.is_some_and(|of| of.ident == "Debug" || of.ident == "Display");
        if !prints && !is_for_tests(&item.attrs) {
            self.in_path(name_of(&item.self_ty), |finder| {
                visit::visit_item_impl(finder, item);
            });
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.in_path(Some(item.ident.to_string()), |finder| {
            visit::visit_item_trait(finder, item);
        });
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        if let Stmt::Expr(expr, Some(semicolon)) = stmt {
            self.statement(expr, semicolon);
        }
        visit::visit_stmt(self, stmt);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let is_and = matches!(binary.op, BinOp::And(_));
        if is_and && (asks_for_mistake(&binary.left) || asks_for_mistake(&binary.right)) {
            return;
        }
        self.binary(binary);
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let span = unary.span().byte_range();
        let operator = unary.op.span().byte_range();
        if !matches!(unary.op, UnOp::Deref(_)) && !self.is_planted(span.clone()) {
            let name = self.text(operator.clone());
            let change = format!(
                "`{name}` left out of `{}`",
                one_line(self.text(span.clone()))
            );
            let shape = Shape::Negation { operator };
            self.found(Kind::Negation, span, shape, vec![(change, String::new())]);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.visit_expr(&branch.cond);
        if !asks_for_mistake(&branch.cond) {
            self.visit_block(&branch.then_branch);
        }
        if let Some((_, other)) = &branch.else_branch {
            self.visit_expr(other);
        }
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        self.visit_expr(&choice.expr);
        let last = choice.arms.last();
        let has_rest = last.is_some_and(|a| matches!(a.pat, Pat::Wild(_)) && a.guard.is_none());
        let is_planted = asks_for_mistake(&choice.expr);
        for arm in &choice.arms {
            self.arm(arm, has_rest);
            if let Some((_, guard)) = &arm.guard {
                self.visit_expr(guard);
            }
            if !is_planted || self.text(arm.pat.span().byte_range()) != "true" {
                self.visit_expr(&arm.body);
            }
        }
    }

    // What the compiler computes, and what only looks like an expression.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_path(&mut self, _: &'ast syn::Path) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }
}
