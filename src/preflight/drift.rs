//! Plan against live catalog: what became of the publisher since it was sampled.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Input, TableFinding, counted,
    facts::{Persistence, RelationFacts, RelationKind, SideFacts},
    listed,
};
use crate::{
    finding::{Finding, Severity, Subject, code},
    names::{TableName, quote_identifier},
    plan::{
        PlannedForeignKey, STATE_SCHEMA,
        left_out::{self, Because},
    },
    units::Bytes,
    workload::{ForeignKey, ReplicaIdentity, TableKind},
};

const AGAIN: &str = "Sample and plan again, with --exclude if it is to stay out. Where the plan runs already: plan with --previous and emit with --running, which changes it on live slots.";

const GONE: &str = "Sample and plan again. Where the plan runs already: plan with --previous and emit with --running, by which the table leaves.";

/// `PF601`: the scripts refuse another server than the sampled one.
pub fn planned_server(input: &Input<'_>) -> Vec<Finding> {
    let planned = input.plan.server.system_identifier.as_ref();
    let live = |facts: Option<&SideFacts>| facts.and_then(|facts| facts.server.system_identifier);
    let (Some(planned), Some(publisher)) = (planned, live(input.publisher())) else { return Vec::new() };
    if *planned == publisher {
        return Vec::new();
    }
    let swapped = live(input.subscriber()).as_ref() == Some(planned);
    vec![
        Finding::new(code::PF601, Subject::Publisher, "this is not the server that the plan was made for")
            .detail(format!("Its system identifier is {publisher}, the planned one is {planned}."))
            .hint(if swapped {
                "The subscriber has it: --publisher and --subscriber are swapped."
            } else {
                "Check the connection string; after a restore or an upgrade, sample and plan again."
            }),
    ]
}

/// `PF602`: a slot decodes one database.
pub fn planned_database(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|facts| facts.database != input.plan.database) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF602,
            Subject::Publisher,
            format!(
                "the session is in database {}, but the plan is for {}",
                crate::names::one_line(&quote_identifier(&publisher.database)),
                crate::names::one_line(&quote_identifier(&input.plan.database))
            ),
        )
        .hint("Name the database in --publisher: dbname=..."),
    ]
}

/// `PF603`: what `plan` itself said no to.
pub fn plan_errors(input: &Input<'_>) -> Vec<Finding> {
    let errors: Vec<String> = input
        .plan
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| format!("{} {}: {}", finding.code, finding.subject, finding.message))
        .collect();
    if errors.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF603,
            Subject::Plan,
            format!("the plan itself has {}", counted(errors.len(), "error-level finding")),
        )
        .detail(format!("{}.", listed(errors, 10)))
        .hint("Mend what they name and plan again."),
    ]
}

/// `PF604`: a planned table is not there any more.
pub fn dropped_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let new = unplanned(input, publisher);
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let name = table.table_name();
        if publisher.relations.contains_key(&name) {
            continue;
        }
        let wanted: BTreeSet<&String> = table.identity_columns.iter().collect();
        let alike = |relation: &RelationFacts| {
            let columns = relation.identity_key().map(|key| key.columns.iter().collect::<BTreeSet<_>>());
            relation.kind.is(table.kind) && columns.unwrap_or_default() == wanted
        };
        let renamed: Vec<&TableName> =
            new.iter().filter(|(_, relation)| alike(relation)).map(|(name, _)| *name).collect();
        let item = TableFinding::new(&name, "the planned table does not exist");
        let item = match renamed.as_slice() {
            [] => item.detail("It was dropped or renamed since the workload was sampled."),
            _ => item.detail(format!(
                "It was dropped or renamed; unplanned tables with the same key: {}.",
                listed(renamed, 3)
            )),
        };
        items.push(item.hint(GONE));
    }
    input.tables(code::PF604, Subject::Publisher, "a planned table does not exist", items)
}

/// What the plan covers: members, what lies behind and above them.
fn covered(input: &Input<'_>, publisher: &SideFacts) -> BTreeSet<TableName> {
    let mut covered = BTreeSet::new();
    for (slot, table) in input.plan.members() {
        let name = table.table_name();
        covered.extend(publisher.ancestors(&name).into_iter().cloned());
        covered.extend(table.partition_root.clone());
        if table.kind == TableKind::Partitioned && slot.via_root {
            let mut open = vec![name.clone()];
            while let Some(name) = open.pop() {
                open.extend(
                    publisher.relations.get(&name).into_iter().flat_map(|relation| relation.partitions.clone()),
                );
                covered.insert(name);
            }
        }
        covered.extend(table.leaves.iter().cloned());
        covered.insert(name);
    }
    covered
}

/// Tables that could be replicated, but are neither planned nor excluded.
fn unplanned<'a>(input: &Input<'_>, publisher: &'a SideFacts) -> BTreeMap<&'a TableName, &'a RelationFacts> {
    let covered = covered(input, publisher);
    // an unlogged table may be an ordinary one by now
    let stays_out = input.plan.excluded.iter().filter(|e| left_out::because(&e.reason) != Because::Kind);
    let excluded: BTreeSet<TableName> = stays_out.map(|e| TableName::new(e.schema.clone(), e.name.clone())).collect();
    let left_out = |name: &TableName| excluded.contains(name) || input.plan.policy.exclusion(name).is_some();
    let mut found = BTreeMap::new();
    for (name, relation) in &publisher.relations {
        let a_table = matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned);
        let ours = name.schema == STATE_SCHEMA;
        if !a_table || relation.persistence != Persistence::Permanent || relation.extension.is_some() || ours {
            continue;
        }
        let above = publisher.ancestors(name);
        if !covered.contains(name)
            && !left_out(name)
            && !above.iter().any(|root| left_out(root) && !covered.contains(*root))
        {
            found.insert(name, relation);
        }
    }
    found
}

/// `PF605`: a table that was made after the sampling is in no publication: it would be empty after the cutover.
pub fn new_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let new = unplanned(input, publisher);
    let items = new.iter().filter(|(_, relation)| relation.partition_of.is_none()).map(|(name, relation)| {
        TableFinding::new(name, "the table is neither in the plan nor excluded: its rows would not arrive")
            .detail(format!(
                "It has {}, and was made or became eligible after the workload was sampled.",
                Bytes(relation.bytes as f64)
            ))
            .hint(AGAIN)
    });
    let items = items.collect();
    input.tables(code::PF605, Subject::Publisher, "a table is neither in the plan nor excluded", items)
}

/// `PF606`: partitions that are published one by one: a new one is in no publication.
pub fn new_partitions(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let new = unplanned(input, publisher);
    let mut items = Vec::new();
    for (name, relation) in &new {
        let Some(parent) = &relation.partition_of else { continue };
        let under_new_root = publisher.ancestors(name).last().is_some_and(|root| new.contains_key(*root));
        if under_new_root || relation.kind == RelationKind::Partitioned {
            continue;
        }
        items.push(
            TableFinding::new(
                name,
                format!("the partition of {parent} is in no publication: its rows would not arrive"),
            )
            .hint("In the folder of the scripts: sh run.sh partitions. It makes it on the subscriber, publishes it beside the newest partition and copies it."),
        );
    }
    input.tables(code::PF606, Subject::Publisher, "a new partition is in no publication", items)
}

/// `PF607`: a table has become partitioned, or the other way round, or a part of another one.
pub fn kinds(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned: BTreeSet<TableName> = input.plan.members().map(|(_, table)| table.table_name()).collect();
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let name = table.table_name();
        if let Some(root) = publisher.ancestors(&name).into_iter().find(|root| planned.contains(*root)) {
            items.push(
                TableFinding::new(
                    &name,
                    format!("it is a partition of {root} now, which is planned too: its rows would arrive twice"),
                )
                .hint("Sample and plan again."),
            );
        }
        let Some(relation) = publisher.relations.get(&name).filter(|relation| !relation.kind.is(table.kind)) else {
            continue;
        };
        items.push(
            TableFinding::new(
                &name,
                format!("it is {} now, and was something else when it was sampled", relation.kind.in_words()),
            )
            .hint("Sample and plan again."),
        );
    }
    input.tables(code::PF607, Subject::Publisher, "a planned table has become something else", items)
}

/// `PF608`: rows are identified by other columns than the plan thinks.
pub fn identities(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (_, table) in input.plan.members().filter(|(_, table)| !table.set_identity && !table.insert_only) {
        let name = table.table_name();
        let Some(relation) = publisher.relations.get(&name) else { continue };
        let in_words = |full: bool, columns: BTreeSet<&str>| match (full, columns.is_empty()) {
            (true, _) => "the whole row".to_owned(),
            (false, true) => "nothing".to_owned(),
            (false, false) => super::target::column_list(columns),
        };
        let live: BTreeSet<&str> =
            relation.identity_key().into_iter().flat_map(|key| key.columns.iter().map(String::as_str)).collect();
        let planned: BTreeSet<&str> = table.identity_columns.iter().map(String::as_str).collect();
        let (live_full, planned_full) =
            (relation.identity == ReplicaIdentity::Full, table.identity == ReplicaIdentity::Full);
        // shards keep their columns by FULL where keys change: `PF205` asks for it
        let same = if live_full || planned_full {
            live_full == planned_full || live_full && table.row_filter.is_some()
        } else {
            live == planned
        };
        if !same {
            items.push(
                TableFinding::new(
                    &name,
                    format!(
                        "rows are identified by {} now, by {} in the plan",
                        in_words(live_full, live),
                        in_words(planned_full, planned)
                    ),
                )
                .hint("Sample and plan again; the subscriber's key must follow."),
            );
        }
    }
    input.tables(code::PF608, Subject::Publisher, "a replica identity has changed", items)
}

/// `PF609`: a foreign key that joins two slots is unknown to the plan, and the schema brings it to the subscriber; or it is not
/// what the plan would restore.
pub fn foreign_keys(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let known: BTreeMap<(&TableName, &str), &ForeignKey> = input
        .plan
        .foreign_keys
        .iter()
        .map(|PlannedForeignKey { key, .. }| ((&key.from, key.name.as_str()), key))
        .collect();
    let mut slots: BTreeMap<TableName, BTreeSet<usize>> = BTreeMap::new();
    for (number, slot) in input.plan.slots.iter().enumerate() {
        for table in &slot.tables {
            let root = table.partition_root.clone();
            for name in std::iter::once(table.table_name()).chain(table.leaves.iter().cloned()).chain(root) {
                slots.entry(name).or_default().insert(number);
            }
        }
    }
    let mut items = Vec::new();
    for key in &publisher.foreign_keys {
        let planned = known.get(&(&key.from, key.name.as_str()));
        if key.from == key.to || planned.is_some_and(|planned| is_same(planned, key)) {
            continue;
        }
        let Some(referenced) = slots.get(&key.to) else { continue };
        if slots.get(&key.from) == Some(referenced) {
            continue;
        }
        let (what, detail) = match planned {
            Some(planned) => (
                "is not as it was planned",
                format!(
                    "On the publisher: {}; in the plan: {}.",
                    key.to_definition().unwrap_or_default(),
                    planned.to_definition().unwrap_or_else(|| format!("to {}", planned.to))
                ),
            ),
            None => (
                "is new and joins two slots",
                "The scripts neither drop nor restore it on the subscriber; there a replicated TRUNCATE of the referenced table would stop its slot.".to_owned(),
            ),
        };
        items.push(
            TableFinding::new(&key.from, format!("foreign key {} to {} {what}", quote_identifier(&key.name), key.to))
                .detail(detail)
                .hint("Sample and plan again."),
        );
    }
    input.tables(code::PF609, Subject::Publisher, "a foreign key between two slots is new or has changed", items)
}

/// Whether a key is still what the plan has, as far as the plan knows it.
fn is_same(planned: &ForeignKey, live: &ForeignKey) -> bool {
    if planned.is_known() { planned == live } else { planned.to == live.to }
}

/// Growth that is worth a word: half as much again, and more than this.
const GROWTH_BYTES: f64 = 1e9;

/// `PF610`: the copy takes longer than planned.
pub fn growth(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned: f64 = input.plan.slots.iter().map(|slot| slot.copy_bytes as f64).sum();
    let mut counted: BTreeMap<&TableName, u64> = BTreeMap::new();
    for (_, table) in input.plan.members() {
        counted
            .extend(publisher.leaves(&table.table_name()).into_iter().map(|(name, relation)| (name, relation.bytes)));
    }
    let live: f64 = counted.values().map(|bytes| *bytes as f64).sum();
    if live < planned * 1.5 || live - planned < GROWTH_BYTES {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF610,
            Subject::Publisher,
            format!("the planned tables have grown from {} to {}", Bytes(planned), Bytes(live)),
        )
        .detail("Slots may carry other loads than planned, and the copy retains more WAL.")
        .hint("Sample and plan again."),
    ]
}
