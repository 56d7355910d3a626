//! Whole pages with sample data: filled, empty, and as they are when something failed.

mod clients;
mod create;
mod notices;

use axum::response::Response;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::{PasskeyChallenge, Role};

use super::naughty;
use super::samples::{self, DAY};
use crate::dashboard::components::{Banner, Button, Chart, PasskeyButton, When, thousands};
use crate::dashboard::frame::{Frame, Tone, Visit};
use crate::dashboard::navigation::Section;
use crate::dashboard::views::{
    AcceptPage, AccountPage, CodePage, Enrolment, Figure, OverviewPage, PasskeyRow, SessionRow, SignInPage,
};
use crate::dashboard::{problem, words};

/// The pages by name.
pub(super) const NAMES: [&str; 29] = [
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
    "leaks",
    "leak",
    "webhooks",
    "webhook",
    "webhook-off",
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
        "leaks" => problem::page(&sample.leaks()),
        "leak" => problem::page(&sample.leak()),
        "webhooks" => problem::page(&sample.webhooks()),
        "webhook" => problem::page(&sample.webhook(true)),
        "webhook-off" => problem::page(&sample.webhook(false)),
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
