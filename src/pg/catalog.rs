//! The catalog: tables with their shapes and sizes, foreign keys, and what is left out with the reason.
//!
//! Each query reads one kind of thing for all tables at once; here they are put together by oid.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, types::Type};

use super::{
    connect::Session,
    error::PgError,
    foreign_keys,
    row::{Text, get, size, unsigned},
    texts::{Texts, read_texts},
};
use crate::{
    names::{TableName, one_line},
    plan::left_out,
    policy::Pattern,
    workload::{
        Excluded, ForeignKey, Load, ReplicaIdentity, Table, TableKind,
        packed::Packed,
        record_model::UNKNOWN_PADDING,
        snapshot::{Catalog, CatalogTable, CounterSnapshot, IndexShape, WidthSource},
    },
};

const PURPOSE: &str = "read the catalog";
/// So many tables, the most active and the largest, get measured widths and true sizes: each costs the server about
/// 0.3 ms, and the others hardly count.
const MEASURED_TABLES: usize = 1000;
/// No table has more rows, whatever its statistics say.
const MOST_ROWS: f64 = 1e15;
/// No value is wider, bytes.
const WIDEST: f64 = 1e9;
/// Width of an index column that is an expression, bytes.
const EXPRESSION_WIDTH: f64 = 16.0;
/// Width of an index column of a table that is not measured, bytes: most keys are bigint.
const UNMEASURED_KEY_WIDTH: f64 = 8.0;

/// Which tables are wanted.
#[derive(Debug, Clone, Default)]
pub struct CatalogScope {
    /// Brings in tables that extensions own.
    pub include: Vec<Pattern>,
    /// Leaves tables out.
    pub exclude: Vec<Pattern>,
}

/// Reads the catalog. `counters` tell which tables deserve the costlier queries.
///
/// # Errors
/// [`PgError`] when the server refuses what everybody may read, or the session breaks off.
pub async fn read_catalog(
    session: &Session,
    counters: &CounterSnapshot,
    scope: &CatalogScope,
) -> Result<Catalog, PgError> {
    let relations = read_relations(session).await?;
    let unreadable = read_unreadable(session).await?;
    let inheritance = read_inheritance(session).await?;
    let hash_types = read_partition_hash_types(session, &relations, &inheritance).await?;
    let by_leaves = trees_by_leaves(&relations, &inheritance);
    let mut notes = Vec::new();
    let chosen = choose_measured(&relations, counters);
    let heap_of = |oid: u32| relations.get(&oid).map(|relation| (&relation.name, relation.heap_bytes));
    let texts = read_texts(session, heap_of, counters).await?;
    let mut shapes = Shapes {
        texts,
        columns: read_columns(session).await?,
        widths: read_widths(session, &relations, &chosen).await?,
        sizes: read_sizes(session, &chosen, &mut notes).await?,
        hash_types,
    };
    let mut excluded = Vec::new();
    let trees = Trees { inheritance: &inheritance, by_leaves: &by_leaves, hash_types: &shapes.hash_types };
    let kept = choose_kept(&relations, &trees, &unreadable, scope, &mut excluded);
    let named: BTreeSet<&TableName> = relations
        .values()
        .filter(|relation| relation.persistence == 'p' && !relation.is_system() && relation.is_readable)
        .map(|relation| &relation.name)
        .collect();
    let foreign_keys = read_foreign_keys(session, |key| named.contains(&key.from) && named.contains(&key.to)).await?;
    let uncovered = session.query(PURPOSE, include_str!("sql/uncovered.sql"), &[]).await?;
    drop(named);
    let lineage = Lineage::new(&relations, &inheritance, &by_leaves, &kept);
    let wanted = relations.into_values().filter(|relation| kept.contains(&relation.oid));
    let tables = read_indexes(session, wanted, |relation, indexes| shapes.table(relation, indexes, &lineage)).await?;
    let count = |column: &str| -> Result<u64, PgError> {
        uncovered.first().map_or(Ok(0), |row| Ok(unsigned(get(PURPOSE, row, column)?)))
    };
    Ok(Catalog {
        at: counters.instant.at,
        tables,
        foreign_keys,
        excluded,
        sequence_count: count("sequences")?,
        large_object_count: count("large_objects")?,
        notes,
    })
}

/// One row of `relations.sql`.
struct Relation {
    oid: u32,
    name: TableName,
    /// Its name and its schema's are UTF-8.
    is_readable: bool,
    /// `relkind`; then `relpersistence`.
    kind: char,
    persistence: char,
    identity: ReplicaIdentity,
    is_partition: bool,
    rows_estimate: f64,
    heap_bytes: u64,
    toast_bytes: u64,
    extension: Option<String>,
}

impl Relation {
    fn is_system(&self) -> bool {
        self.oid < 16_384
    }
}

type Relations = BTreeMap<u32, Relation>;

async fn read_relations(session: &Session) -> Result<Relations, PgError> {
    let mut relations = Relations::new();
    let take = |row: &Row| {
        let text = |column: &str| get::<Text>(PURPOSE, row, column);
        let (schema, name) = (text("schema")?, text("name")?);
        let letter = |column: &str| get::<&str>(PURPOSE, row, column).map(|text| text.chars().next().unwrap_or(' '));
        let relation = Relation {
            oid: get(PURPOSE, row, "oid")?,
            is_readable: schema.is_readable && name.is_readable,
            name: TableName::new(schema.shown, name.shown),
            kind: letter("kind")?,
            persistence: letter("persistence")?,
            identity: ReplicaIdentity::of_letter(get(PURPOSE, row, "identity")?).unwrap_or_default(),
            is_partition: get(PURPOSE, row, "is_partition")?,
            rows_estimate: get::<f64>(PURPOSE, row, "rows_estimate")?.clamp(0.0, MOST_ROWS),
            heap_bytes: size(get(PURPOSE, row, "heap_bytes")?),
            toast_bytes: size(get(PURPOSE, row, "toast_bytes")?),
            extension: get(PURPOSE, row, "extension")?,
        };
        relations.insert(relation.oid, relation);
        Ok(())
    };
    session.each(PURPOSE, include_str!("sql/relations.sql"), &[], take).await?;
    Ok(relations)
}

/// Tables that have a column or a foreign key whose name is not UTF-8, with that name as it is shown.
async fn read_unreadable(session: &Session) -> Result<BTreeMap<u32, String>, PgError> {
    let mut unreadable = BTreeMap::new();
    let encoding =
        session.query(PURPOSE, "SELECT pg_catalog.current_setting('server_encoding') AS encoding", &[]).await?;
    // In every other encoding the server makes UTF-8 of a name, or refuses to.
    if !encoding
        .first()
        .map_or(Ok(false), |row| get::<&str>(PURPOSE, row, "encoding").map(|name| name == "SQL_ASCII"))?
    {
        return Ok(unreadable);
    }
    let take = |row: &Row| {
        let name = Text::of(get::<&[u8]>(PURPOSE, row, "name")?);
        if !name.is_readable {
            unreadable.insert(get(PURPOSE, row, "oid")?, name.shown);
        }
        Ok(())
    };
    session.each(PURPOSE, include_str!("sql/unreadable.sql"), &[], take).await?;
    Ok(unreadable)
}

/// Types by whose hashes the rows of a tree are dealt out, by its root; only those whose hashes differ from server to server.
async fn read_partition_hash_types(
    session: &Session,
    relations: &Relations,
    inheritance: &BTreeMap<u32, Vec<u32>>,
) -> Result<BTreeMap<u32, BTreeSet<String>>, PgError> {
    let mut types: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for row in session.query(PURPOSE, include_str!("sql/partition_hash_types.sql"), &[]).await? {
        let oid: u32 = get(PURPOSE, &row, "oid")?;
        let Some(relation) = relations.get(&oid) else { continue };
        let root = partition_root(relation, relations, inheritance).unwrap_or(oid);
        types.entry(root).or_default().insert(get(PURPOSE, &row, "type")?);
    }
    Ok(types)
}

/// Roots that cannot be published, since they or one of their partitions write no WAL, with the reason: their other partitions
/// are tables of their own.
fn trees_by_leaves(relations: &Relations, inheritance: &BTreeMap<u32, Vec<u32>>) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for relation in relations.values().filter(|relation| !relation.is_system()) {
        let odd = match (relation.kind, relation.persistence) {
            ('f', _) => "a foreign table",
            ('r' | 'p', 'u') => "unlogged",
            _ => continue,
        };
        let root = match relation.is_partition {
            true => partition_root(relation, relations, inheritance),
            false => (relation.kind == 'p').then_some(relation.oid),
        };
        if let Some(root) = root {
            let which = if root == relation.oid { "it".to_owned() } else { format!("its partition {}", relation.name) };
            found.entry(root).or_insert_with(|| {
                format!("{which} is {odd}, so it cannot be published; other partitions are planned by themselves, and later ones must be, too")
            });
        }
    }
    found
}

/// Parents by child, in order.
async fn read_inheritance(session: &Session) -> Result<BTreeMap<u32, Vec<u32>>, PgError> {
    let mut parents: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in session.query(PURPOSE, include_str!("sql/inheritance.sql"), &[]).await? {
        parents.entry(get(PURPOSE, &row, "child")?).or_default().push(get(PURPOSE, &row, "parent")?);
    }
    Ok(parents)
}

/// The tables that are worth the costlier queries: all of them, or those that write most and those that are largest.
fn choose_measured(relations: &Relations, counters: &CounterSnapshot) -> Vec<u32> {
    let tables = relations.values().filter(|relation| relation.kind == 'r' && relation.persistence == 'p');
    let mut by_weight: Vec<(u64, u32)> = tables
        .map(|relation| {
            let rows = counters.tables.get(&relation.oid).map_or(0, |c| {
                c.inserted.saturating_add(c.updated).saturating_add(c.deleted).saturating_add(c.chunks_inserted)
            });
            // A row change counts as much as 100 bytes of size.
            (rows.saturating_mul(100).saturating_add(relation.heap_bytes), relation.oid)
        })
        .collect();
    by_weight.sort_unstable_by(|a, b| b.cmp(a));
    by_weight.truncate(MEASURED_TABLES);
    by_weight.into_iter().map(|(_, oid)| oid).collect()
}

/// The query that names types without equality, put into another one; the scripts have it too.
pub(super) fn with_comparable_types(query: &str) -> String {
    let function = include_str!("../emit/assets/lib/identity_flaws.sql");
    let body = function.split("$pgslotplan$").nth(1).expect("the first function of the file");
    query.replace("{types_without_equality}", body)
}

/// Columns of one table.
struct Columns {
    count: u32,
    guessed_width: f64,
    /// Generated ones by name, with their numbers.
    generated: BTreeMap<String, i16>,
    incomparable: Vec<String>,
}

async fn read_columns(session: &Session) -> Result<BTreeMap<u32, Columns>, PgError> {
    let mut columns = BTreeMap::new();
    let take = |row: &Row| {
        let count: i64 = get(PURPOSE, row, "column_count")?;
        let generated = get::<Option<Vec<String>>>(PURPOSE, row, "generated")?.unwrap_or_default();
        let numbers = get::<Option<Vec<i16>>>(PURPOSE, row, "generated_numbers")?.unwrap_or_default();
        let mut incomparable = get::<Option<Vec<String>>>(PURPOSE, row, "incomparable")?.unwrap_or_default();
        incomparable.sort();
        let one = Columns {
            count: u32::try_from(count).unwrap_or_default(),
            guessed_width: get(PURPOSE, row, "guessed_width")?,
            generated: generated.into_iter().zip(numbers).collect(),
            incomparable,
        };
        columns.insert(get(PURPOSE, row, "oid")?, one);
        Ok(())
    };
    session.each(PURPOSE, &with_comparable_types(include_str!("sql/columns.sql")), &[], take).await?;
    Ok(columns)
}

/// Widths of one table's columns by their number, and where they come from.
struct Widths {
    by_number: BTreeMap<i16, f64>,
    /// Columns whose values come in the order of the rows.
    ordered: BTreeSet<i16>,
    padding: f64,
    /// Of the values as text; four less for a null, which has no length.
    text: f64,
    source: WidthSource,
}

/// A column as it lies in a row.
struct Column {
    number: i16,
    width: f64,
    /// `attlen`: below zero for values of varying length.
    length: i16,
    /// `attalign`: 1, 2, 4 or 8 bytes.
    alignment: f64,
    null_share: f64,
}

/// Columns are null together rarely: a share above this counts as having nulls.
const SOME_NULLS: f64 = 0.01;
/// Values shorter than this have a header of one byte and no alignment (`VARATT_CAN_MAKE_SHORT`).
const SHORT_VALUE: f64 = 127.0;
/// Correlation of a column with the order of the rows from which on it counts as ordered.
const ORDERED: f64 = 0.95;

/// Bytes that alignment and the null bitmap add to a row's values, as `heap_form_tuple` lays them out.
fn padding_of(columns: &mut [Column]) -> f64 {
    columns.sort_by_key(|column| column.number);
    let mut padding = 0.0;
    // Known as long as all columns before have a fixed length and no nulls.
    let mut offset = Some(0.0);
    for column in columns.iter().filter(|column| column.null_share < 1.0 - SOME_NULLS) {
        let is_short = column.length < 0 && column.width < SHORT_VALUE;
        if !is_short && column.alignment > 1.0 {
            let before: f64 = match offset {
                Some(offset) => (offset / column.alignment).ceil() * column.alignment - offset,
                None => (column.alignment - 1.0) / 2.0,
            };
            padding += before * (1.0 - column.null_share);
            offset = offset.map(|offset| offset + before);
        }
        offset =
            offset.filter(|_| column.length > 0 && column.null_share < SOME_NULLS).map(|offset| offset + column.width);
    }
    if columns.iter().any(|column| column.null_share > SOME_NULLS) {
        let header = 23.0 + (columns.len() as f64 / 8.0).ceil();
        padding += (header / 8.0).ceil() * 8.0 - 24.0;
    }
    padding
}

async fn read_widths(
    session: &Session,
    relations: &Relations,
    chosen: &[u32],
) -> Result<BTreeMap<u32, Widths>, PgError> {
    let names: Vec<&str> =
        chosen.iter().filter_map(|oid| relations.get(oid)).map(|relation| relation.name.name.as_str()).collect();
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&chosen, Type::OID_ARRAY), (&names, Type::TEXT_ARRAY)];
    let mut widths = BTreeMap::new();
    for row in session.query(PURPOSE, include_str!("sql/widths.sql"), &parameters).await? {
        let numbers: Vec<i16> = get(PURPOSE, &row, "numbers")?;
        // Whatever stands in the statistics, a width is not below zero and a share not beyond one.
        let within = |column: &str, most: f64| {
            let numbers: Vec<Option<f64>> = get(PURPOSE, &row, column)?;
            Ok::<_, PgError>(
                numbers.into_iter().map(|number| number.map(|number| number.clamp(0.0, most))).collect::<Vec<_>>(),
            )
        };
        let measured = within("measured", WIDEST)?;
        let guessed: Vec<f64> = get(PURPOSE, &row, "guessed")?;
        let known = measured.iter().flatten().count();
        let source = match known {
            0 => WidthSource::Types,
            all if all == numbers.len() => WidthSource::Statistics,
            _ => WidthSource::Mixed,
        };
        let lengths: Vec<i16> = get(PURPOSE, &row, "lengths")?;
        let alignments: Vec<f64> = get(PURPOSE, &row, "alignments")?;
        let null_shares = within("null_shares", 1.0)?;
        let correlations: Vec<Option<f64>> = get(PURPOSE, &row, "correlations")?;
        let texts = within("text_widths", WIDEST)?;
        let lists = [measured.len(), guessed.len(), lengths.len(), alignments.len(), null_shares.len(), texts.len()];
        if lists.iter().any(|length| *length != numbers.len()) {
            return Err(PgError::Answer { purpose: PURPOSE, reason: "lists of different lengths".to_owned() });
        }
        let mut columns: Vec<Column> = (0..numbers.len())
            .map(|at| {
                let null_share = null_shares[at].unwrap_or(0.0);
                let stored = measured[at].map_or(guessed[at], |width| width / (1.0 - null_share).max(SOME_NULLS));
                let (number, length, alignment) = (numbers[at], lengths[at], alignments[at]);
                Column { number, width: stored, length, alignment, null_share }
            })
            .collect();
        let padding = padding_of(&mut columns);
        let text_of = |at: usize| {
            let null_share = null_shares[at].unwrap_or(0.0);
            let stored = measured[at].map_or(guessed[at], |width| width / (1.0 - null_share).max(SOME_NULLS));
            texts[at].unwrap_or(stored) * (1.0 - null_share) - 4.0 * null_share
        };
        let text = (0..numbers.len()).map(text_of).sum();
        let ordered = numbers.iter().zip(&correlations).filter(|(_, share)| share.is_some_and(|share| share > ORDERED));
        let ordered = ordered.map(|(number, _)| *number).collect();
        let by_number = numbers.iter().zip(measured.iter().zip(guessed));
        let by_number = by_number.map(|(number, (measured, guessed))| (*number, measured.unwrap_or(guessed))).collect();
        widths.insert(get(PURPOSE, &row, "oid")?, Widths { by_number, ordered, padding, text, source });
    }
    Ok(widths)
}

/// One row of `indexes.sql`.
struct Index {
    name: String,
    method: String,
    numbers: Vec<i16>,
    key_count: usize,
    bytes: u64,
    is_primary: bool,
    is_identity: bool,
    /// Its key columns, if they identify rows: unique, immediate, whole and not null.
    identifying: Option<Vec<String>>,
}

impl Index {
    /// Numbers of its key columns, without those that INCLUDE adds.
    fn key_numbers(&self) -> &[i16] {
        &self.numbers[..self.key_count.min(self.numbers.len())]
    }

    /// Mean width of all its columns.
    fn width(&self, widths: Option<&Widths>) -> f64 {
        width_of(&self.numbers, widths)
    }

    /// Mean width of its key columns, without those that INCLUDE adds.
    fn key_width(&self, widths: Option<&Widths>) -> f64 {
        width_of(self.key_numbers(), widths)
    }
}

fn width_of(numbers: &[i16], widths: Option<&Widths>) -> f64 {
    let width = |number: &i16| match widths {
        Some(widths) => widths.by_number.get(number).copied().unwrap_or(EXPRESSION_WIDTH),
        None => UNMEASURED_KEY_WIDTH,
    };
    numbers.iter().map(width).sum()
}

/// Makes a table of each relation with its indexes: those with the fewest key columns first, then the smallest, then by
/// name. `wanted` comes by oid, as the rows do, so that the indexes of many tables are never there at once.
async fn read_indexes(
    session: &Session,
    wanted: impl Iterator<Item = Relation>,
    mut to_table: impl FnMut(Relation, &[Index]) -> CatalogTable,
) -> Result<Packed<CatalogTable>, PgError> {
    let mut tables = Packed::default();
    let mut wanted = wanted.peekable();
    let (mut owner, mut indexes) = (0, Vec::new());
    // The tables before this one have all their indexes.
    let mut finish_before = |oid: u32, owner: u32, indexes: &mut Vec<Index>| {
        indexes.sort_by(|a, b| (a.key_count, a.bytes, &a.name).cmp(&(b.key_count, b.bytes, &b.name)));
        while let Some(relation) = wanted.next_if(|relation| relation.oid < oid) {
            let own = if relation.oid == owner { indexes.as_slice() } else { &[] };
            tables.push(&to_table(relation, own));
        }
        indexes.clear();
    };
    let take = |row: &Row| {
        let oid: u32 = get(PURPOSE, row, "oid")?;
        if oid != owner {
            finish_before(oid, owner, &mut indexes);
            owner = oid;
        }
        let key_count: i64 = get(PURPOSE, row, "key_count")?;
        indexes.push(Index {
            name: get(PURPOSE, row, "name")?,
            method: get(PURPOSE, row, "method")?,
            numbers: get(PURPOSE, row, "numbers")?,
            key_count: usize::try_from(key_count).unwrap_or_default(),
            bytes: size(get(PURPOSE, row, "bytes")?),
            is_primary: get(PURPOSE, row, "is_primary")?,
            is_identity: get(PURPOSE, row, "is_identity")?,
            identifying: get(PURPOSE, row, "columns")?,
        });
        Ok(())
    };
    session.each(PURPOSE, include_str!("sql/indexes.sql"), &[], take).await?;
    finish_before(u32::MAX, owner, &mut indexes);
    Ok(tables)
}

/// True sizes of one table.
struct Sizes {
    heap: u64,
    toast: u64,
    index: u64,
}

/// Sizes of the chosen tables. A lock that does not come free leaves the estimates of the last VACUUM.
async fn read_sizes(
    session: &Session,
    chosen: &[u32],
    notes: &mut Vec<String>,
) -> Result<BTreeMap<u32, Sizes>, PgError> {
    let rows = match session.query(PURPOSE, include_str!("sql/sizes.sql"), &[(&chosen, Type::OID_ARRAY)]).await {
        // lock_not_available, query_canceled, and a table dropped in between
        Err(error) if matches!(error.sqlstate(), Some("55P03" | "57014" | "XX000" | "42P01")) => {
            notes.push("sizes are those of the last VACUUM: a table was locked while they were read".to_owned());
            Vec::new()
        }
        other => other?,
    };
    let sizes = |row: &Row| {
        let bytes = |column: &str| -> Result<u64, PgError> { Ok(size(get(PURPOSE, row, column)?)) };
        let sizes = Sizes { heap: bytes("heap_bytes")?, toast: bytes("toast_bytes")?, index: bytes("index_bytes")? };
        Ok((get(PURPOSE, row, "oid")?, sizes))
    };
    rows.iter().map(sizes).collect()
}

async fn read_foreign_keys(
    session: &Session,
    is_wanted: impl Fn(&ForeignKey) -> bool,
) -> Result<Packed<ForeignKey>, PgError> {
    let mut keys = Packed::default();
    let take = |row: &Row| {
        let key = foreign_keys::foreign_key(PURPOSE, row)?;
        if is_wanted(&key) {
            keys.push(&key);
        }
        Ok(())
    };
    session.each(PURPOSE, foreign_keys::SQL, &[], take).await?;
    Ok(keys)
}

/// The oids of the tables that can be published and are wanted; all others get a reason.
/// What is known of partition trees.
struct Trees<'a> {
    inheritance: &'a BTreeMap<u32, Vec<u32>>,
    /// [`trees_by_leaves`].
    by_leaves: &'a BTreeMap<u32, String>,
    /// [`read_partition_hash_types`].
    hash_types: &'a BTreeMap<u32, BTreeSet<String>>,
}

fn choose_kept(
    relations: &Relations,
    trees: &Trees<'_>,
    unreadable: &BTreeMap<u32, String>,
    scope: &CatalogScope,
    excluded: &mut Vec<Excluded>,
) -> BTreeSet<u32> {
    let own_reason: BTreeMap<u32, String> = relations
        .values()
        .filter(|relation| !relation.is_system())
        .filter_map(|relation| Some((relation.oid, reason_to_exclude(relation, unreadable, scope)?)))
        // an unlogged root is left out as a tree by its leaves, which are not
        .filter(|(oid, _)| {
            !trees.by_leaves.contains_key(oid) || scope.exclude.iter().any(|p| p.covers(&relations[oid].name))
        })
        .collect();
    let mut kept = BTreeSet::new();
    for relation in relations.values().filter(|relation| !relation.is_system()) {
        let root = partition_root(relation, relations, trees.inheritance).filter(|root| *root != relation.oid);
        let with_root = || {
            let root = root.filter(|root| own_reason.contains_key(root)).and_then(|root| relations.get(&root))?;
            Some(format!("its partition root {} is excluded", root.name))
        };
        // A root stands for the whole tree, so what lies between it and the leaves is never published itself.
        let between = (relation.kind == 'p' && relation.is_partition)
            .then(|| "a partition that is partitioned again; its root or its partitions cover it".to_owned());
        let apart = trees.by_leaves.get(&relation.oid).cloned();
        let unfit = || {
            let types = trees.hash_types.get(&root.filter(|root| trees.by_leaves.contains_key(root))?)?;
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            Some(format!(
                "rows are dealt out by hashes of type {}, which differ from server to server, and its root cannot be published",
                types.join(", ")
            ))
        };
        match own_reason.get(&relation.oid).cloned().or_else(with_root).or(apart).or(between).or_else(unfit) {
            Some(reason) => excluded.push(Excluded {
                schema: relation.name.schema.clone(),
                name: relation.name.name.clone(),
                reason,
            }),
            None => drop(kept.insert(relation.oid)),
        }
    }
    kept
}

fn reason_to_exclude(relation: &Relation, unreadable: &BTreeMap<u32, String>, scope: &CatalogScope) -> Option<String> {
    let covers = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.covers(&relation.name));
    let reason = match (relation.kind, relation.persistence) {
        ('v', _) => left_out::VIEW,
        ('m', _) => left_out::MATERIALIZED_VIEW,
        ('f', _) => left_out::FOREIGN_TABLE,
        (_, 't') => left_out::TEMPORARY_TABLE,
        (_, 'u') => left_out::UNLOGGED_TABLE,
        _ => match &relation.extension {
            Some(extension) if !covers(&scope.include) => {
                return Some(format!("owned by extension \"{}\"", one_line(extension)));
            }
            _ if covers(&scope.exclude) => left_out::EXCLUDED,
            _ if !relation.is_readable => "its name is not UTF-8, and the database's encoding is SQL_ASCII",
            _ if unreadable.contains_key(&relation.oid) => {
                let name = one_line(&unreadable[&relation.oid]);
                return Some(format!(
                    "the name \"{name}\" of a column or foreign key is not UTF-8, and the database's encoding is SQL_ASCII"
                ));
            }
            _ => return None,
        },
    };
    Some(reason.to_owned())
}

/// The topmost partitioned table above a partition.
fn partition_root(relation: &Relation, relations: &Relations, inheritance: &BTreeMap<u32, Vec<u32>>) -> Option<u32> {
    let mut current = relation;
    // A tree is never deeper than there are relations, even if the catalog changes between two queries.
    for _ in 0..relations.len() {
        if !current.is_partition {
            break;
        }
        current = relations.get(inheritance.get(&current.oid)?.first()?)?;
    }
    (relation.is_partition && current.kind == 'p').then_some(current.oid)
}

/// Names of the tables that others descend from, by the descendant's oid.
struct Lineage {
    roots: BTreeMap<u32, TableName>,
    parents: BTreeMap<u32, Vec<TableName>>,
    /// From which tables inherit that are left out.
    of_others: BTreeSet<u32>,
}

impl Lineage {
    fn new(
        relations: &Relations,
        inheritance: &BTreeMap<u32, Vec<u32>>,
        by_leaves: &BTreeMap<u32, String>,
        kept: &BTreeSet<u32>,
    ) -> Self {
        let name = |oid: &u32| relations.get(oid).map(|relation| relation.name.clone());
        let root = |relation: &Relation| {
            let root = partition_root(relation, relations, inheritance).filter(|root| !by_leaves.contains_key(root));
            Some((relation.oid, name(&root?)?))
        };
        let parents = |(oid, parents): (&u32, &Vec<u32>)| {
            let inherits = relations.get(oid).is_some_and(|relation| !relation.is_partition);
            inherits.then(|| (*oid, parents.iter().filter_map(name).collect()))
        };
        Lineage {
            roots: relations.values().filter_map(root).collect(),
            parents: inheritance.iter().filter_map(parents).collect(),
            of_others: inheritance
                .iter()
                .filter(|(oid, _)| !kept.contains(oid))
                .flat_map(|(_, above)| above)
                .copied()
                .collect(),
        }
    }
}

/// All that is known of tables beyond `relations.sql` and `indexes.sql`.
struct Shapes {
    texts: BTreeMap<u32, Texts>,
    columns: BTreeMap<u32, Columns>,
    widths: BTreeMap<u32, Widths>,
    sizes: BTreeMap<u32, Sizes>,
    hash_types: BTreeMap<u32, BTreeSet<String>>,
}

impl Shapes {
    fn table(&mut self, relation: Relation, indexes: &[Index], lineage: &Lineage) -> CatalogTable {
        let columns = self.columns.remove(&relation.oid);
        let widths = self.widths.remove(&relation.oid);
        let widths = widths.as_ref();
        let sizes = self.sizes.get(&relation.oid);
        let replica_identity = relation.identity;
        let identity = effective_identity(replica_identity, indexes);
        let generated = columns.as_ref().map(|columns| columns.generated.clone()).unwrap_or_default();
        let is_sent = |index: &Index| !generated.values().any(|number| index.key_numbers().contains(number));
        let search_key = indexes.iter().find(|index| match replica_identity {
            ReplicaIdentity::Index => index.is_identity,
            _ => index.is_primary,
        });
        let usable = indexes.iter().find(|index| index.identifying.is_some() && is_sent(index));
        let usable = usable.filter(|_| identity.is_none_or(|index| !is_sent(index)));
        let root = lineage.roots.get(&relation.oid);
        let kind = match (relation.kind, root) {
            ('p', _) => TableKind::Partitioned,
            (_, Some(_)) => TableKind::Partition,
            _ => TableKind::Table,
        };
        let width = widths.map(|widths| widths.by_number.values().sum::<f64>());
        let texts = self.texts.get(&relation.oid);
        let large = texts.and_then(|texts| texts.large);
        let table = Table {
            schema: relation.name.schema,
            name: relation.name.name,
            kind,
            partition_root: root.filter(|_| kind == TableKind::Partition).cloned(),
            inherits: lineage.parents.get(&relation.oid).cloned().unwrap_or_default(),
            children_left_out: kind == TableKind::Table && lineage.of_others.contains(&relation.oid),
            heap_bytes: sizes.map_or(relation.heap_bytes, |sizes| sizes.heap),
            toast_bytes: sizes.map_or(relation.toast_bytes, |sizes| sizes.toast),
            index_bytes: sizes.map_or_else(|| indexes.iter().map(|index| index.bytes).sum(), |sizes| sizes.index),
            rows_estimate: relation.rows_estimate,
            index_count: u32::try_from(indexes.len()).unwrap_or(u32::MAX),
            column_count: columns.as_ref().map_or(0, |columns| columns.count),
            row_width_bytes: width.or(columns.as_ref().map(|columns| columns.guessed_width)).unwrap_or(0.0),
            replica_identity,
            primary_key: indexes.iter().any(|index| index.is_primary),
            identity_columns: identity.and_then(|index| index.identifying.clone()).unwrap_or_default(),
            usable_unique_index: usable.map(|index| index.name.clone()),
            generated_columns: generated.keys().cloned().collect(),
            generated_key_columns: generated
                .iter()
                .filter(|(_, number)| search_key.is_some_and(|index| index.key_numbers().contains(number)))
                .map(|(name, _)| name.clone())
                .collect(),
            columns_without_equality: columns.map(|columns| columns.incomparable).unwrap_or_default(),
            full_key_columns: indexes
                .iter()
                .find(|index| replica_identity == ReplicaIdentity::Full && index.is_primary && is_sent(index))
                .and_then(|index| index.identifying.clone())
                .unwrap_or_default(),
            partition_hash_types: self.hash_types.get(&relation.oid).into_iter().flatten().cloned().collect(),
            load: Load::default(),
        };
        let is_ordered = |index: &Index| {
            let first = index.numbers.first();
            first.zip(widths).is_some_and(|(number, widths)| widths.ordered.contains(number))
        };
        let shape = |index: &Index| IndexShape {
            method: index.method.clone(),
            key_width_bytes: index.width(widths),
            ordered: is_ordered(index),
        };
        CatalogTable {
            oid: relation.oid,
            table,
            indexes: indexes.iter().map(shape).collect(),
            identity_width_bytes: identity.map_or(0.0, |index| index.key_width(widths)),
            padding_bytes: widths.map_or(UNKNOWN_PADDING, |widths| widths.padding),
            toast_ratio: large.map(|(ratio, _)| ratio),
            toast_fill: large.map(|(_, fill)| fill.clamp(0.0, 1.0)),
            text_width_bytes: widths.map(|widths| widths.text + texts.map_or(0.0, |texts| texts.inline_extra)),
            width_source: widths.map_or(WidthSource::Types, |widths| widths.source),
        }
        .with_finite_numbers()
    }
}

/// The index whose columns the server logs as the old key, as `RelationGetIndexList` picks it.
fn effective_identity(identity: ReplicaIdentity, indexes: &[Index]) -> Option<&Index> {
    match identity {
        ReplicaIdentity::Default => indexes.iter().find(|index| index.is_primary && index.identifying.is_some()),
        ReplicaIdentity::Index => indexes.iter().find(|index| index.is_identity && index.identifying.is_some()),
        ReplicaIdentity::Full | ReplicaIdentity::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(oid: u32, name: &str, kind: char, is_partition: bool) -> (u32, Relation) {
        let relation = Relation {
            oid,
            name: TableName::new("public", name),
            is_readable: true,
            kind,
            persistence: 'p',
            identity: ReplicaIdentity::Default,
            is_partition,
            rows_estimate: 0.0,
            heap_bytes: 0,
            toast_bytes: 0,
            extension: None,
        };
        (oid, relation)
    }

    #[test]
    fn a_tree_has_one_root_and_what_lies_between_is_not_published() {
        let relations: Relations = [
            relation(20_001, "root", 'p', false),
            relation(20_002, "mid", 'p', true),
            relation(20_003, "leaf", 'r', true),
            relation(20_004, "other", 'r', false),
        ]
        .into();
        let inheritance = BTreeMap::from([(20_002, vec![20_001]), (20_003, vec![20_002])]);
        assert_eq!(partition_root(&relations[&20_003], &relations, &inheritance), Some(20_001));
        assert_eq!(partition_root(&relations[&20_004], &relations, &inheritance), None);
        let mut excluded = Vec::new();
        let (by_leaves, hash_types) = (trees_by_leaves(&relations, &inheritance), BTreeMap::new());
        let trees = Trees { inheritance: &inheritance, by_leaves: &by_leaves, hash_types: &hash_types };
        let kept = choose_kept(&relations, &trees, &BTreeMap::new(), &CatalogScope::default(), &mut excluded);
        assert_eq!(kept, BTreeSet::from([20_001, 20_003, 20_004]));
        assert_eq!((excluded.len(), excluded[0].name.as_str()), (1, "mid"));
        let scope = CatalogScope { exclude: vec![Pattern("root".into())], ..CatalogScope::default() };
        let mut excluded = Vec::new();
        let kept = choose_kept(&relations, &trees, &BTreeMap::new(), &scope, &mut excluded);
        assert_eq!(kept, BTreeSet::from([20_004]));
        assert!(excluded.iter().any(|e| e.name == "leaf" && e.reason.contains("root public.root is excluded")));
    }

    #[test]
    fn a_tree_with_a_leaf_that_writes_no_wal_is_planned_by_its_other_leaves() {
        let (oid, mut unlogged) = relation(20_004, "odd", 'r', true);
        unlogged.persistence = 'u';
        let relations: Relations = [
            relation(20_001, "root", 'p', false),
            relation(20_002, "mid", 'p', true),
            relation(20_003, "leaf", 'r', true),
            (oid, unlogged),
        ]
        .into();
        let inheritance = BTreeMap::from([(20_002, vec![20_001]), (20_003, vec![20_002]), (20_004, vec![20_001])]);
        let by_leaves = trees_by_leaves(&relations, &inheritance);
        let kept_with = |hash_types: &BTreeMap<u32, BTreeSet<String>>| {
            let mut excluded = Vec::new();
            let trees = Trees { inheritance: &inheritance, by_leaves: &by_leaves, hash_types };
            (choose_kept(&relations, &trees, &BTreeMap::new(), &CatalogScope::default(), &mut excluded), excluded)
        };
        let (kept, excluded) = kept_with(&BTreeMap::new());
        assert_eq!((&kept, excluded.len()), (&BTreeSet::from([20_003]), 3));
        assert!(excluded[0].reason.starts_with("its partition public.odd is unlogged"), "{}", excluded[0].reason);
        assert!(!Lineage::new(&relations, &inheritance, &by_leaves, &kept).roots.contains_key(&20_003));
        let (kept, excluded) = kept_with(&BTreeMap::from([(20_001, BTreeSet::from(["mood".to_owned()]))]));
        assert_eq!((kept.len(), excluded.len()), (0, 4), "its rows would fit no partition of the same name");
    }

    #[test]
    fn rows_are_laid_out_as_the_server_does() {
        let column = |number, length: i16, alignment, null_share| {
            let width = if length > 0 { f64::from(length) } else { 20.0 };
            Column { number, width, length, alignment, null_share }
        };
        // int4, then int8: four bytes between them
        assert_eq!(padding_of(&mut [column(2, 8, 8.0, 0.0), column(1, 4, 4.0, 0.0)]), 4.0);
        // short text needs no alignment, but what follows it does: half of seven on average
        assert_eq!(padding_of(&mut [column(1, -1, 4.0, 0.0), column(2, 8, 8.0, 0.0)]), 3.5);
        // a column that is always null takes no room, but a bitmap: up to eight columns fit beside the header
        assert_eq!(padding_of(&mut [column(1, 4, 4.0, 0.0), column(2, -1, 4.0, 1.0)]), 0.0);
        let mut many: Vec<Column> = (1..=9).map(|number| column(number, 4, 4.0, 0.5)).collect();
        assert_eq!(padding_of(&mut many), 8.0 + 8.0 * 1.5 * 0.5);
    }

    #[test]
    fn what_cannot_be_named_is_left_out_with_the_reason() {
        let (_, mut odd) = relation(20_001, "caf\\xe9", 'r', false);
        let (scope, none) = (CatalogScope::default(), BTreeMap::new());
        assert_eq!(reason_to_exclude(&odd, &none, &scope), None);
        let columns = BTreeMap::from([(20_001, "\\xff".to_owned())]);
        assert!(reason_to_exclude(&odd, &columns, &scope).unwrap().contains("the name \"\\xff\" of a column"));
        odd.is_readable = false;
        assert!(reason_to_exclude(&odd, &none, &scope).unwrap().contains("its name is not UTF-8"));
    }

    #[test]
    fn extensions_own_their_tables_unless_included() {
        let (_, mut owned) = relation(20_001, "spatial_ref_sys", 'r', false);
        owned.extension = Some("postgis".into());
        let scope = CatalogScope::default();
        assert_eq!(
            reason_to_exclude(&owned, &BTreeMap::new(), &scope).as_deref(),
            Some("owned by extension \"postgis\"")
        );
        let scope = CatalogScope { include: vec![Pattern("spatial_ref_sys".into())], exclude: Vec::new() };
        assert_eq!(reason_to_exclude(&owned, &BTreeMap::new(), &scope), None);
    }
}
