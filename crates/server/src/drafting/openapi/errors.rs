//! An operation's answers to mistakes.

use super::answer::bodies;
use super::document::Document;
use super::operation::Endpoint;
use crate::drafting::body::literal;
use crate::drafting::draft::Draft;
use crate::drafting::faults::{Known, KnownAnswer};
use crate::drafting::secrecy::looks_secret;
use crate::drafting::tree::Tree;

/// Reads them, and gives every fault of the draft its answer.
pub(super) fn read<'t>(document: Document<'t>, endpoint: &Endpoint<'t>, draft: &mut Draft, remarks: &mut Vec<String>) {
    let responses = endpoint.operation.and_then(|operation| operation.get("responses")).map(Tree::entries).unwrap_or_default();
    let mut answers = Vec::new();
    let mut statuses = Vec::new();
    for (status, response) in responses {
        let response = document.follow(response);
        let number = status.parse::<u16>().ok().filter(|status| (400..600).contains(status));
        let stands_for_all = ["default", "4XX", "5XX", "4xx", "5xx"].contains(&status.as_str());
        if number.is_none() && !stands_for_all {
            continue;
        }
        statuses.extend(number);
        note_media_type(status, response, remarks);
        let challenge = challenge(document, response);
        let known = bodies(document, response).into_iter().map(|shown| KnownAnswer {
            status: number,
            label: shown.label,
            body: shown.text,
            is_example: shown.is_example,
            faults: Vec::new(),
            challenge: challenge.clone(),
            told: shown.told,
        });
        answers.extend(known);
    }
    let takes_basic = draft.takes("client_secret_basic");
    let challenge = if takes_basic { "Basic realm=\"<issuer>\"" } else { "Bearer realm=\"<issuer>\"" };
    draft.faults_note = Some(if answers.is_empty() {
        "not told: the bodies of errors; these are RFC 6749's".to_owned()
    } else {
        "not told: which mistake gets which of the documented statuses and texts, and the challenge of a 401".to_owned()
    });
    let nothing_is_known = statuses.is_empty();
    let known = Known { answers: &answers, statuses, challenge };
    draft.faults = known.assign(&draft.reachable_faults());
    if nothing_is_known {
        // Said once, above all of them.
        draft.faults.iter_mut().for_each(|fault| fault.note = None);
    }
}

fn note_media_type(status: &str, response: &Tree, remarks: &mut Vec<String>) {
    let content = response.get("content").map(Tree::entries).unwrap_or_default();
    let is_json = |name: &str| name.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"));
    if let (Some((name, _)), false) = (content.first(), content.iter().any(|(name, _)| is_json(name) || name == "*/*")) {
        remarks.push(format!("its answer with {status} is {name}; Mintmark's is application/json"));
    }
}

fn challenge<'t>(document: Document<'t>, response: &'t Tree) -> Option<String> {
    let headers = response.get("headers")?;
    let (_, header) = headers.entries().iter().find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))?;
    let header = document.follow(header);
    let shown = header.get("example").or_else(|| document.schema(header.get("schema")?).example());
    let text = shown.and_then(Tree::text).filter(|text| !looks_secret(text))?;
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)).then(|| literal(text))
}

/// Headers of the request that the answer has as well: they come back as sent.
pub(super) fn echo<'t>(document: Document<'t>, endpoint: &Endpoint<'t>) -> Vec<(String, i64)> {
    let (Some(operation), Some(item)) = (endpoint.operation, endpoint.item) else { return Vec::new() };
    let responses = operation.get("responses").map(Tree::entries).unwrap_or_default();
    let good = responses.iter().find(|(status, _)| status.starts_with('2')).map(|(_, response)| document.follow(response));
    let answered = good.and_then(|response| response.get("headers")).map(Tree::entries).unwrap_or_default();
    let sent = super::request::placed(document, item, operation).into_iter().filter(|one| one.text_of("in") == Some("header"));
    sent.filter_map(|parameter| {
        let name = parameter.text_of("name")?;
        let is_tracing =
            ["correlation", "trace", "request-id", "requestid"].iter().any(|word| name.to_ascii_lowercase().contains(word));
        let is_own = name.eq_ignore_ascii_case("x-request-id");
        let comes_back = answered.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let max = document.schema(parameter.get("schema")?).get("maxLength").and_then(Tree::integer);
        (is_tracing && comes_back && !is_own).then(|| (name.to_owned(), max.unwrap_or(64).clamp(1, 1024)))
    })
    .collect()
}
