//! Which webhook.

use std::str::FromStr;

use seccomp_conformance::WebhookKind;
use seccomp_webhook::Mutant;

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

impl From<WebhookChoice> for WebhookKind {
    fn from(choice: WebhookChoice) -> Self {
        match choice {
            WebhookChoice::Reference => Self::Reference,
            WebhookChoice::Mutant(mutant) => Self::Mutant(mutant.name().to_owned()),
        }
    }
}

/// A text that names no webhook.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookChoiceError {
    /// Neither of the two forms.
    #[error("parse webhook `{0}`: expected `reference` or `mutant:NAME`")]
    Unknown(String),
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
