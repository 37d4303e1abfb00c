//! What else the publisher's database holds, and whether logical replication carries it (postgres manual §29.8).

use super::{
    Input, TableFinding, counted,
    facts::{Persistence, RelationFacts, RelationKind, SideFacts},
    listed,
};
use crate::{
    finding::{Finding, Subject, code},
    names::TableName,
};

/// `PF209`: unlogged, temporary and foreign tables cannot be members, not even as partitions of one.
pub fn publishable(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let mut open = vec![table.table_name()];
        while let Some(name) = open.pop() {
            let Some(relation) = publisher.relations.get(&name) else { continue };
            open.extend(relation.partitions.iter().cloned());
            let reason = match (relation.persistence, relation.kind) {
                (Persistence::Unlogged, _) => "it is unlogged",
                (Persistence::Temporary, _) => "it is temporary",
                (_, RelationKind::Foreign) => "it is a foreign table",
                _ => continue,
            };
            items.push(TableFinding::new(&name, format!("the table cannot be published: {reason}")).hint(
                match relation.persistence {
                    Persistence::Unlogged => {
                        format!("ALTER TABLE {} SET LOGGED; which rewrites it, or plan without it", name.to_sql())
                    }
                    _ => "Detach it, or plan without it.".to_owned(),
                },
            ));
        }
    }
    input.tables(code::PF209, Subject::Publisher, "a planned table cannot be published", items)
}

/// `PF210`: CREATE EXTENSION fills such a table on the subscriber too.
pub fn extension_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut items = Vec::new();
    for (_, table) in input.plan.members() {
        let name = table.table_name();
        let Some(extension) = publisher.relations.get(&name).and_then(|relation| relation.extension.as_ref()) else {
            continue;
        };
        items.push(
            TableFinding::new(
                &name,
                format!("the table belongs to extension \"{}\"", crate::names::one_line(extension)),
            )
            .detail("CREATE EXTENSION makes it on the subscriber, perhaps with rows, which the copy would duplicate.")
            .hint("Plan with --exclude for it, unless its rows are your own."),
        );
    }
    input.tables(code::PF210, Subject::Publisher, "a planned table belongs to an extension", items)
}

/// Relations of one kind that belong to the application.
fn of_kind(facts: &SideFacts, wanted: impl Fn(&RelationFacts) -> bool) -> Vec<&TableName> {
    let own = facts.relations.iter().filter(|(_, relation)| relation.extension.is_none() && wanted(relation));
    own.map(|(name, _)| name).collect()
}

/// `PF211`: unlogged tables write no WAL.
pub fn unlogged_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let found = of_kind(publisher, |r| r.persistence == Persistence::Unlogged && r.kind == RelationKind::Table);
    if found.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF211,
            Subject::Publisher,
            format!("{} not replicated: unlogged", counted(found.len(), "table")),
        )
        .detail(format!("{}.", listed(found, 20)))
        .hint("Copy them with pg_dump --table in the cutover, if their rows matter."),
    ]
}

/// `PF212`: foreign tables hold no rows of their own.
pub fn foreign_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let found = of_kind(publisher, |relation| relation.kind == RelationKind::Foreign);
    if found.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF212,
            Subject::Publisher,
            format!("{} not replicated", counted(found.len(), "foreign table")),
        )
        .detail(format!("{}.", listed(found, 20)))
        .hint("The subscriber needs the same foreign servers and user mappings, and a way to reach them."),
    ]
}

/// `PF213`: a materialised view is filled by REFRESH.
pub fn materialized_views(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let found = of_kind(publisher, |relation| relation.kind == RelationKind::MaterializedView);
    if found.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF213,
            Subject::Publisher,
            format!("{} not replicated", counted(found.len(), "materialised view")),
        )
        .detail(format!("{}.", listed(found, 20)))
        .hint("REFRESH MATERIALIZED VIEW on the subscriber after the drain: before, slots are not in step."),
    ]
}

/// `PF214`: large objects are never replicated.
pub fn large_objects(input: &Input<'_>) -> Vec<Finding> {
    let Some(count) = input.publisher().and_then(|publisher| publisher.large_objects).filter(|count| *count > 0) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF214,
            Subject::Publisher,
            format!("{} not replicated", counted(usize::try_from(count).unwrap_or(usize::MAX), "large object")),
        )
        .detail("No logical slot carries them, neither in the copy nor later.")
        .hint("Move them to a bytea column first, or copy them with pg_dump --large-objects once writes have stopped."),
    ]
}

/// `PF215`: values of sequences are set in the cutover.
pub fn sequences(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let count = of_kind(publisher, |relation| relation.kind == RelationKind::Sequence).len();
    if count == 0 {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF215,
            Subject::Publisher,
            format!("{} not replicated", counted(count, "sequence")),
        )
        .detail(
            "Identity columns have theirs too. Left alone, the first INSERT after the cutover takes a key that exists.",
        )
        .hint("Set them on the subscriber between the last write on the publisher and the first one there."),
    ]
}

/// `PF216`: another publication of all tables publishes those without identity as well.
pub fn identity_of_all_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned = |name: &str| input.plan.slots.iter().any(|slot| slot.publication == name);
    let found: Vec<String> = publisher
        .publications
        .iter()
        .filter(|publication| publication.all_tables && !planned(&publication.name))
        .map(|publication| crate::names::quote_identifier(&publication.name))
        .collect();
    if found.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF216,
            Subject::Publisher,
            format!("{} FOR ALL TABLES", counted(found.len(), "other publication")),
        )
        .detail(format!(
            "It does not disturb the plan's slots, but UPDATE and DELETE of any table without replica identity fail: {}.",
            listed(found, 10)
        )),
    ]
}
