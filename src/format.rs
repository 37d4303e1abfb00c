//! The envelope of our files: kind, version, who wrote it. Reading and digests; no file is opened here.

use std::{collections::BTreeMap, io};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, ser::Formatter};
use sha2::{Digest, Sha256};

/// The version of every file kind this build writes, and the only one it reads.
pub const FORMAT_VERSION: u64 = 1;

/// Who writes files: `pgslotplan X.Y.Z`.
pub const TOOL: &str = concat!("pgslotplan ", env!("CARGO_PKG_VERSION"));

/// Why a file's text could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not JSON, or cut off, or a field is missing, unknown or of the wrong type.
    #[error("invalid {kind} file: {message}")]
    Syntax {
        /// What it should have been.
        kind: String,
        /// Where and what.
        message: String,
    },
    /// JSON, but not one of our files.
    #[error("not a pgslotplan file: it has no \"kind\"")]
    Foreign,
    /// Another kind of ours.
    #[error("this is a {found} file, but a {expected} file is needed")]
    Kind {
        /// What it is.
        found: String,
        /// What was needed.
        expected: String,
    },
    /// Written in another format version.
    #[error("cannot read {kind} format version {found}: this build reads version {FORMAT_VERSION}")]
    Version {
        /// The kind.
        kind: String,
        /// Its version.
        found: u64,
    },
    /// It parses, but its content contradicts itself.
    #[error("invalid {kind} file: {message}")]
    Content {
        /// The kind.
        kind: String,
        /// What is wrong, and where.
        message: String,
    },
}

impl FormatError {
    /// A content error.
    pub fn content(kind: &str, message: impl Into<String>) -> Self {
        FormatError::Content { kind: kind.to_owned(), message: message.into() }
    }
}

/// A file of ours: its type holds `kind`, `version` and `tool` as its first three fields.
pub trait Document: Serialize + DeserializeOwned {
    /// The `kind` field.
    const KIND: &'static str;
}

#[derive(serde::Deserialize)]
struct Envelope {
    kind: Option<Value>,
    version: Option<Value>,
}

fn syntax(kind: &str, error: &serde_json::Error) -> FormatError {
    FormatError::Syntax { kind: kind.to_owned(), message: error.to_string() }
}

/// Reads one of our files. The envelope comes first, so that a newer or another file is refused by name.
///
/// # Errors
/// [`FormatError`].
pub fn read<T: Document>(text: &[u8]) -> Result<T, FormatError> {
    // A list would be read as the envelope's fields in their order.
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(FormatError::Foreign);
    }
    let envelope: Envelope = serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Syntax => {
            FormatError::Syntax { kind: T::KIND.to_owned(), message: format!("not JSON: {error}") }
        }
        _ if error.is_data() => FormatError::Foreign,
        _ => syntax(T::KIND, &error),
    })?;
    let Some(Value::String(found)) = envelope.kind else { return Err(FormatError::Foreign) };
    if found != T::KIND {
        return Err(FormatError::Kind { found, expected: T::KIND.to_owned() });
    }
    match envelope.version.as_ref().and_then(Value::as_u64) {
        Some(FORMAT_VERSION) => serde_json::from_slice(text).map_err(|error| syntax(T::KIND, &error)),
        Some(found) => Err(FormatError::Version { kind: T::KIND.to_owned(), found }),
        None => Err(FormatError::content(T::KIND, "its \"version\" is missing or not a whole number")),
    }
}

/// Writes one of our files as JSON with a line feed at the end.
///
/// # Panics
/// Never for our types: they have string keys and no failing serializer.
pub fn write<T: Document>(document: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(document).expect("our types always serialize");
    text.push(b'\n');
    text
}

/// Writes one of our large files: each field, and each object in an array, on a line of its own, so that it is short
/// and still can be compared line by line.
///
/// # Errors
/// Only those of the writer.
pub fn write_lines<T: Document>(document: &T, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, LineFormatter::default());
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Breaks lines in the outermost object, and before objects and arrays in the arrays directly in it.
#[derive(Default)]
struct LineFormatter {
    depth: u32,
    /// Depth 2 is an array.
    array: bool,
    /// That array has an item on a line of its own.
    broken: bool,
}

impl LineFormatter {
    fn begin<W: ?Sized + io::Write>(&mut self, out: &mut W, array: bool) -> io::Result<()> {
        self.depth += 1;
        if self.depth == 2 {
            (self.array, self.broken) = (array, false);
        }
        if self.depth == 3 && self.array {
            self.broken = true;
            out.write_all(b"\n")?;
        }
        out.write_all(if array { b"[" } else { b"{" })
    }
}

impl Formatter for LineFormatter {
    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, false)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(if self.depth == 0 { b"\n}" } else { b"}" })
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b"," })?;
        out.write_all(if self.depth == 1 { b"\n" } else { b"" })
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.depth == 1 { b": " } else { b":" })
    }
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, true)
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        let broken = self.depth == 2 && self.broken;
        self.depth -= 1;
        out.write_all(if broken { b"\n]" } else { b"]" })
    }
}

/// SHA-256, in hexadecimal, over the canonical form of a value: JSON with sorted keys and no white space. The caller
/// sorts tables and leaves out what a digest must not cover.
pub fn digest<T: Serialize>(content: &T) -> String {
    digest_of(&serde_json::to_value(content).expect("our types always serialize"))
}

fn digest_of(value: &Value) -> String {
    let mut hasher = Sha256::new();
    hash_canonical(value, &mut hasher);
    hex(&hasher.finalize())
}

/// [`digest`] of a document without some of its top-level fields.
pub fn digest_without<T: Serialize>(document: &T, left_out: &[&str]) -> String {
    let mut value = serde_json::to_value(document).expect("our types always serialize");
    if let Value::Object(map) = &mut value {
        for field in left_out {
            map.remove(*field);
        }
    }
    digest_of(&value)
}

/// [`digest`] of an object one of whose fields is an array too large to hold twice: its items are hashed one by one.
pub fn digest_with_long_array<T: Serialize>(fields: &BTreeMap<&str, Value>, array: &str, items: &[T]) -> String {
    let mut hasher = Sha256::new();
    let mut keys: Vec<&str> = fields.keys().copied().chain([array]).collect();
    keys.sort_unstable();
    for (position, key) in keys.into_iter().enumerate() {
        hasher.update(if position > 0 { "," } else { "{" });
        hasher.update(Value::from(key).to_string());
        hasher.update(":");
        if key == array {
            hasher.update("[");
            for (position, item) in items.iter().enumerate() {
                hasher.update(if position > 0 { "," } else { "" });
                hash_canonical(&serde_json::to_value(item).expect("our types always serialize"), &mut hasher);
            }
            hasher.update("]");
        } else {
            hash_canonical(&fields[key], &mut hasher);
        }
    }
    hasher.update("}");
    hex(&hasher.finalize())
}

/// Hexadecimal, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash_canonical(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Object(map) => {
            hasher.update(b"{");
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            for (position, key) in keys.into_iter().enumerate() {
                hasher.update(if position > 0 { ",".as_bytes() } else { b"" });
                hasher.update(Value::String(key.clone()).to_string());
                hasher.update(b":");
                hash_canonical(&map[key], hasher);
            }
            hasher.update(b"}");
        }
        Value::Array(items) => {
            hasher.update(b"[");
            for (position, item) in items.iter().enumerate() {
                hasher.update(if position > 0 { ",".as_bytes() } else { b"" });
                hash_canonical(item, hasher);
            }
            hasher.update(b"]");
        }
        leaf => hasher.update(leaf.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        kind: String,
        version: u64,
        b: u64,
        a: f64,
    }
    impl Document for Thing {
        const KIND: &'static str = "thing";
    }

    #[test]
    fn written_files_read_back() {
        let thing = Thing { kind: "thing".into(), version: 1, b: 1, a: 0.25 };
        let text = write(&thing);
        assert!(text.starts_with(b"{\n  \"kind\": \"thing\""));
        assert_eq!(read::<Thing>(&text).unwrap(), thing);
    }

    #[test]
    fn numbers_read_back_to_the_last_bit() {
        // Reading without serde_json's float_roundtrip is off by one unit in the last place for some of these, and a
        // plan's digest then no longer matches what was written.
        for step in 1..20_000_u32 {
            let a = f64::from(step) / 3.7e7 + 1.0 / f64::from(step);
            let thing = Thing { kind: "thing".into(), version: 1, b: 1, a };
            assert_eq!(read::<Thing>(&write(&thing)).unwrap().a.to_bits(), a.to_bits());
        }
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let message = |text: &str| read::<Thing>(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(message(r#"{"kind":"plan","version":1}"#), "this is a plan file, but a thing file is needed");
        assert!(message(r#"{"kind":"thing","version":9,"a":1,"b":1}"#).contains("version 9"));
        assert!(message(r#"{"a":1}"#).contains("not a pgslotplan file"));
        assert!(message(r#"{"kind":"thing","version":1,"a":1"#).contains("EOF"));
        assert!(message(r#"{"kind":"thing","version":1,"a":1}"#).contains("missing field `b`"));
        assert!(message(r#"{"kind":"thing","version":1,"a":1,"b":1,"c":1}"#).contains("unknown field `c`"));
    }

    #[test]
    fn large_files_have_a_line_an_item() {
        #[derive(Serialize, serde::Deserialize)]
        struct Long {
            kind: String,
            version: u64,
            list: Vec<Vec<u64>>,
            none: Vec<u64>,
            map: BTreeMap<String, Vec<u64>>,
        }
        impl Document for Long {
            const KIND: &'static str = "long";
        }
        let map = BTreeMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![])]);
        let long = Long { kind: "long".into(), version: 1, list: vec![vec![1, 2], vec![], vec![3]], none: vec![], map };
        let mut text = Vec::new();
        write_lines(&long, &mut text).unwrap();
        let expected = concat!(
            "{\n\"kind\": \"long\",\n\"version\": 1,\n\"list\": [\n[1,2],\n[],\n[3]\n],\n",
            "\"none\": [],\n\"map\": {\"a\":[1,2],\"b\":[]}\n}\n"
        );
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn digest_does_not_depend_on_key_order() {
        // sha256 of {"a":0.25,"b":1}
        let expected = hex(&Sha256::digest(b"{\"a\":0.25,\"b\":1}"));
        assert_eq!(digest(&serde_json::json!({"b": 1, "a": 0.25})), expected);
        let fields = BTreeMap::from([("x", Value::from(1)), ("a", Value::from("q"))]);
        let whole = serde_json::json!({"x": 1, "m": [{"d": 1, "c": 2}, {}], "a": "q"});
        let items = [serde_json::json!({"d": 1, "c": 2}), serde_json::json!({})];
        assert_eq!(digest_with_long_array(&fields, "m", &items), digest(&whole));
    }
}
