//! The one place that reads YAML.
//!
//! A file is scanned before it is decoded: the scan is cheap whatever the text, refuses what is hostile (size, nesting,
//! aliases) or what YAML readers understand differently, and knows where each thing stands. Then `serde_yaml` decodes
//! the values. Nobody else calls `serde_yaml`.

mod adopt;
mod node;
mod plain;
mod scan;

use serde::de::DeserializeOwned;

pub(crate) use node::{Entry, Kind, Node};

use crate::diagnostic::{ScenarioError, span};

/// The largest file that is read.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// How deep lists and mappings may nest.
pub(crate) const MAX_DEPTH: usize = 64;
/// How many aliases a file may have.
pub(crate) const MAX_ALIASES: usize = 16;
/// How many nodes a file may have, with each alias counted as what it stands for.
pub(crate) const MAX_NODES: usize = 200_000;

/// What became of a text.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The document; nothing where the text is no YAML. With errors it is good for finding further ones, and no more.
    pub(crate) root: Option<Node>,
    /// All that is wrong with the text as YAML.
    pub(crate) errors: Vec<ScenarioError>,
}

/// Reads one document.
pub(crate) fn read(text: &str) -> Reading {
    let mut reading = scan::scan(text);
    let Some(root) = reading.root.as_mut().filter(|_| reading.errors.is_empty()) else {
        return reading;
    };
    match decode_text(text) {
        Ok(value) => adopt::adopt(root, value, &mut reading.errors),
        Err(error) => {
            let at = error.location().map_or(0, |location| location.index());
            reading.errors.push(ScenarioError::Syntax { problem: error.to_string(), span: span(at..at) });
        }
    }
    reading
}

#[expect(clippy::disallowed_methods, reason = "the scan has refused what is hostile")]
fn decode_text(text: &str) -> Result<serde_yaml::Value, serde_yaml::Error> {
    serde_yaml::from_str(text)
}

/// Decodes a document, or a part of one, into a type.
///
/// # Errors
/// What does not fit the type, in words without a position.
#[expect(clippy::disallowed_methods, reason = "the value comes from a text that was read here")]
pub(crate) fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, String> {
    serde_yaml::from_value(node.to_yaml()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::time::Instant;

    fn scenario_files() -> Vec<camino::Utf8PathBuf> {
        crate::suite::yaml_files(&Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap()
    }

    #[test]
    fn both_readers_understand_every_scenario_file_alike() {
        for file in scenario_files() {
            let text = std::fs::read_to_string(&file).unwrap();
            let Reading { root, errors } = read(&text);
            assert!(errors.is_empty(), "{file}: {errors:?}");
            let other: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            assert_eq!(root.unwrap().to_json(), other, "{file}");
        }
    }

    #[rstest]
    #[case::flow_maps("{a: ".repeat(MAX_BYTES / 4))]
    #[case::flow_lists("[".repeat(MAX_BYTES))]
    #[case::braces("{".repeat(MAX_BYTES))]
    #[case::block_lists("- ".repeat(MAX_BYTES / 2))]
    fn rejects_deep_nesting_at_once(#[case] text: String) {
        let start = Instant::now();
        let Reading { errors, .. } = read(&text);
        assert!(matches!(errors[..], [ScenarioError::TooDeep { .. }]), "{errors:?}");
        // The limit is 50 ms; unoptimised and on a busy machine it takes less than a millisecond.
        assert!(start.elapsed().as_millis() < 50, "{:?}", start.elapsed());
    }

    #[test]
    fn rejects_an_alias_bomb() {
        let line = |level: usize| format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(10));
        let text =
            (1..10).fold(String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"), |text, level| text + &line(level));
        assert!(!read(&text).errors.is_empty());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn no_text_of_yaml_characters_panics(text in "[-a1: \\n\\t{}\\[\\]&*!|>'\"#%@,?<~.]{0,120}") {
            let _ = read(&text);
        }
    }
}
