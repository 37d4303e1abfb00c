//! Bootstrap `clone` of a publisher as Debian and Ubuntu set it up: configuration, access rules and map of users outside of the
//! data folder, which the configuration names, and a tablespace. The copy never addresses the publisher's folders.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{Servers, as_server_account};

use crate::{
    bench::case,
    bootstraps::{Clone, cloning},
    databases::{program, text},
    scripts::{Stage, compare, roomy, while_writing},
    story,
};

pub fn trials() -> Vec<Trial> {
    [(15, 15), (16, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("layouts::clone_of_debian_{publisher}_to_{subscriber}"), 2, move |servers| {
                clone(servers, publisher, subscriber)
            })
        })
        .into()
}

/// What the publisher has that its copy is to have, too, and what it must not have.
const PARAMETERS: &str = "work_mem = '5MB'\napp.odd = 'it''s \\\\ odd'\narchive_mode = on\narchive_command = 'true'\nssl_ca_file = 'ca.pem'\n";

fn clone(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (mut stage, _programs, [old, new]) = cloning(servers, (publisher, subscriber), roomy())?;
    let place = stage.subscriber.data_folder();
    let folders = ["etc", "space=a b", "spaces"].map(|name| place.join(name));
    let [etc, space, spaces] = &folders;
    let control = servers.packages().server(publisher)?.program("pg_ctl");
    let _publisher = moved_apart(&mut stage, &control, etc)?;
    as_account(Command::new("mkdir").args([space, spaces]))?;
    let space = space.display();
    for statement in [
        format!("CREATE TABLESPACE \"Sp;1\" LOCATION '{space}'"),
        "ALTER SYSTEM SET maintenance_work_mem = '66MB'".into(),
        "SELECT pg_reload_conf()".into(),
    ] {
        stage.publisher.query("postgres", &statement)?;
    }
    let moving = "SET default_transaction_read_only = off; ALTER TABLE public.documents SET TABLESPACE \"Sp;1\"";
    stage.publisher.psql(story::DATABASE, moving)?.success()?;
    run(&stage, &["20", "21", "30", "31"])?;
    // on the publisher's own host its tablespaces are in the way, and that is said before anything is made
    let outcome = stage.shell(&stage.file(stage.step("32")?))?;
    let reason = format!("tablespace {space} of the publisher cannot be copied to {space}");
    assert!(outcome.code == 3 && outcome.stderr.contains(&reason), "{} {}", outcome.code, outcome.stderr);
    assert!(!old.data.exists());
    if publisher == subscriber {
        no_folder_of_the_publisher(&mut stage, &place)?;
    }
    stage.environment.insert("PGSLOTPLAN_CLONE_TABLESPACES".into(), spaces.to_string_lossy().into_owned());
    if publisher == subscriber {
        a_role_with_grants(&mut stage)?;
    }
    let outcome = stage.shell(&stage.file(stage.step("32")?))?;
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("does not take over; set them where it needs them: archive_command archive_mode"));
    runs_from(&stage, &old.data)?;
    let written = fs::read_to_string(old.data.join("postgresql.conf"))?;
    assert!(!written.contains("data_directory") && !written.contains("hba_file"), "{written}");
    // a start by hand finds the clone, too
    old.crash();
    let pg_ctl = PathBuf::from(&stage.environment["PGSLOTPLAN_BIN"]).join("pg_ctl");
    as_account(
        Command::new(&pg_ctl).arg("-D").arg(&old.data).args(["-w", "-l"]).arg(place.join("hand.log")).arg("start"),
    )?;
    runs_from(&stage, &old.data)?;
    stage.environment.remove("PGSLOTPLAN_PUBLISHER");
    run(&stage, &["33"])?;
    if publisher == subscriber {
        // the publisher's own configuration in the clone's folder: it names the publisher's folders
        as_account(Command::new("cp").arg(etc.join("postgresql.conf")).arg(&old.data))?;
        old.crash();
        run(&stage, &["34"])?;
        let data = stage.subscriber.value("postgres", "SHOW data_directory")?;
        assert_eq!(data, old.data.canonicalize()?.to_string_lossy());
    } else {
        upgrade(&stage, [&old.data, &new.data])?;
    }
    let location = "SELECT pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace WHERE spcname = 'Sp;1'";
    let location = stage.subscriber.value("postgres", location)?;
    assert!(location.starts_with(&spaces.to_string_lossy().into_owned()), "{location}");
    while_writing(&stage, || run(&stage, &["35", "36", "40", "60", "70", "71"]))?;
    run(&stage, &["71"])?;
    compare(&stage)
}

/// Neither its data folder nor a copy of that which leads to its tablespaces is taken for a storage clone.
fn no_folder_of_the_publisher(stage: &mut Stage, place: &Path) -> Result<(), Failed> {
    let (data, copy) = (stage.publisher.data_folder(), place.join("copy"));
    as_account(Command::new("cp").arg("-R").args([&data, &copy]))?;
    let own = stage.environment.clone();
    stage.environment.insert("PGSLOTPLAN_CLONE_EXISTING".into(), "1".into());
    for (folder, reason) in [(&data, "a server runs in "), (&copy, "leads to the publisher's own tablespace")] {
        stage.environment.insert("PGSLOTPLAN_CLONE_DATA".into(), folder.to_string_lossy().into_owned());
        let outcome = stage.shell(&stage.file(stage.step("32")?))?;
        assert!(outcome.code == 3 && outcome.stderr.contains(reason), "{} {}", outcome.code, outcome.stderr);
    }
    assert!(data.join("postmaster.pid").exists() && !data.join("standby.signal").exists());
    assert!(copy.join("postmaster.pid").exists() && !copy.join("standby.signal").exists());
    stage.environment = own;
    Ok(())
}

/// What `check` says of a role that may not read the configuration is followed to the letter; then the step runs as that role.
fn a_role_with_grants(stage: &mut Stage) -> Result<(), Failed> {
    stage.publisher.query("postgres", "CREATE ROLE \"Copy it\" LOGIN REPLICATION; GRANT pg_monitor TO \"Copy it\"")?;
    let own = stage.publisher.conninfo(story::DATABASE).replace("user=postgres", "user='Copy it'");
    let plan = stage.folder.path().join("plan.json");
    fs::write(&plan, pgslotplan::format::write(&stage.plan))?;
    let checked = || -> Result<Option<String>, Failed> {
        let arguments = ["check", "--bootstrap", "clone", "--format", "json", "--publisher", &own];
        let output = program(&arguments).arg(&plan).output()?;
        let told: serde_json::Value =
            serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {}", text(&output)))?;
        let findings = told["findings"].as_array().ok_or("findings")?;
        let codes: Vec<&str> = findings.iter().filter_map(|finding| finding["code"].as_str()).collect();
        assert!(codes.contains(&"PF140") && codes.contains(&"PF141") && codes.contains(&"PF903"), "{codes:?}");
        let found = findings.iter().find(|finding| finding["code"] == "PF142");
        Ok(found.and_then(|finding| finding["hint"].as_str()).map(str::to_owned))
    };
    let hint = checked()?.ok_or("PF142 is not found")?;
    let statements: Vec<&str> = hint.split(';').filter(|part| part.trim_start().starts_with("GRANT")).collect();
    assert_eq!(statements.len(), 3, "{hint}");
    let grants = format!("SET default_transaction_read_only = off; {}", statements.join(";"));
    stage.publisher.psql(story::DATABASE, &grants)?.success()?;
    assert_eq!(checked()?, None);
    stage.environment.insert("PGSLOTPLAN_PUBLISHER".into(), own);
    Ok(())
}

/// One that is told to take the publisher's folder refuses; else the clone's parameters and files come along.
fn upgrade(stage: &Stage, [old, new]: [&Path; 2]) -> Result<(), Failed> {
    let (own, kept) = (old.join("postgresql.conf"), old.join("kept.conf"));
    let data = stage.publisher.data_folder();
    as_account(Command::new("cp").args([&own, &kept]))?;
    as_account(Command::new("sh").arg("-c").arg("echo \"data_directory='$1'\" >> \"$0\"").args([&own, &data]))?;
    let outcome = stage.shell(&stage.file(stage.step("34")?))?;
    let reason = format!("leads to {}", data.display());
    assert!(outcome.code == 3 && outcome.stderr.contains(&reason), "{} {}", outcome.code, outcome.stderr);
    as_account(Command::new("mv").args([&kept, &own]))?;
    let outcome = stage.shell(&stage.file(stage.step("34")?))?;
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("does not take old_snapshot_threshold: unrecognized"), "{}", outcome.stderr);
    runs_from(stage, new)?;
    for file in ["pg_hba.conf", "pg_ident.conf", "ca.pem"] {
        assert_eq!(fs::read(old.join(file))?, fs::read(new.join(file))?, "{file}");
    }
    Ok(())
}

/// Steps that must end well, once each.
fn run(stage: &Stage, numbers: &[&str]) -> Result<(), Failed> {
    numbers.iter().try_for_each(|number| stage.run(stage.step(number)?))
}

/// The subscriber's server is the one of this folder, with the publisher's parameters and files.
fn runs_from(stage: &Stage, data: &Path) -> Result<(), Failed> {
    let show = |name: &str| stage.subscriber.value("postgres", &format!("SHOW {name}"));
    assert_eq!(show("data_directory")?, data.canonicalize()?.to_string_lossy());
    assert_eq!(show("hba_file")?, data.canonicalize()?.join("pg_hba.conf").to_string_lossy());
    let found = ["work_mem", "app.odd", "maintenance_work_mem", "archive_mode", "external_pid_file"].map(show);
    let found: Vec<String> = found.into_iter().collect::<Result<_, _>>()?;
    assert_eq!(found, ["5MB", "it's \\ odd", "66MB", "off", ""]);
    assert!(fs::read_to_string(data.join("pg_ident.conf"))?.contains("\nclerks odd postgres\n"));
    Ok(())
}

/// Moves the publisher's configuration out of its data folder, and starts it from there. The value stops it.
fn moved_apart(stage: &mut Stage, control: &Path, etc: &Path) -> Result<Clone, Failed> {
    let data = stage.publisher.data_folder();
    stage.publisher.write_data("ca.pem", b"a certificate\n")?;
    stage.publisher.stop();
    let mut parameters = String::from(PARAMETERS);
    if stage.publisher.major() == 16 {
        parameters.push_str("old_snapshot_threshold = 10min\n"); // gone in 17
    }
    for (name, path) in [
        ("data_directory", data.clone()),
        ("hba_file", etc.join("pg_hba.conf")),
        ("ident_file", etc.join("pg_ident.conf")),
        ("external_pid_file", etc.join("publisher.pid")),
    ] {
        parameters.push_str(&format!("{name} = '{}'\n", path.display()));
    }
    let move_files = "mkdir \"$1\" && mv \"$0\"/postgresql.conf \"$0\"/pg_hba.conf \"$0\"/pg_ident.conf \"$1\" && \
                      printf %s \"$2\" >> \"$1\"/postgresql.conf && printf '\\nclerks odd postgres\\n' >> \"$1\"/pg_ident.conf";
    as_account(Command::new("sh").arg("-c").arg(move_files).args([&data, etc]).arg(parameters))?;
    let server = Clone { control: control.to_owned(), data };
    let port = format!("-p {}", stage.publisher.port());
    let log = etc.join("publisher.log");
    as_account(Command::new(control).arg("-D").arg(etc).args(["-w", "-o", &port, "-l"]).arg(log).arg("start"))?;
    Ok(server)
}

/// A command of the servers' account that must end well; what it starts holds no pipe of ours.
fn as_account(command: &mut Command) -> Result<(), Failed> {
    let errors = tempfile::NamedTempFile::new()?;
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors.reopen()?);
    as_server_account(command);
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {status}: {}", fs::read_to_string(errors.path())?).into())
}
