//! The way from the plan that runs to this one, as data.

use std::fmt::Write as _;

use super::{Relation, text};
use crate::{
    emit::{
        Context,
        ddl::Member,
        transition::{Change, Kind, Place, Transition},
    },
    names::{SlotName, quote_psql, quote_shell},
};

fn or_null(value: Option<&str>) -> String {
    value.map_or_else(|| "\\N".to_owned(), text)
}

/// `plan/transition.sql`: what changes, and what the plan that runs has.
pub(super) fn sql(context: &Context<'_>, transition: &Transition<'_>) -> String {
    let old = transition.old;
    let slot = |place: Option<Place<'_>>| or_null(place.map(|place| place.slot.name.as_str()));
    let subscription = |place: Option<Place<'_>>| or_null(place.map(|place| place.slot.subscription.as_str()));
    let publication = |place: Option<Place<'_>>| or_null(place.map(|place| place.publication));
    let relation = |name, what, columns, rows| Relation { name, what, columns, rows };
    let changes = relation(
        "transition_change",
        "Tables that leave, move or join; member: as ALTER PUBLICATION names it.",
        &[
            "batch integer",
            "kind text",
            "schema_name name",
            "table_name name",
            "member text",
            "from_slot name",
            "from_publication name",
            "to_slot name",
            "to_publication name",
        ],
        transition
            .changes
            .iter()
            .filter_map(|change| Some((change, change.table()?)))
            .map(|(change, table)| {
                vec![
                    change.batch.to_string(),
                    change.kind.as_str().to_owned(),
                    text(&table.schema),
                    text(&table.name),
                    text(&Member::of(table).map(|member| member.to_sql()).unwrap_or_default()),
                    slot(change.from),
                    publication(change.from),
                    slot(change.to),
                    publication(change.to),
                ]
            })
            .collect(),
    );
    let mut batches: Vec<Vec<String>> = transition
        .changes
        .iter()
        .map(|change| {
            vec![
                change.batch.to_string(),
                change.kind.as_str().to_owned(),
                slot(change.from),
                subscription(change.from),
                slot(change.to),
                subscription(change.to),
            ]
        })
        .collect();
    batches.dedup();
    let batches = relation(
        "transition_batch",
        "What changes together: the tables of one pair of slots.",
        &[
            "batch integer",
            "kind text",
            "from_slot name",
            "from_subscription name",
            "to_slot name",
            "to_subscription name",
        ],
        batches,
    );
    let relations = relation(
        "transition_relation",
        "The relations on the subscriber that these tables are.",
        &["batch integer", "schema_name name", "table_name name"],
        transition.changes.iter().flat_map(received).collect(),
    );
    let running_slots = Relation {
        name: "running_slot",
        what: "Slots of the plan that runs, and the subscription of each.",
        ..super::slots(old)
    };
    let running_publications = relation(
        "running_publication",
        "Its publications.",
        &["publication_name name", "slot_name name"],
        old.publications.iter().map(|p| vec![text(p.name), text(p.slot.name.as_str())]).collect(),
    );
    let members = old.publications.iter().flat_map(|p| p.tables.iter().map(move |table| (p, table)));
    let running_tables = relation(
        "running_table",
        "Their members.",
        &["publication_name name", "schema_name name", "table_name name"],
        members.map(|(p, table)| vec![text(p.name), text(&table.schema), text(&table.name)]).collect(),
    );
    let received =
        old.plan.members().flat_map(|(slot, table)| slot.received(table).into_iter().map(move |name| (slot, name)));
    let running_relations = relation(
        "running_relation",
        "The relations that its subscriptions write into.",
        &["subscription_name name", "schema_name name", "table_name name"],
        received.map(|(slot, name)| vec![text(&slot.subscription), text(&name.schema), text(&name.name)]).collect(),
    );
    let new_slots = relation(
        "new_slot",
        "Slots that this plan adds, numbered anew.",
        &["number integer", "slot_name name"],
        transition
            .new_slots
            .iter()
            .enumerate()
            .map(|(number, slot)| vec![number.to_string(), text(slot.name.as_str())])
            .collect(),
    );
    let mut sql = "-- The way from the plan that runs to this one. Loaded by lib/transition.sql.\n".to_owned();
    let no_slot = SlotName::squeeze(&format!("{}_no_such_slot", context.plan.policy.prefix), &mut Default::default());
    for (name, value) in [("running_plan", old.plan.plan_sha256.to_string()), ("no_slot", no_slot.to_string())] {
        let _ = writeln!(sql, "\\set {name} {}", quote_psql(&value));
    }
    for relation in
        [changes, batches, relations, running_slots, running_publications, running_tables, running_relations, new_slots]
    {
        relation.write(&mut sql);
    }
    sql
}

/// What a change is on the subscriber: the relations of its new place, of the old one when it leaves.
fn received(change: &Change<'_>) -> Vec<Vec<String>> {
    let known = match (change.kind, change.from) {
        (Kind::Add, Some(from)) => from.received(),
        _ => Vec::new(),
    };
    let place = change.to.or(change.from);
    let names = place.map(|place| place.received()).unwrap_or_default();
    let row = |name: crate::names::TableName| vec![change.batch.to_string(), text(&name.schema), text(&name.name)];
    names.into_iter().filter(|name| !known.contains(name)).map(row).collect()
}

/// `plan/transition.sh`: the pairs of slots in their order. Slot names need no quotes: `[a-z0-9_]`.
pub(super) fn shell(transition: &Transition<'_>) -> String {
    let mut text = "# The changes from the plan that runs to this one, in their order. Sourced.\n".to_owned();
    let mut numbers = Vec::new();
    for change in &transition.changes {
        if numbers.last() == Some(&change.batch) {
            continue;
        }
        numbers.push(change.batch);
        let name =
            |place: Option<Place<'_>>| place.map(|place| place.slot.name.as_str().to_owned()).unwrap_or_default();
        let (number, kind) = (change.batch, change.kind.as_str());
        let (from, to) = (quote_shell(&name(change.from)), quote_shell(&name(change.to)));
        let _ = writeln!(text, "kind_{number}={kind} from_{number}={from} to_{number}={to}");
    }
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let _ = writeln!(text, "batches='{}'", numbers.join(" "));
    text
}
