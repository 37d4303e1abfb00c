//! What a tenant, a lying publisher or another local user could make the steps do that carry a schema and rows from one server to
//! the other: no role changes, no file of theirs appears, no password is shown.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::Bootstrap,
    names::TableName,
    plan::{Plan, PlannedTable},
    throwaway::{Cluster, ScriptOutcome, Servers},
};

use crate::{bench::case, bootstraps::stand_in, pair::clusters, scripts::Stage, story};

/// Up to 15 rows are applied as the subscription's owner, later as the table's.
const PAIRS: [(u32, u32); 5] = [(12, 14), (13, 15), (15, 15), (15, 16), (16, 18)];

pub fn trials() -> Vec<Trial> {
    let pairs = PAIRS.map(|(publisher, subscriber)| {
        case(format!("attacks_carrying::functions_run_as_nobody_else_{publisher}_to_{subscriber}"), 2, move |servers| {
            functions(servers, publisher, subscriber)
        })
    });
    let mut trials: Vec<Trial> = pairs.into_iter().collect();
    trials.extend([
        case("attacks_carrying::roles_scripts_and_passwords_13_to_15", 2, |servers| carried(servers, 13, 15)),
        case("attacks_carrying::roles_scripts_and_passwords_16_to_18", 2, |servers| carried(servers, 16, 18)),
        case("attacks_carrying::rows_are_loaded_by_nobody_else_15_to_18", 2, |servers| loaded(servers, 15, 18)),
    ]);
    trials
}

/// A tenant with a schema of his own, whose function makes him a superuser when a superuser runs it.
const TENANT: &str = "CREATE ROLE tenant LOGIN; CREATE SCHEMA ten AUTHORIZATION tenant; SET ROLE tenant;
    CREATE FUNCTION ten.up() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
      IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN EXECUTE 'ALTER ROLE tenant SUPERUSER'; END IF; END $$;
    CREATE FUNCTION ten.ok(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM ten.up(); RETURN true; END $$;
    CREATE DOMAIN ten.word AS text CHECK (ten.ok(VALUE));
    CREATE TYPE ten.both AS (a ten.word, b int);
    CREATE TABLE ten.a (id bigint PRIMARY KEY, v text CHECK (ten.ok(v)));
    CREATE TABLE ten.b (id bigint PRIMARY KEY, v ten.both[]);
    CREATE TABLE ten.c (id bigint PRIMARY KEY, v text); CREATE INDEX c_ok ON ten.c (id) WHERE ten.ok('x');
    CREATE TABLE ten.d (id bigint PRIMARY KEY, v text, g boolean GENERATED ALWAYS AS (ten.ok(v)) STORED);
    RESET ROLE;";
const ROWS: &str = "SET ROLE tenant; INSERT INTO ten.a SELECT n, 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO ten.b SELECT n, ARRAY[ROW('x', 1)]::ten.both[] FROM generate_series(1, 50) AS n;
    INSERT INTO ten.c SELECT n, 'x' FROM generate_series(1, 50) AS n; INSERT INTO ten.d SELECT n, 'x' FROM generate_series(1, 50) AS n;";

fn plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let table = |name: &str| PlannedTable { schema: "ten".into(), ..story::public(name) };
    let slot = |name: &str, tables: [&str; 2]| story::slot(name, name, name, tables.map(table).into());
    let slots = vec![slot("pgsp_1", ["a", "b"]), slot("pgsp_2", ["c", "d"])];
    story::planned(publisher, subscriber, identifier, slots, Vec::new())
}

fn stage(servers: &Servers, majors: (u32, u32), bootstrap: Bootstrap) -> Result<Stage, Failed> {
    let (publisher, subscriber) = clusters(servers, majors, story::DATABASE, &[])?;
    publisher.psql(story::DATABASE, TENANT)?.success()?;
    publisher.psql(story::DATABASE, ROWS)?.success()?;
    let identifier = publisher.value("postgres", "SELECT system_identifier FROM pg_catalog.pg_control_system()")?;
    Stage::of(servers, publisher, subscriber, plan(majors.0, majors.1, identifier), bootstrap)
}

/// Nobody has become what he was not.
fn unchanged(stage: &Stage, others: &[&str]) -> Result<(), Failed> {
    let sql = "SELECT coalesce(pg_catalog.string_agg(rolname, ',' ORDER BY rolname), '') FROM pg_catalog.pg_roles WHERE rolsuper AND rolname <> 'postgres'";
    for cluster in [&stage.publisher, &stage.subscriber] {
        let supers = cluster.value("postgres", sql)?;
        assert!(supers.split(',').all(|role| role.is_empty() || others.contains(&role)), "superusers: {supers}");
    }
    assert!(!canary(stage).exists(), "a program of somebody else was run");
    Ok(())
}

fn canary(stage: &Stage) -> std::path::PathBuf {
    stage.folder.path().join("canary")
}

/// A step of SQL with psql variables.
fn run(stage: &Stage, cluster: &Cluster, number: &str, variables: &[(&str, &str)]) -> Result<ScriptOutcome, Failed> {
    let dsns = [
        ("publisher_dsn", stage.publisher.conninfo(story::DATABASE)),
        ("subscriber_dsn", stage.subscriber.conninfo(story::DATABASE)),
    ];
    let mut all: Vec<(&str, &str)> = dsns.iter().map(|(name, dsn)| (*name, dsn.as_str())).collect();
    all.extend(variables);
    Ok(cluster.run_script(story::DATABASE, &stage.file(stage.step(number)?), &all)?)
}

fn good(outcome: &ScriptOutcome) {
    assert!(outcome.code == 0, "{} {} {}", outcome.code, outcome.stdout, outcome.stderr);
}

fn refused(outcome: &ScriptOutcome, words: &[&str]) {
    assert!(outcome.code != 0, "it was not refused: {} {}", outcome.stdout, outcome.stderr);
    for words in words {
        assert!(outcome.stderr.contains(words), "\"{words}\" is not in: {}", outcome.stderr);
    }
}

fn functions(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = stage(servers, (publisher, subscriber), Bootstrap::Copy)?;
    stage.subscriber.psql(story::DATABASE, TENANT)?.success()?;
    for cluster in [&stage.publisher, &stage.subscriber] {
        cluster.query("postgres", "CREATE ROLE repl LOGIN")?;
    }
    let runs_as_us = subscriber < 16;
    let owner: &[(&str, &str)] = if runs_as_us { &[("subscription_owner", "repl")] } else { &[] };
    let words = [
        "would run as the owner of the subscriptions",
        "ten.ok(text) of role tenant: check of table ten.a",
        "domain of table ten.b",
        "index of table ten.c",
        "generated",
        "PGSLOTPLAN_SUBSCRIPTION_OWNER",
    ];
    if runs_as_us {
        for (cluster, number) in [(&stage.publisher, "10"), (&stage.subscriber, "11")] {
            refused(&run(&stage, cluster, number, &[])?, &words);
            refused(&run(&stage, cluster, number, &[("accepted_functions", "ten.other(text); nobody")])?, &words);
            good(&run(&stage, cluster, number, &[("accepted_functions", "x; ten.ok(text)")])?);
        }
    }
    good(&run(&stage, &stage.publisher, "10", owner)?);
    good(&run(&stage, &stage.subscriber, "11", owner)?);
    // slots that somebody made beforehand under planned names
    let made = |name: &str| {
        let slot = format!("SELECT pg_catalog.pg_create_logical_replication_slot('{name}', 'pgoutput')");
        stage.publisher.query(story::DATABASE, &slot)
    };
    made("pgsp_1")?;
    good(&run(&stage, &stage.publisher, "30", &[])?);
    refused(&run(&stage, &stage.publisher, "50", &[])?, &["it is older than a publication of the plan"]);
    stage.publisher.query("postgres", "SELECT pg_catalog.pg_drop_replication_slot('pgsp_1')")?;
    made("pgsp_2")?;
    refused(&run(&stage, &stage.publisher, "50", &[])?, &["the first slot of the plan does not exist"]);
    stage.publisher.query("postgres", "SELECT pg_catalog.pg_drop_replication_slot('pgsp_2')")?;
    good(&run(&stage, &stage.publisher, "50", &[])?);
    if runs_as_us {
        refused(&run(&stage, &stage.subscriber, "60", &[])?, &words);
        refused(
            &run(&stage, &stage.subscriber, "60", &[("subscription_owner", "postgres")])?,
            &["role postgres has SUPERUSER"],
        );
    }
    unchanged(&stage, &[])?;
    good(&run(&stage, &stage.subscriber, "60", owner)?);
    good(&run(&stage, &stage.subscriber, "70", &[("wait_seconds", "100")])?);
    let changes = "SET ROLE tenant; TRUNCATE ten.b; INSERT INTO ten.a VALUES (100, 'y'); UPDATE ten.c SET v = 'y'; DELETE FROM ten.d WHERE id < 10";
    stage.publisher.psql(story::DATABASE, changes)?.success()?;
    let arrived = "SELECT (SELECT count(*) FROM ten.a) = 51 AND (SELECT count(*) FROM ten.b) = 0 AND (SELECT count(*) FROM ten.d) = 41";
    stage.subscriber.wait_until(story::DATABASE, arrived, Duration::from_secs(100))?;
    unchanged(&stage, &[])?;
    // the way back: the old server applies as the owner of its subscriptions
    good(&run(&stage, &stage.subscriber, "76_subscriber", &[])?);
    if publisher < 16 {
        refused(&run(&stage, &stage.publisher, "76_publisher", &[])?, &words[..3]);
        refused(&run(&stage, &stage.publisher, "77_publisher_reverse", &[])?, &words[..3]);
    }
    let owner: &[(&str, &str)] = if publisher < 16 { &[("subscription_owner", "repl")] } else { &[] };
    good(&run(&stage, &stage.publisher, "77_publisher_reverse", owner)?);
    // one that somebody else made under a planned name is not taken
    let theirs =
        "ALTER ROLE tenant SUPERUSER; ALTER SUBSCRIPTION pgsp_rev_1 OWNER TO tenant; ALTER ROLE tenant NOSUPERUSER";
    if publisher < 16 {
        stage.publisher.query(story::DATABASE, theirs)?;
        refused(
            &run(&stage, &stage.publisher, "77_publisher_reverse", owner)?,
            &["subscription pgsp_rev_1 is owned by tenant"],
        );
        stage.publisher.query(story::DATABASE, "ALTER SUBSCRIPTION pgsp_rev_1 OWNER TO postgres")?;
    }
    let elsewhere = [("subscriber_dsn", "host=/nowhere dbname=x")];
    refused(
        &run(&stage, &stage.publisher, "77_publisher_reverse", &[owner, &elsewhere].concat())?,
        &["lead somewhere else"],
    );
    unchanged(&stage, &[])
}

/// Programs in front of which a stand-in writes down how it was called.
fn watched(stage: &Stage, name: &str) -> Result<(), Failed> {
    let programs = Path::new(&stage.environment["PGSLOTPLAN_BIN"]).to_owned();
    let folder = stage.folder.path().join("watched");
    let script =
        format!("printf '%s\\n' \"$*\" >> '{}'\nexec \"$real\" \"$@\"", stage.folder.path().join("called").display());
    stand_in(&programs, &folder, name, &script)?;
    Ok(())
}

fn carried(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut stage = stage(servers, (publisher, subscriber), Bootstrap::Copy)?;
    let file = stage.file(stage.step("01")?);
    let programs = stage.environment["PGSLOTPLAN_BIN"].clone();
    let hostile = format!("o'; \\! touch {}\n\\q", canary(&stage).display());
    stage.publisher.psql("postgres", &format!(
        "CREATE ROLE boss; CREATE ROLE mid; CREATE ROLE mallory LOGIN; CREATE ROLE maker CREATEROLE; CREATE ROLE runner; CREATE ROLE {0}; CREATE ROLE owner;
         GRANT boss TO mid; GRANT mid TO mallory; GRANT pg_execute_server_program TO runner; GRANT {0} TO runner WITH ADMIN OPTION;",
        pgslotplan::names::quote_identifier(&hostile)))?.success()?;
    stage
        .publisher
        .psql(
            story::DATABASE,
            "CREATE SCHEMA own AUTHORIZATION owner; SET ROLE owner;
        CREATE FUNCTION own.me() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text'",
        )?
        .success()?;
    let name = TableName::new("ten", hostile.clone()).to_sql();
    stage
        .publisher
        .psql(
            story::DATABASE,
            &format!(
                "CREATE TABLE {name} (id int); COMMENT ON TABLE {name} IS {0}; COMMENT ON TABLE ten.a IS {0};",
                pgslotplan::names::quote_literal(&format!(
                    "x\n\\! touch {0}\n\\unrestrict x\n\\copy ten.a to program 'touch {0}'\n$(touch {0})",
                    canary(&stage).display()
                ))
            ),
        )?
        .success()?;
    stage.subscriber.query("postgres", "CREATE ROLE boss SUPERUSER")?;
    stage.subscriber.query("postgres", "CREATE ROLE owner SUPERUSER")?;
    let supers = ["boss", "owner"];

    // roles: what would lead beyond a role's own objects is listed
    let outcome = stage.shell(&file)?;
    refused(
        &outcome,
        &[
            "role mallory: member of mid, SUPERUSER through boss",
            "role mid: member of boss, SUPERUSER",
            "role maker: CREATEROLE",
            "role runner: member of pg_execute_server_program",
            "role owner: owns objects on the publisher, and has SUPERUSER here",
        ],
    );
    assert_eq!(
        stage.subscriber.value(
            "postgres",
            "SELECT count(*) FROM pg_roles WHERE rolname IN ('mid', 'mallory', 'maker', 'runner', 'tenant')"
        )?,
        "0"
    );
    stage.environment.insert("PGSLOTPLAN_STRIP_ROLES".into(), "mid, mallory,maker,runner".into());
    stage.environment.insert("PGSLOTPLAN_ACCEPT_ROLES".into(), "owner".into());

    // text of pg_restore that psql would take commands from
    let unrestricted = format!(
        "\"$real\" \"$@\" || exit; for a; do [ \"${{before-}}\" != -f ] || file=$a; before=$a; done\n\
        [ -z \"${{file-}}\" ] || sed -i '/^.\\(un\\)\\{{0,1\\}}restrict /d; $ a \\\\\\\\! touch {}' \"$file\"",
        canary(&stage).display()
    );
    let folder = stage.folder.path().join("unrestricted");
    stand_in(Path::new(&programs), &folder, "pg_restore", &unrestricted)?;
    stage.environment.insert("PGSLOTPLAN_BIN".into(), folder.display().to_string());
    refused(&stage.shell(&file)?, &["does not begin with \\restrict"]);
    unchanged(&stage, &supers)?;

    // words and numbers of a server that a shell would evaluate, a kind that would be a file elsewhere
    let folder = stage.folder.path().join("lying");
    let canary_file = canary(&stage).display().to_string();
    let lying = format!(
        "case \"$*\" in\n*schema_kinds.sql*) echo '2606|1|../../{canary_file}|1'; exit 0 ;;\n\
        *compare_publisher.sql*|*compare_subscriber.sql*) for a; do case $a in out=*) out=${{a#out=}} ;; esac; done; cat > /dev/null\n\
        : > \"$out\"; : > \"$out.next\"; : > \"$out.found\"; echo '1 1 1 a[$(touch {canary_file})]' > \"$out.status\"; exit 0 ;;\nesac\nexec \"$real\" \"$@\""
    );
    stand_in(Path::new(&programs), &folder, "psql", &lying)?;
    stage.environment.insert("PGSLOTPLAN_BIN".into(), folder.display().to_string());
    refused(&stage.shell(&file)?, &["a kind of an entry is invalid"]);
    stage.environment.insert("PGSLOTPLAN_BIN".into(), programs.clone());
    let outcome = stage.shell(&file)?;
    assert!(outcome.code == 0, "{} {}", outcome.stdout, outcome.stderr);
    stage.environment.insert("PGSLOTPLAN_BIN".into(), folder.display().to_string());
    refused(&stage.shell(&stage.file(stage.step("75")?))?, &["cannot be read"]);
    unchanged(&stage, &supers)?;
    let gained = "SELECT count(*) FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid WHERE g.rolname IN ('boss', 'mid', 'pg_execute_server_program')
        AND pg_get_userbyid(a.member) <> 'postgres'";
    assert_eq!(stage.subscriber.value("postgres", gained)?, "0");

    // passwords: neither in the process list nor in a log nor in the evidence
    stage.environment.insert("PGSLOTPLAN_BIN".into(), programs.clone());
    watched(&stage, "psql")?;
    stage.environment.insert("PGSLOTPLAN_BIN".into(), stage.folder.path().join("watched").display().to_string());
    for cluster in [&stage.publisher, &stage.subscriber] {
        cluster.configure("log_statement", "all")?;
        cluster.configure("log_min_duration_statement", "0")?;
        cluster.reload();
    }
    for (variable, cluster) in
        [("PGSLOTPLAN_PUBLISHER", &stage.publisher), ("PGSLOTPLAN_SUBSCRIBER", &stage.subscriber)]
    {
        let dsn = format!("{} password='open \\'sesame'", cluster.conninfo(story::DATABASE));
        stage.environment.insert(variable.into(), dsn);
    }
    for cluster in [&stage.publisher, &stage.subscriber] {
        cluster.query("postgres", "CREATE ROLE repl LOGIN")?;
    }
    stage.environment.insert("PGSLOTPLAN_SUBSCRIPTION_OWNER".into(), "repl".into());
    let run_sh = stage.folder.path().join("scripts").join("run.sh");
    for step in ["publications", "slots", "subscriptions", "reverse_prepare", "reverse_subscriptions", "drift_tables"] {
        let output = stage.shell_command(&run_sh).arg(step).output()?;
        assert!(
            output.status.success(),
            "{step}: {} {}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let stored = stage.subscriber.value(story::DATABASE, "SELECT min(subconninfo) FROM pg_catalog.pg_subscription")?;
    assert!(stored.contains("sesame"), "{stored}");
    let evidence = fs::read_to_string(stage.folder.path().join("scripts.state/evidence.tsv"))?;
    let called = fs::read_to_string(stage.folder.path().join("called"))?;
    assert!(called.contains("60_subscriber_subscriptions.sql") && evidence.contains("subscriptions"));
    for (place, text) in [
        ("arguments", called),
        ("evidence", evidence),
        ("log of the publisher", stage.publisher.server_log()),
        ("log of the subscriber", stage.subscriber.server_log()),
    ] {
        let shown: Vec<&str> = text.lines().filter(|line| line.contains("sesame")).collect();
        assert!(shown.is_empty(), "{place}: {shown:?}");
    }

    // a publication and a slot that somebody made beforehand
    stage.publisher.query(story::DATABASE, "ALTER PUBLICATION pgsp_1 OWNER TO tenant").map(drop).or_else(|_| {
        let grant =
            format!("GRANT CREATE ON DATABASE {} TO tenant", pgslotplan::names::quote_identifier(story::DATABASE));
        stage.publisher.query("postgres", &grant)?;
        stage.publisher.query(story::DATABASE, "ALTER PUBLICATION pgsp_1 OWNER TO tenant").map(drop)
    })?;
    refused(&run(&stage, &stage.publisher, "30", &[])?, &["publication pgsp_1 is owned by tenant"]);
    unchanged(&stage, &supers)
}

fn loaded(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut stage = stage(servers, (publisher, subscriber), Bootstrap::Dump)?;
    let (schema, load) = (stage.file(stage.step("01")?), stage.file(stage.step("50")?));
    good(&stage.shell(&schema)?);
    good(&run(&stage, &stage.publisher, "30", &[])?);
    refused(
        &stage.shell(&load)?,
        &["would run as the role that loads the rows", "check of table ten.a", "PGSLOTPLAN_LOADER"],
    );
    unchanged(&stage, &[])?;
    let other = "CREATE ROLE loader LOGIN; GRANT SET ON PARAMETER session_replication_role TO loader";
    stage.subscriber.psql("postgres", other)?.success()?;
    stage
        .subscriber
        .psql(
            story::DATABASE,
            "GRANT USAGE ON SCHEMA ten TO loader; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ten TO loader",
        )?
        .success()?;
    let as_role =
        |role: &str| format!("{} user={role}", stage.subscriber.conninfo(story::DATABASE).replace("user=postgres", ""));
    let (superuser, loader) = (as_role("postgres"), as_role("loader"));
    stage.environment.insert("PGSLOTPLAN_LOADER".into(), superuser);
    refused(&stage.shell(&load)?, &["role postgres has SUPERUSER"]);
    stage.environment.insert("PGSLOTPLAN_LOADER".into(), loader);
    let dump = stage.folder.path().join("dump");
    fs::create_dir_all(&dump)?;
    fs::set_permissions(&dump, fs::Permissions::from_mode(0o777))?;
    refused(&stage.shell(&load)?, &["others may write it"]);
    fs::set_permissions(&dump, fs::Permissions::from_mode(0o700))?;
    good(&stage.shell(&load)?);
    for table in ["a", "b", "c", "d"] {
        assert_eq!(stage.subscriber.value(story::DATABASE, &format!("SELECT count(*) FROM ten.{table}"))?, "50");
    }
    good(&run(&stage, &stage.subscriber, "60", &[])?);
    unchanged(&stage, &[])
}
