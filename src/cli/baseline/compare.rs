//! `baseline compare`: two files beside each other.

use std::path::PathBuf;

use pgslotplan::{
    baseline::{
        Baseline,
        compare::{Limits, compare},
    },
    format,
};

use super::{
    super::{
        files,
        findings::FailOn,
        output::{Console, Exit, Failure, json_text},
    },
    text,
};

/// Form of a comparison on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ComparisonFormat {
    /// For people
    Text,
    /// For tickets and pull requests
    Markdown,
    /// All of it
    Json,
}

/// Say what became worse
///
/// The last file is the window after, those before it are windows before: several of the same hour show what is noise. A figure or
/// statement is worse when its middle lies outside of everything that was seen before, the other way round too, and by the factor.
/// Statements are found by their texts, whatever the version; figures that follow the load are compared for each transaction.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan baseline compare monday.json tuesday.json after.json\n\
                        Exit code 4: something became worse at or above --fail-on.")]
pub struct CompareArgs {
    /// Files of `baseline take`: one or more before, the last after
    #[arg(value_name = "FILE", num_args = 2.., required = true)]
    files: Vec<PathBuf>,
    /// How many times as much is worse
    #[arg(long, value_name = "N", default_value_t = 1.5, value_parser = factor)]
    factor: f64,
    /// Statements and figures to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Form of the comparison
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ComparisonFormat,
    /// Severity from which on the exit code is 4
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (1.0..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("expected 1 to 1000".to_owned()),
    }
}

/// `pgslotplan baseline compare`
pub fn run(args: &CompareArgs, console: &Console) -> Result<Exit, Failure> {
    let mut windows =
        args.files.iter().map(|path| files::read_document(path)).collect::<Result<Vec<Baseline>, Failure>>()?;
    let Some(after) = windows.pop() else { return Err(Failure::new("no window after")) };
    if let Some(before) = windows.iter().find(|before| before.start > after.start) {
        console.warning(&format!(
            "a window before began at {}, and the one after at {}: is the order right?",
            before.start, after.start
        ));
    }
    let comparison = compare(&windows, &after, Limits { factor: args.factor })?;
    console.result(&match args.format {
        ComparisonFormat::Text => text::comparison_text(&comparison, args.top),
        ComparisonFormat::Markdown => text::comparison_markdown(&comparison, args.top),
        ComparisonFormat::Json => json_text(&format::write(&comparison)),
    })?;
    Ok(args.fail_on.exit(&comparison.findings))
}
