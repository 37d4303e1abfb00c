//! A lower bound on the cut from connected components that no bin can hold whole.
//!
//! Let a component need at least p parts, because its load in some dimension is more than p - 1 bins hold. Each part is a
//! proper subset of the component, so the edges leaving it weigh at least the component's minimum cut c. Each cut edge
//! leaves two parts: cut >= ceil(p c / 2). Components are disjoint, so their bounds add up. A component with a pair to keep
//! apart needs two parts. Minimum cut: Stoer & Wagner (J. ACM 44(4), 1997), O(n^3), for components of up to 200 vertices.

use super::graph::Graph;
use super::state::Limits;

const LARGEST_COMPONENT: usize = 200;

/// Weight that every partition within the cap cuts; 0 where nothing forces a cut or components are too large.
pub(super) fn component_bound(graph: &Graph, limits: Limits) -> u64 {
    let component = components(graph);
    let count = component.iter().max().map_or(0, |last| *last as usize + 1);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (vertex, &c) in component.iter().enumerate() {
        members[c as usize].push(vertex as u32);
    }
    members
        .iter()
        .filter(|m| m.len() > 1 && m.len() <= LARGEST_COMPONENT)
        .map(|m| {
            let parts = parts_needed(graph, limits, m, &component);
            if parts < 2 { 0 } else { (parts * minimum_cut(graph, m)).div_ceil(2) }
        })
        .sum()
}

fn components(graph: &Graph) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let mut component = vec![NONE; graph.vertex_count];
    let mut next = 0;
    for root in 0..graph.vertex_count as u32 {
        if component[root as usize] != NONE {
            continue;
        }
        component[root as usize] = next;
        let mut stack = vec![root];
        while let Some(vertex) = stack.pop() {
            for &(other, _) in graph.neighbours(vertex) {
                if component[other as usize] == NONE {
                    component[other as usize] = next;
                    stack.push(other);
                }
            }
        }
        next += 1;
    }
    component
}

fn parts_needed(graph: &Graph, limits: Limits, members: &[u32], component: &[u32]) -> u64 {
    let torn =
        members.iter().any(|&v| graph.apart(v).iter().any(|&other| component[other as usize] == component[v as usize]));
    let by_load = (0..graph.dimension_count).map(|t| {
        let total: u64 = members.iter().map(|&v| graph.load(v)[t]).sum();
        let room = limits.cap.saturating_sub(limits.constant[t]);
        total.div_ceil(room.max(1)).min(members.len() as u64)
    });
    by_load.max().unwrap_or(1).max(if torn { 2 } else { 1 })
}

/// Weight of the lightest set of edges that takes the component apart.
fn minimum_cut(graph: &Graph, members: &[u32]) -> u64 {
    let n = members.len();
    let mut place = vec![usize::MAX; graph.vertex_count];
    members.iter().enumerate().for_each(|(i, &v)| place[v as usize] = i);
    let mut weights = vec![0u64; n * n];
    for (i, &v) in members.iter().enumerate() {
        for &(other, weight) in graph.neighbours(v) {
            weights[i * n + place[other as usize]] += weight;
        }
    }
    let mut alive: Vec<usize> = (0..n).collect();
    let mut best = u64::MAX;
    while alive.len() > 1 {
        let mut sums: Vec<u64> = vec![0; n];
        let mut rest = alive.clone();
        let (mut last, mut before_last) = (alive[0], alive[0]);
        while !rest.is_empty() {
            let tightest = (0..rest.len()).max_by_key(|&i| sums[rest[i]]).expect("the rest is not empty");
            let chosen = rest.swap_remove(tightest);
            (before_last, last) = (last, chosen);
            for &vertex in &rest {
                sums[vertex] += weights[chosen * n + vertex];
            }
        }
        best = best.min(sums[last]);
        for &vertex in &alive {
            let weight = weights[last * n + vertex];
            weights[before_last * n + vertex] += weight;
            weights[vertex * n + before_last] += weight;
        }
        alive.retain(|&vertex| vertex != last);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::packing::Instance;

    #[test]
    fn a_triangle_that_needs_three_parts() {
        // Edges 4, 5, 6: the minimum cut is 9 (the vertex at 4 and 5). Loads of 2 under a cap of 2: 3 parts,
        // ceil(3 * 9 / 2) = 14, and indeed all 15 must be cut.
        let instance = Instance {
            bin_count: 3,
            dimension_count: 1,
            loads: vec![2, 2, 2],
            constant: vec![0],
            sizes: vec![0; 3],
            apart: vec![],
            edges: vec![(0, 1, 4), (0, 2, 5), (1, 2, 6)],
        };
        let graph = Graph::new(&instance);
        let at = |cap| component_bound(&graph, Limits { bin_count: 3, constant: &instance.constant, cap });
        assert_eq!((at(2), at(4), at(6)), (14, 9, 0));
    }

    #[test]
    fn a_pair_to_keep_apart_forces_a_cut() {
        let instance = Instance {
            bin_count: 2,
            dimension_count: 0,
            sizes: vec![0; 4],
            apart: vec![(0, 3)],
            edges: vec![(0, 1, 3), (1, 2, 2), (2, 3, 8)],
            ..Instance::default()
        };
        let graph = Graph::new(&instance);
        assert_eq!(component_bound(&graph, Limits { bin_count: 2, constant: &[], cap: 0 }), 2);
    }
}
