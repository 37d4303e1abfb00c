//! The process edge: hands over to `cli`, returns its exit code. Nothing else.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
