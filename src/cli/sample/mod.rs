//! `pgslotplan sample`: observes a publisher and folds what it saw into a workload.

mod args;
mod clock;
mod databases;
mod finish;
mod history;
mod log;
mod run;
mod watch;

use pgslotplan::pg::connect::SessionPurpose;

use super::{
    files,
    output::{Console, Exit, Failure, Teller},
    waiting::{interrupted, runtime},
};
pub use args::SampleArgs;
use finish::finish;
use run::Prepared;

/// `pgslotplan sample`
pub fn run(args: &SampleArgs, console: &Console) -> Result<Exit, Failure> {
    check_times(args)?;
    let runtime = runtime()?;
    if args.is_of_several() {
        let outcome = runtime.block_on(databases::run(args, console));
        runtime.shutdown_background();
        return outcome;
    }
    files::check_output(&args.output, args.existing())?;
    let teller = Teller::plain(console);
    let outcome = runtime.block_on(async {
        let (server, session) = args.publisher.connect(SessionPurpose::OBSERVE, console).await?;
        if args.history.is_wanted() {
            return history::run(args, &session, &args.output, &teller).await;
        }
        let run = Prepared::read(args, server, session, teller.clone()).await?.start(args, &args.output)?;
        let deriver = run.observe(args, interrupted()).await?;
        finish(args, &args.output, &teller, &deriver)
    });
    // A look-up of a name that hangs shall not keep the program from ending.
    runtime.shutdown_background();
    outcome
}

fn check_times(args: &SampleArgs) -> Result<(), Failure> {
    if args.bucket < 1.0 || args.bucket.fract() != 0.0 || args.bucket > f64::from(u32::MAX) {
        return Err(Failure::new("invalid --bucket: it must be a whole number of seconds, at least 1"));
    }
    if args.interval.is_some_and(|interval| interval < 1.0) {
        return Err(Failure::new("invalid --interval: it must be at least 1s")
            .hint("Servers publish their counters once a second."));
    }
    if let Some(period) = args.fold
        && period.seconds() % args.bucket != 0.0
    {
        return Err(Failure::new("invalid --bucket: buckets do not fill the period of --fold evenly"));
    }
    let shortest = args.interval.unwrap_or(1.0);
    if !args.once && args.duration < shortest {
        return Err(
            Failure::new("invalid --duration: it is shorter than one interval").hint("For one interval, use --once.")
        );
    }
    Ok(())
}
