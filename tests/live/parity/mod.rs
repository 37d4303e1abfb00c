//! The connection language against psql as the oracle: each case is run by psql and by this program with the same arguments,
//! environment and home directory, and both must get to the same server as the same user with or without TLS, or neither.

mod cases;
mod certificates;
mod trust;

use std::{
    cell::RefCell,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{Cluster, Servers};

use crate::bench::case;

pub fn trials() -> Vec<Trial> {
    vec![
        case("parity::certificates_of_the_server", 1, certificates::of_the_server),
        case("parity::certificates_of_the_client", 1, certificates::of_the_client),
        case("parity::strings_variables_and_hosts", 2, cases::strings_variables_and_hosts),
        case("parity::password_files", 1, cases::password_files),
        case("parity::service_files", 1, cases::service_files),
        case("parity::options_that_say_how_far_to_trust", 1, trust::authentication),
        case("parity::versions_expiry_and_revocation", 1, trust::certificates),
        case("parity::password_commands", 1, cases::password_commands),
    ]
}

/// One connection to try. Texts may hold `@port@`, `@other@`, `@dead@`, `@socket@`, `@home@` and `@certs@`.
#[derive(Clone, Copy)]
struct Case<'a> {
    /// Connection string, or options of psql's letters when it begins with `-`.
    conninfo: &'a str,
    environment: &'a [(&'a str, &'a str)],
    /// Below the home directory: path, text, mode.
    files: &'a [(&'a str, &'a str, u32)],
    /// Whether it gets in: so that an oracle that is broken does not agree with everything.
    gets_in: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Refused,
    In { server: usize, user: String, database: String, tls: bool },
}

/// How an attempt ended, and what was said.
type Ended = (Seen, String);

/// Servers, the oracle, and where certificates lie.
struct World<'a> {
    clusters: Vec<&'a Cluster>,
    psql: PathBuf,
    certificates: PathBuf,
    /// Where the two did not agree, or not as expected.
    differences: RefCell<Vec<String>>,
}

/// Which psql is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Oracle {
    /// The one of 18, which knows every option, but as packaged has no TLS.
    Newest,
    /// The machine's own, which has TLS.
    WithTls,
}

impl<'a> World<'a> {
    fn new(servers: &Servers, clusters: Vec<&'a Cluster>, certificates: &Path, oracle: Oracle) -> Result<Self, Failed> {
        let psql = match oracle {
            Oracle::Newest => servers.tools().full(18)?.join("psql"),
            Oracle::WithTls => servers.tools().psql()?,
        };
        Ok(World { clusters, psql, certificates: certificates.to_owned(), differences: RefCell::default() })
    }

    /// The oracle's major version.
    fn version(&self) -> Result<u32, Failed> {
        let text = String::from_utf8(Command::new(&self.psql).arg("--version").output()?.stdout)?;
        let number = text.split_once("(PostgreSQL) ").map_or("", |(_, rest)| rest);
        Ok(number.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse()?)
    }

    /// Runs the case by both and compares; gives what this program saw.
    fn agree(&self, case: Case<'_>) -> Result<Seen, Failed> {
        let (oracle, ours) = self.run(case, &[])?;
        self.compare(case, &oracle, &ours);
        Ok(ours.0)
    }

    fn compare(&self, case: Case<'_>, oracle: &Ended, ours: &Ended) {
        if oracle.0 != ours.0 || (ours.0 != Seen::Refused) != case.gets_in {
            let Case { conninfo, environment, files, gets_in } = case;
            self.differences.borrow_mut().push(format!(
                "{conninfo:?} {environment:?} {files:?}, expected to get in: {gets_in}\n  psql: {:?} {}\n  pgslotplan: {:?} {}",
                oracle.0, oracle.1, ours.0, ours.1
            ));
        }
    }

    /// Fails if any case differed; all of them are shown.
    fn finish(&self) -> Result<(), Failed> {
        let differences = self.differences.borrow();
        assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
        Ok(())
    }

    /// What psql and this program saw, each with its messages. `more` are further arguments for this program.
    fn run(&self, case: Case<'_>, more: &[&str]) -> Result<(Ended, Ended), Failed> {
        let home = tempfile::tempdir()?;
        for (path, text, mode) in case.files {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().ok_or("a file in a folder")?)?;
            match *text {
                "@folder@" => fs::create_dir(&path)?,
                text if text.starts_with("@copy@") => drop(fs::copy(self.certificates.join(&text[6..]), &path)?),
                text => fs::write(&path, latin1(&self.filled(text, home.path())))?,
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode))?;
        }
        let mut psql = Command::new(&self.psql);
        psql.args(["-X", "-w", "-q", "-c", "SELECT 1"]);
        let psql = self.attempt(psql, case, home.path(), |code, _| code == Some(0))?;
        let mut ours = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        ours.args(["sample", "-w", "--once", "-o"]).arg(home.path().join("w.json")).args(more);
        let ours =
            self.attempt(ours, case, home.path(), |_, told| told.contains("has no table that could be replicated"))?;
        Ok((psql, ours))
    }

    fn attempt(
        &self,
        mut command: Command,
        case: Case<'_>,
        home: &Path,
        got_in: impl Fn(Option<i32>, &str) -> bool,
    ) -> Result<Ended, Failed> {
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("HOME", home).stdin(Stdio::null());
        for (name, value) in case.environment {
            command.env(name, self.filled(value, home));
        }
        let conninfo = self.filled(case.conninfo, home);
        match conninfo.strip_prefix('-') {
            Some(_) => drop(command.args(conninfo.split(' '))),
            None if conninfo.is_empty() => {}
            None => drop(command.arg(&conninfo)),
        }
        let before: Vec<usize> = self.clusters.iter().map(|cluster| cluster.server_log().len()).collect();
        let output = command.output()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        if !got_in(output.status.code(), &told) {
            return Ok((Seen::Refused, told));
        }
        let logs = self.clusters.iter().zip(before).enumerate();
        let mut seen = logs.filter_map(|(server, (cluster, before))| {
            let log = cluster.server_log();
            let line = log[before..].lines().rfind(|line| line.contains("connection authorized: "))?.to_owned();
            let word = |key: &str| Some(line.split_once(key)?.1.split(' ').next()?.to_owned());
            let (user, database) = (word(" user=")?, word(" database=")?);
            Some(Seen::In { server, user, database, tls: line.contains("SSL enabled") })
        });
        match seen.next_back() {
            Some(seen) => Ok((seen, told)),
            None => Err(format!("no server logged the connection of {}: {told}", case.conninfo).into()),
        }
    }

    fn filled(&self, text: &str, home: &Path) -> String {
        let of = |number: usize| self.clusters.get(number).or(self.clusters.first());
        let port = |number: usize| of(number).map_or(0, |cluster| cluster.port()).to_string();
        let socket = self.clusters.first().map_or(PathBuf::new(), |cluster| cluster.socket_folder());
        text.replace("@port@", &port(0))
            .replace("@other@", &port(1))
            .replace("@dead@", "1") // nobody listens there
            .replace("@socket@", &socket.display().to_string())
            .replace("@home@", &home.display().to_string())
            .replace("@certs@", &self.certificates.display().to_string())
    }
}

/// Files with bytes that are not UTF-8 are wanted: characters up to 255 become one byte each.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}
