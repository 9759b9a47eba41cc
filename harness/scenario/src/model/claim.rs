//! What must hold.

use std::{fmt, str::FromStr};

use serde_json::Value;

use crate::model::{location::Location, range::VersionRange};

/// One thing that must hold, and where the file says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The name of the answer it speaks of.
    pub of: String,
    /// What of it.
    pub subject: Subject,
    /// What must hold.
    pub claim: Claim,
    /// Where it stands in its file.
    pub location: Location,
    /// When it holds.
    pub(crate) condition: Condition,
}

impl Expectation {
    /// What the expectation is about; two with the same key cannot hold at once.
    pub(crate) fn key(&self) -> ClaimKey<'_> {
        let (about, part) = match &self.claim {
            // The last two say the opposite of `admitted: true` and so take its place.
            Claim::Admitted(_) | Claim::Rejected(_) => ("admitted", ""),
            Claim::Mutated(_) => ("mutated", ""),
            Claim::Called(_) => ("called", ""),
            Claim::SkippedBy(_) => ("skippedBy", ""),
            Claim::Profile(_) => ("profile", ""),
            Claim::Annotation { key, .. } => ("annotations", key.as_str()),
            Claim::Stored(_) => ("stored", ""),
            Claim::Container { name, .. } => ("containers", name.as_str()),
            Claim::Warnings(_) => ("warnings", ""),
            Claim::Count(_) => ("count", ""),
        };
        (self.of.as_str(), self.subject, about, part)
    }
}

/// What an expectation speaks of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// The answer itself, and the object in it.
    Answer,
    /// Each Pod that the workload's controllers made because of the step, and that is there at the scenario's end.
    Pods,
}

/// Answer, subject, what about it, and part of that.
pub(crate) type ClaimKey<'a> = (&'a str, Subject, &'static str, &'a str);

/// When an expectation holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Condition {
    /// The Kubernetes minors.
    pub(crate) kubernetes: VersionRange,
    /// The kubelet's `seccompDefault`.
    pub(crate) seccomp_default: Option<bool>,
}

impl Condition {
    pub(crate) fn holds(&self, minor: u16, seccomp_default: bool) -> bool {
        self.kubernetes.contains(minor) && self.seccomp_default.is_none_or(|wanted| wanted == seccomp_default)
    }

    /// Whether this one is more particular than `other`, where both hold.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        let rank = |condition: &Self| {
            (
                condition.seccomp_default.is_some(),
                condition.kubernetes.from.is_some() || condition.kubernetes.until.is_some(),
                condition.kubernetes.from.unwrap_or(0),
                u16::MAX - condition.kubernetes.until.unwrap_or(u16::MAX),
            )
        };
        rank(self) > rank(other)
    }
}

/// What must hold of an answer and of the object it is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The API server accepts the call, or does not.
    Admitted(bool),
    /// The API server refuses the call, in this way.
    Rejected(Rejection),
    /// The webhook was asked and changed the object, or did not.
    Mutated(bool),
    /// The webhook was asked, or was not.
    Called(bool),
    /// What kept the webhook from being asked; says `called: false` as well.
    SkippedBy(SkipReason),
    /// The Pod-level profile in the answer.
    Profile(Profile),
    /// An annotation in the answer; no value: it is not there.
    Annotation {
        /// Its key.
        key: String,
        /// Its value.
        value: Option<String>,
    },
    /// A part of the object in the answer, compared by [`crate::partial::compare`].
    Stored(Value),
    /// What becomes of a container, at the scenario's end.
    Container {
        /// The container's name, whether regular, init or ephemeral.
        name: String,
        /// Its state.
        state: ContainerState,
    },
    /// The answer's warnings: as many, and each of these texts is part of another one of them.
    Warnings(Vec<String>),
    /// How many Pods there are; of [`Subject::Pods`] alone.
    Count(usize),
}

/// How the API server refuses a call; what is not given is not compared.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rejection {
    /// The HTTP status.
    pub code: Option<u16>,
    /// The Status object's `reason`.
    pub reason: Option<String>,
    /// The `field` of one of `details.causes`.
    pub field: Option<String>,
    /// A part of the `message`.
    pub message: Option<String>,
}

/// What kept the webhook from being asked; where several things did, the first in this order: gate, rules, selectors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// The namespace does not match the registration's `namespaceSelector`.
    NamespaceSelector,
    /// The object does not match the registration's `objectSelector`.
    ObjectSelector,
    /// None of the registration's `rules` matches the request.
    Rules,
    /// The gate is off, so the webhook is not registered.
    FeatureGate,
}

impl fmt::Display for SkipReason {
    /// As scenarios write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NamespaceSelector => "namespaceSelector",
            Self::ObjectSelector => "objectSelector",
            Self::Rules => "rules",
            Self::FeatureGate => "featureGate",
        })
    }
}

/// A Pod-level seccomp profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Profile {
    /// The Pod has none.
    None,
    /// `type: Unconfined`
    Unconfined,
    /// `type: RuntimeDefault`
    RuntimeDefault,
    /// `type: Localhost` with this `localhostProfile`
    Localhost(String),
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("none"),
            Self::Unconfined => formatter.write_str("Unconfined"),
            Self::RuntimeDefault => formatter.write_str("RuntimeDefault"),
            Self::Localhost(file) => write!(formatter, "Localhost/{file}"),
        }
    }
}

/// A text that is no profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a profile is `none`, `Unconfined`, `RuntimeDefault` or `Localhost/<file>`")]
pub struct ProfileError;

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        match text {
            "none" => Ok(Self::None),
            "Unconfined" => Ok(Self::Unconfined),
            "RuntimeDefault" => Ok(Self::RuntimeDefault),
            // The API server takes an empty file name, too.
            _ => text.strip_prefix("Localhost/").map(|file| Self::Localhost(file.to_owned())).ok_or(ProfileError),
        }
    }
}

/// What becomes of a container.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum ContainerState {
    /// It runs, or ran, without a filter.
    Unconfined,
    /// It runs, or ran, with the container runtime's default filter.
    RuntimeDefault,
    /// It runs, or ran, with a filter from a file on the node.
    Localhost,
    /// The kubelet cannot make its configuration, and it waits with this reason.
    CreateContainerConfigError,
    /// The container runtime cannot create it, and it waits with this reason.
    CreateContainerError,
    /// It was never started, for instance because no node takes the Pod.
    NotStarted,
}
