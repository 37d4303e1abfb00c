//! Every check against facts that were spoilt on purpose: one case a code. A test holds the cases against the page of
//! codes, so that no code goes without.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Circumstances, ObservedSide,
    facts::{
        AccessRule, ColumnFacts, KeyFacts, LayoutFacts, Parsed, Persistence, PreparedFacts, PublicationFacts,
        RelationFacts, RelationKind, RoleFacts, SideFacts, SlotFacts, SubscriptionFacts, TenantFunction,
        TransactionFacts, TriggerFacts, Unseen, WalsenderFacts,
    },
    preflight,
    standbys::{Standby, StandbyFacts},
};
use crate::{
    emit::tests::{plan, slot, table},
    finding::{Finding, Severity, Subject, code},
    names::TableName,
    plan::{Bootstrap, Plan, PlannedForeignKey, PlannedTable},
    server::{Flavor, ServerFacts, ServerVersion},
    workload::{ForeignKey, ReferentialAction, ReplicaIdentity, TableKind},
};

pub fn column(data_type: &str) -> ColumnFacts {
    let toastable = matches!(data_type, "text" | "json" | "jsonb");
    ColumnFacts {
        data_type: data_type.into(),
        not_null: true,
        has_default: false,
        generated: false,
        comparable: !matches!(data_type, "json" | "xml" | "point"),
        toastable,
    }
}

pub fn key(name: &str, is_primary: bool, columns: &[&str]) -> KeyFacts {
    KeyFacts {
        name: name.into(),
        is_primary,
        is_identity: false,
        unique: true,
        immediate: true,
        valid: true,
        plain: true,
        all_not_null: true,
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
    }
}

pub fn relation(columns: &[(&str, ColumnFacts)], keys: Vec<KeyFacts>) -> RelationFacts {
    RelationFacts {
        kind: RelationKind::Table,
        persistence: Persistence::Permanent,
        identity: ReplicaIdentity::Default,
        partition_of: None,
        partitions: Vec::new(),
        inherits: Vec::new(),
        row_security: false,
        forced_row_security: false,
        bytes: 8192,
        owner: "owner".into(),
        owned_by_role: true,
        role_may_select: true,
        owner_lacks: Vec::new(),
        owner_uses_schema: true,
        role_becomes_owner: true,
        extension: None,
        columns: columns.iter().map(|(name, column)| ((*name).to_owned(), column.clone())).collect(),
        keys,
        secondary_indexes: 0,
        has_rows: Some(false),
    }
}

fn plain() -> RelationFacts {
    relation(&[("id", column("bigint")), ("note", column("text"))], vec![key("pkey", true, &["id"])])
}

/// All that a server has is in its data folder, and its configuration is below this one.
fn layout(configuration: &str) -> LayoutFacts {
    let file = |name: &str| Some(format!("{configuration}/{name}"));
    LayoutFacts {
        data: Some("/pg/data".into()),
        configuration: file("postgresql.conf"),
        hba: file("pg_hba.conf"),
        ident: file("pg_ident.conf"),
        certificates: Vec::new(),
        names_places: Some(false),
        may_read_files: true,
    }
}

fn name(name: &str) -> TableName {
    TableName::new("public", name)
}

/// Tables a, b and, as a partition tree of p1 and p2, p.
fn tree() -> BTreeMap<TableName, RelationFacts> {
    let part = RelationFacts { partition_of: Some(name("p")), ..plain() };
    let root = RelationFacts { kind: RelationKind::Partitioned, partitions: vec![name("p1"), name("p2")], ..plain() };
    [("a", plain()), ("b", plain()), ("p", root), ("p1", part.clone()), ("p2", part)]
        .map(|(table, relation)| (name(table), relation))
        .into()
}

fn side(major: u32, identifier: &str, started: &str) -> ObservedSide {
    let settings = [
        ("wal_level", "logical"),
        ("max_replication_slots", "40"),
        ("max_wal_senders", "40"),
        ("max_slot_wal_keep_size", "-1"),
        ("idle_replication_slot_timeout", "0"),
        ("wal_sender_timeout", "60000"),
        ("wal_receiver_timeout", "60000"),
        ("max_logical_replication_workers", "40"),
        ("max_worker_processes", "60"),
        ("max_active_replication_origins", "40"),
        ("max_sync_workers_per_subscription", "2"),
        ("max_parallel_apply_workers_per_subscription", "2"),
        ("track_commit_timestamp", "on"),
        ("server_encoding", "UTF8"),
    ];
    let role = RoleFacts {
        name: "admin".into(),
        superuser: true,
        replication: true,
        may_login: true,
        may_create_in_database: true,
        replicating_roles: 1,
        ..RoleFacts::default()
    };
    let facts = SideFacts {
        server: ServerFacts {
            system_identifier: Some(identifier.parse().unwrap()),
            cores: Some(16),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..ServerFacts::of_major(major)
        },
        database: "app".into(),
        started: started.into(),
        address: Some("10.0.0.2".into()),
        listen_addresses: Some("*".into()),
        role,
        session_settings: [("statement_timeout", "0"), ("ssl", "on"), ("synchronous_standby_names", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        role_settings: Vec::new(),
        pending_restart: BTreeSet::new(),
        slots: Vec::new(),
        walsenders: Vec::new(),
        publications: Vec::new(),
        subscriptions: Vec::new(),
        transactions: Vec::new(),
        prepared: Vec::new(),
        relations: tree(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
        local_triggers: Vec::new(),
        functions: Vec::new(),
        tenant_functions: Vec::new(),
        enums: BTreeMap::new(),
        retired: Vec::new(),
        large_objects: Some(0),
        access_rules: None,
        wal_bytes_per_s: Some(1e6),
        marks: Some(Vec::new()),
        foreign_state: None,
        is_walled: true,
        layout: layout("/pg/data"),
        tablespaces: Vec::new(),
        unseen: Vec::new(),
    };
    ObservedSide { facts, parsed: Parsed::All(1) }
}

/// A plan and two servers that carry it out without a word beyond what is always said.
struct Scene {
    plan: Plan,
    publisher: Option<ObservedSide>,
    subscriber: Option<ObservedSide>,
    circumstances: Circumstances,
}

impl Scene {
    fn new() -> Self {
        let root =
            PlannedTable { kind: TableKind::Partitioned, leaves: vec![name("p1"), name("p2")], ..table("public", "p") };
        let mut rest = slot("pgsp_2", vec![table("public", "b"), root]);
        rest.via_root = true;
        let mut plan = plan(18, 18, vec![slot("pgsp_1", vec![table("public", "a")]), rest]);
        plan.excluded.clear();
        plan.foreign_keys.clear();
        plan.findings.clear();
        plan.server.system_identifier = Some("1".parse().unwrap());
        Scene {
            plan,
            publisher: Some(side(18, "1", "2026-01-01")),
            subscriber: Some(side(18, "2", "2026-01-02")),
            circumstances: Circumstances { free_wal_bytes: Some(1 << 50), ..Circumstances::default() },
        }
    }

    fn findings(&self) -> Vec<Finding> {
        preflight(&self.plan, self.publisher.as_ref(), self.subscriber.as_ref(), &self.circumstances)
    }

    fn publisher(&mut self) -> &mut SideFacts {
        &mut self.publisher.as_mut().unwrap().facts
    }

    fn subscriber(&mut self) -> &mut SideFacts {
        &mut self.subscriber.as_mut().unwrap().facts
    }

    fn set(facts: &mut SideFacts, setting: &str, value: &str) {
        facts.server.settings.insert(setting.into(), value.into());
    }

    /// A table of both servers.
    fn both(&mut self, table: &str, change: impl Fn(&mut RelationFacts)) {
        change(self.publisher().relations.get_mut(&name(table)).unwrap());
        change(self.subscriber().relations.get_mut(&name(table)).unwrap());
    }

    fn of_publisher(&mut self, table: &str) -> &mut RelationFacts {
        self.publisher().relations.get_mut(&name(table)).unwrap()
    }

    fn of_subscriber(&mut self, table: &str) -> &mut RelationFacts {
        self.subscriber().relations.get_mut(&name(table)).unwrap()
    }

    /// The planned table a.
    fn planned(&mut self) -> &mut PlannedTable {
        &mut self.plan.slots[0].tables[0]
    }
}

fn existing_slot(name: &str) -> SlotFacts {
    SlotFacts {
        name: name.into(),
        plugin: Some("pgoutput".into()),
        database: Some("app".into()),
        temporary: false,
        active: false,
        lost: false,
        failover: false,
        confirmed_flush_lsn: "0/1000".parse().ok(),
        retained_bytes: Some(1_000_000),
    }
}

fn existing_publication(publication: &str) -> PublicationFacts {
    PublicationFacts {
        name: publication.into(),
        all_tables: false,
        schemas: false,
        publish: "insert, update, delete, truncate".into(),
        via_root: false,
        members: BTreeMap::from([(name("a"), (false, false))]),
    }
}

fn existing_subscription(subscription: &str) -> SubscriptionFacts {
    SubscriptionFacts {
        name: subscription.into(),
        here: true,
        enabled: true,
        slot_name: Some(subscription.into()),
        publications: vec![subscription.into()],
        tables: Some(BTreeSet::from([name("a")])),
    }
}

fn set_on(scene: &mut Scene, publisher: bool, setting: &str, value: &str) {
    let facts = if publisher { scene.publisher() } else { scene.subscriber() };
    Scene::set(facts, setting, value);
}

fn trigger(sets_search_path: bool) -> TriggerFacts {
    TriggerFacts { table: name("a"), name: "audit".into(), sets_search_path, is_always: true, is_replicated: true }
}

fn of_tenant(table: &str, runs: &str) -> TenantFunction {
    TenantFunction { table: name(table), function: "ten.ok(text)".into(), owner: "tenant".into(), runs: runs.into() }
}

fn foreign_key(from: &str, to: &str) -> ForeignKey {
    ForeignKey::new(name(from), name(to), "fk").with_columns(["note"], ["id"])
}

fn no_key(relation: &mut RelationFacts) {
    relation.keys.clear();
}

fn full_everywhere(scene: &mut Scene) {
    scene.planned().identity = ReplicaIdentity::Full;
    scene.planned().identity_columns.clear();
    scene.both("a", |relation| {
        relation.identity = ReplicaIdentity::Full;
        no_key(relation);
    });
}

/// The owner of the database: no superuser, and no member of pg_create_subscription.
fn mover() -> RoleFacts {
    RoleFacts {
        name: "mover".into(),
        replication: true,
        may_login: true,
        creates_roles: true,
        owns_database: true,
        may_create_in_database: true,
        replicating_roles: 1,
        ..RoleFacts::default()
    }
}

fn standby(slot_name: &str) -> WalsenderFacts {
    WalsenderFacts { application_name: Some("n2".into()), slot_name: Some(slot_name.into()), physical: true }
}

/// Slots with `failover`, and one standby that keeps copies of them.
fn carried(scene: &mut Scene) {
    scene.circumstances.failover_slots = true;
    let publisher = scene.publisher();
    publisher.walsenders.push(standby("n2"));
    publisher.slots.push(SlotFacts { plugin: None, database: None, active: true, ..existing_slot("n2") });
    publisher.slots.extend(["pgsp_1", "pgsp_2"].map(|name| SlotFacts { failover: true, ..existing_slot(name) }));
    publisher.session_settings.insert("synchronized_standby_slots".into(), "n2".into());
    let facts = StandbyFacts {
        synchronizes: true,
        sends_feedback: true,
        slot_name: "n2".into(),
        names_database: Some(true),
        usable: ["pgsp_1", "pgsp_2"].map(str::to_owned).into(),
        own: Vec::new(),
    };
    scene.circumstances.standbys.push(Standby { host: "server at \"n2\"".into(), told: Ok(facts) });
}

/// The same with something else about its standby.
fn carried_with(scene: &mut Scene, change: impl FnOnce(&mut StandbyFacts)) {
    carried(scene);
    if let Ok(facts) = &mut scene.circumstances.standbys[0].told {
        change(facts);
    }
}

type Spoil = fn(&mut Scene);

/// One deliberately bad fact for each code.
const CASES: &[(&str, Spoil)] = &[
    ("PF101", |s| set_on(s, true, "wal_level", "replica")),
    // slots 2 + copies (1 + 2) + 2 to spare = 7; see `budgets_by_hand`
    ("PF102", |s| set_on(s, true, "max_replication_slots", "6")),
    ("PF126", |s| set_on(s, true, "output_plugin_libraries", "test_decoding, wal2json")),
    ("PF131", |s| {
        s.plan.subscriber_version = ServerVersion::of_major(19);
        s.subscriber().server.version_num = ServerVersion::of_major(19);
    }),
    ("PF103", |s| set_on(s, true, "max_wal_senders", "5")),
    ("PF104", |s| set_on(s, true, "max_slot_wal_keep_size", "100000")),
    ("PF105", |s| set_on(s, true, "idle_replication_slot_timeout", "3600")),
    ("PF106", |s| set_on(s, true, "logical_decoding_work_mem", "65536")),
    ("PF107", |s| set_on(s, true, "wal_sender_timeout", "10000")),
    ("PF108", |s| s.subscriber().pending_restart = BTreeSet::from(["max_worker_processes".to_owned()])),
    ("PF109", |s| s.publisher().server.cores = Some(1)),
    ("PF110", |s| s.publisher().server.in_recovery = true),
    ("PF111", |s| s.subscriber().server.version_num = ServerVersion(170_004)),
    ("PF112", |s| {
        s.plan.publisher_version = ServerVersion::of_major(15);
        s.publisher().server.version_num = ServerVersion(150_012);
    }),
    ("PF113", |s| {
        s.publisher().role =
            RoleFacts { name: "reader".into(), may_login: true, replicating_roles: 1, ..RoleFacts::default() };
    }),
    ("PF114", |s| s.publisher().role = RoleFacts { name: "reader".into(), ..RoleFacts::default() }),
    ("PF115", |s| {
        s.publisher().role.superuser = false;
        s.of_publisher("a").owned_by_role = false;
    }),
    ("PF116", |s| s.of_publisher("a").role_may_select = false),
    ("PF117", |s| {
        s.publisher().role.superuser = false;
        let table = s.of_publisher("a");
        (table.row_security, table.owned_by_role) = (true, false);
    }),
    ("PF118", |s| s.publisher().role_settings.push(("admin".into(), "statement_timeout=30s".into()))),
    ("PF119", |s| drop(s.publisher().session_settings.insert("synchronous_standby_names".into(), "ANY 1 (*)".into()))),
    ("PF120", |s| {
        s.publisher().walsenders.push(WalsenderFacts {
            application_name: Some("standby".into()),
            slot_name: None,
            physical: true,
        });
    }),
    ("PF121", |s| {
        s.publisher().transactions.push(TransactionFacts {
            pid: 7,
            session: "batch".into(),
            has_written: true,
            age_s: 4000.0,
        });
    }),
    ("PF122", |s| {
        s.publisher().prepared.push(PreparedFacts {
            gid: "x'1".into(),
            database: "other".into(),
            role: "r".into(),
            age_s: 90.0,
        });
    }),
    ("PF123", |s| {
        s.subscriber().server.flavor = Flavor::Azure;
        set_on(s, false, "max_worker_processes", "15");
    }),
    ("PF124", |s| {
        s.plan.publisher_version = ServerVersion::of_major(14);
        s.publisher().server.version_num = ServerVersion(140_023);
    }),
    ("PF125", |s| drop(s.publisher().server.extensions.insert("timescaledb".into(), "2.17.2".into()))),
    ("PF130", |s| s.subscriber().is_walled = false),
    ("PF133", |s| s.publisher().server.flavor = Flavor::Patroni),
    ("PF134", |s| s.subscriber().walsenders.push(standby("n2"))),
    ("PF135", |s| carried_with(s, |standby| standby.synchronizes = false)),
    ("PF136", |s| {
        carried(s);
        s.publisher().walsenders.push(standby("n2"));
    }),
    ("PF137", |s| {
        carried(s);
        s.publisher().session_settings.insert("synchronized_standby_slots".into(), String::new());
    }),
    ("PF138", |s| carried_with(s, |standby| standby.usable.clear())),
    ("PF140", |s| {
        s.circumstances.bootstrap = Bootstrap::Clone;
        s.publisher().layout = layout("/etc/postgresql/18/main");
    }),
    ("PF141", |s| {
        s.circumstances.bootstrap = Bootstrap::Clone;
        s.publisher().tablespaces = vec![("fast".into(), "/mnt/fast".into())];
    }),
    ("PF142", |s| {
        s.circumstances.bootstrap = Bootstrap::Clone;
        s.publisher().layout.names_places = None;
    }),
    ("PF143", |s| {
        s.circumstances.bootstrap = Bootstrap::Aurora;
        s.publisher().server.flavor = Flavor::Aurora;
        s.plan.publisher_version = ServerVersion::of_major(15);
        s.publisher().server.version_num = ServerVersion(150_001);
    }),
    ("PF201", |s| no_key(s.of_publisher("a"))),
    ("PF202", |s| {
        let table = s.planned();
        (table.set_identity, table.identity) = (true, ReplicaIdentity::Index);
        table.identity_columns = vec!["note".into()];
    }),
    ("PF203", |s| s.planned().row_filter = Some("note = 'x'".into())),
    ("PF205", |s| s.planned().row_filter = Some("(hashint8(id) & 1) = 0".into())),
    ("PF206", |s| s.planned().row_filter = Some("(hashint8(id) & 1) = 0".into())),
    ("PF207", |s| s.planned().row_filter = Some("abs(hashint8(id)) % 2 = 0".into())),
    ("PF208", |s| s.both("a", |table| table.identity = ReplicaIdentity::Full)),
    ("PF209", |s| s.of_publisher("p1").persistence = Persistence::Unlogged),
    ("PF210", |s| s.of_publisher("a").extension = Some("postgis".into())),
    ("PF211", |s| {
        s.publisher().relations.insert(name("cache"), RelationFacts { persistence: Persistence::Unlogged, ..plain() });
    }),
    ("PF212", |s| {
        drop(s.publisher().relations.insert(name("f"), RelationFacts { kind: RelationKind::Foreign, ..plain() }))
    }),
    ("PF213", |s| {
        s.publisher().relations.insert(name("m"), RelationFacts { kind: RelationKind::MaterializedView, ..plain() });
    }),
    ("PF214", |s| s.publisher().large_objects = Some(3)),
    ("PF215", |s| {
        drop(s.publisher().relations.insert(name("s"), RelationFacts { kind: RelationKind::Sequence, ..plain() }))
    }),
    ("PF216", |s| {
        s.publisher().publications.push(PublicationFacts { all_tables: true, ..existing_publication("all") })
    }),
    ("PF217", |s| no_key(s.of_publisher("p"))),
    ("PF301", |s| set_on(s, false, "max_logical_replication_workers", "4")),
    ("PF302", |s| set_on(s, false, "max_worker_processes", "40")),
    ("PF303", |s| set_on(s, false, "max_active_replication_origins", "6")),
    ("PF304", |s| set_on(s, false, "max_sync_workers_per_subscription", "4")),
    ("PF305", |s| set_on(s, false, "max_logical_replication_workers", "8")),
    ("PF306", |s| set_on(s, false, "wal_level", "replica")),
    ("PF307", |s| set_on(s, false, "track_commit_timestamp", "off")),
    ("PF308", |s| s.subscriber().role.superuser = false),
    ("PF309", |s| {
        s.circumstances.bootstrap = Bootstrap::Clone;
        s.subscriber().prepared.push(PreparedFacts {
            gid: "g".into(),
            database: "app".into(),
            role: "r".into(),
            age_s: 1.0,
        });
    }),
    ("PF320", |s| s.subscriber().role = mover()),
    ("PF321", |s| s.publisher().role = mover()),
    ("PF322", |s| s.publisher().role = mover()),
    ("PF323", |s| s.publisher().role = RoleFacts { owns_database: false, ..mover() }),
    ("PF324", |s| s.subscriber().role = RoleFacts { creates_roles: false, ..mover() }),
    ("PF325", |s| {
        s.circumstances.bootstrap = Bootstrap::Dump;
        s.subscriber().role = mover();
        s.subscriber().foreign_keys.push(foreign_key("b", "a"));
    }),
    ("PF326", |s| s.subscriber().role = RoleFacts { may_create_in_database: false, ..mover() }),
    ("PF327", |s| s.publisher().role = mover()),
    ("PF401", |s| drop(s.subscriber().relations.remove(&name("a")))),
    ("PF402", |s| s.of_subscriber("a").kind = RelationKind::View),
    ("PF403", |s| no_key(s.of_subscriber("a"))),
    // b is in the other slot: TRUNCATE of a stops slot pgsp_1
    ("PF404", |s| s.subscriber().foreign_keys.push(foreign_key("b", "a"))),
    ("PF405", |s| s.subscriber().triggers.push(trigger(true))),
    ("PF406", |s| s.subscriber().triggers.push(trigger(false))),
    ("PF407", |s| s.subscriber().functions.push((name("p1"), name("f")))),
    ("PF408", |s| {
        let table = s.of_subscriber("a");
        (table.row_security, table.forced_row_security) = (true, true);
    }),
    ("PF435", |s| s.of_publisher("a").owner_lacks = vec!["INSERT".into()]),
    ("PF433", |s| s.publisher().triggers.push(trigger(true))),
    ("PF409", |s| s.of_subscriber("p2").has_rows = Some(true)),
    ("PF410", |s| {
        s.planned().row_filter = Some("(hashint8(id) & 1) = 0".into());
        s.of_subscriber("a").keys.push(key("note_key", false, &["note"]));
    }),
    ("PF411", |s| {
        full_everywhere(s);
        s.both("a", |table| drop(table.columns.insert("doc".into(), column("json"))));
    }),
    ("PF412", full_everywhere),
    ("PF413", |s| s.of_subscriber("a").secondary_indexes = 2),
    ("PF421", |s| drop(s.of_subscriber("a").columns.remove("note"))),
    ("PF422", |s| drop(s.of_subscriber("a").columns.insert("more".into(), column("text")))),
    ("PF423", |s| drop(s.of_subscriber("a").columns.insert("id".into(), column("integer")))),
    ("PF424", |s| s.of_subscriber("a").columns.get_mut("note").unwrap().generated = true),
    ("PF425", |s| s.of_publisher("a").columns.get_mut("note").unwrap().generated = true),
    ("PF426", |s| s.of_subscriber("a").keys = vec![key("pkey", true, &["id", "note"])]),
    ("PF427", |s| s.of_subscriber("p").partitions = vec![name("p1")]),
    ("PF428", |s| {
        s.both("a", |table| drop(table.columns.insert("mood".into(), column("public.mood"))));
        s.publisher().enums.insert(name("mood"), vec!["sad".into(), "ok".into()]);
        s.subscriber().enums.insert(name("mood"), vec!["ok".into()]);
    }),
    ("PF429", |s| drop(s.publisher().server.extensions.insert("postgis".into(), "3.4".into()))),
    ("PF430", |s| set_on(s, false, "server_encoding", "LATIN1")),
    ("PF431", |s| {
        drop(s.publisher().relations.insert(name("s"), RelationFacts { kind: RelationKind::Sequence, ..plain() }))
    }),
    ("PF432", |s| {
        s.plan.publisher_version = ServerVersion::of_major(13);
        s.publisher().retired.push((name("!"), "postfix operator".into(), 14));
    }),
    ("PF434", |s| {
        let relation = s.of_publisher("a");
        relation.bytes = 1 << 30;
        relation.columns.insert("note".into(), ColumnFacts { toastable: true, ..column("bytea") });
    }),
    ("PF440", |s| {
        s.subscriber().server.version_num = ServerVersion::of_major(15);
        s.publisher().tenant_functions.push(of_tenant("p1", "check"));
    }),
    ("PF441", |s| {
        s.publisher().server.version_num = ServerVersion::of_major(15);
        s.publisher().tenant_functions.push(of_tenant("a", "index"));
    }),
    ("PF442", |s| {
        s.subscriber().role.superuser = false;
        s.subscriber().session_settings.insert("log_statement".into(), "ddl".into());
    }),
    ("PF501", |s| {
        s.subscriber().started = "2026-01-01".into();
        s.subscriber().server.system_identifier = Some("1".parse().unwrap());
    }),
    ("PF502", |s| s.publisher().listen_addresses = Some("localhost, ::1".into())),
    ("PF503", |s| {
        s.publisher().access_rules = Some(vec![AccessRule {
            kind: "host".into(),
            databases: vec!["replication".into()],
            roles: vec!["all".into()],
            address: Some("all".into()),
            netmask: None,
            method: "scram-sha-256".into(),
        }]);
    }),
    ("PF504", |s| s.circumstances.local_publisher_address = Some("server on socket \"/tmp/x\"".into())),
    ("PF505", |s| drop(s.publisher().session_settings.insert("ssl".into(), "off".into()))),
    ("PF506", |s| {
        s.publisher().walsenders.clear();
        s.subscriber().address = Some("10.0.0.9".into());
    }),
    ("PF601", |s| s.publisher().server.system_identifier = Some("9".parse().unwrap())),
    ("PF602", |s| s.publisher().database = "shop".into()),
    ("PF603", |s| s.plan.findings.push(Finding::new(code::PL201, Subject::Plan, "no key"))),
    ("PF604", |s| {
        let gone = s.publisher().relations.remove(&name("a")).unwrap();
        s.publisher().relations.insert(name("renamed"), gone);
    }),
    ("PF605", |s| drop(s.publisher().relations.insert(name("new"), plain()))),
    ("PF606", |s| {
        // the tree is published by its leaves, and has got a third
        s.plan.slots[1].via_root = false;
        let part =
            PlannedTable { kind: TableKind::Partition, partition_root: Some(name("p")), ..table("public", "p1") };
        s.plan.slots[1].tables[1] = part.clone();
        s.plan.slots[1].tables.push(PlannedTable { name: "p2".into(), ..part });
        let third = RelationFacts { partition_of: Some(name("p")), ..plain() };
        s.publisher().relations.insert(name("p3"), third);
        s.of_publisher("p").partitions.push(name("p3"));
    }),
    ("PF607", |s| s.of_publisher("a").kind = RelationKind::Partitioned),
    ("PF608", |s| s.of_publisher("a").keys = vec![key("pkey", true, &["note"])]),
    ("PF609", |s| s.publisher().foreign_keys.push(foreign_key("b", "a"))),
    ("PF610", |s| s.of_publisher("a").bytes = 5_000_000_000),
    ("PF701", |s| {
        s.publisher().slots.push(SlotFacts { plugin: Some("test_decoding".into()), ..existing_slot("pgsp_1") })
    }),
    ("PF702", |s| s.publisher().slots.push(SlotFacts { lost: true, ..existing_slot("pgsp_1") })),
    ("PF703", |s| s.publisher().slots.push(existing_slot("pgsp_1"))),
    ("PF704", |s| {
        s.publisher().publications.push(PublicationFacts { members: BTreeMap::new(), ..existing_publication("pgsp_1") })
    }),
    ("PF705", |s| s.publisher().publications.push(existing_publication("pgsp_1"))),
    ("PF706", |s| {
        s.subscriber().subscriptions.push(SubscriptionFacts { slot_name: None, ..existing_subscription("pgsp_1") });
    }),
    ("PF707", |s| s.subscriber().subscriptions.push(existing_subscription("pgsp_1"))),
    ("PF708", |s| s.subscriber().subscriptions.push(existing_subscription("other"))),
    ("PF709", |s| {
        s.circumstances.bootstrap = Bootstrap::Aurora;
        s.subscriber().subscriptions.push(SubscriptionFacts { tables: None, ..existing_subscription("upstream") });
    }),
    ("PF710", |s| s.publisher().slots.push(existing_slot("pg_16400_sync_16385_7123"))),
    ("PF711", |s| s.publisher().slots.push(existing_slot("debezium"))),
    ("PF712", |s| s.subscriber().marks = Some(vec![("pgsp".into(), "other".into())])),
    ("PF713", |s| s.subscriber().slots.push(existing_slot("pgsp_2"))),
    ("PF714", |s| s.publisher().slots.push(existing_slot("pgsp_1"))),
    ("PF715", |s| {
        let listed = SubscriptionFacts { tables: Some(BTreeSet::new()), ..existing_subscription("pgsp_1") };
        s.subscriber().subscriptions.push(listed);
    }),
    ("PF716", |s| {
        s.circumstances.clone_lsn = "0/FFF".parse().ok();
        s.publisher().slots.push(existing_slot("pgsp_1"));
    }),
    ("PF718", |s| s.publisher().foreign_state = Some("schema pgslotplan belongs to role app".into())),
    ("PF801", |s| s.publisher().wal_bytes_per_s = Some(5e6)),
    ("PF802", |s| s.circumstances.free_wal_bytes = Some(1)),
    ("PF803", |s| set_on(s, true, "max_slot_wal_keep_size", "0")),
    ("PF901", |s| {
        s.publisher.as_mut().unwrap().parsed = Parsed::Refused(vec![("30.sql".into(), "syntax error".into())]);
    }),
    ("PF902", |s| s.subscriber.as_mut().unwrap().parsed = Parsed::NotEmitted("no slots".into())),
    ("PF903", |s| s.subscriber = None),
    ("PF904", |s| {
        s.publisher().unseen.push(Unseen { what: "pg_hba.conf".into(), remedy: "GRANT it.".into() });
    }),
    ("PF905", |s| {
        (s.publisher().server.cores, s.circumstances.free_wal_bytes) = (None, None);
    }),
];

/// What is said of every healthy pair: what cannot be tried, and how much WAL is kept.
const ALWAYS: [&str; 2] = ["PF506", "PF801"];

#[test]
fn a_healthy_pair_has_nothing_but_what_is_always_said() {
    let codes: Vec<String> = Scene::new().findings().into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ALWAYS, "{:#?}", Scene::new().findings());
}

#[test]
fn each_bad_fact_gives_its_finding() {
    let before = Scene::new().findings();
    for (code, spoil) in CASES {
        let mut scene = Scene::new();
        spoil(&mut scene);
        let findings = scene.findings();
        let found: Vec<&Finding> = findings.iter().filter(|finding| finding.code == *code).collect();
        assert!(!found.is_empty(), "{code}: {findings:#?}");
        if !ALWAYS.contains(code) {
            assert!(before.iter().all(|finding| finding.code != *code), "{code} is found in a healthy pair too");
        }
        for finding in found {
            assert!(!finding.message.ends_with('.') && !finding.message.contains('\n'), "{code}: {}", finding.message);
            let in_sentences = |text: &Option<String>| text.as_ref().is_none_or(|text| !text.is_empty());
            assert!(in_sentences(&finding.detail) && in_sentences(&finding.hint));
            let actionable = finding.severity == Severity::Info || finding.hint.is_some();
            assert!(actionable, "{code} says no remedy");
        }
    }
}

/// What is wrong with standbys that were to keep copies of slots, fact by fact.
#[test]
fn copies_of_slots_are_judged_by_every_fact() {
    let said = |change: Spoil| -> Vec<(String, String)> {
        let mut scene = Scene::new();
        change(&mut scene);
        let of_standbys = |finding: &Finding| finding.code == "PF120" || finding.code.starts_with("PF13");
        let findings = scene.findings();
        findings.into_iter().filter(of_standbys).map(|finding| (finding.code, finding.message)).collect()
    };
    assert_eq!(said(carried), []);
    let one = |change: Spoil| {
        let found = said(change);
        assert_eq!(found.len(), 1, "{found:?}");
        format!("{}: {}", found[0].0, found[0].1)
    };
    let lacking = "PF135: standby server at \"n2\" keeps no copies of slots: ";
    for (change, words) in [
        ((|s| carried_with(s, |standby| standby.sends_feedback = false)) as Spoil, "hot_standby_feedback is off"),
        (|s| carried_with(s, |standby| standby.slot_name.clear()), "primary_slot_name is empty"),
        (|s| carried_with(s, |standby| standby.names_database = Some(false)), "primary_conninfo names no database"),
    ] {
        assert_eq!(one(change), format!("{lacking}{words}"));
    }
    let unseen = one(|s| carried_with(s, |standby| standby.names_database = None));
    assert!(unseen.starts_with("PF136") && unseen.contains("not shown to this role"), "{unseen}");
    let unready = "PF138: standby server at \"n2\" has no copy yet that could be used after a failover: ";
    assert_eq!(one(|s| carried_with(s, |standby| drop(standby.usable.pop()))), format!("{unready}pgsp_2"));
    let left = one(|s| carried_with(s, |standby| standby.own.extend(standby.usable.pop())));
    assert_eq!(left, "PF138: standby server at \"n2\" still has slots of its own time as the primary: pgsp_2");
    let unmarked = one(|s| {
        carried(s);
        s.publisher().slots[1].failover = false;
    });
    assert_eq!(unmarked, "PF138: slots are not marked for standbys: pgsp_1");
    let gone = one(|s| {
        carried(s);
        s.publisher().session_settings.insert("synchronized_standby_slots".into(), "n2, \"n3\"".into());
    });
    assert_eq!(gone, "PF137: synchronized_standby_slots names slots that are not there: n3");
    let unreachable = said(|s| {
        carried(s);
        s.circumstances.standbys[0].told = Err("no route to host".into());
    });
    assert_eq!(unreachable.len(), 2, "{unreachable:?}");
    assert!(unreachable.iter().all(|(code, _)| code == "PF136") && unreachable[1].1.contains("no route to host"));
    let nobody = one(|s| s.circumstances.failover_slots = true);
    assert_eq!(nobody, "PF136: no standby streams from the publisher");
}

/// The catalogue lists exactly the codes that have a case here.
#[test]
fn every_code_has_a_case() {
    let listed: BTreeSet<&str> =
        crate::finding::code::all().map(|code| code.name).filter(|name| name.starts_with("PF")).collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|(code, _)| *code).collect();
    assert_eq!(listed, cases);
    assert_eq!(cases.len(), CASES.len(), "a code has two cases");
}

/// What people run to the letter is tried on real servers, or listed there with the reason why not.
#[test]
fn every_hint_with_a_statement_is_tried() {
    const FIRST: [&str; 6] = ["ALTER ", "CREATE ", "DROP ", "GRANT ", "TRUNCATE ", "SELECT "];
    let lists = include_str!("../../tests/live/hints.rs");
    let mut missing = Vec::new();
    for (code, spoil) in CASES {
        let mut scene = Scene::new();
        spoil(&mut scene);
        let findings = scene.findings();
        let hints =
            findings.iter().filter(|finding| finding.code == *code).filter_map(|finding| finding.hint.as_deref());
        // parameters of the server: most of them want a restart
        let hints = hints.filter(|hint| !hint.contains("ALTER SYSTEM SET"));
        let holds = |hint: &&str| hint.contains(';') && FIRST.iter().any(|word| hint.contains(word));
        if !lists.contains(&format!("\"{code}\"")) {
            missing.extend(hints.filter(holds).map(|hint| format!("{code}: {hint}")));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Slot 1 has one table, slot 2 two relations: 1 + min(2, 1) and 1 + min(2, 2) slots, walsenders, origins and workers.
#[test]
fn budgets_by_hand() {
    let message = |code: &str, change: Spoil| {
        let mut scene = Scene::new();
        change(&mut scene);
        scene.findings().into_iter().find(|finding| finding.code == code).map(|finding| finding.message)
    };
    assert_eq!(
        message("PF102", |s| set_on(s, true, "max_replication_slots", "6")).as_deref(),
        Some("max_replication_slots is 6, but must be at least 7")
    );
    assert_eq!(message("PF102", |s| set_on(s, true, "max_replication_slots", "7")), None);
    let with_other = |s: &mut Scene| {
        set_on(s, true, "max_replication_slots", "7");
        s.publisher().slots.push(SlotFacts { active: true, ..existing_slot("other") });
    };
    assert_eq!(message("PF102", with_other).as_deref(), Some("max_replication_slots is 7, but must be at least 8"));
    assert_eq!(
        message("PF301", |s| set_on(s, false, "max_logical_replication_workers", "4")).as_deref(),
        Some("max_logical_replication_workers is 4, but must be at least 5")
    );
    // up to 17 the subscriber's origins are bounded by max_replication_slots
    let old = |s: &mut Scene| {
        s.plan.subscriber_version = ServerVersion::of_major(17);
        s.subscriber().server.version_num = ServerVersion::of_major(17);
        set_on(s, false, "max_replication_slots", "6");
    };
    assert_eq!(message("PF303", old).as_deref(), Some("max_replication_slots is 6, but must be at least 7"));
    // a clone copies nothing: two slots and two to spare
    let clone = |s: &mut Scene| {
        s.circumstances.bootstrap = Bootstrap::Clone;
        set_on(s, true, "max_replication_slots", "3");
    };
    assert_eq!(message("PF102", clone).as_deref(), Some("max_replication_slots is 3, but must be at least 4"));
}

#[test]
fn an_unknown_setting_is_not_too_small() {
    let mut scene = Scene::new();
    scene.publisher().server.settings.clear();
    scene.subscriber().server.settings.clear();
    let codes: Vec<String> = scene.findings().into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ALWAYS);
}

/// Slot 2 copies two tables of 1 MB at a time at 1 MB/s: 1.1 s with the start, in which 5.5 MB of WAL are written; at the
/// careful 0.4 MB/s 2.6 s and 13 MB.
#[test]
fn retained_wal_by_hand() {
    let mut scene = Scene::new();
    scene.circumstances.copy_bytes_per_s = 1e6;
    scene.publisher().wal_bytes_per_s = Some(5e6);
    let message = |scene: &Scene, code: &str| {
        scene.findings().into_iter().find(|finding| finding.code == code).map(|finding| finding.message)
    };
    assert_eq!(
        message(&scene, "PF801").as_deref(),
        Some("about 5.50 MB of WAL are retained while the tables are copied")
    );
    scene.circumstances.free_wal_bytes = Some(4_000_000);
    assert_eq!(
        message(&scene, "PF802").as_deref(),
        Some("about 5.50 MB of WAL would be retained, and 4.00 MB are free")
    );
    let severity = |scene: &Scene, code: &str| {
        scene.findings().into_iter().find(|finding| finding.code == code).map(|finding| finding.severity)
    };
    // 5 MB, less than what is retained; 12 MB, less than what may be; 13 MB
    for (limit, found) in [("5", Some(Severity::Error)), ("12", Some(Severity::Warning)), ("13", None)] {
        set_on(&mut scene, true, "max_slot_wal_keep_size", limit);
        assert_eq!(severity(&scene, "PF803"), found, "{limit} MB");
    }
}

#[test]
fn a_subscription_at_work_proves_the_way() {
    let mut scene = Scene::new();
    let sender = WalsenderFacts { application_name: Some("pgsp_1".into()), slot_name: None, physical: false };
    scene.publisher().walsenders.push(sender);
    assert!(scene.findings().iter().all(|finding| finding.code != "PF506"));
}

/// A key that the plan drops until the cutover, one within a slot, a self reference and one to a table that cannot be
/// truncated through the slot are no danger; one to a partition's root is.
#[test]
fn only_foreign_keys_that_stop_a_slot_are_found() {
    let found = |change: Spoil| {
        let mut scene = Scene::new();
        change(&mut scene);
        scene.findings().iter().any(|finding| finding.code == "PF404")
    };
    let cut = |s: &mut Scene| {
        s.subscriber().foreign_keys.push(foreign_key("b", "a"));
        s.plan.foreign_keys.push(PlannedForeignKey { key: foreign_key("b", "a"), cut: true });
    };
    assert!(!found(cut));
    assert!(!found(|s| s.subscriber().foreign_keys.push(foreign_key("b", "p"))), "within a slot");
    assert!(!found(|s| s.subscriber().foreign_keys.push(foreign_key("a", "a"))));
    let guarded = |s: &mut Scene| {
        s.plan.slots[0].publish = "insert, update, delete".parse().unwrap();
        s.subscriber().foreign_keys.push(foreign_key("b", "a"));
    };
    assert!(!found(guarded));
    assert!(found(|s| s.subscriber().foreign_keys.push(foreign_key("a", "p"))));
    assert!(found(|s| s.subscriber().foreign_keys.push(foreign_key("a", "p1"))));
    let unpublished = |s: &mut Scene| s.subscriber().foreign_keys.push(foreign_key("not_planned", "a"));
    assert!(found(unpublished), "an unpublished table stops a slot as well");
}

/// A key between slots is compared part by part, as far as the plan knows its parts; one within a slot never.
#[test]
fn a_changed_foreign_key_between_slots_is_found() {
    let said = |from: &str, to: &str, planned: ForeignKey| {
        let mut scene = Scene::new();
        let live = ForeignKey { on_delete: ReferentialAction::Cascade, ..foreign_key(from, to) };
        scene.publisher().foreign_keys.push(live);
        scene.plan.foreign_keys.push(PlannedForeignKey { key: planned, cut: true });
        scene.findings().into_iter().find(|finding| finding.code == "PF609")
    };
    let changed = said("b", "a", foreign_key("b", "a")).expect("another action");
    assert!(format!("{changed:?}").contains("ON DELETE CASCADE"), "{changed:?}");
    let same = ForeignKey { on_delete: ReferentialAction::Cascade, ..foreign_key("b", "a") };
    assert_eq!(said("b", "a", same), None);
    assert_eq!(said("b", "a", ForeignKey::new(name("b"), name("a"), "fk")), None);
    assert!(said("b", "a", ForeignKey::new(name("b"), name("p"), "fk")).is_some(), "another table");
    assert_eq!(said("b", "p", foreign_key("b", "p")), None, "within a slot");
}

/// FULL on the publisher is what a shard with values out of line needs, and no drift.
#[test]
fn full_identity_of_a_shard_is_no_drift() {
    let found = |filter: Option<&str>| {
        let mut scene = Scene::new();
        scene.planned().row_filter = filter.map(str::to_owned);
        scene.both("a", |table| table.identity = ReplicaIdentity::Full);
        scene.findings().iter().any(|finding| finding.code == "PF608")
    };
    assert!(found(None) && !found(Some("(hashint8(id) & 1) = 0")));
}

/// A root whose key is logged by its partitions is no danger, one whose key is not is, and FULL asks for FULL.
#[test]
fn a_root_and_its_partitions_log_one_key() {
    let found = |change: Spoil| {
        let mut scene = Scene::new();
        change(&mut scene);
        scene.findings().into_iter().filter(|finding| finding.code == "PF217").map(|f| f.subject).collect::<Vec<_>>()
    };
    let of = |table: &str| Subject::Table(name(table));
    assert_eq!(found(|s| no_key(s.of_publisher("p"))), [of("p")]);
    assert_eq!(found(|s| s.of_publisher("p1").keys = vec![key("other", true, &["note"])]), [of("p1")]);
    assert_eq!(found(|s| s.of_publisher("p1").keys = vec![key("wider", true, &["id", "note"])]), []);
    assert_eq!(found(|s| s.of_publisher("p1").identity = ReplicaIdentity::Full), []);
    assert_eq!(found(|s| s.of_publisher("p").identity = ReplicaIdentity::Full), [of("p1"), of("p2")]);
    // by its leaves, each of them speaks for itself
    let by_leaves = |s: &mut Scene| {
        no_key(s.of_publisher("p"));
        s.plan.slots[1].via_root = false;
    };
    assert_eq!(found(by_leaves), []);
}

#[test]
fn table_synchronization_slots_are_known_by_name() {
    for (name, is_one) in [
        ("pg_16400_sync_16385_7123", true),
        ("pgsp_2_16836_sync_16643", true), // subscribers of 12 and 13
        ("pgsp_sync_1", false),
        ("_sync_1", false),
        ("pgsp_1_sync_", false),
        ("pgsp_1", false),
    ] {
        assert_eq!(existing_slot(name).is_table_synchronization(), is_one, "{name}");
    }
}

/// From 16 on rows are written as the table's owner; statistics are for the planner, defaults for rows without the column.
#[test]
fn only_functions_that_would_run_as_the_subscription_owner_are_found() {
    let has = |version: u32, runs: &str, table: &str| {
        let mut scene = Scene::new();
        scene.subscriber().server.version_num = ServerVersion::of_major(version);
        scene.subscriber().tenant_functions.push(of_tenant(table, runs));
        scene.findings().iter().any(|finding| finding.code == "PF440")
    };
    assert!(has(15, "check", "a") && has(12, "trigger", "p2") && has(14, "partition key", "p"));
    assert!(!has(16, "check", "a") && !has(15, "statistics", "a") && !has(15, "default", "a"));
    assert!(!has(15, "check", "unplanned"));
}

#[test]
fn many_tables_are_one_finding_for_people_and_all_for_machines() {
    let mut scene = Scene::new();
    for number in 0..50 {
        scene.publisher().relations.insert(name(&format!("new_{number:02}")), plain());
    }
    let new = |scene: &Scene| scene.findings().into_iter().filter(|f| f.code == "PF605").collect::<Vec<_>>();
    let found = new(&scene);
    assert_eq!((found.len(), found[0].subject.clone()), (1, Subject::Publisher));
    assert!(found[0].message.starts_with("50 times") && found[0].detail.as_ref().unwrap().contains("and 30 more"));
    scene.circumstances.list_limit = usize::MAX;
    assert_eq!(new(&scene).len(), 50);
}

#[test]
fn a_planned_table_that_joined_a_planned_tree_is_sent_twice() {
    let mut scene = Scene::new();
    scene.of_publisher("a").partition_of = Some(name("p"));
    scene.of_publisher("p").partitions.push(name("a"));
    let found = scene.findings();
    assert!(found.iter().any(|f| f.code == "PF607" && f.message.contains("its rows would arrive twice")), "{found:?}");
}

/// It was left out because of what it was, and by nobody's choice.
#[test]
fn an_unlogged_table_that_became_an_ordinary_one_is_a_new_table() {
    let mut scene = Scene::new();
    scene.publisher().relations.insert(name("cache"), plain());
    scene.subscriber().relations.insert(name("cache"), plain());
    let said = |scene: &Scene| scene.findings().iter().any(|f| f.code == "PF605");
    let excluded = |reason: &str| crate::workload::Excluded {
        schema: name("cache").schema,
        name: name("cache").name,
        reason: reason.into(),
    };
    scene.plan.excluded = vec![excluded(crate::plan::left_out::UNLOGGED_TABLE)];
    assert!(said(&scene));
    scene.plan.excluded = vec![excluded(crate::plan::left_out::EXCLUDED)];
    assert!(!said(&scene));
}

/// What the step of the dump refuses: triggers of any kind too, and not for a role that may set the parameter.
#[test]
fn what_stands_in_the_way_of_a_dump() {
    let said = |role: RoleFacts, table: &str| {
        let mut scene = Scene::new();
        scene.circumstances.bootstrap = Bootstrap::Dump;
        scene.subscriber().role = role;
        scene.subscriber().local_triggers.push((name(table), "stamp".into()));
        let found = scene.findings().into_iter().find(|finding| finding.code == "PF325");
        found.map(|finding| format!("{finding:?}")).unwrap_or_default()
    };
    assert!(said(mover(), "a").contains("trigger \\\"stamp\\\" of table public.a"), "{}", said(mover(), "a"));
    assert_eq!(said(mover(), "elsewhere"), "");
    assert_eq!(said(RoleFacts { sets_replication_role: true, ..mover() }, "a"), "");
}

#[test]
fn one_side_alone_is_judged_as_far_as_it_goes() {
    let mut scene = Scene::new();
    scene.publisher = None;
    no_key(scene.of_subscriber("a"));
    let codes: Vec<String> = scene.findings().into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["PF403", "PF903"]);
}

/// Rows of the plan's own subscriptions are no reason to refuse the second run.
/// A third leaf beside two planned ones, in the publication of one of them, needs no other plan.
#[test]
fn a_partition_beside_planned_ones_counts_as_planned() {
    let mut s = Scene::new();
    s.plan.slots[1].via_root = false;
    let part = PlannedTable { kind: TableKind::Partition, partition_root: Some(name("p")), ..table("public", "p1") };
    s.plan.slots[1].tables[1] = part.clone();
    s.plan.slots[1].tables.push(PlannedTable { name: "p2".into(), ..part });
    let third = RelationFacts { partition_of: Some(name("p")), ..plain() };
    for side in [&mut s.publisher, &mut s.subscriber] {
        let facts = &mut side.as_mut().unwrap().facts;
        facts.relations.insert(name("p3"), third.clone());
        facts.relations.get_mut(&name("p")).unwrap().partitions.push(name("p3"));
    }
    let publication = existing_publication("pgsp_2");
    let members = s.plan.slots[1].tables.iter().map(|table| (table.table_name(), (false, false)));
    let members = members.chain([(name("p3"), (false, false))]).collect();
    s.publisher().publications.push(PublicationFacts { members, via_root: false, ..publication });
    let codes = |s: &Scene| s.findings().into_iter().map(|finding| finding.code.to_string()).collect::<BTreeSet<_>>();
    let found = codes(&s);
    assert!(found.contains("PF705") && !found.contains("PF704") && !found.contains("PF606"), "{found:?}");
    // what is in no planned publication still is not
    s.publisher().publications.last_mut().unwrap().members.remove(&name("p3"));
    assert!(codes(&s).contains("PF606"));
}

#[test]
fn a_second_run_is_no_error() {
    let mut scene = Scene::new();
    scene.of_subscriber("a").has_rows = Some(true);
    scene.subscriber().subscriptions.push(existing_subscription("pgsp_1"));
    scene.publisher().slots.push(existing_slot("pgsp_1"));
    scene.publisher().publications.push(existing_publication("pgsp_1"));
    let errors: Vec<Finding> = scene.findings().into_iter().filter(|f| f.severity < Severity::Info).collect();
    assert_eq!(errors, Vec::new());
}
