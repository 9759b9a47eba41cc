//! A set of field paths, as `fieldsV1` writes it.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value};

/// A set of paths that start here.
///
/// # Shape
/// A step is written as in `fieldsV1`: `f:name`, `k:{"name":"c"}`, `v:"a"`.
///
/// # Source
/// structured-merge-diff v4.4 `fieldpath/set.go`, `fieldpath/serialize.go`
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Set {
    /// Whether the path that ends here is in the set.
    pub(super) is_member: bool,
    children: BTreeMap<Cow<'static, str>, Set>,
}

impl Set {
    /// The set of the path that ends here.
    pub(super) fn leaf() -> Self {
        Self { is_member: true, children: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.is_member && self.children.is_empty()
    }

    /// Puts what starts one step further in; an empty set leaves no trace.
    pub(super) fn insert(&mut self, step: impl Into<Cow<'static, str>>, child: Self) {
        if child.is_empty() {
            return;
        }
        match self.children.entry(step.into()) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(child);
            }
            std::collections::btree_map::Entry::Occupied(mut present) => present.get_mut().add(&child),
        }
    }

    /// Union.
    pub(super) fn add(&mut self, other: &Self) {
        self.is_member |= other.is_member;
        for (step, child) in &other.children {
            self.children.entry(step.clone()).or_default().add(child);
        }
    }

    /// Difference: takes away the paths that `other` has, but not what lies below them.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.is_member &= !other.is_member;
        self.children.retain(|step, child| {
            if let Some(other) = other.children.get(step) {
                child.subtract(other);
            }
            !child.is_empty()
        });
    }

    /// Takes away a path of field names with all that lies below it.
    pub(super) fn remove_below(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let step = format!("f:{first}");
        if rest.is_empty() {
            self.children.remove(step.as_str());
        } else if let Some(child) = self.children.get_mut(step.as_str()) {
            child.remove_below(rest);
            if child.is_empty() {
                self.children.remove(step.as_str());
            }
        }
    }

    /// Takes away a path of field names, but not what lies below it.
    pub(super) fn remove(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else {
            self.is_member = false;
            return;
        };
        let step = format!("f:{first}");
        if let Some(child) = self.children.get_mut(step.as_str()) {
            child.remove(rest);
            if child.is_empty() {
                self.children.remove(step.as_str());
            }
        }
    }

    /// As `fieldsV1`.
    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        if self.is_member && !self.children.is_empty() {
            object.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (step, child) in &self.children {
            object.insert(step.clone().into_owned(), child.to_json());
        }
        Value::Object(object)
    }

    /// Whether every step of a `fieldsV1` is of a kind that there is.
    pub(super) fn is_readable(json: &Value) -> bool {
        json.as_object().into_iter().flatten().all(|(step, below)| {
            let is_step = step == "." || ["f:", "v:", "k:", "i:"].iter().any(|kind| step.starts_with(kind));
            is_step && Self::is_readable(below)
        })
    }

    /// From the whole of a `fieldsV1`, whose root is no member.
    pub(super) fn from_json(json: &Value) -> Self {
        let fields = json.as_object().into_iter().flatten();
        let children = fields.map(|(step, child)| (Cow::Owned(step.clone()), Self::below(child))).collect();
        Self { is_member: false, children }
    }

    fn below(json: &Value) -> Self {
        let mut set = Self::from_json(json);
        set.is_member = set.children.remove(".").is_some() || set.children.is_empty();
        set
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_what_it_read() {
        let json = json!({"f:a": {".": {}, "f:b": {}}, "f:c": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}}}});
        assert_eq!(Set::from_json(&json).to_json(), json);
    }

    #[test]
    fn a_difference_keeps_what_lies_below() {
        let mut set = Set::from_json(&json!({"f:a": {".": {}, "f:b": {}}}));
        set.subtract(&Set::from_json(&json!({"f:a": {}})));
        assert_eq!(set.to_json(), json!({"f:a": {"f:b": {}}}));
    }

    fn sets() -> impl Strategy<Value = Set> {
        let leaf = any::<bool>().prop_map(|is_member| Set { is_member, children: BTreeMap::new() });
        leaf.prop_recursive(3, 12, 3, |inner| {
            (any::<bool>(), prop::collection::btree_map("f:[a-c]", inner, 0..3)).prop_map(|(is_member, children)| {
                let mut set = Set { is_member, ..Set::default() };
                for (step, child) in children {
                    set.insert(step, child);
                }
                set
            })
        })
    }

    proptest! {
        #[test]
        fn union_and_difference_are_those_of_sets(a in sets(), b in sets()) {
            let mut union = a.clone();
            union.add(&b);
            let mut other_way = b.clone();
            other_way.add(&a);
            prop_assert_eq!(&union, &other_way);

            let mut rest = union.clone();
            rest.subtract(&b);
            let mut a_alone = a;
            a_alone.subtract(&b);
            prop_assert_eq!(rest, a_alone);

            union.subtract(&union.clone());
            prop_assert!(union.is_empty());
        }
    }
}
