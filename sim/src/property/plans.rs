//! Queries by a grammar: each must bind, plan and run, and give the same rows whatever the plan is.
//!
//! ```text
//!   bytes ─▶ Query ─▶ SQL ─▶ indexes and statistics              rows ┐
//!              │      └────▶ neither                             rows ├ equal
//!              └────▶ SQL with opaque conditions: nothing can    rows ┘
//!                     be pushed down, folded, joined by hash
//!                     or decorrelated
//! ```

use super::session::session;
use crate::reference::{Decisions, Expression, Kind};
use crate::sql::rows_of;
use arbitrary::{Arbitrary, Result, Unstructured};
use quantadb::api::Connection;

const ALIASES: [&str; 3] = ["x", "y", "z"];
const OPERATORS: [&str; 4] = ["=", "=", "<", "<>"];
const ROWS: usize = 14;
const INDEXES: &str = "CREATE INDEX ra ON r (a); CREATE INDEX rb ON r (b, a DESC); CREATE INDEX rt ON r (a) WHERE t; \
    CREATE INDEX sb ON s (b); CREATE INDEX sa ON s (a DESC, id); CREATE INDEX se ON s ((a + 1)) WHERE a IS NOT NULL; \
    ANALYZE r; ANALYZE s";

/// What stands in FROM.
#[derive(Clone, Debug)]
enum Source {
    Table(&'static str),
    /// A subquery: which table, its condition, and whether it has a LIMIT.
    Query(&'static str, Expression, bool),
}

#[derive(Clone, Debug)]
enum Join {
    Inner(Condition),
    Left(Condition),
    /// By equality of one column alone: PostgreSQL has no other full joins.
    Full(Kind),
    Cross,
}

/// A condition over aliases, named by their position.
#[derive(Clone, Debug)]
enum Condition {
    Of(usize, Expression),
    Join(usize, Kind, &'static str, usize),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    /// `alias.column [NOT] IN (SELECT …)`
    In(usize, Kind, bool, &'static str, Expression),
    /// `[NOT] EXISTS (SELECT …)` of rows with the same value in a column.
    Exists(usize, Kind, bool, &'static str, Expression),
    /// `alias.a < (SELECT max(a) …)` of rows with the same value in a column.
    Scalar(usize, Kind, &'static str),
}

/// What is made of the rows.
#[derive(Clone, Debug)]
enum Shape {
    Rows(Expression),
    Distinct(Kind),
    Groups(Kind, Option<Expression>),
    Window(Kind),
    /// One more branch, over one table.
    Set(&'static str, Kind, &'static str, Expression),
}

/// A query.
#[derive(Clone, Debug)]
pub struct QueryInput {
    sources: Vec<(Source, Option<Join>)>,
    condition: Option<Condition>,
    shape: Shape,
    limit: Option<usize>,
}

fn table(u: &mut Unstructured<'_>) -> &'static str {
    ["r", "s"][u.below(2)]
}

impl Condition {
    /// Over the first `aliases` aliases, of which the last takes part in joins.
    fn draw(aliases: usize, depth: u32, u: &mut Unstructured<'_>) -> Self {
        let (what, alias) = (u.below(12), u.below(aliases));
        let kind = Kind::draw(u);
        let inner = |u: &mut Unstructured<'_>| Expression::draw(Kind::Truth, true, u);
        match what {
            0..=1 if depth > 0 => {
                let mut side = || Box::new(Self::draw(aliases, depth - 1, u));
                let (left, right) = (side(), side());
                match what {
                    0 => Self::And(left, right),
                    _ => Self::Or(left, right),
                }
            }
            2..=4 if aliases > 1 => Self::Join(
                alias,
                kind,
                OPERATORS[u.below(OPERATORS.len())],
                aliases - 1,
            ),
            5 => Self::In(alias, kind, u.below(2) == 1, table(u), inner(u)),
            6..=7 => Self::Exists(alias, kind, u.below(2) == 1, table(u), inner(u)),
            8 => Self::Scalar(alias, kind, table(u)),
            _ => Self::Of(alias, inner(u)),
        }
    }

    fn sql(&self) -> String {
        let name = |alias: &usize, kind: &Kind| format!("{}.{}", ALIASES[*alias], kind.column());
        let not = |is_not: &bool| if *is_not { "NOT " } else { "" };
        match self {
            Self::Of(alias, expression) => expression.sql(&format!("{}.", ALIASES[*alias])),
            Self::Join(left, kind, operator, right) => {
                format!("{} {operator} {}", name(left, kind), name(right, kind))
            }
            Self::And(left, right) => format!("({} AND {})", left.sql(), right.sql()),
            Self::Or(left, right) => format!("({} OR {})", left.sql(), right.sql()),
            Self::In(alias, kind, is_not, table, inner) => format!(
                "{} {}IN (SELECT q.{} FROM {table} q WHERE {})",
                name(alias, kind),
                not(is_not),
                kind.column(),
                inner.sql("q.")
            ),
            Self::Exists(alias, kind, is_not, table, inner) => format!(
                "{}EXISTS (SELECT 1 FROM {table} q WHERE q.{} = {} AND {})",
                not(is_not),
                kind.column(),
                name(alias, kind),
                inner.sql("q.")
            ),
            Self::Scalar(alias, kind, table) => format!(
                "{}.a < (SELECT max(q.a) FROM {table} q WHERE q.{} = {})",
                ALIASES[*alias],
                kind.column(),
                name(alias, kind)
            ),
        }
    }
}

/// A condition as it is, or so that no plan can look into it.
fn written(condition: String, is_opaque: bool) -> String {
    match is_opaque {
        true => format!("CASE WHEN random() >= 0 THEN {condition} END"),
        false => condition,
    }
}

impl<'a> Arbitrary<'a> for QueryInput {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut sources = Vec::new();
        for number in 0..1 + u.below(ALIASES.len()) {
            let source = match u.below(4) {
                0 => {
                    let condition = Expression::draw(Kind::Truth, true, u);
                    Source::Query(table(u), condition, u.below(2) == 1)
                }
                _ => Source::Table(table(u)),
            };
            let join = match (number, u.below(6)) {
                (0, _) => None,
                (_, 0) => Some(Join::Cross),
                (_, 1) => Some(Join::Full(Kind::draw(u))),
                (_, 2..=3) => Some(Join::Left(Condition::draw(number + 1, 1, u))),
                _ => Some(Join::Inner(Condition::draw(number + 1, 1, u))),
            };
            sources.push((source, join));
        }
        let condition = (u.below(4) > 0).then(|| Condition::draw(sources.len(), 2, u));
        let kind = Kind::draw(u);
        let shape = match u.below(6) {
            0 => Shape::Distinct(kind),
            1 => {
                let having = u.below(2) == 1;
                let having = having.then(|| Expression::draw(Kind::Truth, false, u));
                Shape::Groups(kind, having)
            }
            2 => Shape::Window(kind),
            3 => {
                const SETS: [&str; 6] = [
                    "UNION",
                    "UNION ALL",
                    "EXCEPT",
                    "EXCEPT ALL",
                    "INTERSECT",
                    "INTERSECT ALL",
                ];
                let operator = SETS[u.below(SETS.len())];
                Shape::Set(
                    operator,
                    kind,
                    table(u),
                    Expression::draw(Kind::Truth, true, u),
                )
            }
            _ => Shape::Rows(Expression::draw(kind, true, u)),
        };
        Ok(Self {
            sources,
            condition,
            shape,
            limit: Some(u.below(16)).filter(|limit| *limit > 7),
        })
    }
}

impl QueryInput {
    /// As SQL. No two rows that an ORDER BY leaves in any order differ.
    fn sql(&self, is_opaque: bool) -> String {
        let select = self.select(&self.from(is_opaque), is_opaque);
        match self.limit {
            None => select,
            Some(limit) => {
                let columns = match &self.shape {
                    Shape::Rows(_) => "1, 2, 3",
                    Shape::Distinct(_) | Shape::Set(..) => "1, 2 DESC",
                    Shape::Groups(..) => "1",
                    Shape::Window(_) => "1, 2, 3, 4",
                };
                format!(
                    "{select} ORDER BY {columns} LIMIT {limit} OFFSET {}",
                    limit % 3
                )
            }
        }
    }

    /// FROM and WHERE.
    fn from(&self, is_opaque: bool) -> String {
        let mut from = String::new();
        for (number, (source, join)) in self.sources.iter().enumerate() {
            let alias = ALIASES[number];
            let source = match source {
                Source::Table(table) => format!("{table} {alias}"),
                Source::Query(table, condition, limited) => format!(
                    "(SELECT id, a, b, t FROM {table} WHERE {}{}) {alias}",
                    written(condition.sql(""), is_opaque),
                    if *limited {
                        " ORDER BY a, id LIMIT 9"
                    } else {
                        ""
                    }
                ),
            };
            from += &match join {
                None => source,
                Some(Join::Cross) => format!(" CROSS JOIN {source}"),
                Some(Join::Full(kind)) => {
                    let column = kind.column();
                    format!(" FULL JOIN {source} ON x.{column} = {alias}.{column}")
                }
                Some(Join::Left(on)) => {
                    format!(" LEFT JOIN {source} ON {}", written(on.sql(), is_opaque))
                }
                Some(Join::Inner(on)) => {
                    format!(" JOIN {source} ON {}", written(on.sql(), is_opaque))
                }
            };
        }
        if let Some(condition) = &self.condition {
            from += &format!(" WHERE {}", written(condition.sql(), is_opaque));
        }
        from
    }

    /// The query over `from`, before its LIMIT.
    fn select(&self, from: &str, is_opaque: bool) -> String {
        let last = ALIASES[self.sources.len() - 1];
        match &self.shape {
            Shape::Rows(expression) => {
                format!(
                    "SELECT x.id, {last}.id, {} FROM {from}",
                    expression.sql("x.")
                )
            }
            Shape::Distinct(kind) => {
                format!("SELECT DISTINCT x.{}, {last}.t FROM {from}", kind.column())
            }
            Shape::Groups(kind, having) => {
                let key = format!("x.{}", kind.column());
                let having = having.as_ref().map(|having| having.sql(""));
                let having = having.map_or(String::new(), |having| format!(" HAVING {having}"));
                format!(
                    "SELECT {key}, count(*), sum({last}.a), min({last}.b), count(DISTINCT x.a) FROM {from} \
                     GROUP BY {key}{having}"
                )
            }
            Shape::Window(kind) => format!(
                "SELECT x.id, {last}.id, rank() OVER w, sum(x.id) OVER w FROM {from} \
                 WINDOW w AS (PARTITION BY x.{} ORDER BY {last}.a, x.id)",
                kind.column()
            ),
            Shape::Set(operator, kind, table, condition) => {
                let column = kind.column();
                let condition = written(condition.sql("v."), is_opaque);
                format!(
                    "SELECT x.{column}, {last}.b FROM {from} {operator} SELECT v.{column}, v.b FROM {table} v \
                     WHERE {condition}"
                )
            }
        }
    }
}

thread_local! {
    /// Sessions of two databases with the same rows: one with indexes and statistics, one without.
    static SESSIONS: [Connection; 2] = [true, false].map(|is_indexed| {
        let session = session("");
        for name in ["r", "s"] {
            let key = if is_indexed { " PRIMARY KEY" } else { "" };
            let rows: Vec<String> = (0..ROWS).map(|id| row(id, name == "s")).collect();
            let sql = format!(
                "CREATE TABLE {name} (id INTEGER{key}, a INTEGER, b TEXT, t BOOLEAN); INSERT INTO {name} VALUES {}",
                rows.join(", ")
            );
            session.run(&sql).expect("it is a table");
        }
        if is_indexed {
            session.run(INDEXES).expect("the columns are there");
        }
        session
    });
}

/// A row of a table: few values, so that they meet, and some NULLs.
fn row(id: usize, is_second: bool) -> String {
    let at = id * if is_second { 5 } else { 3 };
    let a = ["0", "1", "NULL", "2", "3", "1", "9"][at % 7];
    let b = ["'a'", "'ab'", "NULL", "''", "'b'"][at % 5];
    let t = ["true", "false", "NULL"][at / 2 % 3];
    format!("({id}, {a}, {b}, {t})")
}

/// A query gives the same rows with indexes and statistics, without them, and when no plan can look into its conditions.
///
/// # Panics
/// When not, or when one of them fails for another reason than the data.
pub fn check_query(input: QueryInput) {
    let (sql, opaque) = (input.sql(false), input.sql(true));
    SESSIONS.with(|[indexed, plain]| {
        let mut answers = Vec::new();
        for (session, sql) in [(indexed, &sql), (plain, &sql), (indexed, &opaque)] {
            match rows_of(session, sql) {
                Ok(mut rows) => {
                    rows.sort_unstable();
                    answers.push((sql, rows));
                }
                // Another plan need not ask the condition that fails for that row.
                Err(error) if error.sqlstate().starts_with("22") => {}
                Err(error) => panic!("{sql}: {error:?}"),
            }
        }
        for pair in answers.windows(2) {
            let [(one, expected), (other, found)] = pair else {
                continue;
            };
            assert_eq!(expected, found, "{one}\n{other}");
        }
    });
}
