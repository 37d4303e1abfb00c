//! Slots and tables of a running migration are made again under writers, by the kit that `emit --repair` writes, killed at every
//! step; the rest goes on, and at the end both servers hold the same rows.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Kit, Repair},
    names::{TableName, quote_identifier},
    plan::PlannedTable,
    policy::ForeignKeyMode,
    throwaway::{Cluster, Servers},
    workload::TableKind,
};

use crate::{
    bench::{Done, case},
    beside::Beside,
    pair::{Pair, clusters, table, told},
    story,
};

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = [(13, 15), (12, 15), (15, 18), (18, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("repairs::slots_and_tables_are_made_again_{publisher}_to_{subscriber}"), 2, move |servers| {
                again(servers, publisher, subscriber)
            })
        })
        .into();
    trials.extend([(13, 15), (15, 18)].map(|(publisher, subscriber)| {
        case(format!("repairs::named_rows_are_copied_again_{publisher}_to_{subscriber}"), 2, move |servers| {
            named_rows(servers, publisher, subscriber)
        })
    }));
    trials.extend([(13, 15), (18, 18)].map(|(publisher, subscriber)| {
        case(
            format!("repairs::keys_return_and_what_is_wrong_is_refused_{publisher}_to_{subscriber}"),
            2,
            move |servers| keys_and_refusals(servers, publisher, subscriber),
        )
    }));
    trials
}

/// The files of a repair, beside those of the whole migration.
pub struct Mending<'a>(Beside<'a>);

impl<'a> Mending<'a> {
    pub fn new(pair: &'a Pair, folder: &str, repairs: &[&str]) -> Result<Self, Failed> {
        let repairs: Vec<Repair> = repairs.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let options = EmitOptions { kit: Kit::Repair(repairs), ..EmitOptions::default() };
        let state = ("PGSLOTPLAN_STATE", pair.folder().join("scripts.state"));
        Beside::new(pair, folder, emit::script(&pair.plan, &options)?, vec![state]).map(Mending)
    }

    /// Runs a step that must end with a code.
    pub fn run(&self, step: &str, expected: i32) -> Result<String, Failed> {
        self.0.run(step, expected)
    }

    fn steps(&self) -> Vec<&'static str> {
        self.0.script.steps.iter().map(|step| step.id.as_str()).collect()
    }

    /// Every step, as a person is told to.
    pub fn run_all(&self) -> Result<(), Failed> {
        self.run("repair_check", 0)?;
        for _ in &self.steps()[1..] {
            self.run("next", 0)?;
        }
        let said = self.run("list", 0)?;
        assert!(!said.contains("not there"), "{said}");
        Ok(())
    }

    /// Every step, each killed again and again before it comes to its end.
    pub fn run_all_killed(&self) -> Result<(), Failed> {
        self.steps().into_iter().try_for_each(|step| self.0.run_killed(step, &[20, 60, 120, 200, 350, 600]))
    }
}

/// The rows of every planned relation, as one line each.
fn rows(pair: &Pair, cluster: &Cluster) -> Result<Vec<String>, Failed> {
    let mut lines = Vec::new();
    for (slot, member) in pair.plan.members() {
        for name in slot.received(member) {
            let only = if member.only { "ONLY " } else { "" };
            let sql = format!(
                "SELECT pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(t::text, 0))) FROM {only}{} AS t",
                name.to_sql()
            );
            lines.push(format!("{}: {}", name.to_sql(), cluster.value(pair.database, &sql)?));
        }
    }
    Ok(lines)
}

/// Everything arrives, and every row is the same on both sides.
pub fn settle(pair: &Pair) -> Result<(), Failed> {
    pair.run_all(&["70", "71", "75"])?;
    assert_eq!(rows(pair, &pair.subscriber)?, rows(pair, &pair.publisher)?);
    Ok(())
}

fn subscription_of(pair: &Pair, slot: &str) -> String {
    let found = pair.plan.slots.iter().find(|planned| planned.name.as_str() == slot);
    quote_identifier(&found.expect("a slot of the plan").subscription)
}

/// Somebody drops a slot that is in use: its subscription can never go on.
fn lose(pair: &Pair, slot: &str) -> Result<(), Failed> {
    let subscription = subscription_of(pair, slot);
    pair.execute(&pair.subscriber, &format!("ALTER SUBSCRIPTION {subscription} DISABLE"))?;
    let idle = format!("SELECT NOT active FROM pg_catalog.pg_replication_slots WHERE slot_name = '{slot}'");
    pair.publisher.wait_until(pair.database, &idle, Duration::from_secs(60))?;
    pair.execute(&pair.publisher, &format!("SELECT pg_catalog.pg_drop_replication_slot('{slot}')"))?;
    pair.execute(&pair.subscriber, &format!("ALTER SUBSCRIPTION {subscription} ENABLE"))
}

/// What the slots of the rest have confirmed, and how their tables stand.
fn others(pair: &Pair, slot: &str) -> Result<(String, String), Failed> {
    let made = format!(
        "SELECT pg_catalog.string_agg(slot_name || ' ' || catalog_xmin::text, ', ' ORDER BY slot_name) IS NOT NULL FROM pg_catalog.pg_replication_slots WHERE slot_name <> '{slot}' AND slot_type = 'logical' AND active"
    );
    let subscription = subscription_of(pair, slot).replace('\'', "''");
    let tables = format!(
        "SELECT pg_catalog.string_agg(srrelid::text || srsublsn::text, ',' ORDER BY srrelid) FROM pg_catalog.pg_subscription_rel AS r JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid WHERE pg_catalog.quote_ident(s.subname) <> '{subscription}'"
    );
    Ok((pair.publisher.value(pair.database, &made)?, pair.subscriber.value(pair.database, &tables)?))
}

fn again(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let pair = Pair::new(servers, publisher, subscriber)?;
    pair.while_writing(|| {
        pair.bring_up()?;
        // a slot that somebody dropped
        lose(&pair, "pgsp_2")?;
        let before = others(&pair, "pgsp_2")?;
        let slot = Mending::new(&pair, "slot", &["slot=pgsp_2"])?;
        slot.run_all()?;
        assert_eq!(others(&pair, "pgsp_2")?, before, "the other slots were touched");
        pair.run_all(&["70", "71", "75"])?;
        let noted = || {
            pair.subscriber
                .value(pair.database, "SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relname = 'verified'")
        };
        assert_eq!(noted()?, "1");
        // one that fails: a row that is there already
        pair.execute(&pair.subscriber, "INSERT INTO public.order_lines (id, note) VALUES (987654, 'here first')")?;
        pair.execute(&pair.publisher, "INSERT INTO public.order_lines (id, note) VALUES (987654, 'from there')")?;
        slot.run_all_killed()?;
        assert_eq!(noted()?, "0", "what was compared is compared anew");
        pair.run_all(&["70", "71", "75"])?;
        // a table of each kind, of which one slot is far behind
        let hostile = pair.plan.slots[1].tables.iter().find(|table| table.name.contains("touch injected"));
        let hostile = format!("table={}", hostile.ok_or("a hostile name")?.table_name().to_sql());
        let mut parts = vec!["table=public.orders", "table=public.audit", "table=public.cats", &hostile];
        // a 12 publishes the partitions
        parts.extend(match publisher {
            12 => &["table=public.events_a", "table=public.\"Events;b\"", "table=public.events_rest"][..],
            _ => &["table=public.events"],
        });
        let tables = Mending::new(&pair, "tables", &parts)?;
        let keep = "BEGIN; LOCK TABLE public.accounts IN EXCLUSIVE MODE; SELECT pg_catalog.pg_sleep(4); COMMIT";
        thread::scope(|scope| {
            let blocked = scope.spawn(|| pair.execute(&pair.subscriber, keep).map_err(|error| format!("{error:?}")));
            pair.execute(
                &pair.subscriber,
                "DELETE FROM public.orders; DELETE FROM public.events; DELETE FROM ONLY public.cats",
            )?;
            tables.run_all()?;
            blocked.join().map_err(|_| "the lock's session panicked")?.map_err(Failed::from)
        })?;
        pair.run_all(&["70", "71", "75"])?;
        pair.execute(&pair.subscriber, "DELETE FROM public.orders; DELETE FROM public.events")?;
        tables.run_all_killed()
    })?;
    settle(&pair)
}

/// Rows of every kind of key and type, changed, lost and added on the subscriber.
const DAMAGE: &str = "UPDATE accounts SET name = 'damaged' WHERE id IN (3, 4); DELETE FROM accounts WHERE id = 5;
    DELETE FROM words WHERE part IN ('7', '8'); UPDATE words SET note = '' WHERE part = '9'; INSERT INTO words VALUES (E'extra\\n', '1', NULL);
    UPDATE types SET doc = NULL, span = NULL, tags = '{}' WHERE small < 2; DELETE FROM types WHERE small > 160;
    INSERT INTO tenants VALUES (99, 'extra', 'x'); UPDATE tenants SET note = 'y' WHERE name = 'name 7'; DELETE FROM tenants WHERE name = 'name 8';
    DELETE FROM events WHERE id IN (2990, 2991); UPDATE events SET note = 'damaged' WHERE id = 2992; INSERT INTO events VALUES (500000, 3, 1, 'extra');
    UPDATE documents SET body = 'damaged' WHERE id = 9; DELETE FROM hot WHERE id % 1000 = 1; DELETE FROM ONLY cats WHERE id = 1007;";

fn named_rows(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let pair = Pair::new(servers, publisher, subscriber)?;
    let mending = Mending::new(&pair, "rows", &["rows"])?;
    pair.while_writing(|| {
        pair.bring_up()?;
        assert!(mending.run("repair_rows", 3)?.contains("no comparison of this plan has come to its end"));
        for is_killed in [false, true] {
            pair.run_all(&["70", "71"])?;
            pair.execute(&pair.subscriber, DAMAGE)?;
            let (code, out, errors) = pair.run("75")?;
            assert_eq!(code, 4, "{out}{errors}");
            if is_killed {
                mending.run_all_killed()?;
            } else {
                let said = mending.run("repair_rows", 0)?;
                assert!(said.contains("are the same on both sides"), "{said}");
            }
            pair.run_all(&["75"])?;
        }
        Ok(())
    })?;
    settle(&pair)
}

/// Foreign keys within a slot, between slots, from a tree and to one; triggers that refuse TRUNCATE.
const KEYS: &str = "CREATE TABLE par (id int PRIMARY KEY, note text);
    CREATE TABLE chi (id int PRIMARY KEY, par int CONSTRAINT \"chi;par\" REFERENCES par ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, note text);
    COMMENT ON CONSTRAINT \"chi;par\" ON chi IS 'it''s whole';
    CREATE TABLE far (id int PRIMARY KEY, par int REFERENCES par);
    CREATE TABLE tree (id int, at int, par int REFERENCES par, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (10); CREATE TABLE \"tree;2\" PARTITION OF tree DEFAULT;
    CREATE TABLE outer_leaf (id int PRIMARY KEY, tree int, at int, FOREIGN KEY (tree, at) REFERENCES tree);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'no truncate'; END $f$;
    CREATE TRIGGER \"no;truncate\" BEFORE TRUNCATE ON par FOR EACH STATEMENT EXECUTE FUNCTION refuse();";

const KEY_ROWS: &str = "INSERT INTO par SELECT n, 'row' FROM generate_series(1, 2000) AS n; INSERT INTO chi SELECT n, 1 + n % 2000, 'row' FROM generate_series(1, 4000) AS n;
    INSERT INTO far SELECT n, n FROM generate_series(1, 500) AS n; INSERT INTO tree SELECT n, n % 20, n FROM generate_series(1, 1500) AS n;
    INSERT INTO outer_leaf SELECT n, n, n % 20 FROM generate_series(1, 300) AS n;";

const FIRING: &str = "SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', tgrelid::regclass, tgname, tgenabled), ', ' ORDER BY tgrelid::regclass::text, tgname) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal";

fn keyed(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Pair, Failed> {
    let (from, to) = clusters(servers, (publisher, subscriber), story::DATABASE, &[KEYS])?;
    from.psql(story::DATABASE, KEY_ROWS)?.success()?;
    let tree = PlannedTable {
        kind: TableKind::Partitioned,
        leaves: ["tree_1", "tree;2"].map(|name| TableName::new("public", name)).into(),
        ..table("tree", &["id", "at"])
    };
    let mut slots = vec![
        story::slot("pgsp_1", "pgsp_1", "Sub;1", vec![table("par", &["id"]), table("chi", &["id"]), tree]),
        story::slot("pgsp_2", "pgsp_2", "pgsp_2", vec![table("far", &["id"]), table("outer_leaf", &["id"])]),
    ];
    for slot in &mut slots {
        slot.publish = "insert, update, delete".parse()?;
        slot.via_root = true;
    }
    let identifier = from.value("postgres", "SELECT system_identifier FROM pg_catalog.pg_control_system()")?;
    let mut plan = story::planned(publisher, subscriber, identifier, slots, Vec::new());
    plan.policy.foreign_keys = ForeignKeyMode::Guard;
    plan.excluded.clear();
    Pair::of(from, to, story::DATABASE, plan)
}

fn keys_and_refusals(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let pair = keyed(servers, publisher, subscriber)?;
    pair.bring_up()?;
    pair.run_all(&["76_su"])?; // the guards of the way back are there, too
    let (old, new) = (&pair.publisher, &pair.subscriber);
    let state = || -> Result<_, Failed> {
        Ok((new.query(story::DATABASE, story::FOREIGN_KEYS)?, new.value(story::DATABASE, FIRING)?))
    };
    let before = state()?;
    let alone = Mending::new(&pair, "table", &["table=par"])?;
    let slot = Mending::new(&pair, "slot", &["slot=pgsp_1"])?;
    refusals(&pair, &alone, &slot)?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<(), String> {
            let mut n = 100_000;
            while !done.load(Ordering::Relaxed) {
                n += 1;
                let sql = format!("BEGIN; INSERT INTO par VALUES ({n}, 'new'); INSERT INTO chi VALUES ({n}, {n}, 'new'); INSERT INTO far VALUES ({n}, {n});
                    INSERT INTO tree VALUES ({n}, {n} % 20, {n}); INSERT INTO outer_leaf VALUES ({n}, {n}, {n} % 20); COMMIT;
                    DELETE FROM outer_leaf WHERE id = {n} - 30; DELETE FROM tree WHERE id = {n} - 30; DELETE FROM far WHERE id = {n} - 30; DELETE FROM par WHERE id = {n} - 30;");
                pair.execute(old, &sql).map_err(|error| format!("{error:?}"))?;
            }
            Ok(())
        });
        let end = Done(&done);
        let worked = alone.run_all().and_then(|()| slot.run_all()).and_then(|()| alone.run_all_killed());
        drop(end);
        writer.join().map_err(|_| "the writer panicked")??;
        worked
    })?;
    assert_eq!(state()?, before);
    settle(&pair)?;
    // once the subscriptions were stopped, and once the new server was opened, nothing is emptied
    pair.run_all(&["78_publ", "78_sh", "80"])?;
    assert!(alone.run("repair_check", 3)?.contains("stopped for the cutover"));
    pair.execute(new, "CREATE TABLE pgslotplan.opened (prefix text PRIMARY KEY, opened_at timestamptz); INSERT INTO pgslotplan.opened VALUES ('pgsp')")?;
    for step in ["repair_check", "repair_stop", "repair_empty", "repair_start"] {
        assert!(slot.run(step, 3)?.contains("was opened for writes"), "{step}");
    }
    Ok(())
}

/// What is not this plan, or not in its turn, is left alone.
fn refusals(pair: &Pair, alone: &Mending<'_>, slot: &Mending<'_>) -> Result<(), Failed> {
    let before = rows(pair, &pair.subscriber)?;
    for step in ["repair_empty", "repair_start", "repair_ready"] {
        assert!(alone.run(step, 3)?.contains("no repair has begun here"), "{step}");
    }
    let swapped = |step: &str| -> Result<String, Failed> {
        let mut command = alone.0.command(step);
        command.env("PGSLOTPLAN_PUBLISHER", pair.subscriber.conninfo(story::DATABASE));
        command.env("PGSLOTPLAN_SUBSCRIBER", pair.publisher.conninfo(story::DATABASE));
        let (code, out, errors) = told(command.output()?);
        assert_eq!(code, 3, "{out}{errors}");
        Ok(errors)
    };
    for step in ["repair_check", "repair_stop", "repair_empty", "repair_start"] {
        let said = swapped(step)?;
        assert!(said.contains("publisher of the plan") || said.contains("is for a subscriber"), "{step}: {said}");
    }
    pair.execute(&pair.publisher, "ALTER TABLE chi RENAME TO chi_2")?;
    assert!(slot.run("repair_check", 3)?.contains("table public.chi does not exist"));
    pair.execute(
        &pair.publisher,
        "ALTER TABLE chi_2 RENAME TO chi; ALTER PUBLICATION pgsp_1 SET (publish = 'insert')",
    )?;
    assert!(alone.run("repair_check", 3)?.contains("has other options than the plan"));
    pair.execute(&pair.publisher, "ALTER PUBLICATION pgsp_1 SET (publish = 'insert, update, delete')")?;
    assert_eq!(rows(pair, &pair.subscriber)?, before);
    // one repair of a slot at a time
    alone.run("repair_stop", 0)?;
    assert!(slot.run("repair_check", 3)?.contains("another repair, which has not ended"));
    assert!(slot.run("repair_stop", 3)?.contains("another repair, which has not ended"));
    assert!(alone.run("repair_start", 3)?.contains("slot pgsp_1: stopped"));
    // and no cutover meanwhile
    let (code, _, errors) = pair.run("80")?;
    assert!(code == 3 && errors.contains("in a repair that has not ended"), "{code}: {errors}");
    Ok(())
}
