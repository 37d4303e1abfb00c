//! WAL that is retained while the copy runs: the rate at which it is written, times the time that the copy takes.
//!
//! Every slot of the plan stands still until its tables are copied, so that the whole WAL of the cluster is kept from the
//! making of the slots on. Free space is not visible to SQL.

use super::Input;
use crate::{
    finding::{Finding, Severity, Subject, code},
    plan::copy::{copy_rates, copy_s},
    units::{Bytes, Seconds},
};

/// Rate of WAL: the plan's peaks together, or what the server itself has averaged, whichever is more.
fn wal_bytes_per_s(input: &Input<'_>) -> f64 {
    let planned: f64 = input.plan.slots.iter().map(|slot| slot.wal_bytes_per_s_peak).sum();
    planned.max(input.publisher().and_then(|publisher| publisher.wal_bytes_per_s).unwrap_or(0.0))
}

/// Bytes that are retained at the end of the copy, and those at the careful copy rate; absent where its length cannot be
/// told.
fn retained_bytes(input: &Input<'_>) -> Option<(f64, f64)> {
    let copies = !input.circumstances.bootstrap.is_physical();
    let nominal = input.circumstances.copy_bytes_per_s;
    let retained = |rate: f64| wal_bytes_per_s(input) * copy_s(input.plan, rate);
    copies.then(|| (retained(nominal), retained(*copy_rates(nominal).start())))
}

/// What is wrong when so much room is there for retained WAL: an error, or a warning where only the careful rate exceeds it.
fn too_small(input: &Input<'_>, room: f64) -> Option<(Severity, String)> {
    let (nominal, careful) = retained_bytes(input)?;
    if nominal > room {
        return Some((Severity::Error, format!("about {} of WAL would be retained", Bytes(nominal))));
    }
    (careful > room).then(|| {
        let slow = Bytes(*copy_rates(input.circumstances.copy_bytes_per_s).start());
        let message = format!("up to {} of WAL may be retained, if a table copy moves only {slow}/s", Bytes(careful));
        (Severity::Warning, message)
    })
}

/// `PF801`: how much to have free.
pub fn retained_wal(input: &Input<'_>) -> Vec<Finding> {
    if input.publisher().is_none() {
        return Vec::new();
    }
    let rate = wal_bytes_per_s(input);
    let each = Bytes(input.circumstances.copy_bytes_per_s);
    let (message, detail) = match retained_bytes(input) {
        Some((bytes, careful)) => (
            format!("about {} of WAL are retained while the tables are copied", Bytes(bytes)),
            format!(
                "{}/s of WAL over {}: {} at {each}/s for each table copy. At {}/s it would be {}.",
                Bytes(rate),
                Seconds(copy_s(input.plan, input.circumstances.copy_bytes_per_s)),
                Bytes(input.plan.slots.iter().map(|slot| slot.copy_bytes as f64).sum()),
                Bytes(*copy_rates(input.circumstances.copy_bytes_per_s).start()),
                Bytes(careful)
            ),
        ),
        None => (
            format!("about {} of WAL are retained for each hour until the clone has caught up", Bytes(rate * 3600.0)),
            "Making, upgrading and starting the clone counts.".to_owned(),
        ),
    };
    vec![
        Finding::new(code::PF801, Subject::Publisher, message).detail(detail).hint(
            "Compare it with the free space of pg_wal, which SQL does not show; --wal-free SIZE lets this check do it. Large \
             transactions are spilled beside it, once for each slot that does not stream.",
        ),
    ]
}

/// `PF802`: the disk would be full before the copy ends.
pub fn free_space(input: &Input<'_>) -> Vec<Finding> {
    let Some(free) = input.circumstances.free_wal_bytes.filter(|_| input.publisher().is_some()) else {
        return Vec::new();
    };
    let Some((severity, retained)) = too_small(input, free as f64) else { return Vec::new() };
    vec![
        Finding::new(code::PF802, Subject::Publisher, format!("{retained}, and {} are free", Bytes(free as f64)))
            .with_severity(severity)
            .hint("More disk, a time of less load, or --bootstrap snapshot, dump or clone, whose copy is faster."),
    ]
}

/// `PF803`: the slots would be lost before the copy ends.
pub fn slot_limit_too_small(input: &Input<'_>) -> Vec<Finding> {
    let limit = input.publisher().and_then(|facts| facts.number("max_slot_wal_keep_size")).filter(|limit| *limit >= 0);
    let Some(limit) = limit.map(|megabytes| megabytes as f64 * 1_048_576.0) else { return Vec::new() };
    let Some((severity, retained)) = too_small(input, limit) else { return Vec::new() };
    vec![
        Finding::new(code::PF803, Subject::Publisher, format!("{retained}, but a slot is lost at {}", Bytes(limit)))
            .with_severity(severity)
            .hint("Raise max_slot_wal_keep_size, or set it to -1 and watch the disk."),
    ]
}
