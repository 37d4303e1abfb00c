//! `sample --database … | --all-databases`: one session, one sample file and one workload for each database, side by side.
//!
//! Slots and the cost of decoding belong to the cluster, and each workload says what it needs of that: the server's settings
//! and slots, all WAL and all transactions. `plan` shares the slots out (`plan DIR/*.json`). A database that fails while it is
//! observed ends alone; the others go on, and the exit code tells.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use futures_util::future::join_all;
use pgslotplan::{
    names::one_line,
    pg::{connect::SessionPurpose, facts::read_databases},
    units::counted,
};

use super::{
    super::{
        connection::{Publisher, server_failure},
        files::{self, Existing},
        output::{Console, Exit, Failure, Teller},
        waiting::interrupted,
    },
    args::SampleArgs,
    finish::finish,
    history,
    log::SampleLog,
    run::{Prepared, Sampler},
};

/// Observes all databases that are wanted, and writes their workloads.
pub async fn run(args: &SampleArgs, console: &Console) -> Result<Exit, Failure> {
    check_folder(&args.output)?;
    let mut publisher = Publisher::new(&args.publisher)?;
    let names = wanted(args, &mut publisher, console).await?;
    let outputs: Vec<PathBuf> = names.iter().map(|name| args.output.join(files::of_database(name))).collect();
    for output in outputs.iter().filter(|_| args.output.exists()) {
        files::check_output(output, args.existing())?;
        if args.existing() == Existing::Refuse {
            SampleLog::check_new(&SampleLog::path_for(output))?;
        }
    }
    if args.resume && !outputs.iter().any(|output| SampleLog::exists(&SampleLog::path_for(output))) {
        return Err(Failure::new(format!(
            "directory \"{}\" holds no samples of these databases",
            args.output.display()
        ))
        .hint("There is nothing to continue; leave --resume out to start."));
    }
    if args.history.is_wanted() {
        return read_histories(args, &mut publisher, &names, &outputs, console).await;
    }
    let prepared = prepare(args, &mut publisher, &names, &outputs, console).await?;
    make_folder(&args.output)?;
    let mut runs = Vec::with_capacity(prepared.len());
    for (name, output, one) in prepared {
        let sampler = one.start(args, &output)?;
        let sampler = if runs.is_empty() { sampler } else { sampler.without_progress() };
        runs.push((name, output, sampler));
    }
    let count = runs.len();
    let failures = observe(args, runs, console).await;
    done(args, count, failures, console)
}

/// The databases named, or all that there are.
async fn wanted(args: &SampleArgs, publisher: &mut Publisher<'_>, console: &Console) -> Result<Vec<String>, Failure> {
    if !args.all_databases {
        let mut seen = BTreeSet::new();
        return match args.database.iter().find(|name| !seen.insert(*name)) {
            Some(twice) => Err(Failure::new(format!("--database \"{}\" is given twice", one_line(twice)))
                .hint("Each database has one workload.")),
            None => Ok(args.database.clone()),
        };
    }
    let session = publisher.open_any(SessionPurpose::OBSERVE, console).await?;
    let databases = read_databases(&session).await.map_err(server_failure)?;
    for database in databases.iter().filter(|database| !database.may_connect) {
        Teller::about(console, &database.name).warning("left out: the role may not connect; GRANT CONNECT ON DATABASE");
    }
    Ok(databases.into_iter().filter(|database| database.may_connect).map(|database| database.name).collect())
}

/// Opens every database and reads its catalog. One that was named must be usable; of all, those that are not are left out.
async fn prepare(
    args: &SampleArgs,
    publisher: &mut Publisher<'_>,
    names: &[String],
    outputs: &[PathBuf],
    console: &Console,
) -> Result<Vec<(String, PathBuf, Prepared)>, Failure> {
    let mut prepared = Vec::with_capacity(names.len());
    for (name, output) in names.iter().zip(outputs) {
        let teller = Teller::about(console, name);
        let read = match publisher.open(Some(name), SessionPurpose::OBSERVE, console).await {
            Ok((server, session)) => Prepared::read(args, server, session, teller.clone()).await,
            Err(failure) => Err(failure),
        };
        match read {
            Ok(one) if args.all_databases && !one.has_tables() => {
                teller.note("left out: it has no table that could be replicated");
                one.give_up().await;
            }
            Ok(one) => {
                one.check_tables(args)?;
                prepared.push((name.clone(), output.clone(), one));
            }
            Err(failure) if args.all_databases => teller.warning(&format!("left out: {failure}")),
            Err(failure) => return Err(failure),
        }
    }
    if prepared.is_empty() {
        return Err(Failure::new("no database can be sampled")
            .detail(format!("Looked at {}; the messages above say why.", counted(names.len(), "database")))
            .hint("Name databases with --database, or grant CONNECT and pg_monitor."));
    }
    Ok(prepared)
}

/// Observes side by side; what fails ends alone.
async fn observe(
    args: &SampleArgs,
    runs: Vec<(String, PathBuf, Sampler)>,
    console: &Console,
) -> Vec<(String, Failure)> {
    let (stop, stopped) = tokio::sync::watch::channel(());
    let one = |(name, output, sampler): (String, PathBuf, Sampler)| {
        let mut stopped = stopped.clone();
        async move {
            let teller = Teller::about(console, &name);
            let until = async move { drop(stopped.changed().await) };
            let outcome = match sampler.observe(args, until).await {
                Ok(deriver) => finish(args, &output, &teller, &deriver).map(drop),
                Err(failure) => Err(failure),
            };
            outcome.err().map(|failure| {
                teller.warning(&format!("stopped: {failure}"));
                (name, failure)
            })
        }
    };
    let all = join_all(runs.into_iter().map(one));
    tokio::pin!(all);
    let failures = tokio::select! {
        failures = &mut all => failures,
        () = interrupted() => {
            drop(stop); // all of them see it, and fold what they have
            all.await
        }
    };
    failures.into_iter().flatten().collect()
}

fn done(args: &SampleArgs, count: usize, failures: Vec<(String, Failure)>, console: &Console) -> Result<Exit, Failure> {
    let shown = args.output.display();
    let written = count - failures.len();
    if written > 0 {
        console.note(&format!(
            "wrote {} to directory \"{shown}\"; plan them together: pgslotplan plan {shown}/*.json -o plans",
            counted(written, "workload"),
        ));
    }
    let Some((_, first)) = failures.first() else { return Ok(Exit::Done) };
    let exit = first.exit_code();
    let detail: Vec<String> =
        failures.iter().map(|(name, failure)| format!("Database \"{}\": {failure}.", one_line(name))).collect();
    Err(Failure::new(format!("{} of {} could not be sampled", failures.len(), counted(count, "database")))
        .detail(detail.join(" "))
        .hint("Their samples are kept; continue with --resume.")
        .exit(exit))
}

/// History of one database after another.
async fn read_histories(
    args: &SampleArgs,
    publisher: &mut Publisher<'_>,
    names: &[String],
    outputs: &[PathBuf],
    console: &Console,
) -> Result<Exit, Failure> {
    make_folder(&args.output)?;
    let mut failures = Vec::new();
    for (name, output) in names.iter().zip(outputs) {
        let teller = Teller::about(console, name);
        let outcome = match publisher.open(Some(name), SessionPurpose::OBSERVE, console).await {
            Ok((_, session)) => history::run(args, &session, output, &teller).await.map(drop),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = outcome {
            teller.warning(&format!("left out: {failure}"));
            failures.push((name.clone(), failure));
        }
    }
    done(args, names.len(), failures, console)
}

/// The output must be a directory, or become one.
fn check_folder(path: &Path) -> Result<(), Failure> {
    let refuse = |reason: &str| {
        Err(Failure::new(format!("could not write to \"{}\": {reason}", path.display()))
            .hint("With --database and --all-databases, -o names a directory: each database has a file in it."))
    };
    if files::is_standard(path) {
        return refuse("several workloads do not go to standard output");
    }
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_file_name = path.extension().is_some_and(|extension| extension == "json" || extension == "zst");
    if path.exists() || is_file_name {
        refuse("it is not a directory")
    } else if !parent.is_dir() {
        refuse("the directory that it would lie in does not exist")
    } else {
        Ok(())
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir(path)
        .map_err(|error| Failure::new(format!("could not make directory \"{}\"", path.display())).source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let made = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
        let file = made.path().to_owned();
        assert!(check_folder(folder.path()).is_ok() && check_folder(&folder.path().join("new")).is_ok());
        for path in [file, folder.path().join("w.json"), folder.path().join("no/new"), PathBuf::from("-")] {
            let message = check_folder(&path).unwrap_err().to_string();
            assert!(message.starts_with("could not write to"), "{message}");
        }
    }
}
