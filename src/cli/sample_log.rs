//! The sample file, `<output>.samples.jsonl`: one line a snapshot, appended as it is taken, so that a crash costs at most
//! the line being written. `--resume` reads it again and goes on.
#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests look at the file itself"))]

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use pgslotplan::{
    format::FORMAT_VERSION,
    workload::{derive::Deriver, snapshot::SampleLine},
};

use super::output::Failure;

/// An open sample file; without one (output to stdout) lines go nowhere.
#[derive(Debug)]
pub struct SampleLog {
    file: Option<File>,
    path: PathBuf,
}

impl SampleLog {
    /// Where the samples of an output lie.
    pub fn path_for(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".samples.jsonl");
        PathBuf::from(name)
    }

    /// A log that keeps nothing.
    pub fn none() -> Self {
        SampleLog { file: None, path: PathBuf::new() }
    }

    /// Starts a new file; one that exists is replaced only if the caller says so.
    pub fn create(path: PathBuf, replace: super::files::Existing) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true);
        match replace {
            super::files::Existing::Replace => options.create(true).truncate(true),
            super::files::Existing::Refuse => options.create_new(true),
        };
        match options.open(&path) {
            Ok(file) => Ok(SampleLog { file: Some(file), path }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Failure::new(format!("file \"{}\" already exists", path.display()))
                    .hint("Continue it with --resume, or start anew with --force."))
            }
            Err(error) => Err(write_failure(&path, error)),
        }
    }

    /// Reads a file into a deriver and opens it for appending. A last line that was cut off is dropped.
    pub fn resume(path: PathBuf) -> Result<(Self, Deriver), Failure> {
        let failure = |error: std::io::Error| {
            let failure = Failure::new(format!("could not read file \"{}\"", path.display()));
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    failure.source(error).hint("There is nothing to continue; leave --resume out to start.")
                }
                _ => failure.source(error),
            }
        };
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failure)?;
        let mut deriver = Deriver::default();
        let mut reader = BufReader::new(&file);
        let (mut number, mut good_bytes) = (0_usize, 0_u64);
        let mut text = Vec::new();
        loop {
            text.clear();
            let read = reader.read_until(b'\n', &mut text).map_err(failure)?;
            if read == 0 || text.last() != Some(&b'\n') {
                break; // the end, or a line that a crash cut off
            }
            number += 1;
            let line: SampleLine = serde_json::from_slice(&text).map_err(|error| {
                Failure::new(format!("could not read line {number} of file \"{}\"", path.display()))
                    .source(error)
                    .hint("It was damaged or is not a sample file; start anew with another output.")
            })?;
            check_start(&line, number, &path)?;
            deriver.push_line(line);
            good_bytes += read as u64;
        }
        if deriver.start().is_none() {
            return Err(Failure::new(format!("file \"{}\" holds no samples", path.display()))
                .hint("There is nothing to continue; start anew with --force."));
        }
        file.set_len(good_bytes).map_err(failure)?;
        file.seek(SeekFrom::End(0)).map_err(failure)?;
        Ok((SampleLog { file: Some(file), path }, deriver))
    }

    /// Where it lies, for messages; `None` if nothing is kept.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Appends a line in one write, and forces it to disk.
    pub fn append(&mut self, line: &SampleLine) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut text =
            serde_json::to_vec(line).map_err(|error| Failure::new("could not spell out a snapshot").source(error))?;
        text.push(b'\n');
        file.write_all(&text).and_then(|()| file.sync_data()).map_err(|error| write_failure(&self.path, error))
    }
}

fn check_start(line: &SampleLine, number: usize, path: &Path) -> Result<(), Failure> {
    let problem = match line {
        SampleLine::Start(start) if start.version != FORMAT_VERSION => {
            Some(format!("it has format version {}, and this build reads version {FORMAT_VERSION}", start.version))
        }
        SampleLine::Start(_) if number > 1 => Some(format!("line {number} starts another run")),
        SampleLine::Start(_) => None,
        _ if number == 1 => Some("its first line does not say what was sampled".to_owned()),
        _ => None,
    };
    match problem {
        Some(problem) => {
            Err(Failure::new(format!("could not read file \"{}\"", path.display()))
                .source(std::io::Error::other(problem)))
        }
        None => Ok(()),
    }
}

fn write_failure(path: &Path, error: std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let failure = Failure::new(format!("could not write file \"{}\"", path.display())).source(error);
    if full { failure.hint("Free some space there, then continue with --resume.") } else { failure }
}

#[cfg(test)]
mod tests {
    use super::super::files::Existing;
    use super::*;
    use pgslotplan::{server::ServerFacts, workload::snapshot::SampleStart};

    fn start() -> SampleLine {
        SampleLine::Start(SampleStart {
            kind: "samples".into(),
            version: 1,
            tool: "t".into(),
            database: "app".into(),
            database_oid: 5,
            server: ServerFacts::of_major(15),
            bucket_s: 10,
            interval_s: 5.0,
        })
    }

    fn counters(second: i64) -> SampleLine {
        let text = format!(
            r#"{{"line":"counters","instant":{{"at":"2026-01-05T00:00:{second:02}Z","lsn":"0/10","timeline":1,
               "started":"2026-01-01T00:00:00Z","next_transaction":5}},"changed":[]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_the_file_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.json.samples.jsonl");
        let mut log = SampleLog::create(path.clone(), Existing::Refuse).unwrap();
        for line in [start(), counters(0), counters(5)] {
            log.append(&line).unwrap();
        }
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        let (mut log, deriver) = SampleLog::resume(path.clone()).unwrap();
        assert_eq!(deriver.previous().unwrap().instant.at.to_string(), "2026-01-05T00:00:00Z");
        log.append(&counters(6)).unwrap();
        let (_, deriver) = SampleLog::resume(path.clone()).unwrap();
        assert_eq!(deriver.observed_s(), 6.0);
        let message = SampleLog::create(path, Existing::Refuse).unwrap_err().to_string();
        assert!(message.ends_with("already exists"), "{message}");
    }

    #[test]
    fn files_that_are_no_samples_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let refused = |text: &str| {
            std::fs::write(&path, text).unwrap();
            SampleLog::resume(path.clone()).unwrap_err().to_string()
        };
        assert!(refused("").contains("holds no samples"));
        assert!(refused("{\"kind\":\"plan\"}\n").contains("line 1"));
        let newer = serde_json::to_string(&start()).unwrap().replace("\"version\":1", "\"version\":9");
        assert!(refused(&format!("{newer}\n")).contains("format version 9"));
        let line = serde_json::to_string(&counters(1)).unwrap();
        assert!(refused(&format!("{line}\n")).contains("first line"));
    }
}
