//! A small database with everything that breaks replication tools: hostile names, a partition tree, an inheritance
//! family, foreign keys in circles and over slots, TOAST, tables without key; and a plan for it, made by hand.

use pgslotplan::{
    cost::CoefficientSets,
    format::{Digest, Document},
    names::{SlotName, TableName, quote_identifier},
    plan::{Objective, Plan, PlannedForeignKey, PlannedLoad, PlannedSlot, PlannedTable, Publishes, Role},
    policy::{Measure, Policy},
    server::{ServerFacts, ServerVersion},
    workload::{Deferrability, Enforcement, Excluded, ForeignKey, ReferentialAction, ReplicaIdentity, TableKind},
};

use crate::pair;

/// The database.
pub const DATABASE: &str = "App \"db\"; $$ 'x'";

/// Names that broke other tools; each is a table, its key column and, reversed in the list, a schema.
const NAMES: [&str; 30] = [
    "plain",
    "Upper",
    "with-hyphen",
    "select",
    "user",
    "dotted.name",
    "a b",
    "it's",
    "double\"quote",
    "semi;colon",
    "new\nline",
    "\\! touch injected",
    "$$",
    "$pgslotplan$",
    "$pgslotplan2$",
    ":'publisher_dsn'",
    ":\"x\"",
    "--comment",
    "/*c*/",
    "\\",
    "x\\'; DROP TABLE public.canary; --",
    "ünïcödé 名前",
    "%s%I",
    "'; DROP TABLE public.canary; --",
    "\"; DROP TABLE public.canary; --",
    "$$; DROP TABLE public.canary; --",
    "\\gexec",
    "a\r\n\\q",
    "123456789_123456789_123456789_123456789_123456789_123456789_123",
    "1st",
];

fn hostile_tables() -> Vec<TableName> {
    NAMES.iter().zip(NAMES.iter().rev()).map(|(name, schema)| TableName::new(*schema, *name)).collect()
}

/// Tables that somebody chose to leave out.
fn bystanders() -> Vec<Excluded> {
    [("evil", "pg_class"), ("evil", "pg_publication"), ("evil", "pg_subscription"), ("public", "canary")]
        .map(|(schema, name)| Excluded {
            schema: schema.into(),
            name: name.into(),
            reason: pgslotplan::plan::left_out::EXCLUDED.into(),
        })
        .into()
}

/// Foreign keys with their slots' tables: over slots, in a circle, from a partitioned table, unchecked, within a slot.
fn keys() -> [ForeignKey; 5] {
    let key = |from: &str, column: &str, to: &str, name: &str| {
        let name_of = |table: &str| TableName::new("public", table);
        ForeignKey::new(name_of(from), name_of(to), name).with_columns([column], ["id"])
    };
    [
        ForeignKey {
            on_update: ReferentialAction::Cascade,
            on_delete: ReferentialAction::Cascade,
            ..key("order_lines", "order_id", "orders", "lines; \"of\" $$ 'orders'")
        },
        ForeignKey {
            deferrability: Deferrability::InitiallyDeferred,
            ..key("orders", "first_line", "order_lines", "first_line")
        },
        key("events", "account_id", "accounts", "events_account"),
        ForeignKey {
            on_delete: ReferentialAction::SetNull,
            enforcement: Enforcement::NotValid,
            ..key("documents", "account_id", "accounts", "documents_account")
        },
        key("accounts", "parent", "accounts", "accounts_parent"),
    ]
}

/// Both servers' tables. One key pair deadlocks nobody: it is deferrable.
pub fn schema() -> String {
    let mut sql = "SET client_min_messages = warning; SET standard_conforming_strings = on;
        CREATE TABLE public.canary (note text); INSERT INTO public.canary VALUES ('alive');
        CREATE TABLE public.accounts (id bigint PRIMARY KEY, parent bigint, name text);
        CREATE TABLE public.orders (id bigint PRIMARY KEY, first_line bigint, note text);
        CREATE TABLE public.order_lines (id bigint PRIMARY KEY, order_id bigint, note text);
        CREATE TABLE public.documents (id bigint PRIMARY KEY, account_id bigint, body text, version int);
        CREATE TABLE public.events (id bigint, at int, account_id bigint, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE public.events_a PARTITION OF public.events FOR VALUES FROM (0) TO (10);
        CREATE TABLE public.\"Events;b\" PARTITION OF public.events FOR VALUES FROM (10) TO (20);
        CREATE TABLE public.events_rest PARTITION OF public.events DEFAULT;
        CREATE TABLE public.animals (id bigint PRIMARY KEY, note text);
        CREATE TABLE public.cats (lives int, PRIMARY KEY (id)) INHERITS (public.animals);
        CREATE TABLE public.keyless (n bigint, note text);
        CREATE TABLE public.audit (n bigint, note text);
        CREATE TABLE public.unique_only (code bigint NOT NULL, note text);
        CREATE UNIQUE INDEX \"unique;code\" ON public.unique_only (code);
        CREATE TABLE public.guarded (id bigint PRIMARY KEY, note text);
        CREATE SCHEMA evil;
        CREATE TABLE evil.pg_class (oid oid); CREATE TABLE evil.pg_publication (pubname name); CREATE TABLE evil.pg_subscription (subname name);
        CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE sql AS $f$ SELECT 'DROP TABLE public.canary'::text $f$;
        CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $f$ SELECT '0'::text $f$;\n"
        .to_owned();
    for table in hostile_tables() {
        sql.push_str(&format!(
            "CREATE SCHEMA {}; CREATE TABLE {} ({} bigint PRIMARY KEY, note text);\n",
            quote_identifier(&table.schema),
            table.to_sql(),
            quote_identifier(&table.name)
        ));
    }
    for key in keys() {
        let definition = key.to_definition().expect("its columns are known");
        let (from, name) = (key.from.to_sql(), quote_identifier(&key.name));
        sql.push_str(&format!("ALTER TABLE {from} ADD CONSTRAINT {name} {definition};\n"));
    }
    sql.push_str("COMMENT ON CONSTRAINT first_line ON public.orders IS 'it''s \\ first';\n");
    sql
}

/// What the publisher starts with.
pub fn rows() -> String {
    let mut sql = "INSERT INTO public.accounts SELECT n, NULL, 'account ' || n FROM generate_series(1, 500) AS n;
        INSERT INTO public.orders SELECT n, NULL, 'order' FROM generate_series(1, 300) AS n;
        INSERT INTO public.order_lines SELECT n, 1 + n % 300, 'line' FROM generate_series(1, 900) AS n;
        INSERT INTO public.documents SELECT n, n, (SELECT string_agg(md5(n || ':' || i), '') FROM generate_series(1, 200) AS i), 1 FROM generate_series(1, 60) AS n;
        INSERT INTO public.events SELECT n, n % 30, 1 + n % 500, 'event' FROM generate_series(1, 3000) AS n;
        INSERT INTO public.animals SELECT n, 'animal' FROM generate_series(1, 50) AS n;
        INSERT INTO public.cats SELECT 1000 + n, 'cat', 9 FROM generate_series(1, 50) AS n;
        INSERT INTO public.keyless SELECT n, 'row' FROM generate_series(1, 50) AS n;
        INSERT INTO public.audit SELECT n, 'row' FROM generate_series(1, 50) AS n;
        INSERT INTO public.unique_only SELECT n, 'row' FROM generate_series(1, 50) AS n;
        INSERT INTO public.guarded SELECT n, 'row' FROM generate_series(1, 50) AS n;\n"
        .to_owned();
    for table in hostile_tables() {
        sql.push_str(&format!("INSERT INTO {} SELECT n, 'row' FROM generate_series(1, 20) AS n;\n", table.to_sql()));
    }
    sql
}

/// Settings of the database that make careless scripts fail or do something else.
pub fn hostile_settings() -> String {
    let database = quote_identifier(DATABASE);
    [
        "search_path = evil, public, pg_catalog",
        "standard_conforming_strings = off",
        "quote_all_identifiers = on",
        "default_transaction_read_only = on",
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = '3s'",
        "backslash_quote = on",
        "DateStyle = 'German'",
        "extra_float_digits = 0",
    ]
    .map(|setting| format!("ALTER DATABASE {database} SET {setting};"))
    .concat()
}

/// One round of the application: every kind of change, one transaction over slots, a key change.
pub fn writes(round: u64) -> String {
    let id = 100_000 + round;
    let hostile = &hostile_tables()[round as usize % NAMES.len()];
    format!(
        "SET default_transaction_read_only = off; SET standard_conforming_strings = on; SET search_path = public; SET statement_timeout = 0;
         SET default_transaction_isolation = 'read committed';
         BEGIN;
         INSERT INTO orders VALUES ({id}, NULL, 'new'); INSERT INTO order_lines VALUES ({id}, {id}, 'new');
         UPDATE orders SET first_line = {id} WHERE id = {id};
         COMMIT;
         BEGIN;
         INSERT INTO accounts VALUES ({id}, 1, 'new'); INSERT INTO events VALUES ({id}, {at}, {id}, 'new');
         COMMIT;
         UPDATE documents SET version = version + 1 WHERE id = 1 + {round} % 60;
         UPDATE documents SET body = body || md5('{round}') WHERE id = 1 + ({round} + 7) % 60;
         UPDATE events SET at = (at + 11) % 30 WHERE id = 1 + {round} % 3000;
         DELETE FROM events WHERE id = {id} - 20;
         INSERT INTO animals VALUES ({id}, 'new'); INSERT INTO cats VALUES ({id}, 'new', 7); UPDATE cats SET lives = lives - 1 WHERE id = {id};
         DELETE FROM ONLY animals WHERE id = {id} - 5;
         INSERT INTO audit VALUES ({id}, 'new');
         UPDATE guarded SET note = 'round {round}' WHERE id = 1 + {round} % 50;
         INSERT INTO {hostile} VALUES ({id}, E'\\\\ it''s'); UPDATE {hostile} SET note = 'round {round}' WHERE {key} = 1 + {round} % 20;
         DELETE FROM {hostile} WHERE {key} = {id} - 60;",
        at = round % 40,
        hostile = hostile.to_sql(),
        key = quote_identifier(&hostile.name),
    ) + &if round > 3 { keyless_writes(round) } else { String::new() }
}

/// Tables without identity can be updated before they are published and after their identity is set, always.
fn keyless_writes(round: u64) -> String {
    format!(
        "UPDATE keyless SET note = 'round {round}' WHERE n = 1 + {round} % 50; UPDATE unique_only SET note = 'round {round}' WHERE code = 1 + {round} % 50;"
    )
}

/// A TRUNCATE over two slots; without the foreign keys gone it would stop one for ever.
pub const TRUNCATE: &str =
    "SET default_transaction_read_only = off; SET statement_timeout = 0; TRUNCATE public.orders, public.order_lines";

/// A TRUNCATE that is not published.
pub const GUARDED_TRUNCATE: &str = "SET default_transaction_read_only = off; TRUNCATE public.guarded";

/// Foreign keys as they are.
pub const FOREIGN_KEYS: &str = "SET search_path = pg_catalog; SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated,
    obj_description(k.oid, 'pg_constraint'), k.conparentid = 0 FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2";

/// Replica identities as they are.
pub const IDENTITIES: &str = "SET search_path = pg_catalog; SELECT c.relname, c.relreplident FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384 AND (SELECT n.nspname FROM pg_namespace AS n WHERE n.oid = c.relnamespace) <> 'pgslotplan' ORDER BY c.relname, c.oid";

/// Everything that a plan makes.
pub const TRACES: &str = "SET search_path = pg_catalog; SELECT 'slot', slot_name::text FROM pg_replication_slots
    UNION ALL SELECT 'publication', pubname::text FROM pg_publication UNION ALL SELECT 'subscription', subname::text FROM pg_subscription
    UNION ALL SELECT 'origin', roname FROM pg_replication_origin UNION ALL SELECT 'schema', nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2";

/// Relations with their indexes and columns, and what publications and subscriptions have.
pub const OBJECTS: &str = "SET search_path = pg_catalog; SELECT 'relation', c.oid::regclass::text, c.relkind::text, c.relnatts::text, c.relowner::regrole::text
    FROM pg_class AS c WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'i', 'I', 'S', 'v') AND c.relnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT 'member', r.prrelid::regclass::text, p.pubname, to_jsonb(r) ->> 'prqual', to_jsonb(p)::text FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
    UNION ALL SELECT 'subscription', s.subname, s.subslotname, s.subpublications::text, s.subenabled::text FROM pg_subscription AS s
    UNION ALL SELECT 'role', rolname, rolcanlogin::text, rolinherit::text, NULL FROM pg_roles
    UNION ALL SELECT 'comment', objoid::text, description, classoid::regclass::text, NULL FROM pg_description WHERE objoid >= 16384 ORDER BY 1, 2, 3, 4";

/// Whether a slot or an origin belongs to a table synchronization worker: `pg_1_sync_2_3`, `pg_1_2`, before 14 `slot_1_sync_2`.
pub fn is_of_synchronization(name: &str) -> bool {
    let numbers = |text: &str| text.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let origin = name.strip_prefix("pg_").is_some_and(|rest| rest.contains('_') && numbers(rest));
    let slot = name
        .rsplit_once("_sync_")
        .is_some_and(|(before, table)| numbers(table) && before.rsplit('_').next().is_some_and(numbers));
    origin || slot
}

fn table(name: TableName, key: &str) -> PlannedTable {
    let columns: &[&str] = if key.is_empty() { &[] } else { &[key] };
    PlannedTable { schema: name.schema, ..pair::table(&name.name, columns) }
}

pub fn public(name: &str) -> PlannedTable {
    table(TableName::new("public", name), "id")
}

/// The partition tree: through its root where the publisher can, by its leaves on 12.
fn events(publisher: u32) -> Vec<PlannedTable> {
    let leaves: Vec<TableName> =
        ["events_a", "Events;b", "events_rest"].map(|name| TableName::new("public", name)).to_vec();
    let columns = vec!["id".to_owned(), "at".to_owned()];
    let root = PlannedTable { kind: TableKind::Partitioned, identity_columns: columns.clone(), ..public("events") };
    if publisher >= 13 {
        return vec![PlannedTable { leaves, ..root }];
    }
    let leaf = |name: TableName| PlannedTable {
        kind: TableKind::Partition,
        identity_columns: columns.clone(),
        partition_root: Some(root.table_name()),
        ..table(name, "id")
    };
    leaves.into_iter().map(leaf).collect()
}

pub fn slot(name: &str, publication: &str, subscription: &str, tables: Vec<PlannedTable>) -> PlannedSlot {
    PlannedSlot {
        name: SlotName::new(name).expect("a valid name"),
        publication: publication.into(),
        insert_only_publication: None,
        subscription: subscription.into(),
        role: Role::Shared,
        via_root: false,
        publish: Publishes::ALL,
        copy_bytes: tables.iter().map(|table| table.copy_bytes).sum(),
        tables,
        peak_load: 0.2,
        peak_bucket: 0,
        mean_load: 0.1,
        peak_load_high: 0.3,
        mean_load_low: 0.1,
        wal_bytes_per_s_peak: 1000.0,
    }
}

/// Three slots: a mixed one, one with the partition tree and insert-only members, one whose TRUNCATE is guarded.
pub fn plan(publisher: u32, subscriber: u32, system_identifier: String) -> Plan {
    let mut hostile = hostile_tables().into_iter().map(|name| {
        let key = name.name.clone();
        table(name, &key)
    });
    let only = |name: &str| PlannedTable { only: true, ..public(name) };
    let with_identity = |name: &str, identity, key: &str| PlannedTable {
        set_identity: true,
        identity,
        ..table(TableName::new("public", name), key)
    };
    let mut first = vec![public("accounts"), public("orders"), with_identity("keyless", ReplicaIdentity::Full, "")];
    first.extend(hostile.by_ref().take(10));
    let mut second = vec![public("order_lines"), public("documents"), only("animals"), only("cats")];
    second.push(PlannedTable { insert_only: true, ..table(TableName::new("public", "audit"), "") });
    second.extend(events(publisher));
    second.extend(hostile.by_ref().take(10));
    let mut third = vec![public("guarded"), with_identity("unique_only", ReplicaIdentity::Index, "code")];
    third.extend(hostile);
    let mut slots = vec![
        slot("pgsp_1", "pgsp_1", "pgsp_1", first),
        slot("pgsp_2", "P'u\"b;\n:x $$", ":'publisher_dsn' $$ \"; x", second),
        slot("1_none", "Select", "Upper", third),
    ];
    slots[1].insert_only_publication = Some("audit;".into());
    slots[1].via_root = publisher >= 13;
    slots[2].publish = "insert, update, delete".parse().unwrap();
    let keys = keys().map(|key| PlannedForeignKey { cut: key.from != key.to, key });
    planned(publisher, subscriber, system_identifier, slots, keys.into())
}

/// A plan of these slots.
pub fn planned(
    publisher: u32,
    subscriber: u32,
    system_identifier: String,
    slots: Vec<PlannedSlot>,
    foreign_keys: Vec<PlannedForeignKey>,
) -> Plan {
    let mut plan = Plan {
        kind: "plan".into(),
        version: Plan::VERSION,
        tool: String::new(),
        workload_sha256: Digest::default(),
        plan_sha256: Digest::default(),
        seed: 1,
        budget: "small".into(),
        time_limited: false,
        database: DATABASE.into(),
        server: ServerFacts { system_identifier: system_identifier.parse().ok(), ..ServerFacts::of_major(publisher) },
        publisher_version: ServerVersion::of_major(publisher),
        subscriber_version: ServerVersion::of_major(subscriber),
        policy: Policy::default(),
        load: PlannedLoad {
            measure: Measure::Pipeline,
            unit: "share of a stage's time".into(),
            slot_capacity: Some(1.0),
            coefficients: CoefficientSets::default(),
        },
        slots,
        excluded: bystanders(),
        foreign_keys,
        objective: objective(),
        slot_counts: Vec::new(),
        previous: None,
        decisions: Vec::new(),
        caveats: Vec::new(),
        findings: Vec::new(),
    };
    plan.plan_sha256 = plan.digest();
    plan
}

fn objective() -> Objective {
    Objective {
        peak_load: 0.2,
        peak_slot: None,
        shared_peak_load: 0.2,
        lower_bound: 0.2,
        gap: 0.0,
        witness: None,
        packing_peak_load: 0.2,
        packing_gap: 0.0,
        cut_weight: 0,
        cut_pairs: Vec::new(),
        cut_transactions_per_s: None,
        copy_imbalance: 1.0,
        moves: None,
        frontier: Vec::new(),
        one_slot_peak_load_high: None,
        move_curve: Vec::new(),
    }
}
