use std::io::Read as _;

use axum::body::Body;
use http::header::COOKIE;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;

use super::*;
use crate::dashboard::access::tests::{Person, attributes, hidden};
use crate::dashboard::fixture::{Dashboard, text};

/// What a browser says of itself that goes from one of our pages to another.
const OURS: [(&str, &str); 2] = [("accept-encoding", "gzip, deflate, br"), ("sec-fetch-site", "same-origin")];

async fn answer(dashboard: &Dashboard, path: &str, (cookie, headers): (&str, &[(&str, &str)])) -> Response {
    let request = Request::get(path).header(COOKIE, cookie);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    dashboard.answer(request.body(Body::empty()).unwrap()).await
}

fn is_compressed(response: &Response) -> bool {
    response.headers().contains_key(CONTENT_ENCODING)
}

async fn unpacked(response: Response) -> (usize, String) {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let mut page = String::new();
    flate2::read::GzDecoder::new(&*body).read_to_string(&mut page).unwrap();
    (body.len(), page)
}

#[tokio::test]
async fn a_page_that_ours_lead_to_is_a_third_as_long() {
    let dashboard = Dashboard::new(false).await;
    let person = Person::set_up(&dashboard).await;
    for site in ["same-origin", "none"] {
        let response = answer(&dashboard, "/account", (&person.cookie, &[OURS[0], ("sec-fetch-site", site)])).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip", "{site}");
        assert_eq!(response.headers()[VARY], "accept-encoding, sec-fetch-site");
        let (length, page) = unpacked(response).await;
        assert!(page.contains("ada@example.com") && length * 3 < page.len(), "{length} of {}", page.len());
    }
}

#[tokio::test]
async fn what_another_site_asked_for_is_not_compressed() {
    let dashboard = Dashboard::new(false).await;
    let person = Person::set_up(&dashboard).await;
    let accepted = OURS[0];
    for headers in [
        &[accepted][..],
        &[accepted, ("sec-fetch-site", "cross-site")],
        &[accepted, ("sec-fetch-site", "same-site")],
        &[OURS[1]],
        &[("accept-encoding", "gzip;q=0"), OURS[1]],
    ] {
        let response = answer(&dashboard, "/account", (&person.cookie, headers)).await;
        assert!(response.status() == StatusCode::OK && !is_compressed(&response), "{headers:?}");
        assert!(text(response).await.contains("ada@example.com"), "{headers:?}");
    }
    let nobodys = answer(&dashboard, "/sign-in", ("", &OURS)).await;
    assert!(nobodys.status() == StatusCode::OK && !is_compressed(&nobodys));
}

#[tokio::test]
async fn a_page_that_shows_a_secret_is_not_compressed() {
    let dashboard = Dashboard::new(false).await;
    let mut person = Person::set_up(&dashboard).await;
    person.open(&dashboard, "/account/authenticator").await;
    let response = answer(&dashboard, "/account/authenticator", (&person.cookie, &OURS)).await;
    assert!(response.status() == StatusCode::OK && !is_compressed(&response), "the secret of codes");
    let invited = dashboard.app.management.setup_code().await.unwrap();
    assert!(invited.is_none(), "there is a member");
    let shown = |status| (Response::builder().status(status).body(Body::empty()).unwrap(), Method::POST);
    let (done, post) = shown(StatusCode::OK);
    assert!(may_show_a_secret(&post, &done), "a form that was done");
    let (again, post) = shown(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!may_show_a_secret(&post, &again), "a form that comes back");
}

#[tokio::test]
async fn no_token_stands_in_two_answers() {
    let dashboard = Dashboard::new(false).await;
    let person = Person::set_up(&dashboard).await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let page = dashboard.page("/account", &person.cookie).await;
        let token = hidden(&page, "csrf").to_owned();
        assert!(attributes(&page, "value").iter().filter(|value| **value == token).count() > 1, "one for all forms of a page");
        tokens.push(token);
    }
    let shared = |at: usize| tokens[0][..at] == tokens[1][..at] || tokens[0][86 - at..] == tokens[1][86 - at..];
    assert!(tokens[0].len() == 86 && !shared(4), "{tokens:?}");
    for token in tokens {
        let ended = crate::dashboard::access::tests::form(&[("csrf", &token), ("theme", "dark")]);
        assert_eq!(dashboard.send("/theme", &person.cookie, ended).await.status(), StatusCode::SEE_OTHER, "each is good");
    }
}
