//! The plan of resources.

use super::parts;
use super::plan::{Deed, Planner};
use crate::configuration::{ResourceName, ResourcePart, Step};
use crate::model::{Resource, ResourceId};
use crate::registry::resource::{check_resource, check_resource_count, create_draft, edit_draft};
use crate::store::Store;

impl<S: Store> Planner<'_, S> {
    pub(super) fn plan_resources(&mut self) {
        let file = self.file;
        let parts = &file.configuration.resources;
        self.index("resource", parts.iter().filter_map(|part| self.uri_of(&part.uri)));
        for (at, part) in parts.iter().enumerate() {
            let way = [Step::Key("resource"), Step::Item(at)];
            if self.told(&way, check_resource(&part.name, &part.scopes)).is_none() {
                continue;
            }
            let Some(uri) = self.uri_of(&part.uri) else { continue };
            match self.record.resources.iter().position(|known| known.uri == uri) {
                Some(found) => self.edit_resource(&way, part, found),
                None => self.create_resource(&way, part, uri),
            }
        }
    }

    fn create_resource(&mut self, way: &[Step<'_>], part: &ResourcePart, uri: crate::model::ResourceUri) {
        if self.told(way, check_resource_count(self.record.resources.len())).is_none() {
            return;
        }
        let resource = Resource {
            id: ResourceId::generate(&*self.registry.random),
            environment: self.record.environment.name.clone(),
            uri,
            name: part.name.clone(),
            scopes: part.scopes.clone(),
            algorithm: part.algorithm,
            token_format: part.token_format,
            created_at: self.now,
            version: 1,
        };
        let drafts = vec![create_draft(&resource)];
        self.record.resources.push(resource);
        self.change(object(part), (None, &part.block()), Deed::Drafts(drafts));
    }

    fn edit_resource(&mut self, way: &[Step<'_>], part: &ResourcePart, found: usize) {
        let Some(before) = self.record.resources.get(found).cloned() else { return };
        // However the file names it: by its URI or as the environment's own.
        let (old, mut new) = (parts::resource(&before, &self.record), part.clone());
        new.uri = old.uri.clone();
        if old == new {
            return;
        }
        if part.algorithm != before.algorithm {
            let here = before.algorithm.map_or("none", mintmark_verify::Algorithm::as_str);
            let why = format!("the algorithm of a resource is decided when it is made: {here} here");
            return self.mistake(&[way, &[Step::Key("algorithm")]].concat(), why);
        }
        let mut after = before.clone();
        (after.name, after.scopes) = (part.name.clone(), part.scopes.clone());
        (after.token_format, after.version) = (part.token_format, before.version + 1);
        let drafts = vec![edit_draft(&before, &after)];
        if let Some(known) = self.record.resources.get_mut(found) {
            *known = after;
        }
        self.change(object(part), (Some(&old.block()), &new.block()), Deed::Drafts(drafts));
    }

    /// Resources are not removed, since tokens name them: without scopes they give nothing. The environment's own stays as it is.
    pub(super) fn prune_resources(&mut self) {
        let file = self.file;
        let named: Vec<_> = file.configuration.resources.iter().filter_map(|part| self.uri_of(&part.uri)).collect();
        for before in self.state.record.resources.clone() {
            let part = parts::resource(&before, &self.state.record);
            if part.uri == ResourceName::Own || named.contains(&before.uri) || before.scopes.is_empty() {
                continue;
            }
            let after = Resource { scopes: Vec::new(), version: before.version + 1, ..before.clone() };
            self.prune(object(&part), vec![edit_draft(&before, &after)]);
        }
    }
}

fn object(part: &ResourcePart) -> (&'static str, String, String) {
    ("resource", part.uri.to_string(), part.name.clone())
}
