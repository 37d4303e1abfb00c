//! What the pause of the cutover runs: one session for each side, so that the application does not wait for a dozen
//! programs to start; what shortens it from outside; and what keeps the new server closed until it is over.

use super::{
    Context, checks, cutover,
    ddl::{do_block, raise_if_any, until_gone},
    foreign_keys, reverse,
    script::{Side, Support},
    session::{self, STATE_SCHEMA},
    support,
};
use crate::names::quote_literal;

/// Says that this session is a part of the cutover: an advisory lock that all parts share.
pub(super) fn take_part(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    do_block(&format!("BEGIN\n  PERFORM pg_advisory_lock_shared(hashtext('pgslotplan'), hashtext({prefix}));\nEND"))
}

/// Ends what a killed script left running: every other session that says so.
pub(super) fn end_parts(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let running = format!(
        "FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = hashtext('pgslotplan')::bigint & 4294967295 AND l.objid::bigint = hashtext({prefix})::bigint & 4294967295"
    );
    do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '5 s';
BEGIN
  PERFORM pg_terminate_backend(l.pid) {running};
{}
END",
        until_gone(
            &running,
            "0.01",
            "another part of the cutover still runs",
            "Wait for its end, then run this again."
        )
    ))
}

/// The variables that both halves of the comparison take.
const COMPARE: [(&str, &str); 3] = [("task", "digest"), ("slot", "none: all slots"), ("mode", "final")];

/// Writes stop, every slot passes what was written, what is compared is read.
fn cut_publisher(context: &Context<'_>) -> Support {
    let mut variables = vec![
        ("dir", "the directory for what is read"),
        ("stops", "whether the writes are to be stopped; not when this is another look"),
        ("compares", "whether the newest rows are read, too"),
        ("chunk_rows", "how many of each table"),
        ("batch_seconds", "longer than it takes"),
        ("wait_seconds", "how long the slots may take"),
    ];
    variables.extend(COMPARE);
    support::sql(
        context,
        Side::Publisher,
        "lib/cut_publisher.sql",
        "The old server's part of the pause in one session. A counter before and after tells whether somebody still writes.",
        &variables,
        &[
            end_parts(context),
            take_part(context),
            "\\if :stops\n\\ir ../78_publisher_writes_stop.sql\n\\endif\n\\ir ../71_publisher_caught_up.sql\n\
             \\set out :dir '/before'\n\\ir counter_publisher.sql\n\
             \\set out :dir '/sequences.publisher'\n\\ir sequences_read_publisher.sql\n\
             \\if :compares\n\\set out :dir '/final.publisher'\n\\ir compare_publisher.sql\n\\endif\n\
             \\set out :dir '/after'\n\\ir counter_publisher.sql"
                .into(),
        ],
    )
}

/// The newest rows are compared, the subscriptions end, foreign keys return, the way back begins.
fn cut_subscriber(context: &Context<'_>) -> Support {
    let differing = raise_if_any(
        "      SELECT format('%s of table %I.%I', r.kind, p.schema_name, p.table_name)
      FROM pg_temp.result AS r JOIN pg_temp.planned_table AS p ON p.number = r.number
      WHERE r.kind IN ('different', 'chunk', 'bucket', 'candidate')",
        "parts of tables differ: the newest rows differ",
        "79_shell_compare_at_rest.sh lists the rows, once the writes are stopped.",
    );
    let mut files = "\\ir ../80_subscriber_stop.sql".to_owned();
    if foreign_keys::are_cut(context) {
        files.push_str("\n\\ir ../81_subscriber_foreign_keys_restore.sql");
    }
    files.push_str("\n\\ir ../83_subscriber_reverse_slots.sql");
    let mut variables =
        vec![("out", "the file for what differs"), ("compares", "whether the newest rows are compared")];
    variables.extend(COMPARE);
    support::sql(
        context,
        Side::Subscriber,
        "lib/cut_subscriber.sql",
        "The new server's part of the pause in one session. Standard input: what the old server's part has read.",
        &variables,
        &[
            end_parts(context),
            take_part(context),
            format!("\\if :compares\n\\ir compare_subscriber.sql\n{differing}\n\\endif"),
            files,
        ],
    )
}

/// A slot is past the fence when its subscriber has it on disk, and apply workers leave that to the log writer. Whoever
/// commits beside them flushes their log too. Ends with the subscriptions of `receiving`, a query.
fn flush(context: &Context<'_>, side: Side, receiving: &str) -> Support {
    let body = do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
BEGIN
  WHILE clock_timestamp() < deadline AND EXISTS ({receiving}) LOOP
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'flush');
    COMMIT;
    PERFORM pg_sleep(0.01);
  END LOOP;
END"
    ));
    support::sql(
        context,
        side,
        &format!("lib/flush_{}.sql", side.as_str()),
        "Flushes the log until the subscriptions end, so that slots need not wait for it.",
        &[("wait_seconds", "the longest time")],
        &[
            take_part(context),
            "SET pgslotplan.wait_seconds = :'wait_seconds';\nSET synchronous_commit = local;".into(),
            body,
        ],
    )
}

/// A query of the enabled subscriptions of this database among those of `names`, a relation with a column.
fn enabled(names: &str, column: &str) -> String {
    format!(
        "SELECT FROM {names} JOIN pg_subscription AS s ON s.subname = {column} AND s.subenabled
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()"
    )
}

/// Files of the pause.
pub(super) fn files(context: &Context<'_>) -> Vec<Support> {
    let subscriber = |file: &str, what: &str, variables: &[(&str, &str)], parts: &[String]| {
        support::sql(context, Side::Subscriber, file, what, variables, parts)
    };
    let prefix = quote_literal(&context.plan.policy.prefix);
    let planned = enabled(&checks::planned_slots(context), "planned.subscription_name");
    let mirrors = enabled(&reverse::mirror_names(context), "mirror.slot_name");
    vec![
        cut_publisher(context),
        cut_subscriber(context),
        flush(context, Side::Subscriber, &planned),
        flush(context, Side::Publisher, &mirrors),
        support::sql(
            context,
            Side::Publisher,
            "lib/cut_publisher_end.sql",
            "Lets the old server follow the new one, and looks once more that nobody else is connected.",
            &[],
            &[
                take_part(context),
                "\\ir ../84_publisher_reverse_start.sql\n\\ir sessions_publisher.sql".into(),
            ],
        ),
        subscriber(
            "lib/close_subscriber.sql",
            "Makes the new database read-only until it is opened: a PgBouncer that starts anew must not write there too early.",
            &[],
            &[session::require_mark(context), reverse::require_publications(context), cutover::close_sql(context)],
        ),
        subscriber(
            "lib/open_subscriber.sql",
            "Opens the new database, and notes that it is open.",
            &[],
            &[
                take_part(context),
                format!("BEGIN;\nCREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.opened (prefix text PRIMARY KEY, opened_at timestamptz NOT NULL DEFAULT now());
INSERT INTO {STATE_SCHEMA}.opened (prefix) VALUES ({prefix}) ON CONFLICT DO NOTHING;"),
                cutover::open_writes_sql(context),
                "COMMIT;".into(),
            ],
        ),
        subscriber(
            "lib/opened_subscriber.sql",
            "Writes t when the application was let onto the new server.",
            &[("out", "the file to write")],
            &[
                end_parts(context),
                format!(
                    "SELECT to_regclass('{STATE_SCHEMA}.opened') IS NOT NULL AS has_opened\n\\gset\n\\o :out\n\\if :has_opened\nCOPY (SELECT EXISTS (SELECT FROM {STATE_SCHEMA}.opened WHERE prefix = {prefix})) TO STDOUT;\n\\endif\n\\o"
                ),
            ],
        ),
    ]
}
