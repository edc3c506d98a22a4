//! Expressions as text, for `EXPLAIN`.

use crate::plan::physical::RangeEnd;
use crate::plan::planner::subplan_number;
use crate::sql::bound::{ArithmeticOp, Expr, ExprKind, Query};
use crate::types::Value;

/// All of `predicates`, as one condition.
pub(crate) fn describe_all(predicates: &[Expr], names: &[String]) -> String {
    let parts: Vec<String> = predicates.iter().map(|e| describe(e, names)).collect();
    match parts.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" AND ")),
    }
}

/// One end of a range of `column`; `op` is `<` or `>`.
pub(crate) fn range_text(column: &str, op: &str, end: &RangeEnd, names: &[String]) -> String {
    let equal = if end.inclusive { "=" } else { "" };
    format!("({column} {op}{equal} {})", describe(&end.value, names))
}

/// `expr` as text; columns by `names`.
pub(crate) fn describe(expr: &Expr, names: &[String]) -> String {
    let text = |e: &Expr| describe(e, names);
    let list = |l: &[Expr], by: &str| l.iter().map(text).collect::<Vec<_>>().join(by);
    let row = |l: &[Expr]| match l {
        [one] => text(one),
        several => format!("ROW({})", list(several, ", ")),
    };
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Parameter(n) => format!("${}", n + 1),
        ExprKind::Column(c) => names.get(*c).cloned().unwrap_or_else(|| format!("#{c}")),
        ExprKind::OuterColumn { column, .. } => format!("outer #{column}"),
        ExprKind::Cast { input, .. } => format!("({})::{}", text(input), expr.sql_type),
        ExprKind::And(l) => format!("({})", list(l, " AND ")),
        ExprKind::Or(l) => format!("({})", list(l, " OR ")),
        ExprKind::Not(input) => format!("(NOT {})", text(input)),
        ExprKind::Compare(op, l, r) => format!("({} {} {})", text(l), op.symbol(), text(r)),
        ExprKind::Distinct { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::IsBool { .. }
        | ExprKind::InList { .. }
        | ExprKind::Like { .. } => describe_test(expr, names),
        ExprKind::Arithmetic(op, l, r) => {
            format!("({} {} {})", text(l), arithmetic(*op), text(r))
        }
        ExprKind::Negate(input) => format!("(- {})", text(input)),
        ExprKind::Case {
            branches,
            otherwise,
        } => {
            let mut all = String::from("CASE");
            for (condition, result) in branches {
                all += &format!(" WHEN {} THEN {}", text(condition), text(result));
            }
            if let Some(otherwise) = otherwise {
                all += &format!(" ELSE {}", text(otherwise));
            }
            all + " END"
        }
        ExprKind::Coalesce(l) => format!("COALESCE({})", list(l, ", ")),
        ExprKind::Call(function, l) => {
            format!(
                "{}({})",
                format!("{function:?}").to_lowercase(),
                list(l, ", ")
            )
        }
        ExprKind::ScalarSubquery(query) | ExprKind::Rows(query) => format!("({})", subplan(query)),
        ExprKind::Exists { query, negated } => {
            format!("({}EXISTS({}))", not(*negated), subplan(query))
        }
        ExprKind::InSubquery {
            inputs,
            query,
            negated,
        } => format!("({} {}IN ({}))", row(inputs), not(*negated), subplan(query)),
        ExprKind::AnySubquery { inputs, op, query } => {
            format!("({} {} ANY ({}))", row(inputs), op.symbol(), subplan(query))
        }
        ExprKind::RowSubquery { inputs, op, query } => {
            format!("({} {} ({}))", row(inputs), op.symbol(), subplan(query))
        }
    }
}

/// A test that is neither a comparison nor a subquery.
fn describe_test(expr: &Expr, names: &[String]) -> String {
    let text = |e: &Expr| describe(e, names);
    match &expr.kind {
        ExprKind::Distinct {
            left,
            right,
            negated,
        } => format!(
            "({} IS {}DISTINCT FROM {})",
            text(left),
            not(*negated),
            text(right)
        ),
        ExprKind::IsNull { input, negated } => {
            format!("({} IS {}NULL)", text(input), not(*negated))
        }
        ExprKind::IsBool {
            input,
            value,
            negated,
        } => {
            let value = value.map_or("UNKNOWN", |v| if v { "TRUE" } else { "FALSE" });
            format!("({} IS {}{value})", text(input), not(*negated))
        }
        ExprKind::InList {
            input,
            list: l,
            negated,
        } => format!(
            "({} {}IN ({}))",
            text(input),
            not(*negated),
            l.iter().map(text).collect::<Vec<_>>().join(", ")
        ),
        ExprKind::Like {
            input,
            pattern,
            case_insensitive,
            negated,
            ..
        } => {
            let op = if *case_insensitive { "ILIKE" } else { "LIKE" };
            format!("({} {}{op} {})", text(input), not(*negated), text(pattern))
        }
        _ => text(expr),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn subplan(query: &Query) -> String {
    subplan_number(query).map_or_else(|| "SubPlan".into(), |n| format!("SubPlan {}", n + 1))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Bytes(_)
        | Value::Date(_)
        | Value::Timestamp(_)
        | Value::TimestampTz(_)
        | Value::Time(_)
        | Value::Interval(_)
        | Value::Json(_)
        | Value::Jsonb(_)
        | Value::Array(_)
        | Value::Enum(..)
        | Value::Uuid(_) => format!("'{value}'"),
        other => other.to_string(),
    }
}

fn arithmetic(op: ArithmeticOp) -> &'static str {
    match op {
        ArithmeticOp::Add => "+",
        ArithmeticOp::Subtract => "-",
        ArithmeticOp::Multiply => "*",
        ArithmeticOp::Divide => "/",
        ArithmeticOp::Modulo => "%",
    }
}
