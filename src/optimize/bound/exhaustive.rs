//! Exhaustive bound for small cores: counts the ways to cover all items by sets that stay within a capacity.
//!
//! Let F be the sets of items that fit one bin, and a(S) the number of members of F inside S. By inclusion and
//! exclusion the number of ways to choose `bins` members of F whose union is everything is
//! `Σ over S of (−1)^(n − |S|) a(S)^bins` (Björklund, Husfeldt, Koivisto 2009, doi:10.1137/070683933). Loads are never
//! negative, so a part of a set that fits fits too, and covers exist exactly when assignments do. The count is below
//! 2^(items × bins) and so exact in as many bits. Cost: 2^items × (items + bins), whatever the loads are: for 20 items some
//! hundredths of a second.

use crate::optimize::packing::Instance;

/// Items beyond which counting is not tried.
pub const ITEM_LIMIT: usize = 20;

/// Sets of items that fit one bin, by bit mask.
pub struct Fitting {
    items: usize,
    bins: usize,
    fits: Vec<bool>,
}

/// 64-bit words that the largest count (20 items, 19 bins) needs.
const WORDS: usize = 6;

impl Fitting {
    /// Finds the sets whose loads all stay at or below `capacity`; `None` beyond the item limit.
    pub fn new(instance: &Instance, capacity: u64) -> Option<Self> {
        let items = instance.item_count();
        if items > ITEM_LIMIT || instance.bin_count == 0 {
            return None;
        }
        let mut fits = vec![false; 1 << items];
        if instance.constant.iter().all(|&c| c <= capacity) {
            let mut blocked = vec![0u32; items];
            for &(a, b) in &instance.apart {
                blocked[a as usize] |= 1 << b;
                blocked[b as usize] |= 1 << a;
            }
            let mut walk = Walk { instance, capacity, blocked, fits: &mut fits };
            let mut sums = vec![instance.constant.clone(); items + 1];
            walk.extend(0, 0, &mut sums);
        }
        Some(Self { items, bins: instance.bin_count, fits })
    }

    /// Whether all items can be shared out over the bins.
    pub fn coverable(&self) -> bool {
        let mut inside: Vec<u32> = self.fits.iter().map(|&fits| u32::from(fits)).collect();
        for bit in 0..self.items {
            for half in inside.chunks_exact_mut(2 << bit) {
                let (without, with) = half.split_at_mut(1 << bit);
                for (w, o) in with.iter_mut().zip(without) {
                    *w += *o;
                }
            }
        }
        if self.bins >= self.items {
            return (0..self.items).all(|item| self.fits[1 << item]);
        }
        let total = inside.last().copied().unwrap_or(0);
        let bits = (32 - total.leading_zeros()) as usize * self.bins;
        self.count(&inside, (bits / 64 + 1).min(WORDS)) != [0; WORDS]
    }

    /// The number of covers, modulo 2^(64 × words), which is more than it can be.
    fn count(&self, inside: &[u32], words: usize) -> [u64; WORDS] {
        let mut count = [0u64; WORDS];
        for (set, &sets) in inside.iter().enumerate() {
            let mut power = [0u64; WORDS];
            power[0] = 1;
            for _ in 0..self.bins {
                times(&mut power[..words], sets);
            }
            let odd = (self.items as u32 - set.count_ones()) & 1 == 1;
            if odd { take(&mut count[..words], &power) } else { add(&mut count[..words], &power) }
        }
        count
    }

    /// An assignment within the capacity, found by filling bins with largest fitting sets around the first item
    /// left, remembering what could not be finished; `None` if there is none.
    pub fn assignment(&self) -> Option<Vec<u32>> {
        let all = (self.fits.len() - 1) as u32;
        let mut failed = vec![u8::MAX; self.fits.len()];
        let mut bins = Vec::new();
        if !self.finish(all, self.bins, &mut failed, &mut bins) {
            return None;
        }
        let mut bin_of = vec![0; self.items];
        for (bin, set) in bins.iter().enumerate() {
            for (item, place) in bin_of.iter_mut().enumerate() {
                if set & (1 << item) != 0 {
                    *place = bin as u32;
                }
            }
        }
        Some(bin_of)
    }

    /// `failed[left]`: one more than the number of bins with which `left` is known not to do; `u8::MAX` unknown.
    fn finish(&self, left: u32, bins: usize, failed: &mut [u8], chosen: &mut Vec<u32>) -> bool {
        if left == 0 {
            return true;
        }
        let known = failed[left as usize];
        if bins == 0 || (known != u8::MAX && bins < known as usize) {
            return false;
        }
        let first = left & left.wrapping_neg();
        let rest = left ^ first;
        let mut part = rest;
        loop {
            let set = part | first;
            if self.fits[set as usize] && self.is_largest(set, left) {
                chosen.push(set);
                if self.finish(left ^ set, bins - 1, failed, chosen) {
                    return true;
                }
                chosen.pop();
            }
            if part == 0 {
                break;
            }
            part = (part - 1) & rest;
        }
        let bins = (bins + 1) as u8;
        failed[left as usize] = if known == u8::MAX { bins } else { known.max(bins) };
        false
    }

    fn is_largest(&self, set: u32, left: u32) -> bool {
        let mut others = left & !set;
        while others != 0 {
            let bit = others & others.wrapping_neg();
            if self.fits[(set | bit) as usize] {
                return false;
            }
            others ^= bit;
        }
        true
    }
}

fn times(number: &mut [u64], factor: u32) {
    let mut carry = 0u128;
    for word in number {
        carry += u128::from(*word) * u128::from(factor);
        *word = carry as u64;
        carry >>= 64;
    }
}

fn add(number: &mut [u64], other: &[u64]) {
    let mut carry = false;
    for (word, other) in number.iter_mut().zip(other) {
        let (sum, over) = word.overflowing_add(*other);
        let (sum, again) = sum.overflowing_add(u64::from(carry));
        (*word, carry) = (sum, over || again);
    }
}

fn take(number: &mut [u64], other: &[u64]) {
    let mut borrow = false;
    for (word, other) in number.iter_mut().zip(other) {
        let (left, under) = word.overflowing_sub(*other);
        let (left, again) = left.overflowing_sub(u64::from(borrow));
        (*word, borrow) = (left, under || again);
    }
}

struct Walk<'a> {
    instance: &'a Instance,
    capacity: u64,
    blocked: Vec<u32>,
    fits: &'a mut [bool],
}

impl Walk<'_> {
    /// Marks `set` and goes on to those with one more item, of higher index; `sums[0]` is the load of `set`.
    fn extend(&mut self, set: u32, from: usize, sums: &mut [Vec<u64>]) {
        self.fits[set as usize] = true;
        for item in from..self.instance.item_count() {
            let bit = 1u32 << item;
            if self.blocked[item] & set != 0 {
                continue;
            }
            let (now, next) = sums.split_at_mut(1);
            let within = now[0].iter().zip(self.instance.load(item)).zip(&mut next[0]).all(|((sum, load), out)| {
                *out = sum + load;
                *out <= self.capacity
            });
            if within {
                self.extend(set | bit, item + 1, next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn two_bins_by_hand() {
        // 5 4 3 3 3: 9 and 9 is even, and 8 is not enough for 18.
        let core = instance(2, 1, vec![5, 4, 3, 3, 3], vec![1]);
        assert!(!Fitting::new(&core, 9).unwrap().coverable());
        let fitting = Fitting::new(&core, 10).unwrap();
        assert!(fitting.coverable());
        assert_eq!(fitting.assignment().unwrap(), [0, 0, 1, 1, 1]);
    }

    #[test]
    fn apart_and_one_dimension_more() {
        let mut core = instance(2, 2, vec![4, 0, 0, 4, 2, 2], vec![0, 0]);
        assert!(Fitting::new(&core, 4).unwrap().coverable());
        core.apart = vec![(0, 1)];
        assert!(!Fitting::new(&core, 5).unwrap().coverable());
        assert!(Fitting::new(&core, 6).unwrap().coverable());
    }
}
