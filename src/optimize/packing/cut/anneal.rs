//! Annealing with a priced cap: moves may overload a bin for a while, at a price that makes it worth less as it cools.
//!
//! Fiduccia-Mattheyses stalls where a tight cap and skewed loads block every single move; a price lets a move and its
//! answer happen one after the other, an exchange does both at once. Johnson, Aragon, McGeoch & Schevon (Oper. Res. 37(6),
//! 1989) for annealing of partitions with a priced imbalance.

use super::draw::Draw;
use super::refine::is_exchange_open;
use super::search::Meter;
use super::state::State;

/// How hot to begin, how cold to end, how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    /// First temperature in mean weights of the edges that are cut.
    pub hot: f64,
    /// Last temperature, same unit.
    pub cold: f64,
    /// Share of the cap by which bins may be over, all together, for the price of one first temperature. 0.02 suits 100
    /// vertices, 0.006 suits 1,000 (docs/trials.md); 0.06 is worse for both.
    pub leniency: f64,
    /// Number of proposals.
    pub proposals: u64,
}

/// Anneals and leaves the best partition seen within the cap; without one, the one at the end. A start within the cap
/// never gets worse. O(d + degree) a proposal that is taken, O(1) for most that are not.
pub(super) fn anneal(state: &mut State, schedule: Schedule, draw: &mut Draw, meter: &mut Meter) {
    let n = state.graph.vertex_count;
    if n < 2 || state.bin_count < 2 || schedule.proposals == 0 {
        return;
    }
    let unit = mean_cut_weight(state);
    let mut temperature = unit * schedule.hot;
    let price = temperature / (schedule.leniency * state.cap.max(1) as f64);
    const STEPS: u64 = 64;
    let cooling = step_ratio(schedule.cold / schedule.hot, STEPS as u32);
    let mut best = (state.overload, state.cut);
    let mut best_bins = state.bins.clone();
    for _ in 0..STEPS {
        let proposals = schedule.proposals / STEPS + 1;
        meter.count(proposals);
        for _ in 0..proposals {
            propose(state, temperature, price, draw);
            if (state.overload, state.cut) < best && (state.overload == 0 || best.0 > 0) {
                best = (state.overload, state.cut);
                best_bins.copy_from_slice(&state.bins);
            }
        }
        temperature *= cooling;
    }
    restore(state, &best_bins);
}

/// Moves back to a partition.
fn restore(state: &mut State, bins: &[u32]) {
    for (vertex, &bin) in bins.iter().enumerate() {
        state.apply(vertex as u32, bin);
    }
}

/// Mean weight of the edges, those that are cut where there are some.
fn mean_cut_weight(state: &State) -> f64 {
    let (mut crossing, mut all, mut weight) = (0u64, 0u64, 0u64);
    for vertex in 0..state.graph.vertex_count as u32 {
        for &(other, w) in state.graph.neighbours(vertex) {
            all += 1;
            weight += w;
            crossing += u64::from(state.bin(other) != state.bin(vertex));
        }
    }
    if crossing > 0 { 2.0 * state.cut as f64 / crossing as f64 } else { weight as f64 / all.max(1) as f64 }
}

/// The `steps`-th root of a ratio in (0, 1], by bisection: only multiplications, so the same everywhere.
fn step_ratio(ratio: f64, steps: u32) -> f64 {
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let power = (0..steps).fold(1.0, |product, _| product * middle);
        if power < ratio {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn propose(state: &mut State, temperature: f64, price: f64, draw: &mut Draw) {
    let vertex = draw.below(state.graph.vertex_count) as u32;
    let Some(to) = propose_target(state, vertex, draw) else { return };
    let allowance = temperature * draw.threshold();
    let loss = -state.gain(vertex, to) as f64;
    let relief = state.overload > 0;
    if loss > allowance && !relief {
        // Too dear alone and nothing to relieve: no exchange partner is likely to pay for it.
        return;
    }
    if state.may_leave(vertex) && state.keeps_apart(vertex, to, None) {
        let change = state.overload_change(vertex, to);
        if loss + price * change as f64 <= allowance {
            state.apply(vertex, to);
            return;
        }
    }
    exchange(state, vertex, to, allowance, draw);
}

/// Mostly the bin of a random neighbour, at times any bin.
fn propose_target(state: &State, vertex: u32, draw: &mut Draw) -> Option<u32> {
    let neighbours = state.graph.neighbours(vertex);
    let to = if neighbours.is_empty() || draw.below(16) == 0 {
        draw.below(state.bin_count) as u32
    } else {
        state.bin(neighbours[draw.below(neighbours.len())].0)
    };
    (to != state.bin(vertex)).then_some(to)
}

/// Looks for a partner in `to` and takes the exchange when it is within the allowance and no bin gets fuller over the cap.
fn exchange(state: &mut State, vertex: u32, to: u32, allowance: f64, draw: &mut Draw) {
    const TRIES: usize = 6;
    let from = state.bin(vertex);
    let gain = state.gain(vertex, to);
    for _ in 0..TRIES {
        let other = draw.below(state.graph.vertex_count) as u32;
        if state.bin(other) != to {
            continue;
        }
        let total = gain + state.gain(other, from);
        if -total as f64 > allowance {
            continue;
        }
        let total = total - 2 * state.weight_between(vertex, other) as i64;
        if -total as f64 <= allowance && is_exchange_open(state, vertex, other) {
            state.apply(vertex, to);
            state.apply(other, from);
            return;
        }
    }
}
