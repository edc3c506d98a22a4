//! How names are written as identifiers.

use crate::catalog::RelationName;

/// PostgreSQL's keywords that cannot stand for any name without quotes.
const KEYWORDS: &str = "all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean \
    both case cast char character check coalesce collate collation column concurrently constraint create cross \
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal \
    default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full \
    grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull \
    join lateral leading least left like limit localtime localtimestamp national natural nchar none normalize not \
    notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary \
    real references returning right row select session_user setof similar smallint some substring symmetric table \
    tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose \
    when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot \
    xmlserialize xmltable";

/// Appends `name` as an identifier: in quotes where it needs them.
pub(crate) fn push_quoted(name: &str, out: &mut String) {
    let plain = |c: char| matches!(c, 'a'..='z' | '_');
    let is_plain = name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c.is_ascii_digit())
        && !KEYWORDS.split_ascii_whitespace().any(|word| word == name);
    if is_plain {
        out.push_str(name);
        return;
    }
    out.push('"');
    out.push_str(&name.replace('"', "\"\""));
    out.push('"');
}

/// `name` as an identifier: in quotes where it needs them.
pub(crate) fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    push_quoted(name, &mut out);
    out
}

/// The name of a relation with that of its schema.
pub(crate) fn qualified(name: &RelationName) -> String {
    let mut out = quoted(name.schema());
    out.push('.');
    push_quoted(name.own(), &mut out);
    out
}
