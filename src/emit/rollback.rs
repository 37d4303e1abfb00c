//! The ways back: `abort.sh` before the first write to the new server, `rollback.sh` after it.

use super::{
    Context,
    copy::{finish, step},
    cutover,
    ddl::{do_block, only_if},
    foreign_keys, pause, reverse,
    script::{Phase, Side, Step, Support},
    session::STATE_SCHEMA,
    support,
};
use crate::names::{quote_identifier, quote_literal};

/// Steps that are not on the way: nobody runs them when all goes well.
pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    let abort = Step {
        why: "Until the first write to the new server, going back loses nothing: the application is let onto the old server \
              first, then the way back is taken away and the forward subscriptions go on."
            .into(),
        expected: "\"the old server serves again\", then exit code 0. It can be run after a stop at any step, and again.".into(),
        hazard: Some("Refuses with 4 when the new server was opened: then rollback.sh is the way.".into()),
        undo: Some("Another cutover.".into()),
        duration: "a second until the application goes on".into(),
        go: "Whenever a step of the cutover says no and the reason is not gone within the pause that you can afford.".into(),
        ..step("abort.sh", Phase::Rollback, Side::Shell, "Back to the old server, before anything was written to the new one.")
    };
    let rollback = Step {
        why: "What was written to the new server came to the old one by the reverse replication; the same protocol goes the other way."
            .into(),
        expected: "\"the old server serves with everything that was written to the new one\" and the length of the pause.".into(),
        hazard: Some(
            "Afterwards the new server follows nobody: another attempt begins with a new copy. If the reverse slots do not drain, \
             the new server is resumed and the exit code is 4."
                .into(),
        ),
        undo: Some("None, but the new server's data stays until the clean-up.".into()),
        duration: "a pause like that of the cutover, and the time the old server is behind".into(),
        go: "When the new server cannot be kept, as long as the reverse subscriptions run.".into(),
        ..step("rollback.sh", Phase::Rollback, Side::Shell, "Back to the old server, with everything that was written to the new one.")
    };
    let thaw = Step {
        why: "The schema may move again.".into(),
        body: cutover::thaw(context),
        ..step("thaw_publisher.sql", Phase::Rollback, Side::Publisher, "Lets DDL through again on the publisher.")
    };
    let sources = ["verify.sh", "cutover.sh"];
    let lines = "begin abort\nabort || finish $? \"not at its end: run it again\"\nfinish 0 \"the old server serves, the subscriptions go on\"";
    let abort_body = support::shell_step(context, &abort, &sources, lines);
    let rollback_body = support::shell_step(context, &rollback, &sources, "rollback");
    vec![Step { body: abort_body, ..abort }, Step { body: rollback_body, ..rollback }, finish(context, thaw)]
}

/// What they run.
pub(super) fn files(context: &Context<'_>) -> Vec<Support> {
    let publisher =
        |file: &str, what: &str, parts: &[String]| support::sql(context, Side::Publisher, file, what, &[], parts);
    let keys = foreign_keys::are_cut(context);
    let saved = |statements: String| {
        only_if(
            "foreign_keys_dropped",
            &format!("to_regclass('{STATE_SCHEMA}.dropped_foreign_key') IS NOT NULL"),
            &statements,
        )
    };
    let mut open_old = vec![pause::end_parts(context), pause::take_part(context), reverse::drop_subscriptions(context)];
    let mut validate = Vec::new();
    if keys {
        open_old.push(saved(foreign_keys::restore_not_valid(context)));
        validate.push(foreign_keys::return_where_dropped(context));
    }
    open_old.push(cutover::open_writes_sql(context));
    vec![
        publisher(
            "lib/open_publisher.sql",
            "Takes the way back away, foreign keys return, and the old server opens.",
            &open_old,
        ),
        publisher("lib/foreign_keys_validate_publisher.sql", "Validates the foreign keys that came back.", &validate),
        forward_again(context),
        reverse::drain(context),
        back_subscriber(context),
    ]
}

/// The new server's part of the rollback's pause in one session.
fn back_subscriber(context: &Context<'_>) -> Support {
    support::sql(
        context,
        Side::Subscriber,
        "lib/back_subscriber.sql",
        "Stops the writes on the new server, waits until the old one has everything, and reads the sequences.",
        &[("out", "the file for the sequences")],
        &[
            pause::end_parts(context),
            pause::take_part(context),
            "\\ir writes_stop_subscriber.sql\n\\ir reverse_drain_subscriber.sql\n\\ir sequences_read_subscriber.sql"
                .into(),
        ],
    )
}

/// The subscriber as before the cutover: no reverse slots, foreign keys dropped, subscriptions enabled.
fn forward_again(context: &Context<'_>) -> Support {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let mut parts = vec![
        super::session::require_mark(context),
        pause::end_parts(context),
        do_block(&format!(
            "DECLARE
  was_opened boolean := false;
BEGIN
  IF to_regclass('{STATE_SCHEMA}.opened') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM {STATE_SCHEMA}.opened WHERE prefix = $1)' INTO was_opened USING {prefix};
  END IF;
  IF was_opened THEN
    RAISE EXCEPTION USING MESSAGE = 'the new server was opened for writes',
      HINT = 'The subscriptions must not go on: rows would be applied twice. rollback.sh is the way back.';
  END IF;
END"
        )),
        reverse::drop_slots(context),
        cutover::open_writes_sql(context),
    ];
    if foreign_keys::are_cut(context) {
        parts.push(foreign_keys::drop_on_subscriber(context));
    }
    parts.push(format!("UPDATE {STATE_SCHEMA}.plan SET stopped = false WHERE prefix = {prefix} AND stopped;"));
    for (number, slot) in context.plan.slots.iter().enumerate() {
        parts.push(only_if(
            &format!("subscription_{number}_is_disabled"),
            &super::checks::subscription_exists(slot, " AND NOT s.subenabled"),
            &format!("ALTER SUBSCRIPTION {} ENABLE;", quote_identifier(&slot.subscription)),
        ));
    }
    support::sql(
        context,
        Side::Subscriber,
        "lib/forward_again_subscriber.sql",
        "Drops the slots of the way back and lets the subscriptions go on.",
        &[],
        &parts,
    )
}
