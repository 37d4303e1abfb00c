//! How long the initial copy takes: the rate at which a table is copied, and what follows from it. `check`, `simulate`,
//! the report and the runbook ask here.

use std::ops::RangeInclusive;

use super::Plan;

/// Bytes per second that one table copy moves when nobody says: text COPY of rows into a table with its primary key, one
/// stream, on common storage. Every site differs, so the range is wide and `--copy-rate` replaces it.
pub const COPY_BYTES_PER_S: f64 = 50e6;

/// Rate at the optimistic end, against the nominal one.
const FASTEST: f64 = 2.0;
/// Rate at the careful end, against the nominal one.
const SLOWEST: f64 = 0.4;

/// Launching a worker, making its slot and taking the snapshot, seconds; measured 0.05 to 0.2 on an idle server.
pub const WORKER_START_S: f64 = 0.1;

/// What rates are reckoned with around a nominal one: from the careful end to the optimistic one.
pub fn copy_rates(nominal: f64) -> RangeInclusive<f64> {
    nominal * SLOWEST..=nominal * FASTEST
}

/// Seconds until the last table is copied, each at `bytes_per_s`: a subscription starts its tables by name, each of its
/// `sync_workers` takes the next when it is free, and one table is never copied by two.
pub fn copy_s(plan: &Plan, bytes_per_s: f64) -> f64 {
    let workers = plan.policy.sync_workers.max(1) as usize;
    let slots = plan.slots.iter().map(|slot| {
        let mut free_at = vec![0.0f64; workers.min(slot.tables.len()).max(1)];
        for table in &slot.tables {
            let next = (0..free_at.len()).min_by(|&a, &b| free_at[a].total_cmp(&free_at[b])).unwrap_or(0);
            free_at[next] += WORKER_START_S + table.copy_bytes as f64 / bytes_per_s;
        }
        free_at.into_iter().fold(0.0, f64::max)
    });
    slots.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::tests::{plan, slot, table};

    #[test]
    fn copies_by_hand() {
        // two workers: a (10 s) beside b (4 s) and c (8 s); each start takes 0.1 s
        let sized = |name: &str, bytes| super::super::PlannedTable { copy_bytes: bytes, ..table("s", name) };
        let tables = vec![sized("a", 1000), sized("b", 400), sized("c", 800)];
        let plan = plan(15, 15, vec![slot("x", tables), slot("y", vec![sized("d", 100)])]);
        assert_eq!(plan.policy.sync_workers, 2);
        assert!((copy_s(&plan, 100.0) - 12.2).abs() < 1e-9, "{}", copy_s(&plan, 100.0));
        assert_eq!(copy_rates(50e6), 20e6..=100e6);
    }
}
