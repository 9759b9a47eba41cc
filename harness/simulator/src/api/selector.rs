//! Which objects a list or a watch is about.

mod field;
mod label;

use serde_json::Value;

use self::{field::FieldSelector, label::LabelSelector};
use super::query::Query;
use crate::{
    minor::{Minor, resource::Resource},
    status::Status,
};

/// `labelSelector` and `fieldSelector` of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selector {
    /// Reads both selectors.
    ///
    /// # Errors
    /// 400 for what cannot be read, and for fields that the resource cannot be selected by.
    pub(crate) fn parse(minor: Minor, resource: &Resource, query: &Query) -> Result<Self, Status> {
        let labels = query.get("labelSelector").unwrap_or_default();
        let fields = query.get("fieldSelector").unwrap_or_default();
        Ok(Self {
            labels: LabelSelector::parse(labels).map_err(Status::bad_request)?,
            fields: FieldSelector::parse(minor, resource, fields).map_err(Status::bad_request)?,
        })
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is meant.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}
