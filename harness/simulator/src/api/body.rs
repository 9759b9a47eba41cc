//! Reading a request's body.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt;

use super::{Call, negotiate::Form};
use crate::{
    registry::decode::{self, Expected},
    status::Status,
};

/// How many bytes a body may have.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/server/config.go` `MaxRequestBodyBytes`
const LIMIT: usize = 3 * 1024 * 1024;

/// Why a body is not there.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    Broken(String),
}

impl BodyError {
    /// The refusal that the client is answered with.
    pub(crate) fn into_status(self) -> Status {
        match self {
            Self::TooLarge => {
                Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {LIMIT}"))
            }
            Self::Broken(why) => Status::bad_request(format!("error reading the request's body: {why}")),
        }
    }
}

/// Reads the whole body.
pub(crate) async fn read<B>(body: B) -> Result<Bytes, BodyError>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    let mut body = std::pin::pin!(body);
    let mut whole: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::Broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = whole.as_ref().map_or(0, Bytes::len) + data.len();
        if length > LIMIT {
            return Err(BodyError::TooLarge);
        }
        whole = Some(match whole {
            None => data,
            Some(before) => {
                let mut both = before.try_into_mut().unwrap_or_else(|before| BytesMut::from(before.as_ref()));
                both.extend_from_slice(&data);
                both.freeze()
            }
        });
    }
    Ok(whole.unwrap_or_default())
}

/// Which form the body has; asked before anything else about a request.
///
/// # Errors
/// 415 for forms that are not read.
pub(crate) fn form(call: &Call<'_>) -> Result<Form, Status> {
    Form::parse(call.header(header::CONTENT_TYPE))
}

/// An object in a body, as JSON.
///
/// # Errors
/// 400 for protobuf that cannot be read as what is expected.
pub(crate) fn object<'a>(call: &'a Call<'_>, form: Form, expected: Expected<'_>) -> Result<Cow<'a, [u8]>, Status> {
    match form {
        Form::Json => Ok(Cow::Borrowed(&call.body)),
        Form::Protobuf => decode::protobuf(call.cluster.minor(), expected, &call.body).map(Cow::Owned),
    }
}

/// Options in a body, as JSON.
///
/// # Errors
/// As of [`object`].
pub(crate) fn options<'a>(call: &'a Call<'_>, form: Form, kind: &str) -> Result<Cow<'a, [u8]>, Status> {
    match form {
        Form::Json => Ok(Cow::Borrowed(&call.body)),
        Form::Protobuf => decode::options_in_protobuf(call.cluster.minor(), kind, &call.body).map(Cow::Owned),
    }
}
