//! The shipped scenarios can be read, and what is generated from the format's types is as shipped.

use crate::rendering::render;
use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;
use seccomp_scenario::{Requirements, Scenario, Suite, SuiteError};
use std::{collections::BTreeSet, path::PathBuf};

/// The folder of the shipped scenarios.
fn folder() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn suite() -> Suite {
    Suite::read(&folder()).unwrap_or_else(|error| panic!("{}", rendered(&error)))
}

/// A failure's whole text, as the command prints it.
fn rendered(error: &SuiteError) -> String {
    match error {
        SuiteError::Invalid(files) => files.iter().map(render).collect::<Vec<_>>().join("\n"),
        error => format!("{error:?}"),
    }
}

#[test]
fn every_requirement_is_tested_more_than_once() {
    // Where it takes effect, and where it does not.
    let suite = suite();
    let tests = |id: &&str| {
        suite.scenarios.iter().filter(|scenario| scenario.requirements.iter().any(|listed| listed == id)).count()
    };
    let missing: Vec<_> = suite.requirements.ids().filter(|id| tests(id) < 2).collect();
    assert!(missing.is_empty(), "not two scenarios test {missing:?}");
}

#[test]
fn every_title_is_its_own() {
    let suite = suite();
    let titles: BTreeSet<_> = suite.scenarios.iter().map(|scenario| &scenario.title).collect();
    assert_eq!(titles.len(), suite.scenarios.len());
}

#[rstest]
fn fits_the_shipped_schema(
    #[files("../../scenarios/**/*.yaml")]
    #[exclude("requirements.yaml")]
    path: PathBuf,
) {
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=../schema.json\n#\n# "), "{}", path.display());
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder().join("schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
}

#[test]
fn the_shipped_schema_is_the_generated_one() {
    let shipped = std::fs::read_to_string(folder().join("schema.json")).unwrap();
    assert!(shipped == seccomp_scenario::schema_text(), "run `cargo run -p seccomp-scenario --example generate`");
}

#[test]
fn the_shipped_reference_is_the_generated_one() {
    let shipped = std::fs::read_to_string(folder().join("README.md")).unwrap();
    assert!(shipped.contains(&seccomp_scenario::reference()), "run `cargo run -p seccomp-scenario --example generate`");
}

#[test]
fn the_readme_example_can_be_read() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let requirements = folder().join("requirements.yaml");
    let requirements = Requirements::read(&requirements, &std::fs::read_to_string(&requirements).unwrap()).unwrap();
    let example = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let scenario = Scenario::read("readme", Utf8Path::new("README.md"), example, &requirements);
    let scenario = scenario.unwrap_or_else(|errors| panic!("{}", render(&errors)));
    assert_eq!(scenario.instances.len(), 3);
}
