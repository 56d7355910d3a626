//! What a parameter or a key of a body means, by its name and by a value that it had.

use super::tree::Tree;

/// A name in one spelling: letters and digits alone, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

/// The role of a request's parameter, as a dialect file calls it.
pub(crate) fn role_of(name: &str) -> Option<&'static str> {
    let role = match plain(name).as_str() {
        "clientid" | "appid" | "applicationid" | "apikey" | "appkey" | "consumerkey" | "key" => "client_id",
        "clientsecret" | "appsecret" | "apisecret" | "applicationsecret" | "consumersecret" | "secret" => "client_secret",
        "clientassertion" => "client_assertion",
        "clientassertiontype" => "client_assertion_type",
        "granttype" => "grant_type",
        "scope" | "scopes" => "scope",
        "resource" | "resources" | "audience" => "resource",
        "businessid" => "business_id",
        "expiresin" | "lifetime" | "ttl" | "tokenlifetime" => "expires_in",
        _ => return None,
    };
    Some(role)
}

/// What a value of the answer with a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerValue {
    AccessToken,
    TokenType,
    ExpiresIn,
    IssuedAt,
    Scope,
    ClientId,
    Issuer,
    RequestId,
    /// A token of another kind, which no client-credentials answer has (RFC 6749 section 4.4.3).
    OtherToken,
    Other,
}

/// What a key of the answer with a token is.
pub(crate) fn answer_value(key: &str) -> AnswerValue {
    match plain(key).as_str() {
        "accesstoken" | "token" | "jwt" | "bearertoken" | "authtoken" => AnswerValue::AccessToken,
        "tokentype" => AnswerValue::TokenType,
        "expiresin"
        | "expires"
        | "expiresat"
        | "expireson"
        | "expiry"
        | "expiration"
        | "expirationtime"
        | "accesstokenexpiresin"
        | "expire"
        | "validuntil"
        | "expiresinseconds"
        | "expiretime" => AnswerValue::ExpiresIn,
        "issuedat" | "createdat" | "issueat" | "notbefore" | "nbf" | "iat" => AnswerValue::IssuedAt,
        "scope" | "scopes" => AnswerValue::Scope,
        "clientid" => AnswerValue::ClientId,
        "issuer" | "iss" => AnswerValue::Issuer,
        other if is_request_id(other) => AnswerValue::RequestId,
        "refreshtoken" | "idtoken" => AnswerValue::OtherToken,
        _ => AnswerValue::Other,
    }
}

fn is_request_id(plain: &str) -> bool {
    matches!(plain, "requestid" | "traceid" | "correlationid" | "transactionid" | "messageid" | "xrequestid")
}

/// What a value of an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorValue {
    /// A word or number that programs tell errors apart by.
    Code,
    /// A sentence.
    Text,
    /// The status in words.
    Reason,
    /// The status.
    Status,
    /// The path that was asked for.
    Path,
    RequestId,
    /// A moment: nothing of a dialect can fill it.
    Time,
    Other,
}

/// What a key of an error is. `told` is what the description says of it, `keys` are its neighbours.
pub(crate) fn error_value(key: &str, value: &Tree, told: &str, keys: &[String]) -> ErrorValue {
    let name = plain(key);
    let has_sentence = keys.iter().any(|other| is_sentence(&plain(other)) && plain(other) != name);
    match name.as_str() {
        "status" | "statuscode" | "httpstatus" | "httpstatuscode" | "httpcode" => match value {
            Tree::Number(_) => ErrorValue::Status,
            Tree::Text(text) if text.is_empty() || is_status(text) => ErrorValue::Status,
            _ => ErrorValue::Other,
        },
        "path" | "instance" | "uri" => ErrorValue::Path,
        "timestamp" | "time" | "date" | "datetime" => ErrorValue::Time,
        other if is_request_id(other) => ErrorValue::RequestId,
        "title" | "reason" if matches!(value, Tree::Text(_)) => ErrorValue::Reason,
        other if is_sentence(other) => text_or(value, ErrorValue::Text),
        "error" => match value {
            Tree::Text(text) if is_reason(text) && has_sentence => ErrorValue::Reason,
            Tree::Text(text) if text.contains(' ') => ErrorValue::Text,
            Tree::Text(text) if text.is_empty() && !has_sentence && is_prose(told) => ErrorValue::Text,
            _ => text_or(value, ErrorValue::Code),
        },
        "code" | "errorcode" | "errortype" | "type" | "errorid" => text_or(value, ErrorValue::Code),
        _ => ErrorValue::Other,
    }
}

/// Objects and lists are gone into, so what comes here is a text, a number or nothing to be filled.
fn text_or(value: &Tree, meaning: ErrorValue) -> ErrorValue {
    if matches!(value, Tree::Text(_) | Tree::Number(_)) { meaning } else { ErrorValue::Other }
}

fn is_sentence(plain: &str) -> bool {
    matches!(
        plain,
        "errordescription" | "message" | "errormessage" | "description" | "detail" | "details" | "msg" | "usermessage" | "text"
    )
}

fn is_prose(told: &str) -> bool {
    let told = told.to_ascii_lowercase();
    ["description", "message", "human", "explanation", "details"].iter().any(|word| told.contains(word))
}

fn is_status(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|status| (400..600).contains(&status))
}

fn is_reason(text: &str) -> bool {
    (400..600)
        .filter_map(|status| http::StatusCode::from_u16(status).ok()?.canonical_reason())
        .any(|reason| reason.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(key: &str, value: &str, told: &str, keys: &[&str]) -> ErrorValue {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        error_value(key, &Tree::Text(value.to_owned()), told, &keys)
    }

    #[test]
    fn an_error_is_a_code_or_a_sentence_by_its_value_and_its_neighbours() {
        assert_eq!(error("error", "invalid_client", "", &["error"]), ErrorValue::Code);
        assert_eq!(error("error", "", "", &["error", "error_description"]), ErrorValue::Code);
        assert_eq!(error("error", "", "A description of the error", &["error", "data"]), ErrorValue::Text);
        assert_eq!(error("error", "Bad Request", "", &["timestamp", "error", "message"]), ErrorValue::Reason);
        assert_eq!(error("error", "Wrong credentials given", "", &["error"]), ErrorValue::Text);
        assert_eq!(error("status", "401", "", &["status"]), ErrorValue::Status);
        assert_eq!(error("status", "fail", "", &["status"]), ErrorValue::Other);
    }

    #[test]
    fn parameters_are_known_in_any_spelling() {
        assert_eq!(role_of("clientId"), Some("client_id"));
        assert_eq!(role_of("Client-Secret"), Some("client_secret"));
        assert_eq!(role_of("tenant"), None);
    }
}
