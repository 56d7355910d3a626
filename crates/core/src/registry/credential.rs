//! Credentials that are no secrets: keys, certificates, issuers that are trusted.

use fluent_uri::Uri;
use mintmark_verify::{Algorithm, VerifyingKey};
use serde_json::Value;

use super::checks::invalid;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::{ClientSecret, shared_key_context, shared_key_owner};
use crate::model::{
    CertificateName, Client, ClientId, ClientRecord, Credential, CredentialId, CredentialLimits, EnvironmentName, Federation,
    Profile, Proof, ProofKind, PublicKey, SealedBytes, Status,
};
use crate::store::{Store, Subject, Write};

/// How many credentials of one client that are no secrets are in force at once.
pub const MAX_LIVE_PROOFS: usize = 10;
/// How many credentials a client has in all, those that are over included: they are kept, since tokens and the audit name them.
pub const MAX_CREDENTIALS: usize = 1000;
/// How many conditions one issuer's assertions have to meet at most.
pub const MAX_CONDITIONS: usize = 20;
/// The longest name, URI or condition, in bytes.
pub const MAX_TEXT: usize = 512;
/// The longest hint, in characters.
const MAX_HINT: usize = 64;
const MAX_KEY_ID: usize = 128;

/// An issuer whose names are handed on when somebody gives them up: a condition on an id that never is must be among the others.
const REASSIGNING_ISSUER: &str = "https://token.actions.githubusercontent.com";
const NEVER_REASSIGNED: [&str; 3] = ["repository_id", "repository_owner_id", "enterprise_id"];
/// What is checked anyway, or changes with each assertion.
const NO_CONDITIONS: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/// What a new credential is made of. A secret is made by [`Registry::add_secret`], a shared key by [`Registry::add_shared_key`].
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// What it proves the client with.
    pub proof: Proof,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// A new shared key. This is the one time that it is shown.
#[derive(Debug)]
pub struct CreatedSharedKey {
    /// The key: HMAC is keyed with the bytes of this text.
    pub key: ClientSecret,
    /// Its record.
    pub credential: Credential,
}

impl<S: Store> Registry<S> {
    /// Gives a client one more credential; those that it has stay in force.
    pub async fn add_credential(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        new: &NewCredential,
    ) -> Outcome<Credential> {
        self.add_limited_credential(environment, client_id, new, &CredentialLimits::default()).await
    }

    /// Gives a client one more credential that is good for less than what the client may do.
    pub async fn add_limited_credential(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        new: &NewCredential,
        limits: &CredentialLimits,
    ) -> Outcome<Credential> {
        self.check_trusted_issuer(&new.proof).await?;
        self.update(|| async {
            let client = self.client_with_room(environment, client_id).await?;
            self.check_limits(&client, limits, new.expires_at).await?;
            let mut credential = self.new_credential(&client, new.clone())?;
            credential.limits.clone_from(limits);
            Ok((add_draft("credential.create", client, &credential), credential))
        })
        .await
    }

    /// Gives a client a key that it makes MACs with (`client_secret_jwt`).
    pub async fn add_shared_key(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        expires_at: Option<Timestamp>,
    ) -> Outcome<CreatedSharedKey> {
        self.update(|| async {
            let client = self.client_with_room(environment, client_id).await?;
            let created = self.new_shared_key(&client, CredentialId::generate(&*self.random), expires_at)?;
            Ok((add_draft("credential.create", client, &created.credential), created))
        })
        .await
    }

    /// A shared key that is not stored yet.
    pub(super) fn new_shared_key(
        &self,
        client: &Client,
        id: CredentialId,
        expires_at: Option<Timestamp>,
    ) -> Outcome<CreatedSharedKey> {
        if client.profile == Some(Profile::Fapi2) {
            return Err(RegistryError::NotAllowed("the profile fapi2 takes no shared keys".to_owned()));
        }
        let key = ClientSecret::generate(&client.environment, &*self.random);
        let owner = shared_key_owner(&client.id, id);
        let context = shared_key_context(&client.environment, &owner);
        let sealed = self.root_keys.sealer.seal(context, key.text().expose().as_bytes(), &*self.random);
        let sealed = sealed.ok_or_else(|| RegistryError::NotAllowed("no master key is loaded".to_owned()))?;
        let new = NewCredential { proof: Proof::SharedKey(SealedBytes(sealed)), expires_at };
        let credential = Credential { id, hint: key.hint(), ..self.new_credential(client, new)? };
        Ok(CreatedSharedKey { key, credential })
    }

    /// No environment's own tokens prove a client.
    pub(super) async fn check_trusted_issuer(&self, proof: &Proof) -> Outcome<()> {
        let Proof::Federated(federation) = proof else { return Ok(()) };
        let environments = self.store.environments().await?.value;
        check_foreign(federation, environments.iter().map(|record| record.environment.issuer.as_str()))
    }

    /// The client, if it may have one more credential.
    async fn client_with_room(&self, environment: &EnvironmentName, client_id: &ClientId) -> Outcome<Client> {
        let record = self.existing_client(environment, client_id).await?;
        check_proof_room(&record, self.clock.now())?;
        Ok(record.client)
    }

    /// A credential that is not stored yet.
    pub(super) fn new_credential(&self, client: &Client, new: NewCredential) -> Outcome<Credential> {
        check_proof(&new.proof, client.profile)?;
        let now = self.clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return invalid("expires_at", "a moment in the future");
        }
        Ok(Credential {
            id: CredentialId::generate(&*self.random),
            environment: client.environment.clone(),
            client_id: client.id.clone(),
            hint: hint(&new.proof).chars().take(MAX_HINT).collect(),
            proof: new.proof,
            status: Status::Active,
            created_at: now,
            expires_at: new.expires_at,
            limits: CredentialLimits::default(),
            rotation: None,
            imported: None,
            quarantined_at: None,
            last_used_at: None,
            last_used_from: None,
            version: 1,
        })
    }
}

/// Whether the client may have one more credential of whatever kind.
pub(super) fn check_credential_count(record: &ClientRecord) -> Outcome<()> {
    if record.credentials.len() >= MAX_CREDENTIALS {
        let why = format!(
            "the client has had {MAX_CREDENTIALS} credentials, which are kept for the audit: make another client in its place"
        );
        return Err(RegistryError::NotAllowed(why));
    }
    Ok(())
}

/// Whether the client may have one more credential that is no secret.
pub(super) fn check_proof_room(record: &ClientRecord, now: Timestamp) -> Outcome<()> {
    check_credential_count(record)?;
    let is_live =
        |one: &&Credential| one.proof.kind() != ProofKind::Secret && one.status == Status::Active && !one.is_expired(now);
    if record.credentials.iter().filter(is_live).count() >= MAX_LIVE_PROOFS {
        let why = format!("the client has {MAX_LIVE_PROOFS} such credentials in force; disable one first");
        return Err(RegistryError::NotAllowed(why));
    }
    Ok(())
}

/// Whether a trusted issuer is none of the environments' own.
pub(super) fn check_foreign<'a>(federation: &Federation, mut own: impl Iterator<Item = &'a str>) -> Outcome<()> {
    if own.any(|issuer| issuer == federation.issuer) {
        return Err(RegistryError::NotAllowed("an environment's own tokens prove no client".to_owned()));
    }
    Ok(())
}

/// The client's row is written too, so that two added at once cannot both pass the count.
pub(super) fn add_draft(action: &'static str, mut client: Client, credential: &Credential) -> Draft {
    client.version += 1;
    Draft {
        tenant: Some(client.tenant_id),
        action,
        subject: Subject::Client { environment: client.environment.clone(), id: client.id.clone() },
        before: None,
        after: audited(credential),
        writes: vec![Write::UpdateClient(client), Write::InsertCredential(credential.clone())],
    }
}

/// What people tell a credential from others by.
fn hint(proof: &Proof) -> String {
    match proof {
        Proof::Secret(_) | Proof::SharedKey(_) => String::new(),
        Proof::PublicKey(key) => key.jwk.kid().map_or_else(|| key.jwk.thumbprint(), str::to_owned),
        Proof::KeySet(location) => location.uri.clone(),
        Proof::CertificateName(name) => match name {
            CertificateName::Subject(text)
            | CertificateName::Dns(text)
            | CertificateName::Uri(text)
            | CertificateName::Email(text) => text.clone(),
            CertificateName::Ip(address) => address.to_string(),
        },
        Proof::Certificate(fingerprint) => {
            let mut text = String::new();
            crate::base64url::push(&mut text, &fingerprint.sha256);
            text
        }
        Proof::Federated(federation) => federation.issuer.clone(),
    }
}

fn check_proof(proof: &Proof, profile: Option<Profile>) -> Outcome<()> {
    match proof {
        Proof::Secret(_) => Err(RegistryError::NotAllowed("secrets are made, not given".to_owned())),
        // Made and sealed by this module.
        Proof::SharedKey(_) => Ok(()),
        Proof::PublicKey(key) => check_public_key(key, profile),
        Proof::KeySet(location) => check_https("jwks_uri", &location.uri),
        Proof::CertificateName(name) => check_certificate_name(name),
        Proof::Certificate(fingerprint) if fingerprint.sha256.len() == 32 => Ok(()),
        Proof::Certificate(_) => invalid("certificate", "the SHA-256 of a certificate, 32 bytes"),
        Proof::Federated(federation) if profile.is_none() => check_federation(federation),
        Proof::Federated(_) => {
            Err(RegistryError::NotAllowed("the profile fapi2 takes the client's own keys or certificates only".to_owned()))
        }
    }
}

fn check_public_key(key: &PublicKey, profile: Option<Profile>) -> Outcome<()> {
    let expected = |error| format!("a public key that can be used: {error}");
    let verifying = VerifyingKey::try_from(&key.jwk);
    let verifying = verifying.map_err(|error| RegistryError::Invalid { field: "jwk", expected: expected(error) })?;
    if key.jwk.kid().is_some_and(|kid| kid.is_empty() || kid.chars().count() > MAX_KEY_ID) {
        return invalid("jwk", format!("a kid of 1 to {MAX_KEY_ID} characters, or none"));
    }
    if profile == Some(Profile::Fapi2) && verifying.algorithm() == Algorithm::Rs256 {
        return Err(RegistryError::NotAllowed("the profile fapi2 takes PS256, ES256 and EdDSA keys".to_owned()));
    }
    Ok(())
}

/// An https URL that a fetch may be sent to: with a host, without a user and a fragment.
fn check_https(field: &'static str, text: &str) -> Outcome<()> {
    let is_good = |uri: Uri<&str>| {
        let authority = uri.authority();
        uri.scheme().as_str() == "https"
            && !uri.has_fragment()
            && authority.is_some_and(|authority| !authority.host().is_empty() && !authority.has_userinfo())
    };
    if text.len() <= MAX_TEXT && Uri::parse(text).is_ok_and(is_good) {
        Ok(())
    } else {
        invalid(field, format!("an https URL of at most {MAX_TEXT} bytes with a host, without a user and a fragment"))
    }
}

fn check_certificate_name(name: &CertificateName) -> Outcome<()> {
    let text = match name {
        CertificateName::Ip(_) => return Ok(()),
        CertificateName::Subject(text)
        | CertificateName::Dns(text)
        | CertificateName::Uri(text)
        | CertificateName::Email(text) => text,
    };
    if text.trim().is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) || text.contains('*') {
        return invalid("certificate_name", format!("1 to {MAX_TEXT} bytes without control characters and wildcards"));
    }
    Ok(())
}

/// Conditions are exact, and at least one is about something that is never given to somebody else (rule S22).
fn check_federation(federation: &Federation) -> Outcome<()> {
    check_https("issuer", &federation.issuer)?;
    federation.jwks_uri.as_deref().map_or(Ok(()), |uri| check_https("jwks_uri", uri))?;
    let conditions = &federation.conditions;
    if conditions.is_empty() || conditions.len() > MAX_CONDITIONS {
        return invalid("conditions", format!("1 to {MAX_CONDITIONS} claims with the values that they must have"));
    }
    for (claim, value) in conditions {
        let is_plain = match value {
            Value::String(text) => !text.is_empty() && text.len() <= MAX_TEXT,
            // Numbers with fractions have no one form, and large ones lose digits: two could be taken for one.
            Value::Number(number) => number.is_i64() || number.is_u64(),
            Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if claim.is_empty() || claim.len() > MAX_TEXT || !is_plain {
            return invalid("conditions", format!("texts of at most {MAX_TEXT} bytes, whole numbers, true or false"));
        }
        if NO_CONDITIONS.contains(&claim.trim_start_matches('/')) {
            return Err(RegistryError::NotAllowed(format!("the claim {claim} is checked already, or is never the same twice")));
        }
    }
    let is_text = |claim: &str| conditions.get(claim).is_some_and(Value::is_string);
    let is_lasting = |claim: &&str| is_text(claim) || is_text(&format!("/{claim}"));
    // An enterprise may have an issuer of its own below it.
    let below = federation.issuer.strip_prefix(REASSIGNING_ISSUER);
    if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !NEVER_REASSIGNED.iter().any(is_lasting) {
        return Err(RegistryError::NotAllowed(format!(
            "names of repositories and owners can be taken by somebody else; add a condition on one of {}",
            NEVER_REASSIGNED.join(", ")
        )));
    }
    Ok(())
}
