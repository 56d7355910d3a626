//! What a node knows of ended tokens, in whatever order it learns it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::clock::Timestamp;
use crate::fixture::{World, sandbox, timestamp};
use crate::model::{RevocationKind, Status};
use crate::registry::{ClientEdit, CreatedClient, TokenToRevoke};
use crate::store::StoredRevocation;

const NOW: Timestamp = Timestamp(1000);

fn stored(kind: RevocationKind, id: &str, position: u64, expires_at: i64) -> StoredRevocation {
    let environment = (kind != RevocationKind::Tenant).then(sandbox);
    let (position, expires_at) = (Position(position), Timestamp(expires_at));
    StoredRevocation { kind, environment, id: id.to_owned(), position, expires_at }
}

fn token(position: u64) -> TokenIds<'static> {
    TokenIds {
        token_id: "token",
        client_id: "client",
        tenant_id: Some("tenant"),
        business_id: Some("business"),
        credential_id: Some("credential"),
        position: Position(position),
    }
}

fn set_of(all: &[StoredRevocation]) -> RevocationSet {
    let incarnation = Some(Incarnation("one".to_owned()));
    let mut set = RevocationSet { incarnation, position: Position(100), ..RevocationSet::default() };
    for stored in all {
        set.add(stored);
    }
    set
}

#[test]
fn s11_a_mark_ends_what_is_from_before_it_and_nothing_else() {
    use RevocationKind::{Business, Client, Credential, Tenant};
    for (kind, id) in [(Credential, "credential"), (Client, "client"), (Business, "business"), (Tenant, "tenant")] {
        let set = set_of(&[stored(kind, id, 10, 2000)]);
        assert_eq!(set.ended(&sandbox(), &token(9)), Some(Ended::Revoked(kind)));
        assert_eq!(set.ended(&sandbox(), &token(10)), None);
        let elsewhere = set.ended(&"production".parse().unwrap(), &token(9));
        assert_eq!(elsewhere.is_some(), kind == Tenant, "tenants are in every environment");
        let other = set_of(&[stored(kind, "another", 10, 2000), stored(Client, "credential", 10, 2000)]);
        assert_eq!(other.ended(&sandbox(), &token(9)), None, "kinds and identifiers are not confused");
    }
}

#[test]
fn a_token_is_ended_by_its_jti_at_whatever_position() {
    let set = set_of(&[stored(RevocationKind::Token, "token", 10, 2000)]);
    assert_eq!(set.ended(&sandbox(), &token(u64::MAX)), Some(Ended::Revoked(RevocationKind::Token)));
    assert_eq!(set.ended(&sandbox(), &TokenIds { token_id: "other", ..token(1) }), None);
}

#[test]
fn s15_what_is_from_before_the_history_began_is_ended() {
    let set = RevocationSet { first: Position(50), ..set_of(&[]) };
    assert_eq!(set.ended(&sandbox(), &token(49)), Some(Ended::BeforeRestore));
    assert_eq!(set.ended(&sandbox(), &token(50)), None);
}

#[test]
fn a_position_is_raised_and_never_lowered() {
    for order in [[7, 12, 9], [12, 9, 7], [9, 7, 12]] {
        let set = set_of(&order.map(|position| stored(RevocationKind::Client, "client", position, 2000)));
        assert!(set.ended(&sandbox(), &token(11)).is_some(), "{order:?}");
        assert!(set.ended(&sandbox(), &token(12)).is_none(), "{order:?}");
    }
}

/// What a verifier holds, as the contract of the document says.
#[derive(Debug, Default, PartialEq)]
struct Verifier {
    seq: u64,
    marks: BTreeMap<String, (u64, i64)>,
    tokens: BTreeMap<String, i64>,
}

impl Verifier {
    fn take(&mut self, document: &str) {
        let document: Value = serde_json::from_str(document).unwrap();
        match document.get("since") {
            Some(since) => assert_eq!(since.as_u64(), Some(self.seq), "what was asked for"),
            None => *self = Self::default(),
        }
        self.seq = document["seq"].as_u64().unwrap();
        for (hash, entry) in document["marks"].as_object().unwrap() {
            self.marks.insert(hash.clone(), (entry[0].as_u64().unwrap(), entry[1].as_i64().unwrap()));
        }
        for (hash, expires_at) in document["tokens"].as_object().unwrap() {
            self.tokens.insert(hash.clone(), expires_at.as_i64().unwrap());
        }
    }

    fn forget_over(&mut self, now: Timestamp) {
        self.marks.retain(|_, (_, expires_at)| *expires_at > now.0);
        self.tokens.retain(|_, expires_at| *expires_at > now.0);
    }
}

fn document(set: &RevocationSet, since: Option<u64>, now: Timestamp) -> String {
    let parts = DocumentParts {
        environment: &sandbox(),
        issuer: "https://issuer.example",
        keys: &["kid \"1\"".to_owned()],
        since: since.map(Position),
        as_of: now,
        now,
    };
    set.document(&parts).unwrap()
}

#[test]
fn s17_a_document_says_whose_it_is_for_how_long_and_up_to_where() {
    let set = set_of(&[stored(RevocationKind::Client, "client", 10, 2000), stored(RevocationKind::Token, "token", 11, 3000)]);
    let found: Value = serde_json::from_str(&document(&set, None, NOW)).unwrap();
    let hash = |kind, id| {
        let mut text = String::new();
        crate::base64url::push(&mut text, &RevocationDigest::of(kind, id).0);
        text
    };
    let expected = serde_json::json!({
        "iss": "https://issuer.example", "inc": "one", "seq": 100, "first": 0, "iat": 1000, "exp": 1060,
        "marks": { hash(RevocationKind::Client, "client"): [10, 2000] },
        "tokens": { hash(RevocationKind::Token, "token"): 3000 },
        "keys": ["kid \"1\""],
    });
    assert_eq!(found, expected);
    // Computed elsewhere: the first 16 bytes of SHA-256("client\0client"), base64url.
    assert_eq!(hash(RevocationKind::Client, "client"), "HvWcpof3n-eTcJ56lYcZ0g");
    let since: Value = serde_json::from_str(&document(&set, Some(10), NOW)).unwrap();
    assert_eq!((&since["since"], since["marks"].as_object().unwrap().len()), (&10.into(), 0));
    let later: Value = serde_json::from_str(&document(&set, None, Timestamp(2000))).unwrap();
    assert_eq!(later["marks"], serde_json::json!({}), "what is over is left out");
}

#[test]
fn nothing_is_told_before_the_store_was_read() {
    let parts = DocumentParts { environment: &sandbox(), issuer: "", keys: &[], since: None, as_of: NOW, now: NOW };
    assert_eq!(RevocationSet::default().document(&parts), None);
}

#[derive(Clone, Debug)]
enum Step {
    Revoke { kind: usize, id: u8, expires_at: i64 },
    Ask { verifier: usize },
    Pass { seconds: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..5_usize, 0..6_u8, 1000..1400_i64).prop_map(|(kind, id, expires_at)| Step::Revoke { kind, id, expires_at }),
        2 => (0..3_usize).prop_map(|verifier| Step::Ask { verifier }),
        1 => (0..60_i64).prop_map(|seconds| Step::Pass { seconds }),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// Whenever verifiers ask and whatever was revoked meanwhile, what they were given piece by piece is what they would be given at
    /// once.
    #[test]
    fn what_came_piece_by_piece_is_the_whole(steps in steps()) {
        const KINDS: [RevocationKind; 5] = [
            RevocationKind::Credential, RevocationKind::Client, RevocationKind::Business, RevocationKind::Tenant, RevocationKind::Token,
        ];
        let mut set = RevocationSet { incarnation: Some(Incarnation("one".to_owned())), ..RevocationSet::default() };
        let mut verifiers: [Option<Verifier>; 3] = [None, None, None];
        let mut now = NOW;
        for step in steps {
            match step {
                Step::Revoke { kind, id, expires_at } => {
                    let position = set.position.0 + 1;
                    set.add(&stored(KINDS[kind], &id.to_string(), position, expires_at));
                    set.position = Position(position);
                }
                Step::Pass { seconds } => now.0 += seconds,
                Step::Ask { verifier } => {
                    let held = verifiers[verifier].get_or_insert_default();
                    let since = (held.seq > 0).then_some(held.seq);
                    held.take(&document(&set, since, now));
                    held.forget_over(now);
                    let mut whole = Verifier::default();
                    whole.take(&document(&set, None, now));
                    prop_assert_eq!(&*held, &whole);
                }
            }
        }
    }
}

impl World {
    fn is_ended(&self, client: &CreatedClient, position: Position) -> Option<Ended> {
        ended_in(self.directory(), client, position)
    }
}

fn ended_in(
    directory: &Directory<crate::store::memory::MemoryStore>,
    client: &CreatedClient,
    position: Position,
) -> Option<Ended> {
    let (tenant, credential) = (client.client.tenant_id.to_string(), client.credential.id.to_string());
    let ids = TokenIds {
        token_id: "some",
        client_id: client.client.id.as_str(),
        tenant_id: Some(&tenant),
        business_id: None,
        credential_id: Some(&credential),
        position,
    };
    directory.ended(&sandbox(), &ids)
}

#[tokio::test]
async fn s11_turning_a_client_off_ends_its_tokens_also_after_it_is_on_again() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.directory().fresh_position().unwrap();
    for status in [Status::Disabled, Status::Active] {
        let edit = ClientEdit { status: Some(status), ..ClientEdit::default() };
        world.registry.edit_client(&sandbox(), &client.client.id, &edit).await.unwrap();
    }
    assert_eq!(world.is_ended(&client, before), None, "not heard of yet");
    world.poll().await;
    assert_eq!(world.is_ended(&client, before), Some(Ended::Revoked(RevocationKind::Client)));
    let after = world.directory().fresh_position().unwrap();
    assert_eq!(world.is_ended(&client, after), None);
}

#[tokio::test]
async fn a_node_that_starts_holds_everything_from_its_first_moment_on() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.directory().fresh_position().unwrap();
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    // More than one page of others.
    for number in 0..2500 {
        let (name, token) = (sandbox(), format!("jti-{number}"));
        let token = TokenToRevoke { environment: &name, id: &token, client_id: None, expires_at: None };
        world.registry.revoke_token(token).await.unwrap();
    }
    let node = another_node(&world).await;
    assert_eq!(ended_in(&node, &client, before), Some(Ended::Revoked(RevocationKind::Client)));
    assert_eq!(node.revocations().len(), 2501);
    world.poll().await;
    assert_eq!(world.directory().revocations().len(), 2501, "and one that heard of them by the feed");
}

async fn another_node(world: &World) -> Directory<crate::store::memory::MemoryStore> {
    let clock = Arc::clone(&world.clock) as Arc<dyn crate::clock::Clock>;
    let keys = Arc::clone(&world.endpoint.root_keys);
    let limits = super::super::DirectoryLimits::default();
    Directory::open(Arc::clone(&world.store), clock, keys, limits).await.unwrap()
}

#[tokio::test]
async fn a_node_does_not_start_without_the_whole_set() {
    let world = World::new().await;
    world.store.fail_revocations(true);
    let clock = Arc::clone(&world.clock) as Arc<dyn crate::clock::Clock>;
    let keys = Arc::clone(&world.endpoint.root_keys);
    let limits = super::super::DirectoryLimits::default();
    assert!(Directory::open(Arc::clone(&world.store), clock, keys, limits).await.is_err());
}

#[tokio::test]
async fn a_poll_that_cannot_read_what_was_revoked_counts_for_nothing_and_the_next_one_catches_up() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.directory().fresh_position().unwrap();
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.store.fail_revocations(true);
    assert!(world.directory().poll().await.is_err());
    assert_eq!(world.directory().fresh_position().unwrap(), before, "no token claims to know the change");
    world.store.fail_revocations(false);
    world.poll().await;
    assert_eq!(world.is_ended(&client, before), Some(Ended::Revoked(RevocationKind::Client)));
}

#[tokio::test]
async fn s12_the_set_is_read_again_in_full_and_loses_nothing_that_came_meanwhile() {
    let world = World::new().await;
    let (one, other) = (world.client(|_| ()).await, world.client(|_| ()).await);
    let before = world.directory().fresh_position().unwrap();
    world.registry.revoke_client(&sandbox(), &one.client.id).await.unwrap();
    world.poll().await;
    // As if a poll had gone wrong.
    let applied = world.directory().fresh_position().unwrap();
    world.directory().lose_revocations();
    assert_eq!(world.is_ended(&one, before), None);
    world.registry.revoke_client(&sandbox(), &other.client.id).await.unwrap();
    world.directory().reread_revocations().await.unwrap();
    for client in [&one, &other] {
        assert_eq!(world.is_ended(client, before), Some(Ended::Revoked(RevocationKind::Client)));
    }
    assert_eq!(world.directory().revocations().position(), applied, "the feed is where it was, since nothing else was applied");
    world.poll().await;
    assert!(world.directory().revocations().position() > applied);
}

#[tokio::test]
async fn what_is_over_is_gone_after_the_next_full_reading() {
    let world = World::new().await;
    let name = sandbox();
    let token = TokenToRevoke { environment: &name, id: "jti", client_id: None, expires_at: Some(timestamp(60)) };
    world.registry.revoke_token(token).await.unwrap();
    world.poll().await;
    assert_eq!(world.directory().revocations().len(), 1);
    world.clock.advance(60 + 599);
    world.directory().reread_revocations().await.unwrap();
    assert_eq!(world.directory().revocations().len(), 1, "clocks differ");
    world.clock.advance(1);
    world.directory().reread_revocations().await.unwrap();
    assert_eq!(world.directory().revocations().len(), 0);
}

#[tokio::test]
async fn a_position_that_goes_back_is_followed_and_nothing_that_the_store_holds_is_lost() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.directory().fresh_position().unwrap();
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.poll().await;
    world.store.rewind(before);
    world.poll().await;
    assert_eq!(world.directory().revocations().position(), before);
    assert!(world.is_ended(&client, before).is_some());
}

#[tokio::test]
async fn s15_after_a_restore_all_from_before_is_ended() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.directory().fresh_position().unwrap();
    world.store.restore();
    world.poll().await;
    assert_eq!(world.is_ended(&client, before), Some(Ended::BeforeRestore));
    world.registry.confirm_restore().await.unwrap();
    world.poll().await;
    let after = world.directory().fresh_position().unwrap();
    assert_eq!(world.is_ended(&client, after), None);
}

#[tokio::test]
async fn those_who_wait_hear_of_each_change() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut waiting = world.directory().watch_revocations();
    let latest = world.directory().revocations().latest(&sandbox());
    world.client(|_| ()).await;
    assert!(waiting.has_changed().unwrap());
    waiting.mark_unchanged();
    assert_eq!(world.directory().revocations().latest(&sandbox()), latest, "a new client ends nothing");
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.poll().await;
    assert!(waiting.has_changed().unwrap());
    assert!(world.directory().revocations().latest(&sandbox()) > latest);
}
