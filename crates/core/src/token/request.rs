//! A token request after decoding, whatever its wire format was.

use http::{HeaderName, HeaderValue};
use mintmark_verify::jws::{EmbeddedKey, Jws};

use super::{ClientCertificate, Denial};
use crate::crypto::SecretText;
use crate::dialect::{Fault, Report, Step};
use crate::model::{BusinessId, ClientId, ResourceUri, ScopeSet};

/// What is asked for, and what was found wrong with the way it was asked.
#[derive(Debug, Default)]
pub struct TokenRequest {
    /// What proves the client.
    pub presented: Presented,
    /// The `DPoP` proof (RFC 9449).
    pub proof: PresentedProof,
    /// The scopes; nothing asks for all that are granted.
    pub scope: Option<ScopeSet>,
    /// The resources (RFC 8707); none asks for the environment's own.
    pub resources: Vec<ResourceUri>,
    /// The business that the token shall be scoped to.
    pub business: Option<AskedBusiness>,
    /// The lifetime, in seconds.
    pub lifetime: Option<u32>,
    /// Headers to send back.
    pub echo: Vec<(HeaderName, HeaderValue)>,
    /// What is wrong, each with the step that tells it.
    pub faults: Vec<Found>,
}

/// What proves the client.
#[derive(Debug, Default)]
pub enum Presented {
    /// Nothing.
    #[default]
    Absent,
    /// Something that cannot be read.
    Malformed,
    /// More than one thing. No one of them is tried (rule S20).
    Repeated,
    /// A secret. `client_id` is nothing where it has not the form of one, and so can be no client's.
    Secret {
        /// The client.
        client_id: Option<ClientId>,
        /// Its secret.
        secret: SecretText,
    },
    /// A signed assertion (RFC 7523 section 2.2).
    Assertion(Box<ClientAssertion>),
    /// A name alone: the connection's certificate has to prove it (RFC 8705 section 2).
    Named {
        /// The client.
        client_id: Option<ClientId>,
    },
}

/// A signed assertion that nobody has verified yet.
#[derive(Debug)]
pub struct ClientAssertion {
    /// The client that the request names, or else the one that the assertion says it is of; nothing where that can be no client's.
    pub client_id: Option<ClientId>,
    /// Whether the request names it.
    pub is_named: bool,
    /// The assertion, which is worth a token to whoever has it in time.
    pub text: SecretText,
}

impl ClientAssertion {
    /// Whom an assertion says it is of: what `iss` and `sub` both say (RFC 7523 section 3). Nobody has verified it.
    pub fn subject_of(text: &str) -> Option<String> {
        let jws = Jws::parse(text, EmbeddedKey::Refused).ok()?;
        let member = |name| jws.claims().get(name).and_then(serde_json::Value::as_str);
        member("sub").filter(|subject| member("iss") == Some(*subject)).map(str::to_owned)
    }
}

/// A `DPoP` proof as it arrived.
#[derive(Debug, Default)]
pub enum PresentedProof {
    /// There is none, or the dialect does not read it.
    #[default]
    Absent,
    /// More than one, too long, or no text.
    Malformed,
    /// One.
    One(SecretText),
}

impl Presented {
    /// Whether there is nothing to prove a client with: a name alone needs the connection's certificate.
    pub(crate) fn is_nothing(&self, certificate: Option<&ClientCertificate>) -> bool {
        matches!(self, Presented::Absent) || (matches!(self, Presented::Named { .. }) && certificate.is_none())
    }

    /// The client that was named.
    pub fn client_id(&self) -> Option<&ClientId> {
        match self {
            Presented::Secret { client_id, .. } | Presented::Named { client_id } => client_id.as_ref(),
            Presented::Assertion(assertion) => assertion.client_id.as_ref(),
            Presented::Absent | Presented::Malformed | Presented::Repeated => None,
        }
    }
}

/// The business that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBusiness {
    /// By something that is no identifier, and so names none.
    Malformed,
    /// By its identifier.
    Named(BusinessId),
}

/// Something wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub fault: Fault,
    /// When it is told.
    pub step: Step,
    /// About which parameter.
    pub problem: Option<Problem>,
}

/// A parameter that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// In which way.
    pub fault: Fault,
    /// Its name on the wire; never its value.
    pub parameter: String,
    /// Where it was, or would have been.
    pub place: ProblemPlace,
}

/// Where a parameter was, or would have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemPlace {
    /// In the body.
    Body,
    /// In the query string.
    Query,
    /// In a header.
    Header,
}

impl ProblemPlace {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ProblemPlace::Body => "body",
            ProblemPlace::Query => "query",
            ProblemPlace::Header => "header",
        }
    }
}

impl TokenRequest {
    /// Refuses the request if decoding found something that belongs to this step: the first thing, or all of them.
    pub(super) fn refuse_faults_of(&self, step: Step, report: Report) -> Result<(), Denial> {
        let mut found = self.faults.iter().filter(|found| found.step == step);
        let Some(first) = found.next() else { return Ok(()) };
        let mut problems: Vec<Problem> = first.problem.iter().cloned().collect();
        if report == Report::All {
            problems.extend(found.filter_map(|found| found.problem.clone()));
        }
        Err(Denial::Faulty { fault: first.fault, problems })
    }
}
