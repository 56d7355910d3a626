use tokio::time::sleep;

use super::*;
use crate::fetch::{
    Answer,
    script::{KEYS_URI, Script, answer, header, jwks, unreachable},
    transport::Fetcher,
};

const HOUR: Duration = Duration::from_hours(1);

fn source(script: &Script) -> Source {
    let fetcher = Fetcher { transport: Arc::new(script.clone()), allows_loopback_http: false };
    Source { fetcher, uri: http::Uri::from_static(KEYS_URI) }
}

async fn follow(script: &Script) -> IssuerKeys {
    let (held, fresh_for) = HeldKeys::fetch(&source(script), 24 * HOUR).await.unwrap();
    let held = Arc::new(held);
    let task = tokio::spawn(Arc::clone(&held).keep_up(source(script), fresh_for));
    IssuerKeys::new(held, vec![task.abort_handle()])
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_again_before_they_are_stale() {
    let script = Script::at_once(|get| match header(get, "if-none-match") {
        None => Ok(jwks(&["1"])),
        Some(_) => Ok(answer(304, &[("cache-control", "max-age=600")], "")),
    });
    let keys = follow(&script).await;
    sleep(HOUR).await;
    let asked = script.asked();
    let waits: Vec<u64> = asked.windows(2).map(|pair| (pair[1].0 - pair[0].0).as_secs()).collect();
    assert!((225..=300).contains(&waits[0]), "{waits:?}");
    assert!(waits[1..].iter().all(|wait| (450..=600).contains(wait)), "{waits:?}");
    assert!(asked[1..].iter().all(|(_, get)| header(get, "if-none-match") == Some("\"1\"")));
    assert!(keys.key("1").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_by_the_next_refresh_and_an_old_one_is_gone() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    script.change(|_| Ok(jwks(&["1", "2"])));
    sleep(Duration::from_secs(301)).await;
    assert!(keys.key("1").is_some() && keys.key("2").is_some());
    script.change(|_| Ok(jwks(&["2"])));
    sleep(Duration::from_secs(301)).await;
    assert!(keys.key("1").is_none() && keys.key("2").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_fetched_for_the_next_token() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    script.change(|_| Ok(jwks(&["1", "2"])));
    sleep(Duration::from_secs(31)).await;
    assert!(keys.key("2").is_none());
    sleep(Duration::from_millis(1)).await;
    assert!(keys.key("2").is_some());
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_unknown_keys_have_the_keys_fetched_at_most_twice() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    sleep(Duration::from_secs(100)).await;
    let before = script.count();
    for number in 0..10_000 {
        assert!(keys.key(&format!("unknown-{number}")).is_none());
        if number % 100 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    sleep(Duration::from_mins(1)).await;
    assert!(script.count() - before <= 2, "{}", script.count() - before);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_has_the_keys_fetched_every_thirty_seconds_at_most() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    for number in 0..3000 {
        assert!(keys.key(&format!("unknown-{number}")).is_none());
        assert!(keys.key("1").is_some());
        sleep(Duration::from_millis(100)).await;
    }
    let asked = script.asked();
    assert!((9..=11).contains(&asked.len()), "{}", asked.len());
    assert!(asked.windows(2).all(|pair| pair[1].0 - pair[0].0 >= Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn keys_outlive_an_outage_of_a_day_and_no_more() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    script.change(|_| unreachable());
    for _ in 0..23 {
        sleep(HOUR).await;
        assert!(keys.key("1").is_some());
    }
    assert!(matches!(keys.held.status(), (1, _, Some(FetchError::Transport(_)))));
    sleep(HOUR + Duration::from_secs(1)).await;
    assert!(keys.key("1").is_none());
    assert_eq!(keys.held.status().0, 0);
    script.change(|_| Ok(jwks(&["1"])));
    sleep(Duration::from_secs(61)).await;
    assert!(keys.key("1").is_some());
    assert!(matches!(keys.held.status(), (1, _, None)));
}

#[tokio::test(start_paused = true)]
async fn keys_from_a_cache_or_a_server_that_is_cut_off_are_as_old_as_it_says() {
    let aged = |age: &'static str| {
        move || {
            let mut jwks = jwks(&["1"]);
            jwks.headers.insert("age", HeaderValue::from_static(age));
            jwks
        }
    };
    let (twenty, centuries) = (aged("72000"), aged("18446744073709551615"));
    let script = Script::at_once(move |_| Ok(twenty()));
    let keys = follow(&script).await;
    script.change(|_| unreachable());
    sleep(4 * HOUR).await;
    assert!(keys.key("1").is_some());
    sleep(Duration::from_secs(1)).await;
    assert!(keys.key("1").is_none(), "a day after the issuer read them");
    script.change(move |_| Ok(centuries()));
    sleep(Duration::from_secs(61)).await;
    assert!(keys.key("1").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_away_is_asked_once_a_minute_or_less() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    script.change(|_| unreachable());
    sleep(HOUR).await;
    let asked = script.asked();
    assert!(asked.len() < 130, "{}", asked.len());
    let last: Vec<u64> = asked.windows(2).rev().take(20).map(|pair| (pair[1].0 - pair[0].0).as_secs()).collect();
    assert!(last.iter().all(|wait| (30..=60).contains(wait)), "{last:?}");
    assert!(keys.key("1").is_some());
}

#[tokio::test(start_paused = true)]
async fn nonsense_takes_no_key_away() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    let nonsense = [
        answer(500, &[], "{}"),
        answer(302, &[("location", "https://evil.example/jwks")], ""),
        answer(200, &[], "<html></html>"),
        answer(200, &[], r#"{"keys":[]}"#),
        answer(200, &[], vec![b' '; 64 * 1024 + 1]),
        answer(200, &[("content-encoding", "gzip")], jwks(&["1"]).body),
        answer(404, &[], ""),
    ];
    for answer in nonsense {
        let text = format!("{answer:?}");
        script.change(move |_| Ok(answer.clone()));
        sleep(HOUR).await;
        assert!(keys.key("1").is_some());
        assert!(keys.held.status().2.is_some(), "{text}");
    }
    assert!(script.asked().iter().all(|(_, get)| get.uri == KEYS_URI));
}

#[tokio::test(start_paused = true)]
async fn the_first_keys_have_to_be_there() {
    let first =
        async |answer: Answer| HeldKeys::fetch(&source(&Script::at_once(move |_| Ok(answer.clone()))), HOUR).await.err();
    assert!(matches!(first(answer(304, &[], "")).await, Some(FetchError::Status(304))));
    assert!(matches!(first(answer(200, &[], "{}")).await, Some(FetchError::KeysMalformed)));
    assert!(first(jwks(&["1"])).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up() {
    let script = Script::new(|_| (24 * HOUR, Ok(answer(200, &[], ""))));
    let fault = HeldKeys::fetch(&source(&script), HOUR).await.err();
    assert!(matches!(fault, Some(FetchError::Timeout)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_for_nobody() {
    let script = Script::at_once(|_| Ok(jwks(&["1"])));
    let keys = follow(&script).await;
    let clone = keys.clone();
    drop(keys);
    sleep(HOUR).await;
    let before = script.count();
    assert!(before > 10);
    drop(clone);
    sleep(HOUR).await;
    assert_eq!(script.count(), before);
}
