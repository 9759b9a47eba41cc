//! One line a scenario, its minors folded into ranges.

use std::fmt::Write as _;

use seccomp_conformance::Status;

use crate::{
    fold::Run,
    ranges::minor_ranges,
    text::{
        number,
        paint::{Paint, Tone},
    },
};

/// A status as a word of four letters at most, so that lines stand below each other.
pub(crate) fn word(status: Status) -> (&'static str, Tone) {
    match status {
        Status::Passed => ("ok", Tone::Good),
        Status::Pending => ("new", Tone::Warning),
        Status::Failed => ("FAIL", Tone::Bad),
        Status::Broken => ("BROK", Tone::Bad),
    }
}

/// The lines of all scenarios; a scenario with several outcomes has one line for each.
pub(crate) fn write_all(text: &mut String, run: &Run, paint: Paint) {
    let width = run.scenarios.keys().map(String::len).max().unwrap_or(0);
    for (id, scenario) in &run.scenarios {
        let mut name = id.as_str();
        for (status, minors) in scenario.by_status() {
            let (all, with) = scenario.counts(&minors, status);
            let cases = if all == with {
                format!("{} case{}", number(all), if all == 1 { "" } else { "s" })
            } else {
                format!("{} of {} cases", number(with), number(all))
            };
            let (word, tone) = word(status);
            let mark = paint.tone(tone, &format!("{word:<4}"));
            let _ = writeln!(
                text,
                "{mark} {name:<width$}  {:<11}  {}",
                minor_ranges(minors),
                paint.tone(Tone::Faint, &cases)
            );
            name = "";
        }
    }
    if !run.scenarios.is_empty() {
        text.push('\n');
    }
}
