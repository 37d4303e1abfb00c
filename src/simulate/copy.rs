//! The initial copy: every table is a job of one table synchronization worker of its subscription (docs/postgres.md,
//! "Initial copy").
//!
//! A worker copies the table's rows from a snapshot and then applies what changed since, decoding all WAL for it, until it
//! meets the slot's own position. Its passing slot keeps all WAL since the snapshot. A subscription starts its tables in
//! the order in which the publisher listed them, which is by name; each of its workers takes the next when it is free.

use super::{demand::Arrivals, engine::Timeline, forecast::TableCopy, layout::Layout};
use crate::{cost::Confidence, plan::copy::WORKER_START_S};

/// What the copy of one layout comes to.
pub(super) struct Copied {
    pub tables: Vec<TableCopy>,
    /// Until the last table is ready; `None` when one never is.
    pub ready_s: Option<f64>,
    pub retained_wal_bytes: f64,
}

/// What copies at which rate.
pub(super) struct Rates {
    pub bytes_per_s: f64,
    pub network_bytes_per_s: Option<f64>,
    pub workers: u32,
}

struct Job {
    slot: usize,
    worker: u32,
    unit: usize,
    share: f64,
    bytes: f64,
    from: f64,
    left: f64,
}

/// Copies from `start` (seconds from the workload's start); the timeline's WAL repeats.
pub(super) fn copy(
    demand: &Arrivals<'_>,
    layout: &Layout,
    confidence: Confidence,
    rates: &Rates,
    start: f64,
    wal: &CyclicWal,
) -> Copied {
    let mut waiting: Vec<std::collections::VecDeque<(usize, f64)>> =
        layout.slots.iter().map(|(_, units)| units.iter().copied().collect()).collect();
    let mut free: Vec<Vec<(f64, u32)>> = waiting
        .iter()
        .map(|queue| (0..(rates.workers as usize).min(queue.len()) as u32).rev().map(|w| (0.0, w)).collect())
        .collect();
    let mut running: Vec<Job> = Vec::new();
    let mut catching_up: Vec<(f64, usize, u32)> = Vec::new(); // (ready, slot, worker)
    let mut out = Copied { tables: Vec::new(), ready_s: Some(0.0), retained_wal_bytes: 0.0 };
    let mut now = 0.0;
    loop {
        for (slot, queue) in waiting.iter_mut().enumerate() {
            while let Some(&(_, worker)) = free[slot].last()
                && let Some((unit, share)) = queue.pop_front()
            {
                free[slot].pop();
                let bytes = demand.units[unit].copy_bytes as f64 * share;
                running.push(Job {
                    slot,
                    worker,
                    unit,
                    share,
                    bytes,
                    from: now,
                    left: bytes + WORKER_START_S * rates.bytes_per_s,
                });
            }
        }
        if running.is_empty() && catching_up.is_empty() {
            return out;
        }
        let rate = match rates.network_bytes_per_s {
            Some(network) => rates.bytes_per_s.min(network / running.len().max(1) as f64),
            None => rates.bytes_per_s,
        };
        let copied = running.iter().map(|job| now + job.left / rate).fold(f64::INFINITY, f64::min);
        let ready = catching_up.iter().map(|&(at, ..)| at).fold(f64::INFINITY, f64::min);
        let until = copied.min(ready);
        if until == f64::INFINITY {
            // Every worker is busy forever with a table that never catches up; the others still wait.
            out.ready_s = None;
            return out;
        }
        for job in &mut running {
            job.left -= rate * (until - now);
        }
        now = until;
        catching_up.retain(|&(at, slot, worker)| {
            let done = at <= now;
            if done {
                free[slot].push((now, worker));
            }
            !done
        });
        // Rounding leaves a few bytes of millions.
        let (done, rest): (Vec<Job>, Vec<Job>) = running.into_iter().partition(|job| job.left <= 1e-6 * rate);
        running = rest;
        for job in done {
            let ready = caught_up(demand, &job, confidence, start, now);
            catching_up.push((ready.unwrap_or(f64::INFINITY), job.slot, job.worker));
            let kept_until = ready.unwrap_or(now);
            let kept = wal.between(start + job.from, start + kept_until);
            out.retained_wal_bytes = out.retained_wal_bytes.max(kept);
            out.ready_s = match (out.ready_s, ready) {
                (Some(last), Some(ready)) => Some(last.max(ready)),
                _ => None,
            };
            out.tables.push(TableCopy {
                table: demand.units[job.unit].name.clone(),
                slot: job.slot as u32,
                worker: job.worker,
                bytes: job.bytes.round() as u64,
                from_s: job.from,
                copied_s: now,
                ready_s: ready,
            });
        }
    }
}

/// When the worker has applied all that changed in its table since its snapshot; `None` when not within ten cycles.
fn caught_up(demand: &Arrivals<'_>, job: &Job, confidence: Confidence, start: f64, copied: f64) -> Option<f64> {
    let bucket_s = demand.bucket_s();
    let count = demand.bucket_count();
    let cycle = bucket_s * count as f64;
    let (mut tau, mut now) = (job.from, copied);
    let limit = copied + 10.0 * cycle.max(86_400.0);
    while now < limit {
        let absolute = start + tau;
        let position = (absolute / bucket_s).floor();
        let bucket = (position as usize) % count;
        let cost = demand.unit_cost(confidence, job.unit, bucket, job.share);
        let busiest = cost.sender.max(cost.apply);
        let pace = if busiest > 0.0 { (1.0 / busiest).min(1e9) } else { 1e9 };
        let edge = (position + 1.0) * bucket_s - start;
        let to_edge = (edge - tau).max(1e-9);
        let meets = if pace > 1.0 { (now - tau) / (pace - 1.0) } else { f64::INFINITY };
        if meets * pace <= to_edge {
            return Some(now + meets);
        }
        tau += to_edge;
        now += to_edge / pace;
        if tau >= now {
            return Some(now);
        }
    }
    None
}

/// WAL of the cluster as time goes round and round the workload.
pub(super) struct CyclicWal {
    cycle_s: f64,
    cycle_bytes: f64,
    timeline: Timeline,
}

impl CyclicWal {
    /// `timeline` covers exactly one cycle from 0.
    pub(super) fn new(timeline: Timeline) -> Self {
        CyclicWal { cycle_s: timeline.end, cycle_bytes: timeline.wal_until(timeline.end), timeline }
    }

    fn until(&self, time: f64) -> f64 {
        let cycles = (time / self.cycle_s).floor();
        cycles * self.cycle_bytes + self.timeline.wal_until(time - cycles * self.cycle_s)
    }

    pub(super) fn between(&self, from: f64, until: f64) -> f64 {
        (self.until(until) - self.until(from)).max(0.0)
    }
}
