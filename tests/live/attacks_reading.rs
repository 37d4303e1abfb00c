//! Nothing of the database runs as us when we read: a tenant who owns a schema lays a trap of every kind behind tables, types, casts,
//! views, sequences, the schema of our notes and his session's name. Before and after every step: no code of his ran as anybody but
//! him, and he is what he was. And what he cannot spoil must be right: values of every kind of type, a login that only reads.

use std::{
    collections::BTreeSet,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    plan::{Plan, PlannedTable},
    throwaway::{Cluster, Servers},
    workload::{Excluded, ReplicaIdentity},
};

use crate::{
    bank,
    bench::{Done, case},
    pair::{Pair, clusters, table, told},
};

const DATABASE: &str = "shared";

/// One pair by day; the others at night.
const PAIRS: [(u32, u32); 4] = [(13, 16), (12, 14), (15, 18), (16, 15)];

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = PAIRS
        .map(|(publisher, subscriber)| {
            case(format!("attacks_reading::every_kind_of_type_{publisher}_to_{subscriber}"), 2, move |servers| {
                every_kind_of_type(servers, publisher, subscriber)
            })
        })
        .into();
    trials.extend([
        case("attacks_reading::names_that_change_hands", 2, |servers| names_that_change_hands(servers, 15, 16)),
        case("attacks_reading::the_schema_of_our_notes", 2, |servers| the_schema_of_our_notes(servers, 15, 16)),
        case("attacks_reading::sessions_are_known_by_their_lock", 2, |servers| sessions(servers, 14, 15)),
        case("attacks_reading::a_login_that_only_reads", 2, |servers| a_login_that_only_reads(servers, 13, 13)),
        case("attacks_reading::samples_hand_nothing_out", 1, |servers| samples_hand_nothing_out(servers, 16)),
    ]);
    trials
}

/// Tables of the tenant, with nothing in them that calls a function of his yet.
const SCHEMA: &str = "SET client_min_messages = warning;
    DO $$ BEGIN CREATE ROLE tenant LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC;
    CREATE TABLE public.canary (who text); GRANT ALL ON public.canary TO PUBLIC;
    CREATE TABLE public.orders (id bigint PRIMARY KEY, note text);
    CREATE SCHEMA ten AUTHORIZATION tenant;
    SET ROLE tenant;
    CREATE TYPE ten.e AS ENUM ('a', 'b', 'c'); CREATE TYPE ten.o AS ENUM ('a', 'b', 'c');
    CREATE DOMAIN ten.d AS bigint CHECK (VALUE > 0); CREATE TYPE ten.c AS (e ten.e, n ten.d, t text);
    CREATE TYPE ten.r AS RANGE (subtype = float8);
    CREATE TABLE ten.plain (id bigint PRIMARY KEY, v text);
    CREATE TABLE ten.by_enum (k ten.e PRIMARY KEY, v text); CREATE TABLE ten.by_order (k ten.o PRIMARY KEY, v text);
    CREATE TABLE ten.by_domain (k ten.d PRIMARY KEY, v text); CREATE TABLE ten.by_composite (k ten.c PRIMARY KEY, v text);
    CREATE TABLE ten.by_range (k ten.r PRIMARY KEY, v text); CREATE TABLE ten.by_array (k ten.e[] PRIMARY KEY, v text);
    CREATE TABLE ten.by_both (id bigint, k ten.e, v text, PRIMARY KEY (id, k)); CREATE TABLE ten.by_text (k ext.citext PRIMARY KEY, v text);
    CREATE TABLE ten.by_inet (k inet, b boolean, c char(3), v text, PRIMARY KEY (k, b, c));
    CREATE TABLE ten.by_nothing (k ten.e, v text);
    CREATE TABLE ten.indexed (id bigint PRIMARY KEY, v text);
    CREATE TABLE ten.kinds (id int PRIMARY KEY, t text, e ten.e, d ten.d, r ten.r, c ten.c, a ten.e[], j json, jb jsonb, x xml, p point, b bit(3),
      vb varbit, m money, i inet, ts tsvector, n numeric, f float8, raw bytea, u uuid, tr tstzrange, ci ext.citext, h ext.hstore, iv interval, bo box, s int[]);
    CREATE SEQUENCE ten.s START 5;";

/// Rows of the publisher: row n of `kinds` has a value in every column.
const ROWS: &str = "SET client_min_messages = warning; SET search_path = ext, public;
    INSERT INTO public.orders SELECT n, 'note ' || n FROM generate_series(1, 500) AS n;
    INSERT INTO ten.plain SELECT n, 'x' FROM generate_series(1, 50) AS n; INSERT INTO ten.indexed SELECT n, 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO ten.by_enum VALUES ('a', 'x'), ('b', NULL), ('c', ''); INSERT INTO ten.by_order VALUES ('a', 'x'), ('b', 'x');
    INSERT INTO ten.by_domain SELECT n, 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO ten.by_composite SELECT row('a'::ten.e, n::ten.d, E'q\"\\\\ ' || n)::ten.c, 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO ten.by_range SELECT ten.r(n, n + 2), 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO ten.by_array VALUES ('{a}', 'x'), ('{a,b}', 'x'), ('{}', 'x');
    INSERT INTO ten.by_both SELECT n, 'a', 'x' FROM generate_series(1, 50) AS n; INSERT INTO ten.by_text VALUES ('One', 'x'), ('two \"2\"', 'x');
    INSERT INTO ten.by_inet VALUES ('10.0.0.1', true, 'a', 'x'), ('10.0.0.0/8', false, 'bc', 'x');
    INSERT INTO ten.by_nothing VALUES ('a', 'x'), ('b', NULL);
    INSERT INTO ten.kinds SELECT n, '', 'a', n, ten.r(n, n + 1), row('b'::ten.e, n::ten.d, NULL)::ten.c, '{a,NULL}', '{\"a\": 1}', '{\"b\": [1]}', '<a/>', point(n, 1),
      B'101', B'1', 1.5::money, '10.0.0.1', to_tsvector('simple', 'a b'), n / 3.0, n / 7.0::float8, decode('00ff', 'hex'), md5(n::text)::uuid,
      tstzrange('2024-01-01', NULL), 'Ab', hstore('a', NULL), '1 day', box(point(0, 0), point(n, n)), '{1,NULL}' FROM generate_series(1, 40) AS n;";

/// A difference in one column each: the row's number in `kinds` and what it gets; then a row of every kind of key.
const KINDS: [&str; 25] = [
    "t = NULL",
    "e = 'b'",
    "d = 77",
    "r = ten.r(0, 100)",
    "c = row('a'::ten.e, 1::ten.d, '')::ten.c",
    "a = '{a}'",
    "j = '{\"a\":1}'",
    "jb = '{\"b\": [1, null]}'",
    "x = '<b/>'",
    "p = point(0, 0)",
    "b = B'111'",
    "vb = B'10'",
    "m = 1.51::money",
    "i = '10.0.0.1/8'",
    "ts = to_tsvector('simple', 'a c')",
    "n = n + 0.000000001",
    "f = f + 1e-15",
    "raw = decode('00fe', 'hex')",
    "u = md5('x')::uuid",
    "tr = tstzrange('2024-01-01', NULL, '()')",
    "ci = 'aB'",
    "h = ext.hstore('a', '')",
    "iv = '24 hours'",
    "bo = box(point(0, 0), point(1, 0))",
    "s = '{1}'",
];
const FAULTS: &str = "UPDATE ten.by_enum SET v = '' WHERE ctid = (SELECT ctid FROM ten.by_enum WHERE v IS NULL); UPDATE ten.by_order SET v = 'y' WHERE k = 'b';
    UPDATE ten.by_domain SET v = 'y' WHERE k = 7; DELETE FROM ten.by_composite WHERE (k).n = 9; INSERT INTO ten.by_range VALUES (ten.r(100, 200), 'x');
    UPDATE ten.by_array SET v = NULL WHERE k = '{}'; UPDATE ten.by_both SET v = 'y' WHERE id = 4; UPDATE ten.by_text SET v = 'y' WHERE k = 'One';
    UPDATE ten.by_inet SET v = 'y' WHERE b; DELETE FROM ten.plain WHERE id = 50;";
const FOUND: [&str; 10] = [
    r#"different,table ten.by_array,"{""{}""}",changed"#,
    r#"different,table ten.by_both,"{4,a}",changed"#,
    r#"different,table ten.by_composite,"{""(a,9,\""q\""\""\\\\ 9\"")""}",missing on the subscriber"#,
    r#"different,table ten.by_domain,{7},changed"#,
    r#"different,table ten.by_enum,{b},changed"#,
    r#"different,table ten.by_inet,"{10.0.0.1,t,""a  ""}",changed"#,
    r#"different,table ten.by_order,{b},changed"#,
    r#"different,table ten.by_range,"{""[100,200)""}",only on the subscriber"#,
    r#"different,table ten.by_text,{One},changed"#,
    r#"different,table ten.plain,{50},missing on the subscriber"#,
];

/// What the tenant's code does wherever it runs as somebody else: it says so in the server's log, which nothing takes back, writes a
/// row, makes him superuser and touches a file.
const EVIL: &str = "SET client_min_messages = warning; SET ROLE tenant;
    CREATE FUNCTION ten.evil() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN
      IF current_user <> 'tenant' THEN
        RAISE LOG 'CANARY: ran as %', current_user;
        BEGIN EXECUTE 'INSERT INTO public.canary VALUES (current_user)'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'ALTER ROLE tenant SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch canary_file'''; EXCEPTION WHEN OTHERS THEN NULL; END;
      END IF;
      RETURN true;
    END $$;
    CREATE FUNCTION ten.quiet_evil() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN ten.evil(); END $$;";
/// Casts of every direction and context, checks of domains, an operator class of his own, expressions of his in indexes.
const TRAPS: &str = "SET client_min_messages = warning; SET ROLE tenant;
    CREATE FUNCTION ten.to_text(ten.e) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 'a'; END $$;
    CREATE FUNCTION ten.to_number(ten.e) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 1; END $$;
    CREATE FUNCTION ten.from_text(text) RETURNS ten.e LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 'a'; END $$;
    CREATE FUNCTION ten.array_to_text(ten.e[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 'a'; END $$;
    CREATE FUNCTION ten.composite_to_text(ten.c) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 'a'; END $$;
    CREATE FUNCTION ten.range_to_text(ten.r) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 'a'; END $$;
    CREATE CAST (ten.e AS text) WITH FUNCTION ten.to_text(ten.e) AS IMPLICIT; CREATE CAST (ten.e AS bigint) WITH FUNCTION ten.to_number(ten.e) AS IMPLICIT;
    CREATE CAST (text AS ten.e) WITH FUNCTION ten.from_text(text) AS IMPLICIT; CREATE CAST (ten.c AS text) WITH FUNCTION ten.composite_to_text(ten.c) AS IMPLICIT;
    CREATE CAST (ten.r AS text) WITH FUNCTION ten.range_to_text(ten.r) AS IMPLICIT;
    ALTER DOMAIN ten.d ADD CHECK (ten.evil()) NOT VALID;
    CREATE INDEX bad ON ten.indexed ((CASE WHEN ten.quiet_evil() THEN v END)); CREATE INDEX worse ON ten.indexed (id) WHERE ten.quiet_evil();";
/// An operator class takes a superuser, whom the tenant asked for it.
const OPERATOR_CLASS: &str = "SET client_min_messages = warning; SET ROLE tenant;
    DO $do$ DECLARE o record; BEGIN
      FOR o IN SELECT * FROM (VALUES ('lt', '<'), ('le', '<='), ('eq', '='), ('ge', '>='), ('gt', '>')) AS w(name, sign) LOOP
        EXECUTE format('CREATE FUNCTION ten.o_%s(ten.o, ten.o) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN
          IF to_regprocedure(''ten.evil()'') IS NOT NULL THEN PERFORM ten.evil(); END IF; RETURN $1::anyenum OPERATOR(pg_catalog.%s) $2::anyenum; END $f$', o.name, o.sign);
        EXECUTE format('CREATE OPERATOR ten.%s (LEFTARG = ten.o, RIGHTARG = ten.o, FUNCTION = ten.o_%s)', o.sign, o.name);
      END LOOP;
    END $do$;
    CREATE FUNCTION ten.o_cmp(ten.o, ten.o) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      IF to_regprocedure('ten.evil()') IS NOT NULL THEN PERFORM ten.evil(); END IF; RETURN enum_cmp($1, $2); END $$;
    RESET ROLE;
    CREATE OPERATOR CLASS ten.own DEFAULT FOR TYPE ten.o USING btree AS OPERATOR 1 ten.<, OPERATOR 2 ten.<=, OPERATOR 3 ten.=, OPERATOR 4 ten.>=, OPERATOR 5 ten.>,
      FUNCTION 1 ten.o_cmp(ten.o, ten.o);
    ALTER OPERATOR CLASS ten.own USING btree OWNER TO tenant;";

/// Both servers, the tables of the tenant in the plan's slots, replicating.
struct Scene {
    pair: Pair,
    plan: Plan,
}

impl Scene {
    fn new(servers: &Servers, publisher: u32, subscriber: u32, schema: &[&str]) -> Result<Self, Failed> {
        let (from, to) = clusters(servers, (publisher, subscriber), DATABASE, schema)?;
        from.psql(DATABASE, ROWS)?.success()?;
        let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
        let mut plan = bank::plan(publisher, subscriber, identifier);
        plan.database = DATABASE.into();
        plan.foreign_keys.clear();
        plan.slots[0].tables = vec![table("orders", &["id"])];
        plan.slots[1].tables = planned_of_tenant();
        for (schema, name) in
            [("public", "canary"), ("other", "plain"), ("other", "by_both"), ("other", "by_inet"), ("other", "s")]
        {
            plan.excluded.push(Excluded {
                schema: schema.into(),
                name: name.into(),
                reason: "excluded by --exclude".into(),
            });
        }
        plan.plan_sha256 = plan.digest();
        let scene = Scene { pair: Pair::of(from, to, DATABASE, plan.clone())?, plan };
        Ok(scene)
    }

    fn servers(&self) -> [&Cluster; 2] {
        [&self.pair.publisher, &self.pair.subscriber]
    }

    fn both(&self, sql: &str) -> Result<(), Failed> {
        self.servers().iter().try_for_each(|cluster| self.pair.execute(cluster, sql))
    }

    /// No code of the tenant's ran as anybody else, and he is what he was.
    fn is_clean(&self, after: &str) -> Result<(), Failed> {
        for cluster in self.servers() {
            let log = cluster.server_log();
            let line = log.lines().find(|line| line.contains("CANARY"));
            assert!(line.is_none(), "{after}: {line:?}");
            let seen = cluster.value(DATABASE, "SELECT (SELECT count(*) FROM public.canary) || ' ' || (SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper)")?;
            assert_eq!(seen, "0 postgres", "{after}");
            assert!(!cluster.data_folder().join("canary_file").exists(), "{after}: a program ran");
        }
        Ok(())
    }

    /// Runs a step and gives its code and what it said.
    fn step(&self, number: &str) -> Result<(i32, String), Failed> {
        let (code, out, errors) = self.pair.run(number)?;
        self.is_clean(&format!("{number}, exit code {code}: {errors}"))?;
        Ok((code, out + &errors))
    }

    fn runs(&self, numbers: &[&str]) -> Result<(), Failed> {
        for number in numbers {
            let (code, said) = self.step(number)?;
            assert_eq!(code, 0, "{number}: {said}");
        }
        Ok(())
    }

    fn refused(&self, number: &str, reason: &str) -> Result<(), Failed> {
        let (code, said) = self.step(number)?;
        assert!(code != 0 && said.contains(reason), "{number}, exit code {code}, not {reason:?}: {said}");
        Ok(())
    }

    /// Lines of the last comparison.
    fn found(&self, mode: &str, file: &str) -> BTreeSet<String> {
        self.pair.state(&format!("verify_{mode}/{file}.csv")).lines().map(str::to_owned).collect()
    }

    /// The program itself, as a role.
    fn program(&self, command: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        program.arg(command).env_remove("PGSLOTPLAN_PUBLISHER").env_remove("PGSLOTPLAN_SUBSCRIBER");
        program
    }

    fn conninfo_of(&self, cluster: &Cluster, role: &str) -> String {
        cluster.conninfo(DATABASE).replace("user=postgres", &format!("user={role}"))
    }

    fn check(&self, role: &str) -> Result<(i32, String), Failed> {
        let path = self.pair.folder().join("plan.json");
        std::fs::write(&path, format::write(&self.plan))?;
        let mut program = self.program("check");
        program.arg(path).args(["--format", "json", "--publisher", &self.conninfo_of(&self.pair.publisher, role)]);
        let (code, out, errors) =
            told(program.args(["--subscriber", &self.conninfo_of(&self.pair.subscriber, role)]).output()?);
        self.is_clean(&format!("check, exit code {code}: {errors}"))?;
        Ok((code, out + &errors))
    }

    /// Statements as the tenant.
    fn as_tenant(&self, cluster: &Cluster, sql: &str) -> Result<(), Failed> {
        let done = run_psql(cluster, "tenant", "", &["-c", sql])?;
        if done.0 == 0 { Ok(()) } else { Err(done.2.into()) }
    }
}

/// psql as a role, with a name of its own; code, output, errors.
fn run_psql(cluster: &Cluster, role: &str, name: &str, arguments: &[&str]) -> Result<(i32, String, String), Failed> {
    Ok(told(psql(cluster, role, name)?.args(arguments).output()?))
}

fn psql(cluster: &Cluster, role: &str, name: &str) -> Result<Command, Failed> {
    let mut command = Command::new(cluster.tools().psql()?);
    let dsn = cluster.conninfo(DATABASE).replace("user=postgres", &format!("user={role}"));
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &dsn]).env("PGAPPNAME", name);
    Ok(command)
}

fn planned_of_tenant() -> Vec<PlannedTable> {
    let of = |name: &str, key: &[&str]| PlannedTable { schema: "ten".into(), ..table(name, key) };
    let mut tables = vec![of("by_both", &["id", "k"]), of("by_inet", &["k", "b", "c"])];
    for name in ["by_array", "by_composite", "by_domain", "by_enum", "by_order", "by_range", "by_text"] {
        tables.push(of(name, &["k"]));
    }
    tables.extend(["indexed", "kinds", "plain"].map(|name| of(name, &["id"])));
    tables.push(PlannedTable { identity: ReplicaIdentity::Full, ..of("by_nothing", &[]) });
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables
}

/// Keys and values of every kind of type: what was changed on the subscriber is found exactly, live and at rest, and no cast, check,
/// operator or index expression of the tenant runs.
fn every_kind_of_type(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let scene = Scene::new(servers, publisher, subscriber, &[SCHEMA])?;
    scene.both("ALTER TABLE ten.by_nothing REPLICA IDENTITY FULL")?;
    scene.pair.bring_up()?;
    let kinds =
        KINDS.iter().enumerate().map(|(n, change)| format!("UPDATE ten.kinds SET {change} WHERE id = {};", n + 1));
    let faults: String = kinds.chain([FAULTS.to_owned()]).collect();
    scene.pair.execute(
        &scene.pair.subscriber,
        &format!("SET session_replication_role = replica; SET search_path = ext, public; {faults}"),
    )?;
    scene.both(OPERATOR_CLASS)?;
    scene.both("REINDEX TABLE ten.by_order")?; // by the tenant's operators from here on
    scene.both(&format!("{EVIL}{TRAPS}"))?;
    scene.is_clean("the traps are laid")?;
    // up to 15 a subscriber's check refuses them, for what its own apply workers would run
    scene.step("11")?;
    scene.runs(&["10", "12", "30", "50", "70", "71", "74"])?;
    let mut expected: BTreeSet<String> = FOUND.iter().map(|&line| line.to_owned()).collect();
    expected.extend((1..=KINDS.len()).map(|id| format!("different,table ten.kinds,{{{id}}},changed")));
    let skipped = |mode: &str| {
        scene.found(mode, "skipped").into_iter().filter(|line| line.contains("table")).collect::<Vec<_>>().join("\n")
    };
    for (number, mode) in [("75", "live"), ("83_sh", "at_rest")] {
        let (code, said) = scene.step(number)?;
        assert_eq!(code, 4, "{said}");
        assert_eq!(scene.found(mode, "errors"), expected, "{mode}");
        let left_out = skipped(mode);
        assert!(
            left_out.contains("ten.indexed") && left_out.contains("calls function quiet_evil of role tenant"),
            "{left_out}"
        );
        assert_eq!(left_out.lines().count(), if mode == "live" { 2 } else { 1 }, "{left_out}");
    }
    scene.pair.execute(
        &scene.pair.subscriber,
        "SET session_replication_role = replica; DELETE FROM ten.by_nothing WHERE v IS NULL",
    )?;
    let (_, said) = scene.step("83_sh")?;
    assert!(
        said.contains("table ten.by_nothing") && said.contains("2 on the publisher and 1 on the subscriber"),
        "{said}"
    );
    let (_, said) = scene.check("postgres")?;
    assert!(!said.contains("PF718") && !said.contains("PF130"), "{said}");
    Ok(())
}

/// A schema that takes the place of another: a view, and tables whose types bring casts along.
const OTHER_SCHEMA: &str = "SET client_min_messages = warning; GRANT CREATE ON DATABASE shared TO tenant; SET ROLE tenant; CREATE SCHEMA other;
    CREATE TYPE other.k AS ENUM ('1', '2');
    CREATE FUNCTION other.to_number(other.k) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'CANARY: ran as %', current_user; RETURN 1; END $$;
    CREATE FUNCTION other.to_text(other.k) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'CANARY: ran as %', current_user; RETURN '1'; END $$;
    CREATE FUNCTION other.to_truth(other.k) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'CANARY: ran as %', current_user; RETURN true; END $$;
    CREATE FUNCTION other.text() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'CANARY: ran as %', current_user; RETURN 'x'; END $$;
    CREATE CAST (other.k AS bigint) WITH FUNCTION other.to_number(other.k) AS IMPLICIT; CREATE CAST (other.k AS text) WITH FUNCTION other.to_text(other.k) AS IMPLICIT;
    CREATE CAST (other.k AS boolean) WITH FUNCTION other.to_truth(other.k) AS IMPLICIT;
    CREATE TABLE other.plain (id other.k PRIMARY KEY, v text); INSERT INTO other.plain VALUES ('1', 'x'), ('2', 'x');
    CREATE TABLE other.by_both (id other.k, k other.k, v text, PRIMARY KEY (id, k)); INSERT INTO other.by_both VALUES ('1', '1', 'x');
    CREATE TABLE other.by_inet (k other.k, b other.k, c other.k, v text, PRIMARY KEY (k, b, c)); INSERT INTO other.by_inet VALUES ('1', '1', '1', 'x');
    CREATE TABLE other.s (last_value other.k, is_called other.k); INSERT INTO other.s VALUES ('1', '1');
    CREATE VIEW other.by_domain AS SELECT 1::bigint AS k, other.text() AS v; CREATE VIEW other.by_text AS SELECT other.text() AS k, other.text() AS v;
    CREATE VIEW other.kinds AS SELECT 1 AS id, other.text() AS t; CREATE VIEW other.by_enum AS SELECT other.text() AS k, other.text() AS v;";
const SWAP: &str = "DO $$ BEGIN FOR i IN 1..200 LOOP
    BEGIN ALTER SCHEMA ten RENAME TO kept; ALTER SCHEMA other RENAME TO ten; ALTER SCHEMA kept RENAME TO other; EXCEPTION WHEN OTHERS THEN NULL; END;
    COMMIT; PERFORM pg_sleep(0.002); END LOOP; END $$";

/// Tables, sequences and whole schemas that become something else, for good and to and fro while they are read.
fn names_that_change_hands(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let scene = Scene::new(servers, publisher, subscriber, &[SCHEMA])?;
    scene.both("ALTER TABLE ten.by_nothing REPLICA IDENTITY FULL")?;
    scene.pair.bring_up()?;
    scene.both(EVIL)?;
    scene.both(OTHER_SCHEMA)?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| -> Result<(), Failed> {
        for cluster in scene.servers() {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let _ = run_psql(cluster, "tenant", "", &["-c", SWAP]);
                }
            });
        }
        let _end = Done(&done);
        for number in ["75", "83_sh", "75", "83_sh", "83_sh", "83_sh"] {
            scene.step(number)?;
        }
        scene.check("postgres").map(drop)
    })?;
    for cluster in scene.servers() {
        // as it was: the plain table is the one with a number for a key
        let is_swapped = cluster.value(
            DATABASE,
            "SELECT atttypid <> 20 FROM pg_attribute WHERE attrelid = 'ten.plain'::regclass AND attname = 'id'",
        )?;
        if is_swapped == "t" {
            scene.as_tenant(
                cluster,
                "ALTER SCHEMA ten RENAME TO kept; ALTER SCHEMA other RENAME TO ten; ALTER SCHEMA kept RENAME TO other",
            )?;
        }
    }
    scene.runs(&["75", "83_sh"])?;
    // a view in place of a table, on one side and on the other; a view in place of a sequence that was not called
    for cluster in scene.servers() {
        let view = "BEGIN; ALTER TABLE ten.plain RENAME TO kept; CREATE VIEW ten.plain AS SELECT 1::bigint AS id, ten.evil()::text AS v; COMMIT";
        scene.as_tenant(cluster, view)?;
        let (code, said) = scene.step("83_sh")?;
        assert!(code == 4 && said.contains("table ten.plain,,it is not a table any more on the"), "{said}");
        scene.step("75")?;
        scene.step("11")?;
        scene.as_tenant(cluster, "DROP VIEW ten.plain; ALTER TABLE ten.kept RENAME TO plain")?;
        scene.as_tenant(cluster, "ALTER SEQUENCE ten.s RENAME TO kept; CREATE VIEW ten.s AS SELECT 1::bigint AS last_value, ten.evil() AS is_called")?;
        scene.step("75")?;
        scene.step("83_sh")?;
        scene.as_tenant(cluster, "DROP VIEW ten.s; ALTER SEQUENCE ten.kept RENAME TO s")?;
    }
    scene.runs(&["75", "83_sh"])
}

/// What stands in the schema of our notes, made by whom, and what is said of it. `tenant` may create in the database.
const SQUATS: [(&str, &str, &str); 9] = [
    (
        "SET ROLE tenant; CREATE SCHEMA pgslotplan; CREATE VIEW pgslotplan.plan AS SELECT ten.evil()::text AS prefix, 'x'::text AS plan_sha256, false AS stopped;
         GRANT USAGE ON SCHEMA pgslotplan TO PUBLIC; GRANT SELECT ON pgslotplan.plan TO PUBLIC",
        "schema pgslotplan belongs to role tenant",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "SET ROLE tenant; CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.plan (prefix ten.e, plan_sha256 text, stopped boolean); INSERT INTO pgslotplan.plan (prefix) VALUES ('a');
         CREATE TABLE pgslotplan.bootstrap (prefix ten.e, plan_sha256 ten.e, state ten.e); CREATE TABLE pgslotplan.stopped_writes (prefix ten.e, role_name ten.e);
         GRANT USAGE ON SCHEMA pgslotplan TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA pgslotplan TO PUBLIC",
        "schema pgslotplan belongs to role tenant",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "CREATE SCHEMA pgslotplan; GRANT ALL ON SCHEMA pgslotplan TO tenant",
        "role tenant may create objects in schema pgslotplan",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "CREATE SCHEMA pgslotplan; GRANT ALL ON SCHEMA pgslotplan TO tenant; SET ROLE tenant;
         CREATE VIEW pgslotplan.opened AS SELECT ten.evil()::text AS prefix; RESET ROLE; REVOKE CREATE ON SCHEMA pgslotplan FROM tenant",
        "relation pgslotplan.opened is not an ordinary table",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.plan (prefix text); ALTER TABLE pgslotplan.plan OWNER TO tenant",
        "table pgslotplan.plan belongs to role tenant",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.plan (prefix text, stopped ten.e)",
        "has column stopped of type ten.e, which is not built in",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.dropped_foreign_key (prefix text, definition text); GRANT INSERT (definition) ON pgslotplan.dropped_foreign_key TO tenant",
        "role tenant may write to table pgslotplan.dropped_foreign_key",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
    (
        "CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.plan (prefix text); GRANT USAGE ON SCHEMA pgslotplan TO tenant; GRANT TRIGGER ON pgslotplan.plan TO tenant;
         SET ROLE tenant; CREATE FUNCTION ten.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN NEW; END $$;
         CREATE TRIGGER t BEFORE INSERT OR UPDATE ON pgslotplan.plan FOR EACH ROW EXECUTE FUNCTION ten.fire(); RESET ROLE; REVOKE ALL ON pgslotplan.plan FROM tenant",
        "table pgslotplan.plan has triggers, rules, row security or children",
        "DROP SCHEMA pgslotplan CASCADE; DROP FUNCTION ten.fire()",
    ),
    (
        "CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.slots (id int)",
        "table pgslotplan.slots is not one of these files",
        "DROP SCHEMA pgslotplan CASCADE",
    ),
];

/// The schema of our notes before anything is there, and what default privileges give away of it.
fn the_schema_of_our_notes(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let scene = Scene::new(servers, publisher, subscriber, &[SCHEMA])?;
    scene.both(&format!("ALTER TABLE ten.by_nothing REPLICA IDENTITY FULL; {EVIL}RESET ROLE; GRANT CREATE ON DATABASE shared TO tenant;
        SET ROLE tenant; CREATE FUNCTION ten.to_text(ten.e) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM ten.evil(); RETURN 'a'; END $$;
        CREATE CAST (ten.e AS text) WITH FUNCTION ten.to_text(ten.e) AS IMPLICIT"))?;
    for (squat, reason, undo) in SQUATS {
        scene.both(&format!("SET client_min_messages = warning; {squat}"))?;
        let all: &[&str] = &["10", "11", "30", "60", "71", "75", "78_publisher", "90", "91"];
        for number in if squat.contains("CREATE VIEW pgslotplan.plan") { all } else { &all[..2] } {
            scene.refused(number, "schema \"pgslotplan\" is not ours")?;
        }
        scene.refused("10", reason)?;
        scene.refused("11", reason)?;
        let (code, _, said) = told(scene.pair.shell("run.sh").output()?);
        scene.is_clean(&format!("run.sh, {code}: {said}"))?;
        let (code, said) = scene.check("postgres")?;
        assert!(code == 4 && said.contains("PF718") && said.contains(reason), "{said}");
        scene.both(&format!("SET client_min_messages = warning; {undo}"))?;
    }
    scene.both("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO tenant; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC")?;
    scene.pair.bring_up()?;
    let granted = "SELECT has_schema_privilege('tenant', 'pgslotplan', 'CREATE') OR has_table_privilege('tenant', 'pgslotplan.plan', 'INSERT, UPDATE, TRIGGER')";
    assert_eq!(scene.pair.subscriber.value(DATABASE, granted)?, "f");
    scene.runs(&["75"])?;
    // another role's notes are believed when it is named
    scene.both("CREATE ROLE migrator; GRANT ALL ON DATABASE shared TO migrator")?;
    scene.pair.execute(
        &scene.pair.subscriber,
        "ALTER SCHEMA pgslotplan OWNER TO migrator; ALTER TABLE pgslotplan.plan OWNER TO migrator",
    )?;
    scene.refused("70", "schema pgslotplan belongs to role migrator")?;
    let (code, _, said) =
        told(scene.pair.shell("75_shell_verify.sh").env("PGSLOTPLAN_STATE_OWNER", "migrator").output()?);
    assert_eq!(code, 0, "{said}");
    Ok(())
}

/// A session that has our name, one of our role without the lock, and one of ours.
fn sessions(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let scene = Scene::new(servers, publisher, subscriber, &[SCHEMA])?;
    scene.both("ALTER TABLE ten.by_nothing REPLICA IDENTITY FULL")?;
    scene.pair.bring_up()?;
    let here = &scene.pair.publisher;
    let lock = "SELECT pg_advisory_lock_shared(hashtext('pgslotplan'), 0), pg_advisory_lock_shared(hashtext('pgslotplan'), hashtext('pgsp'))";
    let count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()";
    let held = |role: &str, sql: &str, work: &dyn Fn() -> Result<(), Failed>| -> Result<(), Failed> {
        let mut child = psql(here, role, "pgslotplan")?.args(["-c", sql, "-c", "SELECT pg_sleep(60)"]).spawn()?;
        while here.value(DATABASE, count)? != "1" {
            thread::sleep(std::time::Duration::from_millis(20));
        }
        let worked = work();
        child.kill()?;
        child.wait()?;
        here.value(DATABASE, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()")?;
        while here.value(DATABASE, count)? != "0" {
            thread::sleep(std::time::Duration::from_millis(20));
        }
        worked
    };
    let refused = || scene.refused("78_publisher", "pgslotplan of role");
    held("tenant", "SELECT 1", &refused)?;
    held("tenant", lock, &refused)?;
    held("postgres", "SELECT 1", &refused)?;
    held("postgres", "SELECT pg_advisory_lock_shared(hashtext('pgslotplan'), 0)", &|| scene.runs(&["78_publisher"]))?;
    scene.is_clean("the write stop")
}

/// The statements of the runbook, and both comparisons as that login.
fn a_login_that_only_reads(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let scene = Scene::new(servers, publisher, subscriber, &[SCHEMA])?;
    scene.both("ALTER TABLE ten.by_nothing REPLICA IDENTITY FULL")?;
    scene.pair.bring_up()?;
    scene.both(&format!("{EVIL}CREATE INDEX fine ON ten.indexed (lower(v)) WHERE ten.quiet_evil()"))?;
    let runbook = &scene.pair.script.runbook;
    let statements = runbook
        .split("```sql\n")
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("CREATE ROLE pgslotplan_reader"))
        .ok_or("the runbook has the statements")?;
    for cluster in scene.servers() {
        let file = scene.pair.folder().join("reader.sql");
        std::fs::write(&file, statements)?;
        let (code, _, errors) = run_psql(cluster, "postgres", "", &["-f", &file.to_string_lossy()])?;
        assert_eq!(code, 0, "{errors}");
    }
    let as_reader = |number: &str, accepts: &str| -> Result<(i32, String), Failed> {
        let mut command = scene.pair.shell(&scene.pair.step(number)?.file);
        command.env("PGSLOTPLAN_PUBLISHER", scene.conninfo_of(&scene.pair.publisher, "pgslotplan_reader"));
        command.env("PGSLOTPLAN_SUBSCRIBER", scene.conninfo_of(&scene.pair.subscriber, "pgslotplan_reader"));
        let (code, out, errors) = told(command.env("VERIFY_FOREIGN_CODE", accepts).output()?);
        Ok((code, out + &errors))
    };
    for number in ["75", "83_sh"] {
        let (code, said) = as_reader(number, "no")?;
        assert_eq!(code, 0, "{number}: {said}");
        assert!(said.contains("no difference") && said.contains("table ten.indexed"), "{said}");
        scene.is_clean(number)?;
    }
    // accepted by name, the function runs as the login; and never as more
    let (code, said) = as_reader("83_sh", "yes")?;
    assert!(code == 0 && !said.contains("ten.indexed"), "{said}");
    assert!(scene.pair.publisher.server_log().contains("CANARY: ran as pgslotplan_reader"));
    let (code, _, said) =
        told(scene.pair.shell("83_shell_compare_at_rest.sh").env("VERIFY_FOREIGN_CODE", "yes").output()?);
    assert!(code == 0 && !scene.pair.publisher.server_log().contains("CANARY: ran as postgres"), "{said}");
    // row security is an error without BYPASSRLS, never a shorter table
    scene.both(
        "ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY; ALTER TABLE public.orders FORCE ROW LEVEL SECURITY",
    )?;
    let (code, said) = as_reader("83_sh", "no")?;
    assert!(code != 0 && said.contains("row-level security"), "{said}");
    scene.both("ALTER ROLE pgslotplan_reader BYPASSRLS")?;
    let (code, said) = as_reader("83_sh", "no")?;
    assert_eq!(code, 0, "{said}");
    Ok(())
}

/// A sampler with the documented grants reads nothing through a tenant's view, cast or index.
fn samples_hand_nothing_out(servers: &Servers, major: u32) -> Result<(), Failed> {
    let (cluster, schema) = (servers.start(major, &pgslotplan::throwaway::ClusterSettings::new())?, SCHEMA);
    cluster.query("postgres", "CREATE DATABASE shared")?;
    cluster.query("postgres", "CREATE ROLE sampler LOGIN; GRANT pg_monitor, pg_read_all_data TO sampler")?;
    for sql in [schema, ROWS, EVIL, OTHER_SCHEMA] {
        cluster.psql(DATABASE, &format!("RESET ROLE; {sql}"))?.success()?;
    }
    let big = "SET ROLE tenant; CREATE TABLE ten.docs (id bigint PRIMARY KEY, doc jsonb, v text); CREATE TABLE ten.more (id bigint PRIMARY KEY, doc jsonb);
        INSERT INTO ten.docs SELECT n, jsonb_build_object('a', repeat(md5(n::text), 300)), 'x' FROM generate_series(1, 200) AS n; INSERT INTO ten.more SELECT id, doc FROM ten.docs;
        CREATE INDEX bad ON ten.more ((CASE WHEN ten.quiet_evil() THEN id END));
        CREATE VIEW other.docs AS SELECT 1::bigint AS id, '{}'::jsonb AS doc, other.text() AS v; CREATE TABLE other.more (id bigint PRIMARY KEY, doc other.k);";
    cluster.psql(DATABASE, big)?.success()?;
    let folder = tempfile::tempdir()?;
    let done = AtomicBool::new(false);
    let sample = |name: &str| -> Result<(i32, String), Failed> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        let dsn = cluster.conninfo(DATABASE).replace("user=postgres", "user=sampler");
        program.args(["sample", &dsn, "--duration", "4s", "--interval", "1s", "-o"]).arg(folder.path().join(name));
        let (code, out, errors) = told(program.output()?);
        Ok((code, out + &errors))
    };
    thread::scope(|scope| -> Result<(), Failed> {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = run_psql(&cluster, "tenant", "", &["-c", SWAP]);
            }
        });
        let _end = Done(&done);
        for name in ["1.json", "2.json"] {
            let (code, said) = sample(name)?;
            assert_eq!(code, 0, "{said}");
        }
        Ok(())
    })?;
    let log = cluster.server_log();
    assert!(!log.contains("CANARY"), "{:?}", log.lines().find(|line| line.contains("CANARY")));
    Ok(())
}
