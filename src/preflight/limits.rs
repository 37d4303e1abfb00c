//! Settings that must be large enough for this plan. Formulas: postgres manual §29.11 and measurements on 15 and 18 (N
//! subscriptions with S table synchronization workers each use N + N*S slots, walsenders, origins and workers at the
//! peak). The needs are the ones that the emitted scripts test.

use super::{Input, counted, facts::SideFacts};
use crate::{
    finding::{Finding, Subject, code},
    names::{one_line, quote_identifier},
    plan::{
        Bootstrap, Plan,
        needs::{Needs, SPARE},
    },
    server::listed_names,
    units::Bytes,
};

/// Slots, walsenders, workers and origins that the plan has at once, and the slots or origins to spare.
fn workers(input: &Input<'_>) -> (i64, i64) {
    let needs = Needs::of(input.plan, input.circumstances.bootstrap);
    (needs.workers as i64, SPARE as i64)
}

fn is_planned_slot(plan: &Plan, name: &str) -> bool {
    plan.slots.iter().any(|slot| slot.name.as_str() == name)
}

fn is_planned_subscription(plan: &Plan, name: &str) -> bool {
    plan.slots.iter().any(|slot| slot.subscription == name)
}

/// The finding that a setting is too small, unless it is unknown.
fn too_small(have: Option<i64>, need: i64) -> Option<i64> {
    have.filter(|have| *have < need)
}

/// `PF101`: only with `logical` do WAL records carry what a logical slot decodes. 19 raises a `replica` by itself.
pub fn publisher_wal_level(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let level = publisher.server.settings.get("wal_level").map(String::as_str);
    let version = publisher.server.version_num;
    if level.is_none_or(|level| version.decodes_with(level)) {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF101,
            Subject::Publisher,
            format!("wal_level is {}, but must be {}", level.unwrap_or_default(), version.wal_levels_in_words()),
        )
        .hint(publisher.server.flavor.to_decode()),
    ]
}

/// `PF126`: minor versions since August 2026 load only output plugins that the setting names.
pub fn output_plugins(input: &Input<'_>) -> Vec<Finding> {
    let Some(server) = input.publisher().map(|facts| &facts.server) else { return Vec::new() };
    let Some(listed) = server.output_plugins_without_ours() else { return Vec::new() };
    vec![
        Finding::new(
            code::PF126,
            Subject::Publisher,
            format!("output_plugin_libraries is {}, which does not name pgoutput", one_line(listed)),
        )
        .detail("The server refuses to make the slots: \"library \"pgoutput\" may not be used as an output plugin\".")
        .hint(server.flavor.to_set("output_plugin_libraries", with_ours(listed))),
    ]
}

/// The plugins that are named, and the one that subscriptions use, as a list of names.
fn with_ours(listed: &str) -> String {
    let names = listed_names(listed).into_iter().chain(["pgoutput".to_owned()]);
    names.map(|name| quote_identifier(&name)).collect::<Vec<_>>().join(", ")
}

/// `PF102`: every subscription holds a slot, and each table copy one more while it runs.
pub fn replication_slots(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let others = publisher
        .slots
        .iter()
        .filter(|slot| !slot.is_table_synchronization() && !is_planned_slot(input.plan, &slot.name))
        .count() as i64;
    let (own, spare) = workers(input);
    let need = others + own + spare;
    let Some(have) = too_small(publisher.number("max_replication_slots"), need) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF102,
            Subject::Publisher,
            format!("max_replication_slots is {have}, but must be at least {need}"),
        )
        .detail(format!(
            "{others} slots are used by others, {own} are needed at the peak of the copy, {spare} are spare."
        ))
        .hint(publisher.server.flavor.to_set("max_replication_slots", need)),
    ]
}

/// `PF103`: each slot in use has a walsender, standbys and base backups have theirs.
pub fn walsenders(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let is_ours = |name: Option<&str>| {
        let sync = |name: &str| {
            let slot = publisher.slots.iter().find(|slot| slot.name == name);
            slot.is_some_and(super::facts::SlotFacts::is_table_synchronization)
        };
        name.is_some_and(|name| is_planned_slot(input.plan, name) || sync(name))
    };
    let others = publisher.walsenders.iter().filter(|sender| !is_ours(sender.slot_name.as_deref())).count() as i64;
    let (own, _) = workers(input);
    let need = others + own + 1;
    let Some(have) = too_small(publisher.number("max_wal_senders"), need) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF103,
            Subject::Publisher,
            format!("max_wal_senders is {have}, but must be at least {need}"),
        )
        .detail(format!(
            "{others} are used by others now, {own} are needed at the peak of the copy, and one by each CREATE SUBSCRIPTION. \
             A base backup takes two more."
        ))
        .hint(publisher.server.flavor.to_set("max_wal_senders", need)),
    ]
}

/// `PF104`: a slot that retains more than `max_slot_wal_keep_size` is lost, and its subscription starts over.
pub fn slot_wal_limit(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let Some(limit) = publisher.number("max_slot_wal_keep_size").filter(|limit| *limit >= 0) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF104,
            Subject::Publisher,
            format!(
                "max_slot_wal_keep_size is {}: a slot that retains more is lost",
                Bytes(limit as f64 * 1_048_576.0)
            ),
        )
        .detail("A lost slot cannot be repaired: its subscription and its copy start over.")
        .hint(format!("{} Watch the disk instead.", publisher.server.flavor.to_set("max_slot_wal_keep_size", -1))),
    ]
}

/// `PF105`: 18 and later invalidate a slot that nobody uses for so long, for example while a clone is upgraded.
pub fn idle_slot_timeout(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let Some(limit) = publisher.number("idle_replication_slot_timeout").filter(|limit| *limit > 0) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF105,
            Subject::Publisher,
            format!("idle_replication_slot_timeout is {limit} s, but must be 0"),
        )
        .detail("A slot that waits longer for its subscription is invalidated at the next checkpoint, for good.")
        .hint(publisher.server.flavor.to_set("idle_replication_slot_timeout", 0)),
    ]
}

/// `PF106`: `logical_decoding_work_mem` counts for each walsender; 12 spills by number of changes instead.
pub fn decoding_memory(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let (senders, _) = workers(input);
    let finding = match publisher.number("logical_decoding_work_mem") {
        Some(kilobytes) => {
            let each = Bytes(kilobytes as f64 * 1024.0);
            Finding::new(
                code::PF106,
                Subject::Publisher,
                format!("{senders} walsenders may take {} to decode", Bytes(each.0 * senders as f64)),
            )
            .detail(format!("logical_decoding_work_mem is {each} for each. Larger transactions go to disk, once for each slot that does not stream."))
        }
        None if !publisher.server.version_num.has_decoding_memory_limit() => Finding::new(
            code::PF106,
            Subject::Publisher,
            "every transaction above 4096 changes goes to disk once for each slot",
        )
        .detail("12 has no logical_decoding_work_mem."),
        None => return Vec::new(),
    };
    vec![finding]
}

/// `PF107`: while a walsender decodes one huge transaction it may send nothing for long.
pub fn sender_timeouts(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (subject, facts) in input.sides() {
        let name = if subject == Subject::Publisher { "wal_sender_timeout" } else { "wal_receiver_timeout" };
        let Some(limit) = facts.number(name).filter(|limit| (1..60_000).contains(limit)) else { continue };
        findings.push(
            Finding::new(
                code::PF107,
                subject,
                format!("{name} is {} s, less than the default 60 s", limit / 1000),
            )
            .detail("The connection of a slot is given up while a large transaction is decoded or applied, and decoding starts over.")
            .hint(facts.server.flavor.to_set(name, "5min")),
        );
    }
    findings
}

/// `PF108`: what was changed in the configuration but is not in force.
pub fn pending_restart(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        (!facts.pending_restart.is_empty()).then(|| {
            Finding::new(
                code::PF108,
                subject,
                format!("{} wait for a restart", super::listed(&facts.pending_restart, 20)),
            )
            .detail("The values that this check found are the old ones.")
            .hint("Restart the server before the start of the migration, then check again.")
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}

fn other_subscriptions(input: &Input<'_>, subscriber: &SideFacts, enabled_only: bool) -> i64 {
    let counts = |s: &&super::facts::SubscriptionFacts| {
        (s.enabled || !enabled_only) && !(s.here && is_planned_subscription(input.plan, &s.name))
    };
    subscriber.subscriptions.iter().filter(counts).count() as i64
}

/// `PF301`: apply workers and table synchronization workers come out of one pool; who gets none never starts, silently.
pub fn logical_workers(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let others = other_subscriptions(input, subscriber, true);
    let (own, _) = workers(input);
    let need = others + own;
    let Some(have) = too_small(subscriber.number("max_logical_replication_workers"), need) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF301,
            Subject::Subscriber,
            format!("max_logical_replication_workers is {have}, but must be at least {need}"),
        )
        .detail(format!(
            "{others} for other subscriptions, {own} for {} and their table copies. A subscription without a worker only \
             says so in the server's log.",
            counted(input.plan.slots.len(), "subscription")
        ))
        .hint(subscriber.server.flavor.to_set("max_logical_replication_workers", need)),
    ]
}

/// `PF302`: the pool of logical replication workers is a part of this one, beside the launcher.
pub fn worker_processes(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let (own, _) = workers(input);
    let workers = subscriber.number("max_logical_replication_workers").unwrap_or(4);
    let need = workers.max(own + other_subscriptions(input, subscriber, true)) + 1;
    let Some(have) = too_small(subscriber.number("max_worker_processes"), need) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF302,
            Subject::Subscriber,
            format!("max_worker_processes is {have}, but must be at least {need}"),
        )
        .detail("All logical replication workers and their launcher, and more for parallel queries and extensions.")
        .hint(subscriber.server.flavor.to_set("max_worker_processes", need)),
    ]
}

/// `PF303`: origins in use. From 18 on they have a limit of their own, whose default is 10.
pub fn origins(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let name = if subscriber.server.version_num.has_origin_limit() {
        "max_active_replication_origins"
    } else {
        "max_replication_slots"
    };
    let others = other_subscriptions(input, subscriber, false);
    let (own, spare) = workers(input);
    let need = others + own + spare;
    let Some(have) = too_small(subscriber.number(name), need) else { return Vec::new() };
    vec![
        Finding::new(code::PF303, Subject::Subscriber, format!("{name} is {have}, but must be at least {need}"))
            .detail(format!(
                "It bounds replication origins: {others} for other subscriptions, {own} at the peak of the copy, {spare} to \
                 spare since they linger. Table copies that get none die and leave their slots on the publisher, up to one \
                 a table."
            ))
            .hint(subscriber.server.flavor.to_set(name, need)),
    ]
}

/// `PF304`: the plan counted with fewer table copies at a time than the subscriber would start.
pub fn sync_workers(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber().filter(|_| input.circumstances.bootstrap == Bootstrap::Copy) else {
        return Vec::new();
    };
    let planned = i64::from(input.plan.policy.sync_workers);
    let Some(have) = subscriber.number("max_sync_workers_per_subscription").filter(|have| *have > planned) else {
        return Vec::new();
    };
    vec![
        Finding::new(
            code::PF304,
            Subject::Subscriber,
            format!("max_sync_workers_per_subscription is {have}, but the plan counts with {planned}"),
        )
        .detail("Each copies a table with a slot, a walsender, an origin and a worker of its own.")
        .hint(format!(
            "{} Or plan again with sync_workers = {have}.",
            subscriber.server.flavor.to_set("max_sync_workers_per_subscription", planned)
        )),
    ]
}

/// `PF305`: parallel apply workers (16 and later) come out of the same pool, and large transactions wait without them.
pub fn parallel_workers(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber().filter(|_| Needs::of(input.plan, input.circumstances.bootstrap).parallel)
    else {
        return Vec::new();
    };
    let Some(each) = subscriber.number("max_parallel_apply_workers_per_subscription") else { return Vec::new() };
    let (own, _) = workers(input);
    let need = other_subscriptions(input, subscriber, true) + own + each * input.plan.slots.len() as i64;
    let Some(have) = too_small(subscriber.number("max_logical_replication_workers"), need) else { return Vec::new() };
    vec![
        Finding::new(
            code::PF305,
            Subject::Subscriber,
            format!("max_logical_replication_workers is {have}; {need} keep every parallel apply worker and table copy running"),
        )
        .detail("With fewer, large transactions are applied one after the other.")
        .hint(subscriber.server.flavor.to_set("max_logical_replication_workers", need)),
    ]
}

/// `PF306`: going back after the cutover needs slots on the subscriber, and these two settings need a restart of it.
pub fn reverse_replication(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let level = subscriber.server.settings.get("wal_level").map(String::as_str);
    let planned = input.plan.slots.len() as i64;
    let need = subscriber.slots.len() as i64 + planned;
    let mut short = Vec::new();
    let mut remedies = Vec::new();
    if level.is_some_and(|level| !subscriber.server.version_num.decodes_with(level)) {
        short.push(format!("wal_level is {}", level.unwrap_or_default()));
        remedies.push(subscriber.server.flavor.to_decode());
    }
    if let Some(listed) = subscriber.server.output_plugins_without_ours() {
        short.push(format!("output_plugin_libraries is {}", one_line(listed)));
        remedies.push(subscriber.server.flavor.to_set("output_plugin_libraries", with_ours(listed)));
    }
    for name in ["max_replication_slots", "max_wal_senders"] {
        if let Some(have) = too_small(subscriber.number(name), need) {
            short.push(format!("{name} is {have} of {need}"));
            remedies.push(subscriber.server.flavor.to_set(name, need));
        }
    }
    if short.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF306,
            Subject::Subscriber,
            format!("replication back to the publisher is not possible without a restart: {}", short.join(", ")),
        )
        .detail(
            "After the cutover the old server can only be kept up to date, and gone back to, with logical slots here.",
        )
        .hint(remedies.join(" ")),
    ]
}

/// `PF307`: 18 and later tell conflicts of origin only with commit timestamps.
pub fn commit_timestamps(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let off = subscriber.server.settings.get("track_commit_timestamp").is_some_and(|value| value == "off");
    if !off || !subscriber.server.version_num.counts_conflicts() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF307,
            Subject::Subscriber,
            "track_commit_timestamp is off: rows that somebody else changed on the subscriber are not counted as conflicts",
        )
        .hint(subscriber.server.flavor.to_set("track_commit_timestamp", "on")),
    ]
}

/// `PF109`: each slot is a process that decodes all WAL; with fewer cores, more slots make every slot slower.
pub fn cores(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let stated = input.circumstances.publisher_cores.or(publisher.server.cores).or(input.plan.server.cores);
    let slots = input.plan.slots.len();
    match stated {
        Some(cores) if (cores as usize) < slots => vec![
            Finding::new(
                code::PF109,
                Subject::Publisher,
                format!("{slots} walsenders decode all WAL, and the publisher has {cores} cores"),
            )
            .detail("At a peak they compete with each other and with the application; measured on 2 cores, 4 slots drained a backlog 1.4 to 1.6 times slower than 1.")
            .hint("Plan fewer slots, or take a larger machine while it lasts."),
        ],
        _ => Vec::new(),
    }
}
