//! Records that an engine is known to answer otherwise than their script says, by rule.
//!
//! A list is a text of rules. Each begins with its name; every other line is a regular expression over the file's name, the
//! statement, or what came, and the reason for whoever reads it. All that are given must match.
//!
//! ```text
//!   rule unary plus on a text
//!   got ^42883: operator does not exist: \+ text
//!   reason SQLite takes any value for a number here.
//! ```
//!
//! A record that failed and that a rule is about counts as a difference. One that passes needs no rule: so the same list
//! holds for all engines that differ in the same way.

use crate::report::Failure;
use regex::Regex;

/// A list of rules.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    file: Option<Regex>,
    sql: Option<Regex>,
    got: Option<Regex>,
}

impl Differences {
    /// The rules of a text; lines that begin with `#` are comments. Errors: a text that says which line is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules: Vec<Rule> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |why: String| format!("line {}: {why}", number + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            if key == "rule" {
                rules.push(Rule {
                    name: value.to_owned(),
                    file: None,
                    sql: None,
                    got: None,
                });
                continue;
            }
            let Some(rule) = rules.last_mut() else {
                return Err(wrong(format!(
                    "\"{key}\" stands in front of the first rule"
                )));
            };
            let pattern = match key {
                "reason" => continue,
                "file" => &mut rule.file,
                "sql" => &mut rule.sql,
                "got" => &mut rule.got,
                _ => {
                    return Err(wrong(format!(
                        "\"{key}\" is none of rule, file, sql, got, reason"
                    )));
                }
            };
            *pattern = Some(Regex::new(value).map_err(|error| wrong(error.to_string()))?);
        }
        match rules.iter().find(|rule| rule.got.is_none()) {
            Some(rule) => Err(format!(
                "the rule \"{}\" does not say what comes",
                rule.name
            )),
            None => Ok(Self { rules }),
        }
    }

    /// The name of the rule that a failure comes under.
    pub(crate) fn rule_of(&self, failure: &Failure) -> Option<&str> {
        let fits = |pattern: &Option<Regex>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text))
        };
        let rule = self.rules.iter().find(|rule| {
            fits(&rule.file, &failure.file)
                && fits(&rule.sql, &failure.sql)
                && fits(&rule.got, &failure.got)
        });
        rule.map(|rule| rule.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(sql: &str, got: &str) -> Failure {
        Failure {
            file: "a/b.test".to_owned(),
            line: 1,
            sql: sql.to_owned(),
            expected: String::new(),
            got: got.to_owned(),
        }
    }

    #[test]
    fn a_failure_comes_under_the_first_rule_that_fits() {
        let list = "# comment\nrule one\nsql ^DROP\ngot ^2BP01\nreason why\n\nrule two\nfile b\\.test$\ngot .\n";
        let list = Differences::parse(list).unwrap();
        assert_eq!(
            list.rule_of(&failure("DROP VIEW v", "2BP01: x")),
            Some("one")
        );
        assert_eq!(
            list.rule_of(&failure("DROP VIEW v", "42P01: x")),
            Some("two")
        );
        assert_eq!(list.rule_of(&failure("DROP VIEW v", "")), None);
    }

    #[test]
    fn a_list_that_is_none_is_refused_with_its_line() {
        let wrong = |text| Differences::parse(text).unwrap_err();
        assert_eq!(
            wrong("got x"),
            "line 1: \"got\" stands in front of the first rule"
        );
        assert!(wrong("rule a\ngot (").starts_with("line 2: "));
        assert!(wrong("rule a\n\nwhat x").starts_with("line 3: "));
        assert_eq!(
            wrong("rule a\nsql x"),
            "the rule \"a\" does not say what comes"
        );
    }
}
