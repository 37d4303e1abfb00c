//! What proves a lower bound: a few numbers from which it can be computed again in exact integer arithmetic.
//!
//! Items are the non-dedicated table groups of the plan, numbered from 0 in the order of their smallest table name;
//! dimensions are `stage * buckets + position of the bucket among the observed ones`. Nothing here is shared with the
//! search: `proven` computes from the loads alone what a witness proves, and refuses one that breaks its conditions.

use serde::{Deserialize, Serialize};

mod cases;
mod covers;

/// Proof of a lower bound on the peak of the shared slots. Every value includes what a slot carries by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "bound", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Witness {
    /// What every slot carries by itself in its worst dimension; 0 without dimensions.
    Constant,
    /// All loads of a dimension, spread evenly over the slots.
    Volume {
        /// The dimension.
        dimension: u32,
    },
    /// One item alone.
    Item {
        /// The item.
        item: u32,
        /// The dimension.
        dimension: u32,
    },
    /// Of the `h * slots + 1` largest loads some slot holds `h + 1`.
    Pigeonhole {
        /// The dimension.
        dimension: u32,
        /// Items per slot before the last.
        h: u32,
    },
    /// The `t` largest loads; `q = ceil(t / slots)`, `r = t - (q - 1) slots`: some slot holds `q + 1` of them, or `r`
    /// slots hold `q` each.
    Counting {
        /// The dimension.
        dimension: u32,
        /// How many of the largest loads.
        t: u32,
    },
    /// One more item than slots; any two together reach the value.
    Clique {
        /// The items.
        items: Vec<u32>,
    },
    /// The loads of a dimension need more slots than there are to stay within `capacity` (Martello and Toth's L2).
    BinPacking {
        /// The dimension.
        dimension: u32,
        /// Load that a slot may have; the bound is one more.
        capacity: u64,
        /// Loads below this are left out; those above the capacity less this take a slot alone.
        small: u64,
    },
    /// A weighted mean of all loads, the j-th item of the clique being in the j-th slot; or two of these share a slot.
    Lagrangian {
        /// At most as many items as slots.
        clique: Vec<u32>,
        /// Weights as `[slot, dimension, weight]`.
        weights: Vec<(u32, u32, u32)>,
    },
    /// Weighted means as above for each case of where the first of `items` are; the value is the least of them.
    Cases {
        /// The items whose places make the cases, in order: each goes to a slot in use, or to the first free one.
        items: Vec<u32>,
        /// Lists of weights as `[slot, dimension, weight]`.
        weights: Vec<Vec<(u32, u32, u32)>>,
        /// Cases: slots of the first items, and the number of the weights, from 0.
        leaves: Vec<(Vec<u32>, u32)>,
    },
    /// No way to share out the items keeps every slot within `capacity`: counted, for at most 20 items with load.
    Exhaustive {
        /// Load that cannot be kept to; the bound is one more.
        capacity: u64,
    },
}

/// What the items ask, in whole units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Core {
    /// Number of shared slots.
    pub slots: usize,
    /// Number of dimensions.
    pub dimensions: usize,
    /// For each item its load in every dimension.
    pub loads: Vec<Vec<u64>>,
    /// What every slot carries by itself, in every dimension.
    pub constant: Vec<u64>,
    /// Pairs of items that never share a slot.
    pub apart: Vec<(u32, u32)>,
}

/// Why a witness proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// An item, slot or dimension beyond those of the plan.
    #[error("witness names {what} {index}, but the plan has {count}")]
    Range {
        /// Item, slot or dimension.
        what: &'static str,
        /// The index.
        index: u64,
        /// How many there are.
        count: usize,
    },
    /// A list with the wrong number of entries, or with one entry twice.
    #[error("witness lists {given} table groups where {wanted} are needed")]
    Items {
        /// Different items given.
        given: usize,
        /// What the bound needs.
        wanted: String,
    },
    /// The parameters do not lead to the conclusion.
    #[error("witness does not prove that a load of {capacity} cannot be kept to")]
    Capacity {
        /// The load in question.
        capacity: u64,
    },
    /// Leaves that do not cover every case.
    #[error("witness leaves out a case")]
    Cases,
    /// No weight above 0.
    #[error("witness has no weights")]
    NoWeights,
    /// Rows of different lengths, or no slot.
    #[error("loads to check against are incomplete")]
    Core,
    /// More items than can be counted through.
    #[error("witness claims to have counted {items} table groups, but at most {limit} can be checked")]
    TooLarge {
        /// Items with load.
        items: usize,
        /// The most.
        limit: usize,
    },
}

/// The value that `witness` proves: no way to share out the items has a smaller peak.
///
/// # Errors
/// When the witness breaks its own conditions.
pub fn proven(core: &Core, witness: &Witness) -> Result<u64, WitnessError> {
    let complete = core.constant.len() == core.dimensions && core.loads.iter().all(|row| row.len() == core.dimensions);
    if core.slots == 0 || !complete {
        return Err(WitnessError::Core);
    }
    for &(a, b) in &core.apart {
        core.item(a)?;
        core.item(b)?;
    }
    match witness {
        Witness::Constant => Ok(core.constant.iter().copied().max().unwrap_or(0)),
        Witness::Volume { dimension } => {
            let (column, constant) = core.column(*dimension)?;
            Ok(narrow(u128::from(constant) + sum(&column).div_ceil(core.slots as u128)))
        }
        Witness::Item { item, dimension } => {
            let (column, constant) = core.column(*dimension)?;
            Ok(constant + column[core.item(*item)?])
        }
        Witness::Pigeonhole { dimension, h } => pigeonhole(core, *dimension, *h as usize),
        Witness::Counting { dimension, t } => counting(core, *dimension, *t as usize),
        Witness::Clique { items } => clique(core, items),
        Witness::BinPacking { dimension, capacity, small } => bin_packing(core, *dimension, *capacity, *small),
        Witness::Lagrangian { clique, weights } => lagrangian(core, clique, weights),
        Witness::Cases { items, weights, leaves } => cases::least(core, items, weights, leaves),
        Witness::Exhaustive { capacity } => covers::none_within(core, *capacity),
    }
}

impl Core {
    fn item(&self, item: u32) -> Result<usize, WitnessError> {
        range("item", item, self.loads.len())
    }

    fn column(&self, dimension: u32) -> Result<(Vec<u64>, u64), WitnessError> {
        let d = range("dimension", dimension, self.dimensions)?;
        Ok((self.loads.iter().map(|row| row[d]).collect(), self.constant[d]))
    }

    /// The column with its largest loads first.
    fn falling(&self, dimension: u32) -> Result<(Vec<u64>, u64), WitnessError> {
        let (mut column, constant) = self.column(dimension)?;
        column.sort_unstable_by(|a, b| b.cmp(a));
        Ok((column, constant))
    }

    /// Least load that a slot with both items reaches; `None` when they never share one.
    fn together(&self, a: u32, b: u32) -> Option<u64> {
        if self.apart.iter().any(|&(x, y)| (x, y) == (a, b) || (x, y) == (b, a)) {
            return None;
        }
        let (a, b) = (&self.loads[a as usize], &self.loads[b as usize]);
        (0..self.dimensions).map(|d| self.constant[d] + a[d] + b[d]).max()
    }

    /// Least over all pairs of `items`; `None` when every pair is to be kept apart.
    fn least_together(&self, items: &[u32]) -> Option<u64> {
        let pairs = items.iter().enumerate().flat_map(|(k, &a)| items[k + 1..].iter().map(move |&b| (a, b)));
        pairs.filter_map(|(a, b)| self.together(a, b)).min()
    }

    fn different(&self, items: &[u32]) -> Result<usize, WitnessError> {
        for &item in items {
            self.item(item)?;
        }
        let mut sorted = items.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        Ok(sorted.len())
    }
}

fn range(what: &'static str, index: u32, count: usize) -> Result<usize, WitnessError> {
    if (index as usize) < count {
        return Ok(index as usize);
    }
    Err(WitnessError::Range { what, index: u64::from(index), count })
}

fn sum(loads: &[u64]) -> u128 {
    loads.iter().map(|&load| u128::from(load)).sum()
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn pigeonhole(core: &Core, dimension: u32, h: usize) -> Result<u64, WitnessError> {
    let (falling, constant) = core.falling(dimension)?;
    let last = h.saturating_mul(core.slots);
    if last >= falling.len() {
        let wanted = format!("more than {last}");
        return Err(WitnessError::Items { given: falling.len(), wanted });
    }
    Ok(narrow(u128::from(constant) + sum(&falling[last - h..=last])))
}

fn counting(core: &Core, dimension: u32, t: usize) -> Result<u64, WitnessError> {
    let (falling, constant) = core.falling(dimension)?;
    if t == 0 || t > falling.len() {
        return Err(WitnessError::Items { given: falling.len(), wanted: format!("at least {}", t.max(1)) });
    }
    let q = t.div_ceil(core.slots);
    let r = t - (q - 1) * core.slots;
    let even = sum(&falling[t - r * q..t]).div_ceil(r as u128);
    let crowded = if q < t { sum(&falling[t - q - 1..t]) } else { even };
    Ok(narrow(u128::from(constant) + even.min(crowded)))
}

fn clique(core: &Core, items: &[u32]) -> Result<u64, WitnessError> {
    let given = core.different(items)?;
    if given != items.len() || given <= core.slots {
        return Err(WitnessError::Items { given, wanted: format!("{} different", core.slots + 1) });
    }
    // All pairs apart: there is no plan at all, which is not a statement about its peak.
    core.least_together(items).ok_or(WitnessError::Items { given, wanted: "two that may meet among".into() })
}

fn bin_packing(core: &Core, dimension: u32, capacity: u64, small: u64) -> Result<u64, WitnessError> {
    let (falling, constant) = core.falling(dimension)?;
    let refused = WitnessError::Capacity { capacity };
    let room = capacity.checked_sub(constant).ok_or(refused.clone())?;
    if small > room / 2 {
        return Err(refused);
    }
    if falling.first().is_some_and(|&load| load > room) {
        return Ok(capacity + 1);
    }
    // Slots are taken one each by loads above half; what these leave, outside those that let in nothing of `small` or
    // more, is open to the loads from `small` to half.
    let (mut taken, mut left_over, mut rest) = (0u128, 0u128, 0u128);
    for &load in &falling {
        if u128::from(load) * 2 > u128::from(room) {
            taken += 1;
            left_over += if load <= room - small { u128::from(room - load) } else { 0 };
        } else if load >= small {
            rest += u128::from(load);
        }
    }
    let open = (core.slots as u128).checked_sub(taken);
    let enough = open.is_some_and(|open| rest <= left_over + open * u128::from(room));
    if enough { Err(refused) } else { Ok(capacity + 1) }
}

fn lagrangian(core: &Core, clique: &[u32], weights: &[(u32, u32, u32)]) -> Result<u64, WitnessError> {
    let given = core.different(clique)?;
    if given != clique.len() || given > core.slots {
        return Err(WitnessError::Items { given, wanted: format!("up to {} different", core.slots) });
    }
    let mut by_slot: Vec<Vec<(usize, u128)>> = vec![Vec::new(); core.slots];
    let (mut denominator, mut total) = (0u128, 0u128);
    for &(slot, dimension, weight) in weights {
        let d = range("dimension", dimension, core.dimensions)?;
        by_slot[range("slot", slot, core.slots)?].push((d, u128::from(weight)));
        denominator += u128::from(weight);
        total += u128::from(weight) * u128::from(core.constant[d]);
    }
    if denominator == 0 {
        return Err(WitnessError::NoWeights);
    }
    for (item, row) in core.loads.iter().enumerate() {
        let price = |slot: usize| by_slot[slot].iter().map(|&(d, weight)| weight * u128::from(row[d])).sum::<u128>();
        total += match clique.iter().position(|&q| q as usize == item) {
            Some(slot) => price(slot),
            None => (0..core.slots).map(price).min().unwrap_or(0),
        };
    }
    let mean = narrow(total.div_ceil(denominator));
    Ok(core.least_together(clique).map_or(mean, |theta| theta.min(mean)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(slots: usize, loads: &[&[u64]], constant: &[u64]) -> Core {
        let loads = loads.iter().map(|row| row.to_vec()).collect();
        Core { slots, dimensions: constant.len(), loads, constant: constant.to_vec(), apart: vec![] }
    }

    #[test]
    fn one_dimension_by_hand() {
        // Three slots that carry 2 each, loads 9 9 9 9 6: total 42.
        let core = core(3, &[&[9], &[9], &[6], &[9], &[9]], &[2]);
        assert_eq!(proven(&core, &Witness::Constant), Ok(2));
        assert_eq!(proven(&core, &Witness::Volume { dimension: 0 }), Ok(16));
        assert_eq!(proven(&core, &Witness::Item { item: 2, dimension: 0 }), Ok(8));
        assert_eq!(proven(&core, &Witness::Pigeonhole { dimension: 0, h: 1 }), Ok(20));
        // All five: q = 2, r = 2: min(9 + 9 + 6, ceil(33 / 2)) = 17.
        assert_eq!(proven(&core, &Witness::Counting { dimension: 0, t: 5 }), Ok(19));
        // Room 17: every 9 blocks one slot, and there are four.
        assert_eq!(proven(&core, &Witness::BinPacking { dimension: 0, capacity: 19, small: 0 }), Ok(20));
        // Room 18: two pairs and the 6.
        assert!(proven(&core, &Witness::BinPacking { dimension: 0, capacity: 20, small: 0 }).is_err());
        assert_eq!(proven(&core, &Witness::Exhaustive { capacity: 19 }), Ok(20));
        assert_eq!(proven(&core, &Witness::Exhaustive { capacity: 20 }), Err(WitnessError::Capacity { capacity: 20 }));
    }

    #[test]
    fn two_dimensions_by_hand() {
        // Day (4, 0), night (0, 4), both (2, 2) on two slots; day and night must be apart.
        let mut core = core(2, &[&[4, 0], &[0, 4], &[2, 2]], &[0, 0]);
        let weights = vec![(0, 0, 1), (1, 1, 1)];
        let fixed = Witness::Lagrangian { clique: vec![0, 1], weights: weights.clone() };
        assert_eq!(proven(&core, &fixed), Ok(4));
        assert_eq!(proven(&core, &Witness::Clique { items: vec![0, 1, 2] }), Ok(4));
        core.apart = vec![(0, 1)];
        assert_eq!(proven(&core, &fixed), Ok(5));
        assert_eq!(proven(&core, &Witness::Clique { items: vec![2, 1, 0] }), Ok(6));
        assert_eq!(proven(&core, &Witness::Exhaustive { capacity: 5 }), Ok(6));
    }

    #[test]
    fn broken_conditions_are_refused() {
        let core = core(2, &[&[4], &[3], &[2]], &[0]);
        let refused = [
            Witness::Volume { dimension: 1 },
            Witness::Item { item: 3, dimension: 0 },
            Witness::Pigeonhole { dimension: 0, h: 2 },
            Witness::Counting { dimension: 0, t: 0 },
            Witness::Counting { dimension: 0, t: 4 },
            Witness::Clique { items: vec![0, 1] },
            Witness::Clique { items: vec![0, 1, 1] },
            Witness::BinPacking { dimension: 0, capacity: 8, small: 5 },
            Witness::BinPacking { dimension: 0, capacity: 5, small: 0 },
            Witness::Lagrangian { clique: vec![0, 0], weights: vec![(0, 0, 1)] },
            Witness::Lagrangian { clique: vec![0, 1, 2], weights: vec![(0, 0, 1)] },
            Witness::Lagrangian { clique: vec![0], weights: vec![(2, 0, 1)] },
            Witness::Lagrangian { clique: vec![0], weights: vec![(0, 0, 0)] },
            Witness::Exhaustive { capacity: 5 },
        ];
        for witness in refused {
            assert!(proven(&core, &witness).is_err(), "{witness:?}");
        }
    }
}
