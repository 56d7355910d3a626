use super::*;
use crate::crypto::RootKeys;
use crate::fixture::Ask;
use crate::model::{ManagementClient, ManagementClientId, Status};
use crate::registry::{CreatedManagementClient, NewManagementClient};

impl Desk {
    async fn program(&self, role: Role, tenant_id: Option<TenantId>) -> CreatedManagementClient {
        let new = NewManagementClient { name: "Terraform".to_owned(), role, tenant_id };
        self.management.registry.create_management_client(new).await.unwrap()
    }

    async fn token(&self, program: &CreatedManagementClient) -> Managed<IssuedToken> {
        let source = from(1).source;
        self.management.issue_token(&program.client.id.to_string(), program.secret.text(), source).await
    }

    async fn bearer(&self, token: &SecretText) -> Option<(ManagementClient, Authority)> {
        self.management.token_authority(token).await.unwrap()
    }
}

#[tokio::test]
async fn a_program_gets_a_token_for_its_secret_that_is_good_for_fifteen_minutes() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Developer, Some(desk.world.acme)).await;
    let issued = desk.token(&program).await.unwrap();
    assert_eq!(issued.expires_in, 900);
    let (client, authority) = desk.bearer(&issued.token).await.unwrap();
    assert_eq!(client, program.client);
    assert_eq!((authority.role(), authority.reach()), (Role::Developer, Reach::Tenant(desk.world.acme)));
    assert_eq!(authority.principal(), Principal::Client(client.id));
    desk.world.clock.advance(899);
    assert!(desk.bearer(&issued.token).await.is_some());
    desk.world.clock.advance(1);
    assert!(desk.bearer(&issued.token).await.is_none());
}

#[tokio::test]
async fn an_unknown_program_and_a_wrong_secret_are_told_alike_and_limited_alike() {
    let desk = Desk::new().await;
    let (one, two) = (desk.program(Role::Auditor, None).await, desk.program(Role::Auditor, None).await);
    let unknown = ManagementClientId::generate(&*desk.management.registry.random).to_string();
    for (id, secret) in [
        (one.client.id.to_string(), two.secret.text()),
        (unknown, one.secret.text()),
        ("no id".to_owned(), one.secret.text()),
        (ManagementClientId::none().to_string(), one.secret.text()),
        (one.client.id.to_string(), &text(&"x".repeat(300))),
    ] {
        assert!(is_refused(&desk.management.issue_token(&id, secret, from(2).source).await), "{id}");
        for _ in 0..9 {
            assert!(is_refused(&desk.management.issue_token(&id, secret, from(2).source).await), "{id}");
        }
        let limited = desk.management.issue_token(&id, secret, from(2).source).await;
        assert!(matches!(limited, Err(ManagementError::Limited(_))), "{id}");
        desk.world.clock.advance(900);
    }
    assert!(desk.token(&one).await.is_ok());
}

#[tokio::test]
async fn who_knows_a_programs_id_keeps_it_out_nowhere_but_where_they_are() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Auditor, None).await;
    let id = program.client.id.to_string();
    for place in 2..=21 {
        for _ in 0..10 {
            assert!(is_refused(&desk.management.issue_token(&id, &text("wrong"), from(place).source).await));
        }
    }
    assert!(desk.token(&program).await.is_ok(), "two hundred failures elsewhere on one day");
}

#[tokio::test]
async fn what_the_store_cannot_answer_is_no_failure_of_the_program() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Auditor, None).await;
    desk.store().fail(true);
    for _ in 0..50 {
        let unanswered = desk.token(&program).await;
        assert!(matches!(unanswered, Err(ManagementError::Registry(_))), "{unanswered:?}");
    }
    desk.store().fail(false);
    assert!(desk.token(&program).await.is_ok());
}

#[tokio::test]
async fn s1_a_disabled_program_is_dead_at_once_and_so_is_one_of_a_disabled_tenant() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Owner, Some(desk.world.acme)).await;
    let token = desk.token(&program).await.unwrap().token;
    let registry = &desk.management.registry;
    registry.set_management_client_status(program.client.id, Status::Disabled).await.unwrap();
    assert!(desk.bearer(&token).await.is_none());
    assert!(is_refused(&desk.token(&program).await));
    registry.set_management_client_status(program.client.id, Status::Active).await.unwrap();
    assert!(desk.bearer(&token).await.is_none(), "turned on again, it asks for another");
    let token = desk.token(&program).await.unwrap().token;
    let foreign = desk.program(Role::Owner, Some(desk.world.globex)).await;
    let of_other = desk.token(&foreign).await.unwrap().token;
    let bob = desk.member("bob@example.org", Role::Owner, Some(desk.world.acme)).await;
    registry.set_tenant_status(desk.world.acme, Status::Disabled).await.unwrap();
    assert!(desk.bearer(&token).await.is_none());
    assert!(is_refused(&desk.token(&program).await));
    registry.set_tenant_status(desk.world.acme, Status::Active).await.unwrap();
    assert!(desk.bearer(&token).await.is_none(), "nor does a tenant's return bring it back");
    assert!(desk.signed_in(&bob.token).await.is_none(), "nor a session");
    assert!(desk.bearer(&desk.token(&program).await.unwrap().token).await.is_some());
    assert!(desk.bearer(&of_other).await.is_some(), "another tenant's is as it was");
}

#[tokio::test]
async fn s15_after_a_restore_only_the_machine_lets_anybody_in_until_it_is_confirmed() {
    let desk = Desk::new().await;
    let (admin, program) = (desk.admin().await, desk.program(Role::Auditor, None).await);
    let token = desk.token(&program).await.unwrap().token;
    let registry = &desk.management.registry;
    let link = registry.invite_back(admin.member.id, None).await.unwrap().token;
    desk.store().restore();
    assert!(desk.bearer(&token).await.is_none());
    assert!(is_refused(&desk.token(&program).await));
    assert!(is_refused(&desk.sign_in(&admin).await));
    assert!(is_refused(&desk.accept(&link, None).await.map(|_| ())));
    let code = registry.break_glass(admin.member.email.clone()).await.unwrap().token;
    let admin = desk.accept(&code, None).await.unwrap();
    assert!(desk.signed_in(&admin.token).await.is_some());
    registry.confirm_restore().await.unwrap();
    desk.sign_in(&admin).await.unwrap();
    desk.token(&program).await.unwrap();
}

#[tokio::test]
async fn another_secret_ends_the_one_before_and_its_tokens() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Auditor, None).await;
    let token = desk.token(&program).await.unwrap().token;
    let rotated = desk.management.registry.rotate_management_client(program.client.id).await.unwrap();
    assert!(desk.bearer(&token).await.is_none());
    assert!(is_refused(&desk.token(&program).await));
    let token = desk.token(&rotated).await.unwrap().token;
    assert!(desk.bearer(&token).await.is_some());
    let audit = serde_json::to_string(&desk.last_audit().await).unwrap();
    assert!(!audit.contains(rotated.secret.text().expose()) && !audit.contains("mac"), "{audit}");
}

#[tokio::test]
async fn s7_a_secret_under_an_older_pepper_is_stored_anew_when_it_is_shown() {
    let desk = Desk::new().await;
    let newer = RootKeys::generate(&crate::random::SeededRandom::new(99));
    let newer = newer.replace("\"p1\"", "\"p2\"").replace("\"m1\"", "\"m2\"");
    let older = RootKeys::generate(&crate::random::SeededRandom::new(98));
    let both = |first: &str, second: &str| Arc::new(RootKeys::parse(&format!("{first}\n{second}")).unwrap());
    let mut registry = desk.management.registry.acting_as(Actor::local("a test"));
    registry.root_keys = both(&older, &newer);
    let new = NewManagementClient { name: "Old".to_owned(), role: Role::Auditor, tenant_id: None };
    let program = registry.create_management_client(new).await.unwrap();
    registry.root_keys = both(&newer, &older);
    let management = Management::new(registry, Origin::parse(ORIGIN).unwrap());
    assert_eq!(program.client.secret.pepper_id, "p1");
    let id = program.client.id;
    for _ in 0..2 {
        let issued = management.issue_token(&id.to_string(), program.secret.text(), from(1).source).await.unwrap();
        assert_eq!(issued.client.secret.pepper_id, "p2");
        assert!(management.token_authority(&issued.token).await.unwrap().is_some());
    }
    assert_eq!(desk.store().management_client(id).await.unwrap().unwrap().version, 2, "written once");
}

#[tokio::test]
async fn a_secret_that_was_rotated_meanwhile_is_not_stored_anew() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Auditor, None).await;
    let registry = &desk.management.registry;
    let rotated = registry.rotate_management_client(program.client.id).await.unwrap();
    let renewed = registry.renew_management_secret(&program.client, program.client.secret.clone()).await;
    assert!(matches!(renewed, Err(RegistryError::NotAllowed(_))), "{renewed:?}");
    assert_eq!(desk.store().management_client(program.client.id).await.unwrap(), Some(rotated.client));
}

#[tokio::test]
async fn s1_a_token_of_an_environment_manages_nothing_nor_the_other_way_round() {
    let desk = Desk::new().await;
    let client = desk.world.client(|_| {}).await;
    let answer = desk.world.ask(&Ask::of("standard", &client)).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert!(desk.bearer(&text(&token)).await.is_none());
    let keys = &desk.management.registry.root_keys.sealer;
    let program = desk.program(Role::Admin, None).await;
    let managing = desk.token(&program).await.unwrap().token;
    // Under the keys of environments' opaque tokens it does not open, whatever it is called.
    assert!(keys.open_token(&crate::fixture::sandbox(), managing.expose()).is_none());
    let renamed = managing.expose().replacen("mmg_", "mmt_", 1);
    assert!(keys.open_token(&crate::fixture::sandbox(), &renamed).is_none());
    let claims = keys.open_management_token(ORIGIN, managing.expose()).unwrap();
    let opaque = keys.seal_token(&crate::fixture::sandbox(), &claims, &*desk.management.registry.random).unwrap();
    for forged in [opaque.clone(), opaque.replacen("mmt_", "mmg_", 1)] {
        assert!(desk.bearer(&text(&forged)).await.is_none());
    }
}

#[tokio::test]
async fn a_token_is_for_this_issuer_and_audience_alone() {
    let desk = Desk::new().await;
    let program = desk.program(Role::Admin, None).await;
    let registry = &desk.management.registry;
    let seal = |change: &dyn Fn(&mut serde_json::Value), issuer: &str| {
        let now = desk.now().0;
        let mut claims = serde_json::json!({
            "iss": ORIGIN, "aud": format!("{ORIGIN}/management"), "sub": program.client.id,
            "credential_id": program.client.secret_id, "version": program.client.version, "iat": now, "exp": now + 900,
        });
        change(&mut claims);
        let claims = claims.to_string();
        text(&registry.root_keys.sealer.seal_management_token(issuer, claims.as_bytes(), &*registry.random).unwrap())
    };
    assert!(desk.bearer(&seal(&|_| {}, ORIGIN)).await.is_some());
    for (field, value) in [
        ("iss", "https://other.example".into()),
        ("aud", ORIGIN.into()),
        ("iat", (desk.now().0 + 60).into()),
        ("exp", desk.now().0.into()),
        ("more", 1.into()),
    ] {
        let value: serde_json::Value = value;
        let forged = seal(&|claims| claims[field] = value.clone(), ORIGIN);
        assert!(desk.bearer(&forged).await.is_none(), "{field}");
    }
    assert!(desk.bearer(&seal(&|_| {}, "https://other.example")).await.is_none());
    let other = Management::new(registry.acting_as(Actor::local("test")), Origin::parse("https://other.example").unwrap());
    assert!(other.token_authority(&desk.token(&program).await.unwrap().token).await.unwrap().is_none());
}

#[tokio::test]
async fn s1_nobody_makes_a_program_that_may_do_more_than_they() {
    let desk = Desk::new().await;
    let (acme, globex) = (desk.world.acme, desk.world.globex);
    let owner = desk.authority(&desk.member("owner@example.org", Role::Owner, Some(acme)).await).await;
    let developer = desk.authority(&desk.member("developer@example.org", Role::Developer, Some(acme)).await).await;
    let create = async |by: &Authority, role, tenant_id| {
        let new = NewManagementClient { name: "Terraform".to_owned(), role, tenant_id };
        desk.management.create_management_client(by, new).await
    };
    let own = create(&owner, Role::Owner, Some(acme)).await.unwrap();
    assert!(create(&owner, Role::Admin, None).await.is_err());
    assert!(is_missing(&create(&owner, Role::Viewer, Some(globex)).await));
    assert!(is_not_allowed(&create(&developer, Role::Viewer, Some(acme)).await));
    let foreign = desk.program(Role::Viewer, Some(globex)).await.client.id;
    let off = Status::Disabled;
    assert!(is_missing(&desk.management.set_management_client_status(&owner, foreign, off, None).await));
    assert!(is_missing(&desk.management.rotate_management_client(&owner, foreign).await));
    assert!(is_not_allowed(&desk.management.rotate_management_client(&developer, own.client.id).await));
    desk.management.set_management_client_status(&owner, own.client.id, off, None).await.unwrap();
    let page = || crate::store::Page { after: None, limit: 10 };
    assert_eq!(desk.management.management_clients(&owner, None, page()).await.unwrap().len(), 1);
}
