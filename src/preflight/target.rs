//! The subscriber's tables by themselves: are they there, can rows be found in them, what else would stop a slot.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Input, TableFinding, counted,
    facts::{KeyFacts, RelationFacts, RelationKind, SideFacts},
    listed, published,
    server::may_subscribe,
};
use crate::{
    finding::{Finding, Subject, code},
    names::{TableName, one_line, quote_identifier},
    plan::{PlannedSlot, PlannedTable},
    policy::ForeignKeyMode,
    server::AppliesAs,
    units::Bytes,
    workload::ReplicaIdentity,
};

/// Each member with the leaves that it is on the subscriber.
fn leaves<'a>(
    input: &Input<'a>,
    subscriber: &'a SideFacts,
) -> Vec<(&'a PlannedSlot, &'a PlannedTable, &'a TableName, &'a RelationFacts)> {
    let mut found = Vec::new();
    for (slot, table) in input.plan.members() {
        for name in slot.received(table) {
            found.extend(subscriber.leaves(&name).into_iter().map(|(name, relation)| (slot, table, name, relation)));
        }
    }
    found
}

/// `PF401`: a subscription refuses to start without all its tables.
pub fn missing_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut items = Vec::new();
    for (slot, table) in input.plan.members() {
        for name in slot.received(table) {
            if !subscriber.relations.contains_key(&name) {
                items.push(
                    TableFinding::new(&name, "the subscriber does not have the table")
                        .hint("pg_dump --schema-only --section=pre-data on the publisher, psql on the subscriber; primary keys too."),
                );
            }
        }
    }
    input.tables(code::PF401, Subject::Subscriber, "the subscriber does not have the table", items)
}

/// `PF402`: a subscription writes into tables; into partitioned ones from 13 on.
pub fn kinds(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut items = Vec::new();
    for (slot, table) in input.plan.members() {
        for name in slot.received(table) {
            let Some(relation) = subscriber.relations.get(&name) else { continue };
            let fits = match relation.kind {
                RelationKind::Table => true,
                RelationKind::Partitioned => subscriber.server.version_num.receives_into_partition_roots(),
                _ => false,
            };
            if !fits {
                items.push(
                    TableFinding::new(
                        &name,
                        format!(
                            "it is {} on the subscriber, which no subscription can write into",
                            relation.kind.in_words()
                        ),
                    )
                    .hint("Make it the table that it is on the publisher."),
                );
            }
        }
    }
    input.tables(code::PF402, Subject::Subscriber, "no subscription can write into it", items)
}

/// `PF403`: without a key the first UPDATE or DELETE stops the slot, until there is one. Where keys come after the rows, the steps look
/// before they subscribe.
pub fn search_keys(input: &Input<'_>) -> Vec<Finding> {
    let later = input.circumstances.bootstrap.makes_keys_later();
    let Some(subscriber) = input.subscriber().filter(|_| !later) else { return Vec::new() };
    let mut items = Vec::new();
    for (slot, table, name, relation) in leaves(input, subscriber) {
        if !published(slot, table).needs_identity() || sends_whole_row(input, table) || relation.search_key().is_some()
        {
            continue;
        }
        let wanted: BTreeSet<&String> = table.identity_columns.iter().collect();
        let will_be_set = table.set_identity
            && relation
                .keys
                .iter()
                .any(|key| key.may_identify() && key.columns.iter().collect::<BTreeSet<_>>() == wanted);
        if will_be_set {
            continue;
        }
        let columns: Vec<String> = table.identity_columns.iter().map(|column| quote_identifier(column)).collect();
        items.push(
            TableFinding::new(name, "the subscriber's table has neither a primary key nor a replica identity index")
                .detail("Secondary indexes can wait until after the copy; this one cannot.")
                .hint(format!("ALTER TABLE {} ADD PRIMARY KEY ({});", name.to_sql(), columns.join(", "))),
        );
    }
    input.tables(code::PF403, Subject::Subscriber, "it has neither a primary key nor a replica identity index", items)
}

/// Whether the publisher sends all old values of a changed row, so that no key is needed.
pub(super) fn sends_whole_row(input: &Input<'_>, table: &PlannedTable) -> bool {
    if table.set_identity {
        return table.identity == ReplicaIdentity::Full;
    }
    let live = input.publisher().and_then(|publisher| publisher.relations.get(&table.table_name()));
    live.map_or(table.identity, |relation| relation.identity) == ReplicaIdentity::Full
}

/// `PF404`: a replicated TRUNCATE of a table that a foreign key from outside its subscription references stops the slot for
/// ever, even when the other table is empty, unpublished, or the key is NOT VALID. Measured on 12 to 18.
pub fn foreign_keys(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let restored = |from: &TableName, name: &str| {
        input.plan.policy.foreign_keys == ForeignKeyMode::Restore
            && input
                .plan
                .foreign_keys
                .iter()
                .any(|planned| planned.cut && planned.key.from == *from && planned.key.name == name)
    };
    let (truncated, holders) = truncated_tables(input, subscriber);
    let mut items = Vec::new();
    for key in &subscriber.foreign_keys {
        if key.from == key.to || restored(&key.from, &key.name) {
            continue;
        }
        for &slot in truncated.get(&key.to).into_iter().flatten() {
            let inside = holders.get(&key.from).is_some_and(|slots| slots.contains(&slot));
            if inside {
                continue;
            }
            items.push(
                TableFinding::new(
                    &key.from,
                    format!("foreign key {} references {}, whose TRUNCATE would stop slot \"{}\" forever", quote_identifier(&key.name), key.to, input.plan.slots[slot].name),
                )
                .detail("The table is not in that slot, and the plan does not drop this foreign key.")
                .hint(format!(
                    "Sample and plan again: the scripts drop it and restore it at the cutover. Or, on the subscriber: ALTER TABLE {} DROP \
                     CONSTRAINT {}; and after the cutover add it again as pg_dump of the publisher spells it.",
                    key.from.to_sql(),
                    quote_identifier(&key.name)
                )),
            );
        }
    }
    input.tables(code::PF404, Subject::Subscriber, "a foreign key would stop a slot", items)
}

type SlotsByTable = BTreeMap<TableName, BTreeSet<usize>>;

/// Slots that may truncate a table, and slots that a table belongs to, with roots above and partitions below members.
fn truncated_tables(input: &Input<'_>, subscriber: &SideFacts) -> (SlotsByTable, SlotsByTable) {
    let (mut truncated, mut holders) = (SlotsByTable::new(), SlotsByTable::new());
    for (number, slot) in input.plan.slots.iter().enumerate() {
        for table in &slot.tables {
            let mut names: BTreeSet<TableName> = table.leaves.iter().cloned().collect();
            let mut open = slot.received(table);
            while let Some(name) = open.pop() {
                if let Some(relation) = subscriber.relations.get(&name) {
                    open.extend(relation.partitions.iter().filter(|part| !names.contains(*part)).cloned());
                }
                names.extend(subscriber.ancestors(&name).into_iter().cloned());
                names.insert(name);
            }
            for name in names {
                if published(slot, table).truncate {
                    truncated.entry(name.clone()).or_default().insert(number);
                }
                holders.entry(name).or_default().insert(number);
            }
        }
    }
    (truncated, holders)
}

fn planned_names(input: &Input<'_>, subscriber: &SideFacts) -> BTreeSet<TableName> {
    let mut names: BTreeSet<TableName> =
        leaves(input, subscriber).into_iter().map(|(_, _, name, _)| name.clone()).collect();
    for (slot, table) in input.plan.members() {
        names.extend(slot.received(table));
    }
    names
}

/// `PF405`: ENABLE ALWAYS and ENABLE REPLICA triggers fire for replicated rows.
pub fn triggers(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let planned = planned_names(input, subscriber);
    let items = subscriber.triggers.iter().filter(|trigger| planned.contains(&trigger.table)).map(|trigger| {
        TableFinding::new(&trigger.table, format!("trigger {} fires for replicated rows", quote_identifier(&trigger.name)))
            .detail("What it did on the publisher arrives through replication, and would be done twice; an error in it stops the slot.")
            .hint("Run the step that makes the subscriptions, again where they are there: it puts the trigger to rest until the cutover, and gives it back as it was.")
    });
    let items = items.collect();
    input.tables(code::PF405, Subject::Subscriber, "a trigger fires for replicated rows", items)
}

/// `PF406`: workers run with an empty search_path: an unqualified name in a trigger's function stops the slot. Measured on
/// 15 and 18.
pub fn trigger_functions(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let planned = planned_names(input, subscriber);
    let loose =
        subscriber.triggers.iter().filter(|trigger| !trigger.sets_search_path && planned.contains(&trigger.table));
    let items = loose.map(|trigger| {
        TableFinding::new(
            &trigger.table,
            format!("the function of trigger {} has no search_path of its own", quote_identifier(&trigger.name)),
        )
        .detail(
            "It runs with an empty one for replicated rows: an unqualified name in it is an error, again and again.",
        )
        .hint("ALTER FUNCTION its_function SET search_path = its_schemas;")
    });
    let items = items.collect();
    input.tables(code::PF406, Subject::Subscriber, "a trigger's function has no search_path", items)
}

/// `PF407`: the same for functions in defaults, check constraints and indexes.
pub fn row_functions(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let planned = planned_names(input, subscriber);
    let uses = subscriber.functions.iter().filter(|(table, _)| planned.contains(table));
    let items = uses.map(|(table, function)| {
        TableFinding::new(table, format!("function {function} runs with replicated rows and has no search_path of its own"))
            .detail("It is in a default, a check constraint or an index, and runs with an empty search_path: an unqualified name in it stops the slot.")
            .hint(format!("ALTER FUNCTION {} SET search_path = its_schemas;", function.to_sql()))
    });
    let items = items.collect();
    input.tables(code::PF407, Subject::Subscriber, "a function that runs with rows has no search_path", items)
}

/// `PF408`: 15 and later refuse to write into a table whose row security the writing role is subject to. From 16 on that
/// role is the table's owner.
pub fn row_security(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let applies_as = subscriber.server.version_num.applies_as();
    let mut items = Vec::new();
    for (_, _, name, relation) in leaves(input, subscriber) {
        let stops = match applies_as {
            AppliesAs::Unchecked => false,
            AppliesAs::SubscriptionOwner => relation.row_security && !subscriber.role.superuser,
            AppliesAs::TableOwner => relation.row_security && relation.forced_row_security,
        };
        if stops {
            items.push(
                TableFinding::new(name, "row security stops its slot: who writes the rows is subject to it")
                    .detail("From 16 on rows are written as the table's owner, whom FORCE ROW LEVEL SECURITY subjects; before, as the owner of the subscription.")
                    .hint(match applies_as {
                        AppliesAs::TableOwner => "Run the step that makes the subscriptions, again where they are there: it puts FORCE to rest until the cutover, and gives it back.".to_owned(),
                        _ => format!("Run the steps as a superuser, or ALTER ROLE {} BYPASSRLS;", quote_identifier(&subscriber.role.name)),
                    }),
            );
        }
    }
    input.tables(code::PF408, Subject::Subscriber, "row security stops a slot", items)
}

/// `PF433`: what the steps put to rest on the subscriber, as the publisher has it.
pub fn resting(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned = planned_names(input, publisher);
    let triggers = publisher.triggers.iter().filter(|trigger| planned.contains(&trigger.table)).map(|trigger| {
        let name = quote_identifier(&trigger.name);
        TableFinding::new(
            &trigger.table,
            format!("trigger {name} would fire for replicated rows: it rests on the subscriber until the cutover"),
        )
    });
    let is_forced = |relation: &RelationFacts| relation.row_security && relation.forced_row_security;
    let writes_as_owner = input.plan.subscriber_version.applies_as() == AppliesAs::TableOwner;
    let forced =
        leaves(input, publisher).into_iter().filter(|(_, _, _, relation)| writes_as_owner && is_forced(relation));
    let forced = forced.map(|(_, _, name, _)| {
        TableFinding::new(
            name,
            "FORCE ROW LEVEL SECURITY would stop its slot: it rests on the subscriber until the cutover",
        )
    });
    let items = triggers.chain(forced).collect();
    input.tables(code::PF433, Subject::Publisher, "something rests on the subscriber until the cutover", items)
}

/// Tables that receive rows, with owners whom the judged role cannot become; from 16 on rows are written as them.
pub(super) fn owners_to_become<'a>(
    input: &Input<'a>,
    subscriber: &'a SideFacts,
) -> impl Iterator<Item = (&'a TableName, &'a str)> {
    let received = input.plan.members().flat_map(|(slot, table)| slot.received(table));
    received
        .filter_map(|name| subscriber.relations.get_key_value(&name))
        .filter(|(_, relation)| !relation.role_becomes_owner)
        .map(|(name, relation)| (name, relation.owner.as_str()))
}

/// The statement that lets a role become another one, without its rights at other times. For 16 and later.
pub(super) fn becoming(owner: &str, role: &str) -> String {
    format!("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE;", quote_identifier(owner), quote_identifier(role))
}

/// `PF435`: from 16 on rows are written as the table's owner. The steps refuse it too, on the publisher before anything starts.
pub fn owners(input: &Input<'_>) -> Vec<Finding> {
    if input.plan.subscriber_version.applies_as() != AppliesAs::TableOwner {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (subject, facts) in input.sides() {
        let mut items = Vec::new();
        for (slot, _, name, relation) in leaves(input, facts) {
            let owner = quote_identifier(&relation.owner);
            let is_sent = |privilege: &&String| match privilege.as_str() {
                "SELECT" => slot.publish.update || slot.publish.delete,
                "UPDATE" => slot.publish.update,
                "DELETE" => slot.publish.delete,
                "TRUNCATE" => slot.publish.truncate,
                _ => true,
            };
            let lacking: Vec<&str> = relation.owner_lacks.iter().filter(is_sent).map(String::as_str).collect();
            let mut mends = Vec::new();
            if !lacking.is_empty() {
                mends.push(format!("GRANT {} ON TABLE {} TO {owner};", lacking.join(", "), name.to_sql()));
            }
            if !relation.owner_uses_schema {
                mends.push(format!("GRANT USAGE ON SCHEMA {} TO {owner};", quote_identifier(&name.schema)));
            }
            if !mends.is_empty() {
                let message = format!("rows are written as its owner \"{}\", who may not", one_line(&relation.owner));
                items.push(TableFinding::new(name, message).hint(mends.join(" ")));
            }
        }
        // a role that may not subscribe at all is PF308's
        if subject == Subject::Subscriber && may_subscribe(facts) {
            items.extend(owners_to_become(input, facts).map(|(name, owner)| {
                let role = one_line(&facts.role.name);
                let message = format!(
                    "rows are written as its owner \"{}\", whom role \"{role}\" cannot become",
                    one_line(owner)
                );
                TableFinding::new(name, message).hint(becoming(owner, &facts.role.name))
            }));
        }
        findings.extend(input.tables(code::PF435, subject, "owners of tables may not write them", items));
    }
    findings
}

/// `PF409`: the copy adds to what is there, and a key that exists stops the slot.
pub fn rows(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber().filter(|_| !input.circumstances.bootstrap.is_physical()) else {
        return Vec::new();
    };
    let ours = |name: &TableName| {
        let planned = |subscription: &str| input.plan.slots.iter().any(|slot| slot.subscription == subscription);
        subscriber.subscriptions.iter().any(|subscription| {
            let tables = subscription.tables.as_ref();
            let holds = |tables: &BTreeSet<TableName>| {
                tables.contains(name) || subscriber.ancestors(name).into_iter().any(|root| tables.contains(root))
            };
            subscription.here && planned(&subscription.name) && tables.is_some_and(holds)
        })
    };
    let mut items = Vec::new();
    for (_, _, name, relation) in leaves(input, subscriber) {
        if relation.has_rows == Some(true) && !ours(name) {
            items.push(
                TableFinding::new(name, "the subscriber's table is not empty")
                    .detail("The copy would add its rows to them; a key that is there already stops the slot.")
                    .hint(format!("If these rows are not needed: TRUNCATE {};", name.to_sql())),
            );
        }
    }
    input.tables(code::PF409, Subject::Subscriber, "the subscriber's table is not empty", items)
}

/// `PF410`: shards are not in step: a second unique key may be taken by a row that another shard has yet to delete.
pub fn shard_constraints(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut items = Vec::new();
    for (_, table, name, relation) in leaves(input, subscriber) {
        if table.row_filter.is_none() {
            continue;
        }
        let search = relation.search_key().map(|key| key.name.as_str());
        for key in relation.keys.iter().filter(|key| Some(key.name.as_str()) != search) {
            let kind = if key.unique { "unique index" } else { "exclusion constraint" };
            items.push(
                TableFinding::new(
                    name,
                    format!(
                        "{kind} {} may hold up a shard until another one has caught up",
                        quote_identifier(&key.name)
                    ),
                )
                .detail("It heals by itself as long as disable_on_error is off.")
                .hint("Make it after the cutover, or never set disable_on_error."),
            );
        }
    }
    input.tables(code::PF410, Subject::Subscriber, "a second unique key may hold up a shard", items)
}

/// Leaves whose rows are found by comparing all columns.
fn scanned<'a>(input: &Input<'a>, subscriber: &'a SideFacts) -> Vec<(&'a TableName, &'a RelationFacts)> {
    let all = leaves(input, subscriber).into_iter();
    all.filter(|(slot, table, _, relation)| {
        published(slot, table).needs_identity() && sends_whole_row(input, table) && relation.search_key().is_none()
    })
    .map(|(_, _, name, relation)| (name, relation))
    .collect()
}

/// `PF411`: rows cannot be compared when a column's type has no equality.
pub fn uncomparable_columns(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut items = Vec::new();
    for (name, relation) in scanned(input, subscriber) {
        let columns = relation.columns.iter().filter(|(_, column)| !column.comparable);
        let columns: Vec<String> =
            columns.map(|(name, column)| format!("{} {}", quote_identifier(name), column.data_type)).collect();
        if !columns.is_empty() {
            items.push(
                TableFinding::new(
                    name,
                    format!("UPDATE and DELETE cannot find its rows: no equality for {}", columns.join(", ")),
                )
                .hint(format!(
                    "ALTER TABLE {} ADD PRIMARY KEY (columns); on the subscriber, or type jsonb.",
                    name.to_sql()
                )),
            );
        }
    }
    input.tables(code::PF411, Subject::Subscriber, "rows of a table cannot be compared", items)
}

/// `PF412`: without a key, each UPDATE and DELETE reads the whole table (up to 15), or a suitable index (16 and later).
pub fn scans(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let by_index = subscriber.server.version_num.applies_full_identity_by_index();
    let mut items = Vec::new();
    for (name, relation) in scanned(input, subscriber) {
        if by_index && (relation.secondary_indexes > 0 || !relation.keys.is_empty()) {
            continue;
        }
        let live = input.publisher().and_then(|publisher| publisher.relations.get(name)).map(|relation| relation.bytes);
        let size = live.map(|bytes| format!(" ({})", Bytes(bytes as f64))).unwrap_or_default();
        items.push(
            TableFinding::new(name, format!("each UPDATE and DELETE reads the whole table{size} on the subscriber"))
                .detail("It has replica identity FULL and no key here. Measured: 457 microseconds for a row at the end of 10,000.")
                .hint(if by_index {
                    "A btree index on a selective column is enough from 16 on; a primary key is better."
                } else {
                    "Give it a primary key on the subscriber; up to 15 no other index is used."
                }),
        );
    }
    input.tables(code::PF412, Subject::Subscriber, "each UPDATE and DELETE reads the whole table", items)
}

/// `PF413`: indexes that are there during the copy make it slower; built afterwards they are built at once.
pub fn secondary_indexes(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber().filter(|_| !input.circumstances.bootstrap.is_physical()) else {
        return Vec::new();
    };
    // once the subscriptions are there the copy has begun, and what is built after it stays
    if input.plan.slots.iter().any(|slot| super::leftovers::subscription_of(slot, &subscriber.subscriptions).is_some())
    {
        return Vec::new();
    }
    let to_be_identity =
        |table: &PlannedTable| u64::from(table.set_identity && table.identity == ReplicaIdentity::Index);
    let count: u64 = leaves(input, subscriber)
        .iter()
        .map(|(_, table, _, relation)| relation.secondary_indexes.saturating_sub(to_be_identity(table)))
        .sum();
    if count == 0 {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF413,
            Subject::Subscriber,
            format!(
                "{} there before the copy",
                counted(usize::try_from(count).unwrap_or(usize::MAX), "secondary index").replace("indexs", "indexes")
            ),
        )
        .detail("Each makes the copy slower.")
        .hint("Drop them, keep their definitions (pg_dump --section=post-data), and build them after the copy."),
    ]
}

/// Columns of a key that are not among others.
pub(super) fn outside<'a>(key: &'a KeyFacts, columns: &BTreeSet<&str>) -> Vec<&'a str> {
    key.columns.iter().map(String::as_str).filter(|column| !columns.contains(column)).collect()
}

/// Names of several columns.
pub(super) fn column_list<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    listed(columns.into_iter().map(quote_identifier), 10)
}
