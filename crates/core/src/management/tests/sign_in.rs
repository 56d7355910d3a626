use super::*;
use crate::model::Status;

#[tokio::test]
async fn password_and_code_sign_in_and_neither_does_alone() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let code = desk.code_of(&ann.secret);
    let (email, none) = (ann.member.email.as_str(), text(""));
    for (email, password, code) in [
        (email, text("wrong horse battery"), &code),
        (email, text(PASSWORD), &text("000000")),
        (email, text(PASSWORD), &none),
        (email, none.clone(), &code),
        ("nobody@example.org", text(PASSWORD), &code),
        ("no address", text(PASSWORD), &code),
    ] {
        let tried = desk.management.sign_in_with_password(email, &password, code, from(2)).await;
        assert!(is_refused(&tried), "{email} {tried:?}");
    }
    let started = desk.sign_in(&ann).await.unwrap();
    let signed_in = desk.signed_in(&started.token).await.unwrap();
    assert_eq!(signed_in.member.id, ann.member.id);
    assert_eq!(signed_in.authority.role(), Role::Admin);
    assert_eq!(signed_in.session.user_agent, "Browser/1", "no control characters in logs and pages");
    assert_eq!(signed_in.member.last_sign_in_at, Some(desk.now()));
    let audit = desk.last_audit().await;
    assert_eq!((audit.action.as_str(), audit.actor), ("session.begin", ann.member.id.to_string()));
}

#[tokio::test]
async fn a_time_step_is_accepted_once() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let code = desk.code_of(&ann.secret);
    desk.sign_in(&ann).await.unwrap();
    assert!(is_refused(&desk.sign_in(&ann).await));
    // The code before it is still in its time, and was not used: after a later one it is not taken either (RFC 6238 section 5.2).
    desk.world.clock.advance(60);
    desk.sign_in(&ann).await.unwrap();
    desk.world.clock.step(-30);
    assert!(is_refused(&desk.sign_in(&ann).await));
    let late = desk.management.sign_in_with_password("root@example.org", &text(PASSWORD), &code, from(1)).await;
    assert!(is_refused(&late));
}

#[tokio::test]
async fn of_two_who_use_a_code_at_once_one_gets_in() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let (one, two) = tokio::join!(desk.sign_in(&ann), desk.sign_in(&ann));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
}

#[tokio::test]
async fn guessing_ends_after_ten_tries_for_whoever_guesses() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let wrong = text("wrong horse battery");
    let code = desk.code_of(&ann.secret);
    let guess = async |email: &'static str| desk.management.sign_in_with_password(email, &wrong, &code, from(2)).await;
    for _ in 0..10 {
        assert!(is_refused(&guess("root@example.org").await));
    }
    let limited = guess("root@example.org").await;
    assert!(matches!(limited, Err(ManagementError::Limited(1..=900))), "{limited:?}");
    // An address that nobody has is limited alike: it tells nobody that there is none.
    for _ in 0..10 {
        assert!(is_refused(&guess("nobody@example.org").await));
    }
    assert!(matches!(guess("nobody@example.org").await, Err(ManagementError::Limited(_))));
    desk.sign_in(&ann).await.expect("she comes from elsewhere");
}

#[tokio::test]
async fn a_disabled_member_and_one_of_a_disabled_tenant_do_not_sign_in() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.admin().await, desk.member("bob@example.org", Role::Owner, Some(desk.world.acme)).await);
    desk.world.registry.set_tenant_status(desk.world.acme, Status::Disabled).await.unwrap();
    assert!(is_refused(&desk.sign_in(&bob).await));
    assert!(desk.signed_in(&bob.token).await.is_none(), "s1: what the store says at this call");
    desk.world.registry.set_tenant_status(desk.world.acme, Status::Active).await.unwrap();
    assert!(desk.signed_in(&bob.token).await.is_none(), "a session that was ended stays so");
    desk.world.clock.advance(30);
    let back = desk.sign_in(&bob).await.unwrap();
    assert!(desk.signed_in(&back.token).await.is_some());
    desk.management.registry.set_member_status(bob.member.id, Status::Disabled).await.unwrap();
    desk.world.clock.advance(30);
    assert!(is_refused(&desk.sign_in(&bob).await));
    desk.sign_in(&ann).await.unwrap();
}

#[tokio::test]
async fn a_row_copied_to_another_member_signs_nobody_in() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.admin().await, desk.member("bob@example.org", Role::Auditor, None).await);
    let stored = desk.store().member(bob.member.id).await.unwrap().unwrap();
    let edit = |member: &mut Member| {
        member.password.clone_from(&stored.password);
        member.totp.clone_from(&stored.totp);
        Ok((Vec::new(), ()))
    };
    desk.management.registry.edit_member("test", ann.member.id, edit).await.unwrap();
    let forged = Person { secret: bob.secret.clone(), ..ann };
    assert!(is_refused(&desk.sign_in(&forged).await));
}

#[tokio::test]
async fn a_new_password_and_a_new_secret_need_a_step_up_and_end_other_sessions() {
    let desk = Desk::new().await;
    let mut ann = desk.admin().await;
    let other = desk.sign_in(&ann).await.unwrap();
    desk.world.clock.advance(30);
    let plain = desk.signed_in(&ann.token).await.unwrap();
    let refused = desk.management.change_password(&plain, &text("another horse battery")).await;
    assert!(matches!(refused, Err(ManagementError::StepUpNeeded(SensitiveAction::Access))), "{refused:?}");
    assert!(matches!(desk.management.begin_totp(&plain), Err(ManagementError::StepUpNeeded(_))));

    let signed_in = desk.stepped_up(&ann, SensitiveAction::Access).await;
    let enrolment = desk.management.begin_totp(&signed_in).unwrap();
    let secret = unbase32(enrolment.secret.expose());
    let wrong = desk.management.enrol_totp(&signed_in, &enrolment.handle, &text("000000")).await;
    assert!(is_refused(&wrong));
    let code = desk.code_of(&secret);
    desk.management.enrol_totp(&signed_in, &enrolment.handle, &code).await.unwrap();
    assert!(desk.signed_in(&other.token).await.is_none());
    desk.world.clock.advance(30);
    assert!(is_refused(&desk.sign_in(&ann).await), "the codes from before are worth nothing");
    ann.secret = secret;
    desk.sign_in(&ann).await.unwrap();

    desk.management.change_password(&signed_in, &text("another horse battery")).await.unwrap();
    desk.world.clock.advance(30);
    assert!(is_refused(&desk.sign_in(&ann).await));
}

#[tokio::test]
async fn s10_the_audit_holds_nothing_that_signs_in() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    desk.sign_in(&ann).await.unwrap();
    desk.world.clock.advance(30);
    desk.passkey(&desk.member("bob@example.org", Role::Auditor, None).await).await;
    let all =
        serde_json::to_string(&desk.store().audit(&crate::store::AuditFilter::default(), None, 1000).await.unwrap()).unwrap();
    for word in ["password\"", "totp", "digest", ann.token.expose()] {
        assert!(!all.contains(word), "{word}");
    }
    assert!(!format!("{:?}", desk.sign_in(&ann).await).contains("Secret(\""));
}
