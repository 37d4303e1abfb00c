//! Fluid queues in source time.
//!
//! A slot delivers WAL in order, so its state is one number: the *source time* τ up to which it has delivered, at most
//! the present time t. A second of source time costs each stage what the workload's bucket says: the walsender (decoding
//! everything and sending its part), the network and the apply worker work at the same time with little buffer between
//! them, so τ advances at the pace of the slowest, and never faster than time itself once it has caught up. Flush lag is
//! t − τ in seconds and W(t) − W(τ) in bytes, with W the cluster's WAL.
//!
//! Walsenders share the publisher's cores, apply workers the subscriber's, both the network: each pool is given out evenly
//! (max-min fair), one pool after the other. Between two events (a bucket's edge passed by t or a τ, a slot caught up, an
//! outage's edge, a lump done) all speeds are constant, so the simulation is exact for piecewise constant rates. Cost:
//! O(slots) an event, about (slots + 1) × buckets events.

/// What one second of source time costs a slot.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Cost {
    /// Walsender, seconds.
    pub sender: f64,
    /// Apply worker, seconds.
    pub apply: f64,
    /// Network, bytes.
    pub bytes: f64,
}

/// A stretch of time with constant rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    /// Its start, seconds.
    pub start: f64,
    /// WAL of the cluster, bytes per second.
    pub wal: f64,
    /// Row of [`Timeline::costs`].
    pub row: usize,
}

/// Work that becomes due at once when a slot reaches a point: the apply of a large transaction that has committed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lump {
    /// A segment's start.
    pub at: f64,
    /// Which slot.
    pub slot: usize,
    /// Apply worker, seconds.
    pub apply: f64,
}

/// What arrives when.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    /// In order; consecutive.
    pub segments: Vec<Segment>,
    /// End of the last.
    pub end: f64,
    /// Rows of one cost a slot.
    pub costs: Vec<Vec<Cost>>,
    /// By time.
    pub lumps: Vec<Lump>,
    /// Transactions whose WAL must be kept until their end is delivered: (start, commit).
    pub open_transactions: Vec<(f64, f64)>,
    /// (from, until, slot or all).
    pub outages: Vec<(f64, f64, Option<usize>)>,
    /// WAL before each segment, bytes.
    cumulative: Vec<f64>,
}

impl Timeline {
    pub(super) fn new(segments: Vec<Segment>, end: f64, costs: Vec<Vec<Cost>>) -> Self {
        let mut cumulative = Vec::with_capacity(segments.len());
        let mut sum = 0.0;
        for (index, segment) in segments.iter().enumerate() {
            cumulative.push(sum);
            let until = segments.get(index + 1).map_or(end, |next| next.start);
            sum += segment.wal * (until - segment.start);
        }
        Timeline { segments, end, costs, cumulative, ..Timeline::default() }
    }

    /// The segment that holds a time; the first or last outside.
    pub(super) fn segment_at(&self, time: f64) -> usize {
        self.segments.partition_point(|segment| segment.start <= time).saturating_sub(1)
    }

    /// WAL written until a time, bytes.
    pub(super) fn wal_until(&self, time: f64) -> f64 {
        self.wal_in(self.segment_at(time), time)
    }

    fn wal_in(&self, segment: usize, time: f64) -> f64 {
        self.cumulative[segment] + self.segments[segment].wal * (time - self.segments[segment].start)
    }

    fn segment_end(&self, segment: usize) -> f64 {
        self.segments.get(segment + 1).map_or(self.end, |next| next.start)
    }

    fn cost(&self, segment: usize, slot: usize) -> Cost {
        self.costs[self.segments[segment].row][slot]
    }
}

/// What slots share; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Pools {
    pub publisher_cores: Option<f64>,
    pub subscriber_cores: Option<f64>,
    pub network_bytes_per_s: Option<f64>,
}

/// How a slot stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    /// Delivered up to here.
    pub tau: f64,
    segment: usize,
    /// Seconds of apply work of a lump in progress.
    pub lump: f64,
}

/// A stretch of time between two events, given to the observer.
pub(super) struct Stretch<'a> {
    pub from: f64,
    pub until: f64,
    pub before: &'a [Position],
    pub after: &'a [Position],
    pub timeline: &'a Timeline,
    /// Segment of the stretch.
    pub segment: usize,
}

impl Stretch<'_> {
    /// Bytes behind, at both ends of the stretch.
    pub(super) fn lag_bytes(&self, slot: usize) -> (f64, f64) {
        let bytes = |time: f64, position: &Position| {
            let wal = self.timeline.wal_in(self.segment, time) - self.timeline.wal_in(position.segment, position.tau);
            if position.tau >= time { 0.0 } else { wal.max(0.0) }
        };
        (bytes(self.from, &self.before[slot]), bytes(self.until, &self.after[slot]))
    }

    /// WAL that must be kept for a slot, at both ends: from its position, or from the start of a transaction that is not
    /// delivered yet.
    pub(super) fn retained_bytes(&self, slot: usize) -> (f64, f64) {
        let mut kept = self.lag_bytes(slot);
        for &(start, commit) in &self.timeline.open_transactions {
            // Open until the stretch ends in which it is delivered.
            let before = &self.before[slot];
            if start >= self.until || (before.tau >= commit && before.lump <= 0.0) {
                continue;
            }
            let at = |time: f64, position: &Position| {
                let kept = self.timeline.wal_in(self.segment, time) - self.timeline.wal_until(start.min(position.tau));
                kept.max(0.0)
            };
            kept = (kept.0.max(at(self.from, before)), kept.1.max(at(self.until, &self.after[slot])));
        }
        kept
    }
}

/// Behind by less than this counts as caught up, seconds.
const CAUGHT_UP_S: f64 = 1e-7;

/// Runs from the timeline's start, all slots caught up, until its end, or until `done` says so after a step.
pub(super) fn run(timeline: &Timeline, slots: usize, pools: &Pools, mut observe: impl FnMut(&Stretch<'_>) -> bool) {
    let Some(first) = timeline.segments.first() else { return };
    let mut t = first.start;
    let mut t_segment = 0;
    let mut now = vec![Position { tau: t, segment: 0, lump: 0.0 }; slots];
    let mut edges: Vec<f64> = timeline.outages.iter().flat_map(|&(from, until, _)| [from, until]).collect();
    edges.sort_by(f64::total_cmp);
    let mut speeds = vec![Speed::default(); slots];
    let mut before = now.clone();
    let mut demands = Vec::with_capacity(slots);
    while t < timeline.end {
        for (slot, speed) in speeds.iter_mut().enumerate() {
            *speed = wanted(timeline, slot, &now[slot], t, t_segment);
        }
        share(&mut speeds, pools.publisher_cores, |cost| cost.sender, &mut demands);
        share(&mut speeds, pools.network_bytes_per_s, |cost| cost.bytes, &mut demands);
        share(&mut speeds, pools.subscriber_cores, |cost| cost.apply, &mut demands);
        let t_end = timeline.segment_end(t_segment);
        let next_edge = edges.iter().copied().find(|&edge| edge > t + CAUGHT_UP_S).unwrap_or(f64::INFINITY);
        let mut until = t_end.min(next_edge);
        for (position, speed) in now.iter().zip(&speeds) {
            until = until.min(next_event(timeline, position, speed, t));
        }
        // An event that is due at once still moves time a little: rounding must not stop it.
        until = until.max(t + CAUGHT_UP_S);
        before.copy_from_slice(&now);
        let elapsed = until - t;
        let crossed = until >= t_end;
        for (position, speed) in now.iter_mut().zip(&speeds) {
            advance(timeline, position, speed, elapsed, until);
        }
        let keep_on = observe(&Stretch { from: t, until, before: &before, after: &now, timeline, segment: t_segment });
        t = until;
        if crossed {
            t_segment = (t_segment + 1).min(timeline.segments.len() - 1);
        }
        for (slot, position) in now.iter_mut().enumerate() {
            enter(timeline, slot, position);
        }
        if !keep_on {
            return;
        }
    }
}

/// How fast a slot moves and what it uses.
#[derive(Debug, Clone, Copy, Default)]
struct Speed {
    /// Source seconds per second; of a lump: seconds of it per second.
    pace: f64,
    cost: Cost,
    behind: bool,
    in_lump: bool,
}

fn wanted(timeline: &Timeline, slot: usize, position: &Position, t: f64, t_segment: usize) -> Speed {
    let is_down = |&(from, until, whose): &(f64, f64, Option<usize>)| {
        from <= t + CAUGHT_UP_S && t + CAUGHT_UP_S < until && whose.is_none_or(|whose| whose == slot)
    };
    let behind = t - position.tau > CAUGHT_UP_S;
    let in_lump = position.lump > 0.0;
    let down = timeline.outages.iter().any(is_down);
    if in_lump {
        let cost = Cost { sender: 0.0, apply: 1.0, bytes: 0.0 };
        return Speed { pace: if down { 0.0 } else { 1.0 }, cost, behind: true, in_lump };
    }
    let cost = timeline.cost(if behind { position.segment } else { t_segment }, slot);
    let busiest = cost.sender.max(cost.apply);
    let most = if busiest > 0.0 { 1.0 / busiest } else { f64::INFINITY };
    let pace = if down {
        0.0
    } else if behind {
        // Nothing to do is done in no time; a large number keeps the arithmetic finite.
        most.min(1e9)
    } else {
        most.min(1.0)
    };
    Speed { pace, cost, behind, in_lump }
}

/// Lowers paces so that together they use no more than `capacity` of what `of` counts, evenly.
fn share(speeds: &mut [Speed], capacity: Option<f64>, of: impl Fn(&Cost) -> f64, demands: &mut Vec<f64>) {
    let Some(capacity) = capacity else { return };
    let use_of = |speed: &Speed| speed.pace * of(&speed.cost);
    if speeds.iter().map(use_of).sum::<f64>() <= capacity {
        return;
    }
    demands.clear();
    demands.extend(speeds.iter().map(use_of));
    let level = fair_level(demands, capacity);
    for speed in speeds {
        if use_of(speed) > level {
            speed.pace = level / of(&speed.cost);
        }
    }
}

/// The level to which demands are cut so that they sum to the capacity, which they exceed.
fn fair_level(demands: &mut [f64], capacity: f64) -> f64 {
    demands.sort_by(f64::total_cmp);
    let mut left = capacity;
    for (index, &demand) in demands.iter().enumerate() {
        let even = left / (demands.len() - index) as f64;
        if demand >= even {
            return even;
        }
        left -= demand;
    }
    f64::INFINITY
}

fn next_event(timeline: &Timeline, position: &Position, speed: &Speed, t: f64) -> f64 {
    if speed.in_lump {
        return if speed.pace > 0.0 { t + position.lump / speed.pace } else { f64::INFINITY };
    }
    if !speed.behind || speed.pace <= 0.0 {
        return f64::INFINITY; // falling behind begins within the segment of t, whose end is an event anyway
    }
    let edge = t + (timeline.segment_end(position.segment) - position.tau) / speed.pace;
    let caught_up = if speed.pace > 1.0 { t + (t - position.tau) / (speed.pace - 1.0) } else { f64::INFINITY };
    edge.min(caught_up)
}

fn advance(timeline: &Timeline, position: &mut Position, speed: &Speed, elapsed: f64, until: f64) {
    if speed.in_lump {
        position.lump -= speed.pace * elapsed;
        if position.lump < CAUGHT_UP_S {
            position.lump = 0.0;
        }
        return;
    }
    let limit = timeline.segment_end(position.segment).min(until);
    position.tau = (position.tau + speed.pace * elapsed).min(limit);
    // Rounding leaves a slot a hair before an edge that it has reached.
    if limit - position.tau < CAUGHT_UP_S {
        position.tau = limit;
    }
}

/// Moves a slot that has reached a segment's end into the next, where a lump may wait.
fn enter(timeline: &Timeline, slot: usize, position: &mut Position) {
    while position.segment + 1 < timeline.segments.len() && position.tau >= timeline.segment_end(position.segment) {
        position.segment += 1;
        let start = timeline.segments[position.segment].start;
        position.lump += timeline
            .lumps
            .iter()
            .filter(|lump| lump.slot == slot && lump.at == start)
            .map(|lump| lump.apply)
            .sum::<f64>();
        if position.lump > 0.0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(sender: f64, apply: f64) -> Cost {
        Cost { sender, apply, bytes: 1.0 }
    }

    /// Segments of 10 s with 1 byte of WAL a second, one row of costs each.
    fn timeline(rows: Vec<Vec<Cost>>) -> Timeline {
        let segments = (0..rows.len()).map(|row| Segment { start: row as f64 * 10.0, wal: 1.0, row }).collect();
        Timeline::new(segments, rows.len() as f64 * 10.0, rows)
    }

    /// (largest lag, time of the last end with a lag) of each slot.
    fn worst(timeline: &Timeline, pools: &Pools) -> Vec<(f64, f64)> {
        let slots = timeline.costs[0].len();
        let mut worst = vec![(0.0, 0.0); slots];
        run(timeline, slots, pools, |step| {
            for (slot, worst) in worst.iter_mut().enumerate() {
                let lag = step.until - step.after[slot].tau;
                worst.0 = f64::max(worst.0, lag);
                if lag > 1e-6 {
                    worst.1 = step.until;
                }
            }
            true
        });
        worst
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4
    }

    #[test]
    fn a_slot_that_keeps_up_has_no_lag() {
        let timeline = timeline(vec![vec![cost(0.5, 1.0)]; 3]);
        assert_eq!(worst(&timeline, &Pools::default())[0].0, 0.0);
    }

    #[test]
    fn overload_and_catch_up_by_hand() {
        // 10 s that cost 2 s each, then seconds that cost 0.5: at 10 s half is delivered (lag 5); the rest of the costly
        // part takes until 20 s, when the lag is 10; then it shrinks by 1 a second, to nothing at 30 s.
        let timeline =
            timeline(vec![vec![cost(2.0, 1.0)], vec![cost(0.5, 0.5)], vec![cost(0.1, 0.5)], vec![cost(0.5, 0.5)]]);
        let mut at = Vec::new();
        run(&timeline, 1, &Pools::default(), |step| {
            at.push((step.until, step.until - step.after[0].tau));
            true
        });
        assert!(at.iter().any(|&(t, lag)| near(t, 10.0) && near(lag, 5.0)), "{at:?}");
        assert!(at.iter().any(|&(t, lag)| near(t, 20.0) && near(lag, 10.0)), "{at:?}");
        assert!(at.iter().any(|&(t, lag)| near(t, 30.0) && near(lag, 0.0)), "{at:?}");
    }

    #[test]
    fn cores_are_shared_evenly() {
        // Three walsenders want 0.2, 0.8 and 0.8 of 1 core: 0.2, 0.4, 0.4. The last two deliver half: lag 5 after 10 s.
        let rows = vec![vec![cost(0.2, 0.1), cost(0.8, 0.1), cost(0.8, 0.1)], vec![cost(0.0, 0.0); 3]];
        let worst = worst(&timeline(rows), &Pools { publisher_cores: Some(1.0), ..Pools::default() });
        assert_eq!(worst[0].0, 0.0);
        // What is left of the first 10 s then gets 0.5 cores each: 5 source seconds of 0.8 take 8 s, to a lag of 8.
        assert!(near(worst[1].0, 8.0) && near(worst[2].0, 8.0), "{worst:?}");
        let mut demands = vec![0.8, 0.2, 0.8];
        assert!(near(fair_level(&mut demands, 1.0), 0.4));
    }

    #[test]
    fn an_outage_is_caught_up_afterwards() {
        // Down from 2 to 6; then seconds cost 0.5, so the lag of 4 s shrinks by 1 a second: caught up at 10.
        let mut timeline = timeline(vec![vec![cost(0.5, 0.2), cost(0.5, 0.2)]; 2]);
        timeline.outages = vec![(2.0, 6.0, Some(0))];
        let worst = worst(&timeline, &Pools::default());
        assert!(near(worst[0].0, 4.0) && worst[0].1 < 10.001, "{worst:?}");
        assert_eq!(worst[1].0, 0.0);
    }

    #[test]
    fn a_committed_transaction_blocks_its_slot_alone() {
        // At 10 s a transaction commits whose apply takes 4 s. Seconds cost 0.5: the lag of 4 s is gone at 18 s.
        let mut timeline = timeline(vec![vec![cost(0.5, 0.1); 2]; 3]);
        timeline.lumps = vec![Lump { at: 10.0, slot: 0, apply: 4.0 }];
        timeline.open_transactions = vec![(3.0, 10.0)];
        let worst = worst(&timeline, &Pools::default());
        // The last event with a lag is the end of the apply at 14 s; the next, at 18 s, has none.
        assert!(near(worst[0].0, 4.0) && near(worst[0].1, 14.0), "{worst:?}");
        assert_eq!(worst[1].0, 0.0);
        let mut kept: f64 = 0.0;
        run(&timeline, 2, &Pools::default(), |step| {
            kept = kept.max(step.retained_bytes(0).0).max(step.retained_bytes(0).1);
            true
        });
        // WAL since 3 s is kept until the apply is done at 14 s.
        assert!(near(kept, 11.0), "{kept}");
    }

    #[test]
    fn the_network_is_a_pool() {
        let rows = vec![vec![cost(0.0, 0.0), cost(0.0, 0.0)], vec![Cost::default(); 2], vec![Cost::default(); 2]];
        let worst = worst(&timeline(rows), &Pools { network_bytes_per_s: Some(1.0), ..Pools::default() });
        // Each slot sends at half the pace: 5 of 10 are behind at 10 s, and they take 10 s more.
        assert!(near(worst[0].0, 10.0), "{worst:?}");
    }

    mod laws {
        use super::*;
        use proptest::prelude::*;

        /// Costs of `slots` slots in `buckets` buckets, idle to twice too much.
        fn rows(slots: usize, buckets: usize) -> impl Strategy<Value = Vec<Vec<Cost>>> {
            let cost = (0.0..2.0f64, 0.0..2.0f64, 0.0..5.0f64);
            let cost = cost.prop_map(|(sender, apply, bytes)| Cost { sender, apply, bytes });
            proptest::collection::vec(proptest::collection::vec(cost, slots), buckets)
        }

        fn work(timeline: &Timeline, slot: usize, until: f64, of: impl Fn(&Cost) -> f64) -> f64 {
            let segments = timeline.segments.iter().enumerate();
            segments
                .map(|(index, segment)| {
                    let length = (until.min(timeline.segment_end(index)) - segment.start).max(0.0);
                    of(&timeline.cost(index, slot)) * length
                })
                .sum()
        }

        proptest! {
            #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

            /// What has arrived is delivered or behind, to the byte; no slot is ahead of time or goes back; a pool gives
            /// no more than it has, and neither does a single walsender or worker.
            #[test]
            fn bytes_and_capacities_are_conserved(
                rows in rows(3, 6),
                cores in 0.2..4.0f64,
                network in 0.5..20.0f64,
                outage in (0.0..30.0f64, 0.0..20.0f64),
            ) {
                let mut timeline = timeline(rows);
                timeline.outages = vec![(outage.0, outage.0 + outage.1, None)];
                let pools = Pools { publisher_cores: Some(cores), subscriber_cores: Some(cores), network_bytes_per_s: Some(network) };
                let mut failed = None;
                let mut last = 0.0;
                run(&timeline, 3, &pools, |step| {
                    let (mut sent, mut busy, mut applied) = (0.0, 0.0, 0.0);
                    for slot in 0..3 {
                        let (before, after) = (step.before[slot].tau, step.after[slot].tau);
                        let delivered = timeline.wal_until(after);
                        let conserved = delivered + step.lag_bytes(slot).1 - timeline.wal_until(step.until);
                        let done = |of: &dyn Fn(&Cost) -> f64| work(&timeline, slot, after, of) - work(&timeline, slot, before, of);
                        sent += done(&|cost| cost.bytes);
                        busy += done(&|cost| cost.sender);
                        applied += done(&|cost| cost.apply);
                        let alone = done(&|cost| cost.sender.max(cost.apply));
                        if conserved.abs() > 1e-4 || after < before - 1e-9 || after > step.until + 1e-9 || alone > step.until - step.from + 1e-4 {
                            failed = Some(format!("slot {slot} at {}: {conserved} {before} {after}", step.until));
                        }
                    }
                    let elapsed = step.until - step.from + 1e-4;
                    if sent > network * elapsed + 1e-3 || busy > cores * elapsed + 1e-3 || applied > cores * elapsed + 1e-3 || step.from < last {
                        failed = Some(format!("at {}: {sent} {busy} {applied}", step.until));
                    }
                    last = step.until;
                    failed.is_none()
                });
                prop_assert!(failed.is_none(), "{}", failed.unwrap_or_default());
                prop_assert!(last >= timeline.end - 1e-6);
            }

            /// Without limits on what is shared no slot is ever further behind, and cheaper seconds never put one back.
            #[test]
            fn more_capacity_never_hurts(rows in rows(3, 6), cores in 0.2..4.0f64, factor in 0.1..1.0f64) {
                let limited = Pools { publisher_cores: Some(cores), subscriber_cores: Some(cores), network_bytes_per_s: None };
                let full = timeline(rows.clone());
                let cheaper = timeline(rows.iter().map(|row| row.iter().map(|cost| Cost {
                    sender: cost.sender * factor, apply: cost.apply * factor, bytes: cost.bytes,
                }).collect()).collect());
                let (bound, free, cheap) = (worst(&full, &limited), worst(&full, &Pools::default()), worst(&cheaper, &Pools::default()));
                for slot in 0..3 {
                    prop_assert!(free[slot].0 <= bound[slot].0 + 1e-4, "{free:?} {bound:?}");
                    prop_assert!(cheap[slot].0 <= free[slot].0 + 1e-4, "{cheap:?} {free:?}");
                }
            }
        }
    }
}
