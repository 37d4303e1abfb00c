//! Switchovers and failovers of real Patroni clusters while slots run: what `check` says of them beforehand, what outlives them, what is
//! lost, and how one goes on.

mod cluster;

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Kit, Repair, Script},
    plan::Plan,
    throwaway::Servers,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    bank::{self, Clients, DATABASE},
    bench::case,
    databases::program,
    pair::{self, sh, table, told, write_script},
    story,
};
use cluster::Patroni;
pub use cluster::install;

pub fn trials() -> Vec<Trial> {
    vec![
        case("patroni::failover_slots_outlive_a_failover_17_to_18", 4, failover_slots),
        case("patroni::slots_that_it_knows_outlive_a_failover_13_to_15", 4, known_slots),
    ]
}

/// Tables of their own slots, beside the bank's.
fn more_tables(count: usize) -> String {
    (1..=count).map(|number| format!("CREATE TABLE extra_{number} (id int PRIMARY KEY, at timestamptz);")).collect()
}

/// The bank with some slots more.
fn plan(majors: (u32, u32), identifier: String, more: usize) -> Plan {
    let mut plan = bank::plan(majors.0, majors.1, identifier);
    for number in 1..=more {
        let name = format!("pgsp_more_{number}");
        plan.slots.push(story::slot(&name, &name, &name, vec![table(&format!("extra_{number}"), &["id"])]));
    }
    plan.plan_sha256 = plan.digest();
    plan
}

/// One migration: where the servers are, the plan's file, folders of emitted files.
struct Night {
    publisher: String,
    subscriber: String,
    plan: Plan,
    folder: tempfile::TempDir,
}

impl Night {
    fn new(publisher: String, subscriber: String, plan: Plan) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("plan.json"), pgslotplan::format::write(&plan))?;
        Ok(Night { publisher, subscriber, plan, folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `check` finds, as code, message and hint.
    fn check(&self, more: &[&str]) -> Result<Vec<(String, String, String)>, Failed> {
        let plan = self.path("plan.json").display().to_string();
        let servers = ["--publisher", self.publisher.as_str(), "--subscriber", self.subscriber.as_str()];
        let mut command = program(&["check", &plan, "--no-inventory", "--format", "json"]);
        command.args(more).args(servers);
        let (code, out, errors) = told(command.output()?);
        let found: serde_json::Value =
            serde_json::from_str(&out).map_err(|error| format!("{code}: {error}: {out}{errors}"))?;
        let list = found.as_array().or_else(|| found["findings"].as_array()).ok_or("a list of findings")?;
        let text = |finding: &serde_json::Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        Ok(list
            .iter()
            .map(|finding| (text(finding, "code"), text(finding, "message"), text(finding, "hint")))
            .collect())
    }

    /// Emitted files in a folder of this name.
    fn emit(&self, name: &str, options: &EmitOptions) -> Result<Script, Failed> {
        let script = emit::script(&self.plan, options)?;
        write_script(&script, &self.path(name))?;
        Ok(script)
    }

    /// A step of a folder, which must end with a code; what it said.
    fn step(&self, name: &str, step: &str, expected: i32) -> Result<String, Failed> {
        let mut command = sh(&self.path(name).join("run.sh"));
        command.arg(step).env("PGSLOTPLAN_PUBLISHER", &self.publisher).env("PGSLOTPLAN_SUBSCRIBER", &self.subscriber);
        command.env("PGSLOTPLAN_CHECKED", "yes");
        let (code, out, errors) = told(command.output()?);
        if code != expected {
            return Err(format!("{step}: exit code {code}, not {expected}: {out}{errors}").into());
        }
        Ok(out + &errors)
    }

    fn steps(&self, name: &str, steps: &[&str]) -> Result<(), Failed> {
        steps.iter().try_for_each(|step| self.step(name, step, 0).map(drop))
    }

    /// All that makes a part again, in its order.
    fn repair(&self, name: &str, part: &str) -> Result<(), Failed> {
        let kit = Kit::Repair(vec![part.parse::<Repair>()?]);
        let script = self.emit(name, &EmitOptions { kit, ..EmitOptions::default() })?;
        let steps = script.steps.iter().filter(|step| !step.aside && step.part_of.is_none());
        steps.map(|step| step.id.as_str()).try_for_each(|id| self.step(name, id, 0).map(drop))
    }
}

/// Seven slots with copies on two standbys: a switchover, then a leader that loses its power, lose nothing.
fn failover_slots(servers: &Servers) -> Result<(), Failed> {
    // each node waits for the standbys that it has as the leader
    let others = ["n2, n3", "n1, n3", "n1, n2"];
    let mut old = Patroni::start(servers, "old", 17, 3, |number| {
        format!(", synchronized_standby_slots: '{}'", others[number - 1])
    })?;
    old.query("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    for sql in [bank::SCHEMA, &more_tables(5), bank::ROWS] {
        old.query(DATABASE, sql)?;
    }
    let new = pair::server(servers, 18, DATABASE, &[bank::SCHEMA, &more_tables(5)])?;
    let identifier = old.query("postgres", "SELECT system_identifier FROM pg_control_system()")?;
    let night = Night::new(old.conninfo(DATABASE), new.conninfo(DATABASE), plan((17, 18), identifier, 5))?;

    // its hints, followed, are enough
    let before = night.check(&["--failover-slots"])?;
    let lacking: Vec<_> = before.iter().filter(|(code, ..)| code == "PF135").collect();
    assert!(
        lacking.len() == 2 && lacking.iter().all(|(_, said, _)| said.contains("sync_replication_slots is off")),
        "{before:?}"
    );
    old.follow(&lacking[0].2)?;
    let codes = |found: Vec<(String, String, String)>| -> Vec<String> {
        found.into_iter().map(|(code, ..)| code).filter(|code| code.starts_with("PF13") || code == "PF120").collect()
    };
    old.until("standbys that keep copies", |_| Ok(codes(night.check(&["--failover-slots"])?).is_empty()))?;
    let alone = Night {
        publisher: format!("host=127.0.0.1 port={} user=postgres dbname={DATABASE}", old.nodes[0].port),
        ..night
    };
    assert_eq!(codes(alone.check(&["--failover-slots"])?), ["PF136"]);
    let night = Night { publisher: old.conninfo(DATABASE), ..alone };

    night.emit("scripts", &EmitOptions { failover_slots: true, ..EmitOptions::default() })?;
    let begin = [
        "publisher_check",
        "subscriber_check",
        "publications",
        "foreign_keys_drop",
        "slots",
        "subscriptions",
        "ready",
        "caught_up",
    ];
    night.steps("scripts", &begin)?;
    let marked = "SELECT count(*) FROM pg_replication_slots WHERE failover AND slot_type = 'logical' AND NOT temporary";
    assert_eq!(old.query(DATABASE, marked)?, "7");
    let carried = |old: &Patroni| -> Result<bool, Failed> {
        // a slot that nothing is written for moves with what the others write
        Ok(codes(night.check(&["--failover-slots"])?).is_empty() && old.leader().is_ok())
    };
    let clients = Clients::forgiving(&vec![old.conninfo(DATABASE); 2], |clients| {
        old.until("usable copies", carried)?;
        old.switch_over()?;
        clients.go_on()?;
        // the node that was the leader has slots of its own, unless Patroni cloned it anew; the hint drops them
        old.until("usable copies after the switchover", |old| {
            let found = night.check(&["--failover-slots"])?;
            if let Some((.., hint)) =
                found.iter().find(|(code, said, _)| code == "PF138" && said.contains("of its own time"))
            {
                let (_, sql) = hint.split_once(": ").ok_or("a statement")?;
                old.query_node(0, "postgres", sql)?;
            }
            carried(old)
        })?;
        let leader = old.leader()?;
        old.until_protected()?;
        old.kill_node(leader)?;
        old.until("new leader after the failover", |old| Ok(old.leader().is_ok_and(|now| now != leader)))?;
        // the others wait for its slot until it is back
        old.start_node(leader)?;
        clients.go_on()?;
        old.until("usable copies after the failover", carried)
    })?;
    night.steps("scripts", &["caught_up", "verify"])?;
    assert_eq!(old.query(DATABASE, &format!("{marked} AND active"))?, "7");
    wrote_much(&clients)?;
    bank::settle(&|sql| old.query(DATABASE, sql), &clients)?;
    bank::settle(&|sql| bank::by_psql(&new, sql), &clients)
}

/// Every client went on through all that happened.
fn wrote_much(clients: &Clients) -> Result<(), Failed> {
    let written = clients.written.lock().map_err(|_| "a client panicked")?;
    assert!(written.len() > 3 && written.values().all(|count| *count > 20), "{written:?}");
    Ok(())
}

/// What Patroni's configuration names outlives a switchover and a failover on 13 too; what it does not name is lost, and so is what a
/// standby of the subscriber had not got. The kit goes on from both.
fn known_slots(servers: &Servers) -> Result<(), Failed> {
    let mut old = Patroni::start(servers, "old", 13, 2, |_| String::new())?;
    let mut new = Patroni::start(servers, "new", 15, 2, |_| String::new())?;
    for cluster in [&old, &new] {
        cluster.query("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        cluster.query(DATABASE, bank::SCHEMA)?;
        cluster.query(DATABASE, &more_tables(2))?;
    }
    new.query(DATABASE, "GRANT CREATE ON SCHEMA public TO PUBLIC")?;
    old.query(DATABASE, bank::ROWS)?;
    let identifier = old.query("postgres", "SELECT system_identifier FROM pg_control_system()")?;
    let night = Night::new(old.conninfo(DATABASE), new.conninfo(DATABASE), plan((13, 15), identifier, 2))?;
    let found = night.check(&[])?;
    let hint = |code: &str, words: &str| {
        let of_code = found.iter().find(|(of, said, _)| of == code && said.contains(words));
        of_code.map(|(_, _, hint)| hint.clone()).ok_or_else(|| format!("no {code}: {found:?}"))
    };
    let (keep, lossy) = (hint("PF133", "drops the slots at")?, hint("PF134", "a failover loses")?);
    assert!(hint("PF133", "slots of the way back").is_ok() && lossy.contains("emit --repair rows"), "{found:?}");
    assert!(!found.iter().any(|(code, ..)| code == "PF120"), "{found:?}");

    night.emit("scripts", &EmitOptions::default())?;
    night.steps("scripts", &["publisher_check", "subscriber_check", "publications", "foreign_keys_drop", "slots"])?;
    old.follow(&keep)?;
    night.steps("scripts", &["subscriptions", "ready", "caught_up"])?;
    let carried = |old: &Patroni| -> Result<bool, Failed> {
        let leader = old.leader()?;
        let copies = "SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical' AND database = 'bank'";
        Ok(old.query_node(1 - leader, "postgres", copies).is_ok_and(|found| found == "4") && old.says_safe(1 - leader))
    };
    let clients = Clients::forgiving(&vec![old.conninfo(DATABASE); 2], |clients| {
        old.until("copies of the slots", carried)?;
        assert_eq!(old.switch_over()?, 1);
        clients.go_on()?;
        old.until("copies after the switchover", carried)?;
        old.until_protected()?;
        old.kill_node(1)?;
        old.until("new leader after the failover", |old| Ok(old.leader().is_ok_and(|now| now == 0)))?;
        old.start_node(1)?;
        clients.go_on()
    })?;
    night.steps("scripts", &["caught_up", "verify"])?;
    wrote_much(&clients)?;
    bank::settle(&|sql| old.query(DATABASE, sql), &clients)?;
    bank::settle(&|sql| new.query(DATABASE, sql), &clients)?;

    // a slot that it does not know any more is gone after the next switchover, and is made again alone
    old.control("edit-config old --force --set slots.pgsp_more_1=null")?;
    old.until("a standby again", |old| {
        Ok(old.query("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")? == "1")
    })?;
    old.until("copies before the second switchover", |old| {
        let copies = "SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical' AND database = 'bank'";
        Ok(old.query_node(1, "postgres", copies).is_ok_and(|found| found == "3") && old.says_safe(1))
    })?;
    assert_eq!(old.switch_over()?, 1);
    old.query(DATABASE, "INSERT INTO extra_1 SELECT n, now() FROM generate_series(1, 100) AS n")?;
    let lost = night.check(&[])?;
    assert!(
        lost.iter().any(|(code, _, hint)| code == "HE101" && hint.contains("--repair slot=pgsp_more_1 ")),
        "{lost:?}"
    );
    night.repair("repair", "slot=pgsp_more_1")?;
    night.steps("scripts", &["caught_up", "verify"])?;

    // the subscriber's standby stands still while rows are applied and confirmed; then it must take over
    new.until_protected()?;
    let leader = new.leader()?;
    let receiver = new.query_node(1 - leader, "postgres", "SELECT pid FROM pg_stat_wal_receiver")?;
    let receiver = Pid::from_raw(receiver.parse()?).ok_or("a pid")?;
    kill_process(receiver, Signal::STOP)?;
    old.query(DATABASE, "INSERT INTO extra_2 SELECT n, now() FROM generate_series(1, 100) AS n")?;
    let confirmed = night.step("scripts", "caught_up", 0);
    new.kill_node(leader)?;
    kill_process(receiver, Signal::CONT)?;
    confirmed?;
    new.until("new leader of the subscriber", |new| Ok(new.leader().is_ok_and(|now| now != leader)))?;
    new.start_node(leader)?;
    assert_eq!(new.query(DATABASE, "SELECT count(*) FROM extra_2")?, "0", "the rows were to be lost");
    night.steps("scripts", &["caught_up"])?;
    let said = night.step("scripts", "verify", 4)?;
    assert!(said.contains("extra_2"), "{said}");
    night.repair("rows", "rows")?;
    night.steps("scripts", &["verify"])?;
    assert_eq!(new.query(DATABASE, "SELECT count(*) FROM extra_2")?, "100");

    // the clean-up is not done while Patroni makes the slots again
    night.step("scripts", "subscriber_cleanup", 0)?;
    let said = night.step("scripts", "publisher_cleanup", 3)?;
    assert!(said.contains("Patroni made dropped slots again"), "{said}");
    let nulls: String = night.plan.slots.iter().map(|slot| format!(" --set slots.{}=null", slot.name)).collect();
    old.control(&format!("edit-config old --force{nulls}"))?;
    night.step("scripts", "publisher_cleanup", 0)?;
    assert_eq!(old.query(DATABASE, "SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical'")?, "0");
    Ok(())
}
