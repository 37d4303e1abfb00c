//! Re-checks "no way to share out the items stays within a capacity" by counting, for few items.
//!
//! The sets of items that fit one slot are found one by one. Were there a way to cover all items by `slots` such
//! sets, the number of ways, `Σ over sets S of (-1)^(items - |S|) (fitting sets inside S)^slots`, would not be 0. It is
//! computed modulo 2^64 and modulo 2^e - 1 for exponents without common divisor; these moduli have no common divisor
//! either and their product exceeds the number, so that only 0 leaves the residue 0 everywhere.

use super::{Core, WitnessError};

const ITEM_LIMIT: usize = 20;
/// No two have a common divisor; with 2^64 the product has more than 416 bits, and 20 items on 19 slots need 380.
const EXPONENTS: [u32; 6] = [63, 62, 61, 59, 55, 53];

/// One more than `capacity` when no way exists.
pub fn none_within(core: &Core, capacity: u64) -> Result<u64, WitnessError> {
    let paired = |item: usize| core.apart.iter().any(|&(a, b)| a as usize == item || b as usize == item);
    let items: Vec<usize> =
        (0..core.loads.len()).filter(|&item| paired(item) || core.loads[item].iter().any(|&load| load > 0)).collect();
    if items.len() > ITEM_LIMIT {
        return Err(WitnessError::TooLarge { items: items.len(), limit: ITEM_LIMIT });
    }
    let refused = Err(WitnessError::Capacity { capacity });
    let fits = fitting(core, &items, capacity);
    if !fits[0] || (0..items.len()).any(|bit| !fits[1 << bit]) {
        return Ok(capacity + 1);
    }
    if core.slots >= items.len() {
        return refused;
    }
    let inside = fitting_inside(&fits);
    if ways(&inside, core.slots) { refused } else { Ok(capacity + 1) }
}

/// For each set of items, by mask, whether one slot can hold it.
fn fitting(core: &Core, items: &[usize], capacity: u64) -> Vec<bool> {
    let mut fits = vec![false; 1 << items.len()];
    fits[0] = core.constant.iter().all(|&c| c <= capacity);
    let apart = |a: usize, b: usize| {
        core.apart.iter().any(|&(x, y)| (x as usize, y as usize) == (a, b) || (x as usize, y as usize) == (b, a))
    };
    for set in 1..fits.len() {
        let members = || (0..items.len()).filter(move |bit| set & (1 << bit) != 0);
        if members().any(|bit| !fits[set ^ (1 << bit)]) {
            continue;
        }
        let mut meeting = members().flat_map(|a| members().filter(move |&b| b < a).map(move |b| (items[a], items[b])));
        if set.count_ones() == 2 && meeting.any(|(a, b)| apart(a, b)) {
            continue;
        }
        fits[set] = (0..core.dimensions).all(|d| {
            let load: u128 = members().map(|bit| u128::from(core.loads[items[bit]][d])).sum();
            load + u128::from(core.constant[d]) <= u128::from(capacity)
        });
    }
    fits
}

/// For each set how many fitting sets lie in it: sums over subsets, one item after the other.
fn fitting_inside(fits: &[bool]) -> Vec<u64> {
    let mut inside: Vec<u64> = fits.iter().map(|&fits| u64::from(fits)).collect();
    let mut bit = 1;
    while bit < inside.len() {
        for set in 0..inside.len() {
            if set & bit != 0 {
                inside[set] += inside[set ^ bit];
            }
        }
        bit <<= 1;
    }
    inside
}

/// Whether the number of covers is not 0.
fn ways(inside: &[u64], slots: usize) -> bool {
    let odd = |set: usize| (inside.len() - 1).count_ones().wrapping_sub(set.count_ones()) & 1 == 1;
    let wrapping = inside.iter().enumerate().fold(0u64, |sum, (set, &sets)| {
        let power = sets.wrapping_pow(slots as u32);
        if odd(set) { sum.wrapping_sub(power) } else { sum.wrapping_add(power) }
    });
    if wrapping != 0 {
        return true;
    }
    // The number of ways has at most this many bits; moduli beyond them add nothing.
    let mut bits = i64::from(64 - inside[inside.len() - 1].leading_zeros()) * slots as i64 - 64;
    for exponent in EXPONENTS {
        if bits < 0 {
            break;
        }
        bits -= i64::from(exponent - 1);
        let modulus = (1u64 << exponent) - 1;
        let residue = inside.iter().enumerate().fold(0u64, |sum, (set, &sets)| {
            let power = (0..slots).fold(1u64, |power, _| fold(u128::from(power) * u128::from(sets), exponent));
            let term = if odd(set) { (modulus - power % modulus) % modulus } else { power % modulus };
            fold(u128::from(sum) + u128::from(term), exponent)
        });
        if residue % modulus != 0 {
            return true;
        }
    }
    false
}

/// The number modulo 2^e - 1, up to one modulus too much.
fn fold(number: u128, exponent: u32) -> u64 {
    let mask = (1u128 << exponent) - 1;
    let once = (number & mask) + (number >> exponent);
    ((once & mask) + (once >> exponent)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residues() {
        assert_eq!(fold((1u128 << 61) - 1 + 5, 61), 5);
        assert_eq!(
            fold(u128::from(u64::MAX) * 3, 53) % ((1 << 53) - 1),
            (u128::from(u64::MAX) * 3 % ((1 << 53) - 1)) as u64
        );
    }

    #[test]
    fn counts_the_ways() {
        // Items a, b that fit alone only: fitting sets {}, {a}, {b}; on one slot no cover, on two 2: {a}{b} and {b}{a}.
        let inside = fitting_inside(&[true, true, true, false]);
        assert_eq!(inside, [1, 2, 2, 3]);
        assert!(!ways(&inside, 1));
        assert!(ways(&inside, 2));
    }
}
