//! Deliberately broken webhooks: a suite that passes with one of them proves nothing.

use std::{fmt, str::FromStr};

use json_patch::{PatchOperation, RemoveOperation, jsonptr::PointerBuf};
use serde_json::{Value, json};

use crate::{
    behaviour::{APP_LABEL, NAMESPACE_NAME_LABEL, ROLE_LABEL, SKIP_LABEL, STATIC_POD_LABEL},
    decide::{Decision, Handler, Outcome, decide},
    patch::{add, set_default_profile, set_profile},
    registration::Registration,
    request::{AdmissionRequest, PodView},
    selector::{LabelSelector, Operator, Requirement},
};

macro_rules! mutants {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// One thing that is broken.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Mutant {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Mutant {
            /// Every mutant.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As `--webhook mutant:NAME` takes it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

mutants! {
    /// The registration has no term for the skip label.
    IgnoresSkipLabel = "ignores-skip-label",
    /// The skip label counts only with the value `true`.
    ReadsSkipLabelValue = "reads-skip-label-value",
    /// The registration has no term for the webhook's own Pods.
    IgnoresSelfExclusionLabel = "ignores-self-exclusion-label",
    /// The registration has no term for static Pods (1.135 and later; the same as the reference before).
    IgnoresStaticPodLabel = "ignores-static-pod-label",
    /// The registration selects every namespace.
    PatchesEveryNamespace = "patches-every-namespace",
    /// The registration does not spare kube-system.
    PatchesKubeSystem = "patches-kube-system",
    /// The registration does not ask for the role label (1.135 and later; the same as the reference before).
    PatchesUnmanagedNamespaces = "patches-unmanaged-namespaces",
    /// The registration names UPDATE too, and the handler changes what is updated.
    AcceptsUpdates = "accepts-updates",
    /// The registration names the subresource of ephemeral containers too.
    AcceptsSubresources = "accepts-subresources",
    /// A profile that the Pod sets itself is overwritten.
    OverwritesExplicitProfile = "overwrites-explicit-profile",
    /// Only an explicit Unconfined is overwritten.
    OverwritesUnconfined = "overwrites-unconfined",
    /// The containers are given the profile instead of the Pod.
    WritesToContainers = "writes-to-containers",
    /// No Pod is ever changed.
    NeverMutates = "never-mutates",
    /// The profile is Unconfined.
    SetsUnconfined = "sets-unconfined",
    /// The profile is the annotation of old instead of the field.
    SetsAnnotation = "sets-annotation",
    /// The answer carries another uid (a `v1beta1` caller does not check it; [`crate::Record::is_uid_echoed`] does).
    WrongUid = "wrong-uid",
    /// Dry runs are left alone.
    IgnoresDryRuns = "ignores-dry-runs",
    /// Fields that an old API library does not know are removed from the Pod.
    DropsUnknownFields = "drops-unknown-fields",
    /// The rest of the Pod's security context is lost.
    ReplacesSecurityContext = "replaces-security-context",
    /// Pods with a privileged container are left alone.
    SkipsPrivileged = "skips-privileged",
    /// Pods with a container that sets its own profile are left alone.
    SkipsContainerProfiles = "skips-container-profiles",
    /// Pods with the seccomp annotation of old are left alone.
    TrustsAnnotation = "trusts-annotation",
    /// Pods without a name of their own are left alone.
    SkipsGeneratedNames = "skips-generated-names",
    /// Pods for Windows are left alone.
    SkipsWindows = "skips-windows",
    /// A profile with an empty type counts as set.
    KeepsEmptyType = "keeps-empty-type",
    /// Pods that would be changed are refused.
    RefusesInstead = "refuses-instead",
}

/// Fields of a Pod that came after Kubernetes 1.29, which a library of that time drops.
const YOUNG_FIELDS: &[&[&str]] = &[
    &["spec", "securityContext", "appArmorProfile"],
    &["spec", "securityContext", "supplementalGroupsPolicy"],
    &["spec", "securityContext", "seLinuxChangePolicy"],
    &["spec", "resources"],
];

impl Mutant {
    /// Breaks the registration.
    pub(crate) fn register(self, registration: &mut Registration) {
        let Registration { object_selector, namespace_selector, operations, resources, .. } = registration;
        match self {
            Self::IgnoresSkipLabel => object_selector.forget(SKIP_LABEL),
            Self::ReadsSkipLabelValue => {
                object_selector.forget(SKIP_LABEL);
                let only_true = Requirement { key: SKIP_LABEL, operator: Operator::NotIn, values: &["true"] };
                object_selector.match_expressions.insert(0, only_true);
            }
            Self::IgnoresSelfExclusionLabel => object_selector.forget(APP_LABEL),
            Self::IgnoresStaticPodLabel => object_selector.forget(STATIC_POD_LABEL),
            Self::PatchesEveryNamespace => *namespace_selector = LabelSelector::default(),
            Self::PatchesKubeSystem => {
                namespace_selector.forget(NAMESPACE_NAME_LABEL);
                namespace_selector.forget(crate::behaviour::PURPOSE_LABEL);
            }
            Self::PatchesUnmanagedNamespaces => namespace_selector.forget(ROLE_LABEL),
            Self::AcceptsUpdates => operations.push("UPDATE"),
            Self::AcceptsSubresources => {
                operations.push("UPDATE");
                resources.push("pods/ephemeralcontainers");
            }
            _ => {}
        }
    }

    /// Decides as the broken webhook does.
    ///
    /// `review` is the whole review: only mutants look at parts of a Pod that the decision does not depend on.
    pub(crate) fn decide(self, handler: Handler, request: &AdmissionRequest, review: &[u8]) -> Decision {
        let honest = decide(handler, request);
        let review: Value = serde_json::from_slice(review).unwrap_or_default();
        let object = review.pointer("/request/object").unwrap_or(&Value::Null);
        let Some(Ok(pod)) = &request.object else { return honest };
        let left_alone = || Decision::allowed(Outcome::LeftAlone, "");
        match (self, honest.outcome) {
            (Self::AcceptsUpdates | Self::AcceptsSubresources, Outcome::NotCreate | Outcome::Subresource)
                if pod.profile_type().is_none() =>
            {
                Decision::patched(set_default_profile(pod))
            }
            (Self::OverwritesExplicitProfile, Outcome::AlreadySet) => Decision::patched(set_default_profile(pod)),
            (Self::OverwritesUnconfined, Outcome::AlreadySet) if pod.profile_type() == Some("Unconfined") => {
                Decision::patched(set_default_profile(pod))
            }
            (Self::DropsUnknownFields, Outcome::Mutated | Outcome::AlreadySet) => {
                let removals = removals(object);
                Decision { patch: honest.patch.iter().cloned().chain(removals).collect(), ..honest }
            }
            (_, Outcome::Mutated) if self.leaves_alone(request, pod, object) => left_alone(),
            (_, Outcome::Mutated) => self.change(pod, object).unwrap_or(honest),
            _ => honest,
        }
    }

    /// Whether a Pod that should be changed is not.
    fn leaves_alone(self, request: &AdmissionRequest, pod: &PodView, object: &Value) -> bool {
        let any_container = |path: &str| containers(object).any(|(_, _, container)| container.pointer(path).is_some());
        let is_privileged = |container: &Value| container.pointer("/securityContext/privileged") == Some(&json!(true));
        match self {
            Self::NeverMutates => true,
            Self::IgnoresDryRuns => request.dry_run,
            Self::SkipsPrivileged => containers(object).any(|(_, _, container)| is_privileged(container)),
            Self::SkipsContainerProfiles => any_container("/securityContext/seccompProfile"),
            Self::TrustsAnnotation => {
                object.pointer("/metadata/annotations/seccomp.security.alpha.kubernetes.io~1pod").is_some()
            }
            Self::SkipsGeneratedNames => request.name.is_empty(),
            Self::SkipsWindows => object.pointer("/spec/os/name") == Some(&json!("windows")),
            Self::KeepsEmptyType => pod.security_context().is_some_and(|context| context.seccomp_profile.is_some()),
            _ => false,
        }
    }

    /// The wrong change, where it is wrong.
    fn change(self, pod: &PodView, object: &Value) -> Option<Decision> {
        let profile = json!({ "type": "RuntimeDefault" });
        let patch = match self {
            Self::SetsUnconfined => set_profile(pod, &json!({ "type": "Unconfined" })),
            Self::ReplacesSecurityContext => {
                vec![add(["spec", "securityContext"], json!({ "seccompProfile": profile }))]
            }
            Self::SetsAnnotation => {
                let mut annotations = object.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
                annotations["seccomp.security.alpha.kubernetes.io/pod"] = json!("runtime/default");
                vec![add(["metadata", "annotations"], annotations)]
            }
            Self::WritesToContainers => containers(object)
                .map(|(list, index, container)| {
                    let mut context = container.get("securityContext").cloned().unwrap_or_else(|| json!({}));
                    context["seccompProfile"] = profile.clone();
                    add(["spec", list, &index.to_string(), "securityContext"], context)
                })
                .collect(),
            Self::RefusesInstead => {
                return Some(Decision::errored(Outcome::Refused, 403, "Pods must set a seccomp profile".to_owned()));
            }
            _ => return None,
        };
        Some(Decision::patched(patch))
    }

    /// The uid to answer with.
    pub(crate) fn uid(self, request: &AdmissionRequest) -> String {
        if self == Self::WrongUid { format!("{}0", request.uid) } else { request.uid.clone() }
    }
}

/// A Pod's init and main containers, each with its list and its index there; what is no object is passed over.
fn containers(object: &Value) -> impl Iterator<Item = (&'static str, usize, &Value)> {
    ["initContainers", "containers"].into_iter().flat_map(move |list| {
        let members = object.get("spec").and_then(|spec| spec.get(list)).and_then(Value::as_array);
        members
            .into_iter()
            .flatten()
            .enumerate()
            .filter(|(_, container)| container.get("securityContext").unwrap_or(container).is_object())
            .map(move |(index, container)| (list, index, container))
    })
}

/// What an old library would lose of `object`.
fn removals(object: &Value) -> Vec<PatchOperation> {
    let in_containers = containers(object).flat_map(|(list, index, _)| {
        [
            PointerBuf::from_tokens(["spec", list, &index.to_string(), "restartPolicy"]),
            PointerBuf::from_tokens(["spec", list, &index.to_string(), "securityContext", "appArmorProfile"]),
        ]
    });
    YOUNG_FIELDS
        .iter()
        .map(|field| PointerBuf::from_tokens(field.iter().copied()))
        .chain(in_containers)
        .filter(|path| object.pointer(path.as_str()).is_some())
        .map(|path| PatchOperation::Remove(RemoveOperation { path }))
        .collect()
}

impl fmt::Display for Mutant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A text that names no mutant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse mutant `{text}`: expected one of {}", Mutant::ALL.iter().map(|mutant| mutant.name()).collect::<Vec<_>>().join(", "))]
pub struct MutantError {
    text: String,
}

impl FromStr for Mutant {
    type Err = MutantError;

    fn from_str(text: &str) -> Result<Self, MutantError> {
        let found = Self::ALL.iter().copied().find(|mutant| mutant.name() == text);
        found.ok_or_else(|| MutantError { text: text.to_owned() })
    }
}
