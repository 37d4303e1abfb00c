//! A data folder as initdb leaves it, kept beside the package and copied for each new cluster: a third or less of initdb's
//! time. A copy gets a system identifier of its own, since tools tell clusters apart by it.
//!
//! The identifier stands in two places: the first eight bytes of `global/pg_control`, covered by a CRC-32C
//! (`pg_control.h`), and the long header of the first WAL page, at byte 24 (`xlog_internal.h`). Whatever does not
//! look exactly like that is not copied, and initdb does the work.

use std::{
    ffi::OsStr,
    fs, io,
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::{FileExt, PermissionsExt},
        },
    },
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, open, openat};

use super::{ServerBinaries, account::ServerAccount, packages::lock};

/// The identifier's place in a WAL segment's first page.
const WAL_IDENTIFIER_AT: u64 = 24;

fn place(binaries: &ServerBinaries) -> Option<PathBuf> {
    Some(binaries.folder.parent()?.join("template"))
}

/// Fills an empty data folder from the template, before it is given to the servers' account; false when there is none or it
/// cannot be used.
pub(super) fn restore(binaries: &ServerBinaries, data: &Path) -> bool {
    let Some(template) = place(binaries).filter(|template| template.is_dir()) else { return false };
    let restored = copy_folder(&template, data).and_then(|()| give_new_identifier(data, new_identifier()));
    if restored.is_err() {
        empty(data);
    }
    restored.is_ok()
}

/// Keeps a fresh data folder as the template. Failing is no harm: the next cluster runs initdb again.
pub(super) fn keep(binaries: &ServerBinaries, data: &Path, account: Option<ServerAccount>) {
    let Some(template) = place(binaries) else { return };
    let Some(package) = template.parent() else { return };
    let Ok(_lock) = lock(package) else { return };
    if template.exists() {
        return;
    }
    let building = template.with_extension("new");
    let _ = fs::remove_dir_all(&building);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = open(data, flags, Mode::empty()).map_err(io::Error::from);
    let copied = fs::create_dir(&building).and(opened).and_then(|data| copy_of_account(data, &building, account));
    if copied.and_then(|()| fs::rename(&building, &template)).is_err() {
        let _ = fs::remove_dir_all(&building);
    }
}

/// Copies a folder that belongs to the servers' account: what it holds may be replaced while root looks at it, so it is read
/// through what was opened, and no link is followed.
fn copy_of_account(from: OwnedFd, to: &Path, account: Option<ServerAccount>) -> io::Result<()> {
    for entry in Dir::read_from(&from)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = openat(&from, name, flags, Mode::empty())?;
        let facts = fstat(&opened)?;
        if account.is_some_and(|account| !account.made(&facts)) {
            return Err(io::Error::other("a file of somebody else"));
        }
        let target = to.join(OsStr::from_bytes(name.to_bytes()));
        match FileType::from_raw_mode(facts.st_mode) {
            FileType::Directory => {
                fs::create_dir(&target)?;
                fs::set_permissions(&target, fs::Permissions::from_mode(0o700))?;
                copy_of_account(opened, &target, account)?;
            }
            FileType::RegularFile => {
                let mut copy = fs::File::create_new(&target)?;
                copy.set_permissions(fs::Permissions::from_mode(0o600))?;
                io::copy(&mut fs::File::from(opened), &mut copy)?;
            }
            _ => return Err(io::Error::other("neither a file nor a folder")),
        }
    }
    Ok(())
}

/// Copies files and folders, closed to others as the server wants them.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(0o700))?;
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
    }
}

/// As initdb makes them: seconds in the upper half, what tells apart within a second in the lower.
fn new_identifier() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs() << 32 | u64::from(now.subsec_micros()) << 12 | u64::from(std::process::id() & 0xFFF)
}

fn give_new_identifier(data: &Path, identifier: u64) -> io::Result<()> {
    let path = data.join("global/pg_control");
    let mut control = fs::read(&path)?;
    let old = set_control_identifier(&mut control, identifier)
        .ok_or_else(|| io::Error::other("pg_control is not of the known form"))?;
    for entry in fs::read_dir(data.join("pg_wal"))? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let segment = fs::File::options().read(true).write(true).open(entry.path())?;
        let mut found = [0; 8];
        segment.read_exact_at(&mut found, WAL_IDENTIFIER_AT)?;
        if found != old {
            return Err(io::Error::other("a WAL segment does not begin with the system identifier"));
        }
        segment.write_all_at(&identifier.to_ne_bytes(), WAL_IDENTIFIER_AT)?;
    }
    fs::write(&path, control)
}

/// Puts an identifier into the bytes of `pg_control` and gives the old one; none when no checksum is found. The
/// checksum is the last field, and the length of what it covers differs by version: it stands where it is right.
fn set_control_identifier(control: &mut [u8], identifier: u64) -> Option<[u8; 8]> {
    let old: [u8; 8] = control.get(..8)?.try_into().ok()?;
    let is_checksum = |at: &usize| control.get(*at..at + 4) == Some(&crc32c(&control[..*at]).to_ne_bytes()[..]);
    let at = (128..512.min(control.len())).step_by(4).find(is_checksum)?;
    control[..8].copy_from_slice(&identifier.to_ne_bytes());
    let checksum = crc32c(&control[..at]).to_ne_bytes();
    control[at..at + 4].copy_from_slice(&checksum);
    Some(old)
}

/// CRC-32C (Castagnoli; RFC 3720, B.4), bit by bit: it covers 300 bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    let shift = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shift(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA); // RFC 3720, B.4
    }

    #[test]
    fn an_identifier_is_replaced_only_under_its_checksum() {
        let mut control = vec![7_u8; 8192];
        let checksum = crc32c(&control[..288]).to_ne_bytes();
        control[288..292].copy_from_slice(&checksum);
        assert_eq!(set_control_identifier(&mut control, 42), Some([7; 8]));
        assert_eq!(control[..8], 42_u64.to_ne_bytes());
        assert_eq!(control[288..292], crc32c(&control[..288]).to_ne_bytes());
        control[100] ^= 1;
        assert_eq!(set_control_identifier(&mut control, 43), None);
        assert_eq!(control[..8], 42_u64.to_ne_bytes());
    }
}
