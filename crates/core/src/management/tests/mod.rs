//! Every rule of managing, told as people meet it.

mod authenticator;
mod invitations;
mod members;
mod passkeys;
mod resealing;
mod sessions;
mod sign_in;
mod tokens;
mod verification;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use self::authenticator::Authenticator;
use super::*;
use crate::clock::{Clock, Timestamp};
use crate::crypto::SecretText;
use crate::fixture::World;
use crate::model::{ManagementClientId, Member, SensitiveAction, Session, TenantId};
use crate::registry::{NewInvitation, RegistryError};
use crate::store::memory::MemoryStore;
use crate::store::{AuditFilter, PeopleStore, Store};

const ORIGIN: &str = "https://admin.example";
const PASSWORD: &str = "correct horse battery";
const CHEAP: PasswordCost = PasswordCost { memory: 8, passes: 1 };

/// A server that is managed.
struct Desk {
    world: World,
    management: Management<MemoryStore>,
}

/// Somebody, with what they sign in with.
struct Person {
    member: Member,
    token: SecretText,
    secret: totp::TotpSecret,
}

fn text(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

/// The token after a step-up by a form that nobody else has.
fn next() -> NextToken {
    static FORMS: AtomicU32 = AtomicU32::new(0);
    NextToken::of(&text("another session's"), &text(&FORMS.fetch_add(1, Ordering::Relaxed).to_string()))
}

fn from(number: u8) -> Visitor<'static> {
    Visitor { source: Some(IpAddr::from([192, 0, 2, number])), user_agent: "Browser/1\u{7}" }
}

fn is_refused<T: std::fmt::Debug>(managed: &Managed<T>) -> bool {
    matches!(managed, Err(ManagementError::Refused))
}

fn is_missing<T: std::fmt::Debug>(managed: &Managed<T>) -> bool {
    matches!(managed, Err(ManagementError::Registry(RegistryError::NotFound(_))))
}

fn is_not_allowed<T: std::fmt::Debug>(managed: &Managed<T>) -> bool {
    matches!(managed, Err(ManagementError::Registry(RegistryError::NotAllowed(_))))
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let registry = world.registry.acting_as(Actor::local("a test"));
        let management = Management::with_password_cost(registry, Origin::parse(ORIGIN).unwrap(), CHEAP);
        Self { world, management }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn store(&self) -> &Arc<MemoryStore> {
        &self.world.store
    }

    /// The first admin, by the set-up code.
    async fn admin(&self) -> Person {
        let code = self.management.setup_code().await.unwrap().unwrap();
        self.accept(&code, Some("root@example.org")).await.unwrap()
    }

    /// Somebody who was invited on the machine itself.
    async fn member(&self, email: &str, role: Role, tenant_id: Option<TenantId>) -> Person {
        let new = NewInvitation { email: email.parse().unwrap(), role, tenant_id };
        let token = self.management.registry.invite(&new, None).await.unwrap().token;
        self.accept(&token, None).await.unwrap()
    }

    async fn accept(&self, token: &SecretText, email: Option<&str>) -> Managed<Person> {
        let view = self.management.view_invitation(token, from(1)).await?;
        let secret = unbase32(view.totp.secret.expose());
        let code = self.code_of(&secret);
        let means = AcceptanceMeans::Password { password: &text(PASSWORD), handle: &view.totp.handle, code: &code };
        let acceptance = Acceptance { name: "Ann", email, means };
        let accepted = self.management.accept_invitation(token, &acceptance, from(1)).await?;
        // The next code is another one.
        self.world.clock.advance(30);
        Ok(Person { member: accepted.member, token: accepted.token, secret })
    }

    async fn signed_in(&self, token: &SecretText) -> Option<SignedIn> {
        self.management.session(token, self.now()).await.unwrap()
    }

    async fn authority(&self, person: &Person) -> Authority {
        self.store().member(person.member.id).await.unwrap().unwrap().authority().unwrap()
    }

    fn code_of(&self, secret: &totp::TotpSecret) -> SecretText {
        let step = u64::try_from(self.now().0 / 30).unwrap();
        text(&totp::code_at(secret, step))
    }

    async fn sign_in(&self, person: &Person) -> Managed<NewSession> {
        let code = self.code_of(&person.secret);
        self.management.sign_in_with_password(person.member.email.as_str(), &text(PASSWORD), &code, from(1)).await
    }

    /// Somebody who is signed in and has just shown who they are.
    async fn stepped_up(&self, person: &Person, action: SensitiveAction) -> SignedIn {
        let signed_in = self.signed_in(&person.token).await.unwrap();
        let code = self.code_of(&person.secret);
        let proof = StepUpProof::Password { password: &text(PASSWORD), code: &code };
        let renewed = self.management.step_up(&signed_in, action, proof, (from(1), next())).await.unwrap();
        self.world.clock.advance(30);
        self.signed_in(&renewed.token).await.unwrap()
    }

    /// A passkey of a person, made by a new device.
    async fn passkey(&self, person: &Person) -> Authenticator {
        let signed_in = self.stepped_up(person, SensitiveAction::Access).await;
        let challenge = self.management.begin_passkey_registration(&signed_in).unwrap();
        let mut device = Authenticator::es256();
        let attestation = device.create(&challenge.options);
        self.management.register_passkey(&signed_in, &challenge.handle, &attestation, "Laptop").await.unwrap();
        device
    }

    async fn last_audit(&self) -> crate::store::AuditRecord {
        self.store().audit(&AuditFilter::default(), None, 1).await.unwrap().remove(0)
    }
}

/// Reads base32 of twenty bytes.
fn unbase32(text: &str) -> totp::TotpSecret {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        held = ((held << 5) | u32::from(if byte < b'A' { byte - b'2' + 26 } else { byte - b'A' })) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    zeroize::Zeroizing::new(bytes.try_into().unwrap())
}
