//! A transcript: what was typed, how it ended, what it printed, and which files changed.
//!
//! Searches are small: what the search finds is not tested here.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// The workload of most stories: eight tables with keys, three hours.
pub const GENERATE: &str = "generate --tables 8 --hours 3 --no-key 0 --total-wal 8MB/s";
/// Its plan: three slots.
pub const PLAN: &str = "plan w.json --publications 2..3 --max-dedicated 1 --budget 1000";

/// Runs of the program in one folder, and their transcript.
pub struct Story {
    name: &'static str,
    folder: tempfile::TempDir,
    transcript: String,
}

impl Story {
    /// A story in an empty folder; its transcript is `golden/NAME.txt`.
    pub fn new(name: &'static str) -> Self {
        Story { name, folder: tempfile::tempdir().unwrap(), transcript: String::new() }
    }

    /// A story that begins with a small workload, `w.json`, and its plan, `p.json`.
    pub fn with_plan(name: &'static str) -> Self {
        static FILES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
        let story = Story::new(name);
        let [workload, plan] = FILES.get_or_init(|| {
            story.quietly(&format!("{GENERATE} -o w.json"));
            story.quietly(&format!("{PLAN} -o p.json"));
            ["w.json", "p.json"].map(|file| fs::read(story.path(file)).unwrap())
        });
        story.file("w.json", workload);
        story.file("p.json", plan);
        story
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that the next runs find.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// What a good run prints, no part of the transcript.
    pub fn output_of(&self, arguments: &str) -> String {
        let output = self.output(&words(arguments));
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A good run that is no part of the transcript.
    pub fn quietly(&self, arguments: &str) {
        self.output_of(arguments);
    }

    /// Runs the program with these words and writes down what happened.
    pub fn run(&mut self, arguments: &str) -> i32 {
        self.run_with(arguments, &words(arguments))
    }

    /// The same with arguments that hold spaces; `shown` stands in the transcript.
    pub fn run_with(&mut self, shown: &str, arguments: &[String]) -> i32 {
        let before = self.files();
        let output = self.output(arguments);
        self.write_down(&format!("pgslotplan {shown}"), &before, &output)
    }

    /// The same, with no more of a plan's summary than its slots, how good they are, and its findings' first lines.
    pub fn run_briefly(&mut self, arguments: &str) -> i32 {
        let before = self.files();
        let mut output = self.output(&words(arguments));
        output.stdout = brief(&String::from_utf8_lossy(&output.stdout)).into_bytes();
        self.write_down(&format!("pgslotplan {arguments}"), &before, &output)
    }

    /// Runs a line of `sh`, with the program as `$PGSLOTPLAN`.
    pub fn shell(&mut self, line: &str) -> i32 {
        let before = self.files();
        let mut command = self.clean(Command::new("/bin/sh"));
        let output = command.arg("-c").arg(line).env("PGSLOTPLAN", PROGRAM).output().unwrap();
        self.write_down(line, &before, &output)
    }

    /// A run within so much address space, in KiB, and a minute of processor time; no part of the transcript.
    pub fn limited(&self, kibibytes: u64, arguments: &str) -> Output {
        let mut command = self.clean(Command::new("/bin/sh"));
        let line = format!("ulimit -v {kibibytes}; ulimit -t 60; exec \"$PGSLOTPLAN\" {arguments}");
        command.arg("-c").arg(line).env("PGSLOTPLAN", PROGRAM).output().unwrap()
    }

    /// Writes a file's text into the transcript.
    pub fn show(&mut self, name: &str) {
        let text = without_static_digests(&self.read(name));
        let _ = write!(self.transcript, "=== {name}\n{text}\n");
    }

    /// Holds the transcript against the golden one.
    pub fn compare(self) {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/golden").join(format!("{}.txt", self.name));
        if std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1") {
            fs::write(&path, &self.transcript).unwrap();
            return;
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden == self.transcript {
            return;
        }
        let lines = golden.lines().zip(self.transcript.lines()).take_while(|(golden, now)| golden == now).count();
        let excerpt = |text: &str| text.lines().skip(lines.saturating_sub(3)).take(12).collect::<Vec<_>>().join("\n");
        panic!(
            "{} differs from line {} on\n--- golden\n{}\n--- now\n{}\n(PGSLOTPLAN_BLESS=1 accepts it)",
            path.display(),
            lines + 1,
            excerpt(&golden),
            excerpt(&self.transcript)
        );
    }

    fn output(&self, arguments: &[String]) -> Output {
        self.clean(Command::new(PROGRAM)).args(arguments).output().unwrap()
    }

    /// Nothing of the caller's environment counts.
    fn clean(&self, mut command: Command) -> Command {
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin").env("HOME", self.folder.path());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), "", &mut files);
        files
    }

    fn write_down(&mut self, line: &str, before: &BTreeMap<String, Vec<u8>>, output: &Output) -> i32 {
        let code = output.status.code().unwrap_or(-1);
        let _ = write!(self.transcript, "$ {line}\n[exit code {code}]\n");
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                let text = without_static_digests(&without_times(&String::from_utf8_lossy(bytes)));
                let _ = write!(self.transcript, "[{name}]\n{text}");
            }
        }
        let after = self.files();
        for (name, content) in &after {
            match before.get(name) {
                None => drop(writeln!(self.transcript, "[new file {name}]")),
                Some(old) if old != content => drop(writeln!(self.transcript, "[changed file {name}]")),
                Some(_) => {}
            }
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            let _ = writeln!(self.transcript, "[removed file {name}]");
        }
        self.transcript.push('\n');
        code
    }
}

/// What `run_briefly` keeps.
fn brief(summary: &str) -> String {
    let Some((top, rest)) = summary.split_once("\nWhat each slot holds") else { return summary.to_owned() };
    let finding = |line: &&str| ["error ", "warning ", "info "].iter().any(|severity| line.starts_with(severity));
    let findings: Vec<&str> = rest.lines().filter(finding).collect();
    format!("{top}\n[...]\n{}\n", findings.join("\n"))
}

/// Log lines carry the time, which is another each time.
fn without_times(text: &str) -> String {
    let with_mask = |line: &str| match line.split_once("\"time\":\"") {
        Some((head, tail)) => match tail.split_once('"') {
            Some((_, tail)) => format!("{head}\"time\":\"...\"{tail}\n"),
            None => format!("{line}\n"),
        },
        None => format!("{line}\n"),
    };
    text.lines().map(with_mask).collect()
}

/// What is the same for every plan of a release changes with every release: the digests of it are not compared.
fn without_static_digests(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\"lib/") {
        let key_end = rest[at + 1..].find('"').map_or(rest.len(), |end| at + end + 2);
        let value = rest[key_end..].trim_start_matches([':', ' ', '"']);
        let begin = rest.len() - value.len();
        out.push_str(&rest[..begin]);
        let digest = value.bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push_str(if digest == 64 { "..." } else { &value[..digest] });
        rest = &value[digest..];
    }
    out.push_str(rest);
    out
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgslotplan");

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.insert(format!("{name}/"), Vec::new());
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap_or_default());
        }
    }
}
