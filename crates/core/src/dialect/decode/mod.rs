//! From a request to a [`TokenRequest`]. Decoding never refuses: it notes the faults that it finds, each with the step at
//! which the dialect wants it told, and nobody sees the bytes again afterwards.

mod basic;
mod credentials;
mod fields;
mod form;
mod integer;

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::fault::{Fault, Step};
use super::rules::{BodyType, Dialect, DpopRule, Encoding, Origin, Otherwise, Parameter, Repeated, RequestRules, Role};
use crate::crypto::SecretText;
use crate::model::{BusinessId, ResourceUri, ScopeSet};
use crate::token::{AskedBusiness, Found, Presented, PresentedProof, Problem, ProblemPlace, TokenRequest};
use credentials::Credentials;
pub(super) use credentials::JWT_BEARER;
use fields::{Field, FieldsError};
pub(crate) use form::{FormParameter, FormRequest, basic_in, query_value};

/// The largest body, in bytes; also of a query string.
pub const MAX_BODY: usize = 64 * 1024;
/// The largest number of fields in a body or a query string.
pub const MAX_FIELDS: usize = 1000;
/// The longest `DPoP` proof, in bytes.
const MAX_PROOF: usize = 8 * 1024;
const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The largest number of resources in one request.
const MAX_RESOURCES: usize = 16;

/// A body, as far as it was read.
#[derive(Debug, Clone, Copy)]
pub enum RawBody<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It is larger than [`MAX_BODY`].
    TooLarge,
}

/// A request to a token endpoint, as bytes.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// The query string, without its question mark.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: RawBody<'a>,
}

impl Dialect {
    /// Reads a request.
    pub fn decode(&self, raw: &RawRequest<'_>) -> TokenRequest {
        let mut decoder = Decoder { rules: &self.request, raw: *raw, found: Vec::new() };
        let fields = decoder.fields();
        let mut request = decoder.parameters(&fields);
        request.proof = decoder.proof();
        request.echo = decoder.echo();
        request.faults = decoder.found;
        request
    }
}

struct Decoder<'a> {
    rules: &'a RequestRules,
    raw: RawRequest<'a>,
    found: Vec<Found>,
}

/// A value of a parameter, with where it was.
type Value<'a> = (ProblemPlace, Cow<'a, str>);

impl<'a> Decoder<'a> {
    fn note(&mut self, fault: Fault, step: Step) {
        self.found.push(Found { fault, step, problem: None });
    }

    fn note_parameter(&mut self, fault: Fault, step: Step, parameter: &Parameter, place: ProblemPlace) {
        let problem = Problem { fault, parameter: parameter.name.clone(), place };
        self.found.push(Found { fault, step, problem: Some(problem) });
    }

    /// All fields that the dialect reads, each with where it came from.
    fn fields(&mut self) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        if let Some(query) = self.raw.query.filter(|query| !query.is_empty()) {
            if self.rules.query == Otherwise::Refuse {
                self.note(Fault::QueryRefused, Step::Query);
            } else if self.rules.parameters.iter().any(|parameter| parameter.from.contains(&Origin::Query)) {
                let is_too_long = query.len() > MAX_BODY;
                let read =
                    if is_too_long { Err(FieldsError) } else { fields::read_form(query.as_bytes(), ProblemPlace::Query) };
                self.take(read, &mut fields);
            }
        }
        let body = self.body_fields();
        if self.rules.unknown_fields == Otherwise::Refuse
            && let Ok(body) = &body
            && !body.iter().all(|field| self.is_body_parameter(&field.name))
        {
            self.note(Fault::PayloadRefused, Step::Payload);
        }
        self.take(body, &mut fields);
        fields
    }

    fn take(&mut self, read: Result<Vec<Field<'a>>, FieldsError>, fields: &mut Vec<Field<'a>>) {
        match read {
            Err(FieldsError) => self.note(Fault::PayloadRefused, Step::Payload),
            Ok(mut read) => {
                if self.rules.encoding == Encoding::Refuse && read.iter().any(|field| field.malformed) {
                    self.note(Fault::EncodingMalformed, Step::Payload);
                }
                if fields.is_empty() {
                    *fields = read;
                } else {
                    fields.append(&mut read);
                }
            }
        }
    }

    fn body_fields(&self) -> Result<Vec<Field<'a>>, FieldsError> {
        let RawBody::Whole(body) = self.raw.body else { return Err(FieldsError) };
        if body.is_empty() {
            return Ok(Vec::new());
        }
        let mut types = self.raw.headers.get_all(http::header::CONTENT_TYPE).iter();
        let content_type = match (types.next(), types.next()) {
            (Some(one), None) => one.to_str().unwrap_or_default(),
            _ => "",
        };
        match fields::body_type(content_type).filter(|body_type| self.rules.body.contains(body_type)) {
            Some(BodyType::Form) => fields::read_form(body, ProblemPlace::Body),
            Some(BodyType::Multipart) => fields::read_multipart(content_type, body),
            Some(BodyType::Json) => fields::read_json(body),
            None if self.rules.other_body == Otherwise::Ignore => Ok(Vec::new()),
            None => Err(FieldsError),
        }
    }

    fn is_body_parameter(&self, name: &str) -> bool {
        self.rules.parameters.iter().any(|parameter| parameter.name == name && parameter.from.contains(&Origin::Body))
    }

    fn parameters(&mut self, fields: &[Field<'a>]) -> TokenRequest {
        let mut request = TokenRequest::default();
        let mut credentials = Credentials::default();
        let mut credentials_differ = false;
        let rules = self.rules;
        for parameter in &rules.parameters {
            let values = self.values(parameter, fields);
            match parameter.role {
                Role::ClientId | Role::ClientSecret | Role::ClientAssertion | Role::ClientAssertionType => {
                    credentials_differ |= values.windows(2).any(|pair| matches!(pair, [(_, a), (_, b)] if a != b));
                    let value = self.scalar(parameter, values).map(|(_, value)| value.into_owned());
                    match parameter.role {
                        Role::ClientId => credentials.client_id = value,
                        Role::ClientSecret => credentials.secret = value.map(SecretText::new),
                        Role::ClientAssertion => credentials.assertion = value.map(SecretText::new),
                        _ => credentials.assertion_type = value,
                    }
                }
                Role::Resource => request.resources = self.resources(parameter, &values),
                _ => {
                    if let Some((place, value)) = self.scalar(parameter, values) {
                        self.read_scalar(parameter, place, &value, &mut request);
                    }
                }
            }
        }
        request.presented =
            if credentials_differ { Presented::Repeated } else { credentials.presented(self.rules, self.raw.headers) };
        request
    }

    fn values<'v>(&self, parameter: &Parameter, fields: &'v [Field<'a>]) -> Vec<Value<'v>>
    where
        'a: 'v,
    {
        let mut values = Vec::new();
        for origin in &parameter.from {
            let place = match origin {
                Origin::Body => ProblemPlace::Body,
                Origin::Query => ProblemPlace::Query,
                Origin::Header(name) => {
                    let found = self.raw.headers.get_all(name).iter();
                    values.extend(found.map(|value| (ProblemPlace::Header, String::from_utf8_lossy(value.as_bytes()))));
                    continue;
                }
            };
            let named = fields.iter().filter(|field| field.place == place && field.name == parameter.name);
            values.extend(named.map(|field| (place, Cow::Borrowed(&*field.value))));
        }
        if !parameter.keep_empty {
            values.retain(|(_, value)| !value.is_empty());
        }
        values
    }

    /// The one value of a parameter, if there is one to be used.
    fn scalar<'v>(&mut self, parameter: &Parameter, mut values: Vec<Value<'v>>) -> Option<Value<'v>> {
        let place = values.last().map_or(ProblemPlace::Body, |(place, _)| *place);
        if values.iter().any(|(_, value)| value.len() > parameter.max) {
            self.note_parameter(Fault::ParameterTooLong, Step::Parameters, parameter, place);
            return None;
        }
        if values.len() > 1 && self.rules.repeated == Repeated::Refuse {
            self.note_parameter(Fault::ParameterRepeated, Step::Parameters, parameter, place);
            return None;
        }
        let value = values.pop();
        if value.is_none() && parameter.required {
            let place = match parameter.from.first() {
                Some(Origin::Query) => ProblemPlace::Query,
                Some(Origin::Header(_)) => ProblemPlace::Header,
                _ => ProblemPlace::Body,
            };
            self.note_parameter(Fault::ParameterMissing, Step::Parameters, parameter, place);
        }
        value
    }

    fn read_scalar(&mut self, parameter: &Parameter, place: ProblemPlace, value: &str, request: &mut TokenRequest) {
        let mut note = |fault| self.note_parameter(fault, parameter.malformed_at, parameter, place);
        match parameter.role {
            Role::GrantType if !parameter.values.iter().any(|known| known == value) => note(Fault::GrantUnsupported),
            Role::Scope => match ScopeSet::parse(value) {
                Ok(scope) => request.scope = Some(scope),
                Err(_) => note(Fault::ScopeMalformed),
            },
            Role::BusinessId => {
                request.business = Some(value.parse::<BusinessId>().map_or(AskedBusiness::Malformed, AskedBusiness::Named));
            }
            Role::ExpiresIn => match integer::read(value, parameter.integers) {
                None => note(Fault::LifetimeMalformed),
                Some(seconds) if seconds < 1 => note(Fault::LifetimeTooSmall),
                Some(seconds) => request.lifetime = Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
            },
            Role::GrantType
            | Role::ClientId
            | Role::ClientSecret
            | Role::ClientAssertion
            | Role::ClientAssertionType
            | Role::Resource => {}
        }
    }

    fn resources(&mut self, parameter: &Parameter, values: &[Value<'_>]) -> Vec<ResourceUri> {
        let place = values.first().map_or(ProblemPlace::Body, |(place, _)| *place);
        if values.is_empty() && parameter.required {
            self.note_parameter(Fault::ParameterMissing, Step::Parameters, parameter, place);
        }
        if values.len() > MAX_RESOURCES || values.iter().any(|(_, value)| value.len() > parameter.max) {
            self.note_parameter(Fault::ParameterTooLong, Step::Parameters, parameter, place);
            return Vec::new();
        }
        let parsed: Result<Vec<ResourceUri>, _> = values.iter().map(|(_, value)| value.parse()).collect();
        let mut resources = parsed.unwrap_or_else(|_| {
            self.note_parameter(Fault::ResourceMalformed, parameter.malformed_at, parameter, place);
            Vec::new()
        });
        // Naming a resource twice asks for nothing more.
        if resources.len() > 1 {
            let mut seen = std::collections::HashSet::new();
            resources.retain(|resource| seen.insert(resource.clone()));
        }
        resources
    }

    /// The `DPoP` proof (RFC 9449 section 4.1).
    fn proof(&self) -> PresentedProof {
        if self.rules.dpop == DpopRule::Ignore {
            return PresentedProof::Absent;
        }
        let mut values = self.raw.headers.get_all(DPOP).iter();
        match (values.next(), values.next()) {
            (None, _) => PresentedProof::Absent,
            (Some(value), None) if value.len() <= MAX_PROOF => {
                value.to_str().map_or(PresentedProof::Malformed, |text| PresentedProof::One(SecretText::new(text.to_owned())))
            }
            _ => PresentedProof::Malformed,
        }
    }

    fn echo(&mut self) -> Vec<(HeaderName, HeaderValue)> {
        let mut echo = Vec::new();
        let rules = self.rules;
        for (name, max) in &rules.echo {
            let mut values = self.raw.headers.get_all(name).iter();
            if self.raw.headers.get_all(name).iter().any(|value| value.len() > *max) {
                let problem = Problem {
                    fault: Fault::ParameterTooLong,
                    parameter: name.as_str().to_owned(),
                    place: ProblemPlace::Header,
                };
                self.found.push(Found { fault: Fault::ParameterTooLong, step: Step::Parameters, problem: Some(problem) });
            } else if let (Some(value), None) = (values.next(), values.next()) {
                echo.push((name.clone(), value.clone()));
            }
        }
        echo
    }
}

#[cfg(test)]
mod tests;
