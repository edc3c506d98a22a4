//! Scripts: standard input, and the files of `\i`.

use super::command::Failed;
use super::session::{Shell, complain};
use super::splitter::Splitter;
use std::io::BufRead;

/// How deep scripts may include each other.
const DEPTH_MAX: usize = 64;

impl Shell {
    /// Runs what comes from standard input, to its end, whatever fails. Returns whether it could be read.
    pub(crate) fn run_standard_input(&mut self) -> bool {
        !matches!(
            self.run_lines(std::io::stdin().lock(), None),
            Err(Failed::Command)
        )
    }

    /// Runs the script at `path`, and goes on after an error. `\q` ends only the script. Errors: it could not be read.
    pub(crate) fn run_file(&mut self, path: &str) -> Result<(), Failed> {
        if self.depth >= DEPTH_MAX {
            complain(&format!("{path}: scripts include each other too deeply\n"));
            return Err(Failed::Command);
        }
        // The whole script at once: a directory or a file without UTF-8 is told before any of it has run.
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                complain(&format!("{path}: {error}\n"));
                return Err(Failed::Command);
            }
        };
        self.depth += 1;
        let result = self.run_lines(text.as_bytes(), Some(path));
        self.depth -= 1;
        match result {
            Err(Failed::Quit) => Ok(()),
            result => result,
        }
    }

    fn run_lines(&mut self, lines: impl BufRead, path: Option<&str>) -> Result<(), Failed> {
        let mut splitter = Splitter::default();
        let mut begun = 0;
        let mut number = 0;
        let mut lines = lines.lines();
        while let Some(line) = lines.next() {
            number += 1;
            let line = line.map_err(|error| {
                complain(&format!("quanta: error: line {number}: {error}\n"));
                Failed::Command
            })?;
            if splitter.is_empty() {
                begun = number;
            }
            let place = |line: u64| path.map_or(String::new(), |p| format!("quanta:{p}:{line}: "));
            let command = line.trim_start().strip_prefix('\\');
            if let (Some(command), true) = (command, splitter.takes_commands()) {
                if self.backslash(command, &place(number)) == Err(Failed::Quit) {
                    return Err(Failed::Quit);
                }
                continue;
            }
            for statement in splitter.push(&line) {
                let mut data = || {
                    number += 1;
                    lines.next()
                };
                self.run_statement(&statement, &place(begun), &mut data);
                begun = number;
            }
        }
        let rest = splitter.take();
        if !rest.trim().is_empty() {
            let place = path.map_or(String::new(), |p| format!("quanta:{p}:{begun}: "));
            self.run_statement(&rest, &place, &mut || None);
        }
        Ok(())
    }
}
