//! What the sections show beside plan and forecast: each table's load, in the order of its weight, and times as words.

use std::collections::BTreeMap;

use jiff::{SignedDuration, civil::Weekday, tz::TimeZone};
use maud::{Markup, html};

use super::{ReportInput, chart, chart::Tick};
use crate::{
    cost::Confidence,
    finding::{Finding, Severity},
    names::TableName,
    plan::Plan,
    simulate::forecast::{Forecast, LayoutForecast, Range},
    units::{Bytes, Seconds},
    workload::{ReplicaIdentity, Table, Workload},
};

/// A planned table with its figures; a partition root with those of its leaves.
pub(super) struct TableRow<'a> {
    pub name: TableName,
    /// Index of its first slot, and how many carry it.
    pub slot: usize,
    pub slot_count: usize,
    /// Largest load over the buckets and stages, in units of the plan's measure.
    pub peak: f64,
    pub peak_bucket: usize,
    pub wal_mean: f64,
    pub copy_bytes: u64,
    pub index_bytes: u64,
    pub index_count: u32,
    pub partitions: usize,
    pub identity: &'static str,
    /// Rows inserted, updated, HOT updated, deleted a second, mean.
    pub rows: [f64; 4],
    pub parts: Vec<&'a Table>,
}

/// Everything that is shown.
pub(super) struct View<'a> {
    pub plan: &'a Plan,
    pub workload: &'a Workload,
    pub forecast: &'a Forecast,
    /// The plan's own forecast.
    pub planned: &'a LayoutForecast,
    /// Heaviest first.
    pub tables: Vec<TableRow<'a>>,
    /// Plan and forecast together, sorted.
    pub findings: Vec<&'a Finding>,
    /// Marks of the week's time axis.
    pub ticks: Vec<Tick>,
}

impl<'a> View<'a> {
    pub(super) fn new(input: &ReportInput<'a>) -> Self {
        let (plan, workload, forecast) = (input.plan, input.workload, input.forecast);
        let mut findings: Vec<&Finding> = plan.findings.iter().chain(&forecast.findings).collect();
        findings.sort();
        findings.dedup();
        let mut view = View {
            plan,
            workload,
            forecast,
            planned: &forecast.layouts[0],
            tables: tables(plan, workload),
            findings,
            ticks: Vec::new(),
        };
        view.ticks = view.week_ticks();
        view
    }

    /// `Mon 14:00`, of seconds from the workload's start.
    pub(super) fn moment(&self, seconds: f64) -> String {
        match self.workload.start.checked_add(SignedDuration::from_secs_f64(seconds)) {
            Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%a %H:%M").to_string(),
            Err(_) => Seconds(seconds).to_string(),
        }
    }

    /// The same of a bucket's start.
    pub(super) fn bucket_time(&self, bucket: usize) -> String {
        self.moment(bucket as f64 * f64::from(self.workload.bucket_s))
    }

    pub(super) fn length_s(&self) -> f64 {
        f64::from(self.workload.bucket_s) * f64::from(self.workload.bucket_count)
    }

    fn week_ticks(&self) -> Vec<Tick> {
        let length = self.length_s();
        let start = self.workload.start.to_zoned(TimeZone::UTC);
        let of_day = f64::from(start.hour()) * 3600.0 + f64::from(start.minute()) * 60.0 + f64::from(start.second());
        let step = [60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0]
            .into_iter()
            .find(|step| length / step <= 9.0)
            .unwrap_or(length / 6.0);
        let mut at = (of_day / step).ceil() * step - of_day;
        let mut ticks = Vec::new();
        while at < length * 0.97 {
            let label = match self.workload.start.checked_add(SignedDuration::from_secs_f64(at)) {
                Ok(time) if step >= 86_400.0 => time.to_zoned(TimeZone::UTC).strftime("%a %-d %b").to_string(),
                Ok(time) if step >= 60.0 => {
                    let time = time.to_zoned(TimeZone::UTC);
                    let midnight = time.hour() == 0 && time.minute() == 0;
                    time.strftime(if midnight { "%a %H:%M" } else { "%H:%M" }).to_string()
                }
                _ => String::new(),
            };
            ticks.push(Tick { at: at / length, label });
            at += step;
        }
        ticks
    }

    pub(super) fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether the workload's first day is a Monday at midnight and it lasts a week.
    pub(super) fn is_week(&self) -> bool {
        let start = self.workload.start.to_zoned(TimeZone::UTC);
        self.length_s() == 604_800.0 && start.weekday() == Weekday::Monday && start.hour() == 0
    }
}

fn tables<'a>(plan: &Plan, workload: &'a Workload) -> Vec<TableRow<'a>> {
    let cost = plan.cost_model();
    let buckets = workload.observed_buckets();
    let context = cost.context(workload, Confidence::Nominal, &buckets);
    let by_name = workload.by_name();
    let mut rows: BTreeMap<TableName, TableRow<'a>> = BTreeMap::new();
    for (index, slot) in plan.slots.iter().enumerate() {
        for member in &slot.tables {
            let name = member.table_name();
            if let Some(row) = rows.get_mut(&name) {
                row.slot_count += 1;
                continue;
            }
            let parts: Vec<&'a Table> = member.with_leaves().filter_map(|name| by_name.get(&name).copied()).collect();
            let mut loads = vec![0; cost.dimension_count(&context)];
            for table in &parts {
                cost.add_table_loads(&context, table, &mut loads);
            }
            let peak = (0..loads.len()).max_by_key(|&dimension| (loads[dimension], usize::MAX - dimension));
            let sum = |of: &dyn Fn(&Table) -> f64| parts.iter().map(|table| of(table)).sum::<f64>();
            let row = TableRow {
                slot: index,
                slot_count: 1,
                peak: peak.map_or(0.0, |dimension| cost.to_number(loads[dimension])),
                peak_bucket: peak.map_or(0, |dimension| buckets[dimension % buckets.len().max(1)]),
                wal_mean: sum(&|table| table.load.wal_bytes_per_s.mean()),
                copy_bytes: parts.iter().map(|table| table.copy_bytes()).sum(),
                index_bytes: parts.iter().map(|table| table.index_bytes).sum(),
                index_count: parts.iter().map(|table| table.index_count).max().unwrap_or(0),
                partitions: member.leaves.len(),
                identity: identity(member.identity, member.identity_columns.is_empty(), member.insert_only),
                rows: [
                    sum(&|table| table.load.inserts_per_s.mean()),
                    sum(&|table| table.load.updates_per_s.mean()),
                    sum(&|table| table.load.hot_updates_per_s.mean()),
                    sum(&|table| table.load.deletes_per_s.mean()),
                ],
                parts,
                name: name.clone(),
            };
            rows.insert(name, row);
        }
    }
    let mut rows: Vec<TableRow<'a>> = rows.into_values().collect();
    rows.sort_by(|a, b| b.peak.total_cmp(&a.peak).then(a.name.cmp(&b.name)));
    rows
}

fn identity(identity: ReplicaIdentity, no_columns: bool, insert_only: bool) -> &'static str {
    match identity {
        _ if insert_only => "insert only",
        ReplicaIdentity::Full => "full",
        ReplicaIdentity::Nothing => "none",
        ReplicaIdentity::Default if no_columns => "none",
        ReplicaIdentity::Default => "primary key",
        ReplicaIdentity::Index => "index",
    }
}

/// `3.2 GB (1.0 to 9.9)`; once where all three show alike.
pub(super) fn with_range(range: &Range, show: impl Fn(f64) -> String) -> String {
    let (low, nominal, high) = (show(range.low), show(range.nominal), show(range.high));
    if low == nominal && nominal == high { nominal } else { format!("{nominal} ({low} to {high})") }
}

/// The same where a queue may never empty.
pub(super) fn maybe_range(range: &Range<Option<f64>>) -> String {
    let show = |value: Option<f64>| value.map_or("never".to_owned(), lag);
    let (low, nominal, high) = (show(range.low), show(range.nominal), show(range.high));
    if low == nominal && nominal == high { nominal } else { format!("{nominal} ({low} to {high})") }
}

/// A time behind: nothing where there is none.
pub(super) fn lag(seconds: f64) -> String {
    if seconds < 0.0005 { "none".to_owned() } else { Seconds(seconds).to_string() }
}

pub(super) fn bytes(value: f64) -> String {
    Bytes(value).to_string()
}

pub(super) fn percent(value: f64) -> String {
    format!("{:.0} %", value * 100.0)
}

/// A rate of rows: whole numbers, or two digits below ten.
pub(super) fn rate(value: f64) -> String {
    if value >= 9.95 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A region that scrolls sideways, which the keyboard reaches.
pub(super) fn scroll(label: &str, content: Markup) -> Markup {
    html! { div class="scroll" tabindex="0" role="region" aria-label=(label) { (content) } }
}

/// A column of a table: its head, and whether it holds numbers.
pub(super) type Column = (&'static str, bool);

/// A table with its head.
pub(super) fn table(caption: &str, columns: &[Column], rows: Markup) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead {
                tr {
                    @for (head, numeric) in columns {
                        th scope="col" class=[numeric.then_some("n")] { (head) }
                    }
                }
            }
            tbody { (rows) }
        }
    }
}

/// A number's cell.
pub(super) fn number(text: impl std::fmt::Display) -> Markup {
    html! { td class="n" { (maud::display(text)) } }
}

/// A slot's number in its colour.
pub(super) fn key(index: usize) -> Markup {
    html! { span class={ "key " (chart::colour(index)) } { (index + 1) } }
}
