//! A new client, from its form to its secret.

use super::Sample;
use crate::dashboard::components::{Code, ResourceChoice, Scopes};
use crate::dashboard::kit::samples;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::views::{ClientFormPage, ClientResultPage, ClientReviewPage, Method, Snippet};
use crate::dashboard::words;

impl Sample {
    pub(super) fn form(&self, name: &str, name_error: Option<&'static str>) -> ClientFormPage {
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

    pub(super) fn review(&self) -> ClientReviewPage {
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

    pub(super) fn result(&self, secret: Option<&str>) -> ClientResultPage {
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
}
