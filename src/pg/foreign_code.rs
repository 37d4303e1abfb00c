//! Which tables are not read: the planner would run code of others as whoever reads them. The kit asks the same.

use std::collections::BTreeSet;

use tokio_postgres::types::Type;

use super::{connect::Session, error::PgError, row::get};

/// The function of the kit; its body takes one relation as `$1`.
const FILE: &str = include_str!("../emit/assets/lib/foreign_code.sql");
/// What stands around the bodies of its functions.
const QUOTE: &str = "$pgslotplan$";

/// Those of the given tables whose index expressions, predicates, statistics or partition keys call functions or operators
/// of roles that are neither superusers nor the session's own.
///
/// # Errors
/// [`PgError`] when the server refuses what everybody may read, or the session breaks off.
pub(super) async fn unreadable(
    session: &Session,
    purpose: &'static str,
    oids: &[u32],
) -> Result<BTreeSet<u32>, PgError> {
    let body = FILE.split(QUOTE).nth(1).unwrap_or_default().replace("$1", "asked.oid");
    let sql = format!("SELECT asked.oid FROM unnest($1) AS asked (oid) WHERE ({body}) IS NOT NULL");
    let rows = session.query(purpose, &sql, &[(&oids, Type::OID_ARRAY)]).await?;
    rows.iter().map(|row| get(purpose, row, "oid")).collect()
}
