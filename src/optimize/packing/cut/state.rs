//! A partition of one graph level with everything that prices a move: loads, overload, connection to each bin.
//!
//! Overload is the sum over bins and dimensions of what lies above the cap; 0 means that the cap is held everywhere.

use super::graph::Graph;
use crate::optimize::simd::{Loop, Simd, narrow, wide};

/// Dimensions from which choosing the wider loop costs less than it gains.
const WIDE_FROM: usize = 24;

/// What is the same on every level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits<'a> {
    pub bin_count: usize,
    pub constant: &'a [u64],
    pub cap: u64,
}

/// A partition and its running figures.
#[derive(Debug, Clone)]
pub(super) struct State<'g> {
    pub graph: &'g Graph,
    pub bin_count: usize,
    pub cap: u64,
    pub bins: Vec<u32>,
    pub cut: u64,
    pub overload: u64,
    loads: Vec<u64>,
    bin_peaks: Vec<u64>,
    bin_overloads: Vec<u64>,
    members: Vec<u32>,
    /// Weight from each vertex into each bin, one row a vertex.
    connection: Vec<u64>,
}

impl<'g> State<'g> {
    /// Takes over a partition; O(n (k + d) + m).
    pub fn new(graph: &'g Graph, limits: Limits, bins: Vec<u32>) -> Self {
        let (k, d) = (limits.bin_count, graph.dimension_count);
        let mut state = Self {
            graph,
            bin_count: k,
            cap: limits.cap,
            bins,
            cut: 0,
            overload: 0,
            loads: limits.constant.repeat(k),
            bin_peaks: vec![0; k],
            bin_overloads: vec![0; k],
            members: vec![0; k],
            connection: vec![0; graph.vertex_count * k],
        };
        let mut twice_cut = 0;
        for vertex in 0..graph.vertex_count as u32 {
            let bin = state.bins[vertex as usize] as usize;
            state.members[bin] += 1;
            for (sum, load) in state.loads[bin * d..(bin + 1) * d].iter_mut().zip(graph.load(vertex)) {
                *sum += load;
            }
            for &(other, weight) in graph.neighbours(vertex) {
                let other_bin = state.bins[other as usize] as usize;
                state.connection[vertex as usize * k + other_bin] += weight;
                twice_cut += if other_bin == bin { 0 } else { weight };
            }
        }
        state.cut = twice_cut / 2;
        (0..k).for_each(|bin| state.remeasure(bin));
        state
    }

    fn row(&self, bin: usize) -> &[u64] {
        let d = self.graph.dimension_count;
        &self.loads[bin * d..(bin + 1) * d]
    }

    fn remeasure(&mut self, bin: usize) {
        let (mut peak, mut overload) = (0, 0);
        for &load in self.row(bin) {
            peak = peak.max(load);
            overload += load.saturating_sub(self.cap);
        }
        self.note(bin, peak, overload);
    }

    fn note(&mut self, bin: usize, peak: u64, overload: u64) {
        self.overload = self.overload - self.bin_overloads[bin] + overload;
        self.bin_peaks[bin] = peak;
        self.bin_overloads[bin] = overload;
    }

    /// Takes a row from one bin to another and measures both in the same pass.
    fn shift(&mut self, from: usize, to: usize, row: &[u64]) {
        let (d, cap) = (row.len(), self.cap);
        let (low, high) = self.loads.split_at_mut(from.max(to) * d);
        let (first, second) = (&mut low[from.min(to) * d..][..d], &mut high[..d]);
        let (source, target) = if from < to { (first, second) } else { (second, first) };
        let pass = TakeOver { source, target, row, cap };
        let (left, entered) = if d < WIDE_FROM { narrow(pass) } else { wide(pass) };
        self.note(from, left.0, left.1);
        self.note(to, entered.0, entered.1);
    }

    /// Bin of a vertex.
    pub fn bin(&self, vertex: u32) -> u32 {
        self.bins[vertex as usize]
    }

    /// Largest load over bins and dimensions.
    pub fn peak(&self) -> u64 {
        self.bin_peaks.iter().copied().max().unwrap_or(0)
    }

    /// Weights from a vertex into each bin.
    pub fn connections(&self, vertex: u32) -> &[u64] {
        &self.connection[vertex as usize * self.bin_count..(vertex as usize + 1) * self.bin_count]
    }

    /// By how much the cut falls when the vertex moves.
    pub fn gain(&self, vertex: u32, to: u32) -> i64 {
        let row = self.connections(vertex);
        row[to as usize] as i64 - row[self.bin(vertex) as usize] as i64
    }

    /// Whether the vertex has a neighbour in another bin.
    pub fn is_boundary(&self, vertex: u32) -> bool {
        let home = self.bin(vertex) as usize;
        self.connections(vertex).iter().enumerate().any(|(bin, &weight)| bin != home && weight > 0)
    }

    /// Whether no pair that must stay apart would meet; `leaving` goes the other way at the same time.
    pub fn keeps_apart(&self, vertex: u32, to: u32, leaving: Option<u32>) -> bool {
        self.graph.apart(vertex).iter().all(|&other| self.bin(other) != to || Some(other) == leaving)
    }

    /// Whether the vertex may leave without emptying its bin.
    pub fn may_leave(&self, vertex: u32) -> bool {
        self.members[self.bin(vertex) as usize] > 1
    }

    /// Whether the vertex fits under the cap in every dimension of `to`.
    pub fn fits(&self, vertex: u32, to: u32) -> bool {
        let to = to as usize;
        self.bin_peaks[to] + self.graph.peaks[vertex as usize] <= self.cap
            || self.row(to).iter().zip(self.graph.load(vertex)).all(|(sum, load)| sum + load <= self.cap)
    }

    /// By how much the overload changes when the vertex moves.
    pub fn overload_change(&self, vertex: u32, to: u32) -> i64 {
        let (from, to) = (self.bin(vertex) as usize, to as usize);
        let mut change = 0;
        if self.bin_overloads[from] > 0 {
            let left: u64 = self
                .row(from)
                .iter()
                .zip(self.graph.load(vertex))
                .map(|(sum, load)| (sum - load).saturating_sub(self.cap))
                .sum();
            change += left as i64 - self.bin_overloads[from] as i64;
        }
        if self.bin_peaks[to] + self.graph.peaks[vertex as usize] > self.cap {
            let entered: u64 = self
                .row(to)
                .iter()
                .zip(self.graph.load(vertex))
                .map(|(sum, load)| (sum + load).saturating_sub(self.cap))
                .sum();
            change += entered as i64 - self.bin_overloads[to] as i64;
        }
        change
    }

    /// Whether two vertices of different bins can change places without more overload. Ends at the first lanes that tell.
    pub fn exchange_fits(&self, one: u32, other: u32) -> bool {
        const AT_A_TIME: usize = 16;
        let (a, b) = (self.bin(one) as usize, self.bin(other) as usize);
        let limit = self.bin_overloads[a] + self.bin_overloads[b];
        let rows = self.graph.load(one).chunks(AT_A_TIME).zip(self.graph.load(other).chunks(AT_A_TIME));
        let sums = self.row(a).chunks(AT_A_TIME).zip(self.row(b).chunks(AT_A_TIME));
        let mut after = 0u64;
        rows.zip(sums).all(|((of_one, of_other), (in_a, in_b))| {
            for ((of_one, of_other), (in_a, in_b)) in of_one.iter().zip(of_other).zip(in_a.iter().zip(in_b)) {
                after += (in_a - of_one + of_other).saturating_sub(self.cap);
                after += (in_b - of_other + of_one).saturating_sub(self.cap);
            }
            after <= limit
        })
    }

    /// Weight of the edge between two vertices, 0 without one.
    pub fn weight_between(&self, one: u32, other: u32) -> u64 {
        self.graph.neighbours(one).iter().find(|(v, _)| *v == other).map_or(0, |(_, weight)| *weight)
    }

    /// Moves a vertex; O(k-free): d + its degree.
    pub fn apply(&mut self, vertex: u32, to: u32) {
        let from = self.bin(vertex);
        if from == to {
            return;
        }
        self.cut = (self.cut as i64 - self.gain(vertex, to)) as u64;
        let graph = self.graph;
        self.shift(from as usize, to as usize, graph.load(vertex));
        self.bins[vertex as usize] = to;
        self.members[from as usize] -= 1;
        self.members[to as usize] += 1;
        for &(other, weight) in graph.neighbours(vertex) {
            let row = other as usize * self.bin_count;
            self.connection[row + from as usize] -= weight;
            self.connection[row + to as usize] += weight;
        }
    }
}

/// The largest load of a bin and what is above the cap.
type Measure = (u64, u64);

/// Takes a row from one bin's loads to another's and measures both.
struct TakeOver<'a> {
    source: &'a mut [u64],
    target: &'a mut [u64],
    row: &'a [u64],
    cap: u64,
}

impl Loop for TakeOver<'_> {
    type Output = (Measure, Measure);

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> (Measure, Measure) {
        let (mut left, mut entered) = ((0, 0), (0, 0));
        for ((source, target), load) in self.source.iter_mut().zip(self.target).zip(self.row) {
            *source -= load;
            *target += load;
            left = (left.0.max(*source), left.1 + source.saturating_sub(self.cap));
            entered = (entered.0.max(*target), entered.1 + target.saturating_sub(self.cap));
        }
        (left, entered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::packing::{Assignment, Instance};

    fn square() -> Instance {
        Instance {
            bin_count: 2,
            dimension_count: 2,
            loads: vec![3, 1, 2, 5, 4, 4, 1, 1],
            constant: vec![1, 0],
            sizes: vec![0; 4],
            apart: vec![(0, 2)],
            edges: vec![(0, 1, 7), (1, 2, 2), (2, 3, 5)],
        }
    }

    #[test]
    fn running_figures_equal_those_of_the_assignment() {
        let instance = square();
        let graph = Graph::new(&instance);
        let limits = Limits { bin_count: 2, constant: &instance.constant, cap: 6 };
        let mut state = State::new(&graph, limits, vec![0, 0, 1, 1]);
        assert_eq!((state.cut, state.peak(), state.overload), (2, 6, 0));
        // Moving 1 to bin 1 lifts the second dimension there to 10 and the first to 8: 6 above the cap in all.
        assert_eq!((state.gain(1, 1), state.overload_change(1, 1), state.fits(1, 1)), (-5, 6, false));
        // 1 and 2 change places: bin 0 (8, 5), bin 1 (4, 6); 0 and 3: bin 0 (4, 6), bin 1 (8, 5).
        assert!(!state.exchange_fits(1, 2) && !state.exchange_fits(0, 3));
        let lenient = State::new(&graph, Limits { cap: 8, ..limits }, vec![0, 0, 1, 1]);
        assert!(lenient.exchange_fits(1, 2) && lenient.exchange_fits(0, 3));
        assert!(!state.keeps_apart(2, 0, None) && state.keeps_apart(2, 0, Some(0)));
        state.apply(1, 1);
        assert_eq!(state.overload, 6);
        assert_eq!(state.cut, Assignment(state.bins.clone()).cut(&instance));
        assert_eq!(state.connections(0), [0, 7]);
        assert!(!state.may_leave(0) && state.is_boundary(0) && !state.is_boundary(3));
    }
}
