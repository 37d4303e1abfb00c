//! The emitted verification on real servers: under writes it finds what was changed, lost and added behind the back of
//! the replication, and nothing else; at rest it is exact.

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;

use crate::{
    bench::case,
    pair::{Pair, told},
};

pub fn trials() -> Vec<Trial> {
    [(13, 15), (15, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("verify::finds_every_fault_and_nothing_else_{publisher}_to_{subscriber}"), 2, move |servers| {
                faults(servers, publisher, subscriber)
            })
        })
        .into()
}

/// What the last comparison found, one line each.
fn errors(pair: &Pair, mode: &str) -> Vec<String> {
    pair.state(&format!("verify_{mode}/errors.csv")).lines().map(str::to_owned).collect()
}

/// Faults in tables that the writers leave alone: by ranges and by hash of the key, on every kind of change.
const FAULTS: &str = r#"SET session_replication_role = replica;
    DELETE FROM orders WHERE id = 7;
    UPDATE accounts SET name = 'other' WHERE id = 5;
    INSERT INTO order_lines VALUES (5000000, 1, 'extra');
    UPDATE words SET note = 'other' WHERE part = '77';
    DELETE FROM tenants WHERE name = 'name 33';
    UPDATE types SET price = price + 0.001 WHERE ratio = 7 / 7.0;
    INSERT INTO hot VALUES (-1);"#;

const MENDED: &str = r#"SET session_replication_role = replica;
    INSERT INTO orders VALUES (7, NULL, 'order');
    UPDATE accounts SET name = 'account 5' WHERE id = 5;
    DELETE FROM order_lines WHERE id = 5000000;
    UPDATE words SET note = E'\\ "' WHERE part = '77';
    INSERT INTO tenants VALUES (3, 'name 33', 'x');
    UPDATE types SET price = price - 0.001 WHERE ratio = 7 / 7.0;
    DELETE FROM hot WHERE id = -1;"#;

fn faults(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let pair = Pair::new(servers, publisher, subscriber)?;
    pair.while_writing(|| {
        pair.bring_up()?;
        came_and_went(&pair)?;
        pair.run_all(&["75"])?;
        assert_eq!(errors(&pair, "live"), Vec::<String>::new());
        assert!(
            pair.state("verify_live/skipped.csv").contains("public.keyless"),
            "{}",
            pair.state("verify_live/skipped.csv")
        );
        pair.execute(&pair.subscriber, FAULTS)?;
        let (code, _, said) = pair.run("75")?;
        assert_eq!(code, 4, "{said}");
        let id: String =
            pair.publisher.value(crate::story::DATABASE, "SELECT id FROM public.types WHERE ratio = 7 / 7.0")?;
        let mut expected = [
            "different,table public.accounts,{5},changed".to_owned(),
            "different,table public.hot,{-1},only on the subscriber".to_owned(),
            "different,table public.order_lines,{5000000},only on the subscriber".to_owned(),
            "different,table public.orders,{7},missing on the subscriber".to_owned(),
            "different,table public.tenants,\"{3,\"\"name 33\"\"}\",missing on the subscriber".to_owned(),
            format!("different,table public.types,{{{id}}},changed"),
            "different,table public.words,\"{\"\"w77?\"\",77}\",changed".to_owned(),
        ];
        let mut found = errors(&pair, "live");
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        pair.execute(&pair.subscriber, MENDED)
    })?;
    at_rest(&pair)
}

/// One look of the publisher at a row of slot pgsp_1 that it has not, and that the subscriber had: $1 is whether the same
/// version of it was there at the look before.
const ABSENT_ROW: &str = r#"here=$(dirname "$0")
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
slot=pgsp_1 mode=at_rest dir=$state/absent
mkdir -p "$dir"
publisher_task digest "$dir/publisher" < /dev/null || exit
table=$(grep '^table,.*{id},{id}' "$dir/publisher" | head -n 1)
number=$(printf '%s
' "$table" | cut -d , -f 2)
printf '%s
candidate,%s,,,,,,,,,,{424242},,,17,,version,%s
' "$table" "$number" "$1" > "$dir/seen"
publisher_task again "$dir/again" < "$dir/seen" || exit
cut -d , -f 1 "$dir/again" | tail -n 1
cat "$dir/again.found"
"#;

/// A row that was inserted after the first read of the publisher and deleted before the third is absent both times, and yet
/// the subscriber rightly had it in between: it was called "only on the subscriber".
fn came_and_went(pair: &Pair) -> Result<(), Failed> {
    std::fs::write(pair.folder().join("scripts/absent.sh"), ABSENT_ROW)?;
    let look = |stays: &str| -> Result<String, Failed> {
        let (code, out, errors) = told(pair.shell("absent.sh").arg(stays).output()?);
        assert_eq!(code, 0, "{errors}");
        Ok(out)
    };
    assert_eq!(look("f")?.trim(), "candidate", "it is looked at once more");
    let proved = look("t")?;
    assert!(proved.starts_with("table\ndifferent,") && proved.contains("{424242},only on the subscriber"), "{proved}");
    Ok(())
}

/// After the writers: sequences and tables without key count too, and a publication that lost a table.
fn at_rest(pair: &Pair) -> Result<(), Failed> {
    pair.run_all(&["71"])?;
    let (code, _, said) = pair.run("79")?;
    assert_eq!(code, 4, "{said}");
    let behind = "sequence,\"public.\"\"Seq;1\"\"\",,\"its next value is 10, but 12 on the other server\"";
    assert_eq!(
        errors(pair, "at_rest"),
        [
            behind,
            "sequence,public.down,,\"its next value is -1, but -6 on the other server\"",
            "sequence,public.restarted,,\"its next value is 1, but 500 on the other server\"",
        ]
    );
    pair.execute(
        &pair.subscriber,
        "SELECT setval('\"Seq;1\"', 11), setval('down', -5), setval('restarted', 500, false)",
    )?;
    pair.run_all(&["79"])?;
    pair.execute(&pair.subscriber, "DELETE FROM keyless WHERE n = 3; INSERT INTO audit VALUES (1, 'again')")?;
    pair.execute(
        &pair.publisher,
        "ALTER PUBLICATION pgsp_1 DROP TABLE accounts; CREATE TABLE forgotten (id int PRIMARY KEY)",
    )?;
    let (code, _, said) = pair.run("79")?;
    assert_eq!(code, 4, "{said}");
    let found = errors(pair, "at_rest").join("\n");
    for expected in [
        "publisher,\"publication pgsp_1 lacks table public.accounts, or has another row filter or column list for it\",,",
        "publisher,table public.forgotten is neither in the plan nor excluded by it: nothing replicates it,,",
        "different,table public.audit,,\"its rows differ, ",
        "different,table public.keyless,,\"its rows differ, 50 on the publisher and 49 on the subscriber",
    ] {
        assert!(found.contains(expected), "{expected}\n{found}");
    }
    assert_eq!(found.lines().count(), 4, "{found}");
    Ok(())
}
