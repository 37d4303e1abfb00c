//! Asking a throwaway server: psql as users run it, a driver connection, and a wait for a condition.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::{Cluster, ThrowawayError, error::last_lines, process::wait_for_end};

/// A psql run that takes longer is ended: a statement that waits forever must fail a test, not hang it.
const PSQL_LIMIT: Duration = Duration::from_secs(300);
/// How often a condition on the server is asked for.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What psql printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptOutcome {
    /// psql's exit code: 0 good, 1 its own error, 2 connection lost, 3 a statement failed; -1 when it was ended.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl ScriptOutcome {
    /// The output of a good run.
    ///
    /// # Errors
    /// [`ThrowawayError::Psql`] when the exit code is not 0.
    pub fn success(self) -> Result<String, ThrowawayError> {
        if self.code == 0 {
            Ok(self.stdout)
        } else {
            Err(ThrowawayError::Psql { code: self.code, stderr: last_lines(&self.stderr, 40) })
        }
    }
}

impl Cluster {
    /// Runs SQL (and backslash commands) through psql from its standard input, stopping at the first error; output
    /// is unaligned, without headers.
    ///
    /// # Errors
    /// When psql cannot be had or run, or takes more than five minutes. A failing statement is an outcome.
    pub fn psql(&self, database: &str, sql: &str) -> Result<ScriptOutcome, ThrowawayError> {
        let mut input = tempfile::tempfile().map_err(ThrowawayError::io("create", "a temporary file"))?;
        let written = input.write_all(sql.as_bytes()).and_then(|()| input.rewind());
        written.map_err(ThrowawayError::io("write", "a temporary file"))?;
        let mut command = self.psql_command(&self.conninfo(database))?;
        command.args(["-q", "-A", "-t"]).stdin(input);
        outcome(command)
    }

    /// Runs a script file through psql, unchanged, in the script's own folder, with psql variables set.
    ///
    /// # Errors
    /// As [`Self::psql`].
    pub fn run_script(
        &self,
        database: &str,
        script: &Path,
        variables: &[(&str, &str)],
    ) -> Result<ScriptOutcome, ThrowawayError> {
        let script = script.canonicalize().map_err(ThrowawayError::io("find", script))?;
        let mut command = self.psql_command(&self.conninfo(database))?;
        for (name, value) in variables {
            command.arg("-v").arg(format!("{name}={value}"));
        }
        if let Some(folder) = script.parent() {
            command.current_dir(folder);
        }
        command.arg("-f").arg(&script).stdin(Stdio::null());
        outcome(command)
    }

    /// psql with `-X -v ON_ERROR_STOP=1` and no PG* variables, ready for more arguments.
    fn psql_command(&self, conninfo: &str) -> Result<Command, ThrowawayError> {
        let mut command = Command::new(self.tools().psql()?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.args(["-X", "-v", "ON_ERROR_STOP=1", "-d", conninfo]);
        Ok(command)
    }

    /// A driver connection as the superuser over the socket. Its task runs on the current tokio runtime.
    ///
    /// # Errors
    /// [`ThrowawayError::Query`] when the server refuses it.
    pub async fn client(&self, database: &str) -> Result<Client, ThrowawayError> {
        let refused = |source| ThrowawayError::Query { database: database.to_owned(), source };
        let (client, connection) = tokio_postgres::connect(&self.conninfo(database), NoTls).await.map_err(refused)?;
        // The task ends with the client; a lost connection shows at the client's next statement.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Runs statements over a connection of their own and returns the rows of all of them, values as text. Blocks;
    /// not for async code.
    ///
    /// # Errors
    /// [`ThrowawayError::Query`] when the server refuses one.
    pub fn query(&self, database: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, ThrowawayError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ThrowawayError::io("start", "a runtime"))?;
        runtime.block_on(async {
            let refused = |source| ThrowawayError::Query { database: database.to_owned(), source };
            let messages = self.client(database).await?.simple_query(sql).await.map_err(refused)?;
            let rows = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            Ok(rows.map(|row| (0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()).collect())
        })
    }

    /// The first value of the first row; empty when there is none or it is NULL.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn value(&self, database: &str, sql: &str) -> Result<String, ThrowawayError> {
        let first = self.query(database, sql)?.into_iter().flatten().next();
        Ok(first.flatten().unwrap_or_default())
    }

    /// Asks until the query's first value is true (`t`).
    ///
    /// # Errors
    /// [`ThrowawayError::Timeout`] with the last answer and the end of the log after `limit`, or the query's error.
    pub fn wait_until(&self, database: &str, condition: &str, limit: Duration) -> Result<(), ThrowawayError> {
        let start = Instant::now();
        loop {
            let answer = self.value(database, condition)?;
            if answer == "t" {
                return Ok(());
            }
            if start.elapsed() >= limit {
                let detail = format!("last answer: \"{answer}\"\n{}", last_lines(&self.server_log(), 20));
                return Err(ThrowawayError::Timeout { what: condition.to_owned(), limit, detail });
            }
            thread::sleep(ASK_EVERY);
        }
    }
}

/// Runs a command to its end. Output goes through files, so that no pipe fills up while we wait.
fn outcome(mut command: Command) -> Result<ScriptOutcome, ThrowawayError> {
    let temporary = || tempfile::tempfile().map_err(ThrowawayError::io("create", "a temporary file"));
    let (stdout, stderr) = (temporary()?, temporary()?);
    let share = |file: &File| file.try_clone().map_err(ThrowawayError::io("share", "a temporary file"));
    let mut child = command
        .stdout(share(&stdout)?)
        .stderr(share(&stderr)?)
        .spawn()
        .map_err(ThrowawayError::io("run", command.get_program()))?;
    let ended = wait_for_end(&mut child, PSQL_LIMIT).map_err(ThrowawayError::io("wait for", "psql"))?;
    let Some(status) = ended else {
        let _ = child.kill();
        let _ = child.wait();
        let detail = last_lines(&text_of(stderr), 20);
        return Err(ThrowawayError::Timeout { what: "the end of psql".to_owned(), limit: PSQL_LIMIT, detail });
    };
    Ok(ScriptOutcome { code: status.code().unwrap_or(-1), stdout: text_of(stdout), stderr: text_of(stderr) })
}

fn text_of(mut file: File) -> String {
    let mut bytes = Vec::new();
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
