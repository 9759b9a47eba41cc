//! Values as Go prints them in a message: `%q`, `%#v`, and from 1.34 the JSON of the API server's internal structs.
//!
//! The address that `%#v` prints for a pointer is another one in each run of a real API server; here it is always
//! `0xc000000000`.

use serde_json::Value;

use crate::{
    minor::{Minor, validation as rule},
    registry::read::Read,
};

/// What stands for the address of a pointer.
const ADDRESS: &str = "0xc000000000";

/// A text as `%q` prints it.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            printable if is_print(printable) => quoted.push(printable),
            control if u32::from(control) < 0x80 => hex(&mut quoted, "\\x", 2, control),
            wide if u32::from(wide) < 0x1_0000 => hex(&mut quoted, "\\u", 4, wide),
            wide => hex(&mut quoted, "\\U", 8, wide),
        }
    }
    quoted.push('"');
    quoted
}

/// A character by its number.
fn hex(quoted: &mut String, prefix: &str, digits: usize, character: char) {
    let number = u32::from(character);
    let text = format!("{prefix}{number:0digits$x}");
    quoted.push_str(&text);
}

/// `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(crate) fn is_print(character: char) -> bool {
    character == ' '
        || !(character.is_control()
            || character.is_whitespace()
            || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e000}'..='\u{f8ff}'))
}

/// A field of an internal struct.
#[derive(Debug)]
pub(crate) struct GoField {
    name: &'static str,
    json: &'static str,
    kind: GoKind,
    since: u8,
}

/// The type of a field, as far as it changes how the field is printed.
#[derive(Debug)]
enum GoKind {
    Text,
    Number,
    /// A pointer to the named type.
    Pointer(&'static str),
    /// A struct whose fields stand in the same JSON object.
    Embedded(&'static GoStruct),
}

/// An internal struct of the API server.
#[derive(Debug)]
pub(crate) struct GoStruct {
    name: &'static str,
    fields: &'static [GoField],
}

const fn text(name: &'static str, json: &'static str) -> GoField {
    GoField { name, json, kind: GoKind::Text, since: 20 }
}

const fn number(name: &'static str, json: &'static str) -> GoField {
    GoField { name, json, kind: GoKind::Number, since: 20 }
}

const fn pointer(name: &'static str, json: &'static str, to: &'static str) -> GoField {
    GoField { name, json, kind: GoKind::Pointer(to), since: 20 }
}

const fn since(minor: u8, field: GoField) -> GoField {
    GoField { name: field.name, json: field.json, kind: field.kind, since: minor }
}

/// `core.SeccompProfile`
pub(crate) static SECCOMP_PROFILE: GoStruct = GoStruct {
    name: "core.SeccompProfile",
    fields: &[text("Type", "type"), pointer("LocalhostProfile", "localhostProfile", "string")],
};

/// `core.SecurityContext`
pub(crate) static SECURITY_CONTEXT: GoStruct = GoStruct {
    name: "core.SecurityContext",
    fields: &[
        pointer("Capabilities", "capabilities", "core.Capabilities"),
        pointer("Privileged", "privileged", "bool"),
        pointer("SELinuxOptions", "seLinuxOptions", "core.SELinuxOptions"),
        pointer("WindowsOptions", "windowsOptions", "core.WindowsSecurityContextOptions"),
        pointer("RunAsUser", "runAsUser", "int64"),
        pointer("RunAsGroup", "runAsGroup", "int64"),
        pointer("RunAsNonRoot", "runAsNonRoot", "bool"),
        pointer("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", "bool"),
        pointer("AllowPrivilegeEscalation", "allowPrivilegeEscalation", "bool"),
        pointer("ProcMount", "procMount", "core.ProcMountType"),
        pointer("SeccompProfile", "seccompProfile", "core.SeccompProfile"),
        since(30, pointer("AppArmorProfile", "appArmorProfile", "core.AppArmorProfile")),
    ],
};

/// `core.Toleration`
pub(crate) static TOLERATION: GoStruct = GoStruct {
    name: "core.Toleration",
    fields: &[
        text("Key", "key"),
        text("Operator", "operator"),
        text("Value", "value"),
        text("Effect", "effect"),
        pointer("TolerationSeconds", "tolerationSeconds", "int64"),
    ],
};

/// `core.PodResourceClaim` from 1.31.
pub(crate) static POD_RESOURCE_CLAIM: GoStruct = GoStruct {
    name: "core.PodResourceClaim",
    fields: &[
        text("Name", "name"),
        pointer("ResourceClaimName", "resourceClaimName", "string"),
        pointer("ResourceClaimTemplateName", "resourceClaimTemplateName", "string"),
    ],
};

/// `core.Lifecycle` before 1.23.
static LIFECYCLE_OLD: GoStruct = GoStruct {
    name: "core.Lifecycle",
    fields: &[pointer("PostStart", "postStart", "core.Handler"), pointer("PreStop", "preStop", "core.Handler")],
};

/// `core.Lifecycle` from 1.23.
static LIFECYCLE: GoStruct = GoStruct {
    name: "core.Lifecycle",
    fields: &[
        pointer("PostStart", "postStart", "core.LifecycleHandler"),
        pointer("PreStop", "preStop", "core.LifecycleHandler"),
    ],
};

static HANDLER: GoStruct = GoStruct {
    name: "core.Handler",
    fields: &[
        pointer("Exec", "exec", "core.ExecAction"),
        pointer("HTTPGet", "httpGet", "core.HTTPGetAction"),
        pointer("TCPSocket", "tcpSocket", "core.TCPSocketAction"),
    ],
};

static PROBE_HANDLER: GoStruct = GoStruct {
    name: "core.ProbeHandler",
    fields: &[
        pointer("Exec", "exec", "core.ExecAction"),
        pointer("HTTPGet", "httpGet", "core.HTTPGetAction"),
        pointer("TCPSocket", "tcpSocket", "core.TCPSocketAction"),
        pointer("GRPC", "grpc", "core.GRPCAction"),
    ],
};

static PROBE_OLD: GoStruct = GoStruct {
    name: "core.Probe",
    fields: &[
        GoField { name: "Handler", json: "", kind: GoKind::Embedded(&HANDLER), since: 20 },
        number("InitialDelaySeconds", "initialDelaySeconds"),
        number("TimeoutSeconds", "timeoutSeconds"),
        number("PeriodSeconds", "periodSeconds"),
        number("SuccessThreshold", "successThreshold"),
        number("FailureThreshold", "failureThreshold"),
        since(21, pointer("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", "int64")),
    ],
};

static PROBE: GoStruct = GoStruct {
    name: "core.Probe",
    fields: &[
        GoField { name: "ProbeHandler", json: "", kind: GoKind::Embedded(&PROBE_HANDLER), since: 20 },
        number("InitialDelaySeconds", "initialDelaySeconds"),
        number("TimeoutSeconds", "timeoutSeconds"),
        number("PeriodSeconds", "periodSeconds"),
        number("SuccessThreshold", "successThreshold"),
        number("FailureThreshold", "failureThreshold"),
        pointer("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", "int64"),
    ],
};

static OWNER_REFERENCE: GoStruct = GoStruct {
    name: "v1.OwnerReference",
    fields: &[
        text("APIVersion", "apiVersion"),
        text("Kind", "kind"),
        text("Name", "name"),
        text("UID", "uid"),
        pointer("Controller", "controller", "bool"),
        pointer("BlockOwnerDeletion", "blockOwnerDeletion", "bool"),
    ],
};

/// A struct of the API server's internal types, as a message of `minor` shows it.
pub(crate) fn render(minor: Minor, go: &GoStruct, value: &Value) -> String {
    if *rule::VALUES_AS_JSON.at(minor) { json(minor, go, value) } else { sharp(minor, go, value) }
}

/// A `core.Lifecycle` or `core.Probe`, whose shape changed with 1.23.
pub(crate) fn render_hook(minor: Minor, is_probe: bool, value: &Value) -> String {
    let go = match (is_probe, *rule::PROBE_HANDLERS.at(minor)) {
        (false, false) => &LIFECYCLE_OLD,
        (false, true) => &LIFECYCLE,
        (true, false) => &PROBE_OLD,
        (true, true) => &PROBE,
    };
    render(minor, go, value)
}

/// An owner reference, or a list of them. These are `metav1` types, whose JSON is the usual one.
pub(crate) fn render_owners(minor: Minor, owners: &Value) -> String {
    if *rule::VALUES_AS_JSON.at(minor) {
        let one = |owner: &Value| {
            let fields = ["apiVersion", "kind", "name", "uid"]
                .iter()
                .map(|name| format!("{}:{}", quote(name), Value::from(owner.text(name))));
            let flags = ["controller", "blockOwnerDeletion"]
                .iter()
                .filter_map(|name| owner.flag(name).map(|flag| format!("{}:{flag}", quote(name))));
            format!("{{{}}}", fields.chain(flags).collect::<Vec<_>>().join(","))
        };
        return match owners.as_array() {
            Some(list) => format!("[{}]", list.iter().map(one).collect::<Vec<_>>().join(",")),
            None => one(owners),
        };
    }
    match owners.as_array() {
        Some(list) => {
            let items = list.iter().map(|owner| sharp(minor, &OWNER_REFERENCE, owner)).collect::<Vec<_>>();
            format!("[]v1.OwnerReference{{{}}}", items.join(", "))
        }
        None => sharp(minor, &OWNER_REFERENCE, owners),
    }
}

/// `status.podIPs`: `[]core.PodIP{core.PodIP{IP:"10.0.0.1"}}`, from 1.34 `[{"IP":"10.0.0.1"}]`.
pub(crate) fn render_pod_ips(minor: Minor, addresses: &[Value]) -> String {
    let as_json = *rule::VALUES_AS_JSON.at(minor);
    let one = |address: &Value| {
        let text = quote(address.text("ip"));
        if as_json { format!("{{\"IP\":{text}}}") } else { format!("core.PodIP{{IP:{text}}}") }
    };
    let all: Vec<_> = addresses.iter().map(one).collect();
    if as_json { format!("[{}]", all.join(",")) } else { format!("[]core.PodIP{{{}}}", all.join(", ")) }
}

/// A list of texts: `[]string{"a", "b"}`, from 1.34 `["a","b"]`.
pub(crate) fn render_texts<'a>(minor: Minor, texts: impl Iterator<Item = &'a str>) -> String {
    if *rule::VALUES_AS_JSON.at(minor) {
        let items = texts.map(|text| Value::from(text).to_string()).collect::<Vec<_>>();
        return format!("[{}]", items.join(","));
    }
    format!("[]string{{{}}}", texts.map(quote).collect::<Vec<_>>().join(", "))
}

/// `%#v` of a `resource.Quantity` that was read from `text` and fits 64 bits.
pub(crate) fn quantity(text: &str) -> String {
    let (number, suffix) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let scale = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        _ => 0,
    };
    format!(
        "resource.Quantity{{i:resource.int64Amount{{value:{number}, scale:{scale}}}, \
         d:resource.infDecAmount{{Dec:(*inf.Dec)(nil)}}, s:{}, Format:\"DecimalSI\"}}",
        quote(text)
    )
}

fn is_known(minor: Minor, field: &GoField) -> bool {
    field.since <= minor.number()
}

/// `%#v` of a struct.
fn sharp(minor: Minor, go: &GoStruct, value: &Value) -> String {
    let fields = go.fields.iter().filter(|field| is_known(minor, field)).map(|field| {
        let shown = match &field.kind {
            GoKind::Text => quote(value.text(field.json)),
            GoKind::Number => value.int(field.json).unwrap_or_default().to_string(),
            GoKind::Pointer(to) => match value.field(field.json) {
                Some(_) => format!("(*{to})({ADDRESS})"),
                None => format!("(*{to})(nil)"),
            },
            GoKind::Embedded(inner) => sharp(minor, inner, value),
        };
        format!("{}:{shown}", field.name)
    });
    format!("{}{{{}}}", go.name, fields.collect::<Vec<_>>().join(", "))
}

/// The JSON of a struct without tags: its fields by their Go names, what is not set as null.
fn json(minor: Minor, go: &GoStruct, value: &Value) -> String {
    let fields = go.fields.iter().filter(|field| is_known(minor, field)).map(|field| {
        let shown = match &field.kind {
            GoKind::Text => Value::from(value.text(field.json)).to_string(),
            GoKind::Number => value.int(field.json).unwrap_or_default().to_string(),
            GoKind::Pointer(to) => {
                value.field(field.json).map_or_else(|| "null".to_owned(), |set| pointed(minor, to, set))
            }
            GoKind::Embedded(inner) => return json(minor, inner, value).trim_matches(['{', '}']).to_owned(),
        };
        format!("\"{}\":{shown}", field.name)
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// What a pointer points to, as JSON of its internal type.
fn pointed(minor: Minor, to: &str, value: &Value) -> String {
    let names: &[(&str, &str)] = match to {
        "core.SeccompProfile" => return json(minor, &SECCOMP_PROFILE, value),
        "core.Capabilities" => &[("Add", "add"), ("Drop", "drop")],
        "core.SELinuxOptions" => &[("User", "user"), ("Role", "role"), ("Type", "type"), ("Level", "level")],
        "core.AppArmorProfile" => &[("Type", "type"), ("LocalhostProfile", "localhostProfile")],
        "core.WindowsSecurityContextOptions" => &[
            ("GMSACredentialSpecName", "gmsaCredentialSpecName"),
            ("GMSACredentialSpec", "gmsaCredentialSpec"),
            ("RunAsUserName", "runAsUserName"),
            ("HostProcess", "hostProcess"),
        ],
        _ => return value.to_string(),
    };
    let empty = if to == "core.SELinuxOptions" { "\"\"" } else { "null" };
    let fields = names
        .iter()
        .map(|(go, json)| format!("\"{go}\":{}", value.field(json).map_or_else(|| empty.to_owned(), Value::to_string)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quotes_as_go_does() {
        assert_eq!(quote("a\"b\\c\n\u{1}é"), r#""a\"b\\c\n\x01é""#);
    }

    #[test]
    fn shows_a_struct_in_the_way_of_the_minor() {
        let profile = json!({"type": "RuntimeDefault", "localhostProfile": "x"});
        let at = |minor| render(Minor::new(minor).expect("modelled"), &SECCOMP_PROFILE, &profile);
        assert_eq!(at(33), r#"core.SeccompProfile{Type:"RuntimeDefault", LocalhostProfile:(*string)(0xc000000000)}"#);
        assert_eq!(at(34), r#"{"Type":"RuntimeDefault","LocalhostProfile":"x"}"#);
    }
}
