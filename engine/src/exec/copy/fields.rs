//! The fields of a line of `COPY FROM`.

use super::io::bad_file;
use crate::error::Result;
use crate::sql::bound::CopyForm;
use crate::types::data_error;

/// A field: its text, or `None` for NULL.
pub(super) type Field = Option<String>;

/// The fields of `line`. Errors: `22021` for what is no UTF-8, `22P04` for a quote that is not closed.
pub(super) fn fields(line: &[u8], form: &CopyForm) -> Result<Vec<Field>> {
    text(line.to_vec())?;
    match form.is_csv {
        true => csv_fields(line, form),
        false => text_fields(line, form),
    }
}

/// Bytes as text. Errors: `22021`.
fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let from = error.utf8_error().valid_up_to();
        let bytes = &error.as_bytes()[from..];
        // As many as the first one announces, as PostgreSQL shows them.
        let announced = match bytes.first() {
            Some(0xF0..=0xF7) => 4,
            Some(0xE0..=0xEF) => 3,
            Some(0xC0..=0xDF) => 2,
            _ => 1,
        };
        let shown = bytes.iter().take(announced).map(|b| format!("0x{b:02x}"));
        let shown: Vec<String> = shown.collect();
        let message = format!(
            "invalid byte sequence for encoding \"UTF8\": {}",
            shown.join(" ")
        );
        data_error("22021", message)
    })
}

fn text_fields(line: &[u8], form: &CopyForm) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let start = at;
        let mut value = Vec::new();
        while at < line.len() && line[at] != form.delimiter {
            let byte = line[at];
            at += 1;
            match byte {
                b'\\' if at < line.len() => value.push(escaped(line, &mut at)),
                _ => value.push(byte),
            }
        }
        fields.push(match &line[start..at] == form.null.as_bytes() {
            true => None,
            false => Some(text(value)?),
        });
        if at >= line.len() {
            return Ok(fields);
        }
        at += 1;
    }
}

/// What a backslash and the bytes from `at` on stand for.
fn escaped(line: &[u8], at: &mut usize) -> u8 {
    let digits = |from: usize, most: usize, radix: u32| {
        let digits = line[from..].iter().take(most);
        digits
            .map_while(|byte| char::from(*byte).to_digit(radix))
            .collect::<Vec<u32>>()
    };
    let number = |digits: &[u32], radix: u32| {
        // Three octal digits may pass a byte; the rest is cut off, as in C.
        digits.iter().fold(0, |all, digit| all * radix + digit) as u8
    };
    let byte = line[*at];
    *at += 1;
    match byte {
        b'b' => 0x08,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0B,
        b'0'..=b'7' => {
            let octal = digits(*at - 1, 3, 8);
            *at += octal.len() - 1;
            number(&octal, 8)
        }
        b'x' => match digits(*at, 2, 16) {
            hex if hex.is_empty() => b'x',
            hex => {
                *at += hex.len();
                number(&hex, 16)
            }
        },
        other => other,
    }
}

fn csv_fields(line: &[u8], form: &CopyForm) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let mut value = Vec::new();
        let mut was_quoted = false;
        while at < line.len() && line[at] != form.delimiter {
            let byte = line[at];
            at += 1;
            if byte == form.quote {
                was_quoted = true;
                quoted(line, &mut at, form, &mut value)?;
            } else {
                value.push(byte);
            }
        }
        let is_null = value == form.null.as_bytes();
        let column = form.columns.get(fields.len());
        let is_null = is_null
            && match was_quoted {
                true => column.is_some_and(|c| c.force_null),
                false => !column.is_some_and(|c| c.force_not_null),
            };
        fields.push(match is_null {
            true => None,
            false => Some(text(value)?),
        });
        if at >= line.len() {
            return Ok(fields);
        }
        at += 1;
    }
}

/// Adds what is between quotes, of which the first was taken, to `value`.
fn quoted(line: &[u8], at: &mut usize, form: &CopyForm, value: &mut Vec<u8>) -> Result<()> {
    loop {
        let Some(byte) = line.get(*at) else {
            return Err(bad_file("unterminated CSV quoted field"));
        };
        *at += 1;
        if *byte == form.escape
            && let Some(next) = line
                .get(*at)
                .filter(|b| **b == form.escape || **b == form.quote)
        {
            value.push(*next);
            *at += 1;
            continue;
        }
        if *byte == form.quote {
            return Ok(());
        }
        value.push(*byte);
    }
}
