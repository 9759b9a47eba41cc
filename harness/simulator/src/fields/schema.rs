//! The types of each minor: which struct has which field, how it is written and how it is merged.

use std::{collections::HashMap, sync::OnceLock};

use serde::Deserialize;

use crate::minor::{Minor, fields::EMBEDDED_IN_ERRORS};

/// The fields of all minors, as read from the sources of Kubernetes' published modules `k8s.io/api` and
/// `k8s.io/apimachinery`, 0.20 to 0.37.
const TABLE: &str = include_str!("table.json");

/// The name of the type of a JSON patch.
const OPERATIONS: &str = "[]jsonPatchOp";

/// How a value of a Go type is read and written.
#[derive(Debug)]
pub(crate) enum Kind {
    Bool,
    Int32,
    Int64,
    String,
    /// `[]byte`: base64 in JSON.
    Bytes,
    Quantity,
    IntOrString,
    /// RFC 3339 in whole seconds.
    Time,
    /// RFC 3339 in microseconds.
    MicroTime,
    /// `FieldsV1` and `RawExtension`: any JSON, kept as it is.
    Raw,
    /// A struct, by its place in [`Schema::structs`].
    Struct(usize),
    List(Box<Type>),
    Map(Box<Type>),
}

/// A Go type.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) kind: Kind,
    /// A pointer keeps its zero value, and is absent when null.
    pub(crate) pointer: bool,
    /// As Go's reflection prints it, without the pointer: `v1.PodSpec`, `map[string]string`.
    pub(crate) go: String,
}

impl Type {
    /// Whether Go always writes it unless it is a pointer: `omitempty` does nothing to structs.
    fn is_struct(&self) -> bool {
        !self.pointer
            && matches!(
                self.kind,
                Kind::Struct(_) | Kind::Time | Kind::MicroTime | Kind::Quantity | Kind::IntOrString | Kind::Raw
            )
    }
}

/// How the items of a list or the fields of a map are owned.
///
/// # Source
/// kube-openapi `pkg/schemaconv/smd.go` `getListElementRelationship`, `getObjectFieldsAndRelationship`
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ownership {
    /// As a whole.
    Atomic,
    /// A list of distinct scalars.
    Set,
    /// A list of structs, told apart by these keys.
    Keyed(Vec<String>),
    /// A map or struct, key by key.
    Granular,
}

/// One field of a struct, as a span of minors knows it.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The name as `managedFields` writes it: `f:name`.
    pub(crate) step: String,
    pub(crate) ty: Type,
    pub(crate) omit_empty: bool,
    pub(crate) omit_zero: bool,
    /// `merge`, `replace`, `retainKeys`, `merge,retainKeys`, or empty.
    pub(crate) patch_strategy: String,
    pub(crate) patch_merge_key: Option<String>,
    pub(crate) ownership: Ownership,
    /// The Go struct that the field is embedded with, or empty.
    pub(crate) embedded: String,
    /// Its number in protobuf, after those of the structs that it is embedded with; empty for what is no part of the
    /// message.
    protobuf: Vec<u32>,
    since: u8,
    until: u8,
}

impl Field {
    /// Whether a missing or zero value is written nevertheless.
    pub(crate) fn is_always_written(&self) -> bool {
        if self.ty.is_struct() { !self.omit_zero } else { !self.omit_empty }
    }
}

/// What a number in protobuf stands for.
#[derive(Debug)]
pub(crate) enum Numbered {
    Field(&'static Field),
    /// A struct that Go embeds, whose fields are in JSON those of the struct around it.
    Part,
}

/// A struct type of one minor.
#[derive(Debug)]
pub(crate) struct StructType {
    /// As Go's reflection names it, without its package: `PodSpec`.
    pub(crate) name: &'static str,
    /// Owned as a whole in `managedFields`.
    pub(crate) atomic: bool,
    /// By name.
    fields: Vec<&'static Field>,
    /// Those that are written even where they are missing.
    pub(crate) always: Vec<&'static Field>,
}

impl StructType {
    /// The field of that JSON name, and its place.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        let place = self.fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok()?;
        Some((place, self.fields[place]))
    }

    /// What `number` stands for in the struct's message, or in that of what it embeds under the numbers of `part`.
    pub(crate) fn numbered(&self, part: &[u32], number: u32) -> Option<Numbered> {
        self.fields.iter().find_map(|field| match field.protobuf.strip_prefix(part)? {
            [last] if *last == number => Some(Numbered::Field(field)),
            [first, _, ..] if *first == number => Some(Numbered::Part),
            _ => None,
        })
    }
}

/// The types of one minor.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Whether Go's errors name the structs that fields are embedded with.
    pub(crate) names_embedded: bool,
    pub(crate) structs: Vec<StructType>,
}

impl Schema {
    /// The struct type of that name, such as `Pod`, `Namespace` or `CreateOptions`.
    #[cfg(test)]
    pub(crate) fn struct_type(&self, name: &str) -> Option<&StructType> {
        table().places.get(name).map(|place| &self.structs[*place])
    }
}

/// The type of that name as a value can have it; `[]jsonPatchOp` is a list.
pub(crate) fn root(name: &str) -> Option<&'static Type> {
    if name == OPERATIONS {
        return table().operations.as_ref();
    }
    table().places.get(name).map(|place| &table().roots[*place])
}

/// The types of `minor`; made once in a process.
pub(crate) fn schema(minor: Minor) -> &'static Schema {
    const MINORS: usize = (Minor::NEWEST.number() - Minor::OLDEST.number() + 1) as usize;
    static SCHEMAS: [OnceLock<Schema>; MINORS] = [const { OnceLock::new() }; MINORS];
    SCHEMAS[usize::from(minor.number() - Minor::OLDEST.number())].get_or_init(|| table().at(minor))
}

/// The types of all minors.
#[derive(Debug, Default)]
struct Table {
    structs: Vec<StructSpans>,
    roots: Vec<Type>,
    /// A JSON patch.
    operations: Option<Type>,
    places: HashMap<String, usize>,
}

/// A struct with the fields that any minor knows, by name.
#[derive(Debug)]
struct StructSpans {
    name: String,
    atomic_since: Option<u8>,
    fields: Vec<Field>,
}

impl Table {
    fn at(&'static self, minor: Minor) -> Schema {
        let names_embedded = *EMBEDDED_IN_ERRORS.at(minor);
        let minor = minor.number();
        let structs = self.structs.iter().map(|spans| {
            let known = |field: &&Field| field.since <= minor && minor <= field.until;
            let fields: Vec<_> = spans.fields.iter().filter(known).collect();
            let always = fields.iter().filter(|field| field.is_always_written()).copied().collect();
            let atomic = spans.atomic_since.is_some_and(|since| since <= minor);
            StructType { name: &spans.name, atomic, fields, always }
        });
        Schema { names_embedded, structs: structs.collect() }
    }
}

/// `table.json` as it is written.
#[derive(Deserialize)]
struct RawTable {
    aliases: HashMap<String, String>,
    types: std::collections::BTreeMap<String, RawStruct>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStruct {
    package: String,
    atomic_since: Option<u8>,
    fields: std::collections::BTreeMap<String, Vec<RawField>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawField {
    r#type: String,
    omit_empty: bool,
    omit_zero: bool,
    patch_strategy: String,
    patch_merge_key: Option<String>,
    list_type: Option<String>,
    list_map_keys: Vec<String>,
    atomic: bool,
    embedded: String,
    protobuf: Option<RawNumber>,
    since: u8,
    until: u8,
}

/// A field's number in protobuf, or a row of them where Go embeds structs.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawNumber {
    One(u32),
    Embedded(Vec<u32>),
}

impl RawNumber {
    fn path(self) -> Vec<u32> {
        match self {
            Self::One(number) => vec![number],
            Self::Embedded(numbers) => numbers,
        }
    }
}

impl Default for RawField {
    fn default() -> Self {
        Self {
            r#type: String::new(),
            omit_empty: false,
            omit_zero: false,
            patch_strategy: String::new(),
            patch_merge_key: None,
            list_type: None,
            list_map_keys: Vec::new(),
            atomic: false,
            embedded: String::new(),
            protobuf: None,
            since: Minor::OLDEST.number(),
            until: Minor::NEWEST.number(),
        }
    }
}

fn table() -> &'static Table {
    static LOADED: OnceLock<Table> = OnceLock::new();
    // The file is part of this program and a test reads it, so that the empty table never stands in for it.
    LOADED.get_or_init(|| serde_json::from_str(TABLE).map(load).unwrap_or_default())
}

fn load(raw: RawTable) -> Table {
    let places: HashMap<String, usize> = raw.types.keys().cloned().zip(0..).collect();
    let resolver = Resolver { aliases: &raw.aliases, places: &places };
    let roots = raw.types.iter().map(|(name, spans)| resolver.resolve(&format!("{}.{name}", spans.package))).collect();
    let operations = Some(resolver.resolve("[]handlers.jsonPatchOp"));
    let mut structs = Vec::with_capacity(raw.types.len());
    for (name, spans) in raw.types {
        let fields =
            spans.fields.into_iter().flat_map(|(name, spans)| spans.into_iter().map(move |span| (name.clone(), span)));
        let fields = fields.map(|(name, span)| resolver.field(name, span)).collect();
        structs.push(StructSpans { name, atomic_since: spans.atomic_since, fields });
    }
    Table { structs, roots, operations, places }
}

/// Turns the names of Go types into types.
struct Resolver<'a> {
    aliases: &'a HashMap<String, String>,
    places: &'a HashMap<String, usize>,
}

impl Resolver<'_> {
    fn field(&self, name: String, raw: RawField) -> Field {
        let ty = self.resolve(&raw.r#type);
        let ownership = ownership(&raw, &ty);
        Field {
            step: format!("f:{name}"),
            name,
            ty,
            omit_empty: raw.omit_empty,
            omit_zero: raw.omit_zero,
            patch_strategy: raw.patch_strategy,
            patch_merge_key: raw.patch_merge_key,
            ownership,
            embedded: raw.embedded,
            protobuf: raw.protobuf.map(RawNumber::path).unwrap_or_default(),
            since: raw.since,
            until: raw.until,
        }
    }

    fn resolve(&self, text: &str) -> Type {
        let (pointer, go) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        Type { kind: self.kind(go), pointer, go: go.to_owned() }
    }

    fn kind(&self, go: &str) -> Kind {
        if let Some(item) = go.strip_prefix("[]") {
            return if item == "byte" { Kind::Bytes } else { Kind::List(Box::new(self.resolve(item))) };
        }
        if let Some((_, item)) = go.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            return Kind::Map(Box::new(self.resolve(item)));
        }
        match go {
            "bool" => Kind::Bool,
            "int32" => Kind::Int32,
            "int64" => Kind::Int64,
            "string" => Kind::String,
            "resource.Quantity" => Kind::Quantity,
            "intstr.IntOrString" => Kind::IntOrString,
            "v1.Time" => Kind::Time,
            "v1.MicroTime" => Kind::MicroTime,
            _ => self.named(go),
        }
    }

    fn named(&self, go: &str) -> Kind {
        if let Some(underlying) = self.aliases.get(go) {
            return self.kind(underlying);
        }
        let name = go.rsplit_once('.').map_or(go, |(_, name)| name);
        self.places.get(name).map_or(Kind::Raw, |place| Kind::Struct(*place))
    }
}

fn ownership(raw: &RawField, ty: &Type) -> Ownership {
    match (&ty.kind, raw.list_type.as_deref()) {
        _ if raw.atomic => Ownership::Atomic,
        (Kind::List(_), Some("map")) => Ownership::Keyed(raw.list_map_keys.clone()),
        (Kind::List(_), Some("set")) => Ownership::Set,
        (Kind::List(_), None) if raw.patch_strategy.starts_with("merge") => {
            raw.patch_merge_key.as_ref().map_or(Ownership::Set, |key| Ownership::Keyed(vec![key.clone()]))
        }
        (Kind::List(_) | Kind::Bytes, _) => Ownership::Atomic,
        _ => Ownership::Granular,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_type_of_the_table() {
        let raw: RawTable = serde_json::from_str(TABLE).expect("the table is JSON of that shape");
        let count = raw.types.len();
        let table = load(raw);
        assert_eq!(table.structs.len(), count);
        for spans in &table.structs {
            for field in &spans.fields {
                let raw = matches!(field.ty.kind, Kind::Raw);
                assert!(
                    !raw || ["v1.FieldsV1", "interface {}"].contains(&field.ty.go.as_str()),
                    "{}.{}: {}",
                    spans.name,
                    field.name,
                    field.ty.go
                );
            }
        }
    }

    #[test]
    fn a_field_is_known_from_its_minor_on() {
        let knows = |minor: u8, name: &str| {
            let minor = Minor::new(minor).expect("modelled");
            schema(minor).struct_type("PodSpec").and_then(|spec| spec.field(name)).is_some()
        };
        assert!(!knows(22, "os") && knows(23, "os"));
        assert!(!knows(24, "hostUsers") && knows(25, "hostUsers"));
        assert!(knows(20, "containers") && knows(37, "containers"));
    }
}
