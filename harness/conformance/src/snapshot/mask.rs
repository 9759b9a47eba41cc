//! The values that vary from run to run, and the names that stand for them: the one place where a snapshot says less
//! than what was seen.

use std::borrow::Cow;

use seccomp_scenario::pod_template_path;
use serde_json::{Map, Value};

use crate::{cluster::NODE_LABEL, probe::PROBE_IMAGE};

/// What stands for an object's `metadata.uid`.
const UID: &str = "[uid]";
/// What stands for a point in time.
const TIME: &str = "[time]";
/// What stands for the name of the node that the case is about.
const NODE: &str = "[node]";
/// What stands for the name of a namespace that was made for the case.
const NAMESPACE: &str = "[namespace]";
/// What stands for letters that Kubernetes drew.
const SUFFIX: &str = "[suffix]";
/// What stands for a hash that Kubernetes makes of an object, differently in each minor.
const HASH: &str = "[hash]";
/// Where such hashes stand: the template of a Deployment's Pods, a static Pod's manifest.
const HASHES: [&str; 2] = ["/metadata/labels/pod-template-hash", "/metadata/annotations/kubernetes.io~1config.hash"];
/// The annotation by which a mirror says when its kubelet saw the static Pod.
const SEEN: &str = "kubernetes.io/config.seen";
/// What stands for an object's `metadata.resourceVersion`.
const RESOURCE_VERSION: &str = "[resourceVersion]";
/// What stands for the address that the webhook is registered by.
const WEBHOOK: &str = "[webhook]";
/// What stands for the status of a Pod that a kubelet has had in its hands.
const STATUS: &str = "[status]";
/// What stands for the kubelet's entry in `metadata.managedFields`.
const KUBELET: &str = "[kubelet]";
/// What stands for the controllers' entries in `metadata.managedFields`.
const CONTROLLERS: &str = "[controllers]";

/// What stands for an address in the API server's memory, which some of its messages show.
const ADDRESS: &str = "0x[address]";
/// What stands for the difference between two Pod specs in a message: its library takes care that no two builds print the
/// same.
///
/// # Source
/// go-cmp `cmp/compare.go` `Diff`: "Do not depend on this output being stable"
const DIFF: &str = "[diff]";

/// The message that such a difference follows, on a line of its own.
const BEFORE_DIFF: &str = "pod updates may not change fields other than";
/// What stands before an address.
const BEFORE_ADDRESS: &str = ")(0x";

/// The length of the suffix that Kubernetes draws.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/storage/names/generate.go` `randomLength`
const SUFFIX_LENGTH: usize = 5;
/// What stands before the drawn suffix in names that Kubernetes itself makes: `kube-api-access-x2b4c`, and
/// `default-token-x2b4c` for the ServiceAccount `default`.
const GENERATED: [&str; 2] = ["kube-api-access-", "-token-"];

/// When an object was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Moment {
    /// In the answer to its creation: nobody else has had it in hands.
    Creation,
    /// Later: scheduler and kubelet may have written to it, at a time of their own.
    Later,
}

/// The texts of one case that are replaced wherever they stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    texts: Vec<(String, String)>,
}

impl Masks {
    /// The names that a case is given.
    pub(crate) fn of_case(namespace: &str, node: &str, webhook: &str) -> Self {
        Self::default().with(namespace, NAMESPACE).with(node, NODE).with(webhook, WEBHOOK)
    }

    /// The label's value that the case's node has, where that is not its name.
    pub(crate) fn with_node_label(self, label: &str) -> Self {
        self.with(label, NODE)
    }

    /// The image that the probe is run from, where it is another than everywhere else.
    pub(crate) fn with_image(self, image: &str) -> Self {
        if image == PROBE_IMAGE { self } else { self.with(image, PROBE_IMAGE) }
    }

    /// One more text and what stands for it; an empty text is left alone.
    fn with(mut self, text: &str, mask: impl Into<String>) -> Self {
        self.add(text, mask);
        self
    }

    fn add(&mut self, text: &str, mask: impl Into<String>) {
        if !text.is_empty() && self.texts.iter().all(|(known, _)| known != text) {
            self.texts.push((text.to_owned(), mask.into()));
            // The longest first, so that no text is torn by one that is a part of it.
            self.texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
    }

    /// Takes note of the name that `object` was given where it asked for a generated one.
    pub(crate) fn learn(&mut self, object: &Value) {
        let metadata = |field| object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
        if let (Some(name), Some(prefix)) = (metadata("name"), metadata("generateName"))
            && name.len() == prefix.len() + SUFFIX_LENGTH
            && name.starts_with(prefix)
        {
            let mask = format!("{prefix}{SUFFIX}");
            self.add(name, mask);
        }
        for place in HASHES {
            if let Some(hash) = object.pointer(place).and_then(Value::as_str) {
                self.add(hash, HASH);
            }
        }
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        for uid in owners.into_iter().flatten().filter_map(|owner| owner.get("uid")?.as_str()) {
            self.add(uid, UID);
        }
    }

    /// `text` with everything replaced that stands for something.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_drawn = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let generated = text.split_at_checked(text.len().saturating_sub(SUFFIX_LENGTH));
        if let Some((before, suffix)) = generated
            && GENERATED.iter().any(|infix| before.ends_with(infix))
            && suffix.chars().all(is_drawn)
        {
            return Cow::Owned(format!("{before}{SUFFIX}"));
        }
        let mut masked = Cow::Borrowed(text);
        for (text, mask) in &self.texts {
            if masked.contains(text.as_str()) {
                masked = Cow::Owned(masked.replace(text.as_str(), mask));
            }
        }
        if masked.contains(BEFORE_ADDRESS) {
            masked = Cow::Owned(without_addresses(&masked));
        }
        if let Some((before, _)) = masked.split_once('\n').filter(|(before, _)| before.contains(BEFORE_DIFF)) {
            masked = Cow::Owned(format!("{before}\n{DIFF}"));
        }
        masked
    }

    /// `object` (or a `Status`) with everything replaced that varies from run to run.
    pub(crate) fn apply(&self, object: &Value, moment: Moment) -> Value {
        let mut masked = object.clone();
        self.visit(&mut masked);
        mask_metadata(&mut masked);
        mask_pin(&mut masked);
        let kind = masked.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if moment == Moment::Later && kind == "Pod" {
            mask_kubelet(&mut masked);
        } else if moment == Moment::Later && pod_template_path(&kind).is_some() {
            mask_controllers(&mut masked);
        }
        if let Some(uid) = masked.pointer_mut("/details/uid") {
            *uid = Value::from(UID);
        }
        masked
    }

    fn visit(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
            }
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.visit(entry)),
            Value::Object(fields) => {
                self.visit_keys(fields);
                fields.values_mut().for_each(|field| self.visit(field));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl Masks {
    /// In `metadata.managedFields`, entries of a list are named by what tells them apart: owners by their uid.
    fn visit_keys(&self, fields: &mut Map<String, Value>) {
        let keys: Vec<String> = fields.keys().filter(|key| key.starts_with("k:{\"uid\":")).cloned().collect();
        for key in keys {
            let masked = self.text(&key).into_owned();
            if let Some(value) = fields.remove(&key) {
                fields.insert(masked, value);
            }
        }
    }
}

fn without_addresses(text: &str) -> String {
    let mut parts = text.split(BEFORE_ADDRESS);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(")(");
        masked.push_str(ADDRESS);
        masked.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()));
    }
    masked
}

fn mask_metadata(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    for (field, mask) in
        [("uid", UID), ("creationTimestamp", TIME), ("deletionTimestamp", TIME), ("resourceVersion", RESOURCE_VERSION)]
    {
        // `creationTimestamp: null` and an empty resourceVersion vary by minor, not by run.
        if let Some(value) = metadata.get_mut(field)
            && value.as_str().is_some_and(|text| !text.is_empty())
        {
            *value = Value::from(mask);
        }
    }
    if let Some(seen) = metadata.get_mut("annotations").and_then(|annotations| annotations.get_mut(SEEN)) {
        *seen = Value::from(TIME);
    }
    let entries = metadata.get_mut("managedFields").and_then(Value::as_array_mut);
    for time in entries.into_iter().flatten().filter_map(|entry| entry.get_mut("time")) {
        *time = Value::from(TIME);
    }
}

/// Replaces who set the node selector that the executor, and not the scenario, gave the Pod: minors write that down
/// differently, and each snapshot would have to say so.
fn mask_pin(pod: &mut Value) {
    let selector = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    if !selector.is_some_and(|labels| labels.len() == 1 && labels.contains_key(NODE_LABEL)) {
        return;
    }
    let entries = pod.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        if let Some(fields) = entry.pointer_mut("/fieldsV1/f:spec/f:nodeSelector") {
            *fields = Value::from(NODE);
        }
    }
}

/// Replaces what scheduler and kubelet write, when they have come to it: always, so that it does not matter whether they
/// have.
fn mask_kubelet(pod: &mut Value) {
    if let Some(fields) = pod.as_object_mut() {
        fields.insert("status".to_owned(), Value::from(STATUS));
    }
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("nodeName".to_owned(), Value::from(NODE));
    }
    if let Some(entries) = pod.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
        entries.retain(|entry| entry.get("manager").is_none_or(|manager| manager != "kubelet"));
        entries.push(Value::from(KUBELET));
    }
}

/// Replaces what controllers write into a workload, one after the other and each in its time.
fn mask_controllers(workload: &mut Value) {
    if let Some(fields) = workload.as_object_mut() {
        fields.insert("status".to_owned(), Value::from(STATUS));
    }
    if let Some(entries) = workload.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
        entries.retain(|entry| entry.get("manager").is_none_or(|manager| manager != "kube-controller-manager"));
        entries.push(Value::from(CONTROLLERS));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn replaces_what_varies_by_name() {
        let mut masks = Masks::default().with("run-1", NAMESPACE).with("run-1-node", NODE);
        let object = json!({
            "kind": "Pod",
            "metadata": {
                "name": "web-x2b4c", "generateName": "web-", "namespace": "run-1", "uid": "1", "resourceVersion": "7",
                "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": [{"manager": "m", "time": "t"}],
            },
            "spec": {"nodeName": "run-1-node", "volumes": [{"name": "kube-api-access-abcde"}]},
        });
        masks.learn(&object);
        assert_eq!(
            masks.apply(&object, Moment::Creation),
            json!({
                "kind": "Pod",
                "metadata": {
                    "name": "web-[suffix]", "generateName": "web-", "namespace": "[namespace]", "uid": "[uid]",
                    "resourceVersion": "[resourceVersion]", "creationTimestamp": "[time]",
                    "managedFields": [{"manager": "m", "time": "[time]"}],
                },
                "spec": {"nodeName": "[node]", "volumes": [{"name": "kube-api-access-[suffix]"}]},
            })
        );
    }

    #[test]
    fn who_pinned_a_pod_to_its_node_is_no_matter_of_the_minor() {
        let fields = |tree: Value| json!([{"fieldsV1": {"f:spec": {"f:nodeSelector": tree}}}]);
        let pod = |selector: Value, tree| json!({"metadata": {"managedFields": fields(tree)}, "spec": {"nodeSelector": selector}});
        let masks = Masks::default();
        let pinned = |tree| masks.apply(&pod(json!({(NODE_LABEL): "n"}), tree), Moment::Creation);
        assert_eq!(pinned(json!({})), pinned(json!({".": {}, "f:seccomp-harness/node": {}})));
        let own = pod(json!({"disk": "fast"}), json!({}));
        assert_eq!(masks.apply(&own, Moment::Creation), own, "a scenario's own selector stands as it is");
    }

    #[test]
    fn replaces_what_a_message_says_differently_each_time() {
        let masks = Masks::default();
        let address = "core.SeccompProfile{LocalhostProfile:(*string)(0xc000a1)}: only (*string)(0x1)";
        assert_eq!(
            masks.text(address),
            "core.SeccompProfile{LocalhostProfile:(*string)(0x[address])}: only (*string)(0x[address])"
        );
        let diff = "Forbidden: pod updates may not change fields other than `x`\n\u{a0}core.PodSpec{\n}\n";
        assert_eq!(masks.text(diff), "Forbidden: pod updates may not change fields other than `x`\n[diff]");
    }

    #[rstest]
    #[case::volume("kube-api-access-x2b4c", "kube-api-access-[suffix]")]
    #[case::secret("other-token-x2b4c", "other-token-[suffix]")]
    #[case::too_long("kube-api-access-x2b4cd", "kube-api-access-x2b4cd")]
    #[case::upper_case("a-token-ABCDE", "a-token-ABCDE")]
    #[case::not_ascii("-token-ää1", "-token-ää1")]
    fn knows_names_that_kubernetes_makes(#[case] name: &str, #[case] masked: &str) {
        assert_eq!(Masks::default().text(name), masked);
    }

    #[test]
    fn a_pod_seen_later_shows_nothing_of_when_the_kubelet_came() {
        let before =
            json!({"kind": "Pod", "metadata": {"managedFields": []}, "spec": {}, "status": {"phase": "Pending"}});
        let after = json!({
            "kind": "Pod",
            "metadata": {"managedFields": [{"manager": "kubelet"}]},
            "spec": {"nodeName": "n"},
            "status": {"phase": "Running"},
        });
        let masks = Masks::default();
        assert_eq!(masks.apply(&before, Moment::Later), masks.apply(&after, Moment::Later));
    }
}
