//! Why a slot stands still: what the subscriber's log says of its subscription, who holds the lock that its worker waits for, which
//! planned table is not there. And the ways out, each with what it loses.
//!
//! Messages are those of PostgreSQL 12 to 18 in English (`lc_messages`); the context that names subscription, relation and LSN comes
//! with 15 (worker.c, `apply_error_callback`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    names::{TableName, one_line, quote_identifier, quote_literal},
    server::ServerVersion,
};

/// What keeps a slot from going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// A row with the same key is there already.
    DuplicateKey,
    /// The table is not there on the subscriber.
    MissingRelation,
    /// A column is not there on the subscriber.
    MissingColumn,
    /// A replicated TRUNCATE of a table that a foreign key references.
    TruncateForeignKey,
    /// Whoever applies may not write the table.
    Permission,
    /// Row security keeps whoever applies from writing.
    RowSecurity,
    /// The publisher refuses the login.
    Login,
    /// The publisher cannot be reached.
    Unreachable,
    /// The publication is not there.
    PublicationGone,
    /// The slot is not there, or WAL that it needs.
    SlotGone,
    /// No replication origin is free.
    NoOrigin,
    /// No logical replication worker is free.
    NoWorker,
    /// Its worker waits for a lock.
    LockWait,
    /// Another error of the server.
    Other,
}

/// Why a slot stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What kind of cause.
    pub kind: CauseKind,
    /// The server's words, or ours for a lock.
    pub message: String,
    /// The relation that is written, as the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// The key of the row, as the server words it: `(id)=(7)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `INSERT`, `UPDATE`, `DELETE` or `TRUNCATE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// End of the transaction on the publisher, as ALTER SUBSCRIPTION ... SKIP takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<crate::lsn::Lsn>,
    /// What can be done, what loses least first.
    pub ways_out: Vec<WayOut>,
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WayOut {
    /// What to do, with the statement where there is one.
    pub what: String,
    /// What is lost by it; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loses: Option<String>,
}

/// A subscription whose cause is sought.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Its name.
    pub subscription: &'a str,
    /// Its oid, where the role may read it: names its replication origin in the log.
    pub oid: Option<u32>,
    /// The version of the server that subscribes.
    pub version: ServerVersion,
}

/// An error as the log has it, with the lines that belong to it.
#[derive(Debug, Default, Clone)]
struct Entry {
    /// What follows `for subscription "` in the line with which the process that wrote it began; a name may hold quotes.
    worker_of: String,
    message: String,
    detail: String,
    context: String,
}

/// What stands after a word of the log, whatever the prefix of its lines is.
fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.split_once(word).map(|(_, rest)| rest.trim_start())
}

/// The process that wrote a line, where the prefix has it in brackets, as it has by default.
fn process(prefix: &str) -> Option<&str> {
    let (_, rest) = prefix.rsplit_once('[')?;
    let (number, _) = rest.split_once(']')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

/// The errors of a log's last lines, the newest last. A worker says whose it is when it starts.
fn entries(log: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut workers: BTreeMap<&str, &str> = BTreeMap::new();
    for line in log.lines() {
        let begins = ["ERROR:  ", "FATAL:  ", "WARNING:  "].into_iter().find_map(|word| line.split_once(word));
        if let Some((prefix, message)) = begins {
            let worker_of = process(prefix).and_then(|process| workers.get(process)).copied().unwrap_or_default();
            found.push(Entry { worker_of: worker_of.to_owned(), message: message.to_owned(), ..Entry::default() });
        } else if let Some((prefix, text)) = line.split_once("LOG:  ") {
            let started = text.starts_with("logical replication") && text.contains("has started");
            let name = text.split_once("for subscription \"").map(|(_, name)| name);
            if let (Some(process), Some(name), true) = (process(prefix), name, started) {
                workers.insert(process, name);
            }
        } else if let Some(last) = found.last_mut() {
            if let Some(more) = line.strip_prefix('\t').filter(|_| last.context.is_empty()) {
                last.detail.push(' ');
                last.detail.push_str(more);
            } else if let Some(detail) = after(line, "DETAIL:  ") {
                last.detail = detail.to_owned();
            } else if let Some(context) = after(line, "CONTEXT:  ") {
                last.context = context.to_owned();
            }
        }
    }
    found
}

/// The text between the first pair of double quotes after a word.
fn quoted_after(text: &str, word: &str) -> Option<String> {
    let rest = &text[text.find(word)? + word.len()..];
    let (_, rest) = rest.split_once('"')?;
    rest.split_once('"').map(|(name, _)| name.to_owned())
}

/// What the log's newest error says of a subscription.
pub fn of_log(log: &str, sought: Sought<'_>) -> Option<Cause> {
    let origin = sought.oid.map(|oid| format!("\"pg_{oid}\""));
    let named = format!("subscription \"{}\"", sought.subscription);
    let is_ours = |entry: &&Entry| {
        let by_origin = origin.as_ref().is_some_and(|origin| entry.context.contains(origin));
        let by_name = entry.message.contains(&named) || entry.context.contains(&named);
        let by_worker = entry.worker_of.strip_prefix(sought.subscription).is_some_and(|rest| rest.starts_with('"'));
        by_origin || by_name || by_worker
    };
    let entries = entries(log);
    entries.iter().rev().filter(is_ours).find_map(|entry| cause(entry, sought))
}

/// Of an error that a subscription can have; others of the log are about something else.
fn cause(entry: &Entry, sought: Sought<'_>) -> Option<Cause> {
    let has = |text: &str| entry.message.contains(text);
    // from 18 on it is a conflict that is named
    let exists = [
        "duplicate key value violates",
        "conflict=insert_exists",
        "conflict=update_exists",
        "conflict=multiple_unique",
    ];
    let kind = if exists.into_iter().any(has) {
        CauseKind::DuplicateKey
    } else if has("logical replication target relation") && has("does not exist") {
        CauseKind::MissingRelation
    } else if has("is missing replicated column") || has("is missing some replicated columns") {
        CauseKind::MissingColumn
    } else if has("cannot truncate a table referenced in a foreign key") {
        CauseKind::TruncateForeignKey
    } else if has("row-level security") {
        CauseKind::RowSecurity
    } else if has("permission denied") {
        CauseKind::Permission
    } else if has("could not connect to the publisher") {
        let is_login = has("authentication failed") || has("no password supplied") || has("pg_hba.conf");
        if is_login { CauseKind::Login } else { CauseKind::Unreachable }
    } else if has("publication \"") && has("does not exist") {
        CauseKind::PublicationGone
    } else if (has("replication slot \"") && has("does not exist"))
        || has("can no longer")
        || has("has already been removed")
        || has("has been invalidated")
    {
        CauseKind::SlotGone
    } else if has("could not find free replication state") || has("max_active_replication_origins") {
        CauseKind::NoOrigin
    } else if has("out of logical replication worker slots") || has("out of background worker slots") {
        CauseKind::NoWorker
    } else if entry.context.contains("processing remote data") {
        CauseKind::Other
    } else {
        return None;
    };
    let relation = quoted_after(&entry.context, "target relation").or_else(|| quoted_after(&entry.message, "relation"));
    let operation = quoted_after(&entry.context, "message type").or_else(|| quoted_after(&entry.context, "during"));
    let lsn = after(&entry.context, "finished at ")
        .and_then(|text| text.split(|c: char| !(c.is_ascii_hexdigit() || c == '/')).next()?.parse().ok());
    let key = entry.detail.find("Key (").and_then(|at| {
        let rest = &entry.detail[at + "Key ".len()..];
        [") already exists", "); existing local"].into_iter().find_map(|end| Some(rest[..=rest.find(end)?].to_owned()))
    });
    let mut cause = Cause {
        kind,
        message: one_line(&entry.message),
        relation,
        key,
        operation: operation.filter(|word| word.bytes().all(|b| b.is_ascii_uppercase())),
        lsn,
        ways_out: Vec::new(),
    };
    cause.ways_out = ways_out(&cause, sought);
    Some(cause)
}

fn way(what: impl Into<String>) -> WayOut {
    WayOut { what: what.into(), loses: None }
}

/// The relation as SQL spells it; the log has it as `schema.name` without quotes, which is not always clear.
fn relation_sql(cause: &Cause) -> Option<String> {
    let (schema, name) = cause.relation.as_ref()?.split_once('.')?;
    Some(TableName::new(schema, name).to_sql())
}

fn ways_out(cause: &Cause, sought: Sought<'_>) -> Vec<WayOut> {
    let subscription = quote_identifier(sought.subscription);
    let mut ways = match cause.kind {
        CauseKind::DuplicateKey => vec![WayOut {
            what: match delete_row(cause) {
                Some(statement) => format!("On the subscriber: {statement} The publisher's row takes its place."),
                None => "On the subscriber: delete the row that is there already; the publisher's takes its place.".to_owned(),
            },
            loses: Some("the row that is there, which the publisher does not have like this".to_owned()),
        }],
        CauseKind::MissingRelation => {
            vec![way("On the subscriber: create the table as it is on the publisher. The worker goes on by itself.")]
        }
        CauseKind::MissingColumn => vec![way(format!(
            "On the subscriber: ALTER TABLE {} ADD COLUMN, as the publisher has it. The worker goes on by itself.",
            relation_sql(cause).unwrap_or_else(|| "of the table".to_owned())
        ))],
        CauseKind::TruncateForeignKey => vec![way(
            "On the subscriber: drop the foreign keys that reference the table from outside of its slot, as the step foreign_keys_drop \
             does; they return at the cutover.",
        )],
        CauseKind::Permission => vec![way(
            "On the subscriber: GRANT INSERT, UPDATE, DELETE, TRUNCATE on the table to whoever applies (from 16 on its owner), and USAGE \
             on its schema.",
        )],
        CauseKind::RowSecurity => vec![way(
            "On the subscriber: ALTER TABLE ... NO FORCE ROW LEVEL SECURITY until the cutover, or an owner of the subscription with \
             BYPASSRLS.",
        )],
        CauseKind::Login => vec![way(format!(
            "On the subscriber: ALTER SUBSCRIPTION {subscription} CONNECTION with the right user and password; or let it in by pg_hba.conf \
             of the publisher."
        ))],
        CauseKind::Unreachable => vec![way("Make the publisher reachable from the subscriber: address, port, firewall, wal senders.")],
        CauseKind::PublicationGone => vec![WayOut {
            what: "Run the step publications again, then start that slot over: a slot that is older than its publication cannot decode with \
                   it."
                .to_owned(),
            loses: Some("the slot's copy: its tables are copied again".to_owned()),
        }],
        CauseKind::SlotGone => vec![WayOut {
            what: "Start that slot over: drop its subscription, empty its tables, create slot and subscription again.".to_owned(),
            loses: Some("the slot's copy: its tables are copied again".to_owned()),
        }],
        CauseKind::NoOrigin => vec![way(
            "Raise max_active_replication_origins (18), max_replication_slots before, on the subscriber and restart it.",
        )],
        CauseKind::NoWorker => {
            vec![way("Raise max_logical_replication_workers and max_worker_processes on the subscriber and restart it.")]
        }
        CauseKind::LockWait | CauseKind::Other => Vec::new(),
    };
    let is_of_transaction = matches!(
        cause.kind,
        CauseKind::DuplicateKey
            | CauseKind::MissingColumn
            | CauseKind::MissingRelation
            | CauseKind::TruncateForeignKey
            | CauseKind::Other
    );
    if let Some(lsn) = cause.lsn.filter(|_| is_of_transaction && sought.version.skips_transactions()) {
        ways.push(WayOut {
            what: format!(
                "On the subscriber: ALTER SUBSCRIPTION {subscription} SKIP (lsn = {});",
                quote_literal(&lsn.to_string())
            ),
            loses: Some("the whole transaction, in all tables of the slot: compare them afterwards".to_owned()),
        });
    }
    ways
}

/// The statement that deletes the row of a key of one column; several columns are not told apart in the server's words.
fn delete_row(cause: &Cause) -> Option<String> {
    let (columns, value) = cause.key.as_ref()?.strip_prefix('(')?.split_once(")=(")?;
    let value = value.strip_suffix(')')?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_one = columns.chars().all(plain);
    is_one.then(|| Some(format!("DELETE FROM {} WHERE {columns} = {};", relation_sql(cause)?, quote_literal(value))))?
}

/// A worker that waits for a lock.
pub fn of_lock(holders: &[String]) -> Cause {
    let ended = way("Let it end, or end it on the subscriber: SELECT pg_terminate_backend(pid);");
    Cause {
        kind: CauseKind::LockWait,
        message: format!(
            "its worker waits for a lock of {}",
            holders.iter().map(|who| one_line(who)).collect::<Vec<_>>().join(", ")
        ),
        relation: None,
        key: None,
        operation: None,
        lsn: None,
        ways_out: vec![ended],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(oid: Option<u32>, major: u32) -> Sought<'static> {
        Sought { subscription: "pgsp_a", oid, version: ServerVersion::of_major(major) }
    }

    const LOG: &str = "\
2026-12-01 02:00:00.000 UTC [7] LOG:  logical replication apply worker for subscription \"pgsp_a\" has started
2026-12-01 02:00:00.000 UTC [7] ERROR:  duplicate key value violates unique constraint \"accounts_pkey\"
2026-12-01 02:00:00.000 UTC [7] DETAIL:  Key (id)=(it's) already exists.
2026-12-01 02:00:00.000 UTC [7] CONTEXT:  processing remote data for replication origin \"pg_16404\" during message type \"INSERT\" for replication target relation \"public.accounts\" in transaction 748, finished at 0/1A2B3C8
2026-12-01 02:00:01.000 UTC [8] ERROR:  relation \"x\" does not exist at character 15
2026-12-01 02:00:01.000 UTC [9] ERROR:  logical replication target relation \"public.t\" does not exist
2026-12-01 02:00:01.000 UTC [9] CONTEXT:  processing remote data for replication origin \"pg_16405\" during message type \"INSERT\" in transaction 749, finished at 0/1A2B4C8
";

    #[test]
    fn a_log_names_relation_key_operation_and_position() {
        let cause = of_log(LOG, sought(Some(16404), 16)).unwrap();
        assert_eq!((cause.kind, cause.relation.as_deref()), (CauseKind::DuplicateKey, Some("public.accounts")));
        assert_eq!((cause.key.as_deref(), cause.operation.as_deref()), (Some("(id)=(it's)"), Some("INSERT")));
        assert_eq!(cause.lsn.unwrap().to_string(), "0/01A2B3C8");
        let ways: Vec<&str> = cause.ways_out.iter().map(|way| way.what.as_str()).collect();
        assert!(ways[0].contains("DELETE FROM public.accounts WHERE id = 'it''s';"), "{}", ways[0]);
        assert!(ways[1].contains("ALTER SUBSCRIPTION pgsp_a SKIP (lsn = '0/01A2B3C8');"), "{}", ways[1]);
        assert!(cause.ways_out.iter().all(|way| way.loses.is_some()));
        // before 15 nothing can be skipped by name
        assert_eq!(of_log(LOG, sought(Some(16404), 14)).unwrap().ways_out.len(), 1);
        assert_eq!(of_log(LOG, sought(Some(16405), 16)).unwrap().kind, CauseKind::MissingRelation);
        // the worker said whose it is when it started
        assert_eq!(of_log(LOG, sought(None, 14)).unwrap().kind, CauseKind::DuplicateKey);
        let other = Sought { subscription: "other", ..sought(Some(1), 16) };
        assert_eq!(of_log(LOG, other), None);
    }

    #[test]
    fn each_message_has_its_kind() {
        for (message, kind) in [
            (
                "could not connect to the publisher: FATAL:  password authentication failed for user \"r\"",
                CauseKind::Login,
            ),
            ("could not connect to the publisher: connection refused", CauseKind::Unreachable),
            (
                "could not receive data from WAL stream: ERROR:  publication \"p\" does not exist",
                CauseKind::PublicationGone,
            ),
            ("could not start WAL streaming: ERROR:  replication slot \"s\" does not exist", CauseKind::SlotGone),
            ("could not find free replication state slot for replication origin with ID 3", CauseKind::NoOrigin),
            ("cannot truncate a table referenced in a foreign key constraint", CauseKind::TruncateForeignKey),
            ("permission denied for table t", CauseKind::Permission),
            (
                "logical replication target relation \"public.t\" is missing replicated column: \"c\"",
                CauseKind::MissingColumn,
            ),
        ] {
            let started = "[9] LOG:  logical replication apply worker for subscription \"pgsp_a\" has started";
            let log = format!("{started}\n[8] ERROR:  deadlock detected\n[9] ERROR:  {message}\n");
            let cause = of_log(&log, sought(None, 14)).unwrap();
            assert_eq!(cause.kind, kind, "{message}");
            assert!(!cause.ways_out.is_empty(), "{message}");
        }
        assert_eq!(of_log("[9] ERROR:  permission denied for table t\n", sought(None, 14)), None);
        assert_eq!(of_lock(&["session 7".to_owned()]).kind, CauseKind::LockWait);
    }

    #[test]
    fn conflicts_of_18_are_duplicate_keys() {
        let log = "\
[7] ERROR:  conflict detected on relation \"public.accounts\": conflict=insert_exists
[7] DETAIL:  Key already exists in unique index \"accounts_pkey\", modified in transaction 751.
\tKey (id)=(987654); existing local row (987654, null, here first); remote row (987654, null, from there).
[7] CONTEXT:  processing remote data for replication origin \"pg_16404\" during message type \"INSERT\" for replication target relation \"public.accounts\" in transaction 748, finished at 0/1A2B3C8
";
        let cause = of_log(log, sought(Some(16404), 18)).unwrap();
        assert_eq!((cause.kind, cause.key.as_deref()), (CauseKind::DuplicateKey, Some("(id)=(987654)")));
        assert!(cause.ways_out[0].what.contains("DELETE FROM public.accounts WHERE id = '987654';"));
    }

    #[test]
    fn keys_of_several_columns_are_not_guessed() {
        let log = LOG.replace("Key (id)=(it's)", "Key (tenant, name)=(1, a, b)");
        let cause = of_log(&log, sought(Some(16404), 16)).unwrap();
        assert!(!cause.ways_out[0].what.contains("DELETE FROM"), "{}", cause.ways_out[0].what);
    }
}
