//! Expressions over the rows of a table against the reference, which evaluates them by hand.

use super::session::session;
use crate::reference::{Expression, Failed, Kind, Scalar};
use arbitrary::{Arbitrary, Result, Unstructured};
use quantadb::api::Connection;

const TABLE: &str = "CREATE TABLE e (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, t BOOLEAN)";
const ROWS_MAX: usize = 4;

/// Columns a, b and t of a row.
type Row = [Scalar; 3];
type Shown = Option<String>;

/// An expression, and the rows that it is evaluated over.
#[derive(Clone, Debug)]
pub struct ExpressionInput {
    kind: Kind,
    rows: Vec<Row>,
    expression: Expression,
}

impl<'a> Arbitrary<'a> for ExpressionInput {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let count = 1 + usize::from(u8::arbitrary(u)?) % ROWS_MAX;
        let kinds = [Kind::Integer, Kind::Text, Kind::Truth];
        let rows = (0..count).map(|_| kinds.map(|kind| Scalar::draw(kind, u)));
        let rows = rows.collect();
        let kind = Kind::draw(u);
        let expression = Expression::draw(kind, true, u);
        Ok(Self {
            kind,
            rows,
            expression,
        })
    }
}

thread_local! {
    /// A session of a database with the table.
    static SESSION: Connection = session(TABLE);
}

fn column(row: &Row) -> impl Fn(Kind) -> Scalar {
    |kind| match kind {
        Kind::Integer => row[0].clone(),
        Kind::Text => row[1].clone(),
        Kind::Truth => row[2].clone(),
    }
}

/// The first column of the rows of a query; [`Failed`] when the data are to blame.
///
/// # Panics
/// When it fails for another reason.
pub(super) fn first_column(
    session: &Connection,
    sql: &str,
) -> std::result::Result<Vec<Shown>, Failed> {
    match session.query(sql, []) {
        Ok(rows) => Ok(rows.map(|row| row.values()[0].to_text()).collect()),
        Err(error) if error.sqlstate().starts_with("22") => Err(Failed),
        Err(error) => panic!("{sql}: {error:?}"),
    }
}

/// What a query gives is what the reference gives; where that fails, the query may fail too, and says nothing.
fn compare(session: &Connection, sql: &str, expected: &std::result::Result<Vec<Shown>, Failed>) {
    let found = first_column(session, sql);
    if expected.is_ok() {
        assert_eq!(&found, expected, "{sql}");
    }
}

/// An expression has one value, whether it is folded, computed for many rows at once, for one, or as a condition.
///
/// # Panics
/// When not.
pub fn check_expression(input: ExpressionInput) {
    let ExpressionInput {
        kind,
        rows,
        expression,
    } = input;
    let sql = expression.sql("");
    let values = rows.iter().map(|row| expression.evaluate(&column(row)));
    let values: Vec<std::result::Result<Scalar, Failed>> = values.collect();
    let all = values
        .iter()
        .cloned()
        .collect::<std::result::Result<Vec<Scalar>, Failed>>();
    let shown = |values: &[Scalar]| values.iter().map(Scalar::shown).collect();
    SESSION.with(|session| {
        session.run("DELETE FROM e").expect("it is there");
        for (id, row) in rows.iter().enumerate() {
            let [a, b, t] = row;
            let (a, b) = (a.sql(Kind::Integer), b.sql(Kind::Text));
            let insert = format!(
                "INSERT INTO e VALUES ({id}, {a}, {b}, {})",
                t.sql(Kind::Truth)
            );
            session.run(&insert).expect("there is no such row yet");
        }
        let of_all = all
            .as_ref()
            .map(|values| shown(values))
            .map_err(|failed| *failed);
        compare(
            session,
            &format!("SELECT {sql} FROM e ORDER BY id"),
            &of_all,
        );
        for (id, (row, value)) in rows.iter().zip(&values).enumerate() {
            let expected = value
                .as_ref()
                .map(|value| vec![value.shown()])
                .map_err(|failed| *failed);
            let constant = expression.with(&column(row)).sql("");
            compare(session, &format!("SELECT {constant}"), &expected);
            compare(
                session,
                &format!("SELECT {sql} FROM e WHERE id = {id}"),
                &expected,
            );
        }
        if kind == Kind::Truth {
            let is_true = |at: &usize| {
                all.as_ref()
                    .is_ok_and(|all| all[*at] == Scalar::Truth(true))
            };
            let ids = (0..rows.len())
                .filter(is_true)
                .map(|id| Some(id.to_string()));
            let expected = all
                .as_ref()
                .map(|_| ids.collect())
                .map_err(|failed| *failed);
            compare(
                session,
                &format!("SELECT id FROM e WHERE {sql} ORDER BY id"),
                &expected,
            );
        }
    });
}
