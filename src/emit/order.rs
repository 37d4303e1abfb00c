//! The one list of steps: publications, then slots, then the data, then subscriptions; verification, cutover, ways back,
//! clean-up.

use std::collections::BTreeMap;

use super::{
    Context, bootstraps,
    planned::{self, cuts_foreign_keys, guards_truncate},
    step::Step,
    steps::{checks, cleanup, cutover, partitions, rollback, schema, start, transition, verify, way_back},
    transition::Transition,
};
use crate::workload::ReplicaIdentity;

/// All steps for psql and sh, without file names.
pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    let is_physical = context.bootstrap.is_physical();
    let (data_first, data) = bootstraps::data(context);
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(when(!is_physical, schema::tables));
    steps.push(checks::publisher());
    steps.extend(when(!is_physical, checks::subscriber));
    steps.extend(when(!is_physical, schema::drift_tables));
    steps.push(checks::by_program(context));
    steps.extend(identities(context));
    steps.push(start::publications());
    steps.extend(data_first);
    steps.extend(when(cuts_foreign_keys(context.plan), start::foreign_keys_drop));
    steps.extend(data);
    if context.keys_come_later {
        steps.extend(subscriber_identities(context));
    }
    steps.push(start::subscriptions(context));
    steps.extend(from_ready_on(context));
    steps
}

/// From a plan that runs to this one on live slots, then as ever.
pub(super) fn transition(context: &Context<'_>, transition: &Transition<'_>) -> Vec<Step> {
    let mut steps = vec![
        transition::check(),
        schema::tables(),
        transition::publisher_check(),
        transition::subscriber_check(),
        schema::drift_tables(),
    ];
    steps.extend(identities(context));
    steps.extend(when(cuts_foreign_keys(context.plan), transition::foreign_keys_drop));
    steps.extend(when(!transition.new_slots.is_empty(), transition::publications));
    steps.extend([transition::subscriptions(), transition::changes(), transition::adopt(), transition::cleanup()]);
    steps.extend(from_ready_on(context));
    steps
}

fn when(wanted: bool, step: fn() -> Step) -> Option<Step> {
    wanted.then(step)
}

/// What the tables need before they are published.
fn identities(context: &Context<'_>) -> Vec<Step> {
    let is_physical = context.bootstrap.is_physical();
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(when(context.plan.members().any(|(_, table)| table.set_identity), checks::identities));
    steps.extend(when(guards_truncate(context), checks::truncate_guard));
    if !is_physical && !context.keys_come_later {
        steps.extend(subscriber_identities(context));
    }
    steps
}

/// Replica identity indexes of the subscriber, which must be there before.
fn subscriber_identities(context: &Context<'_>) -> Option<Step> {
    let sets = |table: &crate::plan::PlannedTable| table.set_identity && table.identity == ReplicaIdentity::Index;
    when(context.plan.members().any(|(_, table)| sets(table)), checks::subscriber_identities)
}

/// Everything after the subscriptions.
fn from_ready_on(context: &Context<'_>) -> Vec<Step> {
    let is_physical = context.bootstrap.is_physical();
    let cuts = cuts_foreign_keys(context.plan);
    let goes_back = context.has_way_back();
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(when(planned::has_trees(context), partitions::partitions));
    steps.extend([verify::ready(context), verify::caught_up()]);
    steps.extend((!is_physical).then(|| schema::indexes(context)));
    steps.extend(when(!is_physical, schema::foreign_keys));
    steps.extend(when(!is_physical, schema::drift_everything));
    steps.push(verify::live());
    steps.extend(when(goes_back, way_back::check));
    steps.extend([schema::passwords(), cutover::logins(), cutover::vacuum()]);
    if goes_back {
        steps.push(way_back::prepare(context));
    }
    steps.push(cutover::freeze());
    steps.extend(when(goes_back, way_back::subscriptions));
    steps.extend([
        cutover::whole(),
        cutover::quiesce(),
        cutover::pause(),
        cutover::stop_writes(),
        cutover::drain(),
        cutover::stop(),
    ]);
    steps.extend(when(cuts, cutover::restore_foreign_keys));
    steps.extend([cutover::sequences(), verify::at_rest()]);
    steps.extend(when(goes_back, way_back::slots));
    steps.extend(when(goes_back, way_back::start));
    steps.extend([cutover::switch(), cutover::resume(), cutover::prove()]);
    steps.extend(when(cuts, cutover::validate_foreign_keys));
    steps.extend(rollback::steps());
    // a clone is thrown away instead
    steps.extend(when(!is_physical, cleanup::again));
    steps.extend(when(goes_back, way_back::end));
    steps.extend([cleanup::subscriber(context), cleanup::publisher(context)]);
    steps
}

/// Gives every step its file name, puts the names of others into its prose, and its head before its body.
pub(super) fn finish(context: &Context<'_>, mut steps: Vec<Step>) -> Vec<Step> {
    let shape = planned::shape(context.plan, context.bootstrap);
    for step in steps.iter_mut().filter(|step| step.file.is_empty()) {
        step.file = step.id.file(shape);
    }
    let files: BTreeMap<&str, String> = steps.iter().map(|step| (step.id.as_str(), step.file.clone())).collect();
    steps.iter_mut().for_each(|step| step.finish(&files));
    steps
}
