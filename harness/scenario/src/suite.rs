//! A folder of scenarios.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    diagnostic::{ScenarioError, ScenarioErrors, span},
    model::Scenario,
    requirement::Requirements,
};

/// The catalogue's file, at the top of the folder.
const REQUIREMENTS: &str = "requirements.yaml";

/// Every scenario of a folder, and the catalogue of what they test.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// The catalogue.
    pub requirements: Requirements,
    /// The scenarios, by their ids.
    pub scenarios: Vec<Scenario>,
}

/// Why a folder of scenarios was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// A file or folder cannot be read.
    #[error("read {path}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Files are wrong.
    #[error("read scenarios: {} of the files {}", .0.len(), if .0.len() == 1 { "is wrong" } else { "are wrong" })]
    Invalid(Vec<ScenarioErrors>),
}

impl Suite {
    /// Reads a folder: `requirements.yaml` and each `<area>/<behaviour>.yaml`.
    ///
    /// # Errors
    /// - `SuiteError::Io`: the folder or a file in it cannot be read.
    /// - `SuiteError::Invalid`: all that is wrong with all files.
    pub fn read(folder: &Utf8Path) -> Result<Self, SuiteError> {
        let mut wrong = Vec::new();
        let catalogue = folder.join(REQUIREMENTS);
        let requirements = match read_text(&catalogue)? {
            Ok(text) => Requirements::read(&catalogue, &text),
            Err(errors) => Err(errors),
        };
        // A wrong catalogue would make each scenario's requirements unknown.
        let requirements = requirements.map_err(|errors| SuiteError::Invalid(vec![errors]))?;
        let mut scenarios = Vec::new();
        for path in yaml_files(folder)? {
            if path == catalogue {
                continue;
            }
            let read =
                read_text(&path)?.and_then(|text| Scenario::read(&id(folder, &path), &path, &text, &requirements));
            match read {
                Ok(scenario) => scenarios.push(scenario),
                Err(errors) => wrong.push(errors),
            }
        }
        if wrong.is_empty() { Ok(Self { requirements, scenarios }) } else { Err(SuiteError::Invalid(wrong)) }
    }
}

/// The scenario's id: its path below the folder, without its ending.
fn id(folder: &Utf8Path, path: &Utf8Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    below.components().map(|component| component.as_str()).collect::<Vec<_>>().join("/")
}

/// A file's text; what is no text is told as a diagnostic.
fn read_text(path: &Utf8Path) -> Result<Result<String, ScenarioErrors>, SuiteError> {
    let bytes = std::fs::read(path).map_err(|source| SuiteError::Io { path: path.to_owned(), source })?;
    Ok(String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let end = good + char::REPLACEMENT_CHARACTER.len_utf8();
        ScenarioErrors::new(path, &text, vec![ScenarioError::NotText { span: span(good..end) }])
    }))
}

/// Every `.yaml` file of a folder and its folders, in the order of their paths.
pub(crate) fn yaml_files(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, SuiteError> {
    let error = |source| SuiteError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in folder.read_dir_utf8().map_err(error)? {
        let entry = entry.map_err(error)?;
        let path = entry.path();
        if entry.file_type().map_err(error)?.is_dir() {
            files.extend(yaml_files(path)?);
        } else if matches!(path.extension(), Some("yaml" | "yml")) {
            files.push(path.to_owned());
        }
    }
    files.sort();
    Ok(files)
}
