//! What `emit` gives: steps in order, each a file for one side, and the manifest that lists them. Types; no wording.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    finding::Finding,
    format::{self, Document, TOOL},
};

/// Where in a migration a step belongs (contract §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Is it all there?
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
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// psql on the publisher.
    Publisher,
    /// psql on the subscriber.
    Subscriber,
    /// PgBouncer's admin console.
    Pgbouncer,
    /// A shell script.
    Shell,
}

impl Side {
    /// The word of the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Publisher => "publisher",
            Side::Subscriber => "subscriber",
            Side::Pgbouncer => "pgbouncer",
            Side::Shell => "shell",
        }
    }
}

/// A psql variable of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name for `psql -v`.
    pub name: String,
    /// What it holds, in one sentence.
    pub meaning: String,
    /// The file stops with an error when it is not set.
    pub required: bool,
}

/// One file of a script, with what the manifest and the runbook say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// File name; the number in front is the order.
    pub file: String,
    /// Where in the migration.
    pub phase: Phase,
    /// On which server.
    pub side: Side,
    /// Running it again changes nothing.
    pub idempotent: bool,
    /// What can go wrong that cannot be seen beforehand.
    pub hazard: Option<String>,
    /// How to go back.
    pub undo: Option<String>,
    /// psql variables it takes.
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

/// A file that steps share. Nobody runs it by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// File name, with its folder.
    pub file: String,
    /// The file's text.
    pub body: String,
}

/// Everything `emit` writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The plan it came from.
    pub plan_sha256: String,
    /// How the data gets to the subscriber.
    pub bootstrap: super::Bootstrap,
    /// In order.
    pub steps: Vec<Step>,
    /// What the steps share, by name.
    pub support: Vec<Support>,
    /// `RUNBOOK.md`.
    pub runbook: String,
    /// What to know before running any of it.
    pub findings: Vec<Finding>,
}

/// One line of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestStep {
    /// File name.
    pub file: String,
    /// Where in the migration.
    pub phase: Phase,
    /// On which server.
    pub side: Side,
    /// Running it again changes nothing.
    pub idempotent: bool,
    /// What can go wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<String>,
    /// How to go back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// psql variables it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// A shared file in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSupport {
    /// File name, with its folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `scripts`.
    pub kind: String,
    /// Format version.
    pub version: u64,
    /// Who wrote it.
    #[serde(default)]
    pub tool: String,
    /// The plan that the files carry out.
    pub plan_sha256: String,
    /// How the data gets to the subscriber.
    pub bootstrap: super::Bootstrap,
    /// In order.
    pub steps: Vec<ManifestStep>,
    /// Files that steps share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub support: Vec<ManifestSupport>,
    /// What to know before running any of it.
    pub findings: Vec<Finding>,
}

impl Document for Manifest {
    const KIND: &'static str = "scripts";
    const VERSION: u64 = 1;
}

impl Script {
    /// The same as data: what runs where, in which order.
    pub fn manifest(&self) -> Manifest {
        let step = |step: &Step| ManifestStep {
            file: step.file.clone(),
            phase: step.phase,
            side: step.side,
            idempotent: step.idempotent,
            hazard: step.hazard.clone(),
            undo: step.undo.clone(),
            variables: step.variables.clone(),
            sha256: digest(&step.body),
        };
        let support = |shared: &Support| ManifestSupport { file: shared.file.clone(), sha256: digest(&shared.body) };
        Manifest {
            kind: "scripts".into(),
            version: Manifest::VERSION,
            tool: TOOL.into(),
            plan_sha256: self.plan_sha256.clone(),
            bootstrap: self.bootstrap,
            steps: self.steps.iter().map(step).collect(),
            support: self.support.iter().map(support).collect(),
            findings: self.findings.clone(),
        }
    }
}

fn digest(body: &str) -> String {
    format::hex(&Sha256::digest(body.as_bytes()))
}
