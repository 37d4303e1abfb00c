//! What the publisher needs to identify rows (postgres manual §29.1.1), and what row filters ask of it.

use std::collections::BTreeSet;

use super::{
    Input, TableFinding,
    facts::{ColumnFacts, KeyFacts, RelationFacts, RelationKind, SideFacts},
    published,
};
use crate::{
    finding::{Finding, Subject, code},
    names::{TableName, quote_identifier},
    plan::{PlannedSlot, PlannedTable},
    units::Bytes,
    workload::{ReplicaIdentity, TableKind},
};

/// `PF201`: publishing UPDATE or DELETE of such a table makes them fail in the application (55000).
pub fn usable_identity(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (slot, table) in input.plan.members() {
        if !published(slot, table).needs_identity() || table.set_identity {
            continue;
        }
        for (name, relation) in publisher.leaves(&table.table_name()) {
            if let Some((why, detail)) = refused(input, relation) {
                items.push(TableFinding::new(name, why).detail(detail).hint(mend(name, relation, "")));
            } else if relation.identity != ReplicaIdentity::Full && relation.identity_key().is_none() {
                items.push(
                    TableFinding::new(name, format!("the table has no usable replica identity: {}", why(relation)))
                        .detail("Once it is published, the application's own UPDATE and DELETE of it fail (SQLSTATE 55000).")
                        .hint(mend(name, relation, &full_as_well(name, relation))),
                );
            }
        }
    }
    input.tables(code::PF201, Subject::Publisher, "a table has no usable replica identity", items)
}

/// What the versions of both sides have against the identity that a table has.
fn refused(input: &Input<'_>, relation: &RelationFacts) -> Option<(String, &'static str)> {
    let named = |wanted: &dyn Fn(&str, &ColumnFacts) -> bool| {
        let columns = relation.columns.iter().filter(|(name, column)| wanted(name, column));
        let columns: Vec<String> = columns.map(|(name, _)| quote_identifier(name)).collect();
        (!columns.is_empty()).then(|| columns.join(", "))
    };
    let full = relation.identity == ReplicaIdentity::Full;
    let (publisher, subscriber) = (input.plan.publisher_version, input.plan.subscriber_version);
    if full
        && (publisher.refuses_generated_identity() || subscriber.refuses_generated_identity())
        && let Some(columns) = named(&|_, column| column.generated)
    {
        return Some((
            format!("the table has replica identity FULL and generated columns: {columns}"),
            "Version 18 refuses UPDATE and DELETE of such a table once it is published: here, or on the new server from the \
             cutover on.",
        ));
    }
    let key = relation.search_key();
    let in_key = |name: &str| key.is_some_and(|key| key.columns.iter().any(|column| column == name));
    if let Some(columns) = named(&|name, column| column.generated && in_key(name)) {
        return Some((
            format!("the table's key has generated columns: {columns}"),
            "They are not sent: the first UPDATE or DELETE stops the slot, and a publisher of version 18 refuses both.",
        ));
    }
    let columns = named(&|_, column| !column.comparable).filter(|_| full && key.is_none())?;
    Some((
        format!("the table has replica identity FULL, no key, and columns without equality: {columns}"),
        "The subscriber finds rows by comparing all columns: the first UPDATE or DELETE stops the slot.",
    ))
}

fn why(relation: &RelationFacts) -> &'static str {
    match relation.identity {
        ReplicaIdentity::Nothing => "it is set to NOTHING",
        ReplicaIdentity::Index => "its index is gone or not valid",
        _ if relation.keys.iter().any(|key| key.is_primary && !key.immediate) => "its primary key is deferrable",
        _ => "it has no primary key",
    }
}

/// Identity full as another way out, where the table has nothing that FULL cannot hold.
fn full_as_well(name: &TableName, relation: &RelationFacts) -> String {
    if relation.columns.values().any(|column| column.generated || !column.comparable) {
        return String::new();
    }
    format!(
        " Or ALTER TABLE {} REPLICA IDENTITY FULL; then each UPDATE and DELETE writes the whole old row to WAL (the table has \
         {}), and a subscriber without a key for it reads the whole table for each.",
        name.to_sql(),
        Bytes(relation.bytes as f64)
    )
}

/// The statements that would give it one, the cheapest first; `full` is the last way out.
fn mend(name: &TableName, relation: &RelationFacts, full: &str) -> String {
    let table = name.to_sql();
    let using =
        |key: &KeyFacts| format!("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {};", quote_identifier(&key.name));
    let is_sent = |key: &&KeyFacts| {
        key.columns.iter().all(|column| relation.columns.get(column).is_none_or(|column| !column.generated))
    };
    let usable = relation.keys.iter().filter(|key| key.may_identify()).filter(is_sent);
    if let Some(key) = usable.clone().find(|key| key.is_primary) {
        let default =
            format!("ALTER TABLE {table} REPLICA IDENTITY DEFAULT; takes primary key {}.", quote_identifier(&key.name));
        return default;
    }
    if let Some(key) = usable.clone().next() {
        return format!("{}{full}", using(key));
    }
    let nearly = |key: &&KeyFacts| key.unique && key.immediate && key.valid && key.plain;
    if let Some(key) = relation.keys.iter().filter(is_sent).find(nearly) {
        let nullable = key.columns.iter().filter(|c| relation.columns.get(*c).is_none_or(|column| !column.not_null));
        let alters: Vec<String> =
            nullable.map(|c| format!("ALTER COLUMN {} SET NOT NULL", quote_identifier(c))).collect();
        return format!("If they are never null: ALTER TABLE {table} {}; {}{full}", alters.join(", "), using(key));
    }
    let deferrable = |key: &&KeyFacts| key.unique && key.plain && key.all_not_null && !key.immediate;
    if let Some(key) = relation.keys.iter().filter(is_sent).find(deferrable) {
        let columns: Vec<String> = key.columns.iter().map(|column| quote_identifier(column)).collect();
        return format!(
            "CREATE UNIQUE INDEX CONCURRENTLY i ON {table} ({}); ALTER TABLE {table} REPLICA IDENTITY USING INDEX i;{full}",
            columns.join(", ")
        );
    }
    if relation.keys.iter().any(|key| key.is_primary) {
        return format!(
            "A unique index on NOT NULL columns that are not generated, and ALTER TABLE {table} REPLICA IDENTITY USING INDEX it;{full}"
        );
    }
    format!("ALTER TABLE {table} ADD PRIMARY KEY (columns); if some columns identify a row.{full}")
}

/// `PF217`: what is sent through a root is described by the root's identity, but the old key in WAL is the partition's.
/// Tried 13 to 15 and 15 to 18: without an identity of the root the slot stops at the first UPDATE; with other columns a
/// DELETE fits no partition, which stops it too, or the DEFAULT one, where it finds no row and is lost.
pub fn partition_identity(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    let through_root = |slot: &PlannedSlot, table: &PlannedTable| {
        table.kind == TableKind::Partitioned
            && slot.via_root
            && published(slot, table).needs_identity()
            && !table.set_identity
    };
    for (_, table) in input.plan.members().filter(|(slot, table)| through_root(slot, table)) {
        let name = table.table_name();
        let Some(root) = publisher.relations.get(&name).filter(|root| root.kind == RelationKind::Partitioned) else {
            continue;
        };
        let full = root.identity == ReplicaIdentity::Full;
        if !full && root.identity_key().is_none() {
            items.push(
                TableFinding::new(&name, "the partitioned table has no replica identity of its own")
                    .detail("The first UPDATE or DELETE of one of its partitions would stop the slot.")
                    .hint(format!(
                        "ALTER TABLE {0} ADD PRIMARY KEY (columns); it takes the partitions' keys over. Or REPLICA IDENTITY FULL of {0} \
                         and of each partition{1}.",
                        name.to_sql(),
                        match publisher.leaves(&name).len() {
                            ..=1 => String::new(),
                            _ => format!(", or plan again with --split {name}=2: partitions by themselves"),
                        }
                    )),
            );
            continue;
        }
        let key = root.identity_key().map_or(&[][..], |key| &key.columns);
        for (leaf, relation) in publisher.leaves(&name) {
            let logged = relation.identity_key().map_or(&[][..], |key| &key.columns);
            let covered = !full && key.iter().all(|column| logged.contains(column));
            if relation.identity == ReplicaIdentity::Full || covered || *leaf == name {
                continue;
            }
            let word = if full { "FULL" } else { "DEFAULT" };
            items.push(
                TableFinding::new(
                    leaf,
                    format!("the partition logs other columns as the old key than its root {name} has"),
                )
                .detail("Its DELETE, and an UPDATE of the key, would stop the slot, or be lost where there is a DEFAULT partition.")
                .hint(format!("ALTER TABLE {} REPLICA IDENTITY {word}; with the key of the root", leaf.to_sql())),
            );
        }
    }
    input.tables(code::PF217, Subject::Publisher, "a partition and its root identify rows differently", items)
}

/// `PF202`: the plan takes a unique index as identity that must be on each of the table's partitions.
pub fn planned_index(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    let planned =
        |(_, table): &(&PlannedSlot, &PlannedTable)| table.set_identity && table.identity == ReplicaIdentity::Index;
    for (_, table) in input.plan.members().filter(planned) {
        let wanted: BTreeSet<&String> = table.identity_columns.iter().collect();
        for (name, relation) in publisher.leaves(&table.table_name()) {
            let fits = |key: &KeyFacts| key.may_identify() && key.columns.iter().collect::<BTreeSet<_>>() == wanted;
            if !relation.keys.iter().any(fits) {
                let columns: Vec<String> = table.identity_columns.iter().map(|c| quote_identifier(c)).collect();
                items.push(
                    TableFinding::new(
                        name,
                        format!(
                            "the unique index on ({}) that the plan takes as identity is not there",
                            columns.join(", ")
                        ),
                    )
                    .hint(format!(
                        "CREATE UNIQUE INDEX CONCURRENTLY ON {} ({}); with all of them NOT NULL, or plan again",
                        name.to_sql(),
                        columns.join(", ")
                    )),
                );
            }
        }
    }
    input.tables(code::PF202, Subject::Publisher, "the index of a planned replica identity is not there", items)
}

/// Columns that will identify rows once the plan's identities are set; absent: the whole row.
fn future_identity<'a>(table: &'a PlannedTable, relation: &'a RelationFacts) -> Option<BTreeSet<&'a str>> {
    let identity = if table.set_identity { table.identity } else { relation.identity };
    if identity == ReplicaIdentity::Full {
        return None;
    }
    let columns = if table.set_identity {
        Some(&table.identity_columns)
    } else {
        relation.identity_key().map(|key| &key.columns)
    };
    Some(columns.into_iter().flatten().map(String::as_str).collect())
}

/// Members with their relation, those that publish UPDATE or DELETE.
fn changing<'a>(
    input: &Input<'a>,
    publisher: &'a SideFacts,
) -> Vec<(&'a PlannedSlot, &'a PlannedTable, &'a RelationFacts)> {
    input
        .plan
        .members()
        .filter(|(slot, table)| published(slot, table).needs_identity())
        .filter_map(|(slot, table)| Some((slot, table, publisher.relations.get(&table.table_name())?)))
        .collect()
}

/// `PF203`: columns of a row filter must belong to the identity, or UPDATE and DELETE fail on the publisher (42P10).
pub fn filter_columns(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (_, table, relation) in changing(input, publisher) {
        let Some(filter) = &table.row_filter else { continue };
        let Some(identity) = future_identity(table, relation) else { continue };
        let outside: Vec<&str> =
            filter_names(filter, relation).into_iter().filter(|column| !identity.contains(column)).collect();
        if !outside.is_empty() {
            items.push(
                TableFinding::new(
                    &table.table_name(),
                    format!(
                        "the row filter uses {}, which the replica identity does not cover",
                        super::listed(outside, 10)
                    ),
                )
                .detail("The application's own UPDATE and DELETE would fail (SQLSTATE 42P10).")
                .hint(format!(
                    "ALTER TABLE {} REPLICA IDENTITY FULL; or filter by columns of the key",
                    table.table_name().to_sql()
                )),
            );
        }
    }
    input.tables(code::PF203, Subject::Publisher, "a row filter is not covered by the replica identity", items)
}

/// Columns of the table that an expression names.
fn filter_names<'a>(filter: &str, relation: &'a RelationFacts) -> Vec<&'a str> {
    let mut words: BTreeSet<String> = BTreeSet::new();
    for (position, part) in filter.split('\'').enumerate() {
        if position % 2 == 1 {
            continue; // a string
        }
        for (position, part) in part.split('"').enumerate() {
            if position % 2 == 1 {
                words.insert(part.to_owned());
            } else {
                let plain = part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
                words.extend(plain.map(str::to_lowercase));
            }
        }
    }
    relation.columns.keys().filter(|column| words.contains(*column)).map(String::as_str).collect()
}

/// `PF205`: an UPDATE that moves a row into another shard arrives there as an INSERT, which without FULL has NULL in
/// every unchanged column that is stored out of line. Measured on 15, 16 and 18.
pub fn shards_with_toast(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (slot, table, relation) in changing(input, publisher) {
        let toastable = relation.columns.iter().filter(|(_, column)| column.toastable).map(|(name, _)| name);
        let toastable: Vec<&String> = toastable.collect();
        let sharded = table.row_filter.is_some() && published(slot, table).update;
        if sharded && !toastable.is_empty() && future_identity(table, relation).is_some() {
            items.push(
                TableFinding::new(
                    &table.table_name(),
                    format!("an UPDATE of its key would lose {} without an error", super::listed(toastable, 5)),
                )
                .detail("A row that moves from one row filter to another arrives as an INSERT without the unchanged values that are stored out of line.")
                .hint(format!("ALTER TABLE {} REPLICA IDENTITY FULL; unless its key never changes", table.table_name().to_sql())),
            );
        }
    }
    input.tables(code::PF205, Subject::Publisher, "an UPDATE of a sharded table's key loses values", items)
}

/// `PF206`: row filters do not apply to TRUNCATE: a shard that is late would wipe what the others have sent again.
pub fn shards_and_truncate(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for (slot, table) in input.plan.members() {
        if table.row_filter.is_some() && published(slot, table).truncate {
            items.push(
                TableFinding::new(
                    &table.table_name(),
                    format!("slot \"{}\" publishes TRUNCATE of a table that row filters split", slot.name),
                )
                .hint("Plan again: the publications of shards leave truncate out, and a trigger forbids it."),
            );
        }
    }
    input.tables(code::PF206, Subject::Plan, "TRUNCATE of a sharded table is published", items)
}

/// `PF207`: `abs` of a hash fails for the least integer, inside the walsender: the slot stops forever on such a row.
pub fn unsafe_filters(input: &Input<'_>) -> Vec<Finding> {
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let filter = table.row_filter.as_deref().unwrap_or_default().to_lowercase();
        if filter.contains("abs(") && filter.contains("hash") {
            items.push(
                TableFinding::new(
                    &table.table_name(),
                    "the row filter takes abs of a hash, which fails for the least integer",
                )
                .hint("Use hashint8(key) & (n - 1) for n a power of two, or (hashint8(key)::bigint & 2147483647) % n."),
            );
        }
    }
    input.tables(code::PF207, Subject::Plan, "a row filter takes abs of a hash", items)
}

/// `PF208`: what replica identity FULL costs.
pub fn full_identity(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let full: Vec<TableName> = changing(input, publisher)
        .into_iter()
        .filter(|(_, table, relation)| future_identity(table, relation).is_none())
        .map(|(_, table, _)| table.table_name())
        .collect();
    if full.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF208,
            Subject::Publisher,
            format!("{} with replica identity FULL", super::counted(full.len(), "table")),
        )
        .detail(format!(
            "Each UPDATE and DELETE of them writes the whole old row to WAL and to the subscriber: {}.",
            super::listed(full, 10)
        ))
        .hint("A primary key, or REPLICA IDENTITY USING INDEX with a unique index over NOT NULL columns, spares that."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::tests::{column, key, relation};

    fn mended(relation: &RelationFacts) -> String {
        let name = TableName::new("public", "t");
        mend(&name, relation, &full_as_well(&name, relation))
    }

    #[test]
    fn the_cheapest_mending_statement_comes_first() {
        let base = relation(&[("a", column("bigint")), ("b", column("bigint"))], Vec::new());
        let with = |keys| RelationFacts { keys, ..base.clone() };
        let nothing = RelationFacts { identity: ReplicaIdentity::Nothing, ..with(vec![key("t_pkey", true, &["a"])]) };
        assert!(mended(&nothing).starts_with("ALTER TABLE public.t REPLICA IDENTITY DEFAULT;"));
        assert!(
            mended(&with(vec![key("u", false, &["a"])]))
                .starts_with("ALTER TABLE public.t REPLICA IDENTITY USING INDEX u;")
        );
        let nullable = KeyFacts { all_not_null: false, ..key("u", false, &["a", "b"]) };
        let mut loose = with(vec![nullable]);
        loose.columns.get_mut("b").unwrap().not_null = false;
        assert!(mended(&loose).contains(
            "ALTER TABLE public.t ALTER COLUMN b SET NOT NULL; ALTER TABLE public.t REPLICA IDENTITY USING INDEX u;"
        ));
        let deferrable = KeyFacts { immediate: false, ..key("t_pkey", true, &["a"]) };
        assert!(mended(&with(vec![deferrable])).starts_with("CREATE UNIQUE INDEX CONCURRENTLY i ON public.t (a);"));
        assert!(
            mended(&base).starts_with("ALTER TABLE public.t ADD PRIMARY KEY")
                && mended(&base).contains("REPLICA IDENTITY FULL")
        );
    }

    #[test]
    fn a_filter_names_columns_outside_of_its_strings() {
        let relation =
            relation(&[("id", column("bigint")), ("Kind", column("text")), ("note", column("text"))], Vec::new());
        assert_eq!(filter_names("(hashint8(ID) & 3) = 0 AND \"Kind\" <> 'note'", &relation), ["Kind", "id"]);
        assert!(filter_names("false", &relation).is_empty());
    }
}
