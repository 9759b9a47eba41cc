//! What the server counts, in the text form that Prometheus reads.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::decide::Outcome;

/// The upper ends of the histogram's buckets.
///
/// # Units
/// Microseconds.
const BUCKETS: [u64; 12] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000, 10_000_000];

/// Reviews by outcome, how long they took, and how many are being answered.
#[derive(Debug, Default)]
pub struct Metrics {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    buckets: [AtomicU64; BUCKETS.len()],
    microseconds: AtomicU64,
    in_flight: AtomicU64,
}

impl Metrics {
    /// How many reviews ended so.
    pub fn reviews(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn observe(&self, outcome: Outcome, latency: Duration) {
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
        if let Some(bucket) = BUCKETS.iter().position(|end| microseconds <= *end) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a review as in flight until the guard is dropped.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// The exposition text, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(2048);
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "# HELP seccomp_webhook_reviews_total Reviews answered, by what became of them.")?;
        writeln!(text, "# TYPE seccomp_webhook_reviews_total counter")?;
        let mut total = 0;
        for outcome in Outcome::ALL {
            let count = self.reviews(outcome);
            total += count;
            writeln!(text, "seccomp_webhook_reviews_total{{outcome=\"{outcome}\"}} {count}")?;
        }
        writeln!(text, "# HELP seccomp_webhook_review_duration_seconds Time from the first byte read to the answer.")?;
        writeln!(text, "# TYPE seccomp_webhook_review_duration_seconds histogram")?;
        let mut cumulative = 0;
        for (end, count) in BUCKETS.iter().zip(&self.buckets) {
            cumulative += count.load(Ordering::Relaxed);
            let seconds = Duration::from_micros(*end).as_secs_f64();
            writeln!(text, "seccomp_webhook_review_duration_seconds_bucket{{le=\"{seconds}\"}} {cumulative}")?;
        }
        writeln!(text, "seccomp_webhook_review_duration_seconds_bucket{{le=\"+Inf\"}} {total}")?;
        let seconds = Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64();
        writeln!(text, "seccomp_webhook_review_duration_seconds_sum {seconds}")?;
        writeln!(text, "seccomp_webhook_review_duration_seconds_count {total}")?;
        writeln!(text, "# HELP seccomp_webhook_reviews_in_flight Reviews being answered.")?;
        writeln!(text, "# TYPE seccomp_webhook_reviews_in_flight gauge")?;
        writeln!(text, "seccomp_webhook_reviews_in_flight {}", self.in_flight.load(Ordering::Relaxed))
    }
}

pub(crate) struct InFlight<'a>(&'a AtomicU64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
