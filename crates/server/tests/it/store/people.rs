//! Members, sessions, invitations and management clients, in every store.

use mintmark_core::clock::Timestamp;
use mintmark_core::management::{Principal, Reach, Role};
use mintmark_core::model::{
    CredentialId, Invitation, InvitationId, InvitationKind, ManagementClient, ManagementClientId, Member, MemberId, Passkey,
    PasskeyAlgorithm, PasswordHash, Position, SealedBytes, SensitiveAction, Session, SessionId, Status, StepUp, StoredSecret,
    TenantId, TokenDigest,
};
use mintmark_core::store::{CommitError, InvitationsToEnd, Page, SessionsToEnd, Store, Subject, Write};

use super::world::{NOW, World, change};

super::on_every_store! {
    a_member_comes_back_with_every_field,
    an_address_belongs_to_one_member,
    nobody_moves_to_another_tenant,
    a_session_comes_back_with_every_field,
    seeing_a_session_is_no_change_and_goes_forward_only,
    sessions_end_one_by_one_and_together,
    a_change_that_needs_a_session_is_a_conflict_without_it,
    what_leaves_no_active_admin_is_a_conflict,
    the_access_of_a_tenant_ends_and_of_no_other,
    an_invitation_comes_back_with_every_field_and_is_forgotten,
    open_invitations_end_by_member_inviter_and_kind,
    a_management_client_comes_back_with_every_field,
    s4_a_tenants_listings_hold_what_is_its_own,
    s4_what_is_asked_for_by_name_is_found_within_reach_alone,
    what_a_limit_is_about_is_counted_and_nothing_else,
    the_feed_does_not_tell_who_manages_the_server,
}

pub(super) fn member<S: Store>(world: &World<S>, tenant_id: Option<TenantId>, email: &str) -> Member {
    Member {
        id: MemberId::generate(world.random()),
        tenant_id,
        email: email.parse().unwrap(),
        name: "Ann Example".to_owned(),
        role: if tenant_id.is_some() { Role::Owner } else { Role::Admin },
        status: Status::Active,
        password: Some(PasswordHash(SealedBytes(vec![1, 2]))),
        totp: Some(SealedBytes(vec![3])),
        totp_step: 4,
        passkeys: vec![Passkey {
            credential_id: vec![5, 6],
            name: "Laptop".to_owned(),
            algorithm: PasskeyAlgorithm::Es256,
            public_key: vec![7; 65],
            sign_count: 8,
            created_at: NOW,
            last_used_at: Some(NOW),
        }],
        created_at: NOW,
        last_sign_in_at: Some(NOW),
        version: 1,
    }
}

async fn inserted<S: Store>(world: &World<S>, email: &str) -> Member {
    let member = member(world, None, email);
    world.write(Write::InsertMember(member.clone())).await;
    member
}

pub(super) fn session<S: Store>(world: &World<S>, member: &Member, byte: u8) -> Session {
    Session {
        id: SessionId::generate(world.random()),
        digest: TokenDigest([byte; 32]),
        member_id: member.id,
        created_at: NOW.plus(byte.into()),
        last_seen_at: NOW,
        expires_at: NOW.plus(60),
        step_up: Some(StepUp { at: NOW, action: SensitiveAction::Keys }),
        source: Some("2001:db8::1".parse().unwrap()),
        user_agent: "Browser/1".to_owned(),
        version: 1,
    }
}

pub(super) fn invitation<S: Store>(world: &World<S>, tenant_id: Option<TenantId>, byte: u8) -> Invitation {
    Invitation {
        id: InvitationId::generate(world.random()),
        kind: InvitationKind::BreakGlass,
        digest: TokenDigest([byte; 32]),
        tenant_id,
        role: Role::Owner,
        email: Some("bob@example.org".parse().unwrap()),
        member_id: Some(MemberId::generate(world.random())),
        invited_by: Some(Principal::Client(ManagementClientId::generate(world.random()))),
        created_at: NOW,
        expires_at: NOW.plus(100),
        ended_at: None,
        version: 1,
    }
}

pub(super) fn management_client<S: Store>(world: &World<S>, tenant_id: Option<TenantId>) -> ManagementClient {
    ManagementClient {
        id: ManagementClientId::generate(world.random()),
        tenant_id,
        name: "Terraform".to_owned(),
        role: if tenant_id.is_some() { Role::Developer } else { Role::Auditor },
        status: Status::Active,
        secret_id: CredentialId::generate(world.random()),
        secret: StoredSecret { scheme: 2, pepper_id: "p1".to_owned(), mac: vec![9; 32] },
        hint: "abcd".to_owned(),
        created_at: NOW,
        version: 1,
    }
}

fn page<'a, I>() -> Page<'a, I> {
    Page { after: None, limit: 10 }
}

async fn a_member_comes_back_with_every_field<S: Store>(world: World<S>) {
    let acme = world.tenant("Acme").await;
    let written = member(&world, Some(acme.id), "ann@example.org");
    world.write(Write::InsertMember(written.clone())).await;
    assert_eq!(world.store.member(written.id).await.unwrap(), Some(written.clone()));
    let changed = Member {
        email: "ann.e@example.org".parse().unwrap(),
        name: "Ann".to_owned(),
        role: Role::Viewer,
        status: Status::Disabled,
        password: None,
        totp: None,
        totp_step: 5,
        passkeys: Vec::new(),
        last_sign_in_at: None,
        version: 2,
        ..written
    };
    world.write(Write::UpdateMember(changed.clone())).await;
    assert_eq!(world.store.member_by_email(&changed.email).await.unwrap(), Some(changed.clone()));
    let again = world.try_write(vec![Write::UpdateMember(changed)]).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
    assert_eq!(world.store.member(MemberId::none()).await.unwrap(), None);
    let now = world.store.member_by_email(&"ann.e@example.org".parse().unwrap()).await.unwrap().unwrap();
    let older = Write::DeleteMember(Member { version: 1, ..now.clone() });
    assert!(matches!(world.try_write(vec![older]).await, Err(CommitError::Conflict)), "changed meanwhile");
    world.write(Write::DeleteMember(now.clone())).await;
    assert_eq!(world.store.member(now.id).await.unwrap(), None);
    assert!(matches!(world.try_write(vec![Write::DeleteMember(now)]).await, Err(CommitError::Conflict)));
}

async fn an_address_belongs_to_one_member<S: Store>(world: World<S>) {
    inserted(&world, "ann@example.org").await;
    let again = world.try_write(vec![Write::InsertMember(member(&world, None, "ANN@example.org"))]).await;
    assert!(matches!(again, Err(CommitError::Exists)), "{again:?}");
}

async fn nobody_moves_to_another_tenant<S: Store>(world: World<S>) {
    let (acme, globex) = (world.tenant("Acme").await, world.tenant("Globex").await);
    let of_acme = member(&world, Some(acme.id), "ann@example.org");
    world.write(Write::InsertMember(of_acme.clone())).await;
    for tenant_id in [Some(globex.id), None] {
        let moved = Member { tenant_id, version: 2, ..of_acme.clone() };
        let moved = world.try_write(vec![Write::UpdateMember(moved)]).await;
        assert!(matches!(moved, Err(CommitError::Conflict)), "{moved:?}");
    }
    let client = management_client(&world, Some(acme.id));
    world.write(Write::InsertManagementClient(client.clone())).await;
    let moved = ManagementClient { tenant_id: None, version: 2, ..client };
    let moved = world.try_write(vec![Write::UpdateManagementClient(moved)]).await;
    assert!(matches!(moved, Err(CommitError::Conflict)), "{moved:?}");
}

async fn a_session_comes_back_with_every_field<S: Store>(world: World<S>) {
    let ann = inserted(&world, "ann@example.org").await;
    let written = session(&world, &ann, 1);
    world.write(Write::InsertSession(written.clone())).await;
    assert_eq!(world.store.session(&written.digest).await.unwrap(), Some(written.clone()));
    let changed = Session { digest: TokenDigest([2; 32]), step_up: None, version: 2, ..written.clone() };
    world.write(Write::UpdateSession(changed.clone())).await;
    assert_eq!(world.store.session(&changed.digest).await.unwrap(), Some(changed));
    assert_eq!(world.store.session(&written.digest).await.unwrap(), None, "the token from before is worth nothing");
}

async fn seeing_a_session_is_no_change_and_goes_forward_only<S: Store>(world: World<S>) {
    let ann = inserted(&world, "ann@example.org").await;
    let written = session(&world, &ann, 1);
    let position = world.write(Write::InsertSession(written.clone())).await;
    world.store.session_seen(written.id, NOW.plus(9)).await.unwrap();
    world.store.session_seen(written.id, NOW.plus(3)).await.unwrap();
    let changed = Session { version: 2, ..written.clone() };
    world.write(Write::UpdateSession(changed)).await;
    assert_eq!(world.store.session(&written.digest).await.unwrap().unwrap().last_seen_at, NOW.plus(9));
    assert_eq!(world.store.feed(Position(0), 10).await.unwrap().head, Position(position.0 + 1));
}

async fn sessions_end_one_by_one_and_together<S: Store>(world: World<S>) {
    let (ann, bob) = (inserted(&world, "ann@example.org").await, inserted(&world, "bob@example.org").await);
    let of_ann: Vec<Session> = (1..=4).map(|byte| session(&world, &ann, byte)).collect();
    let of_bob = session(&world, &bob, 9);
    for one in of_ann.iter().chain([&of_bob]) {
        world.write(Write::InsertSession(one.clone())).await;
    }
    let ids = async || world.store.sessions_of(ann.id).await.unwrap().iter().map(|one| one.id).collect::<Vec<_>>();
    let end = async |which| world.write(Write::EndSessions { member_id: ann.id, which }).await;
    assert_eq!(ids().await, [of_ann[3].id, of_ann[2].id, of_ann[1].id, of_ann[0].id], "the latest first");
    end(SessionsToEnd::One(of_ann[0].id)).await;
    // Of another member, and one that is over: nothing happens, and nothing fails.
    end(SessionsToEnd::One(of_bob.id)).await;
    end(SessionsToEnd::One(of_ann[0].id)).await;
    assert_eq!(ids().await, [of_ann[3].id, of_ann[2].id, of_ann[1].id]);
    end(SessionsToEnd::Others(of_ann[2].id)).await;
    assert_eq!(ids().await, [of_ann[2].id]);
    end(SessionsToEnd::All).await;
    assert!(ids().await.is_empty());
    assert_eq!(world.store.session(&of_bob.digest).await.unwrap(), Some(of_bob));
}

async fn a_change_that_needs_a_session_is_a_conflict_without_it<S: Store>(world: World<S>) {
    let ann = inserted(&world, "ann@example.org").await;
    let written = session(&world, &ann, 1);
    world.write(Write::InsertSession(written.clone())).await;
    let keep = async |version| {
        let done = world.try_write(vec![Write::KeepSession { id: written.id, version }]).await;
        assert!(matches!(done, Ok(_) | Err(CommitError::Conflict)), "{done:?}");
        done.is_ok()
    };
    assert!(keep(1).await);
    assert!(keep(1).await, "it is as it was");
    assert!(!keep(2).await);
    world.write(Write::EndSessions { member_id: ann.id, which: SessionsToEnd::All }).await;
    assert!(!keep(1).await);
}

async fn the_access_of_a_tenant_ends_and_of_no_other<S: Store>(world: World<S>) {
    assert!(!world.store.has_members().await.unwrap());
    let (acme, globex) = (world.tenant("Acme").await, world.tenant("Globex").await);
    let mut kept = Vec::new();
    for (tenant, byte) in [(acme.id, 1), (globex.id, 2)] {
        let somebody = member(&world, Some(tenant), &format!("{byte}@example.org"));
        let session = session(&world, &somebody, byte);
        let client = management_client(&world, Some(tenant));
        world.write(Write::InsertMember(somebody)).await;
        world.write(Write::InsertSession(session.clone())).await;
        world.write(Write::InsertManagementClient(client.clone())).await;
        kept.push((session, client));
    }
    assert!(world.store.has_members().await.unwrap());
    world.write(Write::EndAccessOfTenant { tenant_id: acme.id }).await;
    for ((session, client), is_acme) in kept.into_iter().zip([true, false]) {
        assert_eq!(world.store.session(&session.digest).await.unwrap().is_none(), is_acme);
        let found = world.store.management_client(client.id).await.unwrap().unwrap();
        assert_eq!(found.version, if is_acme { 2 } else { 1 });
    }
}

async fn what_leaves_no_active_admin_is_a_conflict<S: Store>(world: World<S>) {
    let (ann, bob) = (inserted(&world, "ann@example.org").await, inserted(&world, "bob@example.org").await);
    let off = |member: Member| Write::UpdateMember(Member { status: Status::Disabled, version: 2, ..member });
    world.try_write(vec![off(ann), Write::KeepAnAdmin]).await.unwrap();
    let last = world.try_write(vec![off(bob.clone()), Write::KeepAnAdmin]).await;
    assert!(matches!(last, Err(CommitError::Conflict)), "{last:?}");
    assert_eq!(world.store.member(bob.id).await.unwrap(), Some(bob));
}

async fn open_invitations_end_by_member_inviter_and_kind<S: Store>(world: World<S>) {
    let kinds = [InvitationKind::BreakGlass, InvitationKind::Invite, InvitationKind::SetUp];
    let made: Vec<Invitation> =
        kinds.iter().zip(1..).map(|(kind, byte)| Invitation { kind: *kind, ..invitation(&world, None, byte) }).collect();
    for one in &made {
        world.write(Write::InsertInvitation(one.clone())).await;
    }
    let over = Invitation { member_id: made[0].member_id, expires_at: NOW.plus(5), ..invitation(&world, None, 9) };
    world.write(Write::InsertInvitation(over.clone())).await;
    let (of, by) = (made[0].member_id.unwrap(), made[1].invited_by.unwrap());
    for (which, seconds) in [
        (InvitationsToEnd::Of(of), 10),
        (InvitationsToEnd::By(by), 20),
        (InvitationsToEnd::SetUpCodes, 30),
        // What is over stays as it is.
        (InvitationsToEnd::Of(of), 40),
    ] {
        world.write(Write::EndInvitations { which, at: NOW.plus(seconds) }).await;
    }
    for (one, seconds) in made.iter().zip([10, 20, 30]) {
        let found = world.store.invitation(one.id).await.unwrap().unwrap();
        assert_eq!((found.ended_at, found.version), (Some(NOW.plus(seconds)), 2), "{:?}", one.kind);
    }
    assert_eq!(world.store.invitation(over.id).await.unwrap(), Some(over));
}

async fn an_invitation_comes_back_with_every_field_and_is_forgotten<S: Store>(world: World<S>) {
    let acme = world.tenant("Acme").await;
    let written = invitation(&world, Some(acme.id), 1);
    world.write(Write::InsertInvitation(written.clone())).await;
    assert_eq!(world.store.invitation(written.id).await.unwrap(), Some(written.clone()));
    let ended = Invitation { ended_at: Some(NOW.plus(5)), version: 2, ..written };
    world.write(Write::UpdateInvitation(ended.clone())).await;
    let again = world.try_write(vec![Write::UpdateInvitation(ended.clone())]).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "s24: used once: {again:?}");
    let plain = Invitation { email: None, member_id: None, invited_by: None, ..invitation(&world, None, 2) };
    world.write(Write::InsertInvitation(plain.clone())).await;
    assert_eq!(world.store.invitation_by_digest(&plain.digest).await.unwrap(), Some(plain.clone()));
    world.write(Write::ForgetInvitations { before: Timestamp(NOW.0 + 100) }).await;
    assert_eq!(world.store.invitation(ended.id).await.unwrap(), Some(ended.clone()));
    world.write(Write::ForgetInvitations { before: Timestamp(NOW.0 + 101) }).await;
    assert_eq!(world.store.invitation(ended.id).await.unwrap(), None);
}

async fn a_management_client_comes_back_with_every_field<S: Store>(world: World<S>) {
    let written = management_client(&world, None);
    world.write(Write::InsertManagementClient(written.clone())).await;
    assert_eq!(world.store.management_client(written.id).await.unwrap(), Some(written.clone()));
    let changed = ManagementClient {
        name: "Pulumi".to_owned(),
        role: Role::Admin,
        status: Status::Disabled,
        secret_id: CredentialId::generate(world.random()),
        secret: StoredSecret { scheme: 3, pepper_id: "p2".to_owned(), mac: vec![8; 32] },
        hint: "efgh".to_owned(),
        version: 2,
        ..written
    };
    world.write(Write::UpdateManagementClient(changed.clone())).await;
    assert_eq!(world.store.management_client(changed.id).await.unwrap(), Some(changed));
}

async fn s4_a_tenants_listings_hold_what_is_its_own<S: Store>(world: World<S>) {
    let (acme, globex) = (world.tenant("Acme").await, world.tenant("Globex").await);
    for (number, tenant) in [None, Some(acme.id), Some(globex.id), Some(acme.id)].into_iter().enumerate() {
        let byte = u8::try_from(number).unwrap();
        world.write(Write::InsertMember(member(&world, tenant, &format!("m{number}@example.org")))).await;
        world.write(Write::InsertInvitation(invitation(&world, tenant, byte))).await;
        world.write(Write::InsertManagementClient(management_client(&world, tenant))).await;
    }
    for (reach, count) in [(Reach::Operator, 4), (Reach::Tenant(acme.id), 2), (Reach::Tenant(globex.id), 1)] {
        let members = world.store.members(reach, page()).await.unwrap();
        assert!(members.is_sorted_by_key(|one| one.id));
        assert_eq!(members.len(), count, "{reach:?}");
        assert_eq!(world.store.invitations(reach, page()).await.unwrap().len(), count, "{reach:?}");
        assert_eq!(world.store.management_clients(reach, page()).await.unwrap().len(), count, "{reach:?}");
        let rest = world.store.members(reach, Page { after: Some(&members[0].id), limit: 10 }).await.unwrap();
        assert_eq!(rest, members[1..]);
    }
}

async fn s4_what_is_asked_for_by_name_is_found_within_reach_alone<S: Store>(world: World<S>) {
    let (acme, globex) = (world.tenant("Acme").await, world.tenant("Globex").await);
    for (number, tenant) in [None, Some(acme.id)].into_iter().enumerate() {
        let byte = u8::try_from(number).unwrap();
        let ann = member(&world, tenant, &format!("m{number}@example.org"));
        let (invitation, client) = (invitation(&world, tenant, byte), management_client(&world, tenant));
        world.write(Write::InsertMember(ann.clone())).await;
        world.write(Write::InsertInvitation(invitation.clone())).await;
        world.write(Write::InsertManagementClient(client.clone())).await;
        for reach in [Reach::Operator, Reach::Tenant(acme.id), Reach::Tenant(globex.id)] {
            let is_within = reach == Reach::Operator || tenant.is_some_and(|own| reach == Reach::Tenant(own));
            let found = world.store.member_of(reach, ann.id).await.unwrap();
            assert_eq!(found, is_within.then(|| ann.clone()), "{reach:?}");
            let found = world.store.invitation_of(reach, invitation.id).await.unwrap();
            assert_eq!(found, is_within.then(|| invitation.clone()), "{reach:?}");
            let found = world.store.management_client_of(reach, client.id).await.unwrap();
            assert_eq!(found, is_within.then(|| client.clone()), "{reach:?}");
        }
    }
}

async fn what_a_limit_is_about_is_counted_and_nothing_else<S: Store>(world: World<S>) {
    let acme = world.tenant("Acme").await;
    let open = async |tenant, at, limit| world.store.open_invitations(tenant, at, limit).await.unwrap();
    for (number, tenant) in [None, Some(acme.id), Some(acme.id), Some(acme.id)].into_iter().enumerate() {
        let byte = u8::try_from(number).unwrap();
        let ended_at = (number == 3).then_some(NOW);
        world.write(Write::InsertInvitation(Invitation { ended_at, ..invitation(&world, tenant, byte) })).await;
        let status = if number == 3 { Status::Disabled } else { Status::Active };
        world.write(Write::InsertManagementClient(ManagementClient { status, ..management_client(&world, tenant) })).await;
    }
    assert_eq!((open(Some(acme.id), NOW, 10).await, open(None, NOW, 10).await), (2, 1));
    assert_eq!((open(Some(acme.id), NOW, 1).await, open(Some(acme.id), NOW.plus(100), 10).await), (1, 0));
    let active = async |limit| world.store.active_management_clients(acme.id, limit).await.unwrap();
    assert_eq!((active(10).await, active(1).await), (2, 1));
}

async fn the_feed_does_not_tell_who_manages_the_server<S: Store>(world: World<S>) {
    let ann = member(&world, None, "ann@example.org");
    let subject = Subject::Member { id: ann.id };
    world.store.commit(&change(subject.clone(), vec![Write::InsertMember(ann)])).await.unwrap();
    assert_eq!(world.store.feed(Position(0), 10).await.unwrap().entries[0].subject, Subject::Store);
    assert_eq!(world.store.audit(&mintmark_core::store::AuditFilter::default(), None, 10).await.unwrap()[0].subject, subject);
}
