//! The account that servers run as. PostgreSQL refuses to run as root, so root starts them as `nobody`; anybody else
//! starts them as themselves.

use std::{
    fs, io,
    io::Write,
    os::unix::{
        fs::{MetadataExt, OpenOptionsExt, lchown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
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

    /// Gives a folder with all that is in it to the account. Until the last step nobody else can enter it, so what is given
    /// away cannot be replaced meanwhile.
    pub(super) fn own(self, folder: &Path) -> Result<(), ThrowawayError> {
        self.own_below(folder)
            .and_then(|()| lchown(folder, Some(self.uid), Some(self.gid)))
            .map_err(ThrowawayError::io("change the owner of", folder))
    }

    fn own_below(self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.own_below(&entry.path())?;
            }
            lchown(entry.path(), Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// Whether this account made a file, and no link to somebody else's.
    pub(super) fn made(self, facts: &rustix::fs::Stat) -> bool {
        facts.st_uid == self.uid
    }

    /// Makes a command run as the account.
    pub(super) fn apply(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// In place of what is there.
    Replace,
    /// After it.
    Append,
}

/// Writes a file in a folder of the servers' account, for its eyes only. Never as root: a name in a folder of somebody else
/// may lead anywhere, so the account itself opens it.
pub(super) fn write_as(
    account: Option<ServerAccount>,
    path: &Path,
    how: Writing,
    bytes: &[u8],
) -> Result<(), ThrowawayError> {
    let Some(account) = account else {
        let mut options = fs::File::options();
        match how {
            Writing::Replace => options.write(true).create(true).truncate(true),
            Writing::Append => options.append(true),
        };
        let written = options.mode(0o600).open(path).and_then(|mut file| file.write_all(bytes));
        return written.map_err(ThrowawayError::io("write", path));
    };
    let script = match how {
        Writing::Replace => "umask 077; exec cat > \"$1\"",
        Writing::Append => "exec cat >> \"$1\"",
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh"]).arg(path).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    account.apply(&mut command);
    let written = command.spawn().and_then(|mut child| {
        let fed = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(bytes));
        let status = child.wait()?;
        fed?;
        if status.success() { Ok(()) } else { Err(io::Error::other("the servers' account could not")) }
    });
    written.map_err(ThrowawayError::io("write", path))
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

    /// Under root another account cannot make root write through a link; under others there is nothing to gain.
    #[test]
    fn a_link_leads_no_further_than_its_account_may_go() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "mine").unwrap();
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        let account = ServerAccount::current();
        if let Some(account) = account {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            account.own(&home).unwrap();
            std::os::unix::fs::symlink(&target, home.join("postgresql.conf")).unwrap();
            let how = [Writing::Replace, Writing::Append];
            assert!(
                how.iter().all(|how| write_as(Some(account), &home.join("postgresql.conf"), *how, b"theirs").is_err())
            );
            assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
        }
        let file = home.join("pg_hba.conf");
        write_as(account, &file, Writing::Replace, b"one\n").unwrap();
        write_as(account, &file, Writing::Append, b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
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
