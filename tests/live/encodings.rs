//! What becomes of values on their way: settings of the publisher's database, other encodings, types of extensions; and what the
//! comparison says of a second copy, of rows that change all the time, of tables without key or columns.

use std::{
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    plan::{Plan, PlannedTable},
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::ReplicaIdentity,
};

use crate::{
    bank::{self, DATABASE, Stage},
    bench::{Done, case},
    pair::{Pair, table, told},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("encodings::settings_of_the_sender_change_nothing_13_to_14", 2, |servers| formats(servers, 13, 14)),
        case("encodings::settings_of_the_sender_change_nothing_12_to_12", 2, |servers| formats(servers, 12, 12)),
        case("encodings::texts_are_compared_by_their_characters_13_to_16", 2, |servers| {
            texts(servers, (13, "LATIN1"), (16, "UTF8"))
        }),
        case("encodings::texts_are_compared_by_their_characters_15_to_18", 2, |servers| {
            texts(servers, (15, "EUC_JP"), (18, "UTF8"))
        }),
        case("encodings::texts_without_encoding_are_compared_by_their_bytes_16_to_18", 2, |servers| {
            texts(servers, (16, "SQL_ASCII"), (18, "UTF8"))
        }),
        case("encodings::keys_of_extension_types_are_compared_13_to_16", 2, |servers| extension_keys(servers, 13, 16)),
        case("encodings::keys_of_extension_types_are_compared_16_to_18", 2, |servers| extension_keys(servers, 16, 18)),
        case("encodings::a_new_copy_is_compared_anew_13_to_16", 2, |servers| again(servers, 13, 16)),
        case("encodings::a_new_copy_is_compared_anew_16_to_18", 2, |servers| again(servers, 16, 18)),
        case("encodings::rows_that_never_rest_and_tables_without_key_15_to_16", 2, |servers| odd(servers, 15, 16)),
        case("encodings::large_tables_without_key_are_no_go_13_to_15", 2, |servers| keyless(servers, 13, 15)),
    ]
}

/// Two servers with a database of an encoding each, made alike by `schema`, and a plan of so many slots.
fn pair(
    servers: &Servers,
    (publisher, from): (u32, &str),
    (subscriber, to): (u32, &str),
    schema: &str,
    slots: Vec<Vec<PlannedTable>>,
) -> Result<Pair, Failed> {
    let start = |major: u32, encoding: &str| -> Result<Cluster, Failed> {
        let settings = ClusterSettings::new().with_tcp().with("wal_retrieve_retry_interval", "200ms");
        let settings = if major >= 18 { settings.with("max_active_replication_origins", "40") } else { settings };
        let server = servers.start(major, &settings)?;
        server.query(
            "postgres",
            &format!("CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"),
        )?;
        server
            .psql(DATABASE, &format!("SET client_encoding = 'UTF8'; SET client_min_messages = warning; {schema}"))?
            .success()?;
        Ok(server)
    };
    let (publisher_server, subscriber_server) = (start(publisher, from)?, start(subscriber, to)?);
    let identifier = publisher_server.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
    let mut plan: Plan = bank::plan(publisher, subscriber, identifier);
    plan.foreign_keys.clear();
    plan.slots.truncate(slots.len());
    for (slot, tables) in plan.slots.iter_mut().zip(slots) {
        slot.tables = tables;
    }
    Pair::of(publisher_server, subscriber_server, DATABASE, plan)
}

/// The lines that the last live comparison found.
fn errors(pair: &Pair) -> Vec<String> {
    pair.state("verify_live/errors.csv").lines().map(str::to_owned).collect()
}

/// 4 March became 3 April, and floating-point numbers were rounded, since receivers up to 14 do not ask for formats.
fn formats(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let schema =
        "CREATE TABLE events (id int PRIMARY KEY, day date, at timestamptz, span interval, f float8, g float4);";
    let pair = pair(servers, (publisher, "UTF8"), (subscriber, "UTF8"), schema, vec![vec![table("events", &["id"])]])?;
    let rows = "INSERT INTO events VALUES (1, '2024-03-04', '2024-03-04 05:06:07+00', '-1 day +02:03', pi(), 0.1::float4 + 0.2::float4)";
    pair.publisher.psql(DATABASE, rows)?.success()?;
    for cluster in [&pair.publisher, &pair.subscriber] {
        for setting in ["datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "extra_float_digits = -3"] {
            cluster.query("postgres", &format!("ALTER DATABASE {DATABASE} SET {setting}"))?;
        }
    }
    pair.bring_up()?;
    pair.publisher
        .psql(DATABASE, "INSERT INTO events SELECT id + 1, day + 10, at + '1 h', -span, f / 3, g / 7 FROM events")?
        .success()?;
    pair.run_all(&["71", "75"])?;
    let values =
        "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3;
        SELECT string_agg(row(e.*)::text, ' ' ORDER BY id) FROM events AS e";
    let [there, here] = [&pair.publisher, &pair.subscriber].map(|cluster| cluster.psql(DATABASE, values));
    let (there, here) = (there?.success()?, here?.success()?);
    assert!(there == here && here.contains("2024-03-14"), "{there}\n{here}");
    // the way back is received by the old server
    pair.run_all(&["76_p", "76_su", "77_publisher_d", "77_publisher_r"])?;
    let strings = "SELECT bool_and(subconninfo LIKE '%datestyle=ISO%extra_float_digits=3%') FROM pg_subscription";
    assert_eq!(pair.publisher.value("postgres", strings)?, "t");
    Ok(())
}

/// Equal rows were called different, since the bytes of the server's encoding were hashed.
fn texts(servers: &Servers, from: (u32, &str), to: (u32, &str)) -> Result<(), Failed> {
    let word = if from.1 == "EUC_JP" { "東京" } else { "Müller" };
    let schema = format!(
        "CREATE TABLE \"{word}\" (id int PRIMARY KEY, name text DEFAULT '{word}'); CREATE TABLE names (name text PRIMARY KEY, n int);
         CREATE TABLE loose (\"{word}\" text); ALTER TABLE loose REPLICA IDENTITY FULL;"
    );
    let full = PlannedTable { identity: ReplicaIdentity::Full, ..table("loose", &[]) };
    let tables = vec![table(word, &["id"]), table("names", &["name"]), full];
    let pair = pair(servers, from, to, &schema, vec![tables])?;
    let utf8 = |cluster: &Cluster, sql: &str| -> Result<String, Failed> {
        Ok(cluster.psql(DATABASE, &format!("SET client_encoding = 'UTF8'; {sql}"))?.success()?)
    };
    let rows = format!(
        "INSERT INTO \"{word}\" (id) SELECT generate_series(1, 50); INSERT INTO names SELECT '{word} ' || n, n FROM generate_series(1, 50) AS n;
         INSERT INTO loose SELECT '{word} ' || n FROM generate_series(1, 50) AS n"
    );
    utf8(&pair.publisher, &rows)?;
    pair.bring_up()?;
    utf8(
        &pair.publisher,
        &format!("UPDATE names SET n = -n WHERE name = '{word} 7'; INSERT INTO \"{word}\" (id) VALUES (51)"),
    )?;
    pair.run_all(&["71", "75", "83_sh"])?;
    assert_eq!(utf8(&pair.subscriber, &format!("SELECT name FROM \"{word}\" WHERE id = 51"))?.trim(), word);
    utf8(
        &pair.subscriber,
        &format!("UPDATE names SET n = 0 WHERE name = '{word} 9'; DELETE FROM \"{word}\" WHERE id = 3"),
    )?;
    let (code, _, said) = pair.run("75")?;
    let mut found = errors(&pair);
    found.sort();
    assert_eq!(code, 4, "{said}");
    assert!(found.len() == 2, "{found:?}");
    assert!(found.iter().any(|line| line.contains(&format!("{word} 9")) && line.ends_with(",changed")), "{found:?}");
    assert!(found.iter().any(|line| line.ends_with(",{3},missing on the subscriber")), "{found:?}");
    utf8(&pair.subscriber, "UPDATE names SET n = 9 WHERE n = 0; DELETE FROM loose")?;
    let (code, _, _) = pair.run("83_sh")?;
    let at_rest = pair.state("verify_at_rest/errors.csv");
    assert!(
        code == 4 && at_rest.contains("table public.loose") && !at_rest.contains("table public.names"),
        "{at_rest}"
    );
    Ok(())
}

/// Keys that only their own operators order: ended with an error as soon as a row differed.
fn extension_keys(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    const TYPES: [(&str, &str, &str); 6] = [
        ("ltree", "'a.b'", "ltree"),
        ("citext", "'Name '", "citext"),
        ("hstore", "'k=>'", "hstore"),
        ("cube", "'1,'", "cube"),
        ("seg", "'1..'", "seg"),
        ("isn", "'123456789'", "isbn13"),
    ];
    let mut schema = String::new();
    for (extension, _, type_name) in TYPES {
        schema +=
            &format!("CREATE EXTENSION {extension}; CREATE TABLE of_{extension} (k {type_name} PRIMARY KEY, v int);");
    }
    schema +=
        "CREATE TYPE mood AS ENUM ('low', 'high'); CREATE TABLE of_mood (k mood, n int, v int, PRIMARY KEY (k, n));";
    let names: Vec<String> = TYPES.iter().map(|(extension, ..)| format!("of_{extension}")).collect();
    let mut tables: Vec<PlannedTable> = names.iter().map(|name| table(name, &["k"])).collect();
    tables.push(table("of_mood", &["k", "n"]));
    let pair = pair(servers, (publisher, "UTF8"), (subscriber, "UTF8"), &schema, vec![tables])?;
    for (extension, prefix, type_name) in TYPES {
        let value = if extension == "isn" {
            "isbn13('978' || lpad(n::text, 9, '0') || '?')".to_owned()
        } else {
            format!("({prefix} || n)::{type_name}")
        };
        pair.publisher
            .psql(DATABASE, &format!("INSERT INTO of_{extension} SELECT {value}, n FROM generate_series(10, 39) AS n"))?
            .success()?;
    }
    pair.publisher.psql(DATABASE, "INSERT INTO of_mood SELECT (ARRAY['low', 'high']::mood[])[1 + n % 2], n, n FROM generate_series(10, 39) AS n")?.success()?;
    pair.bring_up()?;
    pair.run_all(&["75"])?;
    for name in names.iter().map(String::as_str).chain(["of_mood"]) {
        let faults = format!("UPDATE {name} SET v = -1 WHERE v = 12; DELETE FROM {name} WHERE v = 13");
        pair.subscriber.psql(DATABASE, &faults)?.success()?;
    }
    let (code, _, said) = pair.run("75")?;
    let found = errors(&pair);
    assert_eq!(code, 4, "{said}");
    for name in names.iter().map(String::as_str).chain(["of_mood"]) {
        let of_table: Vec<&String> =
            found.iter().filter(|line| line.contains(&format!("table public.{name},"))).collect();
        assert!(of_table.len() == 2, "{name}: {found:?}");
        assert!(
            of_table.iter().any(|line| line.ends_with("changed"))
                && of_table.iter().any(|line| line.ends_with("missing on the subscriber"))
        );
    }
    assert_eq!(found.len(), 14, "{found:?}");
    Ok(())
}

/// A comparison that was stopped, a clean-up, a new copy that lost its rows: what had been compared of the first copy counted.
fn again(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let schema = "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text);";
    let slots = vec![vec![table("a", &["id"])], vec![table("b", &["id"])]];
    let pair = pair(servers, (publisher, "UTF8"), (subscriber, "UTF8"), schema, slots)?;
    for name in ["a", "b"] {
        pair.publisher
            .psql(DATABASE, &format!("INSERT INTO {name} SELECT n, 'x' FROM generate_series(1, 10) AS n"))?
            .success()?;
    }
    pair.bring_up()?;
    let disable = "SELECT format('ALTER SUBSCRIPTION %I DISABLE', subname) FROM pg_subscription WHERE subname <> 'pgsp_1' \\gexec\n";
    pair.subscriber.psql(DATABASE, disable)?.success()?;
    let stopped = || {
        let mut command = pair.shell("75_shell_verify.sh");
        command.env("VERIFY_JOBS", "1").env("VERIFY_WAIT_SECONDS", "1");
        command
    };
    let (code, _, said) = told(stopped().output()?);
    let done = pair.folder().join("scripts.state/verify_live");
    let compared = std::fs::read_dir(done)?.flatten().filter(|slot| slot.path().join("done").exists()).count();
    assert!(code == 3 && compared == 1, "{code} {compared} {said}");
    pair.run_all(&["90", "91"])?;
    pair.subscriber.psql(DATABASE, "TRUNCATE a, b")?.success()?;
    pair.bring_up()?;
    pair.subscriber.psql(DATABASE, "DELETE FROM a; DELETE FROM b")?.success()?;
    let (code, out, said) = pair.run("75")?;
    assert_eq!(code, 4, "{out}{said}");
    assert!(!out.contains("goes on where it was stopped"), "{out}");
    assert_eq!(errors(&pair).iter().filter(|line| line.ends_with("missing on the subscriber")).count(), 20, "{out}");
    Ok(())
}

/// Counters that two writers change all the time end as equal; a table without columns is counted; one without key is said.
fn odd(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let schema = "CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL); CREATE TABLE nothing (); ALTER TABLE nothing REPLICA IDENTITY FULL;
        CREATE TABLE notes (note text); ALTER TABLE notes REPLICA IDENTITY FULL;";
    let full = |name| PlannedTable { identity: ReplicaIdentity::Full, ..table(name, &[]) };
    let tables = vec![table("counters", &["id"]), full("nothing"), full("notes")];
    let pair = pair(servers, (publisher, "UTF8"), (subscriber, "UTF8"), schema, vec![tables])?;
    let rows = "INSERT INTO counters SELECT n, 0 FROM generate_series(1, 3) AS n; INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
        INSERT INTO notes VALUES ('x')";
    pair.publisher.psql(DATABASE, rows)?.success()?;
    pair.bring_up()?;
    let done = AtomicBool::new(false);
    let count = "DO $$ BEGIN FOR i IN 1..200 LOOP UPDATE counters SET n = n + 1 WHERE id = 1 + i % 2; COMMIT; PERFORM pg_sleep(0.002); END LOOP; END $$";
    thread::scope(|scope| -> Result<(), Failed> {
        let end = Done(&done);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    if let Err(error) = pair.publisher.psql(DATABASE, count) {
                        return Err(error.to_string());
                    }
                }
                Ok(())
            });
        }
        let verify = || {
            let mut command = pair.shell("75_shell_verify.sh");
            command.stdin(Stdio::null()).env("VERIFY_ROUNDS", "1");
            command
        };
        let (code, out, said) = told(verify().output()?);
        assert_eq!(code, 0, "{out}{said}");
        let skipped = pair.state("verify_live/skipped.csv");
        assert!(
            skipped.contains("public.nothing,,it has no key") && skipped.contains("public.notes,,it has no key"),
            "{skipped}"
        );
        // a counter that is wrong for good is found all the same
        pair.subscriber.psql(DATABASE, "DELETE FROM counters WHERE id = 2")?.success()?;
        let (code, _, _) = told(verify().output()?);
        let found = errors(&pair);
        drop(end);
        assert!(code == 4 && found == ["different,table public.counters,{2},missing on the subscriber"], "{found:?}");
        Ok(())
    })?;
    pair.subscriber.wait_until(DATABASE, "SELECT count(*) = 2 FROM counters", Duration::from_secs(20))?;
    pair.run_all(&["71"])?;
    pair.subscriber.psql(DATABASE, "INSERT INTO nothing DEFAULT VALUES")?.success()?;
    let (code, _, _) = pair.run("83_sh")?;
    let found = pair.state("verify_at_rest/errors.csv");
    assert!(
        code == 4 && found.contains("public.nothing,,\"its rows differ, 2 on the publisher and 3 on the subscriber"),
        "{found}"
    );
    Ok(())
}

/// A table without key that is too large for the pause is a no-go before it, unless it is named.
fn keyless(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber)?;
    stage.configure(2, "MOST_KEYLESS_BYTES=0")?;
    let said = stage.shell("cutover.sh", 3)?;
    assert!(said.contains("never compared") && said.contains("table public.notes"), "{said}");
    assert!(said.contains("the application was not touched"), "{said}");
    // compared in the pause: a row that is missing ends it
    stage.configure(2, "")?;
    stage.pair.execute(&stage.pair.subscriber, "DELETE FROM notes WHERE note = 'note 3'")?;
    let said = stage.shell("cutover.sh", 4)?;
    assert!(said.contains("table public.notes"), "{said}");
    stage.configure(2, "MOST_KEYLESS_BYTES=0\nUNCOMPARED='public.notes'")?;
    stage.shell("cutover.sh", 0)?;
    Ok(())
}
