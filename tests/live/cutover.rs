//! The emitted cutover through real PgBouncers while clients write and keep a ledger of what was acknowledged.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::CommandExt,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    names::TableName,
    plan::{Plan, PlannedForeignKey},
    throwaway::{Cluster, Servers},
};

use crate::{
    bench::{Done, case},
    bouncer::Bouncer,
    pair::{Pair, clusters, table, told},
    story,
};

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = [(13, 15), (15, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("cutover::there_and_back_{publisher}_to_{subscriber}"), 2, move |servers| {
                there_and_back(servers, publisher, subscriber)
            })
        })
        .into();
    trials.push(case("cutover::abort_after_each_step_leaves_the_old_side_serving", 2, aborts));
    trials.push(case("cutover::killed_in_each_part_it_can_be_aborted_or_run_again", 2, kills));
    trials.push(case("cutover::a_forgotten_pgbouncer_is_found", 2, forgotten));
    trials
}

const DATABASE: &str = "bank";

/// A ledger with a row for each acknowledged write, and transfers with a sequence and a foreign key over two slots.
const SCHEMA: &str = "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE ledger (client int, number bigint, PRIMARY KEY (client, number));
    CREATE TABLE transfers (id bigserial PRIMARY KEY, account int NOT NULL, amount int, client int, number bigint);
    ALTER TABLE transfers ADD CONSTRAINT transfers_account FOREIGN KEY (account) REFERENCES accounts (id);
    CREATE TABLE notes (note text); ALTER TABLE notes REPLICA IDENTITY FULL;";

const ROWS: &str = "INSERT INTO accounts SELECT n, 0 FROM generate_series(1, 50) AS n; INSERT INTO notes SELECT 'note ' || n FROM generate_series(1, 20) AS n";

fn plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let mut plan = story::plan(publisher, subscriber, identifier);
    plan.database = DATABASE.into();
    plan.slots.truncate(2);
    plan.slots[0].tables = vec![table("accounts", &["id"]), table("ledger", &["client", "number"])];
    let full =
        pgslotplan::plan::PlannedTable { identity: pgslotplan::workload::ReplicaIdentity::Full, ..table("notes", &[]) };
    plan.slots[1].tables = vec![full, table("transfers", &["id"])];
    plan.slots[1].insert_only_publication = None;
    plan.slots[1].via_root = false;
    plan.foreign_keys = vec![PlannedForeignKey {
        from: TableName::new("public", "transfers"),
        to: TableName::new("public", "accounts"),
        name: "transfers_account".into(),
        definition: None,
        cut: true,
    }];
    plan
}

/// Both servers replicating, and two PgBouncers before the old one.
struct Stage {
    pair: Pair,
    bouncers: Vec<Bouncer>,
}

impl Stage {
    fn new(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Self, Failed> {
        let (from, to) = clusters(servers, (publisher, subscriber), DATABASE, &[SCHEMA])?;
        from.psql(DATABASE, ROWS)?.success()?;
        let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
        let bouncers = vec![Bouncer::start(&from, DATABASE)?, Bouncer::start(&from, DATABASE)?];
        let pair = Pair::of(from, to, DATABASE, plan(publisher, subscriber, identifier))?;
        pair.bring_up()?;
        pair.run_all(&["76_p", "76_sh", "76_su", "77_p"])?;
        let stage = Stage { pair, bouncers };
        stage.configure(2, "")?;
        Ok(stage)
    }

    /// Writes `cutover.conf` with the first PgBouncers.
    fn configure(&self, listed: usize, more: &str) -> Result<(), Failed> {
        let names: Vec<String> = (0..listed).map(|number| format!("b{number}")).collect();
        let mut conf = format!("PGBOUNCERS='{}'\nPGBOUNCER_DATABASES='app'\nPAUSE_SECONDS=20\n", names.join(" "));
        for (name, bouncer) in names.iter().zip(&self.bouncers) {
            conf += &format!("{name}_console='{}'\n{name}_ini='{}'\n", bouncer.console(), bouncer.ini().display());
        }
        let (old, new) = (self.pair.publisher.port(), self.pair.subscriber.port());
        conf += &format!("OLD_HOST=127.0.0.1 OLD_PORT={old}\nNEW_HOST=127.0.0.1 NEW_PORT={new}\n{more}\n");
        let state = self.pair.folder().join("scripts.state");
        fs::create_dir_all(&state)?;
        fs::write(state.join("cutover.conf"), conf)?;
        Ok(())
    }

    /// A shell file that must end with a code; what it said.
    fn shell(&self, file: &str, expected: i32) -> Result<String, Failed> {
        let (code, out, errors) = told(self.pair.shell(file).output()?);
        if code != expected {
            return Err(format!("{file}: exit code {code}: {out}{errors}\n{}", self.pair.state("evidence.tsv")).into());
        }
        Ok(out + &errors)
    }

    /// Every acknowledged write is on this server once, and nothing that was never asked for.
    fn settle(&self, server: &Cluster, clients: &Clients) -> Result<(), Failed> {
        let sql = "SELECT client, count(*), max(number), (SELECT count(*) FROM transfers AS t WHERE t.client = l.client) FROM ledger AS l GROUP BY client ORDER BY client";
        for row in server.query(DATABASE, sql)? {
            let value = |at: usize| row[at].as_deref().unwrap_or_default().parse::<u64>().unwrap_or_default();
            let acknowledged =
                clients.written.lock().map_err(|_| "a client panicked")?.get(&value(0)).copied().unwrap_or_default();
            assert_eq!(
                (value(1), value(2), value(3)),
                (acknowledged, acknowledged, acknowledged),
                "client {}",
                value(0)
            );
        }
        let totals = server.value(DATABASE, "SELECT count(DISTINCT client) || ' ' || (SELECT sum(balance) FROM accounts) - (SELECT sum(amount) FROM transfers) FROM ledger")?;
        assert_eq!(totals, format!("{CLIENTS} 0"));
        Ok(())
    }
}

const CLIENTS: u64 = 6;

/// Clients that write one numbered transaction after the other; an error ends one.
#[derive(Default)]
struct Clients {
    done: AtomicBool,
    total: AtomicU64,
    slowest_ms: AtomicU64,
    written: Mutex<BTreeMap<u64, u64>>,
    errors: Mutex<Vec<String>>,
}

impl Clients {
    /// Runs clients beside `work`; which PgBouncer a client uses is its number.
    fn beside(stage: &Stage, work: impl FnOnce(&Clients) -> Result<(), Failed>) -> Result<Clients, Failed> {
        let clients = Clients::default();
        let worked = thread::scope(|scope| {
            for number in 0..CLIENTS {
                let conninfo = stage.bouncers[number as usize % stage.bouncers.len()].conninfo();
                let clients = &clients;
                scope.spawn(move || clients.run(number, &conninfo));
            }
            let end = Done(&clients.done);
            let worked = clients.go_on().and_then(|()| work(&clients));
            let went_on = clients.go_on();
            drop(end);
            worked.and(went_on)
        });
        let errors = clients.errors.lock().map_err(|_| "a client panicked")?.join("\n");
        match worked {
            Ok(()) if errors.is_empty() => Ok(clients),
            Ok(()) => Err(errors.into()),
            Err(error) => Err(format!("{}\n{errors}", error.message().unwrap_or_default()).into()),
        }
    }

    fn run(&self, number: u64, conninfo: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ended = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(conninfo, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            let mut last = 0;
            while !self.done.load(Ordering::Relaxed) {
                let next = last + 1;
                let begun = Instant::now();
                client
                    .simple_query(&format!(
                        "BEGIN; INSERT INTO ledger VALUES ({number}, {next}); UPDATE accounts SET balance = balance + 3 WHERE id = 1 + ({next} * 7 + {number}) % 50;
                         INSERT INTO transfers (account, amount, client, number) VALUES (1 + ({next} * 7 + {number}) % 50, 3, {number}, {next}); COMMIT"
                    ))
                    .await?;
                last = next;
                self.slowest_ms.fetch_max(begun.elapsed().as_millis() as u64, Ordering::Relaxed);
                self.written.lock().expect("no client panics").insert(number, last);
                self.total.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), tokio_postgres::Error>(())
        });
        if let Err(error) = ended {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            self.errors.lock().expect("no client panics").push(format!("client {number}: {error}: {source}"));
        }
    }

    /// Waits until every client has written again.
    fn go_on(&self) -> Result<(), Failed> {
        let before = self.written.lock().map_err(|_| "a client panicked")?.clone();
        let begun = Instant::now();
        loop {
            let now = self.written.lock().map_err(|_| "a client panicked")?.clone();
            if (0..CLIENTS).all(|client| now.get(&client) > before.get(&client)) {
                return Ok(());
            }
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("clients do not go on".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The slowest transaction since the last call, ms.
    fn slowest(&self) -> u64 {
        self.slowest_ms.swap(0, Ordering::Relaxed)
    }
}

/// To the new server, and back after writes there.
fn there_and_back(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber)?;
    let refused = stage.pair.publisher.psql(DATABASE, "CREATE TABLE late (id int)")?;
    assert!(refused.stderr.contains("the schema is frozen for a migration"), "{}", refused.stderr);
    stage.pair.publisher.psql(DATABASE, "CREATE TEMP TABLE passing (id int); DROP TABLE passing")?.success()?;
    stage.pair.execute(&stage.pair.publisher, "ALTER ROLE postgres SET default_transaction_read_only = off")?;
    let mut said = String::new();
    let clients = Clients::beside(&stage, |clients| {
        clients.slowest();
        let there = stage.shell("cutover.sh", 0)?;
        clients.go_on()?;
        said = format!("there: clients waited {} ms, {}", clients.slowest(), there.lines().last().unwrap_or_default());
        let on_new = "SELECT pg_is_in_recovery() OR (SELECT count(*) FROM pg_stat_activity WHERE datname = 'bank' AND backend_type = 'client backend') > 2";
        assert_eq!(stage.pair.subscriber.value(DATABASE, on_new)?, "t");
        assert!(stage.shell("abort.sh", 4)?.contains("rollback.sh"));
        stage.pair.run_all(&["87", "88"])?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)?;
    stage.pair.execute(
        &stage.pair.subscriber,
        "UPDATE notes SET note = 'new side' WHERE note = 'note 7'; DELETE FROM notes WHERE note = 'note 8'",
    )?;
    let clients = back(&stage, &clients, &mut said)?;
    stage.settle(&stage.pair.publisher, &clients)?;
    assert_eq!(
        stage
            .pair
            .publisher
            .value(DATABASE, "SELECT count(*) FILTER (WHERE note = 'new side') || ' ' || count(*) FROM notes")?,
        "1 19"
    );
    let valid = "SELECT count(*) FROM pg_constraint WHERE conname = 'transfers_account' AND convalidated";
    assert_eq!(stage.pair.publisher.value(DATABASE, valid)?, "1");
    println!("{publisher} to {subscriber}: {said}");
    stage.pair.run_all(&["thaw", "89", "90", "91"])?;
    for cluster in [&stage.pair.publisher, &stage.pair.subscriber] {
        let left = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_subscription)
            + (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_namespace WHERE nspname = 'pgslotplan')";
        assert_eq!(cluster.value(DATABASE, left)?, "0");
    }
    Ok(())
}

/// A second crowd of clients, numbered on from the first, while the rollback runs.
fn back(stage: &Stage, before: &Clients, said: &mut String) -> Result<Clients, Failed> {
    let reached = before.written.lock().map_err(|_| "a client panicked")?.clone();
    stage.pair.execute(
        &stage.pair.subscriber,
        &format!(
            "DELETE FROM ledger; DELETE FROM transfers; UPDATE accounts SET balance = 0 WHERE {} > 0",
            reached.len()
        ),
    )?;
    Clients::beside(stage, |clients| {
        clients.slowest();
        let back = stage.shell("rollback.sh", 0)?;
        clients.go_on()?;
        *said +=
            &format!("; back: clients waited {} ms, {}", clients.slowest(), back.lines().last().unwrap_or_default());
        stage.shell("rollback.sh", 0)?;
        clients.go_on()
    })
}

/// Steps up to each one, then the way back; at the end the whole.
fn aborts(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 15, 15)?;
    let steps = ["77_s", "78_pg", "78_pu", "80", "81", "82", "83", "84", "85"];
    let run = |number: &str| -> Result<(), Failed> {
        if number == "84" {
            let path = stage.pair.folder().join("scripts").join(&stage.pair.step("84")?.file);
            let dsn = stage.pair.subscriber.conninfo(DATABASE);
            let outcome = stage.pair.publisher.run_script(DATABASE, &path, &[("subscriber_dsn", &dsn)])?;
            outcome.success()?;
            return Ok(());
        }
        stage.pair.run_all(&[number])
    };
    let clients = Clients::beside(&stage, |clients| {
        for last in 0..steps.len() {
            for (position, number) in steps[..=last].iter().enumerate() {
                run(number)
                    .map_err(|error| format!("up to {}: {}", steps[last], error.message().unwrap_or_default()))?;
                if position >= 1 {
                    run(number)?; // again: nothing more
                }
                if *number == "78_pu" {
                    stage.pair.run_all(&["71"])?;
                }
            }
            stage.shell("abort.sh", 0)?;
            clients
                .go_on()
                .map_err(|error| format!("after {}: {}", steps[last], error.message().unwrap_or_default()))?;
        }
        stage.shell("abort.sh", 0)?;
        clients.go_on()?;
        stage.shell("cutover.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}

/// SIGKILL to the script and everything it started, as soon as the evidence says that a part has begun.
fn kills(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 15, 18)?;
    let parts =
        ["pause", "stop writes", "drain, compare, sequences", "stop forward", "foreign keys", "reverse", "switch"];
    let kill_at = |part: &str| -> Result<(), Failed> {
        let evidence = stage.pair.folder().join("scripts.state/evidence.tsv");
        let seen = |text: &str| text.lines().filter(|line| line.ends_with(&format!("\tbegin\t{part}"))).count();
        let before = seen(&fs::read_to_string(&evidence).unwrap_or_default());
        let mut child = stage.pair.shell("cutover.sh").process_group(0).spawn()?;
        let begun = Instant::now();
        while seen(&fs::read_to_string(&evidence).unwrap_or_default()) == before {
            if begun.elapsed() > Duration::from_secs(60) || child.try_wait()?.is_some() {
                return Err(
                    format!("the cutover never came to \"{part}\": {}", stage.pair.state("evidence.tsv")).into()
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
        let group = rustix::process::Pid::from_raw(child.id() as i32).ok_or("a pid")?;
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL)?;
        child.wait()?;
        Ok(())
    };
    let clients = Clients::beside(&stage, |clients| {
        for part in parts {
            kill_at(part)?;
            let said = stage
                .shell("abort.sh", 0)
                .map_err(|error| format!("killed at {part}: {}", error.message().unwrap_or_default()))?;
            clients.go_on().map_err(|error| {
                format!("killed at {part}, aborted: {}\n{said}", error.message().unwrap_or_default())
            })?;
        }
        // two kills without a way back in between: the second run goes on where the first was
        kill_at("reverse")?;
        kill_at("open")?;
        let (code, _, said) = told(stage.pair.shell("abort.sh").output()?);
        match code {
            0 => drop(stage.shell("cutover.sh", 0)?), // killed before the new server was noted as open
            4 => stage.pair.run_all(&["86"])?,
            _ => return Err(said.into()),
        }
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}

/// One of two processes is not in the list: nothing moves, and it is named.
fn forgotten(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 15, 18)?;
    stage.configure(1, "")?;
    let clients = Clients::beside(&stage, |clients| {
        let lose = "DELETE FROM notes WHERE note = 'note 3'";
        stage.pair.execute(&stage.pair.subscriber, lose)?;
        stage.configure(2, "")?;
        let said = stage.shell("cutover.sh", 4)?;
        assert!(said.contains("the newest rows differ"), "{said}");
        clients.go_on()?;
        stage.pair.execute(&stage.pair.subscriber, "INSERT INTO notes VALUES ('note 3')")?;
        stage.configure(1, "")?;
        let said = stage.shell("cutover.sh", 4)?;
        assert!(said.contains("sessions do not come through the paused PgBouncers"), "{said}");
        assert!(said.contains("from 127.0.0.1:"), "{said}");
        clients.go_on()?;
        stage.configure(2, "")?;
        stage.shell("cutover.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}
