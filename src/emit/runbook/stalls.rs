//! "When a slot stands still": what the subscriber's log says, why, and the statement that lets the slot go on. A live test runs each
//! statement as it stands here, with the words in capitals replaced.

use std::fmt::Write as _;

use super::{Context, Step, StepId, file};

/// A reason for which a worker ends and starts again.
struct Stall {
    /// How the log's line is known.
    log: &'static str,
    /// The same from 18 on, where it is another.
    log_18: Option<&'static str>,
    /// Why it happens.
    why: &'static str,
    /// What is run on the subscriber.
    sql: &'static str,
    /// What is still wrong afterwards.
    after: &'static str,
}

const STALLS: &[Stall] = &[
    Stall {
        log: "duplicate key value violates unique constraint",
        log_18: Some("conflict=insert_exists"),
        why: "A row that comes is there already: somebody wrote to the subscriber. DETAIL names the key. In this way neither triggers nor \
              cascades of foreign keys run",
        sql: "BEGIN;\nSET LOCAL session_replication_role = replica;\nDELETE FROM ONLY SCHEMA.TABLE WHERE KEY = 'VALUE';\nCOMMIT;",
        after: "Other rows of that hand may be there: verify, and copy the table again if they are many.",
    },
    Stall {
        log: "cannot truncate a table referenced in a foreign key constraint",
        log_18: None,
        why: "A replicated TRUNCATE meets a foreign key from a table of another slot, or of none. DETAIL names both tables",
        sql: "ALTER TABLE SCHEMA.REFERRING DROP CONSTRAINT NAME;",
        after: "Add it again when the cutover has restored the others: NOT VALID first, then VALIDATE CONSTRAINT.",
    },
    Stall {
        log: "is missing replicated column",
        log_18: None,
        why: "A column was added on the publisher, and a row with it came",
        sql: "ALTER TABLE SCHEMA.TABLE ADD COLUMN NAME TYPE;",
        after: "With the same constant default on both sides all rows are equal. Otherwise rows from before have other values: copy the table \
                again.",
    },
    Stall {
        log: "violates not-null constraint",
        log_18: None,
        why: "A column was dropped on the publisher, or takes NULL there now",
        sql: "ALTER TABLE SCHEMA.TABLE ALTER COLUMN NAME DROP NOT NULL;",
        after: "Drop the column when the slot has passed the change.",
    },
    Stall {
        log: "invalid input syntax for type",
        log_18: None,
        why: "A column has another type on the publisher now; \"out of range\" and \"value too long\" are the same",
        sql: "ALTER TABLE SCHEMA.TABLE ALTER COLUMN NAME TYPE TYPE;",
        after: "Where the change also gave the rows other values, copy the table again.",
    },
    Stall {
        log: "violates check constraint",
        log_18: None,
        why: "A CHECK of the subscriber is not, or not so, on the publisher",
        sql: "ALTER TABLE SCHEMA.TABLE DROP CONSTRAINT NAME;",
        after: "Add it as the publisher has it.",
    },
];

/// The section of the runbook.
pub(super) fn section(text: &mut String, context: &Context<'_>, steps: &[Step]) {
    let verify = file(steps, StepId::Verify);
    let _ = write!(
        text,
        "\n## When a slot stands still\n\n\
         A worker that cannot apply a change ends and starts again until it can. Nothing is lost meanwhile, but the publisher keeps all \
         WAL: do not wait long. The reason stands in the subscriber's log; `pgslotplan check` names the subscription. The statements are \
         for the subscriber, as a superuser or the owner of the table; words in capitals are yours to fill in. After each of them the \
         worker goes on by itself within seconds.\n\n"
    );
    for stall in STALLS {
        let _ = write!(
            text,
            "- **\"{}\"**: {}.\n\n  ```sql\n  {}\n  ```\n\n  {}\n",
            stall.log_18.filter(|_| context.plan.subscriber_version.counts_conflicts()).unwrap_or(stall.log),
            stall.why,
            stall.sql.replace('\n', "\n  "),
            stall.after
        );
    }
    let _ = write!(
        text,
        "- **\"target relation ... does not exist\"**: make the table as the publisher has it, then copy it again.\n\
         - **\"replication slot ... does not exist\"**, **\"can no longer get changes from replication slot\"**, **\"publication ... does \
         not exist\"**: the slot cannot go on. Make it again.\n\
         - **No error, but a row is missing or differs**: UPDATE and DELETE of a row that is not there are left out without a word. \
         `{verify}` finds it; copy the table again.\n\n\
         To copy a table again, or to make a slot again with all of its tables, while the others go on (quotes keep capitals in names, as \
         in SQL):\n\n\
         ```sh\npgslotplan emit plan.json --repair table=SCHEMA.TABLE -o repair\npgslotplan emit plan.json --repair slot=NAME -o repair\n\
         pgslotplan emit plan.json --repair rows -o repair          # rows that the last verification named\n```\n"
    );
    skip(text, context, verify);
}

/// The last resort, and what it costs.
fn skip(text: &mut String, context: &Context<'_>, verify: &str) {
    if !context.plan.subscriber_version.skips_transactions() {
        text.push_str(
            "\nThis subscriber's version cannot leave out one transaction. Do not advance the slot or the origin instead: that loses \
             everything up to there, of all tables of the slot.\n",
        );
        return;
    }
    let _ = write!(
        text,
        "\nThe last resort is to leave out the transaction. All that it changed in any table of this slot is missing then. The right LSN is \
         the one in the CONTEXT of the log's line, after \"finished at\". Positions of the slot or of the origin are others, and leave out \
         nothing, or more.\n\n\
         ```sql\nALTER SUBSCRIPTION NAME SKIP (lsn = 'LSN');\n```\n\n\
         The log says \"completed skipping transaction\", or that the LSN did not match. Then `{verify}` says which tables lack \
         something: copy these again. A verification that was done before says nothing any more.\n"
    );
}
