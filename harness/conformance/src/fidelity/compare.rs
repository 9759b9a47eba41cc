//! Two sides' answers to the same case, and where they differ.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use super::{order, side::Exchange};

/// The first difference between what both sides did with a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The request, by its id.
    pub(super) request: String,
    /// In which way they differ, without what varies between requests that meet the same difference.
    pub(super) kind: String,
    /// Where bodies differ, as a JSON pointer into the answer.
    pub(super) place: Option<String>,
    /// What the real API server did.
    pub(super) real: String,
    /// What the simulated one did.
    pub(super) simulated: String,
}

impl Difference {
    /// In which way the sides differ: the same text for the same difference, whatever the request.
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} of request `{}`", self.kind, self.request)?;
        writeln!(formatter, "  real      {}", self.real)?;
        write!(formatter, "  simulated {}", self.simulated)
    }
}

/// The first difference, if there is one.
pub(super) fn compare(real: &[Exchange], simulated: &[Exchange], verbs: &[String]) -> Option<Difference> {
    let mut verbs = verbs.iter();
    let differing = real.iter().zip(simulated).find_map(|(real, simulated)| {
        let verb = verbs.next().map_or("", String::as_str);
        let (kind, real_text, simulated_text) = one(real, simulated)?;
        Some(Difference {
            request: real.id.clone(),
            kind: format!("{verb}: {kind}"),
            place: differing_place(real, simulated),
            real: real_text,
            simulated: simulated_text,
        })
    });
    differing.or_else(|| surplus(real, simulated))
}

/// What one side did beyond all that the other one did.
fn surplus(real: &[Exchange], simulated: &[Exchange]) -> Option<Difference> {
    let common = real.len().min(simulated.len());
    let (side, exchange) = match (real.get(common), simulated.get(common)) {
        (Some(real), _) => ("real", real),
        (None, Some(simulated)) => ("simulated", simulated),
        (None, None) => return None,
    };
    let (done, nothing) = (show(exchange.code, &exchange.body), "nothing more".to_owned());
    let (real, simulated) = if side == "real" { (done, nothing) } else { (nothing, done) };
    let kind = format!("only {side}: {}", general(&exchange.id));
    Some(Difference { request: exchange.id.clone(), kind, place: None, real, simulated })
}

fn one(real: &Exchange, simulated: &Exchange) -> Option<(String, String, String)> {
    if real.code != simulated.code {
        let kind = format!("code {} / {} {}", real.code, simulated.code, refusal(&real.body, &simulated.body));
        return Some((kind, show(real.code, &real.body), show(simulated.code, &simulated.body)));
    }
    let (real, simulated) = &if real.code >= 400 {
        let in_order = |exchange: &Exchange| Exchange { body: order::sorted(&exchange.body), ..exchange.clone() };
        (in_order(real), in_order(simulated))
    } else {
        (real.clone(), simulated.clone())
    };
    if real.body != simulated.body {
        let kind = if real.code >= 400 {
            format!("refusal {} {}", real.code, refusal(&real.body, &simulated.body))
        } else {
            let place = first_difference(&real.body, &simulated.body, "").map(|(place, ..)| place);
            format!("body at {}", place.unwrap_or_default())
        };
        let (real_text, simulated_text) = texts(&real.body, &simulated.body);
        return Some((kind, real_text, simulated_text));
    }
    if real.warnings != simulated.warnings {
        let kind = format!("warnings {}", only_one_side(&real.warnings, &simulated.warnings));
        return Some((kind, format!("{:?}", real.warnings), format!("{:?}", simulated.warnings)));
    }
    asked(real, simulated)
}

fn asked(real: &Exchange, simulated: &Exchange) -> Option<(String, String, String)> {
    let paths = |exchange: &Exchange| exchange.asked.iter().map(|asked| asked.path.clone()).collect::<Vec<_>>();
    if paths(real) != paths(simulated) {
        let what = if real.asked.len() == simulated.asked.len() { "where webhooks were asked" } else { "calls" };
        let kind = format!("{what} {} / {}", real.asked.len(), simulated.asked.len());
        return Some((kind, format!("{:?}", paths(real)), format!("{:?}", paths(simulated))));
    }
    real.asked.iter().zip(&simulated.asked).find(|(real, simulated)| real != simulated).map(|(real, simulated)| {
        let place = first_difference(&real.body, &simulated.body, "").map(|(place, ..)| place).unwrap_or_default();
        let (real, simulated) = texts(&real.body, &simulated.body);
        (format!("review at {place}"), real, simulated)
    })
}

/// What both sides say where they first differ.
fn texts(real: &Value, simulated: &Value) -> (String, String) {
    match first_difference(real, simulated, "") {
        Some((_, real, simulated)) => (real.to_string(), simulated.to_string()),
        None => (real.to_string(), simulated.to_string()),
    }
}

fn show(code: u16, body: &Value) -> String {
    match body.get("message") {
        Some(message) if code >= 400 => format!("{code} {message}"),
        _ => format!("{code} {}", shortened(&body.to_string())),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 400;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The place of the first difference, with list indexes left out, and both values there.
fn first_difference<'a>(real: &'a Value, simulated: &'a Value, place: &str) -> Option<(String, &'a Value, &'a Value)> {
    if real == simulated {
        return None;
    }
    match (real, simulated) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            keys.into_iter().find_map(|key| {
                let at = |value: &'a Value| value.get(key).unwrap_or(&Value::Null);
                let key_shown = if place.ends_with("fieldsV1") || key.starts_with("k:") { "*" } else { key };
                first_difference(at(real), at(simulated), &format!("{place}/{key_shown}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).find_map(|(one, other)| first_difference(one, other, &format!("{place}/*")))
        }
        _ => Some((place.to_owned(), real, simulated)),
    }
}

/// The exact place of the first difference in answers that are no refusals, else in what webhooks were asked.
fn differing_place(real: &Exchange, simulated: &Exchange) -> Option<String> {
    let in_body = (real.code < 400 && real.code == simulated.code).then(|| first_place(&real.body, &simulated.body));
    let pairs = || real.asked.iter().zip(&simulated.asked);
    in_body.flatten().or_else(|| pairs().find_map(|(real, simulated)| first_place(&real.body, &simulated.body)))
}

/// The exact place of the first difference.
fn first_place<'a>(real: &'a Value, simulated: &'a Value) -> Option<String> {
    if real == simulated {
        return None;
    }
    let (step, real, simulated) = match (real, simulated) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            let key = keys.into_iter().find(|key| one.get(*key) != other.get(*key))?;
            let at = |side: &'a serde_json::Map<String, Value>| side.get(key).unwrap_or(&Value::Null);
            (key.replace('~', "~0").replace('/', "~1"), at(one), at(other))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let place = one.iter().zip(other).position(|(one, other)| one != other)?;
            (place.to_string(), &one[place], &other[place])
        }
        _ => return Some(String::new()),
    };
    first_place(real, simulated).map(|rest| format!("/{step}{rest}"))
}

/// How two refusals differ: by the causes that only one of them has, else by their messages.
fn refusal(real: &Value, simulated: &Value) -> String {
    let causes = |status: &Value| {
        let causes = status.pointer("/details/causes").and_then(Value::as_array);
        let text = |cause: &Value| {
            let field = |name: &str| cause.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            format!("{} {} {}", field("field"), field("reason"), field("message"))
        };
        causes.into_iter().flatten().map(text).collect::<Vec<_>>()
    };
    let (one, other) = (causes(real), causes(simulated));
    if one != other {
        return only_one_side(&one, &other);
    }
    let message = |status: &Value| match status {
        Value::String(text) => general(text),
        status => general(status.get("message").and_then(Value::as_str).unwrap_or_default()),
    };
    if message(real) == message(simulated) {
        let place = first_difference(real, simulated, "").map(|(place, ..)| place);
        return place.unwrap_or_default();
    }
    format!("{} / {}", message(real), message(simulated))
}

/// The first text that only one side has.
fn only_one_side(real: &[String], simulated: &[String]) -> String {
    let general_of = |texts: &[String]| texts.iter().map(|text| general(text)).collect::<Vec<_>>();
    let (one, other) = (general_of(real), general_of(simulated));
    if let Some(text) = one.iter().find(|text| !other.contains(text)) {
        return format!("only real: {text}");
    }
    if let Some(text) = other.iter().find(|text| !one.contains(text)) {
        return format!("only simulated: {text}");
    }
    let place = real.iter().zip(simulated).position(|(one, other)| one != other);
    format!("in another order or with other values: {}", place.map_or("", |place| &one[place]))
}

/// A message without what varies between requests: what stands in quotes or brackets, and digits.
fn general(text: &str) -> String {
    let mut general = String::new();
    let mut quoted = None;
    for character in text.chars() {
        match quoted {
            Some(end) if character == end => {
                quoted = None;
                general.push('_');
            }
            Some(_) => {}
            None => match character {
                '"' | '`' => quoted = Some(character),
                '[' => quoted = Some(']'),
                '{' => quoted = Some('}'),
                digit if digit.is_ascii_digit() => {
                    if !general.ends_with('#') {
                        general.push('#');
                    }
                }
                other => general.push(other),
            },
        }
    }
    shortened(&general)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exchange(code: u16, body: Value) -> Exchange {
        Exchange { id: "a".to_owned(), code, warnings: Vec::new(), body, asked: Vec::new() }
    }

    fn kind(real: Exchange, simulated: Exchange) -> Option<String> {
        compare(&[real], &[simulated], &["create pods".to_owned()]).map(|difference| difference.kind)
    }

    #[test]
    fn tells_alike_differences_alike() {
        let refused = |index: usize| {
            json!({"message": format!("bad {index}"), "details": {"causes": [
                {"field": format!("spec.containers[{index}].name"), "reason": "FieldValueInvalid", "message": "Invalid"},
            ]}})
        };
        let first = kind(exchange(422, refused(0)), exchange(201, json!({})));
        let second = kind(exchange(422, refused(7)), exchange(201, json!({"metadata": {}})));
        assert_eq!(first, second);
        assert!(first.is_some_and(|kind| kind.contains("only real: spec.containers_.name")));
    }

    #[test]
    fn sees_what_only_one_side_did() {
        let (one, more) = (exchange(200, json!({})), exchange(200, json!({"kind": "Pod"})));
        let kind = |real: &[Exchange], simulated: &[Exchange]| compare(real, simulated, &[]).map(|found| found.kind);
        let both = [one.clone(), more];
        assert_eq!(kind(&both, std::slice::from_ref(&one)).as_deref(), Some("only real: a"));
        assert_eq!(kind(std::slice::from_ref(&one), &both).as_deref(), Some("only simulated: a"));
        assert_eq!(kind(&both, &both), None);
    }

    #[test]
    fn finds_where_bodies_differ() {
        let pod = |image: &str| json!({"spec": {"containers": [{"image": image}]}});
        assert_eq!(
            kind(exchange(201, pod("a")), exchange(201, pod("b"))).as_deref(),
            Some("create pods: body at /spec/containers/*/image")
        );
        assert_eq!(kind(exchange(201, pod("a")), exchange(201, pod("a"))), None);
    }

    #[test]
    fn counts_what_webhooks_were_asked() {
        let mut real = exchange(201, json!({}));
        let simulated = real.clone();
        real.asked.push(super::super::webhooks::Asked { path: "/h0?timeout=10s".to_owned(), body: json!({}) });
        assert_eq!(kind(real, simulated).as_deref(), Some("create pods: calls 1 / 0"));
    }
}
