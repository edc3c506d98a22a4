//! Finds where statements end in lines that come one by one, as psql does.

/// Cuts lines into statements at the semicolons that are not inside of quotes, comments or parentheses.
#[derive(Default)]
pub(crate) struct Splitter {
    /// The statement begun.
    text: String,
    inside: Inside,
    parentheses: usize,
}

/// What the end of the text so far is inside of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// A string; in one with `E` before it a backslash takes the next character.
    String { escapes: bool },
    /// A quoted name.
    Name,
    /// A comment, and how many are nested.
    Comment(usize),
    /// A string between dollar signs, with its tag: `$tag$`.
    Dollar(String),
}

impl Splitter {
    /// Adds a line and gives the statements that it ends, each with its semicolon.
    pub(crate) fn push(&mut self, line: &str) -> Vec<String> {
        let mut done = Vec::new();
        let mut rest = line;
        while let Some(next) = rest.chars().next() {
            let length = match &self.inside {
                Inside::Nothing => self.outside(rest, next),
                Inside::String { escapes: true } if next == '\\' => {
                    1 + rest[1..].chars().next().map_or(0, char::len_utf8)
                }
                Inside::String { .. } => self.close(rest, "'"),
                Inside::Name => self.close(rest, "\""),
                Inside::Comment(depth) => {
                    let depth = *depth;
                    self.comment(rest, next, depth)
                }
                Inside::Dollar(tag) => {
                    let tag = tag.clone();
                    self.close(rest, &tag)
                }
            };
            let (taken, left) = rest.split_at(length);
            self.text.push_str(taken);
            rest = left;
            if next == ';' && self.inside == Inside::Nothing && self.parentheses == 0 {
                done.push(std::mem::take(&mut self.text));
            }
        }
        self.text.push('\n');
        if self.is_empty() {
            self.text.clear();
        }
        done
    }

    /// Whether nothing of a statement has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether a backslash at the start of the next line is a command: not inside of quotes or a comment.
    pub(crate) fn takes_commands(&self) -> bool {
        self.inside == Inside::Nothing
    }

    /// Gives up the statement begun, and gives its text.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(self).text
    }

    /// The character that psql's prompt shows for what is unfinished.
    pub(crate) fn mark(&self) -> char {
        match &self.inside {
            Inside::String { .. } => '\'',
            Inside::Name => '"',
            Inside::Comment(_) => '*',
            Inside::Dollar(_) => '$',
            Inside::Nothing if self.parentheses > 0 => '(',
            Inside::Nothing if self.is_empty() => '=',
            Inside::Nothing => '-',
        }
    }

    /// Takes one token outside of quotes; gives its length.
    fn outside(&mut self, rest: &str, next: char) -> usize {
        match next {
            '\'' => self.inside = self.string(),
            '"' => self.inside = Inside::Name,
            '(' => self.parentheses += 1,
            ')' => self.parentheses = self.parentheses.saturating_sub(1),
            '-' if rest.starts_with("--") => return rest.len(),
            '/' if rest.starts_with("/*") => {
                self.inside = Inside::Comment(1);
                return 2;
            }
            '$' if !self.ends_in_word() => {
                if let Some(tag) = dollar_tag(rest) {
                    self.inside = Inside::Dollar(tag.to_owned());
                    return tag.len();
                }
            }
            _ => {}
        }
        next.len_utf8()
    }

    /// The kind of string that begins here: with escapes if an `E` that is no part of a name is before it.
    fn string(&self) -> Inside {
        let mut before = self.text.chars().rev();
        let escapes = matches!(before.next(), Some('e' | 'E')) && !before.next().is_some_and(word);
        Inside::String { escapes }
    }

    fn ends_in_word(&self) -> bool {
        self.text.chars().next_back().is_some_and(word)
    }

    fn close(&mut self, rest: &str, end: &str) -> usize {
        if rest.starts_with(end) {
            // A doubled quote closes and opens again: the same as going on.
            let doubled = end.len() == 1 && rest[1..].starts_with(end);
            if doubled {
                return 2;
            }
            self.inside = Inside::Nothing;
            return end.len();
        }
        rest.chars().next().map_or(0, char::len_utf8)
    }

    fn comment(&mut self, rest: &str, next: char, depth: usize) -> usize {
        if rest.starts_with("/*") {
            self.inside = Inside::Comment(depth + 1);
            return 2;
        }
        if rest.starts_with("*/") {
            self.inside = match depth {
                0 | 1 => Inside::Nothing,
                depth => Inside::Comment(depth - 1),
            };
            return 2;
        }
        next.len_utf8()
    }
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The tag, dollar signs included, if `rest` begins a dollar-quoted string; `$1` does not.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = rest[1..].find('$')? + 1;
    let name = &rest[1..end];
    let begins_well = !name.starts_with(|c: char| c.is_ascii_digit());
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (begins_well && is_name).then(|| &rest[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (Vec<String>, String) {
        let mut splitter = Splitter::default();
        let done = text.lines().flat_map(|line| splitter.push(line)).collect();
        (done, splitter.take())
    }

    #[test]
    fn statements_end_at_their_semicolons() {
        let (done, rest) = split("select 1; select\n 2;\nselect 3");
        assert_eq!(done, ["select 1;", " select\n 2;"]);
        assert_eq!(rest, "select 3\n");
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        for text in [
            "select ';';",
            "select 'a'';b';",
            r"select E'\';';",
            r#"select 1 as ";" ;"#,
            "select 1 -- no; not\n;",
            "select /* a; /* b; */ c; */ 1;",
            "select $$;$$;",
            "select $a$ $$;$$ ; $a$;",
            "select (1;\n);",
            "select $1;",
            r"select '\';",
            "select 'é';",
        ] {
            let (done, rest) = split(text);
            assert_eq!((done.len(), rest.as_str()), (1, ""), "{text}: {done:?}");
        }
    }

    #[test]
    fn the_prompt_shows_what_is_unfinished() {
        for (text, mark) in [
            ("", '='),
            ("select", '-'),
            ("select '", '\''),
            ("select \"", '"'),
            ("select (", '('),
            ("/*", '*'),
            ("select $$", '$'),
        ] {
            let mut splitter = Splitter::default();
            splitter.push(text);
            assert_eq!(splitter.mark(), mark, "{text}");
        }
    }
}
