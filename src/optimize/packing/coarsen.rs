//! A smaller instance with the same large items: the tail joined into clusters of like direction.
//!
//! With many items the places of the large ones decide the peak, and a search that looks at all items seldom moves
//! them. So these are placed first, against a tail that still has its profiles but moves in pieces; then the clusters
//! are taken apart and the search goes on with all items.

use super::{instance::Instance, solution::Assignment};

/// Largest items that stay single; those with a partner to keep apart stay single too.
const SINGLE: usize = 160;
/// Pieces of the tail.
const CLUSTERS: usize = 160;

/// The smaller instance, its rows by falling peak, and for each item of the large one its row.
pub struct Coarse {
    /// The smaller instance.
    pub instance: Instance,
    row_of: Vec<u32>,
}

impl Coarse {
    /// Items of `instance` must be in order of falling peak; `None` when it is small already.
    pub fn new(instance: &Instance) -> Option<Self> {
        let n = instance.item_count();
        let mut paired = vec![false; n];
        for &(a, b) in &instance.apart {
            paired[a as usize] = true;
            paired[b as usize] = true;
        }
        let (single, tail): (Vec<u32>, Vec<u32>) =
            (0..n as u32).partition(|&item| (item as usize) < SINGLE || paired[item as usize]);
        if tail.len() < 2 * CLUSTERS || single.len() > 3 * SINGLE {
            return None;
        }
        let mut members: Vec<Vec<u32>> = single.into_iter().map(|item| vec![item]).collect();
        members.extend(clusters(instance, tail, CLUSTERS));
        let d = instance.dimension_count;
        let mut rows: Vec<(u64, Vec<u64>, Vec<u32>)> = members
            .into_iter()
            .map(|items| {
                let mut row = vec![0; d];
                for &item in &items {
                    row.iter_mut().zip(instance.load(item as usize)).for_each(|(sum, load)| *sum += load);
                }
                (row.iter().copied().max().unwrap_or(0), row, items)
            })
            .collect();
        rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
        let mut row_of = vec![0; n];
        for (row, (_, _, items)) in rows.iter().enumerate() {
            items.iter().for_each(|&item| row_of[item as usize] = row as u32);
        }
        let mut apart: Vec<(u32, u32)> = instance
            .apart
            .iter()
            .map(|&(a, b)| (row_of[a as usize], row_of[b as usize]))
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        apart.sort_unstable();
        let small = Instance {
            bin_count: instance.bin_count,
            dimension_count: d,
            sizes: vec![0; rows.len()],
            loads: rows.into_iter().flat_map(|(_, row, _)| row).collect(),
            constant: instance.constant.clone(),
            apart,
            edges: Vec::new(),
        };
        Some(Self { instance: small, row_of })
    }

    /// Every item where its row is.
    pub fn expand(&self, small: &[u32]) -> Assignment {
        Assignment(self.row_of.iter().map(|&row| small[row as usize]).collect())
    }
}

/// Cuts items, sorted by the dimension in which each stands out most against the total, into even pieces.
pub fn clusters(instance: &Instance, items: Vec<u32>, count: usize) -> Vec<Vec<u32>> {
    let total = instance.total();
    let mut keyed: Vec<(u32, u32)> = items
        .into_iter()
        .map(|item| {
            let mut best = (0u64, 1u64, 0u32);
            for (d, (&load, &sum)) in instance.load(item as usize).iter().zip(&total).enumerate() {
                if u128::from(load) * u128::from(best.1) > u128::from(best.0) * u128::from(sum.max(1)) {
                    best = (load, sum.max(1), d as u32);
                }
            }
            (best.2, item)
        })
        .collect();
    keyed.sort_unstable();
    let size = keyed.len().div_ceil(count).max(1);
    keyed.chunks(size).map(|chunk| chunk.iter().map(|&(_, item)| item).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_kept() {
        let n = 1000u64;
        let instance = Instance {
            bin_count: 3,
            dimension_count: 2,
            loads: (0..n).flat_map(|item| [n - item, item % 7]).collect(),
            constant: vec![1, 2],
            sizes: vec![0; n as usize],
            apart: vec![(0, 999)],
            edges: vec![],
        };
        let coarse = Coarse::new(&instance).unwrap();
        assert!(coarse.instance.item_count() <= SINGLE + 1 + CLUSTERS);
        let small: Vec<u32> = (0..coarse.instance.item_count() as u32).map(|row| row % 3).collect();
        let large = coarse.expand(&small);
        assert_eq!(large.bin_loads(&instance), Assignment(small).bin_loads(&coarse.instance));
        assert_eq!(coarse.instance.apart.len(), 1);
    }
}
