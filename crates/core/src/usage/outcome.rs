use crate::token::Denial;

/// What became of a token request, as counts tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeClass {
    /// A token was issued.
    Issued,
    /// The client did not prove itself, or is turned off.
    Credentials,
    /// The request was not of the dialect's form.
    Request,
    /// The client asked for what it has no right to.
    Rights,
    /// There were too many requests.
    Limited,
    /// The server could not answer. No fault of the client's.
    Unavailable,
}

impl OutcomeClass {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Issued, Self::Credentials, Self::Request, Self::Rights, Self::Limited, Self::Unavailable];

    /// The word that the store and people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Credentials => "credentials",
            Self::Request => "request",
            Self::Rights => "rights",
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// What a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

impl From<&Denial> for OutcomeClass {
    fn from(denial: &Denial) -> Self {
        match denial {
            Denial::CredentialsAbsent
            | Denial::CredentialsMalformed
            | Denial::CredentialsRepeated
            | Denial::UnknownClient
            | Denial::SecretMistyped
            | Denial::WrongSecret
            | Denial::SecretExpired
            | Denial::SecretDisabled
            | Denial::SecretNotYetValid
            | Denial::SourceNotAllowed(_)
            | Denial::AssertionRefused(_)
            | Denial::CertificateRefused
            | Denial::MethodNotAllowed(_)
            | Denial::ProofRefused(_)
            | Denial::ClientDisabled
            | Denial::TenantDisabled => Self::Credentials,
            // Being told a nonce is a step of a request that goes well (RFC 9449 section 8).
            Denial::Faulty { .. }
            | Denial::BodyIncomplete
            | Denial::MethodRefused
            | Denial::RouteUnknown
            | Denial::ProofNonceNeeded(_) => Self::Request,
            Denial::BindingMissing(_)
            | Denial::AlgorithmNotAllowed(_)
            | Denial::DialectNotAllowed(_)
            | Denial::AttributeMissing(_)
            | Denial::ScopeNotGranted(_)
            | Denial::ScopeOutsideLimits(_)
            | Denial::ResourceNotGranted
            | Denial::ResourcesDisagree
            | Denial::BusinessUnknown
            | Denial::BusinessDisabled(_)
            | Denial::BusinessNotAllowed(_)
            | Denial::BusinessOutsideLimits(_)
            | Denial::BusinessNotNamed => Self::Rights,
            Denial::SourceLimited { .. } | Denial::ClientLimited(_) | Denial::TenantLimited(_) | Denial::BusinessLimited(_) => {
                Self::Limited
            }
            Denial::KeysUnavailable(_)
            | Denial::Overloaded
            | Denial::SignerBusy
            | Denial::StoreUnavailable(_)
            | Denial::StoreStale
            | Denial::StoreUnconfirmed
            | Denial::NoSigningKey(_)
            | Denial::EnvironmentMissing
            | Denial::Internal(_) => Self::Unavailable,
        }
    }
}
