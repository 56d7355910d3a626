//! One's own password, codes and passkeys.

use super::*;

/// The secret of an enrolment page, and the form's fields that go with it.
fn enrolment(page: &str) -> (String, String) {
    (hidden(page, "secret").to_owned(), hidden(page, "handle").to_owned())
}

/// Registers a passkey on the account page.
async fn register(dashboard: &Dashboard, person: &mut Person, device: &mut Authenticator) {
    let new = "/account/passkeys/new";
    person.open(dashboard, new).await;
    let page = dashboard.page(new, &person.cookie).await;
    let answer = device.create(&options(&page));
    let handle = hidden(&page, "passkey_handle").to_owned();
    let done = person.post(dashboard, new, &[("name", "Laptop"), ("passkey_handle", &handle), ("passkey", &answer)]).await;
    assert_eq!(done.headers()[LOCATION], "/account?done=passkey-added");
}

async fn sign_in_by(dashboard: &Dashboard, device: &Authenticator) -> Response {
    let page = dashboard.page("/sign-in", "").await;
    let (handle, answer) = (hidden(&page, "passkey_handle"), device.get(&options(&page)));
    dashboard.send("/sign-in", "", form(&[("passkey_handle", handle), ("passkey", &answer)])).await
}

#[tokio::test]
async fn a_passkey_is_registered_signs_in_confirms_and_is_removed() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let mut device = Authenticator::new();
    register(&dashboard, &mut ada, &mut device).await;
    assert!(dashboard.page("/account", &ada.cookie).await.contains("Laptop"));

    let started = sign_in_by(&dashboard, &device).await;
    assert_eq!(started.status(), StatusCode::SEE_OTHER);
    let mut again = Person { cookie: cookie_of(&started), ..ada };
    let account = dashboard.page("/account", &again.cookie).await;
    let id = hidden(&account, "passkey").to_owned();
    let asked = again.post(&dashboard, "/account/passkeys/remove", &[("passkey", &id)]).await;
    assert_eq!(asked.status(), StatusCode::FORBIDDEN, "s24: a new session has not shown anew who it is");
    let page = text(asked).await;
    assert_eq!(hidden(&page, "passkey"), id, "the form that was sent comes again");
    let answer = device.get(&options(&page));
    let fields = [
        ("passkey", id.as_str()),
        ("step_up_action", "access"),
        ("step_up_handle", hidden(&page, "step_up_handle")),
        ("step_up_passkey", &answer),
    ];
    let removed = again.post(&dashboard, "/account/passkeys/remove", &fields).await;
    assert_eq!(removed.headers()[LOCATION], "/account?done=passkey-removed");
    let refused = sign_in_by(&dashboard, &device).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(text(refused).await.contains("That passkey was not accepted"));
}

#[tokio::test]
async fn s24_what_a_passkey_answered_is_good_once_and_for_its_page_alone() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let mut device = Authenticator::new();
    register(&dashboard, &mut ada, &mut device).await;
    let page = dashboard.page("/sign-in", "").await;
    let (handle, answer) = (hidden(&page, "passkey_handle"), device.get(&options(&page)));
    let other = dashboard.page("/sign-in", "").await;
    let mixed = form(&[("passkey_handle", hidden(&other, "passkey_handle")), ("passkey", &answer)]);
    assert_eq!(dashboard.send("/sign-in", "", mixed).await.status(), StatusCode::FORBIDDEN);
    let right = form(&[("passkey_handle", handle), ("passkey", &answer)]);
    assert_eq!(dashboard.send("/sign-in", "", right.clone()).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(dashboard.send("/sign-in", "", right).await.status(), StatusCode::FORBIDDEN);
    for junk in ["{}", "not JSON", "[]"] {
        let answer = form(&[("passkey_handle", handle), ("passkey", junk)]);
        assert_eq!(dashboard.send("/sign-in", "", answer).await.status(), StatusCode::FORBIDDEN, "{junk}");
    }
}

#[tokio::test]
async fn s24_a_new_password_is_taken_only_after_one_showed_who_one_is_and_goes_into_no_page() {
    const NEW: &str = "a new and longer password";
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let other = ada.sign_in(&dashboard, PASSWORD).await;
    let path = "/account/password";
    let early = ada.post(&dashboard, path, &[("new_password", NEW), ("again", NEW)]).await;
    assert_eq!((early.status(), early.headers()[LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, path));
    ada.open(&dashboard, path).await;
    for (password, again) in [(NEW, "another password"), ("short", "short")] {
        let wrong = ada.post(&dashboard, path, &[("new_password", password), ("again", again)]).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY, "{password}");
        let page = text(wrong).await;
        assert!(page.contains("aria-invalid") && !page.contains(NEW), "{page}");
    }
    let done = ada.post(&dashboard, path, &[("new_password", NEW), ("again", NEW)]).await;
    assert_eq!(done.headers()[LOCATION], "/account?done=password-changed");
    assert!(dashboard.page("/account?done=password-changed", &ada.cookie).await.contains("You have a new password"));
    let gone = dashboard.answer(http::Request::get("/account").header("cookie", &other).body("".into()).unwrap()).await;
    assert_eq!(gone.headers()[LOCATION], "/sign-in", "other sessions are over");
    ada.sign_in(&dashboard, NEW).await;
}

#[tokio::test]
async fn a_new_authenticator_counts_from_its_first_code_on() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let path = "/account/authenticator";
    ada.open(&dashboard, path).await;
    let (secret, handle) = enrolment(&dashboard.page(path, &ada.cookie).await);
    let now = dashboard.clock.now().0;
    let wrong = [("handle", handle.as_str()), ("secret", &secret), ("uri", "otpauth://totp/x"), ("code", "000000")];
    let again = ada.post(&dashboard, path, &wrong).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    assert_eq!(enrolment(&text(again).await), (secret.clone(), handle.clone()), "the key that was scanned stays");
    let done = ada.post(&dashboard, path, &[("handle", &handle), ("code", &code(&secret, now))]).await;
    assert_eq!(done.headers()[LOCATION], "/account?done=authenticator-changed");
    ada.secret = secret;
    ada.sign_in(&dashboard, PASSWORD).await;
}

#[tokio::test]
async fn an_invitation_is_accepted_with_a_passkey_alone() {
    let dashboard = Dashboard::new(false).await;
    Person::set_up(&dashboard).await;
    let new = mintmark_core::registry::NewInvitation {
        email: "bob@example.com".parse().unwrap(),
        role: mintmark_core::management::Role::Auditor,
        tenant_id: None,
    };
    let token = dashboard.app.management.registry.invite(&new, None).await.unwrap().token;
    let page = dashboard.page(&format!("/invitation/{}", token.expose()), "").await;
    let mut device = Authenticator::new();
    let (handle, answer) = (hidden(&page, "passkey_handle"), device.create(&options(&page)));
    let fields = [("token", token.expose()), ("name", "Bob"), ("passkey_handle", handle), ("passkey", &answer)];
    let joined = dashboard.send("/invitation/accept", "", form(&fields)).await;
    assert_eq!(joined.status(), StatusCode::SEE_OTHER);
    let account = dashboard.page("/account", &cookie_of(&joined)).await;
    assert!(account.contains("bob@example.com") && account.contains("First passkey"), "{account}");
    assert_eq!(sign_in_by(&dashboard, &device).await.status(), StatusCode::SEE_OTHER);
}
