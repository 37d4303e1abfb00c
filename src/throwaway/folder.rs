//! A cluster's temporary folder: a short name (a socket's path holds at most 107 bytes), a lock that lives as long as
//! its owner, and the removal of folders whose owner was killed.

use std::{
    env, fs,
    fs::File,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{ThrowawayError, account::ServerAccount};

const PREFIX: &str = "pgsp-";
const LOCK: &str = "lock";

/// The longest temporary folder that leaves room for `/pgsp-XXXXXX/s/.s.PGSQL.65535` in a socket's path.
const LONGEST_PARENT: usize = 70;

/// A cluster's folder, deleted when dropped.
#[derive(Debug)]
pub(super) struct ClusterFolder {
    path: PathBuf,
    // Held, not read: the operating system lets go of it when this process ends, however it ends.
    _lock: File,
}

impl ClusterFolder {
    /// Makes a folder with `s` (sockets) in it, owned by the servers' account, and `data`, which is given to it when it is
    /// filled.
    pub(super) fn create(account: Option<ServerAccount>) -> Result<Self, ThrowawayError> {
        let parent = parent();
        sweep(&parent);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in(&parent)
            .map_err(ThrowawayError::io("create a folder in", &parent))?;
        let lock = hold(folder.path()).map_err(ThrowawayError::io("lock", folder.path()))?;
        for name in ["data", "s"] {
            let inner = folder.path().join(name);
            fs::create_dir(&inner).map_err(ThrowawayError::io("create", &inner))?;
            fs::set_permissions(&inner, fs::Permissions::from_mode(0o700))
                .map_err(ThrowawayError::io("set the mode of", &inner))?;
            if let Some(account) = account.filter(|_| name == "s") {
                account.own(&inner)?;
            }
        }
        Ok(ClusterFolder { path: folder.keep(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(super) fn sockets(&self) -> PathBuf {
        self.path.join("s")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }
}

impl Drop for ClusterFolder {
    fn drop(&mut self) {
        // A backend that outlives a killed postmaster for a moment can still make files: try again, with an end.
        for _ in 0..50 {
            match fs::remove_dir_all(&self.path) {
                Ok(()) => return,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        }
    }
}

fn parent() -> PathBuf {
    let usual = env::temp_dir();
    if usual.as_os_str().len() <= LONGEST_PARENT { usual } else { PathBuf::from("/tmp") }
}

/// Locks first and shows the lock under its name afterwards, so that no sweep finds it unlocked in between.
fn hold(folder: &Path) -> std::io::Result<File> {
    let hidden = folder.join("lock.new");
    let lock = File::create(&hidden)?;
    lock.lock()?;
    fs::rename(hidden, folder.join(LOCK))?;
    Ok(lock)
}

/// Deletes folders that a killed process left behind: ours by owner and name, and nobody holds the lock any more.
/// Failures are left to the next sweep.
fn sweep(parent: &Path) {
    let me = rustix::process::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|facts| facts.is_dir() && facts.uid() == me);
        if !ours {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_takes_only_folders_without_an_owner() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["pgsp-dead", "pgsp-alive", "pgsp-young", "other"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        fs::write(parent.path().join("other/lock"), "").unwrap();
        let alive = hold(&parent.path().join("pgsp-alive")).unwrap();
        drop(hold(&parent.path().join("pgsp-dead")).unwrap());
        sweep(parent.path());
        let mut left: Vec<String> =
            fs::read_dir(parent.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["other", "pgsp-alive", "pgsp-young"]);
        drop(alive);
    }

    #[test]
    fn a_folder_goes_away_with_its_owner() {
        let folder = ClusterFolder::create(None).unwrap();
        let path = folder.path().to_owned();
        assert!(path.join("data").is_dir());
        assert!(folder.sockets().join(".s.PGSQL.65535").as_os_str().len() <= 107);
        drop(folder);
        assert!(!path.exists());
    }
}
