//! The documents say what the program does: each page and file under `docs/` and `samples/` is held against the code.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod findings;
