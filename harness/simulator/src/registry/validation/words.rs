//! The forms of names, keys and numbers, and what Kubernetes says of one that has not that form.
//!
//! Each function gives the messages in order, and none for what is well formed.
//!
//! # Source
//! kubernetes v1.20 to v1.37 `apimachinery/pkg/util/validation/validation.go`, from v1.35 also
//! `apimachinery/pkg/api/validate/content`

use crate::minor::{Minor, validation as rule};

const DNS_LABEL_REGEX: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN_REGEX: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS_SUBDOMAIN_UNDERSCORE_REGEX: &str = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
const DNS_1035_REGEX: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_NAME_REGEX: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const QUALIFIED_NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                                   with an alphanumeric character";

/// `rule (e.g. 'a',  or 'b', regex used for validation is 'r')`, with the odd commas of the original.
fn by_regex(rule: &str, regex: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{rule} (regex used for validation is '{regex}')");
    }
    let mut text = format!("{rule} (e.g. ");
    for (place, example) in examples.iter().enumerate() {
        if place > 0 {
            text.push_str(" or ");
        }
        text.extend(["'", example, "', "]);
    }
    text + &format!("regex used for validation is '{regex}')")
}

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} characters")
}

/// A name that stands in a URL's path, or what one begins with.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/api/validation/path/name.go`
pub(crate) fn path_segment(name: &str, is_prefix: bool) -> Vec<String> {
    if !is_prefix && (name == "." || name == "..") {
        return vec![format!("may not be '{name}'")];
    }
    let contains = |part: char| name.contains(part).then(|| format!("may not contain '{part}'"));
    contains('/').into_iter().chain(contains('%')).collect()
}

/// `must be between 1 and 65535, inclusive`
pub(crate) fn inclusive_range(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether `value` is not empty, begins and ends with what `edge` allows and has else only what `inner` allows.
fn has_form(value: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    match bytes {
        [] => false,
        [only] => edge(*only),
        [first, middle @ .., last] => edge(*first) && edge(*last) && middle.iter().all(|byte| inner(*byte)),
    }
}

fn is_label_form(value: &str) -> bool {
    has_form(value, is_lower_or_digit, |byte| is_lower_or_digit(byte) || byte == b'-')
}

fn is_subdomain_form(value: &str) -> bool {
    value.split('.').all(is_label_form)
}

fn is_qualified_form(value: &str) -> bool {
    has_form(
        value,
        |byte| byte.is_ascii_alphanumeric(),
        |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
    )
}

/// RFC 1123 label, the name of a container or namespace.
pub(crate) fn dns_label(minor: Minor, value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 63 {
        messages.push(too_long(63));
    }
    if !is_label_form(value) {
        if *rule::LABEL_NAMES_DOTS.at(minor) && is_subdomain_form(value) {
            messages.push("must not contain dots".to_owned());
        } else {
            let rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                        start and end with an alphanumeric character";
            messages.push(by_regex(rule, DNS_LABEL_REGEX, &["my-name", "123-abc"]));
        }
    }
    messages
}

/// RFC 1123 subdomain, the name of a Pod.
pub(crate) fn dns_subdomain(value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 253 {
        messages.push(too_long(253));
    }
    if !is_subdomain_form(value) {
        let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                    must start and end with an alphanumeric character";
        messages.push(by_regex(rule, DNS_SUBDOMAIN_REGEX, &["example.com"]));
    }
    messages
}

/// The same with underscores, as search domains may be.
pub(crate) fn dns_subdomain_with_underscore(minor: Minor, value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 253 {
        messages.push(too_long(253));
    }
    let is_part = |part: &str| {
        let part = part.strip_prefix('_').unwrap_or(part);
        has_form(part, is_lower_or_digit, |byte| is_lower_or_digit(byte) || matches!(byte, b'-' | b'_'))
    };
    if !value.split('.').all(is_part) {
        let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or \
                    '.', and must start and end with an alphanumeric character";
        let regex =
            if *rule::UNDERSCORE_REGEX_SHOWN.at(minor) { DNS_SUBDOMAIN_UNDERSCORE_REGEX } else { DNS_SUBDOMAIN_REGEX };
        messages.push(by_regex(rule, regex, &["example.com"]));
    }
    messages
}

/// RFC 1035 label, the name of a Service.
pub(crate) fn dns_1035_label(value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 63 {
        messages.push(too_long(63));
    }
    if !is_label_form(value) || !value.starts_with(|first: char| first.is_ascii_lowercase()) {
        let rule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                    alphabetic character, and end with an alphanumeric character";
        messages.push(by_regex(rule, DNS_1035_REGEX, &["my-name", "abc-123"]));
    }
    messages
}

/// A key of a label or annotation, a finalizer, the name of a resource: `name` or `prefix/name`.
pub(crate) fn qualified_name(minor: Minor, value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let examples = &["MyName", "my.name", "123-abc"];
    let (prefix, name) = match value.split_once('/') {
        None => (None, value),
        Some((prefix, name)) if !name.contains('/') => (Some(prefix), name),
        Some(_) => {
            let what = rule::QUALIFIED_NAME_IS.at(minor);
            let text = by_regex(QUALIFIED_NAME_RULE, QUALIFIED_NAME_REGEX, examples);
            messages.push(format!(
                "{what} {text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            return messages;
        }
    };
    match prefix {
        Some("") => messages.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            let unit = rule::KEY_LENGTH_UNIT.at(minor);
            messages.extend(
                dns_subdomain(prefix)
                    .into_iter()
                    .map(|text| format!("prefix part {}", text.replace("253 characters", &format!("253 {unit}")))),
            );
        }
        None => {}
    }
    if name.is_empty() {
        messages.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        messages.push(format!("name part must be no more than 63 {}", rule::KEY_LENGTH_UNIT.at(minor)));
    }
    if !is_qualified_form(name) {
        messages.push(format!("name part {}", by_regex(QUALIFIED_NAME_RULE, QUALIFIED_NAME_REGEX, examples)));
    }
    messages
}

/// The value of a label.
pub(crate) fn label_value(minor: Minor, value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 63 {
        messages.push(format!("must be no more than 63 {}", rule::KEY_LENGTH_UNIT.at(minor)));
    }
    if !value.is_empty() && !is_qualified_form(value) {
        let rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                    must start and end with an alphanumeric character";
        let regex = format!("({QUALIFIED_NAME_REGEX})?");
        messages.push(by_regex(rule, &regex, &["MyValue", "my_value", "12345"]));
    }
    messages
}

/// The name of an environment variable.
pub(crate) fn environment_name(minor: Minor, value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if *rule::RELAXED_ENVIRONMENT_NAMES.at(minor) {
        if value.is_empty() {
            messages.push("environment variable name must be non-empty".to_owned());
        }
        if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte) || byte == b'=') {
            messages.push(
                "a valid environment variable name must consist only of printable ASCII characters other than '='"
                    .to_owned(),
            );
        }
        return messages;
    }
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if value.is_empty() || value.as_bytes()[0].is_ascii_digit() || !value.bytes().all(is_inner) {
        let rule = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', \
                    and must not start with a digit";
        let examples = &["my.env-name", "MY_ENV.NAME", "MyEnvName1"];
        messages.push(by_regex(rule, "[-._a-zA-Z][-._a-zA-Z0-9]*", examples));
    }
    messages.extend(parent_directory(value));
    messages
}

/// A key of a `ConfigMap` or Secret.
pub(crate) fn config_key(value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 253 {
        messages.push(too_long(253));
    }
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if value.is_empty() || !value.bytes().all(is_inner) {
        let rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        messages.push(by_regex(rule, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    messages.extend(parent_directory(value));
    messages
}

fn parent_directory(value: &str) -> Option<String> {
    match value {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// The number of a port.
pub(crate) fn port_number(port: i64) -> Option<String> {
    (!(1..=65535).contains(&port)).then(|| inclusive_range(1, 65535))
}

/// The name of a port.
pub(crate) fn port_name(minor: Minor, value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > 15 {
        messages.push(too_long(15));
    }
    if value.is_empty() || !value.bytes().all(|byte| is_lower_or_digit(byte) || byte == b'-') {
        messages.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        messages.push((*rule::PORT_NAME_NEEDS.at(minor)).to_owned());
    }
    if value.contains("--") {
        messages.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        messages.push("must not begin or end with a hyphen".to_owned());
    }
    messages
}

/// The id of a user or group.
pub(crate) fn unix_id(id: i64) -> Option<String> {
    (!(0..=i64::from(i32::MAX)).contains(&id)).then(|| inclusive_range(0, i64::from(i32::MAX)))
}

/// The name of an HTTP header.
pub(crate) fn http_header_name(value: &str) -> Option<String> {
    let is_form = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let rule = "a valid HTTP header must consist of alphanumeric characters or '-'";
    (!is_form).then(|| by_regex(rule, "[-A-Za-z0-9]+", &["X-Header-Name"]))
}

/// Whether `value` is an IP address; numbers with leading zeros count as one, as they did before Go 1.17.
pub(crate) fn is_ip(value: &str) -> bool {
    if value.parse::<std::net::Ipv6Addr>().is_ok() {
        return true;
    }
    let mut parts = 0;
    value.split('.').all(|part| {
        parts += 1;
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u32>().is_ok_and(|n| n < 256)
    }) && parts == 4
}

/// The name that an object with `generateName` may get: a trailing dash is allowed there.
pub(crate) fn mask_trailing_dash(name: &str) -> std::borrow::Cow<'_, str> {
    if name.len() > 1 && name.ends_with('-') {
        // Two characters go and one comes, as in the original.
        let mut end = name.len() - 2;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        return format!("{}a", &name[..end]).into();
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(number: u8) -> Minor {
        Minor::new(number).expect("modelled")
    }

    #[test]
    fn accepts_well_formed_names() {
        assert!(dns_label(minor(24), "a-1").is_empty());
        assert!(dns_subdomain("a.b-c.d").is_empty());
        assert!(qualified_name(minor(24), "example.com/Name_1").is_empty());
        assert!(label_value(minor(24), "").is_empty());
        assert!(environment_name(minor(24), "_A.b-1").is_empty());
        assert!(is_ip("10.0.0.1") && is_ip("2001:db8::1") && !is_ip("10.0.0") && !is_ip("x"));
    }

    #[test]
    fn rejects_with_the_words_of_the_minor() {
        assert_eq!(dns_label(minor(27), "a.b"), ["must not contain dots"]);
        assert!(dns_label(minor(26), "a.b")[0].starts_with("a lowercase RFC 1123 label must consist of"));
        assert_eq!(label_value(minor(34), &"a".repeat(64)), ["must be no more than 63 characters"]);
        assert_eq!(label_value(minor(35), &"a".repeat(64)), ["must be no more than 63 bytes"]);
    }
}
