//! What definitions say of moments. A definition means the same to all sessions, so a moment that says no time zone is
//! written with that of the session which makes the definition:
//!
//! ```text
//!   DEFAULT '2024-01-31 12:00'                  in Europe/Berlin
//!   DEFAULT '2024-01-31 12:00:00+01'            as it is stored, and read ever after
//! ```

use super::literal::string;
use crate::error::Result;
use crate::types::{ElementType, SqlType, Value, Zone};
use sqlparser::ast;
use std::ops::ControlFlow;

/// `part` of a definition, with the time zone in all that it says of moments. `bind` reads it at UTC: what is no moment to
/// it means the same with one space more, and what is one means something else with a time zone.
pub(super) fn pinned<T, B>(part: &T, zone: Zone, mut bind: impl FnMut(&T) -> Result<B>) -> T
where
    T: ast::VisitMut + Clone,
    B: PartialEq,
{
    let mut pinned = part.clone();
    if zone == Zone::UTC {
        return pinned;
    }
    for at in 0.. {
        let Some(text) = replaced(&mut pinned.clone(), at, None) else {
            return pinned;
        };
        let Some(said) = with_zone(&text, zone) else {
            continue;
        };
        let with = |text: String| {
            let mut other = pinned.clone();
            replaced(&mut other, at, Some(text));
            other
        };
        let (spaced, said) = (with(format!("{text} ")), with(said));
        if let (Ok(own), Ok(other), Ok(new)) = (bind(&pinned), bind(&spaced), bind(&said))
            && own == other
            && own != new
        {
            pinned = said;
        }
    }
    pinned
}

/// The text of a moment, or of an array of them, with its time zone; `None` for one that says it, and for what is none.
fn with_zone(text: &str, zone: Zone) -> Option<String> {
    let moment = SqlType::TimestampTz(None);
    let types = [Some(moment), ElementType::new(moment).map(SqlType::Array)];
    types.into_iter().flatten().find_map(|sql_type| {
        let here = Value::from_text_in(text, sql_type, zone).ok()?;
        let is_same = Value::from_text(text, sql_type).is_ok_and(|at_utc| at_utc == here);
        here.to_text_in(zone).filter(|_| !is_same)
    })
}

/// The text of the string literal at this place among those of `part`, and perhaps another in its place.
fn replaced(part: &mut impl ast::VisitMut, at: usize, by: Option<String>) -> Option<String> {
    let mut search = Search { left: at, by };
    match part.visit(&mut search) {
        ControlFlow::Break(text) => Some(text),
        ControlFlow::Continue(()) => None,
    }
}

struct Search {
    /// Literals before the one.
    left: usize,
    by: Option<String>,
}

impl ast::VisitorMut for Search {
    type Break = String;

    fn pre_visit_value(&mut self, value: &mut ast::ValueWithSpan) -> ControlFlow<String> {
        let Ok(text) = string(&value.value) else {
            return ControlFlow::Continue(());
        };
        if self.left > 0 {
            self.left -= 1;
            return ControlFlow::Continue(());
        }
        if let Some(by) = self.by.take() {
            value.value = ast::Value::SingleQuotedString(by);
        }
        ControlFlow::Break(text)
    }
}
