//! An assignment of items to bins and its exact value.

use super::instance::Instance;

/// For each item the bin it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment(pub Vec<u32>);

impl Assignment {
    /// Load of every bin in every dimension, constant part included; one row a bin.
    pub fn bin_loads(&self, instance: &Instance) -> Vec<u64> {
        let d = instance.dimension_count;
        let mut loads: Vec<u64> = Vec::with_capacity(instance.bin_count * d);
        for _ in 0..instance.bin_count {
            loads.extend_from_slice(&instance.constant);
        }
        for (item, &bin) in self.0.iter().enumerate() {
            let row = &mut loads[bin as usize * d..(bin as usize + 1) * d];
            for (sum, load) in row.iter_mut().zip(instance.load(item)) {
                *sum += load;
            }
        }
        loads
    }

    /// Largest load over bins and dimensions; 0 without dimensions.
    pub fn peak(&self, instance: &Instance) -> u64 {
        self.bin_loads(instance).into_iter().max().unwrap_or(0)
    }

    /// Sum of the weights of the edges between different bins.
    pub fn cut(&self, instance: &Instance) -> u64 {
        instance.edges.iter().filter(|(a, b, _)| self.0[*a as usize] != self.0[*b as usize]).map(|(_, _, w)| w).sum()
    }

    /// Largest sum of sizes in a bin.
    pub fn largest_size(&self, instance: &Instance) -> u64 {
        let mut sizes = vec![0u64; instance.bin_count];
        for (item, &bin) in self.0.iter().enumerate() {
            sizes[bin as usize] += instance.sizes[item];
        }
        sizes.into_iter().max().unwrap_or(0)
    }

    /// Whether every item is in a bin that exists, no pair that must be apart shares one, and no bin is empty
    /// (as far as there are enough items).
    pub fn is_valid(&self, instance: &Instance) -> bool {
        let mut used = vec![false; instance.bin_count];
        let in_range = self.0.len() == instance.item_count()
            && self.0.iter().all(|&bin| {
                let known = (bin as usize) < instance.bin_count;
                if known {
                    used[bin as usize] = true;
                }
                known
            });
        let filled = used.iter().filter(|&&u| u).count() >= instance.bin_count.min(instance.item_count());
        in_range && filled && instance.apart.iter().all(|(a, b)| self.0[*a as usize] != self.0[*b as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        // Two bins, two dimensions, constant (1, 0). Items (3,1) (2,5) (4,4).
        let instance = Instance {
            bin_count: 2,
            dimension_count: 2,
            loads: vec![3, 1, 2, 5, 4, 4],
            constant: vec![1, 0],
            sizes: vec![10, 20, 5],
            apart: vec![(0, 2)],
            edges: vec![(0, 1, 7), (1, 2, 2)],
        };
        let assignment = Assignment(vec![0, 0, 1]);
        assert_eq!(assignment.bin_loads(&instance), [6, 6, 5, 4]);
        assert_eq!(assignment.peak(&instance), 6);
        assert_eq!(assignment.cut(&instance), 2);
        assert_eq!(assignment.largest_size(&instance), 30);
        assert!(assignment.is_valid(&instance));
        assert!(!Assignment(vec![0, 0, 0]).is_valid(&instance));
        assert!(!Assignment(vec![0, 1, 0]).is_valid(&instance));
    }
}
