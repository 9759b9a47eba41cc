//! Files of other crates, read with the guards and told with the diagnostics of scenario files.

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    diagnostic::{ScenarioError, ScenarioErrors, nearest, span},
    schema, shape,
    yaml::{self, Entry, Node},
};

/// A file that has the shape of `T`, and what its owner finds wrong with its content.
///
/// Its owner calls [`Configuration::refuse`] for all that a schema cannot say, and then [`Configuration::finish`]: all
/// problems are told at once, each with its place.
#[derive(Debug)]
pub struct Configuration<T> {
    value: T,
    root: Node,
    path: Utf8PathBuf,
    text: String,
    errors: Vec<ScenarioError>,
}

impl<T: DeserializeOwned + JsonSchema> Configuration<T> {
    /// Reads a file: `T`'s schema says which keys and types there are.
    ///
    /// # Errors
    /// All that is wrong with the text as YAML, or with its shape.
    pub fn read(path: &Utf8Path, text: &str) -> Result<Self, ScenarioErrors> {
        let yaml::Reading { root, mut errors } = yaml::read(text);
        let Some(root) = root else { return Err(ScenarioErrors::new(path, text, errors)) };
        errors.extend(shape::check(&root, &schema::of::<T>()));
        if !errors.is_empty() {
            return Err(ScenarioErrors::new(path, text, errors));
        }
        let value = yaml::decode(&root).map_err(|problem| {
            // The check of the shape is there to find this first, with its place.
            ScenarioErrors::new(path, text, vec![ScenarioError::Syntax { problem, span: span(0..0) }])
        })?;
        Ok(Self { value, root, path: path.to_owned(), text: text.to_owned(), errors: Vec::new() })
    }
}

impl<T> Configuration<T> {
    /// What the file says.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Refuses the value at a JSON pointer, `/demands/0/kubernetes`: what is wrong with it, and how to mend it.
    pub fn refuse(&mut self, pointer: &str, problem: impl Into<String>, help: impl Into<String>) {
        let span = span(self.place(pointer));
        self.errors.push(ScenarioError::Unfit { problem: problem.into(), span, help: help.into() });
    }

    /// Refuses a name at a JSON pointer that is none of those that are known: the help is the nearest one, or all.
    pub fn refuse_name(&mut self, pointer: &str, name: &str, known: &[&str]) {
        let span = span(self.place(pointer));
        self.errors.push(ScenarioError::UnknownValue { value: name.to_owned(), span, help: nearest(name, known) });
    }

    /// What the file says, where nothing was refused.
    ///
    /// # Errors
    /// All that was refused, in the order of the file.
    pub fn finish(self) -> Result<T, ScenarioErrors> {
        if self.errors.is_empty() {
            return Ok(self.value);
        }
        Err(ScenarioErrors::new(&self.path, &self.text, self.errors))
    }

    /// The text of the value that a pointer names; of one that spans lines, its key.
    fn place(&self, pointer: &str) -> std::ops::Range<usize> {
        let mut place = self.root.span.start..self.root.span.start;
        let mut node = &self.root;
        for step in pointer.split('/').skip(1) {
            let Some((key, below)) = below(node, step) else { break };
            let is_short = !self.text.get(below.span.clone()).unwrap_or_default().contains('\n');
            place = match key {
                _ if is_short => below.span.clone(),
                Some(entry) => entry.key_span.clone(),
                None => below.span.start..below.span.start + 1,
            };
            node = below;
        }
        place
    }
}

fn below<'a>(node: &'a Node, step: &str) -> Option<(Option<&'a Entry>, &'a Node)> {
    match node.entry(step) {
        Some(entry) => Some((Some(entry), &entry.value)),
        None => Some((None, node.items().get(step.parse::<usize>().ok()?)?)),
    }
}

/// The JSON schema of a file that [`Configuration`] reads, for editors.
pub fn schema_of<T: JsonSchema>() -> Value {
    schema::of::<T>()
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Limits {
        /// The limits, by name.
        limits: Vec<Limit>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        /// What is limited.
        name: String,
        /// The limit.
        most: Option<u32>,
    }

    const TEXT: &str = "limits:\n  - name: cpu\n    most: 3\n  - {name: memry}\n";

    fn read(text: &str) -> Result<Configuration<Limits>, ScenarioErrors> {
        Configuration::read("limits.yaml".into(), text)
    }

    #[test]
    fn reads_what_has_the_shape() {
        let limits = read(TEXT).and_then(Configuration::finish).unwrap().limits;
        assert_eq!((limits[0].name.as_str(), limits[0].most, limits[1].most), ("cpu", Some(3), None));
    }

    #[test]
    fn rejects_what_has_another_shape() {
        let errors = read("limits:\n  - {nmae: cpu, most: \"3\"}\n").unwrap_err();
        let said: Vec<String> = errors.errors.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert_eq!(said[1], "the key `nmae` means nothing here");
    }

    #[test]
    fn reports_the_place_of_what_its_owner_refuses() {
        let mut limits = read(TEXT).unwrap();
        limits.refuse("/limits/0/most", "3 is too much", "write at most 2");
        limits.refuse("/limits/0", "the whole is", "remove it");
        limits.refuse_name("/limits/1/name", "memry", &["cpu", "memory"]);
        let errors = limits.finish().unwrap_err();
        let at = |error: &ScenarioError| (errors.location(error).line, errors.location(error).column);
        let told: Vec<_> = errors.errors.iter().map(|error| (error.to_string(), at(error))).collect();
        assert_eq!(told[0], ("the whole is".to_owned(), (2, 5)));
        assert_eq!(told[1], ("3 is too much".to_owned(), (3, 11)));
        assert_eq!(told[2], ("`memry` is not known here".to_owned(), (4, 12)));
    }
}
