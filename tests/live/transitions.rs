//! From a plan that runs to another one on live slots, under writers with long transactions: tables move, leave and join, slots come
//! and go; killed in the middle, gone back, and the files of the new plan go on as if it had always run.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Kit, Step},
    format,
    names::TableName,
    plan::{Plan, PlannedForeignKey, PlannedTable},
    throwaway::{Cluster, Servers},
    workload::{ForeignKey, TableKind},
};

use crate::{
    bench::{Done, case},
    beside::Beside,
    bouncer::{self, Bouncer},
    pair::{self, Pair, table, told},
    splits, story,
};

pub fn trials() -> Vec<Trial> {
    let changes = [(13, 16), (12, 16), (15, 18), (18, 18)].map(|(publisher, subscriber)| {
        case(format!("transitions::a_running_plan_becomes_another_{publisher}_to_{subscriber}"), 2, move |servers| {
            becomes(servers, publisher, subscriber)
        })
    });
    let meanwhile = [(13, 15), (18, 18)].map(|(publisher, subscriber)| {
        case(format!("transitions::what_may_happen_meanwhile_{publisher}_to_{subscriber}"), 2, move |servers| {
            meanwhile(servers, publisher, subscriber)
        })
    });
    let story = case("transitions::the_load_turned_over_at_noon_15_to_18", 2, noon);
    changes.into_iter().chain(meanwhile).chain([story]).collect()
}

const DATABASE: &str = "chan;ge";
const IDENTIFIER: &str = "SELECT system_identifier FROM pg_catalog.pg_control_system()";

const SCHEMA: &str = "CREATE TABLE hot (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); CREATE TABLE \"Mo;ve\" (id int PRIMARY KEY, v text);
    CREATE TABLE parent (id int PRIMARY KEY, v text); CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
    CREATE TABLE gone (id int PRIMARY KEY); CREATE TABLE alone (id int PRIMARY KEY, v text);
    CREATE TABLE tree (id bigint, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE tree_0 PARTITION OF tree FOR VALUES FROM (0) TO (10); CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (10) TO (20);";

const ROWS: &str = "INSERT INTO hot SELECT generate_series(1, 200); INSERT INTO \"Mo;ve\" SELECT n, 'x' FROM generate_series(1, 500) AS n;
    INSERT INTO parent SELECT n, 'p' FROM generate_series(1, 100) AS n; INSERT INTO child SELECT n, 1 + n % 100 FROM generate_series(1, 300) AS n;
    INSERT INTO gone SELECT generate_series(1, 50); INSERT INTO alone SELECT n, 'a' FROM generate_series(1, 50) AS n;
    INSERT INTO tree SELECT n, n % 20, 'before' FROM generate_series(1, 400) AS n;";

/// A table that nobody planned for, with rows and one that is written on.
const LATER: &str = "CREATE TABLE later (id int PRIMARY KEY, v text); INSERT INTO later SELECT n, 'later' FROM generate_series(1, 1000) AS n";

const TABLES: [&str; 7] = ["hot", "\"Mo;ve\"", "parent", "child", "alone", "tree", "later"];

fn leaf(name: &str) -> PlannedTable {
    PlannedTable {
        kind: TableKind::Partition,
        partition_root: Some(TableName::new("public", "tree")),
        ..table(name, &["id", "day"])
    }
}

fn plan(versions: (u32, u32), identifier: &str, slots: Vec<(&str, Vec<PlannedTable>)>, cut: bool) -> Plan {
    let (from, to) = (TableName::new("public", "child"), TableName::new("public", "parent"));
    let key = ForeignKey::new(from, to, "child_parent_fkey");
    let slots = slots.into_iter().map(|(name, tables)| story::slot(name, name, name, tables)).collect();
    let keys = vec![PlannedForeignKey { key, cut }];
    let mut plan = story::planned(versions.0, versions.1, identifier.to_owned(), slots, keys);
    plan.database = DATABASE.into();
    plan.excluded.clear();
    plan.plan_sha256 = plan.digest();
    plan
}

/// Both foreign keys' tables in one slot, the hot table among others.
fn first(versions: (u32, u32), identifier: &str) -> Plan {
    let id = |name: &str| table(name, &["id"]);
    let slots = vec![
        ("one", vec![id("hot"), id("Mo;ve"), id("parent"), id("child"), leaf("tree_0")]),
        ("two", vec![id("gone"), leaf("tree_1")]),
        ("three", vec![id("alone")]),
    ];
    plan(versions, identifier, slots, false)
}

/// The hot table has a slot of its own, one slot is dissolved, the foreign key joins two slots, a table is gone, one is new.
fn second(versions: (u32, u32), identifier: &str) -> Plan {
    let id = |name: &str| table(name, &["id"]);
    let slots = vec![
        ("one", vec![id("parent"), id("alone"), leaf("tree_1")]),
        ("two", vec![id("Mo;ve"), id("child"), leaf("tree_0"), id("later")]),
        ("own", vec![id("hot")]),
    ];
    plan(versions, identifier, slots, true)
}

/// The files of a change of plans, beside those of the plan that runs.
struct Files<'a>(Beside<'a>);

impl<'a> Files<'a> {
    fn new(pair: &'a Pair, programs: &Path, name: &str, plan: &Plan, running: &Plan) -> Result<Self, Failed> {
        let options = EmitOptions { kit: Kit::Transition(Box::new(running.clone())), ..EmitOptions::default() };
        let programs = ("PGSLOTPLAN_BIN", programs.to_owned());
        Beside::new(pair, name, emit::script(plan, &options)?, vec![programs]).map(Files)
    }

    fn run(&self, step: &str, expected: i32) -> Result<String, Failed> {
        self.0.run(step, expected)
    }

    /// The steps of the change, in their order.
    fn changing(&self) -> Vec<&'static str> {
        let before = |step: &&Step| step.file.as_str() < "46" && step.file.as_bytes()[0].is_ascii_digit();
        self.0.script.steps.iter().filter(before).map(|step| step.id.as_str()).collect()
    }

    /// Everything up to the new plan, as a person is told to.
    fn change(&self) -> Result<(), Failed> {
        self.changing().into_iter().try_for_each(|step| self.run(step, 0).map(drop))
    }

    /// The same, each step killed again and again before it comes to its end.
    fn change_killed(&self) -> Result<(), Failed> {
        self.changing().into_iter().try_for_each(|step| {
            let moments: &[u64] = match step {
                "transition_changes" => &[150, 300, 450, 600, 750, 900, 1100, 1300, 1600, 2000],
                _ => &[60, 200],
            };
            self.0.run_killed(step, moments)
        })
    }
}

fn rows(cluster: &Cluster, tables: &[&str]) -> Result<Vec<String>, Failed> {
    let of = |name: &&str| {
        let sql = format!("SELECT concat_ws(' ', count(*), sum(hashtextextended(t::text, 0))) FROM {name} AS t");
        Ok(format!("{name}: {}", cluster.value(DATABASE, &sql)?))
    };
    tables.iter().map(of).collect()
}

fn sql(cluster: &Cluster, sql: &str) -> Result<(), String> {
    cluster.psql(DATABASE, sql).map_err(|error| error.to_string())?.success().map_err(|error| error.to_string())?;
    Ok(())
}

/// Short and long transactions, while `work` runs.
fn while_writing(pair: &Pair, work: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    let stop = AtomicBool::new(false);
    let begun = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis() as u64 % 1_000_000_000;
    let publisher = &pair.publisher;
    thread::scope(|scope| {
        let writer = |number: u64, pause: f64| {
            let stop = &stop;
            move || {
                let mut round = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    round += 1;
                    let id = (begun + round * 4 + number) % 2_000_000_000;
                    sql(
                        publisher,
                        &format!(
                            "BEGIN; UPDATE hot SET n = n + 1 WHERE id = 1 + {id} % 200; INSERT INTO \"Mo;ve\" VALUES ({id}, 'new') ON CONFLICT DO NOTHING; \
                             INSERT INTO parent (id) VALUES ({id}) ON CONFLICT DO NOTHING; INSERT INTO child VALUES ({id}, {id}) ON CONFLICT DO NOTHING; SELECT pg_sleep({pause}); \
                             UPDATE \"Mo;ve\" SET v = v || '.' WHERE id = 1 + {id} % 500; INSERT INTO tree VALUES ({id}, {id} % 20, 'new') ON CONFLICT DO NOTHING; \
                             UPDATE alone SET v = '{id}' WHERE id = 1 + {id} % 50; DELETE FROM child WHERE id = 1 + {id} % 300; COMMIT"
                        ),
                    )?;
                }
                Ok::<u64, String>(round)
            }
        };
        let writers = [scope.spawn(writer(0, 0.002)), scope.spawn(writer(1, 0.004)), scope.spawn(writer(2, 0.4))];
        let end = Done(&stop);
        let worked = work();
        drop(end);
        for writer in writers {
            assert!(writer.join().map_err(|_| "a writer panicked")?? > 0);
        }
        worked
    })
}

fn becomes(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let versions = (publisher, subscriber);
    let (from, to) = pair::clusters(servers, versions, DATABASE, &[SCHEMA])?;
    from.psql(DATABASE, ROWS)?.success()?;
    let identifier = from.value("postgres", IDENTIFIER)?;
    let (old, new) = (first(versions, &identifier), second(versions, &identifier));
    let pair = Pair::of(from, to, DATABASE, old.clone())?;
    let programs = servers.tools().full(subscriber)?;
    pair.bring_up()?;
    let forth = Files::new(&pair, &programs, "forth", &new, &old)?;
    while_writing(&pair, || {
        // the new table does not exist yet, and nothing was touched
        let said = forth.run("transition_check", 3)?;
        assert!(said.contains("later") && said.contains("does not exist"), "{said}");
        pair.execute(&pair.publisher, &format!("{LATER}; DROP TABLE gone"))?;
        let said = forth.run("transition_check", 0)?;
        for expected in ["move from one to own", "leave two", "join two, with a copy", "move from three to one"] {
            assert!(said.contains(expected), "{expected} is missing: {said}");
        }
        forth.change_killed()?;
        // the files of the old plan are over
        let (code, _, said) = pair.run("70")?;
        assert!(code == 3 && said.contains("does not subscribe to this plan"), "{code}: {said}");
        pair.execute(
            &pair.publisher,
            "INSERT INTO later VALUES (5000, 'written on'); UPDATE later SET v = 'changed' WHERE id = 7",
        )?;
        ["ready", "caught_up", "verify"].into_iter().try_for_each(|step| forth.run(step, 0).map(drop))
    })?;
    ["caught_up", "publisher_check", "verify"].into_iter().try_for_each(|step| forth.run(step, 0).map(drop))?;
    assert_eq!(rows(&pair.subscriber, &TABLES)?, rows(&pair.publisher, &TABLES)?);
    let state = "SELECT string_agg(s.subname || CASE WHEN s.subenabled THEN '' ELSE ' off' END || ' ' || s.subslotname, ', ' ORDER BY s.subname) FROM pg_subscription AS s";
    assert_eq!(pair.subscriber.value(DATABASE, state)?, "one one, own own, two two");
    let slots =
        "SELECT string_agg(slot_name, ', ' ORDER BY slot_name) FROM pg_replication_slots WHERE plugin = 'pgoutput'";
    assert_eq!(pair.publisher.value(DATABASE, slots)?, "one, own, two");
    back(&pair, &programs, &old, &new)
}

/// A change that was stopped in the middle goes back by the plans exchanged; then the whole way back, and forth once more.
fn back(pair: &Pair, programs: &Path, old: &Plan, new: &Plan) -> Result<(), Failed> {
    // what is gone cannot come back: the old plan without it
    let mut old = old.clone();
    old.slots[1].tables.retain(|table| table.name != "gone");
    old.slots[2].tables.push(table("later", &["id"]));
    old.plan_sha256 = old.digest();
    let back = Files::new(pair, programs, "back", &old, new)?;
    let forth = Files::new(pair, programs, "forth_again", new, &old)?;
    while_writing(pair, || {
        for step in back.changing().into_iter().filter(|step| !step.ends_with("adopt") && !step.ends_with("cleanup")) {
            match step {
                "transition_changes" => back.0.kill(step, 900)?,
                _ => back.run(step, 0).map(drop)?,
            }
        }
        thread::sleep(Duration::from_millis(700));
        forth.change()?;
        forth.run("verify", 0)?;
        back.change()?;
        back.run("verify", 0).map(drop)
    })?;
    back.run("caught_up", 0)?;
    assert_eq!(rows(&pair.subscriber, &TABLES)?, rows(&pair.publisher, &TABLES)?);
    let whole = "SELECT count(*) FROM pg_constraint WHERE conname = 'child_parent_fkey' AND convalidated";
    assert_eq!(pair.subscriber.value(DATABASE, whole)?, "1", "a foreign key that is whole again is there");
    Ok(())
}

/// What the runbook lists as safe, in the order that it gives: side, statement.
const MEANWHILE: &[(char, &str)] = &[
    // ADD COLUMN, with a constant default and without one
    ('s', "ALTER TABLE hot ADD COLUMN added int NOT NULL DEFAULT 7"),
    ('p', "ALTER TABLE hot ADD COLUMN added int NOT NULL DEFAULT 7"),
    ('s', "ALTER TABLE alone ADD COLUMN at timestamptz"),
    ('p', "ALTER TABLE alone ADD COLUMN at timestamptz"),
    ('p', "UPDATE alone SET at = clock_timestamp()"),
    ('p', "ALTER TABLE alone ALTER at SET DEFAULT now()"),
    ('s', "ALTER TABLE alone ALTER at SET DEFAULT now()"),
    // a wider type
    ('s', "ALTER TABLE hot ALTER n TYPE bigint"),
    ('p', "ALTER TABLE hot ALTER n TYPE bigint"),
    // rules that become stricter, and milder
    ('p', "ALTER TABLE hot ADD CONSTRAINT positive CHECK (n >= 0) NOT VALID"),
    ('p', "ALTER TABLE hot VALIDATE CONSTRAINT positive"),
    ('s', "ALTER TABLE hot ADD CONSTRAINT positive CHECK (n >= 0) NOT VALID"),
    ('s', "ALTER TABLE hot VALIDATE CONSTRAINT positive"),
    ('s', "ALTER TABLE hot ALTER added DROP NOT NULL"),
    ('p', "ALTER TABLE hot ALTER added DROP NOT NULL"),
    ('s', "COMMENT ON TABLE hot IS 'writes often'"),
    ('p', "COMMENT ON TABLE hot IS 'writes often'"),
    // indexes
    ('p', "CREATE UNIQUE INDEX CONCURRENTLY once ON hot (id, n)"),
    ('s', "CREATE UNIQUE INDEX CONCURRENTLY once ON hot (id, n)"),
    ('s', "CREATE INDEX CONCURRENTLY by_v ON alone (v)"),
    ('p', "CREATE INDEX CONCURRENTLY by_v ON alone (v)"),
    ('p', "VACUUM hot"),
    ('s', "VACUUM hot"),
    // DROP COLUMN: the publisher first
    ('p', "ALTER TABLE parent DROP COLUMN v"),
    ('c', ""),
    ('s', "ALTER TABLE parent DROP COLUMN v"),
    ('p', "CREATE UNLOGGED TABLE cache (n int)"),
    ('p', "TRUNCATE alone"),
];

fn meanwhile(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let versions = (publisher, subscriber);
    let (from, to) = pair::clusters(servers, versions, DATABASE, &[SCHEMA])?;
    from.psql(DATABASE, ROWS)?.success()?;
    let identifier = from.value("postgres", IDENTIFIER)?;
    let pair = Pair::of(from, to, DATABASE, first(versions, &identifier))?;
    pair.bring_up()?;
    while_writing(&pair, || {
        for (side, statement) in MEANWHILE {
            match side {
                'c' => pair.run_all(&["71"])?,
                side => {
                    let cluster = if *side == 'p' { &pair.publisher } else { &pair.subscriber };
                    // a lock that a writer holds is waited for
                    cluster.psql(DATABASE, statement)?.success()?;
                }
            }
        }
        pair.run_all(&["70", "71", "75"])
    })?;
    pair.run_all(&["71", "75"])?;
    let tables: Vec<&str> = TABLES.into_iter().filter(|name| *name != "later").collect();
    assert_eq!(rows(&pair.subscriber, &tables)?, rows(&pair.publisher, &tables)?);
    Ok(())
}

/// Forty tables, of which three are written to in the morning and three others after noon.
fn noon(servers: &Servers) -> Result<(), Failed> {
    let names: Vec<String> = (0..40).map(|number| format!("t{number:02}")).collect();
    let schema: String = names
        .iter()
        .map(|name| format!("CREATE TABLE {name} (id bigint PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);"))
        .collect();
    let (from, to) = pair::clusters(servers, (15, 18), DATABASE, &[&schema])?;
    let first: String = names
        .iter()
        .map(|name| format!("INSERT INTO {name} SELECT n, 'x' FROM generate_series(1, 100) AS n;"))
        .collect();
    from.psql(DATABASE, &first)?.success()?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    sampled(&from, &[0, 1, 2], &path("morning.json"))?;
    let policy = ["--subscriber-version", "18", "--publications", "3", "--budget", "small"];
    splits::run(&[&["plan", &path("morning.json"), "-o", &path("old.json")], &policy[..]].concat())?;
    let old: Plan = format::read(&std::fs::read(path("old.json"))?)?;
    let pair = Pair::of(from, to, DATABASE, old.clone())?;
    pair.bring_up()?;
    sampled(&pair.publisher, &[20, 21, 22], &path("noon.json"))?;
    let again = ["--previous", &path("old.json"), "--max-moves", "3"];
    splits::run(&[&["plan", &path("noon.json"), "-o", &path("new.json")], &policy[..], &again[..]].concat())?;
    let new: Plan = format::read(&std::fs::read(path("new.json"))?)?;
    let planned: std::collections::BTreeSet<String> = new.members().map(|(_, table)| table.name.clone()).collect();
    assert_eq!(planned.into_iter().collect::<Vec<_>>(), names, "what the scripts made is no table of the application");
    splits::run(&["emit", &path("new.json"), "--running", &path("old.json"), "-o", &path("by_program")])?;
    let programs = servers.tools().full(18)?;
    let before = errors(&pair, &path("old.json"))?;
    let forth = Files::new(&pair, &programs, "forth", &new, &old)?;
    let said = forth.run("transition_check", 0)?;
    assert!(said.contains("move from"), "{said}");
    let bouncers = [Bouncer::start(&pair.publisher, DATABASE)?];
    bouncer::configure(&pair.folder().join("forth.state"), &bouncers, &pair.publisher, &pair.subscriber, "WITHOUT=")?;
    forth.change()?;
    // nothing that `check` did not find before the change
    assert_eq!(errors(&pair, &path("new.json"))?, before);
    let mut steps = vec![
        "ready",
        "caught_up",
        "indexes",
        "foreign_keys",
        "drift",
        "verify",
        "reverse_check",
        "passwords",
        "logins",
    ];
    steps.extend(["vacuum", "reverse_prepare", "ddl_freeze", "reverse_subscriptions", "cutover"]);
    steps.into_iter().try_for_each(|step| forth.run(step, 0).map(drop))?;
    let through = |sql: &str| -> Result<String, Failed> {
        let mut command = pair.publisher.tools().psql().map(Command::new)?;
        let (code, out, errors) = told(command.args(["-X", "-At", "-d", &bouncers[0].conninfo(), "-c", sql]).output()?);
        if code == 0 { Ok(out.trim().to_owned()) } else { Err(errors.into()) }
    };
    assert!(through("SELECT current_setting('server_version')")?.starts_with("18"));
    through("UPDATE t00 SET v = 'written to the new server' WHERE id = 7; INSERT INTO t20 VALUES (1000, 'new', 1)")?;
    forth.run("rollback", 0)?;
    assert!(through("SELECT current_setting('server_version')")?.starts_with("15"));
    let tables: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(rows(&pair.subscriber, &tables)?, rows(&pair.publisher, &tables)?);
    assert_eq!(through("SELECT v FROM t00 WHERE id = 7")?, "written to the new server");
    Ok(())
}

/// Samples for some seconds while these tables are written to, and one a little.
fn sampled(publisher: &Cluster, hot: &[usize], workload: &str) -> Result<(), Failed> {
    let mut sampling = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
    sampling.args([
        "-q",
        "sample",
        &publisher.conninfo(DATABASE),
        "--duration",
        "6s",
        "--interval",
        "1s",
        "--bucket",
        "2s",
    ]);
    let mut sampling = sampling.args(["-o", workload]).stdin(Stdio::null()).spawn()?;
    let busy: String = hot.iter().map(|n| format!("UPDATE t{n:02} SET n = n + 1, v = repeat('y', 300);")).collect();
    while sampling.try_wait()?.is_none() {
        publisher.psql(DATABASE, &format!("{busy} UPDATE t39 SET n = n + 1 WHERE id = 1"))?.success()?;
    }
    if sampling.wait()?.success() { Ok(()) } else { Err("sample failed".into()) }
}

/// Codes of the errors that `check` finds on both servers.
fn errors(pair: &Pair, plan: &str) -> Result<Vec<String>, Failed> {
    let sides = [&pair.publisher, &pair.subscriber].map(|cluster| cluster.conninfo(DATABASE));
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
    command.args(["-q", "check", plan, "--publisher", &sides[0], "--subscriber", &sides[1], "--format", "json"]);
    let (code, out, said) = told(command.stdin(Stdio::null()).output()?);
    assert!([0, 4].contains(&code), "{code}: {said}");
    let found: serde_json::Value = serde_json::from_str(&out)?;
    let list = found["findings"].as_array().ok_or("findings")?;
    let mut codes: Vec<String> =
        list.iter().filter(|f| f["severity"] == "error").map(|f| format!("{} {}", f["code"], f["subject"])).collect();
    codes.sort();
    Ok(codes)
}
