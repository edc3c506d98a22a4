//! The backslash commands.

use super::session::{Shell, complain, out};

const HELP: &str = r"General
  \q                     quit
  \?                     this help
  \timing [on|off]       say how long each statement takes
  \i FILE                run a script
  \copy ... FILE ...     COPY with a file of this machine: \copy t FROM 'FILE' (FORMAT csv)
Informational
  \d                     list tables and indexes
  \d NAME                describe a table or an index
  \dt                    list tables
  \snapshots             list the transactions that old versions and log are kept for, oldest snapshot first
Statements end with a semicolon and may take several lines. Without a FILE the database is in memory.
";

/// Why a command did not succeed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It was `\q`: there is nothing more to do.
    Quit,
    /// It failed, and has said so.
    Command,
}

impl Shell {
    /// Runs the command whose text follows the backslash; complaints come after `place`.
    pub(crate) fn backslash(&mut self, text: &str, place: &str) -> Result<(), Failed> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        // psql allows a semicolon behind a name.
        let argument = words.next().map(|word| word.trim_end_matches(';'));
        match (name, argument) {
            ("q", _) => return Err(Failed::Quit),
            ("?" | "h" | "help", _) => out(HELP),
            ("timing", setting) => self.set_timing(setting, place)?,
            ("i", Some(path)) => return self.run_file(path),
            ("i", None) => return failed(format!("{place}\\i: missing required argument\n")),
            ("copy", _) => return self.copy_file(&text.trim_start()[name.len()..], place),
            ("dt", None) => return succeeded(self.list(false)),
            ("snapshots", _) => out(&self.snapshots()),
            ("d", None) => return succeeded(self.list(true)),
            ("d" | "dt", Some(name)) => return succeeded(self.describe(name)),
            (name, _) => {
                return failed(format!(
                    "{place}invalid command \\{name}\nTry \\? for help.\n"
                ));
            }
        }
        Ok(())
    }

    fn set_timing(&mut self, setting: Option<&str>, place: &str) -> Result<(), Failed> {
        self.timing = match setting {
            None => !self.timing,
            Some("on") => true,
            Some("off") => false,
            Some(other) => {
                return failed(format!(
                    "{place}unrecognized value \"{other}\" for \"\\timing\": Boolean expected\n"
                ));
            }
        };
        let state = if self.timing { "on" } else { "off" };
        out(&format!("Timing is {state}.\n"));
        Ok(())
    }
}

fn succeeded(succeeded: bool) -> Result<(), Failed> {
    match succeeded {
        true => Ok(()),
        false => Err(Failed::Command),
    }
}

fn failed(message: String) -> Result<(), Failed> {
    complain(&message);
    Err(Failed::Command)
}
