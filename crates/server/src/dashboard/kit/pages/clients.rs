//! The clients, and all that one has.

use super::Sample;
use crate::dashboard::components::{Banner, Chart, Pager, ResourceChoice, Scopes, Status, When};
use crate::dashboard::frame::{Flash, Tone};
use crate::dashboard::kit::naughty;
use crate::dashboard::kit::samples::{self, DAY};
use crate::dashboard::navigation::Section;
use crate::dashboard::views::{
    ClientCredentialsPage, ClientHead, ClientListPage, ClientPage, ClientRow, ClientSettingsPage, ClientTab, CredentialPage,
    CredentialRow, Limits, Method, RefusalRow, RotatedSecret, Rotation, RotationUnderWay, ScopeRow,
};
use crate::dashboard::words;

impl Sample {
    pub(super) fn row(&self, name: &str, method: Method, status: Status, used: i64, ends: i64) -> ClientRow {
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

    pub(super) fn rows(&self) -> Vec<ClientRow> {
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

    pub(super) fn naughty_rows(&self) -> Vec<ClientRow> {
        naughty::STRINGS.iter().map(|name| self.row(name, Method::Secret, Status::Active, 60, 0)).collect()
    }

    pub(super) fn clients(&self, rows: Vec<ClientRow>, query: &str, problem: Option<Banner>) -> ClientListPage {
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

    pub(super) fn head(tab: ClientTab) -> ClientHead {
        ClientHead {
            name: "billing-worker".to_owned(),
            client_id: "mmc_production_000a3f21".to_owned(),
            status: Status::Active,
            href: "/_kit/client".to_owned(),
            tab,
            has_elsewhere: true,
        }
    }

    pub(super) fn client(&self) -> ClientPage {
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

    pub(super) fn credential_row(&self, hint: &str, status: Status, used: Option<i64>, ends: Option<i64>) -> CredentialRow {
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

    pub(super) fn client_credentials(&self, may_edit: bool) -> ClientCredentialsPage {
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

    pub(super) fn credential(&self) -> CredentialPage {
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

    pub(super) fn settings(&self, may_edit: bool) -> ClientSettingsPage {
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
