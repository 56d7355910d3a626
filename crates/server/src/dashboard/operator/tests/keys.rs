use http::StatusCode;
use mintmark_core::keys::PUBLISHED_BEFORE_USE;
use mintmark_core::management::Role;
use mintmark_core::model::{KeyState, SensitiveAction, SigningKey};
use mintmark_core::store::Store;

use super::desk::Desk;
use crate::dashboard::fixture::text;

async fn keys(desk: &Desk) -> Vec<SigningKey> {
    desk.registry().store.environments().await.unwrap().value.remove(0).keys
}

async fn key(desk: &Desk, state: KeyState) -> SigningKey {
    keys(desk).await.into_iter().find(|key| key.state == state).unwrap()
}

#[tokio::test]
async fn an_admin_rotates_when_the_next_key_is_known_and_sees_when_each_step_is_safe() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Keys)).await;
    let (active, next) = (key(&desk, KeyState::Active).await, key(&desk, KeyState::Next).await);
    let page = desk.page("/keys").await;
    assert!(
        page.contains(&active.kid) && page.contains(&next.kid) && page.contains("May sign from 2027-01-15 08:15 UTC"),
        "{page}"
    );
    let rotate = format!("/keys/sandbox/{}/rotate", active.kid);
    for path in ["/keys", &format!("/keys/sandbox/{}", active.kid)] {
        assert!(!desk.page(path).await.contains(&rotate), "{path}: what would change nothing is not offered");
    }
    assert!(desk.done(&rotate, &[]).await.contains("verifiers may not know the next key yet"));
    assert_eq!(key(&desk, KeyState::Active).await.kid, active.kid);

    desk.dashboard.clock.advance(u32::try_from(PUBLISHED_BEFORE_USE).unwrap());
    let asked = desk.send(&rotate, &[]).await;
    assert_eq!(asked.status(), 403, "who they are is asked again after ten minutes");
}

#[tokio::test]
async fn a_next_key_takes_over_and_the_old_one_can_be_removed_only_by_typing() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Keys)).await;
    let (active, next) = (key(&desk, KeyState::Active).await, key(&desk, KeyState::Next).await);
    // Minutes pass, and they sign in and show who they are anew.
    desk.dashboard.clock.advance(u32::try_from(PUBLISHED_BEFORE_USE).unwrap());
    let desk = desk.again(Role::Admin, Some(SensitiveAction::Keys)).await;
    assert!(desk.page("/keys").await.contains(&format!("/keys/sandbox/{}/rotate", active.kid)));
    let rotated = desk.done(&format!("/keys/sandbox/{}/rotate", active.kid), &[]).await;
    assert!(rotated.contains("The next key signs from now on") && rotated.contains("Can be removed from"), "{rotated}");
    assert_eq!(key(&desk, KeyState::Active).await.kid, next.kid);
    let repeated = desk.done(&format!("/keys/sandbox/{}/rotate", active.kid), &[]).await;
    assert!(repeated.contains("another key signs already"), "{repeated}");

    let old = format!("/keys/sandbox/{}", active.kid);
    let page = desk.page(&format!("{old}?dialog=remove")).await;
    assert!(
        page.contains("Tokens that it signed may be valid until")
            && page.contains("<dialog id=\"remove\" class=\"dialog dangerous\"")
    );
    assert_eq!(desk.send(&format!("{old}/remove"), &[]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let short = &active.kid[..8];
    assert!(desk.done(&format!("{old}/remove"), &[("confirmation", short)]).await.contains("removed from the JWKS"));
    assert_eq!(key(&desk, KeyState::Removed).await.kid, active.kid);
    assert!(desk.done(&format!("{old}/restore"), &[]).await.contains("The key is published again"));
    assert_eq!(key(&desk, KeyState::Retired).await.kid, active.kid);
}

#[tokio::test]
async fn s24_a_key_is_revoked_by_whoever_showed_who_they_are_and_typed_its_id() {
    let desk = Desk::of(Role::Admin, None).await;
    let active = key(&desk, KeyState::Active).await;
    let (here, short) = (format!("/keys/sandbox/{}", active.kid), active.kid[..8].to_owned());
    let asked = desk.send(&format!("{here}/revoke"), &[("confirmation", &short)]).await;
    assert_eq!(asked.status(), 403);
    let page = text(asked).await;
    assert!(page.contains("name=\"step_up_action\" value=\"keys\"") && page.contains(&short), "{page}");
    assert_eq!(key(&desk, KeyState::Active).await.kid, active.kid);

    let desk = desk.again(Role::Admin, Some(SensitiveAction::Keys)).await;
    let wrong = desk.send(&format!("{here}/revoke"), &[("confirmation", "x")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(wrong).await.contains("Nothing was changed"));
    let done = desk.done(&format!("{here}/revoke"), &[("confirmation", &short)]).await;
    assert!(done.contains("The key is revoked") && !done.contains("/revoke\""), "{done}");
    assert_eq!(key(&desk, KeyState::Revoked).await.kid, active.kid);
    assert_ne!(key(&desk, KeyState::Active).await.kid, active.kid);
}

#[tokio::test]
async fn an_auditor_sees_keys_and_changes_none_and_a_tenant_sees_none() {
    let desk = Desk::of(Role::Auditor, Some(SensitiveAction::Keys)).await;
    let active = key(&desk, KeyState::Active).await;
    let page = desk.page(&format!("/keys/sandbox/{}", active.kid)).await;
    assert!(page.contains("Life of this key") && !page.contains("Danger zone") && !page.contains("Rotate now"), "{page}");
    for change in ["rotate", "revoke", "remove", "restore"] {
        let fields = [("confirmation", &active.kid[..8])];
        let answer = desk.send(&format!("/keys/sandbox/{}/{change}", active.kid), &fields).await;
        assert_eq!(answer.status(), 403, "{change}");
    }
    assert_eq!(desk.status("/keys/nowhere").await, 404);
    assert_eq!(desk.status("/keys/sandbox/nonsense").await, 404);
    let owner = desk.beside(Role::Owner, desk.acme.id).await;
    assert_eq!(owner.status("/keys").await, 403);
}
