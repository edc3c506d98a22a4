//! Any text as a script, for tests and a fuzz target.

use crate::files::run_text;
use crate::report::Options;
use quantadb::api::SessionOptions;
use std::time::Duration;

/// Longer scripts are not tried.
const TEXT_BYTES_MAX: usize = 4096;
/// What a statement may take: nobody knows what a text asks for.
const STATEMENT_TIMEOUT: Duration = Duration::from_millis(100);
const MEMORY_LIMIT_BYTES: usize = 64 << 20;

/// A text is run as a script, to a report of what passed and what did not: whatever it says, no record panics and none goes
/// on for ever.
///
/// # Panics
/// When not.
pub fn check_script(text: &str) {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    let options = Options {
        session: SessionOptions {
            statement_timeout: Some(STATEMENT_TIMEOUT),
            lock_timeout: Some(STATEMENT_TIMEOUT),
            memory_limit_bytes: MEMORY_LIMIT_BYTES,
            ..SessionOptions::default()
        },
        ..Options::default()
    };
    let report = run_text("fuzz", text, &options, &|| {});
    for failure in &report.failures {
        assert_ne!(failure.expected, "no panic", "{failure}");
        assert_ne!(failure.expected, "an answer", "{failure}");
    }
}
