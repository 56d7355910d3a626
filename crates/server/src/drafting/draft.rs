//! All that is known of a dialect, and what is not.

use mintmark_core::dialect::Fault;

/// A value that the source told, or Mintmark's choice with what was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<T> {
    /// The value.
    pub value: T,
    /// What the reader has to look at; nothing where the source told it.
    pub note: Option<String>,
}

impl<T> Told<T> {
    /// The source says so.
    pub fn surely(value: T) -> Self {
        Self { value, note: None }
    }

    /// The source does not say; `what` is left open.
    pub fn open(value: T, what: impl Into<String>) -> Self {
        Self { value, note: Some(format!("not told: {}", what.into())) }
    }

    /// The source says so, and something has to be said about it.
    pub fn noted(value: T, note: impl Into<String>) -> Self {
        Self { value, note: Some(note.into()) }
    }
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftParameter {
    /// Its role, the key in the file.
    pub role: &'static str,
    /// Its name on the wire.
    pub name: String,
    /// Where it is looked for.
    pub from: Vec<&'static str>,
    /// Whether it must be there.
    pub required: bool,
    /// Its longest value.
    pub max: Told<i64>,
    /// `grant_type`: the values that are taken.
    pub values: Vec<String>,
}

/// A value of a fault's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotValue {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// The answer to one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftFault {
    /// Which.
    pub fault: Fault,
    /// The status.
    pub status: u16,
    /// The challenge of a 401.
    pub challenge: Option<String>,
    /// The body's template.
    pub body: String,
    /// What fills its slots.
    pub slots: Vec<(String, SlotValue)>,
    /// What was not told.
    pub note: Option<String>,
}

/// All that is known of a dialect.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The first lines of the file: what it was made from.
    pub origin: Vec<String>,
    /// What the source tells that no dialect can do, and what it contradicts itself in.
    pub remarks: Vec<String>,
    /// The dialect's name.
    pub name: String,
    /// The built-in dialect at the same path.
    pub replaces: Option<String>,
    /// The method.
    pub method: Told<String>,
    /// The path.
    pub path: Told<String>,
    /// The path with a slash more or less.
    pub slash: Told<&'static str>,
    /// The ways in which a client proves itself, as tables of the file.
    pub auth: Told<Vec<String>>,
    /// The body types.
    pub body: Told<Vec<&'static str>>,
    /// Any other body.
    pub other_body: Told<&'static str>,
    /// Fields that are no parameter.
    pub unknown_fields: Told<&'static str>,
    /// A query string.
    pub query: Told<&'static str>,
    /// A parameter that is there twice.
    pub repeated: Told<&'static str>,
    /// A malformed percent sign.
    pub encoding: Told<&'static str>,
    /// Headers that come back, with their longest value.
    pub echo: Vec<(String, i64)>,
    /// The parameters.
    pub parameters: Vec<DraftParameter>,
    /// The default and the longest lifetime, in seconds.
    pub lifetime: Told<(i64, i64)>,
    /// Headers of answers.
    pub headers: Vec<(String, String)>,
    /// Whether `expires_in` is `absolute` or `relative`.
    pub expires_in: Told<&'static str>,
    /// The answer with a token.
    pub answer: Told<String>,
    /// The answers to faults.
    pub faults: Vec<DraftFault>,
    /// What is not told about all faults.
    pub faults_note: Option<String>,
    /// Scopes that the source names.
    pub scopes: Vec<String>,
}

impl Draft {
    /// Whether a parameter of a role is read.
    pub fn reads(&self, role: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.role == role)
    }

    /// Whether a client may prove itself so.
    pub fn takes(&self, method: &str) -> bool {
        self.auth.value.iter().any(|entry| entry.contains(&format!("\"{method}\"")))
    }

    /// The faults that its file needs an answer to.
    pub fn reachable_faults(&self) -> Vec<Fault> {
        let assertions = ["private_key_jwt", "client_secret_jwt"].iter().any(|method| self.takes(method));
        let needed = |fault: &Fault| match fault {
            Fault::QueryRefused => self.query.value == "refuse",
            Fault::EncodingMalformed => self.encoding.value == "refuse",
            Fault::ParameterMissing => self.parameters.iter().any(|parameter| parameter.required),
            Fault::ParameterRepeated => self.repeated.value == "refuse",
            Fault::GrantUnsupported => self.reads("grant_type"),
            Fault::LifetimeMalformed | Fault::LifetimeTooSmall => self.reads("expires_in"),
            Fault::ScopeMalformed | Fault::ScopeRefused => self.reads("scope"),
            Fault::ResourceMalformed | Fault::ResourceRefused => self.reads("resource"),
            Fault::BusinessUnknown => self.reads("business_id"),
            Fault::CredentialsMalformed => self.takes("client_secret_basic") || assertions,
            Fault::RouteUnknown
            | Fault::ProofRefused
            | Fault::ProofNonceNeeded
            | Fault::TokenRefused
            | Fault::TokenInsufficient
            | Fault::PageMalformed => false,
            _ => true,
        };
        Fault::ALL.iter().copied().filter(needed).collect()
    }
}
