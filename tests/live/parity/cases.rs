//! Connection strings, URIs, `PG*` variables, several hosts, password files, service files, and commands for passwords.

use std::path::Path;

use libtest_mimic::Failed;
use pgslotplan::throwaway::{Cluster, ClusterSettings, Servers};

use super::{Case, Oracle, Seen, World};

/// One row of a table: string, variables, files, whether it gets in.
pub(super) type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str, u32)], bool);

const RULES: &str = "host all trusted 127.0.0.1/32 trust
host all clear 127.0.0.1/32 password
host all old 127.0.0.1/32 md5
host all all 127.0.0.1/32 scram-sha-256
local all all scram-sha-256";

pub(super) fn server(servers: &Servers) -> Result<Cluster, Failed> {
    let settings = ClusterSettings::new().with_tcp().with_hba(RULES).with("log_connections", "on");
    let cluster = servers.start(17, &settings)?;
    cluster
        .psql(
            "postgres",
            r#"CREATE ROLE trusted LOGIN; CREATE ROLE clear LOGIN PASSWORD 'right'; CREATE ROLE ann LOGIN PASSWORD 'right';
               CREATE ROLE "a:n" LOGIN PASSWORD 'b:c\d'; CREATE ROLE "it's me" LOGIN PASSWORD 'p w''d\';
               SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD 'right';
               CREATE DATABASE ann; CREATE DATABASE trusted; CREATE DATABASE "d b/é"; CREATE DATABASE quiet;
               ALTER DATABASE quiet SET default_transaction_read_only = on;"#,
        )?
        .success()?;
    Ok(cluster)
}

pub(super) fn all_agree(world: &World<'_>, rows: &[Row<'_>]) -> Result<(), Failed> {
    for (conninfo, environment, files, gets_in) in rows {
        world.agree(Case { conninfo, environment, files, gets_in: *gets_in })?;
    }
    Ok(())
}

pub fn strings_variables_and_hosts(servers: &Servers) -> Result<(), Failed> {
    let (one, two) = (server(servers)?, server(servers)?);
    let world = World::new(servers, vec![&one, &two], Path::new("/"), Oracle::Newest)?;
    all_agree(&world, &STRINGS)?;
    all_agree(&world, &VARIABLES)?;
    all_agree(&world, &HOSTS)?;
    // Where the second host is wanted, the second it is.
    let second = "host=127.0.0.1,127.0.0.1 port=@dead@,@other@ user=trusted dbname=postgres";
    let seen = world.agree(Case { conninfo: second, environment: &[], files: &[], gets_in: true })?;
    assert!(matches!(seen, Seen::In { server: 1, .. }), "{seen:?}");
    world.finish()
}

const STRINGS: [Row<'_>; 38] = [
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted", &[], &[], true), // the database of the user's name
    ("  host = 127.0.0.1  port= @port@ user =trusted dbname = 'postgres' ", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted dbname='d b/é'", &[], &[], true),
    (r"host=127.0.0.1 port=@port@ user=it\'s\ me password='p w\'d\\' dbname=postgres", &[], &[], true),
    (r"host=127.0.0.1 port=@port@ user='it\'s me' password=p\ w\'d\\ dbname=postgres", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user='trusted dbname=postgres", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres postgres", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted database=postgres", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=nobody user=trusted dbname=postgres", &[], &[], true), // the last counts
    ("host=127.0.0.1 port=@port@x user=trusted dbname=postgres", &[], &[], false),
    ("host=127.0.0.1 port=0 user=trusted dbname=postgres", &[], &[], false),
    ("host=127.0.0.1 port=' @port@ ' user=trusted dbname=postgres", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres connect_timeout=soon", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres connect_timeout=-1", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres keepalives=x", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres sslmode=", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres krbsrvname=x gssencmode=prefer", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres options='-c search_path=x'", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres options='-c nonsense'", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres target_session_attrs=main", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=postgres load_balance_hosts=maybe", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=ann password=right dbname=postgres", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=ann password=wrong dbname=postgres", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=ann dbname=postgres", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=old password=right dbname=postgres", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=clear password=right dbname=postgres", &[], &[], true),
    ("host=@socket@ port=@port@ user=ann password=right dbname=postgres", &[], &[], true),
    ("postgresql://trusted@127.0.0.1:@port@/postgres", &[], &[], true),
    ("postgres://trusted@127.0.0.1:@port@", &[], &[], true),
    ("postgresql://127.0.0.1:@port@/postgres?user=trusted&connect_timeout=5", &[], &[], true),
    ("postgresql://a%3An:b:c%5Cd@127.0.0.1:@port@/d%20b%2F%C3%A9", &[], &[], true),
    ("postgresql://it's%20me:p%20w'd%5C@127.0.0.1:@port@/postgres?sslmode=prefer", &[], &[], true),
    ("postgresql:///postgres?host=@socket@&port=@port@&user=ann&password=right", &[], &[], true),
    ("postgresql://trusted@127.0.0.1:@port@/postgres?nope=1", &[], &[], false),
    ("postgresql://trusted@127.0.0.1:@port@/postgres%0", &[], &[], false),
    ("-h 127.0.0.1 -p @port@ -U trusted -d postgres", &[], &[], true),
    // In psql too, what the string says goes before the single options.
    ("-h 127.0.0.1 -p @dead@ -U nobody -d postgresql://trusted@127.0.0.1:@port@/postgres", &[], &[], true),
];

const AT: (&str, &str) = ("PGHOST", "127.0.0.1");
const ON: (&str, &str) = ("PGPORT", "@port@");
const WHO: (&str, &str) = ("PGUSER", "trusted");

const VARIABLES: [Row<'_>; 19] = [
    ("", &[AT, ON, WHO, ("PGDATABASE", "postgres")], &[], true),
    ("", &[AT, ON, WHO], &[], true),
    ("postgres", &[AT, ON, WHO, ("PGDATABASE", "gone")], &[], true),
    ("", &[AT, ON, WHO, ("PGDATABASE", "gone")], &[], false),
    ("dbname=postgres", &[AT, ON, ("PGUSER", "ann"), ("PGPASSWORD", "right")], &[], true),
    ("dbname=postgres password=wrong", &[AT, ON, ("PGUSER", "ann"), ("PGPASSWORD", "right")], &[], false),
    ("dbname=postgres user=ann password=right", &[AT, ON, ("PGUSER", "nobody"), ("PGPASSWORD", "wrong")], &[], true),
    ("port=@port@ user=trusted dbname=postgres", &[AT, ("PGPORT", "@dead@")], &[], true),
    ("user=trusted dbname=postgres", &[AT, ("PGPORT", "@dead@")], &[], false),
    ("user=trusted dbname=postgres", &[("PGHOST", "gone.invalid"), ("PGHOSTADDR", "127.0.0.1"), ON], &[], true),
    ("user=trusted dbname=postgres", &[AT, ("PGHOSTADDR", "localhost"), ON], &[], false),
    ("dbname=postgres", &[AT, ON, WHO, ("PGCONNECT_TIMEOUT", "later")], &[], false),
    ("dbname=postgres", &[AT, ON, WHO, ("PGOPTIONS", "-c nonsense")], &[], false),
    ("dbname=postgres", &[AT, ON, WHO, ("PGTARGETSESSIONATTRS", "standby")], &[], false),
    ("dbname=postgres", &[AT, ON, WHO, ("PGTARGETSESSIONATTRS", "primary")], &[], true),
    ("dbname=postgres", &[AT, ON, WHO, ("PGCHANNELBINDING", "require")], &[], false),
    ("dbname=postgres", &[AT, ON, WHO, ("PGLOADBALANCEHOSTS", "random")], &[], true),
    ("dbname=postgres", &[AT, ON, WHO, ("PGAPPNAME", "x y"), ("PGCLIENTENCODING", "latin1")], &[], true),
    ("dbname=postgres", &[AT, ON, WHO, ("PGSSLMODE", "require")], &[], false), // this server has no TLS
];

const HOSTS: [Row<'_>; 15] = [
    ("host=127.0.0.1,127.0.0.1 port=@dead@,@port@ user=trusted dbname=postgres", &[], &[], true),
    ("host=127.0.0.1,127.0.0.1 port=@port@ user=trusted dbname=postgres", &[], &[], true),
    ("host=127.0.0.1,127.0.0.1 port=@port@,@other@,@other@ user=trusted dbname=postgres", &[], &[], false),
    ("host=127.0.0.1 hostaddr=127.0.0.1,127.0.0.1 port=@port@ user=trusted dbname=postgres", &[], &[], false),
    ("hostaddr=127.0.0.1,127.0.0.1 port=@dead@,@other@ user=trusted dbname=postgres", &[], &[], true),
    ("host=gone.invalid,127.0.0.1 port=@port@ user=trusted dbname=postgres", &[], &[], true),
    (
        "host=gone.invalid,127.0.0.1 hostaddr=127.0.0.1,127.0.0.1 port=@other@ user=trusted dbname=postgres",
        &[],
        &[],
        true,
    ),
    // A server that answers and refuses ends the search.
    ("host=127.0.0.1,127.0.0.1 port=@port@,@other@ user=ann password=wrong dbname=postgres", &[], &[], false),
    ("host=127.0.0.1,127.0.0.1 port=@dead@,@dead@ user=trusted dbname=postgres", &[], &[], false),
    ("postgresql://trusted@127.0.0.1:@dead@,127.0.0.1:@other@/postgres", &[], &[], true),
    ("host=/nowhere,127.0.0.1 port=@port@ user=trusted dbname=postgres", &[], &[], true),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=quiet target_session_attrs=read-write", &[], &[], false),
    ("host=127.0.0.1 port=@port@ user=trusted dbname=quiet target_session_attrs=read-only", &[], &[], true),
    (
        "host=127.0.0.1,127.0.0.1 port=@port@,@other@ user=trusted dbname=postgres target_session_attrs=standby",
        &[],
        &[],
        false,
    ),
    (
        "host=127.0.0.1,127.0.0.1 port=@port@,@other@ user=trusted dbname=postgres target_session_attrs=prefer-standby",
        &[],
        &[],
        true,
    ),
];

pub fn password_files(servers: &Servers) -> Result<(), Failed> {
    let cluster = server(servers)?;
    let world = World::new(servers, vec![&cluster], Path::new("/"), Oracle::Newest)?;
    let ann = "host=127.0.0.1 port=@port@ user=ann dbname=postgres";
    for (text, gets_in) in [
        ("127.0.0.1:@port@:postgres:ann:right\n", true),
        ("127.0.0.1:@port@:postgres:ann:right", true), // no line feed
        ("*:*:*:*:right\n", true),
        ("*:*:*:ann:wrong\n*:*:*:*:right\n", false), // the first counts
        ("*:*:*:bob:wrong\n*:*:*:*:right\n", true),
        ("*:5433:*:*:right\n", false),
        ("localhost:*:*:*:right\n", false),
        ("127.0.0.*:*:*:*:right\n", false), // a star is a whole field
        ("# *:*:*:*:wrong\n\n*:*:*:*:right\n", true),
        (" *:*:*:*:right\n", false),
        ("#*:*:*:*:right\n", false),
        ("*:*:*:*:right\r\n", true),
        ("*:*:*:*:right\r\r\r\n", true),
        ("*:*:*:*:right:more\n", true), // up to the next colon
        ("*:*:*:*:ri\\ght\n", true),
        ("*:*:*:*:\n*:*:*:*:right\n", false),
        ("*:*:*:ann\n", false),
        ("*:*:*\n*:*:*:*:right\n", true),
        ("# caf\u{e9}\n*:*:*:*:right\n", true), // a byte that is not UTF-8
        ("", false),
    ] {
        let file = [(".pgpass", text, 0o600)];
        world.agree(Case { conninfo: ann, environment: &[], files: &file, gets_in })?;
    }
    let odd = "host=127.0.0.1 port=@port@ user=a:n dbname=postgres";
    for (text, gets_in) in [
        ("*:*:*:a\\:n:b\\:c\\\\d\n", true),
        ("*:*:*:a:n:b\\:c\\\\d\n", true), // libpq wants no backslash there
        ("*:*:*:a\\:n:b:c\\\\d\n", false),
    ] {
        let file = [(".pgpass", text, 0o600)];
        world.agree(Case { conninfo: odd, environment: &[], files: &file, gets_in })?;
    }
    let me = r"host=127.0.0.1 port=@port@ user='it\'s me' dbname=postgres";
    let file = [(".pgpass", "*:*:*:*:p w'd\\\n", 0o600)]; // a last backslash stands for itself
    world.agree(Case { conninfo: me, environment: &[], files: &file, gets_in: true })?;
    let right = "*:*:*:*:right\n";
    let rows: [Row<'_>; 19] = [
        (ann, &[], &[(".pgpass", right, 0o644)], false),
        (ann, &[], &[(".pgpass", right, 0o640)], false),
        (ann, &[], &[(".pgpass", right, 0o400)], true),
        (ann, &[], &[(".pgpass", "@folder@", 0o700)], false),
        (ann, &[("PGPASSFILE", "@home@/other")], &[("other", right, 0o600)], true),
        (ann, &[("PGPASSFILE", "@home@/other")], &[(".pgpass", right, 0o600)], false),
        (
            "host=127.0.0.1 port=@port@ user=ann dbname=postgres passfile=@home@/third",
            &[("PGPASSFILE", "@home@/other")],
            &[("third", right, 0o600)],
            true,
        ),
        (ann, &[("PGPASSWORD", "right")], &[(".pgpass", "*:*:*:*:wrong\n", 0o600)], true),
        (ann, &[("PGPASSWORD", "wrong")], &[(".pgpass", right, 0o600)], false),
        (
            "host=127.0.0.1 port=@port@ user=ann password=wrong dbname=postgres",
            &[],
            &[(".pgpass", right, 0o600)],
            false,
        ),
        // The name is looked up, not the address; the address where there is no name.
        (
            "host=db.invalid hostaddr=127.0.0.1 port=@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "db.invalid:*:*:*:right\n", 0o600)],
            true,
        ),
        (
            "host=db.invalid hostaddr=127.0.0.1 port=@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "127.0.0.1:*:*:*:right\n", 0o600)],
            false,
        ),
        (
            "hostaddr=127.0.0.1 port=@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "127.0.0.1:*:*:*:right\n", 0o600)],
            true,
        ),
        (
            "host=localhost port=@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "localhost:*:*:*:right\n", 0o600)],
            true,
        ),
        (
            "host=@socket@ port=@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "@socket@:*:*:*:right\n", 0o600)],
            true,
        ),
        (
            "host=@socket@ port=@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "localhost:*:*:*:right\n", 0o600)],
            false,
        ),
        ("host=127.0.0.1 port=@port@ user=ann", &[], &[(".pgpass", "*:*:ann:*:right\n", 0o600)], true),
        ("host=127.0.0.1 port=@port@ user=ann", &[], &[(".pgpass", "*:*:postgres:*:right\n", 0o600)], false),
        (
            "host=127.0.0.1,127.0.0.1 port=@dead@,@port@ user=ann dbname=postgres",
            &[],
            &[(".pgpass", "*:@dead@:*:*:wrong\n*:@port@:*:*:right\n", 0o600)],
            true,
        ),
    ];
    all_agree(&world, &rows)?;
    world.finish()
}

pub fn service_files(servers: &Servers) -> Result<(), Failed> {
    let cluster = server(servers)?;
    let world = World::new(servers, vec![&cluster], Path::new("/"), Oracle::Newest)?;
    let good = "[prod]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n";
    for (text, gets_in) in [
        (good, true),
        ("# here\n\n  [prod]  \n  host=127.0.0.1\nport=@port@  \nuser=trusted\ndbname=postgres", true),
        ("[prod] # the main one\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n", true),
        ("[production]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n", false),
        ("[pro]\nhost=gone.invalid\n[prod]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n", true),
        ("[prod]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n[prod]\nport=@dead@\n", true),
        ("[prod]\nhost=127.0.0.1\nhost=gone.invalid\nport=@port@\nuser=trusted\ndbname=postgres\n", true),
        ("[prod]\nhost = 127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n", false),
        ("[prod]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\nnonsense\n", false),
        ("nonsense\n[prod]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname=postgres\n[x]\nmore nonsense\n", true),
        ("[prod]\nhosts=127.0.0.1\n", false),
        ("[prod]\nservice=prod\n", false),
        ("[prod]\nhost=127.0.0.1\nport=@port@\nuser=trusted\ndbname='postgres'\n", false), // no quotes here
        ("[prod]\nhost=127.0.0.1\nport=@port@\nuser=a:n\npassword=b:c\\d\ndbname=d b/\u{c3}\u{a9}\n", true),
        ("", false),
    ] {
        let file = [(".pg_service.conf", text, 0o644)];
        world.agree(Case { conninfo: "service=prod", environment: &[], files: &file, gets_in })?;
    }
    let home: (&str, &str, u32) = (".pg_service.conf", good, 0o644);
    let dead = "[prod]\nhost=127.0.0.1\nport=@dead@\nuser=trusted\ndbname=postgres\n";
    let no_user = "[prod]\nhost=127.0.0.1\nport=@port@\n";
    let rows: [Row<'_>; 16] = [
        ("", &[("PGSERVICE", "prod")], &[home], true),
        ("", &[("PGSERVICE", "gone")], &[home], false),
        ("service=prod", &[("PGSERVICE", "gone")], &[home], true),
        ("postgresql://?service=prod", &[], &[home], true),
        ("service=prod port=@dead@", &[], &[home], false), // the string before the service,
        ("service=prod", &[("PGPORT", "@dead@"), ("PGHOST", "gone.invalid")], &[home], true), // it before the variables
        ("service=prod", &[("PGUSER", "trusted")], &[(".pg_service.conf", no_user, 0o644)], true),
        ("service=prod user=ann dbname=postgres", &[("PGPASSWORD", "right")], &[home], true),
        ("service=prod", &[("PGSERVICEFILE", "@home@/mine")], &[("mine", good, 0o644), (home.0, dead, 0o644)], true),
        ("service=prod", &[("PGSERVICEFILE", "@home@/mine")], &[home], false), // named, but not there
        ("service=prod", &[("PGSYSCONFDIR", "@home@/etc")], &[("etc/pg_service.conf", good, 0o644)], true),
        ("service=prod", &[("PGSYSCONFDIR", "@home@/etc")], &[("etc/pg_service.conf", dead, 0o644), home], true),
        (
            "service=prod",
            &[("PGSYSCONFDIR", "@home@/etc")],
            &[("etc/pg_service.conf", good, 0o644), (home.0, "[other]\nport=1\n", 0o644)],
            true,
        ),
        (
            "service=prod",
            &[("PGSERVICEFILE", "@home@/mine"), ("PGSYSCONFDIR", "@home@/etc")],
            &[("etc/pg_service.conf", good, 0o644)],
            false,
        ),
        ("service=", &[], &[home], false),
        ("service=prod user=ann", &[], &[home, (".pgpass", "127.0.0.1:@port@:postgres:ann:right\n", 0o600)], true),
    ];
    all_agree(&world, &rows)?;
    world.finish()
}

/// psql has none: it gets what the command prints in `PGPASSWORD`.
pub fn password_commands(servers: &Servers) -> Result<(), Failed> {
    let cluster = server(servers)?;
    let world = World::new(servers, vec![&cluster], Path::new("/"), Oracle::Newest)?;
    let conninfo = "host=127.0.0.1 port=@port@ user=ann dbname=postgres";
    for (printed, command) in [
        ("right", "printf right"),
        ("right", "printf 'right\\nand more\\n'"),
        ("right", "cat; echo right"), // standard input is empty
        ("wrong", "echo wrong"),
        (" right", "echo ' right'"),
        ("", "true"),
        ("", "echo right; exit 3"),
        ("", "no-such-program-at-all"),
    ] {
        let environment = [("PGPASSWORD", printed)];
        let case = Case { conninfo, environment: &environment, files: &[], gets_in: printed == "right" };
        let (oracle, ours) = world.run(case, &["--password-command", command])?;
        world.compare(case, &oracle, &ours);
    }
    // It goes before all other passwords, and what it prints is never shown.
    let environment = [("PGPASSWORD", "wrong")];
    let case =
        Case { conninfo, environment: &environment, files: &[(".pgpass", "*:*:*:*:wrong\n", 0o600)], gets_in: true };
    let (_, ours) = world.run(case, &["--password-command", "echo right"])?;
    assert!(matches!(ours.0, Seen::In { .. }), "{}", ours.1);
    let (_, ours) = world.run(case, &["--password-command", "echo s3cret"])?;
    assert!(ours.0 == Seen::Refused && !ours.1.contains("s3cret"), "{}", ours.1);
    world.finish()
}
