//! Looking again and again at what something that acts on its own has come to.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::Execution;
use crate::cluster::Cluster;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_millis(50);

/// A number of looks, until the cluster has had time enough.
#[derive(Debug)]
pub(super) struct Looks {
    interval: Interval,
    end: Instant,
    pub(super) limit: Duration,
}

impl Looks {
    /// Waits for the time of the next look; says no where there is none.
    pub(super) async fn again(&mut self) -> bool {
        if Instant::now() >= self.end {
            return false;
        }
        self.interval.tick().await;
        true
    }
}

impl<C: Cluster> Execution<'_, C> {
    /// As many looks as the cluster needs to show what it has made.
    pub(super) fn looks(&self) -> Looks {
        let limit = self.cluster.reaction_limit();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Looks { interval, end: Instant::now() + limit, limit }
    }
}
