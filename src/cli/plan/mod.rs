//! `pgslotplan plan`: workload and policy into a plan, checked by independent code before it is written.

mod args;
mod cluster;
mod markdown;
mod policy;
mod search;
mod text;
mod view;

use pgslotplan::{finding, format, plan::Plan, workload::Workload};

use super::{
    files,
    output::{Console, Exit, Failure, json_text},
    text::Characters,
};
pub use args::PlanArgs;
use args::SummaryFormat;
use markdown::plan_markdown;
use search::{cost_model, prove, search};
use text::plan_text;
use view::PlanView;

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
    check_validity(args, &workload)?;
    let previous: Option<Plan> = args.previous.as_deref().map(files::read_document).transpose()?;
    let cost = cost_model(args, &policy, &workload)?;
    let plan = search(args, path, &workload, &policy, &cost, previous.as_ref())?;
    prove(&plan, &workload)?;
    if let Some(path) = args.output.as_deref() {
        files::write_bytes(path, existing, &format::write(&plan))?;
        if !files::is_standard(path) {
            console.note(&format!("wrote {}", files::shown(path)));
        }
    }
    if !args.output.as_deref().is_some_and(files::is_standard) {
        console.result(&summary(args.format, &plan, &workload))?;
    }
    Ok(if finding::has_error(&plan.findings) { Exit::No } else { Exit::Done })
}

/// A peak in hours that nobody saw is not planned for: below some share, that is for the user to say.
fn check_validity(args: &PlanArgs, workload: &Workload) -> Result<(), Failure> {
    let (observed, wanted) = (workload.observed_share(), args.min_validity);
    if !(0.0..=1.0).contains(&wanted) {
        return Err(Failure::new("invalid --min-validity: it must lie between 0 and 1"));
    }
    if observed >= wanted || observed == 0.0 {
        return Ok(()); // of nothing at all the search says so itself
    }
    Err(Failure::new(format!(
        "only {:.0} % of the sampled time was observed, and {:.0} % are asked for",
        100.0 * observed,
        100.0 * wanted
    ))
    .detail("Peaks in the rest are not in the file; \"pgslotplan workload show\" says which buckets lack.")
    .hint(format!(
        "Sample again over these hours and merge, or plan on what there is with --min-validity {:.2}.",
        (observed - 0.005).max(0.0)
    )))
}

fn summary(form: SummaryFormat, plan: &Plan, workload: &Workload) -> String {
    match form {
        SummaryFormat::Json => json_text(&format::write(plan)),
        SummaryFormat::Text => plan_text(&PlanView::new(plan, workload), Characters::of_locale()),
        SummaryFormat::Markdown => plan_markdown(&PlanView::new(plan, workload)),
    }
}
