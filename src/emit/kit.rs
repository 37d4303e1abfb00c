//! Which kit is made of a plan: the whole migration, or what of it is made again alone while the rest goes on. A kit has steps and
//! a runbook of its own; `lib/` and the ways in which `plan/` spells a plan are shared.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use sha2::{Digest, Sha256};

use super::EmitError;
use crate::{
    format,
    names::{SlotName, TableName},
    plan::{Plan, PlannedSlot, PlannedTable},
};

/// Which kit is made of a plan.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Kit {
    /// Everything, from the schema to the clean-up.
    #[default]
    Whole,
    /// Slots and tables that are made again alone, at least one.
    Repair(Vec<Repair>),
    /// From this plan, which runs, to the emitted one, on live slots; then everything that follows.
    Transition(Box<Plan>),
}

/// One part of a plan that is made again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// A slot with its subscription, and the copy of all of its tables.
    Slot(SlotName),
    /// The copy of one table; its slot goes on.
    Table(TableName),
    /// The rows that a verification found different.
    Rows,
}

/// `slot=NAME`, `table=SCHEMA.NAME` or `rows`, as a person types it.
impl FromStr for Repair {
    type Err = EmitError;

    fn from_str(text: &str) -> Result<Self, EmitError> {
        match text.split_once('=') {
            Some(("slot", name)) => Ok(Repair::Slot(SlotName::new(name)?)),
            Some(("table", name)) => Ok(Repair::Table(TableName::parse(name)?)),
            None if text == "rows" => Ok(Repair::Rows),
            _ => Err(EmitError::RepairForm),
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Repair::Slot(name) => write!(f, "slot={name}"),
            Repair::Table(name) => write!(f, "table={}", name.to_sql()),
            Repair::Rows => f.write_str("rows"),
        }
    }
}

/// What of a plan a kit of repairs touches. Everything else is left out of its `plan/`, so that the files of `lib/` see
/// nothing but what is repaired.
#[derive(Debug)]
pub(crate) struct Part {
    /// Slots that are made again.
    slots: BTreeSet<SlotName>,
    /// Tables that are copied again in slots that stay.
    tables: BTreeSet<TableName>,
    /// Rows are copied again, wherever in the plan they are, and nothing else.
    pub has_rows: bool,
    /// Tells this repair from others of the same plan: 12 hexadecimal digits.
    pub key: String,
}

impl Part {
    /// Looks the repairs up in the plan.
    ///
    /// # Errors
    /// [`EmitError`] when the plan has no such slot or table, or when a table that is split over slots would lose the rows of
    /// those that stay.
    pub fn of(plan: &Plan, repairs: &[Repair]) -> Result<Self, EmitError> {
        let mut part = Part { slots: BTreeSet::new(), tables: BTreeSet::new(), has_rows: false, key: String::new() };
        for repair in repairs {
            match repair {
                Repair::Slot(name) if plan.slots.iter().any(|slot| slot.name == *name) => {
                    part.slots.insert(name.clone());
                }
                Repair::Slot(name) => return Err(EmitError::UnknownSlot(name.clone())),
                Repair::Table(name) => part.add_table(plan, name)?,
                Repair::Rows => part.has_rows = true,
            }
        }
        let has_parts = !part.slots.is_empty() || !part.tables.is_empty();
        if has_parts == part.has_rows {
            return Err(EmitError::RepairForm);
        }
        part.keeps_shards_whole(plan)?;
        let named: BTreeSet<String> = repairs.iter().map(Repair::to_string).collect();
        let text: Vec<&str> = named.iter().map(String::as_str).collect();
        part.key = format::hex(&Sha256::digest(text.join("\n").as_bytes()))[..12].to_owned();
        Ok(part)
    }

    fn add_table(&mut self, plan: &Plan, name: &TableName) -> Result<(), EmitError> {
        let mut found = false;
        for (_, table) in plan.members() {
            if table.leaves.contains(name) && table.table_name() != *name {
                return Err(EmitError::RepairOfLeaf { leaf: name.clone(), root: table.table_name() });
            }
            found |= table.table_name() == *name;
        }
        self.tables.insert(name.clone());
        if found { Ok(()) } else { Err(EmitError::UnknownTable(name.clone())) }
    }

    /// Emptying a table takes the rows of all of its shards.
    fn keeps_shards_whole(&self, plan: &Plan) -> Result<(), EmitError> {
        let mut slots_of: BTreeMap<TableName, Vec<&SlotName>> = BTreeMap::new();
        for (slot, table) in plan.members().filter(|(_, table)| table.row_filter.is_some()) {
            slots_of.entry(table.table_name()).or_default().push(&slot.name);
        }
        for (table, slots) in slots_of {
            let again = slots.iter().filter(|slot| self.slots.contains(**slot)).count();
            if again > 0 && again < slots.len() && !self.tables.contains(&table) {
                return Err(EmitError::RepairOfShard { table, slots: slots.into_iter().cloned().collect() });
            }
        }
        Ok(())
    }

    /// Whether this slot is made again.
    pub fn makes(&self, slot: &PlannedSlot) -> bool {
        self.slots.contains(&slot.name)
    }

    /// Whether this table is copied again, with its slot or alone.
    pub fn copies(&self, slot: &PlannedSlot, table: &PlannedTable) -> bool {
        self.has_rows || self.makes(slot) || self.copies_alone(slot, table)
    }

    /// Whether this table is copied again in a slot that stays.
    pub fn copies_alone(&self, slot: &PlannedSlot, table: &PlannedTable) -> bool {
        !self.makes(slot) && self.tables.contains(&table.table_name())
    }

    /// Whether anything of this slot is repaired.
    pub fn touches(&self, slot: &PlannedSlot) -> bool {
        slot.tables.iter().any(|table| self.copies(slot, table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::tests::{plan, slot, table};

    fn shard(filter: &str) -> PlannedTable {
        PlannedTable { row_filter: Some(filter.into()), ..table("s", "split") }
    }

    #[test]
    fn a_repair_is_read_as_it_is_typed_and_shown() {
        for text in ["slot=pgsp_1", "table=public.orders", "table=public.\"A b\"", "rows"] {
            assert_eq!(text.parse::<Repair>().unwrap().to_string(), text);
        }
        assert_eq!("table=orders".parse::<Repair>().unwrap().to_string(), "table=public.orders");
        for text in ["", "slot", "slot=", "slot=No", "table=a.b.c", "rows=x", "Rows"] {
            assert!(text.parse::<Repair>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_the_plan_lacks_and_half_a_split_table_are_refused() {
        let mut root = table("s", "root");
        root.leaves = vec![TableName::new("s", "leaf")];
        let slots = vec![
            slot("a", vec![table("s", "t"), root, shard("id > 0")]),
            slot("b", vec![shard("id <= 0")]),
            slot("c", vec![table("s", "u")]),
        ];
        let plan = plan(15, 15, slots);
        let part = |repairs: &[&str]| {
            let repairs: Vec<Repair> = repairs.iter().map(|text| text.parse().unwrap()).collect();
            Part::of(&plan, &repairs).map_err(|error| error.to_string())
        };
        for (repairs, message) in [
            (&["slot=x"][..], "the plan has no slot \"x\""),
            (&["table=s.x"], "the plan has no table s.x"),
            (&["table=s.leaf"], "partition s.leaf is copied with its root s.root"),
            (&["rows", "slot=c"], "a repair is slot=NAME"),
            (&["slot=b"], "table s.split is split over slots a, b"),
        ] {
            assert!(part(repairs).unwrap_err().contains(message), "{repairs:?}: {:?}", part(repairs));
        }
        let [a, _, c] = &plan.slots[..] else { panic!("three slots") };
        let both = part(&["slot=b", "slot=a"]).unwrap();
        assert!(both.makes(a) && !both.touches(c));
        assert_eq!(both.key, part(&["slot=a", "slot=b"]).unwrap().key);
        let split = part(&["table=s.split", "slot=b"]).unwrap();
        assert!(split.copies_alone(a, &a.tables[2]) && !split.copies(a, &a.tables[0]) && !split.makes(a));
        assert_ne!(both.key, split.key);
    }
}
