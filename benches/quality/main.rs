//! Quality of the packing: certified gap and time for each class of instances.
//!
//! `cargo bench --bench quality -- [--classes WORD,..] [--seeds N] [--first-seed N] [--quick] [--rows] [--export DIR] [--noise X]`
//! A class is run when its name contains one of the words; "peers" are the sizes that are compared with other solvers.
//! `--export` also writes every instance and our assignment as JSON, for that comparison (benches/peers/compare.py).

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, reads its instances and measures time"
)]

#[path = "../support/arguments.rs"]
mod arguments;
mod generate;

use std::{path::Path, time::Instant};

use arguments::Arguments;
use generate::{CoreRecipe, core, instance, planted};
use pgslotplan::optimize::{
    bound::Witness,
    packing::{Budget, Instance, PackSettings, Packing, pack},
};

struct Options {
    words: Vec<String>,
    seeds: u64,
    first_seed: u64,
    rows: bool,
    export: Option<String>,
    noise: f64,
    budget: Budget,
    largest: usize,
}

const USAGE: &str =
    "usage: cargo bench --bench quality -- [--classes WORD,..] [--seeds N] [--first-seed N] [--quick] [--rows] [--export DIR]
       [--noise X] [--budget small|normal|large|N]
A class is run when its name contains one of the words; \"peers\" are the sizes that are compared with other solvers.";

fn options() -> Options {
    let values = ["--classes", "--seeds", "--first-seed", "--export", "--noise", "--budget"];
    let arguments = Arguments::read(USAGE, &values, &["--quick", "--rows"]);
    let quick = arguments.has("--quick");
    Options {
        words: arguments.words_of("--classes", &classes()),
        seeds: arguments.value("--seeds", if quick { 1 } else { 5 }),
        first_seed: arguments.value("--first-seed", 1),
        rows: arguments.has("--rows"),
        export: arguments.text("--export").map(str::to_owned),
        noise: arguments.value("--noise", 0.25),
        budget: match arguments.text("--budget") {
            Some("small") => Budget::Small,
            Some("large") => Budget::Large,
            None | Some("normal") => Budget::Normal,
            Some(_) => Budget::Evaluations(arguments.value("--budget", 0)),
        },
        largest: if quick { 10_000 } else { usize::MAX },
    }
}

const TABLES: [usize; 5] = [20, 100, 1000, 10_000, 100_000];
const HOURS: [usize; 3] = [1, 24, 168];
/// Sizes of most databases, for the comparison with other solvers; one seed has one number of bins.
const PEERS_TABLES: [usize; 4] = [60, 100, 200, 300];
const PEERS_HOURS: [usize; 2] = [24, 168];
/// Items, bins, dimensions, and the level of the optimum.
const PLANTED: [(usize, usize, usize, u64); 6] = [
    (24, 6, 1, 1000),
    (40, 6, 24, 100_000),
    (64, 8, 24, 1_000_000),
    (120, 8, 96, 1_000_000),
    (400, 7, 24, 10_000_000),
    (1000, 8, 24, 100_000_000),
];

fn core_class(tables: usize, hours: usize) -> String {
    format!("core n={tables} T={hours}")
}

fn peers_class(tables: usize, hours: usize) -> String {
    format!("peers n={tables} T={hours}")
}

fn planted_class(items: usize, dimensions: usize) -> String {
    format!("planted fresh n={items} T={dimensions}")
}

/// All there are.
fn classes() -> Vec<String> {
    let files = ["planted_vector", "pcmax_recipes"].map(str::to_owned);
    let planted = PLANTED.map(|(items, _, dimensions, _)| planted_class(items, dimensions));
    let cores = TABLES.into_iter().flat_map(|tables| HOURS.map(|hours| core_class(tables, hours)));
    let peers = PEERS_TABLES.into_iter().flat_map(|tables| PEERS_HOURS.map(|hours| peers_class(tables, hours)));
    files.into_iter().chain(planted).chain(cores).chain(peers).collect()
}

struct Row {
    gap: f64,
    seconds: f64,
    proved: bool,
    /// Whether a known optimum was reached, where one is known.
    reached: Option<bool>,
}

struct Bench {
    options: Options,
}

impl Bench {
    fn wants(&self, class: &str) -> bool {
        self.options.words.is_empty() || self.options.words.iter().any(|w| class.contains(w.as_str()))
    }

    fn run(&self, name: &str, instance: &Instance, known: Option<u64>) -> Row {
        let settings = PackSettings { budget: self.options.budget, ..PackSettings::default() };
        let start = Instant::now();
        let packing = pack(instance, &settings).expect("no pairs to keep apart");
        let seconds = start.elapsed().as_secs_f64();
        let gap =
            if packing.peak == 0 { 0.0 } else { (packing.peak - packing.bound.value) as f64 / packing.peak as f64 };
        if self.options.rows {
            println!(
                "    {name}: peak {} bound {} ({}) gap {:.4} % {:.3} s, {} evaluations{}",
                packing.peak,
                packing.bound.value,
                kind(&packing.bound.witness),
                gap * 100.0,
                seconds,
                packing.evaluations,
                known.map_or(String::new(), |k| format!(", known {k}")),
            );
        }
        if let Some(folder) = &self.options.export {
            export(Path::new(folder), name, instance, &packing, seconds);
        }
        Row { gap, seconds, proved: packing.proved_optimal, reached: known.map(|k| packing.peak <= k) }
    }

    fn report(class: &str, mut rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        let proved = rows.iter().filter(|r| r.proved).count();
        let reached = rows.iter().filter(|r| r.reached == Some(true)).count();
        let known = rows.iter().filter(|r| r.reached.is_some()).count();
        rows.sort_by(|a, b| a.gap.total_cmp(&b.gap));
        let gaps = (rows[rows.len() / 2].gap * 100.0, rows[rows.len() - 1].gap * 100.0);
        rows.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let times = (rows[rows.len() / 2].seconds, rows[rows.len() - 1].seconds);
        let optimum = if known > 0 { format!("{reached}/{known}") } else { "-".into() };
        println!(
            "| {class} | {} | {:.4} % | {:.4} % | {proved} | {optimum} | {:.3} s | {:.3} s |",
            rows.len(),
            gaps.0,
            gaps.1,
            times.0,
            times.1
        );
    }

    fn cores(&self) {
        for tables in TABLES {
            for hours in HOURS {
                let class = core_class(tables, hours);
                if !self.wants(&class) || tables > self.options.largest {
                    continue;
                }
                let seeds = if tables >= 100_000 { self.options.seeds.min(2) } else { self.options.seeds };
                let mut rows = Vec::new();
                for bins in [6, 7, 8] {
                    for seed in self.seeds(seeds) {
                        let zipf = if tables == 20 && seed % 2 == 1 { 0.3 } else { 1.1 };
                        let recipe = CoreRecipe { tables, hours, bins, noise: self.options.noise, zipf, seed };
                        rows.push(self.run(&format!("core_n{tables}_T{hours}_K{bins}_s{seed}"), &core(recipe), None));
                    }
                }
                Self::report(&class, rows);
            }
        }
    }

    fn seeds(&self, count: u64) -> std::ops::Range<u64> {
        self.options.first_seed..self.options.first_seed + count
    }

    fn peers(&self) {
        for (tables, hours) in PEERS_TABLES.into_iter().flat_map(|tables| PEERS_HOURS.map(|hours| (tables, hours))) {
            let class = peers_class(tables, hours);
            // Only where they are asked for: the other classes are the quality of all sizes.
            if self.options.words.is_empty() || !self.wants(&class) {
                continue;
            }
            let rows = self.seeds(self.options.seeds).map(|seed| {
                let bins = 6 + (seed % 3) as usize;
                let recipe = CoreRecipe { tables, hours, bins, noise: self.options.noise, zipf: 1.1, seed };
                self.run(&format!("peers_n{tables:03}_T{hours:03}_K{bins}_s{seed}"), &core(recipe), None)
            });
            Self::report(&class, rows.collect());
        }
    }

    fn fresh_planted(&self) {
        for (items, bins, dimensions, level) in PLANTED {
            let class = planted_class(items, dimensions);
            if !self.wants(&class) {
                continue;
            }
            let rows = self
                .seeds(self.options.seeds)
                .map(|seed| {
                    let instance = planted(items, bins, dimensions, level, seed);
                    self.run(&format!("planted_n{items}_T{dimensions}_s{seed}"), &instance, Some(level))
                })
                .collect();
            Self::report(&class, rows);
        }
    }

    fn files(&self, folder: &str) {
        if !self.wants(folder) {
            return;
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/instances").join(folder);
        let mut paths: Vec<_> =
            std::fs::read_dir(root).expect("samples are there").flatten().map(|e| e.path()).collect();
        paths.sort();
        let mut rows = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("a sample can be read");
            let value: serde_json::Value = serde_json::from_str(&text).expect("a sample is JSON");
            let (instance, known) = parse(&value);
            rows.push(self.run(value["name"].as_str().unwrap_or("?"), &instance, known));
        }
        Self::report(folder, rows);
    }
}

fn parse(value: &serde_json::Value) -> (Instance, Option<u64>) {
    let numbers = |v: &serde_json::Value| -> Vec<u64> {
        v.as_array().map_or(Vec::new(), |a| a.iter().filter_map(serde_json::Value::as_u64).collect())
    };
    if let Some(tables) = value["tables"].as_array() {
        let rows: Vec<Vec<u64>> = tables.iter().map(numbers).collect();
        let (bins, dimensions) = (value["slots"].as_u64().unwrap_or(1), value["buckets"].as_u64().unwrap_or(1));
        return (instance(bins as usize, dimensions as usize, rows), value["optimal_peak"].as_u64());
    }
    let rows = numbers(&value["jobs"]).into_iter().map(|job| vec![job]).collect();
    (instance(value["machines"].as_u64().unwrap_or(1) as usize, 1, rows), value["best"].as_u64())
}

fn kind(witness: &Witness) -> &'static str {
    match witness {
        Witness::Constant => "constant",
        Witness::Volume { .. } => "volume",
        Witness::Item { .. } => "item",
        Witness::Pigeonhole { .. } => "pigeonhole",
        Witness::Counting { .. } => "counting",
        Witness::Clique { .. } => "clique",
        Witness::BinPacking { .. } => "bin packing",
        Witness::Lagrangian { .. } => "lagrangian",
        Witness::Cases { .. } => "cases",
        Witness::Exhaustive { .. } => "exhaustive",
        _ => "another",
    }
}

fn export(folder: &Path, name: &str, instance: &Instance, packing: &Packing, seconds: f64) {
    let rows: Vec<&[u64]> = (0..instance.item_count()).map(|item| instance.load(item)).collect();
    let value = serde_json::json!({
        "name": name, "bins": instance.bin_count, "dimensions": instance.dimension_count, "loads": rows,
        "ours": { "assignment": packing.assignment.0, "peak": packing.peak, "bound": packing.bound.value, "seconds": seconds },
    });
    std::fs::create_dir_all(folder).expect("the export folder can be made");
    std::fs::write(folder.join(format!("{name}.json")), value.to_string()).expect("an instance can be written");
}

fn main() {
    let bench = Bench { options: options() };
    println!("| class | runs | gap median | gap worst | proved | optimum reached | time median | time worst |");
    println!("|---|---|---|---|---|---|---|---|");
    bench.files("planted_vector");
    bench.files("pcmax_recipes");
    bench.fresh_planted();
    bench.cores();
    bench.peers();
}
