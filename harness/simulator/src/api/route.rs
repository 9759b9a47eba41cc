//! From a path to what it means.

use http::{Method, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{discovery, openapi, query::Query, respond::Reply};
use crate::{
    minor::{Minor, resource::Resource, unmodelled},
    registry::Target,
    status::Status,
};

/// What a request wants done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Route {
    Resource {
        target: Target,
        verb: Verb,
        query: Query,
    },
    /// What is no resource: health, version, discovery.
    Other(Reply),
    Unknown,
}

/// 405 in an API server's words.
pub(crate) fn method_not_allowed() -> Status {
    Status::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        .with_details(json!({}))
}

/// 404 for a resource that the group does not have.
fn no_such_resource() -> Status {
    Status::new(404, "NotFound", "the server could not find the requested resource").with_details(json!({}))
}

/// 404 for what a real API server has.
fn not_modelled(what: &str) -> Status {
    Status::new(404, "NotFound", format!("the simulator does not model {what}")).with_details(json!({}))
}

/// Finds out what a request is about.
///
/// # Errors
/// 404 and 405 as an API server answers them; for what a real one has and this one has not, a 404 that says so.
pub(crate) fn find(minor: Minor, parts: &Parts) -> Result<Route, Status> {
    let path = parts.uri.path().trim_matches('/');
    let segments =
        path.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect::<Vec<_>>();
    let segments = segments.iter().map(String::as_str).collect::<Vec<_>>();
    let found = find_modelled(minor, parts, &segments);
    let is_missing = match &found {
        Ok(route) => matches!(route, Route::Unknown),
        Err(status) => status.code == 404,
    };
    if !is_missing {
        return found;
    }
    unmodelled::named(&segments).map_or(found, |what| Err(not_modelled(&what)))
}

fn find_modelled(minor: Minor, parts: &Parts, segments: &[&str]) -> Result<Route, Status> {
    match segments {
        ["healthz" | "livez" | "readyz"] | ["healthz" | "livez" | "readyz", "ping"] => {
            Ok(Route::Other(Reply::text(200, "ok")))
        }
        ["version"] => Ok(Route::Other(discovery::version(minor))),
        ["openapi", "v2"] => Ok(Route::Other(openapi::v2(minor, accept(parts)))),
        ["openapi", "v3"] => Ok(openapi::v3_index(minor).map_or(Route::Unknown, Route::Other)),
        ["openapi", "v3", rest @ ..] => Ok(openapi::v3(minor, &rest.join("/")).map_or(Route::Unknown, Route::Other)),
        [""] => Ok(Route::Other(Reply::json(200, &json!({"paths": paths(minor)})))),
        ["api"] => Ok(Route::Other(discovery::core_versions(minor, &parts.headers))),
        ["apis"] => Ok(Route::Other(discovery::group_list(minor, &parts.headers))),
        ["api", version] => Ok(discovery::resources(minor, "", version).map_or(Route::Unknown, Route::Other)),
        ["apis", group] => Ok(discovery::group(minor, group).map_or(Route::Unknown, Route::Other)),
        ["apis", group, version] => {
            discovery::resources(minor, group, version).map(Route::Other).ok_or_else(no_such_resource)
        }
        ["api", version, rest @ ..] if !rest.is_empty() => resource(minor, parts, "", version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => resource(minor, parts, group, version, rest),
        _ => Ok(Route::Unknown),
    }
}

fn accept(parts: &Parts) -> &str {
    parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The paths that `/` lists.
fn paths(minor: Minor) -> Vec<String> {
    let mut paths = ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/readyz", "/version"]
        .map(str::to_owned)
        .into_iter()
        .chain(Resource::all(minor).map(|resource| {
            let prefix = if resource.group.is_empty() { "/api" } else { "/apis" };
            format!("{prefix}/{}", resource.api_version())
        }))
        .collect::<Vec<_>>();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn resource(minor: Minor, parts: &Parts, group: &str, version: &str, rest: &[&str]) -> Result<Route, Status> {
    if !Resource::all(minor).any(|resource| resource.group == group && resource.version == version) {
        return Ok(Route::Unknown);
    }
    // `/watch/` before the rest of a path is the oldest way to ask for a watch.
    let (old_watch, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        _ => (false, rest),
    };
    let (namespace, rest) = match rest {
        // `/namespaces/x` and `/namespaces/x/status` are about the namespace itself.
        ["namespaces", _, "status" | "finalize"] if group.is_empty() => ("", rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        _ => ("", rest),
    };
    let (name, subresource) = match rest {
        [_] => ("", ""),
        [_, name] => (*name, ""),
        [_, name, subresource] => (*name, *subresource),
        _ => return Err(no_such_resource()),
    };
    let resource = Resource::find(minor, group, version, rest[0]).ok_or_else(no_such_resource)?;
    let in_namespace = !namespace.is_empty();
    let fits = if in_namespace { resource.namespaced } else { !resource.namespaced || name.is_empty() };
    if !fits {
        return Err(no_such_resource());
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let verb = verb(&parts.method, name, old_watch || query.flag("watch"))?;
    let allowed = if subresource.is_empty() {
        resource.verbs
    } else {
        resource.subresource(minor, subresource).ok_or_else(no_such_resource)?.verbs
    };
    let everywhere = resource.namespaced && !in_namespace;
    if !allowed.contains(&verb.as_str()) || (everywhere && !matches!(verb, Verb::List | Verb::Watch)) {
        return Err(method_not_allowed());
    }
    let target = Target {
        resource,
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    Ok(Route::Resource { target, verb, query })
}

fn verb(method: &Method, name: &str, watch: bool) -> Result<Verb, Status> {
    Ok(match (method.as_str(), name.is_empty()) {
        ("GET" | "HEAD", true) if watch => Verb::Watch,
        ("GET" | "HEAD", true) => Verb::List,
        ("GET" | "HEAD", false) => Verb::Get,
        ("POST", _) => Verb::Create,
        ("PUT", false) => Verb::Update,
        ("PATCH", false) => Verb::Patch,
        ("DELETE", false) => Verb::Delete,
        ("DELETE", true) => Verb::DeleteCollection,
        _ => return Err(method_not_allowed()),
    })
}
