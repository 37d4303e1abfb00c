//! What a server is and what its version can do. Data; no queries.
//!
//! Numbers of major versions are compared here and nowhere else: whoever depends on a version asks for what it can do.

mod flavor;
mod privileges;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use flavor::{Flavor, Signs};
pub use privileges::Privileges;

use crate::names::clipped;

/// The oldest major version we plan for.
pub const OLDEST_MAJOR: u32 = 12;
/// The newest major version we plan for: a later one may have changed what the scripts rely on.
pub const NEWEST_MAJOR: u32 = 19;
/// The newest major version whose servers all of this was tried on. What is said of a later one is from its documentation.
pub const NEWEST_TRIED_MAJOR: u32 = 18;

/// `server_version_num`, for example 150018.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ServerVersion(pub u32);

/// The number is no version of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("server version {0} is not of the form 150018")]
pub struct ServerVersionError(u32);

impl TryFrom<u32> for ServerVersion {
    type Error = ServerVersionError;
    fn try_from(number: u32) -> Result<Self, ServerVersionError> {
        let version = ServerVersion(number);
        if version.is_well_formed() { Ok(version) } else { Err(ServerVersionError(number)) }
    }
}

impl From<ServerVersion> for u32 {
    fn from(version: ServerVersion) -> u32 {
        version.0
    }
}

impl ServerVersion {
    /// The numbers that are versions: two digits of the major release, four of the minor one.
    pub const RANGE: std::ops::RangeInclusive<u32> = 10_000..=999_999;

    /// The newest minor release of a major version, for plans made without a server.
    pub fn of_major(major: u32) -> Self {
        ServerVersion(major * 10_000)
    }
    /// Whether it is of the form that versions have since 10, as 150018.
    pub fn is_well_formed(self) -> bool {
        Self::RANGE.contains(&self.0)
    }
    /// The major version: 15 for 15.18.
    pub fn major(self) -> u32 {
        self.0 / 10_000
    }
    /// The minor version: 18 for 15.18.
    pub fn minor(self) -> u32 {
        self.0 % 10_000
    }
    /// Publications can hold partitioned tables and have `publish_via_partition_root` (13).
    pub fn publishes_partition_roots(self) -> bool {
        self.major() >= 13
    }
    /// A subscription can write into a partitioned table (13).
    pub fn receives_into_partition_roots(self) -> bool {
        self.major() >= 13
    }
    /// `WHERE` in publications (15).
    pub fn has_row_filters(self) -> bool {
        self.major() >= 15
    }
    /// A slot that retained too much is marked `lost` in `pg_replication_slots.wal_status`, under the setting
    /// `max_slot_wal_keep_size` (13).
    pub fn loses_slots(self) -> bool {
        self.major() >= 13
    }
    /// Its subscriptions ask for dates, intervals and numbers in formats of their own, whatever the sender's database or role has
    /// set (15).
    pub fn asks_for_formats(self) -> bool {
        self.major() >= 15
    }
    /// The statistics of a database have a time of reset from their first count on; later versions give one only after a reset (14).
    pub fn dates_new_statistics(self) -> bool {
        self.major() <= 14
    }
    /// Setting `logical_decoding_work_mem`; before, 4096 changes of a transaction are kept in memory (13).
    pub fn has_decoding_memory_limit(self) -> bool {
        self.major() >= 13
    }
    /// Subscription option `streaming = on`, which spares spilling (14).
    pub fn has_streaming(self) -> bool {
        self.major() >= 14
    }
    /// `EXPLAIN (GENERIC_PLAN)` (16).
    pub fn explains_generic_plans(self) -> bool {
        self.major() >= 16
    }
    /// `pg_stat_io` (16).
    pub fn has_io_statistics(self) -> bool {
        self.major() >= 16
    }
    /// `pg_stat_checkpointer` beside `pg_stat_bgwriter` (17).
    pub fn has_checkpointer_statistics(self) -> bool {
        self.major() >= 17
    }
    /// Views `pg_stat_progress_copy` and `pg_stat_replication_slots` (14).
    pub fn shows_copies(self) -> bool {
        self.major() >= 14
    }
    /// View `pg_stat_wal` (14).
    pub fn has_wal_statistics(self) -> bool {
        self.major() >= 14
    }
    /// Aurora's function that says where a clone of its storage ends: with which minor versions it came (AWS's page of
    /// `aurora_volume_logical_start_lsn`).
    pub fn has_aurora_volume_position(self) -> bool {
        let least = match self.major() {
            12 => 10,
            13 => 6,
            14 => 3,
            15 => 2,
            _ => 0,
        };
        self.minor() >= least
    }
    /// Extension `pg_walinspect` (15).
    pub fn has_walinspect(self) -> bool {
        self.major() >= 15
    }
    /// `pg_walinspect` has `pg_get_wal_block_info` beside `pg_get_wal_records_info` (16).
    pub fn has_wal_block_info(self) -> bool {
        self.major() >= 16
    }
    /// The function of `pg_walinspect` that is read.
    pub fn wal_function(self) -> &'static str {
        if self.has_wal_block_info() { "pg_get_wal_block_info" } else { "pg_get_wal_records_info" }
    }
    /// What `pg_has_role` is asked for to know whether a role may become another one (`SET` since 16).
    pub fn becomes(self) -> &'static str {
        if self.grants_with_inherit_and_set() { "SET" } else { "MEMBER" }
    }
    /// Who writes the rows of a subscription: its owner, checked against row security from 15 on, the table's owner from
    /// 16 on.
    pub fn applies_as(self) -> AppliesAs {
        match self.major() {
            ..=14 => AppliesAs::Unchecked,
            15 => AppliesAs::SubscriptionOwner,
            _ => AppliesAs::TableOwner,
        }
    }
    /// GRANT SET ON PARAMETER (15).
    pub fn has_parameter_privileges(self) -> bool {
        self.major() >= 15
    }
    /// Role `pg_create_subscription` (16).
    pub fn has_create_subscription_role(self) -> bool {
        self.major() >= 16
    }
    /// Partitioned tables can have foreign keys that are NOT VALID (18).
    pub fn has_unvalidated_keys_of_roots(self) -> bool {
        self.major() >= 18
    }
    /// The catalog's text of a view names the table before each column, even if there is only one table (before 16).
    pub fn qualifies_every_column(self) -> bool {
        self.major() < 16
    }
    /// ICU locales become language tags when they are stored (16).
    pub fn writes_icu_locales_as_tags(self) -> bool {
        self.major() >= 16
    }
    /// Logical slots that standbys keep copies of, `failover` (17).
    pub fn has_failover_slots(self) -> bool {
        self.major() >= 17
    }
    /// Privilege MAINTAIN (17).
    pub fn has_maintain_privilege(self) -> bool {
        self.major() >= 17
    }
    /// Errors of subscriptions are counted, view `pg_stat_subscription_stats` (15).
    pub fn counts_subscription_errors(self) -> bool {
        self.major() >= 15
    }
    /// `ALTER SUBSCRIPTION ... SKIP` leaves out one transaction (15).
    pub fn skips_transactions(self) -> bool {
        self.major() >= 15
    }
    /// Setting `idle_replication_slot_timeout` (18).
    pub fn has_idle_slot_timeout(self) -> bool {
        self.major() >= 18
    }
    /// Conflicts are counted, those of origin by commit timestamps (18).
    pub fn counts_conflicts(self) -> bool {
        self.major() >= 18
    }
    /// The values of `wal_level` with which it can decode: from 19 on `replica` is enough, for `effective_wal_level` rises by itself
    /// while a logical slot exists. What the emitted files test, too.
    pub fn wal_levels_that_decode(self) -> &'static [&'static str] {
        if self.major() >= 19 { &["logical", "replica"] } else { &["logical"] }
    }
    /// Whether it can decode with a value of `wal_level`; one that is not known is none of our business.
    pub fn decodes_with(self, wal_level: &str) -> bool {
        self.wal_levels_that_decode().contains(&wal_level)
    }
    /// How a sentence names the values of `wal_level` that are enough.
    pub fn wal_levels_in_words(self) -> String {
        self.wal_levels_that_decode().join(" or ")
    }
    /// Its array functions take `anyarray`; later ones take `anycompatiblearray`, and what is built on them must follow (before 14).
    pub fn has_array_functions_of_any_array(self) -> bool {
        self.major() < 14
    }
    /// The catalog tells the version of the database's own collation (15).
    pub fn knows_version_of_default_collation(self) -> bool {
        self.major() >= 15
    }
    /// A membership says whether it inherits and whether the member may SET ROLE (16).
    pub fn grants_with_inherit_and_set(self) -> bool {
        self.major() >= 16
    }
    /// Subscription option `streaming = parallel` (16).
    pub fn has_parallel_streaming(self) -> bool {
        self.major() >= 16
    }
    /// Sends BEGIN and COMMIT of every transaction of the database to every slot (before 15).
    pub fn sends_empty_transactions(self) -> bool {
        self.major() < 15
    }
    /// A subscriber drops a table's synchronization slot before it notes that the table is synchronized (14).
    pub fn drops_sync_slots_early(self) -> bool {
        self.major() >= 14
    }
    /// Publication option `publish_generated_columns` (18).
    pub fn can_publish_generated_columns(self) -> bool {
        self.major() >= 18
    }
    /// Publications can hold whole schemas (15).
    pub fn publishes_schemas(self) -> bool {
        self.major() >= 15
    }
    /// Reads a range of a table's blocks without reading the rest (14).
    pub fn scans_ranges_of_blocks(self) -> bool {
        self.major() >= 14
    }
    /// Parameter `idle_session_timeout` (14).
    pub fn has_idle_session_timeout(self) -> bool {
        self.major() >= 14
    }
    /// Parameter `transaction_timeout` (17).
    pub fn has_transaction_timeout(self) -> bool {
        self.major() >= 17
    }
    /// `initdb` turns data checksums on by itself (18).
    pub fn has_checksums_by_default(self) -> bool {
        self.major() >= 18
    }
    /// Origins are bounded by `max_active_replication_origins`, no longer by `max_replication_slots` (18).
    pub fn has_origin_limit(self) -> bool {
        self.major() >= 18
    }
    /// Refuses UPDATE and DELETE of a published table whose replica identity holds a generated column that is not published
    /// (18); identity full holds all of them.
    pub fn refuses_generated_identity(self) -> bool {
        self.major() >= 18
    }
    /// Uses a suitable non-unique index for updates under replica identity full (16).
    pub fn applies_full_identity_by_index(self) -> bool {
        self.major() >= 16
    }
    /// The first minor release in which an ALTER PUBLICATION ... ADD TABLE that did not lock the table first loses nothing
    /// of a transaction that was open (docs/postgres.md, "Membership of live tables"; commit 4909b38af0): of this
    /// version or, for one that gets no fix, none.
    pub fn unlocked_add_fixed_in(self) -> Option<ServerVersion> {
        let minor = match self.major() {
            ..=12 => return None,
            13 => 21,
            14 => 18,
            15 => 13,
            16 => 9,
            17 => 5,
            _ => 0,
        };
        Some(ServerVersion(self.major() * 10_000 + minor))
    }
    /// Whether it is older than [`ServerVersion::unlocked_add_fixed_in`]. Minor 0 stands for "newest".
    pub fn loses_changes_on_unlocked_add(self) -> bool {
        self.unlocked_add_fixed_in().is_none_or(|fixed| self.minor() != 0 && self < fixed)
    }
    /// Whether it can be planned for: neither too old nor too new.
    pub fn can_be_planned(self) -> bool {
        self.is_well_formed() && !self.is_too_old() && !self.is_too_new()
    }
    /// Whether it is too old to be planned for.
    pub fn is_too_old(self) -> bool {
        self.major() < OLDEST_MAJOR
    }
    /// Whether it came after the newest one that we plan for.
    pub fn is_too_new(self) -> bool {
        self.major() > NEWEST_MAJOR
    }
    /// Whether servers of this version were tried: what is known of others is from their documentation.
    pub fn was_tried(self) -> bool {
        self.major() <= NEWEST_TRIED_MAJOR
    }
}

/// As whom a subscription writes rows, for row security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliesAs {
    /// As its owner, whom row security is not checked for.
    Unchecked,
    /// As its owner.
    SubscriptionOwner,
    /// As the owner of each table.
    TableOwner,
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minor() == 0 { write!(f, "{}", self.major()) } else { write!(f, "{}.{}", self.major(), self.minor()) }
    }
}

/// `pg_control_system().system_identifier`: which cluster it is, for good. A decimal number in a text, since it exceeds 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SystemIdentifier(pub u64);

/// The text is no system identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid system identifier \"{0}\": expected a decimal number of 64 bits")]
pub struct SystemIdentifierError(String);

impl FromStr for SystemIdentifier {
    type Err = SystemIdentifierError;
    fn from_str(text: &str) -> Result<Self, SystemIdentifierError> {
        let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
        number.map(SystemIdentifier).ok_or_else(|| SystemIdentifierError(clipped(text)))
    }
}

impl TryFrom<String> for SystemIdentifier {
    type Error = SystemIdentifierError;
    fn try_from(text: String) -> Result<Self, SystemIdentifierError> {
        text.parse()
    }
}

impl From<SystemIdentifier> for String {
    fn from(identifier: SystemIdentifier) -> String {
        identifier.to_string()
    }
}

impl fmt::Display for SystemIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was read about a server. Absent means not known, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    /// Version of the server (`server_version_num`), for example 150018.
    pub version_num: ServerVersion,
    /// Who runs the server; absent: self-hosted.
    #[serde(default)]
    pub flavor: Flavor,
    /// `pg_control_system().system_identifier`, as text since it exceeds 2^53.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_identifier: Option<SystemIdentifier>,
    /// Processor cores, where somebody said so: no view tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// `pg_settings` by name, with the value as `pg_settings.setting` has it. Missing: the version lacks it or it
    /// could not be read.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Names of the replication slots that existed, of all databases.
    #[serde(default)]
    pub slots_in_use: Vec<String>,
    /// The server was a standby (`pg_is_in_recovery()`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_recovery: bool,
    /// Extensions installed in the database, by name, with their version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, String>,
}

/// The names in the value of a setting that is a list of names. Quotes hold a name together, with the commas in it: that is how
/// `ALTER SYSTEM SET x = 'a, b'` is read, as one name.
pub fn listed_names(value: &str) -> Vec<String> {
    let (mut names, mut name, mut quoted) = (Vec::new(), String::new(), false);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            c if c.is_whitespace() && !quoted => {}
            c => name.push(c),
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

/// An extension that changes where rows lie, so that publishing a table does not publish its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsupportedExtension {
    /// As in `pg_extension`.
    pub name: &'static str,
    /// Why it cannot be planned for, in full sentences.
    pub reason: &'static str,
    /// What to do, in full sentences.
    pub remedy: &'static str,
}

/// Those that are recognised.
const UNSUPPORTED_EXTENSIONS: [UnsupportedExtension; 2] = [
    UnsupportedExtension {
        name: "citus",
        reason: "Citus keeps the rows of a distributed table in shards on other servers, each with WAL and slots of its own: \
                 a publication of the table on the coordinator sends nothing of them.",
        remedy: "Move a Citus cluster by its own means (a new cluster of the new version, shards moved by \
                 citus_rebalance_start). If no table here is distributed, drop the extension and start again.",
    },
    UnsupportedExtension {
        name: "timescaledb",
        reason: "TimescaleDB keeps the rows of a hypertable in chunks that come and go by themselves, some of them compressed: \
                 a publication of the hypertable sends nothing, and one of the chunks misses the next one.",
        remedy: "Move hypertables by TimescaleDB's own means (live migration, or dual writes with backfill). If this database \
                 has no hypertable, drop the extension and start again.",
    },
];

impl ServerFacts {
    /// The first installed extension whose tables cannot be planned for.
    pub fn unsupported_extension(&self) -> Option<&'static UnsupportedExtension> {
        UNSUPPORTED_EXTENSIONS.iter().find(|extension| self.extensions.contains_key(extension.name))
    }

    /// Facts of a server of which only the major version is known.
    pub fn of_major(major: u32) -> Self {
        ServerFacts {
            version_num: ServerVersion::of_major(major),
            flavor: Flavor::Community,
            system_identifier: None,
            cores: None,
            settings: BTreeMap::new(),
            slots_in_use: Vec::new(),
            in_recovery: false,
            extensions: BTreeMap::new(),
        }
    }

    /// The output plugins that the server loads, when the one of subscriptions is not among them. Minor versions since August
    /// 2026 and 19 have the setting; an older server loads any.
    pub fn output_plugins_without_ours(&self) -> Option<&str> {
        let listed = self.settings.get("output_plugin_libraries")?;
        (!listed_names(listed).iter().any(|name| name == "pgoutput")).then_some(listed.as_str())
    }

    /// A setting as a number; `None` when it is not known or not a number.
    pub fn setting_number(&self, name: &str) -> Option<i64> {
        self.settings.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_follow_the_manual() {
        let v = |number| ServerVersion(number);
        assert!(!v(120_022).publishes_partition_roots() && v(130_000).publishes_partition_roots());
        assert!(!v(140_023).has_row_filters() && v(150_018).has_row_filters());
        assert!(v(140_023).sends_empty_transactions() && !v(150_000).sends_empty_transactions());
        assert!(v(150_012).loses_changes_on_unlocked_add() && !v(150_013).loses_changes_on_unlocked_add());
        assert!(v(120_022).loses_changes_on_unlocked_add() && !v(180_000).loses_changes_on_unlocked_add());
        assert!(!v(150_000).loses_changes_on_unlocked_add(), "minor 0 is the newest");
        assert_eq!(v(150_012).unlocked_add_fixed_in(), Some(v(150_013)));
        assert_eq!(v(150_018).to_string(), "15.18");
        assert!(
            !v(180_006).decodes_with("replica")
                && v(190_000).decodes_with("replica")
                && !v(190_000).decodes_with("minimal")
        );
        assert_eq!(
            (v(180_006).wal_levels_in_words(), v(190_000).wal_levels_in_words()),
            ("logical".into(), "logical or replica".into())
        );
        assert!(v(190_000).can_be_planned() && !v(200_000).can_be_planned() && !v(110_022).can_be_planned());
        let facts = |listed: &str| {
            let mut facts = ServerFacts::of_major(18);
            facts.settings.insert("output_plugin_libraries".into(), listed.into());
            facts
        };
        assert_eq!(ServerFacts::of_major(18).output_plugins_without_ours(), None);
        assert_eq!(facts("test_decoding, \"pgoutput\"").output_plugins_without_ours(), None);
        assert_eq!(facts("test_decoding").output_plugins_without_ours(), Some("test_decoding"));
        let one_name = "\"test_decoding, pgoutput\"";
        assert_eq!(facts(one_name).output_plugins_without_ours(), Some(one_name));
        assert!(v(180_006).was_tried() && !v(190_000).was_tried());
        assert_eq!(ServerVersion::of_major(13).to_string(), "13");
    }
}
