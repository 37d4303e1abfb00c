//! Vector-LPT: items by falling peak, each into the bin where the sum of the eighth powers of its loads grows least.
//!
//! The power potential is a smooth stand-in for the maximum over dimensions (Azar, Cohen, Kamara, Shepherd 2013,
//! doi:10.1145/2488608.2488718, use such norms for vector scheduling). Cost: items × bins × dimensions.

use super::{
    instance::Instance,
    loads::{Apart, Loads},
};

/// Assigns the items in the order given; `scale` is the load at which the potential counts 1 (a lower bound will do).
/// An item that must be apart from some item in every bin goes where the potential grows least, so that the result
/// breaks a rule only where greedy found no way: `repair` looks further.
pub fn assign(instance: &Instance, loads: &Loads, apart: &Apart, order: &[u32], scale: f64) -> Vec<u32> {
    assign_rest(instance, loads, apart, order, scale, &[])
}

/// The same when the bins of the first items of `order` are given.
pub fn assign_rest(
    instance: &Instance,
    loads: &Loads,
    apart: &Apart,
    order: &[u32],
    scale: f64,
    given: &[u32],
) -> Vec<u32> {
    let (bins, width) = (instance.bin_count, loads.width);
    let inverse = if scale > 0.0 { 1.0 / scale } else { 1.0 };
    let mut sums = loads.bin_rows(&[], bins);
    let mut potential: Vec<f64> =
        sums.chunks_exact(width).map(|row| power_sum(row, &vec![0.0; width], inverse)).collect();
    let mut bin_of = vec![u32::MAX; instance.item_count()];
    for (place, &item) in order.iter().enumerate() {
        let row = loads.row(item as usize);
        let mut best = (true, f64::INFINITY, 0usize, 0.0);
        let open = given.get(place).map_or(0..bins, |&bin| bin as usize..bin as usize + 1);
        for bin in open {
            let grown = power_sum(&sums[bin * width..(bin + 1) * width], row, inverse);
            let blocked = apart.blocks(&bin_of, item as usize, bin as u32, None);
            let increase = grown - potential[bin];
            if (blocked, increase) < (best.0, best.1) || best.1 == f64::INFINITY {
                best = (blocked, increase, bin, grown);
            }
        }
        let bin = best.2;
        bin_of[item as usize] = bin as u32;
        potential[bin] = best.3;
        for (sum, load) in sums[bin * width..(bin + 1) * width].iter_mut().zip(row) {
            *sum += load;
        }
    }
    bin_of
}

fn power_sum(sums: &[f64], row: &[f64], inverse: f64) -> f64 {
    let mut lanes = [0.0f64; super::loads::LANES];
    let (sums, _) = sums.as_chunks::<{ super::loads::LANES }>();
    let (row, _) = row.as_chunks::<{ super::loads::LANES }>();
    for (s, r) in sums.iter().zip(row) {
        for lane in 0..super::loads::LANES {
            let x = (s[lane] + r[lane]) * inverse;
            let x2 = x * x;
            let x4 = x2 * x2;
            lanes[lane] += x4 * x4;
        }
    }
    lanes.iter().sum()
}

/// Gives every empty bin an item, as far as there are enough. Taking an item out of a shared bin and putting it alone
/// into an empty one never raises a load above the peak.
pub fn fill_empty_bins(instance: &Instance, bin_of: &mut [u32]) {
    let mut counts = vec![0usize; instance.bin_count];
    for &bin in bin_of.iter() {
        counts[bin as usize] += 1;
    }
    let mut donors = (0..bin_of.len()).rev();
    for bin in 0..instance.bin_count {
        if counts[bin] > 0 {
            continue;
        }
        let Some(item) = donors.find(|&item| counts[bin_of[item] as usize] > 1) else { return };
        counts[bin_of[item] as usize] -= 1;
        counts[bin] = 1;
        bin_of[item] = bin as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(bins: usize, loads: Vec<u64>, apart: Vec<(u32, u32)>) -> Instance {
        let n = loads.len();
        Instance {
            bin_count: bins,
            dimension_count: 1,
            loads,
            constant: vec![0],
            sizes: vec![0; n],
            apart,
            edges: vec![],
        }
    }

    #[test]
    fn longest_first_by_hand() {
        // 5, 4, 3, 3, 3 on two bins: {5, 3}, {4, 3, 3} as in LPT.
        let instance = instance(2, vec![5, 4, 3, 3, 3], vec![]);
        let bin_of = assign(&instance, &Loads::new(&instance), &Apart::new(&instance), &[0, 1, 2, 3, 4], 9.0);
        assert_eq!(bin_of, [0, 1, 1, 0, 1]);
    }

    #[test]
    fn keeps_apart_and_fills() {
        let instance = instance(3, vec![5, 1, 0, 0], vec![(1, 2)]);
        let apart = Apart::new(&instance);
        let mut bin_of = assign(&instance, &Loads::new(&instance), &apart, &[0, 1, 2, 3], 5.0);
        assert_ne!(bin_of[1], bin_of[2]);
        bin_of = vec![0, 1, 0, 0];
        fill_empty_bins(&instance, &mut bin_of);
        assert_eq!(bin_of, [0, 1, 0, 2]);
    }
}
