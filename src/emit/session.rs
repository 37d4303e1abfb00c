//! What every SQL file begins with: its head, the session's settings, and the guard that refuses the wrong server.
//!
//! Files connect to nothing: psql is started with `-d`, so that connection strings of any form work and no file can
//! send half of itself to one server and half to another.

use std::fmt::Write as _;

use super::{
    Context,
    ddl::{Value, do_block, only_if, raise_if_any, values},
    script::{Side, Step},
};
use crate::names::{one_line, quote_literal};
pub use crate::plan::STATE_SCHEMA;

/// How a step is run, for its head and the runbook.
pub fn command(step: &Step) -> String {
    let dsn = match step.side {
        Side::Publisher => "PGSLOTPLAN_PUBLISHER",
        Side::Subscriber => "PGSLOTPLAN_SUBSCRIBER",
        Side::Pgbouncer | Side::Shell => return shell_command(&step.file),
    };
    let mut command = format!("psql -X -v ON_ERROR_STOP=1 -d \"${dsn}\"");
    for variable in step.variables.iter().filter(|variable| variable.required) {
        let _ = write!(command, " -v {}=\"${}\"", variable.name, environment_of(&variable.name));
    }
    let _ = write!(command, " -f {}", step.file);
    command
}

/// What runs a file that is not for psql.
fn shell_command(file: &str) -> String {
    if let Some(folder) = file.strip_suffix("/main.tf.json") {
        format!("terraform -chdir={folder} init && terraform -chdir={folder} apply")
    } else if file.ends_with(".yaml") {
        format!("kubectl apply -f {file}")
    } else if file.ends_with(".yml") {
        format!("ansible-playbook -i inventory {file}")
    } else {
        format!("sh {file}")
    }
}

/// The environment variable that stands in for a psql variable.
fn environment_of(variable: &str) -> String {
    match variable {
        "publisher_dsn" => "PGSLOTPLAN_PUBLISHER".into(),
        other => other.to_uppercase(),
    }
}

/// The settings alone.
pub fn settings() -> &'static str {
    SETTINGS
}

/// Settings and guard of a side, for psql calls of shell steps.
pub fn preamble(context: &Context<'_>, side: Side) -> String {
    let guard = if side == Side::Publisher { publisher_guard(context) } else { subscriber_guard(context) };
    format!("\\set ON_ERROR_STOP on\n\\set QUIET on\n\\pset pager off\n{SETTINGS}\n{guard}\n")
}

/// The whole file: head, settings, guard, variables, statements.
pub fn file(context: &Context<'_>, step: &Step, statements: &str) -> String {
    let guard = match step.side {
        Side::Publisher => publisher_guard(context),
        Side::Subscriber => subscriber_guard(context),
        Side::Shell => return super::shell::file(context, step, statements),
        Side::Pgbouncer => return statements.to_owned(),
    };
    guarded(context, step, guard, statements)
}

/// A file for a clone that is not adopted yet: it has the publisher's version, and its identity too.
pub fn clone_file(context: &Context<'_>, step: &Step, statements: &str) -> String {
    guarded(context, step, clone_guard(context), statements)
}

fn guarded(context: &Context<'_>, step: &Step, guard: String, statements: &str) -> String {
    let parts = [head(context, step), variables(step), SETTINGS.to_owned(), guard, statements.to_owned()];
    let mut text =
        parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

/// What a file says of itself, as comment lines.
pub fn head(context: &Context<'_>, step: &Step) -> String {
    let mut head = String::new();
    let mut line = |text: &str| {
        let _ = writeln!(head, "-- {}", one_line(text));
    };
    line(&format!("{}: {}", step.file, step.what));
    line(&format!(
        "phase {}, on the {}, for plan {}",
        step.phase.as_str(),
        step.side.as_str(),
        context.plan.plan_sha256
    ));
    line(&format!("Run: {}", command(step)));
    for variable in &step.variables {
        let need = if variable.required { "needed" } else { "optional" };
        line(&format!("Variable {} ({need}): {}", variable.name, variable.meaning));
    }
    if let Some(hazard) = &step.hazard {
        line(&format!("Hazard: {hazard}"));
    }
    if let Some(undo) = &step.undo {
        line(&format!("Undo: {undo}"));
    }
    head
}

/// A missing variable is an SQL error: psql's `\quit 3` would end with 0.
fn variables(step: &Step) -> String {
    let mut text = "\\set ON_ERROR_STOP on\n\\set QUIET on\n\\pset pager off".to_owned();
    for variable in step.variables.iter().filter(|variable| variable.required) {
        let missing = do_block(&format!(
            "BEGIN\n  RAISE EXCEPTION USING MESSAGE = {}, HINT = {};\nEND",
            quote_literal(&format!("psql variable {} is not set", variable.name)),
            quote_literal(&format!("Run psql with -v {}=\"...\": {}", variable.name, variable.meaning)),
        ));
        let _ = write!(text, "\n\\if :{{?{}}}\n\\else\n{missing}\n\\endif", variable.name);
    }
    text
}

/// `quote_all_identifiers` and the formats are those of a fresh server, so that definitions read back the same. A loop
/// that waits under `repeatable read` or `serializable` would look at its first snapshot until its time is over.
const SETTINGS: &str = "\
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = warning;
SET application_name = 'pgslotplan';
SET pgslotplan.ddl = on;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET check_function_bodies = on;
SET lock_timeout = '5s';
SET statement_timeout = '15min';
SET idle_in_transaction_session_timeout = '5min';
";

fn version_guard(side: &str, major: u32) -> String {
    format!(
        "  IF current_setting('server_version_num')::integer / 10000 <> {major} THEN
    RAISE EXCEPTION USING MESSAGE = 'this file is for a {side} of major version {major}, but the server is '
        || current_setting('server_version'),
      HINT = 'Run it on the {side}, or plan again for its version.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;\n"
    )
}

fn publisher_guard(context: &Context<'_>) -> String {
    let plan = context.plan;
    let mut body = "DECLARE\n  found_marker boolean;\nBEGIN\n".to_owned();
    body.push_str(&version_guard("publisher", plan.publisher_version.major()));
    let _ = write!(
        body,
        "  IF current_database() <> {database} THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', {database}, current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
  END IF;\n",
        database = quote_literal(&plan.database),
    );
    if let Some(identifier) = &plan.server.system_identifier {
        let _ = write!(
            body,
            "  -- a rehearsal runs against a clone, which may have an identifier of its own
  IF coalesce(current_setting('pgslotplan.rehearsal', true), '') <> 'on' AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) <> {} THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not the server that the plan was made for: its system identifier differs',
      HINT = 'This file is for the publisher.';
  END IF;\n",
            quote_literal(identifier),
        );
    }
    // a clone has the publisher's identity: what was remembered there tells it apart
    for table in ["plan", "bootstrap"] {
        let _ = write!(
            body,
            "  IF to_regclass('{STATE_SCHEMA}.{table}') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM {STATE_SCHEMA}.{table} WHERE prefix = $1)' INTO found_marker USING {};
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;\n",
            quote_literal(&plan.policy.prefix),
        );
    }
    body.push_str("END");
    do_block(&body)
}

/// The server that a clone step runs on: the planned database of a server with the publisher's version that is marked
/// as a clone.
fn clone_guard(context: &Context<'_>) -> String {
    let plan = context.plan;
    let mut body = "DECLARE\n  is_clone boolean := false;\nBEGIN\n".to_owned();
    body.push_str(&version_guard("clone", plan.publisher_version.major()));
    let _ = write!(
        body,
        "  IF current_database() <> {database} THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', {database}, current_database()),
      HINT = 'Run this file in the planned database of the clone.';
  END IF;\n",
        database = quote_literal(&plan.database),
    );
    if context.bootstrap == super::Bootstrap::Aurora {
        body.push_str(
            "  IF to_regproc('aurora_db_instance_identifier') IS NULL THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not an Aurora server', HINT = 'This file is for the Aurora clone.';
  END IF;
  IF aurora_db_instance_identifier()::text <> current_setting('pgslotplan.clone_instance') THEN
    RAISE EXCEPTION USING MESSAGE = format('this is instance %s, not the clone', aurora_db_instance_identifier()),
      HINT = 'This file is for the clone that clone_instance names.';
  END IF;\nEND",
        );
    } else {
        let _ = write!(
            body,
            "  IF to_regclass('{STATE_SCHEMA}.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM {STATE_SCHEMA}.bootstrap WHERE prefix = $1 AND plan_sha256 = $2)' INTO is_clone USING {}, {};
  END IF;
  IF NOT is_clone THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not a clone that was made for the plan', HINT = 'This file is for the clone, after 32_shell_clone.sh.';
  END IF;\nEND",
            quote_literal(&plan.policy.prefix),
            quote_literal(&plan.plan_sha256),
        );
    }
    let block = do_block(&body);
    if context.bootstrap == super::Bootstrap::Aurora {
        return format!("SET pgslotplan.clone_instance = :'clone_instance';\n{block}");
    }
    block
}

fn subscriber_guard(context: &Context<'_>) -> String {
    let plan = context.plan;
    let mut body = "DECLARE\n  is_clone boolean := false;\nBEGIN\n".to_owned();
    body.push_str(&version_guard("subscriber", plan.subscriber_version.major()));
    if context.bootstrap.is_physical() {
        let _ = write!(
            body,
            "  IF to_regclass('{STATE_SCHEMA}.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM {STATE_SCHEMA}.bootstrap WHERE prefix = $1)' INTO is_clone USING {};
  END IF;\n",
            quote_literal(&plan.policy.prefix),
        );
    }
    if let Some(identifier) = &plan.server.system_identifier {
        let _ = write!(
            body,
            "  IF NOT is_clone AND has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
     AND (SELECT system_identifier::text FROM pg_control_system()) = {} THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: its system identifier is the planned one',
      HINT = 'This file is for the subscriber.';
  END IF;\n",
            quote_literal(identifier),
        );
    }
    let slots = super::checks::planned_slots(context);
    let publications: Vec<Vec<Value<'_>>> =
        context.publications.iter().map(|published| vec![Value::Text(published.name)]).collect();
    let publications = values("planned", &["publication_name"], &publications);
    let _ = write!(
        body,
        "  IF EXISTS (SELECT FROM {slots}
       JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.plugin = 'pgoutput'
        AND s.database = current_database())
     OR EXISTS (SELECT FROM {publications}
       JOIN pg_publication AS p ON p.pubname = planned.publication_name) THEN
    RAISE EXCEPTION USING MESSAGE = 'this is the publisher of the plan: it holds planned slots or publications',
      HINT = 'This file is for the subscriber.';
  END IF;\nEND",
    );
    do_block(&body)
}

/// Makes the schema for what must be remembered. A schema of that name which somebody else made is refused: its tables
/// could have triggers.
pub fn create_state_schema() -> String {
    let check = raise_if_any(
        "      SELECT format('schema %I is owned by %I', n.nspname, r.rolname) FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner
      WHERE n.nspname = 'pgslotplan' AND NOT r.rolsuper AND r.rolname <> current_user",
        "schema is not ours to use",
        "Run the files with one role, or drop the schema if it is not needed.",
    );
    format!("CREATE SCHEMA IF NOT EXISTS {STATE_SCHEMA};\n{check}")
}

/// Removes this plan's rows from a table of the state schema, and the table with its last row. `prefix` is a literal.
pub fn forget(table: &str, prefix: &str) -> String {
    let table = format!("{STATE_SCHEMA}.{table}");
    let drop = only_if("none_left", &format!("NOT EXISTS (SELECT FROM {table})"), &format!("DROP TABLE {table};"));
    format!("DELETE FROM {table} WHERE prefix = {prefix};\n{drop}")
}

/// Makes or checks the mark that says which plan this subscriber follows.
pub fn mark_subscriber(context: &Context<'_>) -> String {
    let (prefix, digest) = (quote_literal(&context.plan.policy.prefix), quote_literal(&context.plan.plan_sha256));
    format!(
        "{}
CREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.plan (
    prefix text PRIMARY KEY,
    plan_sha256 text NOT NULL,
    stopped boolean NOT NULL DEFAULT false
);
INSERT INTO {STATE_SCHEMA}.plan (prefix, plan_sha256) VALUES ({prefix}, {digest}) ON CONFLICT DO NOTHING;
{}",
        create_state_schema(),
        raise_if_any(
            &format!(
                "      SELECT format('prefix %s belongs to plan %s', prefix, plan_sha256) FROM {STATE_SCHEMA}.plan
      WHERE prefix = {prefix} AND plan_sha256 <> {digest}"
            ),
            "other plan is being carried out here",
            "Run the clean-up files of that plan first, or plan with another --prefix.",
        ),
    )
}

/// Refuses a subscriber that carries out no plan or another one.
pub fn require_mark(context: &Context<'_>) -> String {
    let (prefix, digest) = (quote_literal(&context.plan.policy.prefix), quote_literal(&context.plan.plan_sha256));
    do_block(&format!(
        "DECLARE
  found_mark boolean := false;
BEGIN
  IF to_regclass('{STATE_SCHEMA}.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM {STATE_SCHEMA}.plan WHERE prefix = $1 AND plan_sha256 = $2)'
      INTO found_mark USING {prefix}, {digest};
  END IF;
  IF NOT found_mark THEN
    RAISE EXCEPTION USING MESSAGE = 'this database does not subscribe to this plan',
      HINT = 'Run this file in the planned database of the subscriber, after the files before it.';
  END IF;
END"
    ))
}
