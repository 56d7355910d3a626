use crate::dialect::Fault;
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

/// A count is as coarse as the wire: the class follows from the fault.
impl From<&Denial> for OutcomeClass {
    fn from(denial: &Denial) -> Self {
        if matches!(denial, Denial::Faulty { .. }) {
            return Self::Request;
        }
        match denial.fault() {
            Fault::CredentialsAbsent
            | Fault::CredentialsMalformed
            | Fault::CredentialsRepeated
            | Fault::ClientRefused
            | Fault::ProofRefused => Self::Credentials,
            Fault::ClientNotPermitted
            | Fault::ScopeRefused
            | Fault::ResourceRefused
            | Fault::BusinessUnknown
            | Fault::BusinessRefused => Self::Rights,
            Fault::RateLimited => Self::Limited,
            Fault::Unavailable | Fault::Internal => Self::Unavailable,
            // The form; and being told a nonce, which is a step of a request that goes well (RFC 9449 section 8).
            _ => Self::Request,
        }
    }
}
