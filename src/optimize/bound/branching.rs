//! Branching on the places of the largest items: with some of them fixed, the Lagrangian bound is much tighter.
//!
//! Bins are identical, so an item goes to a bin that an earlier one is in, or to the first that is free. A node fixes
//! the first items; its value is that of weights (see `lagrangian`), the fixed items taken where they are. Nodes are
//! opened least value first, some at a time, until the least value reaches the incumbent (a proof) or the node budget
//! is spent. Land and Doig 1960 (doi:10.2307/1910129). With all items fixed a node is an assignment, so that for few
//! items the search is complete. The witness lists the leaves.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use rayon::prelude::*;

use super::{Bound, Witness, lagrangian, saddle::Saddle};
use crate::optimize::packing::{Instance, loads::Loads};

/// How far the branching goes.
#[derive(Clone, Copy)]
pub struct BranchSettings<'a> {
    /// Nodes that may be opened.
    pub nodes: u32,
    /// Items and clusters of the rest that the weights are sought with. Weights found on few clusters lose much of what they
    /// prove when they are evaluated on all items.
    pub rows: usize,
    /// Iterations of the saddle-point method on a node.
    pub iterations: u32,
    /// Whether small nodes are solved as linear programs instead.
    pub linear: bool,
    /// Ends it early.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Branched {
    /// A bound; `None` when there is nothing to branch on, or no case is left because the pairs cannot be kept apart.
    pub bound: Option<Bound>,
    /// An assignment better than the incumbent, where nodes with all items fixed were reached.
    pub assignment: Option<Vec<u32>>,
    /// Bins of the first items in the open nodes with the least values: where a better assignment is, if there is one.
    pub promising: Vec<Vec<u32>>,
    /// Nodes opened.
    pub nodes: u32,
}

/// Items whose places may be fixed.
const DEPTH: usize = 40;
/// Nodes opened at the same time. Fixed, so that the number of threads changes nothing.
const BATCH: usize = 4;
/// Open nodes that are handed out.
const PROMISING: usize = 8;
/// Largest weight: fewer digits than in `lagrangian`, since many vectors of weights are written.
const WEIGHT_LIMIT: f64 = 65_536.0;
/// Work that whoever checks the witness has to do at most: items times weights, over all vectors of weights.
const WITNESS_LIMIT: u64 = 400_000_000;

type Weights = Vec<(u32, u32, u32)>;

/// Weights with what they say of every node.
struct Prices {
    weights: Weights,
    denominator: u128,
    base: u128,
    listed: Vec<(Vec<u128>, u128)>,
}

struct Node {
    bins: Vec<u32>,
    value: u64,
    /// Index of the weights that prove the value.
    weights: usize,
    saddle: Option<Saddle>,
    polished: bool,
}

/// Branches on an instance whose items are in order of falling peak. `upper` is the incumbent's peak.
pub fn branch(instance: &Instance, upper: u64, settings: &BranchSettings<'_>) -> Branched {
    let mut search = match Search::new(instance, upper, settings) {
        Some(search) => search,
        None => return Branched::default(),
    };
    search.run();
    search.finish()
}

struct Search<'a> {
    instance: &'a Instance,
    settings: &'a BranchSettings<'a>,
    upper: u64,
    depth: usize,
    columns: Vec<u32>,
    weights: Vec<Prices>,
    single: BTreeMap<(u32, u32), usize>,
    nodes: Vec<Node>,
    open: BinaryHeap<Reverse<(u64, usize)>>,
    closed: Vec<usize>,
    opened: u32,
    /// Items that the witness lists at least: those that could not be placed anywhere, and so are in no leaf.
    barred: usize,
    best: Option<Vec<u32>>,
    witness_work: u64,
}

impl<'a> Search<'a> {
    fn new(instance: &'a Instance, upper: u64, settings: &'a BranchSettings<'a>) -> Option<Self> {
        let (n, bins) = (instance.item_count(), instance.bin_count);
        if !(2..=lagrangian::BIN_LIMIT).contains(&bins) || n < 2 || instance.dimension_count == 0 {
            return None;
        }
        let depth = n.min(DEPTH);
        let order: Vec<u32> = (0..depth as u32).collect();
        let rows = lagrangian::aggregated(instance, &order, settings.rows / 2, settings.rows / 2);
        let pinned = vec![None; rows.item_count()];
        // Where branching goes on until a node is an assignment, its value must be that of all dimensions.
        let loads = if settings.linear { Loads::new(&rows) } else { Loads::fullest(&rows) };
        let saddle = Saddle::new(bins, loads.width, loads.rows, loads.constant, pinned);
        let mut search = Search {
            instance,
            settings,
            upper,
            depth,
            columns: loads.columns,
            weights: Vec::new(),
            single: BTreeMap::new(),
            nodes: Vec::new(),
            open: BinaryHeap::new(),
            closed: Vec::new(),
            opened: 0,
            barred: 0,
            best: None,
            witness_work: 0,
        };
        // Volume: all weight on the busiest dimension, the same in every bin.
        let total = instance.total();
        let busy = |d: usize| total[d] / bins as u64 + instance.constant[d];
        let top = (0..total.len()).max_by_key(|&d| (busy(d), Reverse(d))).unwrap_or(0);
        let even: Weights = (0..bins as u32).map(|bin| (bin, top as u32, 1)).collect();
        let prices = search.prices(even);
        let value = prices.value(&[]);
        let weights = search.keep(prices);
        search.push(Node { bins: Vec::new(), value, weights, saddle: Some(saddle), polished: true });
        Some(search)
    }

    fn prices(&self, weights: Weights) -> Prices {
        let bins: Vec<&[(u32, u32, u32)]> = (0..self.instance.bin_count as u32)
            .map(|bin| {
                let start = weights.partition_point(|w| w.0 < bin);
                &weights[start..weights.partition_point(|w| w.0 <= bin)]
            })
            .collect();
        let price = |item: usize, bin: &[(u32, u32, u32)]| -> u128 {
            let load = self.instance.load(item);
            bin.iter().map(|w| u128::from(w.2) * u128::from(load[w.1 as usize])).sum()
        };
        let mut base: u128 =
            weights.iter().map(|w| u128::from(w.2) * u128::from(self.instance.constant[w.1 as usize])).sum();
        let mut listed = Vec::with_capacity(self.depth);
        for item in 0..self.instance.item_count() {
            if item < self.depth {
                let prices: Vec<u128> = bins.iter().map(|bin| price(item, bin)).collect();
                let least = prices.iter().copied().min().unwrap_or(0);
                base += least;
                listed.push((prices, least));
            } else {
                base += bins.iter().map(|bin| price(item, bin)).min().unwrap_or(0);
            }
        }
        let denominator = weights.iter().map(|w| u128::from(w.2)).sum::<u128>().max(1);
        Prices { denominator, base, listed, weights }
    }

    fn keep(&mut self, prices: Prices) -> usize {
        self.witness_work += prices.weights.len() as u64 * self.instance.item_count() as u64;
        self.weights.push(prices);
        self.weights.len() - 1
    }

    /// A node goes to the open ones, or to the closed ones when it cannot hold anything better than the incumbent.
    fn push(&mut self, mut node: Node) {
        let number = self.nodes.len();
        let done = node.value >= self.upper || node.bins.len() == self.depth;
        if done {
            node.saddle = None;
            self.closed.push(number);
        } else {
            self.open.push(Reverse((node.value, number)));
        }
        self.nodes.push(node);
    }

    fn run(&mut self) {
        while self.opened < self.settings.nodes && self.witness_work < WITNESS_LIMIT {
            if self.settings.stop.is_some_and(|stop| stop()) {
                return;
            }
            let mut batch = Vec::new();
            while batch.len() < BATCH {
                let Some(Reverse((value, number))) = self.open.pop() else { break };
                if value >= self.upper {
                    self.nodes[number].saddle = None;
                    self.closed.push(number);
                    continue;
                }
                batch.push(number);
            }
            if batch.is_empty() {
                return;
            }
            self.opened += batch.len() as u32;
            let work: Vec<(usize, Saddle)> =
                batch.iter().filter_map(|&number| Some((number, self.nodes[number].saddle.take()?))).collect();
            let this = &*self;
            let numbers: Vec<usize> = work.iter().map(|(number, _)| *number).collect();
            let results: Vec<Vec<(Node, Option<Prices>)>> =
                work.into_par_iter().map(|(number, saddle)| this.open_node(number, saddle)).collect();
            for (number, opened) in numbers.into_iter().zip(results) {
                if opened.is_empty() {
                    self.barred = self.barred.max(self.nodes[number].bins.len() + 1);
                }
                for (mut node, prices) in opened {
                    if let Some(prices) = prices {
                        node.weights = self.keep(prices);
                    } else if node.weights == usize::MAX {
                        node.weights = self.overload(&mut node);
                    }
                    self.take_if_better(&node);
                    self.push(node);
                }
            }
        }
    }

    /// What takes the node's place, with weights of its own where new ones are better: the first time a node comes up it
    /// is itself with better weights, the next time its children.
    fn open_node(&self, number: usize, mut saddle: Saddle) -> Vec<(Node, Option<Prices>)> {
        let node = &self.nodes[number];
        if !node.polished {
            saddle.run(self.settings.iterations, 1e-7);
            let prices = self.found(&saddle, &node.bins);
            let prices = prices.filter(|prices| prices.value(&node.bins) > node.value);
            let value = prices.as_ref().map_or(node.value, |prices| prices.value(&node.bins));
            let node =
                Node { bins: node.bins.clone(), value, weights: node.weights, saddle: Some(saddle), polished: true };
            return vec![(node, prices)];
        }
        let item = node.bins.len();
        let used = node.bins.iter().max().map_or(0, |&most| most + 1);
        let mut children = Vec::new();
        for bin in (0..=used).filter(|&bin| (bin as usize) < self.instance.bin_count) {
            let meets = |other: usize| self.instance.are_apart(other as u32, item as u32);
            if node.bins.iter().enumerate().any(|(other, &at)| at == bin && meets(other)) {
                continue;
            }
            let mut bins = node.bins.clone();
            bins.push(bin);
            let (peak, _) = self.fullest(&bins);
            if peak >= self.upper || bins.len() == self.instance.item_count() {
                children.push((Node { bins, value: peak, weights: usize::MAX, saddle: None, polished: true }, None));
                continue;
            }
            let inherited = self.weights[node.weights].value(&bins);
            let mut child = Node { bins, value: inherited, weights: node.weights, saddle: None, polished: false };
            let mut pinned = saddle.clone();
            pinned.pin(item, bin);
            let mut prices = None;
            if inherited < self.upper {
                pinned.run(self.settings.iterations / 4, 1e-7);
                prices = self.found(&pinned, &child.bins).filter(|found| found.value(&child.bins) > inherited);
                if let Some(prices) = &prices {
                    child.value = prices.value(&child.bins);
                }
                child.saddle = Some(pinned);
            }
            children.push((child, prices));
        }
        children
    }

    /// The weights at the best point of the iterations, and those of the linear program where it is small enough.
    fn found(&self, saddle: &Saddle, bins: &[u32]) -> Option<Prices> {
        let width = saddle.best().weights.len() / self.instance.bin_count;
        let whole = lagrangian::whole_weights(&saddle.best().weights, width, &self.columns, WEIGHT_LIMIT);
        let first = (!whole.is_empty()).then(|| self.prices(whole));
        if !self.settings.linear {
            return first;
        }
        let exact = super::linear::weights(self.instance, bins).map(|weights| {
            let columns: Vec<u32> = (0..self.instance.dimension_count as u32).collect();
            self.prices(lagrangian::whole_weights(&weights, columns.len(), &columns, WEIGHT_LIMIT))
        });
        match (first, exact) {
            (Some(first), Some(exact)) if exact.value(bins) > first.value(bins) => Some(exact),
            (None, exact) => exact,
            (first, _) => first,
        }
    }

    /// Largest load that the fixed items make, with its bin and dimension.
    fn fullest(&self, bins: &[u32]) -> (u64, (u32, u32)) {
        let d = self.instance.dimension_count;
        let mut sums = self.instance.constant.repeat(self.instance.bin_count);
        for (item, &bin) in bins.iter().enumerate() {
            let row = &mut sums[bin as usize * d..(bin as usize + 1) * d];
            row.iter_mut().zip(self.instance.load(item)).for_each(|(sum, load)| *sum += load);
        }
        let at = (0..sums.len()).max_by_key(|&k| (sums[k], Reverse(k))).unwrap_or(0);
        (sums[at], ((at / d) as u32, (at % d) as u32))
    }

    /// One weight where the fixed items overload a bin.
    fn overload(&mut self, node: &mut Node) -> usize {
        let (_, (bin, dimension)) = self.fullest(&node.bins);
        let number = match self.single.get(&(bin, dimension)) {
            Some(&number) => number,
            None => {
                let prices = self.prices(vec![(bin, dimension, 1)]);
                let number = self.keep(prices);
                self.single.insert((bin, dimension), number);
                number
            }
        };
        node.value = self.weights[number].value(&node.bins);
        number
    }

    fn take_if_better(&mut self, node: &Node) {
        if node.bins.len() == self.instance.item_count() && node.value < self.upper {
            self.upper = node.value;
            self.best = Some(node.bins.clone());
        }
    }

    fn finish(mut self) -> Branched {
        let mut by_value: Vec<(u64, usize)> = self.open.iter().map(|Reverse(node)| *node).collect();
        by_value.sort_unstable();
        let promising = by_value.iter().take(PROMISING).map(|&(_, number)| self.nodes[number].bins.clone()).collect();
        let mut leaves: Vec<usize> = std::mem::take(&mut self.closed);
        leaves.extend(std::mem::take(&mut self.open).into_iter().map(|Reverse((_, number))| number));
        let Some(value) = leaves.iter().map(|&leaf| self.nodes[leaf].value).min() else {
            return Branched { bound: None, assignment: self.best, promising, nodes: self.opened };
        };
        // Only the weights that a leaf needs, numbered anew.
        let mut numbers: BTreeMap<usize, u32> = BTreeMap::new();
        let mut weights = Vec::new();
        let mut listed: Vec<(Vec<u32>, u32)> = Vec::new();
        for &leaf in &leaves {
            let node = &self.nodes[leaf];
            let number = *numbers.entry(node.weights).or_insert_with(|| {
                weights.push(self.weights[node.weights].weights.clone());
                weights.len() as u32 - 1
            });
            listed.push((node.bins.clone(), number));
        }
        listed.sort();
        let depth = listed.iter().map(|(bins, _)| bins.len()).max().unwrap_or(0).max(self.barred);
        let items: Vec<u32> = (0..depth as u32).collect();
        let bound = Bound { value, witness: Witness::Cases { items, weights, leaves: listed } };
        Branched { bound: Some(bound), assignment: self.best, promising, nodes: self.opened }
    }
}

impl Prices {
    fn value(&self, bins: &[u32]) -> u64 {
        let fixed = bins.iter().zip(&self.listed);
        let more: u128 = fixed.map(|(&bin, (prices, least))| prices[bin as usize] - least).sum();
        u64::try_from((self.base + more).div_ceil(self.denominator)).unwrap_or(u64::MAX)
    }
}
