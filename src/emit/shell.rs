//! Shell steps: POSIX sh around psql, pg_dump and their family. Their head and functions, and how SQL gets into them.
//!
//! SQL goes in as a here-document with a quoted delimiter that its text does not hold, so that no name is ever read by
//! the shell. Every psql call of a shell step begins with the same settings and the same guard as an SQL file.

use std::fmt::Write as _;

use super::{
    Context,
    script::{Side, Step, Variable},
    session,
};
use crate::names::one_line;

/// Variables that every shell step takes: the two connection strings.
pub fn connections() -> Vec<Variable> {
    vec![
        variable("PGSLOTPLAN_PUBLISHER", "connection string of the publisher's database", true),
        variable("PGSLOTPLAN_SUBSCRIBER", "connection string of the subscriber's database", true),
        variable(
            "PGSLOTPLAN_BIN",
            "folder of pg_dump, pg_restore and psql, of the subscriber's major version; PATH when not given",
            false,
        ),
    ]
}

/// An environment variable.
pub fn variable(name: &str, meaning: &str, required: bool) -> Variable {
    Variable { name: name.into(), meaning: meaning.into(), required }
}

/// A word that the shell takes as it is.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `command <<'TAG'` with a body that cannot end it.
pub fn here(command: &str, body: &str) -> String {
    let mut tag = "PGSLOTPLAN_SQL".to_owned();
    while body.lines().any(|line| line.trim() == tag) {
        tag.push('_');
    }
    format!("{command} <<'{tag}'\n{}\n{tag}", body.trim_end())
}

/// The whole file: head, needs, functions, then the commands.
pub fn file(context: &Context<'_>, step: &Step, commands: &str) -> String {
    let mut text = "#!/bin/sh\n".to_owned();
    let mut line = |words: &str| {
        let _ = writeln!(text, "# {}", one_line(words));
    };
    line(&format!("{}: {}", step.file, step.what));
    line(&format!("phase {}, for plan {}", step.phase.as_str(), context.plan.plan_sha256));
    line(&format!("Run: {}", session::command(step)));
    for variable in &step.variables {
        let need = if variable.required { "needed" } else { "optional" };
        line(&format!("Environment {} ({need}): {}", variable.name, variable.meaning));
    }
    if let Some(hazard) = &step.hazard {
        line(&format!("Hazard: {hazard}"));
    }
    if let Some(undo) = &step.undo {
        line(&format!("Undo: {undo}"));
    }
    text.push_str(FUNCTIONS);
    for variable in step.variables.iter().filter(|variable| variable.required) {
        let _ = writeln!(
            text,
            "[ -n \"${{{name}-}}\" ] || die {} {}",
            quote(&format!("{} is not set", variable.name)),
            quote(&format!("Set it to the {}.", variable.meaning)),
            name = variable.name
        );
    }
    text.push('\n');
    text.push_str(commands.trim_end());
    text.push('\n');
    text
}

/// Settings and guards of both servers as files, and functions that begin every session with them.
pub fn servers(context: &Context<'_>) -> String {
    let guards = [("publisher", Side::Publisher), ("subscriber", Side::Subscriber)]
        .map(|(name, side)| here(&format!("cat > \"$work/{name}.sql\""), &session::preamble(context, side)));
    format!(
        "{}\n{}\n\
         publisher() {{\n  psql -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_PUBLISHER\" \"$@\" -f \"$work/publisher.sql\" -f -\n}}\n\
         subscriber() {{\n  psql -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_SUBSCRIBER\" \"$@\" -f \"$work/subscriber.sql\" -f -\n}}\n\
         publisher </dev/null\nsubscriber </dev/null",
        guards[0], guards[1]
    )
}

/// Needs programs on PATH.
pub fn needs(programs: &[&str]) -> String {
    format!(
        "for program in {}; do\n  command -v \"$program\" >/dev/null || die \"$program is not there\" 'Set PGSLOTPLAN_BIN to the folder that holds it.'\ndone",
        programs.join(" ")
    )
}

/// Refuses a pg_dump that is older than the publisher: it cannot read it.
pub fn dump_version(context: &Context<'_>) -> String {
    format!(
        "major=$(pg_dump --version | sed 's/^.*(PostgreSQL) \\([0-9][0-9]*\\).*$/\\1/')\n\
         if [ \"$major\" -lt {publisher} ]; then\n  \
         die \"pg_dump is of version $major, but the publisher of version {publisher}\" 'Set PGSLOTPLAN_BIN to the programs of the subscriber.'\nfi\n\
         if [ \"$major\" -ne {subscriber} ]; then\n  say \"note: pg_dump is of version $major, the subscriber of version {subscriber}\"\nfi",
        publisher = context.plan.publisher_version.major(),
        subscriber = context.plan.subscriber_version.major(),
    )
}

/// `umask`: dumps hold data. `PGOPTIONS` reaches pg_dump, pg_restore and psql, unless a connection string has `options`.
const FUNCTIONS: &str = "set -eu
umask 077
say() { printf '%s\\n' \"$*\" >&2; }
die() {
  say \"${0##*/}: error: $1\"
  [ -z \"${2-}\" ] || say \"hint: $2\"
  exit 3
}
PATH=\"${PGSLOTPLAN_BIN:+$PGSLOTPLAN_BIN:}$PATH\"
export PGAPPNAME=pgslotplan PGCLIENTENCODING=UTF8 LC_ALL=C
work=$(mktemp -d \"${TMPDIR:-/tmp}/pgslotplan.XXXXXX\")
trap 'rm -rf \"$work\"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_a_here_document_or_a_quote() {
        let text = here("psql", "SELECT 'a\nPGSLOTPLAN_SQL\n'");
        assert!(text.starts_with("psql <<'PGSLOTPLAN_SQL_'\n") && text.ends_with("\nPGSLOTPLAN_SQL_"));
        assert_eq!(quote("it's $x"), "'it'\\''s $x'");
    }
}
