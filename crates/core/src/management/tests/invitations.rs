use super::*;
use crate::model::{InvitationKind, Status};

fn new(email: &str, role: Role, tenant_id: Option<TenantId>) -> NewInvitation {
    NewInvitation { email: email.parse().unwrap(), role, tenant_id }
}

#[tokio::test]
async fn s24_the_set_up_code_works_once_and_only_while_there_are_no_members() {
    let desk = Desk::new().await;
    let earlier = desk.management.setup_code().await.unwrap().unwrap();
    let code = desk.management.setup_code().await.unwrap().unwrap();
    assert!(is_refused(&desk.accept(&earlier, Some("root@example.org")).await.map(|_| ())), "a new code ends the one before");
    assert!(is_refused(&desk.accept(&text("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A"), Some("root@example.org")).await.map(|_| ())));
    let admin = desk.accept(&code, Some("Root@example.org")).await.unwrap();
    assert_eq!((admin.member.role, admin.member.tenant_id), (Role::Admin, None));
    assert_eq!(admin.member.email.as_str(), "root@example.org");
    assert!(desk.signed_in(&admin.token).await.is_some());
    assert!(is_refused(&desk.accept(&code, Some("more@example.org")).await.map(|_| ())));
    assert!(desk.management.setup_code().await.unwrap().is_none());
}

#[tokio::test]
async fn s24_the_set_up_code_lives_thirty_minutes_and_ends_with_the_first_member() {
    let desk = Desk::new().await;
    let code = desk.management.setup_code().await.unwrap().unwrap();
    desk.world.clock.advance(1800);
    assert!(is_refused(&desk.accept(&code, Some("root@example.org")).await.map(|_| ())));
    let code = desk.management.setup_code().await.unwrap().unwrap();
    desk.member("bob@example.org", Role::Owner, Some(desk.world.acme)).await;
    assert!(is_refused(&desk.accept(&code, Some("root@example.org")).await.map(|_| ())));
}

#[tokio::test]
async fn of_two_who_set_up_at_once_one_is_admin() {
    let desk = Desk::new().await;
    // As two nodes make one each in the same moment.
    let (one, two) = tokio::join!(desk.management.setup_code(), desk.management.setup_code());
    let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
    let (one, two) = tokio::join!(desk.accept(&one, Some("one@example.org")), desk.accept(&two, Some("two@example.org")));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
}

#[tokio::test]
async fn an_admin_needs_an_address_and_a_confirmed_code() {
    let desk = Desk::new().await;
    let token = desk.management.setup_code().await.unwrap().unwrap();
    assert!(desk.accept(&token, None).await.is_err());
    assert!(desk.accept(&token, Some("no address")).await.is_err());
    let view = desk.management.view_invitation(&token, from(1)).await.unwrap();
    assert_eq!(view.invitation.kind, InvitationKind::SetUp);
    let code = desk.code_of(&unbase32(view.totp.secret.expose()));
    for (password, handle, code) in [
        (PASSWORD, view.totp.handle.as_str(), &text("000000")),
        ("short", &view.totp.handle, &code),
        (PASSWORD, &view.passkey.handle, &code),
        (PASSWORD, "", &code),
    ] {
        let means = AcceptanceMeans::Password { password: &text(password), handle, code };
        let acceptance = Acceptance { name: "Ann", email: Some("root@example.org"), means };
        assert!(desk.management.accept_invitation(&token, &acceptance, from(1)).await.is_err());
    }
    desk.world.clock.advance(1799);
    assert!(desk.management.view_invitation(&token, from(1)).await.is_ok(), "nothing of that used it up");
}

#[tokio::test]
async fn guessing_codes_ends_after_thirty_tries() {
    let desk = Desk::new().await;
    let code = desk.management.setup_code().await.unwrap().unwrap();
    for _ in 0..30 {
        assert!(is_refused(&desk.management.view_invitation(&text("guess"), from(2)).await));
    }
    assert!(matches!(desk.management.view_invitation(&code, from(2)).await, Err(ManagementError::Limited(_))));
    assert!(desk.management.view_invitation(&code, from(3)).await.is_ok());
}

#[tokio::test]
async fn s24_an_invitation_lives_72_hours_and_works_once() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let invite = async |email: &str| {
        let created = desk.management.invite(&admin, &new(email, Role::Owner, Some(desk.world.acme))).await.unwrap();
        created.token
    };
    let (one, two) = (invite("one@example.org").await, invite("two@example.org").await);
    desk.world.clock.advance(72 * 3600 - 60);
    let member = desk.accept(&one, None).await.unwrap().member;
    assert_eq!((member.tenant_id, member.role), (Some(desk.world.acme), Role::Owner));
    assert_eq!(member.email.as_str(), "one@example.org");
    assert!(is_refused(&desk.accept(&one, None).await.map(|_| ())));
    desk.world.clock.advance(60);
    assert!(is_refused(&desk.accept(&two, None).await.map(|_| ())));
}

#[tokio::test]
async fn whoever_is_invited_cannot_choose_another_address() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let token = desk.management.invite(&admin, &new("bob@example.org", Role::Auditor, None)).await.unwrap().token;
    let bob = desk.accept(&token, Some("mallory@example.org")).await.unwrap();
    assert_eq!(bob.member.email.as_str(), "bob@example.org");
}

#[tokio::test]
async fn s4_that_an_address_is_taken_is_told_to_whoever_may_see_its_member() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let owner = desk.authority(&desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await).await;
    let other = desk.authority(&desk.member("other@example.org", Role::Owner, Some(desk.world.globex)).await).await;
    let bob = desk.member("bob@example.org", Role::Viewer, Some(desk.world.acme)).await.member;
    let invite = async |by: &Authority, tenant| desk.management.invite(by, &new("bob@example.org", Role::Viewer, tenant)).await;
    for (by, tenant) in [(&admin, desk.world.globex), (&owner, desk.world.acme)] {
        let refused = invite(by, Some(tenant)).await;
        assert!(is_not_allowed(&refused));
        let told = refused.unwrap_err().to_string();
        assert!(told.contains(&bob.id.to_string()) && told.contains(&desk.world.acme.to_string()), "{told}");
    }
    let hidden = invite(&other, Some(desk.world.globex)).await.unwrap().token;
    let accepted = desk.accept(&hidden, None).await.map(|_| ());
    assert!(is_refused(&accepted), "who else is a member is not told: {accepted:?}");
    let found = async |by: &Authority| desk.management.member_by_email(by, &bob.email).await.unwrap().map(|member| member.id);
    assert_eq!((found(&admin).await, found(&owner).await, found(&other).await), (Some(bob.id), Some(bob.id), None));
}

#[tokio::test]
async fn s1_nobody_invites_beyond_what_they_hold() {
    let desk = Desk::new().await;
    let (acme, globex) = (desk.world.acme, desk.world.globex);
    let owner = desk.authority(&desk.member("owner@example.org", Role::Owner, Some(acme)).await).await;
    let developer = desk.authority(&desk.member("developer@example.org", Role::Developer, Some(acme)).await).await;
    let auditor = desk.authority(&desk.member("auditor@example.org", Role::Auditor, None).await).await;
    let invite = async |by: &Authority, role, tenant| desk.management.invite(by, &new("x@example.org", role, tenant)).await;
    assert!(invite(&owner, Role::Owner, Some(acme)).await.is_ok());
    assert!(is_not_allowed(&invite(&owner, Role::Admin, Some(acme)).await));
    assert!(is_not_allowed(&invite(&owner, Role::Admin, None).await));
    assert!(is_missing(&invite(&owner, Role::Viewer, Some(globex)).await), "s4");
    assert!(is_not_allowed(&invite(&developer, Role::Viewer, Some(acme)).await));
    assert!(is_not_allowed(&invite(&auditor, Role::Auditor, None).await));
    assert!(is_not_allowed(&invite(&auditor, Role::Viewer, Some(acme)).await));
}

#[tokio::test]
async fn s24_an_invitation_gives_no_more_than_its_inviter_could_give_when_it_is_accepted() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let by = desk.authority(&owner).await;
    let token = desk.management.invite(&by, &new("bob@example.org", Role::Owner, Some(desk.world.acme))).await.unwrap().token;
    desk.management.change_role(&admin, owner.member.id, Role::Developer).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())));
    desk.management.change_role(&admin, owner.member.id, Role::Owner).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())), "what an inviter with less made is over for good");
    let token = desk.management.invite(&by, &new("bob@example.org", Role::Owner, Some(desk.world.acme))).await.unwrap().token;
    desk.management.set_member_status(&admin, owner.member.id, Status::Disabled).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())));
    desk.management.set_member_status(&admin, owner.member.id, Status::Active).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())), "what a disabled member made is over for good");
}

#[tokio::test]
async fn open_invitations_are_limited_for_each_tenant_apart_from_the_operators() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let bob = desk.member("bob@example.org", Role::Owner, Some(desk.world.acme)).await;
    let registry = &desk.management.registry;
    for number in 0..crate::registry::OPEN_INVITATIONS_MAX {
        let email = format!("{number}@example.org");
        registry.invite(&new(&email, Role::Viewer, Some(desk.world.acme)), None).await.unwrap();
    }
    let one_more = new("more@example.org", Role::Viewer, Some(desk.world.acme));
    assert!(matches!(registry.invite(&one_more, None).await, Err(RegistryError::NotAllowed(_))));
    assert!(matches!(registry.invite_back(bob.member.id, None).await, Err(RegistryError::NotAllowed(_))));
    registry.invite(&new("more@example.org", Role::Viewer, Some(desk.world.globex)), None).await.unwrap();
    registry.invite_back(admin.member.id, None).await.expect("the operator's own are counted apart");
}

#[tokio::test]
async fn an_invitation_is_taken_back_by_whoever_could_have_made_it() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let owner = desk.authority(&desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await).await;
    let foreign = desk.authority(&desk.member("foreign@example.org", Role::Owner, Some(desk.world.globex)).await).await;
    let created = desk.management.invite(&admin, &new("bob@example.org", Role::Viewer, Some(desk.world.acme))).await.unwrap();
    let id = created.invitation.id;
    let page = || crate::store::Page { after: None, limit: 10 };
    assert!(desk.management.invitations(&foreign, None, page()).await.unwrap().iter().all(|one| one.id != id), "s4");
    assert!(desk.management.invitations(&owner, None, page()).await.unwrap().iter().any(|one| one.id == id));
    assert!(is_missing(&desk.management.cancel_invitation(&foreign, id).await));
    desk.management.cancel_invitation(&owner, id).await.unwrap();
    assert!(is_refused(&desk.accept(&created.token, None).await.map(|_| ())));
}

#[tokio::test]
async fn an_admin_who_lost_everything_comes_back_by_the_machine() {
    let desk = Desk::new().await;
    let mut admin = desk.admin().await;
    let mut device = desk.passkey(&admin).await;
    let registry = &desk.management.registry;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    assert!(registry.break_glass(owner.member.email.clone()).await.is_err());
    let code = registry.break_glass(admin.member.email.clone()).await.unwrap().token;
    assert_eq!(desk.last_audit().await.action, "member.break_glass");
    let back = desk.accept(&code, None).await.unwrap();
    assert_eq!(back.member.id, admin.member.id);
    let accepted = desk.store().audit(&AuditFilter::default(), None, 10).await.unwrap();
    let accepted = accepted.into_iter().find(|record| record.action == "invitation.accept").unwrap();
    let before = accepted.before.unwrap();
    assert_eq!(before["member"]["passkeys"].as_array().map(Vec::len), Some(1), "what was lost is told: {before}");
    assert!(desk.signed_in(&back.token).await.is_some());
    assert!(is_refused(&desk.accept(&code, None).await.map(|_| ())), "once");
    // What was lost is worth nothing.
    assert!(is_refused(&desk.sign_in(&admin).await));
    let challenge = desk.management.begin_passkey_sign_in().unwrap();
    let assertion = device.get(&challenge.options);
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&challenge.handle, &assertion, from(1)).await));
    admin.secret = back.secret;
    desk.sign_in(&admin).await.unwrap();
}

#[tokio::test]
async fn break_glass_makes_an_admin_where_there_is_none() {
    let desk = Desk::new().await;
    let code = desk.management.registry.break_glass("new@example.org".parse().unwrap()).await.unwrap();
    assert_eq!(desk.accept(&code.token, None).await.unwrap().member.role, Role::Admin);
    let code = desk.management.registry.break_glass("newer@example.org".parse().unwrap()).await.unwrap();
    desk.world.clock.advance(1800);
    assert!(is_refused(&desk.accept(&code.token, None).await.map(|_| ())));
}

#[tokio::test]
async fn who_lost_everything_is_invited_back_by_whoever_could_give_their_role() {
    let desk = Desk::new().await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let bob = desk.member("bob@example.org", Role::Developer, Some(desk.world.acme)).await;
    let foreign = desk.member("foreign@example.org", Role::Owner, Some(desk.world.globex)).await;
    let (by_owner, by_bob) = (desk.authority(&owner).await, desk.authority(&bob).await);
    let by_foreign = desk.authority(&foreign).await;
    assert!(is_missing(&desk.management.invite_back(&by_foreign, bob.member.id).await), "s4");
    assert!(is_not_allowed(&desk.management.invite_back(&by_bob, owner.member.id).await));
    let token = desk.management.invite_back(&by_owner, bob.member.id).await.unwrap().token;
    desk.sign_in(&bob).await.expect("what he had is good until the link is used");
    desk.world.clock.advance(30);
    let back = desk.accept(&token, None).await.unwrap();
    assert_eq!((back.member.id, back.member.role), (bob.member.id, Role::Developer));
    assert!(desk.signed_in(&bob.token).await.is_none());
    assert!(is_refused(&desk.sign_in(&bob).await));
    assert!(desk.signed_in(&back.token).await.is_some());
    desk.sign_in(&back).await.unwrap();
}

#[tokio::test]
async fn being_invited_back_ends_when_the_member_is_disabled_and_when_the_role_changes() {
    let desk = Desk::new().await;
    let bob = desk.member("bob@example.org", Role::Owner, Some(desk.world.acme)).await;
    let registry = &desk.management.registry;
    let token = registry.invite_back(bob.member.id, None).await.unwrap().token;
    registry.set_member_status(bob.member.id, Status::Disabled).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())));
    assert!(registry.invite_back(bob.member.id, None).await.is_err());
    registry.set_member_status(bob.member.id, Status::Active).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())));
    let token = registry.invite_back(bob.member.id, None).await.unwrap().token;
    registry.set_member_role(bob.member.id, Role::Viewer).await.unwrap();
    registry.set_member_role(bob.member.id, Role::Owner).await.unwrap();
    assert!(is_refused(&desk.accept(&token, None).await.map(|_| ())));
    let token = registry.invite_back(bob.member.id, None).await.unwrap().token;
    desk.accept(&token, None).await.unwrap();
}

#[tokio::test]
async fn of_links_and_codes_to_come_back_by_the_latest_works_alone() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let registry = &desk.management.registry;
    let link = registry.invite_back(admin.member.id, None).await.unwrap().token;
    let code = registry.break_glass(admin.member.email.clone()).await.unwrap().token;
    assert!(is_refused(&desk.accept(&link, None).await.map(|_| ())));
    let later = registry.break_glass(admin.member.email.clone()).await.unwrap().token;
    assert!(is_refused(&desk.accept(&code, None).await.map(|_| ())));
    desk.accept(&later, None).await.unwrap();
}

#[tokio::test]
async fn new_means_to_sign_in_end_the_links_to_come_back_by() {
    let desk = Desk::new().await;
    let (admin, bob) = (desk.admin().await, desk.member("bob@example.org", Role::Auditor, None).await);
    let registry = &desk.management.registry;
    let link = async || registry.invite_back(admin.member.id, None).await.unwrap().token;
    let of_bob = registry.invite_back(bob.member.id, None).await.unwrap().token;
    let before = link().await;
    let signed_in = desk.stepped_up(&admin, SensitiveAction::Access).await;
    desk.management.change_password(&signed_in, &text("another long password")).await.unwrap();
    assert!(is_refused(&desk.accept(&before, None).await.map(|_| ())), "password");
    let before = link().await;
    let begun = desk.management.begin_totp(&signed_in).unwrap();
    let code = desk.code_of(&unbase32(begun.secret.expose()));
    desk.management.enrol_totp(&signed_in, &begun.handle, &code).await.unwrap();
    assert!(is_refused(&desk.accept(&before, None).await.map(|_| ())), "codes");
    let before = link().await;
    let challenge = desk.management.begin_passkey_registration(&signed_in).unwrap();
    let attestation = Authenticator::es256().create(&challenge.options);
    desk.management.register_passkey(&signed_in, &challenge.handle, &attestation, "Key").await.unwrap();
    assert!(is_refused(&desk.accept(&before, None).await.map(|_| ())), "passkey");
    desk.accept(&of_bob, None).await.expect("another's is as it was");
}

#[tokio::test]
async fn who_comes_back_by_the_machine_finds_no_invitation_that_another_made_in_their_name() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let by = desk.authority(&admin).await;
    let made = desk.management.invite(&by, &new("mallory@example.org", Role::Admin, None)).await.unwrap().token;
    let code = desk.management.registry.break_glass(admin.member.email.clone()).await.unwrap().token;
    desk.accept(&code, None).await.unwrap();
    assert!(is_refused(&desk.accept(&made, None).await.map(|_| ())));
}

#[tokio::test]
async fn s24_of_an_acceptance_and_an_inviters_demotion_at_once_the_later_finds_the_other() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let by = desk.authority(&owner).await;
    let created = desk.management.invite(&by, &new("bob@example.org", Role::Owner, Some(desk.world.acme))).await.unwrap();
    // What an acceptance has read, and writes after the change of the role.
    let read = desk.store().invitation(created.invitation.id).await.unwrap().unwrap();
    desk.management.change_role(&admin, owner.member.id, Role::Viewer).await.unwrap();
    let after = desk.store().invitation(read.id).await.unwrap().unwrap();
    assert!(after.ended_at.is_some() && after.version > read.version, "the acceptance is a conflict, and is judged anew");
}

#[tokio::test]
async fn a_role_that_gives_all_that_the_one_before_gave_ends_no_invitation() {
    let desk = Desk::new().await;
    let admin = desk.authority(&desk.admin().await).await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let by = desk.authority(&owner).await;
    let token = desk.management.invite(&by, &new("bob@example.org", Role::Owner, Some(desk.world.acme))).await.unwrap().token;
    desk.management.change_role(&admin, owner.member.id, Role::Owner).await.unwrap();
    assert!(desk.accept(&token, None).await.is_ok());
}
