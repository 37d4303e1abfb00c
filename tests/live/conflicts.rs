//! A slot that stands still goes on by what the runbook says: each statement of its section is run as it stands there, with its words
//! in capitals filled in. What was left out by SKIP is copied again.

use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;

use crate::{
    bench::case,
    pair::{Pair, clusters, table},
    repairs::{Mending, settle},
    story::{self, DATABASE},
};

pub fn trials() -> Vec<Trial> {
    [(13, 15), (15, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("conflicts::slots_go_on_by_the_runbook_{publisher}_to_{subscriber}"), 2, move |servers| {
                by_the_book(servers, publisher, subscriber)
            })
        })
        .into()
}

/// What stops the slot, how the log begins, and what is filled into the statement of the runbook.
struct Stall {
    log: &'static str,
    /// On the subscriber, then on the publisher.
    causes: [&'static str; 2],
    words: &'static [(&'static str, &'static str)],
}

const STALLS: [Stall; 6] = [
    Stall {
        log: "duplicate key value violates unique constraint",
        causes: ["INSERT INTO \"T;1\" VALUES (100, 'here first')", "INSERT INTO \"T;1\" VALUES (100, 'from there')"],
        words: &[("SCHEMA.TABLE", "public.\"T;1\""), ("KEY", "id"), ("VALUE", "100")],
    },
    Stall {
        log: "cannot truncate a table referenced in a foreign key constraint",
        causes: [
            "CREATE TABLE late (id int CONSTRAINT \"late;1\" REFERENCES \"T;1\")",
            "TRUNCATE \"T;1\"; INSERT INTO \"T;1\" VALUES (1, 'anew')",
        ],
        words: &[("SCHEMA.REFERRING", "public.late"), ("NAME", "\"late;1\"")],
    },
    Stall {
        log: "is missing replicated column",
        causes: [
            "SELECT 1",
            "ALTER TABLE \"T;1\" ADD COLUMN \"more;1\" int; INSERT INTO \"T;1\" VALUES (200, 'more', 1)",
        ],
        words: &[("SCHEMA.TABLE", "public.\"T;1\""), ("NAME", "\"more;1\""), (" TYPE;", " int;")],
    },
    Stall {
        log: "violates not-null constraint",
        causes: [
            "ALTER TABLE other ALTER COLUMN note SET NOT NULL",
            "ALTER TABLE other DROP COLUMN note; INSERT INTO other VALUES (300)",
        ],
        words: &[("SCHEMA.TABLE", "public.other"), ("COLUMN NAME", "COLUMN note")],
    },
    Stall {
        log: "invalid input syntax for type",
        causes: ["SELECT 1", "ALTER TABLE typed ALTER COLUMN n TYPE text; INSERT INTO typed VALUES (400, 'no number')"],
        words: &[("SCHEMA.TABLE", "public.typed"), ("COLUMN NAME TYPE TYPE", "COLUMN n TYPE text")],
    },
    Stall {
        log: "violates check constraint",
        causes: [
            "ALTER TABLE typed ADD CONSTRAINT \"c;1\" CHECK (id < 500)",
            "INSERT INTO typed VALUES (501, 'too large')",
        ],
        words: &[("SCHEMA.TABLE", "public.typed"), ("CONSTRAINT NAME", "CONSTRAINT \"c;1\"")],
    },
];

/// The SQL block of the runbook that follows these words.
fn statement(runbook: &str, words: &str) -> Result<String, Failed> {
    let rest = runbook.split_once(words).ok_or_else(|| format!("the runbook does not say: {words}"))?.1;
    let block = rest.split_once("```sql\n").and_then(|(_, rest)| rest.split_once("```")).ok_or("no statement")?.0;
    Ok(block.to_owned())
}

fn filled(mut sql: String, words: &[(&str, &str)]) -> String {
    for (word, value) in words {
        assert!(sql.contains(word), "{word} in {sql}");
        sql = sql.replace(word, value);
    }
    sql
}

/// Waits until the log of the subscriber has a new line with these words, and gives what follows it.
fn logged(pair: &Pair, from: usize, words: &str) -> Result<String, Failed> {
    for _ in 0..600 {
        let log = pair.subscriber.server_log();
        if let Some((_, rest)) = log.get(from..).unwrap_or_default().split_once(words) {
            return Ok(rest.to_owned());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("the log never said: {words}").into())
}

fn by_the_book(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let schema = "CREATE TABLE \"T;1\" (id int PRIMARY KEY, note text); CREATE TABLE other (id int PRIMARY KEY, note text); CREATE TABLE typed (id int PRIMARY KEY, n int)";
    let (from, to) = clusters(servers, (publisher, subscriber), DATABASE, &[schema])?;
    from.psql(DATABASE, "INSERT INTO \"T;1\" SELECT n, 'row' FROM generate_series(1, 50) AS n; INSERT INTO other SELECT n, 'row' FROM generate_series(1, 50) AS n; INSERT INTO typed VALUES (1, 1)")?
        .success()?;
    let tables = ["T;1", "other", "typed"].map(|name| table(name, &["id"]));
    let slots = vec![story::slot("pgsp_1", "pgsp_1", "Sub;1", tables.into())];
    let identifier = from.value("postgres", "SELECT system_identifier FROM pg_catalog.pg_control_system()")?;
    let mut plan = story::planned(publisher, subscriber, identifier, slots, Vec::new());
    plan.excluded.clear();
    let pair = Pair::of(from, to, DATABASE, plan)?;
    pair.bring_up()?;
    // from 18 on a key that is there is a conflict
    let known = |log: &'static str| {
        if subscriber >= 18 && log.starts_with("duplicate") { "conflict=insert_exists" } else { log }
    };
    for Stall { log, causes: [here, there], words } in &STALLS {
        let log = known(log);
        let begun = pair.subscriber.server_log().len();
        pair.execute(&pair.subscriber, here)?;
        pair.execute(&pair.publisher, there)?;
        logged(&pair, begun, log)?;
        let sql = filled(statement(&pair.script.runbook, &format!("**\"{log}\"**"))?, words);
        pair.execute(&pair.subscriber, &sql).map_err(|error| format!("{sql}: {error:?}"))?;
        pair.run_all(&["71"]).map_err(|error| format!("after {log}: {error:?}"))?;
    }
    // the dropped column goes here, too, as the runbook says
    pair.execute(&pair.subscriber, "ALTER TABLE other DROP COLUMN note")?;
    settle(&pair)?;
    skips(&pair)
}

/// A transaction over two tables is left out; both are copied again.
fn skips(pair: &Pair) -> Result<(), Failed> {
    let begun = pair.subscriber.server_log().len();
    pair.execute(&pair.subscriber, "INSERT INTO typed VALUES (900, 'here first')")?;
    pair.execute(
        &pair.publisher,
        "BEGIN; INSERT INTO other VALUES (900); INSERT INTO typed VALUES (900, 'from there'); COMMIT; INSERT INTO other VALUES (901)",
    )?;
    let lsn = logged(pair, begun, "finished at ")?;
    let lsn: String = lsn.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '/').collect();
    assert!(lsn.contains('/'), "{lsn}");
    let sql = statement(&pair.script.runbook, "The last resort is to leave out the transaction")?;
    pair.execute(&pair.subscriber, &filled(sql, &[("SUBSCRIPTION NAME", "SUBSCRIPTION \"Sub;1\""), ("LSN", &lsn)]))?;
    logged(pair, begun, "completed skipping transaction")?;
    pair.run_all(&["71"])?;
    let (code, _, errors) = pair.run("75")?;
    assert_eq!(code, 4, "{errors}");
    for missing in ["public.other,{900}", "public.typed,{900}"] {
        assert!(errors.contains(missing), "{missing}: {errors}");
    }
    Mending::new(pair, "repair", &["table=other", "table=typed"])?.run_all()?;
    settle(pair)
}
