//! The plan as data: temporary tables and psql variables for sessions, values for the shell, and the statements that must be
//! generated. Nothing else knows how a plan is spelled as data; everything in `lib/` reads it from here.
//!
//! Rows travel as COPY of text: 10,000 of them take about 10 ms, and no name is ever part of a statement.

mod repair;
mod transition;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    Bootstrap, Context, Published, Streaming, assets,
    ddl::{CreatePublication, CreateSubscription, Start},
    script::Support,
    step::{Shape, Step, StepSide},
};
use crate::{
    names::{self, SlotName, TableName, array_literal, copy_field, quote_literal_visibly, quote_psql, quote_shell},
    plan::{
        Bootstrap as How, Plan, PlannedForeignKey, PlannedSlot, PlannedTable, Publishes, left_out,
        needs::{Needs, SPARE},
    },
    policy::ForeignKeyMode,
    server::{AppliesAs, ServerVersion},
    workload::{Deferrability, Enforcement, ReplicaIdentity, TableKind},
};

/// Names of our own that a plan implies: slots, publications and subscriptions of the way back, triggers.
pub(crate) struct Mirrors {
    /// Slot and subscription for each planned slot, in their order.
    pub slots: Vec<SlotName>,
    /// Publication for each planned one, in the order of [`Context::publications`].
    pub publications: Vec<SlotName>,
}

impl Mirrors {
    /// As [`Plan::mirrors`] names them.
    pub fn of(plan: &Plan, publications: &[Published<'_>]) -> Self {
        let mirrors = plan.mirrors();
        let numbers: BTreeMap<&SlotName, usize> =
            plan.slots.iter().enumerate().map(|(number, slot)| (&slot.name, number)).collect();
        let of = |published: &Published<'_>| {
            let mirror = &mirrors[numbers.get(&published.slot.name).copied().unwrap_or_default()];
            if published.is_insert_only() { mirror.insert_only.clone() } else { mirror.name.clone() }
        };
        let publications = publications.iter().map(of).collect();
        Mirrors { slots: mirrors.into_iter().map(|mirror| mirror.name).collect(), publications }
    }
}

/// Whether foreign keys are dropped and restored.
pub(super) fn cuts_foreign_keys(plan: &Plan) -> bool {
    plan.policy.foreign_keys == ForeignKeyMode::Restore && plan.foreign_keys.iter().any(|key| key.cut)
}

/// Whether any member is a partition or has some.
pub(super) fn has_trees(context: &Context<'_>) -> bool {
    context.plan.members().any(|(_, table)| table.partition_root.is_some() || table.kind == TableKind::Partitioned)
}

/// Whether any slot's tables must not be truncated.
pub(super) fn guards_truncate(context: &Context<'_>) -> bool {
    context.publications.iter().any(|published| !published.publishes.truncate)
}

/// Streaming as far as both sides can: it spares a slot the spilling of transactions that it does not publish.
pub(super) fn streaming(publisher: ServerVersion, subscriber: ServerVersion) -> Option<Streaming> {
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

/// Everything in `plan/`. `steps` have their file names.
pub(super) fn files(context: &Context<'_>, steps: &[Step]) -> Vec<Support> {
    let mut files = vec![
        Support::new("plan/tables.sql", tables(context)),
        Support::new("plan/members.sql", members_sql(context)),
        Support::new("plan/values.sql", values_sql(context, steps)),
        Support::new("plan/values.sh", values_sh(context)),
        Support::new("plan/steps.sh", steps_sh(steps)),
        Support::new("plan/publications.sql", publications_sql(context)),
        Support::new("plan/subscriptions.sql", subscriptions_sql(context)),
    ];
    match &context.part {
        None if context.bootstrap == Bootstrap::Dump => {
            files.push(Support::new("plan/dump_arguments.sh", dump_arguments(context)));
        }
        None => {}
        Some(part) => {
            files.push(Support::new("plan/repair.sql", repair::sql(context, part)));
            files.push(Support::new("plan/members_again.sql", repair::members_again(context, part)));
        }
    }
    files
}

/// What a change of plans has besides.
pub(super) fn transition_files(context: &Context<'_>, transition: &super::transition::Transition<'_>) -> Vec<Support> {
    vec![
        Support::new("plan/transition.sql", transition::sql(context, transition)),
        Support::new("plan/transition.sh", transition::shell(transition)),
    ]
}

/// A table and its rows.
struct Relation {
    name: &'static str,
    what: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Relation {
    fn write(&self, text: &mut String) {
        let _ = write!(text, "-- {}\nCREATE TEMP TABLE {} ({});\n", self.what, self.name, self.columns.join(", "));
        let names: Vec<&str> = self.columns.iter().map(|column| column.split(' ').next().unwrap_or(column)).collect();
        if !self.rows.is_empty() {
            let _ = writeln!(text, "COPY pg_temp.{} ({}) FROM stdin;", self.name, names.join(", "));
            for row in &self.rows {
                text.push_str(&row.join("\t"));
                text.push('\n');
            }
            text.push_str("\\.\n");
        }
    }
}

fn text(value: &str) -> String {
    copy_field(value)
}

fn flag(value: bool) -> String {
    if value { "t" } else { "f" }.to_owned()
}

fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    copy_field(&array_literal(items))
}

/// What every session loads: names and flags only, since a table with TOAST takes six times as long to make.
fn tables(context: &Context<'_>) -> String {
    let mut text =
        "-- Slots, publications and relations of the plan as temporary tables. Loaded by lib/load.sql.\n".to_owned();
    for relation in [slots(context), mirrors(context), publications(context), relations(context)] {
        relation.write(&mut text);
    }
    text
}

/// What only some sessions load.
fn members_sql(context: &Context<'_>) -> String {
    let mut text =
        "-- Members, partitions and foreign keys of the plan as temporary tables. Loaded by lib/members.sql.\n"
            .to_owned();
    for relation in [members(context), partitions(context), excluded(context), foreign_keys(context)] {
        relation.write(&mut text);
    }
    text
}

fn slots(context: &Context<'_>) -> Relation {
    let row = |(number, slot): (usize, &PlannedSlot)| {
        vec![number.to_string(), text(slot.name.as_str()), text(&slot.subscription)]
    };
    Relation {
        name: "planned_slot",
        what: "Slots, and the subscription of each.",
        columns: &["number integer", "slot_name name", "subscription_name name"],
        rows: context.slots().map(row).collect(),
    }
}

fn mirrors(context: &Context<'_>) -> Relation {
    let slots = context.mirrors.slots.iter().enumerate();
    Relation {
        name: "planned_mirror",
        what: "Slots of the way back, in the same order; their subscriptions have the same names.",
        columns: &["number integer", "slot_name name"],
        rows: slots.map(|(number, name)| vec![number.to_string(), text(name.as_str())]).collect(),
    }
}

fn publications(context: &Context<'_>) -> Relation {
    let row = |(number, published): (usize, &Published<'_>)| {
        let publishes = published.publishes;
        vec![
            number.to_string(),
            text(published.name),
            text(published.slot.name.as_str()),
            flag(publishes.insert),
            flag(publishes.update),
            flag(publishes.delete),
            flag(publishes.truncate),
            flag(published.slot.via_root),
            text(context.mirrors.publications[number].as_str()),
        ]
    };
    Relation {
        name: "planned_publication",
        what: "Publications with what they publish, and the publication of the way back for each.",
        columns: &[
            "number integer",
            "publication_name name",
            "slot_name name",
            "inserts boolean",
            "updates boolean",
            "deletes boolean",
            "truncates boolean",
            "via_root boolean",
            "mirror_name name",
        ],
        rows: context.publications().map(row).collect(),
    }
}

fn members(context: &Context<'_>) -> Relation {
    let mut rows = Vec::new();
    for (_, published) in context.publications() {
        for table in &published.tables {
            rows.push(vec![
                text(published.slot.name.as_str()),
                text(published.name),
                text(&table.schema),
                text(&table.name),
                if table.kind == TableKind::Partitioned { "p" } else { "r" }.to_owned(),
                flag(published.slot.via_root),
                table.identity.letter().to_owned(),
                list(table.identity_columns.iter().map(String::as_str)),
                flag(table.set_identity),
                flag(published.publishes.needs_identity()),
                flag(published.publishes.truncate),
                flag(table.row_filter.is_some()),
                flag(table.only),
                table.row_filter.as_deref().map_or_else(|| "\\N".to_owned(), text),
            ]);
        }
    }
    Relation {
        name: "planned_table",
        what: "Members of the publications: identity as in pg_class.relreplident; publishes_changes: UPDATE or DELETE.",
        columns: &[
            "slot_name name",
            "publication_name name",
            "schema_name name",
            "table_name name",
            "kind \"char\"",
            "via_root boolean",
            "identity \"char\"",
            "identity_columns text[]",
            "sets_identity boolean",
            "publishes_changes boolean",
            "truncates boolean",
            "is_filtered boolean",
            "is_only boolean",
            "row_filter text",
        ],
        rows,
    }
}

fn relations(context: &Context<'_>) -> Relation {
    let mut rows = Vec::new();
    for (number, slot) in context.slots() {
        for table in slot.tables.iter().filter(|table| context.copies(slot, table)) {
            let publishes = Publishes::of_table(slot, table);
            let is_set_later = table.set_identity && table.identity == ReplicaIdentity::Index;
            let needs_key = publishes.needs_identity() && table.identity != ReplicaIdentity::Full && !is_set_later;
            for name in slot.received(table) {
                rows.push(vec![
                    number.to_string(),
                    text(slot.name.as_str()),
                    text(&slot.subscription),
                    text(&name.schema),
                    text(&name.name),
                    flag(table.only),
                    flag(needs_key),
                ]);
            }
        }
    }
    Relation {
        name: "planned_relation",
        what: "Relations that each subscription writes into; needs_key: rows are found by a key that must be there before the start.",
        columns: &[
            "slot_number integer",
            "slot_name name",
            "subscription_name name",
            "schema_name name",
            "table_name name",
            "is_only boolean",
            "needs_key boolean",
        ],
        rows,
    }
}

fn partitions(context: &Context<'_>) -> Relation {
    let mut rows = BTreeSet::new();
    for (_, table) in context.plan.members() {
        for leaf in &table.leaves {
            rows.insert(vec![text(&table.schema), text(&table.name), text(&leaf.schema), text(&leaf.name)]);
        }
    }
    Relation {
        name: "planned_partition",
        what: "Partitions that were known when the plan was made.",
        columns: &["root_schema name", "root_name name", "schema_name name", "table_name name"],
        rows: rows.into_iter().collect(),
    }
}

fn excluded(context: &Context<'_>) -> Relation {
    Relation {
        name: "planned_excluded",
        what: "What the plan leaves out: because somebody chose to, of its kind when it was sampled, or of itself.",
        columns: &["schema_name name", "table_name name", "because text"],
        rows: context
            .plan
            .excluded
            .iter()
            .map(|table| {
                let because = left_out::because(&table.reason).as_str();
                vec![text(&table.schema), text(&table.name), text(because)]
            })
            .collect(),
    }
}

fn foreign_keys(context: &Context<'_>) -> Relation {
    let restores = cuts_foreign_keys(context.plan);
    let row = |key: &PlannedForeignKey| {
        let key = &key.key;
        vec![
            text(&key.from.schema),
            text(&key.from.name),
            text(&key.name),
            flag(restores),
            flag(key.from != key.to),
            text(&key.to.schema),
            text(&key.to.name),
            list(key.columns.iter().map(String::as_str)),
            list(key.referenced_columns.iter().map(String::as_str)),
            key.match_type.letter().to_owned(),
            key.on_update.letter().to_owned(),
            key.on_delete.letter().to_owned(),
            list(key.on_delete_columns.iter().map(String::as_str)),
            flag(key.deferrability != Deferrability::NotDeferrable),
            flag(key.deferrability == Deferrability::InitiallyDeferred),
            flag(key.enforcement == Enforcement::Validated),
            flag(key.enforcement != Enforcement::NotEnforced),
            flag(key.period),
        ]
    };
    Relation {
        name: "planned_foreign_key",
        what: "Foreign keys that the plan cuts, in parts as in pg_constraint; is_restored: dropped on the subscriber until the cutover.",
        columns: &[
            "schema_name name",
            "table_name name",
            "constraint_name name",
            "is_restored boolean",
            "joins_slots boolean",
            "to_schema name",
            "to_name name",
            "columns text[]",
            "to_columns text[]",
            "match_type \"char\"",
            "update_action \"char\"",
            "delete_action \"char\"",
            "delete_columns text[]",
            "is_deferrable boolean",
            "is_deferred boolean",
            "is_validated boolean",
            "is_enforced boolean",
            "has_period boolean",
        ],
        rows: context.plan.foreign_keys.iter().filter(|key| key.cut).map(row).collect(),
    }
}

/// `\set` lines: the session's values, the file names of steps, and what versions and bootstraps branch by.
fn values_sql(context: &Context<'_>, steps: &[Step]) -> String {
    let plan = context.plan;
    let steps_in_sql = assets::variables_of_steps(steps);
    let (publisher, subscriber) = (plan.publisher_version, plan.subscriber_version);
    let needs = Needs::of(plan, context.bootstrap);
    let prefix = &plan.policy.prefix;
    let on = |value: bool| if value { "on" } else { "off" }.to_owned();
    let origin_setting = |version: ServerVersion| {
        if version.has_origin_limit() { "max_active_replication_origins" } else { "max_replication_slots" }.to_owned()
    };
    let slots_step = match context.bootstrap {
        Bootstrap::Dump => "dump",
        Bootstrap::Snapshot => "snapshot",
        _ => "slots",
    };
    let mode = match plan.policy.foreign_keys {
        ForeignKeyMode::Restore => "restore",
        ForeignKeyMode::Guard => "guard",
        ForeignKeyMode::Together => "together",
    };
    let growing = growing_slots(context);
    let mut lines: Vec<(&str, String)> = vec![
        ("plan_sha256", plan.plan_sha256.to_string()),
        ("prefix", prefix.to_string()),
        ("database", plan.database.clone()),
        ("system_identifier", plan.server.system_identifier.map(String::from).unwrap_or_default()),
        ("is_copy", on(context.bootstrap == How::Copy)),
        ("keys_come_later", on(context.keys_come_later)),
        ("publisher_has_tid_ranges", on(publisher.scans_ranges_of_blocks())),
        ("is_aurora", on(context.bootstrap == How::Aurora)),
        ("is_physical", on(context.bootstrap.is_physical())),
        ("privileges", context.privileges.as_str().to_owned()),
        ("may_freeze", on(context.privileges.may_freeze(plan.server.flavor))),
        ("has_way_back", on(context.has_way_back())),
        ("failover_slots", on(context.failover_slots)),
        ("publisher_major", publisher.major().to_string()),
        ("subscriber_major", subscriber.major().to_string()),
        ("publisher_wal_levels", array_literal(publisher.wal_levels_that_decode().iter().copied())),
        ("subscriber_wal_levels", array_literal(subscriber.wal_levels_that_decode().iter().copied())),
        ("publisher_has_roots", on(publisher.publishes_partition_roots())),
        ("publisher_has_row_filters", on(publisher.has_row_filters())),
        ("publisher_has_schema_publications", on(publisher.publishes_schemas())),
        ("publisher_applies_as_owner", on(publisher.applies_as() != AppliesAs::TableOwner)),
        ("subscriber_applies_as_owner", on(subscriber.applies_as() != AppliesAs::TableOwner)),
        ("publisher_asks_formats", on(publisher.asks_for_formats())),
        ("subscriber_asks_formats", on(subscriber.asks_for_formats())),
        ("publisher_origin_setting", origin_setting(publisher)),
        (
            "refuses_generated_identity",
            on(publisher.refuses_generated_identity() || subscriber.refuses_generated_identity()),
        ),
        ("views_read_alike", on(publisher.qualifies_every_column() == subscriber.qualifies_every_column())),
        (
            "icu_locales_read_alike",
            on(publisher.writes_icu_locales_as_tags() == subscriber.writes_icu_locales_as_tags()),
        ),
        ("both_have_maintain", on(publisher.has_maintain_privilege() && subscriber.has_maintain_privilege())),
        ("subscriber_knows_default_collation", on(subscriber.knows_version_of_default_collation())),
        ("subscriber_grants_inherit_and_set", on(subscriber.grants_with_inherit_and_set())),
        ("subscriber_has_lasting_sync_slots", on(subscriber.drops_sync_slots_early())),
        ("publisher_roots_take_not_valid", on(publisher.has_unvalidated_keys_of_roots())),
        ("subscriber_roots_take_not_valid", on(subscriber.has_unvalidated_keys_of_roots())),
        ("subscriber_has_roots", on(subscriber.receives_into_partition_roots())),
        ("subscriber_origin_setting", origin_setting(subscriber)),
        ("parallel_apply", on(needs.parallel)),
        ("subscription_count", needs.subscriptions.to_string()),
        ("needed_workers", needs.workers.to_string()),
        ("needed_slots", needs.publisher_slots().to_string()),
        ("needed_walsenders", needs.publisher_walsenders().to_string()),
        ("needed_origins", needs.origins().to_string()),
        ("sync_workers", needs.sync_workers.unwrap_or_default().to_string()),
        ("spare", SPARE.to_string()),
        ("foreign_key_mode", mode.to_owned()),
        ("cuts_foreign_keys", on(cuts_foreign_keys(plan))),
        ("guards_truncate", on(guards_truncate(context))),
        ("truncate_guard", format!("{prefix}_refuse_truncate")),
        ("freeze", format!("{prefix}_refuse_ddl")),
        ("freeze_drop", format!("{prefix}_refuse_ddl_drop")),
        ("slots_id", slots_step.to_owned()),
        ("has_leaves", on(!growing.is_empty())),
        ("growing_slots", array_literal(growing)),
    ];
    if let Some(part) = &context.part {
        lines.push(("repair", part.key.clone()));
    }
    let steps: Vec<(String, &Step)> = steps.iter().map(|step| (format!("step_{}", step.id.as_str()), step)).collect();
    let is_named = |name: &str| steps_in_sql.iter().any(|named| named == name);
    let named = steps.iter().filter(|(name, _)| is_named(name));
    lines.extend(named.map(|(name, step)| (name.as_str(), step.file.clone())));
    let mut text =
        "-- The plan's values, what its versions have, and the files of its steps, as psql variables.\n".to_owned();
    for (name, value) in lines {
        let _ = writeln!(text, "\\set {name} {}", quote_psql(&value));
    }
    text
}

/// What the shell must know of the plan. Slot names need no quotes: `[a-z0-9_]`.
fn values_sh(context: &Context<'_>) -> String {
    let plan = context.plan;
    let slots: Vec<&str> = context.slots().map(|(_, slot)| slot.name.as_str()).collect();
    let mut text = format!(
        "# What the shell must know of the plan. Sourced.\nplan={}\nprefix={}\ndatabase={}\nslots='{}'\nfirst_slot={}\n\
         publisher_major={}\nsubscriber_major={}\nprivileges={}\nhas_way_back={}\nfailover_slots={}\nkeys_come_later={}\nwithout_checksums='{}'\n",
        quote_shell(&plan.plan_sha256),
        quote_shell(&plan.policy.prefix),
        quote_shell(&names::one_line(&plan.database)),
        slots.join(" "),
        slots.first().copied().unwrap_or_default(),
        plan.publisher_version.major(),
        plan.subscriber_version.major(),
        context.privileges.as_str(),
        if context.has_way_back() { "yes" } else { "no" },
        if context.failover_slots { "yes" } else { "no" },
        if context.keys_come_later { "yes" } else { "no" },
        if plan.subscriber_version.has_checksums_by_default() { "--no-data-checksums" } else { "" },
    );
    if let Some(part) = &context.part {
        let _ = writeln!(text, "repair={}", part.key);
    }
    text
}

/// Steps in their order, and for each: file, phase, side, what it asks of a person, which step does it as a part of itself.
fn steps_sh(steps: &[Step]) -> String {
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let mut text = format!("# The steps in their order. Sourced.\nsteps='{}'\n", ids.join(" "));
    for step in steps {
        let id = step.id.as_str();
        let _ = write!(
            text,
            "step_{id}={} phase_{id}={} side_{id}={}",
            quote_shell(&step.file),
            step.phase().as_str(),
            step.side.as_str()
        );
        if let Some(whole) = step.part_of {
            let _ = write!(text, " part_of_{id}={}", whole.as_str());
        }
        if step.aside {
            let _ = write!(text, " aside_{id}=yes");
        }
        if let Some(asks) = &step.asks {
            let _ = write!(text, " asks_{id}={}", quote_shell(asks));
        }
        if !step.file.ends_with(".sql") && !step.file.ends_with(".sh") {
            let _ = write!(text, " runs_{id}={}", quote_shell(&step.command()));
        }
        text.push('\n');
    }
    text
}

/// pg_dump's arguments for tables that the plan leaves out.
fn dump_arguments(context: &Context<'_>) -> String {
    let mut text = "# Tables whose rows the dump leaves out, as arguments of pg_dump. Sourced.\n".to_owned();
    for table in &context.plan.excluded {
        let pattern = names::dump_pattern(&TableName::new(table.schema.clone(), table.name.clone()));
        let _ = writeln!(text, "set -- \"$@\" {}", quote_shell(&format!("--exclude-table-data={pattern}")));
    }
    text
}

/// `statement`, run by psql only while `query` is true.
fn only_if(query: &str, statement: &str) -> String {
    format!("SELECT {query} AS is_missing \\gset\n\\if :is_missing\n{statement}\n\\endif\n")
}

/// Slots whose subscriptions write into partitions by their own names: a partition that joins beside them counts as planned.
fn growing_slots<'c>(context: &'c Context<'_>) -> Vec<&'c str> {
    let is_leaf = |slot: &PlannedSlot, table: &PlannedTable| {
        table.partition_root.is_some() || table.kind == TableKind::Partitioned && !slot.via_root
    };
    let grows = |slot: &&PlannedSlot| slot.tables.iter().any(|table| is_leaf(slot, table));
    context.plan.slots.iter().filter(grows).map(|slot| slot.name.as_str()).collect()
}

fn publication(published: &Published<'_>, name: &str, version: ServerVersion) -> CreatePublication {
    CreatePublication {
        name: name.to_owned(),
        members: published.members.clone(),
        publish: published.publishes.to_list(),
        via_root: version.publishes_partition_roots().then_some(published.slot.via_root),
    }
}

fn publication_is_missing(name: &str) -> String {
    format!("NOT EXISTS (SELECT FROM pg_publication WHERE pubname = {})", quote_literal_visibly(name))
}

fn publications_sql(context: &Context<'_>) -> String {
    let mut text = "-- The publications, one or two a slot.\n".to_owned();
    for (_, published) in context.publications().filter(|(_, published)| context.makes(published.slot)) {
        let create = publication(published, published.name, context.plan.publisher_version).to_sql();
        // a filter that the identity does not cover breaks the application as soon as the publication is there
        let is_filtered = published.tables.iter().any(|table| table.row_filter.is_some());
        let create =
            if is_filtered { format!("BEGIN;\n{create}\n\\ir ../lib/filters_covered.sql\nCOMMIT;") } else { create };
        text.push_str(&only_if(&publication_is_missing(published.name), &create));
    }
    text
}

fn subscription_is_missing(name: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid \
         WHERE d.datname = current_database() AND s.subname = {})",
        quote_literal_visibly(name)
    )
}

fn subscription(context: &Context<'_>, slot: &PlannedSlot) -> CreateSubscription {
    CreateSubscription {
        name: slot.subscription.clone(),
        dsn_variable: "publisher_dsn",
        publications: context.publication_names(slot).into_iter().map(str::to_owned).collect(),
        slot: slot.name.clone(),
        streaming: streaming(context.plan.publisher_version, context.plan.subscriber_version),
        // what is made again copies, however the data came at first
        start: if context.bootstrap == Bootstrap::Copy || context.part.is_some() {
            Start::Copying
        } else {
            Start::Placed
        },
    }
}

fn subscriptions_sql(context: &Context<'_>) -> String {
    let mut text =
        "-- The subscriptions, one a slot. publisher_dsn: how the subscriber's server reaches the publisher.\n"
            .to_owned();
    for (_, slot) in context.slots().filter(|(_, slot)| context.makes(slot)) {
        let create = subscription(context, slot).to_sql();
        text.push_str(&only_if(&subscription_is_missing(&slot.subscription), &create));
    }
    text
}

/// The statements that are generated and not spelled by a server, with the side that runs them: `check` lets the servers
/// parse them.
pub(super) fn statements(context: &Context<'_>) -> Vec<(StepSide, String)> {
    let version = context.plan.publisher_version;
    let publications = context
        .publications
        .iter()
        .map(|published| (StepSide::Publisher, publication(published, published.name, version).to_sql()));
    let subscriptions = context
        .plan
        .slots
        .iter()
        .map(|slot| (StepSide::Subscriber, subscription(context, slot).to_sql_with("'dbname=postgres'")));
    publications.chain(subscriptions).collect()
}

/// What file names depend on.
pub(super) fn shape(plan: &Plan, bootstrap: Bootstrap) -> Shape {
    Shape { bootstrap, is_upgrade: plan.publisher_version.major() != plan.subscriber_version.major() }
}
