//! From a plan that runs to another one, on live slots: what changes for each table, and what cannot be changed live.
//!
//! Pure. A table moves between slots in one transaction of the publisher that holds it locked, so that the one slot sends
//! everything before that point and the other everything after it (a publication is read as it was at each change). What is
//! done already is seen on the servers, so that each way can be stopped, run again, and gone back with the plans exchanged.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{Context, EmitError, published::Published, runbook::code};
use crate::{
    names::{TableName, one_line},
    plan::{PlannedSlot, PlannedTable},
    workload::TableKind,
};

/// What happens to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It leaves its publication, or is gone.
    Remove,
    /// Another slot carries it on.
    Move,
    /// It is published and copied.
    Add,
}

impl Kind {
    /// The word of the data.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Remove => "remove",
            Kind::Move => "move",
            Kind::Add => "add",
        }
    }
}

/// Where a table is published.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The slot.
    pub slot: &'a PlannedSlot,
    /// The publication.
    pub publication: &'a str,
    /// The table as a member of it.
    pub table: &'a PlannedTable,
}

impl Place<'_> {
    /// The relations that its subscription writes into.
    pub fn received(&self) -> Vec<TableName> {
        self.slot.received(self.table)
    }
}

/// One table that changes its place.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// What happens.
    pub kind: Kind,
    /// Changes of one number are made together: those between the same two slots.
    pub batch: usize,
    /// Where it is published in the plan that runs.
    pub from: Option<Place<'a>>,
    /// Where it is published in the new plan.
    pub to: Option<Place<'a>>,
}

impl<'a> Change<'a> {
    /// The table.
    pub fn table(&self) -> Option<&'a PlannedTable> {
        self.to.or(self.from).map(|place| place.table)
    }

    fn slots(&self) -> (Kind, Option<&'a str>, Option<&'a str>) {
        let name = |place: Option<Place<'a>>| place.map(|place| place.slot.name.as_str());
        (self.kind, name(self.from), name(self.to))
    }
}

/// The way from one plan to another.
pub(super) struct Transition<'a> {
    /// The plan that runs.
    pub old: &'a Context<'a>,
    /// Changes of tables by batch: removed ones, moved ones, added ones.
    pub changes: Vec<Change<'a>>,
    /// Slots of the new plan that do not exist yet, in its order.
    pub new_slots: Vec<&'a PlannedSlot>,
    /// Slots that the new plan does without.
    gone: BTreeSet<&'a str>,
}

impl<'a> Transition<'a> {
    /// What has to change.
    ///
    /// # Errors
    /// [`EmitError::Transition`]: all that cannot be done live, each with the way round.
    pub fn between(old: &'a Context<'a>, new: &'a Context<'a>) -> Result<Self, EmitError> {
        let mut refused = servers(old, new);
        refused.extend(publications(old, new));
        let (before, after) = (places(old), places(new));
        let mut changes = Vec::new();
        let names: BTreeSet<&TableName> = before.keys().chain(after.keys()).collect();
        let empty = Vec::new();
        for name in names {
            let [from, to] = [&before, &after].map(|places| places.get(name).unwrap_or(&empty).as_slice());
            match change(from, to) {
                Ok(change) => changes.extend(change),
                Err(reason) => refused.push(format!("table {name} {reason}")),
            }
        }
        refused.extend(trees(&before, &after));
        if !refused.is_empty() {
            return Err(EmitError::Transition(refused));
        }
        changes.sort_by_key(Change::slots);
        let mut batch = 0;
        for at in 0..changes.len() {
            if at == 0 || changes[at].slots() != changes[at - 1].slots() {
                batch += 1;
            }
            changes[at].batch = batch;
        }
        let running: BTreeSet<&str> = old.plan.slots.iter().map(|slot| slot.name.as_str()).collect();
        let new_slots = new.plan.slots.iter().filter(|slot| !running.contains(slot.name.as_str())).collect();
        let planned: BTreeSet<&str> = new.plan.slots.iter().map(|slot| slot.name.as_str()).collect();
        let gone = running.difference(&planned).copied().collect();
        Ok(Transition { old, changes, new_slots, gone })
    }

    /// What changes, for the runbook.
    pub fn section(&self) -> String {
        let mut text = format!(
            "\n## What changes\n\nPlan {} runs, and becomes this one on live slots, while the application writes. Every step can be \
             stopped and run again; what is done already is seen on the servers. To go back from wherever it got, emit the plan that runs \
             with `--running` and this plan. From {{TransitionAdopt}} on the files of the plan that runs refuse, and those of this folder \
             go on: verification, cutover, ways back.\n\n",
            code(&self.old.plan.plan_sha256)
        )
        .replace("{TransitionAdopt}", "`transition_adopt`");
        for slot in &self.new_slots {
            let _ = writeln!(text, "- Slot {} is new.", code(slot.name.as_str()));
        }
        for slot in self.old.plan.slots.iter().filter(|slot| self.gone.contains(slot.name.as_str())) {
            let _ = writeln!(text, "- Slot {} goes, once its tables have left it.", code(slot.name.as_str()));
        }
        for change in &self.changes {
            let Some(table) = change.table() else { continue };
            let table = code(&table.table_name().to_sql());
            let name = |place: Option<Place<'_>>| place.map(|place| code(place.slot.name.as_str())).unwrap_or_default();
            let _ = match change.kind {
                Kind::Remove => writeln!(
                    text,
                    "- {table} leaves {}. Its rows stay on the subscriber: drop it there if it is gone.",
                    name(change.from)
                ),
                Kind::Move => writeln!(text, "- {table} moves from {} to {}.", name(change.from), name(change.to)),
                Kind::Add => writeln!(text, "- {table} joins {}, and is copied.", name(change.to)),
            };
        }
        if self.changes.is_empty() {
            text.push_str("- No table changes its slot.\n");
        }
        text
    }
}

/// Both plans must be of the same migration.
fn servers(old: &Context<'_>, new: &Context<'_>) -> Vec<String> {
    let mut refused = Vec::new();
    let (old, new) = (old.plan, new.plan);
    let mut same = |what: &str, one: String, other: String| {
        if one != other {
            refused.push(format!("{what} is {one} in the plan that runs, {other} in the new one"));
        }
    };
    same("database", one_line(&old.database), one_line(&new.database));
    same("prefix", old.policy.prefix.to_string(), new.policy.prefix.to_string());
    same(
        "publisher's major version",
        old.publisher_version.major().to_string(),
        new.publisher_version.major().to_string(),
    );
    same(
        "subscriber's major version",
        old.subscriber_version.major().to_string(),
        new.subscriber_version.major().to_string(),
    );
    let identifier = |plan: &crate::plan::Plan| plan.server.system_identifier.map(String::from).unwrap_or_default();
    same("publisher's system identifier", identifier(old), identifier(new));
    if old.plan_sha256 == new.plan_sha256 {
        refused.push("both plans are the same".to_owned());
    }
    refused
}

/// A publication that stays keeps its options, and a subscription its slot and publications.
fn publications(old: &Context<'_>, new: &Context<'_>) -> Vec<String> {
    let mut refused = Vec::new();
    let running: BTreeMap<&str, &Published<'_>> = old.publications.iter().map(|p| (p.name, p)).collect();
    for published in &new.publications {
        let Some(before) = running.get(published.name) else { continue };
        let name = one_line(published.name);
        if before.slot.name != published.slot.name {
            refused
                .push(format!("publication \"{name}\" would change its slot: plan with --previous, which keeps names"));
        } else if before.publishes != published.publishes || before.slot.via_root != published.slot.via_root {
            refused.push(format!(
                "publication \"{name}\" would publish other operations, or partitions otherwise: give its tables a new slot"
            ));
        }
    }
    let slots: BTreeMap<&str, &PlannedSlot> = old.plan.slots.iter().map(|slot| (slot.name.as_str(), slot)).collect();
    for slot in &new.plan.slots {
        let Some(before) = slots.get(slot.name.as_str()) else { continue };
        let name = &slot.name;
        if before.subscription != slot.subscription {
            refused.push(format!(
                "slot \"{name}\" would change its subscription: plan with --previous, which keeps names"
            ));
        } else if old.publication_names(before) != new.publication_names(slot) {
            refused.push(format!(
                "slot \"{name}\" would get or lose a second publication, for tables of which only INSERT is published: give \
                 such tables a slot of their own"
            ));
        }
    }
    refused
}

/// Where each table is published: once, or in several shards.
fn places<'a>(context: &'a Context<'a>) -> BTreeMap<TableName, Vec<Place<'a>>> {
    let mut places: BTreeMap<TableName, Vec<Place<'a>>> = BTreeMap::new();
    for published in &context.publications {
        for table in &published.tables {
            let place = Place { slot: published.slot, publication: published.name, table };
            places.entry(table.table_name()).or_default().push(place);
        }
    }
    places
}

/// What changes for one table, if anything, or why it cannot.
fn change<'a>(from: &[Place<'a>], to: &[Place<'a>]) -> Result<Option<Change<'a>>, String> {
    let shards = |places: &[Place<'a>]| -> BTreeSet<(String, Option<String>)> {
        places.iter().map(|place| (place.publication.to_owned(), place.table.row_filter.clone())).collect()
    };
    let is_split = |places: &[Place<'a>]| places.iter().any(|place| place.table.row_filter.is_some());
    if is_split(from) || is_split(to) {
        return if shards(from) == shards(to) {
            Ok(None)
        } else {
            Err("is split by row filters, and the shards differ: keep them, or begin again with the new plan"
                .to_owned())
        };
    }
    let change = |kind, from, to| Ok(Some(Change { kind, batch: 0, from, to }));
    match (from.first().copied(), to.first().copied()) {
        (None, None) => Ok(None),
        (None, to) => change(Kind::Add, None, to),
        (from, None) => change(Kind::Remove, from, None),
        (Some(from), Some(to)) => {
            if from.table.kind != to.table.kind {
                Err("is partitioned in one of the plans only: exclude it from one plan, and add it with the next"
                    .to_owned())
            } else if from.table.only != to.table.only {
                Err("is published with its children in one of the plans only: repair it after the change".to_owned())
            } else if from.table.insert_only != to.table.insert_only {
                Err("is published without UPDATE and DELETE in one of the plans only: rows may differ already; keep it as it is, \
                     or remove it with one plan and add it with the next"
                    .to_owned())
            } else if from.publication == to.publication {
                let old: BTreeSet<TableName> = from.received().into_iter().collect();
                // leaves that are new behind a root that the subscriber receives leaf by leaf
                let grew = to.received().into_iter().any(|name| !old.contains(&name));
                if grew { change(Kind::Add, Some(from), Some(to)) } else { Ok(None) }
            } else if from.slot.via_root != to.slot.via_root && from.table.kind == TableKind::Partitioned {
                Err("would be received by root in one slot and leaf by leaf in the other: remove it with one plan, and add it \
                     with the next"
                    .to_owned())
            } else {
                change(Kind::Move, Some(from), Some(to))
            }
        }
    }
}

/// A tree is published by its root or partition by partition; between the two there is no common point.
fn trees(before: &BTreeMap<TableName, Vec<Place<'_>>>, after: &BTreeMap<TableName, Vec<Place<'_>>>) -> Vec<String> {
    let mut refused = BTreeSet::new();
    for (one, other) in [(before, after), (after, before)] {
        for place in one.values().flatten() {
            let Some(root) = &place.table.partition_root else { continue };
            if other.contains_key(root) {
                refused.insert(format!(
                    "table {root} is published by its root in one of the plans, and partition by partition in the other: keep it as \
                     it is, or remove it with one plan and add it with the next"
                ));
            }
        }
    }
    refused.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        emit::{
            EmitOptions, Kit,
            tests::{plan, slot, table},
        },
        plan::Plan,
    };

    fn of(slots: Vec<PlannedSlot>) -> Plan {
        let mut plan = plan(15, 16, slots);
        plan.plan_sha256 = plan.digest();
        plan
    }

    fn leaf(name: &str) -> PlannedTable {
        PlannedTable {
            partition_root: Some(TableName::new("s", "root")),
            kind: TableKind::Partition,
            ..table("s", name)
        }
    }

    /// What changes, as lines, or why nothing can.
    fn changes(old: &Plan, new: &Plan) -> Result<Vec<String>, Vec<String>> {
        let context = |plan| Context::new(plan, &EmitOptions::default()).unwrap();
        let (old, new) = (context(old), context(new));
        let transition = Transition::between(&old, &new).map_err(|error| match error {
            EmitError::Transition(reasons) => reasons,
            other => vec![other.to_string()],
        })?;
        let name = |place: Option<Place<'_>>| place.map_or_else(|| "-".to_owned(), |place| place.slot.name.to_string());
        let line = |change: &Change<'_>| {
            let table = &change.table().unwrap().name;
            format!("{} {} {table} {} {}", change.batch, change.kind.as_str(), name(change.from), name(change.to))
        };
        let mut lines: Vec<String> = transition.changes.iter().map(line).collect();
        lines.extend(transition.new_slots.iter().map(|slot| format!("new {}", slot.name)));
        lines.extend(transition.gone.iter().map(|slot| format!("gone {slot}")));
        Ok(lines)
    }

    #[test]
    fn tables_leave_move_and_join_pair_by_pair() {
        let t = |name: &str| table("s", name);
        let old = of(vec![
            slot("a", vec![t("1"), t("2"), t("3"), leaf("l1")]),
            slot("b", vec![t("4"), t("5")]),
            slot("c", vec![t("6")]),
        ]);
        let new = of(vec![
            slot("a", vec![t("1"), t("6"), leaf("l2")]),
            slot("b", vec![t("4"), t("2"), leaf("l1")]),
            slot("d", vec![t("3"), t("7")]),
        ]);
        let expected = [
            "1 remove 5 b -",
            "2 move 2 a b",
            "2 move l1 a b",
            "3 move 3 a d",
            "4 move 6 c a",
            "5 add l2 - a",
            "6 add 7 - d",
            "new d",
            "gone c",
        ];
        assert_eq!(changes(&old, &new).unwrap(), expected);
        // the way back is the same with the plans exchanged
        assert_eq!(changes(&new, &old).unwrap().len(), expected.len());
    }

    #[test]
    fn what_cannot_be_done_live_is_refused_by_name() {
        let t = |name: &str| table("s", name);
        let old = of(vec![slot("a", vec![t("1"), t("2")]), slot("b", vec![t("3")])]);
        let changed = |change: &dyn Fn(&mut Plan)| {
            let mut new = old.clone();
            change(&mut new);
            new.plan_sha256 = new.digest();
            changes(&old, &new).unwrap_err().join("\n")
        };
        type Case<'c> = (&'c dyn Fn(&mut Plan), &'c str);
        let cases: &[Case<'_>] = &[
            (&|_| {}, "both plans are the same"),
            (&|plan| plan.database = "other".into(), "database is"),
            (&|plan| plan.policy.prefix = "other".parse().unwrap(), "prefix is pgsp"),
            (&|plan| plan.slots[1].via_root = true, "publication \"b\" would publish other operations"),
            (&|plan| plan.slots[1].publish.truncate = false, "publication \"b\" would publish other operations"),
            (&|plan| plan.slots[1].subscription = "x".into(), "slot \"b\" would change its subscription"),
            (&|plan| plan.slots[1].tables[0].only = true, "table s.\"3\" is published with its children"),
            (
                &|plan| {
                    plan.slots[0].insert_only_publication = Some("i".into());
                    plan.slots[0].tables[1].insert_only = true;
                },
                "slot \"a\" would get or lose a second publication",
            ),
            (
                &|plan| {
                    plan.slots[0].publish.truncate = false;
                    plan.slots[0].tables[0].row_filter = Some("id > 0".into());
                },
                "is split by row filters, and the shards differ",
            ),
        ];
        for (change, reason) in cases {
            let said = changed(*change);
            assert!(said.contains(reason), "{reason}: {said}");
        }
        let by_leaf = of(vec![slot("a", vec![t("1"), leaf("l1")])]);
        let by_root = of(vec![slot("a", vec![t("1"), t("root")])]);
        let said = changes(&by_leaf, &by_root).unwrap_err().join("\n");
        assert!(said.contains("table s.root is published by its root in one of the plans"), "{said}");
    }

    #[test]
    fn the_kit_has_the_change_and_then_what_follows() {
        let t = |name: &str| table("s", name);
        let old = of(vec![slot("a", vec![t("1"), t("2")])]);
        let new = of(vec![slot("a", vec![t("1")]), slot("b", vec![t("2")])]);
        let kit = Kit::Transition(Box::new(old.clone()));
        let script = crate::emit::script(&new, &EmitOptions { kit, ..EmitOptions::default() }).unwrap();
        let ids: Vec<&str> = script.steps.iter().map(|step| step.id.as_str()).collect();
        let at =
            |id: &str| ids.iter().position(|found| *found == id).unwrap_or_else(|| panic!("{id} is missing: {ids:?}"));
        assert_eq!(at("transition_check"), 0);
        assert!(at("transition_changes") < at("transition_adopt") && at("transition_cleanup") < at("ready"));
        assert!(at("ready") < at("cutover") && !ids.contains(&"publications") && !ids.contains(&"slots"));
        assert_eq!(script.manifest().running, Some(old.plan_sha256.to_string()));
        assert!(script.runbook.contains("`s.\"2\"` moves from `a` to `b`"), "{}", script.runbook);
    }
}
