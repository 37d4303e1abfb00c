//! Statements that refuse to go on: is what the plan says still what the server has?
//!
//! Each list of tables is one VALUES list in one statement, so that 10,000 tables are one query. Rules: postgres.md §7
//! (identity), §5.3 (foreign keys), §8.1 (publications), §2.4 (lost slots).

use super::{
    Context, EmitError, Published, Publishes,
    ddl::{Value, raise_if_any, values, warn_if_any},
    settings,
};
use crate::{
    names::quote_literal,
    plan::{PlannedSlot, PlannedTable, budget::Budget},
    workload::{ReplicaIdentity, TableKind},
};

/// Which tables may still lack an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exempt {
    /// Those whose identity the next step sets.
    ToBeSet,
    /// None: publishing them would break UPDATE and DELETE of the application (postgres.md H9).
    Nobody,
}

/// Slots as a relation `planned(slot_name, subscription_name, publications)`.
pub fn planned_slots(context: &Context<'_>) -> String {
    let row = |slot: &PlannedSlot| {
        let publications = context.publication_names(slot).into_iter().map(str::to_owned).collect();
        let names = [slot.name.as_str(), slot.subscription.as_str()].map(|name| Value::Owned(name.to_owned()));
        names.into_iter().chain([Value::List(publications)]).collect()
    };
    let rows: Vec<Vec<Value<'_>>> = context.plan.slots.iter().map(row).collect();
    values("planned", &["slot_name", "subscription_name", "publications"], &rows)
}

/// One row for each slot and table.
pub fn table_rows<'a, const N: usize>(
    context: &'a Context<'_>,
    row: impl Fn(&'a PlannedSlot, &'a PlannedTable) -> Option<[Value<'a>; N]>,
) -> Vec<Vec<Value<'a>>> {
    context.plan.members().filter_map(|(slot, table)| row(slot, table).map(Vec::from)).collect()
}

/// `planned` joined with the catalog: every planned table once, with `c` and `n` where it exists.
const FIND_TABLES: &str = "LEFT JOIN (pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace)
        ON n.nspname = planned.schema_name AND c.relname = planned.table_name";

/// The publisher's tables are what the plan thinks, and can be published.
///
/// # Errors
/// When a slot's `publish` is not valid.
pub fn publisher_tables(context: &Context<'_>, exempt: Exempt) -> Result<String, EmitError> {
    for slot in &context.plan.slots {
        Publishes::of(slot)?;
    }
    let rows = table_rows(context, |slot, table| {
        let exempted = exempt == Exempt::ToBeSet && table.set_identity;
        let needed = Publishes::of_table(slot, table).is_ok_and(Publishes::needs_identity) && !exempted;
        let kind = if table.kind == TableKind::Partitioned { "p" } else { "r" };
        let via_root = table.kind == TableKind::Partitioned && slot.via_root;
        Some([
            Value::Text(&table.schema),
            Value::Text(&table.name),
            Value::Text(kind),
            Value::Flag(needed),
            Value::Flag(via_root),
        ])
    });
    let planned = values("planned", &["schema_name", "table_name", "kind", "needs_identity", "via_root"], &rows);
    let query = format!(
        "      WITH planned AS (SELECT DISTINCT schema_name, table_name, kind, needs_identity, via_root FROM {planned}),
      relation AS (
        SELECT planned.*, c.oid, c.relkind, c.relpersistence
        FROM planned {FIND_TABLES}
      ),
      leaf AS (
        SELECT r.schema_name, r.table_name, r.needs_identity, r.via_root, r.oid AS root, l.oid, l.relkind, l.relpersistence, l.relreplident
        FROM relation AS r
        JOIN LATERAL (SELECT r.oid WHERE r.relkind = 'r'
                      UNION ALL SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p' AND t.isleaf) AS t(oid) ON true
        JOIN pg_class AS l ON l.oid = t.oid
      )
      SELECT format('table %I.%I does not exist', schema_name, table_name) FROM relation WHERE oid IS NULL
      UNION ALL
      SELECT format('table %I.%I is not %s', schema_name, table_name,
                    CASE kind WHEN 'p' THEN 'a partitioned table' ELSE 'an ordinary table' END)
      FROM relation WHERE relkind <> kind::\"char\"
      UNION ALL
      SELECT format('relation %s is unlogged, temporary or foreign: it cannot be published', oid::regclass)
      FROM leaf WHERE relpersistence <> 'p' OR relkind <> 'r'
      UNION ALL
      SELECT format('table %s has no replica identity: its UPDATE and DELETE would fail once published; mend it with %s', leaf.oid::regclass,
        coalesce('ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY USING INDEX ' || quote_ident(usable.relname),
          CASE WHEN EXISTS (SELECT FROM pg_index AS p WHERE p.indrelid = leaf.oid AND p.indisprimary AND p.indimmediate)
            THEN 'ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY DEFAULT' END,
          'a primary key, or ALTER TABLE ' || leaf.oid::regclass || ' REPLICA IDENTITY FULL, which writes whole old rows to WAL'))
      FROM leaf
      LEFT JOIN LATERAL (
        SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = leaf.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indislive AND NOT i.indisprimary
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND NOT a.attnotnull
                            AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
        ORDER BY i.indnkeyatts, pg_relation_size(i.indexrelid), c.relname LIMIT 1) AS usable ON true
      WHERE needs_identity AND relkind = 'r' AND relreplident <> 'f' AND pg_get_replica_identity_index(leaf.oid) IS NULL
{}",
        root_identities()
    );
    let mut text = raise_if_any(
        &query,
        "tables of the publisher are not what the plan was made for",
        "Mend them as the detail says, or sample and plan again.",
    );
    if let Some(shards) = shards(context) {
        text.push_str("\n\n");
        text.push_str(&shards);
    }
    Ok(text)
}

/// What is sent through a root is described by the root's identity, but the old key in WAL is the partition's: a root
/// without one stops its slot at the first UPDATE or DELETE; with other columns no partition fits the row, or the DEFAULT
/// one, where it is not found.
fn root_identities() -> &'static str {
    "      UNION ALL
      SELECT format('partitioned table %s has no replica identity of its own: an UPDATE or DELETE of its partitions would stop the slot; mend it with a primary key of it, or with REPLICA IDENTITY FULL of it and of each partition',
        oid::regclass)
      FROM relation JOIN pg_class AS root USING (oid) WHERE needs_identity AND via_root AND root.relkind = 'p' AND root.relreplident <> 'f'
        AND pg_get_replica_identity_index(oid) IS NULL
      UNION ALL
      SELECT format('partition %s logs other columns as the old key than its root %s has: its DELETE would stop the slot, or be lost; mend it with ALTER TABLE %s REPLICA IDENTITY %s',
        leaf.oid::regclass, root.oid::regclass, leaf.oid::regclass, CASE WHEN root.relreplident = 'f' THEN 'FULL' ELSE 'DEFAULT and the key of the root' END)
      FROM leaf JOIN pg_class AS root ON root.oid = leaf.root
      WHERE leaf.needs_identity AND leaf.via_root AND root.relkind = 'p' AND leaf.relkind = 'r' AND leaf.relreplident <> 'f'
        AND CASE WHEN root.relreplident = 'f' THEN true ELSE EXISTS (
          SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1])
          WHERE i.indexrelid = pg_get_replica_identity_index(root.oid) AND NOT EXISTS (
            SELECT FROM pg_index AS k JOIN pg_attribute AS b ON b.attrelid = k.indrelid AND b.attnum = ANY (k.indkey[0 : k.indnkeyatts - 1])
            WHERE k.indexrelid = pg_get_replica_identity_index(leaf.oid) AND b.attname = a.attname)) END"
}

/// Row-filter shards whose moved rows would lose columns (postgres.md §6.3).
fn shards(context: &Context<'_>) -> Option<String> {
    let rows = table_rows(context, |_, table| {
        let exposed = table.row_filter.is_some() && table.identity != ReplicaIdentity::Full;
        exposed.then(|| [Value::Text(&table.schema), Value::Text(&table.name)])
    });
    if rows.is_empty() {
        return None;
    }
    let planned = values("planned", &["schema_name", "table_name"], &rows);
    Some(warn_if_any(
        &format!(
            "      SELECT DISTINCT format('ALTER TABLE %s REPLICA IDENTITY FULL; %s can be stored outside of the row', c.oid::regclass,
          (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e')))
      FROM {planned} JOIN pg_namespace AS n ON n.nspname = planned.schema_name
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name
      WHERE c.relreplident <> 'f' AND c.reltoastrelid <> 0"
        ),
        "an UPDATE of the key of a table that is split by row filters would lose columns, unless",
    ))
}

/// Row filters use only columns that identify rows: otherwise UPDATE and DELETE fail in the application (42P10).
pub fn filters_covered(context: &Context<'_>) -> String {
    let names: Vec<Vec<Value<'_>>> = context
        .publications
        .iter()
        .filter(|published| published.publishes.needs_identity())
        .map(|published| vec![Value::Text(published.name)])
        .collect();
    let planned = values("planned", &["publication_name"], &names);
    raise_if_any(
        &format!(
            "      SELECT format('row filter of table %s in publication %I uses column %I', r.prrelid::regclass, p.pubname, a.attname)
      FROM {planned} JOIN pg_publication AS p ON p.pubname = planned.publication_name
      JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prqual IS NOT NULL
      JOIN pg_class AS c ON c.oid = r.prrelid AND c.relreplident <> 'f'
      JOIN pg_depend AS d ON d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = r.prrelid AND d.refobjsubid > 0
      JOIN pg_attribute AS a ON a.attrelid = r.prrelid AND a.attnum = d.refobjsubid
      WHERE NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = pg_get_replica_identity_index(r.prrelid)
        AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))"
        ),
        "columns of row filters are not in the replica identity",
        "UPDATE and DELETE would fail in the application. Split by key columns, or set REPLICA IDENTITY FULL.",
    )
}

/// Settings of the publisher.
pub fn publisher_settings(context: &Context<'_>) -> String {
    let planned = planned_slots(context);
    let mut text = raise_if_any(
        &settings::publisher_shortages(context, &planned),
        "settings of the publisher are too small",
        "Raise them and restart the publisher; RUNBOOK.md has the numbers.",
    );
    text.push_str("\n\n");
    text.push_str(&warn_if_any(
        "      SELECT format('%s is %s: a slot that waits longer is lost; %s is safe while the plan is carried out', name, setting, safe)
      FROM (VALUES ('max_slot_wal_keep_size', '-1'), ('idle_replication_slot_timeout', '0')) AS risky(risky_name, safe)
      JOIN pg_settings ON name = risky_name WHERE setting <> safe",
        "setting endangers the slots",
    ));
    text
}

/// Settings of the subscriber.
pub fn subscriber_settings(context: &Context<'_>) -> String {
    let planned = planned_slots(context);
    let mut text = raise_if_any(
        &settings::subscriber_shortages(context, &planned),
        "settings of the subscriber are too small",
        "Raise them and restart the subscriber; RUNBOOK.md has the numbers.",
    );
    let budget = Budget::of(context.plan, context.bootstrap);
    if budget.parallel {
        text.push_str("\n\n");
        text.push_str(&warn_if_any(
            &format!(
                "      SELECT format('max_logical_replication_workers is %s, but %s keep every parallel apply worker and table copy running',
                    current_setting('max_logical_replication_workers'), wanted)
      FROM (SELECT {} + {} * current_setting('max_parallel_apply_workers_per_subscription')::integer) AS needs(wanted)
      WHERE current_setting('max_logical_replication_workers')::integer < wanted",
                budget.workers, budget.subscriptions
            ),
            "large transactions may be applied one after the other",
        ));
    }
    text
}

/// The relations that the subscriber must have: members, and leaves where they are published by their own names.
fn received<'a>(context: &'a Context<'_>) -> Vec<Vec<Value<'a>>> {
    let mut rows = Vec::new();
    for (slot, table) in context.plan.members() {
        let needed = Publishes::of_table(slot, table).is_ok_and(Publishes::needs_identity)
            && table.identity != ReplicaIdentity::Full
            && !(table.set_identity && table.identity == ReplicaIdentity::Index); // set by a later step
        let mut columns: Vec<&str> = table.identity_columns.iter().map(String::as_str).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut row = |schema: &'a str, name: &'a str| {
            rows.push(vec![
                Value::Text(&slot.subscription),
                Value::Text(schema),
                Value::Text(name),
                Value::Flag(table.only),
                Value::Flag(needed),
                Value::List(columns.iter().map(|&column| column.to_owned()).collect()),
                Value::List(if needed { table.identity_columns.clone() } else { Vec::new() }),
            ]);
        };
        if table.kind == TableKind::Partitioned && !slot.via_root {
            table.leaves.iter().for_each(|leaf| row(&leaf.schema, &leaf.name));
        } else {
            row(&table.schema, &table.name);
        }
    }
    rows
}

/// The same by name: `planned(subscription_name, schema_name, table_name)`.
pub fn received_names(context: &Context<'_>) -> String {
    let mut rows = received(context);
    rows.iter_mut().for_each(|row| row.truncate(3));
    values("planned", &["subscription_name", "schema_name", "table_name"], &rows)
}

/// The subscriber's tables can take what is sent. Columns are checked as far as the plan knows them.
pub fn subscriber_tables(context: &Context<'_>) -> String {
    let names =
        ["subscription_name", "schema_name", "table_name", "is_only", "needs_identity", "columns", "identity_columns"];
    let planned = values("planned", &names, &received(context));
    let kinds = if context.plan.subscriber_version.receives_into_partition_roots() { "'r', 'p'" } else { "'r'" };
    let query = format!(
        "      WITH planned AS (SELECT * FROM {planned}),
      relation AS (
        SELECT planned.*, c.oid, c.relkind, c.relpersistence
        FROM planned {FIND_TABLES}
      ),
      leaf AS (
        SELECT r.needs_identity, r.identity_columns, l.oid, l.relreplident, i.indexrelid, i.indrelid, i.indkey, i.indnkeyatts
        FROM relation AS r
        JOIN LATERAL (SELECT r.oid WHERE r.relkind = 'r'
                      UNION ALL SELECT t.relid FROM pg_partition_tree(r.oid) AS t WHERE r.relkind = 'p' AND t.isleaf) AS t(oid) ON true
        JOIN pg_class AS l ON l.oid = t.oid
        LEFT JOIN pg_index AS i ON i.indrelid = l.oid
          AND CASE WHEN pg_get_replica_identity_index(l.oid) IS NULL THEN i.indisprimary
                   ELSE i.indexrelid = pg_get_replica_identity_index(l.oid) END
      )
      SELECT format('table %I.%I does not exist', schema_name, table_name) FROM relation WHERE oid IS NULL
      UNION ALL
      SELECT format('relation %I.%I is not a table that a subscription can write into', schema_name, table_name)
      FROM relation WHERE relkind NOT IN ({kinds}) OR relpersistence = 't'
      UNION ALL
      SELECT format('table %I.%I has no column %I', r.schema_name, r.table_name, wanted)
      FROM relation AS r CROSS JOIN LATERAL unnest(r.columns) AS wanted
      WHERE r.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute AS a
        WHERE a.attrelid = r.oid AND a.attname = wanted AND a.attnum > 0 AND NOT a.attisdropped)
      UNION ALL
      SELECT format('table %s has neither a primary key nor a replica identity index', oid::regclass)
      FROM leaf WHERE needs_identity AND indexrelid IS NULL
      UNION ALL
      SELECT format('column %I is in the key of table %s, but not in its replica identity on the publisher', a.attname, l.oid::regclass)
      FROM leaf AS l JOIN pg_attribute AS a ON a.attrelid = l.oid AND a.attnum = ANY (l.indkey[0 : l.indnkeyatts - 1])
      WHERE l.needs_identity AND cardinality(l.identity_columns) > 0 AND a.attname::text <> ALL (l.identity_columns)"
    );
    raise_if_any(
        &query,
        "tables of the subscriber cannot take what the plan sends",
        "Bring the publisher's schema there first: pg_dump --schema-only, at least tables and primary keys.",
    )
}

/// What may surprise, but stops nothing.
pub fn subscriber_warnings(context: &Context<'_>) -> String {
    let rows = table_rows(context, |_, table| Some([Value::Text(&table.schema), Value::Text(&table.name)]));
    let planned = values("planned", &["schema_name", "table_name"], &rows);
    warn_if_any(
        &format!(
            "      WITH relation AS (
        SELECT DISTINCT c.oid, c.relrowsecurity FROM {planned}
        JOIN pg_namespace AS n ON n.nspname = planned.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name
      )
      SELECT format('trigger %I of table %s fires for replicated rows, with an empty search_path', t.tgname, t.tgrelid::regclass)
      FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid WHERE t.tgenabled IN ('A', 'R') AND NOT t.tgisinternal
      UNION ALL
      SELECT format('table %s has row security: its slot stops if the owner of the subscription is subject to it', oid::regclass)
      FROM relation WHERE relrowsecurity"
        ),
        "look at this on the subscriber",
    )
}

/// Target tables hold no rows, unless one of the plan's subscriptions has them already.
pub fn subscriber_empty(context: &Context<'_>) -> String {
    let mut rows = received(context);
    for row in &mut rows {
        row.truncate(4);
    }
    let planned = values("planned", &["subscription_name", "schema_name", "table_name", "is_only"], &rows);
    super::ddl::do_block(&format!(
        "DECLARE
  item record;
  has_rows boolean;
  found_count bigint := 0;
  found_lines text;
BEGIN
  FOR item IN
    WITH planned AS (SELECT * FROM {planned})
    SELECT n.nspname, c.relname, CASE WHEN bool_and(planned.is_only) THEN 'ONLY ' ELSE '' END AS only_word
    FROM planned
    JOIN pg_namespace AS n ON n.nspname = planned.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name
    WHERE NOT EXISTS (
      SELECT FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
      WHERE r.srrelid = c.oid AND s.subname IN (SELECT subscription_name FROM planned))
    GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s%I.%I)', item.only_word, item.nspname, item.relname) INTO has_rows;
    IF has_rows THEN
      found_count := found_count + 1;
      IF found_count <= 20 THEN
        found_lines := concat_ws(chr(10), found_lines, format('table %I.%I', item.nspname, item.relname));
      END IF;
    END IF;
  END LOOP;
  IF found_count > 0 THEN
    RAISE EXCEPTION USING MESSAGE = found_count || ' tables of the subscriber are not empty', DETAIL = found_lines,
      HINT = 'The initial copy would add its rows to them, and a row that is there already stops a slot. Empty them first.';
  END IF;
END"
    ))
}

/// No foreign key on a side joins a table whose TRUNCATE is replicated with one outside its slot, except those that the
/// plan cuts (postgres.md H2). A key of or to a partition root counts for all of its partitions.
pub fn foreign_keys_known(context: &Context<'_>, side: &str) -> String {
    let mut rows: Vec<Vec<Value<'_>>> = Vec::new();
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let truncates = Publishes::of(slot).is_ok_and(|publishes| publishes.truncate);
        for table in &slot.tables {
            let names = std::iter::once(table.table_name()).chain(table.leaves.iter().cloned());
            for name in names {
                rows.push(vec![
                    Value::Owned(name.schema),
                    Value::Owned(name.name),
                    Value::Number(number),
                    Value::Flag(truncates),
                ]);
            }
        }
    }
    let planned = values("planned", &["schema_name", "table_name", "slot_number", "truncates"], &rows);
    let cut = super::foreign_keys::cut(context);
    let query = format!(
        "      WITH listed AS (SELECT c.oid, p.slot_number, p.truncates
        FROM (SELECT * FROM {planned}) AS p
        JOIN pg_namespace AS n ON n.nspname = p.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name),
      planned AS (SELECT * FROM listed UNION SELECT a.relid, slot_number, truncates FROM listed CROSS JOIN LATERAL pg_partition_ancestors(oid) AS a)
      SELECT DISTINCT format('foreign key %I of table %s references table %s', k.conname, k.conrelid::regclass, k.confrelid::regclass)
      FROM pg_constraint AS k
      JOIN planned AS referenced ON referenced.oid = k.confrelid AND referenced.truncates
      WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid <> k.confrelid
        AND (NOT EXISTS (SELECT FROM planned AS r WHERE r.oid = k.conrelid AND r.slot_number = referenced.slot_number)
             OR EXISTS (SELECT FROM planned AS r WHERE r.oid = k.conrelid AND r.slot_number <> referenced.slot_number))
        AND NOT EXISTS (SELECT FROM {cut}
          JOIN pg_namespace AS n ON n.nspname = cut.schema_name
          WHERE cut.constraint_name = k.conname
            AND (SELECT relname FROM pg_class WHERE oid = k.conrelid AND relnamespace = n.oid) = cut.table_name)"
    );
    raise_if_any(
        &query,
        &format!("foreign keys of the {side} join two slots, and the plan does not know them"),
        "A replicated TRUNCATE of the referenced table would stop its slot for ever. Drop them, or sample and plan again.",
    )
}

/// Publications have exactly what the plan says.
pub fn publications_exact(context: &Context<'_>) -> String {
    raise_if_any(
        &publication_differences(context),
        "differences between the publications and the plan",
        "Somebody else made or changed them. Drop them if nothing uses them, or plan again with another --prefix.",
    )
}

/// A query of what the publications have that the plan has not, and the other way round, one line each.
pub fn publication_differences(context: &Context<'_>) -> String {
    let version = context.plan.publisher_version;
    let mut options = Vec::new();
    let mut members = Vec::new();
    for published in &context.publications {
        let publishes = published.publishes;
        options.push(vec![
            Value::Text(published.name),
            Value::Flag(publishes.insert),
            Value::Flag(publishes.update),
            Value::Flag(publishes.delete),
            Value::Flag(publishes.truncate),
            Value::Flag(published.slot.via_root),
        ]);
        for table in &published.tables {
            members.push(vec![
                Value::Text(published.name),
                Value::Text(&table.schema),
                Value::Text(&table.name),
                Value::Flag(table.row_filter.is_some()),
                Value::List(Vec::new()),
            ]);
        }
    }
    let option_names = ["publication_name", "inserts", "updates", "deletes", "truncates", "via_root"];
    let options = values("planned", &option_names, &options);
    let member_names = ["publication_name", "schema_name", "table_name", "filtered", "columns"];
    let members = values("planned", &member_names, &members);
    let via_root = if version.publishes_partition_roots() { " OR p.pubviaroot <> planned.via_root" } else { "" };
    let (details, whole_schemas) = if version.has_row_filters() {
        (
            "r.prqual IS NOT NULL AS filtered,
          coalesce((SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE \"C\") FROM pg_attribute AS a
            WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), ARRAY[]::text[]) AS columns",
            "\n      UNION ALL
      SELECT format('publication %I publishes whole schemas', p.pubname) FROM options AS planned
      JOIN pg_publication AS p ON p.pubname = planned.publication_name
      WHERE EXISTS (SELECT FROM pg_publication_namespace AS s WHERE s.pnpubid = p.oid)",
        )
    } else {
        ("false AS filtered, ARRAY[]::text[] AS columns", "")
    };
    format!(
        "      SELECT line FROM (WITH options AS (SELECT * FROM {options}),
      planned AS (SELECT * FROM {members}),
      actual AS (
        SELECT p.pubname, n.nspname, c.relname, {details}
        FROM options AS planned JOIN pg_publication AS p ON p.pubname = planned.publication_name
        JOIN pg_publication_rel AS r ON r.prpubid = p.oid
        JOIN pg_class AS c ON c.oid = r.prrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
      )
      SELECT format('publication %I does not exist', publication_name) FROM options AS planned
      WHERE NOT EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = planned.publication_name)
      UNION ALL
      SELECT format('publication %I has other options than the plan', p.pubname) FROM options AS planned
      JOIN pg_publication AS p ON p.pubname = planned.publication_name
      WHERE p.puballtables OR p.pubinsert <> planned.inserts OR p.pubupdate <> planned.updates
        OR p.pubdelete <> planned.deletes OR p.pubtruncate <> planned.truncates{via_root}{whole_schemas}
      UNION ALL
      SELECT format('publication %I lacks table %I.%I, or has another row filter or column list for it',
                    publication_name, schema_name, table_name)
      FROM planned WHERE NOT EXISTS (SELECT FROM actual AS a WHERE a.pubname = planned.publication_name
        AND a.nspname = planned.schema_name AND a.relname = planned.table_name
        AND a.filtered = planned.filtered AND a.columns = planned.columns)
      UNION ALL
      SELECT format('publication %I also has table %I.%I', a.pubname, a.nspname, a.relname)
      FROM actual AS a WHERE NOT EXISTS (SELECT FROM planned WHERE a.pubname = planned.publication_name
        AND a.nspname = planned.schema_name AND a.relname = planned.table_name)) AS difference(line)"
    )
}

/// Slots that exist are ours and alive.
pub fn slots_usable(context: &Context<'_>) -> String {
    let planned = planned_slots(context);
    let lost = if context.plan.publisher_version.major() >= 13 {
        "\n      UNION ALL
      SELECT format('replication slot %I is lost', s.slot_name) FROM s WHERE s.wal_status = 'lost'"
    } else {
        ""
    };
    raise_if_any(
        &format!(
            "      WITH s AS (SELECT s.* FROM {planned} JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name)
      SELECT format('replication slot %I is not a lasting logical slot of plugin pgoutput in this database', s.slot_name)
      FROM s WHERE s.plugin IS DISTINCT FROM 'pgoutput' OR s.database IS DISTINCT FROM current_database() OR s.temporary{lost}"
        ),
        "replication slots cannot be used",
        "Drop them if nothing uses them (pg_drop_replication_slot), or plan again with another --prefix.",
    )
}

/// Subscriptions that exist are the planned ones.
pub fn subscriptions_exact(context: &Context<'_>) -> String {
    let planned = planned_slots(context);
    raise_if_any(
        &format!(
            "      SELECT format('subscription %I has slot %s and publications %s', s.subname, s.subslotname, s.subpublications)
      FROM {planned} JOIN pg_subscription AS s ON s.subname = planned.subscription_name
      JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
      WHERE s.subslotname IS DISTINCT FROM planned.slot_name::name OR s.subpublications <> planned.publications"
        ),
        "subscriptions are not the planned ones",
        "Drop them if nothing uses them, or plan again with another --prefix.",
    )
}

/// A boolean for psql.
pub fn publication_exists(published: &Published<'_>) -> String {
    format!("EXISTS (SELECT FROM pg_publication WHERE pubname = {})", quote_literal(published.name))
}

/// A slot's publications as `text[]`, as a subscription has them.
pub fn publication_list(context: &Context<'_>, slot: &PlannedSlot) -> String {
    let names: Vec<String> = context.publication_names(slot).into_iter().map(quote_literal).collect();
    format!("ARRAY[{}]::text[]", names.join(", "))
}

/// A condition on a subscription of this database.
pub fn subscription_exists(slot: &PlannedSlot, condition: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
    WHERE d.datname = current_database() AND s.subname = {}{condition})",
        quote_literal(&slot.subscription)
    )
}
