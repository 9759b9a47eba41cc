//! Errors as their reader sees them.

use miette::{GraphicalReportHandler, GraphicalTheme};
use seccomp_scenario::ScenarioErrors;

/// Renders a file's errors as a terminal without colour shows them.
pub(crate) fn render(errors: &ScenarioErrors) -> String {
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100).without_cause_chain();
    let mut text = String::new();
    handler.render_report(&mut text, errors).unwrap();
    text
}
