//! The statement that mends a difference, to be run on the subscriber. Definitions are not repeated here: text of one server must not
//! become a script for the other, so those come by pg_dump.

use super::{Kind, Object, compare::Difference};
use crate::names::{TableName, one_line, quote_identifier, quote_literal};

/// What to do, in full sentences.
pub(super) fn mend(difference: &Difference, is_available: bool) -> String {
    let statement = match difference.fact.as_deref() {
        None if difference.subscriber.is_some() => remove(&difference.object),
        None => make(&difference.object, is_available),
        Some(fact) => change(&difference.object, fact, difference.publisher.as_deref()),
    };
    one_line(&statement.unwrap_or_else(|| by_dump(&difference.object)))
}

fn by_dump(object: &Object) -> String {
    format!("Take the {} from pg_dump --schema-only of the publisher.", object.kind.noun())
}

/// The object as ALTER, COMMENT and DROP name it.
fn named(object: &Object) -> Option<String> {
    let names: Vec<String> = object.identity.iter().map(|name| quote_identifier(name)).collect();
    let word = match object.kind {
        Kind::Role => "ROLE",
        Kind::Schema => "SCHEMA",
        Kind::Relation => "TABLE",
        Kind::Sequence => "SEQUENCE",
        Kind::Type => "TYPE",
        Kind::Collation => "COLLATION",
        Kind::Conversion => "CONVERSION",
        Kind::Statistics => "STATISTICS",
        Kind::Language => "LANGUAGE",
        Kind::Extension => "EXTENSION",
        Kind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        Kind::ForeignServer => "SERVER",
        Kind::EventTrigger => "EVENT TRIGGER",
        Kind::Publication => "PUBLICATION",
        Kind::Subscription => "SUBSCRIPTION",
        Kind::Tablespace => "TABLESPACE",
        Kind::AccessMethod => "ACCESS METHOD",
        Kind::TextSearchConfiguration => "TEXT SEARCH CONFIGURATION",
        Kind::TextSearchDictionary => "TEXT SEARCH DICTIONARY",
        Kind::TextSearchParser => "TEXT SEARCH PARSER",
        Kind::TextSearchTemplate => "TEXT SEARCH TEMPLATE",
        Kind::Function => {
            // types are spelled by the server
            let [schema, name, arguments] = object.identity.as_slice() else { return None };
            return Some(format!("ROUTINE {}.{}({arguments})", quote_identifier(schema), quote_identifier(name)));
        }
        _ => return None,
    };
    Some(format!("{word} {}", names.join(".")))
}

/// Table and last name of what belongs to a relation.
fn of_relation(object: &Object) -> Option<(String, String)> {
    let [schema, table, name] = object.identity.as_slice() else { return None };
    object.kind.is_of_relation().then(|| (TableName::new(schema, table).to_sql(), quote_identifier(name)))
}

fn remove(object: &Object) -> Option<String> {
    if let Some((table, name)) = of_relation(object) {
        let statement = match object.kind {
            Kind::Column => format!("ALTER TABLE {table} DROP COLUMN {name};"),
            Kind::Constraint => format!("ALTER TABLE {table} DROP CONSTRAINT {name};"),
            Kind::Index => format!("DROP INDEX {}.{name};", quote_identifier(&object.identity[0])),
            Kind::Trigger => format!("DROP TRIGGER {name} ON {table};"),
            Kind::Rule => format!("DROP RULE {name} ON {table};"),
            Kind::Policy => format!("DROP POLICY {name} ON {table};"),
            _ => return None,
        };
        return Some(format!("If nobody needs it: {statement}"));
    }
    let statement = match (object.kind, object.identity.as_slice()) {
        (Kind::Membership, [role, member]) => {
            format!("REVOKE {} FROM {};", quote_identifier(role), quote_identifier(member))
        }
        (Kind::DomainConstraint, [schema, domain, name]) => {
            format!(
                "ALTER DOMAIN {} DROP CONSTRAINT {};",
                TableName::new(schema, domain).to_sql(),
                quote_identifier(name)
            )
        }
        (Kind::Slot, [name]) => format!("SELECT pg_drop_replication_slot({});", quote_literal(name)),
        (Kind::Relation, _) => return Some("If nobody needs it, drop it; what it holds is lost.".to_owned()),
        _ => format!("DROP {};", named(object)?),
    };
    Some(format!("If nobody needs it: {statement}"))
}

fn make(object: &Object, is_available: bool) -> Option<String> {
    match (object.kind, object.identity.as_slice()) {
        (Kind::Role, [name]) => Some(format!("CREATE ROLE {};", quote_identifier(name))),
        (Kind::Membership, [role, member]) => {
            Some(format!("GRANT {} TO {};", quote_identifier(role), quote_identifier(member)))
        }
        (Kind::Schema, [name]) => Some(format!("CREATE SCHEMA {};", quote_identifier(name))),
        (Kind::Extension, [name]) if is_available => Some(format!("CREATE EXTENSION {};", quote_identifier(name))),
        (Kind::Extension, _) => Some("Install the extension's package on the subscriber's machine.".to_owned()),
        (Kind::Tablespace, [name]) => Some(format!(
            "CREATE TABLESPACE {} LOCATION '...'; its folder must exist on the subscriber.",
            quote_identifier(name)
        )),
        (Kind::Slot, [name]) => Some(format!(
            "Before writes open: SELECT pg_create_logical_replication_slot({}, '...'); with the plugin of its reader.",
            quote_literal(name)
        )),
        (Kind::Publication | Kind::Subscription, _) => {
            Some("Create it on the subscriber before writes open, if it is still needed.".to_owned())
        }
        (Kind::Password, [name]) => {
            Some(format!("Run the step that brings passwords, or \\password {} in psql.", quote_identifier(name)))
        }
        _ => None,
    }
}

fn change(object: &Object, fact: &str, wanted: Option<&str>) -> Option<String> {
    let name = object.identity.last().map(|name| quote_identifier(name)).unwrap_or_default();
    if fact == "owner" {
        let owner = quote_identifier(wanted?);
        return match object.kind {
            Kind::Database => Some(format!("ALTER DATABASE ... OWNER TO {owner};")),
            _ => Some(format!("ALTER {} OWNER TO {owner};", named(object)?)),
        };
    }
    if matches!(fact, "privileges" | "maintain privilege" | "no privileges") {
        return Some("GRANT what the subscriber lacks and REVOKE what it has besides.".to_owned());
    }
    if let Some(text) = of_table(object, fact, wanted) {
        return Some(text);
    }
    let on = |word: &str| if wanted == Some("true") { word.to_owned() } else { format!("NO{word}") };
    let statement = match (object.kind, fact) {
        (Kind::Role, "login") => format!("ALTER ROLE {name} {};", on("LOGIN")),
        (Kind::Role, "superuser") => format!("ALTER ROLE {name} {};", on("SUPERUSER")),
        (Kind::Role, "inherits") => {
            format!("ALTER ROLE {name} {};", if wanted.is_none() { "INHERIT" } else { "NOINHERIT" })
        }
        (Kind::Role, "creates databases") => format!("ALTER ROLE {name} {};", on("CREATEDB")),
        (Kind::Role, "creates roles") => format!("ALTER ROLE {name} {};", on("CREATEROLE")),
        (Kind::Role, "replication") => format!("ALTER ROLE {name} {};", on("REPLICATION")),
        (Kind::Role, "bypasses row security") => format!("ALTER ROLE {name} {};", on("BYPASSRLS")),
        (Kind::Role, "connection limit") => format!("ALTER ROLE {name} CONNECTION LIMIT {};", wanted.unwrap_or("-1")),
        (Kind::Role, "valid until") => format!(
            "ALTER ROLE {name} VALID UNTIL {};",
            quote_literal(&wanted.map_or_else(|| "infinity".to_owned(), |until| format!("{until} UTC")))
        ),
        (Kind::Password, _) => {
            format!("Run the step that brings passwords, or \\password {name} in psql.")
        }
        (Kind::Membership, _) => {
            let [role, member] = object.identity.as_slice() else { return None };
            let (role, member) = (quote_identifier(role), quote_identifier(member));
            match fact {
                "admin" if wanted == Some("true") => format!("GRANT {role} TO {member} WITH ADMIN OPTION;"),
                "admin" => format!("REVOKE ADMIN OPTION FOR {role} FROM {member};"),
                "inherits" => format!("GRANT {role} TO {member} WITH INHERIT {};", wanted.unwrap_or("true")),
                _ => format!("GRANT {role} TO {member} WITH SET {};", wanted.unwrap_or("true")),
            }
        }
        (Kind::Setting, _) => return setting(object, fact, wanted),
        (Kind::Database, "connection limit") => {
            format!("ALTER DATABASE ... CONNECTION LIMIT {};", wanted.unwrap_or("-1"))
        }
        (Kind::Database, "collation version") => {
            "Rebuild indexes over text that were not built on the subscriber.".to_owned()
        }
        (Kind::Database, "encoding" | "collate" | "ctype" | "locale provider" | "locale" | "icu rules") => {
            "Create the database anew with the publisher's encoding and locale.".to_owned()
        }
        (Kind::EventTrigger, "enabled") => format!("ALTER EVENT TRIGGER {name} {};", enabled(wanted)),
        (Kind::Extension, "version") => format!("ALTER EXTENSION {name} UPDATE;"),
        (Kind::Extension, "schema") => format!("ALTER EXTENSION {name} SET SCHEMA {};", quote_identifier(wanted?)),
        (Kind::ExtensionTable, _) => "Dump the rows with pg_dump --data-only --table at the cutover.".to_owned(),
        (Kind::LargeObjects, _) => "Copy them at the cutover: pg_dump --data-only --large-objects.".to_owned(),
        (Kind::Sequence, fact) => {
            let clause = match (fact, wanted) {
                ("type", Some(kind)) => format!("AS {kind}"),
                ("start", Some(number)) => format!("START {number}"),
                ("increment", Some(number)) => format!("INCREMENT {number}"),
                ("minimum", Some(number)) => format!("MINVALUE {number}"),
                ("maximum", Some(number)) => format!("MAXVALUE {number}"),
                ("cache", Some(number)) => format!("CACHE {number}"),
                ("cycle", Some(_)) => "CYCLE".to_owned(),
                ("cycle", None) => "NO CYCLE".to_owned(),
                ("start", None) => "START 1".to_owned(),
                ("increment", None) => "INCREMENT 1".to_owned(),
                ("minimum", None) => "MINVALUE 1".to_owned(),
                ("maximum", None) => "NO MAXVALUE".to_owned(),
                ("cache", None) => "CACHE 1".to_owned(),
                ("owned by", None) => "OWNED BY NONE".to_owned(),
                ("owned by", Some(column)) => format!("OWNED BY {column}"),
                _ => return None,
            };
            format!("ALTER {} {clause};", named(object)?)
        }
        (Kind::Type, "default") => return Some("ALTER DOMAIN ... SET DEFAULT, or DROP DEFAULT.".to_owned()),
        (Kind::Type, "not null") => {
            let [schema, domain] = object.identity.as_slice() else { return None };
            format!(
                "ALTER DOMAIN {} {} NOT NULL;",
                TableName::new(schema, domain).to_sql(),
                if wanted.is_some() { "SET" } else { "DROP" }
            )
        }
        _ => return None,
    };
    Some(statement)
}

/// ALTER ROLE or ALTER DATABASE.
fn setting(object: &Object, name: &str, wanted: Option<&str>) -> Option<String> {
    let [role, place] = object.identity.as_slice() else { return None };
    let whose = match (role.as_str(), place.as_str()) {
        ("", "database") => "DATABASE ...".to_owned(),
        ("", _) => "ROLE ALL".to_owned(),
        (role, "database") => format!("ROLE {} IN DATABASE ...", quote_identifier(role)),
        (role, _) => format!("ROLE {}", quote_identifier(role)),
    };
    // a name with a dot is two identifiers
    let parameter: Vec<String> = name.split('.').map(quote_identifier).collect();
    let parameter = parameter.join(".");
    Some(match wanted {
        None => format!("ALTER {whose} RESET {parameter};"),
        Some(value) if value.starts_with("md5 ") => format!("ALTER {whose} SET {parameter} TO the publisher's value;"),
        // lists are stored as they were written
        Some(value) if LISTS.contains(&name) => format!("ALTER {whose} SET {parameter} TO {value};"),
        Some(value) => format!("ALTER {whose} SET {parameter} TO {};", quote_literal(value)),
    })
}

/// Parameters whose stored value is a list of identifiers, quoted by the server.
const LISTS: [&str; 4] = ["search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"];

fn enabled(wanted: Option<&str>) -> &'static str {
    match wanted {
        Some("disabled") => "DISABLE",
        Some("replica") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    }
}

/// ALTER TABLE for a relation and what belongs to it.
fn of_table(object: &Object, fact: &str, wanted: Option<&str>) -> Option<String> {
    if object.kind == Kind::Relation {
        let [schema, name] = object.identity.as_slice() else { return None };
        let table = TableName::new(schema, name).to_sql();
        return Some(match fact {
            "unlogged" => format!("ALTER TABLE {table} SET {};", if wanted.is_some() { "UNLOGGED" } else { "LOGGED" }),
            "row security" => format!(
                "ALTER TABLE {table} {} ROW LEVEL SECURITY;",
                if wanted.is_some() { "ENABLE" } else { "DISABLE" }
            ),
            "forced row security" => format!(
                "ALTER TABLE {table} {} ROW LEVEL SECURITY;",
                if wanted.is_some() { "FORCE" } else { "NO FORCE" }
            ),
            "replica identity" => match wanted {
                Some("full") => format!("ALTER TABLE {table} REPLICA IDENTITY FULL;"),
                Some("nothing") => format!("ALTER TABLE {table} REPLICA IDENTITY NOTHING;"),
                Some(_) => format!("ALTER TABLE {table} REPLICA IDENTITY USING INDEX, the publisher's."),
                None => format!("ALTER TABLE {table} REPLICA IDENTITY DEFAULT;"),
            },
            "populated" if wanted == Some("true") => {
                format!("REFRESH MATERIALIZED VIEW {table}; once its tables are there.")
            }
            "tablespace" => format!(
                "ALTER TABLE {table} SET TABLESPACE {};",
                wanted.map_or_else(|| "pg_default".to_owned(), quote_identifier)
            ),
            "column order" => {
                "Create the table anew with the publisher's order, or name the columns in every INSERT.".to_owned()
            }
            _ => return None,
        });
    }
    let (table, name) = of_relation(object)?;
    Some(match (object.kind, fact) {
        (Kind::Column, "not null") => {
            format!("ALTER TABLE {table} ALTER {name} {} NOT NULL;", if wanted.is_some() { "SET" } else { "DROP" })
        }
        (Kind::Column, "default") if wanted.is_none() => format!("ALTER TABLE {table} ALTER {name} DROP DEFAULT;"),
        (Kind::Column, "default") => format!("ALTER TABLE {table} ALTER {name} SET DEFAULT, as the publisher has it."),
        (Kind::Column, "type") => format!("ALTER TABLE {table} ALTER {name} TYPE {};", wanted?),
        (Kind::Column, "identity") => match wanted {
            Some(how) => format!("ALTER TABLE {table} ALTER {name} SET GENERATED {};", how.to_uppercase()),
            None => format!("ALTER TABLE {table} ALTER {name} DROP IDENTITY;"),
        },
        (Kind::Column, "generated") if wanted.is_none() => format!("ALTER TABLE {table} ALTER {name} DROP EXPRESSION;"),
        (Kind::Column, "storage") => {
            format!("ALTER TABLE {table} ALTER {name} SET STORAGE {};", wanted.unwrap_or("DEFAULT").to_uppercase())
        }
        (Kind::Column, "statistics target") => {
            format!("ALTER TABLE {table} ALTER {name} SET STATISTICS {};", wanted.unwrap_or("-1"))
        }
        (Kind::Constraint, "not valid") if wanted.is_none() => {
            format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};")
        }
        (Kind::Constraint, "triggers") => {
            format!("ALTER TABLE {table} ENABLE TRIGGER ALL, or as the publisher has them.")
        }
        (Kind::Index, "invalid") if wanted.is_none() => {
            format!("REINDEX INDEX {}.{name};", quote_identifier(&object.identity[0]))
        }
        (Kind::Index, "clustered") if wanted.is_some() => format!("ALTER TABLE {table} CLUSTER ON {name};"),
        (Kind::Index, "clustered") => format!("ALTER TABLE {table} SET WITHOUT CLUSTER;"),
        (Kind::Index, "replica identity") if wanted.is_some() => {
            format!("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {name};")
        }
        (Kind::Trigger, "enabled") => format!("ALTER TABLE {table} {} TRIGGER {name};", enabled(wanted)),
        (Kind::Rule, "enabled") => format!("ALTER TABLE {table} {} RULE {name};", enabled(wanted)),
        _ => return None,
    })
}
