//! The shipped scenarios can be read, and their schema is the one that the types give.

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_scenario::{Suite, SuiteError};

/// The folder of the shipped scenarios.
fn folder() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

/// A failure's whole text, as the command prints it.
fn rendered(error: &SuiteError) -> String {
    match error {
        SuiteError::Invalid(files) => files.iter().map(crate::render).collect::<Vec<_>>().join("\n"),
        error => format!("{error:?}"),
    }
}

#[test]
fn reads_every_scenario() {
    let suite = Suite::read(&folder()).unwrap_or_else(|error| panic!("{}", rendered(&error)));
    assert!(!suite.scenarios.is_empty());
}
