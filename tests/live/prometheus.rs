//! `sample --from-prometheus` against a real Prometheus server: what a real exporter recorded, weeks that were loaded into
//! its storage, and how it ends when a server wants a login, has several instances, or nothing.

use std::{
    fmt::Write as _,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    prometheus::{Access, Client},
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::{Method, Workload},
};

use crate::{bench::case, pair::bare};

const LIMIT: Duration = Duration::from_secs(60);
/// 2026-01-05T00:00:00Z, a Monday.
const MONDAY: i64 = 1_767_571_200;
const DAYS: i64 = 14;
/// Time between two readings of the loaded weeks.
const SCRAPE_S: i64 = 300;

pub fn trials() -> Vec<Trial> {
    vec![
        case("prometheus::an_exporters_record_is_the_truth", 1, recorded_by_an_exporter),
        case("prometheus::weeks_of_every_exporter_come_in", 1, loaded_weeks),
        case("prometheus::logins_and_certificates", 1, logins),
    ]
}

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<u16, Failed> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn wait_for(what: &str, mut condition: impl FnMut() -> Result<bool, Failed>) -> Result<(), Failed> {
    let begun = Instant::now();
    while !condition()? {
        assert!(begun.elapsed() < LIMIT, "waited too long for {what}");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// A Prometheus server with its data in a folder.
pub(crate) struct Prometheus {
    _process: Running,
    pub(crate) url: String,
}

impl Prometheus {
    fn start(folder: &Path, config: &str, web: Option<&Path>, access: impl Fn(&str) -> Access) -> Result<Self, Failed> {
        let port = free_port()?;
        fs::write(folder.join("prometheus.yml"), config)?;
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--storage.tsdb.retention.time=100y");
        if let Some(web) = web {
            command.arg(format!("--web.config.file={}", web.display()));
        }
        let log = fs::File::create(folder.join("prometheus.log"))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let process = Running(child.map_err(|error| format!("prometheus: {error}"))?);
        let url = format!("{}://localhost:{port}", if web.is_some() { "https" } else { "http" });
        let client = Client::new(&access(&url))?;
        wait_for("Prometheus", || Ok(client.instant("vector(1)", MONDAY).is_ok())).inspect_err(|_| {
            eprintln!("{}", fs::read_to_string(folder.join("prometheus.log")).unwrap_or_default());
        })?;
        Ok(Prometheus { _process: process, url })
    }

    pub(crate) fn plain(folder: &Path, config: &str) -> Result<Self, Failed> {
        Self::start(folder, config, None, |url| Access { url: url.to_owned(), ..Access::default() })
    }

    fn client(&self) -> Result<Client, Failed> {
        Ok(Client::new(&Access { url: self.url.clone(), ..Access::default() })?)
    }
}

pub(crate) fn sample(cluster: &Cluster, database: &str, arguments: &[&str], output: &Path) -> Result<Output, Failed> {
    let mut command = bare(env!("CARGO_BIN_EXE_pgslotplan"));
    command.args(["sample", &cluster.conninfo(database), "--force", "-o"]).arg(output).args(arguments);
    Ok(command.stdin(Stdio::null()).output()?)
}

fn good(cluster: &Cluster, database: &str, arguments: &[&str], output: &Path) -> Result<Workload, Failed> {
    let outcome = sample(cluster, database, arguments, output)?;
    assert!(outcome.status.success(), "{}", error_text(&outcome));
    Ok(format::read(&fs::read(output)?)?)
}

fn error_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn load<'a>(workload: &'a Workload, name: &str) -> &'a pgslotplan::workload::Load {
    let table = workload.tables.iter().find(|table| table.name == name);
    &table.unwrap_or_else(|| panic!("no table {name}")).load
}

/// The sum over all buckets of a rate, in rows.
fn sum(workload: &Workload, series: &pgslotplan::workload::Series) -> f64 {
    (0..workload.bucket_count as usize).map(|bucket| series.or_zero(bucket)).sum::<f64>() * f64::from(workload.bucket_s)
}

/// The query of postgres_exporter's own example file; releases from 0.12 on have it built in, under the same names.
const QUERIES: &str = "
pg_stat_user_tables:
  query: \"SELECT current_database() datname, schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd
           FROM pg_stat_user_tables\"
  metrics:
    - datname: {usage: LABEL, description: database}
    - schemaname: {usage: LABEL, description: schema}
    - relname: {usage: LABEL, description: table}
    - n_tup_ins: {usage: COUNTER, description: inserted}
    - n_tup_upd: {usage: COUNTER, description: updated}
    - n_tup_del: {usage: COUNTER, description: deleted}
    - n_tup_hot_upd: {usage: COUNTER, description: HOT updated}
";

fn recorded_by_an_exporter(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(15, &ClusterSettings::new().with_tcp())?;
    cluster
        .psql(
            "postgres",
            "CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
         CREATE TABLE counters (id int PRIMARY KEY, n int) WITH (fillfactor = 50);
         CREATE TABLE documents (id bigserial PRIMARY KEY, body text);
         ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
         INSERT INTO orders (note) SELECT repeat('x', 50) FROM generate_series(1, 1000);
         INSERT INTO counters SELECT g, 0 FROM generate_series(1, 100) g;
         INSERT INTO documents (body) SELECT repeat(md5(g::text), 250) FROM generate_series(1, 20) g;
         ANALYZE;",
        )?
        .success()?;
    // A session reports its counters late: what is there before must not come as a rise while the exporter looks.
    cluster.wait_until("postgres", "SELECT sum(n_tup_ins) >= 1120 FROM pg_stat_user_tables", LIMIT)?;
    let folder = tempfile::tempdir()?;
    let exporter_port = free_port()?;
    let conninfo = cluster.tcp_conninfo("postgres").ok_or("the server listens")?;
    fs::write(folder.path().join("queries.yml"), QUERIES)?;
    let exporter = Command::new("prometheus-postgres-exporter")
        .env("DATA_SOURCE_NAME", format!("{conninfo} user=postgres sslmode=disable").replace('\'', ""))
        .arg(format!("--extend.query-path={}", folder.path().join("queries.yml").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{exporter_port}"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.path().join("exporter.log"))?)
        .spawn();
    let _exporter = Running(exporter.map_err(|error| format!("prometheus-postgres-exporter: {error}"))?);
    let config = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\nscrape_configs:\n- job_name: pg\n  static_configs: [{{targets: ['127.0.0.1:{exporter_port}']}}]\n"
    );
    let prometheus = Prometheus::plain(folder.path(), &config)?;
    let client = prometheus.client()?;
    let recorded = |counter: &str, table: &str| -> Result<f64, Failed> {
        let now = jiff::Timestamp::now().as_second() + 1;
        let series = client.instant(&format!("pg_stat_user_tables_n_tup_{counter}{{relname=\"{table}\"}}"), now)?;
        Ok(series.first().and_then(|series| series.points.first()).map_or(-1.0, |(_, value)| *value))
    };
    wait_for("the exporter's first series", || Ok(recorded("ins", "orders")? >= 1000.0))?;
    // Statements of their own: a session reports its counters between statements, at most once a second.
    let write: String = (1..=100)
        .map(|i| {
            let document = match i % 10 {
                0 => format!("INSERT INTO documents (body) VALUES (repeat(md5('{i}'), 250));"),
                _ => String::new(),
            };
            format!(
                "INSERT INTO orders (note) SELECT repeat('y', 50) FROM generate_series(1, 20);
                 UPDATE counters SET n = n + 1 WHERE id = {i}; {document} SELECT pg_sleep(0.1);\n"
            )
        })
        .collect();
    let measured = |round: u32| -> Result<Workload, Failed> {
        cluster.psql("postgres", &write)?.success()?;
        let written = jiff::Timestamp::now().as_second();
        wait_for("the exporter's last series", || {
            let rows = f64::from(round);
            Ok(recorded("ins", "orders")? >= 1000.0 + 2000.0 * rows && recorded("upd", "counters")? >= 100.0 * rows)
        })?;
        // The last bucket is to be a whole one.
        let until = (written / 5 + 2) * 5;
        wait_for("the last bucket to be over", || Ok(jiff::Timestamp::now().as_second() > until))?;
        let until = jiff::Timestamp::from_second(until)?.to_string();
        let arguments =
            ["--from-prometheus", &prometheus.url, "--duration", "30s", "--bucket", "5s", "--until", &until];
        good(&cluster, "postgres", &arguments, &folder.path().join(format!("w{round}.json")))
    };
    // Counters come a second late and buckets are five, so a part of each change falls between two of them. Where a busy
    // machine misses scrapes, `increase` extrapolates over them: such a round is measured again.
    let wrong = |workload: &Workload| {
        [
            ("orders", sum(workload, &load(workload, "orders").inserts_per_s), 2000.0),
            ("counters", sum(workload, &load(workload, "counters").updates_per_s), 100.0),
        ]
        .into_iter()
        .find(|(_, found, truth)| !(0.75..1.25).contains(&(found / truth)))
    };
    let mut workload = measured(1)?;
    for round in 2..=4 {
        if wrong(&workload).is_none() {
            break;
        }
        // what was written before is not to be in the window
        std::thread::sleep(Duration::from_secs(30));
        workload = measured(round)?;
    }
    assert_eq!(workload.method, Method::Prometheus);
    assert!(wrong(&workload).is_none(), "found and in truth: {:?}", wrong(&workload));
    let hot = sum(&workload, &load(&workload, "counters").hot_updates_per_s);
    assert!(hot > 75.0, "{hot}");
    // 8,000 bytes are five chunks; the ratio comes from the live counters.
    let documents = load(&workload, "documents");
    let chunks = sum(&workload, &documents.toast_chunks_per_s) / sum(&workload, &documents.inserts_per_s);
    assert!((chunks - 5.0).abs() < 0.01, "{chunks}");
    assert!(workload.notes.iter().any(|note| note.contains("postgres_exporter")), "{:?}", workload.notes);
    Ok(())
}

/// Counters as an exporter would have given them: `orders` gets ten rows a second by day and one by night, its server is
/// started again on day 9; `customers` two updates a second, one of them HOT; on day 4 nobody looked for six hours.
pub(crate) fn openmetrics(prefix: &str, labels: impl Fn(&str) -> String, wal: &str, wal_labels: &str) -> String {
    let mut text = String::new();
    let mut series: Vec<(String, Vec<(i64, f64)>)> = Vec::new();
    let read = |at: i64| !(4 * 86_400..4 * 86_400 + 6 * 3600).contains(&(at - MONDAY));
    let times: Vec<i64> = (0..=DAYS * 86_400 / SCRAPE_S).map(|i| MONDAY + i * SCRAPE_S).collect();
    let mut counted = |name: String, rate: &dyn Fn(i64) -> f64, resets: bool| {
        let mut value = 1000.0;
        let mut points = Vec::new();
        for &at in &times {
            if resets && at == MONDAY + 9 * 86_400 {
                value = 0.0;
            }
            if read(at) {
                points.push((at, value));
            }
            value += rate(at) * SCRAPE_S as f64;
        }
        series.push((name, points));
    };
    let by_day = |at: i64| if (8..20).contains(&((at - MONDAY) / 3600 % 24)) { 10.0 } else { 1.0 };
    for (counter, orders, customers) in [
        ("ins", &by_day as &dyn Fn(i64) -> f64, 0.0),
        ("upd", &|_| 0.0, 2.0),
        ("hot_upd", &|_| 0.0, 1.0),
        ("del", &|_| 0.0, 0.0),
    ] {
        counted(format!("{prefix}{counter}{{{}}}", labels("orders")), orders, true);
        counted(format!("{prefix}{counter}{{{}}}", labels("customers")), &|_| customers, true);
    }
    counted(format!("{wal}{{{wal_labels}}}"), &|_| 50_000.0, false);
    for (name, points) in series {
        for (at, value) in points {
            let _ = writeln!(text, "{name} {value} {at}");
        }
    }
    text
}

fn loaded_weeks(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(17, &ClusterSettings::new())?;
    let tables =
        "CREATE TABLE orders (id bigint PRIMARY KEY, note text); CREATE TABLE customers (id bigint PRIMARY KEY, n int)";
    for database in ["shop", "kube", "watched"] {
        cluster.query("postgres", &format!("CREATE DATABASE {database}"))?;
        cluster.query(database, tables)?;
    }
    let folder = tempfile::tempdir()?;
    let exporter = |instance: &str, table: &str| {
        format!("datname=\"shop\",schemaname=\"public\",relname=\"{table}\",instance=\"{instance}\",job=\"pg\"")
    };
    let mut text = String::new();
    for instance in ["db1:9187", "db2:9187"] {
        let wal = format!("slot_name=\"s\",instance=\"{instance}\"");
        text += &openmetrics(
            "pg_stat_user_tables_n_tup_",
            |t| exporter(instance, t),
            "pg_replication_slots_slot_current_wal_lsn",
            &wal,
        );
    }
    let kube = |table: &str| format!("datname=\"kube\",schemaname=\"public\",relname=\"{table}\",pod=\"c-1\"");
    text += &openmetrics("cnpg_pg_stat_user_tables_n_tup_", kube, "cnpg_collector_wal_bytes", "pod=\"c-1\"");
    let watched = |table: &str| {
        format!("dbname=\"prod\",schema=\"public\",table_name=\"{table}\",table_full_name=\"public.{table}\"")
    };
    text += &openmetrics("pgwatch_table_stats_n_tup_", watched, "pgwatch_wal_xlog_location_b", "dbname=\"prod\"");
    text += "# EOF\n";
    load_blocks(folder.path(), &text)?;
    let prometheus = Prometheus::plain(folder.path(), "scrape_configs: []\n")?;
    let output = folder.path().join("w.json");
    let base = ["--from-prometheus", &prometheus.url, "--duration", "14d", "--until", "2026-01-19T00:10:00Z"];
    let with =
        |more: &[&'static str]| base.iter().copied().chain(more.iter().copied()).map(str::to_owned).collect::<Vec<_>>();
    let run = |database: &str, more: &[&'static str]| -> Result<Output, Failed> {
        let arguments = with(more);
        sample(&cluster, database, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), &output)
    };
    let refused = run("shop", &[])?;
    assert_eq!(refused.status.code(), Some(1));
    let message = error_text(&refused);
    assert!(
        message.contains("2 instances") && message.contains("instance=\"db2:9187\"") && message.contains("--selector"),
        "{message}"
    );
    for (database, selector) in [("shop", "{instance=\"db1:9187\"}"), ("kube", ""), ("watched", "dbname=\"prod\"")] {
        let more = if selector.is_empty() { vec![] } else { vec!["--selector", selector] };
        let outcome = run(database, &more)?;
        assert!(outcome.status.success(), "{database}: {}", error_text(&outcome));
        check_weeks(database, &format::read(&fs::read(&output)?)?);
    }
    // Minutes instead of hours: more buckets than one query may have.
    let minutes = run("kube", &["--bucket", "60s"])?;
    assert!(error_text(&minutes).contains("no bucket has enough readings"), "{}", error_text(&minutes));
    let none = run("postgres", &[])?;
    assert_eq!(none.status.code(), Some(1));
    assert!(error_text(&none).contains("no row counters of database \"postgres\""), "{}", error_text(&none));
    Ok(())
}

fn check_weeks(database: &str, workload: &Workload) {
    assert_eq!(workload.bucket_count, 336, "{database}");
    assert_eq!(workload.start.as_second(), MONDAY);
    assert_eq!(workload.database, database);
    let orders = &load(workload, "orders").inserts_per_s;
    for bucket in (0..336).filter(|bucket| !(95..103).contains(bucket) && !(215..218).contains(bucket)) {
        let truth = if (8..20).contains(&(bucket % 24)) { 10.0 } else { 1.0 };
        let found = orders.at(bucket).unwrap_or(f64::NAN);
        // The first reading after a change of rate belongs to the hour before.
        let tolerance = if matches!(bucket % 24, 8 | 20) { 0.8 } else { 0.02 };
        assert!((found - truth).abs() <= tolerance * truth, "{database}, hour {bucket}: {found}, in truth {truth}");
    }
    // A restart on day 9 begins the counters anew, and is no rate.
    assert!((0.8..1.3).contains(&orders.at(216).unwrap_or(f64::NAN)), "{:?}", orders.at(216));
    let customers = load(workload, "customers");
    assert!((customers.updates_per_s.at(0).unwrap_or(0.0) - 2.0).abs() < 0.05);
    assert!((customers.hot_updates_per_s.at(0).unwrap_or(0.0) - 1.0).abs() < 0.05);
    let gap = &workload.gaps[0];
    assert!(gap.from_bucket >= 96 && gap.to_bucket <= 102 && gap.to_bucket - gap.from_bucket >= 4, "{gap:?}");
    assert_eq!(orders.at(98), None);
    let wal = workload.cluster_wal_bytes_per_s.at(0).unwrap_or(0.0);
    assert!((wal - 50_000.0).abs() < 1_000.0, "{database}: {wal}");
}

/// Puts weeks of samples into the storage of a server that is not running.
pub(crate) fn load_blocks(folder: &Path, text: &str) -> Result<(), Failed> {
    let file = folder.join("history.om");
    fs::write(&file, text)?;
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .arg("--max-block-duration=336h")
        .arg(&file)
        .arg(folder.join("data"))
        .output();
    let made = made.map_err(|error| format!("promtool: {error}"))?;
    assert!(made.status.success(), "{}", error_text(&made));
    Ok(())
}

/// The user `admin` with password `test`, as the manual of Prometheus has it.
const LOGIN: &str = "admin: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay";

fn logins(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new())?;
    cluster.query(
        "postgres",
        "CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE customers (id bigint PRIMARY KEY)",
    )?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(path("server.key"))
        .arg("-out")
        .arg(path("server.crt"))
        .output()?;
    assert!(made.status.success(), "{}", error_text(&made));
    fs::write(
        path("web.yml"),
        format!("tls_server_config: {{cert_file: server.crt, key_file: server.key}}\nbasic_auth_users:\n  {LOGIN}\n"),
    )?;
    let labels = |table: &str| format!("datname=\"postgres\",schemaname=\"public\",relname=\"{table}\"");
    load_blocks(folder.path(), &(openmetrics("pg_stat_user_tables_n_tup_", labels, "x", "") + "# EOF\n"))?;
    let pem = fs::read(path("server.crt"))?;
    let access = |url: &str| Access {
        url: url.to_owned(),
        basic: Some(("admin".to_owned(), "test".to_owned())),
        authorities: Some(pem.clone()),
        ..Access::default()
    };
    let prometheus = Prometheus::start(folder.path(), "scrape_configs: []\n", Some(&path("web.yml")), access)?;
    fs::write(path("login"), "admin:test\n")?;
    fs::write(path("wrong"), "admin:s3cret\n")?;
    let (ca, login, wrong) = (path("server.crt"), path("login"), path("wrong"));
    let (ca, login, wrong) = (ca.display().to_string(), login.display().to_string(), wrong.display().to_string());
    let base = ["--duration", "1d", "--until", "2026-01-10T00:00:00Z", "--from-prometheus"];
    let run =
        |url: &str, more: &[&str]| sample(&cluster, "postgres", &[&base[..], &[url], more].concat(), &path("w.json"));
    let good = run(&prometheus.url, &["--prometheus-ca", &ca, "--prometheus-login", &login])?;
    assert!(good.status.success(), "{}", error_text(&good));
    let in_url = prometheus.url.replace("://", "://admin:test@");
    let good = run(&in_url, &["--prometheus-ca", &ca])?;
    assert!(good.status.success(), "{}", error_text(&good));
    for (more, expected) in [
        (vec!["--prometheus-ca", ca.as_str(), "--prometheus-login", wrong.as_str()], "--prometheus-login"),
        (vec!["--prometheus-ca", ca.as_str()], "--prometheus-token"),
        (vec!["--prometheus-login", login.as_str()], "could not reach Prometheus"),
    ] {
        let refused = run(&prometheus.url, &more)?;
        let text = error_text(&refused);
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(expected) && !text.contains("s3cret"), "{text}");
    }
    Ok(())
}
