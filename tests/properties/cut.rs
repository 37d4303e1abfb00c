//! Laws of the second goals: cut under a cap, copy sizes under both, few moves from a previous assignment.

use pgslotplan::optimize::packing::cut::{CutSettings, cap_within, frontier, reduce_cut};
use pgslotplan::optimize::packing::moves::{MoveSettings, repack_with_moves};
use pgslotplan::optimize::packing::sizes::{SizeSettings, balance_sizes, copy_makespan};
use pgslotplan::optimize::packing::{Assignment, Instance};
use proptest::prelude::*;

/// An instance with a valid assignment: pairs that share a bin in it are never kept apart.
fn instances(items: std::ops::Range<usize>, bins: usize) -> impl Strategy<Value = (Instance, Assignment)> {
    (items, 2..=bins, 0usize..4).prop_flat_map(|(n, k, d)| {
        let edges = prop::collection::vec((0..n as u32, 0..n as u32, 1u64..50), 0..3 * n);
        let apart = prop::collection::vec((0..n as u32, 0..n as u32), 0..4);
        (
            prop::collection::vec(0u64..100, n * d),
            prop::collection::vec(0u64..20, d),
            prop::collection::vec(0u64..1000, n),
            prop::collection::vec(0..k as u32, n),
            edges,
            apart,
        )
            .prop_map(move |(loads, constant, sizes, mut bins, edges, apart)| {
                (0..k.min(n)).for_each(|bin| bins[bin] = bin as u32);
                let mut sums = std::collections::BTreeMap::new();
                edges.into_iter().filter(|(a, b, _)| a != b).for_each(|(a, b, w)| {
                    *sums.entry((a.min(b), a.max(b))).or_insert(0) += w;
                });
                let apart: std::collections::BTreeSet<(u32, u32)> = apart
                    .into_iter()
                    .filter(|&(a, b)| bins[a as usize] != bins[b as usize])
                    .map(|(a, b)| (a.min(b), a.max(b)))
                    .collect();
                let instance = Instance {
                    bin_count: k,
                    dimension_count: d,
                    loads,
                    constant,
                    sizes,
                    apart: apart.into_iter().collect(),
                    edges: sums.into_iter().map(|((a, b), w)| (a, b, w)).collect(),
                };
                (instance, Assignment(bins))
            })
    })
}

/// The least of `value` over every valid assignment that `allowed` lets pass.
fn brute_force(instance: &Instance, allowed: impl Fn(&Assignment) -> bool, value: impl Fn(&Assignment) -> u64) -> u64 {
    let (n, k) = (instance.item_count(), instance.bin_count);
    (0..k.pow(n as u32))
        .map(|code| Assignment((0..n).map(|i| (code / k.pow(i as u32) % k) as u32).collect()))
        .filter(|assignment| assignment.is_valid(instance) && allowed(assignment))
        .map(|assignment| value(&assignment))
        .min()
        .expect("the start is among them")
}

const SETTINGS: CutSettings = CutSettings { seed: 5, budget: 40_000 };

fn on_threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads").install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn cut_keeps_the_cap_and_never_rises((instance, start) in instances(2..40, 6), room in 0u64..80) {
        let cap = start.peak(&instance) + room;
        let result = reduce_cut(&instance, &start, cap, &SETTINGS);
        prop_assert!(result.assignment.is_valid(&instance));
        prop_assert!(result.assignment.peak(&instance) <= cap);
        prop_assert_eq!(result.cut, result.assignment.cut(&instance));
        prop_assert!(result.cut <= start.cut(&instance) && result.cut_bound <= result.cut);
    }

    #[test]
    fn small_cuts_are_smallest((instance, start) in instances(2..8, 3), room in 0u64..60) {
        let cap = start.peak(&instance) + room;
        let result = reduce_cut(&instance, &start, cap, &SETTINGS);
        let least = brute_force(&instance, |a| a.peak(&instance) <= cap, |a| a.cut(&instance));
        prop_assert_eq!(result.cut, least);
        prop_assert!(result.cut_bound <= least);
    }

    #[test]
    fn cut_is_the_same_on_any_number_of_threads((instance, start) in instances(20..60, 5)) {
        let cap = start.peak(&instance) + 10;
        let one = on_threads(1, || reduce_cut(&instance, &start, cap, &SETTINGS));
        let three = on_threads(3, || reduce_cut(&instance, &start, cap, &SETTINGS));
        prop_assert_eq!(one, three);
    }

    #[test]
    fn frontier_falls_with_the_tolerance((instance, start) in instances(5..30, 4)) {
        let peak = start.peak(&instance);
        let points = frontier(&instance, &start, peak, &[10_000, 30_000, 100_000], Some(30_000), &SETTINGS);
        prop_assert_eq!(points.len(), 3);
        for point in &points {
            prop_assert!(point.peak <= point.cap && point.cap == cap_within(peak, point.tolerance_ppm));
        }
        prop_assert!(points.windows(2).all(|pair| pair[0].result.cut >= pair[1].result.cut));
    }

    #[test]
    fn sizes_fall_under_both_caps((instance, start) in instances(2..30, 5), room in 0u64..50, workers in 1u64..4) {
        let (peak, cut) = (start.peak(&instance) + room, start.cut(&instance) + room);
        let settings = SizeSettings { sync_workers: workers, budget: 50_000 };
        let balanced = balance_sizes(&instance, &start, peak, cut, &settings);
        prop_assert!(balanced.is_valid(&instance));
        prop_assert!(balanced.peak(&instance) <= peak && balanced.cut(&instance) <= cut);
        prop_assert!(copy_makespan(&instance, &balanced, workers) <= copy_makespan(&instance, &start, workers));
    }

    #[test]
    fn moves_are_counted_and_pay((instance, start) in instances(2..8, 3), max_moves in 0usize..4) {
        let previous: Vec<Option<u32>> = start.0.iter().map(|&bin| Some(bin)).collect();
        let points = repack_with_moves(&instance, &previous, &vec![false; instance.item_count()], max_moves, &MoveSettings { budget: 1_000_000 });
        prop_assert_eq!((points[0].moves, &points[0].assignment), (0, &start));
        prop_assert!(points.windows(2).all(|p| p[0].moves < p[1].moves && p[0].peak > p[1].peak));
        let moved = |a: &Assignment| a.0.iter().zip(&start.0).filter(|(x, y)| x != y).count();
        for point in &points {
            prop_assert!(point.moves <= max_moves && moved(&point.assignment) == point.moves);
            prop_assert!(point.assignment.is_valid(&instance));
            prop_assert_eq!(point.peak, point.assignment.peak(&instance));
            let least = brute_force(&instance, |a| moved(a) <= point.moves, |a| a.peak(&instance));
            prop_assert!(point.peak >= least);
            // One move is searched completely.
            prop_assert!(point.moves != 1 || point.peak == least);
        }
    }

    #[test]
    fn planning_again_from_the_answer_moves_nothing((instance, start) in instances(4..25, 4)) {
        let previous: Vec<Option<u32>> = start.0.iter().map(|&bin| Some(bin)).collect();
        let settings = MoveSettings { budget: 3_000_000 };
        let points = repack_with_moves(&instance, &previous, &vec![false; instance.item_count()], instance.item_count(), &settings);
        let last = points.last().expect("there is a point with no moves");
        let again: Vec<Option<u32>> = last.assignment.0.iter().map(|&bin| Some(bin)).collect();
        let kept = repack_with_moves(&instance, &again, &vec![false; instance.item_count()], 1, &settings);
        prop_assert!(kept[0].assignment == last.assignment && kept[0].moves == 0);
    }
}
