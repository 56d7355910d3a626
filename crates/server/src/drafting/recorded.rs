//! What recorded exchanges tell of an endpoint.

use std::collections::BTreeMap;

use mintmark_core::dialect::Fault;

use super::answer::{Filled, LONGEST_LIFE, Shown, fill, good_scopes};
use super::body::literal;
use super::draft::{Draft, DraftParameter, Told};
use super::faults::{Known, KnownAnswer};
use super::meaning::{AnswerValue, answer_value, plain, role_of};
use super::openapi::replaced_by;
use super::probed;
use super::secrecy::looks_secret;
use crate::recording::{Exchange, RecordedAnswer, RecordedRequest};

/// The note of body types that good requests had.
pub(super) const SENT: &str = "those that were sent";

/// Drafts a dialect from recorded exchanges; what they do not show comes from `base`, a draft of another source.
pub fn draft_from_recordings(
    exchanges: &[Exchange],
    file: &str,
    name: Option<&str>,
    base: Option<Draft>,
) -> Result<Draft, String> {
    let good: Vec<&Exchange> = exchanges.iter().filter(|exchange| is_good(exchange)).collect();
    // Some endpoints leave out what was not asked for: of the answers the fullest one shows most, of those alike the last.
    let Some(first) = good.iter().max_by_key(|exchange| values_in(exchange)).copied() else {
        return Err(format!("none of the {} exchanges was answered with a token; record one that was", exchanges.len()));
    };
    let mut remarks = Vec::new();
    let (method, path) = (first.request.method.clone(), first.request.path.clone());
    if path.contains("{{") {
        return Err(format!("the path {path} looks like it holds a secret, and was not recorded"));
    }
    let good: Vec<&Exchange> = good.into_iter().filter(|exchange| exchange.request.path == path).collect();
    let filled = answer(first, &mut remarks);
    let parameters = parameters(&good, &mut remarks);
    let scopes = scopes(&good);
    let lifetime = filled.lifetime.clone().or_else(|| token_lifetime(&first.answer));
    let replaces = replaced_by(&path);
    let mut draft = Draft {
        origin: vec![format!("{method} {path}, drafted from {} recorded exchanges ({file}).", exchanges.len())],
        remarks: Vec::new(),
        name: name.map_or_else(|| "recorded".to_owned(), str::to_owned),
        replaces,
        method: Told::surely(method),
        path: Told::surely(path.clone()),
        slash: slash(exchanges, &path),
        auth: auth(&good),
        body: bodies(&good),
        other_body: Told::open("refuse", "what becomes of a body of another type"),
        unknown_fields: Told::open("ignore", "whether other fields are refused"),
        query: Told::open("ignore", "whether other parameters of the query are refused"),
        repeated: Told::open("refuse", "what becomes of a parameter that is there twice"),
        encoding: Told::open("refuse", "what becomes of a malformed percent sign"),
        echo: echo(first),
        parameters,
        lifetime: lifetime.unwrap_or_else(|| Told::open((3600, 3600), "how long tokens live")),
        headers: headers(&first.answer, &mut remarks),
        expires_in: filled.expires_in,
        answer: Told::surely(filled.body),
        faults: Vec::new(),
        faults_note: None,
        scopes,
    };
    if let Some(base) = base {
        complete(&mut draft, base, &mut remarks)?;
    }
    probed::conclude(exchanges, &mut draft, &mut remarks);
    require(exchanges, &mut draft);
    errors(exchanges, &mut draft);
    remarks.sort();
    remarks.dedup();
    draft.remarks = remarks;
    Ok(draft)
}

fn values_in(exchange: &Exchange) -> usize {
    super::body::leaves(&exchange.answer.body).map_or(0, |leaves| leaves.len())
}

pub(super) fn is_good(exchange: &Exchange) -> bool {
    (200..300).contains(&exchange.answer.status) && exchange.answer.body.contains("{{token:")
}

/// What a description tells and recordings cannot show.
fn complete(draft: &mut Draft, base: Draft, remarks: &mut Vec<String>) -> Result<(), String> {
    if base.path.value != draft.path.value {
        return Err(format!("the description is of {}, the recordings are of {}", base.path.value, draft.path.value));
    }
    draft.origin.extend(base.origin);
    remarks.extend(base.remarks);
    for parameter in base.parameters {
        match draft.parameters.iter_mut().find(|known| known.role == parameter.role) {
            Some(known) => {
                known.max = parameter.max;
                known.required = parameter.required;
            }
            None if parameter.role == "client_secret" || parameter.role.starts_with("client_assertion") => {}
            None => draft.parameters.push(parameter),
        }
    }
    draft.scopes = good_scopes(base.scopes.into_iter().chain(draft.scopes.drain(..)).collect());
    if base.lifetime.note.is_none() {
        draft.lifetime = base.lifetime;
    }
    draft.unknown_fields = base.unknown_fields;
    Ok(())
}

fn answer(exchange: &Exchange, remarks: &mut Vec<String>) -> Filled {
    let shown = Shown {
        label: String::new(),
        text: exchange.answer.body.clone(),
        is_example: true,
        is_text: true,
        told: BTreeMap::new(),
    };
    fill(&shown, remarks)
}

fn token_lifetime(answer: &RecordedAnswer) -> Option<Told<(i64, i64)>> {
    let seconds = answer.token.as_ref()?.lifetime.filter(|seconds| *seconds > 0)?.min(LONGEST_LIFE);
    Some(Told::noted((seconds, seconds), "from a token; not told: the longest"))
}

/// The fields of a request, with where they stood.
pub(crate) fn fields(request: &RecordedRequest) -> Vec<(&'static str, String, String)> {
    let mut fields = Vec::new();
    let mut add = |place, text: &str| {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.push((place, decode(name), decode(value)));
        }
    };
    add("query", request.query.as_deref().unwrap_or_default());
    match media_type(request) {
        "json" => {
            let leaves = super::body::leaves(&request.body).unwrap_or_default();
            fields.extend(leaves.iter().map(|leaf| {
                ("body", leaf.key().to_owned(), leaf.value.text().map_or_else(|| leaf.value.to_json(), str::to_owned))
            }));
        }
        _ if request.body == "{{body}}" => {}
        _ => add("body", &request.body),
    }
    let named = request.headers.iter().filter(|(name, _)| role_of(name).is_some());
    fields.extend(named.map(|(name, value)| ("header", name.clone(), value.clone())));
    fields
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn media_type(request: &RecordedRequest) -> &'static str {
    let essence =
        request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => "json",
        "multipart/form-data" => "multipart",
        _ => "form",
    }
}

fn bodies(good: &[&Exchange]) -> Told<Vec<&'static str>> {
    let mut types: Vec<&'static str> = Vec::new();
    for exchange in good.iter().filter(|exchange| !exchange.request.body.is_empty()) {
        let found = media_type(&exchange.request);
        if !types.contains(&found) {
            types.push(found);
        }
    }
    if types.is_empty() { Told::open(vec!["form"], "whether a body is read") } else { Told::noted(types, SENT) }
}

fn auth(good: &[&Exchange]) -> Told<Vec<String>> {
    let is_basic = |exchange: &&Exchange| {
        let value = exchange.request.header("authorization").unwrap_or_default();
        value.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
    };
    let sent = |role| good.iter().any(|one| fields(&one.request).iter().any(|(_, name, _)| role_of(name) == Some(role)));
    let mut entries = Vec::new();
    if good.iter().any(is_basic) {
        entries.push("{ method = \"client_secret_basic\", decode = \"form\" }".to_owned());
    }
    if sent("client_secret") {
        entries.push("{ method = \"client_secret_post\" }".to_owned());
    }
    if sent("client_assertion") {
        entries.push("{ method = \"private_key_jwt\" }".to_owned());
    }
    if entries.is_empty() {
        return Told::open(
            vec!["{ method = \"client_secret_basic\", decode = \"form\" }".to_owned()],
            "how a client proves itself",
        );
    }
    Told::noted(entries, "those that were used; not told: whether there are others, and whether Basic is form-encoded")
}

fn parameters(good: &[&Exchange], remarks: &mut Vec<String>) -> Vec<DraftParameter> {
    let mut parameters: Vec<DraftParameter> = Vec::new();
    for exchange in good {
        for (place, name, value) in fields(&exchange.request) {
            let Some(role) = role_of(&name) else {
                remarks.push(format!("the {place} parameter {name:?} was sent and is not read here"));
                continue;
            };
            if place == "query" && role.starts_with("client_secret") {
                remarks.push(
                    "the secret was sent in the query, where it stands in the log of every proxy; that is never read"
                        .to_owned(),
                );
                continue;
            }
            match parameters.iter_mut().find(|known| known.role == role) {
                Some(known) if known.name == name && !known.from.contains(&place) => known.from.push(place),
                Some(_) => {}
                None => parameters.push(DraftParameter {
                    role,
                    name,
                    from: vec![place],
                    required: false,
                    max: Told::open(longest(role), "its longest value, and whether it must be there"),
                    values: if role == "grant_type" { vec![value] } else { Vec::new() },
                }),
            }
        }
    }
    let has = |role| parameters.iter().any(|known: &DraftParameter| known.role == role);
    if has("client_assertion") != has("client_assertion_type") {
        parameters.retain(|known| !known.role.starts_with("client_assertion"));
    }
    parameters
}

fn longest(role: &str) -> i64 {
    match role {
        "client_secret" => 256,
        "client_assertion" => 8192,
        "scope" => 4096,
        "resource" => 512,
        "business_id" => 64,
        "expires_in" => 20,
        _ => 128,
    }
}

fn scopes(good: &[&Exchange]) -> Vec<String> {
    let are_named = good.iter().any(|exchange| names_scopes(exchange));
    good_scopes(good.iter().flat_map(|exchange| given_scopes(exchange, are_named)).collect())
}

/// The scopes that an exchange shows as given: those of its answer, or where no answer of the recording names any, those asked for.
/// Some endpoints leave out silently what a client may not have.
pub(crate) fn given_scopes(exchange: &Exchange, are_named: bool) -> Vec<String> {
    let texts = if are_named { answered_scopes(exchange) } else { asked_scopes(exchange) };
    texts.iter().flat_map(|text| text.split_whitespace()).filter(|scope| !scope.contains("{{")).map(str::to_owned).collect()
}

/// Whether an answer names the scopes of its token.
pub(crate) fn names_scopes(exchange: &Exchange) -> bool {
    is_good(exchange) && !answered_scopes(exchange).is_empty()
}

pub(super) fn answered_scopes(exchange: &Exchange) -> Vec<String> {
    let leaves = super::body::leaves(&exchange.answer.body).unwrap_or_default();
    let named = leaves.iter().filter(|leaf| answer_value(leaf.key()) == AnswerValue::Scope);
    named.filter_map(|leaf| leaf.value.text().map(str::to_owned)).collect()
}

fn asked_scopes(exchange: &Exchange) -> Vec<String> {
    let asked = fields(&exchange.request).into_iter().filter(|(_, name, _)| role_of(name) == Some("scope"));
    asked.map(|(_, _, value)| value).collect()
}

fn slash(exchanges: &[Exchange], path: &str) -> Told<&'static str> {
    let other = if path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") };
    match exchanges.iter().find(|exchange| exchange.request.path == other).map(|exchange| exchange.answer.status) {
        Some(301 | 302 | 307 | 308) => Told::noted("redirect", "Mintmark's is 308, which keeps method and body"),
        Some(404) => Told::surely("refuse"),
        Some(_) => Told::surely("accept"),
        None => Told::open("refuse", "whether the path with a slash more or less is answered too"),
    }
}

/// Headers of the request that came back with the same value.
fn echo(exchange: &Exchange) -> Vec<(String, i64)> {
    let answered = &exchange.answer.headers;
    let is_echo = |(name, value): &&(String, String)| {
        value.contains("{{") && name != "authorization" && answered.iter().any(|(other, same)| other == name && same == value)
    };
    exchange.request.headers.iter().filter(is_echo).map(|(name, _)| (name.clone(), 64)).collect()
}

fn headers(answer: &RecordedAnswer, remarks: &mut Vec<String>) -> Vec<(String, String)> {
    const OWN: &[&str] = &["content-type", "cache-control", "pragma", "retry-after", "x-request-id"];
    let mut headers = Vec::new();
    for (name, value) in answer.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        let plain = plain(name);
        let slot = match plain.as_str() {
            plain if !plain.contains("ratelimit") => None,
            plain if plain.ends_with("remaining") => Some("<rate.remaining>"),
            plain if plain.ends_with("reset") => Some("<rate.reset>"),
            plain if plain.ends_with("limit") => Some("<rate.limit>"),
            _ => None,
        };
        match slot {
            Some(slot) => headers.push((name.clone(), slot.to_owned())),
            None => remarks.push(format!("its answers have the header {name} ({value}); this draft does not set it")),
        }
    }
    headers
}

/// A grant that was refused because it was not there must be there.
fn require(exchanges: &[Exchange], draft: &mut Draft) {
    let is_missed = |exchange: &&Exchange| fault_of(exchange, draft) == Some(Fault::ParameterMissing);
    if exchanges.iter().filter(|exchange| exchange.answer.status >= 400).any(|exchange| is_missed(&exchange)) {
        let grant = draft.parameters.iter_mut().filter(|parameter| parameter.role == "grant_type");
        grant.for_each(|parameter| parameter.required = true);
    }
}

fn errors(exchanges: &[Exchange], draft: &mut Draft) {
    let mut answers: Vec<KnownAnswer> = Vec::new();
    let mut statuses = Vec::new();
    for exchange in exchanges.iter().filter(|exchange| (400..600).contains(&exchange.answer.status)) {
        let answer = &exchange.answer;
        statuses.push(answer.status);
        let faults: Vec<Fault> = fault_of(exchange, draft).into_iter().collect();
        let body = if answer.body == "{{body}}" { String::new() } else { answer.body.clone() };
        let challenge = answer.header("www-authenticate").filter(|text| !text.contains("{{")).map(literal);
        if answers.iter().any(|known| known.faults == faults && known.status == Some(answer.status) && known.body == body) {
            continue;
        }
        let status = Some(answer.status);
        answers.push(KnownAnswer {
            status,
            label: String::new(),
            body,
            is_example: true,
            faults,
            challenge,
            told: BTreeMap::new(),
        });
    }
    let challenge = if draft.takes("client_secret_basic") { "Basic realm=\"<issuer>\"" } else { "Bearer realm=\"<issuer>\"" };
    draft.faults_note = answers.is_empty().then(|| "not told: the bodies of errors; these are RFC 6749's".to_owned());
    let seen: Vec<Fault> = answers.iter().flat_map(|known| known.faults.clone()).collect();
    let known = Known { answers: &answers, statuses, challenge };
    draft.faults = known.assign(&draft.reachable_faults());
    for fault in draft.faults.iter_mut().filter(|fault| !seen.contains(&fault.fault)) {
        fault.note = (!answers.is_empty()).then(|| "not told: no exchange shows this one".to_owned());
    }
}

/// Which fault an exchange shows: by what was asked, and by the code of the answer.
fn fault_of(exchange: &Exchange, draft: &Draft) -> Option<Fault> {
    if let Some(fault) = probed::fault_of(exchange, draft) {
        return Some(fault);
    }
    let (request, answer) = (&exchange.request, &exchange.answer);
    let fields = fields(request);
    let value = |role| fields.iter().find(|(_, name, _)| role_of(name) == Some(role)).map(|(_, _, value)| value.as_str());
    let is_proved =
        request.header("authorization").is_some() || value("client_secret").is_some() || value("client_assertion").is_some();
    let code = |word: &str| answer.body.contains(&format!("\"{word}\""));
    let fault = match answer.status {
        405 => Fault::MethodRefused,
        429 => Fault::RateLimited,
        503 => Fault::Unavailable,
        500 => Fault::Internal,
        _ if request.method != draft.method.value => Fault::MethodRefused,
        _ if code("unsupported_grant_type") && value("grant_type").is_some() => Fault::GrantUnsupported,
        _ if code("invalid_scope") => Fault::ScopeRefused,
        _ if code("invalid_target") => Fault::ResourceRefused,
        _ if code("unauthorized_client") => Fault::ClientNotPermitted,
        _ if draft.reads("grant_type") && value("grant_type").is_none() => Fault::ParameterMissing,
        _ if value("grant_type").is_some_and(|grant| plain(grant) != "clientcredentials") => Fault::GrantUnsupported,
        _ if code("invalid_client") || answer.status == 401 => {
            if is_proved {
                Fault::ClientRefused
            } else {
                Fault::CredentialsAbsent
            }
        }
        400 | 422 if !is_proved => Fault::CredentialsAbsent,
        403 if value("scope").is_some() => Fault::ScopeRefused,
        403 => Fault::ClientNotPermitted,
        404 if value("business_id").is_some() => Fault::BusinessUnknown,
        _ => return None,
    };
    Some(fault).filter(|_| !looks_secret(&answer.body))
}
