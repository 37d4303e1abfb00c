//! The order of the steps of every bootstrap: publications, then slots (postgres.md H5), then the data, then subscriptions;
//! and those of bootstrap `copy`, whose subscriptions copy by themselves.
//!
//! `create_slot = false` with `copy_data = true` is right here: the lasting slot exists before, and each table is copied
//! through a table synchronization slot of its own (postgres.md §9.4).

use super::{
    Bootstrap, Context, EmitError, bootstrap,
    checks::{self, Exempt},
    cleanup, clone, cutover,
    ddl::{CreatePublication, CreateSubscription, Start, Streaming, do_block, only_if},
    drift::{self, Extent},
    dump, foreign_keys, guards, reverse, rollback, schema,
    script::{Phase, Side, Step, Variable},
    session, slots, verify,
};
use crate::{
    names::{quote_identifier, quote_literal},
    units::Bytes,
};

/// All steps.
pub(super) fn steps(context: &Context<'_>) -> Result<Vec<Step>, EmitError> {
    let physical = context.bootstrap.is_physical();
    let mut steps = Vec::new();
    if !physical {
        steps.push(schema::tables(context));
    }
    steps.push(publisher_check(context)?);
    if !physical {
        steps.extend([subscriber_check(context), drift::compare(context, Extent::Tables)]);
    }
    if guards::sets_identities(context, Side::Publisher) {
        steps.push(identities(context));
    }
    if guards::guards_truncate(context) {
        steps.push(truncate_guards(context));
    }
    if !physical && guards::sets_identities(context, Side::Subscriber) {
        steps.push(subscriber_identities(context));
    }
    steps.push(publications(context)?);
    if physical {
        steps.push(make_slots(context, "31_publisher_slots.sql"));
        steps.extend(clone::steps(context));
    }
    if foreign_keys::are_cut(context) {
        steps.push(drop_foreign_keys(context));
    }
    match context.bootstrap {
        Bootstrap::Copy => steps.push(make_slots(context, "50_publisher_slots.sql")),
        Bootstrap::Dump => steps.push(dump::load(context)),
        Bootstrap::Clone | Bootstrap::Aurora => {}
    }
    steps.extend([subscriptions(context), verify::ready(context), verify::caught_up(context)]);
    if !physical {
        steps.extend([
            schema::indexes(context),
            schema::foreign_keys_and_rest(context),
            drift::compare(context, Extent::Everything),
        ]);
    }
    steps.extend([
        verify::compare(context),
        reverse::publisher_check(context),
        cutover::vacuum(context),
        reverse::prepare(context),
        cutover::freeze(context),
        reverse::subscriptions(context),
        cutover::quiesce(context),
        cutover::pause(context),
        cutover::stop_writes(context),
        verify::compare_at_rest(context),
        cutover::stop(context),
    ]);
    let cuts = foreign_keys::are_cut(context);
    if cuts {
        steps.push(cutover::restore_foreign_keys(context));
    }
    steps.extend([
        cutover::move_sequences(context),
        reverse::make_slots(context),
        reverse::start(context),
        cutover::switch(context),
        cutover::resume(context),
        cutover::prove(context),
    ]);
    if cuts {
        steps.push(cutover::validate_foreign_keys(context));
    }
    steps.extend(rollback::steps(context));
    steps.extend([reverse::end(context), cleanup::subscriber_cleanup(context), cleanup::publisher_cleanup(context)]);
    Ok(steps)
}

/// The step with its file, from the statements alone.
pub(super) fn finish(context: &Context<'_>, mut step: Step) -> Step {
    step.body = session::file(context, &step, &step.body);
    step
}

pub(super) fn paragraphs(parts: &[String]) -> String {
    parts.join("\n\n")
}

pub(super) fn step(file: &str, phase: Phase, side: Side, what: &str) -> Step {
    Step {
        file: file.to_owned(),
        phase,
        side,
        idempotent: true,
        hazard: None,
        undo: None,
        variables: Vec::new(),
        what: what.to_owned(),
        why: String::new(),
        expected: "No output and exit code 0.".to_owned(),
        duration: "seconds".to_owned(),
        go: "Go on when the exit code is 0.".to_owned(),
        body: String::new(),
    }
}

fn publisher_check(context: &Context<'_>) -> Result<Step, EmitError> {
    let body = paragraphs(&[
        checks::publisher_settings(context),
        checks::publisher_tables(context, Exempt::ToBeSet)?,
        checks::slots_usable(context),
    ]);
    Ok(finish(
        context,
        Step {
            why:
                "A setting that is too small shows itself only in the server's log, when half of the tables are copied."
                    .into(),
            expected: "No output, or warnings; exit code 0. Every shortage is listed at once otherwise.".into(),
            go: "Go on when the exit code is 0 and every warning is accepted.".into(),
            body,
            ..step(
                "10_publisher_check.sql",
                Phase::Prepare,
                Side::Publisher,
                "Looks whether the publisher still is what the plan was made for. Changes nothing.",
            )
        },
    ))
}

fn subscriber_check(context: &Context<'_>) -> Step {
    let body = paragraphs(&[
        checks::subscriber_settings(context),
        checks::subscriber_tables(context),
        checks::subscriber_empty(context),
        checks::foreign_keys_known(context, "subscriber"),
        checks::subscriptions_exact(context),
        checks::subscriber_warnings(context),
    ]);
    finish(
        context,
        Step {
            why: "Tables, primary keys and replica identities must be there before the copy, and the tables empty; \
                  secondary indexes may come after it."
                .into(),
            expected: "No output, or warnings; exit code 0.".into(),
            go: "Go on when the exit code is 0 and every warning is accepted.".into(),
            body,
            ..step(
                "11_subscriber_check.sql",
                Phase::Schema,
                Side::Subscriber,
                "Looks whether the subscriber can take what the plan sends. Changes nothing.",
            )
        },
    )
}

fn identities(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "UPDATE and DELETE of a published table without replica identity fail in the application. They are set \
                  before the slots start, since older WAL records have no old key."
                .into(),
            hazard: Some(
                "Each ALTER TABLE takes an ACCESS EXCLUSIVE lock for a moment; it gives up after 5 s: run the file again. \
                 Identity FULL makes UPDATE write the whole old row to WAL."
                    .into(),
            ),
            undo: Some("91_publisher_cleanup.sql sets the identities back that were there before.".into()),
            body: guards::set_identities(context, Side::Publisher),
            ..step(
                "20_publisher_identities.sql",
                Phase::Prepare,
                Side::Publisher,
                "Sets the replica identities that the plan asks for, and remembers the old ones.",
            )
        },
    )
}

fn subscriber_identities(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why:
                "A table without primary key needs the same replica identity index on the subscriber: rows that change \
                  are found by it."
                    .into(),
            undo: Some("90_subscriber_cleanup.sql sets the identities back that were there before.".into()),
            body: guards::set_identities(context, Side::Subscriber),
            ..step(
                "22_subscriber_identities.sql",
                Phase::Prepare,
                Side::Subscriber,
                "Sets replica identity indexes on the subscriber, and remembers the old identities.",
            )
        },
    )
}

fn truncate_guards(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "Some publications leave TRUNCATE out; a TRUNCATE of their tables would leave the rows on the subscriber \
                  without any error."
                .into(),
            hazard: Some(
                "From now on TRUNCATE of these tables is refused on the publisher. CREATE TRIGGER waits up to 5 s for \
                 writers: run the file again if it gives up. New partitions need the trigger too: run it again."
                    .into(),
            ),
            undo: Some("91_publisher_cleanup.sql removes the triggers.".into()),
            body: guards::refuse_truncate(context),
            ..step(
                "21_publisher_truncate_guard.sql",
                Phase::Prepare,
                Side::Publisher,
                "Puts a trigger on every table whose TRUNCATE is not replicated.",
            )
        },
    )
}

fn publications(context: &Context<'_>) -> Result<Step, EmitError> {
    let mut parts = vec![checks::publisher_tables(context, Exempt::Nobody)?];
    let version = context.plan.publisher_version;
    for (number, published) in context.publications.iter().enumerate() {
        let publication = CreatePublication {
            name: published.name.to_owned(),
            members: published.members.clone(),
            publish: published.publishes.to_list(),
            via_root: version.publishes_partition_roots().then_some(published.slot.via_root),
        };
        // a filter that the identity does not cover breaks the application as soon as the publication is there
        let filtered = published.tables.iter().any(|table| table.row_filter.is_some());
        let create = if filtered {
            format!("BEGIN;\n{}\n{}\nCOMMIT;", publication.to_sql(), checks::filters_covered(context))
        } else {
            publication.to_sql()
        };
        parts.push(only_if(
            &format!("publication_{number}_is_missing"),
            &format!("NOT {}", checks::publication_exists(published)),
            &create,
        ));
    }
    parts.push(checks::publications_exact(context));
    Ok(finish(
        context,
        Step {
            why: "A slot that is older than its publication ends in an endless error, or skips changes; so the \
                  publications come first."
                .into(),
            undo: Some("91_publisher_cleanup.sql drops them.".into()),
            body: paragraphs(&parts),
            ..step(
                "30_publisher_publications.sql",
                Phase::Prepare,
                Side::Publisher,
                "Creates one publication for each slot, and compares those that exist with the plan.",
            )
        },
    ))
}

fn drop_foreign_keys(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "A replicated TRUNCATE of a table that a foreign key from another slot references stops its slot for \
                  ever, even when the referencing table is empty."
                .into(),
            hazard: Some("Until they are restored the subscriber accepts rows that break these foreign keys.".into()),
            undo: Some("80_subscriber_stop.sql, then 81_ and 88_subscriber_foreign_keys_*.sql.".into()),
            body: paragraphs(&[session::mark_subscriber(context), foreign_keys::drop_on_subscriber(context)]),
            ..step(
                "40_subscriber_foreign_keys_drop.sql",
                Phase::Prepare,
                Side::Subscriber,
                "Drops the foreign keys that join two slots, and remembers their definitions in pgslotplan.dropped_foreign_key.",
            )
        },
    )
}

fn make_slots(context: &Context<'_>, file: &str) -> Step {
    let mut parts = vec![checks::publications_exact(context), checks::slots_usable(context)];
    parts.extend(slots::create(context.plan.slots.iter().map(|slot| &slot.name)));
    finish(
        context,
        Step {
            why: "Slots made beforehand have names of our own and exist at one known point; the subscriptions only use them.".into(),
            hazard: Some(
                "Making the first slot waits for every transaction that is writing now, in any database of the server; \
                 prepared transactions count. From now on the publisher keeps all WAL until the subscriptions confirm it: \
                 go on soon, and watch its disk."
                    .into(),
            ),
            undo: Some("91_publisher_cleanup.sql drops them.".into()),
            duration: "as long as the longest transaction that is writing now; at most 15 min, then it is an error and nothing is left".into(),
            body: paragraphs(&parts),
            ..step(file, Phase::Start, Side::Publisher, "Creates the replication slots.")
        },
    )
}

/// Streaming as far as both sides can (contract §5).
pub(super) fn streaming(context: &Context<'_>) -> Option<Streaming> {
    let (publisher, subscriber) = (context.plan.publisher_version, context.plan.subscriber_version);
    if !subscriber.has_streaming() {
        None
    } else if publisher.has_parallel_streaming() && subscriber.has_parallel_streaming() {
        Some(Streaming::Parallel)
    } else if publisher.has_streaming() {
        Some(Streaming::On)
    } else {
        Some(Streaming::Off)
    }
}

fn subscriptions(context: &Context<'_>) -> Step {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let stopped = do_block(&format!(
        "BEGIN
  IF (SELECT stopped FROM {0}.plan WHERE prefix = {prefix}) THEN
    RAISE EXCEPTION USING MESSAGE = 'the subscriptions were stopped for the cutover',
      HINT = 'Starting them again is right only if nothing was written to the subscriber since. If so: UPDATE {0}.plan SET stopped = false; and run this file again.';
  END IF;
END",
        session::STATE_SCHEMA
    ));
    let copies = context.bootstrap == Bootstrap::Copy;
    let mut parts = vec![session::mark_subscriber(context), stopped, checks::subscriptions_exact(context)];
    parts.push(match context.bootstrap {
        Bootstrap::Copy => checks::subscriber_empty(context),
        Bootstrap::Dump => {
            bootstrap::require_state(context, &["loaded", "started"], "Run 50_shell_dump.sh to its end first.")
        }
        Bootstrap::Clone | Bootstrap::Aurora => {
            bootstrap::require_state(context, &["placed", "started"], "Run 36_shell_position.sh first.")
        }
    });
    let mut enable = Vec::new();
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let create = CreateSubscription {
            name: slot.subscription.clone(),
            publications: context.publication_names(slot).into_iter().map(str::to_owned).collect(),
            slot: slot.name.clone(),
            streaming: streaming(context),
            start: if copies { Start::Copying } else { Start::Placed },
        };
        parts.push(only_if(
            &format!("subscription_{number}_is_missing"),
            &format!("NOT {}", checks::subscription_exists(slot, "")),
            &create.to_sql(),
        ));
        enable.push(only_if(
            &format!("subscription_{number}_is_disabled"),
            &checks::subscription_exists(slot, " AND NOT s.subenabled"),
            &format!("ALTER SUBSCRIPTION {} ENABLE;", quote_identifier(&slot.subscription)),
        ));
    }
    if context.bootstrap.is_physical() {
        parts.push(clone::advance_origins(context));
    }
    if !copies {
        parts.push(bootstrap::set_state(context, "started"));
    }
    parts.extend(enable);
    let bytes: u64 = context.plan.slots.iter().map(|slot| slot.copy_bytes).sum();
    let (what, why, duration) = if copies {
        (
            "Creates and enables the subscriptions; the initial copy starts.",
            "Each subscription follows one slot. It copies its tables with a few workers at a time and then applies what was \
             written meanwhile.",
            format!("seconds; the copy of {} then runs by itself", Bytes(bytes as f64)),
        )
    } else {
        (
            "Creates the subscriptions at the position of the data that is there, and enables them.",
            "Each subscription follows one slot and copies nothing. From the moment that one is enabled nothing can be loaded \
             again.",
            "seconds".to_owned(),
        )
    };
    finish(
        context,
        Step {
            why: why.into(),
            hazard: Some(
                "The connection string is stored on the subscriber and may be logged with the statement: leave the \
                 password to a password file of the subscriber's server where the versions allow it. An initial copy reads \
                 every table of the publisher once."
                    .into(),
            ),
            undo: Some("90_subscriber_cleanup.sql, then 91_publisher_cleanup.sql; then empty the tables.".into()),
            variables: vec![Variable {
                name: "publisher_dsn".into(),
                meaning: "connection string by which the subscriber's server reaches the publisher's database, with a role \
                          that has REPLICATION and SELECT on the tables"
                    .into(),
                required: true,
            }],
            duration,
            body: paragraphs(&parts),
            ..step(
                "60_subscriber_subscriptions.sql",
                Phase::Start,
                Side::Subscriber,
                what,
            )
        },
    )
}
