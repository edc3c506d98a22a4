//! Functions of texts, character by character.

/// The characters up to the `n`-th; of a negative `n`, all but so many.
pub(super) fn left(text: &str, n: i32) -> String {
    let length = text.chars().count() as i64;
    let n = i64::from(n);
    let count = if n < 0 { length + n } else { n };
    text.chars().take(count.max(0) as usize).collect()
}

/// Where `part` begins in `text`, counted from 1; 0: nowhere.
pub(super) fn position(text: &str, part: &str) -> i32 {
    let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
    let found = (0..=text.len()).find(|at| text[*at..].starts_with(&part));
    found.map_or(0, |at| at as i32 + 1)
}

/// `text` with `to` for each `from`; nothing is there for an empty one.
pub(super) fn replace(text: &str, from: &str, to: &str) -> String {
    match from {
        "" => text.to_owned(),
        from => text.split(from).collect::<Vec<_>>().join(to),
    }
}

/// `count` characters from `from` on, counted from 1; before the first there are none. `None` for a negative count.
pub(super) fn substring(text: &str, from: i32, count: i32) -> Option<String> {
    if count < 0 {
        return None;
    }
    let (from, count) = (i64::from(from), i64::from(count));
    let numbered = (1..).zip(text.chars());
    let inside = numbered.filter(|(at, _)| (from..from + count).contains(at));
    Some(inside.map(|(_, character)| character).collect())
}

/// Whether the whole of `text` is as `pattern` says. `None` for a pattern that ends in an escape.
pub(super) fn like(text: &str, pattern: &str) -> Option<bool> {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let mut at = 0;
    while at < pattern.len() {
        at += match pattern[at] {
            '\\' if at + 1 == pattern.len() => return None,
            '\\' => 2,
            _ => 1,
        };
    }
    Some(matches(&text, &pattern))
}

/// The same of a pattern of `SIMILAR TO`, whose special characters here are those of LIKE. An escape at its end is nothing;
/// `None` for one elsewhere, which may mean anything.
pub(super) fn similar(text: &str, pattern: &str) -> Option<bool> {
    let pattern = pattern.strip_suffix('\\').unwrap_or(pattern);
    if pattern.contains('\\') {
        return None;
    }
    like(text, pattern)
}

fn matches(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['%', rest @ ..], text) => (0..=text.len()).any(|skip| matches(&text[skip..], rest)),
        (['_', rest @ ..], [_, text @ ..]) => matches(text, rest),
        (['\\', escaped, rest @ ..], [first, text @ ..]) => first == escaped && matches(text, rest),
        ([wanted, rest @ ..], [first, text @ ..]) => {
            *wanted != '\\' && first == wanted && matches(text, rest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart_as_postgresql_does() {
        assert_eq!(left("hello", -2), "hel");
        assert_eq!(left("hello", -9), "");
        assert_eq!((position("abc", ""), position("abc", "c")), (1, 3));
        assert_eq!(replace("aaa", "aa", "b"), "ba");
        assert_eq!(substring("hello", -1, 3).as_deref(), Some("h"));
        assert_eq!(substring("hello", 2, -1), None);
        assert_eq!(like("a%", "a\\%"), Some(true));
        assert_eq!(like("ab", "_"), Some(false));
        assert_eq!(like("ab", "ab\\"), None);
        assert_eq!(similar("ab", "a_\\"), Some(true));
        assert_eq!(similar("ab", "\\a_"), None);
    }
}
