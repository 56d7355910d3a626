//! Endpoints with their deliveries, and leaks.

use mintmark_core::clock::Timestamp;
use mintmark_core::notice::NoticeKind;

use super::Sample;
use crate::dashboard::components::{Banner, Code, Pager, Status, When};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::views::insight::Verdict;
use crate::dashboard::views::{
    DeliveryRow, FoundAt, KindChoice, Kinds, LeakListPage, LeakPage, LeakRow, WebhookListPage, WebhookPage, WebhookRow,
};
use crate::dashboard::words;

const URL: &str = "https://hooks.example.com/mintmark";

impl Sample {
    pub(super) fn webhooks(&self) -> WebhookListPage {
        let row = |url: &str, status, kinds, owner: &str| WebhookRow {
            href: "/_kit/webhook".to_owned(),
            url: url.to_owned(),
            id: "whk_7Rk2PZq4mXbV9tLsD3nWcA".to_owned(),
            owner: owner.to_owned(),
            told: words::webhooks::kinds(kinds),
            status,
        };
        let rows = vec![
            row(URL, Status::Active, 2, "Example Payments"),
            row(
                "https://alerts.example.net/a/very/long/path/that/somebody/chose/once?team=payments",
                Status::Disabled,
                1,
                "Acme",
            ),
            row("https://operator.example.org/mintmark", Status::Active, 0, words::navigation::OPERATOR),
        ];
        WebhookListPage {
            frame: self.frame(words::webhooks::TITLE, "sandbox", Section::Webhooks),
            href: "/_kit/webhooks".to_owned(),
            shows_owner: true,
            tenants: Some(vec![("a".to_owned(), "Acme".to_owned())]),
            tenant: String::new(),
            pager: Pager { showing: words::webhooks::showing(rows.len()), first: None, next: None },
            rows,
            may_edit: true,
        }
    }

    pub(super) fn webhook(&self, is_on: bool) -> WebhookPage {
        let choice = |kind: NoticeKind| KindChoice {
            word: kind.as_str(),
            means: words::webhooks::kind(kind),
            is_chosen: kind == NoticeKind::LeakQuarantined,
        };
        let kinds = NoticeKind::ALL.into_iter().filter(|kind| *kind != NoticeKind::Test).map(choice).collect();
        let deliveries = self.deliveries();
        WebhookPage {
            frame: self.frame("hooks.example.com", "sandbox", Section::Webhooks),
            name: "hooks.example.com".to_owned(),
            id: "whk_7Rk2PZq4mXbV9tLsD3nWcA".to_owned(),
            href: "/_kit/webhook".to_owned(),
            status: if is_on { Status::Active } else { Status::Disabled },
            owner: Some("Example Payments".to_owned()),
            told: words::webhooks::kinds(1),
            created: self.ago(40 * 86_400),
            dropped: if is_on { 12 } else { 0 },
            stored_url: URL.to_owned(),
            url: URL.to_owned(),
            kinds: Kinds { choices: kinds, error: None },
            version: 3,
            may_edit: true,
            pager: Pager {
                showing: words::webhooks::showing_deliveries(deliveries.len()),
                first: None,
                next: Some("/_kit/webhook?cursor=a".to_owned()),
            },
            deliveries,
            keys: Code {
                id: "keys",
                label: words::webhooks::KEYS.to_owned(),
                text: "curl https://sandbox.auth.example.com/.well-known/mintmark-webhook-keys".to_owned(),
            },
            dialog: String::new(),
            mistake: None,
        }
    }

    fn deliveries(&self) -> Vec<DeliveryRow> {
        let row = |kind: NoticeKind, state, (tries, answer): (u32, &str), ahead: Option<i64>| DeliveryRow {
            kind: kind.as_str(),
            notice_id: "ntc_XSdzTEkANed5wfGPKdXufb".to_owned(),
            made: self.ago(900),
            state,
            tries,
            last: (tries > 0).then(|| (self.ago(400), answer.to_owned())),
            next: ahead.map(|seconds| When::relative(Some(Timestamp(self.now.0 + seconds)), self.now)),
            is_due: ahead == Some(0),
        };
        vec![
            row(NoticeKind::Test, Verdict::note(words::webhooks::WAITING), (0, ""), Some(0)),
            row(NoticeKind::LeakQuarantined, Verdict::warning(words::webhooks::AGAIN), (5, "503"), Some(500)),
            row(NoticeKind::SecretExpiring, Verdict::good(words::webhooks::DELIVERED), (1, "204"), None),
            row(NoticeKind::SecretRotation, Verdict::bad(words::webhooks::FAILED), (32, words::webhooks::NO_ANSWER), None),
        ]
    }

    pub(super) fn leaks(&self) -> LeakListPage {
        let row = |client: &str, state, ends: Option<i64>| LeakRow {
            href: "/_kit/leak".to_owned(),
            client: client.to_owned(),
            hint: "Bqag".to_owned(),
            owner: "Example Payments".to_owned(),
            state,
            reported: self.ago(3 * 3600),
            revoked: ends.map(|days| self.ends(days)),
        };
        let rows = vec![
            row("billing-worker", Verdict::bad(words::leaks::QUARANTINED), Some(2)),
            row("invoice-importer", Verdict::warning(words::leaks::REPORTED), None),
            row("ledger-export", Verdict::note(words::leaks::RELEASED), None),
            row("partner-gateway", Verdict::off(words::leaks::REVOKED), None),
        ];
        LeakListPage {
            frame: self.frame(words::leaks::TITLE, "sandbox", Section::Leaks),
            href: "/_kit/leaks".to_owned(),
            state: String::new(),
            shows_owner: true,
            tenants: Some(vec![("a".to_owned(), "Acme".to_owned())]),
            tenant: String::new(),
            pager: Pager { showing: words::leaks::showing(rows.len()), first: None, next: None },
            rows,
        }
    }

    pub(super) fn leak(&self) -> LeakPage {
        let ends = words::leaks::ends("in 2 days", "2027-01-18 08:00 UTC");
        LeakPage {
            frame: self.frame(&words::leaks::title("Bqag"), "production", Section::Leaks),
            href: "/_kit/leak".to_owned(),
            id: "lek_5fNq8YtGxW2rKbHs6VzJdM".to_owned(),
            hint: "Bqag".to_owned(),
            state: Verdict::bad(words::leaks::QUARANTINED),
            banner: Banner::new(Tone::Bad, words::leaks::QUARANTINED_TITLE, ends),
            client: ("billing-worker".to_owned(), "/_kit/client".to_owned()),
            credential: "/_kit/client-credential".to_owned(),
            owner: Some("Example Payments".to_owned()),
            reporter: words::leaks::HOLDER.to_owned(),
            found: Some(FoundAt { text: super::naughty::STRINGS.join(" "), is_link: false }),
            reported: self.ago(3 * 3600),
            ended: None,
            reason: String::new(),
            is_open: true,
            is_quarantined: true,
            may_edit: true,
            typed: String::new(),
            dialog: String::new(),
            mistake: None,
        }
    }
}
