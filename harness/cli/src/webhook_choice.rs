//! Which webhook.

use std::{fmt, str::FromStr};

use seccomp_webhook::{Mutant, RESOURCE_MANAGER};

/// What any server is called.
const URL: &str = "url";

/// Which webhook.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WebhookChoice {
    /// The documented behaviour.
    Reference,
    /// The same, broken on purpose.
    Mutant(Mutant),
}

impl WebhookChoice {
    /// What is broken about it.
    pub(crate) fn mutant(self) -> Option<Mutant> {
        match self {
            Self::Reference => None,
            Self::Mutant(mutant) => Some(mutant),
        }
    }
}

/// Which webhook a run tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TestedWebhook {
    /// One of our own.
    Own(WebhookChoice),
    /// Gardener's own.
    ResourceManager,
    /// One that somebody runs.
    Url,
}

impl fmt::Display for TestedWebhook {
    /// As the command line names it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(WebhookChoice::Reference) => formatter.write_str("reference"),
            Self::Own(WebhookChoice::Mutant(mutant)) => write!(formatter, "mutant:{}", mutant.name()),
            Self::ResourceManager => formatter.write_str(RESOURCE_MANAGER),
            Self::Url => formatter.write_str(URL),
        }
    }
}

impl FromStr for TestedWebhook {
    type Err = WebhookChoiceError;

    fn from_str(text: &str) -> Result<Self, WebhookChoiceError> {
        match text {
            RESOURCE_MANAGER => Ok(Self::ResourceManager),
            URL => Ok(Self::Url),
            _ => match text.parse() {
                Err(WebhookChoiceError::Unknown(text)) => Err(WebhookChoiceError::UnknownTested(text)),
                parsed => parsed.map(Self::Own),
            },
        }
    }
}

/// A text that names no webhook.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookChoiceError {
    /// Neither of the two forms.
    #[error("parse webhook `{0}`: expected `reference` or `mutant:NAME`")]
    Unknown(String),
    /// None that a run can test.
    #[error("parse webhook `{0}`: expected `reference`, `gardener-resource-manager`, `url` or `mutant:NAME`")]
    UnknownTested(String),
    /// No mutant has the name.
    #[error(transparent)]
    Mutant(#[from] seccomp_webhook::MutantError),
}

impl FromStr for WebhookChoice {
    type Err = WebhookChoiceError;

    fn from_str(text: &str) -> Result<Self, WebhookChoiceError> {
        match text.strip_prefix("mutant:") {
            Some(name) => Ok(Self::Mutant(name.parse()?)),
            None if text == "reference" => Ok(Self::Reference),
            None => Err(WebhookChoiceError::Unknown(text.to_owned())),
        }
    }
}
