//! What is known of a run, whatever becomes of who runs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seccomp_conformance::Event;
use seccomp_report::{Document, Problem, ProblemKind, Run};
use tokio::task::JoinError;

use crate::{diagnostics, error::Failure};

/// What is known of a run, shared by who runs it and who reports it: the one may fail, and the other still knows all that
/// came before.
#[derive(Clone, Debug)]
pub(super) struct Folded(Arc<Mutex<Run>>);

impl Folded {
    pub(super) fn new(run: Run) -> Self {
        Self(Arc::new(Mutex::new(run)))
    }

    /// A fold that failed half way still has everything before.
    fn run(&self) -> MutexGuard<'_, Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one more event in.
    pub(super) fn apply(&self, event: &Event) {
        self.run().apply(event);
    }

    /// The report of a run of which nothing more is heard.
    pub(super) fn unfinished(&self) -> Document {
        let mut run = self.run().clone();
        run.problem = Some(incomplete("this is no more than the beginning: the run goes on, or was killed"));
        Document::from(&run)
    }

    /// Notes why there is no more than there is, where something ended the run that is none of its cases' doing.
    pub(super) fn close(&self, failure: Option<&Failure>, is_cancelled: bool) {
        let mut run = self.run();
        run.problem = match failure {
            Some(failure) => {
                let kind = match failure {
                    Failure::Usage(_) | Failure::Suite(_) => ProblemKind::Usage,
                    Failure::Infrastructure(_) => ProblemKind::Infrastructure,
                };
                Some(Problem { kind, message: diagnostics::plain(failure) })
            }
            None if is_cancelled && run.planned == 0 => {
                Some(incomplete("the run was interrupted before its first case"))
            }
            None => None,
        };
    }

    /// All that is known.
    pub(super) fn take(&self) -> Run {
        std::mem::take(&mut self.run())
    }
}

fn incomplete(message: &str) -> Problem {
    Problem { kind: ProblemKind::Incomplete, message: message.to_owned() }
}

/// What a task came to; one that panicked failed for it.
///
/// # Errors
/// The task's own failure, or [`fault`].
pub(super) fn came_to<T>(joined: Result<Result<T, Failure>, JoinError>) -> Result<T, Failure> {
    joined.unwrap_or_else(|error| Err(fault(error)))
}

/// A task that panicked, as a failure: a fault of the harness, which is reported like any other.
pub(super) fn fault(error: JoinError) -> Failure {
    let message = match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
        }
        Err(error) => error.to_string(),
    };
    Failure::Infrastructure(anyhow::Error::msg(message).context("the harness itself failed; please report it"))
}

#[cfg(test)]
mod tests {
    use seccomp_report::RunResult;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_reported() {
        let folded = Folded::new(Run::requested("simulated", "reference", Vec::new(), Vec::new()));
        assert_eq!(folded.unfinished().result(), RunResult::Interrupted);
        let held = folded.clone();
        let task = tokio::spawn(async move {
            let _run = held.run();
            if held.0.is_poisoned() { Ok(()) } else { panic!("a fault") }
        });
        let failure = came_to::<()>(task.await).unwrap_err();
        folded.close(Some(&failure), false);
        let document = Document::from(&folded.take());
        assert_eq!(document.result(), RunResult::Broken);
        assert!(document.to_json().unwrap().contains("a fault"), "{}", document.to_json().unwrap());
    }

    #[test]
    fn an_interruption_before_the_first_case_is_reported() {
        let folded = Folded::new(Run::default());
        folded.close(None, true);
        assert_eq!(Document::from(&folded.take()).result(), RunResult::Interrupted);
    }
}
