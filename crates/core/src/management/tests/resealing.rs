//! What rests sealed in the store is sealed anew, and all goes on (rule S8).

use super::*;
use crate::crypto::{RootKeys, SealedPlace, UnsealError};
use crate::fixture::{sandbox, signing_keys};
use crate::keys::new_signing_key;
use crate::model::{KeyState, MemberId, Proof};
use crate::random::SeededRandom;
use crate::registry::{Registry, Run};

/// The root keys of the world behind newer ones, retired.
fn newer(with_the_old: bool) -> Arc<RootKeys> {
    let old = RootKeys::generate(&SeededRandom::new(1));
    let new = RootKeys::generate(&SeededRandom::new(9)).replace("\"m1\"", "\"m2\"");
    let (front, _) = new.split_once("[[pepper]]").unwrap();
    let (head, peppers) = old.split_once("[[pepper]]").unwrap();
    let head = if with_the_old { format!("{head}retired = true\n") } else { String::new() };
    Arc::new(RootKeys::parse(&format!("{front}{head}[[pepper]]{peppers}")).unwrap())
}

#[tokio::test]
async fn all_that_rests_is_sealed_anew_by_changes_that_nodes_follow_s8() {
    let desk = Desk::new().await;
    let person = desk.admin().await;
    let client = desk.world.client(|_| ()).await.client;
    let shared = desk.world.registry.add_shared_key(&sandbox(), &client.id, None).await.unwrap().credential;
    let key = signing_keys().remove(0);
    let store = desk.store();
    let with = |root_keys| Registry { root_keys, ..desk.world.registry.acting_as(Actor::local("a test")) };
    let (both, alone) = (with(newer(true)), with(newer(false)));
    let member = person.member.id;
    let places = [
        SealedPlace::SigningKey { environment: sandbox(), kid: key.kid.clone(), algorithm: key.algorithm },
        SealedPlace::SharedKey { environment: sandbox(), client_id: client.id.clone(), id: shared.id },
        SealedPlace::Password(member),
        SealedPlace::TotpSecret(member),
    ];
    let sealed = async || {
        let keys = store.environments().await.unwrap().value.remove(0).keys;
        let key = keys.into_iter().find(|stored| stored.kid == key.kid).unwrap();
        let credentials = store.credentials(&sandbox(), &client.id).await.unwrap();
        let shared = credentials.into_iter().find(|stored| stored.id == shared.id).unwrap();
        let Proof::SharedKey(shared) = shared.proof else { panic!("{shared:?}") };
        let member = store.member(member).await.unwrap().unwrap();
        [key.sealed, shared, member.password.unwrap().0, member.totp.unwrap()]
    };
    for place in &places {
        assert_eq!(alone.reseal(place).await.unwrap(), Err(UnsealError::MasterKeyUnknown("m1".to_owned())), "{place}");
    }
    let rows = async || store.audit(&AuditFilter::default(), None, 1000).await.unwrap().len();
    let before = rows().await;
    for place in &places {
        assert_eq!(both.reseal(place).await.unwrap(), Ok(true), "{place}");
        assert_eq!(both.reseal(place).await.unwrap(), Ok(false), "{place}");
    }
    assert_eq!(rows().await, before + places.len(), "each is a change, and what is done already is none");
    for (sealed, place) in sealed().await.iter().zip(&places) {
        assert!(alone.root_keys.sealer.is_current(&sealed.0), "{place}");
        assert!(place.seal_anew(&alone.root_keys.sealer, &sealed.0, &SeededRandom::new(3)).is_ok(), "{place}");
    }
    let gone = SealedPlace::Password(MemberId::generate(&SeededRandom::new(5)));
    assert_eq!(both.reseal(&gone).await.unwrap(), Ok(false));
    let management = Management::with_password_cost(alone, Origin::parse(ORIGIN).unwrap(), CHEAP);
    let code = desk.code_of(&person.secret);
    management.sign_in_with_password(person.member.email.as_str(), &text(PASSWORD), &code, from(1)).await.unwrap();
}

#[tokio::test]
async fn a_revoked_key_has_nothing_to_be_sealed_anew_s8() {
    let desk = Desk::new().await;
    let registry = &desk.world.registry;
    let key = signing_keys().remove(0);
    let (now, keys) = (desk.now(), &registry.root_keys.sealer);
    let new = |seed| new_signing_key(&sandbox(), key.algorithm, KeyState::Next, now, (keys, &SeededRandom::new(seed))).unwrap();
    registry.revoke_signing_key(&sandbox(), &key.kid, &[new(4), new(5)], Run::Commit).await.unwrap();
    let both = Registry { root_keys: newer(true), ..registry.acting_as(Actor::local("a test")) };
    let place = SealedPlace::SigningKey { environment: sandbox(), kid: key.kid, algorithm: key.algorithm };
    assert_eq!(both.reseal(&place).await.unwrap(), Ok(false));
}
