//! Who gets in after the cutover: passwords are brought and shown to nobody, settings of database and roles come along, each role that a
//! PgBouncer uses is proved able before anything is paused, and each entry answers before success is said.

use std::{fs, thread, time::Duration};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::Bootstrap,
    names::quote_identifier,
    throwaway::{Cluster, Servers},
};

use crate::{
    bench::case,
    bouncer::{self, Bouncer},
    pair::{clusters, table, told},
    scripts::Stage,
    story::{self, DATABASE},
};

pub fn trials() -> Vec<Trial> {
    [(13, 16), (16, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("logins::the_application_gets_in_as_before_{publisher}_to_{subscriber}"), 2, move |servers| {
                gets_in(servers, publisher, subscriber)
            })
        })
        .into()
}

/// Both servers of a migration behind PgBouncers, every step by `run.sh` as a person runs it.
pub struct Night {
    pub stage: Stage,
    pub bouncers: Vec<Bouncer>,
}

impl Night {
    /// `schema` makes tables on the publisher only; the plan has those named, all in one slot.
    pub fn new(servers: &Servers, majors: (u32, u32), schema: &str, tables: &[&str]) -> Result<Self, Failed> {
        let (publisher, subscriber) = clusters(servers, majors, DATABASE, &[])?;
        publisher.psql(DATABASE, schema)?.success()?;
        let identifier = publisher.value("postgres", "SELECT system_identifier FROM pg_catalog.pg_control_system()")?;
        // a name, and the columns of its key where these are not id
        let members = tables.iter().map(|words| {
            let (name, key) = words.split_once(' ').unwrap_or((words, "id"));
            table(name, &key.split(' ').collect::<Vec<_>>())
        });
        let members = members.collect();
        let slots = vec![story::slot("pgsp_1", "pgsp_1", "pgsp_1", members)];
        let plan = story::planned(majors.0, majors.1, identifier, slots, Vec::new());
        let stage = Stage::of(servers, publisher, subscriber, plan, Bootstrap::Copy)?;
        Ok(Night { stage, bouncers: Vec::new() })
    }

    /// `cutover.conf` for the PgBouncers.
    pub fn configure(&self, more: &str) -> Result<(), Failed> {
        let state = self.stage.folder.path().join("scripts.state");
        let more = format!("WITHOUT='verify freeze'\n{more}");
        bouncer::configure(&state, &self.bouncers, &self.stage.publisher, &self.stage.subscriber, &more)
    }

    /// Differences that the team accepts, a line each.
    pub fn accept(&self, lines: &str) -> Result<(), Failed> {
        Ok(fs::write(self.stage.folder.path().join("scripts.state/accepted.txt"), lines)?)
    }

    /// A step, with arguments for psql, and what it ended with and said.
    pub fn step(&self, words: &str) -> Result<(i32, String), Failed> {
        let mut command = self.stage.shell_command(&self.stage.folder.path().join("scripts/run.sh"));
        command.args(words.split(' '));
        let (code, out, errors) = told(command.output()?);
        Ok((code, out + &errors))
    }

    /// Steps that must end well.
    pub fn run(&self, steps: &[&str]) -> Result<String, Failed> {
        let mut all = String::new();
        for step in steps {
            let (code, said) = self.step(step)?;
            if code != 0 {
                return Err(format!("{step}: exit code {code}: {said}").into());
            }
            all += &said;
        }
        Ok(all)
    }

    /// A step that must refuse, and say this.
    pub fn refuses(&self, step: &str, expected: i32, words: &[&str]) -> Result<String, Failed> {
        let (code, said) = self.step(step)?;
        assert!(code == expected && words.iter().all(|word| said.contains(word)), "{step}: {code}: {said}");
        Ok(said)
    }

    /// From nothing to a verified copy.
    pub fn bring_up(&self) -> Result<String, Failed> {
        self.run(&START)
    }
}

/// Steps up to the copy.
pub const START: [&str; 13] = [
    "schema",
    "publisher_check",
    "subscriber_check",
    "drift_tables",
    "publications",
    "slots",
    "subscriptions",
    "ready",
    "caught_up",
    "indexes",
    "foreign_keys",
    "drift",
    "caught_up",
];
/// What comes right before the night.
pub const BEFORE: [&str; 4] = ["reverse_check", "reverse_prepare", "ddl_freeze", "reverse_subscriptions"];

/// One value through the first PgBouncer.
fn through(night: &Night, sql: &str) -> Result<String, Failed> {
    let mut command = night.stage.publisher.tools().psql().map(std::process::Command::new)?;
    let conninfo = format!("host=127.0.0.1 port={} dbname=app user=app connect_timeout=10", night.bouncers[0].port);
    command.args(["-X", "-q", "-A", "-t", "-w", "-d", &conninfo, "-c", sql]).env("PGPASSWORD", "it's secret");
    let (code, out, errors) = told(command.output()?);
    if code != 0 {
        return Err(format!("{sql}: {errors}").into());
    }
    Ok(out.trim_end().to_owned())
}

/// Role app with a password only; everybody else is trusted.
fn guard(cluster: &Cluster, method: &str) -> Result<(), Failed> {
    let rules = format!(
        "local all all trust\nlocal replication all trust\nhost all app 127.0.0.1/32 {method}\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"
    );
    let loaded = || cluster.value("postgres", "SELECT pg_conf_load_time()");
    let before = loaded()?;
    cluster.write_data("pg_hba.conf", rules.as_bytes())?;
    cluster.reload();
    for _ in 0..100 {
        if loaded()? != before {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err("the server does not read its rules again".into())
}

const SETTINGS: &str = "SELECT coalesce(string_agg(concat_ws(' ', r.rolname, d.datname IS NOT NULL, c), ', ' ORDER BY r.rolname, c), '')
    FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS c LEFT JOIN pg_roles AS r ON r.oid = s.setrole LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
    WHERE c !~ '^(session_preload_libraries|default_transaction_read_only)='";
const DATABASE_FACTS: &str = "SELECT concat_ws(' ', pg_get_userbyid(datdba), datconnlimit, has_database_privilege('stranger', oid, 'CONNECT'),
    has_database_privilege('guest', oid, 'CONNECT'), (SELECT concat_ws(' ', rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC') FROM pg_roles WHERE rolname = 'app'))
    FROM pg_database WHERE datname = current_database()";

fn gets_in(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let database = quote_identifier(DATABASE);
    let schema = format!(
        "SET client_min_messages = error; CREATE ROLE app LOGIN; CREATE ROLE old LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE guest LOGIN; CREATE SCHEMA sales;
         SET password_encryption = 'scram-sha-256'; ALTER ROLE app PASSWORD 'it''s secret' CONNECTION LIMIT 40 VALID UNTIL '2099-01-01 UTC';
         SET password_encryption = 'md5'; ALTER ROLE old PASSWORD 'older';
         CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, 'x' FROM generate_series(1, 30) AS n; ALTER TABLE t OWNER TO app;
         ALTER ROLE app SET search_path = sales, \"$user\", public; ALTER ROLE app IN DATABASE {database} SET work_mem = '7MB';
         ALTER ROLE app SET session_preload_libraries = 'auto_explain'; ALTER ROLE guest SET my.key = 'it''s';
         ALTER DATABASE {database} SET timezone = 'Asia/Tokyo'; ALTER DATABASE {database} SET lock_timeout = '77s';
         ALTER DATABASE {database} OWNER TO app; ALTER DATABASE {database} CONNECTION LIMIT 90;
         REVOKE CONNECT ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO guest;"
    );
    let mut night = Night::new(servers, (publisher, subscriber), &schema, &["t"])?;
    let (from, to) = (&night.stage.publisher, &night.stage.subscriber);
    for cluster in [from, to] {
        cluster.query("postgres", "ALTER SYSTEM SET log_statement = 'all'")?;
        guard(cluster, "scram-sha-256")?;
    }
    // settings of both: what would end workers waits, what loads code is listed
    let said = night.run(&["schema"])?;
    assert!(said.contains("session_preload_libraries") && said.contains("loads code"), "{said}");
    night.run(&["schema"])?;
    let without = |settings: &str| {
        settings.split(", ").filter(|one| !one.contains("lock_timeout=")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(to.value(DATABASE, SETTINGS)?, without(&from.value(DATABASE, SETTINGS)?));
    assert_eq!(to.value(DATABASE, DATABASE_FACTS)?, from.value(DATABASE, DATABASE_FACTS)?);
    assert!(from.value(DATABASE, DATABASE_FACTS)?.starts_with("app 90 f t 40 2099-01-01"));
    // what was not carried is a difference that somebody answers for
    night.accept("setting [\"app\", \"server\"] session_preload_libraries\n")?;
    night.bring_up()?;

    night.bouncers.push(Bouncer::start_as(
        &night.stage.publisher,
        DATABASE,
        "",
        "trust",
        "\"app\" \"it's secret\"\n\"postgres\" \"\"\n\"elsewhere\" \"x\"\n",
    )?);
    let (from, to) = (&night.stage.publisher, &night.stage.subscriber);
    night.configure("")?;
    night.run(&BEFORE)?;
    assert_eq!(through(&night, "SELECT count(*) FROM t")?, "30");
    // nobody has a password there: said long before the night, and by the cutover before it pauses
    let no_go = ["role app, entry app of PgBouncer b0", "no password there", "ACCEPTED_LOGINS"];
    night.refuses("logins", 4, &no_go)?;
    let said = night.refuses("cutover", 4, &no_go)?;
    assert!(said.contains("the application was not touched") && !said.contains("elsewhere"), "{said}");
    assert_eq!(
        through(&night, "UPDATE t SET v = 'y' WHERE id = 1 RETURNING current_setting('port')")?,
        from.port().to_string()
    );

    let said = night.run(&["passwords"])?;
    assert!(said.contains("2 passwords brought, 0 were the same"), "{said}");
    assert!(night.run(&["passwords"])?.contains("0 passwords brought, 2 were the same"));
    let verifiers = "SELECT string_agg(rolname || ' ' || rolpassword, ',' ORDER BY rolname) FROM pg_authid WHERE rolname IN ('app', 'old')";
    assert_eq!(to.value(DATABASE, verifiers)?, from.value(DATABASE, verifiers)?);
    let secret = from.value(DATABASE, "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")?;
    night.run(&["logins"])?;

    // a rule that keeps it out; another server; no entry
    guard(to, "reject")?;
    night.refuses("logins", 4, &["pg_hba.conf rejects connection"])?;
    guard(to, "scram-sha-256")?;
    night.configure("NEW_PORT=1\n")?;
    night.refuses("logins", 4, &["refused"])?;
    night.configure(&format!("NEW_PORT={}\n", from.port()))?;
    night.refuses("logins", 4, &["is not the subscriber"])?;
    let ini = fs::read_to_string(night.bouncers[0].ini())?;
    fs::write(night.bouncers[0].ini(), ini.replace("\napp = ", "\nlost = "))?;
    night.configure("")?;
    night.refuses("logins", 4, &["entry app of PgBouncer b0 has no line below [databases]", "b0_switch"])?;
    fs::write(night.bouncers[0].ini(), &ini)?;
    night.configure("PGBOUNCER_DATABASES='*'\n")?;
    night.refuses("logins", 1, &["names databases one by one"])?;

    // nobody here knows the password: the verifiers and the rule are compared, and a client is named
    let users = format!("\"app\" \"{secret}\"\n\"postgres\" \"\"\n");
    let mut passing = Bouncer::start_as(&night.stage.publisher, DATABASE, "", "scram-sha-256", &users)?;
    std::mem::swap(&mut passing, &mut night.bouncers[0]);
    drop(passing);
    let ini = fs::read_to_string(night.bouncers[0].ini())?;
    fs::write(night.bouncers[0].ini(), ini.replace("admin_users = postgres", "admin_users = app"))?;
    night.bouncers[0].crash();
    night.bouncers[0].start_again()?;
    let client = |bouncer: &Bouncer| {
        let login = format!("host=127.0.0.1 port={} user=app password=''it\\''s secret''", bouncer.port)
            .replace("''", "'\"'\"'");
        format!("b0_client='{login}'\nb0_console='{login} dbname=pgbouncer'\n")
    };
    let more = client(&night.bouncers[0]);
    night.configure(&more)?;
    let (from, to) = (&night.stage.publisher, &night.stage.subscriber);
    night.run(&["logins"])?;
    to.query("postgres", "ALTER ROLE app PASSWORD 'another'")?;
    night.refuses("logins", 4, &["another password there than on the publisher"])?;
    night.configure(&format!("{more}ACCEPTED_LOGINS='other, app'\n"))?;
    night.run(&["logins"])?;
    night.configure(&more)?;
    night.run(&["passwords", "logins"])?;
    guard(to, "reject")?;
    night.refuses("logins", 4, &["pg_hba.conf rejects it from 127.0.0.1"])?;
    guard(to, "scram-sha-256")?;

    let said = night.run(&["cutover"])?;
    assert!(said.contains("the new server is open; pause "), "{said}");
    assert_eq!(through(&night, "SELECT current_setting('port')")?, to.port().to_string());
    assert_eq!(through(&night, "SHOW timezone")?, "Asia/Tokyo");
    assert_eq!(to.value(DATABASE, SETTINGS)?, from.value(DATABASE, SETTINGS)?);
    // who does not get in any more is not called a success
    to.query(
        "postgres",
        "ALTER ROLE app NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'",
    )?;
    night.refuses("prove", 4, &["does not answer from the subscriber", "open and stays so"])?;
    to.query("postgres", "ALTER ROLE app LOGIN")?;
    // a PgBouncer tries a login that failed again after some seconds (server_login_retry)
    for _ in 0..60 {
        if through(&night, "SELECT 1").is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(500));
    }
    night.run(&["prove"])?;
    // neither logs nor files have a password
    for cluster in [from, to] {
        let log = cluster.server_log();
        assert!(log.contains("log_statement") || log.contains("statement:"), "nothing was logged");
        assert!(!log.contains(&secret[40..]), "a verifier stands in a log");
    }
    let state = night.stage.folder.path().join("scripts.state");
    for entry in fs::read_dir(state)? {
        let path = entry?.path();
        if path.is_file() && !path.ends_with("cutover.conf") {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            assert!(!text.contains(&secret[40..]) && !text.contains("it's secret"), "{}", path.display());
        }
    }
    Ok(())
}
