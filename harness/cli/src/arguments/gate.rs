//! What `gate` is told.

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, builder::BoolishValueParser};
use jiff::civil::Date;

use crate::arguments::Format;

/// Arguments of `gate`.
#[derive(Args, Debug)]
pub(crate) struct GateArguments {
    /// The JSON reports, those of broken webhooks too.
    #[arg(value_name = "REPORT.json", required = true)]
    pub(crate) reports: Vec<Utf8PathBuf>,
    /// What must hold.
    #[arg(long, default_value = "ci/gate.yaml", value_name = "FILE", env = "SECCOMP_HARNESS_POLICY")]
    pub(crate) policy: Utf8PathBuf,
    /// What need not hold for now, besides what the policy itself waives; repeat it for more. Without it,
    /// `waivers.yaml` beside the policy, where there is one.
    #[arg(long, value_name = "FILE", value_delimiter = ',', env = "SECCOMP_HARNESS_WAIVERS")]
    pub(crate) waivers: Vec<Utf8PathBuf>,
    /// End with 5 where all holds, but something of it only because it is waived.
    #[arg(long, env = "SECCOMP_HARNESS_STRICT", value_parser = BoolishValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) strict: bool,
    /// The day that waivers are judged by, `2026-12-31`; without it today, in UTC.
    #[arg(long, value_name = "DAY", env = "SECCOMP_HARNESS_TODAY")]
    pub(crate) today: Option<Date>,
    /// The form of the judgement.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", env = "SECCOMP_HARNESS_OUTPUT")]
    pub(crate) output: Format,
}
