//! A token request after decoding, whatever its wire format was.

use http::{HeaderName, HeaderValue};

use super::Denial;
use crate::crypto::SecretText;
use crate::dialect::{Fault, Report, Step};
use crate::model::{BusinessId, ClientId, ResourceUri, ScopeSet};

/// What is asked for, and what was found wrong with the way it was asked.
#[derive(Debug, Default)]
pub struct TokenRequest {
    /// What proves the client.
    pub presented: Presented,
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
}

impl Presented {
    /// The client that was named.
    pub fn client_id(&self) -> Option<&ClientId> {
        match self {
            Presented::Secret { client_id, .. } => client_id.as_ref(),
            _ => None,
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
