//! Messages as Go's generated code writes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{fields, recorded};

/// A field with a length.
fn field(number: u8, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    let length = u8::try_from(value.len()).expect("short");
    assert!(number < 16 && length < 128, "one byte each");
    [&[number << 3 | LENGTH, length], value].concat()
}

/// A field with a number.
fn number(number: u8, value: u8) -> Vec<u8> {
    assert!(number < 16 && value < 128, "one byte each");
    vec![number << 3, value]
}

fn body(kind: &str, object: &[u8]) -> Vec<u8> {
    let meta = [field(1, "v1"), field(2, kind)].concat();
    [MAGIC, &field(1, meta), &field(2, object), &field(3, ""), &field(4, "")].concat()
}

fn read(minor: Minor, type_name: &str, message: &[u8]) -> Result<Value, String> {
    let body = body(type_name, message);
    let envelope = Envelope::read(&body).map_err(|error| error.detail)?;
    envelope.object(minor, type_name).map(Value::Object).map_err(|error| error.detail)
}

fn newest(type_name: &str, message: &[u8]) -> Value {
    read(Minor::NEWEST, type_name, message).expect("a message of that type")
}

#[test]
fn reads_the_envelope() {
    let body = body("Pod", b"");
    let envelope = Envelope::read(&body).expect("an envelope");
    assert_eq!((envelope.api_version.as_str(), envelope.kind.as_str()), ("v1", "Pod"));
}

/// What API servers hold in both forms is the same object here.
#[test]
fn reads_what_an_api_server_writes() {
    for object in recorded::in_two_forms() {
        let minor = object.minor.parse::<Minor>().expect("a minor");
        let body = STANDARD.decode(&object.protobuf).expect("base64");
        let envelope = Envelope::read(&body).expect("an envelope");
        let mut read = envelope.object(minor, &object.kind).expect("an object");
        read.insert("kind".to_owned(), json!(envelope.kind));
        read.insert("apiVersion".to_owned(), json!(envelope.api_version));
        let canonical = |value| fields::round_trip(minor, &object.kind, value).expect("it fits its type");
        let expected = canonical(object.json);
        assert_eq!(canonical(Value::Object(read)), expected, "{} of {minor}", object.kind);
    }
}

/// What kube-apiserver 1.24.17, 1.25.16 and 1.36.3 answered, with the words around it left off.
#[test]
fn refuses_in_the_words_of_the_api_servers() {
    let prefix = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    for (body, detail) in [
        (&b""[..], "empty data"),
        (b"x", prefix),
        (b"{\"kind\":\"Namespace\"}", prefix),
        (b"k8s\0", "empty body"),
        (b"k8s\0\x0f", "proto: wrong wireType = 7 for field TypeMeta"),
        (b"k8s\0\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "proto: integer overflow"),
        (b"k8s\0\x12\x02\x08\x01", "proto: wrong wireType = 0 for field ObjectMeta"),
        (b"k8s\0\x12\x03\x0a\x05a", "unexpected EOF"),
        (b"k8s\0\x12\x01\x04", "proto: Namespace: wiretype end group for non-group"),
        (b"k8s\0\x12\x01\x0c", "proto: Namespace: wiretype end group for non-group"),
        (b"k8s\0\x12\x01\x07", "proto: Namespace: illegal tag 0 (wire type 7)"),
        (b"k8s\0\x12\x02\x00\x01", "proto: Namespace: illegal tag 0 (wire type 0)"),
        (b"k8s\0\x12\x04\x12\x02\x0a\x06", "unexpected EOF"),
        (b"k8s\0\x12\x03\x8a\x08\x02", "unexpected EOF"),
    ] {
        let read = Envelope::read(body).and_then(|envelope| envelope.object(Minor::NEWEST, "Namespace"));
        assert_eq!(read.expect_err("it is broken").detail, detail, "{body:?}");
    }
}

#[test]
fn reads_texts_maps_and_bytes() {
    let metadata = [field(1, "c"), field(11, [field(1, "k"), field(2, "v")].concat())].concat();
    let message = [
        field(1, metadata),
        field(2, [field(1, "a"), field(2, "b")].concat()),
        // An entry without a value has an empty one.
        field(2, field(1, "e")),
        field(3, [field(1, "bin"), field(2, [0xff, 0x00])].concat()),
        number(4, 1),
    ]
    .concat();
    assert_eq!(
        newest("ConfigMap", &message),
        json!({
            "metadata": {"name": "c", "labels": {"k": "v"}},
            "data": {"a": "b", "e": ""},
            "binaryData": {"bin": "/wA="},
            "immutable": true,
        })
    );
}

/// core/v1 `generated.proto`: `Volume.volumeSource` = 2, `VolumeSource.secret` = 6, `Probe.handler` = 1,
/// `ProbeHandler.httpGet` = 2, `HTTPGetAction.port` = 2.
#[test]
fn reads_what_go_embeds() {
    let port = [number(1, 1), number(2, 0), field(3, "http")].concat();
    let probe = [field(1, field(2, [field(1, "/"), field(2, port)].concat())), number(2, 5)].concat();
    let port = [number(1, 0), number(2, 80), field(3, "")].concat();
    let ready = field(1, field(2, field(2, port)));
    let requests = field(2, [field(1, "cpu"), field(2, field(1, "100m"))].concat());
    let container =
        [field(1, "a"), field(8, requests), field(10, probe), field(11, ready), field(3, "x"), field(3, "y")].concat();
    let volume = [field(1, "v"), field(2, field(6, field(1, "s")))].concat();
    let message = field(2, [field(1, volume), field(2, container)].concat());
    assert_eq!(
        newest("Pod", &message),
        json!({"spec": {
            "volumes": [{"name": "v", "secret": {"secretName": "s"}}],
            "containers": [{
                "name": "a",
                "command": ["x", "y"],
                "resources": {"requests": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "initialDelaySeconds": 5},
                "readinessProbe": {"httpGet": {"port": 80}},
            }],
        }})
    );
}

#[test]
fn reads_times_and_raw_json() {
    let entry = [field(1, "m"), field(4, [0x08, 0x80, 0xa3, 0x05]), field(7, field(1, "{\"f:a\":{}}"))].concat();
    let deletion = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let message =
        field(1, [field(8, ""), field(9, deletion), [&[0x8a, 0x01], &field(1, entry)[1..]].concat()].concat());
    assert_eq!(
        newest("Namespace", &message),
        json!({"metadata": {
            "creationTimestamp": null,
            "deletionTimestamp": "1969-12-31T23:59:59Z",
            "managedFields": [{"manager": "m", "time": "1970-01-02T00:00:00Z", "fieldsV1": {"f:a": {}}}],
        }})
    );
}

#[test]
fn reads_negative_packed_and_repeated_numbers() {
    let negative = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(newest("DeleteOptions", &negative), json!({"gracePeriodSeconds": -2}));
    let groups = |message: &[u8]| newest("PodSecurityContext", message);
    let both = [number(4, 1), number(4, 2)].concat();
    assert_eq!(groups(&both), json!({"supplementalGroups": [1, 2]}));
    assert_eq!(groups(&field(4, [1, 2])), json!({"supplementalGroups": [1, 2]}));
}

#[test]
fn puts_together_what_comes_in_pieces() {
    let message = [field(1, field(1, "a")), field(1, field(3, "ns")), field(1, field(1, "b"))].concat();
    assert_eq!(newest("Pod", &message), json!({"metadata": {"name": "b", "namespace": "ns"}}));
}

/// `hostUsers` is new in 1.25, and of another number than any field before; groups are passed over too.
#[test]
fn passes_over_what_a_minor_does_not_know() {
    let users = [0xa8, 0x02, 0x00];
    let message = field(2, users);
    let old = Minor::new(24).expect("modelled");
    assert_eq!(read(old, "Pod", &message), Ok(json!({"spec": {}})));
    assert_eq!(newest("Pod", &message), json!({"spec": {"hostUsers": false}}));
    assert_eq!(newest("Pod", &[0x7b, 0x0b, 0x08, 0x01, 0x0c, 0x7c]), json!({}));
}

proptest! {
    /// Whatever comes is read or refused.
    #[test]
    fn never_panics(message: Vec<u8>, kind in "Pod|Node|Event|Secret|Status|MutatingWebhookConfiguration") {
        let _ = read_any(&kind, &message);
    }

    /// The same for messages that are almost right.
    #[test]
    fn never_panics_on_a_flipped_byte(place: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let metadata = [field(1, "c"), field(8, [0x08, 1]), field(11, [field(1, "k"), field(2, "v")].concat())].concat();
        let port = [number(1, 1), number(2, 0), field(3, "http")].concat();
        let probe = field(1, field(2, [field(1, "/"), field(2, port)].concat()));
        let container = [field(1, "a"), field(8, field(2, [field(1, "cpu"), field(2, field(1, "1"))].concat()))].concat();
        let spec = field(2, [container, field(10, probe)].concat());
        let mut message = [field(1, metadata), field(2, spec)].concat();
        let place = place.index(message.len());
        message[place] = byte;
        let _ = read_any("Pod", &message);
        let _ = read_any("Pod", &message[..cut.index(message.len())]);
    }
}

/// Reads a message and what becomes of it.
fn read_any(kind: &str, message: &[u8]) -> Option<Value> {
    let envelope = Envelope { raw: message, ..Envelope::default() };
    let _ = Envelope::read(message);
    let object = envelope.object(Minor::NEWEST, kind).ok()?;
    fields::round_trip(Minor::NEWEST, kind, Value::Object(object)).ok().map(|decoded| decoded.object)
}
