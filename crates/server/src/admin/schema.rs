//! How the OpenAPI document describes the values of the model, which knows nothing of it. Each is named where a field has the model's
//! type; a test compares the words.

use std::borrow::Cow;

use mintmark_core::{model, registry};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::operations::clients::MAX_DIALECTS;
use super::operations::resources::Scope;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[expect(dead_code, reason = "it describes the model's own type")]
            pub(super) enum $name { $(#[schema(rename = $word)] $variant),+ }
        )+

        #[cfg(test)]
        const WORDS: &[(&str, &[&str])] = &[$((stringify!($name), &[$($word),+])),+];
    };
}

words! {
    /// Whether an object may be used.
    Status { Active = "active", Disabled = "disabled" }
    /// Whom a client's tokens are bound to.
    TokenBinding { Optional = "optional", Dpop = "dpop", Certificate = "certificate", Either = "either" }
    /// What a client's assertions may name as their audience.
    AssertionAudience { Issuer = "issuer", Legacy = "legacy" }
    /// A security profile.
    Profile { Fapi2 = "fapi2" }
    /// Whose tokens a quota counts.
    QuotaKind { Tenant = "tenant", Client = "client", Business = "business" }
    /// What a quota does when it is used up.
    QuotaMode { Enforce = "enforce", Observe = "observe" }
    /// The form of access tokens.
    TokenFormat { Jwt = "jwt", Opaque = "opaque" }
    /// Where a signing key stands in its life.
    KeyState { Next = "next", Active = "active", Retired = "retired", Removed = "removed", Revoked = "revoked" }
    /// What somebody is to the operator or to a tenant.
    Role { Admin = "admin", Auditor = "auditor", Owner = "owner", Developer = "developer", Viewer = "viewer" }
    /// What a link or code lets its holder do.
    InvitationKind { Invite = "invite", SetUp = "set_up", BreakGlass = "break_glass" }
    /// What kind of event a notice is about.
    NoticeKind {
        SecretExpiring = "secret.expiring", SecretRotation = "secret.rotation", QuotaCrossed = "quota.crossed",
        LeakReported = "leak.reported", LeakQuarantined = "leak.quarantined", LeakReleased = "leak.released",
        LeakRevoked = "leak.revoked", ClientLockedOut = "client.locked_out", Test = "webhook.test",
    }
    /// How far telling an endpoint has come.
    DeliveryState { Waiting = "waiting", Delivered = "delivered", Failed = "failed" }
    /// Where the answer to a leak stands.
    LeakState { Reported = "reported", Quarantined = "quarantined", Released = "released", Revoked = "revoked" }
    /// An algorithm of signatures.
    Algorithm { Rs256 = "RS256", Ps256 = "PS256", Es256 = "ES256", EdDsa = "EdDSA" }
    /// What became of a token request.
    Outcome {
        Issued = "issued", Credentials = "credentials", Request = "request", Rights = "rights", Limited = "limited",
        Unavailable = "unavailable",
    }
    /// How a step of a request went.
    StepVerdict { Passed = "passed", Failed = "failed", NotReached = "not_reached" }
    /// What kind of thing is revoked.
    RevocationKind { Credential = "credential", Client = "client", Business = "business", Tenant = "tenant", Token = "token" }
    /// How a check of a token went.
    LineVerdict { Passed = "passed", Failed = "failed", Note = "note", NotChecked = "not_checked" }
    /// What ended a token.
    EndedBy {
        Token = "token", Credential = "credential", Client = "client", Business = "business", Tenant = "tenant", Key = "key",
        Restore = "restore",
    }
    /// What a credential proves its client with.
    CredentialKind {
        Secret = "secret", SharedKey = "shared_key", PublicKey = "public_key", KeySet = "key_set",
        CertificateName = "certificate_name", Certificate = "certificate", Federated = "federated",
    }
}

/// Texts of one form, with the limits that the model enforces.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident ($shortest:expr, $longest:expr, $pattern:expr);)+) => {
        $(
            $(#[doc = $doc])+
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(concat!($($doc),+).trim()));
                    text.min_length(Some($shortest)).max_length(Some($longest)).pattern($pattern).into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    stringify!($name).into()
                }
            }
        )+
    };
}

const ID: usize = 26;

texts! {
    /// Names a tenant.
    TenantId (ID, ID, Some("^ten_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a business.
    BusinessId (ID, ID, Some("^biz_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a credential.
    CredentialId (ID, ID, Some("^crd_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a member.
    MemberId (ID, ID, Some("^mem_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a session of a member.
    SessionId (ID, ID, Some("^ses_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names an invitation.
    InvitationId (ID, ID, Some("^inv_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names an endpoint that is told notices.
    WebhookId (ID, ID, Some("^whk_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a notice.
    NoticeId (ID, ID, Some("^ntc_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a leak.
    LeakId (ID, ID, Some("^lek_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a management client.
    ManagementClientId (ID, ID, Some("^mgc_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// An e-mail address: visible ASCII, in any case. Nothing is sent to it.
    Email (3, model::EmailAddress::MAX, Some("^[^@]+@[^@]+$"));
    /// Names a resource.
    ResourceId (ID, ID, Some("^res_[1-9A-HJ-NP-Za-km-z]{22}$"));
    /// Names a client: printable ASCII.
    ClientId (1, 128, Some("^[ -~]+$"));
    /// Names an environment.
    EnvironmentName (1, 31, Some("^[a-z][a-z0-9-]*$"));
    /// Names a dialect.
    DialectName (1, 63, Some("^[a-z][a-z0-9-]*$"));
    /// A scope-token (RFC 6749 section 3.3).
    ScopeToken (1, 128, Some(r"^[!#-\[\]-~]+$"));
    /// The absolute URI that names a resource (RFC 8707 section 2), without a fragment.
    ResourceUri (1, model::ResourceUri::MAX_LENGTH, None::<String>);
    /// A name for people: no control characters, not of spaces alone.
    DisplayName (1, registry::MAX_NAME, None::<String>);
    /// A tenant's own name for a business: no control characters; the limit is in bytes.
    ExternalId (1, registry::MAX_EXTERNAL_ID, None::<String>);
    /// Where an endpoint is: an https URL without user and fragment; the limit is in bytes.
    WebhookUrl (9, 2048, Some("^https://"));
    /// A reason, for people: no control characters, not of spaces alone.
    Reason (1, registry::MAX_NAME, None::<String>);
    /// An https URL; the limit is in bytes.
    HttpsUrl (1, registry::MAX_TEXT, None::<String>);
    /// The `jti` of a token: no control characters; the limit is in bytes.
    TokenId (1, model::RevocationSubject::MAX_TOKEN_ID, None::<String>);
    /// The SHA-256 of a certificate's DER in base64url.
    Sha256 (43, 43, Some("^[A-Za-z0-9_-]{43}$"));
}

macro_rules! lists {
    ($($(#[doc = $doc:literal])+ $name:ident [$item:ident; $least:expr, $most:expr];)+) => {
        $(
            $(#[doc = $doc])+
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let list = ArrayBuilder::new().items(Ref::from_schema_name(stringify!($item)));
                    list.description(Some(concat!($($doc),+).trim())).min_items($least).max_items(Some($most)).into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                    schemas.push((stringify!($item).to_owned(), <$item as PartialSchema>::schema()));
                    <$item as ToSchema>::schemas(schemas);
                }
            }
        )+
    };
}

lists! {
    /// Businesses of one tenant.
    BusinessIds [BusinessId; Some(1), registry::MAX_BUSINESSES];
    /// Resources that a client is the server or gateway of.
    Served [ResourceUri; None, registry::MAX_SERVED];
    /// Scopes of one resource.
    ScopeTokens [ScopeToken; None, registry::MAX_SCOPES];
    /// The scopes of a resource, in the catalogue's order.
    Catalogue [Scope; None, registry::MAX_SCOPES];
    /// Dialects that a client may use.
    DialectNames [DialectName; None, MAX_DIALECTS];
}

/// Names of attributes with their values: names of letters, digits, `_`, `.` and `-`.
pub(super) struct Attributes;

impl PartialSchema for Attributes {
    fn schema() -> RefOr<Schema> {
        let value = Ref::from_schema_name("AttributeValue");
        ObjectBuilder::new().additional_properties(Some(value)).max_properties(Some(registry::MAX_ATTRIBUTES)).into()
    }
}

impl ToSchema for Attributes {
    fn name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("AttributeValue".to_owned(), AttributeValue::schema()));
    }
}

/// Attributes to set, and with `null` to take away.
pub(super) struct AttributePatch;

impl PartialSchema for AttributePatch {
    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        let value = OneOfBuilder::new().item(null).item(Ref::from_schema_name("AttributeValue"));
        ObjectBuilder::new().additional_properties(Some(Schema::OneOf(value.build()))).into()
    }
}

impl ToSchema for AttributePatch {
    fn name() -> Cow<'static, str> {
        "AttributePatch".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Attributes::schemas(schemas);
    }
}

/// Businesses, or the word for all of them.
pub(super) struct Businesses;

impl PartialSchema for Businesses {
    fn schema() -> RefOr<Schema> {
        let all = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["all"]));
        OneOfBuilder::new().item(all).item(Ref::from_schema_name("BusinessIds")).into()
    }
}

impl ToSchema for Businesses {
    fn name() -> Cow<'static, str> {
        "Businesses".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("BusinessIds".to_owned(), BusinessIds::schema()));
        BusinessIds::schemas(schemas);
    }
}

/// The value of an attribute.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes the model's own type")]
pub(super) enum AttributeValue {
    Boolean(bool),
    Integer(i64),
    /// At most 256 bytes.
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the words of the document with those that the model reads.
    fn assert_words(name: &str, reads: impl Fn(&str) -> bool, count: usize) {
        let (_, words) = WORDS.iter().find(|(known, _)| *known == name).unwrap();
        assert!(words.iter().all(|word| reads(word)), "{name}: {words:?}");
        assert_eq!(words.len(), count, "{name}");
    }

    #[test]
    fn the_words_of_the_document_are_those_of_the_model() {
        use mintmark_core::{management, model};
        assert_words("Status", |word| model::Status::from_word(word).is_some(), 2);
        assert_words("TokenBinding", |word| model::TokenBinding::from_word(word).is_some(), 4);
        assert_words("AssertionAudience", |word| model::AssertionAudience::from_word(word).is_some(), 2);
        assert_words("Profile", |word| model::Profile::from_word(word).is_some(), 1);
        assert_words("TokenFormat", |word| model::TokenFormat::from_word(word).is_some(), 2);
        assert_words("KeyState", |word| model::KeyState::from_word(word).is_some(), 5);
        assert_words("Role", |word| management::Role::from_word(word).is_some(), management::Role::ALL.len());
        assert_words("InvitationKind", |word| model::InvitationKind::from_word(word).is_some(), 3);
        assert_words("Algorithm", |word| word.parse::<mintmark_verify::Algorithm>().is_ok(), 4);
        assert_words("Outcome", |word| mintmark_core::usage::OutcomeClass::from_word(word).is_some(), 6);
        assert_words("RevocationKind", |word| model::RevocationKind::from_word(word).is_some(), 5);
        assert_words("NoticeKind", |word| mintmark_core::notice::NoticeKind::from_word(word).is_some(), 9);
        assert_words("DeliveryState", |word| model::DeliveryState::from_word(word).is_some(), 3);
        assert_words("LeakState", |word| model::LeakState::from_word(word).is_some(), 4);
        assert_words("CredentialKind", |word| model::ProofKind::from_word(word).is_some(), 7);
    }
}
