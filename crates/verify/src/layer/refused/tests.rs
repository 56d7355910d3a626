use super::*;
use crate::{KeyError, Part};

/// Challenges where only `Bearer` is accepted.
fn bearer(refused: &Refused, metadata: Option<&str>) -> Vec<String> {
    refused.challenges(Some(Scheme::Bearer), &Terms { metadata, algorithms: None })
}

fn both(refused: &Refused, scheme: Option<Scheme>) -> Vec<String> {
    refused.challenges(scheme, &Terms { metadata: None, algorithms: Some("ES256 EdDSA") })
}

#[test]
fn without_a_token_the_challenge_has_no_error() {
    let none = Refused::TokenMissing.challenges(None, &Terms::default());
    assert_eq!(none, ["Bearer"]);
    let metadata = Some("https://api.example/.well-known/oauth-protected-resource");
    let none = Refused::TokenMissing.challenges(None, &Terms { metadata, algorithms: None });
    assert_eq!(none, [r#"Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource""#]);
    assert_eq!(both(&Refused::TokenMissing, None), ["Bearer", r#"DPoP algs="ES256 EdDSA""#]);
}

#[test]
fn each_error_has_its_code() {
    assert_eq!(
        bearer(&Refused::TokenInvalid(TokenError::Expired), Some("https://m")),
        [r#"Bearer error="invalid_token", error_description="the token has expired", resource_metadata="https://m""#]
    );
    assert_eq!(
        Refused::RequestMalformed.challenges(None, &Terms::default()),
        [concat!(
            r#"Bearer error="invalid_request", "#,
            r#"error_description="the request must have one Authorization header with one token""#
        )]
    );
    let needed = "a b".to_owned();
    assert_eq!(bearer(&Refused::ScopeInsufficient { needed }, None), [r#"Bearer error="insufficient_scope", scope="a b""#]);
}

#[test]
fn a_refusal_is_told_in_the_scheme_that_can_be_tried_next() {
    let code = |refused: Refused, scheme| {
        let challenges = both(&refused, Some(scheme));
        assert_eq!(challenges.len(), 1, "{refused}");
        challenges[0].split(", ").next().unwrap_or_default().to_owned()
    };
    let invalid = || Refused::TokenInvalid(TokenError::Expired);
    assert_eq!(code(invalid(), Scheme::Bearer), r#"Bearer error="invalid_token""#);
    assert_eq!(code(invalid(), Scheme::Dpop), r#"DPoP error="invalid_token""#);
    assert_eq!(code(Refused::TokenNeedsProof, Scheme::Bearer), r#"DPoP error="invalid_token""#);
    assert_eq!(code(Refused::TokenNotBound, Scheme::Dpop), r#"Bearer error="invalid_token""#);
    assert_eq!(code(Refused::KeyMismatch, Scheme::Dpop), r#"DPoP error="invalid_token""#);
    assert_eq!(code(Refused::CertificateMismatch, Scheme::Bearer), r#"Bearer error="invalid_token""#);
    for refused in [Refused::ProofMissing, Refused::ProofInvalid(ProofError::TooOld), Refused::ProofReplayed] {
        assert_eq!(code(refused, Scheme::Dpop), r#"DPoP error="invalid_dpop_proof""#);
    }
    assert_eq!(code(Refused::NonceNeeded, Scheme::Dpop), r#"DPoP error="use_dpop_nonce""#);
}

#[test]
fn where_the_client_did_nothing_wrong_there_is_no_challenge() {
    for refused in [Refused::TokenInvalid(TokenError::RevocationsUnknown), Refused::TooManyProofs] {
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(both(&refused, Some(Scheme::Dpop)).is_empty());
    }
}

#[test]
fn a_value_cannot_leave_its_quotes() {
    let metadata = Some("https://m/\",\\ realm=\"\r\nX: é");
    let challenges = Refused::TokenMissing.challenges(None, &Terms { metadata, algorithms: None });
    assert_eq!(challenges, [r#"Bearer resource_metadata="https://m/%22,%5C realm=%22%0D%0AX: %C3%A9""#]);
}

#[test]
fn messages_about_tokens_and_proofs_can_stand_in_a_challenge() {
    let token = [
        TokenError::TooLong,
        TokenError::Opaque,
        TokenError::NotCompact,
        TokenError::Encoding(Part::Signature),
        TokenError::Malformed(Part::Header),
        TokenError::DuplicateMember(Part::Claims),
        TokenError::ForbiddenHeader("jku"),
        TokenError::EmbeddedKeyMissing,
        TokenError::EmbeddedKey(KeyError::PrivateMember),
        TokenError::UnknownKey,
        TokenError::ClaimMissing("client_id"),
        TokenError::SenderConstrained,
        TokenError::Revoked,
        TokenError::KeyRevoked,
    ];
    let proof = [
        ProofError::Jws(TokenError::Signature),
        ProofError::WrongType,
        ProofError::AlgorithmNotAllowed,
        ProofError::ClaimMissing("ath"),
        ProofError::ClaimMalformed("iat"),
        ProofError::ClaimTooLong("jti"),
        ProofError::WrongMethod,
        ProofError::WrongUri,
        ProofError::TooOld,
        ProofError::IssuedInFuture,
        ProofError::WrongAccessToken,
    ];
    let causes = token.map(Refused::TokenInvalid).into_iter().chain(proof.map(Refused::ProofInvalid));
    for refused in causes {
        let text = refused.to_string();
        assert!(bearer(&refused, None).iter().all(|challenge| challenge.contains(&text)), "{text}");
    }
}
