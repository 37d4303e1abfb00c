//! The static files: the same bytes for every plan of one release. Which of them a script gets follows from what its steps
//! include.

use std::collections::{BTreeMap, BTreeSet};

use super::{script::Support, step::Step};

macro_rules! assets {
    ($($file:literal),* $(,)?) => {
        /// Every file of `lib`, by name.
        pub(super) const LIB: &[(&str, &str)] = &[$(($file, include_str!(concat!("assets/lib/", $file)))),*];
    };
}

assets! {
    "advance_origins.sql",
    "again.sh",
    "again_empty.sql",
    "again_subscriber.sql",
    "all_ready.sql",
    "allowed.sql",
    "apply.sql",
    "apply_held.sql",
    "aurora.sh",
    "await_copies.sql",
    "back_subscriber.sql",
    "before_cutover.sql",
    "before_cutover_publisher.sql",
    "behind.sql",
    "bootstrap_state.sql",
    "check.sh",
    "cleanup.sh",
    "clone.sh",
    "clone.sql",
    "clone_adopt.sql",
    "clone_adopted.sql",
    "clone_behind.sql",
    "clone_facts.sql",
    "clone_file.sql",
    "clone_layout.sh",
    "clone_layout.sql",
    "clone_parameters.sql",
    "clone_passed.sql",
    "clone_placed.sql",
    "clone_position.sql",
    "clone_remember.sql",
    "clone_subscriber_position.sql",
    "clone_tablespaces.sql",
    "close_subscriber.sql",
    "close_writes.sql",
    "closed.sql",
    "collations_moved.sql",
    "comments_read.sql",
    "comments_write.sql",
    "common.sh",
    "compare.sql",
    "compare_barrier.sql",
    "compare_publisher.sql",
    "compare_publisher_functions.sql",
    "compare_run.sql",
    "compare_subscriber.sql",
    "compare_subscriber_functions.sql",
    "compared_copy.sql",
    "counter.sql",
    "counter_publisher.sql",
    "cut_publisher.sql",
    "cut_publisher_end.sql",
    "cut_subscriber.sql",
    "cutover.sh",
    "dir.sql",
    "direct.sql",
    "drain.sh",
    "drain_publisher.sql",
    "drain_subscriber.sql",
    "drained.sql",
    "drained_publisher.sql",
    "drained_subscriber.sql",
    "drained_table.sql",
    "drop_empty_state.sql",
    "dsn_formats.sql",
    "dump.sh",
    "dump_oids.sql",
    "emptied.sql",
    "empty_tables.sql",
    "end_loads.sql",
    "end_parts.sql",
    "exported.sh",
    "exported_begin.sql",
    "exported_loaded.sql",
    "exported_look.sql",
    "exported_over_publisher.sql",
    "exported_over_subscriber.sql",
    "exported_slots.sql",
    "exported_snapshot.sql",
    "exported_triggers.sql",
    "extensions_behind.sql",
    "filters_covered.sql",
    "flush.sql",
    "flush_publisher.sql",
    "flush_subscriber.sql",
    "foreign_code.sql",
    "foreign_keys_drop.sql",
    "foreign_keys_forget.sql",
    "foreign_keys_known.sql",
    "foreign_keys_missing.sql",
    "foreign_keys_restore.sql",
    "foreign_keys_return.sql",
    "foreign_keys_saved.sql",
    "foreign_keys_table.sql",
    "foreign_keys_validate.sql",
    "foreign_keys_validate_publisher.sql",
    "foreign_state.sql",
    "forget.sql",
    "forget_bootstrap.sql",
    "forget_drained.sql",
    "forget_mark.sql",
    "forget_opened.sql",
    "forget_repair.sql",
    "forward_again_subscriber.sql",
    "freeze.sql",
    "functions_applied.sql",
    "functions_checked.sql",
    "functions_loaded.sql",
    "functions_made.sql",
    "functions_refuse.sql",
    "functions_validated.sql",
    "grown.sql",
    "grown_members.sql",
    "health_errors.sql",
    "health_publisher.sql",
    "health_subscriber.sql",
    "health_tables.sql",
    "held_subscription.sql",
    "held_table.sql",
    "hold.sql",
    "identities.sql",
    "identities_back.sql",
    "identities_noted.sql",
    "identity_flaws.sql",
    "inventory.sh",
    "inventory_compare.sql",
    "inventory_held.sql",
    "inventory_objects.sql",
    "inventory_passwords.sql",
    "inventory_privileges.sql",
    "inventory_read.sql",
    "inventory_relations.sql",
    "inventory_server.sql",
    "inventory_unreplicated.sql",
    "keyless.sql",
    "keys.sh",
    "keys_there.sql",
    "keys_wanted.sql",
    "load.sql",
    "loader.sql",
    "log_off.sql",
    "log_on.sql",
    "login_table.sql",
    "logins.sh",
    "logins_publisher.sql",
    "logins_subscriber.sql",
    "mark.sql",
    "materialized_views.sql",
    "members.sql",
    "mend.sh",
    "mend_publisher.sql",
    "mend_publisher_functions.sql",
    "mend_subscriber.sql",
    "mirror_publications_drop.sql",
    "mirrors_drop.sql",
    "mirrors_enable.sql",
    "missing.sql",
    "never_ready.sql",
    "no_repair.sql",
    "no_sessions.sql",
    "not_opened.sql",
    "objects_publisher.sql",
    "objects_subscriber.sql",
    "open_publisher.sql",
    "open_ready_publisher.sql",
    "open_ready_subscriber.sql",
    "open_roles.sql",
    "open_subscriber.sql",
    "open_writes.sql",
    "opened.sql",
    "opened_subscriber.sql",
    "out.sql",
    "own_roles.sql",
    "owners_write.sql",
    "partitions.sh",
    "partitions_guard.sql",
    "partitions_published.sql",
    "partitions_publisher.sql",
    "partitions_subscriber.sql",
    "passwords.sh",
    "passwords_may.sql",
    "passwords_may_publisher.sql",
    "passwords_may_subscriber.sql",
    "passwords_read.sql",
    "passwords_write.sql",
    "planned_publications_drop.sql",
    "planned_slots_drop.sql",
    "position.sh",
    "powers.sql",
    "publication_differences.sql",
    "publications_exact.sql",
    "published.sql",
    "published_read.sql",
    "publisher.sql",
    "publisher_dsn.sql",
    "publisher_settings.sql",
    "publisher_tables.sql",
    "read_by_superuser.sql",
    "read_only.sql",
    "ready_publisher.sql",
    "receivers_enable.sql",
    "release.sql",
    "release_held.sql",
    "repair.sh",
    "repair_check_publisher.sql",
    "repair_check_subscriber.sql",
    "repair_emptied_subscriber.sql",
    "repair_empty.sql",
    "repair_keys_subscriber.sql",
    "repair_others.sql",
    "repair_out_subscriber.sql",
    "repair_publications_known.sql",
    "repair_slots_known.sql",
    "repair_start_publisher.sql",
    "repair_start_subscriber.sql",
    "repair_state.sql",
    "repair_stop_publisher.sql",
    "repair_stop_subscriber.sql",
    "repair_subscriptions_known.sql",
    "repair_unlisted.sql",
    "repaired.sql",
    "require_closed.sql",
    "require_drained.sql",
    "require_mark.sql",
    "require_state.sql",
    "require_stopped.sql",
    "require_verified.sql",
    "reverse_drain_subscriber.sql",
    "reverse_end_publisher.sql",
    "reverse_end_subscriber.sql",
    "reverse_publications.sql",
    "reverse_publications_there.sql",
    "reverse_settings_publisher.sql",
    "reverse_settings_subscriber.sql",
    "reverse_slots_drop.sql",
    "reverse_slots_there.sql",
    "reverse_subscriptions.sql",
    "roles_make.sql",
    "roles_read.sql",
    "run.sh",
    "same_type.sql",
    "schema.sh",
    "schema_attached.sql",
    "schema_kinds.sql",
    "sequences.sh",
    "sequences.sql",
    "sequences_read.sql",
    "sequences_read_publisher.sql",
    "sequences_read_subscriber.sql",
    "sequences_write.sql",
    "sequences_write_publisher.sql",
    "sequences_write_subscriber.sql",
    "session.sql",
    "sessions_publisher.sql",
    "set_state.sql",
    "setting_statement.sql",
    "settings_make.sql",
    "settings_read.sql",
    "settle.sql",
    "slot_waits.sql",
    "slots.sql",
    "slots_absent.sql",
    "slots_blocked.sql",
    "slots_drop.sql",
    "slots_position.sql",
    "slots_stay_dropped.sql",
    "slots_usable.sql",
    "snapshot.sh",
    "snapshot_alive.sql",
    "snapshot_code.sql",
    "snapshot_emptied.sql",
    "snapshot_hold.sql",
    "snapshot_loaded.sql",
    "snapshot_lock.sql",
    "snapshot_look.sql",
    "snapshot_over.sql",
    "snapshot_progress.sql",
    "snapshot_queue.sql",
    "snapshot_receive.sql",
    "snapshot_received.sql",
    "snapshot_send.sql",
    "snapshot_session.sql",
    "snapshot_settle.sql",
    "snapshot_state.sql",
    "snapshot_tables.sql",
    "snapshot_take.sql",
    "state.sql",
    "still_read_only.sql",
    "stop_writes.sql",
    "stopped.sql",
    "subscribed.sql",
    "subscriber.sql",
    "subscriber_dsn.sql",
    "subscriber_empty.sql",
    "subscriber_settings.sql",
    "subscriber_tables.sql",
    "subscriber_warnings.sql",
    "subscriptions_drop.sql",
    "subscriptions_enable.sql",
    "subscriptions_exact.sql",
    "subscriptions_make.sql",
    "subscriptions_not_stopped.sql",
    "subscriptions_ours.sql",
    "subscriptions_own.sql",
    "subscriptions_stop.sql",
    "switch.sql",
    "tables_not_ready.sql",
    "take_part.sql",
    "tenant_functions.sql",
    "thaw.sql",
    "transition.sh",
    "transition.sql",
    "transition_adopt.sql",
    "transition_cleanup.sql",
    "transition_clear.sql",
    "transition_copy.sql",
    "transition_forget.sql",
    "transition_go_on.sql",
    "transition_held.sql",
    "transition_hold.sql",
    "transition_idle.sql",
    "transition_left_publisher.sql",
    "transition_left_subscriber.sql",
    "transition_list.sql",
    "transition_mark.sql",
    "transition_place.sql",
    "transition_publications.sql",
    "transition_published.sql",
    "transition_publisher_check.sql",
    "transition_register.sql",
    "transition_release.sql",
    "transition_resume.sql",
    "transition_settle.sql",
    "transition_subscriber_check.sql",
    "transition_switch.sql",
    "transition_taker.sql",
    "transition_unfilled.sql",
    "transition_wait.sql",
    "transition_wait_others.sql",
    "truncate_allow.sql",
    "truncate_guard.sql",
    "truncate_guarded.sql",
    "truncate_unguarded.sql",
    "unfilled.sql",
    "unplanned.sql",
    "unsent_publisher.sql",
    "vacuum.sh",
    "vacuum_subscriber.sql",
    "verified.sql",
    "verify.sh",
    "wait_for_slots.sql",
    "wait_ready.sql",
    "wall_down.sql",
    "wall_up.sql",
    "way_back.sql",
    "where_publisher.sql",
    "where_subscriber.sql",
    "workers_end.sql",
    "writes_open_publisher.sql",
    "writes_open_subscriber.sql",
}

/// What a cutover is configured by.
pub(super) const CUTOVER_EXAMPLE: &str = "cutover.conf.example";

/// Files beside the steps.
pub(super) const TOP: &[(&str, &str)] =
    &[("run.sh", include_str!("assets/run.sh")), (CUTOVER_EXAMPLE, include_str!("assets/cutover.conf.example"))];

/// The psql variables by which SQL of `lib` and of `steps` names other steps, as `step_stop`.
pub(super) fn variables_of_steps(steps: &[Step]) -> BTreeSet<String> {
    let words = |body: &str| -> Vec<String> {
        body.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).map(str::to_owned).collect()
    };
    let library = LIB.iter().filter(|(file, _)| file.ends_with(".sql")).map(|(_, body)| *body);
    let of_steps = steps.iter().filter(|step| step.side.is_sql()).map(|step| step.body.as_str());
    library.chain(of_steps).flat_map(words).filter(|word| word.starts_with("step_")).collect()
}

/// The static files that steps and `plan/` lead to.
pub(super) fn needed(steps: &[Step], plan: &[Support]) -> Vec<Support> {
    let library: BTreeMap<&str, &str> = LIB.iter().copied().collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = steps.iter().map(|step| step.body.as_str()).collect();
    open.extend(plan.iter().map(|file| file.body.as_str()));
    open.extend(TOP.iter().map(|(_, body)| *body));
    while let Some(body) = open.pop() {
        for name in mentioned(body) {
            if let Some((&name, &body)) =
                library.get_key_value(name.as_str()).filter(|(name, _)| !found.contains(*name))
            {
                found.insert(name);
                open.push(body);
            }
        }
    }
    let lib = found.into_iter().map(|name| Support::new(&format!("lib/{name}"), library[name].to_owned()));
    lib.chain(TOP.iter().map(|(name, body)| Support::new(name, (*body).to_owned()))).collect()
}

/// Names of files that a text could lead to: the last part of each path. `$1` and `$side` in one stand for both sides.
fn mentioned(body: &str) -> BTreeSet<String> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '$');
    let words = body.split(|c| !is_path(c)).filter(|word| word.ends_with(".sql") || word.ends_with(".sh"));
    let names = words.map(|word| word.rsplit('/').next().unwrap_or(word));
    names
        .flat_map(|name| match name.find('$') {
            None => vec![name.to_owned()],
            Some(at) => {
                let end = name[at..].find('.').map_or(name.len(), |dot| at + dot);
                ["publisher", "subscriber"].map(|side| format!("{}{side}{}", &name[..at], &name[end..])).into()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_leads_to_files_by_their_names() {
        let text = "\\ir ../lib/guard.sql\n. \"$here/lib/common.sh\"\npsql -f \"$here/lib/flush_$1.sql\" -f \"$here/lib/where_$side.sql\"";
        let expected = [
            "common.sh",
            "flush_publisher.sql",
            "flush_subscriber.sql",
            "guard.sql",
            "where_publisher.sql",
            "where_subscriber.sql",
        ];
        assert_eq!(mentioned(text).iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_file_of_the_folder_is_listed_in_order() {
        let mut on_disk: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/emit/assets/lib"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        on_disk.sort();
        assert_eq!(LIB.iter().map(|(file, _)| *file).collect::<Vec<_>>(), on_disk);
    }
}
