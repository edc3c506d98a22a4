//! Reading Rust source as text: blanking what is no code, and finding items by counting brackets.

/// `source` with comments, strings and characters blanked, line by line as long as before.
pub(crate) fn blank(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("whole tokens are blanked, so no character is cut")
}

/// Where the comment, string or character that starts at `at` ends; `at` when none does.
fn skip(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let after_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => at + position(rest, b"\n").unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment(rest),
        [b'r', b'"' | b'#', ..] if !after_word => raw_string(bytes, at, 1),
        [b'b', b'r', b'"' | b'#', ..] if !after_word => raw_string(bytes, at, 2),
        [b'"', ..] => at + quoted(rest, b'"'),
        [b'\'', b'\\', ..] => at + quoted(rest, b'\''),
        [b'\'', tail @ ..] => match tail.iter().take(5).position(|&b| b == b'\'') {
            // One character between two quotes; else it is a lifetime.
            Some(len)
                if std::str::from_utf8(&tail[..len]).is_ok_and(|s| s.chars().count() == 1) =>
            {
                at + len + 2
            }
            _ => at,
        },
        _ => at,
    }
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string(bytes: &[u8], at: usize, prefix: usize) -> usize {
    let hashes = bytes[at + prefix..]
        .iter()
        .take_while(|&&b| b == b'#')
        .count();
    let open = at + prefix + hashes;
    if bytes.get(open) != Some(&b'"') {
        return at;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    position(&bytes[open + 1..], &close).map_or(bytes.len(), |n| open + 1 + n + close.len())
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the word `word` stands in blanked code.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let bytes = code.as_bytes();
            let before = at == 0 || !is_word(bytes[at - 1]);
            before && !bytes.get(at + word.len()).is_some_and(|&b| is_word(b))
        })
}

/// The identifier that starts `code`, after white space.
pub(crate) fn identifier(code: &str) -> &str {
    let code = code.trim_start();
    let end = code.bytes().position(|b| !is_word(b)).unwrap_or(code.len());
    &code[..end]
}

/// An item with a body in brackets.
pub(crate) struct Item<'a> {
    pub(crate) name: &'a str,
    /// Between the brackets.
    pub(crate) body: &'a str,
    /// From the keyword's line to the closing bracket's.
    pub(crate) lines: usize,
}

/// All items that `keyword` begins: functions, structs, traits. Those without a body are left out.
pub(crate) fn items<'a>(code: &'a str, keyword: &'a str) -> impl Iterator<Item = Item<'a>> + 'a {
    words(code, keyword).filter_map(move |at| {
        let name = identifier(&code[at + keyword.len()..]);
        let tuple = keyword == "struct";
        let open = body_start(code, at, tuple)?;
        let close = matching(code, open)?;
        (!name.is_empty()).then(|| Item {
            name,
            body: &code[open + 1..close],
            lines: code[at..=close].matches('\n').count() + 1,
        })
    })
}

/// The bracket that opens the body of the item at `at`.
fn body_start(code: &str, at: usize, tuple: bool) -> Option<usize> {
    let mut depth = 0i32;
    for (offset, byte) in code.as_bytes()[at..].iter().enumerate() {
        match byte {
            b'(' if tuple && depth == 0 => return Some(at + offset),
            b'{' if depth == 0 => return Some(at + offset),
            b';' if depth == 0 => return None,
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None; // the type `fn(…)` inside of something
        }
    }
    None
}

/// The bracket that closes the one at `open`.
fn matching(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, byte) in code.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + offset);
        }
    }
    None
}

/// The parts of `body` between commas that no bracket encloses.
pub(crate) fn split_at_commas(body: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    let bytes = body.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b')' | b']' | b'}' | b'>' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&body[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&body[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// What each occurrence of `root` followed by `::` leads to: the next identifier, or those of a list in braces.
pub(crate) fn first_segments<'a>(code: &'a str, root: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for at in words(code, root) {
        let rest = &code[at + root.len()..];
        let Some(rest) = rest.trim_start().strip_prefix("::") else {
            continue;
        };
        let rest = rest.trim_start();
        if !rest.starts_with('{') {
            found.push(identifier(rest));
        } else if let Some(close) = matching(rest, 0) {
            let parts = split_at_commas(&rest[1..close]);
            found.extend(parts.into_iter().map(identifier));
        }
    }
    found
}
