//! The documents say what the program does: each page and file under `docs/` and `samples/` is held against the code.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

use std::{
    fs,
    path::{Path, PathBuf},
};

mod citations;
mod features;
mod findings;
mod schemas;
mod versions;

/// The Rust files of a folder and below.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
