//! Foreign keys that the plan cuts: dropped on the subscriber, restored NOT VALID, validated (postgres.md §5.3).
//!
//! What is restored is what the subscriber itself had: `pg_get_constraintdef`, comment and validity go into a table
//! there before anything is dropped, so that a file that is stopped in the middle can be run again. Referencing tables
//! that are partitioned cannot have NOT VALID foreign keys before 18: their leaves get them one by one, and the root
//! takes the validated ones over.

use super::{
    Context,
    ddl::{Value, only_if, raise_if_any, values, warn_if_any},
    session::{STATE_SCHEMA, forget},
};
use crate::{names::quote_literal, plan::PlannedForeignKey, policy::ForeignKeyMode};

/// Whether foreign keys are dropped and restored.
pub fn are_cut(context: &Context<'_>) -> bool {
    context.plan.policy.foreign_keys == ForeignKeyMode::Restore && context.plan.foreign_keys.iter().any(|key| key.cut)
}

/// The cut foreign keys as a relation `cut(schema_name, table_name, constraint_name)`.
pub fn cut(context: &Context<'_>) -> String {
    let rows: Vec<Vec<Value<'_>>> = context
        .plan
        .foreign_keys
        .iter()
        .filter(|planned| planned.cut && are_cut(context))
        .map(|PlannedForeignKey { key, .. }| {
            [key.from.schema.as_str(), &key.from.name, &key.name].map(Value::Text).into()
        })
        .collect();
    values("cut", &["schema_name", "table_name", "constraint_name"], &rows)
}

/// The saved foreign keys with the table they belong to, as `saved`, with `table_oid`, `relkind`.
fn saved(context: &Context<'_>) -> String {
    format!(
        "(SELECT d.*, c.oid AS table_oid, c.relkind,
        d.definition || CASE WHEN d.definition LIKE '% NOT VALID' OR d.definition LIKE '% NOT ENFORCED' THEN '' ELSE ' NOT VALID' END
          AS definition_not_valid
      FROM {STATE_SCHEMA}.dropped_foreign_key AS d
      JOIN pg_namespace AS n ON n.nspname = d.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.table_name
      WHERE d.prefix = {}) AS saved",
        quote_literal(&context.plan.policy.prefix)
    )
}

/// The cut foreign keys whose definition the plan has, as `INSERT`s source: for a subscriber whose schema was made without.
fn planned_definitions(context: &Context<'_>) -> String {
    let rows: Vec<Vec<Value<'_>>> = context
        .plan
        .foreign_keys
        .iter()
        .filter(|planned| planned.cut && are_cut(context))
        .filter_map(|PlannedForeignKey { key, .. }| {
            let mut row: Vec<Value<'_>> = [key.from.schema.as_str(), &key.from.name, &key.name].map(Value::Text).into();
            row.push(Value::Owned(key.to_definition()?));
            Some(row)
        })
        .collect();
    values("planned", &["schema_name", "table_name", "constraint_name", "definition"], &rows)
}

/// Saves and drops them. One that the subscriber lacks is remembered as the publisher has it, so that it is restored too.
pub fn drop_on_subscriber(context: &Context<'_>) -> String {
    let cut = cut(context);
    let planned = planned_definitions(context);
    let prefix = quote_literal(&context.plan.policy.prefix);
    let missing = warn_if_any(
        &format!(
            "      SELECT format('%I of table %I.%I', cut.constraint_name, cut.schema_name, cut.table_name) FROM {cut}
      WHERE NOT EXISTS (SELECT FROM {STATE_SCHEMA}.dropped_foreign_key AS d WHERE d.prefix = {prefix}
        AND d.schema_name = cut.schema_name AND d.table_name = cut.table_name AND d.constraint_name = cut.constraint_name)"
        ),
        "neither the subscriber nor the plan has the definition of this foreign key: it will not be restored",
    );
    format!(
        "CREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.dropped_foreign_key (
    prefix text NOT NULL,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    constraint_name name NOT NULL,
    definition text NOT NULL,
    validated boolean NOT NULL,
    description text,
    PRIMARY KEY (prefix, schema_name, table_name, constraint_name)
);

INSERT INTO {STATE_SCHEMA}.dropped_foreign_key
SELECT {prefix}, n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint')
FROM {cut}
JOIN pg_namespace AS n ON n.nspname = cut.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name AND k.contype = 'f' AND k.conparentid = 0
ON CONFLICT DO NOTHING;

INSERT INTO {STATE_SCHEMA}.dropped_foreign_key
SELECT {prefix}, planned.schema_name, planned.table_name, planned.constraint_name, planned.definition,
       planned.definition !~ ' NOT (VALID|ENFORCED)$', NULL
FROM {planned}
ON CONFLICT DO NOTHING;

{missing}

SELECT format('ALTER TABLE %I.%I DROP CONSTRAINT %I', schema_name, table_name, constraint_name)
FROM {}
WHERE EXISTS (SELECT FROM pg_constraint AS k
  WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name AND k.contype = 'f' AND k.conparentid = 0)
ORDER BY schema_name, table_name, constraint_name
\\gexec",
        saved(context),
    )
}

/// Whether a NOT VALID foreign key can be put on a partitioned table.
fn roots_take_not_valid(context: &Context<'_>) -> bool {
    context.plan.subscriber_version.major() >= 18
}

/// Adds them again, unchecked.
pub fn restore_not_valid(context: &Context<'_>) -> String {
    let saved = saved(context);
    let leaves = if roots_take_not_valid(context) {
        String::new()
    } else {
        format!(
            "
UNION ALL
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, l.relname, constraint_name, definition_not_valid)
FROM {saved}
JOIN LATERAL pg_partition_tree(saved.table_oid) AS t ON t.isleaf
JOIN pg_class AS l ON l.oid = t.relid JOIN pg_namespace AS n ON n.oid = l.relnamespace
WHERE saved.relkind = 'p' AND l.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = l.oid AND k.conname = saved.constraint_name)"
        )
    };
    let direct = if roots_take_not_valid(context) { "'r', 'p'" } else { "'r'" };
    format!(
        "SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', schema_name, table_name, constraint_name, definition_not_valid)
FROM {saved}
WHERE saved.relkind IN ({direct})
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name){leaves}
\\gexec"
    )
}

/// Checks every row, puts the keys of partitioned tables on their roots, and compares with what was dropped.
pub fn validate(context: &Context<'_>) -> String {
    let saved = saved(context);
    let exact = raise_if_any(
        &format!(
            "      SELECT format('foreign key %I of table %I.%I is %s, but was %s', saved.constraint_name, schema_name, table_name,
                    coalesce(pg_get_constraintdef(k.oid), 'missing'), definition)
      FROM {saved}
      LEFT JOIN pg_constraint AS k ON k.conrelid = saved.table_oid AND k.conname = saved.constraint_name AND k.contype = 'f'
      WHERE pg_get_constraintdef(k.oid) IS DISTINCT FROM saved.definition"
        ),
        "foreign keys are not what they were",
        "Run the file before this one, and this one again.",
    );
    let roots = if roots_take_not_valid(context) {
        String::new()
    } else {
        format!(
            "SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', n.nspname, l.relname, k.conname)
FROM {saved}
JOIN LATERAL pg_partition_tree(saved.table_oid) AS t ON t.isleaf
JOIN pg_class AS l ON l.oid = t.relid JOIN pg_namespace AS n ON n.oid = l.relnamespace
JOIN pg_constraint AS k ON k.conrelid = l.oid AND k.conname = saved.constraint_name AND k.contype = 'f' AND NOT k.convalidated
WHERE saved.relkind = 'p'
ORDER BY pg_relation_size(l.oid), n.nspname, l.relname
\\gexec

SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', schema_name, table_name, constraint_name, definition)
FROM {saved}
WHERE saved.relkind = 'p'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)
ORDER BY schema_name, table_name, constraint_name
\\gexec

"
        )
    };
    format!(
        "SET statement_timeout = 0;

SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', schema_name, table_name, saved.constraint_name)
FROM {saved}
JOIN pg_constraint AS k ON k.conrelid = saved.table_oid AND k.conname = saved.constraint_name AND k.contype = 'f' AND NOT k.convalidated
WHERE saved.validated
ORDER BY pg_relation_size(saved.table_oid), schema_name, table_name, saved.constraint_name
\\gexec

{roots}SELECT format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', constraint_name, schema_name, table_name, description)
FROM {saved} WHERE description IS NOT NULL
\\gexec

{exact}"
    )
}

/// Forgets those that are there again; refuses while one is not.
pub fn forget_restored(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let missing = raise_if_any(
        &format!(
            "      SELECT format('foreign key %I of table %I.%I', saved.constraint_name, schema_name, table_name) FROM {}
      WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = saved.table_oid AND k.conname = saved.constraint_name)",
            saved(context)
        ),
        "foreign keys are still dropped",
        &format!(
            "Everything else is cleaned up. Restore them with the files for it, or give them up: \
             DELETE FROM {STATE_SCHEMA}.dropped_foreign_key; then run this file again."
        ),
    );
    let forget = forget("dropped_foreign_key", &prefix);
    only_if(
        "foreign_keys_dropped",
        &format!("to_regclass('{STATE_SCHEMA}.dropped_foreign_key') IS NOT NULL"),
        &format!(
            "{missing}
{forget}"
        ),
    )
}

/// Statements for a server where they may have been dropped: they return, are validated and forgotten.
pub fn return_where_dropped(context: &Context<'_>) -> String {
    only_if(
        "foreign_keys_dropped",
        &format!("to_regclass('{STATE_SCHEMA}.dropped_foreign_key') IS NOT NULL"),
        &format!("{}\n{}\n{}", restore_not_valid(context), validate(context), forget_restored(context)),
    )
}
