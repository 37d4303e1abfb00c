//! Pairs that must be apart: whether an assignment keeps them, and a way to keep them where greedy found none.
//!
//! This is graph colouring; the items in such pairs are few. Most constrained item first, bins in turn, with
//! backtracking (Brélaz 1979, doi:10.1145/359094.359101), within a node budget.

use super::{Instance, loads::Apart, pack::PackError};

/// Branches tried before giving up.
const NODE_LIMIT: u64 = 2_000_000;

/// Whether no pair shares a bin.
pub fn holds(instance: &Instance, bin_of: &[u32]) -> bool {
    bin_of.iter().all(|&bin| (bin as usize) < instance.bin_count)
        && instance.apart.iter().all(|&(a, b)| bin_of[a as usize] != bin_of[b as usize])
}

/// Leaves a valid assignment as it is; otherwise colours the items in pairs anew and packs the others around them.
pub fn repair(instance: &Instance, apart: &Apart, bin_of: &mut Vec<u32>) -> Result<(), PackError> {
    if holds(instance, bin_of) {
        return Ok(());
    }
    let mut paired: Vec<u32> = instance.apart.iter().flat_map(|&(a, b)| [a, b]).collect();
    paired.sort_unstable();
    paired.dedup();
    let mut colouring =
        Colouring { apart, bins: instance.bin_count, colour: vec![u32::MAX; instance.item_count()], nodes: 0 };
    if !colouring.extend(&paired, 0) {
        return Err(PackError::Apart { bins: instance.bin_count, proved: colouring.nodes < NODE_LIMIT });
    }
    let mut peaks: Vec<u64> = vec![0; instance.bin_count];
    for item in 0..instance.item_count() {
        if colouring.colour[item] == u32::MAX {
            let bin = (0..instance.bin_count).min_by_key(|&bin| (peaks[bin], bin)).unwrap_or(0);
            colouring.colour[item] = bin as u32;
        }
        peaks[colouring.colour[item] as usize] += instance.item_peak(item);
    }
    *bin_of = colouring.colour;
    Ok(())
}

struct Colouring<'a> {
    apart: &'a Apart,
    bins: usize,
    colour: Vec<u32>,
    nodes: u64,
}

impl Colouring<'_> {
    fn extend(&mut self, items: &[u32], used: u32) -> bool {
        let Some(item) = self.most_constrained(items) else { return true };
        // Bins beyond the first unused one are the same as it.
        for bin in 0..(used + 1).min(self.bins as u32) {
            self.nodes += 1;
            if self.nodes >= NODE_LIMIT {
                return false;
            }
            if !self.apart.blocks(&self.colour, item, bin, None) {
                self.colour[item] = bin;
                if self.extend(items, used.max(bin + 1)) {
                    return true;
                }
                self.colour[item] = u32::MAX;
            }
        }
        false
    }

    /// The item with most bins ruled out, then with most partners, then the first.
    fn most_constrained(&self, items: &[u32]) -> Option<usize> {
        let open = items.iter().map(|&item| item as usize).filter(|&item| self.colour[item] == u32::MAX);
        open.max_by_key(|&item| {
            let ruled_out =
                (0..self.bins as u32).filter(|&bin| self.apart.blocks(&self.colour, item, bin, None)).count();
            (ruled_out, self.apart.neighbours(item).len(), std::cmp::Reverse(item))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_of_five_needs_three_bins() {
        let apart = vec![(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)];
        let mut instance = Instance { bin_count: 3, sizes: vec![0; 5], apart, ..Instance::default() };
        let apart = Apart::new(&instance);
        let mut bin_of = vec![0; 5];
        repair(&instance, &apart, &mut bin_of).unwrap();
        assert!(holds(&instance, &bin_of));
        instance.bin_count = 2;
        let refused = repair(&instance, &apart, &mut vec![0; 5]);
        assert_eq!(refused, Err(PackError::Apart { bins: 2, proved: true }));
    }
}
