//! What definitions say of moments. A definition means the same to all sessions, so a moment that says no time zone is
//! written with that of the session which makes the definition:
//!
//! ```text
//!   DEFAULT '2024-01-31 12:00'                  in Europe/Berlin
//!   DEFAULT '2024-01-31 12:00:00+01'            as it is stored, and read ever after
//! ```

use super::super::visit::{Part, PartMut, visit, visit_mut};
use super::literal::string;
use crate::error::{Error, Result};
use crate::types::{ElementType, SqlType, Value, Zone};
use sqlparser::ast;
use std::borrow::Cow;
use std::ops::ControlFlow;

/// Moments of one definition at most: for each the definition is bound twice.
const MOMENTS_MAX: usize = 100;
/// For a copy of a tree: a chain of UNIONs may be as deep as it is long.
const COPY_STACK_BYTES: usize = 64 << 20;

/// `part` of a definition, with the time zone in all that it says of moments. `bind` reads it at UTC: what is no moment to
/// it means the same with one space more, and what is one means something else with a time zone. What cannot be bound stays
/// as it is. Errors: `0A000` for more moments than [`MOMENTS_MAX`].
pub(super) fn pinned<'p, T, B>(
    part: &'p T,
    zone: Zone,
    mut bind: impl FnMut(&T) -> Result<B>,
) -> Result<Cow<'p, T>>
where
    T: ast::Visit + ast::VisitMut + Clone,
    B: PartialEq,
{
    let moments = match zone == Zone::UTC {
        true => Vec::new(),
        false => moments(part, zone),
    };
    if moments.len() > MOMENTS_MAX {
        let what = format!("a definition with more than {MOMENTS_MAX} moments, away from UTC,");
        return Err(Error::unsupported(what));
    }
    let mut pinned = Cow::Borrowed(part);
    if moments.is_empty() {
        return Ok(pinned);
    }
    let Ok(mut own) = bind(part) else {
        return Ok(pinned);
    };
    for (at, text, said) in moments {
        let with = |text: String| {
            let mut other = stacker::grow(COPY_STACK_BYTES, || pinned.clone().into_owned());
            replace(&mut other, at, text);
            other
        };
        let (spaced, said) = (with(format!("{text} ")), with(said));
        if let (Ok(other), Ok(new)) = (bind(&spaced), bind(&said))
            && own == other
            && own != new
        {
            (pinned, own) = (Cow::Owned(said), new);
        }
    }
    Ok(pinned)
}

/// The string literals of `part` that may be moments: which they are, their texts, and those with a time zone.
fn moments(part: &impl ast::Visit, zone: Zone) -> Vec<(usize, String, String)> {
    let mut texts = Vec::new();
    let _ = visit(part, |part| {
        if let Part::Value(value) = part {
            texts.extend(string(&value.value));
        }
        ControlFlow::<()>::Continue(())
    });
    let texts = texts.into_iter().enumerate();
    let said = texts.map(|(at, text)| with_zone(&text, zone).map(|said| (at, text, said)));
    said.flatten().collect()
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

/// Puts a text in the place of a string literal, of which `left` are before it.
fn replace(part: &mut impl ast::VisitMut, mut left: usize, mut by: String) {
    let _ = visit_mut(part, |part| {
        if let PartMut::Value(value) = part
            && string(&value.value).is_ok()
        {
            let Some(fewer) = left.checked_sub(1) else {
                value.value = ast::Value::SingleQuotedString(std::mem::take(&mut by));
                return ControlFlow::Break(());
            };
            left = fewer;
        }
        ControlFlow::Continue(())
    });
}
