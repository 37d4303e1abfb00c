//! What is there already: of an earlier run, of somebody else, of the server that a clone was taken from.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Input, counted,
    facts::{PublicationFacts, SideFacts, SlotFacts, SubscriptionFacts},
    listed,
};
use crate::{
    finding::{Finding, Subject, code},
    names::{TableName, one_line, quote_identifier, quote_literal},
    plan::{PlannedPublication, PlannedSlot},
    units::Bytes,
};

const OTHER_PREFIX: &str = "or plan again with another --prefix.";

fn planned_slot<'a>(input: &Input<'a>, name: &str) -> Option<&'a PlannedSlot> {
    input.plan.slots.iter().find(|slot| slot.name.as_str() == name)
}

fn existing<'a>(input: &Input<'a>) -> Vec<&'a SlotFacts> {
    let slots = input.publisher().map(|publisher| &publisher.slots);
    slots.into_iter().flatten().filter(|slot| planned_slot(input, &slot.name).is_some()).collect()
}

fn is_ours(input: &Input<'_>, slot: &SlotFacts) -> bool {
    let database = input.publisher().map(|publisher| publisher.database.as_str());
    slot.plugin.as_deref() == Some("pgoutput") && slot.database.as_deref() == database && !slot.temporary
}

/// `PF701`: a planned slot's name is taken.
pub fn planned_slots(input: &Input<'_>) -> Vec<Finding> {
    let taken = existing(input).into_iter().filter(|slot| !is_ours(input, slot));
    let here = input.publisher().map(|publisher| publisher.database.as_str());
    let finding = |slot: &SlotFacts| {
        let finding = |message: String| Finding::new(code::PF701, Subject::Slot(slot.name.clone()), message);
        match slot.database.as_deref().filter(|database| Some(*database) != here) {
            // slots are named once a server, and somebody's migration may depend on it
            Some(database) => {
                finding(format!("it exists, and belongs to database {}", one_line(&quote_identifier(database))))
                    .hint("Leave it alone: plan again with another --prefix.")
            }
            None => finding("it exists and is not a lasting slot of plugin pgoutput".into()).hint(format!(
                "SELECT pg_drop_replication_slot({}); if nothing uses it, {OTHER_PREFIX}",
                quote_literal(&slot.name)
            )),
        }
    };
    taken.map(finding).collect()
}

/// `PF702`: a lost slot cannot be repaired.
pub fn lost_slots(input: &Input<'_>) -> Vec<Finding> {
    let lost = existing(input).into_iter().filter(|slot| slot.lost);
    let finding = |slot: &SlotFacts| {
        Finding::new(code::PF702, Subject::Slot(slot.name.clone()), "the slot is lost: WAL that it needs is gone")
            .detail("Its subscription and its copy start over; the other slots go on.")
            .hint(format!("pgslotplan emit PLAN --repair slot={} -o DIR, and run what it writes.", slot.name))
    };
    lost.map(finding).collect()
}

/// `PF703`: an earlier run made it; running the scripts again goes on from there.
pub fn slots_of_an_earlier_run(input: &Input<'_>) -> Vec<Finding> {
    let found = existing(input).into_iter().filter(|slot| is_ours(input, slot) && !slot.lost);
    let finding = |slot: &SlotFacts| {
        let retained =
            slot.retained_bytes.map(|bytes| format!(", retains {}", Bytes(bytes as f64))).unwrap_or_default();
        let state = if slot.active { "in use" } else { "not in use" };
        Finding::new(
            code::PF703,
            Subject::Slot(slot.name.clone()),
            format!("the planned slot exists already: {state}{retained}"),
        )
        .hint("Running the scripts again goes on from there; the step publisher_cleanup drops it.")
    };
    found.map(finding).collect()
}

/// The plan's publications with their names.
fn planned_publications_of<'a>(input: &Input<'a>) -> Vec<(&'a str, PlannedPublication<'a>)> {
    let all = input.plan.slots.iter().flat_map(PlannedSlot::publications);
    all.filter_map(|planned| Some((planned.name?, planned))).collect()
}

/// How an existing publication differs from the plan.
fn difference(planned: &PlannedPublication<'_>, live: &PublicationFacts) -> Option<String> {
    if live.all_tables || live.schemas {
        return Some("it publishes all tables, or whole schemas".to_owned());
    }
    if planned.publishes.to_list() != live.publish || planned.slot.via_root != live.via_root {
        return Some("it has other options".to_owned());
    }
    let wanted: BTreeMap<TableName, (bool, bool)> =
        planned.tables.iter().map(|table| (table.table_name(), (table.row_filter.is_some(), false))).collect();
    let absent: Vec<&TableName> =
        wanted.iter().filter(|(name, how)| live.members.get(*name) != Some(how)).map(|(n, _)| n).collect();
    if !absent.is_empty() {
        return Some(format!("it lacks {}, or has them with another row filter or column list", listed(absent, 5)));
    }
    let more: Vec<&TableName> = live.members.keys().filter(|name| !wanted.contains_key(*name)).collect();
    (!more.is_empty()).then(|| format!("it also has {}", listed(more, 5)))
}

/// `PF704`: somebody else's publication, or an earlier run's of another plan.
pub fn planned_publications(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let database = Some(publisher.database.as_str());
    let logical = publisher.slots.iter().filter(|slot| slot.plugin.is_some() && slot.database.as_deref() == database);
    let users: Vec<&str> = logical.map(|slot| slot.name.as_str()).collect();
    let may_be_used = !users.is_empty();
    let mut findings = Vec::new();
    for (name, planned) in planned_publications_of(input) {
        let live = publisher.publications.iter().find(|live| live.name == name);
        let Some(difference) = live.and_then(|live| difference(&planned, live)) else { continue };
        findings.push(
            Finding::new(
                code::PF704,
                Subject::Slot(planned.slot.name.as_str().to_owned()),
                format!(
                    "publication {} exists and differs from the plan: {difference}",
                    one_line(&quote_identifier(name))
                ),
            )
            .hint(if may_be_used {
                format!(
                    "Plan again with another --prefix. Or end the plan that it belongs to by its clean-up files; a slot of this database \
                     may use it ({}), and would stop without it.",
                    listed(users.iter(), 5)
                )
            } else {
                format!("No slot of this database can use it: DROP PUBLICATION {}; {OTHER_PREFIX}", quote_identifier(name))
            }),
        );
    }
    findings
}

/// `PF705`: an earlier run made it.
pub fn publications_of_an_earlier_run(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned = planned_publications_of(input);
    let same = planned.iter().filter(|(name, planned)| {
        publisher.publications.iter().any(|live| live.name == *name && difference(planned, live).is_none())
    });
    let count = same.count();
    if count == 0 {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF705,
            Subject::Publisher,
            format!("{count} of {} exist already, as planned", counted(planned.len(), "planned publication")),
        )
        .hint("Running the scripts again goes on from there; the step publisher_cleanup drops them."),
    ]
}

pub(super) fn subscription_of<'a>(slot: &PlannedSlot, live: &'a [SubscriptionFacts]) -> Option<&'a SubscriptionFacts> {
    live.iter().find(|live| live.here && live.name == slot.subscription)
}

fn is_as_planned(slot: &PlannedSlot, live: &SubscriptionFacts) -> bool {
    let wanted: BTreeSet<&str> = slot.publications().iter().filter_map(|planned| planned.name).collect();
    let there: BTreeSet<&str> = live.publications.iter().map(String::as_str).collect();
    wanted == there && live.slot_name.as_deref() == Some(slot.name.as_str())
}

/// `PF706`: a subscription of a planned name that follows something else.
pub fn planned_subscriptions(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut findings = Vec::new();
    for slot in &input.plan.slots {
        let Some(live) = subscription_of(slot, &subscriber.subscriptions) else { continue };
        if is_as_planned(slot, live) {
            continue;
        }
        let name = quote_identifier(&slot.subscription);
        findings.push(
            Finding::new(
                code::PF706,
                Subject::Slot(slot.name.as_str().to_owned()),
                format!("subscription {} exists and follows another slot or other publications", one_line(&name)),
            )
            .hint(format!(
                "Plan again with another --prefix, or, if nothing needs it, on the subscriber: DROP SUBSCRIPTION {name}; which drops its slot too."
            )),
        );
    }
    findings
}

/// `PF707`: an earlier run made it.
pub fn subscriptions_of_an_earlier_run(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let count = input
        .plan
        .slots
        .iter()
        .filter(|slot| subscription_of(slot, &subscriber.subscriptions).is_some_and(|live| is_as_planned(slot, live)))
        .count();
    if count == 0 {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF707,
            Subject::Subscriber,
            format!("{count} of {} exist already, as planned", counted(input.plan.slots.len(), "planned subscription")),
        )
        .hint("Running the scripts again goes on from there; the step subscriber_cleanup drops them."),
    ]
}

/// Subscriptions of this database that the plan does not know.
fn others<'a>(input: &Input<'a>) -> Vec<&'a SubscriptionFacts> {
    let planned = |name: &str| input.plan.slots.iter().any(|slot| slot.subscription == name);
    let live = input.subscriber().map(|subscriber| &subscriber.subscriptions);
    live.into_iter().flatten().filter(|live| live.here && !planned(&live.name)).collect()
}

/// `PF708`: two subscriptions that write one table apply its changes twice.
pub fn competing_subscriptions(input: &Input<'_>) -> Vec<Finding> {
    let planned: BTreeSet<TableName> = input.plan.members().flat_map(|(slot, table)| slot.received(table)).collect();
    let mut findings = Vec::new();
    for live in others(input) {
        let shared: Vec<&TableName> = live.tables.iter().flatten().filter(|table| planned.contains(*table)).collect();
        if shared.is_empty() {
            continue;
        }
        let name = quote_identifier(&live.name);
        findings.push(
            Finding::new(
                code::PF708,
                Subject::Subscriber,
                format!("subscription {} writes {} too", one_line(&name), counted(shared.len(), "planned table")),
            )
            .detail(format!("Every change of them would be applied twice: {}.", listed(shared, 10)))
            .hint(format!("If nothing needs it, on the subscriber: DROP SUBSCRIPTION {name}; which drops its slot on the other server too.")),
        );
    }
    findings
}

/// `PF709`, `PF713`: a clone brings subscriptions, slots and publications along; its workers would take over the slots of
/// the server that was cloned.
pub fn cloned_subscriptions(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut findings = Vec::new();
    let identifier = |facts: &super::facts::SideFacts| facts.server.system_identifier;
    let same = input.both().is_some_and(|(publisher, subscriber)| {
        identifier(publisher).is_some() && identifier(publisher) == identifier(subscriber)
    });
    let inherited = others(input);
    if (input.circumstances.bootstrap.is_physical() || same) && !inherited.is_empty() {
        let names: Vec<String> = inherited.iter().map(|live| quote_identifier(&live.name)).collect();
        findings.push(
            Finding::new(
                code::PF709,
                Subject::Subscriber,
                format!("the clone holds {} of the server it was taken from", counted(inherited.len(), "subscription")),
            )
            .detail(format!("Their workers would take that server's slots away from it: {}.", listed(names, 10)))
            .hint("Start the clone with max_logical_replication_workers = 0, then for each: ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s;"),
        );
    }
    let slots = subscriber.slots.iter().filter(|slot| planned_slot(input, &slot.name).is_some()).count();
    let planned: BTreeSet<&str> = planned_publications_of(input).into_iter().map(|(name, _)| name).collect();
    let publications = subscriber.publications.iter().filter(|live| planned.contains(live.name.as_str())).count();
    if slots + publications > 0 {
        findings.push(
            Finding::new(
                code::PF713,
                Subject::Subscriber,
                format!("the subscriber holds {} and {} of the plan's names", counted(slots, "slot"), counted(publications, "publication")),
            )
            .detail("The scripts take such a server for the publisher and refuse. A storage clone brings them along.")
            .hint("SELECT pg_drop_replication_slot(...) and DROP PUBLICATION ... here, after a look whether this is the right server."),
        );
    }
    findings
}

/// `PF710`: table synchronization slots that nobody reads hold WAL until somebody drops them.
pub fn synchronization_slots(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let idle: Vec<&SlotFacts> =
        publisher.slots.iter().filter(|slot| slot.is_table_synchronization() && !slot.active).collect();
    if idle.is_empty() {
        return Vec::new();
    }
    let retained: u64 = idle.iter().filter_map(|slot| slot.retained_bytes).max().unwrap_or(0);
    let drops =
        listed(idle.iter().map(|slot| format!("SELECT pg_drop_replication_slot({});", quote_literal(&slot.name))), 5);
    vec![
        Finding::new(
            code::PF710,
            Subject::Publisher,
            format!("{} not in use, retaining up to {}", counted(idle.len(), "table synchronization slot"), Bytes(retained as f64)),
        )
        .detail("A copy that runs makes and drops such slots; these are left over from one that was stopped, or wait for a worker.")
        .hint(format!("If no copy runs: {drops}")),
    ]
}

/// `PF711`: another slot that nobody reads retains WAL for the whole cluster, and holds back VACUUM of the catalogs.
pub fn idle_slots(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let idle: Vec<&SlotFacts> = publisher
        .slots
        .iter()
        .filter(|slot| !slot.active && !slot.is_table_synchronization() && !slot.is_the_servers_own())
        .filter(|slot| planned_slot(input, &slot.name).is_none())
        .collect();
    if idle.is_empty() {
        return Vec::new();
    }
    let retained: u64 = idle.iter().filter_map(|slot| slot.retained_bytes).max().unwrap_or(0);
    vec![
        Finding::new(
            code::PF711,
            Subject::Publisher,
            format!("{} not in use, retaining up to {}", counted(idle.len(), "other slot"), Bytes(retained as f64)),
        )
        .detail(format!("{}.", listed(idle.iter().map(|slot| &slot.name), 10)))
        .hint("SELECT pg_drop_replication_slot('NAME'); for those that nothing needs."),
    ]
}

/// `PF712`: the subscriber carries out another plan under this prefix, or the publisher is still the subscriber of an earlier one.
pub fn other_plan(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let (prefix, digest) =
            facts.marks.iter().flatten().find(|(prefix, digest)| {
                **prefix == *input.plan.policy.prefix && **digest != *input.plan.plan_sha256
            })?;
        let (what, files) = match subject {
            Subject::Publisher => {
                ("this is the subscriber of an earlier plan", "reverse_end, subscriber_cleanup and publisher_cleanup")
            }
            _ => ("another plan is carried out here", "the clean-up files"),
        };
        let finding = Finding::new(code::PF712, subject, format!("{what} under prefix \"{}\"", one_line(prefix)))
            .detail(format!("Its digest is {}.", one_line(digest)))
            .hint(format!("Clean up first: run {files} of that plan, {OTHER_PREFIX}"));
        Some(finding)
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF718`: what others put into the schema of the scripts' notes could run with the scripts' rights.
pub fn foreign_state(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let reason = facts.foreign_state.as_ref()?;
        let finding = Finding::new(code::PF718, subject, "schema \"pgslotplan\" is not ours")
            .detail(format!("{}. The emitted files note in that schema what they did, and refuse it.", one_line(reason)))
            .hint(
                "Rename a schema of the application, or take back what the detail says. If another role runs the files: \
                 --state-owner ROLE.",
            );
        Some(finding)
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF714`: a slot that is older than its publication ends in an endless error (publisher up to 17), or skips changes without
/// one (18). Measured on 15 and 18.
pub fn older_slots(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let planned = planned_publications_of(input);
    let mut findings = Vec::new();
    for slot in existing(input).into_iter().filter(|slot| is_ours(input, slot)) {
        let of_slot = planned.iter().filter(|(_, planned)| planned.slot.name.as_str() == slot.name);
        let exists = |name: &str| publisher.publications.iter().any(|live| live.name == name);
        let absent: Vec<String> =
            of_slot.filter(|(name, _)| !exists(name)).map(|(name, _)| quote_identifier(name)).collect();
        if absent.is_empty() {
            continue;
        }
        findings.push(
            Finding::new(
                code::PF714,
                Subject::Slot(slot.name.clone()),
                format!("the slot exists, but its publication does not: {}", listed(absent, 5)),
            )
            .detail("A publication that is made later than its slot is not there at the slot's position: its subscription fails forever, or from 18 on skips changes.")
            .hint(format!("SELECT pg_drop_replication_slot({}); and begin with the publications.", quote_literal(&slot.name))),
        );
    }
    findings
}

/// `PF715`: changes of a table that a subscription does not list are discarded, without a word.
pub fn unlisted_tables(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let mut findings = Vec::new();
    for slot in &input.plan.slots {
        let Some(live) = subscription_of(slot, &subscriber.subscriptions) else { continue };
        let Some(tables) = live.tables.as_ref().filter(|_| is_as_planned(slot, live)) else { continue };
        let planned = slot.tables.iter().flat_map(|table| slot.received(table));
        let absent: Vec<TableName> = planned.filter(|name| !tables.contains(name)).collect();
        if absent.is_empty() {
            continue;
        }
        let name = quote_identifier(&slot.subscription);
        findings.push(
            Finding::new(
                code::PF715,
                Subject::Slot(slot.name.as_str().to_owned()),
                format!("subscription {} does not list {}", one_line(&name), counted(absent.len(), "planned table")),
            )
            .detail(format!("Changes that arrive for them are discarded without an error: {}.", listed(absent, 10)))
            .hint(match live.enabled {
                true => format!("On the subscriber, while these tables are empty there: ALTER SUBSCRIPTION {name} REFRESH PUBLICATION; copies them and goes on."),
                // a disabled one cannot be refreshed, and enabled it would skip changes
                false => format!("On the subscriber: DROP SUBSCRIPTION {name}; which drops its slot too; then begin again at the step that makes the slots."),
            }),
        );
    }
    findings
}

/// `PF716`: a slot that is ahead of the clone has skipped what the clone lacks; the server says so only in its log.
pub fn slots_ahead_of_the_clone(input: &Input<'_>) -> Vec<Finding> {
    let Some(clone) = input.circumstances.clone_lsn else { return Vec::new() };
    let ahead = existing(input)
        .into_iter()
        .filter_map(|slot| Some((slot, slot.confirmed_flush_lsn.filter(|lsn| *lsn > clone)?)));
    let finding = |(slot, confirmed): (&SlotFacts, crate::lsn::Lsn)| {
        Finding::new(
            code::PF716,
            Subject::Slot(slot.name.clone()),
            format!(
                "its confirmed_flush_lsn {confirmed} is ahead of the clone's {clone}: changes between them never arrive"
            ),
        )
        .hint("Make the slots first, then the clone, and take its LSN from the history file of its timeline.")
    };
    ahead.map(finding).collect()
}
