//! The service behind a gateway: it tells what it was told about the caller.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A service on a free port. It ends with the test.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        Self::serve(Router::new().fallback(tell)).await
    }

    /// Any routes.
    pub(super) async fn serve(routes: Router) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let task = tokio::spawn(async { axum::serve(socket, routes).await.unwrap() });
        Self { address, task }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// In the form that the programs of `examples/verify/` answer in, so that [`super::cases`] reads both alike.
async fn tell(uri: Uri, headers: HeaderMap) -> String {
    let told = |name: &str| -> Value {
        let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        if values.is_empty() { Value::Null } else { values.join("|").into() }
    };
    json!({
        "client_id": told("mintmark-client-id"),
        "tenant_id": told("mintmark-tenant-id"),
        "business_id": told("mintmark-business-id"),
        "scope": told("mintmark-scope"),
        "authorization": told("authorization"),
        "credential_id": told("mintmark-credential-id"),
        "token_id": told("mintmark-token-id"),
        "expires_at": told("mintmark-expires-at"),
        "gateway": told("mintmark-gateway"),
        "path": uri.to_string(),
    })
    .to_string()
}
