//! What recordings tell of how an endpoint reads requests: a parameter that is there twice, a query, a body of a type of its own.
//!
//! An answer has many causes. So a refusal counts where a request was good that differs from the refused one in nothing else, and a token
//! where its scopes say what was read. What cannot be told so stays open.

use std::collections::BTreeSet;

use mintmark_core::dialect::Fault;

use super::draft::{Draft, Told};
use super::meaning::role_of;
use super::recorded::{answered_scopes, fields, is_good};
use crate::recording::{Exchange, RecordedRequest};

/// What the note of a conclusion begins with.
const RECORDED: &str = "recorded: ";

/// Concludes what it can.
pub(super) fn conclude(exchanges: &[Exchange], draft: &mut Draft, remarks: &mut Vec<String>) {
    let here = |exchange: &&Exchange| {
        let request = &exchange.request;
        request.path == draft.path.value && request.method == draft.method.value
    };
    let exchanges: Vec<&Exchange> = exchanges.iter().filter(here).collect();
    if let Some(told) = exchanges.iter().find_map(|probe| repeated(probe, &exchanges, remarks)) {
        draft.repeated = told;
    }
    conclude_query(&exchanges, draft);
    if let Some(told) = exchanges.iter().find_map(|probe| other_body(probe, &exchanges, draft)) {
        draft.other_body = told;
    }
}

/// The fault that an exchange shows because of what was concluded.
pub(super) fn fault_of(exchange: &Exchange, draft: &Draft) -> Option<Fault> {
    let refuses = |told: &Told<&'static str>| is_recorded(told) && told.value == "refuse";
    let request = &exchange.request;
    if !is_refused(exchange) {
        return None;
    }
    if refuses(&draft.query) && has_query(request) {
        return Some(Fault::QueryRefused);
    }
    if refuses(&draft.repeated) && repeated_scopes(request).is_some() {
        return Some(Fault::ParameterRepeated);
    }
    if is_recorded(&draft.other_body) && is_of_another_type(request, draft) {
        let fault = if draft.other_body.value == "refuse" { Fault::PayloadRefused } else { Fault::ParameterMissing };
        return Some(fault);
    }
    None
}

fn is_recorded(told: &Told<&'static str>) -> bool {
    told.note.as_ref().is_some_and(|note| note.starts_with(RECORDED))
}

fn recorded(value: &'static str, what: &str) -> Told<&'static str> {
    Told::noted(value, format!("{RECORDED}{what}"))
}

/// Whether the request itself was found wrong; not its client, its pace or its hour.
fn is_refused(exchange: &Exchange) -> bool {
    matches!(exchange.answer.status, 400 | 413 | 415 | 422)
}

/// The two values of a scope that a request has twice in one place.
fn repeated_scopes(request: &RecordedRequest) -> Option<(&'static str, String, String)> {
    let fields = fields(request);
    let mut scopes = fields.into_iter().filter(|(place, name, _)| *place != "header" && role_of(name) == Some("scope"));
    let (place, name, first) = scopes.next()?;
    let (other_place, other_name, second) = scopes.next()?;
    let is_plain = place == other_place && name == other_name && scopes.next().is_none() && !first.contains("{{");
    is_plain.then_some((place, first, second))
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The scopes of an answer.
fn given(exchange: &Exchange) -> BTreeSet<String> {
    answered_scopes(exchange).iter().flat_map(|text| words(text)).collect()
}

/// What else is in a request: all of its body but scopes, and how its client proves itself. Equal secrets are equal in a recording.
fn rest(request: &RecordedRequest) -> (Vec<(String, String)>, Option<&str>) {
    let named = fields(request).into_iter().filter(|(place, name, _)| *place == "body" && role_of(name) != Some("scope"));
    let mut rest: Vec<_> = named.map(|(_, name, value)| (name, value)).collect();
    rest.sort();
    (rest, request.header("authorization"))
}

fn body_scopes(request: &RecordedRequest) -> Vec<String> {
    let scopes = fields(request).into_iter().filter(|(place, name, _)| *place == "body" && role_of(name) == Some("scope"));
    scopes.map(|(_, _, value)| value).collect()
}

/// Whether a request without a query, and with this scope alone, was answered with a token that has it.
fn is_given_alone(scope: &str, probe: &RecordedRequest, exchanges: &[&Exchange]) -> bool {
    exchanges.iter().any(|exchange| {
        let request = &exchange.request;
        is_good(exchange) && !has_query(request) && body_scopes(request) == [scope] && rest(request) == rest(probe)
    })
}

fn repeated(probe: &Exchange, exchanges: &[&Exchange], remarks: &mut Vec<String>) -> Option<Told<&'static str>> {
    let (_, first, last) = repeated_scopes(&probe.request)?;
    let (first_words, last_words, given) = (words(&first), words(&last), given(probe));
    if is_good(probe) {
        if first_words == last_words || given.is_empty() {
            return None;
        }
        if given == last_words {
            return Some(recorded("last", "of a scope that was there twice the last one counted"));
        }
        if given == first_words {
            remarks.push("of a scope that was there twice the first one counted; here it is the last one, or none".to_owned());
        } else if given.is_superset(&first_words) && given.is_superset(&last_words) {
            remarks.push("of a scope that was there twice both counted; here it is the last one, or none".to_owned());
        }
        return None;
    }
    let are_good_alone = [&first, &last].iter().all(|scope| is_given_alone(scope, &probe.request, exchanges))
        || exchanges.iter().any(|exchange| {
            let both: BTreeSet<String> = first_words.union(&last_words).cloned().collect();
            let scopes = body_scopes(&exchange.request);
            is_good(exchange)
                && !has_query(&exchange.request)
                && matches!(&scopes[..], [one] if words(one) == both)
                && rest(&exchange.request) == rest(&probe.request)
        });
    (is_refused(probe) && are_good_alone).then(|| recorded("refuse", "a scope that was there twice was refused"))
}

fn has_query(request: &RecordedRequest) -> bool {
    request.query.as_ref().is_some_and(|query| !query.is_empty())
}

fn query_fields(request: &RecordedRequest) -> Vec<(String, String)> {
    fields(request).into_iter().filter(|(place, ..)| *place == "query").map(|(_, name, value)| (name, value)).collect()
}

/// Whether a query is refused, and whether a scope in it counts.
fn conclude_query(exchanges: &[&Exchange], draft: &mut Draft) {
    let with_query: Vec<&&Exchange> = exchanges.iter().filter(|exchange| has_query(&exchange.request)).collect();
    let good = with_query.iter().find(|exchange| is_good(exchange));
    if good.is_some() {
        draft.query = recorded("ignore", "a request with a query was answered with a token");
        if with_query.iter().any(|probe| is_passed_over(probe, exchanges)) {
            let scope = draft.parameters.iter_mut().find(|parameter| parameter.role == "scope");
            if let Some(scope) = scope.filter(|scope| scope.from.len() > 1) {
                scope.from.retain(|place| *place != "query");
            }
        }
        return;
    }
    let is_about_the_query = |probe: &&&Exchange| {
        let fields = query_fields(&probe.request);
        let is_harmless = |(name, value): &(String, String)| match role_of(name) {
            Some("scope") => is_given_alone(value, &probe.request, exchanges),
            Some(_) => false,
            None => true,
        };
        let is_same = |exchange: &&Exchange| {
            let (other, own) = (&exchange.request, &probe.request);
            is_good(exchange) && !has_query(other) && body_scopes(other) == body_scopes(own) && rest(other) == rest(own)
        };
        is_refused(probe) && fields.iter().all(is_harmless) && exchanges.iter().any(is_same)
    };
    let reads_it = draft.parameters.iter().any(|parameter| parameter.from.contains(&"query"));
    if !reads_it && with_query.iter().any(is_about_the_query) {
        draft.query = recorded("refuse", "a request was refused that has nothing wrong but its query");
    }
}

/// Whether a scope stood in the query alone, which the endpoint gives to others, and the token does not have just that.
fn is_passed_over(probe: &Exchange, exchanges: &[&Exchange]) -> bool {
    let asked = query_fields(&probe.request).into_iter().find(|(name, _)| role_of(name) == Some("scope"));
    let Some((_, asked)) = asked.filter(|_| body_scopes(&probe.request).is_empty()) else { return false };
    let shows = |exchange: &&Exchange| {
        is_good(exchange)
            && !has_query(&exchange.request)
            && body_scopes(&exchange.request) == [asked.as_str()]
            && given(exchange) == words(&asked)
    };
    is_good(probe) && given(probe) != words(&asked) && exchanges.iter().any(shows)
}

/// The media type that a request says its body is of.
fn essence(request: &RecordedRequest) -> String {
    let whole = request.header("content-type").unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a body is of a type that no good request had.
fn is_of_another_type(request: &RecordedRequest, draft: &Draft) -> bool {
    let kind = match essence(request).as_str() {
        "application/x-www-form-urlencoded" => "form",
        "application/json" => "json",
        "multipart/form-data" => "multipart",
        _ => "",
    };
    !request.body.is_empty() && !draft.body.value.contains(&kind) && draft.body.note.as_deref() == Some(super::recorded::SENT)
}

fn other_body(probe: &Exchange, exchanges: &[&Exchange], draft: &Draft) -> Option<Told<&'static str>> {
    let request = &probe.request;
    if !is_refused(probe) || !is_of_another_type(request, draft) || has_query(request) {
        return None;
    }
    let authorization = request.header("authorization");
    // What the endpoint tells whoever sends no grant in a form.
    let is_empty_form = |exchange: &&&Exchange| {
        let other = &exchange.request;
        let has_grant = fields(other).iter().any(|(_, name, _)| role_of(name) == Some("grant_type"));
        !has_query(other)
            && !is_of_another_type(other, draft)
            && !has_grant
            && other.header("authorization") == authorization
            && is_refused(exchange)
    };
    let is_alike =
        |exchange: &&Exchange| (exchange.answer.status, &exchange.answer.body) == (probe.answer.status, &probe.answer.body);
    let empty: Vec<&&Exchange> = exchanges.iter().filter(is_empty_form).collect();
    if empty.iter().any(|exchange| is_alike(exchange)) {
        return Some(recorded("ignore", "a body of another type was answered as one without a grant"));
    }
    let is_told_apart = !empty.is_empty() || probe.answer.status == 415;
    is_told_apart.then(|| recorded("refuse", "a body of another type had an answer of its own"))
}
