//! How much of the raw verification rate the verifier keeps.
//!
//! Per algorithm it measures the bare verification of AWS-LC with a key that was parsed once, [`Verifier::verify`] of
//! the same token, and `CachedVerifier::verify` where it remembers that token, in short rounds that alternate. On a machine with other work the rates of one run say little, but
//! neighbours meet the same noise: `to raw` is the median, over all rounds, of a rate divided by the raw rate next to it.
//!
//! `cargo bench -p mintmark-verify --bench verify -- [--json] [--brief]`

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_verify::{Algorithm, Jwk, JwkSet, KeySet, TokenError, Verifier};
use serde_json::{Map, Value, json};

type Failure = Box<dyn Error>;

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com/ledger";
const NOW: i64 = 1_800_000_000;

fn main() -> Result<(), Failure> {
    let mut plan = Plan { rounds: 1001, round: Duration::from_micros(500) };
    let mut as_json = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--brief" => plan = Plan { rounds: 3, round: Duration::from_micros(500) },
            "--json" => as_json = true,
            // What `cargo bench` passes to every benchmark.
            "--bench" => {}
            other => return Err(format!("expected --json or --brief, found {other}").into()),
        }
    }
    let mut reports = Vec::new();
    for algorithm in Algorithm::ALL {
        reports.push(Report::measure(algorithm, &plan)?);
    }
    if as_json {
        let algorithms: Vec<Value> = reports.iter().map(Report::to_json).collect();
        println!("{}", json!({ "benchmark": "verify", "unit": "tokens per second", "algorithms": algorithms }));
    } else {
        println!("{:9} {:8} {:>10} {:>10} {:>10} {:>8}", "", "", "min/s", "median/s", "max/s", "to raw");
        reports.iter().for_each(Report::print);
    }
    Ok(())
}

struct Plan {
    rounds: usize,
    round: Duration,
}

/// The rates of one algorithm.
struct Report {
    algorithm: Algorithm,
    token_bytes: usize,
    series: Vec<(&'static str, Rates)>,
}

/// Rounds of one way to verify, in tokens per second.
struct Rates {
    min: f64,
    median: f64,
    max: f64,
    to_raw: f64,
}

impl Report {
    fn measure(algorithm: Algorithm, plan: &Plan) -> Result<Self, Failure> {
        let Subject { token, key, jwk } = Subject::new(algorithm)?;
        let (signed, signature) = token.rsplit_once('.').ok_or("a token has three parts")?;
        let signature = URL_SAFE_NO_PAD.decode(signature)?;
        let verifier = Verifier::new(ISSUER, AUDIENCE, KeySet::from(JwkSet { keys: vec![jwk] }));

        let raw = || key.verify_sig(black_box(signed.as_bytes()), black_box(&signature)).is_ok();
        let anew = || verifier.verify(black_box(&token), NOW).is_ok();

        let forged = forge(&token);
        let forged_signature = URL_SAFE_NO_PAD.decode(forged.rsplit_once('.').map_or("", |(_, signature)| signature))?;
        let accepts_forgery = key.verify_sig(signed.as_bytes(), &forged_signature).is_ok();
        if accepts_forgery || verifier.verify(&forged, NOW) != Err(TokenError::Signature) {
            return Err("a forged signature passes: what is measured here verifies nothing".into());
        }

        let cached = verifier.clone().cached(100);
        let again = || cached.verify(black_box(&token), NOW).is_ok();

        let ways = [("raw", &raw as &dyn Fn() -> bool), ("verifier", &anew), ("cached", &again)];
        let series = measure(plan, &ways)?;
        Ok(Self { algorithm, token_bytes: token.len(), series })
    }

    fn print(&self) {
        for (name, Rates { min, median, max, to_raw }) in &self.series {
            println!("{:9} {name:8} {min:10.0} {median:10.0} {max:10.0} {to_raw:8.3}", self.algorithm);
        }
    }

    fn to_json(&self) -> Value {
        let mut report = Map::new();
        report.insert("algorithm".to_owned(), json!(self.algorithm));
        report.insert("token_bytes".to_owned(), self.token_bytes.into());
        for (name, Rates { min, median, max, to_raw }) in &self.series {
            let rates = json!({ "min": min, "median": median, "max": max, "to_raw": to_raw });
            report.insert((*name).to_owned(), rates);
        }
        Value::Object(report)
    }
}

/// Measures all ways in turn, in each round, beginning with another one each time so that none always has the same
/// neighbour. The first one is the raw one.
fn measure(plan: &Plan, ways: &[(&'static str, &dyn Fn() -> bool)]) -> Result<Vec<(&'static str, Rates)>, Failure> {
    let mut series = Vec::new();
    for (name, way) in ways {
        series.push((batch(plan.round, way).ok_or(format!("{name} refuses the token"))?, way, Vec::new()));
    }
    for round in 0..plan.rounds {
        let (last, first) = series.split_at_mut(round % ways.len());
        for (batch, way, rounds) in first.iter_mut().chain(last) {
            rounds.push(rate(*batch, way));
        }
    }
    let raw = series.first().map(|(_, _, rounds)| rounds.clone()).unwrap_or_default();
    Ok(ways.iter().zip(series).map(|((name, _), (_, _, rounds))| (*name, Rates::of(rounds, &raw))).collect())
}

impl Rates {
    fn of(rounds: Vec<f64>, raw: &[f64]) -> Self {
        let ratios = rounds.iter().zip(raw).map(|(rate, raw)| rate / raw).collect();
        let (_, to_raw, _) = spread(ratios);
        let (min, median, max) = spread(rounds);
        Self { min, median, max, to_raw }
    }
}

/// Least, median and greatest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(0), at(values.len() / 2), at(values.len().saturating_sub(1)))
}

/// How many calls make up a round. `None` if the call fails: a refusal is quicker, and is not what is measured.
fn batch(round: Duration, way: &dyn Fn() -> bool) -> Option<u32> {
    let mut calls = 1;
    loop {
        let rate = rate(calls, way);
        if !way() {
            return None;
        }
        let wanted = rate * round.as_secs_f64();
        if f64::from(calls) >= wanted / 2.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of calls is small")]
            return Some(wanted.max(1.0) as u32);
        }
        calls *= 2;
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time, and nothing it does depends on it")]
fn rate(calls: u32, way: &dyn Fn() -> bool) -> f64 {
    let started = Instant::now();
    for _ in 0..calls {
        black_box(way());
    }
    f64::from(calls) / started.elapsed().as_secs_f64()
}

/// A token with claims such as Mintmark writes, and the key that verifies it, raw and published.
struct Subject {
    token: String,
    key: ParsedPublicKey,
    jwk: Jwk,
}

impl Subject {
    fn new(algorithm: Algorithm) -> Result<Self, Failure> {
        let random = SystemRandom::new();
        match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                let point = pair.public_key().as_ref();
                let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?;
                Self::sign(Jwk::ec_p256(point)?, algorithm, key, |message| Ok(pair.sign(&random, message)?.as_ref().to_vec()))
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate()?;
                let public = pair.public_key().as_ref();
                let key = ParsedPublicKey::new(&ED25519, public)?;
                let jwk = Jwk::ed25519(public.try_into()?);
                Self::sign(jwk, algorithm, key, |message| Ok(pair.sign(message).as_ref().to_vec()))
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                let public = pair.public_key();
                let (n, e) =
                    (public.modulus().big_endian_without_leading_zero(), public.exponent().big_endian_without_leading_zero());
                let (verifies, signs) = match algorithm {
                    Algorithm::Ps256 => (&RSA_PSS_2048_8192_SHA256, &RSA_PSS_SHA256),
                    _ => (&RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_SHA256),
                };
                let key = RsaPublicKeyComponents { n, e }.to_parsed_public_key(verifies)?;
                Self::sign(Jwk::rsa(n, e, algorithm)?, algorithm, key, |message| {
                    let mut signature = vec![0; pair.public_modulus_len()];
                    pair.sign(signs, &random, message, &mut signature)?;
                    Ok(signature)
                })
            }
        }
    }

    fn sign(
        jwk: Jwk,
        algorithm: Algorithm,
        key: ParsedPublicKey,
        signs: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failure>,
    ) -> Result<Self, Failure> {
        let kid = jwk.thumbprint();
        let header = json!({ "typ": "at+jwt", "alg": algorithm, "kid": kid }).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims()));
        let signature = signs(signed.as_bytes())?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        Ok(Self { token, key, jwk: jwk.with_kid(kid) })
    }
}

/// As the issuer writes them: compactly, in this order.
fn claims() -> String {
    let (exp, client) = (NOW + 300, "cli_7YpQm4sXwTz2hLc9VbNrKd");
    format!(
        "{{\"iss\":\"{ISSUER}\",\"sub\":\"{client}\",\"aud\":\"{AUDIENCE}\",\"exp\":{exp},\"iat\":{NOW},\
         \"jti\":\"9f3KxW0bQmSyTz5LhVcNrA\",\"client_id\":\"{client}\",\
         \"scope\":\"business:read invoice:create ledger:create ledger:read ledger:update\",\
         \"tenant_id\":\"ten_3RkUe8dHgBv6nJx1WqZyFs\",\"credential_id\":\"crd_5MtPa2oCiEu4fXk7SjLwQn\",\"pos\":184467}}"
    )
}

/// The same token with another signature of the right length.
fn forge(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default())
}
