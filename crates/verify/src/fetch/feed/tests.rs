use serde_json::json;
use tokio::task::AbortHandle;

use super::*;
use crate::{
    Claims, TokenError,
    fetch::{
        Answer,
        jwks::Source,
        script::{FEED_URI, KEYS_URI, Script, answer, clock, feed, header, jwks, unreachable},
    },
    fixture::{ISSUER, NOW, Token, verifier},
    revocations::{Kind, RevocationHash},
};

/// A follower whose issuer answers requests for revocations in this way.
struct Scene {
    script: Script,
    list: Arc<RevocationList>,
    error: Arc<Mutex<Option<FetchError>>>,
    now: Clock,
    task: AbortHandle,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(script: Script) -> Scene {
    let fetcher = Fetcher { transport: Arc::new(script.clone()), allows_loopback_http: false };
    let keys = Fetcher { transport: Arc::new(Script::at_once(|_| Ok(jwks(&["EdDSA"])))), ..fetcher.clone() };
    let source = Source { fetcher: keys, uri: Uri::from_static(KEYS_URI) };
    let (keys, _) = HeldKeys::fetch(&source, Duration::from_hours(24)).await.unwrap();
    let follower = Follower {
        fetcher,
        uri: Uri::from_static(FEED_URI),
        list: Arc::new(RevocationList::new(ISSUER)),
        keys: Arc::new(keys),
        clock: Arc::new(clock()),
        grace: Duration::from_mins(5),
        error: Arc::default(),
    };
    follower.fetch(Ask::Complete).await.unwrap();
    let (list, error, now) = (Arc::clone(&follower.list), Arc::clone(&follower.error), Arc::clone(&follower.clock));
    let task = tokio::spawn(follower.run()).abort_handle();
    Scene { script, list, error, now, task }
}

impl Scene {
    fn check(&self) -> Result<(), TokenError> {
        self.list.check(&claims(), (self.now)())
    }

    fn error(&self) -> Option<String> {
        self.error.lock().unwrap().as_ref().map(ToString::to_string)
    }
}

fn claims() -> Claims {
    verifier().verify(&Token::good().signed(), NOW).unwrap()
}

fn revoked() -> serde_json::Value {
    json!({"marks": {RevocationHash::new(Kind::Client, "client-1").to_string(): [8, NOW + 9000]}})
}

/// An issuer that holds a request with a tag open for 25 seconds, and has no news.
fn quiet(now: &Clock, seq: u64) -> impl FnMut(&Get) -> (Duration, Result<Answer, FetchError>) + Send + 'static {
    let now = Arc::clone(now);
    move |get| {
        let hold = header(get, "prefer").map_or(0, |_| 25);
        (Duration::from_secs(hold), Ok(feed(now() + hold.cast_signed(), seq, &json!({}))))
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_first_document_the_issuer_is_asked_for_what_came_next() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::new(quiet(&now, 10))).await;
    sleep(Duration::from_hours(1)).await;
    let asked = scene.script.asked();
    assert_eq!((header(&asked[0].1, "if-none-match"), header(&asked[0].1, "prefer")), (None, None));
    for (_, get) in &asked[1..] {
        assert_eq!(header(get, "if-none-match"), Some("\"store-1.10\""));
        assert_eq!((header(get, "prefer"), header(get, "accept")), (Some("wait=25"), Some("application/jwt")));
    }
    assert!((140..=146).contains(&asked.len()), "{}", asked.len());
    assert_eq!((scene.check(), scene.error()), (Ok(()), None));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_in_force_within_two_seconds_whether_requests_are_held_or_not() {
    for delay in [Duration::ZERO, Duration::from_millis(900)] {
        let now: Clock = Arc::new(clock());
        let clock = Arc::clone(&now);
        let scene = follow(Script::new(move |_| (delay, Ok(feed(clock(), 10, &json!({})))))).await;
        sleep(Duration::from_mins(1)).await;
        assert_eq!(scene.check(), Ok(()));
        scene.script.change(move |_| Ok(feed(now(), 11, &revoked())));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(scene.check(), Err(TokenError::Revoked));
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_answers_at_once_is_asked_once_a_second() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::at_once(move |_| Ok(feed(now(), 10, &json!({}))))).await;
    sleep(Duration::from_mins(1)).await;
    assert!((60..=63).contains(&scene.script.count()), "{}", scene.script.count());
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_always_has_news_is_asked_five_times_a_second_at_most() {
    let now: Clock = Arc::new(clock());
    let mut sequence = 10;
    let scene = follow(Script::at_once(move |_| {
        sequence += 1;
        Ok(feed(now(), sequence, &json!({})))
    }))
    .await;
    sleep(Duration::from_secs(10)).await;
    assert!((48..=53).contains(&scene.script.count()), "{}", scene.script.count());
}

#[tokio::test(start_paused = true)]
async fn s17_without_a_good_document_the_list_decides_until_its_grace_is_over() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::new(quiet(&now, 10))).await;
    scene.script.change(|_| unreachable());
    sleep(Duration::from_secs(290)).await;
    assert_eq!(scene.check(), Ok(()));
    assert!(scene.error().is_some_and(|error| error.contains("unreachable")));
    sleep(Duration::from_mins(1)).await;
    assert_eq!(scene.check(), Err(TokenError::RevocationsUnknown));
    scene.script.change(move |_| Ok(feed(now(), 10, &json!({}))));
    sleep(Duration::from_secs(16)).await;
    assert_eq!((scene.check(), scene.error()), (Ok(()), None));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_does_not_make_the_grace_longer() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::new(quiet(&now, 10))).await;
    scene.script.change(|_| unreachable());
    sleep(Duration::from_mins(6)).await;
    assert_eq!(scene.list.check(&claims(), NOW), Err(TokenError::RevocationsUnknown));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_away_is_not_stormed() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::new(quiet(&now, 10))).await;
    scene.script.change(|_| unreachable());
    sleep(Duration::from_hours(1)).await;
    assert!((240..500).contains(&scene.script.count()), "{}", scene.script.count());
}

#[tokio::test(start_paused = true)]
async fn s17_an_issuer_that_goes_back_is_asked_for_all_and_not_believed() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::new(quiet(&now, 10))).await;
    scene.script.change(move |_| Ok(feed(now(), 9, &json!({}))));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(scene.error().as_deref(), Some("the revocations go back from position 10 to 9"));
    let asked = scene.script.asked();
    assert_eq!(asked.last().and_then(|(_, get)| header(get, "if-none-match")), None);
    sleep(Duration::from_mins(5)).await;
    assert_eq!(scene.check(), Err(TokenError::RevocationsUnknown));
}

#[tokio::test(start_paused = true)]
async fn a_delta_with_a_gap_has_a_complete_document_fetched() {
    let now: Clock = Arc::new(clock());
    let scene = follow(Script::new(quiet(&now, 10))).await;
    scene.script.change(move |get| match header(get, "if-none-match") {
        Some(_) => Ok(feed(now(), 13, &json!({"since": 12}))),
        None => Ok(feed(now(), 13, &revoked())),
    });
    sleep(Duration::from_secs(30)).await;
    assert_eq!(scene.check(), Err(TokenError::Revoked));
}

#[tokio::test(start_paused = true)]
async fn nonsense_changes_nothing() {
    let old = feed(NOW - 61, 11, &revoked());
    for nonsense in [
        answer(200, &[], "<html></html>"),
        answer(200, &[], vec![0xff, 0xfe]),
        answer(200, &[], ""),
        answer(304, &[], ""),
        answer(500, &[], feed(NOW, 11, &revoked()).body),
        answer(302, &[("location", "https://evil.example/")], ""),
        answer(200, &[("content-encoding", "gzip")], feed(NOW, 11, &revoked()).body),
        old,
    ] {
        let now: Clock = Arc::new(clock());
        let scene = follow(Script::new(quiet(&now, 10))).await;
        scene.script.change(move |_| Ok(nonsense.clone()));
        sleep(Duration::from_secs(100)).await;
        assert_eq!(scene.check(), Ok(()));
        assert!(scene.error().is_some());
    }
}
