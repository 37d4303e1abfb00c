//! Several runs over one database into one workload, on one line of buckets. What the catalog says comes from the latest run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{CoWrite, Gap, Load, Series, Table, TableKind, Workload};
use crate::{format, names::TableName, server::SystemIdentifier};

/// Most buckets of a result: two years of five minutes. A run of another year by mistake shall not fill the memory.
const MOST_BUCKETS: usize = 210_000;

/// Why runs cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Nothing was given.
    #[error("there is nothing to merge")]
    Nothing,
    /// Other databases.
    #[error("the runs are of different databases: \"{0}\" and \"{1}\"")]
    OtherDatabase(String, String),
    /// Other servers.
    #[error("the runs are of different servers: their system identifiers are {0} and {1}")]
    OtherServer(SystemIdentifier, SystemIdentifier),
    /// Other buckets.
    #[error("the runs have buckets of different length: {0} s and {1} s")]
    OtherBuckets(u32, u32),
    /// Too far apart.
    #[error("the runs are too far apart: {0} buckets from the first to the last")]
    TooLong(usize),
}

/// Where a run lies among the buckets of the result.
struct Placed<'a> {
    run: &'a Workload,
    offset: usize,
    tables: BTreeMap<TableName, &'a Table>,
}

impl Placed<'_> {
    /// The bucket of the run that lies there.
    fn own(&self, bucket: usize) -> Option<usize> {
        bucket.checked_sub(self.offset).filter(|own| *own < self.run.bucket_count as usize)
    }

    /// Share of a bucket that the run observed; 0 where it did not.
    fn weight(&self, bucket: usize) -> f64 {
        let Some(own) = self.own(bucket) else { return 0.0 };
        match self.run.cluster_wal_bytes_per_s.at(own) {
            Some(_) => self.run.validity.as_ref().map_or(1.0, |validity| validity.or_zero(own)).max(1e-6),
            None => 0.0,
        }
    }
}

/// Merges runs. Buckets are put onto the line of the earliest run, at most half a bucket off; where runs overlap, the mean
/// counts, weighted by what each observed.
///
/// # Errors
/// [`MergeError`] when they are not runs over one database with the same buckets.
pub fn merge(runs: &[Workload]) -> Result<Workload, MergeError> {
    let first = runs.iter().min_by_key(|run| run.start).ok_or(MergeError::Nothing)?;
    let latest = runs.iter().max_by_key(|run| end_of(run)).ok_or(MergeError::Nothing)?;
    runs.iter().try_for_each(|run| check_same(first, run))?;
    let offset = |run: &Workload| {
        let seconds = run.start.duration_since(first.start).as_secs_f64();
        (seconds / f64::from(first.bucket_s)).round() as usize
    };
    let placed: Vec<Placed<'_>> =
        runs.iter().map(|run| Placed { run, offset: offset(run), tables: run.by_name() }).collect();
    let count = placed.iter().map(|one| one.offset + one.run.bucket_count as usize).max().unwrap_or(0);
    if count > MOST_BUCKETS {
        return Err(MergeError::TooLong(count));
    }
    let weights: Vec<f64> = (0..count).map(|bucket| placed.iter().map(|one| one.weight(bucket)).sum()).collect();
    let cluster = |of: fn(&Workload) -> &Series| mean(&placed, &weights, |one, own| of(one.run).at(own).unwrap_or(0.0));
    let validity: Box<[f64]> = weights.iter().map(|weight| weight.min(1.0)).collect();
    let mut merged = Workload {
        tool: format::TOOL.to_owned(),
        start: first.start,
        bucket_count: u32::try_from(count).unwrap_or(u32::MAX),
        cluster_wal_bytes_per_s: cluster(|run| &run.cluster_wal_bytes_per_s),
        cluster_transactions_per_s: cluster(|run| &run.cluster_transactions_per_s),
        validity: validity.iter().any(|share| *share < 1.0).then_some(Series::Buckets(validity)),
        tables: latest.tables.iter().map(|table| merge_table(table, &placed, &weights)).collect(),
        co_writes: merge_co_writes(&placed, latest),
        gaps: gaps(&placed, &weights),
        notes: notes(runs, latest),
        ..latest.clone()
    };
    merged.canonicalize();
    Ok(merged)
}

fn check_same(first: &Workload, run: &Workload) -> Result<(), MergeError> {
    if first.database != run.database {
        return Err(MergeError::OtherDatabase(first.database.clone(), run.database.clone()));
    }
    if let (Some(a), Some(b)) = (&first.server.system_identifier, &run.server.system_identifier)
        && a != b
    {
        return Err(MergeError::OtherServer(*a, *b));
    }
    if first.bucket_s != run.bucket_s {
        return Err(MergeError::OtherBuckets(first.bucket_s, run.bucket_s));
    }
    Ok(())
}

fn end_of(run: &Workload) -> Timestamp {
    let length = i64::from(run.bucket_s).saturating_mul(i64::from(run.bucket_count));
    run.start.checked_add(SignedDuration::from_secs(length)).unwrap_or(Timestamp::MAX)
}

/// The weighted mean of each bucket; null where no run observed it.
fn mean<'a>(placed: &[Placed<'a>], weights: &[f64], value: impl Fn(&Placed<'a>, usize) -> f64) -> Series {
    let of_bucket = |bucket: usize| {
        if weights[bucket] == 0.0 {
            return f64::NAN;
        }
        let runs = placed.iter().map(|one| (one, one.weight(bucket))).filter(|(_, weight)| *weight > 0.0);
        runs.map(|(one, weight)| value(one, one.own(bucket).unwrap_or(0)) * weight).sum::<f64>() / weights[bucket]
    };
    Series::Buckets((0..weights.len()).map(of_bucket).collect())
}

/// A table as the latest run has it, with the load of all. In runs that do not have it, it did not exist yet.
fn merge_table<'a>(table: &Table, placed: &[Placed<'a>], weights: &[f64]) -> Table {
    let mut merged = table.clone();
    if table.kind == TableKind::Partitioned {
        return merged;
    }
    let name = table.table_name();
    let of = |one: &Placed<'a>| -> Option<&'a Table> { one.tables.get(&name).copied() };
    let series = |get: fn(&Load) -> &Series| {
        mean(placed, weights, |one, own| of(one).map_or(0.0, |table| get(&table.load).or_zero(own)))
    };
    let tables = placed.iter().filter_map(of);
    let burst = tables.clone().filter(|table| table.load.burst_wal_bytes.is_some());
    let burst = burst.max_by(|a, b| {
        let bytes = |table: &Table| table.load.burst_wal_bytes.unwrap_or(0.0);
        bytes(a).total_cmp(&bytes(b))
    });
    let transactions = transactions_per_row(tables).map(|share| {
        mean(placed, weights, |one, own| {
            of(one).map_or(0.0, |table| match &table.load.transactions_per_s {
                Some(series) => series.or_zero(own),
                None => rows(&table.load, own) * share,
            })
        })
    });
    merged.load = Load {
        inserts_per_s: series(|load| &load.inserts_per_s),
        updates_per_s: series(|load| &load.updates_per_s),
        hot_updates_per_s: series(|load| &load.hot_updates_per_s),
        deletes_per_s: series(|load| &load.deletes_per_s),
        toast_chunks_per_s: series(|load| &load.toast_chunks_per_s),
        wal_bytes_per_s: series(|load| &load.wal_bytes_per_s),
        logical_bytes_per_s: series(|load| &load.logical_bytes_per_s),
        transactions_per_s: transactions,
        burst_wal_bytes: burst.and_then(|table| table.load.burst_wal_bytes),
        burst_s: burst.and_then(|table| table.load.burst_s),
    };
    merged
}

fn rows(load: &Load, bucket: usize) -> f64 {
    load.inserts_per_s.or_zero(bucket) + load.updates_per_s.or_zero(bucket) + load.deletes_per_s.or_zero(bucket)
}

/// Over the runs that know transactions; `None` if none does.
fn transactions_per_row<'a>(tables: impl Iterator<Item = &'a Table>) -> Option<f64> {
    let known = tables.filter_map(|table| Some((table, table.load.transactions_per_s.as_ref()?)));
    let sums = known.map(|(table, series)| {
        let load = &table.load;
        (series.mean(), load.inserts_per_s.mean() + load.updates_per_s.mean() + load.deletes_per_s.mean())
    });
    let (transactions, rows) = sums.reduce(|a, b| (a.0 + b.0, a.1 + b.1))?;
    Some(if rows > 0.0 { transactions / rows } else { 0.0 })
}

/// The mean over the runs that saw any, weighted by their length.
fn merge_co_writes(placed: &[Placed<'_>], latest: &Workload) -> Vec<CoWrite> {
    let runs = || placed.iter().map(|one| one.run).filter(|run| !run.co_writes.is_empty());
    let observed = |run: &Workload| run.observed_buckets().len() as f64;
    let all: f64 = runs().map(observed).sum();
    let known: BTreeSet<TableName> = latest.tables.iter().map(Table::table_name).collect();
    let mut pairs: BTreeMap<(TableName, TableName), f64> = BTreeMap::new();
    for run in runs() {
        for pair in run.co_writes.iter().filter(|pair| known.contains(&pair.a) && known.contains(&pair.b)) {
            let (a, b) = if pair.a <= pair.b { (&pair.a, &pair.b) } else { (&pair.b, &pair.a) };
            *pairs.entry((a.clone(), b.clone())).or_default() += pair.transactions_per_s * observed(run) / all;
        }
    }
    pairs.into_iter().map(|((a, b), transactions_per_s)| CoWrite { a, b, transactions_per_s }).collect()
}

fn gaps(placed: &[Placed<'_>], weights: &[f64]) -> Vec<Gap> {
    let reason_of = |bucket: usize| {
        let of_run = |one: &Placed<'_>| {
            let own = u32::try_from(one.own(bucket)?).ok()?;
            let gap = one.run.gaps.iter().find(|gap| gap.from_bucket <= own && own <= gap.to_bucket)?;
            Some(gap.reason.clone())
        };
        placed.iter().find_map(of_run).unwrap_or_else(|| "between two runs".to_owned())
    };
    collect_gaps((0..weights.len()).filter(|bucket| weights[*bucket] == 0.0).map(|bucket| (bucket, reason_of(bucket))))
}

/// Neighbouring buckets with the same reason are one gap.
pub(super) fn collect_gaps(buckets: impl Iterator<Item = (usize, String)>) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (bucket, reason) in buckets {
        let at = u32::try_from(bucket).unwrap_or(u32::MAX);
        match gaps.last_mut().filter(|gap| gap.to_bucket + 1 == at && gap.reason == reason) {
            Some(gap) => gap.to_bucket = at,
            None => gaps.push(Gap { from_bucket: at, to_bucket: at, reason }),
        }
    }
    gaps
}

fn notes(runs: &[Workload], latest: &Workload) -> Vec<String> {
    let mut notes = vec![format!("merged from {} runs; sizes and keys are those of the latest", runs.len())];
    let methods: BTreeSet<String> = runs.iter().map(|run| format!("{:?}", run.method).to_lowercase()).collect();
    if methods.len() > 1 {
        let methods: Vec<String> = methods.into_iter().collect();
        notes.push(format!("the runs were measured by different methods: {}", methods.join(", ")));
    }
    let known: BTreeSet<TableName> = latest.tables.iter().map(Table::table_name).collect();
    let gone: BTreeSet<TableName> =
        runs.iter().flat_map(|run| &run.tables).map(Table::table_name).filter(|name| !known.contains(name)).collect();
    if !gone.is_empty() {
        let shown: Vec<String> = gone.iter().take(5).map(TableName::to_string).collect();
        notes.push(format!("tables not in the latest run, left out: {} ({})", shown.join(", "), gone.len()));
    }
    for note in runs.iter().flat_map(|run| &run.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::tests::{table, workload};
    use super::*;

    fn run(start: &str, wal: &[f64]) -> Workload {
        let mut run = workload(vec![table("a", 0.0)]);
        run.start = start.parse().unwrap();
        run.bucket_count = wal.len() as u32;
        run.tables[0].load.wal_bytes_per_s = Series::Buckets(wal.into());
        run.cluster_wal_bytes_per_s = Series::Buckets(wal.iter().map(|value| value * 2.0).collect());
        run
    }

    #[test]
    fn runs_lie_where_their_hours_are() {
        // 00:00 to 02:00, then 03:10 to 05:10, which is nearest to the hours from 03:00
        let (one, two) = (run("2026-01-05T00:00:00Z", &[1.0, 2.0]), run("2026-01-05T03:10:00Z", &[5.0, 6.0]));
        let merged = merge(&[two.clone(), one.clone()]).unwrap();
        assert_eq!(merged.start, one.start);
        let wal = &merged.tables[0].load.wal_bytes_per_s;
        let values: Vec<Option<f64>> = (0..5).map(|bucket| wal.at(bucket)).collect();
        assert_eq!(values, [Some(1.0), Some(2.0), None, Some(5.0), Some(6.0)]);
        assert_eq!((merged.gaps[0].from_bucket, merged.gaps[0].reason.as_str()), (2, "between two runs"));
        assert_eq!(merged.validity.as_ref().unwrap().at(2), Some(0.0));
        assert!((merged.observed_share() - 0.8).abs() < 1e-12);
        super::super::check::validate(&merged).unwrap();
        assert_eq!(merge(std::slice::from_ref(&one)).unwrap().tables, {
            let mut alone = one;
            alone.canonicalize();
            alone.tables
        });
    }

    #[test]
    fn what_two_runs_saw_is_weighted_by_how_much_each_saw() {
        let (mut one, two) = (run("2026-01-05T00:00:00Z", &[1.0, 10.0]), run("2026-01-05T01:00:00Z", &[40.0]));
        one.validity = Some(Series::Buckets([1.0, 0.5].into()));
        let merged = merge(&[one, two]).unwrap();
        assert_eq!(merged.tables[0].load.wal_bytes_per_s.at(1), Some(30.0)); // (10 / 2 + 40) / 1.5
        assert_eq!(merged.validity, None);
    }

    #[test]
    fn transactions_that_only_one_run_knows_are_carried_over_by_rows() {
        let (mut one, mut two) = (run("2026-01-05T00:00:00Z", &[1.0]), run("2026-01-05T01:00:00Z", &[1.0]));
        for (run, rows) in [(&mut one, 10.0), (&mut two, 30.0)] {
            run.tables[0].load.inserts_per_s = Series::Constant(rows);
        }
        one.tables[0].load.transactions_per_s = Some(Series::Constant(5.0));
        let merged = merge(&[one, two]).unwrap();
        let transactions = merged.tables[0].load.transactions_per_s.clone().unwrap();
        assert_eq!((transactions.at(0), transactions.at(1)), (Some(5.0), Some(15.0)));
    }

    #[test]
    fn runs_that_do_not_belong_together_are_refused() {
        let one = run("2026-01-05T00:00:00Z", &[1.0]);
        let refused = |change: fn(&mut Workload)| {
            let mut other = one.clone();
            change(&mut other);
            merge(&[one.clone(), other]).unwrap_err().to_string()
        };
        assert!(refused(|run| run.database = "b".into()).contains("different databases"));
        assert!(refused(|run| run.bucket_s = 60).contains("3600 s and 60 s"));
        assert!(refused(|run| run.start = "2126-01-05T00:00:00Z".parse().unwrap()).contains("too far apart"));
        assert_eq!(merge(&[]), Err(MergeError::Nothing));
    }
}
