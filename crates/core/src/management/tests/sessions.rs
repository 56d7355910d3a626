use super::*;
use crate::model::Status;
use crate::store::SessionsToEnd;

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let began = desk.signed_in(&ann.token).await.unwrap().session.created_at;
    // Used every twenty minutes it lasts twelve hours.
    while desk.now() < began.plus(Session::LIFETIME - 1200) {
        assert!(desk.signed_in(&ann.token).await.is_some(), "{:?}", desk.now());
        desk.world.clock.advance(1200);
    }
    assert!(desk.signed_in(&ann.token).await.is_some());
    desk.world.clock.advance(1200);
    assert!(desk.signed_in(&ann.token).await.is_none());
    let again = desk.sign_in(&ann).await.unwrap();
    desk.world.clock.advance(Session::IDLE_MAX);
    assert!(desk.signed_in(&again.token).await.is_none());
}

#[tokio::test]
async fn a_session_is_written_once_a_minute_at_most() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let seen = async || desk.signed_in(&ann.token).await.unwrap().session.last_seen_at;
    let first = seen().await;
    desk.world.clock.advance(29);
    assert_eq!(seen().await, first);
    assert_eq!(seen().await, first);
    desk.world.clock.advance(1);
    seen().await;
    assert_eq!(seen().await, desk.now());
}

#[tokio::test]
async fn what_is_no_token_is_nobody() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let other = ann.token.expose().replace(|one: char| one.is_ascii_digit(), "_");
    for token in ["", "x", &other, &"x".repeat(4096), &ann.member.id.to_string()] {
        assert!(desk.signed_in(&text(token)).await.is_none(), "{token}");
    }
    let session = desk.signed_in(&ann.token).await.unwrap().session;
    assert!(desk.signed_in(&text(&session.id.to_string())).await.is_none(), "what names a session is not what begins it");
}

#[tokio::test]
async fn a_step_up_gives_the_session_another_token_and_is_for_its_action() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let before = desk.signed_in(&ann.token).await.unwrap();
    let wrong = StepUpProof::Password { password: &text("wrong horse battery"), code: &desk.code_of(&ann.secret) };
    assert!(is_refused(&desk.management.step_up(&before, SensitiveAction::Keys, wrong, (from(1), next())).await));
    let code = desk.code_of(&ann.secret);
    let proof = StepUpProof::Password { password: &text(PASSWORD), code: &code };
    let renewed = desk.management.step_up(&before, SensitiveAction::Keys, proof, (from(1), next())).await.unwrap();
    assert!(desk.signed_in(&ann.token).await.is_none(), "the token from before is worth nothing");
    let after = desk.signed_in(&renewed.token).await.unwrap();
    assert_eq!(after.session.id, before.session.id);
    let audit = desk.last_audit().await;
    assert_eq!((audit.action.as_str(), &audit.after.unwrap()["step_up"]["action"]), ("session.step_up", &"keys".into()));
    assert!(after.check_stepped_up(SensitiveAction::Keys, desk.now()).is_ok());
    let other = after.check_stepped_up(SensitiveAction::Credentials, desk.now());
    assert!(matches!(other, Err(ManagementError::StepUpNeeded(SensitiveAction::Credentials))), "s24: bound to its action");
    desk.world.clock.advance(Session::STEP_UP_MAX);
    let after = desk.signed_in(&renewed.token).await.unwrap();
    assert!(after.check_stepped_up(SensitiveAction::Keys, desk.now()).is_err());
    assert!(!after.session.is_stepped_up(desk.now()));
    assert!(before.check_stepped_up(SensitiveAction::Keys, desk.now()).is_err(), "signing in is no step-up");
}

#[tokio::test]
async fn s24_a_form_that_showed_who_it_is_may_come_again_for_a_minute_and_nobody_else_may() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let before = desk.signed_in(&ann.token).await.unwrap();
    let proof = StepUpProof::Password { password: &text(PASSWORD), code: &desk.code_of(&ann.secret) };
    let of = |former: &SecretText, nonce: &str| NextToken::of(former, &text(nonce));
    let next = || of(&ann.token, "the form's");
    let renewed = desk.management.step_up(&before, SensitiveAction::Keys, proof, (from(1), next())).await.unwrap();
    let again = async |next: NextToken, action| desk.management.stepped_up_before(&next, action, desk.now()).await.unwrap();
    let found = again(next(), SensitiveAction::Keys).await.unwrap();
    assert_eq!(found.session, desk.signed_in(&renewed.token).await.unwrap().session);
    assert!(again(next(), SensitiveAction::Access).await.is_none(), "bound to its action");
    assert!(again(of(&ann.token, "a guess"), SensitiveAction::Keys).await.is_none(), "who copied the token has not the form");
    assert!(again(of(&text("another"), "the form's"), SensitiveAction::Keys).await.is_none(), "nor who has the form the token");
    desk.world.clock.advance(60);
    assert!(again(next(), SensitiveAction::Keys).await.is_none());
    assert!(desk.signed_in(&renewed.token).await.is_some(), "the session goes on");
}

#[tokio::test]
async fn ones_own_means_are_changed_only_by_a_session_that_is_still_there() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let by = desk.authority(&ann).await;
    let gone = desk.stepped_up(&ann, SensitiveAction::Access).await;
    let begun = desk.management.begin_totp(&gone).unwrap();
    let code = desk.code_of(&unbase32(begun.secret.expose()));
    let challenge = desk.management.begin_passkey_registration(&gone).unwrap();
    let attestation = Authenticator::es256().create(&challenge.options);
    // As if it ended while these requests were on their way.
    desk.management.end_sessions(&by, ann.member.id, SessionsToEnd::All).await.unwrap();
    assert!(is_not_allowed(&desk.management.change_password(&gone, &text("another long password")).await));
    assert!(is_not_allowed(&desk.management.enrol_totp(&gone, &begun.handle, &code).await));
    assert!(is_not_allowed(&desk.management.register_passkey(&gone, &challenge.handle, &attestation, "Key").await));
    assert!(is_not_allowed(&desk.management.remove_passkey(&gone, b"any").await));
    desk.sign_in(&ann).await.expect("nothing changed");
}

#[tokio::test]
async fn s24_a_step_up_meanwhile_ends_what_the_token_from_before_may_change() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let before = desk.stepped_up(&ann, SensitiveAction::Access).await;
    let code = desk.code_of(&ann.secret);
    let proof = StepUpProof::Password { password: &text(PASSWORD), code: &code };
    desk.management.step_up(&before, SensitiveAction::Access, proof, (from(1), next())).await.unwrap();
    assert!(is_not_allowed(&desk.management.change_password(&before, &text("another long password")).await));
}

#[tokio::test]
async fn who_guesses_at_an_address_keeps_nobody_who_is_signed_in_from_showing_who_they_are() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let email = ann.member.email.as_str();
    for place in 1..=10 {
        for _ in 0..10 {
            let tried = desk.management.sign_in_with_password(email, &text("wrong"), &text("000000"), from(place)).await;
            assert!(is_refused(&tried));
        }
    }
    assert!(matches!(desk.sign_in(&ann).await, Err(ManagementError::Limited(_))));
    desk.world.clock.advance(30);
    let signed_in = desk.stepped_up(&ann, SensitiveAction::Access).await;
    let challenge = desk.management.begin_passkey_registration(&signed_in).unwrap();
    let mut device = Authenticator::es256();
    let attestation = device.create(&challenge.options);
    desk.management.register_passkey(&signed_in, &challenge.handle, &attestation, "Key").await.unwrap();
    // Wrong passwords of whoever has the session count for the password alone.
    let (password, code) = (text("wrong"), text("000000"));
    let wrong = || StepUpProof::Password { password: &password, code: &code };
    for _ in 0..10 {
        assert!(is_refused(&desk.management.step_up(&signed_in, SensitiveAction::Keys, wrong(), (from(30), next())).await));
    }
    let limited = desk.management.step_up(&signed_in, SensitiveAction::Keys, wrong(), (from(30), next())).await;
    assert!(matches!(limited, Err(ManagementError::Limited(_))));
    let member = desk.store().member(ann.member.id).await.unwrap().unwrap();
    let signed_in = SignedIn { member, ..signed_in };
    let challenge = desk.management.begin_step_up(&signed_in, SensitiveAction::Keys).unwrap();
    let assertion = device.get(&challenge.options);
    let proof = StepUpProof::Passkey { handle: &challenge.handle, assertion: &assertion };
    desk.management.step_up(&signed_in, SensitiveAction::Keys, proof, (from(30), next())).await.unwrap();
}

#[tokio::test]
async fn a_used_code_makes_no_step_up() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let code = desk.code_of(&ann.secret);
    let started = desk.sign_in(&ann).await.unwrap();
    let signed_in = desk.signed_in(&started.token).await.unwrap();
    let proof = StepUpProof::Password { password: &text(PASSWORD), code: &code };
    assert!(is_refused(&desk.management.step_up(&signed_in, SensitiveAction::Keys, proof, (from(1), next())).await));
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let other = desk.sign_in(&ann).await.unwrap();
    let signed_in = desk.signed_in(&ann.token).await.unwrap();
    desk.management.sign_out(&signed_in).await.unwrap();
    assert!(desk.signed_in(&ann.token).await.is_none());
    assert!(desk.signed_in(&other.token).await.is_some());
    assert_eq!(desk.last_audit().await.action, "session.end");
    let head = desk.store().feed(crate::model::Position(0), 1).await.unwrap().head;
    desk.management.sign_out(&signed_in).await.unwrap();
    let after = desk.store().feed(crate::model::Position(0), 1).await.unwrap().head;
    assert_eq!(after, head, "one that is over is ended by nothing");
}

#[tokio::test]
async fn one_lists_and_ends_ones_own_sessions_and_those_within_reach() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let owner = desk.member("owner@example.org", Role::Owner, Some(desk.world.acme)).await;
    let viewer = desk.member("viewer@example.org", Role::Viewer, Some(desk.world.acme)).await;
    let foreign = desk.member("foreign@example.org", Role::Owner, Some(desk.world.globex)).await;
    let by = |person| desk.authority(person);
    let management = &desk.management;
    assert_eq!(management.sessions_of(&by(&viewer).await, viewer.member.id).await.unwrap().len(), 1);
    assert_eq!(management.sessions_of(&by(&owner).await, viewer.member.id).await.unwrap().len(), 1);
    assert_eq!(management.sessions_of(&by(&admin).await, foreign.member.id).await.unwrap().len(), 1);
    assert!(is_not_allowed(&management.sessions_of(&by(&viewer).await, owner.member.id).await));
    // S4: another tenant's member, and the operator's, are as one that does not exist.
    for id in [foreign.member.id, admin.member.id, crate::model::MemberId::none()] {
        assert!(is_missing(&management.sessions_of(&by(&owner).await, id).await));
        assert!(is_missing(&management.end_sessions(&by(&owner).await, id, SessionsToEnd::All).await));
    }
    let session = desk.signed_in(&viewer.token).await.unwrap().session.id;
    management.end_sessions(&by(&owner).await, viewer.member.id, SessionsToEnd::One(session)).await.unwrap();
    assert!(desk.signed_in(&viewer.token).await.is_none());
}

#[tokio::test]
async fn disabling_a_member_or_changing_its_role_ends_its_sessions_at_once() {
    let desk = Desk::new().await;
    let admin = desk.admin().await;
    let bob = desk.member("bob@example.org", Role::Developer, Some(desk.world.acme)).await;
    let by = desk.authority(&admin).await;
    desk.management.change_role(&by, bob.member.id, Role::Viewer).await.unwrap();
    assert!(desk.signed_in(&bob.token).await.is_none());
    let again = desk.sign_in(&bob).await.unwrap();
    assert_eq!(desk.signed_in(&again.token).await.unwrap().authority.role(), Role::Viewer);
    desk.management.set_member_status(&by, bob.member.id, Status::Disabled).await.unwrap();
    assert!(desk.signed_in(&again.token).await.is_none());
    desk.management.set_member_status(&by, bob.member.id, Status::Active).await.unwrap();
    assert!(desk.signed_in(&again.token).await.is_none(), "turned on again, one signs in again");
}

#[tokio::test]
async fn of_too_many_sessions_the_oldest_end() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let mut tokens = vec![ann.token.clone()];
    for _ in 0..20 {
        tokens.push(desk.sign_in(&ann).await.unwrap().token);
        desk.world.clock.advance(31);
    }
    assert!(desk.signed_in(&tokens[0]).await.is_none());
    assert!(desk.signed_in(&tokens[1]).await.is_some());
    let by = desk.authority(&ann).await;
    assert_eq!(desk.management.sessions_of(&by, ann.member.id).await.unwrap().len(), 20);
}

#[tokio::test]
async fn who_asks_too_much_waits_and_keeps_nobody_else_from_asking() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.admin().await, desk.member("bob@example.org", Role::Auditor, None).await);
    let count = async |person: &Person| desk.management.count_call(&desk.authority(person).await, desk.now());
    for _ in 0..CALLS_PER_MINUTE {
        count(&ann).await.unwrap();
    }
    assert!(matches!(count(&ann).await, Err(ManagementError::Limited(1..=60))));
    count(&bob).await.unwrap();
    desk.world.clock.advance(60);
    count(&ann).await.unwrap();
}

#[tokio::test]
async fn a_tenant_asks_no_more_by_having_more_who_ask() {
    let desk = Desk::new().await;
    let ids = (0..4).map(|_| Principal::Client(ManagementClientId::generate(&*desk.management.registry.random)));
    let of = |tenant| ids.clone().map(move |id| Authority::new(id, Role::Viewer, Reach::Tenant(tenant)).unwrap());
    let ask = |by: &Authority| desk.management.count_call(by, desk.now());
    let acme: Vec<Authority> = of(desk.world.acme).collect();
    let [first, .., last] = acme.as_slice() else { panic!("there are four") };
    for by in &acme[..3] {
        for _ in 0..CALLS_PER_MINUTE {
            ask(by).unwrap();
        }
        assert!(matches!(ask(by), Err(ManagementError::Limited(_))), "what one is refused counts for no other");
    }
    assert!(matches!(ask(last), Err(ManagementError::Limited(1..=60))), "the tenant has had its share");
    let globex = of(desk.world.globex).next().unwrap();
    ask(&globex).unwrap();
    let admin = Authority::new(first.principal(), Role::Admin, Reach::Operator).unwrap();
    desk.world.clock.advance(60);
    ask(last).unwrap();
    ask(&admin).unwrap();
}
