//! A row as a line of `COPY TO`.

use crate::sql::bound::{CopyForm, CopyHeader};

/// Appends the line of a row to `out`; `None` is NULL.
pub(super) fn push_line(values: &[Option<String>], form: &CopyForm, out: &mut Vec<u8>) {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(form.delimiter);
        }
        match value {
            None => out.extend_from_slice(form.null.as_bytes()),
            Some(value) if form.is_csv => {
                let force = form.columns.get(at).is_some_and(|c| c.force_quote);
                // A line that has nothing but this would end the data.
                let ends = values.len() == 1 && value == "\\.";
                push_csv(value, form, force || ends, out);
            }
            Some(value) => push_text(value, form, out),
        }
    }
    out.push(b'\n');
}

/// Appends the line of the names of the columns, if there is to be one.
pub(super) fn push_header(form: &CopyForm, out: &mut Vec<u8>) {
    if form.header == CopyHeader::Absent {
        return;
    }
    for (at, column) in form.columns.iter().enumerate() {
        if at > 0 {
            out.push(form.delimiter);
        }
        match form.is_csv {
            true => push_csv(&column.name, form, false, out),
            false => push_text(&column.name, form, out),
        }
    }
    out.push(b'\n');
}

fn push_text(value: &str, form: &CopyForm, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        let letter = match byte {
            0x08 => b'b',
            0x0C => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0B => b'v',
            b'\\' => b'\\',
            _ if byte == form.delimiter => byte,
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.push(b'\\');
        out.push(letter);
    }
}

fn push_csv(value: &str, form: &CopyForm, force: bool, out: &mut Vec<u8>) {
    let special =
        |byte: u8| byte == form.delimiter || byte == form.quote || matches!(byte, b'\n' | b'\r');
    if !force && value != form.null && !value.bytes().any(special) {
        out.extend_from_slice(value.as_bytes());
        return;
    }
    out.push(form.quote);
    for byte in value.bytes() {
        if byte == form.quote || byte == form.escape {
            out.push(form.escape);
        }
        out.push(byte);
    }
    out.push(form.quote);
}
