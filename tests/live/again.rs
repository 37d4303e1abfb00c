//! Another attempt after one that was given up, or rolled back: clean-up comes to its end whatever stands in its way, and the planned
//! tables are emptied unless the new server holds what the old one lacks.

use std::{thread, time::Duration};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{Cluster, Servers};

use crate::{
    bank,
    bench::case,
    pair::{Pair, told},
    repairs::settle,
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("again::an_abandoned_attempt_is_cleaned_up_and_made_anew_13_to_15", 2, |servers| {
            abandoned(servers, 13, 15)
        }),
        case("again::an_abandoned_attempt_is_cleaned_up_and_made_anew_15_to_18", 2, |servers| {
            abandoned(servers, 15, 18)
        }),
        case("again::nothing_is_emptied_before_a_rollback_has_ended", 2, rolled_back),
    ]
}

/// A shell file, its exit code and all it said.
fn shell(pair: &Pair, file: &str) -> Result<(i32, String), Failed> {
    let (code, out, errors) = told(pair.shell(file).output()?);
    Ok((code, out + &errors))
}

/// What each planned relation holds on the new server.
fn filled(pair: &Pair) -> Result<Vec<String>, Failed> {
    let mut found = Vec::new();
    for (slot, member) in pair.plan.members() {
        for name in slot.received(member) {
            let sql = format!("SELECT EXISTS (SELECT FROM {})", name.to_sql());
            if pair.subscriber.value(pair.database, &sql)? == "t" {
                found.push(name.to_sql());
            }
        }
    }
    Ok(found)
}

fn traces(cluster: &Cluster) -> Result<Vec<Vec<Option<String>>>, Failed> {
    let mut traces = cluster.query(story::DATABASE, story::TRACES)?;
    traces.extend(cluster.query(story::DATABASE, story::FOREIGN_KEYS)?);
    traces.extend(cluster.query(story::DATABASE, story::IDENTITIES)?);
    Ok(traces)
}

fn abandoned(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let pair = Pair::new(servers, publisher, subscriber)?;
    let (old, new) = (&pair.publisher, &pair.subscriber);
    let untouched = (traces(old)?, traces(new)?);
    pair.while_writing(|| {
        pair.bring_up()?;
        // somebody works on a table whose identity is to return
        let keep = "BEGIN; LOCK TABLE public.unique_only IN SHARE MODE; SELECT pg_catalog.pg_sleep(300)";
        thread::scope(|scope| {
            let locked = scope.spawn(|| drop(pair.execute(new, keep)));
            let held = "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE mode = 'ShareLock' AND granted AND locktype = 'relation' AND relation = 'public.unique_only'::pg_catalog.regclass)";
            let cleaned = new
                .wait_until(story::DATABASE, held, Duration::from_secs(30))
                .map_err(Failed::from)
                .and_then(|()| shell(&pair, &pair.step("90")?.file));
            let sleepers = "SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep(300)%'";
            new.query(story::DATABASE, sleepers)?;
            locked.join().map_err(|_| "the lock's session panicked")?;
            let (code, said) = cleaned?;
            assert_eq!(code, 3, "{said}");
            assert!(said.contains("these parts are left: identities back, foreign keys forget"), "{said}");
            Ok::<(), Failed>(())
        })?;
        // everything else is gone, and what is left is remembered
        let left = "SELECT (SELECT count(*) FROM pg_catalog.pg_subscription) || ' ' || (SELECT count(*) FROM pgslotplan.changed_identity) || ' ' || (SELECT count(*) FROM pgslotplan.plan)";
        assert!(new.value(story::DATABASE, left)?.starts_with("0 1 1"), "{}", new.value(story::DATABASE, left)?);
        assert!(!filled(&pair)?.is_empty());
        let (code, said) = shell(&pair, "again.sh")?;
        assert_eq!(code, 0, "{said}");
        assert_eq!(filled(&pair)?, Vec::<String>::new());
        assert_eq!((traces(old)?, traces(new)?), untouched);
        assert_eq!(new.value(story::DATABASE, "SELECT note FROM public.canary")?, "alive");
        // once more changes nothing, and what was learnt is there
        let (code, said) = shell(&pair, "again.sh")?;
        assert_eq!(code, 0, "{said}");
        assert!(pair.state("evidence.tsv").contains("\tleft\tsubscriber: identities back, exit 3\n"));
        assert!(pair.folder().join("scripts.state/attempt.1/done").is_dir());
        pair.bring_up()
    })?;
    settle(&pair)
}

fn rolled_back(servers: &Servers) -> Result<(), Failed> {
    let stage = bank::Stage::new(servers, 13, 15)?;
    let new = &stage.pair.subscriber;
    let rows = || new.value(bank::DATABASE, "SELECT count(*) FROM notes");
    stage.shell("cutover.sh", 0)?;
    stage.pair.execute(new, "INSERT INTO notes VALUES ('only here')")?;
    let before = rows()?;
    let refused = stage.shell("again.sh", 4)?;
    assert!(refused.contains("may hold writes that the old one lacks"), "{refused}");
    assert_eq!(rows()?, before);
    // with its marks gone the notes of the state folder tell
    stage.shell("rollback.sh", 0)?;
    stage.shell("again.sh", 0)?;
    assert_eq!(rows()?, "0");
    assert_eq!(stage.pair.publisher.value(bank::DATABASE, "SELECT count(*) FROM notes WHERE note = 'only here'")?, "1");
    stage.pair.bring_up()?;
    settle(&stage.pair)?;
    // a folder that knows nothing of the attempt proves nothing
    stage.pair.execute(new, "DELETE FROM pgslotplan.plan")?;
    let mut command = stage.pair.shell("again.sh");
    let elsewhere = stage.pair.folder().join("other.state");
    let (code, out, errors) = told(command.env("PGSLOTPLAN_STATE", elsewhere).output()?);
    assert_eq!(code, 4, "{out}{errors}");
    assert_eq!(rows()?, before);
    Ok(())
}
