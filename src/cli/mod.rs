//! Arguments and dispatch. One file a command: it reads, calls the library, prints. No rule and no formula is here.
//!
//! `-h` is the host, as in psql, so help is `--help` and `-?`. clap's own exit code 2 for usage errors becomes 1,
//! because 2 says that a server could not be reached (docs/rules.md, "Exit codes").

mod audit;
mod baseline;
mod calibrate;
mod check;
mod connection;
#[cfg(feature = "demo")]
mod demo;
mod directory;
mod emit;
mod files;
mod findings;
mod generate;
mod markdown;
mod monitor;
mod output;
mod plan;
mod report;
mod sample;
mod shell;
mod simulate;
mod text;
mod values;
mod waiting;
mod workload;

use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};

use output::{Console, Exit, Failure, LogFormat, Verbosity};

/// Plans PostgreSQL logical replication slots
///
/// Measures what each table writes, gives hot tables a slot of their own, packs the rest into few publications with a
/// proven bound, and writes the SQL that sets them up.
#[derive(Debug, Parser)]
#[command(
    name = "pgslotplan",
    version,
    disable_help_flag = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done and good, 1 usage or input, 2 cannot connect, 3 the server refused, 4 the answer is no, \
                  5 a threshold of monitor is exceeded."
)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, clap::Args)]
struct Global {
    /// Print help
    #[arg(short = '?', long, action = ArgAction::Help, global = true, help_heading = "Global options")]
    help: Option<bool>,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, help_heading = "Global options")]
    verbose: bool,
    /// Form of the messages on standard error
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true, help_heading = "Global options")]
    log_format: LogFormat,
}

impl Global {
    fn console(&self) -> Console {
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Console::new(verbosity, self.log_format)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Sample(Box<sample::SampleArgs>),
    Plan(Box<plan::PlanArgs>),
    Audit(audit::AuditArgs),
    Emit(emit::EmitArgs),
    Check(check::CheckArgs),
    Monitor(Box<monitor::MonitorArgs>),
    Baseline(Box<baseline::BaselineArgs>),
    Simulate(Box<simulate::SimulateArgs>),
    Report(Box<report::ReportArgs>),
    Generate(generate::GenerateArgs),
    Workload(workload::WorkloadArgs),
    Calibrate(calibrate::CalibrateArgs),
    #[cfg(feature = "demo")]
    Demo(demo::DemoArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// Runs the command line and says how the process ends.
pub fn run() -> ExitCode {
    let (console, outcome) = match parse() {
        Ok(arguments) => (arguments.global.console(), dispatch(arguments)),
        Err((console, outcome)) => (console, outcome),
    };
    let exit = outcome.unwrap_or_else(|failure| {
        console.failure(&failure);
        failure.exit_code()
    });
    ExitCode::from(exit as u8)
}

fn dispatch(arguments: Arguments) -> Result<Exit, Failure> {
    let console = arguments.global.console();
    carry_out(arguments.command, console)
}

/// Runs another of our commands as if typed, but with this console: `demo` shows the lines that it runs.
#[cfg(feature = "demo")]
fn run_line(arguments: &[&str], console: &Console) -> Result<Exit, Failure> {
    let line = std::iter::once(&"pgslotplan").chain(arguments);
    let matches = command_line().try_get_matches_from(line)?;
    carry_out(Arguments::from_arg_matches(&matches)?.command, *console)
}

fn carry_out(command: Command, console: Console) -> Result<Exit, Failure> {
    match command {
        Command::Sample(args) => sample::run(&args, &console),
        Command::Plan(args) => plan::run(&args, &console),
        Command::Audit(args) => audit::run(&args, &console),
        Command::Emit(args) => emit::run(&args, &console),
        Command::Check(args) => check::run(&args, &console),
        Command::Monitor(args) => monitor::run(&args, &console),
        Command::Baseline(args) => baseline::run(&args, &console),
        Command::Simulate(args) => simulate::run(&args, &console),
        Command::Report(args) => report::run(&args, &console),
        Command::Generate(args) => generate::run(&args, &console),
        Command::Workload(args) => workload::run(&args, &console),
        Command::Calibrate(args) => calibrate::run(&args, &console),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&args, &console),
        Command::Completions(args) => shell::completions(&args, &console),
        Command::Man(args) => shell::man(&args, &console),
    }
}

/// The whole command line as clap knows it, for help, completions and man pages.
pub fn command_line() -> clap::Command {
    // `--headroom -0.1` is a value out of range, not an option `-0`.
    let with_negative = |arg: clap::Arg| {
        let takes_values = arg.get_action().takes_values();
        if takes_values { arg.allow_negative_numbers(true) } else { arg }
    };
    Arguments::command().mut_subcommands(|command| command.mut_args(with_negative))
}

fn parse() -> Result<Arguments, (Console, Result<Exit, Failure>)> {
    let matches = command_line().try_get_matches();
    matches.and_then(|matches| Arguments::from_arg_matches(&matches)).map_err(|error| {
        let asked_json = std::env::args().any(|argument| argument == "--log-format=json")
            || std::env::args().collect::<Vec<_>>().windows(2).any(|pair| pair == ["--log-format", "json"]);
        let log_format = if asked_json { LogFormat::Json } else { LogFormat::Text };
        let console = Console::new(Verbosity::Normal, log_format);
        (console, usage(&error, &console, std::env::args().skip(1)))
    })
}

/// Help and version are results; everything else is our form of an error.
fn usage(error: &clap::Error, console: &Console, words: impl Iterator<Item = String>) -> Result<Exit, Failure> {
    let text = error.render();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return console.verbatim(&text.ansi().to_string()).map(|()| Exit::Done);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Err(Failure::new("no command given").hint("Try \"pgslotplan --help\" for the list of commands."));
    }
    let words: Vec<String> = words.collect();
    let text = without_secrets(text.to_string(), &words);
    let mut words = words.into_iter();
    let mut paragraphs = text.split("\n\n").map(one_line);
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let mut hints: Vec<String> = paragraphs.filter_map(|p| p.strip_prefix("tip: ").map(sentence)).collect();
    let commands = command_line();
    let command = words.find(|word| commands.find_subcommand(word).is_some());
    let command = command.map(|name| format!("pgslotplan {name}")).unwrap_or_else(|| "pgslotplan".to_owned());
    hints.push(format!("Try \"{command} --help\" for more information."));
    Err(Failure::new(message).hint(hints.join(" ")))
}

/// The parser quotes what it does not understand, and that may be a connection string in the wrong place.
fn without_secrets(mut text: String, words: &[String]) -> String {
    for word in words.iter().filter(|word| output::may_hold_password(word)) {
        let value = word.split_once('=').map(|(_, value)| value).filter(|_| word.starts_with('-'));
        let attached = word.get(2..).filter(|_| word.starts_with('-') && !word.starts_with("--"));
        for part in [Some(word.as_str()), value, attached].into_iter().flatten().filter(|part| !part.is_empty()) {
            text = text.replace(part, "***");
        }
    }
    text
}

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }

    #[test]
    fn usage_errors_are_ours() {
        let error = command_line().try_get_matches_from(["pgslotplan", "generate", "--tabels", "3"]).unwrap_err();
        let words = ["generate", "--tabels"].map(str::to_owned).into_iter();
        let failure = usage(&error, &Console::new(Verbosity::Normal, LogFormat::Text), words).unwrap_err();
        assert_eq!(failure.exit_code(), Exit::Usage);
        assert_eq!(failure.to_string(), "unexpected argument '--tabels' found");
    }

    #[test]
    fn the_parser_quotes_no_passwords() {
        for word in ["password=my secret", "postgres://u:my secret@h/db", "--dbnam=host=h password=my secret"] {
            for command in ["generate", "audit", "plan"] {
                let line = ["pgslotplan", command, "a", "b", word, "--seed", word];
                let error = command_line().try_get_matches_from(line).unwrap_err();
                let failure = usage(
                    &error,
                    &Console::new(Verbosity::Normal, LogFormat::Text),
                    line[1..].iter().map(|&w| w.into()),
                );
                let shown = failure.unwrap_err().to_string();
                assert!(!shown.contains("secret"), "{shown}");
            }
        }
    }

    #[test]
    fn help_is_asked_for_as_in_psql() {
        for arguments in [["pgslotplan", "-?"], ["pgslotplan", "--help"]] {
            assert_eq!(command_line().try_get_matches_from(arguments).unwrap_err().kind(), ErrorKind::DisplayHelp);
        }
        let error = command_line().try_get_matches_from(["pgslotplan", "generate", "-?"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DisplayHelp);
    }
}
