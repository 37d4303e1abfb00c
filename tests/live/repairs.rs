//! Slots and tables of a running migration are made again under writers, by the kit that `emit --repair` writes, killed at every
//! step; the rest goes on, and at the end both servers hold the same rows.

use std::{
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Kit, Repair, Script},
    names::quote_identifier,
    throwaway::{Cluster, Servers},
};

use crate::{
    bench::case,
    pair::{Pair, told, write_script},
};

pub fn trials() -> Vec<Trial> {
    [(13, 15), (12, 15), (15, 18), (18, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("repairs::slots_and_tables_are_made_again_{publisher}_to_{subscriber}"), 2, move |servers| {
                again(servers, publisher, subscriber)
            })
        })
        .into()
}

/// The files of a repair, beside those of the whole migration.
pub struct Mending<'a> {
    pair: &'a Pair,
    folder: String,
    script: Script,
}

impl<'a> Mending<'a> {
    pub fn new(pair: &'a Pair, folder: &str, repairs: &[&str]) -> Result<Self, Failed> {
        let repairs: Vec<Repair> = repairs.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let options = EmitOptions { kit: Kit::Repair(repairs), ..EmitOptions::default() };
        let script = emit::script(&pair.plan, &options)?;
        write_script(&script, &pair.folder().join(folder))?;
        Ok(Mending { pair, folder: folder.to_owned(), script })
    }

    fn command(&self, word: &str) -> Command {
        let mut command = self.pair.shell("run.sh");
        command.env("PGSLOTPLAN_STATE", self.pair.folder().join("scripts.state"));
        let mut other = Command::new("sh");
        other.arg(self.pair.folder().join(&self.folder).join("run.sh")).arg(word).current_dir("/").stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        other
    }

    /// Runs a step that must end with a code.
    pub fn run(&self, step: &str, expected: i32) -> Result<String, Failed> {
        let (code, out, errors) = told(self.command(step).output()?);
        if code == expected {
            return Ok(out + &errors);
        }
        let logs = [&self.pair.publisher, &self.pair.subscriber].map(|cluster| {
            let log = cluster.server_log();
            log.lines().rev().filter(|line| line.contains("ERROR")).take(6).collect::<Vec<_>>().join("\n")
        });
        Err(format!(
            "{step}: exit code {code}, not {expected}: {out}{errors}\nlog, latest first: {}",
            logs.join("\n--\n")
        )
        .into())
    }

    fn steps(&self) -> Vec<&'static str> {
        self.script.steps.iter().map(|step| step.id.as_str()).collect()
    }

    /// Every step, as a person is told to.
    pub fn run_all(&self) -> Result<(), Failed> {
        self.run("repair_check", 0)?;
        for _ in &self.steps()[1..] {
            self.run("next", 0)?;
        }
        let said = self.run("", 1).or_else(|_| self.run("list", 0))?;
        assert!(!said.contains("not there"), "{said}");
        Ok(())
    }

    /// Every step, each killed again and again before it comes to its end.
    pub fn run_all_killed(&self) -> Result<(), Failed> {
        for step in self.steps() {
            for after in [20, 60, 120, 200, 350, 600] {
                let mut child =
                    self.command(step).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
                thread::sleep(Duration::from_millis(after));
                let group = rustix::process::Pid::from_raw(child.id() as i32).ok_or("a pid")?;
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                child.wait()?;
            }
            // what a killed psql left running on its server ends first, and holds locks until then
            let mut said = self.run(step, 0);
            for _ in 0..5 {
                if said.is_ok() {
                    break;
                }
                said = self.run(step, 0);
            }
            said?;
        }
        Ok(())
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
        // one that fails: a row that is there already
        pair.execute(&pair.subscriber, "INSERT INTO public.order_lines (id, note) VALUES (987654, 'here first')")?;
        pair.execute(&pair.publisher, "INSERT INTO public.order_lines (id, note) VALUES (987654, 'from there')")?;
        slot.run_all_killed()?;
        pair.run_all(&["70", "71", "75"])?;
        // a table of each kind, of which one slot is far behind
        let tree = if publisher >= 13 { "table=public.events" } else { "table=public.events_a" };
        let hostile = pair.plan.slots[1].tables.iter().find(|table| table.name.contains("DROP TABLE"));
        let hostile = format!("table={}", hostile.ok_or("a hostile name")?.table_name().to_sql());
        let tables = Mending::new(
            &pair,
            "tables",
            &["table=public.orders", tree, "table=public.audit", "table=public.cats", &hostile],
        )?;
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
