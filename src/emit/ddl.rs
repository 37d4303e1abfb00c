//! Statements, typed: what goes into a script as SQL is spelled here, from names that only `names` quotes.
//!
//! No version is asked here: who builds a statement leaves out what the version lacks (`planned`). Dollar quotes take a
//! tag that their body does not hold, so that no name can end one.

use std::fmt::Write as _;

use crate::{
    names::{SlotName, TableName, quote_identifier_visibly, quote_literal},
    plan::PlannedTable,
};

/// A row filter that is nothing but one expression: no statement end, comment, psql variable or unmatched bracket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFilter(String);

impl RowFilter {
    /// Checks an expression character by character outside of its quotes.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let bytes: Vec<char> = text.chars().collect();
        let mut open = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (c, next) = (bytes[at], bytes.get(at + 1).copied());
            match c {
                '\'' | '"' => at = end_of_quotes(&bytes, at)?,
                '(' => open.push(')'),
                '[' => open.push(']'),
                ')' | ']' => {
                    if open.pop() != Some(c) {
                        return Err("brackets do not match");
                    }
                }
                '-' if next == Some('-') => return Err("it holds a comment"),
                '/' if next == Some('*') => return Err("it holds a comment"),
                ':' if next == Some(':') => at += 1,
                _ if c.is_alphanumeric() || c == '_' || c.is_ascii_whitespace() => {}
                '+' | '-' | '*' | '/' | '%' | '&' | '|' | '#' | '<' | '>' | '=' | '!' | ',' | '.' | '~' | '^' => {}
                _ => return Err("it holds a character that no row filter needs"),
            }
            at += 1;
        }
        match (open.is_empty(), text.trim().is_empty()) {
            (true, false) => Ok(RowFilter(text.trim().to_owned())),
            (true, true) => Err("it is empty"),
            (false, _) => Err("brackets do not match"),
        }
    }
}

/// Position of the quote that ends the one at `start`. A doubled quote opens the next string: the caller goes on.
fn end_of_quotes(text: &[char], start: usize) -> Result<usize, &'static str> {
    let end = text[start + 1..].iter().position(|&c| c == text[start]).ok_or("a quote is not closed")? + start + 1;
    if text[start..end].contains(&'\\') { Err("it holds a backslash") } else { Ok(end) }
}

/// One member of a `FOR TABLE` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    name: TableName,
    only: bool,
    filter: Option<RowFilter>,
}

impl Member {
    /// The member that a planned table is.
    ///
    /// # Errors
    /// What is wrong with its row filter, in words.
    pub fn of(table: &PlannedTable) -> Result<Self, &'static str> {
        let filter = table.row_filter.as_deref().map(RowFilter::new).transpose()?;
        Ok(Member { name: table.table_name(), only: table.only, filter })
    }

    /// As a list of members names it.
    pub fn to_sql(&self) -> String {
        let mut sql = String::new();
        if self.only {
            sql.push_str("ONLY ");
        }
        let [schema, name] = [&self.name.schema, &self.name.name].map(|part| quote_identifier_visibly(part));
        let _ = write!(sql, "{schema}.{name}");
        if let Some(RowFilter(filter)) = &self.filter {
            let _ = write!(sql, " WHERE ({filter})");
        }
        sql
    }
}

/// `CREATE PUBLICATION`.
#[derive(Debug, Clone)]
pub struct CreatePublication {
    /// Name.
    pub name: String,
    /// Members, in order; at least one.
    pub members: Vec<Member>,
    /// `publish`.
    pub publish: String,
    /// `publish_via_partition_root`; absent where the version lacks it.
    pub via_root: Option<bool>,
}

impl CreatePublication {
    /// The statement, one member a line.
    pub fn to_sql(&self) -> String {
        let mut sql = format!("CREATE PUBLICATION {} FOR TABLE", quote_identifier_visibly(&self.name));
        for (position, member) in self.members.iter().enumerate() {
            sql.push_str(if position > 0 { ",\n    " } else { "\n    " });
            sql.push_str(&member.to_sql());
        }
        let _ = write!(sql, "\n    WITH (publish = {}", quote_literal(&self.publish));
        if let Some(via_root) = self.via_root {
            let _ = write!(sql, ", publish_via_partition_root = {via_root}");
        }
        sql.push_str(");");
        sql
    }
}

/// `ALTER PUBLICATION ... ADD TABLE`.
pub fn add_member(publication: &str, member: &Member) -> String {
    format!("ALTER PUBLICATION {} ADD TABLE {};", quote_identifier_visibly(publication), member.to_sql())
}

/// `LOCK TABLE`: while it is held nobody writes into the member.
pub fn lock_member(member: &Member) -> String {
    let unfiltered = Member { filter: None, ..member.clone() };
    format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE;", unfiltered.to_sql())
}

/// How transactions in progress are streamed to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// Not at all: the publisher spills them.
    Off,
    /// Into files on the subscriber (14 on both sides).
    On,
    /// To parallel apply workers (16 on both sides).
    Parallel,
}

impl Streaming {
    /// The option's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Streaming::Off => "off",
            Streaming::On => "on",
            Streaming::Parallel => "parallel",
        }
    }
}

/// `CREATE SUBSCRIPTION` onto a slot that exists. The connection string stays a psql variable.
#[derive(Debug, Clone)]
pub struct CreateSubscription {
    /// Name.
    pub name: String,
    /// The psql variable with the connection string.
    pub dsn_variable: &'static str,
    /// The publications of the slot.
    pub publications: Vec<String>,
    /// The slot.
    pub slot: SlotName,
    /// `streaming`; absent where the subscriber lacks it.
    pub streaming: Option<Streaming>,
    /// `copy_data` and `enabled`.
    pub start: Start,
}

/// How a subscription begins. It is made disabled: a later statement enables it, when all that it needs is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It copies its tables first.
    Copying,
    /// All tables taken for copied: the data is there. It still connects, so that its tables are listed.
    Placed,
}

impl CreateSubscription {
    /// The statement, for psql.
    pub fn to_sql(&self) -> String {
        self.to_sql_with(&format!(":'{}'", self.dsn_variable))
    }

    /// The statement with a connection string that is SQL already.
    pub fn to_sql_with(&self, dsn: &str) -> String {
        let mut sql = format!(
            "CREATE SUBSCRIPTION {}\n    CONNECTION {dsn}\n    PUBLICATION {}\n    \
             WITH (create_slot = false, slot_name = {}, {}",
            quote_identifier_visibly(&self.name),
            self.publications.iter().map(|name| quote_identifier_visibly(name)).collect::<Vec<_>>().join(", "),
            quote_literal(self.slot.as_str()),
            match self.start {
                Start::Copying => "copy_data = true, enabled = false",
                Start::Placed => "copy_data = false, enabled = false",
            },
        );
        if let Some(streaming) = self.streaming {
            let _ = write!(sql, ", streaming = {}", streaming.as_str());
        }
        sql.push_str(");");
        sql
    }
}

/// A `DO` statement. The tag is one that the body does not hold.
pub fn do_block(body: &str) -> String {
    let mut tag = "$pgslotplan$".to_owned();
    let mut number = 2;
    while body.contains(&tag) {
        tag = format!("$pgslotplan{number}$");
        number += 1;
    }
    format!("DO {tag}\n{}\n{tag};", body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_filters_are_one_expression() {
        for good in ["(hashint8(id) & 3) = 0", "a::text = 'it''s; -- no' AND \"x;y\" IS NOT NULL", "a[1] % 4 = 2"] {
            assert!(RowFilter::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "true) WITH (x",
            "a = 1; DROP TABLE t",
            "a -- x",
            "a /* x",
            "a = :b",
            "\\! ls",
            "a = 'x",
            "$$",
            "(a]",
            "E'\\''",
            "a = '\\' OR 1'",
        ] {
            assert!(RowFilter::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_cannot_end_a_dollar_quote() {
        let sql = do_block("BEGIN PERFORM '$pgslotplan$ $pgslotplan2$'; END");
        assert!(sql.starts_with("DO $pgslotplan3$\n") && sql.ends_with("\n$pgslotplan3$;"));
    }

    #[test]
    fn publications_are_spelled_with_what_they_have() {
        let table = |name: &str| Member { name: TableName::new("s", name), only: false, filter: None };
        let publication = CreatePublication {
            name: "P;".into(),
            members: vec![
                Member { only: true, ..table("a") },
                Member { filter: Some(RowFilter::new("id > 0").unwrap()), ..table("B\"") },
            ],
            publish: "insert".into(),
            via_root: Some(true),
        };
        assert_eq!(
            publication.to_sql(),
            "CREATE PUBLICATION \"P;\" FOR TABLE\n    ONLY s.a,\n    s.\"B\"\"\" WHERE (id > 0)\n    \
             WITH (publish = 'insert', publish_via_partition_root = true);"
        );
    }
}
