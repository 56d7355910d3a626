//! What clients prove themselves with: secrets, keys, certificates, trusted issuers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::crypto::HashScheme;
use mintmark_core::management::Permission;
use mintmark_core::model::{
    BusinessId, CertificateFingerprint, CertificateName, ClientId, Credential, CredentialId, CredentialLimits, EnvironmentName,
    Federation, Imported, KeySetLocation, Proof, ProofKind, PublicKey, ScopeToken, SecretRotation, Status,
};
use mintmark_core::registry::{self, CredentialEdit};
use mintmark_core::store::Store;
use mintmark_verify::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::environments::PageFilter;
use super::page::{Wanted, page_of};
use super::patch::present;
use super::{Page, ShownSecret};
use crate::admin::{Desk, Moment, Refusal, schema};

/// What proves a client. Nothing secret is in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub struct CredentialView {
    /// Its identifier, which every token that it obtains carries.
    #[schema(value_type = schema::CredentialId)]
    pub id: CredentialId,
    /// The client that it proves.
    #[schema(value_type = schema::ClientId)]
    pub client_id: ClientId,
    /// What it is.
    #[schema(value_type = schema::CredentialKind)]
    pub kind: ProofKind,
    /// What people tell it from others by: the last four characters of a secret, the id of a key.
    pub hint: String,
    /// What it proves its client with, as it was given; nothing for secrets and shared keys.
    #[schema(value_type = Option<Object>, required)]
    pub details: Option<Value>,
    /// A disabled credential proves nothing: for ever, unless it is in quarantine.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// Since when it is in quarantine, because it was reported as leaked; nothing for one that is not.
    #[schema(required)]
    pub quarantined_at: Option<Moment>,
    /// When it was made.
    pub created_at: Moment,
    /// From this moment on it proves nothing.
    #[schema(required)]
    pub expires_at: Option<Moment>,
    /// When it last obtained a token, exact to some minutes.
    #[schema(required)]
    pub last_used_at: Option<Moment>,
    /// From where on the network that was.
    #[schema(value_type = Option<String>, required)]
    pub last_used_from: Option<IpAddr>,
    /// What it may be used for, where that is less than what its client may do.
    pub limits: LimitsView,
    /// The rotation that it is the old secret of, under way or over.
    #[schema(required)]
    pub rotation: Option<SecretRotationView>,
    /// That it was brought along from another server, which knows or knew it: it should be rotated.
    #[schema(required)]
    pub imported: Option<ImportedView>,
    /// Counts the changes, without uses; the entity tag is made of it.
    pub version: u64,
}

/// Limits of a credential. Each narrows what the client may do, none adds to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CredentialLimits)]
pub struct LimitsView {
    /// It proves the client only to requests from one of these networks; from everywhere if there is none.
    pub networks: Vec<String>,
    /// Before this moment it proves nothing.
    #[schema(required)]
    pub not_before: Option<Moment>,
    /// Its tokens carry these scopes at most.
    #[schema(value_type = Option<Vec<schema::ScopeToken>>, required)]
    pub scopes: Option<Vec<ScopeToken>>,
    /// Its tokens are each scoped to one of these businesses.
    #[schema(value_type = Option<Vec<schema::BusinessId>>, required)]
    pub businesses: Option<Vec<BusinessId>>,
}

impl From<CredentialLimits> for LimitsView {
    fn from(limits: CredentialLimits) -> Self {
        let CredentialLimits { networks, not_before, scopes, businesses } = limits;
        Self {
            networks: networks.iter().map(ToString::to_string).collect(),
            not_before: not_before.map(Into::into),
            scopes: scopes.map(Into::into),
            businesses,
        }
    }
}

/// The rotation of a secret. It is under way while the secret `old` is in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecretRotation)]
pub struct SecretRotationView {
    /// The old secret.
    #[schema(value_type = schema::CredentialId)]
    pub old: CredentialId,
    /// The secret that takes its place.
    #[schema(value_type = schema::CredentialId)]
    pub new: CredentialId,
    /// When the rotation began.
    pub started_at: Moment,
    /// From this moment on the old secret proves nothing.
    pub deadline: Moment,
}

/// Where a credential was brought along from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Imported)]
pub struct ImportedView {
    /// Which kind of server or file, such as `hydra`.
    pub from: String,
    /// What it was there: `clear` for a secret, a hash's scheme such as `bcrypt`, or the kind of the credential.
    pub scheme: String,
    /// Whether the secret has not been presented since, so that the other server's hash is still stored.
    pub is_hashed: bool,
}

impl ImportedView {
    fn of(credential: &Credential) -> Option<Self> {
        let Imported { from, scheme } = credential.imported.clone()?;
        let is_hashed = credential.proof.secret().is_some_and(|secret| HashScheme::of_number(secret.scheme).is_some());
        Some(Self { from, scheme, is_hashed })
    }
}

impl From<SecretRotation> for SecretRotationView {
    fn from(rotation: SecretRotation) -> Self {
        let SecretRotation { old, new, started_at, deadline, former_expires_at: _ } = rotation;
        Self { old, new, started_at: started_at.into(), deadline: deadline.into() }
    }
}

impl From<Credential> for CredentialView {
    fn from(credential: Credential) -> Self {
        Self {
            imported: ImportedView::of(&credential),
            kind: credential.proof.kind(),
            details: credential.proof.details(),
            id: credential.id,
            client_id: credential.client_id,
            hint: credential.hint,
            status: credential.status,
            quarantined_at: credential.quarantined_at.map(Into::into),
            created_at: credential.created_at.into(),
            expires_at: credential.expires_at.map(Into::into),
            last_used_at: credential.last_used_at.map(Into::into),
            last_used_from: credential.last_used_from,
            limits: credential.limits.into(),
            rotation: credential.rotation.map(Into::into),
            version: credential.version,
        }
    }
}

/// A new credential.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// What it proves its client with.
    pub proof: NewProof,
    /// When it expires; never, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Moment, required = false)]
    pub expires_at: Option<Moment>,
}

impl Default for NewCredential {
    /// A secret that does not expire.
    fn default() -> Self {
        Self { proof: NewProof::Secret {}, expires_at: None }
    }
}

/// What a client is to prove itself with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewProof {
    /// A secret that the server makes.
    Secret {},
    /// A key for MACs that the server makes (`client_secret_jwt`).
    SharedKey {},
    /// A public key (`private_key_jwt`).
    PublicKey {
        /// The key as a JWK (RFC 7517), without private members.
        #[schema(value_type = Object)]
        jwk: Value,
    },
    /// The keys at a `jwks_uri` (`private_key_jwt`).
    KeySet {
        /// Where they are: https.
        #[schema(value_type = schema::HttpsUrl)]
        uri: String,
    },
    /// A name in a certificate of a trusted authority (`tls_client_auth`).
    CertificateName {
        /// The one name.
        #[schema(value_type = Name)]
        name: CertificateName,
    },
    /// One certificate, whoever made it (`self_signed_tls_client_auth`).
    Certificate {
        /// The SHA-256 of its DER, in base64url without padding.
        #[schema(value_type = schema::Sha256)]
        sha256: String,
    },
    /// Assertions of another issuer.
    Federated {
        /// The issuer, as `iss` says it.
        #[schema(value_type = schema::HttpsUrl)]
        issuer: String,
        /// Where its keys are; found by discovery where it is left out.
        #[serde(default, deserialize_with = "present")]
        #[schema(value_type = schema::HttpsUrl, required = false)]
        jwks_uri: Option<String>,
        /// What claims must be, exactly: 1 to 20 claims, or JSON pointers, with texts, whole numbers, true or false.
        #[schema(value_type = BTreeMap<String, schema::AttributeValue>)]
        conditions: BTreeMap<String, Value>,
        /// Whether each assertion is good once.
        #[serde(default)]
        #[schema(required = false)]
        single_use: bool,
    },
}

impl NewProof {
    /// Whether the server would ask a URL of the caller's choice (rule S21): `outgoing.allow` was written with the operator in mind.
    pub(super) fn fetches(&self) -> bool {
        matches!(self, NewProof::KeySet { .. } | NewProof::Federated { .. })
    }
}

/// A name in a certificate (RFC 8705 section 2.1.2).
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CertificateName)]
#[expect(dead_code, reason = "it describes the model's own type")]
enum Name {
    /// The subject, as RFC 4514 writes it.
    Subject(String),
    /// A DNS name.
    Dns(String),
    /// A URI, such as a SPIFFE id.
    Uri(String),
    /// An address.
    Ip(String),
    /// An e-mail address.
    Email(String),
}

/// How the registry is to be asked for a credential.
pub(super) enum Proving {
    Secret,
    SharedKey,
    With(Proof),
}

impl NewCredential {
    /// `field` is named where the proof is not of its form.
    pub(super) fn proving(self, field: &'static str) -> Result<Proving, Refusal> {
        let invalid = |expected: String| Refusal::Invalid { field, expected };
        Ok(Proving::With(match self.proof {
            NewProof::Secret {} => return Ok(Proving::Secret),
            NewProof::SharedKey {} => return Ok(Proving::SharedKey),
            NewProof::PublicKey { jwk } => {
                let read = serde_json::from_value::<Jwk>(jwk);
                Proof::PublicKey(PublicKey { jwk: read.map_err(|error| invalid(format!("a public JWK: {error}")))? })
            }
            NewProof::KeySet { uri } => Proof::KeySet(KeySetLocation { uri }),
            NewProof::CertificateName { name } => Proof::CertificateName(name),
            NewProof::Certificate { sha256 } => {
                let decoded = URL_SAFE_NO_PAD.decode(&sha256).ok().filter(|bytes| bytes.len() == 32);
                let expected = || invalid("the SHA-256 of a certificate, 43 characters of base64url".to_owned());
                Proof::Certificate(CertificateFingerprint { sha256: decoded.ok_or_else(expected)? })
            }
            NewProof::Federated { issuer, jwks_uri, conditions, single_use } => {
                Proof::Federated(Federation { issuer, jwks_uri, conditions, single_use })
            }
        }))
    }
}

/// A new credential. This is the one time that a secret or shared key is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CreatedCredential)]
pub struct CreatedCredentialView {
    /// The credential.
    pub credential: CredentialView,
    /// The secret or shared key; none if it is another kind.
    #[schema(required)]
    pub secret: Option<ShownSecret>,
}

/// A change of a credential. What is left out stays; what it proves its client with never changes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialPatch {
    /// `disabled`: it proves nothing any more, and the tokens that it obtained end. It is never turned on again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Disabled, required = false)]
    pub status: Option<Disabled>,
    /// When it expires. One that has expired never comes back.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Moment, required = false)]
    pub expires_at: Option<Moment>,
}

/// The one status that a credential can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disabled {
    /// Turned off.
    Disabled,
}

/// A credential's place: its environment and client.
pub type OfClient<'a> = (&'a EnvironmentName, &'a ClientId);

/// The credentials of a client, oldest first, those that are over included.
pub async fn list(
    desk: &Desk,
    (environment, client): OfClient<'_>,
    filter: &PageFilter,
) -> Result<Page<CredentialView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.client(environment, client).await?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all = desk.store().credentials(environment, client).await?;
    page_of(all, &wanted, |credential| credential.id.to_string(), Into::into)
}

/// One credential.
pub async fn read(desk: &Desk, of: OfClient<'_>, id: CredentialId) -> Result<CredentialView, Refusal> {
    desk.require(Permission::Read)?;
    Ok(find(desk, of, id).await?.into())
}

/// Gives a client one more credential; those that it has stay in force.
pub async fn create(
    desk: &Desk,
    (environment, client): OfClient<'_>,
    new: NewCredential,
) -> Result<CreatedCredentialView, Refusal> {
    desk.require(Permission::EditClients)?;
    desk.client(environment, client).await?;
    desk.leave_to_operator(new.proof.fetches().then_some("proof"))?;
    let expires_at = new.expires_at.map(|at| at.0);
    let (credential, secret) = match new.proving("proof")? {
        Proving::Secret => {
            let created = desk.registry.add_secret(environment, client, expires_at).await?;
            (created.credential, Some(ShownSecret::from(&created.secret)))
        }
        Proving::SharedKey => {
            let created = desk.registry.add_shared_key(environment, client, expires_at).await?;
            (created.credential, Some(ShownSecret::from(&created.key)))
        }
        Proving::With(proof) => {
            let new = registry::NewCredential { proof, expires_at };
            (desk.registry.add_credential(environment, client, &new).await?, None)
        }
    };
    Ok(CreatedCredentialView { credential: credential.into(), secret })
}

/// Changes a credential, of the version that the caller saw.
pub async fn edit(
    desk: &Desk,
    (environment, client): OfClient<'_>,
    id: CredentialId,
    (patch, seen): (CredentialPatch, Option<u64>),
) -> Result<CredentialView, Refusal> {
    desk.require(Permission::EditClients)?;
    find(desk, (environment, client), id).await?;
    let CredentialPatch { status, expires_at } = patch;
    let edit = CredentialEdit { disable: status.is_some(), expires_at: expires_at.map(|at| at.0), version: seen };
    let edited = desk.registry.edit_credential(environment, client, id, &edit).await;
    edited.map(Into::into).map_err(|error| Refusal::of_change(error, seen))
}

/// Ends the tokens that a credential has obtained. It can obtain new ones.
pub async fn revoke(desk: &Desk, (environment, client): OfClient<'_>, id: CredentialId) -> Result<(), Refusal> {
    desk.require(Permission::EditClients)?;
    find(desk, (environment, client), id).await?;
    Ok(desk.registry.revoke_credential(environment, client, id).await?)
}

/// A credential within reach.
pub(super) async fn find(desk: &Desk, (environment, client): OfClient<'_>, id: CredentialId) -> Result<Credential, Refusal> {
    desk.client(environment, client).await?;
    let all = desk.store().credentials(environment, client).await?;
    all.into_iter().find(|credential| credential.id == id).ok_or(Refusal::NotFound)
}
