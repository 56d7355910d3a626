//! What is measured in a closed loop: one line of the throughput table each.

use std::rc::Rc;

use mintmark_verify::Algorithm;

use crate::check::{Expect, Proof};
use crate::failure::Done;
use crate::identity::Identities;
use crate::load::{Lane, Pace};
use crate::mintmark::Mintmark;
use crate::raw::ALGORITHMS;
use crate::requests::{Crowd, Fixed, Form, Source, Turn, token};
use crate::rng::Rng;
use crate::seed::{CLIENT_OF_ALL_DIALECTS, environment_of};
use crate::url::Url;

/// Connections of a closed loop.
pub(crate) const CONNECTIONS: usize = 32;
pub(crate) const TOKEN_PATH: &str = "/oauth/token";
/// The dialects that are measured besides `standard`, all with ES256.
pub(crate) const DIALECTS: [DialectAsked; 3] = [
    DialectAsked { name: "asset", path: "/bench/asset/token", form: Form::Post },
    DialectAsked { name: "standard-metrics", path: "/bench/standard-metrics/token/", form: Form::Basic },
    DialectAsked { name: "firstvision", path: "/bench/firstvision/token", form: Form::Query },
];
/// The case in which a token is given again.
pub(crate) const REUSING: &str = "mintmark-rs256-reuse";
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks.json";

/// A dialect and how it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DialectAsked {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) form: Form,
}

/// A server with the requests that it gets.
pub(crate) struct Subject {
    pub(crate) name: String,
    /// What it is, for the report.
    pub(crate) what: String,
    pub(crate) algorithm: &'static str,
    pub(crate) connections: usize,
    pub(crate) url: Url,
    pub(crate) asks: Asks,
    pub(crate) expect: Expect,
    pub(crate) proof: Option<Rc<Proof>>,
    /// The server's process group.
    pub(crate) group: u32,
}

/// Who asks.
#[derive(Clone)]
pub(crate) enum Asks {
    /// One client, always with the same request.
    One(Fixed),
    /// Clients at random.
    Crowd { identities: Identities, among: u64 },
}

impl Subject {
    /// A load of this subject.
    pub(crate) fn lane(&self, connections: usize, pace: Pace, seed: u64) -> Lane {
        let source: Box<dyn Source> = match &self.asks {
            Asks::One(request) => Box::new(request.clone()),
            Asks::Crowd { identities, among } => {
                let turn = Turn::Random { rng: Rng::new(seed), among: *among };
                Box::new(Crowd::new(&self.url, identities.clone(), turn))
            }
        };
        Lane { address: self.url.address, connections, pace, source, expect: self.expect }
    }

    /// Whether many clients leave uses behind that are still to be written down.
    pub(crate) fn is_crowd(&self) -> bool {
        matches!(self.asks, Asks::Crowd { .. })
    }
}

/// The floor.
pub(crate) fn floor(url: Url, group: u32) -> Subject {
    let request = token(&url, Form::Basic, "cli_5V2yKJmHc3nXw8qRzT4bDf", &Identities::of("es256").secret(0));
    Subject {
        name: "floor".to_owned(),
        what: "the same HTTP stack, a fixed answer of 900 bytes".to_owned(),
        algorithm: "none",
        connections: CONNECTIONS,
        url,
        asks: Asks::One(request),
        expect: Expect::Token,
        proof: None,
        group,
    }
}

/// The bound for an algorithm.
pub(crate) fn bound(url: Url, group: u32, algorithm: Algorithm) -> Done<Subject> {
    let proof = Proof::from_document(&Url::at(url.address, JWKS_PATH).fetch()?, algorithm)?;
    Ok(Subject {
        name: format!("bound-{}", environment_of(algorithm)),
        what: "the floor, and parsing, claims and signature".to_owned(),
        algorithm: algorithm.as_str(),
        proof: Some(Rc::new(proof)),
        ..floor(url, group)
    })
}

/// Mintmark with one client: each algorithm, each dialect, wrong secrets, and its keys.
pub(crate) fn of_mintmark(server: &Mintmark) -> Done<Vec<Subject>> {
    let mut subjects = Vec::new();
    for algorithm in ALGORITHMS {
        let name = format!("mintmark-{}", environment_of(algorithm));
        subjects.push(standard(server, algorithm, name, "one client, dialect standard")?);
    }
    let es256 = Algorithm::Es256;
    for DialectAsked { name: dialect, path, form } in DIALECTS {
        let url = server.url(es256, path)?;
        let clients = Identities::of(&environment_of(es256));
        let (id, secret) = (clients.id(CLIENT_OF_ALL_DIALECTS), clients.secret(CLIENT_OF_ALL_DIALECTS));
        let asks = Asks::One(token(&url, form, &id, &secret));
        let what = format!("one client, dialect {dialect}");
        let like = standard(server, es256, format!("mintmark-{dialect}"), &what)?;
        subjects.push(Subject { url, asks, ..like });
    }
    subjects.push(wrong_secret(server)?);
    let url = server.url(Algorithm::Rs256, JWKS_PATH)?;
    let like = standard(server, Algorithm::Rs256, "mintmark-jwks".to_owned(), "the published keys")?;
    let asks = Asks::One(Fixed(url.get()));
    subjects.push(Subject { algorithm: "none", url, asks, expect: Expect::Keys, proof: None, ..like });
    Ok(subjects)
}

fn standard(server: &Mintmark, algorithm: Algorithm, name: String, what: &str) -> Done<Subject> {
    let url = server.url(algorithm, TOKEN_PATH)?;
    let clients = Identities::of(&environment_of(algorithm));
    let request = token(&url, Form::Basic, &clients.id(0), &clients.secret(0));
    Ok(Subject {
        name,
        what: what.to_owned(),
        algorithm: algorithm.as_str(),
        connections: CONNECTIONS,
        url,
        asks: Asks::One(request),
        expect: Expect::Token,
        proof: Some(Rc::new(server.proof(algorithm, algorithm)?)),
        group: server.process.group(),
    })
}

/// One client that asks for the same again and again, of a server that gives it the token that it was given before.
pub(crate) fn reusing(server: &Mintmark) -> Done<Subject> {
    standard(server, Algorithm::Rs256, REUSING.to_owned(), "the same, and each token is given again for a minute")
}

/// A secret of the right form that is another client's.
fn wrong_secret(server: &Mintmark) -> Done<Subject> {
    let what = "a client that exists, a wrong secret of the right form";
    let like = standard(server, Algorithm::Es256, "mintmark-wrong-secret".to_owned(), what)?;
    let clients = Identities::of(&environment_of(Algorithm::Es256));
    let asks = Asks::One(token(&like.url, Form::Basic, &clients.id(0), &clients.secret(u64::MAX)));
    Ok(Subject { algorithm: "none", asks, expect: Expect::Refusal, proof: None, ..like })
}

/// Mintmark with many clients that ask at random.
pub(crate) fn crowd(server: &Mintmark, name: &str, what: &str, among: u64) -> Done<Subject> {
    let identities = Identities::of(&environment_of(Algorithm::Es256));
    let like = standard(server, Algorithm::Es256, name.to_owned(), what)?;
    Ok(Subject { asks: Asks::Crowd { identities, among }, ..like })
}
