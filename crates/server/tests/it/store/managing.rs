//! What may be done once is done once, whichever nodes try it at the same time.

use std::sync::Arc;

use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::{RootKeys, SecretText};
use mintmark_core::dialect::DialectSet;
use mintmark_core::management::{
    Acceptance, AcceptanceMeans, Managed, Management, NewSession, Origin, PasswordCost, Reach, Role, Visitor,
};
use mintmark_core::model::Status;
use mintmark_core::random::{Random, SeededRandom, SystemRandom};
use mintmark_core::registry::{Actor, NewInvitation, Registry};
use mintmark_core::store::{Page, Store};
use tokio::task::JoinSet;

use super::world::{NOW, World};
use crate::fixture::code;

super::on_every_store! {
    s24_of_those_who_use_an_invitation_at_once_one_becomes_a_member,
    s24_of_those_who_set_up_at_once_with_codes_of_their_own_one_becomes_admin,
    of_those_who_use_a_code_at_once_one_signs_in,
    s1_what_one_node_ends_is_over_on_another,
}

const PASSWORD: &str = "correct horse battery";

/// A node, with counters of its own.
fn node<S: Store>(world: &World<S>, clock: &Arc<FakeClock>) -> Management<S> {
    let root_keys = RootKeys::parse(&RootKeys::generate(&SeededRandom::new(3))).unwrap();
    let registry = Registry {
        store: Arc::clone(&world.store),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        root_keys: Arc::new(root_keys),
        random: Arc::new(SystemRandom) as Arc<dyn Random>,
        dialects: DialectSet::load(&[]).unwrap(),
        actor: Actor::local("test"),
    };
    let cost = PasswordCost { memory: 8, passes: 1 };
    Management::with_password_cost(registry, Origin::parse("https://admin.example").unwrap(), cost)
}

async fn accept<S: Store>(node: &Management<S>, token: &str, email: Option<&str>) -> Managed<(NewSession, String)> {
    let token = SecretText::new(token.to_owned());
    let view = node.view_invitation(&token, Visitor::default()).await?;
    let secret = view.totp.secret.expose().to_owned();
    let (password, code) = (SecretText::new(PASSWORD.to_owned()), code(&secret, NOW));
    let means = AcceptanceMeans::Password { password: &password, handle: &view.totp.handle, code: &code };
    let acceptance = Acceptance { name: "Ann", email, means };
    Ok((node.accept_invitation(&token, &acceptance, Visitor::default()).await?, secret))
}

/// How many of eight nodes succeed with something that all do at once.
async fn successes<S: Store, F>(world: &World<S>, clock: &Arc<FakeClock>, work: impl Fn(Management<S>, usize) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut tries = JoinSet::new();
    for number in 0..8 {
        tries.spawn(work(node(world, clock), number));
    }
    tries.join_all().await.into_iter().filter(|done| *done).count()
}

async fn invited<S: Store>(node: &Management<S>) -> String {
    let new = NewInvitation { email: "ann@example.org".parse().unwrap(), role: Role::Admin, tenant_id: None };
    node.registry.invite(&new, None).await.unwrap().token.expose().to_owned()
}

async fn s24_of_those_who_use_an_invitation_at_once_one_becomes_a_member<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let token = invited(&node(&world, &clock)).await;
    let done = successes(&world, &clock, |node, _| {
        let token = token.clone();
        async move { accept(&node, &token, None).await.is_ok() }
    });
    assert_eq!(done.await, 1);
    assert_eq!(world.store.members(Reach::Operator, Page { after: None, limit: 10 }).await.unwrap().len(), 1);
}

async fn s24_of_those_who_set_up_at_once_with_codes_of_their_own_one_becomes_admin<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let done = successes(&world, &clock, |node, number| async move {
        let Ok(Some(code)) = node.setup_code().await else { return false };
        accept(&node, code.expose(), Some(&format!("admin{number}@example.org"))).await.is_ok()
    });
    // A code that another node's start ended in between is over; nobody gets in twice.
    assert!(done.await <= 1);
    let last = node(&world, &clock);
    if let Some(code) = last.setup_code().await.unwrap() {
        accept(&last, code.expose(), Some("admin@example.org")).await.unwrap();
    }
    assert_eq!(world.store.members(Reach::Operator, Page { after: None, limit: 10 }).await.unwrap().len(), 1);
}

async fn of_those_who_use_a_code_at_once_one_signs_in<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let first = node(&world, &clock);
    let (_, secret) = accept(&first, &invited(&first).await, None).await.unwrap();
    clock.advance(30);
    let now = clock.now();
    let done = successes(&world, &clock, |node, _| {
        let code = code(&secret, now);
        async move {
            let password = SecretText::new(PASSWORD.to_owned());
            node.sign_in_with_password("ann@example.org", &password, &code, Visitor::default()).await.is_ok()
        }
    });
    assert_eq!(done.await, 1);
}

async fn s1_what_one_node_ends_is_over_on_another<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let (one, two) = (node(&world, &clock), node(&world, &clock));
    let (started, _) = accept(&one, &invited(&one).await, None).await.unwrap();
    let signed_in = two.session(&started.token, NOW).await.unwrap().unwrap();
    one.sign_out(&signed_in).await.unwrap();
    assert!(two.session(&started.token, NOW).await.unwrap().is_none());

    let other = NewInvitation { email: "bob@example.org".parse().unwrap(), role: Role::Auditor, tenant_id: None };
    let token = one.registry.invite(&other, None).await.unwrap().token.expose().to_owned();
    let (bob, _) = accept(&one, &token, None).await.unwrap();
    assert!(two.session(&bob.token, NOW).await.unwrap().is_some());
    one.registry.set_member_status(bob.member.id, Status::Disabled).await.unwrap();
    assert!(two.session(&bob.token, NOW).await.unwrap().is_none());
}
