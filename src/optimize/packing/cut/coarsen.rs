//! Coarsening: vertices joined by heavy edges become one, level by level, and never more than a bin can hold.
//!
//! Heavy-edge clustering after Karypis & Kumar (SIAM J. Sci. Comput. 20(1), 1998) with the ratings of Holtgrewe, Sanders
//! & Schulz (IPDPS 2010). Clusters never cross a line of a given partition, so that the partition survives on every
//! level: a V-cycle (one partition) or the recombination of two (Sanders & Schulz, ALENEX 2012, KaFFPaE).

use super::draw::Draw;
use super::graph::Graph;

/// What makes an edge worth contracting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rating {
    /// The weight alone.
    Weight,
    /// Weight squared over the product of the weighted degrees: relative nearness.
    Degree,
    /// Weight squared over the product of the peaks: light vertices first.
    Load,
}

impl Rating {
    /// The rating of a start, in turn.
    pub fn of_turn(turn: usize) -> Self {
        [Self::Degree, Self::Weight, Self::Load][turn % 3]
    }
}

/// A stack of levels; `maps[i]` gives the vertex of level i + 1 that holds a vertex of level i. Level 0 is not in it.
pub(super) struct Levels {
    pub graphs: Vec<Graph>,
    pub maps: Vec<Vec<u32>>,
}

/// How far and how hard to coarsen.
#[derive(Debug, Clone, Copy)]
pub(super) struct CoarsenSettings {
    pub rating: Rating,
    /// Stop at this many vertices.
    pub vertex_goal: usize,
    /// Largest load of a cluster in any dimension.
    pub cluster_cap: u64,
}

/// Coarsens `finest` until the goal or until nothing more can be joined. `fences` gives each vertex a label; only vertices
/// of equal label are joined. O((n d + m log m)) a level.
pub(super) fn coarsen(finest: &Graph, fences: &[u32], settings: CoarsenSettings, draw: &mut Draw) -> Levels {
    let mut levels = Levels { graphs: Vec::new(), maps: Vec::new() };
    let mut fences = fences.to_vec();
    loop {
        let graph = levels.graphs.last().unwrap_or(finest);
        if graph.vertex_count <= settings.vertex_goal {
            return levels;
        }
        let (map, count) = join_neighbours(graph, &fences, settings, draw);
        if count * 20 > graph.vertex_count * 19 {
            return levels;
        }
        let coarse = graph.contract(&map, count);
        let mut coarse_fences = vec![0; count];
        for (vertex, &cluster) in map.iter().enumerate() {
            coarse_fences[cluster as usize] = fences[vertex];
        }
        fences = coarse_fences;
        levels.graphs.push(coarse);
        levels.maps.push(map);
    }
}

/// Each vertex in random order joins the best-rated neighbour's pair or stays alone; a pair takes a third only when it is
/// small, which keeps the shrinking of star-like foreign-key graphs near one half a level.
fn join_neighbours(graph: &Graph, fences: &[u32], settings: CoarsenSettings, draw: &mut Draw) -> (Vec<u32>, usize) {
    const ALONE: u32 = u32::MAX;
    const LARGEST: u32 = 4;
    let d = graph.dimension_count;
    let degrees: Vec<f64> = (0..graph.vertex_count as u32)
        .map(|v| graph.neighbours(v).iter().map(|(_, w)| *w).sum::<u64>().max(1) as f64)
        .collect();
    let mut map = vec![ALONE; graph.vertex_count];
    let mut loads: Vec<Vec<u64>> = Vec::new();
    let mut members: Vec<u32> = Vec::new();
    for vertex in draw.order(graph.vertex_count) {
        if map[vertex as usize] != ALONE {
            continue;
        }
        let mut best: Option<(f64, u32)> = None;
        for &(other, weight) in graph.neighbours(vertex) {
            if fences[other as usize] != fences[vertex as usize] {
                continue;
            }
            let rating = rate(graph, &degrees, settings.rating, vertex, other, weight);
            if best.is_some_and(|(top, _)| rating <= top) {
                continue;
            }
            let cluster = map[other as usize];
            let fits = if cluster == ALONE {
                both_fit(graph.load(other), graph.load(vertex), settings.cluster_cap)
            } else {
                members[cluster as usize] < LARGEST
                    && both_fit(&loads[cluster as usize], graph.load(vertex), settings.cluster_cap)
            };
            let kept = graph
                .apart(vertex)
                .iter()
                .all(|&enemy| enemy != other && (cluster == ALONE || map[enemy as usize] != cluster));
            if fits && kept {
                best = Some((rating, other));
            }
        }
        let Some((_, other)) = best else { continue };
        if map[other as usize] == ALONE {
            map[other as usize] = loads.len() as u32;
            loads.push(graph.load(other).to_vec());
            members.push(1);
        }
        let cluster = map[other as usize];
        map[vertex as usize] = cluster;
        members[cluster as usize] += 1;
        let first = vertex as usize * d;
        for (sum, load) in loads[cluster as usize].iter_mut().zip(&graph.loads[first..first + d]) {
            *sum += load;
        }
    }
    let mut count = loads.len() as u32;
    for cluster in &mut map {
        if *cluster == ALONE {
            *cluster = count;
            count += 1;
        }
    }
    (map, count as usize)
}

fn rate(graph: &Graph, degrees: &[f64], rating: Rating, vertex: u32, other: u32, weight: u64) -> f64 {
    let (v, o, w) = (vertex as usize, other as usize, weight as f64);
    match rating {
        Rating::Weight => w,
        Rating::Degree => w * w / (degrees[v] * degrees[o]),
        Rating::Load => w * w / ((graph.peaks[v] + 1) as f64 * (graph.peaks[o] + 1) as f64),
    }
}

fn both_fit(one: &[u64], other: &[u64], cap: u64) -> bool {
    one.iter().zip(other).all(|(a, b)| a + b <= cap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::packing::Instance;

    fn path() -> Graph {
        Graph::new(&Instance {
            bin_count: 2,
            dimension_count: 1,
            loads: vec![1; 6],
            constant: vec![0],
            sizes: vec![0; 6],
            apart: vec![],
            edges: vec![(0, 1, 9), (1, 2, 1), (2, 3, 9), (3, 4, 1), (4, 5, 9)],
        })
    }

    #[test]
    fn heavy_edges_are_joined_up_to_the_cap_and_never_across_a_fence() {
        let settings = CoarsenSettings { rating: Rating::Weight, vertex_goal: 1, cluster_cap: 2 };
        let levels = coarsen(&path(), &[0; 6], settings, &mut Draw::new(7, 0));
        assert_eq!(levels.graphs[0].loads, [2, 2, 2]);
        assert_eq!(levels.graphs.len(), 1, "three clusters of two fill the cap");
        let fenced = coarsen(&path(), &[0, 1, 0, 1, 0, 1], settings, &mut Draw::new(7, 0));
        assert!(fenced.graphs.is_empty(), "every edge crosses the fence");
    }
}
