//! The plan of tenants and their entitlements.

use std::collections::BTreeMap;

use super::parts;
use super::plan::{Deed, Planner};
use crate::configuration::{Step, TenantPart};
use crate::model::{Entitlement, QuotaSubject, Tenant, TenantId};
use crate::registry::checks::check_name;
use crate::registry::entitlement::entitle_draft;
use crate::registry::tenant::{change_draft, create_draft};
use crate::registry::{Draft, RegistryError};
use crate::store::Store;

impl<S: Store> Planner<'_, S> {
    pub(super) fn plan_tenants(&mut self) {
        let file = self.file;
        let tenants = &file.configuration.tenants;
        let named = self.index("tenant", tenants.iter().map(|part| part.id));
        self.check_tenant_names();
        for (at, part) in tenants.iter().enumerate() {
            self.plan_tenant(&[Step::Key("tenant"), Step::Item(at)], part);
        }
        if self.options.prune {
            let others = self.state.tenants.values().filter(|tenant| !named.contains_key(&tenant.id)).map(|tenant| {
                let (id, name) = (tenant.id, &tenant.name);
                format!("the tenant {id} ({name}) is not in the file; tenants belong to all environments and are not pruned")
            });
            let others: Vec<String> = others.collect();
            self.plan.notes.extend(others);
        }
    }

    /// A tenant is known by its name too.
    fn check_tenant_names(&self) {
        let tenants = &self.file.configuration.tenants;
        let mut names: BTreeMap<&str, TenantId> =
            self.state.tenants.values().map(|tenant| (tenant.name.as_str(), tenant.id)).collect();
        for part in tenants {
            // What the file calls otherwise frees its name.
            names.retain(|_, id| *id != part.id);
        }
        for (at, part) in tenants.iter().enumerate() {
            if let Some(other) = names.insert(&part.name, part.id) {
                let way = [Step::Key("tenant"), Step::Item(at), Step::Key("name")];
                self.mistake(&way, RegistryError::Exists(format!("a tenant named {:?}, {other}", part.name)).to_string());
            }
        }
    }

    fn plan_tenant(&mut self, way: &[Step<'_>], part: &TenantPart) {
        let checked = self.told(way, check_name("name", &part.name)).and(self.check_attributes(way, &part.attributes));
        if checked.is_none() {
            return;
        }
        let before = self.state.tenants.get(&part.id).cloned();
        let held = self.state.entitlements.get(&part.id).cloned();
        let subject = QuotaSubject::Tenant(part.id);
        let limited = self.state.quotas.get(&subject);
        let old = before.as_ref().map(|one| parts::tenant(one, (held.as_ref(), limited), &self.record));
        if old.as_ref() == Some(part) {
            return;
        }
        let mut drafts = Vec::new();
        let after = self.tenant_after(part, before.as_ref(), &mut drafts);
        if old.as_ref().map_or(&crate::configuration::EntitlementPart::default(), |old| &old.entitlement) != &part.entitlement {
            drafts.extend(self.entitlement_draft(&[way, &[Step::Key("entitlement")]].concat(), part, held.as_ref()));
        }
        drafts.extend(self.quota_draft(way, (subject, part.id), part.quota.as_ref()));
        self.state.tenants.insert(part.id, after);
        let object = ("tenant", part.id.to_string(), part.name.clone());
        self.change(object, (old.map(|old| old.block()).as_ref(), &part.block()), Deed::Drafts(drafts));
    }

    fn tenant_after(&self, part: &TenantPart, before: Option<&Tenant>, drafts: &mut Vec<Draft>) -> Tenant {
        let (id, name, attributes, status) = (part.id, part.name.clone(), part.attributes.clone(), part.status);
        let Some(before) = before else {
            let tenant = Tenant { id, name, status, attributes, created_at: self.now, version: 1 };
            drafts.push(create_draft(&tenant));
            return tenant;
        };
        let after = Tenant { id, name, status, attributes, created_at: before.created_at, version: before.version };
        if after == *before {
            return after;
        }
        let after = Tenant { version: before.version + 1, ..after };
        drafts.push(change_draft("tenant.edit", before, &after, self.now));
        after
    }

    fn entitlement_draft(&self, way: &[Step<'_>], part: &TenantPart, held: Option<&Entitlement>) -> Option<Draft> {
        let none = || Entitlement::none(self.record.environment.name.clone(), part.id);
        let before = held.cloned().unwrap_or_else(none);
        let after = Entitlement {
            grants: self.resolved(&[way, &[Step::Key("grants")]].concat(), &part.entitlement.grants)?,
            dialects: part.entitlement.dialects.clone(),
            lifetime_max: part.entitlement.lifetime_max,
            changed_at: self.now,
            version: before.version + 1,
            ..before.clone()
        };
        self.told(way, self.registry.check_entitlement(&before, &after))?;
        Some(entitle_draft(held, &after))
    }
}
