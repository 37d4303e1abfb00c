//! `pgslotplan monitor rules`: alert rules and a dashboard for a plan, as files.

use std::{fs, path::PathBuf};

use pgslotplan::health::rules::{alert_rules, dashboard};

use super::super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure},
};

/// Write alert rules for Prometheus and a dashboard for Grafana
///
/// Both are over the metrics of monitor --listen, for the slots of this plan in both directions. Each alert has its remedy and a link to
/// its section of the documentation.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan monitor rules plan.json -o monitoring")]
pub struct RulesArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Directory to write alerts.yml and dashboard.json to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
}

/// `pgslotplan monitor rules`
pub fn run(args: &RulesArgs, console: &Console) -> Result<Exit, Failure> {
    let plan = files::read_plan(&args.plan)?;
    let (rules, board) = (args.output.join("alerts.yml"), args.output.join("dashboard.json"));
    fs::create_dir_all(&args.output).map_err(|error| {
        Failure::new(format!("could not create directory \"{}\"", args.output.display())).source(error)
    })?;
    // neither is written where the other may not be
    for path in [&rules, &board] {
        files::check_output(path, args.force.existing())?;
    }
    files::write_bytes(&rules, args.force.existing(), alert_rules(&plan).as_bytes())?;
    files::write_bytes(&board, args.force.existing(), format!("{:#}\n", dashboard(&plan)).as_bytes())?;
    console.note(&format!("wrote {} and {}", files::shown(&rules), files::shown(&board)));
    Ok(Exit::Done)
}
