//! The playbook of `--target ansible` as Ansible itself reads it: syntax, and the arguments of each module; and as it runs it against
//! two servers. Ansible and its collection come from PyPI, pinned by `ansible.txt`; that they cannot be had is a failure.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, StepSide, Target},
    plan::Plan,
    throwaway::{Cluster, Servers},
};

use crate::{
    bank,
    bench::case,
    pair::{Pair, bare, clusters, told, write_script},
    wheels,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("targets::ansible_reads_the_playbook_and_knows_its_arguments", 0, |_| playbook()),
        case("targets::ansible_makes_what_psql_makes_15_to_18", 2, |servers| made(servers, 15, 18)),
    ]
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
    let text = fs::read_to_string(&pins)?;
    let version = text.lines().find_map(|line| line.strip_prefix("ansible==")).ok_or("no version of ansible")?;
    // another list of packages is another folder
    let name = format!("ansible-{}-{}", version.trim_end_matches(" \\"), text.len());
    let done = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    wheels::unpacked(done, "Ansible", &[(&pins, &["--only-binary=:all:"])], UNPACK)
}

/// The bank with names that need no quotes: the module for subscriptions quotes none.
fn plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let mut plan = bank::plan(publisher, subscriber, identifier);
    (plan.slots[1].publication, plan.slots[1].subscription) = ("pub_2".into(), "sub_2".into());
    plan
}

/// Plans with all that the playbook can say.
fn plans() -> [Plan; 2] {
    let mut hostile = plan(15, 18, "1".into());
    hostile.database = "Bank {{ 7 * 7 }}: 'x' # \"y\"".into();
    hostile.slots[0].publish = "insert, update, delete".parse().unwrap();
    hostile.slots[0].tables[0].row_filter = Some("id > 0".into());
    [plan(13, 15, "1".into()), hostile]
}

/// Ansible in a folder of its own.
struct Home {
    folder: tempfile::TempDir,
    site: PathBuf,
}

impl Home {
    fn new() -> Result<Self, Failed> {
        let home = Home { folder: tempfile::tempdir()?, site: ansible()? };
        fs::write(home.path("ansible.cfg"), "[defaults]\n")?;
        Ok(home)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = bare("python3");
        command.args(["-m", "ansible", program]).args(arguments).current_dir(self.folder.path());
        command
            .env("PYTHONPATH", &self.site)
            .env("HOME", self.folder.path())
            .env("ANSIBLE_HOME", self.folder.path())
            .env("ANSIBLE_CONFIG", self.path("ansible.cfg"));
        let (code, out, errors) = told(command.env("LC_ALL", "C.UTF-8").output()?);
        if code == 0 { Ok(out) } else { Err(format!("ansible {program}: {code}: {out}{errors}").into()) }
    }
}

/// What both ways make, without the connection strings.
const MADE: [&str; 2] = [
    "SELECT 'publication', p.pubname, (SELECT string_agg(t.schemaname || '.' || t.tablename, ',' ORDER BY t.schemaname, t.tablename) FROM pg_publication_tables AS t WHERE t.pubname = p.pubname),
         concat_ws(' ', pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot) FROM pg_publication AS p
     UNION ALL SELECT 'slot', slot_name, plugin, concat_ws(' ', database, temporary, slot_type) FROM pg_replication_slots ORDER BY 1, 2",
    "SELECT subname, subslotname, subpublications::text, concat_ws(' ', subenabled, substream, subbinary, subdisableonerr, suborigin) FROM pg_subscription ORDER BY 1",
];

fn catalogs(pair: &Pair) -> Result<Vec<Vec<Option<String>>>, Failed> {
    let mut rows = pair.publisher.query(bank::DATABASE, MADE[0])?;
    rows.extend(pair.subscriber.query(bank::DATABASE, MADE[1])?);
    Ok(rows)
}

/// By psql, and after a clean-up by Ansible: the same in both catalogs, and rows arrive.
fn made(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (from, to) = clusters(servers, (publisher, subscriber), bank::DATABASE, &[bank::SCHEMA])?;
    from.psql(bank::DATABASE, bank::ROWS)?.success()?;
    let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
    let pair = Pair::of(from, to, bank::DATABASE, plan(publisher, subscriber, identifier))?;
    pair.bring_up()?;
    let by_psql = catalogs(&pair)?;
    let (code, out, errors) = told(pair.shell("again.sh").output()?);
    assert_eq!(code, 0, "{out}{errors}");
    let home = Home::new()?;
    let script = emit::script(&pair.plan, &EmitOptions { target: Target::Ansible, ..EmitOptions::default() })?;
    write_script(&script, &home.path("kit"))?;
    for step in script.steps.iter().filter(|step| step.file.as_str() < "60" && step.file.ends_with(".sql")) {
        let cluster = if step.side == StepSide::Publisher { &pair.publisher } else { &pair.subscriber };
        cluster.run_script(bank::DATABASE, &home.path("kit").join(&step.file), &[])?.success()?;
    }
    let host = |name: &str, cluster: &Cluster| {
        let (socket, port) = (cluster.socket_folder().display().to_string(), cluster.port());
        format!(
            "{name} ansible_connection=local ansible_python_interpreter='{{{{ ansible_playbook_python }}}}' pgslotplan_login_host={socket} pgslotplan_login_port={port}\n"
        )
    };
    fs::write(home.path("inventory"), host("publisher", &pair.publisher) + &host("subscriber", &pair.subscriber))?;
    let way = |password: &str| {
        serde_json::json!({
            "pgslotplan_host": "127.0.0.1", "pgslotplan_port": pair.publisher.port(), "pgslotplan_user": "postgres", "pgslotplan_password": password,
        })
    };
    let play = |password: &str| {
        fs::write(home.path("way.json"), way(password).to_string())?;
        home.run("playbook", &["-i", "inventory", "-e", "@way.json", "kit/60_playbook.yml"])
    };
    // an empty password leaves the other parameters where they are
    play("")?;
    assert_eq!(catalogs(&pair)?, by_psql);
    let conninfo = "SELECT DISTINCT subconninfo FROM pg_subscription";
    let expected = format!("host=127.0.0.1 port={} user=postgres dbname=bank", pair.publisher.port());
    assert_eq!(pair.subscriber.value(bank::DATABASE, conninfo)?, expected);
    for number in ["70", "71"] {
        let step = script.steps.iter().find(|step| step.file.starts_with(number)).ok_or("a step")?;
        let cluster = if step.side == StepSide::Publisher { &pair.publisher } else { &pair.subscriber };
        let waiting = [("wait_seconds", "100")];
        cluster.run_script(bank::DATABASE, &home.path("kit").join(&step.file), &waiting)?.success()?;
    }
    // one with what a connection string and SQL would take for something else
    play("0123'\\=1")?;
    let found = pair.subscriber.value(bank::DATABASE, conninfo)?;
    assert_eq!(found, format!("{expected} password='0123\\'\\\\=1'"));
    assert_eq!(catalogs(&pair)?, by_psql);
    Ok(())
}

fn playbook() -> Result<(), Failed> {
    let home = Home::new()?;
    let run = |program: &str, arguments: &[&str]| home.run(program, arguments);
    for plan in plans() {
        let script = emit::script(&plan, &EmitOptions { target: Target::Ansible, ..EmitOptions::default() })?;
        let step = script.steps.iter().find(|step| step.file == "60_playbook.yml").ok_or("no playbook")?;
        fs::write(home.path("play.yml"), &step.body)?;
        fs::write(home.path("inventory"), "publisher ansible_connection=local\nsubscriber ansible_connection=local\n")?;
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
