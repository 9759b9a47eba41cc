//! `metadata.managedFields`: who set what.

mod compare;
mod set;

use serde_json::{Map, Value, json};

use self::set::Set;
use crate::{
    fields,
    minor::{
        Minor,
        fields::{DUPLICATES_OWNED, NAMES_DEFAULT_TO_EMPTY, RESET_FIELDS, SUBRESOURCE_IN_MANAGED_FIELDS},
        resource::Resource,
    },
};

/// Who writes, and when.
#[derive(Clone, Debug)]
pub(crate) struct Manager<'a> {
    /// The `fieldManager` parameter, else the User-Agent up to its first `/`.
    pub(crate) name: &'a str,
    /// `status` and its like, or empty.
    pub(crate) subresource: &'a str,
    /// RFC 3339, whole seconds.
    pub(crate) time: &'a str,
}

/// So many entries of updates are kept; older ones are merged.
///
/// # Source
/// apimachinery v0.36 `pkg/util/managedfields/internal/fieldmanager.go` `DefaultMaxUpdateManagers`
const MAX_UPDATE_MANAGERS: usize = 10;

/// Computes `metadata.managedFields` of `new` from what differs to `old` (nothing on create).
///
/// Called on the client's object after defaults and before admission, as an API server does: what admission adds is
/// nobody's.
///
/// # Source
/// apimachinery v0.36 `pkg/util/managedfields/internal/fieldmanager.go` `Update`; structured-merge-diff v4.4
/// `merge/update.go`
pub(crate) fn update(
    minor: Minor,
    kind: &str,
    api_version: &str,
    old: Option<&Value>,
    new: &mut Value,
    manager: &Manager<'_>,
) {
    let subresource = if *SUBRESOURCE_IN_MANAGED_FIELDS.at(minor) { manager.subresource } else { "" };
    let mut entries = live_or_sent(old, new, manager.subresource);
    remove_managed_fields(new);
    // Of a version that the kind has not, nothing can be compared.
    let is_known = |entry: &Entry| {
        Resource::all(minor).any(|known| known.kind == kind && known.api_version() == entry.api_version)
    };
    entries.retain(|entry| entry.api_version == api_version || is_known(entry));
    if entries.is_empty() && old.is_some() {
        return;
    }
    let schema = fields::schema(minor);
    let Some(ty) = fields::root(kind) else {
        return;
    };
    let empty;
    let before = if let Some(old) = old {
        old
    } else {
        empty = fields::zero(schema, ty);
        &empty
    };
    // An API server that cannot compare drops all entries.
    let comparison = compare::Comparison {
        schema,
        duplicates: *DUPLICATES_OWNED.at(minor),
        empty_names: *NAMES_DEFAULT_TO_EMPTY.at(minor),
    };
    let Ok(mut difference) = comparison.compare(ty, before, new) else {
        return;
    };
    for set in [&mut difference.set, &mut difference.removed] {
        ignore_reset_fields(minor, kind, manager.subresource, set);
    }
    for entry in &mut entries {
        entry.set.subtract(&difference.set);
        entry.set.subtract(&difference.removed);
    }
    strip_metadata(&mut difference.set);
    if !difference.set.is_empty() {
        let name = if manager.name.is_empty() { "unknown" } else { manager.name };
        let own = Entry {
            manager: name.to_owned(),
            operation: "Update".to_owned(),
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
            time: Some(manager.time.to_owned()),
            set: difference.set,
        };
        match entries.iter_mut().find(|entry| entry.is_of_same_manager(&own)) {
            Some(entry) => {
                entry.set.add(&own.set);
                entry.time = own.time;
            }
            None => entries.push(own),
        }
    }
    entries.retain(|entry| !entry.set.is_empty());
    cap(&mut entries);
    write(new, entries);
}

/// One entry of `managedFields`.
#[derive(Debug)]
struct Entry {
    manager: String,
    operation: String,
    api_version: String,
    subresource: String,
    time: Option<String>,
    set: Set,
}

impl Entry {
    /// Nothing where an API server would refuse to read it.
    fn read(json: &Value) -> Option<Self> {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let entry = Self {
            manager: text("manager"),
            operation: text("operation"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: json["time"].as_str().map(str::to_owned),
            set: Set::from_json(&json["fieldsV1"]),
        };
        let is_readable = matches!(entry.operation.as_str(), "Apply" | "Update")
            && !entry.api_version.is_empty()
            && json["fieldsType"] == "FieldsV1"
            && Set::is_readable(&json["fieldsV1"]);
        is_readable.then_some(entry)
    }

    fn is_update(&self) -> bool {
        self.operation == "Update"
    }

    /// Whether both are merged into one; the version of an applied entry does not count.
    fn is_of_same_manager(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (!self.is_update() || self.api_version == other.api_version)
    }

    fn to_json(&self) -> Value {
        let mut entry = Map::new();
        for (name, text) in [
            ("manager", &self.manager),
            ("operation", &self.operation),
            ("apiVersion", &self.api_version),
            ("subresource", &self.subresource),
        ] {
            if !text.is_empty() {
                entry.insert(name.to_owned(), text.as_str().into());
            }
        }
        if let Some(time) = &self.time {
            entry.insert("time".to_owned(), time.as_str().into());
        }
        entry.insert("fieldsType".to_owned(), "FieldsV1".into());
        entry.insert("fieldsV1".to_owned(), self.set.to_json());
        Value::Object(entry)
    }
}

/// The entries that the client sent, or else those that are stored.
///
/// # Source
/// apimachinery v0.36 `pkg/util/managedfields/internal/fieldmanager.go` `decodeLiveOrNew`
fn live_or_sent(old: Option<&Value>, new: &Value, subresource: &str) -> Vec<Entry> {
    let read = |object: &Value| {
        let entries = object["metadata"]["managedFields"].as_array();
        entries.map(Vec::as_slice).unwrap_or_default().iter().map(Entry::read).collect::<Option<Vec<_>>>()
    };
    if subresource.is_empty() {
        let sent = &new["metadata"]["managedFields"];
        if *sent == json!([{}]) || *sent == json!([]) {
            return Vec::new();
        }
        if let Some(sent) = read(new).filter(|entries| !entries.is_empty()) {
            return last_of_each_manager(sent);
        }
    }
    old.and_then(read).unwrap_or_default()
}

/// What is said twice of one manager holds as it is said last.
fn last_of_each_manager(entries: Vec<Entry>) -> Vec<Entry> {
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        match kept.iter_mut().find(|other| other.is_of_same_manager(&entry)) {
            Some(other) => *other = entry,
            None => kept.push(entry),
        }
    }
    kept
}

fn remove_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// What the resource's strategy overwrites is nobody's.
///
/// # Source
/// kubernetes v1.36 `pkg/registry/core/pod/strategy.go` `GetResetFields` and its like for each resource
fn ignore_reset_fields(minor: Minor, kind: &str, subresource: &str, set: &mut Set) {
    if !*RESET_FIELDS.at(minor) {
        return;
    }
    match (kind, subresource) {
        ("Pod" | "Namespace" | "Node" | "Service" | "Deployment" | "ReplicaSet", "") | ("Namespace", "finalize") => {
            set.remove_below(&["status"]);
        }
        ("Pod", "status") => {
            set.remove_below(&["spec"]);
            set.remove_below(&["metadata", "deletionTimestamp"]);
            set.remove_below(&["metadata", "ownerReferences"]);
        }
        ("Namespace" | "Node" | "Service" | "ReplicaSet", "status") => set.remove_below(&["spec"]),
        ("Deployment", "status") => {
            set.remove_below(&["spec"]);
            set.remove_below(&["metadata", "labels"]);
        }
        _ => {}
    }
}

/// # Source
/// apimachinery v0.36 `pkg/util/managedfields/internal/stripmeta.go`
fn strip_metadata(set: &mut Set) {
    const METADATA: [&str; 9] = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    for name in ["apiVersion", "kind", "metadata"] {
        set.remove(&[name]);
    }
    for name in METADATA {
        set.remove(&["metadata", name]);
    }
}

/// Merges the oldest updates of each version where there are too many.
///
/// # Source
/// apimachinery v0.36 `pkg/util/managedfields/internal/capmanagers.go` `capUpdateManagers`
fn cap(entries: &mut Vec<Entry>) {
    let surplus = entries.iter().filter(|entry| entry.is_update()).count().saturating_sub(MAX_UPDATE_MANAGERS);
    if surplus == 0 {
        return;
    }
    entries.sort_by(|a, b| (&a.time, &a.manager).cmp(&(&b.time, &b.manager)));
    let (updates, mut kept): (Vec<_>, Vec<_>) = std::mem::take(entries).into_iter().partition(Entry::is_update);
    let mut buckets: Vec<Entry> = Vec::new();
    let mut merged = 0;
    for entry in updates {
        let bucket = buckets.iter_mut().find(|bucket| bucket.api_version == entry.api_version);
        match bucket.filter(|_| merged < surplus) {
            Some(bucket) => {
                "ancient-changes".clone_into(&mut bucket.manager);
                bucket.subresource.clear();
                bucket.set.add(&entry.set);
                bucket.time = entry.time;
                merged += 1;
            }
            None if merged < surplus => buckets.push(entry),
            None => kept.push(entry),
        }
    }
    kept.extend(buckets);
    *entries = kept;
}

/// Writes the entries in the order of an API server.
///
/// # Source
/// apimachinery v0.36 `pkg/util/managedfields/internal/managedfields.go` `sortEncodedManagedFields`
fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.sort_by(|a, b| {
        let key = |entry: &Entry| (entry.operation.clone(), entry.time.clone(), entry.manager.clone());
        let rest = |entry: &Entry| (entry.api_version.clone(), entry.subresource.clone());
        key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
    });
    if entries.is_empty() {
        return;
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".to_owned(), entries.iter().map(Entry::to_json).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{recorded, registry::defaults};

    /// What four API servers wrote of the creation of each object.
    #[test]
    fn a_new_object_is_its_creators_as_the_api_servers_write_it() {
        for case in recorded::pods() {
            compare_creation(&case, "Pod");
        }
        for case in recorded::others() {
            compare_creation(&case, &case.name);
        }
    }

    fn compare_creation(case: &recorded::Case, kind: &str) {
        for (minor, answer) in case.answers.by_minor().filter(|(_, answer)| answer.code == 201) {
            let mut object = fields::decode(minor, kind, case.request.as_bytes()).expect("it was accepted").object;
            defaults::apply(minor, kind, &mut object);
            let manager = Manager { name: "recorder", subresource: "", time: "2026-01-01T00:00:00Z" };
            let api_version = answer.object["apiVersion"].as_str().expect("a version");
            update(minor, kind, api_version, None, &mut object, &manager);
            let mut entries = object["metadata"]["managedFields"].take();
            for entry in entries.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                assert_eq!(entry.remove("time"), Some(json!("2026-01-01T00:00:00Z")));
            }
            assert_eq!(entries, answer.managed_fields, "{} on {minor}", case.name);
        }
    }

    /// What four API servers wrote of thirteen managers: the oldest four are merged.
    #[test]
    fn the_oldest_managers_are_merged() {
        let mut live: Option<Value> = None;
        for number in 0..13 {
            let mut next = live.clone().unwrap_or_else(|| json!({"metadata": {"name": "cap"}, "data": {}}));
            next["data"][format!("k{number:02}")] = "x".into();
            let name = format!("m{number:02}");
            let manager = Manager { name: &name, subresource: "", time: "2026-01-01T00:00:00Z" };
            update(Minor::NEWEST, "ConfigMap", "v1", live.as_ref(), &mut next, &manager);
            live = Some(next);
        }
        let entries = live.expect("thirteen writes")["metadata"]["managedFields"].take();
        let entries = entries.as_array().expect("entries");
        assert_eq!(entries.len(), 10);
        assert_eq!(entries[0]["manager"], "ancient-changes");
        let merged = json!({"f:data": {".": {}, "f:k00": {}, "f:k01": {}, "f:k02": {}, "f:k03": {}}});
        assert_eq!(entries[0]["fieldsV1"], merged);
        assert_eq!(entries[1]["manager"], "m04");
        assert_eq!(entries[1]["fieldsV1"], json!({"f:data": {"f:k04": {}}}));
    }

    /// What four API servers wrote of a patch of a Pod's status.
    #[test]
    fn a_status_is_owned_by_its_subresource() {
        let pod = |status: Value| json!({"metadata": {"name": "p"}, "spec": {"containers": []}, "status": status});
        let creator = Manager { name: "creator", subresource: "", time: "2026-01-01T00:00:00Z" };
        let mut old = pod(json!({}));
        old["metadata"]["labels"] = json!({"a": "b"});
        update(Minor::NEWEST, "Pod", "v1", None, &mut old, &creator);
        let mut new = pod(json!({
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": null}],
            "podIP": "1.2.3.4",
            "podIPs": [{"ip": "1.2.3.4"}],
        }));
        new["metadata"]["labels"] = json!({"a": "b", "s": "t"});
        new["spec"]["activeDeadlineSeconds"] = 5.into();
        let patcher = Manager { name: "patcher", subresource: "status", time: "2026-01-02T00:00:00Z" };
        update(Minor::NEWEST, "Pod", "v1", Some(&old), &mut new, &patcher);
        let expected = json!({
            "manager": "patcher",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-01-02T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {"f:s": {}}},
                "f:status": {
                    "f:conditions": {
                        ".": {},
                        "k:{\"type\":\"Ready\"}": {
                            ".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {},
                        },
                    },
                    "f:phase": {},
                    "f:podIP": {},
                    "f:podIPs": {".": {}, "k:{\"ip\":\"1.2.3.4\"}": {".": {}, "f:ip": {}}},
                },
            },
            "subresource": "status",
        });
        assert_eq!(new["metadata"]["managedFields"][1], expected);
    }
}
