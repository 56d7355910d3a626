use mintmark_core::registry::ClientEdit;

use crate::fixture::{Answer, TestServer, form};

/// Asset's dialect with small limits.
const SMALL: &str = "format = 1\nname = \"small\"\nextends = \"asset\"\nroute.path = \"/small\"\n\
    limits.client = 4\nlimits.tenant = 6\nlimits.business = 2\n";

struct World {
    server: TestServer,
}

impl World {
    /// Two clients of one tenant that may use the dialect.
    async fn start() -> Self {
        let server = TestServer::setup().with_dialect(SMALL).start().await;
        for name in ["asset", "standard"] {
            let id = server.world.client("sandbox", name).id.parse().unwrap();
            let edit = ClientEdit { dialects: Some(vec!["small".parse().unwrap()]), ..ClientEdit::default() };
            server.registry.edit_client(&"sandbox".parse().unwrap(), &id, &edit).await.unwrap();
        }
        server.poll().await;
        Self { server }
    }

    async fn ask(&self, client: &str, more: &str) -> Answer {
        let client = self.server.world.client("sandbox", client);
        let form_text = format!("client_id={}&client_secret={}{more}", client.id, client.secret);
        self.server.send(form("/small", &form_text)).await
    }

    fn for_business(&self, name: &str) -> String {
        format!("&business_id={}", self.server.world.business("sandbox", name))
    }
}

fn counters(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

#[tokio::test]
async fn a_business_has_a_limit_of_its_own() {
    let world = World::start().await;
    let bakery = world.for_business("bakery");
    assert_eq!(counters(&world.ask("asset", &bakery).await), (200, Some("2"), Some("1")));
    assert_eq!(counters(&world.ask("asset", &bakery).await), (200, Some("2"), Some("0")));
    let over = world.ask("asset", &bakery).await;
    assert_eq!(counters(&over), (429, Some("2"), Some("0")));
    assert_eq!((over.text(), over.header("retry-after")), (r#"{"error":"Rate limit exceeded","data":null}"#, Some("32")));
    let depot = world.for_business("depot");
    assert_eq!(world.ask("standard", &depot).await.status, 200, "another business");
}

#[tokio::test]
async fn the_tightest_limit_is_told_and_a_new_minute_begins_anew() {
    let world = World::start().await;
    for remaining in ["3", "2", "1", "0"] {
        assert_eq!(counters(&world.ask("asset", "").await), (200, Some("4"), Some(remaining)));
    }
    assert_eq!(counters(&world.ask("asset", "").await), (429, Some("4"), Some("0")), "the client's");
    // What the client's own limit refused does not count for the tenant.
    for remaining in ["1", "0"] {
        assert_eq!(counters(&world.ask("standard", "").await), (200, Some("6"), Some(remaining)));
    }
    assert_eq!(counters(&world.ask("standard", "").await), (429, Some("6"), Some("0")), "the tenant's");
    world.server.clock.advance(32);
    assert_eq!(counters(&world.ask("asset", "").await), (200, Some("4"), Some("3")));
}

/// Rule S6: knowing a `client_id` locks nobody out.
#[tokio::test]
async fn s6_refused_tries_do_not_touch_the_clients_own_limit() {
    let world = World::start().await;
    let client = world.server.world.client("sandbox", "asset");
    let wrong = form("/small", &format!("client_id={}&client_secret=wrong", client.id));
    let mut statuses = Vec::new();
    for _ in 0..61 {
        let answer = world.server.send(&wrong).await;
        assert_eq!(answer.header("x-ratelimit-limit"), None);
        statuses.push(answer.status);
    }
    assert_eq!((statuses[59], statuses[60]), (401, 429));
    assert_eq!(counters(&world.ask("asset", "").await), (200, Some("4"), Some("3")), "from the same address even");
}
