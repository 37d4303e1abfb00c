//! What a repair makes again, as data: slots, and tables that leave their publications for a moment.

use super::{Relation, only_if, text};
use crate::{
    emit::{
        Context, Published,
        ddl::{add_member, lock_member},
        kit::Part,
    },
    names::quote_literal_visibly,
    plan::PlannedTable,
};

/// What a repair makes again: slots, and members of publications whose slot stays.
pub(super) fn sql(context: &Context<'_>, part: &Part) -> String {
    let made = context.slots().filter(|(_, slot)| part.makes(slot)).enumerate();
    let slots = Relation {
        name: "repaired_slot",
        what: "Slots that are made again, numbered anew, and the subscription of each.",
        columns: &["number integer", "slot_name name", "subscription_name name"],
        rows: made
            .map(|(number, (_, slot))| vec![number.to_string(), text(slot.name.as_str()), text(&slot.subscription)])
            .collect(),
    };
    let mut rows = Vec::new();
    for (published, table) in copied_alone(context, part) {
        rows.push(vec![
            text(published.slot.name.as_str()),
            text(&published.slot.subscription),
            text(published.name),
            text(&table.schema),
            text(&table.name),
        ]);
    }
    let members = Relation {
        name: "repaired_member",
        what: "Members that leave their publications for a moment, to be copied again by a subscription that stays.",
        columns: &[
            "slot_name name",
            "subscription_name name",
            "publication_name name",
            "schema_name name",
            "table_name name",
        ],
        rows,
    };
    let mut text = "-- What is made again, as temporary tables. Loaded by lib/repaired.sql.\n".to_owned();
    for relation in [slots, members] {
        relation.write(&mut text);
    }
    text
}

/// The members that are copied again in slots that stay.
fn copied_alone<'c>(
    context: &'c Context<'_>,
    part: &'c Part,
) -> impl Iterator<Item = (&'c Published<'c>, &'c PlannedTable)> {
    context.publications().flat_map(move |(_, published)| {
        let tables = published.tables.iter().copied();
        tables.filter(move |table| part.copies_alone(published.slot, table)).map(move |table| (published, table))
    })
}

/// Members back into their publications. Writers in progress would be lost to a walsender that has the table cached, so that
/// the table is locked first.
pub(super) fn members_again(context: &Context<'_>, part: &Part) -> String {
    let mut text = "-- Tables back into their publications, each while nobody writes into it.\n".to_owned();
    for (published, table) in copied_alone(context, part) {
        let at = published.tables.iter().position(|other| std::ptr::eq(*other, table)).unwrap_or_default();
        let member = &published.members[at];
        let add = add_member(published.name, member);
        let is_filtered = if table.row_filter.is_some() { "\n\\ir ../lib/filters_covered.sql" } else { "" };
        text.push_str(&only_if(
            &member_is_missing(published.name, table),
            &format!("BEGIN;\n{}\n{add}{is_filtered}\nCOMMIT;", lock_member(member)),
        ));
    }
    text
}

fn member_is_missing(publication: &str, table: &PlannedTable) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid JOIN pg_class AS c ON c.oid = r.prrelid \
         JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE p.pubname = {} AND n.nspname = {} AND c.relname = {})",
        quote_literal_visibly(publication),
        quote_literal_visibly(&table.schema),
        quote_literal_visibly(&table.name),
    )
}
