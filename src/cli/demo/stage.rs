//! Both servers of the demo, the emitted files run by psql, and every table compared.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use pgslotplan::{
    emit::{Step, StepSide},
    names::{TableName, quote_identifier, quote_literal},
    throwaway::{Cluster, ClusterSettings, Servers, ThrowawayError},
};

use super::super::output::{Exit, Failure};
use super::Interruption;

/// The planned database, on both servers.
pub const DATABASE: &str = "saas";
/// The subscriber's second database, for one slot with everything.
pub const SINGLE_DATABASE: &str = "saas_single";
/// Publication, slot and subscription of that.
pub const SINGLE_SLOT: &str = "one_slot";
/// What an applied row waits for while lag is measured, seconds, and what waking up takes on top: a page read from
/// network storage. The server cannot sleep for less.
const STORAGE_WAIT_S: f64 = 0.001;

const SCHEMA: &str = include_str!("../../../samples/saas/schema.sql");
const ROWS: &str = include_str!("rows.sql");
/// Slots that deliver nothing for so long are a fault, not load.
const LIMIT: Duration = Duration::from_secs(120);

/// A server of the demo that failed at something.
pub fn failure(error: ThrowawayError) -> Failure {
    let exit = match &error {
        ThrowawayError::Query { .. } | ThrowawayError::Psql { .. } => Exit::Server,
        ThrowawayError::Timeout { .. } => Exit::No,
        _ => Exit::Usage,
    };
    Failure::from(error).exit(exit)
}

/// Publisher and subscriber.
pub struct Stage {
    /// Where the application writes.
    pub publisher: Cluster,
    /// Where it shall write.
    pub subscriber: Cluster,
}

/// What a comparison of all tables found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// The position that every slot had delivered; nothing wrote behind it.
    pub lsn: String,
    /// Tables compared.
    pub tables: usize,
    /// Rows on the publisher.
    pub rows: u64,
    /// Tables whose digests differ.
    pub different: Vec<String>,
}

impl Stage {
    /// Starts both servers with the schema, and fills the publisher.
    pub fn start(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Self, Failure> {
        let settings = ClusterSettings::new().with("shared_buffers", "128MB").with("max_wal_size", "4GB");
        let start = |major| servers.start(major, &settings).map_err(failure);
        let stage = Stage { publisher: start(publisher)?, subscriber: start(subscriber)? };
        for (cluster, database) in
            [(&stage.publisher, DATABASE), (&stage.subscriber, DATABASE), (&stage.subscriber, SINGLE_DATABASE)]
        {
            cluster.query("postgres", &format!("CREATE DATABASE {}", quote_identifier(database))).map_err(failure)?;
            cluster.query(database, SCHEMA).map_err(failure)?;
        }
        stage.publisher.query(DATABASE, ROWS).map_err(failure)?;
        stage.publisher.query("postgres", "CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor").map_err(failure)?;
        Ok(stage)
    }

    /// A connection string of the role that samples.
    pub fn monitor_conninfo(&self) -> String {
        self.publisher.conninfo(DATABASE).replace("user=postgres", "user=monitor")
    }

    /// Runs an emitted file through psql where it belongs.
    pub fn run(&self, folder: &Path, step: &Step) -> Result<(), Failure> {
        let cluster = match step.side {
            StepSide::Publisher => &self.publisher,
            StepSide::Subscriber => &self.subscriber,
            StepSide::Pgbouncer => return Ok(()),
            StepSide::Shell => return self.run_shell(&folder.join(&step.file)),
        };
        let dsn = self.publisher.conninfo(DATABASE);
        let value = |name: &str| match name {
            "publisher_dsn" => Some(dsn.as_str()),
            "terminate" => Some("yes"), // the demo's own sessions, which only look
            _ => None,
        };
        let names = step.variables.iter().map(|variable| variable.name.as_str());
        let variables: Vec<(&str, &str)> = names.filter_map(|name| Some((name, value(name)?))).collect();
        let file: PathBuf = folder.join(&step.file);
        let outcome = cluster.run_script(DATABASE, &file, &variables).map_err(failure)?;
        if outcome.code != 0 {
            return Err(Failure::new(format!("{} ended with exit code {}", step.file, outcome.code))
                .detail(outcome.stderr.trim().to_owned())
                .exit(Exit::Server));
        }
        Ok(())
    }

    /// Runs an emitted script, with the program's own psql.
    fn run_shell(&self, file: &Path) -> Result<(), Failure> {
        let psql = self.publisher.tools().psql().map_err(failure)?;
        let mut command = std::process::Command::new("sh");
        command.arg(file).stdin(std::process::Stdio::null());
        command.env("PGSLOTPLAN_PUBLISHER", self.publisher.conninfo(DATABASE));
        command.env("PGSLOTPLAN_SUBSCRIBER", self.subscriber.conninfo(DATABASE));
        if let Some(folder) = psql.parent() {
            command.env("PGSLOTPLAN_BIN", folder);
        }
        let output = command.output().map_err(|error| Failure::new("sh cannot be run").source(error))?;
        if output.status.success() {
            return Ok(());
        }
        Err(Failure::new(format!("{} ended with {}", file.display(), output.status))
            .detail(String::from_utf8_lossy(&output.stderr).trim().to_owned())
            .exit(Exit::Server))
    }

    /// The publisher takes writes again: the demo compares with one slot for everything next.
    pub fn open_writes(&self, folder: &Path) -> Result<(), Failure> {
        let file = folder.join("lib/writes_open_publisher.sql");
        self.publisher.run_script(DATABASE, &file, &[]).and_then(|outcome| outcome.success()).map(drop).map_err(failure)
    }

    /// One subscription for everything, in its own database: what the plan is compared with.
    pub fn start_single(&self) -> Result<(), Failure> {
        let publication = format!("CREATE PUBLICATION {SINGLE_SLOT} FOR ALL TABLES");
        self.publisher.query(DATABASE, &publication).map_err(failure)?;
        let subscription = format!(
            "CREATE SUBSCRIPTION {SINGLE_SLOT} CONNECTION {} PUBLICATION {SINGLE_SLOT}",
            quote_literal(&self.publisher.conninfo(DATABASE))
        );
        self.subscriber.query(SINGLE_DATABASE, &subscription).map_err(failure)?;
        let ready = "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel";
        self.subscriber.wait_until(SINGLE_DATABASE, ready, LIMIT).map_err(failure)
    }

    /// Makes each row that is applied wait like a page read from network storage: on this machine everything is in
    /// memory, and an apply worker would never be the bottleneck that it is on a database of terabytes.
    pub fn slow_storage(&self, database: &str) -> Result<(), Failure> {
        let sql = format!(
            "CREATE FUNCTION public.demo_storage() RETURNS trigger LANGUAGE plpgsql AS $f$
             BEGIN
               PERFORM pg_catalog.pg_sleep({STORAGE_WAIT_S});
               IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
               RETURN NEW;
             END $f$;
             DO $d$
             DECLARE t regclass;
             BEGIN
               FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
                 EXECUTE format('CREATE TRIGGER demo_storage BEFORE INSERT OR UPDATE OR DELETE ON %s
                   FOR EACH ROW EXECUTE FUNCTION public.demo_storage()', t);
                 EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER demo_storage', t);
               END LOOP;
             END $d$"
        );
        self.subscriber.query(database, &sql).map(drop).map_err(failure)
    }

    /// What a row costs there, seconds: rows written to a table of its own, so that sleeping and waking up count.
    pub fn measure_storage(&self) -> Result<f64, Failure> {
        let table = "CREATE TABLE public.demo_probe (id int PRIMARY KEY)";
        self.subscriber.query(SINGLE_DATABASE, table).map_err(failure)?;
        self.slow_storage(SINGLE_DATABASE)?;
        let sql = "INSERT INTO public.demo_probe SELECT generate_series(1, 300);
            SELECT extract(epoch FROM clock_timestamp() - statement_timestamp()) / 300";
        // Both statements are one message, so the second still has the first one's statement_timestamp.
        let cost = self.subscriber.value(SINGLE_DATABASE, sql).map_err(failure)?;
        self.fast_storage(SINGLE_DATABASE)?;
        self.subscriber.query(SINGLE_DATABASE, "DROP TABLE public.demo_probe").map_err(failure)?;
        cost.parse().map_err(|error| Failure::new("could not measure what an applied row costs").source(error))
    }

    /// Memory again.
    pub fn fast_storage(&self, database: &str) -> Result<(), Failure> {
        self.subscriber.query(database, "DROP FUNCTION public.demo_storage() CASCADE").map(drop).map_err(failure)
    }

    /// Waits until every slot has delivered all that was written, and compares every table. Nothing may write.
    pub fn compare(&self, database: &str, interruption: &Interruption) -> Result<Comparison, Failure> {
        let lsn = self.publisher.value(DATABASE, "SELECT pg_current_wal_lsn()").map_err(failure)?;
        interruption.check()?;
        let delivered = format!(
            "SELECT count(*) > 0 AND bool_and(confirmed_flush_lsn >= {}) FROM pg_replication_slots WHERE slot_type = 'logical'",
            quote_literal(&lsn)
        );
        self.publisher.wait_until("postgres", &delivered, LIMIT).map_err(failure)?;
        let (here, there) = (digests(&self.publisher, DATABASE)?, digests(&self.subscriber, database)?);
        let different = here.iter().filter(|(table, digest)| there.get(*table) != Some(*digest));
        Ok(Comparison {
            lsn,
            tables: here.len(),
            rows: here.values().map(|digest| digest.0).sum(),
            different: different.map(|(table, _)| table.to_string()).collect(),
        })
    }

    /// What a plan or the single slot left on either server.
    pub fn leftovers(&self) -> Result<Vec<String>, Failure> {
        let sql = "SELECT 'slot ' || slot_name FROM pg_replication_slots UNION ALL SELECT 'publication ' || pubname FROM pg_publication
            UNION ALL SELECT 'subscription ' || subname FROM pg_subscription UNION ALL SELECT 'origin ' || roname FROM pg_replication_origin
            UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'pgslotplan'";
        let mut left = Vec::new();
        for cluster in [&self.publisher, &self.subscriber] {
            left.extend(cluster.query(DATABASE, sql).map_err(failure)?.into_iter().flatten().flatten());
        }
        Ok(left)
    }
}

/// Rows and the sum of their hashes by table; a partitioned table counts once.
fn digests(cluster: &Cluster, database: &str) -> Result<BTreeMap<TableName, (u64, String)>, Failure> {
    let list = "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'";
    let mut digests = BTreeMap::new();
    for row in cluster.query(database, list).map_err(failure)? {
        let [Some(schema), Some(name)] = row.as_slice() else { continue };
        let table = TableName::new(schema.as_str(), name.as_str());
        let sql = format!(
            "SELECT count(*)::text, coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} AS t",
            table.to_sql()
        );
        let row = cluster.query(database, &sql).map_err(failure)?.into_iter().flatten().flatten().collect::<Vec<_>>();
        let [count, sum] = row.as_slice() else { continue };
        digests.insert(table, (count.parse().unwrap_or(0), sum.clone()));
    }
    Ok(digests)
}
