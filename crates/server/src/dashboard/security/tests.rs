use axum::body::Body;
use http::Request;
use http::header::{COOKIE, LOCATION, SET_COOKIE};

use super::*;
use crate::dashboard::access::tests::Person;
use crate::dashboard::fixture::{Dashboard, ORIGIN as ORIGIN_HERE, text};

const SESSION: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn answer(development: bool, request: Request<Body>) -> Response {
    Dashboard::new(development).await.answer(request).await
}

fn change(headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let start = Request::post("/theme").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    headers.iter().fold(start, |request, (name, value)| request.header(*name, *value)).body(body.into()).unwrap()
}

async fn status(headers: &[(&str, &str)], body: &str) -> StatusCode {
    answer(false, change(headers, body.to_owned())).await.status()
}

#[tokio::test]
async fn s24_a_change_comes_from_our_own_origin_or_is_not_looked_at() {
    let body = "theme=dark";
    assert_eq!(status(&[("origin", ORIGIN_HERE)], body).await, StatusCode::SEE_OTHER);
    assert_eq!(status(&[("origin", ORIGIN_HERE), ("sec-fetch-site", "same-origin")], body).await, StatusCode::SEE_OTHER);
    assert_eq!(status(&[("sec-fetch-site", "same-origin")], body).await, StatusCode::SEE_OTHER);
    for headers in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://admin.example.com")],
        &[("origin", "https://admin.example.com:8443")],
        &[("origin", "https://admin.example.com.evil.example")],
        &[("origin", ORIGIN_HERE), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
    ] {
        assert_eq!(status(headers, body).await, StatusCode::FORBIDDEN, "{headers:?}");
    }
}

#[tokio::test]
async fn s24_who_has_a_session_shows_its_own_token() {
    let cookie = format!("__Host-mintmark={SESSION}");
    let headers = [("origin", ORIGIN_HERE), ("cookie", cookie.as_str())];
    let own = token_of(SESSION);
    assert_eq!(status(&headers, &format!("theme=dark&csrf={own}")).await, StatusCode::SEE_OTHER);
    let others = token_of("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
    for body in ["theme=dark", "csrf=", &format!("csrf={others}"), &format!("csrf={own}&csrf={own}"), &format!("csrf={own}A")] {
        assert_eq!(status(&headers, body).await, StatusCode::FORBIDDEN, "{body}");
    }
    assert!(!own.contains(SESSION));
}

#[tokio::test]
async fn only_forms_within_the_limit_are_read() {
    let own = [("origin", ORIGIN_HERE)];
    assert_eq!(status(&own, &"a".repeat(BODY_MAX)).await, StatusCode::SEE_OTHER);
    assert_eq!(status(&own, &"a".repeat(BODY_MAX + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
    let json = Request::post("/theme").header(ORIGIN, ORIGIN_HERE).header(CONTENT_TYPE, "application/json");
    assert_eq!(answer(false, json.body(Body::from("{}")).unwrap()).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(status(&own, "a=%ff").await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn s24_long_forms_are_read_from_members_alone_whatever_a_cookie_says() {
    let dashboard = Dashboard::new(false).await;
    let member = Person::set_up(&dashboard).await;
    let sent = async |cookie: &str, length: usize, is_told: bool| {
        let form = format!("csrf={}&b=", token_of(cookie.split_once('=').unwrap().1));
        let text = form.clone() + &"a".repeat(length - form.len());
        let body = if is_told {
            Body::from(text)
        } else {
            // As it comes where a client does not say how long it is.
            Body::from_stream(futures_util::stream::iter([Ok::<_, std::convert::Infallible>(text)]))
        };
        dashboard.answer(change(&[("origin", ORIGIN_HERE), ("cookie", cookie)], body)).await.status()
    };
    let planted = format!("__Host-mintmark={SESSION}");
    for is_told in [true, false] {
        assert_eq!(sent(&member.cookie, SIGNED_IN_BODY_MAX, is_told).await, StatusCode::SEE_OTHER, "{is_told}");
        assert_eq!(sent(&member.cookie, SIGNED_IN_BODY_MAX + 1, is_told).await, StatusCode::PAYLOAD_TOO_LARGE, "{is_told}");
        assert_eq!(sent(&planted, BODY_MAX + 1, is_told).await, StatusCode::FORBIDDEN, "{is_told}");
    }
    assert_eq!(sent(&planted, BODY_MAX, true).await, StatusCode::SEE_OTHER, "a theme needs nobody");
}

#[tokio::test]
async fn every_answer_tells_browsers_what_we_never_do() {
    for path in ["/_kit", "/nowhere", crate::dashboard::assets::path("style"), "/assets/none.css"] {
        let response = answer(true, Request::get(path).body(Body::empty()).unwrap()).await;
        for (name, value) in HEADERS {
            assert_eq!(response.headers()[&name], value, "{path}");
        }
        let caching = response.headers()[CACHE_CONTROL].to_str().unwrap();
        let kept = path.starts_with("/assets/style-");
        assert_eq!(caching.contains("immutable"), kept, "{path}: {caching}");
        assert_eq!(caching == "no-store", !kept, "{path}: {caching}");
    }
    assert!(!CONTENT_POLICY.contains("unsafe"));
}

#[tokio::test]
async fn the_kit_is_there_in_development_only() {
    for development in [true, false] {
        for path in ["/_kit", "/_kit/clients"] {
            let response = answer(development, Request::get(path).body(Body::empty()).unwrap()).await;
            let is_there = response.status() == StatusCode::OK;
            // Without the kit its name is as any environment's: there are none of it, once somebody is signed in.
            assert!(is_there == development && !response.status().is_server_error(), "{path}: {}", response.status());
        }
    }
}

#[tokio::test]
async fn a_chosen_theme_is_kept_and_leads_nowhere_else() {
    let own = [("origin", ORIGIN_HERE)];
    let response = answer(false, change(&own, "theme=dark&back=/sandbox/clients%3Fq%3Da")).await;
    assert_eq!(response.headers()[LOCATION], "/sandbox/clients?q=a");
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("mintmark_theme=dark;") && cookie.ends_with("; Secure"), "{cookie}");
    let response = answer(false, change(&own, "theme=%22%3E&back=//evil.example")).await;
    assert_eq!(response.headers()[LOCATION], "/");
    assert!(response.headers()[SET_COOKIE].to_str().unwrap().starts_with("mintmark_theme=system;"));
    let page = Request::get("/_kit").header(COOKIE, "mintmark_theme=dark").body(Body::empty()).unwrap();
    let page = answer(true, page).await;
    assert!(text(page).await.contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn browsers_are_told_to_come_by_tls_alone() {
    let response = answer(false, Request::get("/sign-in").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[STRICT_TRANSPORT_SECURITY], "max-age=31536000");
}

#[tokio::test]
async fn a_form_that_breaks_off_changes_nothing() {
    let parts = [Ok("theme=dark"), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures_util::stream::iter(parts));
    let response = answer(false, change(&[("origin", ORIGIN_HERE)], body)).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(response.headers()[CONNECTION], "close");
    assert!(!response.headers().contains_key(SET_COOKIE));
}
