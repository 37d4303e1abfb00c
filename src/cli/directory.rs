//! Folders of files: whole or not at all. One that exists is replaced only under `--force`, and only if nothing is in it but
//! what its manifest names: what somebody else put there, or changed, is never removed.
#![expect(clippy::disallowed_methods, reason = "this is the edge: folders are read and written here")]

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use pgslotplan::{format, names::one_line, plan::Plan};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    files::{Existing, is_standard, mode_of, parent_of, permissions, read_limited, sync_folder},
    output::Failure,
};

/// What every folder of ours has.
const MANIFEST: &str = "manifest.json";
/// A kit's largest file is smaller by far.
const MOST_BYTES: u64 = 1 << 30;

/// Writes a directory of files whole or not at all. Names ending in `.sh` can be executed.
pub fn write_directory(path: &Path, existing: Existing, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let failure =
        |error: io::Error| Failure::new(format!("could not write directory \"{}\"", path.display())).source(error);
    check_directory(path, existing)?;
    let target = plain(path);
    let staging = tempfile::Builder::new()
        .prefix(".pgslotplan-")
        .permissions(permissions(mode_of(&target).unwrap_or(0o777)))
        .tempdir_in(parent_of(&target))
        .map_err(failure)?;
    for (name, content) in files {
        write_member(&staging.path().join(name), content, mode_of(&target.join(name))).map_err(failure)?;
    }
    sync_folder(staging.path());
    if target.exists() {
        replace(staging, &target).map_err(failure)?;
    } else {
        fs::rename(staging.path(), &target).map_err(failure)?;
        drop(staging.keep()); // it is no longer there under its old name
    }
    sync_folder(parent_of(&target));
    Ok(())
}

/// Puts the new folder in the place of the old one, at no moment without either, and removes the old one.
fn replace(staging: tempfile::TempDir, target: &Path) -> io::Result<()> {
    let changed = |error: String| io::Error::other(format!("it was changed meanwhile: {error}"));
    match renameat_with(CWD, staging.path(), CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => {
            // Somebody may have put something there since it was looked at: then it comes back.
            if let Err(error) = is_ours(staging.path()) {
                renameat_with(CWD, staging.path(), CWD, target, RenameFlags::EXCHANGE)?;
                return Err(changed(error));
            }
            staging.close()
        }
        // A file system that cannot exchange: a kill between the two renames leaves the old folder where it is found again.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            let old = set_aside(target);
            fs::rename(target, &old)?;
            if let Err(error) = is_ours(&old) {
                fs::rename(&old, target)?;
                return Err(changed(error));
            }
            fs::rename(staging.path(), target).or_else(|error| fs::rename(&old, target).and(Err(error)))?;
            drop(staging.keep());
            fs::remove_dir_all(old)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where an old folder waits for the new one to take its place.
fn set_aside(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".pgslotplan-old");
    parent_of(target).join(name)
}

/// Without a slash at its end, which would follow a link.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Refuses early what [`write_directory`] would refuse at the end.
pub fn check_directory(path: &Path, existing: Existing) -> Result<(), Failure> {
    if is_standard(path) {
        return Err(Failure::new("a directory cannot be written to standard output").hint("Give a directory's name."));
    }
    let target = plain(path);
    let quoted = path.display();
    let failure = |error: io::Error| Failure::new(format!("could not write directory \"{quoted}\"")).source(error);
    if target.symlink_metadata().is_err() && set_aside(&target).is_dir() {
        fs::rename(set_aside(&target), &target).map_err(failure)?; // a run before was killed
    }
    if target.symlink_metadata().is_err() {
        let parent = parent_of(&target);
        return if parent.is_dir() {
            Ok(())
        } else {
            let missing = format!("folder \"{}\" does not exist", parent.display());
            Err(failure(io::Error::other(missing)).hint("Make the folder first."))
        };
    }
    if target.is_symlink() {
        return Err(Failure::new(format!("\"{quoted}\" is a symbolic link"))
            .detail("What it leads to may not be what is meant, so it is not replaced even under --force.")
            .hint("Give the name of the directory itself."));
    }
    if !target.is_dir() {
        return Err(Failure::new(format!("\"{quoted}\" exists and is not a directory")).hint("Choose another name."));
    }
    if fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_none()) {
        return Ok(());
    }
    if existing == Existing::Refuse {
        return Err(Failure::new(format!("directory \"{quoted}\" already exists and is not empty"))
            .hint("Choose another name, or add --force to replace all that is in it."));
    }
    is_ours(&target).map_err(|reason| {
        Failure::new(format!("directory \"{quoted}\" does not hold only what pgslotplan wrote"))
            .detail(format!("{}, so the directory is not replaced even under --force.", one_line(&reason)))
            .hint("Choose another name, or move what is not of the kit, such as a state folder, elsewhere.")
    })
}

/// Whether a folder holds nothing but what its manifest names, unchanged. Else the first thing that is not, in words.
fn is_ours(folder: &Path) -> Result<(), String> {
    let named = named(folder)?;
    let mut found = Vec::new();
    list(folder, Path::new(""), &mut found)?;
    for name in found.iter().filter(|name| *name != MANIFEST) {
        let Some(digest) = named.get(name) else {
            return Err(format!("It holds \"{name}\", which its manifest does not name"));
        };
        let content = content(&folder.join(name))
            .map_err(|error| format!("It holds \"{name}\", which cannot be read: {error}"))?;
        let is_unchanged = match digest {
            Some(digest) => format::hex(&Sha256::digest(&content)) == *digest,
            // a plan has its digest in itself
            None => format::read::<Plan>(&content).is_ok_and(|plan| plan.plan_sha256 == plan.digest()),
        };
        if !is_unchanged {
            return Err(format!("\"{name}\" in it was changed"));
        }
    }
    Ok(())
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    fs::File::open(path).and_then(|file| read_limited(file, MOST_BYTES))
}

/// The files that a manifest of ours names, with their digests; plans have none there.
fn named(folder: &Path) -> Result<BTreeMap<String, Option<String>>, String> {
    let none = || "It holds no manifest.json of pgslotplan".to_owned();
    let path = folder.join(MANIFEST);
    if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(none());
    }
    let manifest: Value = content(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).ok_or_else(none)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let files: Option<BTreeMap<String, Option<String>>> = match manifest["kind"].as_str() {
        Some("scripts") => manifest["files"].as_object().map(|files| {
            files.iter().map(|(name, digest)| (name.clone(), Some(text(digest).unwrap_or_default()))).collect()
        }),
        Some("plans") => manifest["plans"]
            .as_array()
            .map(|plans| plans.iter().filter_map(|entry| Some((text(&entry["file"])?, None))).collect()),
        _ => None,
    };
    files.ok_or_else(none)
}

/// Every file below a folder, by its name from there on. A link, and a folder with nothing in it, is nothing of ours.
fn list(folder: &Path, below: &Path, found: &mut Vec<String>) -> Result<(), String> {
    let unreadable = |error: io::Error| format!("Its folder \"{}\" cannot be read: {error}", below.display());
    let mut entries: BTreeSet<OsString> = BTreeSet::new();
    for entry in fs::read_dir(folder.join(below)).map_err(unreadable)? {
        entries.insert(entry.map_err(unreadable)?.file_name());
    }
    if entries.is_empty() && !below.as_os_str().is_empty() {
        return Err(format!("It holds the empty folder \"{}\"", below.display()));
    }
    for entry in entries {
        let name = below.join(entry);
        let kind = folder.join(&name).symlink_metadata().map_err(unreadable)?.file_type();
        if kind.is_dir() {
            list(folder, &name, found)?;
        } else if let (true, Some(text)) = (kind.is_file(), name.to_str()) {
            found.push(text.to_owned());
        } else {
            return Err(format!("It holds \"{}\", which is no plain file", name.display()));
        }
    }
    Ok(())
}

/// `before`: mode of the file in whose place it comes, which it does not widen.
fn write_member(path: &Path, content: &[u8], before: Option<u32>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create_new(path)?;
    file.write_all(content)?;
    let mut mode = mode_of(path).unwrap_or(0o600);
    if path.extension().is_some_and(|extension| extension == "sh") {
        mode |= (mode & 0o444) >> 2;
    }
    file.set_permissions(permissions(mode & before.unwrap_or(mode)))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgslotplan::format::Document;

    fn text(failure: Failure) -> String {
        format!("{failure} {}", failure.detail_text())
    }

    fn files(content: &str) -> BTreeMap<String, Vec<u8>> {
        let digest = format::hex(&Sha256::digest(content.as_bytes()));
        let manifest = serde_json::json!({"kind": "scripts", "files": {"sub/run.sh": digest}}).to_string();
        BTreeMap::from([(MANIFEST.to_owned(), manifest.into_bytes()), ("sub/run.sh".to_owned(), content.into())])
    }

    #[test]
    fn a_kit_is_replaced_whole_with_its_modes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_directory(&path, Existing::Refuse, &files("one")).unwrap();
        assert!(text(write_directory(&path, Existing::Refuse, &files("two")).unwrap_err()).contains("not empty"));
        assert_eq!(mode_of(&path.join("sub/run.sh")).unwrap() & 0o100, 0o100);
        fs::set_permissions(&path, permissions(0o700)).unwrap();
        fs::set_permissions(path.join("sub/run.sh"), permissions(0o700)).unwrap();
        write_directory(&path, Existing::Replace, &files("two")).unwrap();
        assert_eq!(fs::read(path.join("sub/run.sh")).unwrap(), b"two");
        assert_eq!((mode_of(&path), mode_of(&path.join("sub/run.sh"))), (Some(0o700), Some(0o700)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let refused = |word: &str| {
            let said = text(write_directory(&path, Existing::Replace, &files("new")).unwrap_err());
            assert!(said.contains(word), "{said}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        };
        write_directory(&path, Existing::Refuse, &files("one")).unwrap();
        fs::create_dir(path.join(".git")).unwrap();
        refused("the empty folder \".git\"");
        fs::write(path.join(".git/config"), "mine").unwrap();
        refused("\".git/config\", which its manifest does not name");
        fs::remove_dir_all(path.join(".git")).unwrap();
        std::os::unix::fs::symlink("/etc", path.join("sub/link")).unwrap();
        refused("\"sub/link\", which is no plain file");
        fs::remove_file(path.join("sub/link")).unwrap();
        fs::write(path.join("sub/run.sh"), "edited").unwrap();
        refused("\"sub/run.sh\" in it was changed");
        for foreign in ["{\"name\":\"app\",\"files\":{}}", "{\"kind\":\"plan\"}", "not JSON", "[]"] {
            fs::write(path.join(MANIFEST), foreign).unwrap();
            refused("no manifest.json of pgslotplan");
        }
        fs::remove_file(path.join(MANIFEST)).unwrap();
        refused("no manifest.json of pgslotplan");
        assert_eq!(fs::read(path.join("sub/run.sh")).unwrap(), b"edited");
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("out"), folder.path().join("link"));
        write_directory(&path, Existing::Refuse, &files("one")).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for through in [link.clone(), folder.path().join("link/")] {
            assert!(text(check_directory(&through, Existing::Replace).unwrap_err()).contains("symbolic link"));
        }
    }

    #[test]
    fn a_kill_between_two_renames_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_directory(&path, Existing::Refuse, &files("one")).unwrap();
        fs::rename(&path, set_aside(&path)).unwrap();
        assert!(text(check_directory(&path, Existing::Refuse).unwrap_err()).contains("already exists"));
        assert_eq!(fs::read(path.join("sub/run.sh")).unwrap(), b"one");
        write_directory(&path, Existing::Replace, &files("two")).unwrap();
        assert_eq!(fs::read(path.join("sub/run.sh")).unwrap(), b"two");
    }

    #[test]
    fn a_folder_of_plans_holds_plans() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::create_dir(&path).unwrap();
        fs::write(path.join(MANIFEST), "{\"kind\":\"plans\",\"plans\":[{\"file\":\"a.json\"}]}").unwrap();
        is_ours(&path).unwrap();
        fs::write(path.join("a.json"), format!("{{\"kind\":\"{}\"}}", Plan::KIND)).unwrap();
        assert!(is_ours(&path).unwrap_err().contains("was changed"));
    }
}
