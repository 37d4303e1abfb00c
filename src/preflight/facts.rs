//! What a preflight has read of one server: plain data, the same for both sides. Absent means not seen, never none.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    lsn::Lsn,
    names::TableName,
    server::{Flavor, ServerFacts},
    workload::{ForeignKey, ReplicaIdentity, TableKind},
};

/// Everything that was read of one server.
#[derive(Debug, Clone, PartialEq)]
pub struct SideFacts {
    /// Version, flavor, settings, extensions.
    pub server: ServerFacts,
    /// The database of the session.
    pub database: String,
    /// Start of the server, as it prints it: a clone of a server never has the same.
    pub started: String,
    /// The server's address as the session sees it; absent over a Unix socket.
    pub address: Option<String>,
    /// `listen_addresses`.
    pub listen_addresses: Option<String>,
    /// The role that is judged: the one in `publisher_dsn`, or who runs the scripts.
    pub role: RoleFacts,
    /// Settings as a new session gets them, in the base unit of each.
    pub session_settings: BTreeMap<String, String>,
    /// Settings that `ALTER ROLE` and `ALTER DATABASE` give, as `name=value`, with the role or an empty text.
    pub role_settings: Vec<(String, String)>,
    /// Settings that were changed and wait for a restart.
    pub pending_restart: BTreeSet<String>,
    /// Replication slots of the whole server.
    pub slots: Vec<SlotFacts>,
    /// Walsenders.
    pub walsenders: Vec<WalsenderFacts>,
    /// Publications of the database.
    pub publications: Vec<PublicationFacts>,
    /// Subscriptions of the whole server.
    pub subscriptions: Vec<SubscriptionFacts>,
    /// Sessions with a transaction older than a minute.
    pub transactions: Vec<TransactionFacts>,
    /// Prepared transactions of the whole server.
    pub prepared: Vec<PreparedFacts>,
    /// Relations by name, those of extensions too.
    pub relations: BTreeMap<TableName, RelationFacts>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Triggers that fire for replicated rows.
    pub triggers: Vec<TriggerFacts>,
    /// The other triggers that fire: table and name.
    pub local_triggers: Vec<(TableName, String)>,
    /// Functions without a search_path of their own that run with a row: the table, the function.
    pub functions: Vec<(TableName, TableName)>,
    /// Functions of roles that are no superusers, behind tables.
    pub tenant_functions: Vec<TenantFunction>,
    /// Labels of enumerated types.
    pub enums: BTreeMap<TableName, Vec<String>>,
    /// Objects that a later version refuses to make: name, what it is, and the first major version without it.
    pub retired: Vec<(TableName, String, u32)>,
    /// Number of large objects.
    pub large_objects: Option<u64>,
    /// Lines of pg_hba.conf that the server understands, in order.
    pub access_rules: Option<Vec<AccessRule>>,
    /// Mean rate of WAL since its statistics were reset (14 and later).
    pub wal_bytes_per_s: Option<f64>,
    /// Plans that the subscriber carries out: prefix and digest.
    pub marks: Option<Vec<(String, String)>>,
    /// Why schema `pgslotplan`, where the scripts note what they did, is not ours.
    pub foreign_state: Option<String>,
    /// The server can refuse to read views and foreign tables of others.
    pub is_walled: bool,
    /// Where data and configuration are.
    pub layout: LayoutFacts,
    /// Tablespaces outside of the data folder: name and folder.
    pub tablespaces: Vec<(String, String)>,
    /// What was not seen.
    pub unseen: Vec<Unseen>,
}

/// Where a server keeps its data and its configuration; a path that was not seen is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayoutFacts {
    /// `data_directory`.
    pub data: Option<String>,
    /// `config_file`.
    pub configuration: Option<String>,
    /// `hba_file`.
    pub hba: Option<String>,
    /// `ident_file`.
    pub ident: Option<String>,
    /// Absolute paths of certificates, keys and lists.
    pub certificates: Vec<String>,
    /// The configuration names folders of this server, or includes files elsewhere; absent where that cannot be read.
    pub names_places: Option<bool>,
    /// The role may read files of the server.
    pub may_read_files: bool,
}

impl LayoutFacts {
    /// Files of the configuration that a copy of the data folder lacks.
    pub fn outside(&self) -> Vec<&str> {
        let Some(data) = &self.data else { return Vec::new() };
        let file = |path: &'_ Option<String>, name: &str| path.as_deref() != Some(&format!("{data}/{name}"));
        [(&self.configuration, "postgresql.conf"), (&self.hba, "pg_hba.conf"), (&self.ident, "pg_ident.conf")]
            .into_iter()
            .filter(|(path, name)| file(path, name))
            .filter_map(|(path, _)| path.as_deref())
            .collect()
    }
}

impl SideFacts {
    /// A setting as a number, as `pg_settings` has it.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.server.setting_number(name)
    }

    /// Ordinary tables and leaf partitions at or below a relation.
    pub fn leaves(&self, table: &TableName) -> Vec<(&TableName, &RelationFacts)> {
        let mut found = Vec::new();
        let mut open = vec![table];
        while let Some(name) = open.pop() {
            let Some((name, relation)) = self.relations.get_key_value(name) else { continue };
            match relation.kind {
                RelationKind::Table => found.push((name, relation)),
                RelationKind::Partitioned => open.extend(&relation.partitions),
                _ => {}
            }
        }
        found.sort_by_key(|(name, _)| *name);
        found
    }

    /// The partitioned tables above a partition, nearest first.
    pub fn ancestors<'a>(&'a self, table: &'a TableName) -> Vec<&'a TableName> {
        let mut found: Vec<&TableName> = Vec::new();
        let mut at = table;
        while let Some(parent) = self.relations.get(at).and_then(|relation| relation.partition_of.as_ref()) {
            if found.contains(&parent) {
                break; // the catalog changed between two queries
            }
            found.push(parent);
            at = parent;
        }
        found
    }
}

/// A role and what it may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleFacts {
    /// Its name.
    pub name: String,
    /// Superuser.
    pub superuser: bool,
    /// REPLICATION.
    pub replication: bool,
    /// BYPASSRLS.
    pub bypasses_row_security: bool,
    /// LOGIN.
    pub may_login: bool,
    /// CREATEROLE.
    pub creates_roles: bool,
    /// May read verifiers of passwords.
    pub reads_passwords: bool,
    /// May set session_replication_role.
    pub sets_replication_role: bool,
    /// Owns the database, itself or as a member of its owner.
    pub owns_database: bool,
    /// CREATE on the database.
    pub may_create_in_database: bool,
    /// Predefined and provider roles that it is a member of.
    pub member_of: BTreeSet<String>,
    /// How many roles of the server can log in and replicate.
    pub replicating_roles: u64,
}

impl RoleFacts {
    /// Whether it is a member of a role.
    pub fn is_member(&self, role: &str) -> bool {
        self.member_of.contains(role)
    }

    /// Whether it is a member of a role that stands for a superuser at a provider.
    pub fn is_provider_admin(&self) -> bool {
        Flavor::provider_admins().iter().any(|group| self.is_member(group))
    }

    /// Whether it may open a replication connection.
    pub fn may_replicate(&self) -> bool {
        self.superuser || self.replication || self.is_member("rds_replication") || self.is_member("rds_superuser")
    }
}

/// A replication slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotFacts {
    /// Name.
    pub name: String,
    /// Output plugin; absent for a physical slot.
    pub plugin: Option<String>,
    /// Database; absent for a physical slot.
    pub database: Option<String>,
    /// Goes with its session.
    pub temporary: bool,
    /// A walsender serves it.
    pub active: bool,
    /// `lost`, or a reason for its invalidation.
    pub lost: bool,
    /// Up to here its subscription has everything; absent for a physical slot.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// Standbys are to keep copies of it.
    pub failover: bool,
    /// Current LSN less `restart_lsn`; absent where the slot retains nothing.
    pub retained_bytes: Option<u64>,
}

impl SlotFacts {
    /// Whether the server made it for itself: 19 has one that keeps rows for its subscriptions with `retain_dead_tuples`. It is not
    /// for anyone to drop.
    pub fn is_the_servers_own(&self) -> bool {
        self.name == "pg_conflict_detection"
    }

    /// Whether a subscriber's table synchronization worker made it: `pg_OID_sync_OID_ID`, and `SLOT_OID_sync_OID` where the
    /// subscriber is of version 12 or 13.
    pub fn is_table_synchronization(&self) -> bool {
        let is_number = |part: Option<&str>| part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let Some((subscription, table)) = self.name.rsplit_once("_sync_") else { return false };
        is_number(subscription.rsplit('_').next().filter(|part| !part.is_empty() && *part != subscription))
            && is_number(table.split('_').next().filter(|part| !part.is_empty()))
    }
}

/// A walsender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalsenderFacts {
    /// A subscription's walsender has its name.
    pub application_name: Option<String>,
    /// The slot that it serves.
    pub slot_name: Option<String>,
    /// It serves a physical standby: no logical slot.
    pub physical: bool,
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationFacts {
    /// Name.
    pub name: String,
    /// FOR ALL TABLES.
    pub all_tables: bool,
    /// Publishes whole schemas.
    pub schemas: bool,
    /// `publish` as the plan writes it.
    pub publish: String,
    /// `publish_via_partition_root`.
    pub via_root: bool,
    /// Members: whether each has a row filter, and a column list. Only of publications that the plan names.
    pub members: BTreeMap<TableName, (bool, bool)>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionFacts {
    /// Name.
    pub name: String,
    /// In this database.
    pub here: bool,
    /// Enabled.
    pub enabled: bool,
    /// Its slot.
    pub slot_name: Option<String>,
    /// Its publications.
    pub publications: Vec<String>,
    /// Tables that it writes; absent when they cannot be seen.
    pub tables: Option<BTreeSet<TableName>>,
}

/// A session with an old transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct TransactionFacts {
    /// Process.
    pub pid: i32,
    /// Who and what: role, database, application, state.
    pub session: String,
    /// It has a transaction id, so that a new slot waits for it.
    pub has_written: bool,
    /// Seconds since it began.
    pub age_s: f64,
}

/// A prepared transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedFacts {
    /// Its identifier.
    pub gid: String,
    /// Its database.
    pub database: String,
    /// Who prepared it.
    pub role: String,
    /// Seconds since then.
    pub age_s: f64,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// An ordinary table, also as a partition.
    Table,
    /// A partitioned table.
    Partitioned,
    /// A foreign table.
    Foreign,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A sequence.
    Sequence,
}

impl RelationKind {
    /// In words, with an article.
    pub fn in_words(self) -> &'static str {
        match self {
            RelationKind::Table => "an ordinary table",
            RelationKind::Partitioned => "a partitioned table",
            RelationKind::Foreign => "a foreign table",
            RelationKind::View => "a view",
            RelationKind::MaterializedView => "a materialised view",
            RelationKind::Sequence => "a sequence",
        }
    }

    /// Whether it is what the plan calls by this kind.
    pub fn is(self, kind: TableKind) -> bool {
        match kind {
            TableKind::Partitioned => self == RelationKind::Partitioned,
            TableKind::Table | TableKind::Partition => self == RelationKind::Table,
        }
    }
}

/// How long a relation's rows last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// Logged.
    Permanent,
    /// Unlogged.
    Unlogged,
    /// Temporary.
    Temporary,
}

/// A relation.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationFacts {
    /// What it is.
    pub kind: RelationKind,
    /// How long its rows last.
    pub persistence: Persistence,
    /// `relreplident`.
    pub identity: ReplicaIdentity,
    /// The partitioned table above it.
    pub partition_of: Option<TableName>,
    /// Partitions right below it.
    pub partitions: Vec<TableName>,
    /// Tables that it inherits from, partitioning left out.
    pub inherits: Vec<TableName>,
    /// Row security is on.
    pub row_security: bool,
    /// Also for the owner.
    pub forced_row_security: bool,
    /// Heap and TOAST as of the last VACUUM, bytes.
    pub bytes: u64,
    /// Owner.
    pub owner: String,
    /// The judged role owns it.
    pub owned_by_role: bool,
    /// The judged role may SELECT.
    pub role_may_select: bool,
    /// What its owner may not do with it, as words of GRANT.
    pub owner_lacks: Vec<String>,
    /// Its owner may use its schema.
    pub owner_uses_schema: bool,
    /// The judged role may become its owner.
    pub role_becomes_owner: bool,
    /// Extension that owns it.
    pub extension: Option<String>,
    /// Columns, by name.
    pub columns: BTreeMap<String, ColumnFacts>,
    /// Unique and exclusion indexes, those with the fewest columns first.
    pub keys: Vec<KeyFacts>,
    /// Indexes beyond primary key and replica identity.
    pub secondary_indexes: u64,
    /// Whether it holds a row; absent when nobody asked or it cannot be told.
    pub has_rows: Option<bool>,
}

impl RelationFacts {
    /// The index by which the server identifies rows, as `RelationGetIndexList` picks it.
    pub fn identity_key(&self) -> Option<&KeyFacts> {
        let usable = |key: &&KeyFacts| key.may_identify();
        match self.identity {
            ReplicaIdentity::Default => self.keys.iter().filter(usable).find(|key| key.is_primary),
            ReplicaIdentity::Index => self.keys.iter().filter(usable).find(|key| key.is_identity),
            ReplicaIdentity::Full | ReplicaIdentity::Nothing => None,
        }
    }

    /// The index by which a subscriber finds a row that was changed: its replica identity, or else its primary key.
    pub fn search_key(&self) -> Option<&KeyFacts> {
        self.identity_key().or_else(|| self.keys.iter().find(|key| key.is_primary && key.may_identify()))
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Type with its modifier, schema where it is not the system's.
    pub data_type: String,
    /// NOT NULL.
    pub not_null: bool,
    /// A default, an identity or an expression fills it.
    pub has_default: bool,
    /// Generated.
    pub generated: bool,
    /// Its type has an equality that an index knows; rows without a key are found by comparing all columns.
    pub comparable: bool,
    /// Its values may be stored out of line.
    pub toastable: bool,
}

/// A unique or exclusion index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its name.
    pub name: String,
    /// Primary key.
    pub is_primary: bool,
    /// Chosen as replica identity.
    pub is_identity: bool,
    /// Unique; otherwise an exclusion constraint.
    pub unique: bool,
    /// Not deferrable.
    pub immediate: bool,
    /// Built completely.
    pub valid: bool,
    /// Without predicate and expressions.
    pub plain: bool,
    /// All key columns are NOT NULL.
    pub all_not_null: bool,
    /// Key columns, in order.
    pub columns: Vec<String>,
}

impl KeyFacts {
    /// Whether it can be a replica identity (docs/postgres.md, "Replica identity").
    pub fn may_identify(&self) -> bool {
        self.unique && self.immediate && self.valid && self.plain && self.all_not_null
    }
}

/// A trigger that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerFacts {
    /// Its table.
    pub table: TableName,
    /// Its name.
    pub name: String,
    /// Its function fixes a search_path.
    pub sets_search_path: bool,
    /// ENABLE ALWAYS.
    pub is_always: bool,
    /// It fires for replicated rows: ENABLE ALWAYS or ENABLE REPLICA.
    pub is_replicated: bool,
}

/// A function of a role that is no superuser, behind a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantFunction {
    /// The table.
    pub table: TableName,
    /// The function with its arguments, as SQL.
    pub function: String,
    /// Who owns it.
    pub owner: String,
    /// By what it runs: a word of `emit/assets/lib/tenant_functions.sql`.
    pub runs: String,
}

/// A line of pg_hba.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// `local`, `host`, `hostssl`, …
    pub kind: String,
    /// Databases.
    pub databases: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// Address, `all`, `samehost`, `samenet` or a host name.
    pub address: Option<String>,
    /// Mask of the address.
    pub netmask: Option<String>,
    /// `trust`, `reject`, `scram-sha-256`, …
    pub method: String,
}

/// Something that was not seen, and what would show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// What, so that "could not see …" reads well.
    pub what: String,
    /// What would show it, a whole sentence.
    pub remedy: String,
}

/// What became of the emitted statements when the server parsed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// All of them, so many files.
    All(usize),
    /// The server refused some: the file, and its words.
    Refused(Vec<(String, String)>),
    /// The scripts cannot be written.
    NotEmitted(String),
    /// They were not parsed, and why.
    NotTried(String),
}
