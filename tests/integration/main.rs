//! The command line from outside: the real program in an empty folder, held against transcripts in `golden/`.
//!
//! `PGSLOTPLAN_BLESS=1` writes the transcripts anew; read the difference before it is committed. No server is needed:
//! what needs one is in `tests/live`.

#![allow(clippy::disallowed_methods, reason = "these tests run a program in a folder")]
#![allow(clippy::print_stderr, reason = "a test says what differs")]

mod aurora;
mod bad_files;
mod bad_options;
mod baseline;
mod carrying;
mod ci;
mod commands;
mod crafted;
mod databases;
mod forecast;
mod generate;
mod kajabi;
mod samples;
mod story;
