//! Files that steps share: shell functions, and the SQL that they run on either side. They live in `lib/`; a person runs
//! the steps, not these.

use std::fmt::Write as _;

use super::{
    Context,
    copy::{paragraphs, step},
    script::{Phase, Side, Support, Variable},
    session,
};

/// The shell functions that every shell step sources.
const COMMON: &str = include_str!("assets/common.sh");

/// Slots and plan for the shell. Slot names need no quotes: `[a-z0-9_]`.
fn plan(context: &Context<'_>) -> String {
    let slots: Vec<&str> = context.plan.slots.iter().map(|slot| slot.name.as_str()).collect();
    format!(
        "# What the shell must know of the plan. Sourced.\nplan={}\nslots='{}'\n",
        context.plan.plan_sha256,
        slots.join(" ")
    )
}

/// All of them.
pub(super) fn files(context: &Context<'_>) -> Vec<Support> {
    let mut files = vec![shell("lib/plan.sh", &plan(context)), shell("lib/common.sh", COMMON)];
    files.extend(super::compare::files(context));
    files.extend(super::cutover::files(context));
    files.extend(super::pause::files(context));
    files.extend(super::rollback::files(context));
    files.push(shell("run.sh", include_str!("assets/run.sh")));
    files.push(shell("cutover.sh", include_str!("assets/cutover_all.sh")));
    files.sort_by(|a, b| a.file.cmp(&b.file));
    files
}

/// A file of shell functions.
pub(super) fn shell(file: &str, body: &str) -> Support {
    Support { file: file.to_owned(), body: body.to_owned() }
}

/// A file for psql, with head, settings and guard like a step.
pub(super) fn sql(
    context: &Context<'_>,
    side: Side,
    file: &str,
    what: &str,
    variables: &[(&str, &str)],
    parts: &[String],
) -> Support {
    let variables = variables
        .iter()
        .map(|(name, meaning)| Variable { name: (*name).to_owned(), meaning: (*meaning).to_owned(), required: true })
        .collect();
    let step = super::script::Step { variables, ..step(file, Phase::Verify, side, what) };
    Support { file: file.to_owned(), body: session::file(context, &step, &paragraphs(parts)) }
}

/// The text of a shell step: head, where it is, what it sources, then its own lines.
pub(super) fn shell_step(context: &Context<'_>, step: &super::script::Step, sources: &[&str], lines: &str) -> String {
    let mut text = "#!/bin/sh\n".to_owned();
    for line in session::head(context, step).lines() {
        let _ = writeln!(text, "#{}", line.trim_start_matches('-'));
    }
    text.push_str("\nhere=$(CDPATH='' cd -- \"$(dirname -- \"$0\")\" && pwd) || exit 1\n");
    for source in ["plan.sh", "common.sh"].iter().chain(sources) {
        let _ = writeln!(text, ". \"$here/lib/{source}\"");
    }
    text.push('\n');
    text.push_str(lines.trim_end());
    text.push('\n');
    text
}
