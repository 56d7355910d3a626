use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::*;
use crate::{
    Jwk, JwkSet, KeySet, Verifier,
    fixture::{self, AUDIENCE, ISSUER, NOW, Token, must},
};

const OLD: &str = "https://old.example";
const OLD_AUDIENCE: &str = "ledger-api";
const UNTIL: i64 = NOW + 1000;

/// Another Ed25519 key than the fixture's.
fn old_key() -> Ed25519KeyPair {
    must(Ed25519KeyPair::from_seed_unchecked(&[7; 32]))
}

fn old_keys(kid: &str) -> KeySet {
    let public: [u8; 32] = must(old_key().public_key().as_ref().try_into());
    KeySet::from(JwkSet { keys: vec![Jwk::ed25519(&public).with_kid(kid)] })
}

/// As the fixture's, of the issuer before, and with the same key id.
fn old_token() -> Token {
    Token::good().claim("iss", OLD).claim("aud", OLD_AUDIENCE).without_claim("pos").without_claim("credential_id")
}

fn signed_by_old(token: &Token) -> String {
    let signed = format!(
        "{}.{}",
        crate::base64url::encode(token.header.to_string()),
        crate::base64url::encode(token.claims.to_string())
    );
    let signature = old_key().sign(signed.as_bytes());
    format!("{signed}.{}", crate::base64url::encode(signature))
}

fn previous() -> PreviousIssuer {
    PreviousIssuer::new(OLD, OLD_AUDIENCE, old_keys("EdDSA"), UNTIL)
}

fn with(previous: PreviousIssuer) -> Verifier<KeySet> {
    must(fixture::verifier().accept_previous(previous))
}

fn fault_with(previous: PreviousIssuer, token: &Token) -> Option<TokenError> {
    with(previous).verify(&signed_by_old(token), NOW).err()
}

#[test]
fn s27_tokens_of_both_issuers_verify_and_say_whose_they_are() {
    let verifier = with(previous());
    let issuer = |token: &str| verifier.verify(token, NOW).map(|claims| claims.iss);
    assert_eq!(issuer(&Token::good().signed()).as_deref(), Ok(ISSUER));
    assert_eq!(issuer(&signed_by_old(&old_token())).as_deref(), Ok(OLD));
    let unconfigured = fixture::verifier().verify(&signed_by_old(&old_token()), NOW);
    assert_eq!(unconfigured, Err(TokenError::Signature));
}

/// Both keys have the same name and algorithm here, so that nothing but the binding tells them apart.
#[test]
fn s27_a_key_signs_for_its_own_issuer_alone() {
    let verifier = with(previous());
    let ours_by_theirs = signed_by_old(&Token::good());
    let theirs_by_ours = old_token().signed();
    assert_eq!(verifier.verify(&ours_by_theirs, NOW), Err(TokenError::Signature));
    assert_eq!(verifier.verify(&theirs_by_ours, NOW), Err(TokenError::Signature));
}

#[test]
fn s27_the_name_of_a_key_is_looked_up_at_its_own_issuer_alone() {
    let verifier = with(PreviousIssuer::new(OLD, OLD_AUDIENCE, old_keys("old-1"), UNTIL));
    let ours = signed_by_old(&Token::good().header("kid", "old-1"));
    let theirs = old_token().signed();
    assert_eq!(verifier.verify(&ours, NOW), Err(TokenError::UnknownKey));
    assert_eq!(verifier.verify(&theirs, NOW), Err(TokenError::UnknownKey));
}

#[test]
fn an_issuer_that_is_named_twice_or_otherwise_gets_nowhere() {
    let verifier = with(previous());
    let header = old_token().header.to_string();
    let claims = old_token().claims.to_string();
    for text in [
        claims.replacen('{', r#"{"iss":"https://auth.example","#, 1),
        claims.replacen('{', r#"{"\u0069ss":"https://auth.example","#, 1),
        claims.replace(r#""https://old.example""#, r#"["https://old.example"]"#),
        claims.replace("https://old.example", "https://old.example/"),
        claims.replace("https://old.example", "https://OLD.example"),
        claims.replace(r#""iss":"https://old.example","#, ""),
        "[]".to_owned(),
        "{".to_owned(),
    ] {
        let signed = format!("{}.{}", crate::base64url::encode(&header), crate::base64url::encode(&text));
        let by_old = format!("{signed}.{}", crate::base64url::encode(old_key().sign(signed.as_bytes())));
        assert!(verifier.verify(&by_old, NOW).is_err(), "{text}");
        let by_ours = fixture::sign_texts(Algorithm::EdDsa, &header, &text);
        assert!(verifier.verify(&by_ours, NOW).is_err(), "{text}");
    }
    // Escaped, it is the same name, and so is the issuer.
    let escaped = claims.replace("https://old", "https:\\/\\/old");
    let signed = format!("{}.{}", crate::base64url::encode(&header), crate::base64url::encode(&escaped));
    let token = format!("{signed}.{}", crate::base64url::encode(old_key().sign(signed.as_bytes())));
    assert!(verifier.verify(&token, NOW).is_ok());
}

#[test]
fn from_the_date_on_its_tokens_are_refused_and_ours_are_not() {
    let verifier = with(previous()).leeway_seconds(300);
    let old = signed_by_old(&old_token().claim("exp", UNTIL + 10_000));
    let ours = Token::good().claim("exp", UNTIL + 10_000).signed();
    assert!(verifier.verify(&old, UNTIL - 1).is_ok());
    for now in [UNTIL, UNTIL + 1, UNTIL + 9000] {
        assert_eq!(verifier.verify(&old, now), Err(TokenError::IssuerEnded));
        assert!(verifier.verify(&ours, now).is_ok());
    }
}

#[cfg(feature = "cache")]
#[test]
fn a_remembered_token_ends_at_the_date_too() {
    let verifier = with(previous()).cached(100);
    let old = signed_by_old(&old_token().claim("exp", UNTIL + 10_000));
    assert!(verifier.verify(&old, NOW).is_ok());
    assert!(verifier.verify(&old, UNTIL - 1).is_ok());
    assert_eq!(verifier.verify(&old, UNTIL), Err(TokenError::IssuerEnded));
    // The binding holds for what is remembered as well: the same claims by the other key are another token.
    assert_eq!(verifier.verify(&old_token().signed(), NOW), Err(TokenError::Signature));
}

#[test]
fn each_issuer_has_its_own_audiences() {
    let ours_for_theirs = Token::good().claim("aud", OLD_AUDIENCE).signed();
    assert_eq!(with(previous()).verify(&ours_for_theirs, NOW), Err(TokenError::WrongAudience));
    let theirs_for_ours = old_token().claim("aud", AUDIENCE);
    assert_eq!(fault_with(previous(), &theirs_for_ours), Some(TokenError::WrongAudience));
    assert_eq!(fault_with(previous().accept_audience(AUDIENCE), &theirs_for_ours), None);
}

#[test]
fn each_issuer_has_its_own_algorithms() {
    let only_rsa = previous().algorithms(&[Algorithm::Rs256]);
    assert_eq!(fault_with(only_rsa.clone(), &old_token()), Some(TokenError::AlgorithmNotAllowed));
    assert!(with(only_rsa).verify(&Token::good().signed(), NOW).is_ok());
}

#[test]
fn what_rfc_9068_does_not_allow_is_refused_until_it_is_allowed() {
    type Change = fn(PreviousIssuer) -> PreviousIssuer;
    let cases: [(Token, TokenError, Change); 9] = [
        (old_token().header("typ", "JWT"), TokenError::WrongType, PreviousIssuer::accept_plain_jwt),
        (old_token().without_header("typ"), TokenError::WrongType, PreviousIssuer::accept_plain_jwt),
        (old_token().without_header("kid"), TokenError::KeyIdMissing, |previous| previous.unnamed_key("EdDSA")),
        (old_token().without_claim("jti"), TokenError::ClaimMissing("jti"), PreviousIssuer::accept_without_jti),
        (old_token().claim("jti", ""), TokenError::ClaimEmpty("jti"), PreviousIssuer::accept_without_jti),
        (old_token().without_claim("sub"), TokenError::ClaimMissing("sub"), PreviousIssuer::accept_without_subject),
        (old_token().without_claim("aud"), TokenError::ClaimMissing("aud"), PreviousIssuer::danger_accept_without_audience),
        (
            old_token().claim("scope", json!(["a", "b"])),
            TokenError::Malformed(Part::Claims),
            PreviousIssuer::accept_scope_lists,
        ),
        (old_token().without_claim("client_id").claim("azp", "client-1"), TokenError::ClaimMissing("client_id"), |previous| {
            previous.client_from("azp")
        }),
    ];
    for (token, cause, allow) in cases {
        assert_eq!(fault_with(previous(), &token), Some(cause), "{:?}", token.claims);
        assert_eq!(fault_with(allow(previous()), &token), None, "{:?}", token.claims);
        // It is allowed to that issuer, not to ours.
        let ours = token.clone().claim("iss", ISSUER);
        let ours = if ours.claims.get("aud").is_some() { ours.claim("aud", AUDIENCE) } else { ours };
        assert_eq!(with(allow(previous())).verify(&ours.signed(), NOW).err(), Some(cause), "{:?}", token.claims);
    }
}

#[test]
fn even_a_lenient_verifier_refuses_what_is_no_access_token() {
    let lenient = || previous().accept_plain_jwt().accept_without_jti().accept_scope_lists();
    for typ in ["dpop+jwt", "token-introspection+jwt", "client-authentication+jwt", ""] {
        assert_eq!(fault_with(lenient(), &old_token().header("typ", typ)), Some(TokenError::WrongType), "{typ:?}");
    }
    for (claim, value) in
        [("exp", json!("1800000300")), ("client_id", json!(7)), ("scope", json!(["a b"])), ("scope", json!([1]))]
    {
        assert_eq!(fault_with(lenient(), &old_token().claim(claim, value)), Some(TokenError::Malformed(Part::Claims)));
    }
    let bound = old_token().claim("cnf", json!({"jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}));
    assert_eq!(fault_with(lenient(), &bound), Some(TokenError::SenderConstrained));
    assert_eq!(fault_with(lenient(), &old_token().claim("exp", NOW - 31)), Some(TokenError::Expired));
    assert_eq!(
        fault_with(lenient(), &old_token().header("jku", "https://evil.example")),
        Some(TokenError::ForbiddenHeader("jku"))
    );
}

#[test]
fn its_claims_are_read_under_mintmarks_names() {
    let previous = previous()
        .client_from("cid")
        .scope_from("scp")
        .accept_scope_lists()
        .accept_without_subject()
        .danger_accept_without_audience();
    let token = old_token()
        .without_claim("sub")
        .without_claim("aud")
        .claim("cid", "nightly-export")
        .claim("client_id", "somebody-else")
        .claim("scp", json!(["ledger:read", "ledger:write"]))
        .claim("scope", "everything")
        .claim("pos", 9)
        .claim("credential_id", "x");
    let Ok(claims) = with(previous).verify(&signed_by_old(&token), NOW) else { unreachable!("the token is allowed") };
    assert_eq!((claims.client_id.as_str(), claims.sub.as_str()), ("nightly-export", "nightly-export"));
    assert_eq!(claims.scopes().collect::<Vec<_>>(), ["ledger:read", "ledger:write"]);
    assert!(claims.aud.contains(OLD_AUDIENCE));
    assert_eq!((claims.pos, claims.credential_id), (None, None));
}

/// A claim that is named and missing is not taken from elsewhere in the token.
#[test]
fn a_claim_counts_under_the_name_that_was_given_alone() {
    let token = old_token().claim("client_id", "somebody-else").claim("scope", "everything");
    assert_eq!(fault_with(previous().client_from("azp"), &token), Some(TokenError::ClaimMissing("client_id")));
    let claims = with(previous().scope_from("scp")).verify(&signed_by_old(&token), NOW);
    assert_eq!(claims.map(|claims| claims.scope), Ok(None));
}

#[test]
fn our_revocations_say_nothing_of_its_tokens() {
    let list = Arc::new(crate::revocations::RevocationList::new(ISSUER));
    let verifier = with(previous()).revocations(list);
    assert_eq!(verifier.verify(&Token::good().signed(), NOW), Err(TokenError::RevocationsUnknown));
    assert!(verifier.verify(&signed_by_old(&old_token()), NOW).is_ok());
}

#[test]
fn an_issuer_is_not_its_own_predecessor() {
    let same = PreviousIssuer::new(ISSUER, OLD_AUDIENCE, old_keys("old"), UNTIL);
    assert_eq!(fixture::verifier().accept_previous(same).err(), Some(SameIssuer));
}
