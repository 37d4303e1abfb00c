//! Do both servers have the same tables? One query on each side, a line for each fact, and what only one of them says.
//!
//! Before the copy it is about columns and keys; afterwards about indexes, constraints and triggers too. Foreign keys that
//! the plan keeps away, guards of the plan and replica identities (which it may change) are left out; so are not-null
//! constraints of 18, which are properties of columns before it.

use super::{
    Context, checks,
    copy::{finish, paragraphs, step},
    foreign_keys, guards,
    script::{Phase, Side, Step},
    shell,
};
use crate::names::quote_literal;

/// How much is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Columns, primary keys, partitions.
    Tables,
    /// Also defaults, indexes, constraints, triggers.
    Everything,
}

pub(super) fn compare(context: &Context<'_>, extent: Extent) -> Step {
    let (file, what) = match extent {
        Extent::Tables => {
            ("12_shell_drift.sh", "Compares columns and keys of the planned tables on both servers. Changes nothing.")
        }
        Extent::Everything => (
            "74_shell_drift.sh",
            "Compares columns, defaults, indexes, constraints and triggers of the planned tables on both servers. Changes nothing.",
        ),
    };
    let mut variables = shell::connections();
    variables.retain(|variable| variable.name != "PGSLOTPLAN_BIN");
    variables.push(shell::variable(
        "PGSLOTPLAN_ACCEPT_DRIFT",
        "1 when the differences were read and are accepted: they are shown, and the exit code is 0",
        false,
    ));
    let query = query(context, extent);
    let body = paragraphs(&[
        shell::needs(&["psql", "comm", "sort"]),
        shell::servers(context),
        format!(
            "{}\npublisher < \"$work/facts.sql\" > \"$work/there\"\nsubscriber < \"$work/facts.sql\" > \"$work/here\"\n\
             sort \"$work/there\" > \"$work/publisher\"\nsort \"$work/here\" > \"$work/subscriber_facts\"\n\
             comm -23 \"$work/publisher\" \"$work/subscriber_facts\" | sed 's/^/publisher:  /' > \"$work/differences\"\n\
             comm -13 \"$work/publisher\" \"$work/subscriber_facts\" | sed 's/^/subscriber: /' >> \"$work/differences\"\n\
             [ -s \"$work/publisher\" ] || die 'the publisher has none of the planned tables'\n\
             if [ -s \"$work/differences\" ]; then\n  sort -k2 \"$work/differences\"\n  \
             [ \"${{PGSLOTPLAN_ACCEPT_DRIFT-}}\" = 1 ] ||\n    \
             die 'the schemas differ' 'Each line stands on one server only. Mend the subscriber, or accept them with PGSLOTPLAN_ACCEPT_DRIFT=1.'\nfi",
            shell::here("cat > \"$work/facts.sql\"", &query)
        ),
    ]);
    finish(
        context,
        Step {
            why: "A column or key that differs shows itself in the middle of the night as a slot that stops, or after the \
                  cutover as a slow or wrong application."
                .into(),
            expected: "No output; exit code 0. Otherwise each fact that one server has and the other not.".into(),
            go: "Go on when the exit code is 0, or every line it shows is wanted.".into(),
            variables,
            body,
            ..step(file, if extent == Extent::Tables { Phase::Schema } else { Phase::Indexes }, Side::Shell, what)
        },
    )
}

/// One text column, one fact a row.
fn query(context: &Context<'_>, extent: Extent) -> String {
    let received = checks::received_names(context);
    let keys = "SELECT format('primary key %s: %s', t.name, pg_get_constraintdef(k.oid)) FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p'";
    let mut parts = vec![
        // defaults differ harmlessly during replication: compared at the end
        "SELECT format('column %s.%I: %s%s%s%s', t.name, a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attnotnull THEN ' not null' END, CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity' END,
          CASE WHEN a.attgenerated <> '' THEN ' generated ' || pg_get_expr(d.adbin, d.adrelid) END)
        FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
            .to_owned(),
        "SELECT format('table %s: %s', t.name, CASE t.relkind WHEN 'p' THEN 'partitioned' WHEN 'r' THEN 'ordinary' ELSE 'of kind ' || t.relkind::text END) FROM t".to_owned(),
        keys.to_owned(),
    ];
    if extent == Extent::Everything {
        let cut = foreign_keys::cut(context);
        let guard = quote_literal(&guards::trigger_name(context));
        parts.extend([
            "SELECT format('default of column %s.%I: %s', t.name, a.attname, pg_get_expr(d.adbin, d.adrelid))
        FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND NOT a.attisdropped AND a.attgenerated = ''
        JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
                .to_owned(),
            "SELECT format('index of table %s: %s', t.name, pg_get_indexdef(i.indexrelid)) FROM t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisvalid".to_owned(),
            format!(
                "SELECT format('constraint %I of table %s: %s', k.conname, t.name, pg_get_constraintdef(k.oid))
        FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype NOT IN ('p', 'n', 't')
        WHERE NOT (k.contype = 'f' AND EXISTS (SELECT FROM {cut} WHERE cut.constraint_name = k.conname AND cut.schema_name = t.schema_name
          AND cut.table_name = t.table_name)) AND NOT (k.contype = 'f' AND k.conparentid <> 0)"
            ),
            format!(
                "SELECT format('trigger of table %s: %s', t.name, pg_get_triggerdef(g.oid)) FROM t JOIN pg_trigger AS g ON g.tgrelid = t.oid
        WHERE NOT g.tgisinternal AND g.tgname <> {guard}"
            ),
        ]);
    }
    let facts = parts.join("\n        UNION ALL ");
    format!(
        "WITH t AS (
        SELECT DISTINCT c.oid, c.relkind, n.nspname AS schema_name, c.relname AS table_name, format('%I.%I', n.nspname, c.relname) AS name
        FROM {received}
        JOIN pg_namespace AS n ON n.nspname = planned.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name)
        SELECT translate(fact, E'\\n\\r', '  ') FROM ({facts}) AS facts(fact);"
    )
}
