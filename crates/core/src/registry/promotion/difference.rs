//! How two clients differ, as people read it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{AttributeValue, BusinessAccess, Client, Resource, ResourceId};

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What, such as `name` or `attribute region`.
    pub field: String,
    /// What it is; nothing if it is not there.
    pub before: Option<String>,
    /// What it shall be; nothing if it shall not be there.
    pub after: Option<String>,
}

/// What differs, by the names of the fields.
pub(super) fn between(before: Option<&Client>, after: &Client, resources: &[Resource]) -> Vec<Difference> {
    let mut before = before.map(|client| fields(client, resources)).unwrap_or_default();
    let mut differences = Vec::new();
    for (field, value) in fields(after, resources) {
        let old = before.remove(&field);
        if old.as_ref() != Some(&value) {
            differences.push(Difference { field, before: old, after: Some(value) });
        }
    }
    differences.extend(before.into_iter().map(|(field, old)| Difference { field, before: Some(old), after: None }));
    differences.sort_by(|one, other| one.field.cmp(&other.field));
    differences
}

/// All that is promoted of a client. Each part of a [`Client`] is named, so that a new one is not forgotten.
fn fields(client: &Client, resources: &[Resource]) -> BTreeMap<String, String> {
    let Client {
        id: _,
        environment: _,
        tenant_id: _,
        // Whether a client is turned on is decided where it is.
        status: _,
        created_at: _,
        version: _,
        name,
        dialects,
        grants,
        businesses,
        lifetime_max,
        attributes,
        token_binding,
        assertion_audience,
        profile,
        serves,
    } = client;
    let find = |id| resources.iter().find(|resource| resource.id == id);
    let uri_of = |id: ResourceId| find(id).map_or_else(|| id.to_string(), |resource| resource.uri.to_string());
    let mut fields = BTreeMap::new();
    let mut put = |field: String, value: String| fields.insert(field, value);
    put("name".to_owned(), name.clone());
    put("dialects".to_owned(), joined(dialects));
    for grant in grants {
        put(format!("grant at {}", uri_of(grant.resource)), joined(&grant.scopes));
    }
    put(
        "businesses".to_owned(),
        match businesses {
            BusinessAccess::All => "all".to_owned(),
            BusinessAccess::Only(ids) => joined(ids),
        },
    );
    if let Some(seconds) = lifetime_max {
        put("lifetime_max".to_owned(), seconds.to_string());
    }
    for (name, value) in attributes {
        put(format!("attribute {name}"), shown(value));
    }
    put("token_binding".to_owned(), token_binding.as_str().to_owned());
    put("assertion_audience".to_owned(), assertion_audience.as_str().to_owned());
    if let Some(profile) = profile {
        put("profile".to_owned(), profile.as_str().to_owned());
    }
    if !serves.is_empty() {
        put("serves".to_owned(), joined(&serves.iter().map(|id| uri_of(*id)).collect::<Vec<_>>()));
    }
    fields
}

/// As JSON, so that the text `1` is not taken for the number.
fn shown(value: &AttributeValue) -> String {
    value.to_json().to_string()
}

fn joined<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
