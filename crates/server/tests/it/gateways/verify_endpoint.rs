//! What a sub-request gateway asks: `/verify/{resource_id}?scope=...` of a server, as a client that serves the resource.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark_core::registry::ClientEdit;
use serde_json::Value;

use super::issuer::{AUDIENCE, ENVIRONMENT, Issuer};
use crate::fixture::{Dev, Finished};

/// The endpoint of one resource.
pub(super) struct VerifyEndpoint {
    /// Scheme, host and port of the environment.
    pub(super) origin: String,
    /// The resource that the gateway serves.
    pub(super) resource_id: String,
    /// What the gateway sends as `Mintmark-Gateway`.
    pub(super) credentials: String,
}

impl VerifyEndpoint {
    /// Of [`AUDIENCE`] at a server of this process. The gateway is a client of another tenant than those that it lets pass.
    pub(super) async fn of(issuer: &Issuer) -> Self {
        let server = &issuer.server;
        let (gateway, environment) = (server.world.client(ENVIRONMENT, "other"), ENVIRONMENT.parse().unwrap());
        let edit = ClientEdit { serve: vec![AUDIENCE.parse().unwrap()], ..ClientEdit::default() };
        let client = server.registry.edit_client(&environment, &gateway.id.parse().unwrap(), &edit).await.unwrap();
        server.poll().await;
        let resource_id = client.serves[0].to_string();
        Self { origin: issuer.origin(), resource_id, credentials: credentials(&gateway.id, &gateway.secret) }
    }

    /// Of the sandbox's own resource at a running program. The gateway is a new client, made by the command line.
    pub(super) async fn of_dev(dev: &Dev, data: &str) -> Self {
        let issuer = dev.document["environments"][0]["issuer"].as_str().unwrap().to_owned();
        let arguments = ["client", "create", "Gateway", "--environment", ENVIRONMENT, "--dialect", "standard", "--serve"];
        let arguments: Vec<String> =
            arguments.into_iter().chain([&*issuer, "--json", "--data-dir", data]).map(str::to_owned).collect();
        let run = move || Finished::good(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).json();
        let created = tokio::task::spawn_blocking(run).await.unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
        let (id, secret) = (text(&created["client"]["id"]), text(&created["client_secret"]));
        let resource_id = text(&created["client"]["serves"][0]);
        Self { origin: issuer, resource_id, credentials: credentials(&id, &secret) }
    }
}

fn credentials(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}
