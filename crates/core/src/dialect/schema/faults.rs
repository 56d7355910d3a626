//! `[error]` and `[faults]`: every fault that the file can reach has exactly one answer.

use http::StatusCode;

use super::BUSINESS_ROUTE;
use crate::dialect::fault::Fault;
use crate::dialect::rules::{
    DpopRule, Encoding, FaultAnswer, FaultTable, Otherwise, Repeated, Report, RequestRules, Role, Route,
};
use crate::dialect::template::{Fixed, Form, Slot, Template};
use crate::document::{Key, Node, TableReader, Value};

const BODY_SLOTS: &[Slot] = &[Slot::Problems, Slot::Path, Slot::RequestId, Slot::Issuer];
const CHALLENGE_SLOTS: &[Slot] = &[Slot::Issuer];
/// Keys of a fault that are no slots.
const OWN_KEYS: &[&str] = &["status", "challenge", "body"];

/// The templates of `[error]`, which all faults share.
struct Shared<'a> {
    body: &'a str,
    problem: Option<&'a str>,
    no_problem: Option<&'a str>,
}

pub(super) fn read(top: &TableReader<'_>, route: Option<&Route>, request: Option<&RequestRules>) -> Option<FaultTable> {
    let shared = top.required_table("error").and_then(read_shared);
    let table = top.required_table("faults")?;
    let shared = shared?;
    let mut answers: Vec<Option<FaultAnswer>> = vec![None; Fault::ALL.len()];
    for (key, node) in table.all() {
        let Some(fault) = table.one_of("faults", &key.name, &key.place, Fault::WORDS) else { continue };
        if let Some(slot) = answers.get_mut(index(fault)) {
            *slot = read_answer(&table, key, node, fault, &shared);
        }
    }
    share_answers(&table, &mut answers);
    if let (Some(route), Some(request)) = (route, request) {
        report_missing(&table, route, request);
        check_one_status(&table, request, &answers);
    }
    Some(FaultTable { answers })
}

fn index(fault: Fault) -> usize {
    Fault::ALL.iter().position(|known| *known == fault).unwrap_or_default()
}

fn read_shared(table: TableReader<'_>) -> Option<Shared<'_>> {
    let body = table.required_text("body");
    let lists = body.is_some_and(|body| Template::slots_of(body).contains(&"problems"));
    let problems = if lists { table.required_table("problems") } else { table.table("problems") };
    let (problem, no_problem) = problems.map(read_problems).unwrap_or_default();
    table.finish();
    Some(Shared { body: body?, problem, no_problem })
}

/// How one problem is written, and what stands in place of the list where there is none to write.
fn read_problems(table: TableReader<'_>) -> (Option<&str>, Option<&str>) {
    let template = |key| {
        let text = table.required_text(key);
        if text == Some("")
            && let Some(node) = table.node(key)
        {
            table.diagnostics().report(&node.place, format!("`{}`: expected JSON, found nothing", table.path_of(key)));
        }
        text
    };
    let templates = (template("each"), template("none"));
    table.finish();
    templates
}

/// Reads an answer; nothing for a fault that shares another's.
fn read_answer(table: &TableReader<'_>, key: &Key, node: &Node, fault: Fault, shared: &Shared<'_>) -> Option<FaultAnswer> {
    if matches!(node.value, Value::Text(_)) {
        return None;
    }
    let path = table.path_of(&key.name);
    let entry = TableReader::of(node, path.clone(), table.diagnostics())?;
    let status = entry.required_integer("status", 400..=599);
    let challenge = entry.text("challenge");
    let own_body = entry.text("body");
    let slots = read_slots(&entry)?;
    let status = u16::try_from(status?).ok().and_then(|status| StatusCode::from_u16(status).ok())?;

    let needs_challenge = status == StatusCode::UNAUTHORIZED && fault != Fault::TokenRefused;
    if needs_challenge != challenge.is_some() {
        let message =
            if needs_challenge { "a 401 needs a challenge (RFC 9110 section 15.5.2)" } else { "only a 401 has a challenge" };
        entry.report(format!("`{path}`: {message}"));
    }
    let compile = |text: &str, form, open: &[Slot]| {
        let mut fixed = slots.clone();
        fixed.push(("status".to_owned(), Fixed::Number(status.as_u16().into())));
        Template::compile(text, form, &fixed, open).map_err(|error| entry.report(format!("`{path}`: {error}")))
    };
    let body_text = own_body.unwrap_or(shared.body);
    let lists = Template::slots_of(body_text).contains(&"problems");
    let (problem, no_problem) = match (lists, fault.names_parameters()) {
        (true, true) => (shared.problem, None),
        (true, false) => (None, shared.no_problem),
        (false, _) => (None, None),
    };
    if lists && own_body.is_some() && problem.or(no_problem).is_none() {
        entry.report(format!("`{path}.body`: nothing says how <problems> are written: add [error.problems]"));
    }
    report_unused(&entry, &path, &slots, &[Some(body_text), problem, no_problem, challenge]);
    // All are compiled before the first failure counts, so that all mistakes are told.
    let challenge = challenge.map(|text| compile(text, Form::Header, CHALLENGE_SLOTS)).transpose();
    let problem = problem.map(|text| compile(text, Form::Json, &[Slot::Parameter, Slot::In])).transpose();
    let no_problem = no_problem.map(|text| compile(text, Form::Json, &[])).transpose();
    let body = compile(body_text, Form::Json, BODY_SLOTS);
    Some(FaultAnswer {
        status,
        body: body.ok()?,
        challenge: challenge.ok()?,
        problem: problem.ok()?,
        no_problem: no_problem.ok()?,
    })
}

fn read_slots(entry: &TableReader<'_>) -> Option<Vec<(String, Fixed)>> {
    let mut slots = Vec::new();
    for (key, node) in entry.all().filter(|(key, _)| !OWN_KEYS.contains(&key.name.as_str())) {
        match &node.value {
            Value::Text(text) => slots.push((key.name.clone(), Fixed::Text(text.clone()))),
            Value::Integer(number) => slots.push((key.name.clone(), Fixed::Number(*number))),
            other => {
                let message = format!("`{}`: expected a text or a number, found {}", entry.path_of(&key.name), other.kind());
                entry.diagnostics().report(&node.place, message);
                return None;
            }
        }
    }
    Some(slots)
}

fn report_unused(entry: &TableReader<'_>, path: &str, slots: &[(String, Fixed)], texts: &[Option<&str>]) {
    let used: Vec<&str> = texts.iter().flatten().flat_map(|text| Template::slots_of(text)).collect();
    for (key, _) in entry.all() {
        if slots.iter().any(|(name, _)| *name == key.name) && !used.contains(&key.name.as_str()) {
            let known = OWN_KEYS.iter().copied().chain(used.iter().copied()).collect::<Vec<_>>().join(", ");
            let message =
                format!("`{path}.{}`: no template of this answer has the slot <{}>; known here: {known}", key.name, key.name);
            entry.diagnostics().report(&key.place, message);
        }
    }
}

/// Faults written as the name of another one get that one's answer.
fn share_answers(table: &TableReader<'_>, answers: &mut [Option<FaultAnswer>]) {
    for (key, node) in table.all() {
        let Value::Text(other) = &node.value else { continue };
        let Some((_, fault)) = Fault::WORDS.iter().find(|(word, _)| *word == key.name) else { continue };
        let path = table.path_of(&key.name);
        let Some(target) = table.one_of(&path, other, &node.place, Fault::WORDS) else { continue };
        let is_shared_itself = matches!(table_value(table, target), None | Some(Value::Text(_)));
        if is_shared_itself {
            let message = format!("`{path}`: {target} has no answer of its own to share");
            table.diagnostics().report(&node.place, message);
        }
        let answer = answers.get(index(target)).cloned().flatten();
        if let Some(slot) = answers.get_mut(index(*fault)) {
            *slot = answer;
        }
    }
}

fn table_value<'a>(table: &TableReader<'a>, fault: Fault) -> Option<&'a Value> {
    table.all().find(|(key, _)| key.name == fault.as_str()).map(|(_, node)| &node.value)
}

fn report_missing(table: &TableReader<'_>, route: &Route, request: &RequestRules) {
    let missing: Vec<&str> = Fault::ALL
        .iter()
        .filter(|fault| is_reachable(**fault, route, request) && table_value(table, **fault).is_none())
        .map(|fault| fault.as_str())
        .collect();
    if !missing.is_empty() {
        let message = format!("`faults`: these can happen and have no answer: {}", missing.join(", "));
        table.report(message);
    }
}

/// Several problems are told in one answer, so they need one status.
fn check_one_status(table: &TableReader<'_>, request: &RequestRules, answers: &[Option<FaultAnswer>]) {
    if request.report != Report::All {
        return;
    }
    let mut first = None;
    for (key, _) in table.all() {
        let Some((_, fault)) = Fault::WORDS.iter().find(|(word, _)| *word == key.name) else { continue };
        let Some(answer) = answers.get(index(*fault)).and_then(Option::as_ref).filter(|answer| answer.problem.is_some()) else {
            continue;
        };
        if *first.get_or_insert(answer.status) != answer.status {
            let message = format!("`faults.{fault}`: with report = \"all\" the faults of parameters share one status");
            table.diagnostics().report(&key.place, message);
        }
    }
}

fn is_reachable(fault: Fault, route: &Route, request: &RequestRules) -> bool {
    let has = |role| request.parameters.iter().any(|parameter| parameter.role == role);
    let owns_businesses = route.owns.as_ref().is_some_and(|prefix| BUSINESS_ROUTE.starts_with(prefix.as_str()));
    match fault {
        Fault::RouteUnknown => route.owns.is_some(),
        Fault::QueryRefused => request.query == Otherwise::Refuse,
        Fault::EncodingMalformed => request.encoding == Encoding::Refuse,
        Fault::ParameterMissing => request.parameters.iter().any(|parameter| parameter.required),
        Fault::ParameterRepeated => request.repeated == Repeated::Refuse,
        Fault::GrantUnsupported => has(Role::GrantType),
        Fault::LifetimeMalformed | Fault::LifetimeTooSmall => has(Role::ExpiresIn),
        Fault::ScopeMalformed | Fault::ScopeRefused => has(Role::Scope),
        Fault::ResourceMalformed | Fault::ResourceRefused => has(Role::Resource),
        Fault::BusinessUnknown => has(Role::BusinessId) || owns_businesses,
        Fault::CredentialsMalformed => request.basic.is_some() || request.methods.take_assertions(),
        // A nonce also where none is asked for otherwise: while the store is away it tells where a proof was used.
        Fault::ProofRefused | Fault::ProofNonceNeeded => request.dpop != DpopRule::Ignore,
        Fault::TokenRefused | Fault::TokenInsufficient | Fault::PageMalformed => owns_businesses,
        Fault::MethodRefused
        | Fault::PayloadRefused
        | Fault::ParameterTooLong
        | Fault::CredentialsAbsent
        | Fault::CredentialsRepeated
        | Fault::ClientRefused
        | Fault::ClientNotPermitted
        | Fault::BusinessRefused
        | Fault::RateLimited
        | Fault::Unavailable
        | Fault::Internal => true,
    }
}
