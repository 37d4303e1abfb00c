//! Bootstraps `dump` and `clone` on real servers, under writes, with a step killed in the middle, and with transactions
//! that are open or prepared over the whole of it; every table is compared.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, Bootstrap},
    throwaway::{Cluster, Servers, as_server_account},
};

use crate::{
    bench::case,
    scripts::{self, Rows, Setup, Stage, compare, identities, roomy, traces, while_writing},
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("bootstraps::dump_12_to_15", 2, |servers| dump(servers, 12, 15)),
        case("bootstraps::dump_15_to_18", 2, |servers| dump(servers, 15, 18)),
        case("bootstraps::clone_15_to_15", 2, |servers| clone(servers, 15, 15)),
        case("bootstraps::clone_16_to_18_with_pg_upgrade", 2, |servers| clone(servers, 16, 18)),
    ]
}

fn dump(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let setup = Setup { bootstrap: Bootstrap::Dump, is_bare: true, ..Setup::story(publisher, subscriber, roomy()) };
    let mut stage = Stage::new(servers, &setup)?;
    if publisher == 12 {
        scripts::refuses_the_wrong_place(&stage)?;
    }
    stage.run_twice(&["01", "12"])?;
    let (untouched, replica_identities) = (traces(&stage)?, identities(&stage)?);
    let programs = PathBuf::from(&stage.environment["PGSLOTPLAN_BIN"]);
    while_writing(&stage, || stage.run_twice(&["10", "11", "20", "21", "22", "30", "40"]))?;
    stage.refused(&stage.subscriber, story::DATABASE, &stage.file(stage.step("60")?), "is not there yet")?;
    // killed when all rows were restored, but nobody had noted it: the next run starts over
    let folder = stage.folder.path().join("killing");
    let killed = "\"$real\" \"$@\" || exit\ncase \" $* \" in *' --data-only '*) kill -9 \"$PPID\" ;; esac";
    stand_in(&programs, &folder, "pg_restore", killed)?;
    stage.environment.insert("PGSLOTPLAN_BIN".into(), folder.to_string_lossy().into_owned());
    while_writing(&stage, || {
        let outcome = stage.shell(&stage.file(stage.step("50")?))?;
        assert!(outcome.code == -1, "the step was killed: {} {}", outcome.code, outcome.stderr);
        Ok(())
    })?;
    let rows = stage.subscriber.value(story::DATABASE, "SELECT pg_catalog.count(*) FROM public.accounts")?;
    assert_ne!(rows, "0");
    stage.environment.insert("PGSLOTPLAN_BIN".into(), programs.to_string_lossy().into_owned());
    while_writing(&stage, || {
        let outcome = stage.shell(&stage.file(stage.step("50")?))?;
        assert!(outcome.code == 0 && outcome.stderr.contains("starting over"), "{}", outcome.stderr);
        let outcome = stage.shell(&stage.file(stage.step("50")?))?;
        assert!(outcome.code == 0 && outcome.stdout.contains("there already"), "{} {}", outcome.stdout, outcome.stderr);
        stage.run_twice(&["60", "70", "71"])?;
        let outcome = stage.shell(&stage.file(stage.step("50")?))?;
        assert!(outcome.code == 3 && outcome.stderr.contains("was enabled"), "{} {}", outcome.code, outcome.stderr);
        stage.run_twice(&["72", "73", "74"])?;
        stage.publisher.psql(story::DATABASE, story::TRUNCATE)?.success()?;
        Ok(())
    })?;
    // the writers may have ended before they wrote into the emptied tables again
    stage.publisher.psql(story::DATABASE, &story::writes(1_000_000))?.success()?;
    scripts::finish(&stage, untouched, replica_identities)
}

/// A folder with the same programs, one of which is this script; it finds the real one in `$real`.
pub fn stand_in(programs: &Path, folder: &Path, name: &str, script: &str) -> Result<(), Failed> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    for entry in fs::read_dir(programs)? {
        let entry = entry?;
        if entry.file_name() != name {
            symlink(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    let program = folder.join(name);
    fs::write(&program, format!("#!/bin/sh\nreal='{}'\n{script}\n", programs.join(name).display()))?;
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

/// Programs of a version in one folder: clients from one package, pg_ctl beside the server.
pub struct Programs {
    pub old: PathBuf,
    pub new: PathBuf,
}

impl Programs {
    fn find(servers: &Servers, folder: &Path, old: u32, new: u32) -> Result<Self, Failed> {
        if old != new {
            return Ok(Programs { old: servers.tools().packaged(old)?, new: servers.tools().packaged(new)? });
        }
        let both = folder.join("programs");
        fs::create_dir(&both)?;
        let clients = servers.tools().full(old)?;
        for name in ["psql", "pg_basebackup"] {
            symlink(clients.join(name), both.join(name))?;
        }
        symlink(servers.packages().server(old)?.program("pg_ctl"), both.join("pg_ctl"))?;
        Ok(Programs { old: both.clone(), new: both })
    }
}

/// Stops what the steps started, also when a test fails.
pub struct Clone {
    pub control: PathBuf,
    pub data: PathBuf,
}

impl Clone {
    /// Ends its server as a crash would.
    pub fn crash(&self) {
        let mut command = Command::new(&self.control);
        command.arg("-D").arg(&self.data).args(["-m", "immediate", "stop"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).current_dir("/");
        as_server_account(&mut command);
        let _ = command.status(); // one that is not running is no harm
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        if self.data.exists() {
            self.crash();
        }
    }
}

/// A stage whose subscriber is yet to be made by the steps: its place, and the clone before and after the upgrade.
pub fn cloning(
    servers: &Servers,
    (publisher, subscriber): (u32, u32),
    settings: pgslotplan::throwaway::ClusterSettings,
) -> Result<(Stage, Programs, [Clone; 2]), Failed> {
    let setup = Setup { bootstrap: Bootstrap::Clone, is_bare: true, ..Setup::story(publisher, subscriber, settings) };
    let mut stage = Stage::new(servers, &setup)?;
    // the clone takes the place of the second server: its folder, its socket
    stage.subscriber.stop();
    let place = stage.subscriber.data_folder();
    for entry in fs::read_dir(&place)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    let programs = Programs::find(servers, stage.folder.path(), publisher, subscriber)?;
    let (old_data, new_data) = (place.join("clone"), place.join("new"));
    environment(&mut stage, &programs, &old_data, &new_data)?;
    let clones = [(&programs.old, old_data), (&programs.new, new_data)]
        .map(|(programs, data)| Clone { control: programs.join("pg_ctl"), data });
    Ok((stage, programs, clones))
}

fn clone(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let settings = roomy().with("max_prepared_transactions", "10");
    let (stage, _programs, _clones) = cloning(servers, (publisher, subscriber), settings)?;
    let (untouched, replica_identities) = (both(traces_of(&stage.publisher)?), both(identities_of(&stage.publisher)?));
    while_writing(&stage, || stage.run_twice(&["10", "20", "21", "30", "31"]))?;
    // over the end of the clone: one transaction open, one prepared
    let open = Open::begin(&stage.publisher, "INSERT INTO public.documents VALUES (777002, NULL, 'open', 1)")?;
    stage.publisher.query(story::DATABASE, PREPARE)?;
    while_writing(&stage, || stage.run_twice(&["32"]))?;
    refuses_the_other_server(&stage)?;
    assert_eq!(
        stage.subscriber.value("postgres", "SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts")?,
        "1"
    );
    while_writing(&stage, || stage.run_twice(&["33", "34", "35"]))?;
    assert_eq!(
        stage.subscriber.value("postgres", "SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts")?,
        "0"
    );
    stage.refused(&stage.subscriber, story::DATABASE, &stage.file(stage.step("60")?), "is not there yet")?;
    while_writing(&stage, || {
        stage.run_twice(&["36", "40", "60"])?;
        open.commit()?;
        stage.publisher.query(story::DATABASE, "COMMIT PREPARED 'over the clone'")?;
        stage.run_twice(&["70", "71", "36"])?;
        stage.publisher.psql(story::DATABASE, story::TRUNCATE)?.success()?;
        stage.run_twice(&["60", "71"])
    })?;
    for id in [777_001, 777_002] {
        let found = format!("SELECT pg_catalog.count(*) FROM public.documents WHERE id = {id}");
        assert_eq!(stage.subscriber.value(story::DATABASE, &found)?, "1", "{id}");
    }
    compare(&stage)?;
    scripts::finish(&stage, untouched, replica_identities)
}

/// Every file on the other of two servers that are the same but for one row.
fn refuses_the_other_server(stage: &Stage) -> Result<(), Failed> {
    for step in stage.script.steps.iter().filter(|step| step.file.ends_with(".sql")) {
        let (other, reasons) = if step.side == emit::StepSide::Publisher {
            (&stage.subscriber, ["this is the subscriber of the plan"; 3])
        } else {
            (&stage.publisher, ["not a clone", "this is the publisher of the plan", "this file is for a subscriber"])
        };
        let nowhere = ["publisher_dsn", "subscriber_dsn"].map(|name| (name, "host=nowhere.invalid"));
        let outcome = other.run_script(story::DATABASE, &stage.file(step), &nowhere)?;
        let is_refused = outcome.code == 3 && reasons.iter().any(|reason| outcome.stderr.contains(reason));
        assert!(is_refused, "{}: {} {}", step.file, outcome.code, outcome.stderr);
    }
    Ok(())
}

/// What the clone steps take from the environment, with two files of parameters.
fn environment(stage: &mut Stage, programs: &Programs, old: &Path, new: &Path) -> Result<(), Failed> {
    let file = stage.folder.path().join("clone.conf");
    let (socket, port) = (stage.subscriber.socket_folder(), stage.subscriber.port());
    let mut conf = format!("unix_socket_directories = '{}'\nport = {port}\n", socket.display());
    for (name, value) in roomy().parameters {
        conf.push_str(&format!("{name} = '{value}'\n"));
    }
    conf.push_str("fsync = off\nlisten_addresses = ''\nwal_level = logical\nwal_receiver_status_interval = '1s'\n");
    let mut new_conf = conf.clone();
    if stage.plan.subscriber_version.major() >= 18 {
        new_conf.push_str("max_active_replication_origins = 20\n");
    }
    fs::write(&file, conf)?;
    let new_file = stage.folder.path().join("new.conf");
    fs::write(&new_file, new_conf)?;
    for (name, path) in [
        ("PGSLOTPLAN_BIN", &programs.old),
        ("PGSLOTPLAN_OLD_BIN", &programs.old),
        ("PGSLOTPLAN_NEW_BIN", &programs.new),
        ("PGSLOTPLAN_CLONE_DATA", &old.to_owned()),
        ("PGSLOTPLAN_NEW_DATA", &new.to_owned()),
        ("PGSLOTPLAN_CLONE_CONF", &file),
        ("PGSLOTPLAN_NEW_CONF", &new_file),
        ("PGSLOTPLAN_STATE", &old.with_extension("evidence")),
    ] {
        stage.environment.insert(name.into(), path.to_string_lossy().into_owned());
    }
    Ok(())
}

pub fn traces_of(cluster: &Cluster) -> Result<Rows, Failed> {
    Ok(cluster.query(story::DATABASE, story::TRACES)?)
}

pub fn identities_of(cluster: &Cluster) -> Result<Rows, Failed> {
    Ok(cluster.query(story::DATABASE, story::IDENTITIES)?)
}

/// A clone is to end as the publisher began.
pub fn both(rows: Rows) -> Rows {
    rows.iter().chain(&rows).cloned().collect()
}

const PREPARE: &str = "BEGIN READ WRITE; INSERT INTO public.documents VALUES (777001, NULL, 'prepared', 1); PREPARE TRANSACTION 'over the clone'";

/// A transaction that stays open until it is told to commit.
pub struct Open {
    runtime: tokio::runtime::Runtime,
    client: tokio_postgres::Client,
}

impl Open {
    /// Begins one with this statement.
    pub fn begin(cluster: &Cluster, sql: &str) -> Result<Self, Failed> {
        // its connection is driven by a thread of its own while nobody waits here
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = runtime.block_on(async {
            let client = cluster.client(story::DATABASE).await?;
            client
                .batch_execute(&format!("BEGIN READ WRITE; {sql}"))
                .await
                .map_err(|error| Failed::from(format!("{error:?}")))?;
            Ok::<_, Failed>(client)
        })?;
        Ok(Open { runtime, client })
    }

    pub fn commit(&self) -> Result<(), Failed> {
        self.runtime.block_on(self.client.batch_execute("COMMIT")).map_err(|error| format!("{error:?}"))?;
        Ok(())
    }
}
