//! `COPY` of standard input and output, and `\copy` of the shell's own files.

use super::command::Failed;
use super::print;
use super::session::{Shell, complain, out};
use quantadb::Error;
use quantadb::api::CopyData;
use std::io::{self, Read};

/// Gives the lines behind a statement one by one, without their ends; `None` at the end.
pub(crate) type NextLine<'a> = &'a mut dyn FnMut() -> Option<io::Result<String>>;

/// What ends data that stand behind their statement.
const END: &str = "\\.";

/// The data behind a statement, up to their end or that of the script.
struct Data<'a> {
    next: NextLine<'a>,
    line: Vec<u8>,
    given: usize,
    is_done: bool,
}

impl Data<'_> {
    /// Passes over what was not read.
    fn finish(&mut self) {
        while !self.is_done {
            self.is_done = !matches!((self.next)(), Some(Ok(line)) if line != END);
        }
    }
}

impl Read for Data<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() && !self.is_done {
            match (self.next)().transpose()? {
                Some(line) if line != END => {
                    self.line = line.into_bytes();
                    self.line.push(b'\n');
                    self.given = 0;
                }
                _ => self.is_done = true,
            }
        }
        if self.is_done {
            return Ok(0);
        }
        let length = buffer.len().min(self.line.len() - self.given);
        buffer[..length].copy_from_slice(&self.line[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

impl Shell {
    /// Runs one statement, whose data follow it in `next` if it is `COPY … FROM STDIN`. Returns whether it succeeded.
    pub(crate) fn run_statement(&mut self, sql: &str, place: &str, next: NextLine<'_>) -> bool {
        let Some(wanted) = CopyData::wanted(sql) else {
            return self.run_sql(sql, place);
        };
        let result = match wanted {
            CopyData::Input => {
                let mut data = Data {
                    next,
                    line: Vec::new(),
                    given: 0,
                    is_done: false,
                };
                let result = self.connection.copy_in(sql, &mut data);
                data.finish();
                result.map(Some)
            }
            CopyData::Output => {
                let stdout = io::stdout().lock();
                self.connection.copy_out(sql, stdout).map(|_| None)
            }
        };
        told(result, sql, place)
    }

    /// Runs the `\copy` whose text is given: `COPY` of a file that the shell opens.
    pub(crate) fn copy_file(&mut self, text: &str, place: &str) -> Result<(), Failed> {
        let Some(copy) = FileCopy::read(text) else {
            complain(&format!("{place}\\copy: parse error at end of line\n"));
            return Err(Failed::Command);
        };
        let succeeded = match self.copied(&copy) {
            Ok(result) => told(result.map(Some), &copy.sql(), place),
            Err(error) => {
                complain(&format!("{place}{}: {error}\n", copy.file));
                false
            }
        };
        succeeded.then_some(()).ok_or(Failed::Command)
    }

    #[allow(clippy::disallowed_methods, clippy::disallowed_types)] // a file of the shell, which the database does not know
    fn copied(&mut self, copy: &FileCopy<'_>) -> io::Result<Result<u64, Error>> {
        let sql = copy.sql();
        Ok(match copy.is_from {
            true => {
                let file = std::fs::File::open(copy.file)?;
                self.connection.copy_in(&sql, file)
            }
            false => {
                let file = std::fs::File::create(copy.file)?;
                self.connection.copy_out(&sql, file)
            }
        })
    }
}

/// Prints what a COPY did; its rows are `None` where they went to standard output. Returns whether it succeeded.
fn told(result: Result<Option<u64>, Error>, sql: &str, place: &str) -> bool {
    match &result {
        Ok(Some(rows)) => out(&format!("COPY {rows}\n")),
        Ok(None) => {}
        Err(error) => complain(&print::error(error, sql, place)),
    }
    result.is_ok()
}

/// A `\copy`, taken apart at its file.
#[derive(Debug, PartialEq, Eq)]
struct FileCopy<'a> {
    source: &'a str,
    is_from: bool,
    file: &'a str,
    options: &'a str,
}

impl<'a> FileCopy<'a> {
    /// `source FROM|TO file options`; the file is in quotes, or has no blanks.
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim().trim_end_matches(';');
        let (at, is_from) = direction(text)?;
        let source = text[..at].trim();
        let rest = text[at..]
            .split_at(if is_from { 4 } else { 2 })
            .1
            .trim_start();
        let (file, options) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'')?,
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        let is_complete = !source.is_empty() && !file.is_empty();
        is_complete.then_some(Self {
            source,
            is_from,
            file,
            options,
        })
    }

    fn sql(&self) -> String {
        let place = match self.is_from {
            true => "FROM STDIN",
            false => "TO STDOUT",
        };
        format!("COPY {} {place} {}", self.source, self.options)
    }
}

/// Where FROM or TO stands outside of parentheses and quotes, and which of them it is.
fn direction(text: &str) -> Option<(usize, bool)> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut begins_word = true;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 && begins_word => {
                let end = text[at..].find(|c: char| !c.is_ascii_alphabetic());
                let word = &text[at..end.map_or(text.len(), |end| at + end)];
                if word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("to") {
                    return Some((at, word.len() == 4));
                }
            }
            _ => {}
        }
        begins_word = c.is_whitespace() || c == ')';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_file_is_taken_apart_at_the_file() {
        let read = |text| FileCopy::read(text).map(|copy| (copy.sql(), copy.file));
        assert_eq!(
            read("t (a, b) from '/tmp/a b.csv' with (format csv);"),
            Some((
                "COPY t (a, b) FROM STDIN  with (format csv)".to_owned(),
                "/tmp/a b.csv"
            ))
        );
        assert_eq!(
            read("(SELECT ')' FROM t) TO out.txt"),
            Some(("COPY (SELECT ')' FROM t) TO STDOUT ".to_owned(), "out.txt"))
        );
        assert_eq!(read("\"from\" to x").map(|copy| copy.1), Some("x"));
        assert_eq!(read("t from"), None);
        assert_eq!(read("t"), None);
    }
}
