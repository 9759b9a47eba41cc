//! Where a field stands, as Kubernetes writes it: `spec.containers[0].resources.limits[cpu]`.

use std::fmt;

/// A path whose parts stand on the stack of whoever walks the object; it becomes text only when something is refused.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/util/validation/field/path.go`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Child(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// A path that begins with `name`.
    pub(crate) const fn root(name: &'a str) -> Self {
        Self { parent: None, step: Step::Child(name) }
    }

    /// `path.name`
    pub(crate) fn child<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { parent: Some(self), step: Step::Child(name) }
    }

    /// `path[index]`
    pub(crate) fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    /// `path[key]`
    pub(crate) fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path { parent: Some(self), step: Step::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(formatter)?;
        }
        match self.step {
            Step::Child(name) if self.parent.is_some() => write!(formatter, ".{name}"),
            // What has no name is taken for an index.
            Step::Child("") => formatter.write_str("[]"),
            Step::Child(name) => formatter.write_str(name),
            Step::Index(index) => write!(formatter, "[{index}]"),
            Step::Key(key) => write!(formatter, "[{key}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn is_written_as_kubernetes_writes_it() {
        let spec = Path::root("spec");
        let containers = spec.child("containers");
        assert_eq!(containers.index(1).child("name").to_string(), "spec.containers[1].name");
        assert_eq!(spec.child("limits").key("cpu").to_string(), "spec.limits[cpu]");
        assert_eq!(Path::root("").to_string(), "[]");
    }
}
