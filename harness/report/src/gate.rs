//! Whether reports are enough for a release, by a policy.
//!
//! What is not shown is not green: a demand is met where every scenario that tests it has cases in reports of the right
//! kind, all of them ran, and all of them passed. Everything else is a reason, a line each.

mod demand;
mod evidence;
mod mutants;
mod reasons;

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;

use crate::{document::Document, policy::Policy, waiver::Waiver};

/// The version of [`Judgement`]'s shape.
const SCHEMA_VERSION: u32 = 1;
/// How the name of a broken webhook begins.
const MUTANT: &str = "mutant:";

/// A report, and the name that its reader knows it by.
#[derive(Clone, Debug)]
pub struct NamedReport {
    /// Its name.
    pub name: String,
    /// The report.
    pub document: Document,
}

/// What the gate says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    schema_version: u32,
    policy: String,
    /// The day that waivers are judged by.
    today: String,
    passed: bool,
    /// Why it is not enough, a line each.
    reasons: Vec<String>,
    /// What does not hold and is waived, a line each.
    waived: Vec<String>,
    /// What was looked at: how many combinations of scenario, minor, release, cluster and webhook.
    demanded: usize,
    /// How many broken webhooks were found out, and how many there were.
    mutants: mutants::Score,
}

impl Judgement {
    /// Whether the reports are enough.
    pub const fn is_passed(&self) -> bool {
        self.passed
    }

    /// Whether something does not hold and is waived.
    pub fn is_waived(&self) -> bool {
        !self.waived.is_empty()
    }

    /// Why it is not enough, a line each.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// The judgement for people: a line a reason, and the result last.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for reason in &self.reasons {
            text.push_str("NO      ");
            text.push_str(reason);
            text.push('\n');
        }
        for waived in &self.waived {
            text.push_str("waived  ");
            text.push_str(waived);
            text.push('\n');
        }
        let word = if self.passed { "passed" } else { "failed" };
        let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let _ = write!(text, "{word}: {}", self.policy);
        let _ = write!(
            text,
            " ({} looked at, {}",
            plural(self.demanded, "combination"),
            plural(self.reasons.len(), "reason")
        );
        if self.is_waived() {
            let _ = write!(text, ", {} waived", self.waived.len());
        }
        if self.mutants.seen > 0 {
            let _ = write!(text, ", {} of {} mutants found out", self.mutants.killed, self.mutants.seen);
        }
        text.push_str(")\n");
        text
    }
}

/// What is known of a waiver while the gate judges.
struct Held<'a> {
    waiver: &'a Waiver,
    is_expired: bool,
    /// Something that is demanded is what it is about.
    is_met: bool,
    /// Something does not hold, and it says that it need not.
    is_used: bool,
}

/// Judges reports by a policy, on a day.
pub fn judge(policy: &Policy, reports: &[NamedReport], today: Date) -> Judgement {
    let mut waivers: Vec<Held<'_>> = policy
        .waivers
        .iter()
        .map(|waiver| Held { waiver, is_expired: today > waiver.until, is_met: false, is_used: false })
        .collect();
    let (mutants, reports): (Vec<&NamedReport>, Vec<&NamedReport>) =
        reports.iter().partition(|report| report.document.webhook.starts_with(MUTANT));
    let mut reasons = reasons::of_reports(&reports);
    let mut waived = Vec::new();
    let mut demanded = 0;
    for demand in &policy.demands {
        let judged = demand::judge(demand, &reports, &mut waivers);
        reasons.extend(judged.reasons);
        waived.extend(judged.waived);
        demanded += judged.cells;
    }
    let (score, of_mutants) = mutants::judge(policy.mutants, &mutants, &mut waivers, &mut waived);
    reasons.extend(of_mutants);
    reasons.extend(reasons::of_waivers(&waivers, today));
    Judgement {
        schema_version: SCHEMA_VERSION,
        policy: policy.title.clone(),
        today: today.to_string(),
        passed: reasons.is_empty(),
        reasons,
        waived,
        demanded,
        mutants: score,
    }
}

/// How a waiver is quoted.
fn quoted(waiver: &Waiver) -> String {
    format!("until {} by {}: {}", waiver.until, waiver.owner, waiver.reason)
}
