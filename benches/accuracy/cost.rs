//! What sampling costs the publisher, in CPU of its backend (`/proc/PID/schedstat`, so on Linux), and what memory the
//! program needs for a week of many tables.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use pgslotplan::{
    lsn::Lsn,
    pg::{
        catalog::{CatalogScope, read_catalog},
        connect::{Session, SessionPurpose},
        counters::read_counters,
        decode::PeekSlot,
        environment::Environment,
        settings::{ConnectionInput, ConnectionSettings, ConnectionSide},
        wal::{WalReader, read_flushed},
    },
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::snapshot::SampleLine,
};

use crate::Outcome;

const ROUNDS: u32 = 5;

pub fn run(majors: &[u32]) -> Outcome<()> {
    let servers = Servers::in_repository(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    println!("| server | tables | counters ms | catalog ms, new session | again |\n|---|---|---|---|---|");
    for major in majors {
        for tables in [1_000, 20_000] {
            let cluster = servers.start(*major, &ClusterSettings::new().with("max_locks_per_transaction", "1024"))?;
            make_tables(&cluster, tables)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(measure_reads(&cluster, tables))?;
            if tables == 20_000 && *major == majors[0] {
                memory(&cluster)?;
            }
        }
    }
    println!(
        "\n| server | MB of WAL | records/kB | walinspect ms/MB | of it the bare function | decode ms/MB |\n|---|---|---|---|---|---|"
    );
    for major in majors.iter().filter(|major| **major >= 15) {
        let cluster = servers.start(*major, &ClusterSettings::new().with("autovacuum", "off"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure_wal(&cluster))?;
    }
    Ok(())
}

fn make_tables(cluster: &Cluster, count: u32) -> Outcome<()> {
    let make = format!(
        "DO $$ BEGIN FOR i IN 1..{count} LOOP
             EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, a int, b text, c timestamptz)', i);
             IF i % 10 = 0 THEN EXECUTE format('INSERT INTO t%s VALUES (1, 1, ''b'', now())', i); END IF;
             IF i % 500 = 0 THEN COMMIT; END IF;
         END LOOP; END $$;"
    );
    cluster.psql("postgres", &make)?.success()?;
    cluster.psql("postgres", "VACUUM ANALYZE pg_class, pg_attribute, pg_index, pg_depend")?.success()?;
    Ok(())
}

async fn session(cluster: &Cluster) -> Outcome<Session> {
    let environment = Environment::of_process();
    let input = ConnectionInput { dbname: Some(cluster.conninfo("postgres")), ..ConnectionInput::default() };
    let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment)?;
    Ok(Session::open(&settings, SessionPurpose::OBSERVE, &environment).await?)
}

async fn process_of(session: &Session) -> Outcome<i32> {
    Ok(session.query("read the process", "SELECT pg_backend_pid()", &[]).await?.first().ok_or("no row")?.get(0))
}

/// Milliseconds that a process has run.
fn cpu_ms(process: i32) -> Outcome<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    Ok(text.split_whitespace().next().ok_or("no figure")?.parse::<f64>()? / 1e6)
}

async fn measure_reads(cluster: &Cluster, tables: u32) -> Outcome<()> {
    let session = session(cluster).await?;
    let process = process_of(&session).await?;
    let first = read_counters(&session).await?;
    let before = cpu_ms(process)?;
    for _ in 0..ROUNDS {
        read_counters(&session).await?;
    }
    let counters = (cpu_ms(process)? - before) / f64::from(ROUNDS);
    let mut catalog = [0.0; 2];
    for figure in &mut catalog {
        let before = cpu_ms(process)?;
        read_catalog(&session, &first, &CatalogScope::default()).await?;
        *figure = cpu_ms(process)? - before;
    }
    println!("| {} | {tables} | {counters:.1} | {:.0} | {:.0} |", cluster.major(), catalog[0], catalog[1]);
    Ok(())
}

async fn measure_wal(cluster: &Cluster) -> Outcome<()> {
    let client = cluster.client("postgres").await?;
    client
        .batch_execute(
            "CREATE EXTENSION pg_walinspect;
             CREATE TABLE a (id bigserial PRIMARY KEY, x int, t text); CREATE INDEX ON a (x);
             CREATE TABLE b (id int PRIMARY KEY, n int) WITH (fillfactor = 50);
             INSERT INTO b SELECT g, 0 FROM generate_series(1, 5000) g; CHECKPOINT",
        )
        .await?;
    let session = session(cluster).await?;
    let mut slot = PeekSlot::create(self::session(cluster).await?).await?;
    let slot_process: i32 = client
        .query_one("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgslotplan peek'", &[])
        .await?
        .get(0);
    let from = read_flushed(&session).await?;
    for _ in 0..40 {
        client
            .batch_execute("INSERT INTO a (x, t) SELECT g, repeat('t', 60) FROM generate_series(1, 3000) g; UPDATE b SET n = n + 1")
            .await?;
    }
    let to = read_flushed(&session).await?;
    let megabytes = to.distance(from) as f64 / 1e6;
    let reader = WalReader::new(session.version, "public");
    let process = process_of(&session).await?;
    let before = cpu_ms(process)?;
    let mut at = from;
    while at < to {
        let end = Lsn((at.0 + (16 << 20)).min(to.0));
        reader.read(&session, at, end).await?;
        at = end;
    }
    let walinspect = (cpu_ms(process)? - before) / megabytes;
    // What the server's function takes by itself, without sums and names: nothing that calls it can be cheaper.
    let function = if cluster.major() < 16 {
        "public.pg_get_wal_records_info(a, b)"
    } else {
        "public.pg_get_wal_block_info(a, b, false)"
    };
    let bare = format!(
        "SELECT count(*) FROM (SELECT '{from}'::pg_lsn + g * 1048576::numeric AS a,
                                      least('{from}'::pg_lsn + (g + 1) * 1048576::numeric, '{to}') AS b
                                 FROM generate_series(0, {}) g) pieces CROSS JOIN LATERAL {function}",
        to.distance(from) / 1_048_576
    );
    let before = cpu_ms(process)?;
    let records: i64 = session.query("count records", &bare, &[]).await?.first().ok_or("no row")?.get(0);
    let bare = (cpu_ms(process)? - before) / megabytes;
    let per_kilobyte = records as f64 / megabytes / 1e3;
    let before = cpu_ms(slot_process)?;
    slot.read(to).await?;
    let decode = (cpu_ms(slot_process)? - before) / megabytes;
    println!(
        "| {} | {megabytes:.0} | {per_kilobyte:.1} | {walinspect:.1} | {bare:.1} | {decode:.1} |",
        cluster.major()
    );
    Ok(())
}

/// A week of hourly readings, written as the program writes them, read back and folded by the program.
fn memory(cluster: &Cluster) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let log = folder.path().join("w.json.samples.jsonl");
    let conninfo = cluster.conninfo("postgres");
    let watched = |arguments: &[&str]| -> Outcome<u64> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
            .args(["-q", "sample", &conninfo, "--interval", "1s"])
            .args(arguments)
            .arg("-o")
            .arg(&output)
            .stdin(Stdio::null())
            .spawn()?;
        let mut most = 0;
        while child.try_wait()?.is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
            most = most.max(peak.trim().trim_end_matches(" kB").parse().unwrap_or(0));
            thread::sleep(Duration::from_millis(10));
        }
        Ok(most / 1000)
    };
    println!("memory at 20,000 tables: {} MB for two readings", watched(&["--once"])?);
    let lines: Vec<SampleLine> =
        fs::read_to_string(&log)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    for active in [200_usize, 2_000, 20_000] {
        let mut file = fs::File::create(&log)?;
        for line in week(&lines, active) {
            writeln!(file, "{}", serde_json::to_string(&line)?)?;
        }
        let seconds = (7 * 86_400 - 3600).to_string();
        let peak = watched(&["--resume", "--duration", &format!("{seconds}s")])?;
        println!("memory at 20,000 tables: {peak} MB for a week in which {active} are written each hour");
    }
    Ok(())
}

/// The first lines of a run, moved a week back, and an hour's counters after another.
fn week(lines: &[SampleLine], active: usize) -> Vec<SampleLine> {
    let mut week: Vec<SampleLine> = Vec::new();
    let mut base = None;
    for line in lines {
        match line {
            SampleLine::Counters { instant, changed, .. } if base.is_none() => {
                base = Some((instant.clone(), changed.clone()))
            }
            SampleLine::Start(start) => {
                let mut start = start.clone();
                start.interval_s = 3600.0;
                week.push(SampleLine::Start(start));
            }
            SampleLine::Catalog(_) if week.len() < 2 => week.push(line.clone()),
            _ => {}
        }
    }
    let Some((first, mut counters)) = base else { return week };
    for hour in 0..168_usize {
        let mut instant = first.clone();
        let back = jiff::SignedDuration::from_hours(168 - hour as i64);
        instant.at = instant.at.checked_sub(back).unwrap_or(instant.at);
        instant.lsn = Lsn(first.lsn.0.saturating_sub((168 - hour as u64) * 1000));
        instant.next_transaction = first.next_transaction.saturating_sub(168 - hour as u64);
        let count = counters.len();
        let mut changed = if hour == 0 { counters.clone() } else { Vec::new() };
        for offset in 0..active.min(count) {
            let at = (hour * active + offset) % count;
            let rows = 7 + (hour as u64 * 31 + at as u64) % 1000;
            counters[at].1.inserted += rows;
            counters[at].1.updated += rows / 2;
            counters[at].1.hot_updated += rows / 3;
            if hour > 0 {
                changed.push(counters[at]);
            }
        }
        week.push(SampleLine::Counters { instant, changed, dropped: Vec::new() });
    }
    week
}
