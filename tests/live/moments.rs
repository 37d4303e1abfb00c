//! The kit compares both databases as `check` does: the same statements read them, but SQL of the kit compares. Over the changes of
//! the mutation test both name the same differences.

use std::{collections::BTreeSet, fs};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    inventory::{Accepted, compare},
    throwaway::Servers,
};

use crate::{
    bank,
    bench::case,
    inventory::{DATABASE, MUTATIONS, copied, lines, read},
    pair::{Pair, table, told},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("moments::the_kit_finds_what_check_finds_15_to_18", 2, |servers| agree(servers, 15, 18, 6)),
        case("moments::the_kit_finds_what_check_finds_13_to_18", 2, |servers| agree(servers, 13, 18, 1)),
    ]
}

/// What the kit says at a moment: level and line.
pub fn said(pair: &Pair, moment: &str) -> Result<Vec<(String, String)>, Failed> {
    let body = "here=$(CDPATH='' cd -- \"$(dirname -- \"$0\")\" && pwd) || exit 1\n. \"$here/lib/inventory.sh\"\nwants_servers\n\
                compare_inventory \"$1\"; exit $?\n";
    fs::write(pair.folder().join("scripts/compare.sh"), body)?;
    let (code, out, errors) = told(pair.shell("compare.sh").arg(moment).output()?);
    if code != 0 && code != 4 {
        return Err(format!("exit code {code}: {out}{errors}").into());
    }
    let text = pair.state(&format!("inventory.{moment}.tsv"));
    let fields = |line: &str| {
        let mut fields = line.split('\t').map(|field| field.replace("\\\\", "\\"));
        Some((fields.next()?, fields.next()?))
    };
    let said: Vec<(String, String)> = text.lines().filter_map(fields).collect();
    assert_eq!(code == 4, said.iter().any(|(level, _)| level == "no-go"), "{out}{errors}");
    Ok(said)
}

/// Every so many changes, by both.
fn agree(servers: &Servers, publisher: u32, subscriber: u32, every: usize) -> Result<(), Failed> {
    let (from, to) = copied(servers, publisher, subscriber)?;
    let wanted = read(&from, publisher)?;
    let mut plan =
        bank::plan(publisher, subscriber, from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?);
    plan.database = DATABASE.into();
    plan.foreign_keys.clear();
    plan.slots[0].tables = vec![pgslotplan::plan::PlannedTable { schema: "app".into(), ..table("orders", &["id"]) }];
    plan.slots.truncate(1);
    let pair = Pair::of(from, to, DATABASE, plan)?;
    // which tables replicate is said by the kit alone
    let is_of_both = |line: &str| !line.ends_with(" replicated");
    let kit = || -> Result<BTreeSet<String>, Failed> {
        let said = said(&pair, "cutover")?.into_iter().map(|(_, line)| line);
        Ok(said.filter(|line| is_of_both(line)).collect())
    };
    assert_eq!(kit()?, BTreeSet::new(), "an untouched copy differs");
    let unreplicated = said(&pair, "everything")?;
    assert!(
        unreplicated.contains(&("no-go".into(), r#"relation ["app", "cache"] replicated"#.into())),
        "{unreplicated:?}"
    );
    let mut count = 0;
    for block in MUTATIONS.split("\n\n").filter(|block| !block.trim().is_empty()).step_by(every) {
        let (head, body) = block.trim().split_once('\n').ok_or("a mutation has a head and a body")?;
        let (change, undo) = body.split_once("-- undo\n").ok_or_else(|| format!("{head}: no way back"))?;
        pair.subscriber.psql(DATABASE, change)?.success()?;
        let by_check = lines(&compare(&wanted, &read(&pair.subscriber, subscriber)?, &Accepted::default()));
        // accepted by the lines that were shown, nothing is left
        let accepted: Vec<String> = said(&pair, "cutover")?.into_iter().map(|(_, line)| line).collect();
        let by_kit: BTreeSet<String> = accepted.iter().filter(|line| is_of_both(line)).cloned().collect();
        assert_eq!(by_kit, by_check, "{change}");
        let file = pair.folder().join("scripts.state/accepted.txt");
        fs::write(&file, accepted.join("\n"))?;
        assert_eq!(said(&pair, "cutover")?, [], "{change}");
        fs::remove_file(&file)?;
        pair.subscriber.psql(DATABASE, undo)?.success()?;
        count += 1;
    }
    assert!(count >= 10, "only {count} mutations");
    assert_eq!(kit()?, BTreeSet::new());
    Ok(())
}
