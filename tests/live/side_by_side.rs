//! Two databases of one cluster move side by side into one new cluster, under one slot budget, and are cut over one after the other;
//! clients of each write until its own cutover and go on after it.

use std::{collections::BTreeMap, fs, path::Path};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Script, StepSide},
    format,
    plan::Plan,
    throwaway::{Cluster, Servers},
};

use crate::{
    bank::{Clients, ROWS, SCHEMA},
    bench::case,
    bouncer::{self, Bouncer},
    databases::{program, text},
    pair::{LEFT, server, sh, told, write_script},
};

/// Slots of both databases together.
const BUDGET: usize = 5;
const DATABASES: [&str; 2] = ["bank", "Shop; \"x\""];

pub fn trials() -> Vec<Trial> {
    vec![case("side_by_side::two_databases_under_one_budget_13_to_15", 2, |servers| moved(servers, 13, 15))]
}

/// One database with its kit and its PgBouncer.
struct Kit<'a> {
    old: &'a Cluster,
    new: &'a Cluster,
    plan: Plan,
    script: Script,
    folder: tempfile::TempDir,
    bouncers: [Bouncer; 1],
}

impl<'a> Kit<'a> {
    fn new(old: &'a Cluster, new: &'a Cluster, plan: Plan) -> Result<Self, Failed> {
        let script = emit::script(&plan, &EmitOptions::default())?;
        let folder = tempfile::tempdir()?;
        write_script(&script, &folder.path().join("scripts"))?;
        let bouncers = [Bouncer::start(old, &plan.database)?];
        bouncer::configure(&folder.path().join("scripts.state"), &bouncers, old, new, "")?;
        Ok(Kit { old, new, plan, script, folder, bouncers })
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("scripts").join(name)
    }

    fn shell(&self, name: &str) -> Result<(i32, String), Failed> {
        let mut command = sh(&self.file(name));
        command.env("PGSLOTPLAN_PUBLISHER", self.old.conninfo(&self.plan.database));
        command.env("PGSLOTPLAN_SUBSCRIBER", self.new.conninfo(&self.plan.database));
        let (code, out, errors) = told(command.output()?);
        Ok((code, out + &errors))
    }

    /// The step whose file begins like this, which must end well.
    fn run(&self, number: &str) -> Result<(), Failed> {
        let step = self.script.steps.iter().find(|step| step.file.starts_with(number)).ok_or("a step")?;
        let (code, said) = match step.side {
            StepSide::Shell | StepSide::Pgbouncer => self.shell(&step.file)?,
            side => {
                let cluster = if side == StepSide::Publisher { self.old } else { self.new };
                let (from, to) = (self.old.conninfo(&self.plan.database), self.new.conninfo(&self.plan.database));
                let variables = [("wait_seconds", "100"), ("publisher_dsn", &from), ("subscriber_dsn", &to)];
                let outcome = cluster.run_script(&self.plan.database, &self.file(&step.file), &variables)?;
                (outcome.code, outcome.stdout + &outcome.stderr)
            }
        };
        if code == 0 { Ok(()) } else { Err(format!("{} of {}: {code}: {said}", step.file, self.plan.database).into()) }
    }

    fn bring_up(&self) -> Result<(), Failed> {
        let steps = self.script.steps.iter().map(|step| step.file.as_str());
        for file in steps.filter(|file| *file < "75" && file.ends_with(".sql")) {
            self.run(file)?;
        }
        ["76_pu", "76_shell_pa", "76_shell_pr", "76_shell_v", "76_su", "77_publisher_d", "77_publisher_r"]
            .iter()
            .try_for_each(|number| self.run(number))
    }

    /// What each client wrote last, as a server has it.
    fn written(&self, cluster: &Cluster) -> Result<BTreeMap<u64, u64>, Failed> {
        let sql = "SELECT client, max(number) FROM ledger GROUP BY client HAVING count(*) = max(number)";
        let number = |value: &Option<String>| value.as_deref().unwrap_or_default().parse::<u64>();
        let rows = cluster.query(&self.plan.database, sql)?;
        Ok(rows
            .iter()
            .map(|row| Ok((number(&row[0])?, number(&row[1])?)))
            .collect::<Result<_, std::num::ParseIntError>>()?)
    }
}

fn moved(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (old, new) =
        (server(servers, publisher, DATABASES[0], &[SCHEMA])?, server(servers, subscriber, DATABASES[0], &[SCHEMA])?);
    for cluster in [&old, &new] {
        cluster.query("postgres", "CREATE DATABASE \"Shop; \"\"x\"\"\"")?;
        cluster.psql(DATABASES[1], SCHEMA)?.success()?;
    }
    for database in DATABASES {
        old.psql(database, ROWS)?.success()?;
        new.query(database, "GRANT CREATE ON SCHEMA public TO PUBLIC")?;
    }
    let folder = tempfile::tempdir()?;
    let plans = planned(&old, folder.path())?;
    assert!(plans.iter().map(|plan| plan.slots.len()).sum::<usize>() <= BUDGET);
    assert_ne!(plans[0].policy.prefix, plans[1].policy.prefix);
    let kits = plans.into_iter().map(|plan| Kit::new(&old, &new, plan)).collect::<Result<Vec<_>, _>>()?;
    let both = |work: &dyn Fn(&Kit<'_>) -> Result<(), Failed>| kits.iter().try_for_each(work);
    // each while the clients of the other write
    for (kit, other) in [(&kits[0], &kits[1]), (&kits[1], &kits[0])] {
        Clients::strict(&[other.bouncers[0].conninfo()], |_| kit.bring_up())?;
        other.old.psql(&other.plan.database, crate::bank::NEW_CROWD)?.success()?;
    }
    let slots = "SELECT count(*) FROM pg_replication_slots WHERE slot_name !~ '_sync_'";
    assert!(old.value("postgres", slots)?.parse::<usize>()? <= BUDGET);
    for kit in &kits {
        let clients = Clients::strict(&[kit.bouncers[0].conninfo()], |clients| {
            let (code, said) = kit.shell("cutover.sh")?;
            assert_eq!(code, 0, "{}: {said}", kit.plan.database);
            clients.go_on()
        })?;
        let acknowledged = clients.written.lock().map_err(|_| "a client panicked")?.clone();
        assert_eq!(kit.written(&new)?, acknowledged, "{}", kit.plan.database);
    }
    both(&|kit| {
        ["thaw", "89", "90"].iter().try_for_each(|number| kit.run(number))?;
        // the clean-up leaves it to a person that the old database may be written to again
        old.run_script(&kit.plan.database, &kit.file("lib/writes_open_publisher.sql"), &[])?.success()?;
        kit.run("91")
    })?;
    for (cluster, database) in
        [&old, &new].into_iter().flat_map(|cluster| DATABASES.map(|database| (cluster, database)))
    {
        assert_eq!(cluster.value(database, LEFT)?, "0", "{database} on {}", cluster.major());
    }
    Ok(())
}

/// Both databases observed at once, and planned together.
fn planned(old: &Cluster, folder: &Path) -> Result<Vec<Plan>, Failed> {
    let (workloads, plans) = (folder.join("workloads"), folder.join("plans"));
    let mut sample = program(&["sample", &old.conninfo("postgres"), "--once", "--interval", "1s", "-q", "-o"]);
    sample.arg(&workloads);
    for database in DATABASES {
        sample.args(["--database", database]);
    }
    let mut plan = program(&[
        "plan",
        "-q",
        "--publications",
        "2",
        "--subscriber-version",
        "15",
        "--max-slots",
        &BUDGET.to_string(),
        "-o",
    ]);
    plan.arg(&plans);
    let observed = sample.output()?;
    assert_eq!(observed.status.code(), Some(0), "{}", text(&observed));
    for entry in fs::read_dir(&workloads)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "json") {
            plan.arg(path);
        }
    }
    let made = plan.output()?;
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(plans.join("manifest.json"))?)?;
    let entries = manifest["plans"].as_array().ok_or("the manifest lists the plans")?;
    let read = |entry: &serde_json::Value| -> Result<Plan, Failed> {
        let file = entry["file"].as_str().ok_or("a file")?;
        Ok(format::read(&fs::read(plans.join(file))?)?)
    };
    entries.iter().map(read).collect()
}
