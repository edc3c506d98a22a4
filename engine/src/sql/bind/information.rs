//! Functions that tell of the session and of types: constants, as soon as the statement is bound.
//!
//! There are no roles; whoever is connected is `postgres`, the first role of every server.

use super::call::no_function;
use super::coerce::literal;
use crate::error::Result;
use crate::sql::bound::Expr;
use crate::sql::system::{DATABASE, ROLE};
use crate::types::{SqlType, Value};

/// What [`information`] says of the session, by the names of the functions.
const OF_SESSION: [(&str, &str); 8] = [
    ("current_catalog", DATABASE),
    ("current_database", DATABASE),
    ("current_role", ROLE),
    ("current_user", ROLE),
    ("session_user", ROLE),
    ("user", ROLE),
    ("pg_client_encoding", "UTF8"),
    (
        "version",
        concat!("PostgreSQL 15 (QuantaDB ", env!("CARGO_PKG_VERSION"), ")"),
    ),
];

/// The value of a function of that name; `None` when there is none here. Errors: `42883` for other arguments.
pub(super) fn information(name: &str, arguments: &[Expr]) -> Option<Result<Expr>> {
    let text = |text: &str| literal(Value::Text(text.to_owned()), SqlType::Text);
    if name == "pg_is_in_recovery" && arguments.is_empty() {
        return Some(Ok(literal(Value::Bool(false), SqlType::Bool)));
    }
    if name == "pg_typeof" {
        return Some(match arguments {
            [one] => Ok(text(one.sql_type.base_name())),
            _ => Err(no_function(name, arguments)),
        });
    }
    let (_, value) = OF_SESSION.iter().find(|(known, _)| *known == name)?;
    Some(match arguments {
        [] => Ok(text(value)),
        _ => Err(no_function(name, arguments)),
    })
}
