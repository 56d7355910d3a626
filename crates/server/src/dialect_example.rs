//! An example of what a dialect says: a request, its answer, and the answer to each fault. No server is asked.

use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::SecretText;
use mintmark_core::dialect::{AnswerContext, Dialect, Encoded, Fault, Granted, Origin, OutgoingRequest, Role, TokenAsk};
use mintmark_core::token::{Problem, ProblemPlace, RateStatus};

/// The moment at which the example takes place: 2026-05-01T16:39:28Z.
const EXAMPLE_NOW: Timestamp = Timestamp(1_777_653_568);
const EXAMPLE_ORIGIN: &str = "https://api.example.com";
/// Stands where a token would.
const EXAMPLE_TOKEN: &str = "eyJhbGciOi…";

/// What a dialect says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// A request, as it is sent.
    pub request: String,
    /// The answer to it.
    pub answer: String,
    /// The same request as a command.
    pub curl: String,
    /// Each fault that there can be, with the status and the body of its answer.
    pub faults: Vec<(&'static str, u16, String)>,
}

/// An exchange with the values that the dialect's own file has for it.
pub fn example_of(dialect: &Dialect) -> Example {
    let secret = SecretText::new(dialect.example.client_secret.clone());
    let ask = TokenAsk {
        client_id: &dialect.example.client_id,
        client_secret: &secret,
        scope: dialect.example.scope.as_deref(),
        business_id: dialect.example.business_id.as_deref(),
        resources: &[],
        expires_in: None,
    };
    let (request, _) = dialect.outgoing(&ask);
    let answer = example_answer(dialect);
    Example {
        request: show_request(&request),
        answer: show_answer(&answer),
        curl: request.to_curl(EXAMPLE_ORIGIN),
        faults: show_faults(dialect),
    }
}

fn example_context(dialect: &Dialect) -> AnswerContext<'_> {
    let rate = RateStatus { limit: 300, remaining: 299, reset: Timestamp(EXAMPLE_NOW.0 - EXAMPLE_NOW.0 % 60 + 60) };
    AnswerContext {
        issuer: EXAMPLE_ORIGIN,
        request_id: "0123456789abcdef00000000",
        path: &dialect.route.path,
        rate: Some(rate),
        retry_after: None,
        dpop_nonce: None,
        echo: &[],
    }
}

fn example_answer(dialect: &Dialect) -> Encoded {
    let granted = Granted {
        access_token: EXAMPLE_TOKEN,
        token_type: "Bearer",
        expires_at: EXAMPLE_NOW.plus(dialect.token.lifetime_default),
        now: EXAMPLE_NOW,
        scope: dialect.example.scope.as_deref().unwrap_or_default(),
        client_id: &dialect.example.client_id,
    };
    dialect.encode_token(granted, example_context(dialect))
}

fn show_request(request: &OutgoingRequest) -> String {
    let mut lines = vec![format!("{} {} HTTP/1.1", request.method, request.target), "Host: api.example.com".to_owned()];
    lines.extend(request.authorization().map(|value| format!("Authorization: {value}")));
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if let Some((content_type, body)) = request.body() {
        lines.push(format!("Content-Type: {content_type}"));
        lines.push(String::new());
        lines.push(body);
    }
    lines.join("\n")
}

fn show_answer(answer: &Encoded) -> String {
    let mut lines = vec![format!("HTTP/1.1 {}", answer.status)];
    let headers = answer.headers.iter();
    lines.extend(headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))));
    lines.push(String::new());
    lines.push(String::from_utf8_lossy(&answer.body).into_owned());
    lines.join("\n")
}

fn show_faults(dialect: &Dialect) -> Vec<(&'static str, u16, String)> {
    let context = AnswerContext { rate: None, ..example_context(dialect) };
    let reachable = Fault::ALL.iter().filter(|fault| dialect.answers(**fault));
    reachable
        .map(|fault| {
            let answer = dialect.encode_fault(*fault, &[sample_problem(dialect, *fault)], context);
            (fault.as_str(), answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
        })
        .collect()
}

/// A parameter that the fault could be about.
fn sample_problem(dialect: &Dialect, fault: Fault) -> Problem {
    let role = match fault {
        Fault::GrantUnsupported => Some(Role::GrantType),
        Fault::LifetimeMalformed | Fault::LifetimeTooSmall => Some(Role::ExpiresIn),
        Fault::ScopeMalformed => Some(Role::Scope),
        Fault::ResourceMalformed => Some(Role::Resource),
        _ => None,
    };
    let mut parameters = dialect.request.parameters.iter();
    let parameter = match (fault, role) {
        (Fault::PageMalformed, _) => None,
        (Fault::ParameterMissing, _) => parameters.find(|parameter| parameter.required),
        (_, Some(role)) => parameters.find(|parameter| parameter.role == role),
        (_, None) => parameters.next(),
    };
    let in_query = parameter.is_none_or(|parameter| parameter.from.first() == Some(&Origin::Query));
    let name = parameter.map_or("page_size", |parameter| parameter.name.as_str());
    let place = if in_query { ProblemPlace::Query } else { ProblemPlace::Body };
    Problem { fault, parameter: name.to_owned(), place }
}
