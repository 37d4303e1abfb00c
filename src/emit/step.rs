//! A step: what it is called, where it runs, what it does in prose, and the lines of its file. File names, commands and
//! cross-references follow from its identifier, so that no file name stands anywhere else.
//!
//! Prose names other steps by identifier in braces, as in `{publisher_cleanup}`; `order` puts the file names in.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use super::Bootstrap;
use crate::names::one_line;

/// Where in a migration a step belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The subscriber's tables.
    Schema,
    /// Before anything is decoded.
    Prepare,
    /// Slots and subscriptions.
    Start,
    /// Secondary indexes.
    Indexes,
    /// Proof that everything has arrived.
    Verify,
    /// Writes move to the subscriber.
    Cutover,
    /// Back to the publisher.
    Rollback,
    /// What the plan made goes away.
    Cleanup,
}

impl Phase {
    /// The word of the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Schema => "schema",
            Phase::Prepare => "prepare",
            Phase::Start => "start",
            Phase::Indexes => "indexes",
            Phase::Verify => "verify",
            Phase::Cutover => "cutover",
            Phase::Rollback => "rollback",
            Phase::Cleanup => "cleanup",
        }
    }
}

/// Where a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StepSide {
    /// psql on the publisher.
    Publisher,
    /// psql on the subscriber.
    Subscriber,
    /// A shell script that talks to PgBouncer's admin console.
    Pgbouncer,
    /// A shell script.
    Shell,
}

impl StepSide {
    /// The word of the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            StepSide::Publisher => "publisher",
            StepSide::Subscriber => "subscriber",
            StepSide::Pgbouncer => "pgbouncer",
            StepSide::Shell => "shell",
        }
    }

    /// Whether psql runs the file.
    pub fn is_sql(self) -> bool {
        matches!(self, StepSide::Publisher | StepSide::Subscriber)
    }
}

/// What a step's file name depends on besides its identifier.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How the data gets to the subscriber.
    pub bootstrap: Bootstrap,
    /// The subscriber has another major version than the publisher.
    pub is_upgrade: bool,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $phase:ident, $side:ident, $place:literal;)*) => {
        /// The identifier of a step: stable, in the manifest, and what `run.sh` takes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum StepId { $($(#[$doc])* $name,)* }

        impl StepId {
            /// All of them, in the order of their places.
            pub const ALL: &[StepId] = &[$(StepId::$name,)*];

            /// The identifier as text.
            pub fn as_str(self) -> &'static str {
                match self { $(StepId::$name => $word,)* }
            }

            /// Where in a migration it belongs.
            pub fn phase(self) -> Phase {
                match self { $(StepId::$name => Phase::$phase,)* }
            }

            /// Where it runs.
            pub fn side(self) -> StepSide {
                match self { $(StepId::$name => StepSide::$side,)* }
            }

            fn place(self) -> &'static str {
                match self { $(StepId::$name => $place,)* }
            }
        }
    };
}

steps! {
    /// Roles, tables and keys on the subscriber.
    Schema = "schema", Schema, Shell, "01 schema";
    /// The publisher against the plan.
    PublisherCheck = "publisher_check", Prepare, Publisher, "10 check";
    /// The subscriber against the plan.
    SubscriberCheck = "subscriber_check", Schema, Subscriber, "11 check";
    /// Both schemas, columns and keys.
    DriftTables = "drift_tables", Schema, Shell, "12 drift";
    /// Both servers against the plan, by the program itself.
    Check = "check", Prepare, Shell, "13 check";
    /// Replica identities on the publisher.
    Identities = "identities", Prepare, Publisher, "20 identities";
    /// Triggers that refuse TRUNCATE.
    TruncateGuard = "truncate_guard", Prepare, Publisher, "21 truncate_guard";
    /// Replica identities on the subscriber.
    SubscriberIdentities = "subscriber_identities", Prepare, Subscriber, "22 identities";
    /// The publications.
    Publications = "publications", Prepare, Publisher, "30 publications";
    /// The replication slots.
    Slots = "slots", Start, Publisher, "50 slots";
    /// The physical copy.
    Clone = "clone", Start, Shell, "32 clone";
    /// The copy becomes a server of its own.
    Adopt = "adopt", Start, Subscriber, "33 adopt";
    /// The copy gets the subscriber's version or settings.
    Upgrade = "upgrade", Start, Shell, "34 upgrade";
    /// The copy against the plan.
    CloneCheck = "clone_check", Start, Subscriber, "35 check";
    /// Where the copy ends against the slots.
    Position = "position", Start, Shell, "36 position";
    /// Foreign keys that join two slots go.
    ForeignKeysDrop = "foreign_keys_drop", Prepare, Subscriber, "40 foreign_keys_drop";
    /// Slots, dump and restore of one snapshot.
    Dump = "dump", Start, Shell, "50 dump";
    /// Slots and rows of one snapshot, piece by piece.
    Snapshot = "snapshot", Start, Shell, "50 snapshot";
    /// Keys, once the rows are there.
    Keys = "keys", Start, Shell, "55 keys";
    /// The mark on the subscriber, for other targets.
    Prepare = "prepare", Start, Subscriber, "58 prepare";
    /// The subscriptions.
    Subscriptions = "subscriptions", Start, Subscriber, "60 subscriptions";
    /// New partitions.
    Partitions = "partitions", Start, Shell, "partitions";
    /// Every table is copied.
    Ready = "ready", Verify, Subscriber, "70 ready";
    /// Every slot has caught up.
    CaughtUp = "caught_up", Verify, Publisher, "71 caught_up";
    /// Secondary indexes.
    Indexes = "indexes", Indexes, Shell, "72 indexes";
    /// Foreign keys within slots, triggers and the rest.
    ForeignKeys = "foreign_keys", Indexes, Shell, "73 foreign_keys";
    /// Both schemas, everything.
    Drift = "drift", Indexes, Shell, "74 drift";
    /// Every row, while writes go on.
    Verify = "verify", Verify, Shell, "75 verify";
    /// Whether the publisher can receive.
    ReverseCheck = "reverse_check", Cutover, Publisher, "76 reverse_check";
    /// Passwords of the publisher's roles.
    Passwords = "passwords", Cutover, Shell, "76 passwords";
    /// Whether the application gets in.
    Logins = "logins", Cutover, Shell, "76 prove_logins";
    /// VACUUM and ANALYZE.
    Vacuum = "vacuum", Cutover, Shell, "76 vacuum";
    /// Publications of the way back.
    ReversePrepare = "reverse_prepare", Cutover, Subscriber, "76 reverse_prepare";
    /// DDL is refused.
    DdlFreeze = "ddl_freeze", Cutover, Publisher, "77 ddl_freeze";
    /// Subscriptions of the way back.
    ReverseSubscriptions = "reverse_subscriptions", Cutover, Publisher, "77 reverse_subscriptions";
    /// The whole night in one go.
    Cutover = "cutover", Cutover, Shell, "cutover";
    /// Jobs and readers rest.
    Quiesce = "quiesce", Cutover, Shell, "77 quiesce";
    /// Clients wait.
    Pause = "pause", Cutover, Pgbouncer, "78 pause";
    /// The publisher is read-only.
    WritesStop = "writes_stop", Cutover, Publisher, "78 writes_stop";
    /// What was written before is on the new server.
    Drain = "drain", Cutover, Shell, "78 drain";
    /// The subscriptions end.
    Stop = "stop", Cutover, Subscriber, "80 stop";
    /// Dropped foreign keys return.
    ForeignKeysRestore = "foreign_keys_restore", Cutover, Subscriber, "81 foreign_keys_restore";
    /// Sequences.
    Sequences = "sequences", Cutover, Shell, "82 sequences";
    /// Every row, at rest.
    CompareAtRest = "compare_at_rest", Cutover, Shell, "83 compare_at_rest";
    /// Slots of the way back.
    ReverseSlots = "reverse_slots", Cutover, Subscriber, "83 reverse_slots";
    /// The old server follows the new one.
    ReverseStart = "reverse_start", Cutover, Shell, "84 reverse_start";
    /// The PgBouncers lead to the new server.
    Switch = "switch", Cutover, Pgbouncer, "85 switch";
    /// The application goes on.
    Resume = "resume", Cutover, Pgbouncer, "86 resume";
    /// Nothing goes to the old server.
    Prove = "prove", Cutover, Shell, "87 prove";
    /// Foreign keys are validated.
    ForeignKeysValidate = "foreign_keys_validate", Cutover, Subscriber, "88 foreign_keys_validate";
    /// Back before the first write.
    Abort = "abort", Rollback, Shell, "abort";
    /// Back after the first write.
    Rollback = "rollback", Rollback, Shell, "rollback";
    /// Everything away, for another attempt.
    Again = "again", Rollback, Shell, "again";
    /// DDL is let through.
    Thaw = "thaw", Rollback, Publisher, "thaw";
    /// The way back ends.
    ReverseEnd = "reverse_end", Cleanup, Shell, "89 reverse_end";
    /// The subscriber is cleaned up.
    SubscriberCleanup = "subscriber_cleanup", Cleanup, Shell, "90 subscriber_cleanup";
    /// The publisher is cleaned up.
    PublisherCleanup = "publisher_cleanup", Cleanup, Shell, "91 publisher_cleanup";
    /// Of a change of plans: both servers against both plans.
    TransitionCheck = "transition_check", Prepare, Shell, "00 transition_check";
    /// Publications and slots that the plan adds.
    TransitionPublications = "transition_publications", Start, Publisher, "41 transition_publications";
    /// Subscriptions that the plan adds.
    TransitionSubscriptions = "transition_subscriptions", Start, Subscriber, "42 transition_subscriptions";
    /// Tables leave, move and join.
    TransitionChanges = "transition_changes", Start, Shell, "43 transition_changes";
    /// The subscriber follows the new plan.
    TransitionAdopt = "transition_adopt", Start, Subscriber, "44 transition_adopt";
    /// What carries nothing any more goes.
    TransitionCleanup = "transition_cleanup", Start, Publisher, "45 transition_cleanup";
    /// Of a repair: both servers against what it makes again.
    RepairCheck = "repair_check", Prepare, Shell, "r1 check";
    /// What is made again stops and goes.
    RepairStop = "repair_stop", Prepare, Shell, "r2 stop";
    /// Its tables are emptied.
    RepairEmpty = "repair_empty", Start, Subscriber, "r3 empty";
    /// Slots, subscriptions and copies begin again.
    RepairStart = "repair_start", Start, Shell, "r4 start";
    /// Every table of it is copied.
    RepairReady = "repair_ready", Verify, Subscriber, "r5 ready";
    /// Its slots have caught up.
    RepairCaughtUp = "repair_caught_up", Verify, Publisher, "r6 caught_up";
    /// Foreign keys return, and the repair is over.
    RepairEnd = "repair_end", Verify, Shell, "r7 end";
    /// Every row of it is compared.
    RepairVerify = "repair_verify", Verify, Shell, "r8 verify";
    /// Rows that differ are copied again.
    RepairRows = "repair_rows", Verify, Shell, "r9 rows";
}

impl StepId {
    /// The file: number, side and word, as in `30_publisher_publications.sql`; a step off the way has no number.
    pub fn file(self, shape: Shape) -> String {
        let place = match (self, shape.bootstrap, shape.is_upgrade) {
            (StepId::Slots, Bootstrap::Clone | Bootstrap::Aurora, _) => "31 slots",
            (StepId::SubscriberIdentities, Bootstrap::Snapshot, _) => "56 identities",
            (StepId::Clone, Bootstrap::Aurora, _) => "32 aurora_clone",
            (StepId::Upgrade, Bootstrap::Aurora, true) => "34 aurora_upgrade",
            (StepId::Upgrade, Bootstrap::Aurora, false) => "34 aurora_restart",
            (StepId::Upgrade, _, false) => "34 restart",
            _ => self.place(),
        };
        let extension = if self.side().is_sql() { "sql" } else { "sh" };
        match place.split_once(' ') {
            Some((number, word)) => format!("{number}_{}_{word}.{extension}", self.side().as_str()),
            None if self.side().is_sql() => format!("{place}_{}.{extension}", self.side().as_str()),
            None => format!("{place}.{extension}"),
        }
    }
}

/// A variable that a step reads: a psql variable of an SQL file, an environment variable of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name: for `psql -v`, or in the environment.
    pub name: String,
    /// What it holds and, where it may be absent, its default.
    pub meaning: String,
    /// The step ends with an error when it is not set.
    pub required: bool,
}

/// What is seen of an SQL file that went well.
const QUIET: &str = "No output and exit code 0.";

/// One file of a script, with what the manifest and the runbook say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its identifier.
    pub id: StepId,
    /// File name; the number in front is the order.
    pub file: String,
    /// Where it runs.
    pub side: StepSide,
    /// What can go wrong that cannot be seen beforehand.
    pub hazard: Option<String>,
    /// How to go back.
    pub undo: Option<String>,
    /// What a person must decide before it runs; `run.sh --to` stops there.
    pub asks: Option<String>,
    /// The step that does this one as a part of itself.
    pub part_of: Option<StepId>,
    /// Off the way: run when it is needed, as often as that is.
    pub aside: bool,
    /// Variables that it reads.
    pub variables: Vec<Variable>,
    /// What it does, in one sentence.
    pub what: String,
    /// Why, in one or two sentences.
    pub why: String,
    /// What is seen when it went well.
    pub expected: String,
    /// How long it takes, in words.
    pub duration: String,
    /// When to go on, and when not.
    pub go: String,
    /// The file's text.
    pub body: String,
}

impl Step {
    /// A step without a body.
    pub fn new(id: StepId, what: &str) -> Self {
        Step {
            id,
            file: String::new(),
            side: id.side(),
            hazard: None,
            undo: None,
            asks: None,
            part_of: None,
            aside: false,
            variables: Vec::new(),
            what: what.to_owned(),
            why: String::new(),
            expected: QUIET.to_owned(),
            duration: "seconds".to_owned(),
            go: "Go on when the exit code is 0.".to_owned(),
            body: String::new(),
        }
    }

    /// Where in the migration.
    pub fn phase(&self) -> Phase {
        self.id.phase()
    }

    /// An SQL file: the session on its side, then these lines.
    pub fn sql(mut self, lines: &[&str]) -> Self {
        let session = format!("\\ir lib/{}.sql\n", self.side.as_str());
        self.body = session + &sql_lines(lines);
        self
    }

    /// A script: the library that it sources, and the command of it that is the step.
    pub fn shell(mut self, library: &str, command: &str) -> Self {
        self.body = format!(
            "here=$(CDPATH='' cd -- \"$(dirname -- \"$0\")\" && pwd) || exit 1\n. \"$here/lib/{library}.sh\"\nwhole {} {command}\n",
            self.id.as_str()
        );
        if self.expected == QUIET {
            self.expected = "\"done\" and exit code 0.".to_owned();
        }
        self
    }

    /// The command for a shell in the folder of the files.
    pub fn command(&self) -> String {
        if let Some(folder) = self.file.strip_suffix("/main.tf.json") {
            format!("terraform -chdir={folder} init && terraform -chdir={folder} apply")
        } else if self.file.ends_with(".yaml") {
            format!("kubectl apply -f {}", self.file)
        } else if self.file.ends_with(".yml") {
            format!("ansible-playbook -i inventory {}", self.file)
        } else {
            format!("sh run.sh {}", self.id.as_str())
        }
    }

    /// The same without `run.sh`, where that can be done.
    pub fn plain_command(&self) -> Option<String> {
        let dsn = match self.side {
            StepSide::Publisher => "PGSLOTPLAN_PUBLISHER",
            StepSide::Subscriber => "PGSLOTPLAN_SUBSCRIBER",
            StepSide::Pgbouncer | StepSide::Shell => {
                return self.file.ends_with(".sh").then(|| format!("sh {}", self.file));
            }
        };
        let mut command = format!("psql -X -v ON_ERROR_STOP=1 -d \"${dsn}\"");
        // a connection string comes from the environment
        let is_argument = |variable: &&Variable| {
            variable.required && !variable.name.ends_with("_dsn") && !variable.name.starts_with("PG")
        };
        for variable in self.variables.iter().filter(is_argument) {
            let _ = write!(command, " -v {}=\"...\"", variable.name);
        }
        Some(format!("{command} -f {}", self.file))
    }

    /// Puts file names in the place of identifiers in braces, and the head before the body.
    pub(super) fn finish(&mut self, files: &BTreeMap<&str, String>) {
        for text in [&mut self.what, &mut self.why, &mut self.expected, &mut self.duration, &mut self.go] {
            *text = with_files(text, files);
        }
        for text in [&mut self.hazard, &mut self.undo, &mut self.asks].into_iter().flatten() {
            *text = with_files(text, files);
        }
        if self.file.ends_with(".sql") {
            self.body = format!("{}{}{}", self.head("--"), self.missing(), self.body);
        } else if self.file.ends_with(".sh") {
            self.body = format!("#!/bin/sh\n{}{}", self.head("#"), self.body);
        }
    }

    /// What a file says of itself.
    fn head(&self, comment: &str) -> String {
        let mut head = String::new();
        let mut line = |text: &str| {
            let _ = writeln!(head, "{comment} {}", one_line(text));
        };
        line(&format!("{}: {}", self.file, self.what));
        let plain = self.plain_command().filter(|_| self.side.is_sql());
        let or = plain.map_or_else(String::new, |command| format!(", or {command}"));
        line(&format!("Phase {}. Run: {}{or}", self.phase().as_str(), self.command()));
        if !self.variables.is_empty() {
            let name = |variable: &Variable| {
                format!("{}{}", variable.name, if variable.required { "" } else { " (optional)" })
            };
            let names: Vec<String> = self.variables.iter().map(name).collect();
            line(&format!("Variables, explained in RUNBOOK.md: {}", names.join(", ")));
        }
        if let Some(hazard) = &self.hazard {
            line(&format!("Hazard: {hazard}"));
        }
        if let Some(undo) = &self.undo {
            line(&format!("Undo: {undo}"));
        }
        head
    }

    /// A missing psql variable is an SQL error: `\quit 3` would end with 0.
    fn missing(&self) -> String {
        let mut text = String::new();
        for variable in self.variables.iter().filter(|variable| variable.required) {
            let name = &variable.name;
            let _ = if name.ends_with("_dsn") {
                writeln!(text, "\\ir lib/{name}.sql")
            } else {
                writeln!(text, "\\if :{{?{name}}} \\else \\set missing {name} \\ir lib/missing.sql \\endif")
            };
        }
        text
    }
}

/// Lines of an SQL step: a word is a file of `lib`, one with a slash another file, and what begins with `\` stays.
pub fn sql_lines(lines: &[&str]) -> String {
    let mut body = String::new();
    for line in lines {
        let _ = match line {
            line if line.starts_with('\\') => writeln!(body, "{line}"),
            line if line.contains('/') => writeln!(body, "\\ir {line}"),
            line => writeln!(body, "\\ir lib/{line}.sql"),
        };
    }
    body
}

/// The same with files or commands in the place of identifiers in braces.
pub(super) fn with_files(text: &str, files: &BTreeMap<&str, String>) -> String {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        resolved.push_str(before);
        match after.split_once('}').and_then(|(id, after)| Some((files.get(id)?, after))) {
            Some((file, after)) => {
                resolved.push_str(file);
                rest = after;
            }
            None => {
                resolved.push('{');
                rest = after;
            }
        }
    }
    resolved.push_str(rest);
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPY: Shape = Shape { bootstrap: Bootstrap::Copy, is_upgrade: true };

    #[test]
    fn a_file_is_named_by_number_side_and_word() {
        assert_eq!(StepId::Publications.file(COPY), "30_publisher_publications.sql");
        assert_eq!(StepId::Pause.file(COPY), "78_pgbouncer_pause.sh");
        assert_eq!(StepId::Abort.file(COPY), "abort.sh");
        assert_eq!(StepId::Thaw.file(COPY), "thaw_publisher.sql");
        assert_eq!(StepId::Slots.file(COPY), "50_publisher_slots.sql");
        let same = Shape { bootstrap: Bootstrap::Clone, is_upgrade: false };
        assert_eq!(StepId::Slots.file(same), "31_publisher_slots.sql");
        assert_eq!(StepId::Upgrade.file(same), "34_shell_restart.sh");
    }

    #[test]
    fn identifiers_and_files_are_unique() {
        for bootstrap in [Bootstrap::Copy, Bootstrap::Dump, Bootstrap::Snapshot, Bootstrap::Clone, Bootstrap::Aurora] {
            let shape = Shape { bootstrap, is_upgrade: true };
            let mut files: Vec<String> = StepId::ALL.iter().map(|id| id.file(shape)).collect();
            files.extend(StepId::ALL.iter().map(|id| id.as_str().to_owned()));
            let count = files.len();
            files.sort();
            files.dedup();
            assert_eq!(files.len(), count);
        }
    }

    #[test]
    fn braces_become_file_names_and_others_stay() {
        let files = BTreeMap::from([("stop", "80_subscriber_stop.sql".to_owned())]);
        assert_eq!(
            with_files("Run {stop} first, not {nothing} or {", &files),
            "Run 80_subscriber_stop.sql first, not {nothing} or {"
        );
    }
}
