//! Probes and lifecycle hooks.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::super::{check::Check, meta, path::Path, words};
use super::Whole;

/// Hooks and probes of a container, each with what is special to it, as from 1.25.
pub(super) fn all(check: &mut Check, container: &Value, whole: &Whole<'_>, at: &Path<'_>) {
    lifecycle(check, container, whole, at);
    probe(check, container, "livenessProbe", whole, at);
    success_once(check, container, "livenessProbe", at);
    probe(check, container, "readinessProbe", whole, at);
    no_grace_of_readiness(check, container, at);
    probe(check, container, "startupProbe", whole, at);
    success_once(check, container, "startupProbe", at);
}

/// The same without the readiness probe, in the order from before 1.25.
pub(super) fn mixed(check: &mut Check, container: &Value, whole: &Whole<'_>, at: &Path<'_>, is_startup_twice: bool) {
    lifecycle(check, container, whole, at);
    probe(check, container, "livenessProbe", whole, at);
    if is_startup_twice {
        no_grace_of_readiness(check, container, at);
        probe(check, container, "startupProbe", whole, at);
    }
    success_once(check, container, "livenessProbe", at);
    probe(check, container, "startupProbe", whole, at);
    success_once(check, container, "startupProbe", at);
}

fn success_once(check: &mut Check, container: &Value, field: &str, at: &Path<'_>) {
    let Some(probe) = container.field(field) else { return };
    let threshold = probe.int("successThreshold").unwrap_or_default();
    if threshold != 1 {
        check.invalid(&at.child(field).child("successThreshold"), threshold, "must be 1");
    }
}

fn no_grace_of_readiness(check: &mut Check, container: &Value, at: &Path<'_>) {
    let field = "terminationGracePeriodSeconds";
    if let Some(seconds) = container.field("readinessProbe").int(field) {
        check.invalid(&at.child("readinessProbe").child(field), seconds, "must not be set for readinessProbes");
    }
}

/// `validateLifecycle`
fn lifecycle(check: &mut Check, container: &Value, whole: &Whole<'_>, at: &Path<'_>) {
    let Some(lifecycle) = container.field("lifecycle") else { return };
    let path = at.child("lifecycle");
    for field in ["postStart", "preStop"] {
        if let Some(hook) = lifecycle.field(field) {
            handler(check, hook, whole, &path.child(field));
        }
    }
    if lifecycle.field("stopSignal").is_some() && whole.spec.field("os").is_none() {
        check.forbidden(&path.child("stopSignal"), "may not be set for containers with empty `spec.os.name`");
    }
}

/// `validateProbe`
pub(super) fn probe(check: &mut Check, container: &Value, field: &str, whole: &Whole<'_>, at: &Path<'_>) {
    let Some(probe) = container.field(field) else { return };
    let path = at.child(field);
    handler(check, probe, whole, &path);
    for number in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        meta::non_negative(check, probe.int(number).unwrap_or_default(), &path.child(number));
    }
    let grace = "terminationGracePeriodSeconds";
    if *rule::PROBE_GRACE_POSITIVE.at(check.minor)
        && let Some(seconds) = probe.int(grace)
        && seconds <= 0
    {
        check.invalid(&path.child(grace), seconds, "must be greater than 0");
    }
}

/// `validateHandler`
fn handler(check: &mut Check, handler: &Value, whole: &Whole<'_>, path: &Path<'_>) {
    let mut count = 0;
    for field in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let Some(action) = handler.field(field) else { continue };
        let at = path.child(field);
        if count > 0 {
            check.forbidden(&at, "may not specify more than 1 handler type");
            continue;
        }
        count += 1;
        match field {
            "exec" => {
                if action.list("command").is_empty() {
                    check.required(&at.child("command"), "");
                }
            }
            "httpGet" => http_get(check, action, &at),
            "sleep" => sleep(check, action, whole, &at),
            _ => check.port(&at.child("port"), action.field("port")),
        }
    }
    if count == 0 {
        check.required(path, "must specify a handler type");
    }
}

fn http_get(check: &mut Check, action: &Value, at: &Path<'_>) {
    if action.text("path").is_empty() {
        check.required(&at.child("path"), "");
    }
    check.port(&at.child("port"), action.field("port"));
    let supported = ["HTTP", "HTTPS"];
    if !supported.contains(&action.text("scheme")) {
        check.not_supported(&at.child("scheme"), action.text("scheme"), &supported);
    }
    for header in action.list("httpHeaders") {
        if let Some(message) = words::http_header_name(header.text("name")) {
            check.invalid(&at.child("httpHeaders"), header.text("name"), message);
        }
    }
}

/// `validateSleepAction`
fn sleep(check: &mut Check, action: &Value, whole: &Whole<'_>, at: &Path<'_>) {
    let seconds = action.int("seconds").unwrap_or_default();
    let grace = whole.spec.int("terminationGracePeriodSeconds").unwrap_or_default();
    if *rule::SLEEP_MAY_BE_ZERO.at(check.minor) {
        if !(0..=grace).contains(&seconds) {
            let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
            check.invalid(at, seconds, detail);
        }
    } else if seconds <= 0 || seconds > grace {
        let hint = if *rule::SLEEP_NAMES_GATE.at(check.minor) {
            ". Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
        } else {
            ""
        };
        let detail = format!("must be greater than 0 and less than terminationGracePeriodSeconds ({grace}){hint}");
        check.invalid(at, seconds, detail);
    }
}
