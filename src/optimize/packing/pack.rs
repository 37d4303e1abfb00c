//! The whole of packing: bounds, starts, search, proof, in rounds that end as soon as the bound is met.
//!
//! Items are put into one order of their own before anything else, so that the order in which they were given decides
//! nothing; items without load are left out and placed at the end. Starts are independent: each has a generator keyed
//! by (seed, round, start), and the winner is the least (peak, start), whatever the number of threads.

mod leaps;

use rayon::prelude::*;

use super::{
    Assignment, Instance,
    coarsen::Coarse,
    dice::Dice,
    exact, fill, greedy, lattice,
    loads::{Apart, Loads},
    local_search::{LocalSearch, Schedule},
    separate,
};
use crate::optimize::{
    bound::{
        self, Bound, Witness,
        branching::{BranchSettings, branch},
        dive::Dives,
        exhaustive::ITEM_LIMIT,
        lagrangian::Weights,
    },
    rng::generator,
};

/// How much the search may do. Counted in evaluated candidates, so that a result can be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Budget {
    /// A quarter of `Normal`.
    Small,
    /// About a second on two cores, whatever the size (four for 100,000 items in 168 dimensions).
    Normal,
    /// Ten times `Normal`.
    Large,
    /// So many evaluations over all starts.
    Evaluations(u64),
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Budget::Small => f.write_str("small"),
            Budget::Normal => f.write_str("normal"),
            Budget::Large => f.write_str("large"),
            Budget::Evaluations(evaluations) => write!(f, "{evaluations}"),
        }
    }
}

/// Whether a proof of optimality is sought beyond the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExactMode {
    /// For cores of up to 20 items with load.
    Auto,
    /// The same; cores of up to 40 items are branched on until all is proved or the nodes are used up, and the search of a
    /// large core goes on until the bound itself is met.
    Required,
    /// Never.
    Off,
}

/// What the caller decides.
#[derive(Clone, Copy)]
pub struct PackSettings<'a> {
    /// Everything random follows from it.
    pub seed: u64,
    /// How much is evaluated.
    pub budget: Budget,
    /// Whether to prove.
    pub exact: ExactMode,
    /// An assignment to start from as well.
    pub start: Option<&'a Assignment>,
    /// Asked now and then; when it says yes, the best so far is returned, marked `time_limited`. The caller owns the
    /// clock.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl Default for PackSettings<'_> {
    fn default() -> Self {
        Self { seed: 1, budget: Budget::Normal, exact: ExactMode::Auto, start: None, stop: None }
    }
}

/// An assignment with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// The bin of each item; keeps every pair apart and leaves no bin empty as far as there are items.
    pub assignment: Assignment,
    /// Its largest load.
    pub peak: u64,
    /// The best bound found; never above `peak`.
    pub bound: Bound,
    /// Whether `bound` proves that no assignment has a smaller peak.
    pub proved_optimal: bool,
    /// Candidates evaluated.
    pub evaluations: u64,
    /// Whether `stop` ended the search, so that a repetition may give another result.
    pub time_limited: bool,
}

/// Why there is no packing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The pairs to keep apart cannot be kept apart in so many bins, or no way was found within the node budget.
    #[error("table groups that must be apart do not fit into {bins} shared slots: {}", if *.proved { "there is no way" } else { "no way was found" })]
    Apart {
        /// Number of bins.
        bins: usize,
        /// Whether the search was complete.
        proved: bool,
    },
}

/// Packs with the least peak that the budget allows.
///
/// # Errors
/// When the pairs of `apart` cannot be kept.
pub fn pack(instance: &Instance, settings: &PackSettings) -> Result<Packing, PackError> {
    let core = Core::new(instance);
    let start = settings.start.map(|assignment| core.take(assignment)).filter(|start| start.len() == core.items.len());
    let mut run = Run::new(&core.instance, settings, start)?;
    run.search();
    run.prove();
    let mut bound = run.bound;
    core.rename(&mut bound.witness);
    let mut bin_of = core.give(&run.best, instance);
    greedy::fill_empty_bins(instance, &mut bin_of);
    let assignment = Assignment(bin_of);
    let peak = assignment.peak(instance);
    debug_assert!(bound.value <= peak && assignment.is_valid(instance));
    Ok(Packing {
        proved_optimal: bound.value == peak,
        assignment,
        peak,
        bound,
        evaluations: run.evaluations,
        time_limited: run.stopped,
    })
}

/// The items that matter, in an order that depends only on their loads.
struct Core {
    instance: Instance,
    items: Vec<u32>,
}

impl Core {
    fn new(instance: &Instance) -> Self {
        let mut paired = vec![false; instance.item_count()];
        for &(a, b) in &instance.apart {
            paired[a as usize] = true;
            paired[b as usize] = true;
        }
        let peaks: Vec<u64> = (0..instance.item_count()).map(|item| instance.item_peak(item)).collect();
        let mut items: Vec<u32> = (0..instance.item_count() as u32).collect();
        items.retain(|&item| peaks[item as usize] > 0 || paired[item as usize]);
        items.sort_by(|&a, &b| {
            let (x, y) = (a as usize, b as usize);
            peaks[y].cmp(&peaks[x]).then_with(|| instance.load(y).cmp(instance.load(x))).then(a.cmp(&b))
        });
        let mut place = vec![u32::MAX; instance.item_count()];
        for (new, &old) in items.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        let mut apart: Vec<(u32, u32)> = instance
            .apart
            .iter()
            .map(|&(a, b)| (place[a as usize], place[b as usize]))
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        apart.sort_unstable();
        let core = Instance {
            bin_count: instance.bin_count,
            dimension_count: instance.dimension_count,
            loads: items.iter().flat_map(|&item| instance.load(item as usize)).copied().collect(),
            constant: instance.constant.clone(),
            sizes: vec![0; items.len()],
            apart,
            edges: Vec::new(),
        };
        Self { instance: core, items }
    }

    fn take(&self, assignment: &Assignment) -> Vec<u32> {
        self.items.iter().filter_map(|&item| assignment.0.get(item as usize)).copied().collect()
    }

    /// Items without load go where there are fewest items, in turn.
    fn give(&self, bin_of: &[u32], instance: &Instance) -> Vec<u32> {
        let mut all = vec![u32::MAX; instance.item_count()];
        let mut counts = vec![0usize; instance.bin_count];
        for (&item, &bin) in self.items.iter().zip(bin_of) {
            all[item as usize] = bin;
            counts[bin as usize] += 1;
        }
        let mut next = 0;
        for bin in &mut all {
            if *bin == u32::MAX {
                let empty = counts.iter().position(|&count| count == 0);
                let chosen = empty.unwrap_or(next);
                next = (next + 1) % instance.bin_count;
                *bin = chosen as u32;
                counts[chosen] += 1;
            }
        }
        all
    }

    fn rename(&self, witness: &mut Witness) {
        match witness {
            Witness::Item { item, .. } => *item = self.items[*item as usize],
            Witness::Clique { items } => {
                items.iter_mut().for_each(|item| *item = self.items[*item as usize]);
                items.sort_unstable();
            }
            Witness::Cases { items, .. } => items.iter_mut().for_each(|item| *item = self.items[*item as usize]),
            Witness::Lagrangian { clique, .. } => clique.iter_mut().for_each(|item| *item = self.items[*item as usize]),
            Witness::Constant
            | Witness::Volume { .. }
            | Witness::Pigeonhole { .. }
            | Witness::Counting { .. }
            | Witness::BinPacking { .. }
            | Witness::Exhaustive { .. } => {}
        }
    }
}

/// Items up to which `ExactMode::Required` branches until all is proved or the nodes are used up.
const COMPLETE_LIMIT: usize = 40;
/// Nodes for that.
const COMPLETE_NODES: u32 = 2_000;
/// The number of the round that comes before the first, for its generators.
const DESCENT_ROUND: usize = 1_000;
/// Generators set aside for a round.
const RUNS_A_ROUND: usize = 8;

/// Items up to which a run is annealed.
const SMALL: u64 = 480;
/// Dimensions up to which assignments come close to the volume bound, so that a run ends cooler.
const FEW_DIMENSIONS: u64 = 48;
/// Items above which the large ones are placed on a smaller instance.
const COARSE: u64 = 5_000;

/// How the budget is spent.
#[derive(Debug, Clone, Copy)]
struct Effort {
    starts: usize,
    rounds: usize,
    /// Waves of dives: one before the rounds, the others after them.
    waves: usize,
    /// Evaluations of one start in one round.
    evaluations: u64,
    /// Evaluations on the smaller instance.
    placing: u64,
    /// Iterations for the weights in one round.
    iterations: u32,
    /// Iterations for the fractions after each few items of a dive.
    dive_iterations: u32,
    schedule: Schedule,
    /// Nodes that branching may open, the rows that it looks at, and its iterations on each.
    nodes: u32,
    rows: usize,
    node_iterations: u32,
}

impl Effort {
    fn new(instance: &Instance, budget: Budget) -> Self {
        let (n, d) = (instance.item_count() as u64, instance.dimension_count as u64);
        // 55 to 60 ns a candidate on each of two cores at 1 to 168 dimensions (measured with n = 100 on a quiet machine);
        // rows that do not fit the cache make it half as fast again.
        let normal = 14_400_000 - 14_000 * d.min(336);
        let normal = match n {
            0..=SMALL => normal * 7 / 4,
            481..50_000 => normal,
            _ => normal * 12 / 5,
        };
        let scaled = match budget {
            Budget::Small => normal / 4,
            Budget::Normal => normal,
            Budget::Large => normal * 10,
            Budget::Evaluations(n) => n,
        };
        let ratio = scaled as f64 / normal as f64;
        let (starts, rounds, waves) = match n {
            0..=SMALL if d <= FEW_DIMENSIONS => (2, 4, 4),
            0..=SMALL => (2, 2, 6),
            481..=COARSE => (2, 2, 6),
            5_001..=20_000 => (2, 2, 4),
            _ => (2, 4, 0),
        };
        // A wave is as long as its dives' short searches and the long ones; two such ones more for the descent at the start
        // and after branching.
        let wave = leaps::DIVES as u64 / leaps::SHORT + starts as u64;
        let runs = starts as u64 * rounds as u64 + wave * (waves as u64 + 1) + 2;
        // Very large cores spend half on the smaller instance.
        let placing = if n > COARSE { scaled / 2 } else { 0 };
        let evaluations = ((scaled - placing) / runs).max(1);
        let small = n <= SMALL;
        let iterations = (if small { 1800.0 / (rounds - 1) as f64 } else { 4800.0 / rounds as f64 } * ratio)
            .clamp(20.0, 20_000.0) as u32;
        // With few items the target is near the best: in many dimensions the bound is some per cent below what there is, and a
        // sum of overloads above a load that cannot be kept to says little of the peak.
        let schedule = match (small, d <= FEW_DIMENSIONS) {
            (true, true) => Schedule { hot: 0.01, cold: 0.000_05, target: 0.8 },
            (true, false) => Schedule { hot: 0.03, cold: 0.0004, target: 0.8 },
            (false, _) => Schedule { hot: 0.001, cold: 0.00001, target: 0.3 },
        };
        let (rows, node_iterations) = if small { (128, 160) } else { (512, 320) };
        let nodes = nodes(instance, budget, ratio, rows, node_iterations);
        let dive_iterations = (40.0 * ratio).clamp(15.0, 240.0) as u32;
        Self {
            starts,
            rounds,
            waves,
            evaluations,
            placing,
            iterations,
            dive_iterations,
            schedule,
            nodes,
            rows,
            node_iterations,
        }
    }
}

/// Nodes of about a fifth of a second on two cores, for cores where evaluating one is no great matter.
fn nodes(instance: &Instance, budget: Budget, ratio: f64, rows: usize, iterations: u32) -> u32 {
    /// Fewer prove nothing that the root has not.
    const LEAST: u32 = 4;
    let (n, cells) = (instance.item_count() as u64, (instance.bin_count * instance.dimension_count) as u64);
    if n > 20_000 || budget == Budget::Small {
        return 0;
    }
    let work = if rows > 128 { 1_300_000_000.0 } else { 600_000_000.0 };
    let cost = (3 * n.min(rows as u64) * u64::from(iterations) + n) * cells.max(1);
    let nodes = (work * ratio / cost as f64).min(4_000.0) as u32;
    if nodes < LEAST { 0 } else { nodes }
}

struct Run<'a> {
    instance: &'a Instance,
    settings: &'a PackSettings<'a>,
    loads: Loads,
    apart: Apart,
    best: Vec<u32>,
    peak: u64,
    bound: Bound,
    evaluations: u64,
    stopped: bool,
    /// For a smaller instance, whose bounds say nothing of the large one.
    without_weights: bool,
}

impl<'a> Run<'a> {
    fn new(instance: &'a Instance, settings: &'a PackSettings<'a>, start: Option<Vec<u32>>) -> Result<Self, PackError> {
        let loads = Loads::new(instance);
        let apart = Apart::new(instance);
        let bound = bound::cheap(instance);
        let order: Vec<u32> = (0..instance.item_count() as u32).collect();
        let mut best = greedy::assign(instance, &loads, &apart, &order, bound.value as f64);
        separate::repair(instance, &apart, &mut best)?;
        let mut peak = Assignment(best.clone()).peak(instance);
        if let Some(start) = start {
            let value = Assignment(start.clone()).peak(instance);
            if value < peak && separate::holds(instance, &start) {
                (best, peak) = (start, value);
            }
        }
        Ok(Self {
            instance,
            settings,
            loads,
            apart,
            best,
            peak,
            bound,
            evaluations: 0,
            stopped: false,
            without_weights: false,
        })
    }

    fn done(&mut self) -> bool {
        self.stopped = self.stopped || self.settings.stop.is_some_and(|stop| stop());
        self.stopped || self.peak <= self.goal()
    }

    /// Where the search ends: at the bound, or within 0.0005 % of it for large cores, which nothing is gained beyond.
    fn goal(&self) -> u64 {
        let large = self.instance.item_count() as u64 > SMALL && self.settings.exact != ExactMode::Required;
        self.bound.value + if large { self.bound.value / 200_000 } else { 0 }
    }

    fn search(&mut self) {
        if self.done() || self.instance.bin_count < 2 {
            return;
        }
        let mut effort = Effort::new(self.instance, self.settings.budget);
        if self.settings.exact != ExactMode::Off && self.instance.item_count() <= ITEM_LIMIT {
            // Counting settles it in less time than a long search; this only gives it a good incumbent.
            effort.rounds = 1;
            effort.waves = 0;
            effort.evaluations = effort.evaluations.min(100_000);
        }
        self.split_exactly();
        self.descend(&effort);
        if self.done() {
            return;
        }
        if self.instance.item_count() as u64 > COARSE {
            self.place_large(&effort);
        }
        let dives = (effort.waves > 0).then(|| Dives::new(self.instance, effort.dive_iterations)).flatten();
        self.leap(dives.as_ref(), &effort, 0..effort.waves.min(1));
        if self.done() {
            return;
        }
        let mut weights: Option<Weights> = None;
        let large = self.instance.item_count() as u64 > SMALL;
        for round in 0..effort.rounds {
            let (instance, peak) = (self.instance, self.peak);
            let task = || {
                ((round > 0 || large) && !self.without_weights).then(|| {
                    let mut weights = weights.take().unwrap_or_else(|| Weights::new(instance, peak));
                    let found = weights.improve(effort.iterations);
                    (weights, found)
                })
            };
            let (found, runs) = rayon::join(task, || self.starts(round, &effort));
            if let Some((kept, bound)) = found {
                weights = Some(kept);
                self.bound = bound::better(self.bound.clone(), bound);
            }
            self.take_best(runs);
            if round == 0 && !self.without_weights && self.peak > self.bound.value {
                self.bound =
                    bound::better(self.bound.clone(), bound::bin_packing(self.instance, self.bound.value, self.peak));
            }
            if self.done() {
                return;
            }
        }
        if !self.is_near() {
            self.leap(dives.as_ref(), &effort, 1..effort.waves.max(1));
        }
        self.branch(&effort);
    }

    /// Within 0.02 % of the bound (0.002 % with few items) other places of the large items are not worth their time.
    fn is_near(&self) -> bool {
        let part = if self.instance.item_count() as u64 > SMALL { 5_000 } else { 50_000 };
        self.peak - self.bound.value <= self.bound.value / part
    }

    /// Branches on the places of the large items, for a better bound and for another place to search from.
    fn branch(&mut self, effort: &Effort) {
        let complete = self.settings.exact == ExactMode::Required
            && self.instance.item_count() <= COMPLETE_LIMIT
            && effort.nodes > 0;
        if self.without_weights || effort.nodes == 0 || (!complete && self.is_near()) {
            return;
        }
        let settings = BranchSettings {
            nodes: if complete { COMPLETE_NODES } else { effort.nodes },
            rows: effort.rows,
            iterations: effort.node_iterations,
            linear: complete,
            stop: self.settings.stop,
        };
        let branched = branch(self.instance, self.peak, &settings);
        self.bound = bound::better(self.bound.clone(), branched.bound);
        if let Some(best) = branched.assignment {
            self.peak = Assignment(best.clone()).peak(self.instance);
            self.best = best;
        }
        if self.done() {
            return;
        }
        self.dive(&branched.promising, effort);
    }

    /// Searches from the places that branching found promising: shortly from each, then longer from the best.
    fn dive(&mut self, promising: &[Vec<u32>], effort: &Effort) {
        let order: Vec<u32> = (0..self.instance.item_count() as u32).collect();
        let scale = self.bound.value as f64;
        let starts: Vec<Vec<u32>> = promising
            .iter()
            .map(|given| greedy::assign_rest(self.instance, &self.loads, &self.apart, &order, scale, given))
            .filter(|start| separate::holds(self.instance, start))
            .collect();
        let starts: Vec<&[u32]> = starts.iter().map(Vec::as_slice).collect();
        if let (Some(first), true) = (starts.first(), self.instance.item_count() as u64 <= SMALL) {
            let runs = self.runs(effort.rounds, effort, &vec![*first; effort.starts]);
            return self.take_best(runs);
        }
        let short = Effort { evaluations: (effort.evaluations / 4).max(1), ..*effort };
        let runs = self.runs(effort.rounds, &short, &starts);
        let best = runs.iter().min_by_key(|(peak, ..)| *peak).map(|(_, best, _)| best.clone());
        self.take_best(runs);
        if let (Some(best), false) = (best, self.done()) {
            let runs = self.runs(effort.rounds + 1, effort, &vec![best.as_slice(); effort.starts]);
            self.take_best(runs);
        }
    }

    /// Where the volume bound leaves no room at all, moves do not get there.
    fn split_exactly(&mut self) {
        let level = self.bound.value;
        if let Some(best) =
            fill::to_level(self.instance, level).or_else(|| lattice::split_exactly(self.instance, level))
            && separate::holds(self.instance, &best)
        {
            (self.peak, self.best) = (Assignment(best.clone()).peak(self.instance), best);
        }
    }

    /// Large cores often need no more than fitting in the small items.
    fn descend(&mut self, effort: &Effort) {
        // With more dimensions it has not got there.
        if self.instance.item_count() as u64 > SMALL && self.instance.dimension_count as u64 <= FEW_DIMENSIONS {
            let cold = Schedule { hot: 0.000_03, cold: 0.000_001, target: 0.3 };
            let runs = self.starts(DESCENT_ROUND, &Effort { schedule: cold, ..*effort });
            self.take_best(runs);
        }
    }

    /// Places the large items on a smaller instance first, with half of the budget.
    fn place_large(&mut self, effort: &Effort) {
        let Some(coarse) = Coarse::new(self.instance) else { return };
        let settings = PackSettings { budget: Budget::Evaluations(effort.placing), start: None, ..*self.settings };
        let Ok(mut run) = Run::new(&coarse.instance, &settings, None) else { return };
        run.without_weights = true;
        run.search();
        self.evaluations += run.evaluations;
        let large = coarse.expand(&run.best);
        let peak = large.peak(self.instance);
        if peak < self.peak {
            (self.best, self.peak) = (large.0, peak);
        }
    }

    /// One round of all starts; each returns its peak, its assignment and its evaluations.
    fn starts(&self, round: usize, effort: &Effort) -> Vec<(u64, Vec<u32>, u64)> {
        self.runs(round, effort, &vec![self.best.as_slice(); effort.starts])
    }

    /// A run from each of the given assignments.
    fn runs(&self, round: usize, effort: &Effort, from: &[&[u32]]) -> Vec<(u64, Vec<u32>, u64)> {
        let lower = self.goal() as f64;
        from.par_iter()
            .enumerate()
            .map(|(start, from)| {
                let mut dice = Dice::new(generator(self.settings.seed, (round * RUNS_A_ROUND + start) as u64));
                let mut search = LocalSearch::new(&self.loads, &self.apart, self.instance.bin_count, from.to_vec());
                search.run(&mut dice, lower, effort.evaluations, effort.schedule, self.settings.stop);
                (search.best() as u64, search.evaluations, search.into_best())
            })
            .map(|(peak, evaluations, best)| (peak, best, evaluations))
            .collect()
    }

    fn take_best(&mut self, runs: Vec<(u64, Vec<u32>, u64)>) {
        for (peak, best, evaluations) in runs {
            self.evaluations += evaluations;
            if peak < self.peak {
                (self.peak, self.best) = (peak, best);
            }
        }
    }

    fn prove(&mut self) {
        if self.settings.exact == ExactMode::Off || self.done() {
            return;
        }
        if let Some((best, bound)) = exact::small(self.instance, self.bound.value, self.peak) {
            if let Some(best) = best {
                self.peak = Assignment(best.clone()).peak(self.instance);
                self.best = best;
            }
            self.bound = bound;
        }
    }
}
