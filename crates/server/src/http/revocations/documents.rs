//! The signed documents: made when somebody asks, at most once a second, and shared by all who ask meanwhile.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderValue;
use mintmark_core::clock::Timestamp;
use mintmark_core::directory::{DOCUMENT_LIFETIME, Directory, DocumentParts, RevocationSet};
use mintmark_core::keys::ActiveKey;
use mintmark_core::model::{EnvironmentName, Position};
use mintmark_core::store::{Incarnation, Store};
use mintmark_core::token::{Denial, TokenEndpoint};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::waiters::Waiters;

/// How many milliseconds all who ask get the same documents.
const SHARED_MILLISECONDS: u64 = 1000;
/// How long a verifier waits at least where another node told it of changes that this one does not know yet.
const CATCH_UP: Duration = Duration::from_secs(5);
/// From how many of the positions that were told last lists of what is new are made. Who has another one gets the list from the next
/// lower of them, and who is behind all of them gets everything: so nobody chooses how many different lists there are.
const LISTS: usize = 16;
/// The type in a document's header.
const TYPE: &str = "mintmark-revocations+jwt";

/// A signed document.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) text: Bytes,
    pub(super) tag: HeaderValue,
}

/// What a verifier has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) incarnation: Incarnation,
    pub(super) position: Position,
}

/// Who asks, and for how long that verifier waits for news.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) from: IpAddr,
    pub(super) wait: Duration,
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// The store was last read too long ago to say that nothing is missing.
    Stale,
    /// The store was restored, and nobody confirmed yet that what the backup did not know was revoked again (rule S15).
    Unconfirmed,
    /// This node knows less than the verifier, or than it had told before.
    Behind,
    /// The environment or its signing key is missing.
    NoKey,
}

impl fmt::Display for Undecided {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Undecided::Stale => "the store was last read too long ago",
            Undecided::Unconfirmed => "the store was restored and waits for its confirmation",
            Undecided::Behind => "this node knows less than was told before",
            Undecided::NoKey => "there is no signing key",
        })
    }
}

/// The documents of a node.
#[derive(Debug)]
pub struct RevocationDocuments {
    environments: Mutex<HashMap<EnvironmentName, Given>>,
    waiters: Waiters,
    /// Of whoever makes a document: one at a time.
    making: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl Default for RevocationDocuments {
    fn default() -> Self {
        Self {
            environments: Mutex::default(),
            waiters: Waiters::default(),
            making: Arc::new(Semaphore::new(1)),
            stopping: watch::Sender::new(false),
        }
    }
}

/// What those who asked for an environment were given.
#[derive(Debug, Default)]
struct Given {
    state: Option<Arc<State>>,
    /// The highest position ever told: none below it is told afterwards (rule S17).
    position: Position,
    /// The last positions that were told, in their order.
    told: VecDeque<Position>,
}

/// One state of things, and the documents that were made from it.
#[derive(Debug)]
struct State {
    made_at: u64,
    as_of: Timestamp,
    set: Arc<RevocationSet>,
    /// From where lists of what is new are made: lowest first, this state's own position last.
    starts: Vec<Position>,
    documents: Mutex<HashMap<Option<Position>, Arc<OnceCell<Document>>>>,
}

impl RevocationDocuments {
    /// Nobody waits from now on: the server stops.
    pub(crate) fn stop_waiting(&self) {
        self.stopping.send_replace(true);
    }

    /// How many verifiers wait for news now.
    pub fn waiting(&self) -> usize {
        self.waiters.count()
    }

    /// A document of an environment: of what came after what is held, or of everything. It waits for news as long as `wait`.
    pub(super) async fn document<S: Store>(
        &self,
        endpoint: &TokenEndpoint<S>,
        environment: &EnvironmentName,
        held: Option<Held>,
        wait: Wait,
    ) -> Result<Document, Undecided> {
        let directory = &*endpoint.directory;
        if let Some(held) = &held {
            self.wait_for_news(directory, environment, held, wait).await;
        }
        let wanted = held.as_ref().map_or(Position(0), |held| held.position);
        let state = self.state(endpoint, environment, wanted).await?;
        let held = held.filter(|held| state.set.incarnation() == Some(&held.incarnation)).map(|held| held.position);
        if held.is_some_and(|held| held > state.set.position()) {
            return Err(Undecided::Behind);
        }
        let since = held.and_then(|held| state.start(held));
        let cell = state.cell(since);
        cell.get_or_try_init(|| self.make(endpoint, environment, &state, since)).await.cloned()
    }

    async fn make<S: Store>(
        &self,
        endpoint: &TokenEndpoint<S>,
        environment: &EnvironmentName,
        state: &Arc<State>,
        since: Option<Position>,
    ) -> Result<Document, Undecided> {
        let permit = Arc::clone(&self.making).acquire_owned().await.map_err(|_| Undecided::Stale)?;
        sign(endpoint, environment, (state, since), permit).await
    }

    /// Waits until there is something that is not held, or the time is over.
    async fn wait_for_news<S: Store>(
        &self,
        directory: &Directory<S>,
        environment: &EnvironmentName,
        held: &Held,
        Wait { from, wait }: Wait,
    ) {
        let Some(_place) = self.waiters.take(from) else { return };
        let (mut changed, mut stopping) = (directory.watch_revocations(), self.stopping.subscribe());
        let start = Instant::now();
        loop {
            let set = directory.revocations();
            let is_ahead = held.position > set.position();
            if set.incarnation() != Some(&held.incarnation) || !is_ahead && set.latest(environment) > held.position {
                return;
            }
            let wait = if is_ahead { wait.max(CATCH_UP) } else { wait };
            tokio::select! {
                changed = changed.changed() => if changed.is_err() { return },
                () = tokio::time::sleep_until(start + wait) => return,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    /// The state that documents are made from: the last one, unless that is too old. Where there is news sooner than a second after it,
    /// the news waits for the second's end.
    async fn state<S: Store>(
        &self,
        endpoint: &TokenEndpoint<S>,
        environment: &EnvironmentName,
        wanted: Position,
    ) -> Result<Arc<State>, Undecided> {
        let mut waited_for = None;
        loop {
            let (now, news) = (endpoint.clock.boot_milliseconds(), endpoint.directory.revocations());
            let last = self.locked().get(environment).and_then(|given| given.state.clone());
            let Some(last) = last else { return self.renew(endpoint, environment) };
            let age = now.saturating_sub(last.made_at);
            let has_waited = waited_for.as_ref().is_some_and(|waited_for| Arc::ptr_eq(waited_for, &last));
            if age >= SHARED_MILLISECONDS || has_waited {
                return self.renew(endpoint, environment);
            }
            let is_news = last.set.incarnation() != news.incarnation()
                || news.latest(environment) > last.set.position()
                || (last.set.position() < wanted && wanted <= news.position());
            if !is_news {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(SHARED_MILLISECONDS - age)).await;
            waited_for = Some(last);
        }
    }

    fn renew<S: Store>(&self, endpoint: &TokenEndpoint<S>, environment: &EnvironmentName) -> Result<Arc<State>, Undecided> {
        // The age first: what is read after it is at least as new.
        let age = endpoint.directory.age_milliseconds();
        let set = endpoint.directory.revocations();
        let seconds = i64::try_from(age.div_ceil(1000)).unwrap_or(i64::MAX);
        if seconds >= i64::from(DOCUMENT_LIFETIME) {
            return Err(Undecided::Stale);
        }
        // A key that was revoked after the backup would be good again at every verifier.
        endpoint.directory.fresh_position().map_err(|denial| match denial {
            Denial::StoreUnconfirmed => Undecided::Unconfirmed,
            _ => Undecided::Stale,
        })?;
        let mut environments = self.locked();
        let given = environments.entry(environment.clone()).or_default();
        if set.position() < given.position {
            return Err(Undecided::Behind);
        }
        let as_of = Timestamp(endpoint.clock.now().0.saturating_sub(seconds));
        let made_at = endpoint.clock.boot_milliseconds();
        let state = Arc::new(State { made_at, as_of, starts: given.tell(&set), set, documents: Mutex::default() });
        given.state = Some(Arc::clone(&state));
        Ok(state)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<EnvironmentName, Given>> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Given {
    /// Notes a position that is told from now on. Those from which lists of what is new are made then.
    fn tell(&mut self, set: &RevocationSet) -> Vec<Position> {
        // Positions of another history start nothing.
        if self.state.as_ref().is_some_and(|state| state.set.incarnation() != set.incarnation()) {
            self.told.clear();
        }
        self.position = set.position();
        if self.told.back() != Some(&self.position) {
            self.told.push_back(self.position);
        }
        while self.told.len() > LISTS {
            self.told.pop_front();
        }
        self.told.iter().copied().collect()
    }
}

impl State {
    /// From where the list for somebody is made who has a position.
    fn start(&self, held: Position) -> Option<Position> {
        self.starts.iter().rev().find(|start| **start <= held).copied()
    }

    /// The place of the document of what came after a position, or of everything.
    fn cell(&self, since: Option<Position>) -> Arc<OnceCell<Document>> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(documents.entry(since).or_default())
    }
}

/// Makes a document on a thread of its own: a list may be long, and RSA slow, and tokens shall wait for neither.
async fn sign<S: Store>(
    endpoint: &TokenEndpoint<S>,
    environment: &EnvironmentName,
    (state, since): (&Arc<State>, Option<Position>),
    permit: OwnedSemaphorePermit,
) -> Result<Document, Undecided> {
    let (parts, pair, header) = {
        let view = endpoint.directory.view(environment).ok_or(Undecided::NoKey)?;
        let ring = &view.ring;
        let any = || ring.algorithms().find_map(|algorithm| ring.active(algorithm));
        let key = ring.active(view.environment.algorithm).or_else(any).ok_or(Undecided::NoKey)?;
        let parts = (environment.clone(), view.environment.issuer.clone(), view.revoked_kids().to_vec());
        (parts, Arc::clone(&key.pair), header(key))
    };
    let (state, now) = (Arc::clone(state), endpoint.clock.now());
    let make = move || {
        // Until it is made, also when nobody waits for it any more.
        let _permit = permit;
        let (environment, issuer, keys) = parts;
        let parts = DocumentParts { environment: &environment, issuer: &issuer, keys: &keys, since, as_of: state.as_of, now };
        let claims = state.set.document(&parts)?;
        let mut text = format!("{header}.");
        URL_SAFE_NO_PAD.encode_string(claims, &mut text);
        let signature = pair.sign(text.as_bytes()).ok()?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut text);
        let tag = format!("\"{}.{}\"", state.set.incarnation()?.0, state.set.position().0);
        Some(Document { text: text.into(), tag: HeaderValue::try_from(tag).ok()? })
    };
    tokio::task::spawn_blocking(make).await.ok().flatten().ok_or(Undecided::NoKey)
}

fn header(key: &ActiveKey) -> String {
    let header = serde_json::json!({ "alg": key.pair.algorithm().as_str(), "typ": TYPE, "kid": key.kid });
    URL_SAFE_NO_PAD.encode(header.to_string())
}
