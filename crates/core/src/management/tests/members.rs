use super::*;
use crate::model::Status;
use crate::registry::{ACTIVE_MANAGEMENT_CLIENTS_MAX, NewManagementClient};
use crate::store::Page;

#[tokio::test]
async fn s4_one_sees_the_members_within_reach() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let foreign = desk.member("foreign@example.org", Role::Viewer, Some(desk.world.globex)).await;
    let page = || Page { after: None, limit: 10 };
    let (by_admin, by_owner) = (desk.authority(&admin).await, desk.authority(&owner).await);
    assert_eq!(desk.management.members(&by_admin, None, page()).await.unwrap().len(), 3);
    assert_eq!(desk.management.members(&by_owner, None, page()).await.unwrap().len(), 1);
    assert!(desk.management.member(&by_admin, foreign.member.id).await.is_ok());
    for id in [foreign.member.id, admin.member.id] {
        assert!(is_missing(&desk.management.member(&by_owner, id).await));
        assert!(is_missing(&desk.management.change_role(&by_owner, id, Role::Viewer).await));
        assert!(is_missing(&desk.management.set_member_status(&by_owner, id, Status::Disabled).await));
    }
}

#[tokio::test]
async fn s1_nobody_gives_or_takes_a_role_that_they_could_not_give() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let developer = desk.member("developer@example.org", Role::Developer, Some(desk.world.acme)).await;
    let auditor = desk.authority(&desk.member("auditor@example.org", Role::Auditor, None).await).await;
    let (by_admin, by_owner) = (desk.authority(&admin).await, desk.authority(&owner).await);
    let by_developer = desk.authority(&developer).await;
    let change = async |by: &Authority, who: &Person, role| desk.management.change_role(by, who.member.id, role).await;
    assert!(is_not_allowed(&change(&by_owner, &developer, Role::Admin).await));
    assert!(is_not_allowed(&change(&by_developer, &developer, Role::Owner).await));
    assert!(is_not_allowed(&change(&auditor, &developer, Role::Viewer).await));
    // A role at the operator is none at a tenant, whoever gives it.
    assert!(change(&by_admin, &developer, Role::Auditor).await.is_err());
    assert!(change(&by_admin, &admin, Role::Owner).await.is_err());
    assert_eq!(change(&by_owner, &developer, Role::Owner).await.unwrap().role, Role::Owner);
}

#[tokio::test]
async fn of_two_admins_who_turn_each_other_off_at_once_one_stays() {
    let desk = Desk::new().await;
    let (one, two) = (desk.admin().await, desk.member("other@example.org", Role::Admin, None).await);
    let registry = &desk.management.registry;
    let (first, second) = tokio::join!(
        registry.set_member_status(one.member.id, Status::Disabled),
        registry.set_member_role(two.member.id, Role::Auditor)
    );
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1, "{first:?} {second:?}");
}

#[tokio::test]
async fn the_last_admin_stays() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let by = desk.authority(&admin).await;
    assert!(is_not_allowed(&desk.management.change_role(&by, admin.member.id, Role::Auditor).await));
    assert!(is_not_allowed(&desk.management.set_member_status(&by, admin.member.id, Status::Disabled).await));
    let other = desk.member("other@example.org", Role::Admin, None).await;
    desk.management.set_member_status(&by, other.member.id, Status::Disabled).await.unwrap();
    assert!(is_not_allowed(&desk.management.change_role(&by, admin.member.id, Role::Auditor).await));
    desk.management.set_member_status(&by, other.member.id, Status::Active).await.unwrap();
    assert_eq!(desk.management.change_role(&by, admin.member.id, Role::Auditor).await.unwrap().role, Role::Auditor);
}

#[tokio::test]
async fn a_tenant_has_so_many_programs_turned_on_and_no_more() {
    let desk = Desk::new().await;
    let by = desk.authority(&desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await).await;
    let create = async |tenant| {
        let new = NewManagementClient { name: "Terraform".to_owned(), role: Role::Viewer, tenant_id: Some(tenant) };
        desk.management.registry.create_management_client(new).await
    };
    let mut ids = Vec::new();
    for _ in 0..ACTIVE_MANAGEMENT_CLIENTS_MAX {
        ids.push(create(desk.world.acme).await.unwrap().client.id);
    }
    assert!(matches!(create(desk.world.acme).await, Err(RegistryError::NotAllowed(_))));
    assert!(create(desk.world.globex).await.is_ok(), "another tenant has its own");
    let set = async |id, status| desk.management.set_management_client_status(&by, id, status, None).await;
    set(ids[0], Status::Disabled).await.unwrap();
    assert!(create(desk.world.acme).await.is_ok());
    assert!(is_not_allowed(&set(ids[0], Status::Active).await), "nor by turning one on again");
    set(ids[1], Status::Disabled).await.unwrap();
    assert!(set(ids[0], Status::Active).await.is_ok());
}
