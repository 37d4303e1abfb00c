//! `pgslotplan emit`: a plan into a directory of SQL files, with manifest and runbook.

use std::{collections::BTreeMap, path::PathBuf};

use pgslotplan::{
    emit::{self, Bootstrap, EmitError, EmitOptions, Kit, Privileges, Repair, Script, Target},
    finding::{self, Finding, Severity},
    format,
    plan::{self, Plan},
    workload::{self, Workload},
};

use super::{
    files::{self, ForceArg},
    findings::{self, FailOn, FindingArgs, FindingFormat},
    output::{Console, Exit, Failure, json_text},
    values::words,
};

/// Form of the list of steps on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StepFormat {
    /// For people
    Text,
    /// The manifest itself
    Json,
}

/// Write the SQL that carries out a plan
///
/// One file a step, in order; plan/ holds the plan's data, lib/ what is the same for every plan, manifest.json lists the
/// files, RUNBOOK.md explains them, run.sh runs them one by one. Nothing is run: a person reads the files and runs them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan emit plan.json -o scripts")]
pub struct EmitArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Workload that the plan was made from: every rule and figure is derived again before anything is written
    #[arg(long, value_name = "FILE")]
    workload: Option<PathBuf>,
    /// Directory to write
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// What is written
    #[arg(long, value_name = "TARGET", default_value = "sql", value_parser = words::<Target>(&["sql", "cnpg", "terraform", "ansible"]))]
    target: Target,
    /// How the data gets to the subscriber: the native initial copy, a dump of one snapshot, one snapshot in pieces, a physical clone, an Aurora clone
    #[arg(long, value_name = "HOW", default_value = "copy", value_parser = words::<Bootstrap>(&["copy", "dump", "snapshot", "clone", "aurora"]))]
    bootstrap: Bootstrap,
    /// What the roles that run the files may do: superusers, a provider's administrators, or owners of the database and its tables
    /// [default: managed where the sampled server is a provider's without superusers, else superuser]
    #[arg(long, value_name = "ROLES", value_parser = words::<Privileges>(&["superuser", "managed", "owner"]))]
    privileges: Option<Privileges>,
    /// Mark the slots so that standbys keep copies of them, with which subscriptions go on after a failover: versions 17 and later
    #[arg(long)]
    failover_slots: bool,
    /// Only what makes a part of the running migration again, while the rest goes on: slot=NAME, table=SCHEMA.NAME, each can be repeated;
    /// or rows: those that the last verification found different.
    /// With the --bootstrap of the whole migration
    #[arg(long, value_name = "PART", value_parser = repair)]
    repair: Vec<Repair>,
    /// Plan that runs on these servers now: writes the steps from it to PLAN on live slots, then those that follow as ever
    #[arg(long, value_name = "PLAN", conflicts_with = "repair")]
    running: Option<PathBuf>,
    /// Form of the list of steps on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: StepFormat,
}

/// `pgslotplan emit`
pub fn run(args: &EmitArgs, console: &Console) -> Result<Exit, Failure> {
    files::check_directory(&args.output, args.force.existing())?;
    let plan = files::read_plan(&args.plan)?;
    prove(args, &plan, console)?;
    let kit = match &args.running {
        Some(path) => {
            let running = files::read_plan(path)?;
            refuse_broken(args, path, &plan::check::check_alone(&running), console)?;
            Kit::Transition(Box::new(running))
        }
        None if args.repair.is_empty() => Kit::Whole,
        None => Kit::Repair(args.repair.clone()),
    };
    let privileges = args.privileges.unwrap_or(Privileges::of(plan.server.flavor));
    let (target, bootstrap, failover_slots) = (args.target, args.bootstrap, args.failover_slots);
    let options = EmitOptions { target, bootstrap, privileges, failover_slots, kit };
    let script = emit::script(&plan, &options).map_err(explain)?;
    files::write_directory(&args.output, args.force.existing(), &contents(&script))?;
    let refused = plan.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if refused > 0 {
        console
            .warning(&format!("the plan itself has {refused} error-level findings: read them before you run anything"));
    }
    console.result(&match args.format {
        StepFormat::Json => json_text(&format::write(&script.manifest())),
        StepFormat::Text => steps(&script),
    })?;
    console.note(&format!("wrote directory \"{}\"; read RUNBOOK.md first", args.output.display()));
    Ok(if finding::has_error(&script.findings) { Exit::No } else { Exit::Done })
}

/// Nothing is written for a plan that breaks a rule: all that can be derived from the plan alone is, and everything where the
/// workload is there.
fn prove(args: &EmitArgs, plan: &Plan, console: &Console) -> Result<(), Failure> {
    let broken = match &args.workload {
        None => plan::check::check_alone(plan),
        Some(path) => {
            let mut workload: Workload = files::read_document(path)?;
            workload.canonicalize();
            workload::check::validate(&workload).map_err(|error| files::unreadable(path, error))?;
            plan::check::check(plan, &workload)
        }
    };
    refuse_broken(args, &args.plan, &broken, console)
}

fn refuse_broken(
    args: &EmitArgs,
    path: &std::path::Path,
    broken: &[Finding],
    console: &Console,
) -> Result<(), Failure> {
    if broken.is_empty() {
        return Ok(());
    }
    let form = match args.format {
        StepFormat::Text => FindingFormat::Text,
        StepFormat::Json => FindingFormat::Json,
    };
    FindingArgs { format: form, fail_on: FailOn::Error }.print(console, broken, path)?;
    Err(Failure::new(format!("{} does not keep its own rules: no scripts were written", files::shown(path)))
        .hint("Plan again; such a plan is not written by \"pgslotplan plan\".")
        .exit(Exit::No))
}

fn contents(script: &Script) -> BTreeMap<String, Vec<u8>> {
    let mut contents: BTreeMap<String, Vec<u8>> =
        script.files().map(|(file, body)| (file.to_owned(), body.as_bytes().to_vec())).collect();
    contents.insert("manifest.json".into(), script.manifest_text());
    contents
}

/// One line a step, and what to know.
fn steps(script: &Script) -> String {
    let width = script.steps.iter().map(|step| step.file.len()).max().unwrap_or(0);
    let mut out = String::new();
    for step in &script.steps {
        let line = format!("{:width$}  {:10}  {}", step.file, step.side.as_str(), step.phase().as_str());
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if !script.findings.is_empty() {
        out.push('\n');
        out.push_str(&findings::text(&script.findings));
    }
    out
}

fn repair(text: &str) -> Result<Repair, String> {
    text.parse::<Repair>().map_err(|error| error.to_string())
}

fn explain(error: EmitError) -> Failure {
    if let EmitError::Transition(reasons) = &error {
        return Failure::new("the plan that runs cannot become this one on live slots: no scripts were written")
            .detail(reasons.join(".\n") + ".")
            .hint("Plan again with --previous and what the detail asks for, or repair the tables afterwards with --repair.")
            .exit(Exit::No);
    }
    let hint = match &error {
        EmitError::FailoverSlots { .. } => {
            "Leave out --failover-slots; docs/high-availability.md says what a failover costs then."
        }
        EmitError::Unsupported { .. } => {
            "Plan for the versions of your servers with --publisher-version and --subscriber-version."
        }
        EmitError::UnknownSlot(_) | EmitError::UnknownTable(_) => {
            "\"pgslotplan emit PLAN --format json\" and RUNBOOK.md name the slots and tables; quotes keep capitals, as in SQL."
        }
        EmitError::RepairOfLeaf { .. } | EmitError::RepairOfShard { .. } | EmitError::RepairForm => {
            "Repeat --repair for each slot and table."
        }
        EmitError::RepairTarget => "Use --target sql.",
        EmitError::Target { .. } => "Use --target sql, or plan without it.",
        _ => "Plan again: such a plan is not written by \"pgslotplan plan\".",
    };
    Failure::from(error).hint(hint)
}
