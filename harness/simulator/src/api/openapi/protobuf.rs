//! The document of version 2 as protobuf, which is the only form that older kubectls take.
//!
//! # Source
//! github.com/google/gnostic-models `openapiv2/OpenAPIv2.proto`

use serde_json::json;

use super::{info, parameters, path};
use crate::minor::{Minor, resource::Resource};

/// One message under construction.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    /// A field with a length: text, bytes or a message.
    fn field(mut self, number: u8, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        // Wire type 2; all numbers here are below 16, and so is one byte enough.
        self.0.push((number << 3) | 2);
        let mut length = value.len();
        while length >= 0x80 {
            self.0.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        self.0.push(u8::try_from(length).unwrap_or_default());
        self.0.extend_from_slice(value);
        self
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// `Document`.
pub(super) fn document(minor: Minor) -> Vec<u8> {
    let info = info(minor);
    let text = |field: &str| info.get(field).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let info = Message::default().field(1, text("title")).field(2, text("version"));
    let paths = Resource::all(minor).fold(Message::default(), |paths, resource| {
        let item = Message::default().field(8, patch(minor, resource));
        paths.field(2, Message::default().field(1, path(resource)).field(2, item))
    });
    Message::default().field(1, "2.0").field(2, info).field(8, paths).0
}

/// `Operation`.
fn patch(minor: Minor, resource: &Resource) -> Message {
    let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
    let extension = Message::default()
        .field(1, "x-kubernetes-group-version-kind")
        // `Any.yaml`; JSON is YAML.
        .field(2, Message::default().field(2, kind.to_string()));
    let operation = parameters(minor).iter().fold(Message::default(), |operation, name| {
        let query = Message::default().field(2, "query").field(4, name).field(6, "string");
        // ParametersItem.parameter, Parameter.non_body_parameter, NonBodyParameter.query_parameter_sub_schema.
        let parameter = Message::default().field(3, query);
        let parameter = Message::default().field(2, parameter);
        operation.field(8, Message::default().field(1, parameter))
    });
    operation.field(13, extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_as_a_real_document_does() {
        // From kube-apiserver 1.36.3: field 1 is "2.0", field 2 is the info.
        let document = document(Minor::NEWEST);
        assert_eq!(&document[..6], b"\x0a\x032.0\x12");
    }

    #[test]
    fn writes_long_lengths_in_several_bytes() {
        let message = Message::default().field(1, vec![0; 300]).0;
        assert_eq!(&message[..3], [0x0a, 0xac, 0x02]);
    }
}
