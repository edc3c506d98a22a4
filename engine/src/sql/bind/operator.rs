//! Operators, chosen by the types of their operands.

use super::coerce::literal;
use super::coerce::{Context, latest, narrowed, same};
use super::context::Binder;
use super::literal::number;
use super::names::sql_error;
use super::row_value::row_values;
use super::system::is_regclass;
use super::time_operator::is_temporal;
use crate::error::{Error, Result};
use crate::sql::bound::{ArithmeticOp, CompareOp, Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::types::SqlType;
use sqlparser::ast;
use sqlparser::ast::{BinaryOperator, UnaryOperator};

impl Binder<'_> {
    /// `left op right`. Chains such as `a + b + c` are as deep as they are long, so that they are walked in a loop.
    pub(super) fn bind_binary(
        &mut self,
        whole: &ast::Expr,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
    ) -> Result<Expr> {
        if matches!(op, BinaryOperator::And | BinaryOperator::Or) {
            return self.bind_logical(whole, op);
        }
        let mut pending = vec![(op, right)];
        let mut first = left;
        while let ast::Expr::BinaryOp { left, op, right } = first
            && !matches!(op, BinaryOperator::And | BinaryOperator::Or)
        {
            pending.push((op, right));
            first = left;
        }
        self.deeper(pending.len() - 1, |binder| {
            if let ([(op, right)], Some(left)) = (pending.as_slice(), row_values(first)) {
                return match row_values(right) {
                    Some(right) if matches!(op, BinaryOperator::Overlaps) => {
                        binder.overlaps(&left, &right)
                    }
                    _ => binder.compare_rows(&left, op, right),
                };
            }
            let mut result = binder.bind_operand(first)?;
            for (op, right) in pending.into_iter().rev() {
                let right = binder.bind_operand(right)?;
                result = binder.apply(op, result, right)?;
            }
            Ok(result)
        })
    }

    /// An operand of an operator, for which a relation is its number.
    fn bind_operand(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match is_regclass(expr) {
            true => self.bind_expr(&self.with_numbers(expr)?),
            false => self.bind_expr(expr),
        }
    }

    /// A chain of AND or of OR, as one operator of many operands.
    fn bind_logical(&mut self, whole: &ast::Expr, op: &BinaryOperator) -> Result<Expr> {
        let mut operands = Vec::new();
        let mut rest = whole;
        loop {
            match rest {
                ast::Expr::BinaryOp {
                    left,
                    op: inner,
                    right,
                } if inner == op => {
                    operands.push(&**right);
                    rest = left;
                }
                ast::Expr::Nested(inner) if matches!(&**inner, ast::Expr::BinaryOp { op: o, .. } if o == op) =>
                {
                    rest = inner;
                }
                first => {
                    operands.push(first);
                    break;
                }
            }
        }
        operands.reverse();
        let is_and = *op == BinaryOperator::And;
        let place = if is_and { "AND" } else { "OR" };
        let operands = operands
            .into_iter()
            .map(|operand| self.bind_condition(operand, place))
            .collect::<Result<_>>()?;
        Ok(boolean(if is_and {
            ExprKind::And(operands)
        } else {
            ExprKind::Or(operands)
        }))
    }

    pub(super) fn apply(&mut self, op: &BinaryOperator, left: Expr, right: Expr) -> Result<Expr> {
        if let Some(op) = comparison(op) {
            return self.compare(op, left, right);
        }
        match op {
            BinaryOperator::Plus => self.arithmetic(ArithmeticOp::Add, left, right),
            BinaryOperator::Minus => self.arithmetic(ArithmeticOp::Subtract, left, right),
            BinaryOperator::Multiply => self.arithmetic(ArithmeticOp::Multiply, left, right),
            BinaryOperator::Divide => self.arithmetic(ArithmeticOp::Divide, left, right),
            BinaryOperator::Modulo => self.arithmetic(ArithmeticOp::Modulo, left, right),
            BinaryOperator::StringConcat => self.concat(left, right),
            BinaryOperator::PGExp => self.power(left, right),
            BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch => self.matches(op, left, right),
            BinaryOperator::AtArrow | BinaryOperator::ArrowAt | BinaryOperator::PGOverlap
                if is_array(left.sql_type) || is_array(right.sql_type) =>
            {
                self.array_operator(op, left, right)
            }
            other => self.json_operator(other, left, right),
        }
    }

    /// The two operands of a comparison, brought to one type. `42883` when there is none.
    pub(super) fn comparable(
        &mut self,
        symbol: &str,
        left: Expr,
        right: Expr,
    ) -> Result<(Expr, Expr)> {
        let (l, r) = (left.sql_type, right.sql_type);
        let common = match (l, r) {
            (SqlType::Unknown, SqlType::Unknown) => SqlType::Text,
            (SqlType::Unknown, SqlType::Json) | (SqlType::Json, SqlType::Unknown) => {
                return Err(no_operator(symbol, l, r));
            }
            (SqlType::Unknown, known) | (known, SqlType::Unknown) => known.base(),
            (SqlType::Json, _) | (_, SqlType::Json) => return Err(no_operator(symbol, l, r)),
            // Of TEXT and VARCHAR there are no arrays that can be compared.
            (SqlType::Array(_), SqlType::Array(_)) if l.base() != r.base() => {
                return Err(no_operator(symbol, l, r));
            }
            _ if same(l, r) => return Ok((left, right)),
            _ if l.is_integer() && r.is_integer() => {
                if let Some(right) = narrowed(&right, l) {
                    return Ok((left, right));
                }
                if let Some(left) = narrowed(&left, r) {
                    return Ok((left, right));
                }
                wider(l, r)
            }
            _ if l.is_number() && r.is_number() => wider(l, r),
            _ if l.is_datetime() && r.is_datetime() => latest(l, r),
            (SqlType::Char(_), SqlType::Varchar(_)) | (SqlType::Varchar(_), SqlType::Char(_)) => {
                SqlType::Char(None)
            }
            (SqlType::Char(_), SqlType::Text) | (SqlType::Text, SqlType::Char(_)) => SqlType::Text,
            (SqlType::Interval(_), SqlType::Time(_)) | (SqlType::Time(_), SqlType::Interval(_)) => {
                SqlType::Interval(None)
            }
            _ => return Err(no_operator(symbol, l, r)),
        };
        let left = self.cast(left, common, Context::Implicit)?;
        let right = self.cast(right, common, Context::Implicit)?;
        Ok((left, right))
    }

    /// `left op right`
    pub(super) fn compare(&mut self, op: CompareOp, left: Expr, right: Expr) -> Result<Expr> {
        let (left, right) = self.comparable(op.symbol(), left, right)?;
        Ok(boolean(ExprKind::Compare(
            op,
            Box::new(left),
            Box::new(right),
        )))
    }

    fn arithmetic(&mut self, op: ArithmeticOp, left: Expr, right: Expr) -> Result<Expr> {
        let symbol = match op {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Subtract => "-",
            ArithmeticOp::Multiply => "*",
            ArithmeticOp::Divide => "/",
            ArithmeticOp::Modulo => "%",
        };
        let (l, r) = (left.sql_type, right.sql_type);
        if l == SqlType::Jsonb && op == ArithmeticOp::Subtract {
            return self.json_without(left, right);
        }
        if is_temporal(l) || is_temporal(r) {
            return self.time_arithmetic(op, symbol, left, right);
        }
        let common = match (l, r) {
            (SqlType::Unknown, SqlType::Unknown) => {
                return Err(sql_error(
                    "42725",
                    format!("operator is not unique: unknown {symbol} unknown"),
                ));
            }
            (SqlType::Unknown, known) | (known, SqlType::Unknown) if known.is_number() => {
                known.base()
            }
            _ if l.is_number() && r.is_number() => wider(l, r),
            _ => return Err(no_operator(symbol, l, r)),
        };
        if op == ArithmeticOp::Modulo && common.is_float() {
            return Err(no_operator(symbol, l, r));
        }
        let left = self.cast(left, common, Context::Implicit)?;
        let right = self.cast(right, common, Context::Implicit)?;
        Ok(Expr {
            kind: ExprKind::Arithmetic(op, Box::new(left), Box::new(right)),
            sql_type: common,
        })
    }

    fn concat(&mut self, left: Expr, right: Expr) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        if l == SqlType::Jsonb || r == SqlType::Jsonb {
            return self.json_concat(left, right);
        }
        if is_array(l) || is_array(r) {
            return self.array_concat(left, right);
        }
        let textual = |t: SqlType| t.is_text() || matches!(t, SqlType::Unknown | SqlType::Char(_));
        let sql_type = match (l, r) {
            (SqlType::Bytes, SqlType::Bytes | SqlType::Unknown)
            | (SqlType::Unknown, SqlType::Bytes) => SqlType::Bytes,
            (SqlType::Bytes, _) | (_, SqlType::Bytes) => return Err(no_operator("||", l, r)),
            _ if textual(l) || textual(r) => SqlType::Text,
            _ => return Err(no_operator("||", l, r)),
        };
        let left = self.cast(left, sql_type, Context::Assignment)?;
        let right = self.cast(right, sql_type, Context::Assignment)?;
        Ok(Expr {
            kind: ExprKind::Call(ScalarFunction::Concat, vec![left, right]),
            sql_type,
        })
    }

    fn power(&mut self, left: Expr, right: Expr) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        let usable = |t: SqlType| t.is_number() || t == SqlType::Unknown;
        if !usable(l) || !usable(r) || (l == SqlType::Unknown && r == SqlType::Unknown) {
            return Err(no_operator("^", l, r));
        }
        self.resolve_call("power", vec![left, right])
    }

    /// `op operand`
    pub(super) fn bind_unary(&mut self, op: &UnaryOperator, operand: &ast::Expr) -> Result<Expr> {
        if matches!(op, UnaryOperator::Minus | UnaryOperator::Plus) && is_power(operand) {
            return self.bind_expr(&signed(*op, operand));
        }
        if *op == UnaryOperator::Minus
            && let ast::Expr::Value(value) = operand
            && let ast::Value::Number(digits, false) = &value.value
        {
            return number(digits, true).map(|(value, sql_type)| literal(value, sql_type));
        }
        let input = self.bind_expr(operand)?;
        match op {
            UnaryOperator::Not => {
                let input = self.condition(input, "NOT")?;
                Ok(boolean(ExprKind::Not(Box::new(input))))
            }
            UnaryOperator::Plus | UnaryOperator::Minus => {
                let symbol = if *op == UnaryOperator::Plus { "+" } else { "-" };
                let sql_type = input.sql_type;
                if sql_type == SqlType::Unknown {
                    return Err(sql_error(
                        "42725",
                        format!("operator is not unique: {symbol} unknown"),
                    ));
                }
                let negates =
                    *op == UnaryOperator::Minus && sql_type.base() == SqlType::Interval(None);
                if !sql_type.is_number() && !negates {
                    let message =
                        format!("operator does not exist: {symbol} {}", sql_type.base_name());
                    return Err(sql_error("42883", message));
                }
                if *op == UnaryOperator::Plus {
                    return Ok(input);
                }
                Ok(Expr {
                    kind: ExprKind::Negate(Box::new(input)),
                    sql_type: sql_type.base(),
                })
            }
            UnaryOperator::PGAbs => self.resolve_call("abs", vec![input]),
            UnaryOperator::PGSquareRoot => self.resolve_call("sqrt", vec![input]),
            other => Err(Error::unsupported(format_args!("the operator {other}"))),
        }
    }
}

fn is_array(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::Array(_))
}

/// An expression of type BOOLEAN.
pub(super) fn boolean(kind: ExprKind) -> Expr {
    Expr {
        kind,
        sql_type: SqlType::Bool,
    }
}

/// The type in which an operator computes with two numbers: with a float beside anything else, DOUBLE PRECISION.
fn wider(a: SqlType, b: SqlType) -> SqlType {
    let (a, b) = (a.base(), b.base());
    if a == b {
        a
    } else if a.is_float() || b.is_float() {
        SqlType::Float8
    } else if a.is_numeric() || b.is_numeric() {
        SqlType::Numeric(None)
    } else if a == SqlType::Int8 || b == SqlType::Int8 {
        SqlType::Int8
    } else {
        SqlType::Int4
    }
}

/// `42883` for an operator.
pub(super) fn no_operator(symbol: &str, left: SqlType, right: SqlType) -> Error {
    let message = format!(
        "operator does not exist: {} {symbol} {}",
        left.base_name(),
        right.base_name()
    );
    sql_error("42883", message)
}

/// The comparison that is written so.
pub(super) fn comparison(op: &BinaryOperator) -> Option<CompareOp> {
    Some(match op {
        BinaryOperator::Eq => CompareOp::Eq,
        BinaryOperator::NotEq => CompareOp::Ne,
        BinaryOperator::Lt => CompareOp::Lt,
        BinaryOperator::LtEq => CompareOp::Le,
        BinaryOperator::Gt => CompareOp::Gt,
        BinaryOperator::GtEq => CompareOp::Ge,
        _ => return None,
    })
}

/// Whether `expr` is `a ^ b`.
fn is_power(expr: &ast::Expr) -> bool {
    matches!(
        expr,
        ast::Expr::BinaryOp {
            op: BinaryOperator::PGExp,
            ..
        }
    )
}

/// The sign in its place: it binds tighter than `^`, which the parser takes the other way round.
fn signed(sign: UnaryOperator, expr: &ast::Expr) -> ast::Expr {
    match expr {
        ast::Expr::BinaryOp { left, op, right } if is_power(expr) => ast::Expr::BinaryOp {
            left: Box::new(signed(sign, left)),
            op: op.clone(),
            right: right.clone(),
        },
        other => ast::Expr::UnaryOp {
            op: sign,
            expr: Box::new(other.clone()),
        },
    }
}
