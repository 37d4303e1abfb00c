//! `check`: both sides, the way between, and what is there already.

use super::Code;

codes! {
    PF501 Error:
        "the publisher and the subscriber are the same server",
        "A subscription would wait for itself",
        "Check the connection strings";
    PF502 Warning:
        "the publisher listens on its own machine only",
        "No other machine can connect",
        "Set `listen_addresses`; restart";
    PF503 Error:
        "no line of pg_hba.conf lets the subscriber in",
        "The subscription cannot connect",
        "Add the line in the hint; reload";
    PF504 Warning:
        "the publisher was reached over a socket or a loopback address",
        "The subscriber's server cannot use that address",
        "Give another one in `publisher_dsn`";
    PF505 Info:
        "the publisher does not offer TLS",
        "Rows travel unencrypted",
        "Turn on `ssl`, and use `sslmode=verify-full`";
    PF506 Info:
        "whether the subscriber's server can reach the publisher was not tested",
        "A read-only session cannot make it connect",
        "Run the psql command in the hint on the subscriber's machine";
    PF601 Error:
        "this is not the server that the plan was made for",
        "The scripts refuse it",
        "Check the connection string";
    PF602 Error:
        "this is not the database that the plan was made for",
        "A slot decodes one database",
        "Check the connection string";
    PF603 Error:
        "the plan itself has error-level findings",
        "`plan` answered no",
        "Fix them and plan again";
    PF604 Error:
        "a planned table no longer exists; unplanned ones with the same key are named",
        "It was dropped or renamed",
        "Sample and plan again";
    PF605 Error:
        "a table is neither planned nor excluded",
        "It would be empty after the cutover",
        "Sample and plan again, or `--exclude`";
    PF606 Error:
        "a tree that is published by its leaf partitions has a new partition",
        "Its rows would not arrive",
        "Sample and plan again";
    PF607 Error:
        "a table has become partitioned, or is no longer partitioned",
        "The publication cannot be created as planned",
        "Sample and plan again";
    PF608 Warning:
        "rows are identified by columns other than those planned",
        "The subscriber's key must follow",
        "Sample and plan again";
    PF609 Warning:
        "a foreign key between two slots is new or has changed",
        "The scripts do not know it, or would restore the old one",
        "Sample and plan again";
    PF610 Warning:
        "the tables have grown",
        "Loads and copy time differ from the plan",
        "Sample and plan again";
    PF701 Error:
        "a planned slot's name is taken by a slot of another kind",
        "The scripts refuse it",
        "Drop it, or use another `--prefix`";
    PF702 Error:
        "a planned slot is lost",
        "It cannot be repaired",
        "Clean up and start over";
    PF703 Info:
        "a planned slot already exists",
        "An earlier run created it",
        "Continue, or clean up";
    PF704 Error:
        "a planned publication differs from the plan",
        "It belongs to somebody else, or to another plan",
        "Use another `--prefix`; drop it only while no slot of the database can use it";
    PF705 Info:
        "planned publications already exist, as planned",
        "An earlier run created them",
        "Continue, or clean up";
    PF706 Error:
        "a planned subscription subscribes to something else",
        "It belongs to somebody else, or to another plan",
        "Drop it, or use another `--prefix`";
    PF707 Info:
        "planned subscriptions already exist, as planned",
        "An earlier run created them",
        "Continue, or clean up";
    PF708 Error:
        "another subscription writes to planned tables",
        "Their changes would be applied twice",
        "Drop it";
    PF709 Error:
        "a clone contains its upstream's subscriptions",
        "Their workers take over the upstream's slots",
        "Drop them with `slot_name = NONE`";
    PF710 Warning:
        "table synchronization slots that nobody reads",
        "They retain WAL",
        "Drop them if no copy is running";
    PF711 Warning:
        "other slots that nobody reads",
        "They retain WAL and hold back VACUUM",
        "Drop those that are no longer needed";
    PF712 Error:
        "another plan is being carried out under this prefix",
        "Its objects would be mistaken for this plan's",
        "Clean it up, or use another `--prefix`";
    PF713 Error:
        "the subscriber holds slots or publications of the plan",
        "The scripts would take it for the publisher; a clone contains them",
        "Drop them on the subscriber";
    PF714 Error:
        "a planned slot is older than its publication",
        "Its subscription fails forever (up to 17), or skips changes (18)",
        "Drop the slot, then start with the publications";
    PF715 Error:
        "a planned subscription does not list planned tables",
        "Changes that arrive for them are discarded, without an error",
        "Run REFRESH PUBLICATION before anything is applied";
    PF716 Error:
        "a slot is ahead of `--clone-lsn`",
        "Changes in between never arrive",
        "Create the slots first, then the clone";
    PF718 Error:
        "the schema `pgslotplan` is somebody else's, or others may write there",
        "The scripts note in it what they did; what others put there could run with their rights, so they refuse it",
        "Rename the application's schema, or take back what the detail says; name another role's with `--state-owner`";
    PF801 Info:
        "how much WAL is retained while the tables are copied: rate times time",
        "The publisher's disk must hold it",
        "Compare it with the free disk space; `--wal-free`, `--copy-rate`";
    PF802 Error | Warning:
        "more WAL than `--wal-free` is retained while the tables are copied; a warning if only a slow copy retains more",
        "The disk fills up before the copy ends",
        "More disk, less load, or another bootstrap";
    PF803 Error | Warning:
        "more WAL than `max_slot_wal_keep_size` is retained while the tables are copied; a warning if only a slow copy retains more",
        "The slots are lost before the copy ends",
        "Raise it";
    PF901 Error:
        "a server cannot parse an emitted file",
        "It would fail during the migration",
        "Plan for the right versions, or report it";
    PF902 Error:
        "no scripts can be written for the plan",
        "For the reason that `emit` gives",
        "Plan again";
    PF903 Info:
        "one side was not given",
        "It was not checked",
        "Give both `--publisher` and `--subscriber`";
    PF904 Warning:
        "the role could not see something",
        "Whatever depends on it was not checked",
        "Run the GRANT in the hint";
    PF905 Info:
        "the number of cores or the free disk space was not given",
        "SQL does not show them",
        "Give `--cores`, `--wal-free`";
}
