//! What applying costs live: CPU of apply workers on a real subscriber, by how transactions arrive, and for a mix of tables
//! with a subscription each against what the cost model says.
//!
//! `cargo bench --bench apply -- [--major 15] [--seconds 20]`. Linux only: CPU times are `/proc/PID/schedstat`. The first
//! part sends the same transactions at several paces, and once more while the walsender is held (SIGSTOP) most of the
//! time, so that they arrive in batches at the same pace: what falls then is the price of waking up.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, starts servers and reads the clock"
)]

#[path = "../support/arguments.rs"]
mod arguments;

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use arguments::Arguments;
use pgslotplan::{
    cost::{Calibration, CoefficientSets, Coefficients},
    format,
    throwaway::{Cluster, ClusterSettings, Servers},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const LIMIT: Duration = Duration::from_secs(120);
/// CPU of a worker before its first transaction is not of interest.
const WARM_UP: &str = "CALL work.paced(2000, 0, 1)";

/// A table of the mix: what one of its transactions does, and how many there are a second.
struct Kind {
    name: &'static str,
    ddl: &'static str,
    transaction: &'static str,
    per_s: f64,
    rows: f64,
    updates: f64,
    deletes: f64,
    index_entries: f64,
    inline_bytes: f64,
    toast_bytes: f64,
}

fn mix() -> Vec<Kind> {
    let kind = |name,
                ddl,
                transaction,
                per_s,
                [rows, updates, deletes, index_entries, inline_bytes, toast_bytes]: [f64; 6]| Kind {
        name,
        ddl,
        transaction,
        per_s,
        rows,
        updates,
        deletes,
        index_entries,
        inline_bytes,
        toast_bytes,
    };
    vec![
        kind(
            "sessions, HOT update",
            "CREATE TABLE sessions (id int PRIMARY KEY, n int, pad text) WITH (fillfactor = 45);
             INSERT INTO sessions SELECT g, 0, repeat('s', 60) FROM generate_series(1, 5000) g",
            "UPDATE sessions SET n = n + 1 WHERE id = 1 + i * 7919 % 5000",
            150.0,
            [1.0, 1.0, 0.0, 0.0, 92.0, 0.0],
        ),
        kind(
            "orders, insert",
            "CREATE TABLE orders (id bigserial PRIMARY KEY, customer int, at int, note text);
             CREATE INDEX ON orders (customer); CREATE INDEX ON orders (at)",
            "INSERT INTO orders (customer, at, note) VALUES (i * 7919 % 5000, i, repeat('o', 80))",
            60.0,
            [1.0, 0.0, 0.0, 3.0, 125.0, 0.0],
        ),
        kind(
            "items, three rows a transaction",
            "CREATE TABLE items (id bigserial PRIMARY KEY, orders int, n int); CREATE INDEX ON items (orders)",
            "INSERT INTO items (orders, n) SELECT i, g FROM generate_series(1, 3) g",
            60.0,
            [3.0, 0.0, 0.0, 6.0, 117.0, 0.0],
        ),
        kind(
            "accounts, update of an indexed column",
            "CREATE TABLE accounts (id int PRIMARY KEY, balance int, pad text); CREATE INDEX ON accounts (balance);
             INSERT INTO accounts SELECT g, 0, repeat('a', 60) FROM generate_series(1, 5000) g",
            "UPDATE accounts SET balance = balance + i WHERE id = 1 + i * 7919 % 5000",
            80.0,
            [1.0, 1.0, 0.0, 2.0, 92.0, 0.0],
        ),
        kind(
            "history, twenty rows a transaction",
            "CREATE TABLE history (id bigserial PRIMARY KEY, a int, b int, t text)",
            "INSERT INTO history (a, b, t) SELECT i, g, repeat('h', 40) FROM generate_series(1, 20) g",
            20.0,
            [20.0, 0.0, 0.0, 20.0, 1700.0, 0.0],
        ),
        kind(
            "documents, 15 kB of JSON text",
            "CREATE TABLE documents (id bigserial PRIMARY KEY, body text)",
            "INSERT INTO documents (body) SELECT string_agg('{\"id\":' || g || ',\"sku\":\"' || md5((g * i)::text)
               || '\",\"status\":\"shipped\"}', ',') FROM generate_series(1, 230) g",
            10.0,
            // five chunks, as calibrate finds it for the same text with pglz
            [1.0, 0.0, 0.0, 1.0, 44.0, 5.0 * 1996.0],
        ),
        kind(
            "queue, insert and delete",
            "CREATE TABLE queue (id int PRIMARY KEY, task text)",
            "INSERT INTO queue VALUES (i, repeat('q', 40)); DELETE FROM queue WHERE id = i",
            40.0,
            [2.0, 0.0, 1.0, 1.0, 95.0, 0.0],
        ),
        kind(
            "metrics, 300 rows a transaction",
            "CREATE TABLE metrics (id bigserial PRIMARY KEY, a int, b float8)",
            "INSERT INTO metrics (a, b) SELECT g, random() FROM generate_series(1, 300) g",
            2.0,
            [300.0, 0.0, 0.0, 300.0, 300.0 * 43.0, 0.0],
        ),
    ]
}

impl Kind {
    /// Microseconds of one transaction by these coefficients.
    fn us(&self, c: &Coefficients) -> f64 {
        c.row_us * self.rows
            + c.update_us * self.updates
            + c.delete_us * self.deletes
            + c.index_entry_us * self.index_entries
            + c.inline_byte_us * self.inline_bytes
            + c.toast_byte_us * self.toast_bytes
            + c.transaction_us
    }
}

/// CPU time and voluntary context switches of a process so far.
#[derive(Clone, Copy)]
struct Usage {
    us: f64,
    waits: f64,
}

fn usage(pid: u32) -> Result<Usage, Failure> {
    let times = fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
    let ns: f64 = times.split_whitespace().next().ok_or("no time")?.parse()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let waits = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).ok_or("no switches")?;
    Ok(Usage { us: ns / 1e3, waits: waits.trim().parse()? })
}

fn worker(subscriber: &Cluster, subscription: &str) -> Result<u32, Failure> {
    let sql =
        format!("SELECT pid FROM pg_stat_subscription WHERE subname = '{subscription}' AND relid IS NULL AND pid > 0");
    subscriber.wait_until("postgres", &format!("SELECT EXISTS ({sql})"), LIMIT)?;
    Ok(subscriber.value("postgres", &sql)?.parse()?)
}

/// Waits until a slot has confirmed all that was written until now.
fn catch_up(publisher: &Cluster, slot: &str) -> Result<(), Failure> {
    let lsn = publisher.value("postgres", "SELECT pg_current_wal_insert_lsn()")?;
    publisher.query("postgres", "SELECT pg_logical_emit_message(false, 'bench', 'end')")?;
    let reached = format!("SELECT confirmed_flush_lsn >= '{lsn}' FROM pg_replication_slots WHERE slot_name = '{slot}'");
    publisher.wait_until("postgres", &reached, LIMIT)?;
    Ok(())
}

fn subscribe(publisher: &Cluster, subscriber: &Cluster, name: &str, table: &str) -> Result<(), Failure> {
    publisher.query("postgres", &format!("CREATE PUBLICATION {name} FOR TABLE {table}"))?;
    let source = publisher.conninfo("postgres").replace('\'', "''");
    let sql = format!("CREATE SUBSCRIPTION {name} CONNECTION '{source}' PUBLICATION {name} WITH (copy_data = off)");
    subscriber.query("postgres", &sql)?;
    Ok(())
}

fn signal(name: &str, pid: u32) -> Result<(), Failure> {
    Command::new("kill").args([name, &pid.to_string()]).status()?;
    Ok(())
}

/// The same one-row transactions by how they arrive; gives µs a transaction in a backlog and with the worker asleep.
fn paces(publisher: &Cluster, subscriber: &Cluster) -> Result<(f64, f64, f64), Failure> {
    let table = "CREATE TABLE paced (id int PRIMARY KEY, k int, pad text) WITH (fillfactor = 45);
                 INSERT INTO paced SELECT g, 0, repeat('x', 40) FROM generate_series(1, 20000) g";
    publisher.query("postgres", table)?;
    subscriber.query("postgres", table)?;
    publisher.query(
        "postgres",
        "CREATE SCHEMA work;
         CREATE PROCEDURE work.paced(n int, gap_s float8, rows int) LANGUAGE plpgsql AS $$
         BEGIN FOR i IN 1..n LOOP
           UPDATE paced SET k = k + 1 WHERE id BETWEEN 1 + i * rows % 19000 AND i * rows % 19000 + rows;
           COMMIT;
           IF gap_s > 0 THEN PERFORM pg_sleep(gap_s); END IF;
         END LOOP; END $$",
    )?;
    subscribe(publisher, subscriber, "paced", "paced")?;
    let apply = worker(subscriber, "paced")?;
    publisher.query("postgres", WARM_UP)?;
    catch_up(publisher, "paced")?;
    let sender: u32 = publisher
        .value("postgres", "SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'paced'")?
        .parse()?;
    println!("{:52} {:>10} {:>12}", "one-row transactions", "us each", "waits each");
    // Number, gap, and for how long the walsender is held between its turns of 2 ms; infinity: until all is written.
    let runs: [(&str, u32, f64, f64); 7] = [
        ("backlog: written while the walsender is held", 10_000, 0.0, f64::INFINITY),
        ("as fast as one session writes", 10_000, 0.0, 0.0),
        ("every 1 ms", 3_000, 0.001, 0.0),
        ("every 1 ms, walsender held 5 ms of 7", 3_000, 0.001, 0.005),
        ("every 1 ms, walsender held 20 ms of 22", 3_000, 0.001, 0.020),
        ("every 1 ms, walsender held 100 ms of 102", 3_000, 0.001, 0.100),
        ("every 10 ms", 500, 0.010, 0.0),
    ];
    let (mut backlog, mut asleep) = (0.0, (0.0, 0.0));
    for (name, count, gap_s, held_s) in runs {
        catch_up(publisher, "paced")?;
        let before = usage(apply)?;
        let call = format!("CALL work.paced({count}, {gap_s}, 1)");
        let done = AtomicBool::new(false);
        thread::scope(|scope| -> Result<(), Failure> {
            let holder = scope.spawn(|| -> Result<(), Failure> {
                while held_s > 0.0 && !done.load(Ordering::Relaxed) {
                    signal("-STOP", sender)?;
                    let begun = Instant::now();
                    while begun.elapsed().as_secs_f64() < held_s && !done.load(Ordering::Relaxed) {
                        thread::sleep(Duration::from_millis(1));
                    }
                    signal("-CONT", sender)?;
                    thread::sleep(Duration::from_millis(2));
                }
                Ok(())
            });
            let written = publisher.query("postgres", &call);
            done.store(true, Ordering::Relaxed);
            holder.join().map_err(|_| "the holder panicked")??;
            signal("-CONT", sender)?;
            written?;
            catch_up(publisher, "paced")
        })?;
        let after = usage(apply)?;
        let count = f64::from(count);
        let (us, waits) = ((after.us - before.us) / count, (after.waits - before.waits) / count);
        println!("{name:52} {us:>10.1} {waits:>12.2}");
        match name {
            "every 1 ms" => asleep = (us, waits),
            _ if held_s.is_infinite() => backlog = us,
            _ => {}
        }
    }
    subscriber.query("postgres", "ALTER SUBSCRIPTION paced DISABLE")?;
    Ok((backlog, asleep.0, asleep.1))
}

/// What the worker of one table did in the mix.
struct Done {
    cpu_s: f64,
    per_s: f64,
    /// Times that it slept, for each transaction.
    waits: f64,
}

type Measured = BTreeMap<&'static str, Done>;

fn run_mix(publisher: &Cluster, subscriber: &Cluster, seconds: f64) -> Result<Measured, Failure> {
    let kinds = mix();
    for kind in &kinds {
        let table = kind.name.split(',').next().unwrap_or_default();
        publisher.query("postgres", kind.ddl)?;
        subscriber.query("postgres", kind.ddl)?;
        subscribe(publisher, subscriber, table, table)?;
    }
    let mut workers = BTreeMap::new();
    for kind in &kinds {
        let table = kind.name.split(',').next().unwrap_or_default();
        workers.insert(kind.name, (table, worker(subscriber, table)?));
    }
    thread::sleep(Duration::from_secs(2)); // start-up of the workers is not of the mix
    let before: Result<BTreeMap<_, _>, Failure> =
        workers.iter().map(|(name, (_, pid))| Ok((*name, usage(*pid)?))).collect();
    let before = before?;
    let written: Result<Vec<(&'static str, f64)>, Failure> = thread::scope(|scope| {
        let sessions: Vec<_> = kinds
            .iter()
            .map(|kind| {
                scope.spawn(move || -> Result<(&'static str, f64), Failure> {
                    // Each transaction waits for its turn, so that a slow one does not slow the pace.
                    let sql = format!(
                        "DO $mix$ DECLARE begun timestamptz := clock_timestamp(); i int := 0; wait_s float8; BEGIN
                         WHILE clock_timestamp() < begun + interval '1 s' * {seconds} LOOP
                           i := i + 1; {}; COMMIT;
                           wait_s := i / {} - extract(epoch FROM clock_timestamp() - begun);
                           IF wait_s > 0 THEN PERFORM pg_sleep(wait_s); END IF;
                         END LOOP;
                         PERFORM set_config('bench.done', i::text, false); END $mix$",
                        kind.transaction, kind.per_s
                    );
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                    let done: Result<String, Failure> = runtime.block_on(async {
                        let client = publisher.client("postgres").await?;
                        client.batch_execute(&sql).await?;
                        let row = client.query_one("SELECT current_setting('bench.done')", &[]).await?;
                        Ok(row.get(0))
                    });
                    Ok((kind.name, done?.parse()?))
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().map_err(|_| "a session panicked")?).collect()
    });
    let written: BTreeMap<_, _> = written?.into_iter().collect();
    let mut result = BTreeMap::new();
    for (name, (table, pid)) in workers {
        catch_up(publisher, table)?;
        let after = usage(pid)?;
        let done = Done {
            cpu_s: (after.us - before[name].us) / 1e6,
            per_s: written[name] / seconds,
            waits: (after.waits - before[name].waits) / written[name],
        };
        result.insert(name, done);
    }
    Ok(result)
}

/// Microseconds of a transaction of a kind, as something predicts it.
type Prediction<'a> = &'a dyn Fn(&Kind, &Done) -> f64;

fn compare(measured: &Measured, seconds: f64, name: &str, predict: Prediction<'_>) {
    let kinds = mix();
    let predicted: BTreeMap<&str, f64> = kinds
        .iter()
        .map(|kind| {
            let done = &measured[kind.name];
            (kind.name, predict(kind, done) * done.per_s * seconds / 1e6)
        })
        .collect();
    let all_measured: f64 = measured.values().map(|done| done.cpu_s).sum();
    let all_predicted: f64 = predicted.values().sum();
    let misallocated: f64 = measured
        .iter()
        .map(|(name, done)| (done.cpu_s / all_measured - predicted[name] / all_predicted).abs())
        .sum::<f64>()
        / 2.0;
    println!("{name:60} {:>8.2} {:>12.1} %", all_predicted / all_measured, misallocated * 100.0);
}

fn calibrate(subscriber: &Cluster) -> Result<Calibration, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calibration.json");
    let outcome = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .args(["calibrate", "--subscriber", &subscriber.conninfo("postgres"), "-o"])
        .arg(&path)
        .output()?;
    if !outcome.status.success() {
        return Err(String::from_utf8_lossy(&outcome.stderr).into_owned().into());
    }
    print!("{}", String::from_utf8_lossy(&outcome.stdout));
    Ok(format::read(&fs::read(path)?)?)
}

fn main() -> Result<(), Failure> {
    let usage = "usage: cargo bench --bench apply -- [--major 15] [--seconds 20]";
    let arguments = Arguments::read(usage, &["--major", "--seconds"], &[]);
    let (major, seconds) = (arguments.value("--major", 15), arguments.value("--seconds", 20.0));
    let servers = Servers::in_repository(std::path::Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let settings = || {
        ClusterSettings::new()
            .with("autovacuum", "off")
            .with("max_logical_replication_workers", "20")
            .with("max_worker_processes", "30")
    };
    let (publisher, subscriber) = (servers.start(major, &settings())?, servers.start(major, &settings())?);
    println!("PostgreSQL {major}\n");
    let calibration = calibrate(&subscriber)?;
    println!();
    let (backlog, asleep, waits) = paces(&publisher, &subscriber)?;
    let wake_us = (asleep - backlog) / waits;
    println!("\na wake-up: {wake_us:.0} us ({asleep:.1} us with {waits:.2} waits each, {backlog:.1} in a backlog)\n");
    let measured = run_mix(&publisher, &subscriber, seconds)?;
    let built_in = CoefficientSets::default();
    // Scaled to this machine as it is now: by what the same one-row transactions cost in a backlog.
    let reference = Kind { rows: 1.0, updates: 1.0, inline_bytes: 75.0, ..empty() };
    let scale = backlog / reference.us(&built_in.nominal);
    let live = |kind: &Kind, done: &Done| kind.us(&built_in.nominal) * scale + done.waits * wake_us;
    println!(
        "{:44} {:>8} {:>8} {:>10} {:>10} {:>12}",
        "live mix", "tx/s", "waits", "us each", "bulk says", "with waits"
    );
    for kind in mix() {
        let done = &measured[kind.name];
        println!(
            "{:44} {:>8.1} {:>8.2} {:>10.1} {:>10.1} {:>12.1}",
            kind.name,
            done.per_s,
            done.waits,
            done.cpu_s / seconds / done.per_s * 1e6,
            kind.us(&built_in.nominal) * scale,
            live(&kind, done)
        );
    }
    println!("\n{:60} {:>8} {:>14}", "live mix", "total", "misallocated");
    compare(&measured, seconds, "built in, nominal", &|kind, _| kind.us(&built_in.nominal));
    compare(&measured, seconds, "built in, high", &|kind, _| kind.us(&built_in.high));
    compare(&measured, seconds, "calibrated, low (fastest round)", &|kind, _| kind.us(&calibration.coefficients.low));
    compare(&measured, seconds, "calibrated, nominal", &|kind, _| kind.us(&calibration.coefficients.nominal));
    compare(&measured, seconds, "built in, scaled to the backlog above", &|kind, _| kind.us(&built_in.nominal) * scale);
    compare(&measured, seconds, "the same, and the measured waits at the price of a wake-up", &live);
    Ok(())
}

fn empty() -> Kind {
    Kind {
        name: "",
        ddl: "",
        transaction: "",
        per_s: 0.0,
        rows: 0.0,
        updates: 0.0,
        deletes: 0.0,
        index_entries: 0.0,
        inline_bytes: 0.0,
        toast_bytes: 0.0,
    }
}
