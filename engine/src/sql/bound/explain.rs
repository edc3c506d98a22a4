//! What `EXPLAIN` is asked for.

/// What `EXPLAIN` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainOptions {
    /// `ANALYZE`: the statement is run, and what was found is shown.
    pub analyze: bool,
    /// `VERBOSE`: the columns of each operator are shown, and names with what they belong to.
    pub verbose: bool,
    /// `COSTS`: estimates are shown.
    pub costs: bool,
    /// `SETTINGS`: settings that plans depend on and that were changed.
    pub settings: bool,
    /// `BUFFERS`: pages and blocks of each operator.
    pub buffers: bool,
    /// `WAL`: what each operator has appended to the log.
    pub wal: bool,
    /// `TIMING`: times of each operator.
    pub timing: bool,
    /// `SUMMARY`: times of the whole.
    pub summary: bool,
    /// `FORMAT`
    pub format: ExplainFormat,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainFormat {
    /// Lines, a row each.
    #[default]
    Text,
    /// One JSON.
    Json,
    /// One text in YAML.
    Yaml,
}
