//! Completions and man pages, both made from the command line's own description.

use std::path::PathBuf;

use super::{
    command_line,
    files::{self, ForceArg},
    output::{Console, Exit, Failure, stdout_failure},
};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan completions bash > ~/.local/share/bash-completion/completions/pgslotplan")]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Write man pages: the overview to standard output, or one page a command into a directory
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Directory to write pgslotplan.1, pgslotplan-plan.1, … into
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
}

/// `pgslotplan completions`
pub fn completions(args: &CompletionsArgs, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_line(), "pgslotplan", &mut script);
    console.verbatim(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// `pgslotplan man`
pub fn man(args: &ManArgs, console: &Console) -> Result<Exit, Failure> {
    let page = |command: clap::Command| {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text).map(|()| text)
    };
    let Some(folder) = &args.output else {
        let text = page(command_line()).map_err(stdout_failure)?;
        console.verbatim(&String::from_utf8_lossy(&text))?;
        return Ok(Exit::Done);
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("could not make directory \"{}\"", folder.display())).source(error))?;
    let mut whole = command_line();
    whole.build(); // gives every command its full name
    for command in whole.get_subcommands() {
        let name = format!("pgslotplan-{}.1", command.get_name());
        files::write_bytes(&folder.join(name), args.force.existing(), &page(command.clone())?)?;
    }
    files::write_bytes(&folder.join("pgslotplan.1"), args.force.existing(), &page(whole)?)?;
    Ok(Exit::Done)
}
