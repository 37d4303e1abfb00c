//! Options and policies that cannot be: one clear error that names the rule, exit code 1 (2 where a server is missing).

use crate::story::Story;

#[test]
fn usage() {
    let mut story = Story::with_plan("bad_options");
    let too_many = "plan w.json --split public.orders=2 --split public.orders=3";
    for line in [
        "",
        "paln w.json",
        "plan",
        "plan w.json extra",
        "plan w.json --publications 0",
        "plan w.json --publications 8..6",
        "plan w.json --publications many",
        "plan w.json --max-slots 0",
        "plan w.json --headroom 1",
        "plan w.json --headroom -0.1",
        "plan w.json --hot-share NaN",
        "plan w.json --load tuples",
        "plan w.json --slot-capacity 20MB/s",
        "plan w.json --load apply --slot-capacity 20MB/s",
        "plan w.json --publisher-version 11",
        "plan w.json --subscriber-version 11",
        "plan w.json --max-moves 3",
        "plan w.json --budget 0",
        "plan w.json --time-limit soon",
        "plan w.json --pin public.orders",
        "plan w.json --split public.orders=1",
        "audit p.json",
        "emit p.json -o s --bootstrap magic",
        "emit p.json -o s --target excel",
        "generate -o x.json --tables 0",
        "generate -o x.json --hours 0",
        "generate -o x.json --zipf -1",
        "generate -o x.json --noise inf",
        "generate -o x.json --total-wal lots",
        "sample host=x --duration 0s -o x.json",
        "sample host=x --duration 5 -o x.json --interval 10s",
        "sample host=x --bucket 0.5s -o x.json",
        "sample host=x --method guess -o x.json",
        "sample host=x --once --resume -o x.json",
        "sample host=x",
        "monitor p.json --once --interval 0.1s",
        "monitor p.json --once --publisher host=x --max-lag soon",
        "monitor p.json --once",
        "demo --publisher-version 11",
        "demo --publisher-version 15 --subscriber-version 13",
        "demo --sample-for 1s",
        "demo -o w.json",
        "completions cobol",
        "plan w.json -q -v",
        too_many,
    ] {
        assert_eq!(story.run(line), 1, "{line}");
    }
    story.compare();
}

/// Contradictions are named by their rules.
#[test]
fn policies() {
    let mut story = Story::with_plan("bad_policies");
    for options in [
        "--pin public.orders=a --pin public.invoices=a --keep-apart public.orders,public.invoices",
        "--pin public.orders=a --pin public.orders=b",
        "--pin public.orders=dedicated --pin public.invoices=dedicated --max-slots 1",
        "--pin public.orders=dedicated --keep-together public.orders,public.invoices --pin public.invoices=shared",
        "--keep-together public.orders,public.invoices --keep-apart public.invoices,public.orders",
        "--keep-apart public.orders,public.invoices,public.contacts --publications 2 --max-dedicated 0",
        "--pin public.gone=a",
        "--keep-together public.orders,public.gone",
        "--exclude *",
        "--include nothing.*",
        "--split public.orders=4",
        "--pin public.orders=UPPER",
    ] {
        assert_eq!(story.run(&format!("plan w.json -o out.json --budget 1000 {options}")), 1, "{options}");
    }
    for (name, text) in [
        ("syntax.toml", "publications = "),
        ("unknown.toml", "publication = 6\n"),
        ("type.toml", "headroom = \"much\"\n"),
        ("range.toml", "headroom = 2.0\n"),
        ("apart.toml", "keep_apart = [[\"public.orders\"]]\n"),
    ] {
        story.file(name, text);
        assert_eq!(story.run(&format!("plan w.json -o out.json --policy {name}")), 1, "{name}");
    }
    assert_eq!(story.run("plan w.json -o out.json --policy missing.toml"), 1);
    assert!(!story.path("out.json").exists());
    story.compare();
}

/// Connections that cannot come about: exit code 2, and no file.
#[test]
fn servers_that_are_not_there() {
    let mut story = Story::new("no_server");
    let conninfo = |text: &str| vec!["sample".to_owned(), text.to_owned(), "-o".to_owned(), "w.json".to_owned()];
    for (text, code) in [
        ("host=127.0.0.1 port=1 user=u dbname=d connect_timeout=5", 2),
        ("host=/nowhere user=u dbname=d", 2),
        ("postgresql://u@127.0.0.1:1/d?connect_timeout=5", 2),
        ("host=127.0.0.1 port=99999", 1),
        ("host=127.0.0.1 sslmode=often", 1),
        ("host=127.0.0.1 colour=red", 1),
        ("postgresql://[::1", 1),
        ("service=missing", 1),
        ("host=127.0.0.1 port=1 user=u sslmode=verify-full sslrootcert=missing.crt", 1),
    ] {
        assert_eq!(story.run_with(&format!("sample '{text}' -o w.json"), &conninfo(text)), code, "{text}");
    }
    assert!(!story.path("w.json").exists());
    story.compare();
}
