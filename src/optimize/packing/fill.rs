//! One dimension and few items: bins are filled one after the other to the bound, as far as the whole has any room.
//!
//! Every bin takes the largest item that is left, and then items of falling load until what is missing to the level is no more
//! than all bins together may leave empty. That room is the level times the bins less the total, often 0, so that most sets
//! are given up early (the search of Korf and Schreiber 2013, ICAPS, for a fixed level). Counted in steps, not complete.

use super::instance::Instance;

/// Items beyond which the steps do not suffice.
const ITEM_LIMIT: usize = 2_000;
/// Steps that are made.
const STEP_LIMIT: u32 = 30_000_000;

/// An assignment that keeps to `level`, if one was found. Items in order of falling load; pairs to keep apart are not seen to.
pub fn to_level(instance: &Instance, level: u64) -> Option<Vec<u32>> {
    let (n, bins) = (instance.item_count(), instance.bin_count);
    if instance.dimension_count != 1 || n > ITEM_LIMIT || bins == 0 {
        return None;
    }
    let room = level.checked_sub(instance.constant[0])?;
    let left: Vec<u64> = (0..=n).map(|item| instance.loads[item..].iter().sum()).collect();
    let spare = room.checked_mul(bins as u64)?.checked_sub(left[0])?;
    let mut search =
        Search { loads: &instance.loads, left, bins: bins as u32, room, spare, bin_of: vec![None; n], steps: 0 };
    search.open(0).then(|| search.bin_of.into_iter().map(|bin| bin.unwrap_or(0)).collect())
}

struct Search<'a> {
    loads: &'a [u64],
    /// Load of all items from each on.
    left: Vec<u64>,
    bins: u32,
    room: u64,
    /// What the bins together may still leave empty.
    spare: u64,
    bin_of: Vec<Option<u32>>,
    steps: u32,
}

impl Search<'_> {
    fn open(&mut self, bin: u32) -> bool {
        let Some(first) = self.bin_of.iter().position(Option::is_none) else { return true };
        if bin == self.bins || self.loads[first] > self.room {
            return false;
        }
        self.bin_of[first] = Some(bin);
        if self.extend(bin, first + 1, self.room - self.loads[first]) {
            return true;
        }
        self.bin_of[first] = None;
        false
    }

    /// Fills what is left of the bin with items from `from` on.
    fn extend(&mut self, bin: u32, from: usize, room: u64) -> bool {
        self.steps += 1;
        let mut refused = None;
        for item in from..self.loads.len() {
            if self.steps > STEP_LIMIT || self.left[item] + self.spare < room {
                break;
            }
            let load = self.loads[item];
            if load > room || self.bin_of[item].is_some() || refused == Some(load) {
                continue;
            }
            self.bin_of[item] = Some(bin);
            if self.extend(bin, item + 1, room - load) {
                return true;
            }
            self.bin_of[item] = None;
            refused = Some(load);
        }
        if room > self.spare || self.steps > STEP_LIMIT {
            return false;
        }
        self.spare -= room;
        let done = self.open(bin + 1);
        self.spare += room;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::super::solution::Assignment;
    use super::*;

    fn instance(bins: usize, loads: &[u64], constant: u64) -> Instance {
        Instance {
            bin_count: bins,
            dimension_count: 1,
            loads: loads.to_vec(),
            constant: vec![constant],
            sizes: vec![0; loads.len()],
            ..Instance::default()
        }
    }

    #[test]
    fn fills_to_the_level_and_not_below_it() {
        // 9 8 7 6 5 5 4 4 makes three bins of 16: 9 + 7, 8 + 4 + 4, 6 + 5 + 5.
        let exact = instance(3, &[9, 8, 7, 6, 5, 5, 4, 4], 2);
        let found = to_level(&exact, 18).unwrap();
        assert_eq!(Assignment(found).peak(&exact), 18);
        assert_eq!(to_level(&exact, 17), None);
        // One unit of room in all: 8 + 3, 7 + 4, 6 + 5 less one.
        let loose = instance(3, &[8, 7, 6, 4, 4, 3], 0);
        assert_eq!(Assignment(to_level(&loose, 11).unwrap()).peak(&loose), 11);
        // 5 5 5 on two bins cannot keep to 8.
        assert_eq!(to_level(&instance(2, &[5, 5, 5], 0), 8), None);
        assert_eq!(to_level(&instance(2, &[0, 0], 0), 0), Some(vec![0, 0]));
    }
}
