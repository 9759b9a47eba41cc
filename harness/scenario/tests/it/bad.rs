//! Each thing that can be wrong with a file, and what its author is told.

use crate::rendering::render;
use camino::Utf8Path;
use proptest::prelude::*;
use rstest::rstest;
use seccomp_scenario::{Requirements, Scenario, ScenarioErrors, Suite, SuiteError};
use std::{collections::BTreeSet, path::PathBuf, time::Instant};

/// The folder of the wrong files.
fn folder() -> &'static Utf8Path {
    Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad"))
}

fn requirements() -> Requirements {
    let text = "requirements:\n  gate-on: {statement: s, source: t}\n  gate-off: {statement: s, source: t}\n  not-labelled-skip: {statement: s, source: t}\n";
    Requirements::read(Utf8Path::new("requirements.yaml"), text).unwrap()
}

fn read(text: &str) -> Result<Scenario, ScenarioErrors> {
    Scenario::read("bad", Utf8Path::new("bad.yaml"), text, &requirements())
}

fn assert_rendering(path: &std::path::Path, errors: &ScenarioErrors) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let rendering = render(errors);
    // `code.yaml`, or `code.case.yaml` where one file does not show it all.
    let code = name.split('.').next().unwrap_or(name);
    assert!(rendering.contains(&format!("scenario::{code}\n")), "{rendering}");
    insta::with_settings!({
        snapshot_path => path.parent().unwrap(),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, rendering);
    });
}

#[rstest]
fn rejects_a_scenario(#[files("tests/bad/*.yaml")] path: PathBuf) {
    let utf8 = Utf8Path::from_path(&path).unwrap();
    let file = utf8.file_name().unwrap();
    let errors = if let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) {
        Scenario::read("bad", Utf8Path::new(file), &text, &requirements()).unwrap_err()
    } else {
        // What is no text is found when a folder is read.
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        std::fs::write(root.join("requirements.yaml"), "requirements:\n  a: {statement: s, source: t}\n").unwrap();
        std::fs::copy(&path, root.join(file)).unwrap();
        let Err(SuiteError::Invalid(mut files)) = Suite::read(root) else { panic!("{file} is read") };
        files.remove(0).renamed(Utf8Path::new(file))
    };
    assert_rendering(&path, &errors);
}

#[rstest]
fn rejects_a_catalogue(#[files("tests/bad/requirements/*.yaml")] path: PathBuf) {
    let text = std::fs::read_to_string(&path).unwrap();
    assert_rendering(&path, &Requirements::read(Utf8Path::new("requirements.yaml"), &text).unwrap_err());
}

#[test]
fn rejects_a_file_that_is_too_large() {
    let errors = read(&"# comment\n".repeat(200_000)).unwrap_err();
    insta::assert_snapshot!(errors.errors[0], @"the file has 2000000 bytes, and at most 1 MiB is read");
}

#[test]
fn every_code_has_a_wrong_file() {
    let source = include_str!("../../src/diagnostic.rs");
    let codes: BTreeSet<_> =
        source.split("code(scenario::").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let has_file =
        |code: &&str| ["", "requirements/"].iter().any(|below| folder().join(format!("{below}{code}.yaml")).exists());
    // Of the one, a file would be too large; the other is for files of other crates.
    let is_elsewhere = |code: &&str| ["too_large", "unfit"].contains(code);
    let missing: Vec<_> = codes.into_iter().filter(|code| !is_elsewhere(code) && !has_file(code)).collect();
    assert!(missing.is_empty(), "no file shows {missing:?}");
}

#[test]
fn a_mebibyte_of_nested_braces_is_rejected_at_once() {
    let text = format!("scenario: x\nwhen: {}", "{".repeat((1 << 20) - 20));
    let start = Instant::now();
    let errors = read(&text).unwrap_err();
    assert_eq!(errors.errors.len(), 1, "{errors:?}");
    assert!(start.elapsed().as_millis() < 50, "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_panics(text in "\\PC{0,300}") {
        let _ = read(&text);
    }

    /// A good file with a piece of it replaced meets the checks behind the YAML reader, too.
    #[test]
    fn no_damaged_file_panics(start in 0_usize..900, length in 0_usize..40, piece in "[-a-z0-9: {}\\[\\]\"$&*\n]{0,12}") {
        let good = include_str!("../../../../scenarios/preconditions/skip_label.yaml");
        let boundary = |at: usize| (0..=at.min(good.len())).rev().find(|at| good.is_char_boundary(*at)).unwrap_or(0);
        let damaged = format!("{}{piece}{}", &good[..boundary(start)], &good[boundary(start + length)..]);
        let _ = read(&damaged);
    }
}
