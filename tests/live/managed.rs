//! Without a superuser: the whole night as the owner of the database and its tables, and roles that have less, whose refusals
//! `check` has announced.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{ManifestStep, Phase},
    server::ServerVersion,
    throwaway::{Cluster, ClusterSettings, Servers},
};
use serde_json::Value;

use crate::{
    bench::case,
    bouncer::{self, Bouncer},
    databases::program,
    pair::{sh, told},
};

pub fn trials() -> Vec<Trial> {
    let night = |name: &str, from: u32, to: u32, bootstrap: &'static str| {
        case(format!("managed::the_night_of_an_owner_{name}"), 2, move |servers| night(servers, from, to, bootstrap))
    };
    vec![
        night("16_to_18", 16, 18, "copy"),
        night("15_to_18_by_dump", 15, 18, "dump"),
        night("14_to_16", 14, 16, "copy"),
        case("managed::what_is_refused_was_announced_16_to_18", 2, refusals),
    ]
}

/// A database of two slots, with a role that other roles own nothing of, a partition tree, and a foreign key.
const SCHEMA: &str = "
    CREATE TABLE customers (id bigint PRIMARY KEY, name text);
    CREATE TABLE orders (id bigserial PRIMARY KEY, customer bigint REFERENCES customers, note text);
    CREATE INDEX orders_customer ON orders (customer);
    CREATE TABLE events (id bigint, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE events_a PARTITION OF events FOR VALUES FROM (0) TO (10);
    CREATE TABLE events_b PARTITION OF events FOR VALUES FROM (10) TO (20);
    INSERT INTO customers SELECT n, 'c' FROM generate_series(1, 200) AS n;
    INSERT INTO orders (customer, note) SELECT 1 + n % 200, 'o' FROM generate_series(1, 500) AS n;
    INSERT INTO events SELECT n, n % 20, 'e' FROM generate_series(1, 300) AS n;
    CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := NEW.note || ''!''; RETURN NEW; END';
    CREATE TRIGGER stamp BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamped();";

/// What a role has: the night of an owner, or less.
#[derive(Clone, Copy)]
struct Rights {
    name: &'static str,
    /// Statements of a superuser that take something away, on the old and the new server.
    old: &'static str,
    new: &'static str,
    /// The first step that is refused then, and the code that announces it.
    refused: Option<(&'static str, &'static str)>,
}

const OWNER: Rights = Rights { name: "mover", old: "", new: "", refused: None };

const LESS: [Rights; 7] = [
    OWNER,
    Rights {
        name: "receiverless",
        old: "REVOKE pg_create_subscription FROM ROLE",
        new: "",
        refused: Some(("reverse_subscriptions", "PF321")),
    },
    Rights {
        name: "subscriberless",
        old: "",
        new: "REVOKE pg_create_subscription FROM ROLE",
        refused: Some(("subscriptions", "PF308")),
    },
    Rights { name: "silent", old: "ALTER ROLE ROLE NOREPLICATION", new: "", refused: Some(("slots", "PF113")) },
    Rights { name: "roleless", old: "", new: "ALTER ROLE ROLE NOCREATEROLE", refused: Some(("schema", "PF324")) },
    Rights {
        name: "tenant",
        old: "ALTER DATABASE DATABASE OWNER TO postgres; GRANT CREATE ON DATABASE DATABASE TO ROLE",
        new: "",
        refused: Some(("cutover", "PF323")),
    },
    Rights {
        name: "slotless",
        old: "",
        new: "ALTER ROLE ROLE NOREPLICATION",
        refused: Some(("reverse_subscriptions", "PF321")),
    },
];

/// Codes about what a role may not do.
const ANNOUNCED: [&str; 12] =
    ["PF113", "PF114", "PF115", "PF116", "PF308", "PF320", "PF321", "PF323", "PF324", "PF325", "PF326", "PF322"];

struct Night<'s> {
    from: &'s Cluster,
    to: &'s Cluster,
    rights: Rights,
    folder: tempfile::TempDir,
    database: String,
    bin: PathBuf,
    bootstrap: &'static str,
}

fn cluster(servers: &Servers, major: u32) -> Result<Cluster, Failed> {
    let hba = "host all all 127.0.0.1/32 md5\nhost replication all 127.0.0.1/32 md5\n";
    let settings = ClusterSettings::new()
        .with_tcp()
        .with_hba(hba)
        .with("max_logical_replication_workers", "30")
        .with("max_worker_processes", "40")
        .with("wal_retrieve_retry_interval", "200ms");
    Ok(servers.start(major, &settings)?)
}

impl<'s> Night<'s> {
    /// The role and its database on both servers; the application's role on the old one only, unless it is there.
    fn new(
        servers: &Servers,
        from: &'s Cluster,
        to: &'s Cluster,
        rights: Rights,
        bootstrap: &'static str,
    ) -> Result<Self, Failed> {
        let (role, database) = (rights.name, format!("shop_{}", rights.name));
        for cluster in [from, to] {
            let version = ServerVersion::of_major(cluster.major());
            let mut sql = format!(
                "CREATE ROLE {role} LOGIN CREATEROLE CREATEDB REPLICATION PASSWORD 'secret'; GRANT pg_monitor TO {role};"
            );
            if version.has_wal_statistics() {
                sql += &format!("GRANT pg_read_all_data TO {role};"); // 14
            }
            if version.has_create_subscription_role() {
                sql += &format!("GRANT pg_create_subscription TO {role};");
            }
            cluster.psql("postgres", &sql)?.success()?;
            cluster.query("postgres", &format!("CREATE DATABASE {database} OWNER {role}"))?;
        }
        from.query("postgres", &format!("CREATE ROLE app_{role} LOGIN PASSWORD 'of the application'"))?;
        let folder = tempfile::tempdir()?;
        let night = Night { from, to, rights, folder, database, bin: servers.tools().full(18)?, bootstrap };
        from.psql(&night.database, &format!("SET ROLE {role}; {SCHEMA} RESET ROLE;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app_{role}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app_{role}"))?.success()?;
        for (cluster, sql) in [(from, rights.old), (to, rights.new)] {
            let sql = sql.replace("ROLE ROLE", &format!("ROLE {role}")).replace("FROM ROLE", &format!("FROM {role}"));
            let sql = sql
                .replace("TO ROLE", &format!("TO {role}"))
                .replace("DATABASE DATABASE", &format!("DATABASE {}", night.database));
            cluster.psql("postgres", &sql)?.success()?;
        }
        night.prepare()?;
        Ok(night)
    }

    fn dsn(&self, cluster: &Cluster) -> Result<String, Failed> {
        let base = cluster.tcp_conninfo(&self.database).ok_or("the server listens")?;
        Ok(format!("{base} user={} password=secret", self.rights.name))
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn program(&self, arguments: &[&str]) -> Result<(i32, String, String), Failed> {
        Ok(told(program(arguments).output()?))
    }

    /// Workload, plan and files, all made as the role.
    fn prepare(&self) -> Result<(), Failed> {
        let (workload, plan, scripts) = (self.path("w.json"), self.path("plan.json"), self.path("scripts"));
        let to = self.to.major().to_string();
        let prefix = format!("p_{}", self.rights.name);
        let commands: [&[&str]; 3] = [
            &["sample", &self.dsn(self.from)?, "--once", "--interval", "1s", "-o", &workload],
            &["plan", &workload, "-o", &plan, "--publications", "2", "--subscriber-version", &to, "--prefix", &prefix],
            &["emit", &plan, "-o", &scripts, "--privileges", "owner", "--bootstrap", self.bootstrap],
        ];
        for command in commands {
            let (code, _, errors) = self.program(command)?;
            assert_eq!(code, 0, "{command:?}: {errors}");
        }
        Ok(())
    }

    /// The findings that `check` gives as the role: code, and the words about it.
    fn findings(&self) -> Result<Vec<(String, String)>, Failed> {
        let (from, to) = (self.dsn(self.from)?, self.dsn(self.to)?);
        let (plan, as_emitted) = (self.path("plan.json"), ["--privileges", "owner", "--bootstrap", self.bootstrap]);
        let servers = ["--format", "json", "--publisher", &from, "--subscriber", &to];
        let (_, out, errors) = self.program(&[&["check", plan.as_str()], &as_emitted[..], &servers[..]].concat())?;
        let report: Value = serde_json::from_str(&out).map_err(|_| errors)?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        Ok(findings
            .iter()
            .map(|finding| (finding["code"].as_str().unwrap_or_default().to_owned(), finding.to_string()))
            .collect())
    }

    /// Its codes.
    fn announced(&self) -> Result<BTreeSet<String>, Failed> {
        Ok(self.findings()?.into_iter().map(|(code, _)| code).collect())
    }

    fn steps(&self) -> Result<Vec<ManifestStep>, Failed> {
        let manifest: pgslotplan::emit::Manifest =
            pgslotplan::format::read(&fs::read(self.path("scripts/manifest.json"))?)?;
        Ok(manifest.steps)
    }

    fn configure(&self, bouncers: &[Bouncer], more: &str) -> Result<(), Failed> {
        let more = format!("PGBOUNCER_DATABASES='app jobs'\nWITHOUT=\n{more}");
        bouncer::configure(&self.folder.path().join("scripts.state"), bouncers, self.from, self.to, &more)
    }

    fn run(&self, step: &str) -> Result<(i32, String), Failed> {
        let mut command = sh(&self.folder.path().join("scripts/run.sh"));
        command
            .arg(step)
            .env("PGSLOTPLAN_PUBLISHER", self.dsn(self.from)?)
            .env("PGSLOTPLAN_SUBSCRIBER", self.dsn(self.to)?)
            .env("PGSLOTPLAN_DUMP", self.path("dump"))
            .env("PGSLOTPLAN_BIN", &self.bin);
        if self.rights.refused.is_some() {
            command.env("PGSLOTPLAN_CHECKED", "yes"); // what the check would refuse is to meet its step
        }
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_pgslotplan")).parent().ok_or("a folder")?;
        command.env("PATH", format!("{}:{}", program.display(), std::env::var("PATH")?));
        let (code, out, errors) = told(command.output()?);
        Ok((code, out + &errors))
    }

    /// The steps up to the cutover and the cutover itself, as they are listed; the first that is refused, and its words.
    fn to_the_new_server(
        &self,
        before_the_cutover: impl Fn() -> Result<(), Failed>,
    ) -> Result<Option<(String, String)>, Failed> {
        for step in self.steps()? {
            let aside = step.aside || step.part_of.is_some() || matches!(step.phase, Phase::Rollback | Phase::Cleanup);
            if aside {
                continue;
            }
            if step.id == "cutover" {
                before_the_cutover()?;
            }
            let (code, said) = self.run(&step.id)?;
            if code != 0 {
                return Ok(Some((step.id, said)));
            }
        }
        Ok(None)
    }

    fn bouncer(&self) -> Result<Bouncer, Failed> {
        Bouncer::start_as(
            self.from,
            &self.database,
            &format!(" user=app_{} password='of the application'", self.rights.name),
            "trust",
            "\"postgres\" \"\"\n",
        )
    }
}

fn write_through(bouncer: &Bouncer, id: u32) -> Result<(), Failed> {
    let dsn = format!("host=127.0.0.1 port={} dbname=app user=postgres", bouncer.port);
    let sql = format!(
        "INSERT INTO customers VALUES ({id}, 'through the pooler'); INSERT INTO orders (customer, note) VALUES ({id}, 'n')"
    );
    let (code, _, errors) =
        told(Command::new("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &dsn, "-c", &sql]).output()?);
    assert_eq!(code, 0, "{errors}");
    Ok(())
}

/// From the schema to the clean-up as a role with LOGIN, CREATEROLE, CREATEDB and REPLICATION that owns database and tables.
fn night(servers: &Servers, from: u32, to: u32, bootstrap: &'static str) -> Result<(), Failed> {
    let (old, new) = (cluster(servers, from)?, cluster(servers, to)?);
    let night = Night::new(servers, &old, &new, OWNER, bootstrap)?;
    let bouncers = [night.bouncer()?];
    night.configure(&bouncers, "")?;
    let goes_back = ServerVersion::of_major(from).has_create_subscription_role();
    let found = night.announced()?;
    assert_eq!(found.contains("PF321"), !goes_back, "{found:?}");
    assert!(found.contains("PF322") && !found.contains("PF320"), "{found:?}");
    let ids: BTreeSet<String> = night.steps()?.into_iter().map(|step| step.id).collect();
    assert_eq!(ids.contains("reverse_subscriptions"), goes_back, "{ids:?}");
    let runbook = fs::read_to_string(night.path("scripts/RUNBOOK.md"))?;
    assert_eq!(runbook.contains("there is no way back once the new server is open"), !goes_back);
    assert!(runbook.contains("the schema is not frozen before the cutover"));

    // who owns schema public is no difference to either of them
    let (code, said) = night.run("schema")?;
    assert_eq!(code, 0, "{said}");
    let about_public =
        night.findings()?.into_iter().filter(|(_, words)| words.contains("schema") && words.contains("public\\\"]"));
    assert_eq!(about_public.collect::<Vec<_>>(), []);
    write_through(&bouncers[0], 1001)?;
    if let Some((step, said)) = night.to_the_new_server(|| open_roles(&night, &bouncers))? {
        return Err(format!("{step}: {said}").into());
    }
    write_through(&bouncers[0], 1002)?;
    let counted = "SELECT count(*) || ' ' || (SELECT count(*) FROM orders WHERE note = 'n!') FROM customers";
    assert_eq!(new.value(&night.database, counted)?, "202 2");
    assert_eq!(
        new.value(
            &night.database,
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        )?,
        "mover"
    );
    let (code, said) = night.run("rollback")?;
    if goes_back {
        assert_eq!(code, 0, "{said}");
        assert_eq!(old.value(&night.database, counted)?, "202 2");
    } else {
        assert!(code == 4 && said.contains("the cutover went without a way back"), "{code} {said}");
        let evidence = fs::read_to_string(night.path("scripts.state/evidence.tsv"))?;
        assert!(evidence.contains("no way back"), "{evidence}");
    }
    for step in night.steps()?.into_iter().filter(|step| step.phase == Phase::Cleanup) {
        let (code, said) = night.run(&step.id)?;
        assert_eq!(code, 0, "{}: {said}", step.id);
    }
    let left = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_subscription)";
    let schema = "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgslotplan'";
    for cluster in [&old, &new] {
        assert_eq!(cluster.value(&night.database, left)?, "0");
    }
    assert_eq!(new.value(&night.database, schema)?, "0");
    // an old server that was not gone back to stays read-only, and knows what it was before
    let stays = if goes_back { "0 off" } else { "1 on" };
    let read_only = old.value(&night.database, "SHOW default_transaction_read_only")?;
    assert_eq!(format!("{} {read_only}", old.value(&night.database, schema)?), stays);
    Ok(())
}

/// What this role cannot close in the pause is said before it, with the statement that helps.
fn open_roles(night: &Night<'_>, bouncers: &[Bouncer]) -> Result<(), Failed> {
    let no = |why: &[&str], not: &str| -> Result<(), Failed> {
        let (code, said) = night.run("cutover")?;
        assert!(code == 3 && why.iter().all(|why| said.contains(why)) && !said.contains(not), "{code}: {said}");
        assert!(said.contains("the application was not touched"), "{said}");
        Ok(())
    };
    night.configure(bouncers, "TERMINATE_OTHERS=yes")?;
    no(&["role app_mover", "GRANT pg_signal_backend TO mover"], "default_transaction_read_only")?;
    night.configure(bouncers, "")?;
    let open = "CREATE ROLE boss SUPERUSER; ALTER ROLE boss SET default_transaction_read_only = off; CREATE ROLE quiet SUPERUSER;
        ALTER ROLE quiet SET default_transaction_read_only = on; ALTER ROLE app_mover SET default_transaction_read_only = off";
    night.from.psql("postgres", open)?.success()?;
    let granted = "GRANT app_mover TO mover WITH ADMIN OPTION";
    let boss = "role boss: ALTER ROLE boss RESET default_transaction_read_only";
    let why = [boss, granted];
    no(if night.from.major() < 16 { &why[..1] } else { &why }, "quiet")?;
    let closed = "DROP ROLE boss, quiet; ALTER ROLE app_mover RESET default_transaction_read_only";
    night.from.psql("postgres", closed)?.success()?;
    Ok(())
}

/// Every script as each kind of role: what is refused first was announced, and nothing is announced of who is refused nothing.
fn refusals(servers: &Servers) -> Result<(), Failed> {
    let (old, new) = (cluster(servers, 16)?, cluster(servers, 18)?);
    let mut seen: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for rights in LESS {
        let night = Night::new(servers, &old, &new, rights, "copy")?;
        let bouncers = [night.bouncer()?];
        night.configure(&bouncers, "")?;
        let found = night.announced()?;
        let about_roles: BTreeSet<&str> = ANNOUNCED.into_iter().filter(|code| found.contains(*code)).collect();
        let refused = night.to_the_new_server(|| Ok(()))?;
        let step = refused.as_ref().map(|(step, _)| step.as_str());
        assert_eq!(step, rights.refused.map(|(step, _)| step), "{}: {refused:?}", rights.name);
        // that the schema is not frozen is said to all of them
        let announced: BTreeSet<&str> = rights.refused.into_iter().map(|(_, code)| code).chain(["PF322"]).collect();
        assert_eq!(about_roles, announced, "{}: {refused:?}", rights.name);
        seen.insert(rights.name, step.map(str::to_owned));
        // the next one begins on servers without it: roles that own what is left stay
        drop(night);
        for (cluster, what) in [(&new, "SUBSCRIPTION"), (&old, "SUBSCRIPTION")] {
            let database = format!("shop_{}", rights.name);
            let names = cluster.query(&database, "SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())")?;
            for name in names.into_iter().flatten().flatten() {
                // the old database is read-only by now
                let sql = format!(
                    "SET default_transaction_read_only = off; ALTER {what} {name} DISABLE; ALTER {what} {name} SET (slot_name = NONE); DROP {what} {name}"
                );
                cluster.psql(&database, &sql)?.success()?;
            }
        }
        for cluster in [&old, &new] {
            // what it lacks on one server is no difference that the next one has to answer for
            let role = rights.name;
            let whole = format!("GRANT pg_create_subscription TO {role}; ALTER ROLE {role} REPLICATION CREATEROLE");
            cluster.psql("postgres", &whole)?.success()?;
            cluster.query(
                "postgres",
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active",
            )?;
        }
    }
    assert_eq!(seen.len(), LESS.len());
    Ok(())
}
