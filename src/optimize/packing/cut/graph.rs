//! The graph that the cut stage works on: vertices with a load vector, weighted edges, pairs to keep apart; contraction.
//!
//! Level 0 holds the items of an [`Instance`]; a coarser level holds clusters of them. Loads and weights of a cluster
//! are exact sums, so a cut or a load seen on a coarse level is that of the items below.

use crate::optimize::packing::Instance;

/// One level: adjacency in compressed rows.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    pub vertex_count: usize,
    pub dimension_count: usize,
    /// Row-major loads, `dimension_count` for each vertex.
    pub loads: Vec<u64>,
    /// Largest load of each vertex over the dimensions.
    pub peaks: Vec<u64>,
    offsets: Vec<u32>,
    edges: Vec<(u32, u64)>,
    apart_offsets: Vec<u32>,
    apart: Vec<u32>,
}

impl Graph {
    /// The finest level.
    pub fn new(instance: &Instance) -> Self {
        let apart: Vec<(u32, u32, u64)> = instance.apart.iter().map(|&(a, b)| (a, b, 1)).collect();
        Self::from_parts(
            instance.item_count(),
            instance.dimension_count,
            instance.loads.clone(),
            &instance.edges,
            &apart,
        )
    }

    fn from_parts(
        vertex_count: usize,
        dimension_count: usize,
        loads: Vec<u64>,
        edges: &[(u32, u32, u64)],
        apart: &[(u32, u32, u64)],
    ) -> Self {
        let peaks = (0..vertex_count)
            .map(|v| loads[v * dimension_count..(v + 1) * dimension_count].iter().copied().max().unwrap_or(0))
            .collect();
        let (offsets, edges) = compressed_rows(vertex_count, edges);
        let (apart_offsets, apart) = compressed_rows(vertex_count, apart);
        let apart = apart.into_iter().map(|(v, _)| v).collect();
        Self { vertex_count, dimension_count, loads, peaks, offsets, edges, apart_offsets, apart }
    }

    /// Loads of a vertex, one a dimension.
    pub fn load(&self, vertex: u32) -> &[u64] {
        let first = vertex as usize * self.dimension_count;
        &self.loads[first..first + self.dimension_count]
    }

    /// Neighbours of a vertex with the weight of the edge.
    pub fn neighbours(&self, vertex: u32) -> &[(u32, u64)] {
        &self.edges[self.offsets[vertex as usize] as usize..self.offsets[vertex as usize + 1] as usize]
    }

    /// Vertices that must not share a bin with this one.
    pub fn apart(&self, vertex: u32) -> &[u32] {
        &self.apart[self.apart_offsets[vertex as usize] as usize..self.apart_offsets[vertex as usize + 1] as usize]
    }

    /// Number of edges, each counted once.
    pub fn edge_count(&self) -> usize {
        self.edges.len() / 2
    }

    /// The graph whose vertices are the clusters named by `cluster_of`, numbered from 0 without a hole.
    pub fn contract(&self, cluster_of: &[u32], cluster_count: usize) -> Self {
        let d = self.dimension_count;
        let mut loads = vec![0u64; cluster_count * d];
        for vertex in 0..self.vertex_count as u32 {
            let first = cluster_of[vertex as usize] as usize * d;
            for (sum, load) in loads[first..first + d].iter_mut().zip(self.load(vertex)) {
                *sum += load;
            }
        }
        let mut edges = Vec::with_capacity(self.edges.len() / 2);
        let mut apart = Vec::new();
        for vertex in 0..self.vertex_count as u32 {
            let from = cluster_of[vertex as usize];
            for &(other, weight) in self.neighbours(vertex) {
                let to = cluster_of[other as usize];
                if from < to {
                    edges.push((from, to, weight));
                }
            }
            for &other in self.apart(vertex) {
                let to = cluster_of[other as usize];
                if from < to {
                    apart.push((from, to, 1));
                }
            }
        }
        merge_parallel(&mut edges);
        merge_parallel(&mut apart);
        Self::from_parts(cluster_count, d, loads, &edges, &apart)
    }
}

/// Both directions of each pair, row by row.
fn compressed_rows(vertex_count: usize, pairs: &[(u32, u32, u64)]) -> (Vec<u32>, Vec<(u32, u64)>) {
    let mut offsets = vec![0u32; vertex_count + 1];
    for &(a, b, _) in pairs {
        offsets[a as usize + 1] += 1;
        offsets[b as usize + 1] += 1;
    }
    for v in 0..vertex_count {
        offsets[v + 1] += offsets[v];
    }
    let mut next = offsets.clone();
    let mut rows = vec![(0u32, 0u64); pairs.len() * 2];
    for &(a, b, weight) in pairs {
        for (from, to) in [(a, b), (b, a)] {
            rows[next[from as usize] as usize] = (to, weight);
            next[from as usize] += 1;
        }
    }
    (offsets, rows)
}

/// Sorts the pairs and sums the weights of equal ones.
fn merge_parallel(pairs: &mut Vec<(u32, u32, u64)>) {
    pairs.sort_unstable_by_key(|&(a, b, _)| (a, b));
    pairs.dedup_by(|later, kept| {
        let same = (later.0, later.1) == (kept.0, kept.1);
        if same {
            kept.2 += later.2;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contraction_sums_loads_and_parallel_edges() {
        // A path 0-1-2-3 with weights 5, 2, 7 and the chord 0-3 of weight 1; {0,1} and {2,3} become clusters.
        let instance = Instance {
            bin_count: 2,
            dimension_count: 1,
            loads: vec![1, 2, 3, 4],
            constant: vec![0],
            sizes: vec![0; 4],
            apart: vec![(0, 2)],
            edges: vec![(0, 1, 5), (0, 3, 1), (1, 2, 2), (2, 3, 7)],
        };
        let coarse = Graph::new(&instance).contract(&[0, 0, 1, 1], 2);
        assert_eq!(coarse.loads, [3, 7]);
        assert_eq!(coarse.neighbours(0), [(1, 3)]);
        assert_eq!(coarse.apart(1), [0]);
        assert_eq!(coarse.edge_count(), 1);
    }
}
