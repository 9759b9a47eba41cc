//! Tells the user why a command could not do its work.

use std::error::Error;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use seccomp_scenario::SuiteError;

use crate::{
    error::Failure,
    terminal::{self, Terminal},
};

/// Columns that are used where the terminal's width is not known.
const WIDTH: usize = 110;

/// Characters of a line that are shown; a file of one endless line shall not fill the terminal.
const LONGEST: usize = 300;

/// Writes a failure to standard error.
pub(crate) fn report(failure: &Failure, terminal: Terminal) {
    match failure {
        Failure::Suite(error) => report_suite(error, terminal),
        Failure::Usage(error) | Failure::Infrastructure(error) => report_chain(error.as_ref()),
    }
}

/// A failure as plain text, for reports: an error with its causes, or all that is wrong with files.
pub(crate) fn plain(failure: &Failure) -> String {
    match failure {
        Failure::Suite(SuiteError::Invalid(files)) => {
            let problems = files.iter().flat_map(|file| {
                file.errors.iter().map(|error| {
                    let at = file.location(error);
                    format!("{}:{}:{}: {error}", file.path(), at.line, at.column)
                })
            });
            problems.collect::<Vec<_>>().join("\n")
        }
        Failure::Suite(error) => chain(error),
        Failure::Usage(error) | Failure::Infrastructure(error) => chain(error.as_ref()),
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    anyhow::Chain::new(error).map(ToString::to_string).collect::<Vec<_>>().join("\n  because: ")
}

fn report_chain(error: &(dyn Error + 'static)) {
    terminal::note(&format!("error: {}", chain(error)));
}

fn report_suite(error: &SuiteError, terminal: Terminal) {
    let SuiteError::Invalid(files) = error else {
        return report_chain(error);
    };
    for file in files {
        terminal::note(&render(file, terminal));
    }
    let problems: usize = files.iter().map(|file| file.errors.len()).sum();
    terminal::note(&format!("error: {}, {}", count(problems, "problem"), count(files.len(), "file")));
}

/// A number and what it counts.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A diagnostic with the text that it is about.
pub(crate) fn render(diagnostic: &dyn Diagnostic, terminal: Terminal) -> String {
    let theme = if terminal.color_stderr { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, diagnostic) {
        Ok(()) => text.lines().map(|line| cut(line, terminal)).collect(),
        // The plain words are better than none.
        Err(_) => diagnostic.to_string(),
    }
}

/// A line and its end, without what lies beyond [`LONGEST`].
fn cut(line: &str, terminal: Terminal) -> String {
    let Some((end, _)) = line.char_indices().nth(LONGEST) else { return format!("{line}\n") };
    let reset = if terminal.color_stderr { "\u{1b}[0m" } else { "" };
    format!("{}...{reset}\n", line[..end].trim_end())
}
