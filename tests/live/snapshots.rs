//! Bootstrap `snapshot` on real servers, under writes and a transaction that stays open: senders that die in the middle of text and
//! of binary rows, a script that is stopped or killed, connections that are cut, servers that crash; every table is compared.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::Bootstrap,
    format,
    health::Status,
    plan::Plan,
    throwaway::{Cluster, ScriptOutcome, Servers},
};

use crate::{
    bench::case,
    bootstraps::{Open, stand_in},
    faults::Proxy,
    scripts::{self, Setup, Stage, identities, roomy, traces, while_writing},
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("snapshots::pieces_14_to_16", 2, |servers| by_day(servers, 14, 16)),
        case("snapshots::pieces_of_key_ranges_12_to_15", 2, |servers| by_day(servers, 12, 15)),
        case("snapshots::pieces_15_to_18", 2, |servers| by_day(servers, 15, 18)),
        case("snapshots::faults_14_to_16", 2, |servers| by_night(servers, 14, 16)),
        case("snapshots::faults_12_to_15", 2, |servers| by_night(servers, 12, 15)),
        case("snapshots::faults_15_to_18", 2, |servers| by_night(servers, 15, 18)),
    ]
}

/// The story, and two tables of many pieces: one that travels in binary, with TOAST and every kind of column, one with a type that only
/// travels as text.
const SCHEMA: &str = "
    CREATE TABLE public.big (id bigint PRIMARY KEY, gone int, number int GENERATED ALWAYS AS IDENTITY, body text, list int[], doubled bigint GENERATED ALWAYS AS (id * 2) STORED, at timestamptz, amount numeric);
    ALTER TABLE public.big DROP COLUMN gone;
    CREATE TYPE public.mood AS ENUM ('well', 'so ''so''');
    CREATE TABLE public.texts (id bigint PRIMARY KEY, mood public.mood, note text);
    ALTER TABLE public.texts ENABLE ROW LEVEL SECURITY;
    CREATE TABLE public.rewritten (id bigint PRIMARY KEY, note text);
    CREATE TABLE public.bare ();";
const ROWS: &str = "
    INSERT INTO public.big (id, body, list, at, amount) SELECT n, (SELECT string_agg(md5(n || ':' || i), '') FROM generate_series(1, CASE WHEN n % 20 = 0 THEN 200 ELSE 20 END) AS i),
        ARRAY[n, NULL, -n], timestamptz '2026-01-01 00:00:00+00' + n * interval '1.5 s', n / 7.0 FROM generate_series(1, 8000) AS n;
    INSERT INTO public.texts SELECT n, CASE WHEN n % 3 = 0 THEN 'so ''so''' ELSE 'well' END::public.mood, E'\\\\. tab\\tline\\n' || repeat(md5(n::text), 10) FROM generate_series(1, 12000) AS n;
    INSERT INTO public.rewritten SELECT n, 'before' FROM generate_series(1, 3000) AS n;
    INSERT INTO public.bare SELECT FROM generate_series(1, 7);
    ANALYZE public.big; ANALYZE public.texts;";

fn plan(publisher: u32, subscriber: u32, system_identifier: String) -> Plan {
    let mut plan = story::plan(publisher, subscriber, system_identifier);
    plan.slots[0].tables.extend(["big", "texts", "rewritten"].map(story::public));
    plan.slots[1].tables.push(pgslotplan::plan::PlannedTable { insert_only: true, ..crate::pair::table("bare", &[]) });
    for slot in &mut plan.slots {
        slot.copy_bytes = slot.tables.iter().map(|table| table.copy_bytes).sum();
    }
    plan.plan_sha256 = plan.digest();
    plan
}

/// Both servers with the steps before the copy done, and what they had.
struct Begun {
    stage: Stage,
    programs: PathBuf,
    untouched: scripts::Rows,
    identities: scripts::Rows,
}

impl Begun {
    fn new(
        servers: &Servers,
        publisher: u32,
        subscriber: u32,
        settings: pgslotplan::throwaway::ClusterSettings,
    ) -> Result<Self, Failed> {
        let story = Setup::story(publisher, subscriber, settings);
        let (schema, rows) = (story.schema.clone() + SCHEMA, story.rows.clone() + ROWS);
        let setup = Setup { bootstrap: Bootstrap::Snapshot, is_bare: true, schema, rows, plan, ..story };
        let mut stage = Stage::new(servers, &setup)?;
        for (name, value) in [("PGSLOTPLAN_PIECE_MB", "1"), ("PGSLOTPLAN_JOBS", "3")] {
            stage.environment.insert(name.into(), value.into());
        }
        stage.run_twice(&["01", "12"])?;
        let (untouched, identities) = (traces(&stage)?, identities(&stage)?);
        let keys = "SELECT count(*) FROM pg_catalog.pg_constraint WHERE contype = 'p' AND oid >= 16384";
        assert_eq!(stage.subscriber.value(story::DATABASE, keys)?, "0", "keys come after the rows");
        while_writing(&stage, || stage.run_twice(&["10", "11", "20", "21", "30", "40"]))?;
        for number in ["55", "60"] {
            let step = stage.step(number)?;
            let outcome = if number == "55" {
                stage.shell(&stage.file(step))?
            } else {
                stage.subscriber.run_script(
                    story::DATABASE,
                    &stage.file(step),
                    &[("publisher_dsn", "host=nowhere.invalid")],
                )?
            };
            assert_eq!(outcome.code, 3, "{number}: {}", outcome.stderr);
        }
        let programs = PathBuf::from(&stage.environment["PGSLOTPLAN_BIN"]);
        Ok(Begun { stage, programs, untouched, identities })
    }

    /// From here on psql is this script where it sends or receives a piece.
    fn stand_in(&mut self, file: &str, script: &str) -> Result<(), Failed> {
        let folder = self.stage.folder.path().join("stand_in");
        let script = format!("case \" $* \" in *'/{file} '*) {script} ;; esac\nexec \"$real\" \"$@\"");
        stand_in(&self.programs, &folder, "psql", &script)?;
        self.stage.environment.insert("PGSLOTPLAN_BIN".into(), folder.to_string_lossy().into_owned());
        Ok(())
    }

    fn take_away(&mut self) {
        self.stage.environment.insert("PGSLOTPLAN_BIN".into(), self.programs.to_string_lossy().into_owned());
    }

    fn run(&self) -> Result<ScriptOutcome, Failed> {
        self.stage.shell(&self.stage.file(self.stage.step("50")?))
    }

    /// The step on its way; its process is no child of anything that a test waits for.
    fn start(&self) -> Result<Running, Failed> {
        let said = tempfile::NamedTempFile::new()?;
        let mut command = self.stage.shell_command(&self.stage.file(self.stage.step("50")?));
        let child = command.stdout(Stdio::null()).stderr(said.reopen()?).spawn()?;
        Ok(Running { child, said })
    }

    /// Pieces that are done and all of them, or none before the queue is there.
    fn pieces(&self) -> (i64, i64) {
        let sql = "SET search_path = pg_catalog; SELECT count(*) FILTER (WHERE done IS NOT NULL OR txid_status(txid) = 'committed') || ' ' || count(*) FROM pgslotplan.piece";
        let value = self.stage.subscriber.value(story::DATABASE, sql).unwrap_or_default();
        let mut numbers = value.split(' ').filter_map(|number| number.parse().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }

    fn end(self) -> Result<(), Failed> {
        scripts::finish(&self.stage, self.untouched, self.identities)
    }
}

struct Running {
    child: Child,
    said: tempfile::NamedTempFile,
}

impl Running {
    fn end(mut self) -> Result<ScriptOutcome, Failed> {
        let code = self.child.wait()?.code().unwrap_or(-1);
        Ok(ScriptOutcome { code, stdout: String::new(), stderr: fs::read_to_string(self.said.path())? })
    }

    fn signal(&self, signal: &str) -> Result<(), Failed> {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        assert!(status.success());
        Ok(())
    }
}

fn wait_for(what: &str, condition: impl Fn() -> bool) -> Result<(), Failed> {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > Duration::from_secs(100) {
            return Err(format!("{what} did not come").into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A partition that the subscriber lacks: its rows go through the root into the default one, which has a piece of its own.
const LATE_PARTITION: &str = "SET default_transaction_read_only = off;
    CREATE TABLE public.late PARTITION OF public.events FOR VALUES FROM (1000) TO (1010);
    INSERT INTO public.events SELECT n, 1000 + n % 10, NULL, repeat(md5(n::text), 30) FROM generate_series(5000001, 5000500) AS n";

/// What the subscriber's column takes as well, so that nothing of the slot tells.
const REWRITE: &str = "SET default_transaction_read_only = off; SET lock_timeout = '20s';
    ALTER TABLE public.rewritten ALTER note TYPE varchar(100)";

/// The session that holds the snapshot.
const HOLDERS: &str = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE application_name = 'pgslotplan_load_pgsp' AND query LIKE '%first_slot%'";

/// What `monitor --once` shows a role.
fn watched(stage: &Stage, role: &str) -> Result<Status, Failed> {
    let plan = stage.folder.path().join("plan.json");
    fs::write(&plan, format::write(&stage.plan))?;
    let of = |cluster: &Cluster| cluster.conninfo(story::DATABASE).replace("user=postgres", &format!("user={role}"));
    let output = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .stdin(Stdio::null())
        .args(["monitor", "--once", "--format", "json"])
        .arg(&plan)
        .args(["--publisher", &of(&stage.publisher), "--subscriber", &of(&stage.subscriber)])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(format::read(&output.stdout).map_err(|error| format!("{error}: {said}"))?)
}

/// Ends one sender of text and one of binary where a row ends, so that nothing of the format tells: there is no worse place.
fn dying(folder: &std::path::Path) -> String {
    let marker = folder.join("died");
    format!(
        "if grep -q '\"is_binary\": true' \"$own/piece\"; then kind=binary; else kind=text; fi
if mkdir \"{marker}.$kind\" 2> /dev/null; then
    if [ $kind = binary ]; then \"$real\" \"$@\" 3>&1 > /dev/null 2> /dev/null | head -c 19 >&3
    else \"$real\" \"$@\" 3>&1 > /dev/null 2> /dev/null | head -n 2 >&3; fi
    kill -9 $$
fi",
        marker = marker.display()
    )
}

fn by_day(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut begun = Begun::new(servers, publisher, subscriber, roomy())?;
    let folder = begun.stage.folder.path().to_owned();
    // rows are written by a role that is no superuser
    let loader = "SET default_transaction_read_only = off; SET standard_conforming_strings = on; CREATE ROLE loader LOGIN; GRANT SET ON PARAMETER session_replication_role TO loader;
        DO $$ DECLARE name text; BEGIN FOR name IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_|^information_schema$' LOOP
          EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %I TO loader', name);
          IF name <> 'pgslotplan' THEN EXECUTE pg_catalog.format('GRANT INSERT, SELECT, TRUNCATE ON ALL TABLES IN SCHEMA %I TO loader', name); END IF;
        END LOOP; END $$";
    begun.stage.subscriber.psql(story::DATABASE, loader)?.success()?;
    let conninfo = format!("{} user=loader", begun.stage.subscriber.conninfo(story::DATABASE));
    begun.stage.environment.insert("PGSLOTPLAN_LOADER".into(), conninfo);
    // stopped in the middle: a piece goes back, the others stay
    let sending = folder.join("sending");
    let slow = format!("touch '{}'; sleep 0.5", sending.display());
    begun.stand_in("snapshot_send.sql", &format!("{slow}\n{}\n", dying(&folder)))?;
    let mut open = None;
    if publisher >= 13 {
        begun.stage.publisher.psql(story::DATABASE, LATE_PARTITION)?.success()?;
    }
    while_writing(&begun.stage, || {
        let running = begun.start()?;
        wait_for("a sender", || sending.exists())?;
        begun.stage.publisher.psql(story::DATABASE, REWRITE)?.success()?;
        open =
            Some(Open::begin(&begun.stage.publisher, "INSERT INTO public.documents VALUES (777002, NULL, 'open', 1)")?);
        // senders that die: neither piece is committed, both come again
        for rows in ["0 rows came, but the sender ended with: 137", "2 rows came, but the sender ended with: 137"] {
            wait_for(rows, || fs::read_to_string(running.said.path()).is_ok_and(|said| said.contains(rows)))?;
        }
        wait_for("some pieces", || begun.pieces().0 > 3)?;
        running.signal("-TERM")?;
        let outcome = running.end()?;
        assert_eq!(outcome.code, 143, "{}", outcome.stderr);
        assert_eq!(begun.stage.publisher.value("postgres", HOLDERS)?, "1", "the snapshot outlives the script");
        Ok(())
    })?;
    let (done, all) = begun.pieces();
    assert!(done > 3 && done < all && all > 50, "{done} of {all}");
    let status = watched(&begun.stage, "postgres")?;
    let copy = status.pieces.ok_or("monitor shows no pieces")?;
    // the story's database is read-only by default, as after a cutover: its stage is no news here
    assert_eq!((copy.done, copy.total), (done as u64, all as u64));
    assert!(copy.done_bytes < copy.total_bytes && copy.running == 0, "{copy:?}");
    let role = "SET default_transaction_read_only = off; CREATE ROLE watcher LOGIN IN ROLE pg_monitor";
    for cluster in [&begun.stage.publisher, &begun.stage.subscriber] {
        cluster.psql(story::DATABASE, role)?.success()?;
    }
    let status = watched(&begun.stage, "watcher")?;
    assert!(status.unseen.iter().any(|line| line.contains("GRANT USAGE ON SCHEMA pgslotplan")), "{:?}", status.unseen);
    for cluster in [&begun.stage.publisher, &begun.stage.subscriber] {
        cluster.psql(story::DATABASE, "SET default_transaction_read_only = off; DROP ROLE watcher")?.success()?;
    }
    // killed: what it began goes on to the end of its piece, and takes no other one
    while_writing(&begun.stage, || {
        let running = begun.start()?;
        wait_for("more pieces", || begun.pieces().0 > done + 2)?;
        running.signal("-KILL")?;
        assert_eq!(running.end()?.code, -1);
        Ok(())
    })?;
    while_writing(&begun.stage, || {
        let outcome = begun.run()?;
        let said = &outcome.stderr;
        assert!(
            outcome.code == 0 && said.contains("going on") && !said.contains("starting over"),
            "{} {said}",
            outcome.code
        );
        Ok(())
    })?;
    begun.take_away();
    begun.stage.environment.remove("PGSLOTPLAN_LOADER");
    if publisher >= 13 {
        let late = "SELECT pg_catalog.count(*) FROM public.events_rest WHERE at BETWEEN 1000 AND 1009";
        assert_eq!(begun.stage.subscriber.value(story::DATABASE, late)?, "500", "rows that came through the root");
        let away =
            "SET default_transaction_read_only = off; DELETE FROM public.events_rest WHERE at BETWEEN 1000 AND 1009";
        begun.stage.subscriber.psql(story::DATABASE, away)?.success()?;
        begun
            .stage
            .publisher
            .psql(story::DATABASE, "SET default_transaction_read_only = off; DROP TABLE public.late")?
            .success()?;
    }
    begun
        .stage
        .subscriber
        .psql(story::DATABASE, "SET default_transaction_read_only = off; DROP OWNED BY loader; DROP ROLE loader")?
        .success()?;
    assert_eq!(begun.stage.publisher.value("postgres", HOLDERS)?, "0", "the snapshot ended with the copy");
    let outcome = begun.run()?;
    assert!(outcome.code == 0 && outcome.stdout.contains("there already"), "{} {}", outcome.stdout, outcome.stderr);
    let ways = "SELECT pg_catalog.string_agg(DISTINCT way || ' ' || is_binary, ', ' ORDER BY way || ' ' || is_binary) FROM pgslotplan.piece WHERE table_name IN ('big', 'texts')";
    let way = if publisher >= 14 { "ctid" } else { "key" };
    assert_eq!(begun.stage.subscriber.value(story::DATABASE, ways)?, format!("{way} false, {way} true"));
    while_writing(&begun.stage, || {
        begun.stage.run_twice(&["55", "56", "60"])?;
        if let Some(open) = &open {
            open.commit()?;
        }
        begun.stage.run_twice(&["70", "71"])?;
        let outcome = begun.run()?;
        assert!(outcome.code == 3 && outcome.stderr.contains("was enabled"), "{} {}", outcome.code, outcome.stderr);
        // a table that was rewritten lost its rows for the snapshot, and no slot brings them; its TRUNCATE would
        let outcome = begun.stage.shell(&begun.stage.file(begun.stage.step("72")?))?;
        assert!(
            outcome.code == 3
                && outcome.stderr.contains("table public.rewritten")
                && !outcome.stderr.contains("public.texts"),
            "{} {}",
            outcome.code,
            outcome.stderr
        );
        let again = "SET default_transaction_read_only = off; TRUNCATE public.rewritten; ALTER TABLE public.rewritten ALTER note TYPE text; INSERT INTO public.rewritten SELECT n, 'after' FROM generate_series(1, 10) AS n";
        begun.stage.publisher.psql(story::DATABASE, again)?.success()?;
        begun.stage.run_twice(&["71", "72", "73", "74"])?;
        begun.stage.publisher.psql(story::DATABASE, story::TRUNCATE)?.success()?;
        Ok(())
    })?;
    let found = "SELECT pg_catalog.count(*) FROM public.documents WHERE id = 777002";
    assert_eq!(begun.stage.subscriber.value(story::DATABASE, found)?, "1", "the transaction over the snapshot");
    // the writers may have ended before they wrote into the emptied tables again
    begun.stage.publisher.psql(story::DATABASE, &story::writes(1_000_000))?.success()?;
    begun.end()
}

/// Both servers and the connection, in the middle of pieces; VACUUM FULL and TRUNCATE of tables that are not copied yet.
fn by_night(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut begun = Begun::new(servers, publisher, subscriber, roomy().with_tcp())?;
    let proxy = Proxy::before(&mut begun.stage)?;
    begun.stage.environment.insert("PGSLOTPLAN_PUBLISHER".into(), begun.stage.publisher_dsn.clone());
    begun.stand_in("snapshot_send.sql", "sleep 0.7")?;
    // the connection, again and again: the snapshot lives on
    while_writing(&begun.stage, || {
        let running = begun.start()?;
        wait_for("pieces", || begun.pieces().0 > 2)?;
        wait_for("a piece that failed", || {
            proxy.cut();
            fs::read_to_string(running.said.path()).is_ok_and(|said| said.contains("a piece is copied again"))
        })?;
        let before = begun.pieces().0;
        wait_for("pieces after the cuts", || begun.pieces().0 > before + 2)?;
        running.signal("-TERM")?;
        let outcome = running.end()?;
        assert!(
            outcome.code > 0 && outcome.stderr.contains("a piece is copied again"),
            "{} {}",
            outcome.code,
            outcome.stderr
        );
        Ok(())
    })?;
    // the subscriber: what was committed stays, and the step goes on by itself
    let running = begun.start()?;
    let before = begun.pieces().0;
    wait_for("a piece", || begun.pieces().0 > before)?;
    begun.stage.subscriber.crash();
    begun.stage.subscriber.start_again()?;
    let (done, all) = begun.pieces();
    assert!(done > before, "{done} of {all} after {before}");
    wait_for("pieces after the crash", || begun.pieces().0 > done + 1)?;
    running.signal("-TERM")?;
    let outcome = running.end()?;
    let (done, all) = begun.pieces();
    assert!(outcome.code == 143 && done + 5 < all, "{} {done} of {all}: {}", outcome.code, outcome.stderr);
    // the publisher: what was copied is lost, and it says so before anyone waits
    let running = begun.start()?;
    wait_for("a piece", || begun.pieces().0 > done)?;
    begun.stage.publisher.crash();
    begun.stage.publisher.start_again()?;
    let outcome = running.end()?;
    assert!(outcome.code > 0, "{}", outcome.stderr);
    let outcome = begun.run()?;
    assert!(
        outcome.code == 3 && outcome.stderr.contains("the snapshot is gone"),
        "{} {}",
        outcome.code,
        outcome.stderr
    );
    let named = outcome.stderr.split("PGSLOTPLAN_START_OVER=").nth(1).and_then(|rest| rest.split(' ').next());
    let position = named.ok_or("the step does not say how to begin anew")?.to_owned();
    begun.stage.environment.insert("PGSLOTPLAN_START_OVER".into(), position);
    begun.stage.environment.insert("PGSLOTPLAN_JOBS".into(), "1".into());
    while_writing(&begun.stage, || {
        let running = begun.start()?;
        wait_for("a piece of the new snapshot", || {
            begun.stage.publisher.value("postgres", HOLDERS).is_ok_and(|count| count == "1") && begun.pieces().0 > 0
        })?;
        // a replicated TRUNCATE of tables that come last, and a rewrite of one that is one piece
        begun.stage.publisher.psql(story::DATABASE, story::TRUNCATE)?.success()?;
        begun
            .stage
            .publisher
            .psql(
                story::DATABASE,
                "SET default_transaction_read_only = off; SET statement_timeout = 0; VACUUM FULL public.accounts",
            )?
            .success()?;
        let outcome = running.end()?;
        assert!(outcome.code == 0 && outcome.stderr.contains("starting over"), "{} {}", outcome.code, outcome.stderr);
        Ok(())
    })?;
    begun.take_away();
    while_writing(&begun.stage, || begun.stage.run_twice(&["55", "56", "60", "70", "71", "72", "73", "74"]))?;
    begun.stage.publisher.psql(story::DATABASE, &story::writes(1_000_000))?.success()?;
    begun.end()
}
