use super::super::*;
use crate::crypto::SecretText;
use crate::fixture::{Ask, World, sandbox, timestamp};
use crate::model::{Credential, EnvironmentName, Leak, LeakState, Position, Status};
use crate::notice::NoticeKind;
use crate::registry::{CreatedClient, Grace};
use crate::store::{AuditFilter, NoticeFilter, NoticeStore};
use crate::token::Denial;

const HOUR: u32 = 3600;
const QUARANTINE: LeakPolicy = LeakPolicy::Quarantine { revoke_after: 72 * HOUR, end_tokens: false };

/// A world with a client whose secret leaks.
struct Leaking {
    world: World,
    client: CreatedClient,
    environment: EnvironmentName,
}

impl Leaking {
    async fn new() -> Self {
        let world = World::new().await;
        let client = world.client(|_| {}).await;
        Self { world, client, environment: sandbox() }
    }

    async fn report_as(&self, secret: &str, found_at: &str, policy: LeakPolicy) -> Option<Leak> {
        let secret = SecretText::new(secret.to_owned());
        let report = LeakReport { secret: &secret, found_at, reporter: "holder" };
        self.world.registry.report_leak(&report, |_| policy).await.unwrap()
    }

    async fn report(&self, policy: LeakPolicy) -> Leak {
        self.report_as(self.secret(), "https://paste.example/1", policy).await.unwrap()
    }

    fn secret(&self) -> &str {
        self.client.secret.text().expose()
    }

    async fn ask(&self, secret: &str) -> (u16, Option<Denial>) {
        self.world.poll().await;
        let answer = self.world.ask(&Ask::of("standard", &self.client).secret(secret)).await;
        (answer.status, answer.outcome.result.err())
    }

    async fn stored(&self) -> Credential {
        self.world.stored(&self.client.client.id).await.credentials.remove(0)
    }

    async fn told(&self) -> Vec<NoticeKind> {
        let filter = NoticeFilter { environment: sandbox(), tenant: Some(Some(self.client.client.tenant_id)) };
        let mut all = self.world.store.notices(&filter, None, 20).await.unwrap();
        all.sort_by_key(|notice| (notice.at, notice.key().rsplit('/').next().unwrap().to_owned()));
        all.iter().map(crate::notice::Notice::kind).collect()
    }

    async fn positions(&self) -> usize {
        self.world.store.audit(&AuditFilter::default(), None, 1000).await.unwrap().len()
    }

    async fn marks(&self) -> usize {
        self.world.store.revocations(Position(0), 100).await.unwrap().revocations.len()
    }

    async fn release(&self, leak: &Leak) -> Outcome<Leak> {
        self.world.registry.release_leak(&self.environment, leak.id, "a test's secret").await
    }

    async fn revoke(&self, leak: &Leak) -> Outcome<Leak> {
        self.world.registry.revoke_leak(&self.environment, leak.id).await
    }
}

#[tokio::test]
async fn a_reported_secret_gives_no_tokens_and_the_wire_says_what_it_says_of_a_wrong_one() {
    let leaking = Leaking::new().await;
    assert_eq!(leaking.ask(leaking.secret()).await.0, 200);
    let leak = leaking.report(QUARANTINE).await;
    assert_eq!((leak.state, leak.revoke_at), (LeakState::Quarantined, Some(timestamp(i64::from(72 * HOUR)))));
    assert_eq!((leak.client_id.clone(), leak.credential_id), (leaking.client.client.id.clone(), leaking.client.credential.id));
    assert_eq!(leaking.ask(leaking.secret()).await, (401, Some(Denial::SecretQuarantined)));
    assert_eq!(Denial::SecretQuarantined.fault(), Denial::WrongSecret.fault());
    assert_eq!(leaking.told().await, [NoticeKind::LeakQuarantined]);
}

#[tokio::test]
async fn the_owner_rotates_without_a_break_and_the_other_secret_goes_on() {
    let leaking = Leaking::new().await;
    let (environment, id) = (&leaking.environment, &leaking.client.client.id);
    let other = leaking.world.registry.add_secret(environment, id, None).await.unwrap();
    leaking.report(QUARANTINE).await;
    let third = leaking.world.registry.add_secret(environment, id, None).await.unwrap();
    for secret in [&other, &third] {
        assert_eq!(leaking.ask(secret.secret.text().expose()).await.0, 200);
    }
    assert_eq!(leaking.ask(leaking.secret()).await.0, 401);
}

#[tokio::test]
async fn what_is_no_live_secret_of_ours_leaves_no_trace() {
    let leaking = Leaking::new().await;
    let over = leaking.world.client(|_| {}).await;
    leaking.world.registry.disable_secret(&leaking.environment, &over.client.id, over.credential.id).await.unwrap();
    let stranger = crate::crypto::ClientSecret::generate(&sandbox(), &crate::random::SeededRandom::new(99));
    let elsewhere = leaking.secret().replace("mms_sandbox_", "mms_production_");
    let before = leaking.positions().await;
    let mistyped = leaking.secret().replace("mms_", "mms_x");
    for text in ["", "hunter2", &mistyped, &elsewhere, stranger.text().expose(), over.secret.text().expose()] {
        assert_eq!(leaking.report_as(text, "", QUARANTINE).await, None, "{text}");
    }
    assert_eq!(leaking.positions().await, before);
    assert_eq!(leaking.told().await, []);
}

#[tokio::test]
async fn what_is_not_well_formed_is_dropped_before_anything_is_read() {
    let leaking = Leaking::new().await;
    leaking.world.store.fail(true);
    assert_eq!(leaking.report_as("mms_sandbox_short", "", QUARANTINE).await, None);
    assert_eq!(leaking.report_as("sk_live_123", "", QUARANTINE).await, None);
    leaking.world.store.fail(false);
}

#[tokio::test]
async fn reporting_again_writes_nothing_more() {
    for policy in [QUARANTINE, LeakPolicy::Observe] {
        let leaking = Leaking::new().await;
        let first = leaking.report(policy).await;
        let before = leaking.positions().await;
        leaking.world.clock.advance(60);
        for _ in 0..3 {
            assert_eq!(leaking.report(policy).await, first);
        }
        assert_eq!((leaking.positions().await, leaking.told().await.len()), (before, 1));
    }
}

#[tokio::test]
async fn of_many_who_report_at_once_each_hears_of_one_leak() {
    let leaking = Leaking::new().await;
    let all = futures_util::future::join_all((0..8).map(|_| leaking.report(QUARANTINE))).await;
    assert!(all.iter().all(|leak| leak.id == all[0].id && leak.version == 1), "{all:?}");
    assert_eq!(leaking.told().await.len(), 1);
}

#[tokio::test]
async fn an_environment_that_observes_tells_and_does_nothing_else() {
    let leaking = Leaking::new().await;
    let leak = leaking.report(LeakPolicy::Observe).await;
    assert_eq!((leak.state, leak.revoke_at), (LeakState::Reported, None));
    assert_eq!(leaking.ask(leaking.secret()).await.0, 200);
    assert_eq!(leaking.told().await, [NoticeKind::LeakReported]);
    assert_eq!(leaking.revoke(&leak).await.unwrap().state, LeakState::Revoked);
    assert_eq!(leaking.ask(leaking.secret()).await, (401, Some(Denial::SecretDisabled)));
}

#[tokio::test]
async fn tokens_live_until_the_secret_is_turned_off_or_end_with_the_report_where_that_is_wished() {
    for (end_tokens, alive) in [(false, true), (true, false)] {
        let leaking = Leaking::new().await;
        let subject = crate::model::RevocationKind::Credential;
        let is_marked = async || {
            let all = leaking.world.store.revocations(crate::model::Position(0), 10).await.unwrap().revocations;
            all.iter().any(|one| one.kind == subject && one.id == leaking.client.credential.id.to_string())
        };
        let leak = leaking.report(LeakPolicy::Quarantine { revoke_after: HOUR, end_tokens }).await;
        assert_eq!(!is_marked().await, alive);
        leaking.revoke(&leak).await.unwrap();
        assert!(is_marked().await);
    }
}

#[tokio::test]
async fn the_timer_turns_off_what_nobody_decided_about_and_nothing_sooner() {
    let leaking = Leaking::new().await;
    let leak = leaking.report(QUARANTINE).await;
    leaking.world.clock.advance(72 * HOUR - 1);
    assert_eq!(leaking.world.registry.revoke_due_leaks(10).await.unwrap(), 0);
    leaking.world.clock.advance(1);
    assert_eq!(leaking.world.registry.revoke_due_leaks(10).await.unwrap(), 1);
    assert_eq!(leaking.world.registry.revoke_due_leaks(10).await.unwrap(), 0);
    let credential = leaking.stored().await;
    assert_eq!((credential.status, credential.quarantined_at), (Status::Disabled, None));
    assert_eq!(leaking.told().await, [NoticeKind::LeakQuarantined, NoticeKind::LeakRevoked]);
    let refused = leaking.release(&leak).await;
    assert!(matches!(&refused, Err(RegistryError::NotAllowed(why)) if why.contains("decided")), "{refused:?}");
}

#[tokio::test]
async fn a_released_secret_works_again_and_can_be_reported_again() {
    let leaking = Leaking::new().await;
    let leak = leaking.report(QUARANTINE).await;
    let refused = leaking.world.registry.release_leak(&leaking.environment, leak.id, " ").await;
    assert!(matches!(refused, Err(RegistryError::Invalid { field: "reason", .. })), "{refused:?}");
    let released = leaking.release(&leak).await.unwrap();
    assert_eq!((released.state, released.reason.as_str()), (LeakState::Released, "a test's secret"));
    assert_eq!(leaking.ask(leaking.secret()).await.0, 200);
    leaking.world.clock.advance(1);
    let again = leaking.report(QUARANTINE).await;
    assert_eq!((again.id, again.version, again.state), (leak.id, 3, LeakState::Quarantined));
    assert_eq!(leaking.ask(leaking.secret()).await.0, 401);
    let row = leaking.world.store.audit(&AuditFilter::default(), None, 1).await.unwrap().remove(0);
    assert_eq!((row.action.as_str(), row.tenant), ("leak.report", Some(leaking.client.client.tenant_id)));
}

#[tokio::test]
async fn a_secret_that_was_turned_off_in_quarantine_never_comes_back() {
    let leaking = Leaking::new().await;
    let leak = leaking.report(QUARANTINE).await;
    let id = &leaking.client.client.id;
    leaking.world.registry.disable_secret(&leaking.environment, id, leaking.client.credential.id).await.unwrap();
    assert_eq!(leaking.ask(leaking.secret()).await, (401, Some(Denial::SecretDisabled)));
    let refused = leaking.release(&leak).await;
    assert!(matches!(&refused, Err(RegistryError::NotAllowed(why)) if why.contains("never comes back")), "{refused:?}");
    assert_eq!(leaking.revoke(&leak).await.unwrap().state, LeakState::Revoked);
}

#[tokio::test]
async fn the_new_secret_of_a_rotation_that_is_cancelled_in_quarantine_never_comes_back_and_its_tokens_end() {
    let leaking = Leaking::new().await;
    let (registry, id) = (&leaking.world.registry, &leaking.client.client.id);
    let whose = (&leaking.environment, id);
    let new = registry.start_rotation(whose, leaking.client.credential.id, Grace::OneHour, None).await.unwrap();
    let leak = leaking.report_as(new.secret.text().expose(), "", QUARANTINE).await.unwrap();
    let marks = leaking.marks().await;
    registry.disable_secret(&leaking.environment, id, new.credential.id).await.unwrap();
    let all = leaking.world.stored(id).await.credentials;
    let ended = all.iter().find(|one| one.id == new.credential.id).unwrap();
    assert_eq!((ended.status, ended.quarantined_at), (Status::Disabled, None));
    assert_eq!(leaking.marks().await, marks + 1);
    assert!(matches!(leaking.release(&leak).await, Err(RegistryError::NotAllowed(_))));
}

#[tokio::test]
async fn a_release_gives_no_client_more_secrets_than_it_may_have() {
    let leaking = Leaking::new().await;
    let leak = leaking.report(QUARANTINE).await;
    for _ in 0..MAX_LIVE_SECRETS {
        leaking.world.registry.add_secret(&leaking.environment, &leaking.client.client.id, None).await.unwrap();
    }
    let refused = leaking.release(&leak).await;
    assert!(matches!(&refused, Err(RegistryError::NotAllowed(why)) if why.contains("secrets in force")), "{refused:?}");
}

#[tokio::test]
async fn where_a_secret_was_found_is_kept_without_it_and_without_what_could_do_harm() {
    let leaking = Leaking::new().await;
    let other = crate::crypto::ClientSecret::generate(&sandbox(), &crate::random::SeededRandom::new(5));
    let found = format!("https://x.example/?a={}&b={}\r\n\u{1b}[31m", leaking.secret(), other.text().expose());
    let leak = leaking.report_as(leaking.secret(), &(found + &"y".repeat(900)), QUARANTINE).await.unwrap();
    assert!(leak.found_at.starts_with("https://x.example/?a=[secret]&b=[secret][31m"), "{}", leak.found_at);
    assert!(leak.found_at.chars().count() <= 500 && !leak.found_at.contains("mms_"), "{}", leak.found_at);
}
