//! What has to be said of slots, servers and load: findings, each with what to do.

use std::collections::BTreeSet;

use super::{
    judge::{Direction, SlotHealth, State},
    load::SlotLoad,
    look::{Look, OpenRow, SideLook},
    status::{ServerStatus, SlotStatus},
    watch::Thresholds,
};
use crate::{
    finding::{Code, Finding, Severity, Subject, code},
    names::{one_line, quote_identifier, quote_literal},
    plan::Plan,
    units::{Bytes, Seconds, counted},
};

/// A slot that may retain so much more is near its limit.
const NEAR_LIMIT_BYTES: i64 = 1 << 30;
/// A limit that is reached within so many seconds is near.
const NEAR_LIMIT_S: f64 = 86_400.0;
const AT_LIMIT_S: f64 = 3600.0;
/// A transaction that writes and is open for so long holds WAL back for every slot.
const LONG_S: f64 = 900.0;
/// Transactions: a snapshot so old keeps VACUUM from much, and a database so old is half way to the end of its numbers.
const OLD_XMIN: u64 = 100_000_000;
const OLD_DATABASE: u64 = 1_000_000_000;
/// A slot that carries so many times its planned peak.
const OVER_PLAN: f64 = 1.25;

/// What has to be said of the slots. A slot that streams has no finding.
pub fn findings(slots: &[SlotHealth]) -> Vec<Finding> {
    let mut found = Vec::new();
    for health in slots {
        let subscription = one_line(&quote_identifier(&health.subscription));
        found.extend(of_state(health, &subscription));
        for table in &health.not_subscribed {
            let message = format!("subscription {subscription} does not list the table: its changes are discarded");
            found.push(
                Finding::new(code::HE106, Subject::Table(table.clone()), message)
                    .hint(format!("ALTER SUBSCRIPTION {subscription} REFRESH PUBLICATION; copies the table.")),
            );
        }
        if matches!(health.state, State::Lost | State::Absent) {
            continue;
        }
        let subject = || Subject::Slot(health.slot.clone());
        for publication in &health.missing_publications {
            let name = one_line(&quote_identifier(publication));
            found.push(
                Finding::new(code::HE109, subject(), format!("publication {name} is not there")).hint(
                    "Run the step publications again; a slot that is older than its publication must start over.",
                ),
            );
        }
        if let Some(safe) = health.safe_wal_bytes.filter(|safe| *safe < NEAR_LIMIT_BYTES) {
            let severity = if safe <= 0 { Severity::Error } else { Severity::Warning };
            let left = Bytes(safe.max(0) as f64);
            found.push(
                Finding::new(
                    code::HE107,
                    subject(),
                    format!("{left} of WAL may still be written before the slot is lost"),
                )
                .with_severity(severity)
                .hint("ALTER SYSTEM SET max_slot_wal_keep_size, then SELECT pg_reload_conf();"),
            );
        }
    }
    found
}

fn of_state(health: &SlotHealth, subscription: &str) -> Option<Finding> {
    // a slot that is made anew begins now: what its subscription has not got by then would never come, and nothing would say so
    let again = || {
        let slot = &health.slot;
        Some(format!(
            "pgslotplan emit PLAN --repair slot={slot} -o FOLDER: its steps make the slot again and copy its tables; the others go on."
        ))
    };
    let is_forward = health.direction == Direction::Forward;
    let (code, hint) = match health.state {
        State::Lost if is_forward => (code::HE102, again()),
        State::Lost => (code::HE102, Some("Clean up, empty its tables, and begin again with this slot.".to_owned())),
        State::Absent if is_forward && health.is_subscribed => (code::HE101, again()),
        State::Absent => (code::HE101, Some("Run the steps that create slots and subscriptions again.".to_owned())),
        State::Disabled => {
            (code::HE104, Some(format!("Once the cause is fixed: ALTER SUBSCRIPTION {subscription} ENABLE;")))
        }
        State::Failing | State::Disconnected => {
            let reader = match health.direction {
                Direction::Forward => "subscriber",
                Direction::Back => "old server",
            };
            let code = if health.state == State::Failing { code::HE103 } else { code::HE105 };
            (code, Some(format!("Read the log of the {reader}: it names the cause.")))
        }
        State::Copying | State::CatchingUp => (code::HE108, None),
        State::Streaming => return None,
    };
    let mut finding = Finding::new(code, Subject::Slot(health.slot.clone()), health.reason.clone());
    finding.hint = hint;
    if health.direction == Direction::Back && health.state.is_bad() {
        finding = finding.with_severity(Severity::Error);
        finding.detail = Some(
            "It is a slot of the way back: it retains WAL on the new server, which serves the application, and going back \
             would lose what it has not sent."
                .to_owned(),
        );
    }
    Some(finding)
}

/// Thresholds, and limits that come near at the rate of the last minute.
pub(super) fn of_numbers(slots: &[SlotStatus], thresholds: &Thresholds) -> Vec<Finding> {
    let mut found = Vec::new();
    for slot in slots {
        let mut say = |code: &'static Code, message: String| {
            found.push(Finding::new(code, Subject::Slot(slot.name.clone()), message));
        };
        if let Some((max, lag)) = thresholds.max_lag_s.zip(slot.flush_lag_s).filter(|(max, lag)| lag > max) {
            say(code::HE110, format!("{} behind, more than --max-lag {}", Seconds(lag), Seconds(max)));
        }
        let retained = thresholds.max_retained_bytes.zip(slot.retained_wal_bytes);
        if let Some((max, kept)) = retained.filter(|(max, kept)| kept > max) {
            let (kept, max) = (Bytes(kept as f64), Bytes(max as f64));
            say(code::HE110, format!("{kept} of WAL retained, more than --max-retained {max}"));
        }
        let safe = thresholds.min_safe_wal_bytes.zip(slot.safe_wal_bytes);
        if let Some((min, safe)) = safe.filter(|(min, safe)| safe < min) {
            let (safe, min) = (Bytes(safe as f64), Bytes(min as f64));
            say(code::HE110, format!("{safe} until the slot is lost, less than --min-safe-wal {min}"));
        }
        if let Some(seconds) = slot.limit_in_s.filter(|seconds| *seconds < NEAR_LIMIT_S) {
            found.push(near_limit(Subject::Slot(slot.name.clone()), seconds, "the slot is lost"));
        }
    }
    found
}

fn near_limit(subject: Subject, seconds: f64, what: &str) -> Finding {
    let severity = if seconds < AT_LIMIT_S { Severity::Error } else { Severity::Warning };
    Finding::new(code::HE118, subject, format!("{what} in {} at the rate of the last minute", Seconds(seconds)))
        .with_severity(severity)
        .hint("Find out why the slot does not drain, or make room: raise max_slot_wal_keep_size, enlarge the disk.")
}

/// Servers: transactions, limits, old snapshots, forgotten copies.
pub(super) fn of_servers(
    last: &Look,
    judged: &[&Look],
    publisher: &ServerStatus,
    slots: &[SlotStatus],
) -> Vec<Finding> {
    let mut found = Vec::new();
    // limits that are just large enough are no news as long as everything runs
    let waits = slots.iter().any(|slot| slot.state != State::Streaming);
    for (side, subject) in [(&last.publisher, Subject::Publisher), (&last.subscriber, Subject::Subscriber)] {
        found.extend(of_transactions(side, &subject));
        if waits {
            found.extend(of_limits(side, &subject));
        }
        found.extend(of_ages(side, &subject));
    }
    if let Some(seconds) = publisher.disk.and_then(|disk| disk.full_in_s).filter(|seconds| *seconds < NEAR_LIMIT_S) {
        found.push(near_limit(Subject::Publisher, seconds, "WAL fills its disk"));
    }
    found.extend(forgotten_copies(last, judged));
    found
}

fn of_transactions(side: &SideLook, subject: &Subject) -> Vec<Finding> {
    let Some(server) = &side.server else { return Vec::new() };
    let open = |row: &Option<OpenRow>| row.clone().filter(|row| row.seconds >= LONG_S);
    // a subscriber's own transactions hold nothing of ours back, unless it publishes
    let publishes = side.slots.values().next().is_some();
    let mut found = Vec::new();
    if let Some(row) = open(&server.writer).filter(|_| publishes) {
        let message = format!("a transaction has been open for {}: {}", Seconds(row.seconds), one_line(&row.who));
        found.push(
            Finding::new(code::HE112, subject.clone(), message)
                .detail("WAL since its begin is retained for every slot, and no slot can be created before its end.")
                .hint("Let it end, or end it: SELECT pg_terminate_backend(pid);"),
        );
    }
    if let Some(row) = open(&server.prepared).filter(|_| publishes) {
        let message = format!("a transaction has been prepared for {}: {}", Seconds(row.seconds), one_line(&row.who));
        found.push(
            Finding::new(code::HE112, subject.clone(), message)
                .hint("COMMIT PREPARED or ROLLBACK PREPARED, as whoever prepared it says."),
        );
    }
    found
}

fn of_limits(side: &SideLook, subject: &Subject) -> Vec<Finding> {
    let Some(server) = &side.server else { return Vec::new() };
    let limits = [
        (server.slots, server.slot_limit, "replication slots", "max_replication_slots"),
        (server.senders, server.sender_limit, "walsenders", "max_wal_senders"),
        (server.workers, server.worker_limit, "logical replication workers", "max_logical_replication_workers"),
        (
            server.origins,
            server.origin_limit,
            "replication origins",
            "max_active_replication_origins (18), max_replication_slots before",
        ),
    ];
    let full = limits.into_iter().filter(|(used, limit, ..)| used >= limit && *limit > 0);
    full.map(|(used, limit, what, setting)| {
        Finding::new(code::HE115, subject.clone(), format!("no {what} are left: {used} of {limit}"))
            .hint(format!("Raise {setting} and restart the server; what finds none tries again forever."))
    })
    .collect()
}

fn of_ages(side: &SideLook, subject: &Subject) -> Vec<Finding> {
    let Some(server) = &side.server else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(age) = server.xmin_age.filter(|age| *age >= OLD_XMIN) {
        let holder =
            server.xmin_holder.as_deref().map_or_else(String::new, |who| format!(", held by {}", one_line(who)));
        found.push(
            Finding::new(
                code::HE116,
                subject.clone(),
                format!("the oldest snapshot is {age} transactions old{holder}"),
            )
            .hint("VACUUM removes no row that died since. Let the slot catch up, or end the session."),
        );
    }
    if let Some(age) = server.frozen_age.filter(|age| *age >= OLD_DATABASE) {
        found.push(
            Finding::new(
                code::HE116,
                subject.clone(),
                format!("a database is {age} transactions from its last freeze"),
            )
            .hint("VACUUM (FREEZE) its oldest tables: at about 2,000,000,000 the server refuses to write."),
        );
    }
    found
}

/// Slots of table synchronization that nobody has read in any look: they retain WAL for a copy that nobody does.
fn forgotten_copies(last: &Look, judged: &[&Look]) -> Vec<Finding> {
    let is_of_copy = |name: &str| {
        let rest = name.strip_prefix("pg_");
        rest.is_some_and(|rest| {
            rest.contains("_sync_") && rest.bytes().all(|b| b.is_ascii_digit() || b == b'_' || b.is_ascii_lowercase())
        })
    };
    let mut found = Vec::new();
    for direction in [Direction::Forward, Direction::Back] {
        let (from, _) = direction.ends(last);
        let idle = |name: &str| {
            judged.iter().all(|look| direction.ends(look).0.slots.get(name).is_some_and(|slot| !slot.active))
        };
        for (name, slot) in from.slots.iter().filter(|(name, _)| judged.len() > 1 && is_of_copy(name) && idle(name)) {
            let kept = Bytes(slot.retained_bytes.unwrap_or(0).max(0) as f64);
            found.push(
                Finding::new(code::HE111, Subject::Slot(name.clone()), format!("nobody reads this slot of a table's copy; it retains {kept} of WAL"))
                    .hint(format!(
                        "If its subscription is gone: SELECT pg_drop_replication_slot({}); otherwise the copy that fails is named in the \
                         log of the subscriber.",
                        quote_literal(name)
                    )),
            );
        }
    }
    found
}

/// Conflicts that were counted in the last minute (18).
pub(super) fn of_conflicts(span: Option<(&Look, &Look)>, slots: &[SlotStatus]) -> Vec<Finding> {
    let Some((first, _)) = span else { return Vec::new() };
    let rise = |slot: &SlotStatus| {
        let before = slot.direction.ends(first).1.errors.as_ref()?.get(&slot.subscription)?.conflicts?;
        slot.conflicts?.checked_sub(before).filter(|count| *count > 0)
    };
    let say = |slot: &SlotStatus| {
        let message = format!("{} in the last minute", counted(rise(slot)? as usize, "conflict"));
        let finding = Finding::new(code::HE117, Subject::Slot(slot.name.clone()), message);
        Some(finding.hint(
            "Read pg_stat_subscription_stats and the log of the subscriber: rows differ from those of the publisher.",
        ))
    };
    slots.iter().filter_map(say).collect()
}

/// Load that was not planned for.
pub(super) fn of_loads(plan: &Plan, loads: Option<&[SlotLoad]>) -> Vec<Finding> {
    const AGAIN: &str = "Sample again, then: pgslotplan plan workload.json --previous plan.json -o new.json";
    let mut found = Vec::new();
    for (slot, load) in plan.slots.iter().zip(loads.unwrap_or_default()) {
        let Some(measured) = load.measured.filter(|measured| *measured > OVER_PLAN * load.planned) else { continue };
        let (shown, planned) = (plan.shown_load(measured), plan.shown_load(load.planned));
        let message = format!("it carries {shown} of load, planned were {planned} at most");
        found.push(Finding::new(code::HE113, Subject::Slot(slot.name.to_string()), message).hint(AGAIN));
        for table in &load.tables {
            let Some(times) = table.times(load) else { continue };
            let message = if times.is_finite() {
                format!(
                    "the plan no longer fits: the table writes {times:.1} times its share of slot \"{}\"",
                    slot.name
                )
            } else {
                format!(
                    "the plan no longer fits: the table writes, and was idle when slot \"{}\" was planned",
                    slot.name
                )
            };
            found.push(Finding::new(code::HE114, Subject::Table(table.table.clone()), message).hint(AGAIN));
        }
    }
    found
}

/// What would show why a slot fails.
pub(super) const UNSEEN_LOG: &str = "the log of the server that applies; EXECUTE on pg_current_logfile(text), pg_stat_file(text) and \
    pg_read_binary_file(text, bigint, bigint), and logging_collector, show the end of it.";

/// A slot whose cause is known says it, and the ways out.
pub(super) fn add_causes(findings: &mut [Finding], slots: &[SlotStatus]) {
    for finding in
        findings.iter_mut().filter(|finding| [code::HE103.name, code::HE105.name].contains(&finding.code.as_str()))
    {
        let of = |slot: &&SlotStatus| finding.subject == Subject::Slot(slot.name.clone());
        let Some(cause) = slots.iter().find(of).and_then(|slot| slot.cause.as_ref()) else { continue };
        finding.detail = Some(format!("The log says: {}.", one_line(&cause.message)));
        let ways: Vec<&str> = cause.ways_out.iter().map(|way| way.what.as_str()).collect();
        if !ways.is_empty() {
            finding.hint = Some(ways.join(" Or: "));
        }
    }
}

/// What the role cannot see of both servers.
pub(super) fn unseen(last: &Look) -> Vec<String> {
    let mut lines = BTreeSet::new();
    for (side, name) in [(&last.publisher, "publisher"), (&last.subscriber, "subscriber")] {
        if side.server.as_ref().is_some_and(|server| !server.sees_others) {
            lines.insert(format!("{name}: workers and transactions of others; GRANT pg_monitor shows them."));
        }
        if side.hides_pieces {
            lines.insert(format!(
                "{name}: how far the copy is; GRANT USAGE ON SCHEMA pgslotplan and SELECT ON pgslotplan.piece show it."
            ));
        }
        if side.doubts_pieces {
            lines.insert(format!(
                "{name}: how far the copy is; another role made pgslotplan.piece, and only what superusers or this role made is read. \
                 Connect as its owner, or as a superuser."
            ));
        }
        if side.tables.is_none() && !side.subscriptions.is_empty() {
            lines.insert(format!(
                "{name}: states of its subscriptions' tables; up to 13 they are for superusers only, from 14 on for everybody."
            ));
        }
    }
    lines.into_iter().collect()
}

/// Whether an error is among them that is no threshold.
pub(super) fn says_no(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error && finding.code != code::HE110.name)
}

/// Whether a threshold is exceeded.
pub(super) fn exceeds(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.code == code::HE110.name)
}
