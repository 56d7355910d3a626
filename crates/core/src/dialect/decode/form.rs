//! Requests to endpoints beside the token endpoint: authenticated as a dialect's token requests are, with parameters of their own.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::basic::{self, Basic};
use super::fields;
use super::{Decoder, MAX_BODY, RawRequest};
use crate::crypto::ClientSecret;
use crate::dialect::fault::{Fault, Step};
use crate::dialect::rules::{BasicDecoding, Dialect, Encoding};
use crate::model::ClientId;
use crate::token::{Found, Presented, Problem, ProblemPlace};

/// A parameter of such an endpoint: in the body, once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormParameter {
    pub(crate) name: &'static str,
    /// The longest value, in bytes.
    pub(crate) max: usize,
}

/// What was read of such a request.
#[derive(Debug)]
pub(crate) struct FormRequest {
    /// What proves the client.
    pub(crate) presented: Presented,
    /// The value of each parameter that was asked for. An empty one is none (RFC 6749 section 3.2).
    pub(crate) values: Vec<Option<String>>,
    /// What is wrong.
    pub(crate) faults: Vec<Found>,
}

impl Dialect {
    /// Reads the request of a client that proves itself as for this dialect. Of what else the dialect knows nothing counts but that it
    /// is of its form.
    pub(crate) fn decode_form(&self, raw: &RawRequest<'_>, parameters: &[FormParameter]) -> FormRequest {
        let mut decoder = Decoder { rules: &self.request, raw: *raw, found: Vec::new() };
        let fields = decoder.fields();
        let presented = decoder.parameters(&fields).presented;
        let is_of_form = |found: &Found| {
            use Fault::{EncodingMalformed, ParameterRepeated, ParameterTooLong, PayloadRefused, QueryRefused};
            matches!(found.fault, PayloadRefused | EncodingMalformed | ParameterRepeated | ParameterTooLong | QueryRefused)
        };
        let mut faults: Vec<Found> = decoder.found.into_iter().filter(is_of_form).collect();
        let mut value_of = |parameter: &FormParameter| {
            let named = fields.iter().filter(|field| field.place == ProblemPlace::Body && field.name == parameter.name);
            let mut values = named.map(|field| &*field.value).filter(|value| !value.is_empty());
            let value = values.next()?;
            let fault = if values.next().is_some() {
                Fault::ParameterRepeated
            } else if value.len() > parameter.max {
                Fault::ParameterTooLong
            } else {
                return Some(value.to_owned());
            };
            let problem = Problem { fault, parameter: parameter.name.to_owned(), place: ProblemPlace::Body };
            faults.push(Found { fault, step: Step::Parameters, problem: Some(problem) });
            None
        };
        let values = parameters.iter().map(&mut value_of).collect();
        FormRequest { presented, values, faults }
    }
}

/// The value of a parameter of a query string, if it is there; an error if it is there twice, or the query cannot be read.
pub(crate) fn query_value(query: &str, name: &str) -> Result<Option<String>, Fault> {
    if query.len() > MAX_BODY {
        return Err(Fault::QueryRefused);
    }
    let fields = fields::read_form(query.as_bytes(), ProblemPlace::Query).map_err(|_| Fault::QueryRefused)?;
    let mut named = fields.into_iter().filter(|field| field.name == name);
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(field), None) if !field.malformed => Ok(Some(field.value.into_owned())),
        _ => Err(Fault::QueryRefused),
    }
}

/// Reads `Basic` credentials (RFC 7617) from a header of another name than the usual, which is taken by somebody else's.
pub(crate) fn basic_in(headers: &HeaderMap, name: &HeaderName) -> Presented {
    let mut usual = HeaderMap::new();
    for value in headers.get_all(name) {
        usual.append(AUTHORIZATION, value.clone());
    }
    let parse_id = |id: &str| id.parse::<ClientId>().ok().filter(|id| !ClientSecret::is_like(id.as_str()));
    match basic::read(&usual, BasicDecoding::Raw, Encoding::Refuse) {
        Basic::Absent => Presented::Absent,
        Basic::Repeated => Presented::Repeated,
        Basic::Malformed => Presented::Malformed,
        Basic::Pair { client_id, secret } => Presented::Secret { client_id: parse_id(&client_id), secret },
    }
}
