use mintmark_core::management::Role;

use super::desk::Desk;

#[tokio::test]
async fn a_dialect_is_shown_with_its_file_beside_an_exchange() {
    let desk = Desk::of(Role::Auditor, None).await;
    let list = desk.page("/dialects").await;
    assert!(list.contains("/dialects/standard") && list.contains("/dialects/asset"), "{list}");
    let page = desk.page("/dialects/standard").await;
    for part in ["grant_type=client_credentials", "HTTP/1.1 200", "access_token", "invalid_client", "name = &#34;standard&#34;"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(desk.status("/dialects/unknown").await, 404);
    assert_eq!(desk.status("/dialects/..%2Fx").await, 404);
}

#[tokio::test]
async fn the_last_reload_is_told_and_the_node_says_how_it_is() {
    let desk = Desk::of(Role::Auditor, None).await;
    let page = desk.page("/node").await;
    assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains("SQLite · answers"), "{page}");
    assert!(page.contains("not since it started"), "{page}");
    desk.dashboard.app.node.reload_dialects().await.unwrap();
    assert!(desk.page("/dialects").await.contains("The dialects were read again"));
    assert!(desk.page("/node").await.contains("2027-01-15 08:00:00 UTC"));
}

#[tokio::test]
async fn a_tenant_sees_neither_dialects_nor_the_node() {
    let admin = Desk::of(Role::Admin, None).await;
    let desk = admin.beside(Role::Owner, admin.acme.id).await;
    for path in ["/dialects", "/dialects/standard", "/node"] {
        assert_eq!(desk.status(path).await, 403, "{path}");
    }
}
