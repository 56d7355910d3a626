use crate::fixture::{World, sandbox};
use crate::model::{QuotaKind, QuotaLimits, QuotaMode, QuotaSubject};
use crate::registry::{QuotaEdit, RegistryError};
use crate::store::{AuditFilter, Store, Subject};

fn per_minute(limit: u32) -> QuotaEdit {
    QuotaEdit { per_minute: Some(Some(limit)), ..QuotaEdit::default() }
}

#[tokio::test]
async fn a_quota_is_set_changed_and_removed_and_each_has_an_audit_row_of_its_subject() {
    let world = World::new().await;
    let (registry, subject) = (&world.registry, QuotaSubject::Tenant(world.acme));
    let set = registry.edit_quota(&sandbox(), &subject, &per_minute(5)).await.unwrap();
    assert_eq!((set.version, set.mode, set.headers, set.tenant_id), (1, QuotaMode::Enforce, false, world.acme));
    let edit = QuotaEdit { per_hour: Some(Some(50)), mode: Some(QuotaMode::Observe), version: Some(1), ..QuotaEdit::default() };
    let changed = registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap();
    let limits = QuotaLimits { per_minute: Some(5), per_hour: Some(50), per_day: None };
    assert_eq!((changed.limits, changed.version), (limits, 2));
    assert_eq!(world.store.quota(&sandbox(), &subject).await.unwrap(), Some(changed));
    registry.remove_quota(&sandbox(), &subject, Some(2)).await.unwrap();
    assert_eq!(world.store.quotas().await.unwrap(), []);
    let about = AuditFilter {
        subject: Some(Subject::Tenant { id: world.acme }),
        action: Some("quota.".to_owned()),
        ..AuditFilter::default()
    };
    let rows = world.store.audit(&about, None, 10).await.unwrap();
    let actions: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.tenant)).collect();
    let of_acme = Some(world.acme);
    assert_eq!(actions, [("quota.remove", of_acme), ("quota.set", of_acme), ("quota.set", of_acme)]);
}

#[tokio::test]
async fn a_quota_that_makes_no_sense_is_refused() {
    let world = World::new().await;
    let subject = QuotaSubject::Tenant(world.acme);
    let shorter = QuotaEdit { per_hour: Some(Some(10)), ..per_minute(11) };
    for edit in [QuotaEdit::default(), per_minute(0), shorter] {
        let refused = world.registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap_err();
        assert!(matches!(refused, RegistryError::Invalid { field: "limits", .. }), "{refused:?}");
    }
    let stale = QuotaEdit { version: Some(4), ..per_minute(5) };
    let refused = world.registry.edit_quota(&sandbox(), &subject, &stale).await.unwrap_err();
    assert!(matches!(refused, RegistryError::Conflict), "{refused:?}");
}

#[tokio::test]
async fn s4_a_quota_is_set_for_what_exists_and_a_business_of_another_tenant_does_not() {
    let world = World::new().await;
    let business = |tenant| QuotaEdit { tenant_of_business: Some(tenant), ..per_minute(5) };
    let unknown = QuotaSubject::parse(QuotaKind::Client, "nobody-of-this-name").unwrap();
    for (subject, edit) in [
        (unknown, per_minute(5)),
        (QuotaSubject::Business(world.foreign), business(world.acme)),
        (QuotaSubject::Business(world.shop), per_minute(5)),
    ] {
        let refused = world.registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap_err();
        assert!(matches!(refused, RegistryError::NotFound(_)), "{refused:?}");
    }
    let set = world.registry.edit_quota(&sandbox(), &QuotaSubject::Business(world.shop), &business(world.acme)).await.unwrap();
    assert_eq!(set.tenant_id, world.acme);
}
