//! The Rust `oauth2` crate, against the standard dialect.

use std::time::Duration;

use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenType};
use oauth2::{
    AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RequestTokenError, Scope, TokenResponse, TokenUrl, reqwest,
};

use super::dev_server::{DemoClient, DevServer};

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn client_of(demo: &DemoClient, endpoint: String, auth_type: AuthType) -> Client {
    BasicClient::new(ClientId::new(demo.id.clone()))
        .set_client_secret(ClientSecret::new(demo.secret.clone()))
        .set_auth_type(auth_type)
        .set_token_uri(TokenUrl::new(endpoint).unwrap())
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn gets_a_token_with(auth_type: AuthType) {
    let server = DevServer::start();
    for environment in ["sandbox", "production"] {
        let demo = server.client(environment, "standard");
        let client = client_of(&demo, server.token_endpoint(environment, "standard"), auth_type.clone());
        let wanted: Vec<_> = demo.scopes.iter().cloned().map(Scope::new).collect();
        let answer = client.exchange_client_credentials().add_scopes(wanted.clone()).request_async(&http()).await.unwrap();
        assert_eq!(answer.token_type(), &BasicTokenType::Bearer);
        assert_eq!(answer.expires_in(), Some(Duration::from_hours(1)));
        assert_eq!(answer.scopes(), Some(&wanted));
        assert!(answer.refresh_token().is_none());
        assert_eq!(answer.access_token().secret().split('.').count(), 3);
    }
    assert_eq!(server.terminate().code(), Some(0));
}

#[tokio::test]
async fn the_oauth2_crate_gets_a_token_with_basic() {
    gets_a_token_with(AuthType::BasicAuth).await;
}

#[tokio::test]
async fn the_oauth2_crate_gets_a_token_with_body_credentials() {
    gets_a_token_with(AuthType::RequestBody).await;
}

#[tokio::test]
async fn the_oauth2_crate_reads_a_refusal_by_the_other_environment() {
    let server = DevServer::start();
    let demo = server.client("sandbox", "standard");
    let client = client_of(&demo, server.token_endpoint("production", "standard"), AuthType::BasicAuth);
    let refused = client.exchange_client_credentials().request_async(&http()).await.unwrap_err();
    let RequestTokenError::ServerResponse(answer) = refused else { panic!("{refused}") };
    assert_eq!(answer.error(), &BasicErrorResponseType::InvalidClient);
    assert_eq!(server.terminate().code(), Some(0));
}
