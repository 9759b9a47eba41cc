//! The catalogue of requirements.

use camino::Utf8Path;

use crate::{
    diagnostic::{ScenarioError, ScenarioErrors, locate, span},
    file::RequirementsFile,
    model::location::Location,
    schema, shape, yaml,
};

/// A thing that the documentation promises and that can be tested.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Requirement {
    /// Its name, which stays the same for good: lower case, with hyphens.
    pub id: String,
    /// What is promised, in our own words.
    pub statement: String,
    /// The document that promises it.
    pub source: String,
    /// Whether it is about what the kernel enforces, so that a cluster without nodes cannot show it.
    pub is_about_kernel: bool,
    /// Where it stands.
    pub location: Location,
}

/// Everything that is required, in the order of the file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Requirements {
    list: Vec<Requirement>,
}

impl Requirements {
    /// Reads the catalogue from the text of its file.
    ///
    /// # Errors
    /// All that is wrong with the file.
    pub fn read(path: &Utf8Path, text: &str) -> Result<Self, ScenarioErrors> {
        let yaml::Reading { root, mut errors } = yaml::read(text);
        let Some(root) = root else { return Err(ScenarioErrors::new(path, text, errors)) };
        errors.extend(shape::check(&root, &schema::REQUIREMENTS));
        let entries = root.get("requirements").map_or(&[][..], yaml::Node::entries);
        for entry in entries.iter().filter(|entry| !is_id(&entry.key)) {
            errors.push(ScenarioError::BadId { id: entry.key.clone(), span: span(entry.key_span.clone()) });
        }
        if !errors.is_empty() {
            return Err(ScenarioErrors::new(path, text, errors));
        }
        let mut file: RequirementsFile = yaml::decode(&root).map_err(|problem| {
            // The checks are there to find this first, with its place.
            ScenarioErrors::new(path, text, vec![ScenarioError::Syntax { problem, span: span(0..0) }])
        })?;
        let list = entries.iter().filter_map(|entry| {
            let requirement = file.requirements.remove(&entry.key)?;
            Some(Requirement {
                id: entry.key.clone(),
                statement: requirement.statement,
                source: requirement.source,
                is_about_kernel: requirement.kernel,
                location: locate(text, entry.key_span.clone()),
            })
        });
        Ok(Self { list: list.collect() })
    }

    /// The requirement with an id.
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.list.iter().find(|requirement| requirement.id == id)
    }

    /// Every requirement, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Requirement> {
        self.list.iter()
    }

    /// Every id, in the order of the file.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|requirement| requirement.id.as_str())
    }
}

impl<'a> IntoIterator for &'a Requirements {
    type IntoIter = std::slice::Iter<'a, Requirement>;
    type Item = &'a Requirement;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn is_id(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_word)
}
