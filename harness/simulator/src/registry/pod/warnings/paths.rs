//! Paths within a volume that stand in each other's way.

use std::fmt;

use serde_json::Value;

use crate::registry::read::Read;

/// A path within a volume, and the source that it comes from where a volume has several.
#[derive(Clone, Debug, PartialEq)]
struct Place<'a> {
    path: &'a str,
    source: String,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.path)?;
        if self.source.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.source) }
    }
}

impl Place<'_> {
    /// Whether one is the other, or stands below it.
    fn overlaps(&self, other: &Self) -> bool {
        let is_below = |path: &str, above: &str| path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
        !self.path.is_empty()
            && !other.path.is_empty()
            && (self.path == other.path || is_below(self.path, other.path) || is_below(other.path, self.path))
    }
}

/// `warningsForOverlappingVirtualPaths`, without the sources whose gates are off.
pub(super) fn overlapping(spec: &Value, warnings: &mut Vec<String>) {
    for volume in spec.list("volumes") {
        let name = volume.text("name");
        for (kind, named) in [("configMap", "name"), ("secret", "secretName"), ("downwardAPI", "")] {
            let Some(source) = volume.field(kind) else { continue };
            let seen = &mut Vec::new();
            let described = described(kind, source.text(named));
            add(seen, places(source, ""), |overlap| warnings.push(overlapping_in(name, &described, &overlap)));
        }
        projected(name, volume.field("projected").list("sources"), warnings);
    }
}

fn projected(name: &str, sources: &[Value], warnings: &mut Vec<String>) {
    let mut seen = Vec::new();
    for source in sources {
        if source.as_object().is_none_or(serde_json::Map::is_empty) {
            warnings.push(format!("volume {name:?} (Projected) has no sources provided"));
            continue;
        }
        let kinds = ["configMap", "secret", "downwardAPI", "serviceAccountToken"];
        let Some((kind, of_kind)) = kinds.iter().find_map(|kind| Some((*kind, source.field(kind)?))) else { continue };
        let described = described(kind, of_kind.text("name"));
        let places = match kind {
            "serviceAccountToken" => vec![Place { path: of_kind.text("path"), source: described }],
            _ => places(of_kind, &described),
        };
        add(&mut seen, places, |overlap| warnings.push(overlapping_in(name, "Projected", &overlap)));
    }
}

/// A source in the words of a warning.
fn described(kind: &str, name: &str) -> String {
    match kind {
        "configMap" => format!("ConfigMap {name:?}"),
        "secret" => format!("Secret {name:?}"),
        "downwardAPI" => "DownwardAPI".to_owned(),
        _ => "ServiceAccountToken".to_owned(),
    }
}

fn places<'a>(source: &'a Value, described: &str) -> Vec<Place<'a>> {
    let paths = source.list("items").iter().map(|item| item.text("path"));
    paths.map(|path| Place { path, source: described.to_owned() }).collect()
}

/// Adds places, and tells of each that overlaps one that is there already.
fn add<'a>(seen: &mut Vec<Place<'a>>, places: Vec<Place<'a>>, mut tell: impl FnMut(String)) {
    for place in places {
        let place = Place { path: place.path.trim_end_matches('/'), ..place };
        for other in seen.iter().filter(|other| place.overlaps(other)) {
            tell(format!("{place} with {other}"));
        }
        seen.push(place);
    }
}

fn overlapping_in(volume: &str, described: &str, overlap: &str) -> String {
    format!("volume {volume:?} ({described}): overlapping paths: {overlap}")
}
