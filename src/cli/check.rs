//! `pgslotplan check`: both servers against the plan, before anything is made.

use std::{path::PathBuf, time::Duration};

use pgslotplan::{
    emit::{self, EmitOptions, Privileges, Script},
    finding::Finding,
    health::{self, Direction, Look, State},
    inventory::{self, Accepted, Inventory},
    lsn::Lsn,
    pg::{
        connect::{Recovery, Session, SessionPurpose},
        error::{ErrorClass, PgError},
        health::{self as pg_health, Depth},
        inventory::read_inventory,
        preflight::{PreflightScope, parse, read_side},
        standby::read_standby,
    },
    plan::{Bootstrap, Plan, copy::COPY_BYTES_PER_S},
    preflight::{self, Circumstances, ObservedSide, facts::Parsed, standbys::Standby},
    units,
};

use super::{
    connection::{PairArgs, Server, server_failure},
    files,
    findings::{FindingArgs, FindingFormat},
    output::{Console, Exit, Failure},
    values::words,
};

/// Check both servers against a plan
///
/// Reads settings, catalogs and activity of the publisher and the subscriber, changes nothing, and says what would keep
/// the plan from working, with the statement or parameter that mends it. Needs CONNECT and pg_monitor; what they do not
/// show is said. One server alone is checked too.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan check plan.json --publisher 'host=db1 dbname=shop' --subscriber 'host=db2 dbname=shop'\n\
                  Exit code 4: a finding at or above --fail-on. Codes: docs/findings.md."
)]
pub struct CheckArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Refuse a plan with another digest than this one, which the steps of a plan know it by
    #[arg(long, value_name = "DIGEST")]
    plan_sha256: Option<String>,
    /// How the data gets to the subscriber
    #[arg(long, value_name = "HOW", default_value = "copy", value_parser = words::<Bootstrap>(&["copy", "dump", "snapshot", "clone", "aurora"]))]
    bootstrap: Bootstrap,
    /// What the roles that run the files are to do, as for emit
    /// [default: managed where the sampled server is a provider's without superusers, else superuser]
    #[arg(long, value_name = "ROLES", value_parser = words::<Privileges>(&["superuser", "managed", "owner"]))]
    privileges: Option<Privileges>,
    /// The slots are to outlive a failover of the publisher, as with emit --failover-slots: every host of --publisher is asked
    #[arg(long)]
    failover_slots: bool,
    /// Role in publisher_dsn, whose rights are judged [default: the one of --publisher]
    #[arg(long, value_name = "NAME")]
    replication_role: Option<String>,
    /// Role that runs the scripts, where it is neither a superuser nor the one of this connection: the schema of their notes
    /// may be its own
    #[arg(long, value_name = "NAME", env = "PGSLOTPLAN_STATE_OWNER")]
    state_owner: Option<String>,
    /// What one table copy moves, as in `80MB/s` [default: 50MB/s, down to 20MB/s where care is wanted]
    #[arg(long, value_name = "RATE", value_parser = units::parse_bytes_per_s)]
    copy_rate: Option<u64>,
    /// Free space where the publisher keeps its WAL, as in `500GB`
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes)]
    wal_free: Option<u64>,
    /// Processor cores of the publisher
    #[arg(long, value_name = "N")]
    cores: Option<u32>,
    /// LSN to which a clone was recovered, with --bootstrap clone or aurora
    #[arg(long, value_name = "LSN")]
    clone_lsn: Option<Lsn>,
    /// Differences between both databases that are wanted, one a line: kind, identity and fact as a finding's hint spells them
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,
    /// Leave out what the databases hold beside the planned tables: roles, settings, functions, views, privileges and the rest
    #[arg(long)]
    no_inventory: bool,
    #[command(flatten)]
    findings: FindingArgs,
    #[command(flatten)]
    servers: PairArgs,
}

/// A standby is read too: that it is one is a finding.
const PURPOSE: SessionPurpose = SessionPurpose { recovery: Recovery::Accept, ..SessionPurpose::OBSERVE };

/// A worker that fails is started again after wal_retrieve_retry_interval, 5 s as a rule.
const MORE_LOOKS: usize = 6;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// `pgslotplan check`
pub fn run(args: &CheckArgs, console: &Console) -> Result<Exit, Failure> {
    if args.copy_rate == Some(0) {
        return Err(Failure::new("invalid --copy-rate: it must be above 0"));
    }
    let plan = files::read_plan(&args.plan)?;
    if args.plan_sha256.as_deref().is_some_and(|wanted| wanted != plan.plan_sha256.to_string()) {
        return Err(Failure::new(format!(
            "\"{}\" is not the plan that is meant: its digest differs",
            args.plan.display()
        ))
        .hint("For a step of emitted files: PGSLOTPLAN_PLAN names the plan from which they were made."));
    }
    let accepted = accepted(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start the runtime").source(error))?;
    let looked = runtime.block_on(look(args, &plan, console))?;
    let circumstances = Circumstances {
        bootstrap: args.bootstrap,
        privileges: privileges(args, &plan),
        copy_bytes_per_s: args.copy_rate.map_or(COPY_BYTES_PER_S, |rate| rate as f64),
        free_wal_bytes: args.wal_free,
        publisher_cores: args.cores,
        local_publisher_address: looked.local_publisher_address,
        clone_lsn: args.clone_lsn,
        failover_slots: args.failover_slots,
        standbys: looked.standbys,
        list_limit: match args.findings.format {
            FindingFormat::Text => Circumstances::default().list_limit,
            _ => usize::MAX,
        },
    };
    let mut findings =
        preflight::preflight(&plan, looked.publisher.as_ref(), looked.subscriber.as_ref(), &circumstances);
    findings.extend(states(&plan, &looked.looks));
    findings.extend(
        looked.inventories.map(|both| compare(&plan, both, &accepted, circumstances.privileges)).unwrap_or_default(),
    );
    args.findings.print(console, &findings, &args.plan)?;
    Ok(args.findings.exit(&findings))
}

fn privileges(args: &CheckArgs, plan: &Plan) -> Privileges {
    args.privileges.unwrap_or(Privileges::of(plan.server.flavor))
}

/// What was read of both servers.
struct Looked {
    publisher: Option<ObservedSide>,
    subscriber: Option<ObservedSide>,
    local_publisher_address: Option<String>,
    /// The publisher's other hosts.
    standbys: Vec<Standby>,
    /// Slots and subscriptions, the newest look last; none before the subscriptions are there.
    looks: Vec<Look>,
    /// Both sides, where both were given and asked.
    inventories: Option<(Inventory, Inventory)>,
}

/// The differences that somebody has accepted.
fn accepted(args: &CheckArgs) -> Result<Accepted, Failure> {
    let Some(path) = &args.accept else { return Ok(Accepted::default()) };
    let text = files::read_text(path)?;
    Accepted::parse(&text).map_err(|error| Failure::new(format!("invalid file \"{}\"", path.display())).source(error))
}

/// How the slots of a migration that runs are doing. Lost slots are said by the preflight.
fn states(plan: &Plan, looks: &[Look]) -> Vec<Finding> {
    let looks: Vec<&Look> = looks.iter().collect();
    let mut slots = health::assess(plan, &looks, Direction::Forward);
    slots.retain(|slot| slot.state != State::Lost);
    health::findings(&slots)
}

/// Looks at slots and subscriptions twice, and more often while a worker does not run, since one that fails is started again and again.
async fn look_at_slots(plan: &Plan, publisher: &Session, subscriber: &Session) -> Result<Vec<Look>, PgError> {
    let mut looks = vec![pg_health::look(publisher, subscriber, Depth::Slots).await?];
    if !looks[0].is_running(plan) {
        return Ok(Vec::new());
    }
    for _ in 0..MORE_LOOKS {
        // errors are seen only when they become more
        if looks.len() > 1 && looks.iter().all(|look| look.is_calm(plan)) {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        looks.push(pg_health::look(publisher, subscriber, Depth::Slots).await?);
    }
    Ok(looks)
}

/// What differs between both databases beside what the plan makes.
fn compare(
    plan: &Plan,
    (mut publisher, mut subscriber): (Inventory, Inventory),
    accepted: &Accepted,
    privileges: Privileges,
) -> Vec<Finding> {
    for side in [&mut publisher, &mut subscriber] {
        side.leave_out_planned(plan);
        if !privileges.is_superuser() {
            side.leave_out_owner_of_public();
        }
    }
    inventory::compare(&publisher, &subscriber, accepted)
}

async fn look(args: &CheckArgs, plan: &Plan, console: &Console) -> Result<Looked, Failure> {
    use pgslotplan::pg::settings::ConnectionSide as Which;
    // One after the other, since both may ask for a password.
    let publisher = args.servers.connect(Which::Publisher, PURPOSE, console).await?;
    let subscriber = match args.servers.connect(Which::Subscriber, PURPOSE, console).await {
        // its connection string may be there before it is
        Err(failure)
            if args.bootstrap.is_physical() && publisher.is_some() && failure.exit_code() == Exit::Connection =>
        {
            console.warning(&format!("the subscriber is not there, as before its clone is made: {failure}"));
            None
        }
        other => other?,
    };
    if publisher.is_none() && subscriber.is_none() {
        return Err(Failure::new("no server given").hint(
            "Name at least one: --publisher CONNINFO and --subscriber CONNINFO, or PGSLOTPLAN_PUBLISHER and PGSLOTPLAN_SUBSCRIBER.",
        ));
    }
    let standbys = match &publisher {
        Some((server, _)) if args.failover_slots && plan.publisher_version.has_failover_slots() => {
            standbys(server).await
        }
        _ => Vec::new(),
    };
    let script = script(args, plan);
    let publisher_scope = PreflightScope {
        plan,
        role: args.replication_role.as_deref(),
        state_owner: args.state_owner.as_deref(),
        looks_for_rows: false,
    };
    let subscriber_scope =
        PreflightScope { role: None, looks_for_rows: !args.bootstrap.is_physical(), ..publisher_scope };
    let (publisher_side, subscriber_side) = tokio::join!(
        read(publisher.as_ref().map(|(_, session)| session), publisher_scope, emit::StepSide::Publisher, &script),
        read(subscriber.as_ref().map(|(_, session)| session), subscriber_scope, emit::StepSide::Subscriber, &script),
    );
    let looks = match (&publisher, &subscriber) {
        (Some((_, from)), Some((_, to))) => look_at_slots(plan, from, to).await.map_err(server_failure)?,
        _ => Vec::new(),
    };
    let inventories = match (&publisher, &subscriber) {
        (Some((_, from)), Some((_, to))) if !args.no_inventory => {
            Some(tokio::try_join!(read_inventory(from), read_inventory(to)).map_err(server_failure)?)
        }
        _ => None,
    };
    Ok(Looked {
        looks,
        standbys,
        inventories,
        publisher: publisher_side.map_err(server_failure)?,
        subscriber: subscriber_side.map_err(server_failure)?,
        local_publisher_address: publisher.and_then(|(server, _)| server.local_address()),
    })
}

/// What the publisher's hosts that are standbys say.
async fn standbys(server: &Server) -> Vec<Standby> {
    let mut found = Vec::new();
    for (host, session) in server.open_each().await {
        let told = match session {
            Ok(session) => read_standby(&session).await,
            Err(error) => Err(error),
        };
        if let Some(told) = told.map_err(|error| error.to_string()).transpose() {
            found.push(Standby { host, told });
        }
    }
    found
}

/// The scripts of the plan, or why there are none.
fn script(args: &CheckArgs, plan: &Plan) -> Result<Script, Parsed> {
    let (bootstrap, privileges, failover_slots) = (args.bootstrap, privileges(args, plan), args.failover_slots);
    let options = EmitOptions { bootstrap, privileges, failover_slots, ..EmitOptions::default() };
    emit::script(plan, &options).map_err(|error| Parsed::NotEmitted(error.to_string()))
}

async fn read(
    session: Option<&Session>,
    scope: PreflightScope<'_>,
    side: emit::StepSide,
    script: &Result<Script, Parsed>,
) -> Result<Option<ObservedSide>, PgError> {
    let Some(session) = session else { return Ok(None) };
    let facts = read_side(session, scope).await?;
    let parsed = match script {
        Ok(script) => parse_statements(session, side, script).await?,
        Err(reason) => reason.clone(),
    };
    Ok(Some(ObservedSide { facts, parsed }))
}

/// Lets a server parse the statements that are generated for it, without running them: a block of PL/pgSQL is parsed as a
/// whole, and this one returns first.
async fn parse_statements(session: &Session, side: emit::StepSide, script: &Script) -> Result<Parsed, PgError> {
    let (mut refused, mut count) = (Vec::new(), 0);
    for (_, statement) in script.statements.iter().filter(|(of, _)| *of == side) {
        count += 1;
        match parse(session, &emit::do_block(&format!("BEGIN\nRETURN;\n{statement}\nEND"))).await {
            Ok(None) => {}
            Ok(Some(words)) => refused.push((first_line(statement), words)),
            Err(error) if error.class() == ErrorClass::StatementRefused => {
                return Ok(Parsed::NotTried(error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(if refused.is_empty() { Parsed::All(count) } else { Parsed::Refused(refused) })
}

/// What a statement is recognized by.
fn first_line(statement: &str) -> String {
    statement.lines().next().unwrap_or_default().to_owned()
}
