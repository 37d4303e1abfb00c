//! The envelope of our files: kind, version, who wrote it. Reading and digests; no file is opened here.

use std::{collections::BTreeMap, fmt, io, ops::Deref};

use rayon::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, ser::Formatter, value::RawValue};
use sha2::{Digest as _, Sha256};

use crate::names::clipped;

/// Who writes files: `pgslotplan X.Y.Z`.
pub const TOOL: &str = concat!("pgslotplan ", env!("CARGO_PKG_VERSION"));

/// Why a file's text could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    #[error("cannot read {kind} format version {found}: this release reads version {reads}")]
    Version {
        /// The kind.
        kind: &'static str,
        /// Its version.
        found: u64,
        /// The only version of this kind that is read.
        reads: u64,
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
    /// The `version` field: the one that is written, and the only one that is read. It rises when the meaning or the shape of
    /// this kind changes.
    const VERSION: u64;

    /// What the types of its fields cannot say; looked at whenever one is read.
    ///
    /// # Errors
    /// [`FormatError::Content`] naming the first contradiction.
    fn validate(&self) -> Result<(), FormatError> {
        Ok(())
    }
}

/// A SHA-256 as files have it: 64 hexadecimal digits, lower case. Valid because it exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// The text is not a SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid digest \"{0}\": expected 64 hexadecimal digits in lower case")]
pub struct DigestError(String);

impl Default for Digest {
    /// Of nothing: zeros, for a document whose digest is not made yet.
    fn default() -> Self {
        Digest("0".repeat(64))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(is_hex) { Ok(Digest(text)) } else { Err(DigestError(clipped(&text))) }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl Deref for Digest {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Deserialize)]
struct Envelope {
    kind: Option<Value>,
    version: Option<Value>,
    tool: Option<Value>,
}

/// A newer release may write a field that this one does not know. It is refused, since it may change what the others mean;
/// the message then says who wrote the file.
fn of_release<T: Document>(error: &serde_json::Error, tool: Option<&Value>) -> FormatError {
    let mut message = clipped(&error.to_string());
    if let Some(tool) = tool.and_then(Value::as_str).filter(|tool| tool.starts_with("pgslotplan ") && *tool != TOOL) {
        message = format!("{message}; written by {}, read by {TOOL}", crate::names::one_line(tool));
    }
    FormatError::Syntax { kind: T::KIND.to_owned(), message }
}

/// The reader's words may quote the file: a value of megabytes is cut short.
fn syntax(kind: &str, error: &serde_json::Error) -> FormatError {
    FormatError::Syntax { kind: kind.to_owned(), message: clipped(&error.to_string()) }
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
        serde_json::error::Category::Syntax => FormatError::Syntax {
            kind: T::KIND.to_owned(),
            message: format!("not JSON: {}", clipped(&error.to_string())),
        },
        _ if error.is_data() => FormatError::Foreign,
        _ => syntax(T::KIND, &error),
    })?;
    let Some(Value::String(found)) = envelope.kind else { return Err(FormatError::Foreign) };
    if found != T::KIND {
        return Err(FormatError::Kind { found: clipped(&found), expected: T::KIND.to_owned() });
    }
    match envelope.version.as_ref().and_then(Value::as_u64) {
        Some(found) if found == T::VERSION => {
            let document: T =
                serde_json::from_slice(text).map_err(|error| of_release::<T>(&error, envelope.tool.as_ref()))?;
            document.validate()?;
            Ok(document)
        }
        Some(found) => Err(FormatError::Version { kind: T::KIND, found, reads: T::VERSION }),
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

/// The same, with the items of one array of the document, which is empty in it, given one by one: they are never in memory
/// together.
///
/// # Errors
/// Those of the writer and of the items.
///
/// # Panics
/// When the document has no such empty array: a mistake of the caller.
pub fn write_lines_with<T: Document, I: Serialize>(
    document: &T,
    array: &str,
    items: impl Iterator<Item = io::Result<I>>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = Vec::new();
    write_lines(document, &mut text)?;
    // A line feed within a string is escaped, so this is a field of the outermost object.
    let field = format!("\n\"{array}\": []");
    let found = text.windows(field.len()).position(|window| window == field.as_bytes());
    let end = found.expect("the document has the array, and it is empty") + field.len() - 1;
    out.write_all(&text[..end])?;
    let mut is_empty = true;
    for item in items {
        out.write_all(if is_empty { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &item?)?;
        is_empty = false;
    }
    out.write_all(if is_empty { b"" } else { b"\n" })?;
    out.write_all(&text[end..])
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
/// sorts tables and leaves out what a digest must not cover. Takes the memory of the JSON text, not of a tree of it.
pub fn digest<T: Serialize>(content: &T) -> Digest {
    digest_without(content, &[])
}

/// [`digest`] of a document without some of its top-level fields.
pub fn digest_without<T: Serialize>(document: &T, left_out: &[&str]) -> Digest {
    let mut hasher = Sha256::new();
    canonical(&raw(document), left_out, &mut |text| hasher.update(text));
    Digest(hex(&hasher.finalize()))
}

/// [`digest`] of an object one of whose fields is an array too large to hold as text: it is hashed a part at a time, the
/// text of a part written on all cores.
pub fn digest_with_long_array<T: Serialize + Sync>(fields: &BTreeMap<&str, Value>, array: &str, items: &[T]) -> Digest {
    const PART: usize = 4096;
    const PIECE: usize = 128;
    let mut hasher = Sha256::new();
    let mut keys: Vec<&str> = fields.keys().copied().chain([array]).collect();
    keys.sort_unstable();
    for (position, key) in keys.into_iter().enumerate() {
        hasher.update(if position > 0 { "," } else { "{" });
        hasher.update(Value::from(key).to_string());
        hasher.update(":");
        if key == array {
            hasher.update("[");
            for (number, part) in items.chunks(PART).enumerate() {
                let pieces: Vec<Vec<u8>> = part.par_chunks(PIECE).map(listed).collect();
                for (position, piece) in pieces.iter().enumerate() {
                    hasher.update(if number + position > 0 { "," } else { "" });
                    hasher.update(piece);
                }
            }
            hasher.update("]");
        } else {
            canonical(&raw(&fields[key]), &[], &mut |text| hasher.update(text));
        }
    }
    hasher.update("}");
    Digest(hex(&hasher.finalize()))
}

/// The canonical text of some items, with commas between them.
fn listed<T: Serialize>(items: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    for (position, item) in items.iter().enumerate() {
        out.extend_from_slice(if position > 0 { b"," } else { b"" });
        canonical(&raw(item), &[], &mut |text| out.extend_from_slice(text));
    }
    out
}

fn raw<T: Serialize>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("our types always serialize")
}

/// Hexadecimal, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hands on JSON text that has no white space, with the keys of every object sorted.
fn canonical(text: &RawValue, left_out: &[&str], out: &mut dyn FnMut(&[u8])) {
    let ours = "what our types serialize to is JSON";
    match text.get().as_bytes().first() {
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text.get()).expect(ours);
            out(b"{");
            let kept = fields.iter().filter(|(key, _)| !left_out.contains(&key.as_str()));
            for (position, (key, value)) in kept.enumerate() {
                out(if position > 0 { b"," } else { b"" });
                out(Value::from(key.as_str()).to_string().as_bytes());
                out(b":");
                canonical(value, &[], out);
            }
            out(b"}");
        }
        // Numbers and strings without an object among them are as they should be.
        Some(b'[') if text.get().contains('{') => {
            let items: Vec<&RawValue> = serde_json::from_str(text.get()).expect(ours);
            out(b"[");
            for (position, item) in items.iter().enumerate() {
                out(if position > 0 { b"," } else { b"" });
                canonical(item, &[], out);
            }
            out(b"]");
        }
        _ => out(text.get().as_bytes()),
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
        const VERSION: u64 = 2;
    }

    #[test]
    fn written_files_read_back() {
        let thing = Thing { kind: "thing".into(), version: 2, b: 1, a: 0.25 };
        let text = write(&thing);
        assert!(text.starts_with(b"{\n  \"kind\": \"thing\""));
        assert_eq!(read::<Thing>(&text).unwrap(), thing);
    }

    #[test]
    fn a_field_of_a_newer_release_is_refused_with_the_release() {
        let refused = |tool: &str| {
            let text = format!(r#"{{"kind":"thing","version":2,"tool":"{tool}","b":1,"a":1.5}}"#);
            read::<Thing>(text.as_bytes()).unwrap_err().to_string()
        };
        let newer = refused("pgslotplan 99.0.0");
        assert!(newer.contains("unknown field `tool`"), "{newer}");
        assert!(newer.ends_with(&format!("; written by pgslotplan 99.0.0, read by {TOOL}")), "{newer}");
        assert!(!refused(TOOL).contains("written by") && !refused("by hand").contains("written by"));
    }

    #[test]
    fn digests_are_of_the_canonical_text() {
        let sha = |text: &str| Digest(hex(&Sha256::digest(text)));
        let value = serde_json::json!({ "b": [{ "z": 1, "a": [0.5, null] }, [], "[{\n"], "a": { "é\"": true } });
        assert_eq!(digest(&value), sha(r#"{"a":{"é\"":true},"b":[{"a":[0.5,null],"z":1},[],"[{\n"]}"#));
        assert_eq!(digest_without(&value, &["b", "z"]), sha(r#"{"a":{"é\"":true}}"#));
        let fields = BTreeMap::from([("a", value["a"].clone())]);
        let items = value["b"].as_array().unwrap();
        assert_eq!(digest_with_long_array(&fields, "b", items), digest(&value));
        // Structs come in their own order, and numbers as they are written.
        let thing = Thing { kind: "k".into(), version: 1, b: 2, a: 1e30 };
        assert_eq!(digest(&thing), sha(r#"{"a":1e+30,"b":2,"kind":"k","version":1}"#));
    }

    #[test]
    fn numbers_read_back_to_the_last_bit() {
        // Reading without serde_json's float_roundtrip is off by one unit in the last place for some of these, and a
        // plan's digest then no longer matches what was written.
        for step in 1..20_000_u32 {
            let a = f64::from(step) / 3.7e7 + 1.0 / f64::from(step);
            let thing = Thing { kind: "thing".into(), version: 2, b: 1, a };
            assert_eq!(read::<Thing>(&write(&thing)).unwrap().a.to_bits(), a.to_bits());
        }
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let message = |text: &str| read::<Thing>(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(message(r#"{"kind":"plan","version":1}"#), "this is a plan file, but a thing file is needed");
        for other in [1, 9] {
            let text = format!(r#"{{"kind":"thing","version":{other},"a":1,"b":1}}"#);
            let said = format!("cannot read thing format version {other}: this release reads version 2");
            assert_eq!(message(&text), said);
        }
        assert!(message(r#"{"a":1}"#).contains("not a pgslotplan file"));
        assert!(message(r#"{"kind":"thing","version":2,"a":1"#).contains("EOF"));
        assert!(message(r#"{"kind":"thing","version":2,"a":1}"#).contains("missing field `b`"));
        assert!(message(r#"{"kind":"thing","version":2,"a":1,"b":1,"c":1}"#).contains("unknown field `c`"));
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
            const VERSION: u64 = 1;
        }
        let map = BTreeMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![])]);
        let long = Long { kind: "long".into(), version: 1, list: vec![vec![1, 2], vec![], vec![3]], none: vec![], map };
        let mut text = Vec::new();
        write_lines(&long, &mut text).unwrap();
        let without = Long { list: vec![], map: long.map.clone(), kind: "long".into(), version: 1, none: vec![] };
        let mut in_turn = Vec::new();
        write_lines_with(&without, "list", long.list.iter().map(Ok), &mut in_turn).unwrap();
        assert_eq!(in_turn, text);
        let mut none = Vec::new();
        write_lines_with(&without, "none", std::iter::empty::<io::Result<u64>>(), &mut none).unwrap();
        assert!(none.ends_with(b"\"none\": [],\n\"map\": {\"a\":[1,2],\"b\":[]}\n}\n"));
        let expected = concat!(
            "{\n\"kind\": \"long\",\n\"version\": 1,\n\"list\": [\n[1,2],\n[],\n[3]\n],\n",
            "\"none\": [],\n\"map\": {\"a\":[1,2],\"b\":[]}\n}\n"
        );
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn digest_does_not_depend_on_key_order() {
        // sha256 of {"a":0.25,"b":1}
        let expected = Digest(hex(&Sha256::digest(b"{\"a\":0.25,\"b\":1}")));
        assert_eq!(digest(&serde_json::json!({"b": 1, "a": 0.25})), expected);
        let fields = BTreeMap::from([("x", Value::from(1)), ("a", Value::from("q"))]);
        let whole = serde_json::json!({"x": 1, "m": [{"d": 1, "c": 2}, {}], "a": "q"});
        let items = [serde_json::json!({"d": 1, "c": 2}), serde_json::json!({})];
        assert_eq!(digest_with_long_array(&fields, "m", &items), digest(&whole));
    }
}
