//! What bootstraps other than `copy` remember on the subscriber, and whether a plan can be carried out by one.
//!
//! `pgslotplan.bootstrap` has one row for a plan: `new`, then `begun` (a load may be half done and can start over), `loaded` (all data
//! of one position is there), `placed` (the publisher's slots were found to be behind that position), `started` (a
//! subscription was enabled: from here on nothing may start over).

use super::{
    Bootstrap, Context, EmitError,
    ddl::do_block,
    session::{STATE_SCHEMA, create_state_schema},
};
use crate::{names::quote_literal, plan::Plan};

/// Refuses what a bootstrap cannot do.
///
/// # Errors
/// [`EmitError::OlderClone`].
pub fn possible(plan: &Plan, bootstrap: Bootstrap) -> Result<(), EmitError> {
    if bootstrap == Bootstrap::Copy {
        return Ok(());
    }
    let (publisher, subscriber) = (plan.publisher_version, plan.subscriber_version);
    if bootstrap.is_physical() && subscriber.major() < publisher.major() {
        return Err(EmitError::OlderClone { bootstrap: bootstrap.as_str(), publisher, subscriber });
    }
    Ok(())
}

/// Whether the subscriber has the publisher's system identifier for good: a clone that was not upgraded. Its row in the
/// state table then stays after the clean-up.
pub fn shares_identity(context: &Context<'_>) -> bool {
    context.bootstrap.is_physical() && context.plan.publisher_version.major() == context.plan.subscriber_version.major()
}

/// `'prefix'` and `'plan'` as literals.
pub fn literals(context: &Context<'_>) -> (String, String) {
    (quote_literal(&context.plan.policy.prefix), quote_literal(&context.plan.plan_sha256))
}

/// Makes the table for what is remembered.
pub fn create_table() -> String {
    format!(
        "{}
CREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.bootstrap (
    prefix text PRIMARY KEY,
    plan_sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'begun', 'loaded', 'placed', 'started')),
    position pg_lsn
);",
        create_state_schema()
    )
}

/// Raises unless the state is one of these. `hint` says which file comes first.
pub fn require_state(context: &Context<'_>, states: &[&str], hint: &str) -> String {
    let (prefix, digest) = literals(context);
    let states: Vec<String> = states.iter().map(|state| quote_literal(state)).collect();
    do_block(&format!(
        "DECLARE
  found_state text;
BEGIN
  IF to_regclass('{STATE_SCHEMA}.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT state FROM {STATE_SCHEMA}.bootstrap WHERE prefix = $1 AND plan_sha256 = $2' INTO found_state USING {prefix}, {digest};
  END IF;
  IF found_state IS NULL OR found_state NOT IN ({}) THEN
    RAISE EXCEPTION USING MESSAGE = format('the data of the plan is not there yet: its state is %s', coalesce(found_state, 'unknown')),
      HINT = {};
  END IF;
END",
        states.join(", "),
        quote_literal(hint)
    ))
}

/// Sets the state.
pub fn set_state(context: &Context<'_>, state: &str) -> String {
    let (prefix, digest) = literals(context);
    format!(
        "UPDATE {STATE_SCHEMA}.bootstrap SET state = {state} WHERE prefix = {prefix} AND plan_sha256 = {digest} AND state <> {state};",
        state = quote_literal(state)
    )
}
