//! The way back: publications and slots on the subscriber, subscriptions on the publisher, for the time after the first
//! write (postgres.md §11). Same tables, same slots, other direction. The forward subscriptions are off by then, and a
//! reverse slot starts after all that they applied, so nothing goes round in a circle.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Context,
    copy::{finish, paragraphs, step},
    cutover,
    ddl::{CreatePublication, Value, only_if, raise_if_any, values},
    foreign_keys, guards,
    script::{Phase, Side, Step, Support, Variable},
    session, slots, support,
};
use crate::{
    names::{SlotName, quote_identifier, quote_literal},
    plan::PlannedSlot,
};

/// One direction's mirror of a slot: slot, publication and subscription have the same name.
pub(super) struct Reverse<'a> {
    /// The slot that it mirrors.
    pub slot: &'a PlannedSlot,
    /// Its name.
    pub name: SlotName,
    /// The second publication, for insert-only members.
    pub insert_only: SlotName,
}

/// The mirrors in the order of the plan's slots. Names of our own: prefix, `rev`, number.
pub(super) fn mirrors<'a>(context: &Context<'a>) -> Vec<Reverse<'a>> {
    let plan = context.plan;
    let mut taken: BTreeSet<String> = plan.slots.iter().map(|slot| slot.name.to_string()).collect();
    for slot in &plan.slots {
        taken.extend([slot.publication.clone(), slot.subscription.clone()]);
        taken.extend(slot.insert_only_publication.clone());
    }
    let mut name = |text: String| SlotName::squeeze(&text, &mut taken);
    let prefix = &plan.policy.prefix;
    plan.slots
        .iter()
        .enumerate()
        .map(|(number, slot)| Reverse {
            slot,
            name: name(format!("{prefix}_rev_{}", number + 1)),
            insert_only: name(format!("{prefix}_rev_{}_insert", number + 1)),
        })
        .collect()
}

impl Reverse<'_> {
    /// Publications of this mirror with their members, as the forward ones have them.
    fn publications<'b>(&'b self, context: &'b Context<'_>) -> Vec<(&'b SlotName, &'b super::Published<'b>)> {
        let of_slot = context.publications.iter().filter(|published| published.slot.name == self.slot.name);
        of_slot
            .map(|published| {
                let insert_only = published.tables.iter().all(|table| table.insert_only);
                (if insert_only { &self.insert_only } else { &self.name }, published)
            })
            .collect()
    }
}

/// The mirrors as a relation `mirror(slot_name)`.
pub(super) fn mirror_names(context: &Context<'_>) -> String {
    let rows: Vec<Vec<Value<'_>>> =
        mirrors(context).iter().map(|mirror| vec![Value::Owned(mirror.name.to_string())]).collect();
    values("mirror", &["slot_name"], &rows)
}

/// Settings and tables that the publisher needs to receive.
pub(super) fn publisher_check(context: &Context<'_>) -> Step {
    let count = context.plan.slots.len();
    let origins = if context.plan.publisher_version.has_origin_limit() {
        "max_active_replication_origins"
    } else {
        "max_replication_slots"
    };
    let others = format!(
        "(SELECT count(*) FROM pg_replication_origin WHERE roname NOT IN (SELECT 'pg_' || s.oid FROM {} JOIN pg_subscription AS s ON s.subname = mirror.slot_name))",
        mirror_names(context)
    );
    let used = if context.plan.publisher_version.has_origin_limit() {
        others
    } else {
        format!("greatest({others}, (SELECT count(*) FROM pg_replication_slots))")
    };
    let shortages = raise_if_any(
        &format!(
            "      SELECT format('%s is %s, but must be at least %s', name, setting, wanted)
      FROM (VALUES ('max_logical_replication_workers', {count} + (SELECT count(*) FROM pg_subscription WHERE subenabled)),
                   ('max_worker_processes', {count} + (SELECT count(*) FROM pg_subscription WHERE subenabled)),
                   ('{origins}', {count} + {used})) AS needs(setting_name, wanted)
      JOIN pg_settings ON name = setting_name WHERE setting::bigint < wanted"
        ),
        "settings of the publisher are too small for the way back",
        "Raise them and restart the publisher before the cutover, or do without the way back.",
    );
    finish(
        context,
        Step {
            why: "The old server receives what is written to the new one, so that even after the first write there is a way back."
                .into(),
            body: shortages,
            ..step(
                "76_publisher_reverse_check.sql",
                Phase::Cutover,
                Side::Publisher,
                "Looks whether the publisher can receive. Changes nothing.",
            )
        },
    )
}

/// Publications on the subscriber, days before the cutover if one likes.
pub(super) fn prepare(context: &Context<'_>) -> Step {
    let count = context.plan.slots.len();
    let version = context.plan.subscriber_version;
    let shortages = raise_if_any(
        &format!(
            "      SELECT format('%s is %s, but must be at least %s', name, setting, wanted)
      FROM (VALUES ('max_replication_slots', {count} + (SELECT count(*) FROM pg_replication_slots)),
                   ('max_wal_senders', {count} + (SELECT count(*) FROM pg_stat_replication))) AS needs(setting_name, wanted)
      JOIN pg_settings ON name = setting_name WHERE setting::bigint < wanted
      UNION ALL SELECT format('wal_level is %s, but must be logical', setting) FROM pg_settings WHERE name = 'wal_level' AND setting <> 'logical'"
        ),
        "settings of the subscriber are too small for the way back",
        "Raise them and restart the subscriber before the cutover.",
    );
    let mut parts = vec![session::require_mark(context), shortages];
    if context.plan.members().any(|(_, table)| guards::is_set_for_reverse(table)) {
        parts.push(guards::set_reverse_identities(context));
    }
    if guards::guards_truncate(context) {
        parts.push(guards::refuse_truncate(context));
    }
    for (number, mirror) in mirrors(context).iter().enumerate() {
        for (name, published) in mirror.publications(context) {
            let publication = CreatePublication {
                name: name.to_string(),
                members: published.members.clone(),
                publish: published.publishes.to_list(),
                via_root: version.publishes_partition_roots().then_some(published.slot.via_root),
            };
            let kind = if name == &mirror.name { "" } else { "_insert" };
            parts.push(only_if(
                &format!("reverse_{number}{kind}_is_missing"),
                &format!("NOT EXISTS (SELECT FROM pg_publication WHERE pubname = {})", quote_literal(name.as_str())),
                &publication.to_sql(),
            ));
        }
    }
    finish(
        context,
        Step {
            why: "A slot must not be older than its publication, and this takes time that the cutover does not have."
                .into(),
            undo: Some("90_subscriber_cleanup.sql drops them.".into()),
            body: paragraphs(&parts),
            ..step(
                "76_subscriber_reverse_prepare.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Creates the publications of the way back; no slot yet.",
            )
        },
    )
}

/// The slots of the way back, once nothing is applied any more.
pub(super) fn make_slots(context: &Context<'_>) -> Step {
    let mut parts = vec![session::require_mark(context), cutover::require_stopped(context)];
    parts.extend(slots::create(mirrors(context).iter().map(|mirror| &mirror.name)));
    finish(
        context,
        Step {
            why: "They start after everything that came from the publisher and before the first write of the application.".into(),
            undo: Some("abort.sh, or 90_subscriber_cleanup.sql, drops them.".into()),
            hazard: Some("They keep WAL on the new server until the clean-up.".into()),
            body: paragraphs(&parts),
            ..step(
                "83_subscriber_reverse_slots.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Creates the replication slots of the way back.",
            )
        },
    )
}

/// A subscription of the way back in this database, with a condition on `s`.
fn mirror_exists(mirror: &Reverse<'_>, condition: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = {}{condition})",
        quote_literal(mirror.name.as_str())
    )
}

/// Refuses a subscriber without the publications of the way back: 13 and 14 would subscribe to nothing without a word.
pub(super) fn require_publications(context: &Context<'_>) -> String {
    let rows: Vec<Vec<Value<'_>>> = mirrors(context)
        .iter()
        .flat_map(|mirror| {
            mirror.publications(context).into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
        })
        .map(|name| vec![Value::Owned(name)])
        .collect();
    raise_if_any(
        &format!(
            "      SELECT format('publication %I', mirror.publication_name) FROM {}
      WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = mirror.publication_name)",
            values("mirror", &["publication_name"], &rows)
        ),
        "publications of the way back are missing",
        "Run 76_subscriber_reverse_prepare.sql first.",
    )
}

/// The subscriptions on the old server, disabled: whether it reaches the new one shows before anybody waits.
pub(super) fn subscriptions(context: &Context<'_>) -> Step {
    let mut parts = Vec::new();
    for (number, mirror) in mirrors(context).iter().enumerate() {
        let name = quote_identifier(mirror.name.as_str());
        let list: Vec<String> =
            mirror.publications(context).iter().map(|(name, _)| quote_identifier(name.as_str())).collect();
        parts.push(only_if(
            &format!("reverse_{number}_is_missing"),
            &format!("NOT {}", mirror_exists(mirror, "")),
            &format!(
                "CREATE SUBSCRIPTION {name}\n    CONNECTION :'subscriber_dsn'\n    PUBLICATION {}\n    \
                 WITH (create_slot = false, slot_name = {}, copy_data = false, enabled = false);",
                list.join(", "),
                quote_literal(mirror.name.as_str())
            ),
        ));
    }
    finish(
        context,
        Step {
            why: "Making them connects to the new server, which takes time and can fail: better now than in the pause.".into(),
            undo: Some("abort.sh before the first write; 91_publisher_cleanup.sql drops them for good.".into()),
            variables: vec![Variable {
                name: "subscriber_dsn".into(),
                meaning: "connection string by which the publisher's server reaches the subscriber's database, with a role that \
                          has REPLICATION"
                    .into(),
                required: true,
            }],
            go: "Go on when the exit code is 0. A refused connection is a no-go for the cutover: there would be no way back.".into(),
            body: paragraphs(&parts),
            ..step(
                "77_publisher_reverse_subscriptions.sql",
                Phase::Cutover,
                Side::Publisher,
                "Creates the subscriptions of the way back on the old server, disabled.",
            )
        },
    )
}

/// From here on the old server follows the new one.
pub(super) fn start(context: &Context<'_>) -> Step {
    let mirrors = mirrors(context);
    let mut parts = vec![raise_if_any(
        &format!(
            "      SELECT format('subscription %I', mirror.slot_name) FROM {}
      WHERE NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
        WHERE d.datname = current_database() AND s.subname = mirror.slot_name)",
            mirror_names(context)
        ),
        "subscriptions of the way back are missing",
        "Run 77_publisher_reverse_subscriptions.sql first.",
    )];
    if foreign_keys::are_cut(context) {
        parts.push(session::create_state_schema());
        parts.push(foreign_keys::drop_on_subscriber(context));
    }
    for (number, mirror) in mirrors.iter().enumerate() {
        parts.push(only_if(
            &format!("reverse_{number}_is_disabled"),
            &mirror_exists(mirror, " AND NOT s.subenabled"),
            &format!("ALTER SUBSCRIPTION {} ENABLE;", quote_identifier(mirror.name.as_str())),
        ));
    }
    finish(
        context,
        Step {
            why: "From the first write on, the old server follows the new one. Foreign keys that join two slots are dropped there \
                  for the same reason as they were on the subscriber, and remembered."
                .into(),
            undo: Some("abort.sh before the first write; 91_publisher_cleanup.sql drops them for good.".into()),
            body: paragraphs(&parts),
            ..step(
                "84_publisher_reverse_start.sql",
                Phase::Cutover,
                Side::Publisher,
                "Enables the subscriptions of the way back on the old server.",
            )
        },
    )
}

/// Statements that drop the reverse subscriptions, wherever they got to; they let go of their slots first.
pub(super) fn drop_subscriptions(context: &Context<'_>) -> String {
    let mut parts = Vec::new();
    for (number, mirror) in mirrors(context).iter().enumerate() {
        let name = quote_identifier(mirror.name.as_str());
        parts.push(only_if(
            &format!("reverse_{number}_exists"),
            &mirror_exists(mirror, ""),
            &format!(
                "ALTER SUBSCRIPTION {name} DISABLE;\nALTER SUBSCRIPTION {name} SET (slot_name = NONE);\nDROP SUBSCRIPTION {name};"
            ),
        ));
    }
    parts.join("\n\n")
}

/// The way back ends for good.
pub(super) fn end(context: &Context<'_>) -> Step {
    let mut parts = vec![drop_subscriptions(context)];
    if foreign_keys::are_cut(context) {
        parts.push(foreign_keys::return_where_dropped(context));
    }
    finish(
        context,
        Step {
            why: "Its slots keep WAL on the new server, and the old server need not be kept alive for them.".into(),
            hazard: Some("From here on there is no way back to the old server.".into()),
            body: paragraphs(&parts),
            duration: "seconds, and one read of the tables whose foreign keys return".into(),
            ..step(
                "89_publisher_reverse_end.sql",
                Phase::Cleanup,
                Side::Publisher,
                "Drops the subscriptions of the way back; dropped foreign keys of the old server return.",
            )
        },
    )
}

/// Statements that drop the reverse slots once nobody uses them.
pub(super) fn drop_slots(context: &Context<'_>) -> String {
    slots::drop(
        &mirror_names(context),
        "mirror",
        "a replication slot of the way back is still in use",
        "Drop its subscription on the old server first: 91_publisher_cleanup.sql or abort.sh.",
    )
}

/// Statements that drop the reverse publications.
pub(super) fn drop_publications(context: &Context<'_>) -> String {
    let mut text = String::new();
    for (number, mirror) in mirrors(context).iter().enumerate() {
        for (name, _) in mirror.publications(context) {
            let kind = if name == &mirror.name { "" } else { "_insert" };
            let drop = only_if(
                &format!("reverse_{number}{kind}_exists"),
                &format!("EXISTS (SELECT FROM pg_publication WHERE pubname = {})", quote_literal(name.as_str())),
                &format!("DROP PUBLICATION {};", quote_identifier(name.as_str())),
            );
            let _ = write!(text, "{}{drop}", if text.is_empty() { "" } else { "\n\n" });
        }
    }
    text
}

/// Waits until the old server has everything.
pub(super) fn drain(context: &Context<'_>) -> Support {
    let mirror = mirror_names(context);
    let body = super::verify::wait_for_slots(context.plan.subscriber_version, &mirror, "mirror");
    support::sql(
        context,
        Side::Subscriber,
        "lib/reverse_drain_subscriber.sql",
        "Waits until the old server has confirmed all that was written to the new one.",
        &[],
        &[super::verify::wait_setting(60), body],
    )
}
