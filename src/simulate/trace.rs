//! One layout at one set of coefficients, run through the engine and kept bucket by bucket.

use super::{
    demand::Arrivals,
    engine::{self, Cost, Lump, Pools, Segment, Stretch, Timeline},
    forecast::Episode,
    layout::Layout,
    scenario::Scenario,
};
use crate::{cost::Confidence, workload::record_model::RowCosts};

/// Workloads of at least a day repeat: the days before the first bucket were like those after.
const CYCLIC_FROM_S: f64 = 86_400.0;

/// What a slot did.
#[derive(Debug, Clone, Default)]
pub(super) struct SlotTrace {
    /// Largest lag in each bucket.
    pub lag_s: Vec<f64>,
    pub lag_bytes: Vec<f64>,
    /// When the lag was largest, and how large.
    pub worst: (f64, f64),
    pub episodes: Vec<Episode>,
    /// How it stands at the start of each bucket.
    standing: Vec<Standing>,
    /// And at the time of cutover that was asked for.
    asked: Option<Standing>,
}

/// What a slot has delivered at some time.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// Source time.
    tau: f64,
    /// Seconds of apply work that a committed large transaction still takes.
    lump: f64,
}

/// When positions are looked at.
struct Frame {
    bucket_s: f64,
    /// End of the cycle that counts.
    length: f64,
    /// The time of cutover that was asked for.
    asked: Option<f64>,
}

/// What a layout did.
pub(super) struct Trace {
    pub slots: Vec<SlotTrace>,
    /// WAL kept for the slowest slot, in each bucket.
    pub retained: Vec<f64>,
    /// Costs of each slot in each bucket, without bulk loads.
    pub costs: Vec<Vec<Cost>>,
    timeline: Timeline,
}

/// Runs one cycle before (if the workload is cyclic), the one that counts, and as much of the next as the slots need to
/// catch up. Outages and bulk loads are in the cycle that counts.
pub(super) fn trace(demand: &Arrivals<'_>, layout: &Layout, confidence: Confidence, scenario: &Scenario) -> Trace {
    let costs: Vec<Vec<Cost>> = layout.slots.iter().map(|(_, units)| demand.costs(confidence, units)).collect();
    let timeline = timeline(demand, layout, confidence, scenario, &costs);
    let count = demand.bucket_count();
    let length = count as f64 * demand.bucket_s();
    let empty = SlotTrace {
        lag_s: vec![0.0; count],
        lag_bytes: vec![0.0; count],
        standing: (0..count).map(|bucket| Standing { tau: bucket as f64 * demand.bucket_s(), lump: 0.0 }).collect(),
        ..SlotTrace::default()
    };
    let mut slots = vec![empty; layout.slots.len()];
    let mut retained = vec![0.0; count];
    let pools = Pools {
        publisher_cores: scenario.publisher_cores,
        subscriber_cores: scenario.subscriber_cores,
        network_bytes_per_s: scenario.network_bytes_per_s,
    };
    let mut open: Vec<Option<Episode>> = vec![None; slots.len()];
    let frame = Frame { bucket_s: demand.bucket_s(), length, asked: scenario.cutover_s };
    engine::run(&timeline, slots.len(), &pools, |step| {
        for (index, slot) in slots.iter_mut().enumerate() {
            look(step, index, slot, &mut open[index], &mut retained, &frame);
        }
        step.until < length || open.iter().any(Option::is_some)
    });
    for (slot, open) in slots.iter_mut().zip(open) {
        slot.episodes.extend(open);
        slot.episodes.sort_by(|a, b| b.flush_lag_s.total_cmp(&a.flush_lag_s).then(a.from_s.total_cmp(&b.from_s)));
    }
    Trace { slots, retained, costs, timeline }
}

/// Behind by less is the rounding of the engine, seconds.
const BEHIND_S: f64 = 1e-4;

fn look(
    step: &Stretch<'_>,
    index: usize,
    slot: &mut SlotTrace,
    open: &mut Option<Episode>,
    retained: &mut [f64],
    frame: &Frame,
) {
    let &Frame { bucket_s, length, asked } = frame;
    let lag = (step.from - step.before[index].tau, step.until - step.after[index].tau);
    let bytes = step.lag_bytes(index);
    let (lag_s, lag_bytes) = (lag.0.max(lag.1), bytes.0.max(bytes.1));
    if step.from >= 0.0 && step.from < length {
        let bucket = ((step.from / bucket_s) as usize).min(retained.len() - 1);
        slot.lag_s[bucket] = slot.lag_s[bucket].max(lag_s);
        slot.lag_bytes[bucket] = slot.lag_bytes[bucket].max(lag_bytes);
        let kept = step.retained_bytes(index);
        retained[bucket] = retained[bucket].max(kept.0).max(kept.1);
        // The first look into a bucket is at its start, to the engine's rounding; and one is at the time that was asked for.
        let standing = Standing { tau: step.before[index].tau, lump: step.before[index].lump };
        if step.from - bucket as f64 * bucket_s < BEHIND_S {
            slot.standing[bucket] = standing;
        }
        if asked.is_some_and(|asked| (step.from - asked).abs() < BEHIND_S) {
            slot.asked = Some(standing);
        }
        for (at, lag) in [(step.from, lag.0), (step.until, lag.1)] {
            if lag > slot.worst.1 {
                slot.worst = (at, lag);
            }
        }
    }
    if lag_s <= BEHIND_S {
        return;
    }
    let episode = open.get_or_insert_with(|| Episode {
        from_s: step.from,
        until_s: None,
        peak_at_s: step.from,
        flush_lag_s: 0.0,
        flush_lag_bytes: 0.0,
    });
    episode.flush_lag_s = episode.flush_lag_s.max(lag_s);
    for (at, bytes) in [(step.from, bytes.0), (step.until, bytes.1)] {
        if bytes > episode.flush_lag_bytes {
            (episode.flush_lag_bytes, episode.peak_at_s) = (bytes, at);
        }
    }
    if lag.1 <= BEHIND_S {
        episode.until_s = Some(step.until);
        let over = open.take();
        // What happened before the first bucket is of the cycle before, unless it lasts.
        slot.episodes.extend(over.filter(|over| over.until_s.is_some_and(|until| until > 0.0) && over.from_s < length));
    }
}

impl Trace {
    /// Seconds from the end of all writes at the start of a bucket until every slot is empty: the longest slot, or what
    /// the shared cores and the network take for all of them together. A slot that is down waits until it is up again.
    pub(super) fn drain_s(&self, bucket: usize, bucket_s: f64, scenario: &Scenario) -> f64 {
        self.drain_from(bucket as f64 * bucket_s, |slot| slot.standing[bucket], scenario)
    }

    /// The same at the time of cutover that was asked for; `None` if it is not within the cycle.
    pub(super) fn drain_asked_s(&self, scenario: &Scenario) -> Option<f64> {
        let at = scenario.cutover_s?;
        let standing: Vec<Standing> = self.slots.iter().map(|slot| slot.asked).collect::<Option<_>>()?;
        let mut standing = standing.into_iter();
        Some(self.drain_from(at, |slot| standing.next().unwrap_or(slot.standing[0]), scenario))
    }

    fn drain_from(&self, at: f64, mut standing: impl FnMut(&SlotTrace) -> Standing, scenario: &Scenario) -> f64 {
        let mut longest: f64 = 0.0;
        let mut together = Cost::default();
        for (index, slot) in self.slots.iter().enumerate() {
            let Standing { tau, lump } = standing(slot);
            let (seconds, sum) = self.work_between(index, tau, at);
            longest = longest.max(self.passed(Some(index), at, seconds + lump));
            together.sender += sum.sender;
            together.apply += sum.apply + lump;
            together.bytes += sum.bytes;
        }
        let over =
            |work: f64, capacity: Option<f64>| capacity.map_or(0.0, |capacity| self.passed(None, at, work / capacity));
        longest
            .max(over(together.sender, scenario.publisher_cores))
            .max(over(together.apply, scenario.subscriber_cores))
            .max(over(together.bytes, scenario.network_bytes_per_s))
    }

    /// How long so much work takes from a time on, with the outages in which the slot (or every slot) stands still.
    fn passed(&self, slot: Option<usize>, at: f64, work: f64) -> f64 {
        if work <= BEHIND_S {
            return work;
        }
        let mut outages: Vec<(f64, f64)> = self
            .timeline
            .outages
            .iter()
            .filter(|(_, _, whose)| whose.is_none() || (slot.is_some() && *whose == slot))
            .map(|&(from, until, _)| (from, until))
            .collect();
        outages.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut now, mut left) = (at, work);
        for (from, until) in outages {
            if until <= now {
                continue;
            }
            if from - now >= left {
                break;
            }
            left -= (from - now).max(0.0);
            now = until;
        }
        now + left - at
    }

    fn work_between(&self, slot: usize, from: f64, until: f64) -> (f64, Cost) {
        let (mut seconds, mut sum) = (0.0, Cost::default());
        let mut tau = from;
        while tau < until - BEHIND_S {
            let segment = self.timeline.segment_at(tau);
            let end = self.timeline.segments.get(segment + 1).map_or(until, |next| next.start).min(until);
            let cost = self.timeline.costs[self.timeline.segments[segment].row][slot];
            let length = end - tau;
            seconds += cost.sender.max(cost.apply) * length;
            sum.sender += cost.sender * length;
            sum.apply += cost.apply * length;
            sum.bytes += cost.bytes * length;
            tau = end;
        }
        let lumps = self.timeline.lumps.iter().filter(|l| l.slot == slot && l.at > from && l.at <= until);
        let lumps: f64 = lumps.map(|lump| lump.apply).sum();
        sum.apply += lumps;
        (seconds + lumps, sum)
    }
}

/// The buckets as segments of one cycle from 0: for WAL alone.
pub(super) fn one_cycle(demand: &Arrivals<'_>) -> Timeline {
    let segments = (0..demand.bucket_count())
        .map(|bucket| Segment { start: bucket as f64 * demand.bucket_s(), wal: demand.wal[bucket], row: 0 })
        .collect();
    Timeline::new(segments, demand.bucket_count() as f64 * demand.bucket_s(), vec![Vec::new()])
}

fn timeline(
    demand: &Arrivals<'_>,
    layout: &Layout,
    confidence: Confidence,
    scenario: &Scenario,
    costs: &[Vec<Cost>],
) -> Timeline {
    let (count, bucket_s) = (demand.bucket_count(), demand.bucket_s());
    let length = count as f64 * bucket_s;
    let mut rows: Vec<Vec<Cost>> = (0..count).map(|bucket| costs.iter().map(|slot| slot[bucket]).collect()).collect();
    let first_cycle = if length >= CYCLIC_FROM_S { -1 } else { 0 };
    let mut segments: Vec<Segment> = (first_cycle..=1)
        .flat_map(|cycle| (0..count).map(move |bucket| (f64::from(cycle) * length + bucket as f64 * bucket_s, bucket)))
        .map(|(start, bucket)| Segment { start, wal: demand.wal[bucket], row: bucket })
        .collect();
    if let Some(at) = scenario.cutover_s {
        split(&mut segments, at);
    }
    let mut loads = Vec::new();
    for load in &scenario.bulk_loads {
        let until = load.from_s + load.duration_s;
        split(&mut segments, load.from_s);
        split(&mut segments, until);
        let Some(work) = BulkWork::new(demand, confidence, load) else { continue };
        for segment in segments.iter_mut().filter(|segment| load.from_s <= segment.start && segment.start < until) {
            let mut row = rows[segment.row].clone();
            work.add(layout, &mut row);
            segment.row = rows.len();
            segment.wal += work.wal_per_s;
            rows.push(row);
        }
        loads.push((work, load.from_s, until));
    }
    let mut timeline = Timeline::new(segments, 2.0 * length, rows);
    for (work, from, until) in &loads {
        timeline.open_transactions.push((*from, *until));
        timeline.lumps.extend(work.lumps(layout, *until));
    }
    for outage in &scenario.outages {
        let slot = outage.slot.as_ref().map(|name| layout.slots.iter().position(|(known, _)| known == name));
        // A baseline has no slot of that name; there the outage is of all, which is what a server outage would be.
        timeline.outages.push((outage.from_s, outage.from_s + outage.duration_s, slot.flatten()));
    }
    timeline
}

/// Makes a time a segment's start.
fn split(segments: &mut Vec<Segment>, at: f64) {
    let position = segments.partition_point(|segment| segment.start <= at);
    if let Some(before) = position.checked_sub(1).map(|before| segments[before])
        && before.start < at
    {
        segments.insert(position, Segment { start: at, ..before });
    }
}

/// What a bulk load adds while it runs, and what is due at its commit.
struct BulkWork {
    unit: usize,
    wal_per_s: f64,
    decode: f64,
    send: f64,
    apply: f64,
    bytes: f64,
    /// Applied as it arrives (parallel streaming on both sides); otherwise all at the commit.
    streamed: bool,
    duration_s: f64,
}

impl BulkWork {
    fn new(demand: &Arrivals<'_>, confidence: Confidence, load: &super::scenario::BulkLoad) -> Option<Self> {
        let unit = demand.unit_of(&load.table)?;
        let table = demand.workload.tables.iter().find(|table| table.table_name() == load.table)?;
        let costs = RowCosts::of_shape(table, &[], 0.0);
        let rows_per_s = load.bytes as f64 / table.row_width_bytes.max(1.0) / load.duration_s;
        // An entry of a B-tree is about 80 bytes of WAL (al8 of header, tuple and key).
        let wal_per_s = rows_per_s * (costs.insert_wal + 80.0 * f64::from(table.index_count));
        let mut rows = table.clone();
        rows.load = crate::workload::Load {
            inserts_per_s: crate::workload::Series::Constant(rows_per_s),
            logical_bytes_per_s: crate::workload::Series::Constant(rows_per_s * costs.insert_logical),
            transactions_per_s: Some(crate::workload::Series::Constant(0.0)),
            ..crate::workload::Load::default()
        };
        let times = demand.cost.stage_times(&rows, confidence, 0);
        let streamed =
            demand.cost.publisher.has_parallel_streaming() && demand.cost.subscriber.has_parallel_streaming();
        Some(BulkWork {
            unit,
            wal_per_s,
            decode: 1e-9 * demand.cost.coefficients.get(confidence).decode_byte_ns * wal_per_s,
            send: times.send,
            apply: times.apply,
            bytes: rows_per_s * costs.insert_logical,
            streamed,
            duration_s: load.duration_s,
        })
    }

    fn share(&self, units: &[(usize, f64)]) -> f64 {
        units.iter().find(|(unit, _)| *unit == self.unit).map_or(0.0, |(_, share)| *share)
    }

    fn add(&self, layout: &Layout, row: &mut [Cost]) {
        for (cost, (_, units)) in row.iter_mut().zip(&layout.slots) {
            let share = self.share(units);
            cost.sender += self.decode + self.send * share;
            cost.bytes += self.bytes * share;
            if self.streamed {
                cost.apply += self.apply * share;
            }
        }
    }

    fn lumps(&self, layout: &Layout, commit: f64) -> Vec<Lump> {
        if self.streamed {
            return Vec::new();
        }
        let shares = layout.slots.iter().map(|(_, units)| self.share(units)).enumerate();
        shares
            .filter(|(_, share)| *share > 0.0)
            .map(|(slot, share)| Lump { at: commit, slot, apply: self.apply * self.duration_s * share })
            .collect()
    }
}
