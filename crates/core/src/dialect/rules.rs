//! A dialect after loading: what decoding, the token path and encoding go by.

use http::{HeaderName, Method, StatusCode};
use mintmark_verify::Algorithm;

use super::auth_method::AuthMethods;
use super::fault::{Fault, Step};
use super::template::Template;
use crate::model::{Attributes, DialectName, ScopeSet, TokenFormat};

/// One token endpoint's wire format.
#[derive(Debug)]
pub struct Dialect {
    /// Its name.
    pub name: DialectName,
    /// The file it was read from, for people.
    pub file: String,
    /// Where it listens.
    pub route: Route,
    /// How a request is read.
    pub request: RequestRules,
    /// What its tokens are.
    pub token: TokenRules,
    /// How often clients may ask.
    pub limits: LimitRules,
    /// How a token is answered.
    pub answer: AnswerRules,
    /// Headers of answers to an authenticated client.
    pub headers: Vec<(HeaderName, Template)>,
    /// How each fault is answered.
    pub(super) faults: FaultTable,
    /// The values of the example exchange.
    pub example: Example,
}

/// Where a dialect listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The one method.
    pub method: Method,
    /// The exact path.
    pub path: String,
    /// What happens to the path with, or without, a slash at its end.
    pub slash: Slash,
    /// Unknown paths below this prefix get the dialect's 404.
    pub owns: Option<String>,
}

/// What happens to the path with a slash more, or one less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slash {
    /// It is the same endpoint.
    Accept,
    /// 308 to the path as written, which keeps method and body.
    Redirect,
    /// It is an unknown path.
    Refuse,
}

/// How a request is read.
#[derive(Debug)]
pub struct RequestRules {
    /// The ways in which a client may prove itself here.
    pub methods: AuthMethods,
    /// `Authorization: Basic` is read, and its halves decoded so.
    pub basic: Option<BasicDecoding>,
    /// What is done with a `DPoP` proof.
    pub dpop: DpopRule,
    /// The body types that are read.
    pub body: Vec<BodyType>,
    /// What a body of another type is.
    pub other_body: Otherwise,
    /// Form fields that are no parameter.
    pub unknown_fields: Otherwise,
    /// The query string.
    pub query: Otherwise,
    /// A parameter that is there twice.
    pub repeated: Repeated,
    /// A malformed percent sign or text that is not UTF-8.
    pub encoding: Encoding,
    /// The order of the checks.
    pub order: Vec<Step>,
    /// Whether the first problem of a check is told, or all.
    pub report: Report,
    /// The parameters, in the order in which their problems are told.
    pub parameters: Vec<Parameter>,
    /// Headers that come back as sent, with their longest value.
    pub echo: Vec<(HeaderName, usize)>,
}

/// What is done with a `DPoP` proof (RFC 9449).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DpopRule {
    /// The header is not read.
    #[default]
    Ignore,
    /// The token is bound to the proof's key.
    Accept,
    /// So it is, if the proof carries a nonce of this server's (section 8).
    Nonce,
}

/// How the halves of a Basic credential are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicDecoding {
    /// As they are.
    Raw,
    /// Form-decoded, as RFC 6749 section 2.3.1 says.
    Form,
}

/// A body type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyType {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// `application/json`: one object of texts, numbers and lists of texts.
    Json,
}

/// What is done with something that is not part of the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// As if it were not there.
    Ignore,
    /// A fault.
    Refuse,
}

/// A parameter that is there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// The last one counts (credentials excepted).
    Last,
    /// A fault.
    Refuse,
}

/// A malformed percent sign or text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Kept literally; bytes that are not UTF-8 become U+FFFD.
    Keep,
    /// A fault.
    Refuse,
}

/// Whether the first problem of a check is told, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The first.
    First,
    /// All.
    All,
}

/// What a parameter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the keys of a file's [parameters]")]
pub enum Role {
    ClientId,
    ClientSecret,
    ClientAssertion,
    ClientAssertionType,
    GrantType,
    Scope,
    Resource,
    BusinessId,
    ExpiresIn,
}

/// Where a parameter is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The body.
    Body,
    /// The query string.
    Query,
    /// The header of that name.
    Header(HeaderName),
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter {
    /// What it means.
    pub role: Role,
    /// Its name on the wire.
    pub name: String,
    /// Where it is looked for.
    pub from: Vec<Origin>,
    /// Whether it must be there.
    pub required: bool,
    /// Its longest value, in bytes.
    pub max: usize,
    /// Whether an empty value is kept, or counts as absent.
    pub keep_empty: bool,
    /// At which step a malformed value is told.
    pub malformed_at: Step,
    /// `grant_type`: the values that mean client credentials.
    pub values: Vec<String>,
    /// `expires_in`: how integers are written.
    pub integers: IntegerGrammar,
}

/// How integers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegerGrammar {
    /// Digits alone.
    Plain,
    /// As Python frameworks read them: sign, surrounding blanks, leading zeros, single underscores, and a fraction of zeros.
    Lenient,
}

/// What a dialect's tokens are.
#[derive(Debug)]
pub struct TokenRules {
    /// The form where the resource names none.
    pub format: TokenFormat,
    /// The algorithm where the resource names none.
    pub algorithm: Option<Algorithm>,
    /// The life of a token whose request asks for none, in seconds.
    pub lifetime_default: u32,
    /// The longest life, in seconds.
    pub lifetime_max: u32,
    /// Claims from the client's attributes.
    pub claims: Vec<ClaimRule>,
}

/// A claim from a client's attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    /// The claim.
    pub claim: String,
    /// The attribute.
    pub attribute: String,
    /// Whose attribute it is.
    pub of: AttributeOf,
    /// Whether a client without the attribute may not use the dialect.
    pub required: bool,
}

/// Whose attribute becomes a claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AttributeOf {
    /// The client's.
    #[default]
    Client,
    /// Its tenant's.
    Tenant,
}

/// How often clients may ask, per minute and node. Nothing where it is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitRules {
    /// Requests of one client.
    pub client: Option<u32>,
    /// Requests of one tenant.
    pub tenant: Option<u32>,
    /// Requests for one business.
    pub business: Option<u32>,
}

/// How a token is answered.
#[derive(Debug)]
pub struct AnswerRules {
    /// The body.
    pub body: Template,
    /// What `<expires_in>` is.
    pub expires_in: ExpiresIn,
}

/// What `<expires_in>` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiresIn {
    /// The moment of expiry, in unix seconds.
    Absolute,
    /// Seconds from now.
    Relative,
}

/// How one fault is answered.
#[derive(Debug, Clone)]
pub(super) struct FaultAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Template,
    /// The `WWW-Authenticate` value of a 401.
    pub(super) challenge: Option<Template>,
    /// One problem in the list of problems.
    pub(super) problem: Option<Template>,
    /// The list of problems when there is no problem to list.
    pub(super) no_problem: Option<Template>,
}

/// The answers by fault.
#[derive(Debug)]
pub(super) struct FaultTable {
    /// One for each of [`Fault::ALL`], in its order; `None` where the dialect cannot reach it.
    pub(super) answers: Vec<Option<FaultAnswer>>,
}

impl FaultTable {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.own(fault).is_some()
    }

    fn own(&self, fault: Fault) -> Option<&FaultAnswer> {
        let index = Fault::ALL.iter().position(|known| *known == fault)?;
        self.answers.get(index)?.as_ref()
    }

    /// The answer to a fault. A fault that the loader thought unreachable is answered as an internal one.
    pub(super) fn answer(&self, fault: Fault) -> Option<&FaultAnswer> {
        self.own(fault).or_else(|| self.own(Fault::Internal))
    }
}

/// The example exchange that `mintmark dialect show` prints, and what the demo client of `mintmark dev` may ask for.
#[derive(Debug, Clone)]
pub struct Example {
    /// The client.
    pub client_id: String,
    /// Its secret, which is no real one.
    pub client_secret: String,
    /// The scopes that it asks for.
    pub scope: Option<String>,
    /// The business that it asks for.
    pub business_id: Option<String>,
    /// The scopes that the demo client has.
    pub granted: ScopeSet,
    /// The attributes that the demo client has.
    pub attributes: Attributes,
}
