//! Every variable that a step reads, each described once: the runbook lists them, steps name them.

use super::step::Variable;

/// Name, meaning with the default, and whether a step that lists it needs it.
type Described = (&'static str, &'static str, bool);

const DESCRIBED: &[Described] = &[
    ("PGSLOTPLAN_PUBLISHER", "connection string of the publisher's database", true),
    ("PGSLOTPLAN_SUBSCRIBER", "connection string of the subscriber's database", true),
    (
        "PGSLOTPLAN_BIN",
        "folder of psql, pg_dump and pg_restore, of the subscriber's major version; PATH when not given",
        false,
    ),
    ("PGSLOTPLAN_STATE", "folder for evidence and notes; the name of this folder with .state when not given", false),
    (
        "PGSLOTPLAN_REHEARSAL",
        "yes: the servers are those of a rehearsal, and every line of the evidence says so",
        false,
    ),
    (
        "PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER",
        "how the subscriber's server reaches the publisher; PGSLOTPLAN_PUBLISHER when not given",
        false,
    ),
    (
        "PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER",
        "how the publisher's server reaches the subscriber; PGSLOTPLAN_SUBSCRIBER when not given",
        false,
    ),
    (
        "PGSLOTPLAN_ACCEPT",
        "file of differences between the databases that are wanted, a line for each as pgslotplan check --accept takes it; accepted.txt \
         in the state folder when not given",
        false,
    ),
    (
        "PGSLOTPLAN_ACCEPT_REFUSED",
        "file with lines of statements that the subscriber refused, as the step shows them, which are wanted; none when not given",
        false,
    ),
    ("PGSLOTPLAN_PLAN", "the plan from which this folder was made; plan.json beside this folder when not given", false),
    ("PGSLOTPLAN_CHECKED", "yes: pgslotplan check was run elsewhere and ended with 0", false),
    (
        "PGSLOTPLAN_JOBS",
        "keys or indexes built, tables dumped and restored, or pieces copied, at a time; 4 when not given",
        false,
    ),
    ("PGSLOTPLAN_PIECE_MB", "MB of the publisher's files that are one piece of the copy; 1024 when not given", false),
    (
        "PGSLOTPLAN_RATE",
        "MB/s that all jobs of this step read together, on the average over pieces; no limit when not given",
        false,
    ),
    (
        "PGSLOTPLAN_START_OVER",
        "position of a snapshot, as the step says it, whose copy is given up: what came is dropped, and all begins anew",
        false,
    ),
    ("PGSLOTPLAN_DUMP", "folder for the dump, with room for the compressed data", true),
    (
        "PGSLOTPLAN_ACCEPT_FUNCTIONS",
        "functions of roles that are no superusers which may run as the role of a step or a subscription: as the step shows \
         them, or the names of their owners, separated by semicolons; none when not given",
        false,
    ),
    (
        "PGSLOTPLAN_SUBSCRIPTION_OWNER",
        "for receiving servers up to 15: a role with LOGIN and nothing else that gets the subscriptions and grants on the \
         planned tables, so that functions behind them get no more; who runs the step when not given",
        false,
    ),
    (
        "PGSLOTPLAN_LOADER",
        "connection string of a role on the subscriber that is no superuser, for what runs code of others: rows of a dump, \
         tables, checks. Rows: grants on the tables, and from 15 on GRANT SET ON PARAMETER session_replication_role; tables \
         and checks: membership in their owners. PGSLOTPLAN_SUBSCRIBER when not given",
        false,
    ),
    (
        "PGSLOTPLAN_ACCEPT_ROLES",
        "roles that may have on the subscriber what the step lists, separated by commas; none when not given",
        false,
    ),
    (
        "PGSLOTPLAN_STRIP_ROLES",
        "roles that come without the memberships and the CREATEROLE that the step lists, separated by commas; none when not \
         given",
        false,
    ),
    ("PGSLOTPLAN_PASSWORDS", "no: passwords are set by hand, and the step brings none", false),
    ("PGSLOTPLAN_CUTOVER", "the cutover's configuration; cutover.conf in the state folder when not given", false),
    ("PGSLOTPLAN_CLONE_DATA", "data folder of the clone, absolute; new, or a storage clone made after the slots", true),
    (
        "PGSLOTPLAN_CLONE_CONF",
        "file with parameters that the clone must have otherwise than the publisher, such as port",
        false,
    ),
    ("PGSLOTPLAN_CLONE_EXISTING", "1: the data folder is a storage clone, and no base backup is made", false),
    (
        "PGSLOTPLAN_CLONE_TABLESPACES",
        "folder, absolute, in which each tablespace's copy gets a folder by its number; the paths that the publisher has when not given, \
         which must be empty on the clone's host",
        false,
    ),
    ("PGSLOTPLAN_WAIT", "seconds to wait until the clone has passed the slots; 86400 when not given", false),
    ("PGSLOTPLAN_OLD_BIN", "folder of the programs of the publisher's major version", true),
    ("PGSLOTPLAN_NEW_BIN", "folder of the programs of the subscriber's major version", true),
    ("PGSLOTPLAN_NEW_DATA", "data folder of the upgraded clone, absolute; new, on the same file system", true),
    (
        "PGSLOTPLAN_NEW_CONF",
        "file with parameters of the upgraded clone beside those that it takes over, such as the settings of the runbook",
        false,
    ),
    ("PGSLOTPLAN_AURORA_SOURCE", "identifier of the publisher's DB cluster", true),
    ("PGSLOTPLAN_AURORA_CLONE", "identifier that the clone's DB cluster gets; its instance gets it with -1", true),
    ("PGSLOTPLAN_AURORA_CLASS", "instance class of the clone, such as db.r7g.4xlarge", true),
    ("PGSLOTPLAN_AURORA_GROUP", "DB cluster parameter group of the clone, of the publisher's version", true),
    (
        "PGSLOTPLAN_AURORA_INSTANCE_GROUP",
        "DB parameter group of the clone's instance, of the publisher's version; the provider's default when not given",
        false,
    ),
    ("PGSLOTPLAN_AURORA_KMS", "KMS key of the clone; the source's when not given", false),
    ("PGSLOTPLAN_AURORA_SUBNETS", "DB subnet group of the clone", true),
    ("PGSLOTPLAN_AURORA_SECURITY", "security groups of the clone, separated by blanks", true),
    ("PGSLOTPLAN_AURORA_VERSION", "engine version to upgrade to, of the subscriber's major version", true),
    (
        "PGSLOTPLAN_AURORA_NEW_GROUP",
        "DB cluster parameter group of the clone as a subscriber, of the subscriber's version",
        true,
    ),
    (
        "PGSLOTPLAN_AURORA_NEW_INSTANCE_GROUP",
        "DB parameter group of the instance for the subscriber's version, where it has one of its own; the provider's default when not given",
        false,
    ),
    ("PGSLOTPLAN_AURORA_WAIT", "seconds to wait for the provider; 7200 when not given", false),
    ("PGSLOTPLAN_AURORA_POLL", "seconds between looks at the provider; 15 when not given", false),
    ("VERIFY_JOBS", "slots compared at a time; 2 when not given", false),
    ("VERIFY_CHUNK_ROWS", "rows of one digest; 20000 when not given", false),
    ("VERIFY_BATCH_SECONDS", "how long one statement reads before the position is noted; 10 when not given", false),
    ("VERIFY_WAIT_SECONDS", "how long the slots may take to pass what was read; 600 when not given", false),
    (
        "VERIFY_ROUNDS",
        "looks at a row that changes each time before it is held on the publisher for a moment; 10 when not given",
        false,
    ),
    (
        "VERIFY_MOST_DIFFERENCES",
        "after so many differences of a slot its other tables are not compared; 10000 when not given",
        false,
    ),
    (
        "VERIFY_FOREIGN_CODE",
        "yes: tables are compared, too, whose indexes, statistics or partition keys call functions of other roles; by a login that may \
         only read, as which these functions then run",
        false,
    ),
    ("VERIFY_SEQUENCES", "yes: a sequence that is behind counts as different before the cutover, too", false),
    ("VACUUM_JOBS", "tables vacuumed at a time; 2 when not given", false),
    (
        "DRAIN_SECONDS",
        "how long the slots may take to pass what was written before the write stop; 60 when not given",
        false,
    ),
    (
        "publisher_dsn",
        "connection string by which the subscriber's server reaches the publisher's database, with a role that has REPLICATION and \
         SELECT on the tables; when not given as psql variable, PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER, else PGSLOTPLAN_PUBLISHER",
        true,
    ),
    (
        "subscriber_dsn",
        "connection string by which the publisher's server reaches the subscriber's database, with a role that has REPLICATION; \
         when not given as psql variable, PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER, else PGSLOTPLAN_SUBSCRIBER",
        true,
    ),
    (
        "PGSLOTPLAN_STATE_OWNER",
        "role that owns the schema pgslotplan, when it is neither a superuser nor the role of this step; SQL steps by hand take \
         -v state_owner=ROLE",
        false,
    ),
    (
        "TRANSITION_WAIT_SECONDS",
        "how long a table may be in use all the time, and a slot take to pass what was written, before it is an error; 600 when not given",
        false,
    ),
    ("TRANSITION_COPY_SECONDS", "how long the copy of tables that join may take; 86400 when not given", false),
    ("wait_seconds", "how long to wait before it is an error; 3600 for tables, 600 for slots when not given", false),
    ("allowed", "roles whose sessions may stay, separated by commas; none when not given", false),
    ("terminate", "yes: other sessions are ended; no (the default): they are listed, and the step fails", false),
    ("clone_instance", "identifier of the clone's writer instance, as the console shows it", true),
];

/// Those of the names, in this order.
///
/// # Panics
/// When one is not described: the names are constants of the steps.
pub(super) fn variables(names: &[&str]) -> Vec<Variable> {
    names
        .iter()
        .map(|name| {
            let found = DESCRIBED.iter().find(|(described, ..)| described == name);
            let (_, meaning, required) = found.expect("every variable of a step is described");
            Variable { name: (*name).to_owned(), meaning: (*meaning).to_owned(), required: *required }
        })
        .collect()
}

/// What steps read that let apply workers run what stands behind tables.
pub(super) const TENANTS: &[&str] = &["PGSLOTPLAN_ACCEPT_FUNCTIONS", "PGSLOTPLAN_SUBSCRIPTION_OWNER"];

/// How long a table that changes its publication is waited for.
pub(super) const WAITS: &[&str] = &["TRANSITION_WAIT_SECONDS", "TRANSITION_COPY_SECONDS"];

/// What every script reads.
pub(super) const SERVERS: &[&str] = &["PGSLOTPLAN_PUBLISHER", "PGSLOTPLAN_SUBSCRIBER"];

/// What no step lists, since all of them and `run.sh` read it.
pub(super) const COMMON: &[&str] = &[
    "PGSLOTPLAN_BIN",
    "PGSLOTPLAN_STATE",
    "PGSLOTPLAN_REHEARSAL",
    "PGSLOTPLAN_STATE_OWNER",
    "PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER",
    "PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER",
];
