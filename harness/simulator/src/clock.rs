//! Where time comes from: injected, so that the same run gives the same objects.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A source of the current time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is told to go on.
///
/// # Units
/// Kept in nanoseconds since the epoch; [`ManualClock::advance`] takes a [`SignedDuration`].
#[derive(Debug)]
pub struct ManualClock {
    nanoseconds: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { nanoseconds: AtomicI64::new(i64::try_from(start.as_nanosecond()).unwrap_or(i64::MAX)) }
    }

    /// Moves the clock on by `duration`.
    pub fn advance(&self, duration: SignedDuration) {
        let nanoseconds = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.nanoseconds.load(Ordering::Relaxed))).unwrap_or(Timestamp::MAX)
    }
}
