//! The playbook of `--target ansible` as Ansible itself reads it: syntax, and the arguments of each module. Ansible and its
//! collection come from PyPI, pinned by `ansible.txt`; that they cannot be had is a failure.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Target},
    plan::Plan,
};

use crate::{bank, bench::case, pair::told};

pub fn trials() -> Vec<Trial> {
    vec![case("targets::ansible_reads_the_playbook_and_knows_its_arguments", 0, |_| playbook())]
}

/// Wheels are zip files; of the large one only the collection is taken.
const UNPACK: &str = "import glob, sys, zipfile
for wheel in glob.glob(sys.argv[1] + '/*.whl'):
    archive = zipfile.ZipFile(wheel)
    whole = not wheel.rsplit('/', 1)[1].startswith('ansible-')
    names = [n for n in archive.namelist() if whole or n.startswith('ansible_collections/community/postgresql/')]
    archive.extractall(sys.argv[2], names)";

/// The folder for PYTHONPATH, made now if it is not there.
pub fn ansible() -> Result<PathBuf, Failed> {
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/ansible.txt");
    let version = fs::read_to_string(&pins)?;
    let version = version.lines().find_map(|line| line.strip_prefix("ansible==")).ok_or("no version of ansible")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let done = folder.join(format!("ansible-{}", version.trim_end_matches(" \\")));
    if done.exists() {
        return Ok(done);
    }
    let building = tempfile::tempdir_in(folder)?;
    let (wheels, unpacked) = (building.path().join("wheels"), building.path().join("unpacked"));
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]);
    download.args(["--disable-pip-version-check", "--dest"]).arg(&wheels).arg("-r").arg(&pins);
    let mut unpack = Command::new("python3");
    unpack.args(["-c", UNPACK]).arg(&wheels).arg(&unpacked);
    for mut command in [download, unpack] {
        let (code, _, errors) = told(command.output()?);
        if code != 0 {
            return Err(format!("Ansible could not be installed: {errors}").into());
        }
    }
    match fs::rename(&unpacked, &done) {
        Err(error) if !done.exists() => Err(error.into()),
        _ => Ok(done), // or another process was quicker
    }
}

/// Plans with all that the playbook can say.
fn plans() -> [Plan; 2] {
    let mut hostile = bank::plan(15, 18, "1".into());
    hostile.database = "Bank {{ 7 * 7 }}: 'x' # \"y\"".into();
    hostile.slots[0].publication = "Pub {% raw %} {{ x }}".into();
    hostile.slots[1].subscription = "- *sub & !tag".into();
    hostile.slots[0].publish = "insert, update, delete".parse().unwrap();
    hostile.slots[0].tables[0].row_filter = Some("id > 0".into());
    [bank::plan(13, 15, "1".into()), hostile]
}

fn playbook() -> Result<(), Failed> {
    let site = ansible()?;
    let home = tempfile::tempdir()?;
    fs::write(home.path().join("ansible.cfg"), "[defaults]\n")?;
    let run = |program: &str, arguments: &[&str]| -> Result<String, Failed> {
        let mut command = Command::new("python3");
        command.args(["-m", "ansible", program]).args(arguments).current_dir(home.path()).env("PYTHONPATH", &site);
        command
            .env("HOME", home.path())
            .env("ANSIBLE_HOME", home.path())
            .env("ANSIBLE_CONFIG", home.path().join("ansible.cfg"));
        let (code, out, errors) = told(command.env("LC_ALL", "C.UTF-8").output()?);
        if code == 0 { Ok(out) } else { Err(format!("ansible {program}: {code}: {out}{errors}").into()) }
    };
    for plan in plans() {
        let script = emit::script(&plan, &EmitOptions { target: Target::Ansible, ..EmitOptions::default() })?;
        let step = script.steps.iter().find(|step| step.file == "60_playbook.yml").ok_or("no playbook")?;
        fs::write(home.path().join("play.yml"), &step.body)?;
        fs::write(
            home.path().join("inventory"),
            "publisher ansible_connection=local\nsubscriber ansible_connection=local\n",
        )?;
        run("playbook", &["--syntax-check", "-i", "inventory", "play.yml"])?;
        // what Ansible has read is what was meant: templates of the plan's names stay text
        let listed = run("playbook", &["--list-tasks", "-i", "inventory", "play.yml"])?;
        assert_eq!(listed.matches("Publication ").count(), plan.slots.len(), "{listed}");
        for module in ["postgresql_publication", "postgresql_slot", "postgresql_subscription"] {
            let module = format!("community.postgresql.{module}");
            let known: serde_json::Value = serde_json::from_str(&run("doc", &["-t", "module", "-j", &module])?)?;
            let known = known[&module]["doc"]["options"].as_object().ok_or("options")?.keys().cloned().collect();
            let used = arguments(&step.body, &module);
            assert!(!used.is_empty() && used.is_subset(&known), "{module}: {used:?} {known:?}");
        }
    }
    Ok(())
}

/// The arguments of a module's tasks: what is one level deeper than its name.
fn arguments(playbook: &str, module: &str) -> BTreeSet<String> {
    let text = |line: &str| line.trim_start_matches([' ', '-']).to_owned();
    let depth = |line: &str| line.len() - text(line).len();
    let lines: Vec<&str> = playbook.lines().collect();
    let mut found = BTreeSet::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| text(line) == format!("{module}:")) {
        let inside = lines[at + 1..].iter().take_while(|next| depth(next) > depth(line));
        let direct = inside.filter(|next| depth(next) == depth(lines[at + 1]));
        found.extend(direct.filter_map(|next| text(next).split_once(':').map(|(name, _)| name.to_owned())));
    }
    found
}
