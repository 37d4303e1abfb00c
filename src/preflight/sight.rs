//! What was not seen, and what the servers said to the emitted statements. Unknown is never fine.

use super::{Input, ObservedSide, facts::Parsed};
use crate::{
    finding::{Finding, Subject, code},
    names::one_line,
};

fn sides<'a>(input: &Input<'a>) -> Vec<(Subject, &'a ObservedSide)> {
    let publisher = input.publisher.map(|side| (Subject::Publisher, side));
    publisher.into_iter().chain(input.subscriber.map(|side| (Subject::Subscriber, side))).collect()
}

/// `PF901`: the server that is to run the statements does not even parse them.
pub fn parsed(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (subject, side) in sides(input) {
        let Parsed::Refused(files) = &side.parsed else { continue };
        for (file, words) in files {
            findings.push(
                Finding::new(code::PF901, subject.clone(), format!("the server does not parse {file}: {}", one_line(words)))
                    .detail("The statements were only parsed, in a block that returns before them.")
                    .hint("Plan again for the versions of the servers; if they are right, this is a defect: please report it."),
            );
        }
    }
    findings
}

/// `PF902`: there are no scripts for this plan.
pub fn not_emitted(input: &Input<'_>) -> Vec<Finding> {
    let refused = sides(input).into_iter().find_map(|(_, side)| match &side.parsed {
        Parsed::NotEmitted(reason) => Some(reason),
        _ => None,
    });
    let Some(reason) = refused else { return Vec::new() };
    vec![
        Finding::new(
            code::PF902,
            Subject::Plan,
            format!("no scripts can be written for the plan: {}", one_line(reason)),
        )
        .hint("Plan again."),
    ]
}

/// `PF903`: one side alone.
pub fn sides_given(input: &Input<'_>) -> Vec<Finding> {
    let (absent, option, what) = match (input.publisher, input.subscriber) {
        (Some(_), None) => (
            Subject::Subscriber,
            "--subscriber",
            "its settings, tables, keys and foreign keys, rows, triggers and row security, whether it is the same server, and both schemas side by side",
        ),
        (None, Some(_)) => (
            Subject::Publisher,
            "--publisher",
            "its settings, replica identities, open transactions, drift since the plan was made, and both schemas side by side",
        ),
        _ => return Vec::new(),
    };
    let side = absent.to_string();
    if absent == Subject::Subscriber && input.circumstances.bootstrap.is_physical() {
        return vec![
            Finding::new(code::PF903, absent, "the subscriber was not checked: it is there once its clone is made")
                .detail("The steps after the clone look at it; check again then, with both servers."),
        ];
    }
    vec![
        Finding::new(code::PF903, absent, format!("the {side} was not checked: no connection to it was given"))
            .detail(format!("Not looked at: {what}."))
            .hint(format!("{option} CONNINFO, or PGSLOTPLAN_{}.", side.to_uppercase())),
    ]
}

/// `PF904`: what the session's role may not see.
pub fn unseen(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (subject, side) in sides(input) {
        for unseen in &side.facts.unseen {
            findings.push(
                Finding::new(code::PF904, subject.clone(), format!("could not see {}", unseen.what))
                    .detail("What depends on it was not checked.")
                    .hint(unseen.remedy.clone()),
            );
        }
        if let Parsed::NotTried(reason) = &side.parsed {
            findings.push(
                Finding::new(code::PF904, subject.clone(), "could not let the server parse the emitted statements")
                    .detail(format!("{}.", one_line(reason)))
                    .hint("Run the files' check steps, which parse and look as well."),
            );
        }
    }
    findings
}

/// `PF905`: what no SQL shows, and nobody said.
pub fn untold(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let mut untold = Vec::new();
    if input.circumstances.publisher_cores.or(publisher.server.cores).or(input.plan.server.cores).is_none() {
        untold.push("processor cores (--cores N)");
    }
    if input.circumstances.free_wal_bytes.is_none() {
        untold.push("free space for WAL (--wal-free SIZE)");
    }
    if untold.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(code::PF905, Subject::Publisher, format!("no SQL shows the publisher's {}", untold.join(" and ")))
            .detail("Nothing that depends on it was checked."),
    ]
}
