//! `baseline explain`: plans of the heaviest statements on the new server, beside those of the old one.

use std::path::PathBuf;

use pgslotplan::{
    baseline::{
        Baseline, BaselineServer,
        explain::{MOST_PLANS, StatementPlans, explain, heaviest},
        text::Plannable,
    },
    format,
    names::one_line,
    pg::{explain as pg_explain, facts::read_facts},
};

use super::{
    super::{
        connection::{connect_subscriber, server_failure},
        files::{self, ForceArg},
        findings::FailOn,
        output::{Console, Exit, Failure, json_text},
        waiting::runtime,
    },
    compare::ComparisonFormat,
    plans_text,
};

/// See the plans of the heaviest statements on the new server
///
/// Has the statements that took most time planned on the new server, with parameters in place of their values, and sets the plans
/// beside those of the old server (--beside), or of a file that an earlier explain on it wrote (--plans). Nothing is carried out. But
/// planning runs functions that may be anybody's: it wants a login like the application's, and refuses superusers, members of pg_
/// roles, and who may create roles, replicate or pass by row-level security.
#[derive(clap::Args)]
#[command(after_help = "Example: pgslotplan baseline explain before.json --on 'host=db2 dbname=shop user=app' \
                        --beside 'host=db1 dbname=shop user=app'\n\
                        Exit code 4: a plan is worse, or statistics or indexes are missing, at or above --fail-on.")]
pub struct ExplainArgs {
    /// File of `baseline take` on the old server
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Server to plan on: connection string or URI; `PG*` variables do not count
    #[arg(long, value_name = "CONNINFO")]
    on: String,
    /// Old server, whose plans are set beside
    #[arg(long, value_name = "CONNINFO", conflicts_with = "plans")]
    beside: Option<String>,
    /// File that an earlier explain on the old server wrote with -o
    #[arg(long, value_name = "FILE")]
    plans: Option<PathBuf>,
    /// Command whose output is the password for --on, run at every connect
    #[arg(long, value_name = "COMMAND")]
    on_password_command: Option<String>,
    /// Command whose output is the password for --beside, run at every connect
    #[arg(long, value_name = "COMMAND", requires = "beside")]
    beside_password_command: Option<String>,
    /// How many statements
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=MOST_PLANS as u64))]
    statements: u64,
    /// File to write the plans of --on to
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
    /// Form of the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ComparisonFormat,
    /// Severity from which on the exit code is 4
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
}

impl std::fmt::Debug for ExplainArgs {
    /// A connection string may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExplainArgs").finish_non_exhaustive()
    }
}

/// `pgslotplan baseline explain`
pub fn run(args: &ExplainArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(output) = &args.output {
        files::check_output(output, args.force.existing())?;
        if files::is_standard(output) {
            return Err(Failure::new("the plans cannot go to standard output: the result goes there")
                .hint("Give -o the name of a file, or use --format json alone."));
        }
    }
    let baseline: Baseline = files::read_document(&args.file)?;
    let earlier: Option<StatementPlans> = args.plans.as_deref().map(files::read_document).transpose()?;
    let count = usize::try_from(args.statements).unwrap_or(MOST_PLANS);
    let (statements, others) = heaviest(&baseline, count);
    if statements.is_empty() {
        return Err(Failure::new(format!("{} has no statement that can be planned", files::shown(&args.file)))
            .hint("Take a baseline where pg_stat_statements is installed and the role may read it."));
    }
    let (new, beside) = runtime()?.block_on(async {
        let new = plan(&args.on, args.on_password_command.as_deref(), &statements, console).await?;
        let beside = match &args.beside {
            Some(beside) => Some(plan(beside, args.beside_password_command.as_deref(), &statements, console).await?),
            None => None,
        };
        Ok::<_, Failure>((new, beside))
    })?;
    if new.database != baseline.database {
        console.warning(&format!(
            "the file is of database \"{}\", and the plans are of \"{}\"",
            one_line(&baseline.database),
            one_line(&new.database)
        ));
    }
    if let Some(output) = &args.output {
        files::write(output, args.force.existing(), |out| format::write_lines(&new, out))?;
        console.note(&format!("wrote {}", files::shown(output)));
    }
    let old = beside.or(earlier);
    let explanation = explain(&baseline, old.as_ref(), &new, &others);
    console.result(&match args.format {
        ComparisonFormat::Text => plans_text::text(&explanation),
        ComparisonFormat::Markdown => plans_text::markdown(&explanation),
        ComparisonFormat::Json => json_text(&format::write(&explanation)),
    })?;
    Ok(args.fail_on.exit(&explanation.findings))
}

async fn plan(
    conninfo: &str,
    password_command: Option<&str>,
    statements: &[(String, Plannable)],
    console: &Console,
) -> Result<StatementPlans, Failure> {
    let (_, session) = connect_subscriber(conninfo, password_command, pg_explain::PLAN, console).await?;
    let reasons = pg_explain::more_than_ordinary(&session).await.map_err(server_failure)?;
    if !reasons.is_empty() {
        return Err(Failure::new("this login may do more than the application's own")
            .detail(format!("{}: it {}.", session.server, reasons.join("; it ")))
            .hint("Planning runs functions that may be anybody's. Give the login that the application uses, or one with its rights."));
    }
    let facts = read_facts(&session).await.map_err(server_failure)?;
    let server =
        BaselineServer { version_num: facts.facts.version_num, system_identifier: facts.facts.system_identifier };
    pg_explain::plan(&session, server, facts.database, statements).await.map_err(server_failure)
}
