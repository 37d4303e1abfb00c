//! The JSON Schemas under `docs/schemas` follow from the types in the sources, doc comments included, and the program's
//! files keep them. `PGSLOTPLAN_BLESS=1` writes them anew; read the difference before it is committed: a changed
//! meaning raises the format's version.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use pgslotplan::{
    cost::{Calibration, CoefficientSets, CostModel},
    emit::{self, EmitOptions, Manifest},
    format::{self, Document},
    generate::{GenerateSettings, generate},
    optimize::{Budget, OptimizeOptions, optimize},
    plan::Plan,
    policy::{NoIdentity, Policy, PublicationCount},
    server::ServerVersion,
    simulate::{Compared, forecast::Forecast, scenario::Scenario, simulate},
    workload::Workload,
};
use serde_json::{Map, Value, json};
use syn::{Attribute, Fields, GenericArgument, Item, PathArguments, Type};

/// The kinds of files, each with its version and the type that is one.
const DOCUMENTS: [(&str, u64, &str); 5] = [
    (Workload::KIND, Workload::VERSION, "Workload"),
    (Plan::KIND, Plan::VERSION, "Plan"),
    (Manifest::KIND, Manifest::VERSION, "Manifest"),
    (Calibration::KIND, Calibration::VERSION, "Calibration"),
    (Forecast::KIND, Forecast::VERSION, "Forecast"),
];

/// Types that read and write themselves by hand.
fn by_hand(name: &str) -> Option<Value> {
    Some(match name {
        "Series" => json!({
            "description": "One number for each bucket, null where nothing was observed; or one number that holds for all.",
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "array", "items": {"type": ["number", "null"], "minimum": 0}}]
        }),
        "SlotName" => json!({
            "description": "Name of a replication slot.",
            "type": "string", "pattern": "^[a-z0-9_]{1,63}$", "not": {"const": "none"}
        }),
        "Prefix" => json!({
            "description": "What names begin with.", "type": "string", "pattern": "^[a-z0-9_]{1,20}$"
        }),
        "Digest" => json!({
            "description": "A SHA-256 in hexadecimal.", "type": "string", "pattern": "^[0-9a-f]{64}$"
        }),
        "SystemIdentifier" => json!({
            "description": "Which cluster a server is, a decimal number of 64 bits.",
            "type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$"
        }),
        "ServerVersion" => json!({
            "description": "`server_version_num`, for example 150018.", "type": "integer", "minimum": 10000, "maximum": 999999
        }),
        "Publishes" => json!({
            "description": "What a publication publishes: some of insert, update, delete and truncate, in this order.",
            "type": "string", "pattern": "^(insert|update|delete|truncate)(, (update|delete|truncate))*$"
        }),
        "Timestamp" => {
            json!({"description": "A time in UTC, as in RFC 3339.", "type": "string", "format": "date-time"})
        }
        "PublicationCount" => json!({
            "description": "A number, the lowest and the highest of a range, or `auto`: the fewest that keep the headroom.",
            "type": "string", "pattern": "^(auto|[0-9]+|[0-9]+\\.\\.[0-9]+)$"
        }),
        "Pin" => json!({"type": "string", "description": "A slot's name, `dedicated` or `shared`."}),
        _ => return None,
    })
}

#[test]
fn schemas_follow_from_the_types() {
    let types = Types::read();
    for (kind, version, root) in DOCUMENTS {
        let path = schema_path(kind);
        let mut text = serde_json::to_string_pretty(&types.schema(kind, version, root)).unwrap();
        text.push('\n');
        if std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1") {
            fs::write(&path, &text).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "{} does not follow from the types; PGSLOTPLAN_BLESS=1 writes it anew", path.display());
    }
}

#[test]
fn files_keep_their_schemas() {
    let examples = examples();
    for (kind, version, _) in DOCUMENTS {
        let schema: Value = serde_json::from_str(&fs::read_to_string(schema_path(kind)).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).expect("a valid schema");
        let of_kind: Vec<_> = examples.iter().filter(|(_, document)| document["kind"] == kind).collect();
        assert!(!of_kind.is_empty(), "no example of kind {kind}");
        for (name, document) in of_kind {
            let errors: Vec<_> = validator
                .iter_errors(document)
                .map(|error| format!("{name}: {} at {}", error, error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
            // And it refuses what the program refuses.
            let mut changed = document.clone();
            changed["no such field"] = json!(1);
            assert!(!validator.is_valid(&changed), "{name}");
            changed = document.clone();
            changed["version"] = json!(version + 1);
            assert!(!validator.is_valid(&changed), "{name}");
        }
    }
}

/// Files of every kind, made here, and those under `samples`.
fn examples() -> Vec<(String, Value)> {
    let settings =
        GenerateSettings { tables: 60, hours: 3, co_write_share: 0.3, partition_trees: Some(2), ..Default::default() };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    let policy = Policy {
        publications: PublicationCount::Range(2, 3),
        no_identity: NoIdentity::InsertOnly,
        pin: BTreeMap::from([(
            workload.tables[0].table_name().to_string(),
            "dedicated".to_owned().try_into().unwrap(),
        )]),
        ..Policy::default()
    };
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: workload.server.version_num,
        subscriber: ServerVersion::of_major(15),
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions { budget: Budget::Evaluations(500), ..OptimizeOptions::default() };
    let plan = optimize(&workload, &policy, &cost, &options).expect("nothing contradicts");
    let script = emit::script(&plan, &EmitOptions::default()).expect("a plan that can be emitted");
    let forecast = simulate(&plan, &workload, &plan.cost_model(), &Scenario::default(), Compared::WithBaselines);
    let forecast = forecast.expect("a valid scenario");
    let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes).expect("our own JSON");
    let mut examples: Vec<(String, Value)> = vec![
        ("made here".into(), read(format::write(&workload))),
        ("made here".into(), read(format::write(&plan))),
        ("made here".into(), read(format::write(&script.manifest()))),
        ("made here".into(), read(format::write(&forecast))),
        ("made here".into(), read(format::write(&Calibration::new(CoefficientSets::default())))),
    ];
    let mut files = Vec::new();
    collect(&root().join("samples"), &mut files);
    for file in files {
        let Ok(document) = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()) else { continue };
        examples.push((file.display().to_string(), document));
    }
    examples
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema_path(kind: &str) -> PathBuf {
    root().join(format!("docs/schemas/{kind}.schema.json"))
}

/// Every type of the library that serde reads.
struct Types(BTreeMap<String, Vec<(PathBuf, Item)>>);

impl Types {
    fn read() -> Self {
        let mut sources = Vec::new();
        super::sources(&root().join("src"), &mut sources);
        let mut types: BTreeMap<String, Vec<(PathBuf, Item)>> = BTreeMap::new();
        for source in sources.iter().filter(|path| !path.starts_with(root().join("src/cli"))) {
            let file = syn::parse_file(&fs::read_to_string(source).unwrap()).expect("Rust");
            for item in file.items {
                let (name, attributes) = match &item {
                    Item::Struct(item) => (item.ident.to_string(), &item.attrs),
                    Item::Enum(item) => (item.ident.to_string(), &item.attrs),
                    _ => continue,
                };
                if derives_deserialize(attributes) {
                    types.entry(name).or_default().push((source.clone(), item));
                }
            }
        }
        Types(types)
    }

    /// The schema of a document and of all that it holds.
    fn schema(&self, kind: &str, version: u64, root: &str) -> Value {
        let mut definitions = BTreeMap::new();
        let mut open = vec![(root.to_owned(), PathBuf::new())];
        while let Some((name, user)) = open.pop() {
            if definitions.contains_key(&name) {
                continue;
            }
            let mut used = Vec::new();
            let (file, schema) = match by_hand(&name) {
                Some(schema) => (user, schema),
                None => self.definition(&name, &user, &mut used),
            };
            definitions.insert(name, schema);
            open.extend(used.into_iter().map(|name| (name, file.clone())));
        }
        let mut schema = definitions.remove(root).expect("it was the first");
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["title"] = json!(format!("pgslotplan {kind} file, version {version}"));
        for (field, value) in [("kind", json!(kind)), ("version", json!(version))] {
            let description = schema["properties"][field]["description"].take();
            schema["properties"][field] = json!({"const": value, "description": description});
        }
        schema["$defs"] = json!(definitions);
        schema
    }

    /// The schema of a type that a file uses, and where the type is; of several with one name the nearest.
    fn definition(&self, name: &str, user: &Path, open: &mut Vec<String>) -> (PathBuf, Value) {
        let all = self.0.get(name).unwrap_or_else(|| panic!("no type {name} that serde reads"));
        let near: Vec<_> = all.iter().filter(|(file, _)| file.parent() == user.parent()).collect();
        let (file, item) = match (all.as_slice(), near.as_slice()) {
            ([only], _) => only,
            (_, [nearest]) => nearest,
            _ => panic!("several types are called {name}, none nearest to {}", user.display()),
        };
        let schema = match item {
            Item::Struct(item) => {
                let serde = Serde::of(&item.attrs);
                described(
                    match &item.fields {
                        Fields::Named(fields) => {
                            let mut schema = object(&fields.named, serde.default, None, open);
                            for flat in fields.named.iter().filter(|field| Serde::of(&field.attrs).flatten) {
                                self.add_flattened(&mut schema, &flat.ty, file, open);
                            }
                            schema
                        }
                        Fields::Unnamed(fields) if serde.transparent => of_type(&fields.unnamed[0].ty, open),
                        _ if serde.as_string => json!({"type": "string"}),
                        other => panic!("{name}: {other:?} is neither named nor transparent"),
                    },
                    &item.attrs,
                )
            }
            Item::Enum(item) => described(enumeration(item, open), &item.attrs),
            _ => unreachable!("only structs and enums are collected"),
        };
        (file.clone(), schema)
    }

    /// Adds a struct's fields to those of the one that holds it.
    fn add_flattened(&self, schema: &mut Value, ty: &Type, user: &Path, open: &mut Vec<String>) {
        let Type::Path(path) = ty else { panic!("{ty:?} is no struct") };
        let name = path.path.segments.last().expect("a path has a last part").ident.to_string();
        let (_, inner) = self.definition(&name, user, open);
        for (field, described) in inner["properties"].as_object().expect("a struct") {
            let replaced =
                schema["properties"].as_object_mut().expect("an object").insert(field.clone(), described.clone());
            assert!(replaced.is_none(), "field {field} is there twice");
        }
        let required = schema["required"].as_array_mut().expect("a list");
        required.extend(inner["required"].as_array().expect("a list").iter().cloned());
    }
}

fn enumeration(item: &syn::ItemEnum, open: &mut Vec<String>) -> Value {
    let serde = Serde::of(&item.attrs);
    let named = |variant: &syn::Variant| {
        Serde::of(&variant.attrs).rename.unwrap_or_else(|| serde.renamed(&variant.ident.to_string()))
    };
    let mut variant_schema = |variant: &syn::Variant| {
        let name = named(variant);
        let schema = match (&variant.fields, &serde.tag) {
            (Fields::Unit, None) => json!({"const": name}),
            (Fields::Unit, Some(tag)) => object(&Default::default(), false, Some((tag, &name)), open),
            (Fields::Named(fields), Some(tag)) => object(&fields.named, false, Some((tag, &name)), open),
            (Fields::Unnamed(fields), None) if fields.unnamed.len() == 1 => {
                let content = of_type(&fields.unnamed[0].ty, open);
                json!({"type": "object", "properties": {&name: content}, "required": [&name], "additionalProperties": false})
            }
            other => panic!("{}::{}: {other:?}", item.ident, variant.ident),
        };
        described(schema, &variant.attrs)
    };
    json!({"oneOf": item.variants.iter().map(&mut variant_schema).collect::<Vec<_>>()})
}

type Named = syn::punctuated::Punctuated<syn::Field, syn::Token![,]>;

fn object(fields: &Named, all_default: bool, tag: Option<(&str, &str)>, open: &mut Vec<String>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some((tag, name)) = tag {
        properties.insert(tag.to_owned(), json!({"const": name}));
        required.push(tag.to_owned());
    }
    for field in fields {
        let serde = Serde::of(&field.attrs);
        if serde.flatten {
            continue;
        }
        let name = serde.rename.clone().unwrap_or_else(|| field.ident.as_ref().expect("a named field").to_string());
        let optional = inner(&field.ty, "Option");
        let mut schema = of_type(optional.unwrap_or(&field.ty), open);
        if optional.is_some() && !serde.skips {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        if !(all_default || serde.default || optional.is_some()) {
            required.push(name.clone());
        }
        properties.insert(name, described(schema, &field.attrs));
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn of_type(ty: &Type, open: &mut Vec<String>) -> Value {
    if let Some(item) = inner(ty, "Vec").or_else(|| inner(ty, "BTreeSet")) {
        return json!({"type": "array", "items": of_type(item, open)});
    }
    match ty {
        Type::Tuple(tuple) => {
            let items: Vec<Value> = tuple.elems.iter().map(|item| of_type(item, open)).collect();
            json!({"type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len()})
        }
        Type::Path(path) => {
            let segment = path.path.segments.last().expect("a path has a last part");
            match (segment.ident.to_string().as_str(), &segment.arguments) {
                ("String" | "PathBuf", _) => json!({"type": "string"}),
                ("bool", _) => json!({"type": "boolean"}),
                ("f64", _) => json!({"type": "number"}),
                ("u8" | "u16" | "u32" | "u64" | "usize", _) => json!({"type": "integer", "minimum": 0}),
                ("i32" | "i64", _) => json!({"type": "integer"}),
                ("BTreeMap", PathArguments::AngleBracketed(arguments)) => {
                    let Some(GenericArgument::Type(value)) = arguments.args.last() else { panic!("a map of nothing") };
                    json!({"type": "object", "additionalProperties": of_type(value, open)})
                }
                // One for each set of coefficients; of numbers, unless it says of what.
                ("Range", arguments) => {
                    let of = match arguments {
                        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
                            Some(GenericArgument::Type(of)) => of_type(of, open),
                            other => panic!("a range of {other:?}"),
                        },
                        _ => json!({"type": "number"}),
                    };
                    let properties = json!({"low": of, "nominal": of, "high": of});
                    let required = ["low", "nominal", "high"];
                    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
                }
                ("Option", PathArguments::AngleBracketed(arguments)) => {
                    let Some(GenericArgument::Type(of)) = arguments.args.first() else {
                        panic!("an option of nothing")
                    };
                    json!({"anyOf": [of_type(of, open), {"type": "null"}]})
                }
                (name, _) => {
                    open.push(name.to_owned());
                    json!({"$ref": format!("#/$defs/{name}")})
                }
            }
        }
        other => panic!("no schema for {other:?}"),
    }
}

/// `T` of `Outer<T>`.
fn inner<'a>(ty: &'a Type, outer: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match (segment.ident == outer, arguments.args.first()) {
        (true, Some(GenericArgument::Type(ty))) => Some(ty),
        _ => None,
    }
}

/// The schema with the doc comment's first paragraph.
fn described(mut schema: Value, attributes: &[Attribute]) -> Value {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
        let syn::Meta::NameValue(value) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &value.value else { return None };
        Some(text.value().trim().to_owned())
    });
    let text = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        schema["description"] = text.into();
    }
    schema
}

fn derives_deserialize(attributes: &[Attribute]) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        attribute
            .parse_nested_meta(|meta| {
                found |= meta.path.segments.last().is_some_and(|segment| segment.ident == "Deserialize");
                Ok(())
            })
            .expect("a list of traits");
    }
    found
}

/// What serde's attributes say. One that is not understood here fails the test.
#[derive(Default)]
struct Serde {
    default: bool,
    skips: bool,
    transparent: bool,
    flatten: bool,
    as_string: bool,
    tag: Option<String>,
    rename: Option<String>,
    rename_all: Option<String>,
}

impl Serde {
    fn of(attributes: &[Attribute]) -> Self {
        let mut serde = Serde::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            attribute
                .parse_nested_meta(|meta| {
                    let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                    let value = match meta.value() {
                        Ok(value) => value.parse::<syn::LitStr>()?.value(),
                        Err(_) => String::new(),
                    };
                    match name.as_str() {
                        "default" => serde.default = true,
                        "skip_serializing_if" => serde.skips = true,
                        "transparent" => serde.transparent = true,
                        "flatten" => serde.flatten = true,
                        "try_from" | "into" => serde.as_string = value == "String",
                        "tag" => serde.tag = Some(value),
                        "rename" => serde.rename = Some(value),
                        "rename_all" => serde.rename_all = Some(value),
                        "deny_unknown_fields" => {}
                        other => panic!("serde's \"{other}\" is not understood by this test"),
                    }
                    Ok(())
                })
                .expect("attributes as serde takes them");
        }
        serde
    }

    fn renamed(&self, variant: &str) -> String {
        let separated = |separator: &str| {
            variant.char_indices().fold(String::new(), |mut name, (at, c)| {
                if c.is_ascii_uppercase() && at > 0 {
                    name.push_str(separator);
                }
                name.push(c.to_ascii_lowercase());
                name
            })
        };
        match self.rename_all.as_deref() {
            None => variant.to_owned(),
            Some("lowercase") => variant.to_lowercase(),
            Some("snake_case") => separated("_"),
            Some("kebab-case") => separated("-"),
            Some(other) => panic!("rename_all = {other} is not understood by this test"),
        }
    }
}
