//! Reading and writing files: whole or not at all, with the path in every error.
//!
//! `-` is standard input or output; zstd is recognised by its magic number when reading and by `.zst` when writing. An
//! output that exists is refused without `--force`, since a workload that took a week to sample must not be lost to a typo.
#![expect(clippy::disallowed_methods, reason = "this is the edge: files are read and written here")]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Read, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use pgslotplan::{
    format::{self, Document, FormatError},
    plan::Plan,
};

use super::output::{Failure, stdout_failure};

/// What to do with an output that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and say so.
    Refuse,
    /// Put the new one in its place, atomically.
    Replace,
}

/// `--force`, the same wherever something is written.
#[derive(Debug, Clone, clap::Args)]
pub struct ForceArg {
    /// Replace an output that exists
    #[arg(short = 'f', long)]
    pub force: bool,
}

impl ForceArg {
    /// The meaning of the flag.
    pub fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Refuse }
    }
}

/// Whether a path means standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The path as messages show it.
pub fn shown(path: &Path) -> String {
    if is_standard(path) { "standard input".to_owned() } else { format!("file \"{}\"", path.display()) }
}

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// The second reader of standard input would find nothing there.
static STANDARD_INPUT_WAS_READ: AtomicBool = AtomicBool::new(false);

/// Reads a file or standard input, decompressed.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let failure = |error: io::Error| Failure::new(format!("could not read {}", shown(path))).source(error);
    let bytes = if is_standard(path) {
        if STANDARD_INPUT_WAS_READ.swap(true, Ordering::Relaxed) {
            return Err(Failure::new("standard input can be read only once").hint("Give a file for the other \"-\"."));
        }
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.map_err(failure)?;
    if bytes.starts_with(&ZSTD_MAGIC) { zstd::decode_all(bytes.as_slice()).map_err(failure) } else { Ok(bytes) }
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_bytes(path)?)
        .map_err(|error| Failure::new(format!("could not read {}", shown(path))).source(error))
}

/// Reads one of our files.
pub fn read_document<T: Document>(path: &Path) -> Result<T, Failure> {
    format::read(&read_bytes(path)?).map_err(|error| unreadable(path, error))
}

/// A plan from a file, refused when it was changed after it was written.
pub fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let plan: Plan = read_document(path)?;
    if plan.plan_sha256 != plan.digest() {
        return Err(Failure::new(format!("{} was changed after it was written: its digest differs", shown(path)))
            .hint("Change the policy and plan again; \"pgslotplan audit\" tells what no longer holds."));
    }
    Ok(plan)
}

/// What to do about a file of an older format: there is nothing in it that its command would not find again.
fn made_again(kind: &str) -> Option<&'static str> {
    match kind {
        "workload" => Some("Sample again with this release."),
        "plan" => Some("Plan again with this release; a plan follows from its workload and policy."),
        "scripts" => Some("Emit again with this release."),
        "calibration" => Some("Calibrate again with this release."),
        "forecast" => Some("Simulate again with this release."),
        _ => None,
    }
}

/// An error in the content of one of our files, with the path and a hint.
pub fn unreadable(path: &Path, error: FormatError) -> Failure {
    let hint = match &error {
        FormatError::Version { kind, found, reads } if found < reads => made_again(kind),
        FormatError::Version { .. } => Some("Use the pgslotplan release that wrote the file, or a newer one."),
        FormatError::Kind { .. } => Some("Check the order of the arguments."),
        FormatError::Syntax { message, .. } if message.contains("EOF") => {
            Some("The file ends too early: it was cut off, or is still being written.")
        }
        FormatError::Foreign => Some("Workloads are written by \"sample\" and \"generate\", plans by \"plan\"."),
        FormatError::Syntax { .. } | FormatError::Content { .. } => None,
    };
    let failure = Failure::new(format!("could not read {}", shown(path))).source(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Refuses early, before hours of work, what [`write`] would refuse at the end.
pub fn check_output(path: &Path, existing: Existing) -> Result<(), Failure> {
    if is_standard(path) || is_special(path) {
        return Ok(());
    }
    let parent = parent_of(path);
    if !parent.is_dir() {
        return Err(Failure::new(format!("could not write {}", shown(path)))
            .source(io::Error::other(format!("folder \"{}\" does not exist", parent.display())))
            .hint("Make the folder first."));
    }
    if path.is_dir() {
        return Err(Failure::new(format!("could not write {}", shown(path)))
            .source(io::Error::other("it is a directory"))
            .hint("Give the name of a file in it."));
    }
    if existing == Existing::Refuse && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!("{} already exists", shown(path))).hint("Choose another name, or add --force to replace it.")
}

/// A device or pipe: written to directly, never replaced.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file whole or not at all: into a temporary file beside it, synced, then renamed. `fill` writes the content.
pub fn write(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    if is_standard(path) {
        let mut out = BufWriter::new(io::stdout().lock());
        return fill(&mut out).and_then(|()| out.flush()).map_err(stdout_failure);
    }
    check_output(path, existing)?;
    let failure = |error: io::Error| write_failure(path, error);
    if is_special(path) {
        let mut out = BufWriter::new(fs::OpenOptions::new().write(true).open(path).map_err(failure)?);
        return compress(path, &mut out, fill).and_then(|()| out.flush()).map_err(failure);
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut file = tempfile::Builder::new()
        .prefix(".pgslotplan-")
        .permissions(permissions(0o666))
        .tempfile_in(parent_of(&target))
        .map_err(failure)?;
    let mut out = BufWriter::new(file.as_file_mut());
    compress(path, &mut out, fill).and_then(|()| out.flush()).map_err(failure)?;
    drop(out);
    file.as_file().sync_all().map_err(failure)?;
    let stored = match existing {
        Existing::Replace => file.persist(&target).map(drop),
        Existing::Refuse => file.persist_noclobber(&target).map(drop),
    };
    stored.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => failure(error.error),
    })?;
    sync_folder(parent_of(&target));
    Ok(())
}

/// Writes text; see [`write`].
pub fn write_bytes(path: &Path, existing: Existing, content: &[u8]) -> Result<(), Failure> {
    write(path, existing, |out| out.write_all(content))
}

/// The temporary file takes the umask, as any file that a user makes.
#[cfg(unix)]
fn permissions(mode: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(mode)
}

fn write_failure(path: &Path, error: io::Error) -> Failure {
    let full = error.kind() == io::ErrorKind::StorageFull;
    let failure = Failure::new(format!("could not write {}", shown(path))).source(error);
    if full { failure.hint("Free some space there; nothing was changed.") } else { failure }
}

fn compress(path: &Path, out: &mut dyn Write, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if path.extension().is_none_or(|extension| extension != "zst") {
        return fill(out);
    }
    let mut encoder = zstd::Encoder::new(out, 3)?;
    fill(&mut encoder)?;
    encoder.finish().map(drop)
}

/// Makes a rename durable. A file system that cannot sync folders has nothing better to offer, so it may fail.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        drop(folder.sync_all());
    }
}

/// Writes a directory of files whole or not at all. One that exists is replaced only under `--force`, and only if it
/// holds a `manifest.json`: a folder that somebody else filled is never removed. Names ending in `.sh` can be executed.
pub fn write_directory(path: &Path, existing: Existing, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let failure =
        |error: io::Error| Failure::new(format!("could not write directory \"{}\"", path.display())).source(error);
    check_directory(path, existing)?;
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let staging = tempfile::Builder::new()
        .prefix(".pgslotplan-")
        .permissions(permissions(0o777))
        .tempdir_in(parent_of(&target))
        .map_err(failure)?;
    for (name, content) in files {
        write_member(&staging.path().join(name), content).map_err(failure)?;
    }
    sync_folder(staging.path());
    let old = if target.exists() { Some(set_aside(&target).map_err(failure)?) } else { None };
    fs::rename(staging.path(), &target).map_err(|error| {
        if let Some(old) = &old {
            drop(fs::rename(old.path().join("old"), &target));
        }
        failure(error)
    })?;
    drop(staging.keep()); // it is no longer there under its old name
    sync_folder(parent_of(&target));
    Ok(())
}

/// Refuses early what [`write_directory`] would refuse at the end.
pub fn check_directory(path: &Path, existing: Existing) -> Result<(), Failure> {
    if is_standard(path) {
        return Err(Failure::new("a directory cannot be written to standard output").hint("Give a directory's name."));
    }
    let quoted = path.display();
    if path.symlink_metadata().is_err() {
        let parent = parent_of(path);
        return if parent.is_dir() {
            Ok(())
        } else {
            Err(Failure::new(format!("could not write directory \"{quoted}\""))
                .source(io::Error::other(format!("folder \"{}\" does not exist", parent.display())))
                .hint("Make the folder first."))
        };
    }
    if !path.is_dir() {
        return Err(Failure::new(format!("\"{quoted}\" exists and is not a directory")).hint("Choose another name."));
    }
    let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if empty {
        Ok(())
    } else if existing == Existing::Refuse {
        Err(Failure::new(format!("directory \"{quoted}\" already exists and is not empty"))
            .hint("Choose another name, or add --force to replace all that is in it."))
    } else if !path.join("manifest.json").is_file() {
        Err(Failure::new(format!("directory \"{quoted}\" was not written by pgslotplan"))
            .detail("It holds no manifest.json, so it is not replaced even under --force.")
            .hint("Choose another name."))
    } else {
        Ok(())
    }
}

fn write_member(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    if path.extension().is_some_and(|extension| extension == "sh") {
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions());
        file.set_permissions(permissions(mode | (mode & 0o444) >> 2))?;
    }
    file.sync_all()
}

/// Moves an old directory out of the way, into a folder that goes when the value does.
fn set_aside(target: &Path) -> io::Result<tempfile::TempDir> {
    let aside = tempfile::Builder::new().prefix(".pgslotplan-old-").tempdir_in(parent_of(target))?;
    fs::rename(target, aside.path().join("old"))?;
    Ok(aside)
}

/// The file of a database in a folder of many: follows from the database's name alone, so that `--resume` finds it again.
/// What is not plain is percent-encoded, capitals too, since some file systems take them for small letters.
pub fn of_database(database: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    // not an option of whatever is given DIR/*, nor the list of all files
    let first_is_plain = !database.starts_with('-') && database != "manifest";
    let encoded = database.bytes().enumerate().map(|(at, byte)| match byte {
        byte if plain(byte) && (at > 0 || first_is_plain) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("{}.json", encoded.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(failure: Failure) -> String {
        failure.to_string()
    }

    #[test]
    fn files_are_replaced_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_bytes(&path, Existing::Refuse, b"one").unwrap();
        assert!(text(write_bytes(&path, Existing::Refuse, b"two").unwrap_err()).contains("already exists"));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_bytes(&path, Existing::Replace, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_failing_writer_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_bytes(&path, Existing::Refuse, b"one").unwrap();
        let failed = write(&path, Existing::Replace, |out| {
            out.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(text(failed.unwrap_err()).contains("a.json"));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn zstd_is_written_by_name_and_read_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json.zst");
        write_bytes(&path, Existing::Refuse, b"{}\n").unwrap();
        assert!(fs::read(&path).unwrap().starts_with(&ZSTD_MAGIC));
        let renamed = folder.path().join("b.json");
        fs::rename(&path, &renamed).unwrap();
        assert_eq!(read_bytes(&renamed).unwrap(), b"{}\n");
    }

    #[test]
    fn a_full_device_is_named() {
        let failure = write_bytes(Path::new("/dev/full"), Existing::Refuse, b"x").unwrap_err();
        assert!(text(failure).contains("could not write file \"/dev/full\": No space left on device"));
    }

    #[test]
    fn directories_of_others_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let files = |content: &str| {
            let member = |name: &str| (name.to_owned(), content.as_bytes().to_vec());
            BTreeMap::from([member("manifest.json"), member("sub/run.sh")])
        };
        write_directory(&path, Existing::Refuse, &files("one")).unwrap();
        assert!(text(write_directory(&path, Existing::Refuse, &files("two")).unwrap_err()).contains("not empty"));
        write_directory(&path, Existing::Replace, &files("two")).unwrap();
        assert_eq!(fs::read(path.join("sub/run.sh")).unwrap(), b"two");
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.join("sub/run.sh").metadata().unwrap().permissions());
        assert_eq!(mode & 0o100, 0o100);
        fs::remove_file(path.join("manifest.json")).unwrap();
        let refused = text(write_directory(&path, Existing::Replace, &files("three")).unwrap_err());
        assert!(refused.contains("was not written by pgslotplan"), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn any_database_has_one_file_of_its_own() {
        for (database, expected) in [
            ("shop", "shop.json"),
            ("Shop", "%53hop.json"),
            ("../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.json"),
            ("-rf", "%2Drf.json"),
            ("a b\n\"$(x)\"", "a%20b%0A%22%24%28x%29%22.json"),
            ("caf\u{e9}", "caf%C3%A9.json"),
            ("manifest", "%6Danifest.json"),
        ] {
            assert_eq!(of_database(database), expected);
        }
        // The longest name there is, with the ending of a compressed part, is still a file name.
        assert!(of_database(&"\u{e9}".repeat(31)).len() + ".samples.jsonl.0001.zst".len() < 255);
    }
}
