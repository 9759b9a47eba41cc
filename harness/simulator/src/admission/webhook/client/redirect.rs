//! Where a redirecting webhook sends its client.

use http::{Method, StatusCode, header};

use super::{Prepared, Reply, go_text};

/// How many requests a chain of redirects may take.
///
/// # Source
/// Go 1.22 `net/http/client.go` `defaultCheckRedirect`
const REQUESTS: usize = 10;

/// One request on the way: what is asked for, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hop {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// How many requests there were before this one.
    pub(super) before: usize,
}

impl Hop {
    pub(super) fn first(path: String) -> Self {
        Self { method: Method::POST, path, before: 0 }
    }

    /// The request that a reply asks for, if it redirects.
    ///
    /// # Errors
    /// Too many redirects, in Go's words; a redirect to another server, which is not modelled.
    ///
    /// # Source
    /// Go 1.22 `net/http/client.go` `Client.do`, `redirectBehavior`
    pub(super) fn next(&self, prepared: &Prepared, reply: &Reply) -> Result<Option<Self>, String> {
        let method = match reply.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => Method::GET,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => self.method.clone(),
            _ => return Ok(None),
        };
        let location = reply.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if location.is_empty() {
            return Ok(None);
        }
        let before = self.before + 1;
        if before >= REQUESTS {
            return Err(go_text::post(location, "stopped after 10 redirects"));
        }
        let own = format!("https://{}", prepared.authority);
        let path = match location.strip_prefix(&own).unwrap_or(location) {
            "" => "/".to_owned(),
            path if path.starts_with('/') && !path.starts_with("//") => path.to_owned(),
            path if path.contains("://") || path.starts_with("//") => {
                return Err(go_text::post(location, "a redirect to another server is not modelled by this simulator"));
            }
            relative => {
                let folder =
                    self.path.split('?').next().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder);
                format!("{folder}/{relative}")
            }
        };
        Ok(Some(Self { method, path, before }))
    }
}
