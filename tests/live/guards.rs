//! What would run for replicated rows, keep them out or end the workers: put to rest until the cutover and given back to the letter, or
//! refused before anything starts. And sessions that are not ours alone.

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    names::quote_identifier,
    throwaway::{Cluster, Servers},
};

use crate::{
    bench::case,
    bouncer::Bouncer,
    logins::{BEFORE, Night},
    pair::told,
    story::DATABASE,
};

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = [(13, 16), (16, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("guards::what_fires_rests_until_the_cutover_{publisher}_to_{subscriber}"), 2, move |servers| {
                rests(servers, publisher, subscriber)
            })
        })
        .into();
    trials.extend([(13, 16), (17, 18)].map(|(publisher, subscriber)| {
        case(format!("guards::owners_write_or_are_refused_{publisher}_to_{subscriber}"), 2, move |servers| {
            owners(servers, publisher, subscriber)
        })
    }));
    trials.push(case("guards::a_pooler_is_refused_before_anything_is_set", 1, pooler));
    trials.push(case("guards::timeouts_of_roles_and_databases_end_nothing", 2, timeouts));
    trials
}

/// Audit by an ALWAYS trigger, a REPLICA trigger, one that is disabled, a log of DDL, and rows that belong to tenants.
const SCHEMA: &str = "SET client_min_messages = error; CREATE ROLE app LOGIN; GRANT CREATE ON SCHEMA public TO app;
    CREATE TABLE acct (id int PRIMARY KEY, bal int); INSERT INTO acct SELECT n, 100 FROM generate_series(1, 20) AS n;
    CREATE TABLE audit (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), op text);
    CREATE TABLE ddl_log (id bigserial PRIMARY KEY, tag text);
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $f$ BEGIN INSERT INTO audit (op) VALUES (tg_name); RETURN NULL; END $f$;
    CREATE TRIGGER always AFTER UPDATE ON acct FOR EACH ROW EXECUTE FUNCTION noted(); ALTER TABLE acct ENABLE ALWAYS TRIGGER always;
    CREATE TRIGGER replica AFTER UPDATE ON acct FOR EACH ROW EXECUTE FUNCTION noted(); ALTER TABLE acct ENABLE REPLICA TRIGGER replica;
    CREATE TRIGGER off AFTER UPDATE ON acct FOR EACH ROW EXECUTE FUNCTION noted(); ALTER TABLE acct DISABLE TRIGGER off;
    CREATE TRIGGER origin AFTER DELETE ON acct FOR EACH ROW EXECUTE FUNCTION noted();
    CREATE TABLE parts (id int, at int, PRIMARY KEY (id, at)) PARTITION BY LIST (at);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF parts DEFAULT;
    CREATE TRIGGER always AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION noted(); ALTER TABLE ONLY part_1 ENABLE ALWAYS TRIGGER always;
    CREATE TABLE docs (id int PRIMARY KEY, tenant int, body text); INSERT INTO docs SELECT n, n % 3, 'x' FROM generate_series(1, 12) AS n;
    ALTER TABLE docs OWNER TO app; ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE docs FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON docs USING (tenant = nullif(current_setting('app.tenant', true), '')::int);
    GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
    CREATE FUNCTION log_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ DECLARE r record; BEGIN
      FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP INSERT INTO public.ddl_log (tag) VALUES (r.command_tag); END LOOP; END $f$;
    CREATE FUNCTION no_drop() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'nothing is dropped'; END $f$;
    CREATE EVENT TRIGGER log_ddl ON ddl_command_end EXECUTE FUNCTION log_ddl();
    CREATE EVENT TRIGGER log_always ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION log_ddl(); ALTER EVENT TRIGGER log_always ENABLE ALWAYS;
    CREATE EVENT TRIGGER no_drop ON sql_drop EXECUTE FUNCTION no_drop(); ALTER EVENT TRIGGER no_drop DISABLE;";

/// How everything is enabled.
const ENABLED: &str = "SELECT string_agg(line, ', ' ORDER BY line) FROM (
      SELECT format('%s.%s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal OR tgname = 'always'
      UNION ALL SELECT format('%s %s', evtname, evtenabled) FROM pg_event_trigger WHERE evtname !~ '_refuse_'
      UNION ALL SELECT format('%s forced', oid::regclass) FROM pg_class WHERE relforcerowsecurity) AS t (line)";
const RESTING: &str = "SELECT count(*) FILTER (WHERE tgenabled IN ('A', 'R')) + (SELECT count(*) FROM pg_event_trigger WHERE evtenabled <> 'D' AND evtname !~ '_refuse_')
    FROM pg_trigger WHERE tgname !~ '^RI_'";

fn rests(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut night = Night::new(
        servers,
        (publisher, subscriber),
        SCHEMA,
        &["acct", "audit", "ddl_log", "docs", "part_1 id at", "part_2 id at"],
    )?;
    let before = night.stage.publisher.value(DATABASE, ENABLED)?;
    assert!(
        before.contains("acct.always A") && before.contains("docs forced") && before.contains("part_1.always A"),
        "{before}"
    );
    night.bring_up()?;
    night.run(&["foreign_keys", "subscriptions"])?; // again: nothing more
    night.bouncers.push(Bouncer::start_as(
        &night.stage.publisher,
        DATABASE,
        "",
        "trust",
        "\"app\" \"\"\n\"postgres\" \"\"\n",
    )?);
    night.configure("")?;
    let (from, to) = (&night.stage.publisher, &night.stage.subscriber);
    assert_eq!(to.value(DATABASE, RESTING)?, "0");
    assert!(!to.value(DATABASE, ENABLED)?.contains("forced"));
    // what fires on the old server fires once
    from.query(DATABASE, "UPDATE acct SET bal = 1 WHERE id < 11; INSERT INTO docs VALUES (100, 1, 'late'); INSERT INTO parts VALUES (1, 1); CREATE TABLE left_out (id int PRIMARY KEY); DROP TABLE left_out")?;
    night.run(&["caught_up", "verify"])?;
    assert_eq!(to.value(DATABASE, "SELECT count(*) FROM audit")?, from.value(DATABASE, "SELECT count(*) FROM audit")?);
    night.run(&BEFORE)?;
    night.run(&["cutover"])?;
    assert_eq!(to.value(DATABASE, ENABLED)?, before);
    let on_new = |sql: &str| to.query(DATABASE, sql);
    on_new(
        "UPDATE acct SET bal = 2; UPDATE docs SET body = 'new'; INSERT INTO parts VALUES (2, 1); CREATE TABLE newer (id int PRIMARY KEY)",
    )?;
    let counts = "SELECT concat_ws(' ', (SELECT count(*) FROM audit), (SELECT count(*) FROM docs WHERE body = 'new'))";
    // an event trigger that fires always sees our own sessions' functions, where the application is
    let logged = |cluster: &Cluster| cluster.value(DATABASE, "SELECT lpad(count(*)::text, 9, '0') FROM ddl_log");
    assert!(to.value(DATABASE, counts)?.ends_with(" 13") && from.value(DATABASE, RESTING)? == "0");
    // the way back brings them, and fires nothing a second time
    night.accept("relation [\"public\", \"newer\"] replicated\n")?;
    night.run(&["rollback"])?;
    assert_eq!(from.value(DATABASE, counts)?, to.value(DATABASE, counts)?);
    assert!(logged(from)? >= logged(to)?);
    assert_eq!(from.value(DATABASE, ENABLED)?, before);
    night.run(&["rollback", "thaw", "reverse_end", "subscriber_cleanup", "publisher_cleanup"])?;
    for cluster in [from, to] {
        assert_eq!(cluster.value(DATABASE, ENABLED)?, before);
        assert_eq!(cluster.value(DATABASE, "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgslotplan'")?, "0");
    }
    Ok(())
}

const OWNERS: &str = "CREATE ROLE app LOGIN; CREATE ROLE arch; CREATE SCHEMA vault;
    CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE t OWNER TO app;
    CREATE TABLE frozen (id int PRIMARY KEY); INSERT INTO frozen VALUES (1); ALTER TABLE frozen OWNER TO arch;
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON frozen FROM arch;
    CREATE TABLE vault.docs (id int PRIMARY KEY); ALTER TABLE vault.docs OWNER TO arch;";

/// From 16 on rows are written as the table's owner.
fn owners(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut night = Night::new(servers, (publisher, subscriber), OWNERS, &["t", "frozen"])?;
    night.run(&["schema"])?;
    let grants = ["GRANT INSERT, UPDATE, DELETE, TRUNCATE ON TABLE public.frozen TO arch;"];
    night.refuses("publisher_check", 3, &grants)?;
    night.refuses("subscriber_check", 3, &grants)?;
    for cluster in [&night.stage.publisher, &night.stage.subscriber] {
        cluster.query(DATABASE, grants[0])?;
    }
    night.run(&["publisher_check", "subscriber_check"])?;
    // a role that is no superuser must be able to become the owners
    let mig = format!(
        "CREATE ROLE mig LOGIN; GRANT pg_create_subscription, pg_monitor, pg_read_all_data TO mig; GRANT CREATE ON DATABASE {} TO mig",
        quote_identifier(DATABASE)
    );
    night.stage.subscriber.query(DATABASE, &mig)?;
    let conninfo = night.stage.subscriber.conninfo(DATABASE).replace("user=postgres", "user=mig");
    night.stage.environment.insert("PGSLOTPLAN_SUBSCRIBER".into(), conninfo);
    let set = ["GRANT app TO mig WITH INHERIT FALSE, SET TRUE;", "GRANT arch TO mig WITH INHERIT FALSE, SET TRUE;"];
    night.refuses("subscriber_check", 3, &set)?;
    night.stage.subscriber.query(DATABASE, &set.concat())?;
    night.run(&["subscriber_check"])?;
    Ok(())
}

fn pooler(servers: &Servers) -> Result<(), Failed> {
    let mut night = Night::new(servers, (15, 15), "CREATE TABLE t (id int PRIMARY KEY)", &["t"])?;
    night.bouncers.push(Bouncer::start(&night.stage.publisher, DATABASE)?);
    let application = night.bouncers[0].conninfo();
    let ask = |sql: &str| -> Result<String, Failed> {
        let mut command = night.stage.publisher.tools().psql().map(std::process::Command::new)?;
        command.args(["-X", "-q", "-A", "-t", "-d", &application, "-c", sql]);
        let (code, out, errors) = told(command.output()?);
        if code == 0 { Ok(out.trim_end().to_owned()) } else { Err(errors.into()) }
    };
    let settings = "SELECT concat_ws(' ', current_setting('search_path'), current_setting('statement_timeout'), current_setting('pgslotplan.probe', true))";
    let before = ask(settings)?;
    let file = night.stage.file(night.stage.step("10")?);
    for _ in 0..3 {
        let mut command = night.stage.publisher.tools().psql().map(std::process::Command::new)?;
        command.args(["-X", "-v", "ON_ERROR_STOP=1", "-d", &application, "-f"]).arg(&file);
        let (code, out, errors) = told(command.output()?);
        assert!(
            code == 3 && errors.contains("a connection pooler in transaction or statement mode"),
            "{code}: {out}{errors}"
        );
        assert_eq!(ask(settings)?.trim_end(), before.trim_end());
    }
    night.run(&["publisher_check"])?;
    Ok(())
}

/// Those of the replicating role and of the database end neither copy nor comparison, or are said.
fn timeouts(servers: &Servers) -> Result<(), Failed> {
    let schema = format!(
        "CREATE TABLE big (id int PRIMARY KEY, v text); INSERT INTO big SELECT n, repeat('x', 200) FROM generate_series(1, 300000) AS n;
         ALTER DATABASE {0} SET transaction_timeout = '500ms'; ALTER DATABASE {0} SET idle_session_timeout = '1500ms'; ALTER DATABASE {0} SET statement_timeout = '500ms';",
        quote_identifier(DATABASE)
    );
    let night = Night::new(servers, (17, 18), &schema, &["big"])?;
    let said = check(&night)?;
    for name in ["transaction_timeout", "idle_session_timeout", "statement_timeout"] {
        assert!(said.contains(&format!("{name} is ")) && said.contains("PF118"), "{said}");
    }
    // the hint, for the role that replicates; the steps' own sessions need no such thing
    let role = format!("ALTER ROLE postgres IN DATABASE {}", quote_identifier(DATABASE));
    for name in ["transaction_timeout", "idle_session_timeout", "statement_timeout"] {
        night.stage.publisher.query("postgres", &format!("{role} SET {name} = 0"))?;
    }
    assert!(!check(&night)?.contains("PF118"));
    night.bring_up()?;
    night.stage.publisher.query("postgres", &format!("{role} RESET ALL"))?;
    night.run(&["verify"])?;
    let waiting = "SELECT string_agg(c, ', ' ORDER BY c) FROM pg_db_role_setting, unnest(setconfig) AS c";
    assert_eq!(night.stage.subscriber.value(DATABASE, waiting)?, "");
    let held = "SELECT count(*) FROM pgslotplan.held WHERE kind = 'setting'";
    assert_eq!(night.stage.subscriber.value(DATABASE, held)?, "3");
    Ok(())
}

/// What `check` says.
fn check(night: &Night) -> Result<String, Failed> {
    let file = night.stage.folder.path().join("plan.json");
    let mut plan = night.stage.plan.clone();
    plan.plan_sha256 = plan.digest();
    std::fs::write(&file, pgslotplan::format::write(&plan))?;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
    let conninfo = |cluster: &Cluster| cluster.conninfo(DATABASE);
    command.arg("check").arg(&file).args([
        "--publisher",
        &conninfo(&night.stage.publisher),
        "--subscriber",
        &conninfo(&night.stage.subscriber),
    ]);
    let (_, out, errors) = told(command.output()?);
    Ok(out + &errors)
}
