//! What `emit` gives: steps in order, the files that they share, and the manifest that lists them. Types; no wording.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    kit::{Kit, Repair},
    step::{Phase, Step, StepSide, Variable},
};
use crate::{
    finding::Finding,
    format::{self, Document, TOOL},
};

/// A file that steps share. Nobody runs it by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// File name, with its folder.
    pub file: String,
    /// The file's text.
    pub body: String,
}

impl Support {
    /// A file and its text.
    pub(super) fn new(file: &str, body: String) -> Self {
        Support { file: file.to_owned(), body }
    }
}

/// Everything `emit` writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The plan it came from.
    pub plan_sha256: String,
    /// How the data gets to the subscriber.
    pub bootstrap: super::Bootstrap,
    /// What the roles that run it may do.
    pub privileges: super::Privileges,
    /// Slots are marked for standbys.
    pub failover_slots: bool,
    /// Which kit of the plan.
    pub kit: Kit,
    /// In order.
    pub steps: Vec<Step>,
    /// The statements that are generated, with the side that runs them: what a server can be asked to parse beforehand.
    pub statements: Vec<(StepSide, String)>,
    /// What the steps share, by name.
    pub support: Vec<Support>,
    /// `RUNBOOK.md`.
    pub runbook: String,
    /// What to know before running any of it.
    pub findings: Vec<Finding>,
}

/// One line of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ManifestStep {
    /// Identifier: stable over releases, what `run.sh` takes.
    pub id: String,
    /// File name.
    pub file: String,
    /// Where in the migration.
    pub phase: Phase,
    /// Where it runs.
    pub side: StepSide,
    /// Running it again changes nothing: it goes on, or starts over cleanly. Always `true`; other tools may rely on it.
    pub idempotent: bool,
    /// What can go wrong that cannot be seen beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<String>,
    /// How to go back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// What a person must decide before it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
    /// Identifier of the step that does this one as a part of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Off the way: run when it is needed, as often as that is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// Variables that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// What the roles that run the files may do; absent: superusers.
    #[serde(default, skip_serializing_if = "super::Privileges::is_superuser")]
    pub privileges: super::Privileges,
    /// Slots are marked for standbys, which keep copies of them (17); absent: they are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failover_slots: bool,
    /// What is made again alone, as `slot=NAME`, `table=SCHEMA.NAME` or `rows`; absent in the kit of the whole migration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<String>,
    /// SHA-256 of the plan that runs when these files change it to this one; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// In order.
    pub steps: Vec<ManifestStep>,
    /// SHA-256 of every other file, by name: what else lies in the folder is not of the kit.
    pub files: BTreeMap<String, String>,
    /// What to know before running any of it.
    pub findings: Vec<Finding>,
}

impl Document for Manifest {
    const KIND: &'static str = "scripts";
    const VERSION: u64 = 2;
}

impl Script {
    /// The same as data: what runs where, in which order.
    pub fn manifest(&self) -> Manifest {
        let step = |step: &Step| ManifestStep {
            id: step.id.as_str().to_owned(),
            file: step.file.clone(),
            phase: step.phase(),
            side: step.side,
            // one that cannot be repeated alone, such as the exported snapshot of a dump, starts over cleanly
            idempotent: true,
            hazard: step.hazard.clone(),
            undo: step.undo.clone(),
            asks: step.asks.clone(),
            part_of: step.part_of.map(|id| id.as_str().to_owned()),
            aside: step.aside,
            variables: step.variables.clone(),
        };
        Manifest {
            kind: "scripts".into(),
            version: Manifest::VERSION,
            tool: TOOL.into(),
            plan_sha256: self.plan_sha256.clone(),
            bootstrap: self.bootstrap,
            privileges: self.privileges,
            failover_slots: self.failover_slots,
            repairs: match &self.kit {
                Kit::Whole | Kit::Transition(_) => Vec::new(),
                Kit::Repair(repairs) => repairs.iter().map(Repair::to_string).collect(),
            },
            running: match &self.kit {
                Kit::Transition(running) => Some(running.plan_sha256.to_string()),
                _ => None,
            },
            steps: self.steps.iter().map(step).collect(),
            files: self.files().map(|(file, body)| (file.to_owned(), digest(body))).collect(),
            findings: self.findings.clone(),
        }
    }

    /// `manifest.json`: a step a line.
    ///
    /// # Panics
    /// Never: memory takes whatever is written.
    pub fn manifest_text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        format::write_lines(&self.manifest(), &mut text).expect("memory takes whatever is written");
        text
    }

    /// Every file but the manifest, with its text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let steps = self.steps.iter().map(|step| (step.file.as_str(), step.body.as_str()));
        let support = self.support.iter().map(|shared| (shared.file.as_str(), shared.body.as_str()));
        steps.chain(support).chain([("RUNBOOK.md", self.runbook.as_str())])
    }
}

fn digest(body: &str) -> String {
    format::hex(&Sha256::digest(body.as_bytes()))
}
