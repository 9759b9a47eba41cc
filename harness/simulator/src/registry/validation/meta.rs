//! `metadata`, which all objects have.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::{
    check::{Check, Shown},
    go,
    path::Path,
    words,
};

/// How much all annotations may take together, in bytes.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// The form that a kind demands of names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NameForm {
    /// RFC 1123 subdomain.
    Subdomain,
    /// RFC 1123 label.
    Label,
    /// RFC 1035 label.
    Label1035,
    /// Anything that can be one segment of a URL's path.
    PathSegment,
}

impl NameForm {
    /// What is wrong with `name`; as the start of a generated name it may end with a dash.
    fn messages(self, check: &Check, name: &str, is_prefix: bool) -> Vec<String> {
        let masked = if is_prefix { words::mask_trailing_dash(name) } else { name.into() };
        match self {
            Self::Subdomain => words::dns_subdomain(&masked),
            Self::Label => words::dns_label(check.minor, &masked),
            Self::Label1035 => words::dns_1035_label(&masked),
            Self::PathSegment => words::path_segment(name, is_prefix),
        }
    }
}

/// `ValidateObjectMeta`: the metadata of a new object, or of the new form of an old one.
///
/// # Source
/// kubernetes v1.20 to v1.37 `apimachinery/pkg/api/validation/objectmeta.go`
pub(crate) fn object_meta(check: &mut Check, meta: Option<&Value>, is_namespaced: bool, form: NameForm) {
    let path = Path::root("metadata");
    let generate_name = meta.text("generateName");
    if !generate_name.is_empty() {
        let messages = form.messages(check, generate_name, true);
        check.invalid_for_each(&path.child("generateName"), generate_name, messages);
    }
    let name = meta.text("name");
    if name.is_empty() {
        check.required(&path.child("name"), "name or generateName is required");
    } else {
        let messages = form.messages(check, name, false);
        check.invalid_for_each(&path.child("name"), name, messages);
    }
    let namespace = meta.text("namespace");
    if !is_namespaced {
        if !namespace.is_empty() {
            check.forbidden(&path.child("namespace"), "not allowed on this type");
        }
    } else if namespace.is_empty() {
        check.required(&path.child("namespace"), "");
    } else {
        let messages = words::dns_label(check.minor, namespace);
        check.invalid_for_each(&path.child("namespace"), namespace, messages);
    }
    let Some(meta) = meta else { return };
    non_negative(check, meta.int("generation").unwrap_or_default(), &path.child("generation"));
    labels(check, meta, "labels", &path);
    annotations(check, meta, &path.child("annotations"));
    owner_references(check, meta, &path.child("ownerReferences"));
    finalizers(check, meta, &path.child("finalizers"));
}

/// `ValidateObjectMetaUpdate`: what may not change, and what must still be valid.
pub(crate) fn object_meta_update(check: &mut Check, new: Option<&Value>, old: Option<&Value>) {
    let path = Path::root("metadata");
    if old.field("deletionTimestamp").is_some() {
        let old_finalizers = old.list("finalizers");
        let mut added = new
            .list("finalizers")
            .iter()
            .filter(|name| !old_finalizers.contains(name))
            .filter_map(Value::as_str)
            .collect::<Vec<_>>();
        added.sort_unstable();
        added.dedup();
        if !added.is_empty() {
            let shown = added.iter().map(|name| go::quote(name)).collect::<Vec<_>>().join(", ");
            check.forbidden(
                &path.child("finalizers"),
                format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers \
                     []string{{{shown}}}"
                ),
            );
        }
    }
    if new.text("resourceVersion").is_empty() {
        check.invalid(&path.child("resourceVersion"), "", "must be specified for an update");
    }
    let generation = new.int("generation").unwrap_or_default();
    if generation < old.int("generation").unwrap_or_default() {
        check.invalid(&path.child("generation"), generation, "must not be decremented");
    }
    for field in ["name", "namespace", "uid"] {
        if new.text(field) != old.text(field) {
            check.invalid(&path.child(field), new.text(field), "field is immutable");
        }
    }
    for field in ["creationTimestamp", "deletionTimestamp"] {
        if new.text(field) != old.text(field) {
            let shown = if new.text(field).is_empty() { Shown::Null } else { Shown::Text(new.text(field)) };
            check.invalid(&path.child(field), shown, "field is immutable");
        }
    }
    if new.int("deletionGracePeriodSeconds") != old.int("deletionGracePeriodSeconds") {
        let shown = new.int("deletionGracePeriodSeconds").map_or(Shown::Null, Shown::Int);
        check.invalid(&path.child("deletionGracePeriodSeconds"), shown, "field is immutable");
    }
    let Some(meta) = new else { return };
    labels(check, meta, "labels", &path);
    annotations(check, meta, &path.child("annotations"));
    owner_references(check, meta, &path.child("ownerReferences"));
}

/// `must be greater than or equal to 0`
pub(crate) fn non_negative(check: &mut Check, value: i64, path: &Path<'_>) {
    if value < 0 {
        check.invalid(path, value, "must be greater than or equal to 0");
    }
}

/// `ValidateLabels` of the map `name` of `owner`; all errors stand at the map itself.
pub(crate) fn labels(check: &mut Check, owner: &Value, name: &str, path: &Path<'_>) {
    let Some(map) = owner.entries(name) else { return };
    let path = path.child(name);
    for (key, value) in map {
        let messages = words::qualified_name(check.minor, key);
        check.invalid_for_each(&path, key, messages);
        let value = value.as_str().unwrap_or_default();
        let messages = words::label_value(check.minor, value);
        check.invalid_for_each(&path, value, messages);
    }
}

/// `ValidateAnnotations`: keys are valid but for their case, and all together not too large.
fn annotations(check: &mut Check, meta: &Value, path: &Path<'_>) {
    let Some(map) = meta.entries("annotations") else { return };
    let mut size = 0;
    for (key, value) in map {
        let messages = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            words::qualified_name(check.minor, &key.to_lowercase())
        } else {
            words::qualified_name(check.minor, key)
        };
        check.invalid_for_each(path, key, messages);
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > ANNOTATIONS_LIMIT {
        check.too_long(path, ANNOTATIONS_LIMIT);
    }
}

fn owner_references(check: &mut Check, meta: &Value, path: &Path<'_>) {
    let mut first_controller: Option<String> = None;
    for (index, owner) in meta.list("ownerReferences").iter().enumerate() {
        let indexed = path.index(index);
        let at = if *rule::OWNERS_BY_INDEX.at(check.minor) { &indexed } else { path };
        owner_reference(check, owner, at);
        if owner.flag("controller") != Some(true) {
            continue;
        }
        let (kind, name) = (owner.text("kind"), owner.text("name"));
        let this = if *rule::OWNERS_WITH_KIND.at(check.minor) { format!("{kind}/{name}") } else { name.to_owned() };
        match &first_controller {
            Some(first) => {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and \
                     {this}"
                );
                let all = meta.field("ownerReferences").unwrap_or(&Value::Null);
                let shown = go::render_owners(check.minor, all);
                check.invalid(path, Shown::Rendered(&shown), detail);
            }
            None => first_controller = Some(this),
        }
    }
}

fn owner_reference(check: &mut Check, owner: &Value, path: &Path<'_>) {
    let by_index = *rule::OWNERS_BY_INDEX.at(check.minor);
    let api_version = owner.text("apiVersion");
    let version = api_version.rsplit_once('/').map_or(api_version, |(_, version)| version);
    if by_index && api_version.is_empty() {
        check.required(&path.child("apiVersion"), "must not be empty");
    } else if by_index && (version.is_empty() || api_version.matches('/').count() > 1) {
        check.invalid(&path.child("apiVersion"), api_version, "must be <group>/<version> or <version>");
    } else if !by_index && (version.is_empty() || api_version.matches('/').count() > 1) {
        check.invalid(&path.child("apiVersion"), api_version, "version must not be empty");
    }
    for field in ["kind", "name", "uid"] {
        if !owner.text(field).is_empty() {
            continue;
        }
        if by_index {
            check.required(&path.child(field), "must not be empty");
        } else {
            let detail = rule::OWNER_FIELD_EMPTY.at(check.minor).replace("{field}", field);
            check.invalid(&path.child(field), "", detail);
        }
    }
    if api_version == "v1" && owner.text("kind") == "Event" {
        let shown = go::render_owners(check.minor, owner);
        check.invalid(path, Shown::Rendered(&shown), "/v1, Kind=Event is disallowed from being an owner");
    }
}

/// What the core kinds demand beyond: a finalizer without a prefix is one of Kubernetes' own.
///
/// # Source
/// kubernetes v1.20 to v1.37 `pkg/apis/core/validation/validation.go` `ValidateObjectMeta`, `validateKubeFinalizerName`
pub(crate) fn legacy_finalizers(check: &mut Check, meta: Option<&Value>) {
    let path = Path::root("metadata");
    let path = path.child("finalizers");
    for (index, finalizer) in meta.list("finalizers").iter().filter_map(Value::as_str).enumerate() {
        legacy_finalizer(check, finalizer, &path.index(index));
    }
}

/// One of them.
pub(crate) fn legacy_finalizer(check: &mut Check, finalizer: &str, path: &Path<'_>) {
    if !finalizer.contains('/') && !matches!(finalizer, "kubernetes" | "orphan" | "foregroundDeletion") {
        check.invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
    }
}

fn finalizers(check: &mut Check, meta: &Value, path: &Path<'_>) {
    let all = meta.list("finalizers");
    for finalizer in all.iter().filter_map(Value::as_str) {
        let messages = words::qualified_name(check.minor, finalizer);
        check.invalid_for_each(path, finalizer, messages);
    }
    let has = |name: &str| all.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        let shown = go::render_texts(check.minor, all.iter().filter_map(Value::as_str));
        check.invalid(path, Shown::Rendered(&shown), "finalizer orphan and foregroundDeletion cannot be both set");
    }
}
