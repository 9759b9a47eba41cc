//! What was seen when a case ran: answers, stored objects, the webhook's record, the containers.

use std::fmt;

use seccomp_scenario::SkipReason;
use serde_json::Value;

/// All that was seen of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Each API call, in the order in which they were made.
    pub steps: Vec<StepOutcome>,
    /// What became of each object that the steps name, read at the end.
    pub objects: Vec<ObjectOutcome>,
}

/// What a step of a scenario does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verb {
    /// `POST` of an object.
    Create,
    /// `POST` of an object with `dryRun=All`.
    DryRun,
    /// `GET` of an object.
    Get,
    /// `PUT` of an object.
    Update,
    /// `PATCH` of an object.
    Patch,
    /// `PATCH` of the `ephemeralcontainers` subresource.
    EphemeralContainer,
    /// `DELETE` of an object.
    Delete,
    /// A manifest is written into the folder of the node's kubelet, which makes the mirror Pod.
    StaticPod,
    /// The gardenlet's feature gates change, and with them the webhook's registration.
    FeatureGates,
    /// The settings of the node's kubelet change.
    Kubelet,
}

impl Verb {
    /// The key in a scenario's `when`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::DryRun => "dryRun",
            Self::Get => "get",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::EphemeralContainer => "ephemeralContainer",
            Self::Delete => "delete",
            Self::StaticPod => "staticPod",
            Self::FeatureGates => "featureGates",
            Self::Kubelet => "kubelet",
        }
    }

    /// Whether it posts a new object.
    pub(crate) const fn is_creation(self) -> bool {
        matches!(self, Self::Create | Self::DryRun)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One step and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutcome {
    /// What was done.
    pub verb: Verb,
    /// The name by which `then` speaks of the answer.
    pub name: Option<String>,
    /// The object that it is about, `Pod labelled`; empty for `featureGates` and `kubelet`.
    pub object: String,
    /// The step's line in the scenario's file, from 1.
    pub line: usize,
    /// What was sent: the object, the patch, the settings; nothing for `get` and `delete`.
    pub submitted: Option<Value>,
    /// What the API server answered.
    pub answer: Answer,
    /// What the webhook had to do with it, nothing for steps that no registration can match.
    pub invocation: Option<Invocation>,
    /// The Pods that a workload's controllers made because of it.
    pub pods: Vec<MadePod>,
}

/// A Pod that a workload's controllers made.
#[derive(Clone, Debug, PartialEq)]
pub struct MadePod {
    /// Its own name, which is also that of its [`ObjectOutcome`].
    pub name: String,
    /// What the webhook had to do with its creation.
    pub invocation: Invocation,
}

/// What the API server answered to one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The HTTP status code.
    pub code: u16,
    /// The `Warning` headers' texts, in order.
    pub warnings: Vec<String>,
    /// The body: the object, or a `Status`.
    pub body: Value,
}

impl Answer {
    /// Whether the API server did what was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The `Status`' reason, when the call was refused.
    pub fn reason(&self) -> Option<&str> {
        self.refusal()?.get("reason")?.as_str()
    }

    /// The `Status`' message, when the call was refused.
    pub fn message(&self) -> Option<&str> {
        self.refusal()?.get("message")?.as_str()
    }

    /// The fields that the `Status`' causes name, when the call was refused.
    pub fn fields(&self) -> Vec<&str> {
        let causes = self.refusal().and_then(|status| status.pointer("/details/causes")?.as_array());
        causes.into_iter().flatten().filter_map(|cause| cause.get("field")?.as_str()).collect()
    }

    fn refusal(&self) -> Option<&Value> {
        (!self.is_success()).then_some(&self.body)
    }
}

/// Proof of what the webhook had to do with a call.
///
/// Joined from the webhook's own record (was it asked, what did it say) and, where it was not asked, the explanation
/// computed from its registration.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// The webhook was asked and answered.
    Called {
        /// Each review, in the order in which the webhook got them; more than one only where it was asked again.
        reviews: Vec<Review>,
    },
    /// The webhook was not asked.
    NotCalled {
        /// What decided so; nothing where the call never came as far as admission.
        reason: Option<SkipReason>,
        /// The selector requirement, the rule or the gate that decided so, in words.
        why: String,
    },
}

impl Invocation {
    /// Whether the webhook was asked.
    pub const fn is_called(&self) -> bool {
        matches!(self, Self::Called { .. })
    }

    /// Whether an answer of the webhook held a patch that changes anything.
    pub fn is_changed(&self) -> bool {
        match self {
            Self::Called { reviews } => reviews.iter().any(Review::is_changed),
            Self::NotCalled { .. } => false,
        }
    }
}

/// One AdmissionReview: what was asked and what was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// The review's `apiVersion`.
    pub version: String,
    /// The `request` of the review, as it came.
    pub request: Value,
    /// Whether the webhook let the object pass.
    pub allowed: bool,
    /// The patch operations of the answer, empty when it changed nothing.
    pub patch: Value,
    /// The `response` of the review as it was sent, without the encoded patch.
    pub response: Value,
}

impl Review {
    /// Whether the answer held a patch operation.
    pub fn is_changed(&self) -> bool {
        self.patch.as_array().is_some_and(|operations| !operations.is_empty())
    }
}

/// What became of one object, read at the end of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectOutcome {
    /// The name of the `create` step that made it, as `then` uses it, else the object's own name.
    pub name: String,
    /// The object as it is stored at the end, nothing when there is none.
    pub stored: Option<Value>,
    /// The Pod's containers; nothing where the cluster runs none.
    pub containers: Option<Vec<ContainerOutcome>>,
}

/// What became of a container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContainerOutcome {
    /// The container's name.
    pub name: String,
    /// Which of the Pod's lists it stands in.
    pub list: ContainerList,
    /// The state in the Pod's status: `running`, `terminated: Completed`, `waiting: CreateContainerError`.
    pub state: String,
    /// What its probe read of the kernel: `Unconfined`, `RuntimeDefault`, `Localhost`; nothing when it never ran.
    pub mode: Option<String>,
}

/// The list of a Pod's spec that a container stands in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ContainerList {
    /// `spec.initContainers`.
    Init,
    /// `spec.containers`.
    Main,
    /// `spec.ephemeralContainers`.
    Ephemeral,
}

impl ContainerList {
    /// The list's field in a Pod's spec.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}
