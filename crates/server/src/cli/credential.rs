//! `mintmark credential`: how a client proves itself without a secret.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use clap::{Args, Subcommand};
use mintmark_core::model::{
    CertificateFingerprint, CertificateName, Credential, CredentialId, EnvironmentName, Federation, KeySetLocation, Proof,
    PublicKey,
};
use mintmark_core::registry::NewCredential;
use mintmark_core::store::Store;
use mintmark_verify::{Algorithm, Jwk};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::output::Output;
use super::place::Place;
use super::secret::{LimitArgs, Owner, environment_of, shown_import, shown_limits};
use super::{Done, Failure, Shared, assertion, time};

/// The longest file that a key, a certificate or an assertion is read from, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

#[derive(Subcommand, Debug)]
pub(super) enum CredentialCommand {
    /// List all credentials of a client.
    #[command(after_help = "Example: mintmark credential list cli_…")]
    List(Owner),
    /// Give a client one more way to prove itself; those that it has stay in force.
    #[command(after_help = "Example: mintmark credential add cli_… --jwk public-key.json")]
    Add {
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        proof: Box<ProofArgs>,
        /// How long it is in force, such as 90d.
        #[arg(long, value_parser = time::parse_duration)]
        expires_in: Option<u32>,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Give a client a key that it makes MACs with (`client_secret_jwt`). It is shown once.
    #[command(after_help = "Example: mintmark credential add-shared-key cli_… --expires-in 90d")]
    AddSharedKey {
        #[command(flatten)]
        owner: Owner,
        /// How long it is in force, such as 90d.
        #[arg(long, value_parser = time::parse_duration)]
        expires_in: Option<u32>,
    },
    /// Say why an assertion of an issuer that the client trusts proves it, or not: claim by claim.
    #[command(after_help = "Example: mintmark credential test cli_… --assertion - < assertion.jwt")]
    Test {
        #[command(flatten)]
        owner: Owner,
        /// A file with the assertion, or - to read it from standard input.
        #[arg(long, value_name = "FILE")]
        assertion: PathBuf,
    },
    /// Turn a credential off, for good.
    #[command(after_help = "Example: mintmark credential disable cli_… --id crd_…")]
    Disable {
        #[command(flatten)]
        owner: Owner,
        /// Which credential.
        #[arg(long)]
        id: CredentialId,
    },
    /// Set when a credential expires, counted from now.
    #[command(after_help = "Example: mintmark credential expire cli_… --id crd_… --expires-in 24h")]
    Expire {
        #[command(flatten)]
        owner: Owner,
        /// Which credential.
        #[arg(long)]
        id: CredentialId,
        /// How long it is still in force, such as 24h.
        #[arg(long, value_parser = time::parse_duration)]
        expires_in: u32,
    },
}

/// What proves a client, one of them.
#[derive(Args, Debug, Default)]
pub(super) struct ProofArgs {
    /// A file with a public key as JSON (RFC 7517), for `private_key_jwt`; `-` reads standard input.
    #[arg(long, value_name = "FILE", group = "proof")]
    jwk: Option<PathBuf>,
    /// The algorithm of an RSA key that does not name its own.
    #[arg(long, requires = "jwk")]
    algorithm: Option<Algorithm>,
    /// The https address where the client publishes its keys, for `private_key_jwt`.
    #[arg(long, value_name = "URL", group = "proof")]
    jwks_uri: Option<String>,
    /// A file with the client's certificate in PEM, for `self_signed_tls_client_auth`.
    #[arg(long, value_name = "FILE", group = "proof")]
    certificate: Option<PathBuf>,
    /// The name that a trusted certificate must have, for `tls_client_auth`: dns=, uri=, ip=, email= or subject= (RFC 4514).
    #[arg(long, value_name = "KIND=NAME", group = "proof", value_parser = parse_certificate_name)]
    certificate_name: Option<CertificateName>,
    /// An issuer whose assertions prove the client, such as <https://token.actions.githubusercontent.com>.
    #[arg(long, value_name = "URL", group = "proof", requires = "condition")]
    trust_issuer: Option<String>,
    /// What a claim of its assertions must be, as CLAIM=TEXT, or CLAIM:=JSON for a number, true or false. CLAIM is a name or a JSON
    /// pointer. May be repeated.
    #[arg(long, value_name = "CLAIM=TEXT", value_parser = parse_condition, requires = "trust_issuer")]
    condition: Vec<(String, Value)>,
    /// Where the issuer's keys are [default: found by discovery].
    #[arg(long, value_name = "URL", requires = "trust_issuer")]
    issuer_jwks_uri: Option<String>,
    /// Take each assertion of the issuer once; it then needs a `jti`.
    #[arg(long, requires = "trust_issuer")]
    single_use: bool,
}

impl ProofArgs {
    /// Whether there is any.
    pub(super) fn is_given(&self) -> bool {
        self.jwk.is_some()
            || self.jwks_uri.is_some()
            || self.certificate.is_some()
            || self.certificate_name.is_some()
            || self.trust_issuer.is_some()
    }

    pub(super) fn read(self) -> Result<Proof, Failure> {
        if let Some(path) = self.jwk {
            return read_jwk(&path, self.algorithm);
        }
        if let Some(uri) = self.jwks_uri {
            return Ok(Proof::KeySet(KeySetLocation { uri }));
        }
        if let Some(path) = self.certificate {
            return read_certificate(&path);
        }
        if let Some(name) = self.certificate_name {
            return Ok(Proof::CertificateName(name));
        }
        let missing = "say what proves the client: --jwk, --jwks-uri, --certificate, --certificate-name or --trust-issuer";
        let issuer = self.trust_issuer.ok_or_else(|| Failure(missing.to_owned()))?;
        let mut conditions = BTreeMap::new();
        for (claim, value) in self.condition {
            if conditions.insert(claim.clone(), value).is_some() {
                return Err(Failure(format!("--condition: the claim {claim} is there twice")));
            }
        }
        Ok(Proof::Federated(Federation { issuer, jwks_uri: self.issuer_jwks_uri, conditions, single_use: self.single_use }))
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let fail = |error| Failure(format!("{}: {error}", path.display()));
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST_FILE + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).map_err(fail)?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)
    };
    read.map_err(fail)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(Failure(format!("{}: larger than {LONGEST_FILE} bytes", path.display())));
    }
    Ok(bytes)
}

fn read_jwk(path: &Path, algorithm: Option<Algorithm>) -> Result<Proof, Failure> {
    let expected = "expected one public key as JSON (RFC 7517)";
    let bytes = read_file(path)?;
    // Told before anything else: whoever passes on a private key should make another one.
    if has_private_pem(&bytes) {
        return Err(private_key(path));
    }
    let mut document: Value =
        serde_json::from_slice(&bytes).map_err(|error| Failure(format!("{}: {expected}: {error}", path.display())))?;
    if holds_private(&document) {
        return Err(private_key(path));
    }
    // A set of one key is one key.
    if let Some([only]) = document.get("keys").and_then(Value::as_array).map(Vec::as_slice) {
        document = only.clone();
    }
    let mut jwk: Jwk =
        serde_json::from_value(document).map_err(|error| Failure(format!("{}: {expected}: {error}", path.display())))?;
    if let Some(algorithm) = algorithm {
        jwk = jwk.with_algorithm(algorithm);
    }
    Ok(Proof::PublicKey(PublicKey { jwk }))
}

/// Whether a key, or one of a set, has a private member.
fn holds_private(document: &Value) -> bool {
    let own = ["d", "k", "p", "q"].iter().any(|member| document.get(member).is_some());
    own || document.get("keys").and_then(Value::as_array).is_some_and(|keys| keys.iter().any(holds_private))
}

fn has_private_pem(bytes: &[u8]) -> bool {
    bytes.windows(b"PRIVATE KEY".len()).any(|window| window == b"PRIVATE KEY")
}

fn private_key(path: &Path) -> Failure {
    Failure(format!("{}: this is a private key; give the public one, and keep that to the client", path.display()))
}

fn read_certificate(path: &Path) -> Result<Proof, Failure> {
    let bytes = read_file(path)?;
    if has_private_pem(&bytes) {
        return Err(private_key(path));
    }
    let certificate = CertificateDer::from_pem_slice(&bytes)
        .map_err(|_| Failure(format!("{}: expected a certificate in PEM", path.display())))?;
    Ok(Proof::Certificate(CertificateFingerprint { sha256: digest(&SHA256, &certificate).as_ref().to_vec() }))
}

fn parse_certificate_name(text: &str) -> Result<CertificateName, String> {
    let (kind, name) = text.split_once('=').unwrap_or_default();
    match kind {
        "dns" => Ok(CertificateName::Dns(name.to_owned())),
        "uri" => Ok(CertificateName::Uri(name.to_owned())),
        "email" => Ok(CertificateName::Email(name.to_owned())),
        "subject" => Ok(CertificateName::Subject(name.to_owned())),
        "ip" => name.parse::<IpAddr>().map(CertificateName::Ip).map_err(|_| "expected an IP address after ip=".to_owned()),
        _ => Err("expected dns=, uri=, ip=, email= or subject=".to_owned()),
    }
}

fn parse_condition(text: &str) -> Result<(String, Value), String> {
    let (claim, value) = text.split_once('=').ok_or_else(|| "expected CLAIM=TEXT or CLAIM:=JSON".to_owned())?;
    // Platforms write most ids as texts, also those of digits alone.
    match claim.strip_suffix(':') {
        None => Ok((claim.to_owned(), Value::from(value))),
        Some(claim) => {
            let value = serde_json::from_str(value).map_err(|error| format!("expected JSON after :=: {error}"))?;
            Ok((claim.to_owned(), value))
        }
    }
}

pub(super) async fn run(place: &Place, shared: &Shared, command: CredentialCommand) -> Done {
    match command {
        CredentialCommand::Test { owner, assertion: path } => {
            let text =
                String::from_utf8(read_file(&path)?.to_vec()).map_err(|_| Failure("an assertion is ASCII".to_owned()))?;
            assertion::test(place, shared, &owner, text.trim()).await
        }
        CredentialCommand::List(owner) => {
            let environment = environment_of(place, &owner).await?;
            if place.store.client_record(&environment, &owner.client_id).await?.value.is_none() {
                return Err(Failure(format!("there is no client {} in {environment}", owner.client_id)));
            }
            Ok(show(&place.store.credentials(&environment, &owner.client_id).await?))
        }
        CredentialCommand::Add { owner, proof, expires_in, limits } => {
            let environment = environment_of(place, &owner).await?;
            let new = NewCredential { proof: proof.read()?, expires_at: from_now(place, expires_in) };
            let limits = limits.read(place);
            Ok(show(&[place.registry.add_limited_credential(&environment, &owner.client_id, &new, &limits).await?]))
        }
        CredentialCommand::AddSharedKey { owner, expires_in } => {
            let environment = environment_of(place, &owner).await?;
            add_shared_key(place, &environment, &owner, expires_in).await
        }
        CredentialCommand::Disable { owner, id } => {
            let environment = environment_of(place, &owner).await?;
            Ok(show(&[place.registry.disable_secret(&environment, &owner.client_id, id).await?]))
        }
        CredentialCommand::Expire { owner, id, expires_in } => {
            let environment = environment_of(place, &owner).await?;
            let expires_at = place.registry.clock.now().plus(expires_in);
            Ok(show(&[place.registry.expire_secret(&environment, &owner.client_id, id, expires_at).await?]))
        }
    }
}

async fn add_shared_key(place: &Place, environment: &EnvironmentName, owner: &Owner, expires_in: Option<u32>) -> Done {
    let created = place.registry.add_shared_key(environment, &owner.client_id, from_now(place, expires_in)).await?;
    let key = created.key.text().expose();
    let fields = vec![
        ("id", created.credential.id.to_string()),
        ("shared_key", key.to_owned()),
        ("expires", time::show_or_never(created.credential.expires_at)),
        ("note", "the key is shown this once; HS256 is keyed with the bytes of this text".to_owned()),
    ];
    Ok(Output::object(&fields, json!({ "credential": created.credential, "shared_key": key })))
}

fn from_now(place: &Place, seconds: Option<u32>) -> Option<mintmark_core::clock::Timestamp> {
    seconds.map(|seconds| place.registry.clock.now().plus(seconds))
}

fn show(credentials: &[Credential]) -> Output {
    let rows = credentials.iter().map(|one| {
        vec![
            one.id.to_string(),
            one.proof.kind().as_str().to_owned(),
            one.hint.clone(),
            one.status.as_str().to_owned(),
            time::show(one.created_at),
            time::show_or_never(one.expires_at),
            time::show_or_never(one.last_used_at),
            one.last_used_from.map_or_else(|| "-".to_owned(), |address| address.to_string()),
            shown_limits(&one.limits),
            shown_import(one),
        ]
    });
    let headers = ["ID", "KIND", "KNOWN BY", "STATUS", "CREATED", "EXPIRES", "LAST USED", "FROM", "LIMITS", "IMPORTED"];
    Output::table(&headers, rows.collect(), json!(credentials))
}
