//! The kit that makes slots or tables of a running migration again: its steps in order, and its runbook. It works beside the kit
//! of the whole migration, on the same marks; the rest of the plan goes on meanwhile.

use std::fmt::Write as _;

use super::{
    Context,
    kit::Part,
    runbook::{self, code},
    step::Step,
    steps::repair,
};
use crate::{
    plan::{PlannedSlot, PlannedTable},
    units::Bytes,
};

/// All steps, without file names.
pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    if context.part.as_ref().is_some_and(|part| part.has_rows) {
        return vec![repair::rows()];
    }
    vec![
        repair::check(),
        repair::stop(context),
        repair::empty(),
        repair::start(context),
        repair::ready(context),
        repair::caught_up(),
        repair::end(),
        repair::verify(),
    ]
}

/// `RUNBOOK.md`.
pub(super) fn runbook(context: &Context<'_>, part: &Part, steps: &[Step]) -> String {
    let mut text = String::new();
    opening(&mut text, context);
    if part.has_rows {
        text.push_str(
            "\n## What is made again\n\nThe rows with a key that the last verification (step verify of the whole migration) found different, as \
             long as they differ still. `PGSLOTPLAN_STATE` must name the state folder of the whole migration: the keys are there.\n",
        );
    } else {
        again(&mut text, context, part);
    }
    runbook::page(&mut text, steps, "**?** marks a step that a person decides.");
    if !part.has_rows {
        hazards(&mut text, context, part);
    }
    runbook::variable_list(&mut text, steps);
    text.push_str("\n## Each step\n\n");
    for step in steps {
        runbook::one_step(&mut text, step);
    }
    text
}

fn opening(text: &mut String, context: &Context<'_>) {
    let plan = context.plan;
    let _ = write!(
        text,
        "# Runbook: repair in database {}\n\n\
         Makes a part of plan {} again, from version {} to version {}, while the rest goes on. It works beside the files of the whole \
         migration, on the same servers and marks. Every step can be run again, and a repair that was stopped anywhere goes on with the \
         step that was stopped.\n\n\
         Set the same variables as for the whole migration. `PGSLOTPLAN_STATE` names the state folder of the whole migration, so that \
         the evidence stays in one place; without it this folder gets one of its own.\n\n\
         ```sh\nexport PGSLOTPLAN_PUBLISHER='host=... dbname=... user=...'\nexport PGSLOTPLAN_SUBSCRIBER='host=... dbname=... user=...'\n\
         sh run.sh              # where the repair is, and what comes next\n\
         sh run.sh next         # runs that step\n```\n\n\
         Exit code 0: go on. 4: the answer is no. 3: the server or the step refused; the message says why. 2: no connection. To do \
         the same again another day, name the first step: `sh run.sh STEP`.\n",
        code(&plan.database),
        code(&plan.plan_sha256),
        plan.publisher_version,
        plan.subscriber_version,
    );
}

/// What is made again.
fn again(text: &mut String, context: &Context<'_>, part: &Part) {
    let _ = write!(
        text,
        "\n## What is made again\n\n{} are copied. Until that has ended these tables are empty or incomplete on the subscriber.\n\n",
        Bytes(context.copy_bytes() as f64)
    );
    for (_, slot) in context.slots() {
        if part.makes(slot) {
            let _ = write!(
                text,
                "- Slot {}, subscription {}, with all of its tables: ",
                code(slot.name.as_str()),
                code(&slot.subscription)
            );
        } else {
            let _ = write!(text, "- In slot {}, which goes on: ", code(slot.name.as_str()));
        }
        tables(text, slot, |table| part.copies(slot, table));
    }
}

fn tables(text: &mut String, slot: &PlannedSlot, is_copied: impl Fn(&PlannedTable) -> bool) {
    let copied: Vec<&PlannedTable> = slot.tables.iter().filter(|table| is_copied(table)).collect();
    let shown: Vec<String> = copied.iter().take(runbook::LISTED_TABLES).map(|table| runbook::member(table)).collect();
    text.push_str(&shown.join("; "));
    if copied.len() > shown.len() {
        let _ = write!(text, "; and {} more: see plan/tables.sql", copied.len() - shown.len());
    }
    text.push('\n');
}

fn hazards(text: &mut String, context: &Context<'_>, part: &Part) {
    text.push_str(
        "\n## Hazards\n\n\
         - Readers of the subscriber find these tables empty, and full again when the copy has ended.\n\
         - Foreign keys of other tables to these are dropped on the subscriber, and return in the last but one step. Foreign keys that \
         the plan itself dropped stay dropped until the cutover.\n\
         - No cutover before the repair has ended: it refuses.\n\
         - Statistics of these tables are gone. Run the vacuum step of the whole migration again before the cutover.\n\
         - A verification that was done before the repair says nothing of these tables. The last step compares them.\n",
    );
    if context.slots().any(|(_, slot)| part.makes(slot)) {
        text.push_str(
            "- Making a slot waits for every transaction that is writing now, in any database of the server; prepared transactions \
             count. From then on the publisher keeps all WAL until the subscription confirms it.\n",
        );
    }
    if context.slots().any(|(_, slot)| !part.makes(slot)) {
        text.push_str(
            "- A table that is copied alone leaves its publication and comes back. Each time it is locked against writers for a moment; \
             the lock gives up after 5 s: run the step again.\n",
        );
    }
}

#[cfg(test)]
mod tests;
