//! How the data gets to the subscriber. A bootstrap is its steps at two places of the order: those that stand for schema and
//! checks before the foreign keys, and those that bring the data; what else depends on it is a value of `plan/`.

mod aurora;
mod clone;
mod copy;
mod dump;
mod snapshot;

use super::{Bootstrap, Context, EmitError, step::Step};
use crate::plan::Plan;

/// Refuses what a bootstrap cannot do.
///
/// # Errors
/// [`EmitError::OlderClone`].
pub(super) fn possible(plan: &Plan, bootstrap: Bootstrap) -> Result<(), EmitError> {
    let (publisher, subscriber) = (plan.publisher_version, plan.subscriber_version);
    if bootstrap.is_physical() && subscriber.major() < publisher.major() {
        return Err(EmitError::OlderClone { bootstrap: bootstrap.as_str(), publisher, subscriber });
    }
    Ok(())
}

/// The steps that bring the data, between the publications and the subscriptions: before the foreign keys are dropped, and after.
pub(super) fn data(context: &Context<'_>) -> (Vec<Step>, Vec<Step>) {
    match context.bootstrap {
        Bootstrap::Copy => (Vec::new(), copy::steps()),
        Bootstrap::Dump => (Vec::new(), dump::steps(context)),
        Bootstrap::Snapshot => (Vec::new(), snapshot::steps(context)),
        Bootstrap::Clone => (clone::steps(context), Vec::new()),
        Bootstrap::Aurora => (aurora::steps(context), Vec::new()),
    }
}
