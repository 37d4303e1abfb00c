//! Names from a database: checked when made, quoted here and only here.
//!
//! A name can hold quotes, semicolons, newlines, `$$` and any unicode; nothing outside this file turns one into SQL,
//! a psql variable or a comment.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// Longest identifier in bytes (`NAMEDATALEN - 1`).
pub const NAME_LIMIT_BYTES: usize = 63;

/// Schema and name of a table, as the catalog holds them: no quotes, case kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableName {
    /// Name of the schema.
    pub schema: String,
    /// Name of the table within the schema.
    pub name: String,
}

/// Why a name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An empty part.
    #[error("invalid name \"{0}\": a part is empty")]
    Empty(String),
    /// A NUL byte, which no Postgres name holds.
    #[error("invalid name: it holds a NUL byte")]
    Nul,
    /// More than 63 bytes.
    #[error("invalid name \"{0}\": longer than 63 bytes")]
    TooLong(String),
    /// Not of the form `schema.table`.
    #[error("invalid table name \"{0}\": expected schema.table, with double quotes around parts that need them")]
    Form(String),
    /// Not of the form slots have.
    #[error("invalid slot name \"{0}\": only a-z, 0-9 and _ are allowed, 1 to 63 of them, and not \"none\"")]
    Slot(String),
}

impl TableName {
    /// Makes a name from its parts, unchecked beyond what the type says.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        TableName { schema: schema.into(), name: name.into() }
    }

    /// Checks what every catalog name keeps: not empty, no NUL, at most 63 bytes a part.
    ///
    /// # Errors
    /// [`NameError`] saying which rule is broken.
    pub fn check(&self) -> Result<(), NameError> {
        check_part(&self.schema).and_then(|()| check_part(&self.name))
    }

    /// Reads `schema.table` as a person types it: unquoted parts fold to lower case, quoted parts are kept, a missing
    /// schema is `public`.
    ///
    /// # Errors
    /// [`NameError::Form`] when quotes do not match or there are more than two parts.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let form = || NameError::Form(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text.trim();
        loop {
            let (part, after) = parse_part(rest).ok_or_else(form)?;
            parts.push(part);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => break,
                None => return Err(form()),
            }
        }
        let name = match parts.len() {
            1 => TableName::new("public", parts.remove(0)),
            2 => TableName::new(parts.remove(0), parts.remove(0)),
            _ => return Err(form()),
        };
        name.check()?;
        Ok(name)
    }

    /// `schema.table` with quotes where SQL needs them.
    pub fn to_sql(&self) -> String {
        format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&self.name))
    }
}

fn check_part(part: &str) -> Result<(), NameError> {
    if part.is_empty() {
        Err(NameError::Empty(part.to_owned()))
    } else if part.contains('\0') {
        Err(NameError::Nul)
    } else if part.len() > NAME_LIMIT_BYTES {
        Err(NameError::TooLong(part.to_owned()))
    } else {
        Ok(())
    }
}

/// The first identifier of `text` and what follows it.
fn parse_part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '"']).unwrap_or(text.len());
        let (part, after) = text.split_at(end);
        return (!part.is_empty()).then(|| (part.to_lowercase(), after));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Some((part, rest)),
        }
    }
}

impl fmt::Display for TableName {
    /// For people: quoted where SQL would need it, control characters escaped so that one name is one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.to_sql()))
    }
}

/// Quotes an identifier for SQL, only where it needs it (as the server's `quote_ident`).
pub fn quote_identifier(name: &str) -> String {
    if name.is_empty() { "\"\"".to_owned() } else { pg_escape::quote_identifier(name).into_owned() }
}

/// Quotes a string literal so that it reads the same whatever `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    // quote_literal puts E'' around backslashes, with a leading space that libpq has and SQL does not need.
    pg_escape::quote_literal(text).trim_start().to_owned()
}

/// Quotes an argument of a psql meta-command such as `\\set`: nothing in it is a variable, a command or the end.
pub fn quote_psql(text: &str) -> String {
    let mut quoted = "'".to_owned();
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// A word that the shell takes as it is.
pub fn quote_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A field of COPY's text format.
pub fn copy_field(text: &str) -> String {
    let mut field = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => field.push_str("\\\\"),
            '\n' => field.push_str("\\n"),
            '\r' => field.push_str("\\r"),
            '\t' => field.push_str("\\t"),
            '\u{8}' => field.push_str("\\b"),
            '\u{b}' => field.push_str("\\v"),
            '\u{c}' => field.push_str("\\f"),
            other => field.push(other),
        }
    }
    field
}

/// What a field of COPY's text format stands for; `None` for a null.
pub fn copy_value(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    let mut value = String::with_capacity(field.len());
    let mut rest = field.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some('b') => value.push('\u{8}'),
            Some('v') => value.push('\u{b}'),
            Some('f') => value.push('\u{c}'),
            Some(other) => value.push(other),
            None => {}
        }
    }
    Some(value)
}

/// The text of a `text[]` value.
pub fn array_literal<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let quote = |item: &str| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""));
    format!("{{{}}}", items.into_iter().map(quote).collect::<Vec<_>>().join(","))
}

/// A pattern of pg_dump that matches one table: within double quotes every character stands for itself.
pub fn dump_pattern(table: &TableName) -> String {
    [&table.schema, &table.name].map(|part| format!("\"{}\"", part.replace('"', "\"\""))).join(".")
}

/// The text on one line, for comments, messages and Markdown: control characters and line separators become `\u{..}`.
pub fn one_line(text: &str) -> String {
    let unsafe_character = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}');
    if !text.contains(unsafe_character) {
        return text.to_owned();
    }
    text.chars().map(|c| if unsafe_character(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// A replication slot's name: `[a-z0-9_]{1,63}`, never `none`. Valid because it exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SlotName(String);

impl SlotName {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`NameError::Slot`] when it is not of the form the server takes.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        let form = (1..=NAME_LIMIT_BYTES).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && name != "none"; // CREATE SUBSCRIPTION reads slot_name = none as "no slot"
        if form { Ok(SlotName(name)) } else { Err(NameError::Slot(name)) }
    }

    /// Squeezes any text into a slot name that is not in `taken`, and adds it there. Letters are lowered, everything
    /// else becomes `_`; two texts that squeeze to the same name get `_2`, `_3`, … within the length limit.
    pub fn squeeze(text: &str, taken: &mut BTreeSet<String>) -> Self {
        let mut base: String = text
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' })
            .take(NAME_LIMIT_BYTES)
            .collect();
        if base.is_empty() || base == "none" {
            base.push_str("_slot");
        }
        let mut candidate = base.clone();
        let mut number = 2;
        while taken.contains(&candidate) {
            let suffix = format!("_{number}");
            candidate = format!("{}{suffix}", &base[..base.len().min(NAME_LIMIT_BYTES - suffix.len())]);
            number += 1;
        }
        taken.insert(candidate.clone());
        SlotName(candidate)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SlotName {
    type Error = NameError;
    fn try_from(name: String) -> Result<Self, NameError> {
        SlotName::new(name)
    }
}

impl From<SlotName> for String {
    fn from(name: SlotName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_only_where_needed() {
        assert_eq!(TableName::new("public", "orders").to_sql(), "public.orders");
        assert_eq!(TableName::new("My.Schema", "a\"b").to_sql(), "\"My.Schema\".\"a\"\"b\"");
        assert_eq!(TableName::new("public", "user").to_sql(), "public.\"user\"");
        assert_eq!(quote_identifier(""), "\"\"");
        assert_eq!(quote_identifier("1st"), "\"1st\"");
    }

    #[test]
    fn literals_do_not_depend_on_standard_conforming_strings() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\b"), "E'a\\\\b'");
    }

    #[test]
    fn names_are_parsed_as_psql_reads_them() {
        assert_eq!(TableName::parse("Orders"), Ok(TableName::new("public", "orders")));
        assert_eq!(TableName::parse("app.\"Or.d\"\"er\""), Ok(TableName::new("app", "Or.d\"er")));
        for bad in ["", "a.", ".a", "a.b.c", "\"a", "a\"b\"", "\"\".x"] {
            assert!(TableName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fields_of_copy_are_read_as_they_are_written() {
        let hostile = "a\tb\n\\N \u{8}\u{b}\u{c}\r'\"é";
        assert_eq!(copy_value(&copy_field(hostile)).as_deref(), Some(hostile));
        assert_eq!(copy_value("\\N"), None);
        assert_eq!(copy_value("").as_deref(), Some(""));
    }

    #[test]
    fn a_shown_name_is_one_line() {
        assert_eq!(TableName::new("public", "a\nb").to_string(), "public.\"a\\u{a}b\"");
    }

    #[test]
    fn squeezed_slot_names_are_valid_and_unique() {
        let mut taken = BTreeSet::new();
        assert_eq!(SlotName::squeeze("pgsp_Orders", &mut taken).as_str(), "pgsp_orders");
        assert_eq!(SlotName::squeeze("pgsp_ORDERS", &mut taken).as_str(), "pgsp_orders_2");
        assert_eq!(SlotName::squeeze("none", &mut taken).as_str(), "none_slot");
        let long = "x".repeat(200);
        let first = SlotName::squeeze(&long, &mut taken);
        let second = SlotName::squeeze(&long, &mut taken);
        assert_eq!(first.as_str().len(), 63);
        assert!(second.as_str().ends_with("_2") && second.as_str().len() == 63);
        assert_eq!(SlotName::squeeze("é;ü", &mut taken).as_str(), "___");
        assert!(SlotName::new("none").is_err() && SlotName::new("").is_err() && SlotName::new("A").is_err());
    }
}
