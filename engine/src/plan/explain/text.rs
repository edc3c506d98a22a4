//! A plan as lines: an operator each, what else is to be said of it below, its inputs behind arrows.

use super::actual::milliseconds;
use super::tree::{Property, Shown, Tree};
use crate::sql::bound::ExplainOptions;

/// The lines of `tree`.
pub(super) fn lines(tree: &Tree, options: ExplainOptions) -> Vec<String> {
    let mut printer = Printer {
        lines: Vec::new(),
        options,
    };
    printer.operator(&tree.root, 0);
    for (name, subplan) in &tree.subplans {
        printer.lines.push(format!("  {name}"));
        printer.operator(subplan, 1);
    }
    if !tree.settings.is_empty() {
        let all = tree.settings.iter();
        let all: Vec<String> = all.map(|(n, v)| format!("{n} = '{v}'")).collect();
        printer.lines.push(format!("Settings: {}", all.join(", ")));
    }
    if options.summary {
        let time = |what: &str, micros| format!("{what} Time: {} ms", milliseconds(micros, 1));
        printer.lines.push(time("Planning", tree.planning_micros));
        let execution = tree.execution_micros;
        let execution = execution.map(|micros| time("Execution", micros));
        printer.lines.extend(execution);
    }
    printer.lines
}

struct Printer {
    lines: Vec<String>,
    options: ExplainOptions,
}

impl Printer {
    fn operator(&mut self, shown: &Shown, depth: usize) {
        let estimate = shown.estimate.as_ref().map(|e| {
            let (startup, total) = (e.cost.startup, e.cost.total);
            let (rows, width) = (e.rows, e.width_bytes);
            format!("(cost={startup:.2}..{total:.2} rows={rows} width={width})")
        });
        let actual = shown.actual.map(|a| a.text(self.options.timing));
        let parts: Vec<String> = estimate.into_iter().chain(actual).collect();
        let line = match parts.is_empty() {
            true => shown.title.clone(),
            false => format!("{}  {}", shown.title, parts.join(" ")),
        };
        self.lines.push(match depth {
            0 => line,
            _ => format!("{:indent$}->  {line}", "", indent = depth * 6 - 4),
        });
        for (label, property) in &shown.details {
            if let Some(text) = property.text() {
                self.detail(depth, label, &text);
            }
        }
        if let Some(actual) = shown.actual {
            let spent = actual.spent;
            if let Some(text) = spent.buffers_text().filter(|_| self.options.buffers) {
                self.detail(depth, "Buffers", &text);
            }
            if let Some(text) = spent.wal_text().filter(|_| self.options.wal) {
                self.detail(depth, "WAL", &text);
            }
        }
        for input in &shown.inputs {
            self.operator(input, depth + 1);
        }
    }

    fn detail(&mut self, depth: usize, label: &str, text: &str) {
        // Details stand two columns right of their operator's name, which itself stands behind the arrow.
        let indent = if depth == 0 { 2 } else { depth * 6 + 2 };
        self.lines.push(format!("{:indent$}{label}: {text}", ""));
    }
}

impl Property {
    /// As it stands behind a label; nothing for what only structured formats have.
    fn text(&self) -> Option<String> {
        match self {
            Self::Raw(text) | Self::Text(text) => Some(text.clone()),
            Self::List(texts) => Some(texts.join(", ")),
            Self::Group(_) | Self::Groups(_) => None,
        }
    }
}
