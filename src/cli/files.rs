//! Reading and writing files: whole or not at all, with the path in every error.
//!
//! `-` is standard input or output; zstd is recognised by its magic number when reading and by `.zst` when writing. An
//! output that exists is refused without `--force`, since a workload that took a week to sample must not be lost to a typo.
#![expect(clippy::disallowed_methods, reason = "this is the edge: files are read and written here")]

use std::{
    fs,
    io::{self, BufWriter, Read, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use pgslotplan::{
    format::{self, Document, FormatError},
    plan::Plan,
};

pub use super::directory::{check_directory, write_directory};
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
/// Our largest files, unpacked: a year of hours of 20,000 tables has half of that.
const MOST_BYTES: u64 = 2 << 30;
/// A policy, a list of names: what people write by hand.
const MOST_TEXT_BYTES: u64 = 16 << 20;
/// What any compressed file may unpack to, and how many times its own size a larger one may: ours shrink to a thirtieth.
const PACKED: (u64, u64) = (64 << 20, 400);

/// The second reader of standard input would find nothing there.
static STANDARD_INPUT_WAS_READ: AtomicBool = AtomicBool::new(false);

/// Reads a file or standard input, decompressed.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(path, MOST_BYTES)
}

/// The same; a file that is longer, or unpacks to more, is refused before it fills the memory.
fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failure = |error: io::Error| Failure::new(format!("could not read {}", shown(path))).source(error);
    let bytes = if is_standard(path) {
        if STANDARD_INPUT_WAS_READ.swap(true, Ordering::Relaxed) {
            return Err(Failure::new("standard input can be read only once").hint("Give a file for the other \"-\"."));
        }
        read_limited(io::stdin().lock(), most)
    } else {
        fs::File::open(path).and_then(|file| read_limited(file, most))
    };
    let bytes = bytes.map_err(failure)?;
    if !bytes.starts_with(&ZSTD_MAGIC) {
        return Ok(bytes);
    }
    let most = most.min(PACKED.0.max(PACKED.1.saturating_mul(bytes.len() as u64)));
    let decoder = zstd::Decoder::with_buffer(bytes.as_slice());
    decoder.and_then(|decoder| read_limited(decoder, most)).map_err(failure)
}

/// All of it, unless it is longer than `most` bytes.
pub fn read_limited(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_at_most(path, MOST_TEXT_BYTES)?)
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
    for (side, version) in [("publisher", plan.publisher_version), ("subscriber", plan.subscriber_version)] {
        if version.is_too_new() {
            let newest = pgslotplan::server::NEWEST_MAJOR;
            return Err(Failure::new(format!(
                "{} is for a {side} of version {}, and {newest} is the newest supported",
                shown(path),
                version.major()
            ))
            .hint("Use the pgslotplan release that wrote the file, or a newer one."));
        }
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
        "baseline" | "statement_plans" => {
            Some("Use the release that wrote it; a window that is over cannot be taken again.")
        }
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
        _ => None,
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
    if path.is_symlink() {
        return Err(Failure::new(format!("{} is a symbolic link", shown(path)))
            .detail("What it leads to may not be what is meant, so it is not replaced even under --force.")
            .hint("Give the name of the file itself."));
    }
    Ok(())
}

/// The mode of what is there, which a new one in its place does not widen.
pub(super) fn mode_of(path: &Path) -> Option<u32> {
    let metadata = path.symlink_metadata().ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777)
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!("{} already exists", shown(path))).hint("Choose another name, or add --force to replace it.")
}

/// A device or pipe: written to directly, never replaced.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

pub(super) fn parent_of(path: &Path) -> &Path {
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
    let target = path.to_owned();
    let mut file = tempfile::Builder::new()
        .prefix(".pgslotplan-")
        .permissions(permissions(mode_of(&target).unwrap_or(0o666)))
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
pub(super) fn permissions(mode: u32) -> fs::Permissions {
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
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        drop(folder.sync_all());
    }
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
    fn what_unpacks_to_too_much_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.json.zst");
        let zeros = io::repeat(b' ').take(200 << 20);
        let packed = zstd::encode_all(zeros, 19).unwrap();
        assert!(packed.len() < 100_000, "{}", packed.len());
        fs::write(&path, &packed).unwrap();
        let refused = text(read_bytes(&path).unwrap_err());
        assert!(refused.ends_with("it has more than 67108864 bytes"), "{refused}");
        assert!(text(read_at_most(Path::new("/dev/zero"), 1000).unwrap_err()).contains("more than 1000 bytes"));
        fs::write(&path, zstd::encode_all(&b"{}"[..], 3).unwrap()).unwrap();
        assert_eq!(read_bytes(&path).unwrap(), b"{}");
    }

    #[test]
    fn a_link_is_not_followed_and_a_mode_not_widened() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.json"), folder.path().join("link.json"));
        write_bytes(&path, Existing::Refuse, b"one").unwrap();
        fs::set_permissions(&path, permissions(0o600)).unwrap();
        write_bytes(&path, Existing::Replace, b"two").unwrap();
        assert_eq!(mode_of(&path), Some(0o600));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(text(write_bytes(&link, Existing::Replace, b"three").unwrap_err()).contains("symbolic link"));
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let nowhere = folder.path().join("nowhere.json");
        std::os::unix::fs::symlink(folder.path().join("gone"), &nowhere).unwrap();
        assert!(text(write_bytes(&nowhere, Existing::Refuse, b"x").unwrap_err()).contains("already exists"));
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
