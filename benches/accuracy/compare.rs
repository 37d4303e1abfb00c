//! Two distributions over tables (and buckets) against each other.

use std::collections::{BTreeMap, BTreeSet};

/// How far an estimate is from the truth; per cent where not said otherwise.
pub struct Comparison {
    pub misalloc: f64,
    pub largest_error: f64,
    /// -1 to 1.
    pub rank_correlation: f64,
    pub hot_common: usize,
    pub hot_union: usize,
    /// Tables in one of the sets only, leaving out those whose true share is that at which the true set ends, give or take
    /// `TIE`: either of them makes the 80 %.
    pub hot_apart: usize,
    /// Estimate over truth.
    pub total: f64,
    pub bucket_misalloc: f64,
    /// Name, true share, estimated share; largest error first.
    pub shares: Vec<(String, f64, f64)>,
}

/// Shares that differ by less are the same: two tables written alike differ by as much from run to run.
const TIE: f64 = 0.05;

/// What is to be reached.
pub struct Goal {
    misalloc: f64,
    shares: bool,
}

impl Goal {
    pub fn wal(misalloc: f64) -> Self {
        Goal { misalloc, shares: true }
    }

    pub fn logical() -> Self {
        Goal { misalloc: 5.0, shares: false }
    }

    /// The goals that were not reached.
    pub fn missed(&self, outcome: &Comparison) -> Vec<String> {
        let mut missed = Vec::new();
        let mut check = |reached: bool, what: String| {
            if !reached {
                missed.push(what);
            }
        };
        check(outcome.misalloc <= self.misalloc, format!("misalloc {:.1} > {}", outcome.misalloc, self.misalloc));
        if self.shares {
            check(outcome.largest_error <= 2.5, format!("max pp {:.1} > 2.5", outcome.largest_error));
            check(outcome.rank_correlation >= 0.98, format!("rho {:.3} < 0.98", outcome.rank_correlation));
            let apart = outcome.hot_apart;
            check(apart <= 1, format!("hot80 differs by {apart} tables"));
            check((outcome.total - 1.0).abs() <= 0.05, format!("total {:.3} is not within 5 %", outcome.total));
            check(outcome.bucket_misalloc <= 8.0, format!("bucket {:.1} > 8", outcome.bucket_misalloc));
        }
        missed
    }
}

type ByBucket = BTreeMap<String, Vec<f64>>;

pub fn compare(truth: &ByBucket, estimate: &[(String, Vec<f64>)]) -> Comparison {
    let estimate: ByBucket = estimate.iter().cloned().collect();
    let names: BTreeSet<&String> = truth.keys().chain(estimate.keys()).collect();
    let sum = |of: &ByBucket, name: &String| of.get(name).map_or(0.0, |buckets| buckets.iter().sum::<f64>());
    let total = |of: &ByBucket| of.values().flatten().sum::<f64>();
    let (all_true, all_estimated) = (total(truth), total(&estimate));
    let mut shares: Vec<(String, f64, f64)> = names
        .iter()
        .map(|name| {
            let share = |of: &ByBucket, all: f64| 100.0 * sum(of, name) / all;
            ((*name).clone(), share(truth, all_true), share(&estimate, all_estimated))
        })
        .collect();
    let misalloc = shares.iter().map(|(_, truth, estimate)| (truth - estimate).abs()).sum::<f64>() / 2.0;
    let buckets = truth.values().chain(estimate.values()).map(Vec::len).max().unwrap_or(0);
    let cell = |of: &ByBucket, name: &String, bucket: usize, all: f64| {
        100.0 * of.get(name).and_then(|buckets| buckets.get(bucket)).copied().unwrap_or(0.0) / all
    };
    let apart = |name: &&String, bucket: usize| {
        (cell(truth, name, bucket, all_true) - cell(&estimate, name, bucket, all_estimated)).abs()
    };
    let bucket_misalloc: f64 =
        names.iter().map(|name| (0..buckets).map(|bucket| apart(name, bucket)).sum::<f64>()).sum::<f64>() / 2.0;
    let hot = |share: fn(&(String, f64, f64)) -> f64| -> BTreeSet<String> {
        let mut sorted: Vec<&(String, f64, f64)> = shares.iter().collect();
        sorted.sort_by(|a, b| share(b).total_cmp(&share(a)));
        let mut sum = 0.0;
        let needed = sorted.iter().take_while(|one| {
            let before = sum;
            sum += share(one);
            before < 80.0
        });
        needed.map(|(name, ..)| name.clone()).collect()
    };
    let (hot_true, hot_estimated) = (hot(|share| share.1), hot(|share| share.2));
    let true_share = |name: &String| shares.iter().find(|share| share.0 == *name).map_or(0.0, |share| share.1);
    let last = hot_true.iter().map(true_share).fold(f64::INFINITY, f64::min);
    let is_tie = |name: &&String| (true_share(name) / last - 1.0).abs() <= TIE;
    let hot_apart = hot_true.symmetric_difference(&hot_estimated).filter(|name| !is_tie(name)).count();
    let rank_correlation = rank_correlation(&shares);
    let largest_error = shares.iter().map(|(_, truth, estimate)| (truth - estimate).abs()).fold(0.0, f64::max);
    shares.sort_by(|a, b| (b.1 - b.2).abs().total_cmp(&(a.1 - a.2).abs()));
    Comparison {
        misalloc,
        largest_error,
        rank_correlation,
        hot_common: hot_true.intersection(&hot_estimated).count(),
        hot_union: hot_true.union(&hot_estimated).count(),
        hot_apart,
        total: all_estimated / all_true,
        bucket_misalloc,
        shares,
    }
}

/// Spearman's, over tables with more than 0.01 % of the truth.
fn rank_correlation(shares: &[(String, f64, f64)]) -> f64 {
    let kept: Vec<(f64, f64)> = shares.iter().filter(|share| share.1 > 0.01).map(|share| (share.1, share.2)).collect();
    let ranks = |value: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        let below = |one: &(f64, f64)| kept.iter().filter(|other| value(other) < value(one)).count();
        let equal = |one: &(f64, f64)| kept.iter().filter(|other| value(other) == value(one)).count();
        kept.iter().map(|one| below(one) as f64 + (equal(one) as f64 - 1.0) / 2.0).collect()
    };
    let (x, y) = (ranks(|pair| pair.0), ranks(|pair| pair.1));
    let mean = (kept.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt()
}
