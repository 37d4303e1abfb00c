//! The forecast of each layout, by the library: a plan with the bench's slots, a workload with its trickle, its bursts as
//! bulk loads, and the costs that were measured.

use std::collections::BTreeSet;

use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    generate::{GenerateSettings, generate},
    names::TableName,
    optimize::{Budget, OptimizeOptions, optimize},
    policy::{Measure, Pin, Policy, PublicationCount},
    server::ServerVersion,
    simulate::{
        Compared,
        forecast::LayoutForecast,
        scenario::{BulkLoad, Scenario},
        simulate,
    },
    workload::{Load, Series, Table, Workload},
};

use super::{BURST_ROWS, BURSTS_AT_S, COLD, Figures, Layout, RUN_S};

/// Width of a row of the hot table: timestamp, two integers, md5, a small jsonb.
const ROW_BYTES: f64 = 100.0;
/// Rows of the trickle, each table.
const TRICKLE_PER_S: f64 = 10.0;

/// What runs of one slot showed.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// How long a burst's statement took.
    pub write_s: f64,
    /// Applying one of its rows, from its commit on, µs.
    pub row_us: f64,
}

impl Costs {
    /// Each burst is its begin, its commit, and the age of the newest row when its apply ended, all in seconds. Medians, since
    /// one burst that meets a checkpoint or the files' first growth says nothing of the others.
    pub fn from_bursts(bursts: &[(f64, f64, f64)]) -> Self {
        let write_s = median(bursts.iter().map(|(from, commit, _)| commit - from).collect());
        // Nothing is behind until the burst commits; then its slot stands still for as long as it is applied.
        let apply_s = median(bursts.iter().map(|(_, _, lag)| *lag).collect());
        Costs { write_s, row_us: apply_s / f64::from(BURST_ROWS) * 1e6 }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn table(name: &str) -> Table {
    let mut table: Table = serde_json::from_value(serde_json::json!({
        "schema": "public", "name": name, "kind": "table", "primary_key": true, "identity_columns": ["id"],
    }))
    .expect("a table");
    table.index_count = 1;
    table.row_width_bytes = ROW_BYTES;
    table.load = Load {
        inserts_per_s: Series::Constant(TRICKLE_PER_S),
        wal_bytes_per_s: Series::Constant(TRICKLE_PER_S * 160.0),
        logical_bytes_per_s: Series::Constant(TRICKLE_PER_S * 60.0),
        transactions_per_s: Some(Series::Constant(TRICKLE_PER_S)),
        ..Load::default()
    };
    table
}

fn workload() -> Workload {
    let settings = GenerateSettings {
        tables: 1,
        hours: 1,
        hot: 0,
        publisher_version: ServerVersion::of_major(15),
        ..Default::default()
    };
    let mut workload = generate(&settings).expect("within range");
    workload.tables = (0..COLD).map(|cold| table(&format!("cold_{cold}"))).chain([table("hot")]).collect();
    workload.foreign_keys.clear();
    workload.co_writes.clear();
    workload.bucket_s = 1;
    workload.bucket_count = RUN_S as u32;
    workload.cluster_wal_bytes_per_s = Series::Constant(20_000.0);
    workload.cluster_transactions_per_s = Series::Constant(TRICKLE_PER_S * (COLD + 1) as f64);
    workload.canonicalize();
    workload
}

/// What the library says of a layout: its figures, and the largest lag of the hot and of the cold tables in each second.
pub fn figures(layout: &Layout, costs: &Costs) -> (Figures, [Vec<f64>; 2]) {
    let workload = workload();
    let mut policy = Policy {
        publications: PublicationCount::Range(layout.shared as u32, layout.shared as u32),
        load: Measure::Pipeline,
        ..Policy::default()
    };
    policy.pin.insert("public.hot".into(), if layout.hot_apart { Pin::Dedicated } else { Pin::Shared });
    let mut coefficients = CoefficientSets::default();
    // One cost for a row of a large transaction, with all that belongs to it.
    coefficients.nominal.row_us = costs.row_us;
    coefficients.nominal.index_entry_us = 0.0;
    coefficients.nominal.inline_byte_us = 0.0;
    coefficients.nominal.transaction_us = 0.0;
    let version = ServerVersion::of_major(15);
    let cost = CostModel {
        measure: policy.load,
        coefficients,
        publisher: version,
        subscriber: version,
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions { budget: Budget::Small, ..OptimizeOptions::default() };
    let plan = optimize(&workload, &policy, &cost, &options).expect("nothing contradicts");
    let bursts = BURSTS_AT_S.map(|from_s| BulkLoad {
        table: TableName::new("public", "hot"),
        bytes: (f64::from(BURST_ROWS) * ROW_BYTES) as u64,
        from_s,
        duration_s: costs.write_s,
    });
    let scenario = Scenario { bulk_loads: bursts.to_vec(), ..Scenario::default() };
    let forecast = simulate(&plan, &workload, &cost, &scenario, Compared::PlanOnly).expect("a valid scenario");
    let hot = plan.slots.iter().position(|slot| slot.tables.iter().any(|table| table.name == "hot")).expect("planned");
    let planned = &forecast.layouts[0];
    let lags = |is_hot: bool| {
        let slots = planned.slots.iter().enumerate();
        let slots = slots.filter(|(index, _)| if is_hot { *index == hot } else { !layout.hot_apart || *index != hot });
        let mut most = vec![0.0f64; RUN_S as usize];
        for (_, slot) in slots {
            most.iter_mut().zip(&slot.flush_lag_s_by_bucket.nominal).for_each(|(most, lag)| *most = most.max(*lag));
        }
        most
    };
    (summary(planned, hot, layout.hot_apart), [lags(true), lags(false)])
}

fn summary(forecast: &LayoutForecast, hot: usize, apart: bool) -> Figures {
    let cold: Vec<f64> = forecast
        .slots
        .iter()
        .enumerate()
        .filter(|(index, _)| !apart || *index != hot)
        .flat_map(|(_, slot)| slot.flush_lag_s_by_bucket.nominal.iter().copied())
        .collect();
    let mut sorted = cold.clone();
    sorted.sort_by(f64::total_cmp);
    Figures {
        hot_peak_s: forecast.slots[hot].flush_lag_s.nominal,
        cold_peak_s: sorted.last().copied().unwrap_or(0.0),
        cold_p95_s: sorted.get(sorted.len() * 95 / 100).copied().unwrap_or(0.0),
        catch_up_s: forecast.catch_up_s.nominal.unwrap_or(f64::INFINITY),
    }
}
