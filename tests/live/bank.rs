//! A bank that is migrated: two servers, PgBouncers before the old one, and clients that write all the time and keep a
//! ledger of what was acknowledged.

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

use libtest_mimic::Failed;
use pgslotplan::{
    names::TableName,
    plan::{Plan, PlannedForeignKey, PlannedTable},
    throwaway::{Cluster, Servers},
    workload::{ForeignKey, TableKind},
};

use crate::{
    bench::Done,
    bouncer::{self, Bouncer},
    pair::{Pair, clusters, table, told},
    story,
};

pub const DATABASE: &str = "bank";

/// A ledger with a row for each acknowledged write, and transfers with a sequence and a foreign key over two slots.
pub const SCHEMA: &str = "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE ledger (client int, number bigint, PRIMARY KEY (client, number));
    CREATE TABLE transfers (id bigserial PRIMARY KEY, account int NOT NULL, amount int, client int, number bigint);
    ALTER TABLE transfers ADD CONSTRAINT transfers_account FOREIGN KEY (account) REFERENCES accounts (id);
    CREATE TABLE notes (note text); ALTER TABLE notes REPLICA IDENTITY FULL;
    CREATE SEQUENCE down INCREMENT -1; CREATE SEQUENCE never START 7; CREATE SEQUENCE restarted;";

pub const ROWS: &str = "INSERT INTO accounts SELECT n, 0 FROM generate_series(1, 50) AS n; INSERT INTO notes SELECT 'note ' || n FROM generate_series(1, 20) AS n;
    SELECT nextval('down'), nextval('down'); ALTER SEQUENCE restarted RESTART WITH 500;";

pub fn plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let mut plan = story::plan(publisher, subscriber, identifier);
    plan.database = DATABASE.into();
    plan.slots.truncate(2);
    plan.slots[0].tables = vec![table("accounts", &["id"]), table("ledger", &["client", "number"])];
    let full = PlannedTable { identity: pgslotplan::workload::ReplicaIdentity::Full, ..table("notes", &[]) };
    plan.slots[1].tables = vec![full, table("transfers", &["id"])];
    plan.slots[1].insert_only_publication = None;
    plan.slots[1].via_root = false;
    let (from, to) = (TableName::new("public", "transfers"), TableName::new("public", "accounts"));
    plan.foreign_keys = vec![PlannedForeignKey { key: ForeignKey::new(from, to, "transfers_account"), cut: true }];
    plan
}

/// A partitioned table whose foreign key joins two slots, too.
const TREE: &str = "CREATE TABLE parts (id int PRIMARY KEY, account int CONSTRAINT parts_account REFERENCES accounts (id)) PARTITION BY RANGE (id);
    CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (100); CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (100) TO (200);
    INSERT INTO parts SELECT n, 1 + n % 50 FROM generate_series(0, 199) AS n";

fn with_tree(mut plan: Plan) -> Plan {
    let leaves = ["parts_a", "parts_b"].map(|name| TableName::new("public", name)).to_vec();
    let root = PlannedTable { kind: TableKind::Partitioned, leaves, ..table("parts", &["id"]) };
    plan.slots[1].tables.push(root);
    let (from, to) = (TableName::new("public", "parts"), TableName::new("public", "accounts"));
    plan.foreign_keys.push(PlannedForeignKey {
        key: ForeignKey::new(from, to, "parts_account").with_columns(["account"], ["id"]),
        cut: true,
    });
    plan
}

/// The tables as before the first client, for another crowd that begins to count anew.
pub const NEW_CROWD: &str = "DELETE FROM ledger; DELETE FROM transfers; UPDATE accounts SET balance = 0";

/// Both servers replicating, and two PgBouncers before the old one.
pub struct Stage {
    pub pair: Pair,
    pub bouncers: Vec<Bouncer>,
}

impl Stage {
    pub fn new(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Self, Failed> {
        let stage = Stage::bare(servers, publisher, subscriber, None)?;
        stage.bring_up()?;
        Ok(stage)
    }

    /// Any two servers and a plan for them, with PgBouncers before the old one.
    pub fn of(publisher: Cluster, subscriber: Cluster, plan: Plan) -> Result<Self, Failed> {
        let bouncers = vec![Bouncer::start(&publisher, DATABASE)?, Bouncer::start(&publisher, DATABASE)?];
        let stage = Stage { pair: Pair::of(publisher, subscriber, DATABASE, plan)?, bouncers };
        stage.configure(2, "")?;
        Ok(stage)
    }

    /// From nothing to all that a cutover wants.
    pub fn bring_up(&self) -> Result<(), Failed> {
        self.pair.bring_up()?;
        self.pair.run_all(&[
            "76_pu",
            "76_shell_pa",
            "76_shell_pr",
            "76_shell_v",
            "76_su",
            "77_publisher_d",
            "77_publisher_r",
        ])
    }

    /// The servers before anything was made on them. The plan may be for another server than this publisher.
    pub fn bare(servers: &Servers, publisher: u32, subscriber: u32, identifier: Option<&str>) -> Result<Self, Failed> {
        let (from, to) = clusters(servers, (publisher, subscriber), DATABASE, &[SCHEMA])?;
        Stage::before((from, to), (publisher, subscriber), identifier)
    }

    /// The same with a partition tree, a new server that has no table yet, and every check of the cutover.
    pub fn empty(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Self, Failed> {
        let (from, to) = clusters(servers, (publisher, subscriber), DATABASE, &[])?;
        from.psql(DATABASE, &format!("{SCHEMA}{ROWS}{TREE}"))?.success()?;
        let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
        let stage = Stage::of(from, to, with_tree(plan(publisher, subscriber, identifier)))?;
        stage.configure(2, "WITHOUT=")?;
        Ok(stage)
    }

    fn before(
        (from, to): (Cluster, Cluster),
        (publisher, subscriber): (u32, u32),
        identifier: Option<&str>,
    ) -> Result<Self, Failed> {
        from.psql(DATABASE, ROWS)?.success()?;
        let identifier = match identifier {
            Some(other) => other.to_owned(),
            None => from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?,
        };
        Stage::of(from, to, plan(publisher, subscriber, identifier))
    }

    /// How clients reach each PgBouncer.
    pub fn conninfos(&self) -> Vec<String> {
        self.bouncers.iter().map(Bouncer::conninfo).collect()
    }

    /// Writes `cutover.conf` with the first PgBouncers.
    pub fn configure(&self, listed: usize, more: &str) -> Result<(), Failed> {
        let state = self.pair.folder().join("scripts.state");
        bouncer::configure(&state, &self.bouncers[..listed], &self.pair.publisher, &self.pair.subscriber, more)
    }

    /// A shell file that must end with a code; what it said.
    pub fn shell(&self, file: &str, expected: i32) -> Result<String, Failed> {
        let (code, out, errors) = told(self.pair.shell(file).output()?);
        if code != expected {
            return Err(format!("{file}: exit code {code}: {out}{errors}\n{}", self.pair.state("evidence.tsv")).into());
        }
        Ok(out + &errors)
    }

    /// Runs a script until its evidence says that a part has begun, and a moment longer; then does something to it or to what
    /// it works with. An error, with all that the script said, when it ended without that part.
    pub fn strike(
        &mut self,
        file: &str,
        part: &str,
        later: Duration,
        blow: impl FnOnce(&mut Stage, rustix::process::Pid) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let evidence = self.pair.folder().join("scripts.state/evidence.tsv");
        let seen = || {
            let text = fs::read_to_string(&evidence).unwrap_or_default();
            text.lines().filter(|line| line.ends_with(&format!("\tbegin\t{part}"))).count()
        };
        let before = seen();
        let log = self.pair.folder().join("struck.log");
        let output = fs::File::create(&log)?;
        let mut command = self.pair.shell(file);
        let mut child = command.stdout(output.try_clone()?).stderr(output).process_group(0).spawn()?;
        let begun = Instant::now();
        while seen() == before {
            if let Some(status) = child.try_wait()? {
                return Err(format!("{file} never came to \"{part}\": {status}: {}", fs::read_to_string(&log)?).into());
            }
            if begun.elapsed() > Duration::from_secs(180) {
                let _ = child.kill();
                return Err(format!("{file} never came to \"{part}\": {}", self.pair.state("evidence.tsv")).into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(later);
        let group = rustix::process::Pid::from_raw(child.id() as i32).ok_or("a pid")?;
        let struck = blow(self, group);
        child.wait()?;
        struck
    }

    /// As [`settle`], by a server of the tests.
    pub fn settle(&self, server: &Cluster, clients: &Clients) -> Result<(), Failed> {
        settle(&|sql| by_psql(server, sql), clients)
    }
}

/// What psql prints of a statement: a line a row, columns with a bar between them.
pub fn by_psql(server: &Cluster, sql: &str) -> Result<String, Failed> {
    Ok(server.psql(DATABASE, sql)?.success()?.trim_end().to_owned())
}

/// Every acknowledged write is on a server once, and nothing that was never asked for; `query` gives what psql prints there.
pub fn settle(query: &dyn Fn(&str) -> Result<String, Failed>, clients: &Clients) -> Result<(), Failed> {
    let rows = query(
        "SELECT client, count(*), max(number), (SELECT count(*) FROM transfers AS t WHERE t.client = l.client) FROM ledger AS l GROUP BY client ORDER BY client",
    )?;
    for row in rows.lines() {
        let values: Vec<u64> = row.split('|').map(|value| value.parse().unwrap_or_default()).collect();
        let acknowledged =
            clients.written.lock().map_err(|_| "a client panicked")?.get(&values[0]).copied().unwrap_or_default();
        assert_eq!(values[1..], [acknowledged; 3], "client {}", values[0]);
    }
    let totals = query(
        "SELECT count(DISTINCT client) || ' ' || (SELECT sum(balance) FROM accounts) - (SELECT sum(amount) FROM transfers) FROM ledger",
    )?;
    assert_eq!(totals, format!("{CLIENTS} 0"));
    Ok(())
}

const CLIENTS: u64 = 6;

/// Clients that write one numbered transaction after the other; an error ends one.
pub struct Clients {
    /// As much as the servers can take beside other tests, if nothing else is said.
    pause_ms: u64,
    done: AtomicBool,
    /// A connection that breaks is made anew, and what became of its last transaction is looked at.
    forgiving: bool,
    slowest_ms: AtomicU64,
    pub written: Mutex<BTreeMap<u64, u64>>,
    errors: Mutex<Vec<String>>,
}

impl Default for Clients {
    fn default() -> Self {
        Clients {
            pause_ms: 15,
            done: AtomicBool::default(),
            forgiving: false,
            slowest_ms: AtomicU64::default(),
            written: Mutex::default(),
            errors: Mutex::default(),
        }
    }
}

impl Clients {
    /// Runs clients beside `work`; which PgBouncer a client uses is its number.
    pub fn beside(stage: &Stage, work: impl FnOnce(&Clients) -> Result<(), Failed>) -> Result<Clients, Failed> {
        Clients::strict(&stage.conninfos(), work)
    }

    /// The same by connection strings.
    pub fn strict(conninfos: &[String], work: impl FnOnce(&Clients) -> Result<(), Failed>) -> Result<Clients, Failed> {
        Clients::default().run_beside(conninfos, work)
    }

    /// The same, each with a pause of so many ms after each transaction, for steps that take long.
    pub fn paced(
        conninfos: &[String],
        pause_ms: u64,
        work: impl FnOnce(&Clients) -> Result<(), Failed>,
    ) -> Result<Clients, Failed> {
        Clients { pause_ms, ..Clients::default() }.run_beside(conninfos, work)
    }

    /// The same with clients that outlive broken connections.
    pub fn forgiving(
        conninfos: &[String],
        work: impl FnOnce(&Clients) -> Result<(), Failed>,
    ) -> Result<Clients, Failed> {
        Clients { forgiving: true, ..Clients::default() }.run_beside(conninfos, work)
    }

    fn run_beside(
        self,
        conninfos: &[String],
        work: impl FnOnce(&Clients) -> Result<(), Failed>,
    ) -> Result<Clients, Failed> {
        let worked = thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (clients, conninfo) = (&self, &conninfos[number as usize % conninfos.len()]);
                scope.spawn(move || clients.run(number, conninfo));
            }
            let end = Done(&self.done);
            let worked = self.go_on().and_then(|()| work(&self));
            let went_on = self.go_on();
            drop(end);
            worked.and(went_on)
        });
        let errors = self.errors.lock().map_err(|_| "a client panicked")?.join("\n");
        match worked {
            Ok(()) if errors.is_empty() => Ok(self),
            Ok(()) => Err(errors.into()),
            Err(error) => Err(format!("{}\n{errors}", error.message().unwrap_or_default()).into()),
        }
    }

    fn run(&self, number: u64, conninfo: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (mut last, mut unsure) = (0, false);
        let mut over = None;
        while let Err(error) = runtime.block_on(self.write(number, conninfo, &mut last, &mut unsure)) {
            if !self.forgiving {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                self.errors.lock().expect("no client panics").push(format!("client {number}: {error}: {source}"));
                return;
            }
            if self.done.load(Ordering::Relaxed) {
                let since = *over.get_or_insert_with(Instant::now);
                if !unsure {
                    return;
                }
                if since.elapsed() > Duration::from_secs(180) {
                    self.errors
                        .lock()
                        .expect("no client panics")
                        .push(format!("client {number} got no answer at the end"));
                    return;
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// One connection's transactions. `unsure`: nobody said what became of the one after `last`.
    async fn write(
        &self,
        number: u64,
        conninfo: &str,
        last: &mut u64,
        unsure: &mut bool,
    ) -> Result<(), tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(conninfo, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let acknowledged = |reached: u64| self.written.lock().expect("no client panics").insert(number, reached);
        if *unsure {
            let next = *last + 1;
            let found = client
                .simple_query(&format!("SELECT number FROM ledger WHERE client = {number} AND number = {next}"))
                .await?;
            if found.iter().any(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(_))) {
                *last = next;
                acknowledged(next);
            }
            *unsure = false;
        }
        while !self.done.load(Ordering::Relaxed) {
            let next = *last + 1;
            let begun = Instant::now();
            *unsure = true;
            client
                .simple_query(&format!(
                    "BEGIN; INSERT INTO ledger VALUES ({number}, {next}); UPDATE accounts SET balance = balance + 3 WHERE id = 1 + ({next} * 7 + {number}) % 50;
                     INSERT INTO transfers (account, amount, client, number) VALUES (1 + ({next} * 7 + {number}) % 50, 3, {number}, {next}); COMMIT"
                ))
                .await?;
            (*last, *unsure) = (next, false);
            self.slowest_ms.fetch_max(begun.elapsed().as_millis() as u64, Ordering::Relaxed);
            acknowledged(next);
            thread::sleep(Duration::from_millis(self.pause_ms));
        }
        Ok(())
    }

    /// Waits until every client has written again.
    pub fn go_on(&self) -> Result<(), Failed> {
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
    pub fn slowest(&self) -> u64 {
        self.slowest_ms.swap(0, Ordering::Relaxed)
    }
}
