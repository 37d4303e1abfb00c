//! The sample file, `<output>.samples.jsonl`: one line a snapshot, appended as it is taken, so that a crash costs at most
//! the line being written. `--resume` reads it again and goes on.
//!
//! A file that has grown to its limit becomes a part, `<output>.samples.jsonl.0001.zst`, and a new one is begun; the lines
//! of all parts in order and of the file are one run. The part is renamed before it is compressed, so that no crash can
//! lose it or have it twice.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the file is written and read here")]

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use pgslotplan::{
    format::FormatError,
    workload::{
        derive::Deriver,
        snapshot::{Catalog, Instant, RowCounters, SampleLine, SampleStart},
    },
};

use super::super::{files, output::Failure};

/// Of `open`: a symbolic link in the file's place is refused, not followed.
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
/// How the two kinds of long lines begin; what follows are the fields.
const CATALOG: &[u8] = br#"{"line":"catalog","#;
const COUNTERS: &[u8] = br#"{"line":"counters","#;
/// No line is longer, bytes: a catalog of 100,000 tables has a hundredth of that. What is cut off is no JSON, and refused.
const MOST_LINE: u64 = 4 << 30;
/// Neither is one that is neither catalog nor counters: of a peek at 20,000 pairs of tables.
const SHORT_LINE: u64 = 64 << 20;
/// The memory of a longer line is given back, bytes.
const LONG_LINE: usize = 1 << 20;

/// An open sample file; without one (output to stdout) lines go nowhere.
#[derive(Debug)]
pub struct SampleLog {
    file: Option<File>,
    path: PathBuf,
    bytes: u64,
    /// Size at which the file becomes a part.
    limit: u64,
}

/// Where part `number` lies once it is compressed; before, without `.zst`.
fn part_path(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number:04}.zst"));
    PathBuf::from(name)
}

impl SampleLog {
    /// Where the samples of an output lie.
    pub fn path_for(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".samples.jsonl");
        PathBuf::from(name)
    }

    /// Whether there is a run to continue.
    pub fn exists(path: &Path) -> bool {
        path.exists() || !parts(path).is_empty()
    }

    /// Refuses early what [`Self::create`] would refuse.
    pub fn check_new(path: &Path) -> Result<(), Failure> {
        match all_parts(path).unwrap_or_default().first() {
            Some(part) => Err(exists(part)),
            None if path.symlink_metadata().is_ok() => Err(exists(path)),
            None => Ok(()),
        }
    }

    /// A log that keeps nothing.
    pub fn none() -> Self {
        SampleLog { file: None, path: PathBuf::new(), bytes: 0, limit: u64::MAX }
    }

    /// Starts a new file; one that exists is replaced only if the caller says so.
    pub fn create(path: PathBuf, replace: files::Existing, limit: u64) -> Result<Self, Failure> {
        // Whatever would be read as a part of this run later, the second of two forms of one part too.
        let stale = all_parts(&path).map_err(|error| write_failure(&path, error))?;
        match (replace, stale.first()) {
            (files::Existing::Refuse, Some(part)) => return Err(exists(part)),
            _ => stale.iter().try_for_each(|part| fs::remove_file(part).map_err(|error| write_failure(part, error)))?,
        }
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(NO_LINK);
        match replace {
            files::Existing::Replace => options.create(true).truncate(true),
            files::Existing::Refuse => options.create_new(true),
        };
        match options.open(&path) {
            Ok(file) => Ok(SampleLog { file: Some(file), path, bytes: 0, limit }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(&path)),
            Err(error) => Err(write_failure(&path, error)),
        }
    }

    /// Reads all parts and the file into a deriver and opens the file for appending. A last line that was cut off is
    /// dropped.
    pub fn resume(path: PathBuf, limit: u64) -> Result<(Self, Deriver), Failure> {
        let mut deriver = Deriver::default();
        let mut number = 0_usize;
        let parts = parts(&path);
        let all = all_parts(&path).map_err(|error| read_failure(&path, error))?;
        for other in all.iter().filter(|other| !parts.contains(other)) {
            // A crash leaves the plain form beside the compressed one; anything else is of another run.
            let compressed = PathBuf::from(format!("{}.zst", other.display()));
            if !parts.contains(&compressed) {
                return Err(Failure::new(format!("file \"{}\" does not follow the parts before it", other.display()))
                    .hint("It is of another run, or a part was lost: move it elsewhere, or start anew with --force."));
            }
            fs::remove_file(other).map_err(|error| write_failure(other, error))?;
        }
        for part in &parts {
            let file = File::open(part).map_err(|error| read_failure(part, error))?;
            if part.extension().is_some_and(|extension| extension == "zst") {
                let decoder = zstd::Decoder::new(file).map_err(|error| read_failure(part, error))?;
                read_lines(BufReader::new(decoder), part, &mut number, &mut deriver)?;
            } else {
                read_lines(BufReader::new(file), part, &mut number, &mut deriver)?;
                compress(part)?;
            }
        }
        // A crash between a rename and the new file leaves parts alone.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(!parts.is_empty())
            .truncate(false)
            .custom_flags(NO_LINK)
            .open(&path)
            .map_err(|error| read_failure(&path, error))?;
        let good_bytes = read_lines(BufReader::new(&file), &path, &mut number, &mut deriver)?;
        if deriver.start().is_none() {
            return Err(Failure::new(format!("file \"{}\" holds no samples", path.display()))
                .hint("There is nothing to continue; start anew with --force."));
        }
        let failure = |error| read_failure(&path, error);
        file.set_len(good_bytes).map_err(failure)?;
        file.seek(SeekFrom::End(0)).map_err(failure)?;
        Ok((SampleLog { file: Some(file), path, bytes: good_bytes, limit }, deriver))
    }

    /// Where it lies, for messages; `None` if nothing is kept.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Appends a line, piece by piece since a catalog is long, and forces it to disk.
    pub fn append(&mut self, line: &SampleLine) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let failure = |error| write_failure(&self.path, error);
        let mut out = BufWriter::new(&*file);
        serde_json::to_writer(&mut out, line).map_err(|error| failure(error.into()))?;
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(failure)?;
        drop(out);
        file.sync_data().map_err(failure)?;
        self.bytes = file.stream_position().map_err(failure)?;
        if self.bytes >= self.limit { self.rotate() } else { Ok(()) }
    }

    /// Makes the file a part and begins a new one.
    fn rotate(&mut self) -> Result<(), Failure> {
        let failure = |error| write_failure(&self.path, error);
        let number = parts(&self.path).len() + 1;
        let part = part_path(&self.path, number).with_extension("");
        fs::rename(&self.path, &part).map_err(failure)?;
        self.file = Some(OpenOptions::new().write(true).create_new(true).open(&self.path).map_err(failure)?);
        self.bytes = 0;
        compress(&part)
    }
}

/// The parts of a run in order, compressed or not yet.
fn parts(path: &Path) -> Vec<PathBuf> {
    let of_number = |number| {
        let compressed = part_path(path, number);
        let plain = compressed.with_extension("");
        // If both are there, the compressed one is whole: it came by a rename.
        [compressed, plain].into_iter().find(|part| part.exists())
    };
    (1..).map_while(of_number).collect()
}

/// Every file beside a run's that has the name of a part, also of one that is missing in between; sorted.
fn all_parts(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let is_part = |file: &std::ffi::OsStr| {
        let rest = file.as_encoded_bytes().strip_prefix(name).and_then(|rest| rest.strip_prefix(b"."));
        rest.map(|rest| rest.strip_suffix(b".zst").unwrap_or(rest))
            .is_some_and(|number| number.len() >= 4 && number.iter().all(u8::is_ascii_digit))
    };
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.file_name();
        if is_part(&file) {
            parts.push(path.with_file_name(file));
        }
    }
    parts.sort();
    Ok(parts)
}

/// Compresses a part, whole or not at all, and removes what it was made of.
fn compress(part: &Path) -> Result<(), Failure> {
    let failure = |error| write_failure(part, error);
    let mut target = part.as_os_str().to_owned();
    target.push(".zst");
    let folder = part.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failure)?;
    let source = File::open(part).map_err(failure)?;
    zstd::stream::copy_encode(BufReader::new(source), &mut temporary, 3).map_err(failure)?;
    temporary.as_file().sync_all().map_err(failure)?;
    temporary.persist(PathBuf::from(target)).map_err(|error| failure(error.error))?;
    fs::remove_file(part).map_err(failure)
}

/// Reads whole lines; gives their length. `number` counts the lines of the run.
fn read_lines(
    mut reader: impl BufRead,
    path: &Path,
    number: &mut usize,
    deriver: &mut Deriver,
) -> Result<u64, Failure> {
    let mut good_bytes = 0_u64;
    let mut text = Vec::new();
    loop {
        text.clear();
        let failure = |error| read_failure(path, error);
        (&mut reader).take(COUNTERS.len() as u64).read_until(b'\n', &mut text).map_err(failure)?;
        let mut rest = Line { reader: &mut reader, bytes: text.len() as u64, is_whole: text.last() == Some(&b'\n') };
        // Long lines field by field: as one text and one tree, many tables would be most of this program's memory.
        let line = if let Some(begun) = text.strip_prefix(CATALOG) {
            from_fields::<Catalog>(begun, &mut (&mut rest).take(MOST_LINE)).map(SampleLine::Catalog)
        } else if let Some(begun) = text.strip_prefix(COUNTERS) {
            from_fields::<Counters>(begun, &mut (&mut rest).take(MOST_LINE)).map(SampleLine::from)
        } else {
            (&mut rest).take(SHORT_LINE).read_to_end(&mut text).map_err(failure)?;
            serde_json::from_slice(&text)
        };
        rest.skip().map_err(failure)?;
        if !rest.is_whole {
            return Ok(good_bytes); // the end, or a line that a crash cut off
        }
        good_bytes += rest.bytes;
        *number += 1;
        let line = line.map_err(|error| {
            Failure::new(format!("could not read line {number} of file \"{}\"", path.display()))
                .source(error)
                .hint("It was damaged or is not a sample file; start anew with another output.")
        })?;
        check_start(&line, *number, path)?;
        deriver.push_line(line);
        if text.capacity() > LONG_LINE {
            text = Vec::new();
        }
    }
}

/// An object whose opening brace is gone, from the fields that were read already and the rest of its line.
fn from_fields<T: serde::de::DeserializeOwned>(begun: &[u8], rest: &mut impl Read) -> serde_json::Result<T> {
    serde_json::from_reader(BufReader::new(b"{".chain(begun).chain(rest)))
}

/// The fields of [`SampleLine::Counters`].
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters {
    instant: Instant,
    changed: Vec<(u32, RowCounters)>,
    #[serde(default)]
    dropped: Vec<u32>,
}

impl From<Counters> for SampleLine {
    fn from(Counters { instant, changed, dropped }: Counters) -> Self {
        SampleLine::Counters { instant, changed, dropped }
    }
}

/// What is left of a line, with its line feed.
struct Line<'a, R> {
    reader: &'a mut R,
    /// Read of the line so far.
    bytes: u64,
    /// Whether the line feed was read.
    is_whole: bool,
}

impl<R: BufRead> Line<'_, R> {
    /// Reads the rest and forgets it.
    fn skip(&mut self) -> std::io::Result<()> {
        std::io::copy(self, &mut std::io::sink()).map(drop)
    }
}

impl<R: BufRead> Read for Line<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.is_whole {
            return Ok(0);
        }
        let there = self.reader.fill_buf()?;
        let there = &there[..there.len().min(into.len())];
        let count = there.iter().position(|byte| *byte == b'\n').map_or(there.len(), |at| at + 1);
        into[..count].copy_from_slice(&there[..count]);
        self.is_whole = there[..count].ends_with(b"\n");
        self.bytes += count as u64;
        self.reader.consume(count);
        Ok(count)
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!("file \"{}\" already exists", path.display()))
        .hint("Continue it with --resume, or start anew with --force.")
}

fn read_failure(path: &Path, error: std::io::Error) -> Failure {
    let failure = Failure::new(format!("could not read file \"{}\"", path.display()));
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.source(error).hint("There is nothing to continue; leave --resume out to start.")
        }
        _ => failure.source(error),
    }
}

fn check_start(line: &SampleLine, number: usize, path: &Path) -> Result<(), Failure> {
    let problem = match line {
        SampleLine::Start(start) if start.version != SampleStart::VERSION => {
            let (found, reads) = (start.version, SampleStart::VERSION);
            return Err(Failure::new(format!("could not read file \"{}\"", path.display()))
                .source(FormatError::Version { kind: SampleStart::KIND, found, reads })
                .hint("Continue it with the pgslotplan release that began it, or start anew with --force."));
        }
        SampleLine::Start(_) if number > 1 => Some(format!("line {number} starts another run")),
        SampleLine::Start(start) if !start.is_plausible() => {
            Some("its buckets have no length that a run can have".to_owned())
        }
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
    use super::*;
    use files::Existing;
    use pgslotplan::server::ServerFacts;

    fn start() -> SampleLine {
        SampleLine::Start(SampleStart {
            kind: "samples".into(),
            version: SampleStart::VERSION,
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
        let mut log = SampleLog::create(path.clone(), Existing::Refuse, u64::MAX).unwrap();
        for line in [start(), counters(0), counters(5)] {
            log.append(&line).unwrap();
        }
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        let (mut log, deriver) = SampleLog::resume(path.clone(), u64::MAX).unwrap();
        assert_eq!(deriver.previous().unwrap().instant.at.to_string(), "2026-01-05T00:00:00Z");
        log.append(&counters(6)).unwrap();
        let (_, deriver) = SampleLog::resume(path.clone(), u64::MAX).unwrap();
        assert_eq!(deriver.observed_s(), 6.0);
        let message = SampleLog::create(path, Existing::Refuse, u64::MAX).unwrap_err().to_string();
        assert!(message.ends_with("already exists"), "{message}");
    }

    #[test]
    fn a_full_file_becomes_a_part_and_the_run_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.json.samples.jsonl");
        let mut log = SampleLog::create(path.clone(), Existing::Refuse, 300).unwrap();
        log.append(&start()).unwrap();
        for second in 0..40 {
            log.append(&counters(second)).unwrap();
        }
        assert!(path.metadata().unwrap().len() < 300);
        let count = parts(&path).len();
        assert!(count > 5 && parts(&path).iter().all(|part| part.extension().is_some_and(|e| e == "zst")));
        let (_, deriver) = SampleLog::resume(path.clone(), 300).unwrap();
        assert_eq!(deriver.observed_s(), 39.0);
        // a crash after the rename: neither compressed nor begun anew
        let last = path.with_extension(format!("jsonl.{:04}", count + 1));
        fs::rename(&path, &last).unwrap();
        let (mut log, deriver) = SampleLog::resume(path.clone(), 300).unwrap();
        assert_eq!(deriver.observed_s(), 39.0);
        assert!(!last.exists() && parts(&path).len() == count + 1);
        log.append(&counters(45)).unwrap();
        assert_eq!(SampleLog::resume(path.clone(), 300).unwrap().1.observed_s(), 45.0);
        assert!(SampleLog::create(path.clone(), Existing::Refuse, 300).is_err());
        drop(SampleLog::create(path.clone(), Existing::Replace, 300).unwrap());
        assert!(parts(&path).is_empty());
    }

    #[test]
    fn parts_of_another_run_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.json.samples.jsonl");
        let part = |name: &str| folder.path().join(format!("w.json.samples.jsonl.{name}"));
        let mut log = SampleLog::create(path.clone(), Existing::Refuse, 300).unwrap();
        for line in std::iter::once(start()).chain((0..20).map(counters)) {
            log.append(&line).unwrap();
        }
        // A crash after the compressing: both forms are there. They go together, or the plain one would begin the next run.
        fs::write(part("0001"), "half a lin").unwrap();
        SampleLog::resume(path.clone(), 300).unwrap();
        assert!(!part("0001").exists() && part("0001.zst").exists());
        fs::write(part("0001"), "half a lin").unwrap();
        let log = SampleLog::create(path.clone(), Existing::Replace, 300).unwrap();
        assert!(all_parts(&path).unwrap().is_empty());
        drop(log);
        fs::write(part("0007.zst"), "of another run").unwrap();
        let refused = SampleLog::resume(path.clone(), 300).unwrap_err().to_string();
        assert!(refused.contains("0007.zst\" does not follow"), "{refused}");
        fs::remove_file(&path).unwrap();
        assert!(SampleLog::check_new(&path).unwrap_err().to_string().contains("0007.zst"));
        fs::remove_file(part("0007.zst")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        for existing in [Existing::Refuse, Existing::Replace] {
            assert!(SampleLog::create(path.clone(), existing, 300).is_err());
        }
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn what_no_run_can_be_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for (field, value) in [("\"bucket_s\":10", "\"bucket_s\":0"), ("\"interval_s\":5.0", "\"interval_s\":-1")] {
            let line = serde_json::to_string(&start()).unwrap();
            assert!(line.contains(field), "{line}");
            fs::write(&path, format!("{}\n", line.replace(field, value))).unwrap();
            let refused = SampleLog::resume(path.clone(), u64::MAX).unwrap_err().to_string();
            assert!(refused.contains("no length that a run can have"), "{refused}");
        }
    }

    fn catalog() -> SampleLine {
        let table = |oid: u32| {
            format!(
                r#"{{"oid":{oid},"table":{{"schema":"public","name":"t{oid}","kind":"table"}},"width_source":"types"}}"#
            )
        };
        let tables: Vec<String> = (1..=400).map(table).collect();
        let text = format!(
            r#"{{"line":"catalog","at":"2026-01-05T00:00:00Z","tables":[{}],"foreign_keys":[],"excluded":[],
               "sequence_count":0,"large_object_count":0}}"#,
            tables.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn catalogs_are_read_table_by_table_and_torn_ones_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.json.samples.jsonl");
        let mut log = SampleLog::create(path.clone(), Existing::Refuse, u64::MAX).unwrap();
        for line in [start(), catalog(), counters(0), counters(5), catalog()] {
            log.append(&line).unwrap();
        }
        drop(log);
        let whole = fs::read(&path).unwrap();
        let table_count = || {
            let (_, deriver) = SampleLog::resume(path.clone(), u64::MAX).unwrap();
            deriver.workload().map(|workload| workload.tables.len())
        };
        assert_eq!(table_count(), Ok(400));
        // without its line feed, within the catalog, within the beginning of the line
        let last = serde_json::to_vec(&catalog()).unwrap().len() + 1;
        for cut in [1, 20, last - 5] {
            fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            assert_eq!(table_count(), Ok(400));
            assert_eq!(fs::metadata(&path).unwrap().len() as usize, whole.len() - last, "{cut}");
        }
        let damaged = String::from_utf8(whole).unwrap().replace(r#""oid":7,"#, r#""oid":"7","#);
        fs::write(&path, damaged).unwrap();
        let refused = SampleLog::resume(path.clone(), u64::MAX).unwrap_err().to_string();
        assert!(refused.contains("could not read line 2"), "{refused}");
    }

    #[test]
    fn files_that_are_no_samples_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let refused = |text: &str| {
            std::fs::write(&path, text).unwrap();
            SampleLog::resume(path.clone(), u64::MAX).unwrap_err().to_string()
        };
        assert!(refused("").contains("holds no samples"));
        assert!(refused("{\"kind\":\"plan\"}\n").contains("line 1"));
        let newer = serde_json::to_string(&start()).unwrap().replace("\"version\":2", "\"version\":9");
        assert!(refused(&format!("{newer}\n")).contains("format version 9"));
        let line = serde_json::to_string(&counters(1)).unwrap();
        assert!(refused(&format!("{line}\n")).contains("first line"));
    }
}
