use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::*;
use crate::fixture::{Ask, World, sandbox, timestamp};
use crate::model::{ClientId, Credential, CredentialId, CredentialLimits, EnvironmentName, ScopeSet, Status};
use crate::notice::{Event, RotationStep};
use crate::registry::CreatedClient;
use crate::store::{AuditFilter, NoticeFilter, NoticeStore};

const DAY: i64 = 86_400;

/// A world with a client, whose first secret is the one to be rotated.
struct Rotating {
    world: World,
    client: CreatedClient,
    environment: EnvironmentName,
}

impl Rotating {
    async fn new() -> Self {
        Self::expiring(None).await
    }

    async fn expiring(end: Option<i64>) -> Self {
        let world = World::new().await;
        let client = world.client(|new| new.secret_expires_at = end.map(timestamp)).await;
        Self { world, client, environment: sandbox() }
    }

    fn id(&self) -> &ClientId {
        &self.client.client.id
    }

    fn old(&self) -> CredentialId {
        self.client.credential.id
    }

    async fn start(&self, old: CredentialId, grace: Grace) -> Outcome<CreatedSecret> {
        self.world.registry.start_rotation((&self.environment, self.id()), old, grace, None).await
    }

    async fn cancel(&self) -> Outcome<Rotated> {
        self.world.registry.cancel_rotation(&self.environment, self.id(), self.old()).await
    }

    async fn complete(&self) -> Outcome<Rotated> {
        self.world.registry.complete_rotation(&self.environment, self.id(), self.old()).await
    }

    async fn extend(&self, grace: Grace) -> Outcome<Rotated> {
        self.world.registry.extend_rotation((&self.environment, self.id()), self.old(), grace).await
    }

    async fn stored(&self, id: CredentialId) -> Credential {
        let all = self.world.stored(self.id()).await.credentials;
        all.into_iter().find(|credential| credential.id == id).unwrap()
    }

    /// What a request with a secret is answered with.
    async fn status(&self, secret: &str) -> u16 {
        self.world.poll().await;
        self.world.ask(&Ask::of("standard", &self.client).secret(secret)).await.status
    }

    async fn old_status(&self) -> u16 {
        self.status(self.client.secret.text().expose()).await
    }

    async fn state(&self) -> RotationState {
        rotation_state(&self.stored(self.old()).await, self.world.clock.now())
    }

    async fn last_action(&self) -> String {
        self.world.store.audit(&AuditFilter::default(), None, 1).await.unwrap().remove(0).action
    }

    /// Lets time go by; the node follows the store meanwhile.
    async fn advance(&self, seconds: u32) {
        self.world.clock.advance(seconds);
        self.world.poll().await;
    }
}

fn why<T: std::fmt::Debug>(outcome: Outcome<T>) -> String {
    match outcome {
        Err(RegistryError::NotAllowed(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn both_secrets_prove_the_client_until_the_second_of_the_deadline() {
    let rotating = Rotating::new().await;
    let new = rotating.start(rotating.old(), Grace::OneHour).await.unwrap();
    assert_eq!(rotating.last_action().await, "secret.rotation.start");
    assert!(matches!(rotating.state().await, RotationState::UnderWay(rotation) if rotation.deadline == timestamp(3600)));
    rotating.advance(3599).await;
    assert_eq!((rotating.old_status().await, rotating.status(new.secret.text().expose()).await), (200, 200));
    rotating.advance(1).await;
    assert_eq!((rotating.old_status().await, rotating.status(new.secret.text().expose()).await), (401, 200));
    assert!(matches!(rotating.state().await, RotationState::Over(_)));
}

#[tokio::test]
async fn a_client_that_goes_on_calling_is_refused_at_no_step() {
    let rotating = Rotating::new().await;
    assert_eq!(rotating.old_status().await, 200);
    let first = rotating.start(rotating.old(), Grace::OneDay).await.unwrap();
    let both = async |new: &CreatedSecret| {
        assert_eq!((rotating.old_status().await, rotating.status(new.secret.text().expose()).await), (200, 200));
    };
    both(&first).await;
    rotating.cancel().await.unwrap();
    assert_eq!(rotating.last_action().await, "secret.rotation.cancel");
    assert_eq!(rotating.old_status().await, 200);
    let second = rotating.start(rotating.old(), Grace::OneHour).await.unwrap();
    both(&second).await;
    rotating.advance(3599).await;
    rotating.extend(Grace::SevenDays).await.unwrap();
    assert_eq!(rotating.last_action().await, "secret.rotation.extend");
    rotating.advance(1).await;
    both(&second).await;
    rotating.complete().await.unwrap();
    assert_eq!(rotating.last_action().await, "secret.rotation.complete");
    assert_eq!(rotating.status(second.secret.text().expose()).await, 200);
    assert_eq!(rotating.old_status().await, 401, "that was asked for");
    rotating.start(second.credential.id, Grace::OneDay).await.expect("the next rotation begins with the successor");
}

#[tokio::test]
async fn a_cancelled_rotation_leaves_the_old_secret_as_it_was_and_ends_the_new_one() {
    let rotating = Rotating::expiring(Some(90 * DAY)).await;
    let new = rotating.start(rotating.old(), Grace::OneDay).await.unwrap();
    assert_eq!(rotating.stored(rotating.old()).await.expires_at, Some(timestamp(DAY)));
    assert_eq!(new.credential.expires_at, Some(timestamp(90 * DAY)), "made for as long as the one before");
    let rotated = rotating.cancel().await.unwrap();
    let old = rotating.stored(rotating.old()).await;
    assert_eq!((old.expires_at, old.rotation, &rotated.old), (Some(timestamp(90 * DAY)), None, &old));
    assert_eq!(rotated.new.status, Status::Disabled);
    assert_eq!(rotating.status(new.secret.text().expose()).await, 401);
    assert_eq!(rotating.old_status().await, 200);
}

#[tokio::test]
async fn a_rotation_prolongs_nothing() {
    let rotating = Rotating::expiring(Some(7200)).await;
    rotating.start(rotating.old(), Grace::ThirtyDays).await.unwrap();
    assert_eq!(rotating.stored(rotating.old()).await.expires_at, Some(timestamp(7200)));
    assert!(why(rotating.extend(Grace::ThirtyDays).await).contains("prolongs nothing"));
    rotating.cancel().await.unwrap();
    rotating.start(rotating.old(), Grace::OneHour).await.unwrap();
    let extended = rotating.extend(Grace::OneDay).await.unwrap();
    assert_eq!(extended.old.expires_at, Some(timestamp(7200)));
    rotating.advance(7200).await;
    assert_eq!(rotating.old_status().await, 401);
}

#[tokio::test]
async fn the_successor_has_the_limits_of_the_old_secret() {
    let rotating = Rotating::new().await;
    let limits = CredentialLimits {
        networks: vec!["192.0.2.0/24".parse().unwrap()],
        not_before: Some(timestamp(-5)),
        scopes: Some(ScopeSet::parse("read").unwrap()),
        businesses: Some(vec![rotating.world.shop]),
    };
    rotating.world.registry.set_limits(&sandbox(), rotating.id(), rotating.old(), &limits, None).await.unwrap();
    let new = rotating.start(rotating.old(), Grace::OneDay).await.unwrap();
    assert_eq!(rotating.stored(new.credential.id).await.limits, limits);
}

#[tokio::test]
async fn a_secret_that_leaked_ends_now_with_its_tokens() {
    let rotating = Rotating::new().await;
    let others = rotating.world.store.feed(crate::model::Position(0), 1).await.unwrap().head;
    let new = rotating.start(rotating.old(), Grace::Now).await.unwrap();
    assert_eq!((rotating.old_status().await, rotating.status(new.secret.text().expose()).await), (401, 200));
    let ended = rotating.world.store.revocations(others, 10).await.unwrap().revocations;
    assert_eq!(ended.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [rotating.old().to_string()]);
    assert!(why(rotating.cancel().await).contains("the rotation is over"));
}

#[tokio::test]
async fn completing_leaves_the_tokens_alone_and_cancelling_ends_those_of_the_new_secret() {
    let rotating = Rotating::new().await;
    let ended = async || {
        let all = rotating.world.store.revocations(crate::model::Position(0), 10).await.unwrap().revocations;
        all.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let first = rotating.start(rotating.old(), Grace::OneDay).await.unwrap();
    rotating.cancel().await.unwrap();
    assert_eq!(ended().await, [first.credential.id.to_string()]);
    rotating.start(rotating.old(), Grace::OneDay).await.unwrap();
    rotating.complete().await.unwrap();
    assert_eq!(ended().await.len(), 1);
}

#[tokio::test]
async fn steps_out_of_order_say_where_the_rotation_stands_and_what_to_do() {
    let rotating = Rotating::new().await;
    for outcome in [rotating.cancel().await, rotating.complete().await, rotating.extend(Grace::OneDay).await] {
        assert!(why(outcome).contains("start a rotation first"));
    }
    let new = rotating.start(rotating.old(), Grace::OneDay).await.unwrap().credential.id;
    let again = why(rotating.start(rotating.old(), Grace::OneDay).await);
    assert!(
        again.contains(&format!("being rotated already, to {new}")) && again.contains("extend, complete or cancel"),
        "{again}"
    );
    assert!(why(rotating.start(new, Grace::OneDay).await).contains("complete or cancel it first"));
    assert!(why(rotating.extend(Grace::OneHour).await).contains("no later than the deadline"));
    let of_new = rotating.world.registry.complete_rotation(&sandbox(), rotating.id(), new).await;
    assert!(why(of_new).contains(&format!("name the old one, {}", rotating.old())));
    let expire = rotating.world.registry.expire_secret(&sandbox(), rotating.id(), rotating.old(), timestamp(5)).await;
    assert!(why(expire).contains("it is being rotated"));
    rotating.complete().await.unwrap();
    for outcome in [rotating.cancel().await, rotating.complete().await, rotating.extend(Grace::OneDay).await] {
        assert!(why(outcome).contains(&format!("{new} took its place")));
    }
    assert!(why(rotating.start(rotating.old(), Grace::OneDay).await).contains(&format!("rotate {new}")));
    let nobody = rotating.start(CredentialId::none(), Grace::OneDay).await;
    assert!(matches!(nobody, Err(RegistryError::NotFound(_))));
}

#[tokio::test]
async fn what_is_no_secret_or_not_in_force_is_not_rotated() {
    let rotating = Rotating::new().await;
    let key = rotating.world.registry.add_shared_key(&sandbox(), rotating.id(), None).await.unwrap().credential.id;
    assert!(why(rotating.start(key, Grace::OneDay).await).contains("only secrets are rotated"));
    let brief = rotating.world.registry.add_secret(&sandbox(), rotating.id(), Some(timestamp(5))).await.unwrap().credential.id;
    rotating.advance(5).await;
    assert!(why(rotating.start(brief, Grace::OneDay).await).contains("not in force any more"));
    rotating.world.registry.disable_secret(&sandbox(), rotating.id(), rotating.old()).await.unwrap();
    assert!(why(rotating.start(rotating.old(), Grace::OneDay).await).contains("not in force any more"));
}

#[tokio::test]
async fn a_rotation_does_not_exceed_the_secrets_that_a_client_may_have() {
    let rotating = Rotating::new().await;
    for _ in 1..MAX_LIVE_SECRETS {
        rotating.world.registry.add_secret(&sandbox(), rotating.id(), None).await.unwrap();
    }
    assert!(why(rotating.start(rotating.old(), Grace::OneDay).await).contains("disable one first"));
    rotating.start(rotating.old(), Grace::Now).await.expect("the old one makes room");
}

/// A successor that leaked is turned off like any secret, and does not take the client's only other secret with it.
#[tokio::test]
async fn turning_the_successor_off_cancels_the_rotation() {
    let rotating = Rotating::new().await;
    let new = rotating.start(rotating.old(), Grace::OneHour).await.unwrap().credential.id;
    let disabled = rotating.world.registry.disable_secret(&sandbox(), rotating.id(), new).await.unwrap();
    assert_eq!((disabled.id, disabled.status), (new, Status::Disabled));
    assert_eq!(rotating.last_action().await, "secret.rotation.cancel");
    rotating.advance(3600).await;
    assert_eq!(rotating.old_status().await, 200);
}

#[tokio::test]
async fn a_rotation_is_not_completed_while_the_successor_proves_nothing() {
    let rotating = Rotating::new().await;
    let new = rotating.start(rotating.old(), Grace::OneDay).await.unwrap().credential.id;
    let later = CredentialLimits { not_before: Some(timestamp(60)), ..CredentialLimits::default() };
    rotating.world.registry.set_limits(&sandbox(), rotating.id(), new, &later, None).await.unwrap();
    assert!(why(rotating.complete().await).contains("does not prove the client now"));
    rotating.advance(60).await;
    rotating.complete().await.unwrap();
}

#[tokio::test]
async fn the_successor_does_not_expire_before_the_old_secret() {
    let rotating = Rotating::new().await;
    let (place, registry) = ((&rotating.environment, rotating.id()), &rotating.world.registry);
    let sooner = registry.start_rotation(place, rotating.old(), Grace::OneDay, Some(timestamp(DAY - 1))).await;
    assert!(matches!(sooner, Err(RegistryError::Invalid { field: "expires_at", .. })), "{sooner:?}");
    let new = rotating.start(rotating.old(), Grace::OneDay).await.unwrap().credential.id;
    let set = async |seconds| registry.expire_secret(place.0, place.1, new, timestamp(seconds)).await;
    assert!(why(set(DAY - 1).await).contains("would end before it"));
    set(DAY).await.unwrap();
    assert!(why(rotating.extend(Grace::SevenDays).await).contains("expires before that"));
    rotating.cancel().await.unwrap();
    set(5).await.expect("it is nobody's successor any more");
}

#[tokio::test]
async fn the_successor_does_not_begin_after_the_old_secret_has_ended() {
    let rotating = Rotating::new().await;
    let new = rotating.start(rotating.old(), Grace::OneHour).await.unwrap().credential.id;
    let set = async |seconds| {
        let limits = CredentialLimits { not_before: Some(timestamp(seconds)), ..CredentialLimits::default() };
        rotating.world.registry.set_limits(&sandbox(), rotating.id(), new, &limits, None).await
    };
    assert!(why(set(3601).await).contains("before it begins"));
    set(3600).await.unwrap();
}

/// Clocks differ: a node whose clock is behind would take a secret that only expires for some seconds more.
#[tokio::test]
async fn s11_what_ends_at_once_is_turned_off_and_not_left_to_clocks() {
    let rotating = Rotating::new().await;
    let new = rotating.start(rotating.old(), Grace::Now).await.unwrap().credential.id;
    assert_eq!(rotating.stored(rotating.old()).await.status, Status::Disabled);
    let registry = &rotating.world.registry;
    let over = registry.expire_secret(&rotating.environment, rotating.id(), new, rotating.world.clock.now()).await.unwrap();
    assert_eq!(over.status, Status::Disabled);
}

#[test]
fn of_rotations_started_at_once_one_begins() {
    let rotating = super::block_on(Rotating::new());
    let begun = std::sync::atomic::AtomicUsize::new(0);
    super::at_once(8, |_| {
        let started = super::block_on(rotating.start(rotating.old(), Grace::OneDay));
        begun.fetch_add(usize::from(started.is_ok()), std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(begun.into_inner(), 1);
    assert_eq!(super::block_on(rotating.world.stored(rotating.id())).credentials.len(), 2);
}

/// One thing that somebody does, or time.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Of the secrets that there are, counted from the oldest, and of the graces.
    Start(usize, usize),
    Cancel(usize),
    Complete(usize),
    Extend(usize, usize),
    /// Turns off the successor of a rotation under way, if there is one.
    TurnOffSuccessor,
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..4_usize;
    // The first grace is "now", which ends the old secret because it was asked to: the successor is there in the same change.
    prop_oneof![
        4 => (which.clone(), 0..5_usize).prop_map(|(which, grace)| Step::Start(which, grace)),
        2 => which.clone().prop_map(Step::Cancel),
        2 => which.clone().prop_map(Step::Complete),
        2 => (which, 0..5_usize).prop_map(|(which, grace)| Step::Extend(which, grace)),
        1 => Just(Step::TurnOffSuccessor),
        3 => prop::sample::select(vec![1, 3599, 3600, 86_400, 31 * 86_400]).prop_map(Step::Wait),
    ]
}

async fn act(rotating: &Rotating, step: Step) {
    let registry = &rotating.world.registry;
    let all = rotating.world.stored(rotating.id()).await.credentials;
    let nth = |which: usize| all[which % all.len()].id;
    let place = (&rotating.environment, rotating.id());
    let refused = match step {
        Step::Start(which, grace) => rotating.start(nth(which), Grace::ALL[grace]).await.err(),
        Step::Cancel(which) => registry.cancel_rotation(place.0, place.1, nth(which)).await.err(),
        Step::Complete(which) => registry.complete_rotation(place.0, place.1, nth(which)).await.err(),
        Step::Extend(which, grace) => registry.extend_rotation(place, nth(which), Grace::ALL[grace]).await.err(),
        Step::TurnOffSuccessor => {
            let now = rotating.world.clock.now();
            let new = all.iter().find_map(|one| match rotation_state(one, now) {
                RotationState::UnderWay(rotation) => Some(rotation.new),
                RotationState::Idle | RotationState::Over(_) => None,
            });
            match new {
                Some(new) => registry.disable_secret(place.0, place.1, new).await.err(),
                None => None,
            }
        }
        Step::Wait(seconds) => {
            rotating.world.clock.advance(seconds);
            None
        }
    };
    assert!(matches!(refused, None | Some(RegistryError::NotAllowed(_))), "{step:?}: {refused:?}");
}

/// What holds after any steps, of a client whose first secret does not expire.
async fn check(rotating: &Rotating, before: &[Credential]) {
    let now = rotating.world.clock.now();
    let all = rotating.world.stored(rotating.id()).await.credentials;
    let is_live = |one: &Credential| one.status == Status::Active && !one.is_expired(now);
    let live = all.iter().filter(|one| is_live(one)).count();
    assert!((1..=MAX_LIVE_SECRETS).contains(&live), "{live} secrets in force");
    for one in &all {
        if let RotationState::UnderWay(rotation) = rotation_state(one, now) {
            assert_eq!(one.expires_at, Some(rotation.deadline));
            let new = all.iter().find(|other| other.id == rotation.new).expect("it has a successor");
            assert!(is_live(new) && new.rotation.is_none());
        }
        let was = before.iter().find(|old| old.id == one.id);
        assert!(was.is_none_or(|was| is_live(was) || !is_live(one)), "{} came back", one.id);
    }
}

#[test]
fn no_sequence_of_steps_leaves_a_client_without_a_secret() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() });
    let (started, over) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    runner
        .run(&prop::collection::vec(step(), 1..25), |steps| {
            runtime.block_on(async {
                let rotating = Rotating::new().await;
                for step in steps {
                    let now = rotating.world.clock.now();
                    let mut before = rotating.world.stored(rotating.id()).await.credentials;
                    // What was over before the step, as it was seen then.
                    before.iter_mut().filter(|one| one.is_expired(now)).for_each(|one| one.status = Status::Disabled);
                    act(&rotating, step).await;
                    if let Step::Wait(_) = step {
                        before.clear();
                    }
                    check(&rotating, &before).await;
                }
                let all = rotating.world.stored(rotating.id()).await.credentials;
                started.set(started.get() + all.len() - 1);
                over.set(over.get() + all.iter().filter(|one| one.rotation.is_some()).count());
            });
            Ok(())
        })
        .unwrap();
    assert!(started.get() > 100 && over.get() > 50, "{} begun, {} not cancelled: they test nothing", started.get(), over.get());
}

#[tokio::test]
async fn every_step_of_a_rotation_is_told_to_its_tenant() {
    let rotating = Rotating::new().await;
    let new = rotating.start(rotating.old(), Grace::OneHour).await.unwrap();
    rotating.extend(Grace::OneDay).await.unwrap();
    rotating.cancel().await.unwrap();
    let second = rotating.start(rotating.old(), Grace::OneDay).await.unwrap();
    rotating.complete().await.unwrap();
    let filter = NoticeFilter { environment: sandbox(), tenant: Some(Some(rotating.client.client.tenant_id)) };
    let told = rotating.world.store.notices(&filter, None, 10).await.unwrap();
    let mut steps: Vec<_> = told
        .into_iter()
        .map(|notice| match notice.event {
            Event::SecretRotation { client_id, old_credential_id, new_credential_id, step, version, .. } => {
                assert_eq!((&client_id, old_credential_id), (rotating.id(), rotating.old()));
                (version, step, new_credential_id)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    steps.sort_by_key(|(version, ..)| *version);
    let (first, second) = (new.credential.id, second.credential.id);
    assert_eq!(
        steps,
        [
            (2, RotationStep::Started, first),
            (3, RotationStep::Extended, first),
            (4, RotationStep::Cancelled, first),
            (5, RotationStep::Started, second),
            (6, RotationStep::Completed, second),
        ]
    );
}
