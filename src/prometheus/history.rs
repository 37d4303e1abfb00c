//! The row counters of one database over weeks, asked for in pieces that any server answers.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Client, PrometheusError,
    answer::SeriesAnswer,
    family::{FAMILIES, Family, quoted},
};
use crate::{names::TableName, workload::history::RowHistory};

/// Servers refuse more than 11,000 values a series; a little is left.
const VALUES_PER_SERIES: usize = 10_000;
/// Values in one answer, over all its series: about 30 MB.
const VALUES_PER_ANSWER: usize = 1_000_000;
/// So many instances are told apart; one is right.
const MOST_INSTANCES: usize = 100;
/// Tables times buckets: 20,000 tables over four weeks of hours are a third of it.
const MOST_VALUES: usize = 40_000_000;
/// The counters, in the order of [`RowHistory::rows`].
const COUNTERS: [&str; 4] = ["ins", "upd", "hot_upd", "del"];

/// What is asked for.
#[derive(Debug, Clone)]
pub struct HistoryRequest {
    /// The database, as its exporter labels it.
    pub database: String,
    /// More matchers: `instance="db1:9187",cluster="shop"`. May be empty.
    pub selector: String,
    /// Start of the first bucket, seconds since the epoch.
    pub start: i64,
    /// Length of a bucket, seconds.
    pub bucket_s: u32,
    /// Number of buckets.
    pub bucket_count: usize,
}

/// Why there is no history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The server.
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    /// No family has a series of the database.
    #[error("Prometheus has no row counters of database \"{database}\" in that time")]
    NoSeries {
        /// Which.
        database: String,
    },
    /// More tables than can be.
    #[error("Prometheus has row counters of more than {0} tables of that database")]
    TooManyTables(usize),
    /// More than one exporter or server: a standby's counters have the same table names.
    #[error("row counters of {} instances match, where one is needed", .0.len())]
    SeveralInstances(Vec<String>),
}

/// Reads the history.
///
/// # Errors
/// [`HistoryError`] when the server does not answer, has nothing, or has several instances.
pub fn read_history(client: &Client, request: &HistoryRequest) -> Result<RowHistory, HistoryError> {
    let family = find_family(client, request)?;
    let matchers = family.matchers(&request.database, &request.selector);
    let counter = |name: &str| format!("{}{name}{{{matchers}}}", family.prefix);
    let end = request.start + i64::from(request.bucket_s) * request.bucket_count as i64;
    let counted = client.instant(&format!("count({})", counter("ins")), end)?;
    let series_count = counted.first().and_then(|series| series.points.first()).map_or(1000.0, |(_, count)| *count);
    let pieces = Pieces::new(request, series_count as usize);
    let mut rows: BTreeMap<TableName, [Vec<f64>; 4]> = BTreeMap::new();
    let mut instances: BTreeSet<BTreeMap<String, String>> = BTreeSet::new();
    let most_tables = MOST_VALUES / request.bucket_count.max(1);
    let mut leaves_out = false;
    for (position, name) in COUNTERS.iter().enumerate() {
        // Buckets without a change are left out of the answer: most tables have many.
        let query = format!("increase({}[{}s]) > 0", counter(name), request.bucket_s);
        pieces.each(client, &query, |bucket, series, value| {
            if instances.len() <= MOST_INSTANCES {
                instances.insert(family.instance_of(series));
            }
            if let Some(table) = family.table_of(series) {
                if rows.len() >= most_tables && !rows.contains_key(&table) {
                    leaves_out = true;
                    return;
                }
                let of_table =
                    rows.entry(table).or_insert_with(|| std::array::from_fn(|_| vec![0.0; request.bucket_count]));
                of_table[position][bucket] += value;
            }
        })?;
    }
    if leaves_out {
        return Err(HistoryError::TooManyTables(most_tables));
    }
    let readings = read_readings(client, &pieces, request, &counter("ins"))?;
    if readings.iter().all(|count| *count == 0.0) {
        return Err(HistoryError::NoSeries { database: request.database.clone() });
    }
    if instances.len() > 1 {
        return Err(HistoryError::SeveralInstances(instances.iter().map(shown_instance).collect()));
    }
    let same_instance = instance_matchers(&request.selector, instances.first(), family);
    let wal_bytes = read_wal(client, &pieces, request, family, &same_instance)?;
    let commits = format!("sum(increase({}{{{same_instance}}}[{}s]))", family.commits, request.bucket_s);
    Ok(RowHistory {
        exporter: family.exporter.to_owned(),
        rows,
        readings,
        wal_bytes,
        commits: pieces.one_series(client, &commits, request.bucket_count)?,
    })
}

/// The family that has series of the database at the end of the time, or anywhere in it.
fn find_family(client: &Client, request: &HistoryRequest) -> Result<&'static Family, HistoryError> {
    let length = i64::from(request.bucket_s) * request.bucket_count as i64;
    for family in &FAMILIES {
        let matchers = family.matchers(&request.database, &request.selector);
        let query = format!("count(count_over_time({}ins{{{matchers}}}[{length}s]))", family.prefix);
        if !client.instant(&query, request.start + length)?.is_empty() {
            return Ok(family);
        }
    }
    Err(HistoryError::NoSeries { database: request.database.clone() })
}

/// Readings of the counters in each bucket.
fn read_readings(
    client: &Client,
    pieces: &Pieces,
    request: &HistoryRequest,
    counter: &str,
) -> Result<Vec<f64>, HistoryError> {
    let query = format!("max(count_over_time({counter}[{}s]))", request.bucket_s);
    let readings = pieces.one_series(client, &query, request.bucket_count)?;
    Ok(readings.unwrap_or_else(|| vec![0.0; request.bucket_count]))
}

/// WAL of the cluster by bucket, by the first counter that there is.
fn read_wal(
    client: &Client,
    pieces: &Pieces,
    request: &HistoryRequest,
    family: &Family,
    matchers: &str,
) -> Result<Option<Vec<f64>>, HistoryError> {
    for name in family.wal {
        let query = format!("max(increase({name}{{{matchers}}}[{}s]))", request.bucket_s);
        if let Some(bytes) = pieces.one_series(client, &query, request.bucket_count)? {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// Matchers of series of the same server that have no table: the user's, and the instance that was found.
fn instance_matchers(selector: &str, instance: Option<&BTreeMap<String, String>>, family: &Family) -> String {
    let without_database = selector.split(',').filter(|matcher| !matcher.trim_start().starts_with(family.database));
    let mut matchers: Vec<String> = without_database.filter(|text| !text.is_empty()).map(str::to_owned).collect();
    for label in ["instance", "sys_id", "pod"] {
        if let Some(value) = instance.and_then(|instance| instance.get(label)) {
            matchers.push(format!("{label}={}", quoted(value)));
        }
    }
    matchers.join(",")
}

fn shown_instance(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
    crate::names::one_line(&pairs.join(","))
}

/// The buckets of a request, cut into queries.
struct Pieces {
    start: i64,
    bucket_s: u32,
    /// First bucket and number of buckets of each query.
    parts: Vec<(usize, usize)>,
}

impl Pieces {
    fn new(request: &HistoryRequest, series_count: usize) -> Self {
        let most = (VALUES_PER_ANSWER / series_count.max(1)).clamp(1, VALUES_PER_SERIES);
        let parts = (0..request.bucket_count).step_by(most);
        Pieces {
            start: request.start,
            bucket_s: request.bucket_s,
            parts: parts.map(|first| (first, most.min(request.bucket_count - first))).collect(),
        }
    }

    /// Runs a query over all buckets; each value goes to `take` with its bucket. A value at the end of a bucket is its.
    fn each(
        &self,
        client: &Client,
        query: &str,
        mut take: impl FnMut(usize, &SeriesAnswer, f64),
    ) -> Result<(), PrometheusError> {
        let step = i64::from(self.bucket_s);
        for &(first, count) in &self.parts {
            let begin = self.start + step * (first as i64 + 1);
            let end = begin + step * (count as i64 - 1);
            for series in client.range(query, begin, end, self.bucket_s)? {
                for &(at, value) in series.points.iter().filter(|(_, value)| value.is_finite()) {
                    let bucket = first as f64 + ((at - begin as f64) / step as f64).round();
                    if bucket >= first as f64 && bucket < (first + count) as f64 {
                        take(bucket as usize, &series, value);
                    }
                }
            }
        }
        Ok(())
    }

    /// A query that answers one series without labels; `None` when it has no value at all.
    fn one_series(
        &self,
        client: &Client,
        query: &str,
        bucket_count: usize,
    ) -> Result<Option<Vec<f64>>, PrometheusError> {
        let mut values = vec![0.0; bucket_count];
        let mut any = false;
        self.each(client, query, |bucket, _, value| {
            values[bucket] = value;
            any = true;
        })?;
        Ok(any.then_some(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bucket_count: usize) -> HistoryRequest {
        HistoryRequest { database: "d".into(), selector: String::new(), start: 0, bucket_s: 60, bucket_count }
    }

    #[test]
    fn no_query_asks_for_more_than_servers_answer() {
        let pieces = Pieces::new(&request(40_320), 5); // four weeks of minutes
        assert!(pieces.parts.iter().all(|(_, count)| *count <= VALUES_PER_SERIES));
        assert_eq!(pieces.parts.iter().map(|(_, count)| count).sum::<usize>(), 40_320);
        assert_eq!(pieces.parts[1].0, pieces.parts[0].1);
        let pieces = Pieces::new(&request(672), 20_000);
        assert!(pieces.parts.iter().all(|(_, count)| count * 20_000 <= VALUES_PER_ANSWER));
    }

    #[test]
    fn series_without_a_table_are_of_the_same_instance() {
        let instance =
            BTreeMap::from([("instance".to_owned(), "db1:9187".to_owned()), ("job".to_owned(), "x".to_owned())]);
        let matchers = instance_matchers(r#"datname="shop",cluster="a""#, Some(&instance), &FAMILIES[0]);
        assert_eq!(matchers, r#"cluster="a",instance="db1:9187""#);
    }
}
