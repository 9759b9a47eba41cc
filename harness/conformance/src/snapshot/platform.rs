//! What any Pod gets from its Kubernetes minor: recorded once, and one named line in every other snapshot wherever it is
//! exactly that.

use std::{collections::BTreeMap, sync::Arc};

use kube_simulator::Minor;
use serde_json::{Map, Value};

use super::render;

/// The folder of the platform's snapshots, below the snapshots' folder.
pub(crate) const FOLDER: &str = "platform";

/// Where in an object something stands, as far as parts need to know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Pod,
    Metadata,
    ManagedFields,
    Spec,
    Containers,
    Container,
    VolumeMounts,
    Volumes,
    Elsewhere,
}

impl Place {
    /// The place of a field of what stands here.
    pub(crate) fn field(self, key: &str) -> Self {
        match (self, key) {
            (Self::Pod | Self::Elsewhere, "metadata") => Self::Metadata,
            (Self::Pod, "spec") => Self::Spec,
            (Self::Metadata, "managedFields") => Self::ManagedFields,
            (Self::Spec, "containers" | "initContainers" | "ephemeralContainers") => Self::Containers,
            (Self::Spec, "volumes") => Self::Volumes,
            (Self::Container, "volumeMounts") => Self::VolumeMounts,
            _ => Self::Elsewhere,
        }
    }

    /// The place of an entry of the list that stands here.
    pub(crate) fn entry(self) -> Self {
        match self {
            Self::Containers => Self::Container,
            _ => Self::Elsewhere,
        }
    }
}

/// A part of a Pod that its Kubernetes minor decides.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name, in files and on the line that stands for it.
    pub(crate) name: &'static str,
    place: Place,
    /// The fields that belong together; empty for a part that is an entry of a list.
    pub(crate) keys: &'static [&'static str],
}

/// Every part; those that stand at the same place are shown in this order.
pub(crate) static PARTS: &[Part] = &[
    Part { name: "status", place: Place::Pod, keys: &["status"] },
    // A generation is part of it from 1.33 on: no part of its own, for a line more would split every other snapshot there.
    Part {
        name: "identity",
        place: Place::Metadata,
        keys: &["creationTimestamp", "generation", "resourceVersion", "uid"],
    },
    Part {
        name: "pod defaults",
        place: Place::Spec,
        keys: &["dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName", "terminationGracePeriodSeconds"],
    },
    Part { name: "priority", place: Place::Spec, keys: &["preemptionPolicy", "priority"] },
    Part { name: "service account", place: Place::Spec, keys: &["serviceAccount", "serviceAccountName"] },
    Part { name: "tolerations", place: Place::Spec, keys: &["tolerations"] },
    Part {
        name: "container defaults",
        place: Place::Container,
        keys: &["imagePullPolicy", "resources", "terminationMessagePath", "terminationMessagePolicy"],
    },
    Part { name: "token mount", place: Place::VolumeMounts, keys: &[] },
    Part { name: "token volume", place: Place::Volumes, keys: &[] },
];

impl Part {
    /// The name of its snapshot, without `@since`.
    pub(crate) fn file_name(&self) -> String {
        self.name.replace(' ', "_")
    }

    /// The part as it stands in `pod`, a masked Pod that asked for nothing; empty where that minor gives none.
    fn text_in(&self, pod: &Value) -> String {
        let parent = match self.place {
            Place::Pod => Some(pod),
            Place::Metadata => pod.get("metadata"),
            Place::Spec => pod.get("spec"),
            Place::Container => pod.pointer("/spec/containers/0"),
            Place::VolumeMounts => pod.pointer("/spec/containers/0/volumeMounts/0"),
            Place::Volumes => pod.pointer("/spec/volumes/0"),
            Place::Containers | Place::ManagedFields | Place::Elsewhere => None,
        };
        match parent {
            Some(Value::Object(fields)) if !self.keys.is_empty() => self.group_text(fields),
            Some(entry) => render::part(entry),
            None => String::new(),
        }
    }

    fn group_text(&self, fields: &Map<String, Value>) -> String {
        let group: Map<_, _> =
            self.keys.iter().filter_map(|key| Some(((*key).to_owned(), fields.get(*key)?.clone()))).collect();
        if group.is_empty() { String::new() } else { render::part(&Value::Object(group)) }
    }
}

/// The parts of one Kubernetes minor, by name, as text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct PlatformParts {
    texts: BTreeMap<&'static str, Arc<str>>,
}

impl PlatformParts {
    /// Reads them off a masked Pod that asked for nothing.
    pub(crate) fn of(pod: &Value) -> Self {
        Self { texts: PARTS.iter().map(|part| (part.name, Arc::from(part.text_in(pod)))).collect() }
    }

    /// The text of a part, empty where there is none.
    pub(crate) fn text(&self, part: &Part) -> &str {
        self.texts.get(part.name).map_or("", |text| text)
    }

    pub(crate) fn insert(&mut self, part: &'static Part, text: &str) {
        self.texts.insert(part.name, Arc::from(text));
    }

    /// The groups of fields at `place` that are exactly the platform's.
    pub(crate) fn groups(&self, place: Place, fields: &Map<String, Value>) -> Vec<&'static Part> {
        let groups = PARTS.iter().filter(|part| part.place == place && !part.keys.is_empty());
        groups.filter(|part| self.is_exactly(part, || part.group_text(fields))).collect()
    }

    /// The part that an entry of the list at `place` exactly is.
    pub(crate) fn entry(&self, place: Place, entry: &Value) -> Option<&'static Part> {
        let mut entries = PARTS.iter().filter(|part| part.place == place && part.keys.is_empty());
        entries.find(|part| self.is_exactly(part, || render::part(entry)))
    }

    fn is_exactly(&self, part: &Part, text: impl FnOnce() -> String) -> bool {
        let recorded = self.text(part);
        !recorded.is_empty() && recorded.trim_end() == text().trim_end()
    }
}

/// The parts of every minor that was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Platform {
    /// By part and the minor from which on a text holds.
    pub(crate) texts: BTreeMap<&'static str, BTreeMap<Minor, String>>,
}

impl Platform {
    /// The parts of one minor.
    pub(crate) fn at(&self, minor: Minor) -> PlatformParts {
        let mut parts = PlatformParts::default();
        for part in PARTS {
            let recorded = self.texts.get(part.name).and_then(|texts| texts.range(..=minor).next_back());
            if let Some((_, text)) = recorded {
                // A minor without the part has a snapshot that says so.
                parts.insert(part, if text.trim_end() == NONE { "" } else { text });
            }
        }
        parts
    }
}

/// The content of the snapshot of a part that a minor does not have.
pub(crate) const NONE: &str = "(none)";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mk_pod() -> Value {
        json!({
            "kind": "Pod",
            "metadata": {"uid": "[uid]", "name": "x"},
            "spec": {
                "containers": [{
                    "name": "c", "imagePullPolicy": "IfNotPresent", "resources": {},
                    "volumeMounts": [{"name": "kube-api-access-[suffix]", "mountPath": "/var"}],
                }],
                "volumes": [{"name": "kube-api-access-[suffix]", "projected": {"defaultMode": 420}}],
                "priority": 0,
            },
            "status": {"phase": "Pending"},
        })
    }

    #[test]
    fn exactly_the_platforms_part_is_one_line() {
        let parts = PlatformParts::of(&mk_pod());
        let mut out = String::new();
        render::object(&mut out, 0, &mk_pod(), &parts);
        insta::assert_snapshot!(out, @r"
        [platform: status]
        kind: Pod
        metadata:
          [platform: identity]
          name: x
        spec:
          [platform: priority]
          containers:
          - [platform: container defaults]
            name: c
            volumeMounts:
            - [platform: token mount]
          volumes:
          - [platform: token volume]
        ");
    }

    #[test]
    fn anything_else_stands_in_full() {
        let parts = PlatformParts::of(&mk_pod());
        let mut pod = mk_pod();
        pod["spec"]["priority"] = json!(1);
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
        let mut out = String::new();
        render::object(&mut out, 0, &pod["spec"].clone(), &parts);
        assert!(!out.contains("[platform"), "a spec by itself is no Pod: {out}");
        out.clear();
        render::object(&mut out, 0, &pod, &parts);
        assert!(out.contains("  priority: 1\n"), "{out}");
        assert!(out.contains("imagePullPolicy: IfNotPresent\n"), "{out}");
    }
}
