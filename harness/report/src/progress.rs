//! Progress on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use seccomp_conformance::{Event, Status};

/// A bar on standard error that says how far the run has come, and removes itself at the end.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    failed: usize,
}

impl Progress {
    /// A bar that is drawn, or one that never is.
    ///
    /// It is not drawn where nobody watches: on no terminal, and in CI.
    pub fn new(drawn: bool) -> Self {
        let target = if drawn { ProgressDrawTarget::stderr_with_hz(15) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} cases  {elapsed}  {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, failed: 0 }
    }

    /// Takes one more event in.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { cases, .. } => {
                self.bar.set_length(u64::try_from(*cases).unwrap_or(u64::MAX));
                self.bar.enable_steady_tick(Duration::from_millis(200));
            }
            Event::CaseFinished(finished) => {
                if finished.verdict.status() >= Status::Failed {
                    self.failed += 1;
                    self.bar.set_message(format!("{} failed", self.failed));
                }
                self.bar.inc(1);
            }
            Event::ScenarioFinished { .. } => {}
            Event::RunFinished(_) => self.finish(),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
