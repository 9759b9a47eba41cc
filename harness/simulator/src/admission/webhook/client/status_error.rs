//! Responses that are no success.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

/// How much of a body is shown.
///
/// # Source
/// client-go v0.36.3 `rest/request.go` `maxUnstructuredResponseTextBytes`
const SHOWN: usize = 2048;

/// The body of a response from 200 to 206 that has one, or what client-go says of the response.
///
/// # Source
/// client-go v0.36.3 `rest/request.go` `transformResponse`, `Result.Into`, `Result.Error`; apimachinery v0.36.3
/// `api/errors/errors.go` `NewGenericServerResponse`
pub(super) fn check(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Result<Bytes, String> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type_error(content_type).map_or(Ok(()), Err)?;
    if (200..=206).contains(&status.as_u16()) {
        if body.is_empty() {
            let code = status.as_u16();
            // Where the header is missing, the type that was asked for stands in.
            let content_type = if content_type.is_empty() { "application/json" } else { content_type };
            return Err(format!("0-length response with status code: {code} and content type: {content_type}"));
        }
        return Ok(body);
    }
    Err(status_message(&body).unwrap_or_else(|| generic(status, content_type, &body)))
}

/// What is wrong with a `Content-Type`, if anything.
///
/// # Source
/// Go 1.22 `mime/mediatype.go` `ParseMediaType`, `checkMediaTypeDisposition`
fn media_type_error(content_type: &str) -> Option<String> {
    let base = content_type.split(';').next().unwrap_or_default().trim();
    if content_type.is_empty() {
        return None;
    }
    let is_token = |letter: char| letter.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(letter);
    let (first, rest) = base.split_at(base.find(|letter| !is_token(letter)).unwrap_or(base.len()));
    let words = match (first, rest.strip_prefix('/')) {
        ("", _) => "mime: no media type",
        (_, None) if rest.is_empty() => return None,
        (_, None) => "mime: expected slash after first token",
        (_, Some(subtype)) => match subtype.find(|letter| !is_token(letter)) {
            Some(0) => "mime: expected token after slash",
            None if subtype.is_empty() => "mime: expected token after slash",
            Some(_) => "mime: unexpected content after media subtype",
            None => return None,
        },
    };
    Some(format!("Internal error occurred: {words}"))
}

/// A body that is a `Status` speaks for itself.
fn status_message(body: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let is_failure = document["status"] != "Success";
    let is_status = document["kind"] == "Status" && document["apiVersion"] == "v1";
    (is_status && is_failure).then(|| document["message"].as_str().unwrap_or_default().to_owned())
}

fn generic(status: StatusCode, content_type: &str, body: &[u8]) -> String {
    let is_text = content_type.is_empty() || content_type.starts_with("text/");
    let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    let message = if is_text { shown.trim() } else { "unknown" };
    let fixed = match status.as_u16() {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        406 if message.is_empty() || message == "unknown" => {
            "the server was unable to respond with a content type that the client supports"
        }
        403 | 406 | 415 => message,
        409 => "the server reported a conflict",
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the request"
        }
        code if code >= 500 => {
            return format!("an error on the server ({message:?}) has prevented the request from succeeding");
        }
        code => return format!("the server responded with the status code {code} but did not return more information"),
    };
    fixed.to_owned()
}
