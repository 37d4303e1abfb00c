//! What a database holds, as facts, and how that of the subscriber differs from the publisher's.
//!
//! The facts are rows of four columns: kind, identity, fact, value; `SQL` reads them, the same text in `pg` and in the kit. What is
//! as usual has no row. [`compare`] goes by kind, identity and fact, and knows nothing of single objects: what is special stands in
//! `kind` (what things are called, who carries them), `meaning` (when two texts mean the same) and `mend` (the statement that
//! mends). `accepted` reads the file of differences that a team has decided to live with.

mod accepted;
mod compare;
mod kind;
mod meaning;
mod mend;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use accepted::{Accepted, AcceptedError};
pub use compare::compare;
pub use kind::{Carrier, Kind};

use crate::{
    names::copy_value,
    plan::{Plan, PlannedSlot},
    server::ServerVersion,
};

/// The statements that read an inventory, each one COPY to the client, by what they read.
pub const SQL: [(&str, &str); 4] = [
    ("server", include_str!("../emit/assets/lib/inventory_server.sql")),
    ("relations", include_str!("../emit/assets/lib/inventory_relations.sql")),
    ("objects", include_str!("../emit/assets/lib/inventory_objects.sql")),
    ("privileges", include_str!("../emit/assets/lib/inventory_privileges.sql")),
];

/// What rests until the opening, where the scripts have put something to rest.
pub const HELD_SQL: &str = include_str!("../emit/assets/lib/inventory_held.sql");

/// The one that only superusers may run.
pub const PASSWORDS_SQL: &str = include_str!("../emit/assets/lib/inventory_passwords.sql");

/// One object: its kind and the names by which it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Names, the outermost first; empty for the database.
    pub identity: Vec<String>,
}

impl Object {
    /// An object.
    pub fn new<T: Into<String>>(kind: Kind, identity: impl IntoIterator<Item = T>) -> Self {
        Object { kind, identity: identity.into_iter().map(Into::into).collect() }
    }

    /// What it stands in.
    fn parent(&self) -> Option<Object> {
        let (kind, length) = self.kind.parent()?;
        Some(Object::new(kind, self.identity.get(..length)?.iter().cloned()))
    }
}

/// What one database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The server's version: texts of the catalog depend on it.
    pub version: ServerVersion,
    /// Facts by object and name.
    pub facts: BTreeMap<Object, BTreeMap<String, String>>,
    /// Kinds that the role could not read: nothing is said of them.
    pub unseen: BTreeSet<Kind>,
}

/// A row that is not one of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid row of the inventory: {0}")]
pub struct RowError(String);

impl Inventory {
    /// An empty one.
    pub fn new(version: ServerVersion) -> Self {
        Inventory { version, facts: BTreeMap::new(), unseen: BTreeSet::new() }
    }

    /// Adds a fact.
    pub fn insert(&mut self, object: Object, fact: impl Into<String>, value: impl Into<String>) {
        self.facts.entry(object).or_default().insert(fact.into(), value.into());
    }

    /// Takes a row as COPY writes it, without the end of the line.
    ///
    /// # Errors
    /// [`RowError`] when it is none: the statement and this reader have come apart.
    pub fn take_row(&mut self, row: &str) -> Result<(), RowError> {
        let wrong = || RowError(crate::names::one_line(row));
        let mut fields = row.split('\t').map(copy_value);
        let mut field = || fields.next().flatten().ok_or_else(wrong);
        let (kind, identity, fact, value) = (field()?, field()?, field()?, field()?);
        let kind = Kind::of(&kind).ok_or_else(wrong)?;
        let identity: Vec<Option<String>> = serde_json::from_str(&identity).map_err(|_| wrong())?;
        // an absent argument, as that of a prefix operator
        let identity = identity.into_iter().map(Option::unwrap_or_default);
        self.insert(Object::new(kind, identity), fact, value);
        Ok(())
    }

    /// Puts what rests until the opening ([`HELD_SQL`]) over these: facts behind the word "held". One without a value is as usual
    /// from then on; of an object that is gone meanwhile nothing rests, but settings stand alone.
    pub fn put_over(&mut self, held: Inventory) {
        for (object, facts) in held.facts {
            if object.kind != Kind::Setting && !self.facts.contains_key(&object) {
                continue;
            }
            let own = self.facts.entry(object).or_default();
            for (fact, value) in facts {
                let fact = fact.strip_prefix("held ").unwrap_or(&fact).to_owned();
                if value.is_empty() {
                    own.remove(&fact);
                } else {
                    own.insert(fact, value);
                }
            }
        }
        self.facts.retain(|_, facts| !facts.is_empty());
    }

    /// The value of a fact.
    pub fn value(&self, object: &Object, fact: &str) -> Option<&str> {
        self.facts.get(object)?.get(fact).map(String::as_str)
    }

    /// Leaves out who owns schema public: without a superuser it stays with the owner of the database, as the emitted files have it.
    pub fn leave_out_owner_of_public(&mut self) {
        if let Some(facts) = self.facts.get_mut(&Object::new(Kind::Schema, ["public"])) {
            facts.remove("owner");
        }
    }

    /// Leaves out what the plan itself makes or changes: its publications, subscriptions and slots, their mirrors of the way back,
    /// guards, foreign keys that it keeps away, replica identities that it sets.
    pub fn leave_out_planned(&mut self, plan: &Plan) {
        let prefix = &plan.policy.prefix;
        let mut planned: BTreeSet<Object> = BTreeSet::new();
        for slot in &plan.slots {
            let publications = slot.publications().into_iter().filter_map(|publication| publication.name);
            planned.extend(publications.map(|name| Object::new(Kind::Publication, [name])));
            planned.insert(Object::new(Kind::Subscription, [slot.subscription.as_str()]));
            planned.insert(Object::new(Kind::Slot, [slot.name.as_str()]));
        }
        for key in plan
            .foreign_keys
            .iter()
            .filter(|key| key.cut && plan.policy.foreign_keys == crate::policy::ForeignKeyMode::Restore)
        {
            // up to 17 a partitioned table's key stands on its partitions until it is validated
            let root = plan.members().find(|(_, table)| table.table_name() == key.key.from);
            let leaves = root.into_iter().flat_map(|(_, table)| &table.leaves);
            for table in leaves.chain([&key.key.from]) {
                let identity = [&table.schema, &table.name, &key.key.name];
                planned.insert(Object::new(Kind::Constraint, identity.map(String::as_str)));
            }
        }
        let (mirror, guard) = (format!("{prefix}_rev_"), format!("{prefix}_refuse_"));
        self.facts.retain(|object, _| {
            let last = object.identity.last().map_or("", String::as_str);
            let is_ours = match object.kind {
                Kind::Publication | Kind::Subscription | Kind::Slot => last.starts_with(&mirror),
                Kind::Trigger | Kind::EventTrigger => last.starts_with(&guard),
                _ => false,
            };
            !is_ours && !planned.contains(object)
        });
        for (slot, table) in plan.members().filter(|(_, table)| table.set_identity) {
            for name in PlannedSlot::received(slot, table) {
                if let Some(facts) = self.facts.get_mut(&Object::new(Kind::Relation, [name.schema, name.name])) {
                    facts.remove("replica identity");
                }
            }
        }
    }
}
