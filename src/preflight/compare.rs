//! Both schemas side by side: everything that is sent must find its place (postgres manual §29.8).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Input, TableFinding,
    facts::{ColumnFacts, RelationFacts, RelationKind, SideFacts},
    listed, published,
    target::{column_list, outside, sends_whole_row},
};
use crate::{
    finding::{Finding, Subject, code},
    names::{TableName, quote_identifier, quote_literal},
    plan::{PlannedSlot, PlannedTable},
};

/// A received relation with what it is on both sides; the publisher's is absent when only the subscriber was read.
struct Pair<'a> {
    slot: &'a PlannedSlot,
    table: &'a PlannedTable,
    name: TableName,
    publisher: Option<&'a RelationFacts>,
    subscriber: &'a RelationFacts,
}

impl Pair<'_> {
    /// Columns that are sent.
    fn sent(&self) -> BTreeSet<&str> {
        match self.publisher {
            Some(relation) => {
                let sent = relation.columns.iter().filter(|(_, column)| !column.generated);
                sent.map(|(name, _)| name.as_str()).collect()
            }
            None => self.table.identity_columns.iter().map(String::as_str).collect(),
        }
    }
}

fn pairs<'a>(input: &Input<'a>) -> Vec<Pair<'a>> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut pairs = Vec::new();
    for (slot, table) in input.plan.members() {
        for name in slot.received(table) {
            let Some(there) = subscriber.relations.get(&name) else { continue };
            if !matches!(there.kind, RelationKind::Table | RelationKind::Partitioned) {
                continue;
            }
            let publisher = input.publisher().and_then(|publisher| publisher.relations.get(&name));
            pairs.push(Pair { slot, table, name, publisher, subscriber: there });
        }
    }
    pairs
}

/// `PF421`: every column that is sent must be there by name.
pub fn missing_columns(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for pair in pairs(input) {
        let absent: Vec<&str> =
            pair.sent().into_iter().filter(|column| !pair.subscriber.columns.contains_key(*column)).collect();
        if absent.is_empty() {
            continue;
        }
        // a default, an identity or an expression is not known here, and without it later rows would be wrong
        let known: Vec<(&str, &ColumnFacts)> = absent
            .iter()
            .filter_map(|column| Some((*column, pair.publisher?.columns.get(*column)?)))
            .filter(|(_, column)| !column.has_default && !column.generated)
            .collect();
        let adds: Vec<String> = known
            .iter()
            .map(|(name, column)| {
                let not_null = if column.not_null { " NOT NULL" } else { "" };
                format!("ADD COLUMN {} {}{not_null}", quote_identifier(name), column.data_type)
            })
            .collect();
        let item = TableFinding::new(
            &pair.name,
            format!("the subscriber's table has no column {}", column_list(absent.iter().copied())),
        )
        .detail("Its slot would stop with the first row.");
        items.push(match adds.len() == absent.len() {
            true => item.hint(format!("On the subscriber: ALTER TABLE {} {};", pair.name.to_sql(), adds.join(", "))),
            false => item.hint(
                "Add it as pg_dump --schema-only of the publisher spells it: the default or identity belongs to it, and so does NOT NULL.",
            ),
        });
    }
    input.tables(code::PF421, Subject::Subscriber, "the subscriber's table lacks columns", items)
}

/// `PF422`: a column that is not sent gets its default, and must have one if it is NOT NULL.
pub fn extra_columns(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for pair in pairs(input) {
        if pair.publisher.is_none() {
            continue;
        }
        let sent = pair.sent();
        let unfilled = pair.subscriber.columns.iter().filter(|(name, column)| {
            column.not_null && !column.has_default && !column.generated && !sent.contains(name.as_str())
        });
        let unfilled: Vec<&str> = unfilled.map(|(name, _)| name.as_str()).collect();
        if !unfilled.is_empty() {
            items.push(
                TableFinding::new(
                    &pair.name,
                    format!(
                        "nothing fills column {} of the subscriber's table, which is NOT NULL",
                        column_list(unfilled.iter().copied())
                    ),
                )
                .hint(format!(
                    "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL; or give it a default.",
                    pair.name.to_sql(),
                    quote_identifier(unfilled[0])
                )),
            );
        }
    }
    input.tables(code::PF422, Subject::Subscriber, "a column of the subscriber is filled by nothing", items)
}

/// `PF423`: values travel as text; a narrower type may refuse one, in the middle of the night.
pub fn column_types(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for pair in pairs(input) {
        let Some(publisher) = pair.publisher else { continue };
        let mut differing = Vec::new();
        for name in pair.sent() {
            let (from, to) = (publisher.columns.get(name), pair.subscriber.columns.get(name));
            let (Some(from), Some(to)) = (from, to) else { continue };
            if !holds(&to.data_type, &from.data_type) {
                differing.push(format!(
                    "{} {} here, {} on the publisher",
                    quote_identifier(name),
                    to.data_type,
                    from.data_type
                ));
            }
        }
        if !differing.is_empty() {
            items.push(
                TableFinding::new(&pair.name, format!("types differ: {}", listed(differing, 5)))
                    .detail("A value that the subscriber's type does not take stops the slot.")
                    .hint("Make the types equal, or be sure that every value fits."),
            );
        }
    }
    input.tables(code::PF423, Subject::Subscriber, "column types differ", items)
}

/// Whether a type takes every value of another, as text.
fn holds(wide: &str, narrow: &str) -> bool {
    let whole = |name: &str| ["smallint", "integer", "bigint"].iter().position(|known| *known == name);
    let length = |name: &str| {
        let inner = name.strip_prefix("character varying(").or(name.strip_prefix("character("))?;
        inner.strip_suffix(')')?.parse::<u32>().ok()
    };
    let is_text = |name: &str| name == "text" || name == "character varying";
    let textual = |name: &str| is_text(name) || length(name).is_some();
    wide == narrow
        || matches!((whole(wide), whole(narrow)), (Some(wide), Some(narrow)) if wide >= narrow)
        || (wide == "numeric" && (whole(narrow).is_some() || narrow.starts_with("numeric(")))
        || (wide == "double precision" && narrow == "real")
        || (is_text(wide) && textual(narrow))
        || (wide.starts_with("character varying(")
            && matches!((length(wide), length(narrow)), (Some(w), Some(n)) if w >= n))
}

/// `PF424`: a column that is sent must not be generated on the subscriber.
pub fn generated_columns(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for pair in pairs(input) {
        let sent = pair.sent();
        let both =
            pair.subscriber.columns.iter().filter(|(name, column)| column.generated && sent.contains(name.as_str()));
        let both: Vec<&str> = both.map(|(name, _)| name.as_str()).collect();
        if !both.is_empty() {
            items.push(
                TableFinding::new(
                    &pair.name,
                    format!(
                        "column {} is generated on the subscriber, but sent by the publisher",
                        column_list(both.iter().copied())
                    ),
                )
                .hint(format!(
                    "On the subscriber: ALTER TABLE {} ALTER COLUMN {} DROP EXPRESSION; (13 and later).",
                    pair.name.to_sql(),
                    quote_identifier(both[0])
                )),
            );
        }
    }
    input.tables(code::PF424, Subject::Subscriber, "a generated column is sent", items)
}

/// `PF425`: a generated column is not sent (before 18, and in 18 unless asked for); a plain column stays empty.
pub fn generated_only_on_publisher(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for pair in pairs(input) {
        let Some(publisher) = pair.publisher else { continue };
        let generated = publisher.columns.iter().filter(|(_, column)| column.generated).map(|(name, _)| name.as_str());
        let plain = |name: &&str| pair.subscriber.columns.get(*name).is_some_and(|column| !column.generated);
        let left_out: Vec<&str> = generated.filter(plain).collect();
        if !left_out.is_empty() {
            items.push(
                TableFinding::new(
                    &pair.name,
                    format!(
                        "column {} is generated on the publisher and not sent, and stays empty here",
                        column_list(left_out)
                    ),
                )
                .hint("Make it generated by the same expression on the subscriber."),
            );
        }
    }
    input.tables(code::PF425, Subject::Subscriber, "a generated column stays empty", items)
}

/// `PF426`: the publisher sends the columns of its replica identity as the old key, and no others.
pub fn key_columns(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut items = Vec::new();
    for pair in pairs(input) {
        if !published(pair.slot, pair.table).needs_identity() || sends_whole_row(input, pair.table) {
            continue;
        }
        let live = pair.publisher.filter(|_| !pair.table.set_identity).and_then(RelationFacts::identity_key);
        let columns = live.map_or(&pair.table.identity_columns, |key| &key.columns);
        let sent: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
        if sent.is_empty() {
            continue;
        }
        for (name, relation) in subscriber.leaves(&pair.name) {
            let Some(key) = relation.search_key() else { continue };
            let more = outside(key, &sent);
            if !more.is_empty() && (!pair.table.set_identity || key.is_identity) {
                items.push(
                    TableFinding::new(
                        name,
                        format!(
                            "key {} has column {}, which is not in the replica identity on the publisher",
                            quote_identifier(&key.name),
                            column_list(more)
                        ),
                    )
                    .detail("UPDATE and DELETE would stop the slot: the old key that arrives lacks it.")
                    .hint("Give both sides the same key."),
                );
            }
        }
    }
    input.tables(code::PF426, Subject::Subscriber, "the keys of both sides differ", items)
}

/// `PF427`: a row that fits no partition of the subscriber stops the slot.
pub fn partitions(input: &Input<'_>) -> Vec<Finding> {
    let Some((publisher, subscriber)) = input.both() else { return Vec::new() };
    let mut items = Vec::new();
    for pair in pairs(input) {
        if pair.subscriber.kind != RelationKind::Partitioned {
            continue;
        }
        let there: BTreeSet<&TableName> = subscriber.leaves(&pair.name).into_iter().map(|(name, _)| name).collect();
        let absent: Vec<&TableName> = publisher
            .leaves(&pair.name)
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| **name != pair.name && !there.contains(name))
            .collect();
        if there.is_empty() || !absent.is_empty() {
            let message = if there.is_empty() {
                "the subscriber's table has no partition: no row fits".to_owned()
            } else {
                format!("partitions are not on the subscriber by these names: {}", listed(absent, 10))
            };
            items.push(
                TableFinding::new(&pair.name, message)
                    .detail("Its own partitions may be others, but a row that fits none of them stops the slot.")
                    .hint("CREATE TABLE ... PARTITION OF as on the publisher, or a DEFAULT partition."),
            );
        }
    }
    input.tables(code::PF427, Subject::Subscriber, "partitions differ", items)
}

/// `PF432`: what a version took away is refused when the schema is made.
pub fn retired(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let (from, to) = (input.plan.publisher_version.major(), input.plan.subscriber_version.major());
    let lost = publisher.retired.iter().filter(|(_, _, gone_in)| from < *gone_in && *gone_in <= to);
    let finding = |(name, what, gone_in): &(TableName, String, u32)| {
        let message = format!("{what}: version {gone_in} and later refuse to make it");
        Finding::new(code::PF432, Subject::Other(name.to_string()), message).hint(
            "Make it on the subscriber as its version wants it, and accept the refused lines by PGSLOTPLAN_ACCEPT_REFUSED.",
        )
    };
    lost.map(finding).collect()
}

/// `PF428`: a label that the subscriber's type lacks stops the slot with the first row that has it.
pub fn enum_labels(input: &Input<'_>) -> Vec<Finding> {
    let Some((publisher, subscriber)) = input.both() else { return Vec::new() };
    let mut used: BTreeMap<&str, &TableName> = BTreeMap::new();
    let all = pairs(input);
    for pair in &all {
        for column in pair.publisher.into_iter().flat_map(|relation| relation.columns.values()) {
            used.entry(column.data_type.trim_end_matches("[]")).or_insert(&pair.name);
        }
    }
    let mut items = Vec::new();
    for (name, labels) in &publisher.enums {
        let (Some(there), Some(table)) = (subscriber.enums.get(name), used.get(name.to_sql().as_str())) else {
            continue;
        };
        let absent: Vec<&String> = labels.iter().filter(|label| !there.contains(label)).collect();
        if !absent.is_empty() {
            let adds: Vec<String> = absent
                .iter()
                .map(|l| format!("ALTER TYPE {} ADD VALUE {};", name.to_sql(), quote_literal(l)))
                .collect();
            items.push(
                TableFinding::new(
                    table,
                    format!(
                        "type {name} lacks {} on the subscriber",
                        listed(absent.iter().map(|l| quote_literal(l)), 10)
                    ),
                )
                .hint(format!("On the subscriber: {}", adds.join(" "))),
            );
        }
    }
    input.tables(code::PF428, Subject::Subscriber, "an enumerated type lacks labels", items)
}

/// Extensions that no table depends on.
const FOR_OBSERVERS: [&str; 5] = ["plpgsql", "pg_stat_statements", "pg_buffercache", "pg_walinspect", "pg_stat_kcache"];

/// `PF429`: types, functions and operators of an extension may be missing.
pub fn extensions(input: &Input<'_>) -> Vec<Finding> {
    let Some((publisher, subscriber)) = input.both() else { return Vec::new() };
    let absent: Vec<&String> = publisher
        .server
        .extensions
        .keys()
        .filter(|name| !FOR_OBSERVERS.contains(&name.as_str()) && !subscriber.server.extensions.contains_key(*name))
        .collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let creates: Vec<String> =
        absent.iter().map(|name| format!("CREATE EXTENSION {};", quote_identifier(name))).collect();
    vec![
        Finding::new(
            code::PF429,
            Subject::Subscriber,
            format!("extensions of the publisher are not on the subscriber: {}", listed(absent, 20)),
        )
        .hint(creates.join(" ")),
    ]
}

/// `PF430`: a character that the subscriber's encoding lacks stops the slot.
pub fn encoding(input: &Input<'_>) -> Vec<Finding> {
    let Some((publisher, subscriber)) = input.both() else { return Vec::new() };
    let encoding = |facts: &SideFacts| facts.server.settings.get("server_encoding").cloned();
    let (Some(from), Some(to)) = (encoding(publisher), encoding(subscriber)) else { return Vec::new() };
    if from == to {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF430,
            Subject::Subscriber,
            format!("the database's encoding is {to} here and {from} on the publisher"),
        )
        .detail(match (from.as_str(), to.as_str()) {
            ("SQL_ASCII", _) => format!("The publisher knows no encoding of its texts: the first one that is no {to} stops its slot."),
            (_, "UTF8") => format!("Every character fits here. On the way back, the first one that {from} lacks stops its slot."),
            _ => "A character that this encoding lacks stops its slot.".to_owned(),
        })
        .hint(match from.as_str() {
            "SQL_ASCII" => format!(
                "pg_dump --data-only --encoding={to} of the publisher, to /dev/null, ends at such a text; or, for a new database: \
                 CREATE DATABASE ... ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;"
            ),
            _ => format!("For a new database: CREATE DATABASE ... ENCODING {} TEMPLATE template0; with a locale that fits.", quote_literal(&from)),
        }),
    ]
}

/// Values of this type travel as text of twice their size and more, which the server cannot make above 1 GB.
const LARGEST_BYTEA: u64 = 512 << 20;

/// `PF434`: one value too large for its text ends the copy of its table, over and over. Only a read of the table shows the largest.
pub fn large_values(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        for (name, relation) in publisher.leaves(&table.table_name()) {
            let columns = relation.columns.iter().filter(|(_, column)| column.data_type == "bytea" && column.toastable);
            let columns: Vec<String> = columns.map(|(column, _)| quote_identifier(column)).collect();
            // compression makes some tens of megabytes of the largest value
            if columns.is_empty() || relation.bytes < LARGEST_BYTEA / 16 {
                continue;
            }
            let too_large = columns.iter().map(|column| format!("octet_length({column}) >= {LARGEST_BYTEA}"));
            items.push(
                TableFinding::new(name, format!("a value of {} above 512 MB could not be carried over", listed(&columns, 5)))
                    .detail("Values travel as text, which is more than twice as long, and no text is longer than 1 GB: the copy of the table would fail again and again.")
                    .hint(format!(
                        "SELECT ctid FROM {} WHERE {}; on the publisher shows them.",
                        name.to_sql(),
                        too_large.collect::<Vec<_>>().join(" OR ")
                    )),
            );
        }
    }
    input.tables(code::PF434, Subject::Publisher, "values above 512 MB could not be carried over", items)
}

/// `PF431`: the cutover sets sequences by name.
pub fn sequences(input: &Input<'_>) -> Vec<Finding> {
    let Some((publisher, subscriber)) = input.both() else { return Vec::new() };
    let own = publisher.relations.iter().filter(|(_, r)| r.kind == RelationKind::Sequence && r.extension.is_none());
    let absent: Vec<&TableName> =
        own.map(|(name, _)| name).filter(|name| !subscriber.relations.contains_key(*name)).collect();
    if absent.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF431,
            Subject::Subscriber,
            format!("{} of the publisher not on the subscriber", super::counted(absent.len(), "sequence")),
        )
        .detail(format!("{}.", listed(absent, 20)))
        .hint("pg_dump --schema-only on the publisher has them."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_type_holds_a_narrower_one() {
        for (wide, narrow) in [
            ("bigint", "integer"),
            ("numeric", "numeric(10,2)"),
            ("numeric", "bigint"),
            ("text", "character varying(20)"),
            ("character varying(30)", "character varying(20)"),
            ("double precision", "real"),
            ("public.mood", "public.mood"),
        ] {
            assert!(holds(wide, narrow), "{wide} holds {narrow}");
            assert!(wide == narrow || !holds(narrow, wide), "{narrow} does not hold {wide}");
        }
        assert!(!holds("timestamp without time zone", "timestamp with time zone"));
    }
}
