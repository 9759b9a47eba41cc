//! The report for a page that people read on the web, as GitHub shows Markdown.

mod requirements;

use std::fmt::Write as _;

use crate::{
    command,
    cut::cut,
    document::{Document, FailureDocument, FindingDocument, PreconditionDocument, RunResult, Truth},
    text::number,
    version,
};

/// How much of one finding is shown.
const LONGEST_FINDING: usize = 6_000;
/// What the last words may take, which say that findings were cut.
const RESERVE: usize = 300;

/// The run as Markdown of at most `limit` bytes; what does not fit is left out, and said to be.
///
/// What matters most comes first: the result, the requirements, what does not hold.
pub fn render_markdown(document: &Document, limit: usize) -> String {
    let mut text = heading(document);
    requirements::write(&mut text, document);
    write_left_out(&mut text, document);
    write_snapshots(&mut text, document);
    write_preconditions(&mut text, document);
    if text.len() > limit {
        let end = "\n\n(cut here: the report is larger than this page may be)\n";
        // Bytes are what is limited, and characters are what can be cut.
        let mut kept = limit.saturating_sub(end.len());
        while !text.is_char_boundary(kept) {
            kept -= 1;
        }
        text.truncate(kept);
        text.push_str(end);
        return text;
    }
    write_findings(&mut text, document, limit);
    text
}

fn heading(document: &Document) -> String {
    let mark = match document.result {
        RunResult::Passed => "✅",
        RunResult::Pending | RunResult::NothingSelected => "⚠️",
        RunResult::Failed | RunResult::Broken | RunResult::Interrupted => "❌",
    };
    let counts = &document.counts;
    let mut text = format!(
        "## {mark} Seccomp conformance: {}\n\n{} of {} cases passed",
        document.result.word(),
        number(counts.passed),
        number(counts.planned)
    );
    let others = [
        (counts.failed, "failed"),
        (counts.broken, "broken"),
        (counts.pending, "without a reviewed snapshot"),
        (document.not_run(), "not run"),
        (counts.left_out, "left out"),
    ];
    for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {} {word}", number(count));
    }
    let minors = version::ranges(document.kubernetes.iter().map(String::as_str));
    let _ = writeln!(text, ".\n");
    if !document.kubernetes.is_empty() {
        let _ = write!(text, "Kubernetes {minors} ({})", inline(document.cluster_name()));
        if !document.gardener.is_empty() {
            // A run that broke before its plan stood knows of none.
            let releases = crate::ranges::release_ranges(document.gardener.iter().map(String::as_str));
            let _ = write!(text, ", Gardener {releases}");
        }
        let _ = writeln!(text, ", webhook `{}`. {}\n", document.webhook, truth(document));
    }
    for partition in &document.partitions {
        let ran: Vec<String> = partition.ran.iter().map(u32::to_string).collect();
        let _ = writeln!(
            text,
            "This is shard {} of {} of {} cases.\n",
            ran.join(" and "),
            partition.shards,
            number(partition.cases)
        );
    }
    if let Some(problem) = &document.problem {
        let _ = writeln!(text, "{}", fenced("", &problem.message));
    }
    text
}

/// What the evidence is worth.
fn truth(document: &Document) -> String {
    let Some(cluster) = &document.cluster else { return String::new() };
    let word = |truth| match truth {
        Truth::Real => "real",
        Truth::Modelled => "modelled",
        Truth::NotObserved => "not observed",
    };
    let mut truth = format!("The API server is {}, the kernel is {}.", word(cluster.api), word(cluster.kernel));
    if !document.filtered_nodes.is_empty() {
        let nodes: Vec<String> = document.filtered_nodes.iter().map(|node| inline(node)).collect();
        let nodes = nodes.join("; ");
        let _ = write!(truth, " The machine filters nodes itself, so that modes are the difference: {nodes}.");
    }
    if let Some(verified) = &cluster.verified {
        let _ = write!(truth, " The simulator was compared with real API servers: {}.", inline(verified));
    }
    truth
}

fn write_left_out(text: &mut String, document: &Document) {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for left_out in &document.left_out {
        match reasons.iter_mut().find(|(reason, _)| *reason == left_out.reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((&left_out.reason, 1)),
        }
    }
    for (reason, count) in &reasons {
        let _ = writeln!(text, "- left out: {} cases, since {}", number(*count), inline(reason));
    }
    if !reasons.is_empty() {
        text.push('\n');
    }
}

fn write_snapshots(text: &mut String, document: &Document) {
    let lists = [("pending", &document.snapshots.pending), ("orphan", &document.snapshots.orphans)];
    for (word, files) in lists.into_iter().filter(|(_, files)| !files.is_empty()) {
        let _ = writeln!(text, "- {} {word} snapshots: {}", number(files.len()), listed(files));
    }
    if lists.iter().any(|(_, files)| !files.is_empty()) {
        text.push('\n');
    }
}

/// The first few of a list, as code.
fn listed(files: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = files.iter().take(SHOWN).map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {} more", number(more)),
    }
}

fn write_preconditions(text: &mut String, document: &Document) {
    if document.preconditions.iter().all(|row| row.creations == 0) {
        return;
    }
    text.push_str("<details><summary>What became of all Pods, by the preconditions that held</summary>\n\n");
    text.push_str("| namespace | skip label | own profile | gate | Pods | changed |\n|---|---|---|---|---:|---:|\n");
    let order =
        |row: &&PreconditionDocument| (!row.managed_namespace, row.skip_label, row.own_profile, !row.feature_gate);
    let mut rows: Vec<&PreconditionDocument> = document.preconditions.iter().collect();
    rows.sort_by_key(order);
    let yes = |is| if is { "yes" } else { "no" };
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            if row.managed_namespace { "managed" } else { "other" },
            yes(row.skip_label),
            yes(row.own_profile),
            if row.feature_gate { "on" } else { "off" },
            number(row.creations),
            number(row.mutated)
        );
    }
    text.push_str("\n</details>\n\n");
}

fn write_findings(text: &mut String, document: &Document, limit: usize) {
    let mut findings: Vec<&FindingDocument> = document.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.status, finding.cases.len())));
    for (place, finding) in findings.iter().enumerate() {
        let written = render_finding(finding, document);
        if text.len() + written.len() + RESERVE > limit {
            let left = findings.len() - place;
            let _ = writeln!(
                text,
                "{} more finding{} cut, for this page may not be larger: see the JSON report.",
                number(left),
                if left == 1 { " is" } else { "s are" }
            );
            return;
        }
        text.push_str(&written);
    }
}

fn render_finding(finding: &FindingDocument, document: &Document) -> String {
    let Some(first) = finding.cases.first() else { return String::new() };
    let title = document.scenario(&first.scenario).map_or("", |scenario| scenario.title.as_str());
    let minors = version::ranges(finding.cases.iter().map(|case| case.kubernetes.as_str()));
    let mut text = format!(
        "<details><summary>{}: <b>{}</b> on Kubernetes {minors}: {}</summary>\n\n",
        finding.status.word(),
        inline(&first.scenario),
        inline(&finding.failures.first().map(FailureDocument::headline).unwrap_or_default())
    );
    let cases = finding.cases.len();
    let _ = writeln!(
        text,
        "{}. {} case{}, the first: {}.\n",
        inline(title),
        number(cases),
        if cases == 1 { "" } else { "s alike" },
        inline(&format!("Kubernetes {}, {}", first.kubernetes, first.variation()))
    );
    let failures: Vec<String> = finding.failures.iter().map(FailureDocument::text).collect();
    let body = cut(&failures.join("\n\n"), LONGEST_FINDING, "\n... (cut here; all of it is in the JSON report)");
    text.push_str(&fenced("diff", &body));
    let _ = writeln!(text, "\nAgain: `{}`\n\n</details>\n", command::again(first, document));
    text
}

/// A text as a block that shows it as it is, whatever is in it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// A text within a line or a table's cell, where it must not be taken for HTML or Markdown.
pub(crate) fn inline(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\r' => escaped.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_block() {
        assert_eq!(fenced("", "a\n```\nb"), "````\na\n```\nb\n````\n");
        assert_eq!(fenced("diff", "a"), "```diff\na\n```\n");
    }

    #[test]
    fn a_text_within_a_line_is_no_markup() {
        assert_eq!(inline("<b>|a_b\n`c`"), "&lt;b&gt;\\|a\\_b \\`c\\`");
    }
}
