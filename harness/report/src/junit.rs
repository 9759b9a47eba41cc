//! The report for CI systems, as they really read it.
//!
//! TestGrid knows no `<error>` and no `message`: every failure is a `<failure>` with a text, also where the harness or the
//! machine is at fault (`type="infrastructure"`). GitLab counts the first of two cases with one `classname` and `name`
//! only: `classname` is the suite and the minor, so that the cells of a matrix never collide.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    command,
    cut::cut,
    document::{CaseDocument, CaseName, CaseStatus, Document, FailureDocument, LeftOutDocument, RunResult, Truth},
    version,
};

/// What a text may have; TestGrid cuts there, too.
const LONGEST: usize = 10_000;
/// What all texts together may have: GitLab reads no file of 30 MB or more.
const BUDGET: usize = 20_000_000;
/// What each text has at least, however many there are.
const SHORTEST: usize = 200;
/// The name of the suite, before cluster and webhook.
const SUITE: &str = "seccomp";

/// For whom the report is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum JunitFlavor {
    /// Jenkins: no properties of a single case, and a minor without a point, since what stands before the last point of a
    /// class is its package.
    #[default]
    Jenkins,
    /// TestGrid and Prow: title and requirements as properties of each case.
    Testgrid,
    /// GitLab: each case's file, and no properties of a single case, since GitLab counts elements.
    Gitlab,
    /// Readers of Surefire's dialect: file and line of each case, and its properties.
    Surefire,
}

/// How to write the report.
#[derive(Clone, Debug, Default)]
pub struct JunitOptions {
    /// For whom.
    pub flavor: JunitFlavor,
    /// Where all that is cut here can be read, as a reader of the report would call it.
    pub details: Option<String>,
}

/// The report cannot be written as XML, which is a fault of the harness.
#[derive(Debug, thiserror::Error)]
#[error("write JUnit XML")]
pub struct JunitError(#[source] quick_junit::SerializeError);

/// The run as JUnit XML.
///
/// # Errors
/// See [`JunitError`].
pub fn render_junit(document: &Document, options: &JunitOptions) -> Result<String, JunitError> {
    let not_green = document.counts.finished - document.counts.passed + 1;
    let writer = Writer {
        document,
        options,
        suite: suite_name(document),
        longest: (BUDGET / not_green).clamp(SHORTEST, LONGEST),
    };
    writer.report().to_string().map_err(JunitError)
}

/// `seccomp.kind.reference`: with the minor, what tells the cells of a matrix apart.
fn suite_name(document: &Document) -> String {
    let names = [SUITE, document.cluster_name(), &document.webhook];
    let parts = names.into_iter().filter(|name| !name.is_empty());
    // A point separates parts, and a colon is taken for a drive by some.
    parts.map(|name| name.replace(['.', ':', '/', ' '], "-")).collect::<Vec<_>>().join(".")
}

struct Writer<'a> {
    document: &'a Document,
    options: &'a JunitOptions,
    suite: String,
    longest: usize,
}

impl Writer<'_> {
    fn report(&self) -> Report {
        let mut report = Report::new(self.suite.as_str());
        report.add_test_suite(self.run_suite());
        let mut minors: BTreeMap<u16, (&str, Vec<&CaseDocument>, Vec<&LeftOutDocument>)> = BTreeMap::new();
        for case in &self.document.cases {
            let minor = case.name.kubernetes.as_str();
            let entry = minors.entry(version::number(minor));
            entry.or_insert_with(|| (minor, Vec::new(), Vec::new())).1.push(case);
        }
        for left_out in &self.document.left_out {
            let minor = left_out.name.kubernetes.as_str();
            let entry = minors.entry(version::number(minor));
            entry.or_insert_with(|| (minor, Vec::new(), Vec::new())).2.push(left_out);
        }
        for (minor, cases, left_out) in minors.into_values() {
            report.add_test_suite(self.minor_suite(minor, &cases, &left_out));
        }
        if let Some(seconds) = self.document.elapsed_seconds {
            report.set_time(duration(seconds));
        }
        report
    }

    /// The run itself as a case, so that what is no case's doing is red too, and a row of its own.
    fn run_suite(&self) -> TestSuite {
        let document = self.document;
        let mut suite = TestSuite::new(self.suite.as_str());
        let cluster = document.cluster.as_ref();
        let truth = |truth: Option<Truth>| match truth {
            Some(Truth::Real) => "real",
            Some(Truth::Modelled) => "modelled",
            Some(Truth::NotObserved) | None => "not observed",
        };
        for (name, value) in [
            ("harness", document.harness.as_str()),
            ("cluster", document.cluster_name()),
            ("api", truth(cluster.map(|cluster| cluster.api))),
            ("kernel", truth(cluster.map(|cluster| cluster.kernel))),
            ("webhook", &document.webhook),
            ("kubernetes", &version::ranges(document.kubernetes.iter().map(String::as_str))),
            ("gardener", &document.gardener.join(", ")),
            ("result", document.result.word()),
        ] {
            suite.add_property(Property::new(name, value));
        }
        let mut case = TestCase::new(self.run_name(), self.run_status());
        case.set_classname(format!("{}.run", self.suite));
        case.set_time(duration(document.elapsed_seconds.unwrap_or_default()));
        suite.add_test_case(case);
        suite
    }

    /// The same for each run of one cell and shard, and another for each other one.
    fn run_name(&self) -> String {
        let document = self.document;
        let mut name = "the run comes to its end".to_owned();
        if !document.kubernetes.is_empty() {
            name = format!("{name} on Kubernetes {}", version::ranges(document.kubernetes.iter().map(String::as_str)));
        }
        for partition in &document.partitions {
            let shards: Vec<String> = partition.ran.iter().map(u32::to_string).collect();
            name = format!("{name}, {} {} of {}", partition.by, shards.join(" and "), partition.shards);
        }
        name
    }

    fn run_status(&self) -> TestCaseStatus {
        let document = self.document;
        let (kind, said) = match (&document.problem, document.result) {
            (Some(problem), _) => ("infrastructure", problem.message.clone()),
            (None, RunResult::Interrupted) => {
                ("infrastructure", format!("interrupted, {} not run", count(document.not_run(), "case")))
            }
            (None, RunResult::NothingSelected) => ("nothing-selected", "the selection has no case".to_owned()),
            (None, _) if !document.snapshots.orphans.is_empty() => (
                "orphan-snapshots",
                format!("no scenario has these snapshots any more:\n{}", document.snapshots.orphans.join("\n")),
            ),
            (None, _) if document.not_run() > 0 => {
                ("incomplete", format!("{} not run", count(document.not_run(), "case")))
            }
            (None, _) if document.counts.pending == 0 && !document.snapshots.pending.is_empty() => {
                ("snapshot-pending", format!("snapshots wait for review:\n{}", document.snapshots.pending.join("\n")))
            }
            (None, _) if !document.left_behind.is_empty() => {
                ("left-behind", format!("left behind:\n{}", document.left_behind.join("\n")))
            }
            (None, _) => return TestCaseStatus::success(),
        };
        self.failure(kind, &said)
    }

    fn minor_suite(&self, minor: &str, cases: &[&CaseDocument], left_out: &[&LeftOutDocument]) -> TestSuite {
        let class = match self.options.flavor {
            JunitFlavor::Jenkins => format!("{}.{}", self.suite, minor.replace('.', "-")),
            JunitFlavor::Testgrid | JunitFlavor::Gitlab | JunitFlavor::Surefire => format!("{}.{minor}", self.suite),
        };
        let mut suite = TestSuite::new(class.as_str());
        suite.add_property(Property::new("kubernetes", minor));
        let seconds: f64 = cases.iter().map(|case| case.elapsed_seconds).sum();
        suite.set_time(duration(seconds));
        for case in cases {
            suite.add_test_case(self.case(&class, &case.name, case.elapsed_seconds, self.status(case)));
        }
        for left_out in left_out {
            let mut status = TestCaseStatus::skipped();
            status.set_message(one_line(&left_out.reason)).set_description(left_out.reason.as_str());
            suite.add_test_case(self.case(&class, &left_out.name, 0.0, status));
        }
        suite
    }

    fn case(&self, class: &str, name: &CaseName, seconds: f64, status: TestCaseStatus) -> TestCase {
        let mut case = TestCase::new(format!("{} ({})", name.scenario, name.variation()), status);
        case.set_classname(class).set_time(duration(seconds));
        let scenario = self.document.scenario(&name.scenario);
        if let Some(scenario) = scenario
            && matches!(self.options.flavor, JunitFlavor::Gitlab | JunitFlavor::Surefire)
        {
            case.extra.insert("file".into(), scenario.file.as_str().into());
            let finding = self.document.finding_of(name);
            let line = finding.and_then(|finding| finding.failures.iter().find_map(|failure| failure.place()));
            if let Some((_, line)) = line.filter(|_| self.options.flavor == JunitFlavor::Surefire) {
                case.extra.insert("line".into(), line.to_string().into());
            }
        }
        if let Some(scenario) = scenario
            && matches!(self.options.flavor, JunitFlavor::Testgrid | JunitFlavor::Surefire)
        {
            case.add_property(Property::new("title", scenario.title.as_str()));
            case.add_property(Property::new("requirements", scenario.requirements.join(" ")));
        }
        case
    }

    fn status(&self, case: &CaseDocument) -> TestCaseStatus {
        if case.status == CaseStatus::Passed {
            return TestCaseStatus::success();
        }
        let Some(finding) = self.document.finding_of(&case.name) else {
            return self.failure(case.status.word(), "this report does not say what does not hold");
        };
        let worst = finding.failures.iter().find(|failure| failure.type_name() == "infrastructure");
        let kind = worst.or(finding.failures.first()).map_or(case.status.word(), |failure| failure.type_name());
        let failures: Vec<String> = finding.failures.iter().map(FailureDocument::text).collect();
        let text = format!("{}\n\nagain: {}", failures.join("\n\n"), command::again(&case.name, self.document));
        self.failure(kind, &text)
    }

    /// A failure whose text says everything, since some readers know nothing else.
    fn failure(&self, kind: &str, text: &str) -> TestCaseStatus {
        let details = self.options.details.as_deref().unwrap_or("the JSON report, `run --report json=PATH`");
        let pointer = format!("\n... (cut here; all of it is in {details})");
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(kind).set_message(one_line(text)).set_description(cut(text, self.longest, &pointer));
        status
    }
}

/// Seconds as a duration; what is none counts as nothing.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// The first line, short enough for a heading.
fn one_line(text: &str) -> String {
    cut(text.lines().next().unwrap_or_default(), 300, "...")
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
