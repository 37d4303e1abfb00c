//! `check`: both sides, the way between, and what is there already.

use super::Code;

codes! {
    PF501 Error:
        "publisher and subscriber are the same server",
        "A subscription would wait for itself",
        "Check the connection strings";
    PF502 Warning:
        "the publisher listens on its own machine only",
        "Nobody else gets through",
        "`listen_addresses`; restart";
    PF503 Error:
        "no line of pg_hba.conf lets the subscriber in",
        "The subscription cannot connect",
        "The line in the hint; reload";
    PF504 Warning:
        "the publisher was reached over a socket or a loopback address",
        "That address is of no use to the subscriber's server",
        "Another one in `publisher_dsn`";
    PF505 Info:
        "the publisher offers no TLS",
        "Rows travel in the clear",
        "`ssl`, and `sslmode=verify-full`";
    PF506 Info:
        "whether the subscriber's server reaches the publisher was not tried",
        "No read-only session can make it connect",
        "The psql command in the hint, on the subscriber's machine";
    PF601 Error:
        "this is not the server that the plan was made for",
        "The scripts refuse it",
        "Check the connection string";
    PF602 Error:
        "this is another database than the planned one",
        "A slot decodes one database",
        "Check the connection string";
    PF603 Error:
        "the plan itself has error-level findings",
        "`plan` said no",
        "Mend and plan again";
    PF604 Error:
        "a planned table is gone; unplanned ones with the same key are named",
        "Dropped or renamed",
        "Sample and plan again";
    PF605 Error:
        "a table is neither planned nor excluded",
        "It would be empty after the cutover",
        "Sample and plan again, or `--exclude`";
    PF606 Error:
        "a new partition of a tree that is published by its leaves",
        "Its rows would not arrive",
        "Sample and plan again, or add it by hand";
    PF607 Error:
        "a table has become partitioned, or the other way round",
        "The publication cannot be made as planned",
        "Sample and plan again";
    PF608 Warning:
        "rows are identified by other columns than planned",
        "The subscriber's key must follow",
        "Sample and plan again";
    PF609 Warning:
        "a foreign key between two slots is new or has changed",
        "The scripts do not know it, or would restore the old one",
        "Sample and plan again";
    PF610 Warning:
        "the tables have grown",
        "Loads and copy time are others than planned",
        "Sample and plan again";
    PF701 Error:
        "a planned slot's name is taken by another kind of slot",
        "The scripts refuse it",
        "Drop it, or another `--prefix`";
    PF702 Error:
        "a planned slot is lost",
        "It cannot be repaired",
        "Clean up and begin again";
    PF703 Info:
        "a planned slot exists",
        "An earlier run made it",
        "Go on, or clean up";
    PF704 Error:
        "a planned publication differs from the plan",
        "Somebody else's, or another plan's",
        "Drop it, or another `--prefix`";
    PF705 Info:
        "planned publications exist as planned",
        "An earlier run made them",
        "Go on, or clean up";
    PF706 Error:
        "a planned subscription follows something else",
        "Somebody else's, or another plan's",
        "Drop it, or another `--prefix`";
    PF707 Info:
        "planned subscriptions exist as planned",
        "An earlier run made them",
        "Go on, or clean up";
    PF708 Error:
        "another subscription writes planned tables",
        "Their changes would be applied twice",
        "Drop it";
    PF709 Error:
        "a clone brought subscriptions along",
        "Their workers take the upstream's slots",
        "Drop them with `slot_name = NONE`";
    PF710 Warning:
        "table synchronization slots that nobody reads",
        "They retain WAL",
        "Drop them if no copy runs";
    PF711 Warning:
        "other slots that nobody reads",
        "They retain WAL and hold back VACUUM",
        "Drop those that nothing needs";
    PF712 Error:
        "another plan is carried out under this prefix",
        "Its objects would be taken for ours",
        "Clean it up, or another `--prefix`";
    PF713 Error:
        "the subscriber holds slots or publications of the plan",
        "The scripts take it for the publisher; a clone brings them along",
        "Drop them there";
    PF714 Error:
        "a planned slot is older than its publication",
        "Its subscription fails forever (up to 17), or skips changes (18)",
        "Drop the slot, begin with the publications";
    PF715 Error:
        "a planned subscription does not list planned tables",
        "Changes that arrive for them are discarded, without an error",
        "REFRESH PUBLICATION before anything is applied";
    PF716 Error:
        "a slot is ahead of `--clone-lsn`",
        "What lies between never arrives",
        "Slots first, then the clone";
    PF801 Info:
        "WAL that is retained while the tables are copied: rate times time",
        "The publisher's disk must hold it",
        "Compare; `--wal-free`, `--copy-rate`";
    PF802 Error | Warning:
        "more WAL is retained while the tables are copied than `--wal-free`; a warning where only a slow copy retains more",
        "The disk is full before the copy ends",
        "More disk, less load, another bootstrap";
    PF803 Error | Warning:
        "more WAL is retained while the tables are copied than `max_slot_wal_keep_size`; a warning where only a slow copy retains more",
        "The slots are lost before the copy ends",
        "Raise it";
    PF901 Error:
        "a server does not parse an emitted file",
        "It would fail in the night",
        "The right versions; report it";
    PF902 Error:
        "no scripts can be written for the plan",
        "As `emit` says",
        "Plan again";
    PF903 Info:
        "one side was not given",
        "It was not checked",
        "`--publisher`, `--subscriber`";
    PF904 Warning:
        "the role could not see something",
        "What depends on it was not checked",
        "The GRANT in the hint";
    PF905 Info:
        "cores or free disk were not said",
        "No SQL shows them",
        "`--cores`, `--wal-free`";
}
