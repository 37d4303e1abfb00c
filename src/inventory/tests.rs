//! Small databases side by side: one finding for what differs, none for what only reads differently.

use super::*;
use crate::{
    finding::{Finding, Severity, code},
    server::ServerVersion,
};

fn inventory(major: u32, rows: &[&str]) -> Inventory {
    let mut inventory = Inventory::new(ServerVersion::of_major(major));
    for row in rows {
        inventory.take_row(&row.replace(" | ", "\t")).unwrap();
    }
    inventory
}

fn compared(old: &[&str], new: &[&str]) -> Vec<Finding> {
    compare(&inventory(15, old), &inventory(18, new), &Accepted::default())
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// A fact of each code, which the subscriber has otherwise.
const FACTS: &[(&str, &str, &str)] = &[
    ("IV101", r#"role | ["app"] | login | true"#, r#"role | ["app"] | login | false"#),
    ("IV102", r#"password | ["app"] | kind | MD5"#, r#"password | ["app"] | kind | none"#),
    ("IV103", r#"membership | ["g", "app"] | admin | true"#, r#"membership | ["g", "app"] | admin | false"#),
    (
        "IV104",
        r#"setting | ["", "database"] | TimeZone | UTC"#,
        r#"setting | ["", "database"] | TimeZone | Asia/Tokyo"#,
    ),
    ("IV105", "database | [] | encoding | UTF8", "database | [] | encoding | LATIN1"),
    ("IV106", r#"tablespace | ["fast"] | options | a=1"#, r#"tablespace | ["fast"] | options | a=2"#),
    ("IV201", r#"relation | ["s", "t"] | kind | table"#, r#"relation | ["s", "t"] | kind | view"#),
    ("IV202", r#"column | ["s", "t", "c"] | type | integer"#, r#"column | ["s", "t", "c"] | type | bigint"#),
    (
        "IV203",
        r#"constraint | ["s", "t", "c"] | definition | CHECK (a)"#,
        r#"constraint | ["s", "t", "c"] | definition | CHECK (b)"#,
    ),
    ("IV204", r#"index | ["s", "t", "i"] | definition | (a)"#, r#"index | ["s", "t", "i"] | definition | (b)"#),
    ("IV205", r#"trigger | ["s", "t", "g"] | enabled | always"#, r#"trigger | ["s", "t", "g"] | enabled | disabled"#),
    (
        "IV206",
        r#"relation | ["s", "t"] | row security | enabled"#,
        r#"relation | ["s", "t"] | row security | otherwise"#,
    ),
    ("IV207", r#"sequence | ["s", "q"] | increment | 1"#, r#"sequence | ["s", "q"] | increment | 2"#),
    ("IV208", r#"statistics | ["s", "x"] | definition | a"#, r#"statistics | ["s", "x"] | definition | b"#),
    ("IV302", r#"function | ["s", "f", ""] | body | md5 1"#, r#"function | ["s", "f", ""] | body | md5 2"#),
    ("IV303", r#"type | ["s", "t"] | labels | 'a'"#, r#"type | ["s", "t"] | labels | 'b'"#),
    ("IV304", r#"cast | ["a", "b"] | definition | inout"#, r#"cast | ["a", "b"] | definition | binary"#),
    ("IV305", r#"extension | ["e"] | schema | a"#, r#"extension | ["e"] | schema | b"#),
    (
        "IV306",
        r#"extension_table | ["e", "s", "t"] | holds rows | true"#,
        r#"extension_table | ["e", "s", "t"] | holds rows | false"#,
    ),
    (
        "IV307",
        r#"user_mapping | ["far", "app"] | options | user"#,
        r#"user_mapping | ["far", "app"] | options | user, password"#,
    ),
    ("IV308", r#"slot | ["debezium"] | plugin | pgoutput"#, r#"slot | ["debezium"] | plugin | wal2json"#),
    ("IV309", r#"large_objects | ["app"] | count | 3"#, r#"large_objects | ["app"] | count | 2"#),
    ("IV401", r#"relation | ["s", "t"] | owner | app"#, r#"relation | ["s", "t"] | owner | dba"#),
    (
        "IV402",
        r#"relation | ["s", "t"] | privileges | app: SELECT"#,
        r#"relation | ["s", "t"] | privileges | app: INSERT"#,
    ),
    ("IV403", r#"comment | ["table", "s.t"] | text | a"#, r#"comment | ["table", "s.t"] | text | b"#),
];

#[test]
fn each_code_has_a_fact_that_gives_it() {
    for (code, old, new) in FACTS {
        let findings = compared(&[old], &[new]);
        assert_eq!(codes(&findings), [*code], "{old}");
        assert!(findings[0].hint.as_deref().unwrap().contains("To accept it: "), "{findings:?}");
        assert!(compared(&[old], &[old]).is_empty(), "{old}");
    }
    let schema = compared(&[r#"schema | ["a"] | exists | true"#], &[]);
    assert_eq!((codes(&schema), schema[0].severity), (vec!["IV301"], Severity::Error));
    let covered: Vec<&str> =
        FACTS.iter().map(|(code, ..)| *code).chain(["IV301", "IV901", "IV902", "IV903", "IV904"]).collect();
    for code in code::all().filter(|code| code.name.starts_with("IV")) {
        assert!(covered.contains(&code.name), "{} has no test", code.name);
    }
}

#[test]
fn what_stands_in_something_that_is_missing_is_not_said_again() {
    let table = [
        r#"schema | ["s"] | exists | true"#,
        r#"relation | ["s", "kept"] | kind | table"#,
        r#"relation | ["s", "t"] | kind | table"#,
        r#"column | ["s", "t", "c"] | type | integer"#,
        r#"constraint | ["s", "t", "t_pkey"] | definition | PRIMARY KEY (c)"#,
    ];
    let findings = compared(&table, &table[..2]);
    assert_eq!(codes(&findings), ["IV201"]);
    assert_eq!(findings[0].message, "the subscriber lacks it");
    let extra = compared(&table[..2], &table);
    assert_eq!((codes(&extra), extra[0].severity), (vec!["IV201"], Severity::Warning));
}

#[test]
fn texts_that_only_read_differently_are_the_same() {
    let view = |text: &str, reads: &str| {
        [
            format!("relation | [\"s\", \"v\"] | definition | {text}"),
            format!("relation | [\"s\", \"v\"] | reads | {reads}"),
        ]
    };
    let old = view(" SELECT t.a\\n   FROM s.t;", "s.t.a");
    let differs = |new: [String; 2]| {
        let (old, new): (Vec<&str>, Vec<&str>) =
            (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
        !compared(&old, &new).is_empty()
    };
    assert!(!differs(view(" SELECT a\\n   FROM s.t;", "s.t.a")));
    assert!(differs(view(" SELECT b\\n   FROM s.t;", "s.t.b")));
    // the same text without qualifiers, but another table's column
    assert!(differs(view(" SELECT a\\n   FROM s.t;", "s.other.a")));
    let maintain = r#"relation | ["s", "t"] | maintain privilege | app: MAINTAIN"#;
    let table = r#"relation | ["s", "t"] | kind | table"#;
    assert!(compared(&[table], &[table, maintain]).is_empty());
    let extension = [r#"extension | ["e"] | version | 1.5"#, r#"extension | ["e"] | version | 1.6"#];
    let newest = r#"available_extension | ["e"] | default version | 1.6"#;
    assert!(compared(&extension[..1], &[extension[1], newest]).is_empty());
    assert_eq!(codes(&compared(&extension[..1], &extension[1..])), ["IV305"]);
}

#[test]
fn before_the_schema_is_there_only_what_nobody_brings_is_said() {
    let old = [
        r#"role | ["app"] | login | true"#,
        r#"password | ["app"] | kind | MD5"#,
        r#"setting | ["app", "server"] | search_path | app"#,
        r#"relation | ["s", "t"] | kind | table"#,
        r#"extension | ["here"] | version | 1"#,
        r#"extension | ["nowhere"] | version | 1"#,
    ];
    let findings = compared(&old, &[r#"available_extension | ["here"] | default version | 1"#]);
    let said: Vec<(&str, Severity)> =
        findings.iter().map(|finding| (finding.code.as_str(), finding.severity)).collect();
    // the files of an extension are brought by nobody
    assert_eq!(said, [("IV102", Severity::Warning), ("IV305", Severity::Error), ("IV904", Severity::Warning)]);
}

#[test]
fn what_is_accepted_unseen_or_accepted_in_vain_is_said() {
    let (old, new) = (FACTS[0].1, FACTS[0].2);
    let accepted = Accepted::parse("role [\"app\"] login\nrole [\"other\"]\n").unwrap();
    let mut subscriber = inventory(18, &[new]);
    subscriber.unseen.insert(Kind::Password);
    let findings = compare(&inventory(15, &[old, FACTS[1].1]), &subscriber, &accepted);
    assert_eq!(codes(&findings), ["IV901", "IV902", "IV903"]);
    assert!(findings[1].message.contains("role [\"other\"]"));
}

#[test]
fn rows_are_read_as_copy_writes_them() {
    let row = "comment\t[\"table\", \"s.\\\\\"a\\\\\\\\b\\\\\"\"]\ttext\ttwo\\nlines";
    let mut inventory = Inventory::new(ServerVersion::of_major(18));
    inventory.take_row(row).unwrap();
    let object = Object::new(Kind::Comment, ["table", "s.\"a\\b\""]);
    assert_eq!(inventory.value(&object, "text"), Some("two\nlines"));
    for wrong in ["", "role\t[]", "thing\t[]\ta\tb", "role\t{}\ta\tb", "role\t[]\ta\t\\N"] {
        assert!(inventory.take_row(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn statements_spell_hostile_names_as_sql() {
    let mut publisher = inventory(15, &[]);
    let mut subscriber = inventory(18, &[]);
    let role = Object::new(Kind::Role, ["a\"; DROP"]);
    publisher.insert(role.clone(), "login", "true");
    subscriber.insert(role, "login", "false");
    publisher.insert(Object::new(Kind::Setting, ["a\"; DROP", "server"]), "DateStyle", "it's");
    let findings = compare(&publisher, &subscriber, &Accepted::default());
    let hints: Vec<&str> = findings.iter().filter_map(|finding| finding.hint.as_deref()).collect();
    assert!(hints[0].contains("ALTER ROLE \"a\"\"; DROP\" LOGIN;"), "{hints:?}");
    assert!(hints[1].contains("ALTER ROLE \"a\"\"; DROP\" SET \"DateStyle\" TO 'it''s';"), "{hints:?}");
}

/// The kit compares by SQL that has a table of the kinds of its own.
#[test]
fn the_kit_knows_each_kind_as_this_room_does() {
    let sql = include_str!("../emit/assets/lib/inventory_compare.sql");
    let severity = |severity: Severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let mut expected: Vec<String> = Vec::new();
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::AvailableExtension) {
        let parent = kind
            .parent()
            .map_or_else(|| "NULL, 0".to_owned(), |(parent, names)| format!("'{}', {names}", parent.as_str()));
        let carrier = match kind.carrier() {
            Carrier::Schema | Carrier::Keys => "schema",
            Carrier::Indexes => "indexes",
            Carrier::ForeignKeys => "foreign_keys",
            Carrier::Nobody => "nobody",
        };
        let (missing, extra) = (severity(kind.missing()), severity(kind.extra()));
        expected.push(format!("('{}', {parent}, '{carrier}', '{missing}', '{extra}')", kind.as_str()));
    }
    for row in expected {
        assert!(sql.contains(&row), "lib/inventory_compare.sql lacks {row}");
    }
}
