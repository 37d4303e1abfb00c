//! Standbys of both servers: what a failover costs, what it takes that it costs nothing.

use super::{Input, facts::SideFacts, listed};
use crate::{
    finding::{Finding, Subject, code},
    names::quote_literal,
    server::Flavor,
};

/// A standby of the publisher that was asked itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standby {
    /// Where it was reached.
    pub host: String,
    /// What it told, or why it told nothing.
    pub told: Result<StandbyFacts, String>,
}

/// What a standby needs to keep copies of slots, and the copies that it has. PostgreSQL's documentation, "Replication Slot
/// Synchronization".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StandbyFacts {
    /// `sync_replication_slots`.
    pub synchronizes: bool,
    /// `hot_standby_feedback`: without it the publisher removes rows of catalogs that a slot still needs.
    pub sends_feedback: bool,
    /// `primary_slot_name`; empty where it has none.
    pub slot_name: String,
    /// `primary_conninfo` names a database, which the worker for slots needs; absent where the role may not see it.
    pub names_database: Option<bool>,
    /// Copies of the primary's slots that could be used after a failover now.
    pub usable: Vec<String>,
    /// Slots that are no copies. A standby that was the primary before a switchover still has those of that time, and with one of the same
    /// name there the worker that would make the copies ends at once ("same name slot already exists on the standby").
    pub own: Vec<String>,
}

fn standbys_of(facts: &SideFacts) -> usize {
    facts.walsenders.iter().filter(|sender| sender.physical).count()
}

/// `PF120`: a standby has none of these slots, so that a failover ends the migration.
pub(super) fn failover(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let flavor = publisher.server.flavor;
    let standbys = standbys_of(publisher);
    if standbys == 0
        || flavor.keeps_slots_at_failover()
        || flavor == Flavor::Patroni
        || input.circumstances.failover_slots
    {
        return Vec::new();
    }
    let can = input.plan.publisher_version.has_failover_slots() && input.plan.subscriber_version.has_failover_slots();
    vec![
        Finding::new(
            code::PF120,
            Subject::Publisher,
            format!("the publisher has standbys ({standbys}), which do not have the plan's slots"),
        )
        .detail("After a failover the slots are gone: the subscriptions and their copies start over.")
        .hint(if can {
            "Emit and check with --failover-slots; or do not switch over on purpose while the migration runs."
        } else {
            "Do not switch over on purpose while the migration runs; extension pg_failover_slots carries slots over, and so do failover \
             slots where both servers are of version 17 or later."
        }),
    ]
}

/// `PF133`: Patroni drops logical slots that its configuration does not name when Postgres restarts or changes its role, and gives
/// standbys copies of those that it does name (patroni#2539, #3237; tried with Patroni 4.1). Failover slots it leaves alone.
pub(super) fn manager(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let is_publisher = subject == Subject::Publisher;
        if is_publisher && input.circumstances.failover_slots {
            return None;
        }
        let slots: Vec<String> = if is_publisher {
            input.plan.slots.iter().map(|slot| slot.name.to_string()).collect()
        } else {
            input.plan.mirrors().iter().map(|mirror| mirror.name.to_string()).collect()
        };
        let kept = facts.server.flavor.to_keep_slots(&facts.database, &slots)?;
        let (whose, step) = if is_publisher { ("slots", "slots") } else { ("slots of the way back", "reverse_slots") };
        Some(
            Finding::new(
                code::PF133,
                subject,
                format!("Patroni drops the {whose} at a role change or restart, unless its configuration names them"),
            )
            .detail(
                "It drops logical slots that it does not know, and a standby has none of them: after a switchover or failover their \
                 subscriptions begin anew (pgslotplan emit --repair slot=NAME). Slots that its configuration names are copied to the \
                 standbys. But it makes them by itself, too: before the step that makes them they would be at no common position, and \
                 after the clean-up they would come back and keep WAL.",
            )
            .hint(format!(
                "After the step \"{step}\": {kept} Before the clean-up, the same with null for each. Meanwhile no switchover before its log \
                 says that each \"is safe to be used after a failover\"."
            )),
        )
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF134`: what an apply worker has committed it confirms, whether a standby of the subscriber has it or not.
pub(super) fn subscriber_failover(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let standbys = standbys_of(subscriber);
    if standbys == 0 || subscriber.server.flavor.keeps_slots_at_failover() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF134,
            Subject::Subscriber,
            format!("the subscriber has standbys ({standbys}): a failover loses what they have not got yet"),
        )
        .detail(
            "A subscription confirms what is on the subscriber's own disk, and the publisher does not send it again; commits of apply \
             workers do not wait for standbys. A switchover on purpose loses nothing, since the old primary sends all before it ends.",
        )
        .hint(
            "After a failover: verify, and copy what differs again (pgslotplan emit --repair rows) before the cutover. Or have them wait: \
             synchronous_standby_names on the subscriber, and ALTER SUBSCRIPTION … SET (synchronous_commit = on) for each; that slows them.",
        ),
    ]
}

/// `PF135`: a standby that keeps no copies of slots.
pub(super) fn unprepared_standbys(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| input.circumstances.failover_slots) else { return Vec::new() };
    let flavor = publisher.server.flavor;
    let mut findings = Vec::new();
    for (host, facts) in told(input) {
        let mut lacking = Vec::new();
        let mut hints = Vec::new();
        for (name, is_on) in
            [("sync_replication_slots", facts.synchronizes), ("hot_standby_feedback", facts.sends_feedback)]
        {
            if !is_on {
                lacking.push(format!("{name} is off"));
                hints.push(flavor.to_set(name, "on"));
            }
        }
        if facts.slot_name.is_empty() {
            lacking.push("primary_slot_name is empty".to_owned());
            hints.push("Give it a physical slot on the primary, and set primary_slot_name.".to_owned());
        }
        if facts.names_database == Some(false) {
            lacking.push("primary_conninfo names no database".to_owned());
            hints.push("Add dbname=postgres to primary_conninfo.".to_owned());
        }
        if !lacking.is_empty() {
            findings.push(
                Finding::new(
                    code::PF135,
                    Subject::Publisher,
                    format!("standby {host} keeps no copies of slots: {}", lacking.join(", ")),
                )
                .hint(hints.join(" ")),
            );
        }
    }
    findings
}

/// `PF136`: standbys that nobody asked, and that subscriptions would not find.
pub(super) fn unknown_standbys(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| input.circumstances.failover_slots) else { return Vec::new() };
    let streaming = standbys_of(publisher);
    let mut reasons: Vec<String> = Vec::new();
    if streaming == 0 {
        reasons.push("no standby streams from the publisher".to_owned());
    }
    let told = told(input).count();
    if told < streaming {
        reasons.push(format!(
            "{streaming} standbys stream from the publisher, and the connection string leads to {told} of them"
        ));
    }
    for standby in &input.circumstances.standbys {
        if let Err(reason) = &standby.told {
            reasons.push(format!("{}: {reason}", standby.host));
        }
    }
    let unseen = self::told(input).filter(|(_, facts)| facts.names_database.is_none()).map(|(host, _)| {
        Finding::new(
            code::PF136,
            Subject::Publisher,
            format!("{host}: whether primary_conninfo names a database is not shown to this role"),
        )
        .detail("Without a database there no copies of slots are made.")
        .hint("GRANT pg_read_all_settings to the role, on the primary.")
    });
    reasons
        .into_iter()
        .map(|reason| {
            Finding::new(code::PF136, Subject::Publisher, reason)
                .detail("After a failover a subscription finds the new primary only if its connection string names every node.")
                .hint("Name every node in --publisher and in publisher_dsn: host=n1,n2,n3 target_session_attrs=read-write.")
        })
        .chain(unseen)
        .collect()
}

/// `PF137`: subscribers may get ahead of a standby that becomes the primary, and have rows then that it never had.
pub(super) fn subscribers_ahead(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| input.circumstances.failover_slots) else { return Vec::new() };
    let names = publisher.session_settings.get("synchronized_standby_slots").map_or("", String::as_str);
    let waited: Vec<&str> =
        names.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty()).collect();
    let slots =
        publisher.walsenders.iter().filter(|sender| sender.physical).filter_map(|sender| sender.slot_name.as_deref());
    let missing: Vec<&str> = slots.filter(|slot| !waited.contains(slot)).collect();
    let absent: Vec<&str> =
        waited.iter().copied().filter(|name| !publisher.slots.iter().any(|slot| slot.name == *name)).collect();
    let mut findings = Vec::new();
    if !missing.is_empty() {
        findings.push(
            Finding::new(
                code::PF137,
                Subject::Publisher,
                format!("subscribers do not wait for the standbys with the slots {}", listed(&missing, 10)),
            )
            .detail(
                "What a subscriber has and a standby has not yet stays on the subscriber alone when that standby becomes the primary. Worse: the \
                 new primary writes other things at the same positions, and its slot skips what the subscriber says it has. A switchover on \
                 purpose is safe without it.",
            )
            .hint(format!(
                "synchronized_standby_slots = {} on this node, and on each other node the slots of its own standbys. A standby that is down \
                 then holds the subscribers back, too.",
                quote_literal(&missing.join(", "))
            )),
        );
    }
    if !absent.is_empty() {
        findings.push(
            Finding::new(
                code::PF137,
                Subject::Publisher,
                format!("synchronized_standby_slots names slots that are not there: {}", listed(&absent, 10)),
            )
            .detail("Subscribers wait for them forever.")
            .hint("Name the slots of this node's own standbys, in its own configuration: each node has others."),
        );
    }
    findings
}

/// `PF138`: a slot that would not outlive a failover, although it was to.
pub(super) fn slots_not_carried(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher().filter(|_| input.circumstances.failover_slots) else { return Vec::new() };
    let here: Vec<(&str, bool)> = input
        .plan
        .slots
        .iter()
        .filter_map(|planned| publisher.slots.iter().find(|slot| slot.name == planned.name.as_str()))
        .map(|slot| (slot.name.as_str(), slot.failover))
        .collect();
    let mut findings = Vec::new();
    let unmarked: Vec<&str> = here.iter().filter(|(_, marked)| !marked).map(|(name, _)| *name).collect();
    if !unmarked.is_empty() {
        findings.push(
            Finding::new(code::PF138, Subject::Publisher, format!("slots are not marked for standbys: {}", listed(&unmarked, 10)))
                .detail("The step \"subscriptions\" of files that were emitted with --failover-slots marks them.")
                .hint("For each: ALTER SUBSCRIPTION … DISABLE; ALTER SUBSCRIPTION … SET (failover = true); ALTER SUBSCRIPTION … ENABLE."),
        );
    }
    let marked: Vec<&str> = here.iter().filter(|(_, marked)| *marked).map(|(name, _)| *name).collect();
    for (host, facts) in told(input) {
        let (left, missing): (Vec<&str>, Vec<&str>) = marked
            .iter()
            .copied()
            .filter(|name| !facts.usable.iter().any(|usable| usable == name))
            .partition(|name| facts.own.iter().any(|own| own == name));
        if !left.is_empty() {
            let names: Vec<String> = left.iter().map(|name| quote_literal(name)).collect();
            findings.push(
                Finding::new(
                    code::PF138,
                    Subject::Publisher,
                    format!("standby {host} still has slots of its own time as the primary: {}", listed(&left, 10)),
                )
                .detail("It makes no copy of any slot while they are there, they stand where they stood at the switchover, and they keep WAL on it.")
                .hint(format!(
                    "There, on the standby: SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name IN ({}) \
                     AND NOT synced AND pg_is_in_recovery();",
                    names.join(", ")
                )),
            );
        }
        if !missing.is_empty() {
            findings.push(
                Finding::new(
                    code::PF138,
                    Subject::Publisher,
                    format!("standby {host} has no copy yet that could be used after a failover: {}", listed(&missing, 10)),
                )
                .detail("A copy becomes usable when the slot on the primary has moved past where the standby began with it; until then it is temporary.")
                .hint("Wait until the subscriptions have moved on, and check again; no switchover before that."),
            );
        }
    }
    findings
}

fn told<'a>(input: &'a Input<'_>) -> impl Iterator<Item = (&'a str, &'a StandbyFacts)> {
    input.circumstances.standbys.iter().filter_map(|standby| Some((standby.host.as_str(), standby.told.as_ref().ok()?)))
}
