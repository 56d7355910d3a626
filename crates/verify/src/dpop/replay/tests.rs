use std::thread;

use super::*;
use crate::{Algorithm, fixture::NOW};

fn proof(jti: &str, issued_at: i64) -> Proof {
    Proof { thumbprint: "key-1".into(), algorithm: Algorithm::EdDsa, jti: jti.into(), nonce: None, issued_at }
}

fn held(memory: &ReplayMemory) -> (usize, usize) {
    let used = memory.used.lock().unwrap();
    (used.proofs.len(), used.clients.len())
}

#[test]
fn a_proof_is_used_once_while_it_is_good() {
    let memory = ReplayMemory::new(100, 100);
    for issued_at in [NOW - 60, NOW, NOW + 30] {
        let proof = proof(&issued_at.to_string(), issued_at);
        assert_eq!(memory.use_once("client-1", &proof, NOW), Ok(()));
        for now in NOW..=issued_at + MAX_AGE_SECONDS {
            assert_eq!(memory.use_once("client-1", &proof, NOW), Err(ReplayError::Replayed), "{now}");
        }
    }
}

#[test]
fn proofs_of_other_keys_may_have_the_same_identifier() {
    let memory = ReplayMemory::new(100, 100);
    assert_eq!(memory.use_once("client-1", &proof("1", NOW), NOW), Ok(()));
    let other = Proof { thumbprint: "key-2".into(), ..proof("1", NOW) };
    assert_eq!(memory.use_once("client-1", &other, NOW), Ok(()));
    // Not another proof because another client brings it.
    assert_eq!(memory.use_once("client-2", &proof("1", NOW), NOW), Err(ReplayError::Replayed));
}

#[test]
fn what_is_not_good_any_more_is_forgotten() {
    let memory = ReplayMemory::new(100, 100);
    for index in 0..50 {
        assert_eq!(memory.use_once("client-1", &proof(&index.to_string(), NOW + index % 30), NOW), Ok(()));
    }
    assert_eq!(held(&memory), (50, 1));
    assert_eq!(memory.use_once("client-2", &proof("later", NOW + 91), NOW + 91), Ok(()));
    assert_eq!(held(&memory), (1, 1));
}

#[test]
fn a_clock_that_is_set_back_makes_no_proof_good_again() {
    let memory = ReplayMemory::new(100, 100);
    let used = proof("1", NOW);
    assert_eq!(memory.use_once("client-1", &used, NOW), Ok(()));
    assert_eq!(memory.use_once("client-1", &proof("2", NOW + 3600), NOW + 3600), Ok(()));
    assert_eq!(memory.use_once("client-1", &used, NOW), Err(ReplayError::Replayed));
}

/// Hazard 11.
#[test]
fn a_flood_of_one_client_evicts_nothing_and_stops_nobody_else() {
    let memory = ReplayMemory::new(1000, 100);
    let mine = proof("mine", NOW);
    assert_eq!(memory.use_once("client-1", &mine, NOW), Ok(()));
    let flood = |index: usize| memory.use_once("attacker", &proof(&index.to_string(), NOW), NOW);
    assert!((0..100).all(|index| flood(index) == Ok(())));
    assert!((100..2000).all(|index| flood(index) == Err(ReplayError::Full)));
    assert_eq!(memory.use_once("client-1", &mine, NOW), Err(ReplayError::Replayed));
    assert_eq!(memory.use_once("client-1", &proof("another", NOW), NOW), Ok(()));
}

#[test]
fn a_full_memory_takes_no_more_and_forgets_nothing() {
    let memory = ReplayMemory::new(10, 5);
    for index in 0..10 {
        assert_eq!(memory.use_once(&format!("client-{}", index % 2), &proof(&index.to_string(), NOW), NOW), Ok(()));
    }
    assert_eq!(memory.use_once("client-3", &proof("new", NOW), NOW), Err(ReplayError::Full));
    for index in 0..10 {
        let again = memory.use_once("client-0", &proof(&index.to_string(), NOW), NOW);
        assert_eq!(again, Err(ReplayError::Replayed));
    }
    assert_eq!(memory.use_once("client-3", &proof("new", NOW + 61), NOW + 61), Ok(()));
}

#[test]
fn of_many_who_use_one_proof_at_once_one_succeeds() {
    let memory = ReplayMemory::new(10_000, 10_000);
    let accepted: usize = thread::scope(|scope| {
        let use_all = || (0..500).filter(|index| memory.use_once("c", &proof(&index.to_string(), NOW), NOW).is_ok()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(use_all)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(accepted, 500);
}

#[test]
fn times_at_the_ends_of_the_range_are_no_trouble() {
    let memory = ReplayMemory::new(10, 10);
    assert_eq!(memory.use_once("c", &proof("1", i64::MAX), i64::MAX), Ok(()));
    assert_eq!(memory.use_once("c", &proof("2", i64::MIN), i64::MIN), Err(ReplayError::Replayed));
}
