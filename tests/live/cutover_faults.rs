//! What dies in the middle of the cutover and of the ways back: scripts, with and without what they started, PgBouncers,
//! servers. Another run, or abort.sh, ends in a consistent state; the clients' ledger says so.

use std::{os::unix::process::CommandExt, process::Stdio, thread, time::Duration};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{
    bank::{Clients, NEW_CROWD, Stage},
    bench::case,
    pair::told,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("cutover_faults::killed_in_each_part_it_can_be_aborted_or_run_again", 2, kills),
        case("cutover_faults::abort_and_rollback_that_are_killed_come_to_their_end", 2, ways_back),
        case("cutover_faults::servers_and_pgbouncers_that_die_lose_nothing", 2, crashes),
        case("cutover_faults::two_hundred_random_kills_lose_nothing", 2, at_random),
    ]
}

const OLD: &str = "old server: stop writes, drain, read";
const NEW: &str = "new server: compare, stop forward, way back";

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// SIGKILL to the script and everything that it started.
fn everything(_: &mut Stage, group: Pid) -> Result<(), Failed> {
    Ok(kill_process_group(group, Signal::KILL)?)
}

/// SIGKILL to the shell alone: what it started goes on.
fn only_the_shell(_: &mut Stage, group: Pid) -> Result<(), Failed> {
    Ok(kill_process(group, Signal::KILL)?)
}

fn kills(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 15, 18)?;
    let conninfos = stage.conninfos();
    let clients = Clients::strict(&conninfos, |clients| {
        let moments = [
            ("pause", 0),
            (OLD, 0),
            (OLD, 40),
            (OLD, 80),
            (NEW, 0),
            (NEW, 50),
            (NEW, 100),
            ("switch", 0),
            ("switch", 40),
        ];
        for (number, (part, later)) in moments.into_iter().enumerate() {
            let blow = if number % 2 == 0 { everything } else { only_the_shell };
            stage.strike("cutover.sh", part, ms(later), blow)?;
            stage
                .shell("abort.sh", 0)
                .and_then(|said| {
                    clients.go_on().map_err(|error| format!("{}\n{said}", error.message().unwrap_or_default()).into())
                })
                .map_err(|error| {
                    format!("killed {later} ms after the begin of {part}: {}", error.message().unwrap_or_default())
                })?;
        }
        // an operator's Ctrl-C aborts by itself
        stage.strike("cutover.sh", NEW, ms(0), |_, group| Ok(kill_process_group(group, Signal::INT)?))?;
        clients.go_on()?;
        let (code, _, said) = told(stage.pair.shell("abort.sh").output()?);
        match code {
            0 => {}
            // it came when the new server was open, and one goes on from there
            4 if said.contains("the new server was opened") => {
                stage.pair.run_all(&["86", "87"])?;
                return clients.go_on();
            }
            _ => return Err(format!("{code}: {said}").into()),
        }
        // three kills without a way back in between: each run goes on where the one before was
        for part in [OLD, NEW, "open"] {
            stage.strike("cutover.sh", part, ms(10), everything)?;
        }
        let (code, _, said) = told(stage.pair.shell("abort.sh").output()?);
        match code {
            0 => drop(stage.shell("cutover.sh", 0)?), // killed before the new server was noted as open
            4 => stage.pair.run_all(&["86", "87"])?,
            _ => return Err(said.into()),
        }
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}

fn ways_back(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 13, 15)?;
    let conninfos = stage.conninfos();
    let clients = Clients::strict(&conninfos, |clients| {
        let parts =
            ["abort: old target", "abort: open writes", "abort: resume", "abort: foreign keys", "abort: new server"];
        for (number, part) in parts.into_iter().enumerate() {
            // so late that the PgBouncers lead to the new server, if not that late that it is open
            stage.pair.run_all(&[
                "77_publisher_r",
                "78_pg",
                "78_pu",
                "78_sh",
                "80",
                "81",
                "82",
                "83_su",
                "84",
                "85",
            ])?;
            let blow = if number % 2 == 0 { everything } else { only_the_shell };
            stage.strike("abort.sh", part, ms(10), blow)?;
            stage.shell("abort.sh", 0)?;
            clients.go_on()?;
        }
        stage.shell("cutover.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)?;
    stage.pair.execute(&stage.pair.subscriber, NEW_CROWD)?;
    let clients = Clients::strict(&conninfos, |clients| {
        let before = ["reverse", "pause", "stop writes on the new server, drain the reverse slots", "sequences"];
        for (number, part) in before.into_iter().enumerate() {
            let blow = if number % 2 == 0 { everything } else { only_the_shell };
            stage.strike("rollback.sh", part, ms(15), blow)?;
        }
        // nothing was written to the old server yet: one may as well stay
        stage.pair.run_all(&["86"])?;
        clients.go_on()?;
        for part in ["open the old server", "switch", "resume", "foreign keys"] {
            stage.strike("rollback.sh", part, ms(15), everything)?;
        }
        stage.shell("rollback.sh", 0)?;
        clients.go_on()?;
        assert!(stage.shell("86_pgbouncer_resume.sh", 4)?.contains("a rollback has opened the old server"));
        clients.go_on()
    })?;
    stage.settle(&stage.pair.publisher, &clients)
}

/// What dies, in which part, how many ms after its begin.
type Death = (&'static str, u64, fn(&mut Stage) -> Result<(), Failed>);

const DEATHS: [Death; 7] = [
    ("pause", 0, |stage| {
        stage.bouncers[1].crash();
        Ok(())
    }),
    (OLD, 30, |stage| {
        stage.pair.publisher.crash();
        Ok(())
    }),
    (OLD, 10, |stage| {
        // as a supervisor does it: not paused any more, and it leads to the old server
        stage.bouncers[0].crash();
        stage.bouncers[0].start_again()
    }),
    (NEW, 40, |stage| {
        stage.pair.subscriber.crash();
        Ok(())
    }),
    ("switch", 10, |stage| {
        stage.pair.publisher.crash();
        Ok(())
    }),
    ("switch", 20, |stage| {
        stage.bouncers[0].crash();
        stage.bouncers[0].start_again()
    }),
    ("open", 0, |stage| {
        stage.pair.subscriber.crash();
        Ok(())
    }),
];

fn crashes(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 15, 15)?;
    let conninfos = stage.conninfos();
    let mut is_new = false;
    let clients = Clients::forgiving(&conninfos, |clients| {
        for (part, later, die) in DEATHS {
            if is_new {
                break; // it died too late to matter
            }
            stage.pair.run_all(&["71"])?; // the apply workers are back from the death before
            stage.strike("cutover.sh", part, ms(later), |stage, _| die(stage))?;
            stage.pair.publisher.start_again()?;
            stage.pair.subscriber.start_again()?;
            stage.bouncers.iter_mut().try_for_each(crate::bouncer::Bouncer::start_again)?;
            let (code, out, errors) = told(stage.pair.shell("abort.sh").output()?);
            match code {
                0 => {}
                4 => {
                    stage.pair.run_all(&["86", "87"])?;
                    is_new = true;
                }
                _ => return Err(format!("{part}: {code}: {out}{errors}\n{}", stage.pair.state("evidence.tsv")).into()),
            }
            clients.go_on().map_err(|error| {
                format!(
                    "death in {part}: {}\n{out}{errors}\n{}",
                    error.message().unwrap_or_default(),
                    stage.pair.state("evidence.tsv")
                )
            })?;
        }
        if !is_new {
            stage.shell("cutover.sh", 0)?;
        }
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)
}

/// Numbers that look like chance and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Runs a script, and kills something at some moment of it: the script, its shell, a PgBouncer, a server. Then all that is dead comes back.
fn killed(stage: &mut Stage, file: &str, dice: &mut Dice) -> Result<(), Failed> {
    let mut command = stage.pair.shell(file);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
    thread::sleep(ms(dice.below(4000)));
    let group = Pid::from_raw(child.id() as i32).ok_or("a pid")?;
    let is_over = child.try_wait()?.is_some();
    match dice.below(6) {
        0 | 1 if !is_over => everything(stage, group)?,
        2 if !is_over => only_the_shell(stage, group)?,
        3 => stage.bouncers[dice.below(2) as usize].crash(),
        4 => stage.pair.publisher.crash(),
        _ => stage.pair.subscriber.crash(),
    }
    child.wait()?;
    stage.pair.publisher.start_again()?;
    stage.pair.subscriber.start_again()?;
    stage.bouncers.iter_mut().try_for_each(crate::bouncer::Bouncer::start_again)
}

/// Cutover, abort and rollback, each killed at random, and after it what "The night" of RUNBOOK.md says. PGSLOTPLAN_KILLS: how many.
fn at_random(servers: &Servers) -> Result<(), Failed> {
    let wanted: u32 = std::env::var("PGSLOTPLAN_KILLS").ok().map_or(Ok(200), |count| count.parse())?;
    let mut stage = Stage::new(servers, 15, 15)?;
    let conninfos = stage.conninfos();
    let (mut dice, mut kills, mut nights, mut slowest) = (Dice(20_261_201), 0, 0, 0);
    while kills < wanted {
        nights += 1;
        let clients = Clients::forgiving(&conninfos, |clients| {
            loop {
                stage.pair.run_all(&["71"])?;
                killed(&mut stage, "cutover.sh", &mut dice)?;
                kills += 1;
                if dice.below(3) == 0 {
                    killed(&mut stage, "abort.sh", &mut dice)?;
                    kills += 1;
                }
                let (code, out, errors) = told(stage.pair.shell("abort.sh").output()?);
                match code {
                    0 if kills >= wanted => drop(stage.shell("cutover.sh", 0)?),
                    0 => {
                        clients.go_on()?;
                        continue;
                    }
                    4 => stage.pair.run_all(&["86", "87"])?,
                    _ => {
                        return Err(
                            format!("abort: {code}: {out}{errors}\n{}", stage.pair.state("evidence.tsv")).into()
                        );
                    }
                }
                return clients.go_on();
            }
        })?;
        stage.settle(&stage.pair.subscriber, &clients)?;
        slowest = slowest.max(clients.slowest());
        stage.pair.execute(&stage.pair.subscriber, NEW_CROWD)?;
        let clients = Clients::forgiving(&conninfos, |clients| {
            killed(&mut stage, "rollback.sh", &mut dice)?;
            kills += 1;
            stage.shell("rollback.sh", 0)?;
            clients.go_on()
        })?;
        stage.settle(&stage.pair.publisher, &clients)?;
        slowest = slowest.max(clients.slowest());
        stage.pair.execute(&stage.pair.publisher, NEW_CROWD)?;
        stage.pair.run_all(&["again"])?;
        stage.bring_up()?;
    }
    println!("{kills} kills in {nights} nights; the longest wait of a client {slowest} ms");
    Ok(())
}
