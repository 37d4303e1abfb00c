//! Re-checks "whichever slots the largest items are in, some weighted mean of the loads is this high": a tree of cases.
//!
//! Slots are identical, so an item may be taken to go to a slot that an earlier item of the list is in, or to the first
//! one that is free. A leaf says where the first items are and names the weights that prove its value; the leaves must
//! leave out no case but those in which two items share a slot that never may, at once or wherever the next items of the
//! list go. The value is the least of the leaves'.

use super::{Core, WitnessError, narrow, range};

/// Cases without a leaf that are followed until the pairs rule them out; a witness that needs more is refused, so that a
/// forged one cannot keep the checker busy. The search that writes them opens fewer nodes.
const BARRED_LIMIT: u32 = 200_000;

/// Weights as `[slot, dimension, weight]`, prepared for evaluation.
struct Prices {
    denominator: u128,
    /// Constant parts, and for every item the least it can pay.
    base: u128,
    /// For each listed item its price in every slot, and the least of them.
    listed: Vec<(Vec<u128>, u128)>,
}

impl Prices {
    fn new(core: &Core, items: &[u32], weights: &[(u32, u32, u32)]) -> Result<Self, WitnessError> {
        let mut by_slot: Vec<Vec<(usize, u128)>> = vec![Vec::new(); core.slots];
        let (mut denominator, mut base) = (0u128, 0u128);
        for &(slot, dimension, weight) in weights {
            let d = range("dimension", dimension, core.dimensions)?;
            by_slot[range("slot", slot, core.slots)?].push((d, u128::from(weight)));
            denominator += u128::from(weight);
            base += u128::from(weight) * u128::from(core.constant[d]);
        }
        if denominator == 0 {
            return Err(WitnessError::NoWeights);
        }
        let in_slots = |item: usize| -> Vec<u128> {
            let price =
                |slot: &Vec<(usize, u128)>| slot.iter().map(|&(d, w)| w * u128::from(core.loads[item][d])).sum();
            by_slot.iter().map(price).collect()
        };
        let least = |prices: &[u128]| prices.iter().copied().min().unwrap_or(0);
        base += (0..core.loads.len()).map(|item| least(&in_slots(item))).sum::<u128>();
        let listed = items.iter().map(|&item| in_slots(item as usize)).map(|prices| (prices.clone(), least(&prices)));
        Ok(Prices { denominator, base, listed: listed.collect() })
    }

    fn value(&self, slots: &[u32]) -> u64 {
        let fixed = slots.iter().zip(&self.listed);
        let more: u128 = fixed.map(|(&slot, (prices, least))| prices[slot as usize] - least).sum();
        narrow((self.base + more).div_ceil(self.denominator))
    }
}

/// The least value of all leaves, if they leave out no case.
pub fn least(
    core: &Core,
    items: &[u32],
    weights: &[Vec<(u32, u32, u32)>],
    leaves: &[(Vec<u32>, u32)],
) -> Result<u64, WitnessError> {
    let given = core.different(items)?;
    if given != items.len() {
        return Err(WitnessError::Items { given, wanted: format!("{} different", items.len()) });
    }
    let prices = weights.iter().map(|weights| Prices::new(core, items, weights)).collect::<Result<Vec<_>, _>>()?;
    let mut value = u64::MAX;
    for (slots, number) in leaves {
        if slots.len() > items.len() {
            return Err(WitnessError::Items { given: slots.len(), wanted: format!("up to {}", items.len()) });
        }
        for &slot in slots {
            range("slot", slot, core.slots)?;
        }
        let prices = &prices[range("weights", *number, prices.len())?];
        value = value.min(prices.value(slots));
    }
    let mut sorted: Vec<&[u32]> = leaves.iter().map(|(slots, _)| slots.as_slice()).collect();
    sorted.sort_unstable();
    let mut barred = BARRED_LIMIT;
    if sorted.is_empty() || !complete(core, items, &mut Vec::new(), &sorted, &mut barred) {
        return Err(WitnessError::Cases);
    }
    Ok(value)
}

/// Whether `leaves`, which all begin with `prefix`, leave out no case that begins so.
fn complete(core: &Core, items: &[u32], prefix: &mut Vec<u32>, leaves: &[&[u32]], barred: &mut u32) -> bool {
    let depth = prefix.len();
    // Sorted, the shortest comes first: a leaf for the whole case.
    if leaves.first().is_some_and(|leaf| leaf.len() == depth) {
        return true;
    }
    let Some(&new) = items.get(depth) else { return false };
    if leaves.is_empty() {
        if *barred == 0 {
            return false;
        }
        *barred -= 1;
    }
    let used = prefix.iter().max().map_or(0, |&most| most + 1);
    (0..=used).filter(|&slot| (slot as usize) < core.slots).all(|slot| {
        let start = leaves.partition_point(|leaf| leaf[depth] < slot);
        let end = leaves.partition_point(|leaf| leaf[depth] <= slot);
        if start == end && prefix.iter().zip(items).any(|(&other, &item)| other == slot && never(core, item, new)) {
            return true;
        }
        prefix.push(slot);
        let whole = complete(core, items, prefix, &leaves[start..end], barred);
        prefix.pop();
        whole
    })
}

fn never(core: &Core, a: u32, b: u32) -> bool {
    core.apart.iter().any(|&(x, y)| (x, y) == (a, b) || (x, y) == (b, a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equal_items_on_two_slots() {
        // 6 6 6: volume says 9. First in slot 0; second with it (12) or in slot 1; then the third with one of them (12).
        let core =
            Core { slots: 2, dimensions: 1, loads: vec![vec![6], vec![6], vec![6]], constant: vec![0], apart: vec![] };
        let weights = vec![vec![(0, 0, 1)], vec![(1, 0, 1)]];
        let leaves = vec![(vec![0, 0], 0), (vec![0, 1, 0], 0), (vec![0, 1, 1], 1)];
        assert_eq!(least(&core, &[0, 1, 2], &weights, &leaves), Ok(12));
        // One case short.
        assert_eq!(least(&core, &[0, 1, 2], &weights, &leaves[..2]), Err(WitnessError::Cases));
        assert_eq!(least(&core, &[0, 1, 2], &weights, &[]), Err(WitnessError::Cases));
        // The case that is missing cannot be.
        let apart = Core { apart: vec![(1, 2)], ..core.clone() };
        assert_eq!(least(&apart, &[0, 1, 2], &weights, &leaves[..2]), Ok(12));
        // Nor the one in which the third item has no slot left, only seen when it is the third's turn.
        let barred = Core { apart: vec![(0, 2), (1, 2)], ..core.clone() };
        assert_eq!(least(&barred, &[0, 1, 2], &weights, &[(vec![0, 0], 0)]), Ok(12));
        assert_eq!(least(&barred, &[0, 1], &weights, &[(vec![0, 0], 0)]), Err(WitnessError::Cases));
        assert!(least(&core, &[0, 1, 1], &weights, &leaves).is_err());
        assert!(least(&core, &[0, 1, 2], &weights, &[(vec![0, 2], 0)]).is_err());
        assert!(least(&core, &[0, 1, 2], &[vec![]], &[(vec![], 0)]).is_err());
        assert_eq!(least(&core, &[0, 1, 2], &[vec![(0, 0, 1), (1, 0, 1)]], &[(vec![], 0)]), Ok(9));
    }
}
