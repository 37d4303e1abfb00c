//! What the shell of the emitted kit refuses without any server: folders and files that somebody else could have made, words where
//! numbers belong; and that it takes passwords out of arguments.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A copy of the sample's kit in a folder of its own.
struct Kit {
    folder: tempfile::TempDir,
}

impl Kit {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kit = Kit { folder };
        copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/saas/scripts")), &kit.path());
        kit
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("kit")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("kit.state")
    }

    /// Runs `run.sh list`; no server answers, so that the steps are taken from the notes.
    fn run(&self, environment: &[(&str, &str)]) -> Output {
        self.shell(&self.path().join("run.sh"), environment)
    }

    fn shell(&self, script: &Path, environment: &[(&str, &str)]) -> Output {
        let nowhere = format!("host={} dbname=x", self.folder.path().display());
        Command::new("sh")
            .arg(script)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("PGSLOTPLAN_PUBLISHER", &nowhere)
            .env("PGSLOTPLAN_SUBSCRIBER", &nowhere)
            .envs(environment.iter().copied())
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// Lines of sh behind the shared library.
    fn lines(&self, lines: &str) -> Output {
        let script = self.folder.path().join("lines.sh");
        let text = format!("here={}\n. \"$here/lib/common.sh\"\nhas_ended=1\n{lines}\n", self.path().display());
        fs::write(&script, text).unwrap();
        self.shell(&script, &[])
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

fn words(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn folders_and_files_that_others_may_write_are_refused() {
    type Spoil = fn(&Kit);
    let spoils: [(&str, Spoil); 8] = [
        ("others may write", |kit| {
            fs::create_dir(kit.state()).unwrap();
            mode(&kit.state(), 0o777);
        }),
        ("is a symbolic link", |kit| {
            let elsewhere = kit.folder.path().join("elsewhere");
            fs::create_dir(&elsewhere).unwrap();
            symlink(&elsewhere, kit.state()).unwrap();
        }),
        ("is a symbolic link", |kit| symlink(kit.folder.path().join("nothing"), kit.state()).unwrap()),
        ("evidence.tsv\" is a symbolic link", |kit| {
            fs::create_dir(kit.state()).unwrap();
            symlink(kit.folder.path().join("target"), kit.state().join("evidence.tsv")).unwrap();
        }),
        ("others may write", |kit| {
            fs::create_dir(kit.state()).unwrap();
            fs::write(kit.state().join("cutover.conf"), "touch canary").unwrap();
            mode(&kit.state().join("cutover.conf"), 0o666);
        }),
        ("others may write", |kit| mode(&kit.path().join("lib/common.sh"), 0o646)),
        ("others may write", |kit| mode(&kit.path().join("plan"), 0o777)),
        ("others may write into it", |kit| mode(kit.folder.path(), 0o777)),
    ];
    for (words_of_it, spoil) in spoils {
        let kit = Kit::new();
        spoil(&kit);
        let output = kit.run(&[]);
        let (out, errors) = words(&output);
        assert!(output.status.code() == Some(1) && errors.contains(words_of_it), "{words_of_it}: {out}{errors}");
        assert!(errors.contains("hint: ") && out.is_empty(), "{out}{errors}");
        assert!(!kit.folder.path().join("target").exists() && !kit.folder.path().join("elsewhere/done").exists());
    }
}

#[test]
fn a_folder_of_ours_is_taken_and_nobody_else_reads_it() {
    let kit = Kit::new();
    let (out, errors) = words(&kit.run(&[]));
    assert!(out.contains("no step is done yet"), "{out}{errors}");
    assert_eq!(fs::metadata(kit.state()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_configuration_that_others_may_write_is_not_sourced() {
    let kit = Kit::new();
    let (conf, canary) = (kit.folder.path().join("cutover.conf"), kit.folder.path().join("canary"));
    fs::write(&conf, format!("touch {}\n", canary.display())).unwrap();
    mode(&conf, 0o666);
    let output = kit.shell(&kit.path().join("abort.sh"), &[("PGSLOTPLAN_CUTOVER", conf.to_str().unwrap())]);
    assert!(!output.status.success() && words(&output).1.contains("others may write"), "{:?}", words(&output));
    assert!(!canary.exists());
}

#[test]
fn without_a_temporary_folder_nothing_goes_on() {
    let kit = Kit::new();
    let output = kit.lines("TMPDIR=/nonexistent\nmake_temporary\necho reached \"$temporary\"");
    let (out, errors) = words(&output);
    assert!(
        !output.status.success() && !out.contains("reached") && errors.contains("no temporary folder"),
        "{out}{errors}"
    );
}

#[test]
fn what_is_no_number_reaches_no_arithmetic() {
    let kit = Kit::new();
    let lines = "for word in 1 007 'a[$(touch canary)]' '$(touch canary)' '' '1 2' -1 1e3 99999999999999999999; do\n\
        if is_number \"$word\"; then echo \"yes $word\"; fi\ndone\nnumber size 'x\x1b[2J'\necho reached";
    let output = kit.lines(lines);
    let (out, errors) = words(&output);
    assert_eq!(out, "yes 1\nyes 007\n", "{errors}");
    assert!(output.status.code() == Some(3) && errors.contains("size is no number: x?[2J"), "{errors}");
    assert!(!kit.folder.path().join("canary").exists());
}

#[test]
fn control_characters_and_marks_of_direction_do_not_reach_a_terminal() {
    let kit = Kit::new();
    let output =
        kit.lines("printf 'a\\033[2Jb\\302\\2331mc\\342\\200\\256d\\342\\201\\246\\re\\tf\\303\\251\\n' | plain");
    assert_eq!(words(&output).0, "a?[2Jb?1mc?d??e\tf\u{e9}\n");
}

#[test]
fn passwords_are_taken_out_of_connection_strings() {
    let kit = Kit::new();
    let cases = [
        ("host=a password=secret dbname=x", "host=a dbname=x", "secret"),
        (
            r"host=a password='it\'s \\ x' user = b dbname='a password=b'",
            "host=a user = b dbname='a password=b'",
            r"it's \ x",
        ),
        ("postgresql://u:p%40ss%25@h:1/db?sslmode=require&x=y", "postgresql://u@h:1/db?sslmode=require&x=y", "p@ss%"),
        ("postgres://u@h/db?password=a%20b&sslmode=require", "postgres://u@h/db?sslmode=require", "a b"),
        ("postgres://h/db", "postgres://h/db", ""),
        ("my password database", "my password database", ""),
    ];
    for (given, rest, password) in cases {
        let quoted = given.replace('\'', r"'\''");
        let output = kit.lines(&format!("split_dsn '{quoted}'\nprintf '%s\\n' \"$split_dsn\" \"$split_password\""));
        assert_eq!(words(&output).0, format!("{rest}\n{password}\n"), "{given}: {}", words(&output).1);
    }
    let output = kit.lines("split_dsn 'host=a sslpassword=secret'\necho reached");
    let (out, errors) = words(&output);
    assert!(
        !output.status.success() && out.is_empty() && errors.contains("service") && !errors.contains("=secret"),
        "{out}{errors}"
    );
}
