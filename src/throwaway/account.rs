//! The account that servers run as. PostgreSQL refuses to run as root, so root starts them as `nobody`; anybody else
//! starts them as themselves.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use super::ThrowawayError;

/// Its name in `/etc/passwd`.
pub(super) const SERVER_ACCOUNT: &str = "nobody";

/// Used where `/etc/passwd` does not list the account: the number Linux distributions agree on.
const USUAL_ID: u32 = 65534;

/// Who servers run as when the caller is root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerAccount {
    uid: u32,
    gid: u32,
}

impl ServerAccount {
    /// The account to change to; none when the caller is not root and needs no change.
    pub(super) fn current() -> Option<Self> {
        rustix::process::geteuid().is_root().then(|| {
            let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
            ServerAccount::from_passwd(&passwd).unwrap_or(ServerAccount { uid: USUAL_ID, gid: USUAL_ID })
        })
    }

    fn from_passwd(passwd: &str) -> Option<Self> {
        let mut fields =
            passwd.lines().map(|line| line.split(':')).find(|f| f.clone().next() == Some(SERVER_ACCOUNT))?;
        let uid = fields.nth(2)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(ServerAccount { uid, gid })
    }

    /// Whether the account can read this file or enter this folder: others' bits on it and on everything above.
    pub(super) fn can_reach(self, path: &Path) -> bool {
        let Ok(path) = path.canonicalize() else { return false };
        path.ancestors().enumerate().all(|(depth, part)| {
            let needed = if depth == 0 { 0o5 } else { 0o1 };
            fs::metadata(part).is_ok_and(|facts| {
                let mine = if facts.uid() == self.uid {
                    facts.mode() >> 6
                } else if facts.gid() == self.gid {
                    facts.mode() >> 3
                } else {
                    facts.mode()
                };
                mine & needed == needed
            })
        })
    }

    /// Gives a file or folder to the account.
    pub(super) fn own(self, path: &Path) -> Result<(), ThrowawayError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(ThrowawayError::io("change the owner of", path))
    }

    /// Makes a command run as the account.
    pub(super) fn apply(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nnobody:x:99:98:nobody:/:/sbin/nologin\n";
        assert_eq!(ServerAccount::from_passwd(passwd), Some(ServerAccount { uid: 99, gid: 98 }));
        assert_eq!(ServerAccount::from_passwd("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn a_private_folder_cannot_be_reached() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let stranger = ServerAccount { uid: 4_000_000, gid: 4_000_000 };
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!stranger.can_reach(&inner));
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(stranger.can_reach(&inner));
        assert!(!stranger.can_reach(&folder.path().join("missing")));
    }
}
