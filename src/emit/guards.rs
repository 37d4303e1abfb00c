//! Changes to the publisher's own tables: replica identities, and triggers that refuse TRUNCATE where it is not
//! published. Both are found again and undone by the clean-up.
//!
//! Lists of tables go through `\gexec`: the server spells each ALTER, each is a transaction of its own, and a lock that
//! cannot be had in five seconds ends the file, which can be run again.

use std::fmt::Write as _;

use super::{
    Context, Publishes,
    checks::table_rows,
    ddl::{Value, raise_if_any, values},
    script::Side,
    session::{STATE_SCHEMA, create_state_schema, forget},
};
use crate::{
    names::{quote_identifier, quote_literal},
    plan::PlannedTable,
    workload::ReplicaIdentity,
};

/// Whether a table's replica identity is to be changed on a side. The subscriber needs those by index, to find old rows;
/// for full, what the publisher sends is enough.
fn is_set(table: &PlannedTable, side: Side) -> bool {
    table.set_identity && (side == Side::Publisher || table.identity == ReplicaIdentity::Index)
}

/// Whether any table's replica identity is to be changed on a side.
pub fn sets_identities(context: &Context<'_>, side: Side) -> bool {
    context.plan.members().any(|(_, table)| is_set(table, side))
}

/// Remembers the replica identities and changes them, those of all partitions with their root's.
pub fn set_identities(context: &Context<'_>, side: Side) -> String {
    let rows = table_rows(context, |_, table| {
        let word = match table.identity {
            ReplicaIdentity::Default => "d",
            ReplicaIdentity::Full => "f",
            ReplicaIdentity::Nothing => "n",
            ReplicaIdentity::Index => "i",
        };
        is_set(table, side).then(|| {
            [
                Value::Text(&table.schema),
                Value::Text(&table.name),
                Value::Text(word),
                Value::List(table.identity_columns.clone()),
            ]
        })
    });
    let planned = values("planned", &["schema_name", "table_name", "identity", "columns"], &rows);
    let prefix = quote_literal(&context.plan.policy.prefix);
    let relation = format!(
        "WITH relation AS (
  SELECT DISTINCT n.nspname, l.relname, l.oid, l.relreplident, planned.identity::\"char\" AS identity, planned.columns
  FROM {planned}
  JOIN pg_namespace AS root_schema ON root_schema.nspname = planned.schema_name
  JOIN pg_class AS root ON root.relnamespace = root_schema.oid AND root.relname = planned.table_name
  JOIN LATERAL (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid)) AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid
  JOIN pg_namespace AS n ON n.oid = l.relnamespace
)"
    );
    let usable = "LEFT JOIN LATERAL (
  SELECT c.relname AS index_name, i.indisreplident FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = relation.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute AS a
          WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]) AND a.attnotnull)
      = (SELECT array_agg(wanted ORDER BY wanted) FROM unnest(relation.columns) AS wanted)
    AND i.indnkeyatts = cardinality(relation.columns)
  ORDER BY i.indisreplident DESC, c.relname LIMIT 1
) AS usable ON relation.identity = 'i'";
    let no_index = raise_if_any(
        &format!(
            "{relation}
SELECT format('table %s, columns %s', oid::regclass, columns) FROM relation
{usable}
WHERE identity = 'i' AND index_name IS NULL AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation.oid AND c.relkind = 'p')"
        ),
        "tables lack the unique index that the plan takes as replica identity",
        "It must be unique, immediate, without predicate or expression, on exactly these columns, all NOT NULL.",
    );
    format!(
        "{}

{no_index}

CREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.changed_identity (
    prefix text NOT NULL,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    identity \"char\" NOT NULL,
    index_name name,
    PRIMARY KEY (prefix, schema_name, table_name)
);

{relation}
INSERT INTO {STATE_SCHEMA}.changed_identity (prefix, schema_name, table_name, identity, index_name)
SELECT {prefix}, nspname, relname, relreplident,
       (SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = relation.oid AND i.indisreplident)
FROM relation WHERE relreplident <> identity OR identity = 'i'
ON CONFLICT DO NOTHING;

{relation}
SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', nspname, relname,
              CASE identity WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                            ELSE format('USING INDEX %I', index_name) END)
FROM relation
{usable}
WHERE CASE WHEN identity = 'i' THEN relreplident <> 'i' OR indisreplident IS NOT TRUE AND index_name IS NOT NULL ELSE relreplident <> identity END
ORDER BY nspname, relname
\\gexec",
        create_state_schema(),
    )
}

/// Gives the tables back the replica identities that they had.
pub fn restore_identities(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let forget = forget("changed_identity", &prefix);
    super::ddl::only_if(
        "identities_changed",
        &format!("to_regclass('{STATE_SCHEMA}.changed_identity') IS NOT NULL"),
        &format!(
            "SELECT format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', s.schema_name, s.table_name,
              CASE s.identity WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                              ELSE format('USING INDEX %I', s.index_name) END)
FROM {STATE_SCHEMA}.changed_identity AS s
JOIN pg_namespace AS n ON n.nspname = s.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.table_name
WHERE s.prefix = {prefix} AND (s.identity <> 'i' OR s.index_name IS NOT NULL)
ORDER BY s.schema_name, s.table_name
\\gexec
{forget}"
        ),
    )
}

/// Whether any slot's tables must not be truncated.
pub fn guards_truncate(context: &Context<'_>) -> bool {
    context.plan.slots.iter().any(|slot| Publishes::of(slot).is_ok_and(|publishes| !publishes.truncate))
}

/// The trigger that refuses TRUNCATE.
pub fn trigger_name(context: &Context<'_>) -> String {
    format!("{}_refuse_truncate", context.plan.policy.prefix)
}

/// A trigger on each table whose TRUNCATE is not published, on partitions too.
pub fn refuse_truncate(context: &Context<'_>) -> String {
    let rows = table_rows(context, |slot, table| {
        Publishes::of(slot)
            .is_ok_and(|publishes| !publishes.truncate)
            .then(|| [Value::Text(&table.schema), Value::Text(&table.name)])
    });
    let planned = values("planned", &["schema_name", "table_name"], &rows);
    let mut text = create_state_schema();
    let _ = write!(
        text,
        "
CREATE OR REPLACE FUNCTION {STATE_SCHEMA}.refuse_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = format('cannot truncate table %I.%I: its replication does not carry TRUNCATE', tg_table_schema, tg_table_name),
    HINT = 'Use DELETE, or wait for the end of the migration.';
END
$pgslotplan$;

SELECT format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION {STATE_SCHEMA}.refuse_truncate()',
              {trigger}, n.nspname, l.relname)
FROM (SELECT DISTINCT t.oid FROM {planned}
      JOIN pg_namespace AS root_schema ON root_schema.nspname = planned.schema_name
      JOIN pg_class AS root ON root.relnamespace = root_schema.oid AND root.relname = planned.table_name
      JOIN LATERAL (SELECT root.oid UNION SELECT relid FROM pg_partition_tree(root.oid)) AS t(oid) ON true) AS guarded
JOIN pg_class AS l ON l.oid = guarded.oid
JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = l.oid AND t.tgname = {trigger})
ORDER BY n.nspname, l.relname
\\gexec",
        trigger = quote_literal(&trigger_name(context)),
    );
    text
}

/// Removes the triggers, and the function when no other plan uses it.
pub fn allow_truncate(context: &Context<'_>) -> String {
    super::ddl::only_if(
        "truncate_guarded",
        &format!("to_regproc('{STATE_SCHEMA}.refuse_truncate') IS NOT NULL"),
        &format!(
            "SELECT format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.tgfoid = to_regproc('{STATE_SCHEMA}.refuse_truncate') AND t.tgname = {}
ORDER BY n.nspname, c.relname
\\gexec
SELECT NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regproc('{STATE_SCHEMA}.refuse_truncate')) AS none_left
\\gset
\\if :none_left
DROP FUNCTION {STATE_SCHEMA}.refuse_truncate();
\\endif",
            quote_literal(&trigger_name(context)),
        ),
    )
}

/// Drops the schema for what must be remembered, when nothing is left in it.
pub fn drop_empty_state_schema() -> String {
    super::ddl::only_if(
        "state_is_empty",
        &format!(
            "EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = '{STATE_SCHEMA}'
    AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid))"
        ),
        &format!("DROP SCHEMA {};", quote_identifier(STATE_SCHEMA)),
    )
}
