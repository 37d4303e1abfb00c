//! Foreign keys from the catalog, for samples and for preflights.

use tokio_postgres::Row;

use super::{error::PgError, row::get};
use crate::{
    names::TableName,
    workload::{Deferrability, Enforcement, ForeignKey, MatchType, ReferentialAction},
};

/// Reads those of the whole database, of tables of every persistence; one row a key, for [`foreign_key`].
pub(super) const SQL: &str = include_str!("sql/foreign_keys.sql");

/// The key of a row.
pub(super) fn foreign_key(purpose: &'static str, row: &Row) -> Result<ForeignKey, PgError> {
    let text = |column: &str| get::<String>(purpose, row, column);
    let texts = |column: &str| get::<Vec<String>>(purpose, row, column);
    let flag = |column: &str| get::<bool>(purpose, row, column);
    let unknown = |column: &str, letter: &str| PgError::Answer {
        purpose,
        reason: format!("column \"{column}\" of a foreign key is '{letter}', which no version up to 18 writes"),
    };
    let action = |column: &str| {
        let letter = text(column)?;
        ReferentialAction::of_letter(&letter).ok_or_else(|| unknown(column, &letter))
    };
    let match_letter = text("match_type")?;
    Ok(ForeignKey {
        from: TableName::new(text("from_schema")?, text("from_name")?),
        to: TableName::new(text("to_schema")?, text("to_name")?),
        name: text("name")?,
        columns: texts("columns")?,
        referenced_columns: texts("referenced_columns")?,
        period: flag("period")?,
        match_type: MatchType::of_letter(&match_letter).ok_or_else(|| unknown("match_type", &match_letter))?,
        on_update: action("on_update")?,
        on_delete: action("on_delete")?,
        on_delete_columns: texts("on_delete_columns")?,
        deferrability: match (flag("deferrable")?, flag("initially_deferred")?) {
            (false, _) => Deferrability::NotDeferrable,
            (true, false) => Deferrability::InitiallyImmediate,
            (true, true) => Deferrability::InitiallyDeferred,
        },
        // A key that is not enforced is never validated.
        enforcement: match (flag("enforced")?, flag("validated")?) {
            (false, _) => Enforcement::NotEnforced,
            (true, false) => Enforcement::NotValid,
            (true, true) => Enforcement::Validated,
        },
    })
}
