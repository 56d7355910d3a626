use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::Poll;

use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use futures_util::future::join_all;

use super::*;
use crate::crypto::HashScheme;

const HERE: &str = "192.0.2.1";
const THERE: &str = "192.0.2.2";

/// Whether there is no answer yet.
async fn is_pending<T>(asked: &mut Pin<Box<impl Future<Output = T>>>) -> bool {
    std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_pending())).await
}

/// A hash that takes little time.
fn hash(secret: &str) -> ImportedHash {
    let mut key = [0; 32];
    derive(PBKDF2_HMAC_SHA256, NonZeroU32::MIN, b"salt", secret.as_bytes(), &mut key);
    ImportedHash::pbkdf2(HashScheme::Pbkdf2Sha256, 1, b"salt", &key).unwrap()
}

fn text(secret: &str) -> SecretText {
    SecretText::new(secret.to_owned())
}

/// What a secret is compared with, where `right` is the client's.
fn candidate(secret: &str) -> (Vec<Candidate>, InForce) {
    let hash = hash("right");
    let stored = StoredSecret { scheme: 2, pepper_id: "p".to_owned(), mac: secret.as_bytes().to_vec() };
    let mark = mark_of(&stored, &hash);
    (vec![Candidate { at: 0, hash, stored, mark }], InForce::Yes)
}

fn of(client: &str, source: &str) -> Asked {
    let owner = ("sandbox".parse().unwrap(), client.parse().unwrap());
    Asked { owner, source: source.parse().unwrap(), at: 1_000_000 }
}

async fn ask(imported: &ImportedSecrets, secret: &str) -> Result<bool, HashesBusy> {
    imported.find(candidate(secret), &text(secret), of("one", HERE)).await.map(|found| found.is_some())
}

#[tokio::test]
async fn a_secret_is_computed_once_and_remembered_right_or_wrong() {
    let imported = ImportedSecrets::start(1).unwrap();
    assert_eq!(ask(&imported, "right").await, Ok(true));
    assert_eq!(ask(&imported, "wrong").await, Ok(false));
    let deaf = ImportedSecrets { threads: HashThreads::stuck(0), ..imported };
    assert_eq!(ask(&deaf, "right").await, Ok(true));
    assert_eq!(ask(&deaf, "wrong").await, Ok(false));
    assert_eq!(ask(&deaf, "other").await, Err(HashesBusy));
}

#[tokio::test]
async fn many_with_one_secret_at_once_all_get_the_answer_of_one_computation() {
    let imported = ImportedSecrets::start(1).unwrap();
    let answers = join_all((0..100).map(|_| ask(&imported, "right"))).await;
    assert!(answers.into_iter().all(|answer| answer == Ok(true)));
    assert!(lock(&imported.places).lanes.is_empty() && lock(&imported.places).by_source.is_empty());
}

#[tokio::test]
async fn of_one_client_one_hash_is_computed_at_a_time_s9() {
    let imported = ImportedSecrets::stuck(10);
    let wrong = text("wrong");
    let mut first = Box::pin(imported.find(candidate("a"), &wrong, of("one", HERE)));
    let mut second = Box::pin(imported.find(candidate("b"), &wrong, of("one", THERE)));
    let mut other = Box::pin(imported.find(candidate("c"), &wrong, of("two", HERE)));
    assert!(is_pending(&mut first).await && is_pending(&mut second).await && is_pending(&mut other).await);
    assert_eq!(imported.waiting(), 2, "one of each client");
    // Somebody who goes away does not let the next one in before the work is done.
    drop(first);
    assert!(is_pending(&mut second).await);
    assert_eq!(imported.waiting(), 2);
}

#[tokio::test]
async fn whoever_sends_wrong_secrets_from_one_network_does_not_fill_the_clients_queue_s6() {
    let imported = ImportedSecrets::stuck(100);
    let secrets: Vec<String> = (0..3).map(|number| format!("guess-{number}")).collect();
    let texts: Vec<SecretText> = secrets.iter().map(|secret| text(secret)).collect();
    let guess = |at: usize| Box::pin(imported.find(candidate(&secrets[at]), &texts[at], of("one", THERE)));
    let (mut first, mut second) = (guess(0), guess(1));
    assert!(is_pending(&mut first).await && is_pending(&mut second).await);
    assert!(guess(2).await.is_err(), "two of one network wait");
    let right = text("right");
    let mut own = Box::pin(imported.find(candidate("right"), &right, of("one", HERE)));
    assert!(is_pending(&mut own).await, "the client itself finds a place");
}

/// Of many guesses of these networks, two of each, those that wait.
async fn waiting<'a>(
    imported: &'a ImportedSecrets,
    networks: &[String],
    texts: &'a [SecretText],
) -> Vec<impl Future + use<'a>> {
    let mut waiting = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let source = of("one", &networks[at / 2]);
        let mut guess = Box::pin(imported.find(candidate(text.expose()), text, source));
        if is_pending(&mut guess).await {
            waiting.push(guess);
        }
    }
    waiting
}

#[tokio::test]
async fn eight_networks_that_send_wrong_secrets_do_not_keep_the_client_out_s6() {
    let imported = ImportedSecrets::start(1).unwrap();
    let networks: Vec<String> = (0..8).map(|number| format!("198.51.100.{number}")).collect();
    let wrong = text("wrong");
    for (at, network) in networks.iter().enumerate() {
        let found = imported.find(candidate(&format!("first-{at}")), &wrong, of("one", network)).await;
        assert!(found.is_ok_and(|found| found.is_none()));
    }
    // From here on nothing is computed, so whoever waits keeps its place.
    let imported = ImportedSecrets { threads: HashThreads::stuck(100), ..imported };
    let guesses: Vec<SecretText> = (0..16).map(|number| text(&format!("guess-{number}"))).collect();
    let held = waiting(&imported, &networks, &guesses).await;
    assert_eq!(held.len(), SECRETS_OF_SUSPECTS, "they share some places");
    let right = text("right");
    let mut own = Box::pin(imported.find(candidate("right"), &right, of("one", HERE)));
    assert!(is_pending(&mut own).await, "the client itself finds a place");
    let later = Asked { at: 1_000_000 + LATELY, ..of("one", &networks[7]) };
    let mut again = Box::pin(imported.find(candidate("again"), &wrong, later));
    assert!(is_pending(&mut again).await, "nothing is held against anybody for ever");
}

#[tokio::test]
async fn a_secret_that_was_turned_off_proves_no_network_though_a_dry_run_finds_it_right_s6() {
    let imported = ImportedSecrets::start(1).unwrap();
    let (right, asked) = (text("right"), of("one", HERE));
    let turned_off = || (candidate("right").0, InForce::No);
    for _ in 0..2 {
        assert!(imported.find(turned_off(), &right, asked.clone()).await.is_ok_and(|found| found.is_some()));
        assert!(imported.standing(&asked) == Standing::Unknown);
    }
    let wrong = text("wrong");
    imported.find(candidate("wrong"), &wrong, asked.clone()).await.unwrap();
    assert!(imported.standing(&asked) == Standing::Suspect);
    let other = ImportedSecrets { right: Cache::new(1), ..imported };
    assert!(other.find(turned_off(), &right, asked.clone()).await.is_ok_and(|found| found.is_some()));
    assert!(other.standing(&asked) == Standing::Suspect, "it clears nobody either");
    let other = ImportedSecrets { right: Cache::new(1), ..other };
    assert!(other.find(candidate("right"), &right, asked.clone()).await.is_ok_and(|found| found.is_some()));
    assert!(other.standing(&asked) == Standing::Proven);
}

#[tokio::test]
async fn whoever_goes_away_before_its_turn_is_taken_for_one_that_sent_a_wrong_secret_s6() {
    let imported = ImportedSecrets::stuck(100);
    let networks: Vec<String> = (0..8).map(|number| format!("198.51.100.{number}")).collect();
    let guesses: Vec<SecretText> = (0..16).map(|number| text(&format!("guess-{number}"))).collect();
    let held = waiting(&imported, &networks, &guesses).await;
    assert_eq!(held.len(), SECRETS_OF_CLIENT);
    drop(held);
    // Only what was begun is still there.
    let again = waiting(&imported, &networks, &guesses).await;
    assert!(again.len() <= SECRETS_OF_SUSPECTS + 1, "{}", again.len());
    let right = text("right");
    let mut own = Box::pin(imported.find(candidate("right"), &right, of("one", HERE)));
    assert!(is_pending(&mut own).await, "the client itself finds a place");
}

#[tokio::test]
async fn where_a_secret_of_the_client_was_right_there_is_a_place_however_many_wait_s6() {
    let imported = ImportedSecrets::start(1).unwrap();
    assert_eq!(ask(&imported, "right").await, Ok(true));
    let imported = ImportedSecrets { threads: HashThreads::stuck(100), ..imported };
    let networks: Vec<String> = (0..8).map(|number| format!("198.51.100.{number}")).collect();
    let guesses: Vec<SecretText> = (0..16).map(|number| text(&format!("guess-{number}"))).collect();
    let held = waiting(&imported, &networks, &guesses).await;
    assert_eq!(held.len(), SECRETS_OF_CLIENT, "nothing is known of them yet");
    let other = text("other");
    let mut there = Box::pin(imported.find(candidate("other"), &other, of("one", THERE)));
    assert!(!is_pending(&mut there).await, "a network of which nothing is known finds none now");
    let mut here = Box::pin(imported.find(candidate("other"), &other, of("one", HERE)));
    assert!(is_pending(&mut here).await, "the client's own does");
}

#[tokio::test]
async fn one_network_takes_half_of_what_may_wait() {
    let imported = ImportedSecrets::stuck(4);
    let wrong = text("wrong");
    let mut waiting = Vec::new();
    for client in ["one", "two", "three"] {
        let mut asked = Box::pin(imported.find(candidate(client), &wrong, of(client, THERE)));
        let is_waiting = is_pending(&mut asked).await;
        assert_eq!(is_waiting, client != "three", "{client}");
        waiting.push(asked);
    }
    let mut here = Box::pin(imported.find(candidate("x"), &wrong, of("three", HERE)));
    assert!(is_pending(&mut here).await);
}
