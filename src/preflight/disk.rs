//! WAL that is retained while the copy runs: the rate at which it is written, times the time that the copy takes.
//!
//! Every slot of the plan stands still until its tables are copied, so that the whole WAL of the cluster is kept from the
//! making of the slots on. Free space is not visible to SQL.

use super::Input;
use crate::{
    finding::{Finding, Severity, Subject},
    plan::{Bootstrap, Plan, PlannedSlot},
    units::{Bytes, Seconds},
};

/// What one table copy is taken to move when nobody says, bytes per second: an assumption on the careful side, with the
/// primary key there and secondary indexes not. `--copy-rate` replaces it.
pub const COPY_BYTES_PER_S: f64 = 20e6;

/// Seconds until the last table is copied: within a subscription so many copies run at a time, over its tables, and one
/// table is never copied by two.
pub fn copy_s(plan: &Plan, bytes_per_s: f64) -> f64 {
    let slot_s = |slot: &PlannedSlot| {
        let at_once = (plan.policy.sync_workers as usize).min(slot.tables.len()).max(1) as f64;
        let largest = slot.tables.iter().map(|table| table.copy_bytes).max().unwrap_or(0) as f64;
        largest.max(slot.copy_bytes as f64 / at_once) / bytes_per_s
    };
    plan.slots.iter().map(slot_s).fold(0.0, f64::max)
}

/// Rate of WAL: the plan's peaks together, or what the server itself has averaged, whichever is more.
fn wal_bytes_per_s(input: &Input<'_>) -> f64 {
    let planned: f64 = input.plan.slots.iter().map(|slot| slot.wal_bytes_per_s_peak).sum();
    planned.max(input.publisher().and_then(|publisher| publisher.wal_bytes_per_s).unwrap_or(0.0))
}

/// Bytes that are retained at the end of the copy; absent where its length cannot be told.
fn retained_bytes(input: &Input<'_>) -> Option<f64> {
    let copies = matches!(input.circumstances.bootstrap, Bootstrap::Copy | Bootstrap::Dump);
    copies.then(|| wal_bytes_per_s(input) * copy_s(input.plan, input.circumstances.copy_bytes_per_s))
}

/// `PF801`: how much to have free.
pub fn retained_wal(input: &Input<'_>) -> Vec<Finding> {
    if input.publisher().is_none() {
        return Vec::new();
    }
    let rate = wal_bytes_per_s(input);
    let each = Bytes(input.circumstances.copy_bytes_per_s);
    let (message, detail) = match retained_bytes(input) {
        Some(bytes) => (
            format!("about {} of WAL are retained while the tables are copied", Bytes(bytes)),
            format!(
                "{}/s of WAL over {}: {} at {each}/s for each table copy.",
                Bytes(rate),
                Seconds(copy_s(input.plan, input.circumstances.copy_bytes_per_s)),
                Bytes(input.plan.slots.iter().map(|slot| slot.copy_bytes as f64).sum())
            ),
        ),
        None => (
            format!("about {} of WAL are retained for each hour until the clone has caught up", Bytes(rate * 3600.0)),
            "Making, upgrading and starting the clone counts.".to_owned(),
        ),
    };
    vec![
        Finding::new(Severity::Info, "PF801", Subject::Publisher, message).detail(detail).hint(
            "Compare it with the free space of pg_wal, which SQL does not show; --wal-free SIZE lets this check do it. Large \
             transactions are spilled beside it, once for each slot that does not stream.",
        ),
    ]
}

/// `PF802`: the disk would be full before the copy ends.
pub fn free_space(input: &Input<'_>) -> Vec<Finding> {
    let (Some(free), Some(bytes)) = (input.circumstances.free_wal_bytes, retained_bytes(input)) else {
        return Vec::new();
    };
    if input.publisher().is_none() || bytes <= free as f64 {
        return Vec::new();
    }
    vec![
        Finding::new(
            Severity::Error,
            "PF802",
            Subject::Publisher,
            format!("about {} of WAL would be retained, and {} are free", Bytes(bytes), Bytes(free as f64)),
        )
        .hint("More disk, a time of less load, or --bootstrap dump or clone, whose copy is faster."),
    ]
}

/// `PF803`: the slots would be lost before the copy ends.
pub fn slot_limit_too_small(input: &Input<'_>) -> Vec<Finding> {
    let limit = input.publisher().and_then(|facts| facts.number("max_slot_wal_keep_size")).filter(|limit| *limit >= 0);
    let (Some(limit), Some(bytes)) = (limit, retained_bytes(input)) else { return Vec::new() };
    let limit = limit as f64 * 1_048_576.0;
    if bytes <= limit {
        return Vec::new();
    }
    vec![
        Finding::new(
            Severity::Error,
            "PF803",
            Subject::Publisher,
            format!("about {} of WAL would be retained, but a slot is lost at {}", Bytes(bytes), Bytes(limit)),
        )
        .hint("Raise max_slot_wal_keep_size, or set it to -1 and watch the disk."),
    ]
}
