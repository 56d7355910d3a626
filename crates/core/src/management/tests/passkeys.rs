use super::*;
use crate::model::{MemberId, Status};

async fn finish(desk: &Desk, device: &mut Authenticator) -> Managed<NewSession> {
    let challenge = desk.management.begin_passkey_sign_in().unwrap();
    let assertion = device.get(&challenge.options);
    desk.management.finish_passkey_sign_in(&challenge.handle, &assertion, from(1)).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_an_address() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let mut device = desk.passkey(&ann).await;
    let started = finish(&desk, &mut device).await.unwrap();
    let signed_in = desk.signed_in(&started.token).await.unwrap();
    assert_eq!(signed_in.member.id, ann.member.id);
    assert_eq!(signed_in.member.passkeys[0].sign_count, device.count);
    assert_eq!(signed_in.member.passkeys[0].last_used_at, Some(desk.now()));
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_within_five_minutes() {
    let desk = Desk::new().await;
    let mut device = desk.passkey(&desk.admin().await).await;
    let challenge = desk.management.begin_passkey_sign_in().unwrap();
    let wrong = device.get_with(&challenge.options, |answer| answer.spoil_signature = true);
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&challenge.handle, &wrong, from(1)).await));
    let right = device.get(&challenge.options);
    desk.management.finish_passkey_sign_in(&challenge.handle, &right, from(1)).await.expect("a wrong answer used nothing up");
    let again = device.get(&challenge.options);
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&challenge.handle, &again, from(1)).await), "once");
    let challenge = desk.management.begin_passkey_sign_in().unwrap();
    let assertion = device.get(&challenge.options);
    desk.world.clock.advance(300);
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&challenge.handle, &assertion, from(1)).await));
    let challenge = desk.management.begin_passkey_sign_in().unwrap();
    let assertion = device.get(&challenge.options);
    desk.world.clock.advance(299);
    let done = desk.management.finish_passkey_sign_in(&challenge.handle, &assertion, from(1)).await;
    assert!(done.is_ok(), "{done:?}");
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&challenge.handle, &assertion, from(1)).await));
}

#[tokio::test]
async fn an_answer_to_another_challenge_or_for_another_purpose_is_refused() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let mut device = desk.passkey(&ann).await;
    let (one, two) = (desk.management.begin_passkey_sign_in().unwrap(), desk.management.begin_passkey_sign_in().unwrap());
    let assertion = device.get(&one.options);
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&two.handle, &assertion, from(1)).await));
    let signed_in = desk.signed_in(&finish(&desk, &mut device).await.unwrap().token).await.unwrap();
    let step_up = desk.management.begin_step_up(&signed_in, SensitiveAction::Keys).unwrap();
    let assertion = device.get(&step_up.options);
    assert!(is_refused(&desk.management.finish_passkey_sign_in(&step_up.handle, &assertion, from(1)).await));
    let proof = StepUpProof::Passkey { handle: &step_up.handle, assertion: &assertion };
    let other = desk.management.step_up(&signed_in, SensitiveAction::Access, proof, (from(1), next())).await;
    assert!(is_refused(&other), "s24: bound to its action");
    let proof = StepUpProof::Passkey { handle: &step_up.handle, assertion: &assertion };
    let renewed = desk.management.step_up(&signed_in, SensitiveAction::Keys, proof, (from(1), next())).await.unwrap();
    let signed_in = desk.signed_in(&renewed.token).await.unwrap();
    assert!(signed_in.check_stepped_up(SensitiveAction::Keys, desk.now()).is_ok());
}

#[tokio::test]
async fn a_passkey_is_its_members_alone() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.admin().await, desk.member("bob@example.org", Role::Auditor, None).await);
    let mut device = desk.passkey(&bob).await;
    for handle in [
        Some(ann.member.id.to_string().into_bytes()),
        Some(MemberId::none().to_string().into_bytes()),
        Some(vec![0xff; 26]),
        None,
    ] {
        device.user_handle = handle;
        assert!(is_refused(&finish(&desk, &mut device).await));
    }
    // One's own session is not stepped up with another's passkey.
    let signed_in = desk.signed_in(&ann.token).await.unwrap();
    let challenge = desk.management.begin_step_up(&signed_in, SensitiveAction::Keys).unwrap();
    let assertion = device.get(&challenge.options);
    let proof = StepUpProof::Passkey { handle: &challenge.handle, assertion: &assertion };
    assert!(is_refused(&desk.management.step_up(&signed_in, SensitiveAction::Keys, proof, (from(1), next())).await));
    device.user_handle = Some(bob.member.id.to_string().into_bytes());
    finish(&desk, &mut device).await.unwrap();
    desk.management.registry.set_member_status(bob.member.id, Status::Disabled).await.unwrap();
    assert!(is_refused(&finish(&desk, &mut device).await));
}

#[tokio::test]
async fn a_copy_of_a_device_is_noticed() {
    let desk = Desk::new().await;
    let mut device = desk.passkey(&desk.admin().await).await;
    finish(&desk, &mut device).await.unwrap();
    finish(&desk, &mut device).await.unwrap();
    device.count -= 1;
    assert!(is_refused(&finish(&desk, &mut device).await));
    finish(&desk, &mut device).await.unwrap();
}

#[tokio::test]
async fn a_registration_needs_a_step_up_and_is_bound_to_its_session() {
    let desk = Desk::new().await;
    let (ann, bob) = (desk.admin().await, desk.member("bob@example.org", Role::Auditor, None).await);
    let plain = desk.signed_in(&ann.token).await.unwrap();
    assert!(matches!(desk.management.begin_passkey_registration(&plain), Err(ManagementError::StepUpNeeded(_))));
    let of_ann = desk.stepped_up(&ann, SensitiveAction::Access).await;
    let of_bob = desk.stepped_up(&bob, SensitiveAction::Access).await;
    let mut device = Authenticator::ed25519();
    let challenge = desk.management.begin_passkey_registration(&of_ann).unwrap();
    let attestation = device.create(&challenge.options);
    let register = async |who, name| desk.management.register_passkey(who, &challenge.handle, &attestation, name).await;
    assert!(is_refused(&register(&of_bob, "Key").await));
    register(&of_ann, "Key").await.unwrap();
    assert!(is_refused(&register(&of_ann, "Key").await.map(|_| ())), "once");
    finish(&desk, &mut device).await.unwrap();

    let again = desk.management.begin_passkey_registration(&of_ann).unwrap();
    let attestation = device.create(&again.options);
    let twice = desk.management.register_passkey(&of_ann, &again.handle, &attestation, "Key").await.map(|_| ());
    assert!(matches!(twice, Err(ManagementError::Registry(RegistryError::Exists(_)))), "{twice:?}");
    for name in ["", " ", &"x".repeat(61), "a\nb"] {
        let again = desk.management.begin_passkey_registration(&of_ann).unwrap();
        let attestation = Authenticator::es256().create(&again.options);
        assert!(desk.management.register_passkey(&of_ann, &again.handle, &attestation, name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn removing_a_passkey_ends_the_other_sessions() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let mut device = desk.passkey(&ann).await;
    let other = finish(&desk, &mut device).await.unwrap();
    let started = desk.sign_in(&ann).await.unwrap();
    desk.world.clock.advance(30);
    let person = Person { token: started.token, ..ann };
    let signed_in = desk.stepped_up(&person, SensitiveAction::Access).await;
    desk.management.remove_passkey(&signed_in, &device.credential_id).await.unwrap();
    assert!(desk.signed_in(&other.token).await.is_none());
    let left = desk.store().sessions_of(person.member.id).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [signed_in.session.id]);
}

#[tokio::test]
async fn ten_passkeys_are_enough() {
    let desk = Desk::new().await;
    let ann = desk.admin().await;
    let signed_in = desk.stepped_up(&ann, SensitiveAction::Access).await;
    for number in 1..=11 {
        let challenge = desk.management.begin_passkey_registration(&signed_in).unwrap();
        let attestation = Authenticator::es256().create(&challenge.options);
        let done = desk.management.register_passkey(&signed_in, &challenge.handle, &attestation, "Key").await;
        assert_eq!(done.is_ok(), number <= 10, "{number}");
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_with_a_passkey_and_the_last_means_to_sign_in_stays() {
    let desk = Desk::new().await;
    let new = NewInvitation { email: "bob@example.org".parse().unwrap(), role: Role::Auditor, tenant_id: None };
    let token = desk.management.registry.invite(&new, None).await.unwrap().token;
    let view = desk.management.view_invitation(&token, from(1)).await.unwrap();
    let mut device = Authenticator::es256();
    let attestation = device.create(&view.passkey.options);
    let means = |handle| AcceptanceMeans::Passkey { handle, attestation: &attestation, name: "Laptop" };
    let accept = async |handle| {
        let acceptance = Acceptance { name: "Bob", email: None, means: means(handle) };
        desk.management.accept_invitation(&token, &acceptance, from(1)).await
    };
    assert!(is_refused(&accept(&view.totp.handle).await));
    let accepted = accept(&view.passkey.handle).await.unwrap();
    assert!(accepted.member.password.is_none());
    let started = finish(&desk, &mut device).await.unwrap();
    let signed_in = desk.signed_in(&started.token).await.unwrap();
    let challenge = desk.management.begin_step_up(&signed_in, SensitiveAction::Access).unwrap();
    let assertion = device.get(&challenge.options);
    let proof = StepUpProof::Passkey { handle: &challenge.handle, assertion: &assertion };
    let renewed = desk.management.step_up(&signed_in, SensitiveAction::Access, proof, (from(1), next())).await.unwrap();
    let signed_in = desk.signed_in(&renewed.token).await.unwrap();
    assert!(is_not_allowed(&desk.management.remove_passkey(&signed_in, &device.credential_id).await));
    assert!(is_missing(&desk.management.remove_passkey(&signed_in, b"other").await));
    let challenge = desk.management.begin_passkey_registration(&signed_in).unwrap();
    let attestation = Authenticator::ed25519().create(&challenge.options);
    desk.management.register_passkey(&signed_in, &challenge.handle, &attestation, "Key").await.unwrap();
    desk.management.remove_passkey(&signed_in, &device.credential_id).await.unwrap();
    assert!(is_refused(&finish(&desk, &mut device).await));
}
