//! A compact print of bound trees: `#0` is a column, `^1.0` an outer one, `$1:int4` a parameter, `x::t` a cast.

use crate::sql::Bound;
use crate::sql::bound::*;
use crate::types::{SqlType, Value};

pub(super) fn bound(bound: &Bound) -> String {
    let printed = statement(&bound.statement);
    if bound.parameters.is_empty() {
        printed
    } else {
        let types: Vec<String> = bound.parameters.iter().map(|t| short(*t)).collect();
        format!("[{}] {printed}", types.join(","))
    }
}

fn short(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Numeric(Some((p, s))) => format!("numeric({p},{s})"),
        SqlType::Varchar(Some(n)) => format!("varchar({n})"),
        other => crate::sql::system::type_name(other).to_string(),
    }
}

fn statement(statement: &Statement) -> String {
    match statement {
        Statement::Query(q) => query(q),
        Statement::Insert(i) => {
            let checks: Vec<String> = i
                .rules
                .checks
                .iter()
                .map(|(n, e)| format!("{n}={}", expr(e)))
                .collect();
            format!(
                "insert {} {}{}{}",
                i.table.name,
                query(&i.source),
                list(" check", &checks),
                returning(&i.returning)
            )
        }
        Statement::Update(u) => {
            let set: Vec<String> = u
                .assignments
                .iter()
                .map(|(c, e)| format!("#{c}={}", expr(e)))
                .collect();
            let filter = u
                .filter
                .as_ref()
                .map(|f| format!(" where {}", expr(f)))
                .unwrap_or_default();
            format!(
                "update {} {}{filter}{}",
                u.table.name,
                set.join(", "),
                returning(&u.returning)
            )
        }
        Statement::Delete(d) => {
            let filter = d
                .filter
                .as_ref()
                .map(|f| format!(" where {}", expr(f)))
                .unwrap_or_default();
            format!("delete {}{filter}{}", d.table.name, returning(&d.returning))
        }
        Statement::Explain(inner, _) => format!("explain {}", self::statement(inner)),
        Statement::CreateTable(c) => table(c),
        Statement::Drop(dropped) => format!(
            "{} {}{}",
            dropped.tag.to_lowercase(),
            names(dropped.tables.iter().map(|t| t.name.to_string())),
            names(dropped.views.iter().map(|v| format!(" view {v}")))
        ),
        Statement::CreateView(view) => format!("create view {view:?}"),
        Statement::CreateIndex(Some(c)) => {
            format!("create index on {} {}", c.table.name, index(&c.index))
        }
        Statement::DropIndex(indexes) => format!(
            "drop index {}",
            names(indexes.iter().map(|(_, n)| n.clone()))
        ),
        Statement::Analyze(tables) => {
            format!(
                "analyze {}",
                names(tables.iter().map(|t| t.name.to_string()))
            )
        }
        other => format!("{other:?}"),
    }
}

fn names(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(",")
}

fn list(label: &str, items: &[String]) -> String {
    if items.is_empty() {
        String::new()
    } else {
        format!("{label}({})", items.join(", "))
    }
}

fn table(create: &CreateTable) -> String {
    let c = &create.table;
    let columns = names(c.columns.iter().map(|c| {
        let not_null = if c.not_null { "!" } else { "" };
        let default = c
            .default
            .as_ref()
            .map(|d| format!("={d}"))
            .unwrap_or_default();
        format!("{} {}{not_null}{default}", c.name, short(c.sql_type))
    }));
    let indexes: Vec<String> = c.indexes.iter().map(index).collect();
    let checks: Vec<String> = c.checks.iter().map(|(n, e)| format!("{n}: {e}")).collect();
    let key = c
        .primary_key_name
        .as_ref()
        .map(|n| format!(" key {n}"))
        .unwrap_or_default();
    let row_id = c
        .row_id_column
        .map(|c| format!(" rowid #{c}"))
        .unwrap_or_default();
    let exists = if create.exists { " exists" } else { "" };
    format!(
        "table {}({columns}){key}{row_id}{}{}{exists}",
        c.name,
        list(" ", &indexes),
        list(" check", &checks)
    )
}

fn index(i: &crate::catalog::Index) -> String {
    let columns = names(i.columns.iter().map(|(c, d)| {
        let part = match i.expression(*c) {
            Some(e) => format!("({}: {})", e.text, e.sql_type),
            None => format!("#{c}"),
        };
        format!("{part}{}", if *d { " desc" } else { "" })
    }));
    let unique = if i.unique { "unique " } else { "" };
    let predicate = i.predicate.iter().map(|text| format!(" where {text}"));
    let predicate: String = predicate.collect();
    format!("{unique}{}({columns}){predicate}", i.name)
}

fn returning(returning: &Option<Returning>) -> String {
    match returning {
        None => String::new(),
        Some(r) => format!(" returning {}", outputs(&r.output, &r.expressions)),
    }
}

fn outputs(output: &[OutputColumn], exprs: &[Expr]) -> String {
    names(exprs.iter().enumerate().map(|(i, e)| match output.get(i) {
        Some(o) => format!("{} {}:{}", expr(e), o.name, short(o.sql_type)),
        None => format!("({})", expr(e)),
    }))
}

pub(super) fn query(q: &Query) -> String {
    let mut s = format!(
        "select {}{}",
        match &q.distinct {
            Distinct::No => String::new(),
            Distinct::All => "distinct ".to_string(),
            Distinct::On(columns) => format!("distinct on {columns:?} "),
        },
        outputs(&q.output, &q.projection)
    );
    if let Some(f) = &q.from {
        s += &format!(" from {}", from(f));
    }
    if let Some(f) = &q.filter {
        s += &format!(" where {}", expr(f));
    }
    if let Some(a) = &q.aggregate {
        let calls: Vec<String> = a.calls.iter().map(call).collect();
        s += &format!(" group({}){}", exprs(&a.keys), list(" agg", &calls));
        if let Some(h) = &a.having {
            s += &format!(" having {}", expr(h));
        }
    }
    q.windows.iter().for_each(|w| s += &window(w));
    let order: Vec<String> = q
        .order_by
        .iter()
        .map(|k| {
            let direction = if k.descending { " desc" } else { "" };
            let nulls = if k.nulls_first == k.descending {
                ""
            } else {
                " nulls!"
            };
            format!("{}{direction}{nulls}", k.column)
        })
        .collect();
    s += &list(" order", &order);
    if let Some(Limit { count: l, .. }) = &q.limit {
        s += &format!(" limit {}", expr(l));
    }
    if let Some(o) = &q.offset {
        s += &format!(" offset {}", expr(o));
    }
    s
}

fn window(w: &Window) -> String {
    let keys = names(w.order_by.iter().map(|k| {
        let direction = if k.descending { " desc" } else { "" };
        format!("{}{direction}", expr(&k.expr))
    }));
    let calls = names(w.calls.iter().map(|c| {
        let filter = c.filter.iter().map(|f| format!(" filter {}", expr(f)));
        let frame = if c.frame == Frame::default() {
            String::new()
        } else {
            format!(" {:?}", c.frame)
        };
        let (arguments, filter) = (exprs(&c.arguments), filter.collect::<String>());
        format!("{:?}({arguments}){filter}{frame}", c.function)
    }));
    format!(
        " window(by {} order {keys}: {calls})",
        exprs(&w.partition_by)
    )
}

fn call(c: &AggregateCall) -> String {
    let distinct = if c.distinct { "distinct " } else { "" };
    let filter = c
        .filter
        .as_ref()
        .map(|f| format!(" filter {}", expr(f)))
        .unwrap_or_default();
    format!(
        "{:?}({distinct}{}){filter}:{}",
        c.function,
        exprs(&c.arguments),
        short(c.sql_type)
    )
}

fn from(f: &From) -> String {
    match f {
        From::Table { table, alias, .. } if table.name.own() == alias => alias.clone(),
        From::Table { table, alias, .. } => format!("{} {alias}", table.name),
        From::Subquery {
            query: q, alias, ..
        } => format!("({}) {alias}", query(q)),
        From::Values { rows, .. } => {
            format!(
                "values {}",
                names(rows.iter().map(|r| format!("({})", exprs(r))))
            )
        }
        From::Cte(reference) => format!("with{} {}", reference.id, reference.alias),
        From::Recursive(r) => format!("({}) recursive ({})", query(&r.seed), query(&r.step)),
        From::SetOperation(operation) => {
            let all = if operation.all { " all" } else { "" };
            let word = format!("{:?}{all}", operation.operator).to_lowercase();
            let inputs = operation.inputs.iter().map(|q| format!("({})", query(q)));
            inputs.collect::<Vec<_>>().join(&format!(" {word} "))
        }
        From::Function(function) => {
            format!("{:?}({})", function.function, exprs(&function.arguments))
        }
        From::SetRows(rows) => {
            let call = |c: &SetRowsCall| format!("{:?}({:?})", c.function, c.arguments);
            let calls: Vec<String> = rows.calls.iter().map(call).collect();
            format!("rows of {} over ({})", calls.join(", "), query(&rows.query))
        }
        From::Lateral(lateral) => format!("lateral {}", expr(&lateral.rows)),
        From::Join {
            left,
            right,
            kind,
            on,
        } => {
            let kind = match kind {
                JoinKind::Inner => "join".to_string(),
                other => format!("{other:?}").to_lowercase(),
            };
            let on = on
                .as_ref()
                .map(|e| format!(" on {}", expr(e)))
                .unwrap_or_default();
            format!("[{} {kind} {}{on}]", from(left), from(right))
        }
    }
}

fn exprs(list: &[Expr]) -> String {
    names(list.iter().map(expr))
}

fn joined(list: &[Expr], separator: &str) -> String {
    format!(
        "({})",
        list.iter().map(expr).collect::<Vec<_>>().join(separator)
    )
}

fn literal(value: &Value, sql_type: SqlType) -> String {
    let text = match value {
        Value::Text(t) => format!("'{t}'"),
        other => other.to_string(),
    };
    match sql_type {
        SqlType::Int4 | SqlType::Text | SqlType::Bool => text,
        other => format!("{text}:{}", short(other)),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

pub(super) fn expr(e: &Expr) -> String {
    match &e.kind {
        ExprKind::Literal(v) => literal(v, e.sql_type),
        ExprKind::Parameter(n) => format!("${}:{}", n + 1, short(e.sql_type)),
        ExprKind::Column(c) => format!("#{c}"),
        ExprKind::OuterColumn { depth, column } => format!("^{depth}.{column}"),
        ExprKind::Cast { input, explicit } => {
            format!(
                "{}{}{}",
                expr(input),
                if *explicit { "::" } else { "~>" },
                short(e.sql_type)
            )
        }
        ExprKind::And(list) => joined(list, " and "),
        ExprKind::Or(list) => joined(list, " or "),
        ExprKind::Not(inner) => format!("not {}", expr(inner)),
        ExprKind::Compare(op, l, r) => format!("({} {} {})", expr(l), op.symbol(), expr(r)),
        ExprKind::Distinct {
            left,
            right,
            negated,
        } => {
            format!(
                "({} is {}distinct {})",
                expr(left),
                not(*negated),
                expr(right)
            )
        }
        ExprKind::IsNull { input, negated } => {
            format!("({} is {}null)", expr(input), not(*negated))
        }
        ExprKind::IsBool {
            input,
            value,
            negated,
        } => format!("({} is {}{value:?})", expr(input), not(*negated)),
        ExprKind::Arithmetic(op, l, r) => {
            format!("({} {op:?} {}):{}", expr(l), expr(r), short(e.sql_type))
        }
        ExprKind::Negate(inner) => format!("-{}", expr(inner)),
        ExprKind::InList {
            input,
            list,
            negated,
        } => format!("({} {}in {})", expr(input), not(*negated), exprs(list)),
        ExprKind::Like {
            input,
            pattern,
            escape,
            case_insensitive,
            negated,
        } => {
            let i = if *case_insensitive { "i" } else { "" };
            format!(
                "({} {}{i}like {} {escape:?})",
                expr(input),
                not(*negated),
                expr(pattern)
            )
        }
        ExprKind::Case {
            branches,
            otherwise,
        } => {
            let whens = branches
                .iter()
                .map(|(c, r)| format!("when {} then {}", expr(c), expr(r)));
            let otherwise = otherwise
                .as_ref()
                .map(|o| format!(" else {}", expr(o)))
                .unwrap_or_default();
            format!(
                "case {}{otherwise} end:{}",
                whens.collect::<Vec<_>>().join(" "),
                short(e.sql_type)
            )
        }
        ExprKind::Coalesce(list) => format!("coalesce({}):{}", exprs(list), short(e.sql_type)),
        ExprKind::Call(f, list) => format!("{f:?}({}):{}", exprs(list), short(e.sql_type)),
        ExprKind::ScalarSubquery(q) | ExprKind::Rows(q) => format!("({})", query(q)),
        ExprKind::Exists { query: q, negated } => format!("{}exists({})", not(*negated), query(q)),
        ExprKind::InSubquery {
            inputs,
            query: q,
            negated,
        } => {
            format!("({} {}in ({}))", exprs(inputs), not(*negated), query(q))
        }
        ExprKind::AnySubquery {
            inputs,
            op,
            query: q,
        } => {
            format!("({} {} any ({}))", exprs(inputs), op.symbol(), query(q))
        }
        ExprKind::RowSubquery {
            inputs,
            op,
            query: q,
        } => {
            format!("({} {} ({}))", exprs(inputs), op.symbol(), query(q))
        }
    }
}
