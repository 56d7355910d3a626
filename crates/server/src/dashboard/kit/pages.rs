//! Whole pages with sample data: filled, empty, and as they are when something failed.

use axum::response::Response;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::{PasskeyChallenge, Role};

use super::naughty;
use super::samples::{self, DAY};
use crate::dashboard::components::{
    Banner, Button, Chart, Code, Pager, PasskeyButton, ResourceChoice, Scopes, Status, When, thousands,
};
use crate::dashboard::frame::{Flash, Frame, Tone, Visit};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::views::{
    AcceptPage, AccountPage, ClientCredentialsPage, ClientFormPage, ClientHead, ClientListPage, ClientPage, ClientResultPage,
    ClientReviewPage, ClientRow, ClientSettingsPage, ClientTab, CodePage, CredentialPage, CredentialRow, Enrolment, Figure,
    Limits, Method, OverviewPage, PasskeyRow, RefusalRow, RotatedSecret, Rotation, RotationUnderWay, ScopeRow, SessionRow,
    SignInPage, Snippet,
};
use crate::dashboard::{problem, words};

/// The pages by name.
pub(super) const NAMES: [&str; 24] = [
    "overview-sandbox",
    "overview-production",
    "overview-empty",
    "clients",
    "clients-empty",
    "clients-nothing",
    "clients-error",
    "clients-naughty",
    "client-new",
    "client-new-error",
    "client-review",
    "client-result",
    "client-result-gone",
    "client",
    "client-credentials",
    "client-viewer",
    "client-credential",
    "client-settings",
    "sign-in",
    "sign-in-error",
    "invitation-code",
    "set-up",
    "invitation",
    "account",
];

/// What a sample page is made from.
struct Sample {
    now: Timestamp,
    visit: Visit,
}

/// A page of the kit; none if there is none of this name.
pub(super) fn render(name: &str, now: Timestamp, visit: Visit) -> Option<Response> {
    let sample = Sample { now, visit };
    Some(match name {
        "overview-sandbox" => problem::page(&sample.overview("sandbox", true)),
        "overview-production" => problem::page(&sample.overview("production", true)),
        "overview-empty" => problem::page(&sample.overview("sandbox", false)),
        "clients" => problem::page(&sample.clients(sample.rows(), "", None)),
        "clients-empty" => problem::page(&sample.clients(Vec::new(), "", None)),
        "clients-nothing" => problem::page(&sample.clients(Vec::new(), "biling", None)),
        "clients-error" => problem::page(&sample.clients(Vec::new(), "", Some(unreadable()))),
        "clients-naughty" => problem::page(&sample.clients(sample.naughty_rows(), naughty::STRINGS.first()?, None)),
        "client-new" => problem::page(&sample.form("billing-worker", None)),
        "client-new-error" => {
            problem::page(&sample.form("Billing Worker!", Some("Another client of this environment has this name.")))
        }
        "client-review" => problem::page(&sample.review()),
        "client-result" => problem::page(&sample.result(Some(samples::SECRET))),
        "client-result-gone" => problem::page(&sample.result(None)),
        "client" => problem::page(&sample.client()),
        "client-credentials" => problem::page(&sample.client_credentials(true)),
        "client-viewer" => problem::page(&sample.client_credentials(false)),
        "client-credential" => problem::page(&sample.credential()),
        "client-settings" => problem::page(&sample.settings(true)),
        "sign-in" => problem::page(&sample.sign_in(None)),
        "sign-in-error" => problem::page(&sample.sign_in(Some(words::sign_in::WRONG.to_owned()))),
        "invitation-code" => problem::page(&CodePage {
            frame: Frame::bare(words::invitation::CODE_TITLE, &sample.visit),
            error: Some(words::invitation::OVER.to_owned()),
        }),
        "set-up" => problem::page(&sample.accept(None)),
        "invitation" => problem::page(&sample.accept(Some("ada@example.com"))),
        "account" => problem::page(&sample.account()),
        _ => return None,
    })
}

fn unreadable() -> Banner {
    let text = "The database did not answer in time. Tokens are issued all the same; try again in a moment.";
    Banner::new(Tone::Bad, "The list could not be read", text).action(Button::plain("Try again").to("?"))
}

fn sample_challenge() -> PasskeyChallenge {
    PasskeyChallenge { handle: "sample".to_owned(), options: serde_json::json!({ "challenge": "c2FtcGxl" }) }
}

impl Sample {
    fn frame(&self, title: &str, environment: &str, section: Section) -> Frame {
        samples::frame(title, &self.visit, environment, Some(section))
    }

    fn ago(&self, seconds: i64) -> When {
        When::relative(Some(Timestamp(self.now.0 - seconds)), self.now)
    }

    fn ends(&self, days: i64) -> When {
        When::end(Some(Timestamp(self.now.0 + days * DAY + 60)), self.now)
    }

    fn sign_in(&self, error: Option<String>) -> SignInPage {
        let email = error.as_ref().map(|_| "ada@example.com".to_owned()).unwrap_or_default();
        let passkey = Some(PasskeyButton::get(words::passkey::SIGN_IN, sample_challenge()));
        SignInPage { frame: Frame::bare(words::sign_in::TITLE, &self.visit), email, error, passkey }
    }

    fn accept(&self, invited: Option<&str>) -> AcceptPage {
        let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned();
        let uri = format!("otpauth://totp/Mintmark:ada%40example%2Ecom?secret={secret}&issuer=Mintmark");
        let title = if invited.is_some() { words::invitation::TITLE } else { words::invitation::SET_UP_TITLE };
        AcceptPage {
            frame: Frame::bare(title, &self.visit),
            token: "sample".to_owned(),
            role: if invited.is_some() { Role::Developer } else { Role::Admin },
            invited: invited.map(str::to_owned),
            name: String::new(),
            email: String::new(),
            enrolment: Enrolment { secret, uri, handle: "sample".to_owned() },
            passkey: PasskeyButton::create(words::passkey::JOIN, sample_challenge()).plain().needs("name"),
            error: invited.map(|_| words::invitation::WRONG_CODE.to_owned()),
        }
    }

    fn account(&self) -> AccountPage {
        let row = |id: &str, browser: &str, source: &str, seen, current| SessionRow {
            id: id.to_owned(),
            browser: browser.to_owned(),
            source: Some(source.to_owned()),
            began: When::exact(Timestamp(self.now.0 - 7200)),
            last_seen: self.ago(seen),
            current,
        };
        AccountPage {
            frame: samples::frame(words::account::TITLE, &self.visit, "sandbox", None),
            name: "Ada Moreau".to_owned(),
            email: "ada@example.com".to_owned(),
            role: Role::Admin,
            organisation: "Example Payments".to_owned(),
            passkeys: vec![PasskeyRow {
                id: "c2FtcGxl".to_owned(),
                name: "Laptop".to_owned(),
                created: When::exact(Timestamp(self.now.0 - 30 * DAY)),
                last_used: self.ago(7200),
            }],
            has_password: true,
            sessions: vec![
                row("ses_a", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "192.0.2.14", 5, true),
                row("ses_b", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/605", "2001:db8::7", 900, false),
            ],
        }
    }

    fn overview(&self, environment: &str, has_clients: bool) -> OverviewPage {
        let columns = samples::day();
        let issued: u64 = columns.iter().filter_map(|column| column.counts.first()).sum();
        let refused: u64 = columns.iter().flat_map(|column| column.counts.iter().skip(1)).sum();
        let figure = |label, value, unit| Figure { label, value, unit };
        OverviewPage {
            frame: self.frame(words::overview::TITLE, environment, Section::Overview),
            environment: environment.to_owned(),
            figures: vec![
                figure(words::overview::ISSUED, thousands(issued), words::overview::LAST_DAY),
                figure(words::overview::REFUSED, thousands(refused), words::overview::LAST_DAY),
                figure(words::overview::SUCCEEDED, "93.1".to_owned(), words::overview::OF_REQUESTS),
                figure(words::overview::REFUSED_CLIENTS, "4".to_owned(), words::overview::LAST_DAY),
            ],
            chart: Chart { id: "requests", title: words::overview::REQUESTS, columns },
            attention: attention(),
            node: Some(Banner::new(Tone::Good, words::overview::NODE_READY, words::overview::node("0.1.0", "4 211", "38"))),
            has_clients,
            may_edit: true,
        }
    }

    fn row(&self, name: &str, method: Method, status: Status, used: i64, ends: i64) -> ClientRow {
        ClientRow {
            name: name.to_owned(),
            href: "/_kit/client".to_owned(),
            client_id: format!("mmc_sandbox_{:08x}", name.len() * 48_611),
            method: Some(method),
            status,
            scopes: name.len() % 5 + 1,
            last_used: if used == 0 { When::relative(None, self.now) } else { self.ago(used) },
            expires: if ends == 0 { When::relative(None, self.now) } else { self.ends(ends) },
            owner: "Example Payments".to_owned(),
        }
    }

    fn rows(&self) -> Vec<ClientRow> {
        vec![
            self.row("billing-worker", Method::KeyPair, Status::Active, 180, 90),
            self.row("invoice-importer", Method::Secret, Status::Expiring, 12, 2),
            self.row("ledger-export", Method::Secret, Status::Expiring, 8 * 60 * 60, 12),
            self.row("partner-gateway", Method::Certificate, Status::Active, 1, 280),
            self.row("reconciliation", Method::KeyPair, Status::Active, 40 * 60, 0),
            self.row("old-batch", Method::Secret, Status::Disabled, 90 * DAY, 0),
            self.row("new-pilot", Method::KeyPair, Status::Active, 0, 365),
        ]
    }

    fn naughty_rows(&self) -> Vec<ClientRow> {
        naughty::STRINGS.iter().map(|name| self.row(name, Method::Secret, Status::Active, 60, 0)).collect()
    }

    fn clients(&self, rows: Vec<ClientRow>, query: &str, problem: Option<Banner>) -> ClientListPage {
        let next = (!rows.is_empty()).then(|| "?after=mmc_sandbox_00abcdef".to_owned());
        ClientListPage {
            frame: self.frame(words::list::TITLE, "sandbox", Section::Clients),
            environment: "sandbox".to_owned(),
            query: query.to_owned(),
            status: String::new(),
            pager: Pager { showing: words::list::showing(rows.len()), first: None, next },
            rows,
            shows_owner: true,
            may_edit: true,
            problem,
        }
    }

    fn form(&self, name: &str, name_error: Option<&'static str>) -> ClientFormPage {
        let scope = |name: &str, means: &str, chosen| (name.to_owned(), means.to_owned(), chosen);
        let billing = vec![
            scope("invoices:read", "See invoices", true),
            scope("invoices:write", "Make and change invoices", false),
            scope("payments:read", "See payments", false),
        ];
        let ledger = vec![scope("entries:read", "See entries", false), scope("entries:post", "Post entries", false)];
        let resource = |name: &str, uri: &str, scopes| ResourceChoice { name: name.to_owned(), uri: uri.to_owned(), scopes };
        let days = [("90", "in 90 days"), ("180", "in 180 days"), ("365", "in a year")];
        ClientFormPage {
            frame: samples::below_clients(self.frame(words::create::TITLE, "sandbox", Section::Clients)),
            action: "/theme".to_owned(),
            name: name.to_owned(),
            tenants: [("ten_a", "Example Payments"), ("ten_b", "Ledger & Sons")]
                .map(|(id, name)| (id.to_owned(), name.to_owned()))
                .into(),
            types_tenant: false,
            tenant: "ten_b".to_owned(),
            method: Method::KeyPair,
            public_key: String::new(),
            certificate: String::new(),
            scopes: Scopes::new(vec![
                resource("Billing API", "https://api.example.com/billing", billing),
                resource("Ledger API", "https://api.example.com/ledger", ledger),
            ]),
            businesses: String::new(),
            dialects: ["asset", "standard"].map(|name| (name.to_owned(), name == "standard")).into(),
            expiry: days.map(|(word, said)| (word.to_owned(), said.to_owned())).into(),
            expires_in: "365".to_owned(),
            mistake: name_error.map(|why| Mistake::new("name", why)),
        }
    }

    fn review(&self) -> ClientReviewPage {
        let text = "curl -X POST https://admin.example.com/admin/v1/environments/sandbox/clients \\\n  -H \"Authorization: Bearer \
                    $TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{\"name\":\"billing-worker\"}'";
        ClientReviewPage {
            frame: samples::below_clients(self.frame(words::create::REVIEW_TITLE, "sandbox", Section::Clients)),
            action: "/theme".to_owned(),
            fields: vec![("name".to_owned(), "billing-worker".to_owned())],
            once: "sample".to_owned(),
            name: "billing-worker".to_owned(),
            tenant: Some("Example Payments".to_owned()),
            method: Method::Secret,
            access: vec![
                ("Billing API".to_owned(), vec!["invoices:read".to_owned(), "payments:read".to_owned()]),
                ("Ledger API".to_owned(), vec!["entries:read".to_owned()]),
            ],
            businesses: 0,
            dialects: vec!["standard".to_owned()],
            token_minutes: 15,
            expires: Some("2027-02-20".to_owned()),
            nonce: Some("n".repeat(22)),
            api: Code { id: "api", label: "curl".to_owned(), text: text.to_owned() },
        }
    }

    fn result(&self, secret: Option<&str>) -> ClientResultPage {
        let secret_text = secret.unwrap_or("$CLIENT_SECRET");
        let curl = format!(
            "curl -u mmc_sandbox_000a3f21:{secret_text} \\\n  -d grant_type=client_credentials \\\n  -d scope=invoices:read \\\n  \
             https://sandbox.auth.example.com/token"
        );
        let python = "from authlib.integrations.requests_client import OAuth2Session\n\nclient = OAuth2Session(CLIENT_ID, \
                      CLIENT_SECRET)\ntoken = client.fetch_token(\"https://sandbox.auth.example.com/token\")";
        let snippet = |id: &str, language, text: &str| {
            let dialect = "standard".to_owned();
            Snippet { id: id.to_owned(), dialect, language, text: text.to_owned() }
        };
        ClientResultPage {
            frame: samples::below_clients(self.frame(&words::result::title("billing-worker"), "sandbox", Section::Clients)),
            heading: words::result::title("billing-worker"),
            lead: words::result::DONE.to_owned(),
            name: "billing-worker".to_owned(),
            client_id: "mmc_sandbox_000a3f21".to_owned(),
            secret: secret.map(str::to_owned),
            gone: secret.is_none().then(|| "#".to_owned()),
            method: Method::Secret,
            snippets: vec![snippet("snippet-curl", "curl", &curl), snippet("snippet-python", "Python", python)],
            assertion: None,
            finish: "/_kit/client".to_owned(),
        }
    }

    fn head(tab: ClientTab) -> ClientHead {
        ClientHead {
            name: "billing-worker".to_owned(),
            client_id: "mmc_production_000a3f21".to_owned(),
            status: Status::Active,
            href: "/_kit/client".to_owned(),
            tab,
            has_elsewhere: true,
        }
    }

    fn client(&self) -> ClientPage {
        let mut frame = samples::below_clients(self.frame("billing-worker", "production", Section::Clients));
        frame.flash = Some(Flash { tone: Tone::Good, message: "The new secret works. The old one ends in 24 h.".to_owned() });
        ClientPage {
            frame,
            head: Self::head(ClientTab::Overview),
            method: Some(Method::Secret),
            owner: "Example Payments".to_owned(),
            created: self.ago(200 * DAY),
            last_used: self.ago(180),
            expires: self.ends(12),
            token_minutes: 15,
            businesses: words::create::ALL_BUSINESSES.to_owned(),
            dialects: vec!["standard".to_owned()],
            notices: samples::banners().into_iter().skip(1).take(1).collect(),
            chart: Chart { id: "requests", title: words::client::REQUESTS, columns: samples::day() },
            refusals: refusals(),
            access: vec![
                scopes("Billing API", &["invoices:read", "invoices:write", "payments:read"]),
                scopes("Ledger API", &["entries:read"]),
            ],
            console: "/_kit/client".to_owned(),
            api: samples::code(),
        }
    }

    fn credential_row(&self, hint: &str, status: Status, used: Option<i64>, ends: Option<i64>) -> CredentialRow {
        let never = || When::relative(None, self.now);
        CredentialRow {
            hint: hint.to_owned(),
            href: "/_kit/client-credential".to_owned(),
            method: Method::Secret,
            status,
            created: self.ago(200 * DAY),
            last_used: used.map_or_else(never, |seconds| self.ago(seconds)),
            from: used.map(|_| "192.0.2.14".to_owned()),
            expires: ends.map_or_else(never, |days| self.ends(days)),
            limits: if ends.is_some() { "limited: 2 networks, 1 scope".to_owned() } else { String::new() },
        }
    }

    fn client_credentials(&self, may_edit: bool) -> ClientCredentialsPage {
        ClientCredentialsPage {
            frame: samples::below_clients(self.frame("billing-worker", "production", Section::Clients)),
            head: Self::head(ClientTab::Credentials),
            notices: samples::banners().into_iter().skip(1).take(1).collect(),
            rows: vec![
                self.credential_row("…Wq7k", Status::Active, Some(12), Some(90)),
                self.credential_row("…p0Zc", Status::Retiring, Some(180), Some(1)),
                self.credential_row("…9sLm", Status::Disabled, None, None),
            ],
            may_edit,
        }
    }

    fn credential(&self) -> CredentialPage {
        let secret = |hint: &str, used, is_latest| RotatedSecret {
            hint: hint.to_owned(),
            href: "/_kit/client-credential".to_owned(),
            last_used: self.ago(used),
            from: Some("2001:db8::7".to_owned()),
            is_latest,
        };
        let grace = |word: &str| (word.to_owned(), words::rotation::grace(word).to_owned());
        let rotation = RotationUnderWay {
            old: secret("…p0Zc", 180, false),
            new: secret("…Wq7k", 12, true),
            deadline: self.ends(1),
            is_safe: false,
            verdict: "The old secret was used 3 min ago. Look from where, and move that program over.".to_owned(),
            graces: ["24h", "7d"].map(grace).into(),
        };
        CredentialPage {
            frame: samples::below_clients(self.frame("Secret …p0Zc", "production", Section::Clients)),
            name: words::client::SECRET.to_owned(),
            id: "crd_sample".to_owned(),
            row: self.credential_row("…p0Zc", Status::Retiring, Some(180), Some(1)),
            details: Vec::new(),
            notices: Vec::new(),
            version: 3,
            may_edit: true,
            rotation: Some(Rotation::UnderWay(Box::new(rotation))),
            limits: Limits {
                networks: "192.0.2.0/24".to_owned(),
                scopes: vec![("invoices:read".to_owned(), true), ("payments:read".to_owned(), false)],
                ..Limits::default()
            },
            expiry: vec![("90".to_owned(), "in 90 days".to_owned())],
            dialog: String::new(),
            effect: words::credential::STILL_OTHERS.to_owned(),
            mistake: None,
        }
    }

    fn settings(&self, may_edit: bool) -> ClientSettingsPage {
        let scope = |name: &str, chosen| (name.to_owned(), "See it".to_owned(), chosen);
        let resource = ResourceChoice {
            name: "Billing API".to_owned(),
            uri: "https://api.example.com/billing".to_owned(),
            scopes: vec![scope("invoices:read", true), scope("invoices:write", false)],
        };
        let binding = |word: &str| (word.to_owned(), words::settings::binding(word).to_owned());
        ClientSettingsPage {
            frame: samples::below_clients(self.frame("billing-worker", "production", Section::Clients)),
            head: Self::head(ClientTab::Settings),
            version: 3,
            name: "billing-worker".to_owned(),
            scopes: Scopes::new(vec![resource]),
            businesses: String::new(),
            dialects: vec![("standard".to_owned(), true)],
            lifetime: "900".to_owned(),
            binding: "optional".to_owned(),
            bindings: ["optional", "dpop"].map(binding).into(),
            is_active: true,
            may_edit,
            may_enable: true,
            effect: words::client::effect(14, 15),
            dialog: String::new(),
            mistake: None,
        }
    }
}

fn scopes(resource: &str, scopes: &[&str]) -> ScopeRow {
    ScopeRow { resource: resource.to_owned(), scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect() }
}

fn attention() -> Vec<Banner> {
    vec![
        Banner::new(
            Tone::Warning,
            "invoice-importer’s secret expires in 2 days",
            "It was used 12 s ago. Rotate it now; both work meanwhile.",
        )
        .action(Button::plain("Rotate").to("/_kit/client")),
        Banner::new(
            Tone::Bad,
            "ledger-export is refused 540 times an hour",
            "Its secret does not match. It was rotated yesterday.",
        )
        .action(Button::plain("Explain").to("/_kit/client")),
    ]
}

fn refusals() -> Vec<RefusalRow> {
    let row = |code: &str, count, what: &str, fix: &str| RefusalRow {
        code: code.to_owned(),
        count,
        what: what.to_owned(),
        fix: fix.to_owned(),
        href: "/_kit/client".to_owned(),
    };
    vec![
        row("wrong_secret", 520, "The secret does not match.", "Use the one that ends in Wq7k."),
        row("scope_not_granted", 41, "It asked for ledger:write, which it may not have.", "Ask for less, or grant it."),
    ]
}
