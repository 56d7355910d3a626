//! What the cryptographic library does on its own, without HTTP: signatures and verifications a second, and beside the latter
//! what `mintmark-verify` makes of them. The algorithms take turns in short slices, so that a change in the machine's pace meets
//! all of them.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use mintmark_verify::{Algorithm, JwkSet, KeySet, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock;
use crate::failure::{Done, Failure};
use crate::signer::Signer;

/// The algorithms that are measured everywhere.
pub(crate) const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];
const SLICE: Duration = Duration::from_millis(25);
const ISSUER: &str = "https://auth.bench.mintmark.example";

#[derive(Args, Debug)]
pub(crate) struct RawArgs {
    /// Seconds for each kind of work.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// What one core does a second with one algorithm.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct RawRates {
    pub(crate) algorithm: String,
    /// Signatures.
    pub(crate) sign: f64,
    /// Verified signatures.
    pub(crate) verify: f64,
    /// Tokens that `mintmark-verify` verified whole: header, signature, claims.
    pub(crate) verifier: f64,
}

/// Measures and prints the rates as JSON.
pub(crate) fn run(args: &RawArgs) -> Done<()> {
    let mut benches = ALGORITHMS.into_iter().map(Bench::new).collect::<Done<Vec<_>>>()?;
    let slices = Duration::try_from_secs_f64(args.seconds)?.as_millis().div_ceil(SLICE.as_millis());
    // Not counted: the first random number of a process takes some 50 ms.
    benches.iter_mut().try_for_each(Bench::turn)?;
    benches.iter_mut().for_each(Bench::forget);
    for _ in 0..slices.max(1) {
        benches.iter_mut().try_for_each(Bench::turn)?;
    }
    let rates: Vec<RawRates> = benches.iter().map(Bench::rates).collect();
    println!("{}", serde_json::to_string(&rates)?);
    Ok(())
}

/// How often something was done, and how long it took.
#[derive(Default)]
struct Count {
    times: u64,
    time: Duration,
}

impl Count {
    /// Does it again and again for a slice of CPU time. The wall clock is asked after each time, which costs some 30 ns, and the
    /// CPU's, which costs more, at the ends.
    fn slice(&mut self, mut work: impl FnMut() -> Option<()>) -> Done<()> {
        let (start, used) = (clock::now(), clock::cpu_time());
        loop {
            work().ok_or_else(|| Failure("the cryptographic library failed".to_owned()))?;
            self.times += 1;
            if clock::now().duration_since(start) >= SLICE {
                self.time += clock::cpu_time().saturating_sub(used);
                return Ok(());
            }
        }
    }

    fn rate(&self) -> f64 {
        self.times as f64 / self.time.as_secs_f64().max(1e-9)
    }
}

struct Bench {
    algorithm: Algorithm,
    signer: Signer,
    key: VerifyingKey,
    verifier: Verifier<KeySet>,
    random: SystemRandom,
    message: String,
    signature: Vec<u8>,
    token: String,
    now: i64,
    sign: Count,
    verify: Count,
    whole: Count,
}

impl Bench {
    fn new(algorithm: Algorithm) -> Done<Self> {
        let (signer, jwk) = Signer::generate(algorithm)?;
        let (random, now) = (SystemRandom::new(), clock::unix_seconds());
        let header = json!({ "alg": algorithm.as_str(), "typ": "at+jwt", "kid": jwk.kid() });
        let claims = json!({
            "iss": ISSUER, "sub": "cli_5V2yKJmHc3nXw8qRzT4bDf", "aud": ISSUER, "exp": now + 3600, "iat": now,
            "jti": "Vv3JpZ9h0yQq2m1T7sXk4w", "client_id": "cli_5V2yKJmHc3nXw8qRzT4bDf", "scope": "ledger:read",
            "tenant_id": "ten_GA6EG2qFxA97NZHtxeLPUy", "credential_id": "crd_GA6EG2qFxA97NZHtxeLPUy", "pos": 12,
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = signer.sign(&random, message.as_bytes()).unwrap_or_default();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&signature));
        let key = VerifyingKey::try_from(&jwk)?;
        let verifier = Verifier::new(ISSUER, ISSUER, KeySet::from(JwkSet { keys: vec![jwk] }));
        let [sign, verify, whole] = std::array::from_fn(|_| Count::default());
        Ok(Self { algorithm, signer, key, verifier, random, message, signature, token, now, sign, verify, whole })
    }

    /// A slice of each kind of work.
    fn turn(&mut self) -> Done<()> {
        let Self { signer, random, message, key, signature, verifier, token, now, .. } = self;
        self.sign.slice(|| signer.sign(random, message.as_bytes()).map(drop))?;
        self.verify.slice(|| key.verify(message.as_bytes(), signature).ok())?;
        self.whole.slice(|| verifier.verify(token, *now).ok().map(drop))
    }

    fn forget(&mut self) {
        [self.sign, self.verify, self.whole] = std::array::from_fn(|_| Count::default());
    }

    fn rates(&self) -> RawRates {
        let algorithm = self.algorithm.to_string();
        RawRates { algorithm, sign: self.sign.rate(), verify: self.verify.rate(), verifier: self.whole.rate() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_work_succeeds_with_each_algorithm() {
        for algorithm in ALGORITHMS {
            let mut bench = Bench::new(algorithm).unwrap();
            bench.turn().unwrap();
            let rates = bench.rates();
            assert!(rates.sign > 0.0 && rates.verify > 0.0 && rates.verifier > 0.0, "{rates:?}");
        }
    }
}
