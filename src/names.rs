//! Names from a database: checked when made, quoted here and only here.
//!
//! A name can hold quotes, semicolons, newlines, `$$` and any unicode; nothing outside this file turns one into SQL,
//! a psql variable or a comment.

mod shown;

use std::{collections::BTreeSet, fmt, ops::Deref};

use serde::{Deserialize, Serialize};

pub use shown::{clipped, is_unprintable, json_printable, one_line, printable};

/// Longest identifier in bytes (`NAMEDATALEN - 1`).
pub const NAME_LIMIT_BYTES: usize = 63;

/// Schema and name of a table, as the catalog holds them: no quotes, case kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableName {
    /// Name of the schema.
    pub schema: String,
    /// Name of the table within the schema.
    pub name: String,
}

/// Why a name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
    /// Not of the form prefixes have.
    #[error("invalid prefix \"{0}\": expected 1 to 20 of a-z, 0-9 and _")]
    Prefix(String),
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
        let form = || NameError::Form(clipped(text));
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

/// What every name of a catalog keeps, a column's or a database's too: not empty, no NUL, at most 63 bytes.
///
/// # Errors
/// [`NameError`] saying which rule is broken.
pub fn check_part(part: &str) -> Result<(), NameError> {
    if part.is_empty() {
        Err(NameError::Empty(part.to_owned()))
    } else if part.contains('\0') {
        Err(NameError::Nul)
    } else if part.len() > NAME_LIMIT_BYTES {
        Err(NameError::TooLong(clipped(part)))
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

/// The same name, quoted so that a person who reads the statement sees every character of it: `U&"..."` where it holds one that
/// is not shown as itself.
pub fn quote_identifier_visibly(name: &str) -> String {
    if !name.contains(is_unprintable) {
        return quote_identifier(name);
    }
    let mut quoted = "U&\"".to_owned();
    for c in name.chars() {
        match c {
            '"' => quoted.push_str("\"\""),
            '\\' => quoted.push_str("\\\\"),
            c if is_unprintable(c) => quoted.push_str(&format!("\\+{:06X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A string literal of which a person sees every character.
pub fn quote_literal_visibly(text: &str) -> String {
    if !text.contains(is_unprintable) {
        return quote_literal(text);
    }
    let mut quoted = "E'".to_owned();
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            c if is_unprintable(c) => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Adds a character's bytes as `\xHH`.
fn push_bytes(field: &mut String, c: char) {
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes).bytes().for_each(|byte| field.push_str(&format!("\\x{byte:02x}")));
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
            other if is_unprintable(other) => push_bytes(&mut quoted, other),
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
            // what hides or turns text around is seen as the bytes that it is
            other if is_unprintable(other) => push_bytes(&mut field, other),
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
        if form { Ok(SlotName(name)) } else { Err(NameError::Slot(clipped(&name))) }
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

/// What the names of a plan's slots, publications and subscriptions begin with. Valid because it exists: scripts use it in
/// names of files and objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

impl Prefix {
    /// Longest prefix in bytes: names that are made of it have room for more.
    pub const LIMIT_BYTES: usize = 20;

    /// Checks and wraps a prefix.
    ///
    /// # Errors
    /// [`NameError::Prefix`] when it is empty, too long or not of `[a-z0-9_]`.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        let form = (1..=Prefix::LIMIT_BYTES).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if form { Ok(Prefix(text)) } else { Err(NameError::Prefix(clipped(&text))) }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Prefix("pgsp".to_owned())
    }
}

impl Deref for Prefix {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Prefix {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Prefix::new(text)
    }
}

impl TryFrom<String> for Prefix {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Prefix::new(text)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> String {
        prefix.0
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
    fn a_reader_sees_every_character() {
        assert_eq!(quote_identifier_visibly("plain \"x\\"), "\"plain \"\"x\\\"");
        assert_eq!(quote_identifier_visibly("a\n\"\\\u{202e}"), "U&\"a\\+00000A\"\"\\\\\\+00202E\"");
        assert_eq!(quote_literal_visibly("it's"), "'it''s'");
        assert_eq!(quote_literal_visibly("it's\\\u{1b}"), "E'it''s\\\\\\U0000001B'");
        assert_eq!(quote_psql("a\u{202e}\n"), "'a\\xe2\\x80\\xae\\n'");
        assert_eq!(copy_field("a\u{9b}\t"), "a\\xc2\\x9b\\t");
    }

    #[test]
    fn a_prefix_is_plain() {
        for good in ["a", "pgsp", "1_x", &"a".repeat(20)] {
            assert_eq!(serde_json::from_str::<Prefix>(&format!("\"{good}\"")).unwrap().to_string(), good);
        }
        for bad in ["", "A", "a'", "a b", "$(x)", "a\\n", "é", &"a".repeat(21)] {
            assert!(serde_json::from_str::<Prefix>(&format!("\"{bad}\"")).is_err(), "{bad}");
        }
        let error = Prefix::new("x".repeat(100_000_000)).unwrap_err().to_string();
        assert!(error.len() < 1_000, "{}", error.len());
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
