//! What libpq takes from around the process: `PG*` variables, the home directory, the system user and a few small
//! files. Collected once, as a value, so that everything that reads a connection string is a pure function of it.
//!
//! The rules themselves (which variable fills which key, how a password file is matched) live beside, not here.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// A snapshot of the process's surroundings.
#[derive(Clone, Default)]
pub struct Environment {
    /// Environment variables whose names start with `PG`.
    pub variables: BTreeMap<String, String>,
    /// The home directory, where `.pgpass`, `.pg_service.conf` and `.postgresql/` are looked for.
    pub home: Option<PathBuf>,
    /// The operating system's user name: the default of `user`.
    pub user_name: Option<String>,
    /// Where this machine's server puts its socket: the default of `host`.
    pub socket_directory: PathBuf,
    /// Where files are read from.
    pub files: Files,
}

/// Where an [`Environment`] reads its files from.
#[derive(Clone, Default)]
pub enum Files {
    /// The disk.
    Disk,
    /// These texts and nothing else.
    Given(BTreeMap<PathBuf, SmallFile>),
    /// There are none.
    #[default]
    Absent,
}

/// A small text file with what matters of its permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallFile {
    /// All of it.
    pub text: String,
    /// Unix permission bits (`0o600`); 0 where the system has none.
    pub mode: u32,
    /// Neither a folder nor a device.
    pub regular: bool,
    /// The system's own, whose group may read it.
    pub owned_by_root: bool,
}

impl Environment {
    /// The surroundings of this process, read now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the connection environment")]
    pub fn of_process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("PG"))
            .collect();
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // Packages of Debian and Red Hat build their servers for this folder; everything else uses /tmp.
        let packaged = Path::new("/var/run/postgresql");
        Environment {
            variables,
            home: variable("HOME").map(PathBuf::from),
            user_name: system_user().or_else(|| variable("USER")).or_else(|| variable("LOGNAME")),
            socket_directory: if packaged.is_dir() { packaged.to_owned() } else { PathBuf::from("/tmp") },
            files: Files::Disk,
        }
    }

    /// The same surroundings without the variables that describe a server: what a subscriber's connection string is
    /// read with. Those that only say where files lie stay.
    #[must_use]
    pub fn without_server_variables(&self) -> Self {
        let kept = ["PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR"];
        let mut bare = self.clone();
        bare.variables.retain(|name, _| kept.contains(&name.as_str()));
        bare
    }

    /// A `PG*` variable, even when it is empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Reads a small file.
    ///
    /// # Errors
    /// As the operating system says; `NotFound` where it does not exist.
    pub fn read(&self, path: &Path) -> io::Result<SmallFile> {
        match &self.files {
            Files::Disk => read_from_disk(path),
            Files::Given(files) => files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into()),
            Files::Absent => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The regular files of a folder, by name; what lies in folders below is not looked at.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        match &self.files {
            Files::Disk => list_on_disk(folder),
            Files::Given(files) => {
                let inside: Vec<PathBuf> = files.keys().filter(|path| path.parent() == Some(folder)).cloned().collect();
                if inside.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(inside) }
            }
            Files::Absent => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The name of an account of this machine, as `/etc/passwd` has it.
    pub fn account_name(&self, uid: u32) -> Option<String> {
        account_in(&self.read(Path::new("/etc/passwd")).ok()?.text, &uid.to_string())
    }

    /// A path below the home directory.
    pub fn in_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }
}

/// The account's name as the system knows it, which is what libpq takes; `$USER` may have been inherited from another.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the connection environment")]
fn system_user() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.to_owned();
    account_in(&std::fs::read_to_string("/etc/passwd").ok()?, &uid)
}

fn account_in(passwd: &str, uid: &str) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

fn list_on_disk(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads libpq's files")]
fn read_from_disk(path: &Path) -> io::Result<SmallFile> {
    let metadata = std::fs::metadata(path)?;
    let regular = metadata.is_file();
    // One odd byte in a comment must not hide the lines around it.
    let text = if regular { String::from_utf8_lossy(&std::fs::read(path)?).into_owned() } else { String::new() };
    Ok(SmallFile { text, mode: permission_bits(&metadata), regular, owned_by_root: is_owned_by_root(&metadata) })
}

#[cfg(unix)]
fn is_owned_by_root(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == 0
}

#[cfg(not(unix))]
fn is_owned_by_root(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn permission_bits(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn permission_bits(_: &std::fs::Metadata) -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_sees_only_where_files_lie() {
        let mut environment = Environment::default();
        for name in ["PGHOST", "PGPASSWORD", "PGSERVICE", "PGPASSFILE", "PGSERVICEFILE"] {
            environment.variables.insert(name.to_owned(), "x".to_owned());
        }
        let bare = environment.without_server_variables();
        assert_eq!(bare.variables.keys().collect::<Vec<_>>(), ["PGPASSFILE", "PGSERVICEFILE"]);
    }

    #[test]
    fn accounts_have_names() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:26:26::/var/lib/pgsql:/bin/bash\n";
        let file = SmallFile { text: passwd.to_owned(), mode: 0o644, regular: true, owned_by_root: true };
        let files = Files::Given([("/etc/passwd".into(), file)].into());
        let environment = Environment { files, ..Environment::default() };
        assert_eq!(environment.account_name(26).as_deref(), Some("postgres"));
        assert_eq!((environment.account_name(6), Environment::default().account_name(0)), (None, None));
    }

    #[test]
    fn files_that_are_not_given_are_not_found() {
        let error = Environment::default().read(Path::new("/x")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
