//! `sample --from-prometheus`: history instead of waiting, joined with one live reading of the catalog.
#![expect(clippy::disallowed_methods, reason = "this is the edge: history ends now unless told otherwise")]

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pgslotplan::{
    format,
    pg::{catalog::read_catalog, connect::Session, counters::read_counters, facts::read_facts},
    prometheus::{
        Access, Client, PrometheusError,
        family::FAMILIES,
        history::{HistoryError, HistoryRequest, read_history},
        shown_url,
    },
    workload::{
        check,
        history::{self, LiveReading},
    },
};

use super::{
    super::{
        connection::server_failure,
        files,
        output::{Exit, Failure, Teller},
    },
    args::{HistoryArgs, SampleArgs},
    run::check_extensions,
};

/// The most buckets of a history: four weeks of minutes, or twenty years of hours.
const MOST_BUCKETS: f64 = 200_000.0;

/// How to reach it.
fn access(history: &HistoryArgs) -> Result<Access, Failure> {
    let first_line = |path: &PathBuf| -> Result<String, Failure> {
        Ok(files::read_text(path)?.lines().next().unwrap_or_default().trim().to_owned())
    };
    let basic = match &history.prometheus_login {
        Some(path) => match first_line(path)?.split_once(':') {
            Some((user, password)) => Some((user.to_owned(), password.to_owned())),
            None => {
                return Err(Failure::new(format!("{} does not hold user:password", files::shown(path))));
            }
        },
        None => None,
    };
    Ok(Access {
        url: history.from_prometheus.clone().unwrap_or_default(),
        headers: history.prometheus_header.clone(),
        bearer: history.prometheus_token.as_ref().map(first_line).transpose()?,
        basic,
        authorities: history.prometheus_ca.as_deref().map(files::read_bytes).transpose()?,
    })
}

/// Reads history and catalog, and writes the workload.
pub async fn run(args: &SampleArgs, session: &Session, output: &Path, teller: &Teller) -> Result<Exit, Failure> {
    let history = &args.history;
    let count = (args.duration / args.bucket).floor();
    if !(1.0..=MOST_BUCKETS).contains(&count) {
        return Err(Failure::new("invalid --duration: it must hold at least one bucket, and at most 200,000")
            .hint("Change --duration or --bucket."));
    }
    let access = access(history)?;
    let client = Client::new(&access).map_err(prometheus_failure)?;
    let live = read_live(args, session, teller).await?;
    let bucket_s = args.bucket as u32;
    let until = history.until.unwrap_or_else(Timestamp::now).as_second();
    // Buckets begin at whole multiples of their length, so that hours are hours.
    let end = until - until.rem_euclid(i64::from(bucket_s));
    let start = end - i64::from(bucket_s) * count as i64;
    let request = HistoryRequest {
        database: live.database.clone(),
        selector: history.selector.trim().trim_start_matches('{').trim_end_matches('}').to_owned(),
        start,
        bucket_s,
        bucket_count: count as usize,
    };
    teller.explain(&format!("asking Prometheus at {} for {count} buckets", shown_url(&access.url)));
    let rows = read_history(&client, &request).map_err(|error| history_failure(error, &access))?;
    let start = Timestamp::from_second(start).map_err(|error| Failure::new("invalid --until").source(error))?;
    let workload = history::to_workload(&live, &rows, start, bucket_s).map_err(join_failure)?;
    for note in &workload.notes {
        teller.note(note);
    }
    check::validate(&workload)
        .map_err(|error| Failure::new("internal error: the workload is invalid").source(error))?;
    files::write_bytes(output, args.force.existing(), &format::write(&workload))?;
    if !files::is_standard(output) {
        teller.note(&format!("wrote {}", files::shown(output)));
    }
    Ok(Exit::Done)
}

async fn read_live(args: &SampleArgs, session: &Session, teller: &Teller) -> Result<LiveReading, Failure> {
    let mut report = read_facts(session).await.map_err(server_failure)?;
    report.facts.cores = args.cores;
    check_extensions(&report)?;
    report.notes.iter().for_each(|note| teller.warning(note));
    let counters = read_counters(session).await.map_err(server_failure)?;
    let catalog = read_catalog(session, &counters, &args.scope()).await.map_err(server_failure)?;
    Ok(LiveReading { server: report.facts, database: report.database, catalog, counters })
}

fn prometheus_failure(error: PrometheusError) -> Failure {
    let (exit, hint) = match &error {
        PrometheusError::Url(_) | PrometheusError::Certificates(_) => (Exit::Usage, None),
        PrometheusError::Unreachable { reason, .. } if reason.contains("certificate") => (
            Exit::Connection,
            Some("The server's certificate is not signed by a known authority; name it with --prometheus-ca."),
        ),
        PrometheusError::Unreachable { .. } => (Exit::Connection, Some("Is the address right, with its path prefix?")),
        PrometheusError::Refused { status: 401 | 403, .. } => (
            Exit::Connection,
            Some("Give --prometheus-token, --prometheus-login or --prometheus-header (Mimir wants X-Scope-OrgID)."),
        ),
        PrometheusError::Refused { status: 300..=399, .. } => (
            Exit::Server,
            Some("Redirects are not followed, since headers and logins are for one server: name that one."),
        ),
        PrometheusError::Refused { status: 404, .. } => (Exit::Server, Some("The address may lack its path prefix.")),
        PrometheusError::Refused { .. } => (Exit::Server, None),
        PrometheusError::Answer { .. } => {
            (Exit::Server, Some("Something else than Prometheus answers at this address."))
        }
    };
    let failure = Failure::from(error).exit(exit);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn history_failure(error: HistoryError, access: &Access) -> Failure {
    match error {
        HistoryError::Prometheus(error) => prometheus_failure(error),
        HistoryError::SeveralInstances(ref instances) => {
            let shown: Vec<&str> = instances.iter().take(5).map(String::as_str).collect();
            let detail = format!("Instances: {{{}}}.", shown.join("}, {"));
            Failure::from(error)
                .detail(detail)
                .hint("Choose the primary's with --selector, as in --selector 'instance=\"db1:9187\"'.")
        }
        HistoryError::TooManyTables(_) => {
            Failure::from(error).hint("Take longer buckets (--bucket) or less time (--duration).")
        }
        HistoryError::NoSeries { .. } => {
            let names: Vec<String> = FAMILIES.iter().map(|family| format!("{}ins", family.prefix)).collect();
            Failure::from(error)
                .detail(format!("Looked for {} at {}.", names.join(", "), shown_url(&access.url)))
                .hint("Is the exporter connected to this database, and is its table collector on? See --selector and --duration.")
        }
    }
}

fn join_failure(error: history::HistoryError) -> Failure {
    let hint = match &error {
        history::HistoryError::NothingObserved => "Take longer buckets (--bucket): at least two readings each.",
        history::HistoryError::OtherDatabase(_) => "Is it the right database, and the right --selector?",
        history::HistoryError::NoTable(_) => "Check the database's name, and --exclude and --include.",
    };
    Failure::from(error).hint(hint)
}
