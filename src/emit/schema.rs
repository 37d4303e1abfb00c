//! The subscriber's schema, by pg_dump of the publisher: roles, extensions, tables and their keys before the copy;
//! secondary indexes after it, in parallel and by size; foreign keys and triggers last.
//!
//! pg_dump's list of contents names each entry by class and oid of the publisher's catalog; which entries are keys,
//! indexes or foreign keys is asked of that catalog, so that names, which could hold anything, are compared only for
//! `INDEX ATTACH`, whose entries have no oid. What exists already is left alone: an interrupted step is run again, and
//! `drift` says whether the result is right.

use super::{
    Context, checks,
    copy::{finish, paragraphs, step},
    ddl::{Value, values},
    foreign_keys, guards,
    script::{Phase, Side, Step},
    shell,
};
use crate::{
    names::{TableName, quote_literal},
    policy::ForeignKeyMode,
    workload::ReplicaIdentity,
};

/// Roles that belong to the server or its provider.
const FOREIGN_ROLES: &str =
    "^(pg_|rds|cloudsql|azure|azuresu|alloydb|aurora|neon_superuser|supabase|crunchy|streaming_replica$|postgres$)";

pub(super) fn tables(context: &Context<'_>) -> Step {
    let body = paragraphs(&[
        shell::needs(&["psql", "pg_dump", "pg_restore", "awk", "sort"]),
        shell::dump_version(context),
        shell::servers(context),
        shell::here("publisher", &checks::foreign_keys_known(context, "publisher")),
        roles(),
        entries(context),
        APPLY.to_owned(),
        "say 'tables'\npg_restore -l --section=pre-data \"$work/schema.dump\" > \"$work/pre.list\"\n\
         pg_restore -L \"$work/pre.list\" -f \"$work/pre.sql\" \"$work/schema.dump\"\napply \"$work/pre.sql\"\n\
         say 'keys'\nrestore keys\nrestore attach_keys\nrestore early"
            .to_owned(),
    ]);
    finish(
        context,
        Step {
            why: "The copy needs tables with their primary keys and replica identities, and nothing more: every further \
                  index makes it slower."
                .into(),
            hazard: Some(
                "Roles come without passwords and without SUPERUSER, REPLICATION and BYPASSRLS; settings of roles and of the \
                 database do not come. What exists on the subscriber already is not changed: 12_shell_drift.sh compares."
                    .into(),
            ),
            undo: Some("Drop what it made, or the database.".into()),
            variables: shell::connections(),
            expected: "The roles that lost an attribute, and what it is doing; exit code 0.".into(),
            duration: "a minute for some thousand tables".into(),
            body,
            ..step(
                "01_shell_schema.sh",
                Phase::Schema,
                Side::Shell,
                "Makes the publisher's roles, extensions, tables and keys on the subscriber, as far as they are missing.",
            )
        },
    )
}

pub(super) fn indexes(context: &Context<'_>) -> Step {
    let mut variables = shell::connections();
    variables.push(shell::variable("PGSLOTPLAN_JOBS", "indexes built at a time, 4 when not given", false));
    let body = paragraphs(&[
        shell::needs(&["psql", "pg_dump", "pg_restore", "awk", "sort"]),
        shell::dump_version(context),
        shell::servers(context),
        entries(context),
        APPLY.to_owned(),
        DEAL.to_owned(),
    ]);
    finish(
        context,
        Step {
            why: "Indexes built once over all rows are faster and smaller than those that grow with each row. The largest \
                  are begun first, dealt out so that all jobs end at about the same time."
                .into(),
            hazard: Some(
                "CREATE INDEX holds up what the slot of its table applies: the slot falls behind meanwhile and keeps WAL on the \
                 publisher. Each job may use maintenance_work_mem and max_parallel_maintenance_workers."
                    .into(),
            ),
            undo: Some("Drop the indexes.".into()),
            variables,
            expected: "One line for each job; exit code 0.".into(),
            duration: "the time of the largest indexes; often longer than the copy".into(),
            body,
            ..step(
                "72_shell_indexes.sh",
                Phase::Indexes,
                Side::Shell,
                "Builds the secondary indexes and unique constraints that the subscriber lacks, in parallel, largest first.",
            )
        },
    )
}

pub(super) fn foreign_keys_and_rest(context: &Context<'_>) -> Step {
    let body = paragraphs(&[
        shell::needs(&["psql", "pg_dump", "pg_restore", "awk"]),
        shell::dump_version(context),
        shell::servers(context),
        shell::here("publisher", &checks::foreign_keys_known(context, "publisher")),
        entries(context),
        APPLY.to_owned(),
        "restore foreign\nrestore rest".to_owned(),
        comments(context),
    ]);
    finish(
        context,
        Step {
            why: "A foreign key within one slot holds as soon as its slot has caught up; those that join two slots are \
                  restored at the cutover. Triggers come late, so that none fires for replicated rows before."
                .into(),
            hazard: Some(
                "Each foreign key reads its table once and holds up its slot meanwhile. A trigger that is enabled ALWAYS or \
                 REPLICA on the publisher fires for replicated rows from now on: disable it if it must not."
                    .into(),
            ),
            undo: Some("Drop them.".into()),
            variables: shell::connections(),
            duration: "one read of each referencing table".into(),
            body,
            ..step(
                "73_shell_foreign_keys.sh",
                Phase::Indexes,
                Side::Shell,
                "Makes the foreign keys that do not join two slots, and triggers, rules, policies and statistics.",
            )
        },
    )
}

/// Roles and memberships that the subscriber lacks.
fn roles() -> String {
    let make = format!(
        "SELECT format(E'SELECT %L WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %L)\\n\\\\gexec', format('CREATE ROLE %I %s %s %s %s CONNECTION LIMIT %s', rolname,
    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
    CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END, rolconnlimit), rolname)
FROM pg_roles WHERE rolname !~ '{FOREIGN_ROLES}' ORDER BY rolname;
SELECT format(E'SELECT %L WHERE NOT EXISTS (SELECT FROM pg_auth_members AS m WHERE m.roleid = (SELECT oid FROM pg_roles WHERE rolname = %L)
    AND m.member = (SELECT oid FROM pg_roles WHERE rolname = %L)) AND EXISTS (SELECT FROM pg_roles WHERE rolname = %L)\\n\\\\gexec',
    format('GRANT %I TO %I%s', g.rolname, m.rolname, CASE WHEN bool_or(a.admin_option) THEN ' WITH ADMIN OPTION' ELSE '' END), g.rolname, m.rolname, g.rolname)
FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
WHERE m.rolname !~ '{FOREIGN_ROLES}' GROUP BY g.rolname, m.rolname ORDER BY g.rolname, m.rolname;"
    );
    let lost = format!(
        "SELECT format('note: role %s has%s%s%s on the publisher; it is made without', quote_ident(rolname), CASE WHEN rolsuper THEN ' SUPERUSER' END,
    CASE WHEN rolreplication THEN ' REPLICATION' END, CASE WHEN rolbypassrls THEN ' BYPASSRLS' END)
FROM pg_roles WHERE rolname !~ '{FOREIGN_ROLES}' AND (rolsuper OR rolreplication OR rolbypassrls) ORDER BY rolname;"
    );
    format!(
        "say 'roles'\n{}\n{}\nsubscriber < \"$work/roles.sql\"",
        shell::here("publisher > \"$work/roles.sql\"", &make),
        shell::here("publisher >&2", &lost)
    )
}

/// Dumps the schema and sorts the entries of its last section into lists by kind.
fn entries(context: &Context<'_>) -> String {
    let is_cut = cut_condition(context);
    // foreign keys over slots: restored from what 40 remembers, or made while the tables are empty
    let cut_kind = if context.plan.policy.foreign_keys == ForeignKeyMode::Restore { "cut" } else { "early" };
    // the plan may make a unique index a replica identity
    let identities = checks::table_rows(context, |_, table| {
        (table.identity == ReplicaIdentity::Index).then(|| [Value::Text(&table.schema), Value::Text(&table.name)])
    });
    let identities = format!(
        "UNION SELECT i.indexrelid FROM {} JOIN pg_namespace AS n ON n.nspname = planned.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique",
        values("planned", &["schema_name", "table_name"], &identities)
    );
    let guard = quote_literal(&guards::trigger_name(context));
    let query = format!(
        "WITH key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  {identities}
)
SELECT 2606, k.oid, CASE WHEN k.conindid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(k.conindid)
FROM pg_constraint AS k WHERE k.contype IN ('p', 'u', 'x') AND k.conindid <> 0
UNION ALL
SELECT 1259, i.indexrelid, CASE WHEN i.indexrelid IN (SELECT indexrelid FROM key) THEN 'keys' ELSE 'indexes' END, pg_relation_size(i.indexrelid)
FROM pg_index AS i
UNION ALL
SELECT 2606, k.oid, CASE WHEN {is_cut} THEN '{cut_kind}' ELSE 'foreign' END, 0
FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conparentid = 0
UNION ALL
SELECT 2620, g.oid, 'cut', 0 FROM pg_trigger AS g WHERE g.tgname = {guard} AND NOT g.tgisinternal;"
    );
    // as pg_restore prints them: line ends become blanks
    let attached = "WITH RECURSIVE key AS (
  SELECT i.indexrelid FROM pg_index AS i WHERE i.indisprimary OR i.indisreplident
  UNION SELECT conindid FROM pg_constraint WHERE contype = 'f'
  UNION SELECT h.inhrelid FROM pg_inherits AS h JOIN key ON key.indexrelid = h.inhparent
)
SELECT translate(format('INDEX ATTACH %s %s %s', n.nspname, c.relname, r.rolname), E'\\n\\r', '  ')
FROM pg_class AS c JOIN key ON key.indexrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS r ON r.oid = c.relowner
WHERE c.relispartition AND c.relkind IN ('i', 'I');";
    format!(
        "PGOPTIONS='-c statement_timeout=0 -c lock_timeout=60s' \\
  pg_dump -d \"$PGSLOTPLAN_PUBLISHER\" -Fc --schema-only --no-publications --no-subscriptions -N pgslotplan -f \"$work/schema.dump\"
{}
{}
pg_restore -l --section=post-data \"$work/schema.dump\" > \"$work/post.list\"
for kind in keys attach_keys early indexes attach_indexes foreign cut rest; do : > \"$work/$kind.list\"; done
# a comment follows its object at once and belongs to it
awk -v folder=\"$work\" '
FILENAME == ARGV[1] {{ split($0, part, \"|\"); kinds[part[1] \" \" part[2]] = part[3]; sizes[part[1] \" \" part[2]] = part[4]; next }}
FILENAME == ARGV[2] {{ attached[$0] = 1; next }}
/^;/ || /^$/ {{ next }}
{{
  text = $0; sub(/^[0-9]+; [0-9]+ [0-9]+ /, \"\", text)
  entry = $2 \" \" $3
  if (text ~ /^INDEX ATTACH /) kind = (text in attached) ? \"attach_keys\" : \"attach_indexes\"
  else if ($2 == 0 && text ~ /^(COMMENT|ACL|SECURITY LABEL) /) kind = last
  else {{ kind = (entry in kinds) ? kinds[entry] : \"rest\"; group++; size = (entry in sizes) ? sizes[entry] : 0 }}
  last = kind
  print $0 > (folder \"/\" kind \".list\")
  if (kind == \"indexes\") printf \"%s|%d|%s\\n\", size, group, $0 > (folder \"/sized\")
}}' \"$work/kinds\" \"$work/attached\" \"$work/post.list\"",
        shell::here("publisher > \"$work/kinds\"", &query),
        shell::here("publisher > \"$work/attached\"", attached),
    )
}

/// Whether constraint `k` joins two slots.
fn cut_condition(context: &Context<'_>) -> String {
    let keys: Vec<&crate::workload::ForeignKey> = context
        .plan
        .foreign_keys
        .iter()
        .filter(|planned| planned.cut)
        .map(|planned| &planned.key)
        .filter(|key| key.from != key.to)
        .collect();
    if keys.is_empty() {
        return "false".into();
    }
    let row = |name: &TableName, key: &str| {
        format!("({}, {}, {})", quote_literal(&name.schema), quote_literal(&name.name), quote_literal(key))
    };
    let rows: Vec<String> = keys.iter().map(|key| row(&key.from, &key.name)).collect();
    format!(
        "EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = k.conrelid
    AND (n.nspname, c.relname, k.conname) IN (\n    {}))",
        rows.join(",\n    ")
    )
}

/// Comments on the foreign keys that are kept away join what is remembered of them.
fn comments(context: &Context<'_>) -> String {
    if !foreign_keys::are_cut(context) {
        return String::new();
    }
    let prefix = quote_literal(&context.plan.policy.prefix);
    let query = format!(
        "SELECT format('UPDATE pgslotplan.dropped_foreign_key SET description = %L WHERE prefix = %L AND schema_name = %L AND table_name = %L AND constraint_name = %L AND description IS NULL;',
  obj_description(k.oid, 'pg_constraint'), {prefix}, n.nspname, c.relname, k.conname)
FROM {} JOIN pg_namespace AS n ON n.nspname = cut.schema_name JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = cut.table_name
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.conname = cut.constraint_name AND obj_description(k.oid, 'pg_constraint') IS NOT NULL;",
        foreign_keys::cut(context)
    );
    format!("{}\nsubscriber < \"$work/comments.sql\"", shell::here("publisher > \"$work/comments.sql\"", &query))
}

/// What a restored statement may answer: its object exists already (duplicate table, object, function, schema, column,
/// primary key; identity column; partition). `drift` finds what is there but different.
const APPLY: &str = r#"# Runs a file and takes "already exists" for done; any other error ends the step when the file is through.
apply() {
  {
    printf '%s\n' '\set ON_ERROR_STOP off' '\set VERBOSITY verbose' 'SET check_function_bodies = off;'
    grep -v '^SET transaction_timeout' "$1" || :
  } > "$1.run"
  psql -X -q -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" -f "$work/subscriber.sql" -f "$1.run" > /dev/null 2> "$1.errors" || {
      status=$?; cat "$1.errors" >&2; exit "$status"; }
  grep -E ':[0-9]+: [^ ]+:  [0-9A-Z]{5}: ' "$1.errors" |
    grep -v -E ':[0-9]+: [^ ]+:  (0[01]...|42P07|42710|42723|42P06|42701|42P16|42809|55000): ' > "$1.refused" || :
  if [ -s "$1.refused" ]; then
    sed -n 1,20p "$1.refused" >&2
    die 'the subscriber refused statements of the schema' 'Mend the cause and run this step again: what is there stays.'
  fi
}
restore() {
  [ -s "$work/$1.list" ] || return 0
  pg_restore -L "$work/$1.list" -f "$work/$1.sql" "$work/schema.dump"
  apply "$work/$1.sql"
}"#;

/// Largest first, each to the job with the least to do (LPT: at most 4/3 of the best possible).
const DEAL: &str = r#"jobs=${PGSLOTPLAN_JOBS:-4}
if [ -s "$work/sized" ]; then
  sort -t '|' -k1,1nr -k2,2n -s "$work/sized" | awk -v jobs="$jobs" -v folder="$work" '{
    split($0, part, "|"); line = substr($0, length(part[1]) + length(part[2]) + 3)
    if (part[2] != group) {
      job = 1
      for (i = 2; i <= jobs; i++) if (load[i] + 0 < load[job] + 0) job = i
      load[job] += part[1] + 8192; count[job]++; group = part[2]
    }
    print line > (folder "/job" job ".list")
  } END { for (i = 1; i <= jobs; i++) if (count[i]) printf "job %d: %d indexes, %.0f MB on the publisher\n", i, count[i], load[i] / 1e6 }' >&2
  pids=
  for list in "$work"/job*.list; do
    name=${list##*/}
    (trap - EXIT; restore "${name%.list}") &
    pids="$pids $!"
  done
  status=0
  for pid in $pids; do wait "$pid" || status=$?; done
  [ "$status" -eq 0 ] || exit "$status"
fi
restore attach_indexes"#;
