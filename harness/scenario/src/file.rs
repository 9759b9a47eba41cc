//! A scenario file, key for key.
//!
//! These types are the format: the schema, the reference in `scenarios/README.md`, the check for unknown keys and wrong
//! types, and decoding all follow from them. Their comments are written for those who write scenarios.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{
    claim::{ContainerState, SkipReason},
    step::PatchType,
};

/// A scenario: what is given, what is done, and what must then hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Scenario")]
pub(crate) struct ScenarioFile {
    /// What the scenario says, in one sentence.
    pub(crate) scenario: String,
    /// The requirements it tests, by their ids in `requirements.yaml`.
    #[schemars(length(min = 1))]
    pub(crate) requirements: Vec<String>,
    /// Values by name. The scenario runs with each combination of them; `${name}` stands for the value in any string or
    /// key of `given`, `when` and `then`, and is the value itself, whatever its type, where nothing stands beside it. Of
    /// a value that is a mapping, `${name.key}` is a part, and its key `case` names it in reports.
    #[serde(default)]
    #[schemars(extend("additionalProperties" = {"type": "array", "minItems": 1}))]
    #[expect(dead_code, reason = "parameters are read before the file is decoded; the field is for the schema")]
    parameters: BTreeMap<String, Vec<Value>>,
    /// What holds before the first step.
    #[serde(default)]
    pub(crate) given: GivenFile,
    /// The API calls, in order.
    #[schemars(length(min = 1))]
    pub(crate) when: Vec<StepFile>,
    /// What must hold, by the names of the answers: that of the object created, or a step's `as`.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) then: BTreeMap<String, ExpectationsFile>,
}

/// What holds before the first step.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Given")]
pub(crate) struct GivenFile {
    /// The namespace of each object that names none.
    pub(crate) namespace: NamespaceFile,
    /// The gardenlet's feature gates; `DefaultSeccompProfile` is true unless it is set here.
    pub(crate) feature_gates: FeatureGatesFile,
    /// The Gardener releases for which the scenario holds, `"1.54..1.134"`, both ends included; either may be left out.
    /// It then runs on each behaviour that these releases know. Without it, it runs on the newest release.
    pub(crate) gardener: Option<String>,
    /// The Kubernetes minors for which the scenario holds, `"1.25.."`; all, unless it is set.
    pub(crate) kubernetes: Option<String>,
    /// The node that the Pods run on.
    pub(crate) node: NodeFile,
}

/// The gardenlet's feature gates.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "FeatureGates")]
pub(crate) struct FeatureGatesFile {
    /// Whether the webhook is registered.
    #[serde(rename = "DefaultSeccompProfile")]
    pub(crate) default_seccomp_profile: Option<bool>,
}

/// A namespace.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Namespace")]
pub(crate) struct NamespaceFile {
    /// Its name, where it matters: `kube-system`. Without it, the namespace is made for the run, under a name of its own.
    pub(crate) name: Option<String>,
    /// Its labels, besides those that the API server sets.
    pub(crate) labels: BTreeMap<String, String>,
    /// Its annotations.
    pub(crate) annotations: BTreeMap<String, String>,
}

/// The node that the Pods run on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Node")]
pub(crate) struct NodeFile {
    /// The kubelet's `seccompDefault`; `[false, true]`, unless it is set: the scenario runs on a node of each kind. Where it is
    /// behind an alpha gate (1.22 to 1.24), that gate is on as well; before 1.22 it does nothing.
    pub(crate) seccomp_default: Option<OneOrMany>,
    /// The files below the kubelet's seccomp folder, by their relative paths.
    pub(crate) localhost_profiles: Vec<String>,
}

/// A boolean, or a list of them.
#[derive(Debug)]
pub(crate) struct OneOrMany(pub(crate) Vec<bool>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = OneOrMany;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a boolean or a list of booleans")
            }

            fn visit_bool<E>(self, value: bool) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![value]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(OneOrMany(values))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "boolean"}, "minItems": 1}],
        })
    }
}

/// One API call, or a change of what surrounds the API server: exactly one of these keys, and `as` beside it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Step")]
pub(crate) struct StepFile {
    /// Creates the object. The image `probe` stands for the harness's own, which reports what the kernel enforces. Of a
    /// workload (a Deployment and the like), the step ends when its controllers have made its Pods.
    pub(crate) create: Option<Map<String, Value>>,
    /// Creates the object with `dryRun=All`.
    pub(crate) dry_run: Option<Map<String, Value>>,
    /// Reads the object.
    pub(crate) get: Option<TargetFile>,
    /// Replaces the object by itself with something merged into it.
    pub(crate) update: Option<UpdateFile>,
    /// Patches the object.
    pub(crate) patch: Option<PatchFile>,
    /// Adds an ephemeral container to a Pod, as `kubectl debug` does.
    pub(crate) ephemeral_container: Option<EphemeralContainerFile>,
    /// Deletes the object, and waits until it is gone, with the Pods of a workload. Of a static Pod, the file is removed.
    pub(crate) delete: Option<TargetFile>,
    /// Writes the Pod into the folder from which the kubelet of the case's node takes static Pods, and waits for its mirror
    /// in the API server: that is the answer.
    pub(crate) static_pod: Option<Map<String, Value>>,
    /// Changes settings of the kubelet of the case's node, whatever runs there.
    pub(crate) kubelet: Option<KubeletFile>,
    /// Sets the gardenlet's feature gates, so that it writes its webhook configuration anew.
    pub(crate) feature_gates: Option<FeatureGatesFile>,
    /// The name by which `then` speaks of the answer. `create`, `dryRun` and `staticPod` have the object's name, unless
    /// this is set; a step without a name must succeed.
    #[serde(rename = "as")]
    pub(crate) name: Option<String>,
}

/// Settings of a kubelet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Kubelet")]
pub(crate) struct KubeletFile {
    /// The kubelet's `seccompDefault` from now on; containers that run already keep what they have. Conditions under
    /// `node` in `then` are about the setting that was given.
    pub(crate) seccomp_default: bool,
}

/// An object that an earlier step created.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Target")]
pub(crate) struct TargetFile {
    /// The name of the `create` or `staticPod` that made it.
    pub(crate) of: String,
}

/// An update.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Update")]
pub(crate) struct UpdateFile {
    /// The name of the `create` that made the object.
    pub(crate) of: String,
    /// What is merged into the stored object; `null` removes a key.
    pub(crate) set: Map<String, Value>,
}

/// A patch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Patch")]
pub(crate) struct PatchFile {
    /// The name of the `create` that made the object.
    pub(crate) of: String,
    /// How the patch is written.
    #[serde(rename = "type")]
    pub(crate) patch_type: PatchType,
    /// The patch.
    pub(crate) patch: Value,
}

/// An ephemeral container.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EphemeralContainer")]
pub(crate) struct EphemeralContainerFile {
    /// The name of the `create` that made the Pod.
    pub(crate) of: String,
    /// The container.
    pub(crate) container: Map<String, Value>,
}

/// What must hold of one answer. What is not named is not compared here: the snapshot holds it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Expectations")]
pub(crate) struct ExpectationsFile {
    /// Whether the API server accepts the call.
    pub(crate) admitted: Option<bool>,
    /// How the API server refuses the call; says `admitted: false` as well.
    pub(crate) rejected: Option<RejectionFile>,
    /// Whether the webhook was asked and changed the object.
    pub(crate) mutated: Option<bool>,
    /// Whether the webhook was asked.
    pub(crate) called: Option<bool>,
    /// What kept the webhook from being asked; says `called: false` as well. Where several things did, the gate comes
    /// first, then the rules, the namespace's labels and the object's.
    pub(crate) skipped_by: Option<SkipReason>,
    /// The Pod-level profile in the answer: `none`, `Unconfined`, `RuntimeDefault` or `Localhost/<file>`.
    pub(crate) profile: Option<String>,
    /// Annotations of the object in the answer; `null`: it has none of that key.
    pub(crate) annotations: BTreeMap<String, Option<String>>,
    /// A part of the object in the answer. `null`: there is no such key; a list's entries are found by their `name`, or
    /// else by their place; what is not named here may be there.
    pub(crate) stored: Option<Map<String, Value>>,
    /// What becomes of the object's containers, by name, at the scenario's end.
    pub(crate) containers: BTreeMap<String, ContainerState>,
    /// The answer's warnings: as many, each of them containing one of these texts. `[]`: it has none.
    pub(crate) warnings: Option<Vec<String>>,
    /// What holds of each Pod that the step made a workload's controllers create, and that is there at the scenario's end.
    pub(crate) pods: PodExpectationsFile,
    /// What holds instead, or besides, from a Kubernetes minor on.
    pub(crate) since: BTreeMap<String, ExpectationsFile>,
    /// What holds instead, or besides, up to and with a Kubernetes minor.
    pub(crate) until: BTreeMap<String, ExpectationsFile>,
    /// What holds instead, or besides, on some nodes.
    pub(crate) node: NodeExpectationsFile,
}

/// What must hold of the Pods that a step made a workload's controllers create.
///
/// Those count that are there at the scenario's end; each of them must be as the other keys say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "PodExpectations")]
pub(crate) struct PodExpectationsFile {
    /// How many there are. It is said always: here, or in the `pods` beside the block around.
    pub(crate) count: Option<usize>,
    /// Whether the webhook was asked and changed the Pod.
    pub(crate) mutated: Option<bool>,
    /// Whether the webhook was asked.
    pub(crate) called: Option<bool>,
    /// The Pod-level profile at the scenario's end.
    pub(crate) profile: Option<String>,
    /// Annotations of the Pod at the scenario's end; `null`: it has none of that key.
    pub(crate) annotations: BTreeMap<String, Option<String>>,
    /// A part of the Pod at the scenario's end.
    pub(crate) stored: Option<Map<String, Value>>,
    /// What becomes of the Pod's containers, by name.
    pub(crate) containers: BTreeMap<String, ContainerState>,
}

/// What holds instead, or besides, on some nodes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "NodeExpectations")]
pub(crate) struct NodeExpectationsFile {
    /// Where the kubelet's `seccompDefault` is true.
    pub(crate) with_seccomp_default: Option<Box<ExpectationsFile>>,
    /// Where it is false.
    pub(crate) without_seccomp_default: Option<Box<ExpectationsFile>>,
}

/// How the API server refuses a call; what is not named is not compared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Rejection")]
pub(crate) struct RejectionFile {
    /// The HTTP status: 422.
    pub(crate) code: Option<u16>,
    /// The reason: `Invalid`.
    pub(crate) reason: Option<String>,
    /// The field that one of `details.causes` is about: `spec.securityContext.seccompProfile.type`.
    pub(crate) field: Option<String>,
    /// A part of the message.
    pub(crate) message: Option<String>,
}

/// The catalogue of requirements, by id.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Requirements")]
pub(crate) struct RequirementsFile {
    /// The requirements, by id.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) requirements: BTreeMap<String, RequirementFile>,
}

/// A thing that the documentation promises and that can be tested.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Requirement")]
pub(crate) struct RequirementFile {
    /// What is promised, in our own words.
    pub(crate) statement: String,
    /// The document that promises it.
    pub(crate) source: String,
    /// Whether it is about what the kernel enforces, so that a cluster without nodes cannot show it.
    #[serde(default)]
    pub(crate) kernel: bool,
}
