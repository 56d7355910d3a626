mod authenticator;
mod means;

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::hmac;
use axum::response::Response;
use http::StatusCode;
use http::header::{LOCATION, SET_COOKIE};
use mintmark_core::clock::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use authenticator::{Authenticator, options};

use crate::dashboard::fixture::{Dashboard, text};
use crate::dashboard::security::token_of;

/// How many forms were sent.
static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The value of a hidden field of a page.
pub(crate) fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("name=\"{name}\" value=\"");
    page.split(start.as_str()).nth(1).unwrap().split('"').next().unwrap()
}

/// The cookie that an answer sets, as the browser sends it back.
pub(crate) fn cookie_of(response: &Response) -> String {
    response.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// The code of RFC 6238 that an authenticator program shows.
pub(crate) fn code(secret: &str, now: i64) -> String {
    let digit = |byte: u8| u128::from(if byte < b'A' { byte - b'2' + 26 } else { byte - b'A' });
    let number = |digits: &[u8]| digits.iter().fold(0, |number, byte| number << 5 | digit(*byte));
    let key: Vec<u8> = secret.as_bytes().chunks(8).flat_map(|part| number(part).to_be_bytes()[11..].to_vec()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let mac = hmac::sign(&key, &u64::try_from(now / 30).unwrap().to_be_bytes());
    let at = usize::from(mac.as_ref()[19] & 15);
    let number = u32::from_be_bytes(mac.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Sets the server up as its first admin would; gives the cookie and the secret for codes.
pub(crate) async fn set_up(dashboard: &Dashboard) -> (String, String) {
    let printed = dashboard.app.management.setup_code().await.unwrap().unwrap();
    let page = text(dashboard.send("/invitation", "", form(&[("token", printed.expose())])).await).await;
    let secret = hidden(&page, "secret").to_owned();
    let answer = [
        ("token", printed.expose()),
        ("handle", hidden(&page, "handle")),
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("code", &code(&secret, dashboard.clock.now().0)),
    ];
    let response = dashboard.send("/invitation/accept", "", form(&answer)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    (cookie_of(&response), secret)
}

/// Somebody at their browser.
pub(in crate::dashboard) struct Person {
    pub(in crate::dashboard) cookie: String,
    /// What their codes are made of.
    pub(in crate::dashboard) secret: String,
}

impl Person {
    /// The first admin.
    pub(in crate::dashboard) async fn set_up(dashboard: &Dashboard) -> Self {
        let (cookie, secret) = set_up(dashboard).await;
        Self { cookie, secret }
    }

    /// Sends a form of a page, with the token of the session, and keeps the cookie that the answer sets.
    pub(in crate::dashboard) async fn post(&mut self, dashboard: &Dashboard, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = token_of(self.cookie.split_once('=').unwrap().1);
        // Each form that is sent is another one, unless a test says which.
        let once = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let own = [("csrf", token.as_str()), ("once", once.as_str())];
        let is_told = fields.iter().any(|(name, _)| *name == "once");
        let body = form(&[if is_told { &own[..1] } else { &own }, fields].concat());
        let response = dashboard.send(path, &self.cookie, body).await;
        if response.headers().contains_key(SET_COOKIE) {
            self.cookie = cookie_of(&response);
        }
        response
    }

    /// Fills in the page that asks who one is, with all that it holds, and sends it.
    pub(in crate::dashboard) async fn confirm(&mut self, dashboard: &Dashboard, asked: Response) -> Response {
        let page = text(asked).await;
        let form = page.split("<form").nth(1).unwrap();
        let target = attributes(form, "action")[0].to_owned();
        let inputs = form.split("<input type=\"hidden\"").skip(1).map(|input| input.split('>').next().unwrap());
        let kept = inputs.map(|input| (attributes(input, "name")[0].to_owned(), attributes(input, "value")[0].to_owned()));
        let kept: Vec<(String, String)> = kept.filter(|(name, _)| name != "csrf").collect();
        let mut fields: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // A code works once.
        dashboard.clock.advance(60);
        let code = code(&self.secret, dashboard.clock.now().0);
        fields.extend([("step_up_password", PASSWORD), ("step_up_code", &code)]);
        self.post(dashboard, &target, &fields).await
    }

    /// Opens a page that asks first who one is.
    pub(in crate::dashboard) async fn open(&mut self, dashboard: &Dashboard, path: &str) {
        let get = http::Request::get(path).header("cookie", &self.cookie).body("".into()).unwrap();
        let asked = dashboard.answer(get).await;
        assert_eq!(asked.status(), StatusCode::FORBIDDEN, "{path}");
        let back = self.confirm(dashboard, asked).await;
        assert_eq!(back.headers()[LOCATION], path);
    }

    /// Signs in at another browser; gives its cookie.
    pub(in crate::dashboard) async fn sign_in(&self, dashboard: &Dashboard, password: &str) -> String {
        dashboard.clock.advance(60);
        let code = code(&self.secret, dashboard.clock.now().0);
        let attempt = form(&[("email", "ada@example.com"), ("password", password), ("code", &code)]);
        let started = dashboard.send("/sign-in", "", attempt).await;
        assert_eq!(started.status(), StatusCode::SEE_OTHER);
        cookie_of(&started)
    }
}

#[tokio::test]
async fn the_first_admin_sets_up_signs_out_and_in_again() {
    let dashboard = Dashboard::new(false).await;
    let (cookie, secret) = set_up(&dashboard).await;
    assert!(cookie.starts_with("__Host-mintmark="), "{cookie}");
    let account = dashboard.page("/account", &cookie).await;
    assert!(account.contains("ada@example.com") && account.contains("Test/1"), "{account}");

    let token = token_of(cookie.split_once('=').unwrap().1);
    let out = dashboard.send("/sign-out", &cookie, form(&[("csrf", &token)])).await;
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    let after = dashboard.answer(http::Request::get("/account").header("cookie", &cookie).body("".into()).unwrap()).await;
    assert_eq!(after.headers()[LOCATION], "/sign-in", "what was copied before is worthless after");

    dashboard.clock.advance(60);
    let code = code(&secret, dashboard.clock.now().0);
    let attempt = form(&[("email", "ada@example.com"), ("password", PASSWORD), ("code", &code)]);
    let back = dashboard.send("/sign-in", "", attempt.clone()).await;
    assert_eq!(back.status(), StatusCode::SEE_OTHER);
    assert_ne!(cookie_of(&back), cookie, "s24: every sign-in has a token of its own");
    let again = dashboard.send("/sign-in", "", attempt).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN, "a code works once");
}

#[tokio::test]
async fn s24_whatever_is_wrong_with_a_sign_in_the_page_is_the_same() {
    let dashboard = Dashboard::new(false).await;
    let (_, secret) = set_up(&dashboard).await;
    dashboard.clock.advance(60);
    let code = code(&secret, dashboard.clock.now().0);
    let mut pages = Vec::new();
    for (email, password, code) in [
        ("ada@example.com", "wrong", code.as_str()),
        ("ada@example.com", PASSWORD, "000000"),
        ("eve@example.com", PASSWORD, &code),
        ("not an address", "", ""),
    ] {
        let response = dashboard.send("/sign-in", "", form(&[("email", email), ("password", password), ("code", code)])).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{email}");
        let page = text(response).await;
        assert!(!page.contains(PASSWORD), "a password is never sent back");
        // The challenge for passkeys is another each time.
        let (before, rest) = page.split_once("<div class=\"passkey").unwrap();
        let after = rest.split_once("</div>").unwrap().1;
        pages.push(format!("{before}{after}").replace(email, ""));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
}

#[tokio::test]
async fn s24_a_set_up_code_works_once_and_looking_uses_nothing_up() {
    let dashboard = Dashboard::new(false).await;
    let printed = dashboard.app.management.setup_code().await.unwrap().unwrap();
    for _ in 0..2 {
        let look = dashboard.send("/invitation", "", form(&[("token", printed.expose())])).await;
        assert_eq!(look.status(), StatusCode::OK);
    }
    let wrong = dashboard.send("/invitation", "", form(&[("token", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A")])).await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    set_up(&dashboard).await;
    let over = dashboard.send("/invitation", "", form(&[("token", printed.expose())])).await;
    assert_eq!(over.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_mistake_keeps_what_was_typed_and_the_key_that_was_scanned() {
    let dashboard = Dashboard::new(false).await;
    let printed = dashboard.app.management.setup_code().await.unwrap().unwrap();
    let page = text(dashboard.send("/invitation", "", form(&[("token", printed.expose())])).await).await;
    let (secret, handle) = (hidden(&page, "secret"), hidden(&page, "handle"));
    let mut answer = vec![
        ("token", printed.expose()),
        ("handle", handle),
        ("secret", secret),
        ("uri", "otpauth://totp/x"),
        ("name", "Ada \"<b>\""),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
    ];
    let wrong = dashboard.send("/invitation/accept", "", form(&answer)).await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    let again = text(wrong).await;
    assert_eq!((hidden(&again, "secret"), hidden(&again, "handle")), (secret, handle));
    assert!(again.contains("Ada &#34;&#60;b&#62;&#34;") && !again.contains(PASSWORD), "{again}");
    let code = code(secret, dashboard.clock.now().0);
    answer.push(("code", &code));
    assert_eq!(dashboard.send("/invitation/accept", "", form(&answer)).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn other_sessions_are_listed_and_ended() {
    let dashboard = Dashboard::new(false).await;
    let (first, secret) = set_up(&dashboard).await;
    dashboard.clock.advance(60);
    let code = code(&secret, dashboard.clock.now().0);
    let attempt = form(&[("email", "ada@example.com"), ("password", PASSWORD), ("code", &code)]);
    let second = cookie_of(&dashboard.send("/sign-in", "", attempt).await);
    let account = dashboard.page("/account", &second).await;
    let other = hidden(&account, "session").to_owned();
    let own = token_of(second.split_once('=').unwrap().1);
    let ended = dashboard.send("/account/sessions/end", &second, form(&[("csrf", &own), ("session", &other)])).await;
    assert_eq!(ended.status(), StatusCode::SEE_OTHER);
    let gone = dashboard.answer(http::Request::get("/account").header("cookie", &first).body("".into()).unwrap()).await;
    assert_eq!(gone.headers()[LOCATION], "/sign-in");
    assert!(!dashboard.page("/account", &second).await.contains(&other));
}

/// The values of an attribute, wherever it stands.
pub(in crate::dashboard) fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn every_link_and_form_of_these_pages_leads_to_something_that_is_served() {
    let dashboard = Dashboard::new(false).await;
    let printed = dashboard.app.management.setup_code().await.unwrap().unwrap();
    let mut pages = vec![dashboard.page(&format!("/invitation/{}", printed.expose()), "").await];
    let (cookie, _) = set_up(&dashboard).await;
    for path in ["/sign-in", "/invitation"] {
        pages.push(dashboard.page(path, "").await);
    }
    pages.push(dashboard.page("/account", &cookie).await);
    let missing = dashboard.answer(http::Request::get("/no/such/page/at/all").body("".into()).unwrap()).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    pages.push(text(missing).await);
    let mut seen = 0;
    for page in &pages {
        for link in attributes(page, "href").into_iter().filter(|link| !link.starts_with('#')) {
            let answer = dashboard.answer(http::Request::get(link).header("cookie", &cookie).body("".into()).unwrap()).await;
            let status = answer.status();
            // Some pages ask first who it is.
            let asks = status == StatusCode::FORBIDDEN && text(answer).await.contains("step_up_password");
            assert!(asks || status.is_success() || status.is_redirection(), "{link}: {status}");
            seen += 1;
        }
        for form in attributes(page, "action") {
            // Without a session's token: it is refused for what it lacks, not because nobody is there.
            let status = dashboard.send(form, "", String::new()).await.status();
            assert!(![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status), "{form}: {status}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test]
async fn s24_a_sensitive_page_asks_who_it_is_and_then_gives_the_session_another_token() {
    let dashboard = Dashboard::new(false).await;
    let (cookie, secret) = set_up(&dashboard).await;
    dashboard.clock.advance(60);
    let csrf = token_of(cookie.split_once('=').unwrap().1);
    let code = code(&secret, dashboard.clock.now().0);
    let mut shown = vec![("csrf", csrf.as_str()), ("step_up_action", "access"), ("step_up_back", "/account")];
    shown.push(("step_up_code", &code));
    let wrong = [shown.as_slice(), &[("step_up_password", "wrong horse battery staple")]].concat();
    let refused = dashboard.send("/step-up", &cookie, form(&wrong)).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let page = text(refused).await;
    assert!(page.contains("step_up_password") && !page.contains("wrong horse"), "{page}");
    let right = [shown.as_slice(), &[("step_up_password", PASSWORD)]].concat();
    let confirmed = dashboard.send("/step-up", &cookie, form(&right)).await;
    assert_eq!((confirmed.status(), &confirmed.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/account".parse().unwrap()));
    let renewed = cookie_of(&confirmed);
    assert_ne!(renewed, cookie);
    assert!(dashboard.page("/account", &renewed).await.contains("ada@example.com"));
    let before = dashboard.answer(http::Request::get("/account").header("cookie", &cookie).body("".into()).unwrap()).await;
    assert_eq!(before.headers()[LOCATION], "/sign-in", "a token that was copied before is worthless");
}
