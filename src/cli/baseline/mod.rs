//! `pgslotplan baseline`: what the database did before and after an upgrade.

mod compare;
mod explain;
mod plans_text;
mod take;
mod text;

use super::output::{Console, Exit, Failure};

/// See what the database did before an upgrade and after it
///
/// `take` writes down what the database does: transactions, cache, I/O, waits, vacuum, replicas, and each statement of
/// pg_stat_statements, without literals. `compare` says what became worse by more than noise, and why it may be. `explain` shows the
/// plans of the heaviest statements on the new server, before anyone uses it, beside those of the old one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan baseline take 'host=db1 dbname=shop user=monitor' -o before.json\n\
                        then, on the new server: pgslotplan baseline take 'host=db2 dbname=shop user=monitor' -o after.json\n\
                        and: pgslotplan baseline compare before.json after.json")]
pub struct BaselineArgs {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, clap::Subcommand)]
enum BaselineCommand {
    Take(Box<take::TakeArgs>),
    Compare(compare::CompareArgs),
    Explain(Box<explain::ExplainArgs>),
}

/// `pgslotplan baseline`
pub fn run(args: &BaselineArgs, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        BaselineCommand::Take(args) => take::run(args, console),
        BaselineCommand::Compare(args) => compare::run(args, console),
        BaselineCommand::Explain(args) => explain::run(args, console),
    }
}
