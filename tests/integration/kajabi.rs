//! `samples/kajabi`: a database of 39 TB from the first measurement to the report, made again and compared.
//!
//! `PGSLOTPLAN_BLESS=1` writes the sample anew. The workload is made up from what is publicly known of such a database
//! (sizes, an e-mail analytics table that gathers gigabytes at peak and is quiet at night, a handful of hot tables among
//! several hundred); its other tables are `generate`'s.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pgslotplan::{
    format,
    generate::{GenerateSettings, generate},
    names::TableName,
    plan::{Plan, Role},
    server::{Flavor, ServerVersion},
    simulate::forecast::{Forecast, LayoutKind},
    workload::{ForeignKey, Load, Method, Series, Table, Workload},
};

const HEAP_BYTES: f64 = 12e12;
const INDEX_BYTES: f64 = 27e12;
const POLICY: &str = "\
# All slots together, so that the publisher's cores and the people watching keep up.
max_slots = 8
max_dedicated = 4
# Rows of these are written together and read together.
keep_together = [[\"public.email_messages\", \"public.email_message_parts\"]]
sync_workers = 4
";

/// A hot table: rates at the busiest hour, what of it is left at night, sizes as shares of the whole.
struct Hot {
    name: &'static str,
    inserts: f64,
    updates: f64,
    hot_share: f64,
    deletes: f64,
    night: f64,
    width: f64,
    indexes: u32,
    size: f64,
    burst_wal_bytes: f64,
}

const HOT: [Hot; 6] = [
    Hot {
        name: "email_events",
        inserts: 33_000.0,
        updates: 0.0,
        hot_share: 0.0,
        deletes: 0.0,
        night: 0.01,
        width: 210.0,
        indexes: 6,
        size: 0.29,
        burst_wal_bytes: 260e6,
    },
    Hot {
        name: "email_messages",
        inserts: 3_900.0,
        updates: 11_700.0,
        hot_share: 0.15,
        deletes: 0.0,
        night: 0.02,
        width: 340.0,
        indexes: 5,
        size: 0.14,
        burst_wal_bytes: 120e6,
    },
    Hot {
        name: "contact_activities",
        inserts: 12_700.0,
        updates: 0.0,
        hot_share: 0.0,
        deletes: 1_300.0,
        night: 0.12,
        width: 180.0,
        indexes: 5,
        size: 0.12,
        burst_wal_bytes: 60e6,
    },
    Hot {
        name: "sessions",
        inserts: 700.0,
        updates: 14_000.0,
        hot_share: 0.96,
        deletes: 700.0,
        night: 0.2,
        width: 260.0,
        indexes: 2,
        size: 0.01,
        burst_wal_bytes: 20e6,
    },
    Hot {
        name: "page_views",
        inserts: 7_800.0,
        updates: 0.0,
        hot_share: 0.0,
        deletes: 0.0,
        night: 0.25,
        width: 150.0,
        indexes: 2,
        size: 0.07,
        burst_wal_bytes: 25e6,
    },
    Hot {
        name: "email_message_parts",
        inserts: 3_900.0,
        updates: 0.0,
        hot_share: 0.0,
        deletes: 0.0,
        night: 0.02,
        width: 420.0,
        indexes: 1,
        size: 0.09,
        burst_wal_bytes: 40e6,
    },
];

/// Share of the busiest hour: a campaign at 9 to 11 on working days, a smaller one at 16, half of it at weekends. The
/// noise follows from the hour, so the sample is the same everywhere.
fn hour_share(hour: usize, night: f64) -> f64 {
    const DAY: [f64; 24] = [
        0.02, 0.0, 0.0, 0.0, 0.02, 0.06, 0.15, 0.34, 0.66, 0.97, 1.0, 0.82, 0.6, 0.52, 0.5, 0.58, 0.7, 0.55, 0.38,
        0.27, 0.2, 0.14, 0.09, 0.05,
    ];
    let weekend = if hour / 24 >= 5 { 0.45 } else { 1.0 };
    let noise = 0.94 + 0.12 * ((hour * 7919 % 97) as f64 / 97.0);
    (night + (1.0 - night) * DAY[hour % 24] * weekend) * if hour == 34 { 1.0 } else { noise.min(1.0) }
}

/// Three significant digits: the file stays small.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let scale = 10f64.powi(2 - value.log10().floor() as i32);
    (value * scale).round() / scale
}

fn hot_table(hot: &Hot) -> Table {
    let series =
        |peak: f64| Series::Buckets((0..168).map(|hour| rounded(peak * hour_share(hour, hot.night))).collect());
    // Headers of the records and 72 bytes for an index entry.
    let entries = f64::from(hot.indexes) * 72.0;
    let insert_wal = hot.width + 60.0 + entries;
    let update_wal = hot.width + 80.0 + (1.0 - hot.hot_share) * entries;
    let wal = hot.inserts * insert_wal + hot.updates * update_wal + hot.deletes * 60.0;
    let logical = (hot.inserts + hot.updates) * (hot.width + 40.0) + hot.deletes * 30.0;
    let mut table: Table = serde_json::from_value(serde_json::json!({
        "schema": "public", "name": hot.name, "kind": "table", "primary_key": true, "identity_columns": ["id"],
    }))
    .expect("a table");
    table.heap_bytes = (HEAP_BYTES * hot.size) as u64;
    table.index_bytes = (INDEX_BYTES * hot.size) as u64;
    table.index_count = hot.indexes;
    table.column_count = 14;
    table.row_width_bytes = hot.width;
    table.rows_estimate = (HEAP_BYTES * hot.size / (hot.width + 28.0)).round();
    table.load = Load {
        inserts_per_s: series(hot.inserts),
        updates_per_s: series(hot.updates),
        hot_updates_per_s: series(hot.updates * hot.hot_share),
        deletes_per_s: series(hot.deletes),
        toast_chunks_per_s: Series::Constant(0.0),
        wal_bytes_per_s: series(wal),
        logical_bytes_per_s: series(logical),
        transactions_per_s: Some(series((hot.inserts + hot.updates + hot.deletes) * 0.6)),
        burst_wal_bytes: Some(hot.burst_wal_bytes),
        burst_s: Some(10.0),
    };
    table
}

fn round_series(series: &mut Series) {
    if let Series::Buckets(values) = series {
        values.iter_mut().for_each(|value| *value = rounded(*value));
    }
}

fn round_load(load: &mut Load) {
    load.series_mut().for_each(round_series);
    // A HOT update is an update, after rounding too.
    if let (Series::Buckets(hot), Series::Buckets(all)) = (&mut load.hot_updates_per_s, &load.updates_per_s) {
        hot.iter_mut().zip(all).for_each(|(hot, all)| *hot = hot.min(*all));
    }
}

fn main_database() -> Workload {
    let settings = GenerateSettings {
        tables: 360,
        seed: 39,
        zipf: 0.9,
        hot: 0,
        total_wal_bytes_per_s: 3e6,
        publisher_version: ServerVersion::of_major(13),
        no_key_share: 0.0,
        ..GenerateSettings::default()
    };
    let mut workload = generate(&settings).expect("settings within range");
    workload.method = Method::Synthetic;
    workload.database = "kajabi_production".into();
    workload.server.flavor = Flavor::Rds;
    workload.server.cores = Some(64);
    let (left_heap, left_index) = HOT.iter().fold((HEAP_BYTES, INDEX_BYTES), |(heap, index), hot| {
        (heap - HEAP_BYTES * hot.size, index - INDEX_BYTES * hot.size)
    });
    let sum = |of: &dyn Fn(&Table) -> u64| workload.tables.iter().map(|table| of(table) as f64).sum::<f64>();
    let (heap, index) = (sum(&Table::copy_bytes), sum(&|table| table.index_bytes));
    for table in &mut workload.tables {
        let scaled = |bytes: u64, left: f64, all: f64| (bytes as f64 / all * left).round() as u64;
        table.heap_bytes = scaled(table.heap_bytes, left_heap, heap);
        table.toast_bytes = scaled(table.toast_bytes, left_heap, heap);
        table.index_bytes = scaled(table.index_bytes, left_index, index);
        round_load(&mut table.load);
    }
    let hub =
        workload.tables.iter().find(|table| table.partition_root.is_none() && table.primary_key).expect("a table");
    let hub = hub.table_name();
    for hot in &HOT {
        workload.tables.retain(|table| table.name != hot.name);
        workload.tables.push(hot_table(hot));
    }
    let names: std::collections::BTreeSet<TableName> = workload.tables.iter().map(Table::table_name).collect();
    workload.foreign_keys.retain(|key| names.contains(&key.from) && names.contains(&key.to));
    let public = |name: &str| TableName::new("public", name);
    for (from, to) in [
        ("email_events", public("email_messages")),
        ("email_message_parts", public("email_messages")),
        ("contact_activities", hub),
    ] {
        let (name, column) = (format!("{from}_{}_fkey", to.name), format!("{}_id", to.name.trim_end_matches('s')));
        workload.foreign_keys.push(ForeignKey::new(public(from), to, name).with_columns([column.as_str()], ["id"]));
    }
    finish(workload)
}

/// A payments database: small, and one of several.
fn payments_database(seed: u64) -> Workload {
    let settings = GenerateSettings {
        tables: 24,
        hours: 24,
        seed,
        hot: 0,
        total_wal_bytes_per_s: 0.4e6,
        publisher_version: ServerVersion::of_major(13),
        no_key_share: 0.0,
        full_identity_share: 0.0,
        ..GenerateSettings::default()
    };
    let mut workload = generate(&settings).expect("settings within range");
    workload.database = format!("payments_{seed}");
    workload.server.flavor = Flavor::Rds;
    workload.tables.iter_mut().for_each(|table| round_load(&mut table.load));
    finish(workload)
}

/// The cluster's WAL is that of its tables and as much again by half, for full-page images.
fn finish(mut workload: Workload) -> Workload {
    let count = workload.bucket_count as usize;
    let sum = |of: &dyn Fn(&Table, usize) -> f64| -> Series {
        let values = (0..count).map(|bucket| rounded(workload.tables.iter().map(|table| of(table, bucket)).sum()));
        Series::Buckets(values.collect())
    };
    let wal = sum(&|table, bucket| 1.5 * table.load.wal_bytes_per_s.or_zero(bucket));
    let transactions = sum(&|table, bucket| {
        let series = table.load.transactions_per_s.as_ref();
        0.4 * series.map_or(table.load.inserts_per_s.or_zero(bucket), |series| series.or_zero(bucket))
    });
    workload.cluster_wal_bytes_per_s = wal;
    workload.cluster_transactions_per_s = transactions;
    workload.co_writes.clear();
    workload.canonicalize();
    workload
}

/// Runs the program in the folder; its output becomes a file when `into` names one.
fn run(folder: &Path, line: &str, into: Option<&str>) -> i32 {
    let output = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .args(line.split_whitespace())
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir(folder)
        .output()
        .unwrap();
    let code = output.status.code().unwrap_or(-1);
    assert!(matches!(code, 0 | 4), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    if let Some(name) = into {
        fs::write(folder.join(name), &output.stdout).unwrap();
    }
    code
}

fn write_workload(folder: &Path, name: &str, workload: &Workload) {
    let mut text = Vec::new();
    format::write_lines(workload, &mut text).unwrap();
    fs::write(folder.join(name), text).unwrap();
}

fn make(folder: &Path) {
    write_workload(folder, "workload.json", &main_database());
    fs::write(folder.join("policy.toml"), POLICY).unwrap();
    run(
        folder,
        "plan workload.json --policy policy.toml --subscriber-version 15 --budget small -o plan.json",
        Some("plan.txt"),
    );
    assert_eq!(run(folder, "-q audit plan.json workload.json", None), 0);
    run(
        folder,
        "-q simulate plan.json workload.json --compare --copy-rate 80MB/s -o forecast.json",
        Some("forecast.txt"),
    );
    run(folder, "-q report plan.json workload.json --copy-rate 80MB/s -o report.html", None);
    run(folder, "-q emit plan.json -o scripts", None);
    for seed in [1, 2] {
        let name = format!("payments_{seed}");
        write_workload(folder, &format!("{name}.json"), &payments_database(seed));
        let line = format!(
            "plan {name}.json --publications 1 --max-dedicated 0 --subscriber-version 15 --budget small -o {name}.plan.json"
        );
        assert_eq!(run(folder, &line, Some(&format!("{name}.txt"))), 0);
    }
}

fn files(folder: &Path, prefix: &str, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            files(&path, &format!("{name}/"), found);
        } else {
            found.insert(name, path);
        }
    }
}

/// Large files are kept compressed.
const COMPRESSED: [&str; 3] = ["workload.json", "forecast.json", "plan.json"];

#[test]
fn a_database_of_39_tb() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    holds(folder.path());
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/kajabi");
    let mut made = BTreeMap::new();
    files(folder.path(), "", &mut made);
    if std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1") {
        fs::create_dir_all(&sample).unwrap();
        for (name, path) in &made {
            let bytes = fs::read(path).unwrap();
            fs::create_dir_all(sample.join(name).parent().unwrap()).unwrap();
            if COMPRESSED.contains(&name.as_str()) {
                fs::write(sample.join(format!("{name}.zst")), zstd::encode_all(bytes.as_slice(), 19).unwrap()).unwrap();
            } else {
                fs::write(sample.join(name), bytes).unwrap();
            }
        }
    }
    let mut kept = BTreeMap::new();
    files(&sample, "", &mut kept);
    kept.remove("README.md");
    assert_eq!(kept.len(), made.len(), "{:?}", kept.keys());
    for (name, path) in &made {
        let compressed = COMPRESSED.contains(&name.as_str());
        let known =
            fs::read(sample.join(if compressed { format!("{name}.zst") } else { name.clone() })).unwrap_or_default();
        let known = if compressed { zstd::decode_all(known.as_slice()).unwrap() } else { known };
        assert!(known == fs::read(path).unwrap(), "samples/kajabi/{name} differs (PGSLOTPLAN_BLESS=1 makes it anew)");
    }
}

/// The story holds, whatever the figures in the sample are.
fn holds(folder: &Path) {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let workload: Workload = format::read(&read("workload.json")).unwrap();
    let plan: Plan = format::read(&read("plan.json")).unwrap();
    let forecast: Forecast = format::read(&read("forecast.json")).unwrap();
    let near = |value: f64, wanted: f64| (value / wanted - 1.0).abs() < 0.02;
    assert!(near(workload.tables.iter().map(|t| t.copy_bytes() as f64).sum(), HEAP_BYTES));
    assert!(near(workload.tables.iter().map(|t| t.index_bytes as f64).sum(), INDEX_BYTES));
    assert!((6..=8).contains(&plan.slots.len()), "{} slots", plan.slots.len());
    let dedicated: Vec<&str> = plan
        .slots
        .iter()
        .filter(|slot| slot.role == Role::Dedicated)
        .flat_map(|slot| slot.tables.iter().map(|table| table.name.as_str()))
        .collect();
    assert!(dedicated.contains(&"email_events") && dedicated.contains(&"email_messages"), "{dedicated:?}");
    let layout = |kind| forecast.layouts.iter().find(|layout| layout.layout == kind).unwrap();
    let (planned, one) = (layout(LayoutKind::Plan), layout(LayoutKind::OneSlot));
    assert!(planned.peak_load.nominal < 0.7 && planned.flush_lag_s.nominal == 0.0, "{:?}", planned.peak_load);
    assert!(one.peak_load.nominal > 1.0 && one.flush_lag_s.nominal > 600.0, "{:?}", one.flush_lag_s);
    for seed in [1, 2] {
        let plan: Plan = format::read(&read(&format!("payments_{seed}.plan.json"))).unwrap();
        assert_eq!(plan.slots.len(), 1);
        let advice = plan.findings.iter().find(|finding| finding.code == "PL104").expect("one slot is enough");
        assert!(advice.hint.as_ref().unwrap().contains("blue/green"));
    }
}
