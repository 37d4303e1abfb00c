//! The kinds of things that a database holds: what they are called, what they stand in, and which step of the kit brings them.

use crate::finding::{Code, Severity, code};

/// What brings an object to the subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// The step that makes roles, tables and keys.
    Schema,
    /// The same, or one of its own where keys are made once the rows are there.
    Keys,
    /// The step that builds secondary indexes.
    Indexes,
    /// The step that makes foreign keys, triggers, rules, policies and statistics.
    ForeignKeys,
    /// No step: somebody has to.
    Nobody,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $noun:literal, $parent:expr, $code:ident, $carrier:ident, $missing:ident, $extra:ident;)*) => {
        /// A kind of object.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// The word of the rows and of accepted differences.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $word,)* }
            }

            /// What people call it.
            pub fn noun(self) -> &'static str {
                match self { $(Kind::$name => $noun,)* }
            }

            /// The kind of what it stands in, whose identity is the beginning of its own.
            pub(super) fn parent(self) -> Option<(Kind, usize)> {
                match self { $(Kind::$name => $parent,)* }
            }

            /// The code of its findings.
            pub(super) fn code(self) -> &'static Code {
                match self { $(Kind::$name => code::$code,)* }
            }

            /// What brings it.
            pub(super) fn carrier(self) -> Carrier {
                match self { $(Kind::$name => Carrier::$carrier,)* }
            }

            /// How bad it is when the subscriber lacks it or has another one.
            pub(super) fn missing(self) -> Severity {
                match self { $(Kind::$name => Severity::$missing,)* }
            }

            /// How bad it is when only the subscriber has it.
            pub(super) fn extra(self) -> Severity {
                match self { $(Kind::$name => Severity::$extra,)* }
            }
        }
    };
}

use Kind as K;

const IN_SCHEMA: Option<(Kind, usize)> = Some((K::Schema, 1));
const IN_RELATION: Option<(Kind, usize)> = Some((K::Relation, 2));

kinds! {
    /// A role.
    Role = "role", "role", None, IV101, Schema, Error, Info;
    /// Which kind of password a login role has.
    Password = "password", "password of role", None, IV102, Nobody, Error, Info;
    /// A role's membership in another one.
    Membership = "membership", "membership", Some((K::Role, 1)), IV103, Schema, Error, Warning;
    /// Settings of a role, of the database, or of both together.
    Setting = "setting", "settings", None, IV104, Schema, Error, Error;
    /// The database.
    Database = "database", "database", None, IV105, Nobody, Error, Error;
    /// A tablespace.
    Tablespace = "tablespace", "tablespace", None, IV106, Nobody, Error, Info;
    /// A schema.
    Schema = "schema", "schema", None, IV301, Schema, Error, Warning;
    /// A table, partitioned table, view, materialized view or foreign table.
    Relation = "relation", "relation", IN_SCHEMA, IV201, Schema, Error, Warning;
    /// A column of one.
    Column = "column", "column", IN_RELATION, IV202, Schema, Error, Error;
    /// A constraint of a table.
    Constraint = "constraint", "constraint", IN_RELATION, IV203, Schema, Error, Error;
    /// An index.
    Index = "index", "index", IN_RELATION, IV204, Indexes, Error, Warning;
    /// A trigger.
    Trigger = "trigger", "trigger", IN_RELATION, IV205, ForeignKeys, Error, Error;
    /// A rule.
    Rule = "rule", "rule", IN_RELATION, IV205, ForeignKeys, Error, Error;
    /// A policy of row security.
    Policy = "policy", "policy", IN_RELATION, IV206, ForeignKeys, Error, Error;
    /// A sequence.
    Sequence = "sequence", "sequence", IN_SCHEMA, IV207, Schema, Error, Warning;
    /// Extended statistics.
    Statistics = "statistics", "statistics", IN_SCHEMA, IV208, ForeignKeys, Warning, Info;
    /// A function, procedure or aggregate.
    Function = "function", "function", IN_SCHEMA, IV302, Schema, Error, Warning;
    /// A type or domain.
    Type = "type", "type", IN_SCHEMA, IV303, Schema, Error, Warning;
    /// A constraint of a domain.
    DomainConstraint = "domain_constraint", "constraint of domain", Some((K::Type, 2)), IV303, Schema, Error, Error;
    /// An operator.
    Operator = "operator", "operator", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// An operator class.
    OperatorClass = "operator_class", "operator class", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// An operator family.
    OperatorFamily = "operator_family", "operator family", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A cast.
    Cast = "cast", "cast", None, IV304, Schema, Error, Error;
    /// A collation.
    Collation = "collation", "collation", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A conversion between encodings.
    Conversion = "conversion", "conversion", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A text search configuration.
    TextSearchConfiguration = "text_search_configuration", "text search configuration", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A text search dictionary.
    TextSearchDictionary = "text_search_dictionary", "text search dictionary", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A text search template.
    TextSearchTemplate = "text_search_template", "text search template", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A text search parser.
    TextSearchParser = "text_search_parser", "text search parser", IN_SCHEMA, IV304, Schema, Error, Warning;
    /// A procedural language.
    Language = "language", "language", None, IV304, Schema, Error, Info;
    /// A transform.
    Transform = "transform", "transform", None, IV304, Schema, Error, Warning;
    /// An access method.
    AccessMethod = "access_method", "access method", None, IV304, Schema, Error, Info;
    /// An extension.
    Extension = "extension", "extension", None, IV305, Schema, Error, Info;
    /// An extension that CREATE EXTENSION would find. Looked up, not compared.
    AvailableExtension = "available_extension", "available extension", None, IV305, Nobody, Error, Info;
    /// A table of an extension whose rows belong to users.
    ExtensionTable = "extension_table", "table of extension", Some((K::Extension, 1)), IV306, Nobody, Error, Info;
    /// A foreign-data wrapper.
    ForeignDataWrapper = "foreign_data_wrapper", "foreign-data wrapper", None, IV307, Schema, Error, Info;
    /// A foreign server.
    ForeignServer = "foreign_server", "foreign server", None, IV307, Schema, Error, Warning;
    /// A user mapping.
    UserMapping = "user_mapping", "user mapping", Some((K::ForeignServer, 1)), IV307, Schema, Error, Warning;
    /// What a foreign table is beside a relation.
    ForeignTable = "foreign_table", "foreign table", IN_RELATION, IV307, Schema, Error, Warning;
    /// An event trigger.
    EventTrigger = "event_trigger", "event trigger", None, IV205, ForeignKeys, Error, Error;
    /// A publication of somebody else.
    Publication = "publication", "publication", None, IV308, Nobody, Error, Info;
    /// A subscription of somebody else.
    Subscription = "subscription", "subscription", None, IV308, Nobody, Error, Warning;
    /// A logical replication slot of somebody else.
    Slot = "slot", "replication slot", None, IV308, Nobody, Error, Info;
    /// The large objects of a role.
    LargeObjects = "large_objects", "large objects of role", None, IV309, Nobody, Error, Error;
    /// Default privileges that a role gives to what it makes.
    DefaultPrivileges = "default_privileges", "default privileges of role", None, IV402, Schema, Error, Error;
    /// A comment.
    Comment = "comment", "comment on", None, IV403, Schema, Warning, Info;
    /// A security label.
    SecurityLabel = "security_label", "security label of", None, IV403, Schema, Error, Warning;
}

impl Kind {
    /// The kind of a word.
    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether its identity begins with schema and name of a relation.
    pub(super) fn is_of_relation(self) -> bool {
        self == Kind::Relation || self.parent() == IN_RELATION
    }
}
