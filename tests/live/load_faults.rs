//! The same for the bootstraps that load before they follow: scripts that are killed while their programs live on, servers and
//! connections that go away in the middle of a dump, a restore, a base backup and an upgrade.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::Bootstrap,
    throwaway::{ScriptOutcome, Servers},
};

use crate::{
    bench::case,
    bootstraps::{Open, both, cloning, identities_of, stand_in, traces_of},
    faults::{Proxy, half_and_whole},
    scripts::{self, Setup, Stage, identities, roomy, traces, while_writing},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("faults::dump_14_to_16", 2, |servers| dump(servers, 14, 16)),
        case("faults::clone_15_to_15", 2, |servers| clone(servers, 15)),
        case("faults::upgrade_16_to_18", 2, |servers| upgrade(servers, 16, 18)),
    ]
}

/// Waits for something that takes moments.
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

/// A shell step on its way.
struct Running {
    child: Child,
    stderr: tempfile::NamedTempFile,
}

impl Running {
    fn start(stage: &Stage, number: &str) -> Result<Self, Failed> {
        let stderr = tempfile::NamedTempFile::new()?;
        let mut command = stage.shell_command(&stage.file(stage.step(number)?));
        let child = command.stdout(std::process::Stdio::null()).stderr(stderr.reopen()?).spawn()?;
        Ok(Running { child, stderr })
    }

    fn end(mut self) -> Result<ScriptOutcome, Failed> {
        let code = self.child.wait()?.code().unwrap_or(-1);
        Ok(ScriptOutcome { code, stdout: String::new(), stderr: fs::read_to_string(self.stderr.path())? })
    }
}

/// Runs a step whose stand-in kills it.
fn is_killed(stage: &Stage, number: &str) -> Result<(), Failed> {
    let outcome = Running::start(stage, number)?.end()?;
    assert_eq!(outcome.code, -1, "{}", outcome.stderr);
    Ok(())
}

/// Programs of a stage in which one at a time is a stand-in.
struct StandIns {
    variable: &'static str,
    programs: PathBuf,
    folder: PathBuf,
}

impl StandIns {
    fn of(stage: &Stage, variable: &'static str) -> Self {
        let programs = PathBuf::from(&stage.environment[variable]);
        StandIns { variable, programs, folder: stage.folder.path().join(format!("stand_ins_{variable}")) }
    }

    /// From here on `name` is this script. It may wait at `pause`, which says where it got to.
    fn put(&self, stage: &mut Stage, name: &str, script: &str) -> Result<(), Failed> {
        stand_in(&self.programs, &self.folder, name, script)?;
        stage.environment.insert(self.variable.into(), self.folder.to_string_lossy().into_owned());
        Ok(())
    }

    fn take_away(&self, stage: &mut Stage) {
        stage.environment.insert(self.variable.into(), self.programs.to_string_lossy().into_owned());
    }
}

/// A file by which a stand-in says that it is there, and one by which it may go on.
struct Pause {
    reached: PathBuf,
    go: PathBuf,
}

impl Pause {
    fn new(folder: &Path) -> Self {
        Pause { reached: folder.join("reached"), go: folder.join("go") }
    }

    fn script(&self) -> String {
        format!("touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done", self.reached.display(), self.go.display())
    }

    fn wait(&self) -> Result<(), Failed> {
        wait_for("the stand-in", || self.reached.exists())
    }

    fn end(&self) -> Result<(), Failed> {
        fs::write(&self.go, "")?;
        Ok(())
    }

    fn again(&self) {
        let _ = (fs::remove_file(&self.reached), fs::remove_file(&self.go)); // they may not be there
    }
}

fn of_snapshot(script: &str) -> String {
    format!("case \" $* \" in *' --snapshot='*) {script} ;; esac\nexec \"$real\" \"$@\"")
}

fn of_data(script: &str) -> String {
    format!("case \" $* \" in *' --data-only '*) {script} ;; esac\nexec \"$real\" \"$@\"")
}

const KILL: &str = "kill -9 \"$PPID\"";
/// A lock that somebody waits for, and sessions of the step's own programs.
const WAITING: &str = "SELECT count(*) > 0 FROM pg_catalog.pg_locks WHERE NOT granted";
const LOADING: &str =
    "SELECT count(*) > 0 FROM pg_catalog.pg_stat_activity WHERE application_name = 'pgslotplan_load_pgsp'";

fn dump(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let settings = roomy().with_tcp();
    let setup = Setup { bootstrap: Bootstrap::Dump, is_bare: true, ..Setup::story(publisher, subscriber, settings) };
    let mut stage = Stage::new(servers, &setup)?;
    let proxy = Proxy::before(&mut stage)?;
    stage.environment.insert("PGSLOTPLAN_PUBLISHER".into(), stage.publisher_dsn.clone());
    half_and_whole(&stage, "01")?;
    stage.run_twice(&["12"])?;
    let (untouched, replica_identities) = (traces(&stage)?, identities(&stage)?);
    while_writing(&stage, || {
        ["20", "21", "22", "30", "40"].iter().try_for_each(|number| half_and_whole(&stage, number))
    })?;
    faults_of_loading(&mut stage, &proxy)?;
    while_writing(&stage, || {
        half_and_whole(&stage, "60")?;
        proxy.cut();
        stage.run_twice(&["70", "71"])?;
        half_and_whole(&stage, "72")?;
        half_and_whole(&stage, "73")?;
        stage.run_twice(&["74"])
    })?;
    faults_of_following(&mut stage, &proxy)?;
    scripts::finish(&stage, untouched, replica_identities)
}

/// Step 50, stopped in each of its parts.
fn faults_of_loading(stage: &mut Stage, proxy: &Proxy) -> Result<(), Failed> {
    let stand_ins = StandIns::of(stage, "PGSLOTPLAN_BIN");
    let pause = Pause::new(stage.folder.path());
    // the script is killed; its pg_dump lives on
    stand_ins.put(stage, "pg_dump", &of_snapshot(KILL))?;
    while_writing(stage, || is_killed(stage, "50"))?;
    // the server that holds the snapshot, and the connection that does
    for fault in [true, false] {
        pause.again();
        stand_ins.put(stage, "pg_dump", &of_snapshot(&pause.script()))?;
        let running = Running::start(stage, "50")?;
        pause.wait()?;
        if fault {
            stage.publisher.crash();
            stage.publisher.start_again()?;
        } else {
            proxy.cut();
        }
        pause.end()?;
        let outcome = running.end()?;
        assert!(outcome.code > 0 && outcome.stderr.contains("starting over"), "{} {}", outcome.code, outcome.stderr);
    }
    // the subscriber, while some tables are restored and one waits
    let restoring = |stage: &mut Stage, then: &str| -> Result<(Running, Open), Failed> {
        pause.again();
        stand_ins.put(stage, "pg_restore", &of_data(&format!("{}; {then}", pause.script())))?;
        let running = Running::start(stage, "50")?;
        pause.wait()?;
        let lock = Open::begin(&stage.subscriber, "LOCK TABLE public.audit IN ACCESS EXCLUSIVE MODE")?;
        pause.end()?;
        wait_for("a waiting restore", || stage.subscriber.value("postgres", WAITING).is_ok_and(|value| value == "t"))?;
        Ok((running, lock))
    };
    let (running, lock) = restoring(stage, ":")?;
    stage.subscriber.crash();
    stage.subscriber.start_again()?;
    drop(lock);
    let outcome = running.end()?;
    assert!(outcome.code > 0, "{}", outcome.stderr);
    // the script is killed; its pg_restore lives on, and would fill the tables beside the next one
    let (running, lock) = restoring(stage, KILL)?;
    assert_eq!(running.end()?.code, -1);
    assert_eq!(stage.subscriber.value("postgres", LOADING)?, "t", "pg_restore lives on");
    stand_ins.take_away(stage);
    let running = Running::start(stage, "50")?;
    wait_for("the end of the other restore", || {
        let value = |sql: &str| stage.subscriber.value("postgres", sql).unwrap_or_default();
        value(LOADING) == "f" && value(WAITING) == "t"
    })?;
    lock.commit()?;
    let outcome = running.end()?;
    assert!(outcome.code == 0 && outcome.stderr.contains("starting over"), "{} {}", outcome.code, outcome.stderr);
    let dumps = fs::read_dir(stage.folder.path().join("dump"))?.count();
    assert_eq!(dumps, 0, "no dump is left");
    Ok(())
}

/// Both servers and the connection, once the slots are followed.
fn faults_of_following(stage: &mut Stage, proxy: &Proxy) -> Result<(), Failed> {
    stage.subscriber.crash();
    stage.subscriber.start_again()?;
    stage.publisher.crash();
    stage.publisher.start_again()?;
    while_writing(stage, || {
        proxy.cut();
        stage.run(stage.step("71")?)?;
        proxy.cut();
        stage.run(stage.step("71")?)
    })?;
    stage.run(stage.step("71")?)
}

fn clone(servers: &Servers, major: u32) -> Result<(), Failed> {
    let (mut stage, programs, [old, _new]) = cloning(servers, (major, major), roomy().with_tcp())?;
    let proxy = Proxy::before(&mut stage)?;
    stage.environment.insert("PGSLOTPLAN_PUBLISHER".into(), stage.publisher_dsn.clone());
    let (untouched, replica_identities) = (both(traces_of(&stage.publisher)?), both(identities_of(&stage.publisher)?));
    while_writing(&stage, || ["20", "21", "30", "31"].iter().try_for_each(|number| half_and_whole(&stage, number)))?;
    let stand_ins = StandIns::of(&stage, "PGSLOTPLAN_BIN");
    assert_eq!(stand_ins.programs, programs.old);
    // the script is killed; its pg_basebackup lives on and would write into the next one's folder
    stand_ins.put(&mut stage, "pg_basebackup", &format!("{KILL}\nexec \"$real\" \"$@\" --max-rate=32"))?;
    while_writing(&stage, || is_killed(&stage, "32"))?;
    // the publisher, and the connection, in the middle of the copy
    stand_ins.put(&mut stage, "pg_basebackup", "exec \"$real\" \"$@\" --max-rate=1M")?;
    let copied = old.data.join("base/1");
    for fault in [true, false] {
        let running = Running::start(&stage, "32")?;
        let begun = if fault { "ending it" } else { "starting over" };
        wait_for(begun, || {
            fs::read_to_string(running.stderr.path()).is_ok_and(|said| said.contains("\nbase backup\n"))
        })?;
        wait_for("the first files", || copied.exists())?;
        if fault {
            stage.publisher.crash();
            stage.publisher.start_again()?;
        } else {
            proxy.cut();
        }
        let outcome = running.end()?;
        assert!(outcome.code > 0 && outcome.stderr.contains(begun), "{} {}", outcome.code, outcome.stderr);
    }
    // killed when the clone was promoted, but nobody had noted where it ends
    let killed = format!("\"$real\" \"$@\" || exit\ncase \" $* \" in *' promote '*) {KILL} ;; esac");
    stand_ins.put(&mut stage, "pg_ctl", &killed)?;
    while_writing(&stage, || is_killed(&stage, "32"))?;
    stand_ins.take_away(&mut stage);
    let outcome = stage.shell(&stage.file(stage.step("32")?))?;
    assert!(outcome.code == 0 && outcome.stderr.contains("the clone ends at"), "{}", outcome.stderr);
    old.crash();
    while_writing(&stage, || stage.run_twice(&["32"]))?;
    half_and_whole(&stage, "33")?;
    // killed between its end and its new start
    let killed = format!("\"$real\" \"$@\" || exit\ncase \" $* \" in *' stop '*) {KILL} ;; esac");
    stand_ins.put(&mut stage, "pg_ctl", &killed)?;
    is_killed(&stage, "34")?;
    stand_ins.take_away(&mut stage);
    while_writing(&stage, || {
        stage.run_twice(&["34", "35", "36", "40"])?;
        half_and_whole(&stage, "60")?;
        proxy.cut();
        stage.run_twice(&["70", "71"])
    })?;
    old.crash();
    stage.publisher.crash();
    stage.publisher.start_again()?;
    while_writing(&stage, || {
        stage.run_twice(&["34", "71"])?;
        proxy.cut();
        stage.run(stage.step("71")?)
    })?;
    scripts::finish(&stage, untouched, replica_identities)
}

/// An upgrade that was stopped before it linked files is run again; after that the clone is made again, as the step says.
fn upgrade(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (mut stage, _programs, [old, new]) = cloning(servers, (publisher, subscriber), roomy())?;
    let (untouched, replica_identities) = (both(traces_of(&stage.publisher)?), both(identities_of(&stage.publisher)?));
    while_writing(&stage, || stage.run_twice(&["20", "21", "30", "31", "32", "33"]))?;
    let stand_ins = StandIns::of(&stage, "PGSLOTPLAN_NEW_BIN");
    // the step runs it in a shell of its own, below the one to be killed
    let kill = "kill -9 \"$(cut -d ' ' -f 4 \"/proc/$PPID/stat\")\" \"$PPID\"";
    stand_ins.put(&mut stage, "pg_upgrade", kill)?;
    while_writing(&stage, || is_killed(&stage, "34"))?;
    stand_ins.put(&mut stage, "pg_upgrade", &format!("\"$real\" \"$@\" || exit\n{kill}"))?;
    while_writing(&stage, || is_killed(&stage, "34"))?;
    stand_ins.take_away(&mut stage);
    let outcome = stage.shell(&stage.file(stage.step("34")?))?;
    assert!(outcome.code == 3 && outcome.stderr.contains("Neither folder can be trusted"), "{}", outcome.stderr);
    for folder in [&old.data, &new.data] {
        fs::remove_dir_all(folder)?;
    }
    fs::remove_file(PathBuf::from(format!("{}.pgslotplan", old.data.display())))?;
    while_writing(&stage, || stage.run_twice(&["32", "33", "34", "35", "36", "40", "60", "70"]))?;
    new.crash();
    while_writing(&stage, || stage.run_twice(&["34", "71"]))?;
    scripts::finish(&stage, untouched, replica_identities)
}
