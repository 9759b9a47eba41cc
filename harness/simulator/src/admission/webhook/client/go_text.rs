//! Transport errors in Go's words.

use std::{error::Error as _, io, net::SocketAddr};

use rustls::{AlertDescription, CertificateError};

use super::tls::UnknownAuthority;
use crate::{minor, minor::Minor};

/// The time is up.
pub(super) const DEADLINE: &str = "context deadline exceeded";

/// `Post "https://...": reason`.
pub(super) fn post(url: &str, reason: &str) -> String {
    format!("Post {url:?}: {reason}")
}

/// `dial tcp 127.0.0.1:1: connect: connection refused`.
pub(super) fn of_dial(address: SocketAddr, error: &io::Error) -> String {
    format!("dial tcp {address}: connect: {}", errno(error))
}

/// What the C library calls it, as Go writes it.
fn errno(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => "connection reset by peer",
        io::ErrorKind::ConnectionAborted => "software caused connection abort",
        io::ErrorKind::TimedOut => "connection timed out",
        io::ErrorKind::HostUnreachable => "no route to host",
        io::ErrorKind::NetworkUnreachable => "network is unreachable",
        io::ErrorKind::BrokenPipe => "broken pipe",
        io::ErrorKind::PermissionDenied => "permission denied",
        _ => return error.to_string(),
    };
    text.to_owned()
}

/// `read tcp 127.0.0.1:2->127.0.0.1:1: read: connection reset by peer`.
fn of_io(error: &io::Error, ends: &str) -> String {
    let verb = if error.kind() == io::ErrorKind::BrokenPipe { "write" } else { "read" };
    format!("{verb} tcp {ends}: {verb}: {}", errno(error))
}

/// An error of the connection that a request was sent over; `ends` are its addresses, `first` what the webhook's answer
/// began with.
pub(super) fn of_hyper(error: &hyper::Error, ends: &str, first: &str) -> String {
    if error.is_incomplete_message() || error.is_canceled() {
        return "EOF".to_owned();
    }
    if error.is_parse() {
        let line = first.lines().next().unwrap_or_default();
        return format!("net/http: HTTP/1.x transport connection broken: malformed HTTP response {line:?}");
    }
    match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(source) if source.kind() == io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        Some(source) => of_io(source, ends),
        None => error.to_string(),
    }
}

/// An error while a response's body is read.
pub(super) fn of_hyper_body(error: &hyper::Error, ends: &str) -> String {
    match of_hyper(error, ends, "").as_str() {
        "EOF" => "unexpected EOF".to_owned(),
        other => other.to_owned(),
    }
}

/// An error of the TLS handshake; `first` is what the webhook's answer began with, `ends` both addresses.
pub(super) fn of_handshake(minor: Minor, error: &io::Error, first: &str, ends: &str, server_name: &str) -> String {
    let tls = error.get_ref().and_then(|source| source.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(error)) => {
            let prefix = minor::admission::CERTIFICATE_ERROR_PREFIX.at(minor);
            format!("{prefix}{}", of_certificate(error, server_name))
        }
        Some(rustls::Error::AlertReceived(alert)) => format!("remote error: tls: {}", of_alert(*alert)),
        Some(_) if first.starts_with("HTTP/") => "http: server gave HTTP response to HTTPS client".to_owned(),
        Some(rustls::Error::InvalidMessage(_)) => "tls: first record does not look like a TLS handshake".to_owned(),
        Some(other) => format!("tls: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        None => of_io(error, ends),
    }
}

/// # Source
/// Go 1.22 `crypto/x509/verify.go` `CertificateInvalidError`, `HostnameError`, `UnknownAuthorityError`
fn of_certificate(error: &CertificateError, server_name: &str) -> String {
    let expired = "x509: certificate has expired or is not yet valid: current time";
    let time = |time: &rustls::pki_types::UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    match error {
        CertificateError::ExpiredContext { time: now, not_after } => {
            format!("{expired} {} is after {}", time(now), time(not_after))
        }
        CertificateError::NotValidYetContext { time: now, not_before } => {
            format!("{expired} {} is before {}", time(now), time(not_before))
        }
        CertificateError::UnknownIssuer => "x509: certificate signed by unknown authority".to_owned(),
        CertificateError::Other(other) => match other.0.downcast_ref::<UnknownAuthority>() {
            Some(authority) => authority.to_string(),
            None => format!("x509: {other}"),
        },
        CertificateError::NotValidForNameContext { presented, .. } => of_names(presented, server_name),
        CertificateError::NotValidForName => of_names(&[], server_name),
        other => format!("x509: {other}"),
    }
}

/// # Source
/// Go 1.22 `crypto/x509/verify.go` `HostnameError.Error`
fn of_names(presented: &[String], server_name: &str) -> String {
    let is_address = server_name.parse::<std::net::IpAddr>().is_ok();
    let names = presented.iter().filter_map(|name| {
        let (kind, rest) = name.split_once('(')?;
        let value = rest.strip_suffix(')')?.trim_matches('"');
        ((kind == "IpAddress") == is_address).then_some(value)
    });
    let names: Vec<&str> = names.collect();
    if names.is_empty() && is_address {
        return format!("x509: cannot validate certificate for {server_name} because it doesn't contain any IP SANs");
    }
    if names.is_empty() {
        return format!("x509: certificate is not valid for any names, but wanted to match {server_name}");
    }
    format!("x509: certificate is valid for {}, not {server_name}", names.join(", "))
}

/// # Source
/// Go 1.22 `crypto/tls/alert.go` `alertText`
fn of_alert(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CloseNotify => "close notify",
        AlertDescription::UnexpectedMessage => "unexpected message",
        AlertDescription::BadRecordMac => "bad record MAC",
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::BadCertificate => "bad certificate",
        AlertDescription::UnsupportedCertificate => "unsupported certificate",
        AlertDescription::CertificateRequired => "certificate required",
        AlertDescription::ProtocolVersion => "protocol version not supported",
        AlertDescription::InternalError => "internal error",
        AlertDescription::UnrecognisedName => "unrecognized name",
        AlertDescription::NoApplicationProtocol => "no application protocol",
        AlertDescription::DecodeError => "error decoding message",
        AlertDescription::IllegalParameter => "illegal parameter",
        _ => "unknown alert",
    }
}
