//! Generic plans of statements, never carried out, as a login of the application has them.
//!
//! Planning carries out functions that are immutable, or estimate; they may be anybody's. So only a login that can do no more
//! than the application's own is let in, and what the session sets against foreign code, and for itself, is put back: the plan
//! is to be the application's.

use std::{collections::BTreeSet, time::Duration};

use tokio_postgres::types::Type;

use super::{
    baseline::{read_indexes, read_settings, read_statistics},
    connect::{Access, Recovery, Session, SessionPurpose},
    error::PgError,
    row::get,
};
use crate::{
    baseline::{
        BaselineServer,
        explain::{Planned, PlannedTable, StatementPlans},
        shape::PlanNode,
        text::{Plannable, Statement},
    },
    names::{TableName, clipped},
};

const PURPOSE: &str = "plan a statement";
/// What the session sets for itself and plans depend on.
const AS_THE_LOGIN: &str =
    "RESET search_path; RESET row_security; RESET jit; RESET max_parallel_workers_per_gather; RESET work_mem";

/// Planning: read-only, 20 s a statement, 2 s a lock; a standby plans as well.
pub const PLAN: SessionPurpose = SessionPurpose {
    access: Access::ReadOnly,
    recovery: Recovery::Accept,
    statement_timeout: Duration::from_secs(20),
    lock_timeout: Duration::from_secs(2),
};

/// Why a login may do more than an ordinary one; empty for an ordinary one.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn more_than_ordinary(session: &Session) -> Result<Vec<String>, PgError> {
    let rows = session.query("look at the login", include_str!("sql/baseline/login.sql"), &[]).await?;
    rows.iter().map(|row| get("look at the login", row, "reason")).collect()
}

/// Plans statements in turn, then looks at the tables that the plans read. The session is the login's own from there on.
///
/// # Errors
/// [`PgError`] when the session breaks off; what the server refuses to plan is part of the answer.
pub async fn plan(
    session: &Session,
    server: BaselineServer,
    database: String,
    statements: &[(String, Plannable)],
) -> Result<StatementPlans, PgError> {
    let mut plans = StatementPlans::new(server, database);
    plans.settings = read_settings(session).await?;
    session.execute(PURPOSE, AS_THE_LOGIN).await?;
    if session.is_walled {
        session.execute(PURPOSE, "RESET restrict_nonsystem_relation_kind").await?;
    }
    for (text, statement) in statements {
        let planned = match plan_one(session, statement).await {
            Ok(plan) => match PlanNode::from_json(&plan) {
                Ok(plan) => Planned::Plan(plan),
                Err(error) => Planned::Refused(error.to_string()),
            },
            Err(PgError::Statement { message, .. }) => Planned::Refused(clipped(&message.to_string())),
            Err(error) => return Err(error),
        };
        plans.plans.insert(text.clone(), planned);
        session.execute(PURPOSE, "ROLLBACK").await?;
        if !session.version.explains_generic_plans() {
            session.execute(PURPOSE, "DEALLOCATE ALL").await?;
        }
    }
    session.execute(PURPOSE, "SET search_path = pg_catalog, pg_temp").await?;
    plans.tables = read_tables(session, &plans).await?;
    Ok(plans)
}

/// The plan as JSON. The text holds one statement, no literal and no comment: `Statement::plannable` made it.
async fn plan_one(session: &Session, statement: &Plannable) -> Result<String, PgError> {
    session.execute(PURPOSE, "BEGIN READ ONLY").await?;
    if session.version.explains_generic_plans() {
        return session
            .read_text(PURPOSE, &format!("EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) {}", statement.sql))
            .await;
    }
    session.execute(PURPOSE, "SET LOCAL plan_cache_mode = force_generic_plan").await?;
    session.execute(PURPOSE, &format!("PREPARE pgslotplan_statement AS {}", statement.sql)).await?;
    let values = vec!["NULL"; statement.parameters].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    session.read_text(PURPOSE, &format!("EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE pgslotplan_statement{values}")).await
}

async fn read_tables(session: &Session, plans: &StatementPlans) -> Result<Vec<PlannedTable>, PgError> {
    let purpose = "look at the tables of the plans";
    let mut names: BTreeSet<&TableName> = BTreeSet::new();
    for planned in plans.plans.values() {
        if let Planned::Plan(plan) = planned {
            names.extend(plan.nodes().into_iter().filter_map(|node| node.table.as_ref()));
        }
    }
    let (schemas, tables): (Vec<&str>, Vec<&str>) =
        names.into_iter().map(|name| (name.schema.as_str(), name.name.as_str())).unzip();
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&schemas, Type::TEXT_ARRAY), (&tables, Type::TEXT_ARRAY)];
    let rows = session.query(purpose, include_str!("sql/baseline/planned_tables.sql"), &parameters).await?;
    let oids = rows.iter().map(|row| get(purpose, row, "oid")).collect::<Result<Vec<u32>, PgError>>()?;
    let has_statistics = read_statistics(session, &oids).await?;
    let indexes = read_indexes(session, &oids).await?;
    let table = |(row, oid): (&tokio_postgres::Row, &u32)| {
        let root_schema: Option<String> = get(purpose, row, "root_schema")?;
        let root_name: Option<String> = get(purpose, row, "root_name")?;
        let own = indexes.iter().filter(|index| index.table == *oid);
        Ok(PlannedTable {
            schema: get(purpose, row, "schema")?,
            name: get(purpose, row, "name")?,
            root: root_schema.zip(root_name).map(|(schema, name)| TableName::new(schema, name)),
            bytes: get(purpose, row, "bytes")?,
            has_statistics: has_statistics.get(oid).copied(),
            indexes: own.map(|index| (index.name.clone(), Statement::new(&index.definition).key())).collect(),
        })
    };
    rows.iter().zip(&oids).map(table).collect()
}
