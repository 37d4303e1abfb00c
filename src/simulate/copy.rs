//! The initial copy: every table is a job of one table synchronization worker of its subscription (docs/postgres.md,
//! "Initial copy").
//!
//! A worker copies the table's rows from a snapshot and then applies what changed since, decoding all WAL for it, until it
//! meets the slot's own position. Its passing slot keeps all WAL since the snapshot. A subscription starts its tables in
//! the order in which the publisher listed them, which is by name; each of its workers takes the next when it is free.
//!
//! Bootstrap `snapshot` instead makes all slots at once, copies all tables from one snapshot in pieces of about the same size, the largest
//! tables first, and lets the slots go when the last row is there (docs/snapshot.md).

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::{
    demand::Arrivals,
    engine::{Cost, Timeline},
    forecast::TableCopy,
    layout::Layout,
    scenario::Pieces,
};
use crate::{cost::Confidence, plan::copy::WORKER_START_S};

/// What the copy of one layout comes to.
pub(super) struct Copied {
    pub tables: Vec<TableCopy>,
    /// Until the last table is ready; `None` when one never is.
    pub ready_s: Option<f64>,
    pub retained_wal_bytes: f64,
    /// Until the last row is copied.
    pub copied_s: f64,
}

/// What a piece takes besides its rows, seconds: three psql and their sessions. Measured, see docs/snapshot.md.
const PIECE_START_S: f64 = 0.1;

/// Of more pieces larger ones are made: a forecast is done for many starts.
const MOST_PIECES: f64 = 50_000.0;

/// What copies at which rate.
pub(super) struct Rates {
    pub bytes_per_s: f64,
    pub network_bytes_per_s: Option<f64>,
    pub workers: u32,
    pub pieces: Option<Pieces>,
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
    if let Some(pieces) = rates.pieces {
        return by_pieces(demand, layout, confidence, rates, pieces, start, wal);
    }
    let mut waiting: Vec<std::collections::VecDeque<(usize, f64)>> =
        layout.slots.iter().map(|(_, units)| units.iter().copied().collect()).collect();
    let mut free: Vec<Vec<(f64, u32)>> = waiting
        .iter()
        .map(|queue| (0..(rates.workers as usize).min(queue.len()) as u32).rev().map(|w| (0.0, w)).collect())
        .collect();
    let mut running: Vec<Job> = Vec::new();
    let mut catching_up: Vec<(f64, usize, u32)> = Vec::new(); // (ready, slot, worker)
    let mut out = Copied { tables: Vec::new(), ready_s: Some(0.0), retained_wal_bytes: 0.0, copied_s: 0.0 };
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
            let cost = |bucket: usize| demand.unit_cost(confidence, job.unit, bucket, job.share);
            let ready = caught_up(demand, &cost, start, job.from, now);
            catching_up.push((ready.unwrap_or(f64::INFINITY), job.slot, job.worker));
            let kept_until = ready.unwrap_or(now);
            let kept = wal.between(start + job.from, start + kept_until);
            out.copied_s = out.copied_s.max(now);
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

/// All slots from the start, `jobs` programs that take pieces, then every slot catches up with all that was written meanwhile.
fn by_pieces(
    demand: &Arrivals<'_>,
    layout: &Layout,
    confidence: Confidence,
    rates: &Rates,
    pieces: Pieces,
    start: f64,
    wal: &CyclicWal,
) -> Copied {
    let sizes: Vec<u64> = demand.units.iter().map(|unit| unit.copy_bytes).collect();
    let copied = Schedule::new(&sizes, rates, pieces);
    let mut out = Copied { tables: Vec::new(), ready_s: Some(0.0), retained_wal_bytes: 0.0, copied_s: copied.until_s };
    for (slot, (_, units)) in layout.slots.iter().enumerate() {
        let costs = demand.costs(confidence, units);
        let ready = caught_up(demand, &|bucket| costs[bucket], start, 0.0, copied.until_s);
        out.ready_s = match (out.ready_s, ready) {
            (Some(last), Some(ready)) => Some(last.max(ready)),
            _ => None,
        };
        let kept = wal.between(start, start + ready.unwrap_or(copied.until_s));
        out.retained_wal_bytes = out.retained_wal_bytes.max(kept);
        out.tables.extend(units.iter().map(|&(unit, share)| {
            let (worker, from_s, copied_s) = copied.tables[&unit];
            TableCopy {
                table: demand.units[unit].name.clone(),
                slot: slot as u32,
                worker,
                bytes: (demand.units[unit].copy_bytes as f64 * share).round() as u64,
                from_s,
                copied_s,
                ready_s: ready,
            }
        }));
    }
    out
}

/// Who copies what when, by pieces: it does not depend on when the copy starts.
struct Schedule {
    /// By unit: the program that takes the first piece, when that begins, when the last one is copied.
    tables: BTreeMap<usize, (u32, f64, f64)>,
    until_s: f64,
}

impl Schedule {
    fn new(sizes: &[u64], rates: &Rates, pieces: Pieces) -> Self {
        let jobs = f64::from(pieces.jobs);
        let rate = rates.network_bytes_per_s.map_or(rates.bytes_per_s, |all| rates.bytes_per_s.min(all / jobs));
        let total: f64 = sizes.iter().map(|&size| size as f64).sum();
        let piece = (pieces.bytes as f64).max(total / MOST_PIECES);
        let mut largest: Vec<usize> = (0..sizes.len()).collect();
        largest.sort_by_key(|&unit| Reverse(sizes[unit]));
        // when each program is free, nanoseconds: the first of those that are free first takes the next piece
        let mut free: BinaryHeap<Reverse<(u64, u32)>> = (0..pieces.jobs).map(|job| Reverse((0, job))).collect();
        let (mut tables, mut until) = (BTreeMap::new(), 0);
        for unit in largest {
            let bytes = sizes[unit] as f64;
            let count = (bytes / piece).round().max(1.0);
            let starts = (bytes / pieces.bytes as f64 / count).max(1.0);
            let duration = ((PIECE_START_S * starts + bytes / count / rate) * 1e9).round() as u64;
            for _ in 0..count as u64 {
                let Some(Reverse((from, job))) = free.pop() else { break };
                let end = from.saturating_add(duration);
                free.push(Reverse((end, job)));
                until = until.max(end);
                let entry = tables.entry(unit).or_insert((job, from as f64 * 1e-9, 0.0));
                entry.2 = end as f64 * 1e-9;
            }
        }
        Schedule { tables, until_s: until as f64 * 1e-9 }
    }
}

/// When all that costs `cost` in a bucket, and was written from `from` on, is applied, if that begins at `copied`; `None` when not within
/// ten cycles.
fn caught_up(demand: &Arrivals<'_>, cost: &dyn Fn(usize) -> Cost, start: f64, from: f64, copied: f64) -> Option<f64> {
    let bucket_s = demand.bucket_s();
    let count = demand.bucket_count();
    let cycle = bucket_s * count as f64;
    let (mut tau, mut now) = (from, copied);
    let limit = copied + 10.0 * cycle.max(86_400.0);
    while now < limit {
        let absolute = start + tau;
        let position = (absolute / bucket_s).floor();
        let bucket = (position as usize) % count;
        let cost = cost(bucket);
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

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    #[test]
    fn pieces_share_a_large_table_out() {
        let schedule = |jobs, piece, network_bytes_per_s| {
            let rates = Rates { bytes_per_s: 50e6, network_bytes_per_s, workers: 2, pieces: None };
            Schedule::new(&[200 * MB, 1000 * MB], &rates, Pieces { jobs, bytes: piece })
        };
        let near = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-6, "{value}, not {expected}");
        // ten pieces of 2.1 s of the large table first, then two of the small one: three for each of four programs
        let four = schedule(4, 100 * MB, None);
        near(four.until_s, 3.0 * 2.1);
        assert_eq!(four.tables[&1].1, 0.0);
        near(four.tables[&0].1, 2.0 * 2.1);
        // whole tables: the larger one decides, however many programs there are
        near(schedule(8, 5000 * MB, None).until_s, 20.1);
        // the network is shared
        near(schedule(4, 100 * MB, Some(100e6)).until_s, 3.0 * 4.1);
        // no size makes more pieces than can be counted
        let rates = Rates { bytes_per_s: 50e6, network_bytes_per_s: None, workers: 2, pieces: None };
        let vast = Schedule::new(&[u64::MAX / 4, 1], &rates, Pieces { jobs: 1000, bytes: MB });
        assert!(vast.until_s.is_finite() && vast.until_s > 1e6);
    }
}
