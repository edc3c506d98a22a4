//! Where the lines of a `COPY FROM` end.
//!
//! In text, a backslash takes the next byte along, a line end too; `\.` ends the data. In CSV, what is between quotes is
//! part of the line; `\.` ends the data where it is a line of its own. All lines end as the first one does.

use super::input::Input;
use super::io::bad_file;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::memory::Reservation;
use crate::sql::bound::CopyForm;
use crate::types::VALUE_BYTES_MAX;

/// The lines of an input.
pub(super) struct Lines<'a> {
    input: Input<'a>,
    form: &'a CopyForm,
    end: Option<LineEnd>,
    is_done: bool,
    /// Number of the line that was given last, from 1.
    pub(super) number: u64,
    /// Bytes that the line takes.
    reservation: Reservation<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Newline,
    Return,
    Both,
}

/// Where in a line of CSV quotes are open.
#[derive(Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    fn take(&mut self, byte: u8, form: &CopyForm) {
        // A quote that escapes itself closes and opens again.
        let escape = (form.escape != form.quote).then_some(form.escape);
        if self.open && Some(byte) == escape {
            self.escaped = !self.escaped;
        }
        if byte == form.quote && !self.escaped {
            self.open = !self.open;
        }
        if Some(byte) != escape {
            self.escaped = false;
        }
    }
}

impl<'a> Lines<'a> {
    /// The lines of `input`.
    pub(super) fn new(input: Input<'a>, form: &'a CopyForm, reservation: Reservation<'a>) -> Self {
        Self {
            input,
            form,
            end: None,
            is_done: false,
            number: 0,
            reservation,
        }
    }

    /// Puts the next line, without its end, into `line`; false when there is none. Errors: `22P04` for a line end of
    /// another kind and what cannot end the data, `54000` and `53200` for a line that is too long.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        if self.is_done {
            return Ok(false);
        }
        self.number += 1;
        let mut quotes = Quotes::default();
        while let Some(byte) = self.input.next()? {
            match byte {
                b'\r' | b'\n' if !quotes.open => {
                    self.line_end(byte)?;
                    return Ok(true);
                }
                b'\\' if !self.form.is_csv => {
                    if self.backslash(line)? {
                        return Ok(!line.is_empty());
                    }
                }
                b'\\' if line.is_empty() && !quotes.open && self.ends_data(1)? => {
                    self.is_done = true;
                    return Ok(false);
                }
                _ => line.push(byte),
            }
            if self.form.is_csv {
                quotes.take(byte, self.form);
            }
            if line.capacity() > self.reservation.bytes() {
                self.check_length(line)?;
            }
        }
        self.is_done = true;
        Ok(!line.is_empty())
    }

    fn check_length(&mut self, line: &[u8]) -> Result<()> {
        if line.len() > VALUE_BYTES_MAX {
            let message = format!("a line of COPY has more than {VALUE_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::Limit, "54000", message));
        }
        self.reservation.resize(line.len() * 2)
    }

    /// Takes what follows a backslash of a text; true when that ends the data.
    fn backslash(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        if self.input.peek(0)? == Some(b'.') {
            if !self.ends_data(1)? {
                return Err(bad_file("end-of-copy marker corrupt"));
            }
            self.is_done = true;
            return Ok(true);
        }
        line.push(b'\\');
        line.extend(self.input.next()?);
        Ok(false)
    }

    /// Whether the next byte is a dot, and a line end or the end follows it.
    fn ends_data(&mut self, ahead: usize) -> Result<bool> {
        let dot = self.input.peek(0)? == Some(b'.');
        Ok(dot && matches!(self.input.peek(ahead)?, None | Some(b'\n' | b'\r')))
    }

    /// Takes the rest of a line end that begins with `byte`.
    fn line_end(&mut self, byte: u8) -> Result<()> {
        let both = byte == b'\r' && self.input.peek(0)? == Some(b'\n');
        let found = match byte {
            b'\n' => LineEnd::Newline,
            // Where lines end with one of them, a newline behind it is a line of its own, and an error.
            _ if both && self.end != Some(LineEnd::Return) => LineEnd::Both,
            _ => LineEnd::Return,
        };
        if *self.end.get_or_insert(found) != found {
            let what = match byte {
                b'\n' => "newline",
                _ => "carriage return",
            };
            return Err(bad_file(match self.form.is_csv {
                true => format!("unquoted {what} found in data"),
                false => format!("literal {what} found in data"),
            }));
        }
        if found == LineEnd::Both {
            self.input.next()?;
        }
        Ok(())
    }
}
