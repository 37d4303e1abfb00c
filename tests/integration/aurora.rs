//! The shell steps of bootstrap `aurora` against a stand-in for `aws`: how they wait, what they refuse, and what they say of it. What
//! the provider really does is not tried anywhere.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use pgslotplan::{
    emit::{self, Bootstrap, EmitOptions},
    format,
    plan::Plan,
};

/// The kit of the sample and programs in a folder; what they answer stands in files.
struct Stage {
    folder: tempfile::TempDir,
    upgrade: String,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan: Plan = format::read(include_bytes!("../../samples/saas/plan.json")).unwrap();
        let script =
            emit::script(&plan, &EmitOptions { bootstrap: Bootstrap::Aurora, ..EmitOptions::default() }).unwrap();
        for (file, body) in script.files() {
            let path = folder.path().join("kit").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, body).unwrap();
        }
        let programs = folder.path().join("bin");
        fs::create_dir(&programs).unwrap();
        for program in ["aws", "psql"] {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/aurora").join(program);
            fs::copy(source, programs.join(program)).unwrap();
            fs::set_permissions(programs.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let upgrade = script.steps.iter().find(|step| step.id == emit::StepId::Upgrade).unwrap().file.clone();
        let stage = Stage { folder, upgrade };
        for (file, text) in [
            ("is.source", ""),
            ("Status", "available\n"),
            ("pending", "\n"),
            ("function", "t\n"),
            ("subscriptions", "0\n"),
            ("roles", "arn:aws:iam::1:role/s3\ts3Import\n"),
            ("clone_roles", "\n"),
        ] {
            stage.says(file, text);
        }
        stage
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// What the provider answers, a line for each time.
    fn says(&self, file: &str, text: &str) {
        fs::write(self.bin().join(file), text).unwrap();
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.bin().join("calls")).unwrap_or_default()
    }

    fn run(&self, file: &str, more: &[(&str, &str)]) -> (i32, String) {
        let output = Command::new("sh")
            .arg(self.folder.path().join("kit").join(file))
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin().display()))
            .envs([
                ("PGSLOTPLAN_PUBLISHER", "host=nowhere.invalid"),
                ("PGSLOTPLAN_AURORA_SOURCE", "source"),
                ("PGSLOTPLAN_AURORA_CLONE", "clone"),
                ("PGSLOTPLAN_AURORA_CLASS", "db.serverless"),
                ("PGSLOTPLAN_AURORA_GROUP", "old-group"),
                ("PGSLOTPLAN_AURORA_SUBNETS", "subnets"),
                ("PGSLOTPLAN_AURORA_SECURITY", "sg-1 sg-2"),
                ("PGSLOTPLAN_AURORA_VERSION", "15.10"),
                ("PGSLOTPLAN_AURORA_NEW_GROUP", "new-group"),
                ("PGSLOTPLAN_AURORA_POLL", "0"),
            ])
            .envs(more.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }
}

#[test]
fn an_upgrade_that_is_refused_ends_with_its_reasons() {
    let stage = Stage::new();
    stage.says("is.clone", "");
    stage.says("EngineVersion", "13.20\n");
    // from the first status, where it never leaves; and after it left
    for statuses in ["available\n", "available\nupgrading\nupgrading\navailable\n"] {
        stage.says("Status", statuses);
        let (code, said) = stage.run(&stage.upgrade, &[]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("the upgrade was refused: the clone is available, and its version is 13.20"), "{said}");
        assert!(said.contains("Upgrade prechecks failed") && !said.contains('\u{1b}'), "{said}");
        assert!(said.contains("the instance has 2 logical replication slots"), "{said}");
    }
    stage.says("Status", "available\nincompatible-parameters\n");
    let (code, said) = stage.run(&stage.upgrade, &[]);
    assert!(code == 3 && said.contains("the clone is incompatible-parameters"), "{code} {said}");
    stage.says("Status", "upgrading\n");
    let (code, said) = stage.run(&stage.upgrade, &[("PGSLOTPLAN_AURORA_WAIT", "0")]);
    assert!(code == 3 && said.contains("the clone is still upgrading after 0 s"), "{code} {said}");
    let (code, said) = stage.run(&stage.upgrade, &[("PGSLOTPLAN_AURORA_WAIT", "soon")]);
    assert!(code == 3 && said.contains("PGSLOTPLAN_AURORA_WAIT is no number"), "{code} {said}");
}

#[test]
fn an_upgrade_ends_when_no_parameter_waits_for_a_restart() {
    let stage = Stage::new();
    stage.says("is.clone", "");
    stage.says("is.clone-1", "");
    stage.says("Status", "available\nupgrading\nupgrading\navailable\n");
    stage.says("EngineVersion", "13.20\n13.20\n13.20\n15.10\n");
    stage.says("pending", "clone-1\n\n");
    let (code, said) = stage.run(&stage.upgrade, &[("PGSLOTPLAN_AURORA_NEW_INSTANCE_GROUP", "instances")]);
    assert_eq!(code, 0, "{said}");
    let calls = stage.calls();
    let count = |what: &str| calls.lines().filter(|line| line.contains(what)).count();
    assert_eq!((count("modify-db-cluster"), count("reboot-db-instance")), (1, 1), "{calls}");
    assert!(calls.contains("--db-instance-parameter-group-name instances"), "{calls}");
    // again: nothing more
    let (code, said) = stage.run(&stage.upgrade, &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(stage.calls().lines().filter(|line| line.contains("modify-db-cluster")).count(), 1);
    // a restart that changes nothing is not repeated without end
    stage.says("pending", "clone-1\n");
    let (code, said) = stage.run(&stage.upgrade, &[]);
    assert!(code == 3 && said.contains("parameters still wait for a restart after two"), "{code} {said}");
}

#[test]
fn a_clone_takes_what_its_source_has_and_runs_no_subscription() {
    let stage = Stage::new();
    let file = "32_shell_aurora_clone.sh";
    stage.says("function", "f\n");
    let (code, said) = stage.run(file, &[]);
    assert!(code == 3 && said.contains("no function aurora_volume_logical_start_lsn()"), "{code} {said}");
    stage.says("function", "t\n");
    stage.says("subscriptions", "2\n");
    let (code, said) = stage.run(file, &[]);
    assert!(code == 3 && said.contains("the publisher has 2 subscriptions"), "{code} {said}");
    assert!(!stage.calls().contains("restore-db-cluster"), "{}", stage.calls());
    stage.says("workers", "0\n");
    let (code, said) = stage.run(file, &[]);
    assert!(code == 3 && said.contains("cluster source has no capacity for Serverless v2"), "{code} {said}");
    stage.says("MinCapacity", "0.5\n");
    stage.says("MaxCapacity", "16\n");
    stage.says("IAMDatabaseAuthenticationEnabled", "True\n");
    stage.says("Status", "creating\navailable\n");
    let more = [("PGSLOTPLAN_AURORA_INSTANCE_GROUP", "instances"), ("PGSLOTPLAN_AURORA_KMS", "key")];
    let (code, said) = stage.run(file, &more);
    assert_eq!(code, 0, "{said}");
    let calls = stage.calls();
    for expected in [
        "--vpc-security-group-ids sg-1 sg-2 --serverless-v2-scaling-configuration MinCapacity=0.5,MaxCapacity=16 --enable-iam-database-authentication --kms-key-id key",
        "add-role-to-db-cluster --db-cluster-identifier clone --role-arn arn:aws:iam::1:role/s3 --feature-name s3Import",
        "--db-instance-class db.serverless --db-parameter-group-name instances",
    ] {
        assert!(calls.contains(expected), "{expected}: {calls}");
    }
    // again: nothing is made twice
    stage.says("clone_roles", "arn:aws:iam::1:role/s3\ts3Import\n");
    let (code, said) = stage.run(file, &more);
    assert_eq!(code, 0, "{said}");
    let made = ["restore-db-cluster", "create-db-instance", "add-role"];
    let count = |what: &str| stage.calls().lines().filter(|line| line.contains(what)).count();
    assert_eq!(made.map(count), [1, 1, 1], "{}", stage.calls());
}
