use axum::response::Response;
use http::StatusCode;
use http::header::SET_COOKIE;
use mintmark_core::clock::Clock;
use mintmark_core::model::{EnvironmentName, TenantId};
use mintmark_core::registry::NewEnvironment;
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

    pub(crate) fn sandbox() -> EnvironmentName {
        "sandbox".parse().unwrap()
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
