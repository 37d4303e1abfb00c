//! Copy sizes spread over the bins: the third goal, under a peak and a cut that are already fixed.
//!
//! With S table synchronization workers for each slot, the initial copy of a bin takes about max(total / S, largest item):
//! one table is copied by one worker. What counts is the slowest bin; below it, the sum of squares says which of two equal
//! answers leaves more room. Local search by moves and exchanges that touch the slowest bin, in integers.

use super::instance::Instance;
use super::solution::Assignment;

/// What the balance may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeSettings {
    /// Table synchronization workers of a slot (`max_sync_workers_per_subscription`), at least 1.
    pub sync_workers: u64,
    /// Evaluations (moves and exchanges looked at) that may be spent.
    pub budget: u64,
}

/// Copy time of the slowest bin in bytes for one worker: the largest over bins of max(total / workers, largest item).
pub fn copy_makespan(instance: &Instance, assignment: &Assignment, sync_workers: u64) -> u64 {
    let sizes = BinSizes::new(instance, assignment, sync_workers);
    (0..instance.bin_count).map(|bin| sizes.time(bin)).max().unwrap_or(0)
}

/// Lowers the copy time of the slowest bin with peak at most `peak_cap` and cut at most `cut_cap`. `assignment` is valid and
/// keeps both caps (a cap below its own value is raised to it). The result is valid and its makespan is never longer.
/// Cost: O(n d) for each round of moves, O(n^2 d / k) for each round of exchanges, until the budget is spent.
pub fn balance_sizes(
    instance: &Instance,
    assignment: &Assignment,
    peak_cap: u64,
    cut_cap: u64,
    settings: &SizeSettings,
) -> Assignment {
    let mut balance = Balance::new(instance, assignment, peak_cap, cut_cap, settings);
    while balance.improve() {}
    Assignment(balance.bins)
}

/// Totals and members of each bin by size.
struct BinSizes {
    workers: u64,
    totals: Vec<u64>,
    /// Sizes in each bin; the last key is the largest.
    items: Vec<std::collections::BTreeMap<u64, u32>>,
}

impl BinSizes {
    fn new(instance: &Instance, assignment: &Assignment, sync_workers: u64) -> Self {
        let mut sizes = Self {
            workers: sync_workers.max(1),
            totals: vec![0; instance.bin_count],
            items: vec![std::collections::BTreeMap::new(); instance.bin_count],
        };
        for (item, &bin) in assignment.0.iter().enumerate() {
            sizes.add(bin as usize, instance.sizes[item]);
        }
        sizes
    }

    fn add(&mut self, bin: usize, size: u64) {
        self.totals[bin] += size;
        *self.items[bin].entry(size).or_insert(0) += 1;
    }

    fn remove(&mut self, bin: usize, size: u64) {
        self.totals[bin] -= size;
        if let Some(count) = self.items[bin].get_mut(&size) {
            *count -= 1;
            if *count == 0 {
                self.items[bin].remove(&size);
            }
        }
    }

    fn time(&self, bin: usize) -> u64 {
        let largest = self.items[bin].last_key_value().map_or(0, |(size, _)| *size);
        self.totals[bin].div_ceil(self.workers).max(largest)
    }

    /// Time of a bin after `out`, which is in it, leaves and `inn` enters (0 for none).
    fn time_after(&self, bin: usize, out: u64, inn: u64) -> u64 {
        let mut largest_first = self.items[bin].iter().rev();
        let largest = match largest_first.next() {
            // Leaving alone of its size, it gives way to the next.
            Some((&size, 1)) if size == out => largest_first.next().map_or(0, |(size, _)| *size),
            Some((&size, _)) => size,
            None => 0,
        };
        (self.totals[bin] - out + inn).div_ceil(self.workers).max(largest).max(inn)
    }
}

struct Balance<'a> {
    instance: &'a Instance,
    peak_cap: u64,
    cut_cap: u64,
    left: u64,
    bins: Vec<u32>,
    cut: u64,
    loads: Vec<u64>,
    members: Vec<u32>,
    sizes: BinSizes,
    neighbours: Vec<Vec<(u32, u64)>>,
    enemies: Vec<Vec<u32>>,
}

impl<'a> Balance<'a> {
    fn new(
        instance: &'a Instance,
        assignment: &Assignment,
        peak_cap: u64,
        cut_cap: u64,
        settings: &SizeSettings,
    ) -> Self {
        let mut neighbours = vec![Vec::new(); instance.item_count()];
        for &(a, b, weight) in &instance.edges {
            neighbours[a as usize].push((b, weight));
            neighbours[b as usize].push((a, weight));
        }
        let mut enemies = vec![Vec::new(); instance.item_count()];
        for &(a, b) in &instance.apart {
            enemies[a as usize].push(b);
            enemies[b as usize].push(a);
        }
        let mut members = vec![0; instance.bin_count];
        assignment.0.iter().for_each(|&bin| members[bin as usize] += 1);
        let cut = assignment.cut(instance);
        Self {
            instance,
            peak_cap: peak_cap.max(assignment.peak(instance)),
            cut_cap: cut_cap.max(cut),
            left: settings.budget,
            bins: assignment.0.clone(),
            cut,
            loads: assignment.bin_loads(instance),
            members,
            sizes: BinSizes::new(instance, assignment, settings.sync_workers),
            neighbours,
            enemies,
        }
    }

    /// One step down: a move out of the slowest bin, else an exchange with it. False when there is none.
    fn improve(&mut self) -> bool {
        let slowest = (0..self.instance.bin_count).max_by_key(|&b| (self.sizes.time(b), core::cmp::Reverse(b)));
        let Some(slowest) = slowest else { return false };
        let mut inside: Vec<u32> =
            (0..self.bins.len() as u32).filter(|&i| self.bins[i as usize] == slowest as u32).collect();
        inside.sort_by_key(|&i| core::cmp::Reverse(self.instance.sizes[i as usize]));
        inside.retain(|&i| self.instance.sizes[i as usize] > 0);
        self.move_out(slowest, &inside) || self.exchange_out(slowest, &inside)
    }

    /// The move that leaves the shortest of the longer times of the two bins.
    fn move_out(&mut self, slowest: usize, inside: &[u32]) -> bool {
        if self.members[slowest] < 2 {
            return false;
        }
        let mut best: Option<(u64, u32, usize)> = None;
        let limit = self.sizes.time(slowest);
        for &item in inside {
            let size = self.instance.sizes[item as usize];
            for to in (0..self.instance.bin_count).filter(|&b| b != slowest) {
                if !self.afford() {
                    break;
                }
                let time = self.sizes.time_after(to, 0, size).max(self.sizes.time_after(slowest, size, 0));
                let better = time < best.map_or(limit, |(top, _, _)| top);
                if better && self.is_allowed(&[(item, to as u32)]) {
                    best = Some((time, item, to));
                }
            }
        }
        best.map(|(_, item, to)| self.apply(item, to as u32)).is_some()
    }

    fn exchange_out(&mut self, slowest: usize, inside: &[u32]) -> bool {
        let mut best: Option<(u64, u32, u32)> = None;
        let limit = self.sizes.time(slowest);
        for &item in inside {
            let size = self.instance.sizes[item as usize];
            for other in 0..self.bins.len() as u32 {
                let to = self.bins[other as usize];
                let back = self.instance.sizes[other as usize];
                if to as usize == slowest || back >= size {
                    continue;
                }
                if !self.afford() {
                    break;
                }
                let time =
                    self.sizes.time_after(slowest, size, back).max(self.sizes.time_after(to as usize, back, size));
                let better = time < best.map_or(limit, |(top, _, _)| top);
                if better && self.is_allowed(&[(item, to), (other, slowest as u32)]) {
                    best = Some((time, item, other));
                }
            }
        }
        let Some((_, item, other)) = best else { return false };
        let to = self.bins[other as usize];
        self.apply(item, to);
        self.apply(other, slowest as u32);
        true
    }

    fn afford(&mut self) -> bool {
        let affordable = self.left > 0;
        self.left = self.left.saturating_sub(1);
        affordable
    }

    /// Whether the moves together keep both caps and the pairs apart.
    fn is_allowed(&self, moves: &[(u32, u32)]) -> bool {
        let after =
            |item: u32| moves.iter().find(|(moved, _)| *moved == item).map_or(self.bins[item as usize], |(_, to)| *to);
        let apart = moves.iter().all(|&(item, to)| self.enemies[item as usize].iter().all(|&enemy| after(enemy) != to));
        apart && self.cut_after(moves, after) <= self.cut_cap && self.keeps_peak(moves)
    }

    fn cut_after(&self, moves: &[(u32, u32)], after: impl Fn(u32) -> u32) -> u64 {
        let mut cut = self.cut as i64;
        for (place, &(item, to)) in moves.iter().enumerate() {
            for &(other, weight) in &self.neighbours[item as usize] {
                // An edge between two moved items is counted with the first of them.
                if moves[..place].iter().any(|(moved, _)| *moved == other) {
                    continue;
                }
                cut -= i64::from(self.bins[other as usize] != self.bins[item as usize]) * weight as i64;
                cut += i64::from(after(other) != to) * weight as i64;
            }
        }
        cut as u64
    }

    fn keeps_peak(&self, moves: &[(u32, u32)]) -> bool {
        let d = self.instance.dimension_count;
        moves.iter().all(|&(item, to)| {
            let back = moves.iter().find(|(other, _)| *other != item && self.bins[*other as usize] == to);
            (0..d).all(|t| {
                let left = back.map_or(0, |(other, _)| self.instance.load(*other as usize)[t]);
                self.loads[to as usize * d + t] - left + self.instance.load(item as usize)[t] <= self.peak_cap
            })
        })
    }

    fn apply(&mut self, item: u32, to: u32) {
        let moves = [(item, to)];
        self.cut = self.cut_after(&moves, |other| if other == item { to } else { self.bins[other as usize] });
        let from = self.bins[item as usize] as usize;
        let d = self.instance.dimension_count;
        for (t, load) in self.instance.load(item as usize).iter().enumerate() {
            self.loads[from * d + t] -= load;
            self.loads[to as usize * d + t] += load;
        }
        let size = self.instance.sizes[item as usize];
        self.sizes.remove(from, size);
        self.sizes.add(to as usize, size);
        self.members[from] -= 1;
        self.members[to as usize] += 1;
        self.bins[item as usize] = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: SizeSettings = SizeSettings { sync_workers: 2, budget: 100_000 };

    fn instance() -> Instance {
        // Bin 0 holds sizes 40, 30, 10, bin 1 holds 8 and 4; loads of 2 each, cap 8.
        Instance {
            bin_count: 2,
            dimension_count: 1,
            loads: vec![2; 5],
            constant: vec![0],
            sizes: vec![40, 30, 10, 8, 4],
            apart: vec![],
            edges: vec![(0, 1, 1)],
        }
    }

    #[test]
    fn the_largest_item_bounds_the_time() {
        // 80 / 2 = 40 and the item of 40: makespan 40 already; nothing can beat one item of 40.
        let start = Assignment(vec![0, 0, 0, 1, 1]);
        assert_eq!(copy_makespan(&instance(), &start, 2), 40);
        assert_eq!(copy_makespan(&instance(), &start, 1), 80);
        assert_eq!(balance_sizes(&instance(), &start, 8, 1, &SETTINGS), start);
    }

    #[test]
    fn one_worker_splits_evenly_unless_the_cut_forbids_it() {
        let start = Assignment(vec![0, 0, 0, 1, 1]);
        let one = SizeSettings { sync_workers: 1, ..SETTINGS };
        // 40 + 4 against 30 + 10 + 8 is 48; 40 + 8 against 44 is 48 too. With cut 0, 0 and 1 stay together: 70.
        assert_eq!(copy_makespan(&instance(), &balance_sizes(&instance(), &start, 8, 1, &one), 1), 48);
        let kept = balance_sizes(&instance(), &start, 8, 0, &one);
        assert_eq!((copy_makespan(&instance(), &kept, 1), kept.cut(&instance())), (70, 0));
    }

    #[test]
    fn the_peak_cap_holds() {
        let start = Assignment(vec![0, 0, 0, 1, 1]);
        let one = SizeSettings { sync_workers: 1, ..SETTINGS };
        let balanced = balance_sizes(&instance(), &start, 6, 1, &one);
        assert!(balanced.peak(&instance()) <= 6 && balanced.is_valid(&instance()));
        assert_eq!(copy_makespan(&instance(), &balanced, 1), 48);
    }
}
