//! Statements about time zones: sessions change theirs, and ask for what depends on it. Column t is a TIMESTAMPTZ, a
//! TIMESTAMP or a DATE, so that most of these mean something else in each table.

use super::generator::{Generator, pick};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Zones with and without summer time, some of whose changes lie where the moments of rows are.
const ZONES: [&str; 8] = [
    "'UTC'",
    "'Europe/Berlin'",
    "'America/St_Johns'",
    "'Pacific/Apia'",
    "'Australia/Lord_Howe'",
    "-7",
    "INTERVAL '+05:45' HOUR TO MINUTE",
    "DEFAULT",
];

/// Draws what has to do with them.
pub(super) struct Zones<'a>(pub(super) &'a Generator);

impl Zones<'_> {
    /// Another zone for the session, or for the rest of the transaction.
    pub(super) fn set(rng: &mut ChaCha8Rng) -> String {
        let scope = pick(rng, &["", "", "LOCAL ", "SESSION "]);
        format!("SET {scope}TIME ZONE {}", pick(rng, &ZONES))
    }

    /// A moment that the session's zone decides, near to where clocks change, or an infinite one.
    fn moment(&self, rng: &mut ChaCha8Rng) -> String {
        let day = pick(
            rng,
            &["2020-03-29", "2020-10-25", "2020-07-28", "2011-12-30"],
        );
        match (rng.random_range(0..4), rng.random_range(0..6)) {
            (3, 5) => "'infinity'".to_owned(),
            (3, 4) => "'-infinity'".to_owned(),
            (hour, tens) => format!("'{day} 0{hour}:{tens}0'"),
        }
    }

    /// A condition on a table that has no alias.
    pub(super) fn condition(&self, rng: &mut ChaCha8Rng) -> String {
        let moment = self.moment(rng);
        match rng.random_range(0..8) {
            0 => format!("t::timestamptz >= {moment}"),
            1 => format!("t > timestamptz {moment}"),
            2 => format!("t = date {moment}"),
            3 => format!("t::timestamptz::date < date {moment}"),
            4 => "date_trunc('month', t::timestamptz) = timestamp '2020-03-01'".to_owned(),
            5 => "t::timestamptz::text LIKE '%00:00:00+%'".to_owned(),
            6 => format!("t + interval '1 mon 1 day' > timestamptz {moment}"),
            _ => format!("t IN ({moment}, timestamptz {moment})"),
        }
    }

    /// What an UPDATE sets.
    pub(super) fn change(&self, rng: &mut ChaCha8Rng) -> String {
        let moment = self.moment(rng);
        match rng.random_range(0..5) {
            0 => format!("t = {moment}"),
            1 => format!("t = timestamptz {moment}"),
            2 => "t = t::timestamptz(0) + interval '1 day 0.25 s', m = '01:02:03.45'::time(1)"
                .to_owned(),
            3 => "b = t::timestamptz::text".to_owned(),
            _ => format!("t = timestamp {moment} + d"),
        }
    }

    /// A query of what depends on the zone.
    pub(super) fn query(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, other) = (self.0.table(rng), self.0.table(rng));
        let (condition, moment) = (self.condition(rng), self.moment(rng));
        match rng.random_range(0..6) {
            0 => format!(
                "SELECT id, t::timestamptz::text, t::timestamptz::timestamp, to_json(t::timestamptz), to_char(t, 'OF') \
                 FROM {table} WHERE {condition}"
            ),
            1 => format!(
                "SELECT extract(hour FROM t::timestamptz), extract(timezone FROM t::timestamptz), count(*) FROM {table} \
                 WHERE {condition} GROUP BY 1, 2"
            ),
            2 => format!(
                "SELECT x.id, y.id, age(x.t::timestamptz, y.t::timestamptz) FROM {table} x JOIN {other} y \
                 ON x.t::timestamptz = y.t::timestamp WHERE isfinite(x.t)"
            ),
            // A series of infinite moments has no end.
            3 => format!(
                "SELECT s, s::date FROM generate_series(timestamptz {moment}, timestamptz {moment} + interval '3 days', \
                 interval '1 day') AS s LIMIT 5"
            ),
            4 => format!(
                "SELECT id, count(*) OVER (ORDER BY t::timestamptz RANGE BETWEEN '1 mon' PRECEDING AND CURRENT ROW) \
                 FROM {table} WHERE {condition}"
            ),
            _ => format!(
                "SELECT concat(t, '|'), array_agg(t ORDER BY id)::text FROM {table} GROUP BY t"
            ),
        }
    }

    /// A definition with moments in it, which mean what they mean in the zone of the session that makes it.
    pub(super) fn definition(&self, rng: &mut ChaCha8Rng) -> String {
        let (table, moment) = (self.0.table(rng), self.moment(rng));
        match rng.random_range(0..6) {
            5 => format!(
                "ALTER TABLE {table} ALTER COLUMN t TYPE TIMESTAMPTZ(2), ALTER COLUMN d TYPE INTERVAL HOUR"
            ),
            0 => format!("ALTER TABLE {table} ALTER COLUMN t SET DEFAULT {moment}"),
            1 => format!(
                "ALTER TABLE {table} ADD CONSTRAINT zoned CHECK (t <> timestamptz {moment})"
            ),
            2 => format!(
                "CREATE INDEX {table}_i{} ON {table} (a) WHERE t > {moment}",
                rng.random_range(0..3)
            ),
            3 => format!("ALTER TABLE {table} ALTER COLUMN t TYPE TIMESTAMPTZ"),
            _ => format!("ALTER TABLE {table} ALTER COLUMN t TYPE TIMESTAMP"),
        }
    }
}
