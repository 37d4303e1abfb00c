//! The emitted cutover through real PgBouncers while clients write and keep a ledger of what was acknowledged.

use std::fs;

use libtest_mimic::{Failed, Trial};
use pgslotplan::{emit::StepSide, throwaway::Servers};

use crate::{
    bank::{Clients, DATABASE, NEW_CROWD, Stage},
    bench::case,
    pair::{LEFT, told},
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
    trials.push(case("cutover::a_forgotten_pgbouncer_is_found", 2, forgotten));
    trials.push(case("cutover::hooks_pools_and_other_sessions", 2, hooks));
    trials.push(case("cutover::a_rehearsal_takes_the_same_steps", 2, rehearsal));
    trials
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
        stage.shell("cutover.sh", 0)?;
        clients.go_on()?;
        said = format!("there: clients waited {} ms", clients.slowest());
        let on_new = "SELECT pg_is_in_recovery() OR (SELECT count(*) FROM pg_stat_activity WHERE datname = 'bank' AND backend_type = 'client backend') > 2";
        assert_eq!(stage.pair.subscriber.value(DATABASE, on_new)?, "t");
        let sequences = "SELECT nextval('down') || ' ' || nextval('never') || ' ' || nextval('restarted')";
        assert_eq!(stage.pair.subscriber.value(DATABASE, sequences)?, "-3 7 500");
        assert!(stage.shell("abort.sh", 4)?.contains("rollback.sh"));
        stage.pair.run_all(&["87", "88"])?;
        // foreign keys of the server on which the application works are not dropped again
        let (code, _, said) = stage.pair.run("40")?;
        assert!(code == 3 && said.contains("this server is the new one now"), "{code}: {said}");
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)?;
    stage.pair.execute(
        &stage.pair.subscriber,
        "UPDATE notes SET note = 'new side' WHERE note = 'note 7'; DELETE FROM notes WHERE note = 'note 8'",
    )?;
    let clients = back(&stage, &mut said)?;
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
    let parts = stage.pair.state("evidence.tsv");
    let parts = parts.lines().filter(|line| line.ends_with(" ms")).filter_map(|line| line.splitn(5, '\t').nth(4));
    println!("{publisher} to {subscriber}: {said}: {}", parts.collect::<Vec<_>>().join("; "));
    stage.pair.run_all(&["thaw", "89", "90", "91"])?;
    for cluster in [&stage.pair.publisher, &stage.pair.subscriber] {
        assert_eq!(cluster.value(DATABASE, LEFT)?, "0");
    }
    Ok(())
}

/// A second crowd of clients while the rollback runs.
fn back(stage: &Stage, said: &mut String) -> Result<Clients, Failed> {
    stage.pair.execute(&stage.pair.subscriber, NEW_CROWD)?;
    Clients::beside(stage, |clients| {
        clients.slowest();
        stage.shell("rollback.sh", 0)?;
        clients.go_on()?;
        *said += &format!("; back: clients waited {} ms", clients.slowest());
        stage.shell("rollback.sh", 0)?;
        clients.go_on()
    })
}

/// Steps up to each one, then the way back; at the end the whole.
fn aborts(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 15, 15)?;
    let steps = ["77_publisher_r", "77_s", "78_pg", "78_pu", "78_sh", "80", "81", "82", "83_su", "84", "85"];
    let run = |number: &str| stage.pair.run_all(&[number]);
    let clients = Clients::beside(&stage, |clients| {
        // each takes all those before it: by day every other one
        let every = if std::env::var_os("PGSLOTPLAN_NIGHT").is_some() { 1 } else { 2 };
        for last in (0..steps.len()).step_by(every) {
            for (position, number) in steps[..=last].iter().enumerate() {
                run(number)
                    .map_err(|error| format!("up to {}: {}", steps[last], error.message().unwrap_or_default()))?;
                if position >= 1 {
                    run(number)?; // again: nothing more
                }
            }
            stage.shell("abort.sh", 0)?;
            clients
                .go_on()
                .map_err(|error| format!("after {}: {}", steps[last], error.message().unwrap_or_default()))?;
        }
        stage.shell("abort.sh", 0)?;
        clients.go_on()?;
        missed(&stage, &steps, clients)?;
        stage.shell("cutover.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}

/// What comes too early, is left out or goes wrong is missed by the step that needs it, before the new server opens.
fn missed(stage: &Stage, steps: &[&str], clients: &Clients) -> Result<(), Failed> {
    let (old, new) = (&stage.pair.publisher, &stage.pair.subscriber);
    let refused = |number: &str, why: &[&str]| -> Result<(), Failed> {
        let (code, out, said) = stage.pair.run(number)?;
        assert!(code != 0 && why.iter().all(|why| said.contains(why)), "{number}, {why:?}: {code}: {out}{said}");
        Ok(())
    };
    let up_to = |number: &str, left_out: &str| {
        let before = steps.iter().take_while(|&&step| step != number).filter(|&&step| step != left_out);
        before.into_iter().try_for_each(|step| stage.pair.run_all(&[step]))
    };
    let back = || -> Result<(), Failed> {
        stage.shell("abort.sh", 0)?;
        clients.go_on()
    };
    stage.pair.run_all(&["77_publisher_r"])?;
    refused("84", &["no drain after the write stop is noted on both servers"])?;
    let key = "SELECT count(*) FROM pg_constraint WHERE conname = 'transfers_account'";
    assert_eq!(old.value(DATABASE, key)?, "1");
    stage.configure(2, "WITHOUT=")?;
    refused("78_pg", &["75_shell_verify.sh has not ended with 0"])?;
    stage.configure(2, "")?;
    back()?;
    for (left_out, missed_by, why) in [
        ("81", "86", "1 foreign keys are not back"),
        ("82", "86", "the sequences were not copied"),
        ("83_su", "84", "slots of the way back are missing"),
        ("84", "86", "are missing or disabled"),
    ] {
        up_to(missed_by, left_out)?;
        refused(missed_by, &[why])?;
        back()?;
    }
    // a transaction of another database holds up the slots; sequences that were read, but not set; a new server that is not closed any more
    up_to("83_su", "")?;
    let holder = Idle::connect(&format!("host=127.0.0.1 port={} user=postgres dbname=postgres", new.port()))?;
    holder.run("SELECT txid_current()")?;
    refused("83_su", &["the slot waited too long", "the transaction of session", "database postgres"])?;
    drop(holder);
    stage.pair.run_all(&["83_su", "84", "85"])?;
    stage.pair.execute(new, "SELECT setval('transfers_id_seq', 1)")?;
    refused("86", &["public.transfers_id_seq", "sequences of the new server are behind"])?;
    let open = stage.pair.folder().join("scripts/lib/writes_open_subscriber.sql");
    new.run_script(DATABASE, &open, &[])?.success()?;
    for number in ["85", "86"] {
        refused(number, &["the writes of this database, on the subscriber, are not stopped"])?;
    }
    back()
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

/// A session of a server that does nothing until it is dropped; the transaction of one through a PgBouncer stays open.
pub struct Idle(tokio::runtime::Runtime, tokio_postgres::Client);

impl Idle {
    pub fn connect(conninfo: &str) -> Result<Self, Failed> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(conninfo, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            client.simple_query("BEGIN; SELECT 1").await.map(|_| client)
        })?;
        Ok(Idle(runtime, client))
    }

    /// In the same transaction.
    pub fn run(&self, sql: &str) -> Result<(), Failed> {
        self.0.block_on(self.1.simple_query(sql)).map(drop).map_err(|error| error.to_string().into())
    }

    fn lives(&self) -> bool {
        self.0.block_on(self.1.simple_query("SELECT 1")).is_ok()
    }
}

/// The operator's own commands come in their order, entries are paused one after the other, sessions that go around the
/// PgBouncers are ended where that is asked for, and old replicas are looked at.
fn hooks(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 15, 15)?;
    let called = stage.pair.folder().join("called");
    let conf = |more: &str| -> Result<(), Failed> {
        let _ = fs::remove_file(&called);
        let names = [
            "MAINTENANCE_ON",
            "MAINTENANCE_OFF",
            "WORKERS_PAUSE",
            "WORKERS_RESUME",
            "READERS_TO_NEW",
            "READERS_TO_OLD",
        ];
        let hooks: Vec<String> =
            names.iter().map(|name| format!("{name}='echo {name} >> \"{}\"'\n", called.display())).collect();
        stage.configure(2, &format!("PGBOUNCER_DATABASES='jobs app'\n{}{more}", hooks.concat()))
    };
    let calls = || fs::read_to_string(&called).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let given_up = "MAINTENANCE_ON WORKERS_PAUSE READERS_TO_NEW READERS_TO_OLD WORKERS_RESUME MAINTENANCE_OFF";
    let of_old =
        |database: &str| format!("host=127.0.0.1 port={} user=postgres dbname={database}", stage.pair.publisher.port());
    let clients = Clients::beside(&stage, |clients| {
        conf("PAUSE_SECONDS=1")?;
        let open = Idle::connect(&stage.conninfos()[1].replace("dbname=app", "dbname=jobs"))?;
        let said = stage.shell("cutover.sh", 4)?;
        assert!(said.contains("entry jobs was not idle within 1 s"), "{said}");
        assert_eq!(calls(), given_up);
        clients.go_on()?;
        drop(open);
        conf("WORKERS_PAUSE='false'")?;
        let said = stage.shell("cutover.sh", 4)?;
        assert!(said.contains("the command of WORKERS_PAUSE in "), "{said}");
        assert_eq!(calls(), "MAINTENANCE_ON READERS_TO_OLD WORKERS_RESUME MAINTENANCE_OFF");
        clients.go_on()?;
        for cluster in [&stage.pair.publisher, &stage.pair.subscriber] {
            stage.pair.execute(cluster, "CREATE ROLE watcher LOGIN")?;
        }
        stage.pair.execute(&stage.pair.publisher, "CREATE DATABASE replica")?;
        let around = Idle::connect(&of_old(DATABASE))?;
        let allowed = Idle::connect(&of_old(DATABASE).replace("user=postgres", "user=watcher"))?;
        let reader = Idle::connect(&of_old("replica"))?;
        conf(&format!("TERMINATE_OTHERS=yes\nALLOWED_ROLES='watcher, other'\nOLD_READERS='{}'", of_old("replica")))?;
        let said = stage.shell("cutover.sh", 4)?;
        assert!(said.contains("an old replica still has these sessions"), "{said}");
        assert_eq!(calls(), "MAINTENANCE_ON WORKERS_PAUSE READERS_TO_NEW");
        assert_eq!((around.lives(), allowed.lives(), reader.lives()), (false, true, true));
        drop(reader);
        clients.go_on()?;
        stage.pair.run_all(&["87"])?;
        assert_eq!(calls(), "MAINTENANCE_ON WORKERS_PAUSE READERS_TO_NEW WORKERS_RESUME MAINTENANCE_OFF");
        let evidence = stage.pair.state("evidence.tsv");
        assert!(evidence.contains("\tpause\tjobs app on b0 b1\n"), "{evidence}");
        conf("")?;
        stage.shell("rollback.sh", 0)?;
        assert_eq!(calls(), "MAINTENANCE_ON WORKERS_PAUSE READERS_TO_OLD WORKERS_RESUME MAINTENANCE_OFF");
        clients.go_on()
    })?;
    stage.settle(&stage.pair.publisher, &clients)
}

/// Every step by `run.sh` against a server that is not the planned one but a clone of it, as the evidence says.
fn rehearsal(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::bare(servers, 13, 15, Some("1"))?;
    let run = |file: &str, rehearses: bool| -> Result<(i32, String), Failed> {
        let mut command = stage.pair.shell("run.sh");
        command.arg(file);
        if rehearses {
            command.env("PGSLOTPLAN_REHEARSAL", "yes");
        }
        let (code, out, errors) = told(command.output()?);
        Ok((code, out + &errors))
    };
    let (code, said) = run("10_publisher_check.sql", false)?;
    assert!(code == 3 && said.contains("not the server that the plan was made for"), "{code}: {said}");
    let up_to = |from: &str, to: &str| -> Result<(), Failed> {
        let in_part = |file: &&str| *file >= from && *file < to;
        for file in stage.pair.script.steps.iter().map(|step| step.file.as_str()).filter(in_part) {
            // tables and indexes are there on both sides
            let is_schema = stage
                .pair
                .script
                .steps
                .iter()
                .any(|step| step.file == file && file < "75" && matches!(step.side, StepSide::Shell));
            if !is_schema {
                let (code, said) = run(file, true)?;
                if code != 0 {
                    return Err(format!("{file}: {code}: {said}").into());
                }
            }
        }
        Ok(())
    };
    up_to("10", "76")?;
    let clients = Clients::beside(&stage, |clients| {
        up_to("76", "78")?;
        let (code, said) = run("cutover.sh", true)?;
        assert!(code == 0 && said.contains("the new server is open; pause "), "{code}: {said}");
        clients.go_on()?;
        up_to("88", "89")?;
        let (code, said) = run("rollback.sh", true)?;
        assert_eq!(code, 0, "{said}");
        clients.go_on()
    })?;
    stage.settle(&stage.pair.publisher, &clients)?;
    let evidence = stage.pair.state("evidence.tsv");
    let lines: Vec<Vec<&str>> = evidence.lines().map(|line| line.split('\t').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 5), "{evidence}");
    let (real, rehearsed): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line[1] == "real");
    assert_eq!(
        real.iter().map(|line| (line[2], line[3])).collect::<Vec<_>>(),
        [("publisher_check", "begin"), ("publisher_check", "exit 3")]
    );
    for step in ["publications", "verify", "cutover", "rollback"] {
        let ended = rehearsed.iter().any(|line| line[2] == step && line[3] == "exit 0");
        assert!(ended && rehearsed.iter().all(|line| line[1] == "rehearsal"), "{step}: {evidence}");
    }
    let files = stage.pair.script.manifest().files;
    let digest = files.iter().find(|(file, _)| file.starts_with("30_")).map(|(_, digest)| digest);
    assert!(evidence.contains(&format!("sha256 {}", digest.ok_or("a step")?)), "{evidence}");
    Ok(())
}
