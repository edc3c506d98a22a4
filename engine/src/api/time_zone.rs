//! The setting `timezone`, as PostgreSQL takes it:
//!
//! ```text
//!   Europe/Berlin     <+02>-02     XYZ+3     a name, or as POSIX writes it
//!   -7     5.5                               hours east
//!   INTERVAL '+02:30'                        a distance east
//! ```

use crate::api::settings::invalid;
use crate::error::Result;
use crate::types::{SqlType, Value, Zone};

/// The zone that `value` says. Errors: `22023`, and those of an INTERVAL.
pub(super) fn time_zone(value: &str) -> Result<Zone> {
    let found = match value.get(..8) {
        Some(word) if word.eq_ignore_ascii_case("interval") => distance(&value[8..])?,
        _ => match value.trim_start().parse() {
            Ok(hours) => Zone::of_hours(hours),
            Err(_) => Zone::of_name(value)?,
        },
    };
    found.ok_or_else(|| invalid("TimeZone", value))
}

/// What `INTERVAL` and a text in quotes say; `None` for another form, and where it has months or days.
fn distance(text: &str) -> Result<Option<Zone>> {
    let text = text.trim_start();
    let text = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
    let Some(text) = text else {
        return Ok(None);
    };
    Ok(match Value::from_text(text, SqlType::Interval(None))? {
        Value::Interval(distance) => Zone::of_interval(distance),
        _ => None,
    })
}
