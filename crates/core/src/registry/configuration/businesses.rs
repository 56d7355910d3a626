//! The plan of businesses.

use super::parts;
use super::plan::{Deed, Planner};
use crate::configuration::{BusinessPart, Step};
use crate::model::{Business, QuotaSubject, Status, TenantId};
use crate::registry::RegistryError;
use crate::registry::business::{check_business, edit_draft};
use crate::store::Store;

impl<S: Store> Planner<'_, S> {
    pub(super) fn plan_businesses(&mut self) {
        let file = self.file;
        let businesses = &file.configuration.businesses;
        self.index("business", businesses.iter().map(|part| part.id));
        for (at, part) in businesses.iter().enumerate() {
            self.plan_business(&[Step::Key("business"), Step::Item(at)], part);
        }
    }

    fn plan_business(&mut self, way: &[Step<'_>], part: &BusinessPart) {
        let before = self.state.businesses.get(&part.id).cloned();
        let subject = QuotaSubject::Business(part.id);
        let old = before.as_ref().map(|before| parts::business(before, self.state.quotas.get(&subject)));
        if old.as_ref() == Some(part) {
            return;
        }
        let checked = self.told(way, check_business(&part.name, part.external_id.as_deref()));
        if checked.is_none() || self.check_owner(way, part.tenant, before.as_ref().map(|before| before.tenant_id)).is_none() {
            return;
        }
        let after = Business {
            id: part.id,
            environment: self.record.environment.name.clone(),
            tenant_id: part.tenant,
            name: part.name.clone(),
            external_id: part.external_id.clone(),
            status: part.status,
            created_at: before.as_ref().map_or(self.now, |before| before.created_at),
            version: before.as_ref().map_or(0, |before| before.version) + 1,
        };
        let quota = self.quota_draft(way, (subject, part.tenant), part.quota.as_ref());
        let deed = match before {
            Some(before) if Business { version: before.version, ..after.clone() } == before => Deed::Drafts(Vec::new()),
            Some(before) => Deed::Drafts(vec![edit_draft(&before, &after, self.now)]),
            None => Deed::CreateBusiness(after.clone()),
        };
        self.state.businesses.insert(after.id, after);
        self.change(object(part), (old.map(|old| old.block()).as_ref(), &part.block()), deed.and(quota));
    }

    /// Whether the tenant is there, and the one whose the object is already.
    pub(super) fn check_owner(&self, way: &[Step<'_>], wanted: TenantId, found: Option<TenantId>) -> Option<()> {
        let way = [way, &[Step::Key("tenant")]].concat();
        if found.is_some_and(|found| found != wanted) {
            self.mistake(&way, "it belongs to another tenant here, and never moves; make another one");
            return None;
        }
        if !self.state.tenants.contains_key(&wanted) {
            self.mistake(&way, RegistryError::NotFound(format!("tenant {wanted}, here or in the file")).to_string());
            return None;
        }
        Some(())
    }

    pub(super) fn prune_businesses(&mut self) {
        let file = self.file;
        let named: std::collections::BTreeSet<_> = file.configuration.businesses.iter().map(|part| part.id).collect();
        let others = self.state.businesses.values().filter(|one| !named.contains(&one.id) && one.status == Status::Active);
        for before in others.cloned().collect::<Vec<_>>() {
            let after = Business { status: Status::Disabled, version: before.version + 1, ..before.clone() };
            self.prune(object(&parts::business(&before, None)), vec![edit_draft(&before, &after, self.now)]);
        }
    }
}

fn object(part: &BusinessPart) -> (&'static str, String, String) {
    ("business", part.id.to_string(), part.name.clone())
}
