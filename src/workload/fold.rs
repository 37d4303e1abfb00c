//! Weeks into a typical week (or days into a day): each hour of the week is a percentile over the weeks.
//!
//! Percentiles are taken for each table alone. Tables do not have their worst hours together, so the sum over tables is
//! above the same percentile of the sum: the fold errs on the safe side.

use jiff::Timestamp;

use super::{Load, Series, Table, TableKind, Workload, merge::collect_gaps};
use crate::format;

/// Monday, 5 January 1970, 00:00 UTC, in seconds since 1970.
const FIRST_MONDAY: i64 = 4 * 86_400;
/// Buckets that were observed less are left out where better ones exist.
const GOOD_SHARE: f64 = 0.5;

/// What comes round again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// 24 hours from midnight UTC.
    Day,
    /// Seven days from Monday, midnight UTC.
    Week,
}

impl Period {
    fn seconds(self) -> i64 {
        match self {
            Period::Day => 86_400,
            Period::Week => 7 * 86_400,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
        }
    }

    /// Seconds since the period began.
    fn phase(self, second: i64) -> i64 {
        match self {
            Period::Day => second.rem_euclid(86_400),
            Period::Week => (second - FIRST_MONDAY).rem_euclid(7 * 86_400),
        }
    }
}

/// Why a workload cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The period is not a whole number of buckets.
    #[error("buckets of {bucket_s} s do not fill a {period} evenly")]
    Uneven {
        /// Length of a bucket.
        bucket_s: u32,
        /// The period.
        period: &'static str,
    },
    /// Not 0 to 100.
    #[error("invalid percentile: it must lie between 0 and 100")]
    Percentile,
}

/// For each bucket of the period, the buckets of the run that fall there.
struct Slots {
    by_slot: Vec<Vec<usize>>,
    /// The same without those that were hardly observed, where others are.
    good: Vec<Vec<usize>>,
    percentile: f64,
}

impl Slots {
    fn new(workload: &Workload, period: Period, percentile: f64) -> Self {
        let bucket_s = i64::from(workload.bucket_s);
        let count = usize::try_from(period.seconds() / bucket_s).unwrap_or(1);
        let mut by_slot = vec![Vec::new(); count];
        for bucket in 0..workload.bucket_count as usize {
            // A run starts at any second: a bucket lies where most of it lies.
            let middle = workload.start.as_second() + bucket as i64 * bucket_s + bucket_s / 2;
            by_slot[(period.phase(middle) / bucket_s) as usize].push(bucket);
        }
        let validity = |bucket: usize| workload.validity.as_ref().map_or(1.0, |validity| validity.or_zero(bucket));
        let observed = |buckets: &Vec<usize>| -> Vec<usize> {
            let seen = buckets.iter().copied().filter(|bucket| workload.cluster_wal_bytes_per_s.at(*bucket).is_some());
            let (good, poor): (Vec<usize>, Vec<usize>) = seen.partition(|bucket| validity(*bucket) >= GOOD_SHARE);
            if good.is_empty() { poor } else { good }
        };
        Slots { good: by_slot.iter().map(observed).collect(), by_slot, percentile }
    }

    fn fold(&self, series: &Series) -> Series {
        if let Series::Constant(value) = series
            && self.good.iter().all(|buckets| !buckets.is_empty())
        {
            return Series::Constant(*value);
        }
        let of_slot = |buckets: &Vec<usize>| {
            let mut values: Vec<f64> = buckets.iter().filter_map(|bucket| series.at(*bucket)).collect();
            percentile(&mut values, self.percentile)
        };
        Series::Buckets(self.good.iter().map(of_slot).collect())
    }
}

/// By linear interpolation between the two nearest (Hyndman and Fan's type 7, 1996, doi:10.2307/2684934); NaN of none.
fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let at = percent / 100.0 * last as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

/// How a run folds: for its tables one by one.
pub struct Folding {
    slots: Slots,
    period: Period,
    start: Timestamp,
}

impl Folding {
    /// For a run whose tables may be elsewhere.
    ///
    /// # Errors
    /// [`FoldError`] when the buckets do not fill the period evenly.
    pub fn new(workload: &Workload, period: Period, percentile: f64) -> Result<Self, FoldError> {
        if !(0.0..=100.0).contains(&percentile) {
            return Err(FoldError::Percentile);
        }
        let bucket_s = i64::from(workload.bucket_s.max(1));
        if period.seconds() % bucket_s != 0 {
            return Err(FoldError::Uneven { bucket_s: workload.bucket_s, period: period.noun() });
        }
        let start = workload.start.as_second() + bucket_s / 2;
        let start = Timestamp::from_second(start - period.phase(start)).unwrap_or(workload.start);
        Ok(Folding { slots: Slots::new(workload, period, percentile), period, start })
    }

    /// All but the tables, which stay as they are.
    pub fn frame(&self, mut workload: Workload) -> Workload {
        let (slots, noun) = (&self.slots, self.period.noun());
        let count = slots.by_slot.len();
        workload.validity = validity(&workload, slots);
        workload.tool = format::TOOL.to_owned();
        workload.start = self.start;
        workload.bucket_count = u32::try_from(count).unwrap_or(u32::MAX);
        workload.cluster_wal_bytes_per_s = slots.fold(&workload.cluster_wal_bytes_per_s);
        workload.cluster_transactions_per_s = slots.fold(&workload.cluster_transactions_per_s);
        let missing = (0..count).filter(|slot| slots.good[*slot].is_empty());
        workload.gaps = collect_gaps(missing.map(|slot| (slot, format!("never observed in this hour of the {noun}"))));
        let (fewest, most) = slots.good.iter().map(Vec::len).fold((usize::MAX, 0), |(a, b), n| (a.min(n), b.max(n)));
        let percentile = slots.percentile;
        workload.notes.insert(
            0,
            format!(
                "folded into a {noun}: each bucket is the {percentile}th percentile of {fewest} to {most} observed ones"
            ),
        );
        workload
    }

    /// One table's load.
    pub fn table(&self, mut table: Table) -> Table {
        if table.kind == TableKind::Partitioned {
            return table;
        }
        let (slots, load) = (&self.slots, &table.load);
        table.load = Load {
            inserts_per_s: slots.fold(&load.inserts_per_s),
            updates_per_s: slots.fold(&load.updates_per_s),
            hot_updates_per_s: slots.fold(&load.hot_updates_per_s),
            deletes_per_s: slots.fold(&load.deletes_per_s),
            toast_chunks_per_s: slots.fold(&load.toast_chunks_per_s),
            wal_bytes_per_s: slots.fold(&load.wal_bytes_per_s),
            logical_bytes_per_s: slots.fold(&load.logical_bytes_per_s),
            transactions_per_s: load.transactions_per_s.as_ref().map(|series| slots.fold(series)),
            burst_wal_bytes: load.burst_wal_bytes,
            burst_s: load.burst_s,
        };
        table.canonicalize();
        table
    }
}

/// Folds a workload of several periods into one. Its start is the period's in which the run began.
///
/// # Errors
/// [`FoldError`] when the buckets do not fill the period evenly.
pub fn fold(workload: &Workload, period: Period, percentile: f64) -> Result<Workload, FoldError> {
    let folding = Folding::new(workload, period, percentile)?;
    let mut folded = folding.frame(workload.clone());
    folded.tables = std::mem::take(&mut folded.tables).into_iter().map(|table| folding.table(table)).collect();
    folded.canonicalize();
    Ok(folded)
}

/// Share of the buckets that fall into each slot that was observed.
fn validity(workload: &Workload, slots: &Slots) -> Option<Series> {
    let share = |bucket: &usize| match workload.cluster_wal_bytes_per_s.at(*bucket) {
        Some(_) => workload.validity.as_ref().map_or(1.0, |validity| validity.or_zero(*bucket)),
        None => 0.0,
    };
    let of_slot = |buckets: &Vec<usize>| match buckets.len() {
        0 => 0.0,
        count => buckets.iter().map(share).sum::<f64>() / count as f64,
    };
    let shares: Box<[f64]> = slots.by_slot.iter().map(of_slot).collect();
    shares.iter().any(|share| *share < 1.0).then_some(Series::Buckets(shares))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{table, workload};
    use super::*;

    /// Three weeks of days, from a Wednesday.
    fn three_weeks() -> Workload {
        let mut run = workload(vec![table("a", 0.0)]);
        run.start = "2026-01-07T06:00:00Z".parse().unwrap();
        run.bucket_s = 86_400;
        run.bucket_count = 21;
        let values: Vec<f64> = (0..21).map(f64::from).collect();
        run.tables[0].load.wal_bytes_per_s = Series::Buckets(values.clone().into());
        run.cluster_wal_bytes_per_s = Series::Buckets(values.into());
        run
    }

    #[test]
    fn days_fall_on_their_weekdays() {
        let folded = fold(&three_weeks(), Period::Week, 50.0).unwrap();
        assert_eq!((folded.bucket_count, folded.start.to_string().as_str()), (7, "2026-01-05T00:00:00Z"));
        // Wednesdays were 0, 7, 14; Mondays 5, 12, 19
        let wal = &folded.tables[0].load.wal_bytes_per_s;
        assert_eq!((wal.at(2), wal.at(0)), (Some(7.0), Some(12.0)));
        let high = fold(&three_weeks(), Period::Week, 95.0).unwrap();
        assert!((high.tables[0].load.wal_bytes_per_s.at(2).unwrap() - 13.3).abs() < 1e-9); // 7 + 0.9 * 7
        assert_eq!(folded.validity, None);
        super::super::check::validate(&folded).unwrap();
    }

    #[test]
    fn what_was_hardly_observed_does_not_decide() {
        let mut run = three_weeks();
        let mut validity = vec![1.0; 21];
        validity[14] = 0.1;
        run.validity = Some(Series::Buckets(validity.into()));
        let folded = fold(&run, Period::Week, 100.0).unwrap();
        assert_eq!(folded.tables[0].load.wal_bytes_per_s.at(2), Some(7.0));
        assert!((folded.validity.unwrap().at(2).unwrap() - 0.7).abs() < 1e-12);
    }

    #[test]
    fn weekdays_that_were_never_observed_are_gaps() {
        let mut run = three_weeks();
        run.bucket_count = 3;
        for series in [&mut run.tables[0].load.wal_bytes_per_s, &mut run.cluster_wal_bytes_per_s] {
            *series = Series::Buckets([1.0, 2.0, 3.0].into());
        }
        let folded = fold(&run, Period::Week, 95.0).unwrap();
        assert_eq!(folded.gaps.len(), 2); // Monday and Tuesday, Saturday and Sunday
        assert!((folded.observed_share() - 3.0 / 7.0).abs() < 1e-12);
        assert_eq!(fold(&run, Period::Day, 50.0).unwrap().bucket_count, 1);
        run.bucket_s = 7000;
        assert!(fold(&run, Period::Week, 50.0).unwrap_err().to_string().contains("7000 s do not fill a week"));
        assert_eq!(fold(&run, Period::Day, 101.0), Err(FoldError::Percentile));
    }
}
