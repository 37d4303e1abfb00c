//! Reads what a preflight judges: one side's server, activity and catalog. Judges nothing. What is not permitted is left
//! out and noted with the grant that would show it.
//!
//! Each query reads one kind of thing for all relations at once; here they are put together by oid.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use super::{
    catalog::with_comparable_types,
    connect::Session,
    error::PgError,
    facts::read_facts,
    foreign_code::unreadable,
    foreign_keys::{self, foreign_key},
    row::{Column, get, unsigned},
};
use crate::{
    names::{TableName, one_line},
    plan::Plan,
    preflight::facts::{
        AccessRule, ColumnFacts, KeyFacts, LayoutFacts, Persistence, PreparedFacts, PublicationFacts, RelationFacts,
        RelationKind, RoleFacts, SideFacts, SlotFacts, SubscriptionFacts, TenantFunction, TransactionFacts,
        TriggerFacts, Unseen, WalsenderFacts,
    },
    server::ServerVersion,
    workload::ReplicaIdentity,
};

const PURPOSE: &str = "read facts for the preflight";
/// So many tables are asked for rows in one statement: a statement of all of them would hold too many locks.
const ROWS_BATCH: usize = 500;

/// What is read beyond the server itself.
#[derive(Debug, Clone, Copy)]
pub struct PreflightScope<'a> {
    /// Whose publications and tables matter.
    pub plan: &'a Plan,
    /// The role that is judged; the session's own when absent.
    pub role: Option<&'a str>,
    /// A role besides superusers and the session's own to which the schema of the scripts' notes may belong.
    pub state_owner: Option<&'a str>,
    /// Whether the plan's tables are asked if they hold rows.
    pub looks_for_rows: bool,
}

/// Reads one side.
///
/// # Errors
/// [`PgError`] when the server refuses what everybody may read, or the session breaks off; [`PgError::Answer`] when
/// there is no role of the name given.
pub async fn read_side(session: &Session, scope: PreflightScope<'_>) -> Result<SideFacts, PgError> {
    let reader = Reader { session };
    let report = read_facts(session).await?;
    let instance = reader.one(include_str!("sql/preflight/instance.sql"), &[]).await?;
    let current_role: String = field(&instance, "current_role")?;
    let role_name = scope.role.unwrap_or(&current_role);
    let permissions = reader.one(include_str!("sql/preflight/permissions.sql"), &[]).await?;
    let may = |what: &str| field::<bool>(&permissions, what);
    let foreign_state = reader.foreign_state(scope.state_owner).await?;
    let mut unseen = Vec::new();
    note_unseen(&permissions, &mut unseen)?;
    if report.facts.system_identifier.is_none() {
        unseen.push(Unseen {
            what: "which server this is".into(),
            remedy: "GRANT EXECUTE ON FUNCTION pg_control_system() to the role shows the system identifier.".into(),
        });
    }
    let (session_settings, pending_restart) = reader.settings().await?;
    let mut relations = reader.relations(role_name).await?;
    let mut tenant_functions = reader.list(tenant_functions_sql(), tenant_function).await?;
    tenant_functions.sort_by(|a, b| (&a.table, &a.function, &a.runs).cmp(&(&b.table, &b.function, &b.runs)));
    if scope.looks_for_rows {
        // planning a query of such a table runs the function as this session's role
        let planning =
            |found: &&TenantFunction| matches!(found.runs.as_str(), "index" | "partition key" | "statistics");
        let avoided: BTreeSet<TableName> =
            tenant_functions.iter().filter(planning).map(|found| found.table.clone()).collect();
        reader.look_for_rows(scope.plan, &mut relations, &avoided, &mut unseen).await?;
    }
    let version = report.facts.version_num;
    let triggers = reader.list(include_str!("sql/preflight/triggers.sql"), trigger).await?;
    let (triggers, local_triggers): (Vec<_>, Vec<_>) = triggers.into_iter().partition(|trigger| trigger.is_replicated);
    let facts = SideFacts {
        started: field(&instance, "started")?,
        address: field(&instance, "address")?,
        listen_addresses: field(&instance, "listens")?,
        role: reader.role(role_name, version).await?,
        session_settings,
        role_settings: reader.role_settings(role_name).await?,
        pending_restart,
        slots: reader.list(include_str!("sql/preflight/slots.sql"), slot).await?,
        walsenders: reader.list(include_str!("sql/preflight/walsenders.sql"), walsender).await?,
        publications: reader.publications(scope.plan, version.has_row_filters()).await?,
        subscriptions: reader.subscriptions(may("may_read_subscription_oids")?).await?,
        transactions: reader.list(include_str!("sql/preflight/transactions.sql"), transaction).await?,
        prepared: reader.list(include_str!("sql/preflight/prepared.sql"), prepared).await?,
        foreign_keys: reader.list(foreign_keys::SQL, |row| foreign_key(PURPOSE, row)).await?,
        triggers,
        local_triggers: local_triggers.into_iter().map(|trigger| (trigger.table, trigger.name)).collect(),
        functions: reader.list(include_str!("sql/preflight/functions.sql"), function).await?,
        tenant_functions,
        enums: reader.enums().await?,
        retired: reader.retired(version).await?,
        large_objects: reader.large_objects(may("may_count_large_objects")?).await?,
        access_rules: match may("may_read_access_rules")? {
            true => Some(reader.list(include_str!("sql/preflight/access_rules.sql"), access_rule).await?),
            false => None,
        },
        wal_bytes_per_s: if version.has_wal_statistics() { reader.wal_rate().await? } else { None },
        marks: match (may("has_mark")?, may("may_read_mark")? && foreign_state.is_none()) {
            (false, _) => Some(Vec::new()),
            (true, true) => Some(reader.list(include_str!("sql/preflight/mark.sql"), mark).await?),
            (true, false) => None,
        },
        foreign_state,
        is_walled: session.is_walled,
        layout: reader.layout().await?,
        tablespaces: reader
            .list(include_str!("sql/preflight/tablespaces.sql"), |row| {
                Ok((field(row, "name")?, field(row, "location")?))
            })
            .await?,
        relations: relations.named(),
        server: report.facts,
        database: report.database,
        unseen,
    };
    Ok(facts)
}

/// What the session's role may not see.
fn note_unseen(permissions: &Row, unseen: &mut Vec<Unseen>) -> Result<(), PgError> {
    let may = |what: &str| field::<bool>(permissions, what);
    let mut note = |what: &str, remedy: &str| unseen.push(Unseen { what: what.into(), remedy: remedy.into() });
    if !may("may_read_activity")? {
        note("transactions and walsenders of other roles", "GRANT pg_monitor to the role shows them.");
    }
    if !may("may_read_access_rules")? {
        note(
            "pg_hba.conf",
            "GRANT SELECT ON pg_hba_file_rules and EXECUTE ON FUNCTION pg_hba_file_rules() to the role shows it; \
             managed servers have network rules of their own instead.",
        );
    }
    if !may("may_read_subscription_oids")? {
        note("which tables the subscriptions write", "Only a superuser sees it in this version.");
    }
    if !may("may_count_large_objects")? {
        note("how many large objects there are", "GRANT SELECT ON pg_largeobject_metadata to the role shows it.");
    }
    if may("has_mark")? && !may("may_read_mark")? {
        note(
            "which plan this server carries out",
            "GRANT USAGE ON SCHEMA pgslotplan and SELECT ON pgslotplan.plan show it.",
        );
    }
    Ok(())
}

fn field<'a, T: Column<'a>>(row: &'a Row, column: &str) -> Result<T, PgError> {
    get(PURPOSE, row, column)
}

fn name_of(row: &Row, schema: &str, name: &str) -> Result<TableName, PgError> {
    Ok(TableName::new(field::<String>(row, schema)?, field::<String>(row, name)?))
}

fn slot(row: &Row) -> Result<SlotFacts, PgError> {
    let status: Option<String> = field(row, "wal_status")?;
    let invalidated: Option<String> = field(row, "invalidation_reason")?;
    Ok(SlotFacts {
        name: field(row, "name")?,
        plugin: field(row, "plugin")?,
        database: field(row, "database")?,
        temporary: field(row, "temporary")?,
        active: field(row, "active")?,
        confirmed_flush_lsn: field::<Option<String>>(row, "confirmed_flush_lsn")?.and_then(|lsn| lsn.parse().ok()),
        lost: status.as_deref() == Some("lost") || invalidated.is_some(),
        failover: field(row, "failover")?,
        retained_bytes: field::<Option<i64>>(row, "retained_bytes")?.map(unsigned),
    })
}

fn walsender(row: &Row) -> Result<WalsenderFacts, PgError> {
    let slot_type: Option<String> = field(row, "slot_type")?;
    let application_name: Option<String> = field(row, "application_name")?;
    let is_backup = application_name.as_deref() == Some("pg_basebackup");
    Ok(WalsenderFacts {
        application_name,
        slot_name: field(row, "slot_name")?,
        physical: slot_type.as_deref() != Some("logical") && !is_backup,
    })
}

fn transaction(row: &Row) -> Result<TransactionFacts, PgError> {
    let text = |column: &str| Ok::<_, PgError>(field::<Option<String>>(row, column)?.unwrap_or_else(|| "?".into()));
    let session = format!(
        "role \"{}\", database \"{}\", application \"{}\", {}",
        text("role")?,
        text("database")?,
        text("application_name")?,
        text("state")?
    );
    Ok(TransactionFacts {
        pid: field(row, "pid")?,
        session: one_line(&session),
        has_written: field(row, "has_written")?,
        age_s: field(row, "age_s")?,
    })
}

fn prepared(row: &Row) -> Result<PreparedFacts, PgError> {
    Ok(PreparedFacts {
        gid: field(row, "gid")?,
        database: field(row, "database")?,
        role: field(row, "role")?,
        age_s: field(row, "age_s")?,
    })
}

fn retired(row: &Row) -> Result<(TableName, String, u32), PgError> {
    let gone_in: i32 = field(row, "gone_in")?;
    Ok((name_of(row, "schema", "name")?, field(row, "what")?, gone_in.unsigned_abs()))
}

fn trigger(row: &Row) -> Result<TriggerFacts, PgError> {
    Ok(TriggerFacts {
        table: name_of(row, "schema", "name")?,
        name: field(row, "trigger")?,
        sets_search_path: field(row, "sets_search_path")?,
        is_always: field(row, "is_always")?,
        is_replicated: field(row, "is_replicated")?,
    })
}

fn function(row: &Row) -> Result<(TableName, TableName), PgError> {
    Ok((name_of(row, "schema", "name")?, name_of(row, "function_schema", "function")?))
}

/// The query that the kit runs too: what stands between the marks of its file.
fn tenant_functions_sql() -> &'static str {
    let file = include_str!("../emit/assets/lib/tenant_functions.sql");
    file.split("$pgslotplan$").nth(1).expect("the file holds a function between its marks")
}

fn tenant_function(row: &Row) -> Result<TenantFunction, PgError> {
    Ok(TenantFunction {
        table: name_of(row, "schema_name", "table_name")?,
        function: field(row, "function")?,
        owner: field(row, "owner")?,
        runs: field(row, "runs")?,
    })
}

fn access_rule(row: &Row) -> Result<AccessRule, PgError> {
    Ok(AccessRule {
        kind: field(row, "kind")?,
        databases: field(row, "databases")?,
        roles: field(row, "roles")?,
        address: field(row, "address")?,
        netmask: field(row, "netmask")?,
        method: field(row, "method")?,
    })
}

fn mark(row: &Row) -> Result<(String, String), PgError> {
    Ok((field(row, "prefix")?, field(row, "plan_sha256")?))
}

/// Relations by oid while they are put together.
struct Relations(BTreeMap<u32, (TableName, RelationFacts, bool)>);

impl Relations {
    fn named(self) -> BTreeMap<TableName, RelationFacts> {
        self.0.into_values().map(|(name, relation, _)| (name, relation)).collect()
    }

    /// Ordinary tables that the plan's slots write, those behind partitioned tables too.
    fn received(&self, plan: &Plan) -> Vec<u32> {
        let by_name: BTreeMap<&TableName, u32> = self.0.iter().map(|(oid, (name, ..))| (name, *oid)).collect();
        let mut open: Vec<TableName> = plan.members().flat_map(|(slot, table)| slot.received(table)).collect();
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            let Some(oid) = by_name.get(&name) else { continue };
            let relation = &self.0[oid].1;
            match relation.kind {
                RelationKind::Partitioned => open.extend(relation.partitions.iter().cloned()),
                RelationKind::Table => drop(found.insert(*oid)),
                _ => {}
            }
        }
        found.into_iter().collect()
    }
}

struct Reader<'a> {
    session: &'a Session,
}

type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

impl Reader<'_> {
    async fn rows(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, PgError> {
        self.session.query(PURPOSE, sql, parameters).await
    }

    async fn one(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, PgError> {
        let mut rows = self.rows(sql, parameters).await?;
        rows.pop().ok_or_else(|| PgError::Answer { purpose: PURPOSE, reason: "no row".to_owned() })
    }

    async fn list<T>(&self, sql: &str, read: impl Fn(&Row) -> Result<T, PgError>) -> Result<Vec<T>, PgError> {
        self.rows(sql, &[]).await?.iter().map(read).collect()
    }

    async fn retired(&self, version: ServerVersion) -> Result<Vec<(TableName, String, u32)>, PgError> {
        let before = version.has_array_functions_of_any_array();
        self.rows(include_str!("sql/preflight/retired.sql"), &[(&before, Type::BOOL)])
            .await?
            .iter()
            .map(retired)
            .collect()
    }

    /// Superusers alone, up to 14.
    async fn sets_replication_role(&self, name: &str, version: ServerVersion) -> Result<bool, PgError> {
        if !version.has_parameter_privileges() {
            return Ok(false);
        }
        let sql = "SELECT pg_catalog.has_parameter_privilege($1, 'session_replication_role', 'SET') AS sets";
        self.rows(sql, &[(&name, Type::TEXT)]).await?.first().map_or(Ok(false), |row| field(row, "sets"))
    }

    async fn role(&self, name: &str, version: ServerVersion) -> Result<RoleFacts, PgError> {
        let rows = self.rows(include_str!("sql/preflight/roles.sql"), &[(&name, Type::TEXT)]).await?;
        let row = rows.first().ok_or_else(|| PgError::Answer {
            purpose: PURPOSE,
            reason: format!("role \"{}\" does not exist", one_line(name)),
        })?;
        Ok(RoleFacts {
            name: field(row, "name")?,
            superuser: field(row, "superuser")?,
            replication: field(row, "replication")?,
            bypasses_row_security: field(row, "bypasses_row_security")?,
            may_login: field(row, "may_login")?,
            creates_roles: field(row, "creates_roles")?,
            owns_database: field(row, "owns_database")?,
            reads_passwords: field(row, "reads_passwords")?,
            sets_replication_role: self.sets_replication_role(name, version).await?,
            may_create_in_database: field(row, "may_create_in_database")?,
            member_of: field::<Vec<String>>(row, "member_of")?.into_iter().collect(),
            replicating_roles: unsigned(field(row, "replicating")?),
        })
    }

    /// Why the schema of the scripts' notes is not ours; the kit asks the same. Nothing of it is read before.
    async fn foreign_state(&self, owner: Option<&str>) -> Result<Option<String>, PgError> {
        let body =
            include_str!("../emit/assets/lib/foreign_state.sql").split("$pgslotplan$").nth(1).unwrap_or_default();
        let set = "SELECT set_config('pgslotplan.state_owner', $1, false)";
        self.rows(set, &[(&owner.unwrap_or_default(), Type::TEXT)]).await?;
        self.rows(body, &[]).await?.first().map(|row| field(row, "line")).transpose()
    }

    async fn layout(&self) -> Result<LayoutFacts, PgError> {
        let row = self.one(include_str!("sql/preflight/layout.sql"), &[]).await?;
        let data: Option<String> = field(&row, "data")?;
        let names_places = if data.is_some() && field(&row, "may_read_parameters")? {
            Some(field(&self.one(include_str!("sql/preflight/layout_places.sql"), &[]).await?, "names_places")?)
        } else {
            None
        };
        Ok(LayoutFacts {
            data,
            configuration: field(&row, "configuration")?,
            hba: field(&row, "hba")?,
            ident: field(&row, "ident")?,
            certificates: field(&row, "certificates")?,
            names_places,
            may_read_files: field(&row, "may_read_files")?,
        })
    }

    async fn settings(&self) -> Result<(BTreeMap<String, String>, BTreeSet<String>), PgError> {
        let (mut settings, mut pending) = (BTreeMap::new(), BTreeSet::new());
        for row in self.rows(include_str!("sql/preflight/settings.sql"), &[]).await? {
            let name: String = field(&row, "name")?;
            if field(&row, "pending_restart")? {
                pending.insert(name.clone());
            }
            settings.insert(name, field(&row, "value")?);
        }
        Ok((settings, pending))
    }

    async fn role_settings(&self, role: &str) -> Result<Vec<(String, String)>, PgError> {
        let rows = self.rows(include_str!("sql/preflight/role_settings.sql"), &[(&role, Type::TEXT)]).await?;
        rows.iter().map(|row| Ok((field(row, "role")?, field(row, "setting")?))).collect()
    }

    async fn publications(&self, plan: &Plan, with_schemas: bool) -> Result<Vec<PublicationFacts>, PgError> {
        let planned: BTreeSet<&str> = plan
            .slots
            .iter()
            .flat_map(|slot| [Some(slot.publication.as_str()), slot.insert_only_publication.as_deref()])
            .flatten()
            .collect();
        let mut found: BTreeMap<u32, PublicationFacts> = BTreeMap::new();
        for row in self.rows(include_str!("sql/preflight/publications.sql"), &[]).await? {
            let words =
                [("inserts", "insert"), ("updates", "update"), ("deletes", "delete"), ("truncates", "truncate")];
            let mut publish = Vec::new();
            for (column, word) in words {
                if field(&row, column)? {
                    publish.push(word);
                }
            }
            let publication = PublicationFacts {
                name: field(&row, "name")?,
                all_tables: field(&row, "all_tables")?,
                schemas: false,
                publish: publish.join(", "),
                via_root: field(&row, "via_root")?,
                members: BTreeMap::new(),
            };
            found.insert(field(&row, "oid")?, publication);
        }
        let wanted: Vec<u32> =
            found.iter().filter(|(_, p)| planned.contains(p.name.as_str())).map(|(oid, _)| *oid).collect();
        let members = include_str!("sql/preflight/publication_tables.sql");
        for row in self.rows(members, &[(&wanted, Type::OID_ARRAY)]).await? {
            if let Some(publication) = found.get_mut(&field(&row, "publication")?) {
                let details = (field(&row, "filtered")?, field(&row, "listed")?);
                publication.members.insert(name_of(&row, "schema", "name")?, details);
            }
        }
        if with_schemas {
            for row in self.rows(include_str!("sql/preflight/publication_schemas.sql"), &[]).await? {
                if let Some(publication) = found.get_mut(&field(&row, "publication")?) {
                    publication.schemas = true;
                }
            }
        }
        Ok(found.into_values().collect())
    }

    async fn subscriptions(&self, may_see_tables: bool) -> Result<Vec<SubscriptionFacts>, PgError> {
        let mut tables: BTreeMap<String, BTreeSet<TableName>> = BTreeMap::new();
        if may_see_tables {
            for row in self.rows(include_str!("sql/preflight/subscription_tables.sql"), &[]).await? {
                let name = name_of(&row, "schema", "name")?;
                tables.entry(field(&row, "subscription")?).or_default().insert(name);
            }
        }
        let subscription = |row: &Row| {
            let (name, here): (String, bool) = (field(row, "name")?, field(row, "here")?);
            Ok(SubscriptionFacts {
                enabled: field(row, "enabled")?,
                slot_name: field(row, "slot_name")?,
                publications: field(row, "publications")?,
                tables: (may_see_tables && here).then(|| tables.get(&name).cloned().unwrap_or_default()),
                name,
                here,
            })
        };
        self.list(include_str!("sql/preflight/subscriptions.sql"), subscription).await
    }

    async fn enums(&self) -> Result<BTreeMap<TableName, Vec<String>>, PgError> {
        let read = |row: &Row| Ok((name_of(row, "schema", "name")?, field(row, "labels")?));
        Ok(self.list(include_str!("sql/preflight/enums.sql"), read).await?.into_iter().collect())
    }

    async fn large_objects(&self, may_count: bool) -> Result<Option<u64>, PgError> {
        if !may_count {
            return Ok(None);
        }
        let row = self.one(include_str!("sql/uncovered.sql"), &[]).await?;
        Ok(Some(unsigned(field(&row, "large_objects")?)))
    }

    async fn wal_rate(&self) -> Result<Option<f64>, PgError> {
        let rows = self.rows(include_str!("sql/preflight/wal_rate.sql"), &[]).await?;
        rows.first().map(|row| field(row, "bytes_per_s")).transpose()
    }

    async fn relations(&self, role: &str) -> Result<Relations, PgError> {
        let mut relations = BTreeMap::new();
        for row in self
            .rows(
                include_str!("sql/preflight/relations.sql"),
                &[(&role, Type::TEXT), (&self.session.version.becomes(), Type::TEXT)],
            )
            .await?
        {
            let (name, relation) = (name_of(&row, "schema", "name")?, relation(&row)?);
            relations.insert(field(&row, "oid")?, (name, relation, field(&row, "may_select")?));
        }
        let mut relations = Relations(relations);
        self.read_inheritance(&mut relations).await?;
        self.read_columns(&mut relations).await?;
        self.read_keys(&mut relations).await?;
        for row in self.rows(include_str!("sql/preflight/index_counts.sql"), &[]).await? {
            if let Some((_, relation, _)) = relations.0.get_mut(&field(&row, "oid")?) {
                relation.secondary_indexes = unsigned(field(&row, "secondary")?);
            }
        }
        Ok(relations)
    }

    async fn read_inheritance(&self, relations: &mut Relations) -> Result<(), PgError> {
        for row in self.rows(include_str!("sql/inheritance.sql"), &[]).await? {
            let (child, parent): (u32, u32) = (field(&row, "child")?, field(&row, "parent")?);
            let Some((parent_name, parent_relation, _)) = relations.0.get(&parent) else { continue };
            let (parent_name, partitioned) = (parent_name.clone(), parent_relation.kind == RelationKind::Partitioned);
            let Some((child_name, relation, _)) = relations.0.get_mut(&child) else { continue };
            let child_name = child_name.clone();
            if partitioned {
                relation.partition_of = Some(parent_name);
                if let Some((_, parent, _)) = relations.0.get_mut(&parent) {
                    parent.partitions.push(child_name);
                }
            } else {
                relation.inherits.push(parent_name);
            }
        }
        Ok(())
    }

    async fn read_columns(&self, relations: &mut Relations) -> Result<(), PgError> {
        for row in self.rows(&with_comparable_types(include_str!("sql/preflight/columns.sql")), &[]).await? {
            let Some((_, relation, _)) = relations.0.get_mut(&field(&row, "oid")?) else { continue };
            let (names, types): (Vec<String>, Vec<String>) = (field(&row, "names")?, field(&row, "types")?);
            let flags = |column: &str| field::<Vec<bool>>(&row, column);
            let (not_null, has_default) = (flags("not_null")?, flags("has_default")?);
            let (generated, toastable) = (flags("generated")?, flags("toastable")?);
            let comparable = flags("comparable")?;
            for (position, (name, data_type)) in names.into_iter().zip(types).enumerate() {
                let column = ColumnFacts {
                    data_type,
                    not_null: not_null[position],
                    has_default: has_default[position],
                    generated: generated[position],
                    comparable: comparable[position],
                    toastable: toastable[position],
                };
                relation.columns.insert(name, column);
            }
        }
        Ok(())
    }

    async fn read_keys(&self, relations: &mut Relations) -> Result<(), PgError> {
        for row in self.rows(include_str!("sql/preflight/keys.sql"), &[]).await? {
            let Some((_, relation, _)) = relations.0.get_mut(&field(&row, "oid")?) else { continue };
            relation.keys.push(KeyFacts {
                name: field(&row, "name")?,
                is_primary: field(&row, "is_primary")?,
                is_identity: field(&row, "is_identity")?,
                unique: field(&row, "is_unique")?,
                immediate: field(&row, "immediate")?,
                valid: field(&row, "valid")?,
                plain: field(&row, "plain")?,
                all_not_null: field(&row, "all_not_null")?,
                columns: field(&row, "columns")?,
            });
        }
        Ok(())
    }

    /// A table whose file is empty has no row; the others are asked for one.
    async fn look_for_rows(
        &self,
        plan: &Plan,
        relations: &mut Relations,
        avoided: &BTreeSet<TableName>,
        unseen: &mut Vec<Unseen>,
    ) -> Result<(), PgError> {
        let received = relations.received(plan);
        let sizes = self.rows(include_str!("sql/preflight/sizes.sql"), &[(&received, Type::OID_ARRAY)]).await;
        let sizes: BTreeMap<u32, i64> = match sizes {
            Err(error) if is_passing(&error) => BTreeMap::new(),
            rows => rows?
                .iter()
                .map(|row| Ok((field(row, "oid")?, field(row, "bytes")?)))
                .collect::<Result<_, PgError>>()?,
        };
        let unreadable = unreadable(self.session, PURPOSE, &received).await?;
        let mut to_ask = Vec::new();
        let mut untold = 0;
        for oid in received {
            let Some((name, relation, may_select)) = relations.0.get_mut(&oid) else { continue };
            match sizes.get(&oid) {
                Some(0) => relation.has_rows = Some(false),
                // Rows behind row security would not be seen.
                _ if *may_select
                    && !relation.row_security
                    && self.session.is_walled
                    && !unreadable.contains(&oid)
                    && !avoided.contains(name) =>
                {
                    to_ask.push((oid, name.clone()))
                }
                _ => untold += 1,
            }
        }
        for batch in to_ask.chunks(ROWS_BATCH) {
            let parts: Vec<String> = batch
                .iter()
                .map(|(oid, name)| {
                    format!(
                        "SELECT {oid}::oid AS oid, (SELECT t.tableoid FROM ONLY {} AS t LIMIT 1) AS holder",
                        name.to_sql()
                    )
                })
                .collect();
            match self.rows(&parts.join(" UNION ALL "), &[]).await {
                Err(error) if is_passing(&error) => untold += batch.len(),
                rows => {
                    for row in rows? {
                        if let Some((_, relation, _)) = relations.0.get_mut(&field(&row, "oid")?) {
                            let holder: Option<u32> = field(&row, "holder")?;
                            // Another table may have the name by now: then nothing is known.
                            relation.has_rows = match holder {
                                Some(holder) if holder != field::<u32>(&row, "oid")? => None,
                                holder => Some(holder.is_some()),
                            };
                        }
                    }
                }
            }
        }
        if untold > 0 {
            unseen.push(Unseen {
                what: format!("whether {untold} tables are empty"),
                remedy: "GRANT SELECT on them (pg_read_all_data in 14 and later) to the role shows it; a lock held by \
                         others, row security, and functions of other roles in indexes and statistics keep it hidden too."
                    .into(),
            });
        }
        Ok(())
    }
}

/// Lock not available, cancelled by a timeout, dropped in between: the answer is then not known.
fn is_passing(error: &PgError) -> bool {
    matches!(error.sqlstate(), Some("55P03" | "57014" | "XX000" | "42P01"))
}

fn relation(row: &Row) -> Result<RelationFacts, PgError> {
    let text = |column: &str| field::<String>(row, column);
    Ok(RelationFacts {
        kind: match text("kind")?.as_str() {
            "p" => RelationKind::Partitioned,
            "f" => RelationKind::Foreign,
            "v" => RelationKind::View,
            "m" => RelationKind::MaterializedView,
            "S" => RelationKind::Sequence,
            _ => RelationKind::Table,
        },
        persistence: match text("persistence")?.as_str() {
            "u" => Persistence::Unlogged,
            "t" => Persistence::Temporary,
            _ => Persistence::Permanent,
        },
        identity: ReplicaIdentity::of_letter(&text("identity")?).unwrap_or_default(),
        partition_of: None,
        partitions: Vec::new(),
        inherits: Vec::new(),
        row_security: field(row, "row_security")?,
        forced_row_security: field(row, "forced_row_security")?,
        bytes: unsigned(field(row, "bytes")?),
        owner: text("owner")?,
        owned_by_role: field(row, "owned_by_role")?,
        role_may_select: field(row, "role_may_select")?,
        owner_lacks: field(row, "owner_lacks")?,
        owner_uses_schema: field(row, "owner_uses_schema")?,
        role_becomes_owner: field(row, "role_becomes_owner")?,
        extension: field(row, "extension")?,
        columns: BTreeMap::new(),
        keys: Vec::new(),
        secondary_indexes: 0,
        has_rows: None,
    })
}

/// Lets the server parse statements that it does not run: a block that returns before them. Gives the server's words
/// when it refuses the text.
///
/// # Errors
/// [`PgError`] for what is not about the text: PL/pgSQL is not there or not allowed, a timeout, the session broke off.
pub async fn parse(session: &Session, block: &str) -> Result<Option<String>, PgError> {
    const PARSE: &str = "parse the emitted statements";
    session.execute(PARSE, "SET check_function_bodies = on").await?;
    match session.execute(PARSE, block).await {
        Ok(()) => Ok(None),
        Err(error) if matches!(error.sqlstate(), Some("42601" | "42804" | "22023" | "22P05" | "0A000")) => {
            Ok(Some(error.to_string()))
        }
        Err(error) => Err(error),
    }
}
