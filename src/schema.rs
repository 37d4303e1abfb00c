//! JSON Schemas of the files that this program writes and reads, from the same types as the files (feature `schema`).
//!
//! Types that read and write themselves say here what they look like. `docs/schemas` holds the result.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Value, json};

use crate::{
    baseline::{
        Baseline,
        compare::Comparison,
        explain::{Explanation, StatementPlans},
    },
    cost::Calibration,
    emit::Manifest,
    format::{Digest, Document},
    health::Status,
    lsn::Lsn,
    names::{Prefix, SlotName},
    plan::{Plan, Publishes},
    policy::{Pin, PublicationCount},
    server::{ServerVersion, SystemIdentifier},
    simulate::forecast::Forecast,
    workload::{Series, Workload},
};

/// Every kind of file with its schema (JSON Schema 2020-12), in the order in which they come about.
pub fn schemas() -> [(&'static str, Value); 10] {
    [
        of::<Calibration>(),
        of::<Workload>(),
        of::<Plan>(),
        of::<Manifest>(),
        of::<Forecast>(),
        of::<Status>(),
        of::<Baseline>(),
        of::<Comparison>(),
        of::<StatementPlans>(),
        of::<Explanation>(),
    ]
}

fn of<T: Document + JsonSchema>() -> (&'static str, Value) {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), json!(format!("pgslotplan {} file, version {}", T::KIND, T::VERSION)));
    let mut schema = schema.to_value();
    // One type reads one kind and one version; the type of the field cannot say it.
    for (field, value) in [("kind", json!(T::KIND)), ("version", json!(T::VERSION))] {
        let description = schema["properties"][field]["description"].take();
        schema["properties"][field] = json!({ "const": value, "description": description });
    }
    (T::KIND, schema)
}

/// The schema of a type that is one string or number in our files.
macro_rules! by_hand {
    ($($type:ty, $name:literal: { $($schema:tt)* };)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ $($schema)* })
            }
        }
    )*};
}

by_hand! {
    Series, "Series": {
        "description": "One number for each bucket, null where nothing was observed; or one number that holds for all.",
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "array", "items": {"type": ["number", "null"], "minimum": 0}}]
    };
    SlotName, "SlotName": {
        "description": "Name of a replication slot.",
        "type": "string", "pattern": "^[a-z0-9_]{1,63}$", "not": {"const": "none"}
    };
    Prefix, "Prefix": { "description": "What names begin with.", "type": "string", "pattern": "^[a-z0-9_]{1,20}$" };
    Digest, "Digest": { "description": "A SHA-256 in hexadecimal.", "type": "string", "pattern": "^[0-9a-f]{64}$" };
    Lsn, "Lsn": {
        "description": "A position in the write-ahead log, as Postgres prints it.",
        "type": "string", "pattern": "^[0-9A-F]{1,8}/[0-9A-F]{1,8}$"
    };
    SystemIdentifier, "SystemIdentifier": {
        "description": "Which cluster a server is, a decimal number of 64 bits.",
        "type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$"
    };
    ServerVersion, "ServerVersion": {
        "description": "`server_version_num`, for example 150018.",
        "type": "integer", "minimum": ServerVersion::RANGE.start(), "maximum": ServerVersion::RANGE.end()
    };
    Publishes, "Publishes": {
        "description": "What a publication publishes: some of insert, update, delete and truncate, in this order.",
        "type": "string", "pattern": "^(insert|update|delete|truncate)(, (update|delete|truncate))*$"
    };
    PublicationCount, "PublicationCount": {
        "description": "A number, the lowest and the highest of a range, or `auto`: the fewest that keep the headroom.",
        "type": "string", "pattern": "^(auto|[0-9]+|[0-9]+\\.\\.[0-9]+)$"
    };
    Pin, "Pin": { "type": "string", "description": "A slot's name, `dedicated` or `shared`." };
}
