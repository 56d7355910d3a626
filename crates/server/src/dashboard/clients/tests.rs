use axum::response::Response;
use http::StatusCode;
use http::header::SET_COOKIE;
use mintmark_core::clock::Clock;
use mintmark_core::model::{ScopeDefinition, TenantId};
use mintmark_core::registry::{NewEnvironment, NewResource};
use mintmark_verify::Algorithm;

use crate::dashboard::access::tests::{PASSWORD, code, cookie_of, form, hidden, set_up};
use crate::dashboard::fixture::{Dashboard, text};
use crate::dashboard::security::token_of;

/// A dashboard with one environment, one tenant, and an admin who is signed in.
pub(crate) struct Office {
    pub(crate) dashboard: Dashboard,
    pub(crate) cookie: String,
    codes: String,
    pub(crate) tenant: TenantId,
}

impl Office {
    pub(crate) async fn open() -> Self {
        let dashboard = Dashboard::new(false).await;
        let registry = &dashboard.app.management.registry;
        for name in ["sandbox", "production"] {
            let issuer = format!("https://{name}.auth.example.com");
            let new = NewEnvironment { name: name.parse().unwrap(), issuer, algorithm: Algorithm::Es256, lifetime_max: 3600 };
            registry.create_environment(new, Vec::new()).await.unwrap();
        }
        let tenant = registry.create_tenant("Acme").await.unwrap().id;
        let (cookie, codes) = set_up(&dashboard).await;
        Self { dashboard, cookie, codes, tenant }
    }

    pub(crate) async fn page(&self, path: &str) -> String {
        self.dashboard.page(path, &self.cookie).await
    }

    /// Sends a form as the browser would, and keeps the cookie that comes back.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = token_of(self.cookie.split_once('=').unwrap().1);
        let fields: Vec<_> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        let response = self.dashboard.send(path, &self.cookie, form(&fields)).await;
        if response.headers().contains_key(SET_COOKIE) {
            self.cookie = cookie_of(&response);
        }
        response
    }

    /// The fields that show who sends a form. Each has the code of another half minute.
    pub(crate) fn step_up(&self) -> [(&'static str, String); 3] {
        self.dashboard.clock.advance(31);
        let code = code(&self.codes, self.dashboard.clock.now().0);
        [("step_up_action", "credentials".to_owned()), ("step_up_password", PASSWORD.to_owned()), ("step_up_code", code)]
    }

    /// Sends a form that shows who sends it.
    pub(crate) async fn send_stepped_up(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let shown = self.step_up();
        let shown = shown.iter().map(|(name, value)| (*name, value.as_str()));
        let all: Vec<_> = fields.iter().copied().chain(shown).collect();
        self.send(path, &all).await
    }

    /// Makes a client by the pages; gives its identifier and its secret.
    pub(crate) async fn client(&mut self, name: &str) -> (String, String) {
        let tenant = self.tenant.to_string();
        let once = format!("once-{name}");
        let answers = [("step", "create"), ("once", once.as_str()), ("name", name), ("tenant", tenant.as_str())];
        let answers = answers.into_iter().chain([("method", "secret"), ("dialect", "standard"), ("expires_in_days", "90")]);
        let made = self.send_stepped_up("/sandbox/clients/new", &answers.collect::<Vec<_>>()).await;
        assert_eq!(made.status(), StatusCode::OK);
        let page = text(made).await;
        (
            between(&page, "<code id=\"client-id\">", "</code>").to_owned(),
            between(&page, "data-select>", "</textarea>").to_owned(),
        )
    }
}

/// What stands between two texts of a page.
pub(crate) fn between<'p>(page: &'p str, start: &str, end: &str) -> &'p str {
    page.split(start).nth(1).unwrap_or_else(|| panic!("{start} is not in {page}")).split(end).next().unwrap()
}

#[tokio::test]
async fn a_client_is_made_in_three_screens_and_its_secret_is_shown_once() {
    let mut office = Office::open().await;
    let tenant = office.tenant.to_string();
    assert!(office.page("/sandbox/clients").await.contains("No clients yet"));
    let blank = office.page("/sandbox/clients/new").await;
    assert!(blank.contains("Acme") && blank.contains("name=\"public_key\""), "{blank}");

    let answers = [("name", "billing"), ("tenant", tenant.as_str()), ("method", "secret"), ("dialect", "standard")];
    let answers: Vec<_> = answers.into_iter().chain([("expires_in_days", "90")]).collect();
    let sent: Vec<_> = answers.iter().copied().chain([("step", "review")]).collect();
    let review = text(office.send("/sandbox/clients/new", &sent).await).await;
    assert!(review.contains("its secret expires 2027-04-15") && review.contains("<strong>Acme</strong>"), "{review}");
    let once = hidden(&review, "once").to_owned();

    let create: Vec<_> = answers.iter().copied().chain([("step", "create"), ("once", once.as_str())]).collect();
    let asked = office.send("/sandbox/clients/new", &create).await;
    assert_eq!(asked.status(), StatusCode::FORBIDDEN, "s24: nobody showed who they are");
    let made = office.send_stepped_up("/sandbox/clients/new", &create).await;
    assert_eq!((made.status(), made.headers()["cache-control"].to_str().unwrap()), (StatusCode::OK, "no-store"));
    let page = text(made).await;
    let secret = between(&page, "data-select>", "</textarea>").to_owned();
    assert!(secret.starts_with("mms_sandbox_") && page.contains("https://sandbox.auth.example.com/"), "{page}");

    let again = text(office.send("/sandbox/clients/new", &create).await).await;
    assert!(!again.contains(&secret) && again.contains("The secret was shown once"), "a reload shows it no more: {again}");
    let list = office.page("/sandbox/clients").await;
    assert_eq!(list.matches("class=\"row-link\"").count(), 1, "and makes no second client");
    let id = between(&page, "<code id=\"client-id\">", "</code>");
    for path in [format!("/sandbox/clients/{id}"), format!("/sandbox/clients/{id}/credentials")] {
        assert!(!office.page(&path).await.contains(&secret));
    }
}

/// What a form answers that is sent by a browser which took none of the answers so far.
async fn press(office: &Office, path: &str, fields: &[(&str, &str)]) -> Response {
    let token = token_of(office.cookie.split_once('=').unwrap().1);
    let fields: Vec<_> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
    office.dashboard.send(path, &office.cookie, form(&fields)).await
}

/// The fields of the page that sums a client up, with password and code.
async fn review(office: &mut Office) -> Vec<(String, String)> {
    let tenant = office.tenant.to_string();
    let answers = [("step", "review"), ("name", "billing"), ("tenant", tenant.as_str()), ("method", "secret")];
    let answers: Vec<_> = answers.into_iter().chain([("dialect", "standard"), ("expires_in_days", "90")]).collect();
    let page = text(office.send("/sandbox/clients/new", &answers).await).await;
    let tokens = ["once", "step_up_nonce"].map(|name| (name, hidden(&page, name).to_owned()));
    let answers = answers.into_iter().skip(1).map(|(name, value)| (name, value.to_owned()));
    let create = [("step", "create".to_owned())].into_iter().chain(answers).chain(tokens).chain(office.step_up());
    create.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn is_the_secret_in(page: &str) -> bool {
    page.contains("mms_sandbox_")
}

#[tokio::test]
async fn a_button_that_is_pressed_twice_makes_one_client_and_keeps_its_maker_signed_in() {
    let mut office = Office::open().await;
    let create = review(&mut office).await;
    let create: Vec<_> = create.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // The browser drops the first answer, and with it the session's other token.
    let first = press(&office, "/sandbox/clients/new", &create).await;
    assert!(is_the_secret_in(&text(first).await));
    let second = press(&office, "/sandbox/clients/new", &create).await;
    assert_eq!(second.status(), StatusCode::OK);
    let renewed = cookie_of(&second);
    let page = text(second).await;
    assert!(!is_the_secret_in(&page) && page.contains("pressed twice") && page.contains("to rotate it"), "{page}");
    assert_ne!(renewed, office.cookie);
    let before = office.cookie.clone();
    office.cookie = renewed;
    let list = office.page("/sandbox/clients").await;
    assert_eq!(list.matches("class=\"row-link\"").count(), 1);
    let rotate = between(&page, "class=\"button plain\" href=\"", "\"").to_owned();
    assert!(office.page(&rotate).await.contains("/rotation\""), "{rotate}");

    office.cookie = before;
    office.dashboard.clock.advance(60);
    let late = press(&office, "/sandbox/clients/new", &create).await;
    assert_eq!(late.headers()["location"], "/sign-in", "s24: the token from before is worth nothing");
}

#[tokio::test]
async fn s24_who_copied_the_token_from_before_gains_nothing_without_the_form() {
    let mut office = Office::open().await;
    let create = review(&mut office).await;
    let create: Vec<_> = create.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(press(&office, "/sandbox/clients/new", &create).await.status(), StatusCode::OK);
    for nonce in [None, Some(""), Some("AAAAAAAAAAAAAAAAAAAAAA")] {
        let others = create.iter().copied().filter(|(name, _)| *name != "step_up_nonce");
        let forged: Vec<_> = others.chain(nonce.map(|nonce| ("step_up_nonce", nonce))).collect();
        let answer = press(&office, "/sandbox/clients/new", &forged).await;
        assert_eq!(answer.headers()["location"], "/sign-in", "{nonce:?}");
    }
}

#[tokio::test]
async fn of_two_presses_at_once_one_shows_the_secret_and_the_other_waits_for_it() {
    let mut office = Office::open().await;
    let create = review(&mut office).await;
    let create: Vec<_> = create.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let press = async || {
        let answer = press(&office, "/sandbox/clients/new", &create).await;
        assert_eq!(answer.status(), StatusCode::OK);
        (cookie_of(&answer), text(answer).await)
    };
    let ((one, first), (other, second)) = tokio::join!(press(), press());
    assert_eq!(one, other, "they are one session");
    assert!(is_the_secret_in(&first) != is_the_secret_in(&second), "{first}{second}");
}

#[tokio::test]
async fn a_form_with_a_mistake_comes_back_filled_in_and_makes_nothing() {
    let mut office = Office::open().await;
    let tenant = office.tenant.to_string();
    let usual = [("tenant", tenant.as_str()), ("dialect", "standard"), ("expires_in_days", "90"), ("step", "review")];
    for (wrong, told) in [
        (vec![("name", ""), ("method", "secret")], "Give it a name."),
        (vec![("name", "kept"), ("method", "key_pair"), ("public_key", "nonsense")], "Paste one public key"),
        (vec![("name", "kept"), ("method", "certificate")], "Say which certificate"),
        (vec![("name", "kept"), ("method", "secret"), ("business", "x")], "not all IDs of businesses"),
        (vec![("name", "kept"), ("method", "secret"), ("scope", "x")], "not a scope of an API"),
    ] {
        let sent: Vec<_> = wrong.into_iter().chain(usual).collect();
        let answer = office.send("/sandbox/clients/new", &sent).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        let page = text(answer).await;
        assert!(page.contains(told) && page.contains("Nothing was made yet"), "{told}: {page}");
        assert!(told == "Give it a name." || page.contains("value=\"kept\""), "{page}");
    }
    assert!(office.page("/sandbox/clients").await.contains("No clients yet"));
}

#[tokio::test]
async fn the_list_finds_the_beginning_of_a_name_and_a_whole_identifier() {
    let mut office = Office::open().await;
    let (id, _) = office.client("Billing worker").await;
    office.client("billing export").await;
    office.client("ledger").await;
    let rows = |page: &str| page.matches("class=\"row-link\"").count();
    let page = office.page("/sandbox/clients?q=BILL").await;
    assert_eq!(rows(&page), 2, "{page}");
    let export = page.find("billing export").unwrap();
    assert!(export < page.find("Billing worker").unwrap(), "by name");
    let page = office.page(&format!("/sandbox/clients?q={id}")).await;
    assert!(rows(&page) == 1 && page.contains("Billing worker"), "{page}");
    assert!(page.contains("in 89 days") && page.contains("Acme") && page.contains("Secret"), "{page}");
    assert_eq!(rows(&office.page("/sandbox/clients?q=worker").await), 0, "not what stands in the middle");
    assert_eq!(rows(&office.page("/sandbox/clients?status=disabled").await), 0);
    assert_eq!(rows(&office.page("/production/clients").await), 0);
}

/// The address of a client's one credential that is active, from the list.
fn credential_of(page: &str) -> String {
    let start = "class=\"row-link with-icon\" href=\"";
    between(page, start, "\"").to_owned()
}

#[tokio::test]
async fn a_secret_is_rotated_extended_and_retired_on_its_page() {
    let mut office = Office::open().await;
    let (id, first) = office.client("billing").await;
    let base = format!("/sandbox/clients/{id}");
    let old = credential_of(&office.page(&format!("{base}/credentials")).await);
    let page = office.page(&old).await;
    let once = hidden(&page, "once").to_owned();

    let started = office.send(&format!("{old}/rotation"), &[("once", &once), ("grace", "1h")]).await;
    assert_eq!(started.status(), StatusCode::OK);
    let shown = text(started).await;
    let second = between(&shown, "data-select>", "</textarea>").to_owned();
    assert!(second.starts_with("mms_sandbox_") && second != first);
    let again = text(office.send(&format!("{old}/rotation"), &[("once", &once), ("grace", "1h")]).await).await;
    assert!(!again.contains(&second) && again.contains("The secret was shown once"), "a reload shows it no more");

    for path in [base.clone(), format!("{base}/credentials")] {
        assert!(office.page(&path).await.contains("A secret is being rotated"), "{path}");
    }
    let page = office.page(&old).await;
    assert!(page.contains("Not safe to retire yet") && page.contains("in 1 h"), "{page}");
    let longer = office.send(&format!("{old}/rotation/extend"), &[("grace", "7d")]).await;
    assert_eq!(longer.status(), StatusCode::SEE_OTHER);
    assert!(office.page(&old).await.contains("in 7 days"));
    let shorter = office.send(&format!("{old}/rotation/extend"), &[("grace", "1h")]).await;
    assert_eq!(shorter.status(), StatusCode::UNPROCESSABLE_ENTITY, "a rule says why");
    let done = office.send(&format!("{old}/rotation/complete"), &[]).await;
    assert_eq!(done.headers()["location"], format!("{old}?done=rotation-completed"));
    let page = office.page(&old).await;
    assert!(page.contains("Expired") && !page.contains("/rotation\""), "{page}");
}

#[tokio::test]
async fn limits_and_expiry_are_set_and_a_lost_update_is_told() {
    let mut office = Office::open().await;
    let (id, _) = office.client("billing").await;
    let credential = credential_of(&office.page(&format!("/sandbox/clients/{id}/credentials")).await);
    let page = office.page(&credential).await;
    let version = hidden(&page, "version").to_owned();
    let limits = format!("{credential}/limits");
    let wrong = office.send(&limits, &[("version", &version), ("networks", "nonsense"), ("not_before", "")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(wrong).await;
    assert!(page.contains("nonsense</textarea>") && page.contains("field-networks-error"), "{page}");
    let form =
        [("version", version.as_str()), ("networks", "192.0.2.0/24 2001:db8::/32"), ("not_before", "2027-02-01T00:00:00Z")];
    assert_eq!(office.send(&limits, &form).await.status(), StatusCode::SEE_OTHER);
    let page = office.page(&credential).await;
    assert!(page.contains("limited: 2 networks, from 2027-02-01"), "{page}");
    let late = text(office.send(&limits, &[("version", &version), ("networks", "")]).await).await;
    assert!(late.contains("Somebody else changed it"), "{late}");

    let version = hidden(&office.page(&credential).await, "version").to_owned();
    let expiry = [("version", version.as_str()), ("expires_in_days", "730")];
    assert_eq!(office.send(&format!("{credential}/expiry"), &expiry).await.status(), StatusCode::SEE_OTHER);
    assert!(office.page(&credential).await.contains("in 730 days"));
}

#[tokio::test]
async fn a_client_is_changed_and_turned_off_with_its_name_typed() {
    let mut office = Office::open().await;
    let (id, _) = office.client("billing").await;
    let settings = format!("/sandbox/clients/{id}/settings");
    let version = hidden(&office.page(&settings).await, "version").to_owned();
    let usual = [("dialect", "standard"), ("token_binding", "dpop"), ("lifetime_max", "300")];
    let form: Vec<_> = [("version", version.as_str()), ("name", "invoices")].into_iter().chain(usual).collect();
    assert_eq!(office.send(&settings, &form).await.headers()["location"], format!("{settings}?done=client-saved"));
    let page = office.page(&settings).await;
    assert!(page.contains("value=\"invoices\"") && page.contains("value=\"300\""), "{page}");
    let late = office
        .send(&settings, &[("version", version.as_str()), ("name", "mine"), ("dialect", "standard"), ("lifetime_max", "300")])
        .await;
    let page = text(late).await;
    assert!(page.contains("Somebody else changed it") && page.contains("value=\"invoices\""), "{page}");

    let disable = format!("/sandbox/clients/{id}/disable");
    let unconfirmed = office.send(&disable, &[("confirmation", "billing")]).await;
    assert_eq!(unconfirmed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(office.send(&disable, &[("confirmation", "invoices")]).await.status(), StatusCode::SEE_OTHER);
    assert!(office.page(&format!("/sandbox/clients/{id}")).await.contains("Disabled"));
    assert_eq!(office.send(&format!("/sandbox/clients/{id}/enable"), &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(office.send(&format!("/sandbox/clients/{id}/revoke"), &[]).await.status(), StatusCode::SEE_OTHER);
    office.dashboard.clock.advance(700);
    let asked = office.send(&disable, &[("confirmation", "invoices")]).await;
    assert_eq!(asked.status(), StatusCode::FORBIDDEN, "s24: the step up is over");
}

const LEDGER: &str = "https://ledger.example";

/// An API with two scopes.
async fn ledger(office: &Office) {
    let scopes = ["read", "write"].map(|name| ScopeDefinition { name: name.parse().unwrap(), description: String::new() });
    let (environment, uri, name) = ("sandbox".parse().unwrap(), LEDGER.parse().unwrap(), "Ledger".to_owned());
    let new = NewResource { environment, uri, name, scopes: scopes.into(), algorithm: None, token_format: None };
    office.dashboard.app.management.registry.create_resource(new).await.unwrap();
}

#[tokio::test]
async fn s24_who_widens_a_client_shows_who_they_are_and_who_narrows_it_need_not() {
    let mut office = Office::open().await;
    ledger(&office).await;
    let (id, _) = office.client("billing").await;
    let settings = format!("/sandbox/clients/{id}/settings");
    let (read, write) = (format!("{LEDGER} read"), format!("{LEDGER} write"));
    let business = "biz_1111111111111111111111";
    let fields = |version, lifetime, more: &[(&'static str, &str)]| {
        let usual = [("version", version), ("name", "billing"), ("dialect", "standard"), ("lifetime_max", lifetime)];
        let usual = usual.into_iter().chain([("scopes_shown", "yes")]).collect::<Vec<_>>();
        let all: Vec<_> = usual.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect();
        all
    };
    let send = async |office: &mut Office, fields: Vec<(&'static str, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        office.send(&settings, &fields).await.status()
    };
    let version = hidden(&office.page(&settings).await, "version").to_owned();
    let bound = ("token_binding", "dpop");
    let both = fields(&version, "300", &[bound, ("scope", &read), ("scope", &write)]);
    assert_eq!(send(&mut office, both).await, StatusCode::SEE_OTHER, "who they are was shown for the client");

    office.dashboard.clock.advance(601);
    let version = hidden(&office.page(&settings).await, "version").to_owned();
    let ones = [bound, ("scope", read.as_str())];
    for (lifetime, more) in [
        ("301", &ones[..]),
        ("300", &[("token_binding", "optional"), ones[1]]),
        ("300", &[bound, ones[1], ("dialect", "asset")]),
        ("300", &[bound, ones[1], ("scope", "https://other.example read")]),
    ] {
        assert_eq!(send(&mut office, fields(&version, lifetime, more)).await, StatusCode::FORBIDDEN, "{more:?}");
    }
    assert_eq!(send(&mut office, fields(&version, "200", &ones)).await, StatusCode::SEE_OTHER, "less of everything");
    let version = hidden(&office.page(&settings).await, "version").to_owned();
    let back = fields(&version, "200", &[bound, ("scope", &read), ("scope", &write)]);
    assert_eq!(send(&mut office, back).await, StatusCode::FORBIDDEN);
    let alone = fields(&version, "200", &[bound, ones[1], ("business", business)]);
    assert_ne!(send(&mut office, alone).await, StatusCode::FORBIDDEN, "one business in place of all");
}

#[tokio::test]
async fn scopes_that_a_form_had_no_room_for_stay() {
    let mut office = Office::open().await;
    ledger(&office).await;
    let (id, _) = office.client("billing").await;
    let settings = format!("/sandbox/clients/{id}/settings");
    let page = office.page(&settings).await;
    let (version, read) = (hidden(&page, "version").to_owned(), format!("{LEDGER} read"));
    let usual = [("name", "billing"), ("dialect", "standard"), ("lifetime_max", "")];
    let given = [&usual[..], &[("version", &version), ("scopes_shown", hidden(&page, "scopes_shown")), ("scope", &read)]];
    assert_eq!(office.send(&settings, &given.concat()).await.status(), StatusCode::SEE_OTHER);
    let version = hidden(&office.page(&settings).await, "version").to_owned();
    let without = [("name", "invoices"), usual[1], usual[2], ("version", version.as_str())];
    assert_eq!(office.send(&settings, &without).await.status(), StatusCode::SEE_OTHER);
    let page = office.page(&settings).await;
    assert!(page.contains("value=\"invoices\"") && page.contains(&format!("value=\"{read}\" checked")), "{page}");
}

#[tokio::test]
async fn a_key_is_added_and_disabled_by_its_name() {
    let mut office = Office::open().await;
    let (id, _) = office.client("billing").await;
    let add = format!("/sandbox/clients/{id}/credentials/new");
    let once = hidden(&office.page(&add).await, "once").to_owned();
    let key =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----";
    let form = [("once", once.as_str()), ("method", "key_pair"), ("public_key", key), ("expires_in_days", "never")];
    let added = office.send(&add, &form).await;
    assert_eq!(added.status(), StatusCode::SEE_OTHER);
    let place = added.headers()["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
    // The client's first credential is a secret; what this form made is none.
    let again = text(office.send(&add, &form).await).await;
    assert!(!again.contains("The secret was shown once") && again.contains("CLIENT_ASSERTION"), "{again}");
    let page = office.page(&place).await;
    assert!(page.contains("Key pair") && page.contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), "{page}");
    let hint = between(&page, "data-must-be=\"", "\"").to_owned();
    assert_eq!(office.send(&format!("{place}/disable"), &[("confirmation", &hint)]).await.status(), StatusCode::SEE_OTHER);
    assert!(office.page(&place).await.contains("Disabled"));
}
