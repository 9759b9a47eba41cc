//! What GitHub Actions shows beside the lines of a change.
//!
//! It takes ten of each kind from a step, and drops the others without a word. So they are ranked, and the last one says how
//! many there are more.

use std::fmt;

use crate::{
    document::{CaseStatus, Document, FailureDocument, FindingDocument},
    version,
};

/// How many of one kind are shown.
const SHOWN: usize = 10;

/// How bad an annotation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

struct Annotation {
    kind: Kind,
    place: Option<(String, usize)>,
    title: String,
    message: String,
}

/// The workflow commands for a run, a line each: at most ten of each kind, the worst first.
///
/// `workspace` is the folder of the checkout: files are named below it.
pub fn github_annotations(document: &Document, workspace: Option<&str>) -> Vec<String> {
    let mut findings: Vec<&FindingDocument> = document.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.status, finding.cases.len())));
    let (bad, pending): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.status > CaseStatus::Pending);
    let mut errors = of_run(document);
    errors.extend(bad.into_iter().map(|finding| of_finding(finding, document, Kind::Error, workspace)));
    let warnings = pending.into_iter().map(|finding| of_finding(finding, document, Kind::Warning, workspace)).collect();
    let notices = match document.counts.left_out {
        0 => Vec::new(),
        left_out => vec![Annotation {
            kind: Kind::Notice,
            place: None,
            title: "left out".to_owned(),
            message: format!("{left_out} cases were left out, since the cluster has not what they need"),
        }],
    };
    [ranked(errors), ranked(warnings), ranked(notices)].into_iter().flatten().map(|shown| shown.to_string()).collect()
}

/// As many as are shown; where there are more, the last place says so.
fn ranked(mut annotations: Vec<Annotation>) -> Vec<Annotation> {
    if annotations.len() > SHOWN {
        let dropped = annotations.len() - (SHOWN - 1);
        let kind = annotations[0].kind;
        annotations.truncate(SHOWN - 1);
        annotations.push(Annotation {
            kind,
            place: None,
            title: format!("{dropped} more"),
            message: format!("{dropped} more findings are not shown here; the report of the run has them all"),
        });
    }
    annotations
}

/// What is no case's doing.
fn of_run(document: &Document) -> Vec<Annotation> {
    let error =
        |title: &str, message: String| Annotation { kind: Kind::Error, place: None, title: title.to_owned(), message };
    let mut errors = Vec::new();
    if let Some(problem) = &document.problem {
        errors.push(error("the run broke", problem.message.clone()));
    } else if document.not_run() > 0 {
        errors.push(error("the run is incomplete", format!("{} cases were not run", document.not_run())));
    }
    if !document.snapshots.orphans.is_empty() {
        errors.push(error(
            "orphan snapshots",
            format!("no scenario has these snapshots any more: {}", document.snapshots.orphans.join(", ")),
        ));
    }
    errors
}

fn of_finding(finding: &FindingDocument, document: &Document, kind: Kind, workspace: Option<&str>) -> Annotation {
    let scenario = finding.cases.first().map_or("", |case| case.scenario.as_str());
    let minors = version::ranges(finding.cases.iter().map(|case| case.kubernetes.as_str()));
    let place = finding.failures.iter().find_map(|failure| failure.place());
    let place = place.map(|(file, line)| (file.to_owned(), line));
    let place = place.or_else(|| document.scenario(scenario).map(|scenario| (scenario.file.clone(), 1)));
    let failures: Vec<String> = finding.failures.iter().map(FailureDocument::headline).collect();
    Annotation {
        kind,
        place: place.map(|(file, line)| (below(&file, workspace).to_owned(), line)),
        title: format!("{scenario} on Kubernetes {minors}"),
        message: failures.join("\n"),
    }
}

/// A file's name below the checkout.
fn below<'a>(file: &'a str, workspace: Option<&str>) -> &'a str {
    let inside = workspace.and_then(|workspace| file.strip_prefix(workspace.trim_end_matches('/')));
    inside.and_then(|file| file.strip_prefix('/')).unwrap_or(file)
}

impl fmt::Display for Annotation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Error => "error",
            Kind::Warning => "warning",
            Kind::Notice => "notice",
        };
        write!(formatter, "::{kind} ")?;
        if let Some((file, line)) = &self.place {
            write!(formatter, "file={},line={line},", property(file))?;
        }
        write!(formatter, "title={}::{}", property(&self.title), data(&self.message))
    }
}

/// Escapes what ends a command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what ends a command's property, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
