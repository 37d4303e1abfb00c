//! The emitted verification on real servers: under writes it finds what was changed, lost and added behind the back of
//! the replication, and nothing else; at rest it is exact.

use std::{
    fs,
    os::unix::process::CommandExt,
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{Cluster, Servers};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{
    bank::{self, DATABASE},
    bench::case,
    pair::{Pair, clusters, table, told},
};

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = [(13, 15), (15, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("verify::finds_every_fault_and_nothing_else_{publisher}_to_{subscriber}"), 2, move |servers| {
                faults(servers, publisher, subscriber)
            })
        })
        .into();
    trials.push(case("verify::killed_again_and_again_it_goes_on_and_finds_all", 2, killed));
    trials.push(case("verify::measured_throughput", 2, throughput).with_ignored_flag(true));
    trials
}

/// What the last comparison found, one line each.
fn errors(pair: &Pair, mode: &str) -> Vec<String> {
    pair.state(&format!("verify_{mode}/errors.csv")).lines().map(str::to_owned).collect()
}

/// Faults in tables that the writers leave alone: by ranges and by hash of the key, on every kind of change.
const FAULTS: &str = r#"SET session_replication_role = replica;
    DELETE FROM orders WHERE id = 7;
    UPDATE accounts SET name = 'other' WHERE id = 5;
    INSERT INTO order_lines VALUES (5000000, 1, 'extra');
    UPDATE words SET note = 'other' WHERE part = '77';
    DELETE FROM tenants WHERE name = 'name 33';
    UPDATE types SET price = price + 0.001 WHERE ratio = 7 / 7.0;
    INSERT INTO hot VALUES (-1);"#;

const MENDED: &str = r#"SET session_replication_role = replica;
    INSERT INTO orders VALUES (7, NULL, 'order');
    UPDATE accounts SET name = 'account 5' WHERE id = 5;
    DELETE FROM order_lines WHERE id = 5000000;
    UPDATE words SET note = E'\\ "' WHERE part = '77';
    INSERT INTO tenants VALUES (3, 'name 33', 'x');
    UPDATE types SET price = price - 0.001 WHERE ratio = 7 / 7.0;
    DELETE FROM hot WHERE id = -1;"#;

fn faults(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let pair = Pair::new(servers, publisher, subscriber)?;
    pair.while_writing(|| {
        pair.bring_up()?;
        came_and_went(&pair)?;
        pair.run_all(&["75"])?;
        assert_eq!(errors(&pair, "live"), Vec::<String>::new());
        assert!(
            pair.state("verify_live/skipped.csv").contains("public.keyless"),
            "{}",
            pair.state("verify_live/skipped.csv")
        );
        pair.execute(&pair.subscriber, FAULTS)?;
        let (code, _, said) = pair.run("75")?;
        assert_eq!(code, 4, "{said}");
        assert_eq!(found(&pair), expected(&pair)?);
        pair.execute(&pair.subscriber, MENDED)
    })?;
    at_rest(&pair)
}

fn found(pair: &Pair) -> Vec<String> {
    let mut found = errors(pair, "live");
    found.sort();
    found
}

/// What [`FAULTS`] must look like.
fn expected(pair: &Pair) -> Result<Vec<String>, Failed> {
    let id = pair.publisher.value(crate::story::DATABASE, "SELECT id FROM public.types WHERE ratio = 7 / 7.0")?;
    let mut expected = [
        "different,table public.accounts,{5},changed".to_owned(),
        "different,table public.hot,{-1},only on the subscriber".to_owned(),
        "different,table public.order_lines,{5000000},only on the subscriber".to_owned(),
        "different,table public.orders,{7},missing on the subscriber".to_owned(),
        "different,table public.tenants,\"{3,\"\"name 33\"\"}\",missing on the subscriber".to_owned(),
        format!("different,table public.types,{{{id}}},changed"),
        "different,table public.words,\"{\"\"w77?\"\",77}\",changed".to_owned(),
    ];
    expected.sort();
    Ok(expected.into())
}

/// A batch a chunk, and SIGKILL after every few of them: to all of it, or to the shell alone, whose jobs then end by themselves.
fn killed(servers: &Servers) -> Result<(), Failed> {
    let pair = Pair::new(servers, 15, 18)?;
    pair.bring_up()?;
    pair.execute(&pair.subscriber, FAULTS)?;
    let verify = || {
        let mut command = pair.shell("75_shell_verify.sh");
        command.env("VERIFY_BATCH_SECONDS", "0").env("VERIFY_CHUNK_ROWS", "500");
        command
    };
    let work = pair.folder().join("scripts.state/verify_live");
    let batches = || -> usize {
        let slots = fs::read_dir(&work).into_iter().flatten().flatten();
        let files = slots.flat_map(|slot| fs::read_dir(slot.path()).into_iter().flatten().flatten());
        files.filter(|file| file.file_name().to_string_lossy().starts_with("found.")).count()
    };
    for blow in [
        kill_process_group as fn(Pid, Signal) -> rustix::io::Result<()>,
        kill_process,
        kill_process_group,
        kill_process,
    ] {
        let before = batches();
        let mut child = verify().process_group(0).spawn()?;
        let begun = Instant::now();
        while batches() < before + 4 {
            assert!(begun.elapsed() < Duration::from_secs(60), "no batch is done");
            if let Some(status) = child.try_wait()? {
                return Err(format!("it ended after {} batches: {status}", batches()).into());
            }
            thread::sleep(Duration::from_millis(2));
        }
        blow(Pid::from_raw(child.id() as i32).ok_or("a pid")?, Signal::KILL)?;
        child.wait()?;
    }
    let (code, said, errors) = told(verify().output()?);
    assert_eq!(code, 4, "{said}{errors}");
    assert!(said.contains("goes on where it was stopped"), "{said}");
    assert_eq!(found(&pair), expected(&pair)?);
    Ok(())
}

/// 3 million narrow rows in one slot, 600,000 wide ones in the other.
const LARGE: &str = "CREATE TABLE narrow (id bigint PRIMARY KEY, a int, b int, c bigint);
    CREATE TABLE wide (id bigint PRIMARY KEY, name text, body text, at timestamptz, doc jsonb);";
const LARGE_ROWS: &str = "INSERT INTO narrow SELECT n, n % 1000, n % 77, n * 3 FROM generate_series(1, 3000000) AS n;
    INSERT INTO wide SELECT n, 'name ' || n, repeat(md5(n::text), 9), timestamptz '2024-01-01' + n * interval '1 min',
      jsonb_build_object('n', n, 'tags', ARRAY['x', md5(n::text)]) FROM generate_series(1, 600000) AS n; VACUUM ANALYZE narrow, wide";

/// What a digest without chunks costs, and what the documentation of pgcopydb gives as the query of `compare data`.
const PLAIN: &str = "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM";
const PGCOPYDB: &str =
    "SELECT count(1), md5(format('%s-%s', sum(hashtext(t::text)::bigint), count(1)))::uuid FROM ONLY";

fn throughput(servers: &Servers) -> Result<(), Failed> {
    let (from, to) = clusters(servers, (15, 18), DATABASE, &[LARGE])?;
    from.psql(DATABASE, LARGE_ROWS)?.success()?;
    let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
    let mut plan = bank::plan(15, 18, identifier);
    plan.foreign_keys.clear();
    for (slot, name) in plan.slots.iter_mut().zip(["narrow", "wide"]) {
        slot.tables = vec![table(name, &["id"])];
    }
    let pair = Pair::of(from, to, DATABASE, plan)?;
    pair.bring_up()?;
    pair.subscriber.psql(DATABASE, "VACUUM ANALYZE narrow, wide")?.success()?;
    let bytes: f64 =
        pair.publisher.value(DATABASE, "SELECT pg_table_size('narrow') + pg_table_size('wide')")?.parse()?;
    let both = |query: &str| -> Result<(), Failed> {
        let one_side = |cluster: &Cluster| -> Result<Vec<String>, String> {
            ["narrow", "wide"]
                .iter()
                .map(|name| {
                    cluster
                        .value(DATABASE, &format!("SELECT q::text FROM ({query} {name} AS t) AS q"))
                        .map_err(|error| error.to_string())
                })
                .collect()
        };
        let sides = thread::scope(|scope| {
            let there = scope.spawn(|| one_side(&pair.publisher));
            (one_side(&pair.subscriber), there.join())
        });
        assert_eq!(sides.0?, sides.1.map_err(|_| "a reader panicked")??);
        Ok(())
    };
    println!("{:.0} MB on each side", bytes / 1e6);
    for round in 1..=3 {
        let timed = |what: &str, work: &dyn Fn() -> Result<(), Failed>| -> Result<(), Failed> {
            let begun = Instant::now();
            work()?;
            let seconds = begun.elapsed().as_secs_f64();
            println!("round {round}: {what}: {seconds:.1} s, {:.2} GB/min", bytes / 1e9 / seconds * 60.0);
            Ok(())
        };
        timed("75_shell_verify.sh", &|| pair.run_all(&["75"]))?;
        timed("83_shell_compare_at_rest.sh", &|| pair.run_all(&["83_sh"]))?;
        timed("plain digest", &|| both(PLAIN))?;
        timed("query of pgcopydb compare data", &|| both(PGCOPYDB))?;
    }
    Ok(())
}

/// One look of the publisher at a row of slot pgsp_1 that it has not, and that the subscriber had: $1 is whether the same
/// version of it was there at the look before.
const ABSENT_ROW: &str = r#"here=$(dirname "$0")
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
slot=pgsp_1 mode=at_rest dir=$state/absent
mkdir -p "$dir"
look_at_encodings || exit
publisher_task digest "$dir/publisher" < /dev/null || exit
table=$(grep '^table,.*{id},{id}' "$dir/publisher" | head -n 1)
number=$(printf '%s
' "$table" | cut -d , -f 2)
printf '%s
candidate,%s,,,,,,,,,,{424242},,,17,,version,%s
' "$table" "$number" "$1" > "$dir/seen"
publisher_task again "$dir/again" < "$dir/seen" || exit
cut -d , -f 1 "$dir/again" | tail -n 1
cat "$dir/again.found"
"#;

/// A row that was inserted after the first read of the publisher and deleted before the third is absent both times, and yet
/// the subscriber rightly had it in between: it was called "only on the subscriber".
fn came_and_went(pair: &Pair) -> Result<(), Failed> {
    std::fs::write(pair.folder().join("scripts/absent.sh"), ABSENT_ROW)?;
    let look = |stays: &str| -> Result<String, Failed> {
        let (code, out, errors) = told(pair.shell("absent.sh").arg(stays).output()?);
        assert_eq!(code, 0, "{errors}");
        Ok(out)
    };
    assert_eq!(look("f")?.trim(), "candidate", "it is looked at once more");
    let proved = look("t")?;
    assert!(proved.starts_with("table\ndifferent,") && proved.contains("{424242},only on the subscriber"), "{proved}");
    Ok(())
}

/// After the writers: sequences and tables without key count too, and a publication that lost a table.
fn at_rest(pair: &Pair) -> Result<(), Failed> {
    pair.run_all(&["71"])?;
    let (code, _, said) = pair.run("83_sh")?;
    assert_eq!(code, 4, "{said}");
    let behind = "sequence,\"public.\"\"Seq;1\"\"\",,\"its next value is 10, but 12 on the other server\"";
    assert_eq!(
        errors(pair, "at_rest"),
        [
            behind,
            "sequence,public.down,,\"its next value is -1, but -6 on the other server\"",
            "sequence,public.restarted,,\"its next value is 1, but 500 on the other server\"",
        ]
    );
    pair.execute(
        &pair.subscriber,
        "SELECT setval('\"Seq;1\"', 11), setval('down', -5), setval('restarted', 500, false)",
    )?;
    pair.run_all(&["83_sh"])?;
    pair.execute(&pair.subscriber, "DELETE FROM keyless WHERE n = 3; INSERT INTO audit VALUES (1, 'again')")?;
    pair.execute(
        &pair.publisher,
        "ALTER PUBLICATION pgsp_1 DROP TABLE accounts; CREATE TABLE forgotten (id int PRIMARY KEY)",
    )?;
    let (code, _, said) = pair.run("83_sh")?;
    assert_eq!(code, 4, "{said}");
    let found = errors(pair, "at_rest").join("\n");
    for expected in [
        "publisher,\"publication pgsp_1 lacks table public.accounts, or has another row filter or a column list for it\",,",
        "publisher,table public.forgotten is neither in the plan nor excluded by it: nothing replicates it,,",
        "different,table public.audit,,\"its rows differ, ",
        "different,table public.keyless,,\"its rows differ, 50 on the publisher and 49 on the subscriber",
    ] {
        assert!(found.contains(expected), "{expected}\n{found}");
    }
    assert_eq!(found.lines().count(), 4, "{found}");
    Ok(())
}
