//! A declared foreign key by its parts, as `pg_constraint` holds them, and how SQL spells them.
//!
//! Files carry the parts and never a definition: text of one server must not become a script for the other.

use serde::{Deserialize, Serialize};

use crate::names::{TableName, quote_identifier};

/// `MATCH`: when a row with nulls in the key is accepted (`pg_constraint.confmatchtype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MatchType {
    /// A null in any column is enough.
    #[default]
    Simple,
    /// All columns are null, or none.
    Full,
    /// The columns that are not null must match; no released server implements it.
    Partial,
}

/// What a change of the referenced row does to the referencing rows (`pg_constraint.confupdtype`, `confdeltype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReferentialAction {
    /// It is refused, at the end of the transaction where the key is deferred.
    #[default]
    NoAction,
    /// It is refused at once.
    Restrict,
    /// They are updated or deleted with it.
    Cascade,
    /// Their columns become null.
    SetNull,
    /// Their columns take their defaults.
    SetDefault,
}

/// When the key is checked within a transaction (`pg_constraint.condeferrable`, `condeferred`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Deferrability {
    /// At the end of each statement, always.
    #[default]
    NotDeferrable,
    /// At the end of each statement, unless `SET CONSTRAINTS` defers it.
    InitiallyImmediate,
    /// At the end of the transaction, unless `SET CONSTRAINTS` says otherwise.
    InitiallyDeferred,
}

/// Which rows are known to keep the key (`pg_constraint.convalidated`, from version 18 on `conenforced`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// All of them.
    #[default]
    Validated,
    /// Only rows written since it was declared: `NOT VALID`.
    NotValid,
    /// None, and none is checked: `NOT ENFORCED` (version 18 and later).
    NotEnforced,
}

/// A declared foreign key, by its parts. What partitions inherit from it is not listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// Referencing table.
    pub from: TableName,
    /// Referenced table.
    pub to: TableName,
    /// Name of the constraint, unique among those of the referencing table.
    pub name: String,
    /// Referencing columns, in the order of the key; absent: not known, and of the key no more than tables and name is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Referenced columns, one for each of `columns`, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referenced_columns: Vec<String>,
    /// The last of `columns` is a `PERIOD`: a temporal foreign key (version 18 and later).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub period: bool,
    /// When a row with nulls in the key is accepted (`MATCH`); absent: `simple`.
    #[serde(default, rename = "match", skip_serializing_if = "is_default")]
    pub match_type: MatchType,
    /// What a change of the referenced columns does (`ON UPDATE`); absent: `no_action`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_update: ReferentialAction,
    /// What deleting the referenced row does (`ON DELETE`); absent: `no_action`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_delete: ReferentialAction,
    /// Those of `columns` that `ON DELETE SET NULL` or `SET DEFAULT` sets (version 15 and later), in their order; absent: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_delete_columns: Vec<String>,
    /// When it is checked within a transaction; absent: `not_deferrable`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deferrability: Deferrability,
    /// Which rows are known to keep it; absent: `validated`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub enforcement: Enforcement,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl MatchType {
    fn to_sql(self) -> &'static str {
        match self {
            MatchType::Simple => "SIMPLE",
            MatchType::Full => "FULL",
            MatchType::Partial => "PARTIAL",
        }
    }
}

impl ReferentialAction {
    fn to_sql(self) -> &'static str {
        match self {
            ReferentialAction::NoAction => "NO ACTION",
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        }
    }

    /// Whether it sets columns, so that it can name some of them.
    pub fn sets_columns(self) -> bool {
        matches!(self, ReferentialAction::SetNull | ReferentialAction::SetDefault)
    }
}

impl ForeignKey {
    /// A key of which only the tables and the name are known.
    pub fn new(from: TableName, to: TableName, name: impl Into<String>) -> Self {
        ForeignKey {
            from,
            to,
            name: name.into(),
            columns: Vec::new(),
            referenced_columns: Vec::new(),
            period: false,
            match_type: MatchType::default(),
            on_update: ReferentialAction::default(),
            on_delete: ReferentialAction::default(),
            on_delete_columns: Vec::new(),
            deferrability: Deferrability::default(),
            enforcement: Enforcement::default(),
        }
    }

    /// The same key from these columns to those.
    #[must_use]
    pub fn with_columns<C: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = C>,
        referenced: impl IntoIterator<Item = C>,
    ) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self.referenced_columns = referenced.into_iter().map(Into::into).collect();
        self
    }

    /// Whether its columns are known, and with them everything else.
    pub fn is_known(&self) -> bool {
        !self.columns.is_empty()
    }

    /// What in it contradicts itself, as the rest of a sentence about it; absent: nothing.
    pub fn contradiction(&self) -> Option<String> {
        let (columns, referenced) = (self.columns.len(), self.referenced_columns.len());
        if columns != referenced {
            return Some(format!("has {columns} columns, but references {referenced}"));
        }
        if !self.is_known() && *self != ForeignKey::new(self.from.clone(), self.to.clone(), self.name.clone()) {
            return Some("has parts, but no \"columns\"".into());
        }
        if self.period && columns < 2 {
            return Some("has a period, but no other column".into());
        }
        if !self.on_delete_columns.is_empty() && !self.on_delete.sets_columns() {
            return Some("has \"on_delete_columns\", but \"on_delete\" sets none".into());
        }
        let foreign = self.on_delete_columns.iter().find(|column| !self.columns.contains(column));
        foreign.map(|column| format!("sets column {} on delete, which it does not have", quote_identifier(column)))
    }

    /// `FOREIGN KEY (…) REFERENCES …`, spelled and ordered as `pg_get_constraintdef` does with an empty `search_path`;
    /// absent where the columns are not known.
    pub fn to_definition(&self) -> Option<String> {
        if !self.is_known() {
            return None;
        }
        let mut sql = format!(
            "FOREIGN KEY ({}) REFERENCES {}({})",
            self.key_columns(&self.columns),
            self.to.to_sql(),
            self.key_columns(&self.referenced_columns)
        );
        let mut add = |clause: &str| {
            sql.push(' ');
            sql.push_str(clause);
        };
        if !is_default(&self.match_type) {
            add(&format!("MATCH {}", self.match_type.to_sql()));
        }
        if !is_default(&self.on_update) {
            add(&format!("ON UPDATE {}", self.on_update.to_sql()));
        }
        if !is_default(&self.on_delete) {
            add(&format!("ON DELETE {}", self.on_delete.to_sql()));
        }
        if !self.on_delete_columns.is_empty() {
            add(&format!("({})", quoted(&self.on_delete_columns).join(", ")));
        }
        match self.deferrability {
            Deferrability::NotDeferrable => {}
            Deferrability::InitiallyImmediate => add("DEFERRABLE"),
            Deferrability::InitiallyDeferred => add("DEFERRABLE INITIALLY DEFERRED"),
        }
        match self.enforcement {
            Enforcement::Validated => {}
            Enforcement::NotValid => add("NOT VALID"),
            Enforcement::NotEnforced => add("NOT ENFORCED"),
        }
        Some(sql)
    }

    fn key_columns(&self, columns: &[String]) -> String {
        let mut columns = quoted(columns);
        if let Some(last) = columns.last_mut().filter(|_| self.period) {
            last.insert_str(0, "PERIOD ");
        }
        columns.join(", ")
    }
}

fn quoted(columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| quote_identifier(column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ForeignKey {
        let (from, to) = (TableName::new("app", "lines"), TableName::new("App", "orders"));
        ForeignKey::new(from, to, "lines_order")
    }

    #[test]
    fn parts_are_spelled_as_the_server_does() {
        assert_eq!(key().to_definition(), None);
        let plain = key().with_columns(["order"], ["id"]);
        assert_eq!(plain.to_definition().unwrap(), "FOREIGN KEY (\"order\") REFERENCES \"App\".orders(id)");
        let all = ForeignKey {
            match_type: MatchType::Full,
            on_update: ReferentialAction::Cascade,
            on_delete: ReferentialAction::SetNull,
            on_delete_columns: vec!["b\"c".into()],
            deferrability: Deferrability::InitiallyDeferred,
            enforcement: Enforcement::NotValid,
            ..key().with_columns(["a", "b\"c"], ["x", "Y"])
        };
        assert_eq!(
            all.to_definition().unwrap(),
            "FOREIGN KEY (a, \"b\"\"c\") REFERENCES \"App\".orders(x, \"Y\") MATCH FULL ON UPDATE CASCADE \
             ON DELETE SET NULL (\"b\"\"c\") DEFERRABLE INITIALLY DEFERRED NOT VALID"
        );
        let temporal = ForeignKey {
            period: true,
            deferrability: Deferrability::InitiallyImmediate,
            enforcement: Enforcement::NotEnforced,
            ..key().with_columns(["a", "valid_at"], ["id", "at"])
        };
        assert_eq!(
            temporal.to_definition().unwrap(),
            "FOREIGN KEY (a, PERIOD valid_at) REFERENCES \"App\".orders(id, PERIOD at) DEFERRABLE NOT ENFORCED"
        );
    }

    #[test]
    fn what_is_usual_is_not_written() {
        let text = serde_json::to_string(&key().with_columns(["a"], ["id"])).unwrap();
        assert_eq!(
            text,
            "{\"from\":{\"schema\":\"app\",\"name\":\"lines\"},\"to\":{\"schema\":\"App\",\"name\":\"orders\"},\
             \"name\":\"lines_order\",\"columns\":[\"a\"],\"referenced_columns\":[\"id\"]}"
        );
        let unusual = ForeignKey {
            match_type: MatchType::Full,
            on_update: ReferentialAction::NoAction,
            on_delete: ReferentialAction::SetDefault,
            on_delete_columns: vec!["a".into()],
            deferrability: Deferrability::InitiallyImmediate,
            enforcement: Enforcement::NotEnforced,
            period: true,
            ..key().with_columns(["a", "b"], ["c", "d"])
        };
        let text = serde_json::to_string(&unusual).unwrap();
        assert!(text.contains("\"match\":\"full\",\"on_delete\":\"set_default\""), "{text}");
        assert_eq!(serde_json::from_str::<ForeignKey>(&text).unwrap(), unusual);
    }

    #[test]
    fn contradictions_are_found() {
        let whole = key().with_columns(["a", "b"], ["c", "d"]);
        assert_eq!(whole.contradiction(), None);
        assert_eq!(key().contradiction(), None);
        for (broken, word) in [
            (key().with_columns(["a", "b"], ["c"]), "references 1"),
            (ForeignKey { on_delete: ReferentialAction::Cascade, ..key() }, "no \"columns\""),
            (ForeignKey { period: true, ..key().with_columns(["a"], ["c"]) }, "no other column"),
            (ForeignKey { on_delete_columns: vec!["a".into()], ..whole.clone() }, "sets none"),
            (
                ForeignKey {
                    on_delete: ReferentialAction::SetNull,
                    on_delete_columns: vec!["c".into()],
                    ..whole.clone()
                },
                "column c",
            ),
        ] {
            assert!(broken.contradiction().is_some_and(|found| found.contains(word)), "{broken:?}");
        }
    }
}
