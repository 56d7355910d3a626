//! What the tests of the dashboard stand on.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt;
use mintmark_core::clock::FakeClock;
use mintmark_core::crypto::RootKeys;
use mintmark_core::dialect::DialectSet;
use mintmark_core::management::{Management, Origin, PasswordCost};
use mintmark_core::random::SeededRandom;
use mintmark_core::registry::{Actor, Registry};
use tower::ServiceExt;

use super::routes;
use crate::admin::AdminApp;
use crate::config::{Config, Variables};
use crate::node::{Node, NodeParts, NodeSettings};
use crate::outgoing::RemoteKeyCache;
use crate::store::{OpenOptions, SqlStore, StoreKind, StorePlace};

pub(crate) const ORIGIN: &str = "https://admin.example.com";
pub(crate) const START: i64 = 1_800_000_000;

/// A dashboard on a store of its own.
pub(crate) struct Dashboard {
    pub(crate) app: AdminApp,
    pub(crate) clock: Arc<FakeClock>,
    _folder: tempfile::TempDir,
}

impl Dashboard {
    pub(crate) async fn new(development: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(START)), Arc::new(SeededRandom::new(7)));
        let options = OpenOptions { create: true, kind: Some(StoreKind::Dev), clock: clock.clone(), random: random.clone() };
        let place = StorePlace::file(folder.path().join("mintmark.db"));
        let store = Arc::new(SqlStore::open(&place, options).await.unwrap());
        let root_keys = Arc::new(RootKeys::parse(&RootKeys::generate(&*random)).unwrap());
        let (dialects, actor) = (DialectSet::load(&[]).unwrap(), Actor::local("a test"));
        let registry = Registry { store, clock: clock.clone(), random, root_keys, dialects, actor };
        let cost = PasswordCost { memory: 8, passes: 1 };
        let management = Management::with_password_cost(registry, Origin::parse(ORIGIN).unwrap(), cost);
        let node = Arc::new(start(&management.registry, folder.path()).await);
        Self { app: AdminApp { node, management: Arc::new(management), development }, clock, _folder: folder }
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        routes(&self.app).with_state(self.app.clone()).oneshot(request).await.unwrap()
    }

    /// The page at a path, for who has a cookie or none.
    pub(crate) async fn page(&self, path: &str, cookie: &str) -> String {
        let response = self.answer(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200, "{path}");
        text(response).await
    }

    /// Sends a form from one of our pages.
    pub(crate) async fn send(&self, path: &str, cookie: &str, body: String) -> Response {
        let request = Request::post(path).header("origin", ORIGIN).header("cookie", cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("user-agent", "Test/1");
        self.answer(request.body(Body::from(body)).unwrap()).await
    }
}

/// A node whose registry is empty.
async fn start(registry: &Registry<SqlStore>, folder: &Path) -> Node {
    let text = "[environments.sandbox]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    let config = Config::parse("defaults", text, folder, &Variables::none()).unwrap();
    let (clock, random) = (Arc::clone(&registry.clock), Arc::clone(&registry.random));
    let remote_keys = RemoteKeyCache::open(&config.outgoing, folder, Arc::clone(&clock), Arc::clone(&random)).unwrap();
    let parts = NodeParts {
        store: Arc::clone(&registry.store),
        clock,
        id_random: Arc::clone(&random),
        random,
        root_keys: Arc::clone(&registry.root_keys),
        remote_keys: Arc::new(remote_keys),
        dialects: registry.dialects.clone(),
        dialect_folder: None,
        snapshot: None,
        settings: NodeSettings::from(&config),
    };
    Node::start(parts).await.unwrap()
}

pub(crate) async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
