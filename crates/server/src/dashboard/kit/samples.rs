//! Every piece in every state.

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Role;

use crate::dashboard::components::{
    Banner, Button, Chart, Choice, Choices, Code, Column, Confirm, Empty, Event, Field, Pager, Secret, Tab, Tabs, Timeline,
    When,
};
use crate::dashboard::frame::{Crumb, EnvironmentLink, Flash, Frame, Person, Tone, Visit};
use crate::dashboard::navigation::Section;

pub(super) const DAY: i64 = 24 * 60 * 60;

/// Every picture of `assets/icons.svg`.
pub(super) const ICONS: [&str; 44] = [
    "mint",
    "overview",
    "clients",
    "businesses",
    "usage",
    "explain",
    "console",
    "leaks",
    "webhooks",
    "members",
    "audit",
    "tenants",
    "resources",
    "dialects",
    "keys",
    "revocations",
    "node",
    "secret",
    "certificate",
    "plus",
    "search",
    "copy",
    "download",
    "rotate",
    "menu",
    "keyboard",
    "leave",
    "sun",
    "moon",
    "system",
    "down",
    "next",
    "first",
    "good",
    "note",
    "warning",
    "bad",
    "sandbox",
    "production",
    "state-active",
    "state-off",
    "state-ended",
    "state-ending",
    "state-coming",
];

/// The frame of a sample page. An operator looks, who sees most.
pub(super) fn frame(title: &str, visit: &Visit, environment: &str, section: Option<Section>) -> Frame {
    let person = Person { name: "Ada Moreau".to_owned(), role: Role::Admin, organisation: "Example Payments".to_owned() };
    let environments = ["sandbox", "production"].map(|name| EnvironmentLink {
        name: name.to_owned(),
        href: format!("/_kit/overview-{name}"),
        current: name == environment,
    });
    let mut frame = Frame::bare(title, visit).signed_in(person, environment, section);
    frame.environments = environments.into();
    frame
}

/// A page that stands below the list of clients.
pub(super) fn below_clients(mut frame: Frame) -> Frame {
    frame.breadcrumbs = vec![Crumb { label: "Clients".to_owned(), href: "/_kit/clients".to_owned() }];
    frame
}

pub(super) fn buttons() -> Vec<Button> {
    vec![
        Button::primary("New client").icon("plus").keys("n"),
        Button::plain("Rotate").icon("rotate"),
        Button::quiet("Cancel"),
        Button::danger("Delete"),
        Button::plain("A link").to("/_kit"),
        Button::primary("Not now").disabled(),
        Button::plain("Not now").disabled(),
        Button::danger("Not now").disabled(),
    ]
}

pub(super) fn times(now: Timestamp) -> Vec<When> {
    let at = |seconds: i64| Some(Timestamp(now.0 + seconds));
    vec![
        When::relative(at(-5), now),
        When::relative(at(-180), now),
        When::relative(at(-9 * DAY), now),
        When::relative(None, now),
        When::end(at(90 * DAY), now),
        When::end(at(12 * DAY), now),
        When::end(at(2 * DAY), now),
        When::exact(now),
    ]
}

pub(super) fn fields() -> Vec<Field> {
    let days = [("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year")];
    vec![
        Field::text("plain", "Name"),
        Field::text("hinted", "Name with a hint").hint("What the program is called where it runs.").value("billing-worker"),
        Field::text("wrong", "Name with an error")
            .value("Billing Worker!")
            .hint("Letters, digits and dashes.")
            .error(Some("Remove the space and the exclamation mark.")),
        Field::text("optional", "Note").optional(),
        Field::email("email", "E-mail address"),
        Field::password("password", "Password", "new-password").hint("At least twelve characters."),
        Field::search("search", "Search"),
        Field::select("select", "Expires", days.map(|(word, said)| (word.to_owned(), said.to_owned())).into()).value("90"),
        Field::area("area", "Public key").hint("PEM or JWK.").value("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n"),
        Field::check("checked", "Revoke its tokens too", true),
        Field::check("check", "Ask me again next time", false).hint("Once a day at most."),
    ]
}

fn choice(value: &'static str, title: &str, icon: &'static str, checked: bool, disabled: bool) -> Choice {
    let text = "One sentence that says what it is and for whom.".to_owned();
    let badge = checked.then_some("Recommended");
    Choice { value, title: title.to_owned(), text, icon, badge, checked, disabled }
}

pub(super) fn choices() -> Vec<Choices> {
    let cards = |first: bool| {
        vec![
            choice("a", "Key pair", "keys", first, false),
            choice("b", "Secret", "secret", false, false),
            choice("c", "Certificate", "certificate", false, true),
        ]
    };
    let hint = Some("You can add another kind later.".to_owned());
    let error = Some("Choose at least one.".to_owned());
    vec![
        Choices { name: "one", legend: "One of these".to_owned(), hint, error: None, many: false, cards: cards(true) },
        Choices { name: "any", legend: "Any of these".to_owned(), hint: None, error, many: true, cards: cards(false) },
    ]
}

pub(super) fn banners() -> Vec<Banner> {
    vec![
        Banner::new(Tone::Good, "Safe to retire", "The old secret was last used 6 days ago. Nothing will notice when it goes."),
        Banner::new(Tone::Note, "Both secrets work", "The old one ends in 23 h. It was last used 3 min ago from 192.0.2.14.")
            .action(Button::plain("Finish early")),
        Banner::new(
            Tone::Warning,
            "The old secret is still in use",
            "It ends in 40 min and was used 12 s ago from 192.0.2.14.",
        )
        .action(Button::plain("Extend")),
        Banner::new(Tone::Bad, "The list could not be read", "The database did not answer. Tokens are issued all the same.")
            .action(Button::plain("Try again")),
    ]
}

pub(super) fn flashes() -> Vec<Flash> {
    let flash = |tone, message: &str| Flash { tone, message: message.to_owned() };
    vec![
        flash(Tone::Good, "billing-worker is disabled. It gets no more tokens."),
        flash(Tone::Bad, "Nothing was changed: somebody else changed it meanwhile."),
    ]
}

pub(super) fn tabs(base: &str) -> Tabs {
    let tabs = ["Overview", "Credentials", "Access", "Test", "Audit"].map(|label| Tab {
        label: label.to_owned(),
        href: format!("{base}?tab={}", label.to_lowercase()),
        current: label == "Overview",
    });
    Tabs { label: "Parts of this client", tabs: tabs.into() }
}

pub(super) fn pager() -> Pager {
    Pager { showing: "50 clients on this page".to_owned(), first: Some("?".to_owned()), next: Some("?after=x".to_owned()) }
}

pub(super) fn empty() -> Empty {
    let action = Some(Button::primary("Create the first client").icon("plus").to("/_kit/client-new"));
    Empty { icon: "clients", title: "No clients yet", text: "A client is one program that calls your APIs.", action }
}

/// A secret of the right shape that nobody has.
pub(super) const SECRET: &str = "mms_sandbox_EXAMPLEexampleEXAMPLEexampleEXAMPLEexampleEXA_0sample";

pub(super) fn secret() -> Secret {
    let hint = "Shown this once. We keep only a fingerprint of it.";
    Secret { id: "kit-secret", label: "Client secret", hint, value: SECRET.to_owned() }
}

pub(super) fn code() -> Code {
    let text = "curl -u \"$CLIENT_ID:$CLIENT_SECRET\" \\\n  -d grant_type=client_credentials \\\n  \
                -d resource=https://api.example.com/billing \\\n  https://sandbox.auth.example.com/token";
    Code { id: "kit-code", label: "curl".to_owned(), text: text.to_owned() }
}

/// A day of one busy client, with a bad hour in it.
pub(super) fn day() -> Vec<Column> {
    (0_u64..24)
        .map(|hour| {
            let busy = 380 + 340 * (12 - hour.abs_diff(14).min(12)) / 12 + (hour * 37) % 61;
            let bad = hour == 9 || hour == 10;
            let counts = [
                busy,
                if bad { 260 } else { (hour * 7) % 23 },
                if hour % 5 == 0 { 40 } else { 6 },
                if hour == 16 { 90 } else { 9 },
                if hour == 14 { 120 } else { 0 },
                if hour == 3 { 70 } else { 0 },
            ];
            Column { label: format!("{hour:02}:00"), counts }
        })
        .collect()
}

pub(super) fn charts() -> Vec<Chart> {
    let few = [[1, 0, 0, 0, 0, 0], [0; 6], [2, 1, 0, 0, 0, 0]];
    let few = few.iter().zip(1..).map(|(counts, day)| Column { label: format!("2026-11-{day:02}"), counts: *counts }).collect();
    let all = [
        [40, 0, 0, 0, 0, 0],
        [0, 40, 0, 0, 0, 0],
        [0, 0, 40, 0, 0, 0],
        [0, 0, 0, 40, 0, 0],
        [0, 0, 0, 0, 40, 0],
        [0, 0, 0, 0, 0, 40],
        [20; 6],
    ];
    let all = all.iter().zip(1..).map(|(counts, day)| Column { label: format!("2026-11-{day:02}"), counts: *counts }).collect();
    vec![
        Chart { id: "kit-day", title: "Token requests, last 24 hours", columns: day() },
        Chart { id: "kit-all", title: "Every outcome", columns: all },
        Chart { id: "kit-few", title: "Three days", columns: few },
        Chart { id: "kit-none", title: "Nothing yet", columns: Vec::new() },
    ]
}

pub(super) fn timeline(now: Timestamp) -> Timeline {
    let event = |tone, title: &str, text: &str, days: i64, current| Event {
        tone,
        title: title.to_owned(),
        text: text.to_owned(),
        when: When::relative(Some(Timestamp(now.0 + days * DAY)), now),
        current,
    };
    let events = vec![
        event(Tone::Note, "Next key published", "Verifiers learn it before it signs.", 6, false),
        event(Tone::Good, "Signing", "ES256, key 2026-11. Every token is signed with it.", -23, true),
        event(Tone::Warning, "Retiring", "ES256, key 2026-08. Its last token ends in 9 min.", -24, false),
        event(Tone::Bad, "Revoked in an emergency", "ES256, key 2026-05. Verifiers refuse it.", -110, false),
    ];
    Timeline { label: "Signing keys", events }
}

fn confirm(id: &'static str, dangerous: bool, typed: Option<&str>, open: bool) -> Confirm {
    Confirm {
        id,
        title: if dangerous { "Delete billing-worker for good?" } else { "Disable billing-worker?" }.to_owned(),
        effect: "New requests are refused at once. 14 tokens issued in the last hour stay valid up to 15 min.".to_owned(),
        action: "/theme".to_owned(),
        csrf: "sample".to_owned(),
        label: if dangerous { "Delete" } else { "Disable" },
        dangerous,
        typed: typed.map(str::to_owned),
        also: Some(("revoke", "Revoke the tokens that it holds too")),
        once: None,
        open,
        back: "/_kit".to_owned(),
    }
}

pub(super) fn dialogs() -> Vec<Confirm> {
    vec![
        confirm("kit-disable", false, None, true),
        confirm("kit-delete", true, Some("billing-worker"), false),
        confirm("kit-delete-open", true, Some("billing-worker"), true),
    ]
}
