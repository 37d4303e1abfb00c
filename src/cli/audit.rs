//! `pgslotplan audit`: every rule and figure of a plan derived again, offline, by code that shares nothing with the
//! search.

use std::path::PathBuf;

use pgslotplan::{
    plan::{self, Plan},
    workload::{self, Workload},
};

use super::{
    files,
    findings::{FindingArgs, FindingFormat},
    output::{Console, Exit, Failure},
    values::read_policy,
};

/// Check a plan against its workload, offline
///
/// Derives every rule and figure again: which tables are covered, what must be together, loads, bounds, names, digests; and
/// repeats the plan's own findings. For continuous integration: no server is needed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan audit plan.json workload.json --format github\nExit code 4: something does not hold, or the plan itself has an error-level finding."
)]
pub struct AuditArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Workload that it was made from
    #[arg(value_name = "WORKLOAD")]
    workload: PathBuf,
    /// Policy file (TOML) that the plan must have been made with
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    findings: FindingArgs,
}

/// `pgslotplan audit`
pub fn run(args: &AuditArgs, console: &Console) -> Result<Exit, Failure> {
    let plan: Plan = files::read_document(&args.plan)?;
    let mut workload: Workload = files::read_document(&args.workload)?;
    workload.canonicalize();
    workload::check::validate(&workload).map_err(|error| files::unreadable(&args.workload, error))?;
    let mut findings = plan::check::check(&plan, &workload);
    if let Some(path) = &args.policy {
        findings.extend(plan::diff::from_policy(&plan, &read_policy(path)?));
    }
    let holds = findings.is_empty();
    findings.extend(plan.findings.iter().cloned());
    args.findings.print(console, &findings, &args.plan)?;
    let exit = args.findings.exit(&findings);
    if holds && args.findings.format == FindingFormat::Text {
        console.note(&format!("every rule and figure of {} holds", files::shown(&args.plan)));
    }
    Ok(exit)
}
