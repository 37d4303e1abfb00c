//! When two values of a fact mean the same, though they do not read the same.
//!
//! A catalog's text depends on the server's version without anybody having changed anything: up to 15 a view of one table names that
//! table before each column and from 16 on it does not; 16 writes ICU locales in another form; 17 has one privilege more.
//!
//! **Views, rules and SQL-standard functions.** Texts that are equal but for white space are the same. Between a server before 16
//! and one from 16 on, qualifiers and parentheses are left out as well (`t.a`, `(a)`, `a`), and then the columns and functions that
//! the view reads, which the catalog knows by themselves, must be the same too: so a column of another table is found although its
//! qualifier was left out.

use super::{Inventory, Kind, Object};

/// One fact of an object that both sides have; the publisher's value and the subscriber's, absent where it is as usual.
pub(super) struct Values<'a> {
    pub object: &'a Object,
    pub fact: &'a str,
    pub publisher: Option<&'a str>,
    pub subscriber: Option<&'a str>,
}

/// Whether they mean the same.
pub(super) fn is_same(values: &Values<'_>, publisher: &Inventory, subscriber: &Inventory) -> bool {
    let Values { object, fact, publisher: old, subscriber: new } = *values;
    if old == new {
        return true;
    }
    let (from, to) = (publisher.version, subscriber.version);
    match (object.kind, fact) {
        // part of the definition
        (Kind::Relation, "reads") => true,
        (Kind::Relation | Kind::Rule | Kind::Function, "definition") => {
            let (Some(old), Some(new)) = (old, new) else { return false };
            let crosses = from.qualifies_every_column() != to.qualifies_every_column();
            spaced(old) == spaced(new)
                || crosses
                    && bare(old) == bare(new)
                    && publisher.value(object, "reads") == subscriber.value(object, "reads")
        }
        // the role that owns schema public from 15 on means the owner of the database
        (_, "owner") => owner(old, publisher) == owner(new, subscriber),
        (_, "maintain privilege") => !(from.has_maintain_privilege() && to.has_maintain_privilege()),
        (Kind::Relation, "column order") => same_order(old, new),
        (Kind::Collation, "locale") => {
            from.writes_icu_locales_as_tags() != to.writes_icu_locales_as_tags()
                && [publisher, subscriber].iter().all(|side| side.value(object, "provider") == Some("icu"))
        }
        (Kind::Database, "locale") => {
            from.writes_icu_locales_as_tags() != to.writes_icu_locales_as_tags()
                && [publisher, subscriber].iter().all(|side| side.value(object, "locale provider") == Some("i"))
        }
        (Kind::Database, "collate" | "ctype") => old.map(locale) == new.map(locale),
        // known from 15 on only
        (Kind::Database, "collation version") => old.is_none() || new.is_none(),
        // CREATE EXTENSION takes the newest that the server has: an upgrade brings another one without anybody's doing
        (Kind::Extension, "version") => {
            let available = Object { kind: Kind::AvailableExtension, identity: object.identity.clone() };
            new.is_some() && new == subscriber.value(&available, "default version")
        }
        _ => false,
    }
}

/// An owner, called by the name of the role that it stands for.
fn owner<'a>(name: Option<&'a str>, side: &'a Inventory) -> Option<&'a str> {
    let database = Object { kind: Kind::Database, identity: Vec::new() };
    match name {
        Some("pg_database_owner") => side.value(&database, "owner").or(name),
        name => name,
    }
}

/// The words of a text with one blank between them.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A locale's name as the C library reads it: `en_US.UTF-8` and `en_US.utf8` are one.
fn locale(name: &str) -> String {
    name.to_lowercase().replace('-', "")
}

/// Whether the columns that both have come in the same order; one that only one side has is a difference of its own.
fn same_order(old: Option<&str>, new: Option<&str>) -> bool {
    let names = |text: Option<&str>| text.and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    let (Some(mut old), Some(mut new)) = (names(old), names(new)) else { return false };
    let known = new.clone();
    new.retain(|name| old.contains(name));
    old.retain(|name| known.contains(name));
    old == new
}

/// A definition's tokens without qualifiers, parentheses and white space.
fn bare(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for token in tokens(text) {
        match token {
            "(" | ")" => {}
            _ => {
                let is_qualified = found.last() == Some(&".") && is_name(token) && found.len() > 1;
                if is_qualified && is_name(found[found.len() - 2]) {
                    found.truncate(found.len() - 2);
                }
                found.push(token);
            }
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c == '"' || c == '_' || c.is_alphabetic())
}

/// The tokens of SQL as the catalog writes it: names, quoted names, strings, numbers, single signs.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted(rest, first),
            c if c == '_' || c.is_alphanumeric() => {
                rest.find(|c: char| !(c == '_' || c == '$' || c.is_alphanumeric())).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        found.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    found
}

/// Length of what begins with a quotation mark; two of them within are one.
fn quoted(text: &str, mark: char) -> usize {
    let mut at = mark.len_utf8();
    while let Some(end) = text[at..].find(mark) {
        at += end + mark.len_utf8();
        if !text[at..].starts_with(mark) {
            return at;
        }
        at += mark.len_utf8();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_and_parentheses_are_left_out_and_nothing_else() {
        let old =
            " SELECT votes.state,\n    count(*) AS n\n   FROM voter.votes\n  WHERE (votes.note = 'a.b (c)'::text);";
        let new = " SELECT state,\n    count(*) AS n\n   FROM voter.votes\n  WHERE note = 'a.b (c)'::text;";
        assert_eq!(bare(old), bare(new));
        assert_ne!(bare(old), bare(&new.replace("(c)", "c")));
        assert_ne!(bare(old), bare(&new.replace("count(*)", "sum(*)")));
        assert_eq!(bare("a.\"B.c\".d + 1.5"), bare("d + 1.5"));
        assert_eq!(tokens("'it''s' \"a\"\"b\""), ["'it''s'", "\"a\"\"b\""]);
        assert_eq!(tokens("'open"), ["'open"]);
    }

    #[test]
    fn an_order_is_that_of_the_columns_that_both_have() {
        assert!(same_order(Some(r#"["a", "b", "c"]"#), Some(r#"["a", "c", "new"]"#)));
        assert!(!same_order(Some(r#"["a", "b"]"#), Some(r#"["b", "a"]"#)));
    }
}
