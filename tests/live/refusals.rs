//! What a cutover refuses before anybody waits, and what it takes as it is: odd PgBouncers, and others who write.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;

use crate::{
    bank::{Clients, DATABASE, Stage},
    bench::{Done, case},
    cutover::Idle,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("refusals::a_cutover_that_cannot_end_well_does_not_begin", 2, before_the_pause),
        case("refusals::entries_from_stars_includes_and_single_processes_are_switched", 2, entries),
        case("refusals::others_may_write_to_other_databases_only", 2, writers),
    ]
}

/// Each reason is named while the application goes on; when it is gone the cutover ends well.
fn before_the_pause(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 13, 15)?;
    let clients = Clients::forgiving(&stage.conninfos(), |clients| {
        let no = |stage: &Stage, why: &str| -> Result<(), Failed> {
            let said = stage.shell(
                "cutover.sh",
                if ["75_", "table", "trigger", "decode", "hold up"].iter().any(|word| why.contains(word)) {
                    3
                } else {
                    4
                },
            )?;
            assert!(said.contains(why) && said.contains("the application was not touched"), "{why}: {said}");
            clients.go_on()
        };
        stage.configure(2, "WITHOUT=")?;
        no(&stage, "75_shell_verify.sh has not ended with 0")?;
        // a table that the comparison skips was never compared
        stage.pair.execute(
            &stage.pair.publisher,
            "SET pgslotplan.ddl = on; CREATE ROLE helper; CREATE FUNCTION of_helper(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
             ALTER FUNCTION of_helper(int) OWNER TO helper; CREATE INDEX by_helper ON accounts (of_helper(id))",
        )?;
        stage.pair.run_all(&["75"])?;
        no(&stage, "1 tables were skipped by the comparison")?;
        stage.pair.execute(
            &stage.pair.publisher,
            "SET pgslotplan.ddl = on; DROP FUNCTION of_helper(int) CASCADE; DROP ROLE helper",
        )?;
        stage.pair.run_all(&["75"])?;
        stage.pair.run_all(&["thaw"])?;
        no(&stage, "event trigger pgsp_refuse_ddl: missing")?;
        stage.pair.run_all(&["77_publisher_d"])?;
        // without workers for it nothing copies the table again
        let copies = |workers: u32, state: char| -> Result<(), Failed> {
            let new = &stage.pair.subscriber;
            new.query("postgres", &format!("ALTER SYSTEM SET max_sync_workers_per_subscription = {workers}"))?;
            new.query("postgres", "SELECT pg_reload_conf()")?;
            thread::sleep(Duration::from_millis(300));
            stage.pair.execute(
                new,
                &format!("UPDATE pg_subscription_rel SET srsubstate = '{state}' WHERE srrelid = 'notes'::regclass"),
            )
        };
        copies(0, 'd')?;
        no(&stage, "1 tables are not ready")?;
        copies(0, 'r')?;
        copies(2, 'r')?;
        stage.configure(2, "WITHOUT=\nPGBOUNCER_DATABASES='app lost'")?;
        no(&stage, "PgBouncer b0 has no entry lost")?;
        stage.configure(2, "PGBOUNCER_DATABASES='app lost'\nb0_databases=app b1_databases=app")?;
        assert!(stage.shell("cutover.sh", 1)?.contains("no process has entry lost"));
        stage.configure(2, "")?;
        let ini = stage.bouncers[0].ini();
        let in_the_way = ini.with_file_name("pgbouncer.ini.pgslotplan-new");
        fs::create_dir(&in_the_way)?;
        no(&stage, "cannot be rewritten")?;
        fs::remove_dir(&in_the_way)?;
        let whole = fs::read_to_string(&ini)?;
        fs::write(&ini, format!("{whole}%include more.ini\n"))?;
        no(&stage, "only PgBouncer knows the folder")?;
        fs::write(&ini, whole)?;
        // transactions of other databases that hold up the slots, there in the pause, here a look into them
        let idle = |port: u16| Idle::connect(&format!("host=127.0.0.1 port={port} user=postgres dbname=postgres"));
        let holder = idle(stage.pair.subscriber.port())?;
        holder.run("SELECT txid_current()")?;
        no(&stage, "transactions of the new server would hold up the slots of the way back")?;
        drop(holder);
        let holder = idle(stage.pair.publisher.port())?;
        holder.run("CREATE TABLE holds (n int)")?;
        stage.configure(2, "MOST_BYTES_DECODED=1000000")?;
        let filler = "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 2000000))";
        stage.pair.execute(&stage.pair.publisher, filler)?;
        no(
            &stage,
            "bytes to decode anew, which MOST_BYTES_DECODED limits; it keeps them for the oldest transaction: the transaction of session",
        )?;
        drop(holder);
        stage.configure(2, "b0_ini=''")?;
        no(&stage, "nothing can switch PgBouncer b0")?;
        stage.configure(2, "")?;
        for (from, to, why) in [
            ("pool_mode = transaction", "pool_mode = session", "entry app of PgBouncer b0 pools sessions"),
            ("\napp = ", "\napp = pool_mode=session ", "entry app of PgBouncer b0 pools sessions"),
            (
                " user=postgres\n[pgbouncer]",
                "\n[users]\npostgres = pool_mode=session\n[pgbouncer]",
                "entry app of PgBouncer b0 pools sessions",
            ),
            ("[pgbouncer]", "[pgbouncer]\nso_reuseport = 1", "PgBouncer b0 shares its port with others"),
        ] {
            let before = stage.bouncers[0].rewrite(|ini| ini.replacen(from, to, 1))?;
            clients.go_on()?;
            no(&stage, why)?;
            stage.bouncers[0].rewrite(|_| before)?;
            clients.go_on()?;
        }
        let evidence = stage.pair.state("evidence.tsv");
        assert!(!evidence.contains("\tpause\t") && evidence.contains("\tnote\twithout verify\n"), "{evidence}");
        // by hand: a process that was started anew is not paused any more
        let by_hand = ["77_publisher_r", "78_pg", "78_pu", "78_sh", "80", "81", "82", "83_su", "84"];
        stage.pair.run_all(&by_hand)?;
        stage.bouncers[0].crash();
        stage.bouncers[0].start_again()?;
        let (code, _, said) = stage.pair.run("85")?;
        assert!(code == 4 && said.contains("of PgBouncer b0 is not paused"), "{code}: {said}");
        stage.shell("abort.sh", 0)?;
        clients.go_on()?;
        stage.shell("cutover.sh", 0)?;
        clients.go_on()?;
        // the way back needs a pause too
        let before =
            stage.bouncers[1].rewrite(|ini| ini.replacen("pool_mode = transaction", "pool_mode = session", 1))?;
        clients.go_on()?;
        let said = stage.shell("rollback.sh", 4)?;
        assert!(said.contains("entry app of PgBouncer b1 pools sessions"), "{said}");
        stage.bouncers[1].rewrite(|_| before)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}

/// One process has its entry from "*", the other one of mixed case in an included file; each has only its own.
fn entries(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 15, 18)?;
    let lines = |ini: &str, head: &str| -> String {
        ini.lines().filter(|line| line.starts_with(head)).map(|line| format!("{line}\n")).collect()
    };
    stage.bouncers[0].rewrite(|ini| ini.replace(&lines(&ini, "jobs = "), "").replace("\napp = ", "\n* = "))?;
    let included = stage.bouncers[1].ini().with_file_name("entries.ini");
    stage.bouncers[1].rewrite(|ini| {
        let app = lines(&ini, "app = ");
        fs::write(&included, app.replacen("app = ", "App=", 1)).expect("a file is written");
        ini.replace(&app, &format!("%include {}\n", included.display())).replace(&lines(&ini, "jobs = "), "")
    })?;
    stage.configure(2, "PGBOUNCER_DATABASES='App app'\nb0_databases=app b1_databases=App")?;
    let conninfos = [stage.conninfos()[0].clone(), stage.conninfos()[1].replace("dbname=app", "dbname=App")];
    let clients = Clients::strict(&conninfos, |clients| {
        stage.shell("cutover.sh", 0)?;
        clients.go_on()?;
        stage.pair.run_all(&["87"])?;
        let star = fs::read_to_string(stage.bouncers[0].ini())?;
        let (old, new) = (stage.pair.publisher.port(), stage.pair.subscriber.port());
        assert!(star.contains(&format!("\napp = host='127.0.0.1' port={new} ")), "{star}");
        assert!(star.contains(&format!("\n* = host=127.0.0.1 port={old} ")), "{star}");
        let app = fs::read_to_string(&included)?;
        assert!(app.starts_with(&format!("App=host='127.0.0.1' port={new} ")), "{app}");
        stage.shell("rollback.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.publisher, &clients)
}

/// Another database that is busy all the time stops nothing; a session that may stay and writes to this one is found, and lost is nothing.
fn writers(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 15, 15)?;
    let (old, new) = (&stage.pair.publisher, &stage.pair.subscriber);
    for sql in ["CREATE DATABASE other", "CREATE ROLE watcher LOGIN SUPERUSER"] {
        old.psql("postgres", sql)?.success()?;
    }
    new.psql("postgres", "CREATE ROLE watcher LOGIN SUPERUSER")?.success()?;
    old.psql("other", "CREATE TABLE busy (n int)")?.success()?;
    let of = |database: &str, role: &str| format!("host=127.0.0.1 port={} user={role} dbname={database}", old.port());
    let clients = Clients::beside(&stage, |clients| {
        for (more, sql, why) in [
            ("", "INSERT INTO notes VALUES ('late')", "changes that slot pgsp_"),
            ("", "SELECT nextval('down'), txid_current()", "a sequence went on after the write stop"),
        ] {
            stage.configure(2, &format!("ALLOWED_ROLES=watcher FINAL_ROWS=0 UNCOMPARED=public.notes\n{more}"))?;
            beside(&of(DATABASE, "watcher"), &format!("BEGIN READ WRITE; {sql}; COMMIT"), || {
                let said = stage.shell("cutover.sh", 4)?;
                assert!(said.contains(why), "{why}: {said}");
                clients.go_on()
            })?;
        }
        stage.configure(2, "")?;
        beside(&of("other", "watcher"), "INSERT INTO busy VALUES (1)", || {
            stage.shell("cutover.sh", 0)?;
            clients.go_on()
        })?;
        let evidence = stage.pair.state("evidence.tsv");
        let looks =
            evidence.lines().filter(|line| line.contains("\texit 0\told server: look into the slots, ")).count();
        assert_eq!(looks, 1, "{evidence}");
        // no event of the counter's proof is needed by hand
        stage.shell("rollback.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(old, &clients)
}

/// Runs `work` while a statement is sent again and again.
fn beside(conninfo: &str, sql: &str, work: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<(), tokio_postgres::Error> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(conninfo, tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                while !done.load(Ordering::Relaxed) {
                    client.simple_query(sql).await?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok(())
            })
        });
        let end = Done(&done);
        let worked = work();
        drop(end);
        writer.join().map_err(|_| "the writer panicked")?.map_err(|error| Failed::from(error.to_string()))?;
        worked
    })
}
