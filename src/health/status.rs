//! The status file: how a running migration stands beside its plan (contract: kind `status`). One function makes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    cause::{self, Cause, Sought},
    copying,
    judge::{Direction, Looks, SlotHealth, State, Watched, judge, watched},
    load::SlotLoad,
    look::{Look, SideLook},
    measure::{self, Rates},
    said,
    stage::Stage,
    watch::{Thresholds, Watch},
};
use crate::{
    finding::Finding,
    format::{self, Digest, Document},
    plan::{Plan, Role},
};

/// The status file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Always `status`.
    pub kind: String,
    /// Version of this kind's format; every other is refused.
    pub version: u64,
    /// The program and its release that wrote the file, `pgslotplan X.Y.Z`.
    #[serde(default)]
    pub tool: String,
    /// When both servers were looked at, by their own clocks, UTC.
    pub at: Timestamp,
    /// `plan_sha256` of the plan.
    pub plan_sha256: Digest,
    /// Name of the database.
    pub database: String,
    /// Where the migration stands.
    pub stage: Stage,
    /// The old server.
    pub publisher: ServerStatus,
    /// The new server.
    pub subscriber: ServerStatus,
    /// The copy by pieces of bootstrap `snapshot`; absent before it has begun, and once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<PiecesStatus>,
    /// The slots that matter at this stage, the worst first: after the cutover those of the way back.
    pub slots: Vec<SlotStatus>,
    /// What the role cannot see, and the grant that would show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// What to know, sorted by severity, code and subject.
    pub findings: Vec<Finding>,
}

impl Document for Status {
    const KIND: &'static str = "status";
    const VERSION: u64 = 1;
}

/// One server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServerStatus {
    /// Most WAL that a logical slot of the database retains, bytes; null: no slot, or a standby.
    pub retained_wal_bytes: Option<u64>,
    /// How fast the log grows, bytes per second; null: not known yet.
    pub wal_bytes_per_s: Option<f64>,
    /// How many transactions ago the oldest snapshot was taken that is still held: VACUUM removes no row that died since; null: none.
    pub oldest_xmin_age: Option<u64>,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_xmin_holder: Option<String>,
    /// Transactions since the oldest database was frozen; at two thousand million the server refuses to write.
    pub frozen_age: Option<u64>,
    /// How long the oldest transaction that writes has been open, seconds; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_transaction_s: Option<f64>,
    /// How long ago the oldest prepared transaction was prepared, seconds; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared_transaction_s: Option<f64>,
    /// Replication slots, of all databases.
    pub slots: Used,
    /// Walsenders.
    pub senders: Used,
    /// Logical replication workers.
    pub workers: Used,
    /// Replication origins.
    pub origins: Used,
    /// The disk of its WAL; absent when nobody said how large it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskStatus>,
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// So many there are.
    pub used: u64,
    /// No more there may be.
    pub limit: u64,
}

/// The disk of a server's WAL.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskStatus {
    /// What WAL may take, bytes.
    pub size_bytes: u64,
    /// What is left of it beside the retained WAL, bytes.
    pub left_bytes: u64,
    /// When nothing will be left at the rate of the last minute, seconds; absent: it does not fill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_in_s: Option<f64>,
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SlotStatus {
    /// Its name.
    pub name: String,
    /// Its subscription.
    pub subscription: String,
    /// Whether it carries one hot table group or many.
    pub role: Role,
    /// Which way changes go.
    pub direction: Direction,
    /// How it is doing.
    pub state: State,
    /// Why: one line, lower case.
    pub reason: String,
    /// The log's position less `confirmed_flush_lsn`, bytes; null: no slot.
    pub flush_lag_bytes: Option<u64>,
    /// How long ago the log passed `confirmed_flush_lsn`, seconds; null: not known.
    pub flush_lag_s: Option<f64>,
    /// `flush_lag_s` was reckoned from how fast the log grows, since nobody looked when the log was there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flush_lag_is_reckoned: bool,
    /// The log's position less `restart_lsn`, bytes; null: no slot.
    pub retained_wal_bytes: Option<u64>,
    /// What may still be written before the slot is lost, bytes; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe_wal_bytes: Option<u64>,
    /// When that is reached at the rate of the last minute, seconds; absent: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_in_s: Option<f64>,
    /// How fast the log grows, bytes per second; null: not known yet.
    pub wal_bytes_per_s: Option<f64>,
    /// How fast the slot confirms it, bytes per second; null: not known yet.
    pub drain_bytes_per_s: Option<f64>,
    /// When a slot that is behind will be caught up at these rates, seconds; absent: it is, or falls further behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught_up_in_s: Option<f64>,
    /// What decoding spilled to disk since its statistics began, bytes; absent before 14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spilled_bytes: Option<u64>,
    /// What was sent before the end of its transaction, bytes; absent before 14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streamed_bytes: Option<u64>,
    /// Errors of the subscription since its statistics began; absent before 15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<u64>,
    /// Conflicts since then; absent before 18.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<u64>,
    /// Parallel apply workers that run now.
    pub parallel_workers: u64,
    /// Its tables; absent when the role does not see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<TableCounts>,
    /// The initial copy; absent once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyStatus>,
    /// Why it stands still, as far as the log of the server that applies and its locks show it; absent when it does not, or nothing shows
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Its load beside the planned one; absent without a workload or on the way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<SlotLoad>,
}

/// A slot's tables by how far they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableCounts {
    /// Replicated by the slot.
    pub ready: u64,
    /// Being copied, or catching up after it.
    pub copying: u64,
    /// Not begun, or not subscribed.
    pub waiting: u64,
}

/// How far an initial copy is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CopyStatus {
    /// Copied, by the plan's sizes, bytes.
    pub done_bytes: u64,
    /// All of it, bytes.
    pub total_bytes: u64,
    /// What is left at the rate of the last minute, seconds; null: not known.
    pub left_s: Option<f64>,
}

/// How far the copy by pieces is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PiecesStatus {
    /// All pieces.
    pub total: u64,
    /// Those that are there.
    pub done: u64,
    /// Those that are being copied now.
    pub running: u64,
    /// Those that failed at least once and wait again.
    pub failed: u64,
    /// What all of them take on the publisher, bytes.
    pub total_bytes: u64,
    /// What those take that are there, bytes.
    pub done_bytes: u64,
    /// How fast they come, bytes per second; null: not known yet.
    pub bytes_per_s: Option<f64>,
    /// What is left at that rate, seconds; null: not known.
    pub left_s: Option<f64>,
}

/// What a status comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A slot is lost, absent, disabled, failing or not connected, or a finding says no.
    Bad,
    /// A threshold is exceeded.
    Exceeded,
    /// Every slot is well.
    Well,
}

impl Status {
    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        if self.slots.iter().any(|slot| slot.state.is_bad()) || said::says_no(&self.findings) {
            Verdict::Bad
        } else if said::exceeds(&self.findings) {
            Verdict::Exceeded
        } else {
            Verdict::Well
        }
    }

    /// The worst slot; absent when none is watched.
    pub fn worst(&self) -> Option<&SlotStatus> {
        self.slots.first()
    }
}

/// Judges a running migration by the last looks and its plan; absent before the first look at both servers. `loads` is one for each
/// slot of the plan, where there is a workload.
pub fn status(plan: &Plan, watch: &Watch, thresholds: &Thresholds, loads: Option<&[SlotLoad]>) -> Option<Status> {
    let last = watch.last()?;
    let at = Timestamp::from_millisecond((last.at()? * 1e3) as i64).ok()?;
    let judged = watch.judged();
    let minute = watch.looks();
    let of = |direction| {
        let judge = |watched: &Watched<'_>| judge(watched, &Looks { minute: &minute, judged: &judged, last });
        let watched = watched(plan, direction);
        let healths: Vec<SlotHealth> = watched.iter().map(judge).collect();
        watched.into_iter().zip(healths).collect::<Vec<_>>()
    };
    let forward = of(Direction::Forward);
    let stage = Stage::of(plan, last, &forward.iter().map(|(_, health)| health.clone()).collect::<Vec<_>>());
    let watched = match stage {
        Stage::CutOver => of(Direction::Back),
        // nobody follows anybody any more
        Stage::RolledBack => Vec::new(),
        _ => forward,
    };
    // WAY_BACK=no
    let has_any = watched.iter().any(|(watched, _)| {
        let (from, to) = watched.direction.ends(last);
        from.slots.contains_key(&watched.slot) || to.subscriptions.contains_key(&watched.subscription)
    });
    let watched = if stage == Stage::CutOver && !has_any { Vec::new() } else { watched };
    let mut slots: Vec<SlotStatus> = watched
        .iter()
        .enumerate()
        .map(|(number, (watched, health))| {
            let load = loads.filter(|_| watched.direction == Direction::Forward).and_then(|loads| loads.get(number));
            slot(watched, health, watch, load.cloned())
        })
        .collect();
    slots.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
    let publisher = server(
        &last.publisher,
        measure::of_side(watch.span(), |look| &look.publisher),
        thresholds.publisher_disk_bytes,
    );
    let subscriber = server(&last.subscriber, measure::of_side(watch.span(), |look| &look.subscriber), None);
    let healths: Vec<SlotHealth> = watched.into_iter().map(|(_, health)| health).collect();
    let mut findings = said::findings(&healths);
    findings.extend(said::of_numbers(&slots, thresholds));
    findings.extend(said::of_servers(last, &judged, &publisher, &slots));
    findings.extend(said::of_conflicts(watch.span(), &slots));
    findings.extend(said::of_loads(plan, loads.filter(|_| stage < Stage::CutOver)));
    said::add_causes(&mut findings, &slots);
    findings.sort();
    let mut unseen = said::unseen(last);
    let stands_still = slots.iter().find(|slot| matches!(slot.state, State::Failing | State::Disconnected));
    if stands_still.is_some_and(|slot| watch.log(slot.direction).is_none()) {
        unseen.push(said::UNSEEN_LOG.to_owned());
    }
    Some(Status {
        kind: Status::KIND.to_owned(),
        version: Status::VERSION,
        tool: format::TOOL.to_owned(),
        at,
        plan_sha256: plan.plan_sha256.clone(),
        database: plan.database.clone(),
        stage,
        publisher,
        subscriber,
        pieces: copying::pieces(
            &plan.policy.prefix,
            measure::of_side(watch.span(), |look| &look.subscriber),
            &last.subscriber,
        ),
        slots,
        unseen,
        findings,
    })
}

fn slot(watched: &Watched<'_>, health: &SlotHealth, watch: &Watch, load: Option<SlotLoad>) -> SlotStatus {
    let empty = Look::default();
    let last = watch.last().unwrap_or(&empty);
    let (from, to) = watched.direction.ends(last);
    let positions = match watched.direction {
        Direction::Forward => &watch.publisher,
        Direction::Back => &watch.subscriber,
    };
    let row = from.slots.get(&watched.slot);
    let now = from.server.as_ref().map(|server| server.at);
    let lag = row.and_then(|row| positions.lag(now?, row.confirmed?));
    let rates = Rates::of(measure::of_side(watch.span(), |look| watched.direction.ends(look).0), &watched.slot);
    let copy_span = measure::of_side(watch.span(), |look| watched.direction.ends(look).1);
    let unsigned = |value: Option<i64>| value.map(|value| u64::try_from(value).unwrap_or(0));
    let flush_lag_bytes = unsigned(row.and_then(|row| row.lag_bytes));
    let safe_wal_bytes = unsigned(row.and_then(|row| row.safe_wal_bytes));
    let errors = to.errors.as_ref().and_then(|errors| errors.get(&watched.subscription));
    let decoding = from.decoding.as_ref().and_then(|decoding| decoding.get(&watched.slot));
    let is_behind = health.state == State::CatchingUp;
    SlotStatus {
        name: watched.slot.clone(),
        subscription: watched.subscription.clone(),
        role: watched.planned.role,
        direction: watched.direction,
        state: health.state,
        reason: health.reason.clone(),
        flush_lag_bytes,
        flush_lag_s: lag.map(|lag| lag.seconds),
        flush_lag_is_reckoned: lag.is_some_and(|lag| !lag.is_known),
        retained_wal_bytes: unsigned(row.and_then(|row| row.retained_bytes)),
        safe_wal_bytes,
        limit_in_s: safe_wal_bytes.and_then(|safe| rates.full_in(safe as f64)),
        wal_bytes_per_s: rates.wal,
        drain_bytes_per_s: rates.drain,
        caught_up_in_s: flush_lag_bytes.filter(|_| is_behind).and_then(|lag| rates.caught_up_in(lag as f64)),
        spilled_bytes: decoding.map(|row| row.spilled_bytes),
        streamed_bytes: decoding.map(|row| row.streamed_bytes),
        errors: errors.map(|row| row.apply + row.copy),
        conflicts: errors.and_then(|row| row.conflicts),
        parallel_workers: to.subscriptions.get(&watched.subscription).map_or(0, |row| row.helpers),
        tables: copying::count(watched, to),
        copy: copying::progress(watched, copy_span, to),
        cause: cause(watched, health.state, watch, to),
        load,
    }
}

/// A lock is seen at once; the log is read once a slot stands still.
fn cause(watched: &Watched<'_>, state: State, watch: &Watch, to: &SideLook) -> Option<Cause> {
    if state == State::Streaming || matches!(state, State::Lost | State::Absent) {
        return None;
    }
    let log = watch.log(watched.direction).filter(|_| state.is_bad());
    let sought = Sought {
        subscription: &watched.subscription,
        oid: to.oids.get(&watched.subscription).copied(),
        version: to.server.as_ref()?.version,
    };
    let blocked = || to.blocked.get(&watched.subscription).map(|holders| cause::of_lock(holders));
    log.and_then(|log| cause::of_log(log, sought)).or_else(blocked)
}

fn server(side: &SideLook, span: Option<(&SideLook, &SideLook)>, disk_bytes: Option<u64>) -> ServerStatus {
    let retained_wal_bytes = measure::retained(side);
    let Some(row) = &side.server else { return ServerStatus { retained_wal_bytes, ..ServerStatus::default() } };
    let growth = span.and_then(|(first, last)| {
        let seconds = last.server.as_ref()?.at - first.server.as_ref()?.at;
        Some((measure::retained(last)? as f64 - measure::retained(first)? as f64) / seconds)
    });
    let disk = disk_bytes.map(|size_bytes| {
        let left_bytes = size_bytes.saturating_sub(retained_wal_bytes.unwrap_or(0));
        let full_in_s = growth.filter(|growth| *growth > 0.0).map(|growth| left_bytes as f64 / growth);
        DiskStatus { size_bytes, left_bytes, full_in_s }
    });
    let used = |used, limit| Used { used, limit };
    ServerStatus {
        retained_wal_bytes,
        wal_bytes_per_s: span.and_then(|(first, last)| measure::wal_rate(first, last)),
        oldest_xmin_age: row.xmin_age,
        oldest_xmin_holder: row.xmin_holder.clone(),
        frozen_age: row.frozen_age,
        open_transaction_s: row.writer.as_ref().map(|open| open.seconds),
        prepared_transaction_s: row.prepared.as_ref().map(|open| open.seconds),
        slots: used(row.slots, row.slot_limit),
        senders: used(row.senders, row.sender_limit),
        workers: used(row.workers, row.worker_limit),
        origins: used(row.origins, row.origin_limit),
        disk,
    }
}
