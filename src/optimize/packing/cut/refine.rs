//! Local refinement under the cap: Fiduccia-Mattheyses passes with rollback, and exchanges where the cap blocks moves.
//!
//! Sources: Fiduccia & Mattheyses (DAC 1982); k-way with a priority queue after Karypis & Kumar (J. Parallel Distrib.
//! Comput. 48, 1998). The cap is a vector, so gains say nothing about fit: a blocked vertex is looked at again when it
//! comes to the head of the queue.

use std::collections::BinaryHeap;

use super::draw::Draw;
use super::search::Meter;
use super::state::State;

/// Passes until one brings nothing. A pass moves each vertex at most once, the best fitting gain first, goes on through
/// worse cuts for `patience` moves, and ends at its best prefix. Never raises cut or overload.
pub(super) fn move_passes(state: &mut State, patience: usize, draw: &mut Draw, meter: &mut Meter) {
    const LIMIT: usize = 12;
    for _ in 0..LIMIT {
        let before = state.cut;
        one_pass(state, patience, draw, meter);
        if state.cut == before || meter.is_spent() {
            return;
        }
    }
}

fn one_pass(state: &mut State, patience: usize, draw: &mut Draw, meter: &mut Meter) {
    let n = state.graph.vertex_count;
    let mut locked = vec![false; n];
    let mut queue: BinaryHeap<(i64, u32, u32, u32)> = BinaryHeap::new();
    for vertex in 0..n as u32 {
        if state.is_boundary(vertex) {
            enqueue(state, vertex, draw, meter, &mut queue);
        }
    }
    let (mut best_cut, mut best_length, mut log) = (state.cut, 0, Vec::new());
    while let Some((gain, _, vertex, to)) = queue.pop() {
        if locked[vertex as usize] || state.bin(vertex) == to {
            continue;
        }
        if state.gain(vertex, to) != gain || !is_open(state, vertex, to) {
            // Stale: what is best now goes back, if it is worse than what stood here, so that the loop ends.
            if let Some((now, target)) = best_target(state, vertex, meter)
                && (now < gain || is_open(state, vertex, to))
            {
                queue.push((now, draw.below(1 << 20) as u32, vertex, target));
            }
            continue;
        }
        log.push((vertex, state.bin(vertex)));
        locked[vertex as usize] = true;
        state.apply(vertex, to);
        for &(other, _) in state.graph.neighbours(vertex) {
            if !locked[other as usize] {
                enqueue(state, other, draw, meter, &mut queue);
            }
        }
        if state.cut < best_cut {
            (best_cut, best_length) = (state.cut, log.len());
        } else if log.len() - best_length > patience {
            break;
        }
    }
    for &(vertex, from) in log[best_length..].iter().rev() {
        state.apply(vertex, from);
    }
}

fn is_open(state: &State, vertex: u32, to: u32) -> bool {
    state.may_leave(vertex) && state.fits(vertex, to) && state.keeps_apart(vertex, to, None)
}

fn enqueue(
    state: &State,
    vertex: u32,
    draw: &mut Draw,
    meter: &mut Meter,
    queue: &mut BinaryHeap<(i64, u32, u32, u32)>,
) {
    if let Some((gain, to)) = best_target(state, vertex, meter) {
        queue.push((gain, draw.below(1 << 20) as u32, vertex, to));
    }
}

/// The fitting bin of the largest gain among those with a neighbour in it.
fn best_target(state: &State, vertex: u32, meter: &mut Meter) -> Option<(i64, u32)> {
    let home = state.bin(vertex);
    let mut best: Option<(i64, u32)> = None;
    for to in 0..state.bin_count as u32 {
        if to == home || state.connections(vertex)[to as usize] == 0 {
            continue;
        }
        meter.count(1);
        let gain = state.gain(vertex, to);
        if best.is_none_or(|(top, _)| gain > top) && is_open(state, vertex, to) {
            best = Some((gain, to));
        }
    }
    best
}

/// Exchanges of two vertices of different bins while one lowers the cut: for each vertex that would gain in a bin where it
/// does not fit, the partner there whose way back costs least. O(n^2 / k) a round, so for small levels.
pub(super) fn exchange_descent(state: &mut State, draw: &mut Draw, meter: &mut Meter) {
    loop {
        let before = state.cut;
        for vertex in draw.order(state.graph.vertex_count) {
            for to in 0..state.bin_count as u32 {
                if to != state.bin(vertex) && state.connections(vertex)[to as usize] > 0 {
                    improve_by_exchange(state, vertex, to, meter);
                }
            }
            if meter.is_spent() {
                return;
            }
        }
        if state.cut == before {
            return;
        }
    }
}

fn improve_by_exchange(state: &mut State, vertex: u32, to: u32, meter: &mut Meter) {
    let gain = state.gain(vertex, to);
    let from = state.bin(vertex);
    if gain > 0 && is_open(state, vertex, to) {
        state.apply(vertex, to);
        return;
    }
    let mut best: Option<(i64, u32)> = None;
    meter.count(state.graph.vertex_count as u64 / 8 + 1);
    for other in 0..state.graph.vertex_count as u32 {
        if state.bin(other) != to || gain + state.gain(other, from) <= best.map_or(0, |(top, _)| top) {
            continue;
        }
        let total = gain + state.gain(other, from) - 2 * state.weight_between(vertex, other) as i64;
        if total > best.map_or(0, |(top, _)| top) && is_exchange_open(state, vertex, other) {
            best = Some((total, other));
        }
    }
    if let Some((_, other)) = best {
        state.apply(vertex, to);
        state.apply(other, from);
    }
}

/// Whether two vertices may change places without more overload and with pairs kept apart.
pub(super) fn is_exchange_open(state: &State, one: u32, other: u32) -> bool {
    state.keeps_apart(one, state.bin(other), Some(other))
        && state.keeps_apart(other, state.bin(one), Some(one))
        && state.exchange_fits(one, other)
}
