//! How long large values and jsonb are as text: what a subscriber gets of them, where counters and sizes tell only what is
//! stored, compressed or in binary.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::Type;

use super::{connect::Session, error::PgError, foreign_code::unreadable, row::get};
use crate::{
    names::{TableName, quote_identifier},
    workload::snapshot::{CounterSnapshot, RowCounters},
};

const PURPOSE: &str = "read the catalog";
/// So many tables, those that write most TOAST, and as many of those that write most rows, have a few values read.
const MOST_TABLES: usize = 30;

/// What a few rows of one table say of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Texts {
    /// Of large ones: text over stored length, and stored length over that of the chunks that it takes.
    pub large: Option<(f64, f64)>,
    /// Of the others: how much longer they are as text than as stored, bytes a row. Small jsonb is shorter.
    pub inline_extra: f64,
}

/// For the tables that write most TOAST or jsonb and that the role may read: how much longer a few values are as text than
/// as stored, since counters see the compressed length and subscribers get the text; and how full TOAST chunks are. The
/// youngest rows of some pages, for they are like those to come. Only the three figures leave the server. `heap_of` gives
/// a table's name and size.
pub(super) async fn read_texts<'a>(
    session: &Session,
    heap_of: impl Fn(u32) -> Option<(&'a TableName, u64)>,
    counters: &CounterSnapshot,
) -> Result<BTreeMap<u32, Texts>, PgError> {
    let most_by = |weight: fn(&RowCounters) -> u64| {
        let mut active: Vec<(u64, u32)> = counters
            .tables
            .iter()
            .map(|(oid, counters)| (weight(counters), *oid))
            .filter(|(weight, oid)| *weight > 0 && heap_of(*oid).is_some())
            .collect();
        active.sort_unstable_by(|a, b| b.cmp(a));
        active.truncate(MOST_TABLES);
        active.into_iter().map(|(_, oid)| oid)
    };
    let with_chunks: BTreeSet<u32> = most_by(|counters| counters.chunks_inserted).collect();
    let with_rows = most_by(|counters| counters.inserted.saturating_add(counters.updated));
    let oids: Vec<u32> = with_rows.chain(with_chunks.iter().copied()).collect::<BTreeSet<u32>>().into_iter().collect();
    let mut texts = BTreeMap::new();
    // A view that took a table's place would run its owner's code with the role's rights.
    if oids.is_empty() || !session.is_walled {
        return Ok(texts);
    }
    let unreadable = unreadable(session, PURPOSE, &oids).await?;
    for row in session.query(PURPOSE, include_str!("sql/toasted_columns.sql"), &[(&oids, Type::OID_ARRAY)]).await? {
        let oid: u32 = get(PURPOSE, &row, "oid")?;
        if unreadable.contains(&oid) || !with_chunks.contains(&oid) && !get::<bool>(PURPOSE, &row, "has_jsonb")? {
            continue; // short text is as long as it is stored
        }
        let columns: Vec<String> = get(PURPOSE, &row, "columns")?;
        let Some((name, heap_bytes)) = heap_of(oid) else { continue };
        // About twenty pages of the heap, and no more than twenty rows.
        let pages = (heap_bytes as f64 / 8192.0).max(1.0);
        match session
            .query(PURPOSE, &texts_sql(name, &columns, 100.0 * (20.0 / pages).min(1.0)), &[(&oid, Type::OID)])
            .await
        {
            Ok(rows) => {
                let Some(row) = rows.first() else { continue };
                if get::<Option<bool>>(PURPOSE, row, "is_same")? == Some(false) {
                    continue; // another table has the name by now
                }
                let number = |column: &str| get::<Option<f64>>(PURPOSE, row, column);
                let large = number("ratio")?.zip(number("fill")?).filter(|(ratio, _)| *ratio > 0.0);
                texts.insert(oid, Texts { large, inline_extra: number("inline_extra")?.unwrap_or(0.0) });
            }
            Err(error @ PgError::Lost { .. }) => return Err(error),
            // A lock, row-level security, a table that went: the figures stay unknown.
            Err(_) => {}
        }
    }
    Ok(texts)
}

/// Output functions only, by `concat`: a cast could be a function of the type's owner, should another table have the name by
/// now. `$1` is the oid of the table that was looked at.
fn texts_sql(table: &TableName, columns: &[String], percent: f64) -> String {
    let list: Vec<String> = columns.iter().map(|column| format!("t.{}", quote_identifier(column))).collect();
    let sums = |what: &str, size: &str| -> String {
        let of = |column: &String| {
            format!("coalesce(sum({what}) FILTER (WHERE pg_catalog.pg_column_size(@) {size}), 0)").replace("@", column)
        };
        list.iter().map(of).collect::<Vec<_>>().join(" + ")
    };
    format!(
        "SELECT (({text})::float8 / nullif({stored}, 0)) AS ratio, (({stored})::float8 / nullif({chunks}, 0)) AS fill,
                (({inline})::float8 / nullif(count(*), 0)) AS inline_extra, bool_and(t.tableoid = $1) AS is_same
           FROM (SELECT t.tableoid, {list} FROM ONLY {table} t TABLESAMPLE SYSTEM ({percent:.6})
                  ORDER BY pg_catalog.age(t.xmin) LIMIT 20) t",
        text = sums("pg_catalog.octet_length(pg_catalog.concat(@))", "> 1900"),
        stored = sums("pg_catalog.pg_column_size(@)", "> 1900"),
        chunks = sums("pg_catalog.ceil(pg_catalog.pg_column_size(@) / 1996.0) * 1996", "> 1900"),
        // a header of one byte is no part of the text
        inline = sums("pg_catalog.octet_length(pg_catalog.concat(@)) - pg_catalog.pg_column_size(@) + 1", "<= 1900"),
        list = list.join(", "),
        table = table.to_sql(),
    )
}
