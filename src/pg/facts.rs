//! What a server is: version, who runs it, its settings, slots and extensions.

use std::collections::BTreeMap;

use super::{
    connect::Session,
    error::PgError,
    row::{get, unsigned},
};
use crate::server::{Flavor, ServerFacts, ServerVersion, Signs, SystemIdentifier, SystemIdentifierError};

const PURPOSE: &str = "read facts about the server";

/// Facts, and what kept others from being read.
#[derive(Debug, Clone)]
pub struct FactsReport {
    /// What was read.
    pub facts: ServerFacts,
    /// The database of the session.
    pub database: String,
    /// Its oid.
    pub database_oid: u32,
    /// Missing grants, each with what it costs.
    pub notes: Vec<String>,
}

/// Reads the facts. What is not permitted is left out and noted, never guessed.
///
/// # Errors
/// [`PgError`] when the server refuses what everybody may read, or the session breaks off.
pub async fn read_facts(session: &Session) -> Result<FactsReport, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/facts.sql"), &[]).await?;
    let row = rows.first().ok_or_else(|| PgError::Answer { purpose: PURPOSE, reason: "no row".to_owned() })?;
    let mut settings = read_pairs(session, include_str!("sql/settings.sql")).await?;
    let extensions = read_pairs(session, include_str!("sql/extensions.sql")).await?;
    let signs = Signs { aurora: get(PURPOSE, row, "aurora")?, patroni: get(PURPOSE, row, "patroni")? };
    let flavor = Flavor::detect(&settings, signs);
    settings.remove("unix_socket_directories"); // a path of that machine, which was only wanted for the flavor
    let mut notes = Vec::new();
    let (monitors, superuser): (bool, Option<bool>) = (get(PURPOSE, row, "monitors")?, get(PURPOSE, row, "superuser")?);
    if !monitors && superuser != Some(true) {
        notes.push(
            "the role is not a member of pg_monitor: settings that only superusers see are missing; GRANT pg_monitor to it"
                .to_owned(),
        );
    }
    let system_identifier = match get(PURPOSE, row, "may_read_control")? {
        true => read_system_identifier(session).await?,
        false => None,
    };
    let version_num = u32::try_from(unsigned(get(PURPOSE, row, "version_num")?)).unwrap_or_default();
    let facts = ServerFacts {
        version_num: ServerVersion(version_num),
        flavor,
        system_identifier,
        cores: None,
        settings,
        slots_in_use: read_slots(session).await?,
        in_recovery: get(PURPOSE, row, "in_recovery")?,
        extensions,
    };
    Ok(FactsReport {
        facts,
        database: get(PURPOSE, row, "database")?,
        database_oid: get(PURPOSE, row, "database_oid")?,
        notes,
    })
}

/// A database of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Whether the role may connect to it.
    pub may_connect: bool,
}

/// The cluster's databases by name, without templates and the provider's own.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn read_databases(session: &Session) -> Result<Vec<Database>, PgError> {
    let purpose = "list the databases";
    let rows = session.query(purpose, include_str!("sql/databases.sql"), &[]).await?;
    let database = |row: &tokio_postgres::Row| {
        Ok(Database { name: get(purpose, row, "name")?, may_connect: get(purpose, row, "may_connect")? })
    };
    let mut databases = rows.iter().map(database).collect::<Result<Vec<_>, PgError>>()?;
    databases.sort();
    Ok(databases)
}

async fn read_pairs(session: &Session, sql: &str) -> Result<BTreeMap<String, String>, PgError> {
    let rows = session.query(PURPOSE, sql, &[]).await?;
    let pair = |row: &tokio_postgres::Row| Ok((get(PURPOSE, row, "name")?, get(PURPOSE, row, "value")?));
    rows.iter().map(pair).collect()
}

async fn read_slots(session: &Session) -> Result<Vec<String>, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/slots.sql"), &[]).await?;
    rows.iter().map(|row| get(PURPOSE, row, "slot_name")).collect()
}

async fn read_system_identifier(session: &Session) -> Result<Option<SystemIdentifier>, PgError> {
    let sql = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
    let rows = session.query(PURPOSE, sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text: String = get(PURPOSE, row, "system_identifier")?;
    let invalid = |error: SystemIdentifierError| PgError::Answer { purpose: PURPOSE, reason: error.to_string() };
    text.parse().map(Some).map_err(invalid)
}
