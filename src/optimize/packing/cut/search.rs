//! The search over partitions: independent multilevel starts, then rounds of recombination, all counted in evaluations.
//!
//! A start coarsens, packs the clusters, anneals and refines on every level down. A recombination of two partitions never
//! contracts an edge that either of them cuts, so both live on in the coarse graph, and refines from the better one.
//! Sanders & Schulz, "Distributed evolutionary graph partitioning" (ALENEX 2012), here with vector caps.

use rayon::prelude::*;

use super::anneal::{Schedule, anneal};
use super::coarsen::{CoarsenSettings, Levels, Rating, coarsen};
use super::draw::Draw;
use super::graph::Graph;
use super::refine::{exchange_descent, move_passes};
use super::state::{Limits, State};

/// Candidate moves looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    pub spent: u64,
    limit: u64,
}

impl Meter {
    pub fn new(limit: u64) -> Self {
        Self { spent: 0, limit }
    }

    pub fn count(&mut self, evaluations: u64) {
        self.spent += evaluations;
    }

    pub fn is_spent(&self) -> bool {
        self.spent >= self.limit
    }
}

/// A partition within the cap and what it is worth. Compared by cut, then peak.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub cut: u64,
    pub peak: u64,
    pub bins: Vec<u32>,
}

/// One problem with its budget cut into equal tasks.
pub(super) struct Search<'a> {
    pub graph: &'a Graph,
    pub limits: Limits<'a>,
    pub start: Candidate,
    pub seed: u64,
    pub budget: u64,
}

/// Tasks of a round. A multiple of the usual core counts; fixed, so that the answer does not depend on the machine.
const ROUND: usize = 8;
/// Tasks of each round but the last two that start from nothing, against a population of cousins.
const FRESH: usize = 2;
/// Vertices up to which every exchange is tried at the end of a level.
const EXCHANGE_LIMIT: usize = 2500;

impl Search<'_> {
    /// The best partition found and the evaluations spent.
    pub fn run(&self) -> (Candidate, u64) {
        let rounds = self.round_count();
        let task_budget = self.budget / ((rounds * ROUND) as u64);
        let mut spent = 0;
        let mut population = vec![self.start.clone()];
        for round in 0..rounds {
            let made: Vec<(Option<Candidate>, u64)> = (0..ROUND)
                .into_par_iter()
                .map(|task| {
                    let stream = (round * ROUND + task) as u64;
                    let mut meter = Meter::new(task_budget);
                    let mut draw = Draw::new(self.seed, stream);
                    let child = self.child(&population, round, task, &mut draw, &mut meter);
                    (child, meter.spent)
                })
                .collect();
            spent += made.iter().map(|(_, cost)| cost).sum::<u64>();
            population.extend(made.into_iter().filter_map(|(child, _)| child));
            population.sort();
            population.dedup_by(|a, b| a.cut == b.cut && a.peak == b.peak);
            population.truncate(ROUND);
            if population[0].cut == 0 {
                break;
            }
        }
        (population.swap_remove(0), spent)
    }

    /// A task is worth doing only when it can afford a few looks at each vertex.
    fn round_count(&self) -> usize {
        let least = 30 * (self.graph.vertex_count + self.graph.edge_count()).max(100) as u64;
        (self.budget / (least * ROUND as u64)).clamp(1, 8) as usize
    }

    fn child(
        &self,
        population: &[Candidate],
        round: usize,
        task: usize,
        draw: &mut Draw,
        meter: &mut Meter,
    ) -> Option<Candidate> {
        let rating = Rating::of_turn(round + task);
        if round == 0 {
            if task > 0
                && let Some(fresh) = self.fresh(rating, draw, meter)
            {
                return Some(fresh);
            }
            return self.refined(&self.start, &self.start, 0.5, rating, draw, meter);
        }
        if task < FRESH
            && round + 2 < self.round_count()
            && let Some(fresh) = self.fresh(rating, draw, meter)
        {
            return Some(fresh);
        }
        let one = &population[task % population.len()];
        let other = &population[draw.below(population.len())];
        self.refined(one.min(other), one.max(other), 0.7, rating, draw, meter)
    }

    /// A partition from nothing; none when the cap is not reached.
    fn fresh(&self, rating: Rating, draw: &mut Draw, meter: &mut Meter) -> Option<Candidate> {
        let levels = coarsen(self.graph, &vec![0; self.graph.vertex_count], self.coarsening(rating, 3, draw), draw);
        let coarsest = levels.graphs.last().unwrap_or(self.graph);
        let bins = pack_clusters(coarsest, self.limits, draw)?;
        self.descend(&levels, bins, 1.0, draw, meter)
    }

    /// A V-cycle that keeps what two partitions agree on and starts from the first.
    fn refined(
        &self,
        better: &Candidate,
        other: &Candidate,
        hot: f64,
        rating: Rating,
        draw: &mut Draw,
        meter: &mut Meter,
    ) -> Option<Candidate> {
        let k = self.limits.bin_count as u32;
        let fences: Vec<u32> = better.bins.iter().zip(&other.bins).map(|(a, b)| a * k + b).collect();
        let levels = coarsen(self.graph, &fences, self.coarsening(rating, 2, draw), draw);
        let mut bins = better.bins.clone();
        for map in &levels.maps {
            let count = map.iter().max().map_or(0, |last| *last as usize + 1);
            let mut coarse = vec![0; count];
            for (vertex, &cluster) in map.iter().enumerate() {
                coarse[cluster as usize] = bins[vertex];
            }
            bins = coarse;
        }
        self.descend(&levels, bins, hot, draw, meter)
    }

    fn coarsening(&self, rating: Rating, parts: u64, draw: &mut Draw) -> CoarsenSettings {
        let k = self.limits.bin_count;
        let room = self.limits.cap - self.limits.constant.iter().copied().max().unwrap_or(0).min(self.limits.cap);
        CoarsenSettings { rating, vertex_goal: 12 * k + draw.below(12 * k), cluster_cap: room / parts }
    }

    /// Anneals and refines on each level, coarsest first.
    fn descend(
        &self,
        levels: &Levels,
        mut bins: Vec<u32>,
        mut hot: f64,
        draw: &mut Draw,
        meter: &mut Meter,
    ) -> Option<Candidate> {
        let depth = levels.graphs.len();
        let leniency = [0.02, 0.006][draw.below(2)];
        for level in (0..=depth).rev() {
            let graph = if level == 0 { self.graph } else { &levels.graphs[level - 1] };
            let mut state = State::new(graph, self.limits, bins);
            let schedule = Schedule { hot, cold: 0.02, leniency, proposals: self.proposals(level, depth, meter) };
            anneal(&mut state, schedule, draw, meter);
            hot = (hot * 0.6).max(0.1);
            move_passes(&mut state, 60 + graph.vertex_count / 20, draw, meter);
            if graph.vertex_count <= EXCHANGE_LIMIT && state.overload == 0 {
                exchange_descent(&mut state, draw, meter);
            }
            bins = if level == 0 { state.bins.clone() } else { project(&levels.maps[level - 1], &state.bins) };
            if level == 0 {
                let valid = state.overload == 0 && self.keeps_rules(&state);
                return valid.then(|| Candidate { cut: state.cut, peak: state.peak(), bins: state.bins.clone() });
            }
        }
        None
    }

    /// Half of what is left goes to each level but the last, which gets three quarters.
    fn proposals(&self, level: usize, depth: usize, meter: &Meter) -> u64 {
        let left = meter.limit.saturating_sub(meter.spent);
        let share = if level == 0 { left / 4 * 3 } else { left / (depth as u64).min(3) / 2 };
        share / (1 + self.graph.dimension_count as u64 / 48)
    }

    fn keeps_rules(&self, state: &State) -> bool {
        let n = state.graph.vertex_count as u32;
        let mut used = vec![false; self.limits.bin_count];
        state.bins.iter().for_each(|&bin| used[bin as usize] = true);
        used.into_iter().all(|bin| bin) && (0..n).all(|v| state.keeps_apart(v, state.bin(v), None))
    }
}

/// Bins of the finer level.
fn project(map: &[u32], coarse: &[u32]) -> Vec<u32> {
    map.iter().map(|&cluster| coarse[cluster as usize]).collect()
}

/// Heavy clusters first, each to the fitting bin it is best connected to, else to the one that is least full. None when
/// pairs to keep apart leave no bin.
fn pack_clusters(graph: &Graph, limits: Limits, draw: &mut Draw) -> Option<Vec<u32>> {
    let (k, d) = (limits.bin_count, graph.dimension_count);
    const NOWHERE: u32 = u32::MAX;
    let mut order = draw.order(graph.vertex_count);
    order.sort_by_key(|&v| core::cmp::Reverse(graph.peaks[v as usize]));
    let mut loads = limits.constant.repeat(k);
    let mut bins = vec![NOWHERE; graph.vertex_count];
    for (rank, &vertex) in order.iter().enumerate() {
        let mut connection = vec![0u64; k];
        for &(other, weight) in graph.neighbours(vertex) {
            if let Some(sum) = connection.get_mut(bins[other as usize] as usize) {
                *sum += weight;
            }
        }
        let open = |bin: &usize| graph.apart(vertex).iter().all(|&v| bins[v as usize] != *bin as u32);
        // The first bins are opened one by one, so that none stays empty.
        let opened = (rank < k).then_some(rank).filter(open);
        let chosen = opened.or_else(|| {
            (0..k).filter(open).min_by_key(|&bin| {
                let peak = loads[bin * d..(bin + 1) * d].iter().zip(graph.load(vertex)).map(|(a, b)| a + b).max();
                let peak = peak.unwrap_or(0);
                let over = peak.saturating_sub(limits.cap);
                (over, core::cmp::Reverse(if over == 0 { connection[bin] } else { 0 }), peak)
            })
        })?;
        bins[vertex as usize] = chosen as u32;
        for (sum, load) in loads[chosen * d..(chosen + 1) * d].iter_mut().zip(graph.load(vertex)) {
            *sum += load;
        }
    }
    Some(bins)
}
