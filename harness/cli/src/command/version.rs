//! `version`: of the harness, and of what it models.

use seccomp_conformance::Minor;
use seccomp_webhook::GardenerRelease;
use serde_json::json;

use crate::{
    arguments::{Format, VersionArguments},
    end::End,
    error::Failure,
    terminal,
};

/// Prints the versions.
pub(crate) fn run(arguments: &VersionArguments) -> Result<End, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let text = match arguments.output {
        Format::Text => format!(
            "seccomp-harness {version}\nKubernetes {} to {}\nGardener {} to {}\n",
            Minor::OLDEST,
            Minor::NEWEST,
            GardenerRelease::OLDEST,
            GardenerRelease::NEWEST
        ),
        Format::Json => {
            let document = json!({
                "version": version,
                "kubernetes": { "oldest": Minor::OLDEST.to_string(), "newest": Minor::NEWEST.to_string() },
                "gardener": {
                    "oldest": GardenerRelease::OLDEST.to_string(),
                    "newest": GardenerRelease::NEWEST.to_string(),
                },
                "reportSchemaVersion": seccomp_report::SCHEMA_VERSION,
            });
            format!("{document:#}\n")
        }
    };
    terminal::print(&text)?;
    Ok(End::Passed)
}
