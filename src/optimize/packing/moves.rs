//! Planning again with few moves: the best peak for each number of items that may change bin.
//!
//! Bins are labelled here: an item counts as moved when it had a bin and gets another. New items are placed first and never
//! count. The search walks from the previous assignment by moves and exchanges that take load off the fullest bin;
//! a beam keeps several assignments for each number of moves, so that a move that only pays with the next is not lost.

use rayon::prelude::*;

use super::instance::Instance;
use super::solution::Assignment;

/// Effort of the re-planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveSettings {
    /// Evaluations (moves and exchanges looked at) that may be spent in all.
    pub budget: u64,
}

/// The best peak found with so many moved items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovePoint {
    /// Items that had a bin and have another now.
    pub moves: usize,
    /// Largest load over bins and dimensions.
    pub peak: u64,
    /// Where each item goes.
    pub assignment: Assignment,
}

/// The curve from moves to peak: the first point has the new items placed and moves nothing, each later one has more moves
/// and a strictly lower peak. An assignment that no change betters gives one point. `previous` holds a bin below `bin_count`
/// or none for each item; pairs to keep apart that meet in it are let be until a move parts them, and a bin that is empty
/// stays so unless an item gains by moving there. The caller
/// gives an item that must leave its bin (a new rule) as one without a bin, and says which items are `fixed` in theirs. Cost: O(n + d (k s)^2) for each assignment of the
/// beam and move, s about 48 items of each bin.
pub fn repack_with_moves(
    instance: &Instance,
    previous: &[Option<u32>],
    fixed: &[bool],
    max_moves: usize,
    settings: &MoveSettings,
) -> Vec<MovePoint> {
    let root = Node::new(instance, place_new(instance, previous));
    let enemies = enemies(instance);
    let max_moves = max_moves.min(previous.iter().flatten().count());
    let mut levels: Vec<Vec<Node>> = vec![Vec::new(); max_moves + 1];
    levels[0].push(root);
    let mut left = settings.budget;
    for moves in 0..max_moves {
        let level = core::mem::take(&mut levels[moves]);
        let kept = best_of(level);
        let cost = kept.iter().map(|node| node.cost(instance)).sum::<u64>();
        if cost <= left {
            left -= cost;
            let children: Vec<Vec<Node>> =
                kept.par_iter().map(|node| node.children(instance, previous, fixed, &enemies)).collect();
            for child in children.into_iter().flatten() {
                let moved = child.moved(previous);
                if moved > moves && moved <= max_moves {
                    levels[moved].push(child);
                }
            }
        }
        levels[moves] = kept;
    }
    let last = core::mem::take(&mut levels[max_moves]);
    levels[max_moves] = best_of(last);
    let mut points: Vec<MovePoint> = Vec::new();
    for (moves, level) in levels.into_iter().enumerate() {
        let Some(best) = level.into_iter().next() else { continue };
        if points.last().is_none_or(|point| best.peak() < point.peak) {
            points.push(MovePoint { moves, peak: best.peak(), assignment: Assignment(best.bins) });
        }
    }
    points
}

/// Assignments kept for each number of moves.
const BEAM: usize = 12;
/// Children of one assignment that go on.
const BRANCHES: usize = 24;

/// New items, hottest first, each into the open bin whose peak stays lowest; empty bins before all others, as the plan's rule
/// "no bin is empty" asks.
fn place_new(instance: &Instance, previous: &[Option<u32>]) -> Vec<u32> {
    const NOWHERE: u32 = u32::MAX;
    let d = instance.dimension_count;
    let mut bins: Vec<u32> = previous.iter().map(|bin| bin.unwrap_or(NOWHERE)).collect();
    let mut loads = instance.constant.repeat(instance.bin_count);
    let mut members = vec![0; instance.bin_count];
    let enemies = enemies(instance);
    let put = |item: usize, bin: usize, loads: &mut [u64], members: &mut [u32]| {
        members[bin] += 1;
        loads[bin * d..(bin + 1) * d].iter_mut().zip(instance.load(item)).for_each(|(sum, load)| *sum += load);
    };
    for (item, bin) in previous.iter().enumerate() {
        if let Some(bin) = bin {
            put(item, *bin as usize, &mut loads, &mut members);
        }
    }
    let mut fresh: Vec<usize> = (0..bins.len()).filter(|&item| previous[item].is_none()).collect();
    fresh.sort_by_key(|&item| (core::cmp::Reverse(instance.item_peak(item)), item));
    for (rank, &item) in fresh.iter().enumerate() {
        let empty = members.iter().filter(|&&m| m == 0).count();
        let must_open = fresh.len() - rank <= empty;
        let bin = (0..instance.bin_count).min_by_key(|&bin| {
            let meets = enemies[item].iter().any(|&enemy| bins[enemy as usize] == bin as u32);
            let row = &loads[bin * d..(bin + 1) * d];
            let peak = row.iter().zip(instance.load(item)).map(|(a, b)| a + b).max().unwrap_or(0);
            (meets, must_open && members[bin] > 0, peak, bin)
        });
        let bin = bin.expect("an instance has a bin");
        bins[item] = bin as u32;
        put(item, bin, &mut loads, &mut members);
    }
    bins
}

fn enemies(instance: &Instance) -> Vec<Vec<u32>> {
    let mut enemies = vec![Vec::new(); instance.item_count()];
    for &(a, b) in &instance.apart {
        enemies[a as usize].push(b);
        enemies[b as usize].push(a);
    }
    enemies
}

/// An assignment with its loads. `peaks` is sorted downwards: the profile by which nodes are compared, since taking load off
/// one of two equally full bins is progress that the peak alone does not show.
#[derive(Debug, Clone)]
struct Node {
    bins: Vec<u32>,
    loads: Vec<u64>,
    bin_peaks: Vec<u64>,
    profile: Vec<u64>,
}

impl Node {
    fn new(instance: &Instance, bins: Vec<u32>) -> Self {
        let assignment = Assignment(bins);
        let loads = assignment.bin_loads(instance);
        let d = instance.dimension_count;
        let bin_peaks: Vec<u64> = (0..instance.bin_count)
            .map(|bin| loads[bin * d..(bin + 1) * d].iter().copied().max().unwrap_or(0))
            .collect();
        let mut profile = bin_peaks.clone();
        profile.sort_unstable_by(|a, b| b.cmp(a));
        Self { bins: assignment.0, loads, bin_peaks, profile }
    }

    fn peak(&self) -> u64 {
        self.profile.first().copied().unwrap_or(0)
    }

    fn moved(&self, previous: &[Option<u32>]) -> usize {
        self.bins.iter().zip(previous).filter(|(bin, before)| before.is_some_and(|b| b != **bin)).count()
    }

    /// Evaluations that `children` takes, at most.
    fn cost(&self, instance: &Instance) -> u64 {
        let most = LEADING + SPREAD;
        let others = self.bins.len().min(most * (instance.bin_count - 1));
        (self.bins.len().min(most) * (instance.bin_count + others)) as u64
    }

    fn fullest(&self) -> u32 {
        (0..self.bin_peaks.len()).max_by_key(|&b| (self.bin_peaks[b], core::cmp::Reverse(b))).unwrap_or(0) as u32
    }

    /// The best moves out of the fullest bin and exchanges with it, best profile first.
    fn children(
        &self,
        instance: &Instance,
        previous: &[Option<u32>],
        fixed: &[bool],
        enemies: &[Vec<u32>],
    ) -> Vec<Node> {
        let fullest = self.fullest();
        let mut steps = self.steps(instance, fullest, fixed, enemies);
        // What relieves the fullest bin goes first; a step that overfills the target may still pay with the next.
        steps.retain(|step| step.1 < self.bin_peaks[fullest as usize]);
        steps.sort_unstable();
        let (mut nodes, mut singles, mut pairs) = (Vec::new(), 0, 0);
        for (_, _, item, to, other) in steps {
            let taken = if other.is_none() { &mut singles } else { &mut pairs };
            if *taken >= BRANCHES / 2 {
                continue;
            }
            *taken += 1;
            let mut node = self.clone();
            node.shift(instance, item, to);
            if let Some(other) = other {
                node.shift(instance, other, fullest);
            }
            node.profile.copy_from_slice(&node.bin_peaks);
            node.profile.sort_unstable_by(|a, b| b.cmp(a));
            nodes.push(node);
        }
        // A step back for an item that moved before costs no move, so it may undo what no longer pays.
        nodes.retain(|node| node.moved(previous) > self.moved(previous));
        nodes
    }

    /// Moves out of the fullest bin and exchanges with it: larger of the two peaks, peak left behind, item, target, partner.
    fn steps(&self, instance: &Instance, fullest: u32, fixed: &[bool], enemies: &[Vec<u32>]) -> Vec<RankedMove> {
        let (inside, partners) = self.looked_at(instance, fullest, fixed);
        let alone = self.bins.iter().filter(|&&b| b == fullest).count() < 2;
        let mut steps = Vec::new();
        for item in inside {
            for to in (0..instance.bin_count as u32).filter(|&b| b != fullest && !alone) {
                if self.keeps_apart(enemies, item, to, None) {
                    let (first, second) = self.peaks_after(instance, item, to, None);
                    steps.push((first.max(second), first, item, to, None));
                }
            }
            for &other in &partners {
                let to = self.bins[other as usize];
                let open = self.keeps_apart(enemies, item, to, Some(other))
                    && self.keeps_apart(enemies, other, fullest, Some(item));
                if open {
                    let (first, second) = self.peaks_after(instance, item, to, Some(other));
                    steps.push((first.max(second), first, item, to, Some(other)));
                }
            }
        }
        steps
    }

    /// Items of the fullest bin and of the others that are looked at: of each bin the largest by their load where the fullest
    /// bin is fullest, then ranks ever further apart. Where few may move, dust cannot help; fine tuning needs one of each scale.
    fn looked_at(&self, instance: &Instance, fullest: u32, fixed: &[bool]) -> (Vec<u32>, Vec<u32>) {
        let d = instance.dimension_count;
        let row = &self.loads[fullest as usize * d..(fullest as usize + 1) * d];
        let critical = (0..d).max_by_key(|&t| (row[t], core::cmp::Reverse(t)));
        let load = |i: u32| critical.map_or(0, |t| instance.load(i as usize)[t]);
        let mut order: Vec<u32> = (0..self.bins.len() as u32).filter(|&i| !fixed[i as usize]).collect();
        order.sort_by_key(|&i| (core::cmp::Reverse(load(i)), i));
        let mut counts = vec![0usize; instance.bin_count];
        let mut next = vec![0usize; instance.bin_count];
        order.retain(|&i| {
            let bin = self.bins[i as usize] as usize;
            let taken = counts[bin] >= next[bin];
            if taken {
                let step = if counts[bin] < LEADING { 1 } else { 1 + counts[bin] / 6 };
                next[bin] = counts[bin] + step;
            }
            counts[bin] += 1;
            taken
        });
        order.into_iter().partition(|&i| self.bins[i as usize] == fullest)
    }

    fn shift(&mut self, instance: &Instance, item: u32, to: u32) {
        let d = instance.dimension_count;
        let from = self.bins[item as usize];
        for (t, load) in instance.load(item as usize).iter().enumerate() {
            self.loads[from as usize * d + t] -= load;
            self.loads[to as usize * d + t] += load;
        }
        self.bins[item as usize] = to;
        for bin in [from as usize, to as usize] {
            self.bin_peaks[bin] = self.loads[bin * d..(bin + 1) * d].iter().copied().max().unwrap_or(0);
        }
    }

    fn keeps_apart(&self, enemies: &[Vec<u32>], item: u32, to: u32, leaving: Option<u32>) -> bool {
        enemies[item as usize].iter().all(|&enemy| self.bins[enemy as usize] != to || Some(enemy) == leaving)
    }

    /// Peaks of the bin that `item` leaves and of the one it enters, `back` going the other way.
    fn peaks_after(&self, instance: &Instance, item: u32, to: u32, back: Option<u32>) -> (u64, u64) {
        let d = instance.dimension_count;
        let from = self.bins[item as usize] as usize * d;
        let (to, mut peaks) = (to as usize * d, (0, 0));
        for (t, load) in instance.load(item as usize).iter().enumerate() {
            let other = back.map_or(0, |back| instance.load(back as usize)[t]);
            peaks.0 = peaks.0.max(self.loads[from + t] - load + other);
            peaks.1 = peaks.1.max(self.loads[to + t] - other + load);
        }
        peaks
    }
}

/// Larger peak of the two bins after the step, peak of the bin left, item, target, partner the other way.
type RankedMove = (u64, u64, u32, u32, Option<u32>);

/// Items of each bin that are looked at without a gap, largest first.
const LEADING: usize = 24;
/// About as many again, ever further apart: ranks grow by a sixth, so 24 reach rank 1,000.
const SPREAD: usize = 24;

/// The best few by profile, no two alike.
fn best_of(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_by(|a, b| a.profile.cmp(&b.profile).then_with(|| a.bins.cmp(&b.bins)));
    nodes.dedup_by(|a, b| a.profile == b.profile);
    nodes.truncate(BEAM);
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: MoveSettings = MoveSettings { budget: 1_000_000 };

    fn instance(loads: Vec<u64>, bin_count: usize) -> Instance {
        let sizes = vec![0; loads.len()];
        Instance { bin_count, dimension_count: 1, constant: vec![0], loads, sizes, ..Instance::default() }
    }

    fn curve(points: &[MovePoint]) -> Vec<(usize, u64)> {
        points.iter().map(|point| (point.moves, point.peak)).collect()
    }

    #[test]
    fn a_good_assignment_moves_nothing() {
        let points = repack_with_moves(
            &instance(vec![5, 5, 4, 4], 2),
            &[Some(0), Some(1), Some(0), Some(1)],
            &[false; 4],
            4,
            &SETTINGS,
        );
        assert_eq!(curve(&points), [(0, 9)]);
        assert_eq!(points[0].assignment.0, [0, 1, 0, 1]);
    }

    #[test]
    fn the_curve_falls_with_each_move_it_names() {
        // Bin 0 holds 6, 4, 3, 1 (14), bin 1 holds 2: one move of 6 gives 8 and 8.
        let points = repack_with_moves(
            &instance(vec![6, 4, 3, 1, 2], 2),
            &[Some(0), Some(0), Some(0), Some(0), Some(1)],
            &[false; 5],
            3,
            &SETTINGS,
        );
        assert_eq!(curve(&points), [(0, 14), (1, 8)]);
        // 7, 5 against 4, 2: one move cannot help (5 over: 7, 11; 2 cannot relieve), but 5 and 4 change places: 11, 7;
        // 5 and 2: 9, 9, two moves.
        let points = repack_with_moves(
            &instance(vec![7, 5, 4, 2], 2),
            &[Some(0), Some(0), Some(1), Some(1)],
            &[false; 4],
            2,
            &SETTINGS,
        );
        assert_eq!(curve(&points), [(0, 12), (1, 11), (2, 9)]);
    }

    #[test]
    fn new_items_are_placed_and_do_not_count() {
        let points = repack_with_moves(
            &instance(vec![5, 5, 4, 6], 3),
            &[Some(0), Some(1), None, None],
            &[false; 4],
            2,
            &SETTINGS,
        );
        // 6 takes the empty bin, then 4 goes to a bin with 5; no move is better than 9: 5 + 5 = 10.
        assert_eq!(curve(&points), [(0, 9)]);
    }

    #[test]
    fn pairs_to_keep_apart_stay_apart() {
        let mut instance = instance(vec![6, 4, 1, 1], 2);
        instance.apart = vec![(1, 2), (1, 3)];
        let points = repack_with_moves(&instance, &[Some(0), Some(0), Some(1), Some(1)], &[false; 4], 2, &SETTINGS);
        // 4 may not join 1 and 1; 6 may: 4 against 8.
        assert_eq!(curve(&points), [(0, 10), (1, 8)]);
        // Where 6 is pinned nothing can be done.
        let fixed = [true, false, false, false];
        let points = repack_with_moves(&instance, &[Some(0), Some(0), Some(1), Some(1)], &fixed, 2, &SETTINGS);
        assert_eq!(curve(&points), [(0, 10)]);
    }
}
