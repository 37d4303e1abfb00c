//! Laws of the packing: bounds below peaks, proofs that check, brute force on small cores, orders that decide nothing.

use pgslotplan::{
    optimize::{
        bound::{
            Bound, Depth, Witness,
            branching::{BranchSettings, branch},
            lower_bound,
        },
        packing::{Assignment, Budget, ExactMode, Instance, PackError, PackSettings, Packing, pack},
    },
    plan::witness::{self, Core},
};
use proptest::prelude::*;

fn settings(exact: ExactMode) -> PackSettings<'static> {
    PackSettings { budget: Budget::Evaluations(4000), exact, ..PackSettings::default() }
}

fn instance(bins: usize, dimensions: usize, loads: Vec<u64>, constant: Vec<u64>, apart: Vec<(u32, u32)>) -> Instance {
    let items = loads.len() / dimensions;
    Instance {
        bin_count: bins,
        dimension_count: dimensions,
        loads,
        constant,
        sizes: vec![1; items],
        apart,
        edges: vec![],
    }
}

/// Heavy-tailed loads with zeros, with or without constant and pairs to keep apart.
fn cores(items: std::ops::Range<usize>, bins: std::ops::Range<usize>) -> impl Strategy<Value = Instance> {
    (items, bins, 1usize..4).prop_flat_map(|(items, bins, dimensions)| {
        let load = prop_oneof![1 => Just(0u64), 4 => 1u64..30, 2 => 20u64..200, 1 => 1_000u64..2_000_000_000];
        let loads = prop::collection::vec(load, items * dimensions);
        let constant = prop::collection::vec(prop_oneof![Just(0u64), 0u64..20], dimensions);
        let last = items.max(2) as u32;
        let pairs = prop::collection::vec((0..last, 0..last), 0..3);
        (loads, constant, pairs).prop_map(move |(loads, constant, pairs)| {
            let mut apart: Vec<(u32, u32)> = pairs
                .into_iter()
                .map(|(a, b)| (a.min(b), a.max(b)))
                .filter(|&(a, b)| a < b && (b as usize) < items)
                .collect();
            apart.sort_unstable();
            apart.dedup();
            instance(bins, dimensions, loads, constant, apart)
        })
    })
}

fn core_of(instance: &Instance) -> Core {
    Core {
        slots: instance.bin_count,
        dimensions: instance.dimension_count,
        loads: (0..instance.item_count()).map(|item| instance.load(item).to_vec()).collect(),
        constant: instance.constant.clone(),
        apart: instance.apart.clone(),
    }
}

fn proven(instance: &Instance, bound: &Bound) -> Result<u64, witness::WitnessError> {
    witness::proven(&core_of(instance), &bound.witness)
}

/// Least peak over all assignments that keep the pairs apart.
fn brute_force(instance: &Instance) -> Option<u64> {
    let (items, bins) = (instance.item_count(), instance.bin_count as u32);
    let mut best = None;
    let mut bin_of = vec![0u32; items];
    loop {
        let assignment = Assignment(bin_of.clone());
        if instance.apart.iter().all(|&(a, b)| bin_of[a as usize] != bin_of[b as usize]) {
            let peak = assignment.peak(instance);
            best = Some(best.map_or(peak, |b: u64| b.min(peak)));
        }
        let Some(place) = bin_of.iter().position(|&bin| bin + 1 < bins) else { return best };
        bin_of[place] += 1;
        bin_of[..place].fill(0);
    }
}

fn packed(instance: &Instance, exact: ExactMode) -> Result<Packing, PackError> {
    pack(instance, &settings(exact))
}

/// The third item has no slot left once the first two are in different ones: no leaf says so, the checker has to see it.
#[test]
fn branching_leaves_out_cases_that_cannot_be() {
    for loads in [vec![0, 0, 0], vec![9, 8, 1]] {
        let instance = instance(2, 1, loads, vec![0], vec![(0, 2), (1, 2)]);
        let best = brute_force(&instance).expect("two items share a slot, the third has the other");
        let branched = branch(
            &instance,
            best + 1,
            &BranchSettings { nodes: 57, rows: 128, iterations: 40, linear: true, stop: None },
        );
        assert_eq!(proven(&instance, &branched.bound.expect("there is a case")), Ok(best));
    }
    let none = instance(2, 1, vec![3, 2, 1], vec![0], vec![(0, 1), (0, 2), (1, 2)]);
    let branched =
        branch(&none, 9, &BranchSettings { nodes: 57, rows: 128, iterations: 40, linear: false, stop: None });
    assert!(branched.bound.is_none() && branched.assignment.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn small_cores_equal_brute_force(instance in cores(0..8, 1..4)) {
        let best = brute_force(&instance);
        match packed(&instance, ExactMode::Auto) {
            Ok(packing) => {
                prop_assert_eq!(Some(packing.peak), best);
                prop_assert!(packing.proved_optimal && packing.assignment.is_valid(&instance));
                prop_assert_eq!(proven(&instance, &packing.bound), Ok(packing.peak));
            }
            Err(error) => {
                prop_assert!(matches!(error, PackError::Apart { proved: true, .. }), "{error}");
                prop_assert!(best.is_none());
            }
        }
    }

    #[test]
    fn bounds_hold_and_their_witnesses_check(instance in cores(1..40, 1..7)) {
        let Ok(packing) = packed(&instance, ExactMode::Off) else { return Ok(()) };
        prop_assert!(packing.assignment.is_valid(&instance));
        prop_assert_eq!(packing.assignment.peak(&instance), packing.peak);
        prop_assert!(packing.bound.value <= packing.peak);
        prop_assert_eq!(packing.proved_optimal, packing.bound.value == packing.peak);
        let depth = Depth::Thorough { iterations: 60 };
        for bound in [packing.bound.clone(), lower_bound(&instance, packing.peak, Depth::Cheap),
            lower_bound(&instance, packing.peak, depth), lower_bound(&instance, u64::MAX / 4, depth)] {
            prop_assert!(bound.value <= packing.peak, "{:?} above {}", bound, packing.peak);
            prop_assert_eq!(proven(&instance, &bound), Ok(bound.value), "{:?}", bound);
        }
    }

    #[test]
    fn branching_proves_what_its_witness_says(
        instance in cores(2..8, 1..4), nodes in 1u32..60, above in 1u64..9, linear in prop::bool::ANY,
    ) {
        let Some(best) = brute_force(&instance) else { return Ok(()) };
        let settings = BranchSettings { nodes, rows: 128, iterations: 40, linear, stop: None };
        let branched = branch(&instance, best + above, &settings);
        if let Some(bound) = branched.bound {
            prop_assert!(bound.value <= best, "{} above {}", bound.value, best);
            prop_assert_eq!(proven(&instance, &bound), Ok(bound.value));
        }
        if let Some(found) = branched.assignment {
            let found = Assignment(found);
            prop_assert!(found.peak(&instance) < best + above);
            prop_assert!(instance.apart.iter().all(|&(a, b)| found.0[a as usize] != found.0[b as usize]));
        }
    }

    #[test]
    fn a_witness_never_proves_more_than_an_assignment_has(
        instance in cores(1..12, 1..5), dimension in 0u32..3, number in 0u32..12,
        items in prop::collection::vec(0u32..12, 0..6), capacity in 0u64..400, small in 0u64..60,
        weights in prop::collection::vec((0u32..5, 0u32..3, 0u32..9), 0..8),
    ) {
        // Whatever a forger writes, a witness that is accepted is true.
        let Ok(packing) = packed(&instance, ExactMode::Auto) else { return Ok(()) };
        let (clique, cases) = (items.clone(), weights.clone());
        let forged = [
            Witness::Volume { dimension }, Witness::Item { item: number, dimension },
            Witness::Pigeonhole { dimension, h: number }, Witness::Counting { dimension, t: number },
            Witness::Clique { items: items.clone() }, Witness::BinPacking { dimension, capacity, small },
            Witness::Lagrangian { clique: items.clone(), weights: weights.clone() }, Witness::Exhaustive { capacity },
            Witness::Exhaustive { capacity: packing.peak },
            Witness::Cases { items: vec![0], weights: vec![cases.clone()], leaves: vec![(vec![0], 0)] },
            Witness::Cases { items: clique, weights: vec![cases], leaves: vec![(vec![], 0)] },
        ];
        for witness in forged {
            if let Ok(value) = proven(&instance, &Bound { value: 0, witness: witness.clone() }) {
                prop_assert!(value <= packing.peak, "{:?} proves {} but {} is possible", witness, value, packing.peak);
            }
        }
    }

    #[test]
    fn the_order_of_items_changes_nothing(instance in cores(1..14, 1..5), seed in 0u64..1000) {
        let mut instance = instance;
        instance.apart.clear();
        let mut order: Vec<usize> = (0..instance.item_count()).collect();
        order.sort_by_key(|&item| (item as u64 + 1).wrapping_mul(2 * seed + 1) % 101);
        let mut other = instance.clone();
        other.loads = order.iter().flat_map(|&item| instance.load(item)).copied().collect();
        let (a, b) = (packed(&instance, ExactMode::Off).unwrap(), packed(&other, ExactMode::Off).unwrap());
        prop_assert_eq!((a.peak, a.bound.value, a.evaluations), (b.peak, b.bound.value, b.evaluations));
    }

    #[test]
    fn items_without_load_leave_the_peak(instance in cores(1..14, 1..5), more in 1usize..4) {
        let Ok(before) = packed(&instance, ExactMode::Off) else { return Ok(()) };
        let mut larger = instance.clone();
        larger.loads.extend(vec![0; more * instance.dimension_count]);
        larger.sizes.extend(vec![1; more]);
        let after = packed(&larger, ExactMode::Off).unwrap();
        prop_assert_eq!((before.peak, before.bound.value), (after.peak, after.bound.value));
        prop_assert!(after.assignment.is_valid(&larger));
    }

    #[test]
    fn one_more_bin_never_raises_the_bound(instance in cores(1..16, 1..5)) {
        let mut instance = instance;
        instance.constant.fill(0);
        let Ok(before) = packed(&instance, ExactMode::Auto) else { return Ok(()) };
        instance.bin_count += 1;
        let after = packed(&instance, ExactMode::Auto).unwrap();
        prop_assert!(after.bound.value <= before.peak);
    }

    #[test]
    fn the_number_of_threads_changes_nothing(instance in cores(10..40, 2..6)) {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| packed(&instance, ExactMode::Off))
        };
        prop_assert_eq!(with(1), with(2));
    }

    #[test]
    fn a_start_is_never_made_worse(instance in cores(2..30, 2..6), bins in prop::collection::vec(0u32..6, 30)) {
        let mut instance = instance;
        instance.apart.clear();
        let start = Assignment(bins[..instance.item_count()].iter().map(|b| b % instance.bin_count as u32).collect());
        let packing = pack(&instance, &PackSettings { start: Some(&start), ..settings(ExactMode::Off) }).unwrap();
        prop_assert!(packing.peak <= start.peak(&instance));
    }
}
