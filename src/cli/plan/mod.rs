//! `pgslotplan plan`: workload and policy into a plan, checked by independent code before it is written.

mod args;
mod cluster;
mod page;
mod policy;
mod search;
mod text;

use std::path::Path;

use pgslotplan::{
    finding::Finding,
    format,
    plan::{Plan, PlanView, diff},
    workload::Workload,
};

use super::{
    files,
    findings::FindingFormat,
    markdown,
    output::{Console, Exit, Failure, json_text},
    text::Characters,
};
pub use args::PlanArgs;
use args::SummaryFormat;
use page::plan_markdown;
use search::{check_validity, cost_model, search};
use text::plan_text;

/// `pgslotplan plan`
pub fn run(args: &PlanArgs, console: &Console) -> Result<Exit, Failure> {
    let [path] = args.workloads.as_slice() else {
        return cluster::run(args, &args.workloads, console);
    };
    let existing = args.force.existing();
    if let Some(path) = &args.output {
        files::check_output(path, existing)?;
    }
    let policy = args.policy.policy()?;
    let mut workload: Workload = files::read_document(path)?;
    workload.canonicalize();
    check_validity(args, path, &workload)?;
    let previous: Option<Plan> = args.previous.as_deref().map(files::read_document).transpose()?;
    let cost = cost_model(args, path, &policy, &workload)?;
    let plan = search(args, path, &workload, &policy, &cost, previous.as_ref())?;
    if let Some(kept) = &args.check {
        return compare(args, kept, &plan, console);
    }
    if let Some(path) = args.output.as_deref() {
        files::write_bytes(path, existing, &format::write(&*plan))?;
        if !files::is_standard(path) {
            console.note(&format!("wrote {}", files::shown(path)));
        }
    }
    if !args.output.as_deref().is_some_and(files::is_standard) {
        let about = args.output.as_deref().unwrap_or(path);
        match args.format.of_findings() {
            Some(form) => form.print(console, &plan.findings, about)?,
            None => console.result(&summary(args.format, &plan, &workload))?,
        }
    }
    Ok(args.fail_on.exit(&plan.findings))
}

/// `--check`: holds the plan against the one that is kept, and prints findings only.
fn compare(args: &PlanArgs, path: &Path, again: &Plan, console: &Console) -> Result<Exit, Failure> {
    let kept: Plan = files::read_document(path)?;
    let difference = diff::from_kept(&kept, again);
    let is_same = difference.is_none();
    let mut findings: Vec<Finding> = difference.into_iter().chain(again.findings.iter().cloned()).collect();
    findings.sort();
    match (args.format, args.format.of_findings()) {
        (_, Some(form)) => form.print(console, &findings, path)?,
        (SummaryFormat::Json, None) => FindingFormat::Json.print(console, &findings, path)?,
        (SummaryFormat::Markdown, None) => {
            let mut text = String::new();
            markdown::findings(&findings, &mut text);
            console.result(&text)?;
        }
        (_, None) => FindingFormat::Text.print(console, &findings, path)?,
    }
    if is_same {
        console.note(&format!("planning again gives {}", files::shown(path)));
    }
    Ok(args.fail_on.exit(&findings))
}

fn summary(form: SummaryFormat, plan: &Plan, workload: &Workload) -> String {
    match form {
        SummaryFormat::Json => json_text(&format::write(plan)),
        SummaryFormat::Markdown => plan_markdown(&PlanView::new(plan, workload)),
        _ => plan_text(&PlanView::new(plan, workload), Characters::of_locale()),
    }
}
