//! Runs scenarios on clusters: plan, execution, outcome, snapshots and verdicts.
