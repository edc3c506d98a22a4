//! The dialogue at a terminal.

use super::command::Failed;
use super::session::{Shell, complain};
use super::splitter::Splitter;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use std::path::PathBuf;

/// The file in the user's home that keeps the lines entered.
const HISTORY_FILE: &str = ".quanta_history";

impl Shell {
    /// Reads from the terminal until the user leaves. Returns whether the terminal could be read.
    pub(crate) fn interact(&mut self) -> bool {
        let mut editor = match DefaultEditor::new() {
            Ok(editor) => editor,
            Err(error) => {
                complain(&format!(
                    "quanta: error: cannot use the terminal: {error}\n"
                ));
                return false;
            }
        };
        let history = std::env::home_dir().map(|home| home.join(HISTORY_FILE));
        if let Some(path) = &history {
            // The first time there is none; without history the shell works as well.
            let _ = editor.load_history(path);
        }
        println!("quanta {} (\\? for help)\n", env!("CARGO_PKG_VERSION"));
        let succeeded = self.read_lines(&mut editor);
        save_history(&mut editor, history);
        succeeded
    }

    fn read_lines(&mut self, editor: &mut DefaultEditor) -> bool {
        let mut splitter = Splitter::default();
        loop {
            let line = match editor.readline(&self.prompt(&splitter)) {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => {
                    splitter.take();
                    continue;
                }
                Err(ReadlineError::Eof) => return true,
                Err(error) => {
                    complain(&format!("quanta: error: {error}\n"));
                    return false;
                }
            };
            if !line.trim().is_empty() {
                // Only a full memory could keep a line from the history.
                let _ = editor.add_history_entry(&line);
            }
            if splitter.is_empty() && matches!(line.trim(), "exit" | "quit") {
                return true;
            }
            let command = line.trim_start().strip_prefix('\\');
            if let (Some(command), true) = (command, splitter.takes_commands()) {
                if self.backslash(command, "") == Err(Failed::Quit) {
                    return true;
                }
                continue;
            }
            for statement in splitter.push(&line) {
                let mut data = || match editor.readline(">> ") {
                    Ok(line) => Some(Ok(line)),
                    Err(ReadlineError::Eof) => None,
                    Err(error) => Some(Err(std::io::Error::other(error))),
                };
                self.run_statement(&statement, "", &mut data);
            }
        }
    }

    /// psql's prompt: what is unfinished, and the state of the transaction.
    fn prompt(&self, splitter: &Splitter) -> String {
        let transaction = if self.connection.has_failed_transaction() {
            "!"
        } else if self.connection.is_in_transaction() {
            "*"
        } else {
            ""
        };
        format!("quanta{}{transaction}> ", splitter.mark())
    }
}

fn save_history(editor: &mut DefaultEditor, path: Option<PathBuf>) {
    let Some(path) = path else { return };
    if let Err(error) = editor.save_history(&path) {
        complain(&format!(
            "quanta: could not save the history in {}: {error}\n",
            path.display()
        ));
    }
}
