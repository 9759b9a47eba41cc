//! Writes reports to where they are asked for, or expected.

use std::fs;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use seccomp_report::{Document, JunitFlavor, JunitOptions, github_annotations, render_junit, render_markdown};

use crate::{
    arguments::report::{Form, ReportTarget, ReportingArguments},
    error::Failure,
    files, terminal,
    terminal::Environment,
};

/// Prow's sidecar collects every file named like this.
const PROW_JUNIT: &str = "junit_seccomp.xml";
/// What GitHub shows of a step's page: one that is larger is not shown at all.
const STEP_SUMMARY: usize = 1024 * 1024;
/// What a Markdown file may have that is nobody's page.
const MARKDOWN: usize = 16 * 1024 * 1024;

/// Where reports are written.
#[derive(Debug)]
pub(crate) struct Reporting {
    targets: Vec<ReportTarget>,
    flavor: JunitFlavor,
    step_summary: Option<Utf8PathBuf>,
    annotates: bool,
    workspace: Option<String>,
}

impl Reporting {
    /// As the arguments ask for, and as the CI system expects.
    pub(crate) fn new(arguments: &ReportingArguments, environment: &Environment) -> Self {
        let mut targets = arguments.targets.clone();
        let mut flavor = arguments.junit_flavor.map(JunitFlavor::from);
        if let Some(artifacts) = &environment.artifacts
            && targets.iter().all(|target| target.form != Form::Junit)
        {
            targets.push(ReportTarget { form: Form::Junit, path: artifacts.join(PROW_JUNIT) });
            flavor.get_or_insert(JunitFlavor::Testgrid);
        }
        Self {
            targets,
            flavor: flavor.unwrap_or_default(),
            step_summary: environment.github_step_summary.clone(),
            annotates: environment.github_actions,
            workspace: environment.github_workspace.clone(),
        }
    }

    /// Only what is asked for, for a command that is no run of scenarios.
    pub(crate) fn asked_for(arguments: &ReportingArguments) -> Self {
        Self::new(arguments, &Environment::default())
    }

    /// Whether nothing is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Writes every file anew.
    ///
    /// # Errors
    /// One cannot be written; the others are.
    pub(crate) fn write(&self, document: &Document) -> Result<(), Failure> {
        let written = self.targets.iter().map(|target| self.write_one(target, document));
        // All of them are tried: what cannot be written shall not keep back what can.
        let failed = written.collect::<Vec<_>>().into_iter().find_map(Result::err);
        failed.map_or(Ok(()), |error| Err(Failure::Infrastructure(error)))
    }

    fn write_one(&self, target: &ReportTarget, document: &Document) -> anyhow::Result<()> {
        let text = match target.form {
            Form::Json => document.to_json()?,
            Form::Junit => {
                let json = self.targets.iter().find(|target| target.form == Form::Json);
                let details = json.map(|target| target.path.to_string());
                render_junit(document, &JunitOptions { flavor: self.flavor, details })?
            }
            Form::Markdown => render_markdown(document, MARKDOWN),
        };
        files::write_whole(&target.path, &text).with_context(|| format!("write report {}", target.path))
    }

    /// Tells GitHub what it shows of a run: a page and annotations. Once a run, since it adds to what is there.
    ///
    /// # Errors
    /// The page cannot be written.
    pub(crate) fn publish(&self, document: &Document) -> Result<(), Failure> {
        if self.annotates {
            for annotation in github_annotations(document, self.workspace.as_deref()) {
                // GitHub reads both streams, and standard output is for data.
                terminal::note(&annotation);
            }
        }
        self.publish_page(document)
    }

    /// The page alone.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn publish_page(&self, document: &Document) -> Result<(), Failure> {
        match &self.step_summary {
            Some(path) => summarize(path, document).map_err(Failure::Infrastructure),
            None => Ok(()),
        }
    }
}

fn summarize(path: &Utf8Path, document: &Document) -> anyhow::Result<()> {
    let there = fs::metadata(path).map_or(0, |file| usize::try_from(file.len()).unwrap_or(STEP_SUMMARY));
    let page = render_markdown(document, STEP_SUMMARY.saturating_sub(there + 1));
    files::append(path, &format!("{page}\n")).with_context(|| format!("write to GITHUB_STEP_SUMMARY, {path}"))
}
