//! Catalogs that no sane server has: statistics that are no numbers, names in no encoding.

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    throwaway::{ClusterSettings, Servers},
    workload::Workload,
};

use crate::{
    bench::case,
    sample::{error_text, outcome_of},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("edge_catalog::statistics_that_are_no_numbers", 1, no_numbers),
        case("edge_catalog::names_that_are_no_text", 1, no_text),
    ]
}

fn sampled(conninfo: &str) -> Result<Workload, Failed> {
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let outcome = outcome_of(&[conninfo, "--once", "--interval", "1s", "-o", &output.display().to_string()])?;
    assert!(outcome.status.success(), "{}", error_text(&outcome));
    Ok(format::read(&std::fs::read(output)?)?)
}

fn no_numbers(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new().with("allow_system_table_mods", "on"))?;
    cluster
        .psql(
            "postgres",
            "CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
             CREATE TABLE d (id int PRIMARY KEY);
             INSERT INTO a SELECT g, 'x' FROM generate_series(1, 100) g; ANALYZE a;
             UPDATE pg_class SET reltuples = 'Infinity', relpages = 2147483647 WHERE relname = 'a';
             UPDATE pg_class SET reltuples = 'NaN' WHERE relname = 'b';
             UPDATE pg_class SET reltuples = '-Infinity', relpages = -7 WHERE relname = 'c';
             UPDATE pg_class SET reltuples = 3e38 WHERE relname = 'd';
             UPDATE pg_statistic SET stanullfrac = 'NaN', stawidth = -2147483648, stanumbers2 = '{Infinity}'
              WHERE starelid = 'a'::regclass;",
        )?
        .success()?;
    let workload = sampled(&cluster.conninfo("postgres"))?;
    let estimates: Vec<f64> = workload.tables.iter().map(|table| table.rows_estimate).collect();
    assert_eq!(estimates.len(), 4);
    assert!(estimates.iter().all(|rows| rows.is_finite() && *rows >= 0.0), "{estimates:?}");
    let finite = |table: &pgslotplan::workload::Table| table.row_width_bytes.is_finite();
    assert!(workload.tables.iter().all(finite));
    Ok(())
}

fn no_text(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(15, &ClusterSettings::new())?;
    cluster
        .query("postgres", "CREATE DATABASE old TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")?;
    // LATIN1 as a client of that time wrote it
    let made = "CREATE TABLE good (id int PRIMARY KEY);
        CREATE TABLE parent (id int PRIMARY KEY);
        DO $$ DECLARE odd text := pg_catalog.convert_from('\\x636166e9', 'SQL_ASCII'); BEGIN
            EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY)', odd);
            EXECUTE format('CREATE TABLE columns (id int, %I int, PRIMARY KEY (id, %I))', odd, odd);
            EXECUTE format('CREATE TABLE child (id int PRIMARY KEY, p int, CONSTRAINT %I FOREIGN KEY (p) REFERENCES parent)', odd);
            EXECUTE format('CREATE SCHEMA %I', odd || 's');
            EXECUTE format('CREATE TABLE %I.inside (id int PRIMARY KEY)', odd || 's');
            EXECUTE format('CREATE INDEX %I ON good (id)', odd || 'i');
        END $$;";
    cluster.psql("old", made)?.success()?;
    let workload = sampled(&cluster.conninfo("old"))?;
    let names: Vec<&str> = workload.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["good", "parent"]);
    let reason = |name: &str| workload.excluded.iter().find(|one| one.name == name).map(|one| one.reason.clone());
    assert!(
        reason("caf\\xe9").is_some_and(|reason| reason.starts_with("its name is not UTF-8")),
        "{:?}",
        workload.excluded
    );
    assert!(reason("inside").is_some_and(|reason| reason.starts_with("its name is not UTF-8")));
    for table in ["columns", "child"] {
        assert!(reason(table).is_some_and(|reason| reason.contains("caf\\xe9")), "{:?}", workload.excluded);
    }
    Ok(())
}
