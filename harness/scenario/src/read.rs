//! Reads a scenario file.

mod contradiction;
mod convert;

use camino::Utf8Path;

use crate::{
    check,
    diagnostic::{ScenarioError, ScenarioErrors, locate, span},
    file::ScenarioFile,
    model::Scenario,
    parameters,
    requirement::Requirements,
    schema, shape, yaml,
};

impl Scenario {
    /// Reads the scenario `id` from the text of its file.
    ///
    /// # Errors
    /// All that is wrong with the file.
    pub fn read(id: &str, path: &Utf8Path, text: &str, requirements: &Requirements) -> Result<Self, ScenarioErrors> {
        let yaml::Reading { root, mut errors } = yaml::read(text);
        let Some(root) = root else { return Err(ScenarioErrors::new(path, text, errors)) };
        parameters::report_repeated(&root, &mut errors);
        parameters::report_unused(&root, &mut errors);
        let mut head = None;
        let mut instances = Vec::new();
        for values in parameters::combinations(&root, &mut errors) {
            let before = errors.len();
            let filled = parameters::substitute(&root, &values, &mut errors);
            errors.extend(shape::check(&filled, &schema::SCENARIO));
            errors.extend(check::check(&filled, requirements));
            if errors.len() > before {
                continue;
            }
            match yaml::decode::<ScenarioFile>(&filled) {
                Ok(mut file) => {
                    head.get_or_insert_with(|| {
                        (std::mem::take(&mut file.scenario), std::mem::take(&mut file.requirements))
                    });
                    let parameters = values.iter().map(|(name, node)| ((*name).to_owned(), node.to_json())).collect();
                    let instance = convert::instance(file, &filled, text, parameters);
                    errors.extend(contradiction::find(&instance));
                    instances.push(instance);
                }
                // The checks are there to find this first, with its place.
                Err(problem) => errors.push(ScenarioError::Syntax { problem, span: span(0..0) }),
            }
        }
        let Some((title, requirements)) = head.filter(|_| errors.is_empty()) else {
            return Err(ScenarioErrors::new(path, text, errors));
        };
        Ok(Self {
            id: id.to_owned(),
            path: path.to_owned(),
            title,
            location: locate(text, root.get("scenario").map_or(0..0, |title| title.span.clone())),
            requirements,
            instances,
        })
    }
}
