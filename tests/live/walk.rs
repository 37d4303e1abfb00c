//! RUNBOOK.md by its letter: a program takes the commands of its table in their order, on a new server that is empty, while clients write.

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;

use crate::{
    bank::{Clients, DATABASE, Stage},
    bench::case,
    pair::told,
};

pub fn trials() -> Vec<Trial> {
    [(13, 16), (15, 18)]
        .into_iter()
        .flat_map(|(publisher, subscriber)| {
            [("by_hand", true), ("by_run", false)].map(|(how, by_hand)| {
                case(format!("walk::the_runbook_{how}_{publisher}_to_{subscriber}"), 2, move |servers| {
                    walk(servers, publisher, subscriber, by_hand)
                })
            })
        })
        .collect()
}

/// A row of the runbook's table: phase, command without `sh`, whether the cutover does it in one go.
struct Row {
    phase: String,
    arguments: Vec<String>,
    is_part: bool,
}

fn rows(stage: &Stage) -> Result<Vec<Row>, Failed> {
    let text = std::fs::read_to_string(stage.pair.folder().join("scripts/RUNBOOK.md"))?;
    let table =
        text.lines().skip_while(|line| !line.starts_with("| --- |")).skip(1).take_while(|line| line.starts_with('|'));
    let rows: Vec<Row> = table
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let command = cells[2].trim_matches('`');
            let arguments = command.strip_prefix("sh ").unwrap_or_default().split(' ').map(str::to_owned).collect();
            Row {
                phase: cells[0].trim_start_matches("| ").to_owned(),
                arguments,
                is_part: cells[1].starts_with("&nbsp;") && !cells[2].contains("partitions"),
            }
        })
        .collect();
    assert!(rows.len() > 35 && rows.iter().all(|row| row.arguments.len() == 2), "{text}");
    Ok(rows)
}

fn walk(servers: &Servers, publisher: u32, subscriber: u32, by_hand: bool) -> Result<(), Failed> {
    let stage = Stage::empty(servers, publisher, subscriber)?;
    let programs = servers.tools().full(subscriber)?;
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_pgslotplan")).parent().ok_or("a folder")?;
    let path = format!("{}:{}", program.display(), std::env::var("PATH")?);
    std::fs::write(stage.pair.folder().join("plan.json"), pgslotplan::format::write(&stage.pair.plan))?;
    let run = |arguments: &[String]| -> Result<String, Failed> {
        let mut command = stage.pair.shell(&arguments[0]);
        command.args(&arguments[1..]).env("PGSLOTPLAN_BIN", &programs).env("PATH", &path);
        let (code, out, errors) = told(command.output()?);
        if code != 0 {
            return Err(format!("{}: exit code {code}: {out}{errors}", arguments.join(" ")).into());
        }
        Ok(out + &errors)
    };
    let rows = rows(&stage)?;
    let of_phase = |row: &&Row, wanted: &[&str]| wanted.contains(&row.phase.as_str());
    let clients = Clients::paced(&stage.conninfos(), 50, |clients| {
        if by_hand {
            for row in
                rows.iter().filter(|row| !of_phase(row, &["rollback", "cleanup"]) && row.arguments[1] != "cutover")
            {
                run(&row.arguments)?;
                if row.arguments[1] == "ddl_freeze" {
                    // our own guard is nothing that a schema step brings
                    run(&["run.sh".to_owned(), "foreign_keys".to_owned()])?;
                }
            }
            let valid = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'parts'::regclass AND contype = 'f' AND convalidated";
            assert_eq!(stage.pair.subscriber.value(DATABASE, valid)?, "1");
        } else {
            let (code, _, said) = told(stage.pair.shell("run.sh").arg("77").output()?);
            assert!(code == 1 && said.contains("name one: ddl_freeze reverse_subscriptions quiesce"), "{code}: {said}");
            // each one that comes next is further down; a table may become ready by itself meanwhile
            let place =
                |said: &str| rows.iter().position(|row| said.contains(&format!("next: {} (", row.arguments[1])));
            let mut last = None;
            loop {
                let said = run(&["run.sh".to_owned()])?;
                let at = place(&said).ok_or_else(|| said.clone())?;
                assert!(Some(at) > last, "{said}");
                if of_phase(&&rows[at], &["cleanup"]) {
                    break;
                }
                last = Some(at);
                assert!(!rows[at].is_part, "{said}");
                run(&["run.sh".to_owned(), "next".to_owned()])?;
            }
        }
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)?;
    let on_old = "SELECT count(*) || coalesce(': ' || string_agg(concat_ws(' ', application_name, backend_type, state, query), ', '), '') FROM pg_stat_activity
        WHERE datname = 'bank' AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    assert_eq!(stage.pair.publisher.value(DATABASE, on_old)?, "0");
    for row in rows.iter().filter(|row| of_phase(row, &["cleanup"])) {
        let ddl = || stage.pair.subscriber.psql(DATABASE, "CREATE TABLE later (id int); DROP TABLE later");
        let ends = row.arguments[1] == "reverse_end";
        if ends {
            assert!(ddl()?.stderr.contains("SET pgslotplan.ddl = on lets a session through"));
        }
        run(&row.arguments)?;
        if ends {
            ddl()?.success()?;
            assert_eq!(stage.pair.subscriber.value("postgres", "SELECT count(*) FROM pg_replication_slots")?, "0");
        }
    }
    let said = run(&["run.sh".to_owned()])?;
    assert!(said.contains("every step is done"), "{said}");
    // the old server stays closed, and what closed it is remembered
    let left = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_subscription)
        + (SELECT count(*) FROM pg_event_trigger) || coalesce((SELECT string_agg(' ' || relname, '' ORDER BY relname) FROM pg_class
          WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'pgslotplan')), '')";
    assert_eq!(stage.pair.publisher.value(DATABASE, left)?, "0 stopped_writes");
    assert_eq!(stage.pair.subscriber.value(DATABASE, left)?, "0");
    Ok(())
}
