//! The options of `sample`. What they mean together is checked in `mod.rs`.

use std::path::PathBuf;

use jiff::Timestamp;
use pgslotplan::{pg::catalog::CatalogScope, policy::Pattern, units, workload::method::SampleMethod};

use super::super::{
    connection::PublisherArgs,
    files::{Existing, ForceArg},
    workload::FoldPeriod,
};

/// How load is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Method {
    /// The best that the role may use
    Auto,
    /// Counters and a model of WAL records
    Counters,
    /// Counters, corrected by reading WAL (15 and later)
    Walinspect,
    /// Counters, corrected by peeking a temporary slot
    Decode,
}

impl From<Method> for SampleMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Auto => SampleMethod::Auto,
            Method::Counters => SampleMethod::Counters,
            Method::Walinspect => SampleMethod::Walinspect,
            Method::Decode => SampleMethod::Decode,
        }
    }
}

/// Observe a publisher
///
/// Reads counters and catalog, changes nothing. Needs CONNECT and pg_monitor. Every snapshot is kept in
/// FILE.samples.jsonl at once; Ctrl-C folds what there is into FILE.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan sample 'host=db1 dbname=shop user=monitor' --duration 24h -o workload.json"
)]
pub struct SampleArgs {
    #[command(flatten)]
    pub(super) publisher: PublisherArgs,
    /// Workload to write; `-` is standard output, `*.zst` is compressed; with --database or --all-databases a folder
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Sample this database too (may be repeated): a workload for each, in the folder of --output
    #[arg(long, value_name = "NAME", conflicts_with = "all_databases")]
    pub(super) database: Vec<String>,
    /// Sample all databases of the server that hold tables and that the role may connect to
    #[arg(long)]
    pub(super) all_databases: bool,
    #[command(flatten)]
    pub(super) force: ForceArg,
    /// How long to observe, as in `24h` or `7d`
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = units::parse_seconds)]
    pub(super) duration: f64,
    /// Time between two readings [default: 10s, 30s above 10,000 tables]
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds)]
    pub(super) interval: Option<f64>,
    /// Length of a bucket, whose mean rate is kept
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = units::parse_seconds)]
    pub(super) bucket: f64,
    /// How load is measured
    #[arg(long, value_name = "METHOD", default_value = "auto", hide_possible_values = true)]
    #[arg(
        long_help = "How load is measured: counters and a model of WAL records; walinspect, which corrects the model by \
        reading WAL (15 and later, needs EXECUTE on its functions); decode, which peeks a temporary slot of test_decoding for \
        transactions and bytes sent (needs REPLICATION and --allow-temporary-objects); auto: all that the role may use"
    )]
    pub(super) method: Method,
    /// Make a temporary slot for decode; it ends with the session and leaves nothing
    #[arg(long)]
    pub(super) allow_temporary_objects: bool,
    /// Two readings, one interval apart: a first look
    #[arg(long, conflicts_with_all = ["resume", "duration"])]
    pub(super) once: bool,
    /// Continue FILE.samples.jsonl; --duration counts what it holds
    #[arg(long)]
    pub(super) resume: bool,
    /// Size at which FILE.samples.jsonl becomes a compressed part and a new one is begun
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = rotation)]
    pub(super) rotate: u64,
    /// Fold the result into a typical day or week, as `workload fold` does
    #[arg(long, value_name = "PERIOD")]
    pub(super) fold: Option<FoldPeriod>,
    /// Percentile of the fold
    #[arg(long, value_name = "N", default_value_t = 95.0, requires = "fold")]
    pub(super) percentile: f64,
    /// Take in tables that an extension owns (name or pattern; may be repeated)
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Leave tables out (name or pattern; may be repeated)
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Processor cores of the publisher, which no view tells
    #[arg(long, value_name = "N")]
    pub(super) cores: Option<u32>,
    #[command(flatten)]
    pub(super) history: HistoryArgs,
}

impl SampleArgs {
    /// Which tables are wanted.
    pub(super) fn scope(&self) -> CatalogScope {
        CatalogScope {
            include: self.include.iter().cloned().map(Pattern).collect(),
            exclude: self.exclude.iter().cloned().map(Pattern).collect(),
        }
    }

    /// Whether databases are named one by one, and the output is a folder.
    pub(super) fn is_of_several(&self) -> bool {
        self.all_databases || !self.database.is_empty()
    }

    /// What happens to a workload that exists: a run that is continued replaces its own.
    pub(super) fn existing(&self) -> Existing {
        if self.resume { Existing::Replace } else { self.force.existing() }
    }
}

fn rotation(text: &str) -> Result<u64, String> {
    match units::parse_bytes(text) {
        Ok(bytes) if bytes >= 1_000_000 => Ok(bytes),
        Ok(_) => Err("expected at least 1MB".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Where history comes from.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "History instead of waiting")]
pub struct HistoryArgs {
    /// Read the last --duration from this Prometheus, Thanos, Mimir or VictoriaMetrics, with one live catalog read
    #[arg(long, value_name = "URL", env = "PGSLOTPLAN_PROMETHEUS", hide_env_values = true,
          conflicts_with_all = ["once", "resume", "interval"])]
    pub(super) from_prometheus: Option<String>,
    /// More label matchers, where several servers are monitored: `instance="db1:9187"`
    #[arg(long, value_name = "MATCHERS", requires = "from_prometheus", default_value = "", hide_default_value = true)]
    pub(super) selector: String,
    /// End of the history [default: now]
    #[arg(long, value_name = "TIME", requires = "from_prometheus")]
    pub(super) until: Option<Timestamp>,
    /// Header of every query, as in `X-Scope-OrgID: team`; repeatable
    #[arg(long, value_name = "NAME: VALUE", requires = "from_prometheus", value_parser = header)]
    pub(super) prometheus_header: Vec<(String, String)>,
    /// File with a bearer token
    #[arg(long, value_name = "FILE", requires = "from_prometheus")]
    pub(super) prometheus_token: Option<PathBuf>,
    /// File with `user:password` for basic authentication
    #[arg(long, value_name = "FILE", requires = "from_prometheus", conflicts_with = "prometheus_token")]
    pub(super) prometheus_login: Option<PathBuf>,
    /// PEM file of the authorities that sign the server's certificate [default: the system's]
    #[arg(long, value_name = "FILE", requires = "from_prometheus")]
    pub(super) prometheus_ca: Option<PathBuf>,
}

impl std::fmt::Debug for HistoryArgs {
    /// Address and headers may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryArgs").finish_non_exhaustive()
    }
}

impl HistoryArgs {
    /// Whether history is wanted.
    pub fn is_wanted(&self) -> bool {
        self.from_prometheus.is_some()
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("expected NAME: VALUE")?;
    let (name, value) = (name.trim(), value.trim());
    let token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(token) || value.chars().any(char::is_control) {
        return Err("expected NAME: VALUE".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}
