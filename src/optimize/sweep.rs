//! The number of shared slots: one packing problem for each count, the bound first, then the choice (docs/rules.md,
//! "Number of slots").

use rayon::prelude::*;

use super::{
    OptimizeOptions,
    bound::{self, Bound},
    demand::Demand,
    fk_graph::FkGraph,
    grouping::Groups,
    hot::{self, Allowance, HotSet, LeftShared},
    packing::{Assignment, Budget, Instance, PackError, PackSettings, Packing, pack},
    slot_limit,
};
use crate::{
    cost::{Confidence, CostModel},
    policy::{Policy, PublicationCount},
    workload::Workload,
};

/// The most shared slots that `auto` tries: past it, decoding costs the publisher more than a slot gains.
const AUTO_LIMIT: u32 = 32;

/// What `auto` tries when no count keeps the headroom.
const AUTO_FALLBACK_LIMIT: u32 = 12;

/// One number of shared slots.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Shared slots: as asked, or fewer when there are fewer groups.
    pub shared_count: u32,
    /// Who is dedicated then.
    pub hot: HotSet,
    /// The packing problem of the others: item `i` is group `hot.shared[i]`.
    pub instance: Instance,
    /// No packing is better.
    pub bound: Bound,
    /// The best packing found; `None` when the bound alone rules the count out.
    pub packing: Option<Packing>,
    /// Its peak at the high coefficients, units.
    pub peak_high: Option<u64>,
    /// Whether that keeps the headroom; `None` without a capacity.
    pub keeps_headroom: Option<bool>,
    /// Why nothing could be packed at all: rules keep too many groups apart.
    pub blocked: Option<PackError>,
}

/// What the sweep works on.
pub struct Problem<'a> {
    /// The observations.
    pub workload: &'a Workload,
    /// The groups.
    pub groups: &'a Groups,
    /// Their loads.
    pub demand: &'a Demand,
    /// Foreign keys.
    pub graph: &'a FkGraph,
    /// What is wanted.
    pub policy: &'a Policy,
    /// What it costs.
    pub cost: &'a CostModel,
    /// Seed and budget.
    pub options: &'a OptimizeOptions<'a>,
}

/// All candidates and the one chosen.
#[derive(Debug)]
pub struct Swept {
    /// In the order tried.
    pub candidates: Vec<Candidate>,
    /// Position of the choice.
    pub chosen: usize,
    /// Those among which the choice is made once they are packed and traded with the whole budget.
    pub finalists: Vec<usize>,
    /// `--max-slots` cut what was asked for.
    pub limited: bool,
    /// Why this one, in words.
    pub why: &'static str,
}

impl Swept {
    /// A choice that is already made.
    pub fn one(candidates: Vec<Candidate>, chosen: usize, why: &'static str) -> Self {
        Swept { candidates, chosen, finalists: vec![chosen], limited: false, why }
    }
}

impl Candidate {
    /// The shared peak found; 0 when nothing is shared or packed.
    pub fn packing_peak(&self) -> u64 {
        self.packing.as_ref().map_or(0, |packing| packing.peak)
    }
}

impl Problem<'_> {
    /// The load above which the headroom is not kept, in units.
    pub fn limit(&self) -> Option<u64> {
        self.cost.headroom_limit(self.policy)
    }

    /// Tries the counts and chooses.
    pub fn run(&self) -> Swept {
        let (low, high) = self.range();
        match self.policy.max_slots {
            None => self.try_counts(low..=high, self.allowance()),
            Some(most) => slot_limit::run(self, most),
        }
    }

    /// The numbers of shared slots that are asked for.
    pub fn range(&self) -> (u32, u32) {
        match self.policy.publications {
            PublicationCount::Range(low, high) => (low, high),
            PublicationCount::Auto => (1, AUTO_LIMIT),
        }
    }

    /// Tries these counts, each with its own hot set, and chooses (docs/rules.md, "Number of slots").
    pub fn try_counts(&self, counts: impl IntoIterator<Item = u32>, allowance: Allowance) -> Swept {
        let mut candidates: Vec<Candidate> = Vec::new();
        let automatic = self.policy.publications == PublicationCount::Auto;
        for count in counts {
            let candidate = self.candidate_of(self.isolate(count, allowance), count);
            if candidates.last().is_some_and(|last| last.shared_count == candidate.shared_count) {
                break;
            }
            let kept = candidate.keeps_headroom == Some(true);
            candidates.push(candidate);
            if automatic && kept {
                break;
            }
        }
        self.choose(candidates)
    }

    fn choose(&self, mut candidates: Vec<Candidate>) -> Swept {
        if let Some(chosen) = candidates.iter().position(|candidate| candidate.keeps_headroom == Some(true)) {
            return Swept::one(candidates, chosen, "the fewest that keep the headroom");
        }
        // A single one has nothing to be compared with: it is packed with the whole budget afterwards.
        if candidates.len() > 1 {
            for candidate in candidates.iter_mut().take(AUTO_FALLBACK_LIMIT as usize) {
                self.pack_candidate(candidate, self.first_budget());
            }
        }
        let chosen = (0..candidates.len())
            .filter(|&position| candidates[position].packing.is_some() || candidates[position].shared_count == 0)
            .min_by_key(|&position| (candidates[position].packing_peak(), position))
            .unwrap_or(0);
        let why =
            if self.limit().is_some() { "the least peak, since no count keeps the headroom" } else { "the least peak" };
        Swept::one(candidates, chosen, why)
    }

    /// What the policy allows where nothing else limits it.
    pub fn allowance(&self) -> Allowance {
        Allowance { dedicated: self.policy.max_dedicated, beyond: LeftShared::MaxDedicated }
    }

    /// The hot set for a count.
    pub fn isolate(&self, count: u32, allowance: Allowance) -> HotSet {
        hot::isolate(self.groups, self.demand, self.policy, self.cost, count, allowance)
    }

    /// Largest load that one group makes of a slot of its own.
    pub fn alone_peak(&self, group: usize) -> u64 {
        self.demand
            .row(group)
            .iter()
            .zip(&self.demand.constant)
            .map(|(load, constant)| load + constant)
            .max()
            .unwrap_or(0)
    }

    /// Largest load over all slots, dedicated ones too, when the shared ones reach `shared_peak`.
    pub fn peak_over_all(&self, candidate: &Candidate, shared_peak: u64) -> u64 {
        let dedicated = candidate.hot.dedicated.iter().map(|(group, _)| self.alone_peak(*group));
        dedicated.max().unwrap_or(0).max(shared_peak)
    }

    /// What a count is tried with: the small budget, or a quarter of a number that the user gave.
    pub fn first_budget(&self) -> Budget {
        match self.options.budget {
            Budget::Evaluations(evaluations) => Budget::Evaluations((evaluations / 4).max(1)),
            Budget::Small | Budget::Normal | Budget::Large => Budget::Small,
        }
    }

    /// The packing problem for a given hot set, packed with the first budget unless its bound rules it out.
    pub fn candidate_of(&self, hot: HotSet, count: u32) -> Candidate {
        let shared_count = count.min(hot.shared.len() as u32);
        let instance = self.instance(&hot, shared_count);
        let bound = bound::cheap(&instance);
        let mut candidate = Candidate {
            shared_count,
            hot,
            instance,
            bound,
            packing: None,
            peak_high: None,
            keeps_headroom: None,
            blocked: None,
        };
        match self.limit() {
            limit if shared_count == 0 => candidate.keeps_headroom = limit.map(|_| true),
            // High coefficients are never below nominal ones, so the nominal bound refutes the headroom too.
            Some(limit) if candidate.bound.value > limit => candidate.keeps_headroom = Some(false),
            limit => {
                self.pack_candidate(&mut candidate, self.first_budget());
                let near = |limit: u64| {
                    candidate.peak_high.is_some_and(|peak| peak > limit && peak as f64 <= limit as f64 * 1.05)
                };
                if limit.is_some_and(near) {
                    self.pack_candidate(&mut candidate, self.options.budget);
                }
            }
        }
        candidate
    }

    /// Packs a candidate, from an earlier packing where there is one, and judges it at the high coefficients.
    pub fn pack_candidate(&self, candidate: &mut Candidate, budget: Budget) {
        if candidate.shared_count == 0 {
            return;
        }
        let start = candidate.packing.as_ref().map(|packing| &packing.assignment);
        let settings =
            PackSettings { seed: self.options.seed, budget, exact: self.options.exact, start, stop: self.options.stop };
        let packing = match pack(&candidate.instance, &settings) {
            Ok(packing) => packing,
            Err(error) => {
                candidate.blocked = Some(error);
                candidate.keeps_headroom = self.limit().map(|_| false);
                return;
            }
        };
        candidate.bound = bound::better(candidate.bound.clone(), Some(packing.bound.clone()));
        let high = self.slot_rows(Confidence::High, &shared_slots(candidate, &packing.assignment));
        let peak_high = high.iter().flatten().copied().max().unwrap_or(0);
        candidate.peak_high = Some(peak_high);
        candidate.keeps_headroom = self.limit().map(|limit| peak_high <= limit);
        candidate.packing = Some(packing);
    }

    fn instance(&self, hot: &HotSet, shared_count: u32) -> Instance {
        let mut item_of = vec![None; self.groups.groups.len()];
        let mut instance = Instance {
            bin_count: shared_count.max(1) as usize,
            dimension_count: self.demand.dimension_count,
            constant: self.demand.constant.clone(),
            loads: Vec::with_capacity(hot.shared.len() * self.demand.dimension_count),
            sizes: Vec::with_capacity(hot.shared.len()),
            ..Instance::default()
        };
        for (item, &position) in hot.shared.iter().enumerate() {
            item_of[position] = Some(item as u32);
            instance.loads.extend_from_slice(self.demand.row(position));
            instance.sizes.push(self.demand.copy_bytes[position]);
        }
        for &(a, b) in self.groups.apart.keys() {
            if let (Some(a), Some(b)) = (item_of[a], item_of[b]) {
                instance.apart.push((a, b));
            }
        }
        instance.edges = self.edges(&item_of);
        instance
    }

    /// Pairs of items joined by foreign keys or co-writes, with what cutting them costs the search.
    fn edges(&self, item_of: &[Option<u32>]) -> Vec<(u32, u32, u64)> {
        let mut item_of_table = vec![None; self.workload.tables.len()];
        for (position, group) in self.groups.groups.iter().enumerate() {
            for &index in &group.tables {
                item_of_table[index] = item_of[position];
            }
        }
        let mut edges = std::collections::BTreeMap::new();
        for (a, b, joint) in self.graph.pairs() {
            if let (Some(a), Some(b)) = (item_of_table[a as usize], item_of_table[b as usize]) {
                let weight = self.graph.search_weight(&joint);
                if a != b && weight > 0 {
                    *edges.entry((a.min(b), a.max(b))).or_insert(0) += weight;
                }
            }
        }
        edges.into_iter().map(|((a, b), weight)| (a, b, weight)).collect()
    }

    /// Exact loads of slots, each given as positions of groups: one row a slot, constant part included.
    pub fn slot_rows(&self, confidence: Confidence, slots: &[Vec<usize>]) -> Vec<Vec<u64>> {
        let context = self.cost.context(self.workload, confidence, &self.demand.buckets);
        let constant = self.cost.slot_constant(self.workload, confidence, &self.demand.buckets);
        slots
            .par_iter()
            .map(|groups| {
                let mut row = constant.clone();
                for &position in groups {
                    let group = &self.groups.groups[position];
                    for &index in &group.tables {
                        self.cost.add_share_loads(&context, &self.workload.tables[index], group.share, &mut row);
                    }
                }
                row
            })
            .collect()
    }
}

/// The groups of every shared slot of an assignment.
pub fn shared_slots(candidate: &Candidate, assignment: &Assignment) -> Vec<Vec<usize>> {
    let mut slots = vec![Vec::new(); candidate.shared_count as usize];
    for (item, &bin) in assignment.0.iter().enumerate() {
        slots[bin as usize].push(candidate.hot.shared[item]);
    }
    slots
}
