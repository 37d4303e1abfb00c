//! The cut stage measured: cut, peak and time on foreign-key graphs of real schemas and on generated community graphs.
//!
//! `cargo bench --bench cut -- [--nodes 100,1000] [--buckets 1,24] [--seeds 5] [--first-seed 1]
//! [--budget N] [--fk] [--export DIR]`. Nothing here is part of the tool. Generated instances: Zipf(1.1) loads with the hot items taken out, communities with
//! heavy-tailed sizes, day/night/batch/flat profiles, lognormal noise. Seeds vary; none is tuned to. With `--export`, each
//! instance with one dimension goes to a JSON file that `benches/peers/cut_peers.py` reads.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints, reads its samples and the clock")]

#[path = "support/arguments.rs"]
mod arguments;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use arguments::Arguments;
use pgslotplan::optimize::packing::cut::{CutSettings, NORMAL_CUT_BUDGET, cap_within, frontier};
use pgslotplan::optimize::packing::{Assignment, Instance};
use pgslotplan::optimize::rng::generator;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

const BINS: usize = 8;
const TOLERANCES: [u64; 3] = [10_000, 30_000, 100_000];

struct Options {
    nodes: Vec<usize>,
    buckets: Vec<usize>,
    first_seed: u64,
    seeds: u64,
    budget: u64,
    fk_only: bool,
    export: Option<PathBuf>,
}

const USAGE: &str = "usage: cargo bench --bench cut -- [--nodes 100,1000] [--buckets 1,24] [--seeds 5] [--first-seed 1]
       [--budget N] [--fk] [--export DIR]
--fk: only the foreign-key graphs of real schemas";

fn options() -> Options {
    let values = ["--nodes", "--buckets", "--seeds", "--first-seed", "--budget", "--export"];
    let arguments = Arguments::read(USAGE, &values, &["--fk"]);
    Options {
        nodes: arguments.list("--nodes").unwrap_or(vec![100, 1000, 10_000]),
        buckets: arguments.list("--buckets").unwrap_or(vec![1, 24, 168]),
        first_seed: arguments.value("--first-seed", 1),
        seeds: arguments.value("--seeds", 5),
        budget: arguments.value("--budget", NORMAL_CUT_BUDGET),
        fk_only: arguments.has("--fk"),
        export: arguments.text("--export").map(PathBuf::from),
    }
}

fn main() {
    let options = options();
    println!("instance                tol %        cap   start cut        cut  bound  peak above volume %     ms");
    for (name, instance) in schema_graphs() {
        measure(&name, &instance, &options, &[30_000, 100_000]);
    }
    if options.fk_only {
        return;
    }
    for &nodes in &options.nodes {
        for &buckets in &options.buckets {
            for seed in options.first_seed..options.first_seed + options.seeds {
                let instance = community_graph(nodes, buckets, seed);
                measure(&format!("n{nodes}_t{buckets}_s{seed}"), &instance, &options, &TOLERANCES);
            }
        }
    }
}

/// One row a tolerance; the time is that of the point alone.
fn measure(name: &str, instance: &Instance, options: &Options, tolerances: &[u64]) {
    let start = simple_start(instance);
    let volume = volume_bound(instance);
    let settings = CutSettings { seed: 1, budget: options.budget };
    let mut rows = String::new();
    for &tolerance in tolerances {
        let clock = Instant::now();
        let point = &frontier(instance, &start, volume, &[tolerance], None, &settings)[0];
        let milliseconds = clock.elapsed().as_millis();
        assert!(point.result.assignment.is_valid(instance) && point.peak <= point.cap, "{name}: broken answer");
        println!(
            "{name:<22} {:>6.1} {:>10} {:>11} {:>10} {:>6} {:>21.3} {milliseconds:>6}",
            tolerance as f64 / 1e4,
            point.cap,
            start.cut(instance),
            point.result.cut,
            point.result.cut_bound,
            100.0 * (point.peak as f64 / volume as f64 - 1.0),
        );
        let separator = if rows.is_empty() { "" } else { "," };
        let wanted = cap_within(volume, tolerance);
        let _ = write!(
            rows,
            "{separator}{{\"tolerance_ppm\":{tolerance},\"wanted_cap\":{wanted},\"cap\":{},\"cut\":{},\"peak\":{},\
             \"milliseconds\":{milliseconds}}}",
            point.cap, point.result.cut, point.peak
        );
    }
    if let Some(folder) = &options.export
        && instance.dimension_count == 1
    {
        let text = format!(
            "{{\"name\":\"{name}\",\"bins\":{},\"loads\":{:?},\"edges\":{:?},\"ours\":[{rows}]}}\n",
            instance.bin_count,
            instance.loads,
            instance.edges.iter().map(|&(a, b, w)| [u64::from(a), u64::from(b), w]).collect::<Vec<_>>()
        );
        std::fs::create_dir_all(folder).expect("the export folder can be made");
        std::fs::write(folder.join(format!("{name}.json")), text).expect("the export can be written");
    }
}

fn volume_bound(instance: &Instance) -> u64 {
    instance.total().into_iter().max().unwrap_or(0).div_ceil(instance.bin_count as u64)
}

/// Largest peak first, each into the bin whose peak rises least. No more than a start: the peak search is measured elsewhere.
fn simple_start(instance: &Instance) -> Assignment {
    let d = instance.dimension_count;
    let mut order: Vec<usize> = (0..instance.item_count()).collect();
    order.sort_by_key(|&item| std::cmp::Reverse(instance.item_peak(item)));
    let mut loads = instance.constant.repeat(instance.bin_count);
    let mut bins = vec![0u32; instance.item_count()];
    for item in order {
        let peak = |bin: &usize| {
            let row = &loads[bin * d..(bin + 1) * d];
            row.iter().zip(instance.load(item)).map(|(a, b)| a + b).max().unwrap_or(0)
        };
        let bin = (0..instance.bin_count).min_by_key(peak).expect("there is a bin");
        bins[item] = bin as u32;
        loads[bin * d..(bin + 1) * d].iter_mut().zip(instance.load(item)).for_each(|(sum, load)| *sum += load);
    }
    Assignment(bins)
}

/// The foreign-key graphs of `samples/instances/fk_graphs`, every table with load 1, into 6 and 8 bins.
fn schema_graphs() -> Vec<(String, Instance)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/instances/fk_graphs");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the samples are there").map(|f| f.expect("readable").path()).collect();
    files.sort();
    let mut graphs = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("readable");
        let graph: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let count = graph["tables"].as_array().expect("tables").len();
        let number = |value: &serde_json::Value| value.as_u64().expect("a whole number");
        let pairs = graph["edges"].as_array().expect("edges").iter();
        let edges = pairs.map(|e| (number(&e[0]) as u32, number(&e[1]) as u32, number(&e[2]))).collect();
        for bins in [6, 8] {
            let name = format!("fk_{}_k{bins}", graph["name"].as_str().expect("a name"));
            graphs.push((name, instance_of(bins, 1, vec![1; count], edges_in_order(&edges))));
        }
    }
    graphs
}

fn edges_in_order(edges: &Vec<(u32, u32, u64)>) -> Vec<(u32, u32, u64)> {
    let mut sums = std::collections::BTreeMap::new();
    for &(a, b, weight) in edges {
        if a != b {
            *sums.entry((a.min(b), a.max(b))).or_insert(0) += weight;
        }
    }
    sums.into_iter().map(|((a, b), weight)| (a, b, weight)).collect()
}

fn instance_of(bin_count: usize, dimension_count: usize, loads: Vec<u64>, edges: Vec<(u32, u32, u64)>) -> Instance {
    let sizes = vec![0; loads.len() / dimension_count];
    Instance { bin_count, dimension_count, loads, constant: vec![0; dimension_count], sizes, apart: vec![], edges }
}

/// Uniform in [0, 1).
fn unit(draw: &mut ChaCha8Rng) -> f64 {
    (draw.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn below(draw: &mut ChaCha8Rng, limit: usize) -> usize {
    (unit(draw) * limit as f64) as usize
}

/// About normal: the sum of twelve.
fn normal(draw: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| unit(draw)).sum::<f64>() - 6.0
}

/// `nodes` items before the hot ones are taken out.
fn community_graph(nodes: usize, buckets: usize, seed: u64) -> Instance {
    let mut draw = generator(seed, (nodes * 1000 + buckets) as u64);
    let mut ranks: Vec<usize> = (0..nodes).collect();
    for last in (1..nodes).rev() {
        ranks.swap(last, below(&mut draw, last + 1));
    }
    let communities = communities(nodes, &mut draw);
    let edges = community_edges(nodes, &communities, &mut draw);
    let mut loads = Vec::with_capacity(nodes * buckets);
    let mut profiles = vec![0; nodes];
    for (c, members) in communities.iter().enumerate() {
        for &item in members {
            profiles[item] = if unit(&mut draw) < 0.5 { c % 4 } else { below(&mut draw, 4) };
        }
    }
    for item in 0..nodes {
        let mean = 1e9 / ((ranks[item] + 1) as f64).powf(1.1);
        for bucket in 0..buckets {
            let shape = if buckets == 1 { 1.0 } else { profile(profiles[item], bucket % 24) };
            let noise = if buckets == 1 { 1.0 } else { (0.25 * normal(&mut draw)).exp() };
            loads.push((mean * shape * noise) as u64 + 1);
        }
    }
    without_hot(instance_of(BINS, buckets, loads, edges))
}

fn profile(kind: usize, hour: usize) -> f64 {
    match kind {
        0 if (8..20).contains(&hour) => 1.7,
        0 => 0.3,
        1 if (8..20).contains(&hour) => 0.4,
        1 => 1.6,
        2 if (1..4).contains(&hour) => 5.0,
        2 => 0.4,
        _ => 1.0,
    }
}

/// Sizes 2 to n / 6, Pareto with exponent 1.3.
fn communities(nodes: usize, draw: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut rest: Vec<usize> = (0..nodes).collect();
    for last in (1..nodes).rev() {
        rest.swap(last, below(draw, last + 1));
    }
    let mut communities = Vec::new();
    while !rest.is_empty() {
        let size = (2.0 / (1.0 - unit(draw)).powf(1.0 / 1.3)) as usize;
        let size = size.clamp(2, (nodes / 6).max(2)).min(rest.len());
        communities.push(rest.split_off(rest.len() - size));
    }
    communities
}

/// A tree with hubs and some chords in each community, and one light edge between communities for each five items.
fn community_edges(nodes: usize, communities: &[Vec<usize>], draw: &mut ChaCha8Rng) -> Vec<(u32, u32, u64)> {
    let weight = |draw: &mut ChaCha8Rng| (10.0 / (1.0 - unit(draw)).powf(0.6)).min(2000.0) as u64;
    let mut edges = Vec::new();
    for members in communities {
        for place in 1..members.len() {
            let square = unit(draw) * unit(draw);
            edges.push((members[place] as u32, members[(square * place as f64) as usize] as u32, weight(draw)));
        }
        for _ in 0..members.len() / 2 {
            let (a, b) = (below(draw, members.len()), below(draw, members.len()));
            edges.push((members[a] as u32, members[b] as u32, weight(draw)));
        }
    }
    for _ in 0..nodes / 5 {
        edges.push((below(draw, nodes) as u32, below(draw, nodes) as u32, weight(draw).div_ceil(2)));
    }
    edges_in_order(&edges)
}

/// Takes out items above half of a fair share, hottest first, at most a fifth of them: they get bins of their own.
fn without_hot(mut instance: Instance) -> Instance {
    let d = instance.dimension_count;
    for _ in 0..instance.item_count() / 5 {
        let hottest = (0..instance.item_count()).max_by_key(|&i| instance.item_peak(i)).expect("items are left");
        if 2 * instance.item_peak(hottest) <= volume_bound(&instance) {
            break;
        }
        instance.loads.drain(hottest * d..(hottest + 1) * d);
        instance.sizes.pop();
        let hottest = hottest as u32;
        instance.edges.retain(|&(a, b, _)| a != hottest && b != hottest);
        for (a, b, _) in &mut instance.edges {
            *a -= u32::from(*a > hottest);
            *b -= u32::from(*b > hottest);
        }
    }
    instance
}
